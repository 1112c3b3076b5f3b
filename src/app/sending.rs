//! Sending an approved notice by mail: begun in the log, handed over, ended in the log.
//!
//! What a server did not take goes out again as it is, with the same Message-ID; what it may have taken
//! goes out again only when a person says so.

use jiff::SignedDuration;

use super::desk::Desk;
use crate::case::alias::{addresses, compared};
use crate::case::event::{Actor, Attachment, Event};
use crate::case::state::{CaseState, Delayed, MailRecord, NoticeRecord};
use crate::evidence::approval::{Decision, Subject};
use crate::fault::{Fault, Kind, Result};
use crate::id::{EvidenceId, NoticeId};
use crate::notice::send::{self, seal::Seal};
use crate::notice::send::{Answer, Letter, Mail};
use crate::notice::{self, Channel};
use crate::time::{Timestamp, utc};

/// The first wait after the server asked for later; each next is twice as long, to [`WAIT_MOST`].
const WAIT: SignedDuration = SignedDuration::from_mins(5);
const WAIT_MOST: SignedDuration = SignedDuration::from_hours(4);
/// How long a mail is tried by itself (RFC 5321, 4.5.4.1: four to five days at least).
const GIVE_UP: SignedDuration = SignedDuration::from_hours(5 * 24);

/// A sending as a person asks for it.
#[derive(Debug, Clone, Default)]
pub struct Sending {
    /// To whom; nobody means those of the mail that the server asked to have later.
    pub to: Vec<String>,
    /// Although an earlier sending has no clear end.
    pub again: bool,
    /// Although facts are missing.
    pub incomplete: bool,
}

/// A mail that is about to leave.
struct Ready {
    mail: Mail,
    kept: EvidenceId,
    to: Vec<String>,
    sealed: Option<String>,
}

impl Desk {
    /// Sends an approved text. The mail and its Message-ID are durable before it leaves, so that a crash
    /// is seen: a sending without an end is never repeated unless a person says so. Gives the Message-ID and
    /// what the server answered.
    ///
    /// # Errors
    /// Replaced by a later draft, not approved, approved by who sends where that may not be, one that goes into
    /// a form or on paper, an address that may not have it, a text that lacks facts unless they may be missing, sent before, an earlier sending
    /// without an end, or the server's refusal; kind waiting when the server asks for later.
    pub async fn send_notice(&self, id: &NoticeId, asked: &Sending) -> Result<(String, String)> {
        let (record, text) = self.notice(id)?;
        self.not_sent(id, &record)?;
        self.not_replaced(id, &record)?;
        self.still_approved(id, &record)?;
        self.sender_may(id, &record)?;
        if !asked.incomplete {
            complete(id, &record)?;
        }
        if let Some(message_id) = &record.sending
            && !asked.again
        {
            return Err(unclear(message_id, record.unclear.as_deref()));
        }
        let earlier = before(&record, asked);
        let to = earlier.map_or(&asked.to, |(mail, _)| &mail.to);
        self.may_go_to(to)?;
        self.goes_by_mail(id, &record, to)?;
        let ready = match earlier {
            Some(mail) => self.as_before(mail)?,
            None => self.compose(id, &record, &text, to).await?,
        };
        self.hand_over(id, &record, ready).await
    }

    /// Sends again what the server asked to have later and whose time has come; gives how many it took.
    /// One that cannot go now keeps the others not waiting.
    ///
    /// # Errors
    /// One was not even tried, such as one whose approval ran out: whoever calls rests before the next time.
    pub async fn send_delayed(&self) -> Result<usize> {
        let now = self.now();
        let ripe: Vec<NoticeId> = self.log.read(|state| {
            let come = due(state).filter(|(at, _)| *at <= now);
            come.map(|(_, id)| id).collect()
        });
        let again = Sending {
            incomplete: true,
            ..Sending::default()
        };
        let (mut taken, mut untried) = (0, None);
        for id in ripe {
            match self.send_notice(&id, &again).await {
                Ok(_) => taken += 1,
                Err(fault) => {
                    tracing::warn!(notice = %id, code = fault.code(), "a mail that was tried again did not go out");
                    // What the server said is in the log, with the next time.
                    if !fault.code().starts_with("mail-") {
                        untried.get_or_insert(fault);
                    }
                }
            }
        }
        untried.map_or(Ok(taken), Err)
    }

    /// A mail as it was kept.
    fn as_before(&self, (record, kept): (&MailRecord, &EvidenceId)) -> Result<Ready> {
        let settings = self.mail()?;
        let evidence = self.evidence(kept)?;
        let bytes = self.bytes(&evidence)?.to_vec();
        Ok(Ready {
            mail: Mail::again(&settings.from, &record.to, &record.message_id, bytes)?,
            kept: kept.clone(),
            to: record.to.clone(),
            sealed: record.sealed.clone(),
        })
    }

    /// A file that goes out with a notice, with its bytes.
    fn attached(&self, file: &Attachment) -> Result<send::Attachment> {
        let evidence = self.evidence(&file.evidence)?;
        Ok(send::Attachment {
            name: file.name.clone(),
            media_type: evidence.media_type.clone(),
            bytes: self.bytes(&evidence)?.to_vec(),
        })
    }

    /// A mail for the approved text, kept as evidence.
    async fn compose(
        &self,
        id: &NoticeId,
        record: &NoticeRecord,
        text: &str,
        to: &[String],
    ) -> Result<Ready> {
        let settings = self.mail()?;
        let about = notice::about(&record.template)?;
        let now = self.now();
        let host = send::domain_of(&settings.from)?;
        let message_id = format!("<{}.{}@{host}>", id, uuid::Uuid::new_v4().simple());
        let seal = Seal::find(to, &settings.keys()?, now)?;
        let files = record.attachments.iter().map(|file| self.attached(file));
        let files = files.collect::<Result<Vec<_>>>()?;
        let mail = Mail::compose(&Letter {
            outgoing: &notice::outgoing(&about, text),
            from: &settings.from,
            to,
            message_id: &message_id,
            at: now,
            attachments: &files,
            seal: seal.as_ref(),
            dkim: settings.signer()?.as_ref(),
        })?;
        let how = match mail.sealed {
            None => "Mail as sent, composed from the approved text",
            Some("smime") => "Mail as sent, composed from the approved text, encrypted with S/MIME",
            Some(_) => "Mail as sent, composed from the approved text, encrypted with OpenPGP",
        };
        let mut from = vec![record.evidence.clone()];
        from.extend(record.attachments.iter().map(|file| file.evidence.clone()));
        let bytes = mail.bytes().to_vec().into();
        let kept = self
            .recorder
            .keep_derived(from, how, "message/rfc822", bytes)
            .await?;
        Ok(Ready {
            sealed: mail.sealed.map(str::to_owned),
            mail,
            kept,
            to: to.to_vec(),
        })
    }

    async fn hand_over(
        &self,
        id: &NoticeId,
        record: &NoticeRecord,
        ready: Ready,
    ) -> Result<(String, String)> {
        let server = self.mail()?.server()?;
        let (notice, message_id) = (id.clone(), ready.mail.message_id.clone());
        let sending = Event::NoticeSending {
            notice: id.clone(),
            text: record.binds(),
            to: ready.to,
            message_id: message_id.clone(),
            mail: Some(ready.kept.clone()),
            sealed: ready.sealed,
            apart: self.settings.notices.sender_is_not_approver,
        };
        self.log.append(&self.by, vec![sending]).await?;
        let answer = server.send(&ready.mail).await?;
        let (event, fault) = match answer {
            Answer::Taken(reply) => {
                let sent = Event::NoticeSent {
                    notice,
                    message_id: message_id.clone(),
                    reply: reply.clone(),
                };
                self.log.append(&self.by, vec![sent]).await?;
                self.recorder
                    .keep_derived(
                        vec![ready.kept],
                        &format!("What the mail server answered to {message_id}"),
                        "text/plain; charset=utf-8",
                        reply.clone().into_bytes().into(),
                    )
                    .await?;
                // What follows the stage that it answers begins now.
                self.propose_clocks().await?;
                return Ok((message_id, reply));
            }
            Answer::Later(why) => {
                let again = self.again(record.delayed.as_ref(), &message_id);
                let fault = later(&why, again, self.log.case(), id);
                (
                    Event::NoticeDelayed {
                        notice,
                        message_id,
                        why,
                        again,
                    },
                    fault,
                )
            }
            Answer::Refused(why) => {
                let fault = Fault::failed("mail-refused", "The mail server refused the mail.")
                    .at(format!("{}: {why}", server.host));
                (
                    Event::NoticeRefused {
                        notice,
                        message_id,
                        why,
                    },
                    fault,
                )
            }
            Answer::Unclear(why) => {
                let fault = Fault::failed("mail-unclear", "The mail server gave no clear answer.")
                    .at(format!("{}: {why}", server.host))
                    .hint(format!(
                        "look for Message-ID {message_id} in the server's log before sending again"
                    ));
                (
                    Event::NoticeUnclear {
                        notice,
                        message_id,
                        why,
                    },
                    fault,
                )
            }
        };
        self.log.append(&self.by, vec![event]).await?;
        Err(fault)
    }

    /// When a mail is tried again: a little later each time.
    fn again(&self, before: Option<&Delayed>, message_id: &str) -> Timestamp {
        let before = before.filter(|before| before.message_id == message_id);
        let tries = before.map_or(0, |before| before.attempts).min(16);
        let wait = (WAIT * (1i32 << tries)).min(WAIT_MOST);
        let now = self.now();
        now.saturating_add(wait).unwrap_or(now)
    }

    fn mail(&self) -> Result<&crate::settings::Mail> {
        self.settings.mail.as_ref().ok_or_else(|| {
            Fault::input("no-mail", "No mail server is configured.")
                .hint("fill in [mail], or send the text by hand from `cordon notice show`")
        })
    }

    /// Where the configuration asks for it, nobody who approved a text sends it. Who sends has to be known
    /// for that: somebody who signed in.
    pub(super) fn sender_may(&self, id: &NoticeId, record: &NoticeRecord) -> Result<()> {
        if !self.settings.notices.sender_is_not_approver {
            return Ok(());
        }
        let by = match &self.by {
            Actor::Person(name) => name,
            // It repeats what a person began.
            Actor::Engine => return Ok(()),
            Actor::Operator(_) | Actor::Intake(_) => {
                return Err(Fault::input(
                    "sender-unknown",
                    "Whoever approved this notice may not send it, and a command line does not know who sends.",
                )
                .at(id)
                .hint("send it signed in, through the API or the pages of `cordon serve`")
                .hint("the configuration asks for this: sender_is_not_approver in [notices]"));
            }
        };
        let others = |state: &CaseState| state.may_send_others(record, by).is_ok();
        if self.log.read(others) {
            return Ok(());
        }
        let what = "Whoever approved a notice does not send it too.";
        Err(Fault::input("sender-approved", what)
            .at(crate::hostile::one_line(by, 80))
            .hint("somebody else has to send it: sender_is_not_approver in [notices]"))
    }

    /// Never to the person under review, never to whoever is kept out of the case, and never to whoever has
    /// made contact. Somebody can be kept out who was not on the roster yet when the case was opened.
    pub(super) fn may_go_to(&self, to: &[String]) -> Result<()> {
        let people = self.settings.people.now();
        self.log.read(|state| {
            to.iter().try_for_each(|one| {
                let may = state.may_receive(one);
                let may = may.and_then(|()| state.goes_to_nobody_out(one, &people));
                may.map_err(|why| {
                    Fault::input("recipient", format!("This recipient is refused: {why}."))
                        .at(one.escape_debug())
                        .hint("name who the notice is for: `cordon notice show` says it under To")
                })
            })
        })
    }

    /// Whether mail is the way of a notice to these addresses: one that stays in the house goes to people of
    /// its list alone, and one that has a form or goes on paper is handed in by a person.
    fn goes_by_mail(&self, id: &NoticeId, record: &NoticeRecord, to: &[String]) -> Result<()> {
        let about = notice::about(&record.template)?;
        if !about.goes_by_mail() {
            let what =
                "This notice never goes by mail: its addressee takes it in a form, or on paper.";
            let case = self.log.case();
            return Err(Fault::input("not-by-mail", what)
                .at(&record.template)
                .hint("hand in exactly what was approved, and record that you did")
                .hint(format!(
                    "cordon notice dispatch {case} {id} --by WAY --to ADDRESSEE"
                )));
        }
        if about.channel == Channel::Mail {
            return Ok(());
        }
        let people = self.settings.people.now();
        let listed = (people.iter()).filter(|one| one.roles.iter().any(|role| about.lists(role)));
        let known: Vec<String> = compared(listed.flat_map(|one| &one.emails)).collect();
        let is_theirs = |to: &&String| {
            let named = addresses(to);
            !named.is_empty() && named.iter().all(|one| known.contains(one))
        };
        match to.iter().find(|one| !is_theirs(one)) {
            None => Ok(()),
            Some(other) => {
                let what = "This notice stays in the house, and this is no address of anybody on its list.";
                Err(Fault::input("not-on-the-list", what)
                    .at(other.escape_debug())
                    .hint(format!(
                        "roles on its list: {}",
                        about.distribution.join(", ")
                    ))
                    .hint("the roster of the configuration says who has which role and address"))
            }
        }
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

/// The mail of before that goes out again as it is: one that the server asked to have later, or one whose
/// end is not known, when the same people are meant.
fn before<'a>(
    record: &'a NoticeRecord,
    asked: &Sending,
) -> Option<(&'a MailRecord, &'a EvidenceId)> {
    let waits = record.delayed.as_ref().map(|waits| &waits.message_id);
    let message_id = record.sending.as_ref().or(waits)?;
    let mut mails = record.mails.iter();
    let mail = mails.find(|mail| mail.message_id == *message_id)?;
    let same = asked.to.is_empty() || asked.to == mail.to;
    Some((mail, mail.mail.as_ref().filter(|_| same)?))
}

/// The mails that are tried again by themselves, and when. One that was tried for [`GIVE_UP`] waits for a
/// person.
pub(super) fn due(state: &CaseState) -> impl Iterator<Item = (Timestamp, NoticeId)> {
    state.notices.iter().filter_map(|(id, record)| {
        let waits = record.delayed.as_ref()?;
        let tried = waits.again.duration_since(waits.since);
        let still = record.replaced_by.is_none()
            && tried < GIVE_UP
            && record.lacks(state.approved_at(record, waits.again)) == 0;
        still.then(|| (waits.again, id.clone()))
    })
}

fn unclear(message_id: &str, why: Option<&str>) -> Fault {
    let why = why.map_or_else(
        || "it was cut off".to_owned(),
        |why| crate::hostile::one_line(why, 200),
    );
    Fault::failed(
        "sending-unclear",
        format!("An earlier sending of this notice has no clear end: {why}."),
    )
    .at(message_id)
    .hint("look for that Message-ID at the mail server; then use --again, or leave it")
}

fn later(why: &str, again: Timestamp, case: &crate::id::CaseId, id: &NoticeId) -> Fault {
    let what = "The mail was not taken yet; it goes out again as it is.";
    Fault::new(Kind::Waiting, "mail-delayed", what)
        .at(crate::hostile::one_line(why, 300))
        .hint(format!("`cordon serve` tries again from {} on", utc(again)))
        .hint(format!("or now: cordon notice send {case} {id}"))
}
