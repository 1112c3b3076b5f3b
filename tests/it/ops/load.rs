//! Many messages from several senders, some of them twice, while the daemon is killed again and again.
//! `CORDON_LOAD` says how many; 10000 is what a release is tried with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{House, WEBHOOK};
use crate::daemon::{departure, send, signed};

const SENDERS: usize = 6;
const KILLS: usize = 10;

/// How many messages.
#[expect(clippy::disallowed_methods, reason = "a knob of this test")]
fn load() -> usize {
    let load = std::env::var("CORDON_LOAD").ok();
    load.and_then(|load| load.parse().ok()).unwrap_or(600)
}

/// The worker of a message: every tenth message is the one before it, once more.
fn worker(number: usize) -> usize {
    if number % 10 == 9 { number - 1 } else { number }
}

#[test]
fn every_acknowledged_message_is_there_exactly_once_however_often_it_is_killed() {
    let load = load();
    let house = House::new(&format!("[serve]\nlisten = \"127.0.0.1:0\"\n{WEBHOOK}"));
    // Where cases go there is a file, so that none is opened: each takes megabytes of the disk. That
    // every message becomes one case is tried with fewer of them.
    fs::create_dir_all(house.path("data")).unwrap();
    fs::write(house.path("data/cases"), b"").unwrap();
    let mut daemon = house.start();
    let port = AtomicU16::new(daemon.port);
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let statuses = Mutex::new(BTreeMap::<u16, usize>::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= load {
                        break;
                    }
                    let name = format!("W-{}", worker(number));
                    let message = signed(&format!("evt-{name}"), &departure(&name));
                    // As a sender does that hears nothing: the same again.
                    let status = loop {
                        match send(port.load(Ordering::Relaxed), &message) {
                            Ok(answer) => break answer.status,
                            Err(_) => std::thread::sleep(Duration::from_millis(5)),
                        }
                    };
                    *statuses.lock().unwrap().entry(status).or_default() += 1;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for kill in 1..=KILLS {
            let after = load * kill / (KILLS + 1);
            while answered.load(Ordering::Relaxed) < after {
                std::thread::sleep(Duration::from_millis(1));
            }
            daemon.stop(Signal::KILL);
            daemon = house.start();
            port.store(daemon.port, Ordering::Relaxed);
        }
    });
    let took = began.elapsed();
    let statuses = statuses.into_inner().unwrap();
    assert!(
        statuses.keys().all(|status| [200, 202].contains(status)),
        "{statuses:?}"
    );
    let expected: BTreeSet<String> = (0..load)
        .map(|number| format!("evt-W-{}", worker(number)))
        .collect();
    assert_eq!(kept(&house), expected);
    println!("{load} messages, {statuses:?}, {KILLS} kills, {took:?}");
    let ready = daemon.get("/ready", "").body;
    assert_eq!(
        ready,
        format!("{{\"behind\":{},\"ready\":true}}", expected.len())
    );
}

/// The ids of the messages that were kept. Each is there once.
fn kept(house: &House) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    for entry in fs::read_dir(house.path("data/messages")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            let message: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            assert_eq!(message["conflict"], false);
            assert!(
                kept.insert(message["id"].as_str().unwrap().to_owned()),
                "{message}"
            );
        }
    }
    kept
}
