//! How people prove who they are.
//!
//! ```text
//! invitation → passphrase + authenticator app ┐
//! a passkey, added with a code of that app    │
//! the company's identity provider             ├→ session (a cookie) → Principal
//! break-glass code, which rings a bell        ┘
//! a session makes tokens of the API, each in one role → Principal
//! ```
//!
//! Who there is, and in which roles, the configuration alone says; it is asked at every request. The
//! hub keeps what proves it: hashes of passphrases, secrets of authenticator apps, public keys of
//! passkeys, and the digests of everything that somebody carries. Every function here may wait for the
//! disk or for Argon2.

mod code;
pub mod glass;
mod invitation;
pub mod journal;
pub mod lockout;
pub mod oidc;
pub mod passkey;
pub mod passphrase;
mod people;
pub mod session;
pub mod ticket;
pub mod token;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::access::{Principal, Role, Roster};
use crate::canon::Digest;
use crate::case::event::Person;
use crate::fault::{Fault, Result};
use crate::secret::SecretString;
use crate::store::Hub;
use crate::time::{Clock, Timestamp};

use code::Codes;
pub use glass::Bell;
use invitation::Invitation;
pub use invitation::Welcome;
pub use journal::{Entry, What};
use lockout::{Addresses, Failures};
use passkey::Passkeys;
pub use people::Changed;
pub use session::{How, Opened, SignedIn};
pub use ticket::Ticket;

const ACCOUNTS: &str = "accounts";
const FAILURES: &str = "failures";

/// Whoever carries out what needs to hear of a break-glass sign-in.
type Ringer = Box<dyn Fn(&Bell) + Send + Sync>;

/// Who may sign in, and all that proves it.
pub struct SignIn {
    hub: Arc<Hub>,
    clock: Arc<dyn Clock>,
    people: Roster,
    /// Counts what took somebody's way in: streams look again whether theirs still holds.
    ended: watch::Sender<u64>,
    /// Held while a record is read, judged and written: nothing is used twice.
    changing: Mutex<()>,
    addresses: Addresses,
    /// Break-glass sign-ins that no administrator has acknowledged.
    ringing: Mutex<Vec<Bell>>,
    ringer: OnceLock<Ringer>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}

/// What proves who somebody is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Account {
    /// A PHC string.
    passphrase: Option<String>,
    codes: Option<Codes>,
    invitation: Option<Invitation>,
    #[serde(default)]
    passkeys: Passkeys,
    /// Digests of the codes in the sealed envelope.
    #[serde(default)]
    glass: Vec<String>,
    /// When passphrase and app were set.
    enrolled: Option<Timestamp>,
    /// The last sign-in.
    seen: Option<Timestamp>,
    /// Where they signed in, the last one first: failures are counted apart there.
    #[serde(default)]
    places: Vec<IpAddr>,
}

impl Account {
    /// The key under which a failure from there is counted.
    fn counted(&self, name: &str, from: Option<IpAddr>) -> Vec<u8> {
        match lockout::place(from).filter(|place| self.places.contains(place)) {
            Some(place) => place_key(name, place),
            None => key(name),
        }
    }

    fn came_from(&mut self, from: Option<IpAddr>) {
        if let Some(place) = lockout::place(from) {
            self.places.retain(|known| *known != place);
            self.places.insert(0, place);
            self.places.truncate(lockout::PLACES);
        }
    }
}

/// What somebody enters to sign in.
#[derive(Debug)]
pub struct Attempt {
    /// Their name or one of their addresses. Hostile text.
    pub name: String,
    /// Their passphrase.
    pub passphrase: SecretString,
    /// The code that their app shows.
    pub code: String,
    /// Where the request came from.
    pub from: Option<IpAddr>,
}

/// Somebody who could sign in, for administrators.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Standing {
    /// Their name.
    pub name: String,
    /// Their roles.
    pub roles: Vec<String>,
    /// `ready`, `invited`, `invitation expired`, `not invited`.
    pub state: &'static str,
    /// The last sign-in.
    pub seen: Option<Timestamp>,
    /// How many sessions they have.
    pub sessions: usize,
    /// How many passkeys they have.
    pub passkeys: usize,
    /// How many break-glass codes are left.
    pub break_glass: usize,
    /// Until when too many failures keep them out: of every place that is new, or of one of their own.
    pub locked_until: Option<Timestamp>,
}

impl SignIn {
    /// `people` are those of the configuration.
    ///
    /// # Errors
    /// What the hub keeps cannot be read.
    pub fn new(hub: Arc<Hub>, clock: Arc<dyn Clock>, people: Roster) -> Result<Self> {
        let ringing = Mutex::new(glass::ringing(&hub)?);
        Ok(Self {
            hub,
            clock,
            people,
            ended: watch::Sender::default(),
            changing: Mutex::default(),
            addresses: Addresses::default(),
            ringing,
            ringer: OnceLock::new(),
        })
    }

    /// Whether another attempt from an address is taken now.
    ///
    /// # Errors
    /// `too-many`: after how many seconds to try again stands in its place.
    pub fn admit(&self, from: Option<IpAddr>) -> Result<()> {
        self.addresses.admit(from, self.clock.now())
    }

    /// The person of that name, or who has that address. Spelling is theirs, but for upper case.
    pub fn person(&self, name_or_address: &str) -> Option<Person> {
        let wanted = name_or_address.trim().to_lowercase();
        let people = self.people.now();
        let mut people = people.iter();
        let found = people.find(|person| {
            let names = std::iter::once(&person.name).chain(&person.emails);
            !wanted.is_empty()
                && names
                    .map(|name| name.to_lowercase())
                    .any(|name| name == wanted)
        });
        found.cloned()
    }

    /// Signs somebody in with passphrase and code.
    ///
    /// # Errors
    /// `signin-refused`, in the same words and at the same cost whatever was wrong.
    pub fn enter(&self, attempt: &Attempt) -> Result<Opened> {
        let person = self.person(&attempt.name);
        let kept = match &person {
            Some(person) => self.account(&person.name)?.passphrase,
            None => None,
        };
        let fits = passphrase::fits(&attempt.passphrase, kept.as_deref());
        let _changing = hold(&self.changing);
        let Some(person) = person else {
            return self.refused(None, "no such person", attempt.from);
        };
        // Read again: between the two it may have been revoked.
        let mut account = self.account(&person.name)?;
        let counted = account.counted(&person.name, attempt.from);
        let why = if self.locked(&counted)?.is_some() {
            Some("locked after failures")
        } else if kept.is_none() {
            Some("not enrolled")
        } else if !fits || account.passphrase != kept {
            Some("another passphrase")
        } else if !self.take_code(&mut account, &attempt.code) {
            Some("another code, or one that was used")
        } else {
            None
        };
        match why {
            Some(why) => self.refused(Some(&person.name), why, attempt.from),
            None => self.entered(&person, account, How::Passphrase, attempt.from),
        }
    }

    /// Signs somebody in whom the identity provider vouched for; `code` where their app is asked too.
    ///
    /// # Errors
    /// `signin-refused`.
    pub fn enter_vouched(
        &self,
        name: &str,
        code: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<Opened> {
        let _changing = hold(&self.changing);
        let Some(person) = self.named(name) else {
            return self.refused(None, "the identity provider named nobody of ours", from);
        };
        let mut account = self.account(name)?;
        let counted = account.counted(name, from);
        let why = if code.is_some() && self.locked(&counted)?.is_some() {
            Some("locked after failures")
        } else if code.is_some_and(|code| !self.take_code(&mut account, code)) {
            Some("another code, or one that was used")
        } else {
            None
        };
        match why {
            Some(why) => self.refused(Some(name), why, from),
            None => self.entered(&person, account, How::IdentityProvider, from),
        }
    }

    /// Notes a sign-in that did not come to an end elsewhere, such as at the identity provider.
    ///
    /// # Errors
    /// The hub cannot be written.
    pub fn note_refused(&self, why: &str, from: Option<IpAddr>) -> Result<()> {
        self.note(What::Refused, None, why, from)
    }

    /// Everybody of the configuration, and how far they are.
    ///
    /// # Errors
    /// The hub cannot be read.
    pub fn standing(&self) -> Result<Vec<Standing>> {
        let now = self.clock.now();
        let people = self.people.now();
        let each = people.iter().map(|person| {
            let account = self.account(&person.name)?;
            let state = match (&account.enrolled, &account.invitation) {
                (_, Some(invitation)) if invitation.expires > now => "invited",
                (Some(_), _) => "ready",
                (None, Some(_)) => "invitation expired",
                (None, None) => "not invited",
            };
            Ok(Standing {
                name: person.name.clone(),
                roles: person.roles.clone(),
                state,
                seen: account.seen,
                sessions: self.sessions(&person.name)?.len(),
                passkeys: account.passkeys.count(),
                break_glass: account.glass.len(),
                locked_until: self.locked_anywhere(&person.name, &account)?,
            })
        });
        each.collect()
    }

    /// Takes everything away that somebody could prove themselves with: passphrase, app, passkeys,
    /// invitation, break-glass codes, sessions, tokens.
    ///
    /// # Errors
    /// `no-person`, or the hub cannot be written.
    pub fn revoke(&self, name: &str, by: &str) -> Result<()> {
        let _changing = hold(&self.changing);
        let seen = self.account(name)?.seen;
        // Also of somebody who is no longer configured.
        let known = self.hub.get(ACCOUNTS, &key(name))?.is_some();
        if !known && self.named(name).is_none() {
            return Err(no_person(name));
        }
        self.keep_account(
            name,
            &Account {
                seen,
                ..Account::default()
            },
        )?;
        self.end_sessions(name, None)?;
        self.end_tokens(name)?;
        self.note_by(What::Revoked, name, by, "")
    }

    fn take_code(&self, account: &mut Account, code: &str) -> bool {
        let now = self.clock.now();
        let codes = account.codes.as_mut();
        codes.is_some_and(|codes| codes.take(code, now))
    }

    /// Opens a session for somebody who has proved who they are. The caller holds `changing`.
    fn entered(
        &self,
        person: &Person,
        mut account: Account,
        how: How,
        from: Option<IpAddr>,
    ) -> Result<Opened> {
        self.hub
            .remove(FAILURES, &account.counted(&person.name, from))?;
        account.seen = Some(self.clock.now());
        account.came_from(from);
        self.keep_account(&person.name, &account)?;
        self.addresses.forgive(from);
        let opened = self.open_session(&person.name, how, from)?;
        self.note(What::SignedIn, Some(&person.name), how.words(), from)?;
        Ok(opened)
    }

    /// Counts and notes a failure to sign in. The caller holds `changing`.
    fn refused(&self, name: Option<&str>, why: &str, from: Option<IpAddr>) -> Result<Opened> {
        self.count_failure(name, why, from)?;
        Err(not_signed_in(
            "check each field; a code is good for one sign-in: wait for the next",
        ))
    }

    /// Counts and notes a failure; for an unknown name at the same cost. The caller holds `changing`.
    fn count_failure(&self, name: Option<&str>, why: &str, from: Option<IpAddr>) -> Result<()> {
        let now = self.clock.now();
        let key = match name {
            Some(name) => self.account(name)?.counted(name, from),
            None => b"unknown".to_vec(),
        };
        let failures: Failures = self.get(FAILURES, &key)?.unwrap_or_default();
        self.put(FAILURES, &key, &failures.after_another(now))?;
        self.note(What::Refused, name, why, from)
    }

    /// Until when those are kept out whose failures are counted there.
    fn locked(&self, counted: &[u8]) -> Result<Option<Timestamp>> {
        let failures: Failures = self.get(FAILURES, counted)?.unwrap_or_default();
        Ok(failures.until.filter(|until| *until > self.clock.now()))
    }

    fn locked_anywhere(&self, name: &str, account: &Account) -> Result<Option<Timestamp>> {
        let own = account.places.iter().map(|place| place_key(name, *place));
        let mut last = self.locked(&key(name))?;
        for counted in own {
            last = last.max(self.locked(&counted)?);
        }
        Ok(last)
    }

    fn named(&self, name: &str) -> Option<Person> {
        let people = self.people.now();
        people.iter().find(|person| person.name == name).cloned()
    }

    /// The person as the configuration has them now, in a role that they still have.
    fn principal(&self, name: &str, via: crate::access::Via) -> Option<Principal> {
        let principal = Principal {
            person: self.named(name)?,
            via,
        };
        let roles: std::collections::BTreeSet<Role> = principal.roles();
        (!roles.is_empty()).then_some(principal)
    }

    fn account(&self, name: &str) -> Result<Account> {
        Ok(self.get(ACCOUNTS, &key(name))?.unwrap_or_default())
    }

    fn keep_account(&self, name: &str, account: &Account) -> Result<()> {
        self.put(ACCOUNTS, &key(name), account)
    }

    fn get<T: DeserializeOwned>(&self, tree: &'static str, key: &[u8]) -> Result<Option<T>> {
        let bytes = self.hub.get(tree, key)?;
        bytes.map(|bytes| read(tree, &bytes)).transpose()
    }

    fn put(&self, tree: &'static str, key: &[u8], value: &impl Serialize) -> Result<()> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            Fault::failed("json", "A record of the sign-in could not be written.").caused_by(error)
        })?;
        self.hub.put(tree, key, &bytes)
    }
}

/// The key of a person's records: names have any length.
fn key(name: &str) -> Vec<u8> {
    Digest::of(name.as_bytes()).as_bytes().to_vec()
}

/// The key of their failures from a place that they signed in from.
fn place_key(name: &str, place: IpAddr) -> Vec<u8> {
    key(&format!("{name}\0{place}"))
}

fn read<T: DeserializeOwned>(tree: &'static str, bytes: &[u8]) -> Result<T> {
    // What it says is not repeated: it may be a secret.
    serde_json::from_slice(bytes).map_err(|_| {
        Fault::failed("signin-record", "A record of the sign-in cannot be read.").at(tree)
    })
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `check` may say which way in was tried; of who tried it, it may say nothing.
fn not_signed_in(check: &'static str) -> Fault {
    Fault::input("signin-refused", "You are not signed in.")
        .hint(check)
        .hint("after several failures wait some minutes before the next attempt")
        .hint("an administrator can invite you again")
}

fn no_person(name: &str) -> Fault {
    Fault::input("no-person", "The configuration names no such person.")
        .at(crate::hostile::one_line(name, 80))
        .hint("people are the [[people]] of the configuration; see `cordon people list`")
}
