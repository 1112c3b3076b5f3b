//! When a call is tried again, and after how long. Pure: everything it needs is handed in.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::fmt::rfc2822;

use super::{Answer, Broken, Effect};
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// How long a provider wants us to wait after a limit that it does not time
/// (docs.github.com, "Rate limits for the REST API": at least one minute, read 2026-11).
const UNTIMED_LIMIT: Duration = Duration::from_mins(1);

/// What is left in a window and when it ends, epoch seconds: GitHub, then Okta.
const WINDOWS: [(&str, &str); 2] = [
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
];

/// How much of a body is looked at for the words of an untimed limit.
const WORDS_WITHIN: usize = 4096;

/// A validated policy for trying again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    min: Duration,
    max: Duration,
    attempts: u32,
    jitter: f64,
    deadline: Duration,
}

impl Default for Retry {
    /// Five attempts, from 250 ms to 2 minutes apart, within 10 minutes.
    fn default() -> Self {
        Self {
            min: Duration::from_millis(250),
            max: Duration::from_mins(2),
            attempts: 5,
            jitter: 0.5,
            deadline: Duration::from_mins(10),
        }
    }
}

impl Retry {
    /// Up to `attempts` attempts (the first counts), `min` to `max` apart. `jitter` is the share of
    /// a backoff that is left to chance, 0 to 1.
    ///
    /// A provider that asks for less than `min` gets `min`; one that asks for more than `max` gets
    /// no further attempt of this call, because coming back early is what it forbade.
    ///
    /// # Errors
    /// `min` of zero or above `max`, no attempt or more than 20, a jitter outside of 0 to 1.
    pub fn try_new(min: Duration, max: Duration, attempts: u32, jitter: f64) -> Result<Self> {
        let refuse = |what: &str| Err(Fault::input("retry", what));
        if min.is_zero() {
            return refuse("The shortest wait of a retry policy must be above zero.");
        }
        if min > max {
            return refuse("The shortest wait of a retry policy is longer than its longest.");
        }
        if !(1..=20).contains(&attempts) {
            return refuse("A retry policy has between 1 and 20 attempts.");
        }
        if !(0.0..=1.0).contains(&jitter) {
            return refuse("The jitter of a retry policy is between 0 and 1.");
        }
        Ok(Self {
            min,
            max,
            attempts,
            jitter,
            ..Self::default()
        })
    }

    /// The same policy, with no new attempt later than `deadline` after the call began.
    ///
    /// # Errors
    /// A deadline of zero.
    pub fn with_deadline(self, deadline: Duration) -> Result<Self> {
        if deadline.is_zero() {
            return Err(Fault::input(
                "retry",
                "The deadline of a retry policy must be above zero.",
            ));
        }
        Ok(Self { deadline, ..self })
    }

    /// How long everyone should hold back after `answer`, never more than the policy's longest wait.
    pub(super) fn pause(&self, answer: &Answer, now: Timestamp) -> Option<Duration> {
        match meaning(answer, now) {
            Meaning::Throttled(Some(asked)) => Some(asked.clamp(self.min, self.max)),
            Meaning::Throttled(None) => Some(self.min),
            Meaning::Settled | Meaning::Faltered => None,
        }
    }

    /// What follows an attempt. `chance` is between 0 and 1.
    pub(super) fn next(&self, tried: &Tried<'_>, chance: f64) -> Next {
        let backoff = self.backoff(tried.attempt, chance);
        match tried.outcome {
            Ok(answer) => match meaning(answer, tried.at) {
                Meaning::Settled => Next::Answer,
                Meaning::Throttled(asked) => self
                    .wait(tried, asked.unwrap_or(backoff))
                    .unwrap_or(Next::Answer),
                Meaning::Faltered if tried.effect == Effect::Write => Next::Unclear,
                Meaning::Faltered => self.wait(tried, backoff).unwrap_or(Next::Answer),
            },
            Err(broken) => {
                let end = if broken.unsent {
                    Next::Unsent
                } else {
                    Next::Unclear
                };
                if broken.lasting || (tried.effect == Effect::Write && !broken.unsent) {
                    return end;
                }
                self.wait(tried, backoff).unwrap_or(end)
            }
        }
    }

    /// Another attempt after `wait`, if the policy has one left.
    fn wait(&self, tried: &Tried<'_>, wait: Duration) -> Option<Next> {
        let wait = wait.max(self.min);
        (tried.attempt < self.attempts
            && wait <= self.max
            && tried.elapsed.saturating_add(wait) <= self.deadline)
            .then_some(Next::Wait(wait))
    }

    /// Doubles from `min` to `max`; the jitter share of it is left to chance, never below `min`.
    fn backoff(&self, attempt: u32, chance: f64) -> Duration {
        let doubled = 2_u32
            .checked_pow(attempt.saturating_sub(1))
            .and_then(|factor| self.min.checked_mul(factor))
            .map_or(self.max, |wait| wait.min(self.max));
        doubled
            .mul_f64(1.0 - self.jitter * chance.clamp(0.0, 1.0))
            .clamp(self.min, self.max)
    }
}

/// One attempt, as the policy sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried<'a> {
    /// Whether the call changes anything.
    pub(super) effect: Effect,
    /// What came of it.
    pub(super) outcome: Result<&'a Answer, &'a Broken>,
    /// The first attempt is 1.
    pub(super) attempt: u32,
    /// Time since the call began.
    pub(super) elapsed: Duration,
    /// When the answer came, by our clock.
    pub(super) at: Timestamp,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The answer goes to the caller.
    Answer,
    /// Another attempt after this long.
    Wait(Duration),
    /// Nothing reached the provider.
    Unsent,
    /// Nobody knows whether it was carried out.
    Unclear,
}

/// What a status says about the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// It was decided; the same call would get the same.
    Settled,
    /// Certainly not carried out; come back, perhaps after a time that the provider names.
    Throttled(Option<Duration>),
    /// A failure on the way that may pass; a write may or may not have been carried out.
    Faltered,
}

/// Whether an answer says "too many calls", for counting.
pub(super) fn throttled(answer: &Answer, now: Timestamp) -> bool {
    matches!(meaning(answer, now), Meaning::Throttled(_))
}

fn meaning(answer: &Answer, now: Timestamp) -> Meaning {
    let asked = || asked(&answer.headers, now);
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Meaning::Throttled(asked()),
        // GitHub answers 403 for its limits: with `retry-after` or nothing remaining, or with
        // neither for a secondary limit, which then only the words tell from a refusal.
        StatusCode::FORBIDDEN if limit_reached(&answer.headers) => Meaning::Throttled(asked()),
        StatusCode::FORBIDDEN if names_secondary_limit(&answer.body) => {
            Meaning::Throttled(Some(UNTIMED_LIMIT))
        }
        StatusCode::SERVICE_UNAVAILABLE if answer.headers.contains_key("retry-after") => {
            Meaning::Throttled(asked())
        }
        StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Meaning::Faltered,
        _ => Meaning::Settled,
    }
}

fn limit_reached(headers: &HeaderMap) -> bool {
    headers.contains_key("retry-after")
        || text(headers, "x-ratelimit-remaining").is_some_and(|left| left.trim() == "0")
}

fn names_secondary_limit(body: &[u8]) -> bool {
    let words = b"secondary rate limit";
    body.get(..body.len().min(WORDS_WITHIN))
        .is_some_and(|head| head.windows(words.len()).any(|window| window == words))
}

/// The wait that the headers ask for: `Retry-After` in seconds or as a date, else the end of a
/// window that is used up. Instants are taken relative to the provider's own `Date` where it has one, so that a wrong clock here does no harm.
fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let theirs = text(headers, "date").and_then(date).unwrap_or(now);
    let until = |at: Timestamp| Duration::try_from(at.duration_since(theirs)).unwrap_or_default();
    if let Some(after) = text(headers, "retry-after") {
        let after = after.trim();
        if let Ok(seconds) = after.parse() {
            return Some(Duration::from_secs(seconds));
        }
        if let Some(at) = date(after) {
            return Some(until(at));
        }
    }
    let number = |name| text(headers, name)?.trim().parse::<i64>().ok();
    let (left, reset) = WINDOWS
        .iter()
        .find_map(|(left, reset)| Some((number(left), number(reset)?)))?;
    if left.is_some_and(|left| left > 0) {
        // The window is not used up, so its end is not what the provider waits for.
        return Some(UNTIMED_LIMIT);
    }
    Timestamp::from_second(reset).ok().map(until)
}

/// An HTTP date (RFC 9110, IMF-fixdate; the obsolete forms are not read).
fn date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A number between 0 and 1 that differs between calls and machines. Not for secrets: spreading
/// retries is all it is for, and the standard library's hash keys are random enough for that.
pub(super) fn chance() -> f64 {
    let roll = std::hash::RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(roll >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
