//! Deadlines for calendars: RFC 5545, times in UTC, titles that tell a passer-by nothing.

use std::fmt::Write as _;

use jiff::SignedDuration;

use super::{Met, Shown};
use crate::hostile::one_line;
use crate::id::CaseId;
use crate::time::Timestamp;

/// Octets of a line before it is folded, without its end.
const FOLD: usize = 73;

/// The deadlines of a case as a calendar: those that are open, and those that were met, which ring no
/// more and say how. What does not apply is left out. A title names the clock's rule and the case by its id;
/// what it is about stays in the case.
pub fn calendar(case: &CaseId, clocks: &[Shown], now: Timestamp) -> String {
    let mut text = String::new();
    let mut put = |line: &str| fold(&mut text, line);
    put("BEGIN:VCALENDAR");
    put("VERSION:2.0");
    put("PRODID:-//Cordon//Deadlines//EN");
    put("CALSCALE:GREGORIAN");
    put("METHOD:PUBLISH");
    let told =
        |clock: &&Shown| clock.is_open() || (clock.met.is_some() && clock.ruled_out.is_none());
    for clock in clocks.iter().filter(told) {
        let met = clock.met.as_ref().filter(|_| !clock.is_open());
        let rule = match clock.rule.split('.').next() {
            // What a demand says or a provider keeps is no title for a calendar; nor is what nobody may
            // be told of.
            Some("contact" | "trail") => "deadline",
            _ => clock.discreet(),
        };
        let done = if met.is_some() { " (met)" } else { "" };
        let title = escaped(&format!("{case}: {rule}{done}"));
        put("BEGIN:VEVENT");
        put(&format!("UID:{}-{case}@cordon.invalid", clock.id));
        put(&format!("DTSTAMP:{}", stamp(now)));
        put(&format!("DTSTART:{}", stamp(clock.due)));
        put(&format!("SUMMARY:{title}"));
        put("CLASS:CONFIDENTIAL");
        put("TRANSP:TRANSPARENT");
        if let Some(met) = met {
            put(&format!("DESCRIPTION:{}", escaped(&discreet(met))));
        }
        let length = clock.due.duration_since(clock.start);
        for hours in [24, 2] {
            if met.is_none() && length > SignedDuration::from_hours(hours) {
                put("BEGIN:VALARM");
                put("ACTION:DISPLAY");
                put(&format!("TRIGGER:-PT{hours}H"));
                put(&format!("DESCRIPTION:{title}"));
                put("END:VALARM");
            }
        }
        put("END:VEVENT");
    }
    put("END:VCALENDAR");
    text
}

/// How it was met, without the words of an addressee.
fn discreet(met: &Met) -> String {
    let by = met.filing.notice.as_ref().map_or_else(
        || "a filing outside of Cordon".to_owned(),
        |notice| format!("notice {notice}"),
    );
    let how = match met.late {
        0 => "on time".to_owned(),
        late => format!("late by {}", super::lateness(late)),
    };
    format!("met by {by} at {} ({how})", crate::time::utc(met.filing.at))
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for character in one_line(text, 200).chars() {
        if matches!(character, '\\' | ';' | ',') {
            safe.push('\\');
        }
        safe.push(character);
    }
    safe
}

/// One line, folded between characters, with the line ends that the format asks for.
fn fold(text: &mut String, line: &str) {
    let mut width = 0;
    for character in line.chars() {
        if width + character.len_utf8() > FOLD {
            text.push_str("\r\n ");
            width = 1;
        }
        text.push(character);
        width += character.len_utf8();
    }
    let _ = write!(text, "\r\n");
}
