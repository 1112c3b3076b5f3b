//! The three GraphQL questions that link addresses to accounts.

use axum::extract::{Json, State as Shared};
use serde_json::{Value, json};

use super::World;
use super::answer::{Answer, and, with};
use super::state::User;

fn named(user: &User) -> Value {
    json!({ "login": user.login, "databaseId": user.id })
}

pub(super) async fn answer(Shared(world): Shared<World>, Json(body): Json<Value>) -> Answer {
    let state = world.state();
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let (query, owner, mail) = (
        text("/query"),
        text("/variables/owner"),
        text("/variables/mail"),
    );
    let known = owner == state.org || owner == state.enterprise;
    let data = if !known {
        json!({ "data": { "owner": null }, "errors": [{ "type": "NOT_FOUND", "message": "Could not resolve." }] })
    } else if query.contains("membersWithRole") {
        let after: usize = text("/variables/after").parse().unwrap_or(0);
        let mut members: Vec<&User> = state
            .users
            .values()
            .filter(|user| state.is_member(user.id))
            .collect();
        members.sort_by_key(|user| user.id);
        let shown: Vec<Value> = members
            .iter()
            .skip(after)
            .take(2)
            .map(|user| {
                let mails = json!({ "organizationVerifiedDomainEmails": [user.work_mail] });
                and(named(user), mails)
            })
            .collect();
        let end = after + shown.len();
        json!({ "data": { "organization": { "membersWithRole": {
            "pageInfo": { "hasNextPage": end < members.len(), "endCursor": end.to_string() },
            "nodes": shown,
        } } } })
    } else {
        let nodes: Vec<Value> = state
            .users
            .values()
            .filter(|user| user.work_mail.eq_ignore_ascii_case(mail))
            .map(|user| {
                json!({
                    "samlIdentity": { "nameId": user.work_mail },
                    "scimIdentity": { "username": user.work_mail }, "user": named(user),
                })
            })
            .collect();
        let provider =
            json!({ "samlIdentityProvider": { "externalIdentities": { "nodes": nodes } } });
        let of_enterprise = query.contains("enterprise(slug");
        let owner = if of_enterprise {
            json!({ "ownerInfo": provider })
        } else {
            provider
        };
        json!({ "data": { "owner": owner } })
    };
    with(200, &data)
}
