//! Who may approve what: the person under review never, others by role and number.

mod accounts;
mod authors;
mod counsel;
mod leads;
mod papers;
mod places;
mod reviewing;
mod senders;
mod standing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon::app::summary::{GateStands, head};
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::canon::{Digest, canonical, digest_of};
use cordon::case::event::{Actor, Entry, Event, FORMAT, Person, Signed};
use cordon::case::log::line_hash;
use cordon::case::subject::{KnownAccount, Subject};
use cordon::door::{Class, Door, Link, Notifies, Order};
use cordon::evidence::approval::{Approval, Decision, Subject as About};
use cordon::evidence::export::Scope;
use cordon::evidence::verify;
use cordon::fault::Kind;
use cordon::id::{EvidenceId, NoticeId};
use cordon::plan::{OnFailure, Plan, Step, Task};
use cordon::settings::Settings;
use cordon::sshsig::{self, Signer};
use cordon::time::SystemClock;

/// A case about `person@example.test` with a roster of real keys.
struct Staffed {
    dir: tempfile::TempDir,
    desk: Desk,
    _app: App,
}

impl Staffed {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// As [`Self::new`], with other settings.
    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let person = |name: &str, role: &str, emails: &[&str], logins: &[&str]| Person {
            name: name.into(),
            roles: vec![role.into()],
            key: Signer::generate(&dir.path().join(name), "x")
                .unwrap()
                .public()
                .line(),
            emails: emails.iter().map(|&one| one.into()).collect(),
            logins: logins.iter().map(|&one| one.into()).collect(),
        };
        let mut settings = Settings {
            data: dir.path().join("data"),
            people: vec![
                person("Bo", "legal", &["bo@example.test"], &["bo-dev"]),
                person(
                    "Cy",
                    "incident_lead",
                    &[
                        "cy@example.test",
                        "office@example.test",
                        "legal@example.test",
                    ],
                    &[],
                ),
                person("Hal", "hr", &["hal@example.test"], &[]),
                person("Rob", "legal", &["rob@x.test", " PERSON@example.test"], &[]),
                person("Sam", "legal", &["sam@example.test"], &["Per-Son"]),
                person("Bo at home", "legal", &["Bo@Example.test"], &[]),
                person("Robin  ASHGROVE", "legal", &["robin@x.test"], &[]),
                person("Ros", "legal", &["per\u{200b}son+ir@example.test"], &[]),
                person("Ash", "legal", &["a+b@private.test"], &[]),
            ]
            .into(),
            ..Settings::default()
        };
        change(&mut settings);
        let app = App::new(settings, Arc::new(SystemClock)).unwrap();
        let new = NewCase {
            subject: Subject {
                emails: vec!["Person@example.test".into()],
                display_name: Some("Robin Ashgrove".into()),
                accounts: vec![KnownAccount {
                    provider: "github".into(),
                    login: "per-son".into(),
                }],
                ..Subject::default()
            },
            title: None,
            route: "operator".into(),
            effective: None,
            origin: Origin::Subject,
            by: Actor::Operator("tester".into()),
        };
        let desk = app.open_case(new).await.unwrap();
        Self {
            dir,
            desk,
            _app: app,
        }
    }

    fn key(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn append(&self, event: Event) -> Result<(), String> {
        let written = self.desk.log.append(&self.desk.by, vec![event]).await;
        written.map(|_| ()).map_err(|fault| fault.to_string())
    }

    /// What `name` would have signed, with the key of `by`.
    fn signed(
        &self,
        about: About,
        binds: Digest,
        decision: Decision,
        name: &str,
        by: &str,
    ) -> Signed {
        let at = self.desk.now();
        let text = Approval {
            case: self.desk.log.case().clone(),
            subject: about,
            binds,
            decision,
            person: name.into(),
            reason: "seen".into(),
            at,
            expires: at + jiff::SignedDuration::from_hours(1),
            session: None,
        }
        .to_string();
        let key = Signer::open(&self.key(by)).unwrap();
        Signed {
            signature: key.sign(sshsig::APPROVAL, text.as_bytes()).unwrap(),
            text,
            person: name.into(),
        }
    }

    /// A plan with one gate for legal and the incident lead, and a run that waits at it.
    async fn gate(&self, people: u32) -> Digest {
        let roles = vec!["legal".to_owned(), "incident_lead".to_owned()];
        let gate = Task::Gate {
            roles: roles.clone(),
            people,
            expires_s: 600,
            guards: 1,
        };
        let plan = plan(&self.desk, vec![step("go", gate, &[])]);
        let digest = digest_of(&plan).unwrap();
        let opened = Event::GateOpened {
            step: "go".into(),
            plan: digest,
            roles,
            people,
            expires: self.desk.now() + std::time::Duration::from_mins(10),
        };
        for event in [
            Event::PlanMade { plan, digest },
            Event::RunStarted { plan: digest },
            opened,
        ] {
            self.append(event).await.unwrap();
        }
        digest
    }

    async fn decide(&self, name: &str, approve: bool) -> Result<Signed, cordon::fault::Fault> {
        let key = self.key(name);
        self.desk.decide("go", name, &key, approve, "seen").await
    }

    async fn approve(&self, notice: &NoticeId, name: &str) -> Result<Signed, cordon::fault::Fault> {
        let key = self.key(name);
        self.desk.approve_notice(notice, name, &key, "read").await
    }

    fn lines(&self) -> u64 {
        self.desk.log.read(|state| state.lines)
    }

    /// A copy of the ledger that somebody continued by hand.
    fn continued(&self, events: Vec<Event>) -> verify::Report {
        let folder = tempfile::tempdir().unwrap();
        self.continue_in(folder.path(), events);
        verify::folder(folder.path()).unwrap()
    }

    /// What the script of an export says of its ledger when somebody continued it by hand.
    async fn script_on_continued(&self, events: Vec<Event>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("export");
        self.desk.finish().await.unwrap();
        self.desk.export(&out, Scope::Facts).await.unwrap();
        self.continue_in(&out, events);
        let script = out.join("verify.py");
        let run = std::process::Command::new("python3").arg(script).output();
        String::from_utf8(run.unwrap().stdout).unwrap()
    }

    fn continue_in(&self, folder: &Path, events: Vec<Event>) {
        let ledger = std::fs::read(self.desk.log.dir().join("ledger.jsonl")).unwrap();
        let mut lines: Vec<Vec<u8>> = ledger
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        for event in events {
            let entry = Entry {
                v: FORMAT,
                case: self.desk.log.case().clone(),
                seq: lines.len() as u64,
                prev: line_hash(lines.last().unwrap()),
                at: self.desk.now(),
                by: Actor::Engine,
                event,
            };
            lines.push(canonical(&entry).unwrap());
        }
        let text = lines
            .iter()
            .flat_map(|line| [line.as_slice(), b"\n"].concat());
        let text: Vec<u8> = text.collect();
        std::fs::write(folder.join("ledger.jsonl"), text).unwrap();
    }
}

fn plan(desk: &Desk, steps: Vec<Step>) -> Plan {
    Plan {
        case: desk.log.case().clone(),
        playbook: "test".into(),
        playbook_digest: Digest::ZERO,
        made: desk.now(),
        steps,
        left: Vec::new(),
        notes: Vec::new(),
    }
}

fn step(id: &str, task: Task, needs: &[&str]) -> Step {
    Step {
        id: id.into(),
        title: id.into(),
        task,
        needs: needs.iter().map(|&need| need.to_owned()).collect(),
        on_failure: OnFailure::Continue,
        attempts: 1,
        timeout_s: 1,
    }
}

fn said(report: &verify::Report, what: &str) -> bool {
    report.issues.iter().any(|issue| issue.what.contains(what))
}

#[tokio::test]
async fn the_person_under_review_approves_under_no_address_and_no_login() {
    let staffed = Staffed::new().await;
    let digest = staffed.gate(2).await;
    let (notice, draft) = staffed.desk.draft("ic3").await.unwrap();
    for name in ["Rob", "Sam", "Robin  ASHGROVE", "Ros"] {
        for fault in [
            staffed.decide(name, true).await.unwrap_err(),
            staffed.decide(name, false).await.unwrap_err(),
            staffed.approve(&notice, name).await.unwrap_err(),
        ] {
            assert_eq!(fault.code(), "may-not-decide", "{fault}");
            assert!(fault.what().contains("their own case"), "{fault}");
            assert!(fault.hints()[0].contains("Bo, Cy"), "{fault}");
        }
        // The log itself holds it, and so does whoever verifies a log that was written otherwise.
        let gate = Event::GateApproved {
            step: "go".into(),
            plan: digest,
            signed: staffed.signed(
                About::Gate("go".into()),
                digest,
                Decision::Approve,
                name,
                name,
            ),
        };
        let about = About::Notice(notice.clone());
        let text = Event::NoticeApproved {
            notice: notice.clone(),
            text: draft.digest,
            signed: staffed.signed(about, draft.digest, Decision::Approve, name, name),
            apart: false,
        };
        for event in [gate, text] {
            let report = staffed.continued(vec![event.clone()]);
            assert!(!report.decisions[0].holds, "{}", report.text());
            assert!(said(&report, "The decision does not count: nobody decides"));
            let refused = staffed.append(event).await.unwrap_err();
            assert!(refused.contains("their own case"), "{refused}");
        }
    }
    staffed.decide("Bo", true).await.unwrap();
    let fault = staffed.decide("Bo at home", true).await.unwrap_err();
    assert!(fault.what().contains("same address"), "{fault}");
    assert_eq!(staffed.desk.summary().gates[0].may, ["Cy", "Ash"]);
}

#[test]
fn one_address_is_one_person_in_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let person = |name: &str, emails: &str| {
        let key = Signer::generate(&dir.path().join(name), "x").unwrap();
        let key = key.public().line();
        format!(
            "[[people]]\nname = \"{name}\"\nroles = [\"legal\"]\nemails = {emails}\nkey = \"{}\"\n",
            key.trim()
        )
    };
    let parse = |text: &str| Settings::parse(text, Path::new("cordon.toml"));
    let both = person("a", "[\"A@x.test\"]") + &person("b", "[\"a@X.test\"]");
    let fault = parse(&both).unwrap_err();
    assert!(fault.what().contains("are both"), "{fault}");
    let fault = parse(&person("c", "[\"nobody\"]")).unwrap_err();
    assert!(fault.what().contains("not an e-mail address"), "{fault}");
    let fault = parse(&person("e", "[]")).unwrap_err();
    assert!(fault.what().contains("has no address"), "{fault}");
    let both = person("f", "[\"f+ir@x.test\"]") + &person("g", "[\"Ｆ@x.test\"]");
    let fault = parse(&both).unwrap_err();
    assert!(fault.what().contains("are both"), "{fault}");
    parse(&person("d", "[\"d@x.test\"]")).unwrap();
}

#[tokio::test]
async fn a_notice_goes_out_when_as_many_people_with_a_role_have_approved_as_it_asks_for() {
    let staffed = Staffed::new().await;
    let (notice, draft) = staffed.desk.draft("fbi-field-office").await.unwrap();
    let line = || {
        let notices = staffed.desk.summary().notices;
        notices.into_iter().find(|line| line.id == notice).unwrap()
    };
    assert_eq!(line().stage(), "draft");
    let waits = "2 of 2 people (incident_lead or legal): Bo or Cy or Bo at home or Ash may";
    assert_eq!(line().waits_for().unwrap(), waits);
    let fault = staffed.approve(&notice, "Hal").await.unwrap_err();
    assert!(fault.what().contains("no role"), "{fault}");
    let first = staffed.approve(&notice, "Bo").await.unwrap();
    // Who repeats a command that was cut off is told that the approval stands.
    let before = staffed.lines();
    assert_eq!(staffed.approve(&notice, "Bo").await.unwrap(), first);
    assert_eq!(staffed.lines(), before, "nothing was written");
    let other = staffed.key("Cy");
    let forged = staffed
        .desk
        .approve_notice(&notice, "Bo", &other, "x")
        .await;
    let forged = forged.unwrap_err();
    assert_eq!((forged.code(), forged.kind()), ("wrong-key", Kind::Input));
    assert!(
        forged.hints()[0].contains("the roster names SHA256:"),
        "{forged}"
    );
    assert_eq!(line().stage(), "not approved by all");
    assert_eq!(line().may, ["Cy", "Ash"]);
    let shown = head(&staffed.desk.summary(), &jiff::tz::TimeZone::UTC);
    assert!(shown.contains("1 of 2 people"), "{shown}");
    let to = ["office@example.test".to_owned()];
    let asked = |incomplete| papers::to(&to, incomplete);
    let fault = staffed.desk.send_notice(&notice, &asked(true)).await;
    assert_eq!(fault.unwrap_err().code(), "not-approved");
    let sending = Event::NoticeSending {
        notice: notice.clone(),
        text: draft.digest,
        to: to.to_vec(),
        message_id: "<1@example.test>".into(),
        mail: None,
        sealed: None,
        apart: false,
    };
    let report = staffed.continued(vec![sending.clone()]);
    assert!(said(
        &report,
        "was sent with 1 approvals that hold; it needs 2"
    ));
    let script = staffed.script_on_continued(vec![sending.clone()]).await;
    let told = "a notice was sent with 1 approvals that hold; it needs 2";
    assert!(script.contains(told), "{script}");
    let refused = staffed.append(sending.clone()).await.unwrap_err();
    assert!(refused.contains("as many people"), "{refused}");
    staffed.approve(&notice, "Cy").await.unwrap();
    assert_eq!((line().stage(), line().waits_for()), ("approved", None));
    let fault = staffed.desk.send_notice(&notice, &asked(false)).await;
    let fault = fault.unwrap_err();
    assert_eq!((fault.code(), fault.kind()), ("incomplete", Kind::Input));
    assert!(fault.what().contains(&draft.missing[0]), "{fault}");
    assert!(fault.hints()[0].contains("--incomplete"), "{fault}");
    let fault = staffed.desk.send_notice(&notice, &asked(true)).await;
    assert_eq!(fault.unwrap_err().code(), "no-mail", "it may go out now");
    let report = staffed.continued(vec![sending.clone()]);
    assert!(!said(&report, "was sent with"), "{}", report.text());
    let script = staffed.script_on_continued(vec![sending.clone()]).await;
    assert!(!script.contains("was sent with"), "{script}");
    staffed.append(sending).await.unwrap();
}

#[tokio::test]
async fn an_approval_of_a_notice_whose_signature_is_forged_counts_nowhere() {
    let staffed = Staffed::new().await;
    let (notice, draft) = staffed.desk.draft("executive").await.unwrap();
    let about = About::Notice(notice.clone());
    let forged = Event::NoticeApproved {
        notice: notice.clone(),
        text: draft.digest,
        signed: staffed.signed(about, draft.digest, Decision::Approve, "Bo", "Hal"),
        apart: false,
    };
    staffed.append(forged).await.unwrap();
    let line = staffed.desk.summary().notices.remove(0);
    assert_eq!((line.lacks, line.stage()), (1, "not approved by all"));
    assert!(!line.decisions[0].counts && line.approved_by.is_empty());
    let fault = staffed
        .desk
        .send_notice(&notice, &papers::to(&[], true))
        .await;
    assert_eq!(fault.unwrap_err().code(), "not-approved");
    // The person whose name was used is not shut out.
    staffed.approve(&notice, "Bo").await.unwrap();
    let line = staffed.desk.summary().notices.remove(0);
    assert_eq!(line.stage(), "approved");
}

#[test]
fn every_shipped_notice_says_who_approves_it() {
    for name in cordon::notice::names() {
        let approval = cordon::notice::about(&name).unwrap().approval;
        let able = ["incident_lead", "legal"];
        let able = able
            .iter()
            .filter(|role| approval.roles.contains(&(**role).into()));
        let people = usize::try_from(approval.people).unwrap();
        // What the public reads is the executive's to decide as well.
        let public = name == "hipaa-media";
        let enough = able.count() >= people;
        assert!(enough || public, "{name}: the two of a drill suffice");
        // What leaves the company leaves it on the word of two.
        let inside = ["dpo", "executive"].contains(&name.as_str());
        assert_eq!(people >= 2, !inside, "{name}");
    }
}

#[tokio::test]
async fn the_status_tells_whether_a_decision_counts() {
    let staffed = Staffed::new().await;
    let digest = staffed.gate(2).await;
    let about = || About::Gate("go".into());
    let forged = staffed.signed(about(), digest, Decision::Approve, "Bo", "Hal");
    let gate = |event: fn(String, Digest, Signed) -> Event, signed| {
        staffed.append(event("go".into(), digest, signed))
    };
    gate(
        |step, plan, signed| Event::GateApproved { step, plan, signed },
        forged,
    )
    .await
    .unwrap();
    staffed.decide("Cy", true).await.unwrap();
    let line = staffed.desk.summary().gates.remove(0);
    assert_eq!((line.stands, line.approved), (GateStands::Waiting, 1));
    let text = |staffed: &Staffed| {
        let shown = head(&staffed.desk.summary(), &jiff::tz::TimeZone::UTC);
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let void = "the approval of Bo at gate `go` does not count";
    assert!(text(&staffed).contains(void), "{}", text(&staffed));
    let forged = staffed.signed(about(), digest, Decision::Deny, "Bo", "Hal");
    gate(
        |step, plan, signed| Event::GateDenied { step, plan, signed },
        forged,
    )
    .await
    .unwrap();
    let line = staffed.desk.summary().gates.remove(0);
    assert_eq!(line.stands, GateStands::Spoiled);
    let void = "the denial of Bo at gate `go` does not count";
    assert!(text(&staffed).contains(void), "{}", text(&staffed));
    let shown = serde_json::to_value(staffed.desk.summary()).unwrap();
    let gate = &shown["gates"][0];
    assert_eq!(gate["stands"], "spoiled");
    assert_eq!(gate["decisions"][2]["counts"], false);
    assert!(
        gate["decisions"][2]["why"]
            .as_str()
            .unwrap()
            .contains("key")
    );
    // A denial that holds is told as one.
    let other = Staffed::new().await;
    other.gate(2).await;
    other.decide("Bo", false).await.unwrap();
    let line = other.desk.summary().gates.remove(0);
    assert_eq!(line.stands, GateStands::Denied);
    assert!(text(&other).contains("Bo denied it, and the signature holds"));
}

fn door(kind: &str, native: &str, evidence: &EvidenceId) -> Door {
    Door {
        id: Door::id_of("okta", kind, native),
        provider: "okta".into(),
        kind: kind.into(),
        native: native.into(),
        account: "1".into(),
        label: native.into(),
        link: Link::Owner,
        protected: None,
        detail: serde_json::Value::Null,
        evidence: evidence.clone(),
    }
}

fn close(id: &str, door: &Door, class: Class, needs: &[&str]) -> Step {
    let task = Task::Close {
        door: door.id.clone(),
        provider: door.provider.clone(),
        kind: door.kind.clone(),
        class,
        notifies: Notifies::No,
        order: Order::Silent,
        prove_within_s: 1,
    };
    step(id, task, needs)
}

fn gate(id: &str, people: u32) -> Step {
    let roles = vec!["legal".to_owned(), "incident_lead".to_owned()];
    let task = Task::Gate {
        roles,
        people,
        expires_s: 600,
        guards: 1,
    };
    step(id, task, &[])
}

impl Staffed {
    /// Opens a gate and lets Bo and Cy approve; until then `intent` is illegal.
    async fn pass(&self, gate: &Step, intent: &Event) {
        let Task::Gate { roles, people, .. } = &gate.task else {
            return;
        };
        let opened = Event::GateOpened {
            step: gate.id.clone(),
            plan: self.desk.log.read(|state| state.plan.as_ref().unwrap().1),
            roles: roles.clone(),
            people: *people,
            expires: self.desk.now() + std::time::Duration::from_mins(10),
        };
        self.append(opened).await.unwrap();
        for name in ["Bo", "Cy"].into_iter().take((*people).try_into().unwrap()) {
            let refused = self.append(intent.clone()).await;
            refused.expect_err("not every gate was passed");
            let key = self.key(name);
            let decided = self.desk.decide(&gate.id, name, &key, true, "seen");
            decided.await.unwrap();
        }
        let (step, outcome) = (gate.id.clone(), done());
        let passed = Event::GatePassed { step: step.clone() };
        self.append(passed).await.unwrap();
        self.append(Event::StepEnded { step, outcome })
            .await
            .unwrap();
    }

    /// Whether the log would take `event` in.
    fn check(&self, event: Event) -> Result<(), String> {
        let state = self.desk.log.read(Clone::clone);
        let entry = Entry {
            v: FORMAT,
            case: self.desk.log.case().clone(),
            seq: state.lines,
            prev: Digest::ZERO,
            at: self.desk.now(),
            by: Actor::Engine,
            event,
        };
        state.check(&entry).map_err(|fault| fault.to_string())
    }

    /// Begins a plan, in place of one that is under way.
    async fn begin(&self, steps: Vec<Step>) {
        let log = &self.desk.log;
        if log.read(|state| state.run == cordon::case::state::RunPhase::Running) {
            let aside = cordon::run::set_aside(log, &self.desk.by, "next");
            aside.await.unwrap();
        }
        let plan = plan(&self.desk, steps);
        let digest = digest_of(&plan).unwrap();
        self.append(Event::PlanMade { plan, digest }).await.unwrap();
        let started = Event::RunStarted { plan: digest };
        self.append(started).await.unwrap();
    }
}

fn done() -> cordon::case::event::Outcome {
    cordon::case::event::Outcome::Done {
        asked: 1,
        proven: 1,
        note: String::new(),
    }
}

#[tokio::test]
async fn what_cannot_be_undone_is_begun_only_behind_a_gate_of_its_own_that_two_people_passed() {
    let staffed = Staffed::new().await;
    let bytes = b"x".to_vec().into();
    let kept = staffed
        .desk
        .recorder
        .keep_file("x", "text/plain", bytes, "x");
    let kept = kept.await.unwrap();
    let gone = door("okta.api_token", "t", &kept);
    let back = door("okta.account", "u", &kept);
    for door in [&gone, &back] {
        let found = Event::DoorFound(door.clone());
        staffed.append(found).await.unwrap();
    }
    let intent = Event::StepIntended {
        step: "gone".into(),
        attempt: 1,
        door: Some(gone.id.clone()),
        undo: None,
    };
    let for_good = |needs: &[&str]| close("gone", &gone, Class::Irreversible, needs);
    let with_way_back = |needs: &[&str]| close("back", &back, Class::Redoable, needs);
    let wait = || step("wait", Task::Wait { seconds: 1 }, &["own"]);
    let (own, one, go) = (|| gate("own", 2), || gate("own", 1), || gate("go", 2));
    for (legal, steps) in [
        (true, vec![own(), for_good(&["own"])]),
        (
            true,
            vec![
                go(),
                own(),
                for_good(&["go", "own"]),
                with_way_back(&["go"]),
            ],
        ),
        // A closing behind a closing names both gates; it has one of its own.
        (
            true,
            vec![
                go(),
                own(),
                for_good(&["own"]),
                with_way_back(&["go", "own"]),
            ],
        ),
        (false, vec![own(), for_good(&[])]),
        (false, vec![one(), for_good(&["own"])]),
        (
            false,
            vec![own(), for_good(&["own"]), with_way_back(&["own"])],
        ),
        (false, vec![own(), for_good(&["own"]), wait()]),
    ] {
        staffed.begin(steps.clone()).await;
        for gate in &steps {
            staffed.pass(gate, &intent).await;
        }
        match staffed.check(intent.clone()) {
            Ok(()) => assert!(legal),
            Err(fault) => assert!(!legal && fault.contains("a gate of its own"), "{fault}"),
        }
    }
}
