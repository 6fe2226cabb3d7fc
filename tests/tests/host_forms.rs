//! The form around `<say-so>`: however it is submitted, the submission reaches the collector once and the host form goes its way with what
//! was chosen; and where the form itself is not ready to go, nothing is sent.

use std::sync::LazyLock;
use std::thread::sleep;
use std::time::Duration;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::embedding::{Embedding, TAG, agree, form, page, posted, received, staying_form};
use sayso_tests::host::{Conduct, Host, Reply};
use sayso_tests::visitor::{address, label, published};
use serde_json::{Value, json};

static HERE: LazyLock<Embedding> = LazyLock::new(Embedding::start);

/// What is not sent by then was not going to be.
const A_WHILE: Duration = Duration::from_millis(800);

/// A visitor before a form of their own.
struct Visit {
    browser: Browser,
    email: String,
}

impl Visit {
    /// Opens a page with this form on it, ticks one box and fills in an address.
    fn before(name: &str, html: &str) -> Self {
        let visit = Self::of(name, &page(&HERE.front.url(""), html));
        visit.browser.tick("STORE");
        visit.browser.fill("email", &visit.email);
        visit
    }

    /// Opens this page.
    fn of(name: &str, html: &str) -> Self {
        Self::by(Browser::start(), name, html)
    }

    fn by(browser: Browser, name: &str, html: &str) -> Self {
        let url = HERE.site.page(&format!("/{name}.html"), Reply::html(html));
        browser.open(&url);
        Self {
            browser,
            email: address(name),
        }
    }

    /// What the collector has, once, and what the host form said of it.
    fn stored(&self) -> Value {
        let submission = HERE.stored_once(&self.email);
        assert_eq!(
            submission["choices"],
            json!({"STORE": true, "EMARKETING": false, "EVENTS": false})
        );
        submission
    }

    fn stored_and_received(&self) {
        agree(&HERE.received(&self.email), &self.stored());
    }

    fn nothing_is_sent(&self) {
        sleep(A_WHILE);
        let posts = HERE.front.arrived("POST", "/v1/submissions");
        let ours = posts
            .iter()
            .filter(|post| post.text().contains(&self.email));
        assert_eq!(ours.count(), 0);
    }
}

/// A host form that a script sends by `fetch`, as `application/x-www-form-urlencoded`.
fn with_script(script: &str) -> String {
    form(
        r#"action="/nowhere""#,
        &format!(
            "<script>
               const form = document.getElementById('host');
               const post = (entries) => fetch('/subscribe', {{ method: 'POST', body: new URLSearchParams(entries) }})
                 .then(() => document.querySelector('h1').textContent = 'Sent by script');
               {script}
             </script>"
        ),
    )
}

const PLAIN: &str = r#"action="/subscribe""#;

#[test]
fn a_press_of_the_button_sends_both() {
    let visit = Visit::before("button", &form(PLAIN, ""));
    visit.browser.press("Send");
    visit.browser.see("Thanks");
    visit.stored_and_received();
}

#[test]
fn enter_in_a_field_sends_both() {
    let visit = Visit::before("enter", &form(PLAIN, ""));
    visit.browser.say("email", "");
    visit.browser.see("Thanks");
    visit.stored_and_received();
}

#[test]
fn a_script_that_requests_the_submit_sends_both() {
    let visit = Visit::before("request", &form(PLAIN, ""));
    let _ = visit
        .browser
        .ask("document.getElementById('host').requestSubmit();", &[]);
    visit.browser.see("Thanks");
    visit.stored_and_received();
}

#[test]
fn a_script_that_fetches_the_form_data_sends_both() {
    let script = "form.addEventListener('submit', (event) => { event.preventDefault(); post(new FormData(form)); });";
    let visit = Visit::before("fetch", &with_script(script));
    visit.browser.press("Send");
    visit.browser.see("Sent by script");
    visit.stored_and_received();
}

#[test]
fn a_script_on_the_button_that_fetches_the_form_data_before_sends_both() {
    // The listener of a parent in the capture phase is the earliest that there is.
    let script = "document.addEventListener('submit', (event) => { event.preventDefault(); post(new FormData(form)); }, true);";
    let visit = Visit::before("capture", &with_script(script));
    visit.browser.press("Send");
    visit.browser.see("Sent by script");
    visit.stored_and_received();
}

#[test]
fn a_script_that_reads_the_fields_one_by_one_sends_both() {
    let script = "form.addEventListener('submit', (event) => {
        event.preventDefault();
        post([...form.querySelectorAll('input[name]')].map((field) => [field.name, field.value]));
      });";
    let visit = Visit::before("fields", &with_script(script));
    visit.browser.press("Send");
    visit.browser.see("Sent by script");
    let _ = visit.stored();
    assert_eq!(HERE.received(&visit.email)["email"], visit.email);
}

#[test]
fn a_script_that_submits_without_an_event_sends_both() {
    let go = r#"<button type="button" id="go">Go</button>
      <script>document.getElementById('go').onclick = () => document.getElementById('host').submit();</script>"#;
    let visit = Visit::before("silent", &form(PLAIN, go));
    visit.browser.press("Go");
    visit.browser.see("Thanks");
    visit.stored_and_received();
}

#[test]
fn a_form_that_goes_to_another_origin_takes_the_choice_along() {
    let other = Host::start();
    other.on(
        "POST",
        "/subscribe",
        Conduct::Say(Reply::html("<h1>Thanks from elsewhere</h1>")),
    );
    let action = format!("action=\"{}\"", other.url("/subscribe"));
    let visit = Visit::before("elsewhere", &form(&action, ""));
    visit.browser.press("Send");
    visit.browser.see("Thanks from elsewhere");
    agree(&received(&other, &visit.email), &visit.stored());
}

#[test]
fn a_form_that_opens_a_new_window_sends_both_and_says_so_here() {
    let visit = Visit::before("blank", &form(r#"action="/subscribe" target="_blank""#, ""));
    visit.browser.press("Send");
    visit.stored_and_received();
    visit.browser.see_at("[part=status]:not(:empty)");
}

#[test]
fn a_form_that_closes_a_dialog_sends_the_choice() {
    let dialog = format!(
        r#"<dialog id="ask">{}</dialog><script>document.getElementById("ask").showModal()</script>"#,
        form("", "").replace(r#"method="post""#, r#"method="dialog""#)
    );
    let visit = Visit::before("dialog", &dialog);
    visit.browser.press("Send");
    let _ = visit.stored();
    assert_eq!(
        visit
            .browser
            .ask("return document.getElementById('ask').open;", &[]),
        false
    );
}

#[test]
fn a_form_whose_own_field_is_wrong_sends_nothing() {
    let more = r#"<label>Name <input name="name" required></label>"#;
    let visit = Visit::before("native", &form(PLAIN, more));
    visit.browser.press("Send");
    visit.nothing_is_sent();
    visit.browser.fill("name", "Kim");
    visit.browser.press("Send");
    visit.browser.see("Thanks");
    visit.stored_and_received();
}

#[test]
fn a_form_whose_own_script_finds_a_fault_sends_nothing() {
    let script = "form.noValidate = true;
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        const name = form.elements.name;
        const wrong = !name.value;
        name.setAttribute('aria-invalid', wrong);
        if (!wrong) post(new FormData(form));
      });";
    let more = r#"<label>Name <input name="name"></label>"#;
    let html = with_script(script).replace("<script>", &format!("{more}<script>"));
    let visit = Visit::before("script", &html);
    visit.browser.press("Send");
    visit.nothing_is_sent();
    visit.browser.fill("name", "Kim");
    visit.browser.press("Send");
    visit.browser.see("Sent by script");
    visit.stored_and_received();
}

#[test]
fn two_presses_at_once_send_once() {
    let visit = Visit::before("double", &form(PLAIN, ""));
    let twice = "const send = document.getElementById('send'); send.click(); send.click();";
    let _ = visit.browser.ask(twice, &[]);
    visit.browser.see("Thanks");
    visit.stored_and_received();

    // The same where the page stays.
    let script = "form.addEventListener('submit', (event) => { event.preventDefault(); post(new FormData(form)); });";
    let visit = Visit::before("double-fetch", &with_script(script));
    let _ = visit.browser.ask(twice, &[]);
    visit.browser.see("Sent by script");
    visit.stored_and_received();
}

#[test]
fn a_disabled_fieldset_takes_the_boxes_out_of_the_form() {
    let html = format!(
        r#"<form id="host" method="post" action="/subscribe">
             <label>E-mail <input type="email" name="email" required></label>
             <fieldset id="set">{TAG}</fieldset><button>Send</button></form>"#
    );
    let visit = Visit::before("disabled", &html);
    let boxes = visit.browser.ask(
        "document.getElementById('set').disabled = true;
         return new Promise((done) => requestAnimationFrame(() => done(
           everywhere(document).filter((e) => e.matches('input[type=checkbox]'))
             .map((box) => box.matches(':disabled') || !!box.closest('[inert]')))));",
        &[],
    );
    assert_eq!(boxes, json!([true, true, true]));
    visit.browser.press("Send");
    visit.browser.see("Thanks");
    visit.nothing_is_sent();
    let fields = HERE.received(&visit.email);
    assert!(
        !fields.keys().any(|name| name.starts_with("sayso-")),
        "{fields:?}"
    );
}

#[test]
fn a_reset_of_the_form_takes_the_ticks_away() {
    let visit = Visit::before(
        "reset",
        &form(PLAIN, r#"<button type="reset">Again</button>"#),
    );
    visit.browser.press("Again");
    assert!(visit.browser.boxes().iter().all(|each| !each.ticked));
    visit.browser.fill("email", &visit.email);
    visit.browser.press("Send");
    visit.browser.see("Thanks");
    let submission = HERE.stored_once(&visit.email);
    assert_eq!(
        submission["choices"],
        json!({"STORE": false, "EMARKETING": false, "EVENTS": false})
    );
}

#[test]
fn who_comes_back_finds_the_boxes_as_they_were() {
    // From the browser's memory of whole pages.
    let again = comes_back("back", Browser::start());
    assert!(!again, "this page was to be kept whole");
}

#[test]
fn who_comes_back_to_a_page_that_is_made_anew_finds_the_boxes_as_they_were() {
    let browser = Browser::start_with(&["--disable-features=BackForwardCache"]);
    let again = comes_back("back-anew", browser);
    assert!(again, "this page was to be made anew");
}

/// Ticks, leaves, comes back and sends; whether the page was loaded again.
fn comes_back(name: &str, browser: Browser) -> bool {
    let _ = HERE
        .site
        .page("/else.html", Reply::html("<h1>Elsewhere</h1>"));
    let html = form(PLAIN, "<a href='/else.html'>Elsewhere</a>");
    let visit = Visit::by(browser, name, &page(&HERE.front.url(""), &html));
    visit.browser.tick("STORE");
    visit.browser.fill("email", &visit.email);
    let _ = visit.browser.ask("window.marked = true;", &[]);
    visit.browser.press("Elsewhere");
    visit.browser.see("Elsewhere");
    visit.browser.back();
    visit.browser.see("A page");
    eventually("the tick to come back", || {
        let boxes = visit.browser.boxes();
        let ticked: Vec<&str> = boxes
            .iter()
            .filter(|each| each.ticked)
            .map(|each| each.purpose.as_str())
            .collect();
        (ticked == ["STORE"]).then_some(())
    });
    let again = visit.browser.ask("return window.marked !== true;", &[]) == true;
    visit.browser.press("Send");
    visit.browser.see("Thanks");
    visit.stored_and_received();
    again
}

#[test]
fn the_address_is_the_one_that_stands_there_at_the_end() {
    let visit = Visit::before("live", &form(PLAIN, ""));
    let last = address("last");
    let _ = visit.browser.ask(
        "const before = document.querySelector('[name=email]');
         const after = before.cloneNode();
         before.replaceWith(after);
         after.value = arguments[0];",
        &[json!(last)],
    );
    visit.browser.press("Send");
    visit.browser.see("Thanks");
    agree(&HERE.received(&last), &HERE.stored_once(&last));
    visit.nothing_is_sent();
}

#[test]
fn who_submits_before_the_wasm_has_come_is_heard() {
    let front = Host::before(&HERE.stack.collector(""));
    front.on("GET", "/widget/", Conduct::Hold);
    let browser = Browser::start();
    let email = address("early");
    let url = HERE.site.page(
        "/early.html",
        Reply::html(&page(&front.url(""), &form(PLAIN, ""))),
    );
    browser.open(&url);
    browser.tick("STORE");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see("Thanks");
    let submission = HERE.stored_once_by(&front, &email);
    assert_eq!(submission["choices"]["STORE"], true);
    agree(&HERE.received(&email), &submission);
    let no_wasm = front.arrived("GET", "/widget/");
    assert!(
        no_wasm.iter().all(|each| each.answered.is_none()),
        "{no_wasm:?}"
    );
    assert_eq!(posted(&front, &email).len(), 1);
}

#[test]
fn who_opens_the_boxes_again_and_empties_one_takes_the_yes_back() {
    let browser = Browser::start();
    let email = address("changed");
    let url = HERE.site.page(
        "/changed.html",
        Reply::html(&page(&HERE.stack.collector(""), &staying_form())),
    );
    let words = published(&HERE.stack, "newsletter", "en");
    browser.open(&url);
    browser.tick("STORE");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see(&label(&words, "stored_recorded"));
    HERE.stack.crm_knows(&email, "STORE", "given");
    browser.press(&label(&words, "change"));
    browser.press_at("input[name=STORE]");
    browser.press("Send");
    browser.see(&label(&words, "stored_recorded"));
    HERE.stack.crm_knows(&email, "STORE", "withdrawn");
}

#[test]
fn what_is_taken_back_stays_so_though_the_words_changed_meanwhile() {
    let front = Host::before(&HERE.stack.collector(""));
    let browser = Browser::start();
    let email = address("renewed");
    let html = page(&front.url(""), &staying_form());
    browser.open(&HERE.site.page("/renewed.html", Reply::html(&html)));
    let words = published(&HERE.stack, "newsletter", "en");
    browser.tick("STORE");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see(&label(&words, "stored_recorded"));
    HERE.stack.crm_knows(&email, "STORE", "given");
    browser.press(&label(&words, "change"));
    browser.press_at("input[name=STORE]");
    let outdated = r#"{"type": "urn:sayso:problem:notice-outdated", "status": 409, "title": "The words have changed"}"#;
    let outdated = Reply::of(409, "application/problem+json", outdated);
    front.on("POST", "/v1/submissions", Conduct::Say(outdated));
    browser.press("Send");
    browser.see(&label(&words, "outdated"));
    front.on("POST", "/v1/submissions", Conduct::Pass);
    browser.press("Send");
    browser.see(&label(&words, "stored_recorded"));
    HERE.stack.crm_knows(&email, "STORE", "withdrawn");
}
