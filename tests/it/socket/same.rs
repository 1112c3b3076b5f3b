//! The same answers with a daemon and without one: exit code, stdout and stderr. What is only asked is
//! asked on the same state, and answered word for word.

use std::fs;
use std::path::PathBuf;

use cordon::range::company::extortion_mail;
use cordon::time::{Clock as _, SystemClock};
use regex::Regex;

use crate::cli::Desk;
use crate::program::{Ended, verbs};
use crate::staged::approvers;

/// What changes nothing and answers. `CASE` and its like stand for what there is.
const READS: &[&str] = &[
    "case list",
    "case show CASE",
    "case leads CASE",
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
    "clock catalogue",
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
    "provider show",
    "playbook check",
    "playbook show",
    "playbook graph",
    "playbook schema",
    "people list",
    "token list",
];

/// What is refused, and so changes nothing either.
const REFUSED: &[&str] = &[
    "evidence show CASE EVIDENCE --raw",
    "case release CASE --reason x",
    "case recall-unlink CASE 000000000000 --reason lost",
    "case dismiss abcdef --reason x",
    "case open --message abcdef",
    "case restrict CASE --to Nobody --reason x",
    "case exclude CASE Nobody --reason x",
    "case lead CASE --name Nobody --reason x",
    "case unlead CASE lead_00000000000000000000000000 --reason x",
    "case choose CASE github nobody --reason x",
    "case withdraw CASE github nobody --reason x",
    "undo CASE nothing --reason x",
    "snapshot CASE --archive elsewhere/x",
    "deny CASE nothing --as Nobody --key missing --reason x",
    "approve CASE nothing --as Nobody --key missing --reason x",
    "approve CASE go --as NAME --key missing --reason x",
    "contact import CASE missing.eml",
    "contact mark CASE nothing --demand --reason x",
    "clock receipt CASE nothing --reference x",
    "clock unreceipt CASE CLOCK --reason x",
    "clock delay CASE --authority x --obligation x --from START --until START --document missing.pdf",
    "clock undelay CASE 9 --reason x",
    "clock instant add CASE nothing --at START --note x",
    "clock instant withdraw CASE instant_00000000000000000000000000 --reason x",
    "clock choose CASE CLOCK --start 2099-01-01T00:00:00Z --reason x",
    "clock answer CASE DUTY nothing yes --reason x",
    "clock calendar CASE --ics missing/deadlines.ics",
    "fact record CASE FACT --value x --standing fact",
    "fact withdraw CASE company.nothing --reason x",
    "sanctions propose CASE missing.pdf --kind licence --text x --reason x",
    "sanctions approve CASE nothing --as Nobody --key missing --reason x",
    "notice draft CASE nothing",
    "notice resolve CASE NOTICE 99",
    "notice decline CASE NOTICE 99 --reason x",
    "notice detach CASE NOTICE nothing",
    "notice dispatch CASE NOTICE --by post --to x",
    "notice bounce CASE missing.eml",
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
    "people revoke Nobody",
    "token new Nobody --role legal",
    "token revoke 000000000000",
];

/// What changes something and can be done twice, and how it ends. Numbers and ids that were given out
/// stand for themselves.
const WRITES: &[(i32, &str)] = &[
    (0, "case open --email other@corp.example"),
    (0, "case close NEWEST --reason mistaken"),
    (0, "case lead CASE --worker-id W-8 --reason one-address"),
    (0, "case unlead CASE LEAD --reason shared-house"),
    (0, "case restrict CASE --to NAME --reason known"),
    (0, "case unrestrict CASE --reason known"),
    (0, "case hold CASE --reason wait"),
    (0, "case release CASE --reason on"),
    (4, "verify CASE"),
    (0, "inventory CASE"),
    (3, "run CASE"),
    (
        0,
        "contact add CASE --channel call --from caller --text words",
    ),
    (0, "contact mark CASE CONTACT --demand --reason read"),
    (0, "sanctions hold CASE --reason told"),
    (0, "clock choose CASE CLOCK --start START --reason told"),
    (
        0,
        "fact record CASE FACT --value words --standing suspicion",
    ),
    (0, "notice submit CASE NOTICE"),
    (0, "notice comment CASE NOTICE plainer"),
    (
        0,
        "notice suggest CASE NOTICE --at PLACE --to Plainer. --reason plainer",
    ),
    (0, "notice export CASE NOTICE draft.docx"),
    (0, "notice import CASE NOTICE draft.docx"),
    (0, "evidence export CASE --to exported"),
    (0, "case recall-link CASE"),
    (0, "case recall CASE --reason wait"),
    (0, "case release CASE --reason on"),
    (0, "people invite NAME"),
    (0, "people break-glass NAME --reason drill"),
    (0, "token new NAME --role incident_lead"),
];

/// What stands in no list, and why.
const APART: &[(&str, &str)] = &[
    ("drill", "has a company and a store of its own"),
    ("init", "writes the configuration that a daemon begins with"),
    ("serve", "is the daemon"),
    ("completions", "is about the program alone"),
    ("man", "is about the program alone"),
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
            (0, "case lead CASE --worker-id W-9 --reason one-address"),
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
            match (name, word) {
                (Some((_, name)), _) => name.clone(),
                (None, "CASE") => self.desk.case.clone(),
                (None, "NEWEST") => self.last("case list", "case_"),
                (None, "LEAD") => self.last("case leads CASE", "lead_"),
                (None, word) => word.to_owned(),
            }
        };
        let args: Vec<String> = line.split(' ').map(stands).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.desk.program.run(&args)
    }

    /// The id that was given out last among those that an answer names: ids begin with their time.
    fn last(&self, line: &str, kind: &str) -> String {
        let said = self.desk.ends(0, line).out;
        let id = Regex::new(&format!("{kind}[0-9a-z]{{26}}")).unwrap();
        let ids = id.find_iter(&said).map(|id| id.as_str().to_owned());
        ids.max().unwrap_or_else(|| panic!("no {kind}: {said}"))
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
    let writes: Vec<String> = WRITES.iter().map(|(_, line)| (*line).to_owned()).collect();
    let word = rich.file("draft.docx");
    let done = || {
        let done = all(&rich, &writes);
        for ((code, line), (_, ended)) in WRITES.iter().zip(&done) {
            assert_eq!(ended.code, Some(*code), "{line}: {ended:#?}");
        }
        let made = fs::read(&word).unwrap();
        fs::remove_file(&word).unwrap();
        fs::remove_dir_all(rich.file("exported")).unwrap();
        (done, made)
    };
    let served = rich.desk.program.serve();
    let (carried, carried_word) = done();
    drop(served);
    let (direct, direct_word) = done();
    let apart = differ(&direct, &carried, ANEW);
    assert!(apart.is_empty(), "{}", apart.join("\n"));
    // Each has the remarks of its own round; both are Word files.
    assert!(
        [direct_word, carried_word]
            .iter()
            .all(|made| made.starts_with(b"PK"))
    );
}

#[test]
fn every_verb_is_asked_with_a_daemon_or_stands_apart() {
    let writes = WRITES.iter().map(|(_, line)| line);
    let lines: Vec<&str> = READS.iter().chain(REFUSED).chain(writes).copied().collect();
    let verbs = verbs();
    assert!(verbs.len() > 80, "{verbs:?}");
    let asks = |line: &str, verb: &str| {
        let rest = line.strip_prefix(verb);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    for verb in &verbs {
        let asked = lines.iter().any(|line| asks(line, verb));
        let apart = APART.iter().any(|(name, _)| name == verb);
        assert!(asked != apart, "{verb}: asked {asked}, apart {apart}");
    }
    let mut named = lines.iter().chain(APART.iter().map(|(name, _)| name));
    let unknown = named.find(|line| !verbs.iter().any(|verb| asks(line, verb)));
    assert_eq!(unknown, None, "there is no such verb");
}
