//! Every sign-in, failure, sign-out and change of who can sign in, for administrators.
//!
//! It names people of the configuration and addresses, and nothing that was entered: who cannot sign in
//! may have put a passphrase where the name belongs.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::ticket::random;
use super::{SignIn, read};
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

const TREE: &str = "signins";

/// How many entries are kept.
const MOST: usize = 10_000;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Somebody signed in.
    SignedIn,
    /// Somebody was not signed in.
    Refused,
    /// A session was ended by its person.
    SignedOut,
    /// Somebody was invited.
    Invited,
    /// Somebody set passphrase and app.
    Enrolled,
    /// A passkey was added by its person.
    PasskeyAdded,
    /// A passkey was removed by its person, which ended every other session that a passkey opened.
    PasskeyRemoved,
    /// Everything was taken away from somebody.
    Revoked,
    /// Break-glass codes were made.
    GlassSealed,
    /// A break-glass code was used.
    GlassBroken,
    /// A break-glass sign-in was acknowledged.
    BellAcknowledged,
    /// A token was made.
    TokenMade,
    /// A token was revoked.
    TokenRevoked,
}

impl What {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SignedIn => "signed in",
            Self::Refused => "not signed in",
            Self::SignedOut => "signed out",
            Self::Invited => "invited",
            Self::Enrolled => "set passphrase and authenticator app",
            Self::PasskeyAdded => "passkey added",
            Self::PasskeyRemoved => "passkey removed",
            Self::Revoked => "access taken away",
            Self::GlassSealed => "break-glass codes made",
            Self::GlassBroken => "break-glass code used",
            Self::BellAcknowledged => "break-glass sign-in acknowledged",
            Self::TokenMade => "token made",
            Self::TokenRevoked => "token revoked",
        }
    }
}

/// One entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// To whom; `None` for a name that nobody has.
    pub person: Option<String>,
    /// Who did it, when it was somebody else.
    pub by: Option<String>,
    /// Where the request came from.
    pub from: Option<IpAddr>,
    /// More words. Hostile text where it is a reason, or the name of a passkey, that somebody gave.
    pub note: String,
}

impl SignIn {
    /// The last entries, the last first.
    ///
    /// # Errors
    /// The hub cannot be read.
    pub fn journal(&self, most: usize) -> Result<Vec<Entry>> {
        let entries = self.hub.last(TREE, most)?;
        entries.iter().map(|(_, entry)| read(TREE, entry)).collect()
    }

    pub(super) fn note(
        &self,
        what: What,
        person: Option<&str>,
        note: &str,
        from: Option<IpAddr>,
    ) -> Result<()> {
        self.write_down(&Entry {
            at: self.clock.now(),
            what,
            person: person.map(str::to_owned),
            by: None,
            from,
            note: note.to_owned(),
        })
    }

    pub(super) fn note_by(&self, what: What, person: &str, by: &str, note: &str) -> Result<()> {
        self.write_down(&Entry {
            at: self.clock.now(),
            what,
            person: Some(person.to_owned()),
            by: Some(by.to_owned()),
            from: None,
            note: note.to_owned(),
        })
    }

    fn write_down(&self, entry: &Entry) -> Result<()> {
        self.put(TREE, order(entry.at)?.as_bytes(), entry)?;
        // Now and then is enough: a few more entries than wanted do no harm.
        let [dice] = random()?;
        if dice < 4 {
            self.hub.keep_last(TREE, MOST)?;
        }
        Ok(())
    }
}

/// A key that sorts by time, and within one instant by what came first.
pub(super) fn order(at: Timestamp) -> Result<String> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let nanoseconds = u128::try_from(at.as_nanosecond()).map_err(|error| {
        Fault::failed("clock", "This machine's clock is before 1970.").caused_by(error)
    })?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Ok(format!("{nanoseconds:032x}{number:016x}"))
}
