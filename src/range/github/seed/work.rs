//! What the account and others did in repositories before a drill begins, and the rules there.

use serde_json::{Value, json};

use super::days;
use super::log::sha;
use crate::range::company::{Company, Person};
use crate::range::github::answer;
use crate::range::github::state::{Ruleset, State};
use crate::time::{Timestamp, utc};

pub(super) fn work(state: &mut State, company: &Company, now: Timestamp) {
    let (subject, lookalike) = (&company.subject, &company.lookalike);
    state.rulesets = vec![ruleset(411, "company baseline", true, 0, days(now, 300))];
    let org = state.org.clone();
    let owner = answer::account(state.org_id, &state.org, "Organization");
    let Some(engine) = state.repos.first_mut() else {
        return;
    };
    let branches = [("main", true), ("release/4.2", true), ("wip", false)];
    engine.branches = branches.map(|(name, on)| (name.to_owned(), on)).into();
    engine.rulesets = vec![ruleset(
        412,
        "release lines",
        false,
        subject.github_id,
        days(now, 9),
    )];
    let url = format!("https://api.github.test/repos/{org}/{}", engine.name);
    engine.commits = [(subject, 3), (subject, 11), (lookalike, 5)]
        .into_iter()
        .map(|(by, age)| commit(&url, by, days(now, age)))
        .collect();
    engine.issues = [
        (subject, 41, 3, true),
        (subject, 42, 12, false),
        (lookalike, 43, 2, true),
    ]
    .into_iter()
    .map(|(by, number, age, pull)| issue(&url, by, number, days(now, age), pull))
    .collect();
    let home = answer::repository(&owner, engine.id, &engine.name, engine.private, false);
    engine.runs = [(subject, 71, 3), (lookalike, 72, 1)]
        .into_iter()
        .map(|(by, id, age)| run(&url, by, id, &home, days(now, age)))
        .collect();
}

fn ruleset(id: u64, name: &str, of_org: bool, changed_by: u64, created: Timestamp) -> Ruleset {
    Ruleset {
        id,
        name: name.to_owned(),
        of_org,
        changed_by,
        bypass: 301,
        created,
    }
}

fn user(by: &Person) -> Value {
    answer::account(by.github_id, &by.github_login, "User")
}

fn commit(url: &str, by: &Person, at: Timestamp) -> Value {
    let sha = sha(&format!("{}{at}", by.github_login));
    let git = json!({ "name": by.github_login, "email": by.email, "date": utc(at) });
    let one = format!("{url}/commits/{sha}");
    json!({
        "url": one, "sha": sha, "node_id": format!("C_{sha}"), "html_url": one,
        "comments_url": format!("{one}/comments"), "author": user(by), "committer": user(by),
        "parents": [],
        "commit": {
            "url": one, "author": git, "committer": git, "message": "adjust timing",
            "comment_count": 0, "tree": { "sha": sha, "url": one },
        },
    })
}

fn issue(url: &str, by: &Person, number: u64, at: Timestamp, pull: bool) -> Value {
    let one = format!("{url}/issues/{number}");
    let shown = json!({
        "id": 3_000_000 + number, "node_id": format!("I_{number}"), "number": number, "url": one,
        "repository_url": url, "labels_url": format!("{one}/labels{{/name}}"),
        "comments_url": format!("{one}/comments"), "events_url": format!("{one}/events"),
        "html_url": one, "state": if pull { "closed" } else { "open" }, "title": "adjust timing",
        "user": user(by), "labels": [], "assignee": null, "assignees": [], "milestone": null,
        "locked": false, "comments": 0, "closed_at": null, "created_at": utc(at),
        "updated_at": utc(at), "author_association": "MEMBER",
    });
    if !pull {
        return shown;
    }
    let pull = format!("{url}/pulls/{number}");
    let urls = json!({ "url": pull, "html_url": pull, "diff_url": pull, "patch_url": pull });
    answer::and(shown, json!({ "pull_request": urls }))
}

fn run(url: &str, by: &Person, id: u64, home: &Value, at: Timestamp) -> Value {
    let one = format!("{url}/actions/runs/{id}");
    let sha = sha(&format!("{}{at}", by.github_login));
    let git = json!({ "name": by.github_login, "email": by.email });
    let shown = json!({
        "id": id, "node_id": format!("WFR_{id}"), "head_branch": "main", "run_number": id,
        "display_title": "nightly", "event": "push", "status": "completed", "actor": user(by),
        "conclusion": "success", "head_sha": sha, "path": ".github/workflows/nightly.yml",
        "workflow_id": 7, "url": one, "html_url": one, "created_at": utc(at),
        "updated_at": utc(at), "repository": home, "head_repository": home, "pull_requests": [],
        "head_commit": {
            "id": sha, "tree_id": sha, "message": "adjust timing", "timestamp": utc(at),
            "author": git, "committer": git,
        },
    });
    let parts = [
        "jobs",
        "logs",
        "check_suite",
        "cancel",
        "rerun",
        "artifacts",
        "workflow",
    ];
    let urls = parts
        .into_iter()
        .map(|part| (format!("{part}_url"), format!("{one}/{part}")));
    answer::and(shown, urls.collect())
}
