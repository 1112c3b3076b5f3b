//! The template engine: handlebars in strict mode, with facts as the only data.
//!
//! - `{{fact "case.id"}}` puts a fact and the number of its evidence.
//! - `{{list "doors.open"}}` puts each value of a fact on a line of its own.
//! - `{{#known "key"}}…{{else}}…{{/known}}` asks whether the case has a fact.
//! - `{{#section "Narrative" 3500}}…{{/section}}` counts what the addressee counts; the limit may be left out.
//! - `{{clock "eu.gdpr.33"}}` puts when the clock of an obligation runs out.
//! - `{{ask "earlier reports"}}` marks what only a person can fill in; it counts as missing.
//! - What is unknown is appended to every notice: it cannot be forgotten or deleted.

mod check;
mod fit;
mod used;
mod verbs;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use handlebars::{Handlebars, no_escape};

use super::about::About;
use super::facts::{Facts, Kept};
use super::text::{Parts, whole};
use super::words::Language;
use super::{Draft, dictionary};
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use used::Used;
use verbs::{Layout, Page, settled};

/// One file of a notice.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path under `templates/notice`.
    pub(super) file: String,
    /// What it says.
    pub(super) text: String,
    /// The language that it is in.
    pub(super) language: Language,
}

/// The files of a notice.
#[derive(Debug)]
pub(super) struct Sources {
    /// The body that goes out.
    pub(super) body: Source,
    /// The cover mail that goes out.
    pub(super) cover: Option<Source>,
    /// The English body and cover mail, when another language goes out.
    pub(super) reading: Option<(Source, Option<Source>)>,
}

pub(super) fn render(name: &str, about: &About, sources: &Sources, facts: &Facts) -> Result<Draft> {
    let facts = Arc::new(facts.clone());
    let shared = Arc::new(Mutex::new(Used::default()));
    let put = |source: &Source| one(about, source, &facts, &shared);
    let body = put(&sources.body)?;
    check::fields(about, &sources.body)?;
    let cover = sources.cover.as_ref().map(put).transpose()?;
    // The reading copy says the same again: what it lacks or has too much of was said of the body.
    let said = shared.lock().map(|used| used.clone()).unwrap_or_default();
    let reading = match &sources.reading {
        None => None,
        Some((body, mail)) => {
            let body = put(body)?;
            let mail = mail.as_ref().map(put).transpose()?;
            Some(match mail {
                Some(mail) => format!("{}\n\nCover mail:\n\n{}", body.trim(), mail.trim()),
                None => body,
            })
        }
    };
    let mut used = shared.lock().unwrap_or_else(PoisonError::into_inner);
    used.keep_sections(&said);
    let unknown = unknown(about, &facts, &mut used);
    let evidence = used.evidence.iter().enumerate();
    let evidence = evidence.fold(String::new(), |mut lines, (index, id)| {
        let _ = writeln!(lines, "[e{}] {id} {}", index + 1, facts.evidence_line(id));
        lines
    });
    let parts = Parts {
        body,
        cover,
        reading,
        unknown,
        evidence,
    };
    let text = whole(about, &parts);
    Ok(Draft {
        template: name.to_owned(),
        digest: Digest::of(text.as_bytes()),
        evidence: used.evidence.clone(),
        missing: used.missing.clone(),
        withheld: used.withheld.clone(),
        too_long: used.too_long.clone(),
        findings: super::lint::look(&super::lint::Asked {
            text: &text,
            known: &[Kept::of(&facts)],
            notice: Some(name),
            first: Some(&text),
        })?,
        keys: used.keys.clone(),
        text,
    })
}

/// The limits of the sections of a notice's body, by name, in characters.
///
/// # Errors
/// The template cannot be read.
pub(super) fn limits(about: &About, body: &Source) -> Result<BTreeMap<String, usize>> {
    let place = format!("templates/notice/{}", body.file);
    check::limits(&place, about, &body.text)
}

/// Renders one file.
fn one(
    about: &About,
    source: &Source,
    facts: &Arc<Facts>,
    used: &Arc<Mutex<Used>>,
) -> Result<String> {
    let place = format!("templates/notice/{}", source.file);
    let template = check::compile(&place, about, &source.text)?;
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(no_escape); // values are escaped for Markdown where they are put
    verbs::register(
        &mut engine,
        &Page {
            facts: Arc::clone(facts),
            used: Arc::clone(used),
            language: source.language,
        },
    );
    engine.register_template(&source.file, template);
    let rendered = engine.render(&source.file, &());
    rendered.map(|text| settled(&text)).map_err(|error| {
        let line = error.line_no.unwrap_or_default();
        Fault::failed("template", "A template cannot be rendered.")
            .at(format!("{place}:{line}"))
            .caused_by(error)
    })
}

/// What the notice cannot say: facts that it lacks, what logs and lists could not show, what was not
/// said in its language.
fn unknown(about: &About, facts: &Facts, used: &mut Used) -> String {
    let mut text = String::new();
    for missing in used.missing.iter().chain(&used.absent) {
        // That something is suspected is not for who may not read what.
        if !used.withheld.contains(missing) {
            let _ = writeln!(text, "- Not known: {missing}.");
        }
    }
    for key in used.keys.clone() {
        let silent = |fact: &super::Fact| !fact.speaks(about.language);
        if facts.get(&key).is_some_and(silent) {
            let label = dictionary::known(&key).map_or(key.as_str(), |k| k.label(Language::En));
            let name = about.language.name();
            let _ = writeln!(text, "- Recorded, but not in {name}: {label}.");
        }
    }
    for key in ["trails.gaps", "doors.unproven", "inventory.blind"] {
        // What the body has said is not said twice.
        let said = used.keys.iter().any(|said| said == key);
        if let Some(fact) = facts.get(key).filter(|_| !said) {
            text.push_str(&used.put(fact, Layout::Lines, Language::En));
        }
    }
    if text.is_empty() {
        text.push_str(
            "- Nothing was recorded here; that is not a statement that nothing happened.\n",
        );
    }
    text
}
