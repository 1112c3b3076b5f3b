//! The part of Okta's filter language that is used: `path eq "text"` with `and`, `or`, brackets.

use serde_json::Value;

/// A filter that was understood.
#[derive(Debug)]
pub(super) enum Filter {
    Is(String, String),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
}

impl Filter {
    /// Reads a filter; `None` for what Okta calls invalid criteria.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let filter = either(&mut rest)?;
        rest.is_empty().then_some(filter)
    }

    /// Whether a record is meant. Text is compared without regard to case, as Okta's search does.
    pub(super) fn holds(&self, record: &Value) -> bool {
        match self {
            Self::Is(path, wanted) => values(record, path).iter().any(|value| {
                value
                    .as_str()
                    .is_some_and(|text| text.to_lowercase() == *wanted)
            }),
            Self::Both(a, b) => a.holds(record) && b.holds(record),
            Self::Either(a, b) => a.holds(record) || b.holds(record),
        }
    }
}

fn values<'a>(record: &'a Value, path: &str) -> Vec<&'a Value> {
    path.split('.').fold(vec![record], |found, name| {
        found
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(items) => items.iter().collect(),
                other => vec![other],
            })
            .filter_map(|value| value.get(name))
            .collect()
    })
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Text(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' => {}
            '(' => found.push(Token::Open),
            ')' => found.push(Token::Close),
            '"' => {
                let mut value = String::new();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => value.push(chars.next()?),
                        other => value.push(other),
                    }
                }
                found.push(Token::Text(value.to_lowercase()));
            }
            first => {
                let mut word = String::from(first);
                while let Some(next) = chars.next_if(|c| !matches!(c, ' ' | '(' | ')' | '"')) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Some(found)
}

fn word(rest: &mut &[Token], wanted: &str) -> bool {
    match rest.split_first() {
        Some((Token::Word(word), after)) if word.eq_ignore_ascii_case(wanted) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn either(rest: &mut &[Token]) -> Option<Filter> {
    let mut filter = both(rest)?;
    while word(rest, "or") {
        filter = Filter::Either(Box::new(filter), Box::new(both(rest)?));
    }
    Some(filter)
}

fn both(rest: &mut &[Token]) -> Option<Filter> {
    let mut filter = one(rest)?;
    while word(rest, "and") {
        filter = Filter::Both(Box::new(filter), Box::new(one(rest)?));
    }
    Some(filter)
}

fn one(rest: &mut &[Token]) -> Option<Filter> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    match first {
        Token::Open => {
            let filter = either(rest)?;
            let (close, after) = rest.split_first()?;
            *rest = after;
            (*close == Token::Close).then_some(filter)
        }
        Token::Word(path) if word(rest, "eq") => {
            let (value, after) = rest.split_first()?;
            *rest = after;
            match value {
                Token::Text(text) => Some(Filter::Is(path.clone(), text.clone())),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Filter;

    #[test]
    fn and_binds_tighter_than_or_and_arrays_are_searched() {
        let filter =
            Filter::parse(r#"a eq "1" or (target.id eq "X" and actor.id eq "y")"#).unwrap();
        assert!(filter.holds(&json!({"a": "1"})));
        assert!(filter.holds(&json!({"target": [{"id": "q"}, {"id": "x"}], "actor": {"id": "Y"}})));
        assert!(!filter.holds(&json!({"target": [{"id": "x"}], "actor": {"id": "z"}})));
    }

    #[test]
    fn a_quote_inside_a_text_does_not_end_it() {
        let filter = Filter::parse(r#"a eq "b\" or c eq \"d""#).unwrap();
        assert!(!filter.holds(&json!({"c": "d"})));
        assert!(filter.holds(&json!({"a": "b\" or c eq \"d"})));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "a",
            "a eq",
            "a eq b",
            "(a eq \"b\"",
            "a eq \"b",
            "a ne \"b\"",
            "a eq \"b\" c",
        ] {
            assert!(Filter::parse(text).is_none(), "{text}");
        }
    }
}
