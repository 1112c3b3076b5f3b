//! The forms of a notice, and what must hold of any rendering whatever its text says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cordon::document::{docx, pdf};
use cordon::notice;

use super::{Drafted, Forms};

/// Elements of a page's text, and the attributes that each may have.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("a", &["aria-label", "class", "href"]),
    ("blockquote", &[]),
    ("div", &["aria-label", "class", "id", "role", "tabindex"]),
    ("em", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("hr", &[]),
    ("li", &["class", "id"]),
    ("mark", &[]),
    ("ol", &["start"]),
    ("p", &[]),
    ("strong", &[]),
    ("sup", &["class"]),
    ("table", &[]),
    ("td", &[]),
    ("th", &["scope"]),
    ("tr", &["class", "id"]),
    ("ul", &[]),
];

/// Elements of a Word file that fetch, run or embed something.
const ACT: &[&str] = &[
    "w:altChunk",
    "w:attachedTemplate",
    "w:control",
    "w:hyperlink",
    "w:instrText",
    "w:object",
    "w:pict",
    "w:subDoc",
    "w:drawing",
    "w:mailMerge",
];

/// A rendering in each form, named as in the table of digests; what does not hold goes to `wrong`.
pub(super) fn of(one: &Drafted, page: &str, wrong: &mut Vec<String>) -> Forms {
    let place = one.place();
    let mut say = |form: &str, what: Result<(), String>| {
        if let Err(what) = what {
            wrong.push(format!("{place} as {form}: {what}"));
        }
    };
    let plain = notice::plain(&one.text);
    say("plain", printable(&plain));
    say("html", markup(page));
    let word = docx::write(&one.sheet).unwrap();
    let parts = super::super::document_docx::parts(&word);
    say("docx", package(&parts));
    // What is packed and not how: the packer may learn to pack better.
    let unpacked: Vec<String> = parts
        .iter()
        .map(|(name, part)| format!("{name}\n{part}\n"))
        .collect();
    let paper = pdf::write(&one.sheet).unwrap();
    say("pdf", inside(&paper));
    vec![
        ("docx", unpacked.concat().into_bytes()),
        ("html", page.as_bytes().to_vec()),
        ("pdf", paper),
        ("plain", plain.into_bytes()),
    ]
}

fn inside(paper: &[u8]) -> Result<(), String> {
    use super::super::document_pdf::{look_inside, lookers};
    use std::sync::LazyLock;
    static HERE: LazyLock<bool> = LazyLock::new(lookers);
    if !*HERE {
        return Ok(());
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), paper).unwrap();
    match look_inside(file.path()) {
        wrong if wrong.is_empty() => Ok(()),
        wrong => Err(wrong.join(", ")),
    }
}

/// Leaves a rendering where it can be looked at.
pub(super) fn leave(place: &str, form: &str, bytes: &[u8]) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("golden");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{}.{form}", place.replace('/', "-")));
    std::fs::write(&file, bytes).unwrap();
    file.display().to_string()
}

fn printable(text: &str) -> Result<(), String> {
    let steers =
        |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || cordon::hostile::is_hidden(c);
    match text.chars().find(|c| steers(*c)) {
        Some(c) => Err(format!("U+{:04X} stands in it as it came", u32::from(c))),
        None => Ok(()),
    }
}

/// Every element is one of ours, with attributes of ours, opened and closed in order.
fn markup(page: &str) -> Result<(), String> {
    printable(page)?;
    let mut open: Vec<&str> = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').ok_or("a tag has no end")?;
        if text.contains('>') {
            return Err(format!("a `>` stands in {text:?}"));
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            continue;
        }
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let known = ELEMENTS.iter().find(|(known, _)| *known == name);
        let (_, attributes) = known.ok_or_else(|| format!("the element <{tag}>"))?;
        if name != "hr" {
            open.push(name);
        }
        let mut rest = rest;
        while !rest.is_empty() {
            let (attribute, after) = rest.split_once("=\"").ok_or_else(|| format!("<{tag}>"))?;
            let (value, after) = after.split_once('"').ok_or_else(|| format!("<{tag}>"))?;
            let leads = attribute == "href"
                && !value.starts_with("#e")
                && !value.starts_with("/notice?block=");
            if !attributes.contains(&attribute) || leads {
                return Err(format!("the attribute {attribute}={value:?} of <{name}>"));
            }
            rest = after.trim_start();
        }
    }
    match open.last() {
        Some(name) => Err(format!("<{name}> is never closed")),
        None => Ok(()),
    }
}

/// The parts of a Word file are XML, and none of them fetches, runs or embeds anything.
fn package(parts: &BTreeMap<String, String>) -> Result<(), String> {
    for (name, part) in parts {
        let xml = roxmltree::Document::parse(part).map_err(|error| format!("{name}: {error}"))?;
        if let Some(tag) = ACT.iter().find(|tag| part.contains(&format!("<{tag}"))) {
            return Err(format!("{name} has {tag}"));
        }
        if part.contains("TargetMode") {
            return Err(format!("{name} leads out"));
        }
        let named = |node: roxmltree::Node<'_, '_>, name: &str| node.tag_name().name() == name;
        for node in xml.descendants() {
            let field = named(node, "fldSimple")
                .then(|| node.attributes().find(|one| one.name() == "instr"))
                .flatten();
            if let Some(field) = field
                && !matches!(field.value(), " PAGE " | " NUMPAGES ")
            {
                return Err(format!("{name} has the field {:?}", field.value()));
            }
            let words = node.text().filter(|_| named(node, "t")).unwrap_or_default();
            printable(words).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    Ok(())
}
