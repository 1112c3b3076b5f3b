//! Crashes: at every line of the log, and in the middle of a run. Nothing observed done is repeated.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordon::case::event::{Entry, Event};
use cordon::case::log::CaseLog;
use cordon::case::state::RunPhase;
use cordon::door::{Door, DoorState};
use cordon::plan::Step;
use cordon::provider::Closing;
use cordon::run::{End, Options, Run};
use cordon::store::{CaseStore, Commit, Head};

use crate::engine::{
    Close, Rig, calm, close, door, draft, gate, kind, operator, result, snapshot, verify, wait,
};

fn doors() -> [Door; 4] {
    [
        door("alpha", "account", "a"),
        door("alpha", "session", "b"),
        door("beta", "account", "c"),
        door("beta", "key", "d"),
    ]
}

fn steps(doors: &[Door]) -> Vec<Step> {
    vec![
        snapshot("trail", "alpha.git", &[]),
        gate("gate", 1, &["trail"]),
        close("close/a", &doors[0], &["gate"]),
        close("close/b", &doors[1], &["gate"]),
        close("close/c", &doors[2], &["gate"]),
        close("close/d", &doors[3], &["gate", "close/c"]),
        wait("pause", 5, &["close/a", "close/b", "close/c", "close/d"]),
        verify("verify", &["pause"]),
        draft("draft", &["verify"]),
    ]
}

/// A run to its end, with late and unclear answers on the way.
async fn finished() -> Rig {
    let doors = doors();
    let rig = Rig::new(&doors).await;
    rig.sim("alpha").script("b", &[Close::LostAnswer]);
    rig.sim("beta")
        .script("c", &[Close::Late(Duration::from_secs(3))]);
    rig.sim("beta")
        .script("d", &[Close::LostCall, Close::Works]);
    rig.plan(steps(&doors)).await;
    rig.go().await;
    rig.approve("gate", "ana").await.unwrap();
    assert_eq!(rig.go().await.end, End::Finished);
    rig
}

/// The first `count` lines of a log, as a case of their own.
async fn cut(rig: &Rig, lines: &[Vec<u8>], count: usize) -> (tempfile::TempDir, Arc<CaseLog>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("case");
    let store = CaseStore::create(&path).unwrap();
    let commit = Commit {
        expected: Head::EMPTY,
        lines: lines[..count].to_vec(),
        blobs: Vec::new(),
    };
    store.commit(commit).unwrap().durable().await.unwrap();
    drop(store);
    (dir, crate::engine::open(&path, &rig.clock))
}

/// What the world knows when the log says this much: every call that left may have been carried out
/// or not, and those whose answer is recorded were.
struct Past {
    intended: BTreeMap<String, u32>,
    /// Accepted or proven, as the log says.
    settled: Vec<String>,
}

fn past(entries: &[Entry], doors: &[Door]) -> Past {
    let native = |id: &cordon::id::DoorId| {
        let door = doors.iter().find(|door| door.id == *id).unwrap();
        door.native.clone()
    };
    let mut past = Past {
        intended: BTreeMap::new(),
        settled: Vec::new(),
    };
    for entry in entries {
        match &entry.event {
            Event::StepIntended {
                door: Some(door), ..
            } => {
                *past.intended.entry(native(door)).or_default() += 1;
            }
            Event::DoorProbed {
                door,
                state: DoorState::Closed,
                ..
            } => past.settled.push(native(door)),
            Event::StepActed {
                door: Some(door),
                closing: Some(Closing::Accepted { .. }),
                ..
            } => past.settled.push(native(door)),
            _ => {}
        }
    }
    past
}

#[tokio::test(start_paused = true)]
async fn a_log_cut_at_any_line_is_taken_up_to_the_same_end() {
    let doors = doors();
    let original = finished().await;
    let lines = original.log.store().lines(0).unwrap();
    let entries = original.log.entries().unwrap();
    let first = entries
        .iter()
        .position(|entry| kind(&entry.event) == "plan.made")
        .unwrap()
        + 1;
    let expected = original.log.read(|state| {
        (
            state
                .steps
                .keys()
                .map(|step| result(state, step))
                .collect::<Vec<_>>(),
            state.door_counts(),
        )
    });
    for count in first..=lines.len() {
        for carried_out in [true, false] {
            let (dir, log) = cut(&original, &lines, count).await;
            let past = past(&entries[..count], &doors);
            let rig = Rig::new(&[]).await;
            for door in &doors {
                let sim = rig.sim(&door.provider);
                let begun = past.intended.contains_key(&door.native);
                if past.settled.contains(&door.native) || (begun && carried_out) {
                    let now = tokio::time::Instant::now();
                    sim.with(|world| world.closed.insert(door.native.clone(), now));
                }
            }
            let entries = &entries[..count];
            let drafted = entries.iter().any(
                |entry| matches!(&entry.event, Event::StepIntended { step, .. } if step == "draft"),
            );
            *rig.count.done.lock().unwrap() =
                u32::from(drafted && (carried_out || !rig_draft_open(entries)));
            let place = format!(
                "cut after line {count} ({}), carried out: {carried_out}",
                kind(&entries[count - 1].event)
            );

            let run = rig.run_on(Arc::clone(&log));
            let options = Options {
                reopen_gates: true,
                ..Options::default()
            };
            let mut report = calm(&log, run.execute(&operator(), &options))
                .await
                .expect(&place);
            if let End::Waiting(waiting) = &report.end {
                let gate = &waiting.gates[0];
                let signed = cordon::case::event::Signed {
                    text: cordon::run::gate::decision_text(
                        log.case(),
                        "gate",
                        gate.plan,
                        cordon::run::gate::Decision::Approve,
                    ),
                    signature: "good".to_owned(),
                    person: "ana".to_owned(),
                };
                let event = Event::GateApproved {
                    step: "gate".to_owned(),
                    plan: gate.plan,
                    signed,
                };
                calm(&log, log.append(&operator(), vec![event]))
                    .await
                    .expect(&place);
                report = calm(&log, run.execute(&operator(), &options))
                    .await
                    .expect(&place);
            }

            let end = if count == lines.len() {
                End::AlreadyFinished
            } else {
                End::Finished
            };
            assert_eq!(report.end, end, "{place}");
            let actual = log.read(|state| {
                (
                    state
                        .steps
                        .keys()
                        .map(|step| result(state, step))
                        .collect::<Vec<_>>(),
                    state.door_counts(),
                )
            });
            assert_eq!(actual, expected, "{place}");
            for door in &doors {
                let calls = rig
                    .sim(&door.provider)
                    .count(&format!("close {}", door.native));
                let begun = past.intended.contains_key(&door.native);
                let repeats = past.settled.contains(&door.native) || (begun && carried_out);
                assert_eq!(
                    calls,
                    usize::from(!repeats),
                    "{place}: door {}",
                    door.native
                );
            }
            assert_eq!(
                *rig.count.acted.lock().unwrap(),
                u32::from(!drafted || (!carried_out && rig_draft_open(entries))),
                "{place}"
            );
            log.read(|state| {
                assert!(
                    state.steps.values().all(|record| record.in_doubt.is_none()),
                    "{place}"
                )
            });
            drop((run, log, dir));
        }
    }
}

/// Whether the draft had been intended without an answer on record.
fn rig_draft_open(entries: &[Entry]) -> bool {
    !entries.iter().any(|entry| matches!(&entry.event, Event::StepActed { step, .. } | Event::StepEnded { step, .. } if step == "draft"))
}

/// Ends a run by dropping it right after the entry with that number became durable.
async fn crash_after(rig: &Rig, run: &Run, entry: usize) -> bool {
    rig.seen.entries.lock().unwrap().clear();
    *rig.seen.crash_after.lock().unwrap() = Some(entry);
    let by = operator();
    let options = Options::default();
    let work = async {
        tokio::select! {
            biased;
            () = rig.seen.crash.notified() => true,
            report = run.execute(&by, &options) => { report.unwrap(); false }
        }
    };
    let crashed = calm(&rig.log, work).await;
    *rig.seen.crash_after.lock().unwrap() = None;
    crashed
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_again_and_again_closes_every_door_once() {
    for stride in 4..12 {
        let doors = doors();
        let mut rig = Rig::new(&doors).await;
        for name in ["alpha", "beta"] {
            rig.sim(name)
                .with(|world| world.latency = Duration::from_millis(100));
        }
        rig.plan(steps(&doors)).await;
        rig.go().await;
        rig.approve("gate", "ana").await.unwrap();
        let mut deaths = 0;
        while {
            let run = rig.run();
            let died = crash_after(&rig, &run, stride + (deaths * 5) % 13).await;
            drop(run);
            died
        } {
            deaths += 1;
            assert!(
                deaths < 100,
                "no progress with stride {stride}: {:?}",
                rig.kinds()
            );
            // Calls that left before the crash may still arrive.
            rig = rig.reopen();
        }
        let folded = rig
            .log
            .read(|state| (state.run, state.door_counts()[&DoorState::Closed]));
        assert_eq!(folded, (RunPhase::Ended, 4), "stride {stride}");
        assert!(stride > 8 || deaths > 2, "{deaths}");
        for door in &doors {
            let calls = rig.sim(&door.provider).with(|world| world.calls.clone());
            let close = format!("close {}", door.native);
            let probe = format!("probe {}", door.native);
            let own: Vec<_> = calls
                .iter()
                .filter(|call| **call == close || **call == probe)
                .collect();
            for pair in own.windows(2) {
                assert!(
                    *pair[0] != close || *pair[1] == probe,
                    "stride {stride}: {own:?}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_door_that_was_opened_again_by_a_person_is_not_closed_by_a_resume() {
    let door = door("alpha", "account", "a");
    let rig = Rig::new(&[door.clone()]).await;
    rig.sim("alpha")
        .script("a", &[Close::Late(Duration::from_secs(600))]);
    rig.plan(vec![close("close/a", &door, &[])]).await;
    let run = rig.run();
    assert!(crash_after(&rig, &run, 3).await);
    let ends = calm(
        &rig.log,
        cordon::run::undo(&rig.log, &run.providers, &run.witness, &operator(), None),
    )
    .await
    .unwrap();
    assert_eq!(ends, [(door.id.clone(), cordon::run::Undone::Open)]);
    let report = rig.go().await;
    assert_eq!(report.end, End::Finished);
    assert_eq!(rig.result("close/a"), "skipped");
    assert_eq!(rig.state(&door), DoorState::Open);
    assert_eq!(rig.sim("alpha").count("close"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_held_case_still_learns_what_was_under_way() {
    let door = door("alpha", "account", "a");
    let rig = Rig::new(&[door.clone()]).await;
    rig.plan(vec![
        close("close/a", &door, &[]),
        draft("after", &["close/a"]),
    ])
    .await;
    let run = rig.run();
    assert!(crash_after(&rig, &run, 2).await, "after the intent");
    drop(run);
    rig.append(Event::CaseHeld {
        reason: "wait".to_owned(),
    })
    .await
    .unwrap();
    let rig = rig.reopen();
    assert!(
        rig.log
            .read(|state| state.steps["close/a"].in_doubt.is_some())
    );
    rig.sim("alpha").with(|world| {
        world
            .closed
            .insert("a".to_owned(), tokio::time::Instant::now())
    });
    assert_eq!(rig.go().await.end, End::Held);
    assert_eq!((rig.result("close/a"), rig.result("after")), ("done", "-"));
}
