//! Hostile files: too large, too deep, bombs, characters that take over a terminal.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cordon::playbook::{MAX_BYTES, load, review};
use proptest::prelude::*;

use super::{catalogue, with_steps};

fn only_code(text: &str) -> &'static str {
    let problems = load("hostile.yaml", text).unwrap_err();
    problems.iter().next().unwrap().code
}

#[test]
fn size_depth_and_bombs_are_refused_quickly() {
    let began = Instant::now();
    assert_eq!(only_code(&"a".repeat(MAX_BYTES + 1)), "too-large");
    assert_eq!(
        only_code(&format!("playbook: {}", "[".repeat(20_000))),
        "yaml"
    );
    assert_eq!(
        only_code(&format!("playbook: {}{}", "[".repeat(40), "]".repeat(40))),
        "too-deep"
    );
    let block = (0..60).map(|depth| " ".repeat(depth) + "a:\n");
    let block: String = block.collect();
    assert_eq!(only_code(&block), "too-deep");
    let wide = format!("playbook: [{}]", "a,".repeat(100_000));
    assert_eq!(only_code(&wide), "too-deep");
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (from, to) in ('a'..='h').zip('b'..='i') {
        let nine = vec![format!("*{from}"); 9].join(",");
        writeln!(bomb, "{to}: &{to} [{nine}]").unwrap();
    }
    assert_eq!(only_code(&bomb), "alias");
    assert_eq!(only_code("a: &x {b: 1}\nc: {<<: *x}\n"), "alias");
    assert_eq!(only_code("a: *nowhere\n"), "alias");
    // Wildly many needs on each of the most steps that are allowed.
    let ids: Vec<String> = (0..200).map(|n| format!("s{n}")).collect();
    let needs = ids.join(",");
    let many: Vec<String> = ids
        .iter()
        .map(|id| format!("  - {{ id: {id}, needs: [{needs}], wait: 1h }}"))
        .collect();
    let many: String = with_steps(&many.join("\n"))
        .chars()
        .take(MAX_BYTES)
        .collect();
    let (_, problems) = review("many.yaml", &many, &catalogue());
    assert!(problems.has_errors());
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn nothing_from_the_file_reaches_the_terminal_raw() {
    let text = with_steps(
        "  - { id: \"go\\e[2J\", needs: [\"x\\u202Ey\"], wait: 1h }\n  - { id: a, \"k\\x07\": 1, draft: [\"\\e]0;t\\a\"] }\n  # \u{202e} in a comment, and \u{9b}31m\n",
    );
    let found = raw_free(&text);
    assert_eq!(found, ["yaml"], "a control character is no YAML");
    let found = raw_free(&text.replace('\u{9b}', ""));
    assert_eq!(found, ["bad-name", "unknown-key", "unknown-notice"]);
}

/// The codes of the problems, none of which shows anything raw.
fn raw_free(text: &str) -> Vec<&'static str> {
    let (_, problems) = review("file\u{1b}[31m.yaml", text, &catalogue());
    let forbidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
    let rendered = problems.render(80, false);
    assert!(!rendered.contains(forbidden), "{rendered:?}");
    assert!(!problems.to_string().contains(forbidden));
    assert!(!problems.to_fault().to_string().contains(forbidden));
    problems.iter().map(|problem| problem.code).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is cut out of, doubled in or written into a sound playbook: an answer, and one that renders.
    #[test]
    fn broken_text_never_panics(at in 0_usize..1600, cut in 0_usize..40, put in "[ \\[\\]{}:,&*!|>'\"#\\-a-z0-9\n\té\u{202e}]{0,12}") {
        let sound = cordon::playbook::shipped("terminated-contractor").unwrap();
        let mut text: Vec<char> = sound.chars().collect();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, put.chars());
        let text: String = text.into_iter().collect();
        let (playbook, problems) = review("p.yaml", &text, &catalogue());
        prop_assert_eq!(playbook.is_none(), problems.has_errors());
        problems.render(60, true);
        serde_json::to_string(&problems).unwrap();
    }
}
