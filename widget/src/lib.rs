//! What Sayso decides and shows in a page: the second half of the `<say-so>` element.
//!
//! The first half, `loader/`, is the element itself. It draws the boxes as soon as the words are there, keeps and sends what was
//! chosen, and calls this crate, which decides what an answer means, when to try again, what the person reads, and paints it. So a box
//! can be ticked before this has come, and a submission that leaves before is judged after.
//!
//! It refuses rules of its own: what is an address is asked of `sayso-shared`, what may be recorded is decided by the collector.
//!
//! Modules are in reading order. All but `view` know no browser and are tested natively.

pub mod outcome;

pub mod schedule;

pub mod model;

mod view;

use any_spawner::Executor;
use reactive_graph::{effect::RenderEffect, prelude::*, signal::ArcRwSignal};
use wasm_bindgen::prelude::*;

use crate::{
    model::Model,
    outcome::{Answer, Outcome},
    view::View,
};

/// One widget, from the moment that this code takes its boxes over. Freed (`free()` in JavaScript), it lets go of them.
#[wasm_bindgen]
pub struct Widget {
    model: ArcRwSignal<Model>,
    _painting: RenderEffect<()>,
}

#[wasm_bindgen]
impl Widget {
    /// Takes over the boxes that the loader has drawn. `shown` is a plain object that names the nodes by their parts (`boxes`,
    /// `status`, `button`, `receipt`, and `email` and `hint` where the widget asks for the address) and holds the form's `labels`.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(shown: &JsValue, chat: bool) -> Self {
        // Fails only where it has been done before, for the element before this one.
        _ = Executor::init_wasm_bindgen();
        let model = ArcRwSignal::new(Model::new(chat));
        Self {
            _painting: View::of(shown).follow(model.clone()),
            model,
        }
    }

    /// The person sends, with this address. Whether it may leave.
    #[must_use]
    pub fn send(&self, email: &str) -> bool {
        let mut may = false;
        self.model.update(|model| may = model.send(email));
        may
    }

    /// A submission left before this code had come.
    pub fn sending(&self) {
        self.model.update(Model::sending);
    }

    /// What came of the submission that this widget sent last.
    pub fn settle(&self, outcome: Outcome) {
        self.model.update(|model| model.settle(outcome));
    }

    /// The person ticked, unticked or wrote something.
    pub fn edit(&self) {
        self.model.update(Model::edit);
    }

    /// The button was pressed. Whether that was to send; else the boxes are open again.
    #[must_use]
    pub fn press(&self) -> bool {
        let sends = self
            .model
            .with_untracked(|model| model.button() == model::Button::Send);
        if !sends {
            self.model.update(Model::change);
        }
        sends
    }

    /// The host form was emptied.
    pub fn reset(&self) {
        self.model.update(Model::reset);
    }
}

/// What an answer of the collector means. `status` is 0 where none came; the rest says what is in its body: whether it names the
/// submission, whether its `state` is `pending`, whether it is the problem `notice-outdated`.
#[wasm_bindgen]
#[must_use]
pub fn judge(status: u16, names_it: bool, pending: bool, outdated: bool) -> Outcome {
    Outcome::of(Answer {
        status,
        names_it,
        pending,
        outdated,
    })
}

/// How many milliseconds to wait until the next try; see [`schedule::next_try`].
#[wasm_bindgen]
#[must_use]
pub fn wait(tries: u32, chance: f64) -> f64 {
    schedule::next_try(tries, chance)
}
