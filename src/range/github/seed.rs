//! What the organization has at the beginning of a drill.

use std::collections::BTreeMap;

use base64::Engine as _;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::state::{
    Authorization, Codespace, Fork, Hook, Installation, Invitation, Key, Managed, Member, Pat,
    Repo, RepoInvitation, Runner, Secret, State, Team, Token, User,
};
use crate::canon::Digest;
use crate::range::company::Company;
use crate::time::Timestamp;

/// An account that the subject invited: nobody in HR knows it.
pub(super) const UNKNOWN: (u64, &str) = (91_900_001, "tidewright-labs");
/// Deploy keys that the subject added; what makes them theirs after an undo too.
pub(super) const KEYS: [&str; 2] = ["nightly mirror", "console preview"];
/// A machine account whose deploy key must survive.
const MACHINE: (u64, &str) = (91_800_001, "tm-deploybot");
/// A partner with access to one repository.
pub(super) const PARTNER: (u64, &str) = (91_800_002, "quayside-partner");

/// A token in GitHub's format that no GitHub has issued.
pub(super) fn token(company: &Company, whose: &str) -> String {
    let digest = Digest::of(format!("{}/{whose}/token", company.org).as_bytes()).to_string();
    format!("ghp_{}", digest.chars().take(36).collect::<String>())
}

/// A public key of the right length for which nobody has the private part.
fn public_key(of: &str) -> String {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0 ".to_vec();
    blob.extend_from_slice(Digest::of(of.as_bytes()).as_bytes());
    format!(
        "ssh-ed25519 {}",
        base64::engine::general_purpose::STANDARD.encode(blob)
    )
}

fn days(now: Timestamp, days: i64) -> Timestamp {
    now - SignedDuration::from_hours(days * 24)
}

/// Fills an empty state.
pub(super) fn seed(state: &mut State, company: &Company, now: Timestamp) {
    state.org.clone_from(&company.org);
    state.org_id = 91_500_000;
    state.enterprise = format!("{}-holding", company.org);
    state.app_id = 417_001;
    state.installation_id = 88_001_417;
    state.subject = company.subject.github_id;
    state.next_id = 700_000;
    state.lag = SignedDuration::from_millis(400);
    people(state, company);
    repositories(state, company, now);
    teams(state, company);
    tokens(state, company);
    of_the_organization(state, company, now);
    secrets(state, company, now);
    records(state, company, now);
    git_events(state, company, now);
}

fn people(state: &mut State, company: &Company) {
    let owners = [&company.guardian].into_iter().chain(&company.approvers);
    let owners: Vec<u64> = owners.map(|person| person.github_id).collect();
    for person in company.everyone() {
        let id = person.github_id;
        let user = User {
            id,
            login: person.github_login.clone(),
            work_mail: person.email.clone(),
            public_mail: company
                .colleagues
                .contains(person)
                .then(|| person.email.clone()),
        };
        state.users.insert(id, user);
        let role = if owners.contains(&id) {
            "admin"
        } else {
            "member"
        };
        state.members.insert(
            id,
            Member {
                role,
                pending: false,
            },
        );
        let managed = format!("5fc0c238-1112-4e1c-a0f1-{id:012}");
        state.managed.push(Managed {
            id: managed,
            user: id,
            active: true,
        });
    }
    for (id, login) in [UNKNOWN, MACHINE, PARTNER] {
        let work_mail = format!("{login}@partner.example");
        let user = User {
            id,
            login: login.to_owned(),
            work_mail,
            public_mail: None,
        };
        state.users.insert(id, user);
    }
    state.members.insert(
        MACHINE.0,
        Member {
            role: "member",
            pending: false,
        },
    );
}

fn repositories(state: &mut State, company: &Company, now: Timestamp) {
    for (number, name) in (1_u64..).zip(&company.repositories) {
        let repo = Repo {
            id: 91_600_000 + number,
            name: name.clone(),
            private: true,
            ..Repo::default()
        };
        state.repos.push(repo);
    }
    let public = Repo {
        id: 91_600_099,
        name: "public-sdk".to_owned(),
        ..Repo::default()
    };
    state.repos.push(public);
    let (subject, colleague) = (&company.subject, company.colleagues.first());
    let colleague = colleague.map(|person| person.github_login.clone());
    let fork = |id, owner| Fork {
        id,
        owner,
        hidden: false,
    };
    let key = |id, title: &str, added_by: Option<&str>| Key {
        id,
        title: title.to_owned(),
        key: public_key(title),
        read_only: id % 2 == 0,
        added_by: added_by.map(str::to_owned),
        created: days(now, 60),
        last_used: Some(days(now, 1)),
    };
    let mut repos = state.repos.iter_mut();
    if let Some(engine) = repos.next() {
        engine
            .keys
            .push(key(501, KEYS[0], Some(&subject.github_login)));
        engine
            .keys
            .push(key(502, "deploybot engine", Some(MACHINE.1)));
        engine
            .hooks
            .push(hook(601, "https://collect.listing.invalid/in", now, 3));
        engine.forks.push(fork(91_700_001, subject.github_id));
        engine
            .forks
            .push(fork(91_700_002, company.lookalike.github_id));
        engine.runners.push(Runner {
            id: 11,
            name: "engine-bench".to_owned(),
            busy: true,
        });
        engine.environments.push("production".to_owned());
    }
    if let Some(console) = repos.next() {
        console.keys.push(key(503, "old console key", None));
        console.keys.push(key(504, KEYS[1], None));
        console.hooks.push(hook(
            602,
            "https://chat.tallowmere.example/hooks/console",
            now,
            0,
        ));
        console
            .collaborators
            .insert(subject.github_id, "maintain".to_owned());
        console.forks.push(fork(91_700_003, subject.github_id));
        let open = |id, invitee, inviter| RepoInvitation {
            id,
            invitee,
            inviter,
            role: "write".to_owned(),
            created: days(now, 2),
        };
        console
            .invitations
            .push(open(651, UNKNOWN.0, subject.github_id));
        console
            .invitations
            .push(open(652, PARTNER.0, company.lookalike.github_id));
    }
    if let Some(firmware) = repos.next() {
        firmware
            .keys
            .push(key(505, "firmware signing", colleague.as_deref()));
        firmware
            .collaborators
            .insert(subject.github_id, "write".to_owned());
        firmware
            .collaborators
            .insert(company.lookalike.github_id, "write".to_owned());
        firmware.runners.push(Runner {
            id: 12,
            name: "field-rig".to_owned(),
            busy: false,
        });
    }
    if let Some(handbook) = repos.next() {
        handbook.collaborators.insert(PARTNER.0, "read".to_owned());
        handbook.forks.push(fork(91_700_004, PARTNER.0));
    }
}

fn hook(id: u64, url: &str, now: Timestamp, deliveries: u64) -> Hook {
    let delivery = |number: u64| {
        let at = now - SignedDuration::from_hours(i64::try_from(number).unwrap_or(1) * 7);
        json!({
            "id": id * 1000 + number, "guid": format!("0b989ba4-242f-11e5-81e1-{id:06}{number:06}"),
            "delivered_at": crate::time::utc(at), "redelivery": false, "duration": 0.27,
            "status": "OK", "status_code": 200, "event": "push", "action": null,
            "installation_id": null, "repository_id": null, "throttled_at": null,
        })
    };
    Hook {
        id,
        url: url.to_owned(),
        active: true,
        created: days(now, 40),
        deliveries: (1..=deliveries).map(delivery).collect(),
    }
}

fn teams(state: &mut State, company: &Company) {
    let ids: Vec<u64> = state.repos.iter().map(|repo| repo.id).collect();
    let mut engine = BTreeMap::new();
    engine.extend(ids.iter().take(2).map(|id| (*id, "push")));
    let everybody = ids.iter().skip(3).take(1).map(|id| (*id, "pull")).collect();
    let mut members = BTreeMap::from([
        (company.subject.github_id, "maintainer"),
        (company.lookalike.github_id, "member"),
    ]);
    members.extend(
        company
            .colleagues
            .first()
            .map(|person| (person.github_id, "member")),
    );
    let team = |id, slug: &str, members, repos| Team {
        id,
        slug: slug.to_owned(),
        members,
        repos,
    };
    state.teams.push(team(301, "engine", members, engine));
    let all = company
        .everyone()
        .map(|person| (person.github_id, "member"))
        .collect();
    state.teams.push(team(302, "everybody", all, everybody));
    state
        .teams
        .push(team(303, "finance", BTreeMap::new(), BTreeMap::new()));
}

fn tokens(state: &mut State, company: &Company) {
    let owner = company
        .approvers
        .first()
        .map_or(0, |person| person.github_id);
    let mut add = |whose: &str, user, scopes| {
        let value = token(company, whose);
        state.tokens.insert(
            value,
            Token {
                user,
                scopes,
                revoked: false,
            },
        );
    };
    add(
        "owner",
        owner,
        "admin:org, admin:org_hook, read:audit_log, repo, scim:enterprise",
    );
    add("subject", company.subject.github_id, "repo, workflow");
    let (subject, lookalike) = (company.subject.github_id, company.lookalike.github_id);
    let one = |id, user, kind, hidden| Authorization {
        id,
        user,
        kind,
        last_eight: Digest::of(format!("{id}").as_bytes())
            .to_string()
            .chars()
            .take(8)
            .collect(),
        hidden,
        ends: None,
    };
    state.authorizations = vec![
        one(161_195, subject, "personal access token", false),
        one(161_197, subject, "SSH key", false),
        one(161_199, subject, "GitHub app token", true),
        one(161_201, lookalike, "SSH key", false),
    ];
    let pat = |id, owner, name: &str| Pat {
        id,
        owner,
        name: name.to_owned(),
    };
    state.pats = vec![
        pat(25_381, subject, "nightly sync"),
        pat(25_383, lookalike, "local tools"),
    ];
    state.pat_requests = vec![
        pat(25_391, subject, "export everything"),
        pat(25_393, lookalike, "more tools"),
    ];
}

fn of_the_organization(state: &mut State, company: &Company, now: Timestamp) {
    let (subject, lookalike) = (company.subject.github_id, company.lookalike.github_id);
    let open = |id, invitee, inviter, mail: Option<&str>| Invitation {
        id,
        invitee,
        mail: mail.map(str::to_owned),
        inviter,
        role: "direct_member".to_owned(),
        teams: vec![301],
        created: days(now, 1),
    };
    state.invitations = vec![
        open(801, Some(UNKNOWN.0), subject, None),
        open(802, None, lookalike, Some("new.hire@tallowmere.example")),
    ];
    state.members.insert(
        UNKNOWN.0,
        Member {
            role: "member",
            pending: true,
        },
    );
    state.hooks = vec![
        hook(603, "https://relay.listing.invalid/org", now, 2),
        hook(604, "https://audit.tallowmere.example/github", now, 1),
    ];
    let app = |id, app_id, slug: &str| Installation {
        id,
        app_id,
        slug: slug.to_owned(),
        suspended: None,
    };
    state.installations = vec![
        app(state.installation_id, state.app_id, "case-response"),
        app(88_002_001, 417_002, "tide-bridge"),
        app(88_002_002, 417_003, "ci-lights"),
    ];
    state.runners = vec![
        Runner {
            id: 7,
            name: "tm-runner-07".to_owned(),
            busy: false,
        },
        Runner {
            id: 8,
            name: "tm-runner-08".to_owned(),
            busy: false,
        },
    ];
    let engine = state.repos.first().map_or(0, |repo| repo.id);
    let space = |id, name: &str, owner| Codespace {
        id,
        name: name.to_owned(),
        owner,
        repo: engine,
        stops: None,
    };
    state.codespaces = vec![
        space(901, "fluffy-lamp-7v4x", subject),
        space(902, "quiet-spoon-1k2j", lookalike),
    ];
}

fn secrets(state: &mut State, company: &Company, now: Timestamp) {
    let engine = company
        .repositories
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    for (store, names) in [
        (
            "org/actions".to_owned(),
            vec!["DEPLOY_TOKEN", "PACKAGES_TOKEN"],
        ),
        ("org/dependabot".to_owned(), vec!["REGISTRY_TOKEN"]),
        ("org/codespaces".to_owned(), vec!["DEV_DATABASE_URL"]),
        (format!("repo/{engine}/actions"), vec!["SIGNING_KEY"]),
        (
            format!("repo/{engine}/environment/production"),
            vec!["DATABASE_URL"],
        ),
    ] {
        let secret = |name: &str| Secret {
            name: name.to_owned(),
            updated: days(now, 200),
        };
        state
            .secrets
            .insert(store, names.into_iter().map(secret).collect());
    }
}

/// The audit log of who made and did what, and the smaller logs.
fn records(state: &mut State, company: &Company, now: Timestamp) {
    let org = company.org.clone();
    let subject = (
        company.subject.github_login.as_str(),
        company.subject.github_id,
    );
    let owner = company.approvers.first();
    let owner = owner.map_or(("", 0), |it| (it.github_login.as_str(), it.github_id));
    let repo = |n: usize| {
        format!(
            "{org}/{}",
            company.repositories.get(n).map_or("", String::as_str)
        )
    };
    let mut number = 0_i64;
    let mut event = |action: &str, actor: (&str, u64), age: i64, more: Value| {
        number += 1;
        // A few minutes earlier than the one stored before it: the log is not by time.
        let at = (days(now, age) - SignedDuration::from_mins(number * 7)).as_millisecond();
        let mut event = json!({
            "@timestamp": at, "created_at": at, "action": action, "actor": actor.0,
            "actor_id": actor.1, "org": org, "_document_id": format!("tmAuditWeb{number:012}"),
            "operation_type": "create",
        });
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        event
    };
    let audit = vec![
        event(
            "org.add_member",
            owner,
            120,
            json!({ "user": subject.0, "user_id": subject.1 }),
        ),
        event(
            "team.add_member",
            owner,
            119,
            json!({ "user": subject.0, "team": format!("{org}/engine") }),
        ),
        event(
            "hook.create",
            owner,
            100,
            json!({ "hook_id": 604, "active": true }),
        ),
        event(
            "hook.create",
            subject,
            40,
            json!({ "hook_id": 603, "active": true }),
        ),
        event(
            "hook.create",
            subject,
            38,
            json!({ "hook_id": 601, "active": true, "repo": repo(0) }),
        ),
        event(
            "org.register_self_hosted_runner",
            subject,
            35,
            json!({ "runner_id": 7, "runner_name": "tm-runner-07" }),
        ),
        event(
            "org.register_self_hosted_runner",
            owner,
            90,
            json!({ "runner_id": 8, "runner_name": "tm-runner-08" }),
        ),
        event(
            "repo.register_self_hosted_runner",
            owner,
            80,
            json!({ "runner_id": 11, "runner_name": "engine-bench", "repo": repo(0) }),
        ),
        event(
            "repo.register_self_hosted_runner",
            subject,
            20,
            json!({ "runner_name": "field-rig", "repo": repo(2) }),
        ),
        event(
            "integration_installation.create",
            owner,
            150,
            json!({ "installation_id": 88_001_417_u64, "integration": "case-response" }),
        ),
        event(
            "integration_installation.create",
            subject,
            33,
            json!({ "integration": "tide-bridge" }),
        ),
        event(
            "integration_installation.create",
            owner,
            70,
            json!({ "installation_id": 88_002_002_u64, "integration": "ci-lights" }),
        ),
        event(
            "public_key.create",
            subject,
            60,
            json!({ "repo": repo(1), "title": KEYS[1] }),
        ),
        event(
            "org.invite_member",
            subject,
            1,
            json!({ "user": UNKNOWN.1 }),
        ),
        event(
            "repo.add_member",
            subject,
            2,
            json!({ "repo": repo(1), "user": UNKNOWN.1 }),
        ),
        event("org.update_member", owner, 30, json!({ "user": subject.0 })),
    ];
    state.audit = audit;
    let sha = |of: &str| {
        Digest::of(of.as_bytes())
            .to_string()
            .chars()
            .take(40)
            .collect::<String>()
    };
    state.rule_suites = vec![json!({
        "id": 21, "actor_id": subject.1, "actor_name": subject.0, "before_sha": sha("a"),
        "after_sha": sha("b"), "ref": "refs/heads/main", "repository_id": 91_600_001,
        "repository_name": company.repositories.first(), "pushed_at": crate::time::utc(days(now, 3)),
        "result": "bypass", "evaluation_result": "fail",
    })];
    let actor = super::answer::account(subject.1, subject.0, "User");
    if let Some(engine) = state.repos.first_mut() {
        engine.activity = vec![json!({
            "id": 1_296_269, "node_id": "PA_1", "before": sha("a"), "after": sha("b"),
            "ref": "refs/heads/main", "timestamp": crate::time::utc(days(now, 3)),
            "activity_type": "force_push", "actor": actor,
        })];
    }
}

/// 130 clones and fetches by the account within the last nine days, the oldest of which GitHub has
/// forgotten, and a few by others.
fn git_events(state: &mut State, company: &Company, now: Timestamp) {
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
