//! Commands through the daemon's socket: who may, what the daemon may ask for, and what outlives a
//! terminal. That the answers are the same is held by `cli`, which goes the same way with and without.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cordon::carry::{Begin, Call, Reply, read, write};
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::Desk;
use crate::program::Program;

fn until(what: &str, look: impl Fn() -> bool) {
    let begun = Instant::now();
    while !look() {
        assert!(begun.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn ledger(desk: &Desk) -> String {
    let case = desk.program.data().join("cases").join(&desk.case);
    fs::read_to_string(case.join("ledger.jsonl")).unwrap()
}

fn signal(child: &std::process::Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// A run waits in one terminal while people approve in others; a terminal that is lost stops nothing,
/// Ctrl-C does, and a daemon that is told to stop journals what is under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_meet_in_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::set(folder.path()).await;
    let mut served = desk.program.serve();
    let mode = fs::metadata(desk.program.data().join("daemon.sock")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    desk.ends(0, "inventory CASE");
    desk.ends(0, "plan CASE");

    let started = || {
        let mut command = desk.program.command(&["run", &desk.case, "--wait"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut lost = started();
    until("the gate opens", || ledger(&desk).contains("gate.opened"));
    let busy = desk.ends(6, "run CASE");
    assert!(busy.err.contains("under way already"), "{busy:?}");
    lost.kill().unwrap();
    lost.wait().unwrap();
    assert!(!ledger(&desk).contains("gate.passed"));
    desk.approve("go");
    until("the run goes on without its terminal", || {
        ledger(&desk).contains("gate.passed")
    });
    until("a door is closed", || ledger(&desk).contains("door.probed"));

    // The daemon ends in time, and nothing that was under way is lost.
    let begun = Instant::now();
    signal(&served.0, Signal::TERM);
    assert_eq!(served.0.wait().unwrap().code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(ledger(&desk).matches("run.cancelled").count(), 1);

    let _served = desk.program.serve();
    let mut interrupted = started();
    until("it goes on", || {
        ledger(&desk).matches("run.resumed").count() > 0
    });
    signal(&interrupted, Signal::INT);
    let begun = Instant::now();
    assert!(interrupted.wait().unwrap().code().is_some());
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(ledger(&desk).matches("run.cancelled").count(), 2);
}

/// Whoever connects has to be the same program; and what the daemon asks for is read, signed or
/// written only when the command names it.
#[test]
fn neither_end_believes_the_other_more_than_it_must() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cordon.toml");
    fs::write(
        &config,
        "data = \"data\"\n[serve]\nlisten = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    let program = Program::at(folder.path(), Some(config));
    let served = program.serve();
    let socket = program.data().join("daemon.sock");
    let begin = |version: &str, args: &[&str]| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let begin = Begin {
            version: version.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            operator: "tester".to_owned(),
            config: None,
            columns: None,
            progress: None,
            can_ask: false,
        };
        write(&mut stream, &Reply::Begin(begin), &[]).unwrap();
        let mut said = Vec::new();
        loop {
            match read::<Call>(&mut stream).unwrap() {
                (Call::End(code), _) => return (code, String::from_utf8(said).unwrap()),
                (_, bytes) => said.extend(bytes),
            }
        }
    };
    let (code, said) = begin("0.0.0", &["case", "list"]);
    assert!(code == 6 && said.contains("restart the daemon"), "{said}");
    let (code, said) = begin(env!("CARGO_PKG_VERSION"), &["case", "list"]);
    assert!(
        code == 0 && said.contains("another configuration"),
        "{said}"
    );
    let (code, said) = begin(env!("CARGO_PKG_VERSION"), &["serve"]);
    assert_eq!(code, 6, "{said}");
    assert_eq!(begin(env!("CARGO_PKG_VERSION"), &["no-such-verb"]).0, 2);
    // Noise is let go of, and the next command is answered.
    std::io::Write::write_all(&mut UnixStream::connect(&socket).unwrap(), &[0xff; 4096]).ok();
    assert_eq!(program.run(&["case", "list"]).code, Some(0));
    drop(served);
    // What a killed daemon leaves is no daemon.
    assert_eq!(program.run(&["case", "list"]).code, Some(0));

    fs::remove_file(&socket).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let secret = folder.path().join("home/secret");
    fs::write(&secret, "not yours").unwrap();
    let calls = [
        Call::Read(secret.clone()),
        Call::Key(secret.clone()),
        Call::Sign(secret.clone(), "git".to_owned()),
        Call::Deliver(folder.path().to_owned(), folder.path().join("home/planted")),
    ];
    let false_daemon = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read::<Reply>(&mut stream).unwrap();
        for call in calls {
            write(&mut stream, &call, b"text").unwrap();
            let (reply, bytes) = read::<Reply>(&mut stream).unwrap();
            assert!(matches!(reply, Reply::Refused(_)), "{call:?}: {reply:?}");
            assert!(bytes.is_empty());
        }
        write(&mut stream, &Call::End(0), &[]).unwrap();
    });
    let said = program.run(&["contact", "import", "case_x", "named.eml"]);
    false_daemon.join().unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!Path::new(&folder.path().join("home/planted")).exists());
}
