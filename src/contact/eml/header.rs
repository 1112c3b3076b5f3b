//! Header fields: split by us, read by mail-parser, dates by jiff.

use jiff::fmt::rfc2822;
use jiff::tz::Offset;
use mail_parser::parsers::MessageStream;
use mail_parser::{Address, ContentType, DateTime, HeaderValue, Host, Received};

use super::{Defects, Field, Hop, MOST_HEADERS, Party, Sent};
use crate::hostile;
use crate::time::Timestamp;

/// The longest header block that is read, in bytes.
const LONGEST_BLOCK: usize = 1024 * 1024;
/// The longest field that is read, in bytes.
const LONGEST_FIELD: usize = 64 * 1024;
/// The most addresses of one kind that are kept.
const MOST_PARTIES: usize = 500;
/// The most identifiers of a field that are kept.
const MOST_IDS: usize = 200;

/// A field as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'b> {
    /// The name in front of the colon.
    pub(super) name: &'b [u8],
    /// What stands behind the colon, with its folds.
    pub(super) value: &'b [u8],
}

impl<'b> Raw<'b> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// A reader of the value that ends where the field ends.
    fn stream<'l>(line: &'l mut Vec<u8>, value: &'b [u8]) -> MessageStream<'l> {
        line.clear();
        line.extend_from_slice(value);
        while line.last().is_some_and(u8::is_ascii_whitespace) {
            line.pop();
        }
        line.push(b'\n');
        MessageStream::new(line)
    }

    /// The value with encoded words decoded.
    pub(super) fn text(&self) -> String {
        let mut line = Vec::new();
        match Self::stream(&mut line, self.value).parse_unstructured() {
            HeaderValue::Text(text) => text.into_owned(),
            _ => String::new(),
        }
    }

    /// The value as a media type or disposition with its parameters.
    pub(super) fn content_type(&self) -> Option<ContentType<'static>> {
        let mut line = Vec::new();
        match Self::stream(&mut line, self.value)
            .parse_content_type()
            .into_owned()
        {
            HeaderValue::ContentType(found) => Some(found),
            _ => None,
        }
    }

    fn parties(&self) -> Vec<Party> {
        let mut line = Vec::new();
        let party = |addr: mail_parser::Addr<'_>| Party {
            name: addr.name.map(|name| hostile::clip(&name, 1_000)),
            address: addr.address.map(|address| hostile::clip(&address, 1_000)),
        };
        match Self::stream(&mut line, self.value).parse_address() {
            HeaderValue::Address(Address::List(list)) => {
                list.into_iter().take(MOST_PARTIES).map(party).collect()
            }
            HeaderValue::Address(Address::Group(groups)) => groups
                .into_iter()
                .flat_map(|group| group.addresses)
                .take(MOST_PARTIES)
                .map(party)
                .collect(),
            _ => Vec::new(),
        }
    }

    fn ids(&self) -> Vec<String> {
        let mut line = Vec::new();
        let list = match Self::stream(&mut line, self.value).parse_id() {
            HeaderValue::Text(id) => vec![id],
            HeaderValue::TextList(ids) => ids,
            _ => Vec::new(),
        };
        let ids = list.into_iter().map(|id| hostile::clip(&id, 1_000));
        ids.filter(|id| !id.is_empty()).take(MOST_IDS).collect()
    }

    fn hop(&self) -> Hop {
        let mut line = Vec::new();
        let host = |host: &Host<'_>| match host {
            Host::Name(name) => name.to_string(),
            Host::IpAddr(ip) => ip.to_string(),
        };
        let value = Self::stream(&mut line, self.value).parse_received();
        let read = value.as_received();
        // The date stands behind the last semicolon.
        let date = self.value.rsplit(|byte| *byte == b';').next();
        let date = date.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Hop {
            from: read.and_then(|r| r.from()).map(host),
            by: read.and_then(|r| r.by()).map(host),
            ip: read.and_then(Received::from_ip).map(|ip| ip.to_string()),
            at: date.and_then(|text| strict_date(&text)).map(|sent| sent.at),
        }
    }

    /// The date, and whether it follows the standard.
    fn date(&self) -> Option<(Sent, bool)> {
        let text = String::from_utf8_lossy(self.value);
        if let Some(sent) = strict_date(&text) {
            return Some((sent, true));
        }
        let mut line = Vec::new();
        let value = Self::stream(&mut line, self.value).parse_date();
        let loose = value.as_datetime().and_then(loose_date)?;
        Some((loose, false))
    }
}

/// A date of RFC 5322, also with the obsolete zones; a wrong weekday does not matter.
fn strict_date(text: &str) -> Option<Sent> {
    static PARSER: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let unfolded: Vec<&str> = text.split_whitespace().collect();
    let unfolded = unfolded.join(" ");
    let zoned = PARSER.parse_zoned(&unfolded).ok()?;
    // `-0000` says that the zone is not known.
    let unknown = unfolded.contains(" -0000");
    Some(Sent {
        at: zoned.timestamp(),
        offset_seconds: (!unknown).then(|| zoned.offset().seconds()),
    })
}

fn loose_date(date: &DateTime) -> Option<Sent> {
    let narrow = |number: u8| i8::try_from(number).ok();
    let civil = jiff::civil::DateTime::new(
        i16::try_from(date.year).ok()?,
        narrow(date.month)?,
        narrow(date.day)?,
        narrow(date.hour)?,
        narrow(date.minute)?,
        narrow(date.second)?,
        0,
    )
    .ok()?;
    let east = if date.tz_before_gmt { -1 } else { 1 };
    let seconds = east * (i32::from(date.tz_hour) * 3600 + i32::from(date.tz_minute) * 60);
    let offset = Offset::from_seconds(seconds).ok()?;
    Some(Sent {
        at: offset.to_timestamp(civil).ok()?,
        offset_seconds: Some(seconds),
    })
}

/// The header block and what follows the blank line.
pub(super) fn split(entity: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(rest) = entity.get(at..) {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            break;
        };
        if matches!(rest.get(..end), Some(b"" | b"\r")) {
            return (
                entity.get(..at).unwrap_or_default(),
                rest.get(end + 1..).unwrap_or_default(),
            );
        }
        at += end + 1;
    }
    (entity, &[])
}

/// The fields of a header block, in order.
pub(super) fn fields<'b>(block: &'b [u8], defects: &mut Defects) -> Vec<Raw<'b>> {
    let mut block = block;
    if block.len() > LONGEST_BLOCK {
        defects.add(
            "header-size",
            format!(
                "The header has {} bytes; {LONGEST_BLOCK} were read.",
                block.len()
            ),
        );
        block = block.get(..LONGEST_BLOCK).unwrap_or_default();
    }
    let mut found = Vec::new();
    let mut rest = block;
    while !rest.is_empty() {
        let (line, after) = folded_line(rest);
        rest = after;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if found.len() == MOST_HEADERS {
            defects.add(
                "header-count",
                format!("There are more than {MOST_HEADERS} header fields; the rest was not read."),
            );
            break;
        }
        match line.iter().position(|byte| *byte == b':') {
            Some(colon) if is_name(line.get(..colon).unwrap_or_default()) => {
                let value = line.get(colon + 1..).unwrap_or_default();
                if value.len() > LONGEST_FIELD {
                    defects.add(
                        "header-length",
                        format!(
                            "A header field has {} bytes; {LONGEST_FIELD} were read.",
                            value.len()
                        ),
                    );
                }
                found.push(Raw {
                    name: line.get(..colon).unwrap_or_default().trim_ascii(),
                    value: value.get(..LONGEST_FIELD).unwrap_or(value),
                });
            }
            _ => defects.add(
                "header-line",
                format!(
                    "A line of the header is no header field: {}",
                    hostile::one_line(&String::from_utf8_lossy(line), 80)
                ),
            ),
        }
    }
    found
}

fn is_name(name: &[u8]) -> bool {
    let name = name.trim_ascii_end();
    !name.is_empty() && name.len() <= 200 && name.iter().all(u8::is_ascii_graphic)
}

/// The first line with the lines that continue it, and the rest.
fn folded_line(block: &[u8]) -> (&[u8], &[u8]) {
    let mut end = 0;
    loop {
        let rest = block.get(end..).unwrap_or_default();
        match rest.iter().position(|byte| *byte == b'\n') {
            None => return (block, &[]),
            Some(line) => end += line + 1,
        }
        if !matches!(block.get(end), Some(b' ' | b'\t')) {
            return block.split_at_checked(end).unwrap_or((block, &[]));
        }
    }
}

/// What the header says.
#[derive(Debug, Default)]
pub(super) struct Heads {
    pub(super) all: Vec<Field>,
    pub(super) recognised: usize,
    pub(super) from: Vec<Party>,
    pub(super) reply_to: Vec<Party>,
    pub(super) sender: Vec<Party>,
    pub(super) return_path: Vec<Party>,
    pub(super) to: Vec<Party>,
    pub(super) cc: Vec<Party>,
    pub(super) subject: String,
    pub(super) date: Option<Sent>,
    pub(super) hops: Vec<Hop>,
    pub(super) message_id: Option<String>,
    pub(super) in_reply_to: Vec<String>,
    pub(super) references: Vec<String>,
}

/// Fields that stand once at most (RFC 5322, section 3.6).
const ONCE: [&str; 11] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "date",
    "subject",
    "message-id",
    "in-reply-to",
    "references",
];

/// Reads the fields of a mail that we had at `received`.
pub(super) fn read(fields: &[Raw<'_>], received: Timestamp, defects: &mut Defects) -> Heads {
    let mut heads = Heads {
        all: fields.iter().map(shown).collect(),
        ..Heads::default()
    };
    let first = |name: &str| fields.iter().find(|field| field.is(name));
    let parties = |name: &str| first(name).map(Raw::parties).unwrap_or_default();
    heads.from = parties("from");
    heads.reply_to = parties("reply-to");
    heads.sender = parties("sender");
    heads.to = parties("to");
    heads.cc = parties("cc");
    heads.return_path = first("return-path")
        .map(|field| {
            field.ids().into_iter().map(|address| Party {
                name: None,
                address: Some(address),
            })
        })
        .into_iter()
        .flatten()
        .collect();
    heads.subject = first("subject").map(Raw::text).unwrap_or_default();
    heads.hops = fields
        .iter()
        .filter(|field| field.is("received"))
        .map(Raw::hop)
        .collect();
    heads.message_id = first("message-id").and_then(|field| field.ids().into_iter().next());
    heads.in_reply_to = first("in-reply-to").map(Raw::ids).unwrap_or_default();
    heads.references = first("references").map(Raw::ids).unwrap_or_default();
    heads.date = first("date").and_then(|field| {
        let read = field.date();
        if !read.is_some_and(|(_, standard)| standard) {
            let raw = hostile::one_line(&String::from_utf8_lossy(field.value), 80);
            defects.add(
                "date-form",
                format!("The date is not in the form of the standard: {raw}"),
            );
        }
        read.map(|(sent, _)| sent)
    });
    heads.recognised = fields
        .iter()
        .filter(|field| ONCE.iter().any(|name| field.is(name)) || field.is("received"))
        .count();
    judge(&heads, fields, received, defects);
    heads
}

fn shown(field: &Raw<'_>) -> Field {
    let raw = String::from_utf8_lossy(field.value);
    let unfolded: Vec<&str> = raw
        .split(['\r', '\n'])
        .filter(|part| !part.is_empty())
        .collect();
    Field {
        name: String::from_utf8_lossy(field.name).into_owned(),
        raw: unfolded.concat().trim().to_owned(),
        decoded: field.text(),
    }
}

/// Names what is missing, doubled or does not fit together.
fn judge(heads: &Heads, fields: &[Raw<'_>], received: Timestamp, defects: &mut Defects) {
    for name in ONCE {
        let count = fields.iter().filter(|field| field.is(name)).count();
        if count > 1 {
            defects.add(
                "header-duplicate",
                format!("`{name}` stands {count} times; the first is used, all are listed."),
            );
        }
    }
    for (missing, code, name) in [
        (heads.from.is_empty(), "from-missing", "From"),
        (
            heads.date.is_none() && !fields.iter().any(|f| f.is("date")),
            "date-missing",
            "Date",
        ),
        (
            heads.message_id.is_none(),
            "message-id-missing",
            "Message-ID",
        ),
    ] {
        if missing {
            defects.add(code, format!("There is no readable `{name}` field."));
        }
    }
    if fields
        .iter()
        .any(|field| std::str::from_utf8(field.value).is_err())
    {
        defects.add(
            "header-charset",
            "A header field has bytes that are not UTF-8.".to_owned(),
        );
    }
    if let Some(sent) = heads.date {
        let ahead = sent.at.as_second().saturating_sub(received.as_second());
        if ahead > 300 {
            defects.add(
                "date-ahead",
                format!("The date is {ahead} seconds after the time at which we had the mail."),
            );
        }
    }
    let address = |parties: &[Party]| parties.iter().find_map(|party| party.address.clone());
    if let Some(from) = address(&heads.from) {
        for (other, code, name) in [
            (&heads.reply_to, "reply-to-differs", "Reply-To"),
            (&heads.return_path, "return-path-differs", "Return-Path"),
            (&heads.sender, "sender-differs", "Sender"),
        ] {
            if let Some(other) = address(other).filter(|other| !other.eq_ignore_ascii_case(&from)) {
                defects.add(code, format!("`From` is {from}, `{name}` is {other}."));
            }
        }
        let named = heads
            .from
            .first()
            .and_then(|party| party.name.as_deref())
            .unwrap_or_default();
        if named.contains('@') && !named.to_lowercase().contains(&from.to_lowercase()) {
            defects.add(
                "name-is-address",
                format!("The display name shows another address than the real one, {from}."),
            );
        }
    }
}
