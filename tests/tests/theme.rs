//! Themes: a site's pages wear its colours and logo, all of it from the collector; what cannot be read is refused when it is published.

use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::pages::{STATES, Visit, full_theme, publish};
use sayso_tests::stack::Stack;
use sayso_tests::viewing::{DESKTOP, Mode, Viewing};
use sayso_tests::wire::{Answer, get};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

fn confirm_page<'a>(browser: &'a Browser, site: &'a str) {
    let visit = Visit {
        stack: &STACK,
        browser,
        site,
        lang: "en",
    };
    (STATES[0].reach)(&visit);
}

fn attribute(browser: &Browser, selector: &str, name: &str) -> String {
    let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]);";
    let found = browser.ask(script, &[json!(selector), json!(name)]);
    found.as_str().unwrap_or_default().to_owned()
}

fn stylesheet(browser: &Browser) -> String {
    attribute(browser, "link[rel=stylesheet]", "href")
}

fn file(path: &str) -> Answer {
    get(STACK.collector(path)).send().expect(200)
}

#[test]
fn a_colour_that_cannot_be_read_is_refused_with_what_was_measured() {
    let mut site: Value =
        serde_json::from_str(include_str!("../../examples/demo-site.json")).expect("JSON");
    site["theme"] = json!({"accent": "#ffcc00", "ink_dark": "#555555", "logo": "logo.png"});
    let answer = STACK.admin("PUT", "/v1/sites/unreadable").json(&site);
    let problem = answer.send().expect(422).json();
    let errors = problem["errors"].as_array().expect("a list");
    let pointers: Vec<&Value> = errors.iter().map(|error| &error["pointer"]).collect();
    assert_eq!(
        pointers,
        ["/theme/accent", "/theme/ink_dark", "/theme/logo"]
    );
    let detail = errors[0]["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains("1.51:1") && detail.contains("4.5:1"),
        "{detail}"
    );
    let nothing = STACK.admin("GET", "/v1/sites/unreadable").send();
    assert_eq!(nothing.status, 404);
}

#[test]
fn a_page_wears_the_sites_colours_and_logo_by_day_and_by_night() {
    publish(&STACK, "wielrijk", &full_theme());
    let browser = Browser::start();
    confirm_page(&browser, "wielrijk");
    let colours = || {
        browser.ask(
            "const of = (selector) => getComputedStyle(document.querySelector(selector)).backgroundColor;
             return [of('button'), of('main'), document.querySelector('.logo').naturalWidth > 0];",
            &[],
        )
    };
    browser.look(Viewing::of(DESKTOP, Mode::Light));
    assert_eq!(
        colours(),
        json!(["rgb(11, 79, 138)", "rgb(255, 253, 247)", true])
    );
    browser.look(Viewing::of(DESKTOP, Mode::Dark));
    assert_eq!(
        colours(),
        json!(["rgb(143, 199, 255)", "rgb(20, 20, 31)", true])
    );
    let complaints = browser.console();
    assert!(
        !complaints.contains("Content Security Policy"),
        "{complaints}"
    );

    let style = file(&stylesheet(&browser));
    assert_eq!(
        style.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    let kept = style.header("cache-control").unwrap_or_default();
    assert!(kept.contains("immutable"), "{kept}");
    let logo = file(&attribute(&browser, "img", "src"));
    assert_eq!(logo.header("content-type"), Some("image/svg+xml"));
    assert_eq!(logo.header("x-content-type-options"), Some("nosniff"));
    let policy = logo.header("content-security-policy").unwrap_or_default();
    assert!(
        policy.starts_with("default-src 'none'") && policy.ends_with("sandbox"),
        "{policy}"
    );
}

#[test]
fn another_theme_has_another_stylesheet_and_an_open_page_is_not_left_bare() {
    let browser = Browser::start();
    publish(&STACK, "changing", &json!({"accent": "#0b4f8a"}));
    confirm_page(&browser, "changing");
    let before = stylesheet(&browser);
    publish(&STACK, "changing", &json!({"accent": "#7a1f3d"}));
    confirm_page(&browser, "changing");
    let after = stylesheet(&browser);
    assert_ne!(before, after);
    let stale = file(&before);
    assert!(stale.text().contains("#7a1f3d"));
    assert_eq!(stale.header("cache-control"), Some("public, max-age=60"));
    assert_eq!(file(&after).text(), stale.text());
    // Without a theme, all share one.
    publish(&STACK, "changing", &json!({}));
    confirm_page(&browser, "changing");
    assert_eq!(stylesheet(&browser), "/pages.css");
    for nothing in [
        "/pages/changing/x.svg",
        "/pages/changing/x.html",
        "/pages/nobody/x.css",
    ] {
        let _ = get(STACK.collector(nothing)).send().expect(404);
    }
}
