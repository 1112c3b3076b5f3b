//! Signatures against the real `ssh-keygen`, both ways.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use cordon::sshsig::{self, CHECKPOINT, PublicKey, Signer};

fn keygen(args: &[&str], dir: &Path, input: &[u8]) -> std::process::Output {
    let mut child = Command::new("ssh-keygen")
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

const TEXT: &[u8] = b"cordon checkpoint v1\nentries 7\n";

/// Whether the real program accepts `sig` over `text` for `principal` and `namespace`.
fn accepts(dir: &Path, principal: &str, namespace: &str, text: &[u8]) -> bool {
    let args = [
        "-Y",
        "verify",
        "-f",
        "allowed_signers",
        "-I",
        principal,
        "-n",
        namespace,
        "-s",
        "sig",
    ];
    keygen(&args, dir, text).status.success()
}

#[test]
fn ssh_keygen_accepts_what_we_sign_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let signer = Signer::generate(&dir.join("recorder"), "recorder").unwrap();
    let line = signer
        .public()
        .allowed_signer("Recorder One", &[CHECKPOINT]);
    std::fs::write(dir.join("allowed_signers"), line).unwrap();
    std::fs::write(dir.join("sig"), signer.sign(CHECKPOINT, TEXT).unwrap()).unwrap();
    let name = sshsig::principal_of("Recorder One");
    assert!(accepts(dir, &name, CHECKPOINT, TEXT));
    assert!(!accepts(dir, &name, sshsig::APPROVAL, TEXT));
    assert!(!accepts(dir, "somebody", CHECKPOINT, TEXT));
    let mut changed = TEXT.to_vec();
    changed[3] ^= 1;
    assert!(!accepts(dir, &name, CHECKPOINT, &changed));
    // A signature for a namespace that the line does not allow.
    std::fs::write(dir.join("sig"), signer.sign("other", TEXT).unwrap()).unwrap();
    assert!(!accepts(dir, &name, "other", TEXT));
}

#[test]
fn we_accept_what_ssh_keygen_signs_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert!(
        keygen(
            &["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", "ada"],
            dir,
            b""
        )
        .status
        .success()
    );
    let key: PublicKey = std::fs::read_to_string(dir.join("ada.pub"))
        .unwrap()
        .parse()
        .unwrap();
    let signed = keygen(
        &["-Y", "sign", "-q", "-f", "ada", "-n", CHECKPOINT],
        dir,
        TEXT,
    );
    let block = String::from_utf8(signed.stdout).unwrap();
    sshsig::verify(&key, CHECKPOINT, TEXT, &block).unwrap();
    let code = |namespace, text: &[u8], block: &str| {
        sshsig::verify(&key, namespace, text, block)
            .unwrap_err()
            .code()
    };
    assert_eq!(code(sshsig::APPROVAL, TEXT, &block), "signature-namespace");
    for place in 0..TEXT.len() {
        let mut changed = TEXT.to_vec();
        changed[place] ^= 0x20;
        assert_eq!(code(CHECKPOINT, &changed, &block), "signature-wrong");
    }
    // Every changed byte of the block is refused, or changes only its spelling.
    let canonical = sshsig::canonical(&block).unwrap();
    for place in 0..canonical.len() {
        let mut bytes = canonical.clone().into_bytes();
        bytes[place] ^= 0x01;
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        let accepted = sshsig::verify(&key, CHECKPOINT, TEXT, &changed).is_ok();
        assert!(
            !accepted || sshsig::canonical(&changed).unwrap() == canonical,
            "byte {place}"
        );
    }
    // Our process signs with the same file, and the program agrees on the key.
    let ours = Signer::open(&dir.join("ada")).unwrap();
    assert!(ours.public().same(&key));
    let listed = keygen(&["-l", "-f", "ada.pub"], dir, b"");
    assert!(
        String::from_utf8(listed.stdout)
            .unwrap()
            .contains(&ours.public().fingerprint())
    );
}

#[test]
fn a_key_that_others_made_encrypted_is_left_to_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert!(
        keygen(
            &[
                "-q", "-t", "ed25519", "-N", "words", "-C", "ada", "-f", "ada"
            ],
            dir,
            b""
        )
        .status
        .success()
    );
    let signer = Signer::open(&dir.join("ada")).unwrap();
    assert!(format!("{signer:?}").contains("Program"), "{signer:?}");
    assert!(!format!("{signer:?}").contains("PRIVATE"));
}

#[test]
fn an_agent_signs_for_the_public_half() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert!(
        keygen(
            &["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", "ada"],
            dir,
            b""
        )
        .status
        .success()
    );
    // Beside its public half lies the private one, which `ssh-keygen` finds without an agent.
    let signer = Signer::open(&dir.join("ada.pub")).unwrap();
    let block = signer.sign(sshsig::APPROVAL, TEXT).unwrap();
    sshsig::verify(signer.public(), sshsig::APPROVAL, TEXT, &block).unwrap();
    std::fs::remove_file(dir.join("ada")).unwrap();
    assert_eq!(
        signer.sign(sshsig::APPROVAL, TEXT).unwrap_err().code(),
        "ssh-sign"
    );
}

#[test]
fn an_rsa_key_is_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert!(
        keygen(
            &["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "old"],
            dir,
            b""
        )
        .status
        .success()
    );
    let fault = Signer::open(&dir.join("old.pub")).unwrap_err();
    assert_eq!(fault.code(), "ssh-key");
    assert_eq!(
        Signer::open(&dir.join("old")).unwrap_err().code(),
        "ssh-key"
    );
}
