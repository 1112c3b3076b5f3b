//! What a failure, a person or a hold does to the rest of a run.

use std::time::Duration;

use cordon::case::event::Event;
use cordon::fault::Kind;
use cordon::plan::{OnFailure, Step};
use cordon::run::{Answer, End, Options};

use crate::engine::{Close, Rig, close, door, draft, wait, waiting};

fn with(step: Step, on_failure: OnFailure) -> Step {
    Step { on_failure, ..step }
}

#[tokio::test(start_paused = true)]
async fn stop_starts_nothing_new_and_a_person_may_go_on() {
    let doors = [
        door("alpha", "account", "a"),
        door("alpha", "account", "b"),
        door("beta", "account", "c"),
    ];
    let rig = Rig::new(&doors).await;
    rig.sim("alpha").script("a", &[Close::Refuses]);
    rig.sim("beta")
        .script("c", &[Close::Late(Duration::from_secs(5))]);
    rig.plan(vec![
        with(close("close/a", &doors[0], &[]), OnFailure::Stop),
        close("close/c", &doors[2], &[]),
        wait("day", 86_400, &["close/a"]),
        close("close/b", &doors[1], &["day"]),
    ])
    .await;
    let report = rig.go().await;
    assert!(matches!(&report.end, End::Stopped { step, .. } if step == "close/a"));
    assert_eq!(report.kind(), Some(Kind::Failed));
    assert_eq!(
        rig.result("close/c"),
        "done",
        "what was under way is recorded"
    );
    assert_eq!(rig.result("close/b"), "-");
    assert_eq!(rig.sim("alpha").count("close b"), 0);
    assert_eq!(rig.kinds().last().unwrap(), "run.cancelled");
    // A person resumes: that is the choice to go on, and it holds for every later resume.
    let rig = rig.reopen();
    for _ in 0..2 {
        let report = rig.go().await;
        assert!(matches!(report.end, End::Waiting(_)), "{:?}", report.end);
    }
    tokio::time::sleep(Duration::from_hours(25)).await;
    assert_eq!(rig.go().await.end, End::Finished);
    assert_eq!(rig.result("close/b"), "done");
    assert_eq!(rig.sim("alpha").count("close a"), 1);
}

#[tokio::test(start_paused = true)]
async fn ask_waits_for_a_person() {
    for answer in [Answer::GoOn, Answer::Retry] {
        let doors = [
            door("alpha", "account", "a"),
            door("alpha", "account", "b"),
            door("beta", "account", "c"),
        ];
        let rig = Rig::new(&doors).await;
        rig.sim("alpha")
            .script("a", &[Close::Nothing, Close::Works]);
        rig.plan(vec![
            with(close("close/a", &doors[0], &[]), OnFailure::Ask),
            close("close/b", &doors[1], &["close/a"]),
            close("close/c", &doors[2], &[]),
        ])
        .await;
        for _ in 0..2 {
            let report = rig.go().await;
            assert_eq!(waiting(&report).asks[0].step, "close/a");
            assert!(waiting(&report).asks[0].why.contains("still works"));
            assert_eq!(report.kind(), Some(Kind::Waiting));
            assert_eq!(
                (
                    rig.result("close/a"),
                    rig.result("close/b"),
                    rig.result("close/c")
                ),
                ("-", "-", "done")
            );
            assert_eq!(
                rig.sim("alpha").count("close"),
                1,
                "not repeated without an answer"
            );
        }
        let rig = rig.reopen();
        let mut options = Options::default();
        options.answers.insert("close/a".to_owned(), answer);
        let report = rig.go_with(&options).await;
        assert_eq!(report.end, End::Finished);
        assert_eq!(rig.result("close/b"), "done");
        let (result, closes) = match answer {
            Answer::GoOn => ("failed", 1),
            Answer::Retry => ("done", 2),
        };
        assert_eq!(rig.result("close/a"), result);
        assert_eq!(rig.sim("alpha").count("close a"), closes);
        assert!(
            rig.kinds().contains(&"case.noted".to_owned()),
            "the answer is on record"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn ask_works_for_deeds_too() {
    let rig = Rig::new(&[]).await;
    rig.count.acts.lock().unwrap().extend([Close::LostCall; 3]);
    rig.plan(vec![
        with(draft("draft", &[]), OnFailure::Ask),
        draft("after", &["draft"]),
    ])
    .await;
    for _ in 0..2 {
        assert_eq!(waiting(&rig.go().await).asks.len(), 1);
        assert_eq!(*rig.count.acted.lock().unwrap(), 3);
    }
    let mut options = Options::default();
    options.answers.insert("draft".to_owned(), Answer::Retry);
    assert_eq!(rig.go_with(&options).await.end, End::Finished);
    assert_eq!((rig.result("draft"), rig.result("after")), ("done", "done"));
}

#[tokio::test(start_paused = true)]
async fn cancelling_finishes_what_is_under_way_and_begins_nothing() {
    let doors: Vec<_> = ["a", "b", "c", "d", "e"]
        .iter()
        .map(|native| door("alpha", "account", native))
        .collect();
    let rig = Rig::new(&doors).await;
    rig.sim("alpha")
        .with(|world| world.latency = Duration::from_secs(2));
    rig.sim("alpha")
        .script("b", &[Close::Late(Duration::from_secs(15))]);
    let steps = doors
        .iter()
        .map(|door| close(&format!("close/{}", door.native), door, &[]));
    rig.plan(steps.collect()).await;
    let stop = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        rig.cancel.send_replace(true);
    };
    let (report, ()) = tokio::join!(rig.go(), stop);
    assert_eq!(report.end, End::Cancelled);
    assert_eq!(rig.sim("alpha").count("close"), 2, "two slots, two calls");
    assert_eq!(
        rig.result("close/a"),
        "done",
        "its answer is recorded and proven"
    );
    assert_eq!(rig.result("close/b"), "-", "nobody waits for a slow proof");
    assert_eq!(rig.kinds().last().unwrap(), "run.cancelled");
    rig.cancel.send_replace(false);
    let report = rig.reopen_and_go().await;
    assert_eq!(report.end, End::Finished);
}

impl Rig {
    async fn reopen_and_go(self) -> cordon::run::Report {
        let rig = self.reopen();
        let report = rig.go().await;
        assert_eq!(
            rig.sim("alpha").count("close"),
            5,
            "each door was closed once"
        );
        report
    }
}

#[tokio::test(start_paused = true)]
async fn a_held_case_begins_nothing_and_records_what_was_begun() {
    let doors: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|native| door("alpha", "account", native))
        .collect();
    let rig = Rig::with(&doors, &[("alpha", 1)]).await;
    rig.sim("alpha")
        .with(|world| world.latency = Duration::from_secs(2));
    let steps = doors
        .iter()
        .map(|door| close(&format!("close/{}", door.native), door, &[]));
    rig.plan(steps.collect()).await;
    let hold = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        rig.append(Event::CaseHeld {
            reason: "wrong person?".to_owned(),
        })
        .await
        .unwrap();
    };
    let (report, ()) = tokio::join!(rig.go(), hold);
    assert_eq!(report.end, End::Held);
    assert_eq!(report.kind(), Some(Kind::Waiting));
    assert_eq!(rig.result("close/a"), "done");
    assert_eq!(rig.sim("alpha").count("close"), 1);
    assert_eq!(rig.go().await.end, End::Held);
    assert_eq!(rig.sim("alpha").count("close"), 1);
    // Told to wait, it goes on when the case is released.
    let release = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        rig.append(Event::CaseReleased {
            reason: "right person".to_owned(),
        })
        .await
        .unwrap();
    };
    let options = Options {
        wait: true,
        ..Options::default()
    };
    let (report, ()) = tokio::join!(rig.go_with(&options), release);
    assert_eq!(report.end, End::Finished);
    assert_eq!(rig.sim("alpha").count("close"), 3);
}
