//! The names of the files of an export. No name is taken from outside.

use crate::case::event::{Evidence, Person};
use crate::sshsig::{self, PublicKey, principal_of};

/// The hash of every other file, in the format of `sha256sum -c`.
pub(crate) const MANIFEST: &str = "manifest-sha256.txt";
/// The recorder's signature of the manifest.
pub(crate) const MANIFEST_SIGNATURE: &str = "manifest-sha256.txt.sig";
/// The folder of what is counsel's.
pub(crate) const PRIVILEGED: &str = "privileged";
/// The keys that may sign, in the format of `ssh-keygen -Y verify -f`.
pub(crate) const SIGNERS: &str = "keys/allowed_signers";

/// The endings of media types that no program runs or renders when a person opens the file. All
/// else ends in `.bin`; a web page must not open in a browser.
const ENDINGS: [(&str, &str); 8] = [
    ("application/json", "json"),
    ("application/scim+json", "json"),
    ("application/x-ndjson", "ndjson"),
    ("message/rfc822", "eml"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/csv", "csv.txt"),
    ("application/x-git-bundle", "bundle"),
];

/// Where the bytes of an item lie: what is counsel's in a folder of its own.
pub(crate) fn raw(evidence: &Evidence) -> String {
    let essence = evidence.media_type.split(';').next().unwrap_or_default();
    let ending = ENDINGS
        .iter()
        .find(|(media_type, _)| essence.trim().eq_ignore_ascii_case(media_type))
        .map_or("bin", |(_, ending)| ending);
    let folder = if evidence.privileged {
        PRIVILEGED
    } else {
        "raw"
    };
    format!("{folder}/{}.{ending}", evidence.id)
}

/// Where the text of a decision lies; its signature lies beside it.
pub(crate) fn approval(line: u64, person: &str) -> String {
    let name: String = principal_of(person).chars().take(60).collect();
    format!("approvals/{line:08}-{name}.txt")
}

/// The allowed signers: the recorder for checkpoints and exports, each person for approvals.
pub(crate) fn signers(recorder: &PublicKey, people: &[Person]) -> String {
    let mut text = recorder.allowed_signer(
        super::super::checkpoint::PRINCIPAL,
        &[sshsig::CHECKPOINT, sshsig::EXPORT, sshsig::ON_BEHALF],
    );
    for person in people {
        if let Ok(key) = person.key.parse::<PublicKey>() {
            text.push_str(&key.allowed_signer(&person.name, &[sshsig::APPROVAL]));
        }
    }
    text
}
