//! Messages that libraries of others sign, and signatures of ours that they check: npm and PyPI
//! `standardwebhooks`, PyPI `svix`. A test whose library is not there says so and passes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use cordon::intake::standard_webhooks::{Refusal, Verifier, sign};
use cordon::time::{Clock as _, SystemClock, Timestamp};

const SECRET: &str = "whsec_b2xkIHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";
const BODY: &str = "{\"type\":\"worker.terminated\",\"data\":{\"worker_id\":\"W-\u{fc}-1\"}}";

/// The versions that the tests were written with.
const NPM: &str = "standardwebhooks@1.1.1";

const JAVASCRIPT: &str = r"
const { Webhook } = require('standardwebhooks');
const [, , what, secret, id, stamp, signature, body] = process.argv;
const webhook = new Webhook(secret);
if (what === 'sign') {
  process.stdout.write(webhook.sign(id, new Date(Number(stamp) * 1000), body));
} else {
  webhook.verify(body, { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': signature });
}
";

const PYTHON: &str = r"
import sys, datetime
library, what, secret, names, id, stamp, signature, body = sys.argv[1:9]
Webhook = __import__(library + '.webhooks', fromlist=['Webhook']).Webhook
webhook = Webhook(secret)
if what == 'sign':
    at = datetime.datetime.fromtimestamp(int(stamp), tz=datetime.timezone.utc)
    sys.stdout.write(webhook.sign(id, at, body))
else:
    webhook.verify(body, {names + '-id': id, names + '-timestamp': stamp, names + '-signature': signature})
";

/// A library: what runs it with `what, secret, id, stamp, signature, body`.
type Library<'a> = Box<dyn Fn(&str, [&str; 5]) -> Output + 'a>;

fn headers(names: &str, id: &str, at: Timestamp, signature: &str) -> HeaderMap {
    let pair = |end: &str, value: &str| {
        let name = HeaderName::try_from(format!("{names}-{end}")).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    HeaderMap::from_iter([
        pair("id", id),
        pair("timestamp", &at.as_second().to_string()),
        pair("signature", signature),
    ])
}

/// Both directions, with what each has to refuse.
fn agrees(names: &str, library: &Library<'_>) {
    let (at, id) = (SystemClock.now(), "msg_1");
    let stamp = at.as_second().to_string();
    let made = library("sign", [SECRET, id, &stamp, "", BODY]);
    assert!(made.status.success(), "{made:?}");
    let theirs = String::from_utf8(made.stdout).unwrap();
    let verifier = Verifier::new(&[SECRET.into()]).unwrap();
    let check = |id: &str, at: Timestamp, body: &str| {
        let headers = headers(names, id, at, &theirs);
        verifier
            .verify(&headers, body.as_bytes(), at)
            .map(|one| one.id)
    };
    assert_eq!(check(id, at, BODY), Ok(id.to_owned()));
    let moved = at + jiff::SignedDuration::from_secs(1);
    for refused in [
        check("msg_2", at, BODY),
        check(id, moved, BODY),
        check(id, at, &BODY.replace("W-", "X-")),
    ] {
        assert_eq!(refused, Err(Refusal::NoMatch));
    }

    let ours = sign(&SECRET.into(), id, at, BODY.as_bytes()).unwrap();
    let believes = |secret: &str, signature: &str, body: &str| {
        let asked = library("verify", [secret, id, &stamp, signature, body]);
        asked.status.success()
    };
    assert!(believes(SECRET, &ours, BODY));
    assert!(!believes(SECRET, &ours, &BODY.replace("W-", "X-")));
    assert!(!believes("whsec_c3RyYW5nZXI=", &ours, BODY));
}

/// Whether the package is there; then it agrees.
fn python(library: &'static str, names: &'static str) -> bool {
    let installed = Command::new("python3")
        .args(["-c", &format!("import {library}.webhooks")])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        return false;
    }
    let run: Library<'_> = Box::new(move |what, [secret, id, stamp, signature, body]| {
        Command::new("python3")
            .args(["-c", PYTHON, library, what, secret, names, id, stamp])
            .args([signature, body])
            .output()
            .unwrap()
    });
    agrees(names, &run);
    true
}

#[test]
fn pypi_standardwebhooks_agrees_in_both_directions() {
    if !python("standardwebhooks", "webhook") {
        eprintln!("skipped: pip install standardwebhooks");
    }
}

#[test]
fn pypi_svix_agrees_in_both_directions_under_either_name() {
    if !(python("svix", "svix") && python("svix", "webhook")) {
        eprintln!("skipped: pip install svix");
    }
}

#[test]
fn npm_standardwebhooks_agrees_in_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    if !install(folder.path()) {
        eprintln!("skipped: npm cannot install {NPM}");
        return;
    }
    let script = folder.path().join("sign.js");
    std::fs::write(&script, JAVASCRIPT).unwrap();
    let run: Library<'_> = Box::new(|what, arguments: [&str; 5]| {
        Command::new("node")
            .arg(&script)
            .arg(what)
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap()
    });
    agrees("webhook", &run);
}

fn install(folder: &Path) -> bool {
    Command::new("npm")
        .args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            NPM,
        ])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn names_of_two_schemes_are_not_mixed() {
    let at = SystemClock.now();
    let verifier = Verifier::new(&[SECRET.into()]).unwrap();
    let ours = sign(&SECRET.into(), "m", at, b"{}").unwrap();
    let good = headers("svix", "m", at, &ours);
    assert!(verifier.verify(&good, b"{}", at).is_ok());
    // With a `webhook-id` beside them, the others are not looked at.
    let mut mixed = good.clone();
    mixed.insert("webhook-id", HeaderValue::from_static("m"));
    assert!(matches!(
        verifier.verify(&mixed, b"{}", at),
        Err(Refusal::Header("webhook-timestamp"))
    ));
    let mut half = headers("svix", "m", at, &ours);
    half.remove("svix-timestamp");
    assert!(matches!(
        verifier.verify(&half, b"{}", at),
        Err(Refusal::Header("svix-timestamp"))
    ));
}
