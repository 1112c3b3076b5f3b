//! Gates and notices: what people decided, whether it counts, and who may still decide.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::Summary;
use crate::canon::Digest;
use crate::case::event::{Quorum, Signed};
use crate::case::state::{Bounce, CaseState, Delayed, GateRecord, NoticeRecord};
use crate::clock::Shown;
use crate::evidence::approval::{self, Approval, Decision, Expected, Subject};
use crate::hostile::one_line;
use crate::id::{ClockId, NoticeId};
use crate::plan::Task;
use crate::time::{Timestamp, utc, utc_and_zone};
use crate::ui;

/// One decision of a person.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct DecisionLine {
    /// The person. Hostile text.
    pub person: String,
    /// `approve` or `deny`.
    pub decision: &'static str,
    /// Whether it counts: the person may decide, and text, time and signature hold.
    pub counts: bool,
    /// Why it does not; empty when it does.
    pub why: String,
}

/// Where a gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateStands {
    /// It waits for people.
    Waiting,
    /// Enough people approved; the run passes it.
    Approved,
    /// A person denied it; the run skips what is behind it.
    Denied,
    /// A denial that does not count stands in it: it has to be opened again.
    Spoiled,
    /// Its time has run out.
    Expired,
}

/// One gate.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct GateLine {
    /// The step.
    pub step: String,
    /// Where it stands.
    pub stands: GateStands,
    /// The roles that may approve.
    pub roles: Vec<String>,
    /// How many people approved so that it counts.
    pub approved: usize,
    /// How many are needed.
    pub people: u32,
    /// Who may still approve.
    pub may: Vec<String>,
    /// Every decision, whether it counts or not.
    pub decisions: Vec<DecisionLine>,
    /// Until when.
    pub expires: Timestamp,
}

/// One draft.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct NoticeLine {
    /// Its id.
    pub id: NoticeId,
    /// The template.
    pub template: String,
    /// SHA-256 of the text.
    pub text: Digest,
    /// Facts that it lacks.
    pub missing: Vec<String>,
    /// Whose approval it needs; `None` means any one person.
    pub approval: Option<Quorum>,
    /// Who approved so that it counts.
    pub approved_by: Vec<String>,
    /// How many more have to approve.
    pub lacks: usize,
    /// Who may still approve.
    pub may: Vec<String>,
    /// Every approval, whether it counts or not.
    pub decisions: Vec<DecisionLine>,
    /// Whether it went out.
    pub sent: bool,
    /// Whether somebody wrote down what the addressee answered.
    pub answered: bool,
    /// Whether people review it: it was given to them, or they have said something.
    pub in_review: bool,
    /// Approvals that a later change made void, by person.
    pub void: Vec<String>,
    /// Suggestions that nobody decided, and comments that nobody settled.
    pub open: usize,
    /// The Message-ID of a sending that has no end.
    pub sending: Option<String>,
    /// The mail that the server asked to have later.
    pub delayed: Option<Delayed>,
    /// What came back.
    pub bounces: Vec<Bounce>,
    /// Whether a later draft of the same notice takes its place.
    pub replaced: bool,
    /// The clocks of the stages of duties that it answers, the next due first.
    pub answers: Vec<AnsweredClock>,
}

/// A clock that a notice answers.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct AnsweredClock {
    /// The clock.
    pub clock: ClockId,
    /// Its rule.
    pub rule: String,
    /// What is due.
    pub title: String,
    /// When.
    pub due: Timestamp,
    /// Where it stands, as the clock says it.
    pub state: &'static str,
    /// How it was met, in words.
    pub met: Option<String>,
    /// Whether something is still to be done.
    pub open: bool,
}

impl AnsweredClock {
    /// Every clock of the stages that a notice answers: those that end first, and of them its own duty's.
    fn of(clocks: &[Shown], notice: &NoticeRecord) -> Vec<Self> {
        let place = |clock: &Shown| {
            let duty = clock.duty.as_ref()?;
            let mut serves = notice.serves.iter();
            serves.position(|one| one.obligation == duty.obligation && one.stage == duty.stage)
        };
        let mine = clocks
            .iter()
            .filter_map(|clock| Some((place(clock)?, clock)));
        let mut mine: Vec<(usize, &Shown)> = mine.collect();
        mine.sort_by_key(|(place, clock)| (clock.due, *place));
        let line = mine.into_iter().map(|(_, clock)| Self {
            clock: clock.id.clone(),
            rule: clock.rule.clone(),
            title: clock.title.clone(),
            due: clock.due,
            state: clock.state,
            met: clock.met.as_ref().map(|met| met.words.clone()),
            open: clock.is_open(),
        });
        line.collect()
    }
}

impl NoticeLine {
    /// The clock of the stage that it answers: the one that ends first, an open one before others.
    pub fn clock(&self) -> Option<&AnsweredClock> {
        let open = self.answers.iter().find(|clock| clock.open);
        open.or_else(|| self.answers.first())
    }

    /// Where it stands, in a word or two.
    pub const fn stage(&self) -> &'static str {
        if !self.bounces.is_empty() {
            return "came back";
        }
        if self.sending.is_some() {
            return "sending without an end";
        }
        if self.delayed.is_some() {
            return "not taken yet";
        }
        match (self.answered, self.sent, self.replaced, self.lacks) {
            (true, ..) => "answered",
            (_, true, ..) => "sent",
            (_, _, true, _) => "replaced",
            (.., 0) => "approved",
            _ if !self.decisions.is_empty() => "not approved by all",
            _ if self.in_review => "in review",
            _ => "draft",
        }
    }

    /// Who still has to approve, as a sentence; nothing when the approval is complete.
    pub fn waits_for(&self) -> Option<String> {
        let open = !self.sent && !self.replaced && self.lacks > 0;
        let lacks = open.then_some(self.lacks)?;
        let roles = self.approval.as_ref().map(|of| of.roles.join(" or "));
        let roles = roles.map(|roles| format!(" ({roles})")).unwrap_or_default();
        let people = self.approval.as_ref().map_or(1, |of| of.people);
        let word = if people == 1 { "person" } else { "people" };
        Some(format!(
            "{lacks} of {people} {word}{roles}: {}",
            may(&self.may)
        ))
    }
}

fn may(names: &[String]) -> String {
    if names.is_empty() {
        return "nobody else of this case may".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| one_line(name, 80)).collect();
    format!("{} may", names.join(" or "))
}

/// How decisions on one thing are looked at.
struct Look<'a> {
    state: &'a CaseState,
    subject: Subject,
    binds: Digest,
    now: Timestamp,
}

impl Look<'_> {
    /// Whether a decision counts. What was settled by it does not end with its time.
    fn decision(&self, signed: &Signed, decision: Decision, settled: bool) -> DecisionLine {
        let said = signed.text.parse::<Approval>().ok().map(|said| said.at);
        let counts = self.state.case.as_ref().map(|case| {
            let expected = Expected {
                case,
                subject: &self.subject,
                binds: self.binds,
                decision,
                now: said.filter(|_| settled).unwrap_or(self.now),
            };
            approval::check_taken(self.state, signed, &expected)
        });
        let why = match counts {
            Some(Ok(_)) => String::new(),
            Some(Err(fault)) => fault.to_string(),
            None => "the case was not opened".to_owned(),
        };
        DecisionLine {
            person: signed.person.clone(),
            decision: decision.word(),
            counts: why.is_empty(),
            why,
        }
    }
}

fn counting(decisions: &[DecisionLine]) -> usize {
    decisions.iter().filter(|decision| decision.counts).count()
}

/// Every gate that was opened and is not settled.
pub(super) fn gates(state: &CaseState, now: Timestamp) -> Vec<GateLine> {
    let ended = |step: &String| {
        let record = state.steps.get(step);
        record.is_some_and(|record| record.outcome.is_some())
    };
    let open = state
        .gates
        .iter()
        .filter(|(step, gate)| !gate.passed && !ended(step));
    open.map(|(step, gate)| gate_line(state, step, gate, now))
        .collect()
}

fn gate_line(state: &CaseState, step: &str, gate: &GateRecord, now: Timestamp) -> GateLine {
    let look = Look {
        state,
        subject: Subject::Gate(step.to_owned()),
        binds: gate.plan,
        now,
    };
    let each = gate.approvals.iter();
    let mut decisions: Vec<DecisionLine> = each
        .map(|signed| look.decision(signed, Decision::Approve, false))
        .collect();
    let approved = counting(&decisions);
    let denial = gate.denied.as_ref();
    let denial = denial.map(|signed| look.decision(signed, Decision::Deny, true));
    let enough = usize::try_from(gate.people).is_ok_and(|people| approved >= people);
    let stands = match &denial {
        Some(denial) if denial.counts => GateStands::Denied,
        Some(_) => GateStands::Spoiled,
        None if gate.expired || now >= gate.expires => GateStands::Expired,
        None if enough => GateStands::Approved,
        None => GateStands::Waiting,
    };
    decisions.extend(denial);
    GateLine {
        step: step.to_owned(),
        stands,
        roles: gate.roles.clone(),
        approved,
        people: gate.people,
        may: state.may_still_decide(Some(&gate.roles), &gate.approvals),
        decisions,
        expires: gate.expires,
    }
}

/// Every draft: those of the plan in its order, which drafts them side by side, then the others.
pub(super) fn notices(state: &CaseState, clocks: &[Shown], now: Timestamp) -> Vec<NoticeLine> {
    let steps = state.plan.iter().flat_map(|(plan, _)| &plan.steps);
    let planned: Vec<&String> = steps
        .filter_map(|step| match &step.task {
            Task::Draft { notice } => Some(notice),
            _ => None,
        })
        .collect();
    let all = state.notices.iter();
    let mut all: Vec<NoticeLine> = all
        .map(|(id, notice)| notice_line(state, clocks, (id, notice), now))
        .collect();
    let place = |line: &NoticeLine| planned.iter().position(|name| **name == line.template);
    all.sort_by_key(|line| place(line).unwrap_or(usize::MAX));
    all
}

fn notice_line(
    state: &CaseState,
    clocks: &[Shown],
    (id, notice): (&NoticeId, &NoticeRecord),
    now: Timestamp,
) -> NoticeLine {
    let look = Look {
        state,
        subject: Subject::Notice(id.clone()),
        binds: notice.binds(),
        now,
    };
    let sent = notice.is_out();
    let each = notice.approvals.iter();
    let decisions: Vec<DecisionLine> = each
        .map(|signed| look.decision(signed, Decision::Approve, sent))
        .collect();
    let roles = notice.approval.as_ref().map(|of| of.roles.as_slice());
    let count = decisions.iter().filter(|decision| decision.counts);
    let approved_by: Vec<String> = count.map(|decision| decision.person.clone()).collect();
    let held = |signed: &&Signed| approved_by.contains(&signed.person);
    let held: Vec<Signed> = notice.approvals.iter().filter(held).cloned().collect();
    NoticeLine {
        answers: AnsweredClock::of(clocks, notice),
        id: id.clone(),
        template: notice.template.clone(),
        text: notice.text,
        missing: notice.missing.clone(),
        approval: notice.approval.clone(),
        lacks: notice.lacks(approved_by.len()),
        may: state.may_still_decide(roles, &held),
        approved_by,
        decisions,
        sent,
        answered: !notice.receipts.is_empty(),
        in_review: notice.submitted || !notice.remarks.is_empty() || !notice.proposals.is_empty(),
        void: notice.void.iter().map(|one| one.person.clone()).collect(),
        open: notice.open(),
        sending: notice.sending.clone(),
        delayed: notice.delayed.clone(),
        bounces: notice.bounces.clone(),
        replaced: notice.replaced_by.is_some(),
    }
}

/// What a person has to know of a sending: that nobody knows its end, that the server asked for later, or
/// that it came back.
fn outbox(notice: &NoticeLine) -> Vec<(&'static str, String)> {
    let name = format!("notice {} ({})", notice.template, notice.id);
    let mut lines = Vec::new();
    if let Some(message_id) = &notice.sending {
        let says =
            format!("{name}: sent with no clear end; look for {message_id} at the mail server");
        lines.push(("sending", says));
    }
    if let Some(waits) = &notice.delayed {
        let (at, why) = (utc(waits.again), one_line(&waits.why, 160));
        lines.push((
            "sending",
            format!("{name}: not taken yet, again from {at} on: {why}"),
        ));
    }
    lines.extend(notice.bounces.iter().map(|one| {
        let (whom, why) = (one_line(&one.recipient, 120), one_line(&one.status, 160));
        ("came back", format!("{name}: did not reach {whom}: {why}"))
    }));
    lines
}

/// What a person reads first of gates and notices: a name and a line each.
pub(super) fn lines(summary: &Summary, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for gate in &summary.gates {
        lines.push(("waiting", gate_text(gate, zone)));
        lines.extend(void(&gate.decisions, &format!("gate `{}`", gate.step)));
    }
    let drafts = summary.notices.iter().filter(|notice| !notice.replaced);
    for notice in drafts {
        if let Some(who) = notice.waits_for() {
            lines.push((
                "waiting",
                format!("notice {} for {who} ({})", notice.template, notice.id),
            ));
        }
        lines.extend(outbox(notice));
        lines.extend(void(
            &notice.decisions,
            &format!("notice {}", notice.template),
        ));
    }
    lines
}

fn gate_text(gate: &GateLine, zone: &TimeZone) -> String {
    let step = one_line(&gate.step, 120);
    let until = utc_and_zone(gate.expires, zone);
    match gate.stands {
        GateStands::Waiting => {
            let approved = u32::try_from(gate.approved).unwrap_or(u32::MAX);
            let left = gate.people.saturating_sub(approved);
            format!(
                "gate `{step}` for {left} of {} people ({}), until {until}",
                gate.people,
                gate.roles.join(" or "),
            )
        }
        GateStands::Approved => format!(
            "gate `{step}` for the run: {} hold, until {until}",
            ui::count(gate.approved, "approval")
        ),
        GateStands::Denied => {
            let mut denied = gate.decisions.iter().filter(|one| one.decision == "deny");
            let person = denied.next().map(|one| one_line(&one.person, 80));
            format!(
                "gate `{step}` for the run, which skips what is behind it: {} denied it, and the signature holds",
                person.unwrap_or_default()
            )
        }
        GateStands::Spoiled => {
            format!("gate `{step}` to be opened again: a denial in it does not count")
        }
        GateStands::Expired => {
            format!("gate `{step}` to be opened again: its time ran out at {until}")
        }
    }
}

fn void(decisions: &[DecisionLine], what: &str) -> Vec<(&'static str, String)> {
    let void = decisions.iter().filter(|decision| !decision.counts);
    void.map(|decision| {
        let noun = match decision.decision {
            "deny" => "denial",
            _ => "approval",
        };
        let (person, why) = (one_line(&decision.person, 80), one_line(&decision.why, 300));
        let what = one_line(what, 160);
        (
            "void",
            format!("the {noun} of {person} at {what} does not count: {why}"),
        )
    })
    .collect()
}
