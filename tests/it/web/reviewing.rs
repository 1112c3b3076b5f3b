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

/// The first link of a page that goes below `from`.
fn link(page: &str, from: &str) -> String {
    let rest = page.split_once(&format!("href=\"{from}")).unwrap().1;
    format!("{from}{}", rest.split_once('"').unwrap().0)
}

/// A form with files, as browsers send it.
async fn bring(office: &Office, path: &str, csrf: &str, name: &str, bytes: &str) -> StatusCode {
    let part = |head: &str, body: &str| {
        format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let body = [
        part("name=\"csrf\"", csrf),
        part("name=\"reference\"", "I-1"),
        part("name=\"title\"", "A letter <of> an authority"),
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

/// The id of the case of a path.
fn case_of(path: &str) -> &str {
    path.split('/').nth(2).unwrap()
}

/// A draft in an office, and the path of its page.
struct Reviewed {
    office: Office,
    path: String,
}

impl Reviewed {
    async fn draft() -> Self {
        Self::of("executive").await
    }

    async fn of(template: &str) -> Self {
        let office = Office::new();
        let desk = office.case("Access review").await;
        let (notice, _) = desk.draft(template).await.unwrap();
        desk.finish().await.unwrap();
        let path = at(desk.log.case(), &format!("/notices/{notice}"));
        drop(desk);
        Self { office, path }
    }

    async fn page(&self, name: &str, end: &str) -> String {
        let page = self.office.get(name, &format!("{}{end}", self.path)).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        page.body
    }

    /// Sends a form of the page; what it was answered with.
    async fn act(&self, act: &str, fields: &[(&str, &str)]) -> StatusCode {
        let path = format!("{}/do/{act}", self.path);
        self.office.post("Leg", &path, fields).await.status
    }

    async fn bring(&self, act: &str, csrf: &str, name: &str, bytes: &str) -> StatusCode {
        bring(
            &self.office,
            &format!("{}/bring/{act}", self.path),
            csrf,
            name,
            bytes,
        )
        .await
    }

    /// What the page as it stands asks an approval to bind.
    async fn binds(&self) -> String {
        let page = self.page("Leg", "").await;
        field(page.split_once("/do/approve").unwrap().1, "on")
    }

    async fn approve(&self, binds: &str) -> StatusCode {
        self.act("approve", &[("on", binds), ("reason", "read")])
            .await
    }

    /// Suggests other words for the paragraph that begins with `words`.
    async fn suggest(&self, words: &str, after: &str) {
        let number = paragraph(&self.page("Leg", "").await, words);
        let page = self.page("Leg", &format!("?block={number}")).await;
        assert!(page.contains("Other words for it"), "{page}");
        let (on, before) = (field(&page, "on"), field(&page, "before"));
        let suggested = [
            ("on", on.as_str()),
            ("block", &number),
            ("before", &before),
            ("after", after),
            ("reason", "plainer"),
        ];
        assert_eq!(self.act("suggest", &suggested).await, StatusCode::SEE_OTHER);
        let remark = [
            ("on", on.as_str()),
            ("block", &number),
            ("quote", "taken"),
            ("text", "by whom?"),
        ];
        assert_eq!(self.act("comment", &remark).await, StatusCode::SEE_OTHER);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_what_a_text_stands_on_and_one_changed_word_voids_its_approval() {
    let review = Reviewed::draft().await;
    let page = review.page("Leg", "").await;
    for said in [
        "id=\"e1\"",
        "href=\"#e1\"",
        "collected by cordon",
        "sha256 ",
        "Approve exactly this",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    let after = "What was taken? <b>Nobody</b> knows yet.";
    review.suggest("What was taken?", after).await;
    let page = review.page("Exe", "").await;
    assert!(
        page.contains("by whom?") && page.contains("<ins>"),
        "{page}"
    );
    assert!(
        !page.contains("Take suggestion"),
        "who may not is not asked"
    );
    let binds = review.binds().await;
    assert_eq!(review.approve(&binds).await, StatusCode::SEE_OTHER);
    assert_eq!(
        review.act("take", &[("number", "1")]).await,
        StatusCode::SEE_OTHER
    );
    let page = review.page("Leg", "").await;
    assert!(page.contains("Void: the approval of Leg"), "{page}");
    assert!(
        page.contains("&lt;b&gt;Nobody&lt;/b&gt; knows yet."),
        "{page}"
    );
    assert!(!page.contains("<b>Nobody"));
    let old = review.approve(&binds).await;
    assert_eq!(old, StatusCode::UNPROCESSABLE_ENTITY);
    let redline = review.page("Leg", "/redline").await;
    assert!(
        redline.contains("<del>") && redline.contains("1 paragraph changed"),
        "{redline}"
    );
    let text = review.page("Leg", "/as/txt").await;
    assert!(text.contains("<b>Nobody</b> knows yet."), "{text}");
}

/// The choices of a field: what each is sent as, and whether it is chosen.
fn options(page: &str, name: &str) -> Vec<(String, bool)> {
    let select = page.split_once(&format!("name=\"{name}\">")).unwrap().1;
    let select = select.split_once("</select>").unwrap().0;
    let option = |part: &str| {
        let (value, rest) = part.split_once('"').unwrap();
        (value.to_owned(), rest.starts_with(" selected"))
    };
    let parts = select.split("<option value=\"").skip(1);
    parts.map(option).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_two_versions_are_compared_also_two_that_stand_no_more() {
    let review = Reviewed::draft().await;
    let compare = "Compare any two versions";
    assert!(!review.page("Leg", "").await.contains(compare));
    assert!(!review.page("Leg", "/redline").await.contains("<select"));
    for (number, words, after) in [
        ("1", "What was taken?", "What was taken? Nobody knows."),
        ("2", "Contained?", "Contained? Not yet."),
        (
            "3",
            "What was taken?",
            "What was taken? It is being looked at.",
        ),
    ] {
        review.suggest(words, after).await;
        let taken = review.act("take", &[("number", number)]).await;
        assert_eq!(taken, StatusCode::SEE_OTHER);
    }
    let page = review.page("Exe", "").await;
    let choose = format!("{}/redline", review.path);
    assert!(
        page.contains(&format!("<a href=\"{choose}\">{compare}</a>")),
        "{page}"
    );
    let whole = review.page("Exe", "/redline").await;
    let versions = options(&whole, "from");
    assert_eq!(versions.len(), 4);
    let chosen = |page: &str, field: &str| {
        let all = options(page, field);
        all.iter().position(|(_, chosen)| *chosen)
    };
    let both = |page: &str| (chosen(page, "from"), chosen(page, "to"));
    assert_eq!(both(&whole), (Some(0), Some(3)), "the first and the last");
    assert!(whole.contains("2 paragraphs changed."), "{whole}");
    assert!(whole.contains(&format!("<form method=\"get\" action=\"{choose}\"")));
    // The second and the third, of which neither stands: what came before and after is in neither.
    for (from, to, word) in [(1, 2, "ins"), (2, 1, "del")] {
        let query = format!("?from={}&to={}", versions[from].0, versions[to].0);
        let page = review.page("Exe", &format!("/redline{query}")).await;
        assert_eq!(both(&page), (Some(from), Some(to)));
        assert!(page.contains("1 paragraph changed."), "{page}");
        let marked = format!("<{word}>Not yet.</{word}>");
        assert!(page.contains(&marked), "{page}");
        assert!(page.contains("Nobody knows.") && !page.contains("It is being looked at"));
    }
    let other = format!("/redline?from={}&to={}", "0".repeat(64), versions[0].0);
    let none = review
        .office
        .get("Exe", &format!("{}{other}", review.path))
        .await;
    assert!(none.status.is_client_error(), "{}", none.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_stays_at_its_paragraph_when_another_is_changed() {
    let review = Reviewed::draft().await;
    let page = review.page("Leg", "").await;
    let say = async |words: &str, text: &str| {
        let fields = [
            ("on", field(&page, "on")),
            ("block", paragraph(&page, words)),
            ("text", text.to_owned()),
        ];
        let fields: Vec<_> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(review.act("comment", &fields).await, StatusCode::SEE_OTHER);
    };
    say("Has anybody made contact?", "a remark that stays").await;
    say("Contained?", "a remark that loses its place").await;
    review.suggest("Contained?", "Contained? Not yet.").await;
    review
        .suggest("Has anybody made contact?", "Has anybody called?")
        .await;
    let take = [("number", "1")];
    assert_eq!(review.act("take", &take).await, StatusCode::SEE_OTHER);
    for name in ["Leg", "Exe"] {
        let page = review.page(name, "").await;
        let (text, people) = page.split_once("id=\"people\"").unwrap();
        let at = paragraph(&page, "Has anybody made contact?");
        let own = text.split_once(&format!("id=\"b{at}\"")).unwrap().1;
        let own = own.split_once("id=\"b").unwrap().0;
        for said in [
            "a remark that stays",
            "<ins>Has anybody called?",
            "suggests, ",
        ] {
            assert!(own.contains(said), "{said}: {own}");
        }
        assert_eq!(page.matches("a remark that stays").count(), 1);
        assert!(!text.contains("a remark that loses its place"), "{text}");
        assert!(people.contains("a remark that loses its place"), "{people}");
    }
    // And it can be taken from there.
    let take = [("number", "2")];
    assert_eq!(review.act("take", &take).await, StatusCode::SEE_OTHER);
    let text = review.page("Leg", "/as/txt").await;
    assert!(text.contains("Has anybody called?"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_binds_too_and_what_was_approved_is_handed_in_and_answered() {
    let review = Reviewed::draft().await;
    let binds = review.binds().await;
    assert_eq!(review.approve(&binds).await, StatusCode::SEE_OTHER);
    // Only a page of the session brings a file.
    let forged = review.bring("attach", "forged", "a.csv", "a").await;
    assert_eq!(forged, StatusCode::FORBIDDEN);
    for name in ["a.csv", "b.csv"] {
        let brought = review.bring("attach", CSRF, name, "a").await;
        assert_eq!(brought, StatusCode::SEE_OTHER);
    }
    let detached = review.act("detach", &[("name", "b.csv")]).await;
    assert_eq!(detached, StatusCode::SEE_OTHER);
    assert_eq!(review.act("submit", &[]).await, StatusCode::SEE_OTHER);
    let old = review.approve(&binds).await;
    assert_eq!(old, StatusCode::UNPROCESSABLE_ENTITY);
    let binds = review.binds().await;
    assert_eq!(review.approve(&binds).await, StatusCode::SEE_OTHER);
    let out = [
        ("how", "hand"),
        ("to", "the executive"),
        ("incomplete", "yes"),
    ];
    assert_eq!(review.act("dispatch", &out).await, StatusCode::SEE_OTHER);
    let receipt = review.bring("receipt", CSRF, "r.pdf", "%PDF-").await;
    assert_eq!(receipt, StatusCode::SEE_OTHER);
    let page = review.page("Leg", "").await;
    assert!(page.contains("answered") && page.contains("I-1"), "{page}");
    // Who approves reads the files too, and may open no evidence beside them.
    let files = format!("{}/file/", review.path);
    let page_of_exe = review.page("Exe", "").await;
    let shown = page_of_exe.split_once("Answered ").unwrap().1;
    let receipt = link(shown, &files);
    let attached = page_of_exe.split_once("id=\"files\"").unwrap().1;
    let attached = link(attached, &files);
    for (path, name, bytes) in [(&receipt, "r.pdf", "%PDF-"), (&attached, "a.csv", "a")] {
        let got = review.office.get("Exe", path).await;
        assert_eq!((got.status, got.body.as_str()), (StatusCode::OK, bytes));
        let kind = got.headers["content-type"].to_str().unwrap();
        assert_eq!(kind, "application/octet-stream");
        let saved = got.headers["content-disposition"].to_str().unwrap();
        assert!(saved.starts_with(&format!("attachment; filename=\"{name}\"")));
        let item = path.rsplit_once('/').unwrap().1;
        let case = review.path.split_once("/notices/").unwrap().0;
        let evidence = format!("{case}/evidence/{item}/bytes");
        let refused = review.office.get("Exe", &evidence).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    // One list says who did what, in the order in which it was done.
    let deeds = page_of_exe.split_once("id=\"deeds\"").unwrap().1;
    let deeds = deeds.split_once("</ol>").unwrap().0;
    let places: Vec<usize> = [
        " made the text ",
        "Leg approved exactly ",
        "Leg put the file a.csv with it",
        "Leg took the file b.csv out",
        "Leg gave it to review",
    ]
    .iter()
    .map(|said| deeds.find(said).expect(said))
    .collect();
    assert!(places.is_sorted(), "{deeds}");
    assert_eq!(deeds.matches("approved exactly").count(), 2, "{deeds}");
    // Only its own files: the text that it was drafted from is none of them.
    let other = review.office.app.peek(case_of(&review.path)).unwrap();
    let other = other.notices.values().next().unwrap().evidence.clone();
    let none = review.office.get("Leg", &format!("{files}{other}")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(!page.contains("/do/approve"), "{page}");
    let word = review
        .office
        .get("Leg", &format!("{}/as/docx", review.path))
        .await;
    assert_eq!(word.status, StatusCode::OK);
    assert!(word.body.starts_with("PK"));
    assert!(page.contains("/as/pdf\">PDF</a>"), "{page}");
    let paper = format!("{}/as/pdf", review.path);
    let paper = review.office.get("Leg", &paper).await;
    assert_eq!(paper.status, StatusCode::OK, "{}", paper.body);
    assert!(paper.body.starts_with("%PDF-1.7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_legal_brings_is_evidence_that_a_fact_can_name() {
    let review = Reviewed::draft().await;
    let (case, _) = review.path.split_once("/notices/").unwrap();
    let path = format!("{case}/bring/evidence");
    let bytes = "<script>\u{202e}letter</script>";
    let kept = bring(&review.office, &path, CSRF, "../let\u{202e}ter.txt", bytes).await;
    assert_eq!(kept, StatusCode::SEE_OTHER);
    let list = review.office.get("Leg", &format!("{case}/evidence")).await;
    assert!(
        list.body.contains("A letter &lt;of&gt; an authority"),
        "{}",
        list.body
    );
    assert!(list.body.contains("Keep a document"));
    let seen = review.office.get("Aud", &format!("{case}/evidence")).await;
    assert!(
        !seen.body.contains("Keep a document"),
        "who may not is not asked"
    );
    let none = bring(&review.office, &path, CSRF, "", "").await;
    assert_eq!(none, StatusCode::UNPROCESSABLE_ENTITY);
    let forged = bring(&review.office, &path, "other", "a.txt", "a").await;
    assert_eq!(forged, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_privileged_notice_is_for_the_people_of_its_list() {
    for_its_list("board").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_nobody_may_be_told_of_is_for_the_people_of_its_list() {
    for_its_list("nca-sar").await;
}

async fn for_its_list(template: &str) {
    let review = Reviewed::of(template).await;
    let brought = review.bring("attach", CSRF, "a.csv", "a").await;
    assert_eq!(brought, StatusCode::SEE_OTHER);
    let page = review.page("Leg", "").await;
    let file = link(&page, &format!("{}/file/", review.path));
    let file = file.strip_prefix(&review.path).unwrap();
    for end in ["", "/redline", "/as/docx", "/as/txt", file] {
        let path = format!("{}{end}", review.path);
        for (name, expected) in [("Leg", StatusCode::OK), ("Aud", StatusCode::FORBIDDEN)] {
            let got = review.office.get(name, &path).await;
            assert_eq!(got.status, expected, "{name} {end}");
        }
    }
}
