//! Contacts: mails as they come, hostile ones too, and what is made of them.

use cordon::case::event::Contact;
use cordon::contact::eml::{self, Message};
use cordon::contact::{self, Told, demand, show, thread};
use cordon::fault::Kind;
use cordon::hostile;
use cordon::id::{ContactId, EvidenceId};
use cordon::time::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/tests/fixtures/contact/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(path).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(name: &str) -> Message {
    eml::read(&fixture(name), at("2027-05-10T00:00:00Z")).unwrap()
}

fn recorded(name: &str, received: &str, zone: &str) -> Contact {
    let message = eml::read(&fixture(name), at(received)).unwrap();
    let zones = [TimeZone::get(zone).unwrap()];
    let evidence = vec![EvidenceId::of(&[name])];
    contact::from_mail(ContactId::of(&[name]), &message, "in", evidence, &zones)
}

fn codes(message: &Message) -> Vec<&'static str> {
    message.defects.iter().map(|defect| defect.code).collect()
}

#[test]
fn a_mail_is_read_with_its_hops_and_its_closed_archive() {
    let mail = read("first.eml");
    assert_eq!(
        mail.from[0].line(),
        "\"C A\" <averdale.work.2026@mail-one.example>"
    );
    assert_eq!(
        mail.return_path[0].address.as_deref(),
        Some("averdale.work.2026@mail-one.example")
    );
    assert_eq!(mail.to.len(), 3);
    assert_eq!(mail.date.unwrap().at, at("2027-03-13T02:34:11Z"));
    assert_eq!(
        mail.message_id.as_deref(),
        Some("one.20270313@mail-one.example")
    );
    assert_eq!(mail.hops.len(), 2);
    assert_eq!(mail.hops[1].ip.as_deref(), Some("198.51.100.21"));
    assert_eq!(mail.hops[1].from.as_deref(), Some("out7.mail-one.example"));
    assert_eq!(mail.hops[1].by.as_deref(), Some("mx.brackenridge.example"));
    assert_eq!(mail.hops[0].at, Some(at("2027-03-13T02:34:14Z")));
    let [file] = mail.attachments.as_slice() else {
        panic!("{:?}", mail.attachments)
    };
    assert_eq!(
        (file.safe_name.as_str(), file.archive),
        ("sample_12.zip", true)
    );
    assert_eq!(file.guessed, Some("application/zip"));
    assert_eq!(file.sha256, cordon::canon::Digest::of(&file.content));
    assert_eq!(file.bytes, file.content.len() as u64);
    assert!(mail.text.starts_with("My work was good"));
    assert!(mail.text.ends_with("again tonight."));
    assert!(mail.defects.is_empty(), "{:?}", mail.defects);
    // Every header field, in order, as written.
    let names: Vec<&str> = mail
        .headers
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(names[..4], ["Return-Path", "Received", "Received", "From"]);
    assert!(
        mail.headers[1]
            .raw
            .contains("\tby store.brackenridge.example")
    );
}

#[test]
fn a_mail_names_every_sender_and_what_does_not_fit() {
    let mail = read("demand.eml");
    assert_eq!(codes(&mail), ["reply-to-differs"]);
    assert!(mail.text.contains("72 hours to pay."), "{}", mail.text);
    assert_eq!(mail.date.unwrap().offset_seconds, Some(-5 * 3600));
    assert_eq!(mail.in_reply_to, ["one.20270313@mail-one.example"]);
}

#[test]
fn html_is_reduced_and_its_lying_link_is_named() {
    let mail = read("link.eml");
    assert!(mail.text.contains("Grüße"), "{}", mail.text);
    assert_eq!(mail.links.len(), 1);
    assert!(mail.links[0].mismatch);
    assert_eq!(
        mail.links[0].target,
        "https://files.mail-two.example/d/DRILL-FOLDER"
    );
    assert!(codes(&mail).contains(&"link-mismatch"));
    assert!(
        mail.defects
            .iter()
            .any(|d| d.what.contains("loaded from elsewhere"))
    );
}

#[test]
fn encoded_words_and_names_are_decoded() {
    let mail = read("berlin.eml");
    assert_eq!(mail.subject, "Ihre Fahrten – letzte Möglichkeit");
    assert_eq!(mail.attachments[0].safe_name, "fahrten_auszug.csv");
    assert!(!mail.attachments[0].archive);
    assert_eq!(mail.attachments[0].content, b"id,start,end\r\n1,a,b\r\n");
}

#[test]
fn a_hostile_mail_is_read_and_each_oddity_named() {
    let mail = read("hostile.eml");
    let codes = codes(&mail);
    for code in [
        "mbox-line",
        "nul-bytes",
        "header-duplicate",
        "message-id-missing",
        "date-form",
        "header-line",
        "header-charset",
        "charset-unknown",
        "transfer-encoding",
        "type-mismatch",
        "mime-boundary",
        "hidden-characters",
        "name-is-address",
    ] {
        assert!(codes.contains(&code), "{code} is missing in {codes:?}");
    }
    assert_eq!(mail.date, None);
    let names: Vec<&str> = mail
        .attachments
        .iter()
        .map(|file| file.safe_name.as_str())
        .collect();
    assert_eq!(names, ["invoice.pdf", "unnamed", "message.eml"]);
    assert_eq!(
        mail.attachments[0].guessed,
        Some("application/vnd.microsoft.portable-executable")
    );
    assert!(mail.attachments[2].content.starts_with(b"From: inner@"));
    let whole = serde_json::to_string(&mail).unwrap();
    assert!(whole.contains("203.0.113.9"));
}

#[test]
fn what_is_shown_steers_nothing_and_opens_nothing() {
    let mail = read("hostile.eml");
    let zone = TimeZone::get("America/New_York").unwrap();
    let told = contact::from_mail(
        ContactId::of(&["h"]),
        &mail,
        "in",
        vec![],
        std::slice::from_ref(&zone),
    );
    let view = show::message(&mail, &told, &zone);
    let shown = format!(
        "{} {} {} {}",
        view.body,
        serde_json::to_string(&view.head).unwrap(),
        view.warnings.join(" "),
        serde_json::to_string(&view.attachments).unwrap(),
    );
    assert!(!shown.chars().any(hostile::is_hidden), "{shown:?}");
    assert!(
        shown.contains("[U+001B]") && shown.contains("[U+200B]"),
        "{shown}"
    );
    assert!(!shown.contains("a@mail-five.example"), "{shown}");
    assert!(shown.contains("a[@]mail-five[.]example"), "{shown}");
    // The wallet that a zero-width space split is found all the same.
    assert!(
        told.indicators
            .iter()
            .any(|one| one.kind == "btc" && one.check == "valid")
    );

    let view = show::contact(
        &recorded("link.eml", "2027-03-13T06:41:00Z", "America/New_York"),
        &zone,
    );
    assert!(
        view.body.contains("hxxps://files[.]mail-two[.]example"),
        "{}",
        view.body
    );
    assert!(!serde_json::to_string(&view).unwrap().contains("https://"));
}

#[test]
fn the_second_mail_is_a_demand_with_both_readings_of_72_hours() {
    let told = recorded("demand.eml", "2027-03-13T03:12:05Z", "America/New_York");
    assert!(told.demand);
    assert_eq!(told.thread, ["one.20270313@mail-one.example"]);
    let [deadline] = told.deadlines.as_slice() else {
        panic!("{:?}", told.deadlines)
    };
    assert_eq!(deadline.verbatim, "you have 72 hours to pay");
    let instants: Vec<Timestamp> = deadline.readings.iter().map(|reading| reading.at).collect();
    // By the wall clock Mon 22:12 EDT; 72 hours elapsed end Mon 23:12 EDT.
    assert_eq!(
        instants,
        [at("2027-03-16T02:12:00Z"), at("2027-03-16T03:12:00Z")]
    );
    assert!(
        deadline.readings[0]
            .how
            .contains("wall clock in America/New_York"),
        "{deadline:?}"
    );
    assert!(
        deadline.readings[1].how.contains("72 hours elapsed"),
        "{deadline:?}"
    );
    let found: Vec<(&str, &str, &str)> = told
        .indicators
        .iter()
        .map(|one| (one.kind.as_str(), one.value.as_str(), one.check.as_str()))
        .collect();
    assert!(
        found.contains(&("btc", "bc1-DRILL-NOT-AN-ADDRESS-0002", "invalid")),
        "{found:?}"
    );
    assert!(
        found.contains(&("amount", "480,000 USD in bitcoin", "unchecked")),
        "{found:?}"
    );
    assert!(
        found.contains(&("email", "kb.archive.77@mail-two.example", "valid")),
        "{found:?}"
    );
}

#[test]
fn the_berlin_mail_is_a_demand_until_sunday_noon() {
    let told = recorded("berlin.eml", "2027-05-06T06:18:05Z", "Europe/Berlin");
    assert!(told.demand);
    let [deadline] = told.deadlines.as_slice() else {
        panic!("{:?}", told.deadlines)
    };
    assert_eq!(deadline.verbatim, "bis Sonntag 12 Uhr");
    assert_eq!(deadline.readings[0].at, at("2027-05-09T10:00:00Z"));
    assert_eq!(deadline.readings.len(), 1, "{deadline:?}");
    assert!(
        told.indicators
            .iter()
            .any(|one| one.value == "350.000 EUR in Bitcoin")
    );
}

#[test]
fn the_first_mail_makes_no_demand() {
    let told = recorded("first.eml", "2027-03-13T02:34:15Z", "America/New_York");
    assert!(!told.demand, "{:?}", demand(&told.text));
    assert!(told.deadlines.is_empty(), "{:?}", told.deadlines);
    let sums: Vec<_> = told
        .indicators
        .iter()
        .filter(|one| one.kind == "sha256")
        .collect();
    assert_eq!(sums.len(), 1);
}

#[test]
fn answers_confirm_a_thread_and_shared_hosts_are_only_possible() {
    let zone = "America/New_York";
    let contacts = [
        recorded("customers.eml", "2027-03-14T15:06:00Z", zone),
        recorded("demand.eml", "2027-03-13T03:12:05Z", zone),
        recorded("first.eml", "2027-03-13T02:34:15Z", zone),
        recorded("link.eml", "2027-03-13T06:41:00Z", zone),
        recorded("berlin.eml", "2027-05-06T06:18:05Z", zone),
    ];
    let id = |name: &str| ContactId::of(&[name]);
    let grouping = thread::group(&contacts, &["brackenridge.example"]);
    let threads: Vec<_> = grouping
        .threads
        .iter()
        .map(|thread| thread.contacts.clone())
        .collect();
    assert_eq!(
        threads,
        [
            vec![id("first.eml"), id("demand.eml")],
            vec![id("link.eml")],
            vec![id("customers.eml")],
            vec![id("berlin.eml")],
        ]
    );
    assert!(
        grouping.threads[0].confirmed[0]
            .reason
            .contains("one.20270313@mail-one.example")
    );
    let pairs: Vec<_> = grouping
        .possible
        .iter()
        .map(|link| (link.earlier.clone(), link.later.clone()))
        .collect();
    // The answer address of the demand is the sender of the next mail, who also wrote to customers.
    assert_eq!(
        pairs,
        [
            (id("demand.eml"), id("link.eml")),
            (id("link.eml"), id("customers.eml"))
        ]
    );
    assert!(
        grouping.possible[0]
            .reason
            .contains("same address kb.archive.77@mail-two.example"),
        "{:?}",
        grouping.possible
    );
    assert!(
        grouping.possible[1].reason.contains("same sender"),
        "{:?}",
        grouping.possible
    );
    assert!(
        !grouping
            .possible
            .iter()
            .any(|link| link.reason.contains("brackenridge"))
    );
}

#[test]
fn one_thread_can_have_many_senders() {
    let mut one = recorded("first.eml", "2027-03-13T02:34:15Z", "UTC");
    let mut two = one.clone();
    two.id = ContactId::of(&["two"]);
    two.from = "other@mail-nine.example".to_owned();
    two.sent = Some(at("2027-03-13T09:00:00Z"));
    two.message_id = None;
    two.thread = vec!["never-seen@mail-one.example".to_owned()];
    one.thread = vec!["never-seen@mail-one.example".to_owned()];
    let grouping = thread::group(&[two, one], &[]);
    assert_eq!(grouping.threads.len(), 1);
    assert_eq!(grouping.threads[0].senders.len(), 2);
    assert!(grouping.possible.is_empty());
}

#[test]
fn a_subject_alone_does_not_merge() {
    let first = recorded("first.eml", "2027-03-13T02:34:15Z", "UTC");
    let mut copy = first.clone();
    copy.id = ContactId::of(&["impostor"]);
    copy.message_id = Some("x@y.example".to_owned());
    copy.from = "impostor@mail-nine.example".to_owned();
    copy.to = vec!["press@press.example".to_owned()];
    copy.indicators.clear();
    let grouping = thread::group(&[first, copy], &[]);
    assert_eq!(grouping.threads.len(), 2);
    assert!(
        grouping.possible[0].reason.contains("same subject"),
        "{:?}",
        grouping.possible
    );
}

fn told() -> Told {
    Told {
        channel: "chat".to_owned(),
        direction: "in".to_owned(),
        from: "@drill_handle_3".to_owned(),
        subject: "Telegram to the CTO".to_owned(),
        text: "900 XMR. 4DRILLNOTAWALLET. You have until Thursday. Otherwise we publish all your files."
            .to_owned(),
        sent: Some(at("2027-02-08T12:30:00Z")),
        ..Told::default()
    }
}

#[test]
fn a_chat_that_a_person_tells_of_is_read_like_a_mail() {
    let zones = [TimeZone::get("Europe/London").unwrap()];
    let made = contact::from_person(
        ContactId::of(&["t"]),
        told(),
        at("2027-02-08T12:45:00Z"),
        vec![],
        &zones,
    )
    .unwrap();
    assert!(made.demand);
    let kinds: Vec<(&str, &str)> = made
        .indicators
        .iter()
        .map(|one| (one.kind.as_str(), one.value.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("amount", "900 XMR"),
            ("xmr", "4DRILLNOTAWALLET"),
            ("handle", "@drill_handle_3")
        ]
    );
    let [deadline] = made.deadlines.as_slice() else {
        panic!("{:?}", made.deadlines)
    };
    assert_eq!(deadline.verbatim, "until Thursday");
    // From where Thursday begins first to where it ends last; the earliest is what to plan for.
    assert_eq!(
        deadline.readings.first().unwrap().at,
        at("2027-02-10T12:00:00Z")
    );
    assert_eq!(
        deadline.readings.last().unwrap().at,
        at("2027-02-12T12:00:00Z")
    );
    assert!(
        deadline
            .readings
            .iter()
            .any(|r| r.at == at("2027-02-11T00:00:00Z") && r.how.contains("Europe/London"))
    );
}

#[test]
fn what_a_person_tells_is_checked() {
    let make = |told| {
        contact::from_person(
            ContactId::of(&["t"]),
            told,
            at("2027-02-08T12:45:00Z"),
            vec![],
            &[],
        )
    };
    for bad in [
        Told {
            channel: "pigeon\u{1b}".to_owned(),
            ..told()
        },
        Told {
            direction: "sideways".to_owned(),
            ..told()
        },
        Told {
            text: " ".to_owned(),
            subject: String::new(),
            ..told()
        },
        Told {
            text: "x".repeat(2 << 20),
            ..told()
        },
        Told {
            from: "x".repeat(10_000),
            ..told()
        },
    ] {
        let fault = make(bad).unwrap_err();
        assert_eq!((fault.kind(), fault.code()), (Kind::Input, "contact"));
        assert!(!fault.hints().is_empty());
        assert!(!fault.what().contains('\u{1b}'));
    }
    let out = make(Told {
        direction: "out".to_owned(),
        ..told()
    })
    .unwrap();
    assert!(!out.demand, "what we send is no demand on us");
}

#[test]
fn files_that_are_no_mail_are_refused() {
    let now = at("2027-01-01T00:00:00Z");
    for (bytes, code) in [
        (&b""[..], "mail-empty"),
        (b"\r\n \n", "mail-empty"),
        (b"PK\x03\x04\x00\x00", "mail-form"),
        (b"just some text\nwithout a header\n", "mail-form"),
    ] {
        assert_eq!(eml::read(bytes, now).unwrap_err().code(), code);
    }
    let large = vec![b'a'; eml::LARGEST + 1];
    assert_eq!(eml::read(&large, now).unwrap_err().code(), "mail-size");
}

#[test]
fn limits_hold_and_are_named() {
    let now = at("2027-01-01T00:00:00Z");
    let head = b"From: a@b.example\nSubject: x\n".to_vec();
    let with = |more: &[u8]| [head.as_slice(), more].concat();
    let expect = |bytes: Vec<u8>, code: &str| {
        let mail = eml::read(&bytes, now).unwrap();
        assert!(
            codes(&mail).contains(&code),
            "{code} is missing in {:?}",
            codes(&mail)
        );
        mail
    };
    expect(with(&b"X: y\n".repeat(400_000)), "header-count");
    expect(with(&b"X: y\n".repeat(400_000)), "header-size");
    expect(
        with(&[b"X: ".as_slice(), &b"y".repeat(100_000), b"\n\n"].concat()),
        "header-length",
    );
    let parts = [
        b"Content-Type: multipart/mixed; boundary=b\n\n".as_slice(),
        &b"--b\n\n".repeat(100_000),
    ]
    .concat();
    expect(with(&parts), "mime-parts");
    let deep: Vec<u8> = (0..5_000)
        .flat_map(|at| {
            format!("Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n").into_bytes()
        })
        .collect();
    expect(with(&deep), "mime-depth");
    // Nested messages are kept as one file, however deep they are.
    let nested = b"Content-Type: message/rfc822\n\n".repeat(100_000);
    let mail = eml::read(&with(&nested), now).unwrap();
    assert_eq!(mail.attachments.len(), 1);
    let long = with(&[b"\n".as_slice(), &b"pay now ".repeat(400_000)].concat());
    let mail = expect(long, "text-length");
    assert!(mail.text.len() <= eml::LONGEST_TEXT && mail.text.len() > eml::LONGEST_TEXT - 10);
}

fn whole(bytes: &[u8]) {
    if let Ok(mail) = eml::read(bytes, at("2027-03-13T03:12:05Z")) {
        let zone = TimeZone::get("America/New_York").unwrap();
        let made = contact::from_mail(
            ContactId::of(&["p"]),
            &mail,
            "in",
            vec![],
            std::slice::from_ref(&zone),
        );
        let view = show::message(&mail, &made, &zone);
        assert!(!view.body.chars().any(hostile::is_hidden));
        assert!(
            view.head
                .iter()
                .all(|(_, value)| !value.chars().any(|c| hostile::is_hidden(c) || c == '\n'))
        );
        thread::group(&[made.clone(), made], &[]);
    }
}

const FIXTURES: [&str; 6] = [
    "first.eml",
    "demand.eml",
    "link.eml",
    "customers.eml",
    "berlin.eml",
    "hostile.eml",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        whole(&bytes);
        whole(&[b"From: a@b.example\n".as_slice(), &bytes].concat());
        whole(&[b"From: a@b.example\nContent-Type: text/html\n\n".as_slice(), &bytes].concat());
    }

    #[test]
    fn no_mutation_of_a_mail_panics(
        which in 0..FIXTURES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..30),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = fixture(FIXTURES[which]);
        for (place, byte, how) in edits {
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        whole(&bytes);
    }

    #[test]
    fn no_text_panics(text in "(?s)(\\PC|[0-9]{1,3}|[.:/-]| (by|until|bis|in|within|before|até) | (hours|days|Uhr|pm|Friday|March|Mai) |\u{1b}|\u{202e}|\u{200b}){0,120}") {
        let made = contact::from_person(
            ContactId::of(&["p"]),
            Told { text, ..told() },
            at("2027-02-08T12:45:00Z"),
            vec![],
            &[TimeZone::UTC],
        ).unwrap();
        for deadline in &made.deadlines {
            prop_assert!(!deadline.readings.is_empty());
            prop_assert!(deadline.readings.is_sorted_by_key(|reading| reading.at));
        }
    }
}

#[test]
fn the_time_of_a_mail_is_the_word_of_the_server_that_had_it_last() {
    let sources = |contact: &Contact| -> Vec<(String, String)> {
        let told = contact.arrivals.iter();
        told.map(|one| (one.source.clone(), one.at.to_string()))
            .collect()
    };
    let mail = |top: &str| {
        format!(
            "Received: from a.mail-one.example by mx.brackenridge.example with ESMTP; {top}\r\n\
             Received: from x by a.mail-one.example; Fri, 12 Mar 2027 22:00:00 -0500\r\n\
             Date: Mon, 1 Mar 2027 08:00:00 +0000\r\nFrom: a@mail-one.example\r\nSubject: hi\r\n\r\n\
             You have 48 hours to pay 2 BTC or we publish your files.\r\n"
        )
    };
    let take = |text: &str| {
        let message = eml::read(text.as_bytes(), at("2027-03-15T09:00:00Z")).unwrap();
        contact::from_mail(ContactId::of(&["a"]), &message, "in", Vec::new(), &[])
    };
    let taken = take(&mail("Sat, 13 Mar 2027 03:12:07 +0000"));
    assert_eq!(taken.received, at("2027-03-13T03:12:07Z"));
    assert_eq!(taken.sent, Some(at("2027-03-01T08:00:00Z")));
    let expected = [
        ("received-header", "2027-03-13T03:12:07Z"),
        ("import", "2027-03-15T09:00:00Z"),
        ("date-header", "2027-03-01T08:00:00Z"),
    ];
    let expected = expected.map(|(source, at)| (source.to_owned(), at.to_owned()));
    assert_eq!(sources(&taken), expected);
    assert_eq!(
        taken.arrivals[0].by.as_deref(),
        Some("mx.brackenridge.example")
    );
    // The deadline counts from the receipt and from the import; the claim is more than 14 days old.
    let readings: Vec<Timestamp> = taken.deadlines[0].readings.iter().map(|r| r.at).collect();
    assert!(
        readings.contains(&at("2027-03-15T03:12:07Z")),
        "{readings:?}"
    );
    assert!(
        readings.contains(&at("2027-03-17T09:00:00Z")),
        "{readings:?}"
    );
    assert!(
        !readings.contains(&at("2027-03-03T08:00:00Z")),
        "{readings:?}"
    );
    assert!(
        show::contact(&taken, &TimeZone::UTC)
            .head
            .iter()
            .any(|(_, line)| {
                line.contains(
                    "Date header, as claimed by the sender; not counted: more than 14 days before",
                )
            })
    );
    let shown = show::contact(&taken, &TimeZone::UTC);
    let lines: Vec<&str> = (shown.head.iter())
        .filter(|(name, _)| name == "received by")
        .map(|(_, line)| line.as_str())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].contains("as recorded by the server mx[.]brackenridge[.]example")
            && lines[2].contains("as claimed by the sender"),
        "{lines:?}"
    );
    // A header from the future is not believed, and neither is one without a time.
    let future = take(&mail("Sat, 13 Mar 2027 03:12:07 +0000").replace("2027 03:12", "2029 03:12"));
    assert_eq!(future.received, at("2027-03-15T09:00:00Z"));
    assert_eq!(sources(&future)[1].0, "received-header");
    let odd = take(&mail("some day"));
    assert_eq!(odd.received, at("2027-03-15T09:00:00Z"));
    assert_eq!(sources(&odd).len(), 2);
    // What was recorded before this was known reads as before.
    let mut old = serde_json::to_value(&taken).unwrap();
    old.as_object_mut().unwrap().remove("arrivals");
    let old: Contact = serde_json::from_value(old).unwrap();
    assert!(old.arrivals.is_empty() && !old.hinted);
}

#[test]
fn a_forged_header_moves_no_clock() {
    let imported = at("2027-03-15T09:00:00Z");
    let take = |received: &str, date: &str, text: &str| {
        let mail = format!(
            "Received: from x.example by y.example; {received}\r\nDate: {date}\r\n\
             From: a@mail-one.example\r\nSubject: hi\r\n\r\n{text}\r\n"
        );
        let message = eml::read(mail.as_bytes(), imported).unwrap();
        contact::from_mail(ContactId::of(&["a"]), &message, "in", Vec::new(), &[])
    };
    let instants = |contact: &Contact| -> Vec<Timestamp> {
        let readings = contact.deadlines.iter().flat_map(|one| &one.readings);
        readings.map(|reading| reading.at).collect()
    };
    let old = "Mon, 1 Jan 2001 00:00:00 +0000";
    let words = "Pay 2 BTC within 72 hours or we publish your files.";
    let forged = take(old, old, words);
    assert_eq!(forged.received, imported);
    assert_eq!(forged.arrivals[0].source, "import");
    assert_eq!(
        forged.sent,
        Some(at("2001-01-01T00:00:00Z")),
        "kept as claimed"
    );
    assert_eq!(instants(&forged), [at("2027-03-18T09:00:00Z")]);
    assert_eq!(forged.doubtful().count(), 2);
    // Only the date is forged, and nothing is: every plausible instant has its reading.
    let dated = take("Sun, 14 Mar 2027 09:00:00 +0000", old, words);
    let expected = ["2027-03-17T09:00:00Z", "2027-03-18T09:00:00Z"].map(at);
    assert_eq!(
        (dated.received, instants(&dated)),
        (at("2027-03-14T09:00:00Z"), expected.to_vec())
    );
    let plain = "Sun, 14 Mar 2027 09:00:00 +0000";
    assert_eq!(take(plain, plain, words).doubtful().count(), 0);
    // A plausible date may be false too: a day that was past on arrival is also read from our own.
    let friday = take(
        "Wed, 3 Mar 2027 09:00:00 +0000",
        "Wed, 3 Mar 2027 09:00:00 +0000",
        "Pay 2 BTC until Friday or we publish your files.",
    );
    let read = instants(&friday);
    assert!(read.contains(&at("2027-03-05T00:00:00Z")), "{read:?}");
    assert!(read.contains(&at("2027-03-19T00:00:00Z")), "{read:?}");
}
