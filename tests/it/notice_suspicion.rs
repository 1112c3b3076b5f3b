//! What is suspected reaches a private party only where a person said so; authorities and the house are
//! told as ever.

use cordon::case::event::SUSPECTED;
use cordon::notice::{self, Channel, Draft};

use crate::samples;

/// What the samples say a suspicion rests on.
const BASIS: &str = "example: why a misrepresentation of identity is suspected";

/// How the dictionary calls that.
const LABEL: &str = "why a misrepresentation of identity is suspected";

/// Words that tell of a suspicion, in lower case.
const TELLING: [&str; 4] = ["suspic", "suspect", "misrepresent", BASIS];

/// A case whose payments are held because a suspicion arose.
fn suspected() -> samples::Sample {
    let mut sample = samples::complete();
    let hold = sample.state.sanctions_hold.as_mut().unwrap();
    SUSPECTED.clone_into(hold);
    sample
}

/// What leaves of a draft.
fn going(draft: &Draft) -> String {
    notice::plain(&draft.text) + &notice::cover(&draft.text).unwrap_or_default()
}

#[test]
fn a_private_party_reads_what_is_suspected_only_where_a_person_said_so() {
    let facts = suspected().facts();
    let mut told = Vec::new();
    for name in notice::names() {
        let about = notice::about(&name).unwrap();
        let leaves = about.group == "private" && about.channel != Channel::Inside;
        assert_eq!(about.asks_before_suspicion(), leaves, "{name}");
        let silent = notice::draft(&name, &facts).unwrap();
        let open = notice::draft_with(&name, &facts, true).unwrap();
        if !leaves {
            assert_eq!(silent, open, "{name}");
            continue;
        }
        for word in TELLING {
            let text = going(&silent).to_lowercase();
            assert!(!text.contains(word), "{name}: {word}: {text}");
        }
        // It has no hole for it either: it can leave as it is.
        let holes = |draft: &Draft| draft.text.matches("[MISSING: ").count();
        assert_eq!(holes(&silent), holes(&open), "{name}");
        assert_eq!(silent.missing, open.missing, "{name}");
        assert!(open.withheld.is_empty(), "{name}");
        let differs = going(&open) != going(&silent);
        assert!(differs || silent.withheld.is_empty(), "{name}");
        if open.text.contains(BASIS) {
            assert_eq!(silent.withheld, [LABEL], "{name}");
        }
        if differs {
            told.push(name);
        }
    }
    let all = [
        "client",
        "insurer",
        "payment-intermediary",
        "platform",
        "references",
    ];
    assert_eq!(told, all);
}

#[test]
fn whether_anything_is_suspected_makes_no_difference_to_who_may_not_know() {
    let known = suspected();
    let mut unknown = samples::complete();
    (unknown.state.facts).retain(|key, _| !key.starts_with("suspicion."));
    for name in ["client", "insurer", "payment-intermediary", "platform"] {
        let text = |sample: &samples::Sample| {
            let draft = notice::draft(name, &sample.facts()).unwrap();
            going(&draft)
        };
        assert_eq!(text(&known), text(&unknown), "{name}");
    }
}

#[test]
fn any_fact_that_is_recorded_as_a_suspicion_stays_out() {
    use cordon::case::event::Standing;
    let mut sample = samples::complete();
    let record = sample.state.facts.get_mut("incident.timeline").unwrap();
    record.statement.standing = Standing::Suspicion;
    let facts = sample.facts();
    let hole = "[MISSING: ";
    for name in ["client", "insurer", "platform"] {
        let silent = notice::draft(name, &facts).unwrap().text;
        let open = notice::draft_with(name, &facts, true).unwrap().text;
        assert!(!silent.contains("(suspicion)"), "{name}");
        assert!(open.contains("- (suspicion) example: "), "{name}");
        assert!(silent.matches(hole).count() > open.matches(hole).count());
    }
}
