//! Which notice may be approved and sent, to whom, and who chooses the start of a clock.

use cordon::fault::Kind;

use super::*;

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
            .send_notice(&old, &to, false)
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
    };
    let sending = Event::NoticeSending {
        notice: old,
        text: draft.digest,
        to: to.to_vec(),
        message_id: "<1@example.test>".into(),
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
