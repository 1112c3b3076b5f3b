//! One timeline of everything that a case knows.

use cordon::case::event::{ClockStart, Contact, Event, Reading};
use cordon::evidence::timeline::{self, MomentSource};
use cordon::id::{ClockId, ContactId, EvidenceId};
use cordon::provider::Completeness;

use super::case::{TRAIL, at, full};

fn clock(evidence: &EvidenceId) -> ClockStart {
    ClockStart {
        id: ClockId::fresh(),
        rule: "test".to_owned(),
        title: "a deadline".to_owned(),
        basis: "a contract".to_owned(),
        seconds: 3600,
        due: None,
        candidates: vec![
            Reading {
                at: at("2027-03-13T02:00:00Z"),
                how: "known".to_owned(),
            },
            Reading {
                at: at("2027-03-13T05:00:00Z"),
                how: "confirmed".to_owned(),
            },
        ],
        doubts: Vec::new(),
        evidence: vec![evidence.clone()],
    }
}

fn contact(evidence: &EvidenceId) -> Contact {
    Contact {
        id: ContactId::fresh(),
        channel: "email".to_owned(),
        direction: "in".to_owned(),
        from: "someone@mail.invalid".to_owned(),
        to: Vec::new(),
        sent: None,
        received: at("2027-03-12T23:00:00Z"),
        subject: "hello\u{202e}".to_owned(),
        text: String::new(),
        evidence: vec![evidence.clone()],
        thread: Vec::new(),
        message_id: None,
        indicators: Vec::new(),
        deadlines: Vec::new(),
        demand: true,
        hinted: false,
        arrivals: Vec::new(),
    }
}

#[tokio::test]
async fn the_timeline_is_in_order_and_the_holders_only() {
    let made = full().await;
    // The same page again: its events are told once.
    let again = made
        .recorder
        .keep_file("again.json", "application/json", TRAIL.into(), "again")
        .await
        .unwrap();
    let clock = clock(&again);
    let chosen = Event::ClockChosen {
        clock: clock.id.clone(),
        start: at("2027-03-13T05:00:00Z"),
        reason: "read".to_owned(),
        facts: Vec::new(),
    };
    let contact = contact(&again);
    let completeness = Completeness::default();
    made.append(vec![
        Event::TrailRead {
            trail: "github.audit".to_owned(),
            account: None,
            completeness,
            evidence: vec![again],
        },
        Event::ClockStarted(clock),
        chosen,
        Event::ContactRecorded(contact),
    ])
    .await;
    let moments = timeline::of(&made.log).unwrap();
    assert!(moments.is_sorted_by_key(|moment| moment.at));
    let of = |source| {
        moments
            .iter()
            .filter(move |moment| moment.source == source)
            .collect::<Vec<_>>()
    };
    let trail = of(MomentSource::Trail);
    assert_eq!(trail.len(), 2, "{trail:?}");
    assert!(trail[0].text.contains("repo.download_zip") && trail[0].record == Some(2));
    assert!(trail[1].text.contains("from 198.51.100.7") && trail[1].evidence.is_some());
    assert!(
        moments
            .iter()
            .any(|moment| moment.text.contains("gate contain approved by Ada Example"))
    );
    let contact = of(MomentSource::Contact);
    assert!(
        contact.len() == 1 && contact[0].text.contains("with a demand: hello[U+202E]"),
        "{contact:?}"
    );
    // Two starts, the choice, and the end counted from what was chosen.
    let clocks = of(MomentSource::Clock);
    assert_eq!(clocks.len(), 4);
    assert_eq!(clocks.last().unwrap().at, at("2027-03-13T06:00:00Z"));
}
