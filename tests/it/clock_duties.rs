//! Duties as data: what the catalogue holds and refuses, and how a case goes through its stages.

use std::collections::BTreeSet;
use std::process::Command;

use cordon::canon::Digest;
use cordon::case::event::due::Trigger;
use cordon::case::event::{Answer, Delay, Event, Evidence, Instant, Source};
use cordon::clock::catalogue::review;
use cordon::clock::obligation::{Mode, Status};
use cordon::clock::{self, Catalogue, Organisation, ics};
use cordon::id::{ClockId, EvidenceId, InstantId};
use cordon::settings::Settings;
use cordon::time::utc;

use crate::clocks::{World, at};

pub(crate) fn catalogue() -> &'static Catalogue {
    Catalogue::shipped().unwrap()
}

pub(crate) fn organisation(places: &[&str]) -> Organisation {
    Organisation {
        jurisdictions: places.iter().map(|&place| place.to_owned()).collect(),
        ..Organisation::default()
    }
}

pub(crate) fn propose(world: &mut World, when: &str, organisation: &Organisation) {
    for start in clock::propose(&world.state, &[], catalogue(), organisation) {
        world.add(when, Event::ClockStarted(start));
    }
}

pub(crate) fn instant(what: Trigger, when: &str) -> (InstantId, Event) {
    let id = InstantId::fresh();
    let recorded = Event::InstantRecorded(Instant {
        id: id.clone(),
        what,
        at: at(when),
        zone: "Europe/Berlin".into(),
        note: "told by the administrator".into(),
        evidence: Vec::new(),
    });
    (id, recorded)
}

fn receipt(rule: &str, when: &str) -> Event {
    Event::ClockReceipt {
        clock: ClockId::of(&["rule", rule]),
        reference: "BSI-1".into(),
        at: at(when),
        evidence: Vec::new(),
    }
}

/// Every record of the overview, by its id.
const KNOWN: &[&str] = &[
    "us.fbi.ic3",
    "us.fbi.field_office",
    "us.cisa.voluntary",
    "us.circia.incident",
    "us.circia.ransom",
    "us.ofac.blocked_initial",
    "us.ofac.rejected",
    "us.ofac.vsd",
    "us.ofac.extortion_contact",
    "us.doj.nsd",
    "us.finCEN.sar",
    "us.itar.126_1",
    "us.ear.vsd",
    "us.doj.dsp",
    "us.state.rfj",
    "us.identity_victim",
    "us.sec.8k_105",
    "us.ny.dfs.500_17a",
    "us.ny.dfs.500_17c",
    "us.ftc.glba",
    "us.bank.36h",
    "us.hipaa.164",
    "us.ca.civ1798_82",
    "us.tx.bc521_053",
    "us.ny.gbl899aa",
    "us.dod.dfars7012",
    "eu.gdpr.33",
    "eu.gdpr.33_2",
    "eu.gdpr.33_told",
    "eu.gdpr.34",
    "eu.nis2.23",
    "de.bsig.32",
    "pt.dl125_2025",
    "eu.cra.14",
    "eu.dora.19",
    "eu.sanctions.2017_1509",
    "de.police.zac",
    "de.sanctions",
    "pt.pj.unc3t",
    "pt.sanctions",
    "uk.gdpr.33",
    "uk.gdpr.34",
    "uk.pecr.5a",
    "uk.nis",
    "uk.cyber_bill",
    "uk.ofsi.relevant_firm",
    "uk.ofsi.voluntary",
    "uk.nca.sar",
    "uk.reportfraud",
    "uk.ncsc",
    "au.rpr",
    "au.ndb",
    "au.soci",
    "ca.pipeda",
    "ca.un_measures",
    "sg.pdpa",
    "jp.appi",
    "kr.pipa",
    "priv.insurer",
    "priv.client",
    "priv.staffing",
    "priv.platform",
    "priv.payments",
    "priv.shipping",
    "priv.hold",
    "priv.preserve",
    "priv.takedown",
    "priv.demand",
    "priv.board",
    "priv.dpo",
    "priv.works_council",
    "priv.staff",
    "priv.references",
];

#[test]
fn every_known_duty_is_there_and_says_what_it_must() {
    let ids: BTreeSet<&str> = catalogue().all().map(|one| one.id.as_str()).collect();
    let missing: Vec<_> = KNOWN.iter().filter(|id| !ids.contains(**id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let today = "2026-11-21".parse().unwrap();
    let findings = review(catalogue(), today);
    for one in catalogue().all() {
        let says = |what: &str| {
            let mut findings = findings.iter();
            findings.any(|found| found.obligation == one.id && found.what == what)
        };
        for stage in &one.stages {
            assert!(
                one.mode != Mode::Mandatory || stage.due.is_some(),
                "{}",
                one.id
            );
        }
        let read = one.verified_on().is_some();
        if one.status == Status::InForce {
            assert_eq!(says("stale"), !read, "{}: a source or the mark", one.id);
        }
        assert!(
            read || one.stages.iter().all(|stage| !one.is_verified(stage)),
            "{}",
            one.id
        );
        // Two years later nothing is fresh.
        assert!(one.is_stale("2028-12-01".parse().unwrap()), "{}", one.id);
    }
}

#[test]
fn what_is_pending_makes_no_deadline() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    for what in Trigger::INSTANTS {
        let (_, recorded) = instant(what, "2026-11-20T07:00:00Z");
        world.add("2026-11-20T08:00:00Z", recorded);
    }
    let everywhere: Vec<&str> = catalogue().jurisdictions().into_iter().collect();
    propose(
        &mut world,
        "2026-11-20T08:00:01Z",
        &organisation(&everywhere),
    );
    let clocks = clock::list(&world.state, at("2026-11-20T09:00:00Z"));
    assert!(clocks.len() > 60, "{}", clocks.len());
    for pending in catalogue()
        .all()
        .filter(|one| one.status != Status::InForce)
    {
        assert!(pending.review_on.is_some());
        let mut clocks = clocks.iter().filter_map(|clock| clock.duty.as_ref());
        assert!(
            !clocks.any(|duty| duty.obligation == pending.id),
            "{}",
            pending.id
        );
    }
    assert!(catalogue().all().any(|one| one.status == Status::Pending));
}

#[test]
fn files_that_are_not_right_are_refused_with_file_record_and_problem() {
    let good = "schema = 1\n[[obligation]]\nid = \"xx.one\"\ntitle = \"One\"\njurisdiction = \"xx\"\nstatus = \"in_force\"\nmode = \"mandatory\"\ndecision_owner = \"legal\"\nrecipient = { name = \"A\", channel = \"mail\", ref = \"a@authority.example\" }\nsources = [{ at = \"Act 1\", verified_on = 2026-11-01, tier = \"primary\" }]\n[[obligation.stage]]\nn = 1\nname = \"one\"\ntitle = \"One\"\ntrigger = \"suspected\"\ndue = { unit = \"hour\", amount = 24 }\n";
    let of = |text: &str| Catalogue::of(&[], &[("xx.toml".to_owned(), text.to_owned())]);
    assert_eq!(of(good).unwrap().get("xx.one").unwrap().title, "One");
    for (from, to, said) in [
        ("mode = \"mandatory\"", "mode = \"perhaps\"", "perhaps"),
        (
            "title = \"One\"\njurisdiction",
            "titel = \"One\"\njurisdiction",
            "titel",
        ),
        ("unit = \"hour\"", "unit = \"fortnight\"", "fortnight"),
        (
            "trigger = \"suspected\"",
            "trigger = \"imagined\"",
            "imagined",
        ),
        ("due = { unit = \"hour\", amount = 24 }", "", "immediately"),
        (
            "unit = \"hour\", amount = 24",
            "unit = \"business_day\", amount = 2, calendar = \"moon\"",
            "moon",
        ),
        (
            "unit = \"hour\", amount = 24",
            "unit = \"calendar_day\", amount = 2",
            "zone",
        ),
        ("status = \"in_force\"", "status = \"pending\"", "review_on"),
        ("n = 1", "n = 2", "numbered"),
        ("schema = 1", "schema = 9", "schema = 1"),
        (
            "name = \"one\"",
            "name = \"one\"\nfields = [\"No Field\"]",
            "No Field",
        ),
        (
            "name = \"one\"",
            "name = \"one\"\napplies_if = [{ id = \"q\", not_if = \"no\", text = \"A?\" }, { id = \"q\", not_if = \"no\", text = \"B?\" }]",
            "id of its own",
        ),
        (
            "sources = [{ at = \"Act 1\", verified_on = 2026-11-01, tier = \"primary\" }]",
            "sources = []",
            "source",
        ),
        // What was read was read on some day.
        (", verified_on = 2026-11-01", "", "verified_on"),
        (
            "id = \"xx.one\"",
            "id = \"xx.one\"\nexcludes = [\"xx.two\"]",
            "xx.two",
        ),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        let fault = of(&text).unwrap_err();
        let told = format!("{fault} {:?}", fault.place());
        assert!(told.contains(said), "{from} → {to}: {told}");
        assert!(told.contains("xx"), "{told}");
    }
}

#[test]
fn a_folder_adds_a_jurisdiction_and_replaces_by_id_without_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("holidays")).unwrap();
    std::fs::write(
        folder.path().join("holidays/xx.toml"),
        "schema = 1\n[[calendar]]\nid = \"xx\"\ntitle = \"Working days of Xx\"\nzone = \"Asia/Dubai\"\nvalid_from = 2020\nvalid_to = 2040\nweekend = [\"friday\", \"saturday\"]\nsources = [\"Act 2\"]\n[[calendar.day]]\nname = \"A day\"\nfixed = \"11-22\"\n",
    )
    .unwrap();
    let stage = "[[obligation.stage]]\nn = 1\nname = \"report\"\ntitle = \"Report\"\ntrigger = \"suspected\"\ngiven_by = [\"case_opened\"]\n";
    let record = |id: &str, place: &str, due: &str| {
        format!(
            "[[obligation]]\nid = \"{id}\"\ntitle = \"Report\"\njurisdiction = \"{place}\"\nstatus = \"in_force\"\nmode = \"mandatory\"\ndecision_owner = \"legal\"\nrecipient = {{ name = \"A\", channel = \"mail\", ref = \"a@authority.example\" }}\nsources = [{{ at = \"Act\", verified_on = 2026-11-01, tier = \"primary\" }}]\n{stage}due = {due}\n"
        )
    };
    let text = format!(
        "schema = 1\n{}{}",
        record(
            "xx.report",
            "xx",
            "{ unit = \"business_day\", amount = 2, calendar = \"xx\" }"
        ),
        record("us.fbi.ic3", "us", "{ unit = \"hour\", amount = 5 }"),
    );
    std::fs::write(folder.path().join("xx.toml"), text).unwrap();
    let config = folder.path().join("cordon.toml.d");
    let settings = format!(
        "[organisation]\njurisdictions = [\"xx\"]\ncatalogue = {:?}\n",
        folder.path().display().to_string()
    );
    let settings = Settings::parse(&settings, &config).unwrap();
    let catalogue = settings.catalogue().unwrap();
    let world = World::opened("2026-11-19T08:00:00Z"); // a Thursday
    let starts = clock::propose(&world.state, &[], &catalogue, &settings.organisation);
    let rules: Vec<&str> = starts.iter().map(|start| start.rule.as_str()).collect();
    assert_eq!(
        rules,
        ["xx.report"],
        "the replaced record lies elsewhere now"
    );
    let rule = starts[0].due.as_deref().unwrap();
    let due = clock::due::due(rule, at("2026-11-19T08:00:00Z"))
        .unwrap()
        .due;
    // Friday and Saturday are no working days, Sunday is a holiday: Monday and Tuesday.
    assert_eq!(utc(due), "2026-11-24T19:59:59Z");
    let wrong = Settings::parse("[organisation]\njurisdictions = [\"dee\"]\n", &config);
    assert!(format!("{:?}", wrong.unwrap_err().hints()).contains("`de`"));
    let wrong = "[organisation.answers]\nus_persn = \"yes\"\n";
    let wrong = Settings::parse(wrong, &config).unwrap_err();
    assert!(format!("{:?}", wrong.hints()).contains("us_person"));
}

#[test]
fn stages_follow_each_other_by_receipt() {
    let mut world = World::opened("2027-01-28T08:00:00Z");
    let german = organisation(&["de"]);
    let (_, aware) = instant(Trigger::AwareReasonableCertainty, "2027-01-28T07:00:00Z");
    world.add("2027-01-28T08:00:00Z", aware);
    propose(&mut world, "2027-01-28T08:00:01Z", &german);
    let now = "2027-01-28T09:00:00Z";
    assert_eq!(
        world.due("de.bsig.32.early_warning", now).due,
        at("2027-01-29T07:00:00Z")
    );
    assert_eq!(
        world.due("de.bsig.32.notification", now).due,
        at("2027-01-31T07:00:00Z")
    );
    assert!(
        !clock::list(&world.state, at(now))
            .iter()
            .any(|clock| clock.rule == "de.bsig.32.final")
    );
    world.add(
        "2027-01-31T06:00:00Z",
        receipt("de.bsig.32.notification", "2027-01-31T05:30:00Z"),
    );
    propose(&mut world, "2027-01-31T06:00:01Z", &german);
    let last = world.due("de.bsig.32.final", "2027-01-31T07:00:00Z");
    assert_eq!(last.start, at("2027-01-31T05:30:00Z"));
    assert_eq!(
        utc(last.due),
        "2027-02-26T22:59:59Z",
        "a Sunday: the Friday before"
    );
    let readings = &last.duty.unwrap().readings;
    assert!(readings[0].contains("2027-03-01T22:59:59Z"), "{readings:?}");
}

#[test]
fn what_is_learnt_later_reopens_what_rested_on_it() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let eu = organisation(&["eu"]);
    let (first, aware) = instant(Trigger::AwareReasonableCertainty, "2026-11-20T07:00:00Z");
    world.add("2026-11-20T08:00:00Z", aware);
    propose(&mut world, "2026-11-20T08:00:01Z", &eu);
    let now = "2026-11-20T12:00:00Z";
    let gdpr = world.due("eu.gdpr.33", now);
    assert!(gdpr.reopened.is_empty() && gdpr.doubts.iter().any(|why| why.contains("risk")));
    world.add(
        "2026-11-20T09:00:00Z",
        receipt("eu.gdpr.33", "2026-11-20T08:59:00Z"),
    );
    assert_eq!(world.due("eu.gdpr.33", now).state, "receipted");
    // An earlier instant: the receipt rests on another start.
    let (earlier, recorded) = instant(Trigger::AwareReasonableCertainty, "2026-11-19T07:00:00Z");
    world.add("2026-11-20T10:00:00Z", recorded);
    let gdpr = world.due("eu.gdpr.33", now);
    assert_eq!(
        (gdpr.state, gdpr.start),
        ("reopened", at("2026-11-19T07:00:00Z"))
    );
    assert!(
        gdpr.reopened[0].contains("2026-11-19T07:00:00Z"),
        "{:?}",
        gdpr.reopened
    );
    assert!(gdpr.is_open());
    // It is taken back: nothing is overwritten, the later start counts again, and it stays open.
    let withdrawn = Event::InstantWithdrawn {
        instant: earlier.clone(),
        reason: "another case".into(),
    };
    world.add("2026-11-20T10:05:00Z", withdrawn.clone());
    let gdpr = world.due("eu.gdpr.33", now);
    assert_eq!(
        (gdpr.start, gdpr.reopened.len()),
        (at("2026-11-20T07:00:00Z"), 2)
    );
    assert_eq!(world.state.instants.len(), 2);
    world.add(
        "2026-11-20T10:10:00Z",
        receipt("eu.gdpr.33", "2026-11-20T10:09:00Z"),
    );
    assert_eq!(world.due("eu.gdpr.33", now).state, "receipted");
    // The only start that is left is taken back: the clock stays in sight, and says why.
    world.add(
        "2026-11-20T10:20:00Z",
        Event::InstantWithdrawn {
            instant: first,
            reason: "it was a test".into(),
        },
    );
    let gdpr = world.due("eu.gdpr.33", now);
    assert_eq!(gdpr.state, "ruled_out");
    assert!(gdpr.ruled_out.unwrap().contains("another case"));
}

#[test]
fn an_answer_rules_a_duty_out_and_another_brings_it_back() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    world.demand(
        "2026-11-20T09:00:00Z",
        "2026-11-20T09:00:10Z",
        "2026-11-23T09:00:00Z",
    );
    propose(&mut world, "2026-11-20T09:01:00Z", &Organisation::default());
    let answer = |answer| Event::ObligationAnswered {
        obligation: "eu.gdpr.33".into(),
        question: "eu_personal_data".into(),
        answer,
        reason: "the scope query".into(),
        facts: Vec::new(),
    };
    let now = "2026-11-20T12:00:00Z";
    world.add("2026-11-20T10:00:00Z", answer(Answer::No));
    let gdpr = world.due("eu.gdpr.33", now);
    assert_eq!(gdpr.state, "ruled_out");
    assert!(gdpr.ruled_out.unwrap().contains("the scope query"));
    world.add("2026-11-20T11:00:00Z", answer(Answer::Unknown));
    let gdpr = world.due("eu.gdpr.33", now);
    assert_eq!(gdpr.state, "running");
    assert!(gdpr.doubts.iter().any(|why| why.contains("European Union")));
    // What the configuration knows in advance starts nothing.
    let mut known = Organisation::default();
    known
        .answers
        .insert("nydfs_covered_entity".into(), Answer::No);
    let starts = clock::propose(&world.state, &[], catalogue(), &known);
    assert!(!starts.iter().any(|start| start.rule.starts_with("us.ny")));
}

#[test]
fn a_question_of_a_stage_rules_out_that_stage_alone() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let (_, discovered) = instant(Trigger::BreachDiscovered, "2026-11-20T07:00:00Z");
    world.add("2026-11-20T08:00:00Z", discovered);
    let mut us = organisation(&["us"]);
    let before = world.clone();
    propose(&mut world, "2026-11-20T08:00:01Z", &us);
    let (media, letters) = ("us.hipaa.164.media", "us.hipaa.164.individuals");
    let now = "2026-11-20T12:00:00Z";
    let asks = |rule: &str| {
        let questions = world.due(rule, now).duty.unwrap().questions;
        let mut ids = questions.iter().map(|asked| asked.question.id.as_str());
        (ids.any(|id| id == "hipaa_media"), questions.len())
    };
    assert_eq!((asks(media), asks(letters)), ((true, 3), (false, 2)));
    let clock = world.due(media, now);
    assert_eq!(clock.due, world.due(letters, now).due);
    assert!(!clock.duty.unwrap().verified);
    assert!(clock.doubts.iter().any(|why| why.contains("500 residents")));
    world.add(
        "2026-11-20T09:00:00Z",
        Event::ObligationAnswered {
            obligation: "us.hipaa.164".into(),
            question: "hipaa_media".into(),
            answer: Answer::No,
            reason: "the scope query".into(),
            facts: vec!["data.residents".into()],
        },
    );
    assert_eq!(world.due(media, now).state, "ruled_out");
    assert_eq!(world.due(letters, now).state, "running");
    // What the configuration knows in advance starts the others.
    us.answers.insert("hipaa_media".into(), Answer::No);
    let starts = clock::propose(&before.state, &[], catalogue(), &us);
    let rules: Vec<&str> = starts.iter().map(|start| start.rule.as_str()).collect();
    assert!(
        rules.contains(&letters) && !rules.contains(&media),
        "{rules:?}"
    );
    assert!(catalogue().questions().contains_key("hipaa_media"));
}

#[test]
fn a_demand_after_an_instant_states_the_clock_anew() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let (_, aware) = instant(Trigger::AwareReasonableCertainty, "2026-11-20T07:00:00Z");
    world.add("2026-11-20T08:00:00Z", aware);
    propose(&mut world, "2026-11-20T08:00:01Z", &Organisation::default());
    world.demand(
        "2026-11-20T09:00:00Z",
        "2026-11-20T09:00:10Z",
        "2026-11-23T09:00:00Z",
    );
    propose(&mut world, "2026-11-20T09:01:00Z", &Organisation::default());
    let gdpr = world.due("eu.gdpr.33", "2026-11-20T12:00:00Z");
    assert_eq!(
        (gdpr.start, gdpr.candidates.len()),
        (at("2026-11-20T07:00:00Z"), 3)
    );
    let again = clock::propose(&world.state, &[], catalogue(), &Organisation::default());
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn a_delay_counts_only_where_the_duty_allows_one_and_is_told() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    for what in [Trigger::BreachDiscovered, Trigger::AwareReasonableCertainty] {
        let (_, recorded) = instant(what, "2026-11-20T07:00:00Z");
        world.add("2026-11-20T08:00:00Z", recorded);
    }
    propose(
        &mut world,
        "2026-11-20T08:00:01Z",
        &organisation(&["eu", "us-ca"]),
    );
    let now = "2026-11-21T08:00:00Z";
    let california = "us.ca.civ1798_82.residents";
    let (before, gdpr) = (
        world.due(california, now).due,
        world.due("eu.gdpr.33", now).due,
    );
    let evidence = EvidenceId::fresh();
    world.add(
        "2026-11-20T09:00:00Z",
        Event::EvidenceKept(Evidence {
            privileged: false,
            id: evidence.clone(),
            sha256: Digest::of(b"letter"),
            bytes: 6,
            media_type: "application/pdf".into(),
            source: Source::File {
                name: "letter.pdf".into(),
            },
            at: at("2026-11-20T09:00:00Z"),
            tool: "cordon".into(),
            title: "Letter".into(),
        }),
    );
    world.add(
        "2026-11-20T09:01:00Z",
        Event::DelayRecorded(Delay {
            authority: "FBI field office".into(),
            scope: vec!["us.ca.civ1798_82".into(), "eu.gdpr.33".into()],
            from: at("2026-11-20T00:00:00Z"),
            until: at("2027-01-15T00:00:00Z"),
            evidence: evidence.clone(),
        }),
    );
    let delayed = world.due(california, now);
    assert_eq!(delayed.due, at("2027-01-15T00:00:00Z"));
    let told = &delayed.duty.unwrap().delays;
    assert!(
        told[0].contains(&utc(before)) && told[0].contains(evidence.as_str()),
        "{told:?}"
    );
    let untouched = world.due("eu.gdpr.33", now);
    assert_eq!(untouched.due, gdpr);
    assert!(untouched.duty.unwrap().delays[0].contains("allows no delay"));
}

#[test]
fn what_became_law_after_the_case_was_opened_is_not_watched() {
    for (opened, watched) in [
        ("2025-12-05T08:00:00Z", false),
        ("2025-12-06T08:00:00Z", true),
    ] {
        let mut world = World::opened(opened);
        world.demand(opened, opened, "2026-12-20T09:00:00Z");
        propose(&mut world, opened, &Organisation::default());
        let clocks = clock::list(&world.state, at(opened));
        let german = clocks.iter().any(|clock| clock.rule.starts_with("de.bsig"));
        assert_eq!(german, watched, "{opened}");
    }
}

#[test]
fn a_clock_of_an_older_log_goes_on_and_is_not_doubled() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let old = r#"{"id":"ID","rule":"us.fbi.ic3.target","title":"Complaint","basis":"none","seconds":86400,"candidates":[{"at":"2026-11-20T08:00:00Z","how":"the case was opened"}],"doubts":[],"evidence":[]}"#;
    let id = ClockId::of(&["rule", "us.fbi.ic3.target"]);
    let old = old.replace("ID", id.as_str());
    world.add(
        "2026-11-20T08:00:00Z",
        Event::ClockStarted(serde_json::from_str(&old).unwrap()),
    );
    propose(&mut world, "2026-11-20T08:01:00Z", &Organisation::default());
    let clocks = clock::list(&world.state, at("2026-11-20T09:00:00Z"));
    assert_eq!(clocks.len(), 1, "{clocks:?}");
    assert_eq!(
        (clocks[0].due, clocks[0].duty.is_none()),
        (at("2026-11-21T08:00:00Z"), true)
    );
}

#[test]
fn a_clock_is_computed_from_what_the_log_keeps() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let (_, blocked) = instant(Trigger::PropertyBlocked, "2026-11-20T07:00:00Z");
    world.add("2026-11-20T08:00:00Z", blocked);
    propose(&mut world, "2026-11-20T08:00:01Z", &Organisation::default());
    let record = &world.state.clocks[&ClockId::of(&["rule", "us.ofac.blocked_initial.initial"])];
    // Through the form of the log and back.
    let line = serde_json::to_string(&record.start).unwrap();
    let read: cordon::case::event::ClockStart = serde_json::from_str(&line).unwrap();
    assert_eq!(read, record.start);
    let rule = read.due.unwrap();
    assert_eq!(rule.catalogue, catalogue().digest);
    let due = clock::due::due(&rule, at("2026-11-20T17:00:00Z"))
        .unwrap()
        .due;
    assert_eq!(
        utc(due),
        "2026-12-08T04:59:59Z",
        "Thanksgiving lies between"
    );
}

#[test]
fn the_calendar_of_deadlines_is_read_by_another_program_and_tells_nothing() {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    world.demand(
        "2026-11-20T09:00:00Z",
        "2026-11-20T09:00:10Z",
        "2026-11-23T09:00:00Z",
    );
    propose(&mut world, "2026-11-20T09:01:00Z", &Organisation::default());
    let now = at("2026-11-20T10:00:00Z");
    let clocks = clock::list(&world.state, now);
    let case = world.state.case.clone().unwrap();
    let text = ics::calendar(&case, &clocks, now);
    assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    for word in ["72 hours", "demand", "data", "breach", "Complaint"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let program = "import sys, json\nfrom icalendar import Calendar\nc = Calendar.from_ical(sys.stdin.buffer.read())\nprint(json.dumps([[str(e['SUMMARY']), e['DTSTART'].dt.isoformat(), str(e['DTSTART'].dt.tzinfo), len([a for a in e.walk('VALARM')])] for e in c.walk('VEVENT')]))";
    let Some(read) = python(program, &text) else {
        return;
    };
    let read: Vec<(String, String, String, usize)> = serde_json::from_slice(&read).unwrap();
    let expected: BTreeSet<String> = clocks.iter().map(|one| utc(one.due)).collect();
    let theirs: BTreeSet<String> = read
        .iter()
        .map(|one| one.1.replace("+00:00", "Z"))
        .collect();
    assert_eq!(read.len(), clocks.len());
    assert_eq!(theirs, expected);
    assert!(
        read.iter()
            .all(|one| one.0.starts_with(case.as_str()) && one.2 == "UTC"),
        "{read:?}"
    );
    assert!(read.iter().any(|one| one.3 == 2));
}

/// The output of a Python program that needs `icalendar`; nothing where that is not installed.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that cannot run says so, and must run where everything is installed"
)]
fn python(program: &str, input: &str) -> Option<Vec<u8>> {
    use std::io::Write as _;
    let mut command = Command::new("python3");
    let has = command.args(["-c", "import icalendar"]).output();
    if !has.is_ok_and(|done| done.status.success()) {
        assert!(
            std::env::var_os("CORDON_SHARED").is_none(),
            "pip install icalendar"
        );
        eprintln!("skipped: pip install icalendar");
        return None;
    }
    let mut child = Command::new("python3")
        .args(["-c", program])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    Some(done.stdout)
}
