//! What a person sees before anything happens.

use cordon::plan::expand::expand;
use cordon::plan::show::{text, view};

use super::{add, catalogue, furnished, now, shipped};

#[test]
fn the_preview_says_what_matters() {
    let (id, mut state) = furnished();
    add(&mut state, "github.webhook", "hostile", |record| {
        record.door.label = "hook \u{1b}[2J\u{202e}evil\nsecond line".to_owned();
    });
    add(&mut state, "okta.user", "guarded", |record| {
        record.door.protected = Some("break-glass \u{9b}31m".to_owned());
    });
    let plan = expand(&shipped(), &id, &state, &catalogue(), now()).unwrap();
    let shown = text(&plan, &state, &catalogue()).unwrap();
    assert!(
        !shown.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'),
        "{shown:?}"
    );
    insta::assert_snapshot!("preview", shown);
}

#[test]
fn the_data_form_has_the_same_facts() {
    let (id, state) = furnished();
    let plan = expand(&shipped(), &id, &state, &catalogue(), now()).unwrap();
    let view = view(&plan, &state, &catalogue()).unwrap();
    assert_eq!(
        (
            view.summary.closings,
            view.summary.reversible,
            view.summary.redoable,
            view.summary.irreversible
        ),
        (9, 4, 2, 3)
    );
    assert_eq!(
        (
            view.summary.noticed,
            view.summary.without_undo,
            view.summary.gates,
            view.summary.left
        ),
        (1, 5, 2, 1)
    );
    let json = serde_json::to_value(&view).unwrap();
    let steps = json["steps"].as_array().unwrap();
    let membership = steps
        .iter()
        .find(|step| step["task"]["kind"] == "github.membership")
        .unwrap();
    assert_eq!(membership["closing"]["undo"], "POST /test");
    assert_eq!(
        membership["closing"]["approved_by"][0],
        "go: two different people (each incident lead or legal)"
    );
    assert_eq!(
        membership["closing"]["account"]["login"],
        "1001@corp.example"
    );
    let key = steps
        .iter()
        .find(|step| step["task"]["kind"] == "github.deploy_key")
        .unwrap();
    assert_eq!(key["closing"]["approved_by"].as_array().unwrap().len(), 2);
    assert_eq!(view.digest, cordon::canon::digest_of(&plan).unwrap());
}
