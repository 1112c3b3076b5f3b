//! Canonical JSON: RFC 8785's own numbers, the published vectors, and properties.

use cordon::canon::{Digest, canonical};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn text(value: &Value) -> String {
    String::from_utf8(canonical(value).unwrap()).unwrap()
}

#[test]
fn keys_are_sorted_by_utf16_and_nothing_is_escaped_without_need() {
    // RFC 8785, section 3.2.3: by UTF-16 code units, not by code points.
    let value = json!({ "\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7 });
    assert_eq!(
        text(&value),
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
    );
    assert_eq!(
        text(&json!("\u{7}\u{8}\n\"\\/\u{e9}")),
        "\"\\u0007\\b\\n\\\"\\\\/\u{e9}\""
    );
}

#[test]
fn numbers_are_written_as_ecmascript_writes_them() {
    for (number, expected) in [
        (1e30, "1e+30"),
        (4.5, "4.5"),
        (2e-3, "0.002"),
        (1e-27, "1e-27"),
        (333_333_333.333_333_3, "333333333.3333333"),
        (1e21, "1e+21"),
        (100.0, "100"),
        (-0.0, "0"),
    ] {
        assert_eq!(text(&json!(number)), expected);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "where the published vectors lie")]
fn the_published_vectors_hold() {
    let Ok(shared) = std::env::var("CORDON_SHARED") else {
        println!("not run: CORDON_SHARED is not set");
        return;
    };
    let folder = std::path::Path::new(&shared).join("fixtures/jcs");
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join("input")).unwrap() {
        let input = entry.unwrap().path();
        let expected =
            std::fs::read(folder.join("output").join(input.file_name().unwrap())).unwrap();
        let value: Value = serde_json::from_slice(&std::fs::read(&input).unwrap()).unwrap();
        let expected = expected.strip_suffix(b"\n").unwrap_or(&expected).to_vec();
        assert_eq!(canonical(&value).unwrap(), expected, "{}", input.display());
        count += 1;
    }
    assert!(count >= 6, "only {count} vectors");
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no infinity", |n| n.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn writing_is_stable_and_reads_back(value in values()) {
        let once = canonical(&value).unwrap();
        let back: Value = serde_json::from_slice(&once).unwrap();
        prop_assert_eq!(canonical(&back).unwrap(), once);
    }

    #[test]
    fn the_order_of_insertion_does_not_matter(map in prop::collection::vec((any::<String>(), any::<i32>()), 0..12)) {
        let forward: Map<String, Value> = map.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        let mut backward = Map::new();
        for (key, value) in forward.iter().rev() {
            backward.insert(key.clone(), value.clone());
        }
        prop_assert_eq!(canonical(&Value::Object(forward)).unwrap(), canonical(&Value::Object(backward)).unwrap());
    }

    #[test]
    fn a_digest_reads_back_and_nothing_else_does(bytes: Vec<u8>, other: String) {
        let digest = Digest::of(&bytes);
        prop_assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        prop_assume!(other.len() != 64);
        prop_assert!(other.parse::<Digest>().is_err());
    }
}
