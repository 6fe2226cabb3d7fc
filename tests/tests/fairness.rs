//! What is asked fairly: only what is a condition of the service holds a form back, what rests on another ground than consent is said and
//! not asked, and a signal of the browser is heard and ticks nothing.

use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::embedding::{Embedding, agree, page, received};
use sayso_tests::host::Reply;
use sayso_tests::visitor::{address, label, published};
use serde_json::{Value, json};

static HERE: LazyLock<Embedding> = LazyLock::new(|| {
    let here = Embedding::start();
    let put = |path: &str, document: &Value| {
        let put = here.stack.admin("PUT", &format!("/v1/sites/demo/{path}"));
        let _ = put.json(document).send().expect(201);
    };
    put(
        "purposes/ORDER",
        &json!({
            "legal_basis": "contract", "channels": ["email"], "double_opt_in": false, "retention_days": 2555,
            "title": {"nl": "Uw bestelling", "en": "Your order"},
            "text": {"nl": "Om uw bestelling te sturen.", "en": "To send what you ordered."},
        }),
    );
    put(
        "forms/order",
        &json!({
            "source": "web_form", "purposes": ["STORE", "ORDER", "EMARKETING"], "conditions": ["STORE"],
            "intro": {"nl": "Bestel een fiets.", "en": "Order a bike."},
        }),
    );
    here
});

/// The form of an order: to keep the details is its condition, the order itself rests on a contract.
const FORM: &str = r#"<form id="host" method="post" action="/subscribe">
  <label>E-mail <input type="email" name="email" required></label>
  <say-so site="demo" form="order" email-field="email"></say-so>
  <button>Send</button>
</form>"#;

struct Visit {
    browser: Browser,
    email: String,
    words: Value,
}

impl Visit {
    fn start(name: &str, script: &str) -> Self {
        let html = page(&HERE.front.url(""), &format!("{script}{FORM}"));
        let url = HERE.site.page(&format!("/{name}.html"), Reply::html(&html));
        let browser = Browser::start();
        browser.open(&url);
        let email = address(name);
        let _ = browser.boxes();
        browser.fill("email", &email);
        Self {
            browser,
            email,
            words: published(&HERE.stack, "order", "en"),
        }
    }

    /// The form has gone, and what was chosen with it.
    fn went(&self) -> Value {
        self.browser.see("Thanks");
        let submission = HERE.stored_once(&self.email);
        agree(&HERE.received(&self.email), &submission);
        submission
    }
}

#[test]
fn a_condition_holds_the_form_back_until_it_is_ticked_and_no_other_box_does() {
    let visit = Visit::start("condition", "");
    visit.browser.see(&label(&visit.words, "needed"));
    visit.browser.press("Send");
    let held = "const [box] = everywhere(document).filter((e) => e.name === 'STORE');
                return [location.pathname, box.ariaInvalid, box.getRootNode().activeElement === box];";
    eventually("the person to be led to the box", || {
        let seen = visit.browser.ask(held, &[]);
        (seen == json!(["/condition.html", "true", true])).then_some(())
    });
    assert_eq!(HERE.posted(&visit.email).len(), 0);
    assert!(
        HERE.site
            .arrived("POST", "/subscribe")
            .iter()
            .all(|each| { !each.text().contains(&visit.email.replace('@', "%40")) })
    );
    visit.browser.tick("STORE");
    visit.browser.press("Send");
    let choices = visit.went()["choices"].clone();
    assert_eq!(choices, json!({"STORE": true, "EMARKETING": false}));
}

#[test]
fn what_rests_on_a_contract_is_said_not_asked_and_not_sent() {
    let visit = Visit::start("said", "");
    for words in ["Your order", "To send what you ordered."] {
        visit.browser.see(words);
    }
    visit.browser.see(&label(&visit.words, "said"));
    let boxes = visit.browser.boxes();
    let asked: Vec<&str> = boxes.iter().map(|each| each.purpose.as_str()).collect();
    assert_eq!(asked, ["STORE", "EMARKETING"]);
    visit.browser.tick("STORE");
    visit.browser.press("Send");
    assert_eq!(visit.went()["choices"].get("ORDER"), None);
    let received = received(&HERE.site, &visit.email);
    assert!(!received.contains_key("sayso-ORDER"), "{received:?}");
}

#[test]
fn a_signal_of_the_browser_is_said_and_recorded_and_ticks_nothing() {
    let signal = "<script>Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });</script>";
    for (name, script, expected) in [("signal", signal, true), ("no-signal", "", false)] {
        let visit = Visit::start(name, script);
        let said = visit.browser.text().contains(&label(&visit.words, "gpc"));
        assert_eq!(said, expected);
        assert!(visit.browser.boxes().iter().all(|each| !each.ticked));
        visit.browser.tick("STORE");
        visit.browser.press("Send");
        assert_eq!(visit.went()["gpc"], expected);
    }
}
