//! Messages that wait for a person, as far as somebody may know of them. Pages and API ask here.
//!
//! Who is kept out of a case that a message may belong to does not learn of the message.

use super::Web;
use crate::access::{Ability, Principal, Role, Sight, Via};
use crate::app::glimpse::Glimpse;
use crate::app::messages::Waiting;
use crate::case::state::CaseState;
use crate::case::subject::Subject;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::intake::DEPARTURE;

/// Every message that waits, is not about whoever asks, and belongs to no case that they are kept out of.
pub(super) fn all(web: &Web, principal: &Principal) -> Result<Vec<Waiting>> {
    if let Via::Token { cases: Some(_), .. } = principal.via {
        return Ok(Vec::new()); // It is for some cases, and these are none yet.
    }
    let all = web.app.waiting()?.into_iter();
    // What a restricted sender says is not for HR at large.
    let meant = |message: &Waiting| {
        message.route == DEPARTURE || principal.has(Ability::Work) || principal.has(Ability::Lead)
    };
    let others = all.filter(|message| meant(message) && !is_about(principal, &message.subject));
    Ok(others
        .filter_map(|message| as_known(web, principal, message))
        .collect())
}

/// The one of a name.
///
/// # Errors
/// None waits, or it is about whoever asks: the two are not told apart.
pub(super) fn find(web: &Web, principal: &Principal, name: &str) -> Result<Waiting> {
    all(web, principal)?
        .into_iter()
        .find(|message| message.message == name)
        .ok_or_else(|| Fault::input("no-message", "No such message waits."))
}

/// Nobody opens a case about themself.
///
/// # Errors
/// They would.
pub(super) fn about_another(principal: &Principal, subject: &Subject) -> Result<()> {
    if is_about(principal, subject) {
        let what = "Nobody opens a case about themself.";
        return Err(Fault::input("may-not", what));
    }
    Ok(())
}

fn is_about(principal: &Principal, subject: &Subject) -> bool {
    let state = CaseState {
        subject: subject.clone(),
        ..CaseState::default()
    };
    state.is_subject(&principal.person)
}

/// Whether somebody is kept out of a case that cannot be opened. Where not all can be known, only
/// administrators are not: somebody has to see that the message is there.
fn is_kept_out(web: &Web, principal: &Principal, case: &CaseId) -> bool {
    let no_administrator = !principal.roles().contains(&Role::Administrator);
    match web.app.glimpse(case) {
        Some(Glimpse::Log(state)) => state.keeps_out(&principal.person),
        Some(Glimpse::Damaged(state)) => no_administrator || state.keeps_out(&principal.person),
        Some(Glimpse::Gone) => false,
        None => no_administrator,
    }
}

/// The message, without the case that it may belong to for who may not know of that; nothing for who is
/// kept out of the case.
fn as_known(web: &Web, principal: &Principal, mut message: Waiting) -> Option<Waiting> {
    let Some(case) = &message.case else {
        return Some(message);
    };
    let person = &principal.person;
    let (kept_out, sight) = match web.state(case) {
        Ok(state) => (state.keeps_out(person), principal.sight(&state)),
        Err(_) => (is_kept_out(web, principal, case), Sight::Nothing),
    };
    if kept_out {
        return None;
    }
    if sight != Sight::Content {
        let sentences = message.why.split_inclusive(". ");
        let silent = sentences.filter(|sentence| !sentence.contains(case.as_str()));
        let silent: String = silent.collect();
        message.why = match silent.trim_end() {
            "" => "A person has to look at it.".to_owned(),
            silent => silent.to_owned(),
        };
        message.case = None;
    }
    Some(message)
}
