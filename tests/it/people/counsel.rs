//! What is counsel's stands apart: neither the log nor an export that is given away holds its words.

use std::path::Path;
use std::process::Command;

use cordon::app::form::Form;
use cordon::app::revise::{Remarked, Suggested};
use cordon::case::event::{Standing, Statement};
use cordon::document::{Change, Document};
use cordon::evidence::export::Scope;
use cordon::notice::revision;

use super::*;

/// Words that only counsel wrote, and that nothing else here says.
const WORDS: [&str; 6] = ["Quince", "Medlar", "Sorb", "Bullace", "Damson", "Loquat"];

/// The files below a folder that hold one of the words.
fn telling(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut stack = vec![folder.to_owned()];
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            stack.extend(entries.map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        if WORDS.iter().any(|word| text.contains(word)) {
            let name = path.strip_prefix(folder).unwrap();
            found.push(name.to_string_lossy().into_owned());
        }
    }
    found
}

async fn counselled(staffed: &Staffed) -> NoticeId {
    let desk = &staffed.desk;
    let said = |key: &str, value: &str, note: &str| Statement {
        key: key.into(),
        value: value.into(),
        de: None,
        pt: None,
        standing: Standing::Suspicion,
        evidence: Vec::new(),
        note: note.into(),
        apart: None,
    };
    let analysis = said(
        "sanctions.analysis",
        "Quince: a licence may be needed.",
        "Medlar advised on it.",
    );
    let line = desk.fact_record(analysis).await.unwrap();
    assert_eq!(line.values, ["Quince: a licence may be needed."]);
    assert_eq!(line.note, "Medlar advised on it.");
    let (notice, draft) = desk.draft("board").await.unwrap();
    assert!(draft.text.contains("Quince"), "{}", draft.text);
    let block = revision::body(&Document::parse(&draft.text)).start + 2;
    let before = Document::parse(&draft.text).blocks[block].source.clone();
    let remark = Remarked {
        block: Some(block),
        quote: "Sorb".into(),
        text: "Bullace asks for more.".into(),
        ..Remarked::default()
    };
    desk.comment(&notice, remark).await.unwrap();
    let change = Change {
        block,
        before,
        after: "Damson weighs it.".into(),
    };
    let words = Suggested {
        on: None,
        change,
        reason: "Loquat said so".into(),
        brought: None,
    };
    desk.suggest(&notice, words).await.unwrap();
    notice
}

#[tokio::test]
async fn an_export_holds_the_words_of_counsel_only_when_they_are_asked_for_and_verifies_either_way()
{
    let staffed = Staffed::new().await;
    let notice = counselled(&staffed).await;
    let desk = &staffed.desk;
    // Whoever works on the text reads all of it.
    let record = desk.notice_record(&notice).unwrap();
    assert_eq!(record.remarks[0].comment.text, "Bullace asks for more.");
    assert_eq!(record.remarks[0].comment.quote, "Sorb");
    assert_eq!(record.proposals[0].suggestion.after, "Damson weighs it.");
    desk.take_suggestions(&notice, &[1], "agreed")
        .await
        .unwrap();
    let text = desk.notice_file(&notice, Form::Md).unwrap().bytes;
    assert!(String::from_utf8(text).unwrap().contains("Damson"));
    let mail = desk.notice_worded(&notice).unwrap();
    assert!(mail.changes.unwrap().is_empty());
    desk.finish().await.unwrap();

    let given = staffed.dir.path().join("given");
    let without = desk.export(&given, Scope::Facts).await.unwrap();
    assert!(without.withheld >= 5, "{without:?}");
    assert_eq!(telling(&given), [""; 0]);
    let kept = staffed.dir.path().join("kept");
    let with = desk.export(&kept, Scope::Privileged).await.unwrap();
    assert_eq!(with.withheld, 0);
    let found = telling(&kept);
    assert!(found.len() >= 5, "{found:?}");
    assert!(
        found.iter().all(|name| name.starts_with("privileged/")),
        "{found:?}"
    );
    for (folder, withheld) in [(&given, without.withheld), (&kept, 0)] {
        let report = verify::folder(folder).unwrap();
        assert!(report.issues.is_empty(), "{}", report.text());
        assert_eq!(report.withheld, withheld);
        let mut script = Command::new("python3");
        let script = script.arg(folder.join("verify.py")).output().unwrap();
        let said = String::from_utf8_lossy(&script.stdout);
        assert!(script.status.success(), "{said}");
        let left_out = format!("of which {withheld} are privileged");
        assert_eq!(said.contains(&left_out), withheld > 0, "{said}");
    }
    // What was put in and is gone again was not left out.
    std::fs::remove_file(kept.join(&found[0])).unwrap();
    assert!(!verify::folder(&kept).unwrap().issues.is_empty());
    let script = Command::new("python3").arg(kept.join("verify.py")).output();
    assert!(!script.unwrap().status.success());
}

#[tokio::test]
async fn what_is_counsels_goes_out_with_no_ordinary_notice_and_what_is_refused_is_not_kept() {
    let staffed = Staffed::new().await;
    let board = counselled(&staffed).await;
    let desk = &staffed.desk;
    let apart = desk.notice_record(&board).unwrap().evidence;
    let (client, _) = desk.draft("client").await.unwrap();
    let fault = desk.attach_kept(&client, "draft.md", &apart).await;
    assert_eq!(fault.unwrap_err().code(), "attached-privileged");
    // Nor for whoever writes the log by hand.
    let kept = desk.evidence(&apart).unwrap();
    let by_hand = Event::NoticeAttached {
        notice: client.clone(),
        attachment: cordon::case::event::Attachment {
            name: "draft.md".into(),
            evidence: apart,
            sha256: kept.sha256,
        },
    };
    let fault = desk.log.append(&Actor::Engine, vec![by_hand]).await;
    assert_eq!(fault.unwrap_err().code(), "illegal-transition");
    let items = || desk.log.read(|state| state.evidence.len());
    let before = items();
    let much = vec![b'x'; 12 * 1024 * 1024 + 1];
    let fault = desk.attach(&client, "much.bin", much).await;
    assert_eq!(fault.unwrap_err().code(), "attached-much");
    assert_eq!(items(), before);
}
