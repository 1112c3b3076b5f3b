//! Comments: in the margin, with their author, time and thread.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::{Comment, Sheet};
use super::{NAMES, XML, date, esc};

/// The comments of a sheet with the ids that the file gives them.
#[derive(Debug)]
pub(super) struct Margin {
    notes: Vec<Comment>,
}

impl Margin {
    /// The comments of a sheet, and what cannot be tracked: a second change of the same block.
    pub(super) fn of(sheet: &Sheet) -> Self {
        let mut notes = sheet.comments.clone();
        let mut taken: Vec<usize> = Vec::new();
        for suggestion in &sheet.changes {
            let change = &suggestion.change;
            let known = (sheet.document.blocks.get(change.block))
                .is_some_and(|block| block.source == change.before);
            let tracked = change.before.is_empty() || (known && !taken.contains(&change.block));
            if tracked {
                if !change.before.is_empty() {
                    taken.push(change.block);
                }
                continue;
            }
            notes.push(Comment {
                id: notes
                    .iter()
                    .map(|note| note.id)
                    .max()
                    .unwrap_or(0)
                    .saturating_add(1),
                block: change.block,
                quote: String::new(),
                author: suggestion.author.clone(),
                at: suggestion.at,
                text: format!("Also suggested here: {}", change.after),
                thread: None,
                resolved: false,
            });
        }
        Self { notes }
    }

    /// The comments on a block with their ids in the file.
    pub(super) fn on(&self, block: usize, last: usize) -> impl Iterator<Item = (usize, &Comment)> {
        // A remark on a block that is no more stands at the end of the text.
        (self.notes.iter().enumerate())
            .filter(move |(_, note)| note.block == block || (block == last && note.block > last))
    }

    fn ids(&self) -> BTreeMap<u64, usize> {
        (self.notes.iter().enumerate())
            .map(|(at, note)| (note.id, at))
            .collect()
    }

    /// `word/comments.xml`.
    pub(super) fn comments(&self) -> String {
        let mut out = format!("{XML}<w:comments {NAMES}>");
        for (id, note) in self.notes.iter().enumerate() {
            let initials: String = (note.author.split_whitespace())
                .filter_map(|word| word.chars().next())
                .take(3)
                .collect();
            let at = (note.at).map_or(String::new(), |at| format!(" w:date=\"{}\"", date(at)));
            let _ = write!(
                out,
                "<w:comment w:id=\"{id}\" w:author=\"{}\"{at} w:initials=\"{}\">",
                esc(&note.author),
                esc(&initials)
            );
            let lines: Vec<&str> = note.text.lines().collect();
            let lines = if lines.is_empty() { vec![""] } else { lines };
            let last = lines.len() - 1;
            for (number, line) in lines.iter().enumerate() {
                let paragraph = if number == last {
                    format!(" w14:paraId=\"{}\"", paragraph_id(id))
                } else {
                    String::new()
                };
                let mark = if number == 0 {
                    "<w:r><w:rPr><w:rStyle w:val=\"CommentReference\"/></w:rPr><w:annotationRef/></w:r>"
                } else {
                    ""
                };
                let _ = write!(
                    out,
                    "<w:p{paragraph}><w:pPr><w:pStyle w:val=\"CommentText\"/></w:pPr>{mark}\
                     <w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>",
                    esc(line)
                );
            }
            out.push_str("</w:comment>");
        }
        out.push_str("</w:comments>");
        out
    }

    /// `word/commentsExtended.xml`: which comment answers which, and what is settled.
    pub(super) fn threads(&self) -> String {
        let ids = self.ids();
        let mut out = format!("{XML}<w15:commentsEx {NAMES}>");
        for (id, note) in self.notes.iter().enumerate() {
            // Word knows threads of two levels: an answer to an answer answers the first.
            let parent = root(&self.notes, &ids, note)
                .filter(|parent| *parent != id)
                .map_or(String::new(), |parent| {
                    format!(" w15:paraIdParent=\"{}\"", paragraph_id(parent))
                });
            let _ = write!(
                out,
                "<w15:commentEx w15:paraId=\"{}\"{parent} w15:done=\"{}\"/>",
                paragraph_id(id),
                u8::from(note.resolved)
            );
        }
        out.push_str("</w15:commentsEx>");
        out
    }
}

fn root(notes: &[Comment], ids: &BTreeMap<u64, usize>, note: &Comment) -> Option<usize> {
    let mut at = *ids.get(&note.thread?)?;
    // A ring of answers ends where the steps do.
    for _ in 0..notes.len() {
        match notes
            .get(at)
            .and_then(|note| note.thread)
            .and_then(|up| ids.get(&up))
        {
            Some(up) => at = *up,
            None => return Some(at),
        }
    }
    None
}

/// The id of the paragraph that a thread hangs on: below 0x8000_0000, as Word wants it.
fn paragraph_id(comment: usize) -> String {
    format!("{:08X}", 0x2000_0000_usize.saturating_add(comment))
}
