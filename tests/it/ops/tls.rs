//! TLS: a certificate of the `openssl` program, a client that is not ours, an exchange while it runs.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::{House, WEBHOOK, has};
use crate::daemon::Daemon;
use crate::program::until;

const TLS: &str = "[serve]\nlisten = \"0.0.0.0:0\"\ntls = { certificate = \"cert.pem\", key = \"cmd:cat key.pem\" }\n";

/// A certificate for `name` that signs itself, with its key.
fn certificate(folder: &Path, file: &str, name: &str) {
    let (key, cert) = (format!("{file}key.pem"), format!("{file}cert.pem"));
    let subject = format!("/CN={name}");
    let names = format!("subjectAltName=DNS:{name}");
    let made = Command::new("openssl")
        .current_dir(folder)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", &subject, "-addext", &names])
        .args(["-keyout", &key, "-out", &cert])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

/// The exit code of curl and what it printed.
fn curl(
    house: &House,
    daemon: &Daemon,
    name: &str,
    authority: &str,
    more: &[&str],
) -> (Option<i32>, String) {
    let ended = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--noproxy",
            "*",
        ])
        .arg("--cacert")
        .arg(house.path(authority))
        .args(["--resolve", &format!("{name}:{}:127.0.0.1", daemon.port)])
        .args(more)
        .arg(format!("https://{name}:{}/health", daemon.port))
        .output()
        .unwrap();
    (
        ended.status.code(),
        String::from_utf8_lossy(&ended.stdout).into_owned(),
    )
}

fn house() -> Option<House> {
    if !has("openssl", &["version"]) || !has("curl", &["--version"]) {
        return None;
    }
    let house = House::new(&format!("{TLS}{WEBHOOK}"));
    let home = house.path("home");
    certificate(house.folder.path(), "", "one.test");
    certificate(house.folder.path(), "other-", "two.test");
    // A command runs in the folder of the daemon.
    std::fs::copy(house.path("key.pem"), home.join("key.pem")).unwrap();
    Some(house)
}

#[test]
fn it_speaks_tls_to_others_and_shows_a_renewed_certificate_after_sighup() {
    let Some(house) = house() else { return };
    let daemon = house.start();
    let asked = |name, authority, more: &[&str]| curl(&house, &daemon, name, authority, more);
    let good = (Some(0), "{\"status\":\"ok\"}".to_owned());
    assert_eq!(asked("one.test", "cert.pem", &[]), good);
    assert_eq!(asked("one.test", "cert.pem", &["--tls-max", "1.2"]), good);
    assert_ne!(
        asked("one.test", "cert.pem", &["--tls-max", "1.1"]).0,
        Some(0)
    );
    assert_ne!(
        asked("one.test", "other-cert.pem", &[]).0,
        Some(0),
        "another authority"
    );
    assert!(
        daemon
            .raw(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n")
            .is_err(),
        "plain HTTP"
    );

    // A new certificate whose key is the old one: refused, and the old one stays.
    std::fs::copy(house.path("other-cert.pem"), house.path("cert.pem.new")).unwrap();
    std::fs::copy(house.path("cert.pem"), house.path("one.pem")).unwrap();
    std::fs::rename(house.path("cert.pem.new"), house.path("cert.pem")).unwrap();
    daemon.signal(Signal::HUP);
    until("it says that it cannot", || {
        house
            .log()
            .contains("the one before is shown")
            .then_some(())
    });
    assert_eq!(asked("one.test", "one.pem", &[]), good);

    std::fs::copy(house.path("other-key.pem"), house.path("home/key.pem")).unwrap();
    daemon.signal(Signal::HUP);
    until("it says that it did", || {
        house
            .log()
            .contains("the certificate was read again")
            .then_some(())
    });
    assert_eq!(asked("two.test", "other-cert.pem", &[]), good);
    assert_ne!(asked("one.test", "one.pem", &[]).0, Some(0));
}

#[test]
fn who_never_ends_a_handshake_is_let_go_and_holds_up_nobody() {
    let Some(house) = house() else { return };
    let daemon = house.start();
    let stuck: Vec<_> = (0..20).map(|_| daemon.connect().unwrap()).collect();
    let began = std::time::Instant::now();
    let (code, _) = curl(&house, &daemon, "one.test", "cert.pem", &[]);
    assert_eq!(code, Some(0));
    for mut socket in stuck {
        let mut rest = Vec::new();
        std::io::Read::read_to_end(&mut socket, &mut rest).ok();
        assert!(rest.is_empty());
    }
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_before_anything_listens() {
    let Some(house) = house() else { return };
    let check = || house.program.end(house.command(&["serve", "--check"]));
    assert_eq!(check().code, Some(0), "{:?}", check());
    std::fs::copy(house.path("other-key.pem"), house.path("home/key.pem")).unwrap();
    let said = check();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("cannot be used together"), "{said:?}");
    std::fs::write(house.path("home/key.pem"), "a secret that is no key").unwrap();
    let said = check();
    assert!(said.err.contains("not a private key"), "{said:?}");
    assert!(!said.err.contains("a secret that"), "{said:?}");
    std::fs::write(house.path("cert.pem"), "").unwrap();
    let said = check();
    assert!(said.err.contains("holds no certificate"), "{said:?}");
}
