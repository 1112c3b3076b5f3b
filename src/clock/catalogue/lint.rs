//! What a duty may not say, and what people should know about it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;

use super::{Catalogue, calendar_of};
use crate::case::event::due::{Due, Trigger};
use crate::clock::calendar::{Calendars, month_day};
use crate::clock::obligation::{Mode, Obligation, Stage, Status, Tier};

/// Something about a duty that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// The duty.
    pub obligation: String,
    /// `stale`, `not_verified`, `review_overdue`.
    pub what: &'static str,
    /// One sentence.
    pub why: String,
}

/// What a duty says that cannot be; empty when it is right.
pub(super) fn impossible(one: &Obligation, calendars: &Calendars) -> Vec<String> {
    let mut wrong = Vec::new();
    if !is_id(&one.id) {
        wrong.push(format!("`{}` is no id such as `us.fbi.ic3`", one.id));
    }
    if !is_place(&one.jurisdiction) {
        let what = &one.jurisdiction;
        wrong.push(format!(
            "`{what}` is no jurisdiction such as `us` or `us-ca`"
        ));
    }
    if one.notice.as_deref().is_some_and(|name| !is_template(name)) {
        wrong.push("`notice` is no name of a template".to_owned());
    }
    wrong.extend(wrong_source(one));
    if one.status == Status::Pending && one.review_on.is_none() {
        wrong.push("what is pending needs a day to look again (`review_on`)".to_owned());
    }
    let mut questions = BTreeSet::new();
    for question in one.questions() {
        if !is_template(&question.id) || !questions.insert(&question.id) {
            wrong.push(format!(
                "the question `{}` needs an id of its own",
                question.id
            ));
        }
    }
    if one.stages.is_empty() {
        wrong.push("it has no stage".to_owned());
    }
    let mut names = BTreeSet::new();
    for (place, stage) in (1_u8..).zip(&one.stages) {
        let mut say = |what: &str| wrong.push(format!("stage {}: {what}", stage.name));
        if stage.n != place {
            say("stages are numbered from 1");
        }
        if !is_template(&stage.name) || !names.insert(&stage.name) {
            say("needs a name of its own");
        }
        if one.mode == Mode::Mandatory && stage.due.is_none() {
            say("a duty says when it is due, or `immediately`");
        }
        let staged = stage.trigger == Trigger::PreviousStageSubmitted;
        if staged != stage.after.is_some_and(|n| n > 0 && n < stage.n) {
            say("`after` names the stage before, with `previous_stage_submitted` only");
        }
        if !stage.delay_days.is_empty() && (!stage.allows_delay || stage.delay_days.contains(&0)) {
            say("`delay_days` bounds delays that `allows_delay` allows, each of a day or more");
        }
        let mut zones = stage.zones.iter();
        if let Some(zone) = zones.find(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
            say(&format!("`{zone}` is no time zone"));
        }
        let filing = |n: u8| {
            let mut before = one.stages.iter();
            before.any(|known| known.n == n && n < stage.n && known.filed_with.is_none())
        };
        if stage.filed_with.is_some_and(|n| !filing(n)) {
            say("`filed_with` names an earlier stage that is filed for itself");
        }
        if stage.after.is_some_and(|n| !filing(n)) {
            say(
                "`after` names a stage that is filed for itself, not one that is filed with another",
            );
        }
        if let Some(field) = stage.fields.iter().find(|field| !is_id(field)) {
            say(&format!("`{field}` is no name of a fact"));
        }
        if let Some(what) = stage.due.as_ref().and_then(|due| wrong_due(due, calendars)) {
            say(&what);
        }
    }
    wrong
}

/// What was read was read on some day; what is only known says so.
fn wrong_source(one: &Obligation) -> Option<String> {
    if one.sources.is_empty() {
        return Some("it names no source".to_owned());
    }
    let mut read = (one.sources.iter()).filter(|one| one.tier != Tier::Knowledge);
    let undated = read.find(|source| source.verified_on.is_none())?;
    Some(format!(
        "the source `{}` says no day on which it was read (`verified_on`)",
        undated.at
    ))
}

fn wrong_due(due: &Due, calendars: &Calendars) -> Option<String> {
    if let Some(id) = calendar_of(due)
        && calendars.get(id).is_none()
    {
        return Some(format!("`{id}` is no calendar"));
    }
    let (zone, days): (Option<&String>, Vec<&String>) = match due {
        Due::CalendarDay { zone, .. } => (zone.as_ref(), Vec::new()),
        Due::Annual { by, as_of, zone } => (Some(zone), vec![by, as_of]),
        Due::AfterYearEnd { zone, .. } => (Some(zone), Vec::new()),
        _ => (None, Vec::new()),
    };
    if let Some(zone) = zone.filter(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        return Some(format!("`{zone}` is no time zone"));
    }
    let wrong = days.into_iter().find(|text| month_day(text).is_none());
    if let Some(text) = wrong {
        return Some(format!("`{text}` is no day of a year"));
    }
    let unplaced = matches!(
        due,
        Due::CalendarDay {
            zone: None,
            calendar: None,
            ..
        }
    );
    unplaced.then(|| "days need a zone or a calendar".to_owned())
}

/// What people should know about the duties: old sources, unchecked figures, reviews that are due.
pub fn review(catalogue: &Catalogue, today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    for one in catalogue.all() {
        let mut say = |what: &'static str, why: String| {
            findings.push(Finding {
                obligation: one.id.clone(),
                what,
                why,
            });
        };
        if one.status == Status::InForce && one.is_stale(today) {
            say(
                "stale",
                one.verified_on().map_or_else(
                    || "No source was read.".to_owned(),
                    |on| format!("Its source was read last on {on}."),
                ),
            );
        }
        let unchecked: Vec<&str> = unverified(one).map(|stage| stage.name.as_str()).collect();
        if !unchecked.is_empty() {
            let why = format!("Figures not checked: {}.", unchecked.join(", "));
            say("not_verified", why);
        }
        if let Some(on) = one.review_on.filter(|on| *on <= today) {
            say("review_overdue", format!("It was to be looked at on {on}."));
        }
    }
    findings
}

fn unverified(one: &Obligation) -> impl Iterator<Item = &Stage> {
    let stages = one.stages.iter();
    stages.filter(|stage| stage.due.is_some() && !one.is_verified(stage))
}

/// `us.ofac.blocked_initial`, `incident.severity`.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(is_template)
}

/// `us`, `us-ca`, `private`.
fn is_place(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    text.split('-').all(part)
}

fn is_template(text: &str) -> bool {
    let ok = |b: u8| b.is_ascii_alphabetic() || b.is_ascii_digit() || b == b'_';
    !text.is_empty() && text.bytes().all(ok)
}
