//! The organization's own lists and what can be changed in them.

use axum::extract::{Extension, Json, Path, State as Shared};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::World;
use super::answer::{self, Answer, Asked, INVALID, MISSING, Refusal, done, page, with};
use super::guard::By;
use super::state::{
    Authorization, Codespace, Hook, Installation, Invitation, Member, Pat, Runner, Secret, State,
};
use crate::time::{Timestamp, utc};

/// What the drill's App was granted: everything that a response needs.
pub(super) fn app_permissions() -> Value {
    json!({
        "members": "write", "organization_administration": "write", "organization_hooks": "write",
        "organization_personal_access_tokens": "write",
        "organization_personal_access_token_requests": "write",
        "organization_self_hosted_runners": "write", "organization_user_blocking": "write",
        "organization_secrets": "read", "administration": "write", "repository_hooks": "write",
        "secrets": "read", "dependabot_secrets": "read", "environments": "read",
        "contents": "read", "metadata": "read", "actions": "read", "pull_requests": "read",
        "issues": "read",
    })
}

fn installed(state: &State, app: &Installation) -> Value {
    let url = format!("https://api.github.test/app/installations/{}", app.id);
    json!({
        "id": app.id, "app_id": app.app_id, "app_slug": app.slug, "target_id": state.org_id,
        "target_type": "Organization", "single_file_name": null, "repository_selection": "all",
        "access_tokens_url": format!("{url}/access_tokens"), "html_url": "https://github.test/settings",
        "repositories_url": "https://api.github.test/installation/repositories", "events": [],
        "account": answer::account(state.org_id, &state.org, "Organization"),
        "permissions": app_permissions(), "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-01-05T09:00:00Z", "suspended_by": null,
        "suspended_at": app.suspended.map(utc),
    })
}

pub(super) async fn installation(Shared(world): Shared<World>) -> Answer {
    let state = world.state();
    let id = state.installation_id;
    let app = state
        .installations
        .iter()
        .find(|app| app.id == id)
        .ok_or(MISSING)?;
    with(200, &installed(&state, app))
}

pub(super) async fn installations(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let all = state
        .installations
        .iter()
        .map(|app| installed(&state, app))
        .collect();
    page(&state, &asked, all, Some("installations"))
}

pub(super) async fn repos(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let all = state
        .repos
        .iter()
        .map(|repo| answer::own(&state, repo))
        .collect();
    page(&state, &asked, all, None)
}

/// The id behind a login.
fn named(state: &State, login: &str) -> Result<u64, Refusal> {
    state.user_named(login).map(|user| user.id).ok_or(MISSING)
}

pub(super) async fn membership(
    Shared(world): Shared<World>,
    Path((_, login)): Path<(String, String)>,
) -> Answer {
    let state = world.state();
    let id = named(&state, &login)?;
    let member = state.members.get(&id).ok_or(MISSING)?;
    let url = format!(
        "https://api.github.test/orgs/{}/memberships/{login}",
        state.org
    );
    with(
        200,
        &json!({
            "url": url, "state": if member.pending { "pending" } else { "active" },
            "role": member.role, "direct_membership": true,
            "enterprise_teams_providing_indirect_membership": [],
            "organization_url": format!("https://api.github.test/orgs/{}", state.org),
            "organization": answer::organization(&state),
            "user": state.users.get(&id).map(answer::user),
        }),
    )
}

pub(super) async fn remove_member(
    Shared(world): Shared<World>,
    Path((_, login)): Path<(String, String)>,
) -> Answer {
    let now = world.now();
    let mut state = world.state();
    let id = named(&state, &login)?;
    if state.remove_member(id, now) {
        done()
    } else {
        Err(MISSING)
    }
}

pub(super) async fn is_member(
    Shared(world): Shared<World>,
    Path((_, login)): Path<(String, String)>,
) -> Answer {
    let state = world.state();
    if state.is_member(named(&state, &login)?) {
        done()
    } else {
        Err(MISSING)
    }
}

pub(super) async fn outside(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let all = state
        .users
        .values()
        .filter(|user| !state.members.contains_key(&user.id))
        .filter(|user| {
            state
                .repos
                .iter()
                .any(|repo| repo.collaborators.contains_key(&user.id))
        })
        .map(answer::user)
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn teams(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let all = state
        .teams
        .iter()
        .map(|team| self::team(&state, team))
        .collect();
    page(&state, &asked, all, None)
}

fn team(state: &State, team: &super::state::Team) -> Value {
    let url = format!(
        "https://api.github.test/organizations/{}/team/{}",
        state.org_id, team.id
    );
    json!({
        "id": team.id, "node_id": format!("T_{}", team.id), "url": url, "name": team.slug,
        "slug": team.slug, "description": null, "permission": "pull", "parent": null,
        "type": "organization", "members_url": format!("{url}/members{{/member}}"),
        "html_url": format!("https://github.test/orgs/{}/teams/{}", state.org, team.slug),
        "repositories_url": format!("{url}/repos"), "organization_id": state.org_id,
    })
}

pub(super) async fn team_place(
    Shared(world): Shared<World>,
    Path((_, slug, login)): Path<(String, String, String)>,
) -> Answer {
    let state = world.state();
    let id = named(&state, &login)?;
    let team = state
        .teams
        .iter()
        .find(|team| team.slug == slug)
        .ok_or(MISSING)?;
    let role = team.members.get(&id).ok_or(MISSING)?;
    let url = format!(
        "https://api.github.test/teams/{}/memberships/{login}",
        team.id
    );
    with(200, &json!({ "url": url, "role": role, "state": "active" }))
}

fn invitation(state: &State, open: &Invitation) -> Value {
    let login = open
        .invitee
        .and_then(|id| state.users.get(&id))
        .map(|user| user.login.clone());
    json!({
        "id": open.id, "node_id": format!("OI_{}", open.id), "login": login, "email": open.mail,
        "role": open.role, "created_at": utc(open.created), "failed_at": null, "failed_reason": null,
        "inviter": state.users.get(&open.inviter).map(answer::user),
        "team_count": open.teams.len(), "invitation_source": "member",
        "invitation_teams_url": format!("https://api.github.test/organizations/{}/invitations/{}/teams", state.org_id, open.id),
    })
}

pub(super) async fn invitations(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let all = state
        .invitations
        .iter()
        .map(|open| invitation(&state, open))
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn invitation_teams(
    Shared(world): Shared<World>,
    Path((_, id)): Path<(String, u64)>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let open = state
        .invitations
        .iter()
        .find(|open| open.id == id)
        .ok_or(MISSING)?;
    let all = state
        .teams
        .iter()
        .filter(|team| open.teams.contains(&team.id))
        .map(|team| self::team(&state, team))
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn uninvite(
    Shared(world): Shared<World>,
    Path((_, id)): Path<(String, u64)>,
) -> Answer {
    let mut state = world.state();
    let gone = answer::take(&mut state.invitations, |open| open.id == id)?;
    if let Some(invitee) = gone.invitee {
        state
            .members
            .retain(|id, member| *id != invitee || !member.pending);
    }
    done()
}

/// Reinstates only former members, for three months.
pub(super) async fn invite(
    Shared(world): Shared<World>,
    Extension(by): Extension<By>,
    Json(body): Json<Value>,
) -> Answer {
    let now = world.now();
    let mut state = world.state();
    let invitee = body.get("invitee_id").and_then(Value::as_u64);
    let mail = body.get("email").and_then(Value::as_str).map(str::to_owned);
    let role = body
        .get("role")
        .and_then(Value::as_str)
        .unwrap_or("direct_member");
    if invitee.is_none() == mail.is_none()
        || invitee.is_some_and(|id| !state.users.contains_key(&id))
    {
        return Err(INVALID);
    }
    let open_already = |open: &Invitation| {
        (invitee.is_some() && open.invitee == invitee) || (mail.is_some() && open.mail == mail)
    };
    let member = invitee.is_some_and(|id| state.members.contains_key(&id));
    if member || state.invitations.iter().any(open_already) {
        return Err(INVALID);
    }
    let mut teams: Vec<u64> = body
        .get("team_ids")
        .and_then(Value::as_array)
        .map(|ids| ids.iter().filter_map(Value::as_u64).collect())
        .unwrap_or_default();
    let role = if role == "reinstate" {
        let former = invitee
            .and_then(|id| state.former.get(&id))
            .ok_or(INVALID)?;
        if now.duration_since(former.removed) > SignedDuration::from_hours(90 * 24) {
            return Err(INVALID);
        }
        teams = former.teams.keys().copied().collect();
        if former.role == "admin" {
            "admin"
        } else {
            "direct_member"
        }
    } else {
        role
    };
    let by = match by {
        By::Person(user) => user,
        _ => state.members.keys().next().copied().unwrap_or_default(),
    };
    let place = if role == "admin" { "admin" } else { "member" };
    if let Some(id) = invitee {
        state.members.insert(
            id,
            Member {
                role: place,
                pending: true,
            },
        );
    }
    let id = state.id();
    let role = role.to_owned();
    let open = Invitation {
        id,
        invitee,
        mail,
        inviter: by,
        role,
        teams,
        created: now,
    };
    let answer = invitation(&state, &open);
    state.invitations.push(open);
    with(201, &answer)
}

fn authorization(state: &State, one: &Authorization) -> Value {
    json!({
        "login": state.users.get(&one.user).map(|user| user.login.clone()),
        "credential_id": one.id, "credential_type": one.kind, "token_last_eight": one.last_eight,
        "credential_authorized_at": "2026-01-07T09:00:00Z",
        "credential_accessed_at": "2026-02-20T09:00:00Z", "authorized_credential_id": one.id + 1,
        "scopes": ["repo"],
    })
}

pub(super) async fn authorizations(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let now = world.now();
    let state = world.state();
    let login = asked.1.get("login");
    let all = state
        .authorizations
        .iter()
        .filter(|one| !one.hidden && one.ends.is_none_or(|end| end > now))
        .filter(|one| {
            let owner = state.users.get(&one.user);
            login.is_none_or(|login| {
                owner.is_some_and(|user| user.login.eq_ignore_ascii_case(login))
            })
        })
        .map(|one| authorization(&state, one))
        .collect();
    page(&state, &asked, all, None)
}

/// Accepted at once; the authorizations end later.
pub(super) async fn revoke_authorizations(
    Shared(world): Shared<World>,
    Path((_, login)): Path<(String, String)>,
) -> Answer {
    let now = world.now();
    let mut state = world.state();
    let (id, end) = (named(&state, &login)?, now + state.lag);
    for one in state.authorizations.iter_mut().filter(|one| one.user == id) {
        one.ends = Some(one.ends.map_or(end, |before| before.min(end)));
    }
    with(202, &json!({}))
}

fn pat(state: &State, one: &Pat, request: bool) -> Value {
    let url = format!(
        "https://api.github.test/organizations/{}/personal-access-tokens/{}",
        state.org_id, one.id
    );
    let shown = json!({
        "id": one.id, "owner": state.users.get(&one.owner).map(answer::user),
        "repository_selection": "all", "repositories_url": format!("{url}/repositories"),
        "permissions": { "repository": { "contents": "write", "metadata": "read" } },
        "token_id": one.id + 7, "token_name": one.name, "token_expired": false,
        "token_expires_at": null, "token_last_used_at": "2026-02-20T09:00:00Z",
    });
    let more = if request {
        json!({ "reason": null, "created_at": "2026-02-20T09:00:00Z" })
    } else {
        json!({ "access_granted_at": "2026-01-20T09:00:00Z" })
    };
    answer::and(shown, more)
}

pub(super) async fn pats(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let all = state
        .pats
        .iter()
        .map(|one| pat(&state, one, false))
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn pat_requests(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let all = state
        .pat_requests
        .iter()
        .map(|one| pat(&state, one, true))
        .collect();
    page(&state, &asked, all, None)
}

fn take(list: &mut Vec<Pat>, id: u64) -> Result<Pat, Refusal> {
    answer::take(list, |one| one.id == id)
}

pub(super) async fn decide_pat(
    Shared(world): Shared<World>,
    Path((_, id)): Path<(String, u64)>,
    Json(body): Json<Value>,
) -> Answer {
    if body.get("action") != Some(&json!("revoke")) {
        return Err(INVALID);
    }
    take(&mut world.state().pats, id)?;
    done()
}

pub(super) async fn decide_pat_request(
    Shared(world): Shared<World>,
    Path((_, id)): Path<(String, u64)>,
    Json(body): Json<Value>,
) -> Answer {
    let mut state = world.state();
    match body.get("action").and_then(Value::as_str) {
        Some("deny") => drop(take(&mut state.pat_requests, id)?),
        Some("approve") => {
            let approved = take(&mut state.pat_requests, id)?;
            state.pats.push(approved);
        }
        _ => return Err(INVALID),
    }
    done()
}

/// A webhook; the secret never comes back.
pub(super) fn hook(place: &str, hook: &Hook, of_repo: bool) -> Value {
    let url = format!("https://api.github.test/{place}/hooks/{}", hook.id);
    let kind = if of_repo {
        "Repository"
    } else {
        "Organization"
    };
    let shown = json!({
        "id": hook.id, "url": url, "type": kind, "name": "web", "active": hook.active,
        "events": ["push"], "ping_url": format!("{url}/pings"),
        "deliveries_url": format!("{url}/deliveries"), "created_at": utc(hook.created),
        "updated_at": utc(hook.created),
        "config": { "url": hook.url, "content_type": "json", "insecure_ssl": "0", "secret": "********" },
    });
    if !of_repo {
        return shown;
    }
    let last = json!({ "code": null, "status": "unused", "message": null });
    answer::and(
        shown,
        json!({ "test_url": format!("{url}/test"), "last_response": last }),
    )
}

/// Sets `active`.
pub(super) fn set_active(hooks: &mut [Hook], id: u64, body: &Value) -> Result<Hook, Refusal> {
    let active = body.get("active").and_then(Value::as_bool).ok_or(INVALID)?;
    let hook = hooks.iter_mut().find(|hook| hook.id == id).ok_or(MISSING)?;
    hook.active = active;
    Ok(hook.clone())
}

pub(super) async fn hooks(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let place = format!("orgs/{}", state.org);
    let all = state
        .hooks
        .iter()
        .map(|one| hook(&place, one, false))
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn set_hook(
    Shared(world): Shared<World>,
    Path((org, id)): Path<(String, u64)>,
    Json(body): Json<Value>,
) -> Answer {
    let changed = set_active(&mut world.state().hooks, id, &body)?;
    with(200, &hook(&format!("orgs/{org}"), &changed, false))
}

pub(super) async fn deliveries(
    Shared(world): Shared<World>,
    Path((_, id)): Path<(String, u64)>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let hook = state
        .hooks
        .iter()
        .find(|hook| hook.id == id)
        .ok_or(MISSING)?;
    page(&state, &asked, hook.deliveries.clone(), None)
}

pub(super) async fn delivery(
    Shared(world): Shared<World>,
    Path((_, id, number)): Path<(String, u64, u64)>,
) -> Answer {
    let state = world.state();
    with(200, &delivered(&state, &state.hooks, id, number)?)
}

/// One delivery of a webhook with what was sent and what came back. The body names the webhook, whose
/// secret GitHub hides.
pub(super) fn delivered(
    state: &State,
    hooks: &[Hook],
    id: u64,
    number: u64,
) -> Result<Value, Refusal> {
    let hook = hooks.iter().find(|hook| hook.id == id).ok_or(MISSING)?;
    let listed = hook
        .deliveries
        .iter()
        .find(|one| one.get("id").and_then(Value::as_u64) == Some(number))
        .ok_or(MISSING)?;
    let headers = json!({
        "X-GitHub-Event": "push", "X-GitHub-Hook-ID": id.to_string(),
        "content-type": "application/json",
    });
    let payload = json!({
        "ref": "refs/heads/main", "organization": answer::organization(state),
        "hook": { "id": id, "config": { "url": hook.url, "secret": "********" } },
    });
    let whole = json!({
        "url": hook.url, "request": { "headers": headers, "payload": payload },
        "response": { "headers": { "Server": "collector" }, "payload": "taken in" },
    });
    Ok(answer::and(listed.clone(), whole))
}

pub(super) fn runner(runner: &Runner) -> Value {
    json!({
        "id": runner.id, "name": runner.name, "os": "linux", "status": "online",
        "busy": runner.busy, "ephemeral": false, "version": "2.323.0",
        "labels": [{ "id": 1, "name": "self-hosted", "type": "read-only" }],
    })
}

/// Removes a runner; GitHub refuses while a job runs on it.
pub(super) fn take_runner(runners: &mut Vec<Runner>, id: u64) -> Answer {
    if runners.iter().any(|runner| runner.id == id && runner.busy) {
        return Err(Refusal(
            422,
            "Runner is currently running a job and cannot be deleted.",
        ));
    }
    answer::take(runners, |runner| runner.id == id)?;
    done()
}

pub(super) async fn runners(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let all = state.runners.iter().map(runner).collect();
    page(&state, &asked, all, Some("runners"))
}

pub(super) async fn remove_runner(
    Shared(world): Shared<World>,
    Path((_, id)): Path<(String, u64)>,
) -> Answer {
    take_runner(&mut world.state().runners, id)
}

/// What a codespace does at `now`.
pub(super) fn doing(one: &Codespace, now: Timestamp) -> &'static str {
    match one.stops {
        None => "Available",
        Some(at) if at > now => "ShuttingDown",
        Some(_) => "Shutdown",
    }
}

fn codespace(state: &State, one: &Codespace, now: Timestamp) -> Value {
    let owner = state.users.get(&one.owner).map(answer::user);
    let repo = state.repos.iter().find(|repo| repo.id == one.repo);
    let url = format!("https://api.github.test/user/codespaces/{}", one.name);
    json!({
        "id": one.id, "name": one.name, "environment_id": null, "owner": owner,
        "billable_owner": answer::account(state.org_id, &state.org, "Organization"),
        "repository": repo.map(|repo| answer::own(state, repo)), "machine": null, "prebuild": false,
        "created_at": "2026-02-01T09:00:00Z", "updated_at": "2026-02-01T09:00:00Z",
        "last_used_at": "2026-02-20T09:00:00Z", "state": doing(one, now), "url": url,
        "git_status": { "ahead": 2, "behind": 0, "has_unpushed_changes": true, "has_uncommitted_changes": true, "ref": "main" },
        "location": "WestEurope", "idle_timeout_minutes": 30, "web_url": format!("https://{}.github.test", one.name),
        "machines_url": format!("{url}/machines"), "start_url": format!("{url}/start"),
        "stop_url": format!("{url}/stop"), "pulls_url": null, "recent_folders": [],
    })
}

pub(super) async fn codespaces(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let now = world.now();
    let state = world.state();
    let all = state
        .codespaces
        .iter()
        .map(|one| codespace(&state, one, now))
        .collect();
    page(&state, &asked, all, Some("codespaces"))
}

pub(super) async fn stop_codespace(
    Shared(world): Shared<World>,
    Path((_, login, name)): Path<(String, String, String)>,
) -> Answer {
    let now = world.now();
    let mut state = world.state();
    let (owner, end) = (named(&state, &login)?, now + state.lag);
    if !state.is_member(owner) {
        return Err(MISSING);
    }
    let at = state
        .codespaces
        .iter()
        .position(|one| one.name == name && one.owner == owner);
    let at = at.ok_or(MISSING)?;
    let Some(one) = state.codespaces.get_mut(at) else {
        return Err(MISSING);
    };
    one.stops.get_or_insert(end);
    let stopped = one.clone();
    with(200, &codespace(&state, &stopped, now))
}

pub(super) async fn is_blocked(
    Shared(world): Shared<World>,
    Path((_, login)): Path<(String, String)>,
) -> Answer {
    let state = world.state();
    if state.blocks.contains(&named(&state, &login)?) {
        done()
    } else {
        Err(MISSING)
    }
}

/// Members cannot be blocked, and nobody twice.
pub(super) async fn block(
    Shared(world): Shared<World>,
    Path((_, login)): Path<(String, String)>,
) -> Answer {
    let mut state = world.state();
    let id = named(&state, &login)?;
    if state.is_member(id) || !state.blocks.insert(id) {
        return Err(Refusal(422, "Blocked user cannot be blocked."));
    }
    done()
}

pub(super) async fn unblock(
    Shared(world): Shared<World>,
    Path((_, login)): Path<(String, String)>,
) -> Answer {
    let mut state = world.state();
    let id = named(&state, &login)?;
    state.blocks.remove(&id);
    done()
}

/// Secrets of one store; `visible` adds what only the organization's lists have.
pub(super) fn secret_list(state: &State, store: &str, visible: bool) -> Vec<Value> {
    let kept = state
        .secrets
        .get(store)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let shown = |secret: &Secret| {
        let shown = json!({
            "name": secret.name, "created_at": "2025-06-01T09:00:00Z", "updated_at": utc(secret.updated),
        });
        if visible {
            answer::and(shown, json!({ "visibility": "all" }))
        } else {
            shown
        }
    };
    kept.iter().map(shown).collect()
}

pub(super) async fn secrets(
    Shared(world): Shared<World>,
    Path((_, store)): Path<(String, String)>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let all = secret_list(&state, &format!("org/{store}"), true);
    page(&state, &asked, all, Some("secrets"))
}
