//! Commands through the daemon's socket: who may, what the daemon may ask for, and what outlives a
//! terminal. That the answers are the same is held by `cli`, which goes the same way with and without.

mod same;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cordon::canon::Digest;
use cordon::carry::far::Far;
use cordon::carry::{Begin, Call, Reply, read, write};
use cordon::evidence::approval::{Approval, Decision, Subject};
use cordon::id::CaseId;
use cordon::sshsig::Signer;
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::Desk;
use crate::program::{self, Program};

/// Waits until something holds.
fn until(what: &str, look: impl Fn() -> bool) {
    program::until(what, || look().then_some(()));
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
            can_ask: false,
            ..begin(args)
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

fn begin(args: &[&str]) -> Begin {
    Begin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        operator: "tester".to_owned(),
        config: None,
        columns: None,
        progress: None,
        can_ask: true,
    }
}

/// Whoever listens gets one signature, under what the person's own command line says and nothing else,
/// and no folder of ours but what it made to be delivered.
#[expect(
    clippy::too_many_lines,
    reason = "one false daemon, each of its lies in turn"
)]
#[test]
fn a_false_daemon_gets_the_one_signature_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cordon.toml");
    fs::write(&config, "data = \"data\"\n").unwrap();
    let program = Program::at(folder.path(), Some(config));
    fs::create_dir_all(program.data().join("deliveries/made")).unwrap();
    fs::create_dir_all(folder.path().join("home/private")).unwrap();
    let listener = UnixListener::bind(program.data().join("daemon.sock")).unwrap();
    Signer::generate(&folder.path().join("home/key"), "ada").unwrap();
    // What each call of a daemon is answered, when this is the command.
    let told = |args: &[&str], calls: Vec<(Call, String)>| {
        let listener = listener.try_clone().unwrap();
        let daemon = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read::<Reply>(&mut stream).unwrap();
            let each = calls.iter().map(|(call, text)| {
                write(&mut stream, call, text.as_bytes()).unwrap();
                let (reply, _) = read::<Reply>(&mut stream).unwrap();
                !matches!(reply, Reply::Refused(_))
            });
            let replies: Vec<bool> = each.collect();
            write(&mut stream, &Call::End(0), &[]).unwrap();
            replies
        });
        assert_eq!(program.run(args).code, Some(0));
        daemon.join().unwrap()
    };
    let case = CaseId::fresh();
    let meant = Approval {
        case: case.clone(),
        subject: Subject::Gate("contain/approve".to_owned()),
        binds: Digest::of(b"plan"),
        decision: Decision::Approve,
        person: "Ada".to_owned(),
        reason: "checked".to_owned(),
        at: "2027-03-13T02:34:11Z".parse().unwrap(),
        expires: "2027-03-13T06:34:11Z".parse().unwrap(),
        session: None,
    };
    let sign = |approval: &Approval| {
        let call = Call::Sign("key".into(), cordon::sshsig::APPROVAL.to_owned());
        (call, approval.to_string())
    };
    let end = case.as_str().get(case.as_str().len() - 6..).unwrap();
    let words = |verb: &'static str, case: &str| {
        let more = ["--as", "Ada", "--key", "key", "--reason", "checked"];
        let mut words = vec![
            verb.to_owned(),
            case.to_owned(),
            "contain/approve".to_owned(),
        ];
        words.extend(more.map(str::to_owned));
        words
    };
    let with = |verb, case: &str, calls| {
        let words = words(verb, case);
        told(&words.iter().map(String::as_str).collect::<Vec<_>>(), calls)
    };
    assert_eq!(
        with("approve", end, vec![sign(&meant), sign(&meant)]),
        [true, false],
        "once"
    );
    assert_eq!(with("approve", case.as_str(), vec![sign(&meant)]), [true]);
    let denied = Approval {
        decision: Decision::Deny,
        ..meant.clone()
    };
    assert_eq!(with("deny", end, vec![sign(&denied)]), [true]);
    let others = [
        denied.clone(),
        Approval {
            case: CaseId::fresh(),
            ..meant.clone()
        },
        Approval {
            subject: Subject::Gate("close/approve".to_owned()),
            ..meant.clone()
        },
        Approval {
            person: "Bo".to_owned(),
            ..meant.clone()
        },
        Approval {
            reason: "all of it".to_owned(),
            ..meant.clone()
        },
        Approval {
            session: Some("1a2b".to_owned()),
            ..meant.clone()
        },
    ];
    for other in &others {
        assert_eq!(with("approve", end, vec![sign(other)]), [false], "{other}");
    }
    assert_eq!(with("deny", end, vec![sign(&meant)]), [false]);
    assert_eq!(
        with("approve", end.get(3..).unwrap(), vec![sign(&meant)]),
        [false]
    );
    // No other command signs, whatever file it names.
    let import = ["contact", "import", "case_x", "key"];
    assert_eq!(told(&import, vec![sign(&meant)]), [false]);
    let deliver = |made: &Path| {
        let call = Call::Deliver(made.to_owned(), "to".into());
        (call, String::new())
    };
    let data = program.data();
    let calls = [
        folder.path().join("home/private"),
        data.clone(),
        data.join("deliveries"),
        data.join("deliveries/made/../../../home/private"),
        data.join("deliveries/made"),
    ];
    let calls = calls.iter().map(|made| deliver(made)).collect();
    let done = told(&["evidence", "export", "case_x", "--to", "to"], calls);
    assert_eq!(done, [false, false, false, false, true]);
    assert!(folder.path().join("home/to").is_dir());
}

/// Whoever connects and says nothing takes nobody's place, and keeps no daemon from its end.
#[test]
fn silent_clients_hold_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cordon.toml");
    let listen = "data = \"data\"\n[serve]\nlisten = \"127.0.0.1:0\"\n";
    fs::write(&config, listen).unwrap();
    let program = Program::at(folder.path(), Some(config));
    let mut served = program.serve();
    let socket = program.data().join("daemon.sock");
    let connect = || UnixStream::connect(&socket).unwrap();
    let mut silent: Vec<UnixStream> = (0..40).map(|_| connect()).collect();
    for half in silent.iter_mut().skip(20) {
        std::io::Write::write_all(half, &[0, 0, 1]).unwrap();
    }
    let begun = Instant::now();
    let mut list = program.command(&["case", "list"]);
    let mut list = list.stdout(Stdio::null()).spawn().unwrap();
    let ended = loop {
        if let Some(ended) = list.try_wait().unwrap() {
            break Some(ended);
        }
        if begun.elapsed() > Duration::from_secs(8) {
            list.kill().unwrap();
            list.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(ended.and_then(|ended| ended.code()), Some(0));
    let begun = Instant::now();
    signal(&served.0, Signal::TERM);
    assert_eq!(served.0.wait().unwrap().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(8));
    drop(silent);
}

/// A terminal that takes nothing misses what it does not look at, and waits for nobody: neither a run
/// nor the daemon's end does.
#[test]
fn a_client_that_reads_nothing_holds_nothing_up() {
    let far = || {
        let (near, far) = UnixStream::pair().unwrap();
        let (stop, stopping) = tokio::sync::watch::channel(false);
        (
            near,
            Far::begin(begin(&["status"]), far, stopping).unwrap(),
            stop,
        )
    };
    let (mut near, one, _stop) = far();
    let begun = Instant::now();
    for _ in 0..10_000 {
        one.show(&Call::Err, &[b'.'; 1024]);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    one.end(3);
    // Whoever looks again sees what was kept, whole, and the end.
    let mut frames = 0;
    loop {
        match read::<Call>(&mut near).unwrap() {
            (Call::End(code), _) => break assert_eq!(code, 3),
            (_, bytes) => assert_eq!(bytes.len(), 1024),
        }
        frames += 1;
    }
    assert!((64..10_000).contains(&frames), "{frames}");

    // An answer has its time; then nobody looks any more.
    let (near, two, _stop) = far();
    let begun = Instant::now();
    for _ in 0..2_000 {
        two.show(&Call::Out, &[b'.'; 1024]);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let gone = async { tokio::time::timeout(Duration::from_secs(10), two.interrupted(true)).await };
    runtime.block_on(gone).unwrap();
    drop(near);

    // Nor does a question outlast the daemon.
    let (near, three, stop) = far();
    let asks = std::thread::spawn(move || three.ask("Go on?"));
    std::thread::sleep(Duration::from_millis(100));
    assert!(!asks.is_finished());
    stop.send(true).unwrap();
    let begun = Instant::now();
    while !asks.is_finished() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it still asks");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(asks.join().unwrap().unwrap_err().code(), "daemon-gone");
    drop(near);
}

/// Whether this runs as root, with what it takes to be somebody else.
#[expect(clippy::print_stdout, reason = "says why the test did nothing")]
fn can_be_others() -> bool {
    let tried = std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--clear-groups", "python3", "-c", ""])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let can = rustix::process::getuid().is_root() && tried.is_ok_and(|status| status.success());
    if !can {
        println!("not run: it takes root, `setpriv` and python3");
    }
    can
}

#[test]
fn another_account_is_refused_at_both_ends_though_the_socket_lies_open() {
    if !can_be_others() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cordon.toml");
    fs::write(
        &config,
        "data = \"data\"\n[serve]\nlisten = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    // The binary where everybody can run it.
    let binary = folder.path().join("cordon");
    fs::copy(env!("CARGO_BIN_EXE_cordon"), &binary).unwrap();
    let program = Program::at(folder.path(), Some(config.clone()));
    let _served = program.serve();
    let socket = program.data().join("daemon.sock");
    // The folders and the mode of the socket keep others out; here only the kernel's word does.
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for path in [folder.path(), &program.data(), &binary] {
        open(path, 0o755);
    }
    open(&config, 0o644);
    open(&socket, 0o666);
    let as_nobody = |command: &[&str]| {
        let mut child = std::process::Command::new("setpriv");
        child.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        let output = child.args(command).env("HOME", "/nonexistent").output();
        let output = output.unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), out, err)
    };
    let (binary, config) = (binary.to_str().unwrap(), config.to_str().unwrap());
    let (code, _, err) = as_nobody(&[binary, "--config", config, "case", "list"]);
    assert_eq!(code, Some(6), "{err}");
    assert!(err.contains("socket-account"), "{err}");

    // A client that does not look whom it talks to hears nothing: the daemon looks too.
    let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(20)\ns.connect(sys.argv[1])\ntry:\n s.sendall(b'{}\\n')\n print(len(s.recv(100)))\nexcept (BrokenPipeError,ConnectionResetError):\n print(0)";
    let (code, out, err) = as_nobody(&["python3", "-c", script, socket.to_str().unwrap()]);
    assert_eq!((code, out.trim()), (Some(0), "0"), "{err}");
    until("the daemon says so", || {
        let log = fs::read_to_string(folder.path().join("home/serve.err"));
        log.unwrap()
            .contains("a command of another account was refused")
    });
    assert_eq!(
        program.run(&["case", "list"]).code,
        Some(0),
        "ours are taken"
    );
}
