//! What does not hang on a case: providers, playbooks, and the duties that are known.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Nothing, Paged};
use crate::access::Ability;
use crate::app::duties::DutyLine;
use crate::canon::Digest;
use crate::fault::Result;
use crate::provider::Check;

/// Whether the credentials are ready.
#[derive(Debug, Serialize, JsonSchema)]
struct Checks {
    /// Each credential of each provider.
    checks: Vec<Check>,
    /// Whether a run may use all of them.
    ready: bool,
}

/// A playbook of this build.
#[derive(Debug, Serialize, JsonSchema)]
struct Shipped {
    /// Its name, as a plan names it.
    playbook: &'static str,
    /// What an approval of its plan covers.
    digest: Digest,
    /// Its text, YAML.
    text: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{SeeCase, Work};
    vec![
        Operation::get::<Paged<Value>>(
            "/providers",
            "list_providers",
            "Every kind of door and trail that is known of each provider.",
            SeeCase,
            providers,
        )
        .paged(),
        Operation::post::<Nothing, Checks>(
            "/providers/check",
            "check_providers",
            "Ask each provider whether our credentials are ready. Reads only; nothing is kept.",
            Work,
            |asked| Box::pin(check(asked)),
        ),
        Operation::get::<Paged<Shipped>>(
            "/playbooks",
            "list_playbooks",
            "The playbooks of this build.",
            SeeCase,
            playbooks,
        )
        .paged(),
        Operation::get::<Paged<DutyLine>>(
            "/duties",
            "list_known_duties",
            "Every duty that is known: when it is due, whether it is law, whether it was checked.",
            SeeCase,
            duties,
        )
        .paged(),
    ]
}

fn providers(asked: &Asked) -> Result<Value> {
    asked.page(crate::providers::SPECS, |spec| spec.name.to_owned())
}

async fn check(asked: Asked) -> Result<Value> {
    asked.body::<Nothing>()?;
    let checks = asked.web.app.check_providers(None).await?;
    let ready = checks.iter().all(Check::usable);
    Ok(json!(Checks { checks, ready }))
}

fn playbooks(asked: &Asked) -> Result<Value> {
    let all = crate::playbook::shipped_names().map(|name| {
        let text = crate::playbook::shipped(name).unwrap_or_default();
        let playbook = crate::playbook::load(name, text).map_err(|bad| bad.to_fault())?;
        Ok(Shipped {
            playbook: name,
            digest: playbook.digest(),
            text: text.to_owned(),
        })
    });
    let all = all.collect::<Result<Vec<_>>>()?;
    asked.page(&all, |one| one.playbook.to_owned())
}

fn duties(asked: &Asked) -> Result<Value> {
    let app = &asked.web.app;
    let today = app.clock.now().to_zoned(TimeZone::UTC).date();
    let all = DutyLine::all(&app.settings.catalogue()?, today);
    asked.page(&all, |one| one.obligation.id.clone())
}
