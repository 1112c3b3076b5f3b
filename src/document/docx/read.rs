//! A reviewed Word file: comments, changes, and what could not be understood, in words.

use std::collections::BTreeMap;

use roxmltree::{Document as Xml, ParsingOptions};

use super::super::sheet::Suggestion;
use super::super::{Comment, Document};
use super::package::{self, Package};
use super::story::{self, attribute, is, text_of, time};
use super::{BIND, review};
use crate::fault::{Fault, Result};

/// A text of a notice has some thousand elements, not millions.
const MOST_NODES: u32 = 2_000_000;

/// The most paragraphs of a file: a notice has some hundred.
const MOST_PARAGRAPHS: usize = 5_000;

/// The longest comment that is kept, in characters.
const LONGEST_COMMENT: usize = 20_000;

/// What a reviewer made of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The digest that the file says it was made of; none when it was taken out.
    pub bind: Option<String>,
    /// Every comment in the file, also those that it was sent out with.
    pub comments: Vec<Comment>,
    /// Every change, tracked or not, also those that it was sent out with; in the order of blocks,
    /// one for each block, and new blocks after the one that they follow.
    pub changes: Vec<Suggestion>,
    /// What was not understood or not taken over.
    pub notes: Vec<String>,
}

/// Reads a reviewed file against the text that it was made of.
///
/// # Errors
///
/// `docx-refused`, when it is no Word file, is damaged, declares a document type, or unpacks to more
/// than a notice can be. Whatever else it holds is ignored and named in the notes.
pub fn read(bytes: &[u8], original: &str) -> Result<Reviewed> {
    let package = package::unpack(bytes)?;
    let original = Document::parse(original);
    let main = parse(&package, "word/document.xml")?;
    let Some(main) = main else {
        return Err(Fault::input("docx-refused", "The file holds no text."));
    };
    let footnotes = parse(&package, "word/footnotes.xml")?;
    let mut story = story::read(&main, footnotes.as_ref());
    foreign(&package, &mut story);
    if story.paras.len() > MOST_PARAGRAPHS {
        return Err(Fault::input(
            "docx-refused",
            format!("The file has more than {MOST_PARAGRAPHS} paragraphs."),
        ));
    }
    let found = review::compare_with(&original, &story.paras);
    let places: BTreeMap<&str, (usize, &str)> = (story.paras.iter().zip(&found.blocks))
        .flat_map(|(para, block)| {
            let block = block.unwrap_or_default();
            (para.comments.iter()).map(move |(id, quote)| (id.as_str(), (block, quote.as_str())))
        })
        .collect();
    let comments = comments(&package, &places)?;
    let mut notes: Vec<String> = story.notes.into_iter().collect();
    let bind = bound(&package)?;
    if bind.is_none() {
        notes.push("The file does not say which text it was made of.".to_owned());
    }
    if !story.paras.iter().any(|para| !para.blocks.is_empty()) && !original.blocks.is_empty() {
        notes.push(
            "The marks of paragraphs are gone from the file; paragraphs were matched by their words."
                .to_owned(),
        );
    }
    Ok(Reviewed {
        bind,
        comments,
        changes: found.changes,
        notes,
    })
}

fn parse<'p>(package: &'p Package, name: &str) -> Result<Option<Xml<'p>>> {
    let Some(text) = package.parts.get(name) else {
        return Ok(None);
    };
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    match Xml::parse_with_options(text, options) {
        Ok(xml) => Ok(Some(xml)),
        Err(error) => Err(
            Fault::input("docx-refused", "A part of the file cannot be read.")
                .at(name)
                .hint("save it in Word or LibreOffice as .docx again")
                .caused_by(error),
        ),
    }
}

fn bound(package: &Package) -> Result<Option<String>> {
    let Some(xml) = parse(package, "docProps/custom.xml")? else {
        return Ok(None);
    };
    let property = (xml.root_element().children())
        .find(|node| node.attribute("name") == Some(BIND))
        .and_then(|node| node.descendants().find_map(|node| node.text()))
        .map(|text| text.trim().to_owned());
    Ok(property.filter(|text| !text.is_empty()))
}

/// Which text a Word file says that it was made of.
///
/// # Errors
/// As [`read`].
pub fn bind(bytes: &[u8]) -> Result<Option<String>> {
    bound(&package::unpack(bytes)?)
}

/// What acts or comes from elsewhere is never read, and named.
fn foreign(package: &Package, story: &mut story::Story) {
    let mut say = |what: String| story.notes.insert(what);
    for name in &package.names {
        let lower = name.to_lowercase();
        if lower.contains("vbaproject") || lower.contains("vbadata") {
            say("The file holds macros; they were not read.".to_owned());
        } else if lower.contains("/embeddings/") || lower.contains("/activex/") {
            say("The file holds embedded objects; they were not read.".to_owned());
        } else if lower.contains("..") || lower.starts_with('/') || lower.contains('\\') {
            say("The file holds a part whose name leads out of it; it was not read.".to_owned());
        }
    }
    for (name, text) in &package.parts {
        let relations = name.to_lowercase().ends_with(".rels");
        if relations && text.contains("TargetMode") && text.contains("External") {
            say("The file points to addresses outside of it; none was opened.".to_owned());
        }
    }
}

fn comments(package: &Package, places: &BTreeMap<&str, (usize, &str)>) -> Result<Vec<Comment>> {
    let Some(xml) = parse(package, "word/comments.xml")? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    let mut paragraphs: BTreeMap<&str, u64> = BTreeMap::new();
    for (at, node) in xml
        .root_element()
        .children()
        .filter(|node| is(*node, "comment"))
        .enumerate()
    {
        let name = attribute(node, "id").unwrap_or_default();
        let id = name.parse().unwrap_or(u64::MAX - at as u64);
        for paragraph in node.descendants().filter(|node| is(*node, "p")) {
            let known = paragraph
                .attributes()
                .find(|known| known.name() == "paraId");
            if let Some(known) = known {
                paragraphs.insert(known.value(), id);
            }
        }
        let (block, quote) = places.get(name).copied().unwrap_or_default();
        out.push(Comment {
            id,
            block,
            quote: quote.trim().to_owned(),
            author: attribute(node, "author").unwrap_or("unknown").to_owned(),
            at: attribute(node, "date").and_then(time),
            text: text_of(node).trim().chars().take(LONGEST_COMMENT).collect(),
            thread: None,
            resolved: false,
        });
    }
    if let Some(threads) = parse(package, "word/commentsExtended.xml")? {
        for node in threads
            .root_element()
            .children()
            .filter(roxmltree::Node::is_element)
        {
            let value = |name: &str| {
                (node.attributes().find(|known| known.name() == name)).map(|known| known.value())
            };
            let id = value("paraId").and_then(|id| paragraphs.get(id)).copied();
            let parent = value("paraIdParent")
                .and_then(|id| paragraphs.get(id))
                .copied();
            for comment in out.iter_mut().filter(|comment| Some(comment.id) == id) {
                comment.resolved = matches!(value("done"), Some("1" | "true"));
                comment.thread = parent.filter(|parent| *parent != comment.id);
            }
        }
    }
    Ok(out)
}
