//! The review of a notice: versions, remarks, other words, what changed. People approve it elsewhere.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Nothing};
use crate::access::Ability;
use crate::app::Desk;
use crate::app::revise::{Remarked, Suggested, block_source};
use crate::app::summary::{NoticeLine, Summary};
use crate::canon::Digest;
use crate::case::event::Attachment;
use crate::case::state::{Deed, Dispatch, NoticeRecord, Proposal, Receipt, Remark, Version};
use crate::document::{self, Change, Document, Piece};
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::notice::facts;
use crate::notice::lint::Finding;
use crate::web::desk::reason;

/// Where a notice stands, and what people did to it.
#[derive(Debug, Serialize, JsonSchema)]
struct Review {
    /// Where it stands; `text` is the hash of the text as it stands.
    notice: NoticeLine,
    /// What an approval binds: the text and its files.
    binds: Digest,
    /// Every text, the first first.
    versions: Vec<Version>,
    /// Who did what to it, in the order of the log.
    deeds: Vec<Deed>,
    /// The paragraphs of the text as it stands.
    blocks: Vec<BlockLine>,
    /// Remarks.
    comments: Vec<Placed<Remark>>,
    /// Other words, and what became of them.
    suggestions: Vec<Placed<Proposal>>,
    /// Files that go out with it.
    attachments: Vec<Attachment>,
    /// Where a person took it.
    dispatched: Option<Dispatch>,
    /// What the addressee answered.
    receipts: Vec<Receipt>,
    /// What the wording lint finds in it.
    findings: Vec<Finding>,
    /// What changed in the facts since it was drafted.
    changed: Vec<facts::Change>,
}

/// What somebody said of a paragraph of any version, and where that paragraph is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Placed{T}")]
struct Placed<T> {
    #[serde(flatten)]
    said: T,
    /// The paragraph of the text as it stands, from 0; nothing for the whole text, where the paragraph
    /// changed or is gone, and for what was decided on another version.
    place: Option<usize>,
}

/// One paragraph.
#[derive(Debug, Serialize, JsonSchema)]
struct BlockLine {
    /// Its place, from 0: what `block` means everywhere.
    block: usize,
    /// Its words, Markdown. Hostile where it quotes.
    source: String,
}

/// A remark to write down.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Remarking {
    /// What it says.
    #[schemars(length(min = 1, max = 20_000))]
    text: String,
    /// The version that it is about; the text as it stands without.
    #[serde(default)]
    on: Option<Digest>,
    /// The paragraph, from 0; the whole text without.
    #[serde(default)]
    block: Option<usize>,
    /// The words that it is about.
    #[serde(default)]
    quote: String,
    /// The comment that it answers, by number.
    #[serde(default)]
    answers: Option<u32>,
}

/// Other words for a paragraph.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OtherWords {
    /// The version that they were written on; the text as it stands without.
    #[serde(default)]
    on: Option<Digest>,
    /// The paragraph, from 0.
    block: usize,
    /// What it shall say, Markdown; nothing takes it out.
    #[schemars(length(max = 20_000))]
    words: String,
    /// Whether this is a paragraph of its own, after the one that is named.
    #[serde(default)]
    insert: bool,
    /// Why.
    #[schemars(length(min = 1, max = 2000))]
    reason: String,
}

/// A change of one paragraph, at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneEdit {
    /// The text that the writer saw. When it is not the last, nothing is changed.
    from: Digest,
    /// The paragraph, from 0.
    block: usize,
    /// What it shall say, Markdown; nothing takes it out.
    #[schemars(length(max = 20_000))]
    words: String,
    /// Whether this is a paragraph of its own, after the one that is named.
    #[serde(default)]
    insert: bool,
    /// Why.
    #[schemars(length(min = 1, max = 2000))]
    reason: String,
}

/// Suggestions to take up.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TakeUp {
    /// Their numbers: all of them become one version, or none.
    #[schemars(length(min = 1))]
    numbers: Vec<u32>,
    /// Why.
    #[schemars(length(min = 1, max = 2000))]
    reason: String,
}

/// Why a suggestion is declined.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WhyNot {
    /// Why.
    #[schemars(length(min = 1, max = 2000))]
    reason: String,
}

/// What changed between two versions.
#[derive(Debug, Serialize, JsonSchema)]
struct Redline {
    /// The earlier version.
    from: Digest,
    /// The later one.
    to: Digest,
    /// The paragraphs that say something else, are new or are gone.
    changed: Vec<ChangedBlock>,
}

/// A paragraph that changed.
#[derive(Debug, Serialize, JsonSchema)]
struct ChangedBlock {
    /// Its place in the earlier version, from 0.
    old: Option<usize>,
    /// Its place in the later one.
    new: Option<usize>,
    /// Its words in order.
    pieces: Vec<PieceLine>,
}

/// Words that stayed, came or went. Hostile where they quote.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PieceLine {
    /// In both.
    Same(String),
    /// In the later one alone.
    Added(String),
    /// In the earlier one alone.
    Removed(String),
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Counsel, SeeCase};
    vec![
        Operation::get::<Review>(
            "/cases/{case}/notices/{notice}/review",
            "show_review",
            "Versions, comments, suggestions, files, dispatch, receipts, wording and changed facts.",
            SeeCase,
            show,
        ),
        Operation::get::<Redline>(
            "/cases/{case}/notices/{notice}/redline/{from}/{to}",
            "redline_notice",
            "What changed between two versions, each by SHA-256, `first` or `last`.",
            SeeCase,
            redline,
        ),
        Operation::post::<Nothing, NoticeLine>(
            "/cases/{case}/notices/{notice}/submit",
            "submit_notice",
            "Give a draft to those who review it.",
            Counsel,
            |asked| Box::pin(submit(asked)),
        ),
        Operation::post::<Remarking, Remark>(
            "/cases/{case}/notices/{notice}/comments",
            "comment_notice",
            "Write a comment down.",
            Counsel,
            |asked| Box::pin(comment(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::post::<Nothing, Remark>(
            "/cases/{case}/notices/{notice}/comments/{comment}/resolve",
            "resolve_comment",
            "Say that a comment is settled.",
            Counsel,
            |asked| Box::pin(resolve(asked)),
        ),
        Operation::post::<OtherWords, Proposal>(
            "/cases/{case}/notices/{notice}/suggestions",
            "suggest_words",
            "Suggest other words for a paragraph; the text stays until somebody takes them.",
            Counsel,
            |asked| Box::pin(suggest(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::post::<TakeUp, NoticeLine>(
            "/cases/{case}/notices/{notice}/suggestions/take",
            "take_suggestions",
            "Take suggestions up: one new version, which makes every approval void.",
            Counsel,
            |asked| Box::pin(take(asked)),
        ),
        Operation::post::<WhyNot, Proposal>(
            "/cases/{case}/notices/{notice}/suggestions/{suggestion}/decline",
            "decline_suggestion",
            "Decline a suggestion.",
            Counsel,
            |asked| Box::pin(decline(asked)),
        ),
        Operation::post::<OneEdit, NoticeLine>(
            "/cases/{case}/notices/{notice}/edit",
            "edit_notice",
            "Change one paragraph of exactly the text that was seen; every approval is void.",
            Counsel,
            |asked| Box::pin(edit(asked)),
        ),
    ]
}

/// The notice that the path names.
pub(super) fn which(asked: &Asked) -> Result<NoticeId> {
    asked.param("notice").parse()
}

/// Where the notice stands, as lists tell it.
pub(super) fn line(desk: &Desk, id: &NoticeId) -> Result<NoticeLine> {
    let now = desk.now();
    let summary = desk.log.read(|state| Summary::of(state, now));
    let mut lines = summary.notices.into_iter();
    lines
        .find(|line| line.id == *id)
        .ok_or_else(|| Fault::input("no-notice", "The case has no such draft.").at(id))
}

fn show(asked: &Asked) -> Result<Value> {
    let (desk, id) = asked.at_notice()?;
    let worded = desk.notice_worded(&id)?;
    let document = Document::parse(&worded.text);
    let places = worded.places(&document);
    let record = worded.record;
    let binds = record.binds();
    let comments = record.remarks.into_iter().map(|said| {
        let on = &said.comment;
        let place = on.block.and_then(|block| places.find(on.on, block));
        Placed { said, place }
    });
    let suggestions = record.proposals.into_iter().map(|said| {
        let place = places.find(said.suggestion.on, said.suggestion.block);
        Placed { said, place }
    });
    let blocks = document.blocks.into_iter().map(|block| BlockLine {
        block: block.index,
        source: block.source,
    });
    Ok(json!(Review {
        notice: line(&desk, &id)?,
        binds,
        versions: record.versions,
        deeds: record.deeds,
        blocks: blocks.collect(),
        comments: comments.collect(),
        suggestions: suggestions.collect(),
        attachments: record.attachments,
        dispatched: record.dispatched,
        receipts: record.receipts,
        findings: worded.findings,
        changed: worded.changes.unwrap_or_default(),
    }))
}

/// The version that a part of the path names.
fn version(record: &NoticeRecord, name: &str) -> Result<Digest> {
    match name {
        "last" => Ok(record.text),
        "first" => {
            let first = record.versions.first();
            Ok(first.map_or(record.text, |version| version.text))
        }
        hash => hash.parse().map_err(|_| {
            Fault::input("no-version", "This names no version.")
                .at(hash.escape_debug())
                .hint("write a whole SHA-256 of show_review, `first` or `last`")
        }),
    }
}

fn redline(asked: &Asked) -> Result<Value> {
    let (desk, id) = asked.at_notice()?;
    let record = desk.notice_record(&id)?;
    let from = version(&record, asked.param("from"))?;
    let to = version(&record, asked.param("to"))?;
    let (_, old) = desk.notice_at(&id, Some(from))?;
    let (_, new) = desk.notice_at(&id, Some(to))?;
    let piece = |piece: &Piece| match piece {
        Piece::Same(text) => PieceLine::Same(text.clone()),
        Piece::Added(text) => PieceLine::Added(text.clone()),
        Piece::Removed(text) => PieceLine::Removed(text.clone()),
    };
    let blocks = document::redline(&old, &new);
    let changed = blocks.iter().filter(|block| block.changed());
    let changed = changed.map(|block| ChangedBlock {
        old: block.old,
        new: block.new,
        pieces: block.pieces.iter().map(piece).collect(),
    });
    Ok(json!(Redline {
        from,
        to,
        changed: changed.collect(),
    }))
}

async fn submit(asked: Asked) -> Result<Value> {
    let Nothing {} = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    desk.submit_notice(&id).await?;
    desk.finish().await?;
    Ok(json!(line(&desk, &id)?))
}

async fn comment(asked: Asked) -> Result<Value> {
    let said: Remarking = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    let remark = Remarked {
        on: said.on,
        block: said.block,
        quote: said.quote,
        text: said.text,
        answers: said.answers,
        brought: None,
    };
    let number = desk.comment(&id, remark).await?;
    remark_of(&desk, &id, number).await
}

async fn resolve(asked: Asked) -> Result<Value> {
    let Nothing {} = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    let number = number(&asked, "comment")?;
    desk.resolve_comment(&id, number).await?;
    remark_of(&desk, &id, number).await
}

async fn remark_of(desk: &Desk, id: &NoticeId, number: u32) -> Result<Value> {
    desk.finish().await?;
    let record = desk.notice_record(id)?;
    Ok(json!(record.remark(number)))
}

async fn suggest(asked: Asked) -> Result<Value> {
    let said: OtherWords = asked.body()?;
    let why = reason(&said.reason)?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    let (_, text) = desk.notice_at(&id, said.on)?;
    let suggested = Suggested {
        on: said.on,
        change: change(&text, said.block, said.words, said.insert)?,
        reason: why,
        brought: None,
    };
    let number = desk.suggest(&id, suggested).await?;
    proposal_of(&desk, &id, number).await
}

async fn take(asked: Asked) -> Result<Value> {
    let said: TakeUp = asked.body()?;
    let why = reason(&said.reason)?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    desk.take_suggestions(&id, &said.numbers, &why).await?;
    desk.finish().await?;
    Ok(json!(line(&desk, &id)?))
}

async fn decline(asked: Asked) -> Result<Value> {
    let said: WhyNot = asked.body()?;
    let why = reason(&said.reason)?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    let number = number(&asked, "suggestion")?;
    desk.decline_suggestion(&id, number, &why).await?;
    proposal_of(&desk, &id, number).await
}

async fn proposal_of(desk: &Desk, id: &NoticeId, number: u32) -> Result<Value> {
    desk.finish().await?;
    let record = desk.notice_record(id)?;
    Ok(json!(record.proposal(number)))
}

async fn edit(asked: Asked) -> Result<Value> {
    let said: OneEdit = asked.body()?;
    let why = reason(&said.reason)?;
    let desk = asked.desk(Ability::Counsel)?;
    let id = which(&asked)?;
    let (_, text) = desk.notice_at(&id, Some(said.from))?;
    let change = change(&text, said.block, said.words, said.insert)?;
    desk.edit_notice(&id, said.from, change, &why).await?;
    desk.finish().await?;
    Ok(json!(line(&desk, &id)?))
}

/// A change of a paragraph of the text that the writer saw.
fn change(text: &str, block: usize, after: String, insert: bool) -> Result<Change> {
    let before = block_source(text, block)?;
    Ok(Change {
        block,
        before: if insert { String::new() } else { before },
        after,
    })
}

fn number(asked: &Asked, name: &str) -> Result<u32> {
    let text = asked.param(name);
    text.parse().map_err(|_| {
        let what = format!("The number of the {name} cannot be read.");
        Fault::input("number", what).at(text.escape_debug())
    })
}
