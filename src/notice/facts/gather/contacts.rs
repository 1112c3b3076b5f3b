//! Facts of the messages to and from whoever makes demands.

use super::{Facts, Said, Saying, Standing};
use crate::case::event::Contact;
use crate::contact::indicator::{is_wallet, shown};

impl Saying<'_> {
    pub(super) fn contacts(&self, facts: &mut Facts) {
        let contacts = &self.state.contacts;
        match self.summary() {
            Some(summary) => {
                let each = contacts
                    .iter()
                    .map(|c| (summary.clone(), c.evidence.clone()));
                facts.put_each("contact.summary", each, Standing::Fact);
            }
            None => facts.put(
                "contact.summary",
                vec![Said::words("contact.none")],
                self.opening.to_vec(),
                Standing::Fact,
            ),
        }
        let mut each = |key, values: &dyn Fn(&Contact) -> Vec<Said>| {
            let all = contacts.iter().flat_map(|contact| {
                let values = values(contact).into_iter();
                values.map(|value| (value, contact.evidence.clone()))
            });
            facts.put_each(key, all.collect::<Vec<_>>(), Standing::Fact);
        };
        each("contact.senders", &|contact| {
            let incoming = contact.direction == "in";
            let from = incoming.then(|| contact.from.as_str().into());
            from.into_iter().collect()
        });
        each("contact.deadline", &|contact| {
            let deadlines = contact.deadlines.iter();
            let words = |d: &crate::case::event::Deadline| {
                Said::Phrase(
                    "contact.deadline",
                    vec![("words", d.verbatim.as_str().into())],
                )
            };
            deadlines.map(words).collect()
        });
        let url = |kind: &str| kind == "url";
        each("contact.links", &|contact| named(contact, &url));
        each("contact.wallets", &|contact| named(contact, &is_wallet));
        each("contact.indicators", &|contact| {
            named(contact, &|kind| !url(kind) && !is_wallet(kind))
        });
    }

    /// How many messages there are, and since when.
    fn summary(&self) -> Option<Said> {
        let contacts = &self.state.contacts;
        let first = contacts.iter().map(|contact| contact.received).min()?;
        let demands = contacts.iter().filter(|contact| contact.demand).count();
        let mut args = vec![
            ("count", contacts.len().into()),
            ("first", self.at(first)),
            ("demands", demands.into()),
        ];
        let doubtful = contacts.iter().filter(|c| c.doubtful().next().is_some());
        let doubtful: Vec<Said> = doubtful
            .filter_map(Contact::imported)
            .map(|at| self.at(at))
            .collect();
        if doubtful.is_empty() {
            return Some(Said::Phrase("contact.summary", args));
        }
        args.push(("doubtful", doubtful.len().into()));
        args.push(("imported", Said::Many(doubtful)));
        Some(Said::Phrase("contact.summary.doubtful", args))
    }
}

/// The indicators of a contact whose kind is wanted, for people.
fn named(contact: &Contact, wanted: &dyn Fn(&str) -> bool) -> Vec<Said> {
    let indicators = contact.indicators.iter();
    indicators
        .filter(|indicator| wanted(&indicator.kind))
        .map(|indicator| format!("{} {}", indicator.kind, shown(indicator)).into())
        .collect()
}
