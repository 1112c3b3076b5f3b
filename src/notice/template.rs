//! The template engine: handlebars in strict mode, with facts as the only data.
//!
//! - `{{fact "case.id"}}` puts a fact and the number of its evidence.
//! - `{{list "doors.open"}}` puts each value of a fact on a line of its own.
//! - `{{#section "Narrative" 3500}}…{{/section}}` counts what the addressee counts.
//! - `{{> unknowns}}` is appended to every notice: it cannot be forgotten or deleted.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
    Renderable as _, StringOutput, no_escape,
};

use super::facts::{Fact, Facts, Standing};
use super::{About, Draft};
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;

/// What a rendering used and lacked.
#[derive(Debug, Default)]
struct Used {
    evidence: Vec<EvidenceId>,
    missing: Vec<String>,
    too_long: Vec<String>,
}

type Shared = Arc<Mutex<Used>>;

pub(super) fn render(name: &str, about: &About, body: &str, facts: &Facts) -> Result<Draft> {
    let used = Shared::default();
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(no_escape); // values are escaped for Markdown where they are put
    let all = Arc::new(facts.clone());
    for (name, layout) in [("fact", Layout::Inline), ("list", Layout::Lines)] {
        let helper = Put {
            facts: Arc::clone(&all),
            used: Arc::clone(&used),
            layout,
        };
        engine.register_helper(name, Box::new(helper));
    }
    engine.register_helper("section", Box::new(Section(Arc::clone(&used))));
    let failed = |what: String| {
        Fault::failed("template", what).at(format!("templates/notice/{name}/body.md.hbs"))
    };
    engine
        .register_template_string(name, body)
        .map_err(|error| {
            failed(format!(
                "A template cannot be read near line {}.",
                error.pos().map_or(0, |(line, _)| line)
            ))
            .hint("is a `{{#…}}` left open?")
        })?;
    let text = engine
        .render(name, &serde_json::json!({ "about": about }))
        .map_err(|error| {
            failed(format!(
                "A template cannot be rendered near line {}.",
                error.line_no.unwrap_or_default()
            ))
            .caused_by(error)
        })?;
    drop(engine);
    let mut used = std::mem::take(&mut *used.lock().unwrap_or_else(PoisonError::into_inner));
    let text = finish(about, &text, facts, &mut used);
    Ok(Draft {
        template: name.to_owned(),
        digest: Digest::of(text.as_bytes()),
        text,
        evidence: used.evidence,
        missing: used.missing,
        too_long: used.too_long,
    })
}

/// Head, body, what is unknown, and the table of evidence.
fn finish(about: &About, body: &str, facts: &Facts, used: &mut Used) -> String {
    let mut text = format!(
        "# {}\n\nDRAFT for review. To: {}. {}\n\n",
        about.title, about.addressee, about.basis
    );
    for caution in &about.cautions {
        let _ = writeln!(text, "> {caution}");
    }
    let _ = write!(
        text,
        "\n{}\n\n## Unknown, not collected, expired\n\n",
        body.trim()
    );
    let before = text.len();
    for missing in &used.missing {
        let _ = writeln!(text, "- Not known: {missing}.");
    }
    for key in ["trails.gaps", "doors.unproven", "inventory.blind"] {
        if let Some(fact) = facts.get(key) {
            for (index, value) in fact.values.iter().enumerate() {
                let marks = if index == 0 {
                    marks(used, fact)
                } else {
                    String::new()
                };
                let _ = writeln!(text, "- {}{marks}", shown(value));
            }
        }
    }
    if text.len() == before {
        text.push_str(
            "- Nothing was recorded here; that is not a statement that nothing happened.\n",
        );
    }
    text.push_str("\n## Evidence\n\n");
    for (index, id) in used.evidence.iter().enumerate() {
        let _ = writeln!(text, "[e{}] {id} {}", index + 1, facts.evidence_line(id));
    }
    text
}

#[derive(Clone, Copy)]
enum Layout {
    Inline,
    Lines,
}

/// Puts a fact, or says that it is missing.
struct Put {
    facts: Arc<Facts>,
    used: Shared,
    layout: Layout,
}

impl HelperDef for Put {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let key = helper
            .param(0)
            .and_then(|param| param.value().as_str())
            .unwrap_or_default();
        let Some(what) = super::facts::describe(key) else {
            return Err(
                RenderErrorReason::Other(format!("no case can have the fact `{key}`")).into(),
            );
        };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fact) = self.facts.get(key) else {
            if !used.missing.iter().any(|known| known == what) {
                used.missing.push(what.to_owned());
            }
            out.write(&format!("[MISSING: {what}]"))?;
            return Ok(());
        };
        out.write(&put(&mut used, fact, self.layout))?;
        Ok(())
    }
}

fn put(used: &mut Used, fact: &Fact, layout: Layout) -> String {
    let marks = marks(used, fact);
    let lead = match fact.standing {
        Standing::Fact => "",
        Standing::Inference => "(inference) ",
        Standing::Suspicion => "(suspicion) ",
    };
    let values: Vec<String> = fact.values.iter().map(|value| shown(value)).collect();
    match layout {
        Layout::Inline => format!("{lead}{}{marks}", values.join("; ")),
        Layout::Lines => values.iter().fold(String::new(), |mut lines, value| {
            let _ = writeln!(lines, "- {lead}{value}{marks}");
            lines
        }),
    }
}

/// `[e1][e4]`: numbers are given in the order of first use.
fn marks(used: &mut Used, fact: &Fact) -> String {
    let mut marks = String::new();
    for id in &fact.evidence {
        let index = used
            .evidence
            .iter()
            .position(|known| known == id)
            .unwrap_or_else(|| {
                used.evidence.push(id.clone());
                used.evidence.len() - 1
            });
        let _ = write!(marks, "[e{}]", index + 1);
    }
    marks
}

/// Counts what the addressee counts, and says when it is too much.
struct Section(Shared);

impl HelperDef for Section {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let name = helper
            .param(0)
            .and_then(|param| param.value().as_str())
            .unwrap_or_default();
        let limit = helper
            .param(1)
            .and_then(|param| param.value().as_u64())
            .unwrap_or_default();
        let mut inner = StringOutput::new();
        if let Some(template) = helper.template() {
            template.render(engine, context, render, &mut inner)?;
        }
        let inner = inner.into_string().map_err(RenderErrorReason::from)?;
        let count = without_marks(inner.trim()).chars().count();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if count > limit {
            let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            used.too_long
                .push(format!("{name}: {count} of {limit} characters"));
        }
        out.write(&format!(
            "## {name} ({count} of {limit} characters)\n\n{}\n",
            inner.trim()
        ))?;
        Ok(())
    }
}

/// The text without the numbers of the evidence: what is copied into a form.
pub(super) fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[e") {
        let mark = after
            .split_once(']')
            .filter(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
        out.push_str(before);
        if let Some((_, behind)) = mark {
            rest = behind;
        } else {
            out.push_str("[e");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// A value as it may stand in Markdown: one line, nothing that formats, links or hides.
fn shown(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let value = value.replace("http://", "hxxp://").replace("https://", "hxxps://");
    for c in crate::hostile::one_line(&value, 2_000).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '{' | '}'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
