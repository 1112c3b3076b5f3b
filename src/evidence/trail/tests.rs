//! Formats, damage and findings.

use super::*;

fn github(id: &str, at: u64, action: &str) -> String {
    format!(
        r#"{{"_document_id":"{id}","@timestamp":{at},"action":"{action}","actor":"jordan-example","actor_ip":"198.51.100.7","repo":"example/app"}}"#
    )
}

#[test]
fn array_and_ndjson_of_the_same_records_read_the_same() {
    let records = [
        github("a", 1_800_000_002_000, "git.clone"),
        github("b", 1_800_000_001_000, "git.push"),
        github("a", 1_800_000_002_000, "git.clone"),
        github("c", 1_800_000_003_000, "repo.made_up_kind"),
    ];
    let array = import(format!("[{}]", records.join(",\n")).as_bytes(), "x").unwrap();
    let lines = import(records.join("\n").as_bytes(), "x").unwrap();
    assert_eq!(array, lines);
    assert_eq!(array.format, Some(Format::GitHubAudit));
    assert_eq!(
        (
            array.records,
            array.events,
            array.duplicates,
            array.conflicts
        ),
        (4, 4, 1, 0)
    );
    assert_eq!(array.ids, ["a", "b", "a", "c"]);
    assert!(!array.ordered);
    assert_eq!(array.kinds["repo.made_up_kind"], 1);
    assert_eq!(array.first, Timestamp::from_second(1_800_000_001).ok());
    assert_eq!(array.last, Timestamp::from_second(1_800_000_003).ok());
    assert_eq!(array.problem_count, 0);
}

#[test]
fn the_same_id_with_other_content_is_a_conflict_and_both_stay() {
    let text = [
        github("a", 1_800_000_001_000, "git.clone"),
        github("a", 1_800_000_001_000, "git.push"),
    ];
    let imported = import(text.join("\n").as_bytes(), "x").unwrap();
    assert_eq!(
        (imported.duplicates, imported.conflicts, imported.events),
        (0, 1, 2)
    );
}

#[test]
fn damage_never_loses_what_stands_before_it() {
    let good = github("a", 1_800_000_001_000, "git.clone");
    let cut = good.get(..40).unwrap();
    let array = import(format!("[{good},{good},{cut}").as_bytes(), "x").unwrap();
    assert_eq!((array.records, array.problem_count), (2, 1));
    let lines = import(format!("{good}\n{cut}\n\n{good}\n\u{0}\n").as_bytes(), "x").unwrap();
    assert_eq!((lines.records, lines.problem_count), (2, 2));
    assert_eq!(lines.problems[0].place, "line 2");
    let wrapped = import(
        br#"{"Records":[{"eventName":"A","eventSource":"b","eventTime":"2023-01-01T00:00:00Z"},{"#,
        "x",
    )
    .unwrap();
    assert_eq!(
        (wrapped.records, wrapped.format),
        (1, Some(Format::CloudTrail))
    );
    assert_eq!(wrapped.problem_count, 1);
}

#[test]
fn pretty_printed_documents_one_after_the_other_are_read() {
    let text = "{\n \"uuid\": \"1\",\n \"published\": \"2027-01-01T00:00:00Z\",\n \"eventType\": \"user.session.start\"\n}\n".repeat(3);
    let imported = import(text.as_bytes(), "x").unwrap();
    assert_eq!((imported.records, imported.duplicates), (3, 2));
    assert_eq!(imported.format, Some(Format::OktaSystemLog));
}

#[test]
fn a_wrapper_key_without_a_list_and_a_single_record_are_fine() {
    let odd = import(
        br#"{"items": null, "kind": "admin#reports#activities"}"#,
        "x",
    )
    .unwrap();
    assert_eq!((odd.records, odd.format), (1, None));
    let one = import(br#"{"eventName":"A","eventSource":"b","eventTime":"2023-01-01T00:00:00Z","requestParameters":{"items":[1]}}"#, "x").unwrap();
    assert_eq!((one.records, one.events), (1, 1));
    let empty = import(br#"{"Records":[]}"#, "x").unwrap();
    assert_eq!(
        (empty.records, empty.format, empty.problem_count),
        (0, None, 0)
    );
}

#[test]
fn one_activity_of_google_gives_all_its_events() {
    let text = br#"{"items":[{"kind":"admin#reports#activity","id":{"time":"2027-01-01T00:00:00.5Z","uniqueQualifier":"-7","applicationName":"drive","customerId":"C0"},"actor":{"email":"jordan@corp.example","profileId":"99"},"ipAddress":"192.0.2.9","events":[{"name":"download","parameters":[{"name":"doc_title","value":"plan"}]},{"name":"copy"}]}]}"#;
    let events: Vec<_> = events(text, Format::GoogleReports).collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].target.as_deref(), Some("plan"));
    assert_eq!(events[1].action, "copy");
    let account = Account {
        provider: "google".into(),
        id: "99".into(),
        login: String::new(),
    };
    assert!(
        events
            .iter()
            .all(|event| event.is_by(&account) && event.record == 1)
    );
}

#[test]
fn what_is_not_json_is_said_plainly() {
    for (bytes, word) in [
        (&b"\x1f\x8b\x08\x00"[..], "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b"actor,action\nx,y\n", "neither"),
    ] {
        let imported = import(bytes, "x").unwrap();
        assert_eq!((imported.records, imported.format), (0, None));
        assert!(
            imported.problems[0].what.contains(word),
            "{:?}",
            imported.problems
        );
    }
    assert_eq!(import(b" \n", "x").unwrap_err().code(), "trail-empty");
}

#[test]
fn deep_nesting_and_odd_types_do_no_harm() {
    let deep = format!(
        "{{\"action\":\"a.b\",\"org\":{}1{}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let good = github("a", 1_800_000_001_000, "git.clone");
    let imported = import(format!("{good}\n{deep}\n{good}").as_bytes(), "x").unwrap();
    assert_eq!((imported.records, imported.unknown), (3, 1));
    let odd = import(
        br#"[{"action":"a.b","created_at":{},"actor":null,"actor_id":[],"org":1}]"#,
        "x",
    )
    .unwrap();
    assert_eq!((odd.events, odd.undated), (1, 1));
}

#[test]
fn a_log_that_is_not_proven_complete_never_says_not_seen() {
    let window = Window {
        since: Timestamp::from_second(1_000).unwrap(),
        until: Timestamp::from_second(2_000).unwrap(),
    };
    let complete = Completeness {
        window: Some(window),
        complete: true,
        ..Completeness::default()
    };
    let judge = |log: Option<&Completeness>| Finding::judge(0, window, log);
    assert_eq!(judge(Some(&complete)), Finding::NotSeen { covered: window });
    assert!(matches!(
        Finding::judge(2, window, None),
        Finding::Seen { events: 2 }
    ));
    let absent = [
        Completeness {
            complete: false,
            ..complete.clone()
        },
        Completeness {
            window: None,
            ..complete.clone()
        },
        Completeness {
            gaps: vec!["retention is seven days".to_owned()],
            ..complete.clone()
        },
        Completeness {
            window: Some(Window {
                since: window.until,
                until: window.until,
            }),
            ..complete.clone()
        },
    ];
    assert!(matches!(judge(None), Finding::LogAbsent { .. }));
    assert!(
        absent
            .iter()
            .all(|log| matches!(judge(Some(log)), Finding::LogAbsent { .. }))
    );
    let imported = import(github("a", 1_800_000_001_000, "git.clone").as_bytes(), "x").unwrap();
    assert!(matches!(
        judge(Some(&imported.completeness())),
        Finding::LogAbsent { .. }
    ));
}
