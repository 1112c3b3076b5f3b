//! The same answers with a daemon and without one: exit code, stdout and stderr. What is only asked is
//! asked on the same state, and answered word for word.

use std::fs;
use std::path::PathBuf;

use cordon::range::company::extortion_mail;
use cordon::time::{Clock as _, SystemClock};
use regex::Regex;

use crate::cli::Desk;
use crate::program::Ended;
use crate::staged::approvers;

/// What changes nothing and answers. `CASE` and its like stand for what there is.
const READS: &[&str] = &[
    "case list",
    "case handover CASE",
    "case timeline CASE",
    "status CASE",
    "plan CASE",
    "evidence list CASE",
    "evidence show CASE EVIDENCE",
    "evidence show CASE EVIDENCE --raw",
    "evidence verify --case CASE",
    "contact list CASE",
    "contact show CASE CONTACT",
    "clock list CASE",
    "clock show CASE CLOCK",
    "clock calendar CASE",
    "clock instant list CASE",
    "fact list CASE --missing",
    "fact show CASE FACT",
    "sanctions show CASE",
    "notice list CASE",
    "notice show CASE NOTICE",
    "notice show CASE NOTICE --numbered",
    "notice lint CASE NOTICE",
    "notice review CASE NOTICE",
    "notice redline CASE NOTICE",
    "provider check",
    "people list",
    "token list",
];

/// What is refused, and so changes nothing either.
const REFUSED: &[&str] = &[
    "evidence show CASE EVIDENCE --raw",
    "case release CASE --reason x",
    "case recall-unlink CASE 000000000000 --reason lost",
    "case dismiss abcdef --reason x",
    "case restrict CASE --to Nobody --reason x",
    "approve CASE nothing --as Nobody --key missing --reason x",
    "approve CASE go --as NAME --key missing --reason x",
    "contact import CASE missing.eml",
    "clock choose CASE CLOCK --start 2099-01-01T00:00:00Z --reason x",
    "clock answer CASE DUTY nothing yes --reason x",
    "clock calendar CASE --ics missing/deadlines.ics",
    "fact record CASE FACT --value x --standing fact",
    "sanctions propose CASE missing.pdf --kind licence --text x --reason x",
    "notice take CASE NOTICE 99 --reason x",
    "notice edit CASE NOTICE missing.md --reason x",
    "notice import CASE NOTICE demand.eml",
    "notice attach CASE NOTICE missing.pdf",
    "notice export CASE NOTICE draft.odt",
    "notice approve CASE NOTICE --as Nobody --key missing --reason x",
    "notice approve CASE NOTICE --as NAME --key missing --reason x",
    "notice send CASE NOTICE --to office@other.example",
    "notice receipt CASE NOTICE --reference x",
    "people invite Nobody",
    "token new Nobody --role legal",
];

/// What changes something and can be done twice. Numbers and ids that were given out stand for
/// themselves.
const WRITES: &[&str] = &[
    "inventory CASE",
    "contact add CASE --channel call --from caller --text words",
    "clock choose CASE CLOCK --start START --reason told",
    "fact record CASE FACT --value words --standing suspicion",
    "notice comment CASE NOTICE plainer",
    "notice suggest CASE NOTICE --at PLACE --to Plainer. --reason plainer",
    "notice export CASE NOTICE draft.docx",
    "notice import CASE NOTICE draft.docx",
    "case recall-link CASE",
    "case recall CASE --reason wait",
    "case release CASE --reason on",
    "people invite NAME",
    "people break-glass NAME --reason drill",
    "token new NAME --role incident_lead",
];

/// A case with something of everything, and what its parts are called.
struct Rich {
    desk: Desk,
    names: Vec<(&'static str, String)>,
}

impl Rich {
    async fn new(folder: &std::path::Path) -> Self {
        let desk = Desk::set(folder).await;
        let mail = extortion_mail(&desk.staged.company, SystemClock.now());
        fs::write(folder.join("home/demand.eml"), mail).unwrap();
        for (code, line) in [
            (0, "inventory CASE"),
            (0, "plan CASE"),
            (3, "run CASE"),
            (0, "contact import CASE demand.eml"),
            (0, "notice draft CASE executive"),
        ] {
            desk.ends(code, line);
        }
        let said = |line: &str| desk.ends(0, line).json();
        let notice = said("notice draft CASE ic3 --json")["notice"].clone();
        let evidence = said("evidence list CASE --json");
        let contact = said("contact list CASE --json");
        let clock = said("clock list CASE --json");
        let fact = said("fact list CASE --missing --json");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let names = vec![
            ("NAME", approvers(&desk.staged.company)[0].0.to_owned()),
            ("NOTICE", text(&notice)),
            ("EVIDENCE", first(&evidence, "id")),
            ("CONTACT", first(&contact, "id")),
            ("CLOCK", first(&clock, "rule")),
            ("FACT", first(&fact, "key")),
        ];
        let mut rich = Self { desk, names };
        let numbered = rich.run("notice show CASE NOTICE --numbered").out;
        let mut lines = numbered.lines();
        let place = lines.find(|line| line.contains("A business:")).unwrap();
        let place = place.split_whitespace().next().unwrap().to_owned();
        rich.names.push(("PLACE", place));
        let clock = rich.run("clock show CASE CLOCK --json").json();
        let start = first(&clock, "start");
        rich.names.push(("START", start));
        let duty = first(&clock, "obligation");
        rich.names.push(("DUTY", duty));
        rich
    }

    fn run(&self, line: &str) -> Ended {
        let stands = |word: &str| {
            let mut names = self.names.iter();
            let name = names.find(|(name, _)| *name == word);
            match name {
                _ if word == "CASE" => self.desk.case.clone(),
                Some((_, name)) => name.clone(),
                None => word.to_owned(),
            }
        };
        let args: Vec<String> = line.split(' ').map(stands).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.desk.program.run(&args)
    }

    fn ledger(&self) -> Vec<u8> {
        let case = self.desk.program.data().join("cases").join(&self.desk.case);
        fs::read(case.join("ledger.jsonl")).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.desk.staged.folder.join("home").join(name)
    }
}

/// The first value of that name, wherever it stands.
fn first(value: &serde_json::Value, name: &str) -> String {
    fn find(value: &serde_json::Value, name: &str) -> Option<String> {
        if let Some(found) = value[name].as_str() {
            return Some(found.to_owned());
        }
        let inner: Vec<_> = match value {
            serde_json::Value::Array(all) => all.iter().collect(),
            serde_json::Value::Object(all) => all.values().collect(),
            _ => return None,
        };
        inner.into_iter().find_map(|value| find(value, name))
    }
    find(value, name).unwrap_or_else(|| panic!("no {name}: {value}"))
}

/// Lines that say when they were asked.
const ASKED_AT: &[&str] = &[
    r"DTSTAMP:\S+",
    r"lies between \S+ and \S+\.",
    r#"(?s)"key": "case\.as_of".*?\]\s*\}"#,
    r"case\.as_of.*",
];

/// What each of two doings gives out anew.
const ANEW: &[&str] = &[
    r"[a-z]+_[0-9a-z]{26}",
    r"(/recall/|/welcome/|cordon_)[A-Za-z0-9_-]{43}",
    r"([0-9a-f]{4}-){7}[0-9a-f]{4}",
    r"\b[0-9a-f]{12,64}\b",
    r"\((Mon|Tue|Wed|Thu|Fri|Sat|Sun)[^)]*\)",
    r"\d+",
    r"\bcomments?\b",
];

/// Where the two answers to a command differ, without what `passed` finds.
fn differ(direct: &[(String, Ended)], carried: &[(String, Ended)], passed: &[&str]) -> Vec<String> {
    let passed: Vec<Regex> = passed.iter().map(|one| Regex::new(one).unwrap()).collect();
    let lasting = |ended: &Ended| {
        let code = ended.code;
        let text = format!("{code:?}\n{}\n--\n{}", ended.out, ended.err);
        let gone = |text: String, one: &Regex| one.replace_all(&text, "…").into_owned();
        passed.iter().fold(text, gone)
    };
    let both = direct.iter().zip(carried);
    let apart = both.filter_map(|((line, one), (_, other))| {
        let (one, other) = (lasting(one), lasting(other));
        let mut lines = one.lines().zip(other.lines());
        let first = lines.find(|(one, other)| one != other);
        (one != other).then(|| format!("{line}: {first:?} of {} and {}", one.len(), other.len()))
    });
    apart.collect()
}

/// Every command ended in one of these ways.
fn expect(ended: &[(String, Ended)], codes: &[i32]) {
    let otherwise = ended
        .iter()
        .filter(|(_, ended)| !ended.code.is_some_and(|code| codes.contains(&code)));
    let otherwise: Vec<String> = otherwise
        .map(|(line, ended)| format!("{line}\n{ended:#?}"))
        .collect();
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n\n"));
}

/// Every command, each to its end.
fn all(rich: &Rich, lines: &[String]) -> Vec<(String, Ended)> {
    let lines = lines.iter();
    lines.map(|line| (line.clone(), rich.run(line))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_the_same_with_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let rich = Rich::new(folder.path()).await;
    let text = READS.iter().map(|line| (*line).to_owned());
    let document = READS.iter().filter(|line| !line.ends_with("--raw"));
    let document = document.map(|line| format!("{line} --json"));
    let asked: Vec<String> = text.chain(document).collect();
    let refused = REFUSED.iter().map(|line| format!("{line} --json"));
    let refused: Vec<String> = refused.collect();
    let before = rich.ledger();
    let direct = [all(&rich, &asked), all(&rich, &refused)];
    expect(&direct[0], &[0]);
    expect(&direct[1], &[1, 2]);
    let _served = rich.desk.program.serve();
    let carried = [all(&rich, &asked), all(&rich, &refused)];
    let apart = [
        differ(&direct[0], &carried[0], ASKED_AT),
        differ(&direct[1], &carried[1], ASKED_AT),
    ]
    .concat();
    assert!(
        rich.ledger() == before,
        "what only asks changed the log of the case"
    );
    assert!(apart.is_empty(), "{}", apart.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_is_told_the_same_with_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let rich = Rich::new(folder.path()).await;
    let writes: Vec<String> = WRITES.iter().map(|line| (*line).to_owned()).collect();
    let word = rich.file("draft.docx");
    let done = || {
        let done = all(&rich, &writes);
        let made = fs::read(&word).unwrap();
        fs::remove_file(&word).unwrap();
        (done, made)
    };
    let served = rich.desk.program.serve();
    let (carried, carried_word) = done();
    drop(served);
    let (direct, direct_word) = done();
    expect(&direct, &[0]);
    expect(&carried, &[0]);
    let apart = differ(&direct, &carried, ANEW);
    assert!(apart.is_empty(), "{}", apart.join("\n"));
    // Each has the remarks of its own round; both are Word files.
    assert!(
        [direct_word, carried_word]
            .iter()
            .all(|made| made.starts_with(b"PK"))
    );
}
