//! Attempts to break the rules that no feature may break, at the level of the whole program.

use std::path::Path;
use std::sync::Arc;

use cordon::app::{App, Desk, NewCase, Origin, Providers};
use cordon::canon::Digest;
use cordon::case::event::{Actor, Entry, Event, FORMAT, Person, Signed};
use cordon::case::state::CaseState;
use cordon::case::subject::Subject;
use cordon::door::{Class, Door, Link, Notifies, Order};
use cordon::fault::Fault;
use cordon::id::{CaseId, EvidenceId, NoticeId};
use cordon::plan::{OnFailure, Plan, Step, Task};
use cordon::provider::{
    Account, Candidate, Check, Closing, Cx, Inventory, Page, Provider, Spec, Window,
};
use cordon::run::{Options, Progress, Quiet};
use cordon::settings::Settings;
use cordon::sshsig::Signer;
use cordon::time::SystemClock;
use cordon::workplace::Workplace as _;

/// A provider whose credential belongs to whoever is under review.
struct Owned;

#[async_trait::async_trait]
impl Provider for Owned {
    fn spec(&self) -> &'static Spec {
        &cordon::providers::okta::SPEC
    }

    async fn check(
        &self,
        subject: Option<&Subject>,
        _: Cx<'_>,
    ) -> cordon::fault::Result<Vec<Check>> {
        let known = |subject: &Subject| subject.accounts.iter().any(|one| one.login == "owner");
        Ok(vec![Check {
            provider: "okta".into(),
            credential: "okta api token".into(),
            reachable: true,
            authenticated_as: Some("owner".into()),
            owned_by_subject: subject.map(known),
            permissions: Vec::new(),
            advice: Vec::new(),
        }])
    }

    async fn resolve(&self, _: &Subject, _: Cx<'_>) -> cordon::fault::Result<Vec<Candidate>> {
        Ok(Vec::new())
    }

    async fn doors(&self, _: &Account, _: Cx<'_>) -> cordon::fault::Result<Inventory> {
        Ok(Inventory::default())
    }

    fn undo(&self, _: &Door) -> Option<serde_json::Value> {
        None
    }

    async fn close(&self, _: &Door, _: Cx<'_>) -> cordon::fault::Result<Closing> {
        panic!("nothing is closed with this credential")
    }

    async fn probe(&self, _: &Door, _: Cx<'_>) -> cordon::fault::Result<cordon::door::Probe> {
        Err(Fault::failed("test", "not asked"))
    }

    async fn reopen(
        &self,
        _: &Door,
        _: &serde_json::Value,
        _: Cx<'_>,
    ) -> cordon::fault::Result<Closing> {
        Err(Fault::failed("test", "not asked"))
    }

    async fn pull(
        &self,
        _: &str,
        _: &Account,
        _: Window,
        _: Option<&str>,
        _: Cx<'_>,
    ) -> cordon::fault::Result<Page> {
        Err(Fault::failed("test", "not asked"))
    }
}

async fn desk(dir: &Path, origin: Origin) -> (App, Desk) {
    let settings = Settings {
        data: dir.join("data"),
        company: cordon::notice::Company {
            name: Some("Example Works".into()),
            ..Default::default()
        },
        ..Settings::default()
    };
    let app = App::new(settings, Arc::new(SystemClock)).unwrap();
    let desk = app
        .open_case(NewCase {
            subject: Subject {
                emails: vec!["person@example.test".into()],
                ..Subject::default()
            },
            title: None,
            route: "operator".into(),
            effective: None,
            origin,
            by: Actor::Operator("tester".into()),
        })
        .await
        .unwrap();
    (app, desk)
}

#[tokio::test]
async fn a_run_is_refused_while_the_person_owns_a_credential_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let (_, mut desk) = desk(dir.path(), Origin::Subject).await;
    desk.providers = Providers::from([("okta".to_owned(), Arc::new(Owned) as Arc<dyn Provider>)]);
    let go = |desk: Desk| async move {
        let (_keep, cancel) = tokio::sync::watch::channel(false);
        let quiet = Arc::new(Quiet) as Arc<dyn Progress>;
        let run = desk.run(&Options::default(), quiet, cancel).await;
        run.unwrap_err().code()
    };
    assert_eq!(
        go(desk.clone()).await,
        "no-plan",
        "nobody known owns it yet"
    );
    // The account that was settled in the case owns it, though nobody named it at the opening.
    let chosen = Event::IdentityChosen {
        account: Account {
            provider: "okta".into(),
            id: "1".into(),
            login: "owner".into(),
        },
        reason: "test".into(),
        evidence: Vec::new(),
    };
    desk.log.append(&desk.by, vec![chosen]).await.unwrap();
    assert_eq!(go(desk).await, "credential-owned");
}

#[tokio::test]
async fn facts_of_the_company_rest_on_the_configuration_and_not_on_a_file_of_that_name() {
    let dir = tempfile::tempdir().unwrap();
    let from = Origin::File("ticket.txt".into(), b"a ticket".to_vec());
    let (mut app, desk) = desk(dir.path(), from).await;
    let opening = desk.log.read(|state| state.opening.clone()).unwrap();
    let words = desk.log.read(|state| state.evidence[&opening].clone());
    let words = String::from_utf8(desk.bytes(&words).unwrap().to_vec()).unwrap();
    assert!(words.contains("person@example.test"), "{words}");
    for _ in 0..8 {
        let fake = b"{\"name\":\"Somebody Else\"}".to_vec().into();
        let kept = desk
            .recorder
            .keep_file("company.json", "application/json", fake, "given");
        kept.await.unwrap();
    }
    let name = |desk: &Desk, draft: &cordon::notice::Draft| {
        let shows = |id: &EvidenceId| {
            let record = desk.log.read(|state| state.evidence[id].clone());
            String::from_utf8_lossy(&desk.bytes(&record).unwrap()).into_owned()
        };
        draft.evidence.iter().map(shows).collect::<String>()
    };
    let (_, draft) = desk.draft("ic3").await.unwrap();
    let shown = name(&desk, &draft);
    assert!(
        draft.text.contains("Example Works") && shown.contains("Example Works"),
        "{shown}"
    );
    assert!(!shown.contains("Somebody Else"), "{shown}");
    // The configuration changes: the fact names the new record, never the old one.
    let case = desk.log.case().to_string();
    drop(desk);
    app.settings.company.name = Some("Example Works Two".into());
    let desk = app.desk(&case).unwrap();
    let (_, draft) = desk.draft("ic3").await.unwrap();
    let shown = name(&desk, &draft);
    assert!(
        draft.text.contains("Example Works Two") && shown.contains("Example Works Two"),
        "{shown}"
    );
}

#[test]
fn what_is_no_regular_file_is_refused_before_it_is_read() {
    for path in ["/dev/zero", "/"] {
        let fault = cordon::workplace::Here.read(Path::new(path)).unwrap_err();
        assert_eq!(fault.code(), "file");
    }
}

#[test]
fn a_pipe_in_place_of_the_ledger_or_the_manifest_is_an_issue_and_no_wait() {
    for name in ["ledger.jsonl", "manifest-sha256.txt"] {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join(name);
        assert!(
            std::process::Command::new("mkfifo")
                .arg(pipe)
                .status()
                .unwrap()
                .success()
        );
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let report = cordon::evidence::verify::folder(dir.path()).unwrap();
            tell.send(report.holds()).unwrap();
        });
        let holds = told.recv_timeout(std::time::Duration::from_secs(20));
        assert_eq!(holds, Ok(false), "{name}");
    }
}

struct World {
    case: CaseId,
    state: CaseState,
}

impl World {
    fn of(people: Vec<Person>) -> Self {
        let mut world = Self {
            case: CaseId::fresh(),
            state: CaseState::default(),
        };
        let opened = Event::CaseOpened {
            title: "Access review".into(),
            salt: String::new(),
            subject: Subject {
                display_name: Some("Ada Example".into()),
                ..Subject::default()
            },
            route: "operator".into(),
            people,
            recorder: String::new(),
            protected: Vec::new(),
            effective: None,
            evidence: None,
        };
        world.add(opened).unwrap();
        world
    }

    fn add(&mut self, event: Event) -> Result<(), String> {
        let entry = Entry {
            v: FORMAT,
            case: self.case.clone(),
            seq: self.state.lines,
            prev: Digest::ZERO,
            at: "2027-03-13T02:00:00Z".parse().unwrap(),
            by: Actor::Engine,
            event,
        };
        self.state
            .check(&entry)
            .map_err(|fault| fault.to_string())?;
        self.state.apply(&entry);
        Ok(())
    }

    fn evidence(&mut self) -> EvidenceId {
        let id = EvidenceId::fresh();
        let kept = Event::EvidenceKept(cordon::case::event::Evidence {
            privileged: false,
            id: id.clone(),
            sha256: Digest::of(b"x"),
            bytes: 1,
            media_type: "text/plain".into(),
            source: cordon::case::event::Source::File { name: "x".into() },
            at: "2027-03-13T02:00:00Z".parse().unwrap(),
            tool: "cordon".into(),
            title: "x".into(),
        });
        self.add(kept).unwrap();
        id
    }

    fn door(&mut self, protected: Option<&str>) -> Door {
        let evidence = self.evidence();
        let door = Door {
            id: Door::id_of("okta", "okta.api_token", "1"),
            provider: "okta".into(),
            kind: "okta.api_token".into(),
            native: "1".into(),
            account: "1".into(),
            label: "a token".into(),
            link: Link::Owner,
            protected: protected.map(str::to_owned),
            detail: serde_json::Value::Null,
            evidence,
        };
        self.add(Event::DoorFound(door.clone())).unwrap();
        door
    }

    fn plan(&mut self, steps: Vec<Step>) {
        let plan = Plan {
            case: self.case.clone(),
            playbook: "test".into(),
            playbook_digest: Digest::ZERO,
            made: "2027-03-13T02:00:00Z".parse().unwrap(),
            steps,
            left: Vec::new(),
            notes: Vec::new(),
        };
        let digest = cordon::canon::digest_of(&plan).unwrap();
        self.add(Event::PlanMade { plan, digest }).unwrap();
        self.add(Event::RunStarted { plan: digest }).unwrap();
    }
}

fn person(name: &str, key: &str) -> Person {
    Person {
        name: name.into(),
        roles: vec!["legal".into()],
        key: key.into(),
        emails: Vec::new(),
        logins: Vec::new(),
    }
}

fn signed(person: &str) -> Signed {
    Signed {
        text: String::new(),
        signature: String::new(),
        person: person.into(),
    }
}

fn step(id: &str, task: Task, needs: &[&str]) -> Step {
    Step {
        id: id.into(),
        title: id.into(),
        task,
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        on_failure: OnFailure::Continue,
        attempts: 1,
        timeout_s: 1,
    }
}

fn close(door: &Door) -> Task {
    Task::Close {
        door: door.id.clone(),
        provider: door.provider.clone(),
        kind: door.kind.clone(),
        class: Class::Irreversible,
        notifies: Notifies::No,
        order: Order::Silent,
        prove_within_s: 1,
    }
}

fn intend(step: &str, door: &Door) -> Event {
    Event::StepIntended {
        step: step.into(),
        attempt: 1,
        door: Some(door.id.clone()),
        undo: None,
    }
}

#[test]
fn protection_that_is_learnt_after_the_first_inventory_counts() {
    let mut world = World::of(Vec::new());
    let door = world.door(None);
    world.door(Some("on the protected list"));
    let gate = Task::Gate {
        roles: vec!["legal".into()],
        people: 1,
        expires_s: 60,
        guards: 1,
    };
    world.plan(vec![
        step("go", gate, &[]),
        step("close", close(&door), &[]),
    ]);
    let refused = world.add(intend("close", &door)).unwrap_err();
    assert!(refused.contains("protected"), "{refused}");
    world.door(None);
    assert!(
        world.state.doors[&door.id].door.protected.is_some(),
        "none is lost again"
    );
}

#[test]
fn the_log_takes_no_irreversible_closing_that_names_no_gate() {
    let mut world = World::of(Vec::new());
    let door = world.door(None);
    world.plan(vec![step("close", close(&door), &[])]);
    let refused = world.add(intend("close", &door)).unwrap_err();
    assert!(refused.contains("gate of its own"), "{refused}");
}

#[test]
fn one_key_under_two_names_is_one_person() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM3VLPSv9wx6113QZbZvudv0v64m2OapLNqqePKUoFTT";
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFAYcwJtjwPDYFW9YptREAzFM8P5bjOzKcHB8aAupaEg";
    let people = vec![
        person("Bo", key),
        person("Bo at home", &format!("{key} laptop")),
        person("Cy", other),
    ];
    let mut world = World::of(people);
    let gate = Task::Gate {
        roles: vec!["legal".into()],
        people: 2,
        expires_s: 60,
        guards: 1,
    };
    world.plan(vec![step("go", gate, &[])]);
    let plan = world.state.plan.as_ref().unwrap().1;
    world
        .add(Event::GateOpened {
            step: "go".into(),
            plan,
            roles: vec!["legal".into()],
            people: 2,
            expires: "2027-03-13T03:00:00Z".parse().unwrap(),
        })
        .unwrap();
    let mut approve = |name: &str| {
        world.add(Event::GateApproved {
            step: "go".into(),
            plan,
            signed: signed(name),
        })
    };
    approve("Bo").unwrap();
    assert!(approve("Bo at home").unwrap_err().contains("same key"));
    approve("Cy").unwrap();
}

#[test]
fn two_people_with_one_key_are_refused_in_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let key = Signer::generate(&dir.path().join("key"), "x")
        .unwrap()
        .public()
        .line();
    let text = format!(
        "[[people]]\nname = \"Bo\"\nroles = [\"legal\"]\nemails = [\"bo@x.test\"]\nkey = \"{key}\"\n[[people]]\nname = \"Cy\"\nroles = [\"incident_lead\"]\nemails = [\"cy@x.test\"]\nkey = \"{key}\"\n"
    );
    let fault = Settings::parse(&text, Path::new("cordon.toml")).unwrap_err();
    assert!(fault.what().contains("same key"), "{fault}");
}

#[test]
fn a_configuration_that_everybody_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cordon.toml");
    std::fs::write(&path, "zone = \"UTC\"\n").unwrap();
    let mode =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o666);
    assert_eq!(
        Settings::load(Some(&path)).unwrap_err().code(),
        "config-writable"
    );
    mode(0o644);
    Settings::load(Some(&path)).unwrap();
}

#[test]
fn nobody_approves_a_notice_about_themself_or_from_outside_the_roster() {
    let mut world = World::of(vec![person("Ada Example", "k 1"), person("Bo", "k 2")]);
    let evidence = world.evidence();
    let notice = NoticeId::fresh();
    let text = Digest::of(b"x");
    world
        .add(Event::NoticeDrafted {
            notice: notice.clone(),
            template: "ic3".into(),
            text,
            evidence,
            facts: Vec::new(),
            missing: Vec::new(),
            approval: None,
            facts_kept: None,
            suspicion: false,
            withheld: Vec::new(),
            serves: Vec::new(),
        })
        .unwrap();
    let mut approve = |name: &str| {
        world.add(Event::NoticeApproved {
            notice: notice.clone(),
            text,
            signed: signed(name),
            apart: false,
        })
    };
    assert!(approve("Ada Example").unwrap_err().contains("own case"));
    assert!(approve("Eve").unwrap_err().contains("roster"));
    approve("Bo").unwrap();
}

#[test]
fn one_document_whatever_happens() {
    let cordon = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cordon"));
        command.args(args).output().unwrap()
    };
    let id = EvidenceId::fresh().to_string();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("cordon.toml");
    std::fs::write(&config, "data = \"data\"\n").unwrap();
    let config = config.to_str().unwrap();
    let opened = cordon(&[
        "--config",
        config,
        "--json",
        "case",
        "open",
        "--email",
        "p@example.test",
    ]);
    let opened: serde_json::Value = serde_json::from_slice(&opened.stdout).unwrap();
    let case = opened["case"].as_str().unwrap();
    for args in [
        vec!["--config", config, "--json", "status", case, "--watch"],
        vec![
            "--config", config, "--json", "evidence", "show", case, &id, "--raw",
        ],
    ] {
        let said = cordon(&args);
        let document: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(document["error"]["exit"], 2, "{args:?}: {document}");
        assert_eq!(said.status.code(), Some(2), "{args:?}");
    }
    // A snapshot that read nothing is not done.
    let said = cordon(&["--config", config, "snapshot", case]);
    assert_eq!(said.status.code(), Some(1));
    // Nothing that a person gave steers a terminal, whatever the face forgot.
    let evil = "\u{1b}]0;x\u{7}\u{202e}.md";
    let said = cordon(&["--config", config, "playbook", "check", evil]);
    let all = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    assert!(
        !all.contains('\u{1b}') && !all.contains('\u{202e}'),
        "{all:?}"
    );
    let said = cordon(&["evidence", "verify", evil]);
    let all = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    assert!(
        !all.contains('\u{1b}') && !all.contains('\u{202e}'),
        "{all:?}"
    );
}

#[tokio::test]
async fn a_case_that_was_copied_beside_itself_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (app, desk) = desk(dir.path(), Origin::Subject).await;
    let case = desk.log.case().clone();
    drop(desk);
    let copy = CaseId::fresh();
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([app.case_dir(&case), app.case_dir(&copy)])
        .status();
    assert!(copied.unwrap().success());
    app.desk(case.as_str()).unwrap();
    assert_eq!(app.desk(copy.as_str()).unwrap_err().code(), "case-copied");
    assert_eq!(app.peek(copy.as_str()).unwrap_err().code(), "case-copied");
}

#[tokio::test]
async fn only_the_owner_of_the_key_hears_that_an_approval_stands() {
    let dir = tempfile::tempdir().unwrap();
    let key = |name: &str| Signer::generate(&dir.path().join(name), name).unwrap();
    let (bo, _) = (key("bo"), key("eve"));
    let settings = Settings {
        data: dir.path().join("data"),
        people: vec![person("Bo", &bo.public().line())].into(),
        ..Settings::default()
    };
    let app = App::new(settings, Arc::new(SystemClock)).unwrap();
    let new = NewCase {
        subject: Subject {
            emails: vec!["person@example.test".into()],
            ..Subject::default()
        },
        title: None,
        route: "operator".into(),
        effective: None,
        origin: Origin::Subject,
        by: Actor::Operator("tester".into()),
    };
    let desk = app.open_case(new).await.unwrap();
    let roles = vec!["legal".to_owned()];
    let gate = Task::Gate {
        roles: roles.clone(),
        people: 1,
        expires_s: 600,
        guards: 1,
    };
    let plan = Plan {
        case: desk.log.case().clone(),
        playbook: "test".into(),
        playbook_digest: Digest::ZERO,
        made: desk.now(),
        steps: vec![step("go", gate, &[])],
        left: Vec::new(),
        notes: Vec::new(),
    };
    let digest = cordon::canon::digest_of(&plan).unwrap();
    let opened = Event::GateOpened {
        step: "go".into(),
        plan: digest,
        roles,
        people: 1,
        expires: desk.now() + std::time::Duration::from_mins(10),
    };
    for event in [
        Event::PlanMade { plan, digest },
        Event::RunStarted { plan: digest },
        opened,
    ] {
        desk.log.append(&desk.by, vec![event]).await.unwrap();
    }
    let decide = |key: &str| {
        let (desk, key) = (desk.clone(), dir.path().join(key));
        async move { desk.decide("go", "Bo", &key, true, "seen").await }
    };
    decide("eve").await.unwrap_err();
    let first = decide("bo").await.unwrap();
    assert_eq!(
        decide("bo").await.unwrap(),
        first,
        "a repetition is answered as it stands"
    );
    decide("eve").await.unwrap_err();
}

#[tokio::test]
async fn what_a_crash_left_of_an_opening_is_removed_when_nobody_opens() {
    use cordon::id::CaseId;
    use cordon::store::{CaseStore, Making};
    let dir = tempfile::tempdir().unwrap();
    let (app, desk) = desk(dir.path(), Origin::Subject).await;
    let case = desk.log.case().clone();
    drop(desk);
    let cases = dir.path().join("data/cases");
    let left = || {
        let path = cases.join(format!(".opening-{}", CaseId::fresh()));
        std::fs::create_dir_all(path.join("sled")).unwrap();
        std::fs::write(path.join("ledger.jsonl"), "{\"half\":").unwrap();
        std::fs::write(path.join("LOCK"), "1\n").unwrap();
        path
    };
    let listed = || {
        let ids: Vec<CaseId> = app.list().unwrap().into_iter().map(|one| one.id).collect();
        assert_eq!(ids[ids.len() - 1], case);
    };
    // Names that are not of an opening are left alone, and no link is followed.
    let other = cases.join(".opening-notes");
    std::fs::create_dir(&other).unwrap();
    let outside = dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let link = cases.join(format!(".opening-{}", CaseId::fresh()));
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    let stale = left();
    listed();
    assert!(!stale.exists() && other.exists() && link.exists() && outside.exists());
    // Somebody opens a case: none is touched, whatever it looks like.
    let stale = left();
    let making = Making::begin(&cases).unwrap();
    listed();
    assert!(stale.exists());
    drop(making);
    listed();
    assert!(!stale.exists());
    // Nor is one whose store has an owner.
    let owned = cases.join(format!(".opening-{}", CaseId::fresh()));
    let store = CaseStore::create(&owned).unwrap();
    listed();
    assert!(owned.exists());
    drop(store);
    // The next opening removes it too, and two at once do not meet.
    let new = || NewCase {
        subject: Subject {
            emails: vec!["person@example.test".into()],
            ..Subject::default()
        },
        title: None,
        route: "operator".into(),
        effective: None,
        origin: Origin::Subject,
        by: Actor::Operator("tester".into()),
    };
    let (one, two) = tokio::join!(app.open_case(new()), app.open_case(new()));
    assert_ne!(one.unwrap().log.case(), two.unwrap().log.case());
    assert!(!owned.exists());
    assert_eq!(app.list().unwrap().len(), 3);
}
