//! The main journey: a visitor of a web page on another origin says yes, confirms it from the mail, and changes their
//! mind; the CRM knows each time, pushed and pulled.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::mailbox::{Mail, mails, wait_for_mail};
use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::script::run;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, label, published};
use sayso_tests::wire::ask;
use sayso_tests::workspace::{fresh_folder, program};
use serde_json::Value;
use serde_json::value::RawValue;

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// Programs that open every link of a mail before the person does.
const SCANNERS: [&str; 3] = [
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Microsoft Office/16.0 (Microsoft Outlook 16.0; SafeLinks)",
];

#[test]
fn a_visitor_says_yes_and_the_crm_knows() {
    let email = address("kim");
    let copy = Receiver::start(Manner::Answer(204));
    let _ = STACK.add_endpoint("copy", copy.url(), SECRET);
    let crm = Browser::start();
    crm.open(&STACK.crm("/"));

    let browser = Browser::start();
    browser.open(&STACK.pages("/web-form/"));
    sees_one_unticked_box_per_purpose(&browser, "nl");
    browser.tick("EMARKETING");
    browser.fill("name", "Kim");
    browser.fill("email", &email);
    browser.fill("question", "Hebben jullie ook een tandem?");
    browser.press("Verstuur mijn vraag");

    let id = the_host_form_names_the_submission(&browser);
    // Unconfirmed is not given: only the no to the other boxes may be known by now.
    let mail = wait_for_mail(&STACK, &email);
    assert_ne!(known(&email, "EMARKETING"), "given");

    let link = mail.confirm_link();
    scanners_open(&mail);
    assert_ne!(known(&email, "EMARKETING"), "given");

    browser.open(&link);
    browser.see_at("h1");
    browser.press_at("button[type=submit]");
    crm_page_shows(&crm, &email, "EMARKETING", "given");
    STACK.crm_knows(&email, "EMARKETING", "given");

    let event = pushed_and_pulled_are_the_same_bytes(&copy, &email, "consent.given");
    assert_eq!(event["data"]["submission"], id);
    assert_eq!(event["data"]["method"], "double_opt_in");
    crm_pull_prints_it_once(event["data"]["id"].as_str().expect("an id"), &email);

    browser.open(&mail.withdraw_link());
    browser.press_at("button[name=withdraw][value=EMARKETING]");
    crm_page_shows(&crm, &email, "EMARKETING", "withdrawn");
    let event = pushed_and_pulled_are_the_same_bytes(&copy, &email, "consent.withdrawn");
    assert_eq!(event["data"]["previous"], "given");

    // The link of the mail is still there. Opening it again gives nothing back.
    let _ = ask("GET", link).send();
    assert_eq!(known(&email, "EMARKETING"), "withdrawn");
}

#[test]
fn a_visitor_who_ticks_nothing_is_left_alone() {
    let email = address("no");
    let browser = Browser::start();
    browser.open(&STACK.pages("/web-form/en.html"));
    sees_one_unticked_box_per_purpose(&browser, "en");
    browser.fill("name", "No");
    browser.fill("email", &email);
    browser.fill("question", "Do you mend lights?");
    browser.press("Send my question");
    let _ = the_host_form_names_the_submission(&browser);
    for purpose in ["STORE", "EMARKETING", "EVENTS"] {
        STACK.crm_knows(&email, purpose, "refused");
    }
    assert_eq!(mails(&STACK, &email).len(), 0);
}

#[test]
fn a_visitor_may_confirm_a_part_of_what_they_ticked() {
    let email = address("part");
    let browser = Browser::start();
    browser.open(&STACK.pages("/web-form/"));
    browser.tick("STORE");
    browser.tick("EMARKETING");
    browser.tick("EVENTS");
    browser.fill("name", "Part");
    browser.fill("email", &email);
    browser.fill("question", "Wanneer is de volgende proefrit?");
    browser.press("Verstuur mijn vraag");
    let _ = the_host_form_names_the_submission(&browser);
    // STORE asks for no confirmation.
    STACK.crm_knows(&email, "STORE", "given");

    browser.open(&wait_for_mail(&STACK, &email).confirm_link());
    browser.press_at("input[name=purpose][value=EVENTS]");
    browser.press_at("button[type=submit]");
    STACK.crm_knows(&email, "EMARKETING", "given");
    STACK.crm_knows(&email, "EVENTS", "refused");
}

fn sees_one_unticked_box_per_purpose(browser: &Browser, lang: &str) {
    let form = published(&STACK, "newsletter", lang);
    let purposes = form["purposes"].as_array().expect("purposes");
    let boxes = browser.boxes();
    let shown: Vec<&str> = boxes.iter().map(|each| each.purpose.as_str()).collect();
    let keys: Vec<&str> = purposes
        .iter()
        .filter_map(|each| each["key"].as_str())
        .collect();
    assert_eq!(shown, keys);
    assert!(
        boxes.iter().all(|each| !each.ticked),
        "never ticked beforehand"
    );
    browser.see(&label(&form, "legend"));
    for purpose in purposes {
        browser.see(purpose["title"].as_str().expect("a title"));
        browser.see(purpose["text"].as_str().expect("a text"));
    }
}

/// The page after the host form shows every field that arrived.
fn the_host_form_names_the_submission(browser: &Browser) -> String {
    browser.see_at("#received");
    let id = browser.ask(
        "const name = [...document.querySelectorAll('dt')]
           .find((dt) => dt.textContent === 'sayso-submission');
         return name?.nextElementSibling?.textContent;",
        &[],
    );
    let id = id
        .as_str()
        .unwrap_or_else(|| panic!("no submission in {}", browser.text()));
    assert_eq!(id.len(), 36, "a UUID: {id}");
    id.to_owned()
}

fn scanners_open(mail: &Mail) {
    let before = STACK.events();
    for link in mail.links() {
        for agent in SCANNERS {
            for method in ["HEAD", "GET", "GET"] {
                let answer = ask(method, link.as_str())
                    .header("user-agent", agent)
                    .send();
                assert_eq!(answer.status, 200, "{method}: {}", answer.text());
            }
        }
    }
    assert_eq!(STACK.events(), before, "opening a link changes nothing");
}

fn known(email: &str, purpose: &str) -> String {
    let state = sayso_tests::wire::get(STACK.crm("/state.json"))
        .send()
        .json();
    let status = &state["people"][email][purpose];
    status.as_str().unwrap_or_default().to_owned()
}

/// The page was opened long before: it changes by itself.
fn crm_page_shows(crm: &Browser, email: &str, purpose: &str, status: &str) {
    crm.see_at(&format!(
        "[data-email='{email}'][data-purpose='{purpose}'][data-status='{status}']"
    ));
}

fn pushed_and_pulled_are_the_same_bytes(copy: &Receiver, email: &str, kind: &str) -> Value {
    let about = |delivery: &Delivery| {
        let body = String::from_utf8_lossy(&delivery.body);
        body.contains(email) && body.contains(kind)
    };
    let pushed = copy.wait_for("the delivery", about);
    let body = String::from_utf8(pushed.body.clone()).expect("UTF-8");
    let page = STACK.pull("").expect(200);
    let page: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(&page.body).expect("a page is an object");
    let events: Vec<Box<RawValue>> =
        serde_json::from_str(page["events"].get()).expect("events are a list");
    let same = events.iter().filter(|event| event.get() == body).count();
    assert_eq!(same, 1, "pulled once, byte for byte: {body}");

    let event: Value = serde_json::from_str(&body).expect("it is JSON");
    assert_eq!(event["type"], kind);
    assert_eq!(event["data"]["id"], pushed.id());
    event
}

fn crm_pull_prints_it_once(id: &str, email: &str) {
    let cursor = fresh_folder("crm-pull").join("cursor");
    let pull = |key: &str, cursor: &Path| {
        let environment = [
            ("COLLECTOR", STACK.collector("")),
            ("API_KEY", key.to_owned()),
            ("CURSOR", cursor.display().to_string()),
        ];
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        run(program("sayso-example-crm-pull"), &["--once"], &environment)
    };
    let first = pull(&STACK.demo_key(), &cursor).printed();
    assert_eq!(first.matches(id).count(), 1, "{first}");
    assert!(!first.contains(email), "no full address in a log: {first}");
    let second = pull(&STACK.demo_key(), &cursor).printed();
    assert!(!second.contains(id), "repeated after a restart: {second}");

    let refused = pull("sk_wrong", &cursor);
    assert!(
        !refused.success && refused.stderr.contains("401"),
        "{}",
        refused.stderr
    );
}
