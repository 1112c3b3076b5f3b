//! What people said of an earlier text of a notice, in the Word file of the text as it stands.

use cordon::app::form::Form;
use cordon::app::revise::{Remarked, Suggested, block_source};
use cordon::document::{Change, Document, docx};

use super::*;

/// The paragraph that begins with `words`.
fn block(text: &str, words: &str) -> usize {
    let document = Document::parse(text);
    let mut blocks = document.blocks.iter();
    let found = blocks.find(|block| block.source.starts_with(words));
    found.unwrap().index
}

async fn remark(desk: &Desk, notice: &NoticeId, block: Option<usize>, text: &str) {
    let remark = Remarked {
        block,
        text: text.into(),
        ..Remarked::default()
    };
    desk.comment(notice, remark).await.unwrap();
}

/// Suggests words in the place of a paragraph, or after it.
async fn suggest(desk: &Desk, notice: &NoticeId, block: usize, before: String, after: &str) -> u32 {
    let suggested = Suggested {
        on: None,
        change: Change {
            block,
            before,
            after: after.into(),
        },
        reason: "plainer".into(),
        brought: None,
    };
    desk.suggest(notice, suggested).await.unwrap()
}

/// A notice with something said of two of its paragraphs.
async fn discussed(desk: &Desk, notice: &NoticeId, text: &str) {
    let (opened, business) = (
        block(text, "The review was opened"),
        block(text, "A business:"),
    );
    let source = |block| block_source(text, block).unwrap();
    remark(desk, notice, Some(business), "legal name?").await;
    remark(desk, notice, Some(opened), "by whom?").await;
    remark(desk, notice, None, "a good text").await;
    remark(desk, notice, Some(business), "settled long ago").await;
    desk.resolve_comment(notice, 4).await.unwrap();
    suggest(
        desk,
        notice,
        opened,
        source(opened),
        "The business reviews access.",
    )
    .await;
    suggest(desk, notice, business, source(business), "One business.").await;
    suggest(desk, notice, business, String::new(), "Right after it.").await;
}

#[tokio::test]
async fn a_word_file_has_what_is_open_on_any_version_at_its_paragraph() {
    let staffed = Staffed::new().await;
    let desk = &staffed.desk;
    let (notice, draft) = desk.draft("ic3").await.unwrap();
    discussed(desk, &notice, &draft.text).await;
    let packed = || desk.notice_file(&notice, Form::Docx).unwrap().bytes;
    let before = packed();
    let opened = block(&draft.text, "The review was opened");
    let source = block_source(&draft.text, opened).unwrap();
    suggest(desk, &notice, opened, source, "Too late.").await;
    // One is taken, and a paragraph comes in before the others.
    let first = block(&draft.text, "Each heading is a field");
    let new = suggest(desk, &notice, first, String::new(), "Quite new.").await;
    desk.take_suggestions(&notice, &[1, new], "agreed")
        .await
        .unwrap();
    let (record, text) = desk.notice(&notice).unwrap();
    assert_ne!(record.text, draft.digest);
    let business = block(&text, "A business:");
    assert_eq!(business, block(&draft.text, "A business:") + 1);
    let file = packed();
    let read = docx::read(&file, &text).unwrap();
    assert_eq!(read.notes, Vec::<String>::new());
    let changes = read.changes.iter().map(|one| &one.change);
    let changes: Vec<_> = changes.map(|one| (one.block, one.after.as_str())).collect();
    assert_eq!(
        changes,
        [(business, "One business."), (business, "Right after it.")]
    );
    let comments = read.comments.iter();
    let comments: Vec<_> = comments.map(|one| (one.block, one.text.as_str())).collect();
    assert_eq!(comments, [(business, "legal name?"), (0, "a good text")]);
    // What went out comes back as what it is, in a file of either version.
    for (name, file) in [("old.docx", before), ("new.docx", file)] {
        let made = desk.import_word(&notice, name, file).await.unwrap();
        assert!(
            made.suggestions.is_empty() && made.comments.is_empty(),
            "{name}: {made:?}"
        );
    }
    // What is taken from there lands there.
    desk.take_suggestions(&notice, &[3, 2], "agreed")
        .await
        .unwrap();
    let (_, text) = desk.notice(&notice).unwrap();
    let block = |at| block_source(&text, at).unwrap();
    assert_eq!(block(business), "One business.");
    assert_eq!(block(business + 1), "Right after it.");
}
