//! Sources that sign nothing: Personio and SAP SuccessFactors. What their header opens, what is read,
//! and what no message of theirs can do.

use std::fmt::Write as _;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use cordon::fault::Result;
use cordon::intake::{Kind, Message, Options, Refusal, Source, source};
use cordon::time::Timestamp;
use jiff::tz::TimeZone;

fn now() -> Timestamp {
    "2027-03-12T21:00:00Z".parse().unwrap()
}

fn made(kind: &str, header: Option<&str>, zone: Option<&str>) -> Result<Arc<dyn Source>> {
    let options = Options {
        header: header.map(str::to_owned),
        zone: zone.map(|name| TimeZone::get(name).unwrap()),
        ..Options::default()
    };
    source(
        kind,
        &["the new value".into(), "the old value".into()],
        &options,
    )
}

fn with(header: &str, value: &str) -> HeaderMap {
    let name = HeaderName::try_from(header).unwrap();
    [(name, HeaderValue::from_str(value).unwrap())]
        .into_iter()
        .collect()
}

/// Only the whole value of the one header counts, under either secret.
fn opens_by_its_header(source: &dyn Source, header: &str, body: &[u8]) {
    for value in ["the new value", "the old value"] {
        assert!(source.open(&with(header, value), body, now()).is_ok());
    }
    for value in [
        "",
        "the new valu",
        "the new values",
        "The new value",
        "the new value,the old value",
    ] {
        let opened = source.open(&with(header, value), body, now());
        assert_eq!(opened, Err(Refusal::NoMatch), "{value}");
    }
    let mut twice = with(header, "the new value");
    let name = HeaderName::try_from(header).unwrap();
    twice.append(name.clone(), HeaderValue::from_static("the new value"));
    assert!(matches!(
        source.open(&twice, body, now()),
        Err(Refusal::Header(_))
    ));
    let none = HeaderMap::new();
    assert!(matches!(
        source.open(&none, body, now()),
        Err(Refusal::Header(_))
    ));
    assert_eq!(source.secret_headers(), [name]);
}

// Personio: the five names are those of the JSON schema at developer.personio.de/v2.0/reference/webhooks;
// the events are those of its catalogue and changelog. The inside of `payload` is not published there.
fn personio(event: &str) -> String {
    format!(
        r#"{{"company_id":"77","event_name":"{event}","occurred_at":"2027-03-12T00:00:01Z","payload":{{"id":"2306b77a","person":{{"id":"5005"}}}},"meta":{{}}}}"#
    )
}

#[test]
fn personio_needs_its_header_named_and_leaves_each_end_to_a_person() {
    assert!(
        made("personio", None, None).is_err(),
        "no header is guessed"
    );
    assert!(made("personio", Some("not a header"), None).is_err());
    let source = made("personio", Some("X-Token"), None).unwrap();
    let body = personio("employment.terminated");
    opens_by_its_header(&*source, "x-token", body.as_bytes());
    let open = |body: &str| -> Message {
        let headers = with("x-token", "the new value");
        source.open(&headers, body.as_bytes(), now()).unwrap()
    };
    let message = open(&body);
    assert_eq!(message.kind, Kind::Other("employment.terminated".into()));
    assert_eq!(message.subject.worker_id.as_deref(), Some("5005"));
    assert!(message.lookup.is_some() && message.effective.is_none());
    assert_eq!(
        message.id,
        open(&body).id,
        "the same bytes are the same message"
    );
    for (event, asks) in [
        ("employment.updated", true),
        ("person.deleted", true),
        ("person.created", false),
        ("employment.started", false),
    ] {
        assert_eq!(open(&personio(event)).lookup.is_some(), asks, "{event}");
    }
    let person = r#"{"event_name":"person.deleted","payload":{"id":"5005"}}"#;
    assert_eq!(open(person).subject.worker_id.as_deref(), Some("5005"));
    // The id of an employment is not that of a person.
    let employment = r#"{"event_name":"employment.terminated","payload":{"id":"2306b77a"}}"#;
    assert_eq!(open(employment).subject.worker_id, None);
    assert!(open("not json").lookup.is_some());
}

// SuccessFactors: every element, namespace and value form is that of the notification published at
// blogs.sap.com/2021/08/17/using-successfactors-event-notification-subscriptions-versus-intelligent-services-centre/
// (the ids are not; `Rehire` and `Transfer` as ends of `type` are not verified).
const EVENT: &str = r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><ns3:ExternalEvent xmlns:ns6="com.successfactors.event.notification" xmlns:ns3="http://notification.event.successfactors.com"> <ns3:externalEventMeta> <ns3:externalEventId>6767884f-0000</ns3:externalEventId> <ns3:type>com.successfactors.Employment.AssignmentInformation.Termination</ns3:type> <ns3:publishedAt>1804885200000</ns3:publishedAt> <ns3:publishedBy>82094</ns3:publishedBy> <ns3:effective>future</ns3:effective> <ns3:repost>false</ns3:repost> </ns3:externalEventMeta> <ns3:events> <ns3:event> <ns3:eventId>c143fd6b-0000</ns3:eventId> <ns3:entityType>EmpJob</ns3:entityType> <ns3:effectiveStartDate>2027-04-01</ns3:effectiveStartDate> <ns3:publishedAt>1804885200000</ns3:publishedAt> <ns3:publishedBy>82094</ns3:publishedBy> <ns3:repost>false</ns3:repost> <ns3:entityKeys> <ns3:entityKey> <name>seqNumber</name> <value>1</value> </ns3:entityKey> <ns3:entityKey> <name>userId</name> <value>LL-C-0417</value> </ns3:entityKey> </ns3:entityKeys> </ns3:event> </ns3:events> </ns3:ExternalEvent></soap:Body></soap:Envelope>"#;

fn soap(body: &str) -> Result<Message, Refusal> {
    let source = made("successfactors", None, Some("Europe/Berlin")).unwrap();
    let headers = with("authorization", "the new value");
    source.open(&headers, body.as_bytes(), now())
}

#[test]
fn successfactors_says_who_leaves_and_when_in_the_configured_zone() {
    let source = made("successfactors", None, Some("Europe/Berlin")).unwrap();
    opens_by_its_header(&*source, "authorization", EVENT.as_bytes());
    let message = soap(EVENT).unwrap();
    assert_eq!(
        (message.id.as_str(), &message.kind),
        ("6767884f-0000", &Kind::Termination)
    );
    assert_eq!(message.subject.worker_id.as_deref(), Some("LL-C-0417"));
    assert_eq!(
        message.effective.unwrap().to_string(),
        "2027-03-31T22:00:00Z"
    );
    assert!(
        message.notes[0].contains("Europe/Berlin"),
        "it says what it assumed"
    );
    assert_eq!(message.lookup, None);

    let without = made("successfactors", None, None).unwrap();
    let headers = with("authorization", "the new value");
    let message = without.open(&headers, EVENT.as_bytes(), now()).unwrap();
    assert!(message.effective.is_none() && message.lookup.unwrap().contains("zone"));

    for (word, kind) in [("Rehire", Kind::Rehire), ("Transfer", Kind::Transfer)] {
        let other = EVENT.replace(".Termination", &format!(".{word}"));
        let message = soap(&other).unwrap();
        assert_eq!((message.kind, message.lookup), (kind, None), "{word}");
    }
    let (media_type, answer) = source.acknowledgement().unwrap();
    assert!(media_type.starts_with("text/xml"));
    let answer = roxmltree::Document::parse(answer).unwrap();
    let root = answer.root_element().tag_name();
    assert_eq!(root.name(), "Envelope");
    assert_eq!(
        root.namespace(),
        Some("http://schemas.xmlsoap.org/soap/envelope/")
    );
}

#[test]
fn an_event_that_is_posted_again_is_no_contradiction_of_itself() {
    let again = |published: &str| {
        let posted = EVENT.replacen("<ns3:repost>false", "<ns3:repost>true", 1);
        soap(&posted.replacen("1804885200000", published, 1)).unwrap()
    };
    let (first, second) = (soap(EVENT).unwrap(), again("1804885200001"));
    assert_ne!(first.id, second.id, "the bodies differ");
    assert_ne!(second.id, again("1804885200002").id);
    assert_eq!(second.id, again("1804885200001").id);
    let what = |message: Message| (message.kind, message.subject, message.effective);
    assert_eq!(what(first), what(second), "one departure, so one case");
}

#[test]
fn what_is_not_in_the_right_namespace_or_stands_twice_is_not_read() {
    let stranger = "http://stranger.example";
    for (what, body) in [
        ("envelope", EVENT.replace("http://schemas.xmlsoap.org/soap/envelope/", stranger)),
        ("event", EVENT.replace("http://notification.event.successfactors.com", stranger)),
        ("two events", EVENT.replace("</soap:Body>", "<e:ExternalEvent xmlns:e=\"http://notification.event.successfactors.com\"/></soap:Body>")),
        ("two ids", EVENT.replace("<ns3:effective>", "<ns3:externalEventId>other</ns3:externalEventId><ns3:effective>")),
        ("id inside of another element", EVENT.replace("6767884f-0000", "<b>6767884f-0000</b>")),
        ("not xml", "{}".to_owned()),
        ("half", EVENT.split_at(EVENT.len() / 2).0.to_owned()),
        ("not text", "\u{0}".to_owned()),
    ] {
        let message = soap(&body).unwrap();
        assert_eq!(message.kind, Kind::Other("unreadable".into()), "{what}");
        assert!(message.lookup.is_some() && message.subject.names_nobody(), "{what}");
    }
    // An element of a stranger with the right name stands beside the right one: only ours is read.
    let beside = EVENT.replace(
        "<ns3:entityKeys>",
        "<x:entityKeys xmlns:x=\"http://stranger.example\"><x:entityKey><name>userId</name><value>OTHER</value></x:entityKey></x:entityKeys><ns3:entityKeys>",
    );
    assert_eq!(
        soap(&beside).unwrap().subject.worker_id.as_deref(),
        Some("LL-C-0417")
    );
    // Two people in one notification are no departure of either.
    let event = EVENT.split_once("<ns3:event>").unwrap().1;
    let event = event
        .split_once("</ns3:event>")
        .unwrap()
        .0
        .replace("LL-C-0417", "LL-C-9999");
    let two = EVENT.replace(
        "</ns3:events>",
        &format!("<ns3:event>{event}</ns3:event></ns3:events>"),
    );
    let message = soap(&two).unwrap();
    assert!(message.lookup.is_some() && message.subject.names_nobody());
    let user = "<ns3:entityKey><name>userId</name><value>LL-C-9999</value></ns3:entityKey></ns3:entityKeys>";
    let both = soap(&EVENT.replace("</ns3:entityKeys>", user)).unwrap();
    assert!(both.lookup.is_some() && both.subject.names_nobody());
}

#[test]
fn xml_that_expands_or_goes_deep_is_refused() {
    let dtd = |declared: &str| {
        format!(
            "<!DOCTYPE e [{declared}]>{}",
            EVENT.replace("LL-C-0417", "&a;")
        )
    };
    let mut bombs = String::new();
    for (before, name) in ('a'..='i').zip('b'..='j') {
        let many = format!("&{before};").repeat(8);
        write!(bombs, "<!ENTITY {name} \"{many}\">").unwrap();
    }
    for declared in [
        "<!ENTITY a \"x\">".to_owned(),
        format!("<!ENTITY a \"aaaaaaaaaa\">{bombs}"),
        "<!ENTITY a SYSTEM \"file:///etc/passwd\">".to_owned(),
        "<!ENTITY % p SYSTEM \"http://stranger.example/x\"> %p;".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            soap(&dtd(&declared)),
            Err(Refusal::Body("dtd")),
            "{declared}"
        );
    }
    // Without a declaration there is nothing to expand.
    let message = soap(&EVENT.replace("LL-C-0417", "&a;")).unwrap();
    assert_eq!(message.kind, Kind::Other("unreadable".into()));
    let deep = format!("{}{}", "<a>".repeat(40_000), "</a>".repeat(40_000));
    assert_eq!(soap(&deep), Err(Refusal::Body("too-deep")));
    let unclosed = "<a>".repeat(80_000);
    assert_eq!(soap(&unclosed), Err(Refusal::Body("too-deep")));
    let wide = format!("<a>{}</a>", "<b/>".repeat(60_000));
    assert_eq!(soap(&wide), Err(Refusal::Body("too-many-nodes")));
    let begun = std::time::Instant::now();
    let (mut names, mut namespaces) = (String::new(), String::new());
    for number in 0..4000 {
        write!(names, " a{number}=\"\"").unwrap();
        write!(namespaces, " xmlns:n{number}=\"u{number}\"").unwrap();
    }
    for body in [format!("<a{names}/>"), format!("<a{namespaces}/>")] {
        assert!(soap(&body).unwrap().lookup.is_some());
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

proptest::proptest! {
    #[test]
    fn no_change_of_a_notification_makes_it_panic(place in 0..EVENT.len(), text in "\\PC{0,12}") {
        let place = (0..=place).rev().find(|place| EVENT.is_char_boundary(*place)).unwrap();
        let (before, behind) = EVENT.split_at(place);
        let changed = format!("{before}{text}{behind}");
        let _ = soap(&changed);
    }
}
