//! What every kind of door needs to know before it looks: the login, the repositories, the records.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::{Desk, Item, Login, Need, answered, shaped};
use super::record::Records;
use crate::door::{Door, DoorKind, Link};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::provider::{Account, Completeness};

/// How many repositories are read at once; the pace is kept by the client.
const AT_ONCE: usize = 8;

/// A repository of the organization.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) name: String,
    /// Internal repositories are private too.
    pub(super) private: bool,
    /// The effective right of the account: `none`, `read`, `write`, `admin`; unknown when not read.
    #[serde(skip)]
    pub(super) right: Option<String>,
}

/// The account's place in the organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) state: String,
    pub(super) role: String,
    #[serde(default)]
    pub(super) direct_membership: Option<bool>,
    #[serde(default)]
    pub(super) enterprise_teams_providing_indirect_membership: Vec<String>,
}

/// The doors of one kind, and what was read for them.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub(super) doors: Vec<Door>,
    pub(super) read: Vec<Completeness>,
}

/// What the inventory knows before it looks for doors.
pub(super) struct Survey<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) account: &'a Account,
    /// The login that the account has now.
    pub(super) login: String,
    /// The answer that shows the login.
    pub(super) shown: EvidenceId,
    /// The membership and its evidence.
    pub(super) place: Option<(Place, EvidenceId)>,
    pub(super) repos: Vec<Repo>,
    pub(super) records: Records,
    protected: &'a [String],
}

/// A survey, or what kept it from being made.
pub(super) struct Begun<'a> {
    pub(super) survey: Option<Survey<'a>>,
    pub(super) read: Vec<Completeness>,
}

impl<'a> Survey<'a> {
    /// Reads what every kind of door needs.
    pub(super) async fn begin(
        desk: Desk<'a>,
        account: &'a Account,
        protected: &'a [String],
    ) -> Result<Begun<'a>> {
        let mut read = Vec::new();
        let (login, shown) = match desk.login(&account.id).await? {
            Login::Now(login, shown) => (login, shown),
            Login::Lost(why, _) => {
                read.push(one("the account", Some(why)));
                return Ok(Begun { survey: None, read });
            }
        };
        let repos = desk
            .walk::<Repo>(
                "repositories of the organization",
                Need::Any,
                &["orgs", &desk.api.org, "repos"],
                &[("type", "all"), ("sort", "created"), ("direction", "asc")],
                None,
            )
            .await?;
        read.push(repos.seen);
        let (place, gap) = place(desk, &login).await?;
        read.push(one("membership", gap));
        let (records, listed) = Records::read(desk).await?;
        read.extend(listed);
        let repos = repos.items.into_iter().map(|item| item.value).collect();
        let mut survey = Self {
            desk,
            account,
            login,
            shown,
            place,
            repos,
            records,
            protected,
        };
        read.push(survey.read_rights().await?);
        Ok(Begun {
            survey: Some(survey),
            read,
        })
    }

    /// Reads the account's effective right on every private repository.
    async fn read_rights(&mut self) -> Result<Completeness> {
        let (desk, login) = (self.desk, self.login.as_str());
        let mut asked = Vec::new();
        for repo in &self.repos {
            asked.push(async move {
                if repo.private {
                    right(desk, &repo.name, login).await
                } else {
                    Ok(Right::unread())
                }
            });
        }
        let rights: Vec<_> = futures::stream::iter(asked)
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut parts = Vec::new();
        for (repo, right) in self.repos.iter_mut().zip(rights) {
            let right = right?;
            let part = Completeness {
                pages: 1,
                records: 1,
                ..one("", right.gap)
            };
            parts.push((repo.name.clone(), part));
            repo.right = right.permission;
        }
        Ok(merged("effective rights on private repositories", parts))
    }

    /// One list of every repository.
    pub(super) async fn per_repo<T: DeserializeOwned>(
        &self,
        what: &str,
        need: Need,
        tail: &[&str],
        query: &[(&str, &str)],
        key: Option<&str>,
    ) -> Result<(Vec<(&Repo, Item<T>)>, Completeness)> {
        let desk = self.desk;
        let mut asked = Vec::new();
        for repo in &self.repos {
            asked.push(async move {
                let mut path = vec!["repos", desk.api.org.as_str(), repo.name.as_str()];
                path.extend(tail);
                desk.walk::<T>(what, need, &path, query, key)
                    .await
                    .map(|walk| (repo, walk))
            });
        }
        let walks: Vec<_> = futures::stream::iter(asked)
            .buffered(AT_ONCE)
            .collect()
            .await;
        let (mut items, mut parts) = (Vec::new(), Vec::new());
        for walk in walks {
            let (repo, walk) = walk?;
            items.extend(walk.items.into_iter().map(|item| (repo, item)));
            parts.push((repo.name.clone(), walk.seen));
        }
        Ok((
            items,
            merged(&format!("{what} of {} repositories", parts.len()), parts),
        ))
    }

    /// One list of the organization, or else of every repository: each record with the repository that
    /// it is of.
    pub(super) async fn of_org_or_repos<T: DeserializeOwned>(
        &self,
        of_org: bool,
        what: &str,
        tail: &[&str],
        key: Option<&str>,
    ) -> Result<(Vec<(Option<&str>, Item<T>)>, Completeness)> {
        if !of_org {
            let (items, seen) = self.per_repo(what, Need::Any, tail, &[], key).await?;
            let items = items.into_iter();
            let named = items.map(|(repo, item)| (Some(repo.name.as_str()), item));
            return Ok((named.collect(), seen));
        }
        let path = self.desk.place(None, tail);
        let what = format!("{what} of the organization");
        let walk = self.desk.walk(what, Need::Any, &path, &[], key).await?;
        let items = walk.items.into_iter().map(|item| (None, item)).collect();
        Ok((items, walk.seen))
    }

    /// A door of the account.
    pub(super) fn door(
        &self,
        kind: &DoorKind,
        native: impl std::fmt::Display,
        label: String,
        link: Link,
        detail: Value,
        evidence: &EvidenceId,
    ) -> Door {
        let native = native.to_string();
        Door {
            id: Door::id_of(super::SPEC.name, kind.name, &native),
            provider: super::SPEC.name.to_owned(),
            kind: kind.name.to_owned(),
            native,
            account: self.account.id.clone(),
            label,
            link,
            protected: self
                .protects(&self.login)
                .or_else(|| self.protects(&self.account.login)),
            detail,
            evidence: evidence.clone(),
        }
    }

    /// Why something of that name is never closed.
    pub(super) fn protects(&self, name: &str) -> Option<String> {
        self.protected
            .iter()
            .any(|kept| kept.eq_ignore_ascii_case(name))
            .then(|| format!("`{}` is on the protected list.", name.escape_debug()))
    }

    /// Whether this is the account under review.
    pub(super) fn is_account(&self, user: Option<&super::User>) -> bool {
        user.is_some_and(|user| user.id.to_string() == self.account.id)
    }

    /// Whether a name that comes without an id is the account's.
    pub(super) fn is_login(&self, login: &str) -> bool {
        login.eq_ignore_ascii_case(&self.login) || login.eq_ignore_ascii_case(&self.account.login)
    }
}

/// The account's place in the organization, or what kept it from being read.
async fn place(
    desk: Desk<'_>,
    login: &str,
) -> Result<(Option<(Place, EvidenceId)>, Option<String>)> {
    let path = ["orgs", &desk.api.org, "memberships", login];
    match desk.read(Need::Any, &path, &[]).await {
        Ok(reply) => match reply.status.as_u16() {
            200 => Ok(match shaped(&reply) {
                Ok(place) => (Some((place, reply.evidence.clone())), None),
                Err(why) => (None, Some(why)),
            }),
            404 => Ok((None, None)),
            _ => Ok((None, Some(answered(&reply, "the membership")))),
        },
        Err(miss) => Ok((None, Some(miss.sentence()?))),
    }
}

/// The effective right of a login on one repository.
pub(super) struct Right {
    /// `none`, `read`, `write`, `admin`.
    pub(super) permission: Option<String>,
    /// Why it could not be read.
    pub(super) gap: Option<String>,
    /// The answer.
    pub(super) evidence: Option<EvidenceId>,
}

impl Right {
    const fn unread() -> Self {
        Self {
            permission: None,
            gap: None,
            evidence: None,
        }
    }
}

/// Reads the effective right of a login on one repository, all sources of grants merged.
pub(super) async fn right(desk: Desk<'_>, repo: &str, login: &str) -> Result<Right> {
    #[derive(Deserialize)]
    struct Answer {
        permission: String,
    }
    let path = [
        "repos",
        &desk.api.org,
        repo,
        "collaborators",
        login,
        "permission",
    ];
    Ok(match desk.read(Need::Any, &path, &[]).await {
        Ok(reply) if reply.status == http::StatusCode::OK => {
            let answer = shaped::<Answer>(&reply);
            let (permission, gap) = match answer {
                Ok(answer) => (Some(answer.permission), None),
                Err(why) => (None, Some(why)),
            };
            Right {
                permission,
                gap,
                evidence: Some(reply.evidence.clone()),
            }
        }
        Ok(reply) => Right {
            permission: None,
            gap: Some(answered(&reply, "the right on a repository")),
            evidence: Some(reply.evidence.clone()),
        },
        Err(miss) => Right {
            permission: None,
            gap: Some(miss.sentence()?),
            evidence: None,
        },
    })
}

/// One read that is no list.
pub(super) fn one(what: &str, gap: Option<String>) -> Completeness {
    Completeness {
        what: what.to_owned(),
        complete: gap.is_none(),
        gaps: gap.into_iter().collect(),
        ..Completeness::default()
    }
}

/// Many lists of the same kind as one; the same gap of many repositories is said once.
pub(super) fn merged(what: &str, parts: Vec<(String, Completeness)>) -> Completeness {
    let mut all = Completeness {
        what: what.to_owned(),
        complete: true,
        ..Completeness::default()
    };
    let mut gaps: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, part) in parts {
        all.pages = all.pages.saturating_add(part.pages);
        all.records = all.records.saturating_add(part.records);
        all.duplicates = all.duplicates.saturating_add(part.duplicates);
        all.throttled = all.throttled.saturating_add(part.throttled);
        all.complete &= part.complete;
        all.cursors.extend(part.cursors);
        for gap in part.gaps {
            gaps.entry(gap).or_default().push(name.clone());
        }
    }
    all.gaps = gaps
        .into_iter()
        .map(|(gap, names)| {
            let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(5);
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            format!("{shown}{more}: {gap}")
        })
        .collect();
    all
}
