//! The logs of the organization: the audit log in its parts, and rule bypasses.

use serde::Deserialize;

use super::super::api::{Desk, next_query};
use super::walk::{Errand, Errands, Place, Turn, here, nothing};
use super::{absent, date, fetch, page};
use crate::canon::Digest;
use crate::fault::Result;
use crate::provider::{Account, Page, TrailSpec, Window};
use crate::providers::github::record::AUDIT_HOURS;

pub(super) const GIT: TrailSpec = TrailSpec {
    name: "github.git_events",
    title: "Clones, fetches and pushes by the account",
    retention_hours: Some(7 * 24),
    lag_minutes: 10,
    page_size: 100,
    ordered: false,
    call: "GET /orgs/{org}/audit-log?include=git&phrase=actor:{username}",
    dedupe: "_document_id",
};

/// A deploy key acts without the account's name.
pub(super) const KEYS: TrailSpec = TrailSpec {
    name: "github.deploy_key_events",
    title: "What was done with deploy keys that the account, or nobody known, added",
    call: "GET /orgs/{org}/audit-log?include=all&phrase=deploy_key_fingerprint:{fingerprint}",
    ..GIT
};

pub(super) const ACTOR: TrailSpec = TrailSpec {
    name: "github.audit_actor",
    title: "What the account did",
    retention_hours: Some(AUDIT_HOURS),
    call: "GET /orgs/{org}/audit-log?include=web&phrase=actor:{username}",
    ..GIT
};

pub(super) const USER: TrailSpec = TrailSpec {
    name: "github.audit_user",
    title: "What was done to the account",
    call: "GET /orgs/{org}/audit-log?include=web&phrase=user:{username}",
    ..ACTOR
};

pub(super) const BYPASSES: TrailSpec = TrailSpec {
    name: "github.rule_bypasses",
    title: "Pushes of the account that went past a rule",
    retention_hours: Some(30 * 24),
    lag_minutes: 10,
    page_size: 100,
    ordered: true,
    call: "GET /orgs/{org}/rulesets/rule-suites?rule_suite_result=bypass&actor_name={username}",
    dedupe: "id",
};

/// One page of [`GIT`]. Oldest first: the oldest is what is lost next.
pub(super) async fn git(desk: Desk<'_>, account: &Account, cursor: Option<&str>) -> Result<Page> {
    log(desk, &format!("actor:{}", account.login), "git", cursor).await
}

/// One page of [`ACTOR`] or [`USER`], which is the `role` of the account in the event.
pub(super) async fn web(
    desk: Desk<'_>,
    role: &str,
    account: &Account,
    window: Window,
    cursor: Option<&str>,
) -> Result<Page> {
    // Without `created` GitHub answers with three months only.
    let phrase = format!("{role}:{} created:>={}", account.login, date(window.since));
    log(desk, &phrase, "web", cursor).await
}

async fn log(desk: Desk<'_>, phrase: &str, include: &str, cursor: Option<&str>) -> Result<Page> {
    let query = [
        ("phrase", phrase),
        ("include", include),
        ("order", "asc"),
        ("per_page", "100"),
    ];
    list(desk, &["audit-log"], &query, cursor).await
}

/// One page of [`BYPASSES`].
pub(super) async fn bypasses(
    desk: Desk<'_>,
    account: &Account,
    cursor: Option<&str>,
) -> Result<Page> {
    let query = [
        ("actor_name", account.login.as_str()),
        ("rule_suite_result", "bypass"),
        ("time_period", "month"),
        ("per_page", "100"),
    ];
    list(desk, &["rulesets", "rule-suites"], &query, cursor).await
}

/// One page of a list of the organization; its cursor is the query of the page.
async fn list(
    desk: Desk<'_>,
    tail: &[&str],
    query: &[(&str, &str)],
    cursor: Option<&str>,
) -> Result<Page> {
    let path = [&["orgs", desk.api.org.as_str()][..], tail].concat();
    let reply = fetch(desk, &path, query, cursor.unwrap_or_default()).await?;
    if reply.status != http::StatusCode::OK {
        return Err(absent(&reply));
    }
    page(&reply, None, next_query(&reply))
}

#[derive(Deserialize)]
struct Key {
    key: String,
    #[serde(default)]
    added_by: Option<String>,
}

/// One page of [`KEYS`]: the deploy keys of one repository, then what the log says of each.
pub(super) async fn keys(
    desk: Desk<'_>,
    account: &Account,
    window: Window,
    cursor: Option<&str>,
) -> Result<Page> {
    let mut place = match Turn::of(cursor, Place::at(1, 0))? {
        Turn::Errands(errands) => return errands.run(desk).await,
        Turn::At(place) => place,
    };
    let here = here(desk, &place).await?;
    let after = here.after;
    let Some(name) = &here.name else {
        return Ok(nothing(here.evidence, after.map(Place::write).transpose()?));
    };
    let org = desk.api.org.as_str();
    let path = ["repos", org, name, "keys"];
    let reply = fetch(desk, &path, &[("per_page", "100")], &place.query).await?;
    let listed: Vec<Key> = match reply.status.as_u16() {
        200 => reply.json()?,
        404 => Vec::new(),
        _ => return Err(absent(&reply)),
    };
    // Who added a key is not known of old keys; what such a key did is asked rather than missed.
    let each = listed
        .iter()
        .filter(|key| {
            (key.added_by.as_ref()).is_none_or(|by| by.eq_ignore_ascii_case(&account.login))
        })
        .filter_map(|key| fingerprint(&key.key))
        .map(|fingerprint| of_key(&fingerprint, window))
        .collect();
    let then = match next_query(&reply) {
        Some(query) => {
            place.query = query;
            Some(place)
        }
        None => after,
    };
    let next = Errands::cursor(&["orgs", org, "audit-log"], each, then)?;
    Ok(nothing(reply.evidence, next))
}

fn of_key(fingerprint: &str, window: Window) -> Errand {
    let phrase = format!(
        "deploy_key_fingerprint:{fingerprint} created:>={}",
        date(window.since)
    );
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("phrase", &phrase)
        .append_pair("include", "all")
        .append_pair("order", "asc")
        .append_pair("per_page", "100")
        .finish();
    Errand {
        tail: Vec::new(),
        query,
    }
}

/// `SHA256:…` of a public key as `ssh-keygen -l` prints it.
fn fingerprint(key: &str) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    let blob = STANDARD.decode(key.split_whitespace().nth(1)?).ok()?;
    let digest = STANDARD_NO_PAD.encode(Digest::of(&blob).as_bytes());
    Some(format!("SHA256:{digest}"))
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn a_fingerprint_is_the_one_that_ssh_keygen_prints() {
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio x";
        let theirs = ssh_key::PublicKey::from_openssh(key).unwrap();
        let theirs = theirs.fingerprint(ssh_key::HashAlg::Sha256).to_string();
        assert_eq!(fingerprint(key), Some(theirs));
        assert_eq!(fingerprint("ssh-ed25519"), None);
        assert_eq!(fingerprint("ssh-ed25519 ~"), None);
    }
}
