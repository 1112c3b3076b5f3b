//! Repositories and what hangs on them.

use axum::extract::{Extension, Json, Path, State as Shared};
use serde_json::{Value, json};

use super::World;
use super::answer::{self, Answer, Asked, INVALID, MISSING, Refusal, done, page, with};
use super::guard::By;
use super::org::{delivered, hook, runner, secret_list, set_active, take_runner};
use super::state::{Key, Repo, RepoInvitation, State, right_of};
use crate::time::utc;

type Named = Path<(String, String)>;
type NamedAnd<T> = Path<(String, String, T)>;

fn find<'a>(state: &'a State, name: &str) -> Result<&'a Repo, Refusal> {
    state.repo(name).ok_or(MISSING)
}

fn user(state: &State, login: &str) -> Result<u64, Refusal> {
    state.user_named(login).map(|user| user.id).ok_or(MISSING)
}

pub(super) async fn one(Shared(world): Shared<World>, Path((_, repo)): Named) -> Answer {
    let state = world.state();
    with(200, &answer::own(&state, find(&state, &repo)?))
}

fn rights(role: &str) -> Value {
    let right = right_of(role);
    json!({
        "pull": true, "triage": role != "read" && role != "pull", "push": right != "read",
        "maintain": matches!(role, "maintain" | "admin"), "admin": right == "admin",
    })
}

/// Direct grants only, whatever affiliation is asked for: no caller of ours asks for another.
pub(super) async fn collaborators(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let all = find(&state, &repo)?
        .collaborators
        .iter()
        .filter_map(|(id, role)| {
            let more = json!({ "role_name": role, "permissions": rights(role) });
            Some(answer::and(answer::user(state.users.get(id)?), more))
        })
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn permission(
    Shared(world): Shared<World>,
    Path((_, repo, login)): NamedAnd<String>,
) -> Answer {
    let state = world.state();
    let id = user(&state, &login)?;
    let right = state.right(id, find(&state, &repo)?);
    let shown = state.users.get(&id).map(answer::user).ok_or(MISSING)?;
    let more = json!({ "role_name": right, "permissions": rights(right) });
    let shown = answer::and(shown, more);
    with(
        200,
        &json!({ "permission": right, "role_name": right, "user": shown }),
    )
}

/// Members are added at once, others are invited.
pub(super) async fn add_collaborator(
    Shared(world): Shared<World>,
    Extension(by): Extension<By>,
    Path((_, repo, login)): NamedAnd<String>,
    body: Option<Json<Value>>,
) -> Answer {
    let now = world.now();
    let mut state = world.state();
    let id = user(&state, &login)?;
    let asked = body
        .as_ref()
        .and_then(|body| body.get("permission"))
        .and_then(Value::as_str);
    let role = match asked.unwrap_or("push") {
        "pull" => "read",
        "push" => "write",
        role @ ("triage" | "maintain" | "admin") => role,
        _ => return Err(INVALID),
    }
    .to_owned();
    let (member, inviter) = (state.is_member(id), state.members.keys().next().copied());
    let inviter = if let By::Person(user) = by {
        user
    } else {
        inviter.unwrap_or_default()
    };
    let number = state.id();
    let repo_now = state.repo_mut(&repo).ok_or(MISSING)?;
    if member || repo_now.collaborators.contains_key(&id) {
        repo_now.collaborators.insert(id, role);
        return done();
    }
    let open = RepoInvitation {
        id: number,
        invitee: id,
        inviter,
        role,
        created: now,
    };
    repo_now.invitations.retain(|before| before.invitee != id);
    repo_now.invitations.push(open.clone());
    with(201, &invitation(&state, find(&state, &repo)?, &open))
}

/// Also deletes the person's fork of a private repository.
pub(super) async fn remove_collaborator(
    Shared(world): Shared<World>,
    Path((_, repo, login)): NamedAnd<String>,
) -> Answer {
    let mut state = world.state();
    let id = user(&state, &login)?;
    let member = state.is_member(id);
    let repo = state.repo_mut(&repo).ok_or(MISSING)?;
    if repo.collaborators.remove(&id).is_some() && repo.private && !member {
        repo.forks.retain(|fork| fork.owner != id);
    }
    repo.invitations.retain(|open| open.inviter != id);
    done()
}

fn invitation(state: &State, repo: &Repo, open: &RepoInvitation) -> Value {
    let shown = |id: u64| state.users.get(&id).map(answer::user);
    let url = format!(
        "https://api.github.test/user/repository_invitations/{}",
        open.id
    );
    json!({
        "id": open.id, "node_id": format!("RI_{}", open.id), "permissions": open.role,
        "inviter": shown(open.inviter), "invitee": shown(open.invitee), "expired": false,
        "repository": answer::own(state, repo), "url": url,
        "html_url": format!("https://github.test/{}/{}/invitations", state.org, repo.name),
        "created_at": utc(open.created),
    })
}

pub(super) async fn invitations(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let repo = find(&state, &repo)?;
    let all = repo
        .invitations
        .iter()
        .map(|open| invitation(&state, repo, open))
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn uninvite(
    Shared(world): Shared<World>,
    Path((_, repo, id)): NamedAnd<u64>,
) -> Answer {
    let mut state = world.state();
    let repo = state.repo_mut(&repo).ok_or(MISSING)?;
    answer::take(&mut repo.invitations, |open| open.id == id)?;
    done()
}

fn key(state: &State, repo: &str, key: &Key) -> Value {
    json!({
        "id": key.id, "key": key.public, "title": key.title, "read_only": key.read_only,
        "url": format!("https://api.github.test/repos/{}/{repo}/keys/{}", state.org, key.id),
        "verified": true, "created_at": utc(key.created), "added_by": key.added_by,
        "last_used": key.last_used.map(utc), "enabled": true,
    })
}

pub(super) async fn keys(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let all = find(&state, &repo)?
        .keys
        .iter()
        .map(|one| key(&state, &repo, one))
        .collect();
    page(&state, &asked, all, None)
}

/// A key can be used by one repository only.
pub(super) async fn add_key(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    Json(body): Json<Value>,
) -> Answer {
    let now = world.now();
    let mut state = world.state();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let material = text("key")
        .filter(|key| key.starts_with("ssh-"))
        .ok_or(INVALID)?
        .to_owned();
    let same = |key: &Key| key.public == material;
    if state.repos.iter().any(|repo| repo.keys.iter().any(same)) {
        return Err(Refusal(422, "key is already in use"));
    }
    let added = Key {
        id: state.id(),
        title: text("title").unwrap_or_default().to_owned(),
        public: material,
        read_only: body
            .get("read_only")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        added_by: Some("case-response[bot]".to_owned()),
        created: now,
        last_used: None,
    };
    let answer = key(&state, &repo, &added);
    state.repo_mut(&repo).ok_or(MISSING)?.keys.push(added);
    with(201, &answer)
}

pub(super) async fn remove_key(
    Shared(world): Shared<World>,
    Path((_, repo, id)): NamedAnd<u64>,
) -> Answer {
    let mut state = world.state();
    let repo = state.repo_mut(&repo).ok_or(MISSING)?;
    answer::take(&mut repo.keys, |key| key.id == id)?;
    done()
}

pub(super) async fn hooks(
    Shared(world): Shared<World>,
    Path((org, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let place = format!("repos/{org}/{repo}");
    let all = find(&state, &repo)?
        .hooks
        .iter()
        .map(|one| hook(&place, one, true))
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn set_hook(
    Shared(world): Shared<World>,
    Path((org, repo, id)): NamedAnd<u64>,
    Json(body): Json<Value>,
) -> Answer {
    let mut state = world.state();
    let changed = set_active(&mut state.repo_mut(&repo).ok_or(MISSING)?.hooks, id, &body)?;
    with(200, &hook(&format!("repos/{org}/{repo}"), &changed, true))
}

pub(super) async fn deliveries(
    Shared(world): Shared<World>,
    Path((_, repo, id)): NamedAnd<u64>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let hook = find(&state, &repo)?
        .hooks
        .iter()
        .find(|hook| hook.id == id)
        .ok_or(MISSING)?;
    page(&state, &asked, hook.deliveries.clone(), None)
}

pub(super) async fn delivery(
    Shared(world): Shared<World>,
    Path((_, repo, id, number)): Path<(String, String, u64, u64)>,
) -> Answer {
    let state = world.state();
    let hooks = &find(&state, &repo)?.hooks;
    with(200, &delivered(&state, hooks, id, number)?)
}

pub(super) async fn runners(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let all = find(&state, &repo)?.runners.iter().map(runner).collect();
    page(&state, &asked, all, Some("runners"))
}

pub(super) async fn remove_runner(
    Shared(world): Shared<World>,
    Path((_, repo, id)): NamedAnd<u64>,
) -> Answer {
    let mut state = world.state();
    take_runner(&mut state.repo_mut(&repo).ok_or(MISSING)?.runners, id)
}

pub(super) async fn forks(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let repo = find(&state, &repo)?;
    let all = repo
        .forks
        .iter()
        .filter(|fork| !fork.hidden)
        .filter_map(|fork| {
            let owner = answer::user(state.users.get(&fork.owner)?);
            let shown = answer::repository(&owner, fork.id, &repo.name, repo.private, true);
            let times = json!({
                "created_at": "2026-02-11T22:14:00Z", "pushed_at": "2026-02-25T23:02:00Z",
            });
            Some(answer::and(shown, times))
        })
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn secrets(
    Shared(world): Shared<World>,
    Path((_, repo, store)): NamedAnd<String>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let all = secret_list(&state, &format!("repo/{repo}/{store}"), false);
    page(&state, &asked, all, Some("secrets"))
}

pub(super) async fn environments(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let all = find(&state, &repo)?
        .environments
        .iter()
        .map(|name| {
            let url = format!(
                "https://api.github.test/repos/{}/{repo}/environments/{name}",
                state.org
            );
            json!({
                "id": 1, "node_id": "EN_1", "name": name, "url": url, "html_url": url,
                "created_at": "2025-06-01T09:00:00Z", "updated_at": "2025-06-01T09:00:00Z",
            })
        })
        .collect();
    page(&state, &asked, all, Some("environments"))
}

pub(super) async fn environment_secrets(
    Shared(world): Shared<World>,
    Path((_, repo, name)): NamedAnd<String>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let all = secret_list(&state, &format!("repo/{repo}/environment/{name}"), false);
    page(&state, &asked, all, Some("secrets"))
}
