//! Closing and proving, step failures, policies, cancellation and hold.

use std::time::Duration;

use cordon::case::event::{Event, Outcome};
use cordon::door::DoorState;
use cordon::fault::Kind;
use cordon::run::{End, Options};

use crate::engine::{Close, Look, Rig, close, door, draft, step, verify, wait, waiting, why};

async fn one(closes: &[Close]) -> Rig {
    let door = door("alpha", "account", "a");
    let rig = Rig::new(std::slice::from_ref(&door)).await;
    rig.sim("alpha").script("a", closes);
    rig.plan(vec![close("close/a", &door, &[])]).await;
    rig
}

#[tokio::test(start_paused = true)]
async fn an_accepted_close_counts_when_a_probe_proved_it() {
    let rig = one(&[Close::Works]).await;
    let report = rig.go().await;
    assert_eq!(report.end, End::Finished);
    assert_eq!(report.kind(), None);
    assert_eq!(rig.state(&door("alpha", "account", "a")), DoorState::Closed);
    let kinds = rig.kinds();
    let tail: Vec<_> = kinds
        .iter()
        .skip_while(|kind| *kind != "run.started")
        .collect();
    let expected = [
        "run.started",
        "step.intended",
        "step.acted",
        "door.probed",
        "step.ended",
        "run.ended",
    ];
    assert_eq!(tail, expected);
    let again = rig.go().await;
    assert_eq!(again.end, End::AlreadyFinished);
    assert_eq!(
        rig.kinds().len(),
        kinds.len(),
        "nothing is written for a finished run"
    );
    assert_eq!(rig.sim("alpha").count("close"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_residual_ends_a_known_time_after_the_first_proof_and_is_never_put_off() {
    let (bounded, free) = (door("alpha", "session", "s"), door("alpha", "account", "a"));
    let rig = Rig::new(&[bounded.clone(), free.clone()]).await;
    rig.plan(vec![
        close("close/s", &bounded, &[]),
        close("close/a", &free, &[]),
    ])
    .await;
    rig.go().await;
    let until = |door: &cordon::door::Door| {
        rig.log
            .read(|state| state.doors[&door.id].probe.clone().unwrap().residual_until)
    };
    let entries = rig.log.entries().unwrap();
    let proven = entries
        .iter()
        .find(|entry| {
            matches!(&entry.event, Event::DoorProbed { door, state: DoorState::Closed, .. } if *door == bounded.id)
        })
        .unwrap()
        .at;
    let expected = proven + Duration::from_hours(1);
    assert_eq!(until(&bounded), Some(expected));
    assert_eq!(until(&free), None, "no bound is made up");
    let note = why(rig.outcome("close/s"));
    let instant = cordon::time::utc(expected);
    assert!(
        note.contains(&format!("Until {instant} what was issued")),
        "{note}"
    );
    // Looked at again later, blind or not: what was issued before does not live longer.
    let run = rig.run();
    for blind in [false, true, false] {
        tokio::time::advance(Duration::from_mins(20)).await;
        if blind {
            rig.sim("alpha").blind("s", &[Look::Blind]);
        }
        let looks = cordon::run::verify(&rig.log, &run.providers, &run.witness, None);
        crate::engine::calm(&rig.log, looks).await.unwrap();
        assert_eq!(until(&bounded), Some(expected), "{blind}");
    }
    let state = rig.log.read(Clone::clone);
    let summary = cordon::app::summary::Summary::of(&state, expected);
    let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let both = cordon::time::utc_and_zone(expected, &zone);
    for text in [
        cordon::app::summary::head(&summary, &zone),
        cordon::app::summary::doors(&summary, &zone),
    ] {
        let dense = |text: &str| text.split_whitespace().collect::<String>();
        assert!(
            dense(&text).contains(&dense(&format!("until {both}"))),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn each_way_of_closing_ends_in_the_truth() {
    let cases: &[(&[Close], &str, DoorState, usize, &str)] = &[
        (
            &[Close::Late(Duration::from_secs(9))],
            "done",
            DoorState::Closed,
            1,
            "",
        ),
        (
            &[Close::Late(Duration::from_secs(90))],
            "failed",
            DoorState::Open,
            1,
            "still works",
        ),
        (
            &[Close::Nothing],
            "failed",
            DoorState::Open,
            1,
            "accepted the close, but the door still works",
        ),
        (
            &[Close::Already],
            "failed",
            DoorState::Open,
            1,
            "closed before, but the door still works",
        ),
        (&[Close::Refuses], "failed", DoorState::Open, 1, "refused"),
        (&[Close::LostAnswer], "done", DoorState::Closed, 1, ""),
        (&[Close::LostCall], "done", DoorState::Closed, 2, ""),
        (
            &[Close::LostCall, Close::Faults],
            "done",
            DoorState::Closed,
            3,
            "",
        ),
        (
            &[Close::LostCall; 9],
            "failed",
            DoorState::Open,
            3,
            "no clear answer",
        ),
        (
            &[Close::Faults; 9],
            "failed",
            DoorState::Open,
            3,
            "no clear answer",
        ),
        (&[Close::Hangs], "done", DoorState::Closed, 2, ""),
        (
            &[Close::Hangs; 9],
            "failed",
            DoorState::Open,
            3,
            "within 30 s",
        ),
        (&[Close::HangsDone], "done", DoorState::Closed, 1, ""),
        (&[Close::Panics], "unknown", DoorState::Open, 1, "broke"),
    ];
    for (script, result, state, calls, reason) in cases {
        let rig = one(script).await;
        let report = rig.go().await;
        assert_eq!(report.end, End::Finished, "{script:?}");
        assert_eq!(rig.result("close/a"), *result, "{script:?}");
        assert_eq!(
            rig.state(&door("alpha", "account", "a")),
            *state,
            "{script:?}"
        );
        assert_eq!(rig.sim("alpha").count("close"), *calls, "{script:?}");
        let said = why(rig.outcome("close/a"));
        assert!(said.contains(reason), "{script:?}: {said}");
        let expected = (*result != "done").then_some(Kind::OpenDoors);
        assert_eq!(report.kind(), expected, "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_is_never_repeated_without_a_look() {
    let rig = one(&[Close::LostCall, Close::Hangs, Close::Works]).await;
    rig.go().await;
    let calls = rig.sim("alpha").with(|world| world.calls.clone());
    for pair in calls.windows(2) {
        assert!(pair[0] != "close a" || pair[1] == "probe a", "{calls:?}");
    }
    assert_eq!(rig.sim("alpha").count("close"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_close_is_not_repeated_when_the_look_shows_nothing() {
    let rig = one(&[Close::LostCall]).await;
    rig.sim("alpha").blind("a", &[Look::Blind; 200]);
    rig.go().await;
    assert_eq!(rig.result("close/a"), "unknown");
    assert_eq!(rig.sim("alpha").count("close"), 1);
    // Sight comes back, and the door is seen open: now it may be repeated.
    let rig = one(&[Close::LostCall]).await;
    rig.sim("alpha").blind("a", &[Look::Blind; 3]);
    rig.go().await;
    assert_eq!(rig.result("close/a"), "done");
    assert_eq!(rig.sim("alpha").count("close"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_shows_nothing_is_never_closed() {
    for look in [
        Look::Blind,
        Look::Faults,
        Look::Hangs,
        Look::Panics,
        Look::Unkept,
    ] {
        let rig = one(&[Close::Works]).await;
        rig.sim("alpha").blind("a", &[look; 200]);
        rig.go().await;
        assert_eq!(rig.result("close/a"), "unknown", "{look:?}");
        assert_eq!(
            rig.state(&door("alpha", "account", "a")),
            DoorState::Unknown,
            "{look:?}"
        );
        assert_eq!(
            rig.sim("alpha").count("close"),
            1,
            "{look:?}: closed blindly again"
        );
        // The same, when sight comes back in time.
        let rig = one(&[Close::Works]).await;
        rig.sim("alpha").blind("a", &[look]);
        rig.go().await;
        assert_eq!(rig.result("close/a"), "done", "{look:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_closed_that_could_not_be_opened_again() {
    let rig = one(&[]).await;
    rig.sim("alpha").with(|world| world.no_inverse = true);
    let report = rig.go().await;
    assert_eq!(rig.result("close/a"), "failed");
    assert!(why(rig.outcome("close/a")).contains("no inverse"));
    assert_eq!(rig.sim("alpha").count("close"), 0);
    assert_eq!(report.kind(), Some(Kind::OpenDoors));
}

/// Every way to fail, at every step of one plan: the others still run, nothing hangs, and the run ends.
#[tokio::test(start_paused = true)]
async fn any_step_may_fail_in_any_way() {
    let natives = ["a", "b", "c", "d"];
    let doors: Vec<_> = natives
        .iter()
        .map(|native| door("alpha", "account", native))
        .collect();
    let faults = [
        Close::Refuses,
        Close::LostCall,
        Close::Faults,
        Close::Hangs,
        Close::Panics,
        Close::Nothing,
    ];
    for fault in faults {
        for broken in natives {
            let rig = Rig::new(&doors).await;
            rig.sim("alpha").script(broken, &[fault; 9]);
            rig.plan(vec![
                close("close/a", &doors[0], &[]),
                close("close/b", &doors[1], &["close/a"]),
                close("close/c", &doors[2], &["close/a"]),
                close("close/d", &doors[3], &["close/b", "close/c"]),
                verify("verify", &["close/d"]),
                draft("draft", &["verify"]),
            ])
            .await;
            let report = rig.go().await;
            assert_eq!(report.end, End::Finished);
            for native in natives {
                let expected = if native != broken {
                    "done"
                } else if fault == Close::Panics {
                    "unknown"
                } else {
                    "failed"
                };
                assert_eq!(
                    rig.result(&format!("close/{native}")),
                    expected,
                    "{fault:?} at {broken}"
                );
            }
            assert_eq!(rig.result("verify"), "failed", "{fault:?} at {broken}");
            assert_eq!(rig.result("draft"), "done");
            assert_eq!(report.not_closed.len(), 1);
            assert_eq!(report.kind(), Some(Kind::OpenDoors));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_action_may_happen_twice() {
    // Every close is carried out, loses its answer, and a second run of a new plan closes again.
    let doors = [door("alpha", "account", "a"), door("beta", "session", "b")];
    let rig = Rig::new(&doors).await;
    for _ in 0..2 {
        for (sim, native) in [("alpha", "a"), ("beta", "b")] {
            rig.sim(sim).script(native, &[Close::LostAnswer]);
        }
        rig.plan(vec![
            close("close/a", &doors[0], &[]),
            close("close/b", &doors[1], &[]),
        ])
        .await;
        let report = rig.go().await;
        assert_eq!(report.end, End::Finished);
        assert_eq!(
            (rig.result("close/a"), rig.result("close/b")),
            ("done", "done")
        );
    }
    assert_eq!(rig.sim("alpha").count("close"), 2);
}

#[tokio::test(start_paused = true)]
async fn deeds_are_looked_at_before_they_are_repeated_and_never_green_without_proof() {
    let cases: &[(&[Close], &str, u32)] = &[
        (&[Close::Works], "done", 1),
        (&[Close::LostAnswer], "done", 1),
        (&[Close::HangsDone], "done", 1),
        (&[Close::LostCall], "done", 2),
        (&[Close::Hangs, Close::LostCall], "done", 3),
        (&[Close::LostCall; 3], "failed", 3),
        (&[Close::Panics], "unknown", 1),
        (&[Close::Nothing], "unknown", 1),
        (&[Close::Refuses], "failed", 1),
    ];
    for (script, result, acted) in cases {
        let rig = Rig::new(&[]).await;
        rig.count.acts.lock().unwrap().extend(*script);
        rig.plan(vec![draft("draft", &[]), draft("after", &["draft"])])
            .await;
        rig.go().await;
        assert_eq!(rig.result("draft"), *result, "{script:?}");
        let after = acted + 1;
        assert_eq!(*rig.count.acted.lock().unwrap(), after, "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_provider_waits_for_another_and_slots_are_kept() {
    let mut doors = Vec::new();
    for native in ["a", "b", "c", "d", "e", "f"] {
        doors.push(door("alpha", "account", native));
    }
    doors.push(door("beta", "account", "z"));
    let rig = Rig::new(&doors).await;
    rig.sim("alpha")
        .with(|world| world.latency = Duration::from_secs(10));
    rig.sim("beta")
        .with(|world| world.latency = Duration::from_millis(10));
    let steps = doors
        .iter()
        .map(|door| close(&format!("close/{}", door.native), door, &[]));
    rig.plan(steps.collect()).await;
    rig.go().await;
    assert_eq!(rig.sim("alpha").with(|world| world.busy.1), 2);
    let closes = rig.sim("alpha").with(|world| world.calls.clone());
    let first_probe = closes
        .iter()
        .position(|call| call.starts_with("probe"))
        .unwrap();
    assert!(first_probe >= 5, "closes go before probes: {closes:?}");
    let entries = rig.log.entries().unwrap();
    let ended = |id: &str| {
        let entry = entries
            .iter()
            .find(|entry| matches!(&entry.event, Event::StepEnded { step, .. } if step == id));
        entry.unwrap().at
    };
    assert!(
        ended("close/z") < ended("close/a"),
        "the fast provider waited for the slow one"
    );
}

#[tokio::test(start_paused = true)]
async fn waits_survive_a_restart_and_do_not_hold_the_run() {
    let rig = Rig::new(&[]).await;
    rig.plan(vec![
        wait("wait", 86_400, &[]),
        draft("after", &["wait"]),
        wait("soon", 30, &[]),
    ])
    .await;
    let report = rig.go().await;
    let until = waiting(&report).until.unwrap();
    assert_eq!(
        rig.result("soon"),
        "done",
        "a time that is near is waited for"
    );
    assert_eq!(rig.result("after"), "-");
    let rig = rig.reopen();
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(
        waiting(&rig.go().await).until,
        Some(until),
        "the stored time stands"
    );
    let rig = rig.reopen();
    tokio::time::sleep(Duration::from_hours(25)).await;
    let report = rig.go().await;
    assert_eq!(report.end, End::Finished);
    assert_eq!(
        rig.kinds()
            .iter()
            .filter(|kind| *kind == "timer.set")
            .count(),
        2
    );
    // And told to wait, it stays.
    let rig = Rig::new(&[]).await;
    rig.plan(vec![wait("wait", 86_400, &[])]).await;
    let options = Options {
        wait: true,
        ..Options::default()
    };
    assert_eq!(rig.go_with(&options).await.end, End::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_verification_tells_what_is_open_again() {
    let doors = [door("alpha", "account", "a"), door("beta", "account", "b")];
    let rig = Rig::new(&doors).await;
    rig.plan(vec![
        close("close/a", &doors[0], &[]),
        close("close/b", &doors[1], &[]),
        wait("day", 86_400, &["close/a", "close/b"]),
        verify("verify", &["day"]),
    ])
    .await;
    rig.go().await;
    rig.sim("alpha").with(|world| world.closed.clear());
    rig.sim("beta").blind("b", &[Look::Blind]);
    tokio::time::sleep(Duration::from_hours(25)).await;
    let report = rig.go().await;
    assert_eq!(rig.result("verify"), "failed");
    let said = why(rig.outcome("verify"));
    assert!(
        said.contains("1 of 2") && said.contains(doors[0].id.as_str()),
        "{said}"
    );
    assert_eq!(
        (rig.state(&doors[0]), rig.state(&doors[1])),
        (DoorState::Open, DoorState::Closed)
    );
    assert_eq!(report.not_closed, [doors[0].id.clone()]);
}

#[tokio::test(start_paused = true)]
async fn nothing_to_verify_is_not_green() {
    let doors = [door("alpha", "account", "a")];
    let rig = Rig::new(&doors).await;
    rig.sim("alpha").with(|world| world.no_inverse = true);
    rig.plan(vec![
        close("close/a", &doors[0], &[]),
        verify("verify", &["close/a"]),
    ])
    .await;
    let report = rig.go().await;
    assert_eq!(rig.result("verify"), "skipped");
    assert!(report.tree.failing());
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_cannot_be_carried_out_is_refused_with_every_reason() {
    let mut protected = door("alpha", "account", "safe");
    protected.protected = Some("break-glass".to_owned());
    let mut loose = door("alpha", "account", "loose");
    loose.link = cordon::door::Link::Unattributed;
    let mut foreign = door("alpha", "account", "foreign");
    foreign.account = "someone else".to_owned();
    let badge = door("alpha", "badge", "badge");
    let key = door("alpha", "key", "key");
    let unknown = door("gamma", "account", "x");
    let doors = [
        protected.clone(),
        loose.clone(),
        foreign.clone(),
        badge.clone(),
        key.clone(),
    ];
    let rig = Rig::new(&doors).await;
    let mut never_found = close("never-found", &door("alpha", "account", "ghost"), &[]);
    never_found.title = "x".to_owned();
    let mut lenient = close("lenient", &key, &[]);
    if let cordon::plan::Task::Close { class, .. } = &mut lenient.task {
        *class = cordon::door::Class::Reversible;
    }
    let too_many = crate::engine::gate("gate", 5, &[]);
    rig.plan(vec![
        close("protected", &protected, &[]),
        close("loose", &loose, &[]),
        close("foreign", &foreign, &[]),
        close("badge", &badge, &[]),
        close("key", &key, &[]),
        lenient,
        close("unknown", &unknown, &["later"]),
        never_found,
        crate::engine::snapshot("trail", "alpha.nothing", &[]),
        too_many,
        draft("later", &[]),
    ])
    .await;
    let before = rig.kinds().len();
    let mut run = rig.run();
    run.deeds.clear();
    let fault = run
        .execute(&crate::engine::operator(), &Options::default())
        .await
        .unwrap_err();
    assert_eq!((fault.code(), fault.kind()), ("run-refused", Kind::Input));
    let text = fault.to_string();
    for reason in [
        "`protected`: the door",
        "is protected",
        "`loose`: nothing ties",
        "`foreign`: the account of the door",
        "only a person can close",
        "`key`: it cannot be undone",
        "`lenient`: the plan was made with another description",
        "`gamma` is not configured",
        "needs `later`, which does not stand before it",
        "was not found by any inventory",
        "`alpha` has no trail `alpha.nothing`",
        "it asks for 5 people",
        "nothing in this installation drafts",
        "close the same door",
    ] {
        assert!(text.contains(reason), "missing `{reason}` in {text}");
    }
    assert_eq!(rig.kinds().len(), before, "nothing was written");
    for sim in rig.sims.values() {
        assert_eq!(sim.count(""), 0, "nothing was called");
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_plan_is_refused() {
    let rig = one(&[]).await;
    let options = Options {
        plan: Some(cordon::canon::Digest::ZERO),
        ..Options::default()
    };
    let fault = rig
        .run()
        .execute(&crate::engine::operator(), &options)
        .await
        .unwrap_err();
    assert_eq!(fault.code(), "plan-changed");
}

#[tokio::test(start_paused = true)]
async fn an_account_is_taken_back_only_while_nothing_works_on_it() {
    let doors = [door("alpha", "account", "a"), door("beta", "account", "b")];
    let rig = Rig::new(&doors).await;
    rig.plan(vec![
        close("close/a", &doors[0], &[]),
        crate::engine::gate("gate", 1, &[]),
        close("close/b", &doors[1], &["gate"]),
    ])
    .await;
    rig.go().await;
    let withdraw = |provider: &str| {
        let account = crate::engine::account(provider);
        let reason = "another person".to_owned();
        rig.append(Event::IdentityWithdrawn { account, reason })
    };
    let fault = withdraw("alpha").await.unwrap_err();
    assert!(fault.what().contains("has touched a door"), "{fault}");
    let fault = withdraw("beta").await.unwrap_err();
    assert!(fault.what().contains("run is under way"), "{fault}");
    let fault = withdraw("gamma").await.unwrap_err();
    assert!(fault.what().contains("not chosen"), "{fault}");
    cordon::run::set_aside(&rig.log, &crate::engine::operator(), "another person")
        .await
        .unwrap();
    withdraw("beta").await.unwrap();
    let fault = withdraw("alpha").await.unwrap_err();
    assert!(fault.what().contains("has touched a door"), "{fault}");
    // Its doors are no part of the case, and the old plan cannot be carried out any more.
    rig.log.read(|state| {
        assert_eq!(state.doors.keys().collect::<Vec<_>>(), [&doors[0].id]);
        assert_eq!(state.accounts.len(), 1);
    });
    let run = rig.run();
    let (by, options) = (crate::engine::operator(), Options::default());
    let fault = run.execute(&by, &options).await.unwrap_err();
    assert_eq!(fault.code(), "run-refused");
    assert_eq!(rig.sim("beta").count("close"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_tree_says_where_every_step_stands() {
    let doors = [
        door("alpha", "account", "a"),
        door("alpha", "account", "b\u{1b}[31m"),
    ];
    let rig = Rig::new(&doors).await;
    rig.sim("alpha").script("a", &[Close::Refuses]);
    rig.plan(vec![
        close("close/a", &doors[0], &[]),
        close("close/b", &doors[1], &[]),
        wait("day", 86_400, &["close/a", "close/b"]),
        step("verify", cordon::plan::Task::Verify { doors: 2 }, &["day"]),
    ])
    .await;
    let report = rig.go().await;
    let text = report.tree.text();
    let expected = "\
+-- 1 done, 1 failed: close
|   +-- failed: close/a (close/a): The provider refused the close: 403
|   +-- done: close/b (close/b): The list was read.
+-- waiting: day (day): until 2027-03-14T02:00:";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains("+-- blocked: verify (verify): needs `day`"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'));
    let json = serde_json::to_value(&report.tree).unwrap();
    assert_eq!(json["branches"][0]["steps"][0]["mark"], "failed");
}

#[tokio::test(start_paused = true)]
async fn an_outcome_without_proof_is_refused_by_the_log_itself() {
    let rig = one(&[Close::Nothing]).await;
    rig.go().await;
    let digest = rig
        .plan(vec![close("close/a", &door("alpha", "account", "a"), &[])])
        .await;
    rig.append(Event::RunStarted { plan: digest })
        .await
        .unwrap();
    for (asked, proven) in [(1, 1), (0, 0), (2, 1)] {
        let outcome = Outcome::Done {
            asked,
            proven,
            note: String::new(),
        };
        let step = "close/a".to_owned();
        let fault = rig
            .append(Event::StepEnded { step, outcome })
            .await
            .unwrap_err();
        assert_eq!(fault.code(), "illegal-transition");
    }
}
