//! The wording lint: each rule finds its words in each language, lets the usual ones stand, and no
//! shipped notice breaks a rule.

use cordon::notice::facts::Kept;
use cordon::notice::lint::{
    Asked, Finding, Severity, file_name, lint, look, may_be_approved, may_be_attached,
};
use cordon::notice::{self};

use crate::samples;

/// What the rule has to find.
const FOUND: &[(&str, &str)] = &[
    ("nationality", "The contractor spoke with a foreign accent."),
    (
        "nationality",
        "We became aware because of his appearance on video.",
    ),
    ("nationality", "The person on camera looked Asian."),
    ("nationality", "A Korean man answered the call."),
    ("nationality", "Her accent did not fit the biography."),
    ("nationality", "Aufgefallen ist ein starker Akzent."),
    (
        "nationality",
        "Der Verdacht entstand aufgrund der Staatsangehörigkeit.",
    ),
    ("nationality", "Seine Herkunft passte nicht zum Lebenslauf."),
    ("nationality", "A suspeita surgiu por causa do sotaque."),
    ("nationality", "Foi atendida por uma pessoa asiática."),
    ("nationality", "The contractor is Vietnamese."),
    ("nationality", "A Ukrainian developer had the account."),
    ("nationality", "The Russian developer copied it."),
    ("nationality", "The Korean engineer had access."),
    ("nationality", "He holds a Russian passport."),
    ("nationality", "She is a citizen of China."),
    ("nationality", "The account holder comes from Vietnam."),
    ("nationality", "The contractor is a Nigerian national."),
    ("nationality", "Er ist Koreaner."),
    ("nationality", "Die Person ist Russe."),
    ("nationality", "Der chinesische Entwickler kopierte es."),
    ("nationality", "Die Mitarbeiterin stammt aus der Ukraine."),
    ("nationality", "O prestador é russo."),
    ("nationality", "O programador chinês copiou."),
    ("nationality", "A engenheira veio da Rússia."),
    ("attribution", "The contractor is a North Korean IT worker."),
    ("attribution", "Indicators point to the DPRK."),
    ("attribution", "A hacker had access to the repository."),
    (
        "attribution",
        "The person acted on behalf of a foreign government.",
    ),
    ("attribution", "He is a sanctioned person."),
    ("attribution", "This was a state-sponsored operation."),
    (
        "attribution",
        "Es handelt sich um einen nordkoreanischen Mitarbeiter.",
    ),
    ("attribution", "Ein Hacker hatte Zugriff."),
    (
        "attribution",
        "Die Person handelte im Auftrag eines fremden Staates.",
    ),
    ("attribution", "Trata-se de um trabalhador norte-coreano."),
    ("attribution", "Um pirata informático teve acesso."),
    ("attribution", "A pessoa agiu ao serviço de um estado."),
    ("accusation", "The contractor is an impostor."),
    ("accusation", "The culprit left on Friday."),
    ("accusation", "A malicious insider copied it."),
    ("accusation", "Er ist ein Betrüger."),
    ("accusation", "Der Täter hatte Zugang."),
    ("accusation", "O burlão teve acesso."),
    ("accusation", "Ele é o autor do crime."),
    ("deed", "The contractor stole our source code."),
    ("deed", "The account holder has committed fraud."),
    ("deed", "We accuse him of theft."),
    ("deed", "The code was stolen by the contractor."),
    ("deed", "Die Person hat den Quellcode gestohlen."),
    ("deed", "Der Auftragnehmer betrog uns."),
    ("deed", "Wir beschuldigen den Auftragnehmer."),
    ("deed", "O prestador roubou o código."),
    ("deed", "A pessoa cometeu fraude."),
    ("confirmed", "The breach is confirmed."),
    ("confirmed", "Confirmed data theft is at hand."),
    (
        "confirmed",
        "We confirm that the individual exfiltrated the data.",
    ),
    (
        "confirmed",
        "Es ist bestätigt, dass Daten gestohlen wurden.",
    ),
    ("confirmed", "Der Datendiebstahl ist erwiesen."),
    ("confirmed", "O furto está confirmado."),
    (
        "confirmed",
        "We have confirmed that the identity was false.",
    ),
    ("confirmed", "The misrepresentation is proven."),
    (
        "confirmed",
        "It is established beyond doubt that another person worked.",
    ),
    ("confirmed", "Die falsche Identität ist zweifelsfrei."),
    (
        "confirmed",
        "Es ist bewiesen, dass eine andere Person arbeitete.",
    ),
    ("confirmed", "Está comprovada a usurpação."),
    ("confirmed", "A identidade falsa foi confirmada."),
    (
        "no-evidence",
        "There is no evidence that data was accessed.",
    ),
    ("no-evidence", "We found no indication of exfiltration."),
    ("no-evidence", "Customer data was not accessed."),
    ("no-evidence", "No records were taken."),
    (
        "no-evidence",
        "Es gibt keine Hinweise auf einen Datenabfluss.",
    ),
    ("no-evidence", "Keine Daten wurden entwendet."),
    (
        "no-evidence",
        "Kundendaten sind betroffen, Daten anderer wurden nicht kopiert.",
    ),
    ("no-evidence", "Não há indícios de exfiltração."),
    ("no-evidence", "Os dados dos clientes não foram acedidos."),
    ("victim-named", "Robin Calloway copied the repository."),
    ("victim-named", "Robin Calloway is a suspect."),
    (
        "victim-named",
        "We accuse nobody. The perpetrator is Robin Calloway.",
    ),
    (
        "victim-named",
        "Robin Calloway hat das Unternehmen getäuscht.",
    ),
    ("victim-named", "Robin Calloway ameaçou publicar o código."),
    ("payment", "We will pay the amount you demand."),
    (
        "payment",
        "The company is prepared to transfer the sum to the wallet.",
    ),
    ("payment", "The payment has been scheduled."),
    ("payment", "Please send 2 BTC to this wallet."),
    ("payment", "We accept your terms."),
    ("payment", "Wir sind bereit, den Betrag zu zahlen."),
    (
        "payment",
        "Die geforderte Zahlung wurde bereits veranlasst.",
    ),
    ("payment", "Estamos dispostos a pagar."),
    ("payment", "Pagaremos o montante."),
    ("payment", "O pagamento exigido está preparado."),
    ("admission", "We violated sanctions law."),
    ("admission", "The company breached OFAC regulations."),
    ("admission", "Wir haben gegen Sanktionen verstoßen."),
    ("admission", "A empresa violou a lei."),
    ("personal-number", "Number 123-45-6789 was used."),
    ("personal-number", "Date of birth: 1990-04-01."),
    ("personal-number", "Born on 1 April 1990."),
    ("personal-number", "Geburtsdatum 01.04.1990."),
    ("personal-number", "Geboren am 1. April 1990."),
    ("personal-number", "Data de nascimento: 01/04/1990."),
    ("personal-number", "Nascido em 1 de abril de 1990."),
];

/// What has to be allowed to stand.
const FINE: &[&str] = &[
    "The individual engaged under the name Robin Calloway copied the repository.",
    "The indicators are consistent with public advisories.",
    "The report names the North Korea Sanctions Regulations, 31 CFR Part 510.",
    "No conclusion about nationality is drawn.",
    "Language of the source code: English. The office in Lisbon is Portuguese territory.",
    "The German Federal Criminal Police was told.",
    "The Portuguese National Cybersecurity Centre and a Portuguese national CSIRT were told.",
    "A login came from an address that a register places in China.",
    "Of the affected people 40 live in Germany and 12 in Portugal.",
    "Das Konto ist ein Indiz; betroffen ist Polen.",
    "The business suspects that the contractor stole the source code.",
    "The contractor did not steal anything that is known.",
    "The breach is not confirmed.",
    "Ob Daten gestohlen wurden, ist nicht bekannt.",
    "Ways in found: 4. Proven closed: 3. Open: 1.",
    "The identity was not confirmed.",
    "Nobody has confirmed the identity of the person.",
    "The receipt was confirmed by the portal.",
    "The logs were read to their end; the gaps are named below.",
    "The business will not pay the demand.",
    "The business has made no payment and promises none.",
    "The business will pay the external laboratory for its report.",
    "The company may have breached sanctions regulations; counsel examines it.",
    "An apparent violation of sanctions regulations by the company is disclosed.",
    "Number 2027-03-13 and telephone +1 555 0100.",
    "Anzeige gegen Unbekannt; unbekannte Täter.",
    "Gefundene Zugangswege: 4. Nachweislich geschlossen: 3.",
    "Die Person, die unter dem Namen Robin Calloway tätig war, hat das Repository kopiert.",
    "Die Identität ist nicht bestätigt.",
    "Das Unternehmen zahlt nicht und wird keine Zahlung leisten.",
    "Es besteht eine Zahlungssperre wegen Sanktionsrechts.",
    "Vias de acesso encontradas: 4. Comprovadamente fechadas: 3.",
    "A pessoa contratada com o nome Robin Calloway copiou o repositório.",
    "A identidade não foi confirmada.",
    "A empresa não pagará nem prometeu qualquer pagamento.",
    "Queixa contra desconhecidos.",
    "Die Agentur wurde unterrichtet. Der Akzent liegt auf der Sicherung der Protokolle.",
    "A agência foi informada.",
];

fn known() -> Kept {
    Kept::of(&samples::complete().facts())
}

fn rules(text: &str) -> Vec<Finding> {
    lint(text, &[known()]).unwrap()
}

#[test]
fn every_rule_finds_its_words_in_every_language() {
    for (rule, text) in FOUND {
        let findings = rules(text);
        assert!(
            findings.iter().any(|one| one.rule == *rule),
            "{rule} does not find: {text}: {findings:?}"
        );
        for one in &findings {
            assert!(text.contains(&one.words), "{rule}: {one:?}");
            assert!(!one.reason.is_empty() && !one.instead.is_empty());
        }
        assert!(may_be_approved(&findings).is_err(), "{text}");
    }
}

#[test]
fn usual_words_stand() {
    for text in FINE {
        assert_eq!(rules(text), Vec::new(), "{text}");
    }
}

#[test]
fn that_nothing_was_seen_may_be_said_when_every_log_was_read() {
    let text = "There is no evidence that data was accessed.";
    assert_eq!(rules(text).len(), 1, "a log of the sample was cut");
    let mut whole = known();
    whole.logs.complete = true;
    assert_eq!(lint(text, &[whole.clone()]).unwrap(), Vec::new());
    // Then complete, now with a gap: it counts.
    assert_eq!(lint(text, &[whole, known()]).unwrap().len(), 1);
    assert_eq!(lint(text, &[]).unwrap().len(), 1, "nothing is known");
}

#[test]
fn a_sentence_over_two_lines_is_one_and_is_found_at_its_line() {
    let text = "First line.\n\nThere is no\nevidence that data was accessed.\n";
    let findings = rules(text);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].line, 3);
    // Two items of a list are two sentences.
    assert_eq!(
        rules("- there is no evidence\n- data was accessed\n"),
        Vec::new()
    );
}

/// Facts that somebody recorded in these words.
fn told(texts: &[&str]) -> Kept {
    let mut facts: serde_json::Value = serde_json::from_slice(&known().bytes().unwrap()).unwrap();
    let values = texts
        .iter()
        .map(|text| serde_json::json!({"text": text, "evidence": []}));
    let values: Vec<serde_json::Value> = values.collect();
    facts["facts"]["test.said"] = serde_json::json!({"standing": "fact", "values": values});
    Kept::read(&serde_json::to_vec(&facts).unwrap()).unwrap()
}

#[test]
fn a_quotation_of_evidence_is_not_our_word_and_any_other_is() {
    let known = [told(&[
        "we are the hackers who took it, pay",
        "wir sind Hacker aus der DVRK",
        "the DPRK pays us",
    ])];
    let rules = |text: &str| lint(text, &known).unwrap();
    for quoted in [
        "The message says: “we are the hackers who took it, pay”[e4].",
        "The message says “the hackers who took it”[e4], in part.",
        "In der Nachricht steht: „wir sind Hacker aus der DVRK“[e4–e6].",
        "It says: “we are the hackers who took it”; “the DPRK pays us”[e4].",
    ] {
        assert_eq!(rules(quoted), Vec::new(), "{quoted}");
    }
    for ours in [
        "They are “hackers”.",
        "They are “hackers” [e4\\].",
        "They are hackers[e4].",
        "The message says “pay”[e4], they are hackers.",
        "Nach „eigenen“ Angaben[e1] ein Hacker.",
        // Nobody said so.
        "They said “we are the hackers of old”[e4].",
        // A word is no quotation.
        "These “hackers”[e4] left.",
        // The number does not follow at once.
        "“we are the hackers who took it” [e4]",
        "“we are the hackers who took it”, they said[e4]",
        // An opening mark goes with its nearest close.
        "The “first” one is a hacker, says “the hackers who took it”[e4].",
    ] {
        assert_eq!(rules(ours).len(), 1, "{ours}: {:?}", rules(ours));
    }
    // A number that may stand nowhere may not be quoted either.
    assert_eq!(rules("“123-45-6789”[e4]").len(), 1);
}

#[test]
fn an_account_holder_who_is_called_like_a_word_blanks_none_of_ours() {
    let mut sample = samples::sparse();
    sample.state.subject.emails = ["pay", "confirmed", "hackers", "will pay"]
        .map(Into::into)
        .into();
    let known = [Kept::of(&sample.facts())];
    for text in [
        "We will pay[e1] you tomorrow.",
        "We will pay[e1].",
        "The identity was confirmed[e1] by us.",
        "They are hackers[e1].",
        "The hackers; pay[e1]",
    ] {
        assert!(!lint(text, &known).unwrap().is_empty(), "{text}");
    }
}

#[test]
fn a_value_of_the_log_is_not_our_word() {
    let mut sample = samples::sparse();
    sample.state.subject.emails = vec!["hacker@evil.example".into()];
    let known = Kept::of(&sample.facts());
    let text = "Addresses used: hacker@evil.example[e1]";
    assert_eq!(
        lint(text, std::slice::from_ref(&known)).unwrap(),
        Vec::new()
    );
    for ours in [
        "The hacker used hacker@evil.example[e1]",
        // Without its number right behind it, it is a word of ours.
        "We wrote to hacker@evil.example, and kept it[e1]",
        "We wrote to hacker@evil.example [e1]",
    ] {
        let known = std::slice::from_ref(&known);
        assert_eq!(lint(ours, known).unwrap().len(), 1, "{ours}");
    }
}

#[test]
fn letters_that_look_like_others_hide_nothing() {
    for (text, rule) in [
        // Cyrillic letters in Latin words, and Latin words of Cyrillic letters alone.
        ("The р\u{430}yment has been scheduled.", "payment"),
        ("We will \u{440}\u{430}\u{443} tomorrow.", "payment"),
        ("We wi\u{4cf}l p\u{251}y tomorrow.", "payment"),
        ("Wir z\u{430}hlen morgen.", "payment"),
        ("P\u{430}garemos.", "payment"),
        ("The worker is a h\u{430}cker.", "attribution"),
        ("We will p&#97;y tomorrow.", "payment"),
        ("We will p\u{323}ay tomorrow.", "payment"),
        ("We will... pay... tomorrow", "payment"),
    ] {
        let findings = rules(text);
        assert!(
            findings.iter().any(|one| one.rule == rule),
            "{text}: {findings:?}"
        );
        assert!(may_be_approved(&findings).is_err(), "{text}");
    }
    let findings = rules("One w\u{43e}rd of two scripts.");
    let found: Vec<_> = findings
        .iter()
        .map(|one| (one.rule.as_str(), one.line))
        .collect();
    assert_eq!(found, [("two-scripts", 1)]);
    for fine in ["Иван Петров, 山田太郎, Größe, ação, 5 µs, naïve.", "Ελλάδα"]
    {
        assert_eq!(rules(fine), Vec::new(), "{fine}");
    }
    // What somebody else wrote is evidence, not our word.
    let known = [told(&["p\u{430}y us b\u{435}fore noon"])];
    let quoted = "The message says “p\u{430}y us b\u{435}fore noon”[e4].";
    assert_eq!(lint(quoted, &known).unwrap(), Vec::new());
}

#[test]
fn the_name_of_a_file_is_read_like_a_subject_line() {
    let found = |name: &str| file_name(name, &[known()]).unwrap();
    for name in [
        "we_will_pay.pdf",
        "DPRK-worker.pdf",
        "fake_contractor.txt",
        "Robin_Calloway.pdf",
        "p\u{430}yment.csv",
        "fraud.eml",
        "Betrug.pdf",
        "ssn-123-45-6789.txt",
    ] {
        let findings = found(name);
        assert!(!findings.is_empty(), "{name}");
        assert!(may_be_approved(&findings).is_err(), "{name}");
        let fault = may_be_attached(name, &findings).unwrap_err();
        assert_eq!(fault.code(), "wording", "{name}");
    }
    for name in [
        "list.csv",
        "access-review-LL-C-0417.pdf",
        "e4 message.eml",
        "Anlage 1.docx",
    ] {
        assert_eq!(found(name), Vec::new(), "{name}");
        assert!(may_be_attached(name, &found(name)).is_ok());
    }
}

/// A form, drafted, and the same text as a person changed it.
fn changed(from: &str, to: &str) -> Vec<Finding> {
    let facts = samples::complete().facts();
    let draft = notice::draft("ic3", &facts).unwrap();
    assert!(draft.text.contains(from), "{from}: {}", draft.text);
    let text = draft.text.replacen(from, to, 1);
    let before = draft.findings;
    let known = [Kept::of(&facts)];
    let asked = Asked {
        text: &text,
        known: &known,
        notice: Some("ic3"),
        first: Some(&draft.text),
    };
    let now = look(&asked).unwrap();
    // What was found before may stand in another line now.
    let same = |one: &Finding, other: &Finding| one.rule == other.rule && one.words == other.words;
    let new = |one: &Finding| !before.iter().any(|other| same(one, other));
    now.into_iter().filter(new).collect()
}

#[test]
fn a_limit_is_the_forms_whatever_a_heading_says() {
    let limits = notice::limits("ic3").unwrap();
    assert!(limits.values().any(|limit| *limit == 3_500), "{limits:?}");
    let (name, limit) = limits.iter().next().unwrap();
    let facts = samples::complete().facts();
    let text = notice::draft("ic3", &facts).unwrap().text;
    let heading = text
        .lines()
        .find(|line| line.starts_with(&format!("## {name} (")))
        .unwrap()
        .to_owned();
    let long = "wort ".repeat(*limit / 5 + 2);
    let rules = |to: &str| -> Vec<String> {
        let found = changed(&format!("{heading}\n"), to);
        let block = found.iter().filter(|one| one.severity == Severity::Block);
        block.map(|one| one.rule.clone()).collect()
    };
    // Raised, taken away, or turned into another heading: the limit stays what the form takes.
    let raised = format!("## {name} (1 of 999999 characters)\n\n{long}\n");
    assert_eq!(rules(&raised), ["section-limit"]);
    assert_eq!(rules(&format!("## {name}\n\n{long}\n")), ["section-limit"]);
    let other = rules(&format!("## Other words\n\n{long}\n"));
    assert_eq!(other, ["section-heading", "section-heading"]);
    let split = rules(&format!("{heading}\n\nx\n\n## More\n\n{long}\n"));
    assert_eq!(split, ["section-heading"]);
    let twice = rules(&format!("{heading}\n\nx\n\n{heading}\n\n"));
    assert_eq!(twice, ["section-heading"]);
    // Entities and emphasis are not counted: the form gets what they show.
    let entities = "&amp;".repeat(limit / 5 * 2);
    assert_eq!(
        rules(&format!("{heading}\n\n**x** {entities}\n\n")),
        Vec::<String>::new()
    );
}

#[test]
fn more_transactions_than_the_form_takes_and_amounts_that_it_does_not_are_found() {
    let facts = samples::complete().facts();
    let text = notice::draft("ic3", &facts).unwrap().text;
    let part = text.split_once("## Financial transactions\n\n").unwrap().1;
    let list = part.split_once("\n\n## ").unwrap().0.to_owned();
    let found = |to: &str| -> Vec<(String, Severity)> {
        let found = changed(&list, to).into_iter();
        let ours = found.filter(|one| one.rule.starts_with("section-"));
        ours.map(|one| (one.rule, one.severity)).collect()
    };
    let lines = |count: usize, line: &str| vec![line; count].join("\n");
    let plain = "- 2026-03-01, USD 4100.00, Example Bank, invoice 7";
    let many = ("section-entries".to_owned(), Severity::Block);
    let amount = ("section-amounts".to_owned(), Severity::Warn);
    for (list, expected) in [
        (lines(10, plain), vec![]),
        (lines(11, plain), vec![&many]),
        (lines(1, "- USD 4,100.00 on 2026-03-01"), vec![&amount]),
        (lines(1, "- $ 4100 on 2026-03-01"), vec![&amount]),
        (lines(1, "- 1 March, 2026, USD 4100, at 12,1234"), vec![]),
        (lines(12, "- USD 1,200,000"), vec![&many, &amount]),
    ] {
        let ours = found(&list);
        assert_eq!(ours.iter().collect::<Vec<_>>(), expected, "{list}");
    }
    // Another notice has no such form.
    let known = [Kept::of(&facts)];
    let asked = Asked {
        text: &text.replacen(&list, &lines(12, "- USD 1,200,000"), 1),
        known: &known,
        notice: Some("gdpr-33"),
        first: None,
    };
    let other = look(&asked).unwrap();
    assert!(other.iter().all(|one| one.rule != "section-entries"));
}

#[test]
fn a_mark_that_goes_or_moves_is_shown_to_whoever_approves() {
    let facts = samples::complete().facts();
    let text = notice::draft("ic3", &facts).unwrap().text;
    let line = text
        .lines()
        .find(|line| line.ends_with("[e1]") && line.starts_with("- ") && line.contains(": "))
        .unwrap()
        .to_owned();
    let found = |to: &str| -> Vec<(String, String, Severity)> {
        // The line is about payments; that a person changed it is told beside.
        let found = changed(&line, to)
            .into_iter()
            .filter(|one| one.rule != "money");
        found
            .map(|one| (one.rule, one.reason, one.severity))
            .collect()
    };
    let bare = line.replace("[e1]", "");
    let lost = found(&bare);
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(lost[0].0, "evidence-lost");
    assert!(lost[0].1.contains("lost its evidence e1"), "{lost:?}");
    // The fact is still stated: it cannot leave so.
    assert_eq!(lost[0].2, Severity::Block);
    // Other words and no mark: still the same sentence.
    assert_eq!(found(&format!("{bare} indeed"))[0].0, "evidence-lost");
    let moved = found(&format!("{bare}[e2]"));
    let rules: Vec<&str> = moved.iter().map(|one| one.0.as_str()).collect();
    assert_eq!(rules, ["evidence-lost", "evidence-moved"]);
    let new = found(&format!(
        "{line}\n\nQuite another sentence of a person stands here[e1].\n"
    ));
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!(new[0].0, "evidence-moved");
    let strange = found(&format!("{line}\n\nNumbers that no table has[e999].\n"));
    assert!(
        strange.iter().any(|one| one.0 == "no-source"),
        "{strange:?}"
    );
    // A sentence that moves with its mark, or goes with it, is nobody's loss.
    assert_eq!(found(""), Vec::new());
}

#[test]
fn a_subject_line_neither_accuses_nor_names() {
    let text = |subject: &str| {
        format!(
            "# T\n\nPrepared for review.\n\nSubject: {subject}\n\nTo: X. Y\n\n---\n\nBody.\n\n## Unknown, not collected, expired\n\n- Hackers.\n"
        )
    };
    assert_eq!(rules(&text("Access review C-0417")), Vec::new());
    for bad in [
        "Fraud by a contractor",
        "Extortion",
        "Robin Calloway",
        "Anzeige wegen Betrug",
        "Suspeita de furto",
    ] {
        let findings = rules(&text(bad));
        assert!(
            findings
                .iter()
                .any(|one| one.rule == "subject-line" && one.line == 5),
            "{bad}: {findings:?}"
        );
    }
}

#[test]
fn a_section_over_its_limit_blocks_and_a_hole_warns() {
    let long = format!(
        "## Narrative (9 of 20 characters)\n\n{}\n\n## Next\n\nx\n",
        "a ".repeat(20)
    );
    let findings = rules(&long);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        (findings[0].rule.as_str(), findings[0].line),
        ("section-limit", 1)
    );
    assert!(may_be_approved(&findings).is_err());
    assert_eq!(
        rules("## Narrative (9 of 20 characters)\n\nshort[e1][e2]\n"),
        Vec::new()
    );
    assert_eq!(rules("## Teil (9 von 3 Zeichen)\n\nlanger\n").len(), 1);
    let hole = rules("Name: [MISSING: the name of the business]\n");
    assert_eq!(hole.len(), 1);
    assert_eq!(hole[0].severity, Severity::Warn);
    assert!(may_be_approved(&hole).is_ok());
}

#[test]
fn no_shipped_notice_breaks_a_rule() {
    let mut broken = Vec::new();
    for sample in [samples::complete(), samples::sparse()] {
        let facts = sample.facts();
        for name in notice::names() {
            let draft = notice::draft(&name, &facts).unwrap();
            let blocks = draft
                .findings
                .iter()
                .filter(|one| one.severity == Severity::Block);
            broken.extend(blocks.map(|one| {
                format!(
                    "{} {name} line {}: {}: {}",
                    sample.name, one.line, one.rule, one.words
                )
            }));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn what_an_attacker_writes_gives_no_finding_that_only_a_change_of_evidence_could_end() {
    // What the log gives is blanked; what people recorded is their word.
    let facts = samples::hostile().facts();
    let draft = notice::draft("executive", &facts).unwrap();
    let blocks = draft
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Block);
    assert_eq!(blocks.count(), 0, "{:?}", draft.findings);
}

#[test]
fn nothing_between_the_words_hides_them_from_the_rule() {
    for text in [
        "The worker is a North[e1] Korean operative.",
        "The worker is a North [e1] Korean operative.",
        "The worker is a Nor**th** Korean operative.",
        "The worker is a North  Korean operative.",
        "The worker is a North\u{a0}Korean operative.",
        "The worker is a N\u{200b}orth Korean operative.",
        "The worker is a \u{ff2e}orth Korean operative.",
    ] {
        let findings = rules(text);
        let blocked = may_be_approved(&findings).is_err();
        assert!(blocked, "{text}: {findings:?}");
        assert_eq!(findings[0].line, 1);
    }
}
