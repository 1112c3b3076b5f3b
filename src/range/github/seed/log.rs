//! What the organization's logs remember at the beginning of a drill.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{KEYS, UNKNOWN, days};
use crate::canon::Digest;
use crate::range::company::Company;
use crate::range::github::answer::{account, and};
use crate::range::github::state::State;
use crate::time::{Timestamp, utc};

/// Who did something: login and id.
type Actor<'a> = (&'a str, u64);

/// The audit log of who made and did what, and the smaller logs.
pub(super) fn records(state: &mut State, company: &Company, now: Timestamp) {
    let subject = (
        company.subject.github_login.as_str(),
        company.subject.github_id,
    );
    let owner = company.approvers.first();
    let owner = owner.map_or(("", 0), |it| (it.github_login.as_str(), it.github_id));
    let told = made_by_owners(company, owner)
        .into_iter()
        .chain(made_by_subject(company, subject))
        .chain(done_to_subject(company, subject, owner));
    // Events are stored as they are told, which is not by time.
    state.audit = (1_i64..)
        .zip(told)
        .map(|(number, (action, actor, age, more))| {
            let at = (days(now, age) - SignedDuration::from_mins(number * 7)).as_millisecond();
            let event = json!({
                "@timestamp": at, "created_at": at, "action": action, "actor": actor.0,
                "actor_id": actor.1, "org": company.org, "operation_type": "create",
                "_document_id": format!("tmAuditWeb{number:012}"),
            });
            and(event, more)
        })
        .collect();
    state.rule_suites = vec![json!({
        "id": 21, "actor_id": subject.1, "actor_name": subject.0, "before_sha": sha("a"),
        "after_sha": sha("b"), "ref": "refs/heads/main", "repository_id": 91_600_001,
        "repository_name": company.repositories.first(), "pushed_at": utc(days(now, 3)),
        "result": "bypass", "evaluation_result": "fail",
    })];
    if let Some(engine) = state.repos.first_mut() {
        engine.activity = vec![json!({
            "id": 1_296_269, "node_id": "PA_1", "before": sha("a"), "after": sha("b"),
            "ref": "refs/heads/main", "timestamp": utc(days(now, 3)),
            "activity_type": "force_push", "actor": account(subject.1, subject.0, "User"),
        })];
    }
}

pub(super) fn sha(of: &str) -> String {
    Digest::of(of.as_bytes())
        .to_string()
        .chars()
        .take(40)
        .collect()
}

/// A repository as the audit log names it.
fn repo(company: &Company, number: usize) -> String {
    let name = company.repositories.get(number).map_or("", String::as_str);
    format!("{}/{name}", company.org)
}

/// Action, actor, age in days, and what else the event says.
type Told<'a> = Vec<(&'static str, Actor<'a>, i64, Value)>;

fn made_by_owners<'a>(company: &Company, owner: Actor<'a>) -> Told<'a> {
    vec![
        (
            "hook.create",
            owner,
            100,
            json!({ "hook_id": 604, "active": true }),
        ),
        (
            "org.register_self_hosted_runner",
            owner,
            90,
            json!({ "runner_id": 8, "runner_name": "tm-runner-08" }),
        ),
        (
            "repo.register_self_hosted_runner",
            owner,
            80,
            json!({ "runner_id": 11, "runner_name": "engine-bench", "repo": repo(company, 0) }),
        ),
        (
            "integration_installation.create",
            owner,
            150,
            json!({ "installation_id": 88_001_417_u64, "integration": "case-response" }),
        ),
        (
            "integration_installation.create",
            owner,
            70,
            json!({ "installation_id": 88_002_002_u64, "integration": "ci-lights" }),
        ),
    ]
}

fn made_by_subject<'a>(company: &Company, subject: Actor<'a>) -> Told<'a> {
    vec![
        (
            "hook.create",
            subject,
            40,
            json!({ "hook_id": 603, "active": true }),
        ),
        (
            "hook.create",
            subject,
            38,
            json!({ "hook_id": 601, "active": true, "repo": repo(company, 0) }),
        ),
        (
            "org.register_self_hosted_runner",
            subject,
            35,
            json!({ "runner_id": 7, "runner_name": "tm-runner-07" }),
        ),
        // Without an id: the name has to do.
        (
            "repo.register_self_hosted_runner",
            subject,
            20,
            json!({ "runner_name": "field-rig", "repo": repo(company, 2) }),
        ),
        (
            "integration_installation.create",
            subject,
            33,
            json!({ "integration": "tide-bridge" }),
        ),
        (
            "public_key.create",
            subject,
            60,
            json!({ "repo": repo(company, 1), "title": KEYS[1] }),
        ),
        (
            "org.invite_member",
            subject,
            1,
            json!({ "user": UNKNOWN.1 }),
        ),
        (
            "repo.add_member",
            subject,
            2,
            json!({ "repo": repo(company, 1), "user": UNKNOWN.1 }),
        ),
    ]
}

fn done_to_subject<'a>(company: &Company, subject: Actor<'_>, owner: Actor<'a>) -> Told<'a> {
    let whom = |more: Value| and(json!({ "user": subject.0, "user_id": subject.1 }), more);
    let team = format!("{}/engine", company.org);
    vec![
        ("org.add_member", owner, 120, whom(json!({}))),
        ("team.add_member", owner, 119, whom(json!({ "team": team }))),
        ("org.update_member", owner, 30, whom(json!({}))),
    ]
}

/// 130 clones and fetches by the account within the last nine days, the oldest of which GitHub has
/// forgotten, and a few by others.
pub(super) fn git_events(state: &mut State, company: &Company, now: Timestamp) {
    by_key(state, company, now);
    let step = SignedDuration::from_mins(97);
    for number in 0..130_i32 {
        let people = [&company.subject, &company.lookalike];
        let person = if number % 10 == 9 {
            people[1]
        } else {
            people[0]
        };
        let index = usize::try_from(number).unwrap_or_default() % company.repositories.len().max(1);
        let repo = company.repositories.get(index).map_or("", String::as_str);
        // Neighbours swapped: not by time.
        let at = (now - step * (130 - (number ^ 1))).as_millisecond();
        state.git.push(json!({
            "@timestamp": at, "created_at": at, "_document_id": format!("tmAuditGit{number:012}"),
            "action": if number % 3 == 0 { "git.clone" } else { "git.fetch" },
            "actor": person.github_login, "actor_id": person.github_id, "org": company.org,
            "repository": format!("{}/{repo}", company.org), "transport_protocol_name": "ssh",
            "repository_public": false,
        }));
    }
}

/// Fetches with a deploy key that the subject added: the log names the key and nobody.
fn by_key(state: &mut State, company: &Company, now: Timestamp) {
    let key = super::public_key(KEYS[0]);
    let blob = key.split_whitespace().nth(1).unwrap_or_default();
    let blob = STANDARD.decode(blob).unwrap_or_default();
    let fingerprint = STANDARD_NO_PAD.encode(Digest::of(&blob).as_bytes());
    for number in 0..2_i64 {
        let at = days(now, number + 1).as_millisecond();
        state.git.push(json!({
            "@timestamp": at, "created_at": at, "_document_id": format!("tmAuditKey{number:012}"),
            "action": "git.fetch", "org": company.org, "repository": repo(company, 0),
            "deploy_key_fingerprint": format!("SHA256:{fingerprint}"),
            "transport_protocol_name": "ssh", "repository_public": false,
        }));
    }
}
