//! The published schema of a receipt against the Rust type, and the table of ISO/IEC TS 27560 against both.
#![cfg(feature = "record")]

use std::collections::BTreeSet;

use sayso_shared::receipt::Receipt;
use serde_json::Value;

const SCHEMA: &str = include_str!("../schemas/receipt.schema.json");
const TABLE: &str = include_str!("../schemas/README.md");
/// A receipt of a visitor's with every field that there is, but for those of the other one and of `ABSENT`.
const RECEIPT: &str = include_str!("proof/receipt.json");
/// One of what somebody else recorded, with every field that only such a one has.
const RECORDED: &str = include_str!("proof/receipt_recorded.json");
/// The grounds stand there by the names of purposes.
const BY_PURPOSE: &str = "/submission/recorded/legal_basis/";
/// What neither of them has.
const ABSENT: [&str; 0] = [];

/// An object of the schema beside an example of it: by name, whether a field is mandatory, and its own schema.
fn walk(
    schema: &Value,
    root: &Value,
    place: &str,
    example: &str,
    found: &mut Vec<(String, String, bool)>,
) {
    let reference = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
    let schema = reference.map_or(schema, |to| root.pointer(to).expect("a definition"));
    if let Some(items) = schema.get("items") {
        walk(
            items,
            root,
            &format!("{place}/items"),
            &format!("{example}/0"),
            found,
        );
    }
    let required: BTreeSet<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let (place, example) = (format!("{place}/{name}"), format!("{example}/{name}"));
        found.push((
            place.clone(),
            example.clone(),
            required.contains(name.as_str()),
        ));
        walk(field, root, &place, &example, found);
    }
}

fn fields() -> Vec<(String, String, bool)> {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let mut found = Vec::new();
    walk(&schema, &schema, "", "", &mut found);
    found
}

fn receipts() -> [Value; 2] {
    [RECEIPT, RECORDED].map(|receipt| serde_json::from_str(receipt).expect("JSON"))
}

/// The value without what a pointer names.
fn without(mut value: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = value.pointer_mut(parent).and_then(Value::as_object_mut);
    parent
        .expect("an object")
        .remove(name)
        .expect("it was there");
    value
}

#[test]
fn what_the_schema_demands_the_type_demands_and_nothing_else() {
    for (place, example, mandatory) in fields() {
        for receipt in receipts() {
            if receipt.pointer(&example).is_none() {
                let (parent, _) = example.rsplit_once('/').expect("a pointer");
                let is_missing = mandatory && receipt.pointer(parent).is_some();
                assert!(!is_missing, "{place} is missing in a pinned receipt");
                continue;
            }
            let read = serde_json::from_value::<Receipt>(without(receipt, &example));
            assert_eq!(read.is_err(), mandatory, "without {place}: {read:?}");
        }
    }
}

#[test]
fn the_schema_names_every_field_that_the_type_has() {
    fn leaves(value: &Value, place: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let place = format!("{place}/{name}");
                    leaves(value, &place, found);
                    found.insert(place);
                }
            }
            Value::Array(items) => items
                .iter()
                .for_each(|item| leaves(item, &format!("{place}/items"), found)),
            _ => {}
        }
    }
    let mut has = BTreeSet::new();
    for receipt in receipts() {
        leaves(&receipt, "", &mut has);
    }
    has.retain(|place| !place.starts_with(BY_PURPOSE));
    let named: BTreeSet<String> = fields().into_iter().map(|(place, ..)| place).collect();
    let missing: Vec<&String> = named
        .difference(&has)
        .filter(|place| !ABSENT.contains(&place.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "let the pinned receipt have {missing:?}"
    );
    let unnamed: Vec<&String> = has.difference(&named).collect();
    assert!(unnamed.is_empty(), "the schema does not name {unnamed:?}");
}

#[test]
fn every_field_of_iso_27560_is_where_the_table_says() {
    let rows = TABLE.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<Vec<&str>> = rows
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    // As the W3C guide counts them: 4 of the header, 21 of processing, 5 of data, 9 of parties, 5 of events.
    assert_eq!(rows.len(), 44);
    for row in rows {
        let [field, duty, place, note] = row[..] else {
            panic!("not a row: {row:?}");
        };
        if place == "-" {
            assert_eq!(duty, "O", "{field} is mandatory");
            assert!(!note.is_empty(), "{field}: say why");
            continue;
        }
        let place = place.trim_matches('`');
        assert!(
            receipts()[0].pointer(place).is_some(),
            "{field} is not at {place}"
        );
        if duty == "M" {
            let mandatory =
                |(_, example, mandatory): &(String, String, bool)| *mandatory && example == place;
            assert!(
                fields().iter().any(mandatory),
                "{field}: {place} may be left out"
            );
        }
    }
}
