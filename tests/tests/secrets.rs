//! A secret that is missing or malformed: every route says so and nothing is stored.

use std::fs;
use std::time::Duration;

use sayso_tests::deadline::within;
use sayso_tests::leash::Leash;
use sayso_tests::ports;
use sayso_tests::stack::{Stack, launch};
use sayso_tests::wire::{Answer, ask, get};
use serde_json::json;

/// Starts dev on the secrets of a good run after `mar` has spoilt one line of them.
fn with_broken_secrets(name: &str, mar: fn(&str) -> Option<String>) -> (Leash, u16) {
    let good = Stack::start();
    let state = good.state().to_owned();
    assert!(good.stop().success());

    let file = state.join(".dev.vars");
    let vars = fs::read_to_string(&file).expect("dev has written it");
    let broken: Vec<String> = vars
        .lines()
        .filter_map(|line| match line.split_once('=') {
            Some((key, value)) if key == name => mar(value).map(|value| format!("{key}={value}")),
            _ => Some(line.to_owned()),
        })
        .collect();
    fs::write(&file, broken.join("\n") + "\n").expect("it is ours");

    let port = ports::free(3);
    (launch(&state, port), port)
}

fn every_route_names(variable: &str, port: u16, dev: &Leash) {
    let origin = format!("http://localhost:{port}");
    let asked = within(Duration::from_mins(1), || {
        get(format!("{origin}/health")).try_send().ok()
    });
    let first: Answer = asked.unwrap_or_else(|| panic!("no answer:\n{}", dev.printed()));
    is_misconfigured(&first, variable);
    for (method, path) in [
        ("GET", "/v1/sites/demo/forms/newsletter"),
        ("POST", "/v1/submissions"),
        ("GET", "/v1/events"),
        ("PUT", "/v1/sites/demo"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/openapi.json"),
        ("GET", "/confirm/abc"),
        ("GET", "/nothing"),
    ] {
        println!("{method} {path}");
        let request = ask(method, format!("{origin}{path}"));
        let request = if method == "GET" {
            request
        } else {
            request.json(&json!({}))
        };
        is_misconfigured(&request.send(), variable);
    }
}

#[track_caller]
fn is_misconfigured(answer: &Answer, variable: &str) {
    let said = answer.text();
    assert_eq!(answer.status, 503, "{said}");
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:sayso:problem:misconfigured", "{said}");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains(variable)),
        "{said}"
    );
}

#[test]
fn a_signing_key_that_is_too_short_is_named() {
    let (dev, port) = with_broken_secrets("SAYSO_SIGNING_KEY", |_| Some("c2hvcnQ".to_owned()));
    every_route_names("SAYSO_SIGNING_KEY", port, &dev);
}

#[test]
fn a_key_for_addresses_that_is_no_base64_is_named() {
    let (dev, port) = with_broken_secrets("SAYSO_KEK", |_| Some("***".to_owned()));
    every_route_names("SAYSO_KEK", port, &dev);
}

#[test]
fn an_admin_token_that_can_be_guessed_is_named() {
    let (dev, port) = with_broken_secrets("SAYSO_ADMIN_TOKEN", |_| Some("secret".to_owned()));
    every_route_names("SAYSO_ADMIN_TOKEN", port, &dev);
}

#[test]
fn a_secret_that_is_missing_is_named() {
    let (dev, port) = with_broken_secrets("SAYSO_KEK", |_| Some(String::new()));
    every_route_names("SAYSO_KEK", port, &dev);
}
