//! What an export says about its evidence, for people and programs: the index and the completeness.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Scope, layout};
use crate::case::event::{Evidence, Source};
use crate::case::state::CaseState;
use crate::fault::{Fault, Result};
use crate::hostile::{csv_cell, one_line};
use crate::id::{CaseId, EvidenceId};
use crate::provider::{self, Account};
use crate::time::utc;

#[derive(Serialize)]
struct Item<'a> {
    /// Where its bytes lie; `None` when they were left out.
    file: Option<String>,
    line: u64,
    #[serde(flatten)]
    evidence: &'a Evidence,
}

fn pretty(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Fault::failed("json", "An index could not be written.").caused_by(error))
}

/// The index as JSON: each record as it stands in the log, its file and its line.
pub(super) fn json(case: &CaseId, items: &[(u64, Evidence)], scope: Scope) -> Result<String> {
    let items: Vec<Item<'_>> = items
        .iter()
        .map(|(line, evidence)| Item {
            file: scope.takes(evidence).then(|| layout::raw(evidence)),
            line: *line,
            evidence,
        })
        .collect();
    pretty(&serde_json::json!({ "case": case, "evidence": items }))
}

/// The index as CSV (RFC 4180) that no spreadsheet takes for formulas.
pub(super) fn csv(items: &[(u64, Evidence)], scope: Scope) -> String {
    let mut text =
        "id,file,sha256,bytes,time_utc,media_type,source,credential,title,tool,line\r\n".to_owned();
    for (line, evidence) in items {
        let (source, credential) = describe(&evidence.source);
        let cells = [
            evidence.id.to_string(),
            if scope.takes(evidence) {
                layout::raw(evidence)
            } else {
                "left out: privileged".to_owned()
            },
            evidence.sha256.to_string(),
            evidence.bytes.to_string(),
            evidence.at.to_string(),
            evidence.media_type.clone(),
            source,
            credential,
            evidence.title.clone(),
            evidence.tool.clone(),
            line.to_string(),
        ];
        let row: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
        text.push_str(&row.join(","));
        text.push_str("\r\n");
    }
    text
}

/// How an item was had, in one line, and with which credential.
fn describe(source: &Source) -> (String, String) {
    match source {
        Source::Exchange {
            method,
            url,
            status,
            attempt,
            credential,
            ..
        } => {
            let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            (
                format!("{method} {url} → {status}, attempt {attempt}"),
                credential.clone(),
            )
        }
        Source::File { name } => (format!("file {name}"), String::new()),
        Source::Webhook { source, .. } => (format!("webhook of {source}"), String::new()),
        Source::Program { command, version } => {
            (format!("{} ({version})", command.join(" ")), String::new())
        }
        Source::Derived { from, how } => {
            let from: Vec<&str> = from.iter().map(EvidenceId::as_str).collect();
            (format!("{how}, from {}", from.join(" ")), String::new())
        }
    }
}

/// What was read, and what could not be seen.
#[derive(Serialize)]
pub(super) struct Completeness<'a> {
    trails: Vec<Trail<'a>>,
    inventories: Vec<Inventory<'a>>,
    inventories_failed: Vec<Failed<'a>>,
    trails_unfinished: Vec<Unfinished<'a>>,
}

#[derive(Serialize)]
struct Trail<'a> {
    #[serde(rename = "trail")]
    name: &'a str,
    account: Option<&'a Account>,
    completeness: &'a provider::Completeness,
    evidence: &'a [EvidenceId],
}

#[derive(Serialize)]
struct Inventory<'a> {
    account: &'a Account,
    lists: &'a [provider::Completeness],
    blind: &'a [String],
}

#[derive(Serialize)]
struct Failed<'a> {
    account: &'a Account,
    why: &'a str,
}

#[derive(Serialize)]
struct Unfinished<'a> {
    trail: &'a str,
    account: &'a str,
    pages: usize,
    next: Option<&'a str>,
}

impl<'a> Completeness<'a> {
    pub(super) fn of(state: &'a CaseState) -> Self {
        let trails = state.trails.iter().map(|record| Trail {
            name: &record.trail,
            account: record.account.as_ref(),
            completeness: &record.completeness,
            evidence: &record.evidence,
        });
        let inventories = state
            .inventories
            .iter()
            .map(|(account, lists, blind)| Inventory {
                account,
                lists,
                blind,
            });
        let failed = state
            .inventory_failures
            .iter()
            .map(|(account, why)| Failed { account, why });
        let unfinished = state
            .pulling
            .iter()
            .map(|((trail, account), pulling)| Unfinished {
                trail,
                account,
                pages: pulling.evidence.len(),
                next: pulling.next.as_deref(),
            });
        Self {
            trails: trails.collect(),
            inventories: inventories.collect(),
            inventories_failed: failed.collect(),
            trails_unfinished: unfinished.collect(),
        }
    }

    pub(super) fn json(&self) -> Result<String> {
        pretty(self)
    }

    /// The same for people. Hostile text stands on single lines.
    pub(super) fn markdown(&self) -> String {
        let mut text = "# What was read, and what could not be seen\n\n\
            A thing that does not stand in these logs is proven absent only where a log is marked \
            complete, without gaps, for the window named.\n"
            .to_owned();
        text.push_str("\n## Logs (trails)\n");
        if self.trails.is_empty() {
            text.push_str("\nNo log was read.\n");
        }
        for trail in &self.trails {
            let about = trail
                .account
                .map_or_else(|| "imported file".to_owned(), name);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n### {}: {about}\n", plain(trail.name));
            lists(&mut text, trail.completeness);
        }
        for trail in &self.trails_unfinished {
            let _ = writeln!(
                text,
                "\n### {}: account {}\n\n- the reading did not end: {} pages came, more were announced",
                plain(trail.trail),
                plain(trail.account),
                trail.pages
            );
        }
        text.push_str("\n## Inventories\n");
        for inventory in &self.inventories {
            let _ = writeln!(text, "\n### {}\n", name(inventory.account));
            for list in inventory.lists {
                lists(&mut text, list);
            }
            for blind in inventory.blind {
                let _ = writeln!(text, "- cannot be seen: {}", plain(blind));
            }
        }
        for failed in &self.inventories_failed {
            let _ = writeln!(
                text,
                "\n### {}\n\n- could not be read: {}",
                name(failed.account),
                plain(failed.why)
            );
        }
        text
    }
}

fn lists(text: &mut String, list: &provider::Completeness) {
    let state = if list.complete {
        "complete"
    } else {
        "NOT complete"
    };
    let window = list.window.map_or_else(
        || "no window named".to_owned(),
        |window| format!("{} to {}", utc(window.since), utc(window.until)),
    );
    let _ = writeln!(
        text,
        "- {}: {state}; {window}; {} pages, {} records, {} repeated, asked to wait {} times",
        plain(&list.what),
        list.pages,
        list.records,
        list.duplicates,
        list.throttled
    );
    if let (Some(first), Some(last)) = (list.first, list.last) {
        let _ = writeln!(text, "  - records from {} to {}", utc(first), utc(last));
    }
    for gap in &list.gaps {
        let _ = writeln!(text, "  - gap: {}", plain(gap));
    }
}

fn name(account: &Account) -> String {
    format!(
        "{} account {} ({})",
        plain(&account.provider),
        plain(&account.login),
        plain(&account.id)
    )
}

/// Hostile text on one line in which no Markdown or HTML acts.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text, 300).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '[' | ']' | '`' | '*' | '|' | '\\' | '!' | '_' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
