//! Opening ways in again from the pages: what is shown is what is opened, by whom it may be, and nothing
//! that was not chosen.

use std::sync::Arc;
use std::time::Duration;

use cordon::app::App;
use cordon::case::event::Event;
use cordon::case::state::{CaseState, Phase};
use cordon::door::DoorState;
use cordon::id::{CaseId, DoorId};
use cordon::settings::Settings;
use cordon::store::Hub;
use cordon::time::SystemClock;
use http::StatusCode;

use super::served::{departure, go_on, more_people, to_the_gate};
use super::{Office, at, served_as};
use crate::staged::{Staged, Struck, approvers, small_company};

/// A case at simulated providers, in which people let the run close ways in.
struct Contained {
    office: Office,
    staged: Staged,
    case: CaseId,
    lead: String,
}

const RESPONDER: &str = "Robin Vale";
const HR: &str = "Harper Lind";

impl Contained {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let staged = Staged::set(folder.path(), small_company(), Struck::default()).await;
        let settings = Settings::load(Some(&staged.config())).unwrap();
        let mut people = settings.people.now().to_vec();
        people.extend(more_people());
        settings.people.replace(people);
        let app = Arc::new(App::new(settings, Arc::new(SystemClock)).unwrap());
        let desk = to_the_gate(&app, departure(&staged.company, 3)).await;
        for gate in desk.summary().gates {
            for (name, role) in approvers(&staged.company) {
                let key = staged.key(role);
                desk.decide(&gate.step, name, &key, true, "read, and agreed")
                    .await
                    .unwrap();
            }
        }
        go_on(&desk).await;
        desk.finish().await.unwrap();
        let case = desk.log.case().clone();
        drop(desk);
        let hub = Arc::new(Hub::open(&folder.path().join("hub")).unwrap());
        let router = served_as(&app, hub);
        let lead = approvers(&staged.company)[0].0.to_owned();
        Self {
            office: Office {
                app,
                router,
                _dir: folder,
            },
            staged,
            case,
            lead,
        }
    }

    fn state(&self) -> CaseState {
        self.office.app.peek(self.case.as_str()).unwrap()
    }

    /// The page, and its hidden `list` with the ways in that it offers.
    async fn page(&self, name: &str) -> (String, String, Vec<String>) {
        let page = self.office.get(name, &at(&self.case, "/undo")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let values = |field: &str| {
            let parts = page.body.split(field).skip(1);
            let value = |part: &str| part.split_once("value=\"").unwrap().1.to_owned();
            let end = |rest: String| rest.split_once('"').unwrap().0.to_owned();
            parts.map(value).map(end).collect::<Vec<_>>()
        };
        let list = values("name=\"list\"").remove(0);
        let doors = values("name=\"door");
        (page.body, list, doors)
    }

    /// Whoever may see the case reads that ways in wait; the way to them is for those who can go it.
    async fn tells_that_it_waits(&self) {
        let waits = self.state().awaiting_undo();
        let waits = format!("The case was recalled; {waits} ways in wait to be opened again.");
        let undo = at(&self.case, "/undo");
        let link = format!("href=\"{undo}\">The case was recalled");
        for (name, goes) in [(HR, false), ("Eli Marsh", false), (RESPONDER, true)] {
            let page = self.office.get(name, &at(&self.case, "")).await.body;
            assert!(page.contains(&waits), "{name}: {page}");
            assert_eq!(page.contains(&link), goes, "{name}: {page}");
        }
    }

    async fn ends(&self) {
        let since = std::time::Instant::now();
        while self.office.app.work.going() > 0 {
            assert!(since.elapsed().as_secs() < 120, "it never ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One at Okta: at the other provider, one can wait for its holder to accept an invitation.
    fn of_okta<'a>(&self, doors: &'a [String]) -> &'a str {
        let state = self.state();
        let is_there = |door: &&String| {
            let door: DoorId = door.parse().unwrap();
            state.doors[&door].door.provider == "okta"
        };
        doors.iter().find(is_there).unwrap()
    }

    /// Whether a way in works at the provider, whatever anybody believes.
    fn works(&self, door: &DoorId) -> Option<bool> {
        self.staged.is_open(&self.state().doors[door].door)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hr_takes_a_departure_back_and_a_responder_opens_what_was_closed() {
    let all = Contained::new().await;
    let (office, case) = (&all.office, &all.case);
    let path = at(case, "/undo");
    let plan = office.get(RESPONDER, &at(case, "/plan")).await.body;
    assert!(plan.contains(&format!("href=\"{path}\"")), "{plan}");

    // HR recalls, after containment began; whoever works the case opens the ways in again.
    let why = [("reason", "the wrong person")];
    let taken = office.post(HR, &at(case, "/do/recall"), &why).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
    assert!(
        !taken.headers["location"]
            .to_str()
            .unwrap()
            .ends_with("undo")
    );
    assert_eq!(all.state().phase, Phase::Held);
    all.tells_that_it_waits().await;
    for name in [HR, "Eli Marsh", "Avery Stone"] {
        assert_eq!(office.get(name, &path).await.status, StatusCode::FORBIDDEN);
        let sent = [("which", "all"), ("list", "x"), ("reason", "x")];
        let sent = office.post(name, &path, &sent).await;
        assert_eq!(sent.status, StatusCode::FORBIDDEN, "{name}");
    }
    // A responder who recalls it once more comes to the page.
    let again = office.post(RESPONDER, &at(case, "/do/recall"), &why).await;
    assert_eq!(again.headers["location"].to_str().unwrap(), path);

    let (body, list, doors) = all.page(RESPONDER).await;
    assert!(doors.len() > 2, "{body}");
    let post = async |fields: &[(&str, &str)]| office.post(RESPONDER, &path, fields).await;
    let first = all.of_okta(&doors);
    let (list, reason) = (("list", list.as_str()), ("reason", "the wrong person"));
    for (bad, status) in [
        (vec![("which", "all"), list], 422),
        (vec![("which", "all"), list, ("reason", " ")], 422),
        (vec![list, reason], 422),
        (vec![("which", "chosen"), list, reason], 422),
        // All, and some: which are meant is not clear.
        (vec![("which", "all"), ("door0", first), list, reason], 422),
        (
            vec![("which", "chosen"), ("door0", "door_none"), list, reason],
            422,
        ),
        (vec![("which", "all"), ("list", "sha256:0"), reason], 409),
    ] {
        let answer = post(&bad).await;
        assert_eq!(answer.status.as_u16(), status, "{bad:?}: {}", answer.body);
    }
    assert_eq!(office.app.work.going(), 0, "nothing was begun");

    let one = [("which", "chosen"), ("door0", first), list, reason];
    let begun = post(&one).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
    all.ends().await;
    let state = all.state();
    let first: DoorId = first.parse().unwrap();
    assert_eq!(state.doors[&first].state, DoorState::Open);
    assert_ne!(all.works(&first), Some(false), "it works there again");
    let undone = state.doors.values().filter(|record| record.undone);
    assert_eq!(undone.count(), 1, "and nothing else was opened");
    let entries = office.app.entries(case.as_str()).unwrap();
    let note = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::CaseNoted { text } if text.starts_with("undo:") => {
            Some((entry.by.to_string(), text.clone()))
        }
        _ => None,
    });
    let said = (RESPONDER.to_owned(), "undo: the wrong person".to_owned());
    assert_eq!(note, Some(said));

    // The page that was read before says no longer what would be done.
    let old = post(&[("which", "all"), list, reason]).await;
    assert_eq!(old.status, StatusCode::CONFLICT, "{}", old.body);
    let (body, list, rest) = all.page(&all.lead).await;
    assert_eq!(rest.len(), doors.len() - 1);
    assert!(body.contains("Opening ways in again, begun by Robin Vale, has ended"));
    let rest_of = [("which", "all"), ("list", list.as_str()), reason];
    let begun = office.post(&all.lead, &path, &rest_of).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
    all.ends().await;
    let state = all.state();
    for door in &rest {
        let door: DoorId = door.parse().unwrap();
        assert!(state.doors[&door].undone, "{door}");
    }
    let page = office.get(RESPONDER, &path).await.body;
    assert!(!page.contains("name=\"which\""), "{page}");
}
