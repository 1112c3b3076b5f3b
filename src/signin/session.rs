//! Sessions of the pages: the browser has 256 random bits, the hub their digest.

use std::net::IpAddr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{SignIn, Ticket, What, hold, read};
use crate::access::{Principal, Via};
use crate::case::event::Person;
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

const TREE: &str = "sessions";

/// How long a session may rest.
const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// How long one lasts.
const WHOLE: SignedDuration = SignedDuration::from_hours(12);
/// How long one that a break-glass code opened lasts.
const WHOLE_AFTER_GLASS: SignedDuration = SignedDuration::from_hours(1);
/// How often it is written down that a session is in use: each costs a flush.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The next step for whoever a break-glass code let in and who asks for what outlasts that session.
pub(super) const SIGN_IN_ANEW: &str =
    "sign in with passphrase and code, with a passkey or with the identity provider";

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Passphrase and code.
    Passphrase,
    /// A passkey.
    Passkey,
    /// The company's identity provider, with or without a code of ours.
    IdentityProvider,
    /// A code of the sealed envelope.
    BreakGlass,
}

impl How {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase and code",
            Self::Passkey => "passkey",
            Self::IdentityProvider => "identity provider",
            Self::BreakGlass => "break-glass code",
        }
    }
}

/// What is kept of a session, under the digest of its ticket.
#[derive(Debug, Serialize, Deserialize)]
struct Session {
    person: String,
    how: How,
    began: Timestamp,
    used: Timestamp,
    from: Option<IpAddr>,
}

impl Session {
    fn over(&self, now: Timestamp) -> bool {
        let whole = match self.how {
            How::BreakGlass => WHOLE_AFTER_GLASS,
            How::Passphrase | How::Passkey | How::IdentityProvider => WHOLE,
        };
        // A clock that was put back must not make a session last.
        let since = |at: Timestamp| now.duration_since(at).abs();
        since(self.began) >= whole || since(self.used) >= IDLE
    }
}

/// A session that was opened: the one time that its ticket is known.
#[derive(Debug)]
pub struct Opened {
    /// For the cookie.
    pub ticket: Ticket,
    /// Who.
    pub person: Person,
}

/// Who asks, as their session tells.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub principal: Principal,
    /// What each form of theirs carries.
    pub csrf: String,
    /// How they signed in.
    pub how: How,
}

/// A session in a list.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The beginning of the digest of its ticket.
    pub id: String,
    /// How it was opened.
    pub how: How,
    /// When.
    pub began: Timestamp,
    /// When it was last used, to the minute.
    pub used: Timestamp,
    /// Where it was opened from.
    pub from: Option<IpAddr>,
}

impl SignIn {
    /// Who the ticket of a cookie belongs to; `None` when its session is over, was ended, or its
    /// person has no role any more.
    ///
    /// # Errors
    /// The hub fails.
    pub fn visit(&self, ticket: &Ticket) -> Result<Option<SignedIn>> {
        let digest = ticket.digest();
        let Some(mut session) = self.get::<Session>(TREE, digest.as_bytes())? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let principal = self.principal(&session.person, Via::Session(short(&digest)));
        let Some(principal) = principal.filter(|_| !session.over(now)) else {
            self.hub.remove(TREE, digest.as_bytes())?;
            return Ok(None);
        };
        if now.duration_since(session.used) >= NOTED_EVERY {
            let _changing = hold(&self.changing);
            // Unless it was ended in between: writing would open it again.
            if self.hub.get(TREE, digest.as_bytes())?.is_none() {
                return Ok(None);
            }
            session.used = now;
            self.put(TREE, digest.as_bytes(), &session)?;
        }
        Ok(Some(SignedIn {
            principal,
            csrf: ticket.derived("cordon form"),
            how: session.how,
        }))
    }

    /// Who a session is now, seen by who is in it; `None` when it is over or was ended. Does not make it
    /// last longer.
    ///
    /// # Errors
    /// The hub cannot be read.
    pub fn still(&self, principal: &Principal) -> Result<Option<Principal>> {
        let Via::Session(id) = &principal.via else {
            return Ok(None);
        };
        let (now, name) = (self.clock.now(), &principal.person.name);
        let mut all = self.all_sessions()?.into_iter();
        let holds = all.any(|(digest, session)| {
            session.person == *name && short(&digest) == *id && !session.over(now)
        });
        Ok(self
            .principal(name, principal.via.clone())
            .filter(|_| holds))
    }

    /// Counts whenever somebody's way in was taken.
    pub fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    pub(super) fn tell_ended(&self) {
        self.ended.send_modify(|count| *count += 1);
    }

    /// Ends the session of a ticket.
    ///
    /// # Errors
    /// The hub fails.
    pub fn sign_out(&self, ticket: &Ticket, from: Option<IpAddr>) -> Result<()> {
        let _changing = hold(&self.changing);
        let digest = ticket.digest();
        let session: Option<Session> = self.get(TREE, digest.as_bytes())?;
        self.hub.remove(TREE, digest.as_bytes())?;
        self.tell_ended();
        match session {
            Some(session) => self.note(What::SignedOut, Some(&session.person), "", from),
            None => Ok(()),
        }
    }

    /// The sessions of somebody, the last used first.
    ///
    /// # Errors
    /// The hub cannot be read.
    pub fn sessions(&self, name: &str) -> Result<Vec<Listed>> {
        let now = self.clock.now();
        let mut listed: Vec<Listed> = (self.all_sessions()?.into_iter())
            .filter(|(_, session)| session.person == name && !session.over(now))
            .map(|(digest, session)| Listed {
                id: short(&digest),
                how: session.how,
                began: session.began,
                used: session.used,
                from: session.from,
            })
            .collect();
        listed.sort_by_key(|session| std::cmp::Reverse(session.used));
        Ok(listed)
    }

    /// How the session of `via` was opened; `None` when it is no session of theirs.
    pub(super) fn opened_by(&self, name: &str, via: &Via) -> Result<Option<How>> {
        let Via::Session(here) = via else {
            return Ok(None);
        };
        let mut sessions = self.sessions(name)?.into_iter();
        let session = sessions.find(|session| session.id == *here);
        Ok(session.map(|session| session.how))
    }

    /// Ends one session of somebody.
    ///
    /// # Errors
    /// `no-session`, or the hub fails.
    pub fn end_session(&self, name: &str, id: &str) -> Result<()> {
        let _changing = hold(&self.changing);
        let mut all = self.all_sessions()?.into_iter();
        let found = all.find(|(digest, session)| session.person == name && short(digest) == id);
        let (digest, _) = found
            .ok_or_else(|| Fault::input("no-session", "There is no such session of yours."))?;
        self.hub.remove(TREE, digest.as_bytes())?;
        self.tell_ended();
        self.note(What::SignedOut, Some(name), "one session", None)
    }

    /// Ends every session of somebody but the one of `via`.
    ///
    /// # Errors
    /// The hub fails.
    pub fn end_other_sessions(&self, name: &str, via: &Via) -> Result<()> {
        let _changing = hold(&self.changing);
        let Via::Session(except) = via else {
            return Ok(());
        };
        self.end_sessions(name, Some(except))?;
        self.note(What::SignedOut, Some(name), "every other session", None)
    }

    pub(super) fn end_sessions(&self, name: &str, except: Option<&str>) -> Result<()> {
        self.end_those(name, except, |_| true)
    }

    /// Ends every session of somebody that a passkey opened, but the one of `via`.
    pub(super) fn end_passkey_sessions(&self, name: &str, via: &Via) -> Result<()> {
        let except = match via {
            Via::Session(except) => Some(except.as_str()),
            Via::Token { .. } => None,
        };
        self.end_those(name, except, |how| how == How::Passkey)
    }

    fn end_those(
        &self,
        name: &str,
        except: Option<&str>,
        ends: impl Fn(How) -> bool,
    ) -> Result<()> {
        for (digest, session) in self.all_sessions()? {
            let theirs = session.person == name && except != Some(short(&digest).as_str());
            if theirs && ends(session.how) {
                self.hub.remove(TREE, digest.as_bytes())?;
            }
        }
        self.tell_ended();
        Ok(())
    }

    /// A session with a ticket of its own, whatever the browser had before. What is over is removed on
    /// the way.
    pub(super) fn open_session(
        &self,
        name: &str,
        how: How,
        from: Option<IpAddr>,
    ) -> Result<Opened> {
        let now = self.clock.now();
        for (digest, session) in self.all_sessions()? {
            if session.over(now) {
                self.hub.remove(TREE, digest.as_bytes())?;
            }
        }
        let person = self.named(name).ok_or_else(|| super::no_person(name))?;
        let ticket = Ticket::fresh()?;
        let session = Session {
            person: name.to_owned(),
            how,
            began: now,
            used: now,
            from,
        };
        self.put(TREE, ticket.digest().as_bytes(), &session)?;
        Ok(Opened { ticket, person })
    }

    fn all_sessions(&self) -> Result<Vec<(String, Session)>> {
        let all = self.hub.scan(TREE)?.into_iter();
        all.map(|(digest, session)| {
            let digest = String::from_utf8_lossy(&digest).into_owned();
            Ok((digest, read(TREE, &session)?))
        })
        .collect()
    }
}

/// The beginning of a digest: enough to tell one from another, and of no use to whoever reads it.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
