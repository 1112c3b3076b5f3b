//! What is suspected reaches a private party only where a person said so; authorities and the house are
//! told as ever.

use cordon::notice::{self, Channel};

use crate::samples;

/// What the samples say a suspicion rests on.
const BASIS: &str = "example: why a misrepresentation of identity is suspected";

#[test]
fn a_private_party_reads_what_is_suspected_only_where_a_person_said_so() {
    let facts = samples::complete().facts();
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
        let going = notice::plain(&silent.text) + &notice::cover(&silent.text).unwrap_or_default();
        for word in [
            "(suspicion)",
            BASIS,
            "suspects",
            "We suspect",
            "a suspicion",
        ] {
            assert!(!going.contains(word), "{name}: {word}: {going}");
        }
        if open.text.contains(BASIS) {
            let label = "why a misrepresentation of identity is suspected";
            assert!(silent.missing.iter().any(|one| one == label), "{name}");
            // The draft has a hole, and nothing beside it tells whoever reads on that there is something.
            let hole = format!("[MISSING: {label}]");
            let rest = silent.text.replace(&hole, "");
            assert!(rest.len() < silent.text.len(), "{name}: {}", silent.text);
            assert!(!rest.contains(label), "{name}: {rest}");
            assert!(open.missing.iter().all(|one| one != label), "{name}");
            told.push(name);
        }
    }
    assert_eq!(told, ["insurer", "payment-intermediary", "platform"]);
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
