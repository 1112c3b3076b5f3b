//! One request: who asks, what for, and the case that it is about.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::{Ability, Principal, Via, no_case};
use crate::app::Desk;
use crate::case::event::Actor;
use crate::case::state::CaseState;
use crate::fault::{Fault, Result};
use crate::id::{CaseId, NoticeId};
use crate::web::Web;
use crate::web::desk::may_read;

/// The items of a page unless `limit` says otherwise, and the most.
const LIMIT: usize = 50;
pub(super) const LIMIT_MOST: usize = 500;

/// A request.
pub(super) struct Asked {
    pub(super) web: Arc<Web>,
    pub(super) params: BTreeMap<String, String>,
    query: Vec<(String, String)>,
    pub(super) body: Bytes,
    principal: Option<Principal>,
}

/// A reason, where nothing else is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// Why; it stands in the log.
    #[schemars(length(min = 1, max = 1000))]
    pub(super) reason: String,
}

impl Why {
    /// The longest that is taken, characters.
    pub(super) const LONGEST: usize = 1000;

    /// The reason.
    ///
    /// # Errors
    /// There is none, or it is too long.
    pub(super) fn said(&self) -> Result<&str> {
        said("reason", &self.reason, Self::LONGEST)
    }
}

/// A text of a field, without the spaces around it.
///
/// # Errors
/// It says nothing, or is longer than `most` characters.
pub(super) fn said<'a>(field: &str, text: &'a str, most: usize) -> Result<&'a str> {
    let text = text.trim();
    let long = text.chars().count();
    if (1..=most).contains(&long) {
        return Ok(text);
    }
    let what = format!("`{field}` is a text of 1 to {most} characters, beside spaces.");
    Err(Fault::input("field", what).at(field))
}

/// No fields.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl Asked {
    pub(super) fn new(
        web: Arc<Web>,
        params: BTreeMap<String, String>,
        query: Option<&str>,
    ) -> Self {
        let query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self {
            web,
            params,
            query: query.into_owned().collect(),
            body: Bytes::new(),
            principal: None,
        }
    }

    pub(super) fn by(mut self, principal: Principal, body: Bytes) -> Self {
        self.principal = Some(principal);
        self.body = body;
        self
    }

    /// Who asks.
    pub(super) fn principal(&self) -> Result<&Principal> {
        let nobody = || Fault::failed("no-token", "Nobody asks.");
        self.principal.as_ref().ok_or_else(nobody)
    }

    /// The name of who asks.
    pub(super) fn name(&self) -> Result<&str> {
        Ok(self.principal()?.person.name.as_str())
    }

    /// Who acts, for the log.
    pub(super) fn actor(&self) -> Result<Actor> {
        Ok(Actor::Person(self.name()?.to_owned()))
    }

    /// The token, by the beginning of its hash.
    pub(super) fn token(&self) -> Result<&str> {
        match &self.principal()?.via {
            Via::Session(id) | Via::Token { id, .. } => Ok(id),
        }
    }

    /// A part of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// The state of the case, for somebody who may do this in it. One that they may not know of is
    /// answered word for word as one that does not exist.
    pub(super) fn state(&self, ability: Ability) -> Result<Arc<CaseState>> {
        let state = self.web.state(&self.case()?)?;
        self.principal()?.may(ability, &state)?;
        Ok(state)
    }

    fn case(&self) -> Result<CaseId> {
        self.param("case").parse().map_err(|_| no_case())
    }

    /// The desk of the case, for somebody who may do this in it.
    pub(super) fn desk(&self, ability: Ability) -> Result<Desk> {
        self.web.desk(self.principal()?, &self.case()?, ability)
    }

    /// The desk of the case and the notice that the path names, for somebody who may read it.
    pub(super) fn at_notice(&self) -> Result<(Desk, NoticeId)> {
        let desk = self.desk(Ability::SeeCase)?;
        let notice: NoticeId = self.param("notice").parse()?;
        let principal = self.principal()?;
        desk.read(|case| may_read(principal, &case, &notice))?;
        Ok((desk, notice))
    }

    /// The body.
    ///
    /// # Errors
    /// It is not the JSON that the operation takes: line and column are named.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Fault::input("body", "The body is not what this operation takes.")
                .at(error.to_string())
                .hint("GET /api/v1/openapi.json describes it")
        })
    }

    fn query(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.query.iter().filter(|(key, _)| key == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Fault::input("query", format!("`{name}` stands twice.")));
        }
        Ok(first)
    }

    /// One page of `all`, which is in a fixed order; `key` names an item for good.
    pub(super) fn page<T: Serialize>(
        &self,
        all: &[T],
        key: impl Fn(&T) -> String,
    ) -> Result<Value> {
        let bad = |name: &str, what: &str| {
            Err(Fault::input("query", format!("`{name}` {what}.")).at(format!("query `{name}`")))
        };
        if let Some((name, _)) =
            (self.query.iter()).find(|(key, _)| key != "limit" && key != "cursor")
        {
            return bad(&name.escape_debug().to_string(), "means nothing here");
        }
        let limit = match self.query("limit")?.map(str::parse::<usize>) {
            None => LIMIT,
            Some(Ok(limit)) if (1..=LIMIT_MOST).contains(&limit) => limit,
            Some(_) => return bad("limit", "is a number from 1 to 500"),
        };
        let from = match self.query("cursor")? {
            None => 0,
            Some(cursor) => {
                let after = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
                match all.iter().position(|item| key(item).as_bytes() == after) {
                    Some(place) => place + 1,
                    None => return bad("cursor", "is none that this list gave"),
                }
            }
        };
        let items: Vec<&T> = all.iter().skip(from).take(limit).collect();
        let more = from + items.len() < all.len();
        let next = items
            .last()
            .filter(|_| more)
            .map(|item| URL_SAFE_NO_PAD.encode(key(item)));
        Ok(json!({ "items": items, "next": next }))
    }
}

/// A body of JSON says so.
pub(super) fn is_json(headers: &HeaderMap) -> Result<()> {
    let mut types = headers.get_all("content-type").iter();
    let json = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    };
    if types.next().is_some_and(json) && types.next().is_none() {
        return Ok(());
    }
    Err(Fault::input("media-type", "The body has to be JSON.")
        .hint("send `Content-Type: application/json`"))
}

/// A list by pages.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct Paged<T> {
    /// The items of this page.
    pub(super) items: Vec<T>,
    /// The `cursor` of the next page; `null` after the last.
    pub(super) next: Option<String>,
}
