//! The shape of a playbook, judged by walking its own published schema over the document.
//!
//! serde stops at the first fault; this walk goes on and reports each one with its place. It knows
//! the part of JSON Schema that [`super::text`] prints, and a test holds that it knows all of it.

mod scalar;
mod steps;
mod words;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::problem::{Problem, Problems, advice, nearest};
use super::text::{KINDS, Step, Written};
use super::tree::{Tree, below};
use super::{plain, text};
use words::{describe, expected, purpose, words_of};

/// What the file says as far as it can be read, and the steps that cannot, by id.
pub(super) fn walk(
    tree: &Tree,
    problems: &mut Problems,
) -> (Option<Written>, BTreeMap<String, Vec<String>>) {
    let schema = text::schema();
    let mut walk = Walk {
        tree,
        schema: &schema,
        problems,
    };
    let Some(Value::Object(mut root)) = walk.value(&tree.value, &schema, "") else {
        return (None, BTreeMap::new());
    };
    let items = match root.remove("steps") {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    walk.duplicate_ids(items.len());
    let mut steps: Vec<Step> = Vec::new();
    let mut broken: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (at, item) in items.into_iter().enumerate() {
        match serde_json::from_value::<Step>(item) {
            Ok(step) => steps.push(Step { at, ..step }),
            Err(_) => broken.extend(walk.broken(at)),
        }
    }
    broken.retain(|id, _| steps.iter().all(|step| step.id != *id));
    // What is missing was reported; the steps can be judged all the same.
    let word = |key| {
        root.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let written = Written {
        playbook: word("playbook"),
        title: word("title"),
        steps,
    };
    (Some(written), broken)
}

struct Walk<'a> {
    tree: &'a Tree,
    schema: &'a Value,
    problems: &'a mut Problems,
}

impl Walk<'_> {
    /// The value without the keys that nobody knows; `None` when it cannot be used.
    fn value(&mut self, value: &Value, schema: &Value, path: &str) -> Option<Value> {
        let schema = self.resolve(schema);
        if let Some(words) = words_of(&schema) {
            return self.word(value, &words, path);
        }
        let kind = schema
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match (kind, value) {
            ("object", Value::Object(map)) => self.object(map, &schema, path),
            ("array", Value::Array(items)) => self.array(items, &schema, path),
            ("string", Value::String(text)) => self.text(text, &schema, path),
            ("integer", Value::Number(number)) => self.number(number.as_i64()?, &schema, path),
            _ => {
                let found = describe(value);
                let mut problem = Problem::error(
                    "wrong-type",
                    format!(
                        "{} has to be {}; here stands {found}.",
                        self.called(path),
                        expected(kind)
                    ),
                )
                .label(self.span(path), found);
                if kind == "array" && value.is_string() {
                    problem = problem.help("put it in brackets: `[…]`");
                } else if kind == "object" && value.is_null() {
                    problem = problem.help("write `{}` for one without settings");
                } else if kind == "string" {
                    problem = problem.help("put it in quotes if it is meant as text");
                }
                self.problems.push(problem);
                None
            }
        }
    }

    /// The schema behind a `$ref`; what stands beside the reference is only a description.
    fn resolve(&self, schema: &Value) -> Value {
        let target = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.strip_prefix('#'));
        target
            .and_then(|pointer| self.schema.pointer(pointer))
            .unwrap_or(schema)
            .clone()
    }

    fn object(&mut self, map: &Map<String, Value>, schema: &Value, path: &str) -> Option<Value> {
        let empty = Map::new();
        let known = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let required = schema.get("required").and_then(Value::as_array);
        let required: Vec<&str> = required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut out = Map::new();
        let mut sound = true;
        let mut strangers = Vec::new();
        for (key, value) in map {
            let Some(schema) = known.get(key) else {
                strangers.push(key.as_str());
                continue;
            };
            match self.value(value, schema, &below(path, key)) {
                Some(value) => {
                    out.insert(key.clone(), value);
                }
                None => sound &= can_do_without(key, schema, &required),
            }
        }
        let has_kinds = schema.get("oneOf").is_some();
        if has_kinds {
            sound &= self.one_kind(map, &mut strangers, path);
        }
        let free = known.keys().map(String::as_str);
        let free: Vec<&str> = free
            .filter(|key| !(map.contains_key(*key) || has_kinds && KINDS.contains(key)))
            .collect();
        for stranger in &strangers {
            self.problems.push(
                Problem::error(
                    "unknown-key",
                    format!("{} has no `{}`.", self.called(path), plain(stranger, 60)),
                )
                .label(self.key(path, stranger), "unknown key")
                .help(advice(stranger, free.iter().copied())),
            );
        }
        let misspelt: Vec<&str> = strangers
            .iter()
            .filter_map(|stranger| nearest(stranger, free.iter().copied()))
            .collect();
        for key in required {
            if map.contains_key(key) {
                continue;
            }
            sound = false;
            if !misspelt.contains(&key) {
                self.problems.push(
                    Problem::error(
                        "missing-key",
                        format!("{} needs `{key}`.", self.called(path)),
                    )
                    .label(self.head(path), format!("no `{key}` here"))
                    .help(format!("`{key}`: {}", purpose(known.get(key)))),
                );
            }
        }
        // A fault at the top does not hide what is wrong with the steps.
        (sound || path.is_empty()).then_some(Value::Object(out))
    }

    fn array(&mut self, items: &[Value], schema: &Value, path: &str) -> Option<Value> {
        self.length(items.len(), schema, ("minItems", "maxItems"), path)?;
        let each = schema.get("items").unwrap_or(&Value::Null);
        let checked: Vec<Option<Value>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.value(item, each, &format!("{path}/{index}")))
            .collect();
        if path == "/steps" {
            // One unreadable step does not hide what is wrong with the others.
            let all = checked.into_iter().map(|item| item.unwrap_or(Value::Null));
            return Some(Value::Array(all.collect()));
        }
        checked
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .map(Value::Array)
    }
}

/// Whether the rest can be judged without a value that was reported already: only what selects no
/// door and makes no order, so that nothing else looks wrong for the lack of it.
fn can_do_without(key: &str, schema: &Value, required: &[&str]) -> bool {
    let list = schema.get("type").and_then(Value::as_str) == Some("array");
    !list && !required.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keywords of JSON Schema that the walk judges, and those that only describe.
    const KNOWN: [&str; 19] = [
        "$ref",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "enum",
        "oneOf",
        "const",
        "$defs",
        "$schema",
        "title",
    ];
    const ONLY_WORDS: [&str; 3] = ["description", "default", "format"];

    fn keywords(schema: &Value, found: &mut Vec<String>) {
        let Some(map) = schema.as_object() else {
            return;
        };
        for (key, value) in map {
            found.push(key.clone());
            match key.as_str() {
                "properties" | "$defs" => value
                    .as_object()
                    .unwrap()
                    .values()
                    .for_each(|v| keywords(v, found)),
                "oneOf" => value
                    .as_array()
                    .unwrap()
                    .iter()
                    .for_each(|v| keywords(v, found)),
                "items" => keywords(value, found),
                _ => {}
            }
        }
    }

    #[test]
    fn the_walk_knows_every_keyword_of_the_schema() {
        let mut found = Vec::new();
        keywords(&text::schema(), &mut found);
        assert!(found.len() > 50);
        for key in found {
            assert!(
                KNOWN.contains(&key.as_str()) || ONLY_WORDS.contains(&key.as_str()),
                "{key}"
            );
        }
    }

    #[test]
    fn every_mapping_of_the_schema_refuses_unknown_keys() {
        fn objects(schema: &Value) {
            if schema.get("properties").is_some() {
                assert_eq!(
                    schema.get("additionalProperties"),
                    Some(&Value::Bool(false)),
                    "{schema}"
                );
            }
        }
        let schema = text::schema();
        objects(&schema);
        schema["$defs"]
            .as_object()
            .unwrap()
            .values()
            .for_each(objects);
    }
}
