//! Notices: where each draft stands, its text beside the evidence that it rests on, and its review.

pub(super) mod acts;
pub(super) mod fields;
pub(super) mod files;
pub(super) mod list;
pub(super) mod redline;
pub(super) mod sheet;
mod text;

use serde::Serialize;

use crate::app::summary::{AnsweredClock, NoticeLine, Summary};
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::notice::About;
use crate::web::look::Look;
use crate::web::shown::{When, line, path, short};

/// One draft in a list.
#[derive(Debug, Serialize)]
pub(super) struct NoticeView {
    id: String,
    href: String,
    title: String,
    addressee: String,
    /// What keeps it from others than its list of readers, in one word.
    kept: Option<&'static str>,
    stage: &'static str,
    /// When the stage of the duty that it answers is due, or how it was met.
    due: Option<DueView>,
    /// The other clocks that are met when it leaves.
    also: Vec<DueView>,
    missing: Vec<String>,
    waits: Option<String>,
    approved_by: Vec<String>,
    /// What became of the mail, where it is not simply sent.
    outbox: Vec<String>,
}

/// The clock of the stage that a notice answers.
#[derive(Debug, Serialize)]
struct DueView {
    title: String,
    href: String,
    due: When,
    met: Option<String>,
    overdue: bool,
}

/// What people call a notice.
pub(super) fn title(template: &str) -> String {
    crate::notice::about(template).map_or_else(|_| short(template), |about| about.title)
}

/// Every draft that counts: the last of each notice.
pub(super) fn notices(look: &Look<'_>, summary: &Summary) -> Vec<NoticeView> {
    let drafts = summary.notices.iter().filter(|draft| !draft.replaced);
    drafts.map(|draft| view(look, draft)).collect()
}

fn view(look: &Look<'_>, draft: &NoticeLine) -> NoticeView {
    let about = crate::notice::about(&draft.template).ok();
    NoticeView {
        id: draft.id.to_string(),
        href: path(&["cases", look.id.as_str(), "notices", draft.id.as_str()]),
        title: title(&draft.template),
        kept: about.as_ref().and_then(About::kept_from_others),
        addressee: about.map_or_else(String::new, |about| short(&about.addressee)),
        stage: draft.stage(),
        due: draft.clock().map(|clock| due(look, clock)),
        also: {
            let shown = draft.clock().map(|clock| &clock.clock);
            let others = draft.answers.iter();
            let others = others.filter(|clock| Some(&clock.clock) != shown);
            others.map(|clock| due(look, clock)).collect()
        },
        missing: draft.missing.iter().map(|fact| line(fact)).collect(),
        waits: draft.waits_for().map(|who| line(&who.replace('_', " "))),
        approved_by: draft.approved_by.iter().map(|name| short(name)).collect(),
        outbox: outbox(draft),
    }
}

fn due(look: &Look<'_>, clock: &AnsweredClock) -> DueView {
    DueView {
        title: line(&clock.title),
        href: path(&["cases", look.id.as_str(), "clocks", clock.clock.as_str()]),
        due: look.words.when(clock.due),
        met: clock.met.as_deref().map(line),
        overdue: clock.state == "overdue",
    }
}

fn outbox(draft: &NoticeLine) -> Vec<String> {
    let unclear = draft.sending.iter().map(|message_id| {
        format!("Sent with no clear end. Look for Message-ID {message_id} at the mail server before anything is sent again.")
    });
    let waits = draft.delayed.iter().map(|waits| {
        format!(
            "The mail server did not take it yet: {}. It goes out again as it is.",
            waits.why
        )
    });
    let back = draft
        .bounces
        .iter()
        .map(|one| format!("Did not reach {}: {}.", one.recipient, one.status));
    unclear
        .chain(waits)
        .chain(back)
        .map(|text| line(&text))
        .collect()
}

fn no_notice() -> Fault {
    Fault::input("no-notice", "The case has no such draft.")
}

fn notice_id(text: &str) -> Result<NoticeId> {
    text.parse().map_err(|_| no_notice())
}

/// The path of the page of a notice.
fn at_notice(case: &str, notice: &str) -> String {
    path(&["cases", case, "notices", notice])
}
