//! What the organization has at the beginning of a drill.

mod log;
mod work;

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
    log::records(state, company, now);
    log::git_events(state, company, now);
    work::work(state, company, now);
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
    let mut repos = state.repos.iter_mut();
    if let Some(engine) = repos.next() {
        fill_engine(engine, company, now);
    }
    if let Some(console) = repos.next() {
        fill_console(console, company, now);
    }
    if let Some(firmware) = repos.next() {
        let colleague = company
            .colleagues
            .first()
            .map(|person| person.github_login.as_str());
        let people = [&company.subject, &company.lookalike].map(|person| person.github_id);
        firmware
            .keys
            .push(key(505, "firmware signing", colleague, now));
        firmware
            .collaborators
            .extend(people.map(|id| (id, "write".to_owned())));
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

fn fork(id: u64, owner: u64) -> Fork {
    Fork {
        id,
        owner,
        hidden: false,
    }
}

fn key(id: u64, title: &str, added_by: Option<&str>, now: Timestamp) -> Key {
    Key {
        id,
        title: title.to_owned(),
        public: public_key(title),
        read_only: id.is_multiple_of(2),
        added_by: added_by.map(str::to_owned),
        created: days(now, 60),
        last_used: Some(days(now, 1)),
    }
}

fn fill_engine(engine: &mut Repo, company: &Company, now: Timestamp) {
    let (subject, lookalike) = (&company.subject, &company.lookalike);
    engine
        .keys
        .push(key(501, KEYS[0], Some(&subject.github_login), now));
    engine
        .keys
        .push(key(502, "deploybot engine", Some(MACHINE.1), now));
    engine.hooks.push(hook(
        601,
        &format!("https://collect.listing.invalid/in?token={HOOK_TOKEN}"),
        now,
        3,
    ));
    engine.forks.push(fork(91_700_001, subject.github_id));
    engine.forks.push(fork(91_700_002, lookalike.github_id));
    engine.runners.push(Runner {
        id: 11,
        name: "engine-bench".to_owned(),
        busy: true,
    });
    engine.environments.push("production".to_owned());
}

fn fill_console(console: &mut Repo, company: &Company, now: Timestamp) {
    let subject = company.subject.github_id;
    console.keys.push(key(503, "old console key", None, now));
    console.keys.push(key(504, KEYS[1], None, now));
    console.hooks.push(hook(
        602,
        "https://chat.tallowmere.example/hooks/console",
        now,
        0,
    ));
    console.collaborators.insert(subject, "maintain".to_owned());
    console.forks.push(fork(91_700_003, subject));
    let open = |id, invitee, inviter| RepoInvitation {
        id,
        invitee,
        inviter,
        role: "write".to_owned(),
        created: days(now, 2),
    };
    console.invitations.push(open(651, UNKNOWN.0, subject));
    console
        .invitations
        .push(open(652, PARTNER.0, company.lookalike.github_id));
}

/// A secret that an answer carries inside an address: evidence must not hold it.
pub const HOOK_TOKEN: &str = "planted-7f3a91c0d2";

fn hook(id: u64, url: &str, now: Timestamp, deliveries: u64) -> Hook {
    let at = |number: u64| now - SignedDuration::from_hours(i64::try_from(number).unwrap_or(1) * 7);
    Hook {
        id,
        url: url.to_owned(),
        active: true,
        created: days(now, 40),
        deliveries: (1..=deliveries)
            .map(|number| delivery(id, number, at(number)))
            .collect(),
    }
}

/// A delivery of a webhook, as its list shows it.
pub(super) fn delivery(id: u64, number: u64, at: Timestamp) -> Value {
    json!({
        "id": id * 1000 + number, "guid": format!("0b989ba4-242f-11e5-81e1-{id:06}{number:06}"),
        "delivered_at": crate::time::utc(at), "redelivery": false, "duration": 0.27,
        "status": "OK", "status_code": 200, "event": "push", "action": null,
        "installation_id": null, "repository_id": null, "throttled_at": null,
    })
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
