//! What a person sees before anything happens.

use cordon::plan::expand::expand;
use cordon::plan::show::{Detail, text, view};

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
    for (name, detail) in [("preview", Detail::Doors), ("preview_brief", Detail::Brief)] {
        let shown = text(&plan, &state, &catalogue(), detail).unwrap();
        assert!(
            !shown.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "{shown:?}"
        );
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn a_plan_for_many_doors_stays_short_and_names_what_is_lost_for_good() {
    let (id, mut state) = furnished();
    for n in 0..40 {
        add(&mut state, "github.webhook", &format!("hook {n}"), |_| {});
        add(&mut state, "github.deploy_key", &format!("key {n}"), |_| {});
    }
    let plan = expand(&shipped(), &id, &state, &catalogue(), now()).unwrap();
    let shown = text(&plan, &state, &catalogue(), Detail::Brief).unwrap();
    let view = view(&plan, &state, &catalogue()).unwrap();
    for step in &view.steps {
        let cordon::plan::Task::Close { class, .. } = &step.task else {
            continue;
        };
        let label = &step.closing.as_ref().unwrap().label;
        if *class == cordon::door::Class::Irreversible {
            assert!(shown.contains(&format!("“{label}”")), "{label}: {shown}");
        }
    }
    let lost = usize::try_from(view.summary.irreversible).unwrap();
    assert!(lost >= 40, "{:?}", view.summary);
    let lines = shown.lines().count() - lost;
    assert!(
        lines < 60,
        "{lines} lines beside the {lost} that are named:\n{shown}"
    );
    let whole = text(&plan, &state, &catalogue(), Detail::Doors).unwrap();
    assert!(whole.lines().count() > 80 * 8);
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
