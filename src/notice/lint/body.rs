//! What people read of a notice, block by block, each with the line that it begins in.

use crate::document::{Block, Document};
use crate::notice::text;

/// The part of a text that is looked at, read once.
pub(super) struct Body<'t> {
    text: &'t str,
    first: usize,
    document: Document,
}

impl<'t> Body<'t> {
    pub(super) fn of(whole: &'t str) -> Self {
        let (before, text) = text::looked_at(whole);
        Self {
            text,
            first: before.matches('\n').count() + 1,
            document: Document::parse(text),
        }
    }

    /// Each block with its line in the whole text.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (usize, &Block)> {
        let (mut line, mut counted) = (self.first, 0);
        self.document.blocks.iter().map(move |block| {
            let gone = self.text.get(counted..block.start()).unwrap_or_default();
            line += gone.matches('\n').count();
            counted = counted.max(block.start());
            (line, block)
        })
    }
}
