//! What people do in repositories, and the rules for it: commits, pull requests, runs, rulesets,
//! protected branches, traffic.

use axum::extract::{Path, State as Shared};
use serde_json::{Value, json};

use super::World;
use super::answer::{self, Answer, Asked, MISSING, page, with};
use super::state::{Repo, Ruleset, State};
use crate::time::{Timestamp, utc};

type Named = Path<(String, String)>;

fn find<'a>(state: &'a State, name: &str) -> Result<&'a Repo, answer::Refusal> {
    state.repo(name).ok_or(MISSING)
}

fn text<'a>(record: &'a Value, pointer: &str) -> &'a str {
    record
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Whether a record has, at a pointer, what the query asks for; unasked, every record has.
fn asked_for(asked: &Asked, name: &str, record: &Value, pointer: &str) -> bool {
    (asked.1.get(name)).is_none_or(|wanted| text(record, pointer).eq_ignore_ascii_case(wanted))
}

/// Whether the time at a pointer is not outside of the bounds of the query.
fn timely(asked: &Asked, record: &Value, pointer: &str) -> bool {
    let bound = |name: &str| asked.1.get(name)?.parse::<Timestamp>().ok();
    let Ok(at) = text(record, pointer).parse::<Timestamp>() else {
        return false;
    };
    bound("since").is_none_or(|since| at >= since) && bound("until").is_none_or(|until| at <= until)
}

pub(super) async fn commits(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let mut all = find(&state, &repo)?.commits.clone();
    all.retain(|one| {
        asked_for(&asked, "author", one, "/author/login")
            && timely(&asked, one, "/commit/committer/date")
    });
    page(&state, &asked, all, None)
}

/// Pull requests are among the issues.
pub(super) async fn issues(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let mut all = find(&state, &repo)?.issues.clone();
    let every = asked.1.get("state").is_some_and(|state| state == "all");
    all.retain(|one| {
        asked_for(&asked, "creator", one, "/user/login")
            && timely(&asked, one, "/updated_at")
            && (every || text(one, "/state") == "open")
    });
    page(&state, &asked, all, None)
}

pub(super) async fn runs(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let mut all = find(&state, &repo)?.runs.clone();
    all.retain(|one| asked_for(&asked, "actor", one, "/actor/login"));
    page(&state, &asked, all, Some("workflow_runs"))
}

fn ruleset(state: &State, repo: &Repo, one: &Ruleset, whole: bool) -> Value {
    let source = if one.of_org {
        state.org.clone()
    } else {
        format!("{}/{}", state.org, repo.name)
    };
    let short = json!({
        "id": one.id, "name": one.name, "target": "branch", "source": source,
        "source_type": if one.of_org { "Organization" } else { "Repository" },
        "enforcement": "active", "node_id": format!("RRS_{}", one.id),
        "created_at": utc(one.created), "updated_at": utc(one.created),
    });
    if !whole {
        return short;
    }
    let more = json!({
        "bypass_actors": [{ "actor_id": one.bypass, "actor_type": "Team", "bypass_mode": "always" }],
        "conditions": { "ref_name": { "include": ["~DEFAULT_BRANCH"], "exclude": [] } },
        "rules": [{ "type": "deletion" }, { "type": "non_fast_forward" }],
    });
    answer::and(short, more)
}

fn rules_of<'a>(state: &'a State, repo: &'a Repo) -> impl Iterator<Item = &'a Ruleset> {
    repo.rulesets.iter().chain(&state.rulesets)
}

pub(super) async fn rulesets(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let repo = find(&state, &repo)?;
    let all = rules_of(&state, repo)
        .map(|one| ruleset(&state, repo, one, false))
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn one_ruleset(
    Shared(world): Shared<World>,
    Path((_, repo, id)): Path<(String, String, u64)>,
) -> Answer {
    let state = world.state();
    let repo = find(&state, &repo)?;
    let mut rules = rules_of(&state, repo);
    let one = rules.find(|one| one.id == id).ok_or(MISSING)?;
    with(200, &ruleset(&state, repo, one, true))
}

/// Of the repository's own rulesets only.
pub(super) async fn ruleset_history(
    Shared(world): Shared<World>,
    Path((_, repo, id)): Path<(String, String, u64)>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let mut own = find(&state, &repo)?.rulesets.iter();
    let one = own.find(|one| one.id == id).ok_or(MISSING)?;
    let version = json!({
        "version_id": one.id + 1, "actor": { "id": one.changed_by, "type": "User" },
        "updated_at": utc(one.created),
    });
    page(&state, &asked, vec![version], None)
}

fn branch_url(state: &State, repo: &Repo, branch: &str) -> String {
    format!(
        "https://api.github.test/repos/{}/{}/branches/{branch}/protection",
        state.org, repo.name
    )
}

pub(super) async fn branches(
    Shared(world): Shared<World>,
    Path((_, repo)): Named,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let repo = find(&state, &repo)?;
    let only = asked.1.get("protected").map(|flag| flag == "true");
    let all = repo
        .branches
        .iter()
        .filter(|(_, protected)| only.is_none_or(|only| only == **protected))
        .map(|(name, protected)| {
            let url = format!(
                "https://api.github.test/repos/{}/{}/commits/1",
                state.org, repo.name
            );
            json!({
                "name": name, "commit": { "sha": "1", "url": url }, "protected": protected,
                "protection_url": branch_url(&state, repo, name),
            })
        })
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn protection(
    Shared(world): Shared<World>,
    Path((_, repo, branch)): Path<(String, String, String)>,
) -> Answer {
    let state = world.state();
    let repo = find(&state, &repo)?;
    let protected = repo.branches.get(&branch).copied().unwrap_or_default();
    if !protected {
        return Err(answer::Refusal(404, "Branch not protected"));
    }
    let url = branch_url(&state, repo, &branch);
    with(
        200,
        &json!({
            "url": url, "enforce_admins": { "url": format!("{url}/enforce_admins"), "enabled": false },
            "required_linear_history": { "enabled": false },
            "allow_force_pushes": { "enabled": true }, "allow_deletions": { "enabled": false },
        }),
    )
}

/// Counts of clones, or of views, for which fetches stand here.
pub(super) async fn traffic(
    Shared(world): Shared<World>,
    Path((_, repo, what)): Path<(String, String, String)>,
) -> Answer {
    let now = world.now();
    let state = world.state();
    let action = match what.as_str() {
        "clones" => "git.clone",
        "views" => "git.fetch",
        _ => return Err(MISSING),
    };
    let days = super::audit::days(&state, find(&state, &repo)?, action, now);
    let count: u64 = days
        .iter()
        .filter_map(|day| day.get("count")?.as_u64())
        .sum();
    with(
        200,
        &json!({ "count": count, "uniques": days.len(), what: days }),
    )
}
