//! Who gets what: every route, every role, and what somebody is to the case.

use axum::body::Body;
use axum::extract::Request;
use cordon::canon::Digest;
use cordon::case::event::{Attachment, ClockStart, Event, Quorum, Reading};
use cordon::id::{ClockId, NoticeId};

use super::{CSRF, Office, append, at_a_gate};

/// The roles in the order of the columns.
pub(super) const ROLES: [&str; 7] = ["Res", "Lea", "Leg", "Hua", "Exe", "Aud", "Adm"];

const OK: u16 = 200;
/// Allowed, and sent without a reason: what is asked for is refused, not the person.
const BAD: u16 = 422;
/// Allowed, and done.
const DONE: u16 = 303;
const NO: u16 = 403;
const NONE: u16 = 404;

/// What each role gets of a case that it may know of: responder, incident lead, legal, HR, executive,
/// auditor, administrator.
#[rustfmt::skip]
pub(crate) const OF_CASE: &[(&str, &str, [u16; 7])] = &[
    ("GET",  "",                      [OK,  OK,  OK,  OK,  OK,  OK,  NONE]),
    ("GET",  "/fragment",             [OK,  OK,  OK,  OK,  OK,  OK,  NONE]),
    ("GET",  "/live",                 [OK,  OK,  OK,  NO,  OK,  OK,  NONE]),
    // HR decides at this gate, and reads it therefore.
    ("GET",  "/gates/go",             [OK,  OK,  OK,  OK,  OK,  OK,  NONE]),
    ("POST", "/gates/go",             [BAD, BAD, BAD, BAD, BAD, NO,  NONE]),
    ("GET",  "/gates/never-opened",   [NONE; 7]),
    ("GET",  "/clocks/{clock}",       [OK,  OK,  OK,  NO,  OK,  OK,  NONE]),
    ("POST", "/clocks/{clock}",       [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("GET",  "/facts",                [NO,  OK,  OK,  NO,  NO,  NO,  NONE]),
    ("POST", "/facts",                [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("POST", "/facts/withdraw",       [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("GET",  "/clocks",               [OK,  OK,  OK,  NO,  OK,  OK,  NONE]),
    ("POST", "/clocks/{clock}/answer",[NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("POST", "/clocks/{clock}/receipt",[NO, BAD, BAD, NO,  NO,  NO,  NONE]),
    ("POST", "/clocks/{clock}/receipt/withdraw",[NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/clocks/{clock}/delay", [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("POST", "/clocks/{clock}/delay/1/withdraw",[NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/instants",             [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("POST", "/instants/x/withdraw",  [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("GET",  "/notices",              [OK,  OK,  OK,  NO,  OK,  OK,  NONE]),
    ("POST", "/notices",              [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("GET",  "/notices/{notice}/fields", [OK, OK, OK, NO,  OK,  OK,  NONE]),
    ("GET",  "/notices/{notice}",     [OK,  OK,  OK,  NO,  OK,  OK,  NONE]),
    ("GET",  "/notices/{notice}?block=1", [OK, OK, OK, NO, OK, OK, NONE]),
    ("GET",  "/notices/{notice}/redline", [OK, OK, OK, NO, OK, OK, NONE]),
    ("GET",  "/notices/{notice}/as/txt",  [OK, OK, OK, NO, OK, OK, NONE]),
    ("POST", "/notices/{notice}/do/approve", [BAD, BAD, BAD, NO, BAD, NO, NONE]),
    ("POST", "/notices/{notice}/do/decline", [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/dispatch", [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/submit",  [NO, DONE, DONE, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/comment", [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/resolve", [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/suggest", [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/change",  [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/take",    [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/detach",  [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/do/send",    [NO, BAD, BAD, NO, NO, NO, NONE]),
    // Without a file there is nothing to do.
    ("POST", "/notices/{notice}/bring/attach", [NO, DONE, DONE, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/bring/word",   [NO, DONE, DONE, NO, NO, NO, NONE]),
    ("POST", "/notices/{notice}/bring/receipt", [NO, BAD, BAD, NO, NO, NO, NONE]),
    ("GET",  "/notices/{notice}/file/{item}", [OK, OK, OK, NO, OK, OK, NONE]),
    ("GET",  "/notices/{notice}/file/x", [NONE, NONE, NONE, NO, NONE, NONE, NONE]),
    ("GET",  "/clocks.ics",           [OK,  OK,  OK,  NO,  OK,  OK,  NONE]),
    ("GET",  "/plan",                 [OK,  OK,  OK,  NO,  OK,  OK,  NONE]),
    ("POST", "/plan/find",            [BAD, BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/plan/make",            [BAD, BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/plan/begin",           [BAD, BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/plan/reopen",          [BAD, BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/plan/stop",            [BAD, BAD, NO,  NO,  NO,  NO,  NONE]),
    ("GET",  "/accounts",             [OK,  OK,  OK,  NO,  NO,  OK,  NONE]),
    ("POST", "/accounts/choose",      [BAD, BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/accounts/withdraw",    [BAD, BAD, NO,  NO,  NO,  NO,  NONE]),
    ("GET",  "/leads",                [OK,  OK,  OK,  NO,  NO,  OK,  NONE]),
    ("POST", "/leads",                [NO,  BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/leads/lead_00000000000000000000000000/dismiss", [NO, BAD, NO, NO, NO, NO, NONE]),
    ("GET",  "/recall-links",         [OK,  OK,  OK,  OK,  NO,  NO,  NONE]),
    ("POST", "/recall-links",         [BAD, BAD, BAD, BAD, NO,  NO,  NONE]),
    ("POST", "/recall-links/0123456789ab/withdraw", [BAD, BAD, BAD, BAD, NO, NO, NONE]),
    ("GET",  "/sanctions",            [OK,  OK,  OK,  NO,  OK,  OK,  NONE]),
    ("POST", "/sanctions/hold",       [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("POST", "/bring/determination",  [NO,  BAD, BAD, NO,  NO,  NO,  NONE]),
    ("POST", "/sanctions/x/approve",  [BAD, BAD, BAD, BAD, BAD, NO,  NONE]),
    ("GET",  "/undo",                 [OK,  OK,  NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/undo",                 [BAD, BAD, NO,  NO,  NO,  NO,  NONE]),
    ("GET",  "/contacts",             [OK,  OK,  OK,  NO,  NO,  OK,  NONE]),
    ("GET",  "/evidence",             [OK,  OK,  OK,  NO,  NO,  OK,  NONE]),
    ("POST", "/export",               [OK,  OK,  OK,  NO,  NO,  NO,  NONE]),
    ("POST", "/bring/evidence",       [BAD, BAD, BAD, NO,  NO,  NO,  NONE]),
    ("GET",  "/evidence/{item}",      [OK,  OK,  OK,  NO,  NO,  OK,  NONE]),
    ("GET",  "/evidence/{item}/bytes",[OK,  OK,  OK,  NO,  NO,  OK,  NONE]),
    ("GET",  "/log",                  [OK,  OK,  OK,  NO,  NO,  OK,  NONE]),
    ("GET",  "/log?kind=trail",       [OK,  OK,  OK,  NO,  NO,  OK,  NONE]),
    ("POST", "/do/hold",              [BAD, BAD, BAD, BAD, NO,  NO,  NONE]),
    ("POST", "/do/recall",            [BAD, BAD, BAD, BAD, NO,  NO,  NONE]),
    ("POST", "/do/note",              [BAD, BAD, BAD, BAD, NO,  NO,  NONE]),
    ("POST", "/do/release",           [NO,  BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/do/restrict",          [NO,  BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/do/unrestrict",        [NO,  BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/do/exclude",           [NO,  BAD, NO,  NO,  NO,  NO,  NONE]),
    ("POST", "/do/close",             [NO,  BAD, NO,  NO,  NO,  NO,  NONE]),
];

/// What each role gets of what is about no case.
#[rustfmt::skip]
pub(crate) const OF_NONE: &[(&str, &str, [u16; 7])] = &[
    ("GET",  "/",                     [OK,   OK,   OK, OK,   OK, OK, OK]),
    ("GET",  "/assets/cordon.css",    [OK,   OK,   OK, OK,   OK, OK, OK]),
    ("GET",  "/assets/live.js",       [OK,   OK,   OK, OK,   OK, OK, OK]),
    ("GET",  "/assets/copy.js",       [OK,   OK,   OK, OK,   OK, OK, OK]),
    ("GET",  "/assets/passkey.js",    [OK,   OK,   OK, OK,   OK, OK, OK]),
    ("GET",  "/messages/0123456789ab",[NONE, NONE, NO, NONE, NO, NO, NO]),
    ("POST", "/messages/0123456789ab/open",    [NONE, NONE, NO, NONE, NO, NO, NO]),
    ("POST", "/messages/0123456789ab/dismiss", [NONE, NONE, NO, NONE, NO, NO, NO]),
    // Whoever has the link, and nobody else: a sign-in neither helps nor hinders.
    ("GET",  "/recall/x",             [NONE; 7]),
    ("POST", "/recall/x",             [BAD; 7]),
    ("GET",  "/nothing",              [NONE; 7]),
];

/// A case with one of everything, and the ends of its paths.
struct Full {
    case: String,
    ends: [(&'static str, String); 3],
}

async fn full(office: &Office, only: Option<&[&str]>) -> Full {
    let desk = office.case("Access review").await;
    at_a_gate(&desk, "deploy key").await;
    let text = Digest::of(b"text");
    let item = desk
        .recorder
        .keep_file("draft.md", "text/markdown", "text".into(), "A draft")
        .await
        .unwrap();
    let notice = NoticeId::fresh();
    let drafted = Event::NoticeDrafted {
        notice: notice.clone(),
        template: "ic3".into(),
        text,
        evidence: item.clone(),
        facts: vec![item.clone()],
        missing: Vec::new(),
        facts_kept: None,
        suspicion: false,
        withheld: Vec::new(),
        serves: Vec::new(),
        approval: Some(Quorum {
            roles: vec!["legal".into()],
            people: 1,
        }),
    };
    append(&desk, drafted).await;
    let attached = Event::NoticeAttached {
        notice: notice.clone(),
        attachment: Attachment {
            name: "a.md".into(),
            evidence: item.clone(),
            sha256: text,
        },
    };
    append(&desk, attached).await;
    let clock = ClockId::of(&["test"]);
    let started = Event::ClockStarted(ClockStart {
        id: clock.clone(),
        rule: "test".into(),
        title: "A duty".into(),
        basis: "A basis".into(),
        seconds: 3600,
        due: None,
        candidates: vec![Reading {
            at: desk.now(),
            how: "opened".into(),
        }],
        doubts: vec!["it may not apply".into()],
        evidence: Vec::new(),
    });
    append(&desk, started).await;
    if let Some(only) = only {
        let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
        desk.restrict(&only, "need to know").await.unwrap();
    }
    let ends = [
        ("{clock}", clock.to_string()),
        ("{notice}", notice.to_string()),
        ("{item}", item.to_string()),
    ];
    let case = desk.log.case().to_string();
    Full { case, ends }
}

impl Full {
    fn path(&self, end: &str) -> String {
        let mut path = format!("/cases/{}{end}", self.case);
        for (name, value) in &self.ends {
            path = path.replace(name, value);
        }
        path
    }
}

/// The status and, where it was refused, the page; a stream is not waited for.
async fn asked(office: &Office, name: Option<&str>, method: &str, path: &str) -> (u16, String) {
    use tower::ServiceExt as _;
    let (media_type, body) = if path.contains("/bring/") {
        let part = format!("Content-Disposition: form-data; name=\"csrf\"\r\n\r\n{CSRF}");
        let body = format!("--x\r\n{part}\r\n--x--\r\n");
        ("multipart/form-data; boundary=x", body)
    } else {
        let body = format!("csrf={CSRF}&plan={}&decision=approve&reason=", Digest::ZERO);
        ("application/x-www-form-urlencoded", body)
    };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", media_type);
    if let Some(name) = name {
        request = request.header(super::AS, name);
    }
    let request = request.body(Body::from(body)).unwrap();
    let response = office.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    if path.ends_with("/live") && status == OK {
        return (status, String::new());
    }
    let body = axum::body::to_bytes(response.into_body(), 16 << 20)
        .await
        .unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_gives_every_role_what_the_table_says() {
    let office = Office::new();
    let open = full(&office, None).await;
    let own = full(&office, Some(&ROLES)).await;
    let others = full(&office, Some(&["Zoe"])).await;
    let mut wrong = Vec::new();
    let mut check = |what: String, got: u16, expected: u16| {
        if got != expected {
            wrong.push(format!("{what}: {got} instead of {expected}"));
        }
    };
    for (column, role) in ROLES.iter().enumerate() {
        for (method, end, expected) in OF_CASE {
            let expected = expected[column];
            for (kind, case) in [("open", &open), ("own", &own)] {
                let (got, _) = asked(&office, Some(role), method, &case.path(end)).await;
                check(
                    format!("{role} {method} {end} of the {kind} case"),
                    got,
                    expected,
                );
            }
            let (got, hidden) = asked(&office, Some(role), method, &others.path(end)).await;
            check(format!("{role} {method} {end} of others' case"), got, NONE);
            let missing = others
                .path(end)
                .replace(&others.case, cordon::id::CaseId::fresh().as_str());
            let (got, nothing) = asked(&office, Some(role), method, &missing).await;
            check(format!("{role} {method} {end} of no case"), got, NONE);
            assert_eq!(hidden, nothing, "{role} {method} {end}: they differ");
        }
        for (method, path, expected) in OF_NONE {
            let (got, _) = asked(&office, Some(role), method, path).await;
            check(format!("{role} {method} {path}"), got, expected[column]);
        }
    }
    for name in ["Sub", "Out", "Too"] {
        for (method, end, _) in OF_CASE {
            for case in [&open, &own, &others] {
                let (got, _) = asked(&office, Some(name), method, &case.path(end)).await;
                check(format!("{name} {method} {end}"), got, NONE);
            }
        }
        let (_, list) = asked(&office, Some(name), "GET", "/").await;
        assert!(!list.contains("case_"), "{name}: {list}");
    }
    let all = OF_CASE
        .iter()
        .map(|(method, end, _)| (method, open.path(end)));
    let none = OF_NONE
        .iter()
        .map(|(method, path, _)| (method, (*path).to_owned()));
    for (method, path) in all.chain(none) {
        let (got, _) = asked(&office, None, method, &path).await;
        let expected = match path.as_str() {
            path if path.starts_with("/assets/") => OK,
            "/recall/x" if method == &"POST" => BAD,
            "/nothing" | "/recall/x" => NONE,
            _ => 303,
        };
        check(format!("nobody {method} {path}"), got, expected);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a row of a table asks for a route: part by part, where a route may name any.
pub(super) fn asks_for(row: &str, route: &str) -> bool {
    let row = row.split('?').next().unwrap_or_default();
    let (row, route) = (row.split('/'), route.split('/'));
    let mut both = row.clone().zip(route.clone());
    row.count() == route.count() && both.all(|(row, route)| row == route || route.starts_with('{'))
}

#[test]
fn the_table_has_every_route() {
    let of_case = OF_CASE
        .iter()
        .map(|(method, end, _)| (*method, format!("/cases/{{id}}{end}")));
    let of_none = OF_NONE
        .iter()
        .map(|(method, path, _)| (*method, (*path).to_owned()));
    let rows: Vec<(&str, String)> = of_case.chain(of_none).collect();
    let routes = cordon::web::pages::routes();
    assert!(routes.len() > 40, "{}", routes.len());
    for route in &routes {
        let asked =
            |(method, path): &(&str, String)| *method == route.method && asks_for(path, route.path);
        assert!(rows.iter().any(asked), "no row asks for {route:?}");
    }
}

/// The names that a source matches a part of a path against: `"name" => …`.
fn names(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>"))
        .flat_map(|(names, _)| names.split("\" | \""))
        .collect()
}

/// What is done below one path is told apart by its last part, and each of those has a row of its own.
#[test]
fn the_table_has_every_act() {
    let notices = include_str!("../../../src/web/pages/notice/acts.rs");
    let (acts, brings) = notices.split_once("async fn brought").unwrap();
    let case = include_str!("../../../src/web/pages/acts.rs");
    let plan = include_str!("../../../src/web/pages/plan.rs");
    let accounts = include_str!("../../../src/web/pages/accounts.rs");
    let all = [
        ("/accounts/", accounts, 2),
        ("/do/", case, 8),
        ("/plan/", plan, 3),
        ("/notices/{notice}/do/", acts, 10),
        ("/notices/{notice}/bring/", brings, 3),
    ];
    for (before, source, least) in all {
        let names = names(source);
        assert!(names.len() >= least, "{before}: {names:?}");
        for name in names {
            let end = format!("{before}{name}");
            let asked = |(method, row, _): &(&str, &str, _)| *method == "POST" && *row == end;
            assert!(OF_CASE.iter().any(asked), "no row asks for POST {end}");
        }
    }
}

/// The first page lists exactly the notices that somebody may read and approve.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_the_notices_that_wait_for_who_reads_it() {
    let office = Office::new();
    let desk = office.case("Access review 12").await;
    let case = desk.log.case().clone();
    for notice in ["executive", "board", "ic3"] {
        desk.draft(notice).await.unwrap();
    }
    desk.finish().await.unwrap();
    let lines = desk.summary().notices;
    let binds = |line: &cordon::app::summary::NoticeLine| {
        desk.log.read(|state| state.notices[&line.id].binds())
    };
    let binds: Vec<Digest> = lines.iter().map(binds).collect();
    drop(desk);
    let mut listed = 0;
    for (name, ..) in super::PEOPLE {
        let list = office.get(name, "/").await.body;
        for line in &lines {
            let path = super::at(&case, &format!("/notices/{}", line.id));
            let may = line.may.iter().any(|one| one == name)
                && office.get(name, &path).await.status.as_u16() == OK;
            assert_eq!(list.contains(&path), may, "{name}: {}", line.template);
            listed += usize::from(may);
        }
    }
    assert!(listed > 0);
    // What somebody approved waits for them no longer.
    let (line, on) = lines.iter().zip(&binds).next().unwrap();
    let name = line.may[0].as_str();
    let path = super::at(&case, &format!("/notices/{}", line.id));
    let on = on.to_string();
    let fields = [("on", on.as_str()), ("reason", "read")];
    let done = office
        .post(name, &format!("{path}/do/approve"), &fields)
        .await;
    assert_eq!(done.status.as_u16(), DONE, "{}", done.body);
    assert!(!office.get(name, "/").await.body.contains(&path));
    // A restricted case waits for nobody whom it does not name.
    let other = line
        .may
        .iter()
        .chain(&lines[1].may)
        .find(|one| *one != name);
    let other = other.unwrap().clone();
    let desk = office.app.desk(case.as_str()).unwrap();
    desk.restrict(&[name.to_owned()], "need to know")
        .await
        .unwrap();
    drop(desk);
    let list = office.get(&other, "/").await.body;
    assert!(!list.contains(case.as_str()), "{list}");
}

#[tokio::test]
async fn the_list_has_what_each_may_know_and_no_more() {
    let office = Office::new();
    let open = full(&office, None).await.case;
    let restricted = full(&office, Some(&["Leg"])).await.case;
    let list = async |name| office.get(name, "/").await.body;
    let legal = list("Leg").await;
    assert!(legal.contains(&open) && legal.contains(&restricted));
    assert!(legal.contains("Waiting for your decision"));
    let responder = list("Res").await;
    assert!(responder.contains(&open) && !responder.contains(&restricted));
    assert!(!responder.contains("Waiting for your decision"));
    let administrator = list("Adm").await;
    assert!(administrator.contains(&open) && administrator.contains(&restricted));
    assert!(
        !administrator.contains("Access review"),
        "an id, and no title"
    );
    let hr = list("Hua").await;
    assert!(hr.contains("Access review") && !hr.contains("proven closed"));
}

#[tokio::test]
async fn the_log_tells_what_happened_and_the_clocks_what_is_to_come() {
    let office = Office::new();
    let full = full(&office, None).await;
    let log = office.get("Leg", &full.path("/log")).await.body;
    assert!(
        log.contains("excluded by") && !log.contains("A duty: due"),
        "{log}"
    );
    let clocks = office.get("Leg", &full.path("/log?kind=clock")).await.body;
    assert!(
        clocks.contains("A duty") && !clocks.contains("excluded by"),
        "{clocks}"
    );
}

#[tokio::test]
async fn a_role_sees_only_its_part_of_the_page() {
    let office = Office::new();
    let full = full(&office, None).await;
    let page = async |name| office.get(name, &full.path("")).await.body;
    let (legal, hr, executive) = (page("Leg").await, page("Hua").await, page("Exe").await);
    for part in ["part-doors", "part-clocks", "part-notices", "part-run"] {
        assert!(legal.contains(part) && executive.contains(part), "{part}");
    }
    assert!(legal.contains("id=\"part-kept\"") && legal.contains("/contacts\""));
    for hidden in [
        "id=\"part-kept\"",
        "id=\"part-contacts\"",
        "/contacts\"",
        "/log\"",
    ] {
        assert!(!executive.contains(hidden), "{hidden}");
        assert!(!hr.contains(hidden), "{hidden}");
    }
    for hidden in [
        "id=\"doors\"",
        "part-clocks",
        "deploy key",
        "data-live",
        "contact?",
    ] {
        assert!(!hr.contains(hidden), "{hidden}");
    }
    assert!(legal.contains("It lets 1 closing through."));
    assert!(hr.contains("Hold the case") && !hr.contains("Close the case"));
    assert!(!executive.contains("Hold the case"));
}
