//! The name that was used may be a victim's: no sentence makes its bearer the one who did it, and what
//! leaves open who it was may stand.

use cordon::notice::facts::Kept;
use cordon::notice::lint::{lint, may_be_approved};

use crate::samples;

/// What the rule has to find: somebody else may be called so, and did none of it.
const BAD: &[&str] = &[
    "Robin Calloway downloaded the repository.",
    "Robin Calloway cloned 40 repositories on Friday.",
    "On Friday Robin Calloway leaked the source code.",
    "Robin Calloway sold the customer list.",
    "Robin Calloway has stolen trade secrets.",
    "Robin Calloway, engaged in May, exfiltrated 3 GB.",
    "Robin Calloway threatens to publish the code.",
    "It was Robin Calloway who demanded money.",
    "Robin Calloway took copies of the source code.",
    "Robin Calloway is suspected of the theft.",
    "Robin Calloway is behind the demand.",
    "The repositories were copied by Robin Calloway.",
    "Forty files were downloaded on Friday by our contractor Robin Calloway.",
    "The demand came from Robin Calloway.",
    "We received a demand. The threatening mail was sent by Robin Calloway.",
    "Devices were shipped to Robin Calloway’s laptop farm.",
    "Robin Calloway's demand ended at noon.",
    "The theft by Robin Calloway was noticed on Monday.",
    "Ms Calloway copied the repository.",
    "Mr. Calloway threatened the company.",
    "Calloway then downloaded the code.",
    "The code was stolen by Calloway.",
    "The individual engaged under the name Robin Calloway left, and Robin Calloway stole the code.",
    "Robin Calloway hat das Repository heruntergeladen.",
    "Robin Calloway drohte mit der Veröffentlichung.",
    "Am Freitag kopierte Robin Calloway den Quelltext.",
    "Die Daten wurden von Robin Calloway kopiert.",
    "Gestohlen wurde der Quelltext, entwendet durch Robin Calloway.",
    "Die Forderung kam von Robin Calloway.",
    "Robin Calloways Laptop-Farm wurde gefunden.",
    "Frau Calloway hat die Daten verkauft.",
    "Calloway hat den Quelltext kopiert.",
    "Robin Calloway descarregou o repositório.",
    "Robin Calloway vendeu os dados dos clientes.",
    "Robin Calloway tinha copiado o código.",
    "Os ficheiros foram copiados por Robin Calloway.",
    "A exigência veio de Robin Calloway.",
    "A ameaça foi enviada por Robin Calloway.",
    "A senhora Calloway exigiu dinheiro.",
    "Foi Robin Calloway quem furtou o código.",
    "Robin Calloway and two others stole the code.",
    "A demand for 2 BTC was received from Robin Calloway.",
    "Robin Calloway sent the demand.",
    "Robin Calloway is the person who stole the data.",
    "Robin Calloway used the access to exfiltrate data.",
    "Von Robin Calloway wurden 40 Dateien heruntergeladen.",
    "Robin Calloway hat sich als jemand anderes ausgegeben.",
    "Robin Calloway é suspeito de furto.",
];

/// What leaves open who it was, or says what was done to the bearer of the name.
const GOOD: &[&str] = &[
    "The individual engaged under the name Robin Calloway downloaded the repository.",
    "Files were copied by the individual engaged under the name Robin Calloway.",
    "The demand came from the individual engaged under the name Robin Calloway.",
    "An account in the name of Robin Calloway downloaded 40 repositories.",
    "Somebody who used the name Robin Calloway demanded money.",
    "The person known to us as Robin Calloway copied the files.",
    "Robin Calloway may be a victim.",
    "Robin Calloway may be the victim of a theft of identity.",
    "Robin Calloway told us that somebody had stolen their papers.",
    "Robin Calloway’s identity was used to obtain the engagement.",
    "Robin Calloway did not copy the repository.",
    "Robin Calloway was threatened by the sender of the message.",
    "Robin Calloway is the name that was used.",
    "Name used: Robin Calloway. The repository was copied on Friday.",
    "The engagement of Robin Calloway began in May.",
    "The demand was received after the access of Robin Calloway was closed.",
    "Robin Calloway took part in a call on Monday.",
    "Please do not contact Robin Calloway about work.",
    "Ms Calloway received a letter from us.",
    "We wrote to Calloway on Monday.",
    "The activity of Robin Calloway is in the log of the code host.",
    "Die unter dem Namen Robin Calloway beauftragte Person hat das Repository kopiert.",
    "Ein Konto im Namen von Robin Calloway hat Daten heruntergeladen.",
    "Robin Calloway wurde bedroht.",
    "Robin Calloway kann selbst Opfer sein.",
    "Die Forderung kam von der Person, die unter dem Namen Robin Calloway tätig war.",
    "Frau Calloway hat uns einen Brief geschrieben.",
    "Robin Calloway hat nichts kopiert.",
    "A pessoa contratada sob o nome Robin Calloway descarregou o repositório.",
    "Uma conta em nome de Robin Calloway copiou os ficheiros.",
    "Robin Calloway pode ser vítima.",
    "A pessoa que usou o nome Robin Calloway exigiu dinheiro.",
    "Robin Calloway não copiou o repositório.",
    "A senhora Calloway recebeu uma carta nossa.",
    "O contrato com Robin Calloway começou em maio.",
    "Robin Calloway reported that a person had stolen the papers.",
    "No demand was made of Robin Calloway.",
    "Der Name Robin Calloway kann einer anderen Person gehören, deren Identität entwendet wurde.",
    "Das Konto von Robin Calloway wurde gesperrt, bevor Daten kopiert wurden.",
    "O nome Robin Calloway foi usado por quem copiou o código.",
    "Robin Calloway was misled by the recruiter.",
];

/// The facts of the complete sample, with other names that somebody recorded.
fn known(others: &[&str]) -> [Kept; 1] {
    let kept = Kept::of(&samples::complete().facts());
    let mut facts: serde_json::Value = serde_json::from_slice(&kept.bytes().unwrap()).unwrap();
    let values = others
        .iter()
        .map(|text| serde_json::json!({"text": text, "evidence": []}));
    let values: Vec<serde_json::Value> = values.collect();
    facts["facts"]["subject.other_names"] =
        serde_json::json!({"standing": "fact", "values": values});
    [Kept::read(&serde_json::to_vec(&facts).unwrap()).unwrap()]
}

/// Whether the rule finds something in a text.
fn found(text: &str, known: &[Kept]) -> bool {
    let findings = lint(text, known).unwrap();
    let named = findings.iter().any(|one| one.rule == "victim-named");
    assert!(!named || may_be_approved(&findings).is_err(), "{text}");
    named
}

#[test]
fn nobody_whose_name_was_used_is_made_the_one_who_did_it() {
    let known = known(&[]);
    let missed: Vec<&&str> = BAD.iter().filter(|text| !found(text, &known)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn what_leaves_open_who_it_was_stands() {
    let known = known(&[]);
    let wrong: Vec<String> = (GOOD.iter())
        .filter(|text| found(text, &known))
        .map(|text| format!("{text}: {:?}", lint(text, &known).unwrap()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn other_names_count_as_the_first_does_and_handles_do_not() {
    let known = known(&[
        "Alex van Averdale on the platform, Sasha Brook (second contract)",
        "handle c-averdale on the code host",
    ]);
    for bad in [
        "Alex van Averdale downloaded the code.",
        "The code was copied by Ms Averdale.",
        "Die Forderung kam von Sasha Brook.",
        "Sasha Brook exigiu dinheiro.",
        "Robin Calloway sold the code.",
    ] {
        assert!(found(bad, &known), "{bad}");
    }
    for good in [
        "The handle c-averdale cloned the repository.",
        "The person engaged as a second contractor under the name Sasha Brook copied the code.",
        "The brook near the office flooded; nothing was copied.",
        "The platform sold its business.",
    ] {
        assert!(!found(good, &known), "{good}");
    }
}

#[test]
fn a_name_that_is_a_pattern_is_read_as_a_name() {
    let known = known(&[
        "Alex (.*) Bro+ok",
        "Sam O’Brien [x",
        "Jo Ann\\b +",
        "Sam* .*",
    ]);
    assert!(found("Sam O’Brien [x sold the code.", &known));
    assert!(!found("Nobody sold the code.", &known));
}
