//! HR or anybody with a reason says "wrong person", "wait" or "stop": by a command, by a link that works
//! once, or by a signed message.
//!
//! ```text
//! DATA/recalls/DIGEST.json   a link: the case, who made it, until when. DIGEST is that of its token
//! ```
//!
//! That a link was used stands in the log of its case, in one piece with the recall: after a crash
//! both are there, or neither is and the link still works.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{App, Desk};
use crate::canon::Digest;
use crate::case::event::{Actor, Event, RECALLED};
use crate::case::state::{CaseState, Phase, RunPhase};
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::CaseId;
use crate::run::{self, Undoable};
use crate::secret::{ExposeSecret as _, SecretString};
use crate::store::Spool;
use crate::time::Timestamp;

/// For how many hours a link may be good.
pub const LINK_HOURS: RangeInclusive<u16> = 1..=30 * 24;

/// The longest reason that is taken, characters.
const REASON_LIMIT: usize = 2000;

/// What came of a recall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Recalled {
    /// The case; it is held.
    pub case: CaseId,
    /// Whether a run was stopped.
    pub stopped: bool,
    /// Why a run that is under way could not be stopped yet. It begins nothing new: the case is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_stopped: Option<String>,
    /// What had been begun to be closed, in the order of an undo. A person carries it out.
    pub undo: Vec<Undoable>,
}

/// A link by which a case can be recalled once.
#[derive(Debug)]
pub struct Link {
    /// Its address at the daemon: `…/recall/TOKEN`. Whoever has it can recall the case.
    pub address: SecretString,
    /// Until when it is good.
    pub expires: Timestamp,
    /// How the case names it: whoever has only this can withdraw it, and not use it.
    pub name: String,
}

/// A link as its case tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkLine {
    /// How the case names it.
    pub name: String,
    /// When it was made.
    pub made: Timestamp,
    /// What the case says of it: until when it is good, or how it ended. Hostile text.
    pub says: String,
    /// Whether it was used or withdrawn.
    pub over: bool,
}

/// Every link that was made at a case, the last first.
pub fn links(state: &CaseState) -> Vec<LinkLine> {
    let made = state.notes.iter().rev().filter_map(|(at, note)| {
        let (name, rest) = note.strip_prefix(OF_LINK)?.split_once(' ')?;
        rest.starts_with("was made;").then_some((*at, name, note))
    });
    made.map(|(made, name, note)| {
        let end = state.notes.iter().find(|(_, note)| ends(note, name));
        LinkLine {
            name: name.to_owned(),
            made,
            says: end.map_or(note, |(_, end)| end).clone(),
            over: end.is_some(),
        }
    })
    .collect()
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    case: CaseId,
    by: String,
    made: Timestamp,
    expires: Timestamp,
}

impl Desk {
    /// Takes the case back: holds it, stops a run that has begun to close doors, and gives what an
    /// undo would open again.
    ///
    /// # Errors
    /// The case is closed, or the log cannot be written.
    pub async fn recall(&self, reason: &str) -> Result<Recalled> {
        self.recall_by(reason, None).await
    }

    /// The same, by a link of that name: its use is noted with it, and the case is not recalled by that
    /// link again, nor by one that was withdrawn.
    async fn recall_by(&self, reason: &str, link: Option<String>) -> Result<Recalled> {
        let (mut stopped, mut not_stopped) = (false, None);
        let decide = |state: &CaseState| {
            if link.as_ref().is_some_and(|link| is_over(state, link)) {
                return Err(no_link());
            }
            let mut events = Vec::new();
            match state.phase {
                Phase::Open => events.push(Event::CaseHeld {
                    reason: format!("{RECALLED}{reason}"),
                }),
                Phase::Held => events.push(Event::CaseNoted {
                    text: format!("{RECALLED}{reason}"),
                }),
                Phase::None | Phase::Closed => {
                    return Err(Fault::input(
                        "phase",
                        "Only an open or a held case can be recalled.",
                    )
                    .at(self.log.case()));
                }
            }
            if state.run == RunPhase::Running && was_begun(state) {
                match run::setting_aside(state, reason) {
                    Ok(event) => {
                        stopped = true;
                        events.insert(0, event);
                    }
                    // What a step did is not known yet: it cannot be set aside, and it can be held.
                    Err(fault) => not_stopped = Some(fault.to_string()),
                }
            }
            let used = link.as_ref().map(|link| used(link));
            events.extend(used.map(|text| Event::CaseNoted { text }));
            Ok(events)
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        let begun = self.log.read(was_begun);
        Ok(Recalled {
            case: self.log.case().clone(),
            stopped,
            not_stopped,
            undo: if begun {
                self.undoable(&[])
            } else {
                Vec::new()
            },
        })
    }
}

/// Whether closing a door was ever begun.
fn was_begun(state: &CaseState) -> bool {
    state.doors.values().any(|record| record.touched)
}

impl App {
    /// Takes a case back, as [`Desk::recall`].
    ///
    /// # Errors
    /// As there; no such case; another process works on it.
    pub async fn recall(&self, case: &str, by: Actor, reason: &str) -> Result<Recalled> {
        self.recall_by(case, by, reason, None).await
    }

    async fn recall_by(
        &self,
        case: &str,
        by: Actor,
        reason: &str,
        link: Option<String>,
    ) -> Result<Recalled> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_LIMIT {
            let what = "A recall needs a reason of at most 2000 characters.";
            return Err(Fault::input("reason", what));
        }
        let mut desk = self.desk(case)?;
        desk.by = by;
        let recalled = desk.recall_by(reason, link).await?;
        desk.finish().await?;
        Ok(recalled)
    }

    /// Holds a case in which closing was never begun, on the word of a signed message. More than that
    /// needs a person.
    pub(super) async fn hold_untouched(&self, case: &str, by: Actor) -> Result<()> {
        let mut desk = self.desk(case)?;
        desk.by = by;
        let decide = |state: &CaseState| match state.phase {
            _ if was_begun(state) => Err(Fault::input("begun", "Doors were closed already.").hint(
                format!("cordon case recall {} --reason \u{2026}", desk.log.case()),
            )),
            Phase::Open => Ok(vec![Event::CaseHeld {
                reason: "recalled by HR".to_owned(),
            }]),
            Phase::Held => Ok(vec![Event::CaseNoted {
                text: "recalled by HR".to_owned(),
            }]),
            Phase::None | Phase::Closed => Err(Fault::input("phase", "The case is closed.")),
        };
        desk.log.append_if(&desk.by, Vec::new(), decide).await?;
        desk.finish().await
    }

    /// Makes a link by which a case can be recalled once. Only the digest of its token is kept, and the
    /// case notes who made it.
    ///
    /// # Errors
    /// No such case, hours outside [`LINK_HOURS`], another process works on the case, or the disk
    /// refuses.
    pub async fn recall_link(&self, case: &str, by: &str, hours: u16) -> Result<Link> {
        let desk = self.desk_by(case, Actor::Operator(by.to_owned()))?;
        self.recall_link_at(&desk, hours).await
    }

    /// The same at a desk, by whoever works there.
    ///
    /// # Errors
    /// As [`Self::recall_link`].
    pub async fn recall_link_at(&self, desk: &Desk, hours: u16) -> Result<Link> {
        if !LINK_HOURS.contains(&hours) {
            let (least, most) = LINK_HOURS.into_inner();
            let what = format!("A link is good for {least} to {most} hours.");
            return Err(Fault::input("recall-link-hours", what).at("hours"));
        }
        let made = self.clock.now();
        let good_for = SignedDuration::from_hours(hours.into());
        let expires = made.saturating_add(good_for).unwrap_or(made);
        let mut token = [0_u8; 32];
        token_bytes(&mut token)?;
        let token = URL_SAFE_NO_PAD.encode(token);
        let name = Digest::of(token.as_bytes()).to_string();
        // Before the link: one that nobody was told of must not work.
        let until = crate::time::utc(expires);
        let short = short(&name);
        desk.noted(&format!("{}; it is good until {until}.", made_it(&short)))
            .await?;
        desk.finish().await?;
        let kept = Kept {
            case: desk.log.case().clone(),
            by: match &desk.by {
                Actor::Person(name) | Actor::Operator(name) | Actor::Intake(name) => name.clone(),
                Actor::Engine => desk.by.to_string(),
            },
            made,
            expires,
        };
        let spool = self.recalls();
        let dir = self.settings.data.join("recalls");
        crate::store::make_dir(&dir)?;
        spool.put_new(&format!("{name}.json"), &crate::canon::canonical(&kept)?)?;
        Ok(Link {
            address: format!("{}/recall/{token}", self.public_url().trim_end_matches('/')).into(),
            expires,
            name: short,
        })
    }

    /// Makes a link work no more that was made at this case and not used: it was lost, or went to the
    /// wrong person. `name` is how the case names it.
    ///
    /// # Errors
    /// No such link was made, it was used or withdrawn before, no reason is given, or the log cannot be
    /// written.
    pub async fn withdraw_recall_link(&self, desk: &Desk, name: &str, reason: &str) -> Result<()> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_LIMIT {
            let what = "To withdraw a link needs a reason of at most 2000 characters.";
            return Err(Fault::input("reason", what));
        }
        let made = made_it(name) + ";";
        let decide = |state: &CaseState| {
            let whole =
                name.len() == LINK_NAME && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            let mut notes = state.notes.iter();
            if !whole || !notes.any(|(_, note)| note.starts_with(&made)) {
                let what = "No such recall link was made at this case.";
                return Err(Fault::input("recall-link-name", what)
                    .at(one_line(name, 40))
                    .hint("the log of the case names each link where it was made"));
            }
            if is_over(state, name) {
                let what = "The link was used or withdrawn before.";
                return Err(Fault::input("recall-link-over", what).at(name));
            }
            let text = format!("{}: {reason}", withdrawn(name));
            Ok(vec![Event::CaseNoted { text }])
        };
        desk.log.append_if(&desk.by, Vec::new(), decide).await?;
        desk.finish().await
    }

    /// The case and the end of a link that may still be used; changes nothing. For a page that asks
    /// before it recalls.
    ///
    /// # Errors
    /// The link is unknown, used or too old; the three are not told apart.
    pub fn recall_behind(&self, token: &SecretString) -> Result<(CaseId, Timestamp)> {
        let (name, kept) = self.link(token)?;
        // Whoever holds a link learns nothing of a case that cannot be read.
        let case = self.peek(kept.case.as_str()).map_err(|_| no_link())?;
        if is_over(&case, &short(&name)) {
            return Err(no_link());
        }
        Ok((kept.case, kept.expires))
    }

    /// Recalls the case of a link, and uses it up. A recall that fails leaves the link as it was.
    ///
    /// # Errors
    /// The link is unknown, used or too old; the three are not told apart. As [`Self::recall`].
    pub async fn redeem_recall(&self, token: &SecretString, reason: &str) -> Result<Recalled> {
        let (name, kept) = self.link(token)?;
        let by = Actor::Intake(format!("recall link of {}", one_line(&kept.by, 80)));
        self.recall_by(kept.case.as_str(), by, reason, Some(short(&name)))
            .await
    }

    fn link(&self, token: &SecretString) -> Result<(String, Kept)> {
        // The digest is looked up: comparing takes no longer for a token that is nearly right.
        let name = Digest::of(token.expose_secret().as_bytes()).to_string();
        let bytes = self.recalls().get(&format!("{name}.json"))?;
        let kept: Option<Kept> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let kept = kept.filter(|kept| self.clock.now() < kept.expires);
        Ok((name, kept.ok_or_else(no_link)?))
    }

    fn recalls(&self) -> Spool {
        Spool::at(&self.settings.data.join("recalls"))
    }
}

/// How long the name of a link is, hexadecimal characters.
pub const LINK_NAME: usize = 12;

/// How a case names a link: the beginning of the digest of its token.
fn short(digest: &str) -> String {
    digest.get(..LINK_NAME).unwrap_or(digest).to_owned()
}

/// How every note of a link begins.
pub(super) const OF_LINK: &str = "The recall link ";

/// What a case notes of a link when it is made, before until when it is good.
fn made_it(link: &str) -> String {
    format!("{OF_LINK}{link} was made")
}

/// What a case notes of a link when it was used.
fn used(link: &str) -> String {
    format!("{OF_LINK}{link} was used.")
}

/// What a case notes of a link that works no more, before the reason.
fn withdrawn(link: &str) -> String {
    format!("{OF_LINK}{link} was withdrawn")
}

/// Whether a note says that a link was used or withdrawn.
fn ends(note: &str, link: &str) -> bool {
    note == used(link) || note.starts_with(&(withdrawn(link) + ":"))
}

/// Whether a link was used or withdrawn.
fn is_over(state: &CaseState, link: &str) -> bool {
    state.notes.iter().any(|(_, note)| ends(note, link))
}

fn no_link() -> Fault {
    Fault::input("recall-link", "This link cannot be used.")
        .hint("links work once and for a limited time: call whoever gave it to you")
}

/// Bytes that nobody can guess.
fn token_bytes(bytes: &mut [u8]) -> Result<()> {
    aws_lc_rs::rand::fill(bytes)
        .map_err(|_| Fault::failed("random", "This machine gives no random numbers."))
}
