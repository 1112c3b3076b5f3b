//! Answers in GitHub's shapes.

use std::collections::HashMap;

use axum::Json;
use axum::extract::Query;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::state::{Repo, State, User};

/// A refusal, as GitHub words it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal(pub(super) u16, pub(super) &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({
            "message": self.1,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.0.to_string(),
        });
        (status, Json(body)).into_response()
    }
}

/// What a handler answers.
pub(super) type Answer = Result<Response, Refusal>;

pub(super) const MISSING: Refusal = Refusal(404, "Not Found");
pub(super) const INVALID: Refusal = Refusal(422, "Validation Failed");

pub(super) async fn no_such_route() -> Refusal {
    MISSING
}

/// A body.
#[expect(clippy::unnecessary_wraps, reason = "the last word of a handler")]
pub(super) fn with(status: u16, body: &Value) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok((status, Json(body)).into_response())
}

/// Takes the one out of a list that is meant.
pub(super) fn take<T>(list: &mut Vec<T>, is: impl Fn(&T) -> bool) -> Result<T, Refusal> {
    let at = list.iter().position(is).ok_or(MISSING)?;
    Ok(list.remove(at))
}

/// `204`.
#[expect(clippy::unnecessary_wraps, reason = "the last word of a handler")]
pub(super) fn done() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a list was asked for.
pub(super) type Asked = (Uri, Query<HashMap<String, String>>);

/// One page of a list. The address in `Link` is by id, as GitHub writes it for organizations.
#[expect(clippy::unnecessary_wraps, reason = "the last word of a handler")]
pub(super) fn page(state: &State, asked: &Asked, records: Vec<Value>, key: Option<&str>) -> Answer {
    let (uri, Query(query)) = asked;
    let number = |name: &str, or: usize| query.get(name).and_then(|n| n.parse().ok()).unwrap_or(or);
    let size = number("per_page", 30).clamp(1, 100);
    let page = number("page", 1).max(1);
    let total = records.len();
    let shown: Vec<Value> = records
        .into_iter()
        .skip(size.saturating_mul(page - 1))
        .take(size)
        .collect();
    let body = match key {
        Some(key) => json!({ "total_count": total, key: shown }),
        None => Value::Array(shown),
    };
    let mut response = (StatusCode::OK, Json(body)).into_response();
    if size.saturating_mul(page) < total {
        let path = uri.path().replacen(
            &format!("/orgs/{}", state.org),
            &format!("/organizations/{}", state.org_id),
            1,
        );
        let rest: Vec<String> = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("page="))
            .map(str::to_owned)
            .collect();
        let next = format!("{}&page={}", rest.join("&"), page + 1);
        let link = format!("<https://api.github.test{path}?{next}>; rel=\"next\"");
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

/// An object with the fields of another one added.
pub(super) fn and(mut base: Value, more: Value) -> Value {
    if let (Some(base), Value::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}

/// GitHub's "simple user".
pub(super) fn user(user: &User) -> Value {
    account(user.id, &user.login, "User")
}

/// A user or organization in its short form.
pub(super) fn account(id: u64, login: &str, kind: &str) -> Value {
    let url = format!("https://api.github.test/users/{login}");
    let short = json!({
        "login": login, "id": id, "node_id": format!("U_{id}"), "gravatar_id": "", "type": kind,
        "avatar_url": format!("https://avatars.github.test/u/{id}"),
        "html_url": format!("https://github.test/{login}"), "url": url, "site_admin": false,
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "events_url": format!("{url}/events{{/privacy}}"),
    });
    let parts = [
        ("followers_url", "followers"),
        ("subscriptions_url", "subscriptions"),
        ("organizations_url", "orgs"),
        ("repos_url", "repos"),
        ("received_events_url", "received_events"),
    ];
    and(
        short,
        parts
            .into_iter()
            .map(|(name, part)| (name, format!("{url}/{part}")))
            .collect(),
    )
}

/// The organization in its short form.
pub(super) fn organization(state: &State) -> Value {
    let url = format!("https://api.github.test/orgs/{}", state.org);
    let short = json!({
        "login": state.org, "id": state.org_id, "node_id": format!("O_{}", state.org_id),
        "url": url, "avatar_url": "https://avatars.github.test/o", "description": "",
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
    });
    let parts = ["repos", "events", "hooks", "issues"];
    let urls = parts
        .into_iter()
        .map(|part| (format!("{part}_url"), format!("{url}/{part}")));
    and(short, urls.collect())
}

/// The parts of a repository's address that GitHub spells out.
const PARTS: &[&str] = &[
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
];

/// GitHub's "minimal repository".
pub(super) fn repository(owner: &Value, id: u64, name: &str, private: bool, fork: bool) -> Value {
    let login = owner
        .get("login")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let url = format!("https://api.github.test/repos/{login}/{name}");
    let mut minimal = Map::from_iter([
        ("id".to_owned(), json!(id)),
        ("node_id".to_owned(), json!(format!("R_{id}"))),
        ("name".to_owned(), json!(name)),
        ("full_name".to_owned(), json!(format!("{login}/{name}"))),
        ("owner".to_owned(), owner.clone()),
        ("private".to_owned(), json!(private)),
        (
            "html_url".to_owned(),
            json!(format!("https://github.test/{login}/{name}")),
        ),
        ("description".to_owned(), Value::Null),
        ("fork".to_owned(), json!(fork)),
        ("url".to_owned(), json!(url)),
    ]);
    for part in PARTS {
        let path = part.replace("git_", "git/").replace("issue_", "issues/");
        minimal.insert(format!("{part}_url"), json!(format!("{url}/{path}")));
    }
    Value::Object(minimal)
}

/// A repository of the organization.
pub(super) fn own(state: &State, repo: &Repo) -> Value {
    let owner = account(state.org_id, &state.org, "Organization");
    repository(&owner, repo.id, &repo.name, repo.private, false)
}
