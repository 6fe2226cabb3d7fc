//! A secret that is missing or malformed: every route says so and nothing is stored.

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use sayso_tests::deadline::{PATIENCE, within};
use sayso_tests::leash::Leash;
use sayso_tests::stack::{Stack, secret};
use sayso_tests::wire::{Answer, ask, get};
use sayso_tests::workspace;
use serde_json::json;

/// What a good run leaves: the configuration of workerd and good secrets.
struct Configured {
    state: PathBuf,
    origin: String,
}

static CONFIGURED: LazyLock<Configured> = LazyLock::new(|| {
    let stack = Stack::start();
    let (state, origin) = (stack.state().to_owned(), stack.collector(""));
    assert!(stack.stop().success());
    Configured { state, origin }
});

/// One port for all: one at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Starts workerd as dev would, but with `value` as the secret `name`, or without that secret. dev itself would make a
/// missing one anew.
fn every_route_names(name: &str, value: Option<&str>) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Configured { state, origin } = &*CONFIGURED;
    let mut environment = Vec::new();
    for each in [
        "SAYSO_SIGNING_KEY",
        "SAYSO_RETIRED_KEYS",
        "SAYSO_KEK",
        "SAYSO_ADMIN_TOKEN",
    ] {
        match value {
            _ if each != name && each == "SAYSO_RETIRED_KEYS" => {}
            _ if each != name => environment.push((each, secret(state, each))),
            Some(value) => environment.push((each, value.to_owned())),
            None => {}
        }
    }
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let config = state.join("workerd.capnp").display().to_string();
    let workerd = Leash::start(
        &workspace::workerd(),
        &["serve", "--experimental", "--import-path=/", &config],
        workspace::root(),
        &environment,
    );
    let first: Answer = within(PATIENCE, || get(format!("{origin}/health")).try_send().ok())
        .unwrap_or_else(|| panic!("no answer:\n{}", workerd.printed()));
    is_misconfigured(&first, name);
    for (method, path) in [
        ("GET", "/v1/sites/demo/forms/newsletter"),
        ("POST", "/v1/submissions"),
        ("GET", "/v1/events"),
        ("PUT", "/v1/sites/demo"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/openapi.json"),
        ("GET", "/confirm/abc"),
        ("POST", "/preferences/abc"),
        ("GET", "/nothing"),
    ] {
        println!("{method} {path}");
        let mut request = ask(method, format!("{origin}{path}"));
        if method != "GET" {
            request = request.json(&json!({}));
        }
        is_misconfigured(&request.send(), name);
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
    every_route_names("SAYSO_SIGNING_KEY", Some("c2hvcnQ"));
}

#[test]
fn a_retired_key_that_is_no_key_is_named() {
    every_route_names("SAYSO_RETIRED_KEYS", Some("c2hvcnQ"));
}

#[test]
fn a_key_for_addresses_that_is_no_base64_is_named() {
    every_route_names("SAYSO_KEK", Some("***"));
}

#[test]
fn an_admin_token_that_can_be_guessed_is_named() {
    every_route_names("SAYSO_ADMIN_TOKEN", Some("secret"));
}

#[test]
fn a_secret_that_is_missing_is_named() {
    for name in ["SAYSO_SIGNING_KEY", "SAYSO_KEK", "SAYSO_ADMIN_TOKEN"] {
        every_route_names(name, None);
    }
}

#[test]
fn a_secret_that_is_empty_is_named() {
    every_route_names("SAYSO_ADMIN_TOKEN", Some(""));
}
