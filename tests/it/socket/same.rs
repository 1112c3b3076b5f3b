//! The same answers with a daemon and without one, on the same state: exit code, stdout and stderr.

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
    "case show CASE",
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
    "clock catalogue",
    "clock calendar CASE",
    "clock instant list CASE",
    "fact list CASE",
    "fact list CASE --missing",
    "fact show CASE contact.engagement_start",
    "sanctions show CASE",
    "notice list CASE",
    "notice show CASE NOTICE",
    "notice show CASE NOTICE --numbered",
    "notice lint CASE NOTICE",
    "notice review CASE NOTICE",
    "notice redline CASE NOTICE",
    "provider show okta",
    "provider check",
    "people list",
    "token list",
];

/// What is refused, and so changes nothing either.
const REFUSED: &[&str] = &[
    "case show case_none",
    "case release CASE --reason x",
    "case recall-unlink CASE 000000000000 --reason lost",
    "case recall-link CASE --hours 721",
    "case dismiss abcdef --reason x",
    "case restrict CASE --person Nobody --reason x",
    "approve CASE nothing --as Nobody --key missing --reason x",
    "undo CASE door_none --reason x",
    "evidence show CASE ev_none",
    "contact show CASE contact_none",
    "contact import CASE missing.eml",
    "clock show CASE nothing",
    "clock choose CASE CLOCK --start 2099-01-01T00:00:00Z --reason x",
    "clock answer CASE CLOCK nothing yes --reason x",
    "clock instant add CASE nothing --at 2026-01-01T00:00:00Z --note x",
    "clock calendar CASE --ics missing/deadlines.ics",
    "fact show CASE nothing",
    "fact record CASE nothing --value x --standing fact",
    "fact record CASE FACT --value x --standing fact",
    "sanctions propose CASE missing.pdf --kind licence --text x",
    "notice draft CASE nothing",
    "notice show CASE notice_none",
    "notice comment CASE notice_none x",
    "notice take CASE NOTICE 99 --reason x",
    "notice decline CASE NOTICE 99 --reason x",
    "notice edit CASE NOTICE missing.md --reason x",
    "notice import CASE NOTICE demand.eml",
    "notice attach CASE NOTICE missing.pdf",
    "notice export CASE NOTICE draft.odt",
    "notice approve CASE NOTICE --as Nobody --key missing --reason x",
    "notice send CASE NOTICE --to office@other.example",
    "notice dispatch CASE NOTICE --by portal --to x",
    "notice receipt CASE NOTICE --reference x",
    "provider show nothing",
    "people invite Nobody",
    "people revoke Nobody",
    "people break-glass Nobody --reason x",
    "token new Nobody --role legal",
    "token revoke nothing",
];

/// What changes something and can be done twice.
const WRITES: &[&str] = &[
    "inventory CASE",
    "notice draft CASE ic3",
    "notice comment CASE NOTICE plainer",
    "notice suggest CASE NOTICE --at PLACE --to Plainer. --reason plainer",
    "fact record CASE FACT --value words --standing suspicion",
    "clock instant add CASE suspected --at 2026-01-01T00:00:00Z --note told",
    "case recall-link CASE",
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
            ("FACT", first(&fact, "name")),
        ];
        let mut rich = Self { desk, names };
        let numbered = rich.run("notice show CASE NOTICE --numbered").out;
        rich.names.push(("PLACE", numbered));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probe_names() {
    let folder = tempfile::tempdir().unwrap();
    let rich = Rich::new(folder.path()).await;
    for name in &rich.names {
        eprintln!("{name:?}");
    }
    for line in READS.iter().chain(REFUSED).chain(WRITES) {
        let said = rich.run(line);
        eprintln!("== {line}: {:?}\n{}\n-- {}", said.code, said.out.chars().take(300).collect::<String>(), said.err.chars().take(600).collect::<String>());
    }
}
