//! The template engine: handlebars in strict mode, with facts as the only data.
//!
//! - `{{fact "case.id"}}` puts a fact and the number of its evidence.
//! - `{{list "doors.open"}}` puts each value of a fact on a line of its own.
//! - `{{#section "Narrative" 3500}}…{{/section}}` counts what the addressee counts.
//! - `{{ask "earlier reports"}}` marks what only a person can fill in; it counts as missing.
//! - What is unknown is appended to every notice: it cannot be forgotten or deleted.

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
    keys: Vec<String>,
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
    engine.register_helper("ask", Box::new(Ask(Arc::clone(&used))));
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

/// True before an approval and after it; who approves reads here what goes out.
const REVIEW: &str = "Prepared for review. What goes out is the subject and the body below, up to “Unknown, not collected, expired”, without numbers of evidence and Markdown escapes: what `cordon notice show --plain` prints.";

/// Before the subject line of the mail.
const SUBJECT: &str = "Subject: ";

/// The heading of what a notice cannot say.
pub(super) const UNKNOWN: &str = "## Unknown, not collected, expired";

/// Head, body, what is unknown, and the table of evidence.
fn finish(about: &About, body: &str, facts: &Facts, used: &mut Used) -> String {
    let mut text = format!(
        "# {}\n\n{REVIEW}\n\n{SUBJECT}{}\n\nTo: {}. {}\n\n",
        about.title, about.subject, about.addressee, about.basis
    );
    for caution in &about.cautions {
        let _ = writeln!(text, "> {caution}");
    }
    let _ = write!(text, "\n{}\n\n{UNKNOWN}\n\n", body.trim());
    let before = text.len();
    for missing in &used.missing {
        let _ = writeln!(text, "- Not known: {missing}.");
    }
    for key in ["trails.gaps", "doors.unproven", "inventory.blind"] {
        // What the body has said is not said twice.
        let said = used.keys.iter().any(|said| said == key);
        if let Some(fact) = facts.get(key).filter(|_| !said) {
            text.push_str(&put(used, fact, Layout::Lines));
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
        used.keys.push(key.to_owned());
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
    let lead = match fact.standing {
        Standing::Fact => "",
        Standing::Inference => "(inference) ",
        Standing::Suspicion => "(suspicion) ",
    };
    let each = fact.values.iter().map(|value| {
        let text = shown(&value.text);
        format!("{text}{}", marks(used, &value.evidence))
    });
    match layout {
        Layout::Inline => {
            let shared = (fact.values.windows(2)).all(|pair| match pair {
                [one, other] => one.evidence == other.evidence,
                _ => true,
            });
            let Some(first) = fact.values.first().filter(|_| shared) else {
                return format!("{lead}{}", each.collect::<Vec<_>>().join("; "));
            };
            drop(each);
            let texts: Vec<String> = fact.values.iter().map(|value| shown(&value.text)).collect();
            format!("{lead}{}{}", texts.join("; "), marks(used, &first.evidence))
        }
        Layout::Lines => each.fold(String::new(), |mut text, value| {
            let _ = writeln!(text, "- {lead}{value}");
            text
        }),
    }
}

/// `[e1][e4–e9]`: numbers are given in the order of first use; three or more in a row are a range.
fn marks(used: &mut Used, evidence: &[EvidenceId]) -> String {
    let mut numbers: Vec<usize> = Vec::new();
    for id in evidence {
        let index = used
            .evidence
            .iter()
            .position(|known| known == id)
            .unwrap_or_else(|| {
                used.evidence.push(id.clone());
                used.evidence.len() - 1
            });
        numbers.push(index + 1);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let mut marks = String::new();
    for run in numbers.chunk_by(|a, b| a + 1 == *b) {
        match run {
            [first, _, .., last] => {
                let _ = write!(marks, "[e{first}–e{last}]");
            }
            few => few.iter().for_each(|number| {
                let _ = write!(marks, "[e{number}]");
            }),
        }
    }
    marks
}

/// Marks what only a person can say.
struct Ask(Shared);

impl HelperDef for Ask {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let what = helper
            .param(0)
            .and_then(|param| param.value().as_str())
            .unwrap_or_default();
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.missing.push(what.to_owned());
        out.write(&format!("[MISSING: {what}]"))?;
        Ok(())
    }
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
        let count = unmarked(inner.trim()).chars().count();
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

/// The body of a notice as it is copied into a form: no head, no numbers of evidence, no Markdown
/// escapes, nothing after it.
pub(super) fn plain(text: &str) -> String {
    let body: String = text
        .split_inclusive('\n')
        .skip_while(|line| in_head(line))
        .take_while(|line| line.trim_end() != UNKNOWN)
        .collect();
    unmarked(body.trim()) + "\n"
}

/// The subject line that the head of a text gives.
pub(super) fn subject(text: &str) -> Option<&str> {
    let mut head = text.lines().take_while(|line| in_head(line));
    head.find_map(|line| line.strip_prefix(SUBJECT))
}

/// Whether a line at the beginning of a text is of its head.
pub(super) fn in_head(line: &str) -> bool {
    let starts = ["# ", "> ", "To: ", SUBJECT, "Prepared for review"];
    line.trim().is_empty() || starts.iter().any(|start| line.starts_with(start))
}

/// Text without numbers of evidence and without Markdown escapes: what the addressee counts.
fn unmarked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = mark(rest) {
            rest = after;
            continue;
        }
        rest = rest.strip_prefix(c).unwrap_or_default();
        // `shown` puts a backslash before each character that formats.
        if c == '\\'
            && let Some(escaped) = rest.chars().next().filter(|next| formats(*next))
        {
            out.push(escaped);
            rest = rest.strip_prefix(escaped).unwrap_or_default();
        } else {
            out.push(c);
        }
    }
    out
}

/// What stands behind `[e4]` or `[e4–e9]` at the beginning of a text.
fn mark(text: &str) -> Option<&str> {
    let (numbers, after) = text.strip_prefix("[e")?.split_once(']')?;
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mark = match numbers.split_once("–e") {
        Some((first, last)) => number(first) && number(last),
        None => number(numbers),
    };
    mark.then_some(after)
}

const fn formats(c: char) -> bool {
    matches!(
        c,
        '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '{' | '}'
    )
}

/// A value as it may stand in Markdown: one line, nothing that formats, links or hides.
fn shown(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let value = value
        .replace("http://", "hxxp://")
        .replace("https://", "hxxps://");
    for c in crate::hostile::one_line(&value, 2_000).chars() {
        if formats(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_a_range_and_none_stands_twice() {
        let mut used = Used::default();
        let ids: Vec<EvidenceId> = (0..5).map(|_| EvidenceId::fresh()).collect();
        assert_eq!(marks(&mut used, &ids), "[e1–e5]");
        let some: Vec<EvidenceId> = [0, 1, 1, 3]
            .iter()
            .filter_map(|at| ids.get(*at).cloned())
            .collect();
        assert_eq!(marks(&mut used, &some), "[e1][e2][e4]");
    }

    #[test]
    fn plain_text_is_what_was_said_and_counted() {
        let said = r"a_b [x] C:\dir [e12] <c@d.example> #1";
        let marked = format!(
            "# T\n\n{REVIEW}\n\n{SUBJECT}S_1\n\nTo: X. Y\n\n> care\n\nIt is.\n\n## Body\n\n{}[e1][e4–e9]\n\n{UNKNOWN}\n\n- x\n",
            shown(said)
        );
        assert_eq!(plain(&marked), format!("It is.\n\n## Body\n\n{said}\n"));
        assert_eq!(unmarked(&shown(said)), said);
        assert_eq!(subject(&marked), Some("S_1"));
        assert_eq!(subject("# T\n\nTo: X. Y\n\nBody\nSubject: x\n"), None);
    }
}
