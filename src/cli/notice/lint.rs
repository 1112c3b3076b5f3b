//! `cordon notice lint`: what a text may not say, with its place and what to write instead.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use crate::cli::{Desktop, Ended};
use crate::fault::{Kind, Result};
use crate::hostile::one_line;
use crate::id::NoticeId;
use crate::notice::lint::{Finding, Severity};
use crate::ui;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Lint {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The draft.
    #[arg(required_unless_present = "text")]
    notice: Option<NoticeId>,
    /// A text of your own, read with the facts of the case.
    #[arg(long, value_name = "FILE", conflicts_with = "notice")]
    text: Option<PathBuf>,
}

pub(super) fn run(desktop: &Desktop, args: &Lint) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let findings = match (&args.notice, &args.text) {
        (Some(notice), _) => desk.notice_worded(notice)?.findings,
        (None, Some(file)) => {
            let text = desktop.workplace().read_text(file)?;
            desk.text_findings(&text)?
        }
        (None, None) => Vec::new(),
    };
    desktop.ui.answer(&json!({ "findings": findings }), || {
        if findings.is_empty() {
            return "Nothing was found.\n".to_owned();
        }
        told(&findings)
    })?;
    let blocks = findings.iter().any(|one| one.severity == Severity::Block);
    Ok(blocks.then_some(Kind::Failed))
}

/// Findings for people, the ones that block first.
pub(super) fn told(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |mut text, one| {
        let words = one_line(&one.words, 160);
        let _ = writeln!(
            text,
            "{} {} {}: “{words}”",
            one.severity.word(),
            one.rule,
            one.place()
        );
        text.push_str(&ui::paragraph("    ", &one.reason));
        text.push_str(&ui::paragraph("    instead: ", &one.instead));
        text
    })
}
