//! Lists of every repository of the organization, and records that are read one by one.
//!
//! A cursor is what the next page needs and nothing else: a [`Place`], which finds the repository in
//! the list of the organization by age, so that new ones come last; or [`Errands`], the records of a
//! page that are still to be read in full, each a page of its own.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::api::{Desk, next_query};
use super::{absent, fetch, page, send};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::provider::Page;

/// Where a walk over repositories stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// The page of the list of repositories, counted from 1; 0 is the organization itself.
    pub(super) page: u32,
    /// The repository on it.
    pub(super) index: usize,
    /// The list within the repository, where it has several.
    #[serde(default)]
    pub(super) list: usize,
    /// The query of the next page there; empty at its beginning.
    #[serde(default)]
    pub(super) query: String,
}

impl Place {
    pub(super) fn at(page: u32, index: usize) -> Self {
        Self {
            page,
            index,
            list: 0,
            query: String::new(),
        }
    }

    pub(super) fn write(self) -> Result<String> {
        Turn::At(self).write()
    }
}

/// One record, or one list, that is read by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Errand {
    /// The path after that of [`Errands`].
    pub(super) tail: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) query: String,
}

impl Errand {
    pub(super) fn to(tail: &[&str]) -> Self {
        Self {
            tail: tail.iter().map(|&part| part.to_owned()).collect(),
            query: String::new(),
        }
    }
}

/// What is still to be read by itself, and where the walk goes on then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Errands {
    base: Vec<String>,
    each: Vec<Errand>,
    then: Option<Place>,
}

impl Errands {
    /// The cursor that reads `each` below `base`, then goes on.
    pub(super) fn cursor(
        base: &[&str],
        each: Vec<Errand>,
        then: Option<Place>,
    ) -> Result<Option<String>> {
        if each.is_empty() {
            return then.map(Place::write).transpose();
        }
        let base = base.iter().map(|&part| part.to_owned()).collect();
        Turn::Errands(Self { base, each, then }).write().map(Some)
    }

    /// Reads the first. One that is gone since it was listed is passed over.
    pub(super) async fn run(mut self, desk: Desk<'_>) -> Result<Page> {
        if self.each.is_empty() {
            return Err(unreadable());
        }
        let errand = self.each.remove(0);
        let path = self.base.iter().chain(&errand.tail);
        let path: Vec<&str> = path.map(String::as_str).collect();
        let mut url = desk.api.url(&path, &[])?;
        if !errand.query.is_empty() {
            url.set_query(Some(&errand.query));
        }
        let reply = send(desk, url).await?;
        let found = match reply.status.as_u16() {
            200 => true,
            404 | 410 => false,
            _ => return Err(absent(&reply)),
        };
        if let Some(query) = next_query(&reply).filter(|_| found) {
            let more = Errand { query, ..errand };
            self.each.insert(0, more);
        }
        let base: Vec<&str> = self.base.iter().map(String::as_str).collect();
        let next = Self::cursor(&base, self.each, self.then)?;
        if found {
            page(&reply, None, next)
        } else {
            Ok(nothing(reply.evidence, next))
        }
    }
}

/// What a cursor says to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Turn {
    Errands(Errands),
    At(Place),
}

impl Turn {
    /// The turn of a cursor; without one, the walk begins at `start`.
    pub(super) fn of(cursor: Option<&str>, start: Place) -> Result<Self> {
        match cursor {
            Some(cursor) => serde_json::from_str(cursor).map_err(|_| unreadable()),
            None => Ok(Self::At(start)),
        }
    }

    fn write(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| {
            Fault::failed("trail-cursor", "A cursor of a trail cannot be written.").caused_by(error)
        })
    }
}

fn unreadable() -> Fault {
    Fault::failed("trail-cursor", "A cursor of a trail cannot be read.")
        .hint("begin the trail again")
}

/// The repository at a place, and the place after it.
pub(super) struct Here {
    pub(super) name: Option<String>,
    pub(super) after: Option<Place>,
    pub(super) evidence: EvidenceId,
}

pub(super) async fn here(desk: Desk<'_>, place: &Place) -> Result<Here> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let number = place.page.to_string();
    let query = [
        ("type", "all"),
        ("sort", "created"),
        ("direction", "asc"),
        ("page", &number),
        ("per_page", "100"),
    ];
    let reply = fetch(desk, &["orgs", &desk.api.org, "repos"], &query, "").await?;
    if reply.status != http::StatusCode::OK {
        return Err(absent(&reply));
    }
    let mut repos: Vec<Named> = reply.json()?;
    let count = repos.len();
    let after = if place.index.saturating_add(1) < count {
        Some(Place::at(place.page, place.index + 1))
    } else if next_query(&reply).is_some() && count > 0 {
        Some(Place::at(place.page.saturating_add(1), 0))
    } else {
        None
    };
    let name = (place.index < count).then(|| repos.swap_remove(place.index).name);
    Ok(Here {
        name,
        after,
        evidence: reply.evidence,
    })
}

/// A page without records.
pub(super) fn nothing(evidence: EvidenceId, next: Option<String>) -> Page {
    Page {
        evidence,
        ids: Vec::new(),
        first: None,
        last: None,
        next,
    }
}

/// A list that every repository has.
pub(super) struct List<'a> {
    /// The path after `repos/{owner}/{repo}`.
    pub(super) tail: &'a [&'a str],
    /// The query of its first page.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// What is read by itself for a record: paths after `repos/{owner}/{repo}`.
    pub(super) each: fn(&Value) -> Vec<Errand>,
}

/// No record is read by itself.
pub(super) fn none(_: &Value) -> Vec<Errand> {
    Vec::new()
}

/// One page of a list of one repository, or one record of it.
pub(super) async fn per_repo(
    desk: Desk<'_>,
    list: &List<'_>,
    cursor: Option<&str>,
) -> Result<Page> {
    let place = match Turn::of(cursor, Place::at(1, 0))? {
        Turn::Errands(errands) => return errands.run(desk).await,
        Turn::At(place) => place,
    };
    let here = here(desk, &place).await?;
    let after = here.after;
    let Some(name) = &here.name else {
        return Ok(nothing(here.evidence, after.map(Place::write).transpose()?));
    };
    let base = ["repos", desk.api.org.as_str(), name];
    let path = [&base[..], list.tail].concat();
    let reply = fetch(desk, &path, list.query, &place.query).await?;
    match reply.status.as_u16() {
        200 => {}
        // Gone, emptied or switched off since it was listed.
        404 | 409 | 410 => {
            return Ok(nothing(
                reply.evidence,
                after.map(Place::write).transpose()?,
            ));
        }
        _ => return Err(absent(&reply)),
    }
    let then = match next_query(&reply) {
        Some(query) => Some(Place { query, ..place }),
        None => after,
    };
    let records: Value = reply.json()?;
    let records = records.as_array().map(Vec::as_slice).unwrap_or_default();
    let each = records.iter().flat_map(list.each).collect();
    page(&reply, Some(name), Errands::cursor(&base, each, then)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_survives_its_cursor() {
        let place = Place {
            list: 2,
            query: "after=a/b&per_page=100".to_owned(),
            ..Place::at(3, 7)
        };
        let each = vec![Errand::to(&["branches", "a/b", "protection"])];
        let errands = Errands::cursor(&["repos", "o", "r"], each, Some(place.clone())).unwrap();
        let errands = Turn::of(errands.as_deref(), Place::at(1, 0)).unwrap();
        let Turn::Errands(read) = &errands else {
            panic!("{errands:?}");
        };
        assert_eq!(read.then.as_ref(), Some(&place));
        assert_eq!(
            Turn::of(Some(&errands.write().unwrap()), Place::at(1, 0)).unwrap(),
            errands
        );
        assert_eq!(Errands::cursor(&[], Vec::new(), None).unwrap(), None);
        let written = place.clone().write().unwrap();
        assert_eq!(
            Turn::of(Some(&written), Place::at(1, 0)).unwrap(),
            Turn::At(place)
        );
        for bad in ["", "1/0/", "{}", "[]", r#"{"page":1}"#] {
            assert_eq!(
                Turn::of(Some(bad), Place::at(1, 0)).unwrap_err().code(),
                "trail-cursor"
            );
        }
    }
}
