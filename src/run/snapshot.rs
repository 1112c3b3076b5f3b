//! Reading a trail: page after page, each durable with its cursor, until the end or a stated gap.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::Answer;
use super::backoff::ATTEMPT;
use super::call::{Call, Pull};
use super::dispatch::Dispatch;
use super::steps::{STOPPED_BEFORE, Work, looking};
use crate::canon::Digest;
use crate::case::event::{Event, Outcome};
use crate::case::state::{CaseState, StepRecord};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::plan::{Step, Task};
use crate::provider::{Account, Completeness, Page, TrailSpec, Window};
use crate::time::Timestamp;

/// More pages than this are not read in one pull; the gap says so.
const MOST_PAGES: u32 = 20_000;
/// A cursor longer than this is not sent back.
const LONGEST_CURSOR: usize = 16 * 1024;

/// A trail that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    pull: Pull,
    /// How perishable the trail is among those of its provider; 0 goes first.
    perishability: usize,
    so_far: Completeness,
    evidence: Vec<EvidenceId>,
    /// What came, to count what comes again. Not remembered over a restart.
    ids: HashSet<Digest>,
    /// Every cursor that was asked with, to notice a circle.
    asked: HashSet<Digest>,
    /// Failures of the page that is asked for.
    failures: u32,
    /// Answers that asked us to wait for the page that is asked for.
    throttled: u32,
}

impl Dispatch<'_> {
    pub(super) fn begin_reading(
        &mut self,
        state: &CaseState,
        place: usize,
        step: &Step,
        record: &StepRecord,
    ) {
        let Task::Snapshot {
            trail,
            account,
            window_hours,
        } = &step.task
        else {
            return;
        };
        let spec = self.run.providers.get(&account.provider);
        let Some((perishability, spec)) = spec.and_then(|provider| {
            let mut trails = provider.spec().trails.iter().enumerate();
            trails.find(|(_, spec)| spec.name == trail)
        }) else {
            let why = format!("Its trail `{trail}` is not known.");
            return self.end(place, Outcome::Skipped { why }, super::graph::Way::On);
        };
        if self.was_read(state, place, step, record) {
            return;
        }
        // The window is that of the first intent, so that a resumed pull asks for the same.
        let until = record.intended.unwrap_or(self.now);
        let since = until.saturating_sub(Duration::from_secs(u64::from(*window_hours) * 3600));
        let window = Window {
            since: since.unwrap_or(Timestamp::MIN),
            until,
        };
        let key = (trail.clone(), account.id.clone());
        let before = state
            .pulling
            .get(&key)
            .filter(|_| record.in_doubt.is_some());
        if record.in_doubt.is_none() {
            self.events.push(Event::StepIntended {
                step: step.id.clone(),
                attempt: record.attempts + 1,
                door: None,
                undo: None,
            });
        }
        let mut reading = Reading {
            pull: Pull {
                trail: trail.clone(),
                account: account.clone(),
                window,
                cursor: before.and_then(|pulling| pulling.next.clone()),
            },
            perishability,
            so_far: before
                .map(|pulling| pulling.so_far.clone())
                .unwrap_or_default(),
            evidence: before
                .map(|pulling| pulling.evidence.clone())
                .unwrap_or_default(),
            ids: HashSet::new(),
            asked: HashSet::new(),
            failures: 0,
            throttled: 0,
        };
        let cursors = reading.so_far.cursors.iter();
        reading.asked = cursors
            .map(|cursor| Digest::of(cursor.as_bytes()))
            .collect();
        reading.describe(spec, self.now);
        let ended = before.is_some_and(|pulling| pulling.next.is_none());
        self.works.insert(place, Work::Reading(Box::new(reading)));
        if ended {
            // The last page was recorded, and a crash came before the reading of the whole was.
            self.finish_reading(place, step, record, None);
        } else {
            self.ask_for_page(place, None);
        }
    }

    /// Ends a step whose reading is on record: a crash came before its end, or a person is asked.
    fn was_read(
        &mut self,
        state: &CaseState,
        place: usize,
        step: &Step,
        record: &StepRecord,
    ) -> bool {
        let Task::Snapshot { trail, account, .. } = &step.task else {
            return false;
        };
        let retry = self.options.answers.get(&step.id) == Some(&Answer::Retry);
        let read = state.trails.iter().rev().find(|read| {
            read.trail == *trail
                && read.account.as_ref() == Some(account)
                && record.intended.is_some_and(|intended| read.at >= intended)
        });
        let Some(read) = read.filter(|read| read.completeness.complete || !retry) else {
            return false;
        };
        if record.in_doubt.is_some() {
            self.acted(step, record, None, STOPPED_BEFORE);
        }
        self.conclude(place, verdict(&read.completeness));
        true
    }

    fn ask_for_page(&mut self, place: usize, wait: Option<Duration>) {
        let Some(Work::Reading(reading)) = self.works.get(&place) else {
            return;
        };
        let lane = reading.pull.account.provider.clone();
        let Some(provider) = self.run.providers.get(&lane).cloned() else {
            return;
        };
        let perishability = reading.perishability;
        let queued = looking(place, Call::Pull(provider, reading.pull.clone()));
        match wait {
            None => self.queue(&lane, queued, perishability),
            Some(wait) => self.queue_after(wait, &lane, queued),
        }
    }

    pub(super) fn take_page(
        &mut self,
        state: &CaseState,
        place: usize,
        (step, record): (&Step, &StepRecord),
        page: Result<Page, String>,
        throttled: u32,
    ) {
        let Some(Work::Reading(reading)) = self.works.get_mut(&place) else {
            return;
        };
        reading.waited(throttled);
        let page = page.and_then(|page| {
            let kept = state.evidence.contains_key(&page.evidence);
            kept.then_some(page)
                .ok_or_else(|| "the page was not kept as evidence".to_owned())
        });
        let page = match page {
            Ok(page) => page,
            Err(why) => {
                reading.failures += 1;
                if reading.failures < step.attempts {
                    let wait = ATTEMPT.after(reading.failures);
                    return self.ask_for_page(place, Some(wait));
                }
                let number = reading.so_far.pages + 1;
                let gap = format!("Page {number} could not be read, nor anything after it: {why}");
                return self.finish_reading(place, step, record, Some(gap));
            }
        };
        let (event, follow) = reading.take(page);
        self.events.push(event);
        match follow {
            Follow::Page => self.ask_for_page(place, None),
            Follow::End => self.finish_reading(place, step, record, None),
            Follow::Gap(gap) => self.finish_reading(place, step, record, Some(gap)),
        }
    }

    fn finish_reading(
        &mut self,
        place: usize,
        step: &Step,
        record: &StepRecord,
        gap: Option<String>,
    ) {
        let Some(Work::Reading(reading)) = self.works.remove(&place) else {
            return;
        };
        let (outcome, read) = reading.end(gap);
        let note = match &outcome {
            Outcome::Done { note, .. } => note.clone(),
            Outcome::Failed { why } | Outcome::Unknown { why } | Outcome::Skipped { why } => {
                why.clone()
            }
        };
        self.acted(step, record, None, &note);
        self.events.push(read);
        self.conclude(place, outcome);
    }
}

/// What follows a page.
pub(super) enum Follow {
    Page,
    End,
    Gap(String),
}

impl Reading {
    /// A reading from the first page on.
    pub(super) fn of(pull: Pull, spec: &TrailSpec, now: Timestamp) -> Self {
        let mut reading = Self {
            pull,
            perishability: 0,
            so_far: Completeness::default(),
            evidence: Vec::new(),
            ids: HashSet::new(),
            asked: HashSet::new(),
            failures: 0,
            throttled: 0,
        };
        reading.describe(spec, now);
        reading
    }

    /// What to ask for next.
    pub(super) const fn pull(&self) -> &Pull {
        &self.pull
    }

    /// Counts answers that asked us to wait, whether or not the page came in the end.
    pub(super) const fn waited(&mut self, throttled: u32) {
        self.throttled = self.throttled.saturating_add(throttled);
    }

    /// What the reading came to, and the record of it; with a gap the end was not reached.
    pub(super) fn end(self, gap: Option<String>) -> (Outcome, Event) {
        let mut completeness = self.so_far;
        completeness.throttled = completeness.throttled.saturating_add(self.throttled);
        completeness.complete = gap.is_none();
        shorten(&mut completeness.cursors);
        completeness.gaps.extend(gap);
        let outcome = verdict(&completeness);
        let read = Event::TrailRead {
            trail: self.pull.trail,
            account: Some(self.pull.account),
            completeness,
            evidence: self.evidence,
        };
        (outcome, read)
    }

    /// What is read, what the provider no longer has, and what it may not have yet.
    fn describe(&mut self, spec: &TrailSpec, now: Timestamp) {
        let Account { login, .. } = &self.pull.account;
        self.so_far.what = format!("{} of {}", spec.name, login.escape_debug());
        self.so_far.window = Some(self.pull.window);
        // A reading that is taken up again says what it said before.
        if !self.so_far.gaps.is_empty() {
            return;
        }
        let Window { since, until } = self.pull.window;
        if let Some(hours) = spec.retention_hours {
            let kept = now.saturating_sub(Duration::from_secs(u64::from(hours) * 3600));
            let kept = kept.unwrap_or(Timestamp::MIN);
            if kept > since {
                self.so_far.gaps.push(format!(
                    "The provider keeps this trail for {hours} h: what lies before {} is gone.",
                    crate::time::utc(kept)
                ));
            }
        }
        let lag = Duration::from_secs(u64::from(spec.lag_minutes) * 60);
        let settled = until.saturating_add(lag).unwrap_or(Timestamp::MAX);
        if settled > now {
            let sure = now.saturating_sub(lag).unwrap_or(Timestamp::MIN);
            self.so_far.gaps.push(format!(
                "Events come up to {} min late: what happened after {} may not be in it; read it again after {}.",
                spec.lag_minutes,
                crate::time::utc(sure),
                crate::time::utc(settled)
            ));
        }
    }

    /// Takes a page in.
    pub(super) fn take(&mut self, page: Page) -> (Event, Follow) {
        self.failures = 0;
        let throttled = std::mem::take(&mut self.throttled);
        let asked = self.pull.cursor.take();
        let records = u64::try_from(page.ids.len()).unwrap_or(u64::MAX);
        let new = (page.ids.iter())
            .filter(|id| self.ids.insert(Digest::of(id.as_bytes())))
            .count();
        let duplicates = records - u64::try_from(new).unwrap_or(records);
        let so_far = &mut self.so_far;
        so_far.pages += 1;
        let cursor = asked.clone().unwrap_or_default();
        self.asked.insert(Digest::of(cursor.as_bytes()));
        so_far.cursors.push(cursor);
        so_far.records += records;
        so_far.duplicates += duplicates;
        so_far.throttled = so_far.throttled.saturating_add(throttled);
        so_far.first = [so_far.first, page.first].into_iter().flatten().min();
        so_far.last = [so_far.last, page.last].into_iter().flatten().max();
        self.evidence.push(page.evidence.clone());
        let follow = match &page.next {
            None => Follow::End,
            Some(next) if next.len() > LONGEST_CURSOR => {
                Follow::Gap("The provider gave a cursor of unreasonable length.".to_owned())
            }
            Some(next) if self.asked.contains(&Digest::of(next.as_bytes())) => Follow::Gap(
                "The provider's cursors go round in a circle, so the end was never reached."
                    .to_owned(),
            ),
            Some(_) if so_far.pages >= MOST_PAGES => {
                Follow::Gap(format!("Only the first {MOST_PAGES} pages were read."))
            }
            Some(_) => Follow::Page,
        };
        self.pull.cursor.clone_from(&page.next);
        let event = Event::TrailPage {
            trail: self.pull.trail.clone(),
            account: self.pull.account.clone(),
            evidence: page.evidence,
            records,
            duplicates,
            throttled,
            cursor: asked,
            first: page.first,
            last: page.last,
            next: page.next.map(|next| {
                if next.len() > LONGEST_CURSOR {
                    String::new()
                } else {
                    next
                }
            }),
        };
        (event, follow)
    }
}

/// Every page is on record with its cursor; where together they are too long for one line, the line
/// about the whole names them by digest.
fn shorten(cursors: &mut [String]) {
    if cursors.iter().map(String::len).sum::<usize>() > 1 << 20 {
        for cursor in cursors.iter_mut().filter(|cursor| cursor.len() > 64) {
            *cursor = format!("sha256:{}", Digest::of(cursor.as_bytes()));
        }
    }
}

/// Done only when the end was reached.
fn verdict(completeness: &Completeness) -> Outcome {
    let Completeness {
        what,
        pages,
        records,
        duplicates,
        throttled,
        ..
    } = completeness;
    let gaps = completeness.gaps.join(" ");
    let mut read =
        format!("{what}: {records} records in {pages} pages, {duplicates} of them repeated.");
    if *throttled > 0 {
        let _ = write!(read, " The provider asked us to wait {throttled} times.");
    }
    let text = format!("{read} {gaps}").trim_end().to_owned();
    if completeness.complete {
        Outcome::Done {
            asked: 1,
            proven: 1,
            note: text,
        }
    } else {
        Outcome::Failed { why: text }
    }
}
