//! Every hosted page in each of its states, and how a person comes there. What looks at pages (axe, the keyboard, the camera) looks at
//! all that are listed here: a new page or a new state is one line more.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::mailbox::{Mail, wait_for_mail};
use crate::stack::Stack;
use crate::visitor::address;
use crate::wire::{Answer, get, post};

/// The languages in which the words are written with the greatest care.
pub const LANGUAGES: [&str; 4] = ["nl", "en", "de", "fr"];

/// One that is read from right to left.
pub const RIGHT_TO_LEFT: &str = "ar";

/// A page in one state.
#[derive(Clone, Copy)]
pub struct State {
    /// For the name of a picture.
    pub name: &'static str,
    /// Brings a browser there.
    pub reach: fn(&Visit<'_>),
}

/// All there are.
pub const STATES: &[State] = &[
    state("confirm-waiting", |visit| {
        visit.open(&visit.asked().confirm_link());
    }),
    state("confirm-confirmed", |visit| {
        visit.open(&visit.asked().confirm_link());
        visit.presses("button");
    }),
    state("confirm-nothing", |visit| {
        visit.open(&visit.asked().confirm_link());
        visit.browser.press_at("input[value=EMARKETING]");
        visit.presses("button");
    }),
    state("confirm-already", |visit| {
        let link = visit.asked().confirm_link();
        let _ = posts(&link, "purpose=EMARKETING");
        visit.open(&link);
    }),
    state("confirm-gone", |visit| {
        let mail = visit.asked();
        let _ = posts(&mail.withdraw_link(), "withdraw=*");
        visit.open(&mail.confirm_link());
    }),
    state("confirm-replaced", |visit| {
        visit.open(&visit.replaced());
    }),
    state("confirm-mailed-again", |visit| {
        visit.open(&visit.replaced());
        visit.presses("button");
    }),
    state("unknown-link", |visit| {
        visit.open(&visit.stack.collector("/confirm/nothing"));
    }),
    state("preferences-waiting", |visit| {
        visit.open(&visit.asked().withdraw_link());
    }),
    state("preferences-standing", |visit| {
        let mail = visit.asked();
        let _ = posts(&mail.confirm_link(), "purpose=EMARKETING");
        visit.open(&mail.withdraw_link());
    }),
    state("preferences-one-withdrawn", |visit| {
        visit.open(&visit.asked().withdraw_link());
        visit.presses("button[value=EMARKETING]");
    }),
    state("preferences-all-withdrawn", |visit| {
        visit.open(&visit.asked().withdraw_link());
        visit.presses("button[value='*']");
    }),
    state("preferences-unfolded", |visit| {
        visit.open(&visit.asked().withdraw_link());
        visit.unfold();
    }),
    state("preferences-switched-on", |visit| {
        let mail = visit.asked();
        let _ = posts(&mail.confirm_link(), "purpose=EMARKETING");
        let _ = posts(&mail.withdraw_link(), "withdraw=*");
        visit.open(&mail.withdraw_link());
        visit.presses("button[name=give][value=STORE]");
    }),
    state("preferences-revoked", |visit| {
        visit.open(&visit.asked().withdraw_link());
        visit.presses("button[name=revoke]");
    }),
    state("unsubscribe", |visit| visit.open(&visit.unsubscribe())),
    state("unsubscribe-done", |visit| {
        visit.open(&visit.unsubscribe());
        visit.presses("button");
    }),
    state("link", |visit| visit.open(&visit.link())),
    state("link-wrong", |visit| {
        visit.open(&visit.link());
        visit.browser.fill("email", "kim.example.nl");
        visit.presses("button");
    }),
    state("link-sent", |visit| {
        visit.open(&visit.link());
        visit.browser.fill("email", &address("nobody"));
        visit.presses("button");
    }),
    state("record", |visit| visit.open(&visit.record())),
    state("record-unfolded", |visit| {
        visit.open(&visit.record());
        visit.unfold();
    }),
    state("hosted", |visit| visit.open(&visit.hosted())),
    state("hosted-unfolded", |visit| {
        visit.open(&visit.hosted());
        visit.unfold();
    }),
    state("hosted-said-and-needed", |visit| {
        visit.open(&visit.hosted().replace("/newsletter", "/order"));
        visit.unfold();
    }),
    state("hosted-mistyped", |visit| {
        visit.open(&visit.hosted());
        visit.browser.press_at("input[value=EMARKETING]");
        visit.browser.fill("email", "jan@fiets");
        visit.presses("button");
    }),
    state("hosted-sent", |visit| {
        visit.open(&visit.hosted());
        visit.browser.press_at("input[value=EMARKETING]");
        visit.browser.fill("email", &address("hosted"));
        visit.presses("button");
    }),
    state("hosted-unknown", |visit| {
        visit.open(&visit.stack.collector(&format!("/f/{}/nothing", visit.site)));
    }),
    state("mail", |visit| {
        let mail = visit.asked();
        let html = mail.json["html"].as_str().expect("HTML").to_owned();
        visit.browser.open("about:blank");
        let write = "document.open(); document.write(arguments[0]); document.close();";
        let _ = visit.browser.ask(write, &[json!(html)]);
    }),
];

const fn state(name: &'static str, reach: fn(&Visit<'_>)) -> State {
    State { name, reach }
}

/// Somebody at a browser, on their way through the pages of a site.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// The running thing.
    pub stack: &'a Stack,
    /// Where they look.
    pub browser: &'a Browser,
    /// Which site.
    pub site: &'a str,
    /// What they read.
    pub lang: &'a str,
}

impl Visit<'_> {
    /// Fills in the form with a fresh address, ticking everything; gives the mail that asks to confirm.
    fn asked(&self) -> Mail {
        self.asked_as(&address("a.rather.long.name.of.a.person"))
    }

    /// The link of a mail whose place another one has taken.
    fn replaced(&self) -> String {
        let email = address("again");
        let first = self.asked_as(&email).confirm_link();
        let _ = self.asked_as(&email);
        first
    }

    fn asked_as(&self, email: &str) -> Mail {
        let Self {
            stack, site, lang, ..
        } = *self;
        let form = get(stack.collector(&format!("/v1/sites/{site}/forms/newsletter?lang={lang}")));
        let form = form.send().expect(200).json();
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let purposes = form["purposes"].as_array().expect("purposes").iter();
        let choices: serde_json::Map<String, Value> = purposes
            .filter_map(|purpose| Some((purpose["key"].as_str()?.to_owned(), json!(true))))
            .collect();
        let submission = json!({
            "id": uuid::Uuid::now_v7().to_string(), "site": site, "form": "newsletter", "lang": lang,
            "notice_hash": form["notice"]["hash"], "subject": {"email": email}, "choices": choices,
            "source": "web_form", "page": stack.pages("/"), "shown_at": now, "decided_at": now, "gpc": false,
            "widget": "0.1.0",
        });
        let _ = post(stack.collector("/v1/submissions"))
            .header("origin", stack.pages(""))
            .json(&submission)
            .send()
            .expect(201);
        wait_for_mail(stack, email)
    }

    /// Where the form is a page of its own.
    fn hosted(&self) -> String {
        let Self {
            stack, site, lang, ..
        } = *self;
        stack.collector(&format!("/f/{site}/newsletter?lang={lang}"))
    }

    /// The link to the printable record of somebody who has confirmed and then stopped.
    fn record(&self) -> String {
        let mail = self.asked();
        let _ = posts(&mail.confirm_link(), "purpose=EMARKETING");
        let _ = posts(&mail.withdraw_link(), "withdraw=STORE");
        mail.withdraw_link().replace("/preferences/", "/receipts/")
    }

    /// The link behind the button of a mail program.
    fn unsubscribe(&self) -> String {
        let mail = self.asked();
        mail.withdraw_link()
            .replace("/preferences/", "/unsubscribe/")
    }

    /// Where a link to the own page is asked for.
    fn link(&self) -> String {
        let path = format!("/link/{}?lang={}", self.site, self.lang);
        self.stack.collector(&path)
    }

    fn unfold(&self) {
        let unfold =
            "for (const details of document.querySelectorAll('details')) details.open = true;";
        let _ = self.browser.ask(unfold, &[]);
    }

    fn open(&self, url: &str) {
        self.browser.open(url);
        self.browser.see_at("h1");
    }

    /// Presses a button that leads to a page.
    fn presses(&self, selector: &str) {
        let mark = "document.documentElement.dataset.before = 'yes';";
        let _ = self.browser.ask(mark, &[]);
        self.browser.press_at(selector);
        self.browser.see_at("html:not([data-before]) h1");
    }
}

fn posts(link: &str, body: &str) -> Answer {
    let form = "application/x-www-form-urlencoded";
    post(link).body(form, body).send().expect(200)
}

/// Publishes a site with a form in all of [`LANGUAGES`] and in the one of the other direction, with this theme.
pub fn publish(stack: &Stack, site: &str, theme: &Value) {
    let languages: Vec<&str> = LANGUAGES.into_iter().chain([RIGHT_TO_LEFT]).collect();
    let intro: Value = languages
        .iter()
        .map(|lang| ((*lang).to_owned(), json!("Wielrijk Fietsen, Utrecht")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let part = json!({
        "key": "NEWS", "part_of": "EMARKETING", "legal_basis": "consent", "channels": ["email"], "double_opt_in": true,
        "title": {"nl": "Nieuws uit de werkplaats", "en": "News from the workshop", "de": "Neues aus der Werkstatt", "fr": "Nouvelles de l’atelier", "ar": "أخبار الورشة"},
        "text": {"nl": "Eens per maand.", "en": "Once a month.", "de": "Einmal im Monat.", "fr": "Une fois par mois.", "ar": "مرة في الشهر."},
    });
    let said = json!({
        "key": "ORDER", "legal_basis": "contract", "channels": ["email"], "double_opt_in": false, "retention_days": 2555,
        "title": {"nl": "Uw bestelling", "en": "Your order", "de": "Ihre Bestellung", "fr": "Votre commande", "ar": "طلبك"},
        "text": {"nl": "Om uw bestelling te sturen.", "en": "To send what you ordered.", "de": "Um Ihnen Ihre Bestellung zu schicken.", "fr": "Pour vous envoyer votre commande.", "ar": "لإرسال ما طلبته."},
    });
    let mut definition = json!({
        "name": "Wielrijk",
        "controller": {"name": "Wielrijk Fietsen", "privacy_url": "https://wielrijk.example/privacy", "contact": "privacy@wielrijk.example"},
        "default_language": "nl", "languages": languages, "origins": [stack.pages("")],
        "mail": {"from": "post@wielrijk.example", "from_name": "Wielrijk Fietsen"},
        "theme": theme,
        "forms": [{"key": "newsletter", "source": "web_form", "purposes": ["STORE", "EMARKETING"], "intro": &intro}],
    });
    let path = format!("/v1/sites/{site}");
    let put = |definition: &Value| {
        let answer = stack.admin("PUT", &path).json(definition).send();
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
    };
    put(&definition);
    // The two purposes that every site begins with, a part of one, and one that is said and not asked.
    let known = stack.admin("GET", &path).send().expect(200).json();
    let mut purposes = known["purposes"].clone();
    let list = purposes.as_array_mut().expect("a list");
    list.retain(|purpose| purpose["key"] != "NEWS" && purpose["key"] != "ORDER");
    list.extend([part, said]);
    definition["purposes"] = purposes;
    let order = json!({
        "key": "order", "source": "web_form", "purposes": ["STORE", "ORDER", "EMARKETING"], "conditions": ["STORE"], "intro": intro,
    });
    let chat = json!({"key": "chat", "source": "chat", "purposes": ["EMARKETING", "STORE"], "intro": intro});
    let forms = definition["forms"].as_array_mut().expect("a list");
    forms.extend([order, chat]);
    put(&definition);
}

/// A theme with everything in it: colours of day and night, and a drawn logo.
#[must_use]
pub fn full_theme() -> Value {
    let logo = include_bytes!("../../examples/pages/logo.svg");
    let logo = BASE64.encode(logo);
    json!({
        "accent": "#0b4f8a", "accent_dark": "#8fc7ff", "paper": "#fffdf7", "ink": "#1b1b2f", "paper_dark": "#14141f",
        "logo": format!("data:image/svg+xml;base64,{logo}"),
    })
}
