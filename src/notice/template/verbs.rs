//! The helpers that a template can use; [`super::check`] knows their names and what they take.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
    Renderable as _, StringOutput,
};

use super::fit::fitted;
use super::used::Used;
use crate::notice::dictionary;
use crate::notice::facts::Facts;
use crate::notice::text::unmarked;
use crate::notice::words::{Language, phrase};

/// What a rendering reads and writes.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) facts: Arc<Facts>,
    pub(super) used: Arc<Mutex<Used>>,
    pub(super) language: Language,
}

impl Page {
    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a fact is put.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// Its values in one line.
    Inline,
    /// Each value on a line of its own.
    Lines,
}

pub(super) fn register(engine: &mut Handlebars<'_>, page: &Page) {
    let put = |layout| {
        Box::new(Put {
            page: page.clone(),
            layout,
        })
    };
    engine.register_helper("fact", put(Layout::Inline));
    engine.register_helper("list", put(Layout::Lines));
    engine.register_helper("ask", Box::new(Ask(page.clone())));
    engine.register_helper("clock", Box::new(Ends(page.clone())));
    engine.register_helper("known", Box::new(IfKnown(page.clone())));
    engine.register_helper("section", Box::new(Section(page.clone())));
}

/// Stands behind a value that ends with a full stop, until it is known what the template says next. No
/// character: no value and no template has it.
const STOPPED: char = '\u{fdd0}';

/// A value that ends with a full stop is marked: `Example Inc.` ends the sentence by itself.
fn ended(mut text: String) -> String {
    text.retain(|c| c != STOPPED);
    let mut end = text.as_str();
    // The numbers of its evidence stand behind it: `[e4–e9]`.
    let numbers = |mark: &str| mark.chars().all(|c| c.is_ascii_digit() || "–e".contains(c));
    while let Some(inner) = end.strip_suffix(']')
        && let Some((before, _)) = (inner.rsplit_once("[e")).filter(|(_, mark)| numbers(mark))
    {
        end = before;
    }
    if end.ends_with('.') {
        text.push(STOPPED);
    }
    text
}

/// What was rendered, with one full stop where a value brought its own and the template sets another.
pub(super) fn settled(text: &str) -> String {
    let stopped = format!("{STOPPED}.");
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once(&stopped) {
        out.push_str(before);
        // Three full stops are no end of a sentence.
        if after.starts_with('.') {
            out.push('.');
        }
        rest = after;
    }
    out.push_str(rest);
    out.retain(|c| c != STOPPED);
    out
}

fn word<'a>(helper: &'a Helper<'_>) -> &'a str {
    let first = helper.param(0).and_then(|param| param.value().as_str());
    first.unwrap_or_default()
}

/// Puts a fact, or says that it is missing.
struct Put {
    page: Page,
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
        let key = word(helper);
        let Some(known) = dictionary::known(key) else {
            let what = format!("no case can have the fact `{key}`");
            return Err(RenderErrorReason::Other(what).into());
        };
        let mut used = self.page.used();
        used.key(key);
        let facts = &self.page.facts;
        if facts.withholds(key) {
            used.withheld(known.label(Language::En));
        }
        let text = if let Some(fact) = facts.get(key) {
            let text = used.put(fact, self.layout, self.page.language);
            match self.layout {
                Layout::Inline => ended(text),
                Layout::Lines => text,
            }
        } else if facts.is_silent_on(key) {
            String::new()
        } else {
            used.lacks(known.label(Language::En));
            format!("[MISSING: {}]", known.label(self.page.language))
        };
        out.write(&text)?;
        Ok(())
    }
}

/// Marks what only a person can say.
struct Ask(Page);

impl HelperDef for Ask {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let what = word(helper);
        self.0.used().lacks(what);
        out.write(&format!("[MISSING: {what}]"))?;
        Ok(())
    }
}

/// Says when the clock of an obligation runs out.
struct Ends(Page);

impl HelperDef for Ends {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let id = word(helper);
        let mut used = self.0.used();
        let what = |language| phrase(language, "clock.missing", &[("clock", id.to_owned())]);
        let text = if let Some(due) = self.0.facts.due(id) {
            used.value(&due.value, self.0.language)
        } else {
            used.lacks(&what(Language::En));
            format!("[MISSING: {}]", what(self.0.language))
        };
        out.write(&text)?;
        Ok(())
    }
}

/// Renders one of two parts: whether the case has a fact.
struct IfKnown(Page);

impl HelperDef for IfKnown {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let key = word(helper);
        let facts = &self.0.facts;
        let known = facts.get(key).is_some();
        if !known && let Some(entry) = dictionary::known(key) {
            let label = entry.label(Language::En);
            if facts.withholds(key) {
                self.0.used().withheld(label);
            }
            if !facts.is_silent_on(key) {
                self.0.used().absent(label);
            }
        }
        let part = if known {
            helper.template()
        } else {
            helper.inverse()
        };
        part.map_or(Ok(()), |part| part.render(engine, context, render, out))
    }
}

/// Counts what the addressee counts, and says when it is too much.
struct Section(Page);

impl HelperDef for Section {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let name = word(helper);
        let limit = helper.param(1).and_then(|param| param.value().as_u64());
        let mut inner = StringOutput::new();
        if let Some(template) = helper.template() {
            template.render(engine, context, render, &mut inner)?;
        }
        let inner = settled(&inner.into_string().map_err(RenderErrorReason::from)?);
        let inner = inner.trim();
        let Some(limit) = limit else {
            out.write(&format!("## {name}\n\n{inner}\n"))?;
            return Ok(());
        };
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let inner = &fitted(inner, most, |count| {
            let args = [("count", count.to_string())];
            phrase(self.0.language, "notice.more", &args)
        });
        let count = unmarked(inner).chars().count();
        if u64::try_from(count).unwrap_or(u64::MAX) > limit {
            let long = format!("{name}: {count} of {limit} characters");
            self.0.used().too_long.push(long);
        }
        let args = [
            ("name", name.to_owned()),
            ("count", count.to_string()),
            ("limit", limit.to_string()),
        ];
        let heading = phrase(self.0.language, "notice.section", &args);
        out.write(&format!("## {heading}\n\n{inner}\n"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_ends_with_a_full_stop_ends_the_sentence() {
        let put = |value: &str| ended(value.to_owned());
        for (value, said) in [
            ("Example Inc.", "Example Inc. Next"),
            ("Example Inc.[e1]", "Example Inc.[e1] Next"),
            ("Example Inc.[e1][e3–e5]", "Example Inc.[e1][e3–e5] Next"),
            ("Example GmbH[e1]", "Example GmbH[e1]. Next"),
            ("odd [e1.", "odd [e1. Next"),
        ] {
            assert_eq!(settled(&format!("{}. Next", put(value))), said);
        }
        assert_eq!(settled(&format!("{}, and", put("Inc."))), "Inc., and");
        assert_eq!(settled(&format!("{}\n", put("Inc."))), "Inc.\n");
        assert_eq!(put("a\u{fdd0}.b"), "a.b");
    }
}
