//! The log: one JSON document per line, with the id of the request and of the case, and nothing of a
//! person.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{House, WEBHOOK};
use crate::daemon::departure;
use crate::program::until;

const SERVE: &str = "[serve]\nlisten = \"127.0.0.1:0\"\n";

fn id(head: &str) -> String {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "));
    line.expect(head).to_owned()
}

#[test]
fn every_answer_has_an_id_of_ours_that_stands_in_the_log_and_nothing_of_a_person_does() {
    let house = House::new(&format!("{SERVE}{WEBHOOK}"));
    let daemon = house.start();
    let body = br#"{"type":"worker.terminated","data":{"worker_id":"W-77","name":"Quill Tester","emails":["quill@company.example"],"effective_at":"2027-03-12T23:00:00Z","note":"1 Example Street"}}"#;
    let mut ids = BTreeSet::new();
    let taken = daemon.post("evt-quill@company.example", body).unwrap();
    assert_eq!(taken.status, 202);
    assert_eq!(taken.body, r#"{"result":"new"}"#);
    let taken = id(&taken.head);
    ids.insert(taken.clone());
    for answer in [
        daemon
            .post("evt-quill@company.example", &departure("W-78"))
            .unwrap(),
        daemon.get("/people/quill@company.example?name=Quill", ""),
        daemon.get(
            "/health",
            "x-request-id: quill\r\nx-request-id: two\r\nuser-agent: Quill Tester\r\n",
        ),
        daemon
            .raw(b"QUILL /health HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n")
            .unwrap(),
    ] {
        let id = id(&answer.head);
        assert_eq!(answer.head.matches("x-request-id").count(), 1);
        assert!(
            id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
        assert!(ids.insert(id), "an id twice");
    }
    until("the case is open", || {
        house.log().contains("opened a case").then_some(())
    });
    let log = house.log();
    for word in [
        "quill",
        "Quill",
        "QUILL",
        "company.example",
        "W-77",
        "W-78",
        "Example Street",
        "whsec",
    ] {
        assert!(!log.contains(word), "{word} stands in the log: {log}");
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let about = |message: &str| {
        lines
            .iter()
            .find(|line| line["message"] == message)
            .expect(message)
    };
    assert_eq!(about("a message")["span"]["id"], taken.as_str());
    assert!(
        about("opened a case")["case"]
            .as_str()
            .unwrap()
            .starts_with("case_")
    );
    assert!(about("a message was refused")["span"]["id"].is_string());
}
