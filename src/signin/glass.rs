//! Break-glass: codes in a sealed envelope, for the day when nothing else lets anybody in. Using one
//! rings a bell that an administrator has to acknowledge.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::ticket::random;
use super::{How, Opened, SignIn, What, hold, journal, no_person, read};
use crate::access::Role;
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::store::Hub;
use crate::time::Timestamp;

const TREE: &str = "bells";

/// How many codes an envelope holds.
const CODES: usize = 8;

/// A break-glass sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bell {
    /// Its key in the hub.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub person: String,
    /// Why, in their words. Hostile text.
    pub reason: String,
    /// Where the request came from.
    pub from: Option<IpAddr>,
    /// Which administrator acknowledged it.
    pub acknowledged: Option<String>,
    /// Whether the alerts have taken it.
    pub told: bool,
}

/// The bells that nobody has acknowledged.
pub(super) fn ringing(hub: &Hub) -> Result<Vec<Bell>> {
    let mut bells = Vec::new();
    for (_, bell) in hub.scan(TREE)? {
        let bell: Bell = read(TREE, &bell)?;
        if bell.acknowledged.is_none() {
            bells.push(bell);
        }
    }
    Ok(bells)
}

impl SignIn {
    /// Seals an envelope: fresh codes for somebody, in place of those they had. Shown once.
    ///
    /// # Errors
    /// `no-person`, `reason`, or the hub fails.
    pub fn seal_glass(&self, name: &str, by: &str, reason: &str) -> Result<Vec<String>> {
        self.named(name).ok_or_else(|| no_person(name))?;
        let reason = said(reason)?;
        let _changing = hold(&self.changing);
        let mut account = self.account(name)?;
        let mut codes = Vec::new();
        for _ in 0..CODES {
            let bits: [u8; 32] = random()?;
            // Half of the digest: 128 bits, in groups that an eye can follow.
            let hex: Vec<char> = Digest::of(&bits).to_string().chars().take(32).collect();
            let groups = hex.chunks(4).map(|four| four.iter().collect::<String>());
            codes.push(groups.collect::<Vec<_>>().join("-"));
        }
        account.glass = codes.iter().map(|code| digest(name, code)).collect();
        self.keep_account(name, &account)?;
        self.note_by(What::GlassSealed, name, by, &reason)?;
        Ok(codes)
    }

    /// Signs somebody in with a code of the envelope, once, and rings the bell. Neither a lock after
    /// failures nor the identity provider stands in the way.
    ///
    /// # Errors
    /// `reason` when none is given; `signin-refused`.
    pub fn break_glass(
        &self,
        name: &str,
        code: &str,
        reason: &str,
        from: Option<IpAddr>,
    ) -> Result<Opened> {
        let reason = said(reason)?;
        let _changing = hold(&self.changing);
        let Some(person) = self.person(name) else {
            return self.refused(None, "no such person, break-glass", from);
        };
        let mut account = self.account(&person.name)?;
        let (tried, before) = (digest(&person.name, code), account.glass.len());
        let same = |kept: &String| bool::from(kept.as_bytes().ct_eq(tried.as_bytes()));
        account.glass.retain(|kept| !same(kept));
        if account.glass.len() == before {
            return self.refused(Some(&person.name), "another break-glass code", from);
        }
        // The bell first: nobody comes in without it.
        self.ring(&person.name, reason, from)?;
        self.entered(&person, account, How::BreakGlass, from)
    }

    fn ring(&self, person: &str, reason: String, from: Option<IpAddr>) -> Result<()> {
        let at = self.clock.now();
        let bell = Bell {
            id: journal::order(at)?,
            at,
            person: person.to_owned(),
            reason,
            from,
            acknowledged: None,
            told: false,
        };
        self.put(TREE, bell.id.as_bytes(), &bell)?;
        self.note(What::GlassBroken, Some(person), &bell.reason, from)?;
        tracing::warn!(bell = bell.id, "a break-glass code was used");
        if let Some(ringer) = self.ringer.get() {
            ringer(&bell);
        }
        hold(&self.ringing).push(bell);
        Ok(())
    }

    /// What is called for each bell from now on, once it is durable. The first one given stays.
    pub fn on_bell(&self, ringer: impl Fn(&Bell) + Send + Sync + 'static) {
        self.ringer.set(Box::new(ringer)).ok();
    }

    /// Every break-glass sign-in that no administrator has acknowledged.
    pub fn bells(&self) -> Vec<Bell> {
        hold(&self.ringing).clone()
    }

    /// Bells that the alerts have not taken yet, also those of before a stop.
    ///
    /// # Errors
    /// The hub cannot be read.
    pub fn untold_bells(&self) -> Result<Vec<Bell>> {
        let all = self.hub.scan(TREE)?.into_iter();
        let bells: Vec<Bell> = all
            .map(|(_, bell)| read(TREE, &bell))
            .collect::<Result<_>>()?;
        Ok(bells.into_iter().filter(|bell| !bell.told).collect())
    }

    /// Notes that the alerts have taken a bell.
    ///
    /// # Errors
    /// `no-bell`, or the hub fails.
    pub fn bell_told(&self, id: &str) -> Result<()> {
        let _changing = hold(&self.changing);
        let bell = self.bell(id)?;
        self.put(TREE, id.as_bytes(), &Bell { told: true, ..bell })
    }

    /// Acknowledges a bell. Whoever rang it cannot.
    ///
    /// # Errors
    /// `no-bell`; `may-not` when `by` is no administrator, or rang it.
    pub fn acknowledge(&self, id: &str, by: &str) -> Result<()> {
        let _changing = hold(&self.changing);
        let bell = self.bell(id)?;
        let administrator = self.named(by).is_some_and(|person| {
            let administrator = Role::Administrator.name();
            person.roles.iter().any(|role| role == administrator)
        });
        if !administrator || bell.person == by {
            let what = "A break-glass sign-in is acknowledged by another administrator.";
            return Err(Fault::input("may-not", what));
        }
        let person = bell.person.clone();
        let acknowledged = Some(by.to_owned());
        self.put(
            TREE,
            id.as_bytes(),
            &Bell {
                acknowledged,
                ..bell
            },
        )?;
        hold(&self.ringing).retain(|bell| bell.id != id);
        self.note_by(What::BellAcknowledged, &person, by, "")
    }

    fn bell(&self, id: &str) -> Result<Bell> {
        let bell = self.get(TREE, id.as_bytes())?;
        bell.ok_or_else(|| Fault::input("no-bell", "There is no such break-glass sign-in."))
    }
}

/// Dashes and spaces are for the eye.
fn digest(name: &str, code: &str) -> String {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let text = format!("{name}\0{}", code.to_ascii_lowercase());
    Digest::of(text.as_bytes()).to_string()
}

fn said(reason: &str) -> Result<String> {
    let reason = one_line(reason, 300);
    if reason.chars().count() < 5 {
        return Err(Fault::input("reason", "A reason is needed.").hint("say why in a few words"));
    }
    Ok(reason)
}
