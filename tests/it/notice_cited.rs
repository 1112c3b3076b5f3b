//! A sentence of a person without evidence is shown to whoever approves; a fact that lost its evidence
//! blocks. What was drafted is no person's word.

use cordon::notice::facts::{Facts, Kept};
use cordon::notice::lint::{Asked, Finding, Severity, look, may_be_approved};
use cordon::notice::{self, Language};

use crate::samples::{self, Sample};

/// The heading behind the words of people.
const UNKNOWN: &str = "\n## Unknown, not collected, expired\n";

/// What a text says that was drafted as `first`, of the rules about evidence.
fn found(name: &str, first: &str, text: &str, facts: &Facts) -> Vec<Finding> {
    let known = [Kept::of(facts)];
    let asked = Asked {
        text,
        known: &known,
        notice: Some(name),
        first: Some(first),
    };
    let mut found = look(&asked).unwrap();
    found.retain(|one| one.rule.starts_with("evidence-"));
    found
}

/// The text with words of a person at its end.
fn with(text: &str, words: &str) -> String {
    let (before, after) = text.split_once(UNKNOWN).unwrap();
    format!("{}\n\n{words}\n{UNKNOWN}{after}", before.trim_end())
}

/// What is found in words that a person puts at the end of the notice to a client.
fn added(words: &str) -> Vec<(String, Severity)> {
    let facts = samples::complete().facts();
    let first = notice::draft("client", &facts).unwrap().text;
    let found = found("client", &first, &with(&first, words), &facts);
    found
        .into_iter()
        .map(|one| (one.rule, one.severity))
        .collect()
}

/// What is found where a person writes `to` instead of `from` in the page for the executive.
fn changed(from: &str, to: &str) -> Vec<(String, Severity)> {
    let facts = samples::complete().facts();
    let first = notice::draft("executive", &facts).unwrap().text;
    assert!(first.contains(from), "{from}: {first}");
    let text = first.replacen(from, to, 1);
    let found = found("executive", &first, &text, &facts);
    found
        .into_iter()
        .map(|one| (one.rule, one.severity))
        .collect()
}

#[test]
fn a_persons_claim_is_found_in_every_notice_and_nothing_that_was_drafted() {
    let claim = "The account copied three repositories in March.";
    let mut languages = Vec::new();
    for sample in Sample::all() {
        let facts = sample.facts();
        for name in notice::names() {
            let first = notice::draft_with(&name, &facts, true).unwrap().text;
            let told = found(&name, &first, &with(&first, claim), &facts);
            let told: Vec<_> = told
                .iter()
                .map(|one| (one.rule.as_str(), one.severity, one.words.as_str()))
                .collect();
            let expected = [("evidence-none", Severity::Warn, claim)];
            assert_eq!(told, expected, "{} {name}", sample.name);
            languages.push(notice::about(&name).unwrap().language);
        }
    }
    for language in Language::ALL {
        assert!(languages.contains(&language), "{language:?}");
    }
}

#[test]
fn who_claims_without_evidence_is_shown_in_every_language() {
    for words in [
        "The account copied three repositories.",
        "- the account copied three repositories",
        "> The account copied three repositories.",
        "Das Konto hat drei Repositories kopiert.",
        "A conta copiou três repositórios.",
        "No customer was touched.",
        "We reserve all rights under the agreement.",
        "Jordan Doe took part in all of it.",
        "Dear customers, the account copied three repositories",
        "## What we ask\n\nThe account copied three repositories.",
    ] {
        let warns = [("evidence-none".to_owned(), Severity::Warn)];
        assert_eq!(added(words), warns, "{words}");
    }
}

#[test]
fn what_states_no_fact_needs_no_evidence() {
    for words in [
        "It is suspected that the account copied repositories.",
        "The account may have copied repositories.",
        "Whether repositories were copied is not known.",
        "We infer from this that repositories were copied.",
        "Es besteht der Verdacht, dass Repositories kopiert wurden.",
        "Ob Repositories kopiert wurden, ist noch nicht bekannt.",
        "Das Konto hat möglicherweise Repositories kopiert.",
        "Suspeita-se que a conta copiou repositórios.",
        "Não se sabe se a conta copiou repositórios.",
        "Please keep the records of March.",
        "We ask you to keep the records of March.",
        "Bitte bewahren Sie die Protokolle auf.",
        "Wir bitten Sie, die Protokolle aufzubewahren.",
        "Pedimos que guardem os registos.",
        "Thank you for your help.",
        "Dear Dr. Doe,",
        "Sehr geehrte Damen und Herren,",
        "Prezados Senhores,",
        "Kind regards,\nJordan Doe",
        "Mit freundlichen Grüßen",
        "Jordan Doe, General Counsel",
        "Amount: [MISSING: the amount that is demanded]",
        "## Further requests of ours",
        "## What is not known\n\n- the end of the session in March",
        "## 7. Was nicht bekannt ist\n\n- das Ende der Sitzung im März",
        "## What we ask\n\n1. Hold the account of the engagement.",
    ] {
        assert_eq!(added(words), Vec::new(), "{words}");
    }
}

#[test]
fn a_fact_that_is_still_stated_without_its_mark_cannot_be_approved() {
    let facts = samples::complete().facts();
    let first = notice::draft("executive", &facts).unwrap().text;
    let line = |text: &str, words: &str| -> String {
        let mut lines = text.lines();
        let found = lines.find(|line| line.contains(words) && line.contains("[e"));
        found
            .unwrap_or_else(|| panic!("{words}: {text}"))
            .to_owned()
    };
    let drafted = line(&first, "Ways in found");
    let bare = unmarked(&drafted);
    let lost = ("evidence-lost".to_owned(), Severity::Block);
    let blocked = |to: &str| changed(&drafted, to).contains(&lost);
    assert!(blocked(&bare), "{bare}");
    assert!(blocked(&bare.replacen("Ways in found", "Doors so far", 1)));
    let text = first.replacen(&drafted, &bare, 1);
    let found = found("executive", &first, &text, &facts);
    assert!(may_be_approved(&found).is_err(), "{found:?}");
    // With its mark it may be said in other words; without the fact there is nothing to show.
    assert!(!blocked(&drafted.replacen("found", "seen", 1)));
    assert!(!blocked(""));
}

#[test]
fn a_suspicion_that_loses_its_mark_warns() {
    let facts = samples::complete().facts();
    let first = notice::draft_with("insurer", &facts, true).unwrap().text;
    let drafted = first
        .lines()
        .find(|line| line.contains("(suspicion)"))
        .unwrap();
    let text = first.replacen(drafted, &unmarked(drafted), 1);
    let found = found("insurer", &first, &text, &facts);
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.rule.as_str(), one.severity))
        .collect();
    assert_eq!(told, [("evidence-lost", Severity::Warn)]);
    assert!(may_be_approved(&found).is_ok());
}

#[test]
fn what_people_took_back_or_changed_since_blocks_as_long_as_the_text_says_it() {
    let name = "gdpr-33";
    let then = samples::complete();
    let text = notice::draft(name, &then.facts()).unwrap().text;
    let gone = |now: &Sample, text: &str| {
        let known = [Kept::of(&now.facts()), Kept::of(&then.facts())];
        let asked = Asked {
            text,
            known: &known,
            notice: Some(name),
            first: None,
        };
        let mut found = look(&asked).unwrap();
        found.retain(|one| one.rule == "fact-gone");
        found
    };
    assert_eq!(gone(&then, &text), []);
    let key = "breach.measures";
    let said = then.state.facts[key].statement.value.clone();
    let first = said.lines().next().unwrap().to_owned();
    assert!(text.contains(&first), "{first}");
    let (mut withdrawn, mut changed) = (samples::complete(), samples::complete());
    withdrawn.state.facts.remove(key);
    let record = changed.state.facts.get_mut(key).unwrap();
    record.statement.value = said.replace(&first, "other words for what was done");
    for now in [&withdrawn, &changed] {
        let found = gone(now, &text);
        assert!(!found.is_empty());
        assert!(may_be_approved(&found).is_err(), "{found:?}");
        let line = text.lines().nth(found[0].line - 1).unwrap();
        assert!(line.contains(&found[0].words), "{line}: {found:?}");
    }
    // Who draws the text after the case is let through.
    let anew = notice::draft(name, &changed.facts()).unwrap().text;
    assert_eq!(gone(&changed, &anew), []);
}

/// A line without its numbers of evidence.
fn unmarked(line: &str) -> String {
    let mut parts = line.split("[e");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once(']').map_or(part, |(_, rest)| rest)
    })
}
