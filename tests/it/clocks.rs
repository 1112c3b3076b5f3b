//! Clocks: elapsed hours from the earliest candidate, the human's choice, receipts.

use cordon::canon::Digest;
use cordon::case::event::{
    Actor, Arrival, ClockStart, Contact, Deadline, Entry, Event, Evidence, FORMAT, Person, Reading,
    Source,
};
use cordon::case::state::CaseState;
use cordon::case::subject::Subject;
use cordon::clock;
use cordon::id::{CaseId, ContactId, EvidenceId};
use cordon::time::Timestamp;

/// What the case gives reason for, with nothing configured.
fn propose(state: &CaseState) -> Vec<ClockStart> {
    let catalogue = clock::Catalogue::shipped().unwrap();
    clock::propose(state, &[], catalogue, &clock::Organisation::default())
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[derive(Clone)]
pub(crate) struct World {
    case: CaseId,
    pub(crate) state: CaseState,
    pub(crate) entries: Vec<Entry>,
}

impl World {
    pub(crate) fn opened(when: &str) -> Self {
        let mut world = Self {
            case: CaseId::fresh(),
            state: CaseState::default(),
            entries: Vec::new(),
        };
        world.add(
            when,
            Event::CaseOpened {
                title: "Access review".into(),
                salt: String::new(),
                subject: Subject::default(),
                route: "operator".into(),
                people: vec![Person {
                    name: "Bo".into(),
                    roles: vec!["legal".into()],
                    key: String::new(),
                    emails: vec!["bo@company.example".into()],
                    logins: Vec::new(),
                }],
                recorder: String::new(),
                protected: Vec::new(),
                effective: None,
                evidence: None,
            },
        );
        world
    }

    pub(crate) fn add(&mut self, when: &str, event: Event) {
        self.may(when, event).unwrap();
    }

    /// As [`Self::add`], or why it cannot follow.
    pub(crate) fn may(&mut self, when: &str, event: Event) -> cordon::fault::Result<()> {
        // Only people let a notice out.
        let by = match &event {
            Event::NoticeSending { .. } | Event::NoticeDispatched { .. } => {
                Actor::Person("Bo".into())
            }
            _ => Actor::Engine,
        };
        self.may_by(by, when, event)
    }

    /// As [`Self::may`], by somebody.
    pub(crate) fn may_by(
        &mut self,
        by: Actor,
        when: &str,
        event: Event,
    ) -> cordon::fault::Result<()> {
        let entry = Entry {
            v: FORMAT,
            case: self.case.clone(),
            seq: self.state.lines,
            prev: Digest::ZERO,
            at: at(when),
            by,
            event,
        };
        self.state.check(&entry)?;
        self.state.apply(&entry);
        self.entries.push(entry);
        Ok(())
    }

    /// A file that is kept.
    pub(crate) fn evidence(&mut self, when: &str) -> EvidenceId {
        let id = EvidenceId::fresh();
        self.add(
            when,
            Event::EvidenceKept(Evidence {
                privileged: false,
                id: id.clone(),
                sha256: Digest::of(b"file"),
                bytes: 4,
                media_type: "application/pdf".into(),
                source: Source::File {
                    name: "file.pdf".into(),
                },
                at: at(when),
                tool: "cordon".into(),
                title: "A file".into(),
            }),
        );
        id
    }

    pub(crate) fn demand(&mut self, sent: &str, received: &str, due: &str) {
        self.mail(sent, received, due, Vec::new());
    }

    fn mail(&mut self, sent: &str, received: &str, due: &str, arrivals: Vec<Arrival>) {
        let evidence = EvidenceId::fresh();
        self.add(
            received,
            Event::EvidenceKept(Evidence {
                privileged: false,
                id: evidence.clone(),
                sha256: Digest::of(b"mail"),
                bytes: 4,
                media_type: "message/rfc822".into(),
                source: Source::File {
                    name: "demand.eml".into(),
                },
                at: at(received),
                tool: "cordon".into(),
                title: "Mail".into(),
            }),
        );
        self.add(
            received,
            Event::ContactRecorded(Contact {
                id: ContactId::fresh(),
                channel: "email".into(),
                direction: "in".into(),
                from: "someone@freemail.example".into(),
                to: Vec::new(),
                sent: Some(at(sent)),
                received: at(received),
                subject: "your data".into(),
                text: String::new(),
                evidence: vec![evidence],
                message_id: None,
                thread: Vec::new(),
                indicators: Vec::new(),
                deadlines: vec![Deadline {
                    verbatim: "72 hours".into(),
                    readings: vec![Reading {
                        at: at(due),
                        how: "elapsed".into(),
                    }],
                }],
                demand: true,
                hinted: false,
                arrivals,
            }),
        );
    }

    pub(crate) fn start_all(&mut self, when: &str) {
        for start in propose(&self.state) {
            self.add(when, Event::ClockStarted(start));
        }
    }

    pub(crate) fn due(&self, rule: &str, now: &str) -> clock::Shown {
        clock::list(&self.state, at(now))
            .into_iter()
            .find(|clock| clock.rule == rule)
            .unwrap()
    }
}

#[test]
fn seventy_two_hours_are_elapsed_hours_over_a_change_of_the_clocks() {
    // The clocks of the United States go forward on 2027-03-14; hours do not care.
    let mut world = World::opened("2027-03-12T21:31:07Z");
    world.demand(
        "2027-03-13T02:34:11Z",
        "2027-03-13T02:34:30Z",
        "2027-03-16T03:12:00Z",
    );
    world.start_all("2027-03-13T02:35:00Z");
    let gdpr = world.due("eu.gdpr.33", "2027-03-13T03:00:00Z");
    assert_eq!(
        gdpr.due,
        at("2027-03-16T02:34:11Z"),
        "the earliest candidate counts: when it was sent"
    );
    assert_eq!((gdpr.start_is, gdpr.state), ("earliest", "running"));
    assert_eq!(
        gdpr.candidates.len(),
        2,
        "the later candidate is shown beside it"
    );
    assert!(!gdpr.doubts.is_empty());
    let early = world.due("de.bsig.32.early_warning", "2027-03-13T03:00:00Z");
    assert_eq!(early.due, at("2027-03-14T02:34:11Z"));
    assert_eq!(
        world.due("contact.demand", "2027-03-13T03:00:00Z").due,
        at("2027-03-16T03:12:00Z")
    );
}

#[test]
fn a_header_from_another_year_starts_no_clock_and_is_told() {
    let mut world = World::opened("2027-03-12T21:31:07Z");
    let (forged, imported) = ("2001-01-01T00:00:00Z", "2027-03-13T09:00:00Z");
    let arrival = |source: &str, when: &str| Arrival {
        source: source.into(),
        at: at(when),
        by: None,
    };
    let arrivals = vec![
        arrival("import", imported),
        arrival("received-header", forged),
        arrival("date-header", forged),
    ];
    // Also where the log says that it was received then, as older ones do.
    world.mail(forged, forged, "2027-03-16T09:00:00Z", arrivals);
    world.start_all("2027-03-13T09:00:01Z");
    let gdpr = world.due("eu.gdpr.33", "2027-03-13T10:00:00Z");
    assert_eq!((gdpr.start, gdpr.state), (at(imported), "running"));
    assert_eq!(gdpr.candidates.len(), 1, "{:?}", gdpr.candidates);
    let told = gdpr
        .doubts
        .iter()
        .filter(|doubt| doubt.contains("2001-01-01T00:00:00Z"));
    assert_eq!(told.count(), 2, "{:?}", gdpr.doubts);
    // A plausible header counts first, and our own clock is a candidate beside it.
    let mut world = World::opened("2027-03-12T21:31:07Z");
    let header = "2027-03-13T02:34:30Z";
    let arrivals = vec![
        arrival("received-header", header),
        arrival("import", imported),
    ];
    world.mail(header, header, "2027-03-16T09:00:00Z", arrivals);
    world.start_all("2027-03-13T09:00:01Z");
    let gdpr = world.due("eu.gdpr.33", "2027-03-13T10:00:00Z");
    assert_eq!(gdpr.start, at(header));
    assert_eq!(gdpr.candidates.last().unwrap().at, at(imported));
}

#[test]
fn nothing_runs_before_there_is_a_reason() {
    let mut world = World::opened("2027-01-14T22:50:00Z");
    world.start_all("2027-01-14T22:50:00Z");
    let rules: Vec<String> = clock::list(&world.state, at("2027-01-14T23:00:00Z"))
        .into_iter()
        .map(|c| c.rule)
        .collect();
    assert_eq!(rules, ["us.fbi.ic3"]);
    assert!(propose(&world.state).is_empty(), "a clock is started once");
}

#[test]
fn a_choice_and_a_receipt_are_kept_and_a_late_clock_is_overdue() {
    let mut world = World::opened("2027-01-14T22:50:00Z");
    world.start_all("2027-01-14T22:50:00Z");
    let id = world.due("us.fbi.ic3", "2027-01-14T23:00:00Z").id;
    assert_eq!(
        world.due("us.fbi.ic3", "2027-01-15T22:50:01Z").state,
        "overdue"
    );
    let start = at("2027-01-15T09:00:00Z");
    world.add(
        "2027-01-15T10:00:00Z",
        Event::ClockChosen {
            clock: id.clone(),
            start,
            reason: "counsel".into(),
            facts: Vec::new(),
        },
    );
    let chosen = world.due("us.fbi.ic3", "2027-01-15T22:50:01Z");
    assert_eq!(
        (chosen.due, chosen.start_is, chosen.state),
        (at("2027-01-16T09:00:00Z"), "chosen", "running")
    );
    world.add(
        "2027-01-15T11:00:00Z",
        Event::ClockReceipt {
            clock: id,
            reference: "I2701-1".into(),
            at: start,
            evidence: Vec::new(),
        },
    );
    assert_eq!(
        world.due("us.fbi.ic3", "2027-02-15T00:00:00Z").state,
        "receipted"
    );
}

#[test]
fn a_demand_that_is_found_later_but_came_first_moves_the_start_forward() {
    let mut world = World::opened("2027-03-01T00:00:00Z");
    world.demand(
        "2027-03-10T00:00:00Z",
        "2027-03-10T00:01:00Z",
        "2027-03-13T00:00:00Z",
    );
    world.start_all("2027-03-10T00:02:00Z");
    assert_eq!(
        world.due("eu.gdpr.33", "2027-03-10T01:00:00Z").due,
        at("2027-03-13T00:00:00Z")
    );
    world.demand(
        "2027-03-08T00:00:00Z",
        "2027-03-10T02:00:00Z",
        "2027-03-11T00:00:00Z",
    );
    world.start_all("2027-03-10T02:00:01Z");
    assert_eq!(
        world.due("eu.gdpr.33", "2027-03-10T03:00:00Z").due,
        at("2027-03-11T00:00:00Z")
    );
    assert!(propose(&world.state).is_empty(), "nothing is stated twice");
    // A choice of people outlives what is learnt later.
    let id = world.due("eu.gdpr.33", "2027-03-10T03:00:00Z").id;
    let start = at("2027-03-09T00:00:00Z");
    world.add(
        "2027-03-10T03:00:00Z",
        Event::ClockChosen {
            clock: id,
            start,
            reason: "counsel".into(),
            facts: Vec::new(),
        },
    );
    world.demand(
        "2027-03-07T00:00:00Z",
        "2027-03-10T04:00:00Z",
        "2027-03-11T00:00:00Z",
    );
    world.start_all("2027-03-10T04:00:01Z");
    let gdpr = world.due("eu.gdpr.33", "2027-03-10T05:00:00Z");
    assert_eq!((gdpr.start, gdpr.start_is), (start, "chosen"));
    let earliest = at("2027-03-07T00:00:00Z");
    assert_eq!(
        gdpr.candidates[0].at, earliest,
        "the earlier candidate is shown"
    );
}
