//! `cordon clock catalogue`: every duty that is known, and what people should know about it.

use jiff::tz::TimeZone;
use serde_json::json;

use crate::app::duties::{DutyLine, findings};
use crate::cli::{Desktop, Ended};
use crate::clock::catalogue::Finding;
use crate::clock::obligation::Status;
use crate::fault::{Fault, Result};
use crate::ui;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Only duties of this jurisdiction, such as `us`, `us-ca`, `eu`, `private`.
    #[arg(long)]
    jurisdiction: Option<String>,
    /// Also say why no clock of this case watches a duty.
    #[arg(long)]
    case: Option<String>,
}

pub(super) fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let app = desktop.app()?;
    let catalogue = app.settings.catalogue()?;
    let today = app.clock.now().to_zoned(TimeZone::UTC).date();
    if let Some(place) = &args.jurisdiction {
        let known = catalogue.jurisdictions();
        if !known.contains(place.as_str()) {
            return Err(Fault::input("no-jurisdiction", "No duty is known there.")
                .at(crate::hostile::one_line(place, 40))
                .hint(crate::playbook::advice(place, known)));
        }
    }
    let lines = match &args.case {
        Some(case) => {
            let state = app.peek(case)?;
            DutyLine::of_case(&catalogue, &app.settings.organisation, &state, today)
        }
        None => DutyLine::all(&catalogue, today),
    };
    let here = |place: &str| args.jurisdiction.as_deref().is_none_or(|one| one == place);
    let lines: Vec<DutyLine> = lines
        .into_iter()
        .filter(|line| here(&line.obligation.jurisdiction))
        .collect();
    let found: Vec<Finding> = findings(&catalogue, today)
        .into_iter()
        .filter(|one| {
            lines
                .iter()
                .any(|line| line.obligation.id == one.obligation)
        })
        .collect();
    let document = json!({ "digest": catalogue.digest, "duties": lines, "findings": found });
    desktop
        .ui
        .answer(&document, || table(&lines, args.case.is_some()))?;
    Ok(None)
}

fn table(lines: &[DutyLine], of_case: bool) -> String {
    let rows = lines.iter().flat_map(|line| {
        line.stages.iter().map(move |stage| {
            let one = &line.obligation;
            let mut marks = vec![one.mode.name().to_owned()];
            if one.status != Status::InForce {
                marks.push(one.status.name().to_owned());
            }
            if let Some(on) = one.review_on {
                marks.push(format!("look again {on}"));
            }
            if !stage.verified {
                marks.push("not verified".to_owned());
            }
            if line.stale {
                marks.push("stale".to_owned());
            }
            if of_case {
                marks.push(
                    stage
                        .not_watched
                        .as_ref()
                        .map_or_else(|| "watched".to_owned(), |why| format!("not watched: {why}")),
                );
            }
            let length = match (&stage.length, one.status) {
                (_, Status::Pending | Status::Repealed) => "no deadline".to_owned(),
                (Some(length), _) => length.clone(),
                (None, _) => "none".to_owned(),
            };
            [stage.rule.clone(), length, marks.join(", ")]
        })
    });
    let mut text = ui::table(["duty", "due", "standing"], rows);
    text.push('\n');
    let count = ui::count(lines.len(), "record");
    text.push_str(&ui::paragraph(
        "",
        &format!(
            "{count}. Not verified: the figure was not checked against a source. Stale: no source was read within a year. Nothing here is legal advice; counsel confirms a record before a deadline is relied on."
        ),
    ));
    text
}
