//! Passkeys, through the guard as a browser has them: made on the account page, used in place of
//! passphrase and code, and refused in the same words whatever is wrong.

mod adding;
mod authenticator;

use cordon::signin::What;
use serde_json::Value;

use super::{PASSPHRASE, shown};
use crate::web_guard::{Page, Site};
use authenticator::{Authenticator, Manner};

const ORIGIN: &str = "http://localhost:8470";

/// The pages, at a name that passkeys are made for.
fn site() -> Site {
    Site::at(&format!("[serve]\npublic_url = \"{ORIGIN}\""), ORIGIN)
}

/// What a browser is asked, and the ticket that goes back with its answer.
fn asked(page: &Page) -> (String, Value) {
    assert_eq!(page.status.as_u16(), 200, "{page:?}");
    assert_eq!(page.header("content-type"), "application/json");
    let mut said: Value = serde_json::from_str(&page.text).unwrap();
    let begun = said["begun"].as_str().unwrap().to_owned();
    (begun, said["options"].take())
}

async fn csrf(site: &Site, cookie: &str) -> String {
    site.get("/account", cookie).await.csrf()
}

/// Begins to add a passkey with the code that the app shows now; the next one is another.
async fn begin_adding(site: &Site, cookie: &str, secret: &str) -> (String, Value) {
    let (csrf, code) = (csrf(site, cookie).await, shown(secret, site.now()));
    let fields = [("csrf", csrf.as_str()), ("code", &code)];
    let page = site.post("/account/passkeys/begin", cookie, &fields).await;
    site.wait(30);
    asked(&page)
}

async fn add(site: &Site, cookie: &str, name: &str, begun: &str, answer: &str) -> Page {
    let csrf = csrf(site, cookie).await;
    let fields = [
        ("csrf", csrf.as_str()),
        ("name", name),
        ("begun", begun),
        ("answer", answer),
    ];
    site.post("/account/passkeys", cookie, &fields).await
}

/// Enrols somebody with a passkey: their session, the secret of their app, and the passkey.
async fn with_passkey(site: &Site, name: &str) -> (String, String, Authenticator) {
    let (cookie, secret) = site.enrol(name).await;
    let mut passkey = Authenticator::new(format!("the credential of {name}").as_bytes());
    let (begun, options) = begin_adding(site, &cookie, &secret).await;
    let made = passkey.create(&options, &Manner::default());
    let page = add(site, &cookie, "laptop", &begun, &made).await;
    let to = (page.status.as_u16(), page.header("location"));
    assert_eq!(to, (303, "/account"), "{page:?}");
    (cookie, secret, passkey)
}

async fn begin(site: &Site) -> (String, Value) {
    asked(&site.post("/signin/passkey/begin", "", &[]).await)
}

async fn finish(site: &Site, name: &str, begun: &str, answer: &str) -> Page {
    let fields = [
        ("name", name),
        ("begun", begun),
        ("answer", answer),
        ("next", "/people"),
    ];
    site.post("/signin/passkey", "", &fields).await
}

async fn enter(site: &Site, name: &str, passkey: &mut Authenticator, manner: &Manner) -> Page {
    let (begun, options) = begin(site).await;
    finish(site, name, &begun, &passkey.get(&options, manner)).await
}

async fn remove(site: &Site, cookie: &str, id: &str) -> Page {
    let csrf = csrf(site, cookie).await;
    let fields = [("csrf", csrf.as_str()), ("id", id)];
    site.post("/account/passkeys/remove", cookie, &fields).await
}

/// The words of a refusal, which is one.
fn refusal(page: Page) -> String {
    assert_eq!(page.status.as_u16(), 403, "{page:?}");
    assert!(page.headers.get("set-cookie").is_none());
    assert!(page.text.contains("You are not signed in."));
    page.text
}

fn let_in(page: &Page) {
    let to = (page.status.as_u16(), page.header("location"));
    assert_eq!(to, (303, "/people"), "{page:?}");
    assert!(page.cookie().starts_with("cordon="));
}

/// Why the last one was refused, as administrators read it.
fn noted(site: &Site) -> String {
    let last = site.signin.journal(1).unwrap().remove(0);
    assert_eq!(last.what, What::Refused);
    last.note
}

#[tokio::test]
async fn a_passkey_signs_in_without_passphrase_and_code_and_is_removed_again() {
    let site = site();
    let form = site.get("/signin", "").await.text;
    assert!(form.contains("hidden>Use a passkey</button>") && form.contains("passkey.js"));
    let (cookie, _, mut passkey) = with_passkey(&site, "Ada").await;
    let made = site.signin.journal(1).unwrap().remove(0);
    assert_eq!(
        (made.what, made.note.as_str()),
        (What::PasskeyAdded, "laptop")
    );
    assert_eq!(site.signin.standing().unwrap()[0].passkeys, 1);
    let account = site.get("/account", &cookie).await.text;
    assert!(account.contains("Remove the passkey laptop"), "{account}");
    let kept = site.signin.passkeys("Ada").unwrap().remove(0);
    assert!(kept.used.is_none());
    for name in ["Ada", " ada@CORP.example "] {
        let page = enter(&site, name, &mut passkey, &Manner::default()).await;
        let_in(&page);
        assert_eq!(site.get("/account", &page.cookie()).await.status, 200);
        let entry = site.signin.journal(1).unwrap().remove(0);
        assert_eq!(
            (entry.what, entry.note.as_str()),
            (What::SignedIn, "passkey")
        );
    }
    let used = site.signin.passkeys("Ada").unwrap().remove(0).used;
    assert_eq!(used, Some(site.now()));
    for (id, expected) in [("none", 422), (kept.id.as_str(), 303), (&kept.id, 422)] {
        let page = remove(&site, &cookie, id).await;
        assert_eq!(page.status.as_u16(), expected, "{page:?}");
        let says = page.text.contains("it lists the passkeys that you have");
        assert_eq!(says, expected == 422, "{page:?}");
    }
    let removed = site.signin.journal(1).unwrap().remove(0);
    assert_eq!(
        (removed.what, removed.note.as_str()),
        (What::PasskeyRemoved, "laptop")
    );
    refusal(enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    assert_eq!(noted(&site), "another passkey, or one that was removed");
    assert_eq!(site.signin.standing().unwrap()[0].passkeys, 0);
}

/// Whoever has a stolen device may have signed in with it before its person removes the passkey.
#[tokio::test]
async fn removing_a_passkey_ends_every_other_session_that_a_passkey_opened() {
    let site = site();
    let (by_passphrase, _, mut passkey) = with_passkey(&site, "Ada").await;
    let (_, _, mut bos) = with_passkey(&site, "Bo").await;
    let right = Manner::default();
    let here = enter(&site, "Ada", &mut passkey, &right).await.cookie();
    let stolen = enter(&site, "Ada", &mut passkey, &right).await.cookie();
    let of_bo = enter(&site, "Bo", &mut bos, &right).await.cookie();
    let vouched = site.signin.enter_vouched("Ada", None, None).unwrap();
    let vouched = format!("cordon={}", vouched.ticket.expose());
    let account = site.get("/account", &here).await.text;
    assert!(
        account.contains("Removing one ends every other session of yours that a passkey opened."),
        "{account}"
    );
    // What is not theirs to remove ends nothing.
    let ended = site.signin.ended();
    for id in ["none", &site.signin.passkeys("Bo").unwrap()[0].id] {
        assert_eq!(remove(&site, &here, id).await.status.as_u16(), 422);
    }
    assert_eq!(site.get("/account", &stolen).await.status.as_u16(), 200);
    assert!(!ended.has_changed().unwrap());
    let id = site.signin.passkeys("Ada").unwrap().remove(0).id;
    assert_eq!(remove(&site, &here, &id).await.status.as_u16(), 303);
    // Streams look again whether theirs still holds.
    assert!(ended.has_changed().unwrap());
    let page = site.get("/account", &stolen).await;
    assert_eq!(page.status.as_u16(), 303, "{page:?}");
    assert!(page.header("location").starts_with("/signin"), "{page:?}");
    for cookie in [&here, &by_passphrase, &vouched, &of_bo] {
        let page = site.get("/account", cookie).await;
        assert_eq!(page.status.as_u16(), 200, "{page:?}");
    }
    assert_eq!(site.signin.sessions("Ada").unwrap().len(), 3);
}

#[tokio::test]
async fn an_answer_that_is_wrong_in_one_thing_signs_nobody_in() {
    let site = site();
    let (_, _, mut passkey) = with_passkey(&site, "Ada").await;
    let right = Manner::default;
    for (manner, why) in [
        (
            Manner {
                origin: "https://localhost:8470",
                ..right()
            },
            "made for another site",
        ),
        (
            Manner {
                origin: "http://localhost:8471",
                ..right()
            },
            "made for another site",
        ),
        (
            Manner {
                origin: "http://evil.example",
                ..right()
            },
            "made for another site",
        ),
        (
            Manner {
                site: "evil.example",
                ..right()
            },
            "made for another site",
        ),
        (
            Manner {
                challenge: Some("AAAA"),
                ..right()
            },
            "no answer to what was asked",
        ),
        (
            Manner {
                kind: Some("webauthn.create"),
                ..right()
            },
            "its signature is not right",
        ),
        (
            Manner {
                verified: false,
                ..right()
            },
            "the device did not verify its person",
        ),
        (
            Manner {
                present: false,
                ..right()
            },
            "the device did not verify its person",
        ),
        (
            Manner {
                signed: false,
                ..right()
            },
            "its signature is not right",
        ),
    ] {
        refusal(enter(&site, "Ada", &mut passkey, &manner).await);
        assert_eq!(noted(&site), format!("passkey laptop: {why}"));
        let_in(&enter(&site, "Ada", &mut passkey, &right()).await);
    }
}

#[tokio::test]
async fn an_answer_of_somebody_else_or_in_no_form_signs_nobody_in() {
    let site = site();
    let (_, _, mut passkey) = with_passkey(&site, "Ada").await;
    let other = Manner {
        handle: Some(b"somebody else"),
        ..Manner::default()
    };
    refusal(enter(&site, "Ada", &mut passkey, &other).await);
    for answer in ["", "{}", "null", &"[".repeat(10_000), &"x".repeat(20_000)] {
        site.wait(900);
        let (begun, _) = begin(&site).await;
        refusal(finish(&site, "Ada", &begun, answer).await);
        assert_eq!(noted(&site), "passkey: an answer that cannot be read");
    }
}

#[tokio::test]
async fn what_was_asked_is_answered_once_in_time_and_by_a_counter_that_goes_on() {
    let site = site();
    let (_, _, mut passkey) = with_passkey(&site, "Ada").await;
    let (begun, options) = begin(&site).await;
    let (other, _) = begin(&site).await;
    let answer = passkey.get(&options, &Manner::default());
    let_in(&finish(&site, "Ada", &begun, &answer).await);
    let late = "passkey: begun too long ago, elsewhere, or used before";
    refusal(finish(&site, "Ada", &begun, &answer).await);
    assert_eq!(noted(&site), late);
    // The same answer to another question.
    refusal(finish(&site, "Ada", &other, &answer).await);
    assert_eq!(noted(&site), "passkey laptop: no answer to what was asked");
    let (begun, options) = begin(&site).await;
    let answer = passkey.get(&options, &Manner::default());
    site.wait(300);
    refusal(finish(&site, "Ada", &begun, &answer).await);
    assert_eq!(noted(&site), late);
    // A copy of the passkey, which has counted less.
    passkey.counter = 0;
    refusal(enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    let copied = "passkey laptop: its counter went back: there may be a copy of it";
    assert_eq!(noted(&site), copied);
    passkey.counter = 7;
    let_in(&enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    passkey.counter = 7;
    refusal(enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    assert_eq!(noted(&site), copied);
}

#[tokio::test]
async fn nothing_tells_whether_there_is_somebody_or_what_they_have() {
    let site = site();
    let (cookie, _, mut passkey) = with_passkey(&site, "Ada").await;
    let (_, _, mut bos) = with_passkey(&site, "Bo").await;
    let mut questions = Vec::new();
    for name in ["Ada", "ada@corp.example", "Bo", "Cy", "Nobody", ""] {
        let page = site
            .post("/signin/passkey/begin", "", &[("name", name)])
            .await;
        let (_, mut options) = asked(&page);
        let challenge = options["publicKey"]["challenge"].take();
        assert_eq!(challenge.as_str().unwrap().len(), 43);
        questions.push((page.text.len(), options));
    }
    assert!(
        questions.iter().all(|one| *one == questions[0]),
        "{questions:?}"
    );
    let asked = &questions[0].1["publicKey"];
    assert_eq!(asked["allowCredentials"], serde_json::json!([]));
    assert_eq!(asked["userVerification"], "required");
    let mut said = Vec::new();
    for name in ["Nobody", "Cy", "Bo", ""] {
        said.push(refusal(
            enter(&site, name, &mut passkey, &Manner::default()).await,
        ));
    }
    said.push(refusal(
        enter(&site, "Ada", &mut bos, &Manner::default()).await,
    ));
    let_in(&enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    let_in(&enter(&site, "Bo", &mut bos, &Manner::default()).await);
    let id = site.signin.passkeys("Ada").unwrap().remove(0).id;
    remove(&site, &cookie, &id).await;
    said.push(refusal(
        enter(&site, "Ada", &mut passkey, &Manner::default()).await,
    ));
    let unverified = Manner {
        verified: false,
        ..Manner::default()
    };
    said.push(refusal(enter(&site, "Bo", &mut bos, &unverified).await));
    assert!(said.iter().all(|text| *text == said[0]), "{said:?}");
    let otherwise = "or sign in with passphrase and code";
    assert!(said[0].contains(otherwise), "{}", said[0]);
    // A passphrase that is wrong is answered alike for any name too.
    let mut said = Vec::new();
    for name in ["Ada", "Bo", "Cy", "Nobody"] {
        let fields = [
            ("name", name),
            ("passphrase", "something else"),
            ("code", "123456"),
            ("next", "/people"),
        ];
        said.push(refusal(site.post("/signin", "", &fields).await));
    }
    assert!(said.iter().all(|text| *text == said[0]), "{said:?}");
    assert!(!said[0].contains(otherwise), "{}", said[0]);
}

#[tokio::test]
async fn whoever_is_kept_out_is_kept_out_with_a_passkey_too() {
    let site = site();
    let (_, secret, mut passkey) = with_passkey(&site, "Ada").await;
    let unverified = Manner {
        verified: false,
        ..Manner::default()
    };
    for _ in 0..5 {
        refusal(enter(&site, "Ada", &mut passkey, &unverified).await);
    }
    assert!(site.signin.standing().unwrap()[0].locked_until.is_some());
    refusal(enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    assert_eq!(noted(&site), "locked after failures");
    let code = shown(&secret, site.now());
    let fields = [("name", "Ada"), ("passphrase", PASSPHRASE), ("code", &code)];
    refusal(site.post("/signin", "", &fields).await);
    site.wait(31);
    let_in(&enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    // An invitation voids what there was, and so does a revocation.
    site.signin.invite("Ada", "Bo").unwrap();
    refusal(enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    assert_eq!(noted(&site), "not enrolled");
    let (_, _, mut again) = with_passkey(&site, "Ada").await;
    refusal(enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    let_in(&enter(&site, "Ada", &mut again, &Manner::default()).await);
    let (begun, options) = begin(&site).await;
    let answer = again.get(&options, &Manner::default());
    site.signin.revoke("Ada", "Bo").unwrap();
    refusal(finish(&site, "Ada", &begun, &answer).await);
    assert_eq!(site.signin.standing().unwrap()[0].passkeys, 0);
    // Nor does one help who is not named any more.
    let (_, _, mut bos) = with_passkey(&site, "Bo").await;
    site.signin.take_people(Vec::new()).unwrap();
    refusal(enter(&site, "Bo", &mut bos, &Manner::default()).await);
}

/// An address has as many attempts with passkeys as with passphrases.
#[tokio::test]
async fn begun_and_finished_is_one_attempt_of_an_address() {
    let site = site();
    let (_, _, mut passkey) = with_passkey(&site, "Ada").await;
    site.wait(300);
    for _ in 0..30 {
        let_in(&enter(&site, "Ada", &mut passkey, &Manner::default()).await);
    }
    for _ in 0..19 {
        refusal(enter(&site, "Nobody", &mut passkey, &Manner::default()).await);
    }
    let (begun, options) = begin(&site).await;
    let answer = passkey.get(&options, &Manner::default());
    let page = finish(&site, "Ada", &begun, &answer).await;
    assert_eq!(page.status.as_u16(), 429);
    let page = site.post("/signin/passkey/begin", "", &[]).await;
    assert_eq!(page.status.as_u16(), 429, "{page:?}");
    assert!(page.text.contains("too many attempts"), "{}", page.text);
}
