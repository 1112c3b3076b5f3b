//! Migration archives: begun once, waited for, fetched elsewhere without a credential.

use std::time::Duration;

use ::http::Method;
use cordon::http::download;
use cordon::provider::{Archives, Progress, Provider};
use cordon::range::company::Company;
use cordon::range::fault::{Faults, Nth, Trouble};
use cordon::secret::ExposeSecret as _;
use cordon::time::Timestamp;
use url::Url;

use super::Bench;

const NAMES: [&str; 2] = ["tallowmere/tide-console", "Tide-Engine"];

fn names() -> Vec<String> {
    NAMES.map(str::to_owned).to_vec()
}

impl Bench {
    fn archived(&self) -> &dyn Archives {
        self.github.archives().unwrap()
    }

    /// The bodies of the calls that asked for a migration.
    fn asked_for(&self) -> Vec<serde_json::Value> {
        let seen = self.kept.0.lock().unwrap();
        seen.iter()
            .filter(|one| {
                one.request.method == "POST" && one.request.url.path().ends_with("/migrations")
            })
            .map(|one| serde_json::from_slice(&one.request.body.as_ref().unwrap().1).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn one_migration_serves_every_call_for_the_same_repositories() {
    let bench = Bench::new().await;
    bench.world.set_lag(Duration::from_hours(1));
    let (archives, cx, since) = (bench.archived(), bench.cx(), bench.clock.now());
    let begun = archives.begin(&names(), since, cx).await.unwrap();
    let full = ["tallowmere/tide-console", "tallowmere/tide-engine"];
    assert!(!begun.resumed && begun.repositories == full, "{begun:?}");
    let owners = &bench.company.approvers;
    assert!(
        owners.iter().any(|one| one.github_login == begun.by),
        "{begun:?}"
    );
    let mut other_order = names();
    other_order.reverse();
    let again = archives.begin(&other_order, since, cx).await.unwrap();
    assert!(again.resumed && again.id == begun.id, "{again:?}");
    assert_eq!(
        bench.asked_for(),
        [serde_json::json!({ "repositories": full, "lock_repositories": false })]
    );
    let progress = archives.progress(&begun.id, cx).await.unwrap();
    assert!(matches!(progress, Progress::Making { .. }), "{progress:?}");
    let early = archives.place(&begun.id, cx).await.unwrap_err();
    assert_eq!(early.code(), "github-archive");

    // Other repositories, or a case that was opened later: another migration.
    let one = archives.begin(&names()[..1], since, cx).await.unwrap();
    let later = since + jiff::SignedDuration::from_hours(1);
    let other = archives.begin(&names(), later, cx).await.unwrap();
    assert!(!one.resumed && !other.resumed && other.id != begun.id);
    assert_eq!(bench.asked_for().len(), 3);
}

#[tokio::test]
async fn the_archive_comes_from_elsewhere_and_only_without_a_credential() {
    let bench = Bench::new().await;
    bench.world.set_lag(Duration::ZERO);
    let (archives, cx) = (bench.archived(), bench.cx());
    let begun = archives
        .begin(&names(), bench.clock.now(), cx)
        .await
        .unwrap();
    assert_eq!(
        archives.progress(&begun.id, cx).await.unwrap(),
        Progress::Made
    );
    let place = archives.place(&begun.id, cx).await.unwrap();
    assert_eq!(place.origin(), bench.archives.url().origin());
    assert_ne!(place.origin(), bench.server.url().origin());
    assert!(bench.archives.calls().is_empty(), "a redirect was followed");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let got = download::to_file(&place, &path, 1 << 20).await.unwrap();
    assert_eq!(got.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(got.url.query(), None);
    // The other host is as strict as the test needs it to be.
    let token = bench.world.keys().owner_token.expose_secret().to_owned();
    let shown = reqwest::Client::builder()
        .build()
        .unwrap()
        .get(place.clone())
        .bearer_auth(token);
    assert_eq!(shown.send().await.unwrap().status(), 400);

    let small = download::to_file(&place, &folder.path().join("small"), got.bytes - 1).await;
    assert_eq!(small.unwrap_err().code(), "download-large");
    let mut unsigned = place;
    unsigned.set_query(Some("X-Amz-Signature=secret-of-the-address"));
    let refused = download::to_file(&unsigned, &folder.path().join("no"), 1 << 20).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), "download-answer");
    assert!(!format!("{refused} {refused:?}").contains("secret-of"));
    let plain = Url::parse("http://archives.example/1?sig=secret-of-the-address").unwrap();
    let refused = download::to_file(&plain, &folder.path().join("no"), 1 << 20).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), "download-refused");
    assert!(!format!("{refused} {refused:?}").contains("secret-of"));
}

/// The answer to the write is lost: it is not repeated, and the next call finds what was begun.
#[tokio::test]
async fn a_migration_whose_answer_was_lost_is_found() {
    let lost = Faults::none().on(
        Method::POST,
        "/orgs/*/migrations",
        Nth::Only(1),
        Trouble::Reset,
    );
    let bench = Bench::with(Company::invented(), lost, |_| {}).await;
    let (archives, since) = (bench.archived(), bench.clock.now());
    let unclear = archives.begin(&names(), since, bench.cx()).await;
    let unclear = unclear.unwrap_err();
    assert_eq!(unclear.code(), "call-unclear");
    assert!(unclear.hints().iter().any(|hint| hint.contains("again")));
    let found = archives.begin(&names(), since, bench.cx()).await.unwrap();
    assert!(found.resumed, "{found:?}");
    assert_eq!(bench.asked_for().len(), 1);
}

/// An App, and a person who is no owner, are told what is needed; nothing is begun.
#[tokio::test]
async fn without_an_owners_token_it_is_said_what_is_needed() {
    for (token, code) in [(false, "github-credential"), (true, "github-archive")] {
        let bench = Bench::with(Company::invented(), Faults::none(), |settings| {
            let of_member = settings.held_tokens.remove(0);
            settings.owner_token = token.then_some(of_member);
        })
        .await;
        let names = names();
        let refused = bench
            .archived()
            .begin(&names, Timestamp::UNIX_EPOCH, bench.cx());
        let fault = refused.await.unwrap_err();
        assert_eq!(fault.code(), code);
        assert!(
            fault
                .hints()
                .iter()
                .any(|hint| hint.contains("owner_token"))
        );
        assert!(bench.asked_for().is_empty());
    }
}

/// The simulated GitHub refuses Apps here, as the real one does.
#[tokio::test]
async fn an_installation_may_not_ask() {
    let bench = Bench::new().await;
    let client = reqwest::Client::builder().build().unwrap();
    let server = bench.server.url();
    let keys = bench.world.keys();
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(keys.private_key.expose_secret().as_bytes());
    let now = bench.clock.now().as_second();
    let claims = serde_json::json!({ "iss": keys.app_id.to_string(), "iat": now, "exp": now + 60 });
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    let jwt = jsonwebtoken::encode(&header, &claims, &key.unwrap()).unwrap();
    let minting = format!("app/installations/{}/access_tokens", keys.installation_id);
    let minted = client.post(server.join(&minting).unwrap()).bearer_auth(jwt);
    let minted: serde_json::Value = minted.send().await.unwrap().json().await.unwrap();
    let asked = client
        .post(server.join("orgs/tallowmere/migrations").unwrap())
        .bearer_auth(minted["token"].as_str().unwrap())
        .json(&serde_json::json!({ "repositories": ["tide-engine"] }));
    assert_eq!(asked.send().await.unwrap().status(), 403);
}
