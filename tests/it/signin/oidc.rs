//! The company's identity provider: one that is not ours, and one that forges.

mod forger;
mod provider;

use cordon::secret::SecretRef;

use crate::web_guard::{Page, Site};

/// Where the provider sends people back to.
const BACK: &str = "http://127.0.0.1:8470/signin/idp/back";

/// The pages with a provider.
fn site(issuer: &str, client: &str, more: &str) -> Site {
    let text = format!(
        "[serve]\npublic_url = \"http://127.0.0.1:8470\"\n[signin.oidc]\nissuer = \"{issuer}\"\nclient_id = \"{client}\"\n{more}\n"
    );
    Site::at(&text, "http://127.0.0.1:8470")
}

/// A secret in a file, for the configuration.
fn secret(folder: &std::path::Path) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("secret");
    std::fs::write(&path, "a secret: with % and +").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("client_secret = \"{}\"", SecretRef::File(path))
}

/// Begins: where the browser is sent, and its cookie.
async fn begin(site: &Site) -> (url::Url, String) {
    let page = site.get("/signin/idp?next=%2Fpeople", "").await;
    assert_eq!(page.status.as_u16(), 303, "{page:?}");
    let set = page.header("set-cookie").to_owned();
    assert!(set.contains("HttpOnly; SameSite=Lax; Max-Age=600"), "{set}");
    (page.header("location").parse().unwrap(), page.cookie())
}

fn of(url: &url::Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(key, _)| key == name).unwrap();
    value.into_owned()
}

/// The session that a page which signs somebody in gives.
fn session(page: &Page) -> Option<String> {
    let all = page.headers.get_all("set-cookie").iter();
    let all = all.map(|line| line.to_str().unwrap().split(';').next().unwrap());
    all.filter(|pair| pair.starts_with("cordon="))
        .map(str::to_owned)
        .next()
}
