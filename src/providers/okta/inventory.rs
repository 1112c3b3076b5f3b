//! The ways in of one account: every list is read by itself, a few at a time, and each says what it
//! could not see.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Okta;
use super::api::{Listing, Read, Row};
use super::kinds::{
    ACCOUNT, ADMIN_ROLE, API_TOKEN, APP_SESSION, CLIENT_TOKEN, DEVICE, FACTOR, GRANT, GROUP_ROLE,
    IN_FLIGHT, SESSION, SPEC,
};
use super::model::{
    ApiToken, AppLink, AppTarget, Device, Factor, Grant, Group, OAuthClient, RefreshToken, Role,
    User, UserDevice, label,
};
use crate::door::{Door, Link};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::provider::{Account, Completeness, Cx, Inventory};
use crate::time::utc;

/// What one list of the inventory gave.
type Part = (Vec<Door>, Vec<Completeness>);

/// One account while its doors are listed.
struct Survey<'a> {
    okta: &'a Okta,
    user: &'a User,
    /// Why no door of this account may be closed.
    protected: Option<String>,
    cx: Cx<'a>,
}

/// Every door of the account.
pub(super) async fn doors(okta: &Okta, account: &Account, cx: Cx<'_>) -> Result<Inventory> {
    let (user, evidence) = match okta.user(&account.id, cx).await? {
        Read::Found(user, evidence) => (user, evidence),
        Read::Gone(evidence) => {
            return Err(
                Fault::failed("okta-account", "Okta has no account with this id.").at(evidence),
            );
        }
        Read::Denied(denied) => return Err(okta.refused("read the account", &denied)),
    };
    let protected = okta.protection(&user, cx).await?;
    let survey = Survey {
        okta,
        user: &user,
        protected,
        cx,
    };
    let lists: Vec<BoxFuture<'_, Part>> = vec![
        survey.account(evidence).boxed(),
        survey.roles().boxed(),
        survey.clients().boxed(),
        survey.grants().boxed(),
        survey.api_tokens().boxed(),
        survey.devices().boxed(),
        survey.app_sessions().boxed(),
        survey.factors().boxed(),
    ];
    let parts: Vec<Part> = stream::iter(lists).buffered(IN_FLIGHT).collect().await;
    let mut inventory = Inventory::default();
    for (doors, completeness) in parts {
        inventory.doors.extend(doors);
        inventory.completeness.extend(completeness);
    }
    Ok(inventory)
}

impl Survey<'_> {
    fn door(
        &self,
        kind: &str,
        native: String,
        text: &str,
        detail: Value,
        evidence: EvidenceId,
    ) -> Door {
        let protected = self
            .protected
            .clone()
            .or_else(|| self.okta.protected_native(&native));
        Door {
            id: Door::id_of(SPEC.name, kind, &native),
            provider: SPEC.name.to_owned(),
            kind: kind.to_owned(),
            account: self.user.id.clone(),
            label: label(text),
            link: Link::Owner,
            protected,
            detail,
            evidence,
            native,
        }
    }

    /// `{user}/{part}`: the id of a thing that belongs to the user.
    fn native(&self, part: &str) -> String {
        format!("{}/{part}", self.user.id)
    }

    async fn list<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &[&str],
        limit: Option<u32>,
    ) -> Listing<T> {
        let mut segments = vec!["users", self.user.id.as_str()];
        segments.extend(path);
        self.list_at(what, &segments, limit).await
    }

    async fn list_at<T: DeserializeOwned>(
        &self,
        what: &str,
        segments: &[&str],
        limit: Option<u32>,
    ) -> Listing<T> {
        match self.okta.api.url(segments) {
            Ok(mut url) => {
                if let Some(limit) = limit {
                    url.query_pairs_mut()
                        .append_pair("limit", &limit.to_string());
                }
                self.okta.api.list(what, url, self.cx).await
            }
            Err(fault) => {
                let mut listing = Listing::empty(what);
                listing.gap(&fault.to_string());
                listing
            }
        }
    }

    /// The account and its sessions; the groups are kept with it because they are the way back.
    async fn account(&self, evidence: EvidenceId) -> Part {
        let groups: Listing<Group> = self.list("groups", &["groups"], None).await;
        let names: Vec<Value> = groups
            .rows
            .iter()
            .map(|row| json!({"id": row.value.id, "name": label(&row.value.profile.name)}))
            .collect();
        let seen = utc(self.cx.clock.now());
        let master = self.user.foreign_master().map(label);
        let detail = json!({
            "status": self.user.status.word(),
            "login": label(&self.user.profile.login),
            "mastered_by": master,
            "groups": names,
            "groups_complete": groups.completeness.complete,
            "seen_at": seen,
        });
        let session = json!({
            "last_login": self.user.last_login.as_deref().map(label),
            "seen_at": seen,
        });
        let login = &self.user.profile.login;
        let title = format!("account {login} ({})", self.user.status.word());
        let doors = vec![
            self.door(
                ACCOUNT,
                self.user.id.clone(),
                &title,
                detail,
                evidence.clone(),
            ),
            self.door(
                SESSION,
                self.user.id.clone(),
                &format!("sessions of {login}"),
                session,
                evidence,
            ),
        ];
        let mut account = Completeness {
            what: "account".to_owned(),
            pages: 1,
            records: 1,
            complete: true,
            ..Completeness::default()
        };
        if let Some(master) = master {
            account.gaps.push(format!(
                "account: it is mastered by {master}; a suspension in Okta is not written there, close it there too"
            ));
        }
        (doors, vec![account, groups.completeness])
    }

    async fn roles(&self) -> Part {
        let roles: Listing<Role> = self.list("admin roles", &["roles"], None).await;
        let mut doors = Vec::new();
        let mut lists = Vec::new();
        for Row {
            value: role,
            evidence,
        } in roles.rows
        {
            let name = role.name();
            let native = self.native(&role.key());
            if role.by_group() {
                let detail = json!({"type": role.kind});
                doors.push(self.door(
                    GROUP_ROLE,
                    native,
                    &format!("{name} (by group)"),
                    detail,
                    evidence,
                ));
                continue;
            }
            let groups = self.targets(&role, "groups", GROUP_SCOPED).await;
            let apps = self.targets(&role, "catalog/apps", APP_SCOPED).await;
            let mut known = true;
            for part in [&groups, &apps].into_iter().flatten() {
                known &= part.completeness.complete;
                lists.push(part.completeness.clone());
            }
            let detail = json!({
                "type": role.kind,
                "role": role.custom,
                "resource_set": role.resource_set,
                "groups": targets(groups.as_ref(), |target| json!(target.id)),
                "apps": targets(apps.as_ref(), |target| json!({"name": target.name, "id": target.id})),
                "targets_complete": known,
            });
            doors.push(self.door(ADMIN_ROLE, native, &name, detail, evidence));
        }
        lists.insert(0, roles.completeness);
        (doors, lists)
    }

    /// What a scoped role is limited to; `None` for a kind of role that has no such limits.
    async fn targets(&self, role: &Role, what: &str, kinds: &[&str]) -> Option<Listing<AppTarget>> {
        if !kinds.contains(&role.kind.as_str()) {
            return None;
        }
        let mut path = vec!["roles", role.id.as_str(), "targets"];
        path.extend(what.split('/'));
        let title = format!("{what} that the role {} is limited to", label(&role.kind));
        Some(self.list(&title, &path, Some(200)).await)
    }

    async fn clients(&self) -> Part {
        let clients: Listing<OAuthClient> = self.list("clients", &["clients"], None).await;
        let mut doors = Vec::new();
        let mut lists = vec![clients.completeness];
        for Row { value: client, .. } in clients.rows {
            let id = client.client_id.as_str();
            let name = client.client_name.as_deref().unwrap_or(id);
            let title = format!("refresh tokens of {}", label(name));
            let tokens: Listing<RefreshToken> = self
                .list(&title, &["clients", id, "tokens"], Some(200))
                .await;
            let live: Vec<_> = tokens
                .rows
                .iter()
                .filter(|row| row.value.status != "REVOKED")
                .collect();
            // A list that could not be read may hide tokens: the door is shown.
            let shown = live.first().map(|row| row.evidence.clone());
            let unread = tokens
                .denied
                .as_ref()
                .filter(|denied| !matches!(denied.status, 404 | 410))
                .map(|denied| denied.evidence.clone());
            if let Some(evidence) = shown.or(unread) {
                let until = live
                    .iter()
                    .filter_map(|row| row.value.expires_at.as_deref())
                    .max();
                let detail = json!({
                    "client": id,
                    "tokens": live.len(),
                    "complete": tokens.completeness.complete,
                    "latest_expiry": until.map(label),
                });
                doors.push(self.door(CLIENT_TOKEN, self.native(id), &title, detail, evidence));
            }
            lists.push(tokens.completeness);
        }
        (doors, lists)
    }

    async fn grants(&self) -> Part {
        let grants: Listing<Grant> = self.list("grants", &["grants"], Some(200)).await;
        let doors = grants
            .rows
            .into_iter()
            .filter(|row| row.value.status != "REVOKED")
            .map(
                |Row {
                     value: grant,
                     evidence,
                 }| {
                    let title = format!("consent of {} for {}", grant.client_id, grant.scope_id);
                    let detail =
                        json!({"client": grant.client_id, "scope": label(&grant.scope_id)});
                    self.door(GRANT, self.native(&grant.id), &title, detail, evidence)
                },
            )
            .collect();
        (doors, vec![grants.completeness])
    }

    async fn api_tokens(&self) -> Part {
        let tokens: Listing<ApiToken> = self.list_at("API tokens", &["api-tokens"], None).await;
        let mut completeness = tokens.completeness;
        let nameless = tokens
            .rows
            .iter()
            .filter(|row| row.value.user_id.is_none())
            .count();
        if nameless > 0 {
            completeness.gaps.push(format!(
                "API tokens: {nameless} name no owner and were left out"
            ));
        }
        let doors = tokens
            .rows
            .into_iter()
            .filter(|row| row.value.user_id.as_deref() == Some(self.user.id.as_str()))
            .map(
                |Row {
                     value: token,
                     evidence,
                 }| {
                    let detail = json!({
                        "created": token.created.as_deref().map(label),
                        "expires": token.expires_at.as_deref().map(label),
                    });
                    let title = format!("API token {}", token.name);
                    let mut door = self.door(API_TOKEN, token.id, &title, detail, evidence);
                    door.protected = door
                        .protected
                        .or_else(|| self.okta.protected_native(&token.name));
                    door
                },
            )
            .collect();
        (doors, vec![completeness])
    }

    async fn devices(&self) -> Part {
        let devices: Listing<UserDevice> = self.list("devices", &["devices"], None).await;
        let mut doors = Vec::new();
        let mut lists = vec![devices.completeness];
        for Row { value, evidence } in devices.rows {
            let Device {
                id,
                status,
                profile,
            } = value.device;
            if status == "DEACTIVATED" {
                continue;
            }
            let users: Listing<Value> = self
                .list_at("accounts on a device", &["devices", &id, "users"], None)
                .await;
            let others = users.rows.len().saturating_sub(1);
            let title = format!("device {} ({})", profile.display_name, profile.platform);
            let detail = json!({
                "status": label(&status),
                "other_accounts": others,
                "accounts_complete": users.completeness.complete,
            });
            let mut door = self.door(DEVICE, id, &title, detail, evidence);
            if others > 0 && door.protected.is_none() {
                door.protected = Some(match others {
                    1 => "another account signs in on this device".to_owned(),
                    _ => format!("{others} other accounts sign in on this device"),
                });
            }
            doors.push(door);
            lists.push(users.completeness);
        }
        (doors, lists)
    }

    async fn app_sessions(&self) -> Part {
        let links: Listing<AppLink> = self.list("assigned apps", &["appLinks"], None).await;
        let mut doors: Vec<Door> = Vec::new();
        for Row {
            value: link,
            evidence,
        } in links.rows
        {
            let native = self.native(&link.app_instance_id);
            // One app can have several links.
            if doors.iter().any(|door| door.native == native) {
                continue;
            }
            let detail = json!({"app": label(&link.app_name)});
            let title = format!("session inside {}", link.label);
            doors.push(self.door(APP_SESSION, native, &title, detail, evidence));
        }
        (doors, vec![links.completeness])
    }

    async fn factors(&self) -> Part {
        let factors: Listing<Factor> = self.list("factors", &["factors"], None).await;
        let doors = factors
            .rows
            .into_iter()
            .map(
                |Row {
                     value: factor,
                     evidence,
                 }| {
                    let title = format!("factor {} of {}", factor.kind, factor.provider);
                    let detail =
                        json!({"type": label(&factor.kind), "status": label(&factor.status)});
                    self.door(FACTOR, self.native(&factor.id), &title, detail, evidence)
                },
            )
            .collect();
        (doors, vec![factors.completeness])
    }
}

/// Roles that can be limited to groups.
const GROUP_SCOPED: &[&str] = &["USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN"];
/// Roles that can be limited to apps.
const APP_SCOPED: &[&str] = &["APP_ADMIN"];

fn targets(listing: Option<&Listing<AppTarget>>, show: impl Fn(&AppTarget) -> Value) -> Vec<Value> {
    listing
        .iter()
        .flat_map(|listing| &listing.rows)
        .map(|row| show(&row.value))
        .collect()
}
