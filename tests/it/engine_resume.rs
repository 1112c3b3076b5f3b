//! Crashes: at every line of the log, and in the middle of a run. Nothing observed done is repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cordon::case::event::{Entry, Event, Signed};
use cordon::case::log::CaseLog;
use cordon::case::state::{CaseState, RunPhase};
use cordon::door::{Door, DoorState};
use cordon::evidence::approval::Decision;
use cordon::id::DoorId;
use cordon::plan::Step;
use cordon::provider::Closing;
use cordon::run::{End, Options, Run};
use cordon::store::{CaseStore, Commit, Head};

use crate::engine::{
    Close, Rig, calm, close, decision_text, door, draft, gate, kind, operator, result, snapshot,
    verify, wait,
};

fn doors() -> [Door; 4] {
    [
        door("alpha", "account", "a"),
        door("alpha", "session", "b"),
        door("beta", "account", "c"),
        door("beta", "session", "d"),
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

/// What is known of the world when the log says this much.
#[derive(Default)]
struct Past {
    /// Doors whose close was intended.
    intended: BTreeSet<DoorId>,
    /// Doors whose close was accepted or proven.
    settled: BTreeSet<DoorId>,
    /// Whether the draft, when it was intended, was answered.
    draft: Option<bool>,
}

impl Past {
    fn is_closed(&self, door: &Door, carried_out: bool) -> bool {
        self.settled.contains(&door.id) || (carried_out && self.intended.contains(&door.id))
    }
}

fn past(entries: &[Entry]) -> Past {
    let mut past = Past::default();
    for entry in entries {
        match &entry.event {
            Event::StepIntended { step, .. } if step == "draft" => past.draft = Some(false),
            Event::StepActed { step, .. } if step == "draft" => past.draft = Some(true),
            Event::StepIntended { door, .. } => past.intended.extend(door.clone()),
            Event::DoorProbed { door, state, .. } if *state == DoorState::Closed => {
                past.settled.insert(door.clone());
            }
            Event::StepActed {
                door,
                closing: Some(Closing::Accepted { .. }),
                ..
            } => past.settled.extend(door.clone()),
            _ => {}
        }
    }
    past
}

type Ends = (Vec<&'static str>, BTreeMap<DoorState, usize>);

fn ends(log: &CaseLog) -> Ends {
    log.read(|state| {
        let steps = state.steps.keys();
        (
            steps.map(|step| result(state, step)).collect(),
            state.door_counts(),
        )
    })
}

/// A world in which the calls behind `entries` were carried out as far as is known, and those that
/// nobody knows of when `carried_out`.
async fn world(entries: &[Entry], doors: &[Door], carried_out: bool) -> (Rig, Past) {
    let past = past(entries);
    let rig = Rig::new(&[]).await;
    for door in doors
        .iter()
        .filter(|door| past.is_closed(door, carried_out))
    {
        let now = tokio::time::Instant::now();
        rig.sim(&door.provider)
            .with(|world| world.closed.insert(door.native.clone(), now));
    }
    let drafted = past.draft == Some(true) || (past.draft.is_some() && carried_out);
    *rig.count.done.lock().unwrap() = u32::from(drafted);
    (rig, past)
}

/// Runs to the end, and approves at the gate on the way.
async fn to_the_end(rig: &Rig, log: &Arc<CaseLog>) -> cordon::fault::Result<End> {
    let (run, by) = (rig.run_on(Arc::clone(log)), operator());
    let options = Options {
        reopen_gates: true,
        ..Options::default()
    };
    let report = calm(log, run.execute(&by, &options)).await?;
    let End::Waiting(waiting) = &report.end else {
        return Ok(report.end);
    };
    let plan = waiting.gates[0].plan;
    let step = "gate".to_owned();
    let signed = Signed {
        text: decision_text(log.case(), &step, plan, Decision::Approve),
        signature: "good".to_owned(),
        person: "ana".to_owned(),
    };
    let event = Event::GateApproved { step, plan, signed };
    calm(log, log.append(&by, vec![event])).await?;
    Ok(calm(log, run.execute(&by, &options)).await?.end)
}

#[tokio::test(start_paused = true)]
async fn a_log_cut_at_any_line_is_taken_up_to_the_same_end() {
    let doors = doors();
    let original = finished().await;
    let lines = original.log.store().lines(0).unwrap();
    let entries = original.log.entries().unwrap();
    let made = |entry: &Entry| kind(&entry.event) == "plan.made";
    let first = entries.iter().position(made).unwrap() + 1;
    for (count, carried_out) in (first..=lines.len()).flat_map(|n| [(n, true), (n, false)]) {
        let last = kind(&entries[count - 1].event);
        let place = format!("cut after line {count} ({last}), carried out: {carried_out}");
        let (_dir, log) = cut(&original, &lines, count).await;
        let (rig, past) = world(&entries[..count], &doors, carried_out).await;
        let end = to_the_end(&rig, &log).await.expect(&place);
        if count == lines.len() {
            assert_eq!(end, End::AlreadyFinished, "{place}");
        } else {
            assert_eq!(end, End::Finished, "{place}");
        }
        assert_eq!(ends(&log), ends(&original.log), "{place}");
        for door in &doors {
            let calls = rig
                .sim(&door.provider)
                .count(&format!("close {}", door.native));
            let expected = usize::from(!past.is_closed(door, carried_out));
            assert_eq!(calls, expected, "{place}: door {}", door.native);
        }
        let drafts = match past.draft {
            None => 1,
            Some(answered) => u32::from(!answered && !carried_out),
        };
        assert_eq!(*rig.count.acted.lock().unwrap(), drafts, "{place}");
        let doubts = |state: &CaseState| state.steps.values().any(|step| step.in_doubt.is_some());
        assert!(!log.read(doubts), "{place}");
    }
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
    let rig = Rig::new(std::slice::from_ref(&door)).await;
    rig.sim("alpha")
        .script("a", &[Close::Late(Duration::from_mins(10))]);
    rig.plan(vec![close("close/a", &door, &[])]).await;
    let run = rig.run();
    assert!(crash_after(&rig, &run, 3).await);
    let ends = calm(
        &rig.log,
        cordon::run::undo(
            &rig.log,
            &run.providers,
            &run.witness,
            &operator(),
            None,
            &cordon::run::Quiet,
            tokio::sync::watch::channel(false).1,
        ),
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
    let rig = Rig::new(std::slice::from_ref(&door)).await;
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
