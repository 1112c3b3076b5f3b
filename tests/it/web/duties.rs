//! Duties in the pages: a person records instants, answers, receipts; readers see and cannot.

use cordon::clock;
use cordon::id::CaseId;
use http::StatusCode;

use super::{Answer, Office, at};

async fn tell(office: &Office, case: &CaseId, what: &str, when: &str) -> Answer {
    let fields = [
        ("what", what),
        ("at", when),
        ("zone", "Europe/Berlin"),
        ("reason", "the host <script>alert(1)</script> said"),
    ];
    office.post("Leg", &at(case, "/instants"), &fields).await
}

/// A case, and an instant an hour ago.
async fn case(office: &Office) -> (CaseId, String) {
    let desk = office.case("Access review").await;
    let hour_ago = desk.now() - jiff::SignedDuration::from_hours(1);
    (desk.log.case().clone(), hour_ago.to_string())
}

/// A case in which property became blocked, and the path of the clock.
async fn blocked(office: &Office) -> (CaseId, String) {
    let (case, when) = case(office).await;
    let done = tell(office, &case, "property_blocked", &when).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let state = office.app.peek(case.as_str()).unwrap();
    let found = clock::find(&state, "us.ofac.blocked_initial.initial").unwrap();
    let own = at(&case, &format!("/clocks/{}", found.start.id));
    (case, own)
}

#[tokio::test]
async fn an_instant_that_cannot_be_is_refused_and_one_that_can_starts_its_clock() {
    let office = Office::new();
    let (case, when) = case(&office).await;
    let page = office.get("Leg", &at(&case, "/clocks")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("No instant was recorded"));
    assert!(page.body.contains("us.ofac.blocked_initial.initial"));
    assert!(
        page.body
            .contains("nobody recorded that property became blocked")
    );
    // An hour that comes twice, one that never comes, the future, and nothing that is known.
    for (what, when) in [
        ("suspected", "2026-10-25T02:30"),
        ("suspected", "2026-03-29T02:30"),
        ("suspected", "2099-01-01T00:00:00Z"),
        ("imagined", when.as_str()),
        ("previous_stage_submitted", when.as_str()),
    ] {
        let refused = tell(&office, &case, what, when).await;
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        assert_eq!(refused.status, status, "{what} {when}");
    }
    let done = tell(&office, &case, "property_blocked", &when).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = office.get("Leg", &at(&case, "/clocks")).await.body;
    assert!(
        page.contains("Initial report on blocked property"),
        "{page}"
    );
    assert!(
        page.contains("recorded by Leg") && !page.contains("<script>alert"),
        "{page}"
    );
}

#[tokio::test]
async fn the_page_of_a_clock_tells_its_duty_and_a_reader_can_do_nothing() {
    let office = Office::new();
    let (_, own) = blocked(&office).await;
    let clock = office.get("Leg", &own).await.body;
    for said in [
        "10 business days (us_federal)",
        "sanctions counsel",
        "31 CFR 501.603",
        "law.cornell.edu",
        "primary, read 2026-11-21",
        "Do not return money",
        "Nobody has answered",
        "Record the receipt",
        "America/New_York",
        "us.ofac.rejected",
        // What its notice asks for, as people record it.
        "property.date_blocked",
        "transaction.parties",
    ] {
        assert!(clock.contains(said), "{said}\n{clock}");
    }
    // A name of the catalogue that nobody can record.
    assert!(!clock.contains("filer.contact"), "{clock}");
    let reader = office.get("Exe", &own).await.body;
    assert!(reader.contains("31 CFR 501.603") && !reader.contains("Record the receipt"));
    assert!(!reader.contains("name=\"answer\""));
}

#[tokio::test]
async fn answers_a_receipt_and_a_withdrawal_change_what_a_clock_says() {
    let office = Office::new();
    let (case, own) = blocked(&office).await;
    let answers = format!("{own}/answer");
    let answer = async |question, answer, reason| {
        let fields = [
            ("question", question),
            ("answer", answer),
            ("reason", reason),
        ];
        office.post("Leg", &answers, &fields).await
    };
    let done = answer("us_person", "no", "no nexus").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let clock = office.get("Leg", &own).await.body;
    assert!(clock.contains("It does not apply") && clock.contains("no nexus"));
    let refused = answer("moon", "no", "no").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer("us_person", "yes", "it was wrong").await;
    let receipt = [("reference", "ORS-1"), ("at", ""), ("zone", "UTC")];
    let path = format!("{own}/receipt");
    let done = office.post("Leg", &path, &receipt).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let clock = office.get("Leg", &own).await.body;
    assert!(clock.contains("receipted") && clock.contains("ORS-1"));
    // The instant is taken back: the receipt rests on nothing that stands.
    let state = office.app.peek(case.as_str()).unwrap();
    let instant = state.instants.keys().next().unwrap();
    let back = at(&case, &format!("/instants/{instant}/withdraw"));
    let why = [("reason", "another case")];
    let done = office.post("Leg", &back, &why).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = office.get("Leg", &at(&case, "/clocks")).await.body;
    assert!(page.contains("Withdrawn by Leg") && page.contains("another case"));
}

#[tokio::test]
async fn a_notice_that_is_handed_in_meets_its_stage_and_a_receipt_is_taken_back() {
    let office = Office::new();
    let (case, when) = case(&office).await;
    tell(&office, &case, "aware_reasonable_certainty", &when).await;
    let state = office.app.peek(case.as_str()).unwrap();
    let of = |rule: &str| {
        let found = clock::find(&state, rule).unwrap();
        at(&case, &format!("/clocks/{}", found.start.id))
    };
    let (warning, second) = (
        of("de.bsig.32.early_warning"),
        of("de.bsig.32.notification"),
    );
    // The notice of the second stage shows the time of the second, not of the first.
    let drafted = [("notice", "nis2-de-notification")];
    let done = office.post("Leg", &at(&case, "/notices"), &drafted).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let notice = {
        let state = office.app.peek(case.as_str()).unwrap();
        state.notices.keys().next().unwrap().clone()
    };
    let own = at(&case, &format!("/notices/{notice}"));
    let page = office.get("Leg", &own).await.body;
    let top = page.split_once("id=\"stands\"").unwrap().1;
    let (top, _) = top.split_once("</section>").unwrap();
    assert!(top.contains(&second) && !top.contains(&warning), "{top}");
    let clock = office.get("Leg", &second).await.body;
    assert!(clock.contains(notice.as_str()) && clock.contains("A draft that answers it"));
    // Approved by both, handed in by a person.
    let binds = {
        let from = page.split_once("/do/approve").unwrap().1;
        let from = from.split_once("name=\"on\" value=\"").unwrap().1;
        from.split_once('"').unwrap().0.to_owned()
    };
    for who in ["Leg", "Lea"] {
        let fields = [("on", binds.as_str()), ("reason", "read")];
        let done = office
            .post(who, &format!("{own}/do/approve"), &fields)
            .await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{who}: {}", done.body);
    }
    let out = [
        ("how", "portal"),
        ("to", "the BSI portal"),
        ("incomplete", "yes"),
    ];
    let done = office
        .post("Leg", &format!("{own}/do/dispatch"), &out)
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let clock = office.get("Leg", &second).await.body;
    assert!(
        clock.contains("mark-met") && clock.contains(&format!("met by notice {notice}")),
        "{clock}"
    );
    assert!(clock.contains("(on time)"), "{clock}");
    let list = office.get("Leg", &at(&case, "/clocks")).await.body;
    assert!(list.contains("Final report"), "the next stage runs: {list}");
    // The first stage was told by telephone; that was another case.
    let receipt = [("reference", "by telephone"), ("at", ""), ("zone", "UTC")];
    office
        .post("Leg", &format!("{warning}/receipt"), &receipt)
        .await;
    let clock = office.get("Leg", &warning).await.body;
    assert!(
        clock.contains("a filing outside of Cordon (by telephone)"),
        "{clock}"
    );
    let why = [("reason", "another <b>case</b>")];
    let back = format!("{warning}/receipt/withdraw");
    let done = office.post("Leg", &back, &why).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let clock = office.get("Leg", &warning).await.body;
    assert!(
        clock.contains("mark-running") && clock.contains("was taken back by Leg"),
        "{clock}"
    );
    assert!(!clock.contains("<b>case"), "{clock}");
    let again = office.post("Leg", &back, &why).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_instant_leads_to_what_shows_it_and_deadlines_to_a_calendar() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    let when = (desk.now() - jiff::SignedDuration::from_hours(1)).to_string();
    let kept = desk.recorder.keep_file(
        "letter.txt",
        "text/plain",
        "a letter".into(),
        "A <i>letter</i>",
    );
    let item = kept.await.unwrap();
    desk.finish().await.unwrap();
    drop(desk);
    let fields = [
        ("what", "property_blocked"),
        ("at", when.as_str()),
        ("zone", "UTC"),
        ("reason", "the bank said so"),
        ("evidence", item.as_str()),
    ];
    let done = office.post("Leg", &at(&case, "/instants"), &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let state = office.app.peek(case.as_str()).unwrap();
    let found = clock::find(&state, "us.ofac.blocked_initial.initial").unwrap();
    let own = at(&case, &format!("/clocks/{}", found.start.id));
    let list = at(&case, "/clocks");
    let shown = at(&case, &format!("/evidence/{item}"));
    let shown = format!("<a href=\"{shown}\">A &lt;i&gt;letter&lt;/i&gt;</a>");
    for path in [&list, &own] {
        let page = office.get("Leg", path).await.body;
        assert_eq!(page.matches(&shown).count(), 1, "{page}");
        // Who may see no evidence is not sent there.
        let page = office.get("Exe", path).await.body;
        assert!(!page.contains("Shown by"), "{page}");
    }
    let calendar = format!("{list}.ics");
    let page = office.get("Exe", &list).await.body;
    assert!(page.contains(&format!("href=\"{calendar}\"")), "{page}");
    let got = office.get("Exe", &calendar).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.body);
    assert_eq!(got.headers["content-type"], "text/calendar; charset=utf-8");
    let saved = got.headers["content-disposition"].to_str().unwrap();
    assert!(
        saved.starts_with(&format!("attachment; filename=\"{case}.ics\"")),
        "{saved}"
    );
    assert!(got.body.starts_with("BEGIN:VCALENDAR\r\n"));
    assert!(got.body.ends_with("END:VCALENDAR\r\n"));
    assert!(
        got.body.contains("us.ofac.blocked_initial.initial"),
        "{}",
        got.body
    );
}

#[tokio::test]
async fn suspicion_opens_the_hold_and_a_fact_that_changes_is_told_at_the_clock() {
    let office = Office::new();
    let (case, when) = case(&office).await;
    let holds = || office.app.peek(case.as_str()).unwrap().hold.is_some();
    assert!(!holds());
    tell(&office, &case, "suspected", &when).await;
    assert!(holds());
    tell(&office, &case, "aware_reasonable_certainty", &when).await;
    let state = office.app.peek(case.as_str()).unwrap();
    let found = clock::find(&state, "eu.gdpr.33").unwrap();
    let own = at(&case, &format!("/clocks/{}", found.start.id));
    let start = found.start.candidates.first().map(|one| one.at);
    let start = start.unwrap_or_else(|| state.starts(&found.start.id)[0].at);
    let start = start.to_string();
    let choose = |facts| {
        [
            ("start", start.as_str()),
            ("reason", "counsel"),
            ("facts", facts),
        ]
    };
    let unknown = office.post("Leg", &own, &choose("no.fact")).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = office.post("Leg", &own, &choose("breach.cause")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let fact = [
        ("key", "breach.cause"),
        ("value", "a <b>laptop</b>"),
        ("standing", "suspicion"),
    ];
    let done = office.post("Leg", &at(&case, "/facts"), &fact).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = office.get("Leg", &own).await.body;
    assert!(
        page.contains("Look again") && page.contains("before not recorded"),
        "{page}"
    );
    assert!(!page.contains("<b>laptop"), "{page}");
}
