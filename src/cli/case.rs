//! `cordon case`: open, look at, hold, release and close cases.

mod leads;
mod scope;

use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde_json::json;

use super::{Desktop, Ended};
use crate::app::messages::Waiting;
use crate::app::{App, Desk, NewCase, Origin, summary};
use crate::case::event::{Actor, Person};
use crate::case::subject::{KnownAccount, Subject};
use crate::contact::indicator::defang_text;
use crate::evidence::timeline::Moment;
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::time::utc_and_zone;
use crate::ui;

/// Open, look at, hold, release and close cases.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Open a case on one departure. Nothing is closed by this.
    Open(Open),
    /// List every case.
    List,
    /// Show where a case stands.
    Show(One),
    /// Hold: nothing new starts until it is released.
    Hold(Why),
    /// Take a case back: hold it, stop its run, and show what an undo would open again.
    Recall(super::recall::Args),
    /// Make a link by which somebody can recall the case once.
    RecallLink(super::recall::Link),
    /// Make a recall link work no more that was not used.
    RecallUnlink(super::recall::Unlink),
    /// Release a held case.
    Release(Why),
    /// Close a case. The log, the evidence and the checkpoints stay. Later looks that its run still
    /// waits for are not made.
    Close(Why),
    /// Let only some people know of a case: the others see neither it nor its alerts.
    Restrict(scope::Restrict),
    /// Let everybody with a role know of it again.
    Unrestrict(Why),
    /// Keep a person out of a case: they neither see it nor decide in it.
    Exclude(scope::Exclude),
    /// Record that a case may be about somebody else too: they are kept out of it, and left alone.
    Lead(leads::Lead),
    /// List whom a case may be about too.
    Leads(One),
    /// Record that a lead came to nothing: the person is kept out no more.
    Unlead(leads::Unlead),
    /// Set a message that waits for a person aside. It stays kept, with who and why.
    Dismiss(Dismiss),
    /// One page for the next shift: done, open, due, unknown.
    Handover(One),
    /// One timeline: contacts, the account holder's trail events, our actions, clocks.
    Timeline(One),
    /// Choose the account of the person at a provider when more than one is possible.
    Choose(Choose),
    /// Take a chosen account back: it and its doors are no part of the case any more.
    Withdraw(Withdraw),
}

#[derive(Debug, clap::Args)]
pub(super) struct Open {
    #[command(flatten)]
    who: Who,
    /// The name that HR has; shown, and no account is matched on it.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A neutral title [default: Access review and the worker id].
    #[arg(long)]
    title: Option<String>,
    /// Take a title that carries a word that accuses or says where somebody comes from.
    #[arg(long, requires = "title")]
    title_anyway: bool,
    /// When the engagement ends, RFC 3339 with a zone.
    #[arg(long, value_name = "INSTANT")]
    effective: Option<jiff::Timestamp>,
    /// A webhook body or ticket to keep as evidence of why the case was opened.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// A message that waits for a person, as `cordon case list` names it: the case is opened on it.
    #[arg(long, value_name = "MESSAGE", conflicts_with = "from")]
    message: Option<String>,
}

/// What the company knows of somebody, but for the name, which each command uses in its own way.
#[derive(Debug, clap::Args)]
struct Who {
    /// A work address of the person; may be given more than once.
    #[arg(long = "email", value_name = "ADDRESS")]
    emails: Vec<String>,
    /// The worker id of the HR system.
    #[arg(long, value_name = "ID")]
    worker_id: Option<String>,
    /// An account that you know: `github=login`. May be given more than once.
    #[arg(long = "account", value_name = "PROVIDER=LOGIN")]
    accounts: Vec<String>,
}

impl Who {
    fn subject(self, name: Option<String>) -> Result<Subject> {
        let accounts = self.accounts.iter().map(|text| account(text));
        Ok(Subject {
            worker_id: self.worker_id,
            emails: self.emails,
            display_name: name,
            accounts: accounts.collect::<Result<_>>()?,
        })
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Dismiss {
    /// The message, as `cordon case list` names it.
    message: String,
    /// Why; it is kept with the message.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The case: its id, or enough of its end to be unique.
    case: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Why {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Choose {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The provider.
    provider: String,
    /// The login of one of the candidates.
    login: String,
    /// Why this one; it stands in the log.
    #[arg(long)]
    reason: String,
    /// The person has this account beside one of the same provider that was chosen before.
    #[arg(long)]
    also: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Withdraw {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The provider.
    provider: String,
    /// The login or the id of an account that was chosen.
    account: String,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::Open(args) => open(desktop, args).await,
        Verb::List => list(desktop),
        Verb::Show(args) => super::status::show(desktop, &args.case, false),
        Verb::Hold(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            desk.hold(&args.reason).await?;
            phase(desktop, &desk).await
        }
        Verb::Recall(args) => super::recall::run(desktop, &args).await,
        Verb::RecallLink(args) => super::recall::link(desktop, &args).await,
        Verb::RecallUnlink(args) => super::recall::unlink(desktop, &args).await,
        Verb::Release(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            desk.release(&args.reason).await?;
            phase(desktop, &desk).await
        }
        Verb::Close(args) => close(desktop, &args).await,
        Verb::Restrict(args) => scope::restrict(desktop, &args).await,
        Verb::Unrestrict(args) => scope::unrestrict(desktop, &args).await,
        Verb::Exclude(args) => scope::exclude(desktop, &args).await,
        Verb::Lead(args) => leads::record(desktop, args).await,
        Verb::Leads(args) => leads::list(desktop, &args),
        Verb::Unlead(args) => leads::dismiss(desktop, &args).await,
        Verb::Dismiss(args) => dismiss(desktop, &args),
        Verb::Handover(args) => handover(desktop, &args),
        Verb::Timeline(args) => timeline(desktop, &args),
        Verb::Choose(args) => choose(desktop, &args).await,
        Verb::Withdraw(args) => withdraw(desktop, &args).await,
    }
}

async fn open(desktop: &Desktop, args: Open) -> Result<Ended> {
    let subject = args.who.subject(args.name)?;
    if !args.title_anyway {
        neutral(args.title.as_deref())?;
    }
    if let Some(message) = &args.message {
        let app = desktop.app()?;
        let by = Actor::Operator(app.workplace.operator());
        let desk = app
            .open_case_on(message, by, |new| {
                subject.complete(&mut new.subject);
                new.title = args.title;
                new.effective = args.effective.or(new.effective);
            })
            .await?;
        return opened(desktop, &app, &desk).await;
    }
    let app = desktop.app()?;
    let origin = match &args.from {
        Some(path) => {
            let (name, bytes) = desktop.workplace().read(path)?;
            Origin::File(name, bytes)
        }
        None => Origin::Subject,
    };
    let desk = app
        .open_case(NewCase {
            subject,
            title: args.title,
            route: "operator".to_owned(),
            effective: args.effective,
            origin,
            by: Actor::Operator(app.workplace.operator()),
        })
        .await?;
    opened(desktop, &app, &desk).await
}

async fn opened(desktop: &Desktop, app: &App, desk: &Desk) -> Result<Ended> {
    desk.finish().await?;
    let id = desk.log.case();
    let warnings = desk.log.read(|state| cannot(&state.people));
    let document = json!({ "case": id, "dir": app.case_dir(id), "warnings": warnings });
    desktop.ui.answer(&document, || format!("{id}\n"))?;
    for line in &warnings {
        desktop.ui.warning(line);
    }
    desktop.ui.hint(&format!("next: cordon inventory {id}"));
    Ok(None)
}

/// Refuses a title that is not neutral, and says what else there is.
fn neutral(title: Option<&str>) -> Result<()> {
    crate::case::title::neutral(title).map_err(|fault| {
        fault
            .at("--title")
            .hint("leave --title away, or name the case by a ticket or a worker id")
            .hint(
                "--title-anyway takes it as it is; it then stands in lists, the log and every export",
            )
    })
}

/// What nobody of the roster can do in this case. It was frozen when the case was opened.
fn cannot(people: &[Person]) -> Vec<String> {
    const FROZEN: &str =
        "the roster of a case is that of its opening: fill in [[people]] and open a new case";
    if people.is_empty() {
        return vec![format!(
            "nobody may approve in this case, so no gate can pass and no notice can go out; {FROZEN}"
        )];
    }
    let mut cannot = Vec::new();
    if people.len() < 2 {
        cannot.push(format!(
            "only one person may approve, so no gate that needs two can pass; {FROZEN}"
        ));
    }
    for role in ["incident_lead", "legal"] {
        if !people
            .iter()
            .any(|person| person.roles.iter().any(|has| has == role))
        {
            cannot.push(format!(
                "nobody has the role {role}: what needs it cannot be approved; {FROZEN}"
            ));
        }
    }
    cannot
}

fn account(text: &str) -> Result<KnownAccount> {
    match text.split_once('=') {
        Some((provider, login)) if !provider.is_empty() && !login.is_empty() => Ok(KnownAccount {
            provider: provider.to_owned(),
            login: login.to_owned(),
        }),
        _ => Err(
            Fault::input("account", "An account is written PROVIDER=LOGIN.")
                .at(text.escape_debug()),
        ),
    }
}

fn list(desktop: &Desktop) -> Result<Ended> {
    let app = desktop.app()?;
    let cases = app.list()?;
    let (waiting, unread) = app.waiting_and_unread()?;
    let document = json!({ "cases": cases, "messages": waiting });
    desktop.ui.answer(&document, || {
        let rows = cases.iter().map(|case| {
            [
                case.id.to_string(),
                hostile::one_line(&case.title, 60),
                case.phase.clone(),
                format!("{} of {} closed", case.closed, case.doors),
                case.opened.map(crate::time::utc).unwrap_or_default(),
                case.timing(app.clock.now()).unwrap_or_default(),
            ]
        });
        let heads = ["CASE", "TITLE", "PHASE", "DOORS", "OPENED", "THE CHANGE"];
        let mut text = ui::table(heads, rows);
        if !waiting.is_empty() {
            text.push('\n');
            text.push_str(&messages(&waiting));
        }
        text
    })?;
    if unread > 0 {
        desktop.ui.warning(&format!(
            "{} that waits cannot be read: look at the log, and at DATA/messages",
            ui::count(unread, "message")
        ));
    }
    if !waiting.is_empty() {
        let next = "a message waits for a person: cordon case open --message MESSAGE --email ADDRESS, or cordon case dismiss MESSAGE --reason WHY";
        desktop.ui.hint(next);
    }
    if cases.is_empty() {
        desktop
            .ui
            .hint("there is no case yet: cordon case open --email ADDRESS --worker-id ID");
    }
    Ok(None)
}

/// Messages that no case was opened for.
fn messages(waiting: &[Waiting]) -> String {
    let rows = waiting.iter().map(|message| {
        let subject = &message.subject;
        let who = subject.worker_id.iter().chain(&subject.emails);
        let who: Vec<&str> = who.map(String::as_str).collect();
        [
            message.message.clone(),
            message.source.clone(),
            hostile::one_line(&who.join(", "), 60),
            match &message.late {
                Some(late) => format!("{} It {late}.", hostile::one_line(&message.why, 160)),
                None => hostile::one_line(&message.why, 160),
            },
            crate::time::utc(message.received),
        ]
    });
    ui::table(
        ["MESSAGE", "FROM", "ABOUT", "WAITS FOR A PERSON", "RECEIVED"],
        rows,
    )
}

fn dismiss(desktop: &Desktop, args: &Dismiss) -> Result<Ended> {
    let app = desktop.app()?;
    let by = desktop.workplace().operator();
    app.dismiss(&args.message, by, args.reason.clone())?;
    let document = json!({ "message": args.message, "dismissed": true });
    desktop.ui.answer(&document, || {
        format!("{}: set aside\n", args.message.escape_debug())
    })?;
    Ok(None)
}

/// Moves a case to another phase, from the one phase that it can be moved from.
async fn phase(desktop: &Desktop, desk: &Desk) -> Result<Ended> {
    desk.finish().await?;
    let phase = desk.log.read(|state| state.phase);
    desktop
        .ui
        .answer(&json!({ "case": desk.log.case(), "phase": phase }), || {
            format!("{}: {}\n", desk.log.case(), summary::phase(phase))
        })?;
    Ok(None)
}

async fn close(desktop: &Desktop, args: &Why) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let rest = desk.close(&args.reason).await?;
    desk.finish().await?;
    let (case, phase) = (desk.log.case(), desk.log.read(|state| state.phase));
    for line in rest.lines().iter().skip(rest.passed.len()) {
        desktop.ui.warning(&format!("not made: {line}"));
    }
    desktop.ui.answer(
        &json!({ "case": case, "phase": phase, "not_made": rest.looks }),
        || format!("{case}: {}\n", summary::phase(phase)),
    )?;
    Ok(None)
}

fn handover(desktop: &Desktop, args: &One) -> Result<Ended> {
    let app = desktop.app()?;
    let summary = summary::Summary::of(&app.peek(&args.case)?, app.clock.now());
    desktop
        .ui
        .answer(&summary, || summary::handover(&summary, &app.zone))?;
    Ok(None)
}

fn timeline(desktop: &Desktop, args: &One) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let moments = desk.timeline()?;
    desktop.ui.answer(
        &json!({ "case": desk.log.case(), "moments": moments }),
        || self::moments(&moments, &desk.zone),
    )?;
    Ok(None)
}

async fn choose(desktop: &Desktop, args: &Choose) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let choice = desk
        .choose(&args.provider, &args.login, &args.reason, args.also)
        .await?;
    desk.finish().await?;
    let said = if choice.new {
        "chosen"
    } else {
        "was chosen before; nothing was changed"
    };
    desktop.ui.answer(&choice, || {
        let login = hostile::one_line(&choice.account.login, 100);
        format!("{}: {login}: {said}\n", choice.account.provider)
    })?;
    Ok(None)
}

async fn withdraw(desktop: &Desktop, args: &Withdraw) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let account = desk
        .withdraw(&args.provider, &args.account, &args.reason)
        .await?;
    desk.finish().await?;
    desktop.ui.answer(&account, || {
        let login = hostile::one_line(&account.login, 100);
        format!("{}: {login}: withdrawn\n", account.provider)
    })?;
    let plan = format!(
        "a plan that names it has to be made anew: cordon plan {} --replace",
        args.case
    );
    desktop.ui.hint(&plan);
    Ok(None)
}

/// One timeline.
fn moments(moments: &[Moment], zone: &TimeZone) -> String {
    let rows = moments.iter().map(|moment| {
        let evidence = moment
            .evidence
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        [
            utc_and_zone(moment.at, zone),
            moment.source.to_string(),
            hostile::one_line(&defang_text(&moment.text), 160),
            evidence,
        ]
    });
    ui::table(["AT", "SOURCE", "WHAT", "EVIDENCE"], rows)
}
