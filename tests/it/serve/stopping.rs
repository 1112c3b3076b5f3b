//! How it stops while a provider keeps it waiting: in time, and nothing that was acknowledged is lost.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use ::http::Method;
use cordon::intake::standard_webhooks::sign;
use cordon::range::fault::{Faults, Nth, Trouble};
use cordon::time::{Clock as _, SystemClock};
use rustix::process::Signal;

use super::{NEW, Place, title};
use crate::daemon::head;
use crate::program::{Program, until};
use crate::staged::{Staged, Struck, small_company};

/// The simulated company, whose Okta carries one suspension out and never says so.
async fn stuck(folder: &Path) -> (Staged, Place) {
    let suspend = "/api/v1/users/*/lifecycle/suspend";
    let struck = Struck {
        okta: Faults::none().on(Method::POST, suspend, Nth::First(1), Trouble::HangAfter),
        ..Struck::default()
    };
    let staged = Staged::set(folder, small_company(), struck).await;
    let more = "[suspicion]\ncontain = \"now\"\n[[webhook]]\nname = \"hr\"\nkind = \"standard\"\nsecrets = [\"env:HR_OLD\"]\n[[webhook]]\nname = \"desk\"\nkind = \"standard\"\nroute = \"suspicion\"\nsecrets = [\"env:HR_NEW\"]\n";
    let text = fs::read_to_string(staged.config()).unwrap();
    fs::write(staged.config(), format!("{text}{more}")).unwrap();
    let place = Place {
        program: Program::at(folder, Some(staged.config())),
        folder: tempfile::tempdir().unwrap(),
    };
    (staged, place)
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_in_a_run_that_no_provider_answers_it_ends_in_time_and_goes_on_at_the_next_start()
 {
    let folder = tempfile::tempdir().unwrap();
    let (staged, place) = stuck(folder.path()).await;
    let mut daemon = place.start();
    let now = SystemClock.now();
    let body = staged.company.hr_termination(now, now);
    let signature = sign(&NEW.into(), "evt-s", now, &body).unwrap();
    let head = head("desk", "evt-s", now, &signature);
    assert_eq!(daemon.call(&head, &body).unwrap().status, 202);
    // Of the account: a device of the same person is suspended too.
    let account = &staged.company.subject.okta_id;
    let path = format!("/api/v1/users/{account}/lifecycle/suspend");
    let suspended = || {
        let calls = staged.calls.calls().into_iter();
        calls.filter(|call| call.path == path).count()
    };
    until("the close hangs", || (suspended() > 0).then_some(()));
    // Clients that never come to an end, and messages up to the last moment.
    let mut slow = Vec::new();
    for text in [
        "GET /rea",
        "POST /hooks/hr HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{",
    ] {
        let mut socket = TcpStream::connect(("127.0.0.1", daemon.port)).unwrap();
        socket.write_all(text.as_bytes()).unwrap();
        slow.push(socket);
    }
    for worker in ["W-1", "W-2"] {
        assert_eq!(daemon.terminate(worker).unwrap(), 202);
    }
    let (code, took) = daemon.stop(Signal::TERM);
    assert_eq!(code, Some(0), "{}", place.log());
    // Seven seconds for requests, two for the rest, and a little for the machine.
    assert!(took < Duration::from_secs(11), "{took:?}");
    drop(slow);

    let _daemon = place.start();
    let opened = until("everything that was acknowledged is a case", || {
        Some(place.opened()).filter(|opened| opened.len() == 3)
    });
    assert!(opened.contains(&title("W-1")) && opened.contains(&title("W-2")));
    let ratify = |status: &serde_json::Value| {
        let mut gates = status["summary"]["gates"].as_array().unwrap().iter();
        gates.any(|gate| gate["step"] == "ratify")
    };
    let status = until("the review went on to its gate", || {
        let list = place.list();
        let cases = list["cases"].as_array().unwrap().iter();
        let ids = cases.map(|case| case["id"].as_str().unwrap().to_owned());
        ids.map(|id| place.program.run(&["status", &id, "--json"]).json())
            .find(ratify)
    });
    assert_eq!(
        suspended(),
        1,
        "what was done is looked at, and not repeated"
    );
    let doors = status["summary"]["door_list"].as_array().unwrap();
    let account = doors.iter().find(|door| door["kind"] == "okta.account");
    assert_eq!(account.unwrap()["state"], "closed", "a look proved it");
    let case = status["summary"]["case"].as_str().unwrap();
    let ledger = folder
        .path()
        .join("data/cases")
        .join(case)
        .join("ledger.jsonl");
    let ledger = fs::read_to_string(ledger).unwrap();
    assert!(ledger.contains("\"kind\":\"run.resumed\""));
    assert!(
        !ledger.contains("broke down"),
        "the end of the program is no answer of a provider"
    );
}
