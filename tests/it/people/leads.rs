//! Whom a case may be about too: kept out as the person under review is, and left alone.

use cordon::access::{Principal, Roster, Sight, Via};
use cordon::app::Hand;
use cordon::id::LeadId;
use cordon::provider::{Account, Candidate, Confidence, Reason};
use cordon::run::Rest;
use cordon::run::status::Tree;

use super::papers::to;
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
    at("github", login)
}

fn at(provider: &str, login: &str) -> KnownAccount {
    KnownAccount {
        provider: provider.into(),
        login: login.into(),
    }
}

fn account(login: &str) -> Account {
    Account {
        provider: "github".into(),
        id: format!("id of {login}"),
        login: login.into(),
    }
}

/// The search for the person found these at GitHub, each a login and the address that is shown for it.
/// Gives the evidence.
async fn found(staffed: &Staffed, shown: &[(&str, &str)]) -> EvidenceId {
    let recorder = &staffed.desk.recorder;
    let evidence = recorder.keep_file("members.json", "application/json", "[]".into(), "Members");
    let evidence = evidence.await.unwrap();
    let candidate = |(login, email): &(&str, &str)| Candidate {
        account: account(login),
        reasons: vec![Reason {
            why: "one address".into(),
            confidence: Confidence::Confirmed,
            evidence: evidence.clone(),
        }],
        emails: vec![(*email).into()],
    };
    let found = Event::IdentityCandidates {
        provider: "github".into(),
        candidates: shown.iter().map(candidate).collect(),
    };
    staffed.append(found).await.unwrap();
    evidence
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
        (
            named(|one| one.accounts = vec![at("okta", "PERSON@example.test")]),
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
        one.accounts = vec![at("okta", "per-son")];
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
    let (notice, draft) = staffed.desk.draft("executive").await.unwrap();
    assert!(draft.text.contains("1 of 2 approvals"), "{}", draft.text);
    let session = Hand::Session("1a2b3c4d");
    let approved = staffed.desk.approve_notice(&notice, "Bo", session, "read");
    approved.await.unwrap();
    let lacks = || {
        let summary = staffed.desk.summary();
        (summary.gates[0].approved, summary.notices[0].lacks)
    };
    let run = || {
        staffed.desk.log.read(|state| {
            let tree = Tree::of(state);
            let note = tree.leaves().next().unwrap().note.clone();
            (note, Rest::of(state).gates)
        })
    };
    assert_eq!(lacks(), (1, 0));
    let (note, gates) = run();
    assert!(note.starts_with("1 of 2 approved"), "{note}");
    assert_eq!(gates, [("go".to_owned(), 1)]);
    let bo = named(|one| one.emails = vec!["bo@example.test".into()]);
    staffed.desk.record_lead(bo, "one address").await.unwrap();
    assert_eq!(lacks(), (0, 1));
    let (note, gates) = run();
    assert!(note.starts_with("0 of 2 approved"), "{note}");
    assert_eq!(gates, [("go".to_owned(), 0)]);
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
    let (_, draft) = staffed.desk.draft("executive").await.unwrap();
    assert!(draft.text.contains("0 of 2 approvals"), "{}", draft.text);
}

#[tokio::test]
async fn no_notice_goes_to_a_lead_and_no_account_of_theirs_becomes_part_of_the_case() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    let shown = [
        ("per-son", "per-son@github.test"),
        ("kim-dev", "kim-dev@github.test"),
        ("other-dev", "other-dev@github.test"),
    ];
    let evidence = found(&staffed, &shown).await;
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
        evidence: vec![evidence],
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

#[tokio::test]
async fn a_lead_who_is_known_by_a_login_that_is_an_address_has_that_address() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    found(&staffed, &[("kim-dev", "kim@corp.example")]).await;
    let to = |address: &str| desk.log.read(|state| state.may_receive(address));
    to("kim@corp.example").unwrap();
    let kim = named(|one| one.accounts = vec![at("okta", "Kim+okta@CORP.example")]);
    let lead = desk.record_lead(kim, "one address").await.unwrap().lead;
    assert!(to("Kim <kim@corp.example>").unwrap_err().contains("too"));
    let refused = desk.choose("github", "kim-dev", "x", false).await;
    assert_eq!(refused.unwrap_err().code(), "account-of-lead");
    desk.dismiss_lead(&lead, "a shared house").await.unwrap();
    to("kim@corp.example").unwrap();
    desk.choose("github", "kim-dev", "x", false).await.unwrap();
}

#[tokio::test]
async fn the_account_holder_has_the_address_that_is_their_login() {
    let staffed = Staffed::new().await;
    let mut state = staffed.desk.log.read(Clone::clone);
    let address = named(|one| one.emails = vec!["r.ash@corp.example".into()]);
    state.may_receive("r.ash@corp.example").unwrap();
    state.may_be_lead(&address).unwrap();
    let named_since = at("okta", "R.Ash@corp.example");
    state.subject.accounts.push(named_since);
    let refused = state.may_receive("r.ash@corp.example").unwrap_err();
    assert!(refused.contains("the account holder"), "{refused}");
    let refused = state.may_be_lead(&address).unwrap_err();
    assert!(refused.contains("somebody else"), "{refused}");
    // However the provider was written.
    state.subject.accounts.push(at("GitHub", "r-ash"));
    let account = named(|one| one.accounts = vec![known("R-Ash")]);
    let refused = state.may_be_lead(&account).unwrap_err();
    assert!(refused.contains("somebody else"), "{refused}");
}

#[tokio::test]
async fn a_lead_has_accounts_at_providers_that_there_are() {
    let staffed = Staffed::new().await;
    for provider in ["GitHub", "github.com", "git hub", ""] {
        let person = named(|one| {
            one.emails = vec!["kim@private.test".into()];
            one.accounts = vec![known("kim-dev"), at(provider, "kim-dev")];
        });
        let refused = staffed.desk.record_lead(person, "x").await.unwrap_err();
        assert_eq!(refused.code(), "no-provider", "{provider}");
        assert_eq!(refused.hints(), ["providers: github, okta"]);
    }
    assert!(staffed.desk.log.read(|state| state.leads.is_empty()));
}

#[tokio::test]
async fn no_notice_goes_to_whoever_is_kept_out_and_was_put_on_the_roster_since() {
    let mut roster = Roster::default();
    let staffed = Staffed::with(|settings| roster = settings.people.clone()).await;
    let desk = &staffed.desk;
    let (notice, _) = desk.draft("executive").await.unwrap();
    staffed.approve(&notice, "Bo").await.unwrap();
    let mut people = roster.now().to_vec();
    for name in ["Dee", "Eve"] {
        people.push(Person {
            name: name.into(),
            roles: vec!["legal".into()],
            key: String::new(),
            emails: vec![format!("{name}@example.test")],
            logins: vec![format!("{name}-dev")],
        });
    }
    roster.replace(people);
    let tried = async |address: &str| {
        let one = [address.to_owned()];
        let sent = desk.send_notice(&notice, &to(&one, true)).await;
        sent.unwrap_err().code().to_owned()
    };
    for address in ["dee@example.test", "eve@example.test"] {
        assert_eq!(tried(address).await, "no-mail", "{address}");
    }
    desk.exclude("Dee", "a friend").await.unwrap();
    let eve = named(|one| one.accounts = vec![known("eve-dev")]);
    desk.record_lead(eve, "one address").await.unwrap();
    for address in ["dee@example.test", "Eve <eve@example.test>"] {
        assert_eq!(tried(address).await, "recipient", "{address}");
        let handed = desk.dispatch_notice(&notice, "post", address, None, true);
        assert_eq!(handed.await.unwrap_err().code(), "recipient", "{address}");
    }
    assert_eq!(tried("office@example.test").await, "no-mail");
}

#[tokio::test]
async fn what_cannot_be_dismissed_says_where_the_leads_are() {
    let staffed = Staffed::new().await;
    let unknown = staffed.desk.dismiss_lead(&LeadId::fresh(), "x").await;
    let list = format!("cordon case leads {}", staffed.desk.log.case());
    let unknown = unknown.unwrap_err();
    assert!(unknown.hints().iter().any(|hint| hint.contains(&list)));
}
