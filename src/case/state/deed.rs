//! Who did what to a notice, in the order of the log.

use super::CaseState;
use crate::canon::Digest;
use crate::case::event::{Entry, Event};
use crate::id::NoticeId;
use crate::time::Timestamp;

/// What somebody did to a notice. Remarks and suggestions tell of themselves.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Deed {
    /// What was done.
    pub did: Did,
    /// Who did it. Hostile text.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What can be done to a notice.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Did {
    /// Its text was made.
    Written {
        /// The text.
        text: Digest,
        /// The suggestions that were taken up.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        takes: Vec<u32>,
    },
    /// It was given to those who review it.
    Submitted,
    /// A file was put with it.
    Attached {
        /// Its name. Hostile text.
        name: String,
    },
    /// A file was taken out.
    Detached {
        /// Its name. Hostile text.
        name: String,
    },
    /// Exactly this was approved.
    Approved {
        /// What the approval binds.
        binds: Digest,
    },
    /// A suggestion was declined.
    Declined {
        /// Its number.
        suggestion: u32,
    },
    /// A comment was settled.
    Settled {
        /// Its number.
        comment: u32,
    },
}

impl Did {
    /// What it says to people, after the name of who did it. Hostile where it names a file.
    pub fn words(&self) -> String {
        match self {
            Self::Written { text, takes } if takes.is_empty() => {
                format!("made the text {}", text.short())
            }
            Self::Written { text, takes } => {
                let takes: Vec<String> = takes.iter().map(u32::to_string).collect();
                let (text, takes) = (text.short(), takes.join(", "));
                format!("made the text {text}, with what was suggested in {takes}")
            }
            Self::Submitted => "gave it to review".to_owned(),
            Self::Attached { name } => format!("put the file {name} with it"),
            Self::Detached { name } => format!("took the file {name} out"),
            Self::Approved { binds } => format!("approved exactly {}", binds.short()),
            Self::Declined { suggestion } => format!("declined suggestion {suggestion}"),
            Self::Settled { comment } => format!("settled comment {comment}"),
        }
    }
}

impl CaseState {
    /// Takes in who did what to a notice that stands in the case.
    pub(super) fn apply_deed(&mut self, entry: &Entry) {
        let Some((notice, did)) = deed(&entry.event) else {
            return;
        };
        let by = match &entry.event {
            Event::NoticeApproved { signed, .. } => signed.person.clone(),
            _ => entry.by.to_string(),
        };
        if let Some(record) = self.notices.get_mut(notice) {
            let at = entry.at;
            record.deeds.push(Deed { did, by, at });
        }
    }
}

fn deed(event: &Event) -> Option<(&NoticeId, Did)> {
    Some(match event {
        Event::NoticeDrafted { notice, text, .. } => {
            let (text, takes) = (*text, Vec::new());
            (notice, Did::Written { text, takes })
        }
        Event::NoticeRevised {
            notice,
            text,
            takes,
            ..
        } => {
            let (text, takes) = (*text, takes.clone());
            (notice, Did::Written { text, takes })
        }
        Event::NoticeSubmitted { notice, .. } => (notice, Did::Submitted),
        Event::NoticeAttached { notice, attachment } => {
            let name = attachment.name.clone();
            (notice, Did::Attached { name })
        }
        Event::NoticeDetached { notice, name } => {
            let name = name.clone();
            (notice, Did::Detached { name })
        }
        Event::NoticeApproved { notice, text, .. } => (notice, Did::Approved { binds: *text }),
        Event::NoticeSuggestionDeclined {
            notice, suggestion, ..
        } => {
            let suggestion = *suggestion;
            (notice, Did::Declined { suggestion })
        }
        Event::NoticeCommentResolved { notice, comment } => {
            (notice, Did::Settled { comment: *comment })
        }
        _ => return None,
    })
}
