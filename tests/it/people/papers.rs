//! Which notice may be approved and sent, to whom, and who chooses the start of a clock.

use cordon::app::sending::Sending;

use super::accounts::with_candidates;
use super::*;

/// A sending as the tests ask for it.
pub(super) fn to(to: &[String], incomplete: bool) -> Sending {
    Sending {
        to: to.to_vec(),
        incomplete,
        ..Sending::default()
    }
}

#[tokio::test]
async fn a_draft_that_a_later_one_replaced_is_neither_approved_nor_sent() {
    let staffed = Staffed::new().await;
    let (old, draft) = staffed.desk.draft("executive").await.unwrap();
    staffed.approve(&old, "Bo").await.unwrap();
    let (other, _) = staffed.desk.draft("ic3").await.unwrap();
    let (new, _) = staffed.desk.draft("executive").await.unwrap();
    let lines = staffed.desk.summary().notices;
    let line = |id: &NoticeId| lines.iter().find(|line| line.id == *id).unwrap();
    assert_eq!(
        (line(&old).stage(), line(&old).waits_for()),
        ("replaced", None)
    );
    assert!(!line(&new).replaced && !line(&other).replaced);
    let to = ["office@example.test".to_owned()];
    for fault in [
        staffed.approve(&old, "Cy").await.unwrap_err(),
        staffed.approve(&old, "Bo").await.unwrap_err(),
        staffed
            .desk
            .send_notice(&old, &self::to(&to, true))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(
            (fault.code(), fault.kind()),
            ("notice-replaced", Kind::Input)
        );
        assert!(fault.what().contains(new.as_str()), "{fault}");
    }
    let about = About::Notice(old.clone());
    let approved = Event::NoticeApproved {
        notice: old.clone(),
        text: draft.digest,
        signed: staffed.signed(about, draft.digest, Decision::Approve, "Cy", "Cy"),
        apart: false,
    };
    let sending = Event::NoticeSending {
        notice: old,
        text: draft.digest,
        to: to.to_vec(),
        message_id: "<1@example.test>".into(),
        mail: None,
        sealed: None,
        apart: false,
    };
    for event in [approved, sending] {
        let report = staffed.continued(vec![event.clone()]);
        assert!(
            said(&report, "the draft was replaced by"),
            "{}",
            report.text()
        );
        let refused = staffed.append(event).await.unwrap_err();
        assert!(refused.contains("was replaced by"), "{refused}");
    }
    staffed.approve(&new, "Bo").await.unwrap();
}

#[tokio::test]
async fn an_address_that_a_provider_shows_of_the_account_is_the_account_holders() {
    let (staffed, _) = with_candidates(&["a"]).await;
    let (notice, _) = staffed.desk.draft("ic3").await.unwrap();
    let may = || staffed.desk.summary().notices[0].may.clone();
    assert_eq!(may(), ["Bo", "Cy", "Bo at home", "Ash"]);
    staffed
        .desk
        .choose("okta", "a", "seen", false)
        .await
        .unwrap();
    assert_eq!(may(), ["Bo", "Cy", "Bo at home"]);
    let fault = staffed.approve(&notice, "Ash").await.unwrap_err();
    assert!(fault.what().contains("`a@private.test`"), "{fault}");
}

#[tokio::test]
async fn a_notice_goes_neither_to_the_account_holder_nor_to_whoever_made_contact() {
    let (staffed, _) = with_candidates(&["a"]).await;
    staffed
        .desk
        .choose("okta", "a", "seen", false)
        .await
        .unwrap();
    let mail = b"From: X <pay@demand.test>\r\nTo: bo@example.test, legal@example.test, y@else.test\r\nSubject: s\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n";
    staffed
        .desk
        .contact_mail("x.eml", mail.to_vec())
        .await
        .unwrap();
    let (notice, draft) = staffed.desk.draft("executive").await.unwrap();
    staffed.approve(&notice, "Bo").await.unwrap();
    for to in [
        "person@example.test",
        "Counsel <Person+x@EXAMPLE.test>",
        "a+b@private.test",
        "rob@x.test, pay@demand.test",
        "Pay+1@demand.test",
        "y@else.test",
    ] {
        let to = ["office@example.test".to_owned(), to.to_owned()];
        let fault = staffed
            .desk
            .send_notice(&notice, &self::to(&to, true))
            .await;
        let fault = fault.unwrap_err();
        assert_eq!(
            (fault.code(), fault.kind()),
            ("recipient", Kind::Input),
            "{to:?}"
        );
        let sending = Event::NoticeSending {
            notice: notice.clone(),
            text: draft.digest,
            to: to.to_vec(),
            message_id: "<1@example.test>".into(),
            mail: None,
            sealed: None,
            apart: false,
        };
        let report = staffed.continued(vec![sending.clone()]);
        assert!(said(&report, "a notice never goes to"), "{}", report.text());
        let refused = staffed.append(sending).await.unwrap_err();
        assert!(refused.contains("a notice never goes to"), "{refused}");
    }
    // Whom the demand was sent to of ours may read about it.
    let to = [
        "bo@example.test".to_owned(),
        "legal@example.test".to_owned(),
    ];
    let fault = staffed
        .desk
        .send_notice(&notice, &self::to(&to, true))
        .await;
    assert_eq!(fault.unwrap_err().code(), "no-mail", "it may go out now");
}

#[tokio::test]
async fn a_start_is_one_of_the_candidates_or_meant_and_possible_and_says_whose_choice_it_is() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    desk.propose_clocks().await.unwrap();
    let clock = desk.clocks().remove(0);
    let candidate = clock.candidates[0].at;
    let shown = || {
        let mut clocks = desk.clocks().into_iter();
        clocks.find(|one| one.id == clock.id).unwrap()
    };
    assert_eq!((shown().start_is, shown().choice()), ("earliest", None));
    let name = clock.id.as_str();
    let at = |text: &str| -> cordon::time::Timestamp { text.parse().unwrap() };
    for (start, other) in [
        (at("2099-01-01T00:00:00Z"), true),
        (at("2099-01-01T00:00:00Z"), false),
        (at("1990-01-01T00:00:00Z"), true),
        (candidate - jiff::SignedDuration::from_hours(1), false),
    ] {
        let fault = desk
            .choose_start(name, start, other, "x", Vec::new())
            .await
            .unwrap_err();
        assert_eq!((fault.code(), fault.kind()), ("clock-start", Kind::Input));
    }
    for start in ["2099-01-01T00:00:00Z", "1990-01-01T00:00:00Z"] {
        let chosen = Event::ClockChosen {
            clock: clock.id.clone(),
            start: at(start),
            reason: "x".into(),
            facts: Vec::new(),
        };
        let refused = staffed.append(chosen).await.unwrap_err();
        assert!(
            refused.contains("the start of this clock lies"),
            "{refused}"
        );
    }
    assert_eq!(shown().start_is, "earliest");
    // As a person reads it off the list: to the second.
    let read = at(&cordon::time::utc(candidate));
    desk.choose_start(name, read, false, "counsel", Vec::new())
        .await
        .unwrap();
    assert_eq!((shown().start, shown().start_is), (candidate, "chosen"));
    let said = "chosen because “counsel” by operator tester";
    assert_eq!(shown().choice().unwrap(), said);
    let earlier = candidate - jiff::SignedDuration::from_hours(24 * 29);
    desk.choose_start(name, earlier, true, "a letter", Vec::new())
        .await
        .unwrap();
    let json = serde_json::to_value(desk.summary()).unwrap();
    let clocks = json["clocks"].as_array().unwrap();
    let json = clocks.iter().find(|one| one["id"] == name).unwrap();
    assert_eq!(json["chosen"]["reason"], "a letter");
    assert_eq!(json["chosen"]["by"], "operator tester");
    let due = cordon::app::summary::due(&desk.summary(), &jiff::tz::TimeZone::UTC);
    let due = due.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        due.contains("because “a letter” by operator tester"),
        "{due}"
    );
}

#[tokio::test]
async fn a_paper_of_the_house_is_mailed_to_its_list_alone_and_a_form_or_a_letter_to_nobody() {
    let staffed = Staffed::new().await;
    let tried = async |template: &str, addresses: &[&str]| {
        let (notice, _) = staffed.desk.draft(template).await.unwrap();
        for name in ["Bo", "Cy"] {
            // Some need one person.
            let _ = staffed.approve(&notice, name).await;
        }
        let to: Vec<String> = addresses.iter().map(|&one| one.to_owned()).collect();
        let sent = staffed
            .desk
            .send_notice(&notice, &self::to(&to, true))
            .await;
        sent.unwrap_err()
    };
    for template in ["executive", "dpo", "litigation-hold"] {
        let goes = tried(template, &["bo@example.test", "Cy <cy@example.test>"]).await;
        assert_eq!(goes.code(), "no-mail", "{template}: it may go out");
        for other in [
            "anybody@other.test",
            "x",
            "cy@example.test, anybody@other.test",
        ] {
            let fault = tried(template, &["bo@example.test", other]).await;
            assert_eq!(fault.code(), "not-on-the-list", "{template}: {fault}");
            assert_eq!(fault.place(), Some(other));
            assert!(fault.hints()[0].contains("legal"), "{fault}");
        }
    }
    // Also of those who have to do with the case.
    let hr = tried("executive", &["hal@example.test"]).await;
    assert_eq!(hr.code(), "not-on-the-list", "{hr}");
    for template in ["ic3", "uk-ico-33", "nca-sar"] {
        let fault = tried(template, &["office@other.test"]).await;
        assert_eq!(fault.code(), "not-by-mail", "{template}: {fault}");
        assert!(fault.hints()[1].contains("notice dispatch"), "{fault}");
    }
    let goes = tried("insurer", &["claims@other.test"]).await;
    assert_eq!(goes.code(), "no-mail", "it may go out");
}

#[tokio::test]
async fn the_log_keeps_who_told_a_private_party_what_is_suspected() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    let said = cordon::case::event::Statement {
        apart: None,
        key: "suspicion.basis".into(),
        value: "the device was used from elsewhere".into(),
        de: None,
        pt: None,
        standing: cordon::case::event::Standing::Suspicion,
        evidence: Vec::new(),
        note: String::new(),
    };
    desk.fact_record(said).await.unwrap();
    let words = "(suspicion) the device was used from elsewhere";
    for (template, asked, told) in [
        ("insurer", false, false),
        ("insurer", true, true),
        // An authority is told as ever: there is nothing that a person would have to say.
        ("ic3", true, false),
    ] {
        let (notice, draft) = desk.draft_with(template, asked).await.unwrap();
        let stands = draft.text.contains(words);
        assert_eq!(stands, told || template == "ic3", "{}", draft.text);
        let last = desk.log.entries().unwrap().pop().unwrap();
        let line = serde_json::to_value(&last).unwrap().to_string();
        assert_eq!(line.contains("\"suspicion\":true"), told, "{line}");
        assert!(!line.contains("\"suspicion\":false"), "{line}");
        let (record, _) = desk.notice(&notice).unwrap();
        assert_eq!(record.withheld, draft.withheld);
        let silent = template == "insurer" && !told;
        assert_eq!(record.withheld.is_empty(), !silent, "{record:?}");
        let version = &record.versions[0];
        assert_eq!(version.by, desk.by.to_string());
        assert_eq!(version.reason.ends_with("with what is suspected"), told);
    }
}
