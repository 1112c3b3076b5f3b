//! Who the subject is at GitHub, and whether our credentials are ours.

use cordon::case::subject::{KnownAccount, Subject};
use cordon::provider::{Confidence, Grant, Provider};
use cordon::range::company::Company;
use cordon::range::fault::Faults;

use super::Bench;

fn subject(bench: &Bench) -> Subject {
    let person = &bench.company.subject;
    Subject {
        emails: vec![person.email.clone()],
        display_name: Some(person.name.clone()),
        ..Subject::default()
    }
}

#[tokio::test]
async fn an_address_finds_its_account_and_not_the_lookalike() {
    let bench = Bench::new().await;
    let found = bench
        .github
        .resolve(&subject(&bench), bench.cx())
        .await
        .unwrap();
    let logins: Vec<&str> = found.iter().map(|one| one.account.login.as_str()).collect();
    assert_eq!(logins, [bench.company.subject.github_login.as_str()]);
    assert_eq!(found[0].confidence(), Confidence::Confirmed);
    // The identity provider, a commit, and the verified domain: three reasons.
    assert_eq!(found[0].reasons.len(), 3, "{:?}", found[0].reasons);
}

#[tokio::test]
async fn a_name_is_never_matched_on() {
    let bench = Bench::new().await;
    let named = Subject {
        display_name: Some("Robin Ashgrove".to_owned()),
        ..Subject::default()
    };
    assert!(
        bench
            .github
            .resolve(&named, bench.cx())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn two_candidates_stay_two() {
    let bench = Bench::new().await;
    let mut subject = subject(&bench);
    subject.accounts.push(KnownAccount {
        provider: "github".to_owned(),
        login: bench.company.lookalike.github_login.clone(),
    });
    let found = bench.github.resolve(&subject, bench.cx()).await.unwrap();
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn an_address_that_would_widen_the_search_is_not_sent() {
    let bench = Bench::new().await;
    let subject = Subject {
        emails: vec!["x@y.example org:other OR".to_owned()],
        ..Subject::default()
    };
    bench.github.resolve(&subject, bench.cx()).await.unwrap();
    assert!(
        bench
            .server
            .calls()
            .iter()
            .all(|call| !call.path.starts_with("/search"))
    );
}

#[tokio::test]
async fn the_preflight_knows_our_credentials() {
    let bench = Bench::new().await;
    let checks = bench
        .github
        .check(Some(&subject(&bench)), bench.cx())
        .await
        .unwrap();
    assert_eq!(checks.len(), 2);
    for check in &checks {
        assert!(check.usable(), "{check:?}");
        assert_eq!(check.owned_by_subject, Some(false));
        for permission in &check.permissions {
            assert_eq!(permission.grant, Grant::Present, "{permission:?}");
        }
    }
    assert_eq!(
        checks[0].authenticated_as.as_deref(),
        Some("case-response[bot]")
    );
    let none = bench.github.check(None, bench.cx()).await.unwrap();
    assert!(none.iter().all(|check| check.owned_by_subject.is_none()));
}

#[tokio::test]
async fn a_credential_of_the_subject_is_not_usable() {
    let bench = Bench::with(Company::invented(), Faults::none(), |settings| {
        settings.owner_token = Some(settings.held_tokens.remove(0));
        settings.app = None;
    })
    .await;
    // The subject is no owner and may ask for nothing: an operator has to name the login.
    let mut subject = subject(&bench);
    subject.accounts.push(KnownAccount {
        provider: "github".to_owned(),
        login: bench.company.subject.github_login.to_uppercase(),
    });
    let checks = bench
        .github
        .check(Some(&subject), bench.cx())
        .await
        .unwrap();
    assert_eq!(checks[0].owned_by_subject, Some(true));
    assert!(!checks[0].usable());
    let scope = checks[0]
        .permissions
        .iter()
        .find(|one| one.name == "admin:org")
        .unwrap();
    assert_eq!(scope.grant, Grant::Missing);
}

#[tokio::test]
async fn without_a_credential_the_check_and_the_inventory_say_so() {
    let bench = Bench::with(Company::invented(), Faults::none(), |settings| {
        settings.owner_token = None;
    })
    .await;
    let inventory = bench
        .github
        .doors(&bench.subject(), bench.cx())
        .await
        .unwrap();
    let gaps: Vec<&str> = inventory
        .completeness
        .iter()
        .flat_map(|read| &read.gaps)
        .map(String::as_str)
        .collect();
    assert!(
        gaps.iter().any(|gap| gap.contains("Codespaces")),
        "{gaps:?}"
    );

    let bench = Bench::with(Company::invented(), Faults::none(), |settings| {
        settings.app = None;
    })
    .await;
    let inventory = bench
        .github
        .doors(&bench.subject(), bench.cx())
        .await
        .unwrap();
    let gap = |read: &&cordon::provider::Completeness| {
        read.what.starts_with("personal access token") && !read.complete
    };
    assert_eq!(inventory.completeness.iter().filter(gap).count(), 2);
    // Everything else comes with the owner's token alone.
    assert!(
        inventory
            .doors
            .iter()
            .any(|door| door.kind == "github.membership")
    );

    let bench = Bench::with(Company::invented(), Faults::none(), |settings| {
        settings.app = None;
        settings.owner_token = None;
    })
    .await;
    let inventory = bench
        .github
        .doors(&bench.subject(), bench.cx())
        .await
        .unwrap();
    assert!(inventory.doors.is_empty() && !inventory.completeness[0].complete);
    let checks = bench.github.check(None, bench.cx()).await.unwrap();
    assert!(!checks[0].usable());
}
