//! Canonical JSON against the examples of RFC 8785.
#![cfg(feature = "record")]

use sayso_shared::canonical::canonical_json;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/canonical_json.json")).expect("JSON")
}

#[test]
fn the_documents_of_rfc_8785_are_written_alike() {
    let vectors = vectors();
    for document in vectors["documents"].as_array().expect("documents") {
        let input: Value =
            serde_json::from_str(document["input"].as_str().expect("input")).expect("JSON");
        assert_eq!(
            canonical_json(&input),
            document["canonical"],
            "{}",
            document["name"]
        );
    }
}

#[test]
fn the_numbers_of_rfc_8785_are_written_alike() {
    let vectors = vectors();
    for number in vectors["numbers"].as_array().expect("numbers") {
        let bits = u64::from_str_radix(number[0].as_str().expect("hex"), 16).expect("hex");
        assert_eq!(
            canonical_json(&f64::from_bits(bits)),
            number[1],
            "{bits:016x}"
        );
    }
}
