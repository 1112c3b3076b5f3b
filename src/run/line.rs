//! What the network did during one call of a provider: heard from the exchanges as they are kept, so
//! no provider has to tell it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::fault::Result;
use crate::http::{Exchange, Witness};
use crate::id::EvidenceId;
use crate::provider::Cx;

/// The exchanges of one call, counted on their way to the witness.
pub(super) struct Line<'a> {
    cx: Cx<'a>,
    began: Instant,
    answers: AtomicU32,
    broken: AtomicU32,
    throttled: AtomicU32,
}

impl<'a> Line<'a> {
    pub(super) fn new(cx: Cx<'a>) -> Self {
        Self {
            cx,
            began: Instant::now(),
            answers: AtomicU32::new(0),
            broken: AtomicU32::new(0),
            throttled: AtomicU32::new(0),
        }
    }

    /// What the call is to be made with.
    pub(super) fn cx(&self) -> Cx<'_> {
        Cx {
            witness: self,
            clock: self.cx.clock,
        }
    }

    /// How many answers asked us to wait.
    pub(super) fn throttled(&self) -> u32 {
        self.throttled.load(Ordering::Relaxed)
    }

    /// Whether the provider cannot be reached: not one answer came, and every attempt broke or the
    /// whole `limit` passed. By then the client has tried as often as its policy allows.
    pub(super) fn is_dead(&self, limit: Duration) -> bool {
        let tried = self.broken.load(Ordering::Relaxed) > 0 || self.began.elapsed() >= limit;
        tried && self.answers.load(Ordering::Relaxed) == 0
    }
}

#[async_trait]
impl Witness for Line<'_> {
    async fn saw(&self, exchange: &Exchange) -> Result<EvidenceId> {
        let count = match &exchange.answer {
            Ok(_) => &self.answers,
            Err(_) => &self.broken,
        };
        count.fetch_add(1, Ordering::Relaxed);
        if exchange.throttled() {
            self.throttled.fetch_add(1, Ordering::Relaxed);
        }
        self.cx.witness.saw(exchange).await
    }
}
