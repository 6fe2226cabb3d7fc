//! What is answered wherever it occurs, said once here instead of at each route: it follows from what an operation takes and who may.

use serde_json::{Value, json};
use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, path::Operation,
};

/// Adds to each operation what it may answer besides what it says itself.
pub(super) fn add(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (_, operation) in super::operations(item) {
            for (status, description) in failures(path, operation) {
                let known = &mut operation.responses.responses;
                known
                    .entry(status.to_owned())
                    .or_insert_with(|| problem(&description).into());
            }
        }
    }
}

fn failures(path: &str, operation: &Operation) -> Vec<(&'static str, String)> {
    let mut failures =
        vec![
        ("500", "The collector failed; send the same again".to_owned()),
        (
            "503",
            "Not configured, the problem names the variable; or a part did not answer: repeat it"
                .to_owned(),
        ),
    ];
    if let Some(scope) = scope(operation) {
        let is_at_site = path.contains("{site}");
        let lacks = if is_at_site {
            format!("Neither the admin token nor a key of the site with `{scope}`")
        } else {
            format!("The key lacks `{scope}`")
        };
        failures.extend([
            ("401", "Neither the admin token nor a valid key".to_owned()),
            ("403", lacks),
        ]);
    }
    // No body is read without an end. Where another size than this is the largest, the route says so.
    if operation.request_body.is_some() {
        failures.push(("413", "More than 64 KiB".to_owned()));
    }
    let mut parameters = operation.parameters.iter().flatten();
    if parameters
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "site"))
    {
        failures.push(("404", "No such site".to_owned()));
    }
    failures
}

/// The scope that a key needs for it, where it needs a key.
fn scope(operation: &Operation) -> Option<String> {
    let security = json!(operation.security.as_ref()?);
    let scope = security[0]["key"][0].as_str();
    Some(scope.expect("`security` names a scope").to_owned())
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}

#[test]
fn every_operation_that_takes_a_body_says_that_one_can_be_too_large() {
    let document: Value = serde_json::from_str(&super::document()).expect("it is JSON");
    let takes_a_body = |operation: &Value| !operation["requestBody"].is_null();
    let operations = super::all_operations(&document);
    let with_body: Vec<_> = operations
        .into_iter()
        .filter(|(_, operation)| takes_a_body(operation))
        .collect();
    assert!(with_body.len() > 12, "{}", with_body.len());
    for (place, operation) in with_body {
        let said = operation["responses"]["413"]["description"].as_str();
        let largest = match place.as_str() {
            "put /v1/sites/{site}" | "post /v1/consents" => "More than 1 MiB",
            "post /v1/check" => "More than 512 KiB",
            _ => "More than 64 KiB",
        };
        assert_eq!(said, Some(largest), "{place}");
    }
}

#[test]
fn every_operation_that_needs_a_key_names_the_scope_and_says_what_is_answered_without_it() {
    let document: Value = serde_json::from_str(&super::document()).expect("it is JSON");
    let mut count = 0;
    for (place, operation) in super::all_operations(&document) {
        let Some(requirement) = operation["security"].get(0) else {
            continue;
        };
        count += 1;
        let scope = requirement["key"][0].as_str().expect("a scope");
        let (_, path) = place.split_once(' ').expect("a method and a path");
        let expected = match path {
            "/v1/events" => "events:read",
            "/v1/consents" | "/v1/subjects/{id}" | "/v1/sites/{site}/forms/{form}/links" => {
                "subjects:write"
            }
            path if path.starts_with("/v1/sites/") => "site:admin",
            _ => "subjects:read",
        };
        assert_eq!(scope, expected, "{place}");
        for status in ["401", "403"] {
            let said = operation["responses"][status]["description"].as_str();
            let said = said.expect("it is documented");
            assert!(!said.contains("Not the admin token"), "{place}: {said}");
            assert!(status == "401" || said.contains(scope), "{place}: {said}");
        }
    }
    assert!(count > 35, "{count}");
}
