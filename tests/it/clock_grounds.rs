//! What decisions about clocks rest on: facts, instants and receipts that change, delays that end.

use cordon::case::event::due::Trigger;
use cordon::case::event::{Answer, Delay, Event, Standing, Statement};
use cordon::clock;
use cordon::id::ClockId;
use cordon::notice::dictionary;
use cordon::time::utc;

use crate::clock_duties::{catalogue, instant, organisation, propose};
use crate::clocks::{World, at};

fn clock_id(rule: &str) -> ClockId {
    ClockId::of(&["rule", rule])
}

fn chosen(rule: &str, start: &str, facts: &[&str]) -> Event {
    Event::ClockChosen {
        clock: clock_id(rule),
        start: at(start),
        reason: "counsel read the log".into(),
        facts: facts.iter().map(|&key| key.to_owned()).collect(),
    }
}

fn fact(key: &str, value: &str) -> Event {
    Event::FactRecorded(Statement {
        apart: None,
        key: key.into(),
        value: value.into(),
        de: None,
        pt: None,
        standing: Standing::Suspicion,
        evidence: Vec::new(),
        note: String::new(),
    })
}

fn answered(obligation: &str, question: &str, answer: Answer, facts: &[&str]) -> Event {
    Event::ObligationAnswered {
        obligation: obligation.into(),
        question: question.into(),
        answer,
        reason: "the scope query".into(),
        facts: facts.iter().map(|&key| key.to_owned()).collect(),
    }
}

/// A case in the European Union, known with certainty at seven.
fn european() -> World {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let (_, aware) = instant(Trigger::AwareReasonableCertainty, "2026-11-20T07:00:00Z");
    world.add("2026-11-20T08:00:00Z", aware);
    propose(&mut world, "2026-11-20T08:00:01Z", &organisation(&["eu"]));
    world
}

#[test]
fn a_fact_that_changes_marks_the_choice_that_rests_on_it() {
    let mut world = european();
    let (rule, now) = ("eu.gdpr.33", "2026-11-20T20:00:00Z");
    world.add("2026-11-20T09:00:00Z", fact("breach.cause", "a laptop"));
    let start = "2026-11-20T07:00:00Z";
    world.add(
        "2026-11-20T09:10:00Z",
        chosen(rule, start, &["breach.cause"]),
    );
    // The same again, or another fact, changes nothing.
    world.add("2026-11-20T10:00:00Z", fact("breach.cause", "a laptop"));
    world.add("2026-11-20T10:00:01Z", fact("breach.training", "yearly"));
    assert!(world.due(rule, now).reopened.is_empty());
    world.add(
        "2026-11-20T11:00:00Z",
        fact("breach.cause", "an \u{1b}[31maccount"),
    );
    let clock = world.due(rule, now);
    let told = &clock.reopened[0];
    for said in [
        "“a laptop”",
        "account”",
        "engine",
        "2026-11-20T11:00:00Z",
        "`breach.cause`",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(!told.contains('\u{1b}'), "{told}");
    // It still counts until a person looks again.
    assert_eq!(
        (clock.start_is, utc(clock.start).as_str()),
        ("chosen", start)
    );
    world.add("2026-11-20T12:00:00Z", chosen(rule, start, &[]));
    assert!(world.due(rule, now).reopened.is_empty());
    // The fact that tells its kind of instant is a ground of every choice, named or not.
    world.add(
        "2026-11-20T13:00:00Z",
        fact("instant.aware", "2026-11-20T06:00:00Z"),
    );
    let told = world.due(rule, now).reopened;
    assert!(told[0].contains("before not recorded"), "{told:?}");
    let gone = Event::FactWithdrawn {
        key: "instant.aware".into(),
        reason: "another case".into(),
    };
    world.add("2026-11-20T14:00:00Z", gone);
    assert!(world.due(rule, now).reopened[1].contains("now taken back"));
    let bad = world.may("2026-11-20T15:00:00Z", chosen(rule, start, &["no name"]));
    assert!(bad.unwrap_err().to_string().contains("has a name"));
}

#[test]
fn an_answer_whose_ground_changes_rules_nothing_out_until_somebody_looks_again() {
    let mut world = european();
    let (rule, now) = ("eu.gdpr.33", "2026-11-20T20:00:00Z");
    let no = answered(rule, "eu_personal_data", Answer::No, &[]);
    world.add("2026-11-20T09:00:00Z", no.clone());
    assert_eq!(world.due(rule, now).state, "ruled_out");
    // The question names this fact itself.
    world.add(
        "2026-11-20T10:00:00Z",
        fact("data.residents", "12 in France"),
    );
    let clock = world.due(rule, now);
    assert_eq!((clock.state, clock.is_open()), ("running", true));
    let told = &clock.answers_reopened[0];
    for said in [
        "eu_personal_data",
        "(no, by engine)",
        "not recorded",
        "12 in France",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    // The same answer, given again, stands.
    world.add("2026-11-20T11:00:00Z", no);
    let clock = world.due(rule, now);
    assert_eq!(
        (clock.state, clock.answers_reopened.len()),
        ("ruled_out", 0)
    );
}

#[test]
fn a_chosen_start_that_is_withdrawn_counts_no_longer() {
    let mut world = european();
    let (rule, now) = ("eu.gdpr.33", "2026-11-20T20:00:00Z");
    let (later, recorded) = instant(Trigger::AwareReasonableCertainty, "2026-11-20T07:30:00Z");
    world.add("2026-11-20T09:00:00Z", recorded);
    world.add(
        "2026-11-20T09:10:00Z",
        chosen(rule, "2026-11-20T07:30:00Z", &[]),
    );
    assert_eq!(world.due(rule, now).start, at("2026-11-20T07:30:00Z"));
    let gone = Event::InstantWithdrawn {
        instant: later,
        reason: "misread".into(),
    };
    world.add("2026-11-20T10:00:00Z", gone);
    let clock = world.due(rule, now);
    assert_eq!(
        (clock.start_is, clock.start, clock.chosen.is_none()),
        ("earliest", at("2026-11-20T07:00:00Z"), true)
    );
    let told = clock.reopened.join(" ");
    for said in [
        "misread",
        "counsel read the log",
        "earliest candidate counts again",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    // An instant that a person named beside the candidates does not hang on them.
    world.add(
        "2026-11-20T11:00:00Z",
        chosen(rule, "2026-11-20T06:00:00Z", &[]),
    );
    let (other, recorded) = instant(Trigger::AwareReasonableCertainty, "2026-11-20T08:30:00Z");
    world.add("2026-11-20T12:00:00Z", recorded);
    let gone = Event::InstantWithdrawn {
        instant: other,
        reason: "misread".into(),
    };
    world.add("2026-11-20T12:10:00Z", gone);
    assert_eq!(world.due(rule, now).start_is, "chosen");
}

#[test]
fn every_fact_that_a_question_rests_on_is_one_that_people_can_record() {
    let mut all = 0;
    for one in catalogue().all() {
        for key in one.questions().flat_map(|question| &question.facts) {
            let known = dictionary::entry(key).unwrap();
            assert_eq!(
                known.source,
                dictionary::Origin::Person,
                "{}: {key}",
                one.id
            );
            all += 1;
        }
    }
    assert!(all > 60, "{all}");
    for trigger in Trigger::INSTANTS {
        if let Some(key) = trigger.fact() {
            dictionary::entry(key).unwrap();
        }
    }
}

pub(crate) fn delay(world: &mut World, of: &str, when: &str, from: &str, until: &str) {
    let evidence = world.evidence(when);
    let delay = Delay {
        authority: "the Attorney General".into(),
        scope: vec![of.into()],
        from: at(from),
        until: at(until),
        evidence,
    };
    world.add(when, Event::DelayRecorded(delay));
}

pub(crate) fn undelay(number: u32, ended: Option<&str>, reason: &str) -> Event {
    Event::DelayWithdrawn {
        delay: number,
        ended: ended.map(at),
        reason: reason.into(),
    }
}

/// A case of a registrant that was determined to be material; the form is due on the 27th.
fn material() -> World {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let (_, determined) = instant(Trigger::MaterialityDetermined, "2026-11-20T15:00:00Z");
    world.add("2026-11-20T16:00:00Z", determined);
    propose(&mut world, "2026-11-20T16:00:01Z", &organisation(&["us"]));
    world
}

#[test]
fn delays_of_a_law_that_bounds_them_last_no_longer_than_it_says() {
    let (rule, of, now) = (
        "us.sec.8k_105.initial",
        "us.sec.8k_105",
        "2026-11-25T00:00:00Z",
    );
    let mut world = material();
    assert_eq!(utc(world.due(rule, now).due), "2026-11-27T22:30:00Z");
    for (from, until, due) in [
        // More than 30 days are 30, then 30, then 60, and then no more.
        (
            "2026-11-23T00:00:00Z",
            "2027-03-01T00:00:00Z",
            "2026-12-27T22:30:00Z",
        ),
        (
            "2026-12-20T00:00:00Z",
            "2027-01-10T00:00:00Z",
            "2027-01-10T00:00:00Z",
        ),
        (
            "2027-01-05T00:00:00Z",
            "2027-06-01T00:00:00Z",
            "2027-03-11T00:00:00Z",
        ),
        (
            "2027-03-01T00:00:00Z",
            "2027-06-02T00:00:00Z",
            "2027-03-11T00:00:00Z",
        ),
    ] {
        delay(&mut world, of, "2026-11-23T12:00:00Z", from, until);
        let due_then = utc(world.due(rule, now).due);
        assert_eq!(due_then, due, "{from}");
    }
    let told = world.due(rule, now).duty.unwrap().delays;
    assert!(
        told[0].contains("30 days at most") && told[0].contains("document ev_"),
        "{told:?}"
    );
    assert!(told[2].contains("60 days at most"), "{told:?}");
    assert!(told[3].contains("no further delay"), "{told:?}");
}

#[test]
fn a_delay_that_is_withdrawn_gives_the_deadline_back() {
    let (rule, of) = ("us.sec.8k_105.initial", "us.sec.8k_105");
    let now = "2026-12-01T00:00:00Z";
    let mut world = material();
    let refused = world.may(now, undelay(1, None, "x")).unwrap_err();
    assert!(refused.to_string().contains("no such delay"));
    let (from, until) = ("2026-11-23T00:00:00Z", "2026-12-20T00:00:00Z");
    delay(&mut world, of, "2026-11-23T12:00:00Z", from, until);
    assert_eq!(utc(world.due(rule, now).due), until);
    assert_eq!(world.due(rule, now).state, "running");
    for (ended, reason, why) in [
        (None, " ", "reason"),
        (Some("2026-11-22T00:00:00Z"), "x", "within it"),
        (Some("2026-12-10T00:00:00Z"), "x", "within it"),
    ] {
        let refused = world.may(now, undelay(1, ended, reason)).unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
    }
    // Lifted on the 30th: due then. Never valid: due when it always was.
    for (ended, due) in [
        (Some("2026-11-30T00:00:00Z"), "2026-11-30T00:00:00Z"),
        (None, "2026-11-27T22:30:00Z"),
    ] {
        let mut world = world.clone();
        world.add(now, chosen(rule, "2026-11-20T15:00:00Z", &[]));
        world.add(now, undelay(1, ended, "the authority lifted it"));
        let clock = world.due(rule, now);
        assert_eq!((utc(clock.due).as_str(), clock.state), (due, "overdue"));
        assert!(clock.reopened[0].contains("the authority lifted it"));
        let told = clock.duty.unwrap().delays;
        assert!(told[0].contains("withdrawn by engine"), "{told:?}");
        world.may(now, undelay(1, ended, "twice")).unwrap_err();
    }
}

#[test]
fn the_instant_of_suspicion_opens_the_hold_whoever_writes_the_log() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    for what in Trigger::INSTANTS {
        if what != Trigger::Suspected {
            let (_, recorded) = instant(what, "2026-11-20T07:00:00Z");
            world.add("2026-11-20T08:00:00Z", recorded);
        }
    }
    assert!(world.state.hold.is_none());
    let (id, recorded) = instant(Trigger::Suspected, "2026-11-20T07:00:00Z");
    world.add("2026-11-20T09:00:00Z", recorded);
    let hold = world.state.hold.clone().unwrap();
    assert_eq!(hold.since, at("2026-11-20T09:00:00Z"));
    assert!(hold.scope.iter().any(|of| of == "wages"));
    // Nothing ends it, not even that the instant is taken back.
    let gone = Event::InstantWithdrawn {
        instant: id,
        reason: "misread".into(),
    };
    world.add("2026-11-20T10:00:00Z", gone);
    assert_eq!(world.state.hold, Some(hold));
    assert!(
        !clock::list(&world.state, at("2026-11-20T10:00:00Z"))
            .iter()
            .any(|one| one.state == "met")
    );
}
