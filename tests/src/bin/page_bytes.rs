//! `cargo xtask size --pages`: what each hosted page weighs in each of its states.

use sayso_tests::browser::Browser;
use sayso_tests::pages::{STATES, Visit, publish};
use sayso_tests::stack::Stack;
use sayso_tests::weight::Weight;
use serde_json::json;

fn main() {
    let stack = Stack::start();
    publish(&stack, "plain", &json!({}));
    let browser = Browser::start();
    let visit = Visit {
        stack: &stack,
        browser: &browser,
        site: "plain",
        lang: "nl",
    };
    println!(
        "{:<28}{:>8}{:>12}{:>12}{:>8}",
        "bytes", "html", "brotli 11", "stylesheet", "all"
    );
    for state in STATES {
        let weight = Weight::of(state, &visit);
        println!(
            "{:<28}{:>8}{:>12}{:>12}{:>8}",
            state.name,
            weight.html,
            weight.html_brotli,
            weight.css_brotli,
            weight.total()
        );
    }
}
