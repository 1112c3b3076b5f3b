//! Signatures and encryption, checked by programs that are not ours: dkimpy, OpenSSL, GnuPG.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cordon::notice::send::seal::{Form, RecipientKey, Seal};
use cordon::notice::send::{Attachment, dkim};
use cordon::time::{Clock as _, SystemClock, Timestamp};
use mail_parser::{MessageParser, MimeHeaders as _};

use super::Case;
use super::smtp::python_has;

const NOW: &str = "2026-03-13T03:12:00Z";

fn run(program: &str, args: &[&str], dir: &Path, input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// The output of a program that has to succeed.
fn out(program: &str, args: &[&str], dir: &Path, input: &[u8]) -> Vec<u8> {
    let output = run(program, args, dir, input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {said}");
    output.stdout
}

#[expect(clippy::print_stderr, reason = "says why the test did nothing")]
fn here(program: &str) -> bool {
    let there = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    if !there {
        eprintln!("not run: {program} is not here");
    }
    there
}

fn attachments() -> Vec<Attachment> {
    vec![Attachment {
        name: "Anlage über alles.pdf".into(),
        media_type: "application/pdf".into(),
        bytes: (0..=255).cycle().take(10_000).collect(),
    }]
}

/// What dkimpy says of a mail, with the public key that the domain would show.
fn dkimpy(mail: &[u8], record: &str, dir: &Path) -> bool {
    let program = "import dkim, sys; record = sys.argv[1].encode()\n\
         mail = sys.stdin.buffer.read()\n\
         sys.exit(0 if dkim.verify(mail, dnsfunc=lambda name, timeout=5: record if name == b's1._domainkey.company.example.' else None) else 1)";
    let output = run("python3", &["-c", program, record], dir, mail);
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.status.success()
}

/// A private key that OpenSSL makes, PEM.
fn private(options: &[&str], dir: &Path) -> Vec<u8> {
    out("openssl", &[&["genpkey"], options].concat(), dir, b"")
}

/// What the domain shows of a private key.
fn record(kind: &str, pem: &[u8], dir: &Path) -> String {
    let der = out("openssl", &["pkey", "-pubout", "-outform", "DER"], dir, pem);
    // Of an Ed25519 key DKIM shows the 32 bytes alone (RFC 8463, 4.2).
    let public = if kind == "rsa" {
        &der[..]
    } else {
        &der[der.len() - 32..]
    };
    let public = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, public);
    format!("v=DKIM1; k={kind}; p={public}")
}

/// dkimpy believes the mail as it is, and nothing that was changed on its way.
fn holds(kind: &str, mail: &[u8], record: &str, dir: &Path) {
    assert!(dkimpy(mail, record, dir), "{kind}");
    let text = String::from_utf8(mail.to_vec()).unwrap();
    // White space that a server changes on the way does no harm; anything else does.
    let folded = text.replace("Subject: Access", "Subject:   Access") + "\r\n\r\n";
    assert!(dkimpy(folded.as_bytes(), record, dir), "{kind}");
    for changed in [
        text.replace("Subject: Access", "Subject: No access"),
        text.replace("\r\nSubject:", "\r\nSubject: second\r\nSubject:"),
        text.replace("\r\nFrom:", "\r\nFrom: other@company.example\r\nFrom:"),
        text.replace("Line one", "Line two"),
        format!("To: another@company.example\r\n{text}"),
    ] {
        assert_ne!(changed, text);
        assert!(
            !dkimpy(changed.as_bytes(), record, dir),
            "{kind}: {changed}"
        );
    }
}

#[test]
fn another_implementation_confirms_both_kinds_of_signature() {
    if !(python_has("dkim") && python_has("nacl") && here("openssl")) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let rsa = |bits| ["-algorithm", "RSA", "-pkeyopt", bits];
    let kinds: [(&str, &[&str]); 2] = [
        ("rsa", &rsa("rsa_keygen_bits:2048")),
        ("ed25519", &["-algorithm", "ED25519"]),
    ];
    for (kind, options) in kinds {
        let pem = private(options, dir.path());
        let record = record(kind, &pem, dir.path());
        let pem = String::from_utf8(pem).unwrap().into();
        let signer = dkim::Signer::new("company.example", "s1", &pem).unwrap();
        let files = attachments();
        for attachments in [&[][..], &files] {
            let case = Case {
                dkim: Some(&signer),
                attachments,
                ..Case::default()
            };
            let mail = case.mail().unwrap();
            holds(kind, mail.bytes(), &record, dir.path());
        }
    }
    let bad = |domain: &str, pem: &str| {
        dkim::Signer::new(domain, "s1", &pem.to_owned().into())
            .unwrap_err()
            .code()
    };
    assert_eq!(bad("company.example", "nothing"), "dkim-key");
    assert_eq!(bad("company.example; x=y", "nothing"), "dkim");
    let short = private(&rsa("rsa_keygen_bits:1024"), dir.path());
    assert_eq!(
        bad("company.example", &String::from_utf8(short).unwrap()),
        "dkim-key"
    );
}

fn certificate(dir: &Path, name: &str, extra: &[&str]) -> Vec<u8> {
    let key = format!("{name}.key");
    let mut args = vec![
        "req",
        "-x509",
        "-noenc",
        "-subj",
        "/CN=Counsel",
        "-keyout",
        &key,
    ];
    args.extend(extra);
    out("openssl", &args, dir, b"")
}

fn key(form: Form, bytes: Vec<u8>) -> RecipientKey {
    RecipientKey {
        address: "Counsel@company.example".into(),
        form,
        bytes,
    }
}

/// Looked at on a day: certificates are of today, since `openssl req` makes no others.
fn find(key: RecipientKey) -> cordon::fault::Result<Option<Seal>> {
    let now = match key.form {
        Form::Smime => SystemClock.now(),
        Form::Pgp => NOW.parse().unwrap(),
    };
    find_at(key, now)
}

fn find_at(key: RecipientKey, now: Timestamp) -> cordon::fault::Result<Option<Seal>> {
    Seal::find(
        &["Counsel <counsel@company.example>".to_owned()],
        &[key],
        now,
    )
}

/// The certificate's name for the address that the tests write to.
const ADDRESS: [&str; 2] = ["-addext", "subjectAltName=email:counsel@company.example"];

/// A certificate with an RSA key.
fn with_rsa(dir: &Path, name: &str, extra: &[&str]) -> Vec<u8> {
    certificate(dir, name, &[&["-newkey", "rsa:2048"], extra].concat())
}

#[test]
fn openssl_opens_what_was_closed_with_a_certificate() {
    if !here("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pem = with_rsa(dir.path(), "own", &ADDRESS);
    std::fs::write(dir.path().join("own.pem"), &pem).unwrap();
    let seal = find(key(Form::Smime, pem)).unwrap().unwrap();
    let files = attachments();
    let case = Case {
        seal: Some(&seal),
        attachments: &files,
        ..Case::default()
    };
    let mail = case.mail().unwrap();
    assert_eq!(mail.sealed, Some("smime"));
    let wire = String::from_utf8_lossy(mail.bytes()).into_owned();
    assert!(wire.contains("smime-type=enveloped-data"), "{wire}");
    assert!(
        !wire.contains("Anlage") && !wire.contains("Line one"),
        "{wire}"
    );
    let opened = out(
        "openssl",
        &["cms", "-decrypt", "-recip", "own.pem", "-inkey", "own.key"],
        dir.path(),
        mail.bytes(),
    );
    let inner = MessageParser::default().parse(&opened).unwrap();
    assert!(inner.body_text(0).unwrap().contains("Umlaut: Prüfung"));
    let part = inner.attachment(0).unwrap();
    assert_eq!(part.attachment_name(), Some("Anlage über alles.pdf"));
    assert_eq!(part.contents(), files[0].bytes);
    let shown = out(
        "openssl",
        &["cms", "-cmsout", "-print", "-noout"],
        dir.path(),
        mail.bytes(),
    );
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(
        shown.contains("aes-256-cbc") && shown.contains("rsaEncryption"),
        "{shown}"
    );
}

#[test]
fn a_certificate_that_is_not_for_this_is_refused_with_the_reason() {
    if !here("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let somebody = ["-addext", "subjectAltName=email:somebody@company.example"];
    let only = |usage| [&ADDRESS[..], &["-addext", usage]].concat();
    for (name, extra, why) in [
        ("other", somebody.to_vec(), "another address's"),
        (
            "sign",
            only("keyUsage=digitalSignature"),
            "not for encrypting",
        ),
        (
            "web",
            only("extendedKeyUsage=serverAuth"),
            "not for encrypting",
        ),
    ] {
        let pem = with_rsa(dir.path(), name, &extra);
        let fault = find(key(Form::Smime, pem)).unwrap_err();
        assert!(
            fault.code() == "mail-key" && fault.what().contains(why),
            "{fault}"
        );
    }
    let aged = key(Form::Smime, with_rsa(dir.path(), "old", &ADDRESS));
    for (at, why) in [
        ("2099-01-01T00:00:00Z", "ran out"),
        ("2020-01-01T00:00:00Z", "does not count yet"),
    ] {
        let fault = find_at(aged.clone(), at.parse().unwrap()).unwrap_err();
        assert!(fault.what().contains(why), "{fault}");
    }
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let curve = [&curve, &ADDRESS[..]].concat();
    let fault = find(key(Form::Smime, certificate(dir.path(), "ec", &curve))).unwrap_err();
    assert!(fault.what().contains("no RSA key"), "{fault}");
    let fault = find(key(
        Form::Smime,
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
    ))
    .unwrap_err();
    assert!(fault.what().contains("no certificate"), "{fault}");
}

struct Gpg {
    home: tempfile::TempDir,
}

/// The date of keys that the tests look at on their day.
const MADE: [&str; 2] = ["--faked-system-time", "20260101T000000!"];
/// Asks nobody for a passphrase.
const UNASKED: [&str; 4] = ["--pinentry-mode", "loopback", "--passphrase", ""];

impl Gpg {
    fn new() -> Self {
        // The agent's socket has to have a short path.
        let home = tempfile::Builder::new()
            .prefix("g")
            .tempdir_in("/tmp")
            .unwrap();
        Self { home }
    }

    fn run(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let base = ["--homedir", ".", "--batch", "--quiet"];
        let trust = ["--trust-model", "always"];
        let args = [&base[..], &trust, args].concat();
        out("gpg", &args, self.home.path(), input)
    }

    /// Runs it without anybody being asked.
    fn unasked(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        self.run(&[&UNASKED, args].concat(), input)
    }

    /// The public part of a new key, which is made as `more` says.
    fn key(&self, uid: &str, more: &[&str]) -> Vec<u8> {
        let make = ["--quick-generate-key", uid, "default", "default", "1y"];
        self.unasked(&[more, &make].concat(), b"");
        self.run(&["--armor", "--export", uid], b"")
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--kill", "all"])
            .status();
    }
}

#[test]
fn gnupg_opens_what_was_closed_with_a_key() {
    if !here("gpg") {
        return;
    }
    let gpg = Gpg::new();
    let armored = gpg.key("Counsel <counsel@company.example>", &MADE);
    let seal = find(key(Form::Pgp, armored)).unwrap().unwrap();
    let files = attachments();
    let case = Case {
        seal: Some(&seal),
        attachments: &files,
        ..Case::default()
    };
    let mail = case.mail().unwrap();
    assert_eq!(mail.sealed, Some("pgp"));
    let parsed = MessageParser::default().parse(mail.bytes()).unwrap();
    let kind = parsed.content_type().unwrap();
    assert_eq!(
        (kind.ctype(), kind.subtype()),
        ("multipart", Some("encrypted"))
    );
    assert_eq!(
        kind.attribute("protocol"),
        Some("application/pgp-encrypted")
    );
    let message = parsed.part(2).unwrap().contents().to_vec();
    assert!(message.starts_with(b"-----BEGIN PGP MESSAGE-----"));
    let opened = gpg.unasked(&["--decrypt"], &message);
    let inner = MessageParser::default().parse(&opened).unwrap();
    assert!(inner.body_text(0).unwrap().contains("Umlaut: Prüfung"));
    assert_eq!(inner.attachment(0).unwrap().contents(), files[0].bytes);
    let packets = gpg.run(&["--list-packets"], &message);
    let packets = String::from_utf8_lossy(&packets).into_owned();
    assert!(packets.contains("mdc_method"), "{packets}");
}

#[test]
fn a_key_that_is_not_for_this_is_refused_with_the_reason() {
    if !here("gpg") {
        return;
    }
    let gpg = Gpg::new();
    let other = gpg.key("Somebody <somebody@company.example>", &MADE);
    let before = ["--faked-system-time", "20240101T000000!"];
    let old = gpg.key("Old <old@company.example>", &before);
    let refused = |bytes: Vec<u8>, why: &str| {
        let fault = find(key(Form::Pgp, bytes)).unwrap_err();
        assert!(
            fault.code() == "mail-key" && fault.what().contains(why),
            "{fault}"
        );
    };
    refused(other, "no name in the key");
    let mut aged = key(Form::Pgp, old);
    aged.address = "old@company.example".into();
    let fault = Seal::find(
        &["old@company.example".to_owned()],
        &[aged],
        NOW.parse().unwrap(),
    )
    .unwrap_err();
    assert!(fault.what().contains("ran out"), "{fault}");
    refused(b"nothing".to_vec(), "no OpenPGP public key");
    let export = [
        "--armor",
        "--export-secret-keys",
        "somebody@company.example",
    ];
    refused(gpg.unasked(&export, b""), "no OpenPGP public key");
}

#[test]
fn one_mail_is_closed_for_all_or_for_none() {
    let keys = [
        key(Form::Smime, Vec::new()),
        RecipientKey {
            address: "other@company.example".into(),
            form: Form::Pgp,
            bytes: Vec::new(),
        },
    ];
    let find = |to: &[&str]| {
        let to: Vec<String> = to.iter().map(|one| (*one).to_owned()).collect();
        Seal::find(&to, &keys, NOW.parse().unwrap())
    };
    assert!(find(&["open@company.example"]).unwrap().is_none());
    for to in [
        ["counsel@company.example", "open@company.example"],
        ["counsel@company.example", "other@company.example"],
    ] {
        let fault = find(&to).unwrap_err();
        assert_eq!(fault.code(), "mail-key", "{fault}");
    }
}
