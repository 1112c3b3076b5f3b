//! Deadlines for calendars: RFC 5545, times in UTC, titles that tell a passer-by nothing.

use std::fmt::Write as _;

use jiff::SignedDuration;

use super::Shown;
use crate::hostile::one_line;
use crate::id::CaseId;
use crate::time::Timestamp;

/// Octets of a line before it is folded, without its end.
const FOLD: usize = 73;

/// The open deadlines of a case as a calendar. A title names the clock's rule and the case by its id;
/// what it is about stays in the case.
pub fn calendar(case: &CaseId, clocks: &[Shown], now: Timestamp) -> String {
    let mut text = String::new();
    let mut put = |line: &str| fold(&mut text, line);
    put("BEGIN:VCALENDAR");
    put("VERSION:2.0");
    put("PRODID:-//Cordon//Deadlines//EN");
    put("CALSCALE:GREGORIAN");
    put("METHOD:PUBLISH");
    for clock in clocks.iter().filter(|clock| clock.is_open()) {
        let rule = match clock.rule.split('.').next() {
            // What a demand says or a provider keeps is no title for a calendar.
            Some("contact" | "trail") => "deadline",
            _ => &clock.rule,
        };
        let title = escaped(&format!("{case}: {rule}"));
        put("BEGIN:VEVENT");
        put(&format!("UID:{}-{case}@cordon.invalid", clock.id));
        put(&format!("DTSTAMP:{}", stamp(now)));
        put(&format!("DTSTART:{}", stamp(clock.due)));
        put(&format!("SUMMARY:{title}"));
        put("CLASS:CONFIDENTIAL");
        put("TRANSP:TRANSPARENT");
        let length = clock.due.duration_since(clock.start);
        for hours in [24, 2] {
            if length > SignedDuration::from_hours(hours) {
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
