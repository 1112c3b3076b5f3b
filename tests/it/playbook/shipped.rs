//! The playbook that comes with Cordon, its schema, and its faces.

use cordon::playbook::{self, Format, graph, review, schema, shipped, shipped_names, show};

use super::load;

#[test]
fn every_shipped_playbook_is_sound_and_short() {
    for name in shipped_names() {
        let text = shipped(name).unwrap();
        let (found, problems) = review(name, text, &cordon::app::catalogue());
        assert!(problems.is_empty(), "{}", problems.render(100, false));
        assert_eq!(found.unwrap().name, name);
        assert!(text.lines().count() <= 45);
    }
    assert!(shipped("no-such").is_none());
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test is asked to write the file"
)]
fn the_committed_schema_is_current() {
    let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/schema.json");
    if std::env::var_os("CORDON_UPDATE").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == current,
        "run the test with CORDON_UPDATE=1 and commit playbooks/schema.json"
    );
}

#[test]
fn a_playbook_survives_being_written_and_read() {
    let first = load(shipped("terminated-contractor").unwrap());
    let steps = serde_json::to_value(&first.steps).unwrap();
    // JSON is YAML, so what is exported can be read again.
    let text = serde_json::json!({ "playbook": first.name, "title": first.title, "steps": steps })
        .to_string();
    assert_eq!(load(&text).steps, first.steps);
}

#[test]
fn the_shipped_playbook_reads_aloud() {
    let playbook = load(shipped("terminated-contractor").unwrap());
    insta::assert_snapshot!("show", show(&playbook));
    insta::assert_snapshot!("graph_text", graph(&playbook, Format::Text));
    insta::assert_snapshot!("graph_dot", graph(&playbook, Format::Dot));
    insta::assert_snapshot!(
        "graph_mermaid",
        graph(&playbook, "mermaid".parse().unwrap())
    );
    assert!("svg".parse::<Format>().is_err());
    assert_eq!(
        playbook.digest(),
        cordon::canon::Digest::of(playbook.text().as_bytes())
    );
    assert!(playbook::nearest("gaet", ["gate", "wait"]) == Some("gate"));
}
