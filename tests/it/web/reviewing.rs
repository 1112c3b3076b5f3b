//! How a lawyer reviews a notice in the pages: reads, comments, changes, approves, hands in.

use axum::body::Body;
use axum::extract::Request;
use http::StatusCode;

use super::{CSRF, Office, at};

/// The value of the first hidden field of that name.
fn field(page: &str, name: &str) -> String {
    let from = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&from).unwrap().1;
    rest.split_once('"').unwrap().0.to_owned()
}

/// The number of the paragraph that begins with `words`.
fn paragraph(page: &str, words: &str) -> String {
    let before = page.split_once(words).unwrap().0;
    let from = before.rsplit_once("id=\"b").unwrap().1;
    from.split_once('"').unwrap().0.to_owned()
}

/// A form with files, as browsers send it.
async fn bring(office: &Office, path: &str, csrf: &str, name: &str, bytes: &str) -> StatusCode {
    let part = |head: &str, body: &str| {
        format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let body = [
        part("name=\"csrf\"", csrf),
        part("name=\"reference\"", "I-1"),
        part(&format!("name=\"file\"; filename=\"{name}\""), bytes),
        "--x--\r\n".to_owned(),
    ]
    .concat();
    let request = Request::post(path).header("content-type", "multipart/form-data; boundary=x");
    office
        .ask(Some("Leg"), request, Body::from(body))
        .await
        .status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_reviewed_approved_and_handed_in_by_the_pages_alone() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let (notice, _) = desk.draft("executive").await.unwrap();
    desk.finish().await.unwrap();
    let path = at(desk.log.case(), &format!("/notices/{notice}"));
    drop(desk);
    let page = office.get("Leg", &path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    for said in [
        "id=\"e1\"",
        "href=\"#e1\"",
        "collected by cordon",
        "sha256 ",
        "Approve exactly this",
    ] {
        assert!(page.body.contains(said), "{said}\n{}", page.body);
    }
    let number = paragraph(&page.body, "What was taken?");
    let page = office.get("Leg", &format!("{path}?block={number}")).await;
    assert!(page.body.contains("Other words for it"), "{}", page.body);
    let (on, before) = (field(&page.body, "on"), field(&page.body, "before"));
    let after = "What was taken? <b>Nobody</b> knows yet.";
    let words = [
        ("on", on.as_str()),
        ("block", &number),
        ("before", &before),
        ("after", after),
        ("reason", "plainer"),
    ];
    let done = office
        .post("Leg", &format!("{path}/do/suggest"), &words)
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let remark = [
        ("on", on.as_str()),
        ("block", &number),
        ("quote", "taken"),
        ("text", "by whom?"),
    ];
    office
        .post("Leg", &format!("{path}/do/comment"), &remark)
        .await;
    let page = office.get("Exe", &path).await;
    assert!(
        page.body.contains("by whom?") && page.body.contains("<ins>"),
        "{}",
        page.body
    );
    assert!(
        !page.body.contains("Take suggestion"),
        "who may not work on it is not asked to"
    );
    // Approved, and made void by one changed word.
    let approve = |binds: &str| {
        [
            ("on".to_owned(), binds.to_owned()),
            ("reason".to_owned(), "read".to_owned()),
        ]
    };
    let page = office.get("Leg", &path).await;
    let binds = field(page.body.split_once("/do/approve").unwrap().1, "on");
    let fields = approve(&binds);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let done = office
        .post("Leg", &format!("{path}/do/approve"), &fields)
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let done = office
        .post("Leg", &format!("{path}/do/take"), &[("number", "1")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = office.get("Leg", &path).await;
    assert!(
        page.body.contains("Void: the approval of Leg"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("&lt;b&gt;Nobody&lt;/b&gt; knows yet."),
        "{}",
        page.body
    );
    assert!(!page.body.contains("<b>Nobody"));
    let old = office
        .post("Leg", &format!("{path}/do/approve"), &fields)
        .await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    let redline = office.get("Leg", &format!("{path}/redline")).await;
    assert!(
        redline.body.contains("<del>") && redline.body.contains("1 paragraph changed"),
        "{}",
        redline.body
    );
    // A file binds too, and only a page of the session brings one.
    assert_eq!(
        bring(
            &office,
            &format!("{path}/bring/attach"),
            "forged",
            "a.csv",
            "a"
        )
        .await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        bring(&office, &format!("{path}/bring/attach"), CSRF, "a.csv", "a").await,
        StatusCode::SEE_OTHER
    );
    let page = office.get("Leg", &path).await;
    let binds = field(page.body.split_once("/do/approve").unwrap().1, "on");
    let fields = approve(&binds);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    office
        .post("Leg", &format!("{path}/do/approve"), &fields)
        .await;
    let out = [
        ("how", "hand"),
        ("to", "the executive"),
        ("incomplete", "yes"),
    ];
    let done = office
        .post("Leg", &format!("{path}/do/dispatch"), &out)
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert_eq!(
        bring(
            &office,
            &format!("{path}/bring/receipt"),
            CSRF,
            "r.pdf",
            "%PDF-"
        )
        .await,
        StatusCode::SEE_OTHER
    );
    let page = office.get("Leg", &path).await;
    assert!(
        page.body.contains("answered") && page.body.contains("I-1"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("/do/approve"), "{}", page.body);
    let text = office.get("Leg", &format!("{path}/as/txt")).await;
    assert!(
        text.body.contains("<b>Nobody</b> knows yet."),
        "{}",
        text.body
    );
}
