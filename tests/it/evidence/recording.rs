//! Recording: what is kept of exchanges, files and programs, and that no secret is.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use cordon::case::event::Source;
use cordon::evidence::git::{self, Remote};
use cordon::http::{Answer, Exchange, Request, Witness as _};
use cordon::id::EvidenceId;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::case::{Made, at, files, opened};
use super::git as repositories;

const CANARY: &str = "CANARY-9f31c6d2e8";

fn exchange(request: Request, answer: Result<(u16, HeaderMap, Vec<u8>), String>) -> Exchange {
    Exchange {
        at: at("2027-03-13T02:40:00Z"),
        took_ms: 12,
        attempt: 2,
        request,
        credential: "github-app".to_owned(),
        answer: answer.map(|(status, headers, body)| Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::from(body),
        }),
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    map
}

fn kept(made: &Made, id: &EvidenceId) -> (cordon::case::event::Evidence, Bytes) {
    let record = made.log.read(|state| state.evidence[id].clone());
    let bytes = made.log.store().blob(record.sha256).unwrap().unwrap();
    assert_eq!(record.bytes, bytes.len() as u64);
    (record, bytes)
}

#[tokio::test]
async fn an_answer_is_kept_as_received_with_all_that_custody_asks() {
    let made = opened().await;
    let mut request = Request::write(
        Method::POST,
        "https://api.example/x?page=2".parse().unwrap(),
    );
    request.body = Some(("application/json", Bytes::from_static(b"{\"a\":1}")));
    let raw = b"{ \"b\" :2 }\n".to_vec();
    let answer = headers(&[
        ("content-type", "application/json"),
        ("etag", "\"e\""),
        ("x-request-id", "r1"),
    ]);
    let id = made
        .recorder
        .saw(&exchange(request, Ok((202, answer, raw.clone()))))
        .await
        .unwrap();
    let (record, bytes) = kept(&made, &id);
    assert_eq!(bytes, raw);
    assert_eq!(
        (record.at, record.media_type.as_str()),
        (at("2027-03-13T02:40:00Z"), "application/json")
    );
    assert!(record.tool.starts_with("cordon 0."));
    let Source::Exchange {
        method,
        url,
        request_body,
        status,
        response_headers,
        attempt,
        took_ms,
        credential,
        broken,
        ..
    } = record.source
    else {
        panic!()
    };
    assert_eq!(
        (method.as_str(), url.as_str()),
        ("POST", "https://api.example/x?page=2")
    );
    assert_eq!(
        (request_body.as_deref(), status, broken),
        (Some("{\"a\":1}"), Some(202), None)
    );
    assert_eq!(
        (attempt, took_ms, credential.as_str()),
        (2, 12, "github-app")
    );
    assert!(response_headers.contains(&("x-request-id".to_owned(), "r1".to_owned())));
}

#[tokio::test]
async fn no_answer_and_a_large_answer_are_kept_too() {
    let made = opened().await;
    let get = || Request::get("https://api.example/x".parse().unwrap());
    let id = made
        .recorder
        .saw(&exchange(get(), Err("connection\nreset".to_owned())))
        .await
        .unwrap();
    let (record, bytes) = kept(&made, &id);
    assert!(bytes.is_empty() && record.title.ends_with("no answer"));
    let large: Vec<u8> = (0..5 << 20)
        .map(|n: u32| n.to_le_bytes()[n as usize % 4])
        .collect();
    let id = made
        .recorder
        .saw(&exchange(get(), Ok((200, HeaderMap::new(), large.clone()))))
        .await
        .unwrap();
    let (record, bytes) = kept(&made, &id);
    assert_eq!(bytes, large);
    assert!(
        made.log.store().object(record.sha256).is_some(),
        "large answers become objects"
    );
}

#[tokio::test]
async fn no_secret_reaches_the_case() {
    let made = opened().await;
    let mut request = Request::write(
        Method::POST,
        format!("https://user:{CANARY}@api.example/t?client_secret={CANARY}#{CANARY}")
            .parse()
            .unwrap(),
    );
    request.headers = headers(&[
        ("authorization", CANARY),
        ("x-api-key", CANARY),
        ("cookie", CANARY),
        ("private-token", CANARY),
    ]);
    request.body = Some((
        "application/json",
        Bytes::from(format!("{{\"credentials\":[\"{CANARY}\"]}}")),
    ));
    request.secret_body = true;
    let answer = headers(&[
        ("set-cookie", &format!("sid={CANARY}; Path=/")),
        ("location", &format!("https://api.example/?token={CANARY}")),
        ("x-vault-token", CANARY),
    ]);
    let echo =
        format!("{{\"message\":\"bad {CANARY}\",\"access_token\":\"{CANARY}\"}}").into_bytes();
    made.recorder
        .saw(&exchange(request.clone(), Ok((422, answer.clone(), echo))))
        .await
        .unwrap();
    let plain = format!("bad {CANARY}").into_bytes();
    made.recorder
        .saw(&exchange(request.clone(), Ok((422, answer.clone(), plain))))
        .await
        .unwrap();
    request.body = Some((
        "application/x-www-form-urlencoded",
        Bytes::from(format!("grant=x&client_secret={CANARY}")),
    ));
    let form = CANARY.as_bytes().to_vec();
    made.recorder
        .saw(&exchange(request.clone(), Ok((400, answer.clone(), form))))
        .await
        .unwrap();
    request.secret_body = false;
    request.body = None;
    let minted = format!("{{\"token\":\"{CANARY}\",\"expires_at\":\"2027\"}}").into_bytes();
    let id = made
        .recorder
        .saw(&exchange(request, Ok((201, answer.clone(), minted))))
        .await
        .unwrap();
    assert_eq!(
        &kept(&made, &id).1[..],
        br#"{"token":"[removed, 17 bytes]","expires_at":"2027"}"#
    );
    let record = kept(&made, &id).0;
    let Source::Exchange { redacted, .. } = &record.source else {
        panic!("{record:?}")
    };
    let [one] = redacted.as_slice() else {
        panic!("{redacted:?}")
    };
    assert_eq!((one.path.as_str(), one.at, one.bytes), ("/token", 10, 17));
    made.recorder
        .keep_webhook("hr", &answer, Bytes::from_static(b"{}"))
        .await
        .unwrap();

    assert_nowhere(&made);
}

/// The canary stands nowhere in the case: as it is, in hex, in base 64.
fn assert_nowhere(made: &Made) {
    // Blobs lie compressed in the store, so each is looked at by itself beside the files.
    let mut haystacks: Vec<Vec<u8>> = files(&made.dir)
        .iter()
        .map(|file| std::fs::read(made.dir.join(file)).unwrap())
        .collect();
    let digests = made.log.read(|state| {
        state
            .evidence
            .values()
            .map(|item| item.sha256)
            .collect::<Vec<_>>()
    });
    haystacks.extend(
        digests
            .into_iter()
            .map(|digest| made.log.store().blob(digest).unwrap().unwrap().to_vec()),
    );
    haystacks.extend(made.log.store().lines(0).unwrap());
    let hex = CANARY
        .bytes()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    // Base 64 of the middle, at each of the three places in a group where it can begin.
    let mut needles = vec![CANARY.to_owned(), hex.to_uppercase(), hex];
    for skip in 0..3 {
        let whole = &CANARY.as_bytes()[skip..];
        let whole = &whole[..whole.len() / 3 * 3];
        needles.push(base64::engine::general_purpose::STANDARD.encode(whole));
    }
    for needle in &needles {
        for hay in &haystacks {
            assert!(
                !hay.windows(needle.len())
                    .any(|window| window == needle.as_bytes()),
                "{needle} in {}",
                String::from_utf8_lossy(&hay[..hay.len().min(2000)])
            );
        }
    }
    assert!(haystacks.len() > 8);
}

#[tokio::test]
async fn only_regular_files_are_taken() {
    let made = opened().await;
    let keep = |path: std::path::PathBuf| {
        let recorder = made.recorder.clone();
        async move { recorder.keep_path(&path, "x/y", "t").await }
    };
    assert!(keep(made.root.path().join("gone")).await.is_err());
    assert_eq!(
        keep(made.root.path().to_owned()).await.unwrap_err().code(),
        "keep"
    );
    assert_eq!(keep("/dev/zero".into()).await.unwrap_err().code(), "keep");
    let path = made.root.path().join("exact");
    std::fs::File::create(&path)
        .unwrap()
        .write_all(&vec![1; 4 << 20])
        .unwrap();
    let id = keep(path).await.unwrap();
    assert_eq!(kept(&made, &id).1.len(), 4 << 20);
}

#[tokio::test]
async fn a_repository_becomes_a_listing_and_a_bundle() {
    let made = opened().await;
    let source = repositories::repository(made.root.path());
    let remote = Remote::named(source.to_str().unwrap(), None).unwrap();
    let bundled = git::bundle(&made.recorder, &remote, Duration::from_mins(1))
        .await
        .unwrap();
    assert_eq!(bundled.refs, 4);
    let (record, bytes) = kept(&made, bundled.bundle.as_ref().unwrap());
    assert!(bytes.starts_with(b"# v2 git bundle") && bundled.bytes == record.bytes);
    let Source::Program { command, version } = record.source else {
        panic!()
    };
    assert!(
        command.join(" ").starts_with("git bundle create") && version.starts_with("git version")
    );
    let (_, listing) = kept(&made, &bundled.listing);
    assert_eq!(
        listing
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .count(),
        4
    );
    assert!(
        files(&made.dir)
            .iter()
            .all(|file| !file.starts_with("work/")),
        "the mirror stays behind"
    );
    let dir = made.export("out").await;
    let name = files(&dir)
        .into_iter()
        .find(|file| file.ends_with(".bundle"))
        .unwrap();
    let check = std::process::Command::new("git")
        .args(["bundle", "list-heads"])
        .arg(dir.join(name))
        .output()
        .unwrap();
    assert!(check.status.success());
}
