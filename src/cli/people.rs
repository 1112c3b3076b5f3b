//! `cordon people`: who can sign in to the pages.

use std::fmt::Write as _;

use serde_json::json;

use super::{Desktop, Ended};
use crate::app::App;
use crate::fault::Result;
use crate::time::utc_and_zone;
use crate::ui::{Ui, count, table};

/// List who can sign in to the pages, invite, take access away, make break-glass codes.
///
/// Who there is, and in which roles, `[[people]]` of the configuration says; whoever is removed there
/// loses all access when the daemon starts again.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List everybody, how far they are, and their last sign-in.
    List,
    /// Make a link with which somebody sets a passphrase and an authenticator app. It is good for 72
    /// hours and one use, and voids what they had: passphrase, app, passkeys, invitation, sessions.
    Invite(Somebody),
    /// Take away everything that somebody could sign in with: passphrase, app, passkeys, invitation,
    /// break-glass codes, sessions, tokens.
    Revoke(Somebody),
    /// Make eight codes for a sealed envelope, in place of those somebody had. Each signs them in
    /// once when nothing else does; everybody sees it until an administrator has acknowledged it.
    BreakGlass(BreakGlass),
}

#[derive(Debug, clap::Args)]
pub(super) struct Somebody {
    /// Who, as the configuration names them.
    name: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct BreakGlass {
    /// Who, as the configuration names them.
    name: String,
    /// Why; it stands in the journal of the sign-ins.
    #[arg(long)]
    reason: String,
}

pub(super) fn run(desktop: &Desktop, verb: &Verb) -> Result<Ended> {
    carry_out(&desktop.ui, &desktop.app()?, verb)
}

/// The same for whoever has the hub already.
pub(super) fn carry_out(ui: &Ui, app: &App, verb: &Verb) -> Result<Ended> {
    let signin = app.signin()?;
    match verb {
        Verb::List => list(ui, app)?,
        Verb::Invite(who) => {
            let (ticket, expires) = signin.invite(&who.name, &app.workplace.operator())?;
            let link = app.welcome_link(&ticket);
            let said = json!({ "name": who.name, "link": link, "expires": expires });
            ui.answer(&said, || {
                let until = utc_and_zone(expires, &app.zone);
                format!("{link}\n\nGood until {until}, for one use. It is not shown again.\n")
            })?;
            ui.hint("hand it over in person or where only they read");
        }
        Verb::Revoke(who) => {
            signin.revoke(&who.name, &app.workplace.operator())?;
            let said = json!({ "name": who.name, "revoked": true });
            ui.answer(&said, || format!("{} can no longer sign in.\n", who.name))?;
            ui.hint("remove them from [[people]] of the configuration too, if they are gone");
        }
        Verb::BreakGlass(args) => {
            let codes = signin.seal_glass(&args.name, &app.workplace.operator(), &args.reason)?;
            let said = json!({ "name": args.name, "codes": codes });
            ui.answer(&said, || codes.join("\n") + "\n")?;
            ui.hint(
                "print them, seal them in an envelope, and lock it away: they are not shown again",
            );
        }
    }
    Ok(None)
}

fn list(ui: &Ui, app: &App) -> Result<()> {
    let people = app.signin()?.standing()?;
    ui.answer(&json!({ "people": people }), || {
        if people.is_empty() {
            return "The configuration names nobody.\n".to_owned();
        }
        let rows = people.iter().map(|person| {
            let mut state = person.state.to_owned();
            if let Some(until) = person.locked_until {
                let _ = write!(state, ", kept out until {}", utc_and_zone(until, &app.zone));
            }
            let seen = person.seen.map(|seen| utc_and_zone(seen, &app.zone));
            [
                person.name.clone(),
                person.roles.join(", "),
                state,
                seen.unwrap_or_else(|| "never".to_owned()),
                count(person.sessions, "session"),
                count(person.passkeys, "passkey"),
                count(person.break_glass, "code"),
            ]
        });
        let head = [
            "NAME",
            "ROLES",
            "STATE",
            "LAST SIGN-IN",
            "SESSIONS",
            "PASSKEYS",
            "BREAK-GLASS",
        ];
        table(head, rows)
    })
}
