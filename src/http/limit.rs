//! What one provider allows: how often, how many at once, how far apart writes stand, and the pause
//! that it asked for. Every caller of a provider shares one [`Limit`].

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

use super::Effect;
use crate::fault::{Fault, Result};

/// The longest that anything here makes a caller wait at once.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// The limits of one provider. Clones share one state.
#[derive(Debug, Clone)]
pub struct Limit(Arc<State>);

#[derive(Debug)]
struct State {
    bucket: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>,
    clock: TokioClock,
    all: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    apart: Duration,
    last_write: tokio::sync::Mutex<Option<Instant>>,
    paused_until: Mutex<Option<Instant>>,
}

/// The right to make one attempt; given back when dropped.
#[derive(Debug)]
#[must_use = "the attempt counts as under way while this is held"]
pub struct Admission {
    _all: OwnedSemaphorePermit,
    _read: Option<OwnedSemaphorePermit>,
}

impl Limit {
    /// One call per `every` on average, up to `burst` without waiting, at most `in_flight` under way.
    ///
    /// One of the `in_flight` places is kept from reads where there is more than one, so that a
    /// close never queues behind a long trail.
    ///
    /// # Errors
    /// A period, burst or number of places that is zero.
    pub fn try_new(every: Duration, burst: u32, in_flight: usize) -> Result<Self> {
        Self::with_writes_apart(every, burst, in_flight, Duration::ZERO)
    }

    /// The same, with the starts of two writes at least `apart`, a day at most.
    ///
    /// # Errors
    /// As [`Self::try_new`].
    pub fn with_writes_apart(
        every: Duration,
        burst: u32,
        in_flight: usize,
        apart: Duration,
    ) -> Result<Self> {
        let (Some(quota), Some(burst)) = (Quota::with_period(every), NonZeroU32::new(burst)) else {
            return Err(Fault::input(
                "limit",
                "A rate limit needs a period and a burst above zero.",
            ));
        };
        if in_flight == 0 || in_flight > Semaphore::MAX_PERMITS {
            return Err(Fault::input(
                "limit",
                "A rate limit needs at least one call that may be under way.",
            ));
        }
        let clock = TokioClock(Instant::now());
        Ok(Self(Arc::new(State {
            bucket: RateLimiter::direct_with_clock(quota.allow_burst(burst), clock.clone()),
            clock,
            all: Arc::new(Semaphore::new(in_flight)),
            reads: Arc::new(Semaphore::new(in_flight.saturating_sub(1).max(1))),
            apart: apart.min(LONGEST_PAUSE),
            last_write: tokio::sync::Mutex::new(None),
            paused_until: Mutex::new(None),
        })))
    }

    /// Holds every caller back for `wait`, a day at most; a longer pause that stands already is kept.
    pub fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait.min(LONGEST_PAUSE);
        let mut paused = self
            .0
            .paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |standing| standing.max(until)));
    }

    /// Waits until one attempt may leave.
    pub async fn admit(&self, effect: Effect) -> Admission {
        let state = &*self.0;
        match effect {
            Effect::Read => {
                let read = place(&state.reads).await;
                let all = place(&state.all).await;
                state.token().await;
                Admission {
                    _all: all,
                    _read: Some(read),
                }
            }
            Effect::Write => {
                // Held while waiting: writers leave one after the other, in the order they came.
                let mut last = state.last_write.lock().await;
                let all = place(&state.all).await;
                if let Some(last) = *last {
                    sleep_until(last + state.apart).await;
                }
                state.token().await;
                *last = Some(Instant::now());
                Admission {
                    _all: all,
                    _read: None,
                }
            }
        }
    }
}

/// A place in `semaphore`.
async fn place(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    loop {
        // The semaphores are never closed; the loop only spares a panic path.
        if let Ok(permit) = Arc::clone(semaphore).acquire_owned().await {
            return permit;
        }
        tokio::task::yield_now().await;
    }
}

impl State {
    /// Waits for the pause to end and for a token. Nothing waits between the last look at the pause
    /// and the taking of the token.
    async fn token(&self) {
        loop {
            if let Some(until) = self.paused() {
                sleep_until(until).await;
                continue;
            }
            match self.bucket.check() {
                Ok(()) => return,
                Err(early) => sleep(early.wait_time_from(self.clock.now())).await,
            }
        }
    }

    fn paused(&self) -> Option<Instant> {
        self.paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .filter(|until| *until > Instant::now())
    }
}

/// Tokio's clock, which tests can pause, as the token bucket wants it.
#[derive(Debug, Clone)]
struct TokioClock(Instant);

impl governor::clock::Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
