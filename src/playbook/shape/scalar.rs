//! Single values: texts, numbers, words, and how long anything may be.

use regex::Regex;
use serde_json::Value;

use super::Walk;
use super::words::describe;
use crate::playbook::problem::{Problem, advice};
use crate::playbook::text::NAME;
use crate::playbook::{period, plain};

impl Walk<'_> {
    pub(super) fn length(
        &mut self,
        length: usize,
        schema: &Value,
        keys: (&str, &str),
        path: &str,
    ) -> Option<()> {
        let limit = |key| {
            let limit = schema.get(key).and_then(Value::as_u64);
            limit.and_then(|limit| usize::try_from(limit).ok())
        };
        let (least, most) = (
            limit(keys.0).unwrap_or(0),
            limit(keys.1).unwrap_or(usize::MAX),
        );
        if (least..=most).contains(&length) {
            return Some(());
        }
        let problem = if length == 0 {
            Problem::error("empty", format!("{} is empty.", self.called(path)))
        } else {
            Problem::error(
                "out-of-range",
                format!("{} is longer than {most}.", self.called(path)),
            )
        };
        self.problems.push(problem.label(self.span(path), "here"));
        None
    }

    pub(super) fn text(&mut self, text: &str, schema: &Value, path: &str) -> Option<Value> {
        self.length(
            text.chars().count(),
            schema,
            ("minLength", "maxLength"),
            path,
        )?;
        let pattern = schema
            .get("pattern")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let fits = Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text));
        if fits {
            return Some(Value::String(text.to_owned()));
        }
        let quoted = plain(text, 60);
        let problem = match pattern {
            NAME => Problem::error("bad-name", format!("`{quoted}` is not a name."))
                .help("a name begins with a small letter and has at most 48 small letters, digits and hyphens"),
            period::PATTERN => Problem::error("bad-period", format!("`{quoted}` is not a length of time."))
                .help("write a whole number and s, m, h or d: `90s`, `10m`, `4h`, `7d`"),
            pattern => Problem::error("bad-text", format!("`{quoted}` does not look like `{pattern}`.")),
        };
        self.problems.push(problem.label(self.span(path), "here"));
        None
    }

    pub(super) fn number(&mut self, number: i64, schema: &Value, path: &str) -> Option<Value> {
        let limit = |key| schema.get(key).and_then(Value::as_i64);
        let (least, most) = (
            limit("minimum").unwrap_or(i64::MIN),
            limit("maximum").unwrap_or(i64::MAX),
        );
        if (least..=most).contains(&number) {
            return Some(Value::from(number));
        }
        self.problems.push(
            Problem::error(
                "out-of-range",
                format!(
                    "{} is {number}; it has to be between {least} and {most}.",
                    self.called(path)
                ),
            )
            .label(self.span(path), "here"),
        );
        None
    }

    pub(super) fn word(&mut self, value: &Value, words: &[String], path: &str) -> Option<Value> {
        let known: Vec<&str> = words.iter().map(String::as_str).collect();
        let given = value.as_str().unwrap_or_default();
        if known.contains(&given) {
            return Some(value.clone());
        }
        let shown = value.as_str().map_or_else(
            || describe(value).to_owned(),
            |text| format!("`{}`", plain(text, 60)),
        );
        self.problems.push(
            Problem::error(
                "unknown-word",
                format!("{} cannot be {shown}.", self.called(path)),
            )
            .label(self.span(path), "unknown word")
            .help(advice(given, known)),
        );
        None
    }
}
