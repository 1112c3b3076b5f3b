//! npm `oidc-provider`, run by node: an implementation that is not ours.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use cordon::http::transport::{NoAuth, Reqwest, Timeouts};
use cordon::http::{Request, Transport as _};
use cordon::time::{Clock as _, SystemClock};
use url::Url;

use super::{BACK, begin, of, secret, session, site};
use crate::web_guard::Site;

struct Running {
    child: Child,
    issuer: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn start(folder: &str) -> Running {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/contract/oidc-provider.mjs"
    );
    let mut child = Command::new("node")
        .args([script, folder, BACK])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines
        .by_ref()
        .map(|line| line.unwrap())
        .find(|line| line.parse::<u16>().is_ok());
    let issuer = format!("http://127.0.0.1:{}", port.expect("a port"));
    std::thread::spawn(move || lines.for_each(drop));
    Running { child, issuer }
}

/// Follows the browser from page to page until it is sent back to us.
async fn browse(browser: &Reqwest, from: Url) -> Url {
    let mut cookies: BTreeMap<String, String> = BTreeMap::new();
    let mut at = from;
    for _ in 0..12 {
        let mut request = Request::get(at.clone());
        let pairs = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let line = pairs.collect::<Vec<_>>().join("; ");
        if !line.is_empty() {
            request.headers.insert("cookie", line.parse().unwrap());
        }
        let answer = browser.roundtrip(&request).await.unwrap();
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let to = answer.headers.get("location");
        let to = to.unwrap_or_else(|| panic!("{} {:?}", answer.status, answer.body));
        at = at.join(to.to_str().unwrap()).unwrap();
        if at.as_str().starts_with(BACK) {
            return at;
        }
    }
    panic!("never sent back: {at}");
}

async fn sign_in(site: &Site, browser: &Reqwest) -> (Option<String>, u16) {
    let (url, cookie) = begin(site).await;
    assert_eq!(of(&url, "code_challenge_method"), "S256");
    let back = browse(browser, url).await;
    let path = format!("{}?{}", back.path(), back.query().unwrap());
    let page = site.get(&path, &cookie).await;
    let found = (session(&page), page.status.as_u16());
    // The code is used up: nobody gets in with it again.
    assert!(session(&site.get(&path, &cookie).await).is_none());
    found
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "how the test is told where it lies"
)]
async fn people_sign_in_through_a_provider_that_is_not_ours() {
    let Ok(installed) = std::env::var("CORDON_OIDC_PROVIDER") else {
        println!("not run: CORDON_OIDC_PROVIDER is not set, see tests/contract/oidc.sh");
        return;
    };
    let running = start(&installed);
    let folder = tempfile::tempdir().unwrap();
    let browser = Reqwest::new(Arc::new(NoAuth), Timeouts::default()).unwrap();
    let become_ = |account: &str| {
        let url = format!("{}/as/{account}", running.issuer);
        Request::get(url.parse().unwrap())
    };
    let basic = format!("{}\nsecond_factor = \"idp\"", secret(folder.path()));
    for (client, more) in [
        ("cordon", basic.as_str()),
        ("public", "second_factor = \"idp\""),
    ] {
        let site = site(&running.issuer, client, more);
        site.at_instant(SystemClock.now());
        browser.roundtrip(&become_("ada")).await.unwrap();
        let (cookie, status) = sign_in(&site, &browser).await;
        assert_eq!(status, 200, "{client}");
        let account = site.get("/account", &cookie.unwrap()).await;
        assert!(
            account.text.contains("href=\"/account\">Ada</a>"),
            "{}",
            account.text
        );
        for stranger in ["unverified", "stranger"] {
            browser.roundtrip(&become_(stranger)).await.unwrap();
            assert_eq!(
                sign_in(&site, &browser).await,
                (None, 403),
                "{client} {stranger}"
            );
        }
    }
    // Another secret than ours: the provider gives no tokens.
    let path = folder.path().join("secret");
    std::fs::write(&path, "another").unwrap();
    let site = site(&running.issuer, "cordon", &basic);
    site.at_instant(SystemClock.now());
    browser.roundtrip(&become_("ada")).await.unwrap();
    assert_eq!(sign_in(&site, &browser).await, (None, 403));
}
