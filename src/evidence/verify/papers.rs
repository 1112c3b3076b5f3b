//! Decisions of people: whether each was signed by the person, about what stands in the log.

use std::collections::HashMap;

use super::Decided;
use super::walk::{Drafted, Walk};
use crate::canon::Digest;
use crate::case::event::{Attachment, Entry, Event, Signed};
use crate::case::state::bound;
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
            ..
        } => paper(
            Subject::Notice(notice.clone()),
            *text,
            Decision::Approve,
            signed,
        ),
        Event::SanctionsApproved {
            determination,
            binds,
            signed,
        } => paper(
            Subject::Determination(determination.clone()),
            *binds,
            Decision::Approve,
            signed,
        ),
        _ => None,
    }
}

impl Drafted {
    fn binds(&self) -> Digest {
        bound(self.text, &self.files)
    }
}

/// Takes in what changes the text of a notice or the files that go with it: every approval before it is
/// void.
pub(super) fn text(walk: &mut Walk, event: &Event) -> Result<(), String> {
    let (notice, text, evidence) = match event {
        Event::NoticeDrafted {
            notice,
            text,
            evidence,
            approval,
            ..
        } => {
            let drafted = Drafted {
                text: *text,
                files: Vec::new(),
                people: approval.as_ref().map_or(1, |of| of.people),
                approved: HashMap::new(),
            };
            walk.notices.insert(notice.clone(), drafted);
            (notice, *text, evidence)
        }
        Event::NoticeRevised {
            notice,
            text,
            evidence,
            ..
        } => (notice, *text, evidence),
        Event::NoticeAttached { notice, attachment } => {
            let Attachment {
                sha256, evidence, ..
            } = attachment;
            if let Some(known) = walk.notices.get_mut(notice) {
                known.files.push(attachment.clone());
                known.approved.clear();
            }
            let kept = walk.kept.get(evidence) == Some(sha256);
            let what = || format!("a file of {notice} is not the evidence that it names");
            return kept.then_some(()).ok_or_else(what);
        }
        Event::NoticeDetached { notice, name } => {
            if let Some(known) = walk.notices.get_mut(notice) {
                known.files.retain(|file| file.name != *name);
                known.approved.clear();
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    if let Some(known) = walk.notices.get_mut(notice) {
        known.text = text;
        known.approved.clear();
    }
    let kept = walk.kept.get(evidence) == Some(&text);
    let what = || format!("the text of {notice} is not the evidence that it names");
    kept.then_some(()).ok_or_else(what)
}

/// Whether it holds: the plan or text is one of the log, the person is on the roster, the signed
/// text says all of it, and the signature is theirs.
pub(super) fn judge(
    walk: &mut Walk,
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

fn holds(walk: &mut Walk, entry: &Entry, paper: &Paper<'_>) -> Result<()> {
    let unbound = |what: &str| Fault::evidence("approval-unbound", what.to_owned());
    let bound = match &paper.subject {
        Subject::Gate(_) => walk.plans.contains(&paper.binds),
        Subject::Notice(id) => walk
            .notices
            .get(id)
            .is_some_and(|notice| notice.binds() == paper.binds),
        Subject::Determination(id) => {
            let known = walk.state.determinations.get(id);
            known.is_some_and(|known| known.binds == paper.binds)
        }
    };
    if !bound {
        return Err(unbound("It binds no plan or text of this log."));
    }
    let expected = Expected {
        case: &entry.case,
        subject: &paper.subject,
        binds: paper.binds,
        decision: paper.decision,
        now: entry.at,
    };
    let approval = approval::check_in(&walk.state, paper.signed, &expected)?;
    if let Subject::Notice(id) = &paper.subject
        && let Some(notice) = walk.notices.get_mut(id)
    {
        notice.approved.insert(approval.person, approval.expires);
    }
    Ok(())
}

/// What speaks against the sending that an entry begins: as many people as the notice asks for have
/// to have approved this text, and their approvals have to hold at that instant.
pub(super) fn unapproved(walk: &Walk, entry: &Entry) -> Option<String> {
    let (notice, binds) = match &entry.event {
        Event::NoticeSending { notice, text, .. } => (notice, text),
        Event::NoticeDispatched { notice, binds, .. } => (notice, binds),
        _ => return None,
    };
    let known = walk.notices.get(notice)?;
    let in_time = known.approved.values().filter(|until| entry.at < **until);
    let (count, people) = (in_time.count(), known.people);
    let enough =
        known.binds() == *binds && usize::try_from(people).is_ok_and(|people| count >= people);
    (!enough)
        .then(|| format!("{notice} was sent with {count} approvals that hold; it needs {people}"))
}
