//! A case with everything that an export holds, made for the tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use cordon::canon::{Digest, digest_of};
use cordon::case::event::{Actor, Event, Person, Signed};
use cordon::case::log::CaseLog;
use cordon::case::subject::{KnownAccount, Subject as Holder};
use cordon::evidence::Recorder;
use cordon::evidence::approval::{Approval, Decision, Subject};
use cordon::id::{CaseId, EvidenceId, NoticeId};
use cordon::plan::{OnFailure, Plan, Step, Task};
use cordon::provider::{Account, Completeness, Window};
use cordon::sshsig::{self, Signer};
use cordon::time::{ManualClock, Timestamp};

pub(super) struct Made {
    pub(super) root: tempfile::TempDir,
    pub(super) dir: PathBuf,
    pub(super) log: Arc<CaseLog>,
    pub(super) recorder: Recorder,
    pub(super) key: Signer,
    pub(super) person: Signer,
    pub(super) clock: Arc<ManualClock>,
    pub(super) by: Actor,
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) const TRAIL: &str = r#"[{"_document_id":"b","@timestamp":1804991651000,"action":"git.clone","actor":"jordan-example","actor_id":41,"actor_ip":"198.51.100.7","repo":"corp/app"},
{"_document_id":"a","@timestamp":1804991640000,"action":"repo.download_zip","actor":"Jordan-Example","repo":"corp/app"},
{"_document_id":"c","@timestamp":1804991660000,"action":"git.clone","actor":"someone-else","repo":"corp/app"}]"#;

/// A case that was opened, and nothing else.
pub(super) async fn opened() -> Made {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    let key = Signer::generate(&root.path().join("recorder"), "recorder").unwrap();
    let person = Signer::generate(&root.path().join("ada"), "ada").unwrap();
    let clock = Arc::new(ManualClock::new(at("2027-03-13T02:34:11Z")));
    let by = Actor::Operator("example".to_owned());
    let first = Event::CaseOpened {
        title: "Access review LL-C-0417".to_owned(),
        salt: "00".to_owned(),
        subject: Holder {
            accounts: vec![KnownAccount {
                provider: "github".to_owned(),
                login: "jordan-example".to_owned(),
            }],
            ..Holder::default()
        },
        route: "test".to_owned(),
        people: vec![Person {
            name: "Ada Example".to_owned(),
            roles: vec!["legal".to_owned()],
            key: person.public().line(),
            emails: Vec::new(),
            logins: Vec::new(),
        }],
        recorder: key.public().line(),
        protected: Vec::new(),
        effective: None,
        evidence: None,
    };
    let log = CaseLog::create(&dir, CaseId::fresh(), clock.clone(), &by, first)
        .await
        .unwrap();
    let log = Arc::new(log);
    let recorder = Recorder::new(Arc::clone(&log), by.clone());
    Made {
        root,
        dir,
        log,
        recorder,
        key,
        person,
        clock,
        by,
    }
}

/// A case with files, a large object, a trail, a gate and a notice, both decided.
pub(super) async fn full() -> Made {
    let made = opened().await;
    let keep = |name: &'static str, media: &'static str, bytes: Vec<u8>| {
        made.recorder
            .keep_file(name, media, Bytes::from(bytes), name)
    };
    keep("=cmd|'/c calc'!A1", "text/csv", b"a,b\n".to_vec())
        .await
        .unwrap();
    keep("../../etc/passwd", "text/html", b"<script>".to_vec())
        .await
        .unwrap();
    keep("empty", "application/octet-stream", Vec::new())
        .await
        .unwrap();
    let trail = keep("audit.json", "application/json", TRAIL.as_bytes().to_vec())
        .await
        .unwrap();
    let large = made.root.path().join("large.bin");
    std::fs::write(&large, vec![7u8; 5 << 20]).unwrap();
    made.recorder
        .keep_path(&large, "application/octet-stream", "an image")
        .await
        .unwrap();
    let account = Account {
        provider: "github".to_owned(),
        id: "41".to_owned(),
        login: "jordan-example".to_owned(),
    };
    let completeness = Completeness {
        what: "events of the account".to_owned(),
        window: Some(Window {
            since: at("2027-03-06T02:34:11Z"),
            until: at("2027-03-13T02:34:11Z"),
        }),
        pages: 1,
        records: 3,
        complete: true,
        gaps: vec!["API requests are <b>not</b> switched on".to_owned()],
        ..Completeness::default()
    };
    made.append(vec![Event::TrailRead {
        trail: "github.audit".to_owned(),
        account: Some(account),
        completeness,
        evidence: vec![trail.clone()],
    }])
    .await;
    made.decide_gate().await;
    made.decide_notice(vec![trail]).await;
    made
}

impl Made {
    pub(super) async fn append(&self, events: Vec<Event>) {
        self.log.append(&self.by, events).await.unwrap();
    }

    pub(super) fn sign(&self, subject: Subject, binds: Digest) -> Signed {
        let now = cordon::time::Clock::now(&*self.clock);
        let text = Approval {
            case: self.log.case().clone(),
            subject,
            binds,
            decision: Decision::Approve,
            person: "Ada Example".to_owned(),
            reason: "read, as it should be".to_owned(),
            at: now,
            expires: now + jiff::SignedDuration::from_hours(4),
            session: None,
        }
        .to_string();
        let signature = self.person.sign(sshsig::APPROVAL, text.as_bytes()).unwrap();
        Signed {
            text,
            signature,
            person: "Ada Example".to_owned(),
        }
    }

    async fn decide_gate(&self) {
        let step = |id: &str, task| Step {
            id: id.to_owned(),
            title: "Größe ✓ \"quoted\" \u{7f}".to_owned(),
            task,
            needs: Vec::new(),
            on_failure: OnFailure::Continue,
            attempts: 1,
            timeout_s: 60,
        };
        let gate = Task::Gate {
            roles: vec!["legal".to_owned()],
            people: 1,
            expires_s: 3600,
            guards: 1,
        };
        let plan = Plan {
            case: self.log.case().clone(),
            playbook: "test".to_owned(),
            playbook_digest: Digest::of(b"playbook"),
            made: cordon::time::Clock::now(&*self.clock),
            steps: vec![
                step("contain", gate),
                step("wait", Task::Wait { seconds: 1 }),
            ],
            left: Vec::new(),
            notes: Vec::new(),
        };
        let digest = digest_of(&plan).unwrap();
        let step = "contain".to_owned();
        self.append(vec![
            Event::PlanMade { plan, digest },
            Event::RunStarted { plan: digest },
            Event::GateOpened {
                step: step.clone(),
                plan: digest,
                roles: vec!["legal".to_owned()],
                people: 1,
                expires: at("2027-03-13T06:34:11Z"),
            },
        ])
        .await;
        let signed = self.sign(Subject::Gate(step.clone()), digest);
        self.append(vec![
            Event::GateApproved {
                step: step.clone(),
                plan: digest,
                signed,
            },
            Event::GatePassed { step },
        ])
        .await;
    }

    async fn decide_notice(&self, facts: Vec<EvidenceId>) {
        let text = Bytes::from_static("# Draft\nOne fact.\n".as_bytes());
        let digest = Digest::of(&text);
        let evidence = self
            .recorder
            .keep_derived(
                facts.clone(),
                "draft of notice `x`",
                "text/markdown; charset=utf-8",
                text,
            )
            .await
            .unwrap();
        let notice = NoticeId::fresh();
        self.append(vec![Event::NoticeDrafted {
            notice: notice.clone(),
            template: "x".to_owned(),
            text: digest,
            evidence,
            facts,
            missing: Vec::new(),
            approval: None,
            facts_kept: None,
            suspicion: false,
            withheld: Vec::new(),
            serves: Vec::new(),
        }])
        .await;
        let signed = self.sign(Subject::Notice(notice.clone()), digest);
        self.append(vec![Event::NoticeApproved {
            notice,
            text: digest,
            signed,
            apart: false,
        }])
        .await;
    }

    /// Exports to a fresh folder.
    pub(super) async fn export(&self, name: &str) -> PathBuf {
        let to = self.root.path().join(name);
        cordon::evidence::export::write(
            &self.log,
            &self.key,
            &self.by,
            &to,
            cordon::evidence::export::Scope::Facts,
        )
        .await
        .unwrap();
        to
    }
}

/// Every file below a folder, relative to it.
pub(super) fn files(dir: &Path) -> Vec<String> {
    let (mut found, mut stack) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = stack.pop() {
        for entry in std::fs::read_dir(dir.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                stack.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}
