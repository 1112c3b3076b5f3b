//! SSH signatures (`SSHSIG`, as `ssh-keygen -Y` writes and checks them) over texts that people read.
//!
//! An unencrypted Ed25519 key signs in this process; every other key (encrypted, in an agent, on a
//! security key) signs through the `ssh-keygen` program, which asks for the passphrase or the touch
//! itself. Checking never needs a program. The format is OpenSSH's `PROTOCOL.sshsig`.

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, SshSig};

use crate::fault::{Fault, Result, io};
use crate::hostile::one_line;

/// The namespace of checkpoints.
pub const CHECKPOINT: &str = "checkpoint@cordon";
/// The namespace of approvals and denials.
pub const APPROVAL: &str = "approval@cordon";
/// The namespace of decisions that the server signs for a person who signed in.
pub const ON_BEHALF: &str = "on-behalf@cordon";
/// The namespace of export manifests.
pub const EXPORT: &str = "export@cordon";

/// The longest signature block that is looked at, bytes; an Ed25519 block has about 300.
const BLOCK_LIMIT: usize = 8 * 1024;
/// The longest public key line that is looked at, bytes.
const KEY_LIMIT: usize = 4 * 1024;
/// The "somebody touched the key" flag of a security key's signature.
const TOUCHED: u8 = 0x01;

/// The public half of a key: `ssh-ed25519` or `sk-ssh-ed25519@openssh.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(ssh_key::PublicKey);

impl PublicKey {
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The type and the key in base 64, without a comment: two equal keys give equal text.
    pub fn line(&self) -> String {
        let mut bare = self.0.clone();
        bare.set_comment("");
        bare.to_openssh().unwrap_or_default()
    }

    /// Whether `other` is the same key, whatever the comments say.
    pub fn same(&self, other: &Self) -> bool {
        self.0.key_data() == other.0.key_data()
    }

    /// A line of an `allowed_signers` file: this key may sign as `principal` in `namespaces` only.
    pub fn allowed_signer(&self, principal: &str, namespaces: &[&str]) -> String {
        format!(
            "{} namespaces=\"{}\" {}\n",
            principal_of(principal),
            namespaces.join(","),
            self.line()
        )
    }
}

/// A name as a principal of an `allowed_signers` file: no space, quote, comma, `#` or pattern. Names that
/// it cannot have carry the beginning of their SHA-256, so that two of them stay two.
pub fn principal_of(name: &str) -> String {
    let plain = |c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '@' | '.' | '_' | '-' | '+' => c,
        _ => '_',
    };
    let plain: String = name.chars().map(plain).collect();
    if plain == name {
        return plain;
    }
    let digest = crate::canon::Digest::of(name.as_bytes()).to_string();
    format!("{plain}_{digest:.8}")
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

impl FromStr for PublicKey {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |what: &str| {
            Fault::input("ssh-key", what.to_owned())
                .hint("give one line as in `authorized_keys`: `ssh-ed25519 AAAA… name`")
        };
        let line = text.trim();
        if line.len() > KEY_LIMIT || line.lines().count() != 1 {
            return Err(bad("A public key is one line."));
        }
        let key = ssh_key::PublicKey::from_openssh(line)
            .map_err(|error| bad("The text is not an SSH public key.").caused_by(error))?;
        match key.algorithm() {
            Algorithm::Ed25519 | Algorithm::SkEd25519 => Ok(Self(key)),
            other => Err(bad(&format!(
                "The key is of type {other}; only Ed25519 keys and security keys with Ed25519 are accepted."
            ))),
        }
    }
}

/// Something that signs.
#[derive(Debug)]
pub struct Signer {
    public: PublicKey,
    hand: Hand,
}

/// Signs a message for a namespace.
pub type Sign = Box<dyn Fn(&str, &[u8]) -> Result<String> + Send + Sync>;

/// Where the signing happens.
enum Hand {
    /// In this process.
    Here(Box<PrivateKey>),
    /// In `ssh-keygen`, with this key file; the public half when an agent holds the key.
    Program(PathBuf),
    /// Somewhere else, by who has the key.
    Elsewhere(Sign),
}

impl fmt::Debug for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(_) => f.write_str("Here"),
            Self::Program(path) => f.debug_tuple("Program").field(path).finish(),
            Self::Elsewhere(_) => f.write_str("Elsewhere"),
        }
    }
}

impl Signer {
    /// Opens a key file of OpenSSH: a private key, or a `.pub` file whose key an agent holds.
    ///
    /// # Errors
    /// A file that others can read, that is no key, or a key of another type.
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(io("read the signing key", path))?;
        if let Ok(public) = text.parse::<PublicKey>() {
            return Ok(Self {
                public,
                hand: Hand::Program(path.to_owned()),
            });
        }
        let private = PrivateKey::from_openssh(&text).map_err(|error| {
            Fault::input("ssh-key", "The file is not a private key of OpenSSH.")
                .at(path.display())
                .caused_by(error)
        })?;
        let public: PublicKey = private
            .public_key()
            .to_openssh()
            .map_err(|error| unusable(path).caused_by(error))?
            .parse()
            .map_err(|fault: Fault| fault.at(path.display()))?;
        let mode = std::fs::metadata(path)
            .map_err(io("look at the signing key", path))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(
                Fault::input("ssh-key-open", "Others can read the signing key.")
                    .at(path.display())
                    .hint(format!("run `chmod 600 {}`", path.display())),
            );
        }
        let here = !private.is_encrypted() && private.algorithm() == Algorithm::Ed25519;
        let hand = if here {
            Hand::Here(Box::new(private))
        } else {
            Hand::Program(path.to_owned())
        };
        Ok(Self { public, hand })
    }

    /// Makes an Ed25519 key in `path` (readable by its owner only) and its public half in `path.pub`.
    ///
    /// # Errors
    /// A file that is there already is never overwritten.
    pub fn generate(path: &Path, comment: &str) -> Result<Self> {
        let mut private = PrivateKey::random(&mut ssh_key::rand_core::OsRng, Algorithm::Ed25519)
            .map_err(|error| unusable(path).caused_by(error))?;
        private.set_comment(comment.replace(char::is_control, " "));
        let text = private
            .to_openssh(LineEnding::LF)
            .map_err(|error| unusable(path).caused_by(error))?;
        write_new(path, text.as_bytes(), 0o600)?;
        let public = PublicKey(private.public_key().clone());
        let mut beside = path.as_os_str().to_owned();
        beside.push(".pub");
        let line = format!("{} {}\n", public.line(), public.0.comment());
        write_new(Path::new(&beside), line.as_bytes(), 0o644)?;
        Ok(Self {
            public,
            hand: Hand::Here(Box::new(private)),
        })
    }

    /// A key that is somewhere else; what it signs is checked as ever.
    pub fn elsewhere(public: PublicKey, sign: Sign) -> Self {
        let hand = Hand::Elsewhere(sign);
        Self { public, hand }
    }

    /// The public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `message` for `namespace`. Blocks while `ssh-keygen` waits for a passphrase or a touch.
    ///
    /// # Errors
    /// The program is missing or refuses, or its signature does not verify.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<String> {
        let block = match &self.hand {
            Hand::Here(key) => key
                .sign(namespace, HashAlg::Sha512, message)
                .and_then(|signature| signature.to_pem(LineEnding::LF))
                .map_err(|error| {
                    Fault::failed("ssh-sign", "The text could not be signed.").caused_by(error)
                })?,
            Hand::Program(path) => canonical(&by_program(path, namespace, message)?)?,
            Hand::Elsewhere(sign) => canonical(&sign(namespace, message)?)?,
        };
        verify(&self.public, namespace, message, &block)?;
        Ok(block)
    }
}

fn unusable(path: &Path) -> Fault {
    Fault::failed("ssh-key", "The signing key could not be made or read.").at(path.display())
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(io("make the key file", path))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(io("write the key file", path))
}

fn by_program(key: &Path, namespace: &str, message: &[u8]) -> Result<String> {
    let failed = |what: &str| {
        Fault::failed("ssh-sign", what.to_owned())
            .at(key.display())
            .hint("try the same by hand: `ssh-keygen -Y sign -f KEY -n NAMESPACE < FILE`")
    };
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", namespace, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            failed("The program `ssh-keygen` could not be started.").caused_by(error)
        })?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(message)
            .map_err(|error| failed("`ssh-keygen` did not take the text.").caused_by(error))?;
    }
    let output = child
        .wait_with_output()
        .map_err(|error| failed("`ssh-keygen` did not end.").caused_by(error))?;
    if !output.status.success() {
        let said = one_line(&String::from_utf8_lossy(&output.stderr), 400);
        return Err(failed("`ssh-keygen` did not sign.").caused_by(said));
    }
    String::from_utf8(output.stdout)
        .map_err(|error| failed("`ssh-keygen` wrote no signature.").caused_by(error))
}

fn read_block(block: &str) -> Result<SshSig> {
    let bad = || {
        Fault::evidence(
            "signature-shape",
            "The signature is not an SSH signature block.",
        )
    };
    if block.len() > BLOCK_LIMIT {
        return Err(bad());
    }
    SshSig::from_pem(block.as_bytes()).map_err(|error| bad().caused_by(error))
}

/// The one spelling of a signature block: equal signatures give equal bytes.
///
/// # Errors
/// The text is no signature block.
pub fn canonical(block: &str) -> Result<String> {
    read_block(block)?.to_pem(LineEnding::LF).map_err(|error| {
        Fault::failed("signature-shape", "A signature could not be written.").caused_by(error)
    })
}

/// Whether `block` is a signature of `message` by `key` for `namespace`. A security key must have
/// been touched.
///
/// # Errors
/// Another key, another namespace, another text, a damaged block; the code says which.
pub fn verify(key: &PublicKey, namespace: &str, message: &[u8], block: &str) -> Result<()> {
    let signature = read_block(block)?;
    if key.0.key_data() != signature.public_key() {
        let other = signature.public_key().fingerprint(HashAlg::Sha256);
        return Err(Fault::evidence(
            "signature-key",
            format!(
                "The signature was made with key {other}, not {}.",
                key.fingerprint()
            ),
        ));
    }
    if signature.namespace() != namespace {
        return Err(Fault::evidence(
            "signature-namespace",
            format!(
                "The signature was made for `{}`, not `{namespace}`.",
                signature.namespace().escape_debug()
            ),
        ));
    }
    if signature.algorithm() == Algorithm::SkEd25519 {
        // OpenSSH's layout: signature, one byte of flags, four bytes of counter.
        let flags = signature.signature_bytes().iter().rev().nth(4);
        if flags.is_none_or(|flags| flags & TOUCHED == 0) {
            return Err(Fault::evidence(
                "signature-touch",
                "The security key signed without being touched.",
            ));
        }
    }
    key.0
        .verify(namespace, message, &signature)
        .map_err(|error| {
            Fault::evidence("signature-wrong", "The signature is not of this text.")
                .caused_by(error)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(dir: &Path, name: &str) -> Signer {
        Signer::generate(&dir.join(name), "recorder").unwrap()
    }

    #[test]
    fn accepts_only_the_signed_text_for_the_namespace_and_key() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (signer(dir.path(), "one"), signer(dir.path(), "two"));
        let text = b"cordon checkpoint v1\n";
        let block = one.sign(CHECKPOINT, text).unwrap();
        verify(one.public(), CHECKPOINT, text, &block).unwrap();
        let code = |key: &Signer, namespace, text: &[u8]| {
            verify(key.public(), namespace, text, &block)
                .unwrap_err()
                .code()
        };
        assert_eq!(code(&one, APPROVAL, text), "signature-namespace");
        assert_eq!(code(&two, CHECKPOINT, text), "signature-key");
        assert_eq!(
            code(&one, CHECKPOINT, b"cordon checkpoint v2\n"),
            "signature-wrong"
        );
    }

    #[test]
    fn a_generated_key_is_private_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("recorder");
        let first = signer(dir.path(), "recorder");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Signer::generate(&path, "again").is_err());
        assert!(Signer::open(&path).unwrap().public().same(first.public()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Signer::open(&path).unwrap_err().code(), "ssh-key-open");
    }

    #[test]
    fn other_key_types_are_refused() {
        let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 x";
        assert!(rsa.parse::<PublicKey>().is_err());
        assert!(
            "ssh-ed25519 AAAA\nssh-ed25519 AAAA"
                .parse::<PublicKey>()
                .is_err()
        );
        assert!("".parse::<PublicKey>().is_err());
    }

    #[test]
    fn a_principal_cannot_break_out_of_its_line() {
        assert_eq!(principal_of("Ada \"x\",*\n#"), "Ada__x______84410b5d");
    }

    #[test]
    fn two_names_are_two_principals() {
        let names = ["Ada Example", "Ada_Example", "\u{c4}da", "\u{d6}da", "_da"];
        let distinct: std::collections::BTreeSet<_> = names.into_iter().map(principal_of).collect();
        assert_eq!(distinct.len(), names.len());
        assert_eq!(principal_of("ada@example.com"), "ada@example.com");
    }
}
