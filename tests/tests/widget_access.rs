//! Everybody can use the widget: axe-core finds nothing in any state, by day and by night, on the narrowest window and on a desk, in four
//! languages, one of them from right to left; a screen reader is given what stands in `golden/boxes.txt`; and all of it works with a
//! keyboard alone. How it is seen is looked at in `widget_sight.rs`; `widget/ACCESSIBILITY.md` says which criterion is held by what.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::sync::LazyLock;

use sayso_tests::boxes::{STATES, Scene, State};
use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::pages::{RIGHT_TO_LEFT, publish};
use sayso_tests::stack::Stack;
use sayso_tests::viewing::{Mode, NARROWEST, VIEWINGS, Viewing};
use sayso_tests::workspace;
use serde_json::{Value, json};

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';
const SPACE: char = ' ';

static STACK: LazyLock<Stack> = LazyLock::new(|| {
    let stack = Stack::start();
    publish(&stack, "plain", &json!({}));
    stack
});

fn scene<'a>(browser: &'a Browser, lang: &'a str) -> Scene<'a> {
    Scene {
        stack: &STACK,
        browser,
        site: "plain",
        lang,
    }
}

fn state(name: &str) -> State {
    let mut states = STATES.iter();
    *states.find(|state| state.name == name).expect("a state")
}

fn nothing_is_wrong(lang: &str) {
    let browser = Browser::start();
    let mut faults = Vec::new();
    for state in STATES {
        (state.reach)(&scene(&browser, lang));
        let tongue = "const root = document.querySelector('say-so').shadowRoot.querySelector('[part~=root]');
             return [root.lang, getComputedStyle(root).direction];";
        let direction = if lang == RIGHT_TO_LEFT { "rtl" } else { "ltr" };
        assert_eq!(
            browser.ask(tongue, &[]),
            json!([lang, direction]),
            "{}",
            state.name
        );
        for viewing in VIEWINGS {
            browser.look(viewing);
            let place = format!("{} {lang} {}", state.name, viewing.name());
            let overflow = browser.overflows_by();
            if overflow > 0 {
                faults.push(format!("{place}: {overflow} px wider than the window"));
            }
            let found = browser.faults().into_iter();
            faults.extend(found.map(|fault| format!("{place}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_is_wrong_in_dutch() {
    nothing_is_wrong("nl");
}

#[test]
fn nothing_is_wrong_in_english() {
    nothing_is_wrong("en");
}

#[test]
fn nothing_is_wrong_in_german() {
    nothing_is_wrong("de");
}

#[test]
fn nothing_is_wrong_from_right_to_left() {
    nothing_is_wrong(RIGHT_TO_LEFT);
}

/// The proof that the tests above can fail: axe looks into the widget.
#[test]
fn a_widget_with_faults_is_found_out() {
    let browser = Browser::start();
    (state("choosing").reach)(&scene(&browser, "en"));
    browser.look(Viewing::of(NARROWEST, Mode::Light));
    assert_eq!((browser.faults(), browser.overflows_by()), (vec![], 0));
    let _ = browser.ask(
        "const root = document.querySelector('say-so').shadowRoot;
         root.querySelector('legend').style.color = 'silver';
         root.querySelector('legend').style.minWidth = '30rem';
         root.querySelector('[part=root]').lang = 'xx-nothing';
         root.querySelector('label').remove();",
        &[],
    );
    let faults = browser.faults().join("\n");
    for rule in ["valid-lang", "color-contrast", "label"] {
        assert!(faults.contains(&format!("{rule}: ")), "{rule} in {faults}");
    }
    assert!(browser.overflows_by() > 0);
}

// ---- What a screen reader is given

/// The tree of accessible things in the page, one line each: role, name, what describes it, and what state it is in.
fn tree(browser: &Browser) -> String {
    let found = browser.devtools("Accessibility.getFullAXTree", &json!({}));
    let nodes = found["nodes"].as_array().expect("nodes");
    let form = nodes.iter().find(|node| node["role"]["value"] == "form");
    let mut lines = String::new();
    tell(form.expect("the form"), nodes, 0, &mut lines);
    lines
}

fn tell(node: &Value, nodes: &[Value], depth: usize, lines: &mut String) {
    const TOLD: [&str; 8] = [
        "checked", "disabled", "expanded", "invalid", "required", "level", "live", "busy",
    ];
    let role = node["role"]["value"].as_str().unwrap_or_default();
    let is_told = node["ignored"] != true && !matches!(role, "generic" | "none" | "InlineTextBox");
    let mut inside = depth;
    if is_told {
        let text = |field: &str| node[field]["value"].as_str().unwrap_or_default();
        let _ = write!(
            lines,
            "{:width$}{role} “{}”",
            "",
            text("name"),
            width = 2 * depth
        );
        for field in ["description", "value"] {
            if !text(field).is_empty() {
                let _ = write!(lines, ", {field} “{}”", text(field));
            }
        }
        let properties = node["properties"].as_array();
        for property in properties.into_iter().flatten() {
            let (name, value) = (&property["name"], &property["value"]["value"]);
            let name = name.as_str().unwrap_or_default();
            let is_usual = *value == false || value == "false" || value == "off";
            if TOLD.contains(&name) && (!is_usual || name == "checked" || name == "expanded") {
                let _ = write!(lines, ", {name}: {}", value.to_string().replace('"', ""));
            }
        }
        lines.push('\n');
        inside += 1;
    }
    for id in node["childIds"].as_array().into_iter().flatten() {
        let child = nodes.iter().find(|each| each["nodeId"] == *id);
        // A text that is the name of what it stands in would only be told twice.
        let is_news = |child: &&Value| {
            child["name"]["value"] != node["name"]["value"]
                || child["role"]["value"] != "StaticText"
        };
        if let Some(child) = child.filter(is_news) {
            tell(child, nodes, inside, lines);
        }
    }
}

/// Numbers that are others each time.
fn without_ids(text: &str) -> String {
    let is_id = |word: &&str| word.len() == 36 && word.matches('-').count() == 4;
    let bare = |word: &'_ str| word.trim_matches(['“', '”', ',']).to_owned();
    let ids: BTreeSet<String> = text.split_whitespace().map(bare).collect();
    let ids = ids.iter().map(String::as_str).filter(is_id);
    ids.fold(text.to_owned(), |text, id| text.replace(id, "…"))
}

/// Accepts with `SAYSO_ACCEPT=1`.
#[test]
fn a_screen_reader_is_given_this() {
    let browser = Browser::start();
    let mut given = String::new();
    for state in STATES {
        (state.reach)(&scene(&browser, "en"));
        let _ = writeln!(given, "# {}\n\n{}", state.name, tree(&browser));
    }
    let given = without_ids(&given);
    let file = workspace::root().join("tests/golden/boxes.txt");
    if std::env::var_os("SAYSO_ACCEPT").is_some() {
        fs::write(&file, &given).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(given, golden, "SAYSO_ACCEPT=1 accepts what is meant to be");
}

#[test]
fn what_happens_is_said_by_a_line_that_was_there_before() {
    let browser = Browser::start();
    let scene = scene(&browser, "en");
    scene.shows("newsletter", "");
    let was = browser.ask(
        "globalThis.line = document.querySelector('say-so').shadowRoot.querySelector('[role=status]');
         return [globalThis.line.textContent, globalThis.line.checkVisibility({ visibilityProperty: true })];",
        &[],
    );
    assert_eq!(was, json!(["", true]), "empty, and in the tree");
    browser.fill("email", "kim@example.nl");
    for (answer, label) in [("never", "sending"), ("lost", "queued")] {
        let _ = browser.ask(
            "document.querySelector('say-so').reset(); globalThis.said = [];
             globalThis.ear?.disconnect();
             globalThis.ear = new MutationObserver(() => said.push(line.textContent));
             ear.observe(line, { childList: true, characterData: true, subtree: true });",
            &[],
        );
        browser.fill("email", "kim@example.nl");
        scene.sends(answer);
        scene.says(label);
        let said = browser.ask("return [line.isConnected, globalThis.said];", &[]);
        assert_eq!(said[0], true, "the same line");
        let said = said[1].as_array().expect("a list");
        let different: BTreeSet<_> = said.iter().map(Value::to_string).collect();
        assert_eq!(said.len(), different.len(), "nothing twice: {said:?}");
    }
}

// ---- The keyboard

/// What has the focus, by its part or its text, through all shadow roots.
const FOCUS: &str = "let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at.name || at.getAttribute('part') || at.localName;";

/// Puts the keyboard before the boxes, wherever the way here left it.
fn from_the_top(browser: &Browser) {
    let top = "const top = document.querySelector('h1'); top.tabIndex = -1; top.focus();";
    let _ = browser.ask(top, &[]);
}

fn walk(browser: &Browser, steps: usize) -> Vec<String> {
    let step = |_| {
        browser.key(TAB);
        let focus = browser.ask(FOCUS, &[]);
        focus.as_str().unwrap_or_default().to_owned()
    };
    (0..steps).map(step).collect()
}

#[test]
fn the_keyboard_goes_through_it_in_the_order_in_which_it_is_read() {
    let browser = Browser::start();
    scene(&browser, "en").shows("newsletter", "");
    from_the_top(&browser);
    let order = [
        "STORE",
        "more-title",
        "EMARKETING",
        "more-title",
        "email-field",
        "link",
        "button",
    ];
    assert_eq!(
        walk(&browser, 7),
        order,
        "the last is the page's own button"
    );
    let is_whose = "return document.activeElement.textContent;";
    assert_eq!(browser.ask(is_whose, &[]), "OK");

    scene(&browser, "en").shows("chat", "chat");
    from_the_top(&browser);
    let order = [
        "EMARKETING",
        "more-title",
        "STORE",
        "more-title",
        "email-field",
        "link",
        "button",
        "button",
    ];
    assert_eq!(walk(&browser, 8), order, "its own button, then the page's");
}

#[test]
fn space_ticks_and_does_nothing_else_and_enter_opens() {
    let browser = Browser::start();
    scene(&browser, "en").shows("newsletter", "");
    from_the_top(&browser);
    let address = browser.address();
    assert_eq!(walk(&browser, 1), ["STORE"]);
    let ticked = || browser.boxes()[0].ticked;
    for expected in [true, false, true] {
        browser.key(SPACE);
        assert_eq!(ticked(), expected);
        assert_eq!(browser.ask(FOCUS, &[]), "STORE", "the focus stays");
    }
    assert_eq!(browser.ask("return globalThis.submits;", &[]), 0);
    assert_eq!(browser.address(), address);
    let open =
        "return everywhere(document).filter((e) => e.localName === 'details' && e.open).length;";
    assert_eq!(walk(&browser, 1), ["more-title"]);
    browser.key(ENTER);
    assert_eq!(browser.ask(open, &[]), 1);
    browser.key(SPACE);
    assert_eq!(browser.ask(open, &[]), 0);
}

#[test]
fn enter_in_its_field_sends_as_in_any_and_a_wrong_address_is_told_where_it_is() {
    let browser = Browser::start();
    let scene = scene(&browser, "en");
    scene.shows("chat", "chat");
    let before = "return [...document.querySelector('say-so').shadowRoot.querySelectorAll('[aria-invalid=true], [part=hint]:not([hidden])')].length;";
    assert_eq!(browser.ask(before, &[]), 0, "nothing is wrong beforehand");
    browser.fill("email", "jan@fiets");
    browser.key(ENTER);
    browser.see_at("[part=hint]");
    let told = browser.ask(
        "const root = document.querySelector('say-so').shadowRoot;
         const field = root.querySelector('[part=email-field]');
         return [field.ariaInvalid, field.autocomplete, root.getElementById(field.getAttribute('aria-describedby')).textContent];",
        &[],
    );
    assert_eq!(told, json!(["true", "email", scene.label("email_hint")]));
    eventually("the focus in the field", || {
        (browser.ask(FOCUS, &[]) == "email-field").then_some(())
    });
    // Mended in place: nothing is to be typed anew.
    browser.fill("email", ".nl");
    let _ = browser.ask("globalThis.answer = 'recorded';", &[]);
    browser.key(ENTER);
    scene.says("stored_recorded");
    // The one button stays the same, and offers the way back.
    browser.press_at("[part=change]");
    eventually("the focus back on the first box", || {
        (browser.ask(FOCUS, &[]) == "EMARKETING").then_some(())
    });
}

#[test]
fn a_button_that_was_pressed_by_keyboard_keeps_the_focus() {
    let browser = Browser::start();
    let scene = scene(&browser, "en");
    scene.shows("chat", "chat");
    browser.fill("email", "kim@example.nl");
    let _ = browser.ask("globalThis.answer = 'recorded';", &[]);
    assert_eq!(walk(&browser, 2), ["link", "button"]);
    browser.key(ENTER);
    scene.says("stored_recorded");
    assert_eq!(browser.ask(FOCUS, &[]), "change");
}

/// In the names of what is documented, no more and no less.
#[test]
fn every_part_that_is_documented_can_be_seen_and_the_other_way_round() {
    let text = fs::read_to_string(workspace::root().join("widget/THEMING.md")).expect("a text");
    let (_, parts) = text.split_once("## Parts").expect("the parts");
    let rows = parts.lines().filter(|line| line.starts_with("| `"));
    let documented: BTreeSet<String> = rows
        .filter_map(|row| Some(row.split('`').nth(1)?.to_owned()))
        .collect();
    let browser = Browser::start();
    let mut seen = BTreeSet::new();
    for state in STATES {
        (state.reach)(&scene(&browser, "en"));
        let parts = browser.ask(
            "return [...document.querySelector('say-so').shadowRoot.querySelectorAll('[part]')].flatMap((e) => [...e.part]);",
            &[],
        );
        let parts = parts.as_array().expect("a list").iter();
        seen.extend(parts.filter_map(|part| part.as_str().map(str::to_owned)));
    }
    assert_eq!(seen, documented);
}

#[test]
fn every_test_that_the_document_names_is_there() {
    let root = workspace::root();
    let text = fs::read_to_string(root.join("widget/ACCESSIBILITY.md")).expect("a text");
    let named = text.split('`').skip(1).step_by(2);
    let files: BTreeSet<&str> = named
        .filter(|name| name.rsplit('.').next() == Some("rs"))
        .collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let name = file.rsplit('/').next().unwrap_or(file);
        let places = [
            format!("tests/tests/{name}"),
            format!("tests/src/{name}"),
            format!("collector/src/ledger/{name}"),
        ];
        assert!(
            places.iter().any(|place| root.join(place).is_file()),
            "{file}"
        );
    }
}
