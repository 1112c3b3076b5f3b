//! What anybody can send to the listener: it answers 4xx or ends the connection, stays small and well.

use std::io::{Cursor, Read as _, Write as _};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use zip::write::SimpleFileOptions;

use super::{House, WEBHOOK};
use crate::daemon::{Daemon, departure, signed};
use crate::program::until;

const SERVE: &str = "[serve]\nlisten = \"127.0.0.1:0\"\n";

/// So much memory may the program of a debug build have had at its peak, KiB.
const MEMORY: u64 = 200 * 1024;

/// So much more may it have while it reads a Word file, which may unpack to 64 MiB.
const WORD: u64 = 64 * 1024;

/// The most memory that the daemon had, KiB.
fn peak(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.child.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

/// It is alive, takes messages, and never grew.
fn is_well(daemon: &Daemon, worker: &str) {
    is_well_within(daemon, worker, MEMORY);
}

/// The same, with another bound of its memory, KiB.
fn is_well_within(daemon: &Daemon, worker: &str, memory: u64) {
    assert_eq!(daemon.get("/health", "").status, 200);
    assert_eq!(daemon.get("/ready", "").status, 200);
    assert_eq!(daemon.post(worker, &departure(worker)).unwrap().status, 202);
    assert!(peak(daemon) < memory, "{} KiB", peak(daemon));
}

fn refused(daemon: &Daemon, what: &str, request: &[u8]) {
    if let Ok(answer) = daemon.raw(request) {
        assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
        assert!(!answer.head.contains("x-injected"), "{what}: {answer:?}");
    }
}

/// A `POST` whose message is not signed.
fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /hooks/hr HTTP/1.1\r\nhost: x.test\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// Requests that are none: what is wrong with each, and its bytes.
fn improper() -> Vec<(&'static str, Vec<u8>)> {
    let large = "a".repeat(64 * 1024);
    let many = "x-many: a\r\n".repeat(500);
    let post = |headers: &str| post(headers, "{}");
    let chunked = |rest: &str| {
        let head = "POST /hooks/hr HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n";
        format!("{head}{rest}").into_bytes()
    };
    vec![
        ("a large head", post(&format!("x-large: {large}\r\n"))),
        ("many headers", post(&many)),
        (
            "two lengths",
            post("content-length: 2\r\ncontent-length: 3\r\n"),
        ),
        ("a length of words", post("content-length: two\r\n")),
        ("a negative length", post("content-length: -1\r\n")),
        (
            "a length beyond numbers",
            post("content-length: 99999999999999999999999\r\n"),
        ),
        (
            "a length that is never sent",
            post("content-length: 1048576\r\n"),
        ),
        ("an unknown coding", post("transfer-encoding: gzip\r\n")),
        ("a name with a space", post("x bad: a\r\n")),
        ("a folded line", post("x-a: b\r\n c: d\r\n")),
        ("a NUL in a value", post("x-a: b\0c\r\n")),
        ("a lone return", post("x-a: b\rx-injected: c\r\n")),
        (
            "an id with a line end",
            post("webhook-id: a%0d%0ax-injected: b\r\ncontent-length: 2\r\n"),
        ),
        (
            "two ids",
            post("webhook-id: a\r\nwebhook-id: b\r\ncontent-length: 2\r\n"),
        ),
        (
            "chunked and a length",
            chunked("content-length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk beyond numbers",
            chunked("\r\nffffffffffffffffff\r\n{}"),
        ),
        ("no host and no version", b"POST /hooks/hr\r\n\r\n".to_vec()),
        (
            "another protocol",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        ),
        (
            "a version to come",
            b"GET /health HTTP/9.9\r\nhost: a\r\n\r\n".to_vec(),
        ),
        (
            "a handshake of TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20),
        ),
        ("no words at all", (0..=255).cycle().take(5000).collect()),
        (
            "a tunnel",
            b"CONNECT a.test:443 HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n".to_vec(),
        ),
        (
            "an echo",
            b"TRACE /hooks/hr HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec(),
        ),
    ]
}

/// Paths that are none of ours, however they are read.
const PATHS: [&str; 20] = [
    "/hooks/../health",
    "/hooks/%2e%2e/health",
    "/hooks/..%2fhealth",
    "/hooks/hr/../../health",
    "/hooks/hr%00",
    "/hooks/hr/%00",
    "/hooks/hr/..",
    "//hooks//hr",
    "/hooks/./hr",
    "/hooks/hr;a=b",
    "/hooks/HR",
    "/hooks/%68r/x",
    "/hooks/hr\\..\\..",
    "/etc/passwd",
    "/../../../../etc/passwd",
    "/%c0%ae%c0%ae/etc/passwd",
    "*",
    "health",
    "/\u{fffd}",
    "/hooks/hr /x",
];

#[test]
fn what_is_no_proper_request_is_refused() {
    let house = House::new(&format!("{SERVE}{WEBHOOK}"));
    let daemon = house.start();
    for (what, request) in improper() {
        refused(&daemon, what, &request);
    }
    for path in PATHS {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        refused(&daemon, path, request.as_bytes());
    }
    is_well(&daemon, "W-1");
}

#[test]
fn a_signed_message_that_is_not_one_is_refused_and_costs_no_memory() {
    let house = House::new(&format!("{SERVE}{WEBHOOK}"));
    let daemon = house.start();
    let utf16: Vec<u8> = String::from_utf8(departure("W-0"))
        .unwrap()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (what, body) in [
        ("nothing", Vec::new()),
        ("bytes", vec![0xff; 1000]),
        ("UTF-16", utf16),
        (
            "gzip",
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".repeat(100),
        ),
        ("deep", vec![b'['; 200_000]),
        ("deep objects", b"{\"a\":".repeat(40_000)),
        (
            "a long number",
            [b"{\"type\":1".to_vec(), vec![b'1'; 200_000], b"}".to_vec()].concat(),
        ),
        ("a text", b"\"worker.terminated\"".to_vec()),
        ("a list", b"[]".to_vec()),
        (
            "no subject",
            br#"{"type":"worker.terminated","data":7}"#.to_vec(),
        ),
    ] {
        refused(
            &daemon,
            what,
            &signed(&format!("evt-{}", what.replace(' ', "-")), &body),
        );
    }
    // Bodies of the greatest size that is read, one after the other and beside each other.
    let most = vec![b' '; cordon::intake::BODY_LIMIT];
    std::thread::scope(|scope| {
        for sender in 0..20 {
            let (daemon, most) = (&daemon, &most);
            scope.spawn(move || {
                for number in 0..5 {
                    refused(
                        daemon,
                        "blanks",
                        &signed(&format!("evt-{sender}-{number}"), most),
                    );
                }
            });
        }
    });
    // One that has no end, in pieces.
    let mut socket = daemon.connect().unwrap();
    let head = "POST /hooks/hr HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let sent = (0..2000)
        .take_while(|_| socket.write_all(piece.as_bytes()).is_ok())
        .count();
    assert!(sent < 2000, "it went on reading");
    is_well(&daemon, "W-1");
}

/// As many connections as may be, that say a part of a request and nothing more.
#[test]
fn thousands_of_connections_that_say_nothing_cost_little_and_pass() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(10_500);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(most),
            ..limit
        },
    )
    .unwrap();
    // Ten thousand, wherever so many files may be open.
    let most = usize::try_from(most).unwrap();
    let number = most.saturating_sub(500).min(10_000);
    let house = House::new(&format!("{SERVE}{WEBHOOK}"));
    let daemon = house.start();
    let before = peak(&daemon);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let port = daemon.port;
    let open = async move {
        let one = move || async move {
            let socket = tokio::net::TcpStream::connect(("127.0.0.1", port));
            let socket = tokio::time::timeout(Duration::from_secs(8), socket).await;
            // Whoever finds every place taken, and the queue full, waits to be let in.
            let Ok(socket) = socket else { return Ok(None) };
            let socket = socket?;
            socket
                .try_write(b"POST /hooks/hr HTTP/1.1\r\nx-slow: ")
                .ok();
            Ok::<_, std::io::Error>(Some(socket))
        };
        // All of them stand beside each other until the last has waited.
        let tasks: Vec<_> = (0..number).map(|_| tokio::spawn(one())).collect();
        let mut open = Vec::new();
        for task in tasks {
            open.push(task.await.unwrap().unwrap());
        }
        open
    };
    let open = runtime.block_on(open);
    assert_eq!(open.len(), number);
    let in_it = open.iter().flatten().count();
    assert!(in_it > 256, "{in_it} of {number}");
    let began = Instant::now();
    // Its places are taken by them in turn; whoever has something to say has to wait for a while.
    drop(open);
    until("it answers", || {
        daemon
            .raw(b"GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .ok()
    });
    println!(
        "{number} connections, then well after {:?}; {before} KiB before, {} KiB at most",
        began.elapsed(),
        peak(&daemon)
    );
    is_well(&daemon, "W-1");
}

/// Every place taken by silence: a message is taken all the same, when the first of them are let go.
#[test]
fn a_message_comes_through_when_every_place_is_taken() {
    let house = House::new(&format!("{SERVE}{WEBHOOK}"));
    let daemon = house.start();
    let silent: Vec<_> = (0..300).map(|_| daemon.connect().unwrap()).collect();
    let began = Instant::now();
    assert_eq!(daemon.post("W-1", &departure("W-1")).unwrap().status, 202);
    assert!(
        began.elapsed() < Duration::from_secs(25),
        "{:?}",
        began.elapsed()
    );
    for mut socket in silent {
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).ok();
    }
    is_well(&daemon, "W-2");
}

/// A lead of the case, and an HR system.
const STAFFED: &str = "[serve]\nlisten = \"127.0.0.1:0\"\n[[people]]\nname = \"Bo\"\nroles = [\"incident_lead\"]\nemails = [\"bo@company.example\"]\n";

/// What a form carries, and the cookie of who sends it.
struct Signed {
    cookie: String,
    csrf: String,
}

impl Signed {
    /// Signs in with a break-glass code, and opens a page with a form.
    fn new(house: &House, daemon: &Daemon, page: &str) -> Self {
        let made = [
            "people",
            "break-glass",
            "Bo",
            "--reason",
            "all is down",
            "--json",
        ];
        let made = house.program.end(house.command(&made)).json();
        let code = made["codes"][0].as_str().unwrap();
        let form = format!("name=Bo&code={code}&reason=all+is+down");
        let head = "POST /signin/break-glass HTTP/1.1\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n";
        let answer = daemon.call(head, form.as_bytes()).unwrap();
        assert_eq!(answer.status, 303, "{answer:?}");
        let (_, cookie) = answer.head.split_once("set-cookie: ").unwrap();
        let cookie = format!("cookie: {}\r\n", cookie.split(';').next().unwrap());
        let body = daemon.get(page, &cookie).body;
        let (_, csrf) = body.split_once("name=\"csrf\" value=\"").unwrap();
        let csrf = csrf.split('"').next().unwrap().to_owned();
        Self { cookie, csrf }
    }

    /// The head of a form that brings a file, and its body.
    fn brings(&self, path: &str, file: &[u8]) -> (String, Vec<u8>) {
        let Self { cookie, csrf } = self;
        let head = format!(
            "POST {path} HTTP/1.1\r\nsec-fetch-site: same-origin\r\n{cookie}content-type: multipart/form-data; boundary=x\r\n"
        );
        let field = format!(
            "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.docx\"\r\n\r\n"
        );
        let body = [field.as_bytes(), file, b"\r\n--x--\r\n"].concat();
        (head, body)
    }
}

/// A file of one part that unpacks to so many MiB of blanks.
fn blanks(mebibytes: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let blanks = vec![b' '; 1 << 20];
    zip.start_file("word/document.xml", SimpleFileOptions::default())
        .unwrap();
    for _ in 0..mebibytes {
        zip.write_all(&blanks).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The same part again and again, under other names.
fn again(file: &[u8], times: usize) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let others = (1..times).map(|number| format!("word/{number}.xml"));
    for name in ["word/document.xml".to_owned()].into_iter().chain(others) {
        let part = from.by_index_raw(0).unwrap();
        zip.raw_copy_file_rename(part, name).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A file that says of each of its parts that it is small.
fn lies(mut file: Vec<u8>) -> Vec<u8> {
    for (mark, at) in [(b"PK\x03\x04", 22), (b"PK\x01\x02", 24)] {
        let marks = file.windows(4).enumerate();
        let marks: Vec<usize> = marks
            .filter_map(|(place, bytes)| (bytes == mark).then_some(place))
            .collect();
        for place in marks {
            file[place + at..place + at + 4].copy_from_slice(&1000_u32.to_le_bytes());
        }
    }
    file
}

/// What unpacks to more than the daemon may ever have is refused by the page that reads Word files.
#[test]
fn a_word_file_that_unpacks_without_an_end_is_refused_and_costs_no_memory() {
    let house = House::new(&format!("{STAFFED}{WEBHOOK}"));
    let daemon = house.start();
    let said = |args: &[&str]| house.program.end(house.command(args)).json();
    let case = said(&["case", "open", "--worker-id", "W-7", "--json"])["case"].clone();
    let case = case.as_str().unwrap();
    let notice = said(&["notice", "draft", case, "executive", "--json"])["notice"].clone();
    let page = format!("/cases/{case}/notices/{}", notice.as_str().unwrap());
    let signed = Signed::new(&house, &daemon, &page);
    let (one, many) = (blanks(160), again(&blanks(30), 6));
    let before = peak(&daemon);
    for (what, file) in [
        ("one part", one.clone()),
        ("many parts", many.clone()),
        ("one part that lies", lies(one)),
        ("many parts that lie", lies(many)),
    ] {
        let weight = file.len();
        assert!(weight < 1 << 20, "{what}: {weight} bytes");
        let (head, body) = signed.brings(&format!("{page}/bring/word"), &file);
        let answer = daemon.call(&head, &body).unwrap();
        assert_eq!(answer.status, 422, "{what}: {answer:?}");
        assert!(
            answer.body.contains("save it in Word"),
            "{what}: {answer:?}"
        );
    }
    is_well_within(&daemon, "W-1", before + WORD);
}
