//! Signatures and encryption, checked by programs that are not ours: dkimpy, OpenSSL, GnuPG.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cordon::notice::send::seal::{Form, RecipientKey, Seal};
use cordon::notice::send::{Attachment, dkim};
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

#[test]
fn another_implementation_confirms_both_kinds_of_signature() {
    if !(python_has("dkim") && python_has("nacl") && here("openssl")) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let kinds: [(&str, &[&str]); 2] = [
        (
            "rsa",
            &[
                "genpkey",
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:2048",
            ],
        ),
        ("ed25519", &["genpkey", "-algorithm", "ED25519"]),
    ];
    for (kind, make) in kinds {
        let pem = out("openssl", make, dir.path(), b"");
        let der = out(
            "openssl",
            &["pkey", "-pubout", "-outform", "DER"],
            dir.path(),
            &pem,
        );
        // Of an Ed25519 key DKIM shows the 32 bytes alone (RFC 8463, 4.2).
        let public = if kind == "rsa" {
            &der[..]
        } else {
            &der[der.len() - 32..]
        };
        let public = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, public);
        let record = format!("v=DKIM1; k={kind}; p={public}");
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
            let bytes = mail.bytes();
            assert!(dkimpy(bytes, &record, dir.path()), "{kind}");
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            // White space that a server changes on the way does no harm; anything else does.
            let folded = text.replace("Subject: Access", "Subject:   Access") + "\r\n\r\n";
            assert!(dkimpy(folded.as_bytes(), &record, dir.path()), "{kind}");
            for changed in [
                text.replace("Subject: Access", "Subject: No access"),
                text.replace("\r\nSubject:", "\r\nSubject: second\r\nSubject:"),
                text.replace("\r\nFrom:", "\r\nFrom: other@company.example\r\nFrom:"),
                text.replace("Line one", "Line two"),
                format!("To: another@company.example\r\n{text}"),
            ] {
                assert_ne!(changed, text);
                assert!(
                    !dkimpy(changed.as_bytes(), &record, dir.path()),
                    "{kind}: {changed}"
                );
            }
        }
    }
    let bad = |domain: &str, pem: &str| {
        dkim::Signer::new(domain, "s1", &pem.to_owned().into())
            .unwrap_err()
            .code()
    };
    assert_eq!(bad("company.example", "nothing"), "dkim-key");
    assert_eq!(bad("company.example; x=y", "nothing"), "dkim");
    let short = out(
        "openssl",
        &[
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:1024",
        ],
        dir.path(),
        b"",
    );
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
        Form::Smime => cordon::time::Timestamp::now(),
        Form::Pgp => NOW.parse().unwrap(),
    };
    find_at(key, now)
}

fn find_at(key: RecipientKey, now: cordon::time::Timestamp) -> cordon::fault::Result<Option<Seal>> {
    Seal::find(
        &["Counsel <counsel@company.example>".to_owned()],
        &[key],
        now,
    )
}

#[test]
fn openssl_opens_what_was_closed_with_a_certificate() {
    if !here("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str, extra: &[&str]| {
        let all = [&["-newkey", "rsa:2048"], extra].concat();
        certificate(dir.path(), name, &all)
    };
    let address = ["-addext", "subjectAltName=email:counsel@company.example"];
    let pem = of("own", &address);
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
    for (name, extra, why) in [
        (
            "other",
            &["-addext", "subjectAltName=email:somebody@company.example"][..],
            "another address's",
        ),
        (
            "sign",
            &[
                "-addext",
                "subjectAltName=email:counsel@company.example",
                "-addext",
                "keyUsage=digitalSignature",
            ],
            "not for encrypting",
        ),
        (
            "web",
            &[
                "-addext",
                "subjectAltName=email:counsel@company.example",
                "-addext",
                "extendedKeyUsage=serverAuth",
            ],
            "not for encrypting",
        ),
    ] {
        let fault = find(key(Form::Smime, of(name, extra))).unwrap_err();
        assert!(
            fault.code() == "mail-key" && fault.what().contains(why),
            "{fault}"
        );
    }
    let aged = key(Form::Smime, of("old", &address));
    for (at, why) in [
        ("2099-01-01T00:00:00Z", "ran out"),
        ("2020-01-01T00:00:00Z", "does not count yet"),
    ] {
        let fault = find_at(aged.clone(), at.parse().unwrap()).unwrap_err();
        assert!(fault.what().contains(why), "{fault}");
    }
    let curve = [
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &address[..],
    ]
    .concat();
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

impl Gpg {
    fn run(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let base = [
            "--homedir",
            ".",
            "--batch",
            "--quiet",
            "--no-autostart",
            "--trust-model",
            "always",
        ];
        let base: Vec<&str> = base
            .into_iter()
            .filter(|one| *one != "--no-autostart")
            .collect();
        out("gpg", &[&base, args].concat(), self.home.path(), input)
    }

    fn key(&self, uid: &str, more: &[&str]) -> Vec<u8> {
        let make = ["--passphrase", "", "--pinentry-mode", "loopback"];
        self.run(
            &[
                &make[..],
                more,
                &["--quick-generate-key", uid, "default", "default", "1y"],
            ]
            .concat(),
            b"",
        );
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
    // The agent's socket has to have a short path.
    let home = tempfile::Builder::new()
        .prefix("g")
        .tempdir_in("/tmp")
        .unwrap();
    let gpg = Gpg { home };
    let at = ["--faked-system-time", "20260101T000000!"];
    let armored = gpg.key("Counsel <counsel@company.example>", &at);
    let other = gpg.key("Somebody <somebody@company.example>", &at);
    let old = gpg.key(
        "Old <old@company.example>",
        &["--faked-system-time", "20240101T000000!"],
    );
    let seal = find(key(Form::Pgp, armored.clone())).unwrap().unwrap();
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
    let opened = gpg.run(
        &[
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--decrypt",
        ],
        &message,
    );
    let inner = MessageParser::default().parse(&opened).unwrap();
    assert!(inner.body_text(0).unwrap().contains("Umlaut: Prüfung"));
    assert_eq!(inner.attachment(0).unwrap().contents(), files[0].bytes);
    let packets = gpg.run(&["--list-packets"], &message);
    let packets = String::from_utf8_lossy(&packets).into_owned();
    assert!(packets.contains("mdc_method"), "{packets}");
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
    let secret = gpg.run(
        &[
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--armor",
            "--export-secret-keys",
            "counsel@company.example",
        ],
        b"",
    );
    refused(secret, "no OpenPGP public key");
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
