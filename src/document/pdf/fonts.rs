//! What can be drawn: the fonts that are built in, and text made so that they can set it.

use std::fmt::Write as _;
use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::hostile;

/// The family that the text is set in; `templates/document/sheet.typ` names it first.
const FAMILY: &str = "Libertinus Serif";

/// A longer word may break anywhere: it would leave the page.
const LONGEST_WORD: usize = 40;

/// So many letters of such a word stay together.
const STEP: usize = 6;

/// The fonts of typst: Libertinus Serif, New Computer Modern, DejaVu Sans Mono, all open.
static FONTS: LazyLock<(LazyHash<FontBook>, Vec<Font>)> = LazyLock::new(|| {
    let fonts: Vec<Font> = typst_assets::fonts()
        .flat_map(|data| Font::iter(Bytes::new(data)))
        .collect();
    (LazyHash::new(FontBook::from_fonts(&fonts)), fonts)
});

/// What of the fonts is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every letter that any font has, with the marks that the same font has.
    All,
    /// Single letters that the family of the text has in each of its faces.
    Plain,
}

pub(super) fn book() -> &'static LazyHash<FontBook> {
    &FONTS.0
}

pub(super) fn at(index: usize) -> Option<Font> {
    FONTS.1.get(index).cloned()
}

/// Whether a font draws a letter. What a letter of private use means is known to its font alone.
fn has(font: &Font, c: char) -> bool {
    let private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    !private && font.info().coverage.contains(u32::from(c))
}

/// Text as it can be set, in pieces between which a line may end: what hides is written out, what no
/// font can draw too. A line end is a space, and so is a tab.
pub(super) fn pieces(text: &str, reach: Reach) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut run = 0;
    for cluster in shown(text, reach).graphemes(true) {
        run = if cluster.trim().is_empty() {
            0
        } else {
            run + 1
        };
        if run > LONGEST_WORD && run % STEP == 0 {
            out.push(String::new());
        }
        if let Some(last) = out.last_mut() {
            last.push_str(cluster);
        }
    }
    out
}

/// Text as it can be drawn, on one line.
pub(super) fn shown(text: &str, reach: Reach) -> String {
    let text = hostile::terminal(text);
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        if cluster.chars().all(|c| matches!(c, '\n' | '\t' | ' ')) {
            out.push(' ');
            continue;
        }
        let font = font_of(cluster, reach);
        let lone = cluster.chars().nth(1).is_none();
        for c in cluster.chars() {
            let drawn = font.is_some_and(|font| has(font, c)) && (lone || reach == Reach::All);
            if drawn {
                out.push(c);
            } else {
                // Writing to a string cannot fail.
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
        }
    }
    out
}

/// The font that draws a letter with its marks; failing that, one that draws the letter.
fn font_of(cluster: &str, reach: Reach) -> Option<&'static Font> {
    let fonts = &FONTS.1;
    if reach == Reach::Plain {
        let mut family = fonts.iter().filter(|font| font.info().family == FAMILY);
        let each = family
            .clone()
            .all(|font| cluster.chars().all(|c| has(font, c)));
        return if each { family.next() } else { None };
    }
    let whole = fonts
        .iter()
        .find(|font| cluster.chars().all(|c| has(font, c)));
    whole.or_else(|| {
        let first = cluster.chars().next()?;
        fonts.iter().find(|font| has(font, first))
    })
}
