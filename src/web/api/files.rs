//! A notice on its way: files that go with it, where a person took it, what was answered, Word.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::asked::Asked;
use super::review::{line, which};
use crate::access::Ability;
use crate::app::form::Form;
use crate::app::summary::NoticeLine;
use crate::app::word::Imported;
use crate::canon::Digest;
use crate::case::event::Attachment;
use crate::case::state::Receipt;
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::{EvidenceId, NoticeId};
use crate::time::Timestamp;

/// A file to put with a notice: evidence of the case, or bytes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AttachFile {
    /// The name, as the addressee sees it.
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// Evidence of the case whose bytes go out.
    #[serde(default)]
    evidence: Option<EvidenceId>,
    /// Base64 of the bytes, where they are no evidence yet.
    #[serde(default)]
    bytes: Option<String>,
}

/// A file to take out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DetachFile {
    /// Its name.
    name: String,
}

/// How a person handed an approved text in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HandedIn {
    /// `portal`, `post`, `mail`, `hand` or `telephone`.
    how: String,
    /// To whom, or into which form.
    #[schemars(length(min = 1, max = 500))]
    to: String,
    /// When; now without.
    #[serde(default)]
    at: Option<Timestamp>,
    /// Although facts are missing.
    #[serde(default)]
    incomplete: bool,
}

/// What the addressee answered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoticeAnswered {
    /// A reference; with files it may be empty.
    #[serde(default)]
    #[schemars(length(max = 500))]
    reference: String,
    /// When; now without.
    #[serde(default)]
    at: Option<Timestamp>,
    /// Files that show it.
    #[serde(default)]
    files: Vec<NamedFile>,
}

/// A file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedFile {
    /// Its name.
    #[schemars(length(min = 1, max = 200))]
    pub(super) name: String,
    /// Base64 of its bytes.
    pub(super) bytes: String,
}

/// A text in another form.
#[derive(Debug, Serialize, JsonSchema)]
struct NoticeFile {
    /// A name for the file.
    name: String,
    /// What it is.
    media_type: &'static str,
    /// The hash of the text that it was made of.
    text: Digest,
    /// Base64 of its bytes. Hostile where it quotes.
    bytes: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Counsel, SeeCase};
    vec![
        Operation::get::<NoticeFile>(
            "/cases/{case}/notices/{notice}/export/{form}",
            "export_notice",
            "The text as it stands as `docx` with open remarks, `pdf` where the build makes it, `md`, or `txt` as it goes out.",
            SeeCase,
            export,
        ),
        Operation::post::<AttachFile, Attachment>(
            "/cases/{case}/notices/{notice}/attachments",
            "attach_file",
            "Put a file with a notice; every approval is void.",
            Counsel,
            |asked| Box::pin(attach(asked)),
        )
        .answered(StatusCode::CREATED)
        .bringing_file(),
        Operation::post::<DetachFile, NoticeLine>(
            "/cases/{case}/notices/{notice}/attachments/detach",
            "detach_file",
            "Take a file out of a notice; every approval is void.",
            Counsel,
            |asked| Box::pin(detach(asked)),
        ),
        Operation::post::<HandedIn, NoticeLine>(
            "/cases/{case}/notices/{notice}/dispatch",
            "dispatch_notice",
            "Record that a person handed the approved text in.",
            Counsel,
            |asked| Box::pin(dispatch(asked)),
        ),
        Operation::post::<NoticeAnswered, Receipt>(
            "/cases/{case}/notices/{notice}/receipts",
            "record_notice_receipt",
            "Record what the addressee answered, with files that show it.",
            Counsel,
            |asked| Box::pin(receipt(asked)),
        )
        .answered(StatusCode::CREATED)
        .bringing_file(),
        Operation::post::<NamedFile, Imported>(
            "/cases/{case}/notices/{notice}/word",
            "import_word",
            "Take a reviewed Word file in: changes become suggestions, comments become comments.",
            Counsel,
            |asked| Box::pin(import(asked)),
        )
        .bringing_file(),
    ]
}

fn export(asked: &Asked) -> Result<Value> {
    let form: Form = asked.param("form").parse()?;
    let (desk, id) = asked.at_notice()?;
    let file = desk.notice_file(&id, form)?;
    Ok(json!(NoticeFile {
        name: file.name,
        media_type: file.media_type,
        text: file.text,
        bytes: STANDARD.encode(file.bytes),
    }))
}

pub(super) fn decoded(name: &str, bytes: &str) -> Result<Vec<u8>> {
    STANDARD.decode(bytes).map_err(|error| {
        Fault::input("base64", "The bytes of the file are not Base64.")
            .at(hostile::one_line(name, 100))
            .hint("encode them with the alphabet of RFC 4648, section 4, with padding")
            .caused_by(error)
    })
}

async fn attach(asked: Asked) -> Result<Value> {
    let file: AttachFile = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    let attached = match (&file.evidence, &file.bytes) {
        (Some(evidence), None) => desk.attach_kept(&id, &file.name, evidence).await?,
        (None, Some(bytes)) => {
            let bytes = decoded(&file.name, bytes)?;
            desk.attach(&id, &file.name, bytes).await?
        }
        _ => {
            let what = "A file is evidence of the case or bytes, one of them.";
            return Err(Fault::input("file", what)
                .hint("send `evidence` with an id, or `bytes` with Base64"));
        }
    };
    desk.finish().await?;
    Ok(json!(attached))
}

async fn detach(asked: Asked) -> Result<Value> {
    let file: DetachFile = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    desk.detach(&id, &file.name).await?;
    desk.finish().await?;
    Ok(json!(line(&desk, &id)?))
}

async fn dispatch(asked: Asked) -> Result<Value> {
    let went: HandedIn = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let id: NoticeId = which(&asked)?;
    desk.dispatch_notice(&id, &went.how, &went.to, went.at, went.incomplete)
        .await?;
    desk.finish().await?;
    Ok(json!(line(&desk, &id)?))
}

async fn receipt(asked: Asked) -> Result<Value> {
    let said: NoticeAnswered = asked.body()?;
    let files = said.files.into_iter().map(|file| {
        let bytes = decoded(&file.name, &file.bytes)?;
        Ok((file.name, bytes))
    });
    let files = files.collect::<Result<Vec<_>>>()?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    desk.notice_receipt(&id, &said.reference, said.at, files)
        .await?;
    desk.finish().await?;
    let record = desk.notice_record(&id)?;
    Ok(json!(record.receipts.last()))
}

async fn import(asked: Asked) -> Result<Value> {
    let file: NamedFile = asked.body()?;
    let bytes = decoded(&file.name, &file.bytes)?;
    let desk = asked.desk(Ability::Counsel)?;
    let made = desk.import_word(&which(&asked)?, &file.name, bytes).await;
    desk.finish().await?;
    Ok(json!(made?))
}
