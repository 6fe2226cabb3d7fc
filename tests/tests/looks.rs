//! The page of ten looks: what it shows to be copied is what dresses the boxes beside it; and what `widget/THEMING.md` says can be set is
//! what can be set, no more and no less.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::stack::Stack;
use sayso_tests::viewing::{DESKTOP, Mode, NARROWEST, Viewing};
use sayso_tests::workspace;
use serde_json::json;

/// The classes of the looks, in the order of the page.
const LOOKS: [&str; 10] = [
    "plain",
    "bootstrap",
    "tailwind",
    "dark",
    "contrast",
    "large",
    "rtl",
    "chat",
    "narrow",
    "house",
];

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

fn file(path: &str) -> String {
    fs::read_to_string(workspace::root().join(path)).expect("a file of the project")
}

/// What stands in the braces of a look, without its indentation.
fn styled(sheet: &str, look: &str) -> String {
    let (_, rest) = sheet
        .split_once(&format!("\n.{look} {{\n"))
        .unwrap_or_else(|| panic!("no .{look} in looks.css"));
    let (inside, _) = rest.split_once("\n}\n").expect("its end");
    let lines = inside.lines().map(|line| line.strip_prefix("  "));
    let lines: Vec<&str> = lines.map(Option::unwrap_or_default).collect();
    lines.join("\n")
}

/// What the page shows of it.
fn told(page: &str, look: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("<pre class=\"{look}-css\"><code>"))
        .unwrap_or_else(|| panic!("no {look} on the page"));
    let (text, _) = rest.split_once("</code></pre>").expect("its end");
    text.replace("&lt;", "<").replace("&amp;", "&")
}

#[test]
fn what_is_shown_to_be_copied_is_what_dresses_the_boxes() {
    let (page, sheet) = (
        file("examples/looks/index.html"),
        file("examples/looks/looks.css"),
    );
    assert_eq!(page.matches("<pre class=").count(), LOOKS.len());
    for look in LOOKS {
        assert_eq!(told(&page, look), styled(&sheet, look), "{look}");
    }
}

/// The names in a text that begin with `--say-so-`.
fn properties(text: &str) -> BTreeSet<String> {
    let names = text.split("--say-so-").skip(1);
    let is_of_name = |c: &char| c.is_ascii_lowercase() || *c == '-';
    names
        .map(|rest| rest.chars().take_while(is_of_name).collect())
        .collect()
}

#[test]
fn every_property_that_is_documented_is_in_the_style_sheet_and_the_other_way_round() {
    let documented = properties(&file("widget/THEMING.md"));
    assert!(documented.len() > 5, "{documented:?}");
    assert_eq!(documented, properties(&file("widget/say-so.css")));
    let used = properties(&file("examples/looks/looks.css"));
    let unknown: Vec<_> = used.difference(&documented).collect();
    assert!(unknown.is_empty(), "{unknown:?} do nothing");
}

#[test]
fn all_ten_show_their_boxes_and_nothing_is_wrong_with_the_page() {
    let browser = Browser::start();
    browser.open(&STACK.pages("/looks/"));
    let shown = "return LOOKS.map((look) => document.querySelector(`.sample.${look} say-so`))
       .filter((e) => e?.shadowRoot?.querySelectorAll('input[type=checkbox]').length >= 2).length;"
        .replace("LOOKS", &json!(LOOKS).to_string());
    eventually("ten looks with boxes", || {
        (browser.ask(&shown, &[]) == LOOKS.len()).then_some(())
    });
    let arabic = "const root = document.querySelector('.rtl say-so').shadowRoot;
        const legend = root.querySelector('legend');
        return [getComputedStyle(legend).direction, legend.closest('[lang]').lang];";
    assert_eq!(browser.ask(arabic, &[]), json!(["rtl", "ar"]));
    for viewing in [
        Viewing::of(NARROWEST, Mode::Light),
        Viewing::of(NARROWEST, Mode::Dark),
        Viewing::of(DESKTOP, Mode::Light),
        Viewing::of(DESKTOP, Mode::Dark),
    ] {
        browser.look(viewing);
        let overflow = browser.overflows_by();
        assert_eq!(overflow, 0, "{}: too wide", viewing.name());
        let faults = browser.faults();
        assert!(
            faults.is_empty(),
            "{}:\n{}",
            viewing.name(),
            faults.join("\n")
        );
    }
    let complaints = browser.console();
    assert!(!complaints.contains("Content Security"), "{complaints}");
}
