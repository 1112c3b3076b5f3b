//! The walk over the parts of a mail: its text, its links, its attachments.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mail_parser::ContentType;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use super::header::{self, Raw};
use super::html::{self, Link};
use super::{Attachment, DEEPEST, Defects, LONGEST_TEXT, MOST_PARTS, magic};
use crate::canon::Digest;
use crate::hostile;

/// What the parts of a mail hold.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) text: String,
    pub(super) other_text: Option<String>,
    pub(super) links: Vec<Link>,
    pub(super) attachments: Vec<Attachment>,
}

#[derive(Debug, Default)]
struct Walk {
    seen: usize,
    plain: Vec<String>,
    html: Vec<String>,
    attachments: Vec<Attachment>,
}

/// Walks the parts of the entity with these header fields and this content.
pub(super) fn walk(fields: &[Raw<'_>], content: &[u8], defects: &mut Defects) -> Parts {
    let mut walk = Walk::default();
    walk.entity(fields, content, 0, defects);
    let mut parts = Parts {
        attachments: walk.attachments,
        ..Parts::default()
    };
    let mut reduced = String::new();
    for source in &walk.html {
        let one = html::reduce(source);
        for oddity in &one.oddities {
            defects.add("html-content", format!("The HTML body has {oddity}."));
        }
        parts.links.extend(one.links);
        push_paragraph(&mut reduced, &one.text);
    }
    for link in parts.links.iter().filter(|link| link.mismatch) {
        defects.add(
            "link-mismatch",
            format!(
                "A link shows `{}` and leads to `{}`.",
                hostile::one_line(&link.text, 120),
                hostile::one_line(&link.target, 200)
            ),
        );
    }
    for text in &walk.plain {
        push_paragraph(&mut parts.text, text);
    }
    if parts.text.trim().is_empty() {
        parts.text = reduced;
    } else if says_else(&parts.text, &reduced) {
        defects.add(
            "alternatives-differ",
            "The text and the HTML of the mail do not say the same; both are kept.".to_owned(),
        );
        parts.other_text = Some(reduced);
    }
    bounded(&mut parts.text, defects);
    parts.text.truncate(parts.text.trim_end().len());
    if let Some(other) = &mut parts.other_text {
        bounded(other, defects);
    }
    parts
}

fn push_paragraph(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

fn bounded(text: &mut String, defects: &mut Defects) {
    if text.len() > LONGEST_TEXT {
        defects.add(
            "text-length",
            format!(
                "The text has {} bytes; {LONGEST_TEXT} were read.",
                text.len()
            ),
        );
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    }
}

/// Whether the HTML has words that the plain text does not have.
fn says_else(plain: &str, reduced: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 2)
            .take(20_000)
            .map(str::to_lowercase)
            .collect()
    };
    let (plain, reduced) = (words(plain), words(reduced));
    let extra = reduced.difference(&plain).count();
    extra > 3 && extra * 5 > reduced.len()
}

impl Walk {
    fn entity(&mut self, fields: &[Raw<'_>], content: &[u8], depth: usize, defects: &mut Defects) {
        self.seen += 1;
        let field = |name: &str| fields.iter().find(|field| field.is(name));
        let kind = field("content-type").and_then(Raw::content_type);
        let disposition = field("content-disposition").and_then(Raw::content_type);
        let main = kind
            .as_ref()
            .map_or("text", |kind| kind.ctype())
            .to_ascii_lowercase();
        let sub = kind
            .as_ref()
            .and_then(|kind| kind.subtype())
            .unwrap_or("plain")
            .to_ascii_lowercase();
        if main == "multipart" {
            let boundary = kind.as_ref().and_then(|kind| kind.attribute("boundary"));
            match boundary.filter(|boundary| !boundary.is_empty()) {
                Some(_) if depth >= DEEPEST => defects.add(
                    "mime-depth",
                    format!("The parts are nested deeper than {DEEPEST}; the rest was not read."),
                ),
                Some(boundary) => {
                    self.multipart(boundary.as_bytes(), content, depth, defects);
                    return;
                }
                None => defects.add(
                    "mime-boundary",
                    "A multipart names no boundary; its content is kept as a file.".to_owned(),
                ),
            }
        }
        let encoding = field("content-transfer-encoding")
            .map(Raw::text)
            .unwrap_or_default();
        let bytes = transferred(content, encoding.trim(), defects);
        let name = [&disposition, &kind]
            .into_iter()
            .flatten()
            .find_map(|part| {
                part.attribute("filename")
                    .or_else(|| part.attribute("name"))
            })
            .map(|name| hostile::clip(name, 1_000));
        let attached = disposition.as_ref().is_some_and(ContentType::is_attachment);
        let body = main == "text" && matches!(sub.as_str(), "plain" | "html");
        if body && !attached && name.is_none() {
            let charset = kind.as_ref().and_then(|kind| kind.attribute("charset"));
            let text = charset_text(&bytes, charset, defects);
            let to = if sub == "html" {
                &mut self.html
            } else {
                &mut self.plain
            };
            to.push(text);
        } else {
            self.attach(name, &format!("{main}/{sub}"), bytes, defects);
        }
    }

    fn multipart(&mut self, boundary: &[u8], content: &[u8], depth: usize, defects: &mut Defects) {
        let parts = parts_of(content, boundary, MOST_PARTS + 1);
        if parts.is_empty() {
            defects.add(
                "mime-boundary",
                "The boundary of a multipart does not occur; its content is kept as a file."
                    .to_owned(),
            );
            self.attach(None, "multipart/mixed", content.to_vec(), defects);
        }
        for part in parts {
            if self.seen >= MOST_PARTS {
                defects.add(
                    "mime-parts",
                    format!("There are more than {MOST_PARTS} parts; the rest was not read."),
                );
                return;
            }
            let (block, inside) = header::split(part);
            let fields = header::fields(block, defects);
            self.entity(&fields, inside, depth + 1, defects);
        }
    }

    fn attach(
        &mut self,
        name: Option<String>,
        declared: &str,
        content: Vec<u8>,
        defects: &mut Defects,
    ) {
        let shown = name.as_deref().unwrap_or(if declared == "message/rfc822" {
            "message.eml"
        } else {
            ""
        });
        let safe_name = hostile::file_name(shown);
        let (guessed, archive) = magic::guess(&content, &safe_name);
        if let Some(guessed) = guessed.filter(|guessed| contradicts(declared, guessed)) {
            defects.add(
                "type-mismatch",
                format!(
                    "`{safe_name}` is declared as {} and begins like {guessed}.",
                    hostile::one_line(declared, 80)
                ),
            );
        }
        self.attachments.push(Attachment {
            safe_name,
            name,
            declared: hostile::one_line(declared, 120),
            guessed,
            archive,
            bytes: content.len() as u64,
            sha256: Digest::of(&content),
            content,
        });
    }
}

/// Whether a declared type and what the bytes say cannot both hold.
fn contradicts(declared: &str, guessed: &str) -> bool {
    let main = |kind: &str| kind.split('/').next().map(str::to_owned);
    let vague = declared == "application/octet-stream" || declared.starts_with("application/x-");
    let runs = guessed.contains("executable")
        || guessed.ends_with("elf")
        || guessed.ends_with("shortcut")
        || guessed.ends_with("mach-binary");
    if runs {
        return !declared.contains("exec") && !declared.contains("download");
    }
    if vague || declared == guessed || declared.starts_with("application/vnd.") {
        return false;
    }
    if main(declared) == main(guessed) {
        return matches!(declared, "application/pdf") || main(declared).as_deref() == Some("image");
    }
    true
}

/// The parts between the lines that are the boundary; what stands before and after them is not
/// part of the message.
fn parts_of<'b>(content: &'b [u8], boundary: &[u8], most: usize) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    let mut start: Option<usize> = None;
    let mut at = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let after = line
            .strip_prefix(b"--")
            .and_then(|rest| rest.strip_prefix(boundary));
        let (is_end, is_boundary) = match after.map(<[u8]>::trim_ascii) {
            Some(b"") => (false, true),
            Some(b"--") => (true, true),
            _ => (false, false),
        };
        if is_boundary {
            if let Some(part) = start.and_then(|start| content.get(start..at)) {
                parts.push(part);
            }
            start = (!is_end).then_some(at + line.len());
            if is_end || parts.len() >= most {
                return parts;
            }
        }
        at += line.len();
    }
    // The last boundary is missing: the mail was cut.
    if let Some(part) = start.and_then(|start| content.get(start..)) {
        parts.push(part);
    }
    parts
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The content with its transfer encoding undone; as it stands when that fails.
fn transferred(content: &[u8], encoding: &str, defects: &mut Defects) -> Vec<u8> {
    let (decoded, clean) = if encoding.eq_ignore_ascii_case("base64") {
        let end = content
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or(content.len());
        let data = content.get(..end).unwrap_or_default();
        let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let code: Vec<u8> = data.iter().copied().filter(is_code).collect();
        let clean = data
            .iter()
            .all(|byte| is_code(byte) || byte.is_ascii_whitespace());
        (LENIENT.decode(code).ok(), clean)
    } else if encoding.eq_ignore_ascii_case("quoted-printable") {
        (quoted_printable_decode(content), true)
    } else {
        let known = ["", "7bit", "8bit", "binary"]
            .iter()
            .any(|name| encoding.eq_ignore_ascii_case(name));
        (Some(content.to_vec()), known)
    };
    if decoded.is_none() || !clean {
        defects.add(
            "transfer-encoding",
            format!(
                "A part is not clean `{}`; it was read as far as it goes.",
                hostile::one_line(encoding, 40)
            ),
        );
    }
    decoded.unwrap_or_else(|| content.to_vec())
}

/// The text of `bytes` in the character set that the message names.
fn charset_text(bytes: &[u8], charset: Option<&str>, defects: &mut Defects) -> String {
    let utf8 = std::str::from_utf8(bytes);
    let label = charset.unwrap_or("us-ascii").trim().to_ascii_lowercase();
    let text = match utf8 {
        // UTF-8 that validates is UTF-8, whatever a message calls it; pure ASCII is the usual case.
        Ok(text) if matches!(label.as_str(), "utf-8" | "utf8" | "us-ascii" | "ascii") => {
            text.to_owned()
        }
        _ => match charset_decoder(label.as_bytes()) {
            Some(decode) if label.len() <= 45 => decode(bytes),
            _ => {
                defects.add(
                    "charset-unknown",
                    format!(
                        "The character set `{}` is not known.",
                        hostile::one_line(&label, 40)
                    ),
                );
                String::from_utf8_lossy(bytes).into_owned()
            }
        },
    };
    if text.contains('\u{fffd}') && !utf8.is_ok_and(|as_is| as_is.contains('\u{fffd}')) {
        defects.add(
            "charset-invalid",
            format!(
                "The text has bytes that are not `{}`.",
                hostile::one_line(&label, 40)
            ),
        );
    }
    text.replace("\r\n", "\n")
}
