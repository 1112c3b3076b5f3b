//! Signed messages of HR systems become cases: once each, quietly, and never more than a case.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{App, NewCase, Origin};
use crate::canon::Digest;
use crate::case::event::Actor;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::intake::{Accepted, Inbox, Incoming, Kind};
use crate::store::Hub;

/// Where messages are remembered.
const SEEN: &str = "webhook";

/// Opens a case for a departure that an HR system reports.
#[derive(Debug)]
pub struct Departures {
    app: Arc<App>,
    hub: Hub,
    /// The cases that were opened since the start, in order.
    opened: Mutex<Vec<CaseId>>,
}

/// What is remembered of a message.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    body: Digest,
    /// The case that it opened; `None` while that is under way, or when it opens none.
    case: Option<CaseId>,
    done: bool,
}

impl Departures {
    /// Remembers messages in the hub of `app`.
    ///
    /// # Errors
    /// The hub cannot be opened.
    pub fn new(app: Arc<App>) -> Result<Self> {
        let hub = Hub::open(&app.settings.data.join("hub"))?;
        Ok(Self {
            app,
            hub,
            opened: Mutex::default(),
        })
    }

    /// The cases that were opened since the start, in order.
    pub fn opened(&self) -> Vec<CaseId> {
        self.opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn remember(&self, key: &[u8], seen: &Seen) -> Result<()> {
        self.hub.put(SEEN, key, &crate::canon::canonical(seen)?)
    }
}

#[async_trait]
impl Inbox for Departures {
    async fn accept(&self, incoming: Incoming) -> Result<Accepted> {
        let key = format!("{}\u{1f}{}", incoming.source, incoming.id).into_bytes();
        let body = Digest::of(&incoming.body);
        let begun = Seen {
            body,
            case: None,
            done: false,
        };
        if !self
            .hub
            .put_new(SEEN, &key, &crate::canon::canonical(&begun)?)?
        {
            let known = self.hub.get(SEEN, &key)?.unwrap_or_default();
            let known: Seen = serde_json::from_slice(&known).map_err(|error| {
                Fault::failed("hub", "What is remembered of a message cannot be read.")
                    .caused_by(error)
            })?;
            if known.body != body {
                return Ok(Accepted::Conflict);
            }
            if known.done {
                return Ok(Accepted::Duplicate);
            }
            // A crash came between the message and its case: the sender's repetition finishes it.
        }
        let mut case = None;
        // A recall or anything else waits for a person; only a departure opens a case by itself.
        if incoming.kind == Kind::Termination {
            let new = NewCase {
                subject: incoming.subject.clone(),
                title: None,
                route: incoming.route.clone(),
                effective: incoming.effective,
                by: Actor::Intake(incoming.source.clone()),
                origin: Origin::Webhook(incoming),
            };
            let desk = self.app.open_case(new).await?;
            desk.finish().await?;
            let id = desk.log.case().clone();
            self.opened
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(id.clone());
            case = Some(id);
        }
        self.remember(
            &key,
            &Seen {
                body,
                case,
                done: true,
            },
        )?;
        Ok(Accepted::New)
    }
}
