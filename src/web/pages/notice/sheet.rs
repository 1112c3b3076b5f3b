//! The page of one notice: where it stands, its text beside its sources, and what can be done.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::head::{Head, head};
use super::files::{Answered, FileView, receipts, sent_along};
use super::text::{Group, ProposalView, Reading, RemarkView, SourceView};
use super::{NoticeView, at_notice, no_notice, notice_id, view};
use crate::access::Ability;
use crate::app::dispatch::WAYS;
use crate::app::form::{self, Form, NoticeFile};
use crate::app::summary::{NoticeLine, Summary};
use crate::app::wording::Worded;
use crate::case::state::NoticeRecord;
use crate::document::Document;
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::notice::facts::Change;
use crate::notice::lint::{Finding, Severity};
use crate::notice::{About, Channel, Language, dictionary};
use crate::web::look::Look;
use crate::web::shown::{When, line, path, short};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// Which block's forms are open.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    #[serde(default)]
    block: String,
}

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    notice: NoticeView,
    at: String,
    /// Whether it is copied into a form, field by field.
    portal: bool,
    replaced: bool,
    basis: String,
    cautions: Vec<String>,
    /// What it would say and the case has, left out as a suspicion.
    withheld: Vec<String>,
    /// The SHA-256 of the text, and what an approval binds.
    text: String,
    binds: String,
    binds_short: String,
    void: Vec<String>,
    findings: Vec<Found>,
    /// What changed in the facts since the text was drafted.
    changes: Vec<Changed>,
    groups: Vec<Group>,
    sources: Vec<SourceView>,
    remarks: Vec<RemarkView>,
    proposals: Vec<ProposalView>,
    versions: Vec<VersionView>,
    deeds: Vec<DeedView>,
    files: Vec<FileView>,
    went: Option<Went>,
    receipts: Vec<Answered>,
    /// Whether this build makes PDF files.
    pdf: bool,
    /// Whether the text can still be changed, and by the visitor.
    may: bool,
    submitted: bool,
    /// Whether the visitor may approve it; why not, when they might think so.
    approves: bool,
    barred: Option<String>,
    /// Whether it can go out now.
    ready: bool,
    /// Whether Cordon can mail it, and to whom alone.
    mails: bool,
    inside: Option<String>,
    out: bool,
    may_receipt: bool,
    sending: Option<String>,
    ways: [&'static str; 5],
}

/// What the wording lint found.
#[derive(Debug, Serialize)]
struct Found {
    blocks: bool,
    place: String,
    words: String,
    reason: String,
    instead: String,
}

impl Found {
    fn of(finding: &Finding) -> Self {
        Self {
            blocks: finding.severity == Severity::Block,
            place: finding.place(),
            words: short(&finding.words),
            reason: line(&finding.reason),
            instead: line(&finding.instead),
        }
    }
}

/// A fact that says something else by now.
#[derive(Debug, Serialize)]
struct Changed {
    key: String,
    /// What people call it.
    label: String,
    /// Where it is recorded, for who may.
    href: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl Changed {
    fn of(look: &Look<'_>, change: &Change) -> Self {
        let known = dictionary::known(&change.key);
        let label = known.map_or(change.key.as_str(), |known| known.label(Language::En));
        let href = known.filter(|_| look.may(Ability::Counsel)).map(|known| {
            let facts = path(&["cases", look.id.as_str(), "facts"]);
            format!("{facts}#{}", known.key)
        });
        Self {
            key: short(&change.key),
            label: short(label),
            href,
            before: change.before.as_deref().map(line),
            after: change.after.as_deref().map(line),
        }
    }
}

#[derive(Debug, Serialize)]
struct VersionView {
    short: String,
    at: When,
    by: String,
    reason: String,
    /// What changed since.
    href: Option<String>,
}

/// What somebody did to it.
#[derive(Debug, Serialize)]
struct DeedView {
    at: When,
    by: String,
    did: String,
}

#[derive(Debug, Serialize)]
struct Went {
    how: String,
    to: String,
    at: Option<When>,
    by: String,
}

pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, notice)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    let made = made(&web, &visit, &id, &notice, asked).await;
    page::answered(&web, &visit, "notice", made)
}

async fn made(web: &Arc<Web>, visit: &Visit, id: &str, notice: &str, asked: Asked) -> Result<Page> {
    let notice = notice_id(notice)?;
    let worded = web
        .read_notice(visit, id, &notice, |case, notice| {
            case.wording(notice)?.look()
        })
        .await?;
    let open = asked.block.parse::<usize>().ok();
    web.look(visit, id, Ability::SeeCase, move |look| {
        let open = open.and_then(|open| open.checked_sub(1));
        let mut page = page_of(look, &notice, &worded, open)?;
        // What is missing stands in a list of its own.
        let wording = worded.findings.iter().filter(|one| one.rule != "missing");
        page.findings = wording.map(Found::of).collect();
        page.changes = worded
            .changes
            .iter()
            .flatten()
            .map(|change| Changed::of(look, change))
            .collect();
        Ok(page)
    })
    .await
}

fn page_of(look: &Look<'_>, id: &NoticeId, worded: &Worded, open: Option<usize>) -> Result<Page> {
    let record = &worded.record;
    let summary = Summary::of(look.state, look.now);
    let draft = summary.notices.iter().find(|draft| draft.id == *id);
    let draft = draft.ok_or_else(no_notice)?;
    let about = crate::notice::about(&record.template).ok();
    let out = record.is_out();
    let may = look.may(Ability::Counsel) && !out && record.replaced_by.is_none();
    let document = Document::parse(&worded.text);
    let reading = Reading {
        look,
        record,
        notice: id.as_str(),
        text: &worded.text,
        places: &worded.places(&document),
        document: &document,
        open,
        may,
    };
    let (remarks, proposals) = reading.elsewhere();
    let notice = view(look, draft);
    let (approves, barred) = approval(look, record, draft);
    let cautions = about.iter().flat_map(|about| &about.cautions);
    Ok(Page {
        title: notice.title.clone(),
        head: head(look, "notice"),
        at: at_notice(look.id.as_str(), id.as_str()),
        notice,
        portal: about
            .as_ref()
            .is_some_and(|about| about.channel == Channel::Portal),
        replaced: record.replaced_by.is_some(),
        cautions: cautions.map(|one| line(one)).collect(),
        basis: about
            .as_ref()
            .map_or_else(String::new, |about| line(&about.basis)),
        text: record.text.to_string(),
        binds: record.binds().to_string(),
        binds_short: record.binds().short(),
        withheld: record.withheld.iter().map(|fact| line(fact)).collect(),
        void: draft.void.iter().map(|name| short(name)).collect(),
        findings: Vec::new(),
        changes: Vec::new(),
        groups: reading.groups(),
        sources: reading.sources(),
        remarks,
        proposals,
        versions: versions(look, id, record),
        deeds: deeds(look, record),
        files: sent_along(look, id, record),
        went: went(look, record),
        receipts: receipts(look, id, record),
        pdf: form::PDF,
        may,
        submitted: record.submitted,
        approves,
        barred,
        ready: may && draft.lacks == 0,
        mails: about.as_ref().is_some_and(About::goes_by_mail),
        inside: (about.as_ref())
            .filter(|about| about.channel == Channel::Inside)
            .map(|about| line(&about.distribution.join(", ").replace('_', " "))),
        out,
        may_receipt: out && look.may(Ability::Counsel),
        sending: record.sending.as_deref().map(line),
        ways: WAYS,
    })
}

/// Whether the visitor may approve, and why not when they could think so.
fn approval(look: &Look<'_>, record: &NoticeRecord, draft: &NoticeLine) -> (bool, Option<String>) {
    if record.is_out() || record.replaced_by.is_some() || draft.lacks == 0 {
        return (false, None);
    }
    let roles = record.approval.as_ref().map(|of| of.roles.as_slice());
    if let Err(why) = look.state.may_decide(roles, look.name()) {
        return (false, Some(line(&why)));
    }
    if look.web.app.settings.notices.author_is_not_approver
        && let Err(why) = look.state.may_approve_others(record, look.name())
    {
        return (false, Some(line(&why)));
    }
    if draft.approved_by.iter().any(|name| name == look.name()) {
        return (false, Some("you approved it before".to_owned()));
    }
    let able = look.visit.principal.may_at_all(Ability::Decide);
    let barred = able.err().map(|fault| fault.what().to_owned());
    let mine = draft.may.iter().any(|name| name == look.name());
    (mine && barred.is_none(), barred)
}

fn versions(look: &Look<'_>, id: &NoticeId, record: &NoticeRecord) -> Vec<VersionView> {
    let at = at_notice(look.id.as_str(), id.as_str());
    let each = record.versions.iter().rev().map(|version| VersionView {
        short: version.text.short(),
        at: look.words.when(version.at),
        by: short(&version.by),
        reason: line(&version.reason),
        href: (version.text != record.text)
            .then(|| format!("{at}/redline?from={}&to={}", version.text, record.text)),
    });
    each.collect()
}

fn deeds(look: &Look<'_>, record: &NoticeRecord) -> Vec<DeedView> {
    let each = record.deeds.iter().map(|deed| DeedView {
        at: look.words.when(deed.at),
        by: short(&deed.by),
        did: line(&deed.did.words()),
    });
    each.collect()
}

fn went(look: &Look<'_>, record: &NoticeRecord) -> Option<Went> {
    if let Some(went) = &record.dispatched {
        return Some(Went {
            how: went.how.clone(),
            to: line(&went.to),
            at: Some(look.words.when(went.at)),
            by: short(&went.by),
        });
    }
    let (message_id, reply) = record.sent.as_ref()?;
    Some(Went {
        how: "mail from here".to_owned(),
        to: line(message_id),
        at: None,
        by: line(reply),
    })
}

/// The text in another form, for download.
pub(in crate::web) async fn download(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, notice, form)): Path<(String, String, String)>,
) -> Response {
    let made = downloaded(&web, &visit, &id, &notice, &form).await;
    let made = made.map(|file| {
        let headers = [
            ("content-type", file.media_type.to_owned()),
            ("content-disposition", page::attachment(&file.name)),
        ];
        (headers, file.bytes)
    });
    page::given(&web, &visit, made)
}

async fn downloaded(
    web: &Arc<Web>,
    visit: &Visit,
    id: &str,
    notice: &str,
    form: &str,
) -> Result<NoticeFile> {
    let form: Form = form.parse().map_err(|fault: Fault| match fault.code() {
        "form-unknown" => Fault::input("no-page", "There is no such page."),
        _ => fault,
    })?;
    web.at_notice(visit, id, &notice_id(notice)?, move |desk, notice| {
        desk.notice_file(notice, form)
    })
    .await
}
