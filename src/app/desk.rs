//! One open case with everything that works on it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::tz::TimeZone;

use super::Providers;
use crate::case::event::Actor;
use crate::case::log::CaseLog;
use crate::evidence::Recorder;
use crate::fault::Result;
use crate::http::{Exchange, Witness};
use crate::id::EvidenceId;
use crate::playbook::Catalogue;
use crate::settings::Settings;
use crate::sshsig::Signer;
use crate::time::Timestamp;
use crate::workplace::Workplace;

/// The name of the file that keeps the company's record.
pub(super) const COMPANY: &str = "company.json";

/// One open case. A clone is the same desk.
#[derive(Clone)]
pub struct Desk {
    /// The log.
    pub log: Arc<CaseLog>,
    /// What keeps evidence.
    pub recorder: Arc<Recorder>,
    /// The providers.
    pub providers: Providers,
    /// Who works here.
    pub by: Actor,
    /// The zone that times are shown in beside UTC.
    pub zone: TimeZone,
    pub(super) settings: Settings,
    pub(super) workplace: Arc<dyn Workplace>,
    pub(super) key: Arc<Signer>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("case", self.log.case())
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.log.clock().now()
    }

    /// Everything that a playbook may name.
    pub fn catalogue(&self) -> Catalogue {
        super::catalogue()
    }

    /// Ends a piece of work: signs a checkpoint when the log has grown since the last.
    ///
    /// # Errors
    /// The checkpoint cannot be signed or written.
    pub async fn finish(&self) -> Result<()> {
        let grown = self.log.read(|state| {
            state
                .checkpoints
                .last()
                .is_none_or(|(entries, _)| entries + 1 < state.lines)
        });
        if grown {
            crate::evidence::checkpoint::sign(&self.log, &self.key, &self.by).await?;
        }
        Ok(())
    }
}

/// A witness for calls outside any case: nothing is kept.
#[derive(Debug)]
pub struct Unkept;

#[async_trait]
impl Witness for Unkept {
    async fn saw(&self, _: &Exchange) -> Result<EvidenceId> {
        Ok(EvidenceId::fresh())
    }
}
