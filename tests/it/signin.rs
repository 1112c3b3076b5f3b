//! How people prove who they are: what is taken once, what runs out, what is never told.

mod glass;
mod oidc;
mod passkey;
mod terminal;

mod token;

use std::net::IpAddr;
use std::sync::Arc;

use cordon::access::Role;
use cordon::case::event::Person;
use cordon::signin::{Attempt, Opened, SignIn, Ticket, What};
use cordon::store::Hub;
use cordon::time::{ManualClock, Timestamp};
use totp_rs::{Builder, Secret};

pub(crate) const PASSPHRASE: &str = "five quiet herons by the mill";

/// A person of the configuration.
fn person(name: &str, roles: &[Role]) -> Person {
    Person {
        name: name.to_owned(),
        roles: roles.iter().map(|role| role.name().to_owned()).collect(),
        key: String::new(),
        emails: vec![format!("{}@corp.example", name.to_lowercase())],
        logins: Vec::new(),
    }
}

/// The code that an app shows whose secret is this.
pub(crate) fn shown(secret: &str, at: Timestamp) -> String {
    let secret = Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(at.as_second().unsigned_abs()).to_string()
}

/// A hub, a clock that stands, and some people.
struct Place {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    people: Vec<Person>,
    at: std::cell::Cell<i64>,
}

impl Place {
    fn new() -> (Self, SignIn) {
        let at = 1_800_000_000;
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::new(Timestamp::from_second(at).unwrap())),
            people: vec![
                person("Ada", &[Role::Legal, Role::Auditor]),
                person("Bo", &[Role::Administrator]),
                person("Cy", &[Role::Administrator]),
            ],
            at: std::cell::Cell::new(at),
        };
        let signin = place.open();
        (place, signin)
    }

    fn open(&self) -> SignIn {
        let hub = Arc::new(Hub::open(&self.folder.path().join("hub")).unwrap());
        SignIn::new(
            hub,
            Arc::clone(&self.clock) as _,
            self.people.clone().into(),
        )
        .unwrap()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.at.get()).unwrap()
    }

    fn wait(&self, seconds: i64) {
        self.at.set(self.at.get() + seconds);
        self.clock.set(self.now());
    }

    /// Invites and enrols somebody; the secret of their app.
    fn enrol(&self, signin: &SignIn, name: &str) -> (String, Opened) {
        let (ticket, _) = signin.invite(name, "operator").unwrap();
        let secret = signin.welcome(&ticket).unwrap().secret;
        let code = shown(&secret, self.now());
        let passphrase = PASSPHRASE.to_owned().into();
        let opened = signin.enrol(&ticket, &passphrase, &code, FROM).unwrap();
        self.wait(60);
        (secret, opened)
    }
}

const FROM: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)));

fn attempt(name: &str, passphrase: &str, code: &str) -> Attempt {
    Attempt {
        name: name.to_owned(),
        passphrase: passphrase.to_owned().into(),
        code: code.to_owned(),
        from: FROM,
    }
}

#[test]
fn an_invitation_is_good_once_for_three_days_and_until_the_next() {
    let (place, signin) = Place::new();
    let passphrase = PASSPHRASE.to_owned().into();
    let (first, _) = signin.invite("Ada", "operator").unwrap();
    let (second, expires) = signin.invite("Ada", "operator").unwrap();
    assert_eq!(expires.as_second() - place.at.get(), 72 * 3600);
    assert_eq!(signin.welcome(&first).unwrap_err().code(), "no-invitation");
    let welcome = signin.welcome(&second).unwrap();
    assert_eq!(welcome.person.name, "Ada");
    assert!(
        welcome.url.starts_with("otpauth://totp/Cordon:Ada?"),
        "{}",
        welcome.url
    );
    // Another code, or a passphrase that is too short: the invitation stays.
    let wrong = signin
        .enrol(&second, &passphrase, "000000", FROM)
        .unwrap_err();
    assert_eq!(wrong.code(), "first-code");
    let code = shown(&welcome.secret, place.now());
    let short = "too short".to_owned().into();
    assert_eq!(
        signin
            .enrol(&second, &short, &code, FROM)
            .unwrap_err()
            .code(),
        "passphrase"
    );
    let opened = signin.enrol(&second, &passphrase, &code, FROM).unwrap();
    assert!(signin.visit(&opened.ticket).unwrap().is_some());
    let again = signin.enrol(&second, &passphrase, &code, FROM).unwrap_err();
    assert_eq!(again.code(), "no-invitation");
    let (late, _) = signin.invite("Bo", "operator").unwrap();
    place.wait(72 * 3600);
    assert_eq!(signin.welcome(&late).unwrap_err().code(), "no-invitation");
    assert_eq!(
        signin.invite("Zed", "operator").unwrap_err().code(),
        "no-person"
    );
    // A new invitation takes away what there was.
    signin.invite("Ada", "operator").unwrap();
    assert!(signin.visit(&opened.ticket).unwrap().is_none());
    place.wait(60);
    let code = shown(&welcome.secret, place.now());
    signin
        .enter(&attempt("Ada", PASSPHRASE, &code))
        .unwrap_err();
}

#[test]
fn a_sign_in_needs_all_three_and_a_code_counts_once() {
    let (place, signin) = Place::new();
    let (secret, _) = place.enrol(&signin, "Ada");
    let code = shown(&secret, place.now());
    let refusals: Vec<String> = [
        attempt("Nobody", PASSPHRASE, &code),
        attempt("Ada", "six quiet herons by the mill", &code),
        attempt("Ada", PASSPHRASE, "123456"),
        attempt("Bo", PASSPHRASE, &code),
    ]
    .iter()
    .map(|attempt| {
        let fault = signin.enter(attempt).unwrap_err();
        format!("{fault} {:?} {}", fault.hints(), fault.code())
    })
    .collect();
    assert!(
        refusals.iter().all(|said| *said == refusals[0]),
        "{refusals:?}"
    );
    let opened = signin
        .enter(&attempt("ADA@corp.example", PASSPHRASE, &code))
        .unwrap();
    assert_eq!(opened.person.name, "Ada");
    let replayed = signin
        .enter(&attempt("Ada", PASSPHRASE, &code))
        .unwrap_err();
    assert_eq!(replayed.code(), "signin-refused");
    // Nor one that is older than the last.
    let before = shown(
        &secret,
        Timestamp::from_second(place.at.get() - 30).unwrap(),
    );
    signin
        .enter(&attempt("Ada", PASSPHRASE, &before))
        .unwrap_err();
    place.wait(30);
    let code = shown(&secret, place.now());
    signin.enter(&attempt("Ada", PASSPHRASE, &code)).unwrap();
    let journal = signin.journal(100).unwrap();
    assert_eq!(journal[0].what, What::SignedIn);
    let text = serde_json::to_string(&journal).unwrap();
    for secret in [PASSPHRASE, &code, "Nobody", "six quiet"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn of_many_who_come_at_once_with_one_code_one_gets_in() {
    let (place, signin) = Place::new();
    let (secret, _) = place.enrol(&signin, "Ada");
    let right = attempt("Ada", PASSPHRASE, &shown(&secret, place.now()));
    let codes = signin
        .seal_glass("Bo", "operator", "yearly renewal")
        .unwrap();
    let (mut entered, mut broken) = (0, 0);
    std::thread::scope(|scope| {
        let each: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let broken = signin.break_glass("Bo", &codes[0], "all is down", FROM);
                    (signin.enter(&right).is_ok(), broken.is_ok())
                })
            })
            .collect();
        for one in each {
            let (in_by_code, in_by_glass) = one.join().unwrap();
            entered += u32::from(in_by_code);
            broken += u32::from(in_by_glass);
        }
    });
    assert_eq!((entered, broken), (1, 1));
}

#[test]
fn failures_keep_somebody_out_and_longer_each_time_also_after_a_restart() {
    let (place, signin) = Place::new();
    let (secret, _) = place.enrol(&signin, "Ada");
    for _ in 0..5 {
        signin
            .enter(&attempt("Ada", "not the passphrase", ""))
            .unwrap_err();
    }
    drop(signin);
    let signin = place.open();
    let right = |place: &Place| attempt("Ada", PASSPHRASE, &shown(&secret, place.now()));
    signin.enter(&right(&place)).unwrap_err();
    let ada = &signin.standing().unwrap()[0];
    assert_eq!(ada.locked_until.unwrap().as_second() - place.at.get(), 30);
    place.wait(31);
    signin
        .enter(&attempt("Ada", "not the passphrase", ""))
        .unwrap_err();
    place.wait(31);
    signin.enter(&right(&place)).unwrap_err();
    place.wait(30);
    signin.enter(&right(&place)).unwrap();
    assert!(signin.standing().unwrap()[0].locked_until.is_none());
}

/// Whoever knows a name keeps out whoever comes from elsewhere, and nobody who comes from where they
/// signed in before.
#[test]
fn strangers_keep_nobody_from_a_desk_of_their_own() {
    let (place, signin) = Place::new();
    let (secret, _) = place.enrol(&signin, "Ada");
    let from = |address: &str, attempt: Attempt| Attempt {
        from: Some(address.parse().unwrap()),
        ..attempt
    };
    let right = |place: &Place| attempt("Ada", PASSPHRASE, &shown(&secret, place.now()));
    let wrong = || attempt("Ada", "not the passphrase", "");
    for _ in 0..12 {
        signin.enter(&from("198.51.100.1", wrong())).unwrap_err();
        place.wait(901);
    }
    signin.enter(&from("198.51.100.1", wrong())).unwrap_err();
    assert!(signin.standing().unwrap()[0].locked_until.is_some());
    signin
        .enter(&from("2001:db8:1::1", right(&place)))
        .unwrap_err();
    signin.enter(&right(&place)).unwrap();
    // That lets in nobody else, and it ends.
    place.wait(30);
    signin
        .enter(&from("2001:db8:1::1", right(&place)))
        .unwrap_err();
    place.wait(900);
    signin.enter(&from("2001:db8:1::1", right(&place))).unwrap();
    signin.enter(&from("198.51.100.1", wrong())).unwrap_err();
    // From there on the network of 64 bits is a place of theirs too.
    for _ in 0..12 {
        signin.enter(&from("198.51.100.1", wrong())).unwrap_err();
    }
    place.wait(30);
    signin
        .enter(&from("2001:db8:1::ffff", right(&place)))
        .unwrap();
    // At a place of their own, failures keep out as they do elsewhere.
    for _ in 0..5 {
        signin.enter(&wrong()).unwrap_err();
    }
    place.wait(29);
    signin.enter(&right(&place)).unwrap_err();
    place.wait(31);
    signin.enter(&right(&place)).unwrap();
}

/// Seconds of processor time of this thread: what others do on this machine does not count.
fn on_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

#[test]
fn an_unknown_name_costs_what_a_known_one_costs() {
    let (place, signin) = Place::new();
    place.enrol(&signin, "Ada");
    let took = |name: &str| {
        let best = (0..4).map(|_| {
            let begun = on_cpu();
            signin
                .enter(&attempt(name, "not the passphrase", "123456"))
                .unwrap_err();
            on_cpu() - begun
        });
        best.min_by(f64::total_cmp).unwrap()
    };
    let (known, unknown, uninvited) = (took("Ada"), took("Nobody"), took("Cy"));
    println!("known {known:.4} s, unknown {unknown:.4} s, not invited {uninvited:.4} s");
    for other in [unknown, uninvited] {
        assert!(
            other > known * 0.4 && other < known * 2.5,
            "{known} {other}"
        );
    }
}

#[test]
fn a_session_ends_when_it_rests_when_it_is_old_and_when_it_is_ended() {
    let (place, signin) = Place::new();
    let (secret, opened) = place.enrol(&signin, "Ada");
    place.wait(29 * 60 - 60);
    assert!(signin.visit(&opened.ticket).unwrap().is_some());
    place.wait(30 * 60);
    assert!(signin.visit(&opened.ticket).unwrap().is_none(), "it rested");
    let code = shown(&secret, place.now());
    let used = signin.enter(&attempt("Ada", PASSPHRASE, &code)).unwrap();
    for _ in 0..28 {
        place.wait(25 * 60);
        assert!(signin.visit(&used.ticket).unwrap().is_some());
    }
    place.wait(20 * 60);
    assert!(
        signin.visit(&used.ticket).unwrap().is_none(),
        "twelve hours"
    );
    let open = || {
        place.wait(30);
        let code = shown(&secret, place.now());
        signin
            .enter(&attempt("Ada", PASSPHRASE, &code))
            .unwrap()
            .ticket
    };
    let (one, two, three) = (open(), open(), open());
    assert_eq!(signin.sessions("Ada").unwrap().len(), 3);
    let here = signin.visit(&one).unwrap().unwrap();
    signin.sign_out(&two, FROM).unwrap();
    assert!(signin.visit(&two).unwrap().is_none());
    signin
        .end_other_sessions("Ada", &here.principal.via)
        .unwrap();
    assert!(signin.visit(&three).unwrap().is_none());
    let again = signin.visit(&one).unwrap().unwrap();
    assert_eq!(again.csrf, here.csrf);
    signin.revoke("Ada", "Bo").unwrap();
    assert!(signin.visit(&one).unwrap().is_none());
    place.wait(30);
    let code = shown(&secret, place.now());
    signin
        .enter(&attempt("Ada", PASSPHRASE, &code))
        .unwrap_err();
}

#[test]
fn a_ticket_that_somebody_made_up_opens_nothing_and_the_hub_keeps_no_secret() {
    let (place, signin) = Place::new();
    let (secret, opened) = place.enrol(&signin, "Ada");
    let made_up = Ticket::parse(&"A".repeat(43)).unwrap();
    assert!(signin.visit(&made_up).unwrap().is_none());
    for text in [
        "",
        "A",
        &"A".repeat(44),
        &format!("{}=", "A".repeat(42)),
        &"ä".repeat(43),
    ] {
        assert!(Ticket::parse(text).is_none(), "{text}");
    }
    let csrf = signin.visit(&opened.ticket).unwrap().unwrap().csrf;
    drop(signin);
    let mut bytes = Vec::new();
    let mut stack = vec![place.folder.path().to_owned()];
    while let Some(dir) = stack.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                stack.push(path);
            } else {
                bytes.extend(std::fs::read(path).unwrap());
            }
        }
    }
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds("argon2id"), "the test looks at the right bytes");
    for secret in [opened.ticket.expose(), csrf.as_str(), PASSPHRASE] {
        assert!(!holds(secret), "{secret}");
    }
    let _ = secret;
}

#[test]
fn whoever_leaves_the_configuration_or_a_role_loses_it_at_the_next_request() {
    let (mut place, signin) = Place::new();
    let (_, opened) = place.enrol(&signin, "Ada");
    drop(signin);
    place.people[0].roles = vec!["auditor".to_owned()];
    let signin = place.open();
    let visit = signin.visit(&opened.ticket).unwrap().unwrap();
    assert_eq!(visit.principal.roles(), [Role::Auditor].into());
    drop(signin);
    place.people.remove(0);
    let signin = place.open();
    assert!(signin.visit(&opened.ticket).unwrap().is_none());
    assert!(signin.person("Ada").is_none());
}
