//! A collector that is down, slow, speaks rubbish or knows no such site: the form around `<say-so>` goes its way each time, as fast as ever.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use sayso_tests::browser::Browser;
use sayso_tests::embedding::{Embedding, form, page, received, staying_form};
use sayso_tests::host::{Conduct, Host, Reply};
use sayso_tests::visitor::{address, label, published};

static HERE: LazyLock<Embedding> = LazyLock::new(Embedding::start);

/// Far more than a browser on a busy machine takes to send a form, and far less than anybody waits for a collector.
const UNHINDERED: Duration = Duration::from_secs(8);

const PLAIN: &str = r#"action="/subscribe""#;

/// Opens a page with a form whose collector this is.
fn open(name: &str, collector: &str, html: &str) -> (Browser, String) {
    let browser = Browser::start();
    let path = format!("/{name}.html");
    browser.open(&HERE.site.page(&path, Reply::html(&page(collector, html))));
    (browser, address(name))
}

/// Fills in the form and sends it; the page after it comes soon.
fn the_form_goes_through(browser: &Browser, email: &str) {
    browser.fill("email", email);
    let start = Instant::now();
    browser.press("Send");
    browser.see("Thanks");
    assert!(start.elapsed() < UNHINDERED, "after {:?}", start.elapsed());
    let _ = received(&HERE.site, email);
}

#[test]
fn a_collector_that_is_down_from_the_beginning_hinders_no_form() {
    let nobody = format!("http://localhost:{}", sayso_tests::ports::free(1));
    let (browser, email) = open("down", &nobody, &form(PLAIN, ""));
    the_form_goes_through(&browser, &email);
    assert!(!received(&HERE.site, &email).contains_key("sayso-submission"));
}

#[test]
fn a_collector_that_never_gives_the_form_hinders_no_form() {
    let front = Host::before(&HERE.stack.collector(""));
    front.on("GET", "/v1/sites/", Conduct::Hold);
    let (browser, email) = open("held", &front.url(""), &form(PLAIN, ""));
    let _ = front.wait_for("GET", "/v1/sites/");
    the_form_goes_through(&browser, &email);
    assert_eq!(front.arrived("POST", "/v1/submissions").len(), 0);
}

#[test]
fn a_collector_that_goes_down_after_the_boxes_hinders_no_form() {
    let front = Host::before(&HERE.stack.collector(""));
    let (browser, email) = open("gone", &front.url(""), &form(PLAIN, ""));
    browser.tick("STORE");
    front.on("POST", "/v1/submissions", Conduct::BreakOff);
    the_form_goes_through(&browser, &email);
    assert!(received(&HERE.site, &email).contains_key("sayso-submission"));
}

#[test]
fn a_collector_that_does_not_answer_a_submission_hinders_no_form() {
    let front = Host::before(&HERE.stack.collector(""));
    front.on("POST", "/v1/submissions", Conduct::Hold);
    let (browser, email) = open("slow", &front.url(""), &form(PLAIN, ""));
    browser.tick("STORE");
    the_form_goes_through(&browser, &email);
    let _ = front.wait_for("POST", "/v1/submissions");
    assert_eq!(received(&HERE.site, &email)["sayso-STORE"], "yes");
}

#[test]
fn a_collector_that_speaks_rubbish_hinders_no_form() {
    for (name, path, rubbish) in [
        (
            "rubbish-script",
            "/say-so.js",
            Reply::of(200, "text/javascript", "}{ this is no script"),
        ),
        (
            "rubbish-form",
            "/v1/sites/",
            Reply::of(200, "application/json", "<html>no JSON</html>"),
        ),
        (
            "rubbish-words",
            "/v1/sites/",
            Reply::of(200, "application/json", r#"{"labels": 7}"#),
        ),
        (
            "rubbish-wasm",
            "/widget/",
            Reply::of(200, "application/wasm", "no wasm"),
        ),
        (
            "rubbish-500",
            "/v1/sites/",
            Reply::of(500, "text/plain", "oops"),
        ),
    ] {
        let front = Host::before(&HERE.stack.collector(""));
        front.on("GET", path, Conduct::Say(rubbish));
        let (browser, email) = open(name, &front.url(""), &form(PLAIN, ""));
        let _ = front.wait_for("GET", path);
        the_form_goes_through(&browser, &email);
    }
}

#[test]
fn rubbish_in_answer_to_a_submission_hinders_no_form_and_is_never_called_stored() {
    let script = "<script>
        const form = document.getElementById('host');
        form.addEventListener('submit', (event) => {
          event.preventDefault();
          fetch('/subscribe', { method: 'POST', body: new URLSearchParams(new FormData(form)) })
            .then(() => document.querySelector('h1').textContent = 'Thanks');
        });
        window.stored = false;
        addEventListener('say-so:stored', () => window.stored = true);
      </script>";
    for (name, rubbish) in [
        (
            "answer-text",
            Reply::of(201, "text/html", "<p>Welcome to the hotel's network</p>"),
        ),
        (
            "answer-other",
            Reply::of(201, "application/json", r#"{"id": "somebody else's"}"#),
        ),
        ("answer-500", Reply::of(500, "text/plain", "oops")),
    ] {
        let front = Host::before(&HERE.stack.collector(""));
        front.on("POST", "/v1/submissions", Conduct::Say(rubbish));
        let (browser, email) = open(name, &front.url(""), &form(PLAIN, script));
        browser.tick("STORE");
        the_form_goes_through(&browser, &email);
        let _ = front.wait_for("POST", "/v1/submissions");
        browser.see_at("[part=status]:not(:empty)");
        assert_eq!(browser.ask("return window.stored;", &[]), false);
    }
}

#[test]
fn an_unknown_site_or_form_shows_the_visitor_nothing_and_tells_the_marketer() {
    for (name, before, after) in [
        ("unknown-site", r#"site="demo""#, r#"site="nobody""#),
        ("unknown-form", r#"form="newsletter""#, r#"form="nothing""#),
        ("no-site", r#"site="demo""#, ""),
    ] {
        let html = form(PLAIN, "").replace(before, after);
        let (browser, email) = open(name, &HERE.front.url(""), &html);
        let heard = sayso_tests::deadline::eventually("a word in the console", || {
            let console = browser.console();
            console.contains("say-so>: ").then_some(console)
        });
        assert!(heard.contains("form") || heard.contains("site"), "{heard}");
        let shown = browser.ask(
            "return document.querySelector('say-so').shadowRoot?.textContent ?? '';",
            &[],
        );
        assert_eq!(shown, "");
        the_form_goes_through(&browser, &email);
        assert!(!received(&HERE.site, &email).contains_key("sayso-submission"));
    }
}

#[test]
fn a_page_on_an_origin_that_is_not_the_sites_is_told_so_and_promises_nobody_anything() {
    let foreign = Host::start();
    let html = page(&HERE.front.url(""), &staying_form());
    let browser = Browser::start();
    browser.open(&foreign.page("/foreign.html", Reply::html(&html)));
    browser.tick("STORE");
    browser.fill("email", &address("foreign"));
    browser.press("Send");
    let words = published(&HERE.stack, "newsletter", "en");
    browser.see(&label(&words, "error"));
    let console = browser.console();
    assert!(
        console.contains("Is this page's origin one of the site's?"),
        "{console}"
    );
}
