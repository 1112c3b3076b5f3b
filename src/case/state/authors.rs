//! Who wrote the text of a notice as it stands: where the configuration asks for it, none of them
//! approves it.

use super::check::need;
use super::{CaseState, NoticeRecord, Verdict};
use crate::case::event::Actor;

impl NoticeRecord {
    /// Who wrote the text as it stands: whoever made its last revision, and everybody whose suggestion was
    /// taken into it, by whoever wrote it down and by whom a file that they brought names. Nobody, while it
    /// is as the program drafted it. Hostile text.
    pub fn authors(&self) -> Vec<&str> {
        let revised = self.versions.get(1..).unwrap_or_default();
        let last = revised.last().map(|version| version.by.as_str());
        let taken = (self.proposals.iter())
            .filter(|one| matches!(one.verdict, Verdict::Taken { .. }))
            .flat_map(|one| [one.by.as_str(), one.author()]);
        let mut authors: Vec<&str> = last.into_iter().chain(taken).collect();
        authors.sort_unstable();
        authors.dedup();
        authors
    }
}

impl CaseState {
    /// Whether somebody did not write the text of a notice as it stands, also not under another name of
    /// theirs. Who wrote has to be known by name for that.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may_approve_others(&self, record: &NoticeRecord, person: &str) -> Result<(), String> {
        let authors = record.authors();
        let nameless = Actor::Operator(String::new()).to_string();
        need(
            !authors.iter().any(|author| author.starts_with(&nameless)),
            "who wrote the text is not known by name: a command line changed it",
        )?;
        need(
            !authors.contains(&person),
            "whoever wrote the text does not approve it",
        )?;
        let same = |author: &&&str| self.is_another_name_of(author, person);
        match authors.iter().find(same) {
            None => Ok(()),
            Some(author) => Err(format!(
                "whoever wrote the text does not approve it, and `{}` is the same person",
                author.escape_debug()
            )),
        }
    }
}
