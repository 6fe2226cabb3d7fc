//! What an operator sets, changes and takes back.

use std::sync::LazyLock;

use sayso_tests::receiver::{Manner, Receiver};
use sayso_tests::stack::Stack;
use sayso_tests::wire::{ask, get};
use serde_json::json;

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

#[test]
fn a_key_opens_until_it_is_taken_back() {
    let path = "/v1/sites/demo/keys/short-lived";
    let scopes = json!({"scopes": ["events:read"]});
    let made = STACK
        .admin("PUT", path)
        .json(&scopes)
        .send()
        .expect(201)
        .json();
    let secret = made["secret"].as_str().expect("shown once");
    let changed = STACK
        .admin("PUT", path)
        .json(&scopes)
        .send()
        .expect(200)
        .json();
    assert_eq!(changed["secret"], json!(null), "and only once");

    let pull = || get(STACK.collector("/v1/events")).bearer(secret).send();
    let _ = pull().expect(200);
    for _ in 0..2 {
        let _ = STACK.admin("DELETE", path).send().expect(204);
    }
    let _ = pull().expect(401);
}

#[test]
fn a_site_admin_key_defines_its_own_site_alone() {
    let path = "/v1/sites/demo/keys/editor";
    let scopes = json!({"scopes": ["site:admin"]});
    let made = STACK
        .admin("PUT", path)
        .json(&scopes)
        .send()
        .expect(201)
        .json();
    let editor = made["secret"].as_str().expect("shown once");
    let site = |name: &str| {
        get(STACK.collector(&format!("/v1/sites/{name}")))
            .bearer(editor)
            .send()
    };
    let _ = site("demo").expect(200);
    let _ = site("other").expect(403);
    let _ = get(STACK.collector("/v1/events"))
        .bearer(editor)
        .send()
        .expect(403);

    let unknown = format!("sk_demo_{}", "A".repeat(43));
    let _ = get(STACK.collector("/v1/sites/demo"))
        .bearer(&unknown)
        .send()
        .expect(401);
    let _ = STACK.admin("DELETE", path).send().expect(204);
    let _ = site("demo").expect(401);
}

#[test]
fn an_endpoint_is_made_changed_and_removed() {
    let path = "/v1/sites/demo/endpoints/elsewhere";
    let url = |url: &str| json!({"url": url});
    let (here, there) = (
        Receiver::start(Manner::Answer(204)),
        Receiver::start(Manner::Answer(204)),
    );
    let made = STACK
        .admin("PUT", path)
        .json(&url(here.url()))
        .send()
        .expect(201)
        .json();
    assert!(
        made["secret"]
            .as_str()
            .expect("shown once")
            .starts_with("whsec_")
    );
    let changed = STACK
        .admin("PUT", path)
        .json(&url(there.url()))
        .send()
        .expect(200)
        .json();
    assert_eq!(changed["secret"], json!(null));
    for (wrong, pointer) in [
        (url("https://192.168.1.1/"), "/url"),
        (
            json!({"url": "https://crm.example.com", "secret": "short"}),
            "/secret",
        ),
        (
            json!({"url": "https://crm.example.com", "types": []}),
            "/types",
        ),
        (
            json!({"url": "https://crm.example.com", "types": ["consent.maybe"]}),
            "/types/0",
        ),
        (
            json!({"url": "https://crm.example.com", "extra": 1}),
            "/extra",
        ),
    ] {
        let refused = STACK
            .admin("PUT", path)
            .json(&wrong)
            .send()
            .expect(422)
            .json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let _ = STACK.admin("DELETE", path).send().expect(204);
}

#[test]
fn words_that_come_back_are_the_version_that_they_were() {
    let path = "/v1/sites/words";
    let site = |intro: &str| {
        json!({
            "name": "Words",
            "controller": {"name": "Words", "privacy_url": "https://words.example/privacy", "contact": "a@words.example"},
            "default_language": "en", "languages": ["en"], "origins": ["https://words.example"],
            "mail": {"from": "a@words.example", "from_name": "Words"},
            "purposes": [{"key": "NEWS", "title": {"en": "News"}, "text": {"en": "News"}, "legal_basis": "consent", "channels": ["email"], "double_opt_in": true}],
            "forms": [{"key": "form", "source": "web_form", "purposes": ["NEWS"], "intro": {"en": intro}}]
        })
    };
    let version = |intro: &str, status: u16| {
        let published = STACK
            .admin("PUT", path)
            .json(&site(intro))
            .send()
            .expect(status)
            .json();
        published["notices"][0]["notice"]["version"].as_u64()
    };
    assert_eq!(version("Hello", 201), Some(1));
    assert_eq!(
        version("Hello", 200),
        Some(1),
        "the same words are the same version"
    );
    assert_eq!(version("Good day", 200), Some(2));
    assert_eq!(version("Hello", 200), Some(1));
}

#[test]
fn a_page_that_names_its_language_wrongly_gets_the_sites() {
    for lang in ["nl_NL", "", "xx", "!!"] {
        let form =
            get(STACK.collector(&format!("/v1/sites/demo/forms/newsletter?lang={lang}"))).send();
        assert_eq!(form.expect(200).json()["lang"], "nl", "{lang}");
    }
}

#[test]
fn the_name_of_the_scheme_is_read_in_any_case() {
    let pull = ask("GET", STACK.collector("/v1/events"));
    let key = format!("bearer {}", STACK.demo_key());
    let _ = pull.header("authorization", key).send().expect(200);
}
