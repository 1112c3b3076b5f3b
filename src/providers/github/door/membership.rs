//! Membership in the organization, with its role and teams.

use async_trait::async_trait;
use futures::StreamExt as _;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GHEC, Keeper, USER_TOKEN_MINUTES, and, detail, saved, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::provider::Closing;
use crate::providers::github::User;
use crate::providers::github::api::{Desk, Login, Miss, Need, Walk, answered, saw, shaped};
use crate::providers::github::survey::{Finding, Place, Survey, merged, one, right};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.membership",
    title: "Membership in the organization, with its role and teams",
    class: Class::Reversible,
    notifies: Notifies::Yes,
    residual: "Deploy keys, webhooks, runners, App installations, forks elsewhere and local clones go on; App user tokens, until they expire; membership through an enterprise team stays.",
    residual_minutes: Some(USER_TOKEN_MINUTES),
    order: Order::Noisy,
    close: Some("DELETE /orgs/{org}/memberships/{username}"),
    already_done: &["404"],
    probe: "GET /orgs/{org}/memberships/{username} and GET /orgs/{org}/members/{username} answer 404, outside collaborators lack it, no right on any private repository",
    undo: Some("POST /orgs/{org}/invitations"),
    after: &[
        "github.sso_authorizations",
        "github.pat_grant",
        "github.pat_request",
        "github.codespace",
    ],
    scope: "owner; App: organization members (write); token: admin:org",
    breaks: "Teams, custom roles and private forks go too. Within 3 months a reinstatement brings them back once the person accepts.",
    source: GHEC,
};

#[derive(Debug, Clone, Deserialize)]
struct Team {
    id: u64,
    slug: String,
}

#[derive(Debug, Clone, Deserialize)]
struct TeamPlace {
    role: String,
    state: String,
}

/// A team that the account is in.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct InTeam {
    id: u64,
    slug: String,
    role: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    login: String,
    role: String,
    teams: Vec<InTeam>,
    /// Private repositories on which the account has a right.
    #[serde(default)]
    repos: Vec<String>,
}

/// The name of a team, the account's place in it, and what kept it from being read.
async fn team(
    desk: Desk<'_>,
    team: &Team,
    login: &str,
) -> Result<(String, Option<InTeam>, Option<String>)> {
    let slug = team.slug.clone();
    let path = [
        "orgs",
        &desk.api.org,
        "teams",
        &team.slug,
        "memberships",
        login,
    ];
    let gap = match desk.read(Need::Any, &path, &[]).await {
        Ok(reply) if reply.status == http::StatusCode::OK => {
            let place: TeamPlace = match shaped(&reply) {
                Ok(place) => place,
                Err(why) => return Ok((slug, None, Some(why))),
            };
            let there = (place.state == "active").then(|| InTeam {
                id: team.id,
                slug: slug.clone(),
                role: place.role,
            });
            return Ok((slug, there, None));
        }
        Ok(reply) if reply.status == http::StatusCode::NOT_FOUND => None,
        Ok(reply) => Some(answered(&reply, "the membership in a team")),
        Err(miss) => Some(miss.sentence()?),
    };
    Ok((slug, None, gap))
}

/// The teams that the account is in, with its role in each.
async fn teams(survey: &Survey<'_>) -> Result<(Vec<InTeam>, crate::provider::Completeness)> {
    let desk = survey.desk;
    let path = ["orgs", &desk.api.org, "teams"];
    let walk: Walk<Team> = desk
        .walk("teams of the organization", Need::Any, &path, &[], None)
        .await?;
    let mut asked = Vec::new();
    for item in &walk.items {
        asked.push(team(desk, &item.value, &survey.login));
    }
    let asked: Vec<_> = futures::stream::iter(asked).buffered(8).collect().await;
    let (mut teams, mut parts) = (Vec::new(), vec![("the list".to_owned(), walk.seen)]);
    for answer in asked {
        let (slug, there, gap) = answer?;
        teams.extend(there);
        parts.push((slug, one("", gap)));
    }
    Ok((teams, merged("teams of the account", parts)))
}

pub(super) struct Membership;

#[async_trait]
impl Keeper for Membership {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let Some((place, evidence)) = &survey.place else {
            return Ok(Finding::default());
        };
        let (teams, read) = teams(survey).await?;
        let repos = survey
            .repos
            .iter()
            .filter(|repo| repo.private && repo.right.as_deref().is_some_and(|r| r != "none"))
            .map(|repo| repo.name.clone())
            .collect();
        let label = format!(
            "{} membership of {} ({}, {} teams)",
            place.state,
            survey.login,
            place.role,
            teams.len()
        );
        let kept = Kept {
            login: survey.login.clone(),
            role: place.role.clone(),
            teams,
            repos,
        };
        let enterprise_teams = &place.enterprise_teams_providing_indirect_membership;
        let more = json!({ "state": place.state, "enterprise_teams": enterprise_teams });
        let detail = and(&kept, more);
        let native = &survey.account.id;
        let door = survey.door(&KIND, native, label, Link::Owner, detail, evidence);
        Ok(Finding {
            doors: vec![door],
            read: vec![read],
        })
    }

    fn undo(&self, door: &Door) -> Option<Value> {
        let kept: Kept = detail(door).ok()?;
        serde_json::to_value(kept).ok()
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => return Ok(Closing::Refused { why, evidence }),
        };
        let path = ["orgs", &desk.api.org, "memberships", &login];
        desk.change(&KIND, Need::Any, Method::DELETE, &path, None)
            .await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let (login, shown) = match desk.login(&door.account).await? {
            Login::Now(login, shown) => (login, shown),
            Login::Lost(why, evidence) => {
                return Ok(saw(DoorState::Unknown, why, evidence.into_iter().collect()));
            }
        };
        let mut evidence = vec![shown];
        if let Some((state, why)) = listed(desk, &login, &mut evidence).await? {
            return Ok(saw(state, why, evidence));
        }
        outside(desk, door, &login, evidence).await
    }

    async fn reopen(&self, desk: Desk<'_>, door: &Door, undo: &Value) -> Result<Closing> {
        let kept: Kept = saved(undo)?;
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => return Ok(Closing::Refused { why, evidence }),
        };
        let path = ["orgs", &desk.api.org, "memberships", &login];
        let reply = desk
            .read(Need::Any, &path, &[])
            .await
            .map_err(Miss::fault)?;
        if reply.status == http::StatusCode::OK {
            // A member again, or invited: a second invitation would only send a second mail.
            return Ok(Closing::AlreadyDone {
                evidence: reply.evidence,
            });
        }
        let id: u64 = door.account.parse().unwrap_or_default();
        let path = ["orgs", &desk.api.org, "invitations"];
        let body = json!({ "invitee_id": id, "role": "reinstate" });
        let closing = desk
            .change(&KIND, Need::Any, Method::POST, &path, Some(&body))
            .await?;
        let Closing::Refused { why, .. } = &closing else {
            return Ok(closing);
        };
        if !why.contains(" 422 ") {
            return Ok(closing);
        }
        // Not reinstatable (after 3 months): invite with the role and the teams that were kept.
        let role = if kept.role == "admin" {
            "admin"
        } else {
            "direct_member"
        };
        let teams: Vec<u64> = kept.teams.iter().map(|team| team.id).collect();
        let body = json!({ "invitee_id": id, "role": role, "team_ids": teams });
        desk.change(&KIND, Need::Any, Method::POST, &path, Some(&body))
            .await
    }
}

/// What the two membership reads say, when that already decides.
async fn listed(
    desk: Desk<'_>,
    login: &str,
    evidence: &mut Vec<EvidenceId>,
) -> Result<Option<(DoorState, String)>> {
    let path = ["orgs", &desk.api.org, "memberships", login];
    let reply = match desk.read(Need::Any, &path, &[]).await {
        Ok(reply) => reply,
        Err(miss) => return Ok(Some((DoorState::Unknown, miss.sentence()?))),
    };
    evidence.push(reply.evidence.clone());
    match reply.status.as_u16() {
        404 => {}
        200 => {
            let place: Place = match shaped(&reply) {
                Ok(place) => place,
                Err(why) => return Ok(Some((DoorState::Unknown, why))),
            };
            let teams = place.enterprise_teams_providing_indirect_membership;
            let why = if place.direct_membership == Some(false) && !teams.is_empty() {
                format!(
                    "The direct membership is gone, but enterprise teams still grant one: {}.",
                    teams.join(", ").escape_debug()
                )
            } else {
                format!("The membership is {}.", place.state.escape_debug())
            };
            return Ok(Some((DoorState::Open, why)));
        }
        _ => {
            return Ok(Some((
                DoorState::Unknown,
                answered(&reply, "the membership"),
            )));
        }
    }
    let path = ["orgs", &desk.api.org, "members", login];
    let reply = match desk.read(Need::Any, &path, &[]).await {
        Ok(reply) => reply,
        Err(miss) => return Ok(Some((DoorState::Unknown, miss.sentence()?))),
    };
    evidence.push(reply.evidence.clone());
    Ok(match reply.status.as_u16() {
        404 => None,
        204 => Some((
            DoorState::Open,
            "GitHub lists the account as a member.".to_owned(),
        )),
        // 302: our credential is not looking as a member and would see public members only.
        _ => Some((DoorState::Unknown, answered(&reply, "the list of members"))),
    })
}

/// The rest of the proof: not an outside collaborator, and no right on any private repository.
async fn outside(
    desk: Desk<'_>,
    door: &Door,
    login: &str,
    mut evidence: Vec<EvidenceId>,
) -> Result<Probe> {
    let kept: Kept = detail(door)?;
    let path = ["orgs", &desk.api.org, "outside_collaborators"];
    // Also the proof that we still may look: hidden organizations answer 404 to everything.
    let walk: Walk<User> = desk
        .walk("outside collaborators", Need::Any, &path, &[], None)
        .await?;
    evidence.extend(walk.evidence);
    if walk
        .items
        .iter()
        .any(|item| item.value.id.to_string() == door.account)
    {
        let why = "No member any more, but an outside collaborator on a repository.";
        return Ok(saw(DoorState::Open, why, evidence));
    }
    if !walk.seen.complete {
        return Ok(unseen(&walk.seen.gaps, evidence));
    }
    let mut asked = Vec::new();
    for repo in &kept.repos {
        asked.push(async move { right(desk, repo, login).await.map(|right| (repo, right)) });
    }
    let rights: Vec<_> = futures::stream::iter(asked).buffered(8).collect().await;
    let mut unknown = None;
    for answer in rights {
        let (repo, right) = answer?;
        evidence.extend(right.evidence);
        match (right.permission.as_deref(), right.gap) {
            (Some("none"), _) => {}
            (Some(held), _) => {
                let why = format!(
                    "No member any more, but the right on {repo} is still {}.",
                    held.escape_debug()
                );
                return Ok(saw(DoorState::Open, why, evidence));
            }
            (None, gap) => unknown = gap.or(unknown),
        }
    }
    Ok(match unknown {
        Some(why) => saw(DoorState::Unknown, why, evidence),
        None => saw(
            DoorState::Closed,
            "Neither member nor invited nor outside collaborator, and no right on a private repository.",
            evidence,
        ),
    })
}
