//! `cordon provider`: what is known of each provider, and whether our credentials are ready.

use serde_json::json;
use std::fmt::Write as _;

use super::{Desktop, Ended};
use crate::fault::{Kind, Result};
use crate::hostile;
use crate::provider::{Grant, TrailSpec};
use crate::providers;
use crate::ui;

/// Look at providers and check our credentials.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Are we ready: reachable, authenticated, each permission, credential not owned by the person.
    Check(Check),
    /// Every kind of door and trail of a provider: class, order, notice, residual, undo.
    Show(Show),
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Check against the person of this case: who may not own a credential of ours.
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The provider [default: all].
    provider: Option<String>,
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::Check(args) => check(desktop, &args).await,
        Verb::Show(args) => show(desktop, &args),
    }
}

async fn check(desktop: &Desktop, args: &Check) -> Result<Ended> {
    let app = desktop.app()?;
    let checks = app.check_providers(args.case.as_deref()).await?;
    desktop.ui.answer(&json!({ "checks": checks }), || {
        let mut text = String::new();
        for check in &checks {
            let who = check.authenticated_as.as_deref().unwrap_or("nobody");
            let _ = writeln!(
                text,
                "{} {}: {}, authenticated as {}{}",
                check.provider,
                check.credential,
                if check.reachable {
                    "reachable"
                } else {
                    "NOT reachable"
                },
                hostile::one_line(who, 100),
                if check.owned_by_subject == Some(true) {
                    ", OWNED BY THE PERSON UNDER REVIEW"
                } else {
                    ""
                }
            );
            let rows = check.permissions.iter().map(|permission| {
                let grant = match permission.grant {
                    Grant::Present => "present",
                    Grant::Missing => "MISSING",
                    Grant::NotEntitled => "not entitled",
                    Grant::Unknown => "unknown",
                };
                [
                    grant.to_owned(),
                    permission.name.clone(),
                    permission.needed_for.clone(),
                    hostile::one_line(&permission.why, 100),
                ]
            });
            text.push_str(&ui::table(["", "PERMISSION", "NEEDED FOR", "SEEN"], rows));
            for advice in &check.advice {
                let _ = writeln!(text, "advice: {advice}");
            }
        }
        text
    })?;
    let ready = checks.iter().all(crate::provider::Check::usable) && !checks.is_empty();
    Ok((!ready).then_some(Kind::Failed))
}

fn show(desktop: &Desktop, args: &Show) -> Result<Ended> {
    let specs = match &args.provider {
        Some(name) => vec![providers::named(name)?],
        None => providers::SPECS.to_vec(),
    };
    desktop.ui.answer(&json!({ "providers": specs }), || {
        let mut text = String::new();
        for spec in &specs {
            let _ = writeln!(text, "{} ({}), API {}\n", spec.name, spec.title, spec.api);
            for kind in spec.doors {
                text.push_str(&door_kind(kind));
            }
            let rows = spec.trails.iter().map(|trail| {
                let kept = trail.retention_hours.map_or_else(
                    || "until closed".to_owned(),
                    |hours| match hours {
                        TrailSpec::LASTING => "for good".to_owned(),
                        hours => format!("{} days", hours / 24),
                    },
                );
                [trail.name.to_owned(), kept, trail.title.to_owned()]
            });
            text.push_str(&ui::table(["TRAIL", "KEPT", "WHAT"], rows));
            for blind in spec.blind {
                let _ = writeln!(text, "cannot be seen: {blind}");
            }
            text.push('\n');
        }
        text
    })?;
    Ok(None)
}

/// One kind of door, with everything that is known of closing it.
fn door_kind(kind: &crate::door::DoorKind) -> String {
    let notifies = match kind.notifies {
        crate::door::Notifies::Yes => "the account holder is told",
        crate::door::Notifies::No => "the account holder is not told",
        crate::door::Notifies::Unknown => "not documented whether the account holder is told",
    };
    let mut text = ui::paragraph("", &format!("{}: {}", kind.name, kind.title));
    let class = format!("{}, {notifies}", kind.class.word());
    let done = kind
        .already_done
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    for (name, value) in [
        ("class", class.as_str()),
        ("close", kind.close.unwrap_or("by a person")),
        ("done", &done),
        ("probe", kind.probe),
        ("undo", kind.undo.unwrap_or("none")),
        ("residual", &kind.residual_words()),
        ("breaks", kind.breaks),
        ("scope", kind.scope),
        ("source", kind.source),
    ] {
        if !value.is_empty() {
            text.push_str(&ui::paragraph(&format!("  {name:<9}"), value));
        }
    }
    text.push('\n');
    text
}
