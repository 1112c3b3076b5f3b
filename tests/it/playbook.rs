//! Playbooks and plans: every fault in its place, gates that cannot be passed by, order that holds.

mod expand;
mod hostile;
mod order;
mod preview;
mod problems;
mod shipped;

use cordon::canon::Digest;
use cordon::case::event::{Actor, Entry, Event, Person};
use cordon::case::state::{CaseState, DoorRecord};
use cordon::door::{Class, Door, DoorKind, Link, Notifies, Order};
use cordon::id::{CaseId, DoorId, EvidenceId};
use cordon::playbook::{Catalogue, Playbook};
use cordon::provider::{Account, Spec, TrailSpec};
use cordon::time::Timestamp;

/// A kind of door with nothing special about it.
const fn kind(name: &'static str, class: Class, order: Order) -> DoorKind {
    DoorKind {
        name,
        title: "Test door",
        class,
        notifies: Notifies::No,
        residual: "Nothing once proven.",
        residual_minutes: None,
        order,
        close: Some("DELETE /test"),
        already_done: &["404"],
        probe: "GET /test",
        undo: match class {
            Class::Reversible => Some("POST /test"),
            Class::Redoable | Class::Irreversible => None,
        },
        after: &[],
        scope: "test",
        breaks: "Nothing else.",
        source: "a test",
    }
}

const OKTA: Spec = Spec {
    name: "okta",
    title: "Okta",
    api: "test",
    doors: &[
        DoorKind {
            title: "Account",
            breaks: "Every application behind single sign-on.",
            ..kind("okta.user", Class::Reversible, Order::Simultaneous)
        },
        DoorKind {
            title: "Sessions",
            residual: "Sessions inside applications go on, for days or weeks.",
            residual_minutes: None,
            ..kind("okta.sessions", Class::Redoable, Order::Simultaneous)
        },
        DoorKind {
            title: "API token",
            ..kind("okta.api_token", Class::Irreversible, Order::Silent)
        },
    ],
    trails: &[TrailSpec {
        name: "okta.system_log",
        title: "System log",
        retention_hours: Some(90 * 24),
        lag_minutes: 5,
        page_size: 1000,
        ordered: true,
        call: "GET /api/v1/logs",
        dedupe: "uuid",
    }],
    in_flight: 4,
    blind: &[],
};

const GITHUB: Spec = Spec {
    name: "github",
    title: "GitHub organization",
    api: "test",
    doors: &[
        DoorKind {
            title: "Webhook",
            ..kind("github.webhook", Class::Reversible, Order::Silent)
        },
        DoorKind {
            title: "Single sign-on authorization",
            ..kind(
                "github.sso_credential",
                Class::Redoable,
                Order::Simultaneous,
            )
        },
        DoorKind {
            title: "Single sign-on grant",
            ..kind("github.sso_grant", Class::Irreversible, Order::Simultaneous)
        },
        DoorKind {
            title: "Membership",
            notifies: Notifies::Yes,
            after: &[
                "github.sso_credential",
                "github.webhook",
                "github.sso_grant",
            ],
            residual: "Clones that were made stay where they are.",
            residual_minutes: None,
            ..kind("github.membership", Class::Reversible, Order::Noisy)
        },
        DoorKind {
            title: "Account block",
            after: &["github.membership"],
            ..kind("github.block", Class::Reversible, Order::Simultaneous)
        },
        DoorKind {
            title: "Deploy key",
            breaks: "Every deployment that uses the key.",
            ..kind("github.deploy_key", Class::Irreversible, Order::Silent)
        },
        DoorKind {
            title: "Shared secret",
            close: None,
            undo: None,
            ..kind("github.secret", Class::Reversible, Order::Silent)
        },
    ],
    trails: &[
        TrailSpec {
            name: "github.git_events",
            title: "Git events",
            retention_hours: Some(7 * 24),
            lag_minutes: 5,
            page_size: 100,
            ordered: false,
            call: "GET /orgs/{org}/audit-log?include=git",
            dedupe: "_document_id",
        },
        TrailSpec {
            name: "github.sso_list",
            title: "Authorizations as they are",
            retention_hours: None,
            lag_minutes: 0,
            page_size: 100,
            ordered: false,
            call: "GET /orgs/{org}/credential-authorizations",
            dedupe: "credential_id",
        },
        TrailSpec {
            name: "github.audit",
            title: "Audit log",
            retention_hours: Some(180 * 24),
            lag_minutes: 5,
            page_size: 100,
            ordered: false,
            call: "GET /orgs/{org}/audit-log?include=web",
            dedupe: "_document_id",
        },
    ],
    in_flight: 4,
    blind: &[],
};

fn catalogue() -> Catalogue {
    Catalogue::new(
        vec![&OKTA, &GITHUB],
        vec!["ic3".to_owned(), "executive".to_owned()],
    )
}

/// A playbook that has to load.
fn load(text: &str) -> Playbook {
    cordon::playbook::load("test.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A playbook with these steps.
fn with_steps(steps: &str) -> String {
    format!("playbook: test\ntitle: A test.\nsteps:\n{steps}")
}

/// A case with two chosen accounts, three people and no doors yet.
fn case() -> (CaseId, CaseState) {
    let mut state = CaseState::default();
    for (name, roles) in [
        ("Ines", vec!["incident_lead"]),
        ("Lea", vec!["legal"]),
        ("Rob", vec!["responder"]),
    ] {
        state.people.push(Person {
            name: name.to_owned(),
            roles: roles.into_iter().map(str::to_owned).collect(),
            key: "ssh-ed25519 AAAA".to_owned(),
            emails: Vec::new(),
            logins: Vec::new(),
        });
    }
    for account in [account("okta", "00u1"), account("github", "1001")] {
        state
            .inventories
            .push((account.clone(), Vec::new(), Vec::new()));
        state.accounts.push(account);
    }
    (CaseId::of(&["test"]), state)
}

fn account(provider: &str, id: &str) -> Account {
    Account {
        provider: provider.to_owned(),
        id: id.to_owned(),
        login: format!("{id}@corp.example"),
    }
}

/// Adds a door of the chosen account and returns its id.
fn add(
    state: &mut CaseState,
    kind: &str,
    native: &str,
    change: impl FnOnce(&mut DoorRecord),
) -> DoorId {
    let provider = kind.split('.').next().unwrap();
    let owner = state
        .accounts
        .iter()
        .find(|account| account.provider == provider);
    let account = owner.map(|account| account.id.clone()).unwrap_or_default();
    let id = Door::id_of(provider, kind, native);
    let door = Door {
        id: id.clone(),
        provider: provider.to_owned(),
        kind: kind.to_owned(),
        native: native.to_owned(),
        account,
        label: format!("{kind} {native}"),
        link: Link::Owner,
        protected: None,
        detail: serde_json::Value::Null,
        evidence: EvidenceId::of(&["test"]),
    };
    state.apply(&Entry {
        v: 1,
        case: CaseId::of(&["test"]),
        seq: 0,
        prev: Digest::ZERO,
        at: now(),
        by: Actor::Engine,
        event: Event::DoorFound(door),
    });
    change(state.doors.get_mut(&id).unwrap());
    id
}

/// One door of each kind of the catalogue.
fn furnished() -> (CaseId, CaseState) {
    let (case, mut state) = case();
    for kind in catalogue().kinds() {
        add(&mut state, kind.name, "1", |_| ());
    }
    (case, state)
}

fn now() -> Timestamp {
    "2027-03-12T02:00:00Z".parse().unwrap()
}

fn shipped() -> Playbook {
    load(cordon::playbook::shipped("terminated-contractor").unwrap())
}
