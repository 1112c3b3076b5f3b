//! Who adds a passkey, and what is taken as one.

use super::authenticator::{Authenticator, Manner};
use super::{PASSPHRASE, add, asked, begin_adding, csrf, enter, let_in, shown, site, with_passkey};
use crate::web_guard::{Page, Site};

async fn begin(site: &Site, cookie: &str, code: &str) -> Page {
    let csrf = csrf(site, cookie).await;
    let fields = [("csrf", csrf.as_str()), ("code", code)];
    site.post("/account/passkeys/begin", cookie, &fields).await
}

fn refused(page: &Page, what: &str) {
    assert_eq!(page.status.as_u16(), 422, "{page:?}");
    assert!(page.text.contains(what), "{what}: {}", page.text);
}

#[tokio::test]
async fn a_passkey_is_added_with_a_code_that_counts_once() {
    let site = site();
    let (cookie, secret) = site.enrol("Ada").await;
    refused(&begin(&site, &cookie, "000000").await, "another code");
    let code = shown(&secret, site.now());
    let (_, options) = asked(&begin(&site, &cookie, &code).await);
    let asked = &options["publicKey"];
    assert_eq!(asked["rp"]["id"], "localhost");
    assert_eq!(asked["user"]["name"], "Ada");
    assert_eq!(asked["attestation"], "none");
    let selection = &asked["authenticatorSelection"];
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(selection["residentKey"], "required");
    refused(&begin(&site, &cookie, &code).await, "this one was used");
    // Failures here keep out as they do at the sign-in.
    for _ in 0..3 {
        refused(&begin(&site, &cookie, "000000").await, "another code");
    }
    site.wait(29);
    let code = shown(&secret, site.now());
    refused(&begin(&site, &cookie, &code).await, "another code");
    assert!(site.signin.standing().unwrap()[0].locked_until.is_some());
    site.wait(31);
    let code = shown(&secret, site.now());
    assert_eq!(begin(&site, &cookie, &code).await.status.as_u16(), 200);
}

#[tokio::test]
async fn what_a_browser_made_is_taken_once_in_time_and_in_the_session_that_began() {
    let site = site();
    let (cookie, secret) = site.enrol("Ada").await;
    let right = Manner::default;
    let mut passkey = Authenticator::new(b"a credential");
    let none_waits = "Nobody waits for this passkey";
    for manner in [
        Manner {
            origin: "http://evil.example",
            ..right()
        },
        Manner {
            site: "evil.example",
            ..right()
        },
        Manner {
            challenge: Some("AAAA"),
            ..right()
        },
        Manner {
            kind: Some("webauthn.get"),
            ..right()
        },
        Manner {
            verified: false,
            ..right()
        },
        Manner {
            present: false,
            ..right()
        },
    ] {
        let (begun, options) = begin_adding(&site, &cookie, &secret).await;
        let made = passkey.create(&options, &manner);
        refused(
            &add(&site, &cookie, "a", &begun, &made).await,
            "answer is not right",
        );
        // It was for one attempt.
        let made = passkey.create(&options, &right());
        refused(&add(&site, &cookie, "a", &begun, &made).await, none_waits);
    }
    for (answer, seconds, what) in [("{}", 0, "answer is not right"), ("", 300, none_waits)] {
        let (begun, _) = begin_adding(&site, &cookie, &secret).await;
        site.wait(seconds);
        refused(&add(&site, &cookie, "a", &begun, answer).await, what);
    }
    let (begun, options) = begin_adding(&site, &cookie, &secret).await;
    let made = passkey.create(&options, &right());
    refused(
        &add(&site, &cookie, " \n", &begun, &made).await,
        "has a name",
    );
    // Neither another session of hers nor somebody else can end what was begun.
    let code = shown(&secret, site.now());
    let fields = [("name", "Ada"), ("passphrase", PASSPHRASE), ("code", &code)];
    let again = site.post("/signin", "", &fields).await.cookie();
    site.wait(30);
    refused(&add(&site, &again, "a", &begun, &made).await, none_waits);
    let (begun, options) = begin_adding(&site, &cookie, &secret).await;
    let made = passkey.create(&options, &right());
    let (bos, _) = site.enrol("Bo").await;
    refused(&add(&site, &bos, "a", &begun, &made).await, none_waits);
    assert!(site.signin.passkeys("Ada").unwrap().is_empty());
    assert!(site.signin.passkeys("Bo").unwrap().is_empty());
}

#[tokio::test]
async fn a_credential_proves_one_person_and_its_name_is_text() {
    let site = site();
    let (cookie, secret, mut passkey) = with_passkey(&site, "Ada").await;
    let (begun, options) = begin_adding(&site, &cookie, &secret).await;
    let known = options["publicKey"]["excludeCredentials"]
        .as_array()
        .unwrap();
    assert_eq!(known.len(), 1);
    let made = passkey.create(&options, &Manner::default());
    refused(
        &add(&site, &cookie, "a", &begun, &made).await,
        "answer is not right",
    );
    let (bos, bos_secret) = site.enrol("Bo").await;
    let (begun, options) = begin_adding(&site, &bos, &bos_secret).await;
    let mut stolen = Authenticator::new(b"the credential of Ada");
    let made = stolen.create(&options, &Manner::default());
    let page = add(&site, &bos, "a", &begun, &made).await;
    refused(&page, "known here already");
    refused(&page, "add another one");
    let hostile = format!(
        "<script>alert(1)</script>\u{202e}\u{1b}[2J{}",
        "x".repeat(500)
    );
    let (begun, options) = begin_adding(&site, &bos, &bos_secret).await;
    let mut second = Authenticator::new(b"another");
    let made = second.create(&options, &Manner::default());
    assert_eq!(
        add(&site, &bos, &hostile, &begun, &made)
            .await
            .status
            .as_u16(),
        303
    );
    for path in ["/account", "/people"] {
        let text = site.get(path, &bos).await.text;
        assert!(text.contains("&lt;script&gt;"), "{path} {text}");
        assert!(
            !text.contains("<script>") && !text.contains(['\u{202e}', '\u{1b}']),
            "{path}"
        );
        assert!(!text.contains(&"x".repeat(100)), "{path}");
    }
    assert_eq!(site.get("/signin", &bos).await.status.as_u16(), 303);
    let page = enter(&site, "Bo", &mut second, &Manner::default()).await;
    let_in(&page);
    // Ten are enough for anybody.
    let mut cookie = bos;
    for number in 1..10 {
        site.wait(30);
        let (begun, options) = begin_adding(&site, &cookie, &bos_secret).await;
        let mut one = Authenticator::new(format!("number {number}").as_bytes());
        let made = one.create(&options, &Manner::default());
        add(&site, &cookie, "one", &begun, &made).await;
        cookie = enter(&site, "Bo", &mut one, &Manner::default())
            .await
            .cookie();
    }
    assert_eq!(site.signin.passkeys("Bo").unwrap().len(), 10);
    let code = shown(&bos_secret, site.now());
    let page = begin(&site, &cookie, &code).await;
    refused(&page, "at most 10 passkeys");
    refused(&page, "remove one that you do not use");
    let account = site.get("/account", &cookie).await.text;
    assert!(account.contains("<li>remove one that you do not use</li>"));
}

#[tokio::test]
async fn who_has_no_passphrase_and_who_broke_the_glass_adds_none() {
    let site = site();
    let vouched = site.signin.enter_vouched("Cy", None, None).unwrap();
    let cookie = format!("cordon={}", vouched.ticket.expose());
    let page = begin(&site, &cookie, "123456").await;
    refused(&page, "who has a passphrase and an authenticator app");
    refused(&page, "an administrator can invite you");
    let account = site.get("/account", &cookie).await.text;
    assert!(account.contains("who has a passphrase") && !account.contains("passkey.js"));
    assert!(account.contains("<li>an administrator can invite you"));
    let (_, secret) = site.enrol("Bo").await;
    let codes = (site.signin)
        .seal_glass("Bo", "operator", "yearly renewal")
        .unwrap();
    let glass = site
        .signin
        .break_glass("Bo", &codes[0], "all is down", None)
        .unwrap();
    let cookie = format!("cordon={}", glass.ticket.expose());
    let code = shown(&secret, site.now());
    let page = begin(&site, &cookie, &code).await;
    assert_eq!(page.status.as_u16(), 403, "{page:?}");
    assert!(
        page.text
            .contains("break-glass code opened adds no passkeys")
    );
    let anew = "sign in with passphrase and code, with a passkey or with the identity provider";
    assert!(page.text.contains(anew), "{}", page.text);
}

#[tokio::test]
async fn where_no_browser_makes_passkeys_none_are_offered_and_the_account_says_why() {
    for (settings, origin, why) in [
        ("", "http://127.0.0.1:8470", "gives the pages no name"),
        (
            "[serve]\npublic_url = \"http://127.0.0.1:8470\"",
            "http://127.0.0.1:8470",
            "have an address of numbers",
        ),
    ] {
        let site = Site::at(settings, origin);
        assert!(!site.get("/signin", "").await.text.contains("passkey"));
        let (cookie, secret) = site.enrol("Ada").await;
        let account = site.get("/account", &cookie).await.text;
        assert!(
            account.contains(why) && !account.contains("passkey.js"),
            "{account}"
        );
        let code = shown(&secret, site.now());
        assert_eq!(begin(&site, &cookie, &code).await.status.as_u16(), 404);
        assert_eq!(
            add(&site, &cookie, "a", "b", "c").await.status.as_u16(),
            404
        );
        for path in ["/signin/passkey/begin", "/signin/passkey"] {
            let fields = [("name", "Ada"), ("begun", "b"), ("answer", "c")];
            let page = site.post(path, "", &fields).await;
            assert_eq!(page.status.as_u16(), 404, "{path}");
            assert!(page.text.contains("Passkeys are not offered"), "{path}");
        }
    }
}
