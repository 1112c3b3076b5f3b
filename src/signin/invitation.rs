//! Invitations: a link that lets somebody set their passphrase and their authenticator app, once.

use std::net::IpAddr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::code::Codes;
use super::{
    ACCOUNTS, Account, How, Opened, SignIn, Ticket, What, hold, no_person, passphrase, read,
};
use crate::case::event::Person;
use crate::fault::{Fault, Result};
use crate::secret::SecretString;
use crate::time::Timestamp;

/// How long an invitation is good for.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(72);

/// What is kept of an invitation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Invitation {
    /// The digest of its ticket.
    digest: String,
    /// Whom it invites.
    person: String,
    /// Until when.
    pub(super) expires: Timestamp,
    /// The secret that the app will get; shown on the page until the first code confirms it.
    codes: Codes,
}

/// What somebody sees who follows their invitation.
#[derive(Debug)]
pub struct Welcome {
    /// Whom it invites.
    pub person: Person,
    /// Until when.
    pub expires: Timestamp,
    /// The secret for the app, in groups of four.
    pub secret: String,
    /// The same as an `otpauth:` address.
    pub url: String,
}

impl SignIn {
    /// Invites somebody: an earlier invitation, passphrase, app, passkeys and every session and token of
    /// theirs are void.
    ///
    /// # Errors
    /// `no-person`, or the hub fails.
    pub fn invite(&self, name: &str, by: &str) -> Result<(Ticket, Timestamp)> {
        let person = self.named(name).ok_or_else(|| no_person(name))?;
        let _changing = hold(&self.changing);
        let mut account = self.account(name)?;
        let ticket = Ticket::fresh()?;
        let expires = (self.clock.now().checked_add(GOOD_FOR)).map_err(|error| {
            Fault::failed("clock", "This machine's clock is out of range.").caused_by(error)
        })?;
        account = Account {
            invitation: Some(Invitation {
                digest: ticket.digest(),
                person: person.name.clone(),
                expires,
                codes: Codes::fresh()?,
            }),
            glass: account.glass,
            seen: account.seen,
            ..Account::default()
        };
        self.keep_account(name, &account)?;
        self.end_sessions(name, None)?;
        self.end_tokens(name)?;
        self.note_by(What::Invited, name, by, "")?;
        Ok((ticket, expires))
    }

    /// What an invitation says.
    ///
    /// # Errors
    /// `no-invitation`: it was used, has expired, was replaced, or never was.
    pub fn welcome(&self, ticket: &Ticket) -> Result<Welcome> {
        let (person, invitation) = self.invited(ticket)?;
        Ok(Welcome {
            secret: invitation.codes.text(),
            url: invitation.codes.url(&person.name)?,
            expires: invitation.expires,
            person: person.clone(),
        })
    }

    /// Uses an invitation up: sets passphrase and app, and signs the person in.
    ///
    /// # Errors
    /// `no-invitation`; `passphrase` when it is not taken and `first-code` when the app shows another
    /// one: then the invitation is still good.
    pub fn enrol(
        &self,
        ticket: &Ticket,
        passphrase: &SecretString,
        code: &str,
        from: Option<IpAddr>,
    ) -> Result<Opened> {
        let (person, _) = self.invited(ticket)?;
        passphrase::check(passphrase, &person)?;
        let hash = passphrase::hash(passphrase)?;
        let _changing = hold(&self.changing);
        let (person, mut invitation) = self.invited(ticket)?;
        if !invitation.codes.take(code, self.clock.now()) {
            let what = "The app shows another code.";
            return Err(Fault::input("first-code", what)
                .hint("scan the picture again, and enter the code that the app shows now")
                .hint("the clock of the phone has to be right"));
        }
        let account = Account {
            passphrase: Some(hash),
            codes: Some(invitation.codes),
            enrolled: Some(self.clock.now()),
            glass: self.account(&person.name)?.glass,
            ..Account::default()
        };
        self.end_sessions(&person.name, None)?;
        self.note(What::Enrolled, Some(&person.name), "", from)?;
        self.entered(&person, account, How::Passphrase, from)
    }

    fn invited(&self, ticket: &Ticket) -> Result<(Person, Invitation)> {
        let digest = ticket.digest();
        for (_, account) in self.hub.scan(ACCOUNTS)? {
            let account: Account = read(ACCOUNTS, &account)?;
            let Some(invitation) = account.invitation else {
                continue;
            };
            if invitation.digest == digest
                && invitation.expires > self.clock.now()
                && let Some(person) = self.named(&invitation.person)
            {
                return Ok((person, invitation));
            }
        }
        Err(
            Fault::input("no-invitation", "This invitation is not good any more.")
                .hint("an invitation is good for 72 hours and for one use")
                .hint("an administrator can invite you again"),
        )
    }
}
