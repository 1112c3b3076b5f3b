//! What the configuration says of the organisation must mean something in the catalogue of duties.

use std::path::Path;

use super::Settings;
use crate::clock::{Catalogue, Organisation};
use crate::fault::{Fault, Result};
use crate::playbook::advice;

impl Settings {
    /// Every duty and every calendar, with what the configured folder adds.
    ///
    /// # Errors
    /// A file of the folder is not right.
    pub fn catalogue(&self) -> Result<Catalogue> {
        Catalogue::with(self.organisation.catalogue.as_deref())
    }
}

/// Refuses jurisdictions and questions that no duty knows, and a Land without a calendar.
///
/// # Errors
/// The first of them, with what was probably meant.
pub(super) fn check(organisation: &mut Organisation, path: &Path) -> Result<()> {
    // A relative folder means relative to the file, wherever the command is run.
    if let (Some(folder), Some(here)) = (&mut organisation.catalogue, path.parent())
        && folder.is_relative()
    {
        *folder = here.join(&folder);
    }
    let catalogue = Catalogue::with(organisation.catalogue.as_deref())?;
    let known = catalogue.jurisdictions();
    for place in &organisation.jurisdictions {
        if !known.contains(place.as_str()) {
            let what = format!(
                "[organisation] names `{}`, where no duty is known: nothing would be watched there.",
                place.escape_debug()
            );
            let advice = advice(place, known.iter().copied());
            return Err(Fault::input("config", what).at(path.display()).hint(advice));
        }
    }
    if let Some(land) = &organisation.land
        && catalogue.calendars.of_land(land).is_none()
    {
        let what = format!(
            "[organisation] names the Land `{}`, of which no calendar is known.",
            land.escape_debug()
        );
        let known = catalogue.calendars.lands();
        let advice = advice(land, known.iter().map(String::as_str));
        return Err(Fault::input("config", what).at(path.display()).hint(advice));
    }
    let questions = catalogue.questions();
    for question in organisation.answers.keys() {
        if !questions.contains_key(question.as_str()) {
            let what = format!(
                "[organisation.answers] answers `{}`, which no duty asks.",
                question.escape_debug()
            );
            let advice = advice(question, questions.keys().copied());
            return Err(Fault::input("config", what).at(path.display()).hint(advice));
        }
    }
    Ok(())
}
