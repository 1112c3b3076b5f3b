//! Watches how messages of a source are answered: counts them, and tells people when one after the
//! other is refused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use jiff::SignedDuration;

use super::metrics::Counted;
use crate::app::alert::{Alerts, Kind};
use crate::time::{Clock, Timestamp, utc};

/// So many refusals within this time are told, and then none of the source for an hour.
const REFUSALS: usize = 10;
const WITHIN: SignedDuration = SignedDuration::from_mins(10);
const QUIET: SignedDuration = SignedDuration::from_hours(1);

/// How messages of one source are answered.
pub(super) struct Watched {
    pub(super) source: String,
    pub(super) counted: Counted,
    pub(super) alerts: Arc<Alerts>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) refused: Mutex<Refused>,
}

/// The refusals of late.
#[derive(Debug, Default)]
pub(super) struct Refused {
    at: VecDeque<Timestamp>,
    told: Option<Timestamp>,
}

impl Refused {
    /// Takes one more in; since when, if people are to be told now.
    fn one_more(&mut self, now: Timestamp) -> Option<Timestamp> {
        let within = |at: &Timestamp| now.duration_since(*at) < WITHIN;
        self.at.retain(within);
        self.at.push_back(now);
        while self.at.len() > REFUSALS {
            self.at.pop_front();
        }
        let quiet = self
            .told
            .is_some_and(|told| now.duration_since(told) < QUIET);
        if quiet || self.at.len() < REFUSALS {
            return None;
        }
        self.told = Some(now);
        self.at.front().copied()
    }
}

/// What an answer says of a message, in one word.
const fn result(status: StatusCode) -> &'static str {
    match status {
        StatusCode::ACCEPTED => "accepted",
        StatusCode::OK => "duplicate",
        StatusCode::CONFLICT => "conflict",
        StatusCode::SERVICE_UNAVAILABLE => "not-kept",
        _ => "refused",
    }
}

/// Counts a message by its answer.
pub(super) async fn watched(
    State(watched): State<Arc<Watched>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let began = Instant::now();
    let response = next.run(request).await;
    let result = result(response.status());
    let seconds = began.elapsed().as_secs_f64();
    watched.counted.message(&watched.source, result, seconds);
    if matches!(result, "refused" | "conflict") {
        let now = watched.clock.now();
        let since = {
            let refused = watched.refused.lock();
            refused
                .unwrap_or_else(PoisonError::into_inner)
                .one_more(now)
        };
        if let Some(since) = since {
            tell(watched, since).await;
        }
    }
    response
}

/// Raises the alert, on a thread that may wait for the disk.
async fn tell(watched: Arc<Watched>, since: Timestamp) {
    let raise = move || {
        let detail = format!("source {}, since {}", watched.source, utc(since));
        watched.alerts.raise(Kind::WebhookRejected, None, &detail)
    };
    if let Ok(Err(fault)) = tokio::task::spawn_blocking(raise).await {
        tracing::error!(%fault, "an alert could not be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_within_ten_minutes_are_told_once_an_hour() {
        let start: Timestamp = "2027-03-12T09:00:00Z".parse().unwrap();
        let after = |seconds: i64| start + SignedDuration::from_secs(seconds);
        let mut slow = Refused::default();
        assert!((0..50).all(|number| slow.one_more(after(number * 67)).is_none()));
        let mut quick = Refused::default();
        let told: Vec<_> = (0..2000)
            .filter_map(|second| quick.one_more(after(second)))
            .collect();
        assert_eq!(told, [start]);
        assert!(quick.at.len() <= REFUSALS);
        let later = (3600..3700).find_map(|second| quick.one_more(after(second)));
        assert_eq!(later, Some(after(3600)));
    }
}
