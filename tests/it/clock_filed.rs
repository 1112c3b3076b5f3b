//! What meets a stage of a duty: a notice that left, or what a person recorded; and nothing else.

use cordon::app::due::What;
use cordon::canon::Digest;
use cordon::case::event::due::Trigger;
use cordon::case::event::{Actor, Event, Serves, Signed};
use cordon::clock::{self, ics};
use cordon::id::{ClockId, EvidenceId, NoticeId};
use cordon::notice;
use cordon::time::utc;

use crate::clock_duties::{catalogue, instant, organisation, propose};
use crate::clocks::{World, at};

/// A draft of a notice that answers these stages.
fn drafted(
    notice: &NoticeId,
    evidence: EvidenceId,
    template: &str,
    serves: &[(&str, u8)],
) -> Event {
    let serves = serves.iter().map(|&(obligation, stage)| Serves {
        obligation: obligation.into(),
        stage,
    });
    Event::NoticeDrafted {
        notice: notice.clone(),
        template: template.into(),
        text: Digest::of(template.as_bytes()),
        evidence,
        facts: Vec::new(),
        missing: Vec::new(),
        approval: None,
        facts_kept: None,
        suspicion: false,
        withheld: Vec::new(),
        serves: serves.collect(),
    }
}

/// Drafts a notice that answers these stages, and has it approved.
pub(crate) fn approved(
    world: &mut World,
    when: &str,
    template: &str,
    serves: &[(&str, u8)],
) -> NoticeId {
    let (evidence, notice) = (world.evidence(when), NoticeId::fresh());
    let text = Digest::of(template.as_bytes());
    world.add(when, drafted(&notice, evidence, template, serves));
    let signed = Signed {
        text: "expires: 2099-01-01T00:00:00Z\n".into(),
        signature: String::new(),
        person: "Bo".into(),
    };
    let approved = Event::NoticeApproved {
        notice: notice.clone(),
        text,
        signed,
        apart: false,
    };
    world.add(when, approved);
    notice
}

pub(crate) fn handed_in(notice: &NoticeId, template: &str, when: &str) -> Event {
    Event::NoticeDispatched {
        notice: notice.clone(),
        binds: Digest::of(template.as_bytes()),
        how: "portal".into(),
        to: "the portal".into(),
        at: at(when),
        apart: false,
    }
}

pub(crate) fn sent(world: &mut World, notice: &NoticeId, template: &str, when: &str) {
    let message_id = format!("<{notice}@company.example>");
    world.add(
        when,
        Event::NoticeSending {
            notice: notice.clone(),
            text: Digest::of(template.as_bytes()),
            to: vec!["desk@authority.example".into()],
            message_id: message_id.clone(),
            mail: None,
            sealed: None,
            apart: false,
        },
    );
    let taken = Event::NoticeSent {
        notice: notice.clone(),
        message_id,
        reply: "250 ok".into(),
    };
    world.add(when, taken);
}

fn receipt(rule: &str, when: &str) -> Event {
    Event::ClockReceipt {
        clock: ClockId::of(&["rule", rule]),
        reference: "by telephone".into(),
        at: at(when),
        evidence: Vec::new(),
    }
}

fn taken_back(rule: &str, reason: &str) -> Event {
    Event::ClockReceiptWithdrawn {
        clock: ClockId::of(&["rule", rule]),
        reason: reason.into(),
    }
}

/// A German case that was known with certainty at seven.
fn german() -> World {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let (_, aware) = instant(Trigger::AwareReasonableCertainty, "2026-11-20T07:00:00Z");
    world.add("2026-11-20T08:00:00Z", aware);
    propose(&mut world, "2026-11-20T08:00:01Z", &organisation(&["de"]));
    world
}

#[test]
fn a_notice_that_leaves_meets_its_stage_and_the_next_is_counted_from_it() {
    let mut world = german();
    let (warning, second) = ("de.bsig.32.early_warning", "de.bsig.32.notification");
    let template = "nis2-de-notification";
    let draft = approved(
        &mut world,
        "2026-11-22T10:00:00Z",
        template,
        &[("de.bsig.32", 2)],
    );
    let now = "2026-11-25T08:00:00Z";
    // A draft, approved or not, meets nothing; neither does one that another replaced.
    assert_eq!(world.due(second, now).state, "overdue");
    assert_eq!(world.due(second, now).drafts, std::slice::from_ref(&draft));
    let notice = approved(
        &mut world,
        "2026-11-22T11:00:00Z",
        template,
        &[("de.bsig.32", 2)],
    );
    assert_eq!(world.due(second, now).drafts, std::slice::from_ref(&notice));
    let refused = world.may("2026-11-22T11:01:00Z", handed_in(&draft, template, now));
    assert!(refused.unwrap_err().to_string().contains("replaced"));
    assert_eq!(world.due(second, now).state, "overdue");
    // Handed in two hours late; whoever wrote it down dated it before its text was made.
    let early = handed_in(&notice, template, "2026-11-21T07:00:00Z");
    world.add("2026-11-23T09:00:00Z", early);
    let clock = world.due(second, now);
    let met = clock.met.unwrap();
    assert_eq!(
        (clock.state, met.filing.at),
        ("met", at("2026-11-22T11:00:00Z"))
    );
    assert_eq!(
        met.words,
        format!("met by notice {notice} at 2026-11-22T11:00:00Z (on time)")
    );
    assert!(world.due(second, now).drafts.is_empty() && !world.due(second, now).is_open());
    // The first stage stays what it was.
    assert_eq!(world.due(warning, now).state, "overdue");
    // The final report is counted from the notice, without any receipt, and from the earlier of its times.
    propose(&mut world, "2026-11-23T09:00:01Z", &organisation(&["de"]));
    let last = world.due("de.bsig.32.final", now);
    assert_eq!(last.start, at("2026-11-21T07:00:00Z"));
    assert!(last.candidates[0].how.contains(notice.as_str()), "{last:?}");
    // That nothing says that it arrived is told a day after it left: its deadline was over by then.
    let unconfirmed = |world: &World| {
        let due = cordon::app::due::of(&world.state);
        let mut due = due
            .into_iter()
            .filter(|due| matches!(&due.what, What::Receipt { rule, .. } if rule == second));
        (due.next().map(|due| due.at), due.next())
    };
    assert_eq!(
        unconfirmed(&world),
        (Some(at("2026-11-23T11:00:00Z")), None)
    );
    // The answer of the addressee is its reference.
    let answered = Event::NoticeReceipted {
        notice,
        reference: "BSI-9".into(),
        at: at("2026-11-23T10:00:00Z"),
        evidence: Vec::new(),
    };
    world.add("2026-11-23T10:00:00Z", answered);
    assert_eq!(unconfirmed(&world), (None, None));
    let clock = world.due(second, now);
    assert_eq!(
        (clock.state, clock.receipt.as_deref()),
        ("receipted", Some("BSI-9"))
    );
    let met = clock.met.unwrap();
    assert!(
        met.received_late && met.words.contains("after the deadline"),
        "{met:?}"
    );
}

#[test]
fn late_is_late_and_what_came_back_is_open_again() {
    let mut world = german();
    let second = "de.bsig.32.notification";
    let template = "nis2-de-notification";
    let notice = approved(
        &mut world,
        "2026-11-23T08:30:00Z",
        template,
        &[("de.bsig.32", 2)],
    );
    sent(&mut world, &notice, template, "2026-11-23T09:05:00Z");
    let now = "2026-11-25T08:00:00Z";
    let clock = world.due(second, now);
    let met = clock.met.unwrap();
    assert_eq!((clock.state, met.late), ("met", 2 * 3600 + 5 * 60));
    assert!(met.words.ends_with("(late by 2 h 5 min)"), "{}", met.words);
    // The calendar rings no more, and says how it was met.
    let clocks = clock::list(&world.state, at(now));
    let case = world.state.case.clone().unwrap();
    let text = ics::calendar(&case, &clocks, at(now)).replace("\r\n ", "");
    let event = text
        .split("BEGIN:VEVENT")
        .find(|event| event.contains(second))
        .unwrap();
    assert!(
        event.contains("(met)") && !event.contains("VALARM"),
        "{event}"
    );
    let told =
        format!("DESCRIPTION:met by notice {notice} at 2026-11-23T09:05:00Z (late by 2 h 5 min)");
    assert!(event.contains(&told), "{event}");
    let evidence = world.evidence("2026-11-23T10:00:00Z");
    let bounced = Event::NoticeBounced {
        message_id: format!("<{notice}@company.example>"),
        notice,
        recipient: "desk@authority.example".into(),
        status: "5.1.1 no such mailbox".into(),
        evidence,
    };
    world.add("2026-11-23T10:00:00Z", bounced);
    let clock = world.due(second, now);
    assert!(clock.is_open() && clock.state == "reopened");
    assert!(clock.reopened[0].contains("5.1.1"), "{:?}", clock.reopened);
    // Handed in otherwise: settled.
    world.add(
        "2026-11-23T11:00:00Z",
        receipt(second, "2026-11-23T10:30:00Z"),
    );
    assert!(!world.due(second, now).is_open());
}

#[test]
fn what_was_filed_elsewhere_is_recorded_and_taken_back_with_a_reason() {
    let mut world = german();
    let second = "de.bsig.32.notification";
    let now = "2026-11-22T08:00:00Z";
    let unknown = Event::ClockReceipt {
        clock: ClockId::of(&["rule", second]),
        reference: "x".into(),
        at: at("2026-11-21T08:00:00Z"),
        evidence: vec![EvidenceId::fresh()],
    };
    let refused = world.may("2026-11-21T08:00:00Z", unknown).unwrap_err();
    assert!(refused.to_string().contains("not kept"), "{refused}");
    let none = world.may("2026-11-21T08:00:00Z", taken_back(second, "x"));
    assert!(none.unwrap_err().to_string().contains("nobody recorded"));
    world.add(
        "2026-11-21T09:00:00Z",
        receipt(second, "2026-11-21T08:00:00Z"),
    );
    propose(&mut world, "2026-11-21T09:00:01Z", &organisation(&["de"]));
    let met = world.due(second, now).met.unwrap();
    assert_eq!(
        met.words,
        "met by a filing outside of Cordon (by telephone) at 2026-11-21T08:00:00Z (on time)"
    );
    // A person counts the last stage from it, and then it never happened.
    let last = "de.bsig.32.final";
    world.add(
        "2026-11-21T10:00:00Z",
        Event::ClockChosen {
            clock: ClockId::of(&["rule", last]),
            start: at("2026-11-21T08:00:00Z"),
            reason: "counsel".into(),
            facts: Vec::new(),
        },
    );
    let empty = world.may("2026-11-21T11:00:00Z", taken_back(second, " "));
    assert!(empty.unwrap_err().to_string().contains("reason"));
    world.add("2026-11-21T11:00:00Z", taken_back(second, "another case"));
    let clock = world.due(second, now);
    assert_eq!((clock.state, clock.met.is_none()), ("running", true));
    assert_eq!(clock.taken_back[0].reason, "another case");
    // What was counted from it stays in sight, and says why it is not due.
    let clock = world.due(last, now);
    assert_eq!((clock.state, clock.chosen.is_none()), ("ruled_out", true));
    assert!(clock.ruled_out.unwrap().contains("another case"));
    assert!(
        clock
            .reopened
            .iter()
            .any(|why| why.contains("chose because"))
    );
    let again = world.may("2026-11-21T12:00:00Z", taken_back(second, "twice"));
    again.unwrap_err();
}

#[test]
fn two_clocks_of_one_filing_are_met_by_it_and_the_earlier_governs() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    for (what, when) in [
        (Trigger::AwareReasonableCertainty, "2026-11-20T07:00:00Z"),
        (Trigger::ClassifiedMajor, "2026-11-20T09:00:00Z"),
    ] {
        let (_, recorded) = instant(what, when);
        world.add("2026-11-20T09:30:00Z", recorded);
    }
    let eu = organisation(&["eu"]);
    propose(&mut world, "2026-11-20T09:30:01Z", &eu);
    let (initial, outer) = ("eu.dora.19.initial", "eu.dora.19.initial_outer");
    let now = "2026-11-20T10:00:00Z";
    let governs = world.due(outer, now).duty.unwrap().governed_by.unwrap();
    assert!(
        governs.contains(initial) && governs.contains("2026-11-20T13:00:00Z"),
        "{governs}"
    );
    assert!(world.due(initial, now).duty.unwrap().governed_by.is_none());
    // The notice names one filing; whichever of the two clocks it was drafted for, both are met.
    for stages in [
        &[("eu.dora.19", 1)][..],
        &[("eu.dora.19", 1), ("eu.dora.19", 2)],
    ] {
        let mut world = world.clone();
        let notice = approved(&mut world, "2026-11-20T10:00:00Z", "dora-initial", stages);
        sent(&mut world, &notice, "dora-initial", "2026-11-20T12:00:00Z");
        propose(&mut world, "2026-11-20T12:00:01Z", &eu);
        for rule in [initial, outer] {
            assert_eq!(world.due(rule, now).state, "met", "{rule}");
        }
        let next = world.due("eu.dora.19.intermediate", now);
        assert_eq!(utc(next.due), "2026-11-23T12:00:00Z");
    }
    // The same by hand, at the outer clock.
    world.add(
        "2026-11-20T11:00:00Z",
        receipt(outer, "2026-11-20T10:30:00Z"),
    );
    propose(&mut world, "2026-11-20T11:00:01Z", &eu);
    assert_eq!(world.due(initial, now).state, "receipted");
    let next = world.due("eu.dora.19.intermediate", now);
    assert_eq!(
        (utc(next.start), next.candidates.len()),
        ("2026-11-20T10:30:00Z".into(), 1)
    );
}

#[test]
fn a_filing_of_an_older_log_is_read_and_meets_nothing_by_itself() {
    let old = r#"{"kind":"clock.receipt","body":{"clock":"ID","reference":"R","at":"2026-11-20T08:00:00Z"}}"#;
    let old = old.replace("ID", ClockId::of(&["rule", "x.y"]).as_str());
    let read: Event = serde_json::from_str(&old).unwrap();
    assert!(matches!(&read, Event::ClockReceipt { evidence, .. } if evidence.is_empty()));
    assert_eq!(serde_json::to_string(&read).unwrap(), old);
    let mut world = german();
    let notice = approved(&mut world, "2026-11-20T09:00:00Z", "nis2-de-early", &[]);
    sent(&mut world, &notice, "nis2-de-early", "2026-11-20T09:05:00Z");
    let now = "2026-11-20T10:00:00Z";
    assert_eq!(world.due("de.bsig.32.early_warning", now).state, "running");
    // What a notice cannot answer is refused whoever writes the log.
    let twice = [("de.bsig.32", 1), ("de.bsig.32", 1)];
    for serves in [&[("", 1)][..], &[("de.bsig.32", 0)], &twice] {
        let when = "2026-11-20T09:10:00Z";
        let evidence = world.evidence(when);
        let draft = drafted(&NoticeId::fresh(), evidence, "x", serves);
        let refused = world.may(when, draft).unwrap_err().to_string();
        assert!(refused.contains("answers"), "{serves:?}: {refused}");
    }
}

#[test]
fn every_notice_answers_a_stage_that_the_catalogue_has() {
    let mut answered = std::collections::BTreeSet::new();
    for template in notice::names() {
        let about = notice::about(&template).unwrap();
        for (id, stages) in about.answers() {
            let one = catalogue().get(id).unwrap();
            for stage in stages {
                let known = one.stages.iter().any(|known| known.n == *stage);
                assert!(known, "{template}: {id} has no stage {stage}");
                answered.insert((id.to_owned(), *stage));
            }
        }
    }
    for (id, stages) in [
        ("eu.dora.19", 4),
        ("eu.cra.14", 4),
        ("de.bsig.32", 4),
        ("eu.nis2.23", 4),
        ("pt.dl125_2025", 4),
    ] {
        for stage in 1..=stages {
            assert!(answered.contains(&(id.to_owned(), stage)), "{id} {stage}");
        }
    }
}

/// How an approved notice is let out: by mail and by hand.
fn ways(notice: &NoticeId, template: &str, when: &str, apart: bool) -> [Event; 2] {
    let by_hand = match handed_in(notice, template, when) {
        Event::NoticeDispatched {
            notice,
            binds,
            how,
            to,
            at,
            ..
        } => Event::NoticeDispatched {
            notice,
            binds,
            how,
            to,
            at,
            apart,
        },
        other => other,
    };
    let by_mail = Event::NoticeSending {
        notice: notice.clone(),
        text: Digest::of(template.as_bytes()),
        to: vec!["desk@authority.example".into()],
        message_id: "<1@company.example>".into(),
        mail: None,
        sealed: None,
        apart,
    };
    [by_mail, by_hand]
}

#[test]
fn who_approved_does_not_let_it_out_where_that_is_asked_and_a_program_never_does() {
    let template = "de-bsi-72h";
    let now = "2026-11-20T10:00:00Z";
    for way in 0..2 {
        let mut world = german();
        let notice = approved(&mut world, "2026-11-20T09:00:00Z", template, &[]);
        let event = |apart| ways(&notice, template, now, apart)[way].clone();
        for (by, apart, why) in [
            (Actor::Person("Bo".into()), true, "who approved it"),
            (Actor::Operator("bo".into()), true, "not known by name"),
            (Actor::Intake("hr".into()), false, "only people"),
            (Actor::Engine, false, "only people"),
        ] {
            let refused = world.may_by(by, now, event(apart)).unwrap_err();
            assert!(refused.to_string().contains(why), "{way}: {refused}");
        }
        world
            .may_by(Actor::Person("Cy".into()), now, event(true))
            .unwrap();
    }
}

#[test]
fn an_approval_that_ran_out_lets_nothing_out() {
    let template = "de-bsi-72h";
    let late = "2099-01-01T00:00:00Z";
    for way in 0..2 {
        let mut world = german();
        let notice = approved(&mut world, "2026-11-20T09:00:00Z", template, &[]);
        let event = ways(&notice, template, late, false)[way].clone();
        let refused = world.may(late, event).unwrap_err();
        assert!(refused.to_string().contains("not approved"), "{refused}");
    }
}

/// What a stage of a German incident says after these notices left.
fn after(world: &World, rule: &str) -> &'static str {
    world.due(rule, "2026-12-20T08:00:00Z").state
}

#[test]
fn a_progress_report_leaves_the_final_report_open() {
    let mut world = german();
    let (_, ended) = instant(Trigger::EndOfImpact, "2026-12-10T07:00:00Z");
    let second = "de.bsig.32.notification";
    world.add(
        "2026-11-20T09:00:00Z",
        receipt(second, "2026-11-20T09:00:00Z"),
    );
    propose(&mut world, "2026-11-20T09:00:01Z", &organisation(&["de"]));
    let (third, last) = ("de.bsig.32.final", "de.bsig.32.final_after_progress");
    let leave = |world: &mut World, template: &str, serves: &[(&str, u8)], when: &str| {
        let notice = approved(world, when, template, serves);
        sent(world, &notice, template, when);
    };
    let answers = |template: &str| -> Vec<u8> {
        let about = notice::about(template).unwrap();
        let own = about.answers().find(|(id, _)| *id == "de.bsig.32");
        own.unwrap().1.to_vec()
    };
    assert_eq!(answers("nis2-de-progress"), [3]);
    assert_eq!(answers("nis2-de-final"), [3, 4]);
    let mut once = world.clone();
    let progress = [("de.bsig.32", 3)];
    let when = "2026-12-08T08:00:00Z";
    leave(&mut world, "nis2-de-progress", &progress, when);
    world.add("2026-12-10T08:00:00Z", ended.clone());
    propose(&mut world, "2026-12-10T08:00:01Z", &organisation(&["de"]));
    assert_eq!(
        (after(&world, third), after(&world, last)),
        ("met", "running")
    );
    let clock = world.due(last, "2026-12-20T08:00:00Z");
    assert_eq!(
        utc(clock.due),
        "2027-01-08T22:59:59Z",
        "a Sunday: the Friday before"
    );
    assert!(!clock.duty.unwrap().verified);
    let both = [("de.bsig.32", 3), ("de.bsig.32", 4)];
    leave(&mut world, "nis2-de-final", &both, "2026-12-15T08:00:00Z");
    assert_eq!((after(&world, third), after(&world, last)), ("met", "met"));
    // Without a progress report the final one meets both.
    leave(&mut once, "nis2-de-final", &both, when);
    once.add("2026-12-10T08:00:00Z", ended);
    propose(&mut once, "2026-12-10T08:00:01Z", &organisation(&["de"]));
    assert_eq!((after(&once, third), after(&once, last)), ("met", "met"));
}

#[test]
fn a_report_of_every_year_is_due_again_and_a_late_one_skips_no_year() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let (_, blocked) = instant(Trigger::PropertyBlocked, "2026-11-20T07:00:00Z");
    world.add("2026-11-20T08:00:00Z", blocked);
    propose(&mut world, "2026-11-20T08:00:01Z", &organisation(&["us"]));
    let rule = "us.ofac.blocked_initial.annual";
    let due = |world: &World, now: &str| {
        let clock = world.due(rule, now);
        let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
        (clock.due.to_zoned(zone).date().to_string(), clock.state)
    };
    let expected = |day: &str, state: &'static str| (day.to_owned(), state);
    let filed = |world: &mut World, when: &str| world.add(when, receipt(rule, when));
    let now = "2027-10-05T08:00:00Z";
    assert_eq!(due(&world, now), expected("2027-09-30", "overdue"));
    // Before the day whose state is reported nothing can have met it.
    filed(&mut world, "2027-05-01T12:00:00Z");
    assert_eq!(due(&world, now), expected("2027-09-30", "overdue"));
    filed(&mut world, "2027-09-15T12:00:00Z");
    assert_eq!(due(&world, now), expected("2028-09-30", "running"));
    // Half of the time is half of the time since then, not since the property became blocked.
    let half = cordon::app::due::of(&world.state).into_iter().find(|due| {
        let yearly = ClockId::of(&["rule", rule]);
        matches!(&due.what, What::Clock { id, percent: 50, .. } if *id == yearly)
    });
    let half = half.unwrap().at;
    assert!(half > at("2028-03-01T00:00:00Z") && half < at("2028-05-01T00:00:00Z"));
    // A second one in the same year changes nothing.
    filed(&mut world, "2027-09-20T12:00:00Z");
    assert_eq!(due(&world, now), expected("2028-09-30", "running"));
    // That of 2028 is missed; what is handed in after the next day of state meets it, late, and not 2029.
    let later = "2029-08-01T08:00:00Z";
    assert_eq!(due(&world, later), expected("2028-09-30", "overdue"));
    filed(&mut world, "2029-07-15T12:00:00Z");
    assert_eq!(due(&world, later), expected("2029-09-30", "running"));
    filed(&mut world, "2029-09-01T12:00:00Z");
    assert_eq!(due(&world, later), expected("2030-09-30", "running"));
    let clock = world.due(rule, later);
    assert!(clock.is_open() && clock.met.is_none());
    assert_eq!(clock.filed_again.len(), 5, "every report is shown");
    // The last is taken back: its year is due again.
    world.add("2029-09-02T12:00:00Z", taken_back(rule, "another case"));
    assert_eq!(due(&world, later), expected("2029-09-30", "running"));
}
