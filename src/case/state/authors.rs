//! Who wrote the text of a notice as it stands: where the configuration asks for it, none of them
//! approves it.

use super::check::need;
use super::deed::Did;
use super::{CaseState, NoticeRecord, Proposal, Verdict};
use crate::case::event::Actor;

impl NoticeRecord {
    /// Who wrote what goes out: whoever revised the text, everybody whose suggestion was taken into it, by
    /// whoever wrote it down and by whom a file that they brought names, and whoever put a file with it.
    /// Nobody, while it is as the program drafted it. Hostile text.
    pub fn authors(&self) -> Vec<&str> {
        let mut authors = self.hands();
        if !self.is_as_drafted() {
            authors.extend(self.taken().map(Proposal::author));
        }
        authors.sort_unstable();
        authors.dedup();
        authors
    }

    /// The same as the log knows them: without the names that files give.
    fn hands(&self) -> Vec<&str> {
        let files = self.attachments.iter().filter_map(|file| {
            let mut deeds = self.deeds.iter().rev();
            let put = deeds
                .find(|deed| matches!(&deed.did, Did::Attached { name } if *name == file.name));
            put.map(|deed| deed.by.as_str())
        });
        let mut hands: Vec<&str> = files.collect();
        if !self.is_as_drafted() {
            let revised = self.versions.get(1..).unwrap_or_default();
            hands.extend(revised.iter().map(|version| version.by.as_str()));
            hands.extend(self.taken().map(|one| one.by.as_str()));
        }
        hands
    }

    fn taken(&self) -> impl Iterator<Item = &Proposal> {
        let all = self.proposals.iter();
        all.filter(|one| matches!(one.verdict, Verdict::Taken { .. }))
    }

    /// Whether every change was taken back.
    fn is_as_drafted(&self) -> bool {
        let drafted = self.versions.first();
        drafted.is_none_or(|drafted| drafted.text == self.text)
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
            !record
                .hands()
                .iter()
                .any(|hand| hand.starts_with(&nameless)),
            "who wrote the text is not known by name: a command line changed it, or put a file with it",
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
