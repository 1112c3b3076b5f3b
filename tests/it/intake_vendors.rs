//! Sources of vendors: what each signs, and what is laid before a person instead of guessed.
//!
//! Signatures are made here by hand with the `hmac` crate, as each vendor documents them; payloads
//! have the documented shape (see the head of each file in `src/intake`).

use ::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use cordon::intake::{Kind, Message, Options, Refusal, Source, generic, source};
use cordon::secret::SecretString;
use cordon::time::Timestamp;
use hmac::{Hmac, Mac};
use std::fmt::Write as _;
use std::sync::Arc;

fn now() -> Timestamp {
    "2027-03-12T21:00:00Z".parse().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn sha512(key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(key).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name = HeaderName::try_from(*name).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn made(kind: &str, secrets: &[&str]) -> Arc<dyn Source> {
    let secrets: Vec<SecretString> = secrets.iter().map(|text| (*text).into()).collect();
    source(kind, &secrets, &Options::default()).unwrap()
}

/// Every byte counts, another secret is none, a second secret is as good as the first, and a
/// signature that stands twice is refused.
fn holds(
    kind: &str,
    signature: &str,
    sign: impl Fn(&[u8], &[u8]) -> HeaderMap,
    body: &str,
) -> Message {
    let (old, new) = (
        "the old secret of the source",
        "the new secret of the source",
    );
    let (body, at) = (body.as_bytes(), now());
    let both = made(kind, &[new, old]);
    let signed = sign(old.as_bytes(), body);
    let message = both.open(&signed, body, at).unwrap();
    assert_eq!(
        both.open(&sign(new.as_bytes(), body), body, at).as_ref(),
        Ok(&message)
    );
    let only_new = made(kind, &[new]);
    assert_eq!(only_new.open(&signed, body, at), Err(Refusal::NoMatch));
    for index in [0, body.len() / 2, body.len() - 1] {
        let mut other = body.to_vec();
        other[index] ^= 1;
        assert_eq!(both.open(&signed, &other, at), Err(Refusal::NoMatch));
    }
    let mut twice = signed.clone();
    twice.append(
        HeaderName::try_from(signature).unwrap(),
        signed[signature].clone(),
    );
    assert!(matches!(
        both.open(&twice, body, at),
        Err(Refusal::Header(_))
    ));
    let mut none = signed.clone();
    none.remove(signature);
    assert!(matches!(
        both.open(&none, body, at),
        Err(Refusal::Header(_))
    ));
    for bad in ["", "00", "zz", "é"] {
        let mut odd = signed.clone();
        odd.insert(
            HeaderName::try_from(signature).unwrap(),
            HeaderValue::from_bytes(bad.as_bytes()).unwrap(),
        );
        assert!(both.open(&odd, body, at).is_err(), "{bad}");
    }
    // What is signed and cannot be read is kept for a person, and never refused: it would be lost.
    let odd = b"a=b&c=d";
    let unread = both.open(&sign(old.as_bytes(), odd), odd, at).unwrap();
    assert!(unread.lookup.is_some(), "{kind}: {unread:?}");
    message
}

#[test]
fn bamboohr_asks_a_person_when_a_status_changes() {
    let stamp = now().as_second().to_string();
    let sign = |key: &[u8], body: &[u8]| {
        let signature = hex(&sha256(key, &[body, stamp.as_bytes()]));
        headers(&[
            ("x-bamboohr-signature", &signature),
            ("x-bamboohr-timestamp", &stamp),
        ])
    };
    // The shape at documentation.bamboohr.com/docs/webhooks; that the body is signed before the timestamp
    // is its PHP sample as public clients quote it.
    let body = r#"{"type":"employee.updated","timestamp":"2027-03-12T20:59:58Z","data":{"companyId":"1","employeeId":"417","changedFields":["employmentHistoryStatus"]}}"#;
    let message = holds("bamboohr", "x-bamboohr-signature", sign, body);
    assert_eq!(message.kind, Kind::Other("employee.updated".into()));
    assert_eq!(message.subject.worker_id.as_deref(), Some("417"));
    assert!(message.lookup.is_some() && message.signed_at == Some(now()));

    let source = made("bamboohr", &["k"]);
    let quiet = body.replace("employmentHistoryStatus", "jobTitle");
    let signed = sign(b"k", quiet.as_bytes());
    assert_eq!(
        source
            .open(&signed, quiet.as_bytes(), now())
            .unwrap()
            .lookup,
        None
    );
    // Repetitions come up to 155 minutes late, and a 4xx would end them.
    let at = |minutes| now() + jiff::SignedDuration::from_mins(minutes);
    assert!(source.open(&signed, quiet.as_bytes(), at(155)).is_ok());
    assert_eq!(
        source.open(&signed, quiet.as_bytes(), at(181)),
        Err(Refusal::TooOld)
    );
    assert_eq!(
        source.open(&signed, quiet.as_bytes(), at(-6)),
        Err(Refusal::TooNew)
    );
    // The timestamp is a part of what is signed.
    let mut moved = signed;
    moved.insert("x-bamboohr-timestamp", (now().as_second() + 1).into());
    assert_eq!(
        source.open(&moved, quiet.as_bytes(), now()),
        Err(Refusal::NoMatch)
    );
}

#[test]
fn hibob_does_not_take_garden_leave_for_a_departure() {
    let sign = |key: &[u8], body: &[u8]| {
        headers(&[("bob-signature", &STANDARD.encode(sha512(key, body)))])
    };
    // The shape at apidocs.hibob.com/reference/post_webhook_employee-left; HMAC-SHA512 in base64 by the
    // public client `bobhr`. The three forms of the ping stand in getting-started-webhooks there.
    let body = r#"{"companyId":7,"type":"employee.left","triggeredBy":"system","triggeredAt":"2027-03-12T05:00:00","version":"v2","data":{"employeeId":"3332883"}}"#;
    let message = holds("hibob", "bob-signature", sign, body);
    assert_eq!(message.kind, Kind::Other("employee.left".into()));
    assert_eq!(message.subject.worker_id.as_deref(), Some("3332883"));
    assert!(message.lookup.unwrap().contains("garden leave"));
    let source = made("hibob", &["k"]);
    for ping in [
        &b"Ping test"[..],
        br#""Ping test""#,
        br#"{"text":"Ping test"}"#,
    ] {
        let message = source.open(&sign(b"k", ping), ping, now()).unwrap();
        assert_eq!(
            (message.kind, message.lookup),
            (Kind::Other("ping".into()), None)
        );
    }
}

#[test]
fn deel_signs_the_word_post_before_the_body() {
    let sign = |key: &[u8], body: &[u8]| {
        headers(&[("x-deel-signature", &hex(&sha256(key, &[b"POST", body])))])
    };
    // Envelope, and `POST` before the body, by developer.deel.com/docs (webhooks, security). What a
    // resource holds differs by product: its one field here is not from there.
    let body = r#"{"data":{"meta":{"event_type":"contract.terminated"},"resource":[{"id":"c1"}]},"timestamp":"2027-03-12T20:59:00Z"}"#;
    let message = holds("deel", "x-deel-signature", sign, body);
    assert_eq!(message.kind, Kind::Termination);
    assert!(
        message.lookup.is_some(),
        "the person is not named: no case by itself"
    );
    let bare = headers(&[("x-deel-signature", &hex(&sha256(b"k", &[body.as_bytes()])))]);
    assert_eq!(
        made("deel", &["k"]).open(&bare, body.as_bytes(), now()),
        Err(Refusal::NoMatch)
    );
}

#[test]
fn gusto_tells_ends_from_recalls_and_returns() {
    let sign =
        |key: &[u8], body: &[u8]| headers(&[("x-gusto-signature", &hex(&sha256(key, &[body])))]);
    // The published example of docs.gusto.com "Employee Events", with other events and ids; that the
    // signature is lower-case hex is in public clients, not in the page.
    let body = |event: &str| {
        format!(
            r#"{{"uuid":"u-1","event_type":"{event}","resource_type":"Company","resource_uuid":"c-1","entity_type":"Employee","entity_uuid":"e-1","timestamp":1804885200}}"#
        )
    };
    let message = holds(
        "gusto",
        "x-gusto-signature",
        sign,
        &body("employee.terminated"),
    );
    assert_eq!(
        (message.id.as_str(), &message.kind),
        ("u-1", &Kind::Termination)
    );
    let source = made("gusto", &["k"]);
    for (event, kind, asks) in [
        ("employee.terminated_effective", Kind::Termination, true),
        // The same by the name that the vendor's change log gives it.
        ("employee.termination_effective", Kind::Termination, true),
        (
            "employee.deleted",
            Kind::Other("employee.deleted".into()),
            true,
        ),
        ("employee.termination_cancelled", Kind::Recall, true),
        ("employee.rehired", Kind::Rehire, true),
        (
            "employee.created",
            Kind::Other("employee.created".into()),
            false,
        ),
    ] {
        let body = body(event);
        let message = source
            .open(&sign(b"k", body.as_bytes()), body.as_bytes(), now())
            .unwrap();
        assert_eq!(
            (message.kind, message.lookup.is_some()),
            (kind, asks),
            "{event}"
        );
        assert_eq!(message.subject.worker_id.as_deref(), Some("e-1"));
    }
}

#[test]
fn merge_takes_its_signature_with_and_without_padding() {
    let sign = |key: &[u8], body: &[u8]| {
        headers(&[(
            "x-merge-webhook-signature",
            &URL_SAFE.encode(sha256(key, &[body])),
        )])
    };
    // `hook`, `linked_account`, `data` at docs.merge.dev/basics/webhooks/merge-webhooks; `data` with the
    // fields of its Employee model that are read. Whether the signature is padded is not said there.
    let body = r#"{"hook":{"id":"h","event":"Employee.changed","target":"x"},"linked_account":{"id":"l"},"data":{"id":"e-9","work_email":"w@company.example","employment_status":"INACTIVE","termination_date":"2027-03-12T00:00:00Z"}}"#;
    let message = holds("merge", "x-merge-webhook-signature", sign, body);
    assert_eq!(message.subject.emails, ["w@company.example"]);
    assert_eq!(message.kind, Kind::Other("Employee.changed".into()));
    assert!(message.lookup.is_some() && message.effective.is_none());
    let bare = URL_SAFE_NO_PAD.encode(sha256(b"k", &[body.as_bytes()]));
    let bare = headers(&[("x-merge-webhook-signature", &bare)]);
    assert!(
        made("merge", &["k"])
            .open(&bare, body.as_bytes(), now())
            .is_ok()
    );
    let active = body
        .replace("INACTIVE", "ACTIVE")
        .replace("\"2027-03-12T00:00:00Z\"", "null");
    let signed = sign(b"k", active.as_bytes());
    assert_eq!(
        made("merge", &["k"])
            .open(&signed, active.as_bytes(), now())
            .unwrap()
            .lookup,
        None
    );
}

#[test]
fn finch_has_the_standard_scheme_under_its_own_names() {
    // The type of a webhook and the check of its signature in the vendor's client finch-api 2.9.1.
    let body = br#"{"company_id":"c","account_id":"a","connection_id":"n","entity_id":"e","event_type":"employment.updated","data":{"individual_id":"i-1"}}"#;
    let stamp = now().as_second().to_string();
    let key = STANDARD.encode("the secret of the source");
    let mac = sha256(
        b"the secret of the source",
        &[b"evt_1.", stamp.as_bytes(), b".", body],
    );
    let signed = headers(&[
        ("finch-event-id", "evt_1"),
        ("finch-timestamp", &stamp),
        ("finch-signature", &format!("v1,{}", STANDARD.encode(mac))),
    ]);
    let source = made("finch", &[&key]);
    let message = source.open(&signed, body, now()).unwrap();
    assert_eq!(
        (message.id.as_str(), message.signed_at),
        ("evt_1", Some(now()))
    );
    assert_eq!(message.subject.worker_id.as_deref(), Some("i-1"));
    assert!(message.lookup.is_some());
    let late = now() + jiff::SignedDuration::from_secs(301);
    assert_eq!(source.open(&signed, body, late), Err(Refusal::TooOld));
    assert_eq!(source.open(&signed, b"{}", now()), Err(Refusal::NoMatch));
}

#[test]
fn okta_is_believed_by_its_header_and_opens_nothing() {
    // The sample delivery at developer.okta.com/docs/concepts/event-hooks, cut to what is read.
    let body = br#"{"eventType":"com.okta.event_hook","eventId":"b5","data":{"events":[{"uuid":"u","eventType":"user.lifecycle.deactivate","target":[{"id":"00u1","type":"User","alternateId":"w@company.example"}]}]}}"#;
    let source = made("okta", &["the new value", "the old value"]);
    let with = |value: &str| headers(&[("authorization", value)]);
    let message = source.open(&with("the old value"), body, now()).unwrap();
    assert_eq!(
        (message.id.as_str(), message.lookup.is_some()),
        ("b5", true)
    );
    assert_eq!(
        message.kind,
        Kind::Other("user.lifecycle.deactivate".into())
    );
    assert_eq!(message.subject.emails, ["w@company.example"]);
    for bad in ["", "the old valu", "the old value ", "The old value"] {
        // A header value has no space at its end.
        if bad.trim() == bad {
            assert_eq!(
                source.open(&with(bad), body, now()),
                Err(Refusal::NoMatch),
                "{bad}"
            );
        }
    }
    let challenge = headers(&[("x-okta-verification-challenge", "a\"b")]);
    let answer = source.challenge(&challenge).unwrap();
    assert_eq!(answer, serde_json::json!({ "verification": "a\"b" }));
    assert!(source.challenge(&HeaderMap::new()).is_none());
    let long = headers(&[("x-okta-verification-challenge", &"x".repeat(257))]);
    assert!(source.challenge(&long).is_none());
    assert_eq!(source.secret_headers(), ["authorization"]);
}

fn scheme(change: &str) -> Result<generic::Scheme, toml::de::Error> {
    toml::from_str(&format!(
        r#"
        header = "X-Signature"
        prefix = "sha256="
        signed = ["{{timestamp}}", ".", "{{body}}"]
        timestamp = "X-Timestamp"
        id = "/id"
        kind = "/type"
        termination = ["worker.terminated"]
        recall = ["worker.kept"]
        worker_id = "/worker/id"
        emails = ["/worker/mail"]
        effective = "/worker/last_day"
        zone = "America/New_York"
        {change}"#
    ))
}

fn described(scheme: generic::Scheme) -> cordon::fault::Result<Arc<dyn Source>> {
    let generic = Some(scheme);
    let options = Options {
        generic,
        ..Options::default()
    };
    source("generic", &["k".into()], &options)
}

#[test]
fn a_described_source_reads_what_it_is_told_to() {
    let source = described(scheme("").unwrap()).unwrap();
    let stamp = now().as_second().to_string();
    let open = |body: &str, at: Timestamp| {
        let mac = sha256(b"k", &[stamp.as_bytes(), b".", body.as_bytes()]);
        let signed = headers(&[
            ("x-signature", &format!("sha256={}", hex(&mac))),
            ("x-timestamp", &stamp),
        ]);
        source.open(&signed, body.as_bytes(), at)
    };
    // Nobody's: a source that the configuration describes has the shape that the configuration says.
    let body = |kind: &str, day: &str| {
        format!(
            r#"{{"id":7,"type":"{kind}","worker":{{"id":"W-1","mail":"w@company.example","last_day":"{day}"}}}}"#
        )
    };
    let effective = |day: &str| {
        let message = open(&body("worker.terminated", day), now()).unwrap();
        assert_eq!(
            (message.id.as_str(), &message.kind),
            ("7", &Kind::Termination)
        );
        (
            message.effective.map(|at| at.to_string()),
            message.lookup.is_some(),
        )
    };
    let at = |text: &str| (Some(text.to_owned()), false);
    assert_eq!(
        effective("2027-03-12T17:00:00-05:00"),
        at("2027-03-12T22:00:00Z")
    );
    assert_eq!(effective("2027-03-12T17:00:00"), at("2027-03-12T22:00:00Z"));
    assert_eq!(
        effective("2027-03-12"),
        at("2027-03-13T05:00:00Z"),
        "the end of the day there"
    );
    assert_eq!(
        effective("soon"),
        (None, true),
        "a person reads it; nothing is guessed"
    );
    assert_eq!(
        open(&body("worker.kept", "2027-03-12"), now())
            .unwrap()
            .kind,
        Kind::Recall
    );
    let other = open(&body("worker.moved", "?"), now()).unwrap();
    assert_eq!(
        (other.kind, other.lookup),
        (Kind::Other("worker.moved".into()), None)
    );
    let nobody = open(r#"{"id":"1","type":"worker.terminated"}"#, now()).unwrap();
    assert!(nobody.lookup.is_some());
    assert!(open("not json", now()).unwrap().lookup.is_some());
    let late = now() + jiff::SignedDuration::from_secs(301);
    assert_eq!(open(&body("worker.moved", "?"), late), Err(Refusal::TooOld));
    let early = now() - jiff::SignedDuration::from_secs(301);
    assert_eq!(
        open(&body("worker.moved", "?"), early),
        Err(Refusal::TooNew)
    );
}

#[test]
fn a_description_that_would_believe_anybody_is_refused() {
    let changed = |what: &str, with: &str| {
        let text = format!("{:?}", described(scheme("").unwrap()).is_ok());
        assert_eq!(text, "true");
        let mut scheme = scheme("").unwrap();
        match what {
            "signed" => scheme.signed = vec![with.to_owned()],
            "timestamp" => scheme.timestamp = None,
            "id_header" => scheme.id_header = Some(with.to_owned()),
            "header" => scheme.header = with.to_owned(),
            "kind" => scheme.kind = with.to_owned(),
            "zone" => scheme.zone = Some(with.to_owned()),
            _ => {
                scheme.worker_id = None;
                scheme.emails.clear();
            }
        }
        described(scheme).is_err()
    };
    for (what, with) in [
        ("signed", "{timestamp}"),
        ("signed", "{body}"),
        ("signed", "{path}"),
        ("timestamp", ""),
        ("id_header", "X-Id"),
        ("header", "not a header"),
        ("kind", "type"),
        ("zone", "Mars/Olympus"),
        ("nobody", ""),
    ] {
        assert!(changed(what, with), "{what} {with}");
    }
    assert!(scheme("algorithm = \"md5\"").is_err());
    assert!(scheme("unknown = 1").is_err());
    assert!(source("generic", &["k".into()], &Options::default()).is_err());
    assert!(source("nobody", &["k".into()], &Options::default()).is_err());
    for kind in [
        "bamboohr", "deel", "gusto", "hibob", "merge", "okta", "finch", "standard",
    ] {
        assert!(
            source(kind, &[], &Options::default()).is_err(),
            "{kind} without a secret"
        );
        assert!(
            source(kind, &["".into()], &Options::default()).is_err(),
            "{kind} with an empty one"
        );
    }
}

proptest::proptest! {
    #[test]
    fn nothing_signed_makes_a_source_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let stamp = now().as_second().to_string();
        let hexed = |parts: &[&[u8]]| hex(&sha256(b"k", parts));
        for (kind, signed) in [
            ("bamboohr", headers(&[("x-bamboohr-signature", &hexed(&[&body, stamp.as_bytes()])), ("x-bamboohr-timestamp", &stamp)])),
            ("deel", headers(&[("x-deel-signature", &hexed(&[b"POST", &body]))])),
            ("gusto", headers(&[("x-gusto-signature", &hexed(&[&body]))])),
            ("hibob", headers(&[("bob-signature", &STANDARD.encode(sha512(b"k", &body)))])),
            ("merge", headers(&[("x-merge-webhook-signature", &URL_SAFE.encode(sha256(b"k", &[&body])))])),
            ("okta", headers(&[("authorization", "k")])),
        ] {
            proptest::prop_assert!(made(kind, &["k"]).open(&signed, &body, now()).is_ok());
        }
    }
}
