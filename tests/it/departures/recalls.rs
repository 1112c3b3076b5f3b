//! Wrong person, wait, stop: before anything was closed, and after.

use cordon::app::Desk;
use cordon::app::alert::Alerts;
use cordon::app::due::What;
use cordon::app::recall::Link;
use cordon::app::review::AskedBy;
use cordon::case::event::{Actor, Entry, Event};
use cordon::case::state::{CaseState, Phase, RunPhase};
use cordon::daemon::Timers;
use cordon::fault::Kind;
use cordon::id::CaseId;
use cordon::secret::{ExposeSecret as _, SecretString};
use cordon::store::CaseStore;
use tokio::sync::watch;

use super::reviews::Company;
use super::*;
use crate::staged::Struck;
use cordon::range::fault::Faults;

fn recall(worker: &str) -> String {
    format!(r#"{{"type":"worker.termination_recalled","data":{{"worker_id":"{worker}"}}}}"#)
}

/// The secret of a link: the end of its address.
fn token(link: &Link) -> SecretString {
    let (_, token) = link
        .address
        .expose_secret()
        .rsplit_once("/recall/")
        .unwrap();
    token.into()
}

fn hours(hours: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(hours)
}

async fn opened() -> (tempfile::TempDir, Hr, CaseId) {
    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), STANDARD_SENDER, "none");
    hr.standard("m-1", &departure("W-1", "2027-03-14T00:00:00Z"))
        .await;
    let case = hr.case().case.unwrap();
    (folder, hr, case)
}

#[tokio::test]
async fn a_signed_recall_holds_the_one_case_of_the_person() {
    let (_folder, hr, _) = opened().await;
    hr.standard("r-0", &recall("W-2")).await;
    assert!(
        hr.waits().contains("takes a departure back"),
        "nobody of that id"
    );
    assert_eq!(hr.case().phase, Phase::Open);
    hr.standard("r-1", &recall("W-1")).await;
    assert_eq!(hr.case().phase, Phase::Held);
    assert_eq!(
        hr.app.waiting().unwrap().len(),
        1,
        "the recall itself does not wait"
    );
    // Twice changes nothing, and does not wait either.
    hr.standard("r-2", &recall("W-1")).await;
    assert_eq!(hr.case().phase, Phase::Held);
    assert_eq!(hr.app.waiting().unwrap().len(), 1);
}

#[tokio::test]
async fn two_departures_of_one_person_are_not_recalled_by_guess() {
    let (_folder, hr, _) = opened().await;
    hr.standard("m-2", &departure("W-1", "2027-06-01T00:00:00Z"))
        .await;
    assert_eq!(hr.app.list().unwrap().len(), 2);
    hr.standard("r-1", &recall("W-1")).await;
    assert!(hr.waits().contains("takes a departure back"));
    assert!(
        hr.app
            .list()
            .unwrap()
            .iter()
            .all(|case| case.phase == "open")
    );
}

/// A message about `W-1` from the restricted sender that is configured beside HR.
async fn from_desk(hr: &Hr, id: &str) {
    let body = departure("W-1", "2027-03-14T00:00:00Z");
    let said = cordon::intake::worker::read(body.as_bytes(), None).unwrap();
    let received = hr.clock.now();
    let incoming = Incoming {
        source: "desk".into(),
        received,
        message: cordon::intake::Message {
            id: id.into(),
            signed_at: Some(received),
            kind: said.kind,
            subject: said.subject,
            effective: said.effective,
            lookup: None,
            employment: said.employment,
            notes: Vec::new(),
        },
        route: "suspicion".into(),
        headers: Vec::new(),
        body: body.into_bytes().into(),
    };
    hr.inbox.accept(incoming).await.unwrap();
    hr.inbox.finish().await.unwrap();
}

#[tokio::test]
async fn a_signed_recall_of_hr_holds_the_review_that_another_sender_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), STANDARD_SENDER, "none");
    from_desk(&hr, "s-1").await;
    assert_eq!(
        (hr.case().route.as_str(), hr.case().phase),
        ("suspicion", Phase::Open)
    );
    hr.standard("r-0", &recall("W-2")).await;
    assert_eq!(hr.case().phase, Phase::Open, "somebody else");
    hr.standard("r-1", &recall("W-1")).await;
    assert_eq!(hr.case().phase, Phase::Held);
    assert_eq!(hr.app.waiting().unwrap().len(), 1, "only that of W-2");
    let case = hr.case().case.unwrap();
    let entries = hr.app.entries(case.as_str()).unwrap();
    let held = |entry: &&Entry| matches!(entry.event, Event::CaseHeld { .. });
    let held = entries.iter().find(held).unwrap();
    assert_eq!(held.by, Actor::Intake("hr".into()));
}

#[tokio::test]
async fn a_signed_recall_holds_what_each_sender_opened_and_guesses_between_none() {
    let (_folder, hr, _) = opened().await;
    from_desk(&hr, "s-1").await;
    let phases = || {
        let listed = hr.app.list().unwrap();
        let phases = listed.into_iter().map(|case| case.phase);
        phases.collect::<Vec<_>>()
    };
    assert_eq!(phases(), ["open", "open"]);
    hr.standard("r-1", &recall("W-1")).await;
    assert_eq!(phases(), ["held", "held"]);
    assert!(hr.app.waiting().unwrap().is_empty());
    // A second departure of the same sender: which of the two is meant is a person's to say.
    hr.standard("m-2", &departure("W-1", "2027-06-01T00:00:00Z"))
        .await;
    hr.standard("r-2", &recall("W-1")).await;
    assert!(hr.waits().contains("takes a departure back"));
    assert_eq!(phases().iter().filter(|phase| *phase == "open").count(), 1);
}

#[tokio::test]
async fn a_link_works_once_and_for_its_time_and_its_token_is_kept_nowhere() {
    let (folder, hr, case) = opened().await;
    for bad in [0, 721, u16::MAX] {
        assert!(hr.app.recall_link(case.as_str(), "HR", bad).await.is_err());
    }
    let link = hr.app.recall_link(case.as_str(), "HR", 2).await.unwrap();
    let secret = token(&link);
    assert_eq!(secret.expose_secret().len(), 43, "256 bits");
    for file in std::fs::read_dir(folder.path().join("data/recalls")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let shown = format!("{}{text}", path.display());
        assert!(!shown.contains(secret.expose_secret()));
    }
    assert_eq!(hr.app.recall_behind(&secret).unwrap().0, case);
    for stranger in ["", "x", "..", "../../secret"] {
        let fault = hr
            .app
            .redeem_recall(&stranger.into(), "why")
            .await
            .unwrap_err();
        assert_eq!(fault.code(), "recall-link");
    }
    // A recall that fails leaves the link as it was: somebody works on the case, or no reason is given.
    let store = CaseStore::open(&hr.app.case_dir(&case)).unwrap();
    let owned = hr
        .app
        .redeem_recall(&secret, "wrong person")
        .await
        .unwrap_err();
    assert_eq!(owned.kind(), Kind::Owned);
    drop(store);
    assert!(hr.app.redeem_recall(&secret, "  ").await.is_err());
    assert_eq!(hr.case().phase, Phase::Open);

    let recalled = hr.app.redeem_recall(&secret, "wrong person").await.unwrap();
    assert!(recalled.undo.is_empty() && !recalled.stopped);
    assert_eq!(hr.case().phase, Phase::Held);
    let again = hr
        .app
        .redeem_recall(&secret, "wrong person")
        .await
        .unwrap_err();
    assert_eq!(again.code(), "recall-link");
    assert!(hr.app.recall_behind(&secret).is_err());

    let other = hr.app.recall_link(case.as_str(), "HR", 2).await.unwrap();
    let other = token(&other);
    hr.later(hours(2));
    let late = hr.app.redeem_recall(&other, "why").await.unwrap_err();
    assert_eq!(
        late.to_string(),
        again.to_string(),
        "the three are not told apart"
    );
}

#[tokio::test]
async fn that_a_link_was_used_stands_in_the_log_with_who_made_it_and_nowhere_else() {
    let (folder, hr, case) = opened().await;
    let link = hr.app.recall_link(case.as_str(), "Hal", 2).await.unwrap();
    let secret = token(&link);
    // A claim beside the log, of a process that ended before it held the case, uses nothing up.
    let name = cordon::canon::Digest::of(secret.expose_secret().as_bytes()).to_string();
    let recalls = folder.path().join("data/recalls");
    let claim = recalls.join(format!("{name}.used"));
    std::fs::write(&claim, r#"{"at":"2027-03-12T21:00:00Z","reason":"why"}"#).unwrap();
    assert!(hr.app.recall_behind(&secret).is_ok());
    hr.app.redeem_recall(&secret, "wrong person").await.unwrap();
    std::fs::remove_file(&claim).unwrap();
    let entries = hr.app.entries(case.as_str()).unwrap();
    let held = |entry: &&Entry| matches!(entry.event, Event::CaseHeld { .. });
    let held = entries.iter().find(held).unwrap();
    assert_eq!(held.by, Actor::Intake("recall link of Hal".into()));
    let used = hr.notes();
    assert!(
        used.last().unwrap().contains(name.get(..12).unwrap()),
        "{used:?}"
    );
    assert!(hr.app.recall_behind(&secret).is_err());
    let again = hr.app.redeem_recall(&secret, "wrong person").await;
    assert_eq!(again.unwrap_err().code(), "recall-link");
    // Another link of the same case still works: it adds a note.
    let other = hr.app.recall_link(case.as_str(), "Hal", 2).await.unwrap();
    let other = token(&other);
    hr.app.redeem_recall(&other, "wait").await.unwrap();
    assert!(hr.notes().contains(&"recalled: wait".to_owned()));
}

#[tokio::test]
async fn a_link_that_is_withdrawn_works_no_more_and_one_that_was_used_is_not_withdrawn() {
    let (_folder, hr, case) = opened().await;
    let make = || hr.app.recall_link(case.as_str(), "Hal", 2);
    let (lost, kept) = (make().await.unwrap(), make().await.unwrap());
    let withdraw = async |name: &str, reason: &str| {
        let desk = hr.app.desk(case.as_str()).unwrap();
        let done = hr.app.withdraw_recall_link(&desk, name, reason).await;
        done.map_err(|fault| fault.code().to_owned())
    };
    for (name, reason, code) in [
        (lost.name.as_str(), " ", "reason"),
        ("000000000000", "lost", "recall-link-name"),
        ("", "lost", "recall-link-name"),
    ] {
        assert_eq!(withdraw(name, reason).await.unwrap_err(), code, "{name}");
    }
    withdraw(&lost.name, "lost").await.unwrap();
    let note = hr.notes().last().unwrap().clone();
    assert_eq!(
        note,
        format!("The recall link {} was withdrawn: lost", lost.name)
    );
    let again = withdraw(&lost.name, "lost").await.unwrap_err();
    assert_eq!(again, "recall-link-over");
    let fault = hr.app.redeem_recall(&token(&lost), "why").await;
    assert_eq!(fault.unwrap_err().code(), "recall-link");
    assert!(hr.app.recall_behind(&token(&lost)).is_err());
    assert_eq!(hr.case().phase, Phase::Open);
    let kept_token = token(&kept);
    hr.app.redeem_recall(&kept_token, "why").await.unwrap();
    let used = withdraw(&kept.name, "lost").await.unwrap_err();
    assert_eq!(used, "recall-link-over");
}

#[tokio::test]
async fn a_case_tells_of_each_link_that_was_made_of_it() {
    let (_folder, hr, case) = opened().await;
    let link = hr.app.recall_link(case.as_str(), "Hal", 2).await;
    let secret = token(&link.unwrap());
    let notes = hr.notes();
    let note = notes.last().unwrap();
    let digest = cordon::canon::Digest::of(secret.expose_secret().as_bytes()).to_string();
    assert!(note.contains(digest.get(..12).unwrap()), "{note}");
    assert!(note.contains("was made") && !note.contains(secret.expose_secret()));
    let entries = hr.app.entries(case.as_str()).unwrap();
    let by = entries.last().map(|entry| entry.by.clone());
    assert_eq!(by, Some(Actor::Operator("Hal".into())));
}

#[tokio::test]
async fn two_who_use_a_link_at_once_recall_once() {
    let (_folder, hr, case) = opened().await;
    let link = hr.app.recall_link(case.as_str(), "HR", 2).await.unwrap();
    let secret = token(&link);
    let (one, two) = tokio::join!(
        hr.app.redeem_recall(&secret, "one"),
        hr.app.redeem_recall(&secret, "two")
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn once_doors_were_closed_a_recall_stops_the_run_and_names_the_undo() {
    let company = Company::set("[suspicion]\ncontain = \"now\"\n").await;
    let case = company.suspicion(true).await;
    let (_keep, cancel) = watch::channel(false);
    company
        .app
        .begin_review(case.as_str(), AskedBy::Sender, cancel)
        .await
        .unwrap();
    let closed = company.closed();
    assert!(!closed.is_empty(), "something was contained");

    let by = Actor::Operator("tester".into());
    let recalled = company
        .app
        .recall(case.as_str(), by, "wrong person")
        .await
        .unwrap();
    assert!(recalled.stopped && recalled.not_stopped.is_none());
    let named: Vec<_> = recalled.undo.iter().map(|door| door.door.clone()).collect();
    for door in &closed {
        assert!(named.contains(door), "{door} is not in the undo");
    }
    let state = company.app.peek(case.as_str()).unwrap();
    assert_eq!((state.phase, state.run), (Phase::Held, RunPhase::Cancelled));
    assert_eq!(
        company.closed(),
        closed,
        "a person carries the undo out, nothing else"
    );
    // People hear of it, once, whatever is seen again and whoever recalls it again.
    assert_eq!(state.awaiting_undo(), closed.len());
    let told = Told::at(&company);
    let [alert] = &told.recalls().await[..] else {
        panic!("not told once");
    };
    assert!(alert["detail"].as_str().unwrap().starts_with("line "));
    let by = Actor::Operator("tester".into());
    let again = company.app.recall(case.as_str(), by, "wrong person");
    again.await.unwrap();
    assert_eq!(told.recalls().await.len(), 1);
    // And it can be carried out on the held case.
    let desk: Desk = company.app.desk(case.as_str()).unwrap();
    let undone = desk
        .undo(
            &[],
            "wrong person",
            &cordon::run::Quiet,
            watch::channel(false).1,
        )
        .await
        .unwrap();
    assert_eq!(undone.len(), recalled.undo.len());
    assert!(company.closed().is_empty(), "{undone:?}");
    drop(desk);
    let state = company.app.peek(case.as_str()).unwrap();
    assert_eq!(state.awaiting_undo(), 0);
    assert!(!waits_for_undo(&state));
}

/// Whether people are to hear that ways in wait to be opened again.
fn waits_for_undo(state: &CaseState) -> bool {
    let due = cordon::app::due::of(state);
    due.iter().any(|due| matches!(due.what, What::Recalled(_)))
}

/// What a daemon beside the company tells people of.
struct Told {
    timers: Timers,
    hub: Arc<Hub>,
}

impl Told {
    fn at(company: &Company) -> Self {
        let hub = company.hub();
        let alerts = Alerts::new(Arc::clone(&company.app), Arc::clone(&hub)).unwrap();
        Self {
            timers: Timers::new(Arc::clone(&company.app), Arc::new(alerts)),
            hub,
        }
    }

    /// The alerts of recalls, after a look at what has come.
    async fn recalls(&self) -> Vec<serde_json::Value> {
        self.timers.tick().await;
        let alerts = self.hub.scan("alerts").unwrap().into_iter();
        let alerts = alerts.map(|(_, value)| serde_json::from_slice(&value).unwrap());
        let recalled = |alert: &serde_json::Value| alert["kind"] == "case-recalled";
        alerts.filter(recalled).collect()
    }
}

#[tokio::test]
async fn a_recall_before_anything_was_closed_leaves_nothing_to_open_again() {
    let (_folder, hr, case) = opened().await;
    let by = Actor::Operator("tester".into());
    let recalled = hr.app.recall(case.as_str(), by, "wrong person");
    recalled.await.unwrap();
    assert!(hr.case().recalled.is_some());
    assert_eq!(hr.case().awaiting_undo(), 0);
    assert!(!waits_for_undo(&hr.case()));
    // Released again, it is not one that was taken back any more.
    let desk = hr.app.desk(case.as_str()).unwrap();
    desk.release("the right person").await.unwrap();
    drop(desk);
    assert_eq!(hr.case().recalled, None);
}

#[tokio::test]
async fn a_signed_recall_leaves_a_case_with_closed_doors_to_a_person() {
    let config = "[suspicion]\ncontain = \"now\"\n";
    let company = Company::set(config).await;
    let case = company.suspicion(true).await;
    let (_keep, cancel) = watch::channel(false);
    company
        .app
        .begin_review(case.as_str(), AskedBy::Sender, cancel)
        .await
        .unwrap();
    let closed = company.closed();
    company.recall().await;
    let waiting = company.app.waiting().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(
        waiting[0].why.contains("could not be held"),
        "{}",
        waiting[0].why
    );
    assert_eq!(waiting[0].case.as_ref(), Some(&case));
    assert_eq!(company.app.peek(case.as_str()).unwrap().phase, Phase::Open);
    assert_eq!(company.closed(), closed);
}

#[tokio::test]
async fn an_undo_that_is_told_to_stop_begins_no_further_door_and_the_next_goes_on() {
    use cordon::app::work::Task;
    let config = "[suspicion]\ncontain = \"now\"\n";
    let slow = || Faults::none().latency(std::time::Duration::from_millis(60));
    let struck = Struck {
        github: slow(),
        okta: slow(),
        ..Struck::default()
    };
    let company = Company::struck(config, struck).await;
    let case = company.suspicion(true).await;
    let (_keep, cancel) = watch::channel(false);
    let begun = (company.app).begin_review(case.as_str(), AskedBy::Sender, cancel);
    begun.await.unwrap();
    let by = Actor::Operator("tester".into());
    let recalled = company.app.recall(case.as_str(), by, "wrong person");
    recalled.await.unwrap();
    let closed = company.closed().len();
    assert!(closed > 1, "too few to stop between two");

    let desk = company.app.desk(case.as_str()).unwrap();
    assert!(!desk.stop_undo("nothing goes on").await.unwrap());
    let task = Task::Undo {
        doors: Vec::new(),
        reason: "wrong person".into(),
    };
    company.app.work.begin(desk, task.clone()).unwrap();
    let entries = || company.app.entries(case.as_str()).unwrap();
    let intended = || {
        let entries = entries().into_iter();
        let intents = entries.filter(|entry| matches!(entry.event, Event::UndoIntended { .. }));
        intents.count()
    };
    let ended = async || {
        let begun = std::time::Instant::now();
        while company.app.work.going() > 0 {
            assert!(begun.elapsed().as_secs() < 60, "never ended");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    while intended() == 0 {
        assert!(company.app.work.going() > 0, "it ended first");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let desk = company.app.desk(case.as_str()).unwrap();
    assert!(desk.stop_undo("the right person after all").await.unwrap());
    drop(desk);
    ended().await;
    let left = company.closed().len();
    assert!(0 < left && left < closed, "{left} of {closed}");
    let notes = company.app.peek(case.as_str()).unwrap().notes;
    let notes: Vec<&str> = notes.iter().map(|(_, text)| text.as_str()).collect();
    assert!(notes.contains(&"undo told to stop: the right person after all"));
    assert!(
        notes
            .iter()
            .any(|note| note.contains("were not tried: it was told to stop")),
        "{notes:?}"
    );

    let desk = company.app.desk(case.as_str()).unwrap();
    company.app.work.begin(desk, task.clone()).unwrap();
    ended().await;
    assert!(company.closed().is_empty());

    // The same by the work that goes on, as the API does it.
    let desk = company.app.desk(case.as_str()).unwrap();
    company.app.work.begin(desk, task).unwrap();
    company.app.work.stop(&case).unwrap();
    ended().await;
}
