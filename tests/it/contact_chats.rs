//! Extraction over a corpus of published extortion chats, when one is at hand (`CORDON_SHARED`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cordon::contact::deadline::{Reference, find};
use cordon::contact::demand::hints;
use cordon::contact::{demand, indicator};

use super::contact::at;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "the corpus is named by the environment, and each count is one line"
)]
fn published_chats_are_read_without_a_fault() {
    let Some(shared) = std::env::var_os("CORDON_SHARED") else {
        println!("skipped: CORDON_SHARED is not set");
        return;
    };
    let mut paths = Vec::new();
    files(
        &PathBuf::from(shared).join("fixtures/ransom-chats"),
        &mut paths,
    );
    paths.sort();
    assert!(!paths.is_empty(), "the corpus is empty");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |what: &str| *counts.entry(what.to_owned()).or_default() += 1;
    let received = at("2027-01-15T12:00:00Z");
    let reference = Reference {
        sent: Some(received),
        offset: None,
        received,
        imported: None,
        zones: &[],
    };
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let Ok(chat) = serde_json::from_str::<serde_json::Value>(&text) else {
            count("files that are not JSON");
            continue;
        };
        count("chats");
        let mut flagged = [false; 3];
        for message in chat["messages"].as_array().unwrap_or(&Vec::new()) {
            let content = message["content"].as_str().unwrap_or_default();
            let party = message["party"].as_str().unwrap_or_default();
            let side = if party.eq_ignore_ascii_case("victim") {
                "victim"
            } else {
                "other side"
            };
            count(&format!("messages, {side}"));
            let asks = demand(content);
            let until = find(content, &reference);
            if let Some(why) = &asks {
                count(&format!("demand messages, {side}"));
                println!(
                    "DEMAND|{side}|pay {:?}|publish {:?}|sell {:?}",
                    why.payment, why.publish, why.sell
                );
            }
            for hint in hints(content).iter().filter(|_| asks.is_none()) {
                count(&format!("hints without a demand, {side}"));
                println!("HINT|{side}|{hint}");
            }
            for deadline in &until {
                count(&format!("deadlines, {side}"));
                assert!(!deadline.readings.is_empty());
                println!(
                    "DEADLINE|{side}|{}|{}",
                    deadline.verbatim,
                    content
                        .replace('\n', " ")
                        .chars()
                        .take(160)
                        .collect::<String>()
                );
            }
            let found = indicator::extract(content);
            for one in &found {
                count(&format!("indicator {} {}", one.kind, one.check));
                println!("INDICATOR|{side}|{}|{}|{}", one.kind, one.check, one.value);
            }
            if side != "victim" {
                flagged[0] |= asks.is_some();
                flagged[1] |= !until.is_empty();
                flagged[2] |= found.iter().any(|one| one.kind == "amount");
            }
        }
        for (is, what) in flagged
            .into_iter()
            .zip(["a demand", "a deadline", "an amount"])
        {
            if is {
                count(&format!("chats with {what} of the other side"));
            }
        }
    }
    for (what, number) in &counts {
        println!("COUNT|{number:6} {what}");
    }
}
