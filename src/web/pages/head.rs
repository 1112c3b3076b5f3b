//! What every page of a case begins with: where it stands, and the way to its other pages.

use serde::Serialize;

use crate::access::Ability;
use crate::case::state::Phase;
use crate::web::look::Look;
use crate::web::shown::{When, path, short};

/// The head of a page of a case.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    id: String,
    /// Nothing on the page of the case itself, whose heading it is.
    case_title: Option<String>,
    /// One word for the phase, and what it means.
    phase: &'static str,
    phase_means: &'static str,
    restricted: bool,
    tabs: Vec<Tab>,
    /// When the page was made.
    as_of: When,
}

#[derive(Debug, Serialize)]
struct Tab {
    href: String,
    words: &'static str,
    here: bool,
}

/// The pages of a case: the end of their path, their name, and who sees them.
const TABS: &[(&str, &str, Ability)] = &[
    ("", "Case", Ability::SeeBrief),
    ("plan", "Plan", Ability::SeeCase),
    ("clocks", "Clocks", Ability::SeeCase),
    ("notices", "Notices", Ability::SeeCase),
    ("contacts", "Contacts", Ability::SeeEvidence),
    ("facts", "Facts", Ability::Counsel),
    ("evidence", "Evidence", Ability::SeeEvidence),
    ("log", "Log", Ability::SeeEvidence),
];

/// The head of a case; `here` is the end of the path of the page, or nothing.
pub(super) fn head(look: &Look<'_>, here: &str) -> Head {
    let id = look.id.as_str();
    let seen = TABS.iter().filter(|(.., ability)| look.may(*ability));
    let mut tabs: Vec<Tab> = seen
        .map(|(end, words, _)| Tab {
            href: match *end {
                "" => path(&["cases", id]),
                end => path(&["cases", id, end]),
            },
            words,
            here: *end == here,
        })
        .collect();
    // One tab leads nowhere, except from a page below it.
    if tabs.len() == 1 && here.is_empty() {
        tabs.clear();
    }
    let (phase, phase_means) = match look.state.phase {
        Phase::None => ("new", "not opened"),
        Phase::Open => ("open", "work goes on"),
        Phase::Held => ("held", "nothing new starts"),
        Phase::Closed => ("closed", "nothing more is done"),
    };
    Head {
        id: id.to_owned(),
        case_title: (!here.is_empty()).then(|| short(&look.state.title)),
        phase,
        phase_means,
        restricted: look.state.scope.only.is_some(),
        tabs,
        as_of: look.words.when(look.now),
    }
}
