//! The hosted form: a person without a script, or with a link from a mail, says yes on the collector's own page, and it is on record as
//! if the widget had asked. What is typed is never lost, and nobody else's page can fill it in.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{SecondsFormat, TimeDelta, Utc};
use sayso_shared::{hosted::FormToken, vault::Vault};
use sayso_tests::browser::Browser;
use sayso_tests::mailbox::{mails, wait_for_mail};
use sayso_tests::stack::{Stack, secret};
use sayso_tests::visitor::{address, confirm, label, published};
use sayso_tests::wire::{Answer, Ask, get, post};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';
const SPACE: char = ' ';

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

#[test]
fn somebody_without_scripts_says_yes_and_the_crm_knows() {
    let email = address("plain");
    let words = published(&STACK, "newsletter", "nl");
    let browser = Browser::start();
    let off = json!({"value": true});
    let _ = browser.devtools("Emulation.setScriptExecutionDisabled", &off);
    browser.open(&STACK.collector("/f/demo/newsletter?lang=nl"));
    browser.see(&label(&words, "legend"));
    for purpose in words["purposes"].as_array().expect("purposes") {
        browser.see(purpose["title"].as_str().expect("a title"));
        browser.see(purpose["text"].as_str().expect("a text"));
    }
    let ticked = "return document.querySelectorAll('input:checked').length;";
    assert_eq!(
        browser.ask(ticked, &[]),
        json!(0),
        "never ticked beforehand"
    );
    browser.press_at("label[for=box-EMARKETING]");
    browser.press_at("input[value=STORE]");
    browser.fill("email", &email);
    browser.press_at("button[type=submit]");
    browser.see(after_thanks(&label(&words, "stored_pending")));
    STACK.crm_knows(&email, "STORE", "given");
    STACK.crm_knows(&email, "EVENTS", "refused");

    let _ = confirm(&wait_for_mail(&STACK, &email).confirm_link());
    STACK.crm_knows(&email, "EMARKETING", "given");
    let pack = evidence(&email, "EMARKETING");
    let facts = &pack["submissions"][0];
    let said = facts.to_string();
    assert!(said.contains("\"source\":\"hosted_form\""), "{pack}");
    let page = STACK.collector("/f/demo/newsletter");
    assert!(said.contains(&format!("\"page\":\"{page}\"")), "{pack}");
}

#[test]
fn there_is_no_script_no_cookie_and_no_frame() {
    let page = open("/f/demo/newsletter?lang=en");
    assert!(!page.text().contains("<script") && !page.text().contains("onclick"));
    assert_eq!(page.header("set-cookie"), None);
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
}

#[test]
fn pressed_twice_is_one_submission() {
    let email = address("twice");
    let page = open("/f/demo/newsletter?lang=nl");
    let body = filled_in(&page, &email, &["EMARKETING"]);
    let first = send("/f/demo/newsletter", &body).expect(201);
    let second = send("/f/demo/newsletter", &body).expect(200);
    assert_eq!(first.text(), second.text());
    let _ = wait_for_mail(&STACK, &email);
    STACK.crm_knows(&email, "STORE", "refused");
    let events = STACK.events().0;
    let of_person = |event: &&Value| event["data"]["subject"]["email"] == email.as_str();
    assert_eq!(events.iter().filter(of_person).count(), 2, "two refusals");
    assert_eq!(mails(&STACK, &email).len(), 1);

    // Another choice on the same page is asked once more, and is then another submission.
    let other = filled_in(&page, &email, &["STORE"]);
    let again = send("/f/demo/newsletter", &other).expect(409);
    assert!(shows(&again, &email, &["STORE"]), "{}", again.text());
    let other = filled_in(&again, &email, &["STORE"]);
    let _ = send("/f/demo/newsletter", &other).expect(201);
    STACK.crm_knows(&email, "STORE", "given");
}

#[test]
fn another_page_can_neither_send_it_nor_fill_it_in() {
    let email = address("foreign");
    let body = filled_in(&open("/f/demo/newsletter"), &email, &["STORE"]);
    let path = STACK.collector("/f/demo/newsletter");
    let foreign: [&[(&str, &str)]; 5] = [
        &[("origin", "https://evil.example")],
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ];
    for headers in foreign {
        let mut ask = post(path.clone()).body(FORM, body.clone());
        for (name, value) in headers {
            ask = ask.header(name, *value);
        }
        let refused = ask.send().expect(403);
        assert!(shows(&refused, "", &[]), "{}", refused.text());
    }
    // Nor can one pass for it by JSON.
    let form = published(&STACK, "newsletter", "nl");
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut claim = json!({
        "id": uuid::Uuid::now_v7().to_string(), "site": "demo", "form": "newsletter", "lang": "nl",
        "notice_hash": form["notice"]["hash"], "subject": {"email": email},
        "choices": {"STORE": true, "EMARKETING": false, "EVENTS": false}, "source": "hosted_form",
        "page": STACK.collector("/f/demo/newsletter"), "shown_at": now, "decided_at": now, "gpc": false, "widget": "0.1.0",
    });
    let submissions = || post(STACK.collector("/v1/submissions"));
    let _ = submissions()
        .header("origin", STACK.pages(""))
        .json(&claim)
        .send()
        .expect(422);
    claim["source"] = json!("web_form");
    let _ = submissions()
        .header("origin", STACK.collector(""))
        .json(&claim)
        .send()
        .expect(403);
    assert_eq!(mails(&STACK, &email).len(), 0);
}

#[test]
fn a_token_of_another_form_is_refused_and_what_was_typed_stays() {
    let email = address("token");
    let body = filled_in(&open("/f/demo/chat"), &email, &["EMARKETING"]);
    let again = ours("/f/demo/newsletter", &body).expect(403);
    assert!(shows(&again, &email, &[]), "{}", again.text());
    // From who knows where, nothing stays.
    let again = send("/f/demo/newsletter", &body).expect(403);
    assert!(shows(&again, "", &[]));
    assert_eq!(mails(&STACK, &email).len(), 0);
}

#[test]
fn a_page_that_stood_open_too_long_is_read_once_more_with_what_was_typed() {
    let email = address("stale");
    let hash = published(&STACK, "newsletter", "nl")["notice"]["hash"].clone();
    let purposes = ["STORE", "EMARKETING", "EVENTS"];
    let token = |hours, hash: &Value| token(hours, hash, &purposes);
    let body = |token: &str| format!("token={token}&email={email}&purpose=EVENTS");
    let stale = ours("/f/demo/newsletter", &body(&token(24, &hash))).expect(409);
    assert!(shows(&stale, &email, &["EVENTS"]), "{}", stale.text());
    // New words: nobody has said yes to them.
    let other = json!(format!("sha-256:{}", "0".repeat(64)));
    let changed = ours("/f/demo/newsletter", &body(&token(1, &other))).expect(409);
    assert!(shows(&changed, &email, &[]), "{}", changed.text());
    let _ = send(
        "/f/demo/newsletter",
        &filled_in(&changed, &email, &["EVENTS"]),
    )
    .expect(201);
    let _ = wait_for_mail(&STACK, &email);
}

#[test]
fn a_mistyped_address_is_said_and_what_was_typed_stays() {
    let words = published(&STACK, "newsletter", "nl");
    let browser = Browser::start();
    browser.open(&STACK.collector("/f/demo/newsletter?lang=nl"));
    browser.press_at("#box-EVENTS");
    browser.fill("email", "jan@fiets");
    browser.press_at("button[type=submit]");
    browser.see_at("[role=alert]:focus");
    browser.see(&label(&words, "email_hint"));
    let field = "const field = document.querySelector('#email');
        return [field.value, field.ariaInvalid, document.getElementById(field.getAttribute('aria-describedby')).innerText,
          document.querySelector('#box-EVENTS').checked, document.querySelectorAll('input:checked').length];";
    let hint = label(&words, "email_hint");
    let expected = json!(["jan@fiets", "true", hint, true, 1]);
    assert_eq!(browser.ask(field, &[]), expected);
    browser.press_at("[role=alert] a");
    browser.see_at("#email:focus");
}

#[test]
fn all_of_it_works_with_a_keyboard_in_the_order_in_which_it_is_read() {
    let browser = Browser::start();
    browser.open(&STACK.collector("/f/demo/newsletter?lang=en"));
    browser.see_at("h1");
    let email = address("keys");
    let focus = || {
        let name = "const at = document.activeElement; return at.id || at.hreflang || at.type || at.localName;";
        browser
            .ask(name, &[])
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let mut walk = Vec::new();
    for _ in 0..9 {
        browser.key(TAB);
        walk.push(focus());
        match walk.last().map(String::as_str) {
            Some("box-STORE") => browser.key(SPACE),
            Some("more-STORE") => browser.key(ENTER),
            Some("email") => browser.fill("email", &email),
            _ => {}
        }
    }
    let order = [
        "nl",
        "box-STORE",
        "more-STORE",
        "box-EMARKETING",
        "more-EMARKETING",
        "box-EVENTS",
        "more-EVENTS",
        "email",
        "submit",
    ];
    assert_eq!(walk, order);
    browser.see_at("details[open] dl");
    browser.key(ENTER);
    browser.see(after_thanks(&label(
        &published(&STACK, "newsletter", "en"),
        "stored_recorded",
    )));
    STACK.crm_knows(&email, "STORE", "given");
}

#[test]
fn a_link_fills_in_a_sealed_address_and_nothing_else_does() {
    let email = address("linked");
    let links = "/v1/sites/demo/forms/newsletter/links";
    let made = STACK
        .admin("POST", links)
        .json(&json!({"email": email, "lang": "en"}))
        .send();
    let made = made.expect(200).json();
    let url = made["url"].as_str().expect("an address");
    assert!(
        url.starts_with(&STACK.collector("/f/demo/newsletter?lang=en&email=")),
        "{url}"
    );
    assert!(!url.contains('@') && !url.contains(&email[..8]), "{url}");
    assert!(made["expires_at"].is_string());
    let page = get(url).send().expect(200);
    assert!(shows(&page, &email, &[]), "{}", page.text());
    assert!(page.text().contains("lang=\"en\""));
    let elsewhere = url.replace("/newsletter", "/chat");
    for url in [
        elsewhere,
        STACK.collector(&format!("/f/demo/newsletter?email={email}")),
    ] {
        assert!(shows(&get(url).send().expect(200), "", &[]));
    }

    let wrong = STACK
        .admin("POST", links)
        .json(&json!({"email": "jan"}))
        .send()
        .expect(422)
        .json();
    assert_eq!(wrong["errors"][0]["pointer"], "/email");
    let nobody = STACK
        .admin("POST", "/v1/sites/demo/forms/none/links")
        .json(&json!({"email": email}));
    let _ = nobody.send().expect(404);
    let key = post(STACK.collector(links))
        .bearer(&STACK.demo_key())
        .json(&json!({"email": email}));
    let _ = key.send().expect(403);
    let _ = post(STACK.collector(links))
        .json(&json!({"email": email}))
        .send()
        .expect(401);
    let path = "/v1/sites/demo/keys/linker";
    let key = STACK
        .admin("PUT", path)
        .json(&json!({"scopes": ["subjects:write"]}))
        .send()
        .expect(201)
        .json();
    let key = key["secret"].as_str().expect("a key");
    let asked = post(STACK.collector(links))
        .bearer(key)
        .json(&json!({"email": email}));
    let _ = asked.send().expect(200);
}

#[test]
fn a_form_may_be_framed_by_its_site_alone_and_only_if_it_says_so() {
    let form = json!({"source": "hosted_form", "purposes": ["STORE"], "intro": {"nl": "Kies maar.", "en": "Choose."}, "framed": true});
    let path = "/v1/sites/demo/forms/framed";
    let _ = STACK.admin("PUT", path).json(&form).send().expect(201);
    let ends = format!("frame-ancestors {}", STACK.pages(""));
    let page = open("/f/demo/framed");
    let policy = |answer: &Answer| {
        let policy = answer.header("content-security-policy");
        policy.unwrap_or_default().to_owned()
    };
    assert!(policy(&page).ends_with(&ends), "{}", policy(&page));
    let email = address("framed");
    let wrong = send("/f/demo/framed", &filled_in(&page, "nobody", &[])).expect(422);
    assert!(policy(&wrong).ends_with(&ends));
    let sent = send("/f/demo/framed", &filled_in(&page, &email, &["STORE"])).expect(201);
    assert!(policy(&sent).ends_with(&ends));
    // What the widget gets names a source that a page may send.
    assert_eq!(published(&STACK, "framed", "nl")["source"], "web_form");
}

#[test]
fn who_asks_not_to_be_followed_is_told_and_it_is_on_record() {
    let email = address("gpc");
    let words = published(&STACK, "newsletter", "en");
    let url = STACK.collector("/f/demo/newsletter?lang=en");
    let page = get(url.clone()).header("sec-gpc", "1").send().expect(200);
    assert!(page.text().contains(&label(&words, "gpc")));
    assert!(!get(url).send().text().contains(&label(&words, "gpc")));
    let body = filled_in(&page, &email, &["STORE"]);
    let ask = post(STACK.collector("/f/demo/newsletter")).header("sec-gpc", "1");
    let _ = ask.body(FORM, body).send().expect(201);
    STACK.crm_knows(&email, "STORE", "given");
    let pack = evidence(&email, "STORE");
    assert!(
        pack["submissions"][0].to_string().contains("\"gpc\":true"),
        "{pack}"
    );
}

#[test]
fn a_form_that_is_not_there_is_told_in_the_readers_language() {
    for path in ["/f/demo/none", "/f/nobody/newsletter", "/f/De%20Mo/x"] {
        let page = get(STACK.collector(path))
            .header("accept-language", "fr;q=0.9, nl")
            .send()
            .expect(404);
        assert!(
            page.text().contains("<h1>Hier is geen formulier</h1>"),
            "{}",
            page.text()
        );
    }
    let page = get(STACK.collector("/f/demo/newsletter"))
        .header("accept-language", "de, en;q=0.4")
        .send();
    assert!(page.expect(200).text().contains("<html lang=\"en\""));
    assert!(
        open("/f/demo/newsletter?lang=de")
            .text()
            .contains("<html lang=\"nl\"")
    );
    let large = format!("email={}", "a".repeat(70_000));
    let page = send("/f/demo/newsletter", &large).expect(413);
    assert!(
        page.text().contains("<form method=\"post\""),
        "{}",
        page.text()
    );
}

/// The page thanks in its title, the widget in its text.
fn after_thanks(label: &str) -> &str {
    label.split_once(". ").map_or(label, |(_, rest)| rest)
}

fn open(path: &str) -> Answer {
    get(STACK.collector(path)).send().expect(200)
}

/// Without the headers of a browser.
fn send(path: &str, body: &str) -> Answer {
    posting(path, body).send()
}

/// As a browser posts our own page.
fn ours(path: &str, body: &str) -> Answer {
    let ask = posting(path, body).header("origin", STACK.collector(""));
    ask.header("sec-fetch-site", "same-origin").send()
}

fn posting(path: &str, body: &str) -> Ask {
    post(STACK.collector(path)).body(FORM, body)
}

fn filled_in(page: &Answer, email: &str, ticked: &[&str]) -> String {
    let page = page.text();
    let token = page
        .split("name=\"token\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let mut body = format!("token={}&email={email}", token.expect("a token"));
    for purpose in ticked {
        body.push_str("&purpose=");
        body.push_str(purpose);
    }
    body
}

/// Whether the page has this address in its field, and exactly these boxes ticked.
fn shows(page: &Answer, email: &str, ticked: &[&str]) -> bool {
    let page = page.text();
    let boxes: Vec<&str> = page
        .split("<input")
        .filter(|tag| {
            tag.split('>')
                .next()
                .unwrap_or_default()
                .contains(" checked")
        })
        .collect();
    let has_boxes = ticked.iter().all(|purpose| {
        boxes
            .iter()
            .any(|tag| tag.contains(&format!("value=\"{purpose}\"")))
    });
    let field = format!("type=\"email\" value=\"{email}\"");
    boxes.len() == ticked.len() && has_boxes && page.contains(&field)
}

/// A token of our own making, of a page that was shown so many hours ago.
fn token(hours: i64, hash: &Value, purposes: &[&str]) -> String {
    let kek = URL_SAFE_NO_PAD
        .decode(secret(STACK.state(), "SAYSO_KEK"))
        .expect("base64url");
    let vault = Vault::open(&kek.try_into().expect("32 bytes"));
    let shown_at = Utc::now() - TimeDelta::hours(hours);
    let token = json!({
        "site": "demo", "form": "newsletter", "lang": "nl", "notice_hash": hash, "purposes": purposes,
        "submission": uuid::Uuid::now_v7(), "shown_at": shown_at.to_rfc3339_opts(SecondsFormat::Millis, true),
    });
    let token: FormToken = serde_json::from_value(token).expect("a token");
    token.sign(&vault)
}

fn evidence(email: &str, purpose: &str) -> Value {
    let found = STACK
        .admin("POST", "/v1/subjects/lookup?site=demo")
        .json(&json!({"email": email}))
        .send();
    let id = found.expect(200).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/v1/subjects/{id}/evidence?site=demo&purpose={purpose}");
    STACK.admin("GET", &path).send().expect(200).json()
}
