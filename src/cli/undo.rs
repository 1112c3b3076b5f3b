//! `cordon undo`: restore doors from the inverse that was stored before the close.

use std::collections::BTreeMap;

use super::{Desktop, Ended};
use crate::app::Desk;
use crate::case::event::Entry;
use crate::door::Door;
use crate::fault::{Kind, Result};
use crate::hostile;
use crate::id::DoorId;
use crate::run::{Progress, Undone};
use crate::ui;

/// Restore doors from the inverse that was stored before each close.
///
/// Says what cannot be restored and why. Exit code 4 when something could not be restored, 2 when
/// --all was not confirmed: then nothing was done.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The doors, by id.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    doors: Vec<DoorId>,
    /// Every door that was closed by this case; shown first, and asked about.
    #[arg(long)]
    all: bool,
    /// With --all: go ahead without being asked.
    #[arg(long, requires = "all")]
    yes: bool,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    if args.all && !args.yes && !confirmed(desktop, &desk)? {
        return Ok(Some(Kind::Input));
    }
    let labels = desk.log.read(|state| {
        let doors = state.doors.iter();
        doors
            .map(|(id, record)| (id.clone(), hostile::one_line(&record.door.label, 100)))
            .collect()
    });
    let teller = Teller {
        ui: desktop.ui.clone(),
        labels,
    };
    let cancel = super::run::interruption(desktop);
    let undone = desk
        .undo(&args.doors, &args.reason, &teller, cancel)
        .await?;
    desk.finish().await?;
    let lines: Vec<(String, &str, &str)> = undone
        .iter()
        .map(|(door, end)| {
            let (word, why) = said(end);
            (door.to_string(), word, why)
        })
        .collect();
    desktop
        .ui
        .answer(&serde_json::json!({ "undone": lines }), || {
            ui::table(
                ["DOOR", "UNDO", "WHY"],
                lines.iter().map(|(door, word, why)| {
                    [
                        door.clone(),
                        (*word).to_owned(),
                        hostile::one_line(why, 160),
                    ]
                }),
            )
        })?;
    let complete = undone.iter().all(|(_, end)| *end == Undone::Open);
    Ok((!complete).then_some(Kind::OpenDoors))
}

/// Says on stderr what becomes of each door.
struct Teller {
    ui: ui::Ui,
    labels: BTreeMap<DoorId, String>,
}

impl Progress for Teller {
    fn wrote(&self, _entry: &Entry) {}

    fn undoing(&self, door: &Door) {
        let label = hostile::one_line(&door.label, 100);
        self.ui.status(&format!("opening again  {label}"));
    }

    fn undone(&self, door: &DoorId, end: &Undone) {
        let label = self.labels.get(door).map_or("", String::as_str);
        let (word, why) = said(end);
        let why = hostile::one_line(why, 160);
        self.ui.status(&format!("{word:<15}{label}: {why}"));
    }
}

/// Shows what would be opened again, and asks where somebody can be asked.
fn confirmed(desktop: &Desktop, desk: &Desk) -> Result<bool> {
    let found = desk.undoable(&[]);
    let number = found.iter().filter(|one| one.why_not.is_none()).count();
    let document = serde_json::json!({ "would_undo": found });
    let again = format!("cordon undo {} --all --yes --reason …", desk.log.case());
    let asks = desktop.ui.can_ask() && !desktop.ui.is_json();
    let list = || {
        let rows = found.iter().map(|one| {
            let stands = match &one.why_not {
                None => "would be opened again".to_owned(),
                Some(why) => format!("stays as it is: {}", hostile::one_line(why, 120)),
            };
            [
                one.door.to_string(),
                hostile::one_line(&one.label, 80),
                stands,
            ]
        });
        ui::table(["DOOR", "WHAT", "UNDO"], rows)
    };
    desktop.ui.answer(&document, list)?;
    if !asks {
        desktop.ui.warning(&format!(
            "nothing was done; {} would be opened again",
            ui::count(number, "door")
        ));
        desktop.ui.hint(&format!("to open them: {again}"));
        return Ok(false);
    }
    let question = format!(
        "Open {} again? yes goes ahead, anything else leaves them:",
        ui::count(number, "door")
    );
    let answer = desktop.ui.ask(&question)?;
    Ok(answer.is_some_and(|answer| answer.eq_ignore_ascii_case("yes")))
}

fn said(end: &Undone) -> (&'static str, &str) {
    match end {
        Undone::Open => ("open again", "a probe proved it"),
        Undone::Unproven(why) => ("not proven", why),
        Undone::Failed(why) => ("failed", why),
        Undone::Unknown(why) => ("unknown", why),
        Undone::Untried(why) => ("not tried", why),
        Undone::Impossible(why) => ("cannot be undone", why),
    }
}
