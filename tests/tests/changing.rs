//! Somebody who sent and thinks again: what was ticked and is not any more is taken back, however often it is changed, on a bad line, in
//! another language, on a page that was left and come back to.

use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::embedding::{Embedding, form, page, posted, staying_form};
use sayso_tests::host::{Arrived, Conduct, Host, Reply};
use sayso_tests::visitor::{address, label, published};
use serde_json::{Value, json};

static HERE: LazyLock<Embedding> = LazyLock::new(Embedding::start);

static WORDS: LazyLock<Value> = LazyLock::new(|| published(&HERE.stack, "newsletter", "en"));

/// Somebody who has said yes to the first purpose.
struct Visit {
    browser: Browser,
    front: Host,
    email: String,
}

impl Visit {
    fn start(name: &str, form: &str) -> Self {
        let front = Host::before(&HERE.stack.collector(""));
        let html = page(&front.url(""), form);
        let browser = Browser::start();
        let path = format!("/{name}.html");
        browser.open(&HERE.site.page(&path, Reply::html(&html)));
        let visit = Self {
            browser,
            front,
            email: address(name),
        };
        visit.browser.tick("STORE");
        visit.browser.fill("email", &visit.email);
        visit.browser.press("Send");
        visit
    }

    fn sees(&self, words: &str) {
        self.browser.see(&label(&WORDS, words));
    }

    fn opens_the_boxes_again(&self) {
        self.browser.press(&label(&WORDS, "change"));
    }

    fn unticks(&self) {
        self.browser.press_at("input[name=STORE]:checked");
    }

    fn sends(&self) {
        self.browser.press("Send");
    }

    fn is(&self, status: &str) {
        HERE.stack.crm_knows(&self.email, "STORE", status);
    }
}

#[test]
fn two_changes_in_a_tunnel_take_back_what_was_stored_before() {
    let visit = Visit::start("tunnel", &staying_form());
    visit.sees("stored_recorded");
    visit.is("given");
    visit.browser.cut(true);
    visit.opens_the_boxes_again();
    visit.unticks();
    visit.sends();
    visit.sees("queued");
    visit.opens_the_boxes_again();
    visit.sends();
    visit.sees("queued");
    visit.browser.cut(false);
    visit.sees("stored_recorded");
    visit.is("withdrawn");
}

#[test]
fn boxes_in_another_language_still_take_back() {
    let visit = Visit::start("language", &staying_form());
    visit.sees("stored_recorded");
    visit.opens_the_boxes_again();
    let _ = visit
        .browser
        .ask("document.querySelector('say-so').lang = 'nl';", &[]);
    let dutch = published(&HERE.stack, "newsletter", "nl");
    visit.browser.see(&label(&dutch, "legend"));
    visit.sends();
    visit.browser.see(&label(&dutch, "stored_recorded"));
    visit.is("withdrawn");
}

#[test]
fn boxes_that_were_moved_still_take_back() {
    let visit = Visit::start("moved", &staying_form());
    visit.sees("stored_recorded");
    visit.opens_the_boxes_again();
    let _ = visit.browser.ask(
        "const form = document.getElementById('host');
         const boxes = document.querySelector('say-so');
         boxes.remove();
         setTimeout(() => form.prepend(boxes), 50);",
        &[],
    );
    visit.browser.see_at("say-so:state(ready)");
    visit.sends();
    visit.sees("stored_recorded");
    visit.is("withdrawn");
}

#[test]
fn who_comes_back_to_the_form_and_unticks_takes_back() {
    let form = form(r#"action="/subscribe""#, "");
    let front = Host::before(&HERE.stack.collector(""));
    let browser = Browser::start_with(&["--disable-features=BackForwardCache"]);
    let html = page(&front.url(""), &form);
    browser.open(&HERE.site.page("/untick.html", Reply::html(&html)));
    let email = address("untick");
    browser.tick("STORE");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see("Thanks");
    HERE.stack.crm_knows(&email, "STORE", "given");
    browser.back();
    browser.see("A page");
    browser.press_at("input[name=STORE]:checked");
    browser.press("Send");
    browser.see("Thanks");
    HERE.stack.crm_knows(&email, "STORE", "withdrawn");
}

#[test]
fn a_page_that_draws_itself_anew_still_says_what_became_of_it() {
    let visit = Visit::start("anew", &format!("<main>{}</main>", staying_form()));
    visit.sees("stored_recorded");
    visit.browser.cut(true);
    visit.opens_the_boxes_again();
    visit.sends();
    visit.sees("queued");
    let _ = visit.browser.ask(
        "const main = document.querySelector('main');
         window.again = main.innerHTML;
         main.innerHTML = '<p>Elsewhere</p>';",
        &[],
    );
    visit.browser.see("Elsewhere");
    visit.front.on("POST", "/v1/submissions", Conduct::BreakOff);
    visit.browser.cut(false);
    let _ = visit
        .browser
        .ask("document.querySelector('main').innerHTML = again;", &[]);
    visit.sees("queued");
    visit.front.on("POST", "/v1/submissions", Conduct::Pass);
    let _ = visit
        .browser
        .ask("dispatchEvent(new Event('online'));", &[]);
    visit.sees("stored_recorded");
    let heard = visit
        .browser
        .ask("return heard.map(([what]) => what).at(-1);", &[]);
    assert_eq!(heard, "stored");
}

#[test]
fn where_the_wasm_never_comes_stored_is_said_all_the_same() {
    let front = Host::before(&HERE.stack.collector(""));
    let missing = Reply::of(404, "application/problem+json", "{}");
    front.on("GET", "/widget/", Conduct::Say(missing));
    let browser = Browser::start();
    let html = page(&front.url(""), &staying_form());
    browser.open(&HERE.site.page("/no-wasm.html", Reply::html(&html)));
    let email = address("no-wasm");
    browser.tick("STORE");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see(&label(&WORDS, "stored_recorded"));
    let stored = browser.ask(
        "return heard.find(([what]) => what === 'stored')?.[1].submission;",
        &[],
    );
    assert_eq!(stored, posted(&front, &email)[0].json()["id"]);
}

#[test]
fn an_address_that_is_none_to_us_is_said_and_promises_no_submission() {
    let front = Host::before(&HERE.stack.collector(""));
    let browser = Browser::start();
    let html = page(&front.url(""), &staying_form());
    browser.open(&HERE.site.page("/intranet.html", Reply::html(&html)));
    browser.tick("STORE");
    browser.fill("email", "kim@intranet");
    browser.press("Send");
    browser.see(&label(&WORDS, "email_hint"));
    assert_eq!(front.arrived("POST", "/v1/submissions").len(), 0);
    let sent = eventually("the host's own form", || {
        let all = HERE.site.arrived("POST", "/subscribe");
        all.iter()
            .map(Arrived::text)
            .find(|text| text.contains("intranet"))
    });
    assert!(!sent.contains("sayso-submission"), "{sent}");
    let refused = browser.ask("return heard.at(-1)[1].reason;", &[]);
    assert_eq!(refused, json!("email"));
}
