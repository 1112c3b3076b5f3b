//! What happened, for people: one timeline, one page for the next shift, and notes.

use std::collections::BTreeMap;

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged, said};
use crate::access::Ability;
use crate::app::summary::{self, Summary};
use crate::canon::Digest;
use crate::evidence::timeline::Moment;
use crate::fault::Result;
use crate::id::CaseId;

/// The longest note, characters.
const NOTE: usize = 2000;

/// Something to remember.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Note {
    /// The words; they stand in the log.
    #[schemars(length(min = 1, max = 2000))]
    text: String,
}

/// A note that stands in the log.
#[derive(Debug, Serialize, JsonSchema)]
struct Noted {
    /// The case.
    case: CaseId,
    /// The words, as they stand there. Hostile text.
    text: String,
}

/// One page for the next shift.
#[derive(Debug, Serialize, JsonSchema)]
struct Handover {
    /// The case.
    case: Option<CaseId>,
    /// Plain text: done, open, due, unknown. Hostile where it quotes.
    text: String,
}

/// A moment and what names it in a list.
#[derive(Debug, Serialize)]
struct Keyed {
    #[serde(flatten)]
    moment: Moment,
    #[serde(skip)]
    key: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Hold, SeeCase, SeeEvidence};
    vec![
        Operation::get::<Paged<Moment>>(
            "/cases/{case}/timeline",
            "list_timeline",
            "One timeline: contacts, the account holder's trail events, our actions, clocks.",
            SeeEvidence,
            timeline,
        )
        .paged(),
        Operation::get::<Handover>(
            "/cases/{case}/handover",
            "show_handover",
            "One page for the next shift: done, open, due, unknown.",
            SeeCase,
            handover,
        ),
        Operation::post::<Note, Noted>(
            "/cases/{case}/notes",
            "add_note",
            "Add a note to the log of the case.",
            Hold,
            |asked| Box::pin(note(asked)),
        )
        .answered(StatusCode::CREATED),
    ]
}

fn timeline(asked: &Asked) -> Result<Value> {
    let moments = asked.desk(Ability::SeeEvidence)?.timeline()?;
    asked.page(&keyed(moments), |one| one.key.clone())
}

/// Names each moment by what it says, so that a page goes on at its place also when others came in
/// between; moments that say the same are counted.
fn keyed(moments: Vec<Moment>) -> Vec<Keyed> {
    let mut seen: BTreeMap<Digest, usize> = BTreeMap::new();
    let key = |moment: Moment| {
        let digest = Digest::of(json!(moment).to_string().as_bytes());
        let times = seen.entry(digest).or_default();
        *times += 1;
        let key = format!("{digest}\u{1f}{times}");
        Keyed { moment, key }
    };
    moments.into_iter().map(key).collect()
}

fn handover(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let app = &asked.web.app;
    let summary = Summary::of(&state, app.clock.now());
    let text = summary::handover(&summary, &app.zone);
    let case = summary.case;
    Ok(json!(Handover { case, text }))
}

async fn note(asked: Asked) -> Result<Value> {
    let Note { text } = asked.body()?;
    let text = said("text", &text, NOTE)?.to_owned();
    let desk = asked.desk(Ability::Hold)?;
    desk.note(&text).await?;
    desk.finish().await?;
    let case = desk.log.case().clone();
    Ok(json!(Noted { case, text }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::timeline::MomentSource;
    use crate::time::Timestamp;

    #[test]
    fn moments_that_say_the_same_have_names_of_their_own() {
        let moment = |text: &str| Moment {
            at: Timestamp::UNIX_EPOCH,
            source: MomentSource::Action,
            text: text.to_owned(),
            evidence: None,
            line: Some(1),
            record: None,
        };
        let all = keyed(vec![moment("a"), moment("a"), moment("b")]);
        let keys: std::collections::BTreeSet<_> = all.iter().map(|one| &one.key).collect();
        assert_eq!(keys.len(), 3);
        let other = keyed(vec![moment("b")]);
        assert_eq!(
            other[0].key, all[2].key,
            "its name does not hang on its place"
        );
    }
}
