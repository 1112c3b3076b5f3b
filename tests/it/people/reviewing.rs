//! The review of a notice: remarks, other words, versions, files, and where the approved text went.

use cordon::app::form::Form;
use cordon::app::revise::{Remarked, Suggested, block_source};
use cordon::document::{Change, Document};
use cordon::notice::revision;

use super::*;

/// The first paragraph of the body that holds `words`.
fn block(text: &str, words: &str) -> usize {
    let body = revision::body(&Document::parse(text));
    let document = Document::parse(text);
    let mut blocks = document.blocks.iter();
    let found = blocks.find(|block| body.contains(&block.index) && block.source.contains(words));
    found.unwrap().index
}

pub(super) fn other_words(text: &str, words: &str, after: &str) -> Change {
    let block = block(text, words);
    Change {
        block,
        before: block_source(text, block).unwrap(),
        after: after.into(),
    }
}

pub(super) fn suggested(change: Change) -> Suggested {
    Suggested {
        on: None,
        change,
        reason: "plainer".into(),
        brought: None,
    }
}

/// An export of the case holds, for this program and for the script that goes with it.
async fn verifies(staffed: &Staffed) {
    let out = staffed.dir.path().join("export");
    staffed.desk.finish().await.unwrap();
    staffed.desk.export(&out, Scope::Facts).await.unwrap();
    let report = verify::folder(&out).unwrap();
    assert!(report.issues.is_empty(), "{}", report.text());
    let script = std::process::Command::new("python3")
        .arg(out.join("verify.py"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&script.stdout);
    assert!(
        script.status.success() && !said.contains("PROBLEM"),
        "{said}"
    );
}

#[tokio::test]
async fn a_changed_word_makes_every_approval_void_and_the_log_has_every_version() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    let (notice, draft) = desk.draft("ic3").await.unwrap();
    let line = || {
        let notices = desk.summary().notices;
        notices.into_iter().find(|line| line.id == notice).unwrap()
    };
    desk.submit_notice(&notice).await.unwrap();
    desk.submit_notice(&notice).await.unwrap();
    assert_eq!(line().stage(), "in review");
    staffed.approve(&notice, "Bo").await.unwrap();
    let remark = Remarked {
        block: Some(block(&draft.text, "A business:")),
        quote: "Business".into(),
        text: "legal name?\u{202e}".into(),
        ..Remarked::default()
    };
    assert_eq!(desk.comment(&notice, remark).await.unwrap(), 1);
    // A remark changes no word: the approval stands.
    assert_eq!(line().approved_by, ["Bo"]);
    let change = other_words(
        &draft.text,
        "The review was opened",
        "The business reviews access.",
    );
    let number = desk
        .suggest(&notice, suggested(change.clone()))
        .await
        .unwrap();
    assert_eq!((number, line().open), (1, 2));
    let text = desk
        .take_suggestions(&notice, &[number], "agreed")
        .await
        .unwrap();
    assert_eq!(
        (line().approved_by.len(), line().void),
        (0, vec!["Bo".to_owned()])
    );
    let (record, new) = desk.notice(&notice).unwrap();
    assert_eq!((record.text, record.versions.len()), (text, 2));
    assert!(new.contains("\nThe business reviews access.\n"));
    assert_eq!(
        desk.notice_at(&notice, Some(draft.digest)).unwrap().1,
        draft.text
    );
    assert!(record.remarks[0].comment.text.contains("[U+202E]"));
    stale(desk, &notice, number, (draft.digest, change)).await;
    assert_eq!(line().open, 0);
    // What was approved before binds nothing now, in the fold and for whoever checks the log alone.
    let about = About::Notice(notice.clone());
    let old = Event::NoticeApproved {
        notice: notice.clone(),
        text: draft.digest,
        signed: staffed.signed(about, draft.digest, Decision::Approve, "Cy", "Cy"),
        apart: false,
    };
    let report = staffed.continued(vec![old.clone()]);
    assert!(!report.issues.is_empty(), "{}", report.text());
    assert!(
        staffed
            .append(old)
            .await
            .unwrap_err()
            .contains("another text")
    );
    staffed.approve(&notice, "Bo").await.unwrap();
    staffed.approve(&notice, "Cy").await.unwrap();
    assert_eq!(line().stage(), "approved");
    verifies(&staffed).await;
}

/// Twice is once, and what was written against words that are gone is told so.
async fn stale(desk: &Desk, notice: &NoticeId, taken: u32, (on, change): (Digest, Change)) {
    let fault = desk.take_suggestions(notice, &[taken], "x").await;
    assert_eq!(fault.unwrap_err().code(), "decided");
    let stale = Suggested {
        on: Some(on),
        ..suggested(Change {
            after: "Something else.".into(),
            ..change.clone()
        })
    };
    let late = desk.suggest(notice, stale).await.unwrap();
    let fault = desk
        .take_suggestions(notice, &[late], "x")
        .await
        .unwrap_err();
    assert_eq!(fault.code(), "change-stale");
    desk.decline_suggestion(notice, late, "not so")
        .await
        .unwrap();
    let fault = desk.edit_notice(notice, on, change, "x").await;
    assert_eq!(fault.unwrap_err().code(), "text-changed");
    let remark = desk.resolve_comment(notice, 1).await;
    remark.unwrap();
}

#[tokio::test]
async fn only_the_body_is_a_persons_and_it_cites_what_the_table_names() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    let (notice, draft) = desk.draft("ic3").await.unwrap();
    for (from, to, code) in [
        ("# Complaint", "# A report", "not-yours"),
        ("Subject: Report", "Subject: Crime", "not-yours"),
        ("## Evidence", "## No evidence", "not-yours"),
        (
            "## Unknown, not collected, expired",
            "## Known",
            "not-yours",
        ),
        ("[e1]", "[e999]", "no-source"),
    ] {
        assert!(draft.text.contains(from), "{from}");
        let text = draft.text.replacen(from, to, 1);
        let fault = desk.rewrite_notice(&notice, draft.digest, &text, "x").await;
        assert_eq!(fault.unwrap_err().code(), code, "{from}");
    }
    let head = Change {
        block: 0,
        before: block_source(&draft.text, 0).unwrap(),
        after: "Other".into(),
    };
    let fault = desk.suggest(&notice, suggested(head)).await.unwrap_err();
    assert_eq!(fault.code(), "not-yours");
    // A heading of the end, smuggled into the body, would hide what is unknown.
    let end = "A.\n\n## Unknown, not collected, expired\n\nB.";
    let change = other_words(&draft.text, "The review was opened", end);
    let fault = desk.edit_notice(&notice, draft.digest, change, "x").await;
    assert_eq!(fault.unwrap_err().code(), "not-yours");
    assert_eq!(desk.notice(&notice).unwrap().0.versions.len(), 1);
    // What was missing and is written by a person is missing no more.
    let missing = "reports to authorities so far, with date and reference";
    assert!(draft.missing.iter().any(|one| one == missing));
    let change = other_words(&draft.text, missing, "None.");
    desk.edit_notice(&notice, draft.digest, change, "known")
        .await
        .unwrap();
    let (record, _) = desk.notice(&notice).unwrap();
    assert!(!record.missing.iter().any(|one| one == missing));
}

#[tokio::test]
async fn an_approval_binds_the_files_and_a_person_hands_in_what_was_approved() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    let (notice, _) = desk.draft("ic3").await.unwrap();
    staffed.approve(&notice, "Bo").await.unwrap();
    for bad in ["", "a/b", ".hidden", "a\nb", "a:b", &"x".repeat(151)] {
        let fault = desk.attach(&notice, bad, b"x".to_vec()).await;
        assert_eq!(fault.unwrap_err().code(), "file-name", "{bad:?}");
    }
    // The name of a file is read by everybody who passes it on.
    let fault = desk.attach(&notice, "we_will_pay.csv", b"x".to_vec()).await;
    assert_eq!(fault.unwrap_err().code(), "wording");
    let file = desk
        .attach(&notice, "list.csv", b"a,b".to_vec())
        .await
        .unwrap();
    assert_eq!(file.sha256, Digest::of(b"a,b"));
    let fault = desk.attach(&notice, "list.csv", b"c".to_vec()).await;
    assert_eq!(fault.unwrap_err().code(), "attached");
    let (record, _) = desk.notice(&notice).unwrap();
    assert!(record.approvals.is_empty() && record.void.len() == 1);
    assert_ne!(record.binds(), record.text);
    let fault = desk
        .dispatch_notice(&notice, "portal", "the form", None, true)
        .await;
    assert_eq!(fault.unwrap_err().code(), "not-approved");
    let fault = desk.notice_receipt(&notice, "I-1", None, Vec::new()).await;
    assert_eq!(fault.unwrap_err().code(), "not-out");
    staffed.approve(&notice, "Bo").await.unwrap();
    staffed.approve(&notice, "Cy").await.unwrap();
    for (how, to, incomplete, code) in [
        ("pigeon", "the form", true, "way"),
        ("portal", " ", true, "recipient"),
        ("portal", "the form", false, "incomplete"),
        ("mail", "person@example.test", true, "recipient"),
    ] {
        let fault = desk
            .dispatch_notice(&notice, how, to, None, incomplete)
            .await;
        assert_eq!(fault.unwrap_err().code(), code, "{how} {to}");
    }
    let dispatched = desk.dispatch_notice(&notice, "portal", "the form", None, true);
    dispatched.await.unwrap();
    let fault = desk.attach(&notice, "late.csv", b"x".to_vec()).await;
    assert_eq!(fault.unwrap_err().code(), "sent-before");
    let files = vec![("receipt.pdf".to_owned(), b"%PDF-".to_vec())];
    desk.notice_receipt(&notice, "I-1", None, files)
        .await
        .unwrap();
    let notices = desk.summary().notices;
    assert_eq!(notices[0].stage(), "answered");
    verifies(&staffed).await;
}

#[tokio::test]
async fn a_word_file_brings_its_changes_back_as_suggestions_once() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    let (notice, draft) = desk.draft("ic3").await.unwrap();
    let remark = Remarked {
        block: Some(block(&draft.text, "A business:")),
        text: "legal name?".into(),
        ..Remarked::default()
    };
    desk.comment(&notice, remark).await.unwrap();
    let words = "The review was opened";
    let change = other_words(&draft.text, words, "The business reviews access.");
    desk.suggest(&notice, suggested(change)).await.unwrap();
    let packed = || desk.notice_file(&notice, Form::Docx).unwrap().bytes;
    let file = packed();
    assert_eq!(file, packed(), "the same bytes");
    // What went out with it comes back as what it is.
    let made = desk.import_word(&notice, "a.docx", file.clone()).await;
    let made = made.unwrap();
    assert!(
        made.suggestions.is_empty() && made.comments.is_empty(),
        "{made:?}"
    );
    assert!(made.notes.is_empty(), "{made:?}");
    // A notice that never had this text takes nothing of it.
    let (other, _) = desk.draft("executive").await.unwrap();
    let fault = desk.import_word(&other, "a.docx", file).await.unwrap_err();
    assert_eq!(fault.code(), "other-notice");
    let fault = desk.import_word(&other, "a.docx", b"PK".to_vec()).await;
    assert_eq!(fault.unwrap_err().code(), "docx-refused");
}
