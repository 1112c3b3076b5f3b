//! Notices: drafts to someone, rendered from facts that are bound to evidence.
//!
//! A template cannot reach the case; it sees facts by name. A fact without a value is listed as
//! missing and never invented. An approval binds the SHA-256 of the whole text, whose head says what of
//! it goes out: its subject line and its body without numbers of evidence and Markdown escapes.

pub mod bounce;
pub mod facts;
pub mod send;
mod template;

use serde::{Deserialize, Serialize};

pub use facts::{Company, Fact, Facts, Standing, Value};

use crate::canon::Digest;
use crate::case::event::Quorum;
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::playbook::ROLES;

/// The templates that the program carries; one folder per notice.
#[derive(rust_embed::RustEmbed)]
#[folder = "templates/notice"]
struct Shipped;

/// The metadata of a notice: `notice.toml`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it is.
    pub title: String,
    /// To whom.
    pub addressee: String,
    /// How it goes out: `mail`, `portal` or `inside`.
    pub channel: String,
    /// The subject line of the mail, neutral.
    pub subject: String,
    /// The basis, and what is not a duty.
    pub basis: String,
    /// What a person has to know before sending.
    pub cautions: Vec<String>,
    /// Whose approval the text needs.
    pub approval: Quorum,
}

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
    /// Sections that are longer than the addressee takes.
    pub too_long: Vec<String>,
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
    let bad = |what: &str| Fault::failed("template", what.to_owned()).at(name.escape_debug());
    let about: About = toml::from_str(&file(name, "notice.toml")?)
        .map_err(|error| bad("The metadata of a notice cannot be read.").caused_by(error))?;
    let known = |role: &String| ROLES.contains(&role.as_str());
    let Quorum { roles, people } = &about.approval;
    if roles.is_empty() || !roles.iter().all(known) || *people == 0 {
        return Err(bad(
            "The metadata of a notice asks nobody for an approval, or a role that does not exist.",
        )
        .hint(format!("roles: {}", ROLES.join(", "))));
    }
    Ok(about)
}

/// Renders a notice from facts.
///
/// # Errors
/// There is no such notice, or its template asks for a fact that no case can have.
pub fn draft(name: &str, facts: &Facts) -> Result<Draft> {
    let about = about(name)?;
    let body = file(name, "body.md.hbs")?;
    template::render(name, &about, &body, facts)
}

/// What goes out by mail of an approved text: nothing but a function of its bytes, as its head says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outgoing {
    /// The subject line, as the head of the text gives it.
    pub subject: String,
    /// The body, as [`plain`] gives it.
    pub body: String,
}

/// What goes out by mail of an approved text. A text of before its head said what goes out was
/// approved as a whole, and goes out so.
pub fn outgoing(about: &About, text: &str) -> Outgoing {
    match template::subject(text) {
        Some(subject) => Outgoing {
            subject: subject.to_owned(),
            body: template::plain(text),
        },
        None => Outgoing {
            subject: about.subject.clone(),
            body: text.to_owned(),
        },
    }
}

/// The body of a notice's text as it goes out by mail or is copied into a form: no numbers of evidence, no escapes.
pub fn plain(text: &str) -> String {
    template::plain(text)
}

fn file(name: &str, file: &str) -> Result<String> {
    let bytes = Shipped::get(&format!("{name}/{file}")).ok_or_else(|| {
        Fault::input(
            "no-notice",
            format!("There is no notice `{}`.", name.escape_debug()),
        )
        .hint(format!("notices: {}", names().join(", ")))
    })?;
    String::from_utf8(bytes.data.into_owned()).map_err(|error| {
        Fault::failed("template", "A template is not UTF-8.")
            .at(name)
            .caused_by(error)
    })
}
