//! Decisions of people: whether each was signed by the person, about what stands in the log.

use super::Decided;
use super::walk::Walk;
use crate::canon::Digest;
use crate::case::event::{Entry, Event, Signed};
use crate::evidence::approval::{self, Decision, Expected, Subject};
use crate::fault::{Fault, Result};

/// A decision as an event tells it.
pub(super) struct Paper<'a> {
    subject: Subject,
    binds: Digest,
    decision: Decision,
    pub(super) signed: &'a Signed,
}

/// The decision that an entry holds, if it holds one.
pub(super) fn decision(entry: &Entry) -> Option<Paper<'_>> {
    let paper = |subject, binds, decision, signed| {
        Some(Paper {
            subject,
            binds,
            decision,
            signed,
        })
    };
    match &entry.event {
        Event::GateApproved { step, plan, signed } => paper(
            Subject::Gate(step.clone()),
            *plan,
            Decision::Approve,
            signed,
        ),
        Event::GateDenied { step, plan, signed } => {
            paper(Subject::Gate(step.clone()), *plan, Decision::Deny, signed)
        }
        Event::NoticeApproved {
            notice,
            text,
            signed,
        } => paper(
            Subject::Notice(notice.clone()),
            *text,
            Decision::Approve,
            signed,
        ),
        _ => None,
    }
}

/// Whether it holds: the plan or text is one of the log, the person is on the roster, the signed
/// text says all of it, and the signature is theirs.
pub(super) fn judge(
    walk: &Walk,
    line: u64,
    entry: &Entry,
    paper: &Paper<'_>,
) -> (Decided, Option<Fault>) {
    let fault = holds(walk, entry, paper).err();
    let decided = Decided {
        line,
        person: paper.signed.person.clone(),
        subject: paper.subject.to_string(),
        decision: paper.decision.word().to_owned(),
        binds: paper.binds,
        at: entry.at,
        holds: fault.is_none(),
    };
    (decided, fault)
}

fn holds(walk: &Walk, entry: &Entry, paper: &Paper<'_>) -> Result<()> {
    let unbound = |what: &str| Fault::evidence("approval-unbound", what.to_owned());
    let bound = match &paper.subject {
        Subject::Gate(_) => walk.plans.contains(&paper.binds),
        Subject::Notice(id) => walk.notices.get(id) == Some(&paper.binds),
    };
    if !bound {
        return Err(unbound("It binds no plan or text of this log."));
    }
    let person = walk
        .people
        .iter()
        .find(|person| person.name == paper.signed.person)
        .ok_or_else(|| unbound("The person is not on the roster of the case."))?;
    let expected = Expected {
        case: &entry.case,
        subject: &paper.subject,
        binds: paper.binds,
        decision: paper.decision,
        now: entry.at,
    };
    approval::check(paper.signed, person, &expected).map(|_| ())
}
