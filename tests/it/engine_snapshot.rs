//! Reading trails: pages, gaps, circles, resumption, perishability.

use std::time::Duration;

use cordon::case::event::Event;
use cordon::provider::{Completeness, Page};
use cordon::time::Timestamp;

use crate::engine::{Rig, Sim, close, door, proof, snapshot, why};

type Pages = Vec<Result<Page, String>>;

fn page(ids: &[&str], hours: (&str, &str), next: Option<&str>) -> Page {
    let at = |hour: &str| -> Timestamp { format!("2027-03-12T{hour}:00:00Z").parse().unwrap() };
    Page {
        evidence: proof(),
        ids: ids.iter().map(|&id| id.to_owned()).collect(),
        first: Some(at(hours.0)),
        last: Some(at(hours.1)),
        next: next.map(str::to_owned),
    }
}

fn serve(sim: &Sim, trail: &str, pages: Pages) {
    sim.with(|world| world.pages.insert(trail.to_owned(), pages.into()));
}

fn read(rig: &Rig) -> Completeness {
    rig.log
        .read(|state| state.trails.last().unwrap().completeness.clone())
}

#[tokio::test(start_paused = true)]
async fn a_trail_is_read_to_its_end_and_counted() {
    let rig = Rig::new(&[]).await;
    serve(
        rig.sim("alpha"),
        "alpha.git",
        vec![
            Ok(page(&["1", "2", "2"], ("08", "10"), Some("p2"))),
            Ok(page(&["3", "1"], ("02", "09"), Some("p3"))),
            Ok(page(&["4"], ("11", "12"), None)),
        ],
    );
    rig.plan(vec![snapshot("trail", "alpha.git", &[])]).await;
    rig.go().await;
    assert_eq!(rig.result("trail"), "done");
    let read = read(&rig);
    assert!(read.complete && read.gaps.is_empty());
    assert_eq!((read.pages, read.records, read.duplicates), (3, 6, 2));
    assert_eq!(read.cursors, ["", "p2", "p3"]);
    assert_eq!(read.first.unwrap().to_string(), "2027-03-12T02:00:00Z");
    assert_eq!(read.last.unwrap().to_string(), "2027-03-12T12:00:00Z");
    let window = read.window.unwrap();
    assert_eq!(window.until.duration_since(window.since).as_hours(), 24);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_stated() {
    let broken = || Err("502".to_owned());
    let circle = || Ok(page(&["1"], ("08", "10"), Some("p2")));
    let cases: Vec<(Pages, u32, &str)> = vec![
        (
            vec![broken(), broken(), broken()],
            0,
            "Page 1 could not be read",
        ),
        (
            vec![circle(), broken(), broken(), broken()],
            1,
            "Page 2 could not be read, nor anything after it: 502",
        ),
        (vec![circle(), circle()], 2, "go round in a circle"),
        (
            vec![Ok(page(&["1"], ("08", "10"), Some("")))],
            1,
            "go round in a circle",
        ),
        (
            vec![Ok(page(&["1"], ("08", "10"), Some(&"x".repeat(20_000))))],
            1,
            "unreasonable length",
        ),
        (
            vec![
                Ok(Page {
                    evidence: cordon::id::EvidenceId::of(&["never kept"]),
                    ..circle().unwrap()
                }),
                broken(),
                broken(),
            ],
            0,
            "could not be read",
        ),
    ];
    for (pages, count, gap) in cases {
        let rig = Rig::new(&[]).await;
        serve(rig.sim("alpha"), "alpha.git", pages);
        rig.plan(vec![snapshot("trail", "alpha.git", &[])]).await;
        rig.go().await;
        assert_eq!(rig.result("trail"), "failed", "{gap}");
        let read = read(&rig);
        assert!(!read.complete);
        assert_eq!(read.pages, count, "{gap}");
        assert!(read.gaps[0].contains(gap), "{:?}", read.gaps);
        assert!(why(rig.outcome("trail")).contains(gap));
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_ask_us_to_wait_are_counted_over_failures_and_restarts() {
    let rig = Rig::new(&[]).await;
    let sim = rig.sim("alpha");
    sim.with(|world| world.throttles = 2);
    serve(
        sim,
        "alpha.git",
        vec![
            Ok(page(&["1"], ("08", "10"), Some("p2"))),
            Err("429".to_owned()),
            Ok(page(&["2"], ("02", "09"), None)),
        ],
    );
    rig.plan(vec![snapshot("trail", "alpha.git", &[])]).await;
    rig.go().await;
    assert_eq!(read(&rig).throttled, 6);
    assert!(why(rig.outcome("trail")).contains("asked us to wait 6 times"));
    // What the pages say is what the whole says: a reading that is taken up again goes on from it.
    let pages: u32 = rig
        .log
        .entries()
        .unwrap()
        .iter()
        .map(|entry| match entry.event {
            Event::TrailPage { throttled, .. } => throttled,
            _ => 0,
        })
        .sum();
    assert_eq!(pages, 6);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_once_costs_nothing() {
    let rig = Rig::new(&[]).await;
    serve(
        rig.sim("alpha"),
        "alpha.git",
        vec![
            Ok(page(&["1"], ("08", "10"), Some("p2"))),
            Err("502".to_owned()),
            Err("502".to_owned()),
            Ok(page(&["2"], ("08", "10"), None)),
        ],
    );
    rig.plan(vec![snapshot("trail", "alpha.git", &[])]).await;
    rig.go().await;
    assert_eq!(rig.result("trail"), "done");
    assert_eq!(read(&rig).cursors, ["", "p2"]);
}

#[tokio::test(start_paused = true)]
async fn a_window_longer_than_the_retention_is_a_gap() {
    let rig = Rig::new(&[]).await;
    let mut step = snapshot("trail", "alpha.git", &[]);
    if let cordon::plan::Task::Snapshot { window_hours, .. } = &mut step.task {
        *window_hours = 720;
    }
    rig.plan(vec![step]).await;
    rig.go().await;
    assert_eq!(rig.result("trail"), "done");
    assert!(read(&rig).gaps[0].contains("keeps this trail for 168 h"));
}

#[tokio::test(start_paused = true)]
async fn a_resumed_reading_goes_on_at_its_cursor() {
    let rig = Rig::new(&[]).await;
    serve(
        rig.sim("alpha"),
        "alpha.git",
        vec![
            Ok(page(&["1", "2"], ("08", "10"), Some("p2"))),
            Ok(page(&["3"], ("04", "05"), Some("p3"))),
        ],
    );
    rig.sim("alpha")
        .with(|world| world.latency = Duration::from_secs(1));
    rig.plan(vec![snapshot("trail", "alpha.git", &[])]).await;
    let stop = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        rig.cancel.send_replace(true);
    };
    let ((), ()) = tokio::join!(rig.go_unsettled(), stop);
    assert_eq!(
        rig.sim("alpha").count("pull"),
        2,
        "no page is asked for after a cancel"
    );
    let window = rig.log.read(|state| state.steps["trail"].intended);
    rig.cancel.send_replace(false);
    tokio::time::sleep(Duration::from_mins(10)).await;
    let rig = rig.reopen();
    serve(
        rig.sim("alpha"),
        "alpha.git",
        vec![Ok(page(&["4"], ("11", "12"), None))],
    );
    rig.go().await;
    assert_eq!(rig.result("trail"), "done");
    let calls = rig.sim("alpha").with(|world| world.calls.clone());
    assert_eq!(
        calls,
        ["pull alpha.git -", "pull alpha.git p2", "pull alpha.git p3"]
    );
    let read = read(&rig);
    assert_eq!((read.pages, read.records), (3, 4));
    assert_eq!(read.cursors, ["", "p2", "p3"]);
    assert_eq!(
        read.window.map(|window| window.until),
        window,
        "the same window is asked for"
    );
    let pages = rig.log.entries().unwrap();
    let pages = pages
        .iter()
        .filter(|entry| matches!(entry.event, Event::TrailPage { .. }));
    assert_eq!(pages.count(), 3);
}

impl Rig {
    /// A run that may leave a reading open.
    async fn go_unsettled(&self) {
        let (run, by, options) = (
            self.run(),
            crate::engine::operator(),
            cordon::run::Options::default(),
        );
        crate::engine::calm(&self.log, run.execute(&by, &options))
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_perishable_trail_goes_first_and_no_close_waits_for_a_deep_one() {
    let door = door("alpha", "account", "a");
    let rig = Rig::with(std::slice::from_ref(&door), &[("alpha", 1)]).await;
    rig.sim("alpha")
        .with(|world| world.latency = Duration::from_secs(1));
    let pages = |name: &str| {
        (0..20)
            .map(|n| {
                Ok(page(
                    &[&format!("{name}{n}")],
                    ("08", "10"),
                    (n < 19).then(|| format!("{name}{n}")).as_deref(),
                ))
            })
            .collect()
    };
    serve(rig.sim("alpha"), "alpha.audit", pages("audit"));
    serve(rig.sim("alpha"), "alpha.git", pages("git"));
    rig.plan(vec![
        snapshot("deep", "alpha.audit", &[]),
        snapshot("perishable", "alpha.git", &[]),
        crate::engine::wait("t0", 5, &[]),
        close("close/a", &door, &["t0"]),
    ])
    .await;
    rig.go().await;
    let calls = rig.sim("alpha").with(|world| world.calls.clone());
    let last_git = calls
        .iter()
        .rposition(|call| call.contains("alpha.git"))
        .unwrap();
    let first_audit = calls
        .iter()
        .position(|call| call.contains("alpha.audit"))
        .unwrap();
    assert!(last_git < first_audit, "{calls:?}");
    let closed = calls
        .iter()
        .position(|call| call.starts_with("close"))
        .unwrap();
    assert!(closed <= 7, "the close waited for pages: {calls:?}");
    assert_eq!(
        (rig.result("deep"), rig.result("perishable")),
        ("done", "done")
    );
}
