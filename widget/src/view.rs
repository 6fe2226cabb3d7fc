//! Shows the model in the boxes that the loader has drawn: they can be ticked before this code comes, so it takes them over and draws
//! nothing anew. Focus, ticks and what a screen reader reads stay where they are.

use js_sys::Reflect;
use reactive_graph::{effect::RenderEffect, prelude::*, signal::ArcRwSignal};
use wasm_bindgen::prelude::*;
use web_sys::Element;

use crate::model::{Button, Model};

/// The nodes that follow the model, and the words for them.
pub(crate) struct View {
    boxes: Element,
    status: Element,
    button: Element,
    receipt: Element,
    /// The widget's own e-mail field and its hint, where the host form has none
    email: Option<(Element, Element)>,
    labels: JsValue,
}

impl View {
    /// `shown` names each node by its part, and holds the form's `labels`.
    pub(crate) fn of(shown: &JsValue) -> Self {
        let node = |part: &str| member(shown, part).unchecked_into::<Element>();
        let email = member(shown, "email");
        Self {
            boxes: node("boxes"),
            status: node("status"),
            button: node("button"),
            receipt: node("receipt"),
            email: (!email.is_undefined()).then(|| (email.unchecked_into(), node("hint"))),
            labels: member(shown, "labels"),
        }
    }

    /// Paints the model now and after each change, until what is given back is dropped.
    pub(crate) fn follow(self, model: ArcRwSignal<Model>) -> RenderEffect<()> {
        RenderEffect::new(move |_| model.with(|model| self.paint(model)))
    }

    fn paint(&self, model: &Model) {
        set_flag(&self.boxes, "disabled", !model.is_open());
        // Without a field of its own there is no hint beside it.
        let hints = self.email.is_none() && model.email_is_wrong();
        let said = if hints {
            Some("email_hint")
        } else {
            model.said()
        };
        set_text(&self.status, &self.word(said));
        set_flag(
            &self.status,
            "data-wrong",
            model.is_wrong() || model.email_is_wrong(),
        );
        set_flag(&self.receipt, "hidden", !model.has_receipt());

        let (part, label) = match model.button() {
            Button::Change => ("change", Some("change")),
            Button::Send => ("button", Some("submit")),
            Button::Hidden => ("button", None),
        };
        set_attribute(&self.button, "part", part);
        // A button that goes keeps its word: nobody should see it empty on its way.
        if label.is_some() {
            set_text(&self.button, &self.word(label));
        }
        set_flag(&self.button, "hidden", label.is_none());
        let waits = if model.is_sending() { "true" } else { "false" };
        set_attribute(&self.button, "aria-disabled", waits);

        if let Some((field, hint)) = &self.email {
            let wrong = model.email_is_wrong();
            set_attribute(field, "aria-invalid", if wrong { "true" } else { "false" });
            set_flag(hint, "hidden", !wrong);
        }
    }

    fn word(&self, label: Option<&str>) -> String {
        label
            .and_then(|label| member(&self.labels, label).as_string())
            .unwrap_or_default()
    }
}

fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

fn set_attribute(element: &Element, name: &str, value: &str) {
    _ = element.set_attribute(name, value);
}

fn set_flag(element: &Element, name: &str, on: bool) {
    _ = element.toggle_attribute_with_force(name, on);
}

/// Leaves a text alone that is there already: a screen reader would say it again.
fn set_text(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}
