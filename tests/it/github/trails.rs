//! Trails, page by page.

use std::collections::BTreeSet;

use cordon::provider::{Page, Provider, Window};
use cordon::range::github::HOOK_TOKEN;
use jiff::SignedDuration;
use serde_json::Value;

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
        // A delivery is in a list, and then by itself.
        ("github.hook_deliveries", 7 + 6, 6),
        ("github.git_events", 1, 0),
        // Of each repository its keys, then what the log has of the subject's and of those that
        // nobody known added: one key of the engine, two of the console.
        ("github.deploy_key_events", 5 + 3, 2),
        ("github.clone_traffic", 5, 0),
        ("github.view_traffic", 5, 0),
        ("github.rule_bypasses", 1, 1),
        ("github.audit_actor", 1, 8),
        ("github.audit_user", 1, 3),
        ("github.repo_activity", 5, 1),
        ("github.workflow_runs", 5, 1),
        ("github.commits", 5, 2),
        ("github.pull_requests", 5, 2),
        // The repository's own with its history, and the organization's in every repository.
        ("github.rulesets", 5 + 2 + 5, 6),
        ("github.branch_protection", 5 + 2, 2),
    ] {
        let repeats = if trail == "github.rulesets" { 4 } else { 0 };
        let got = all(&bench, trail).await;
        let ids: Vec<&String> = got.iter().flat_map(|page| &page.ids).collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len() + repeats, ids.len(), "{trail} repeats records");
        assert_eq!(got.len(), pages, "{trail}: {} records", ids.len());
        if records > 0 {
            assert_eq!(ids.len(), records, "{trail}");
        } else {
            assert!(ids.len() > 10, "{trail}: {}", ids.len());
        }
        // What is now has no time.
        let timed = |page: &&Page| !page.ids.is_empty() && trail != "github.branch_protection";
        for page in got.iter().filter(timed) {
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

/// The bodies of the answers to calls whose path has this end.
fn bodies(bench: &Bench, has: impl Fn(&str) -> bool) -> Vec<Value> {
    let kept = bench.kept.0.lock().unwrap();
    kept.iter()
        .filter(|exchange| has(exchange.request.url.path()))
        .map(|exchange| serde_json::from_slice(&exchange.answer.as_ref().unwrap().body).unwrap())
        .collect()
}

#[tokio::test]
async fn what_a_webhook_sent_and_where_to_is_evidence() {
    let bench = Bench::new().await;
    let pages = all(&bench, "github.hook_deliveries").await;
    let full = bodies(&bench, |path| {
        let tail = path.split_once("/deliveries/").map(|(_, id)| id);
        tail.is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
    });
    assert_eq!(full.len(), 6);
    let to: BTreeSet<&str> = full
        .iter()
        .map(|one| one["url"].as_str().unwrap())
        .collect();
    let collect = format!("https://collect.listing.invalid/in?token={HOOK_TOKEN}");
    let expected = [
        "https://audit.tallowmere.example/github",
        collect.as_str(),
        "https://relay.listing.invalid/org",
    ];
    assert_eq!(to, BTreeSet::from(expected));
    for one in &full {
        assert_eq!(one["request"]["payload"]["ref"], "refs/heads/main");
        assert_eq!(one["response"]["payload"], "taken in");
    }
    // Each was listed before it was read: what is lost in between is still known by its list.
    assert!(
        pages[0].ids.len() > 1 && pages[1].ids.is_empty(),
        "{pages:?}"
    );
}

#[tokio::test]
async fn of_a_busy_webhook_the_newest_deliveries_are_read_in_full_and_all_are_listed() {
    let bench = Bench::new().await;
    bench.world.busy_hook(601, 250);
    let pages = all(&bench, "github.hook_deliveries").await;
    let ids: BTreeSet<&String> = pages.iter().flat_map(|page| &page.ids).collect();
    assert_eq!(ids.len(), 250 + 3);
    let full = bodies(&bench, |path| path.contains("/hooks/601/deliveries/"));
    assert_eq!(full.len(), 30);
    let listed = bodies(&bench, |path| path.ends_with("/hooks/601/deliveries"));
    let newest = listed[0].as_array().unwrap();
    for (one, listed) in full.iter().zip(newest) {
        assert_eq!(one["id"], listed["id"]);
    }
    let longest = pages
        .iter()
        .filter_map(|page| page.next.as_ref())
        .map(String::len);
    assert!(longest.max().unwrap() < 4096);
}

#[tokio::test]
async fn a_record_that_goes_while_the_walk_is_under_way_does_not_end_it() {
    let bench = Bench::new().await;
    let until = bench.clock.now();
    let window = Window {
        since: until - SignedDuration::from_hours(24),
        until,
    };
    let pull = async |cursor: Option<&str>| {
        let (subject, cx) = (bench.subject(), bench.cx());
        let trail = "github.branch_protection";
        bench
            .github
            .pull(trail, &subject, window, cursor, cx)
            .await
            .unwrap()
    };
    let list = pull(None).await;
    assert_eq!(
        list.ids,
        ["engine/main", "engine/release/4.2"]
            .map(|name| name.replace("engine", &bench.company.repositories[0]))
    );
    bench
        .world
        .unprotect(&bench.company.repositories[0], "main");
    let gone = pull(list.next.as_deref()).await;
    let there = pull(gone.next.as_deref()).await;
    assert!(gone.ids.is_empty() && there.next.is_some());
    let found = bodies(&bench, |path| path.ends_with("/protection"));
    assert_eq!(found[0]["message"], "Branch not protected");
    assert_eq!(found[1]["allow_force_pushes"]["enabled"], true);
}

#[tokio::test]
async fn the_rules_and_who_may_go_past_them_are_evidence() {
    let bench = Bench::new().await;
    all(&bench, "github.rulesets").await;
    let own = bodies(&bench, |path| path.ends_with("/rulesets/412"));
    assert_eq!(own[0]["bypass_actors"][0]["actor_id"], 301);
    assert_eq!(own[0]["rules"][0]["type"], "deletion");
    let history = bodies(&bench, |path| path.ends_with("/rulesets/412/history"));
    assert_eq!(
        history[0][0]["actor"]["id"],
        bench.company.subject.github_id
    );
    // The organization's own has its history elsewhere; asking here would be a 404 each time.
    assert!(bodies(&bench, |path| path.ends_with("/rulesets/411/history")).is_empty());
}

#[tokio::test]
async fn what_a_deploy_key_did_is_found_though_the_log_names_nobody() {
    let bench = Bench::new().await;
    let by_name: Vec<String> = all(&bench, "github.git_events")
        .await
        .into_iter()
        .flat_map(|page| page.ids)
        .collect();
    let by_key: Vec<String> = all(&bench, "github.deploy_key_events")
        .await
        .into_iter()
        .flat_map(|page| page.ids)
        .collect();
    assert!(
        by_key
            .iter()
            .all(|id| id.starts_with("tmAuditKey") && !by_name.contains(id))
    );
    // Keys of others are not asked for.
    let kept = bench.kept.0.lock().unwrap();
    let asked = kept.iter().filter(|one| {
        one.request
            .url
            .query()
            .unwrap_or_default()
            .contains("deploy_key_fingerprint")
    });
    assert_eq!(asked.count(), 3);
}
