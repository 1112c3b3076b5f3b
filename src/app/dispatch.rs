//! Where an approved notice goes by a person's hand, the files that go with it, and what is answered.

use super::desk::Desk;
use crate::canon::Digest;
use crate::case::event::{Attachment, Event};
use crate::case::state::NoticeRecord;
use crate::fault::{Fault, Result};
use crate::id::{EvidenceId, NoticeId};
use crate::notice::Channel;
use crate::time::Timestamp;

/// The most bytes of all files of a mail: in Base64, and once more when the mail is encrypted, they stay
/// below the 25 MB that mail systems commonly take.
const MOST: u64 = 12 * 1024 * 1024;

/// The ways a person hands a text in.
pub const WAYS: [&str; 5] = ["portal", "post", "mail", "hand", "telephone"];

impl Desk {
    /// Puts a file with a notice: it goes out with the text, and every approval is void.
    ///
    /// # Errors
    /// The notice is not under review, or a file of this name goes out with it already.
    pub async fn attach(&self, id: &NoticeId, name: &str, bytes: Vec<u8>) -> Result<Attachment> {
        let record = self.reviewed(id)?;
        // Before it is kept: what is refused leaves nothing behind.
        self.may_attach(&record, name, bytes.len() as u64)?;
        let title = format!("File that goes out with a notice: {}", name.escape_debug());
        let kind = media_type(name);
        let evidence = self
            .recorder_of(&record.template)?
            .keep_file(name, kind, bytes.into(), &title)
            .await?;
        // What is put with this notice is meant for its addressee, also where it is kept as counsel's.
        let sha256 = self.evidence(&evidence)?.sha256;
        self.put_with(id, name, evidence, sha256).await
    }

    /// As [`Self::attach`], with bytes that are evidence of the case already.
    ///
    /// # Errors
    /// As [`Self::attach`]; there is no such evidence.
    pub async fn attach_kept(
        &self,
        id: &NoticeId,
        name: &str,
        evidence: &EvidenceId,
    ) -> Result<Attachment> {
        let record = self.reviewed(id)?;
        let file = self.evidence(evidence)?;
        self.may_attach(&record, name, file.bytes)?;
        let about = crate::notice::about(&record.template)?;
        if file.privileged && !about.is_restricted() {
            let what =
                "This evidence is privileged, and the notice is not: it cannot go out with it.";
            return Err(Fault::input("attached-privileged", what)
                .at(evidence)
                .hint("attach what is meant for the addressee"));
        }
        let sha256 = file.sha256;
        self.put_with(id, name, evidence.clone(), sha256).await
    }

    async fn put_with(
        &self,
        id: &NoticeId,
        name: &str,
        evidence: EvidenceId,
        sha256: Digest,
    ) -> Result<Attachment> {
        let attachment = Attachment {
            name: name.to_owned(),
            evidence,
            sha256,
        };
        let event = Event::NoticeAttached {
            notice: id.clone(),
            attachment: attachment.clone(),
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(attachment)
    }

    /// Whether a file of this name and size may go out with a notice.
    fn may_attach(&self, record: &NoticeRecord, name: &str, bytes: u64) -> Result<()> {
        if record.attachments.iter().any(|file| file.name == name) {
            let what = "A file of this name goes out with the notice already.";
            return Err(Fault::input("attached", what).at(name.escape_debug()));
        }
        goes_as_it_is(name)?;
        self.file_may_go(name)?;
        if crate::notice::about(&record.template)?.channel != Channel::Mail {
            return Ok(());
        }
        let before = record.attachments.iter();
        let before = before.map(|one| self.evidence(&one.evidence).map(|file| file.bytes));
        let before = before.sum::<Result<u64>>()?;
        if before.saturating_add(bytes) <= MOST {
            return Ok(());
        }
        let what = "The files of this notice are more than a mail system takes: 12 MiB in all.";
        Err(Fault::input("attached-much", what)
            .at(name.escape_debug())
            .hint("hand large files over on a medium, and name their SHA-256 in the text"))
    }

    /// Takes a file out of a notice; every approval is void.
    ///
    /// # Errors
    /// No file of this name goes out with it.
    pub async fn detach(&self, id: &NoticeId, name: &str) -> Result<()> {
        let record = self.reviewed(id)?;
        if record.attachments.iter().all(|file| file.name != name) {
            let what = "No file of this name goes out with the notice.";
            return Err(Fault::input("not-attached", what).at(name.escape_debug()));
        }
        let event = Event::NoticeDetached {
            notice: id.clone(),
            name: name.to_owned(),
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// Records that a person handed the approved text in: into a form, by post, over the counter.
    ///
    /// # Errors
    /// The text is not approved, went out before, lacks facts unless `incomplete` says that it may, or
    /// its addressee may not have it; there is no such way; the instant lies in the future.
    pub async fn dispatch_notice(
        &self,
        id: &NoticeId,
        how: &str,
        to: &str,
        at: Option<Timestamp>,
        incomplete: bool,
    ) -> Result<()> {
        let record = self.reviewed(id)?;
        if !WAYS.contains(&how) {
            let what = "There is no such way for a notice to go.";
            return Err(Fault::input("way", what)
                .at(how.escape_debug())
                .hint(format!("ways: {}", WAYS.join(", "))));
        }
        if to.trim().is_empty() {
            return Err(Fault::input("recipient", "It says not to whom it went."));
        }
        self.still_approved(id, &record)?;
        self.may_go_to(&[to.to_owned()])?;
        if !incomplete {
            super::sending::complete(id, &record)?;
        }
        self.sender_may(id, &record)?;
        let event = Event::NoticeDispatched {
            notice: id.clone(),
            binds: record.binds(),
            how: how.to_owned(),
            to: crate::hostile::one_line(to, 500),
            at: at.unwrap_or_else(|| self.now()),
            apart: self.settings.notices.sender_is_not_approver,
        };
        self.log.append(&self.by, vec![event]).await?;
        // What follows the stage that it answers begins now.
        self.propose_clocks().await
    }

    /// Records what the addressee answered, with the files that show it.
    ///
    /// # Errors
    /// The notice did not go out, or the reference says nothing.
    pub async fn notice_receipt(
        &self,
        id: &NoticeId,
        reference: &str,
        at: Option<Timestamp>,
        files: Vec<(String, Vec<u8>)>,
    ) -> Result<()> {
        let record = self.notice_record(id)?;
        if !record.is_out() {
            let what = "The notice did not go out: there is nothing to answer.";
            return Err(Fault::input("not-out", what).at(id).hint(format!(
                "record how it went first: cordon notice dispatch {} {id} --by portal --to …",
                self.log.case()
            )));
        }
        if reference.trim().is_empty() && files.is_empty() {
            let what = "A receipt needs a reference or a file.";
            return Err(Fault::input("empty", what));
        }
        let recorder = self.recorder_of(&record.template)?;
        let mut evidence = Vec::new();
        for (name, bytes) in files {
            let title = format!("Receipt of a notice: {}", name.escape_debug());
            let kind = media_type(&name);
            let kept = recorder.keep_file(&name, kind, bytes.into(), &title);
            evidence.push(kept.await?);
        }
        let event = Event::NoticeReceipted {
            notice: id.clone(),
            reference: crate::hostile::one_line(reference.trim(), 500),
            at: at.unwrap_or_else(|| self.now()),
            evidence,
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }
}

/// A file goes out under the name that was approved, and under no other.
fn goes_as_it_is(name: &str) -> Result<()> {
    let plain = crate::hostile::file_name(name);
    if plain == name {
        return Ok(());
    }
    let what = "A file that goes out needs a name that every system takes as it is.";
    Err(Fault::input("file-name", what)
        .at(name.escape_debug())
        .hint(format!("such as: {plain}")))
}

/// The media type of a file by its name; what is not known is bytes.
pub fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit('.').next().unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "txt" | "md" | "csv" | "log" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "eml" => "message/rfc822",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}
