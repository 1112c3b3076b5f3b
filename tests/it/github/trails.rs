//! Trails, page by page.

use std::collections::BTreeSet;

use cordon::provider::{Page, Provider, Window};
use jiff::SignedDuration;

use super::Bench;

async fn all(bench: &Bench, trail: &str) -> Vec<Page> {
    let until = bench.clock.now();
    let window = Window {
        since: until - SignedDuration::from_hours(180 * 24),
        until,
    };
    let mut pages: Vec<Page> = Vec::new();
    loop {
        let cursor = pages.last().and_then(|page| page.next.clone());
        assert!(pages.is_empty() || cursor.is_some());
        let page = bench
            .github
            .pull(
                trail,
                &bench.subject(),
                window,
                cursor.as_deref(),
                bench.cx(),
            )
            .await
            .unwrap();
        pages.push(page);
        assert!(pages.len() < 100, "{trail} does not end");
        if pages.last().unwrap().next.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn every_trail_ends_and_names_its_records() {
    let bench = Bench::new().await;
    // Trail, pages, records: 130 Git events, of which one in ten is a colleague's and 26 are too old.
    for (trail, pages, records) in [
        ("github.hook_deliveries", 7, 6),
        ("github.git_events", 1, 0),
        ("github.clone_traffic", 5, 0),
        ("github.rule_bypasses", 1, 1),
        ("github.audit_actor", 1, 8),
        ("github.audit_user", 1, 3),
        ("github.repo_activity", 5, 1),
    ] {
        let got = all(&bench, trail).await;
        let ids: Vec<&String> = got.iter().flat_map(|page| &page.ids).collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{trail} repeats records");
        assert_eq!(got.len(), pages, "{trail}: {} records", ids.len());
        if records > 0 {
            assert_eq!(ids.len(), records, "{trail}");
        } else {
            assert!(ids.len() > 10, "{trail}: {}", ids.len());
        }
        for page in got.iter().filter(|page| !page.ids.is_empty()) {
            assert!(page.first.unwrap() <= page.last.unwrap());
        }
    }
}

#[tokio::test]
async fn an_unknown_trail_and_a_bad_cursor_are_faults() {
    let bench = Bench::new().await;
    let until = bench.clock.now();
    let window = Window {
        since: until,
        until,
    };
    let pull = async |trail: &str, cursor: Option<&str>| {
        bench
            .github
            .pull(trail, &bench.subject(), window, cursor, bench.cx())
            .await
            .unwrap_err()
            .code()
    };
    assert_eq!(pull("github.nothing", None).await, "trail");
    assert_eq!(
        pull("github.repo_activity", Some("x/y/z")).await,
        "trail-cursor"
    );
}
