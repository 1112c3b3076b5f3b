//! Names of events that tell of an end or a return, however a vendor spells them.

use crate::intake::employment::words;

/// Whether the sender's name of a kind is of the sort that tells of an end or a return. Vendors rename
/// their events; a departure is not passed over for that.
pub(super) fn sounds_like_leaving(kind: &str) -> bool {
    // Wherever they stand. What also begins other words is looked for among the words of the name.
    const PARTS: [&str; 9] = [
        "terminat",
        "offboard",
        "resign",
        "dismiss",
        "separat",
        "rehir",
        "departed",
        "departing",
        "departure",
    ];
    // They may stand between somebody and what becomes of them.
    const BETWEEN: [&str; 3] = ["account", "lifecycle", "of"];
    let lower = kind.to_lowercase();
    let words = words(kind);
    let words: Vec<&str> = (words.iter().map(String::as_str))
        .filter(|word| !word.is_empty() && !BETWEEN.contains(word))
        .collect();
    // `LeaveRequested` has a leaver in it, and tells of none.
    let leaver = lower.contains("leaver") && !lower.contains("leavereq");
    leaver
        || PARTS.iter().any(|part| lower.contains(part))
        || words.iter().any(|word| is_leaving(word))
        || words.windows(2).any(are_leaving)
}

/// A word that says it alone. A department is no departure, and flexitime no exit.
fn is_leaving(word: &str) -> bool {
    matches!(word, "depart" | "departs") || word.starts_with("exit") || word.starts_with("layoff")
}

/// Two words that say it together: much ends or is deactivated that is nobody's work.
fn are_leaving(pair: &[&str]) -> bool {
    match pair {
        ["laid" | "lay" | "laying", "off"]
        | ["end", "contract" | "employment" | "engagement"]
        | [
            "deactivate" | "deactivated",
            "contractor" | "employee" | "worker",
        ] => true,
        [who, what] => is_somebody(who) && is_over(what),
        _ => false,
    }
}

/// Somebody, or what they are engaged by.
fn is_somebody(word: &str) -> bool {
    matches!(
        word.trim_end_matches('s'),
        "contract"
            | "contractor"
            | "employee"
            | "employment"
            | "engagement"
            | "individual"
            | "person"
            | "user"
            | "worker"
    )
}

fn is_over(word: &str) -> bool {
    matches!(
        word,
        "end" | "ended" | "ending" | "ends" | "leaving" | "left"
    ) || word.starts_with("deactivat")
        || word.starts_with("inactivat")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_tells_of_an_end_or_a_return_is_heard_however_it_is_written() {
        for kind in [
            "worker.departure.created",
            "employee.departed",
            "employee.depart",
            "worker.departing_soon",
            "EmployeeDeparture",
            "employee.exit",
            "employee.exited",
            "ExitInterview.scheduled",
            "contract.ended",
            "contract.end_date.changed",
            "ContractEnd",
            "end_of_contract",
            "end_of_employment",
            "worker.EndOfEmployment",
            "employment.ends",
            "worker.layoff",
            "worker.layoffs",
            "worker.laid_off",
            "worker.laidOff",
            "employee.lay-off",
            "employee.deactivated",
            "user.deactivated",
            "user.account.deactivated",
            "user.lifecycle.deactivate",
            "DeactivateEmployee",
            "employee.inactivated",
            "employee.left",
            "worker.offboarding.started",
            "OffBoarding",
            "worker.Termination_Postponed",
            "employee.resigned",
            "worker.dismissal",
            "employee.separation",
            "leaver.created",
            "NewLeaver",
            "HRLeaver.created",
            "employee.rehired",
        ] {
            assert!(sounds_like_leaving(kind), "{kind}");
        }
    }

    #[test]
    fn a_name_that_only_looks_alike_is_passed_over() {
        for kind in [
            "",
            "ping",
            "worker.updated",
            "employee.created",
            "employee.onboarding.completed",
            "worker.onboarded",
            "department.created",
            "employee.department.changed",
            "EmployeeDepartmentUpdated",
            "department.deactivated",
            "timeoff.requested",
            "time_off.request.approved",
            "leave.request.created",
            "employee.LeaveRequested",
            "LEAVEREQUEST",
            "employee.leave.started",
            "employee.leave.ended",
            "employee.probation.ended",
            "employee.shift.ended",
            "timeoff.flexitime.booked",
            "employee.complexity_bonus",
            "display.offset.changed",
            "contract.created",
            "contract.amended",
            "contract.pending",
            "end_user.created",
            "year_end.employee_report",
            "user.session.end",
            "user.mfa.factor.deactivate",
            "policy.lifecycle.deactivate, user.session.start",
            "webhook.deactivated",
            "employee.activated",
        ] {
            assert!(!sounds_like_leaving(kind), "{kind}");
        }
    }
}
