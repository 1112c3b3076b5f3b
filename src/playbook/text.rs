//! What a playbook file may say. The doc comments are the descriptions in the published schema.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::period::Period;
use crate::door::Class;
use crate::plan::OnFailure;

/// What a name or an id looks like.
pub(super) const NAME: &str = "^[a-z][a-z0-9-]{0,47}$";

/// Every kind of step, in the order in which a reader meets them.
pub(super) const KINDS: [&str; 6] = ["snapshot", "gate", "close", "verify", "wait", "draft"];

/// A playbook of Cordon: what is done when a person's access ends, in which order, and who decides.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Playbook")]
pub(super) struct Written {
    /// The name of the playbook.
    #[schemars(regex(pattern = NAME))]
    pub(super) playbook: String,
    /// What it is for, one line.
    #[schemars(length(min = 1, max = 200))]
    pub(super) title: String,
    /// The steps. A step starts as soon as everything that it needs has ended.
    #[schemars(with = "Vec<WrittenStep>", length(min = 1, max = 200))]
    pub(super) steps: Vec<Step>,
}

/// One step: what it is called, what has to end before it, and exactly one thing that it does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Step", transform = one_kind)]
struct WrittenStep {
    /// What other steps and approvals call it.
    #[schemars(regex(pattern = NAME))]
    id: String,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 200))]
    title: Option<String>,
    /// Steps that have to end first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    needs: Vec<String>,
    /// Read trails before they are gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Snapshot")]
    snapshot: Option<Snapshot>,
    /// Wait until people have decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Gate")]
    gate: Option<Gate>,
    /// Close doors, together, and prove each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Close")]
    close: Option<Close>,
    /// Probe every door that was touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Verify")]
    verify: Option<Verify>,
    /// Wait for time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Period")]
    wait: Option<Period>,
    /// Draft notices by these templates. Nothing is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>", length(min = 1, max = 50))]
    draft: Option<Vec<String>>,
    /// What a failure does to the rest: go on with it (the default), start nothing new, or ask.
    #[serde(default, skip_serializing_if = "is_continue")]
    on_failure: OnFailure,
    /// How often it is tried, the first time included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 20))]
    attempts: Option<u32>,
    /// How long one attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Period")]
    timeout: Option<Period>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_continue(on_failure: &OnFailure) -> bool {
    *on_failure == OnFailure::Continue
}

fn one_kind(schema: &mut Schema) {
    let kinds: Vec<Value> = KINDS
        .iter()
        .map(|kind| json!({ "required": [kind] }))
        .collect();
    schema.insert("oneOf".to_owned(), Value::Array(kinds));
}

/// One step of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenStep", into = "WrittenStep")]
pub struct Step {
    /// What other steps and approvals call it.
    pub id: String,
    /// One line for people.
    pub title: Option<String>,
    /// Steps that have to end first.
    pub needs: Vec<String>,
    /// What it does.
    pub kind: Kind,
    /// What a failure does to the rest.
    pub on_failure: OnFailure,
    /// How often it is tried, the first time included.
    pub attempts: Option<u32>,
    /// How long one attempt may take.
    pub timeout: Option<Period>,
    /// Which step of the file it is, from 0.
    pub(super) at: usize,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Reads trails before they are gone.
    Snapshot(Snapshot),
    /// Waits until people have decided.
    Gate(Gate),
    /// Closes doors and proves each.
    Close(Close),
    /// Probes every door that was touched.
    Verify(Verify),
    /// Waits for time.
    Wait(Period),
    /// Drafts notices by these templates.
    Draft(Vec<String>),
}

impl Kind {
    /// The key in the file.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Snapshot(_) => "snapshot",
            Self::Gate(_) => "gate",
            Self::Close(_) => "close",
            Self::Verify(_) => "verify",
            Self::Wait(_) => "wait",
            Self::Draft(_) => "draft",
        }
    }
}

/// Read trails before they are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Which: `perishable` (gone within seven days or with the close), `lasting` (the others), `all`,
    /// a provider such as `github.*`, or a trail such as `github.git_events`.
    #[schemars(length(min = 1, max = 100))]
    pub trails: Vec<String>,
    /// How far back.
    #[serde(default = "ninety_days")]
    pub window: Period,
}

const fn ninety_days() -> Period {
    Period::seconds(90 * 86_400)
}

/// Wait until people have decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Who may decide: people with any of these roles.
    #[schemars(length(min = 1, max = 20))]
    pub roles: Vec<String>,
    /// How many different people have to agree.
    #[schemars(range(min = 1, max = 20))]
    pub people: u32,
    /// How long the question stays open. Without an answer nothing passes, and it has to be asked
    /// again.
    pub expires: Period,
}

/// Close doors, together, and prove each. Silent closings start first, noisy ones wait until all
/// others of the step have ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// Which: `all`, a provider such as `github.*`, or a kind of door such as `github.webhook`.
    #[schemars(length(min = 1, max = 100))]
    pub doors: Vec<String>,
    /// Only closings of these classes. What is irreversible needs a step of its own behind a gate
    /// of its own.
    #[serde(default = "with_a_way_back")]
    #[schemars(length(min = 1, max = 3))]
    pub classes: Vec<Class>,
    /// How long to look for proof before the answer is `unknown`.
    #[serde(default = "ten_minutes")]
    pub prove_within: Period,
}

fn with_a_way_back() -> Vec<Class> {
    vec![Class::Reversible, Class::Redoable]
}

const fn ten_minutes() -> Period {
    Period::seconds(600)
}

/// Probe every door that was touched: now, and again later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Look again after these times. What needs this step waits for the first look only, and the
    /// run does not wait for the later ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub again: Vec<Period>,
}

impl TryFrom<WrittenStep> for Step {
    type Error = String;

    fn try_from(step: WrittenStep) -> Result<Self, String> {
        let kinds = [
            step.snapshot.map(Kind::Snapshot),
            step.gate.map(Kind::Gate),
            step.close.map(Kind::Close),
            step.verify.map(Kind::Verify),
            step.wait.map(Kind::Wait),
            step.draft.map(Kind::Draft),
        ];
        let mut kinds = kinds.into_iter().flatten();
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            return Err(format!("a step does exactly one of {}", KINDS.join(", ")));
        };
        Ok(Self {
            id: step.id,
            title: step.title,
            needs: step.needs,
            kind,
            on_failure: step.on_failure,
            attempts: step.attempts,
            timeout: step.timeout,
            at: 0,
        })
    }
}

impl From<Step> for WrittenStep {
    fn from(step: Step) -> Self {
        let mut written = Self {
            id: step.id,
            title: step.title,
            needs: step.needs,
            snapshot: None,
            gate: None,
            close: None,
            verify: None,
            wait: None,
            draft: None,
            on_failure: step.on_failure,
            attempts: step.attempts,
            timeout: step.timeout,
        };
        match step.kind {
            Kind::Snapshot(snapshot) => written.snapshot = Some(snapshot),
            Kind::Gate(gate) => written.gate = Some(gate),
            Kind::Close(close) => written.close = Some(close),
            Kind::Verify(verify) => written.verify = Some(verify),
            Kind::Wait(period) => written.wait = Some(period),
            Kind::Draft(notices) => written.draft = Some(notices),
        }
        written
    }
}

pub(super) fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    Value::from(generator.into_root_schema_for::<Written>())
}
