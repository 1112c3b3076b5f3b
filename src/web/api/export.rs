//! The case as an expert gets it, and whether what is kept still holds.

use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Operation;
use super::asked::Asked;
use crate::access::Ability;
use crate::evidence::export::Scope;
use crate::evidence::verify::{Anchors, Report};
use crate::fault::Result;
use crate::web::pages::keep;

/// What goes into an export.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Also what is counsel's, in a folder of its own; for who may decide about notices.
    #[serde(default)]
    privileged: bool,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{SeeEvidence, Work};
    vec![
        Operation::give::<Wanted>(
            "/cases/{case}/export",
            "export_case",
            "The case as a zip of the folder that an expert verifies with ordinary tools. The log names its manifest.",
            Work,
            "application/zip",
            |asked| Box::pin(export(asked)),
        ),
        Operation::get::<Report>(
            "/cases/{case}/integrity",
            "verify_evidence",
            "Verify the store of the case: the chain, signatures, every kept byte.",
            SeeEvidence,
            integrity,
        ),
    ]
}

async fn export(asked: Asked) -> Result<Response> {
    let Wanted { privileged } = asked.body()?;
    let desk = asked.desk(Ability::Work)?;
    let scope = if privileged {
        let principal = asked.principal()?;
        desk.log
            .read(|state| principal.may(Ability::Counsel, state))?;
        Scope::Privileged
    } else {
        Scope::Facts
    };
    let parcel = desk.parcel(scope).await?;
    desk.finish().await?;
    Ok(keep::file(parcel))
}

fn integrity(asked: &Asked) -> Result<Value> {
    let desk = asked.desk(Ability::SeeEvidence)?;
    Ok(json!(desk.verify_store(&Anchors::default())?))
}
