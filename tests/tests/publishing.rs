//! Publishing, as an operator does it and as it reaches visitors: single purposes and forms, versions, languages, and what happens
//! to those who were reading the old words.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, label, submit};
use sayso_tests::wire::{Answer, ask, get};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// A site of a test's own, with one form that asks for the two standard purposes.
struct Site(&'static str);

impl Site {
    fn publish(name: &'static str) -> Self {
        let site = Self(name);
        let _ = site.put("", &site.definition()).expect(201);
        let purposes = ["STORE", "EMARKETING"];
        let _ = site
            .put("/forms/contact", &form("Hallo", &purposes))
            .expect(201);
        site
    }

    fn definition(&self) -> Value {
        json!({
            "name": self.0,
            "controller": {"name": "Wielrijk", "privacy_url": "https://wielrijk.example/privacy", "contact": "privacy@wielrijk.example"},
            "default_language": "nl",
            "languages": ["nl", "en", "de", "fr"],
            "origins": [STACK.pages("")],
            "mail": {"from": "post@wielrijk.example", "from_name": "Wielrijk"}
        })
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/sites/{}{rest}", self.0)
    }

    fn put(&self, rest: &str, document: &Value) -> Answer {
        STACK.admin("PUT", &self.path(rest)).json(document).send()
    }

    fn delete(&self, rest: &str) -> Answer {
        STACK.admin("DELETE", &self.path(rest)).send()
    }

    /// The form as the widget gets it.
    fn shown(&self, query: &str) -> Value {
        let path = self.path(&format!("/forms/contact{query}"));
        get(STACK.collector(&path)).send().expect(200).json()
    }

    /// Answers a form that was shown at some moment with a yes to everything.
    fn answer(&self, form: &Value, shown_at: DateTime<Utc>) -> Answer {
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let purposes = form["purposes"].as_array().expect("purposes").iter();
        let choices: serde_json::Map<String, Value> = purposes
            .map(|purpose| {
                (
                    purpose["key"].as_str().expect("a key").to_owned(),
                    json!(true),
                )
            })
            .collect();
        let submission = json!({
            "id": uuid::Uuid::now_v7().to_string(),
            "site": self.0, "form": "contact", "lang": form["lang"], "notice_hash": form["notice"]["hash"],
            "subject": {"email": address("reader")}, "choices": choices, "source": "web_form",
            "page": STACK.pages("/"), "shown_at": moment(shown_at), "decided_at": moment(Utc::now()),
            "gpc": false, "widget": "0.1.0",
        });
        submit(&STACK, &submission)
    }

    /// The notices that this site's events point at, oldest first.
    fn notices_of_events(&self) -> Vec<Value> {
        let path = format!("/v1/events?site={}&limit=100", self.0);
        let page = STACK.admin("GET", &path).send().expect(200).json();
        let events = page["events"].as_array().expect("events").iter();
        events
            .map(|event| event["data"]["notice"].clone())
            .collect()
    }
}

fn form(intro: &str, purposes: &[&str]) -> Value {
    json!({"source": "web_form", "purposes": purposes, "intro": {"nl": intro, "en": "Hello", "de": "Guten Tag", "fr": "Bonjour"}})
}

fn purpose() -> Value {
    let text = |text: &str| json!({"nl": text, "en": text, "de": text, "fr": text});
    json!({"title": text("Panel"), "text": text("Panel"), "legal_basis": "consent", "channels": ["email"], "double_opt_in": false, "valid_for_days": 30, "data_categories": ["contact", "preferences"]})
}

/// The versions that an answer to a publishing names, by `FORM/LANG`.
fn versions(answer: &Answer) -> Vec<(String, u64)> {
    let published = answer.json();
    let notices = published["notices"].as_array().expect("notices").iter();
    notices
        .map(|notice| {
            let version = notice["notice"]["version"].as_u64().expect("a version");
            let (form, lang) = (&notice["form"], &notice["lang"]);
            let name = format!("{}/{}", form.as_str().expect(""), lang.as_str().expect(""));
            (name, version)
        })
        .collect()
}

#[test]
fn a_new_site_has_the_standard_purposes_and_they_can_be_edited() {
    let site = Site::publish("standard");
    let shown = site.shown("?lang=fr");
    let keys: Vec<&Value> = shown["purposes"]
        .as_array()
        .expect("purposes")
        .iter()
        .map(|purpose| &purpose["key"])
        .collect();
    assert_eq!(keys, ["STORE", "EMARKETING"]);

    let path = site.path("/purposes/EMARKETING");
    let mut purpose = STACK.admin("GET", &path).send().expect(200).json();
    assert_eq!(purpose["key"], "EMARKETING");
    purpose["title"]["fr"] = json!("Recevoir la lettre");
    let changed = site.put("/purposes/EMARKETING", &purpose).expect(200);
    let expected = [("de", 1), ("en", 1), ("fr", 2), ("nl", 1)]
        .map(|(lang, version)| (format!("contact/{lang}"), version));
    let mut found = versions(&changed);
    found.sort();
    assert_eq!(found, expected, "only the French words changed");
    assert_eq!(
        site.shown("?lang=fr")["purposes"][1]["title"],
        "Recevoir la lettre"
    );

    // The site's definition without purposes and forms leaves them as they are.
    let _ = site.put("", &site.definition()).expect(200);
    assert_eq!(STACK.admin("GET", &path).send().expect(200).json(), purpose);
}

#[test]
fn a_purpose_and_a_form_are_put_read_and_deleted_by_their_names() {
    let site = Site::publish("items");
    let panel = "/purposes/PANEL";
    let _ = STACK.admin("GET", &site.path(panel)).send().expect(404);
    let _ = site.put(panel, &purpose()).expect(201);
    let again = site.put(panel, &purpose()).expect(200);
    let asking = site.put("/forms/contact", &form("Hallo", &["PANEL"]));
    assert_eq!(versions(&again).len(), 4);
    assert!(
        versions(&asking.expect(200))
            .iter()
            .all(|(_, version)| *version == 2)
    );

    let refused = site.delete(panel).expect(409).json();
    assert_eq!(refused["type"], "urn:sayso:problem:purpose-in-use");
    assert_eq!(refused["forms"], json!(["contact"]));
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("contact"))
    );
    let _ = site.delete("/forms/contact").expect(204);
    let _ = site.delete("/forms/contact").expect(204);
    let _ = get(STACK.collector(&site.path("/forms/contact")))
        .send()
        .expect(404);
    let _ = site.delete(panel).expect(204);
    let _ = site.delete(panel).expect(204);

    // A form that comes back goes on counting: no version ever means other words.
    let back = site.put("/forms/contact", &form("Welkom terug", &["STORE"]));
    assert!(
        versions(&back.expect(201))
            .iter()
            .all(|(_, version)| *version == 3)
    );
    for (rest, wrong, pointer) in [
        ("/purposes/PANEL", json!({"key": "OTHER"}), "/key"),
        ("/purposes/panel", purpose(), ""),
        ("/forms/contact", form("", &["STORE"]), "/intro/nl"),
        ("/forms/contact", form("Hallo", &["PANEL"]), "/purposes/0"),
    ] {
        let problem = site.put(rest, &wrong).expect(422).json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[test]
fn only_who_runs_the_site_may_publish() {
    let site = Site::publish("closed");
    for (method, rest) in [
        ("GET", "/purposes/STORE"),
        ("PUT", "/purposes/STORE"),
        ("DELETE", "/purposes/STORE"),
        ("PUT", "/forms/contact"),
        ("DELETE", "/forms/contact"),
    ] {
        let url = STACK.collector(&site.path(rest));
        let _ = ask(method, &url).json(&purpose()).send().expect(401);
        let foreign = ask(method, &url).bearer(&STACK.demo_key());
        let _ = foreign.json(&purpose()).send().expect(403);
    }
    assert_eq!(site.shown("")["notice"]["version"], 1);
}

#[test]
fn the_nearest_language_is_answered_and_named() {
    let site = Site::publish("languages");
    for (wanted, given, word) in [
        ("?lang=de", "de", "Ihre E-Mail-Adresse"),
        ("?lang=fr-CA", "fr", "Votre adresse e-mail"),
        ("?lang=EN-us", "en", "Your e-mail address"),
        ("?lang=fi", "nl", "Uw e-mailadres"),
        ("", "nl", "Uw e-mailadres"),
    ] {
        let shown = site.shown(wanted);
        assert_eq!(shown["lang"], given, "{wanted}");
        assert_eq!(label(&shown, "email"), word, "{wanted}");
        assert_eq!(shown["languages"], json!(["nl", "en", "de", "fr"]));
        let id = format!("languages/contact/{given}");
        assert_eq!(shown["notice"]["id"], id, "{wanted}");
    }
}

#[test]
fn who_was_reading_the_old_words_need_not_begin_again() {
    let site = Site::publish("grace");
    let old = site.shown("");
    let read_at = Utc::now();
    // The visitor's clock and the collector's are the same here; the old words must be shown before the new ones are published.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let purposes = ["STORE", "EMARKETING"];
    let _ = site
        .put("/forms/contact", &form("Welkom", &purposes))
        .expect(200);
    let new = site.shown("");
    assert_ne!(old["notice"]["hash"], new["notice"]["hash"]);

    let _ = site.answer(&old, read_at).expect(201);
    let _ = site.answer(&new, Utc::now()).expect(201);
    let recorded = site.notices_of_events();
    let hashes: Vec<&Value> = recorded.iter().map(|notice| &notice["hash"]).collect();
    assert_eq!(
        hashes,
        [&old["notice"]["hash"], &new["notice"]["hash"]],
        "each is recorded against the words that were shown"
    );

    // Not truly shown: after the new words, before the old ones, or too long ago.
    for shown_at in [
        Utc::now(),
        read_at - Duration::hours(1),
        read_at - Duration::days(400),
    ] {
        let refused = site.answer(&old, shown_at).expect(409).json();
        assert_eq!(refused["type"], "urn:sayso:problem:notice-outdated");
        assert_eq!(refused["notice"], new["notice"]);
    }
    assert_eq!(site.notices_of_events().len(), 2);
}

#[test]
fn who_answers_old_words_answers_what_they_asked() {
    let site = Site::publish("asked");
    let old = site.shown("");
    let read_at = Utc::now();
    std::thread::sleep(std::time::Duration::from_millis(20));
    let _ = site
        .put("/forms/contact", &form("Hallo", &["STORE"]))
        .expect(200);
    // The old words asked for two purposes, the new ones for one.
    let _ = site.answer(&old, read_at).expect(201);
    let answer = site.answer(&old, Utc::now()).expect(409).json();
    assert_eq!(answer["notice"], site.shown("")["notice"]);
}
