//! What Sayso shows: the boxes of the `<say-so>` element.
//!
//! `loader/say-so.js` is the element itself: it fetches the published form, calls [`mount`] and passes the host form's
//! events on. This crate shows the words, keeps the choice and sends it. It refuses rules of its own: what is an address
//! is asked of `sayso-shared`, what may be recorded is decided by the collector.
//!
//! Modules are in reading order. `words`, `id`, `wire` and `model` know no browser and are tested natively.

pub mod words;

pub mod id;

pub mod wire;

pub mod model;

mod browser;

mod send;

mod view;

use js_sys::{Function, JsString, Object, Promise, Reflect};
use leptos::{prelude::*, tachys::renderer::types::Element};
use wasm_bindgen::prelude::*;

use crate::{
    model::{Model, Phase, Place, Refusal},
    words::{Form, Json},
};

/// A mounted widget. Dropped (`free()` in JavaScript), it takes its nodes and listeners with it.
#[wasm_bindgen]
pub struct Widget {
    model: ArcRwSignal<Model>,
    collector: String,
    /// What `submit` gave last, so that a second click waits for the first one's answer.
    sending: Option<Promise>,
    _mounted: view::Mounted,
}

/// Shows `form`, the parsed answer of the collector, in `root`.
///
/// `given` is a plain object: `collector` (origin), `page`, `conversation`, `chat`, `asksEmail`, `gpc`, `email` (what was
/// typed before, if the words had to be shown anew) and `outdated` (whether they had). `notify` is called with `"change"`
/// when the choice has changed, and with `"submit"` when the widget's own button was pressed.
///
/// Throws if the form lacks a word.
#[wasm_bindgen]
pub fn mount(
    root: &Element,
    form: &JsValue,
    given: &JsValue,
    notify: Function,
) -> Result<Widget, JsValue> {
    let form =
        Form::read(form).ok_or_else(|| js_sys::Error::new("the published form lacks a word"))?;
    let place = Place {
        page: given.text_of("page"),
        conversation: given.member("conversation").and_then(|it| it.text()),
        chat: given.is_set("chat"),
        asks_email: given.is_set("asksEmail"),
        gpc: given.is_set("gpc"),
        shown_at: browser::now(),
    };
    let mut model = Model::new(form, place, browser::mint);
    model.email = given.text_of("email");
    if given.is_set("outdated") {
        model.phase = Phase::Outdated;
    }
    let model = ArcRwSignal::new(model);
    Ok(Widget {
        _mounted: view::show(root, &model, notify),
        model,
        collector: given.text_of("collector"),
        sending: None,
    })
}

/// The style sheet of the widget, for one constructed sheet that all elements of a page share.
#[wasm_bindgen]
#[must_use]
pub fn style() -> JsString {
    include_str!(concat!(env!("OUT_DIR"), "/say-so.css")).into()
}

#[wasm_bindgen]
impl Widget {
    /// `{PURPOSE: true | false}` as it is ticked now.
    #[must_use]
    pub fn choices(&self) -> Object {
        let choices = Object::new();
        self.model.with_untracked(|model| {
            for (purpose, yes) in model.choices() {
                browser::set(&choices, purpose, &yes.into());
            }
        });
        choices
    }

    /// The id of the submission that is being made, or was made last.
    #[must_use]
    pub fn submission(&self) -> String {
        self.model.with_untracked(|model| model.id().to_owned())
    }

    /// The address in the widget's own field, as typed.
    #[must_use]
    pub fn email(&self) -> String {
        self.model.with_untracked(|model| model.email.clone())
    }

    /// Sends what is ticked, at once: the request has left before this returns, so a page that goes away does not
    /// stop it.
    ///
    /// `host_email` is what stands in the host form's own field. Nothing is returned when there is no address to send
    /// with. The promise resolves with the collector's answer, `{id, state, purposes, receipt, resend_after}`, and is
    /// rejected with `{reason, status}`, where `reason` is `network`, `outdated` or `refused`.
    // What comes from JavaScript comes by value.
    #[allow(clippy::needless_pass_by_value)]
    pub fn submit(&mut self, host_email: Option<String>) -> Option<Promise> {
        let mut attempt = Err(Refusal::Email);
        self.model
            .update(|model| attempt = model.submit(host_email.as_deref(), browser::now()));
        match attempt {
            Ok(json) => {
                let answer = send::post(&self.collector, &json);
                let model = self.model.clone();
                let told = send::told(answer, self.submission(), move |id, outcome| {
                    model.update(|model| model.settle(id, outcome));
                });
                self.sending = Some(told);
            }
            Err(Refusal::AlreadySent) => {}
            Err(Refusal::Email) => return None,
        }
        self.sending.clone()
    }

    /// Back to the beginning: nothing ticked, no address.
    pub fn reset(&mut self) {
        self.sending = None;
        self.model.update(Model::reset);
    }
}

impl Json for JsValue {
    fn member(&self, name: &str) -> Option<Self> {
        let member = Reflect::get(self, &JsValue::from_str(name)).ok()?;
        (!member.is_undefined() && !member.is_null()).then_some(member)
    }

    fn elements(&self) -> Option<Vec<Self>> {
        js_sys::Array::is_array(self).then(|| js_sys::Array::from(self).to_vec())
    }

    fn text(&self) -> Option<String> {
        self.as_string()
    }

    fn is_true(&self) -> bool {
        self.as_bool() == Some(true)
    }
}
