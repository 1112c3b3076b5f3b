//! Delays that authorities ask for: which of them move a deadline, how far, and which document says so.

use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use crate::case::event::due::Rule;
use crate::case::state::{CaseState, DelayRecord};
use crate::hostile::one_line;
use crate::time::{Timestamp, utc};

/// A deadline with every delay that counts for it, and what each delay of its duty does here, in words.
/// When the last one ends, or is withdrawn, the deadline is what it was, or the end of the delay.
pub(super) fn delayed(
    state: &CaseState,
    rule: &Rule,
    without: Timestamp,
) -> (Timestamp, Vec<String>) {
    let mut of_duty: Vec<&DelayRecord> = state
        .delays
        .iter()
        .filter(|record| record.delay.scope.contains(&rule.obligation))
        .collect();
    of_duty.sort_by_key(|record| (record.delay.from, record.number));
    let (mut due, mut used, mut told) = (without, 0, Vec::new());
    for record in of_duty {
        let asked = asked(record);
        let said = match moved(rule, record, due, used) {
            Moved::Not(why) => why,
            Moved::To(later, bounded) => {
                let before = due;
                (due, used) = (later, used + 1);
                let most = bounded.map_or_else(String::new, |days| {
                    format!("; the law allows {days} days at most here")
                });
                format!(
                    "without it this is due {}{most}; when it ends, at {}, this is due",
                    utc(before),
                    utc(later)
                )
            }
        };
        told.push(format!("{asked}; {said}."));
    }
    (due, told)
}

enum Moved {
    /// It does nothing here, and why.
    Not(String),
    /// The deadline with it, and how many days the law allows where that is less than was asked for.
    To(Timestamp, Option<u32>),
}

fn moved(rule: &Rule, record: &DelayRecord, due: Timestamp, used: usize) -> Moved {
    let not = |why: &str| Moved::Not(why.to_owned());
    if !rule.allows_delay {
        return not("this duty allows no delay");
    }
    let Some(until) = record.counts_until() else {
        return not("it counts no longer, and the deadline is what it was");
    };
    if record.delay.from > due || until <= due {
        return not("it does not touch this deadline");
    }
    if rule.delay_days.is_empty() {
        return Moved::To(until, None);
    }
    let Some(days) = rule.delay_days.get(used) else {
        return not("the law gives no further delay here");
    };
    let zone = TimeZone::get(&rule.zone).unwrap_or(TimeZone::UTC);
    let most = due.to_zoned(zone).checked_add(i64::from(*days).days());
    match most.map(|most| most.timestamp()) {
        Ok(most) if most < until => Moved::To(most, Some(*days)),
        _ => Moved::To(until, None),
    }
}

/// Who asks, for how long, by which document, and whether it was withdrawn.
fn asked(record: &DelayRecord) -> String {
    let delay = &record.delay;
    let mut asked = format!(
        "{} asks to wait from {} until {} (delay {}, document {}, recorded by {})",
        one_line(&delay.authority, 100),
        utc(delay.from),
        utc(delay.until),
        record.number,
        delay.evidence,
        one_line(&record.by, 80)
    );
    if let Some(end) = &record.withdrawn {
        let (by, reason) = (one_line(&end.by, 80), one_line(&end.reason, 200));
        let until = end.ended.map_or_else(
            || "it never counted".to_owned(),
            |ended| format!("it counted until {}", utc(ended)),
        );
        asked = format!("{asked}, withdrawn by {by}: {reason} ({until})");
    }
    asked
}
