//! The life of every kind of door.

use std::collections::BTreeSet;

use cordon::canon::Digest;
use cordon::door::{Class, Door, DoorState, Link};
use cordon::provider::{Closing, Provider};
use cordon::range::company::Company;
use cordon::range::fault::Faults;
use cordon::secret::ExposeSecret;

use super::{Bench, account};

fn held_token(bench: &Bench) -> String {
    Digest::of(bench.world.keys().subject_token.expose_secret().as_bytes()).short()
}

#[tokio::test]
async fn the_inventory_finds_what_is_planted_and_nothing_of_others() {
    let bench = Bench::new().await;
    let inventory = bench
        .github
        .doors(&bench.subject(), bench.cx())
        .await
        .unwrap();
    let mut found: Vec<(String, String)> = inventory
        .doors
        .iter()
        .filter(|door| door.link != Link::Unattributed && door.kind != "github.secret")
        .map(|door| (door.kind.clone(), door.native.clone()))
        .collect();
    found.sort();
    let mut planted: Vec<(String, String)> = bench
        .world
        .planted()
        .into_iter()
        .map(|(kind, native)| (kind.to_owned(), native))
        .collect();
    planted.push(("github.held_token".to_owned(), held_token(&bench)));
    planted.sort();
    assert_eq!(found, planted);
    let loose: Vec<&str> = inventory
        .doors
        .iter()
        .filter(|door| door.link == Link::Unattributed)
        .map(|door| door.label.as_str())
        .collect();
    // The old key, the webhook and nothing else lack a record.
    assert_eq!(loose.len(), 2, "{loose:?}");
    let secrets = inventory
        .doors
        .iter()
        .filter(|door| door.kind == "github.secret")
        .count();
    assert_eq!(secrets, 6);
    for read in &inventory.completeness {
        assert!(read.complete && read.gaps.is_empty(), "{read:?}");
    }
    // The same doors again have the same ids.
    let again = bench.doors(&bench.subject()).await;
    let ids = |doors: &[Door]| doors.iter().map(|door| door.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&inventory.doors), ids(&again));
}

#[tokio::test]
async fn an_inventory_changes_nothing() {
    let bench = Bench::new().await;
    bench.doors(&bench.subject()).await;
    for call in bench.server.calls() {
        let reads = call.method == "GET" || call.path.ends_with("/access_tokens");
        assert!(
            reads || call.path == "/graphql",
            "{} {}",
            call.method,
            call.path
        );
    }
}

/// Whether an answer says that the change is made or was made before.
fn done(closing: &Closing) -> bool {
    matches!(
        closing,
        Closing::Accepted { .. } | Closing::AlreadyDone { .. }
    )
}

/// Closes a door twice, proves it, and asks the world for the truth. False when only people close it.
async fn closes(bench: &Bench, door: &Door) -> bool {
    let kind = bench.github.spec().door_kind(&door.kind).unwrap();
    let first = bench.github.close(door, bench.cx()).await.unwrap();
    if kind.close.is_none() {
        assert!(
            matches!(first, Closing::Refused { evidence: None, .. }),
            "{first:?}"
        );
        return false;
    }
    assert!(
        matches!(first, Closing::Accepted { .. }),
        "{}: {first:?}",
        door.kind
    );
    let second = bench.github.close(door, bench.cx()).await.unwrap();
    assert!(done(&second), "{} again: {second:?}", door.kind);
    bench.proves(door, DoorState::Closed).await;
    let truth = match door.kind.as_str() {
        "github.deploy_key" => Some(
            bench
                .world
                .accepts_key(door.detail["title"].as_str().unwrap()),
        ),
        kind => bench.world.is_open(kind, &door.native),
    };
    assert_ne!(
        truth,
        Some(true),
        "{} was called closed and is open",
        door.kind
    );
    true
}

/// Puts a door back twice and proves it.
async fn comes_back(bench: &Bench, door: &Door, undo: &serde_json::Value) {
    let first = bench.github.reopen(door, undo, bench.cx()).await.unwrap();
    assert!(done(&first), "{}: {first:?}", door.kind);
    let second = bench.github.reopen(door, undo, bench.cx()).await.unwrap();
    assert!(done(&second), "{} again: {second:?}", door.kind);
    // Whoever had direct access is invited and has it when they accept.
    if !door.kind.starts_with("github.collaborator") {
        bench.proves(door, DoorState::Open).await;
    }
}

#[tokio::test]
async fn every_kind_closes_proves_and_comes_back_and_others_stay() {
    let bench = Bench::new().await;
    let others = bench.world.others();
    let doors = bench.doors(&bench.subject()).await;
    let kinds = bench.github.spec().doors;
    let mut order: Vec<&Door> = doors
        .iter()
        .filter(|d| d.link != Link::Unattributed)
        .collect();
    // As a plan would: what comes after another kind is closed after it.
    order.sort_by_key(|door| kinds.iter().position(|kind| kind.name == door.kind));
    let mut closed = BTreeSet::new();
    for door in &order {
        if closes(&bench, door).await {
            closed.insert(door.kind.as_str());
        }
    }
    assert!(!bench.world.invites(91_900_001));
    assert_eq!(
        bench.world.others(),
        others,
        "something of somebody else was changed"
    );
    for kind in kinds.iter().filter(|kind| kind.close.is_some()) {
        // Managed users have a test of their own.
        let elsewhere = kind.name == "github.scim_identity";
        assert!(
            elsewhere || closed.contains(kind.name),
            "{} was not tried",
            kind.name
        );
    }
    for door in order.iter().rev() {
        if let Some(undo) = bench.github.undo(door) {
            comes_back(&bench, door, &undo).await;
        }
    }
    assert_eq!(
        bench.world.others(),
        others,
        "an undo changed something of somebody else"
    );
    bench.world.accept(bench.company.subject.github_id);
    let member = bench.of_kind("github.membership").await.remove(0);
    let teams = member.detail["teams"].as_array().unwrap();
    let engine = teams.iter().find(|team| team["slug"] == "engine").unwrap();
    assert_eq!(engine["role"], "maintainer", "{teams:?}");
}

#[tokio::test]
async fn an_accepted_revocation_is_open_until_it_has_happened() {
    let bench = Bench::new().await;
    bench.world.set_lag(std::time::Duration::from_secs(2));
    for kind in ["github.sso_authorizations", "github.codespace"] {
        let door = bench.of_kind(kind).await.remove(0);
        let closing = bench.github.close(&door, bench.cx()).await.unwrap();
        assert!(matches!(closing, Closing::Accepted { .. }));
        let probe = bench.github.probe(&door, bench.cx()).await.unwrap();
        assert_eq!(probe.state, DoorState::Open, "{kind}: {}", probe.why);
    }
}

/// A renamed login answers 404 everywhere, which must not pass for "removed".
#[tokio::test]
async fn a_renamed_login_is_still_the_same_account() {
    let bench = Bench::new().await;
    let door = bench.of_kind("github.membership").await.remove(0);
    bench
        .world
        .rename(bench.company.subject.github_id, "somebody-else-entirely");
    bench.proves(&door, DoorState::Open).await;
    let closing = bench.github.close(&door, bench.cx()).await.unwrap();
    assert!(matches!(closing, Closing::Accepted { .. }), "{closing:?}");
    assert_eq!(bench.world.is_open(&door.kind, &door.native), Some(false));
    bench.proves(&door, DoorState::Closed).await;
}

#[tokio::test]
async fn a_deploy_key_survives_the_membership_and_is_found_after_its_undo() {
    let bench = Bench::new().await;
    let key = bench.of_kind("github.deploy_key").await.remove(0);
    let member = bench.of_kind("github.membership").await.remove(0);
    bench.github.close(&member, bench.cx()).await.unwrap();
    bench.proves(&key, DoorState::Open).await;
    bench.github.close(&key, bench.cx()).await.unwrap();
    bench.proves(&key, DoorState::Closed).await;
    let undo = bench.github.undo(&key).unwrap();
    bench.github.reopen(&key, &undo, bench.cx()).await.unwrap();
    // The key is back under another id; the door of the old id is open all the same.
    bench.proves(&key, DoorState::Open).await;
    bench.github.close(&key, bench.cx()).await.unwrap();
    bench.proves(&key, DoorState::Closed).await;
    assert!(
        !bench
            .world
            .accepts_key(key.detail["title"].as_str().unwrap())
    );
}

#[tokio::test]
async fn a_busy_runner_is_refused_with_the_next_step() {
    let bench = Bench::new().await;
    let door = bench.of_kind("github.org_runner").await.remove(0);
    bench.world.set_busy("tm-runner-07", true);
    let closing = bench.github.close(&door, bench.cx()).await.unwrap();
    let Closing::Refused {
        why,
        evidence: Some(_),
    } = closing
    else {
        panic!("{closing:?}")
    };
    assert!(why.contains("cancel its job"), "{why}");
    bench.proves(&door, DoorState::Open).await;
}

#[tokio::test]
async fn an_outside_collaborator_loses_the_right_and_the_fork_has_its_own_kind() {
    let bench = Bench::new().await;
    let partner = account(91_800_002, "quayside-partner");
    let doors = bench.doors(&partner).await;
    let kinds: Vec<&str> = doors.iter().map(|door| door.kind.as_str()).collect();
    assert!(!kinds.contains(&"github.membership"), "{kinds:?}");
    let door = doors
        .iter()
        .find(|d| d.kind == "github.collaborator_with_fork")
        .unwrap();
    let kind = bench.github.spec().door_kind(&door.kind).unwrap();
    assert_eq!(kind.class, Class::Irreversible);
    let fork = doors
        .iter()
        .find(|door| door.kind == "github.fork")
        .unwrap();
    bench.proves(fork, DoorState::Open).await;
    bench.github.close(door, bench.cx()).await.unwrap();
    bench.proves(door, DoorState::Closed).await;
    bench.proves(fork, DoorState::Closed).await;
    let undo = bench.github.undo(door).unwrap();
    for _ in 0..2 {
        bench.github.reopen(door, &undo, bench.cx()).await.unwrap();
    }
    assert!(bench.world.invites(91_800_002));
}

#[tokio::test]
async fn a_managed_user_is_suspended_and_comes_back() {
    let mut company = Company::invented();
    company.subject.github_login = "r-ashgrove_tm".to_owned();
    company.lookalike.github_login = "r-ashgrave_tm".to_owned();
    let enterprise = format!("{}-holding", company.org);
    let bench = Bench::with(company, Faults::none(), |settings| {
        settings.enterprise = Some(enterprise);
        settings.held_tokens.clear();
    })
    .await;
    let others = bench.world.others();
    let doors = bench.doors(&bench.subject()).await;
    let door = doors
        .iter()
        .find(|door| door.kind == "github.scim_identity")
        .unwrap();
    let member = doors
        .iter()
        .find(|door| door.kind == "github.membership")
        .unwrap();
    for _ in 0..2 {
        let closing = bench.github.close(door, bench.cx()).await.unwrap();
        assert!(matches!(closing, Closing::Accepted { .. }), "{closing:?}");
    }
    bench.proves(door, DoorState::Closed).await;
    // The suspension replaced the login; the membership is still there.
    bench.proves(member, DoorState::Open).await;
    let undo = bench.github.undo(door).unwrap();
    for _ in 0..2 {
        bench.github.reopen(door, &undo, bench.cx()).await.unwrap();
    }
    bench.proves(door, DoorState::Open).await;
    assert_eq!(bench.world.others(), others);
}

#[tokio::test]
async fn doors_of_a_protected_login_are_never_closed() {
    let bench = Bench::new().await;
    let guardian = &bench.company.guardian;
    let doors = bench
        .doors(&account(guardian.github_id, &guardian.github_login))
        .await;
    assert!(!doors.is_empty());
    for door in &doors {
        assert!(door.protected.is_some(), "{}", door.kind);
        let closing = bench.github.close(door, bench.cx()).await.unwrap();
        assert!(matches!(closing, Closing::Refused { .. }), "{closing:?}");
    }
    assert!(
        bench
            .server
            .calls()
            .iter()
            .all(|call| { call.method == "GET" || call.path.ends_with("/access_tokens") })
    );
}

#[tokio::test]
async fn a_webhook_that_was_off_before_stays_off_after_its_undo() {
    let bench = Bench::new().await;
    let door = bench.of_kind("github.repo_hook").await.remove(0);
    bench.github.close(&door, bench.cx()).await.unwrap();
    let off = bench.of_kind("github.repo_hook").await.remove(0);
    let undo = bench.github.undo(&off).unwrap();
    bench.github.reopen(&off, &undo, bench.cx()).await.unwrap();
    assert_eq!(bench.world.is_open(&off.kind, &off.native), Some(false));
}

#[tokio::test]
async fn what_only_people_close_is_proven_when_they_did() {
    let bench = Bench::new().await;
    let app = bench.of_kind("github.installation").await.remove(0);
    let closing = bench.github.close(&app, bench.cx()).await.unwrap();
    assert!(matches!(closing, Closing::Refused { evidence: None, .. }));
    bench
        .world
        .suspend_installation(app.native.parse().unwrap());
    bench.proves(&app, DoorState::Closed).await;
    let secrets = bench.of_kind("github.secret").await;
    let secret = secrets
        .iter()
        .find(|door| door.native.ends_with("SIGNING_KEY"))
        .unwrap();
    bench.proves(secret, DoorState::Open).await;
    bench.world.rotate("SIGNING_KEY");
    // GitHub's copy changed; whether the old value died elsewhere nobody here can see.
    bench.proves(secret, DoorState::Unknown).await;
}

#[tokio::test]
async fn invitations_that_the_account_sent_or_holds_are_found_again_whatever_became_of_the_call() {
    let bench = Bench::new().await;
    let subject = bench.company.subject.github_id;
    // Members are not invited: the account has left, and somebody invites it back.
    for door in bench.of_kind("github.membership").await {
        bench.github.close(&door, bench.cx()).await.unwrap();
    }
    let held = bench.world.invite(subject, &bench.company.repositories[3]);
    let planted = bench.world.planted();
    for kind in ["github.invitation", "github.repo_invitation"] {
        let doors = bench.of_kind(kind).await;
        let found: BTreeSet<&str> = doors.iter().map(|door| door.native.as_str()).collect();
        let truth: BTreeSet<&str> = planted
            .iter()
            .filter(|(of, _)| *of == kind)
            .map(|(_, native)| native.as_str())
            .collect();
        assert_eq!(found, truth, "{kind}");
        assert_eq!(found.len(), 2, "one sent, one held");
        for door in &doors {
            let owned = held.contains(&(kind, door.native.clone()));
            assert_eq!(door.link == Link::Owner, owned, "{door:?}");
            bench.proves(door, DoorState::Open).await;
            assert_eq!(bench.world.is_open(kind, &door.native), Some(true));
            // The call is carried out and whoever made it does not live to hear of it. The next
            // one looks, closes again, and undoes nothing that it did not do.
            bench.github.close(door, bench.cx()).await.unwrap();
            assert_eq!(bench.world.is_open(kind, &door.native), Some(false));
            bench.proves(door, DoorState::Closed).await;
            let again = bench.github.close(door, bench.cx()).await.unwrap();
            assert!(matches!(again, Closing::AlreadyDone { .. }), "{again:?}");
            // Invited anew: another id, and the same door.
            let undo = bench.github.undo(door).unwrap();
            bench.github.reopen(door, &undo, bench.cx()).await.unwrap();
            bench.proves(door, DoorState::Open).await;
            let closing = bench.github.close(door, bench.cx()).await.unwrap();
            assert!(matches!(closing, Closing::Accepted { .. }), "{closing:?}");
            bench.proves(door, DoorState::Closed).await;
        }
        assert!(bench.of_kind(kind).await.is_empty(), "{kind}");
    }
    assert!(!bench.world.invites(subject));
}
