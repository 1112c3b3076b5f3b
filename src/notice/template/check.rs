//! Reads a template before anything is rendered: every branch of it uses only helpers that exist, with
//! the words that they take, and only facts that a case can have and the notice may hold.

use std::collections::BTreeMap;

use handlebars::Template;
use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use serde_json::Value;

use super::Source;
use crate::fault::{Fault, Result};
use crate::notice::about::{About, is_obligation};
use crate::notice::dictionary;

/// What the words behind a helper are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// The name of a fact.
    Key,
    /// Words.
    Words,
    /// The id of an obligation.
    Obligation,
    /// The name of a section and the most characters that it may have.
    Section,
}

/// The helpers: name, whether it has a body, what it takes.
const HELPERS: &[(&str, bool, Takes)] = &[
    ("ask", false, Takes::Words),
    ("clock", false, Takes::Obligation),
    ("fact", false, Takes::Key),
    ("known", true, Takes::Key),
    ("list", false, Takes::Key),
    ("section", true, Takes::Section),
];

/// Reads a template.
///
/// # Errors
/// It cannot be read, or uses what does not exist; the fault names file and line.
pub(super) fn compile(place: &str, about: &About, text: &str) -> Result<Template> {
    let template = Template::compile(text).map_err(|error| {
        let line = error.pos().map_or(0, |(line, _)| line);
        Fault::failed("template", "A template cannot be read.")
            .at(format!("{place}:{line}"))
            .caused_by(error)
            .hint("is a `{{#…}}` left open?")
    })?;
    walked(place, about, &template)?;
    Ok(template)
}

/// The limits of the sections of a template, by name, in characters.
///
/// # Errors
/// As [`compile`].
pub(super) fn limits(place: &str, about: &About, text: &str) -> Result<BTreeMap<String, usize>> {
    let sections = walked(place, about, &compile(place, about, text)?)?;
    let limited = sections.into_iter();
    Ok(limited
        .filter_map(|(name, limit)| Some((name, usize::try_from(limit?).ok()?)))
        .collect())
}

/// The sections of a template, with their limits.
fn walked(place: &str, about: &About, template: &Template) -> Result<Vec<(String, Option<u64>)>> {
    let mut walk = Walk {
        place,
        about,
        sections: Vec::new(),
    };
    walk.template(template, false)?;
    Ok(walk.sections)
}

/// Whether the fields of the metadata name sections that the body has.
///
/// # Errors
/// A field names a section that the body does not have.
pub(super) fn fields(about: &About, body: &Source) -> Result<()> {
    let wanted = about
        .fields
        .iter()
        .filter_map(|field| field.section.as_ref());
    for section in wanted {
        let opening = format!("{{{{#section \"{section}\"");
        if !body.text.contains(&opening) {
            let what = format!("A field names the section `{section}`, which the body lacks.");
            return Err(
                Fault::failed("template", what).at(format!("templates/notice/{}", body.file))
            );
        }
    }
    Ok(())
}

struct Walk<'a> {
    place: &'a str,
    about: &'a About,
    sections: Vec<(String, Option<u64>)>,
}

impl Walk<'_> {
    fn template(&mut self, template: &Template, in_section: bool) -> Result<()> {
        for (element, place) in template.elements.iter().zip(&template.mapping) {
            self.element(element, in_section)
                .map_err(|fault| match fault.place() {
                    Some(_) => fault,
                    None => fault.at(format!("{}:{}", self.place, place.0)),
                })?;
        }
        Ok(())
    }

    fn element(&mut self, element: &TemplateElement, in_section: bool) -> Result<()> {
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => Ok(()),
            TemplateElement::Expression(helper) => self.helper(helper, false, in_section),
            TemplateElement::HelperBlock(helper) => self.helper(helper, true, in_section),
            _ => Err(bad("A template uses what no notice can use.")),
        }
    }

    fn helper(&mut self, helper: &HelperTemplate, block: bool, in_section: bool) -> Result<()> {
        let name = helper.name.as_name().unwrap_or_default();
        let known = HELPERS.iter().find(|(known, ..)| *known == name);
        let Some((_, with_body, takes)) = known else {
            let names: Vec<&str> = HELPERS.iter().map(|(name, ..)| *name).collect();
            return Err(
                bad(&format!("There is no helper `{}`.", name.escape_debug()))
                    .hint(format!("helpers: {}", names.join(", "))),
            );
        };
        if *with_body != block || !helper.hash.is_empty() {
            let form = if *with_body {
                "{{#…}}…{{/…}}"
            } else {
                "{{…}}"
            };
            return Err(bad(&format!("`{name}` is not used in its form {form}.")));
        }
        let section = *takes == Takes::Section;
        if section && in_section {
            return Err(bad("A section stands inside another."));
        }
        self.words(name, *takes, &helper.params)?;
        for part in [&helper.template, &helper.inverse].into_iter().flatten() {
            self.template(part, in_section || section)?;
        }
        Ok(())
    }

    fn words(&mut self, name: &str, takes: Takes, params: &[Parameter]) -> Result<()> {
        let (first, rest) = match params {
            [Parameter::Literal(Value::String(first)), rest @ ..] => (first.as_str(), rest),
            _ => return Err(bad(&format!("`{name}` takes words in quotation marks."))),
        };
        if first.trim().is_empty() || first.contains(['\n', '[', ']']) {
            return Err(bad(&format!(
                "The words of `{name}` are empty, have brackets or several lines."
            )));
        }
        if !rest.is_empty() && takes != Takes::Section {
            return Err(bad(&format!("`{name}` takes one thing.")));
        }
        match takes {
            Takes::Words => Ok(()),
            Takes::Key => {
                // The place is the template's, not the dictionary's.
                let known = dictionary::shipped()?.get(first);
                let known = known.ok_or_else(|| {
                    let what = format!("No case can have the fact `{}`.", first.escape_debug());
                    let hints = dictionary::entry(first).err();
                    let hints = hints.map(|fault| fault.hints().join("; "));
                    bad(&what).hint(hints.unwrap_or_default())
                })?;
                self.about.may_hold(first, known.privilege)
            }
            Takes::Obligation if is_obligation(first) => Ok(()),
            Takes::Obligation => Err(bad(&format!("`{first}` is not the id of an obligation."))
                .hint("like `{{clock \"eu.gdpr.33\"}}`")),
            Takes::Section => self.section(first, rest),
        }
    }

    fn section(&mut self, name: &str, rest: &[Parameter]) -> Result<()> {
        let limit = match rest {
            [] => Some(None),
            [Parameter::Literal(limit)] => limit.as_u64().filter(|limit| *limit > 0).map(Some),
            _ => None,
        };
        let Some(limit) = limit else {
            return Err(bad(&format!(
                "The limit of the section `{name}` is not a number above 0."
            )));
        };
        if self.sections.iter().any(|(known, _)| known == name) {
            return Err(bad(&format!("The section `{name}` stands twice.")));
        }
        self.sections.push((name.to_owned(), limit));
        Ok(())
    }
}

fn bad(what: &str) -> Fault {
    Fault::failed("template", what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(privilege: &str) -> About {
        let text = format!(
            "title = 't'\naddressee = 'a'\nchannel = 'inside'\nsubject = 's'\nbasis = 'b'\ncautions = []\ndistribution = ['legal']\nprivilege = '{privilege}'\napproval = {{ roles = ['legal'], people = 1 }}\n"
        );
        let read = About::read("x", &text);
        assert!(read.is_ok(), "{:?}", read.err());
        read.unwrap_or_else(|_| unreachable!())
    }

    #[test]
    fn what_does_not_exist_is_an_error_with_its_line() {
        let about = about("none");
        let bad = [
            ("{{fact \"case.ids\"}}", "`case.ids`"),
            (
                "{{#known \"case.id\"}}{{fact \"no.such\"}}{{/known}}",
                "`no.such`",
            ),
            ("{{#known \"no.such\"}}x{{/known}}", "`no.such`"),
            ("{{facts \"case.id\"}}", "`facts`"),
            ("{{about.title}}", "no helper"),
            ("{{#if x}}y{{/if}}", "no helper"),
            ("{{{fact \"case.id\"}}}", "no notice can use"),
            ("{{> other}}", "no notice can use"),
            ("{{fact case.id}}", "quotation marks"),
            ("{{fact \"case.id\" \"x\"}}", "one thing"),
            ("{{#fact \"case.id\"}}{{/fact}}", "form"),
            ("{{section \"a\"}}", "form"),
            ("{{#section \"a\" 0}}{{/section}}", "above 0"),
            (
                "{{#section \"a\"}}{{#section \"b\"}}{{/section}}{{/section}}",
                "inside another",
            ),
            (
                "{{#section \"a\"}}{{/section}}{{#section \"a\"}}{{/section}}",
                "twice",
            ),
            ("{{clock \"gdpr\"}}", "obligation"),
            ("{{ask \"\"}}", "empty"),
            ("{{#section \"a\"}}", "cannot be read"),
        ];
        for (text, words) in bad {
            let text = format!("one\ntwo {text}\n");
            let fault = compile("f.hbs", &about, &text).err();
            let told =
                fault.map(|fault| (fault.what().to_owned(), fault.place().map(str::to_owned)));
            let (what, place) = told.unwrap_or_default();
            assert!(what.contains(words), "{text}: {what}");
            let place = place.unwrap_or_default();
            assert!(place.starts_with("f.hbs:"), "{text}: {place}");
            if !what.contains("cannot be read") {
                assert_eq!(place, "f.hbs:2", "{text}");
            }
        }
    }

    #[test]
    fn what_exists_is_taken() {
        let text = "{{#section \"A\" 10}}{{#known \"case.id\"}}{{fact \"case.id\"}}{{else}}{{ask \"x\"}}{{/known}}{{/section}}{{list \"trails.gaps\"}}{{clock \"eu.gdpr.33\"}}{{! note }}";
        assert!(compile("f.hbs", &about("none"), text).is_ok());
    }

    #[test]
    fn a_privileged_fact_stands_in_privileged_notices_alone() {
        let facts = dictionary::shipped()
            .into_iter()
            .flat_map(|all| all.values());
        for known in facts {
            let text = format!("{{{{fact \"{}\"}}}}", known.key);
            let taken = compile("f.hbs", &about("none"), &text).is_ok();
            let open = known.privilege == dictionary::Privilege::Fact;
            assert_eq!(taken, open, "{}", known.key);
            assert!(compile("f.hbs", &about("privileged"), &text).is_ok());
        }
        let refused = about("none").may_hold("x.y", dictionary::Privilege::Privileged);
        assert!(refused.is_err_and(|fault| fault.what().contains("`x.y`")));
    }
}
