//! A message on its way into a case: which route it takes, and what of it the case keeps.

use bytes::Bytes;

use super::Desk;
use crate::case::event::Event;
use crate::fault::Result;
use crate::intake::callback::Answered;
use crate::intake::employment::Review;
use crate::intake::{DEPARTURE, Incoming, effective};

/// The route of a case that is a review, not a mere departure.
pub use crate::case::event::SUSPICION;

/// A message that opens a case.
#[derive(Debug)]
pub struct Arrival {
    /// The message as received.
    pub incoming: Incoming,
    /// What the HR system answered about it.
    pub answers: Vec<Answered>,
    /// The route of the case.
    pub route: String,
    /// What the case begins by noting, in order.
    pub notes: Vec<String>,
}

impl Arrival {
    /// A message, with the rules that may raise it from a departure to a review. Only how the person
    /// is engaged is looked at.
    pub(super) fn new(incoming: Incoming, answers: Vec<Answered>, reviews: &[Review]) -> Self {
        let message = &incoming.message;
        let mut route = incoming.route.clone();
        let mut notes = Vec::new();
        let mut rules = reviews.iter();
        let rule = rules.find(|rule| rule.matches(&message.employment));
        if let Some(rule) = rule.filter(|_| route == DEPARTURE) {
            SUSPICION.clone_into(&mut route);
            notes.push(format!(
                "Opened for review by the configured rule \u{201c}{}\u{201d}, which is about how people are engaged and not about this person.",
                crate::hostile::one_line(&rule.name, 80)
            ));
        }
        let late = |at| effective::late(at, incoming.received);
        if let Some(late) = message.effective.and_then(late) {
            notes.push(format!("The change {late}."));
        }
        notes.extend(message.notes.iter().cloned());
        Self {
            incoming,
            answers,
            route,
            notes,
        }
    }

    /// Keeps the message and the answers as evidence of the case, and notes what is to be noted.
    pub(super) async fn keep(self, desk: &Desk) -> Result<()> {
        let notes = self.notes.into_iter().map(|text| Event::CaseNoted { text });
        let notes: Vec<Event> = notes.collect();
        if !notes.is_empty() {
            desk.log.append(&desk.by, notes).await?;
        }
        let headers = super::headers(&self.incoming.headers);
        desk.recorder
            .keep_webhook(&self.incoming.source, &headers, self.incoming.body)
            .await?;
        for (number, answer) in self.answers.iter().enumerate() {
            let title = format!(
                "Answer {} of the HR system to {}, asked at {}",
                answer.status,
                crate::hostile::one_line(&answer.call, 200),
                crate::time::utc(answer.at)
            );
            let name = format!("hr-record-{}.json", number + 1);
            let bytes = Bytes::from(answer.bytes()?);
            desk.recorder
                .keep_file(&name, "application/json", bytes, &title)
                .await?;
        }
        Ok(())
    }
}
