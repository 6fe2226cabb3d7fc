//! The links of mails: a person's own page with its switches and languages, one click of a mail program, a fresh link, and links that
//! open nothing any more.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use sayso_tests::browser::Browser;
use sayso_tests::mailbox::{Mail, mails, wait_for_mail};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to};
use sayso_tests::wire::{Answer, ask, get, post};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

const FORM: &str = "application/x-www-form-urlencoded";

/// Somebody who said yes to these, with the mail that came of it.
fn somebody(name: &str, purposes: &[&str]) -> (String, Mail) {
    let email = address(name);
    let _ = says_yes_to(&STACK, &email, purposes);
    let mail = wait_for_mail(&STACK, &email);
    (email, mail)
}

fn presses(link: &str, body: &str) -> Answer {
    post(link).body(FORM, body).send()
}

/// The newest event of this person for this purpose: what happened, from where, how.
fn last(email: &str, purpose: &str) -> (String, String, String) {
    let (events, _) = STACK.events();
    let mut of_this = events.into_iter().rev();
    let event = of_this
        .find(|event| {
            event["data"]["subject"]["email"] == email && event["data"]["purpose"] == purpose
        })
        .unwrap_or_else(|| panic!("nothing of {purpose}"));
    let said = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (
        said(&event["type"]),
        said(&event["data"]["source"]),
        said(&event["data"]["method"]),
    )
}

fn how(kind: &str, source: &str, method: &str) -> (String, String, String) {
    (kind.to_owned(), source.to_owned(), method.to_owned())
}

#[test]
fn a_person_switches_on_what_was_off_and_chooses_what_comes_with_it() {
    let (email, mail) = somebody("switch", &["STORE"]);
    let browser = Browser::start();
    browser.open(&mail.withdraw_link());
    browser.see("Nieuwe fietsen en tips");
    browser.press_at("button[name=give][value=EMARKETING]");
    browser.see_at("[data-purpose=EMARKETING][data-active=true]");
    STACK.crm_knows(&email, "EMARKETING", "given");
    let given = how("consent.given", "preference_centre", "preference_centre");
    assert_eq!(last(&email, "EMARKETING"), given);

    browser.see_at("[data-purpose=NEWS][data-active=true]");
    browser.press_at("button[name=leave][value=OFFERS]");
    browser.see_at("[data-purpose=OFFERS][data-active=false]");
    STACK.crm_knows(&email, "OFFERS", "refused");
    browser.press_at("button[name=give][value=OFFERS]");
    STACK.crm_knows(&email, "OFFERS", "given");

    browser.press_at("button[name=withdraw][value='*']");
    for purpose in ["STORE", "EMARKETING", "OFFERS"] {
        STACK.crm_knows(&email, purpose, "withdrawn");
    }
}

#[test]
fn the_page_speaks_each_language_of_the_site_and_keeps_the_exact_words() {
    let (_, mail) = somebody("tongues", &["STORE"]);
    let browser = Browser::start();
    browser.open(&mail.withdraw_link());
    browser.see("Uw keuzes");
    browser.press_at(".languages a[lang=en]");
    browser.see("Your choices");
    browser.see("Keep my details for advice and service");
    let page = get(format!("{}?lang=en", mail.withdraw_link()))
        .send()
        .expect(200)
        .text();
    assert!(
        page.contains("<blockquote lang=\"nl\">"),
        "the words that were shown"
    );
    assert!(page.contains("Bewaar mijn gegevens voor advies en service"));
    browser.press_at("button[name=withdraw][value=STORE]");
    browser.see("Stopped");
}

#[test]
fn one_click_of_a_mail_program_stops_the_mails() {
    for multipart in [false, true] {
        let (email, mail) = somebody("click", &["STORE"]);
        let header = mail.json["headers"]["List-Unsubscribe"]
            .as_str()
            .expect("a header");
        let link = header.trim_start_matches('<').trim_end_matches('>');
        assert_eq!(
            mail.json["headers"]["List-Unsubscribe-Post"],
            "List-Unsubscribe=One-Click"
        );
        for (content_type, body) in [
            (FORM, "List-Unsubscribe=no"),
            (FORM, ""),
            ("text/plain", "List-Unsubscribe=One-Click"),
            ("application/json", "{}"),
        ] {
            let wrong = post(link).body(content_type, body).send().expect(400);
            assert!(wrong.text().contains("<h1>"), "told as a page");
        }
        let shown = get(link).send().expect(200);
        assert!(shown.text().contains("name=\"List-Unsubscribe\""));
        STACK.crm_knows(&email, "STORE", "given");
        let (content_type, body) = if multipart {
            (
                "multipart/form-data; boundary=x",
                "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n",
            )
        } else {
            (FORM, "List-Unsubscribe=One-Click")
        };
        let stopped = post(link).body(content_type, body).send().expect(200);
        assert!(stopped.headers.get("set-cookie").is_none());
        STACK.crm_knows(&email, "STORE", "withdrawn");
        let by = how("consent.withdrawn", "one_click", "one_click");
        assert_eq!(last(&email, "STORE"), by);
        let _ = post(link).body(content_type, body).send().expect(200);
    }
}

#[test]
fn who_lost_the_link_asks_for_a_new_one_and_nobody_learns_who_is_on_record() {
    let (email, mail) = somebody("lost", &["STORE"]);
    let _ = presses(&mail.withdraw_link(), "revoke=yes").expect(200);
    let dead = get(mail.withdraw_link()).send().expect(404).text();
    assert!(dead.contains("/link/demo?lang="), "it says what to do");
    assert!(!dead.contains(&email));

    let asks = |email: &str| {
        let link = STACK.collector("/link/demo?lang=nl");
        let began = Instant::now();
        let answer = presses(&link, &format!("email={}", email.replace('@', "%40")));
        (answer.expect(200).text(), began.elapsed())
    };
    let (known, known_took) = asks(&email);
    let (unknown, unknown_took) = asks(&address("nobody"));
    assert_eq!(known, unknown, "the same page");
    let same = Duration::from_millis(600);
    assert!(known_took >= same && unknown_took >= same, "at one pace");

    let fresh = sayso_tests::deadline::eventually("a second mail", || {
        mails(&STACK, &email).into_iter().find(|mail| {
            let subject = mail.json["subject"].as_str();
            subject.is_some_and(|subject| subject.starts_with("Uw link"))
        })
    });
    let _ = get(fresh.withdraw_link()).send().expect(200);
    assert!(fresh.json["headers"]["List-Unsubscribe"].is_null());

    let wrong = presses(&STACK.collector("/link/demo"), "email=not+an+address").expect(422);
    assert!(
        wrong.text().contains("value=\"not an address\""),
        "what was typed stays"
    );
    let _ = get(STACK.collector("/link/nothing-here"))
        .send()
        .expect(404);
}

#[test]
fn each_dead_link_has_its_own_page_with_what_to_do_and_tells_no_address() {
    let (email, mail) = somebody("dead", &["EMARKETING"]);
    let (link, personal) = (mail.confirm_link(), mail.withdraw_link());

    // Replaced: another submission asks now.
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let newer = sayso_tests::deadline::eventually("a newer mail", || {
        let mut newer = mails(&STACK, &email).into_iter();
        newer.find(|mail| mail.confirm_link() != link)
    });
    let replaced = get(link.as_str()).send().expect(410).text();
    assert!(replaced.contains("nieuwere mail"));
    let again = presses(&format!("{link}/resend"), "").expect(200).text();
    assert!(again.contains("<h1>"));
    let third = sayso_tests::deadline::eventually("a third mail", || {
        let mails = mails(&STACK, &email);
        (mails.len() >= 3)
            .then(|| mails.into_iter().next())
            .flatten()
    });
    let _ = confirm(&third.confirm_link()).expect(200);
    STACK.crm_knows(&email, "EMARKETING", "given");
    let already = get(newer.confirm_link()).send().expect(200).text();
    assert!(
        already.contains("gebruikt") || already.contains("bevestigd"),
        "{already}"
    );

    // Stopped.
    let _ = presses(&personal, "withdraw=*").expect(200);
    let (other, asked) = somebody("stopped", &["EMARKETING"]);
    let _ = presses(&asked.withdraw_link(), "withdraw=*").expect(200);
    let stopped = get(asked.confirm_link()).send().expect(410).text();
    assert!(stopped.contains("/f/demo/newsletter"), "where to ask again");

    // Mistyped, and of another site.
    let mistyped = format!("{}x", asked.confirm_link());
    let foreign = asked.confirm_link().replace("demo~", "shop~");
    for unknown in [mistyped, foreign] {
        let page = get(unknown)
            .header("accept-language", "de;q=0.9, fr")
            .send();
        let page = page.expect(404).text();
        assert!(page.contains("lang=\"fr\""), "in the reader's language");
        assert!(!page.contains(&other));
    }
    let page = get(asked
        .confirm_link()
        .replacen("/confirm/", "/preferences/", 1));
    let page = page
        .header("accept-language", "en")
        .send()
        .expect(404)
        .text();
    assert!(
        page.contains("/link/demo?lang=en"),
        "a link of this site: what to do"
    );
}

#[test]
fn what_goes_wrong_on_a_page_for_people_is_told_as_a_page() {
    let (_, mail) = somebody("wrong", &["STORE"]);
    let link = mail.withdraw_link();
    let put = ask("PUT", link.as_str())
        .header("accept-language", "nl")
        .send()
        .expect(405);
    assert_eq!(put.headers["allow"], "GET, HEAD, POST");
    let long = post(link.as_str())
        .body(FORM, vec![b'x'; 70_000])
        .send()
        .expect(413);
    for answer in [put, long] {
        let page = answer.text();
        assert!(page.contains("<h1>Dat lukte nu even niet</h1>") || page.contains("<h1>That did"));
    }
}

#[test]
fn what_no_button_sent_confirms_and_refuses_nothing() {
    let (email, mail) = somebody("empty", &["EMARKETING"]);
    let link = mail.confirm_link();
    for (content_type, body) in [(FORM, ""), (FORM, "x=y"), ("application/json", "{}")] {
        let page = post(link.as_str())
            .body(content_type, body)
            .send()
            .expect(200);
        assert!(page.text().contains("name=\"purpose\""), "it still asks");
    }
    let _ = confirm(&link).expect(200);
    STACK.crm_knows(&email, "EMARKETING", "given");
    let (email, mail) = somebody("unticked", &["EMARKETING"]);
    let _ = presses(&mail.confirm_link(), "confirm=yes").expect(200);
    STACK.crm_knows(&email, "EMARKETING", "refused");
}

#[test]
fn twenty_presses_at_once_make_one_event() {
    let (email, mail) = somebody("twenty", &["EMARKETING"]);
    let link = mail.confirm_link();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| presses(&link, "purpose=EMARKETING").expect(200));
        }
    });
    STACK.crm_knows(&email, "EMARKETING", "given");
    let (events, _) = STACK.events();
    let given = events.iter().filter(|event| {
        event["data"]["subject"]["email"] == email && event["type"] == "consent.given"
    });
    assert_eq!(given.count(), 1);
}
