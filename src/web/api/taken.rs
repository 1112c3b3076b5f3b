//! Files that a person brings: mails, documents, and trails as vendors export them.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, said};
use super::files::{NamedFile, decoded};
use crate::access::Ability;
use crate::app::custody::ImportedFile;
use crate::case::event::{Contact, Evidence};
use crate::fault::Result;

/// The longest name and title, characters.
const LONGEST: usize = 200;

/// A document to keep.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewDocument {
    /// The name of the file.
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// What it is, for people.
    #[schemars(length(min = 1, max = 200))]
    title: String,
    /// Base64 of its bytes.
    #[schemars(length(min = 4))]
    bytes: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::Work;
    vec![
        Operation::post::<NamedFile, Contact>(
            "/cases/{case}/mails",
            "import_mail",
            "Take in a mail as a file (.eml): the original is kept, then read. Bytes that were taken in before are the contact that they are.",
            Work,
            |asked| Box::pin(mail(asked)),
        )
        .answered(StatusCode::CREATED)
        .bringing_file(),
        Operation::post::<NewDocument, Evidence>(
            "/cases/{case}/evidence",
            "keep_evidence",
            "Keep a file as evidence, as it is. Nothing of it is opened or unpacked.",
            Work,
            |asked| Box::pin(document(asked)),
        )
        .answered(StatusCode::CREATED)
        .bringing_file(),
        Operation::post::<NamedFile, ImportedFile>(
            "/cases/{case}/trails",
            "import_trail",
            "Take in a trail as a vendor exports it: kept as it is, then read for the timeline.",
            Work,
            |asked| Box::pin(trail(asked)),
        )
        .answered(StatusCode::CREATED)
        .bringing_file(),
    ]
}

async fn mail(asked: Asked) -> Result<Value> {
    let file: NamedFile = asked.body()?;
    let name = said("name", &file.name, LONGEST)?;
    let bytes = decoded(name, &file.bytes)?;
    let desk = asked.desk(Ability::Work)?;
    let contact = desk.contact_mail(name, bytes).await?;
    desk.finish().await?;
    Ok(json!(contact))
}

async fn document(asked: Asked) -> Result<Value> {
    let file: NewDocument = asked.body()?;
    let name = said("name", &file.name, LONGEST)?;
    let title = said("title", &file.title, LONGEST)?;
    let bytes = decoded(name, &file.bytes)?;
    let desk = asked.desk(Ability::Work)?;
    let kept = desk.keep_document(name, title, bytes.into()).await?;
    desk.finish().await?;
    Ok(json!(kept))
}

async fn trail(asked: Asked) -> Result<Value> {
    let file: NamedFile = asked.body()?;
    let name = said("name", &file.name, LONGEST)?.to_owned();
    let bytes = decoded(&name, &file.bytes)?;
    let desk = asked.desk(Ability::Work)?;
    let imported = desk.import_trail(name, bytes.into()).await?;
    desk.finish().await?;
    Ok(json!(imported))
}
