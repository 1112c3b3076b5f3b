//! Executors: one call each, with a time limit, and a panic caught where it happens.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;

use super::Deed;
use super::line::Line;
use crate::case::event::Outcome;
use crate::door::{Door, DoorState, Probe};
use crate::fault::{Fault, Result};
use crate::http::Witness;
use crate::plan::Step;
use crate::provider::{Account, Closing, Cx, Page, Provider, Window};
use crate::time::Clock;

/// What is to be called.
pub(super) enum Call {
    /// Close the door.
    Close(Arc<dyn Provider>, Door),
    /// Look whether it still works.
    Probe(Arc<dyn Provider>, Door),
    /// Read one page.
    Pull(Arc<dyn Provider>, Pull),
    /// Do a deed.
    Act(Arc<dyn Deed>, Box<Step>),
    /// Look whether a deed was done.
    Observe(Arc<dyn Deed>, Box<Step>),
}

/// Which page.
#[derive(Debug, Clone)]
pub(super) struct Pull {
    pub(super) trail: String,
    pub(super) account: Account,
    pub(super) window: Window,
    pub(super) cursor: Option<String>,
}

/// What came of a call.
#[derive(Debug)]
pub(super) enum Answer {
    /// Of a close; the last is whether the provider's code broke down, so that it is not called again.
    Closed(Door, Closing, bool),
    /// Of a probe.
    Probed(Door, Probe),
    /// Of a page; the last is how many answers on the way asked us to wait.
    Pulled(Result<Page, String>, u32),
    /// Of a deed.
    Acted(Result<Outcome, Miss>),
    /// Of a look at a deed.
    Observed(Result<Option<Outcome>, Miss>),
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(super) enum Miss {
    /// It said so.
    Fault(String),
    /// It took too long.
    Late(Duration),
    /// Its code panicked.
    Panic,
}

impl std::fmt::Display for Miss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fault(why) => f.write_str(why),
            Self::Late(limit) => write!(f, "there was no answer within {} s", limit.as_secs()),
            Self::Panic => f.write_str("the code of the step broke down; please report this"),
        }
    }
}

/// Waits for `work` up to `limit`; a panic inside stays inside.
pub(super) async fn bounded<T>(
    limit: Duration,
    work: impl Future<Output = Result<T>>,
) -> Result<T, Miss> {
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Err(_) => Err(Miss::Late(limit)),
        // The program ends, and the call with it, as in a crash: nobody knows what came of it, and the
        // next start looks.
        Ok(Err(panic)) if of_the_end(&*panic) => std::future::pending().await,
        Ok(Err(_)) => Err(Miss::Panic),
        Ok(Ok(Err(fault))) => Err(Miss::Fault(clip(sentence(&fault)))),
        Ok(Ok(Ok(value))) => Ok(value),
    }
}

/// Whether it is what tokio says to who waits while the runtime shuts down.
fn of_the_end(panic: &(dyn std::any::Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .is_some_and(|text| text.contains("being shutdown"))
}

/// A fault in one line, with its first next step.
pub(super) fn sentence(fault: &Fault) -> String {
    match fault.hints().first() {
        Some(hint) => format!("{fault}; {hint}"),
        None => fault.to_string(),
    }
}

/// The beginning of a text from outside, long enough for a sentence.
pub(super) fn clip(mut text: String) -> String {
    const MOST: usize = 2_000;
    if let Some((end, _)) = text.char_indices().nth(MOST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A closing with a short reason.
pub(super) fn short(closing: Closing) -> Closing {
    match closing {
        Closing::Refused { why, evidence } => Closing::Refused {
            why: clip(why),
            evidence,
        },
        Closing::Unclear { why } => Closing::Unclear { why: clip(why) },
        accepted @ (Closing::Accepted { .. } | Closing::AlreadyDone { .. }) => accepted,
    }
}

/// A look that showed nothing.
pub(super) const fn unknown(why: String) -> Probe {
    Probe {
        state: DoorState::Unknown,
        why,
        evidence: Vec::new(),
        residual_until: None,
    }
}

/// Probes a door; a look that fails is an unknown state with a reason.
pub(super) async fn probe(
    provider: &dyn Provider,
    door: &Door,
    limit: Duration,
    cx: Cx<'_>,
) -> Probe {
    match bounded(limit, provider.probe(door, cx)).await {
        Err(miss) => unknown(format!("The door could not be looked at: {miss}.")),
        Ok(probe) if probe.state == DoorState::Closing => unknown(probe.why),
        Ok(probe) if probe.state == DoorState::Closed && probe.evidence.is_empty() => {
            unknown(format!("Nothing was kept that proves it: {}", probe.why))
        }
        Ok(mut probe) => {
            probe.why = clip(probe.why);
            if probe.state == DoorState::Closed && probe.residual_until.is_none() {
                let kind = provider.spec().door_kind(&door.kind);
                probe.residual_until = kind.and_then(|kind| kind.residual_until(cx.clock.now()));
            }
            probe
        }
    }
}

/// Reads one page; with it, how many answers on the way asked us to wait.
pub(super) async fn page(
    provider: &dyn Provider,
    pull: &Pull,
    limit: Duration,
    cx: Cx<'_>,
) -> (Result<Page, Miss>, u32) {
    let line = Line::new(cx);
    let cursor = pull.cursor.as_deref();
    let page = provider.pull(&pull.trail, &pull.account, pull.window, cursor, line.cx());
    let page = bounded(limit, page).await;
    (page, line.throttled())
}

impl Call {
    /// What counts when the task of the call breaks without an answer.
    pub(super) fn broken(&self) -> Answer {
        match self {
            Self::Close(_, door) => {
                let why = Miss::Panic.to_string();
                Answer::Closed(door.clone(), Closing::Unclear { why }, true)
            }
            Self::Probe(_, door) => Answer::Probed(door.clone(), unknown(Miss::Panic.to_string())),
            Self::Pull(..) => Answer::Pulled(Err(Miss::Panic.to_string()), 0),
            Self::Act(..) => Answer::Acted(Err(Miss::Panic)),
            Self::Observe(..) => Answer::Observed(Err(Miss::Panic)),
        }
    }

    /// Makes the call.
    pub(super) async fn make(
        self,
        limit: Duration,
        witness: Arc<dyn Witness>,
        clock: Arc<dyn Clock>,
    ) -> Answer {
        let cx = Cx {
            witness: &*witness,
            clock: &*clock,
        };
        match self {
            Self::Close(provider, door) => match bounded(limit, provider.close(&door, cx)).await {
                Ok(closing) => Answer::Closed(door, short(closing), false),
                Err(miss) => {
                    let panicked = matches!(miss, Miss::Panic);
                    let why = miss.to_string();
                    Answer::Closed(door, Closing::Unclear { why }, panicked)
                }
            },
            Self::Probe(provider, door) => {
                let probe = probe(&*provider, &door, limit, cx).await;
                Answer::Probed(door, probe)
            }
            Self::Pull(provider, pull) => {
                let (page, throttled) = page(&*provider, &pull, limit, cx).await;
                Answer::Pulled(page.map_err(|miss| miss.to_string()), throttled)
            }
            Self::Act(deed, step) => Answer::Acted(bounded(limit, deed.act(&step)).await),
            Self::Observe(deed, step) => {
                Answer::Observed(bounded(limit, deed.observe(&step)).await)
            }
        }
    }
}
