//! `cordon people` and `cordon token`, as somebody at a terminal uses them.

use std::fs;

use crate::program::Program;

const PEOPLE: &str = r#"
data = "data"
[serve]
public_url = "https://cordon.corp.example"
[[people]]
name = "Ada"
roles = ["legal"]
emails = ["ada@corp.example"]
[[people]]
name = "Bo"
roles = ["administrator"]
emails = ["bo@corp.example"]
"#;

#[test]
fn people_are_invited_and_tokens_made_at_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cordon.toml");
    fs::write(&config, PEOPLE).unwrap();
    let program = Program::at(folder.path(), Some(config));
    let run = |args: &[&str]| {
        let ended = program.run(args);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    };
    let state = |at: usize| {
        let list = run(&["people", "list", "--json"]).json();
        list["people"][at]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(0), "not invited");
    let invited = run(&["people", "invite", "Ada"]);
    let link = invited.out.lines().next().unwrap();
    let ticket = link
        .strip_prefix("https://cordon.corp.example/welcome/")
        .unwrap();
    assert_eq!(ticket.len(), 43);
    assert_eq!(state(0), "invited");
    let sealed = run(&[
        "people",
        "break-glass",
        "Bo",
        "--reason",
        "yearly renewal",
        "--json",
    ]);
    let codes = sealed.json()["codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 8);
    assert!(codes.iter().all(|code| code.as_str().unwrap().len() == 39));
    let made = run(&[
        "token", "new", "Ada", "--role", "legal", "--days", "7", "--json",
    ])
    .json();
    let text = made["token"].as_str().unwrap();
    let id = made["about"]["id"].as_str().unwrap();
    let listed = run(&["token", "list"]);
    assert!(
        listed.out.contains(id) && !listed.out.contains(text),
        "{listed:?}"
    );
    run(&["token", "revoke", id]);
    assert_eq!(run(&["token", "list"]).out, "There is no token.\n");
    run(&["people", "revoke", "Ada"]);
    assert_eq!(state(0), "not invited");
    let list = run(&["people", "list"]).out;
    assert!(list.contains("8 codes") && list.contains("never"), "{list}");
    for (args, code) in [
        (&["people", "invite", "Zed"][..], "no-person"),
        (&["people", "break-glass", "Bo", "--reason", " "], "reason"),
        (&["token", "new", "Ada", "--role", "administrator"], "token"),
        (&["token", "new", "Ada", "--role", "owner"], ""),
        (&["token", "revoke", "nothing"], "no-token"),
    ] {
        let ended = program.run(args);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(code), "{ended:?}");
    }
}

/// A proxy that names nobody makes one address of all clients: that is said when the service starts.
#[test]
fn a_proxy_that_names_no_client_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cordon.toml");
    let program = Program::at(folder.path(), Some(config.clone()));
    let warned = |text: &str| {
        fs::write(&config, text).unwrap();
        let ended = program.run(&["serve", "--check"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.err.contains("client_header")
    };
    assert!(warned(PEOPLE));
    assert!(!warned(&format!(
        "{PEOPLE}[signin]\nclient_header = \"X-Forwarded-For\"\n"
    )));
    assert!(!warned("data = \"data\"\n"));
    let local = PEOPLE.replace("https://cordon.corp.example", "http://localhost:8470");
    assert!(!warned(&local));
}
