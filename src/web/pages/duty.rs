//! What the page of a clock tells of its duty: whether it applies, who decides, where it was read.

use serde::Serialize;

use super::clock::Clocks;
use super::head::{Head, head};
use crate::access::Ability;
use crate::app::duties::DutyLine;
use crate::app::summary::Summary;
use crate::case::event::due::Trigger;
use crate::clock::obligation::{Obligation, Stage};
use crate::clock::{Catalogue, Shown};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::notice::dictionary::{self, Origin};
use crate::notice::{self, Facts};
use crate::web::look::Look;
use crate::web::shown::{When, line, path, short};

/// The duty of a clock.
#[derive(Debug, Serialize)]
pub(super) struct DutyView {
    id: String,
    stage: u8,
    trigger: &'static str,
    length: String,
    /// The zone of its days; nothing where hours are counted.
    zone: Option<String>,
    owner: String,
    verified: bool,
    readings: Vec<String>,
    governed_by: Option<String>,
    delays: Vec<String>,
    /// The delays that stand, by number and authority.
    standing: Vec<(u32, String)>,
    /// How long delays may last, where the law says so.
    bounds: Option<String>,
    questions: Vec<QuestionView>,
    /// What the catalogue says today; nothing where it knows the duty no more.
    today: Option<Today>,
}

#[derive(Debug, Serialize)]
struct QuestionView {
    id: String,
    text: String,
    /// `With no it does not apply.`
    not_if: &'static str,
    /// The facts that an answer rests on.
    facts: Vec<String>,
    /// `Robin Roe answered no: …`
    answer: Option<String>,
}

#[derive(Debug, Serialize)]
struct Today {
    mode: &'static str,
    status: &'static str,
    recipient: String,
    reference: String,
    retention: Option<String>,
    excludes: Vec<String>,
    tipping_off: bool,
    allows_delay: bool,
    stale: bool,
    sources: Vec<String>,
    pitfalls: Vec<String>,
    /// The facts of its notices that people can record, by name; without a notice what it asks for.
    fields: Vec<String>,
}

/// The duty of a clock, with what the catalogue says of it today.
///
/// # Errors
/// The configured catalogue is not right.
pub(super) fn duty(look: &Look<'_>, clock: &Shown) -> Result<Option<DutyView>> {
    let Some(duty) = &clock.duty else {
        return Ok(None);
    };
    let catalogue = look.web.app.settings.catalogue()?;
    let questions = duty.questions.iter().map(|asked| QuestionView {
        id: asked.question.id.clone(),
        text: line(&asked.question.text),
        not_if: asked.question.not_if.name(),
        facts: asked.question.facts.clone(),
        answer: asked.answer.as_ref().map(|answer| {
            let (by, word) = (short(&answer.by), answer.answer.name());
            format!("{by} answered {word}: {}", line(&answer.reason))
        }),
    });
    let said = |all: &[String]| all.iter().map(|one| line(one)).collect();
    let one = catalogue.get(&duty.obligation).ok();
    Ok(Some(DutyView {
        id: duty.obligation.clone(),
        stage: duty.stage,
        trigger: duty.trigger.about(),
        length: line(&duty.length),
        zone: Some(duty.zone.clone()).filter(|zone| zone != "UTC"),
        owner: duty.owner.clone(),
        verified: duty.verified,
        readings: said(&duty.readings),
        governed_by: duty.governed_by.as_deref().map(line),
        delays: said(&duty.delays),
        standing: standing(look, &duty.obligation),
        bounds: bounds(look, clock),
        questions: questions.collect(),
        today: one.map(|one| today(look, one, duty.stage)),
    }))
}

/// The delays of a duty that nobody withdrew.
fn standing(look: &Look<'_>, obligation: &str) -> Vec<(u32, String)> {
    let all = look.state.delays.iter().filter(|record| {
        let mut scope = record.delay.scope.iter();
        record.withdrawn.is_none() && scope.any(|id| id == obligation)
    });
    all.map(|record| (record.number, short(&record.delay.authority)))
        .collect()
}

fn bounds(look: &Look<'_>, clock: &Shown) -> Option<String> {
    let record = look.state.clocks.get(&clock.id)?;
    let days = &record.start.due.as_deref()?.delay_days;
    let each: Vec<String> = days.iter().map(u32::to_string).collect();
    (!each.is_empty()).then(|| {
        format!(
            "One delay after the other, at most {} days.",
            each.join(", then ")
        )
    })
}

fn today(look: &Look<'_>, one: &Obligation, stage: u8) -> Today {
    let day = look.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let stage = one.stages.iter().find(|known| known.n == stage);
    let sources = one.sources.iter().map(|source| {
        let read = source
            .verified_on
            .map_or_else(|| "not looked up".to_owned(), |on| format!("read {on}"));
        line(&format!("{} ({}, {read})", source.at, source.tier.name()))
    });
    Today {
        mode: one.mode.name(),
        status: one.status.name(),
        recipient: line(&one.recipient.name),
        reference: line(&one.recipient.reference),
        retention: one.retention.as_ref().map(|kept| {
            let mark = if kept.verified { "" } else { " (not verified)" };
            line(&format!("{}{mark}", kept.text))
        }),
        excludes: one.excludes.clone(),
        tipping_off: one.tipping_off,
        allows_delay: stage.is_some_and(|stage| stage.allows_delay),
        stale: one.is_stale(day),
        sources: sources.collect(),
        pitfalls: one.pitfalls.iter().map(|one| line(one)).collect(),
        fields: stage.map(|stage| asked(one, stage)).unwrap_or_default(),
    }
}

/// What a stage asks for. Where notices answer it: their facts that people can record, by name. Otherwise
/// what the catalogue says, in words where no fact has that name.
fn asked(one: &Obligation, stage: &Stage) -> Vec<String> {
    let nothing = Facts::default();
    let drafts = notice::names().into_iter().filter_map(|name| {
        let about = notice::about(&name).ok()?;
        let answers = about.is_answer_to(&one.id, stage.n);
        answers.then(|| notice::draft(&name, &nothing).ok())?
    });
    let mut facts: Vec<String> = Vec::new();
    for key in drafts.flat_map(|draft| draft.keys) {
        let recorded = dictionary::known(&key).is_some_and(|known| known.source != Origin::Case);
        if recorded && !facts.contains(&key) {
            facts.push(key);
        }
    }
    if !facts.is_empty() {
        return facts;
    }
    let fields = stage
        .fields
        .iter()
        .map(|field| match dictionary::known(field) {
            Some(known) => known.key.clone(),
            None => field.replace(['.', '_'], " "),
        });
    fields.collect()
}

/// The page of every clock of a case.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    title: &'static str,
    head: Head,
    clocks: Clocks,
    instants: Vec<InstantView>,
    /// What can be recorded: the name and what it means.
    kinds: Vec<(&'static str, &'static str)>,
    zone: String,
    unwatched: Vec<Unwatched>,
    unwatched_words: String,
    may: bool,
    action: String,
    /// Every deadline, for a calendar.
    calendar: String,
}

#[derive(Debug, Serialize)]
struct InstantView {
    what: &'static str,
    at: When,
    zone: String,
    note: String,
    by: String,
    recorded: When,
    /// What shows it, for who may see evidence.
    evidence: Vec<Shows>,
    withdrawn: Option<String>,
    /// Where it is taken back, for who may.
    withdraw: Option<String>,
}

/// An item of evidence that shows something.
#[derive(Debug, Serialize)]
pub(super) struct Shows {
    title: String,
    href: String,
}

/// What shows something, for who may see evidence.
pub(super) fn shows(look: &Look<'_>, evidence: &[EvidenceId]) -> Vec<Shows> {
    if !look.may(Ability::SeeEvidence) {
        return Vec::new();
    }
    let known = (evidence.iter()).filter_map(|id| look.state.evidence.get(id));
    let each = known.map(|item| Shows {
        title: line(&item.title),
        href: path(&["cases", look.id.as_str(), "evidence", item.id.as_str()]),
    });
    each.collect()
}

#[derive(Debug, Serialize)]
struct Unwatched {
    rule: String,
    title: String,
    length: String,
    marks: String,
    why: String,
}

pub(super) fn page(look: &Look<'_>) -> Result<Page> {
    let summary = Summary::of(look.state, look.now);
    let settings = &look.web.app.settings;
    let catalogue = settings.catalogue()?;
    let may = look.may(Ability::Counsel);
    let unwatched = unwatched(look, &catalogue);
    let count = unwatched.len();
    Ok(Page {
        title: "Clocks",
        head: head(look, "clocks"),
        clocks: super::clock::clocks(look, &summary),
        instants: instants(look, may),
        kinds: Trigger::INSTANTS
            .iter()
            .map(|kind| (kind.name(), kind.about()))
            .collect(),
        zone: settings.zone.clone(),
        unwatched,
        unwatched_words: format!("Duties that no clock watches ({count})"),
        may,
        action: path(&["cases", look.id.as_str(), "instants"]),
        calendar: path(&["cases", look.id.as_str(), "clocks.ics"]),
    })
}

fn instants(look: &Look<'_>, may: bool) -> Vec<InstantView> {
    let mut all: Vec<_> = look.state.instants.values().collect();
    all.sort_by_key(|record| record.instant.at);
    let view = all.into_iter().map(|record| {
        let instant = &record.instant;
        let withdrawn = record
            .withdrawn
            .as_ref()
            .map(|(reason, by)| format!("Withdrawn by {}: {}", short(by), line(reason)));
        let id = instant.id.as_str();
        let withdraw = path(&["cases", look.id.as_str(), "instants", id, "withdraw"]);
        InstantView {
            what: instant.what.about(),
            at: look.words.when(instant.at),
            zone: short(&instant.zone),
            note: line(&instant.note),
            by: short(&record.by),
            recorded: look.words.when(record.recorded),
            evidence: shows(look, &instant.evidence),
            withdraw: (may && withdrawn.is_none()).then_some(withdraw),
            withdrawn,
        }
    });
    view.collect()
}

fn unwatched(look: &Look<'_>, catalogue: &Catalogue) -> Vec<Unwatched> {
    let day = look.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let organisation = &look.web.app.settings.organisation;
    let lines = DutyLine::of_case(catalogue, organisation, look.state, day);
    let rows = lines.iter().flat_map(|duty| {
        let one = &duty.obligation;
        let stages = duty.stages.iter().zip(&one.stages);
        stages.filter_map(move |(stage, known)| {
            let mut marks = vec![one.mode.name()];
            if !stage.verified {
                marks.push("not verified");
            }
            if duty.stale {
                marks.push("stale");
            }
            Some(Unwatched {
                rule: stage.rule.clone(),
                title: line(&known.title),
                length: stage.length.clone().unwrap_or_else(|| "no time".to_owned()),
                marks: marks.join(", "),
                why: line(stage.not_watched.as_ref()?),
            })
        })
    });
    rows.collect()
}
