//! Pages are light: HTML and stylesheet together fit into what a phone gets in the first moment of a connection.

use sayso_tests::browser::Browser;
use sayso_tests::pages::{STATES, Visit, full_theme, publish};
use sayso_tests::stack::Stack;
use sayso_tests::weight::{MOST, Weight};

#[test]
fn every_page_weighs_less_than_14_kb_with_its_stylesheet() {
    let stack = Stack::start();
    publish(&stack, "themed", &full_theme());
    let browser = Browser::start();
    let visit = Visit {
        stack: &stack,
        browser: &browser,
        site: "themed",
        lang: "de",
    };
    for state in STATES {
        let weight = Weight::of(state, &visit);
        assert!(weight.html > 400, "{}: {weight:?}", state.name);
        assert!(weight.total() < MOST, "{}: {weight:?}", state.name);
    }
}
