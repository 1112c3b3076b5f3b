//! The restricted route: what raises a departure to it, what begins by itself, and what never does.

use cordon::app::review::{AskedBy, Begun};
use cordon::case::event::Event;
use cordon::door::{Class, DoorState};
use cordon::id::{CaseId, DoorId};
use cordon::plan::Task;
use cordon::plan::show::{Detail, text};
use cordon::range::fault::{Faults, Nth, Trouble};
use cordon::run::End;
use tokio::sync::watch;

use super::*;
use crate::staged::{Staged, Struck, small_company};

const RULE: &str = "[[review]]\nname = \"agency contractors\"\nagency = \"fairlead staffing\"\nworker_type = \"contractor\"\n";

/// The simulated company, with an HR system that is an ordinary and one that is a restricted sender.
pub(crate) struct Company {
    pub(crate) app: Arc<App>,
    staged: Staged,
    inbox: Arc<Departures>,
    _folder: tempfile::TempDir,
}

impl Company {
    pub(crate) async fn set(more: &str) -> Self {
        Self::struck(more, Struck::default()).await
    }

    /// With faults of the providers.
    pub(crate) async fn struck(more: &str, struck: Struck) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let company = small_company();
        let staged = Staged::set(folder.path(), company, struck).await;
        let text = std::fs::read_to_string(staged.config()).unwrap();
        let settings = Settings::parse(&format!("{text}{more}"), &staged.config()).unwrap();
        let app = App::new(settings, Arc::new(cordon::time::SystemClock)).unwrap();
        let app = Arc::new(app);
        let inbox = Arc::new(Departures::new(Arc::clone(&app), hub(&app)).unwrap());
        Self {
            app,
            staged,
            inbox,
            _folder: folder,
        }
    }

    /// The inbox at work, until no review waits to be begun.
    async fn reviews_begun(&self) {
        let (stop, stopped) = watch::channel(false);
        let inbox = Arc::clone(&self.inbox);
        let working = tokio::spawn(async move { inbox.work(stopped).await });
        let begun = std::time::Instant::now();
        while self.marks() > 0 {
            assert!(begun.elapsed().as_secs() < 60, "never begun");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        stop.send(true).unwrap();
        working.await.unwrap();
    }

    /// How many reviews wait to be begun.
    fn marks(&self) -> usize {
        let names = std::fs::read_dir(self.staged.folder.join("data/messages")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name());
        let marks = names.filter(|name| name.to_string_lossy().ends_with(".review"));
        marks.count()
    }

    async fn send(&self, body: &[u8], route: &str, id: &str) {
        let said = cordon::intake::worker::read(body, None).unwrap();
        let now = cordon::time::SystemClock.now();
        let incoming = Incoming {
            source: if route == "suspicion" { "desk" } else { "hr" }.into(),
            received: now,
            message: cordon::intake::Message {
                id: id.into(),
                signed_at: Some(now),
                kind: said.kind,
                subject: said.subject,
                effective: said.effective,
                lookup: None,
                employment: said.employment,
                notes: Vec::new(),
            },
            route: route.into(),
            headers: Vec::new(),
            body: body.to_vec().into(),
        };
        self.inbox.accept(incoming).await.unwrap();
        self.inbox.finish().await.unwrap();
    }

    /// A case on the route of that name, for the subject of the company.
    pub(crate) async fn suspicion(&self, suspicion: bool) -> CaseId {
        let now = cordon::time::SystemClock.now();
        let body = self.staged.company.hr_termination(now, now);
        let route = if suspicion { "suspicion" } else { "departure" };
        self.send(&body, route, "m-1").await;
        self.inbox.opened()[0].clone()
    }

    /// What the cases share; the inbox has it.
    pub(crate) fn hub(&self) -> Arc<Hub> {
        self.inbox.hub()
    }

    pub(crate) async fn recall(&self) {
        let now = cordon::time::SystemClock.now();
        let body = self.staged.company.hr_recall(now, now);
        self.send(&body, "departure", "r-1").await;
    }

    /// The doors that are closed in the case, by what is known, and in truth.
    pub(crate) fn closed(&self) -> Vec<DoorId> {
        let state = self.app.peek(self.inbox.opened()[0].as_str()).unwrap();
        let doors = state.doors.values();
        let closed = doors.filter(|record| record.touched && record.state == DoorState::Closed);
        closed
            .filter(|record| self.staged.is_open(&record.door) == Some(false))
            .map(|record| record.door.id.clone())
            .collect()
    }

    async fn begin(&self, case: &CaseId) -> Begun {
        let (_keep, cancel) = watch::channel(false);
        let begun = (self.app).begin_review(case.as_str(), AskedBy::Sender, cancel);
        begun.await.unwrap()
    }

    /// Calls that change something.
    fn writes(&self) -> Vec<String> {
        let calls = self.staged.calls.calls().into_iter();
        let writes = calls.filter(|call| !["GET", "HEAD"].contains(&call.method.as_str()));
        writes
            .map(|call| format!("{} {}", call.method, call.path))
            .collect()
    }
}

#[tokio::test]
async fn a_rule_on_the_engagement_raises_a_departure_and_the_case_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), &format!("{STANDARD_SENDER}{RULE}"), "none");
    hr.standard("m-1", &departure("W-1", "2027-03-12T11:48:00Z"))
        .await;
    let case = hr.case();
    assert_eq!(case.route, "suspicion");
    assert!(
        case.notes[0].1.contains("agency contractors"),
        "{:?}",
        case.notes
    );
    assert!(case.notes[0].1.contains("not about this person"));
    assert!(case.notes[1].1.contains("9 h 12 min"));

    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), &format!("{STANDARD_SENDER}{RULE}"), "none");
    let employee = departure("W-1", "2027-03-14T00:00:00Z").replace("contractor", "employee");
    hr.standard("m-1", &employee).await;
    assert_eq!(hr.case().route, "departure");
    assert!(hr.notes().is_empty());
}

#[test]
fn rules_on_what_somebody_is_are_refused_by_the_configuration() {
    let parse = |text: &str| Settings::parse(text, Path::new("cordon.toml"));
    assert!(parse(RULE).is_ok());
    for key in [
        "nationality",
        "name_matches",
        "language",
        "country",
        "place",
    ] {
        assert!(parse(&format!("{RULE}{key} = \"x\"\n")).is_err(), "{key}");
    }
    assert!(parse("[[review]]\nname = \"everybody\"\n").is_err());
    // Nor by the way of a description that calls a nationality an agency.
    let generic = |agency: &str| {
        let scheme = format!(
            "header = \"X-S\"\nkind = \"/type\"\ntermination = [\"t\"]\nworker_id = \"/id\"\nname = \"/who\"\nagency = \"{agency}\""
        );
        let options = cordon::intake::Options {
            generic: Some(toml::from_str(&scheme).unwrap()),
            ..Default::default()
        };
        cordon::intake::source("generic", &["k".into()], &options).is_ok()
    };
    assert!(generic("/worker/agency"));
    for pointer in [
        "/worker/nationality",
        "/worker/homeCountry",
        "/first_name",
        "/who",
    ] {
        assert!(!generic(pointer), "{pointer}");
    }
}

#[test]
fn a_restricted_sender_has_secrets_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let config = |one: &str, two: &str| {
        let text = format!(
            "[[webhook]]\nname = \"hr\"\nkind = \"standard\"\nsecrets = [\"{one}\"]\n[[webhook]]\nname = \"desk\"\nkind = \"standard\"\nroute = \"suspicion\"\nsecrets = [\"{two}\"]\n"
        );
        Settings::parse(&text, &folder.path().join("cordon.toml"))
    };
    // The same reference is seen without resolving anything: neither variable is set.
    assert!(config("env:NOT_SET_1", "env:NOT_SET_1").is_err());
    assert!(config("env:NOT_SET_1", "env:NOT_SET_2").is_ok());
    // Two names of one value are seen when they are resolved, prefix and padding or not.
    let one = write(folder.path(), "one", "whsec_b2xkIHNlY3JldCBvZiB0aGUgSFI=");
    let two = write(folder.path(), "two", "b2xkIHNlY3JldCBvZiB0aGUgSFI");
    let three = write(folder.path(), "three", "bmV3IHNlY3JldCBvZiB0aGUgSFI");
    let apart = |one: &str, two: &str| {
        let settings = config(&format!("file:{one}"), &format!("file:{two}")).unwrap();
        let apart = settings.keep_routes_apart();
        let app = Arc::new(App::new(settings, Arc::new(ManualClock::new(now()))).unwrap());
        let hub = hub(&app);
        assert_eq!(Departures::new(app, hub).is_ok(), apart.is_ok());
        apart.is_ok()
    };
    assert!(!apart(&one, &two));
    assert!(apart(&one, &three));
}

#[tokio::test]
async fn a_departure_never_begins_by_itself_whatever_is_configured() {
    let company = Company::set("[suspicion]\ncontain = \"now\"\n").await;
    let case = company.suspicion(false).await;
    let (_keep, cancel) = watch::channel(false);
    let fault = company
        .app
        .begin_review(case.as_str(), AskedBy::Sender, cancel)
        .await
        .unwrap_err();
    assert_eq!(fault.code(), "route");
    assert!(
        company.staged.calls.calls().is_empty(),
        "nobody was even asked"
    );
    // Nor may a person plan what closes before people decide.
    let desk = company.app.desk(case.as_str()).unwrap();
    assert!(desk.resolve().await.unwrap().is_empty());
    desk.inventory().await.unwrap();
    assert_eq!(
        desk.plan("contain-now").await.unwrap_err().code(),
        "ungated"
    );
    assert!(desk.plan("terminated-contractor").await.is_ok());
}

#[tokio::test]
async fn by_default_a_review_reads_and_stops_at_its_gate() {
    let company = Company::set("").await;
    let case = company.suspicion(true).await;
    let Begun::Ran(report) = company.begin(&case).await else {
        panic!("it did not run");
    };
    let End::Waiting(waiting) = &report.end else {
        panic!("{:?}", report.end);
    };
    assert!(waiting.gates.iter().any(|gate| gate.step == "go"));
    assert!(company.closed().is_empty());
    let state = company.app.peek(case.as_str()).unwrap();
    assert!(state.doors.values().all(|record| !record.touched));
    assert!(!state.trails.is_empty(), "trails were read");
    // Tokens are had by POST; nothing else is.
    let writes = company.writes();
    assert!(
        writes
            .iter()
            .all(|call| call.contains("token") || call.contains("graphql")),
        "{writes:?}"
    );
    let desk = company.app.desk(case.as_str()).unwrap();
    let events = desk.log.entries().unwrap();
    assert!(
        !events
            .iter()
            .any(|entry| matches!(entry.event, Event::GateApproved { .. }))
    );
}

#[tokio::test]
async fn contain_now_closes_what_can_be_opened_again_and_asks_to_ratify_it() {
    let company = Company::set("[suspicion]\ncontain = \"now\"\n").await;
    let case = company.suspicion(true).await;
    let Begun::Ran(report) = company.begin(&case).await else {
        panic!("it did not run");
    };
    let End::Waiting(waiting) = &report.end else {
        panic!("{:?}", report.end);
    };
    let ratify = waiting
        .gates
        .iter()
        .find(|gate| gate.step == "ratify")
        .unwrap();
    let left = ratify
        .expires
        .duration_since(cordon::time::SystemClock.now());
    assert!((1..=60).contains(&left.as_mins()), "{left}");
    let state = company.app.peek(case.as_str()).unwrap();
    let (plan, _) = state.plan.as_ref().unwrap();
    let mut kinds = std::collections::BTreeMap::new();
    for step in &plan.steps {
        if let Task::Close { door, class, .. } = &step.task {
            kinds.insert(door.clone(), *class);
        }
    }
    let touched: Vec<&DoorId> = state
        .doors
        .iter()
        .filter(|(_, record)| record.touched)
        .map(|(id, _)| id)
        .collect();
    assert!(!touched.is_empty());
    assert!(touched.iter().all(|door| kinds[*door] == Class::Reversible));
    assert_eq!(
        company.closed().len(),
        touched.len(),
        "each is proven, and true"
    );
    assert!(
        kinds.values().any(|class| *class == Class::Irreversible),
        "the rest waits"
    );
    // The same again changes nothing.
    let before = company.writes().len();
    assert!(matches!(company.begin(&case).await, Begun::Ran(_)));
    assert_eq!(company.closed().len(), touched.len());
    let again: Vec<String> = company.writes().split_off(before);
    assert!(
        again
            .iter()
            .all(|call| call.contains("token") || call.contains("graphql")),
        "{again:?}"
    );
}

#[tokio::test]
async fn how_long_people_have_to_ratify_is_configured_and_every_face_says_it() {
    let config = "[suspicion]\ncontain = \"now\"\nratify_within = \"30m\"\n";
    let company = Company::set(config).await;
    let case = company.suspicion(true).await;
    let Begun::Ran(report) = company.begin(&case).await else {
        panic!("it did not run");
    };
    let End::Waiting(waiting) = &report.end else {
        panic!("{:?}", report.end);
    };
    let now = cordon::time::SystemClock.now();
    let left = |step: &str| {
        let mut gates = waiting.gates.iter();
        let gate = gates.find(|gate| gate.step == step).unwrap();
        gate.expires.duration_since(now).as_mins()
    };
    assert!((25..=30).contains(&left("ratify")), "{}", left("ratify"));
    // The one for what is gone for good asks something else, and stays open as the playbook says.
    assert!((230..=240).contains(&left("go-for-good")));
    let state = company.app.peek(case.as_str()).unwrap();
    let (plan, digest) = state.plan.as_ref().unwrap();
    let Task::Gate { expires_s, .. } = plan.step("ratify").unwrap().task else {
        panic!("no gate");
    };
    assert_eq!(expires_s, 1800);
    let approved = cordon::canon::digest_of(plan).unwrap();
    assert_eq!(*digest, approved, "what is approved is what has 30 minutes");
    for detail in [Detail::Brief, Detail::Doors] {
        let text = text(plan, &state, &cordon::app::catalogue(), detail).unwrap();
        assert!(text.contains("within 30 minutes"), "{text}");
        assert!(
            text.contains("it stays closed, nothing more is closed"),
            "{text}"
        );
    }

    // What is due says the same; and when the time is over, nothing opens and nothing more is closed.
    let closed = company.closed();
    let until = state.gates["ratify"].expires;
    let due = cordon::app::due::of(&state);
    let runs_out = cordon::app::due::What::Expiry("ratify".into());
    assert!(
        due.iter()
            .any(|due| due.at == until && due.what == runs_out)
    );
    let desk = company.app.desk(case.as_str()).unwrap();
    let over = Event::GateExpired {
        step: "ratify".into(),
    };
    desk.log.append(&desk.by, vec![over]).await.unwrap();
    drop(desk);
    let writes = company.writes().len();
    assert!(matches!(company.begin(&case).await, Begun::Ran(_)));
    let later = company.writes().split_off(writes);
    let reads = |call: &String| call.contains("token") || call.contains("graphql");
    assert!(later.iter().all(reads), "{later:?}");
    assert_eq!(company.closed(), closed);
}

#[test]
fn a_time_to_ratify_that_cannot_be_meant_is_refused() {
    let parse = |contain: &str, within: &str| {
        let text = format!("[suspicion]\ncontain = \"{contain}\"\nratify_within = \"{within}\"\n");
        Settings::parse(&text, Path::new("cordon.toml"))
    };
    for right in ["5m", "30m", "24h"] {
        assert!(parse("now", right).is_ok(), "{right}");
    }
    for (contain, within, said) in [
        ("now", "4m", "from 5 minutes to 24 hours"),
        ("now", "2d", "from 5 minutes to 24 hours"),
        ("now", "soon", "a whole number"),
        ("gate", "30m", "contain = \"now\""),
    ] {
        let fault = parse(contain, within).unwrap_err();
        let told = format!("{fault} {}", fault.hints().join(" "));
        assert!(told.contains(said), "{contain} {within}: {told}");
    }
}

#[tokio::test]
async fn without_exactly_one_confirmed_account_a_review_waits_for_a_person() {
    let company = Company::set("[suspicion]\ncontain = \"now\"\n").await;
    let body = departure("W-404", "2027-03-14T00:00:00Z");
    company.send(body.as_bytes(), "suspicion", "m-1").await;
    let case = company.inbox.opened()[0].clone();
    let Begun::Waits(why) = company.begin(&case).await else {
        panic!("it guessed");
    };
    assert!(why.contains("no account was found"), "{why}");
    let state = company.app.peek(case.as_str()).unwrap();
    assert!(
        state
            .notes
            .iter()
            .any(|(_, note)| note.contains("waits for a person"))
    );
    assert!(state.plan.is_none() && company.closed().is_empty());
}

#[tokio::test]
async fn the_inbox_begins_reviews_itself_and_makes_up_for_a_crash_before() {
    let company = Company::set("[suspicion]\ncontain = \"now\"\n").await;
    let case = company.suspicion(true).await;
    // As after a crash: the case is open, the review is not begun, and another process starts.
    let Company {
        app,
        staged,
        inbox,
        _folder: folder,
    } = company;
    drop(inbox);
    let inbox = Arc::new(Departures::new(Arc::clone(&app), hub(&app)).unwrap());
    let company = Company {
        app,
        staged,
        inbox,
        _folder: folder,
    };
    assert_eq!(company.marks(), 1);
    company.reviews_begun().await;
    let state = company.app.peek(case.as_str()).unwrap();
    assert!(state.gates.contains_key("ratify"));
    assert!(state.doors.values().any(|record| record.touched));
}

#[tokio::test]
async fn a_rule_closes_nothing_on_somebody_who_is_still_engaged() {
    let config = format!("[suspicion]\ncontain = \"now\"\n{RULE}");
    let now = cordon::time::SystemClock.now();
    let later = now + jiff::SignedDuration::from_hours(24 * 30);
    // Who sent it, when the engagement ends, and whether doors may be closed at once.
    for (route, effective, at_once) in [
        ("departure", later, false),
        ("departure", now, true),
        ("suspicion", later, true),
    ] {
        let company = Company::set(&config).await;
        let body = company.staged.company.hr_termination(now, effective);
        let mut body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        body["data"]["employment"] =
            serde_json::json!({ "agency": "Fairlead Staffing", "worker_type": "contractor" });
        company
            .send(body.to_string().as_bytes(), route, "m-1")
            .await;
        company.reviews_begun().await;
        let case = company.inbox.opened()[0].clone();
        let state = company.app.peek(case.as_str()).unwrap();
        assert_eq!(state.route, "suspicion");
        let gate = if at_once { "ratify" } else { "go" };
        assert!(
            state.gates.contains_key(gate),
            "{route}: {:?} {:?}",
            state.gates.keys(),
            state.notes
        );
        let touched = state.doors.values().any(|record| record.touched);
        assert_eq!(touched, at_once, "{route} {effective}");
        assert_eq!(!company.closed().is_empty(), at_once);
        assert!(!state.trails.is_empty(), "trails were read");
    }
}

#[tokio::test]
async fn reviews_begin_side_by_side_and_a_provider_that_never_answers_does_not_hold_up_a_stop() {
    let silent = || Faults::none().on_any("/**", Nth::Every, Trouble::Hang);
    let struck = Struck {
        okta: silent(),
        ..Struck::default()
    };
    let company = Company::struck("[suspicion]\ncontain = \"now\"\n", struck).await;
    for worker in ["W-41", "W-42"] {
        let body = departure(worker, "2027-03-14T00:00:00Z");
        company.send(body.as_bytes(), "suspicion", worker).await;
    }
    assert_eq!(company.marks(), 2);
    let (stop, stopped) = watch::channel(false);
    let inbox = Arc::clone(&company.inbox);
    let working = tokio::spawn(async move { inbox.work(stopped).await });
    // Neither is answered: the second is asked about only because it does not wait for the first.
    let begun = std::time::Instant::now();
    let about = |worker: &str| {
        let calls = company.staged.calls.calls();
        calls
            .iter()
            .any(|call| format!("{call:?}").contains(worker))
    };
    while !(about("W-41") && about("W-42")) {
        let calls = company.staged.calls.calls();
        assert!(
            begun.elapsed().as_secs() < 20,
            "one after the other: {calls:?}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stop.send(true).unwrap();
    let within = std::time::Duration::from_secs(2);
    tokio::time::timeout(within, working)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(company.marks(), 2, "both are begun again at the next start");
}

#[tokio::test]
async fn a_review_that_stopped_with_the_program_is_gone_on_with_and_one_of_a_person_is_not() {
    let slow = || Faults::none().latency(std::time::Duration::from_millis(40));
    let struck = Struck {
        github: slow(),
        okta: slow(),
        ..Struck::default()
    };
    let company = Company::struck("[suspicion]\ncontain = \"now\"\n", struck).await;
    let case = company.suspicion(true).await;
    let (stop, cancel) = watch::channel(false);
    let (app, of) = (Arc::clone(&company.app), case.clone());
    let begun = tokio::spawn(async move {
        let begun = app.begin_review(of.as_str(), AskedBy::Sender, cancel);
        begun.await.unwrap()
    });
    let running = || company.app.peek(case.as_str()).unwrap().run;
    while running() != cordon::case::state::RunPhase::Running {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    stop.send(true).unwrap();
    begun.await.unwrap();
    assert_eq!(running(), cordon::case::state::RunPhase::Cancelled);
    let Begun::Ran(report) = company.begin(&case).await else {
        panic!("it was not gone on with");
    };
    assert!(matches!(report.end, End::Waiting(_)), "{:?}", report.end);
    // A person stops it: that holds.
    let desk = company.app.desk(case.as_str()).unwrap();
    desk.stop("counsel asks us to").await.unwrap();
    drop(desk);
    assert!(matches!(company.begin(&case).await, Begun::Before));
}
