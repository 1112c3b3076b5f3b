//! Gates: who may decide, what a decision binds, time, and the barrier behind them.

use std::time::Duration;

use cordon::case::event::{Event, Signed};
use cordon::door::DoorState;
use cordon::evidence::approval::Decision;
use cordon::fault::Kind;
use cordon::run::{End, Options, set_aside, undo};

use crate::engine::{
    Rig, close, decision_text, door, draft, gate, kind, operator, verify, wait, waiting,
};

async fn gated(people: u32) -> Rig {
    let doors = [
        door("alpha", "account", "a"),
        door("beta", "account", "b"),
        door("beta", "session", "c"),
    ];
    let rig = Rig::new(&doors).await;
    rig.plan(vec![
        gate("gate", people, &[]),
        close("close/a", &doors[0], &["gate"]),
        close("close/b", &doors[1], &["gate"]),
        close("close/c", &doors[2], &["gate"]),
        draft("free", &[]),
    ])
    .await;
    rig
}

#[tokio::test(start_paused = true)]
async fn nothing_behind_a_gate_begins_before_enough_people_approved() {
    let rig = gated(2).await;
    let report = rig.go().await;
    assert_eq!(report.kind(), Some(Kind::Waiting));
    assert_eq!(waiting(&report).gates[0].people, 2);
    assert_eq!(rig.result("free"), "done", "what needs no gate runs");
    rig.approve("gate", "ana").await.unwrap();
    let rig = rig.reopen();
    let report = rig.go().await;
    assert_eq!(waiting(&report).gates[0].approved, ["ana"]);
    assert_eq!(rig.sim("alpha").count("") + rig.sim("beta").count(""), 0);
    rig.approve("gate", "ben").await.unwrap();
    let report = rig.go().await;
    assert_eq!(report.end, End::Finished);
    assert_eq!(report.doors[&DoorState::Closed], 3);
    // The passing of the gate and the intents behind it are one commit, so they stand together.
    let kinds = rig.kinds();
    let passed = kinds.iter().position(|kind| kind == "gate.passed").unwrap();
    let barrier = [
        "step.ended",
        "step.intended",
        "step.intended",
        "step.intended",
    ];
    assert_eq!(kinds[passed + 1..passed + 5], barrier);
}

#[tokio::test(start_paused = true)]
async fn the_log_refuses_who_may_not_decide() {
    let rig = gated(2).await;
    rig.go().await;
    for (person, reason) in [
        ("cem", "no role"),
        ("nobody", "not on the roster"),
        ("jdoe@acme.example", "their own case"),
    ] {
        for fault in [
            rig.approve("gate", person).await.unwrap_err(),
            rig.deny("gate", person).await.unwrap_err(),
        ] {
            assert!(fault.what().contains(reason), "{person}: {fault}");
        }
    }
    rig.approve("gate", "ana").await.unwrap();
    let fault = rig.approve("gate", "ana").await.unwrap_err();
    assert!(fault.what().contains("approved before"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_does_not_bind_this_gate_is_void() {
    let rig = gated(1).await;
    rig.go().await;
    let good = rig.decision("gate", "ana", Decision::Approve);
    let plan = rig.log.read(|state| state.plan.as_ref().unwrap().1);
    let texts = [
        decision_text(rig.log.case(), "other", plan, Decision::Approve),
        decision_text(rig.log.case(), "gate", plan, Decision::Deny),
        decision_text(
            rig.log.case(),
            "gate",
            cordon::canon::Digest::ZERO,
            Decision::Approve,
        ),
        decision_text(
            &cordon::id::CaseId::fresh(),
            "gate",
            plan,
            Decision::Approve,
        ),
        String::new(),
    ];
    let forged = Signed {
        signature: "forged".to_owned(),
        ..good.clone()
    };
    let voids = texts.map(|text| Signed {
        text,
        ..good.clone()
    });
    for (person, void) in [("ana", forged), ("ben", voids[1].clone())] {
        let signed = Signed {
            person: person.to_owned(),
            ..void
        };
        rig.append_approval("gate", signed).await.unwrap();
        let report = rig.go().await;
        let gate = &waiting(&report).gates[0];
        assert!(gate.approved.is_empty());
        assert!(
            gate.void.iter().any(|void| void.starts_with(person)),
            "{:?}",
            gate.void
        );
    }
    assert_eq!(rig.sim("alpha").count("close"), 0);
    for void in voids {
        let rig = gated(1).await;
        rig.go().await;
        rig.append_approval("gate", void).await.unwrap();
        assert!(waiting(&rig.go().await).gates[0].approved.is_empty());
        assert_eq!(rig.sim("alpha").count("close"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_end_in_a_step_forges_nothing() {
    let case = cordon::id::CaseId::fresh();
    let plan = cordon::canon::Digest::ZERO;
    let text = decision_text(&case, "a\ndecision approve", plan, Decision::Deny);
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("decision:"))
            .count(),
        1
    );
    assert!(text.contains("\ndecision: deny\n"));
}

#[tokio::test(start_paused = true)]
async fn a_gate_expires_and_is_opened_again_only_by_a_person() {
    let rig = gated(1).await;
    rig.go().await;
    tokio::time::sleep(Duration::from_secs(4000)).await;
    let fault = rig.approve("gate", "ana").await.unwrap_err();
    assert!(fault.what().contains("time has run out"), "{fault}");
    for _ in 0..2 {
        let report = rig.go().await;
        assert!(waiting(&report).gates[0].expired);
        assert_eq!(rig.result("close/a"), "-");
    }
    assert_eq!(
        rig.kinds()
            .iter()
            .filter(|kind| *kind == "gate.expired")
            .count(),
        1
    );
    let options = Options {
        reopen_gates: true,
        ..Options::default()
    };
    let report = rig.go_with(&options).await;
    assert!(!waiting(&report).gates[0].expired);
    rig.approve("gate", "ana").await.unwrap();
    assert_eq!(rig.go().await.end, End::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_gate_whose_time_ran_out_unseen_is_opened_again_at_once() {
    let rig = gated(1).await;
    rig.go().await;
    rig.approve("gate", "ana").await.unwrap();
    tokio::time::sleep(Duration::from_hours(2)).await;
    let options = Options {
        reopen_gates: true,
        ..Options::default()
    };
    let gate = waiting(&rig.go_with(&options).await).gates[0].clone();
    assert!(!gate.expired && gate.approved.is_empty(), "{gate:?}");
    rig.approve("gate", "ben").await.unwrap();
    assert_eq!(rig.go().await.end, End::Finished);
}

#[tokio::test(start_paused = true)]
async fn one_case_is_acted_on_by_one_run_at_a_time() {
    let rig = gated(1).await;
    let options = Options {
        wait: true,
        ..Options::default()
    };
    let (run, by) = (rig.run(), operator());
    let second = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let fault = run.execute(&by, &options).await.unwrap_err();
        assert_eq!((fault.code(), fault.kind()), ("case-busy", Kind::Owned));
        let undone = undo(
            &rig.log,
            &run.providers,
            &run.witness,
            &by,
            None,
            &cordon::run::Quiet,
            tokio::sync::watch::channel(false).1,
        )
        .await;
        assert_eq!(undone.unwrap_err().code(), "case-busy");
        rig.cancel.send_replace(true);
    };
    let (report, ()) = tokio::join!(rig.go_with(&options), second);
    assert_eq!(report.end, End::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_nobody_used_in_time_is_stale() {
    let rig = gated(1).await;
    rig.go().await;
    rig.approve("gate", "ana").await.unwrap();
    tokio::time::sleep(Duration::from_secs(4000)).await;
    assert!(waiting(&rig.go().await).gates[0].expired);
    assert_eq!(rig.sim("alpha").count("close"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_new_plan_makes_old_approvals_void() {
    let rig = gated(2).await;
    rig.go().await;
    rig.approve("gate", "ana").await.unwrap();
    let old = rig.decision("gate", "ben", Decision::Approve);
    let made = rig.log.read(|state| state.plan.clone().unwrap().0);
    let fault = rig
        .append(Event::PlanMade {
            digest: cordon::canon::digest_of(&made).unwrap(),
            plan: made,
        })
        .await;
    assert_eq!(
        fault.unwrap_err().code(),
        "illegal-transition",
        "a run is under way"
    );
    set_aside(&rig.log, &operator(), "a new plan")
        .await
        .unwrap();
    rig.plan(vec![gate("gate", 2, &[]), draft("after", &["gate"])])
        .await;
    rig.go().await;
    rig.append_approval("gate", old).await.unwrap();
    rig.approve("gate", "ana").await.unwrap();
    let report = rig.go().await;
    assert_eq!(waiting(&report).gates[0].approved, ["ana"]);
    assert_eq!(rig.result("after"), "-");
}

#[tokio::test(start_paused = true)]
async fn a_denial_bars_what_names_the_gate_and_spares_the_rest() {
    let doors = [
        door("alpha", "account", "a"),
        door("alpha", "session", "b"),
        door("beta", "account", "c"),
    ];
    let rig = Rig::new(&doors).await;
    rig.plan(vec![
        close("close/a", &doors[0], &[]),
        gate("gate", 1, &[]),
        close("close/b", &doors[1], &["close/a", "gate"]),
        close("close/c", &doors[2], &["close/b"]),
        verify("verify", &["close/a", "close/b"]),
    ])
    .await;
    rig.go().await;
    rig.deny("gate", "ben").await.unwrap();
    for _ in 0..2 {
        let report = rig.go().await;
        assert!(matches!(report.end, End::Finished | End::AlreadyFinished));
        assert_eq!(report.kind(), Some(Kind::OpenDoors));
    }
    let results = ["close/a", "gate", "close/b", "close/c", "verify"].map(|step| rig.result(step));
    assert_eq!(results, ["done", "skipped", "skipped", "skipped", "done"]);
    assert_eq!(rig.sim("alpha").count("close"), 1);
    assert_eq!(rig.sim("beta").count("close"), 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_at_a_gate_behind_which_everything_is_barred() {
    let doors = [door("alpha", "account", "a"), door("beta", "account", "b")];
    let rig = Rig::new(&doors).await;
    rig.plan(vec![
        gate("go", 1, &[]),
        close("close/a", &doors[0], &["go"]),
        gate("more", 1, &[]),
        close("close/b", &doors[1], &["go", "more"]),
        gate("after", 1, &["close/a"]),
        draft("free", &["after"]),
    ])
    .await;
    let asked = |report: &cordon::run::Report| -> Vec<String> {
        let gates = waiting(report).gates.iter();
        gates.map(|gate| gate.step.clone()).collect()
    };
    assert_eq!(asked(&rig.go().await), ["go", "more"]);
    rig.deny("go", "ben").await.unwrap();
    let report = rig.go().await;
    assert_eq!(report.end, End::Finished, "{:?}", report.tree);
    let note = |step: &str| {
        let leaf = report.tree.leaves().find(|leaf| leaf.step == step);
        leaf.unwrap().note.clone()
    };
    let named = "Gate `go` before it was not let through: ben denied it.";
    assert_eq!([note("close/a"), note("close/b")], [named, named]);
    assert_eq!(note("more"), format!("Nothing was left to decide. {named}"));
    assert_eq!(note("after"), named, "and behind what was barred too");
}

#[tokio::test(start_paused = true)]
async fn a_forged_denial_does_not_shut_a_gate() {
    let rig = gated(1).await;
    rig.go().await;
    let mut signed = rig.decision("gate", "ben", Decision::Deny);
    signed.signature = "forged".to_owned();
    let plan = rig.log.read(|state| state.plan.as_ref().unwrap().1);
    rig.append(Event::GateDenied {
        step: "gate".to_owned(),
        plan,
        signed,
    })
    .await
    .unwrap();
    let report = rig.go().await;
    assert!(
        waiting(&report).gates[0].expired,
        "it has to be opened again"
    );
    assert_eq!(rig.result("close/a"), "-", "nothing is skipped for it");
    let options = Options {
        reopen_gates: true,
        ..Options::default()
    };
    rig.go_with(&options).await;
    rig.approve("gate", "ana").await.unwrap();
    assert_eq!(rig.go().await.end, End::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_denial_stands_when_its_author_is_kept_out_and_the_time_of_the_gate_runs_out() {
    for kept_out in [
        Event::PersonExcluded {
            person: "ben".to_owned(),
            reason: "a friend of the account holder".to_owned(),
        },
        Event::CaseRestricted {
            people: vec!["ana".to_owned()],
            reason: "need to know".to_owned(),
        },
    ] {
        let rig = gated(1).await;
        rig.go().await;
        rig.deny("gate", "ben").await.unwrap();
        rig.append(kept_out).await.unwrap();
        tokio::time::sleep(Duration::from_hours(24 * 7)).await;
        let options = Options {
            reopen_gates: true,
            ..Options::default()
        };
        rig.go_with(&options).await;
        assert_eq!(rig.result("gate"), "skipped");
        assert_eq!(rig.result("close/a"), "skipped");
        assert!(!rig.kinds().iter().any(|kind| kind == "gate.expired"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_goes_on_as_soon_as_people_decide() {
    let rig = gated(2).await;
    let people = async {
        tokio::time::sleep(Duration::from_mins(10)).await;
        rig.approve("gate", "ana").await.unwrap();
        tokio::time::sleep(Duration::from_mins(10)).await;
        rig.approve("gate", "ben").await.unwrap();
    };
    let options = Options {
        wait: true,
        ..Options::default()
    };
    let (report, ()) = tokio::join!(rig.go_with(&options), people);
    assert_eq!(report.end, End::Finished);
    let entries = rig.log.entries().unwrap();
    let at = |wanted: &str| {
        entries
            .iter()
            .rfind(|entry| kind(&entry.event) == wanted)
            .unwrap()
            .at
    };
    let late = at("gate.passed").duration_since(at("gate.approved"));
    assert!(late.as_millis() < 50, "{late:?}");
    // Without people it comes back when the gate has expired.
    let rig = gated(2).await;
    assert!(waiting(&rig.go_with(&options).await).gates[0].expired);
}

#[tokio::test(start_paused = true)]
async fn a_held_case_lets_nothing_through() {
    let rig = gated(1).await;
    rig.go().await;
    rig.approve("gate", "ana").await.unwrap();
    rig.append(Event::CaseHeld {
        reason: "wait".to_owned(),
    })
    .await
    .unwrap();
    assert_eq!(rig.go().await.end, End::Held);
    assert_eq!(rig.sim("alpha").count("close"), 0);
    rig.append(Event::CaseReleased {
        reason: "go".to_owned(),
    })
    .await
    .unwrap();
    assert_eq!(rig.go().await.end, End::Finished);
}

#[tokio::test(start_paused = true)]
async fn the_barrier_opens_for_all_at_once() {
    let natives: Vec<String> = (0..8).map(|n| format!("d{n}")).collect();
    let doors: Vec<_> = natives
        .iter()
        .map(|native| door("alpha", "account", native))
        .collect();
    let rig = Rig::with(&doors, &[("alpha", 8)]).await;
    rig.sim("alpha")
        .with(|world| world.latency = Duration::from_secs(3));
    let mut steps = vec![gate("gate", 1, &[]), wait("later", 1, &["gate"])];
    steps.extend(
        doors
            .iter()
            .map(|door| close(&format!("close/{}", door.native), door, &["gate"])),
    );
    rig.plan(steps).await;
    rig.go().await;
    rig.approve("gate", "ana").await.unwrap();
    let before = tokio::time::Instant::now();
    assert_eq!(rig.go().await.end, End::Finished);
    assert_eq!(rig.sim("alpha").with(|world| world.busy.1), 8);
    assert!(
        before.elapsed() < Duration::from_secs(7),
        "{:?}",
        before.elapsed()
    );
}
