//! What the catalogue says today: the table of its command, known vectors counted through its own
//! records, and what it must say so that a person can act on it.

use std::collections::BTreeSet;

use cordon::clock::due::due;
use cordon::clock::obligation::{Obligation, Stage, Status};
use cordon::notice::{self, dictionary};
use cordon::time::{Timestamp, utc};
use jiff::tz::TimeZone;

use crate::clock_duties::catalogue;
use crate::program::Program;

/// What stages ask for in words that are no fact: this list may only shrink.
const NO_FACT: &str = include_str!("../clock/fields.txt");

/// A stage, noon where the authority lies, and the day of that place on which it ends.
const DAYS: &str = "
us.ofac.blocked_initial 1 2026-11-04T12:00:00-05:00 2026-11-19
us.ofac.blocked_initial 1 2026-11-20T12:00:00-05:00 2026-12-07
us.ofac.blocked_initial 2 2026-11-20T12:00:00-05:00 2027-09-30
us.ofac.blocked_initial 3 2026-12-18T12:00:00-05:00 2027-01-05
us.ofac.rejected 1 2026-11-21T12:00:00-05:00 2026-12-07
us.sec.8k_105 1 2026-11-20T12:00:00-05:00 2026-11-27
us.sec.8k_105 1 2026-11-21T12:00:00-05:00 2026-11-27
us.sec.8k_105 2 2026-07-02T12:00:00-04:00 2026-07-09
us.finCEN.sar 1 2026-11-21T12:00:00-05:00 2026-12-21
us.finCEN.sar 2 2026-12-21T12:00:00-05:00 2027-04-20
us.ftc.glba 1 2026-11-21T12:00:00-05:00 2026-12-21
us.tx.bc521_053 1 2026-11-21T12:00:00-06:00 2027-01-20
us.tx.bc521_053 2 2026-11-21T12:00:00-06:00 2026-12-21
us.ca.civ1798_82 1 2026-11-21T12:00:00-08:00 2026-12-21
us.ca.civ1798_82 2 2026-12-21T12:00:00-08:00 2027-01-05
us.ny.gbl899aa 1 2026-11-21T12:00:00-05:00 2026-12-21
us.ny.dfs.500_17c 2 2026-11-21T12:00:00-05:00 2026-12-21
us.hipaa.164 1 2026-11-21T12:00:00-05:00 2027-01-20
us.hipaa.164 2 2026-05-05T12:00:00-04:00 2027-03-01
us.hipaa.164 3 2026-11-21T12:00:00-05:00 2027-01-20
us.hipaa.164 5 2026-11-21T12:00:00-05:00 2027-01-20
us.dod.dfars7012 2 2026-11-20T12:00:00-05:00 2027-02-18
# 2026-12-01, 12-08, 12-25 and 2027-01-01 are holidays in Portugal.
pt.dl125_2025 4 2026-11-20T12:00:00+00:00 2027-01-07
# A Sunday: the working day before counts.
de.bsig.32 3 2027-01-31T10:00:00+01:00 2027-02-26
de.bsig.32 4 2027-01-31T10:00:00+01:00 2027-02-26
eu.nis2.23 4 2027-01-31T10:00:00+01:00 2027-02-26
eu.cra.14 3 2026-11-20T10:00:00+01:00 2026-12-04
";

fn record(id: &str) -> &'static Obligation {
    catalogue().get(id).unwrap()
}

fn stage(id: &str, n: u8) -> &'static Stage {
    let mut stages = record(id).stages.iter();
    stages.find(|stage| stage.n == n).unwrap()
}

/// When a stage is due, counted as the catalogue has it.
fn ends(id: &str, n: u8, start: &str) -> (Timestamp, TimeZone) {
    let start: Timestamp = start.parse().unwrap();
    let day = start.to_zoned(TimeZone::UTC).date();
    let rule = catalogue().rule(record(id), stage(id, n), day, None);
    let rule = rule.unwrap_or_else(|| panic!("{id} {n} has no time"));
    let end = due(&rule, start).unwrap().due;
    (end, TimeZone::get(&rule.zone).unwrap())
}

#[test]
fn the_catalogue_as_its_command_prints_it() {
    let folder = tempfile::tempdir().unwrap();
    let printed = Program::at(folder.path(), None).run(&["clock", "catalogue"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    // Whether a source is too old depends on the day.
    let text = printed.out.replace(", stale", "");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("clock_catalogue", text));
}

#[test]
fn known_days_are_counted_through_the_records_that_are_carried() {
    let rows = DAYS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut looked = 0;
    for row in rows {
        let words: Vec<&str> = row.split(' ').collect();
        let [id, n, start, expected] = words[..] else {
            panic!("{row}");
        };
        let (end, zone) = ends(id, n.parse().unwrap(), start);
        let end = end.to_zoned(zone).date().to_string();
        assert_eq!(end, expected, "{row}");
        looked += 1;
    }
    assert_eq!(looked, 27);
}

#[test]
fn known_hours_are_counted_through_the_records_that_are_carried() {
    for (id, n, hours) in [
        ("us.ny.dfs.500_17a", 1, 72),
        ("us.ny.dfs.500_17c", 1, 24),
        ("us.bank.36h", 1, 36),
        ("us.dod.dfars7012", 1, 72),
        ("eu.gdpr.33", 1, 72),
        ("eu.gdpr.33_told", 1, 72),
        ("eu.nis2.23", 1, 24),
        ("eu.nis2.23", 2, 72),
        ("eu.dora.19", 1, 4),
        ("eu.dora.19", 2, 24),
        ("eu.dora.19", 3, 72),
        ("eu.cra.14", 1, 24),
        ("eu.cra.14", 2, 72),
        ("de.bsig.32", 1, 24),
        ("de.bsig.32", 2, 72),
        ("pt.dl125_2025", 1, 24),
        ("pt.dl125_2025", 2, 72),
        ("pt.dl125_2025", 3, 24),
        ("uk.gdpr.33", 1, 72),
        ("uk.pecr.5a", 1, 72),
        ("au.rpr", 1, 72),
    ] {
        // The clocks of Europe go back in between: hours that elapse do not care.
        let (end, _) = ends(id, n, "2026-10-23T12:05:00Z");
        let start: Timestamp = "2026-10-23T12:05:00Z".parse().unwrap();
        let elapsed = end.duration_since(start).as_hours();
        assert_eq!(elapsed, hours, "{id} {n}");
        assert!(utc(end).ends_with(":05:00Z"), "{id} {n}");
    }
}

#[test]
fn what_is_law_and_since_when_is_what_was_read() {
    for (id, status) in [
        ("us.circia.incident", Status::Pending),
        ("us.circia.ransom", Status::Pending),
        ("uk.cyber_bill", Status::Pending),
        ("us.sec.8k_105", Status::InForce),
        ("uk.pecr.5a", Status::InForce),
        ("us.dod.dfars7012", Status::InForce),
    ] {
        assert_eq!(record(id).status, status, "{id}");
    }
    for (id, from) in [
        ("de.bsig.32", "2025-12-06"),
        ("us.ca.civ1798_82", "2026-01-01"),
        ("pt.dl125_2025", "2026-04-03"),
        ("eu.cra.14", "2026-09-11"),
    ] {
        let known = record(id).in_force_from.map(|from| from.to_string());
        assert_eq!(known.as_deref(), Some(from), "{id}");
    }
    let kept = |id: &str| record(id).retention.as_ref().and_then(|kept| kept.years);
    for one in catalogue()
        .all()
        .filter(|one| one.id.starts_with("us.ofac."))
    {
        assert_eq!(kept(&one.id), Some(10), "{}", one.id);
    }
    assert_eq!(kept("us.finCEN.sar"), Some(5));
    assert_eq!(kept("us.hipaa.164"), Some(6));
    let names = |id: &str| -> Vec<&str> {
        let stages = record(id).stages.iter();
        stages.map(|stage| stage.name.as_str()).collect()
    };
    let portugal = ["initial", "update", "end_of_impact", "final"];
    assert_eq!(names("pt.dl125_2025"), portugal);
    let germany = [
        "early_warning",
        "notification",
        "final",
        "final_after_progress",
    ];
    assert_eq!(names("de.bsig.32"), germany);
    assert_eq!(names("eu.nis2.23"), germany);
}

#[test]
fn what_took_the_place_of_what_is_where_a_report_goes() {
    use cordon::clock::obligation::Channel;
    // OFAC takes reports on blocked and rejected property through its system alone.
    for (id, name) in [
        ("us.ofac.blocked_initial", "ofac-blocked"),
        ("us.ofac.rejected", "ofac-rejected"),
    ] {
        let to = &record(id).recipient;
        assert_eq!(to.channel, Channel::Portal, "{id}");
        assert_eq!(to.reference, "OFAC Reporting System (ORS)", "{id}");
        let about = notice::about(name).unwrap();
        assert_eq!(about.channel, notice::Channel::Portal, "{name}");
        assert!(about.addressee.contains("(ORS)"), "{name}");
    }
    // Report Fraud took the place of Action Fraud.
    let to = &record("uk.reportfraud").recipient;
    assert_eq!(to.name, "Report Fraud");
    for said in [
        "www.reportfraud.police.uk",
        "0300 123 2040",
        "Scotland: 101",
    ] {
        assert!(to.reference.contains(said), "{said}: {}", to.reference);
    }
    let about = notice::about("report-fraud").unwrap();
    assert!(about.addressee.starts_with("Report Fraud,"), "{about:?}");
    for one in catalogue().all() {
        let to = format!("{} {}", one.recipient.name, one.recipient.reference);
        assert!(!to.contains("Action Fraud"), "{}", one.id);
        assert!(!to.contains("ofacreport@"), "{}", one.id);
    }
}

#[test]
fn in_the_united_kingdom_one_list_counts_and_funds_are_frozen_not_returned() {
    use cordon::case::event::due::Trigger;
    let about = notice::about("ofsi").unwrap();
    let warns = |words: &str| about.cautions.iter().any(|caution| caution.contains(words));
    assert!(warns(
        "UK Sanctions List is the only list since 28 January 2026"
    ));
    assert!(warns("never rejected and returned"));
    let freezes = "Do not reject and return funds of a designated person: freeze and report.";
    for id in ["uk.ofsi.relevant_firm", "uk.ofsi.voluntary"] {
        let mut pitfalls = record(id).pitfalls.iter();
        assert!(pitfalls.any(|pitfall| pitfall == freezes), "{id}");
    }
    for one in catalogue().all().filter(|one| one.id.starts_with("uk.")) {
        let mut stages = one.stages.iter();
        let rejected = |stage: &Stage| stage.trigger == Trigger::TransactionRejected;
        assert!(!stages.any(rejected), "{}", one.id);
    }
    let said = format!("{:?}", catalogue().all().collect::<Vec<_>>());
    assert!(!said.contains("Consolidated List"));
}

#[test]
fn what_the_digital_omnibus_would_change_is_watched_and_changes_nothing() {
    let pending = record("eu.gdpr.33_omnibus");
    assert_eq!(pending.status, Status::Pending);
    assert!(pending.legal_basis[0].contains("COM(2025) 837"));
    let (end, _) = ends("eu.gdpr.33", 1, "2026-10-23T12:05:00Z");
    assert_eq!(utc(end), "2026-10-26T12:05:00Z", "72 hours, not 96");
}

#[test]
fn information_on_sanctions_is_due_when_it_is_known_whether_or_not_anything_is_frozen() {
    use cordon::case::event::due::Trigger;
    for id in ["eu.sanctions.2017_1509", "de.sanctions", "pt.sanctions"] {
        assert_eq!(stage(id, 1).trigger, Trigger::Suspected, "{id}");
        let mut asked = record(id).applies_if.iter();
        assert!(asked.any(|one| one.id == "sanctions_information"), "{id}");
    }
}

#[test]
fn a_stage_asks_for_facts_that_exist_or_for_what_the_list_names() {
    let listed: BTreeSet<&str> = NO_FACT.lines().collect();
    let stages = catalogue().all().flat_map(|one| &one.stages);
    let fields = stages.flat_map(|stage| &stage.fields);
    let asked: BTreeSet<&str> = fields
        .map(String::as_str)
        .filter(|field| dictionary::known(field).is_none())
        .collect();
    let new: Vec<_> = asked.difference(&listed).collect();
    assert!(
        new.is_empty(),
        "no fact of `templates/notice/facts.toml`: {new:?}"
    );
    let gone: Vec<_> = listed.difference(&asked).collect();
    assert!(
        gone.is_empty(),
        "take these off tests/clock/fields.txt: {gone:?}"
    );
}

#[test]
fn the_limits_of_the_complaint_are_those_that_its_notice_holds() {
    let said = &stage("us.fbi.ic3", 1).limits;
    let held = notice::limits("ic3").unwrap();
    let mut pairs = 0;
    for (of_stage, section) in [
        ("narrative", "Description of the incident"),
        ("technical", "Technical details"),
        ("witnesses", "Other witnesses and other persons affected"),
        ("prior_reports", "Earlier reports to other agencies"),
    ] {
        let said = usize::try_from(said[of_stage]).unwrap();
        assert_eq!(held[section], said, "{of_stage}");
        pairs += 1;
    }
    assert_eq!(held.len(), pairs, "{held:?}");
    let entries = &notice::about("ic3").unwrap().entries;
    assert_eq!(entries[0].section, "Financial transactions");
    assert_eq!(
        entries[0].most,
        usize::try_from(said["transactions"]).unwrap()
    );
    assert_eq!(said.len(), pairs + entries.len());
    // No other stage names a limit that nothing holds.
    let stages = catalogue().all().flat_map(|one| &one.stages);
    assert_eq!(stages.filter(|stage| !stage.limits.is_empty()).count(), 1);
}
