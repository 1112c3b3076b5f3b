//! What comes back: delivery status notifications (RFC 3464), and plain messages of mail systems. Hostile
//! text throughout: anyone can write one, so it is matched by a Message-ID that only the mail itself had,
//! and does nothing but stand beside the notice.

use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};

use crate::fault::{Fault, Result};
use crate::hostile::one_line;

/// The most that is read, bytes.
pub const MOST: usize = 8 << 20;
/// The most recipients of one message that are kept.
const RECIPIENTS: usize = 50;
/// The longest text of one field, characters.
const FIELD: usize = 300;

/// A message that says what became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// Everything in it that may be the Message-ID of the mail, with angle brackets.
    pub message_ids: Vec<String>,
    /// Whom it did not reach; nobody where it does not say.
    pub recipients: Vec<Undelivered>,
}

/// One recipient whom a mail did not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The address as told. Hostile text.
    pub recipient: String,
    /// The action, the status (RFC 3463) and the server's words. Hostile text.
    pub status: String,
}

/// Reads a message that came back.
///
/// # Errors
/// It is no mail, larger than [`MOST`], or says nothing of a mail that did not arrive: an answer of a person,
/// or word that it did arrive.
pub fn read(bytes: &[u8]) -> Result<Returned> {
    if bytes.len() > MOST {
        return Err(
            Fault::input("bounce", "The message is too large for one that came back.")
                .hint("give the message of the mail system alone"),
        );
    }
    let parsed = MessageParser::default().parse(bytes);
    let mail = parsed.ok_or_else(|| Fault::input("bounce", "The file is not a mail."))?;
    let reports: Vec<&str> = (mail.parts.iter())
        .filter(|part| part.is_content_type("message", "delivery-status"))
        .filter_map(|part| std::str::from_utf8(part.contents()).ok())
        .collect();
    let recipients: Vec<Undelivered> = (reports.iter())
        .flat_map(|report| undelivered(report))
        .take(RECIPIENTS)
        .collect();
    if reports.is_empty() && !of_a_mail_system(&mail) {
        return Err(Fault::input("no-bounce", "This is no message of a mail system.")
            .hint("an answer of a person is no bounce: keep it with `cordon contact import`, or in your mailbox"));
    }
    if !reports.is_empty() && recipients.is_empty() {
        return Err(
            Fault::input("no-bounce", "It does not say that a mail did not arrive.")
                .hint("word of a delivery is a receipt: record it with the clock that it ends"),
        );
    }
    let recipients = if reports.is_empty() {
        failed(&mail)
    } else {
        recipients
    };
    Ok(Returned {
        message_ids: message_ids(&mail, bytes),
        recipients,
    })
}

/// Whether a mail system wrote it: nobody else has these names, or sends with no sender.
fn of_a_mail_system(mail: &Message<'_>) -> bool {
    let from = mail
        .from()
        .and_then(|from| from.first())
        .and_then(|from| from.address());
    let name = from
        .and_then(|from| from.split('@').next())
        .unwrap_or_default();
    let name = name.to_ascii_lowercase();
    name == "mailer-daemon" || name == "postmaster" || mail.header("X-Failed-Recipients").is_some()
}

/// The recipients that a plain message names in the header that many systems write.
fn failed(mail: &Message<'_>) -> Vec<Undelivered> {
    let named = mail
        .header("X-Failed-Recipients")
        .and_then(|value| value.as_text());
    let named = named.unwrap_or_default().split(',').map(str::trim);
    let status = one_line(mail.subject().unwrap_or("came back"), FIELD);
    let each = named.filter(|one| !one.is_empty()).take(RECIPIENTS);
    each.map(|one| Undelivered {
        recipient: one_line(one, FIELD),
        status: status.clone(),
    })
    .collect()
}

/// The recipients of one report that it did not reach, or not yet (RFC 3464, 2.3).
fn undelivered(report: &str) -> Vec<Undelivered> {
    let report = report.replace("\r\n", "\n");
    let groups = report.split("\n\n").map(fields);
    let each = groups.filter_map(|group| {
        let get = |name: &str| {
            let found = group.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.trim())
        };
        let action = get("action")?.to_ascii_lowercase();
        if !matches!(action.as_str(), "failed" | "delayed") {
            return None;
        }
        let recipient = get("final-recipient").or_else(|| get("original-recipient"))?;
        let address = recipient
            .split_once(';')
            .map_or(recipient, |(_, address)| address);
        let mut status = format!("{action} {}", get("status").unwrap_or_default());
        if let Some(words) = get("diagnostic-code") {
            status = format!("{status}: {words}");
        }
        Some(Undelivered {
            recipient: one_line(address.trim(), FIELD),
            status: one_line(&status, FIELD),
        })
    });
    each.take(RECIPIENTS).collect()
}

/// The fields of a group, unfolded; names in lower case.
fn fields(group: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in group.lines().take(200) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    fields
}

/// What may be the Message-ID of the mail: of what it answers, of the headers that came back with it, and
/// every one that stands in its texts.
fn message_ids(mail: &Message<'_>, bytes: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |id: &str| {
        if all.len() >= 1_000 {
            return;
        }
        let id = format!("<{}>", id.trim().trim_matches(['<', '>']));
        if !all.contains(&id) {
            all.push(id);
        }
    };
    for header in [mail.in_reply_to(), mail.references()] {
        for id in header.as_text_list().into_iter().flatten() {
            add(id);
        }
    }
    for part in &mail.parts {
        match &part.body {
            PartType::Message(inner) => inner.message_id().into_iter().for_each(&mut add),
            PartType::Text(text) | PartType::Html(text) => angled(text).for_each(&mut add),
            _ => angled(&String::from_utf8_lossy(part.contents())).for_each(&mut add),
        }
    }
    angled(&String::from_utf8_lossy(bytes)).for_each(&mut add);
    all
}

/// Every `<…@…>` of a text.
fn angled(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).filter_map(|rest| {
        let (id, _) = rest.split_once('>')?;
        (id.len() <= 250 && id.contains('@') && !id.contains(char::is_whitespace)).then_some(id)
    })
}
