//! Restrictions, exclusions, and decisions that the server signs.

use cordon::app::Hand;
use cordon::run::status::Tree;

use super::Staffed;

#[tokio::test]
async fn who_is_excluded_or_not_named_by_a_restriction_decides_nothing() {
    let staffed = Staffed::new().await;
    staffed.gate(1).await;
    let desk = &staffed.desk;
    let barred = async |name: &str| staffed.decide(name, true).await.unwrap_err();
    let nobody = desk
        .restrict(&["Nobody".to_owned()], "x")
        .await
        .unwrap_err();
    assert_eq!(nobody.code(), "no-person");
    let subject = desk.restrict(&["Sam".to_owned()], "x").await.unwrap_err();
    assert!(subject.what().contains("nothing to do"), "{subject}");

    desk.restrict(&["Cy".to_owned()], "need to know")
        .await
        .unwrap();
    assert!(barred("Bo").await.what().contains("restricted to others"));
    desk.unrestrict("over").await.unwrap();
    desk.unrestrict("again").await.unwrap_err();
    desk.exclude("Bo", "an address in common").await.unwrap();
    assert!(barred("Bo").await.what().contains("excluded"));
    let back = desk.restrict(&["Bo".to_owned()], "x").await.unwrap_err();
    assert!(back.what().contains("nothing to do"), "{back}");
    staffed.decide("Cy", true).await.unwrap();
}

#[tokio::test]
async fn an_approval_of_whom_a_later_restriction_leaves_out_is_given_nowhere() {
    let staffed = Staffed::new().await;
    staffed.gate(2).await;
    staffed.decide("Bo", true).await.unwrap();
    let desk = &staffed.desk;
    let told = async || {
        let note = (desk.log).read(|state| Tree::of(state).leaves().next().unwrap().note.clone());
        let (_, draft) = desk.draft("executive").await.unwrap();
        (desk.summary().gates[0].approved, note, draft.text)
    };
    let (given, note, text) = told().await;
    assert_eq!(given, 1);
    assert!(note.starts_with("1 of 2 approved"), "{note}");
    assert!(text.contains("1 of 2 approvals"), "{text}");
    desk.restrict(&["Cy".to_owned()], "x").await.unwrap();
    let (given, note, text) = told().await;
    assert_eq!(given, 0);
    assert!(note.starts_with("0 of 2 approved"), "{note}");
    assert!(text.contains("0 of 2 approvals"), "{text}");
    desk.unrestrict("over").await.unwrap();
    assert_eq!(told().await.0, 1);
}

#[tokio::test]
async fn the_server_signs_on_behalf_of_who_signed_in_and_every_verifier_sees_it() {
    let staffed = Staffed::new().await;
    staffed.gate(2).await;
    let session = Hand::Session("1a2b3c4d");
    for name in ["Sam", "Hal"] {
        let refused = staffed.desk.decide("go", name, session, true, "seen").await;
        assert_eq!(refused.unwrap_err().code(), "may-not-decide", "{name}");
    }
    let decided = staffed.desk.decide("go", "Bo", session, true, "seen").await;
    assert!(decided.unwrap().text.ends_with("on behalf: 1a2b3c4d\n"));
    staffed.decide("Cy", true).await.unwrap();
    assert_eq!(staffed.desk.summary().gates[0].approved, 2);

    let (notice, _) = staffed.desk.draft("executive").await.unwrap();
    let approved = staffed.desk.approve_notice(&notice, "Bo", session, "read");
    approved.await.unwrap();
    let report = staffed.continued(Vec::new());
    assert_eq!(report.decisions.len(), 3, "{}", report.text());
    assert!(report.decisions.iter().all(|decision| decision.holds));

    let to = staffed.dir.path().join("export");
    staffed
        .desk
        .export(&to, cordon::evidence::export::Scope::Facts)
        .await
        .unwrap();
    let python = std::process::Command::new("python3")
        .arg(to.join("verify.py"))
        .output();
    let said = String::from_utf8(python.unwrap().stdout).unwrap();
    assert!(
        said.ends_with("VERIFIED\n") && !said.contains("DOES NOT"),
        "{said}"
    );
    assert_eq!(
        said.matches("by the server on their behalf: signature holds")
            .count(),
        2
    );
    assert_eq!(said.matches("for go: signature holds").count(), 1, "{said}");
}
