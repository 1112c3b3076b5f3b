//! Word files (ECMA-376, transitional): a sheet written so that Word and LibreOffice show styles,
//! header, page numbers, footnotes to evidence, comments and tracked changes; and what reviewers
//! made of it, read back.
//!
//! Written by hand: `docx-rs` takes its ids from counters of the process, so the same sheet would
//! not give the same bytes twice.

mod body;
mod margin;
mod package;
mod paragraph;
mod parts;
mod read;
mod review;
mod story;
mod token;

pub use read::{Reviewed, bind, read};

use super::Sheet;
use crate::fault::Result;
use crate::hostile;

/// The name space of WordprocessingML.
const W: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

/// What each part of a document declares.
const NAMES: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
     xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
     xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" \
     xmlns:w14=\"http://schemas.microsoft.com/office/word/2010/wordml\" \
     xmlns:w15=\"http://schemas.microsoft.com/office/word/2012/wordml\" mc:Ignorable=\"w14 w15\"";

/// The declaration that each part begins with.
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// The bookmark of a block is this and its number; a leading line hides it in Word.
const BOOKMARK: &str = "_Cordon";

/// The bookmark of what stands before the text and is not part of it.
const FRONT: &str = "_CordonFront";

/// The custom property that holds what an approval binds.
const BIND: &str = "CordonBind";

/// A sheet as a Word file. The same sheet gives the same bytes.
///
/// # Errors
///
/// `docx`, when the file cannot be packed.
pub fn write(sheet: &Sheet) -> Result<Vec<u8>> {
    let margin = margin::Margin::of(sheet);
    let story = body::Story::of(sheet, &margin);
    let mut files = vec![
        ("[Content_Types].xml", parts::content_types()),
        ("_rels/.rels", parts::package_relations()),
        ("word/document.xml", story.document),
        ("word/_rels/document.xml.rels", parts::document_relations()),
        ("word/styles.xml", parts::styles(sheet)),
        ("word/numbering.xml", parts::numbering(&story.lists)),
        ("word/settings.xml", parts::settings(sheet)),
        ("word/fontTable.xml", parts::fonts()),
        ("word/header1.xml", parts::header(sheet)),
        ("word/footer1.xml", parts::footer(sheet)),
        ("word/footnotes.xml", story.footnotes),
        ("word/comments.xml", margin.comments()),
        ("word/commentsExtended.xml", margin.threads()),
        ("docProps/core.xml", parts::core(sheet)),
        ("docProps/app.xml", parts::app()),
        ("docProps/custom.xml", parts::custom(sheet)),
    ];
    package::pack(&mut files)
}

/// Text that may stand in XML, as content or attribute. What hides or steers is written out, as on
/// every other face.
fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in shown(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// Text as a Word file can hold it.
fn shown(text: &str) -> String {
    hostile::terminal(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// A time as Word writes it.
fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
