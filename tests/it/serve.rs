//! The daemon as a child process: what it acknowledges, what it refuses, how it stops.

mod stopping;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cordon::intake::standard_webhooks::sign;
use cordon::time::{Clock as _, SystemClock, Timestamp};
use rustix::process::Signal;
use serde_json::Value;

use crate::daemon::{Daemon, SECRET, answer, departure, head};
use crate::program::{Program, until};

const NEW: &str = "whsec_bmV3IHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";

/// A folder with a configuration, and the programs that use it.
struct Place {
    folder: tempfile::TempDir,
    program: Program,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("cordon.toml");
        let text = r#"
data = "data"
[serve]
listen = "127.0.0.1:0"
[[webhook]]
name = "hr"
kind = "standard"
secrets = ["env:HR_OLD", "env:HR_NEW"]
[[webhook]]
name = "okta"
kind = "okta"
secrets = ["env:OKTA_HOOK"]
"#;
        fs::write(&config, text).unwrap();
        let program = Program::at(folder.path(), Some(config));
        Self { folder, program }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program.command(args);
        command
            .env("HR_OLD", SECRET)
            .env("HR_NEW", NEW)
            .env("OKTA_HOOK", "a value that only Okta knows");
        command
    }

    fn start(&self) -> Daemon {
        self.start_with(|_| {})
    }

    fn start_with(&self, change: impl FnOnce(&mut Command)) -> Daemon {
        let mut command = self.command(&["serve", "--json"]);
        change(&mut command);
        Daemon::start(command, self.folder.path())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("serve.err")).unwrap()
    }

    fn list(&self) -> Value {
        let said = self.program.run(&["case", "list", "--json"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        said.json()
    }

    /// The worker ids of the cases, as their titles give them.
    fn opened(&self) -> Vec<String> {
        let list = self.list();
        let cases = list["cases"].as_array().unwrap();
        let title = |case: &Value| case["title"].as_str().unwrap().to_owned();
        let mut titles: Vec<String> = cases.iter().map(title).collect();
        titles.sort();
        titles
    }
}

impl Daemon {
    /// The status of the answer to a message that was signed with `secret`.
    fn post_with(&self, secret: &str, id: &str, at: Timestamp, body: &[u8]) -> u16 {
        let signature = sign(&secret.into(), id, at, body).unwrap();
        self.signed(id, at, &signature, body)
    }

    /// The status of the answer to a message with this signature.
    fn signed(&self, id: &str, at: Timestamp, signature: &str, body: &[u8]) -> u16 {
        let head = head("hr", id, at, signature);
        self.call(&head, body).unwrap().status
    }

    /// Whether so many messages wait for their case, as `/ready` says.
    fn behind(&self, messages: usize) -> bool {
        let said = self.get("/ready", "").body;
        said.contains(&format!("\"behind\":{messages}"))
    }
}

/// The title of the case of a worker.
fn title(worker: &str) -> String {
    format!("Access review {worker}")
}

#[test]
fn a_signed_message_opens_one_quiet_case_and_what_is_not_signed_nothing() {
    let place = Place::new();
    let daemon = place.start();
    let (now, body) = (SystemClock.now(), departure("W-1"));
    assert_eq!(daemon.get("/health", "").status, 200);
    assert_eq!(daemon.get("/ready", "").status, 200);
    assert_eq!(daemon.get("/hooks/hr", "").status, 405);
    assert_eq!(daemon.get("/hooks/none", "").status, 404);
    assert_eq!(daemon.get("/", "").status, 303, "to the sign-in");
    assert_eq!(daemon.get("/nowhere", "").status, 404);

    assert_eq!(daemon.post_with(SECRET, "evt-1", now, &body), 202);
    assert_eq!(
        daemon.post_with(SECRET, "evt-1", now, &body),
        200,
        "replayed"
    );
    assert_eq!(
        daemon.post_with(NEW, "evt-1", now, &body),
        200,
        "the other secret"
    );
    assert_eq!(daemon.post_with(NEW, "evt-2", now, &departure("W-2")), 202);
    assert_eq!(
        daemon.post_with(SECRET, "evt-1", now, &departure("W-3")),
        409
    );
    assert_eq!(
        daemon.post_with("whsec_c3RyYW5nZXI=", "evt-4", now, &body),
        401
    );
    for off in [-330, 330] {
        let at = now + jiff::SignedDuration::from_secs(off);
        assert_eq!(
            daemon.post_with(SECRET, "evt-5", at, &departure("W-5")),
            401,
            "{off}"
        );
    }
    let large = vec![b' '; cordon::intake::BODY_LIMIT + 1];
    assert_eq!(daemon.post_with(SECRET, "evt-6", now, &large), 413);
    assert_eq!(daemon.post_with(SECRET, "evt-7", now, b"not json"), 400);
    assert_eq!(daemon.signed("evt-8", now, "v1,", &body), 401);
}

#[test]
fn other_commands_work_beside_it_and_its_log_tells_nothing_of_people() {
    let place = Place::new();
    let daemon = place.start();
    let now = SystemClock.now();
    for worker in ["W-1", "W-2"] {
        assert_eq!(daemon.terminate(worker).unwrap(), 202);
    }
    // The same departure under another id of the message: the same case.
    let again = daemon.post_with(SECRET, "evt-other", now, &departure("W-1"));
    assert_eq!(again, 202);
    let reused = daemon.post_with(SECRET, "evt-W-1", now, &departure("W-3"));
    assert_eq!(reused, 409);
    until("both cases are open", || {
        (place.opened().len() == 2).then_some(())
    });
    until("nothing is behind", || daemon.behind(0).then_some(()));
    assert_eq!(place.opened(), [title("W-1"), title("W-2")]);
    let list = until("the conflict waits", || {
        Some(place.list()).filter(|list| list["messages"].as_array().unwrap().len() == 1)
    });
    assert!(
        list["messages"][0]["why"]
            .as_str()
            .unwrap()
            .contains("used before")
    );
    let id = list["cases"][0]["id"].as_str().unwrap().to_owned();
    let held = place
        .program
        .run(&["case", "hold", &id, "--reason", "HR asks us to wait"]);
    assert_eq!(
        held.code,
        Some(0),
        "the daemon has let go of the case: {held:?}"
    );
    let status = place.program.run(&["status", &id, "--json"]).json();
    assert_eq!(
        status["summary"]["door_list"],
        serde_json::json!([]),
        "nothing was even looked at"
    );

    // A departure that comes again after its case was held is not lost in it.
    for worker in ["W-1", "W-2"] {
        let id = format!("evt-third-{worker}");
        assert_eq!(daemon.post_with(SECRET, &id, now, &departure(worker)), 202);
    }
    let list = until("one more waits", || {
        Some(place.list()).filter(|list| list["messages"].as_array().unwrap().len() == 2)
    });
    assert_eq!(list["messages"][1]["case"], Value::String(id));
    assert_eq!(list["cases"].as_array().unwrap().len(), 2);

    let log = place.log();
    for secret in [
        "b2xkIHNl",
        "bmV3IHNl",
        "company.example",
        "W-1",
        "effective_at",
    ] {
        assert!(!log.contains(secret), "{secret} stands in the log: {log}");
    }
    for line in log.lines() {
        serde_json::from_str::<Value>(line).expect(line);
    }
}

#[test]
fn the_reference_library_is_believed() {
    let installed = Command::new("python3")
        .args(["-c", "import standardwebhooks"])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        eprintln!("skipped: python3 has no package `standardwebhooks`");
        return;
    }
    let place = Place::new();
    let daemon = place.start();
    let (now, body) = (SystemClock.now(), departure("W-1"));
    let script = "import sys,datetime\nfrom standardwebhooks.webhooks import Webhook\nprint(Webhook(sys.argv[1]).sign('evt-py', datetime.datetime.fromtimestamp(int(sys.argv[2]), tz=datetime.timezone.utc), sys.argv[3]))";
    let made = Command::new("python3")
        .args(["-c", script, NEW, &now.as_second().to_string()])
        .arg(String::from_utf8(body.clone()).unwrap())
        .output()
        .unwrap();
    let signature = String::from_utf8(made.stdout).unwrap();
    let post = |body: &[u8]| daemon.signed("evt-py", now, signature.trim(), body);
    assert_eq!((post(&body), post(&body)), (202, 200));
    assert_eq!(post(&departure("W-2")), 401);
}

#[test]
fn what_was_acknowledged_survives_a_kill_before_its_case() {
    let place = Place::new();
    let mut daemon = place.start();
    // Where cases go there is a file: messages can be kept, cases cannot be opened.
    let cases = place.data().join("cases");
    fs::remove_dir_all(&cases).ok();
    fs::write(&cases, b"").unwrap();
    for worker in ["W-1", "W-2"] {
        assert_eq!(daemon.terminate(worker).unwrap(), 202);
    }
    assert_eq!(
        daemon.terminate("W-1").unwrap(),
        200,
        "known, though its case is not open"
    );
    until("it was tried", || {
        place.log().contains("could not be opened").then_some(())
    });
    assert!(daemon.behind(2));
    daemon.stop(Signal::KILL);
    fs::remove_file(&cases).unwrap();
    assert!(place.opened().is_empty());
    let daemon = place.start();
    until("the cases are open", || {
        (place.opened().len() == 2).then_some(())
    });
    assert_eq!(daemon.terminate("W-2").unwrap(), 200);
    assert_eq!(place.opened(), [title("W-1"), title("W-2")]);
}

#[test]
fn killed_at_any_moment_every_acknowledged_message_is_one_case() {
    let place = Place::new();
    let mut acknowledged = BTreeSet::new();
    for round in 0..4 {
        let mut daemon = place.start();
        let dead = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..3)
                .map(|sender| {
                    let (daemon, dead) = (&daemon, &dead);
                    scope.spawn(move || {
                        let mut kept = Vec::new();
                        for number in 0.. {
                            if dead.load(Ordering::Relaxed) || number > 200 {
                                break;
                            }
                            // Some were sent before, in another life of the daemon.
                            let worker = format!("W-{sender}-{}", number % 4 + round);
                            match daemon.terminate(&worker) {
                                Ok(200 | 202) => kept.push(title(&worker)),
                                Ok(other) => panic!("answered {other}"),
                                Err(_) => {}
                            }
                        }
                        kept
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(60 + 170 * round));
            daemon.signal(Signal::KILL);
            dead.store(true, Ordering::Relaxed);
            for sender in senders {
                acknowledged.extend(sender.join().unwrap());
            }
        });
        daemon.child.wait().unwrap();
    }
    assert!(!acknowledged.is_empty());
    let daemon = place.start();
    until("nothing is behind", || daemon.behind(0).then_some(()));
    let opened = place.opened();
    let once: BTreeSet<String> = opened.iter().cloned().collect();
    assert_eq!(
        once.len(),
        opened.len(),
        "a message opened two cases: {opened:?}"
    );
    let lost: Vec<_> = acknowledged.difference(&once).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

#[test]
fn told_to_stop_under_load_it_ends_in_time_and_loses_nothing() {
    let place = Place::new();
    let mut daemon = place.start();
    let port = daemon.port;
    // Two senders that never come to an end: one in the head, one in the body.
    let mut stuck = Vec::new();
    for text in [
        "POST /hooks/hr HT",
        "POST /hooks/hr HTTP/1.1\r\nhost: hr.test\r\ncontent-length: 9\r\n\r\n{",
    ] {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.write_all(text.as_bytes()).unwrap();
        stuck.push(socket);
    }
    let mut kept = Vec::new();
    let ended = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..3)
            .map(|sender| {
                let daemon = &daemon;
                scope.spawn(move || {
                    let worker = |number| format!("W-{sender}-{number}");
                    let sent = (0..200)
                        .map(worker)
                        .map(|worker| (daemon.terminate(&worker), worker));
                    sent.take_while(|(answer, _)| answer.is_ok())
                        .map(|(answer, worker)| (answer.unwrap(), worker))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        daemon.signal(Signal::TERM);
        for sender in senders {
            kept.extend(sender.join().unwrap());
        }
        begun
    });
    let code = daemon.child.wait().unwrap().code();
    let took = ended.elapsed();
    assert_eq!(code, Some(0), "{}", place.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(
        !kept.is_empty() && kept.iter().all(|(status, _)| *status == 202),
        "{kept:?}"
    );
    assert!(place.log().contains("\"stopped\""));
    let daemon = place.start();
    until("nothing is behind", || daemon.behind(0).then_some(()));
    let opened: BTreeSet<String> = place.opened().into_iter().collect();
    for (_, worker) in &kept {
        assert!(opened.contains(&title(worker)), "{worker} was lost");
    }
}

#[test]
fn a_sender_that_is_too_slow_is_let_go() {
    let place = Place::new();
    let daemon = place.start();
    let open = |text: &str| {
        let mut socket = TcpStream::connect(("127.0.0.1", daemon.port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        socket.write_all(text.as_bytes()).unwrap();
        socket
    };
    let mut head = open("POST /hooks/hr HTTP/1.1\r\nhost: hr.test\r\nx-a: b");
    let mut body = open(
        "POST /hooks/hr HTTP/1.1\r\nhost: hr.test\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{",
    );
    let begun = Instant::now();
    assert_eq!(answer(&mut body).unwrap().status, 408);
    let mut rest = Vec::new();
    head.read_to_end(&mut rest).ok();
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    // Others were never held up.
    assert_eq!(daemon.terminate("W-1").unwrap(), 202);
}

#[test]
fn the_store_has_one_daemon_and_systemd_hears_of_it() {
    let place = Place::new();
    let path = place.folder.path().join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    notify
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut daemon = place.start_with(|command| {
        command.env("NOTIFY_SOCKET", &path);
    });
    let hear = || {
        let mut state = [0; 64];
        let length = notify.recv(&mut state).unwrap();
        String::from_utf8_lossy(&state[..length]).into_owned()
    };
    assert_eq!(hear(), "READY=1");
    let said: Value =
        serde_json::from_slice(&fs::read(place.folder.path().join("serve.out")).unwrap()).unwrap();
    assert_eq!(said["pid"], daemon.child.id());
    let second = place.program.end(place.command(&["serve"]));
    assert_eq!(second.code, Some(6), "{second:?}");
    assert!(
        second.err.contains(&daemon.child.id().to_string()),
        "{second:?}"
    );
    let (code, took) = daemon.stop(Signal::INT);
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(hear(), "STOPPING=1");
    place.start();
}

#[test]
fn what_says_too_little_waits_for_a_person_who_opens_or_dismisses_it() {
    let place = Place::new();
    let daemon = place.start();
    let challenge = "GET /hooks/okta HTTP/1.1\r\nx-okta-verification-challenge: abc\r\n";
    let said = daemon.call(challenge, b"").unwrap();
    assert_eq!(
        (said.status, said.body.as_str()),
        (200, r#"{"verification":"abc"}"#)
    );
    let okta = |id: &str, value: &str| {
        let body = format!(
            r#"{{"eventType":"com.okta.event_hook","eventId":"{id}","data":{{"events":[{{"eventType":"user.lifecycle.deactivate","target":[{{"type":"User","alternateId":"{id}@company.example"}}]}}]}}}}"#
        );
        let head = format!("POST /hooks/okta HTTP/1.1\r\nauthorization: {value}\r\n");
        daemon.call(&head, body.as_bytes()).unwrap().status
    };
    assert_eq!(okta("a", "not it"), 401);
    assert_eq!(okta("a", "a value that only Okta knows"), 202);
    assert_eq!(okta("b", "a value that only Okta knows"), 202);
    assert_eq!(daemon.terminate("W-1").unwrap(), 202);
    until("the case is open", || {
        (place.opened().len() == 1).then_some(())
    });
    let recall = br#"{"type":"worker.termination_recalled","data":{"worker_id":"W-1"}}"#;
    assert_eq!(
        daemon.post_with(SECRET, "evt-r", SystemClock.now(), recall),
        202
    );
    let other = br#"{"type":"worker.moved","data":{"worker_id":"W-1"}}"#;
    let unknown = br#"{"type":"worker.termination_recalled","data":{"worker_id":"W-7"}}"#;
    let at = SystemClock.now();
    for (id, body) in [("evt-o", &other[..]), ("evt-u", &unknown[..])] {
        assert_eq!(daemon.post_with(SECRET, id, at, body), 202);
    }
    let list = until("three wait", || {
        Some(place.list()).filter(|list| list["messages"].as_array().unwrap().len() == 3)
    });
    assert_eq!(place.opened(), [title("W-1")], "nothing is guessed");
    // A recall holds the one case of that person; one of somebody unknown is a person's.
    assert_eq!(list["cases"][0]["phase"], "held");
    assert_eq!(list["messages"][2]["case"], Value::Null);
    assert_eq!(list["messages"][0]["case"], Value::Null);
    let name = |index: usize| {
        list["messages"][index]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let text = place.program.run(&["case", "list"]);
    assert!(
        text.out.contains("WAITS FOR A PERSON") && text.out.contains(&name(0)),
        "{text:?}"
    );

    let opened = place.program.run(&[
        "case",
        "open",
        "--message",
        &name(0),
        "--worker-id",
        "W-9",
        "--json",
    ]);
    assert_eq!(opened.code, Some(0), "{opened:?}");
    let status = place
        .program
        .run(&["status", opened.json()["case"].as_str().unwrap(), "--json"]);
    assert_eq!(status.json()["summary"]["title"], "Access review W-9");
    for index in [1, 2] {
        let set = place
            .program
            .run(&["case", "dismiss", &name(index), "--reason", "asked HR"]);
        assert_eq!(set.code, Some(0), "{set:?}");
        let again = place
            .program
            .run(&["case", "dismiss", &name(index), "--reason", "again"]);
        assert_eq!(again.code, Some(2), "{again:?}");
    }
    assert!(place.list()["messages"].as_array().unwrap().is_empty());
    assert_eq!(place.list()["cases"].as_array().unwrap().len(), 2);
    // The secret that the header carries is kept nowhere.
    assert!(!holds(&place.data(), "only Okta knows"));
}

fn holds(dir: &Path, text: &str) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[test]
fn a_configuration_that_is_not_right_is_refused_with_its_place() {
    let place = Place::new();
    let config = place.folder.path().join("cordon.toml");
    let refused = |text: &str, expected: &[&str]| {
        fs::write(&config, text).unwrap();
        let said = place.program.end(place.command(&["serve", "--check"]));
        assert_eq!(said.code, Some(2), "{said:?}");
        for words in expected {
            assert!(said.err.contains(words), "{words}: {said:?}");
        }
    };
    refused(
        "[serve]\nlisten = \"0.0.0.0:8470\"",
        &["other machines", "proxy with TLS", "[serve]"],
    );
    refused("[serve]\nlisten = \"localhost\"", &["address with a port"]);
    refused(
        "[[webhook]]\nname = \"a\"\nkind = \"nobody\"\nsecrets = [\"env:A\"]\n[[webhook]]\nname = \"a\"\nkind = \"standard\"\nsecrets = []",
        &[
            "[[webhook]] 1 `a`: `kind`",
            "[[webhook]] 2 `a`: `secrets`",
            "another webhook has this name",
        ],
    );
    refused(
        "[[webhook]]\nname = \"A/b\"\nkind = \"standard\"\nsecrets = [\"env:A\"]",
        &["part of the address"],
    );
    refused(
        "[[webhook]]\nname = \"o\"\nkind = \"okta\"\nroute = \"suspicion\"\nsecrets = [\"env:A\"]",
        &["signs nothing"],
    );
    refused(
        "[[webhook]]\nname = \"hr\"\nkind = \"standard\"\nsecrets = [\"env:NOT_SET\"]",
        &["[[webhook]] `hr`", "NOT_SET"],
    );
    fs::write(
        &config,
        "[[webhook]]\nname = \"hr\"\nkind = \"standard\"\nsecrets = [\"env:HR_OLD\"]",
    )
    .unwrap();
    let said = place
        .program
        .end(place.command(&["serve", "--check", "--json"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.json()["webhooks"][0], "hr");
}

#[test]
fn all_that_the_daemon_will_need_is_looked_at_before_it_is_needed() {
    let place = Place::new();
    let config = place.folder.path().join("cordon.toml");
    let check = |text: &str| {
        fs::write(&config, text).unwrap();
        place.program.end(place.command(&["serve", "--check"]))
    };
    let beside = |name: &str, text: &str| fs::write(place.folder.path().join(name), text).unwrap();
    beside("key.txt", "no key\n");
    let early = cordon::playbook::shipped("contain-now").unwrap();
    beside("own.yaml", early);
    beside(
        "bad.yaml",
        &early.replace("needs: [contain]", "needs: [contian]"),
    );
    let mail = "[mail]\nhost = \"127.0.0.1\"\nport = 25\nsecurity = \"none\"\nfrom = \"desk@company.example\"\n";
    let recipient = |key: &str| {
        format!("{mail}[[mail.recipient]]\naddress = \"office@other.example\"\n{key}\n")
    };
    let suspicion = |text: &str| format!("[suspicion]\n{text}\n");
    for (text, expected) in [
        (
            "[github]\norg = \"example\"\n".to_owned(),
            &["GitHub", "[github]", "owner_token"][..],
        ),
        (
            "[okta]\nbase_url = \"https://company.example\"\ntoken = \"env:NOT_SET\"\n".into(),
            &["env:NOT_SET"],
        ),
        (
            "[okta]\nbase_url = \"https://company.example\"\napp = { client_id = \"c\", key = \"env:HR_OLD\" }\n".into(),
            &["key"],
        ),
        (
            format!("{mail}[mail.dkim]\ndomain = \"company.example\"\nselector = \"s\"\nkey = \"env:HR_OLD\"\n"),
            &["DKIM", "[mail.dkim] key", "openssl genpkey"],
        ),
        (
            recipient("smime = \"file:none.pem\""),
            &["A file of [mail] cannot be read", "none.pem"],
        ),
        (
            recipient("smime = \"file:key.txt\""),
            &["no certificate", "office@other.example", "[[mail.recipient]]"],
        ),
        (
            recipient("pgp = \"file:key.txt\""),
            &["no OpenPGP public key", "office@other.example"],
        ),
        (
            suspicion("playbook = \"none.yaml\""),
            &["no such playbook", "none.yaml", "[suspicion]"],
        ),
        (
            suspicion("contain = \"now\"\nplaybook = \"bad.yaml\""),
            &["bad.yaml:14", "close-without-gate", "[suspicion]"],
        ),
        (
            suspicion("playbook = \"own.yaml\""),
            &["`contain` of the playbook", "before people decide", "contain = \"now\""],
        ),
        (
            suspicion("contain = \"now\"\nratify_within = \"30m\"\nplaybook = \"terminated-contractor\""),
            &["nothing to shorten", "[suspicion] `terminated-contractor`"],
        ),
    ] {
        let said = check(&text);
        assert_eq!(said.code, Some(2), "{text}{said:?}");
        for words in expected {
            assert!(said.err.contains(words), "{words}: {text}{said:?}");
        }
    }
    // A playbook beside the configuration is found from wherever the program is started.
    for right in [
        suspicion("contain = \"now\"\nratify_within = \"30m\"\nplaybook = \"own.yaml\""),
        suspicion("contain = \"now\""),
        mail.to_owned(),
    ] {
        let said = check(&right);
        assert_eq!(said.code, Some(0), "{right}{said:?}");
    }
}

#[test]
fn the_sample_shows_webhooks_that_are_configured_right() {
    let sample = cordon::settings::sample::SAMPLE;
    let (_, webhooks) = sample.split_once("# [[webhook]]\n").unwrap();
    let lines = webhooks.lines().map(|line| {
        let line = line.strip_prefix('#').unwrap_or(line);
        line.strip_prefix(' ').unwrap_or(line)
    });
    let lines: Vec<&str> = std::iter::once("[[webhook]]").chain(lines).collect();
    let text = lines.join("\n");
    let settings = cordon::settings::Settings::parse(&text, Path::new("cordon.toml")).unwrap();
    let names: Vec<&str> = settings
        .webhooks
        .iter()
        .map(|webhook| webhook.name.as_str())
        .collect();
    assert_eq!(names, ["hr", "gusto", "okta", "other-hr"]);
    assert_eq!(settings.reviews.len(), 1);
    let generic = settings.webhooks[3].generic.clone();
    let options = cordon::intake::Options {
        header: None,
        generic,
        ..cordon::intake::Options::default()
    };
    assert!(cordon::intake::source("generic", &["k".into()], &options).is_ok());
}
