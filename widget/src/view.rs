//! Shows the model: a real fieldset, real checkboxes, real details; no role where an element has it by itself.
//!
//! Written with builders, not with `view!`: the macro turns fixed markup into `innerHTML`, which a page with Trusted Types
//! forbids. What changes is read through plain function pointers, so that the compiler makes one piece of code for all of it.

use std::any::Any;

use js_sys::Function;
use leptos::{
    ev,
    html::{a, button, dd, details, div, dl, dt, fieldset, input, label, legend, p, summary},
    prelude::*,
    tachys::renderer::types::Element,
};
use wasm_bindgen::JsValue;

use crate::{
    model::{Model, Phase},
    words::Purpose,
};

/// What is in the page, until this is dropped.
pub(crate) type Mounted = Box<dyn Any>;

/// Shows the model in `root`. `notify` is told of what the element must know: `"change"` and `"submit"`.
pub(crate) fn show(root: &Element, model: &ArcRwSignal<Model>, notify: Function) -> Mounted {
    let model = model.clone();
    Box::new(mount_to_renderer(root, move || {
        let seen = Seen {
            model: RwSignal::from(model),
            notify: StoredValue::new_local(notify),
        };
        seen.boxes()
    }))
}

#[derive(Clone, Copy)]
struct Seen {
    model: RwSignal<Model>,
    notify: StoredValue<Function, LocalStorage>,
}

impl Seen {
    fn boxes(self) -> impl IntoView {
        let Model { form, place, .. } = self.model.get_untracked();
        let labels = form.labels;
        let purposes: Vec<_> = (0..)
            .zip(form.purposes)
            .map(|(at, purpose)| {
                let more = more(
                    &purpose,
                    at,
                    [
                        &labels.more,
                        &labels.legal_basis,
                        &labels.retention,
                        &labels.confirm_by_mail,
                    ],
                );
                self.purpose(at, purpose, more)
            })
            .collect();
        let email = place
            .asks_email
            .then(|| self.email(labels.email, labels.email_hint));
        let gpc = place.gpc.then(|| p().part("note").child(labels.gpc));
        let privacy = a()
            .part("link")
            .href(form.privacy_url)
            .target("_blank")
            .rel("noopener")
            .child(labels.privacy);

        div().part("root").lang(form.lang).child((
            fieldset()
                .part("boxes")
                .disabled(self.flag(|model| !model.is_open()))
                .child((
                    legend().part("legend").child(labels.legend),
                    p().part("intro").child(form.intro),
                    purposes,
                    email,
                    gpc,
                    p().part("note").child(privacy),
                )),
            p().part("status")
                .role("status")
                .child(self.words(Model::said)),
            self.button(),
        ))
    }

    fn purpose(self, at: usize, purpose: Purpose, more: impl IntoView) -> impl IntoView {
        let tick = move |event: ev::Event| {
            self.model
                .update(|model| model.tick(at, event_target_checked(&event)));
            self.tell("change");
        };
        div().part("purpose").child((
            input()
                .part("box")
                .r#type("checkbox")
                .id(id("box", at))
                .name(purpose.key)
                .aria_describedby(id("text", at))
                .prop("checked", move || self.model.with(|model| model.ticked(at)))
                .on(ev::change, tick),
            label()
                .part("title")
                .id(id("title", at))
                .r#for(id("box", at))
                .child(purpose.title),
            p().part("text").id(id("text", at)).child(purpose.text),
            more,
        ))
    }

    fn email(self, title: String, hint: String) -> impl IntoView {
        let write = move |event: ev::Event| {
            self.model
                .update(|model| model.write_email(event_target_value(&event)));
        };
        div().part("email").child((
            label().part("email-title").r#for("email").child(title),
            input()
                .part("email-field")
                .id("email")
                .r#type("email")
                .autocomplete("email")
                .aria_describedby("hint")
                .aria_invalid(move || self.model.with(|model| model.email_wrong).then_some("true"))
                .prop("value", self.words(|model| &model.email))
                .on(ev::input, write),
            p().part("hint")
                .id("hint")
                .hidden(self.flag(|model| !model.email_wrong))
                .child(hint),
        ))
    }

    /// One button for both ways, so that the focus stays where the person left it: it sends in a chat, and offers the
    /// way back once something is stored.
    fn button(self) -> impl IntoView {
        let press = move |_| {
            if self.model.with_untracked(is_stored) {
                self.model.update(Model::change);
                self.tell("change");
            } else {
                self.tell("submit");
            }
        };
        button()
            .part(self.words(|model| if is_stored(model) { "change" } else { "button" }))
            .r#type("button")
            .hidden(self.flag(|model| !model.place.chat && !is_stored(model)))
            .on(ev::click, press)
            .child(self.words(|model| {
                if is_stored(model) {
                    &model.form.labels.change
                } else {
                    &model.form.labels.submit
                }
            }))
    }

    fn words(self, read: fn(&Model) -> &str) -> impl Fn() -> String + Copy + Send {
        move || self.model.with(|model| read(model).to_owned())
    }

    fn flag(self, read: fn(&Model) -> bool) -> impl Fn() -> bool + Copy + Send {
        move || self.model.with(read)
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

fn more(purpose: &Purpose, at: usize, labels: [&String; 4]) -> impl IntoView + use<> {
    let [more, legal_basis, retention, confirm_by_mail] = labels;
    // Several "more" on one page are told apart by what they are about.
    let mut name = id("more", at);
    name.push(' ');
    name.push_str(&id("title", at));
    let confirm = purpose
        .double_opt_in
        .then(|| p().child(confirm_by_mail.clone()));
    details().part("more").child((
        summary()
            .part("more-title")
            .id(id("more", at))
            .aria_labelledby(name)
            .child(more.clone()),
        dl().child((
            dt().child(legal_basis.clone()),
            dd().child(purpose.legal_basis.clone()),
            dt().child(retention.clone()),
            dd().child(purpose.retention.clone()),
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
