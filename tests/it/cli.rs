//! What the program says at a terminal, and the exit codes that scripts act on.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ::http::Method;
use cordon::range::company::extortion_mail;
use cordon::range::fault::{Faults, Nth, Trouble};
use cordon::store::CaseStore;
use cordon::time::{Clock as _, SystemClock};

use crate::program::{Ended, Program};
use crate::staged::{Staged, Struck, approvers, small_company};

/// Compares what was said with what it said before; what differs from run to run is left out.
fn says(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, stands) in [
        // Where a line ends depends on how long its times are.
        (
            r"(?m)^((?:next due|waiting   (?:gate|notice)) .*)\n {10}(\S)",
            "${1} ${2}",
        ),
        (r"\((Mon|Tue|Wed|Thu|Fri|Sat|Sun)[^)]*\)", "([local time])"),
        (
            r"(case|door|ev|notice|contact|clock)\\?_[0-9a-z]{26}",
            "${1}_[id]",
        ),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[instant]"),
        // How many looks a late answer takes depends on the machine.
        (r"evidence  \d+ items", "evidence  [n] items"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( E[SD]T)?", "[time]"),
        (r"\d{4}-\d\d-\d\d", "[date]"),
        (r"\b[0-9a-f]{64}\b", "[sha256]"),
        (r"\b[0-9a-f]{12}\b", "[hash]"),
        (r"127\.0\.0\.1:\d+", "[address]"),
        (r"/[^\s`]*/\.tmp[0-9A-Za-z]+", "[folder]"),
        (r"process \d+", "process [pid]"),
    ] {
        settings.add_filter(pattern, stands);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn program(folder: &Path) -> Program {
    Program::at(folder, None)
}

/// The help of a command and of everything below it.
fn reference(program: &Program, path: &[&str], text: &mut String) {
    let args: Vec<&str> = path.iter().copied().chain(["--help"]).collect();
    let help = program.run(&args);
    assert_eq!(help.code, Some(0), "{help:?}");
    writeln!(text, "# cordon {}\n\n{}", path.join(" "), help.out).unwrap();
    let Some((_, commands)) = help.out.split_once("Commands:\n") else {
        return;
    };
    let lines = commands.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
    {
        let path: Vec<&str> = path.iter().copied().chain([name]).collect();
        reference(program, &path, text);
    }
}

#[test]
fn the_reference_of_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    reference(&program(folder.path()), &[], &mut text);
    assert!(text.matches("# cordon ").count() > 40);
    says("reference", &text);
}

#[test]
fn playbooks_and_providers_are_described() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    for (name, args) in [
        ("playbook_show", vec!["playbook", "show"]),
        ("provider_show_github", vec!["provider", "show", "github"]),
        ("provider_show_okta", vec!["provider", "show", "okta"]),
    ] {
        let said = program.run(&args);
        assert_eq!(said.code, Some(0), "{said:?}");
        says(name, &said.out);
    }
}

#[test]
fn a_bad_playbook_is_refused_with_every_problem_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let bad = "playbook: bad\ntitle: Bad in several ways.\nsteps:\n  - id: close\n    close: { doors: [okta.acount], classes: [irreversible] }\n  - id: again\n    needs: [closed]\n    verfy: {}\n";
    let path = folder.path().join("home/bad.yaml");
    fs::write(&path, bad).unwrap();
    let said = program.run(&["playbook", "check", "bad.yaml"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    says("playbook_check_bad", &said.out);
}

#[test]
fn usage_and_input_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    for args in [
        &["case", "open"][..],
        &["no-such-verb"],
        &["status", "case_that_is_not_there"],
    ] {
        let said = program.run(args);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.out.is_empty() && !said.err.is_empty(), "{said:?}");
    }
}

#[test]
fn with_json_an_error_is_one_document_and_still_text_on_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let mut text = String::new();
    for args in [
        &["status", "case_that_is_not_there", "--json"][..],
        &["--json", "case", "open"],
        &["no-such-verb", "--json"],
        &["contact", "--json"],
        &["--json", "contact"],
        &["--json", "contact", "add", "x", "--channel", "smoke"],
        &["--json", "--config", "missing.toml", "case", "list"],
        &["--json", "evidence", "verify", "missing"],
    ] {
        let said = program.run(args);
        let document = said.json();
        assert_eq!(
            document["error"]["exit"].as_i64(),
            said.code.map(i64::from),
            "{said:?}"
        );
        assert!(!said.err.is_empty(), "{said:?}");
        writeln!(
            text,
            "$ cordon {}\n{}\n{}",
            args.join(" "),
            said.out,
            said.err
        )
        .unwrap();
    }
    // Behind `--`, and in what is no error, it is no wish for a document.
    let help = program.run(&["--json", "--help"]);
    assert!(help.code == Some(0) && help.out.starts_with("Runs the response"));
    let plain = program.run(&["no-such-verb", "--", "--json"]);
    assert!(plain.code == Some(2) && plain.out.is_empty(), "{plain:?}");
    says("errors_json", &text);
}

#[test]
fn the_page_of_a_command_is_headed_by_the_program_and_the_whole_name() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let page = program.run(&["man", "--command", "contact add"]).out;
    let version = env!("CARGO_PKG_VERSION");
    let head = format!(".TH cordon-contact-add 1  \"cordon {version}\"");
    assert!(page.contains(&head), "{page}");
}

/// A case at the desk of an operator, over the simulated providers.
pub(crate) struct Desk {
    pub(crate) staged: Staged,
    pub(crate) program: Program,
    pub(crate) case: String,
}

impl Desk {
    /// A case of a small company that was just opened.
    pub(crate) async fn set(folder: &Path) -> Self {
        let staged = Staged::set(folder, small_company(), Struck::default()).await;
        let program = Program::at(folder, Some(staged.config()));
        let case = String::new();
        let mut desk = Self {
            staged,
            program,
            case,
        };
        desk.open();
        desk
    }

    fn open(&mut self) {
        let subject = &self.staged.company.subject;
        let opening = format!(
            "case open --worker-id {} --email {}",
            subject.worker_id, subject.email
        );
        self.ends(0, &opening).out.trim().clone_into(&mut self.case);
    }

    /// Runs a command that has to end with `code`; `CASE` stands for the case.
    pub(crate) fn ends(&self, code: i32, line: &str) -> Ended {
        let args: Vec<&str> = line
            .split(' ')
            .map(|word| {
                if word == "CASE" {
                    self.case.as_str()
                } else {
                    word
                }
            })
            .collect();
        let ended = self.program.run(&args);
        assert_eq!(
            ended.code,
            Some(code),
            "{line}: {}\n{}",
            ended.out,
            ended.err
        );
        ended
    }

    pub(crate) fn approve(&self, gate: &str) {
        for (name, role) in approvers(&self.staged.company) {
            let key = self.staged.key(role).display().to_string();
            let said = self.program.run(&[
                "approve", &self.case, gate, "--as", name, "--key", &key, "--reason", "seen",
            ]);
            assert_eq!(said.code, Some(0), "{said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_from_its_opening_to_the_export() {
    let folder = tempfile::tempdir().unwrap();
    journey(&Desk::set(folder.path()).await);
}

/// The same answers, word for word, when a daemon has the stores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_from_its_opening_to_the_export_through_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::set(folder.path()).await;
    let _served = desk.program.serve();
    desk.case.clear();
    desk.open();
    journey(&desk);
}

fn journey(desk: &Desk) {
    let folder = &desk.staged.folder;
    let mail = extortion_mail(&desk.staged.company, SystemClock.now());
    fs::write(folder.join("home/demand.eml"), mail).unwrap();
    let refused = desk.ends(2, "case open --worker-id 1 --title Fraud");
    assert!(refused.err.contains("--title-anyway"), "{refused:?}");
    desk.ends(0, "inventory CASE");
    let given_a_folder = desk.ends(2, "snapshot CASE --import .");
    assert!(
        given_a_folder.err.contains("name the files in it"),
        "{given_a_folder:?}"
    );
    says("plan", &desk.ends(0, "plan CASE").out);
    desk.ends(3, "run CASE");
    says("status_at_the_gates", &desk.ends(0, "status CASE").out);
    owned(desk);
    begun(desk);
    desk.approve("go");
    desk.approve("go-for-good");
    // The plan looks again after a day: people are not waited for, a time is.
    desk.ends(3, "run CASE");
    let verified = desk.ends(4, "verify CASE").out;
    let widest = verified.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{verified}");
    desk.ends(0, "contact import CASE demand.eml");
    contacts(desk);
    says("status_at_the_end", &desk.ends(0, "status CASE").out);
    says(
        "notice_ic3",
        &text_of_notice(&desk.ends(0, "notice draft CASE ic3").out),
    );
    desk.ends(0, "evidence export CASE --to export");
    desk.ends(0, "evidence verify export");
    let home = folder.join("home");
    no_planted_secret(desk, &home.join("export"));
    cut_and_altered(desk);
    tampered(desk, &home.join("export"));
    only_looks_left(desk);
}

/// Each file that was given is reported, whatever became of the others.
fn per_file(desk: &Desk) {
    let home = desk.staged.folder.join("home");
    let line =
        r#"{"@timestamp":1767225600000,"action":"repo.create","actor":"x","_document_id":"d"}"#;
    fs::write(home.join("good.json"), format!("{line}\n")).unwrap();
    let said = desk.ends(2, "snapshot CASE --import missing.json good.json . --json");
    let document = said.json();
    let names = |of: &str| -> Vec<String> {
        let list = document[of].as_array().unwrap().iter();
        list.map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("imported"), ["good.json"]);
    assert_eq!(names("refused"), ["missing.json", "."]);
    let told = [
        "missing.json: The file cannot be read",
        "name the files in it",
    ];
    assert!(told.iter().all(|part| said.err.contains(part)), "{said:?}");
}

/// A run that has begun is set aside only by who says so, and hears what that costs.
fn begun(desk: &Desk) {
    let ledger = desk.staged.folder.join("data/cases").join(&desk.case);
    let ledger = || fs::read(ledger.join("ledger.jsonl")).unwrap();
    let before = ledger();
    let shown = desk.ends(0, "plan CASE");
    assert!(
        shown.err.contains("nothing was changed") && shown.err.contains("--replace"),
        "{shown:?}"
    );
    let refused = desk.ends(2, "run CASE --playbook terminated-contractor");
    assert!(refused.err.contains("error[run-begun]"), "{refused:?}");
    let refused = desk.ends(2, "case close CASE --reason done");
    assert!(
        refused.err.contains("gate `go`, which waits for people")
            && refused.err.contains("cordon run case_"),
        "{refused:?}"
    );
    assert!(ledger() == before, "a refusal or a look writes nothing");
    let stopped = desk.ends(0, "run CASE --stop --reason pause");
    assert!(
        stopped.out.contains("the run is stopped") && stopped.out.contains("gate `go`"),
        "{stopped:?}"
    );
    assert!(
        desk.ends(2, "run CASE --stop --reason twice")
            .err
            .contains("error[no-run]")
    );
    desk.ends(3, "run CASE");
}

/// Doors are opened again only by name or after a second word, and a case whose run only waits for
/// later looks can be closed.
fn only_looks_left(desk: &Desk) {
    let plan = desk.ends(0, "plan CASE");
    assert!(
        plan.err.contains("gate `go`, which was passed") && plan.err.contains("the later look"),
        "{plan:?}"
    );
    assert!(!plan.err.contains("steps that have not ended"), "{plan:?}");
    desk.ends(2, "undo CASE --reason mistake");
    let ledger = desk.staged.folder.join("data/cases").join(&desk.case);
    let lines = || fs::read(ledger.join("ledger.jsonl")).unwrap().len();
    let before = lines();
    let shown = desk.ends(2, "undo CASE --all --reason mistake");
    assert!(
        shown.out.contains("would be opened again")
            && shown.out.contains("stays as it is")
            && shown.err.contains("--all --yes"),
        "{shown:?}"
    );
    assert_eq!(lines(), before, "nothing was done");
    let door = shown.out.lines().find(|line| line.contains("would be"));
    let door = door.unwrap().split(' ').next().unwrap();
    let undone = desk.ends(0, &format!("undo CASE {door} --reason mistake"));
    assert!(
        undone.err.contains("opening again  ") && undone.err.contains("open again     "),
        "{undone:?}"
    );
    let told = desk.ends(0, "case timeline CASE").out;
    assert!(told.contains("undo: mistake"), "{told}");
    let closed = desk.ends(0, "case close CASE --reason done");
    assert!(
        closed.out.ends_with(": closed\n")
            && closed.err.contains("warning: not made: the later look"),
        "{closed:?}"
    );
    desk.ends(2, "run CASE");
}

/// A run whose process was killed is called interrupted, goes on from where it stood, and is set aside
/// only by who says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_is_interrupted_and_goes_on_from_where_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::set(folder.path()).await;
    desk.ends(0, "inventory CASE");
    desk.ends(0, "plan CASE");
    let case = desk.staged.folder.join("data/cases").join(&desk.case);
    let mut run = desk
        .program
        .command(&["run", &desk.case])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ended = || fs::read_to_string(case.join("ledger.jsonl")).unwrap();
    while !ended().contains("step.ended") {
        assert!(run.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let alive = desk.ends(0, "status CASE").out;
    run.kill().unwrap();
    run.wait().unwrap();
    let said = format!("process   under way in process {}", run.id());
    assert!(alive.contains(&said), "{alive}");
    let dead = desk.ends(0, "status CASE");
    let said = format!("process   interrupted; `cordon run {}` goes on", desk.case);
    assert!(
        dead.out.contains(&said) && !dead.out.contains("under way"),
        "{dead:?}"
    );
    let resumed = desk.ends(3, "run CASE");
    assert!(resumed.err.starts_with("going on: "), "{resumed:?}");
    let waits = desk.ends(0, "status CASE").out;
    assert!(!waits.contains("process  "), "{waits}");
    per_file(&desk);
    let replaced = desk.ends(0, "plan CASE --replace");
    assert!(
        replaced
            .err
            .contains("warning: set aside with the run before: gate `go`, which waits for people"),
        "{replaced:?}"
    );
}

/// Where nothing was recognised a person judges, and a demand so marked does what a recognised one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_says_what_is_a_demand() {
    let folder = tempfile::tempdir().unwrap();
    let staged = Staged::set(folder.path(), small_company(), Struck::default()).await;
    let program = Program::at(folder.path(), Some(staged.config()));
    let mut desk = Desk {
        staged,
        program,
        case: String::new(),
    };
    let opening = "case open --email someone@mail-one.example";
    desk.ends(0, opening).out.trim().clone_into(&mut desk.case);
    let head = desk.ends(0, "status CASE").out;
    assert!(
        head.contains("no plan yet") && !head.contains("was not run"),
        "{head}"
    );
    let text = "A friend of mine knows where you keep it.";
    let added = desk.program.run(&[
        "contact",
        "add",
        &desk.case,
        "--channel",
        "call",
        "--from",
        "+1-555",
        "--text",
        text,
    ]);
    assert!(
        added
            .out
            .contains("demand    not recognised; a person judges (cordon contact mark "),
        "{added:?}"
    );
    let list = desk.ends(0, "contact list CASE").out;
    assert!(
        list.contains("not seen") && !list.contains(" no\n"),
        "{list}"
    );
    let one = desk.ends(0, "contact list CASE --json").json()["contacts"][0].clone();
    assert_eq!(one["hinted"], false);
    assert_eq!(one["judged"], serde_json::Value::Null);
    let id = one["id"].as_str().unwrap();
    let rules = |clocks: &serde_json::Value| {
        let rule = "\"rule\":\"eu.gdpr.33\"";
        clocks.to_string().matches(rule).count()
    };
    assert_eq!(rules(&desk.ends(0, "clock list CASE --json").json()), 0);
    let mark = |code, rest: &str| desk.ends(code, &format!("contact mark CASE {id} {rest}"));
    mark(2, "--reason read");
    mark(2, "--demand --no-demand --reason read");
    mark(2, "--demand");
    let said = mark(0, "--demand --reason threat-by-a-friend").out;
    assert!(
        said.contains("demand    yes")
            && said.contains("Judged by")
            && said.contains("hold      a sanctions hold stands"),
        "{said}"
    );
    let status = desk.ends(0, "status CASE --json").json()["summary"].clone();
    assert!(status["sanctions_hold"].is_string(), "{status}");
    assert_eq!(status["contacts"]["demands"], 1);
    assert_eq!(rules(&desk.ends(0, "clock list CASE --json").json()), 1);
    // Who says that it is none lifts no hold and stops no clock.
    mark(0, "--no-demand --reason a-joke");
    let status = desk.ends(0, "status CASE --json").json()["summary"].clone();
    assert!(status["sanctions_hold"].is_string(), "{status}");
    assert_eq!(status["contacts"]["demands"], 0);
    assert_eq!(rules(&desk.ends(0, "clock list CASE --json").json()), 1);
    let one = desk.ends(0, "contact list CASE --json").json()["contacts"][0].clone();
    assert_eq!(one["judged"]["reason"], "a-joke");
    assert!(one["judged"]["by"]["operator"].is_string(), "{one}");
    let timeline = desk.ends(0, "case timeline CASE").out;
    assert!(
        timeline.contains("judged a demand by operator")
            && timeline.contains("judged no demand by operator"),
        "{timeline}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_is_begun_once_and_fetched_without_a_credential() {
    let folder = tempfile::tempdir().unwrap();
    let archives = Faults::none().on(Method::GET, "/archives/*", Nth::Only(1), Trouble::Reset);
    let struck = Struck {
        archives,
        ..Struck::default()
    };
    let staged = Staged::set(folder.path(), small_company(), struck).await;
    staged.github.set_lag(std::time::Duration::from_secs(5));
    let program = Program::at(folder.path(), Some(staged.config()));
    let mut desk = Desk {
        staged,
        program,
        case: String::new(),
    };
    let company = &desk.staged.company;
    let opening = format!("case open --worker-id {}", company.subject.worker_id);
    let ask = format!("snapshot CASE --archive {}/tide-engine --json", company.org);
    let elsewhere = "snapshot CASE --archive elsewhere/tide-engine";
    desk.case = desk.ends(0, &opening).out.trim().to_owned();
    let refused = desk.ends(2, elsewhere);
    assert!(
        refused.err.contains("error[github-repository]"),
        "{refused:?}"
    );

    let begun = desk.ends(3, &format!("{ask} --wait 0"));
    assert!(begun.err.contains("goes on with this archive"), "{begun:?}");
    let begun = begun.json()["archived"].clone();
    assert!(begun["evidence"].is_null() && begun["resumed"] == false);
    let kept = desk.ends(0, &format!("{ask} --wait 1")).json()["archived"].clone();
    assert_eq!(kept["id"], begun["id"]);
    assert!(kept["resumed"] == true && kept["bytes"].as_u64() > Some(0));
    // What was kept is not fetched again.
    let again = desk.ends(0, &ask).json()["archived"].clone();
    assert_eq!(again, kept);
    let calls = desk.staged.calls.calls();
    let posts = calls
        .iter()
        .filter(|call| call.method == "POST" && call.path.ends_with("/migrations"));
    assert_eq!(posts.count(), 1);
    // It broke off once, and came whole from a fresh address; the other host answers 400 to whoever
    // shows a credential.
    let fetched: Vec<_> = calls
        .iter()
        .filter(|call| call.server == "archives")
        .collect();
    assert!(
        matches!(fetched[..], [_, whole] if whole.status == Some(200)),
        "{fetched:?}"
    );

    let timeline = desk.ends(0, "case timeline CASE").out;
    assert_eq!(
        timeline.matches("of github is ours").count(),
        1,
        "{timeline}"
    );
    desk.ends(0, "evidence export CASE --to export");
    desk.ends(0, "evidence verify export");
    let files = walk(&folder.path().join("home/export"));
    let holds = |text: &str| {
        let has = |path: &std::path::PathBuf| {
            let bytes = fs::read(path).unwrap();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        files.iter().filter(|path| has(path)).count()
    };
    let query = fetched[0].query.as_deref().unwrap();
    let (_, signature) = query.rsplit_once('=').unwrap();
    assert_eq!(
        holds(signature),
        0,
        "the right to the archive is in the evidence"
    );
    assert!(holds(kept["sha256"].as_str().unwrap()) > 0);
    assert!(
        holds("\"migration\":") > 0,
        "the archive is not in the export"
    );
}

/// A notice without what depends on which call was made first: the numbers of its evidence and the
/// order of its lists; and without counts that depend on the hour of the day.
fn text_of_notice(text: &str) -> String {
    let mut lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("[e"))
        .collect();
    for list in lines.chunk_by_mut(|one, next| one.starts_with("- ") == next.starts_with("- ")) {
        if list[0].starts_with("- ") {
            list.sort_unstable();
        }
    }
    let text = lines.join("\n");
    let without = |text: &str, pattern: &str, stands: &str| {
        regex::Regex::new(pattern)
            .unwrap()
            .replace_all(text, stands)
            .into_owned()
    };
    let text = without(&text, r"(\[e[0-9e–, ]+\])+", "[e…]");
    let text = without(&text, r"records: \d+", "records: [n]");
    without(
        &text,
        r"\(\d+ of (\d+) characters\)",
        "([n] of $1 characters)",
    )
}

/// Exit code 6 with the process that owns the store; looking at the list and the contacts goes on.
fn owned(desk: &Desk) {
    let case = desk.staged.folder.join("data/cases").join(&desk.case);
    let store = CaseStore::open(&case).unwrap();
    let said = desk.ends(6, "run CASE");
    assert!(
        said.err
            .contains(&format!("process {}", std::process::id())),
        "{said:?}"
    );
    assert!(said.out.is_empty());
    let document = desk.ends(6, "run CASE --json").json();
    assert_eq!(document["error"]["code"], "store-owned");
    assert_eq!(document["error"]["exit"], 6);
    assert_eq!(document["error"]["where"], case.display().to_string());
    desk.ends(0, "case list");
    desk.ends(0, "contact list CASE");
    drop(store);
}

/// An instant in the future is refused; who says when a mail came in is told.
fn contacts(desk: &Desk) {
    let add = |code, at: &str| {
        let line = format!("contact add CASE --channel call --from +1-555 --at {at} --text hello");
        desk.ends(code, &line)
    };
    let before = desk.ends(0, "contact list CASE --json").json();
    let said = add(2, "2099-01-01T00:00:00Z");
    assert!(
        said.err.contains("error[contact-future]")
            && said.err.contains("at: --at 2099-01-01T00:00:00Z")
            && said.err.contains("hint: "),
        "{said:?}"
    );
    let after = desk.ends(0, "contact list CASE --json").json();
    assert_eq!(after, before, "a refusal leaves nothing behind");
    let mail = &after["contacts"][0];
    let sources: Vec<&str> = mail["arrivals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["source"].as_str().unwrap())
        .collect();
    assert_eq!(sources, ["received-header", "import", "date-header"]);
    assert_eq!(mail["received"], mail["arrivals"][0]["at"]);
    let shown = desk.ends(
        0,
        &format!("contact show CASE {}", mail["id"].as_str().unwrap()),
    );
    assert!(
        shown.out.contains("as recorded by the server")
            && shown.out.contains("as claimed by the sender"),
        "{shown:?}"
    );
    let timeline = desk.ends(0, "case timeline CASE").out;
    assert!(timeline.contains("as recorded by the server"), "{timeline}");
}

/// What an address in an answer carried is in no file of the export, and in no command's answer.
fn no_planted_secret(desk: &Desk, export: &Path) {
    let token = cordon::range::github::HOOK_TOKEN;
    let holds = |bytes: &[u8]| bytes.windows(token.len()).any(|at| at == token.as_bytes());
    let mut names_the_host = false;
    for path in walk(export) {
        let bytes = fs::read(&path).unwrap();
        assert!(!holds(&bytes), "{}", path.display());
        let text = String::from_utf8_lossy(&bytes);
        names_the_host |= text.contains("collect.listing.invalid/in?token=[removed, ");
    }
    assert!(names_the_host, "the rest of the address is evidence");
    for command in ["status CASE --json", "case timeline CASE --json"] {
        let code = 0;
        assert!(!holds(desk.ends(code, command).out.as_bytes()), "{command}");
    }
}

/// Lines that were cut off or altered behind the program's back are told at once and for good.
fn cut_and_altered(desk: &Desk) {
    let case = desk.staged.folder.join("data/cases").join(&desk.case);
    let ledger = case.join("ledger.jsonl");
    let text = fs::read_to_string(&ledger).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    fs::write(&ledger, lines[..lines.len() - 30].concat()).unwrap();
    let said = desk.ends(5, "status CASE");
    assert!(said.err.contains("was acknowledged"), "{said:?}");
    let said = desk.ends(5, "evidence verify --case CASE");
    assert!(said.out.contains("had been cut"), "{said:?}");
    let now = fs::read_to_string(&ledger).unwrap();
    assert!(now.starts_with(&text), "every line is back");
    assert_eq!(now.lines().count(), lines.len() + 1);
    // The copies agree again; what was found stays in the log.
    let said = desk.ends(0, "evidence verify --case CASE");
    assert!(said.out.starts_with("VERIFIED"), "{said:?}");
    assert!(said.out.contains("found and mended:"), "{said:?}");
    let altered = now.replacen("\"seq\":99,", "\"seq\":98,", 1);
    assert_ne!(altered, now);
    fs::write(&ledger, altered).unwrap();
    desk.ends(5, "evidence verify --case CASE");
    desk.ends(0, "evidence verify --case CASE");
    for command in [
        "status CASE",
        "case timeline CASE",
        "evidence verify --case CASE",
    ] {
        let out = desk.ends(0, command).out;
        let words: Vec<&str> = out.split_whitespace().collect();
        let out = words.join(" ");
        for found in [
            "had been cut",
            "another text at line 100",
            "ledger.damaged-1",
            "ledger.damaged-2",
        ] {
            // The timeline writes every name as it writes hostile ones.
            let out = out.replace("[.]", ".");
            assert!(out.contains(found), "{command}: {found}: {out}");
        }
    }
    desk.ends(0, "evidence export CASE --to mended");
    let said = desk.ends(0, "evidence verify mended");
    assert!(said.out.contains("ledger.damaged-2"), "{said:?}");
}

/// Exit code 5 when one byte of one item is another.
fn tampered(desk: &Desk, export: &Path) {
    let raw = walk(export)
        .into_iter()
        .find(|path| path.display().to_string().contains("raw"))
        .unwrap();
    let mut bytes = fs::read(&raw).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&raw, bytes).unwrap();
    let said = desk.ends(5, "evidence verify export");
    let name = raw.file_name().unwrap().to_str().unwrap();
    assert!(said.out.contains(name), "{said:?}");
}

/// Every file below a folder that is not empty.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .flat_map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect();
    files.retain(|path| path.metadata().unwrap().len() > 0);
    files.sort();
    files
}
