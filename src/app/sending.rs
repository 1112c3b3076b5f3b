//! Sending an approved notice by mail.

use super::desk::Desk;
use crate::case::event::Event;
use crate::case::state::NoticeRecord;
use crate::evidence::approval::{Decision, Subject};
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::notice;
use crate::notice::send::{Mail, Security, Server};

impl Desk {
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
            text: record.binds(),
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
    pub(super) fn may_go_to(&self, to: &[String]) -> Result<()> {
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

    /// As many people have approved as the notice asks for. An approval counts while its text, its
    /// signature and its time hold.
    pub(super) fn still_approved(&self, id: &NoticeId, record: &NoticeRecord) -> Result<()> {
        let subject = Subject::Notice(id.clone());
        let hold = record.approvals.iter().filter(|signed| {
            self.check_signed(signed, &subject, record.binds(), Decision::Approve)
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
}

/// A text that lacks facts goes out only when somebody says so.
pub(super) fn complete(id: &NoticeId, record: &NoticeRecord) -> Result<()> {
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
