//! What an operator types, from the opening of a case to the verified export, and what they do when a
//! command was killed: look, and type it again.

use std::path::{Path, PathBuf};

use cordon::range::company::{Company, extortion_mail};
use cordon::time::{Clock as _, SystemClock};

use crate::program::{Ended, Program};
use crate::staged::{Staged, approvers};

/// Every kind of answer that a close can have, at both providers: at once, later (202), with a way
/// back, to be done again by the person, and for good behind a gate of its own.
const PLAYBOOK: &str = "\
playbook: sweep
title: A short response with every kind of closing.
steps:
  - id: save-trails
    snapshot: { trails: [okta.system_log, github.git_events], window: 90d }
    attempts: 2
  - id: go
    gate: { roles: [incident_lead, legal], people: 2, expires: 4h }
  - id: close
    needs: [save-trails, go]
    close:
      doors: [okta.account, okta.session, okta.client_token, github.membership, github.codespace, github.repo_hook]
      classes: [reversible, redoable]
      prove_within: 20s
  - id: go-for-good
    gate: { roles: [incident_lead, legal], people: 2, expires: 4h }
  - id: close-for-good
    needs: [save-trails, go, go-for-good]
    close: { doors: [okta.api_token, github.sso_authorizations], classes: [irreversible] }
  - id: prove
    needs: [close, close-for-good]
    verify: {}
  - id: papers
    needs: [close]
    draft: [executive]
";

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Open,
    Inventory,
    Plan,
    RunToTheGates,
    Approve {
        gate: &'static str,
        role: &'static str,
    },
    RunToTheEnd,
    Import,
    Draft,
    Export,
    VerifyExport,
    VerifyCase,
}

const fn approve(gate: &'static str, role: &'static str) -> Step {
    Step::Approve { gate, role }
}

/// The whole case.
pub(super) const SCRIPT: [Step; 14] = [
    Step::Open,
    Step::Inventory,
    Step::Plan,
    Step::RunToTheGates,
    approve("go", "incident_lead"),
    approve("go", "legal"),
    approve("go-for-good", "incident_lead"),
    approve("go-for-good", "legal"),
    Step::RunToTheEnd,
    Step::Import,
    Step::Draft,
    Step::Export,
    Step::VerifyExport,
    Step::VerifyCase,
];

/// The operator at their desk.
pub(super) struct Operator<'a> {
    staged: &'a Staged,
    /// Where configuration, cases and export lie.
    pub(super) folder: PathBuf,
    pub(super) program: Program,
    /// The case, as the command that opened it said.
    pub(super) case: String,
}

impl<'a> Operator<'a> {
    pub(super) fn of(staged: &'a Staged, folder: &Path, program: Program) -> Self {
        std::fs::write(folder.join("playbook.yaml"), PLAYBOOK).unwrap();
        let mail = extortion_mail(&staged.company, SystemClock.now());
        std::fs::write(folder.join("demand.eml"), mail).unwrap();
        Self {
            staged,
            folder: folder.to_owned(),
            program,
            case: String::new(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The arguments of a command.
    pub(super) fn args(&self, step: Step) -> Vec<String> {
        let Company { subject, .. } = &self.staged.company;
        let case = self.case.as_str();
        let line: Vec<&str> = match step {
            Step::Open => vec![
                "case",
                "open",
                "--worker-id",
                &subject.worker_id,
                "--email",
                &subject.email,
            ],
            Step::Inventory => vec!["inventory", case],
            Step::Plan => vec!["plan", case, "--playbook"],
            Step::RunToTheGates | Step::RunToTheEnd => vec!["run", case],
            Step::Approve { gate, role } => {
                let who = approvers(&self.staged.company)
                    .into_iter()
                    .find(|(_, of)| *of == role);
                vec![
                    "approve",
                    case,
                    gate,
                    "--reason",
                    "seen",
                    "--as",
                    who.unwrap().0,
                    "--key",
                ]
            }
            Step::Import => vec!["contact", "import", case],
            Step::Draft => vec!["notice", "draft", case, "ic3"],
            Step::Export => vec!["evidence", "export", case, "--to"],
            Step::VerifyExport => vec!["evidence", "verify"],
            Step::VerifyCase => vec!["evidence", "verify", "--case", case],
        };
        let last = match step {
            Step::Plan => Some(self.path("playbook.yaml")),
            Step::Approve { role, .. } => Some(self.staged.key(role).display().to_string()),
            Step::Import => Some(self.path("demand.eml")),
            Step::Export | Step::VerifyExport => Some(self.path("export")),
            _ => None,
        };
        line.into_iter().map(str::to_owned).chain(last).collect()
    }

    /// Takes note of what a command said.
    pub(super) fn read(&mut self, step: Step, ended: &Ended) {
        if step == Step::Open {
            ended.out.trim().clone_into(&mut self.case);
        }
    }

    /// Whether what a repeated command refuses is only that it was done before the kill.
    pub(super) fn was_done(step: Step, ended: &Ended) -> bool {
        step == Step::Export && ended.code == Some(2) && ended.err.contains("error[export-exists]")
    }
}
