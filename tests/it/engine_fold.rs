//! The fold: any prefix of a legal log folds, nothing panics, and what cannot follow is refused.

use std::time::Duration;

use cordon::canon::canonical;
use cordon::case::event::{Actor, Entry, Event, FORMAT, Outcome};
use cordon::case::log::{fold, line_hash};
use cordon::case::state::CaseState;
use cordon::door::{DoorState, Probe};
use cordon::provider::Closing;
use cordon::time::Timestamp;
use proptest::prelude::*;

use crate::engine::{Close, Rig, close, door, draft, gate, proof, snapshot, verify};

/// Events of a real run, undone and noted, in order.
fn legal() -> Vec<Event> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let doors = [door("alpha", "account", "a"), door("beta", "session", "b")];
        let rig = Rig::new(&doors).await;
        rig.sim("beta")
            .script("b", &[Close::LostCall, Close::Late(Duration::from_secs(2))]);
        rig.plan(vec![
            snapshot("trail", "alpha.git", &[]),
            gate("gate", 1, &[]),
            close("close/a", &doors[0], &["gate"]),
            close("close/b", &doors[1], &["gate"]),
            verify("verify", &["close/a", "close/b"]),
            draft("draft", &[]),
        ])
        .await;
        rig.go().await;
        rig.approve("gate", "ana").await.unwrap();
        rig.go().await;
        let run = rig.run();
        let by = crate::engine::operator();
        let undone = cordon::run::undo(
            &rig.log,
            &run.providers,
            &run.witness,
            &by,
            None,
            &cordon::run::Quiet,
            tokio::sync::watch::channel(false).1,
        );
        crate::engine::calm(&rig.log, undone).await.unwrap();
        rig.log
            .entries()
            .unwrap()
            .into_iter()
            .map(|entry| entry.event)
            .collect()
    })
}

/// The events as sealed lines.
fn seal(events: &[Event]) -> Vec<Vec<u8>> {
    let case = cordon::id::CaseId::of(&["case"]);
    let mut prev = cordon::canon::Digest::ZERO;
    let mut lines = Vec::new();
    for (seq, event) in (0..).zip(events) {
        let entry = entry(&case, seq, prev, event.clone());
        let line = canonical(&entry).unwrap();
        prev = line_hash(&line);
        lines.push(line);
    }
    lines
}

fn entry(case: &cordon::id::CaseId, seq: u64, prev: cordon::canon::Digest, event: Event) -> Entry {
    Entry {
        v: FORMAT,
        case: case.clone(),
        seq,
        prev,
        at: "2027-03-13T02:00:00Z".parse().unwrap(),
        by: Actor::Engine,
        event,
    }
}

/// Folds what is legal of `events` and leaves the rest out; the state must stay sound throughout.
fn fold_legal(events: &[Event]) -> usize {
    let case = cordon::id::CaseId::of(&["case"]);
    let mut state = CaseState::default();
    let mut taken = 0;
    for (seq, event) in (0..).zip(events) {
        let entry = entry(&case, seq, cordon::canon::Digest::ZERO, event.clone());
        let lines = state.lines;
        if state.check(&entry).is_err() {
            assert_eq!(state.lines, lines, "a refusal changes nothing");
            continue;
        }
        state.apply(&entry);
        taken += 1;
        sound(&state);
    }
    taken
}

/// What holds in every state that a log can reach.
fn sound(state: &CaseState) {
    for record in state.doors.values() {
        if record.state == DoorState::Closed {
            let probe = record.probe.as_ref().expect("closed by a probe");
            assert_eq!(probe.state, DoorState::Closed);
            assert!(!probe.evidence.is_empty());
        }
        assert!(!(record.touched && record.door.protected.is_some()));
    }
    for (id, record) in &state.steps {
        if let Some(Outcome::Done { asked, proven, .. }) = &record.outcome {
            assert!(*asked > 0 && asked == proven, "{id}");
            assert!(record.in_doubt.is_none(), "{id}");
        }
        let step = state.planned(id).expect("a step of the plan");
        if record.attempts > 0 {
            for need in &step.needs {
                assert!(
                    state.steps[need].outcome.is_some(),
                    "{id} began before {need}"
                );
                assert!(
                    state.gates.get(need).is_none_or(|gate| gate.passed),
                    "{id} began at a shut gate"
                );
            }
        }
    }
}

#[test]
fn every_prefix_of_a_legal_log_folds() {
    let events = legal();
    let lines = seal(&events);
    for count in 0..=lines.len() {
        let folded = fold(&lines[..count]).unwrap();
        assert_eq!(folded.head.lines, count as u64);
        assert_eq!(folded.state.lines, count as u64);
        sound(&folded.state);
    }
}

#[test]
fn a_line_that_was_changed_moved_or_left_out_is_found() {
    let events = legal();
    let lines = seal(&events);
    for at in 1..lines.len() {
        let mut without = lines.clone();
        without.remove(at - 1);
        assert_eq!(fold(&without).unwrap_err().code(), "log-damaged");
        let mut swapped = lines.clone();
        swapped.swap(at - 1, at);
        assert_eq!(fold(&swapped).unwrap_err().code(), "log-damaged");
        let mut flipped = lines.clone();
        let text = String::from_utf8(flipped[at - 1].clone()).unwrap();
        flipped[at - 1] = text.replacen("02:00:00Z", "02:00:01Z", 1).into_bytes();
        assert_eq!(fold(&flipped).unwrap_err().code(), "log-damaged");
    }
}

#[test]
fn a_field_that_was_added_later_does_not_damage_an_older_line() {
    let events = legal();
    let page = events
        .iter()
        .position(|event| matches!(event, Event::TrailPage { .. }))
        .unwrap();
    let lines = seal(&events[..=page]);
    let mut value: serde_json::Value = serde_json::from_slice(&lines[page]).unwrap();
    let body = value["event"]["body"].as_object_mut().unwrap();
    assert!(body.remove("duplicates").is_some());
    let older = canonical(&value).unwrap();
    let lines = [&lines[..page], &[older]].concat();
    assert_eq!(fold(&lines).unwrap().state.pulling.len(), 1);
}

#[test]
fn a_step_cannot_jump_its_gate_its_needs_or_its_inverse() {
    let mut events = legal();
    let passed = events
        .iter()
        .position(|event| matches!(event, Event::GatePassed { .. }))
        .unwrap();
    events.truncate(passed);
    let state = fold(&seal(&events)).unwrap().state;
    let refused = |event: Event| {
        let case = cordon::id::CaseId::of(&["case"]);
        let entry = entry(&case, state.lines, cordon::canon::Digest::ZERO, event);
        state.check(&entry).unwrap_err().what().to_owned()
    };
    let intent = |step: &str, attempt| Event::StepIntended {
        step: step.to_owned(),
        attempt,
        door: Some(door("alpha", "account", "a").id),
        undo: None,
    };
    assert!(refused(intent("close/a", 1)).contains("has not ended"));
    assert!(refused(intent("nothing", 1)).contains("no such step"));
    assert!(
        refused(Event::StepActed {
            step: "close/a".to_owned(),
            attempt: 1,
            door: None,
            closing: None,
            note: String::new(),
        })
        .contains("no intent")
    );
    let done = |step: &str| Event::StepEnded {
        step: step.to_owned(),
        outcome: crate::engine::done(1, 1),
    };
    assert!(refused(done("close/a")).contains("no probe proved"));
    assert!(refused(done("gate")).contains("not passed"));
    assert!(
        refused(Event::RunEnded {
            plan: state.plan.as_ref().unwrap().1
        })
        .contains("have not ended")
    );
}

fn noise() -> impl Strategy<Value = Event> {
    let step = prop::sample::select(vec![
        "trail", "gate", "close/a", "close/b", "verify", "draft", "nothing",
    ]);
    let native = prop::sample::select(vec![
        ("alpha", "account", "a"),
        ("beta", "session", "b"),
        ("beta", "key", "ghost"),
    ]);
    let state = prop::sample::select(vec![
        DoorState::Open,
        DoorState::Closing,
        DoorState::Closed,
        DoorState::Unknown,
    ]);
    (step, native, state, 0u32..4, any::<bool>(), 0u8..9).prop_map(
        |(step, (provider, kind, native), state, number, flag, which)| {
            let (step, door) = (step.to_owned(), door(provider, kind, native).id);
            let closing = Closing::Accepted { evidence: proof() };
            match which {
                0 => Event::StepIntended {
                    step,
                    attempt: number,
                    door: flag.then_some(door),
                    undo: flag.then(|| serde_json::json!({})),
                },
                1 => Event::StepActed {
                    step,
                    attempt: number,
                    door: flag.then_some(door),
                    closing: Some(closing),
                    note: String::new(),
                },
                2 => Event::StepEnded {
                    step,
                    outcome: Outcome::Done {
                        asked: number,
                        proven: u32::from(flag),
                        note: String::new(),
                    },
                },
                3 => Event::StepEnded {
                    step,
                    outcome: Outcome::Unknown { why: String::new() },
                },
                4 => Event::DoorProbed {
                    door,
                    state,
                    probe: Probe {
                        state,
                        why: String::new(),
                        evidence: if flag { vec![proof()] } else { Vec::new() },
                        residual_until: None,
                    },
                },
                5 => Event::GatePassed { step },
                6 => Event::GateExpired { step },
                7 if flag => Event::UndoIntended { door },
                7 => Event::UndoActed { door, closing },
                _ if flag => Event::CaseHeld {
                    reason: String::new(),
                },
                _ => Event::TimerSet {
                    step,
                    due: Timestamp::UNIX_EPOCH,
                },
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A legal log with noise put in, lines left out, repeated and swapped: whatever the fold takes
    /// of it, the state stays sound.
    #[test]
    fn no_order_of_events_makes_an_unsound_state(
        noise in prop::collection::vec((noise(), 0usize..60), 0..80),
        dropped in prop::collection::vec(0usize..60, 0..6),
        swaps in prop::collection::vec((0usize..60, 0usize..60), 0..6),
    ) {
        thread_local!(static LEGAL: Vec<Event> = legal());
        let mut events = LEGAL.with(Clone::clone);
        for at in dropped {
            if at < events.len() {
                events.remove(at);
            }
        }
        for (a, b) in swaps {
            if a.max(b) < events.len() {
                events.swap(a, b);
            }
        }
        for (event, at) in noise {
            let at = at.min(events.len());
            events.insert(at, event);
        }
        fold_legal(&events);
    }
}

#[test]
fn the_legal_log_is_taken_whole() {
    let events = legal();
    assert_eq!(fold_legal(&events), events.len());
    assert!(events.len() > 30);
}
