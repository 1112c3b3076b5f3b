//! The list of notices, and the text of one field by field for a form.

use http::StatusCode;

use super::{CSRF, Office, at};

/// What stands between two marks.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let rest = page.split_once(from).unwrap().1;
    rest.split_once(to).unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_puts_first_what_a_running_duty_asks_for_and_drafts_it() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    let hour_ago = desk.now() - jiff::SignedDuration::from_hours(1);
    drop(desk);
    let path = at(&case, "/notices");
    let page = office.get("Leg", &path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Nothing is drafted."), "{}", page.body);
    let all = cordon::notice::names().len();
    assert!(page.body.contains(&format!("{all} notices.")));
    let groups = page.body.split_once("id=\"all\"").unwrap().1;
    assert_eq!(groups.matches("name=\"notice\"").count(), all);
    assert_eq!(groups.matches("<details").count(), 7);
    assert!(!groups.contains(" open>"), "calm to look at");
    let fields = [
        ("what", "property_blocked"),
        ("at", &hour_ago.to_string()),
        ("zone", "UTC"),
        ("reason", "the bank said so"),
    ];
    let told = office.post("Leg", &at(&case, "/instants"), &fields).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.body);
    let page = office.get("Leg", &path).await.body;
    let due = between(&page, "id=\"due\"", "id=\"all\"");
    assert!(due.contains("value=\"ofac-blocked\""), "{due}");
    assert!(due.contains("Initial report on blocked property"), "{due}");
    let times: Vec<&str> = (due.split("due <time datetime=\"").skip(1))
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect();
    assert!(times.is_sorted() && !times.is_empty(), "{times:?}");
    // A draft leads to its page, and the list has it with its stage.
    let unknown = office.post("Leg", &path, &[("notice", "../ic3")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = office
        .post("Leg", &path, &[("notice", "ofac-blocked")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let to = done.headers["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with(&format!("{path}/notice_")), "{to}");
    assert_eq!(office.get("Leg", &to).await.status, StatusCode::OK);
    let page = office.get("Leg", &path).await.body;
    let drafts = between(&page, "id=\"drafts\"", "id=\"due\"");
    assert!(drafts.contains(&to) && drafts.contains("mark-notice"));
    assert!(page.contains("Draft anew"), "{page}");
    // Who cannot draft sees the drafts alone, and a form of elsewhere drafts nothing.
    let reader = office.get("Exe", &path).await.body;
    assert!(reader.contains(&to) && !reader.contains("name=\"notice\""));
    let fields = [("csrf", "forged"), ("notice", "ic3")];
    let forged = office.send("Leg", &path, &fields).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let fields = [("csrf", CSRF), ("notice", "ic3")];
    let theirs = office.send("Exe", &path, &fields).await;
    assert_eq!(theirs.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_for_a_form_stands_field_by_field_and_nothing_in_it_acts() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    let say = |value: String| cordon::case::event::Statement {
        apart: None,
        key: "suspicion.discovery".into(),
        value,
        de: None,
        pt: None,
        standing: cordon::case::event::Standing::Suspicion,
        evidence: Vec::new(),
        note: String::new(),
    };
    let bad = "</textarea><script>alert(1)</script> Seen. ";
    desk.fact_record(say(bad.into())).await.unwrap();
    let (notice, _) = desk.draft("ic3").await.unwrap();
    let (inside, _) = desk.draft("executive").await.unwrap();
    desk.finish().await.unwrap();
    drop(desk);
    let own = at(&case, &format!("/notices/{notice}"));
    let sheet = office.get("Leg", &own).await.body;
    assert!(sheet.contains(&format!("{own}/fields")), "{sheet}");
    let page = office.get("Leg", &format!("{own}/fields")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let page = page.body;
    for said in [
        "Cordon never submits",
        "This text is not approved.",
        "<label for=\"f1\">Who is filing: name</label>",
        ">Description of the incident</label>",
        " of at most 3500 characters",
        "A fact is missing",
        "aria-label=\"Copy: Description of the incident\"",
        "src=\"/assets/copy.js\"",
        "&lt;/textarea&gt;&lt;script&gt;alert(1)",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert_eq!(page.matches("<script").count(), 1, "ours alone");
    assert!(!page.contains("[e1]"), "numbers of evidence stay here");
    let fields = page.matches("<textarea").count();
    assert_eq!(fields, page.matches("readonly").count());
    assert_eq!(fields, page.matches("data-copy=").count());
    let script = office.get("Leg", "/assets/copy.js").await;
    assert!(script.body.contains("navigator.clipboard"));
    // What goes into no form has no such page, and no way to it.
    let other = at(&case, &format!("/notices/{inside}"));
    let none = office.get("Leg", &format!("{other}/fields")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(!office.get("Leg", &other).await.body.contains("/fields\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_suspected_is_ticked_for_a_private_party_and_asked_of_no_other() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    let said = cordon::case::event::Statement {
        apart: None,
        key: "suspicion.basis".into(),
        value: "used from elsewhere".into(),
        de: None,
        pt: None,
        standing: cordon::case::event::Standing::Suspicion,
        evidence: Vec::new(),
        note: String::new(),
    };
    desk.fact_record(said).await.unwrap();
    desk.finish().await.unwrap();
    drop(desk);
    let path = at(&case, "/notices");
    let page = office.get("Leg", &path).await.body;
    let choice = |name: &str| -> String {
        let (before, _) = page.split_once(&format!("value=\"{name}\"")).unwrap();
        before.rsplit("<form").next().unwrap().to_owned()
    };
    assert!(choice("insurer").contains("name=\"suspicion\""));
    assert!(!choice("ic3").contains("name=\"suspicion\""));
    for (ticked, told) in [("", false), ("yes", true)] {
        let fields = [("notice", "insurer"), ("suspicion", ticked)];
        let done = office.post("Leg", &path, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let to = done.headers["location"].to_str().unwrap();
        let sheet = office.get("Leg", to).await.body;
        assert_eq!(sheet.contains("used from elsewhere"), told, "{sheet}");
        assert_eq!(sheet.contains("Left out as a suspicion"), !told, "{sheet}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_too_long_is_said_and_a_changed_fact_by_its_name() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    let say = |value: String| cordon::case::event::Statement {
        apart: None,
        key: "incident.unknown".into(),
        value,
        de: None,
        pt: None,
        standing: cordon::case::event::Standing::Suspicion,
        evidence: Vec::new(),
        note: String::new(),
    };
    desk.fact_record(say("short".into())).await.unwrap();
    let (notice, _) = desk.draft("ic3").await.unwrap();
    desk.fact_record(say("another".into())).await.unwrap();
    // A person puts too much into a section with a limit.
    let (record, text) = desk.notice(&notice).unwrap();
    let document = cordon::document::Document::parse(&text);
    let mut blocks = document.blocks.iter();
    let heading = blocks
        .rfind(|block| block.source.starts_with("Earlier reports"))
        .unwrap();
    let change = cordon::document::Change {
        block: heading.index,
        before: String::new(),
        after: "w ".repeat(600),
    };
    desk.edit_notice(&notice, record.text, change, "longer")
        .await
        .unwrap();
    desk.finish().await.unwrap();
    drop(desk);
    let own = at(&case, &format!("/notices/{notice}"));
    let page = office.get("Leg", &format!("{own}/fields")).await.body;
    assert!(page.contains("Too long by "), "{page}");
    assert!(page.contains("Too long for the form: 1 of"), "{page}");
    let label = cordon::notice::dictionary::known("incident.unknown").unwrap();
    let label = label.label(cordon::notice::Language::En);
    let sheet = office.get("Leg", &own).await.body;
    let facts = at(&case, "/facts#incident.unknown");
    assert!(
        sheet.contains(&format!("<a href=\"{facts}\">{label}</a>")),
        "{sheet}"
    );
    // Who cannot record facts is not sent there.
    let reader = office.get("Exe", &own).await.body;
    assert!(reader.contains(label) && !reader.contains(&facts));
}
