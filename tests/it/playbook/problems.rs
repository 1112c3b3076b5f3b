//! Bad playbooks: every fault at once, each with a stable code and its place.

use cordon::playbook::{Severity, review};

use super::{catalogue, with_steps};

fn codes(text: &str) -> Vec<&'static str> {
    let (_, problems) = review("bad.yaml", text, &catalogue());
    problems.iter().map(|problem| problem.code).collect()
}

const GATE: &str = "  - { id: go, gate: { roles: [legal], people: 2, expires: 4h } }\n";
const SAVE: &str = "  - { id: save, snapshot: { trails: [perishable] } }\n";

/// Steps behind a sound gate and a snapshot.
fn behind_gate(steps: &str) -> String {
    with_steps(&format!("{SAVE}{GATE}{steps}"))
}

#[test]
fn one_reading_shows_everything() {
    let text = "\
playbook: terminated-contractor
titel: Something
steps:
  - id: save
    snapshot: { trails: [perishible, gitlab.audit, github.gti_events], window: 90x }
  - id: go
    gate: { roles: [leagl], people: 0, expires: 4h }
  - id: Go
    freeze: { doors: [all] }
  - id: close
    needs: [go, svae]
    close: { doors: [github.*, github.membershp], clases: [reversible] }
    tiemout: 10m
  - id: close
    needs: [close]
    verify: { again: [24h, soon] }
    on_failure: continu
  - id: papers
    draft: [ic4]
";
    let (playbook, problems) = review("playbooks/mine.yaml", text, &catalogue());
    assert!(playbook.is_none());
    insta::assert_snapshot!("one_reading", problems.render(100, false));
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!(json[0]["code"], "unknown-key");
    assert!(
        json.as_array()
            .unwrap()
            .iter()
            .any(|problem| problem["code"] == "unknown-key"
                && problem["labels"][0]["line"] == 13
                && problem["labels"][0]["column"] == 5)
    );
}

#[test]
fn shape_faults_have_their_codes() {
    let top = |text: &str| codes(text);
    assert_eq!(top(""), ["yaml"]);
    assert_eq!(top("playbook: [\n"), ["yaml"]);
    assert_eq!(top("- 1\n"), ["wrong-type"]);
    assert_eq!(top("playbook: test\ntitle: T\nsteps: []\n"), ["empty"]);
    assert_eq!(top("playbook: test\ntitle: T\nsteps: {}\n"), ["wrong-type"]);
    assert_eq!(
        top("playbook: Test!\ntitle: T\nsteps: [{ id: a, wait: 1h }]\n"),
        ["bad-name"]
    );
    assert_eq!(
        top("playbook: a\ntitle: T\nsteps: [{ id: a, wait: 1h }]\n---\nb: 1\n"),
        ["second-document"]
    );
    for (step, code) in [
        ("{ id: a }", "no-step-kind"),
        ("{ id: a, freeze: {} }", "unknown-step-kind"),
        ("{ id: a, tip: 1, clsoe: {} }", "unknown-step-kind"),
        ("{ id: a, wait: 1h, verify: {} }", "two-step-kinds"),
        ("{ wait: 1h }", "missing-key"),
        ("{ id: 7, wait: 1h }", "wrong-type"),
        ("{ id: a, wait: 3600 }", "wrong-type"),
        ("{ id: a, wait: 1w }", "bad-period"),
        ("{ id: a, wait: 1h, attempts: 0 }", "out-of-range"),
        (
            "{ id: a, wait: 1h, attempts: 99999999999999999999 }",
            "wrong-type",
        ),
        ("{ id: a, wait: 1h, on_failure: maybe }", "unknown-word"),
        ("{ id: a, wait: 1h, needs: b }", "wrong-type"),
        ("{ id: a, draft: [] }", "empty"),
        ("{ id: a, verify: }", "wrong-type"),
        ("{ id: a, id: b, wait: 1h }", "duplicate-key"),
        ("{ id: a, wait: !!str 1h }", "tag"),
        ("{ id: a, wait: 1h, [x]: 1 }", "key-not-text"),
        (
            "{ id: a, gate: { roles: [legal], people: 2 } }",
            "missing-key",
        ),
        (
            "{ id: a, close: { doors: [all], classes: [gone] } }",
            "unknown-word",
        ),
    ] {
        let found = codes(&with_steps(&format!("  - {step}\n")));
        assert!(found.contains(&code), "{step}: {found:?}");
    }
}

#[test]
fn a_fault_in_one_step_does_not_make_others_look_wrong() {
    // The gate cannot be read, so nobody may say that the close has none, or that `go` is unknown.
    let text = with_steps(
        "  - { id: go, gate: { roles: [legal], people: two, expires: 4h } }\n  - { id: c, needs: [go], close: { doors: [okta.user] } }\n",
    );
    assert_eq!(codes(&text), ["wrong-type"]);
    let irreversible = with_steps(
        "  - { id: go, gate: { roles: [legal], people: 2 } }\n  - { id: c, needs: [go], close: { doors: [all], classes: [irreversible] } }\n",
    );
    assert_eq!(codes(&irreversible), ["missing-key"]);
}

#[test]
fn names_that_do_not_exist() {
    for (step, code) in [
        ("{ id: c, needs: [save, gone], wait: 1h }", "unknown-step"),
        (
            "{ id: c, snapshot: { trails: [gitlab.*] } }",
            "unknown-provider",
        ),
        (
            "{ id: c, snapshot: { trails: [github.gone] } }",
            "unknown-trail",
        ),
        ("{ id: c, draft: [ic4] }", "unknown-notice"),
        (
            "{ id: c, needs: [go], close: { doors: [gitlab.*] } }",
            "unknown-provider",
        ),
        (
            "{ id: c, needs: [go], close: { doors: [github.gone] } }",
            "unknown-door",
        ),
        (
            "{ id: c, needs: [go], close: { doors: [okta.api_token] } }",
            "class-contradiction",
        ),
        ("{ id: save, wait: 1h }", "duplicate-id"),
    ] {
        let found = codes(&behind_gate(&format!(
            "  - {step}\n  - {{ id: last, needs: [go], wait: 1h }}\n"
        )));
        assert_eq!(found, [code], "{step}");
    }
    let role = with_steps(
        "  - { id: go, gate: { roles: [lawyer], people: 1, expires: 4h } }\n  - { id: w, needs: [go], wait: 1h }\n",
    );
    assert_eq!(codes(&role), ["unknown-role"]);
    // No provider has a redoable webhook.
    let nothing = behind_gate(
        "  - { id: c, needs: [go], close: { doors: [github.*], classes: [irreversible] } }\n",
    )
    .replace("github.*", "okta.sessions, okta.user");
    assert!(codes(&nothing).contains(&"class-contradiction"));
}

#[test]
fn gates_cannot_be_passed_by() {
    let close = |needs: &str, close: &str| {
        format!("  - {{ id: c, needs: [{needs}], close: {{ {close} }} }}\n")
    };
    let bare = with_steps(&format!("{SAVE}{}", close("save", "doors: [all]")));
    assert_eq!(codes(&bare), ["close-without-gate"]);
    // What undo restores may go first where a gate directly behind it ratifies it, and nothing else.
    let first = |classes: &str, needs: &str| {
        with_steps(&format!(
            "{SAVE}{}  - {{ id: ratify, needs: [{needs}], gate: {{ roles: [legal], people: 2, expires: 1h }} }}\n",
            close("save", &format!("doors: [all], classes: [{classes}]"))
        ))
    };
    let ratified = first("reversible", "c");
    assert!(!codes(&ratified).contains(&"close-without-gate"));
    assert!(codes(&ratified.replace("people: 2", "people: 1")).contains(&"too-few-people"));
    for (classes, needs) in [
        ("reversible", "save"),
        ("redoable", "c"),
        ("reversible, redoable", "c"),
        ("irreversible", "c"),
    ] {
        let found = first(classes, needs);
        assert!(
            codes(&found).contains(&"close-without-gate"),
            "{classes} {needs}"
        );
    }
    let sound = behind_gate(&close("go", "doors: [all]"));
    assert!(codes(&sound).is_empty());
    // No closing, of whatever class, is one person's word.
    let one_person = sound.replace("people: 2", "people: 1");
    assert_eq!(codes(&one_person), ["too-few-people"]);
    let mixed = behind_gate(&close(
        "go",
        "doors: [all], classes: [reversible, irreversible]",
    ));
    assert_eq!(codes(&mixed), ["irreversible-mixed"]);
    let own = behind_gate(&close("go", "doors: [all], classes: [irreversible]"));
    assert!(codes(&own).is_empty());
    let one_person = own.replace("people: 2", "people: 1");
    assert_eq!(codes(&one_person), ["too-few-people"]);
    let shared = behind_gate(
        "  - { id: a, needs: [go], close: { doors: [all] } }\n  - { id: b, needs: [go], close: { doors: [all], classes: [irreversible] } }\n",
    );
    assert_eq!(codes(&shared), ["gate-shared"]);
    // The same, hidden behind another step.
    let hidden = behind_gate(
        "  - { id: b, needs: [go], close: { doors: [all], classes: [irreversible] } }\n  - { id: a, needs: [b], close: { doors: [all] } }\n",
    );
    assert_eq!(codes(&hidden), ["gate-shared"]);
    // A gate further up does not count as its own.
    let far = behind_gate(
        "  - { id: w, needs: [go], wait: 1h }\n  - { id: b, needs: [w], close: { doors: [all], classes: [irreversible] } }\n",
    );
    assert_eq!(codes(&far), ["irreversible-without-gate"]);
    let idle = with_steps(&format!("{SAVE}{GATE}"));
    assert_eq!(codes(&idle), ["gate-guards-nothing"]);
}

#[test]
fn rings_are_shown_and_what_waits_for_them_is_named() {
    let text = with_steps(
        "  - { id: a, needs: [c], wait: 1h }\n  - { id: b, needs: [a], wait: 1h }\n  - { id: c, needs: [b], wait: 1h }\n  - { id: d, needs: [c], wait: 1h }\n  - { id: e, needs: [e], wait: 1h }\n",
    );
    let (_, problems) = review("ring.yaml", &text, &catalogue());
    insta::assert_snapshot!("rings", problems.render(100, false));
}

#[test]
fn what_a_provider_forbids() {
    // The membership has to go after the authorization.
    let text = behind_gate(
        "  - { id: first, needs: [go], close: { doors: [github.membership] } }\n  - { id: then, needs: [first], close: { doors: [github.sso_credential] } }\n",
    );
    let (_, problems) = review("order.yaml", &text, &catalogue());
    insta::assert_snapshot!("order_forbidden", problems.render(100, false));
    let turned = behind_gate(
        "  - { id: first, needs: [go], close: { doors: [github.sso_credential] } }\n  - { id: then, needs: [first], close: { doors: [github.membership] } }\n",
    );
    assert!(codes(&turned).is_empty());
}

#[test]
fn periods_that_make_no_sense() {
    for (step, code) in [
        ("{ id: w, needs: [go], wait: 0s }", "zero-period"),
        ("{ id: w, needs: [go], wait: 365d }", "forever-wait"),
        (
            "{ id: w, needs: [go], wait: 1h, timeout: 0m }",
            "zero-period",
        ),
        (
            "{ id: w, needs: [go], close: { doors: [all], prove_within: 40d } }",
            "forever-wait",
        ),
    ] {
        assert_eq!(
            codes(&behind_gate(&format!("  - {step}\n"))),
            [code],
            "{step}"
        );
    }
    let gate = behind_gate("  - { id: w, needs: [go], wait: 1h }\n");
    assert_eq!(
        codes(&gate.replace("expires: 4h", "expires: 0h")),
        ["zero-period"]
    );
    assert_eq!(
        codes(&gate.replace("expires: 4h", "expires: 90d")),
        ["forever-wait"]
    );
}

#[test]
fn warnings_do_not_stop_a_playbook() {
    for (text, code) in [
        (
            behind_gate(
                "  - { id: c, needs: [go, deep], close: { doors: [all] } }\n  - { id: deep, snapshot: { trails: [all] } }\n",
            ),
            "waits-for-deep-trail",
        ),
        (
            with_steps(&format!(
                "{GATE}  - {{ id: c, needs: [go], close: {{ doors: [all] }} }}\n"
            )),
            "no-snapshot",
        ),
        (
            behind_gate(
                "  - { id: c, needs: [go], close: { doors: [all] } }\n  - { id: d, needs: [go], close: { doors: [okta.user] } }\n",
            ),
            "taken-twice",
        ),
        (
            behind_gate(
                "  - { id: c, needs: [go], close: { doors: [github.secret, okta.user] } }\n",
            ),
            "by-hand",
        ),
        (
            behind_gate("  - { id: c, needs: [go], verify: {} }\n"),
            "verify-before-close",
        ),
    ] {
        let (playbook, problems) = review("warn.yaml", &text, &catalogue());
        assert!(playbook.is_some(), "{problems}");
        let found: Vec<_> = problems.iter().map(|p| (p.code, p.severity)).collect();
        assert_eq!(found, [(code, Severity::Warning)]);
    }
}

#[test]
fn a_reversible_close_without_a_way_back_is_the_providers_fault() {
    use cordon::door::{Class, DoorKind, Order};
    const BAD: cordon::provider::Spec = cordon::provider::Spec {
        doors: &[DoorKind {
            undo: None,
            ..super::kind("okta.user", Class::Reversible, Order::Silent)
        }],
        ..super::OKTA
    };
    let catalogue = cordon::playbook::Catalogue::new(vec![&BAD], Vec::new());
    let text = behind_gate("  - { id: c, needs: [go], close: { doors: [okta.*] } }\n")
        .replace("[perishable]", "[all]");
    let (playbook, problems) = review("bad.yaml", &text, &catalogue);
    assert!(playbook.is_none());
    assert_eq!(
        problems.iter().map(|p| p.code).collect::<Vec<_>>(),
        ["no-inverse"]
    );
}
