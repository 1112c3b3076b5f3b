//! Closing, proving and giving back, with the organization's own truth beside every answer.

use cordon::door::DoorState;
use cordon::provider::{Closing, Provider};
use cordon::range::company::Company;
use serde_json::{Value, json};

use super::{Stage, accepted, already, refused};

/// Doors that a call closes, in the order in which the kinds depend on each other.
const CALLED: &[&str] = &[
    "okta.account",
    "okta.session",
    "okta.client_token",
    "okta.grant",
    "okta.admin_role",
    "okta.device",
    "okta.api_token",
];

#[tokio::test]
async fn every_door_closes_is_proven_and_opens_again_as_its_class_says() {
    let stage = Stage::set().await;
    let subject = stage.company.subject.clone();
    let others = stage.others(&subject);
    let inventory = stage.inventory(&subject).await;
    let mut closed = 0;
    for kind in CALLED {
        let doors: Vec<_> = inventory
            .doors
            .iter()
            .filter(|door| door.kind == *kind && door.protected.is_none())
            .collect();
        assert!(!doors.is_empty(), "the subject has no {kind}");
        for door in doors {
            // Clearing the sessions takes the clients' tokens with it.
            let before = *kind != "okta.client_token";
            assert_eq!(
                stage.world.is_open(kind, &door.native),
                before,
                "{}",
                door.label
            );
            let first = stage.close(door).await;
            assert!(accepted(&first), "{}: {first:?}", door.label);
            assert!(
                !stage.world.is_open(kind, &door.native),
                "{} is still open",
                door.label
            );
            assert_eq!(stage.state(door).await, DoorState::Closed, "{}", door.label);
            let second = stage.close(door).await;
            assert!(
                accepted(&second) || already(&second),
                "{}: {second:?}",
                door.label
            );
            assert_eq!(stage.state(door).await, DoorState::Closed, "{}", door.label);
            closed += 1;
        }
    }
    assert_eq!(closed, 13);
    let mut reopened = 0;
    for door in inventory
        .doors
        .iter()
        .rev()
        .filter(|door| CALLED.contains(&door.kind.as_str()))
    {
        let Some(undo) = stage.okta.undo(door).filter(|_| door.protected.is_none()) else {
            continue;
        };
        let first = stage.okta.reopen(door, &undo, stage.cx()).await.unwrap();
        assert!(accepted(&first), "{}: {first:?}", door.label);
        assert!(
            stage.world.is_open(&door.kind, &door.native),
            "{} stayed closed",
            door.label
        );
        assert_eq!(stage.state(door).await, DoorState::Open, "{}", door.label);
        let second = stage.okta.reopen(door, &undo, stage.cx()).await.unwrap();
        assert!(already(&second), "{}: {second:?}", door.label);
        reopened += 1;
    }
    // The account, the laptop and three roles.
    assert_eq!(reopened, 5);
    assert_eq!(
        stage.others(&subject),
        others,
        "something of someone else was changed"
    );
}

#[tokio::test]
async fn only_the_classes_that_say_so_can_be_given_back() {
    let stage = Stage::set().await;
    for door in stage.inventory(&stage.company.subject).await.doors {
        let kind = stage.okta.spec().door_kind(&door.kind).unwrap();
        if door.protected.is_none() {
            assert_eq!(
                stage.okta.undo(&door).is_some(),
                kind.undo.is_some(),
                "{}",
                door.kind
            );
        }
        if kind.undo.is_none() {
            let answer = stage
                .okta
                .reopen(&door, &json!({"status": "ACTIVE"}), stage.cx())
                .await
                .unwrap();
            assert!(refused(&answer).is_some(), "{}: {answer:?}", door.kind);
        }
    }
}

#[tokio::test]
async fn sessions_inside_apps_outlive_everything_and_are_never_called_closed() {
    let stage = Stage::set().await;
    let inventory = stage.inventory(&stage.company.subject).await;
    for door in inventory
        .doors
        .iter()
        .filter(|door| door.protected.is_none())
    {
        let _ = stage.close(door).await;
    }
    let alive: Vec<_> = inventory
        .doors
        .iter()
        .filter(|door| door.kind == "okta.app_session")
        .collect();
    assert_eq!(alive.len(), 4);
    assert_eq!(
        alive
            .iter()
            .filter(|door| stage.world.is_open(&door.kind, &door.native))
            .count(),
        3
    );
    for door in alive {
        let answer = stage.close(door).await;
        assert!(
            refused(&answer).unwrap().contains("own provider"),
            "{answer:?}"
        );
        assert_eq!(stage.state(door).await, DoorState::Unknown);
    }
}

#[tokio::test]
async fn an_accepted_call_is_no_proof() {
    let stage = Stage::set().await;
    let inventory = stage.inventory(&stage.company.subject).await;
    stage.world.faults(|faults| faults.deaf = true);
    for door in inventory
        .doors
        .iter()
        .filter(|door| CALLED.contains(&door.kind.as_str()))
    {
        if door.protected.is_some() {
            continue;
        }
        assert!(accepted(&stage.close(door).await), "{}", door.label);
        assert_ne!(stage.state(door).await, DoorState::Closed, "{}", door.label);
        assert!(stage.world.is_open(&door.kind, &door.native));
    }
}

#[tokio::test]
async fn the_end_of_sessions_needs_a_suspension_a_clearing_and_no_sign_in_after_it() {
    let stage = Stage::set().await;
    let subject = &stage.company.subject;
    let session = stage.door(subject, "okta.session").await;
    let account = stage.door(subject, "okta.account").await;
    assert_eq!(stage.state(&session).await, DoorState::Open);

    stage.close(&session).await;
    // Cleared, but the person can sign in at any time.
    assert_eq!(stage.state(&session).await, DoorState::Unknown);
    assert!(stage.world.sign_in(&subject.okta_id));
    assert_eq!(stage.state(&session).await, DoorState::Open);

    stage.close(&account).await;
    assert!(!stage.world.sign_in(&subject.okta_id));
    // Suspended, but the session that was begun after the clearing lives on.
    assert_eq!(stage.state(&session).await, DoorState::Open);
    assert!(stage.world.is_open("okta.session", &session.native));

    stage.close(&session).await;
    assert_eq!(stage.state(&session).await, DoorState::Closed);
    assert!(!stage.world.is_open("okta.session", &session.native));
}

#[tokio::test]
async fn a_late_log_makes_sessions_unknown_and_never_closed() {
    let stage = Stage::set().await;
    let subject = &stage.company.subject;
    let session = stage.door(subject, "okta.session").await;
    let account = stage.door(subject, "okta.account").await;
    stage.close(&account).await;
    stage.close(&session).await;
    stage.world.faults(|faults| faults.late_log = true);
    assert_eq!(stage.state(&session).await, DoorState::Unknown);
    // The order of the log is not relied on.
    stage.world.faults(|faults| {
        faults.late_log = false;
        faults.unordered = true;
    });
    assert_eq!(stage.state(&session).await, DoorState::Closed);
}

#[tokio::test]
async fn clearing_says_what_okta_would_not_do_by_itself() {
    let stage = Stage::set().await;
    let session = stage.door(&stage.company.subject, "okta.session").await;
    stage.close(&session).await;
    let call = stage
        .world
        .calls()
        .into_iter()
        .find(|call| call.starts_with("DELETE"))
        .unwrap();
    assert!(
        call.ends_with("/sessions?oauthTokens=true&forgetDevices=true"),
        "{call}"
    );
}

#[tokio::test]
async fn only_active_accounts_are_suspended_and_each_other_status_says_what_next() {
    let stage = Stage::set().await;
    let subject = stage.company.subject.okta_id.clone();
    let account = stage.door(&stage.company.subject, "okta.account").await;
    for (status, state) in [
        ("STAGED", DoorState::Unknown),
        ("PROVISIONED", DoorState::Open),
        ("LOCKED_OUT", DoorState::Open),
        ("PASSWORD_EXPIRED", DoorState::Open),
        ("RECOVERY", DoorState::Open),
        ("SOMETHING_NEW", DoorState::Unknown),
    ] {
        stage.world.set_status(&subject, status);
        let answer = stage.close(&account).await;
        let why = refused(&answer).unwrap_or_else(|| panic!("{status}: {answer:?}"));
        assert!(why.contains("only ACTIVE"), "{why}");
        assert_eq!(stage.state(&account).await, state, "{status}");
    }
    for status in ["SUSPENDED", "DEPROVISIONED"] {
        stage.world.set_status(&subject, status);
        assert!(already(&stage.close(&account).await), "{status}");
        assert_eq!(stage.state(&account).await, DoorState::Closed, "{status}");
    }
    assert!(
        !stage
            .world
            .calls()
            .iter()
            .any(|call| call.starts_with("POST")),
        "nothing was to be written"
    );
    // Nobody brings a deactivated account back by undoing.
    let undo = json!({"status": "ACTIVE"});
    let answer = stage
        .okta
        .reopen(&account, &undo, stage.cx())
        .await
        .unwrap();
    assert!(refused(&answer).unwrap().contains("DEPROVISIONED"));
}

#[tokio::test]
async fn an_account_that_was_suspended_before_us_is_not_opened_by_undoing() {
    let stage = Stage::set().await;
    stage
        .world
        .set_status(&stage.company.subject.okta_id, "SUSPENDED");
    let account = stage.door(&stage.company.subject, "okta.account").await;
    assert_eq!(stage.okta.undo(&account), None);
}

#[tokio::test]
async fn a_role_comes_back_with_its_limits_or_not_at_all() {
    let stage = Stage::set().await;
    let subject = &stage.company.subject;
    let doors = stage.inventory(subject).await.doors;
    let role = doors
        .iter()
        .find(|door| door.native.ends_with("/HELP_DESK_ADMIN"))
        .unwrap();
    let before = stage.world.role_groups(&subject.okta_id, "HELP_DESK_ADMIN");
    assert_eq!(before.len(), 5);
    let undo = stage.okta.undo(role).unwrap();
    assert!(accepted(&stage.close(role).await));

    stage.world.faults(|faults| faults.no_targets = true);
    let answer = stage.okta.reopen(role, &undo, stage.cx()).await.unwrap();
    assert!(
        refused(&answer).unwrap().contains("taken away again"),
        "{answer:?}"
    );
    assert!(
        !stage.world.is_open("okta.admin_role", &role.native),
        "a larger role than before was left"
    );

    stage.world.faults(|faults| faults.no_targets = false);
    assert!(accepted(
        &stage.okta.reopen(role, &undo, stage.cx()).await.unwrap()
    ));
    assert_eq!(
        stage.world.role_groups(&subject.okta_id, "HELP_DESK_ADMIN"),
        before
    );
}

#[tokio::test]
async fn a_role_whose_limits_were_not_saved_stays() {
    let stage = Stage::set().await;
    let mut role = stage.door(&stage.company.subject, "okta.admin_role").await;
    role.detail["targets_complete"] = Value::Bool(false);
    assert_eq!(stage.okta.undo(&role), None);
    assert!(
        refused(&stage.close(&role).await)
            .unwrap()
            .contains("could not be saved")
    );
    assert!(stage.world.is_open("okta.admin_role", &role.native));
}

#[tokio::test]
async fn what_a_group_or_a_factor_gives_is_as_closed_as_the_account() {
    let stage = Stage::set().await;
    let subject = &stage.company.subject;
    let doors = stage.inventory(subject).await.doors;
    let account = doors
        .iter()
        .find(|door| door.kind == "okta.account")
        .unwrap();
    let through: Vec<_> = doors
        .iter()
        .filter(|door| matches!(door.kind.as_str(), "okta.group_role" | "okta.factor"))
        .collect();
    assert_eq!(through.len(), 3);
    for door in &through {
        assert!(refused(&stage.close(door).await).is_some());
        assert_eq!(stage.state(door).await, DoorState::Open);
    }
    stage.close(account).await;
    for door in through {
        assert_eq!(stage.state(door).await, DoorState::Closed);
        assert!(!stage.world.is_open(&door.kind, &door.native));
    }
}

#[tokio::test]
async fn our_own_token_and_the_protected_are_left_alone() {
    let stage = Stage::set().await;
    let Company {
        guardian, subject, ..
    } = &stage.company;
    let before = stage.world.fingerprint(&guardian.okta_id);
    let doors = stage.inventory(guardian).await.doors;
    assert!(doors.iter().any(|door| door.kind == "okta.api_token"));
    for door in &doors {
        assert!(door.protected.is_some(), "{}", door.kind);
        assert!(refused(&stage.close(door).await).is_some(), "{}", door.kind);
    }
    // A door that claims our token for the subject, or names it by its alias.
    let ours = doors
        .iter()
        .find(|door| door.kind == "okta.api_token")
        .unwrap();
    let mut forged = stage.door(subject, "okta.api_token").await;
    forged.native.clone_from(&ours.native);
    assert!(
        refused(&stage.close(&forged).await)
            .unwrap()
            .contains("does not belong")
    );
    forged.native = "current".to_owned();
    assert!(stage.okta.close(&forged, stage.cx()).await.is_err());
    // A door of the guardian whose mark was lost.
    let mut unmarked = ours.clone();
    unmarked.protected = None;
    assert!(
        refused(&stage.close(&unmarked).await)
            .unwrap()
            .contains("credential that Cordon uses")
    );
    assert_eq!(stage.world.fingerprint(&guardian.okta_id), before);
}

#[tokio::test]
async fn a_native_id_cannot_bend_the_address_of_a_call() {
    let stage = Stage::set().await;
    let door = stage.door(&stage.company.subject, "okta.grant").await;
    for native in [
        "..".to_owned(),
        format!("{}/..", door.account),
        format!("{}/../lifecycle/deactivate", door.account),
        format!("{}/", door.account),
        format!("{}/a%2Fb", door.account),
        format!("{}/{}", stage.company.lookalike.okta_id, "oag00001"),
        "me".to_owned(),
    ] {
        let mut bent = door.clone();
        bent.native.clone_from(&native);
        assert!(
            stage.okta.close(&bent, stage.cx()).await.is_err(),
            "{native}"
        );
        for kind in [
            "okta.session",
            "okta.account",
            "okta.device",
            "okta.api_token",
        ] {
            bent.kind = kind.to_owned();
            if !native.starts_with("00u") {
                assert!(
                    stage.okta.close(&bent, stage.cx()).await.is_err(),
                    "{kind} {native}"
                );
            }
        }
    }
    assert!(
        stage
            .world
            .calls()
            .iter()
            .all(|call| call.starts_with("GET"))
    );
}

#[tokio::test]
async fn a_shared_device_is_protected_because_a_colleague_uses_it() {
    let stage = Stage::set().await;
    let doors = stage.inventory(&stage.company.subject).await.doors;
    let shared: Vec<_> = doors
        .iter()
        .filter(|door| door.kind == "okta.device" && door.protected.is_some())
        .collect();
    assert_eq!(shared.len(), 1);
    assert!(
        shared[0]
            .protected
            .as_deref()
            .unwrap()
            .contains("another account")
    );
    assert!(refused(&stage.close(shared[0]).await).is_some());
    assert!(stage.world.is_open("okta.device", &shared[0].native));
}

#[tokio::test]
async fn a_busy_organization_is_waited_for_and_nothing_is_done_twice() {
    let stage = Stage::set().await;
    let account = stage.door(&stage.company.subject, "okta.account").await;
    stage.world.faults(|faults| faults.throttle = 2);
    assert!(accepted(&stage.close(&account).await));
    let done = stage
        .world
        .calls()
        .iter()
        .filter(|call| call.ends_with("/suspend"))
        .count();
    assert_eq!(
        done, 1,
        "the suspension left once: the reads before it waited"
    );
    // More than the policy waits for: refused, with the reason, and the door as it was.
    let session = stage.door(&stage.company.subject, "okta.session").await;
    stage.world.faults(|faults| faults.throttle = 100);
    let answer = stage.close(&session).await;
    assert!(
        matches!(&answer, Closing::Refused { why, .. } if why.contains("429")),
        "{answer:?}"
    );
}
