//! Where the configuration asks for it, nobody sends or hands in what they approved: at the desk, in the
//! fold, and under no other name.

use super::authors::{desk_of, edited};
use super::papers::to;
use super::*;

/// A case in which Bo approved a notice, and whose configuration asks that somebody else sends it, or
/// does not.
async fn approved(apart: bool) -> (Staffed, NoticeId, Digest) {
    let set = |settings: &mut Settings| settings.notices.sender_is_not_approver = apart;
    let staffed = Staffed::with(set).await;
    let (notice, draft) = staffed.desk.draft("executive").await.unwrap();
    staffed.approve(&notice, "Bo").await.unwrap();
    (staffed, notice, draft.digest)
}

/// The code of the answer to a sending, and to handing it in.
async fn tried(desk: &Desk, notice: &NoticeId) -> [String; 2] {
    let office = ["office@example.test".to_owned()];
    let sent = desk.send_notice(notice, &to(&office, true)).await;
    let handed = desk.dispatch_notice(notice, "portal", "the portal of the office", None, true);
    let code = |fault: cordon::fault::Fault| fault.code().to_owned();
    [
        sent.map_or_else(code, |_| "sent".to_owned()),
        handed.await.map_or_else(code, |()| "handed in".to_owned()),
    ]
}

#[tokio::test]
async fn who_approved_a_notice_does_not_send_it_where_that_is_asked() {
    let (staffed, notice, text) = approved(true).await;
    // A command line knows no name; Bo approved, whatever Bo is called.
    let refused = tried(&staffed.desk, &notice).await;
    assert_eq!(refused, ["sender-unknown", "sender-unknown"]);
    for name in ["Bo", "Bo at home"] {
        let refused = tried(&desk_of(&staffed, name), &notice).await;
        assert_eq!(refused, ["sender-approved", "sender-approved"], "{name}");
    }
    let asked = to(&["office@example.test".to_owned()], true);
    let fault = desk_of(&staffed, "Bo").send_notice(&notice, &asked).await;
    let fault = fault.unwrap_err();
    assert!(
        fault
            .hints()
            .iter()
            .any(|hint| hint.contains("sender_is_not_approver")),
        "{fault}"
    );
    // The fold holds it too, and so does whoever reads the log alone.
    let sending = Event::NoticeSending {
        notice: notice.clone(),
        text,
        to: vec!["office@example.test".into()],
        message_id: "<1@example.test>".into(),
        mail: None,
        sealed: None,
        apart: true,
    };
    for (by, why) in [
        (
            Actor::Person("Bo".into()),
            "who approved it does not send it",
        ),
        (
            Actor::Person("Bo at home".into()),
            "who approved it does not send it",
        ),
        (Actor::Operator("Bo".into()), "not known by name"),
        (Actor::Engine, "only people begin a sending"),
    ] {
        let written = staffed.desk.log.append(&by, vec![sending.clone()]).await;
        let said = written.unwrap_err().to_string();
        assert!(said.contains(why), "{by}: {said}");
    }
    let report = staffed.continued(vec![sending]);
    assert!(
        said(&report, "only people begin a sending"),
        "{}",
        report.text()
    );
    // Somebody else may: only the mail server is missing.
    let went = tried(&desk_of(&staffed, "Cy"), &notice).await;
    assert_eq!(went, ["no-mail", "handed in"]);
    assert!(ledger(&staffed, "notice.dispatched").contains(r#""apart":true"#));
}

#[tokio::test]
async fn who_approved_a_notice_sends_it_where_nothing_else_is_asked() {
    for name in [None, Some("Bo")] {
        let (staffed, notice, _) = approved(false).await;
        let desk = name.map_or_else(|| staffed.desk.clone(), |name| desk_of(&staffed, name));
        assert_eq!(tried(&desk, &notice).await, ["no-mail", "handed in"]);
        assert!(!ledger(&staffed, "notice.dispatched").contains("apart"));
    }
}

#[tokio::test]
async fn whose_approval_was_given_before_the_text_changed_may_send_the_new_one() {
    let set = |settings: &mut Settings| settings.notices.sender_is_not_approver = true;
    let staffed = Staffed::with(set).await;
    let (notice, _) = staffed.desk.draft("ic3").await.unwrap();
    staffed.approve(&notice, "Bo").await.unwrap();
    let cy = desk_of(&staffed, "Cy");
    edited(&cy, &notice, "It is one.").await;
    let refused = tried(&desk_of(&staffed, "Bo"), &notice).await;
    assert_eq!(
        refused,
        ["not-approved", "not-approved"],
        "the approval is void"
    );
    for name in ["Ash", "Cy"] {
        staffed.approve(&notice, name).await.unwrap();
    }
    // Whoever it is, it goes into a form.
    let went = tried(&desk_of(&staffed, "Bo"), &notice).await;
    assert_eq!(went, ["not-by-mail", "handed in"]);
}

/// The line of the log that has this.
fn ledger(staffed: &Staffed, with: &str) -> String {
    let ledger = staffed.desk.log.dir().join("ledger.jsonl");
    let ledger = std::fs::read_to_string(ledger).unwrap();
    let mut lines = ledger.lines();
    lines.find(|line| line.contains(with)).unwrap().to_owned()
}
