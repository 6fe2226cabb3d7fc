//! Scanners: programs that open every link of a mail before the person does, some of them real browsers that run what they find. None
//! of it confirms, stops or changes anything; only a press of the button does, and only once.

use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use sayso_tests::browser::Browser;
use sayso_tests::mailbox::{Mail, mails, wait_for_mail};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to};
use sayso_tests::wire::{ask, get, post};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// As they name themselves, or pretend to be.
const SCANNERS: [&str; 7] = [
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Microsoft Office/16.0 (Microsoft Outlook 16.0; SafeLinks)",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "Mozilla/5.0 (compatible; Mimecast; +https://www.mimecast.com)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit/1.1",
];

/// How often each link is opened in each way.
const OFTEN: usize = 100;

/// How long a patient browser stays on a page.
const LONG: Duration = Duration::from_secs(10);

/// All that the outside can see of a person: every event, how it stands, and the mails.
fn known(email: &str) -> Value {
    let (events, _) = STACK.events();
    let of_this = |event: &&Value| event["data"]["subject"]["email"] == email;
    let events: Vec<&Value> = events.iter().filter(of_this).collect();
    let key = STACK.demo_key();
    let subject = post(STACK.collector("/v1/subjects/lookup"))
        .bearer(&key)
        .json(&json!({"email": email}))
        .send();
    let standing = subject.json()["id"].as_str().map(|id| {
        let path = format!("/v1/subjects/{id}/consents");
        get(STACK.collector(&path)).bearer(&key).send().json()
    });
    let mails: Vec<Value> = mails(&STACK, email)
        .into_iter()
        .map(|mail| mail.json)
        .collect();
    json!({"events": events, "standing": standing, "mails": mails})
}

/// Every link of a mail, the one of a mail program's own button among them, and where links within the pages lead.
fn links(mail: &Mail) -> Vec<String> {
    let mut links = mail.links();
    let own = mail.withdraw_link();
    for other in ["/unsubscribe/", "/receipts/"] {
        let link = own.replace("/preferences/", other);
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

fn asked(name: &str) -> (String, Mail) {
    let email = address(name);
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let mail = wait_for_mail(&STACK, &email);
    (email, mail)
}

#[test]
fn opening_every_link_a_hundred_times_in_every_way_changes_nothing() {
    let (email, mail) = asked("often");
    let before = known(&email);
    assert!(links(&mail).len() >= 4, "{:?}", links(&mail));
    for link in links(&mail) {
        for turn in 0..OFTEN {
            let agent = SCANNERS[turn % SCANNERS.len()];
            for (method, prefetch) in [
                ("HEAD", false),
                ("GET", false),
                ("GET", true),
                ("OPTIONS", false),
            ] {
                let mut request = ask(method, link.as_str()).header("user-agent", agent);
                if prefetch {
                    request = request
                        .header("sec-purpose", "prefetch;prerender")
                        .header("purpose", "prefetch");
                }
                let status = request.send().status;
                let expected = if method == "OPTIONS" { 405 } else { 200 };
                assert_eq!(status, expected, "{method} {link}");
            }
        }
    }
    assert_eq!(known(&email), before);
}

#[test]
fn a_browser_that_runs_everything_and_waits_changes_nothing() {
    let (email, mail) = asked("patient");
    let before = known(&email);
    let browser = Browser::start();
    for link in links(&mail) {
        // Opens it as often as a person in doubt, and then stays.
        for _ in 0..10 {
            browser.open(&link);
        }
        let _ = browser.ask("scrollTo(0, 1e6); dispatchEvent(new Event('focus'));", &[]);
        thread::sleep(LONG);
        browser.see_at("h1");
        // Some follow every link that they find.
        let links = browser.ask(
            "return [...document.links].map((a) => a.href).filter((a) => a.startsWith(origin));",
            &[],
        );
        for link in links.as_array().into_iter().flatten() {
            browser.open(link.as_str().expect("an address"));
        }
    }
    assert_eq!(known(&email), before);
    // The link still does what it is for.
    browser.open(&mail.confirm_link());
    browser.press_at("button[type=submit]");
    STACK.crm_knows(&email, "EMARKETING", "given");
}

#[test]
fn twenty_presses_at_once_are_one() {
    let (email, mail) = asked("twenty");
    let link = mail.confirm_link();
    let presses: Vec<_> = (0..20)
        .map(|_| {
            let link = link.clone();
            thread::spawn(move || {
                let form = "application/x-www-form-urlencoded";
                let answer = post(link).body(form, "purpose=EMARKETING").send();
                answer.expect(200)
            })
        })
        .collect();
    for press in presses {
        let _ = press.join().expect("an answer");
    }
    let (events, _) = STACK.events();
    let of_this = events.iter().filter(|event| {
        let data = &event["data"];
        data["subject"]["email"] == email.as_str() && data["purpose"] == "EMARKETING"
    });
    let types: Vec<&Value> = of_this.map(|event| &event["type"]).collect();
    assert_eq!(types, ["consent.given"]);
}
