//! Contacts, clocks and notices of a case.

use std::path::Path;

use super::desk::{COMPANY, Desk};
use crate::canon::Digest;
use crate::case::event::{Contact, Event, Signed, Source};
use crate::case::state::CaseState;
use crate::case::state::{Named, NoticeRecord};
use crate::clock::{self, Shown};
use crate::contact::{self, assemble};
use crate::evidence::approval::{Decision, Subject};
use crate::fault::{Fault, Result};
use crate::id::{ContactId, EvidenceId, NoticeId};
use crate::notice::send::{Mail, Security, Server};
use crate::notice::{self, Draft, facts};
use crate::time::Timestamp;

/// What the log says when a demand comes in.
const HOLD: &str = "A demand was recorded: nothing that the account holder or a sender claims (wages, invoices, expenses, the demand itself) is to be released until counsel has recorded a determination";

/// How far the clocks of two machines may differ: an instant that lies further ahead is a mistake.
const AHEAD: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

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
        if received.duration_since(now) > AHEAD {
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

    /// The hold that a demand opens, unless one stands.
    fn sanctions_hold(&self, contact: &ContactId) -> Option<Event> {
        let none = self.log.read(|state| state.sanctions_hold.is_none());
        none.then(|| Event::SanctionsHeld {
            reason: HOLD.to_owned(),
            contact: Some(contact.clone()),
        })
    }

    /// Starts every clock that the case gives reason for and that does not run yet.
    ///
    /// # Errors
    /// The log cannot be appended to.
    pub async fn propose_clocks(&self) -> Result<()> {
        let trails: Vec<_> = self
            .providers
            .values()
            .flat_map(|provider| provider.spec().trails)
            .collect();
        let decide = |state: &_| {
            Ok(clock::propose(state, &trails)
                .into_iter()
                .map(Event::ClockStarted)
                .collect())
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        Ok(())
    }

    /// Every clock.
    pub fn clocks(&self) -> Vec<Shown> {
        let now = self.now();
        self.log.read(|state| clock::list(state, now))
    }

    /// A person chooses the start of a clock: one of the instants that the case gives reason for, or
    /// with `other` any that can be. The log says who.
    ///
    /// # Errors
    /// There is no such clock, or the instant is none of its candidates and not meant or not possible.
    pub async fn choose_start(
        &self,
        clock: &str,
        start: Timestamp,
        other: bool,
        reason: &str,
    ) -> Result<()> {
        let now = self.now();
        let event = self.log.read(|state| {
            let clock = clock::find(state, clock)?.start.id.clone();
            let starts = state.starts(&clock);
            let starts = starts.iter().map(|reading| crate::time::utc(reading.at));
            let refused = |what: String| {
                Fault::input("clock-start", what)
                    .at(format!("--start {start}"))
                    .hint(format!(
                        "candidates: {}",
                        starts.collect::<Vec<_>>().join(", ")
                    ))
            };
            let start = match state.start_named(&clock, start, now) {
                Ok(Named::Reading(start)) => start,
                Ok(Named::Other(start)) if other => start,
                Ok(Named::Other(_)) => {
                    let what = "This instant is none of the clock's candidates.";
                    return Err(refused(what.to_owned())
                        .hint("when another instant is meant, say so with --other"));
                }
                Err(why) => {
                    let what = format!("This cannot be the start: {why}.");
                    return Err(refused(what));
                }
            };
            Ok(Event::ClockChosen {
                clock,
                start,
                reason: reason.to_owned(),
            })
        })?;
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// Records that what a clock asks for was handed in; `at` is now unless it is given.
    ///
    /// # Errors
    /// There is no such clock, or it has a receipt.
    pub async fn clock_receipt(
        &self,
        clock: &str,
        reference: &str,
        at: Option<Timestamp>,
    ) -> Result<()> {
        let find =
            |state: &CaseState| clock::find(state, clock).map(|record| record.start.id.clone());
        let receipt = Event::ClockReceipt {
            clock: self.log.read(find)?,
            reference: reference.to_owned(),
            at: at.unwrap_or_else(|| self.now()),
        };
        self.log.append(&self.by, vec![receipt]).await?;
        Ok(())
    }

    /// Drafts a notice from the facts of the case; the text is kept as evidence made from its facts.
    ///
    /// # Errors
    /// There is no such notice.
    pub async fn draft(&self, template: &str) -> Result<(NoticeId, Draft)> {
        let company = self.company_record().await?;
        let draft = self.log.read(|state| {
            let facts = facts::gather(
                state,
                &self.settings.company,
                Some(&company),
                self.now(),
                &self.zone,
            );
            notice::draft(template, &facts)
        })?;
        let how = format!("Draft of notice `{template}`");
        let bytes = draft.text.clone().into_bytes().into();
        let evidence = self
            .recorder
            .keep_derived(
                draft.evidence.clone(),
                &how,
                "text/markdown; charset=utf-8",
                bytes,
            )
            .await?;
        let id = NoticeId::fresh();
        let event = Event::NoticeDrafted {
            notice: id.clone(),
            template: template.to_owned(),
            text: draft.digest,
            evidence,
            facts: draft.evidence.clone(),
            missing: draft.missing.clone(),
            approval: Some(notice::about(template)?.approval),
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok((id, draft))
    }

    /// The evidence of what the configuration says of the company now: the bytes decide which, not a
    /// name that any file could have. Kept again when the configuration was changed.
    pub(super) async fn company_record(&self) -> Result<EvidenceId> {
        let bytes = crate::canon::canonical(&self.settings.company)?;
        let digest = Digest::of(&bytes);
        let known = self.log.read(|state| {
            let mut all = state.evidence.values();
            all.find(|e| {
                let company = matches!(&e.source, Source::File { name } if name == COMPANY);
                company && e.sha256 == digest
            })
            .map(|e| e.id.clone())
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let title = "The record of the company, from the configuration";
        self.recorder
            .keep_file(COMPANY, "application/json", bytes.into(), title)
            .await
    }

    /// A draft's record and its text, checked against its hash.
    ///
    /// # Errors
    /// There is no such draft, or its text is damaged.
    pub fn notice(&self, id: &NoticeId) -> Result<(NoticeRecord, String)> {
        let record = self
            .log
            .read(|state| state.notices.get(id).cloned())
            .ok_or_else(|| {
                Fault::input("no-notice", "The case has no such draft.")
                    .at(id)
                    .hint(format!("see `cordon notice list {}`", self.log.case()))
            })?;
        let evidence = self.evidence(&record.evidence)?;
        let text = String::from_utf8(self.bytes(&evidence)?.to_vec()).map_err(|error| {
            Fault::evidence("notice-text", "The text of the draft is not text.")
                .at(id)
                .caused_by(error)
        })?;
        Ok((record, text))
    }

    /// A person's signed approval of exactly this text. One that the person gave before, and that still
    /// holds, is answered as it is.
    ///
    /// # Errors
    /// A later draft took its place; the person is not on the case's roster or may not approve it, or
    /// the key is not theirs.
    pub async fn approve_notice<'a>(
        &self,
        id: &NoticeId,
        person: &str,
        hand: impl Into<super::Hand<'a>>,
        reason: &str,
    ) -> Result<Signed> {
        let (record, _) = self.notice(id)?;
        self.not_replaced(id, &record)?;
        let subject = Subject::Notice(id.clone());
        let expires = self.now() + jiff::SignedDuration::from_hours(24 * 7);
        // Signed before anything is answered: only whose key it is may hear that it stands.
        let signed = self.sign(
            &subject,
            record.text,
            Decision::Approve,
            person,
            hand.into(),
            reason,
            expires,
        )?;
        if let Some(before) = self.stands(&record.approvals, &signed, &subject, record.text) {
            return Ok(before);
        }
        let event = Event::NoticeApproved {
            notice: id.clone(),
            text: record.text,
            signed: signed.clone(),
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(signed)
    }

    /// Sends an approved text. The Message-ID is durable before the mail leaves, so that a crash is
    /// seen: a sending without an end is never repeated unless `again` says so.
    ///
    /// # Errors
    /// Replaced by a later draft, not approved, an address that may not have it, a text that lacks facts
    /// unless `incomplete` says that it may, sent before, an earlier sending without an end, or the server's refusal.
    pub async fn send_notice(
        &self,
        id: &NoticeId,
        to: &[String],
        again: bool,
        incomplete: bool,
    ) -> Result<(String, String)> {
        let (record, text) = self.notice(id)?;
        self.not_sent(id, &record)?;
        self.not_replaced(id, &record)?;
        self.still_approved(id, &record)?;
        self.may_go_to(to)?;
        if !incomplete {
            complete(id, &record)?;
        }
        if let Some(message_id) = &record.sending
            && !again
        {
            return Err(Fault::failed(
                "sending-unclear",
                "An earlier sending of this notice has no clear end.",
            )
            .at(message_id)
            .hint("look for that Message-ID at the mail server; then use --again, or leave it"));
        }
        let mail = self.settings.mail.as_ref().ok_or_else(|| {
            Fault::input("no-mail", "No mail server is configured.")
                .hint("fill in [mail], or send the text by hand from `cordon notice show`")
        })?;
        let server = server(mail)?;
        let about = notice::about(&record.template)?;
        let host = mail
            .from
            .rsplit('@')
            .next()
            .unwrap_or("cordon.invalid")
            .trim_end_matches('>');
        let message_id = format!("<{}.{}@{host}>", id, uuid::Uuid::new_v4().simple());
        let outgoing = notice::outgoing(&about, &text);
        let message = Mail::compose(&outgoing, &mail.from, to, &message_id)?;
        self.recorder
            .keep_derived(
                vec![record.evidence.clone()],
                "Mail as sent, composed from the approved text",
                "message/rfc822",
                message.bytes().into(),
            )
            .await?;
        let sending = Event::NoticeSending {
            notice: id.clone(),
            text: record.text,
            to: to.to_vec(),
            message_id: message_id.clone(),
        };
        self.log.append(&self.by, vec![sending]).await?;
        match server.send(&message).await {
            Ok(reply) => {
                let event = Event::NoticeSent {
                    notice: id.clone(),
                    message_id: message_id.clone(),
                    reply: reply.clone(),
                };
                self.log.append(&self.by, vec![event]).await?;
                Ok((message_id, reply))
            }
            Err(fault) => {
                if fault.code() == "mail-refused" {
                    let event = Event::NoticeRefused {
                        notice: id.clone(),
                        message_id,
                        why: fault.to_string(),
                    };
                    self.log.append(&self.by, vec![event]).await?;
                }
                Err(fault)
            }
        }
    }

    /// Never to the person under review, and never to whoever has made contact.
    fn may_go_to(&self, to: &[String]) -> Result<()> {
        self.log.read(|state| {
            to.iter().try_for_each(|one| {
                state.may_receive(one).map_err(|why| {
                    Fault::input("recipient", format!("This recipient is refused: {why}."))
                        .at(one.escape_debug())
                        .hint("name who the notice is for: `cordon notice show` says it under To")
                })
            })
        })
    }

    /// A text goes out once.
    fn not_sent(&self, id: &NoticeId, record: &NoticeRecord) -> Result<()> {
        if record.sent.is_none() {
            return Ok(());
        }
        Err(Fault::input("sent-before", "This notice was sent before.")
            .at(id)
            .hint(format!(
                "for another sending, draft anew: cordon notice draft {} {}",
                self.log.case(),
                record.template
            )))
    }

    /// Only the last draft of a notice is decided on and goes out.
    fn not_replaced(&self, id: &NoticeId, record: &NoticeRecord) -> Result<()> {
        let Some(later) = &record.replaced_by else {
            return Ok(());
        };
        let what = format!("A later draft of this notice took its place: {later}.");
        Err(Fault::input("notice-replaced", what).at(id).hint(format!(
            "read and approve that one: cordon notice show {} {later}",
            self.log.case()
        )))
    }

    /// As many people have approved as the notice asks for. An approval counts while its text, its
    /// signature and its time hold.
    fn still_approved(&self, id: &NoticeId, record: &NoticeRecord) -> Result<()> {
        let subject = Subject::Notice(id.clone());
        let hold = record.approvals.iter().filter(|signed| {
            self.check_signed(signed, &subject, record.text, Decision::Approve)
                .is_ok()
        });
        let hold = hold.count();
        let lacks = record.lacks(hold);
        if lacks == 0 {
            return Ok(());
        }
        Err(Fault::input(
            "not-approved",
            format!(
                "Exactly this text has {}; it needs {lacks} more.",
                crate::ui::count(hold, "valid approval")
            ),
        )
        .at(id)
        .hint(format!(
            "approve it with `cordon notice approve {} {id} --as NAME --key FILE --reason …`",
            self.log.case()
        )))
    }

    /// The record of an item of evidence.
    pub(super) fn evidence(&self, id: &EvidenceId) -> Result<crate::case::event::Evidence> {
        self.log
            .read(|state| state.evidence.get(id).cloned())
            .ok_or_else(|| Fault::input("no-evidence", "The case has no such evidence.").at(id))
    }
}

/// A text that lacks facts goes out only when somebody says so.
fn complete(id: &NoticeId, record: &NoticeRecord) -> Result<()> {
    if record.missing.is_empty() {
        return Ok(());
    }
    let missing = crate::hostile::one_line(&record.missing.join("; "), 600);
    let what = format!("The text lacks facts that the notice asks for: {missing}.");
    Err(Fault::input("incomplete", what)
        .at(id)
        .hint("record them and draft anew, or send it with the gaps: --incomplete"))
}

/// The mail server as configured.
pub(super) fn server(mail: &crate::settings::Mail) -> Result<Server> {
    let security = match mail.security.as_str() {
        "tls" => Security::Tls,
        "starttls" => Security::StartTls,
        "none" => Security::None,
        other => {
            return Err(Fault::input(
                "config",
                format!("`{}` is no way to protect mail.", other.escape_debug()),
            )
            .at("[mail] security")
            .hint("write tls, starttls, or none on loopback"));
        }
    };
    let login = match (&mail.user, &mail.password) {
        (Some(user), Some(password)) => {
            Some((user.clone(), crate::settings::secrets::resolve(password)?))
        }
        _ => None,
    };
    Ok(Server {
        host: mail.host.clone(),
        port: mail.port,
        security,
        login,
    })
}
