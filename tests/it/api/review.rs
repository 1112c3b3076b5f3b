//! A notice is reviewed by programs, and approved by none of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon::access::Role;
use serde_json::{Value, json};

use super::Place;

/// A draft, and how to ask about it.
struct Draft {
    place: Place,
    case: String,
    path: String,
}

impl Draft {
    async fn new() -> Self {
        Self::of("executive").await
    }

    async fn of(notice: &str) -> Self {
        let place = Place::new();
        let case = place.case().await;
        let wanted = json!({ "notice": notice });
        let notices = format!("/cases/{case}/notices");
        let (status, draft) = place.call(Role::Legal, "POST", &notices, &wanted).await;
        assert_eq!(status, 201, "{draft}");
        let path = format!("{notices}/{}", draft["notice"].as_str().unwrap());
        Self { place, case, path }
    }

    async fn get(&self, end: &str) -> (u16, Value) {
        let path = format!("{}{end}", self.path);
        let asked = self.place.call(Role::Legal, "GET", &path, &Value::Null);
        asked.await
    }

    async fn post(&self, end: &str, body: Value) -> (u16, Value) {
        let path = format!("{}{end}", self.path);
        self.place.call(Role::Legal, "POST", &path, &body).await
    }

    /// The last paragraph that a person may change and that says `words`.
    async fn block(&self, words: &str) -> Value {
        let (status, review) = self.get("/review").await;
        assert_eq!(status, 200, "{review}");
        let mut blocks = review["blocks"].as_array().unwrap().iter();
        let says = |block: &&Value| block["source"].as_str().unwrap().contains(words);
        blocks.rfind(says).unwrap()["block"].clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_privileged_notice_is_read_by_the_people_of_its_list_alone() {
    let draft = Draft::of("board").await;
    for end in [
        "",
        "/review",
        "/redline/first/last",
        "/export/txt",
        "/export/docx",
        "/export/md",
    ] {
        let path = format!("{}{end}", draft.path);
        for (role, expected) in [(Role::Legal, 200), (Role::Auditor, 403)] {
            let (status, body) = draft.place.call(role, "GET", &path, &Value::Null).await;
            assert_eq!(status, expected, "{role:?} {end}: {body}");
        }
    }
    // Nor through the evidence that it is kept as.
    let (_, review) = draft.get("/review").await;
    let kept = review["versions"][0]["evidence"].as_str().unwrap();
    let path = format!("/cases/{}/evidence/{kept}/bytes", draft.case);
    for (role, expected) in [(Role::Legal, 200), (Role::Auditor, 403)] {
        let (status, body) = draft.place.call(role, "GET", &path, &Value::Null).await;
        assert_eq!(status, expected, "{role:?}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_left_out_as_a_suspicion_is_told_to_who_reviews() {
    let draft = Draft::of("insurer").await;
    let none = json!([]);
    assert_eq!(draft.get("").await.1["withheld"], none);
    let said = json!({
        "key": "suspicion.basis",
        "value": "the device was used from elsewhere",
        "standing": "suspicion",
    });
    let facts = format!("/cases/{}/facts", draft.case);
    let (status, said) = draft.place.call(Role::Legal, "POST", &facts, &said).await;
    assert!((200..300).contains(&status), "{said}");
    let notices = format!("/cases/{}/notices", draft.case);
    for (asked, silent) in [(false, true), (true, false)] {
        let wanted = json!({ "notice": "insurer", "suspicion": asked });
        let (status, made) = (draft.place.call(Role::Legal, "POST", &notices, &wanted)).await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(made["withheld"] != none, silent, "{made}");
        let path = format!("{notices}/{}", made["notice"].as_str().unwrap());
        let (_, again) = (draft.place.call(Role::Legal, "GET", &path, &Value::Null)).await;
        assert_eq!(again["withheld"], made["withheld"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_discussed_changed_and_compared() {
    let draft = Draft::new().await;
    let (_, review) = draft.get("/review").await;
    let first = review["notice"]["text"].clone();
    assert_eq!(review["binds"], first);
    assert_eq!(review["versions"].as_array().unwrap().len(), 1);
    let (status, line) = draft.post("/submit", json!({})).await;
    assert_eq!((status, &line["in_review"]), (200, &json!(true)), "{line}");
    let block = draft.block("What was taken?").await;
    let remark = json!({ "text": "by whom?", "block": block, "quote": "taken" });
    let (status, remark) = draft.post("/comments", remark).await;
    assert_eq!(
        (status, &remark["comment"]["number"], &remark["by"]),
        (201, &json!(1), &json!("Kim legal")),
        "{remark}"
    );
    let empty = draft.post("/comments", json!({ "text": " " })).await;
    assert_eq!(empty.0, 422, "{}", empty.1);
    let (status, remark) = draft.post("/comments/1/resolve", json!({})).await;
    assert_eq!(
        (status, &remark["resolved"]),
        (200, &json!("Kim legal")),
        "{remark}"
    );
    assert_eq!(draft.post("/comments/1/resolve", json!({})).await.0, 422);
    assert_eq!(draft.post("/comments/x/resolve", json!({})).await.0, 422);
    for words in ["What was taken? Nobody knows.", "What was taken? Nothing."] {
        let words = json!({ "block": block, "words": words, "reason": "plainer" });
        let (status, made) = draft.post("/suggestions", words).await;
        assert_eq!((status, &made["verdict"]["is"]), (201, &json!("open")));
    }
    let none = json!({ "block": 9_999, "words": "x", "reason": "x" });
    assert_eq!(draft.post("/suggestions", none).await.0, 422);
    let why = json!({ "reason": "not known" });
    let (status, made) = draft.post("/suggestions/2/decline", why).await;
    assert_eq!((status, &made["verdict"]["is"]), (200, &json!("declined")));
    let numbers = json!({ "numbers": [1], "reason": "agreed" });
    let (status, line) = draft.post("/suggestions/take", numbers.clone()).await;
    assert_eq!(status, 200, "{line}");
    let second = line["text"].clone();
    assert_ne!(second, first);
    assert_eq!(draft.post("/suggestions/take", numbers).await.0, 422);
    // Only who saw the last text changes it.
    let edit = |from: &Value| {
        json!({
            "from": from, "block": block, "insert": true,
            "words": "A paragraph of its own.", "reason": "added",
        })
    };
    assert_eq!(draft.post("/edit", edit(&first)).await.0, 422);
    let (status, line) = draft.post("/edit", edit(&second)).await;
    assert_eq!(status, 200, "{line}");
    let (status, changed) = draft.get("/redline/first/last").await;
    assert_eq!((status, &changed["from"]), (200, &first), "{changed}");
    let said = changed["changed"].to_string();
    assert!(
        said.contains("Nobody knows") && said.contains("A paragraph of its own."),
        "{said}"
    );
    let hash = second.as_str().unwrap();
    let (_, changed) = draft.get(&format!("/redline/{hash}/last")).await;
    assert_eq!(changed["changed"].as_array().unwrap().len(), 1, "{changed}");
    assert_eq!(draft.get("/redline/x/last").await.0, 422);
    let (_, review) = draft.get("/review").await;
    assert_eq!(review["versions"].as_array().unwrap().len(), 3);
    assert_eq!(review["suggestions"].as_array().unwrap().len(), 2);
    assert_eq!(review["notice"]["approved_by"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_keeps_its_place_and_who_did_what_is_told_in_order() {
    let draft = Draft::new().await;
    let changed = draft.block("What was taken?").await;
    let contact = draft.block("Has anybody made contact?").await;
    for block in [&changed, &contact] {
        let remark = json!({ "text": "when?", "block": block });
        assert_eq!(draft.post("/comments", remark).await.0, 201);
        let words = json!({ "block": block, "words": "Not known.", "reason": "plainer" });
        assert_eq!(draft.post("/suggestions", words).await.0, 201);
    }
    let whole = json!({ "text": "a good text" });
    assert_eq!(draft.post("/comments", whole).await.0, 201);
    for (end, body) in [
        ("/submit", json!({})),
        ("/comments/3/resolve", json!({})),
        (
            "/suggestions/take",
            json!({ "numbers": [1], "reason": "agreed" }),
        ),
    ] {
        let (status, said) = draft.post(end, body).await;
        assert_eq!(status, 200, "{end}: {said}");
    }
    let (_, review) = draft.get("/review").await;
    let places = |of: &str| -> Vec<Value> {
        let said = review[of].as_array().unwrap().iter();
        said.map(|one| one["place"].clone()).collect()
    };
    let none = json!(null);
    assert_eq!(
        places("comments"),
        [none.clone(), contact.clone(), none.clone()]
    );
    assert_eq!(places("suggestions"), [none, contact]);
    assert_eq!(review["comments"][1]["comment"]["number"], 2);
    let deeds = review["deeds"].as_array().unwrap().iter();
    let deeds: Vec<_> = deeds
        .map(|deed| deed["did"]["is"].as_str().unwrap())
        .collect();
    assert_eq!(deeds, ["written", "submitted", "settled", "written"]);
    assert_eq!(review["deeds"][3]["did"]["takes"], json!([1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_with_a_text_word_comes_back_and_nothing_goes_out_unapproved() {
    let draft = Draft::new().await;
    let file = |name: &str, bytes: &[u8]| json!({ "name": name, "bytes": STANDARD.encode(bytes) });
    let (status, attached) = draft.post("/attachments", file("a.csv", b"a,b")).await;
    assert_eq!(status, 201, "{attached}");
    let kept = attached["evidence"].clone();
    let again = json!({ "name": "b.csv", "evidence": kept });
    let (status, other) = draft.post("/attachments", again).await;
    assert_eq!(
        (status, &other["sha256"]),
        (201, &attached["sha256"]),
        "{other}"
    );
    for bad in [
        json!({ "name": "c.csv" }),
        json!({ "name": "c.csv", "bytes": "%" }),
        json!({ "name": "c.csv", "bytes": "eA==", "evidence": kept }),
        json!({ "name": "../c.csv", "bytes": "eA==" }),
        file("a.csv", b"twice"),
    ] {
        let (status, said) = draft.post("/attachments", bad).await;
        assert_eq!(status, 422, "{said}");
    }
    let (status, _) = draft
        .post("/attachments/detach", json!({ "name": "a.csv" }))
        .await;
    assert_eq!(status, 200);
    let (_, review) = draft.get("/review").await;
    assert_eq!(review["attachments"].as_array().unwrap().len(), 1);
    assert_ne!(review["binds"], review["notice"]["text"]);
    // The text as files; the Word file comes back without changes and adds nothing.
    let bytes = |file: &Value| STANDARD.decode(file["bytes"].as_str().unwrap()).unwrap();
    let (status, text) = draft.get("/export/txt").await;
    assert_eq!(status, 200, "{text}");
    assert!(!bytes(&text).is_empty());
    let (_, markdown) = draft.get("/export/md").await;
    assert!(bytes(&markdown).starts_with(b"# "));
    let (_, word) = draft.get("/export/docx").await;
    assert!(bytes(&word).starts_with(b"PK"));
    assert_eq!(word["text"], review["notice"]["text"]);
    assert_eq!(draft.get("/export/exe").await.0, 422);
    let (status, paper) = draft.get("/export/pdf").await;
    assert_eq!(status, 200, "{paper}");
    assert!(bytes(&paper).starts_with(b"%PDF-1.7"));
    let (status, made) = draft.post("/word", file("r.docx", &bytes(&word))).await;
    assert_eq!((status, &made["suggestions"]), (200, &json!([])), "{made}");
    assert_eq!(draft.post("/word", file("r.docx", b"no zip")).await.0, 422);
    // Nobody approved it, and no token can.
    let went = json!({ "how": "hand", "to": "the executive", "incomplete": true });
    let (status, said) = draft.post("/dispatch", went).await;
    assert_ne!(status, 200, "{said}");
    assert!(status < 500, "{said}");
    let (status, said) = draft.post("/receipts", json!({ "reference": "I-1" })).await;
    assert_eq!(
        (status, &said["type"]),
        (422, &json!("urn:cordon:problem:not-out"))
    );
    assert_eq!(draft.post("/approve", json!({})).await.0, 404);
    let state = draft.place.app.peek(&draft.case).unwrap();
    assert!(state.notices.values().all(|one| !one.is_out()));
}
