//! Traces, with the feature `otel`: what a collector receives.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use rustix::process::Signal;
use serde_json::Value;

use super::{House, WEBHOOK};
use crate::program::until;

type Received = Arc<Mutex<Vec<Value>>>;

async fn collect(State(received): State<Received>, body: String) -> &'static str {
    received
        .lock()
        .unwrap()
        .push(serde_json::from_str(&body).unwrap());
    "{}"
}

#[test]
fn a_collector_receives_the_span_of_each_request_and_nothing_of_a_person() {
    let received = Received::default();
    let router = Router::new()
        .route("/v1/traces", post(collect))
        .with_state(Arc::clone(&received));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await });

    let house = House::new(&format!("[serve]\nlisten = \"127.0.0.1:0\"\n{WEBHOOK}"));
    let mut daemon = house.start_with(|command| {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}/"));
    });
    let body = br#"{"type":"worker.terminated","data":{"worker_id":"W-77","name":"Quill Tester","emails":["quill@company.example"],"effective_at":"2027-03-12T23:00:00Z"}}"#;
    let answer = daemon.post("evt-quill", body).unwrap();
    let id = answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .unwrap();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
    let text = until("traces came", || {
        let text = serde_json::to_string(&*received.lock().unwrap()).unwrap();
        text.contains("resourceSpans").then_some(text)
    });
    for part in [id, "\"request\"", "a message", "service.name", "cordon"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for word in ["quill", "Quill", "W-77", "company.example", "src/"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}
