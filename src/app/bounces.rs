//! What came back of notices: one message by hand, or those that a mail system files in a maildir.

use std::path::{Path, PathBuf};

use super::App;
use super::desk::Desk;
use crate::canon::Digest;
use crate::case::event::{Actor, Event};
use crate::case::state::CaseState;
use crate::fault::{Fault, Kind, Result};
use crate::id::NoticeId;
use crate::notice::bounce::{self, Returned, Undelivered};

/// What was made of a message that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The notice that it is of.
    pub notice: NoticeId,
    /// The Message-ID of what was sent.
    pub message_id: String,
    /// Whom it did not reach.
    pub recipients: Vec<Undelivered>,
}

impl Desk {
    /// Takes in a message that came back, from a file.
    ///
    /// # Errors
    /// As [`Self::notice_bounce`]; the file cannot be read.
    pub async fn notice_bounce_file(&self, file: &Path) -> Result<Taken> {
        let (name, bytes) = self.workplace.read(file)?;
        self.notice_bounce(&name, bytes).await
    }

    /// Takes in a message that came back: kept as evidence, and told beside its notice. One that was taken
    /// in before is answered as it is.
    ///
    /// # Errors
    /// It is no such message, or not of a mail that this case sent.
    pub async fn notice_bounce(&self, name: &str, bytes: Vec<u8>) -> Result<Taken> {
        let returned = bounce::read(&bytes)?;
        let found = self.log.read(|state| of(state, &returned));
        let (notice, message_id, to) = found.ok_or_else(|| {
            Fault::input("bounce-unmatched", "It is of no mail that this case has sent.")
                .at(crate::hostile::one_line(name, 120))
                .hint(format!("`cordon notice list {}` shows what was sent; the message has to carry the Message-ID or the headers of the mail", self.log.case()))
        })?;
        let mut recipients = returned.recipients;
        if recipients.is_empty() {
            let status = "came back; the message does not say of whom".to_owned();
            recipients = to
                .into_iter()
                .map(|recipient| Undelivered {
                    recipient,
                    status: status.clone(),
                })
                .collect();
        }
        let taken = Taken {
            notice,
            message_id,
            recipients,
        };
        let digest = Digest::of(&bytes);
        let before = self.log.read(|state| {
            let record = state.notices.get(&taken.notice);
            let mut bounces = record.into_iter().flat_map(|record| &record.bounces);
            bounces.any(|known| {
                state
                    .evidence
                    .get(&known.evidence)
                    .is_some_and(|kept| kept.sha256 == digest)
            })
        });
        if before {
            return Ok(taken);
        }
        let title = format!("Came back: {}", taken.message_id);
        let template =
            self.read(|case| Ok::<_, Fault>(case.draft(&taken.notice)?.template.clone()))?;
        let evidence = self
            .recorder_of(&template)?
            .keep_file(name, "message/rfc822", bytes.into(), &title)
            .await?;
        let events = taken.recipients.iter().map(|one| Event::NoticeBounced {
            notice: taken.notice.clone(),
            message_id: taken.message_id.clone(),
            recipient: one.recipient.clone(),
            status: one.status.clone(),
            evidence: evidence.clone(),
        });
        self.log.append(&self.by, events.collect()).await?;
        Ok(taken)
    }
}

/// The notice of this case whose mail a message speaks of, with its Message-ID and recipients.
fn of(state: &CaseState, returned: &Returned) -> Option<(NoticeId, String, Vec<String>)> {
    state.notices.iter().find_map(|(id, record)| {
        let mut mails = record.mails.iter();
        let mail = mails.find(|mail| returned.message_ids.contains(&mail.message_id))?;
        Some((id.clone(), mail.message_id.clone(), mail.to.clone()))
    })
}

impl App {
    /// Takes in what a mail system filed in the configured maildir: what is of a mail of ours goes to its
    /// case, and everything goes from `new` to `cur`, where people find the rest. Gives how many were ours.
    ///
    /// # Errors
    /// The maildir cannot be read.
    pub async fn take_in_bounces(&self) -> Result<usize> {
        let Some(bounces) = self
            .settings
            .mail
            .as_ref()
            .and_then(|mail| mail.bounces.as_ref())
        else {
            return Ok(0);
        };
        let mut taken = 0;
        for file in filed(&bounces.folder)? {
            match self.take_in_file(&bounces.folder, &file).await {
                Ok(ours) => taken += usize::from(ours),
                // It stays in `new`, and keeps none of the others waiting.
                Err(fault) => {
                    let file = crate::hostile::one_line(&file.display().to_string(), 300);
                    tracing::warn!(code = fault.code(), %file, "a message was not taken in");
                }
            }
        }
        Ok(taken)
    }

    /// Takes one file of a maildir in and files it; gives whether it was ours.
    async fn take_in_file(&self, folder: &Path, file: &Path) -> Result<bool> {
        let Some(name) = file.file_name().map(|name| name.to_string_lossy()) else {
            return Ok(false);
        };
        let about = std::fs::metadata(file).map_err(crate::fault::io("look at a message", file))?;
        let ours = about.len() <= bounce::MOST as u64 && {
            let bytes = std::fs::read(file).map_err(crate::fault::io("read a message", file))?;
            self.take_in_bounce(&name, bytes).await?
        };
        let seen = if ours { "S" } else { "" };
        let base = name.split(":2,").next().unwrap_or(&name);
        let cur = folder.join("cur").join(format!("{base}:2,{seen}"));
        std::fs::rename(file, &cur).map_err(crate::fault::io("file a message", &cur))?;
        if !ours {
            tracing::warn!(
                "a message in the maildir for bounces is of no mail of ours; it lies in cur"
            );
        }
        Ok(ours)
    }

    async fn take_in_bounce(&self, name: &str, bytes: Vec<u8>) -> Result<bool> {
        let Ok(returned) = bounce::read(&bytes) else {
            return Ok(false);
        };
        for case in self.ids()? {
            let case = case.to_string();
            let ours = match self.peek(&case) {
                Ok(state) => of(&state, &returned).is_some(),
                Err(fault) if fault.kind() == Kind::Owned => return Err(fault),
                Err(_) => false,
            };
            if ours {
                let desk = self.desk_by(&case, Actor::Engine)?;
                desk.notice_bounce(name, bytes).await?;
                desk.finish().await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The messages of a maildir that nobody has looked at, the oldest name first.
fn filed(folder: &Path) -> Result<Vec<PathBuf>> {
    let new = folder.join("new");
    let failed = crate::fault::io("read the maildir for bounces", &new);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&new).map_err(failed)? {
        let entry = entry.map_err(crate::fault::io("read the maildir for bounces", &new))?;
        let path = entry.path();
        // A link could name any file of this machine.
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
