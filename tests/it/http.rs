//! Calls over real sockets: what is repeated, what is kept, where the credential goes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::{HeaderMap, Method, StatusCode, header};
use async_trait::async_trait;
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use cordon::fault::{Fault, Result};
use cordon::http::limit::Limit;
use cordon::http::retry::Retry;
use cordon::http::transport::{Bearer, Header, NoAuth, Reqwest, Timeouts};
use cordon::http::{CallError, Client, Effect, Exchange, Reply, Request, Witness};
use cordon::id::EvidenceId;
use cordon::range::fault::{Faults, Nth, Trouble};
use cordon::range::server::{CallLog, Server, serve};
use cordon::secret::SecretString;
use cordon::time::SystemClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

const SECRET: &str = "s3cr3t-t0k3n";

/// Remembers every exchange.
#[derive(Default)]
pub(crate) struct Memory(pub(crate) Mutex<Vec<Exchange>>);

impl Memory {
    fn seen(&self) -> Vec<Exchange> {
        self.0.lock().unwrap().clone()
    }

    fn statuses(&self) -> Vec<Option<u16>> {
        self.seen()
            .iter()
            .map(|exchange| exchange.answer.as_ref().ok().map(|it| it.status.as_u16()))
            .collect()
    }
}

#[async_trait]
impl Witness for Memory {
    async fn saw(&self, exchange: &Exchange) -> Result<EvidenceId> {
        self.0.lock().unwrap().push(exchange.clone());
        Ok(EvidenceId::fresh())
    }
}

/// Cannot keep anything.
struct FullDisk;

#[async_trait]
impl Witness for FullDisk {
    async fn saw(&self, _: &Exchange) -> Result<EvidenceId> {
        Err(Fault::failed("disk", "The disk is full."))
    }
}

fn wide() -> Limit {
    Limit::try_new(Duration::from_micros(10), 1000, 16).unwrap()
}

fn quick() -> Retry {
    Retry::try_new(Duration::from_millis(5), Duration::from_secs(5), 3, 0.5).unwrap()
}

fn calm() -> Timeouts {
    Timeouts::default()
}

/// A client that waits as long as an operator would.
pub(crate) fn client() -> Client {
    client_of(Reqwest::new(Arc::new(NoAuth), calm()).unwrap(), wide())
}

/// A client that soon gives a hanging provider up.
pub(crate) fn hasty() -> Client {
    let timeouts = Timeouts {
        total: Duration::from_millis(400),
        ..calm()
    };
    client_of(Reqwest::new(Arc::new(NoAuth), timeouts).unwrap(), wide())
}

fn client_of(transport: Reqwest, limit: Limit) -> Client {
    Client::new(
        Arc::new(transport),
        "test-credential",
        limit,
        quick(),
        Arc::new(SystemClock),
    )
}

pub(crate) fn log() -> CallLog {
    CallLog::new(Arc::new(SystemClock))
}

fn bearer() -> Arc<Bearer> {
    Arc::new(Bearer(SecretString::from(SECRET)))
}

/// Answers every call with the headers it saw.
fn echo() -> Router {
    Router::new().fallback(any(|headers: HeaderMap| async move {
        headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect::<Vec<_>>()
            .join("\n")
    }))
}

async fn struck(trouble: Trouble, nth: Nth) -> Server {
    let faults = Faults::none().on_any("/**", nth, trouble);
    serve("p", echo(), faults, &log()).await.unwrap()
}

async fn read(server: &Server, memory: &Memory) -> Result<Reply, CallError> {
    hasty()
        .send(Request::get(server.url().clone()), memory)
        .await
}

async fn write(server: &Server, memory: &Memory) -> Result<Reply, CallError> {
    let request = Request::write(Method::DELETE, server.url().clone());
    hasty().send(request, memory).await
}

/// A server that sends `raw` to every caller and closes.
async fn raw(raw: &'static [u8]) -> (Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(raw).await;
        }
    });
    (url.parse().unwrap(), calls)
}

async fn closed_port() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_read_comes_through_after_every_passing_failure() {
    for trouble in [
        Trouble::too_many(0),
        Trouble::unavailable(0),
        Trouble::status(StatusCode::INTERNAL_SERVER_ERROR),
        Trouble::status(StatusCode::BAD_GATEWAY),
        Trouble::status(StatusCode::GATEWAY_TIMEOUT),
        Trouble::Hang,
        Trouble::Reset,
    ] {
        let memory = Memory::default();
        let server = struck(trouble.clone(), Nth::First(2)).await;
        let reply = read(&server, &memory).await.unwrap();
        assert_eq!(reply.status, StatusCode::OK, "{trouble:?}");
        let seen = memory.seen();
        let attempts: Vec<u32> = seen.iter().map(|exchange| exchange.attempt).collect();
        assert_eq!(attempts, [1, 2, 3], "every attempt is kept: {trouble:?}");
        assert_eq!(server.calls().len(), 3);
    }
}

#[tokio::test]
async fn a_status_that_stays_is_an_answer_in_the_end() {
    for (trouble, throttled) in [
        (Trouble::too_many(0), 3),
        (Trouble::status(StatusCode::INTERNAL_SERVER_ERROR), 0),
    ] {
        let memory = Memory::default();
        let server = struck(trouble, Nth::Every).await;
        let reply = read(&server, &memory).await.unwrap();
        assert!(!reply.status.is_success());
        assert_eq!(reply.throttled, throttled);
        assert_eq!(memory.seen().len(), 3);
    }
}

#[tokio::test]
async fn a_write_is_repeated_only_when_it_was_not_carried_out() {
    for trouble in [Trouble::too_many(0), Trouble::unavailable(0)] {
        let memory = Memory::default();
        let server = struck(trouble, Nth::First(1)).await;
        let reply = write(&server, &memory).await.unwrap();
        assert_eq!((reply.status, reply.throttled), (StatusCode::OK, 1));
        assert_eq!(server.calls().len(), 2);
    }
    for trouble in [
        Trouble::status(StatusCode::INTERNAL_SERVER_ERROR),
        Trouble::status(StatusCode::BAD_GATEWAY),
        Trouble::status(StatusCode::SERVICE_UNAVAILABLE),
        Trouble::status(StatusCode::GATEWAY_TIMEOUT),
        Trouble::Reset,
        Trouble::Hang,
        Trouble::HangAfter,
    ] {
        let memory = Memory::default();
        let server = struck(trouble.clone(), Nth::First(1)).await;
        let error = write(&server, &memory).await.unwrap_err();
        assert!(
            matches!(error, CallError::Unclear(_)),
            "{trouble:?}: {error:?}"
        );
        assert_eq!(server.calls().len(), 1, "{trouble:?}");
        assert_eq!(memory.seen().len(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn githubs_limits_that_come_as_403_are_waited_for() {
    let limit = Trouble::Instead {
        status: StatusCode::FORBIDDEN,
        headers: vec![
            ("x-ratelimit-remaining", "0".into()),
            ("x-ratelimit-reset", "1".into()),
        ],
        body: serde_json::json!({ "message": "API rate limit exceeded" }),
    };
    let memory = Memory::default();
    let server = struck(limit, Nth::First(1)).await;
    assert!(write(&server, &memory).await.unwrap().status.is_success());
    assert_eq!(memory.statuses(), [Some(403), Some(200)]);

    let memory = Memory::default();
    let server = struck(Trouble::status(StatusCode::FORBIDDEN), Nth::First(1)).await;
    let reply = write(&server, &memory).await.unwrap();
    assert_eq!(
        reply.status,
        StatusCode::FORBIDDEN,
        "a refusal is not a limit"
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn nothing_listens_means_unsent_for_reads_and_writes() {
    let url = closed_port().await;
    for request in [
        Request::get(url.clone()),
        Request::write(Method::POST, url.clone()),
    ] {
        let memory = Memory::default();
        let error = client().send(request, &memory).await.unwrap_err();
        assert!(matches!(error, CallError::Unsent(_)), "{error:?}");
        assert_eq!(
            memory.seen().len(),
            3,
            "tried again, and every attempt kept"
        );
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_gets_nothing() {
    let (mut url, calls) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    url.set_scheme("https").unwrap();
    let transport = Reqwest::new(bearer(), calm()).unwrap();
    let memory = Memory::default();
    let error = client_of(transport, wide())
        .send(Request::write(Method::POST, url), &memory)
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Unsent(_)), "{error:?}");
    assert!(calls.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn answers_that_stop_short_are_no_answers() {
    for bytes in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n[{\"id\":1},".as_slice(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nconte",
        b"",
        b"\x16\x03\x01 not http",
    ] {
        let (url, calls) = raw(bytes).await;
        let memory = Memory::default();
        let error = client()
            .send(Request::get(url.clone()), &memory)
            .await
            .unwrap_err();
        assert!(matches!(error, CallError::Unclear(_)), "{error:?}");
        assert_eq!(calls.load(Ordering::SeqCst), 3, "a read is tried again");
        let error = client()
            .send(Request::write(Method::PUT, url), &memory)
            .await
            .unwrap_err();
        assert!(matches!(error, CallError::Unclear(_)), "{error:?}");
        assert_eq!(calls.load(Ordering::SeqCst), 4, "a write is not");
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_once() {
    let router = Router::new()
        .route("/declared", get(|| async { vec![b'x'; 3000] }))
        .route(
            "/chunked",
            get(|| async {
                let parts = (0..30).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 100]));
                axum::body::Body::from_stream(futures::stream::iter(parts))
            }),
        );
    let server = serve("p", router, Faults::none(), &log()).await.unwrap();
    for (path, limit, fits) in [
        ("declared", 3000, true),
        ("declared", 2999, false),
        ("chunked", 3000, true),
        ("chunked", 2999, false),
    ] {
        let transport = Reqwest::new(Arc::new(NoAuth), calm())
            .unwrap()
            .body_limit(limit);
        let memory = Memory::default();
        let result = client_of(transport, wide())
            .send(Request::get(server.url().join(path).unwrap()), &memory)
            .await;
        assert_eq!(result.is_ok(), fits, "{path} {limit}");
        assert_eq!(
            memory.seen().len(),
            1,
            "more attempts would end the same way"
        );
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_does_not_count() {
    let server = struck(Trouble::Reset, Nth::First(0)).await;
    let error = client()
        .send(Request::get(server.url().clone()), &FullDisk)
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Unkept(_)), "{error:?}");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn the_credential_is_sent_and_never_kept() {
    let server = struck(Trouble::Reset, Nth::First(1)).await;
    let custom = Header {
        name: header::AUTHORIZATION,
        prefix: "SSWS ",
        value: SecretString::from(SECRET),
    };
    for (transport, expected) in [
        (
            Reqwest::new(bearer(), calm()).unwrap(),
            "authorization: Bearer ",
        ),
        (
            Reqwest::new(Arc::new(custom), calm()).unwrap(),
            "authorization: SSWS ",
        ),
    ] {
        let memory = Memory::default();
        let mut request = Request::get(server.url().clone());
        request
            .headers
            .insert(header::COOKIE, "session=abc".parse().unwrap());
        let reply = client_of(transport, wide())
            .send(request, &memory)
            .await
            .unwrap();
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(body.contains(&format!("{expected}{SECRET}")), "{body}");
        for exchange in memory.seen() {
            assert_eq!(exchange.credential, "test-credential");
            assert_eq!(exchange.request.headers[header::COOKIE], "[redacted]");
            let request = format!("{exchange:?} {:?}", exchange.request.headers);
            let request = request.replace(&format!("{:?}", exchange.answer), "");
            assert!(!request.contains(SECRET), "{request}");
        }
    }
}

#[tokio::test]
async fn a_credential_that_no_header_can_carry_is_not_repeated_in_the_error() {
    let auth = Bearer(SecretString::from("line\nend-s3cr3t"));
    let transport = Reqwest::new(Arc::new(auth), calm()).unwrap();
    let memory = Memory::default();
    let server = struck(Trouble::Reset, Nth::First(0)).await;
    let error = client_of(transport, wide())
        .send(Request::get(server.url().clone()), &memory)
        .await
        .unwrap_err();
    assert!(matches!(&error, CallError::Unsent(_)), "{error:?}");
    assert!(!format!("{error:?} {:?}", memory.seen()).contains("s3cr3t"));
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_the_credential_stays_home() {
    let log = log();
    let elsewhere = serve("elsewhere", echo(), Faults::none(), &log)
        .await
        .unwrap();
    let target = elsewhere.url().to_string();
    let router = Router::new().fallback(any(move || {
        let target = target.clone();
        async move { (StatusCode::FOUND, [(header::LOCATION, target)]).into_response() }
    }));
    let home = serve("home", router, Faults::none(), &log).await.unwrap();
    let transport = Reqwest::new(bearer(), calm()).unwrap();
    let reply = client_of(transport, wide())
        .send(Request::get(home.url().clone()), &Memory::default())
        .await
        .unwrap();
    assert_eq!(reply.status, StatusCode::FOUND);
    assert_eq!(reply.header("location"), Some(elsewhere.url().as_str()));
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn another_origin_or_no_encryption_is_refused_before_anything_leaves() {
    let log = log();
    let home = serve("home", echo(), Faults::none(), &log).await.unwrap();
    let elsewhere = serve("elsewhere", echo(), Faults::none(), &log)
        .await
        .unwrap();
    let send = async |url: Url| {
        let transport = Reqwest::new(bearer(), calm()).unwrap().only_to(home.url());
        let memory = Memory::default();
        let result = client_of(transport, wide())
            .send(Request::get(url), &memory)
            .await;
        (result, memory.seen().len())
    };
    assert!(send(home.url().join("a/b?c=d").unwrap()).await.0.is_ok());
    let (result, attempts) = send(elsewhere.url().clone()).await;
    assert!(matches!(result, Err(CallError::Unsent(_))));
    assert_eq!(attempts, 1, "kept once, not tried again");
    assert!(elsewhere.calls().is_empty());

    for url in [
        "http://192.0.2.7/",
        "http://provider.example/",
        "ftp://127.0.0.1/",
    ] {
        let transport = Reqwest::new(bearer(), calm()).unwrap();
        let error = client_of(transport, wide())
            .send(Request::get(url.parse().unwrap()), &Memory::default())
            .await
            .unwrap_err();
        assert!(matches!(error, CallError::Unsent(_)), "{url}");
    }
}

#[tokio::test]
async fn a_password_in_a_url_is_neither_sent_nor_kept() {
    let server = struck(Trouble::Reset, Nth::First(0)).await;
    let mut url = server.url().clone();
    url.set_username("admin").unwrap();
    url.set_password(Some(SECRET)).unwrap();
    let memory = Memory::default();
    let reply = client().send(Request::get(url), &memory).await.unwrap();
    assert!(!String::from_utf8_lossy(&reply.body).contains("authorization"));
    assert_eq!(memory.seen()[0].request.url, *server.url());
}

#[tokio::test]
async fn cookies_of_the_provider_are_not_kept() {
    let router = Router::new().fallback(any(|| async {
        [(header::SET_COOKIE, "sid=s3cr3t"), (header::ETAG, "\"1\"")]
    }));
    let server = serve("p", router, Faults::none(), &log()).await.unwrap();
    let memory = Memory::default();
    read(&server, &memory).await.unwrap();
    let answer = memory.seen()[0].answer.clone().unwrap();
    assert_eq!(answer.headers[header::SET_COOKIE], "[redacted]");
    assert_eq!(answer.headers[header::ETAG], "\"1\"");
}

#[tokio::test]
async fn a_secret_body_does_not_show_in_debug_output() {
    let request = Request::write(Method::POST, "https://provider.example/".parse().unwrap())
        .json(&serde_json::json!({ "password": SECRET }))
        .unwrap();
    assert!(!format!("{request:?}").contains(SECRET));
}

#[tokio::test]
async fn when_a_provider_says_wait_every_caller_of_it_waits() {
    let limit = wide();
    let faults = Faults::none().on(Method::GET, "/first", Nth::Only(1), Trouble::too_many(1));
    let server = serve("p", echo(), faults, &log()).await.unwrap();
    let one = client_of(
        Reqwest::new(Arc::new(NoAuth), calm()).unwrap(),
        limit.clone(),
    );
    let two = client_of(Reqwest::new(Arc::new(NoAuth), calm()).unwrap(), limit);
    let (first, second) = (server.url().join("first").unwrap(), server.url().clone());
    let (memory, other) = (Memory::default(), Memory::default());
    let (a, b) = tokio::join!(one.send(Request::get(first), &memory), async {
        while memory.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        two.send(Request::get(second), &other).await
    });
    assert_eq!(a.unwrap().throttled, 1);
    assert_eq!(b.unwrap().throttled, 0);
    let calls = server.calls();
    assert_eq!(calls.len(), 3);
    for later in &calls[1..] {
        let waited = later.at.duration_since(calls[0].at).as_millis();
        assert!(waited >= 990, "{} came back after {waited} ms", later.path);
    }
}

#[tokio::test]
async fn a_limit_paces_calls_and_keeps_writes_apart() {
    assert!(Limit::try_new(Duration::ZERO, 1, 1).is_err());
    assert!(Limit::try_new(Duration::from_secs(1), 0, 1).is_err());
    assert!(Limit::try_new(Duration::from_secs(1), 1, 0).is_err());

    let server = serve("p", echo(), Faults::none(), &log()).await.unwrap();
    let send = |limit: Limit, effect: Method| {
        let client = client_of(Reqwest::new(Arc::new(NoAuth), calm()).unwrap(), limit);
        let url = server.url().clone();
        async move {
            let request = match effect {
                Method::GET => Request::get(url),
                other => Request::write(other, url),
            };
            client.send(request, &Memory::default()).await.unwrap();
        }
    };
    let paced = Limit::try_new(Duration::from_millis(80), 2, 8).unwrap();
    let began = std::time::Instant::now();
    futures::future::join_all((0..5).map(|_| send(paced.clone(), Method::GET))).await;
    assert!(
        began.elapsed() >= Duration::from_millis(230),
        "two at once, then 80 ms each"
    );

    let apart =
        Limit::with_writes_apart(Duration::from_millis(1), 100, 8, Duration::from_millis(120))
            .unwrap();
    let began = std::time::Instant::now();
    futures::future::join_all((0..3).map(|_| send(apart.clone(), Method::PUT))).await;
    assert!(began.elapsed() >= Duration::from_millis(240), "two gaps");

    let hour = Duration::from_hours(1);
    let slow = Limit::with_writes_apart(Duration::from_millis(1), 100, 8, hour).unwrap();
    let soon = Duration::from_secs(10);
    drop(slow.admit(Effect::Write).await);
    let read = tokio::time::timeout(soon, slow.admit(Effect::Read)).await;
    assert!(read.is_ok(), "reads need no gap");
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_allowed_and_reads_leave_room_for_a_write() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let alone = Arc::new(AtomicUsize::new(0));
    let (count, peak, reads) = (now.clone(), most.clone(), alone.clone());
    let router = Router::new().fallback(any(move |method: Method| {
        let (count, peak, reads) = (count.clone(), peak.clone(), reads.clone());
        async move {
            let under_way = count.fetch_add(1, Ordering::SeqCst) + 1;
            peak.fetch_max(under_way, Ordering::SeqCst);
            if method == Method::GET {
                reads.fetch_max(under_way, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            count.fetch_sub(1, Ordering::SeqCst);
        }
    }));
    let server = serve("p", router, Faults::none(), &log()).await.unwrap();
    let limit = Limit::try_new(Duration::from_micros(10), 1000, 3).unwrap();
    let client = client_of(Reqwest::new(Arc::new(NoAuth), calm()).unwrap(), limit);
    let memory = Memory::default();
    let reads = futures::future::join_all(
        (0..6).map(|_| client.send(Request::get(server.url().clone()), &memory)),
    );
    let write = async {
        while now.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let request = Request::write(Method::PUT, server.url().clone());
        client.send(request, &memory).await.unwrap();
        server.calls().iter().position(|call| call.method == "PUT")
    };
    let (results, place) = tokio::join!(reads, write);
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(alone.load(Ordering::SeqCst), 2, "reads alone never fill it");
    assert_eq!(most.load(Ordering::SeqCst), 3, "two reads and the write");
    assert_eq!(
        place,
        Some(2),
        "the write came before the four reads that waited"
    );
}

#[tokio::test]
async fn a_write_never_leaves_on_a_connection_that_is_being_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                // Takes a second call, and goes away without a word.
                let _ = socket.read(&mut request).await;
            });
        }
    });
    let (client, memory) = (client(), Memory::default());
    for _ in 0..3 {
        client
            .send(Request::get(url.clone()), &memory)
            .await
            .unwrap();
        let request = Request::write(Method::PUT, url.clone());
        client.send(request, &memory).await.unwrap();
    }
}

#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, (proxy, calls)) = runtime.block_on(async {
        let server = serve("p", echo(), Faults::none(), &log()).await.unwrap();
        (
            server,
            raw(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await,
        )
    });
    for (asked, through_proxy) in [("no", false), ("yes", true)] {
        let before = calls.load(Ordering::SeqCst);
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "http::one_call_as_told", "--nocapture"])
            .env("HTTP_PROXY", proxy.as_str())
            .env("http_proxy", proxy.as_str())
            .env("CORDON_TEST_URL", server.url().as_str())
            .env("CORDON_TEST_PROXY", asked)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert_eq!(
            calls.load(Ordering::SeqCst) > before,
            through_proxy,
            "asked: {asked}"
        );
    }
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "told by its parent test")]
async fn one_call_as_told() {
    let (Ok(url), Ok(asked)) = (
        std::env::var("CORDON_TEST_URL"),
        std::env::var("CORDON_TEST_PROXY"),
    ) else {
        return;
    };
    let transport = if asked == "yes" {
        Reqwest::through_system_proxy(Arc::new(NoAuth), calm()).unwrap()
    } else {
        Reqwest::new(Arc::new(NoAuth), calm()).unwrap()
    };
    let _ = client_of(transport, wide())
        .send(Request::get(url.parse().unwrap()), &Memory::default())
        .await;
}
