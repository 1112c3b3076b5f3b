//! Every duty and every calendar: what the program carries, and what a folder adds or replaces.

mod lint;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use jiff::civil::Date;
use serde::de::DeserializeOwned;

use super::calendar::{Calendar, Calendars};
use super::obligation::{Obligation, Stage};
use crate::canon::Digest;
use crate::case::event::due::{Closed, Due, Rule};
use crate::fault::{Fault, Result};

pub use lint::{Finding, review};

/// The version of the form of these files.
const SCHEMA: i64 = 1;

/// The duties that the program carries.
#[derive(rust_embed::RustEmbed)]
#[folder = "playbooks/obligations"]
struct Obligations;

/// The calendars that the program carries.
#[derive(rust_embed::RustEmbed)]
#[folder = "playbooks/holidays"]
struct Holidays;

/// Every duty and every calendar.
#[derive(Debug, Clone)]
pub struct Catalogue {
    obligations: BTreeMap<String, Obligation>,
    /// The working days.
    pub calendars: Calendars,
    /// What it was read from.
    pub digest: Digest,
}

impl Catalogue {
    /// What the program carries; read once.
    ///
    /// # Errors
    /// A file of the program is not right; a test holds that none is.
    pub fn shipped() -> Result<&'static Self> {
        static SHIPPED: OnceLock<Catalogue> = OnceLock::new();
        if let Some(shipped) = SHIPPED.get() {
            return Ok(shipped);
        }
        let read = Self::read(None)?;
        Ok(SHIPPED.get_or_init(|| read))
    }

    /// What the program carries, and what the folder says beside or instead of it: its files that end
    /// in `.toml`, obligations at its top and calendars in `holidays/`.
    ///
    /// # Errors
    /// A file cannot be read or is not right: the fault names the file, the record and the problem.
    pub fn with(folder: Option<&Path>) -> Result<Self> {
        match folder {
            Some(folder) => Self::read(Some(folder)),
            None => Self::shipped().cloned(),
        }
    }

    fn read(folder: Option<&Path>) -> Result<Self> {
        let mut files = (
            carried::<Holidays>("playbooks/holidays"),
            carried::<Obligations>("playbooks/obligations"),
        );
        if let Some(folder) = folder {
            let holidays = folder.join("holidays");
            if holidays.is_dir() {
                files.0.extend(in_folder(&holidays)?);
            }
            files.1.extend(in_folder(folder)?);
        }
        Self::of(&files.0, &files.1)
    }

    /// A catalogue of these files: name and text of calendars, then of obligations. What comes later
    /// replaces what has the same id.
    ///
    /// # Errors
    /// A file is not right.
    pub fn of(holidays: &[(String, String)], obligations: &[(String, String)]) -> Result<Self> {
        let mut calendars = Calendars::default();
        for (name, text) in holidays {
            calendars.take(name, text)?;
        }
        calendars.check()?;
        let mut known = BTreeMap::new();
        for (name, text) in obligations {
            let mut here = BTreeSet::new();
            for one in records::<Obligation>(name, text, "obligation")? {
                let place = format!("{name}, obligation {}", one.id);
                let wrong = lint::impossible(&one, &calendars);
                if let Some(what) = wrong.into_iter().next() {
                    return Err(fault(&format!("A duty is not right: {what}."), &place));
                }
                if !here.insert(one.id.clone()) {
                    return Err(fault("Two duties of one file have one id.", &place));
                }
                known.insert(one.id.clone(), one);
            }
        }
        for one in known.values() {
            if let Some(other) = one.excludes.iter().find(|id| !known.contains_key(*id)) {
                let what = format!("`excludes` names `{other}`, which is no duty.");
                return Err(fault(&what, &format!("obligation {}", one.id)));
            }
        }
        let texts = holidays.iter().chain(obligations);
        let all: Vec<&str> = texts.flat_map(|(name, text)| [&**name, &**text]).collect();
        Ok(Self {
            obligations: known,
            calendars,
            digest: Digest::of(all.join("\u{1f}").as_bytes()),
        })
    }

    /// Every duty, by id.
    pub fn all(&self) -> impl Iterator<Item = &Obligation> {
        self.obligations.values()
    }

    /// The duty with this id.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, id: &str) -> Result<&Obligation> {
        self.obligations.get(id).ok_or_else(|| {
            Fault::input("no-obligation", "The catalogue has no such duty.")
                .at(crate::hostile::one_line(id, 80))
                .hint("`cordon clock catalogue` lists them")
        })
    }

    /// Every question of every duty, by id.
    pub fn questions(&self) -> BTreeMap<&str, &str> {
        let all = self.all().flat_map(Obligation::questions);
        all.map(|question| (question.id.as_str(), question.text.as_str()))
            .collect()
    }

    /// Every jurisdiction that has a duty.
    pub fn jurisdictions(&self) -> BTreeSet<&str> {
        self.all().map(|one| one.jurisdiction.as_str()).collect()
    }

    /// The rule of a stage as a clock keeps it, with the days that do not count around `day` for an
    /// organisation of that Land. `None` when the stage has no deadline.
    pub fn rule(
        &self,
        one: &Obligation,
        stage: &Stage,
        day: Date,
        land: Option<&str>,
    ) -> Option<Rule> {
        let mut due = stage.due.clone()?;
        let unplaced = self.unplaced(stage, land).is_some();
        let region = calendar_of(&due).and_then(|id| self.region(id, land));
        if let Some(region) = region {
            due.set_calendar(&region.id);
        }
        let calendar = calendar_of(&due).and_then(|id| self.calendars.get(id));
        let own = match &due {
            Due::CalendarDay { zone, .. } => zone.clone(),
            Due::Annual { zone, .. } | Due::AfterYearEnd { zone, .. } => Some(zone.clone()),
            _ => None,
        };
        let zone = calendar.map(|calendar| calendar.zone.clone()).or(own);
        let zone = zone.unwrap_or_else(|| "UTC".to_owned());
        let closed: Option<Closed> = calendar.map(|one| {
            // A holiday that moves the last day back counts when any Land may keep it.
            if unplaced && due.rolls_back() {
                self.calendars.closed_anywhere(one, day)
            } else {
                self.calendars.closed(one, day)
            }
        });
        let mut zones = stage.zones.clone();
        zones.extend(self.calendars.doubtful(&zone));
        zones.retain(|other| *other != zone);
        Some(Rule {
            obligation: one.id.clone(),
            stage: stage.n,
            zones,
            trigger: stage.trigger,
            after: stage.after,
            filed_with: stage.filed_with,
            text: super::due::text(&due),
            due,
            zone,
            closed,
            allows_delay: stage.allows_delay,
            delay_days: stage.delay_days.clone(),
            verified: one.is_verified(stage),
            tipping_off: one.tipping_off,
            owner: one.decision_owner.name().to_owned(),
            questions: one.questions_of(stage).cloned().collect(),
            catalogue: self.digest,
        })
    }
}

impl Catalogue {
    /// The calendar of the Land, where it is one of the country of that calendar.
    fn region(&self, calendar: &str, land: Option<&str>) -> Option<&Calendar> {
        let found = self.calendars.of_land(land?)?;
        let mut regions = self.calendars.regions(calendar);
        regions.any(|one| one.id == found.id).then_some(found)
    }

    /// What a stage whose holidays differ within its country says when no Land of it is configured.
    pub fn unplaced(&self, stage: &Stage, land: Option<&str>) -> Option<String> {
        let due = stage.due.as_ref()?;
        let calendar = calendar_of(due).filter(|_| due.minds_holidays())?;
        let differs = self.calendars.regions(calendar).next().is_some();
        (differs && self.region(calendar, land).is_none()).then(|| {
            format!(
                "No Land of `{calendar}` is configured (`[organisation] land`): a holiday that only some keep makes no deadline later here."
            )
        })
    }
}

/// The calendar that a deadline is counted in.
pub(super) fn calendar_of(due: &Due) -> Option<&str> {
    match due {
        Due::Hour { calendar, .. } | Due::CalendarDay { calendar, .. } => calendar.as_deref(),
        Due::BusinessDay { calendar, .. } | Due::Month { calendar, .. } => Some(calendar),
        Due::Annual { .. }
        | Due::AfterYearEnd { .. }
        | Due::Immediately { .. }
        | Due::Target { .. } => None,
    }
}

/// The records of a file: an array of tables of that name beside `schema = 1`. Dates stand with or
/// without quotation marks.
///
/// # Errors
/// The file is no TOML, of another schema, or a record is not right; it is named by its id.
pub(super) fn records<T: DeserializeOwned>(name: &str, text: &str, kind: &str) -> Result<Vec<T>> {
    let mut file: toml::Table = toml::from_str(text).map_err(|error| {
        let what = format!("The file cannot be read: {}.", error.message().trim());
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |text| text.matches('\n').count() + 1);
        fault(&what, &format!("{name} line {line}"))
    })?;
    if file.remove("schema") != Some(toml::Value::Integer(SCHEMA)) {
        let what = format!("The file must begin with `schema = {SCHEMA}`.");
        return Err(fault(&what, name));
    }
    let Some(toml::Value::Array(records)) = file.remove(kind) else {
        return Err(fault(&format!("The file has no [[{kind}]]."), name));
    };
    if let Some(other) = file.keys().next() {
        let what = format!("`{}` means nothing here.", other.escape_debug());
        return Err(fault(&what, name));
    }
    let read = records.into_iter().map(|record| {
        let id = record.get("id").and_then(toml::Value::as_str);
        let id = id.unwrap_or("without an id").to_owned();
        T::deserialize(plain(record)).map_err(|error| {
            let what = format!("The record is not right: {}.", error.message().trim());
            fault(&what, &format!("{name}, {kind} {id}"))
        })
    });
    read.collect()
}

/// The same with dates as text.
fn plain(value: toml::Value) -> toml::Value {
    match value {
        toml::Value::Datetime(at) => toml::Value::String(at.to_string()),
        toml::Value::Array(items) => toml::Value::Array(items.into_iter().map(plain).collect()),
        toml::Value::Table(table) => {
            let fields = table.into_iter();
            toml::Value::Table(fields.map(|(name, value)| (name, plain(value))).collect())
        }
        other => other,
    }
}

fn fault(what: &str, place: &str) -> Fault {
    Fault::input("obligation", what)
        .at(place)
        .hint("playbooks/obligations/us.toml shows the form")
}

fn carried<T: rust_embed::RustEmbed>(folder: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = T::iter()
        .filter_map(|name| {
            let file = T::get(&name)?;
            let text = String::from_utf8(file.data.into_owned()).ok()?;
            Some((format!("{folder}/{name}"), text))
        })
        .collect();
    files.sort();
    files
}

fn in_folder(folder: &Path) -> Result<Vec<(String, String)>> {
    let failed = || crate::fault::io("read the folder of duties", folder);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_file() && path.extension().is_some_and(|end| end == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = paths.into_iter().map(|path| {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(crate::fault::io("read a file of duties", &path))?;
        Ok((path.display().to_string(), text))
    });
    read.collect()
}
