//! Regular expressions that are written in the source: compiled once, on first use.

use std::sync::OnceLock;

use regex::{Captures, Match, Regex};

/// A pattern of this source. One that does not compile would never match, which the tests of the
/// module that owns it show.
#[derive(Debug)]
pub(super) struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The pattern `source`, not yet compiled.
    pub(super) const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| Regex::new(self.source).ok())
            .as_ref()
    }

    /// Whether it occurs in `text`.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    /// Every occurrence in `text`.
    pub(super) fn matches<'t>(&'static self, text: &'t str) -> impl Iterator<Item = Match<'t>> {
        self.regex()
            .into_iter()
            .flat_map(move |regex| regex.find_iter(text))
    }

    /// Every occurrence in `text`, with its groups.
    pub(super) fn captures<'t>(&'static self, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
        self.regex()
            .into_iter()
            .flat_map(move |regex| regex.captures_iter(text))
    }

    /// `text` with every occurrence replaced.
    pub(super) fn replace<'t>(&self, text: &'t str, with: &str) -> std::borrow::Cow<'t, str> {
        match self.regex() {
            Some(regex) => regex.replace_all(text, with),
            None => text.into(),
        }
    }
}
