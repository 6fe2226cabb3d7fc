//! Shows the model: a real fieldset, real checkboxes, real details; no role where an element has it by itself.
//!
//! Written with builders, not with `view!`: the macro turns fixed markup into `innerHTML`, which a page with Trusted Types
//! forbids.

use std::any::Any;

use js_sys::{Function, Reflect};
use leptos::{
    ev::Event,
    html::{a, button, dd, details, div, dl, dt, fieldset, input, label, legend, p, summary},
    prelude::*,
    tachys::{
        html::directive::{Directive, directive},
        renderer::types::Element,
    },
};
use wasm_bindgen::prelude::*;

use crate::{
    model::{Model, Phase, Place},
    words::{Form, Labels, Purpose},
};

/// What is in the page, until this is dropped.
pub(crate) type Mounted = Box<dyn Any>;

/// Shows the model in `root`. `notify` is told of what the element must know: `"change"` and `"submit"`.
pub(crate) fn show(root: &Element, model: &ArcRwSignal<Model>, notify: Function) -> Mounted {
    let model = model.clone();
    Box::new(mount_to_renderer(root, move || {
        let seen = Seen {
            model: RwSignal::from(model.clone()),
            notify: StoredValue::new_local(notify),
        };
        model.with_untracked(|model| seen.boxes(&model.form, &model.place))
    }))
}

#[derive(Clone, Copy)]
struct Seen {
    model: RwSignal<Model>,
    notify: StoredValue<Function, LocalStorage>,
}

impl Seen {
    fn boxes(self, form: &Form, place: &Place) -> impl IntoView + use<> {
        let labels = &form.labels;
        let purposes: Vec<_> = (0..)
            .zip(&form.purposes)
            .map(|(at, purpose)| self.purpose(at, purpose, labels))
            .collect();
        let email = place.asks_email.then(|| self.email(labels));
        let gpc = place.gpc.then(|| p().with(NOTE).child(labels.gpc.clone()));
        let privacy = a()
            .with(&[("part", "link"), ("target", "_blank"), ("rel", "noopener")])
            .own(vec![("href", form.privacy_url.clone())])
            .child(labels.privacy.clone());

        // The words say themselves in which direction they are read.
        div()
            .with(&[("part", "root"), ("dir", "auto")])
            .own(vec![("lang", form.lang.clone())])
            .child((
                fieldset()
                    .with(&[("part", "boxes")])
                    .live(self, 0, |fieldset, model, _| {
                        set_flag(fieldset, "disabled", !model.is_open());
                    })
                    .child((
                        legend()
                            .with(&[("part", "legend")])
                            .child(labels.legend.clone()),
                        p().with(&[("part", "intro")]).child(form.intro.clone()),
                        purposes,
                        email,
                        gpc,
                        p().with(NOTE).child(privacy),
                    )),
                p().with(&[("part", "status"), ("role", "status")]).live(
                    self,
                    0,
                    |status, model, _| set_text(status, model.said()),
                ),
                self.button(),
            ))
    }

    fn purpose(self, at: usize, purpose: &Purpose, labels: &Labels) -> impl IntoView + use<> {
        let boxed = input()
            .with(&[("part", "box"), ("type", "checkbox")])
            .own(vec![
                ("id", id("box", at)),
                ("name", purpose.key.clone()),
                ("aria-describedby", id("text", at)),
            ])
            .live(self, at, |tick, model, at| {
                set_property(tick, "checked", &model.ticked(at).into());
            })
            .hears(self, at, "change", Self::tick);
        let title = label()
            .with(&[("part", "title")])
            .own(vec![("id", id("title", at)), ("for", id("box", at))])
            .child(purpose.title.clone());
        let text = p()
            .with(&[("part", "text")])
            .own(vec![("id", id("text", at))])
            .child(purpose.text.clone());
        div()
            .with(&[("part", "purpose")])
            .child((boxed, title, text, more(at, purpose, labels)))
    }

    fn email(self, labels: &Labels) -> impl IntoView + use<> {
        div().with(&[("part", "email")]).child((
            label()
                .with(&[("part", "email-title"), ("for", "email")])
                .child(labels.email.clone()),
            input()
                .with(&[
                    ("part", "email-field"),
                    ("id", "email"),
                    ("type", "email"),
                    ("autocomplete", "email"),
                    ("aria-describedby", "hint"),
                ])
                .live(self, 0, |field, model, _| {
                    set_property(field, "value", &model.email.as_str().into());
                    let wrong = if model.email_wrong { "true" } else { "false" };
                    set_attribute(field, "aria-invalid", wrong);
                })
                .hears(self, 0, "input", Self::write),
            p().with(&[("part", "hint"), ("id", "hint")])
                .live(self, 0, |hint, model, _| {
                    set_flag(hint, "hidden", !model.email_wrong);
                })
                .child(labels.email_hint.clone()),
        ))
    }

    /// One button for both ways, so that the focus stays where the person left it: it sends in a chat, and offers the
    /// way back once something is stored.
    fn button(self) -> impl IntoView + use<> {
        button()
            .with(&[("type", "button")])
            .live(self, 0, |button, model, _| {
                let labels = &model.form.labels;
                let (part, text) = if is_stored(model) {
                    ("change", &labels.change)
                } else {
                    ("button", &labels.submit)
                };
                set_attribute(button, "part", part);
                set_text(button, text);
                set_flag(button, "hidden", !model.place.chat && !is_stored(model));
            })
            .hears(self, 0, "click", Self::press)
    }

    fn tick(self, at: usize, event: &Event) {
        self.model
            .update(|model| model.tick(at, event_target_checked(event)));
        self.tell("change");
    }

    fn write(self, _: usize, event: &Event) {
        self.model
            .update(|model| model.write_email(event_target_value(event)));
    }

    fn press(self, _: usize, _: &Event) {
        if self.model.with_untracked(is_stored) {
            self.model.update(Model::change);
            self.tell("change");
        } else {
            self.tell("submit");
        }
    }

    fn tell(self, what: &str) {
        self.notify.with_value(|notify| {
            // What a listener of the page throws is the page's to report; the browser has done so.
            _ = notify.call1(&JsValue::NULL, &what.into());
        });
    }
}

fn is_stored(model: &Model) -> bool {
    matches!(model.phase, Phase::Stored { .. })
}

fn more(at: usize, purpose: &Purpose, labels: &Labels) -> impl IntoView + use<> {
    // Several "more" on one page are told apart by what they are about.
    let mut name = id("more", at);
    name.push(' ');
    name.push_str(&id("title", at));
    let confirm = purpose
        .double_opt_in
        .then(|| p().child(labels.confirm_by_mail.clone()));
    let term = |word: &String| dt().child(word.clone());
    let meaning = |word: &String| dd().child(word.clone());
    let data = (!purpose.data.is_empty()).then(|| (term(&labels.data), meaning(&purpose.data)));
    details().with(&[("part", "more")]).child((
        summary()
            .with(&[("part", "more-title")])
            .own(vec![("id", id("more", at)), ("aria-labelledby", name)])
            .child(labels.more.clone()),
        dl().child((
            term(&labels.legal_basis),
            meaning(&purpose.legal_basis),
            term(&labels.validity),
            meaning(&purpose.validity),
            term(&labels.retention),
            meaning(&purpose.retention),
            data,
        )),
        confirm,
    ))
}

/// Names an element of the purpose at that place; ids are the shadow root's own.
fn id(what: &str, at: usize) -> String {
    let mut id = what.to_owned();
    id.push_str(&at.to_string());
    id
}

const NOTE: Fixed = &[("part", "note")];

type Fixed = &'static [(&'static str, &'static str)];
type Own = Vec<(&'static str, String)>;
type Live = (Seen, usize, fn(&Element, &Model, usize));
type Hears = (Seen, usize, &'static str, fn(Seen, usize, &Event));
type Put<A> = Directive<(Element, A), fn(Element, A), A>;

/// What is set on elements, by one function each for all of them. A builder method is a type each, and every visitor
/// would download the code for all of them.
trait Attributes: AddAnyAttr + Sized {
    /// Attributes that are the same for everybody.
    fn with(self, attributes: Fixed) -> Self::Output<Put<Fixed>> {
        let put = |element: Element, attributes: Fixed| {
            for (name, value) in attributes {
                set_attribute(&element, name, value);
            }
        };
        self.add_any_attr(directive(put as _, attributes))
    }

    /// Attributes of this form alone.
    fn own(self, attributes: Own) -> Self::Output<Put<Own>> {
        let put = |element: Element, attributes: Own| {
            for (name, value) in attributes {
                set_attribute(&element, name, &value);
            }
        };
        self.add_any_attr(directive(put as _, attributes))
    }

    /// What follows the model: `paint` is called now and after each change. `at` is the place of the purpose, if it is
    /// about one.
    fn live(
        self,
        seen: Seen,
        at: usize,
        paint: fn(&Element, &Model, usize),
    ) -> Self::Output<Put<Live>> {
        let put = |element: Element, (seen, at, paint): Live| {
            let effect = RenderEffect::new(move |_| {
                seen.model.with(|model| paint(&element, model, at));
            });
            // The owner keeps it until the widget goes.
            StoredValue::new_local(effect);
        };
        self.add_any_attr(directive(put as _, (seen, at, paint)))
    }

    /// What the person does. `heard` is called with the place of the purpose, if it is about one.
    fn hears(
        self,
        seen: Seen,
        at: usize,
        event: &'static str,
        heard: fn(Seen, usize, &Event),
    ) -> Self::Output<Put<Hears>> {
        let put = |element: Element, (seen, at, event, heard): Hears| {
            let listener = Closure::<dyn Fn(Event)>::new(move |event| heard(seen, at, &event));
            let function = listener.as_ref().unchecked_ref();
            _ = element.add_event_listener_with_callback(event, function);
            // The owner keeps it until the widget goes, and the element with it.
            StoredValue::new_local(listener);
        };
        self.add_any_attr(directive(put as _, (seen, at, event, heard)))
    }
}

impl<E: AddAnyAttr> Attributes for E {}

fn set_attribute(element: &Element, name: &str, value: &str) {
    _ = element.set_attribute(name, value);
}

fn set_flag(element: &Element, name: &str, on: bool) {
    _ = element.toggle_attribute_with_force(name, on);
}

fn set_property(element: &Element, name: &str, value: &JsValue) {
    _ = Reflect::set(element, &name.into(), value);
}

/// Leaves a text alone that is there already: a screen reader would say it again.
fn set_text(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}
