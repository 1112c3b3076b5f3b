//! Where the configuration asks for it, nobody approves what they wrote: in the desk, in the fold, and
//! for whoever checks the log alone.

use super::reviewing::{other_words, suggested};
use super::*;
use cordon::document::Change;

/// A case whose configuration asks that authors do not approve, or does not.
async fn staffed(apart: bool) -> Staffed {
    Staffed::with(|settings| settings.notices.author_is_not_approver = apart).await
}

/// The desk as a person has it who signed in.
pub(super) fn desk_of(staffed: &Staffed, name: &str) -> Desk {
    let mut desk = staffed.desk.clone();
    desk.by = Actor::Person(name.into());
    desk
}

/// The paragraph about the business, with more in it.
fn with_more(text: &str, more: &str) -> Change {
    let mut change = other_words(text, "A business:", "");
    change.after = format!("{} {more}", change.before);
    change
}

/// Has somebody change a text.
pub(super) async fn edited(desk: &Desk, notice: &NoticeId, more: &str) {
    let (record, text) = desk.notice(notice).unwrap();
    let change = with_more(&text, more);
    let edit = desk.edit_notice(notice, record.text, change, "plainer");
    edit.await.unwrap();
}

#[tokio::test]
async fn who_wrote_a_text_does_not_approve_it_where_that_is_asked() {
    let staffed = staffed(true).await;
    let (notice, _) = staffed.desk.draft("ic3").await.unwrap();
    let refused = async |name: &str, why: &str| {
        let fault = staffed.approve(&notice, name).await.unwrap_err();
        assert_eq!(fault.code(), "approver-wrote", "{fault}");
        assert!(fault.what().contains(why), "{name}: {fault}");
        assert!(
            fault
                .hints()
                .iter()
                .any(|hint| hint.contains("author_is_not_approver")),
            "{fault}"
        );
    };
    // What the program drafted was written by nobody.
    staffed.approve(&notice, "Cy").await.unwrap();
    // Cy changes a word: that is Cy's text.
    let (cy, bo) = (desk_of(&staffed, "Cy"), desk_of(&staffed, "Bo"));
    edited(&cy, &notice, "It is one.").await;
    refused("Cy", "wrote the text").await;
    staffed.approve(&notice, "Bo").await.unwrap();
    // Bo suggests other words and Cy takes them: the text is of both, whatever Bo is called.
    let (_, text) = bo.notice(&notice).unwrap();
    let change = with_more(&text, "So it says.");
    let number = bo.suggest(&notice, suggested(change)).await.unwrap();
    // As long as nobody took it, it is in no text.
    staffed.approve(&notice, "Ash").await.unwrap();
    cy.take_suggestions(&notice, &[number], "fine")
        .await
        .unwrap();
    refused("Cy", "wrote the text").await;
    refused("Bo", "wrote the text").await;
    refused("Bo at home", "`Bo` is the same person").await;
    staffed.approve(&notice, "Ash").await.unwrap();
    // The fold holds it too, and whoever checks the log alone.
    let binds = bo.notice(&notice).unwrap().0.binds();
    let about = About::Notice(notice.clone());
    let forged = Event::NoticeApproved {
        notice: notice.clone(),
        text: binds,
        signed: staffed.signed(about, binds, Decision::Approve, "Cy", "Cy"),
        apart: true,
    };
    let report = staffed.continued(vec![forged.clone()]);
    assert!(!report.issues.is_empty(), "{}", report.text());
    let why = staffed.append(forged).await.unwrap_err();
    assert!(why.contains("wrote the text"), "{why}");
    // A command line changes it: nobody knows who that was.
    edited(&staffed.desk, &notice, "It was one.").await;
    refused("Ash", "not known by name").await;
}

#[tokio::test]
async fn authors_approve_where_nothing_else_is_asked_and_the_log_says_which_it_was() {
    for apart in [false, true] {
        let staffed = staffed(apart).await;
        let (notice, _) = staffed.desk.draft("ic3").await.unwrap();
        let cy = desk_of(&staffed, "Cy");
        edited(&cy, &notice, "It is one.").await;
        let name = if apart { "Ash" } else { "Cy" };
        staffed.approve(&notice, name).await.unwrap();
        let ledger = staffed.desk.log.dir().join("ledger.jsonl");
        let ledger = std::fs::read_to_string(ledger).unwrap();
        let mut lines = ledger.lines();
        let approved = lines.find(|line| line.contains("notice.approved")).unwrap();
        assert_eq!(approved.contains(r#""apart":true"#), apart, "{approved}");
    }
}
