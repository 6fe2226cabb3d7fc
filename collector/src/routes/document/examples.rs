//! An example for each body that is JSON, by the operation that takes or answers it. They stand in a file of their own, `examples.json`:
//! `"METHOD PATH"`, and in it `request` or a status, with the content type behind it where there is another than JSON's own.
//!
//! What stands at a route itself stays. That each fits its schema, `tests/tests/openapi.rs` has a library judge that we did not write.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::{OpenApi, RefOr, content::Content};

const EXAMPLES: &str = include_str!("examples.json");

/// The examples of an operation: `request` or a status, and what stands there.
type Bodies = BTreeMap<String, Value>;

/// Puts each where it belongs.
pub(super) fn add(document: &mut OpenApi) {
    let mut examples: BTreeMap<String, Bodies> =
        serde_json::from_str(EXAMPLES).expect("a file of this project");
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in super::operations(item) {
            let place = format!("{method} {path}");
            let Some(mut bodies) = examples.remove(&place) else {
                continue;
            };
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                put("request", &mut body.content, &mut bodies);
            }
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    put(status, &mut response.content, &mut bodies);
                }
            }
            assert!(bodies.is_empty(), "{place} has no such body: {bodies:?}");
        }
    }
    assert!(examples.is_empty(), "no such operation: {examples:?}");
}

fn put<'c>(
    body: &str,
    contents: impl IntoIterator<Item = (&'c String, &'c mut RefOr<Content>)>,
    examples: &mut Bodies,
) {
    for (content_type, content) in contents {
        let RefOr::T(content) = content else {
            continue;
        };
        let example = if content_type == "application/json" {
            examples.remove(body)
        } else {
            examples.remove(&format!("{body} {content_type}"))
        };
        content.example = example.or(content.example.take());
    }
}

#[test]
fn every_body_that_is_json_has_an_example() {
    let document: Value = serde_json::from_str(&super::document()).expect("it is JSON");
    let mut missing = Vec::new();
    let mut count = 0;
    for (place, operation) in super::all_operations(&document) {
        let request = json!({ "request": operation["requestBody"] });
        let bodies = [&request, &operation["responses"]];
        for (name, body) in bodies.into_iter().filter_map(Value::as_object).flatten() {
            for (content_type, content) in body["content"].as_object().into_iter().flatten() {
                let is_json = content_type.ends_with("json") && !content_type.contains("ndjson");
                count += usize::from(is_json);
                if is_json && !has_example(&document, content) {
                    missing.push(format!("{place}: {name} {content_type}"));
                }
            }
        }
    }
    assert!(count > 200, "bodies were looked at: {count}");
    assert!(missing.is_empty(), "without an example: {missing:#?}");
}

/// Whether it has one of its own, or, as problems do, one of its shape.
fn has_example(document: &Value, content: &Value) -> bool {
    let shape = content["schema"]["$ref"].as_str();
    let shape = shape.and_then(|name| document.pointer(name.trim_start_matches('#')));
    !content["example"].is_null() || shape.is_some_and(|shape| !shape["example"].is_null())
}
