//! Playbooks: policy as steps and gates, written in YAML and read aloud before it is used.
//!
//! The types of `text` describe the shape once: serde reads it, schemars prints it for editors,
//! and `shape` walks the printed schema to find every fault of a file in one pass, with its place.
//! What the shape cannot say (gates, order, names) is judged by [`check`].

mod catalogue;
mod check;
mod flow;
mod graph;
mod period;
mod problem;
mod shape;
mod show;
mod text;
mod tree;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use catalogue::perishes_after;
pub use catalogue::{Catalogue, ROLES, is_perishable, selects, selects_trail};
pub use check::check;
pub use flow::Flow;
pub use graph::{Format, graph};
pub use period::Period;
pub use problem::{Label, Problem, Problems, Severity, Span, advice, nearest};
pub use show::show;
pub(crate) use show::{series, who};
pub use text::{Close, Gate, Kind, Snapshot, Step, Verify};

use crate::canon::Digest;
use tree::Place;

/// The largest playbook that is read, bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// A playbook whose shape is sound. [`check`] says whether it can be used.
#[derive(Debug, Clone)]
pub struct Playbook {
    /// Its name: `terminated-contractor`.
    pub name: String,
    /// What it is for, one line.
    pub title: String,
    /// Its steps, as they stand in the file.
    pub steps: Vec<Step>,
    source: Source,
}

/// The text of a playbook and where everything stands in it.
#[derive(Debug, Clone)]
struct Source {
    file: String,
    text: Arc<str>,
    places: BTreeMap<String, Place>,
    /// Steps that cannot be read, by id, with what they need: later checks must not trip over them.
    broken: BTreeMap<String, Vec<String>>,
}

impl Playbook {
    /// The file that it was read from.
    pub fn file(&self) -> &str {
        &self.source.file
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// SHA-256 of its text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.source.text.as_bytes())
    }

    /// The step with that id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Where the value at `path` below a step stands: `/needs/0`; its key or the step itself when
    /// the value has no place of its own.
    fn span(&self, step: &Step, path: &str) -> Span {
        let base = format!("/steps/{}", step.at);
        let mut path = format!("{base}{path}");
        loop {
            if let Some(place) = self.source.places.get(&path) {
                return place.value;
            }
            match path.rsplit_once('/') {
                Some((shorter, _)) if !shorter.is_empty() => path = shorter.to_owned(),
                _ => return Span::default(),
            }
        }
    }

    /// Where a key of a step stands: `gate`.
    fn key_span(&self, step: &Step, key: &str) -> Span {
        let path = format!("/steps/{}/{key}", step.at);
        let place = self.source.places.get(&path);
        place
            .and_then(|place| place.key)
            .unwrap_or_else(|| self.span(step, "/id"))
    }

    fn problems(&self) -> Problems {
        Problems::new(&self.source.file, Arc::clone(&self.source.text))
    }
}

/// Reads a playbook: size, YAML, shape. `file` is only shown.
///
/// # Errors
/// Every fault of the shape at once.
pub fn load(file: &str, text: &str) -> Result<Playbook, Problems> {
    match read(file, text) {
        (Some(playbook), problems) if !problems.has_errors() => Ok(playbook),
        (_, problems) => Err(problems),
    }
}

/// Everything that is wrong with a playbook: shape and meaning at once. What the shape leaves
/// readable is judged too, so that one reading shows as much as possible.
pub fn review(file: &str, text: &str, catalogue: &Catalogue) -> (Option<Playbook>, Problems) {
    let (playbook, mut problems) = read(file, text);
    if let Some(playbook) = &playbook {
        problems.extend(check(playbook, catalogue));
    }
    let sound = playbook.filter(|_| !problems.has_errors());
    (sound, problems)
}

fn read(file: &str, text: &str) -> (Option<Playbook>, Problems) {
    let mut problems = Problems::new(file, Arc::from(text));
    let Some(tree) = tree::read(text, &mut problems) else {
        return (None, problems);
    };
    let (written, broken) = shape::walk(&tree, &mut problems);
    let playbook = written.map(|written| Playbook {
        name: written.playbook,
        title: written.title,
        steps: written.steps,
        source: Source {
            file: file.to_owned(),
            text: Arc::from(text),
            places: tree.places,
            broken,
        },
    });
    problems.sort();
    (playbook, problems)
}

/// The JSON Schema of a playbook, for editors; also what [`load`] walks.
pub fn schema() -> serde_json::Value {
    text::schema()
}

/// The playbooks that come with Cordon: name and text.
const SHIPPED: [(&str, &str); 2] = [
    (
        "terminated-contractor",
        include_str!("../playbooks/terminated-contractor.yaml"),
    ),
    ("contain-now", include_str!("../playbooks/contain-now.yaml")),
];

/// The names of the playbooks that come with Cordon.
pub fn shipped_names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The text of a playbook that comes with Cordon.
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// Text from outside made harmless for a terminal: control and direction characters become `\u{…}`,
/// and what is longer than `max` characters is cut.
pub(crate) fn plain(text: &str, max: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == max {
            out.push('…');
            break;
        }
        if is_hostile(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that move the cursor, hide text or turn its direction.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
