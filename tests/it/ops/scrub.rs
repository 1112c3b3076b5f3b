//! The daily check of what was kept.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon::daemon::Scrub;
use cordon::store::Hub;
use serde_json::Value;

use super::alerts::{Told, open};

/// The largest file below a folder.
fn largest(folder: &Path) -> PathBuf {
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.metadata().unwrap().len(), path));
            }
        }
    }
    found.into_iter().max().unwrap().1
}

fn raised(hub: &Hub) -> Vec<Value> {
    let raised = hub.scan("alerts").unwrap().into_iter();
    raised
        .map(|(_, value)| serde_json::from_slice(&value).unwrap())
        .collect()
}

#[tokio::test]
async fn bytes_that_changed_on_the_disk_ring_once_and_each_case_is_checked_once_a_day() {
    let told = Told::new(None).await;
    let hub = told.hub();
    let file = told.dir.path().join("large.bin");
    fs::write(&file, vec![7; 5 << 20]).unwrap();
    let desk = open(&told.app).await;
    let kept = (desk.recorder).keep_path(&file, "application/octet-stream", "A medium");
    kept.await.unwrap();
    let case = desk.log.case().clone();
    drop(desk);
    let alerts = cordon::app::alert::Alerts::new(Arc::clone(&told.app), Arc::clone(&hub)).unwrap();
    let scrub = Scrub::new(Arc::clone(&told.app), Arc::new(alerts));
    while scrub.turn().unwrap() {}
    assert!(raised(&hub).is_empty());
    let object = largest(&told.app.case_dir(&case).join("objects"));
    let mut bytes = fs::read(&object).unwrap();
    bytes[1 << 20] ^= 1;
    fs::set_permissions(&object, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&object, bytes).unwrap();
    assert!(!scrub.turn().unwrap(), "it was checked today");
    for _ in 0..2 {
        told.later(25);
        while scrub.turn().unwrap() {}
        let alerts = raised(&hub);
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        assert_eq!(alerts[0]["kind"], "evidence-failed");
        assert_eq!(alerts[0]["case"], case.as_str());
    }
}
