//! When a call is tried again, and after how long. Pure: everything it needs is handed in.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::fmt::rfc2822;

use super::{Answer, Broken, Effect, dpop};
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// How long a provider wants us to wait after a limit that it does not time
/// (docs.github.com, "Rate limits for the REST API": at least one minute, read 2026-11).
const UNTIMED_LIMIT: Duration = Duration::from_mins(1);

/// What `max` may be at most.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

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
    /// `min` of zero or above `max`, `max` above one day, no attempt or more than 20, a jitter outside of 0 to 1.
    pub fn try_new(min: Duration, max: Duration, attempts: u32, jitter: f64) -> Result<Self> {
        let refuse = |what: &str| Err(Fault::input("retry", what));
        if min.is_zero() {
            return refuse("The shortest wait of a retry policy must be above zero.");
        }
        if min > max {
            return refuse("The shortest wait of a retry policy is longer than its longest.");
        }
        if max > LONGEST_WAIT {
            return refuse("The longest wait of a retry policy is above one day.");
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
            Meaning::Settled | Meaning::Unproven | Meaning::Faltered => None,
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
                Meaning::Unproven => self.wait(tried, self.min).unwrap_or(Next::Answer),
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
    /// Certainly not carried out; the next attempt has the proof that was asked for.
    Unproven,
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
        StatusCode::UNAUTHORIZED if dpop::wants_nonce(answer) => Meaning::Unproven,
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn policy() -> Retry {
        Retry::try_new(Duration::from_millis(100), Duration::from_mins(2), 4, 0.5).unwrap()
    }

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect(),
            body: Bytes::new(),
        }
    }

    fn now() -> Timestamp {
        "2027-03-12T21:00:00Z".parse().unwrap()
    }

    fn after(effect: Effect, outcome: Result<&Answer, &Broken>, attempt: u32) -> Next {
        let tried = Tried {
            effect,
            outcome,
            attempt,
            elapsed: Duration::ZERO,
            at: now(),
        };
        policy().next(&tried, 0.0)
    }

    fn seconds(next: Next) -> u64 {
        match next {
            Next::Wait(wait) => wait.as_secs(),
            other => panic!("no wait: {other:?}"),
        }
    }

    #[test]
    fn a_policy_that_contradicts_itself_is_refused() {
        let (short, long) = (Duration::from_millis(1), Duration::from_secs(1));
        assert!(Retry::try_new(long, short, 3, 0.5).is_err());
        assert!(Retry::try_new(Duration::ZERO, long, 3, 0.5).is_err());
        assert!(Retry::try_new(short, Duration::MAX, 3, 0.5).is_err());
        assert!(Retry::try_new(short, long, 0, 0.5).is_err());
        assert!(Retry::try_new(short, long, 21, 0.5).is_err());
        assert!(Retry::try_new(short, long, 3, 1.1).is_err());
        assert!(Retry::try_new(short, long, 3, f64::NAN).is_err());
        assert!(policy().with_deadline(Duration::ZERO).is_err());
        assert!(Retry::try_new(short, short, 1, 0.0).is_ok());
    }

    #[test]
    fn backoff_doubles_within_its_bounds_and_jitter_only_shortens() {
        let waits: Vec<u128> = (1..=5)
            .map(|attempt| policy().backoff(attempt, 0.0).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600]);
        assert_eq!(policy().backoff(3, 1.0).as_millis(), 200);
        assert_eq!(
            policy().backoff(1, 1.0).as_millis(),
            100,
            "never below the minimum"
        );
        assert_eq!(policy().backoff(u32::MAX, 0.0), Duration::from_mins(2));
    }

    #[test]
    fn the_wait_is_read_in_every_form_that_providers_use() {
        for (status, headers, expected) in [
            (429, vec![("retry-after", "7")], 7),
            (
                429,
                vec![("retry-after", "Fri, 12 Mar 2027 21:00:30 GMT")],
                30,
            ),
            // The provider's own clock counts, however wrong ours is.
            (
                429,
                vec![
                    ("date", "Fri, 12 Mar 2027 23:00:00 GMT"),
                    ("retry-after", "Fri, 12 Mar 2027 23:00:09 GMT"),
                ],
                9,
            ),
            (
                403,
                vec![
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1804885245"),
                ],
                45,
            ),
            (
                429,
                vec![
                    ("x-rate-limit-remaining", "0"),
                    ("x-rate-limit-reset", "1804885212"),
                ],
                12,
            ),
            // A secondary limit: the hourly window that the headers describe is not the reason.
            (
                429,
                vec![
                    ("x-ratelimit-remaining", "4312"),
                    ("x-ratelimit-reset", "1804888000"),
                ],
                60,
            ),
            (403, vec![("retry-after", "31")], 31),
            (503, vec![("retry-after", "2")], 2),
        ] {
            let given = answer(status, &headers);
            assert_eq!(
                seconds(after(Effect::Write, Ok(&given), 1)),
                expected,
                "{headers:?}"
            );
            assert_eq!(
                policy().pause(&given, now()).map(|wait| wait.as_secs()),
                Some(expected)
            );
        }
    }

    #[test]
    fn unreadable_waits_fall_back_to_backoff() {
        for value in [
            "",
            "soon",
            "-3",
            "1e9",
            "99999999999999999999999",
            "Fri, 99 Foo",
        ] {
            let given = answer(429, &[("retry-after", value)]);
            assert_eq!(
                after(Effect::Read, Ok(&given), 1),
                Next::Wait(Duration::from_millis(100)),
                "{value}"
            );
        }
        // In the past: the shortest wait.
        let given = answer(429, &[("x-rate-limit-reset", "1")]);
        assert_eq!(
            after(Effect::Read, Ok(&given), 1),
            Next::Wait(Duration::from_millis(100))
        );
    }

    #[test]
    fn coming_back_earlier_than_asked_is_not_done() {
        let given = answer(429, &[("retry-after", "3600")]);
        assert_eq!(after(Effect::Read, Ok(&given), 1), Next::Answer);
        assert_eq!(policy().pause(&given, now()), Some(Duration::from_mins(2)));
    }

    #[test]
    fn a_secondary_limit_without_headers_is_known_by_its_words() {
        let mut given = answer(403, &[]);
        assert_eq!(
            after(Effect::Write, Ok(&given), 1),
            Next::Answer,
            "a refusal"
        );
        given.body =
            Bytes::from_static(b"{\"message\":\"You have exceeded a secondary rate limit.\"}");
        assert_eq!(seconds(after(Effect::Write, Ok(&given), 1)), 60);
    }

    #[test]
    fn reads_come_back_after_what_may_pass_and_writes_only_when_not_carried_out() {
        for status in [500, 502, 503, 504] {
            let given = answer(status, &[]);
            assert_eq!(seconds(after(Effect::Read, Ok(&given), 1)), 0);
            assert_eq!(
                after(Effect::Write, Ok(&given), 1),
                Next::Unclear,
                "{status}"
            );
        }
        for status in [200, 204, 302, 400, 401, 403, 404, 409, 422, 501] {
            let given = answer(status, &[]);
            for effect in [Effect::Read, Effect::Write] {
                assert_eq!(after(effect, Ok(&given), 1), Next::Answer, "{status}");
            }
        }
        let (unsent, unclear) = (Broken::unsent("refused"), Broken::unclear("reset"));
        assert!(matches!(
            after(Effect::Read, Err(&unclear), 1),
            Next::Wait(_)
        ));
        assert_eq!(after(Effect::Write, Err(&unclear), 1), Next::Unclear);
        assert!(matches!(
            after(Effect::Write, Err(&unsent), 1),
            Next::Wait(_)
        ));
        assert_eq!(
            after(Effect::Read, Err(&Broken::refused("no")), 1),
            Next::Unsent
        );
    }

    #[test]
    fn a_call_that_lacks_a_number_in_its_proof_comes_back_with_it() {
        let asked = ("www-authenticate", "DPoP error=\"use_dpop_nonce\"");
        let given = answer(401, &[asked, ("dpop-nonce", "n1")]);
        for effect in [Effect::Read, Effect::Write] {
            let next = after(effect, Ok(&given), 1);
            assert_eq!(next, Next::Wait(Duration::from_millis(100)));
        }
        assert_eq!(after(Effect::Write, Ok(&given), 4), Next::Answer);
        assert_eq!(policy().pause(&given, now()), None);
        for other in [answer(401, &[asked]), answer(401, &[("dpop-nonce", "n1")])] {
            assert_eq!(after(Effect::Write, Ok(&other), 1), Next::Answer);
        }
    }

    #[test]
    fn when_attempts_or_time_are_used_up_the_last_outcome_stands() {
        let given = answer(500, &[]);
        assert_eq!(after(Effect::Read, Ok(&given), 4), Next::Answer);
        assert_eq!(
            after(Effect::Read, Err(&Broken::unclear("reset")), 4),
            Next::Unclear
        );
        assert_eq!(
            after(Effect::Write, Err(&Broken::unsent("refused")), 4),
            Next::Unsent
        );
        let tried = Tried {
            effect: Effect::Read,
            outcome: Ok(&given),
            attempt: 1,
            elapsed: Duration::from_millis(950),
            at: now(),
        };
        let policy = policy().with_deadline(Duration::from_secs(1)).unwrap();
        assert_eq!(policy.next(&tried, 0.0), Next::Answer);
    }
}
