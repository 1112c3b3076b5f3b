//! Tokens of the API: each acts for one person in one role, for some cases or for all of theirs.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::session::{SIGN_IN_ANEW, short};
use super::{How, SignIn, Ticket, What, hold, no_person, read};
use crate::access::{Principal, Role, Via};
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::CaseId;
use crate::time::Timestamp;

const TREE: &str = "tokens";

/// What a token begins with, so that it is found where it does not belong.
pub const PREFIX: &str = "cordon_";
/// The longest that a token is good for, in days.
pub const LONGEST_DAYS: u16 = 366;
/// How often it is written down that a token is in use.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How many tokens a person may have.
const MOST: usize = 50;

/// A token to make.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for, in their words.
    pub name: String,
    /// Whom it acts for.
    pub person: String,
    /// The role that it acts in.
    pub role: Role,
    /// The cases that it may touch; `None` for every case of the person.
    pub cases: Option<BTreeSet<CaseId>>,
    /// For how many days, 1 to 366.
    pub days: u16,
}

/// What is kept of a token, under its digest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// The beginning of its digest.
    pub id: String,
    /// What it is for. Hostile text.
    pub name: String,
    /// Whom it acts for.
    pub person: String,
    /// The role that it acts in.
    pub role: String,
    /// The cases that it may touch; `None` for every case of the person.
    pub cases: Option<BTreeSet<CaseId>>,
    /// When it was made.
    pub made: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// When it was last used, to the minute.
    pub used: Option<Timestamp>,
}

impl SignIn {
    /// Makes a token; what is returned is shown once and kept nowhere.
    ///
    /// # Errors
    /// `no-person`, `token` when it would be more than the person is or its days are out of range.
    pub fn new_token(&self, new: NewToken, by: &str) -> Result<(String, Token)> {
        let person = (self.named(&new.person)).ok_or_else(|| no_person(&new.person))?;
        let name = one_line(&new.name, 60);
        let problem = if name.is_empty() {
            Some("A token has a name that says what it is for.".to_owned())
        } else if !person.roles.iter().any(|role| role == new.role.name()) {
            Some(format!("`{}` is none of the person's roles.", new.role))
        } else if new.days == 0 || new.days > LONGEST_DAYS {
            Some(format!("A token is good for 1 to {LONGEST_DAYS} days."))
        } else if new.cases.as_ref().is_some_and(BTreeSet::is_empty) {
            Some("A token for no case is good for nothing.".to_owned())
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(Fault::input("token", problem).hint("see `cordon token new --help`"));
        }
        let _changing = hold(&self.changing);
        if self.tokens(Some(&new.person))?.len() >= MOST {
            let what = format!("A person has at most {MOST} tokens.");
            return Err(Fault::input("token", what).hint("revoke those that nobody uses"));
        }
        let (ticket, made) = (Ticket::fresh()?, self.clock.now());
        let good_for = SignedDuration::from_hours(i64::from(new.days) * 24);
        let token = Token {
            id: short(&ticket.digest()),
            name,
            person: new.person,
            role: new.role.name().to_owned(),
            cases: new.cases,
            made,
            expires: made.saturating_add(good_for).unwrap_or(made),
            used: None,
        };
        self.put(TREE, ticket.digest().as_bytes(), &token)?;
        self.note_by(What::TokenMade, &token.person, by, &token.id)?;
        Ok((format!("{PREFIX}{}", ticket.expose()), token))
    }

    /// Makes a token for whoever is signed in. A session that a break-glass code opened makes none: a
    /// token would go on long after the hour that such a session lasts, and no bell would tell.
    ///
    /// # Errors
    /// `may-not` in such a session, and as [`Self::new_token`].
    pub fn own_token(&self, new: NewToken, via: &Via) -> Result<(String, Token)> {
        let Via::Session(_) = via else {
            let what = "A token does not make tokens.";
            return Err(Fault::input("may-not", what));
        };
        let how = self.opened_by(&new.person, via)?;
        if how.is_none_or(|how| how == How::BreakGlass) {
            let what = "A session that a break-glass code opened makes no tokens.";
            return Err(Fault::input("may-not", what).hint(SIGN_IN_ANEW));
        }
        let by = new.person.clone();
        self.new_token(new, &by)
    }

    /// Whom a token acts for; `None` when it is over, was revoked, or its person has lost the role.
    ///
    /// # Errors
    /// The hub fails.
    pub fn bearer(&self, text: &str) -> Result<Option<Principal>> {
        let ticket = text.strip_prefix(PREFIX).and_then(Ticket::parse);
        let Some(digest) = ticket.map(|ticket| ticket.digest()) else {
            return Ok(None);
        };
        let Some(mut token) = self.get::<Token>(TREE, digest.as_bytes())? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let Some(role) = token.role.parse().ok().filter(|_| token.expires > now) else {
            return Ok(None);
        };
        let via = Via::Token {
            id: token.id.clone(),
            role,
            cases: token.cases.clone(),
        };
        let Some(principal) = self.principal(&token.person, via) else {
            return Ok(None);
        };
        let noted = |used| now.duration_since(used) < NOTED_EVERY;
        if !token.used.is_some_and(noted) {
            let _changing = hold(&self.changing);
            if self.hub.get(TREE, digest.as_bytes())?.is_none() {
                return Ok(None);
            }
            token.used = Some(now);
            self.put(TREE, digest.as_bytes(), &token)?;
        }
        Ok(Some(principal))
    }

    /// The tokens of somebody, or of everybody, the last made first.
    ///
    /// # Errors
    /// The hub cannot be read.
    pub fn tokens(&self, name: Option<&str>) -> Result<Vec<Token>> {
        let mut tokens: Vec<Token> = (self.all_tokens()?.into_iter())
            .map(|(_, token)| token)
            .filter(|token| name.is_none_or(|name| token.person == name))
            .collect();
        tokens.sort_by_key(|token| std::cmp::Reverse(token.made));
        Ok(tokens)
    }

    /// Revokes a token; with `person`, only one of theirs.
    ///
    /// # Errors
    /// `no-token`, or the hub fails.
    pub fn revoke_token(&self, id: &str, person: Option<&str>, by: &str) -> Result<()> {
        let _changing = hold(&self.changing);
        let theirs =
            |token: &Token| token.id == id && person.is_none_or(|person| token.person == person);
        let found = (self.all_tokens()?.into_iter()).find(|(_, token)| theirs(token));
        let (digest, token) = found.ok_or_else(|| {
            Fault::input("no-token", "There is no such token.")
                .at(one_line(id, 40))
                .hint("see `cordon token list`")
        })?;
        self.hub.remove(TREE, &digest)?;
        self.note_by(What::TokenRevoked, &token.person, by, &token.id)
    }

    pub(super) fn end_tokens(&self, name: &str) -> Result<()> {
        for (digest, token) in self.all_tokens()? {
            if token.person == name {
                self.hub.remove(TREE, &digest)?;
            }
        }
        Ok(())
    }

    fn all_tokens(&self) -> Result<Vec<(Vec<u8>, Token)>> {
        let all = self.hub.scan(TREE)?.into_iter();
        all.map(|(digest, token)| Ok((digest, read(TREE, &token)?)))
            .collect()
    }
}
