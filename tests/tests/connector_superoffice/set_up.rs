//! What is said when the connector is set, before anything is told.

use sayso_tests::crm::superoffice::{FIELD, SECRET, SYSTEM_USER, SuperOffice};
use sayso_tests::visitor::address;
use serde_json::{Value, json};

use crate::connected::{Connected, PURPOSE, STACK};

#[test]
fn what_there_is_to_choose_is_shown_and_a_dry_run_writes_nothing() {
    let connected = Connected::start("superoffice-dry", &Value::Null);
    let lists = connected.ask("GET", "/lists", &Value::Null);
    let lists = lists.expect(200).json();
    let purposes = lists["purposes"].as_array().map(Vec::len);
    assert_eq!(
        purposes,
        Some(2),
        "what is not in use is not shown: {lists}"
    );
    assert_eq!(
        lists["subscriptions"][1],
        json!({"key": "2", "name": "News"})
    );
    assert_eq!(lists["fields"][0], json!({"key": FIELD, "name": "Sayso"}));

    let dry = json!({"email": address("dry"), "purpose": PURPOSE, "type": "consent.given"});
    let shown = connected.ask("POST", "/dry-run", &dry).expect(200).json();
    let writes = shown["writes"].as_array().expect("writes");
    let ends = |index: usize, end: &str| {
        let url = writes[index]["url"].as_str();
        url.is_some_and(|url| url.ends_with(end))
    };
    assert!(
        writes.len() == 2 && ends(0, "/v1/Person") && ends(1, "/SetConsent"),
        "{shown}"
    );
    let made = connected
        .superoffice
        .house(|house| house.register.persons.len());
    assert_eq!(made, 0);
    connected.ended();
}

#[test]
fn the_key_lets_in_as_xml_and_as_pem_and_no_secret_is_shown() {
    let connected = Connected::start("superoffice-key", &Value::Null);
    let mut pem = connected.wish(&Value::Null);
    pem["credentials"]["private_key"] =
        json!(connected.superoffice.house(|house| house.key.pem.clone()));
    let _ = connected.put(&pem).expect(200);
    let answer = connected.ask("POST", "/test", &Value::Null);
    let answer = answer.expect(200).json();
    assert_eq!(answer["taken"], true, "{answer}");
    for (method, act) in [("GET", ""), ("GET", "/deliveries"), ("POST", "/test")] {
        let told = connected.ask(method, act, &Value::Null).expect(200).text();
        for secret in [SECRET, SYSTEM_USER, "RSAKeyValue", "PRIVATE KEY"] {
            assert!(!told.contains(secret), "{told}");
        }
    }

    let unproven = |pointer: &str, wrong: Value, says: &str| {
        let refused = with(&connected, pointer, wrong);
        let words = refused["detail"].as_str().unwrap_or_default();
        assert!(
            refused["type"] == "urn:sayso:problem:connector-unproven" && words.contains(says),
            "{refused}"
        );
    };
    let other = SuperOffice::start().house(|house| house.key.xml.clone());
    unproven(
        "/credentials/private_key",
        json!(other),
        "The signature is not valid",
    );
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    unproven(
        "/credentials/private_key",
        json!(no_key),
        "none that can be signed with",
    );
    unproven(
        "/credentials/client_secret",
        json!("of-somebody-else"),
        "The application is not known",
    );
    connected.ended();
}

#[test]
fn what_superoffice_does_not_have_is_refused_with_what_it_has() {
    let connected = Connected::start("superoffice-set", &Value::Null);
    let of = |pointer: &str, wrong: Value, says: &str| {
        let refused = with(&connected, pointer, wrong);
        let first = &refused["errors"][0];
        let at = first["pointer"].as_str().unwrap_or_default();
        let detail = first["detail"].as_str().unwrap_or_default();
        assert!(
            at.starts_with(pointer) && detail.contains(says),
            "{refused}"
        );
    };
    let purpose = "/settings/purposes/EMARKETING";
    of(
        purpose,
        json!({"purpose": "NEWS"}),
        "EMARKETING (E-marketing)",
    );
    of(
        purpose,
        json!({"purpose": "EMARKETING", "legal_basis": "CONSENT"}),
        "61A (Consent)",
    );
    of(
        "/settings/purposes/EMARKETING/subscriptions/0",
        json!(9),
        "2 (News)",
    );
    of(
        "/settings/subject_field",
        json!("SuperOffice:9"),
        "SuperOffice:7 (Sayso)",
    );
    of(
        "/settings/tenant",
        json!("Cust12345/x"),
        "as SuperOffice writes it",
    );
    of(
        "/credentials/private_key",
        json!("-----BEGIN RSA PRIVATE KEY-----"),
        "openssl pkcs8",
    );
    of(
        "/credentials/client_secret",
        json!(""),
        "what SuperOffice gave",
    );
    connected.ended();
}

/// What is said of a wish in which one thing is another.
fn with(connected: &Connected, pointer: &str, value: Value) -> Value {
    let mut wish = connected.wish(&Value::Null);
    *wish.pointer_mut(pointer).expect("a place") = value;
    let path = "/v1/sites/demo/connectors/superoffice-wrong";
    let refused = STACK.admin("PUT", path).json(&wish).send();
    refused.expect(422).json()
}
