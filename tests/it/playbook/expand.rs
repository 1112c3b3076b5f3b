//! What a playbook becomes over the doors of a case, and when it must not become anything.

use cordon::canon::digest_of;
use cordon::case::state::CaseState;
use cordon::door::{DoorState, Link};
use cordon::fault::Fault;
use cordon::plan::expand::expand;
use cordon::plan::{Plan, Task};

use super::{account, add, case, catalogue, furnished, load, now, shipped, with_steps};

fn plan(state: &CaseState) -> Result<Plan, Fault> {
    expand(&shipped(), &case().0, state, &catalogue(), now())
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

/// The kind of door that each close step takes, in order.
fn kinds<'a>(plan: &'a Plan, step: &str) -> Vec<&'a str> {
    let of = |id: &str| id.split('/').next() == Some(step);
    let kinds = plan
        .steps
        .iter()
        .filter(|step| of(&step.id))
        .filter_map(|step| match &step.task {
            Task::Close { kind, .. } => Some(kind.as_str()),
            _ => None,
        });
    kinds.collect()
}

#[test]
fn the_shipped_playbook_over_one_door_of_each_kind() {
    let (_, state) = furnished();
    let plan = plan(&state).unwrap();
    assert_eq!(
        kinds(&plan, "close"),
        [
            "github.webhook",
            "github.sso_credential",
            "okta.sessions",
            "okta.user",
            "github.membership",
            "github.block"
        ]
    );
    assert_eq!(
        kinds(&plan, "close-for-good"),
        ["github.deploy_key", "okta.api_token", "github.sso_grant"]
    );
    // Shortest-lived first, and no deep trail before anything that closes.
    assert_eq!(
        ids(&plan)[..2],
        [
            "save-trails/github.sso_list/1001",
            "save-trails/github.git_events/1001"
        ]
    );
    for step in plan
        .steps
        .iter()
        .filter(|step| matches!(step.task, Task::Close { .. }))
    {
        assert!(
            !step
                .needs
                .iter()
                .any(|need| need.starts_with("deep-trails"))
        );
    }
    assert_eq!(
        plan.left.len(),
        1,
        "the shared secret has no call that closes it"
    );
    assert!(plan.left[0].why.starts_with("by hand:"));
    // The membership has a way back, and yet has to wait for something that has none.
    assert_eq!(
        plan.notes,
        [
            "`github.membership` also waits until gate `go-for-good` is settled: the provider wants `github.sso_grant` closed before it."
        ]
    );
    let guards = |id: &str| match plan.step(id).unwrap().task {
        Task::Gate { guards, .. } => guards,
        _ => panic!("{id} is no gate"),
    };
    assert_eq!((guards("go"), guards("go-for-good")), (9, 3));
}

#[test]
fn the_same_case_gives_the_same_digest() {
    let (_, state) = furnished();
    let first = plan(&state).unwrap();
    assert_eq!(
        digest_of(&first).unwrap(),
        digest_of(&plan(&state).unwrap()).unwrap()
    );
    let (_, mut more) = furnished();
    add(&mut more, "github.webhook", "2", |_| ());
    assert_ne!(
        digest_of(&first).unwrap(),
        digest_of(&plan(&more).unwrap()).unwrap()
    );
}

#[test]
fn what_must_not_be_closed_is_left_with_its_reason() {
    let (_, mut state) = case();
    add(&mut state, "okta.user", "1", |_| ());
    let mut expected = vec![
        (
            add(&mut state, "github.webhook", "guarded", |r| {
                r.door.protected = Some("production deploys".to_owned());
            }),
            "protected: production deploys",
        ),
        (
            add(&mut state, "github.webhook", "someone", |r| {
                r.door.link = Link::Unattributed;
            }),
            "not attributed",
        ),
        (
            add(&mut state, "github.webhook", "done", |r| {
                r.state = DoorState::Closed;
            }),
            "already closed",
        ),
        (
            add(&mut state, "github.webhook", "other", |r| {
                r.door.account = "1002".to_owned();
            }),
            "of an account that is not chosen",
        ),
        (
            add(&mut state, "slack.session", "1", |_| ()),
            "of an account that is not chosen",
        ),
        (add(&mut state, "github.secret", "1", |_| ()), "by hand"),
        (
            add(&mut state, "github.teapot", "1", |_| ()),
            "of a kind that this build does not know",
        ),
    ];
    let plan = plan(&state).unwrap();
    assert_eq!(kinds(&plan, "close"), ["okta.user"]);
    expected.sort();
    let left: Vec<_> = plan
        .left
        .iter()
        .map(|left| (left.door.clone(), left.why.as_str()))
        .collect();
    assert_eq!(left.len(), expected.len());
    for ((door, why), (expected_door, begins)) in left.iter().zip(&expected) {
        assert_eq!(door, expected_door);
        assert!(why.starts_with(begins), "{why}");
    }
    // A door that is protected and closed twice over is still named once, as protected.
    assert!(!plan.steps.iter().any(|step| {
        expected
            .iter()
            .any(|(door, _)| step.id.ends_with(door.as_str()))
    }));
}

#[test]
fn a_door_on_the_way_to_closed_or_unknown_is_closed_again() {
    let (_, mut state) = case();
    add(&mut state, "okta.user", "1", |r| {
        r.state = DoorState::Closing;
    });
    add(&mut state, "okta.sessions", "1", |r| {
        r.state = DoorState::Unknown;
    });
    assert_eq!(
        kinds(&plan(&state).unwrap(), "close"),
        ["okta.sessions", "okta.user"]
    );
}

#[test]
fn a_plan_that_cannot_be_trusted_is_refused() {
    let code = |state: &CaseState| plan(state).unwrap_err().code();
    let (_, mut state) = case();
    assert_eq!(code(&state), "nothing-to-close");
    add(&mut state, "okta.user", "1", |r| {
        r.state = DoorState::Closed;
    });
    let fault = plan(&state).unwrap_err();
    assert_eq!(fault.code(), "nothing-to-close");
    assert!(
        fault
            .what()
            .contains("none of the 1 doors of the case: 1 already closed"),
        "{fault}"
    );

    let (_, mut nobody) = furnished();
    nobody.accounts.clear();
    assert_eq!(code(&nobody), "no-identity");

    let (_, mut unread) = furnished();
    unread.inventories.remove(0);
    assert_eq!(code(&unread), "inventory-missing");

    let (_, mut failed) = furnished();
    failed.inventories.clear();
    failed.inventory_failures = failed
        .accounts
        .iter()
        .map(|account| (account.clone(), "timed out".to_owned()))
        .collect();
    assert_eq!(code(&failed), "inventory-failed");

    let (_, mut alone) = furnished();
    alone.people.retain(|person| person.name != "Lea");
    assert_eq!(code(&alone), "gate-without-people");

    let bad = load(&with_steps("  - { id: c, close: { doors: [all] } }\n"));
    let (id, state) = furnished();
    let fault = expand(&bad, &id, &state, &catalogue(), now()).unwrap_err();
    assert_eq!(
        (fault.code(), fault.place()),
        ("playbook", Some("test.yaml:4:14"))
    );
}

#[test]
fn a_failed_inventory_is_said_and_the_rest_goes_on() {
    let (_, mut state) = furnished();
    let github = state.inventories.pop().unwrap().0;
    state
        .inventory_failures
        .push((github, "HTTP 502".to_owned()));
    state
        .doors
        .retain(|_, record| record.door.provider == "okta");
    let plan = plan(&state).unwrap();
    assert_eq!(kinds(&plan, "close"), ["okta.sessions", "okta.user"]);
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("failed") && note.contains("HTTP 502")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn an_incomplete_inventory_is_said() {
    let (_, mut state) = furnished();
    state.inventories[0].1.push(cordon::provider::Completeness {
        what: "sessions".to_owned(),
        gaps: vec!["no permission".to_owned()],
        complete: true,
        ..Default::default()
    });
    let plan = plan(&state).unwrap();
    assert!(
        plan.notes[0].ends_with("is incomplete: sessions: no permission"),
        "{:?}",
        plan.notes
    );
}

#[test]
fn a_forerunner_that_stays_open_is_said() {
    let (_, mut state) = furnished();
    for record in state
        .doors
        .values_mut()
        .filter(|record| record.door.kind == "github.sso_credential")
    {
        record.door.protected = Some("used by the release".to_owned());
    }
    let plan = plan(&state).unwrap();
    assert!(
        plan.notes.iter().any(
            |note| note.contains("`github.membership`") && note.contains("used by the release")
        )
    );
}

#[test]
fn a_gate_with_nothing_behind_it_asks_nobody() {
    let (_, mut state) = furnished();
    state.doors.retain(|_, record| {
        !matches!(
            record.door.kind.as_str(),
            "github.deploy_key" | "okta.api_token" | "github.sso_grant"
        )
    });
    let plan = plan(&state).unwrap();
    assert!(plan.step("go-for-good").is_none());
    assert!(plan.step("go").is_some());
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("Step `close-for-good` closes nothing")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn a_gate_before_a_gate_is_never_left_out() {
    let (id, state) = furnished();
    let playbook = load(&with_steps(
        "  - { id: first, gate: { roles: [legal, incident_lead], people: 2, expires: 4h } }
  - { id: second, needs: [first], gate: { roles: [legal, incident_lead], people: 2, expires: 4h } }
  - { id: c, needs: [second], close: { doors: [okta.*] } }
",
    ));
    let plan = expand(&playbook, &id, &state, &catalogue(), now()).unwrap();
    assert_eq!(ids(&plan)[..2], ["first", "second"]);
    let close = plan
        .steps
        .iter()
        .find(|step| matches!(step.task, Task::Close { .. }))
        .unwrap();
    assert_eq!(close.needs, ["first", "second"]);
}

#[test]
fn closings_and_gates_name_every_gate_before_them() {
    let (id, state) = furnished();
    let playbook = load(&with_steps(
        "  - { id: go, gate: { roles: [legal, incident_lead], people: 2, expires: 4h } }
  - { id: pause, needs: [go], wait: 10m }
  - { id: c, needs: [pause], close: { doors: [okta.*] } }
  - { id: again, needs: [c], gate: { roles: [legal, incident_lead], people: 2, expires: 4h } }
  - { id: papers, needs: [again], draft: [ic3] }
  - { id: d, needs: [papers], close: { doors: [github.*] } }
",
    ));
    let plan = expand(&playbook, &id, &state, &catalogue(), now()).unwrap();
    for step in &plan.steps {
        let named = |gate: &str| step.needs.iter().any(|need| need == gate);
        match step.id.split('/').next().unwrap() {
            "c" | "again" => assert!(named("go"), "{step:?}"),
            "d" if step.id != "d/barrier" => {
                assert!(named("go") && named("again"), "{step:?}");
            }
            // A paper is written also when people said no.
            "papers" => assert_eq!(step.needs, ["again"]),
            _ => {}
        }
    }
}

#[test]
fn later_looks_keep_nothing_waiting() {
    let (_, state) = furnished();
    let plan = plan(&state).unwrap();
    let tail = plan.tail();
    let expected = ["24h", "7d", "30d"].map(|period| {
        [
            format!("prove/wait-{period}"),
            format!("prove/again-{period}"),
        ]
    });
    let mut expected: Vec<String> = expected.into_iter().flatten().collect();
    expected.sort();
    assert_eq!(tail.iter().copied().collect::<Vec<_>>(), expected);
    for step in &plan.steps {
        let main = !tail.contains(step.id.as_str());
        assert!(
            !main || step.needs.iter().all(|need| !tail.contains(need.as_str())),
            "{step:?}"
        );
    }
    let doors = |id: &str| match plan.step(id).unwrap().task {
        Task::Verify { doors } => doors,
        _ => panic!(),
    };
    assert_eq!((doors("prove"), doors("prove/again-24h")), (9, 9));
}

#[test]
fn a_wait_before_a_close_is_no_tail() {
    let (id, state) = furnished();
    let playbook = load(&with_steps(
        "  - { id: go, gate: { roles: [legal, incident_lead], people: 2, expires: 4h } }
  - { id: pause, needs: [go], wait: 10m }
  - { id: look, needs: [pause], verify: {} }
  - { id: c, needs: [look], close: { doors: [okta.*] } }
  - { id: end, needs: [pause, c], verify: {} }
",
    ));
    let plan = expand(&playbook, &id, &state, &catalogue(), now()).unwrap();
    assert!(plan.tail().is_empty(), "{:?}", plan.tail());
}

#[test]
fn hundreds_of_doors_fit_one_line_of_the_log() {
    let (_, mut state) = furnished();
    for number in 0..500 {
        add(&mut state, "github.webhook", &format!("w{number}"), |_| ());
        add(
            &mut state,
            "github.sso_credential",
            &format!("s{number}"),
            |_| (),
        );
        add(
            &mut state,
            "github.membership",
            &format!("m{number}"),
            |r| {
                r.door.label = "x".repeat(100_000);
            },
        );
    }
    let plan = plan(&state).unwrap();
    let bytes = cordon::canon::canonical(&plan).unwrap().len();
    assert!(bytes < 2 << 20, "{bytes} bytes");
    let barrier = plan.step("close/barrier").unwrap();
    assert_eq!(barrier.task, Task::Wait { seconds: 0 });
    assert!(!plan.tail().contains("close/barrier"));
}

#[test]
fn odd_account_ids_make_neutral_step_names() {
    let (id, mut state) = furnished();
    let odd = account("github", "x/../\u{1b}[31m");
    state
        .inventories
        .push((odd.clone(), Vec::new(), Vec::new()));
    state.accounts.push(odd);
    let plan = expand(&shipped(), &id, &state, &catalogue(), now()).unwrap();
    for step in &plan.steps {
        assert!(
            step.id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./~".contains(c)),
            "{}",
            step.id
        );
    }
    assert_eq!(
        plan.steps
            .iter()
            .filter(|step| step.id.starts_with("save-trails/"))
            .count(),
        4
    );
}
