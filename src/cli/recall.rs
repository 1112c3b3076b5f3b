//! `cordon case recall` and `cordon case recall-link`: wrong person, wait, stop.

use clap::builder::RangedI64ValueParser;
use serde_json::json;

use super::{Desktop, Ended};
use crate::app::recall::LINK_HOURS;
use crate::case::event::Actor;
use crate::fault::{Kind, Result};
use crate::hostile::one_line;
use crate::secret::ExposeSecret as _;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Link {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// For how many hours the link is good.
    #[arg(long, default_value_t = 72, value_parser = hours())]
    hours: u16,
}

#[derive(Debug, clap::Args)]
pub(super) struct Unlink {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The link, as `recall-link` and the log of the case name it.
    link: String,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

fn hours() -> RangedI64ValueParser<u16> {
    let (least, most) = LINK_HOURS.into_inner();
    RangedI64ValueParser::new().range(i64::from(least)..=i64::from(most))
}

/// Holds the case, stops its run, and names what an undo would open again.
pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let by = Actor::Operator(desktop.workplace().operator());
    let recalled = desktop.app()?.recall(&args.case, by, &args.reason).await?;
    let case = &recalled.case;
    desktop.ui.answer(&recalled, || {
        let mut text = format!("{case}: held\n");
        if recalled.stopped {
            text.push_str("the run is stopped\n");
        }
        for door in &recalled.undo {
            let what = match &door.why_not {
                None => "can be opened again".to_owned(),
                Some(why) => format!("cannot be opened again: {}", one_line(why, 160)),
            };
            let line = format!("{}: {what}", one_line(&door.label, 100));
            text.push_str(&crate::ui::paragraph("  ", &line));
        }
        text
    })?;
    if let Some(why) = &recalled.not_stopped {
        desktop.ui.warning(&format!(
            "the run could not be stopped yet, and begins nothing new: {}",
            one_line(why, 200)
        ));
    }
    if recalled.undo.is_empty() {
        return Ok(None);
    }
    desktop.ui.hint(&format!(
        "to open again what was closed: cordon undo {case} --all --reason \u{2026}"
    ));
    Ok(Some(Kind::Waiting))
}

/// Prints a link that recalls the case once. It is shown this one time and not kept.
pub(super) async fn link(desktop: &Desktop, args: &Link) -> Result<Ended> {
    let app = desktop.app()?;
    let by = desktop.workplace().operator();
    let link = app.recall_link(&args.case, &by, args.hours).await?;
    let address = link.address.expose_secret();
    let document = json!({ "link": address, "expires": link.expires, "name": link.name });
    desktop.ui.answer(&document, || format!("{address}\n"))?;
    desktop.ui.hint(&format!(
        "it works once, until {}",
        crate::time::utc_and_zone(link.expires, &app.zone)
    ));
    desktop
        .ui
        .hint("whoever has it can hold the case and stop its run, and nothing else");
    desktop.ui.hint(&format!(
        "to take it back: cordon case recall-unlink {} {} --reason \u{2026}",
        args.case, link.name
    ));
    Ok(None)
}

/// Makes a link work no more.
pub(super) async fn unlink(desktop: &Desktop, args: &Unlink) -> Result<Ended> {
    let app = desktop.app()?;
    let desk = app.desk(&args.case)?;
    app.withdraw_recall_link(&desk, &args.link, &args.reason)
        .await?;
    let document = json!({ "name": args.link, "withdrawn": true });
    desktop.ui.answer(&document, || {
        format!("{}: withdrawn\n", one_line(&args.link, 40))
    })?;
    Ok(None)
}
