//! Notices: drafts to someone, rendered from facts that are bound to evidence.
//!
//! A template cannot reach the case; it sees facts by name. A fact without a value is listed as
//! missing and never invented. An approval binds the SHA-256 of the whole text, whose head says what of
//! it goes out: its subject line, and its body and cover mail as their page shows them, without numbers
//! of evidence.

mod about;
pub mod bounce;
pub mod dictionary;
pub mod facts;
pub mod lint;
pub mod places;
pub mod revision;
pub mod section;
pub mod send;
mod template;
mod text;
pub mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;

pub use about::{About, Channel, Confidence, Field};
pub use facts::{Company, Fact, Facts, Standing, Value};
pub use words::Language;

use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;

/// The templates that the program carries; one folder per notice, and what all of them share.
#[derive(rust_embed::RustEmbed)]
#[folder = "templates/notice"]
struct Shipped;

/// A rendered draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// The template.
    pub template: String,
    /// The whole text, Markdown.
    pub text: String,
    /// SHA-256 of the text: what an approval binds.
    pub digest: Digest,
    /// The evidence behind its facts, in the order of the numbers in the text.
    pub evidence: Vec<EvidenceId>,
    /// Facts that it asks for and the case does not have.
    pub missing: Vec<String>,
    /// What it would say and the case has, left out as a suspicion.
    pub withheld: Vec<String>,
    /// Sections that are longer than the addressee takes.
    pub too_long: Vec<String>,
    /// What the wording lint finds in it.
    pub findings: Vec<lint::Finding>,
    /// The facts that it asks for, by name, each once, in the order of the text.
    pub keys: Vec<String>,
}

/// The names of the shipped notices.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = Shipped::iter()
        .filter_map(|path| path.strip_suffix("/notice.toml").map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// The metadata of a shipped notice.
///
/// # Errors
/// There is no such notice; the fault names the ones that exist.
pub fn about(name: &str) -> Result<About> {
    About::read(name, &file(name, "notice.toml")?)
}

/// Renders a notice from facts; one to a private party tells nothing of what is suspected.
///
/// # Errors
/// There is no such notice, or its template asks for a fact that no case can have or that it may not
/// hold.
pub fn draft(name: &str, facts: &Facts) -> Result<Draft> {
    draft_with(name, facts, false)
}

/// Renders a notice from facts, with what is suspected where a person said that a private party may be
/// told of it.
///
/// # Errors
/// As [`draft`].
pub fn draft_with(name: &str, facts: &Facts, suspicion: bool) -> Result<Draft> {
    let about = about(name)?;
    let told;
    let facts = if suspicion || !about.asks_before_suspicion() {
        facts
    } else {
        told = facts.clone().without_suspicion();
        &told
    };
    let source = |base: &str, language: Language| source(name, base, language);
    let english = source("body.md.hbs", Language::En)
        .ok_or_else(|| lacks(name, "body.md.hbs", Language::En))?;
    let own = |base: &str| source(base, about.language);
    let body = own("body.md.hbs").ok_or_else(|| lacks(name, "body.md.hbs", about.language))?;
    let mail = source("mail.hbs", Language::En);
    let cover = own("mail.hbs");
    if mail.is_some() && cover.is_none() {
        return Err(lacks(name, "mail.hbs", about.language));
    }
    if cover.is_some() && about.channel != Channel::Mail {
        return Err(Fault::failed(
            "template",
            "Only a notice that goes by mail has a cover mail.",
        )
        .at(format!("templates/notice/{name}")));
    }
    let reading = (about.language != Language::En).then_some((english, mail));
    let sources = template::Sources {
        body,
        cover,
        reading,
    };
    template::render(name, &about, &sources, facts)
}

/// One file of a notice in a language.
fn source(name: &str, base: &str, language: Language) -> Option<template::Source> {
    let dot = match language {
        Language::En => String::new(),
        other => format!(".{}", other.code()),
    };
    let (stem, rest) = base.split_once('.')?;
    let file = format!("{name}/{stem}{dot}.{rest}");
    let text = shipped(&file).ok()?;
    Some(template::Source {
        file,
        text,
        language,
    })
}

/// The most characters that each section of a notice's body may have, by name: what the addressee's
/// form takes, as the template says it. What a heading says is for people to read.
///
/// # Errors
/// There is no such notice.
pub fn limits(name: &str) -> Result<&'static BTreeMap<String, usize>> {
    type Limits = BTreeMap<String, BTreeMap<String, usize>>;
    static ALL: LazyLock<Result<Limits, String>> = LazyLock::new(|| {
        let each = names().into_iter().map(|name| {
            let about = about(&name)?;
            let mut limits = match source(&name, "body.md.hbs", about.language) {
                Some(body) => template::limits(&about, &body)?,
                None => BTreeMap::new(),
            };
            for field in &about.fields {
                if let (Some(section), Some(limit)) = (&field.section, field.limit) {
                    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                    let known = limits.entry(section.clone()).or_insert(limit);
                    *known = limit.min(*known);
                }
            }
            Ok((name, limits))
        });
        each.collect::<Result<_>>()
            .map_err(|fault| fault.to_string())
    });
    let all = ALL.as_ref().map_err(|why| {
        Fault::failed("template", "The limits of the notices cannot be read.")
            .caused_by(why.clone())
    })?;
    all.get(name).ok_or_else(|| no_notice(name))
}

fn lacks(name: &str, base: &str, language: Language) -> Fault {
    Fault::failed(
        "template",
        format!("The notice has no `{base}` in {}.", language.name()),
    )
    .at(format!("templates/notice/{name}"))
    .hint("a notice that goes out in another language has the English one beside it")
}

/// What goes out by mail of an approved text: nothing but a function of its bytes, as its head says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outgoing {
    /// The subject line, as the head of the text gives it.
    pub subject: String,
    /// The cover mail where there is one, then the body as [`plain`] gives it.
    pub body: String,
}

/// What goes out by mail of an approved text. A text of before its head said what goes out was
/// approved as a whole, and goes out so.
pub fn outgoing(about: &About, text: &str) -> Outgoing {
    match text::subject(text) {
        Some(subject) => Outgoing {
            subject: subject.to_owned(),
            body: match cover(text) {
                Some(cover) => format!("{cover}\n\n{}", plain(text)),
                None => plain(text),
            },
        },
        None => Outgoing {
            subject: about.subject.clone(),
            body: text.to_owned(),
        },
    }
}

/// The body of a notice's text as it goes out by mail or is copied into a form: the words that its page and
/// its Word file show, without numbers of evidence.
pub fn plain(text: &str) -> String {
    text::plain(text)
}

/// The cover mail of a notice's text as it goes out; `None` when it has none.
pub fn cover(text: &str) -> Option<String> {
    text::cover(text)
}

fn file(name: &str, file: &str) -> Result<String> {
    if Shipped::get(&format!("{name}/{file}")).is_none() {
        return Err(no_notice(name));
    }
    shipped(&format!("{name}/{file}"))
}

fn no_notice(name: &str) -> Fault {
    let what = format!("There is no notice `{}`.", name.escape_debug());
    Fault::input("no-notice", what).hint(format!("notices: {}", names().join(", ")))
}

/// The text of a file that the program carries.
fn shipped(path: &str) -> Result<String> {
    let place = format!("templates/notice/{path}");
    let bytes = Shipped::get(path)
        .ok_or_else(|| Fault::failed("template", "There is no such file.").at(&place))?;
    String::from_utf8(bytes.data.into_owned()).map_err(|error| {
        Fault::failed("template", "A template is not UTF-8.")
            .at(place)
            .caused_by(error)
    })
}
