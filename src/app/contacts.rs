//! Contacts of a case: taken in, told, judged.

use std::path::Path;

use super::desk::Desk;
use crate::canon::Digest;
use crate::case::event::{Contact, Event};
use crate::contact::{self, assemble};
use crate::fault::{Fault, Result};
use crate::id::{ContactId, EvidenceId};
use crate::time::{SKEW, Timestamp};

impl Desk {
    /// Takes in a mail: the original is kept, then read.
    ///
    /// # Errors
    /// The file cannot be read or is not a mail.
    pub async fn contact_import(&self, file: &Path) -> Result<Contact> {
        let (name, bytes) = self.workplace.read(file)?;
        self.contact_mail(&name, bytes).await
    }

    /// Takes in the bytes of a mail; bytes that were taken in before are the contact that they are.
    ///
    /// # Errors
    /// The bytes are not a mail.
    pub async fn contact_mail(&self, name: &str, bytes: Vec<u8>) -> Result<Contact> {
        let received = self.now();
        let message = contact::eml::read(&bytes, received)?;
        let digest = Digest::of(&bytes);
        let before = self.log.read(|state| {
            let same = |id: &EvidenceId| {
                state
                    .evidence
                    .get(id)
                    .is_some_and(|kept| kept.sha256 == digest)
            };
            state
                .contacts
                .iter()
                .find(|contact| contact.evidence.iter().any(same))
                .cloned()
        });
        if let Some(contact) = before {
            // A crash may have come between the contact and its clocks.
            self.propose_clocks().await?;
            return Ok(contact);
        }
        let title = format!("Mail: {}", crate::hostile::one_line(&message.subject, 120));
        let evidence = self
            .recorder
            .keep_file(name, "message/rfc822", bytes.into(), &title)
            .await?;
        let contact = assemble::from_mail(
            ContactId::fresh(),
            &message,
            "in",
            vec![evidence],
            std::slice::from_ref(&self.zone),
        );
        self.record(contact).await
    }

    /// Records a call, a chat message or a letter; the words are kept as evidence.
    ///
    /// # Errors
    /// The instant lies in the future, or the case cannot take it in.
    pub async fn contact_add(
        &self,
        channel: &str,
        direction: &str,
        from: &str,
        at: Option<Timestamp>,
        text: &str,
    ) -> Result<Contact> {
        let now = self.now();
        let received = at.unwrap_or(now);
        if received.duration_since(now) > SKEW {
            return Err(Fault::input(
                "contact-future",
                format!(
                    "A contact cannot have been received in the future: it is {} now.",
                    crate::time::utc(now)
                ),
            )
            .at(format!("--at {received}"))
            .hint("give the instant with its zone, such as 2027-03-13T03:12:00-05:00, or leave --at away for now")
            .hint("when the instant is right, set the clock of this machine first"));
        }
        let bytes = text.as_bytes().to_vec().into();
        let title = format!("Contact by {channel}, as recorded by {}", self.by);
        let evidence = self
            .recorder
            .keep_file(
                &format!("{channel}.txt"),
                "text/plain; charset=utf-8",
                bytes,
                &title,
            )
            .await?;
        let told = assemble::Told {
            channel: channel.to_owned(),
            direction: direction.to_owned(),
            from: from.to_owned(),
            text: text.to_owned(),
            ..assemble::Told::default()
        };
        let contact = assemble::from_person(
            ContactId::fresh(),
            told,
            received,
            vec![evidence],
            std::slice::from_ref(&self.zone),
        )?;
        self.record(contact).await
    }

    async fn record(&self, contact: Contact) -> Result<Contact> {
        let mut events = vec![Event::ContactRecorded(contact.clone())];
        if contact.demand {
            events.extend(self.sanctions_hold(&contact.id));
        }
        self.log.append(&self.by, events).await?;
        self.propose_clocks().await?;
        Ok(contact)
    }

    /// Records what a person says of a contact. A demand does what a recognised one does: the hold, and
    /// the clocks. "No demand" lifts nothing: a hold is counsel's, and a clock is ended by a receipt.
    ///
    /// # Errors
    /// No reason, no such contact, or a demand in what we sent.
    pub async fn contact_mark(
        &self,
        contact: &ContactId,
        demand: bool,
        reason: &str,
    ) -> Result<Contact> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(Fault::input("no-reason", "A judgment needs a reason.")
                .at("--reason")
                .hint("say in one sentence what was read that says so"));
        }
        let known = self.log.read(|state| {
            let mut all = state.contacts.iter();
            all.find(|known| known.id == *contact).cloned()
        });
        let known = known.ok_or_else(|| {
            Fault::input("no-contact", "The case has no such contact.")
                .at(contact)
                .hint(format!("see `cordon contact list {}`", self.log.case()))
        })?;
        if demand && known.direction != "in" {
            return Err(
                Fault::input("contact-ours", "This is a message that we sent.")
                    .at(contact)
                    .hint("mark the message that makes the demand"),
            );
        }
        let mut events = vec![Event::ContactJudged {
            contact: contact.clone(),
            demand,
            reason: reason.to_owned(),
        }];
        if demand {
            events.extend(self.sanctions_hold(contact));
        }
        self.log.append(&self.by, events).await?;
        self.propose_clocks().await?;
        Ok(Contact { demand, ..known })
    }
}
