//! What people call a value, and where it stands.

use serde_json::Value;

use super::Walk;
use crate::playbook::plain;
use crate::playbook::problem::Span;
use crate::playbook::tree::below;

impl Walk<'_> {
    /// What people call the value at `path`.
    pub(super) fn called(&self, path: &str) -> String {
        let mut parts = path.split('/').skip(1);
        let (Some("steps"), Some(at)) = (parts.next(), parts.next()) else {
            let key = path.trim_start_matches('/');
            return if key.is_empty() {
                "The playbook".to_owned()
            } else {
                format!("`{key}`")
            };
        };
        let id = self
            .tree
            .value
            .pointer(&format!("/steps/{at}/id"))
            .and_then(Value::as_str);
        let step = match (id, at.parse::<usize>()) {
            (Some(id), _) => format!("step `{}`", plain(id, 60)),
            (None, Ok(at)) => format!("step {}", at + 1),
            (None, Err(_)) => "a step".to_owned(),
        };
        let inner: Vec<&str> = parts
            .filter(|part| part.parse::<usize>().is_err())
            .collect();
        if inner.is_empty() {
            let mut letters = step.chars();
            return letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect()
            });
        }
        format!("`{}` of {step}", plain(&inner.join("."), 60))
    }

    pub(super) fn span(&self, path: &str) -> Span {
        self.tree
            .places
            .get(path)
            .map(|place| place.value)
            .unwrap_or_default()
    }

    /// Where the key `key` of the mapping at `path` stands.
    pub(super) fn key(&self, path: &str, key: &str) -> Span {
        let place = self.tree.places.get(&below(path, key));
        place
            .and_then(|place| place.key)
            .unwrap_or_else(|| self.span(path))
    }

    /// Where a mapping is named: its key, or the id in it, or its begin.
    pub(super) fn head(&self, path: &str) -> Span {
        let place = self.tree.places.get(path);
        let id = self.tree.places.get(&below(path, "id"));
        place
            .and_then(|place| place.key)
            .or_else(|| id.map(|place| place.value))
            .unwrap_or_else(|| self.span(path))
    }
}

/// The words of an enumeration, as schemars prints it: `enum`, or `oneOf` with a `const` each.
pub(super) fn words_of(schema: &Value) -> Option<Vec<String>> {
    let words = |list: &Value, key: Option<&str>| -> Option<Vec<String>> {
        let items = list.as_array()?.iter();
        items
            .map(|item| {
                let word = key.map_or(Some(item), |key| item.get(key))?;
                word.as_str().map(str::to_owned)
            })
            .collect()
    };
    schema
        .get("enum")
        .and_then(|list| words(list, None))
        .or_else(|| {
            schema
                .get("oneOf")
                .and_then(|list| words(list, Some("const")))
        })
}

/// What a key is for.
pub(super) fn purpose(schema: Option<&Value>) -> String {
    let text = schema
        .and_then(|schema| schema.get("description"))
        .and_then(Value::as_str);
    text.unwrap_or("add it").replace('\n', " ")
}

pub(super) const fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

pub(super) fn expected(kind: &str) -> &'static str {
    match kind {
        "object" => "a mapping",
        "array" => "a list",
        "integer" => "a whole number",
        "string" => "a text",
        _ => "something else",
    }
}
