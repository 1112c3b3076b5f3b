//! Texts of notices as the page of a notice shows them, for the golden renderings.

use cordon::canon::Digest;
use cordon::case::event::Event;
use cordon::id::NoticeId;
use http::StatusCode;

use super::{Office, append, at};

/// The text of each draft (notice and text) as its page shows it to legal, with a neutral name in
/// place of the ids that differ from run to run.
pub(crate) async fn bodies(drafts: &[(&str, &str)]) -> Vec<String> {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    let mut made = Vec::new();
    for (name, text) in drafts {
        let bytes = text.as_bytes().to_vec().into();
        let kept = desk
            .recorder
            .keep_file("draft.md", "text/markdown", bytes, name);
        let notice = NoticeId::fresh();
        let event = Event::NoticeDrafted {
            notice: notice.clone(),
            template: (*name).to_owned(),
            text: Digest::of(text.as_bytes()),
            evidence: kept.await.unwrap(),
            facts: Vec::new(),
            missing: Vec::new(),
            approval: Some(cordon::notice::about(name).unwrap().approval),
            facts_kept: None,
            suspicion: false,
            withheld: Vec::new(),
            serves: Vec::new(),
        };
        append(&desk, event).await;
        made.push(notice);
    }
    desk.finish().await.unwrap();
    drop(desk);
    let mut out = Vec::new();
    for notice in made {
        let path = at(&case, &format!("/notices/{notice}"));
        let page = office.get("Leg", &path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let from = page
            .body
            .split_once("<div class=\"sheet-text\">")
            .unwrap()
            .1;
        let (body, _) = from
            .split_once("</div>\n<p class=\"quiet-text\">SHA-256")
            .unwrap();
        out.push(body.replace(&path, "/notice"));
    }
    out
}
