//! What is counsel's is kept apart: its words are evidence that the log knows by their hash alone, so that
//! the log and the exports of a case can be given away without them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::reader::Reader;
use crate::canon::canonical;
use crate::case::event::{Comment, Statement, Suggestion};
use crate::case::state::{FactRecord, NoticeRecord};
use crate::evidence::recorder::Recorder;
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::notice;
use crate::notice::dictionary::{self, Privilege};

/// What a person says of the case.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Said {
    value: String,
    de: Option<String>,
    pt: Option<String>,
    note: String,
}

/// What a person remarks on a text.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Remarked {
    quote: String,
    text: String,
}

/// Other words that a person suggests.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Suggested {
    before: String,
    after: String,
    reason: String,
}

impl Desk {
    /// The recorder for what is part of a notice: what it keeps of a restricted one is counsel's.
    ///
    /// # Errors
    /// There is no such template any more.
    pub(super) fn recorder_of(&self, template: &str) -> Result<Recorder> {
        let about = notice::about(template)?;
        Ok(self.recorder.for_counsel(about.is_restricted()))
    }

    /// Puts the words of a statement apart when they are counsel's.
    pub(super) async fn statement_apart(&self, mut statement: Statement) -> Result<Statement> {
        let known = dictionary::entry(&statement.key)?;
        if known.privilege != Privilege::Privileged {
            return Ok(statement);
        }
        let said = Said {
            value: std::mem::take(&mut statement.value),
            de: statement.de.take(),
            pt: statement.pt.take(),
            note: std::mem::take(&mut statement.note),
        };
        let title = format!("What counsel recorded: {}", statement.key);
        statement.apart = Some(self.put_apart(&title, &said).await?);
        Ok(statement)
    }

    /// Puts the words of what people say of a restricted text apart.
    pub(super) async fn review_apart(
        &self,
        template: &str,
        comments: &mut [Comment],
        suggestions: &mut [Suggestion],
    ) -> Result<()> {
        if !notice::about(template)?.is_restricted() {
            return Ok(());
        }
        for comment in comments {
            let said = Remarked {
                quote: std::mem::take(&mut comment.quote),
                text: std::mem::take(&mut comment.text),
            };
            comment.apart = Some(self.put_apart("Remark on a privileged text", &said).await?);
        }
        for suggestion in suggestions {
            let said = Suggested {
                before: std::mem::take(&mut suggestion.before),
                after: std::mem::take(&mut suggestion.after),
                reason: std::mem::take(&mut suggestion.reason),
            };
            let title = "Words suggested for a privileged text";
            suggestion.apart = Some(self.put_apart(title, &said).await?);
        }
        Ok(())
    }

    async fn put_apart(&self, title: &str, said: &impl Serialize) -> Result<EvidenceId> {
        let bytes = canonical(said)?.into();
        let recorder = self.recorder.for_counsel(true);
        recorder
            .keep_file("words.json", "application/json", bytes, title)
            .await
    }
}

impl Reader<'_> {
    /// The facts that people recorded, with the words that are kept apart. Words that are gone or damaged
    /// are missing, and keep no other notice waiting; `evidence verify` tells where.
    pub(super) fn recorded(&self) -> BTreeMap<String, FactRecord> {
        let mut facts = self.state.facts.clone();
        facts.retain(|key, record| {
            let Some(apart) = &record.statement.apart else {
                return true;
            };
            let said: Said = match self.apart(apart) {
                Ok(said) => said,
                Err(fault) => {
                    tracing::error!(fact = %key, code = fault.code(), "the words of a fact cannot be read");
                    return false;
                }
            };
            record.statement.value = said.value;
            record.statement.de = said.de;
            record.statement.pt = said.pt;
            record.statement.note = said.note;
            true
        });
        facts
    }

    /// Reads what people said of a text from where it is kept apart.
    ///
    /// # Errors
    /// It is gone or damaged.
    pub(super) fn with_review(&self, mut record: NoticeRecord) -> Result<NoticeRecord> {
        for remark in &mut record.remarks {
            let Some(apart) = &remark.comment.apart else {
                continue;
            };
            let said: Remarked = self.apart(apart)?;
            remark.comment.quote = said.quote;
            remark.comment.text = said.text;
        }
        for proposal in &mut record.proposals {
            let Some(apart) = &proposal.suggestion.apart else {
                continue;
            };
            let said: Suggested = self.apart(apart)?;
            proposal.suggestion.before = said.before;
            proposal.suggestion.after = said.after;
            proposal.suggestion.reason = said.reason;
        }
        Ok(record)
    }

    fn apart<T: DeserializeOwned>(&self, id: &EvidenceId) -> Result<T> {
        let bytes = self.shelf.bytes(self.evidence(id)?)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Fault::evidence("apart-damaged", "Words that are kept apart cannot be read.")
                .at(id)
                .caused_by(error)
        })
    }
}
