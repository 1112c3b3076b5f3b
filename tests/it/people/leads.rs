//! Whom a case may be about too: kept out as the person under review is, and left alone.

use cordon::access::{Principal, Sight, Via};
use cordon::app::Hand;
use cordon::id::LeadId;
use cordon::provider::{Account, Candidate, Confidence, Reason};

use super::*;

fn named(change: impl FnOnce(&mut Subject)) -> Subject {
    let mut subject = Subject::default();
    change(&mut subject);
    subject
}

fn sight(staffed: &Staffed, name: &str) -> Sight {
    staffed.desk.log.read(|state| {
        let person = state.people.iter().find(|person| person.name == name);
        let principal = Principal {
            person: person.unwrap().clone(),
            via: Via::Session("00".to_owned()),
        };
        principal.sight(state)
    })
}

#[tokio::test]
async fn a_lead_is_kept_out_by_every_name_that_is_known_until_it_comes_to_nothing() {
    let by: [fn(&mut Subject); 4] = [
        |one| one.emails = vec!["BO+x@example.test".into()],
        |one| one.accounts = vec![known("bo-DEV")],
        |one| one.worker_id = Some("Bo".into()),
        |one| {
            one.worker_id = Some("W-7".into());
            one.display_name = Some(" bo ".into());
        },
    ];
    for change in by {
        let staffed = Staffed::new().await;
        staffed.gate(1).await;
        assert_eq!(sight(&staffed, "Bo"), Sight::Content);
        let recorded = staffed.desk.record_lead(named(change), "one address");
        let lead = recorded.await.unwrap();
        assert_eq!(sight(&staffed, "Bo"), Sight::Nothing, "{:?}", lead.person);
        let barred = staffed.decide("Bo", true).await.unwrap_err();
        assert!(barred.what().contains("about the person too"), "{barred}");
        let to = staffed.desk.restrict(&["Bo".to_owned()], "x").await;
        assert!(to.unwrap_err().what().contains("nothing to do"));
        assert_eq!(sight(&staffed, "Cy"), Sight::Content);

        let gone = staffed
            .desk
            .dismiss_lead(&lead.lead, "a shared house")
            .await;
        assert_eq!(gone.unwrap().dismissed.as_deref(), Some("a shared house"));
        assert_eq!(sight(&staffed, "Bo"), Sight::Content);
        let twice = staffed.desk.dismiss_lead(&lead.lead, "x").await;
        assert_eq!(twice.unwrap_err().code(), "no-lead");
        staffed.decide("Bo", true).await.unwrap();
    }
}

fn known(login: &str) -> KnownAccount {
    KnownAccount {
        provider: "github".into(),
        login: login.into(),
    }
}

#[tokio::test]
async fn a_lead_names_somebody_and_somebody_else() {
    let staffed = Staffed::new().await;
    let nobody = named(|one| one.display_name = Some("Kim Example".into()));
    for (person, why) in [
        (Subject::default(), "name somebody"),
        (named(|one| one.emails = vec![" ".into()]), "name somebody"),
        (
            named(|one| one.worker_id = Some(String::new())),
            "name somebody",
        ),
        (nobody, "name somebody"),
        (
            named(|one| one.emails = vec!["person+2@example.test".into()]),
            "somebody else",
        ),
        (
            named(|one| one.accounts = vec![known("PER-SON")]),
            "somebody else",
        ),
    ] {
        let refused = staffed.desk.record_lead(person, "x").await.unwrap_err();
        assert_eq!(refused.code(), "lead");
        assert!(refused.what().contains(why), "{refused}");
    }
    // The same word at another provider, or as a name, is not the same person.
    let elsewhere = named(|one| {
        one.display_name = Some("Robin Ashgrove".into());
        one.accounts = vec![KnownAccount {
            provider: "okta".into(),
            login: "per-son".into(),
        }];
    });
    let recorded = staffed.desk.record_lead(elsewhere, "a namesake").await;
    let recorded = recorded.unwrap().lead;
    staffed.desk.dismiss_lead(&recorded, "x").await.unwrap();
    let unknown = staffed.desk.dismiss_lead(&LeadId::fresh(), "x").await;
    assert_eq!(unknown.unwrap_err().code(), "no-lead");
    assert_eq!(staffed.desk.log.read(|state| state.leads.len()), 1);
}

#[tokio::test]
async fn what_a_lead_approved_before_counts_no_more() {
    let staffed = Staffed::new().await;
    staffed.gate(2).await;
    staffed.decide("Bo", true).await.unwrap();
    let (notice, _) = staffed.desk.draft("executive").await.unwrap();
    let session = Hand::Session("1a2b3c4d");
    let approved = staffed.desk.approve_notice(&notice, "Bo", session, "read");
    approved.await.unwrap();
    let lacks = || {
        let summary = staffed.desk.summary();
        (summary.gates[0].approved, summary.notices[0].lacks)
    };
    assert_eq!(lacks(), (1, 0));
    let bo = named(|one| one.emails = vec!["bo@example.test".into()]);
    staffed.desk.record_lead(bo, "one address").await.unwrap();
    assert_eq!(lacks(), (0, 1));
    let sent = Event::NoticeDispatched {
        notice: notice.clone(),
        binds: staffed
            .desk
            .log
            .read(|state| state.notices[&notice].binds()),
        at: staffed.desk.now(),
        how: "post".into(),
        to: "board@example.test".into(),
        apart: false,
    };
    let refused = staffed.append(sent).await.unwrap_err();
    assert!(refused.contains("not approved"), "{refused}");
}

#[tokio::test]
async fn no_notice_goes_to_a_lead_and_no_account_of_theirs_becomes_part_of_the_case() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    let evidence =
        desk.recorder
            .keep_file("members.json", "application/json", "[]".into(), "Members");
    let evidence = evidence.await.unwrap();
    let account = |login: &str| Account {
        provider: "github".into(),
        id: format!("id of {login}"),
        login: login.into(),
    };
    let candidate = |login: &str| Candidate {
        account: account(login),
        reasons: vec![Reason {
            why: "one address".into(),
            confidence: Confidence::Confirmed,
            evidence: evidence.clone(),
        }],
        emails: vec![format!("{login}@github.test")],
    };
    let found = Event::IdentityCandidates {
        provider: "github".into(),
        candidates: ["per-son", "kim-dev", "other-dev"].map(candidate).to_vec(),
    };
    staffed.append(found).await.unwrap();
    let kim = named(|one| {
        one.emails = vec!["kim@private.test".into()];
        one.accounts = vec![known("Kim-Dev")];
    });
    let lead = desk.record_lead(kim, "one address").await.unwrap();
    let to = |address: &str| desk.log.read(|state| state.may_receive(address));
    assert!(to("Kim <kim+x@private.test>").unwrap_err().contains("too"));
    to("counsel@example.test").unwrap();

    let refused = desk.choose("github", "kim-dev", "x", false).await;
    assert_eq!(refused.unwrap_err().code(), "account-of-lead");
    let forged = Event::IdentityChosen {
        account: account("kim-dev"),
        reason: "x".into(),
        evidence: vec![evidence.clone()],
    };
    let refused = staffed.append(forged).await.unwrap_err();
    assert!(refused.contains("a case of its own"), "{refused}");
    desk.choose("github", "per-son", "x", false).await.unwrap();
    // By what the provider shows for an account, too; and by what the roster knows of who is kept out.
    let shown = named(|one| one.emails = vec!["other-dev@github.test".into()]);
    desk.record_lead(shown, "one address").await.unwrap();
    let refused = desk.choose("github", "other-dev", "x", true).await;
    assert_eq!(refused.unwrap_err().code(), "account-of-lead");
    let by_login = named(|one| one.accounts = vec![known("bo-dev")]);
    to("bo@example.test").unwrap();
    desk.record_lead(by_login, "one address").await.unwrap();
    assert!(to("bo@example.test").unwrap_err().contains("kept out"));
    desk.exclude("Cy", "a friend").await.unwrap();
    assert!(to("cy@example.test").unwrap_err().contains("kept out"));
    desk.dismiss_lead(&lead.lead, "a shared house")
        .await
        .unwrap();
    desk.choose("github", "kim-dev", "x", true).await.unwrap();
    // Chosen: it is the person's now, and nobody else's.
    let theirs = named(|one| one.accounts = vec![known("kim-dev")]);
    assert_eq!(
        desk.record_lead(theirs, "x").await.unwrap_err().code(),
        "lead"
    );
}
