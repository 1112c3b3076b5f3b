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

/// Waits for `work` up to `limit`; a panic inside stays inside. Never comes back when the program ends: the
/// call ends with it, as in a crash, and nobody knows what came of it. The next start looks.
pub(super) async fn bounded<T>(
    limit: Duration,
    work: impl Future<Output = Result<T>>,
) -> Result<T, Miss> {
    let done = AssertUnwindSafe(tokio::time::timeout(limit, work)).catch_unwind();
    let done = done.await;
    // Whatever the call says then is of its broken timers and connections, not of the provider.
    if program_ends().await {
        return std::future::pending().await;
    }
    match done {
        Err(_) => Err(Miss::Panic),
        Ok(Err(_)) => Err(Miss::Late(limit)),
        Ok(Ok(Err(fault))) => Err(Miss::Fault(clip(sentence(&fault)))),
        Ok(Ok(Ok(value))) => Ok(value),
    }
}

/// Whether the runtime shuts down, as it does only when the program ends: it refuses new tasks from then
/// on, before it breaks anything that is under way.
async fn program_ends() -> bool {
    let task = tokio::spawn(std::future::ready(()));
    task.await.is_err_and(|error| error.is_cancelled())
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    /// What is heard of a call that is under way when its program ends. As in the daemon, it is made on
    /// a thread of its own, which outlives the runtime by a moment.
    fn heard(
        call: impl Future<Output = Result<()>> + Send + 'static,
    ) -> Result<Result<(), Miss>, mpsc::TryRecvError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build();
        let runtime = runtime.unwrap();
        let handle = runtime.handle().clone();
        let (begins, begun) = mpsc::channel();
        let (says, said) = mpsc::channel();
        runtime.spawn_blocking(move || {
            handle.block_on(async {
                let call = async {
                    begins.send(()).unwrap();
                    call.await
                };
                says.send(bounded(LONG, call).await).unwrap();
            });
        });
        begun.recv().unwrap();
        runtime.shutdown_timeout(Duration::from_millis(500));
        said.try_recv()
    }

    #[test]
    fn what_the_end_of_the_program_broke_is_no_answer() {
        let nothing = mpsc::TryRecvError::Empty;
        let timer = async {
            tokio::time::sleep(LONG).await;
            Ok(())
        };
        assert_eq!(heard(timer).unwrap_err(), nothing);
        // As a client does whose connection is gone.
        let connection = async {
            let task = tokio::spawn(std::future::pending::<()>());
            let gone = |error| Fault::failed("gone", "The connection is gone.").caused_by(error);
            task.await.map_err(gone)
        };
        assert_eq!(heard(connection).unwrap_err(), nothing);
    }

    #[tokio::test]
    async fn what_breaks_in_a_program_that_goes_on_is_an_answer() {
        let panics = async { panic!("broken") };
        let miss = bounded::<()>(LONG, panics).await.unwrap_err();
        assert!(matches!(miss, Miss::Panic), "{miss}");
        let miss = bounded::<()>(Duration::ZERO, std::future::pending()).await;
        assert!(matches!(miss, Err(Miss::Late(_))), "{miss:?}");
    }
}
