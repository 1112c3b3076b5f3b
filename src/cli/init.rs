//! `cordon init`: a commented configuration, and what is missing in the one that exists.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use super::{Desktop, Ended};
use crate::fault::{Fault, Result};
use crate::settings::{Settings, default_path, sample::SAMPLE};

/// Write a commented configuration, or say what is missing in the one that exists.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the commented configuration instead of writing it.
    #[arg(long)]
    print: bool,
}

pub(super) fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    if args.print {
        desktop.ui.raw(SAMPLE.as_bytes())?;
        return Ok(None);
    }
    let path = desktop.config.clone().unwrap_or_else(default_path);
    let written = !path.exists();
    if written {
        let folder = path.parent().unwrap_or(std::path::Path::new("."));
        std::fs::create_dir_all(folder).map_err(crate::fault::io(
            "make the folder of the configuration",
            folder,
        ))?;
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(SAMPLE.as_bytes()))
            .map_err(|error| {
                Fault::failed("io", "Could not write the configuration.")
                    .at(path.display())
                    .caused_by(error)
            })?;
    }
    let settings = Settings::load(Some(&path))?;
    let missing = missing(&settings);
    let document = serde_json::json!({ "config": path, "written": written, "missing": missing });
    desktop.ui.answer(&document, || {
        let mut text = if written {
            format!("Wrote {}.\n", path.display())
        } else {
            format!("{} exists and can be read.\n", path.display())
        };
        for line in &missing {
            let _ = writeln!(text, "missing: {line}");
        }
        if missing.is_empty() {
            text.push_str("Nothing is missing.\n");
        }
        text
    })?;
    desktop.ui.hint(&if missing.is_empty() {
        "next: cordon provider check".to_owned()
    } else {
        format!("fill in {}, then run `cordon init` again", path.display())
    });
    Ok(None)
}

/// What a company has to fill in before a case can be run.
fn missing(settings: &Settings) -> Vec<String> {
    let mut missing = Vec::new();
    let mut need = |there: bool, what: &str| {
        if !there {
            missing.push(what.to_owned());
        }
    };
    need(
        settings.company.name.is_some(),
        "[company] name, for notices",
    );
    need(
        settings.company.contact.is_some(),
        "[company] contact, for notices",
    );
    let people = settings.people.now();
    let with_role = |role: &str| {
        people
            .iter()
            .any(|person| person.roles.iter().any(|r| r == role))
    };
    need(
        with_role("incident_lead"),
        "[[people]] someone with the role incident_lead",
    );
    need(with_role("legal"), "[[people]] someone with the role legal");
    need(
        people.len() >= 2,
        "[[people]] a second person: gates need two",
    );
    need(
        settings.github.is_some() || settings.okta.is_some(),
        "[github] or [okta]: at least one provider",
    );
    if let Some(github) = &settings.github {
        need(
            github.app.is_some(),
            "[github] app: fine-grained tokens can be administered by an App only",
        );
        need(
            github.owner_token.is_some(),
            "[github] owner_token: Codespaces can be read with an owner's classic token only",
        );
    }
    if let Some(okta) = &settings.okta {
        need(
            okta.token.is_some() || okta.app.is_some(),
            "[okta] token or app",
        );
    }
    for provider in [
        settings.github.is_some().then_some("github"),
        settings.okta.is_some().then_some("okta"),
    ]
    .into_iter()
    .flatten()
    {
        let named = settings
            .protected
            .get(provider)
            .is_some_and(|logins| !logins.is_empty());
        need(
            named,
            &format!("[protected] {provider}: your break-glass and service accounts"),
        );
    }
    need(
        settings.mail.is_some(),
        "[mail]: without it notices are sent by hand",
    );
    missing
}
