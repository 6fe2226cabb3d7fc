//! The printable page: everything that proves a person's choices, for the person, with receipts that anybody can check.

use std::fs;
use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::mailbox::{Mail, wait_for_mail};
use sayso_tests::script::run;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, published, says_yes_to, withdraw};
use sayso_tests::wire::{get, post};
use sayso_tests::workspace::{fresh_folder, program};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// The page that belongs to the personal link of a mail.
fn record_link(mail: &Mail) -> String {
    mail.withdraw_link().replace("/preferences/", "/receipts/")
}

/// The values of a page's attributes of that name.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let opening = format!("{name}=\"");
    let rest = page.split(opening.as_str()).skip(1);
    rest.filter_map(|rest| rest.split('"').next()).collect()
}

/// The events of one person: other tests make others meanwhile.
fn events_of(email: &str) -> Vec<Value> {
    let (mut events, _) = STACK.events();
    events.retain(|event| event["data"]["subject"]["email"] == email);
    events
}

#[test]
fn a_person_reads_what_proves_their_choices_and_takes_the_receipts_along() {
    let email = address("proof");
    let browser = Browser::start();
    browser.open(&STACK.pages("/web-form/"));
    browser.tick("EMARKETING");
    browser.fill("name", "Proof");
    browser.fill("email", &email);
    browser.fill("question", "Wat weet u van mij?");
    browser.press("Verstuur mijn vraag");
    browser.see_at("#received");
    let mail = wait_for_mail(&STACK, &email);
    browser.open(&mail.confirm_link());
    browser.press_at("button[type=submit]");
    STACK.crm_knows(&email, "EMARKETING", "given");

    // From the personal page, by its link.
    browser.open(&mail.withdraw_link());
    browser.press("Alles bekijken en afdrukken wat er is vastgelegd");
    browser.see("Alles wat is vastgelegd over uw keuzes");

    // Who asked, which words, what was answered, when, where, how, and the mail.
    let form = published(&STACK, "newsletter", "nl");
    browser.see(&email);
    for text in ["/controller/name", "/intro", "/notice/hash"] {
        browser.see(form.pointer(text).and_then(|it| it.as_str()).expect(text));
    }
    for purpose in form["purposes"].as_array().expect("purposes") {
        browser.see(purpose["title"].as_str().expect("a title"));
        browser.see(purpose["text"].as_str().expect("a text"));
    }
    for text in [
        "Uw antwoord: ja, nog te bevestigen per mail",
        "Uw antwoord: nee",
        "Er was vooraf geen vakje aangevinkt.",
        "op een webformulier",
        &STACK.pages("/web-form/"),
        &format!("verstuurd aan {email} op "),
        "U verstuurde uw antwoorden",
        "U bevestigde ze vanuit de mail",
        &STACK.collector("/.well-known/jwks.json"),
    ] {
        browser.see(text);
    }

    // Each receipt is a file that our program judges, and that names nobody.
    let before = events_of(&email);
    let page = get(record_link(&mail)).send().expect(200).text();
    let files: Vec<&str> = attributes(&page, "href")
        .into_iter()
        .filter(|link| link.starts_with("/receipts/"))
        .collect();
    assert_eq!(files.len(), 2, "submitted and confirmed: {page}");
    let folder = fresh_folder("receipts");
    for file in &files {
        let answer = get(STACK.collector(file)).send().expect(200);
        assert_eq!(answer.header("content-type"), Some("application/jose"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let told = answer.header("content-disposition").unwrap_or_default();
        assert!(
            told.starts_with("attachment; filename=\"consent-receipt-") && told.ends_with(".jws\""),
            "{told}"
        );
        assert!(page.contains(&answer.text()), "the page shows it too");
        let saved = folder.join("receipt.jws");
        fs::write(&saved, &answer.body).expect("a file under target/");
        let arguments = [
            &saved.display().to_string(),
            "--jwks",
            &STACK.collector("/.well-known/jwks.json"),
        ];
        let said = run(program("sayso-verify"), &arguments, &[]).printed();
        assert!(said.contains("Everything holds."), "{said}");
    }
    assert_eq!(events_of(&email), before, "reading changes nothing");
}

#[test]
fn the_page_runs_nothing_is_kept_by_nobody_and_is_only_read() {
    let email = address("strict");
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let link = record_link(&wait_for_mail(&STACK, &email));
    let answer = get(&link).send().expect(200);
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script"));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    let page = answer.text();
    assert!(!page.contains("<script") && !page.contains("style="));
    // What opens the links of mails is blanked, but for the link that the reader has in hand.
    let token = link.rsplit('/').next().expect("a token");
    let other = wait_for_mail(&STACK, &email).confirm_link();
    assert!(!page.contains(other.rsplit('/').next().expect("a token")));
    assert!(page.contains(token));
    assert_eq!(post(&link).send().status, 405);
    let console = Browser::start();
    console.open(&link);
    console.see("Zo controleert u dit");
    let said = console.console();
    assert!(!said.contains("message"), "the policy refused: {said}");
}

#[test]
fn nobody_reads_another_persons_receipts() {
    let (one, other) = (address("one"), address("other"));
    for email in [&one, &other] {
        let _ = says_yes_to(&STACK, email, &["EMARKETING"]);
    }
    let links = [&one, &other].map(|email| record_link(&wait_for_mail(&STACK, email)));
    let files = links.clone().map(|link| {
        let page = get(link).send().expect(200).text();
        let files = attributes(&page, "href");
        let file = files.iter().find(|link| link.starts_with("/receipts/"));
        let id = file.and_then(|file| file.rsplit('/').next());
        id.expect("a receipt").to_owned()
    });
    assert_eq!(get(format!("{}/{}", links[0], files[0])).send().status, 200);
    for wrong in [
        format!("{}/{}", links[0], files[1]),
        format!("{}/nothing", links[0]),
        format!("{}x", links[0]),
        STACK.collector("/receipts/demo~0~AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        STACK.collector("/receipts/nothing"),
        // The confirm link opens the confirm page and nothing else.
        wait_for_mail(&STACK, &one)
            .confirm_link()
            .replace("/confirm/", "/receipts/"),
    ] {
        let answer = get(&wrong).send();
        assert_eq!(answer.status, 404, "{wrong}");
        assert!(answer.text().contains("<h1>"), "a page, not a code");
    }
}

#[test]
fn what_was_stopped_is_told_in_its_place() {
    let email = address("stopped");
    let _ = says_yes_to(&STACK, &email, &["STORE", "EMARKETING"]);
    let mail = wait_for_mail(&STACK, &email);
    let _ = confirm(&mail.confirm_link());
    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    let page = get(record_link(&mail)).send().expect(200).text();
    let acts: Vec<usize> = ["U verstuurde uw antwoorden", "U bevestigde ze", "U stopte"]
        .map(|act| page.find(act).unwrap_or_else(|| panic!("{act} in {page}")))
        .to_vec();
    assert!(acts.is_sorted(), "in the order in which it happened");
}

#[test]
fn an_erased_person_has_no_page_any_more() {
    let email = address("erased");
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let link = record_link(&wait_for_mail(&STACK, &email));
    let page = get(&link).send().expect(200).text();
    let files = attributes(&page, "href");
    let file = files.iter().find(|link| link.starts_with("/receipts/"));
    let file = STACK.collector(file.expect("a receipt"));
    let found = post(STACK.collector("/v1/subjects/lookup"))
        .bearer(&STACK.demo_key())
        .json(&json!({"email": email}))
        .send();
    let id = found.expect(200).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let erased = STACK
        .admin("DELETE", &format!("/v1/subjects/{id}?site=demo"))
        .send();
    assert_eq!(erased.status, 200, "{}", erased.text());
    for gone in [link, file] {
        let answer = get(gone).send();
        assert_eq!(answer.status, 404);
        assert!(!answer.text().contains(&email));
    }
}
