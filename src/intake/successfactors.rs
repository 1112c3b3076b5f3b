//! SAP SuccessFactors: event notifications as SOAP, answered with a SOAP acknowledgement.
//!
//! Nothing is signed: the endpoint is called with HTTP basic authentication, whose whole header value
//! is the secret (`Basic …`), or another header that is configured. So it never has the route
//! `suspicion`.
//!
//! `Envelope/Body/ExternalEvent` (namespace `http://notification.event.successfactors.com`) holds
//! `externalEventMeta` with `externalEventId`, `type`
//! (`com.successfactors.Employment.AssignmentInformation.Termination`), `publishedAt` (milliseconds),
//! `effective` (`future` or `current`), `repost`, and `events/event` with `entityType`,
//! `effectiveStartDate` (a date) and `entityKeys/entityKey` (`name`, `value`, both without a
//! namespace), among them `userId`: from the notification that a practitioner published. That the
//! start date is the first day after the end, that other events end in `Rehire` or `Transfer`, and the
//! shape of the acknowledgement are **not verified**.
//!
//! A document type is refused: nothing expands, nothing is fetched. What is not in the namespace is not
//! read, whatever it is called. An event that is posted again keeps its id and says `repost`, which is
//! another body; that it does is **not verified**.
//!
//! Source: blogs.sap.com 2021/08/17, "Event Notification Subscriptions versus Intelligent Services
//! Centre", read 2026-11; not tried against the service.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName};
use jiff::tz::TimeZone;
use roxmltree::{Document, Error, Node, ParsingOptions};
use secrecy::SecretString;

use super::effective::{self, Day};
use super::payload::{numbered, short, unreadable};
use super::signature::Carried;
use super::{Kind, Message, Refusal, Source};
use crate::fault::Result;
use crate::time::Timestamp;

const SOAP: [&str; 2] = [
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2003/05/soap-envelope",
];
const EVENT: &str = "http://notification.event.successfactors.com";

/// The most nodes of a message; a real one has about a hundred.
const NODES_LIMIT: u32 = 4096;
/// The deepest that elements stand in each other. The parser goes down by calling itself.
const DEPTH_LIMIT: usize = 64;

const ACKNOWLEDGEMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><ExternalEventResponse xmlns="http://notification.event.successfactors.com"><responsePayload><status>0</status></responsePayload></ExternalEventResponse></soapenv:Body></soapenv:Envelope>"#;

/// Event notifications of SuccessFactors.
#[derive(Debug)]
pub struct SuccessFactors {
    carried: Carried,
    zone: Option<TimeZone>,
}

impl SuccessFactors {
    /// With the values that the header may have (`Authorization` unless named), and the zone of dates.
    ///
    /// # Errors
    /// No value, an empty one, or a name that no header has.
    pub fn new(
        secrets: &[SecretString],
        header: Option<&str>,
        zone: Option<TimeZone>,
    ) -> Result<Self> {
        let carried = Carried::new(secrets, header.unwrap_or("authorization"))?;
        Ok(Self { carried, zone })
    }
}

impl Source for SuccessFactors {
    fn open(&self, headers: &HeaderMap, body: &[u8], _: Timestamp) -> Result<Message, Refusal> {
        self.carried.check(headers)?;
        let Ok(text) = std::str::from_utf8(body) else {
            return Ok(unreadable(body));
        };
        if too_deep(text) {
            return Err(Refusal::Body("too-deep"));
        }
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: NODES_LIMIT,
            ..ParsingOptions::default()
        };
        match Document::parse_with_options(text, options) {
            Ok(document) => {
                Ok(read(&document, self.zone.as_ref()).unwrap_or_else(|| unreadable(body)))
            }
            Err(Error::DtdDetected) => Err(Refusal::Body("dtd")),
            Err(Error::NodesLimitReached) => Err(Refusal::Body("too-many-nodes")),
            Err(_) => Ok(unreadable(body)),
        }
    }

    fn acknowledgement(&self) -> Option<(&'static str, &'static str)> {
        Some(("text/xml; charset=utf-8", ACKNOWLEDGEMENT))
    }

    fn secret_headers(&self) -> Vec<HeaderName> {
        vec![self.carried.header.clone()]
    }
}

/// Whether tags stand deeper in each other than any message's. Counted over the text, before anything
/// is parsed: tags inside of comments and character data count too, and make it an overestimate.
fn too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut deepest = 0;
    let bytes = text.as_bytes();
    for (place, byte) in bytes.iter().enumerate() {
        match (byte, bytes.get(place + 1)) {
            (b'<', Some(b'/')) | (b'/', Some(b'>')) => depth = depth.saturating_sub(1),
            (b'<', Some(b'?' | b'!')) => {}
            (b'<', _) => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            _ => {}
        }
    }
    deepest > DEPTH_LIMIT
}

/// The one child of that name in a namespace; two of them say nothing.
fn only<'a, 'i>(node: Node<'a, 'i>, spaces: &[&str], name: &str) -> Option<Node<'a, 'i>> {
    let mut found = children(node, spaces, name);
    let one = found.next()?;
    found.next().is_none().then_some(one)
}

fn children<'a, 'i>(
    node: Node<'a, 'i>,
    spaces: &[&str],
    name: &str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| {
        let tag = child.tag_name();
        let space = tag.namespace().unwrap_or_default();
        child.is_element() && tag.name() == name && spaces.contains(&space)
    })
}

/// The text of the one child of that name.
fn text(node: Node<'_, '_>, spaces: &[&str], name: &str) -> Option<String> {
    let child = only(node, spaces, name)?;
    let plain = child.children().all(|part| part.is_text());
    plain.then(|| short(child.text()?)).flatten()
}

fn read(document: &Document<'_>, zone: Option<&TimeZone>) -> Option<Message> {
    let envelope = document.root_element();
    let tag = envelope.tag_name();
    if tag.name() != "Envelope" || !SOAP.contains(&tag.namespace().unwrap_or_default()) {
        return None;
    }
    let soap = [tag.namespace().unwrap_or_default()];
    let event = only(only(envelope, &soap, "Body")?, &[EVENT], "ExternalEvent")?;
    let meta = only(event, &[EVENT], "externalEventMeta")?;
    let mut id = text(meta, &[EVENT], "externalEventId")?;
    if text(meta, &[EVENT], "repost").as_deref() == Some("true") {
        // The same event with another body: a message of its own that leads to the same case.
        let published = text(meta, &[EVENT], "publishedAt").unwrap_or_default();
        id = format!("{id} posted again {published}");
    }
    let kind = text(meta, &[EVENT], "type")?;
    let parts: Vec<Node<'_, '_>> = only(event, &[EVENT], "events")
        .map(|events| children(events, &[EVENT], "event").collect())
        .unwrap_or_default();
    let users: BTreeSet<String> = parts.iter().filter_map(|part| user(*part)).collect();
    let days: BTreeSet<String> = parts
        .iter()
        .filter_map(|part| text(*part, &[EVENT], "effectiveStartDate"))
        .collect();
    let last = kind.rsplit('.').next().unwrap_or_default().to_lowercase();
    let known = match last.as_str() {
        "termination" => Kind::Termination,
        "rehire" => Kind::Rehire,
        "transfer" | "internaltransfer" => Kind::Transfer,
        _ => Kind::Other(kind),
    };
    let ends = known == Kind::Termination;
    let mut message = numbered(id, known);
    let mut users = users.into_iter();
    match (users.next(), users.next()) {
        (Some(one), None) => message = message.about(Some(one)),
        _ if ends => {
            return Some(message.ask("The notification names nobody, or several people; read it."));
        }
        _ => return Some(message),
    }
    let mut days = days.into_iter();
    match (days.next(), days.next()) {
        (Some(day), None) => {
            let Some(read) = effective::read(&day, zone, Day::First) else {
                let ask = "The day of the change has no zone: set `zone` of this [[webhook]], or open the case by hand.";
                return Some(message.ask_if(ends.then_some(ask)));
            };
            message.effective = Some(read.at);
            message.notes.extend(read.assumed);
            Some(message)
        }
        _ => Some(message.ask_if(
            ends.then_some("The notification names no day of the change, or several; read it."),
        )),
    }
}

/// The user that an event is about. Keys have no namespace in the published notification.
fn user(event: Node<'_, '_>) -> Option<String> {
    let spaces = ["", EVENT];
    let keys = only(event, &[EVENT], "entityKeys")?;
    let mut found = children(keys, &[EVENT], "entityKey")
        .filter(|key| text(*key, &spaces, "name").as_deref() == Some("userId"));
    let one = found.next()?;
    if found.next().is_some() {
        return None;
    }
    text(one, &spaces, "value")
}
