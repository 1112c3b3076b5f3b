//! Every event that a case can have: the vocabulary of the log.
//!
//! # Format versions
//!
//! A line carries `v`. The version rises in the release that *adds* a kind or a field that must be
//! understood, not in the one that first writes it.
//!
//! | reader | writer | what happens |
//! |---|---|---|
//! | new | old | every old kind stays readable; a missing field has a default |
//! | old | new | the chain verifies (it is over bytes); the case opens read-only and says which version wrote it |
//! | old writer after new | | refused: a case that holds a newer line is never appended to |

mod clock;
mod contact;
pub mod due;
mod fact;
mod instant;
mod review;
mod sanctions;

use serde::{Deserialize, Serialize};

use super::subject::Subject;
use crate::canon::Digest;
use crate::door::{Door, DoorState, Probe};
use crate::id::{
    CaseId, ClockId, ContactId, DeterminationId, DoorId, EvidenceId, InstantId, LeadId, NoticeId,
};
use crate::plan::{Plan, StepId};
use crate::provider::{Account, Candidate, Closing, Completeness};
use crate::time::Timestamp;

pub use clock::{ClockStart, Reading};
pub use due::Serves;
pub use sanctions::{DETERMINERS, Determination, HELD, SCOPE, SUSPECTED, SUSPICION, scope};

pub use contact::{Arrival, Contact, Deadline, Indicator, PLAUSIBLE, doubt};
pub use fact::{Standing, Statement};
pub use instant::{Answer, Delay, Instant};
pub use review::{Attachment, Brought, Comment, Suggestion};

/// The version of the line format that this build writes.
pub const FORMAT: u32 = 1;

/// How the reason of a hold, or a note in a case that is held, begins when it takes the case back.
pub const RECALLED: &str = "recalled: ";

/// One line of a case log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// [`FORMAT`] of the writer.
    pub v: u32,
    /// The case.
    pub case: CaseId,
    /// 0 for the first line.
    pub seq: u64,
    /// SHA-256 of the line before, with its line end; zeros for the first.
    pub prev: Digest,
    /// When it was written, UTC.
    pub at: Timestamp,
    /// Who or what wrote it.
    pub by: Actor,
    /// What happened.
    pub event: Event,
}

/// Who or what acted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person of the roster, by name.
    Person(String),
    /// Whoever ran the command line, by the account name of the machine.
    Operator(String),
    /// The engine.
    Engine,
    /// A webhook source, by name.
    Intake(String),
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(name) => write!(f, "{name}"),
            Self::Operator(name) => write!(f, "operator {name}"),
            Self::Engine => f.write_str("engine"),
            Self::Intake(source) => write!(f, "intake {source}"),
        }
    }
}

/// A person who may approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// How the log names them.
    pub name: String,
    /// What they may do, as the module `access` says it: `responder`, `incident_lead`, `legal`, `hr`,
    /// `executive`, `auditor`, `administrator`.
    pub roles: Vec<String>,
    /// The public half of their SSH key, one line as in `authorized_keys`. Without one they decide
    /// in the pages only, and the server signs on their behalf.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Every address of theirs: what tells that they are the person under review.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// Their logins at the providers, for the same reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logins: Vec<String>,
}

/// Whose approval a text needs before it goes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// The roles that may approve.
    pub roles: Vec<String>,
    /// How many different people.
    pub people: u32,
}

/// A signed decision of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Signed {
    /// The exact text that was signed.
    pub text: String,
    /// The SSHSIG block, as `ssh-keygen -Y sign` writes it.
    pub signature: String,
    /// The person.
    pub person: String,
}

impl Signed {
    /// When it runs out, as the signed text says.
    pub fn expires(&self) -> Option<Timestamp> {
        let mut lines = self.text.lines();
        lines.find_map(|line| line.strip_prefix("expires: ")?.parse().ok())
    }
}

/// A secret that was removed from the bytes of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Redacted {
    /// The value that it stood in (RFC 6901); empty when nothing of the body was kept.
    pub path: String,
    /// Where it began in the body as received, bytes.
    pub at: u64,
    /// How many bytes of the body as received were removed.
    pub bytes: u64,
}

/// How a piece of evidence was had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An answer of a provider.
    Exchange {
        /// The method.
        method: String,
        /// The URL.
        url: String,
        /// The headers of the request, without credentials.
        request_headers: Vec<(String, String)>,
        /// The body of the request; a digest when it held a secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_body: Option<String>,
        /// The status; `None` when there was no answer.
        status: Option<u16>,
        /// The headers of the answer.
        response_headers: Vec<(String, String)>,
        /// The secrets that were removed from the body of the answer; all other bytes are as
        /// received.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        redacted: Vec<Redacted>,
        /// Why there was no answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
        /// Which attempt this was.
        attempt: u32,
        /// Milliseconds to the answer.
        took_ms: u64,
        /// The credential, by name.
        credential: String,
    },
    /// A file that a person gave.
    File {
        /// The name of the file, without its folder. Hostile text.
        name: String,
    },
    /// A webhook as received.
    Webhook {
        /// The source.
        source: String,
        /// Its headers.
        headers: Vec<(String, String)>,
    },
    /// Output of a program, such as `git bundle create`.
    Program {
        /// The program with its arguments, without secrets.
        command: Vec<String>,
        /// Its version line.
        version: String,
    },
    /// Made from other evidence.
    Derived {
        /// From which.
        from: Vec<EvidenceId>,
        /// How.
        how: String,
    },
}

/// One item of evidence: the record of bytes that are kept as received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evidence {
    /// Its id.
    pub id: EvidenceId,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// How many bytes.
    pub bytes: u64,
    /// The media type as given by the source.
    pub media_type: String,
    /// How it was had.
    pub source: Source,
    /// When it was had, UTC.
    pub at: Timestamp,
    /// `cordon 0.1.0`.
    pub tool: String,
    /// What it is, one line. Hostile text where it quotes a source.
    pub title: String,
    /// Whether it is counsel's: advice, and texts that are privileged. An export leaves its bytes out
    /// unless somebody asks for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
}

/// What a step ended with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum Outcome {
    /// Done and proven; `effects` of `asked` were proven.
    Done {
        /// How many effects were asked for.
        asked: u32,
        /// How many were proven.
        proven: u32,
        /// One sentence.
        note: String,
    },
    /// Tried and failed.
    Failed {
        /// One sentence with the next step.
        why: String,
    },
    /// Neither proven nor refuted.
    Unknown {
        /// One sentence.
        why: String,
    },
    /// Not tried.
    Skipped {
        /// One sentence.
        why: String,
    },
}

/// Everything that can happen in a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
#[expect(
    missing_docs,
    reason = "the variants and fields are named by the field's own words"
)]
pub enum Event {
    #[serde(rename = "case.opened")]
    CaseOpened {
        title: String,
        salt: String,
        subject: Subject,
        route: String,
        people: Vec<Person>,
        recorder: String,
        protected: Vec<String>,
        effective: Option<Timestamp>,
        evidence: Option<EvidenceId>,
    },
    #[serde(rename = "case.held")]
    CaseHeld { reason: String },
    #[serde(rename = "case.released")]
    CaseReleased { reason: String },
    #[serde(rename = "case.closed")]
    CaseClosed { reason: String },
    #[serde(rename = "case.noted")]
    CaseNoted { text: String },
    /// From now on only these people know more of the case than that it exists.
    #[serde(rename = "case.restricted")]
    CaseRestricted { people: Vec<String>, reason: String },
    /// Everybody with a role sees the case again.
    #[serde(rename = "case.unrestricted")]
    CaseUnrestricted { reason: String },
    /// A person has nothing to do with this case any more: perhaps it is about them too.
    #[serde(rename = "person.excluded")]
    PersonExcluded { person: String, reason: String },
    /// The case may be about somebody else too: that person has nothing to do with it, and nothing is
    /// done to them without a case of their own.
    #[serde(rename = "lead.recorded")]
    LeadRecorded {
        lead: LeadId,
        person: Subject,
        reason: String,
    },
    /// A lead came to nothing.
    #[serde(rename = "lead.dismissed")]
    LeadDismissed { lead: LeadId, reason: String },
    #[serde(rename = "evidence.kept")]
    EvidenceKept(Evidence),
    #[serde(rename = "identity.candidates")]
    IdentityCandidates {
        provider: String,
        candidates: Vec<Candidate>,
    },
    #[serde(rename = "identity.chosen")]
    IdentityChosen {
        account: Account,
        reason: String,
        evidence: Vec<EvidenceId>,
    },
    #[serde(rename = "identity.withdrawn")]
    IdentityWithdrawn { account: Account, reason: String },
    #[serde(rename = "door.found")]
    DoorFound(Door),
    #[serde(rename = "inventory.read")]
    InventoryRead {
        account: Account,
        doors: u32,
        completeness: Vec<Completeness>,
        blind: Vec<String>,
    },
    #[serde(rename = "inventory.failed")]
    InventoryFailed { account: Account, why: String },
    #[serde(rename = "trail.read")]
    TrailRead {
        trail: String,
        account: Option<Account>,
        completeness: Completeness,
        evidence: Vec<EvidenceId>,
    },
    #[serde(rename = "trail.page")]
    TrailPage {
        trail: String,
        account: Account,
        evidence: EvidenceId,
        records: u64,
        /// How many of them had come before.
        #[serde(default)]
        duplicates: u64,
        /// How many answers asked us to wait before this one came.
        #[serde(default, skip_serializing_if = "is_zero")]
        throttled: u32,
        /// Where this page began; `None` for the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        /// The earliest record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<Timestamp>,
        /// The latest record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<Timestamp>,
        next: Option<String>,
    },
    #[serde(rename = "plan.made")]
    PlanMade { plan: Plan, digest: Digest },
    #[serde(rename = "run.started")]
    RunStarted { plan: Digest },
    #[serde(rename = "run.resumed")]
    RunResumed { plan: Digest },
    #[serde(rename = "run.cancelled")]
    RunCancelled { reason: String },
    #[serde(rename = "run.ended")]
    RunEnded { plan: Digest },
    #[serde(rename = "gate.opened")]
    GateOpened {
        step: StepId,
        plan: Digest,
        roles: Vec<String>,
        people: u32,
        expires: Timestamp,
    },
    #[serde(rename = "gate.approved")]
    GateApproved {
        step: StepId,
        plan: Digest,
        signed: Signed,
    },
    #[serde(rename = "gate.denied")]
    GateDenied {
        step: StepId,
        plan: Digest,
        signed: Signed,
    },
    #[serde(rename = "gate.passed")]
    GatePassed { step: StepId },
    #[serde(rename = "gate.expired")]
    GateExpired { step: StepId },
    #[serde(rename = "timer.set")]
    TimerSet { step: StepId, due: Timestamp },
    #[serde(rename = "step.intended")]
    StepIntended {
        step: StepId,
        attempt: u32,
        door: Option<DoorId>,
        undo: Option<serde_json::Value>,
    },
    #[serde(rename = "step.acted")]
    StepActed {
        step: StepId,
        attempt: u32,
        door: Option<DoorId>,
        closing: Option<Closing>,
        note: String,
    },
    #[serde(rename = "step.ended")]
    StepEnded { step: StepId, outcome: Outcome },
    #[serde(rename = "door.probed")]
    DoorProbed {
        door: DoorId,
        state: DoorState,
        probe: Probe,
    },
    #[serde(rename = "undo.intended")]
    UndoIntended { door: DoorId },
    #[serde(rename = "undo.acted")]
    UndoActed { door: DoorId, closing: Closing },
    #[serde(rename = "notice.drafted")]
    NoticeDrafted {
        notice: NoticeId,
        template: String,
        text: Digest,
        evidence: EvidenceId,
        facts: Vec<EvidenceId>,
        missing: Vec<String>,
        /// Whose approval it needs; `None` in logs that say nothing of it: any one person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<Quorum>,
        /// The facts as they stood, canonical JSON; `None` in logs of before they were kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        facts_kept: Option<EvidenceId>,
        /// The stages of duties that it answers; nothing in logs of before they were named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        serves: Vec<Serves>,
        /// Whether who drafted it said that its addressee, a private party, may be told what is suspected.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        suspicion: bool,
        /// What it would say and the case has, left out as a suspicion.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        withheld: Vec<String>,
    },
    /// A person says what the case itself does not show, and what shows it.
    #[serde(rename = "fact.recorded")]
    FactRecorded(Statement),
    #[serde(rename = "fact.withdrawn")]
    FactWithdrawn { key: String, reason: String },
    /// A person's words take the place of the text before: every approval of it is void.
    #[serde(rename = "notice.revised")]
    NoticeRevised {
        notice: NoticeId,
        /// The version that it was made from.
        from: Digest,
        text: Digest,
        evidence: EvidenceId,
        facts: Vec<EvidenceId>,
        missing: Vec<String>,
        /// Suggestions that it takes up.
        takes: Vec<u32>,
        reason: String,
    },
    /// A draft is given to those who review it.
    #[serde(rename = "notice.submitted")]
    NoticeSubmitted { notice: NoticeId, text: Digest },
    #[serde(rename = "notice.commented")]
    NoticeCommented { notice: NoticeId, comment: Comment },
    #[serde(rename = "notice.comment_resolved")]
    NoticeCommentResolved { notice: NoticeId, comment: u32 },
    #[serde(rename = "notice.suggested")]
    NoticeSuggested {
        notice: NoticeId,
        suggestion: Suggestion,
    },
    /// Other words were not taken; those that were are named by the version that takes them.
    #[serde(rename = "notice.suggestion_declined")]
    NoticeSuggestionDeclined {
        notice: NoticeId,
        suggestion: u32,
        reason: String,
    },
    /// A file goes out with the text: every approval is void.
    #[serde(rename = "notice.attached")]
    NoticeAttached {
        notice: NoticeId,
        attachment: Attachment,
    },
    #[serde(rename = "notice.detached")]
    NoticeDetached { notice: NoticeId, name: String },
    /// A person handed the approved text in or over, other than by mail from here.
    #[serde(rename = "notice.dispatched")]
    NoticeDispatched {
        notice: NoticeId,
        /// What was approved, as approvals bind it.
        binds: Digest,
        /// `portal`, `post`, `mail`, `hand` or `telephone`.
        how: String,
        to: String,
        at: Timestamp,
        /// Whether nobody who approved it may be the one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        apart: bool,
    },
    /// What the addressee answered: a reference, a receipt.
    #[serde(rename = "notice.receipted")]
    NoticeReceipted {
        notice: NoticeId,
        reference: String,
        at: Timestamp,
        evidence: Vec<EvidenceId>,
    },
    #[serde(rename = "notice.approved")]
    NoticeApproved {
        notice: NoticeId,
        text: Digest,
        signed: Signed,
        /// Whether the configuration asks that nobody who wrote it approves it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        apart: bool,
    },
    /// A mail is about to leave. The same message id again is the same mail again.
    #[serde(rename = "notice.sending")]
    NoticeSending {
        notice: NoticeId,
        text: Digest,
        to: Vec<String>,
        message_id: String,
        /// The mail, byte for byte.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<EvidenceId>,
        /// How it is encrypted: `smime` or `pgp`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sealed: Option<String>,
        /// Whether the configuration asks that nobody who approved it sends it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        apart: bool,
    },
    #[serde(rename = "notice.sent")]
    NoticeSent {
        notice: NoticeId,
        message_id: String,
        reply: String,
    },
    #[serde(rename = "notice.refused")]
    NoticeRefused {
        notice: NoticeId,
        message_id: String,
        why: String,
    },
    /// The server asked for later, or was not reached: it was not taken, and goes out again as it is.
    #[serde(rename = "notice.delayed")]
    NoticeDelayed {
        notice: NoticeId,
        message_id: String,
        why: String,
        again: Timestamp,
    },
    /// The text was on its way and no answer came: a person looks, and decides.
    #[serde(rename = "notice.unclear")]
    NoticeUnclear {
        notice: NoticeId,
        message_id: String,
        why: String,
    },
    /// What was sent came back.
    #[serde(rename = "notice.bounced")]
    NoticeBounced {
        notice: NoticeId,
        message_id: String,
        recipient: String,
        status: String,
        evidence: EvidenceId,
    },
    #[serde(rename = "contact.recorded")]
    ContactRecorded(Contact),
    /// A person's word on whether a contact makes a demand; it counts over what was recognised.
    #[serde(rename = "contact.judged")]
    ContactJudged {
        contact: ContactId,
        demand: bool,
        reason: String,
    },
    /// Nothing that is claimed is released. No event ends this.
    #[serde(rename = "sanctions.held")]
    SanctionsHeld {
        reason: String,
        contact: Option<ContactId>,
        /// What it covers; everything in lines that say nothing of it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        scope: Vec<String>,
    },
    /// A determination was put in; `binds` is what decisions on it bind.
    #[serde(rename = "sanctions.proposed")]
    SanctionsProposed {
        determination: DeterminationId,
        content: Determination,
        binds: Digest,
    },
    #[serde(rename = "sanctions.approved")]
    SanctionsApproved {
        determination: DeterminationId,
        binds: Digest,
        signed: Signed,
    },
    /// Two people decided. It annotates the hold; the hold stands.
    #[serde(rename = "sanctions.determined")]
    SanctionsDetermined {
        determination: DeterminationId,
        binds: Digest,
    },
    #[serde(rename = "clock.started")]
    ClockStarted(ClockStart),
    #[serde(rename = "clock.chosen")]
    ClockChosen {
        clock: ClockId,
        start: Timestamp,
        reason: String,
        /// The facts that a person named as its ground, beside the one that tells its kind of instant.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        facts: Vec<String>,
    },
    #[serde(rename = "clock.receipt")]
    ClockReceipt {
        clock: ClockId,
        reference: String,
        at: Timestamp,
        /// What shows it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<EvidenceId>,
    },
    /// What was recorded as handed in was not: the clock runs again.
    #[serde(rename = "clock.receipt_withdrawn")]
    ClockReceiptWithdrawn { clock: ClockId, reason: String },
    /// What happened when, as a person knows it.
    #[serde(rename = "instant.recorded")]
    InstantRecorded(Instant),
    /// It stays in the log, and starts nothing from now on.
    #[serde(rename = "instant.withdrawn")]
    InstantWithdrawn { instant: InstantId, reason: String },
    /// A person's answer to a question that decides whether a duty applies; the last one counts.
    #[serde(rename = "obligation.answered")]
    ObligationAnswered {
        obligation: String,
        question: String,
        answer: Answer,
        reason: String,
        /// The facts that it rests on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        facts: Vec<String>,
    },
    #[serde(rename = "delay.recorded")]
    DelayRecorded(Delay),
    /// A delay counts no longer: lifted at an instant, or never valid.
    #[serde(rename = "delay.withdrawn")]
    DelayWithdrawn {
        /// Which one, counted from 1 in the order of the log.
        delay: u32,
        /// Until when it counted; nothing when it never did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended: Option<Timestamp>,
        reason: String,
    },
    #[serde(rename = "checkpoint.signed")]
    CheckpointSigned {
        entries: u64,
        head: Digest,
        text: String,
        signature: String,
    },
    #[serde(rename = "store.mended")]
    StoreMended {
        /// What was found and done, as a sentence.
        what: String,
        /// The name of the file or folder of the case that keeps it as found.
        kept: Option<String>,
    },
    #[serde(rename = "export.made")]
    ExportMade {
        manifest: Digest,
        files: u64,
        /// Whether what is counsel's is in it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        privileged: bool,
    },
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
