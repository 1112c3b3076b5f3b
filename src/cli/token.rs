//! `cordon token`: tokens of the API.

use serde_json::json;

use super::{Desktop, Ended};
use crate::access::Role;
use crate::app::App;
use crate::fault::Result;
use crate::id::CaseId;
use crate::signin::token::{NewToken, Token};
use crate::time::utc_and_zone;
use crate::ui::{Ui, table};

/// Make, list and revoke tokens of the API.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make a token that acts for somebody in one of their roles. It is shown once.
    New(New),
    /// List every token: whose, in which role, until when, and when it was last used.
    List,
    /// Revoke a token.
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// Whom it acts for, as the configuration names them.
    name: String,
    /// The role that it acts in, one of theirs.
    #[arg(long)]
    role: Role,
    /// A case that it may touch, by its whole id; may be given more than once [default: every case of
    /// the person].
    #[arg(long = "case", value_name = "CASE")]
    cases: Vec<CaseId>,
    /// For how many days it is good, 1 to 366.
    #[arg(long, value_name = "N", default_value_t = 30)]
    days: u16,
    /// What it is for.
    #[arg(
        long = "for",
        value_name = "WORDS",
        default_value = "made at the terminal"
    )]
    purpose: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    /// The token, by the id that `cordon token list` shows.
    id: String,
}

pub(super) fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    carry_out(&desktop.ui, &desktop.app()?, verb)
}

/// The same for whoever has the hub already.
pub(super) fn carry_out(ui: &Ui, app: &App, verb: Verb) -> Result<Ended> {
    let signin = app.signin()?;
    match verb {
        Verb::New(args) => {
            let cases = (!args.cases.is_empty()).then(|| args.cases.into_iter().collect());
            let new = NewToken {
                name: args.purpose,
                person: args.name,
                role: args.role,
                cases,
                days: args.days,
            };
            let (text, token) = signin.new_token(new, &app.workplace.operator())?;
            ui.answer(&json!({ "token": text, "about": token }), || {
                let until = utc_and_zone(token.expires, &app.zone);
                format!(
                    "{text}\n\n{} until {until}. It is not shown again.\n",
                    token.id
                )
            })?;
        }
        Verb::List => {
            let tokens = signin.tokens(None)?;
            ui.answer(&json!({ "tokens": tokens }), || list(app, &tokens))?;
        }
        Verb::Revoke(args) => {
            signin.revoke_token(&args.id, None, &app.workplace.operator())?;
            let said = json!({ "id": args.id, "revoked": true });
            ui.answer(&said, || format!("The token {} is revoked.\n", args.id))?;
        }
    }
    Ok(None)
}

fn list(app: &App, tokens: &[Token]) -> String {
    if tokens.is_empty() {
        return "There is no token.\n".to_owned();
    }
    let rows = tokens.iter().map(|token| {
        let cases = token.cases.as_ref();
        let used = token.used.map(|used| utc_and_zone(used, &app.zone));
        [
            token.id.clone(),
            token.person.clone(),
            token.role.clone(),
            cases.map_or_else(|| "all".to_owned(), |cases| cases.len().to_string()),
            utc_and_zone(token.expires, &app.zone),
            used.unwrap_or_else(|| "never".to_owned()),
            token.name.clone(),
        ]
    });
    let head = [
        "ID",
        "PERSON",
        "ROLE",
        "CASES",
        "GOOD UNTIL",
        "LAST USED",
        "FOR",
    ];
    table(head, rows)
}
