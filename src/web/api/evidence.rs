//! Evidence, its bytes, and the log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged};
use crate::access::Ability;
use crate::case::event::Evidence;
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::web::desk::may_have;

/// The most bytes that an answer carries; more come with an export.
const BYTES_LIMIT: u64 = 16 << 20;

/// The bytes of an item of evidence.
#[derive(Debug, Serialize, JsonSchema)]
struct Bytes {
    /// The record.
    evidence: Evidence,
    /// Base64 of the bytes as received. Hostile.
    bytes: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::SeeEvidence;
    vec![
        Operation::get::<Paged<Evidence>>(
            "/cases/{case}/evidence",
            "list_evidence",
            "Every item of evidence, the oldest first.",
            SeeEvidence,
            list,
        )
        .paged(),
        Operation::get::<Evidence>(
            "/cases/{case}/evidence/{evidence}",
            "show_evidence",
            "The record of an item.",
            SeeEvidence,
            show,
        ),
        Operation::get::<Bytes>(
            "/cases/{case}/evidence/{evidence}/bytes",
            "evidence_bytes",
            "The bytes of an item, checked against its hash; at most 16 MiB.",
            SeeEvidence,
            bytes,
        ),
        Operation::get::<Paged<Value>>(
            "/cases/{case}/log",
            "list_log",
            "The lines of the case log, the oldest first.",
            SeeEvidence,
            log,
        )
        .paged(),
    ]
}

fn list(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeEvidence)?;
    let mut items: Vec<&Evidence> = state.evidence.values().collect();
    items.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    asked.page(&items, |item| item.id.to_string())
}

fn find(asked: &Asked) -> Result<Evidence> {
    let state = asked.state(Ability::SeeEvidence)?;
    let id: EvidenceId = asked.param("evidence").parse()?;
    let none = || Fault::input("no-evidence", "The case has no such evidence.").at(&id);
    state.evidence.get(&id).cloned().ok_or_else(none)
}

fn show(asked: &Asked) -> Result<Value> {
    Ok(json!(find(asked)?))
}

fn bytes(asked: &Asked) -> Result<Value> {
    let evidence = find(asked)?;
    may_have(asked.principal()?, &evidence)?;
    if evidence.bytes > BYTES_LIMIT {
        let what = "The item is larger than an answer carries.";
        return Err(Fault::input("evidence-too-large", what).hint("export the case instead"));
    }
    let bytes = STANDARD.encode(asked.desk(Ability::SeeEvidence)?.bytes(&evidence)?);
    Ok(json!(Bytes { evidence, bytes }))
}

fn log(asked: &Asked) -> Result<Value> {
    asked.state(Ability::SeeEvidence)?;
    let entries = asked.desk(Ability::SeeEvidence)?.log.entries()?;
    asked.page(&entries, |entry| entry.seq.to_string())
}
