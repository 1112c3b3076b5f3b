//! Passkeys: WebAuthn, in place of passphrase and code together. The device verifies its person, so one
//! passkey is both factors.
//!
//! ```text
//! begin_passkey → a code of the app; what the browser is asked → add_passkey: kept with the account
//! begin_entering → what the browser is asked → enter_by_passkey: a passkey of that person, and theirs
//! ```
//!
//! Each is discoverable: its authenticator finds it by the name of the site. So the sign-in names no
//! credential, and nothing of what it asks tells whether there is somebody, or what they have. What is
//! kept is public: a key that only checks signatures.

mod ceremony;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{Passkey as Key, PublicKeyCredential, Uuid};

use super::session::{SIGN_IN_ANEW, short};
use super::ticket::random;
use super::{ACCOUNTS, Account, How, Opened, SignIn, What, hold, not_signed_in, read};
use crate::access::{Principal, Via};
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::time::Timestamp;

pub use ceremony::{Asked, RelyingParty, not_offered};
use ceremony::{Entering, Whose};

/// How many passkeys a person may have.
const MOST: usize = 10;

/// What is kept of the passkeys of somebody.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Passkeys {
    /// What authenticators know the person by: random, and another one after everything was taken away.
    handle: Option<Uuid>,
    kept: Vec<Kept>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    about: Passkey,
    key: Key,
}

/// A passkey in a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Passkey {
    /// The beginning of the digest of its credential id.
    pub id: String,
    /// What its person calls it. Hostile text.
    pub name: String,
    /// When it was added.
    pub made: Timestamp,
    /// When somebody signed in with it last.
    pub used: Option<Timestamp>,
}

/// What a browser brings back to sign in. All of it is hostile text.
#[derive(Debug)]
pub struct Asserted {
    /// Their name or one of their addresses.
    pub name: String,
    /// The ticket of what was begun.
    pub begun: String,
    /// What `navigator.credentials.get` gave, as JSON.
    pub answer: String,
    /// Where the request came from.
    pub from: Option<IpAddr>,
}

/// A passkey that a browser made. All of it is hostile text.
#[derive(Debug)]
pub struct NewPasskey {
    /// What its person calls it.
    pub name: String,
    /// The ticket of what was begun.
    pub begun: String,
    /// What `navigator.credentials.create` gave, as JSON.
    pub answer: String,
}

impl Passkeys {
    pub(super) const fn count(&self) -> usize {
        self.kept.len()
    }

    /// Takes what one of them signed; the caller keeps what changed.
    ///
    /// # Errors
    /// Why it does not sign the person in.
    fn take(
        &mut self,
        party: &RelyingParty,
        begun: Option<Entering>,
        answer: &str,
        now: Timestamp,
    ) -> Result<(), String> {
        let begun = begun.ok_or("passkey: begun too long ago, elsewhere, or used before")?;
        let answer: PublicKeyCredential =
            ceremony::read(answer).ok_or("passkey: an answer that cannot be read")?;
        let handle = self
            .handle
            .as_ref()
            .map(|handle| handle.as_bytes().as_slice());
        let theirs = (answer.get_user_unique_id()).is_none_or(|named| Some(named) == handle);
        let mut kept = self.kept.iter_mut();
        let kept = kept
            .find(|kept| theirs && kept.key.cred_id() == answer.get_credential_id())
            .ok_or("another passkey, or one that was removed")?;
        let proved = party.proved(begun, &answer, &kept.key);
        let proved = proved.map_err(|why| format!("passkey {}: {why}", kept.about.name))?;
        kept.key.update_credential(&proved);
        kept.about.used = Some(now);
        Ok(())
    }
}

impl SignIn {
    /// The passkeys of somebody, the last added first.
    ///
    /// # Errors
    /// The hub cannot be read.
    pub fn passkeys(&self, name: &str) -> Result<Vec<Passkey>> {
        let kept = self.account(name)?.passkeys.kept.into_iter();
        Ok(kept.map(|kept| kept.about).rev().collect())
    }

    /// Whether somebody may add a passkey where they are signed in now. What a break-glass code opened
    /// must not go on as a passkey; and who has no passphrase is looked after by the identity provider.
    ///
    /// # Errors
    /// `may-not`, `passkey`; the hub cannot be read.
    pub fn may_add_passkey(&self, who: &Principal) -> Result<()> {
        let name = &who.person.name;
        let how = self.opened_by(name, &who.via)?;
        if how.is_none_or(|how| how == How::BreakGlass) {
            let what = "A session that a break-glass code opened adds no passkeys.";
            return Err(Fault::input("may-not", what).hint(SIGN_IN_ANEW));
        }
        let account = self.account(name)?;
        if account.passphrase.is_none() || account.codes.is_none() {
            let what = "Passkeys are for who has a passphrase and an authenticator app here.";
            return Err(Fault::input("passkey", what)
                .hint("an administrator can invite you: then you set both"));
        }
        if account.passkeys.count() >= MOST {
            let what = format!("A person has at most {MOST} passkeys.");
            return Err(Fault::input("passkey", what).hint("remove one that you do not use"));
        }
        Ok(())
    }

    /// Begins to add a passkey, for who shows a code of their app now.
    ///
    /// # Errors
    /// As [`Self::may_add_passkey`]; `passkey-code`, which counts as a failure to sign in.
    pub fn begin_passkey(
        &self,
        party: &RelyingParty,
        who: &Principal,
        code: &str,
        from: Option<IpAddr>,
    ) -> Result<Asked> {
        let _changing = hold(&self.changing);
        self.may_add_passkey(who)?;
        let name = &who.person.name;
        let mut account = self.account(name)?;
        let locked = self.locked(&account.counted(name, from))?.is_some();
        if locked || !self.take_code(&mut account, code) {
            let why = "another code, or one that was used, to add a passkey";
            self.count_failure(Some(name), why, from)?;
            let what = "The app shows another code, or this one was used.";
            return Err(Fault::input("passkey-code", what)
                .hint("wait for the next code, and enter it")
                .hint("after several failures wait some minutes before the next attempt"));
        }
        let handle = account
            .passkeys
            .handle
            .map_or_else(|| random().map(Uuid::from_bytes), Ok)?;
        account.passkeys.handle = Some(handle);
        self.keep_account(name, &account)?;
        let kept = account.passkeys.kept.iter();
        let known = kept.map(|kept| kept.key.cred_id().clone()).collect();
        party.begin_adding(whose(handle, who), name, known)
    }

    /// Adds the passkey that was begun in this session.
    ///
    /// # Errors
    /// As [`Self::may_add_passkey`]; `passkey` when it has no name, was not begun, is known here, or the
    /// browser's answer is not right.
    pub fn add_passkey(
        &self,
        party: &RelyingParty,
        who: &Principal,
        new: &NewPasskey,
        from: Option<IpAddr>,
    ) -> Result<()> {
        let name = one_line(&new.name, 60);
        if name.is_empty() {
            let what = "A passkey has a name that tells it from others.";
            return Err(Fault::input("passkey", what).hint("name the device that holds it"));
        }
        let _changing = hold(&self.changing);
        self.may_add_passkey(who)?;
        let person = &who.person.name;
        let mut account = self.account(person)?;
        let whose = whose(account.passkeys.handle.unwrap_or_default(), who);
        let key = party.added(&whose, &new.begun, &new.answer)?;
        if self.is_known(&key)? {
            let what = "This passkey is known here already.";
            return Err(Fault::input("passkey", what)
                .hint("add another one: each proves one person, and is added once"));
        }
        let about = Passkey {
            id: short(&Digest::of(key.cred_id()).to_string()),
            name,
            made: self.clock.now(),
            used: None,
        };
        let note = about.name.clone();
        account.passkeys.kept.push(Kept { about, key });
        self.keep_account(person, &account)?;
        self.note(What::PasskeyAdded, Some(person), &note, from)
    }

    /// Removes a passkey of whoever is signed in, and ends every other session of theirs that a passkey
    /// opened: whoever has a stolen device may be in one, and no session keeps which passkey it was.
    ///
    /// # Errors
    /// `no-passkey`, or the hub fails.
    pub fn remove_passkey(&self, who: &Principal, id: &str, from: Option<IpAddr>) -> Result<()> {
        let name = &who.person.name;
        let _changing = hold(&self.changing);
        let mut account = self.account(name)?;
        let kept = &mut account.passkeys.kept;
        let at = kept.iter().position(|kept| kept.about.id == id);
        let removed = at.map(|at| kept.remove(at)).ok_or_else(|| {
            Fault::input("no-passkey", "There is no such passkey of yours.")
                .hint("open your account again: it lists the passkeys that you have")
        })?;
        // The sessions first: where this breaks off, the passkey is still there to be removed again.
        self.end_passkey_sessions(name, &who.via)?;
        self.keep_account(name, &account)?;
        self.note(What::PasskeyRemoved, Some(name), &removed.about.name, from)
    }

    /// Signs somebody in with a passkey of theirs.
    ///
    /// # Errors
    /// `signin-refused`, in the same words whatever was wrong.
    pub fn enter_by_passkey(&self, party: &RelyingParty, shown: &Asserted) -> Result<Opened> {
        let from = shown.from;
        let begun = party.take_entering(&shown.begun);
        if begun.is_some() {
            // Begun and brought to an end is one attempt.
            self.addresses.forgive(from);
        }
        let _changing = hold(&self.changing);
        let Some(person) = self.person(&shown.name) else {
            return self.refused_passkey(None, "no such person, passkey", from);
        };
        let mut account = self.account(&person.name)?;
        let taken = if self.locked(&account.counted(&person.name, from))?.is_some() {
            Err("locked after failures".to_owned())
        } else if account.passphrase.is_none() {
            Err("not enrolled".to_owned())
        } else {
            let now = self.clock.now();
            (account.passkeys).take(party, begun, &shown.answer, now)
        };
        match taken {
            Ok(()) => self.entered(&person, account, How::Passkey, from),
            Err(why) => self.refused_passkey(Some(&person.name), &why, from),
        }
    }

    /// Counts and notes a failure to sign in with a passkey. The caller holds `changing`.
    fn refused_passkey(
        &self,
        name: Option<&str>,
        why: &str,
        from: Option<IpAddr>,
    ) -> Result<Opened> {
        self.count_failure(name, why, from)?;
        Err(not_signed_in(
            "check the name, and use a passkey that you added here; or sign in with passphrase and code",
        ))
    }

    /// Whether anybody has it: a passkey proves one person.
    fn is_known(&self, key: &Key) -> Result<bool> {
        for (_, account) in self.hub.scan(ACCOUNTS)? {
            let account: Account = read(ACCOUNTS, &account)?;
            let mut kept = account.passkeys.kept.iter();
            if kept.any(|kept| kept.key.cred_id() == key.cred_id()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn whose(handle: Uuid, who: &Principal) -> Whose {
    let session = match &who.via {
        Via::Session(session) => session.clone(),
        Via::Token { .. } => String::new(),
    };
    Whose { handle, session }
}
