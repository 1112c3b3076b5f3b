//! Calls to one Okta organization: addresses that cannot be bent, pages that end, answers with names.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::model::{Problem, label};
use crate::fault::{Fault, Result};
use crate::http::{CallError, Client, Reply, Request};
use crate::id::EvidenceId;
use crate::provider::{Completeness, Cx, Grant};

/// More pages than any list of one account has; a list that goes on is cut and said to be cut.
const MAX_PAGES: u32 = 400;
/// More rows than any list of one account has.
const MAX_ROWS: usize = 40_000;

/// One organization.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base: Url,
}

/// What a read of one thing gave.
pub(super) enum Read<T> {
    /// It is there.
    Found(T, EvidenceId),
    /// Okta says that there is no such thing (`404`, `410`).
    Gone(EvidenceId),
    /// It could not be read.
    Denied(Denied),
}

/// Why something could not be read.
#[derive(Debug, Clone)]
pub(super) struct Denied {
    pub(super) status: u16,
    pub(super) grant: Grant,
    pub(super) why: String,
    pub(super) evidence: EvidenceId,
}

/// One row of a list with the page that showed it.
pub(super) struct Row<T> {
    pub(super) value: T,
    pub(super) evidence: EvidenceId,
}

/// A list that was read to its end, or not.
pub(super) struct Listing<T> {
    pub(super) rows: Vec<Row<T>>,
    pub(super) completeness: Completeness,
    /// Set when the list could not be read at all.
    pub(super) denied: Option<Denied>,
    /// The pages.
    pub(super) evidence: Vec<EvidenceId>,
}

impl Api {
    /// An organization at `base`, such as `https://acme.okta.example`.
    ///
    /// # Errors
    /// An address without a host, with a path or query, or not HTTPS (plain HTTP is accepted on the
    /// loopback interface, for drills and tests).
    pub(super) fn new(client: Client, base: &Url) -> Result<Self> {
        let local = match base.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            _ => false,
        };
        let scheme = base.scheme() == "https" || (local && base.scheme() == "http");
        if !scheme || base.path() != "/" || base.query().is_some() || !base.username().is_empty() {
            return Err(Fault::input(
                "okta-url",
                "The address of the Okta organization is not usable.",
            )
            .at(base)
            .hint("write it as `https://your-org.okta.example`, without a path"));
        }
        let base = base.clone();
        Ok(Self { client, base })
    }

    /// `base/api/v1/…`, each segment encoded.
    pub(super) fn url(&self, segments: &[&str]) -> Result<Url> {
        // `.` and `..` would be dropped from the path: another, larger thing would be named.
        if segments.iter().any(|s| matches!(*s, "" | "." | "..")) {
            return Err(Fault::failed(
                "okta-path",
                "An id from Okta cannot stand in an address.",
            ));
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| {
                Fault::failed("okta-url", "The address of the organization has no path.")
            })?
            .pop_if_empty()
            .extend(["api", "v1"])
            .extend(segments);
        Ok(url)
    }

    /// One read, whatever the status.
    pub(super) async fn get(&self, url: Url, cx: Cx<'_>) -> Result<Reply> {
        self.client
            .send(Request::get(url), cx.witness)
            .await
            .map_err(CallError::fault)
    }

    /// One call that changes something, whatever the status.
    pub(super) async fn send(&self, request: Request, cx: Cx<'_>) -> Result<Reply, CallError> {
        self.client.send(request, cx.witness).await
    }

    /// One thing.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        cx: Cx<'_>,
    ) -> Result<Read<T>> {
        let reply = self.get(self.url(segments)?, cx).await?;
        Ok(match reply.status.as_u16() {
            200 => Read::Found(reply.json()?, reply.evidence),
            404 | 410 => Read::Gone(reply.evidence),
            _ => Read::Denied(denied(&reply)),
        })
    }

    /// A whole list, page by page. A page that cannot be read makes the list incomplete; it does
    /// not take away what was read before.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        what: &str,
        mut url: Url,
        cx: Cx<'_>,
    ) -> Listing<T> {
        let mut listing = Listing::empty(what);
        let mut seen = HashSet::new();
        loop {
            if !seen.insert(url.to_string()) {
                listing.gap("the pages go round in a circle; what follows was not read");
                return listing;
            }
            if listing.completeness.pages >= MAX_PAGES || listing.rows.len() >= MAX_ROWS {
                listing
                    .gap("the list is longer than any list of one account; the rest was not read");
                return listing;
            }
            let reply = match self.get(url.clone(), cx).await {
                Ok(reply) => reply,
                Err(fault) => {
                    listing.gap(&format!("a page could not be read: {fault}"));
                    return listing;
                }
            };
            if reply.status.as_u16() != 200 {
                let denied = denied(&reply);
                listing.gap(&denied.why);
                if listing.completeness.pages == 0 {
                    listing.denied = Some(denied);
                }
                return listing;
            }
            listing.completeness.throttled += reply.throttled;
            listing.take(&reply);
            match next(&reply, &url) {
                Next::End => {
                    listing.completeness.complete = listing.completeness.gaps.is_empty();
                    return listing;
                }
                Next::Page(next) => {
                    let cursor = next.query().unwrap_or_default().to_owned();
                    listing.completeness.cursors.push(cursor);
                    url = next;
                }
                Next::Elsewhere => {
                    listing.gap(
                        "the link to the next page leads to another place; it was not followed",
                    );
                    return listing;
                }
            }
        }
    }
}

impl<T: DeserializeOwned> Listing<T> {
    /// A list of which nothing was read yet.
    pub(super) fn empty(what: &str) -> Self {
        Self {
            rows: Vec::new(),
            completeness: Completeness {
                what: what.to_owned(),
                ..Completeness::default()
            },
            denied: None,
            evidence: Vec::new(),
        }
    }

    /// Notes something that could not be seen.
    pub(super) fn gap(&mut self, why: &str) {
        let gap = format!("{}: {why}", self.completeness.what);
        self.completeness.gaps.push(gap);
    }

    fn take(&mut self, reply: &Reply) {
        self.completeness.pages += 1;
        self.evidence.push(reply.evidence.clone());
        let rows: Vec<Value> = match reply.json() {
            Ok(rows) => rows,
            Err(fault) => return self.gap(&fault.to_string()),
        };
        let mut strange = None;
        for row in rows {
            self.completeness.records += 1;
            match serde_json::from_value(row) {
                Ok(value) => self.rows.push(Row {
                    value,
                    evidence: reply.evidence.clone(),
                }),
                Err(error) => strange = Some(error),
            }
        }
        if let Some(error) = strange {
            self.gap(&format!("a record has an unexpected shape: {error}"));
        }
    }
}

/// Where a list goes on.
pub(super) enum Next {
    /// Nowhere.
    End,
    /// Here.
    Page(Url),
    /// At another path: never followed, the credential would go with it.
    Elsewhere,
}

/// The next page as the `Link` header names it. Only its query is taken: host and path stay ours, so
/// that a credential never leaves for another place (Okta may name its own domain where a customer's
/// domain was asked).
pub(super) fn next(reply: &Reply, asked: &Url) -> Next {
    for header in reply.headers.get_all("link") {
        let Ok(text) = header.to_str() else { continue };
        for part in text.split('<').skip(1) {
            let Some((target, rest)) = part.split_once('>') else {
                continue;
            };
            let rest = rest.to_ascii_lowercase();
            if !rest.contains("rel=\"next\"") && !rest.contains("rel=next") {
                continue;
            }
            return match asked.join(target) {
                Ok(link) if link.path() == asked.path() => {
                    let mut url = asked.clone();
                    url.set_query(link.query());
                    Next::Page(url)
                }
                _ => Next::Elsewhere,
            };
        }
    }
    Next::End
}

/// What an answer says about why it is not what was asked for.
pub(super) fn denied(reply: &Reply) -> Denied {
    let problem: Problem = reply.json().unwrap_or_default();
    let status = reply.status.as_u16();
    let code = label(&problem.error_code);
    let (grant, what) = match (status, code.as_str()) {
        // E0000015: the feature is not part of the plan [k].
        (_, "E0000015") | (410 | 501, _) => (
            Grant::NotEntitled,
            "the organization's plan does not have this",
        ),
        (401, _) => (Grant::Missing, "the credential is not accepted"),
        (403, _) => (Grant::Missing, "the credential may not do this"),
        (404 | 405, _) => (Grant::NotEntitled, "Okta does not offer this here"),
        (429, _) => (
            Grant::Unknown,
            "Okta asks to wait for longer than a run can",
        ),
        _ => (Grant::Unknown, "Okta did not answer as described"),
    };
    let summary = label(&problem.error_summary);
    let why = match (code.is_empty(), summary.is_empty()) {
        (true, _) => format!("{what} ({status})"),
        (false, true) => format!("{what} ({status} {code})"),
        (false, false) => format!("{what} ({status} {code}: {summary})"),
    };
    Denied {
        status,
        grant,
        why,
        evidence: reply.evidence.clone(),
    }
}

/// Whether a text may stand in an address as an id: what Okta makes, and none of its aliases
/// (`me`, `current`), which would name ourselves.
pub(super) fn id(text: &str) -> Result<&str> {
    let shape = (3..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"/\\?#%".contains(&b));
    if shape && !matches!(text, "current" | "default" | "catalog") {
        return Ok(text);
    }
    Err(Fault::input("okta-id", "This is not an id of Okta.").at(label(text)))
}

/// A value inside a filter or search expression, quoted.
///
/// # Errors
/// Control characters, or a text longer than any login.
pub(super) fn quoted(text: &str) -> Result<String> {
    if text.len() > 256 || text.chars().any(char::is_control) {
        return Err(
            Fault::input("okta-search", "This text cannot be searched for.").at(label(text)),
        );
    }
    Ok(format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"")
    ))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::{Next, Reply, id, next, quoted};
    use crate::id::EvidenceId;

    fn leads(links: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for &link in links {
            headers.append("link", HeaderValue::from_static(link));
        }
        let reply = Reply {
            status: StatusCode::OK,
            headers,
            body: Bytes::new(),
            evidence: EvidenceId::fresh(),
            throttled: 0,
        };
        let asked = "https://acme.okta.example/api/v1/users?limit=2"
            .parse()
            .unwrap();
        match next(&reply, &asked) {
            Next::End => "end".to_owned(),
            Next::Page(url) => url.to_string(),
            Next::Elsewhere => "elsewhere".to_owned(),
        }
    }

    #[test]
    fn a_next_page_never_takes_the_credential_to_another_place() {
        let own = "<https://acme.okta.example/api/v1/users?limit=2>; rel=\"self\"";
        assert_eq!(leads(&[]), "end");
        assert_eq!(leads(&[own]), "end");
        let page = "https://acme.okta.example/api/v1/users?after=x,y&limit=2";
        assert_eq!(
            leads(&[
                own,
                "<https://acme.okta.example/api/v1/users?after=x,y&limit=2>; rel=\"next\""
            ]),
            page
        );
        // Two links in one header, another host: the query is taken, the host is not.
        assert_eq!(
            leads(&[
                "<https://a.example/x>; rel=self, <https://other.example/api/v1/users?after=x,y&limit=2>; rel=next"
            ]),
            page
        );
        for elsewhere in [
            "<https://acme.okta.example/api/v1/logs?after=x>; rel=\"next\"",
            "<https://acme.okta.example/api/v1/users/../logs>; rel=\"next\"",
            "<http://[bad>; rel=\"next\"",
        ] {
            assert_eq!(leads(&[elsewhere]), "elsewhere", "{elsewhere}");
        }
        assert_eq!(
            leads(&["<https://acme.okta.example/api/v1/users; rel=\"next\""]),
            "end"
        );
    }

    #[test]
    fn only_ids_stand_in_addresses_and_only_closed_texts_in_filters() {
        for good in ["00utm0417drill000007", "0oa1-client.name", "cr0_x"] {
            assert_eq!(id(good).unwrap(), good);
        }
        for bad in [
            "", "me", "current", "catalog", "a/b", "a%2f", "a?b", "a#b", "ab c", "ä-id",
        ] {
            assert!(id(bad).is_err(), "{bad}");
        }
        assert_eq!(quoted(r#"a"b\c"#).unwrap(), r#""a\"b\\c""#);
        assert!(quoted("a\u{0}b").is_err());
    }
}
