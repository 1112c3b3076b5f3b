//! Trails in the vendors' own formats, from the shared samples when they are there.

#![expect(clippy::print_stdout, reason = "the counts are the report")]

use std::path::{Path, PathBuf};

use cordon::evidence::trail::{self, Format};

fn samples() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests find the shared samples by variable"
    )]
    let Some(shared) = std::env::var_os("CORDON_SHARED") else {
        println!("CORDON_SHARED is not set: the samples are not read");
        return None;
    };
    Some(Path::new(&shared).join("samples"))
}

fn import(path: &Path) -> trail::Imported {
    let bytes = std::fs::read(path).unwrap();
    let imported = trail::import(&bytes, &path.file_name().unwrap().to_string_lossy()).unwrap();
    if let Some(format) = imported.format {
        let events = trail::events(&bytes, format).count() as u64;
        assert_eq!(events, imported.events, "{}", imported.name);
    }
    println!(
        "{}: {:?} records {} events {} unknown {} undated {} duplicates {} conflicts {} kinds {} problems {} {:?}..{:?}",
        imported.name,
        imported.format,
        imported.records,
        imported.events,
        imported.unknown,
        imported.undated,
        imported.duplicates,
        imported.conflicts,
        imported.kinds.len(),
        imported.problem_count,
        imported.first,
        imported.last,
    );
    imported
}

#[test]
fn four_vendors_are_told_apart_and_no_record_is_lost() {
    let Some(samples) = samples() else { return };
    for (file, format, records, unknown) in [
        ("github-audit.ndjson", Format::GitHubAudit, 49, 1),
        ("okta-system-log.ndjson", Format::OktaSystemLog, 33, 2),
        ("aws-cloudtrail.ndjson", Format::CloudTrail, 214, 7),
        ("google-activity.ndjson", Format::GoogleReports, 68, 1),
        ("google-reports/admin.json", Format::GoogleReports, 206, 0),
        // The sample is cut off inside its last record.
        ("google-reports/login.json", Format::GoogleReports, 70, 0),
        ("google-reports/drive.json", Format::GoogleReports, 30, 0),
        ("google-reports/calendar.json", Format::GoogleReports, 8, 0),
        (
            "google-reports/groups_enterprise.json",
            Format::GoogleReports,
            4,
            0,
        ),
    ] {
        let imported = import(&samples.join(file));
        assert_eq!(imported.format, Some(format), "{file}");
        assert_eq!(imported.records, records, "{file}");
        assert_eq!(imported.ids.len() as u64, records, "{file}");
        assert_eq!(imported.unknown, unknown, "{file}");
        assert_eq!(
            imported.kinds.values().sum::<u64>(),
            imported.events,
            "{file}"
        );
    }
}

#[test]
fn an_hour_of_cloudtrail_has_two_people_and_no_repeated_event() {
    let Some(samples) = samples() else { return };
    let (mut records, mut one, mut two, mut ids) = (0, 0, 0, std::collections::HashSet::new());
    for entry in std::fs::read_dir(samples.join("cloudtrail-attack-hour")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let imported = import(&path);
        assert_eq!(
            (imported.format, imported.problem_count),
            (Some(Format::CloudTrail), 0)
        );
        records += imported.records;
        ids.extend(imported.ids);
        for event in trail::events(&std::fs::read(&path).unwrap(), Format::CloudTrail) {
            assert!(event.at.is_some());
            one += usize::from(event.actor == "bert-jan");
            two += usize::from(event.actor == "benjamin");
        }
    }
    assert_eq!((records, ids.len(), one, two), (2_900, 2_900, 2_642, 105));
}

#[test]
fn formats_of_other_vendors_are_said_to_be_unknown() {
    let Some(samples) = samples() else { return };
    for file in [
        "entra-audit.ndjson",
        "gcp-audit.ndjson",
        "m365-exchange.ndjson",
        "notion.ndjson",
        "onepassword-signin.ndjson",
        "slack-audit.ndjson",
        "zoom.ndjson",
    ] {
        let imported = import(&samples.join(file));
        assert_eq!(imported.format, None, "{file}");
        assert!(imported.records > 0, "{file}");
        assert!(
            imported
                .problems
                .iter()
                .any(|problem| problem.what.contains("format is not known")),
            "{file}"
        );
    }
}
