//! How the widget is seen: targets that a finger hits, lines and rings that stand out by day and by night, in colours that the system forces,
//! with wider letters and with type twice as large, and nothing that moves. What axe can judge is in `widget_access.rs`.

use std::sync::LazyLock;

use sayso_tests::boxes::{STATES, Scene, State};
use sayso_tests::browser::Browser;
use sayso_tests::pages::{RIGHT_TO_LEFT, publish};
use sayso_tests::stack::Stack;
use sayso_tests::viewing::{DESKTOP, Mode, NARROWEST, PHONE, Viewing};
use serde_json::{Value, json};

/// WCAG 2.2, 2.5.8, in CSS pixels.
const SMALLEST_TARGET: f64 = 24.0;

/// WCAG 2.2, 1.4.11.
const CLEAR: f64 = 3.0;

static STACK: LazyLock<Stack> = LazyLock::new(|| {
    let stack = Stack::start();
    publish(&stack, "plain", &json!({}));
    stack
});

fn reach(browser: &Browser, state: &State, lang: &str) {
    (state.reach)(&Scene {
        stack: &STACK,
        browser,
        site: "plain",
        lang,
    });
}

fn state(name: &str) -> State {
    let mut states = STATES.iter();
    *states.find(|state| state.name == name).expect("a state")
}

/// A list of texts that a script finds wrong.
fn faults(browser: &Browser, script: &str) -> Vec<String> {
    let found = browser.ask(&format!("{SEEN}{script}"), &[]);
    let found = found.as_array();
    let found = found.unwrap_or_else(|| panic!("no answer to {script}"));
    found.iter().map(Value::to_string).collect()
}

/// What the scripts below know: the widget's controls that can be seen, and how colours stand out from each other.
const SEEN: &str = r"
const root = document.querySelector('say-so').shadowRoot;
const controls = [...root.querySelectorAll('input, button, summary, a')].filter(shown);
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
// The colour that is seen where these lie upon each other, the lowest first.
const mixed = (...colours) => {
  canvas.clearRect(0, 0, 1, 1);
  for (const colour of colours) {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
  }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const above = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host;
const behind = (element) => {
  const colours = [];
  for (let at = element; at; at = above(at)) colours.unshift(getComputedStyle(at).backgroundColor);
  const canvas = matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#fff';
  return [canvas, ...colours];
};
const luminance = (colour) => {
  const [r, g, b] = colour.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const named = (element) => element.getAttribute('part') ?? element.localName;
";

#[test]
fn every_target_is_large_enough_for_a_finger() {
    let browser = Browser::start();
    for lang in ["en", RIGHT_TO_LEFT] {
        for state in STATES {
            reach(&browser, state, lang);
            for width in [NARROWEST, DESKTOP] {
                browser.look(Viewing::of(width, Mode::Light));
                let script = format!(
                    "return controls.map((e) => [named(e), e.getBoundingClientRect().width, e.getBoundingClientRect().height])
                       .filter(([, wide, high]) => wide < {SMALLEST_TARGET} || high < {SMALLEST_TARGET});"
                );
                let small = faults(&browser, &script);
                assert!(small.is_empty(), "{} {lang} {width}: {small:?}", state.name);
            }
        }
    }
}

/// How much what is drawn at the edge of an element stands out from what is around it: the most of any pixel, measured in a picture.
fn edge_of(browser: &Browser, selector: &str) -> f64 {
    const AROUND: f64 = 6.0;
    let place = browser.ask(
        "window.scrollTo(0, 0);
         const e = everywhere(document).find((e) => shown(e) && e.matches(arguments[0]));
         const { x, y, width, height } = e.getBoundingClientRect();
         return { x: x + scrollX, y: y + scrollY, width, height };",
        &[json!(selector)],
    );
    let side = |name: &str| place[name].as_f64().expect("a number");
    let clip = json!({
        "x": side("x") - AROUND, "y": side("y") - AROUND,
        "width": side("width") + 2.0 * AROUND, "height": side("height") + 2.0 * AROUND, "scale": 2,
    });
    let taken = browser.devtools(
        "Page.captureScreenshot",
        &json!({"format": "png", "clip": clip, "captureBeyondViewport": true}),
    );
    // The first pixel lies around it; the edge is looked for along the line through its middle.
    let most = browser.ask(
        &format!(
            "{SEEN}
             const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
             return createImageBitmap(new Blob([bytes], {{ type: 'image/png' }})).then((picture) => {{
               const {{ width, height }} = picture;
               const drawn = new OffscreenCanvas(width, height).getContext('2d');
               drawn.drawImage(picture, 0, 0);
               const at = (x) => [...drawn.getImageData(x, height >> 1, 1, 1).data].slice(0, 3);
               const around = at(1);
               return Math.max(...Array.from({{ length: width >> 2 }}, (_, x) => contrast(at(x), around)));
             }});"
        ),
        &[taken["data"].clone()],
    );
    most.as_f64().expect("a contrast")
}

#[test]
fn boxes_and_fields_stand_out_by_day_and_by_night_ticked_or_not() {
    let browser = Browser::start();
    for name in ["choosing", "chosen", "email-wrong", "chat", "chat-stored"] {
        reach(&browser, &state(name), "en");
        for mode in [Mode::Light, Mode::Dark] {
            browser.look(Viewing::of(PHONE, mode));
            let mut edges = vec!["[part=box][name=STORE]", "[part=box][name=EMARKETING]"];
            match name {
                // What is disabled need not stand out.
                "chat-stored" => edges = vec!["[part=change]"],
                "chat" => edges.extend(["[part=email-field]", "[part=button]"]),
                _ => edges.push("[part=email-field]"),
            }
            for selector in edges {
                let contrast = edge_of(&browser, selector);
                assert!(
                    contrast >= CLEAR,
                    "{name} {mode:?} {selector}: {contrast:.2}:1"
                );
            }
        }
    }
}

/// Focuses each control, and tells those whose ring is too thin or too pale.
const RINGS: &str = "
return controls.filter((e) => !e.matches(':disabled')).map((element) => {
  element.focus({ focusVisible: true });
  const { outlineStyle, outlineWidth, outlineColor, outlineOffset } = getComputedStyle(element);
  const under = behind(above(element));
  const clear = contrast(mixed(...under, outlineColor), mixed(...under));
  const hit = element.getBoundingClientRect();
  const top = document.elementFromPoint(hit.x + hit.width / 2, hit.y + hit.height / 2);
  return [named(element), outlineStyle, parseFloat(outlineWidth), clear, top === root.host, outlineOffset];
}).filter(([, style, wide, clear, seen]) => !(style === 'solid' && wide >= 2 && clear >= 3 && seen));";

#[test]
fn what_has_the_focus_is_seen_by_day_and_by_night() {
    let browser = Browser::start();
    for name in [
        "choosing",
        "unfolded",
        "email-wrong",
        "chat",
        "chat-stored",
        "door",
    ] {
        reach(&browser, &state(name), "en");
        for mode in [Mode::Light, Mode::Dark] {
            browser.look(Viewing::of(PHONE, mode));
            let pale = faults(&browser, RINGS);
            assert!(pale.is_empty(), "{name} {mode:?}: {pale:?}");
        }
    }
}

#[test]
fn in_forced_colours_everything_is_still_there() {
    let browser = Browser::start();
    for name in ["choosing", "chosen", "email-wrong", "chat", "chat-stored"] {
        reach(&browser, &state(name), "en");
        for mode in ["light", "dark"] {
            browser.look(Viewing::of(PHONE, Mode::Light));
            let features = json!([
                {"name": "forced-colors", "value": "active"}, {"name": "prefers-color-scheme", "value": mode},
            ]);
            let _ = browser.devtools("Emulation.setEmulatedMedia", &json!({"features": features}));
            let forced = "return matchMedia('(forced-colors: active)').matches;";
            assert_eq!(browser.ask(forced, &[]), true);
            let edges: &[&str] = match name {
                "chat-stored" => &["[part=change]"],
                "chat" => &[
                    "[part=box][name=STORE]",
                    "[part=email-field]",
                    "[part=button]",
                ],
                _ => &[
                    "[part=box][name=STORE]",
                    "[part=box][name=EMARKETING]",
                    "[part=email-field]",
                ],
            };
            for selector in edges {
                let contrast = edge_of(&browser, selector);
                assert!(
                    contrast >= CLEAR,
                    "{name} {mode} {selector}: {contrast:.2}:1"
                );
            }
            let pale = faults(&browser, RINGS);
            assert!(pale.is_empty(), "{name} {mode}: {pale:?}");
        }
    }
}

/// Texts that lie upon each other, are cut off, or stand outside the window.
const LOST: &str = "
const texts = [];
const walk = (at) => {
  for (const node of at.childNodes) {
    if (node.nodeType === Node.TEXT_NODE && node.textContent.trim() && shown(node.parentElement)) texts.push(node);
    else if (node.nodeType === Node.ELEMENT_NODE) walk(node);
  }
};
walk(root);
const lines = texts.flatMap((text) => {
  const range = document.createRange();
  range.selectNodeContents(text);
  return [...range.getClientRects()].map((rect) => ({ text, rect }));
});
const wrong = lines.filter(({ rect }) => rect.left < -1 || rect.right > innerWidth + 1).map(({ text }) => `outside: ${text.textContent}`);
for (const [at, { text, rect }] of lines.entries()) {
  for (const other of lines.slice(at + 1)) {
    const across = Math.min(rect.right, other.rect.right) - Math.max(rect.left, other.rect.left);
    const down = Math.min(rect.bottom, other.rect.bottom) - Math.max(rect.top, other.rect.top);
    if (other.text !== text && across > 1 && down > 4) wrong.push(`upon each other: ${text.textContent} / ${other.text.textContent}`);
  }
}
for (const element of root.querySelectorAll('*')) {
  const { overflowX, overflowY } = getComputedStyle(element);
  const cuts = [overflowX, overflowY].some((each) => each !== 'visible') && !element.matches('input');
  if (shown(element) && cuts && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1))
    wrong.push(`cut off: ${element.outerHTML}`);
}
const all = root.querySelector('[part~=root]');
if (all.scrollWidth > root.host.clientWidth + 1) {
  const { left, right } = root.host.getBoundingClientRect();
  const wide = [...root.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > right || e.getBoundingClientRect().left < left);
  wrong.push(`${all.scrollWidth} px wide in a place of ${root.host.clientWidth}: ${wide.map((e) => e.outerHTML)}`);
}
for (const button of root.querySelectorAll('button'))
  if (shown(button) && button.scrollWidth > button.clientWidth + 1) wrong.push(`too narrow: ${button.textContent}`);
return wrong;";

fn nothing_is_lost(name: &str, narrowest: u32, change: &str) {
    let browser = Browser::start();
    for lang in ["en", "de", RIGHT_TO_LEFT] {
        for state in STATES {
            reach(&browser, state, lang);
            let _ = browser.ask(change, &[]);
            for width in [narrowest, DESKTOP] {
                browser.look(Viewing::of(width, Mode::Light));
                let lost = faults(&browser, LOST);
                assert!(
                    lost.is_empty(),
                    "{name} {} {lang} {width}: {lost:#?}",
                    state.name
                );
            }
        }
    }
}

/// WCAG 2.2, 1.4.12: all four at once, in the widget as in the page.
#[test]
fn with_wider_letters_words_and_lines_nothing_is_lost() {
    nothing_is_lost(
        "spaced",
        NARROWEST,
        "const sheet = new CSSStyleSheet();
         sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }');
         for (const root of [document, document.querySelector('say-so').shadowRoot])
           root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];",
    );
}

/// WCAG 2.2, 1.4.4, on a desk and on a phone.
#[test]
fn with_type_twice_as_large_nothing_is_lost() {
    nothing_is_lost(
        "twice",
        PHONE,
        "document.documentElement.style.fontSize = '200%';",
    );
}

#[test]
fn the_type_and_the_boxes_grow_with_the_pages_type() {
    let browser = Browser::start();
    reach(&browser, &state("choosing"), "en");
    let sizes = "const root = document.querySelector('say-so').shadowRoot;
         const size = (part) => parseFloat(getComputedStyle(root.querySelector(`[part=${part}]`)).fontSize);
         return [size('title'), size('text'), size('email-field'), root.querySelector('[part=box]').getBoundingClientRect().width];";
    let before = browser.ask(sizes, &[]);
    let _ = browser.ask("document.documentElement.style.fontSize = '200%';", &[]);
    let after = browser.ask(sizes, &[]);
    for (before, after) in before
        .as_array()
        .expect("sizes")
        .iter()
        .zip(after.as_array().expect("sizes"))
    {
        let grown = after.as_f64().expect("px") / before.as_f64().expect("px");
        assert!((1.9..2.1).contains(&grown), "{before} px to {after} px");
    }
}

/// Nothing moves for anybody, so nobody has to ask for less (2.2.2, 2.3.3).
#[test]
fn nothing_moves() {
    let browser = Browser::start();
    for state in STATES {
        reach(&browser, state, "en");
        let moving = faults(
            &browser,
            "const styled = [...root.querySelectorAll('*'), root.host].filter((e) => {
               const { transitionDuration, animationName } = getComputedStyle(e);
               return animationName !== 'none' || transitionDuration.split(',').some((each) => parseFloat(each) > 0);
             });
             const running = [...document.getAnimations(), ...root.getAnimations()].map(({ effect }) => effect.target);
             return [...styled, ...running].map(named);",
        );
        assert!(moving.is_empty(), "{}: {moving:?}", state.name);
    }
}

/// The proof that the tests above can fail.
#[test]
fn a_widget_that_is_hard_to_see_is_found_out() {
    let browser = Browser::start();
    reach(&browser, &state("choosing"), "en");
    browser.look(Viewing::of(PHONE, Mode::Light));
    let spoil = "const sheet = new CSSStyleSheet();
         sheet.replaceSync('input { width: 20px !important; outline-color: silver !important; border-color: #eee !important } [part=text] { margin-top: -1em !important } legend { transition: color 1s }');
         const root = document.querySelector('say-so').shadowRoot;
         root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];";
    assert!(faults(&browser, LOST).is_empty());
    let _ = browser.ask(spoil, &[]);
    assert!(!faults(&browser, LOST).is_empty(), "upon each other");
    assert_eq!(faults(&browser, RINGS).len(), 3, "pale rings");
    assert!(edge_of(&browser, "[part=email-field]") < CLEAR);
}
