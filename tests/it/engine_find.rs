//! Undo, inventory and resolution.

use std::sync::Arc;
use std::time::Duration;

use cordon::case::event::Event;
use cordon::door::{Door, DoorState};
use cordon::id::{DoorId, EvidenceId};
use cordon::provider::{Account, Candidate, Completeness, Confidence, Inventory, Reason};
use cordon::run::{Resolved, Undone, inventory, resolve, undo, verify};

use crate::engine::{Close, Rig, account, calm, close, door, ids, kind, operator, proof};

async fn closed(doors: &[Door]) -> Rig {
    let rig = Rig::new(doors).await;
    let steps = doors.iter().enumerate();
    let mut steps: Vec<_> = steps
        .map(|(n, door)| {
            let gate = if door.kind.ends_with("key") {
                "for-good"
            } else {
                "gate"
            };
            close(&format!("close/{n}"), door, &[gate])
        })
        .collect();
    steps.insert(0, crate::engine::gate("gate", 1, &[]));
    steps.insert(1, crate::engine::gate("for-good", 2, &[]));
    for pair in 3..steps.len() {
        let before = steps[pair - 1].id.clone();
        steps[pair].needs.push(before);
    }
    rig.plan(steps).await;
    rig.go().await;
    rig.approve("gate", "ana").await.unwrap();
    rig.approve("for-good", "ana").await.unwrap();
    rig.approve("for-good", "ben").await.unwrap();
    rig.go().await;
    for door in doors {
        assert_eq!(rig.state(door), DoorState::Closed);
    }
    rig
}

async fn undo_all(rig: &Rig, chosen: Option<&[DoorId]>) -> Vec<(DoorId, Undone)> {
    let (run, by) = (rig.run(), operator());
    calm(
        &rig.log,
        undo(
            &rig.log,
            &run.providers,
            &run.witness,
            &by,
            chosen,
            &cordon::run::Quiet,
            tokio::sync::watch::channel(false).1,
        ),
    )
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn undo_goes_backwards_and_says_what_it_cannot() {
    let doors = [
        door("alpha", "account", "a"),
        door("beta", "account", "b"),
        door("alpha", "key", "gone"),
        door("beta", "account", "c"),
    ];
    let rig = closed(&doors).await;
    let ends = undo_all(&rig, None).await;
    let [a, b, gone, c] = doors.each_ref().map(|door| door.id.clone());
    assert_eq!(
        ends[..3],
        [
            (c.clone(), Undone::Open),
            (b.clone(), Undone::Open),
            (a.clone(), Undone::Open)
        ]
    );
    assert!(
        matches!(&ends[3], (id, Undone::Impossible(why)) if *id == gone && why.contains("gone for good"))
    );
    assert_eq!(rig.state(&doors[0]), DoorState::Open);
    let reopened: Vec<_> = rig
        .log
        .entries()
        .unwrap()
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::UndoIntended { door } => Some(door),
            _ => None,
        })
        .collect();
    assert_eq!(reopened, [c, b, a]);
    // Once is enough, and each answer says so.
    assert_eq!(undo_all(&rig, None).await.len(), 1);
    let again = undo_all(&rig, Some(&ids(&doors[..1]))).await;
    assert!(matches!(&again[0].1, Undone::Impossible(why) if why.contains("before")));
    assert_eq!(rig.sim("alpha").count("reopen"), 1);
}

#[tokio::test(start_paused = true)]
async fn undo_touches_only_what_was_chosen_and_what_was_closed_here() {
    let doors = [door("alpha", "account", "a"), door("beta", "account", "b")];
    let rig = closed(&doors).await;
    let never = door("alpha", "account", "never touched");
    rig.append(Event::DoorFound(never.clone())).await.unwrap();
    let ghost = door("alpha", "account", "ghost");
    let chosen = ids(&[doors[1].clone(), never.clone(), ghost.clone()]);
    let ends = undo_all(&rig, Some(&chosen)).await;
    let end = |door: &Door| {
        ends.iter()
            .find(|(id, _)| *id == door.id)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(end(&doors[1]), Undone::Open);
    assert!(matches!(end(&never), Undone::Impossible(why) if why.contains("never closed")));
    assert!(matches!(end(&ghost), Undone::Impossible(why) if why.contains("no such door")));
    assert_eq!(rig.sim("alpha").count("reopen"), 0);
    assert_eq!(rig.state(&doors[0]), DoorState::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_unclear_undo_is_looked_at_before_it_is_repeated() {
    let cases: &[(&[Close], usize, &str)] = &[
        (&[Close::LostAnswer], 1, "open"),
        (&[Close::LostCall], 2, "open"),
        (&[Close::Panics, Close::LostCall], 3, "open"),
        (&[Close::LostCall; 3], 3, "failed"),
        (&[Close::Refuses], 1, "failed"),
        (&[Close::Nothing], 1, "unproven"),
    ];
    for (script, calls, expected) in cases {
        let door = door("alpha", "account", "a");
        let rig = closed(std::slice::from_ref(&door)).await;
        rig.sim("alpha").with(|world| world.reopens.extend(*script));
        let ends = undo_all(&rig, None).await;
        let end = match &ends[0].1 {
            Undone::Open => "open",
            Undone::Unproven(_) => "unproven",
            Undone::Failed(_) => "failed",
            other => panic!("{other:?}"),
        };
        assert_eq!(end, *expected, "{script:?}");
        assert_eq!(rig.sim("alpha").count("reopen"), *calls, "{script:?}");
        rig.log
            .read(|state| assert!(!state.doors[&door.id].undoing, "{script:?}"));
    }
}

/// Doors of a provider that is down beside those of one that answers.
async fn half_down(after: Duration) -> (Rig, Vec<Door>) {
    let mut doors: Vec<Door> = (0..12)
        .map(|n| door("alpha", "account", &format!("a{n}")))
        .collect();
    doors.insert(6, door("beta", "account", "b"));
    let rig = closed(&doors).await;
    rig.sim("alpha").with(|world| {
        world.down = Some(after);
        world.calls.clear();
    });
    (rig, doors)
}

#[tokio::test(start_paused = true)]
async fn an_undo_stops_at_a_provider_that_cannot_be_reached_and_goes_on_with_the_others() {
    for after in [Duration::from_secs(4), Duration::from_mins(10)] {
        let (rig, doors) = half_down(after).await;
        let began = tokio::time::Instant::now();
        let ends: std::collections::BTreeMap<_, _> =
            undo_all(&rig, None).await.into_iter().collect();
        assert!(
            began.elapsed() < Duration::from_mins(3),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(ends[&doors[6].id], Undone::Open);
        let (last, rest) = (doors.last().unwrap(), &doors[..12]);
        assert!(
            matches!(&ends[&last.id], Undone::Unknown(why) if why.contains("`alpha` cannot be reached")),
            "{ends:?}"
        );
        for door in rest.iter().filter(|door| door.provider == "alpha") {
            assert!(
                matches!(&ends[&door.id], Undone::Untried(why) if why.contains("could not be reached")),
                "{ends:?}"
            );
        }
        assert_eq!(rig.sim("alpha").count("reopen"), 1);
        assert_eq!(rig.sim("alpha").count("probe"), 1);
        // When it answers again, the same command opens the rest.
        rig.sim("alpha").with(|world| world.down = None);
        let ends = undo_all(&rig, None).await;
        let open = ends.iter().filter(|(_, end)| *end == Undone::Open).count();
        assert_eq!(open, 12, "{ends:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_verification_asks_a_provider_that_cannot_be_reached_once_per_slot() {
    for after in [Duration::from_secs(4), Duration::from_mins(10)] {
        let (rig, doors) = half_down(after).await;
        let run = rig.run();
        let began = tokio::time::Instant::now();
        let looks = calm(
            &rig.log,
            verify(&rig.log, &run.providers, &run.witness, None),
        );
        let looks = looks.await.unwrap();
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "{:?}",
            began.elapsed()
        );
        for look in looks {
            let expected = if look.door == doors[6].id {
                DoorState::Closed
            } else {
                DoorState::Unknown
            };
            assert_eq!(look.probe.state, expected, "{look:?}");
        }
        let slots = rig.sim("alpha").spec.in_flight;
        assert!(rig.sim("alpha").count("probe") <= slots && slots < 12);
    }
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_a_crash_interrupted_is_looked_at_first() {
    for carried_out in [true, false] {
        let door = door("alpha", "account", "a");
        let rig = closed(std::slice::from_ref(&door)).await;
        rig.append(Event::UndoIntended {
            door: door.id.clone(),
        })
        .await
        .unwrap();
        if carried_out {
            rig.sim("alpha").with(|world| world.closed.clear());
        }
        let rig = rig.reopen();
        assert_eq!(undo_all(&rig, None).await, [(door.id, Undone::Open)]);
        assert_eq!(rig.sim("alpha").count("reopen"), usize::from(!carried_out));
    }
}

#[tokio::test(start_paused = true)]
async fn an_inventory_keeps_good_doors_and_states_the_rest() {
    let rig = Rig::new(&[door("alpha", "account", "old")]).await;
    let mut wrong_id = door("alpha", "account", "x");
    wrong_id.id = DoorId::of(&["other"]);
    let mut unkept = door("alpha", "account", "y");
    unkept.evidence = EvidenceId::of(&["never kept"]);
    let mut huge = door("alpha", "account", "z");
    huge.label = "x".repeat(300_000);
    let mut foreign = door("alpha", "account", "w");
    foreign.account = "u2".to_owned();
    let found = Inventory {
        doors: vec![
            door("alpha", "account", "a"),
            door("alpha", "account", "break-glass"),
            door("alpha", "nothing", "b"),
            wrong_id,
            unkept,
            huge,
            foreign,
        ],
        completeness: vec![Completeness::default()],
    };
    rig.sim("alpha").with(|world| world.found = found);
    let other = |login: &str| Account {
        id: login.to_owned(),
        login: login.to_owned(),
        ..account("beta")
    };
    let accounts = [
        account("alpha"),
        other("hangs"),
        other("panics"),
        account("gamma"),
    ];
    let run = rig.run();
    let looked = calm(
        &rig.log,
        inventory(
            &rig.log,
            &run.providers,
            &run.witness,
            &accounts,
            Duration::from_secs(90),
        ),
    )
    .await
    .unwrap();
    assert_eq!(looked[0].doors, Ok(2));
    let why = |n: usize| looked[n].doors.clone().unwrap_err();
    assert!(why(1).contains("within 90 s"), "{}", why(1));
    assert!(why(2).contains("broke down"), "{}", why(2));
    assert!(why(3).contains("not configured"), "{}", why(3));
    rig.log.read(|state| {
        let safe = &state.doors[&door("alpha", "account", "break-glass").id].door;
        assert!(safe.protected.as_ref().unwrap().contains("protected list"));
        assert_eq!(state.doors.len(), 3);
        let gaps = &state.inventories[0].1.last().unwrap().gaps;
        assert_eq!(gaps.len(), 5, "{gaps:?}");
        assert_eq!(state.inventories[0].2, ["what it does not show"]);
        assert_eq!(state.inventory_failures.len(), 3);
    });
}

#[tokio::test(start_paused = true)]
async fn a_closed_door_that_is_found_again_is_named() {
    let door = door("alpha", "account", "a");
    let rig = closed(std::slice::from_ref(&door)).await;
    rig.sim("alpha")
        .with(|world| world.found.doors = vec![door.clone()]);
    let run = rig.run();
    let accounts = [account("alpha")];
    let looked = inventory(
        &rig.log,
        &run.providers,
        &run.witness,
        &accounts,
        Duration::from_secs(90),
    );
    let looked = calm(&rig.log, looked).await.unwrap();
    assert_eq!(looked[0].again, [door.id]);
}

#[tokio::test(start_paused = true)]
async fn a_look_outside_of_a_run_tells_what_changed() {
    let doors = [
        door("alpha", "account", "a"),
        door("alpha", "account", "b"),
        door("alpha", "account", "c"),
        door("beta", "account", "d"),
    ];
    let rig = closed(&doors).await;
    let never = door("beta", "account", "never touched");
    rig.append(Event::DoorFound(never.clone())).await.unwrap();
    rig.sim("alpha").with(|world| {
        world.closed.remove("b");
        world.latency = Duration::from_secs(1);
    });
    let mut run = rig.run();
    run.providers.remove("beta");
    let looks = verify(&rig.log, &run.providers, &run.witness, None);
    let looks = calm(&rig.log, looks).await.unwrap();
    assert_eq!(looks.len(), 4);
    for look in looks {
        let expected = if look.door == doors[1].id {
            DoorState::Open
        } else if look.door == doors[3].id {
            DoorState::Unknown
        } else {
            DoorState::Closed
        };
        assert_eq!(
            (look.before, look.probe.state),
            (DoorState::Closed, expected)
        );
        rig.log
            .read(|state| assert_eq!(state.doors[&look.door].state, expected));
    }
    assert_eq!(rig.sim("alpha").with(|world| world.busy.1), 2);
    let chosen = ids(std::slice::from_ref(&never));
    let run = rig.run();
    let looks = verify(&rig.log, &run.providers, &run.witness, Some(&chosen));
    assert_eq!(
        calm(&rig.log, looks).await.unwrap()[0].probe.state,
        DoorState::Open
    );
}

fn candidate(id: &str, confidence: Confidence, evidence: EvidenceId) -> Candidate {
    Candidate {
        account: Account {
            id: id.to_owned(),
            ..account("gamma")
        },
        reasons: vec![Reason {
            why: "because".to_owned(),
            confidence,
            evidence,
        }],
        emails: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn only_one_confirmed_account_is_chosen_without_a_person() {
    use Confidence::{Confirmed, Likely, Weak};
    let sure = |id| candidate(id, Confirmed, proof());
    let cases: Vec<(Vec<Candidate>, &str)> = vec![
        (vec![sure("1")], "chosen"),
        (vec![sure("1"), candidate("2", Weak, proof())], "chosen"),
        (vec![sure("1"), candidate("2", Likely, proof())], "ask"),
        (vec![sure("1"), sure("2")], "ask"),
        (vec![candidate("1", Likely, proof())], "ask"),
        (vec![candidate("1", Weak, proof())], "ask"),
        (
            vec![candidate("1", Confirmed, EvidenceId::of(&["never kept"]))],
            "nobody",
        ),
        (vec![], "nobody"),
    ];
    for (candidates, expected) in cases {
        let rig = Rig::with(&[], &[("alpha", 1)]).await;
        let mut run = rig.run();
        let sim = crate::engine::Sim::new("gamma", 1);
        sim.with(|world| world.candidates.clone_from(&candidates));
        run.providers.insert("gamma".to_owned(), sim);
        let resolved = resolve(
            &rig.log,
            &run.providers,
            &run.witness,
            Duration::from_secs(90),
        );
        let resolved = calm(&rig.log, resolved).await.unwrap();
        assert!(matches!(&resolved[0].1, Resolved::Known(known) if known.len() == 1));
        let word = match &resolved[1].1 {
            Resolved::Chosen(_) => "chosen",
            Resolved::Known(_) => "known",
            Resolved::Ask(_) => "ask",
            Resolved::Nobody => "nobody",
            Resolved::Failed(_) => "failed",
        };
        assert_eq!(word, expected, "{candidates:?}");
        let chosen = rig
            .log
            .read(|state| state.accounts.iter().any(|known| known.provider == "gamma"));
        assert_eq!(chosen, expected == "chosen");
        if expected == "chosen" {
            // What a person takes back stays back.
            let account = candidates[0].account.clone();
            let reason = "a namesake".to_owned();
            rig.append(Event::IdentityWithdrawn { account, reason })
                .await
                .unwrap();
            let again = resolve(
                &rig.log,
                &run.providers,
                &run.witness,
                Duration::from_secs(90),
            );
            let again = calm(&rig.log, again).await.unwrap();
            assert!(matches!(&again[1].1, Resolved::Ask(_)));
        }
    }
    let kinds = Arc::new(kind(&Event::CaseNoted {
        text: String::new(),
    }));
    assert_eq!(*kinds, "case.noted");
}
