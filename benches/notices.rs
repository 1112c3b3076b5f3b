//! How long it takes to draft every shipped notice for one case, lint included, without PDF: the texts
//! alone, and as a desk does it, with the evidence, the log and the disk; and to show a notice of twenty
//! pages to who reviews it.

#![expect(clippy::unwrap_used, reason = "a benchmark ends where it fails")]

#[path = "../tests/it/samples.rs"]
#[expect(
    dead_code,
    reason = "the cases that this measure does not draft are made for the tests"
)]
mod samples;

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use cordon::access::{Principal, Via};
use cordon::app::revise::{Remarked, Suggested};
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::case::event::{Actor, Event, Person};
use cordon::case::subject::Subject;
use cordon::document::{Change, Document};
use cordon::id::NoticeId;
use cordon::notice;
use cordon::settings::Settings;
use cordon::store::Hub;
use cordon::time::SystemClock;
use cordon::web::visit::Visit;
use cordon::web::{Web, pages};
use http::StatusCode;
use tower::ServiceExt as _;

/// Who reviews.
const COUNSEL: &str = "Grace Counsel";

fn main() {
    divan::main();
}

/// Every shipped notice of a case that knows all that they ask for.
#[divan::bench(sample_count = 10)]
fn every_notice_of_a_complete_case(bencher: divan::Bencher<'_, '_>) {
    drafts(bencher, &samples::complete());
}

/// Every shipped notice of a case in which everything is an attack.
#[divan::bench(sample_count = 10)]
fn every_notice_of_a_hostile_case(bencher: divan::Bencher<'_, '_>) {
    drafts(bencher, &samples::hostile());
}

fn drafts(bencher: divan::Bencher<'_, '_>, sample: &samples::Sample) {
    let names = notice::names();
    bencher.bench(|| {
        let facts = sample.facts();
        let drafts = names.iter().map(|name| notice::draft(name, &facts));
        drafts.map(|draft| draft.unwrap().text.len()).sum::<usize>()
    });
}

/// Every shipped notice as people have it drafted: each text is kept as evidence, its draft stands in the
/// log, and both are on the disk before the next.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn every_notice_through_a_desk(bencher: divan::Bencher<'_, '_>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let app = office(folder.path());
    bencher
        .with_inputs(|| runtime.block_on(app.open_case(new_case())).unwrap())
        .bench_local_values(|desk| {
            runtime.block_on(async {
                for name in notice::names() {
                    desk.draft(&name).await.unwrap();
                }
                desk.finish().await.unwrap();
                desk.summary().notices.len()
            })
        });
}

/// The page of a notice of twenty pages, three hundred blocks and a hundred sources, with forty open
/// suggestions and forty comments that were made against an earlier version of it.
#[divan::bench(sample_count = 20)]
fn the_review_of_twenty_pages(bencher: divan::Bencher<'_, '_>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (router, path) = runtime.block_on(reviewed(folder.path()));
    bencher.bench(|| runtime.block_on(shown(&router, &path)));
}

async fn shown(router: &Router, path: &str) -> usize {
    let request = http::Request::get(path).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = axum::body::to_bytes(answer.into_body(), 16 << 20).await;
    body.unwrap().len()
}

fn counsel() -> Person {
    Person {
        name: COUNSEL.into(),
        roles: vec!["legal".into()],
        key: String::new(),
        emails: Vec::new(),
        logins: Vec::new(),
    }
}

fn office(folder: &std::path::Path) -> Arc<App> {
    let settings = Settings {
        data: folder.join("data"),
        people: vec![counsel()].into(),
        ..Settings::default()
    };
    Arc::new(App::new(settings, Arc::new(SystemClock)).unwrap())
}

fn new_case() -> NewCase {
    NewCase {
        subject: Subject {
            emails: vec!["person@example.com".into()],
            ..Subject::default()
        },
        title: Some("Access review".into()),
        route: "operator".into(),
        effective: None,
        origin: Origin::Subject,
        by: Actor::Operator("bench".into()),
    }
}

async fn reviewed(folder: &std::path::Path) -> (Router, String) {
    let app = office(folder);
    let desk = app.open_case(new_case()).await.unwrap();
    let id = long(&desk).await;
    said_of(&desk, &id).await;
    let path = format!("/cases/{}/notices/{id}", desk.log.case());
    desk.finish().await.unwrap();
    drop(desk);
    let visit = Visit {
        principal: Principal {
            person: counsel(),
            via: Via::Session("bench".into()),
        },
        csrf: "bench".into(),
    };
    let hub = Arc::new(Hub::open(&folder.join("hub")).unwrap());
    let web = Arc::new(Web::new(app, hub).unwrap());
    let router = pages::router()
        .layer(axum::Extension(visit))
        .with_state(web);
    (router, path)
}

/// A draft whose body was made long, with the evidence that it names.
async fn long(desk: &Desk) -> NoticeId {
    let (of, draft) = desk.draft("executive").await.unwrap();
    let (record, _) = desk.notice(&of).unwrap();
    let (head, rest) = draft.text.split_once("\n---\n").unwrap();
    let (_, rest) = rest.split_once("\n## Unknown").unwrap();
    let (unknown, _) = rest.split_once("\n## Evidence\n").unwrap();
    let mut body = String::new();
    let mut table = String::new();
    let mut evidence = Vec::new();
    for n in 1..=100 {
        let bytes = format!("file {n}").into_bytes().into();
        let name = format!("file-{n}.txt");
        let kept = desk
            .recorder
            .keep_file(&name, "text/plain", bytes, "A file that was collected");
        let kept = kept.await.unwrap();
        let _ = write!(
            table,
            "[e{n}] {kept} A file that was collected, number {n} of its list\n\n"
        );
        let _ = write!(
            body,
            "Between the first and the last day the account read {n} repositories that it had not read before, by the record of the platform.[e{n}] Nothing shows what became of the copies after that day, or whether there are any at all, and nothing of it was met elsewhere.\n\n\
             - The log of **day {n}** is complete for the hours in which the account was open, and holds no entry after it was closed.[e{n}]\n\n"
        );
        evidence.push(kept);
    }
    let text = format!("{head}\n---\n\n{body}## Unknown{unknown}\n## Evidence\n\n{table}");
    let blocks = Document::parse(&text).blocks.len();
    assert!(
        blocks > 300 && text.len() > 45_000,
        "{blocks} blocks, {} bytes",
        text.len()
    );
    let bytes = bytes::Bytes::from(text.into_bytes());
    let digest = cordon::canon::Digest::of(&bytes);
    let kept = desk.recorder.keep_derived(
        evidence.clone(),
        "Draft of notice `executive`",
        "text/markdown; charset=utf-8",
        bytes,
    );
    let id = NoticeId::fresh();
    let event = Event::NoticeDrafted {
        notice: id.clone(),
        template: "executive".into(),
        text: digest,
        evidence: kept.await.unwrap(),
        facts: evidence,
        missing: draft.missing.clone(),
        approval: record.approval,
        facts_kept: record.facts_kept,
        serves: record.serves,
        suspicion: false,
        withheld: Vec::new(),
    };
    desk.log.append(&desk.by, vec![event]).await.unwrap();
    id
}

/// What people said of it, before one word of the text was changed.
async fn said_of(desk: &Desk, id: &NoticeId) {
    let (record, text) = desk.notice(id).unwrap();
    let document = Document::parse(&text);
    let ours = document
        .blocks
        .iter()
        .filter(|block| block.source.starts_with("Between"));
    let ours: Vec<_> = ours.collect();
    for block in ours.iter().take(40) {
        let change = Change {
            block: block.index,
            before: block.source.clone(),
            after: block.source.replace("Nothing shows", "No record shows"),
        };
        let suggested = Suggested {
            on: Some(record.text),
            change,
            reason: "plainer".into(),
            brought: None,
        };
        desk.suggest(id, suggested).await.unwrap();
        let remark = Remarked {
            on: Some(record.text),
            block: Some(block.index),
            quote: "by the record of the platform".into(),
            text: "Which record?".into(),
            answers: None,
            brought: None,
        };
        desk.comment(id, remark).await.unwrap();
    }
    let last = ours.last().unwrap();
    let change = Change {
        block: last.index,
        before: last.source.clone(),
        after: last.source.replace("Nothing shows", "No record shows"),
    };
    desk.edit_notice(id, record.text, change, "plainer")
        .await
        .unwrap();
}
