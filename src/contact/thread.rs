//! Which contacts belong together: confirmed by the mails themselves, or only possibly.
//!
//! A thread can have many senders, and a sender many threads. What the headers of the mails say
//! (an answer to a message that we have, the subject of an answer) confirms a thread. Everything
//! else, the same wallet, the same host of a link, the same sender in a fresh mail, is a possible
//! link with its reason: a person judges it, nothing is merged.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::indicator;
use super::indicator::is_wallet;
use super::pattern::Pattern;
use crate::case::event::{Contact, Indicator};
use crate::id::ContactId;

/// Contacts that belong together by their headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thread {
    /// The contacts, the earliest first.
    pub contacts: Vec<ContactId>,
    /// Every sender, as written, in order of appearance.
    pub senders: Vec<String>,
    /// The subject without prefixes of answers. Hostile text.
    pub subject: String,
    /// Why each contact after the first is in it.
    pub confirmed: Vec<Link>,
}

/// A link between two contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The earlier contact.
    pub earlier: ContactId,
    /// The later contact.
    pub later: ContactId,
    /// One phrase that says what they share. May quote a message.
    pub reason: String,
}

/// How contacts hang together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Grouping {
    /// Threads that the headers confirm; a contact alone is a thread of one.
    pub threads: Vec<Thread>,
    /// Links between contacts of different threads that only may hold.
    pub possible: Vec<Link>,
}

/// The most possible links that are listed.
const MOST_LINKS: usize = 1_000;
/// An indicator that more contacts than this share says nothing about any two of them.
const MOST_SHARED: usize = 50;

/// Groups `contacts`. `own` are the company's domains: to share one of them means nothing.
pub fn group(contacts: &[Contact], own: &[&str]) -> Grouping {
    let mut order: Vec<&Contact> = contacts.iter().collect();
    order.sort_by_key(|contact| (contact.sent.unwrap_or(contact.received), contact.id.clone()));
    let mut union = Union((0..order.len()).collect());
    let mut confirmed: Vec<(usize, usize, String)> = Vec::new();
    let mut join = |one: usize, two: usize, reason: String| {
        if union.join(one, two) {
            confirmed.push((one.min(two), one.max(two), reason));
        }
    };
    by_headers(&order, &mut join);
    by_subject(&order, &mut join);
    let roots: Vec<usize> = (0..order.len()).map(|at| union.root(at)).collect();
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, root) in roots.iter().enumerate() {
        members.entry(*root).or_default().push(at);
    }
    let link = |(one, two, reason): (usize, usize, String)| {
        Some(Link {
            earlier: order.get(one)?.id.clone(),
            later: order.get(two)?.id.clone(),
            reason,
        })
    };
    let threads = members.into_values().map(|at| {
        let inside: Vec<&Contact> = at.iter().filter_map(|at| order.get(*at).copied()).collect();
        let mut senders: Vec<String> = Vec::new();
        for contact in &inside {
            if !senders.contains(&contact.from) {
                senders.push(contact.from.clone());
            }
        }
        Thread {
            contacts: inside.iter().map(|contact| contact.id.clone()).collect(),
            senders,
            subject: inside
                .first()
                .map(|first| subject(&first.subject))
                .unwrap_or_default(),
            confirmed: confirmed
                .iter()
                .filter(|(one, ..)| at.contains(one))
                .cloned()
                .filter_map(link)
                .collect(),
        }
    });
    let threads: Vec<Thread> = threads.collect();
    let possible = possible(&order, &roots, own)
        .into_iter()
        .filter_map(link)
        .collect();
    Grouping { threads, possible }
}

/// An answer names the message that it answers.
fn by_headers(order: &[&Contact], join: &mut impl FnMut(usize, usize, String)) {
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for (at, contact) in order.iter().enumerate() {
        if let Some(id) = contact.message_id.as_deref() {
            owners.entry(id).or_insert(at);
        }
    }
    // Two answers to one message belong together also when we never had that message.
    let mut named: HashMap<&str, usize> = HashMap::new();
    for (at, contact) in order.iter().enumerate() {
        for id in contact.thread.iter().map(String::as_str) {
            if let Some(owner) = owners.get(id).filter(|owner| **owner != at) {
                join(*owner, at, format!("its header names the message {id}"));
            } else if let Some(other) = named.get(id) {
                join(*other, at, format!("both headers name the message {id}"));
            }
            named.entry(id).or_insert(at);
        }
    }
}

/// The subject of an answer, between people who were in the first message.
fn by_subject(order: &[&Contact], join: &mut impl FnMut(usize, usize, String)) {
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, contact) in order.iter().enumerate() {
        let bare = subject(&contact.subject).to_lowercase();
        if bare.chars().count() < 8 || contact.channel != "email" {
            continue;
        }
        let answers = subject(&contact.subject) != contact.subject.trim();
        let before = known.entry(bare).or_default();
        let mine = parties(contact);
        let first = before.iter().take(MOST_SHARED).find(|other| {
            order.get(**other).is_some_and(|other| {
                let theirs = parties(other);
                // Everyone writes to the same mailbox of the company; a shared sender, or an answer
                // that goes back to a sender, says more.
                address(&other.from).is_some_and(|sender| mine.contains(&sender))
                    || address(&contact.from).is_some_and(|sender| theirs.contains(&sender))
            })
        });
        if let Some(other) = first.filter(|_| answers) {
            join(
                *other,
                at,
                "it answers with the same subject among the same people".to_owned(),
            );
        }
        before.push(at);
    }
}

fn parties(contact: &Contact) -> BTreeSet<String> {
    let all = std::iter::once(&contact.from).chain(&contact.to);
    all.filter_map(|party| address(party)).collect()
}

/// The mail address in a line such as `"C A" <a@mail-one.example>`.
fn address(party: &str) -> Option<String> {
    let inner = party.rsplit_once('<').map_or(party, |(_, inner)| inner);
    let inner = inner.trim_end_matches('>').trim();
    inner.contains('@').then(|| inner.to_lowercase())
}

static PREFIX: Pattern = Pattern::new(
    r"(?i)^(?:\s*(?:\[[^\]\n]{0,40}\]\s*)?(?:re|aw|antw|antwort|sv|vs|ref|res|r|fw|fwd|wg|enc|rv|tr|i)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]\s*)+",
);

/// A subject without the prefixes of answers and forwards.
fn subject(text: &str) -> String {
    PREFIX
        .replace(text, "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// What two contacts of different threads share.
fn possible(order: &[&Contact], roots: &[usize], own: &[&str]) -> Vec<(usize, usize, String)> {
    let mut sharing: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, contact) in order.iter().enumerate() {
        for what in marks(contact, own) {
            sharing.entry(what).or_default().push(at);
        }
    }
    let mut links: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for (what, holders) in sharing {
        if holders.len() > MOST_SHARED {
            continue;
        }
        // Each contact is tied to the one before it that has the same; that reaches all of them.
        for pair in holders.windows(2) {
            if let [one, two] = pair
                && roots.get(*one) != roots.get(*two)
                && links.len() < MOST_LINKS
            {
                links.entry((*one, *two)).or_default().push(what.clone());
            }
        }
    }
    links
        .into_iter()
        .map(|((one, two), reasons)| {
            let reasons: Vec<String> = reasons.into_iter().take(5).collect();
            (one, two, reasons.join("; "))
        })
        .collect()
}

/// What of a contact may tie it to another, as a phrase.
fn marks(contact: &Contact, own: &[&str]) -> BTreeSet<String> {
    let is_own = |host: &str| {
        own.iter().any(|own| {
            host == *own
                || host
                    .strip_suffix(own)
                    .is_some_and(|rest| rest.ends_with('.'))
        })
    };
    let foreign = |text: &str| indicator::host_in(text).filter(|host| !is_own(host));
    let mut marks = BTreeSet::new();
    if contact.direction == "in" {
        match address(&contact.from) {
            Some(sender) if foreign(&sender).is_some() => {
                marks.insert(format!("same sender {sender}"));
                if let Some(host) = foreign(&sender) {
                    marks.insert(format!("same host {host}"));
                }
            }
            None if contact.from.chars().count() > 3 => {
                marks.insert(format!("same sender {}", contact.from.to_lowercase()));
            }
            _ => {}
        }
    }
    for found in &contact.indicators {
        if let Some(mark) = mark(found, &foreign) {
            marks.insert(mark);
        }
    }
    let bare = subject(&contact.subject);
    if contact.channel == "email" && bare.chars().count() >= 8 {
        marks.insert(format!("same subject \"{}\"", bare.to_lowercase()));
    }
    marks
}

fn mark(found: &Indicator, foreign: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let value = found.value.as_str();
    match found.kind.as_str() {
        kind if is_wallet(kind) => Some(format!("same wallet {value}")),
        "url" | "domain" => Some(format!("same host {}", foreign(value)?)),
        "email" => foreign(value).map(|_| format!("same address {value}")),
        "onion" | "telegram" | "handle" | "phone" | "session" | "tox" | "sha256" | "sha1"
        | "md5" => Some(format!("same {} {}", found.kind, value.to_lowercase())),
        "ip" => Some(format!("same IP address {value}")),
        _ => None,
    }
}

/// Which contacts are joined: each points to another of its thread, or to itself.
#[derive(Debug)]
struct Union(Vec<usize>);

impl Union {
    fn root(&mut self, at: usize) -> usize {
        let mut root = at;
        while let Some(next) = self.0.get(root).copied().filter(|next| *next != root) {
            root = next;
        }
        if let Some(slot) = self.0.get_mut(at) {
            *slot = root;
        }
        root
    }

    /// Joins two; the earlier root stays. False when they were joined already.
    fn join(&mut self, one: usize, two: usize) -> bool {
        let (one, two) = (self.root(one), self.root(two));
        let (first, last) = (one.min(two), one.max(two));
        if let Some(slot) = self.0.get_mut(last).filter(|_| first != last) {
            *slot = first;
            return true;
        }
        false
    }
}
