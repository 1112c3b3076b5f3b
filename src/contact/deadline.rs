//! Deadlines in a message: the words as they stand, and every instant that they may mean.
//!
//! A deadline is never one number. "72 hours" over a change of the clocks, "before Tuesday" from a
//! sender whose zone is not known, `03/04`: each way to read it is a reading that says how it was
//! read, and the earliest is what to plan for.

mod grammar;
mod lex;
mod read;
mod words;

use std::ops::Range;

use jiff::tz::{Offset, TimeZone};

use self::grammar::{Day, Grammar, Moment};
use self::lex::Token;
use self::words::Unit;
use super::pattern::Pattern;
use super::sentence;
use crate::case::event::Deadline;
use crate::time::Timestamp;

/// What a deadline is counted from, and whose clocks it may be read on.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// When the message says it was sent.
    pub sent: Option<Timestamp>,
    /// The offset that it was sent with; `None` when it is not known.
    pub offset: Option<Offset>,
    /// When we had it.
    pub received: Timestamp,
    /// When our own clock saw it: what no header can move. `None` for what a person told.
    pub imported: Option<Timestamp>,
    /// The zones of the company.
    pub zones: &'a [TimeZone],
}

impl Reference<'_> {
    /// What words are counted from: the sending, or the receipt when that is all we know.
    fn base(&self) -> Timestamp {
        self.sent.unwrap_or(self.received)
    }
}

/// The most deadlines that are taken out of one text.
const MOST: usize = 50;

/// What is done, or threatened, in sentences whose times matter.
static ACTS: Pattern = Pattern::new(concat!(
    r"(?i)\b(?:pay(?:ment|ing)?|paid|transfer|wire|send|sent|deposit|publish\w*|releas\w*|leak\w*|post(?:ed)?|sell|sold|",
    r"auction\w*|expos\w*|public|delete[ds]?|destroy\w*|double[ds]?|price|deadline|expir\w*|due|timer|ultimatum|decide|decision|",
    r"answer|respond|response|reply|contact|offer|discount|deal|money|bitcoin|btc|xmr|otherwise|or else|must|",
    r"zahl\w*|überweis\w*|veröffentlich\w*|verkauf\w*|frist|antwort\w*|bekommen es|sonst|ultimatum|preis|geld|melden|",
    r"pag\w+|transfer\w+|publi\w+|vaz\w+|vend\w+|prazo|respond\w+|respost\w*|senão|preço|dinheiro|divulg\w+)\b",
));

/// The deadlines of `text`, in order of appearance.
pub fn find(text: &str, reference: &Reference<'_>) -> Vec<Deadline> {
    let tokens = lex::tokens(text);
    let sentences = sentence::split(text);
    let grammar = Grammar(&tokens);
    let mut found: Vec<Deadline> = Vec::new();
    let mut at = 0;
    let mut current = 0;
    while let Some(token) = tokens.get(at) {
        while sentences
            .get(current)
            .is_some_and(|range| range.end <= token.start)
        {
            current += 1;
        }
        let around = sentences.get(current).cloned().unwrap_or_default();
        let Some((moment, next)) = phrase(grammar, at, text, around) else {
            at += 1;
            continue;
        };
        let words = from_to(&tokens, at, next).and_then(|range| text.get(range));
        let readings = read::readings(&moment, reference);
        at = next.max(at + 1);
        let verbatim: Vec<&str> = words.unwrap_or_default().split_whitespace().collect();
        let verbatim = verbatim.join(" ");
        let plausible = readings
            .iter()
            .any(|reading| reading.at >= reference.base());
        let fresh = !found.iter().any(|known| known.verbatim == verbatim);
        if plausible && fresh && !verbatim.is_empty() {
            found.push(Deadline { verbatim, readings });
        }
        if found.len() >= MOST {
            break;
        }
    }
    found
}

fn from_to(tokens: &[Token], from: usize, next: usize) -> Option<Range<usize>> {
    Some(tokens.get(from)?.start..tokens.get(next.checked_sub(1)?)?.end)
}

/// A deadline that begins at `at`: a cue with a moment behind it, or a moment that needs none.
fn phrase(
    grammar: Grammar<'_>,
    at: usize,
    text: &str,
    around: Range<usize>,
) -> Option<(Moment, usize)> {
    if let Some((cue, from)) = cue(grammar, at) {
        let from = skip(grammar, from);
        if let Some((moment, next)) = moment_for(cue, grammar, from)
            && accepts(cue, &moment, text, around.clone())
            && !excluded(grammar, at, next, &moment)
        {
            return Some((moment, tail(grammar, next)));
        }
    }
    let (moment, next) = grammar.moment(at)?;
    if excluded(grammar, at, next, &moment) {
        return None;
    }
    let acts = || {
        text.get(around.clone())
            .is_some_and(|sentence| ACTS.is_in(sentence))
    };
    let counts = match &moment {
        Moment::Span { unit, .. } => {
            let words = from_to(grammar.0, at, next).unwrap_or_default();
            // "48 hours." as a sentence of its own.
            let alone = around.len() <= words.len() + 3;
            tail(grammar, next) > next || alone || (*unit == Unit::Hour && acts())
        }
        // A bare date may be any date; with a time it is an appointment.
        Moment::Point {
            day: Some(day),
            clock,
            ..
        } => (is_near(*day) || clock.is_some()) && acts(),
        Moment::Instant { .. } => acts(),
        Moment::Point { day: None, .. } => false,
    };
    counts.then(|| (moment, tail(grammar, next)))
}

/// Days that are named from the day of the message, which look ahead.
const fn is_near(day: Day) -> bool {
    matches!(day, Day::After(_) | Day::Week { .. } | Day::EndOf { .. })
}

/// What stands in front of a moment and makes it a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cue {
    /// `by`, `until`, `before`, `deadline`: any moment.
    Limit,
    /// `within`, `you have`: a span.
    Length,
    /// `in`, `after`, `on`, `em`: a moment in a sentence that acts.
    Weak,
}

/// The cues, longest first where one begins another.
const CUES: &[(&[&str], Cue)] = &[
    (&["no", "later", "than"], Cue::Limit),
    (&["not", "later", "than"], Cue::Limit),
    (&["nicht", "später", "als"], Cue::Limit),
    (&["in", "less", "than"], Cue::Length),
    (&["you", "have", "got"], Cue::Length),
    (&["you", "have", "only"], Cue::Length),
    (&["you", "only", "have"], Cue::Length),
    (&["you", "still", "have"], Cue::Length),
    (&["you", "have", "the", "last"], Cue::Length),
    (&["you", "have"], Cue::Length),
    (&["you've", "got"], Cue::Length),
    (&["you", "get"], Cue::Length),
    (&["give", "you"], Cue::Length),
    (&["gives", "you"], Cue::Length),
    (&["giving", "you"], Cue::Length),
    (&["sie", "haben"], Cue::Length),
    (&["ihr", "habt"], Cue::Length),
    (&["você", "tem"], Cue::Length),
    (&["vocês", "têm"], Cue::Length),
    (&["até", "o", "dia"], Cue::Limit),
    (&["antes", "de"], Cue::Limit),
    (&["antes", "da"], Cue::Limit),
    (&["antes", "do"], Cue::Limit),
    (&["dentro", "de"], Cue::Length),
    (&["by"], Cue::Limit),
    (&["until"], Cue::Limit),
    (&["untill"], Cue::Limit),
    (&["till"], Cue::Limit),
    (&["til"], Cue::Limit),
    (&["before"], Cue::Limit),
    (&["deadline"], Cue::Limit),
    (&["deadline", "is"], Cue::Limit),
    (&["expires"], Cue::Limit),
    (&["expire"], Cue::Limit),
    (&["ends"], Cue::Limit),
    (&["due"], Cue::Limit),
    (&["latest"], Cue::Limit),
    (&["bis"], Cue::Limit),
    (&["vor"], Cue::Limit),
    (&["spätestens"], Cue::Limit),
    (&["frist"], Cue::Limit),
    (&["até"], Cue::Limit),
    (&["prazo"], Cue::Limit),
    (&["within"], Cue::Length),
    (&["only"], Cue::Length),
    (&["innerhalb"], Cue::Length),
    (&["binnen"], Cue::Length),
    (&["noch"], Cue::Length),
    (&["in"], Cue::Weak),
    (&["after"], Cue::Weak),
    (&["on"], Cue::Weak),
    (&["at"], Cue::Weak),
    (&["next"], Cue::Weak),
    (&["another"], Cue::Weak),
    (&["nach"], Cue::Weak),
    (&["am"], Cue::Weak),
    (&["em"], Cue::Weak),
    (&["na"], Cue::Weak),
    (&["no"], Cue::Weak),
];

fn cue(grammar: Grammar<'_>, at: usize) -> Option<(Cue, usize)> {
    let fits = |words: &[&str]| {
        words
            .iter()
            .enumerate()
            .all(|(step, word)| grammar.word(at + step) == *word)
    };
    let (words, cue) = CUES.iter().find(|(words, _)| fits(words))?;
    Some((*cue, at + words.len()))
}

/// Behind the words that may stand between a cue and its moment.
fn skip(grammar: Grammar<'_>, mut at: usize) -> usize {
    const FILLERS: &[&str] = &[
        "the",
        "next",
        "only",
        "exactly",
        "about",
        "just",
        "another",
        "latest",
        "is",
        ":",
        "of",
        "at",
        "on",
        "around",
        "max",
        "maximum",
        "up",
        "to",
        "zum",
        "zur",
        "dem",
        "den",
        "von",
        "der",
        "nur",
        "noch",
        "am",
        "um",
        "spätestens",
        "genau",
        "o",
        "as",
        "às",
        "de",
        "próximas",
        "próximos",
        "nächsten",
        "mais",
        "apenas",
        "coming",
        "or",
        "até",
        "em",
    ];
    // "next Tuesday" keeps its "next".
    let keeps =
        |at: usize| grammar.is(at, &["next", "nächsten", "coming"]) && grammar.moment(at).is_some();
    let from = at;
    while at < from + 4 && grammar.is(at, FILLERS) && !keeps(at) {
        at += 1;
    }
    at
}

fn moment_for(cue: Cue, grammar: Grammar<'_>, at: usize) -> Option<(Moment, usize)> {
    match cue {
        Cue::Length => grammar.span(at).or_else(|| grammar.moment(at)),
        Cue::Limit | Cue::Weak => grammar.moment(at),
    }
}

fn accepts(cue: Cue, moment: &Moment, text: &str, around: Range<usize>) -> bool {
    let acts = || {
        text.get(around)
            .is_some_and(|sentence| ACTS.is_in(sentence))
    };
    match (cue, moment) {
        (Cue::Limit, Moment::Point { .. } | Moment::Instant { .. })
        | (Cue::Length, Moment::Span { .. }) => true,
        _ => acts(),
    }
}

/// Times that look back, recur or measure something else.
fn excluded(grammar: Grammar<'_>, at: usize, next: usize, moment: &Moment) -> bool {
    if !matches!(moment, Moment::Span { .. }) {
        return grammar.is(next, &["ago"]);
    }
    let before = at.checked_sub(1).map_or("", |before| grammar.word(before));
    let recurs = [
        "vor", "before", "every", "each", "last", "past", "for", "since", "alle", "jede", "seit",
        "cada", "há", "per", "letzten", "últimas", "últimos", "previous", "takes", "took", "spent",
    ];
    let looks_back = grammar.is(at, &["vor", "before"]);
    // "within an hour after the payment" promises, from an instant that nobody knows.
    let paid = next + 1 + usize::from(grammar.is(next + 1, &["the", "your", "full", "receiving"]));
    let promises = grammar.is(next, &["after", "from", "of"])
        && grammar.is(paid, &["payment", "paying", "transfer"]);
    looks_back
        || promises
        || recurs.contains(&before)
        || grammar.is(
            next,
            &["ago", "old", "earlier", "later", "per", "atrás", "long"],
        )
        || (grammar.is(next, &["a", "per", "am", "por"])
            && grammar.is(next + 1, &["day", "week", "tag", "dia"]))
}

/// Behind the words that belong to a span: `left`, `from now`, `from this message`.
fn tail(grammar: Grammar<'_>, at: usize) -> usize {
    const TAILS: &[&[&str]] = &[
        &["from", "now"],
        &["from", "today"],
        &["from", "this", "message"],
        &["from", "this", "moment"],
        &["from", "this", "email"],
        &["from", "the", "moment"],
        &["from", "receipt"],
        &["after", "receipt"],
        &["after", "receiving", "this"],
        &["ab", "jetzt"],
        &["ab", "erhalt"],
        &["ab", "heute"],
        &["nach", "erhalt"],
        &["a", "partir", "de", "agora"],
        &["a", "contar", "de", "agora"],
        &["left"],
        &["remaining"],
        &["remain"],
        &["restantes"],
        &["to", "pay"],
        &["to", "respond"],
        &["to", "answer"],
        &["to", "reply"],
        &["to", "decide"],
        &["to", "contact"],
        &["to", "send"],
        &["zeit"],
    ];
    let fits = |words: &[&str]| {
        words
            .iter()
            .enumerate()
            .all(|(step, word)| grammar.word(at + step) == *word)
    };
    TAILS
        .iter()
        .find(|words| fits(words))
        .map_or(at, |words| at + words.len())
}
