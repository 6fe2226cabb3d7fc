//! Everybody can use the hosted pages: axe-core finds nothing on any page in any state, by day and by night, on the narrowest window and
//! on a desk, in the four languages that are written with the greatest care; and all of it works with a keyboard alone.

use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::pages::{LANGUAGES, RIGHT_TO_LEFT, STATES, State, Visit, full_theme, publish};
use sayso_tests::stack::Stack;
use sayso_tests::viewing::{Mode, NARROWEST, VIEWINGS, Viewing};
use serde_json::{Value, json};

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';
const SPACE: char = ' ';

static STACK: LazyLock<Stack> = LazyLock::new(|| {
    let stack = Stack::start();
    publish(&stack, "plain", &json!({}));
    publish(&stack, "themed", &full_theme());
    stack
});

fn visit<'a>(browser: &'a Browser, site: &'a str, lang: &'a str) -> Visit<'a> {
    Visit {
        stack: &STACK,
        browser,
        site,
        lang,
    }
}

fn state(name: &str) -> State {
    let mut states = STATES.iter();
    *states.find(|state| state.name == name).expect("a state")
}

/// All that is wrong with every page of a site in a language.
fn faults(site: &str, lang: &str) -> Vec<String> {
    let browser = Browser::start();
    let visit = visit(&browser, site, lang);
    let mut faults = Vec::new();
    for state in STATES {
        (state.reach)(&visit);
        for viewing in VIEWINGS {
            browser.look(viewing);
            let place = format!("{} {site} {lang} {}", state.name, viewing.name());
            let overflow = browser.overflows_by();
            if overflow > 0 {
                faults.push(format!("{place}: {overflow} px wider than the window"));
            }
            let found = browser.faults().into_iter();
            // A mail has its subject for a heading; what shows it puts that above.
            let found = found.filter(|fault| {
                state.name != "mail" || !fault.starts_with("page-has-heading-one: ")
            });
            faults.extend(found.map(|fault| format!("{place}: {fault}")));
        }
    }
    faults
}

fn nothing_is_wrong(site: &str, lang: &str) {
    let faults = faults(site, lang);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_is_wrong_in_dutch() {
    nothing_is_wrong("plain", LANGUAGES[0]);
}

#[test]
fn nothing_is_wrong_in_english() {
    nothing_is_wrong("plain", LANGUAGES[1]);
}

#[test]
fn nothing_is_wrong_in_german() {
    nothing_is_wrong("plain", LANGUAGES[2]);
}

#[test]
fn nothing_is_wrong_in_french() {
    nothing_is_wrong("plain", LANGUAGES[3]);
}

#[test]
fn nothing_is_wrong_from_right_to_left() {
    nothing_is_wrong("plain", RIGHT_TO_LEFT);
}

#[test]
fn nothing_is_wrong_in_a_sites_own_colours() {
    nothing_is_wrong("themed", "nl");
}

/// The proof that the tests above can fail.
#[test]
fn a_page_with_faults_is_found_out() {
    let browser = Browser::start();
    (state("confirm-waiting").reach)(&visit(&browser, "plain", "en"));
    browser.look(Viewing::of(NARROWEST, Mode::Light));
    assert_eq!((browser.faults(), browser.overflows_by()), (vec![], 0));
    let _ = browser.ask(
        "document.documentElement.removeAttribute('lang');
         document.querySelector('h1').style.color = 'silver';
         document.querySelector('h1').style.minWidth = '30rem';
         document.querySelector('form').append(document.createElement('input'));",
        &[],
    );
    let faults = browser.faults().join("\n");
    for rule in ["html-has-lang", "color-contrast", "label"] {
        assert!(faults.contains(&format!("{rule}: ")), "{rule} in {faults}");
    }
    assert!(browser.overflows_by() > 0);
}

/// What can be reached by a keyboard, in the order of the page.
fn reachable(browser: &Browser) -> Vec<Value> {
    let listed = browser.ask(
        "return [...document.querySelectorAll('a[href], button, input, select, summary')]
           .filter(shown).map((e) => e.outerHTML);",
        &[],
    );
    listed.as_array().expect("a list").clone()
}

/// What has the focus, and whether one sees it: by a line around it that is not there without.
fn focused(browser: &Browser) -> (Value, bool) {
    let seen = browser.ask(
        "const focused = document.activeElement;
         const line = () => { const style = getComputedStyle(focused); return style.outlineStyle + style.outlineWidth; };
         const [with_it, wide] = [line(), parseFloat(getComputedStyle(focused).outlineWidth)];
         focused.blur();
         const without = line();
         focused.focus({ focusVisible: true });
         return [focused.outerHTML, with_it !== without && wide >= 2];",
        &[],
    );
    (seen[0].clone(), seen[1] == true)
}

#[test]
fn every_page_can_be_walked_by_keyboard() {
    let browser = Browser::start();
    let visit = visit(&browser, "plain", "en");
    for state in STATES.iter().filter(|state| state.name != "mail") {
        (state.reach)(&visit);
        // From the top, wherever the way here left the focus.
        let _ = browser.ask("document.body.tabIndex = -1; document.body.focus();", &[]);
        let expected = reachable(&browser);
        let mut walked = Vec::new();
        for _ in &expected {
            browser.key(TAB);
            let (element, is_seen) = focused(&browser);
            assert!(is_seen, "{}: no line around {element}", state.name);
            walked.push(element);
        }
        assert_eq!(walked, expected, "{}", state.name);
    }
}

#[test]
fn everything_is_decided_by_keyboard() {
    let browser = Browser::start();
    let visit = visit(&browser, "plain", "en");
    let tabs_to = |selector: &str| {
        for _ in 0..20 {
            browser.key(TAB);
            let is_there = browser.ask(
                "return document.activeElement.matches(arguments[0]);",
                &[json!(selector)],
            );
            if is_there == true {
                return;
            }
        }
        panic!("no Tab leads to {selector}");
    };
    // Space takes the tick away and puts it back; Enter on the button confirms.
    (state("confirm-waiting").reach)(&visit);
    tabs_to("input[value=EMARKETING]");
    let ticked = || browser.ask("return document.activeElement.checked;", &[]);
    browser.key(SPACE);
    assert_eq!(ticked(), false);
    browser.key(SPACE);
    assert_eq!(ticked(), true);
    tabs_to("button");
    browser.key(ENTER);
    browser.see_at(".status[data-purpose=EMARKETING][data-active=true]");
    // Space presses a button as well.
    (state("preferences-standing").reach)(&visit);
    tabs_to("button[value=EMARKETING]");
    browser.key(SPACE);
    browser.see_at(".status[data-purpose=EMARKETING][data-active=false]");
    browser.see_at(".status[data-purpose=STORE][data-active=true]");
}
