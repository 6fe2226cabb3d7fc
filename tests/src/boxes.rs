//! The widget in each of its states, and how a person comes there. What looks at it (axe, the keyboard, the camera) looks at all that are
//! listed here.
//!
//! What the collector answers to a submission is made up in the browser, so that each state can be had at will and held. That the
//! states are told truly is shown by the journeys.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::deadline::eventually;
use crate::pages::RIGHT_TO_LEFT;
use crate::stack::Stack;
use crate::wire::get;

/// The widget in one state.
#[derive(Clone, Copy)]
pub struct State {
    /// For the name of a picture.
    pub name: &'static str,
    /// Brings a browser there.
    pub reach: fn(&Scene<'_>),
}

/// All there are.
pub const STATES: &[State] = &[
    state("choosing", |scene| scene.shows("newsletter", "")),
    state("chosen", |scene| {
        scene.shows("newsletter", "");
        scene.browser.tick("EMARKETING");
    }),
    state("unfolded", |scene| {
        scene.shows("newsletter", "");
        scene.unfold();
    }),
    state("said-and-needed", |scene| {
        scene.shows("order", "");
        scene.unfold();
    }),
    state("signal", |scene| {
        scene.with("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });", || {
            scene.shows("newsletter", "");
        });
    }),
    state("disabled", |scene| {
        scene.shows("newsletter", "");
        let disable = "document.querySelector('say-so').parentElement.disabled = true;";
        let _ = scene.browser.ask(disable, &[]);
    }),
    state("email-wrong", |scene| {
        scene.shows("newsletter", "");
        scene.browser.fill("email", "jan@fiets");
        scene.sends("never");
        scene.browser.see_at("[part=hint]");
    }),
    state("sending", |scene| scene.answered("never", "sending")),
    state("queued", |scene| scene.answered("lost", "queued")),
    state("stored-pending", |scene| {
        scene.answered("pending", "stored_pending");
    }),
    state("stored-recorded", |scene| {
        scene.answered("recorded", "stored_recorded");
    }),
    state("outdated", |scene| scene.answered("outdated", "outdated")),
    state("refused", |scene| scene.answered("refused", "error")),
    state("chat", |scene| scene.shows("chat", "chat")),
    state("chat-stored", |scene| {
        scene.shows("chat", "chat");
        scene.browser.tick("EMARKETING");
        scene.browser.fill("email", "kim@example.nl");
        scene.sends("pending");
        scene.says("stored_pending");
    }),
    state("door", |scene| {
        scene.with("delete globalThis.WebAssembly;", || {
            scene.place("newsletter", "");
            scene.browser.see_at("[part=link]");
        });
    }),
];

const fn state(name: &'static str, reach: fn(&Scene<'_>)) -> State {
    State { name, reach }
}

/// A page with nothing on it but the widget in a form, strict rules, and an answerer in the collector's place.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The running thing.
    pub stack: &'a Stack,
    /// Where it is looked at.
    pub browser: &'a Browser,
    /// A site of `pages::publish`.
    pub site: &'a str,
    /// What is read.
    pub lang: &'a str,
}

impl Scene<'_> {
    /// The boxes of a form, ready to be ticked.
    pub fn shows(&self, form: &str, mode: &str) {
        self.place(form, mode);
        let _ = self.browser.boxes();
        // Taken over by the wasm, so that what is said next is its to say.
        eventually("the wasm", || {
            let fetched = "return performance.getEntriesByType('resource').some(({ name }) => name.includes('.wasm'));";
            (self.browser.ask(fetched, &[]) == true).then_some(())
        });
    }

    /// Sends through the element, and is answered like this.
    pub fn sends(&self, answer: &str) {
        let send = "globalThis.answer = arguments[0];
             document.querySelector('say-so').submit().catch(() => {});";
        let _ = self.browser.ask(send, &[json!(answer)]);
    }

    /// Waits until the status line says this label of the form.
    pub fn says(&self, label: &str) {
        let words = self.label(label);
        eventually(label, || (self.status() == words).then_some(()));
    }

    /// What the status line says.
    #[must_use]
    pub fn status(&self) -> String {
        let status = "return document.querySelector('say-so').shadowRoot.querySelector('[part~=status]')?.textContent;";
        let said = self.browser.ask(status, &[]);
        said.as_str().unwrap_or_default().to_owned()
    }

    /// A label of the published form.
    #[must_use]
    pub fn label(&self, name: &str) -> String {
        let Self {
            stack, site, lang, ..
        } = self;
        let path = format!("/v1/sites/{site}/forms/newsletter?lang={lang}");
        let form: Value = get(stack.collector(&path)).send().expect(200).json();
        form["labels"][name].as_str().expect("a label").to_owned()
    }

    fn answered(&self, answer: &str, label: &str) {
        self.shows("newsletter", "");
        self.browser.tick("EMARKETING");
        self.browser.fill("email", "kim@example.nl");
        self.sends(answer);
        self.says(label);
    }

    fn unfold(&self) {
        let unfold =
            "for (const e of everywhere(document)) if (e.localName === 'details') e.open = true;";
        let _ = self.browser.ask(unfold, &[]);
    }

    /// Does something in pages in which this script ran first.
    fn with(&self, script: &str, act: impl FnOnce()) {
        let _ = self.browser.devtools("Page.enable", &json!({}));
        let added = self.browser.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({"source": script}),
        );
        act();
        let _ = self
            .browser
            .devtools("Page.removeScriptToEvaluateOnNewDocument", &added);
    }

    fn place(&self, form: &str, mode: &str) {
        // Nothing is left behind of the state before.
        self.browser.open(&self.stack.pages("/"));
        let forget = "localStorage.clear(); sessionStorage.clear();";
        let _ = self.browser.ask(forget, &[]);
        self.browser.open(&self.stack.pages("/web-form/en.html"));
        let dir = if self.lang == RIGHT_TO_LEFT {
            "rtl"
        } else {
            "ltr"
        };
        let arguments = [
            json!(self.lang),
            json!(dir),
            json!({"site": self.site, "form": form, "mode": mode}),
        ];
        let _ = self.browser.ask(STAGE, &arguments);
    }
}

/// Empties the page and puts the tag there, in a form that stays where it is.
const STAGE: &str = r#"
const [lang, dir, attributes] = arguments;
const real = globalThis.fetch;
const stored = (id, state) => [201, { id, state, purposes: {}, receipt: "", resend_after: null }];
const answers = {
  never: () => new Promise(() => {}),
  lost: () => Promise.reject(new TypeError("the line is cut")),
  pending: ({ id }) => stored(id, "pending"),
  recorded: ({ id }) => stored(id, "recorded"),
  outdated: () => [409, { type: "urn:sayso:problem:notice-outdated", title: "", status: 409, detail: "" }],
  refused: () => [422, { type: "urn:sayso:problem:invalid", title: "", status: 422, detail: "made up" }],
};
globalThis.fetch = async (address, init) => {
  if (init?.method !== "POST") return real(address, init);
  const [status, body] = await answers[globalThis.answer](JSON.parse(init.body));
  return new Response(JSON.stringify(body), { status });
};
globalThis.answer = "lost";
globalThis.submits = 0;
Object.assign(document.documentElement, { lang, dir });
document.title = "Wielrijk";
const make = (name, ...children) => {
  const element = document.createElement(name);
  element.append(...children);
  return element;
};
const tag = make("say-so");
for (const [name, value] of Object.entries(attributes)) if (value) tag.setAttribute(name, value);
const fieldset = make("fieldset", tag);
Object.assign(fieldset.style, { border: 0, margin: 0, padding: 0, minWidth: 0 });
const form = make("form", fieldset, make("button", "OK"));
form.className = "card";
form.addEventListener("submit", (event) => {
  event.preventDefault();
  globalThis.submits += 1;
});
document.querySelector("main").replaceChildren(make("h1", "Wielrijk"), form);
"#;
