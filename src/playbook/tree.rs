//! YAML into a plain JSON value, with the place of every value and key kept beside it.
//!
//! The parser's events are read directly: all faults of a file are wanted, not the first, and a
//! playbook needs neither anchors, aliases, tags nor merge keys, so none of them is followed.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle};

use super::problem::{Problem, Problems, Span};
use super::{MAX_BYTES, plain};

/// How deep lists and mappings may be nested.
const MAX_DEPTH: usize = 16;
/// How many values a playbook may have.
const MAX_NODES: usize = 20_000;

/// Where a value stands, and the key before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) key: Option<Span>,
    pub(super) value: Span,
}

/// A document and its places by JSON pointer: `/steps/0/needs/1`.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) value: Value,
    pub(super) places: BTreeMap<String, Place>,
}

/// The pointer of `key` below `path`.
pub(super) fn below(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Reads one document. `None` when it cannot be read at all; the problems say why.
pub(super) fn read(text: &str, problems: &mut Problems) -> Option<Tree> {
    if text.len() > MAX_BYTES {
        problems.push(
            Problem::error(
                "too-large",
                format!(
                    "A playbook has at most {MAX_BYTES} bytes; this has {}.",
                    text.len()
                ),
            )
            .help("split it, or drop what is not policy"),
        );
        return None;
    }
    let mut options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        flow_nesting_limit: 64,
        block_nesting_limit: 64,
    };
    options.set_emit_comments(false);
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options),
        problems,
        places: BTreeMap::new(),
        nodes: 0,
        aliased: false,
        end: text.len(),
    };
    let value = reader.document()?;
    // What an alias stands for is not known, so everything else that could be said is noise.
    (!reader.aliased).then_some(Tree {
        value,
        places: reader.places,
    })
}

struct Reader<'a, I> {
    events: I,
    problems: &'a mut Problems,
    places: BTreeMap<String, Place>,
    nodes: usize,
    aliased: bool,
    end: usize,
}

type Next<'t> = Result<(Event<'t>, granit_parser::Span), granit_parser::ScanError>;

impl<'t, I: Iterator<Item = Next<'t>>> Reader<'_, I> {
    fn document(&mut self) -> Option<Value> {
        let mut value = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if value.is_some() => {
                    self.problems.push(
                        Problem::error(
                            "second-document",
                            "A playbook is one YAML document; here a second one begins.",
                        )
                        .label(span, "second document"),
                    );
                    break;
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => value = Some(self.node(event, span, "", None, 0)?),
            }
        }
        if value.is_none() {
            self.problems.push(
                Problem::error("yaml", "The playbook is empty.")
                    .help("`cordon playbook show terminated-contractor` prints one to start from"),
            );
        }
        value
    }

    /// The next event; a fault of the syntax ends the reading.
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        match self.events.next() {
            Some(Ok((event, span))) => {
                let start = span.start.byte_offset().unwrap_or(self.end);
                let end = span.end.byte_offset().unwrap_or(start);
                Some((event, Span::new(start, end.saturating_sub(start))))
            }
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(self.end);
                let why = plain(&error.info(), 200);
                self.problems.push(
                    Problem::error(
                        "yaml",
                        "This is not well-formed YAML, so nothing after it was read.",
                    )
                    .label(Span::new(at, 1), why),
                );
                None
            }
            None => Some((Event::StreamEnd, Span::new(self.end, 0))),
        }
    }

    /// One value with everything below it.
    fn node(
        &mut self,
        event: Event<'t>,
        span: Span,
        path: &str,
        key: Option<Span>,
        depth: usize,
    ) -> Option<Value> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            self.problems.push(
                Problem::error("too-deep", format!("A playbook is nested at most {MAX_DEPTH} deep and has at most {MAX_NODES} values."))
                    .label(span, "reading stopped here"),
            );
            return None;
        }
        let mut place = Place { key, value: span };
        let value = match event {
            Event::Scalar(text, style, _, tag) => {
                if tag.is_some() {
                    self.refuse("tag", "Tags have no meaning in a playbook.", span);
                }
                scalar(&text, style)
            }
            Event::SequenceStart(_, _, tag) => {
                if tag.is_some() {
                    self.refuse("tag", "Tags have no meaning in a playbook.", span);
                }
                let (items, end) = self.sequence(path, depth)?;
                place.value.len = end.saturating_sub(span.start);
                Value::Array(items)
            }
            Event::MappingStart(_, _, tag) => {
                if tag.is_some() {
                    self.refuse("tag", "Tags have no meaning in a playbook.", span);
                }
                let (map, first) = self.mapping(path, depth)?;
                place.value = first.unwrap_or(span);
                Value::Object(map)
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.aliased = true;
                self.refuse(
                    "alias",
                    "A playbook says everything where it stands: aliases are not followed.",
                    span,
                );
                Value::Null
            }
            _ => Value::Null,
        };
        self.places.insert(path.to_owned(), place);
        Some(value)
    }

    fn refuse(&mut self, code: &'static str, what: &str, span: Span) {
        self.problems.push(
            Problem::error(code, what)
                .label(span, "not allowed")
                .help("write the value out"),
        );
    }

    /// The items of a list and where it ends.
    fn sequence(&mut self, path: &str, depth: usize) -> Option<(Vec<Value>, usize)> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::SequenceEnd => return Some((items, span.start + span.len)),
                Event::StreamEnd => return None,
                event => {
                    let path = format!("{path}/{}", items.len());
                    items.push(self.node(event, span, &path, None, depth + 1)?);
                }
            }
        }
    }

    /// The pairs of a mapping and the place of its first key.
    fn mapping(&mut self, path: &str, depth: usize) -> Option<(Map<String, Value>, Option<Span>)> {
        let mut map = Map::new();
        let mut keys: BTreeMap<String, Span> = BTreeMap::new();
        let mut first = None;
        loop {
            let (event, span) = self.next()?;
            let name = match event {
                Event::MappingEnd => return Some((map, first)),
                Event::StreamEnd => return None,
                Event::Scalar(text, ..) => Some(text.into_owned()),
                event => {
                    self.node(event, span, &below(path, "?"), None, depth + 1)?;
                    self.problems.push(
                        Problem::error("key-not-text", "A key is plain text.")
                            .label(span, "not a plain text"),
                    );
                    None
                }
            };
            first = first.or(Some(span));
            let twice = name.as_ref().and_then(|name| keys.get(name).copied());
            let at = match (&name, twice) {
                (Some(name), None) => below(path, name),
                _ => below(path, "?"),
            };
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, &at, Some(span), depth + 1)?;
            let Some(name) = name else { continue };
            if let Some(before) = twice {
                self.problems.push(
                    Problem::error(
                        "duplicate-key",
                        format!("`{}` is given twice.", plain(&name, 60)),
                    )
                    .label(span, "again")
                    .label(before, "first")
                    .help("keep one of them"),
                );
            } else {
                keys.insert(name.clone(), span);
                map.insert(name, value);
            }
        }
    }
}

/// A plain scalar is a number, a truth value, nothing or text; a quoted one is text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        text => match text.parse::<i64>() {
            Ok(number) if !text.starts_with('+') => Value::Number(Number::from(number)),
            _ => Value::String(text.to_owned()),
        },
    }
}
