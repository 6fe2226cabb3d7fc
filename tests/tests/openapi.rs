//! The OpenAPI document that the collector serves tells the truth about its routes.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::LazyLock;

use sayso_tests::script::python;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, submission, submit};
use sayso_tests::wire::{ask, get};
use sayso_tests::workspace::fresh_folder;
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let answer = get(STACK.collector("/openapi.json")).send().expect(200);
    assert!(
        answer
            .header("content-type")
            .is_some_and(|found| found.starts_with("application/"))
    );
    answer.json()
});

/// Each example of the document is judged by the schema that stands beside it; it prints how many there are, or what is wrong.
const JUDGE: &str = r#"
import json, os
from jsonschema import Draft202012Validator, FormatChecker

document = json.load(open(os.environ["DOCUMENT"]))
components = {"components": document["components"]}
taken, wrong = 0, []

def judge(place, schema, example):
    global taken
    taken += 1
    whole = {"allOf": [schema], **components}
    Draft202012Validator.check_schema(whole)
    for error in Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(example):
        wrong.append(f"{place}: {error.json_path}: {error.message}")

for path, item in document["paths"].items():
    for method, operation in item.items():
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for name, body in bodies.items():
            for kind, content in body.get("content", {}).items():
                if "example" in content and "json" in kind and content.get("schema"):
                    judge(f"{method} {path} {name} {kind}", content["schema"], content["example"])
for name, schema in document["components"]["schemas"].items():
    if "example" in schema:
        judge(name, schema, schema["example"])
print("\n".join(wrong) or taken)
"#;

/// The routes of the contract that exist by now, with their methods.
const ROUTES: &[(&str, &[&str])] = &[
    ("/v1/sites/{site}/forms/{form}", &["get", "put", "delete"]),
    ("/v1/sites/{site}/forms/{form}/links", &["post"]),
    ("/f/{site}/{form}", &["get", "post"]),
    (
        "/v1/sites/{site}/purposes/{purpose}",
        &["get", "put", "delete"],
    ),
    ("/v1/submissions", &["post"]),
    ("/v1/consents", &["post"]),
    ("/confirm/{token}", &["get", "post"]),
    ("/preferences/{token}", &["get", "post"]),
    ("/receipts/{token}", &["get"]),
    ("/receipts/{token}/{id}", &["get"]),
    ("/v1/events", &["get"]),
    ("/v1/check", &["post"]),
    ("/v1/export", &["post"]),
    ("/v1/subjects/lookup", &["post"]),
    ("/v1/subjects/{id}", &["delete"]),
    ("/v1/subjects/{id}/consents", &["get"]),
    ("/v1/subjects/{id}/evidence", &["get"]),
    ("/v1/sites/{site}", &["get", "put"]),
    (
        "/v1/sites/{site}/endpoints/{endpoint}",
        &["get", "put", "delete"],
    ),
    ("/v1/sites/{site}/endpoints/{endpoint}/deliveries", &["get"]),
    (
        "/v1/sites/{site}/endpoints/{endpoint}/deliveries/{event}/resend",
        &["post"],
    ),
    ("/v1/sites/{site}/endpoints/{endpoint}/replay", &["post"]),
    ("/v1/sites/{site}/endpoints/{endpoint}/test", &["post"]),
    (
        "/v1/sites/{site}/endpoints/{endpoint}/rotate",
        &["post", "delete"],
    ),
    ("/v1/sites/{site}/endpoints/{endpoint}/disable", &["post"]),
    ("/v1/sites/{site}/endpoints/{endpoint}/enable", &["post"]),
    ("/v1/sites/{site}/keys", &["get"]),
    ("/v1/sites/{site}/keys/{key}", &["put", "delete"]),
    ("/.well-known/jwks.json", &["get"]),
    ("/openapi.json", &["get"]),
    ("/health", &["get"]),
];

#[test]
fn it_is_open_api_3_1_and_names_every_route() {
    let version = DOCUMENT["openapi"].as_str().unwrap_or_default();
    assert!(version.starts_with("3.1."), "{version}");
    let missing: Vec<String> = ROUTES
        .iter()
        .flat_map(|(path, methods)| methods.iter().map(move |method| (*path, *method)))
        .filter(|(path, method)| operation(path, method).is_null())
        .map(|(path, method)| format!("{method} {path}"))
        .collect();
    assert!(missing.is_empty(), "not documented: {missing:?}");
}

#[test]
fn every_reference_in_it_leads_somewhere() {
    let mut references = BTreeSet::new();
    collect_references(&DOCUMENT, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(
            DOCUMENT.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
}

#[test]
fn every_example_in_it_fits_its_schema() {
    let said = judged(&DOCUMENT);
    let examples: Result<u32, _> = said.parse();
    assert!(examples.as_ref().is_ok_and(|count| *count > 50), "{said}");
    // The judge finds what is wrong.
    let mut wrong = DOCUMENT.clone();
    let request = &mut wrong["paths"]["/v1/submissions"]["post"]["requestBody"];
    request["content"]["application/json"]["example"]["gpc"] = json!("perhaps");
    assert!(judged(&wrong).contains("$.gpc"));
}

fn judged(document: &Value) -> String {
    let file = fresh_folder("openapi").join("openapi.json");
    fs::write(&file, document.to_string()).expect("a file under target/");
    let file = file.display().to_string();
    let said = python(JUDGE, &[("DOCUMENT", &file)]).printed();
    said.trim().to_owned()
}

#[test]
fn what_it_documents_is_answered_and_what_is_answered_it_documents() {
    // Every documented route exists: none answers that there is nothing here.
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    for (path, item) in paths {
        let url = path.replace(['{', '}'], "");
        for method in ["get", "post", "put", "delete"] {
            if item[method].is_null() {
                continue;
            }
            let mut request = ask(&method.to_uppercase(), STACK.collector(&url));
            if matches!(method, "post" | "put") {
                request = request.json(&json!({}));
            }
            let answer = request.send();
            let said = answer.text();
            assert!(
                !said.contains("urn:sayso:problem:no-route"),
                "{method} {path}"
            );
            assert_ne!(answer.status, 405, "{method} {path}");
            assert_ne!(answer.status, 500, "{method} {path}: {said}");
            documented(path, method, answer.status);
        }
    }
}

#[test]
fn every_answer_to_a_submission_is_documented() {
    let choices = json!({"STORE": true, "EMARKETING": false, "EVENTS": false});
    let right = submission(&STACK, &address("documented"), &choices);
    let with = |field: &str, value: Value| {
        let mut changed = right.clone();
        changed[field] = value;
        changed
    };
    let cases = [
        (right.clone(), 201),
        (right.clone(), 200),
        (with("gpc", json!(true)), 409),
        (with("site", json!("nobody")), 404),
        (with("gpc", json!(1)), 422),
        (with("page", json!("a".repeat(100_000))), 413),
    ];
    for (body, status) in cases {
        let _ = submit(&STACK, &body).expect(status);
        documented("/v1/submissions", "post", status);
    }
    for status in [400, 403, 503] {
        documented("/v1/submissions", "post", status);
    }
}

fn operation(path: &str, method: &str) -> &'static Value {
    &DOCUMENT["paths"][path][method]
}

#[track_caller]
fn documented(path: &str, method: &str, status: u16) {
    let responses = &operation(path, method)["responses"];
    let known = [
        status.to_string(),
        format!("{}XX", status / 100),
        "default".to_owned(),
    ];
    assert!(
        known.iter().any(|status| !responses[status].is_null()),
        "{method} {path} answers {status}, documented is {responses}"
    );
}

fn collect_references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str));
            object
                .values()
                .for_each(|value| collect_references(value, found));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

#[test]
fn a_method_that_nobody_has_heard_of_is_refused_and_not_taken_for_a_get() {
    for path in [
        "/health",
        "/v1/events?site=demo",
        "/v1/sites/demo",
        "/f/demo/newsletter",
    ] {
        let (status, allow) = by_hand("QUERY", path);
        assert_eq!(status, 405, "{path}");
        assert!(allow.contains("GET"), "{path} allows {allow:?}");
    }
    // The words that are known still work.
    assert_eq!(by_hand("GET", "/health").0, 200);
}

/// The status and `Allow`, of a request with any word for a method.
fn by_hand(method: &str, path: &str) -> (u16, String) {
    let (port, token) = (STACK.port(), STACK.admin_token());
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let allow = answer
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("allow"));
    (
        status.expect("a status"),
        allow.map_or_else(String::new, |(_, allow)| allow.to_owned()),
    )
}
