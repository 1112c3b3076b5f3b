//! `GET /metrics`: read by the parser of PyPI's `prometheus_client`, asked only by who may.

#![expect(clippy::float_cmp, reason = "whole numbers")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use cordon::range::fault::{Faults, Nth, Trouble};

use super::timers::{approved, go_on};
use super::{House, WEBHOOK, has};
use crate::daemon::{Daemon, departure};
use crate::program::until;

use crate::program::Program;
use crate::staged::{Staged, Struck, small_company};

const SERVE: &str = "[serve]\nlisten = \"127.0.0.1:0\"\n";

/// What the parser reads: every sample, by name and labels.
const READ: &str = "
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
print(json.dumps({
    sample.name + ''.join(f' {key}={value}' for key, value in sorted(sample.labels.items())): sample.value
    for family in read(sys.stdin.read()) for sample in family.samples
}))
";

fn read(text: &str) -> BTreeMap<String, f64> {
    let mut child = Command::new("python3")
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "not in the text form: {text}");
    serde_json::from_slice(&ended.stdout).unwrap()
}

fn numbers(daemon: &Daemon) -> BTreeMap<String, f64> {
    let answer = daemon.get("/metrics", "");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.head.contains("application/openmetrics-text"),
        "{answer:?}"
    );
    read(&answer.body)
}

#[test]
fn the_numbers_are_read_by_another_implementation_and_are_right() {
    if !has("python3", &["-c", "import prometheus_client"]) {
        return;
    }
    let house = House::new(&format!("{SERVE}{WEBHOOK}"));
    let daemon = house.start();
    for worker in ["W-1", "W-2"] {
        assert_eq!(daemon.post(worker, &departure(worker)).unwrap().status, 202);
    }
    assert_eq!(daemon.post("W-1", &departure("W-1")).unwrap().status, 200);
    assert_eq!(daemon.post("W-1", &departure("W-3")).unwrap().status, 409);
    let forged = b"POST /hooks/hr HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    for _ in 0..12 {
        assert!((400..500).contains(&daemon.raw(forged).unwrap().status));
    }
    let numbers = until("both cases and the conflict are seen", || {
        Some(numbers(&daemon)).filter(|numbers| numbers["cordon_cases phase=open"] > 1.0)
    });
    let messages =
        |result: &str| numbers[&format!("cordon_webhook_messages_total result={result} source=hr")];
    let all = ["accepted", "duplicate", "conflict", "refused"].map(messages);
    assert_eq!(all, [2.0, 1.0, 1.0, 12.0]);
    assert_eq!(
        numbers["cordon_webhook_accept_seconds_count source=hr"],
        16.0
    );
    assert!(numbers["cordon_webhook_accept_seconds_sum source=hr"] > 0.0);
    assert_eq!(numbers["cordon_cases phase=held"], 0.0);
    assert_eq!(numbers["cordon_doors state=closed"], 0.0);
    assert!(numbers["cordon_store_bytes part=cases"] > 1000.0);
    // Ten refusals were told once, in the log as long as there is no mail server.
    until("it is told", || {
        house.log().contains("webhook-rejected").then_some(())
    });
    assert_eq!(house.log().matches("webhook-rejected").count(), 1);
    // The conflict waits for a person, who is told.
    until("it is told", || {
        house.log().contains("message-waits").then_some(())
    });
    let text = daemon.get("/metrics", "").body;
    for word in ["W-1", "company.example", "Access review", "case_"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn numbers_are_for_this_machine_or_for_who_has_the_token() {
    let house = House::new(SERVE);
    let daemon = house.start();
    assert_eq!(daemon.get("/metrics", "").status, 200);
    for through in [
        "x-forwarded-for: 192.0.2.1\r\n",
        "forwarded: for=192.0.2.1\r\n",
        "x-real-ip: 192.0.2.1\r\n",
        "via: 1.1 proxy\r\n",
    ] {
        assert_eq!(daemon.get("/metrics", through).status, 403, "{through}");
    }
    drop(daemon);
    // Reached by another address: whatever stands there asks from this machine too.
    let public = "public_url = \"https://cordon.company.example\"\n";
    let house = House::new(&format!("{SERVE}{public}"));
    assert_eq!(house.start().get("/metrics", "").status, 403);
    let house = House::new(&format!("{SERVE}{public}metrics_token = \"env:TOKEN\"\n"));
    let daemon = house.start();
    for (header, status) in [
        ("", 401),
        ("authorization: Bearer a token for machine\r\n", 401),
        ("authorization: Basic a token for machines\r\n", 401),
        ("authorization: Bearer a token for machines\r\n", 200),
        (
            "authorization: Bearer a token for machines\r\nx-forwarded-for: 192.0.2.1\r\n",
            200,
        ),
    ] {
        assert_eq!(daemon.get("/metrics", header).status, status, "{header}");
    }
}

/// The daemon of this program makes the look, and counts what it asks the providers.
#[test]
fn a_look_that_was_due_before_the_start_is_counted() {
    if !has("python3", &["-c", "import prometheus_client"]) {
        return;
    }
    let mut house = House::new("");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (staged, case) = runtime.block_on(async {
        let staged = Staged::set(house.folder.path(), small_company(), Struck::default()).await;
        let (app, case) = approved(&staged).await;
        go_on(&app, &case).await;
        (staged, case)
    });
    std::thread::sleep(Duration::from_secs(3));
    house.program = Program::at(house.folder.path(), Some(staged.config()));
    let daemon = house.start();
    let numbers = until("it has looked", || {
        let made = house.log().contains("looked at what was closed");
        made.then(|| numbers(&daemon))
            .filter(|numbers| numbers["cordon_doors state=closed"] > 0.0)
    });
    assert!(numbers["cordon_provider_call_seconds_count host=127.0.0.1"] > 0.0);
    assert_eq!(
        numbers["cordon_provider_throttled_total host=127.0.0.1"],
        0.0
    );
    assert!(numbers["cordon_steps outcome=done"] > 2.0);
    assert!(numbers["cordon_next_deadline_seconds"] > 0.0);
    assert!(house.log().contains(case.as_str()));
}

/// The provider says once that it is asked too often.
#[test]
fn what_a_provider_put_off_is_counted() {
    if !has("python3", &["-c", "import prometheus_client"]) {
        return;
    }
    let mut house = House::new("");
    let struck = Struck {
        okta: Faults::none().on_any("/**", Nth::Only(1), Trouble::too_many(1)),
        ..Struck::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let staged = Staged::set(house.folder.path(), small_company(), struck);
    let staged = runtime.block_on(staged);
    house.program = Program::at(house.folder.path(), Some(staged.config()));
    let daemon = house.start();
    // The daemon carries it out: the calls are its own.
    let checked = house.program.run(&["provider", "check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let numbers = numbers(&daemon);
    assert_eq!(
        numbers["cordon_provider_throttled_total host=127.0.0.1"],
        1.0
    );
    assert!(numbers["cordon_provider_call_seconds_count host=127.0.0.1"] > 1.0);
}
