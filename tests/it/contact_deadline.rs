//! Deadlines: the words and every instant that they may mean.

use cordon::contact::deadline::{Reference, find};
use jiff::tz::{Offset, TimeZone};

use super::contact::at;

/// Where and when a message is read.
struct Desk {
    sent: &'static str,
    offset: Option<i8>,
    zone: &'static str,
}

const NEWARK: Desk = Desk {
    sent: "2027-03-13T03:12:00Z",
    offset: Some(-5),
    zone: "America/New_York",
};
const BRISTOL: Desk = Desk {
    sent: "2027-02-08T12:30:00Z",
    offset: None,
    zone: "Europe/London",
};
const BERLIN: Desk = Desk {
    sent: "2027-05-06T06:18:00Z",
    offset: Some(2),
    zone: "Europe/Berlin",
};

impl Desk {
    fn find(&self, text: &str) -> Vec<(String, Vec<(String, String)>)> {
        let zones = [TimeZone::get(self.zone).unwrap()];
        let reference = Reference {
            sent: Some(at(self.sent)),
            offset: self.offset.map(|hours| Offset::from_hours(hours).unwrap()),
            received: at(self.sent),
            imported: None,
            zones: &zones,
        };
        find(text, &reference)
            .into_iter()
            .map(|one| {
                let readings = one
                    .readings
                    .into_iter()
                    .map(|read| (read.at.to_string(), read.how));
                (one.verbatim, readings.collect())
            })
            .collect()
    }

    /// The words and the instants of the only deadline of `text`.
    fn one(&self, text: &str) -> (String, Vec<String>) {
        let all = self.find(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        let (verbatim, readings) = all.into_iter().next().unwrap();
        (verbatim, readings.into_iter().map(|(at, _)| at).collect())
    }

    fn is(&self, text: &str, verbatim: &str, instants: &[&str]) {
        let (words, found) = self.one(text);
        assert_eq!(words, verbatim, "{text}");
        assert_eq!(found, instants, "{text}");
    }
}

#[test]
fn hours_elapse_and_the_wall_clock_jumps() {
    // Daylight time starts on Sunday 2027-03-14 02:00 in New York.
    NEWARK.is(
        "You have 72 hours from this message.",
        "You have 72 hours from this message",
        &["2027-03-16T02:12:00Z", "2027-03-16T03:12:00Z"],
    );
    let all = NEWARK.find("You have 72 hours.");
    let ways = &all[0].1;
    assert!(
        ways[0].1.contains("wall clock in America/New_York") && ways[0].1.contains("22:12 EDT"),
        "{ways:?}"
    );
    assert_eq!(ways[1].1, "72 hours elapsed after it was sent");
    // No change of clocks: one reading.
    BERLIN.is(
        "within 48 hours",
        "within 48 hours",
        &["2027-05-08T06:18:00Z"],
    );
    BERLIN.is(
        "Deadline: 36 hours, then we publish",
        "Deadline: 36 hours",
        &["2027-05-07T18:18:00Z"],
    );
}

#[test]
fn days_may_end_with_the_day() {
    BERLIN.is(
        "Pay within three days",
        "within three days",
        &["2027-05-09T06:18:00Z", "2027-05-09T22:00:00Z"],
    );
    BERLIN.is(
        "You have 2-3 days to pay",
        "You have 2-3 days to pay",
        &[
            "2027-05-08T06:18:00Z",
            "2027-05-08T22:00:00Z",
            "2027-05-09T06:18:00Z",
            "2027-05-09T22:00:00Z",
        ],
    );
    // Thursday, so the second working day is Monday.
    BERLIN.is(
        "Answer within 2 business days.",
        "within 2 business days",
        &["2027-05-10T06:18:00Z", "2027-05-10T22:00:00Z"],
    );
    BERLIN.is(
        "in a week we publish",
        "in a week",
        &["2027-05-13T06:18:00Z", "2027-05-13T22:00:00Z"],
    );
    NEWARK.is(
        "we publish in 3 days",
        "in 3 days",
        &[
            "2027-03-16T02:12:00Z",
            "2027-03-16T03:12:00Z",
            "2027-03-16T04:00:00Z",
            "2027-03-16T05:00:00Z",
        ],
    );
}

#[test]
fn a_span_counts_from_the_sending_and_from_a_late_receipt() {
    let reference = Reference {
        sent: Some(at("2027-05-06T06:00:00Z")),
        offset: None,
        received: at("2027-05-06T09:00:00Z"),
        imported: None,
        zones: &[],
    };
    let found = find("within 48h", &reference);
    let instants: Vec<String> = found[0]
        .readings
        .iter()
        .map(|read| read.at.to_string())
        .collect();
    assert_eq!(instants, ["2027-05-08T06:00:00Z", "2027-05-08T09:00:00Z"]);
    assert!(found[0].readings[1].how.contains("we had it"));
}

#[test]
fn before_a_weekday_is_its_start_or_its_end() {
    // Sunday 2027-03-14 15:05 UTC; the mail system writes UTC, so the sender may be anywhere.
    let desk = Desk {
        sent: "2027-03-14T15:05:00Z",
        offset: Some(0),
        zone: "America/New_York",
    };
    let all = desk.find("Ask them before Tuesday.");
    assert_eq!(all[0].0, "before Tuesday");
    let instants: Vec<&str> = all[0].1.iter().map(|(at, _)| at.as_str()).collect();
    assert_eq!(
        instants,
        [
            "2027-03-15T12:00:00Z", // where Tuesday begins first
            "2027-03-16T00:00:00Z",
            "2027-03-16T04:00:00Z", // EDT
            "2027-03-17T00:00:00Z",
            "2027-03-17T04:00:00Z",
            "2027-03-17T12:00:00Z", // where it ends last
        ]
    );
    assert!(all[0].1[0].1.contains("UTC+12"));
    assert!(
        all[0].1[2]
            .1
            .contains("start of Tuesday 2027-03-16 in America/New_York")
    );
}

#[test]
fn until_thursday_spans_the_world_when_the_sender_is_unknown() {
    let (words, instants) =
        BRISTOL.one("You have until Thursday. If police, I send without asking money.");
    assert_eq!(words, "until Thursday");
    assert_eq!(
        instants,
        [
            "2027-02-10T12:00:00Z",
            "2027-02-11T00:00:00Z",
            "2027-02-12T00:00:00Z",
            "2027-02-12T12:00:00Z"
        ]
    );
}

#[test]
fn weekdays_with_times() {
    BERLIN.is("by Friday 5pm", "by Friday 5pm", &["2027-05-07T15:00:00Z"]);
    BERLIN.is(
        "by Friday at 5 pm.",
        "by Friday at 5 pm",
        &["2027-05-07T15:00:00Z"],
    );
    // Neither word nor sign says which half of the day.
    BERLIN.is(
        "until Sunday 12 o'clock",
        "until Sunday 12 o'clock",
        &["2027-05-09T10:00:00Z", "2027-05-09T22:00:00Z"],
    );
    BERLIN.is(
        "until Sunday 12 o’clock",
        "until Sunday 12 o’clock",
        &["2027-05-09T10:00:00Z", "2027-05-09T22:00:00Z"],
    );
    BERLIN.is(
        "by 5pm on Friday",
        "by 5pm on Friday",
        &["2027-05-07T15:00:00Z"],
    );
    BERLIN.is(
        "bis Sonntag 12 Uhr, dann",
        "bis Sonntag 12 Uhr",
        &["2027-05-09T10:00:00Z"],
    );
    BERLIN.is(
        "bis Freitag um 18:30 Uhr",
        "bis Freitag um 18:30 Uhr",
        &["2027-05-07T16:30:00Z"],
    );
    // Said on a Thursday: today, or in a week.
    BERLIN.is(
        "by Thursday 6 pm",
        "by Thursday 6 pm",
        &["2027-05-06T16:00:00Z", "2027-05-13T16:00:00Z"],
    );
    BERLIN.is(
        "by next Friday 18:00",
        "by next Friday 18:00",
        &["2027-05-07T16:00:00Z", "2027-05-14T16:00:00Z"],
    );
}

#[test]
fn days_named_from_today() {
    BERLIN.is(
        "by tomorrow noon",
        "by tomorrow noon",
        &["2027-05-07T10:00:00Z"],
    );
    BERLIN.is(
        "by noon tomorrow",
        "by noon tomorrow",
        &["2027-05-07T10:00:00Z"],
    );
    BERLIN.is(
        "We publish tonight.",
        "tonight",
        &["2027-05-06T18:00:00Z", "2027-05-07T04:00:00Z"],
    );
    BERLIN.is(
        "Zahlen Sie bis morgen Abend",
        "bis morgen Abend",
        &["2027-05-07T16:00:00Z", "2027-05-07T22:00:00Z"],
    );
    BERLIN.is("by midnight", "by midnight", &["2027-05-06T22:00:00Z"]);
    // 06:18 UTC is 08:18 in Berlin: six o'clock is past.
    BERLIN.is("until 6:00 am", "until 6:00 am", &["2027-05-07T04:00:00Z"]);
    BERLIN.is("until 18:00", "until 18:00", &["2027-05-06T16:00:00Z"]);
    BERLIN.is("by end of day", "by end of day", &["2027-05-06T22:00:00Z"]);
    BERLIN.is(
        "by the end of the week",
        "by the end of the week",
        &["2027-05-07T22:00:00Z", "2027-05-09T22:00:00Z"],
    );
    BERLIN.is(
        "by the end of next week",
        "by the end of next week",
        &["2027-05-14T22:00:00Z", "2027-05-16T22:00:00Z"],
    );
    BERLIN.is("Pay. 48 hours.", "48 hours", &["2027-05-08T06:18:00Z"]);
    BERLIN.is(
        "Sir, 1,5 hours left.",
        "1,5 hours left",
        &["2027-05-06T07:48:00Z"],
    );
    BERLIN.is(
        "by Friday next week 18:00",
        "by Friday next week 18:00",
        &["2027-05-07T16:00:00Z", "2027-05-14T16:00:00Z"],
    );
    BERLIN.is(
        "até amanhã às 18h",
        "até amanhã às 18h",
        &["2027-05-07T16:00:00Z"],
    );
    BERLIN.is(
        "até sexta-feira, 18h",
        "até sexta-feira, 18h",
        &["2027-05-07T16:00:00Z"],
    );
}

#[test]
fn dates_in_many_forms() {
    let whole_day = &["2027-05-15T22:00:00Z", "2027-05-16T22:00:00Z"];
    for (text, verbatim) in [
        ("by 2027-05-16", "by 2027-05-16"),
        ("before May 16", "before May 16"),
        ("until May 16th, 2027 please", "until May 16th, 2027"),
        ("by 16 May", "by 16 May"),
        ("by the 16th of May", "by the 16th of May"),
        ("no later than the 16th", "no later than the 16th"),
        ("bis 16.05.2027", "bis 16.05.2027"),
        ("bis zum 16.5.", "bis zum 16.5."),
        ("bis zum 16. Mai", "bis zum 16. Mai"),
        ("até 16 de maio de 2027", "até 16 de maio de 2027"),
        ("by Sunday, May 16", "by Sunday, May 16"),
    ] {
        BERLIN.is(text, verbatim, whole_day);
    }
    BERLIN.is(
        "by 2027-05-16T12:00:00Z",
        "by 2027-05-16T12:00:00Z",
        &["2027-05-16T12:00:00Z"],
    );
    BERLIN.is(
        "by 2027-05-16 12:00 +03:00",
        "by 2027-05-16 12:00 +03:00",
        &["2027-05-16T09:00:00Z"],
    );
    BERLIN.is(
        "bis zum 9. Mai um 12 Uhr",
        "bis zum 9. Mai um 12 Uhr",
        &["2027-05-09T10:00:00Z"],
    );
    // Without a year, the next one.
    let desk = Desk {
        offset: None,
        ..BERLIN
    };
    desk.is(
        "by March 16 18:00",
        "by March 16 18:00",
        &["2028-03-16T17:00:00Z"],
    );
    desk.is(
        "by February 29 18:00",
        "by February 29 18:00",
        &["2028-02-29T17:00:00Z"],
    );
}

#[test]
fn a_date_with_slashes_is_read_both_ways() {
    let desk = Desk {
        sent: "2027-02-01T09:00:00Z",
        offset: Some(-5),
        zone: "America/New_York",
    };
    let all = desk.find("Pay by 03/04/2027.");
    let ways: Vec<String> = all[0]
        .1
        .iter()
        .map(|(at, how)| format!("{at} {how}"))
        .collect();
    assert_eq!(ways.len(), 6, "{ways:#?}");
    assert!(
        ways[0].starts_with("2027-03-04T05:00:00Z start of Thursday 2027-03-04 (the month first)"),
        "{ways:#?}"
    );
    assert!(
        ways[5].starts_with("2027-04-04T05:00:00Z end of Saturday 2027-04-03 (the day first)"),
        "{ways:#?}"
    );
    // The sixteenth month does not exist: one reading of the day.
    let (_, instants) = desk.one("Pay by 03/16/2027 17:00");
    assert_eq!(instants, ["2027-03-16T21:00:00Z", "2027-03-16T22:00:00Z"]);
}

#[test]
fn named_zones_count_alone() {
    NEWARK.is(
        "by Friday 17:00 UTC",
        "by Friday 17:00 UTC",
        &["2027-03-19T17:00:00Z"],
    );
    // In March `EST` may mean the clock on the wall, which shows daylight time.
    NEWARK.is(
        "by Friday 5pm EST",
        "by Friday 5pm EST",
        &["2027-03-19T21:00:00Z", "2027-03-19T22:00:00Z"],
    );
    BERLIN.is(
        "by Friday 5pm CET",
        "by Friday 5pm CET",
        &["2027-05-07T15:00:00Z", "2027-05-07T16:00:00Z"],
    );
    BERLIN.is(
        "bis Freitag 17 Uhr MESZ",
        "bis Freitag 17 Uhr MESZ",
        &["2027-05-07T15:00:00Z"],
    );
    BERLIN.is(
        "by Friday 17:00 (GMT+3)",
        "by Friday 17:00 (GMT+3)",
        &["2027-05-07T14:00:00Z"],
    );
    BERLIN.is(
        "by Friday 17:00 your time",
        "by Friday 17:00 your time",
        &["2027-05-07T15:00:00Z"],
    );
    let far = Desk {
        offset: Some(9),
        ..BERLIN
    };
    far.is(
        "by Friday 17:00 our time",
        "by Friday 17:00 our time",
        &["2027-05-07T08:00:00Z"],
    );
    far.is(
        "by Friday 17:00",
        "by Friday 17:00",
        &["2027-05-07T08:00:00Z", "2027-05-07T15:00:00Z"],
    );
}

#[test]
fn german_and_portuguese_spans() {
    BERLIN.is(
        "innerhalb von 72 Stunden",
        "innerhalb von 72 Stunden",
        &["2027-05-09T06:18:00Z"],
    );
    BERLIN.is(
        "binnen achtundvierzig Stunden",
        "binnen achtundvierzig Stunden",
        &["2027-05-08T06:18:00Z"],
    );
    BERLIN.is(
        "Sie haben 24 Stunden Zeit",
        "Sie haben 24 Stunden Zeit",
        &["2027-05-07T06:18:00Z"],
    );
    BERLIN.is(
        "Pague em 72 horas",
        "em 72 horas",
        &["2027-05-09T06:18:00Z"],
    );
    BERLIN.is(
        "dentro de 48 horas",
        "dentro de 48 horas",
        &["2027-05-08T06:18:00Z"],
    );
}

#[test]
fn what_looks_back_or_recurs_is_no_deadline() {
    for text in [
        "We copied it 3 days ago.",
        "Vor 3 Tagen haben wir gezahlt.",
        "I worked for 72 hours on it, every 24 hours.",
        "They pay 8 hours a day.",
        "há 3 dias publicamos",
        "We are open 24/7 and answer fast.",
        "I may pay. Mar the table. Sun is out.",
        "On 2027-01-05 you sent us the files.",
        "I will write again tonight.",
        "It cost 2.5 BTC and 350.000 EUR, version 1.2.3.",
        "in the last 48 hours we sold it",
        "by 5 BTC more",
        "until 3 people answer",
        "You will receive it within an hour after the payment.",
        "",
    ] {
        assert_eq!(BERLIN.find(text), [], "{text}");
    }
}

#[test]
fn several_deadlines_stand_in_their_order() {
    let all = BERLIN.find(
        "Answer within 24 hours. The price doubles after 48 hours. On Sunday we publish everything. Answer within 24 hours!",
    );
    let words: Vec<&str> = all.iter().map(|(words, _)| words.as_str()).collect();
    assert_eq!(words, ["within 24 hours", "after 48 hours", "On Sunday"]);
}

#[test]
fn absurd_numbers_are_left_alone() {
    for text in [
        "within 999999 hours",
        "within 99999999999999999999 days",
        "by 99.99.9999",
        "by 2027-13-45",
        "within 0 days",
    ] {
        assert_eq!(BERLIN.find(text), [], "{text}");
    }
}

#[test]
fn an_instant_is_read_once_and_whole() {
    for (text, instant) in [
        ("by 2027-05-16T10:00:30Z", "2027-05-16T10:00:30Z"),
        ("before 2027-05-16t10:00:30z", "2027-05-16T10:00:30Z"),
        ("Pay until 2027-05-16T01:30:00Z.", "2027-05-16T01:30:00Z"),
        (
            "Deadline: 2027-05-16T11:59:59.5Z!",
            "2027-05-16T11:59:59.5Z",
        ),
        (
            "Deadline is 2027-05-16T11:59:59.123456789123Z",
            "2027-05-16T11:59:59.123456789Z",
        ),
        ("(pay by 2027-05-16T10:00:30+02:00)", "2027-05-16T08:00:30Z"),
        ("by 2027-05-16T10:00:30-05:30,", "2027-05-16T15:30:30Z"),
        ("by 2027-05-16T10:00:30-00:00", "2027-05-16T10:00:30Z"),
        ("by 2027-05-16 10:00:30Z", "2027-05-16T10:00:30Z"),
        ("by 2027-05-16 10:00:30 +02:00", "2027-05-16T08:00:30Z"),
        ("by 2027-05-16T10:00Z", "2027-05-16T10:00:00Z"),
        ("by 2027-05-16 10:00 +0200", "2027-05-16T08:00:00Z"),
        ("by 2027-05-16T10:00:30+02", "2027-05-16T08:00:30Z"),
        ("by Sunday, 2027-05-16T10:00:30Z", "2027-05-16T10:00:30Z"),
        (
            "We publish at 2027-05-16T10:00:30Z.",
            "2027-05-16T10:00:30Z",
        ),
        (
            "2027-05-16T10:00:30Z, then the files are public",
            "2027-05-16T10:00:30Z",
        ),
        ("bis 2027-05-16T10:00:30Z", "2027-05-16T10:00:30Z"),
        ("até 2027-05-16T10:00:30Z", "2027-05-16T10:00:30Z"),
    ] {
        let (words, found) = BERLIN.one(text);
        assert_eq!(found, [instant], "{text}");
        assert!(text.contains(&words), "{text}: {words}");
    }
    let all = BERLIN.find("by 2027-05-16T10:00:30Z");
    assert_eq!(
        all[0].1[0].1,
        "the instant as written: 2027-05-16T10:00:30Z"
    );
    let all = BERLIN.find("by 2027-06-30T23:59:60Z");
    assert_eq!(all[0].1[0].0, "2027-06-30T23:59:59Z");
    assert_eq!(
        all[0].1[0].1,
        "the leap second 2027-06-30T23:59:60Z, read as the second 59 before it"
    );
    // Two instants are two deadlines; one that has passed is none.
    let all = BERLIN.find("by 2027-05-16T10:00:30Z, at the latest until 2027-05-17T10:00:31Z");
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(BERLIN.find("by 2027-05-01T10:00:30Z"), []);
}

#[test]
fn a_date_with_its_year_in_front_counts_the_hours_to_24() {
    // No offset: the wall clock of the sender and of the company, with its seconds.
    BERLIN.is(
        "by 2027-05-16T10:00:30",
        "by 2027-05-16T10:00:30",
        &["2027-05-16T08:00:30Z"],
    );
    BERLIN.is(
        "by 2027-05-16 10:00",
        "by 2027-05-16 10:00",
        &["2027-05-16T08:00:00Z"],
    );
    BERLIN.is(
        "by 2027-05-16 at 10:00 pm",
        "by 2027-05-16 at 10:00 pm",
        &["2027-05-16T20:00:00Z"],
    );
    BERLIN.is(
        "by 2027-05-16 5:00",
        "by 2027-05-16 5:00",
        &["2027-05-16T03:00:00Z", "2027-05-16T15:00:00Z"],
    );
    BERLIN.is(
        "by Friday 17:00:15",
        "by Friday 17:00:15",
        &["2027-05-07T15:00:15Z"],
    );
    BERLIN.is(
        "by Friday 17:00 -05:00",
        "by Friday 17:00 -05:00",
        &["2027-05-07T22:00:00Z"],
    );
    // A range is no offset.
    BERLIN.is(
        "by Friday 17:00 - 18:00",
        "by Friday 17:00",
        &["2027-05-07T15:00:00Z"],
    );
}

proptest::proptest! {
    #[test]
    fn any_instant_in_a_sentence_is_that_instant_alone(
        second in 1_810_000_000_i64..4_000_000_000,
        minutes in -14 * 60_i32..=14 * 60,
        zulu: bool,
        cue in proptest::sample::select(vec![
            "by", "until", "before", "Deadline:", "no later than", "bis", "até", "We publish on", "spätestens",
        ]),
        end in proptest::sample::select(vec!["", ".", "!", ", or else", " if you pay", ")", ";"]),
        desk in proptest::sample::select(vec![0_usize, 1, 2]),
    ) {
        let instant = cordon::time::Timestamp::from_second(second).unwrap();
        let offset = Offset::from_seconds(minutes * 60).unwrap();
        let written = if zulu {
            instant.to_string()
        } else {
            instant.display_with_offset(offset).to_string()
        };
        let text = format!("Hello. {cue} {written}{end} We wait.");
        let desk = [NEWARK, BRISTOL, BERLIN].into_iter().nth(desk).unwrap();
        let (words, found) = desk.one(&text);
        proptest::prop_assert_eq!(found, [instant.to_string()], "{}", text);
        proptest::prop_assert!(words.ends_with(&written), "{}: {}", text, words);
    }
}

#[test]
fn until_friday_said_on_a_saturday_is_the_next_friday() {
    // Saturday 2027-05-08 in each case; the Friday that is meant is the 14th.
    let first = |desk: &Desk, text: &str| desk.one(text).1[0].clone();
    for (sent, offset, zone) in [
        // The west of the world still has Friday.
        ("2027-05-08T11:00:00Z", None, "Europe/London"),
        ("2027-05-08T11:00:00Z", Some(0), "America/New_York"),
        // So does the company, for an hour.
        ("2027-05-08T03:00:00Z", None, "America/New_York"),
        ("2027-05-08T03:00:00Z", Some(0), "America/New_York"),
        // The sender's own calendar shows Saturday, though UTC does not.
        ("2027-05-07T23:00:00Z", Some(9), "America/New_York"),
        ("2027-05-08T03:00:00Z", Some(2), "America/New_York"),
    ] {
        let desk = Desk { sent, offset, zone };
        for text in [
            "You have until Friday.",
            "Pay by Friday",
            "bis Freitag",
            "até sexta-feira",
            "before Friday",
        ] {
            let earliest = first(&desk, text);
            assert!(
                earliest.as_str() >= "2027-05-13T00:00:00Z",
                "{sent} {offset:?} {zone}: {text}: {earliest}"
            );
        }
    }
    // Said on a Friday, it may be that day.
    let friday = Desk {
        sent: "2027-05-07T09:00:00Z",
        offset: Some(2),
        zone: "Europe/Berlin",
    };
    assert_eq!(first(&friday, "until Friday"), "2027-05-07T22:00:00Z");
    // With a time, the company's Friday evening stays a reading.
    let desk = Desk {
        sent: "2027-05-08T03:00:00Z",
        offset: None,
        zone: "America/New_York",
    };
    assert_eq!(first(&desk, "by Friday 23:30"), "2027-05-08T03:30:00Z");
    // "Tomorrow" is counted on every calendar that may be meant.
    assert!(first(&desk, "pay by tomorrow").as_str() <= "2027-05-08T04:00:00Z");
}
