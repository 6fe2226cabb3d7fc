//! A real Chromium, driven with the verbs of a person: open, tick, fill, press, see.
//!
//! The verbs look into open shadow roots, since that is where `<say-so>` lives. Each waits until what it needs is
//! there; none waits for a fixed time.

use std::sync::LazyLock;
use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::{Element, ElementRef};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::deadline::{PATIENCE, eventually, within};
use crate::leash::Leash;
use crate::wire::get;
use crate::{ports, workspace};

/// The key under which WebDriver names an element (W3C WebDriver, section 12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Walks the page and every open shadow root in it.
const EVERYWHERE: &str = r"
const everywhere = (root, found = []) => {
  for (const element of root.querySelectorAll('*')) {
    found.push(element);
    if (element.shadowRoot) everywhere(element.shadowRoot, found);
  }
  return found;
};
const shown = (element) => element.checkVisibility({ visibilityProperty: true });
";

/// One browser window with a profile of its own.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    runtime: Runtime,
}

/// One checkbox of `<say-so>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Box {
    /// The key of its purpose.
    pub purpose: String,
    /// Whether it is ticked.
    pub ticked: bool,
}

impl Browser {
    /// A fresh window.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A fresh window of a Chromium that is told this on its command line.
    #[must_use]
    pub fn start_with(switches: &[&str]) -> Self {
        let profile = workspace::fresh_folder("profile");
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--window-size=412,900".to_owned(),
            "--lang=nl".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ];
        arguments.extend(switches.iter().map(ToString::to_string));
        let capabilities = json!({
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("an object above")
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let client = runtime
            .block_on(
                ClientBuilder::new(HttpConnector::new())
                    .capabilities(capabilities)
                    .connect(&DRIVER.url),
            )
            .unwrap_or_else(|error| panic!("no browser: {error}"));
        Browser { client, runtime }
    }

    /// Goes to an address.
    pub fn open(&self, url: &str) {
        self.runtime
            .block_on(self.client.goto(url))
            .unwrap_or_else(|error| panic!("cannot open {url}: {error}"));
    }

    /// Goes back, as the browser's own button does. A script that says `history.back()` is run again by chromedriver where the navigation
    /// interrupts it, and goes back twice.
    pub fn back(&self) {
        self.runtime
            .block_on(self.client.back())
            .unwrap_or_else(|error| panic!("cannot go back: {error}"));
    }

    /// Does this inside the frame that a CSS selector names, whatever its origin, and comes back out.
    pub fn inside<T>(&self, frame: &str, act: impl FnOnce() -> T) -> T {
        let script = "return everywhere(document).find((e) => e.matches(arguments[0]));";
        let element = self.find(frame, script, frame);
        self.runtime
            .block_on(element.enter_frame())
            .unwrap_or_else(|error| panic!("cannot enter {frame}: {error}"));
        let done = act();
        self.runtime
            .block_on(self.client.enter_parent_frame())
            .unwrap_or_else(|error| panic!("cannot leave {frame}: {error}"));
        done
    }

    /// Where it is now.
    #[must_use]
    pub fn address(&self) -> String {
        self.runtime
            .block_on(self.client.current_url())
            .map(|url| url.to_string())
            .unwrap_or_default()
    }

    /// The boxes that `<say-so>` shows, as soon as it shows any.
    #[must_use]
    pub fn boxes(&self) -> Vec<Box> {
        eventually("the boxes of <say-so>", || {
            let boxes = self.ask(
                "return everywhere(document)
                   .filter((e) => e.localName === 'say-so' && e.shadowRoot)
                   .flatMap((e) => [...e.shadowRoot.querySelectorAll('input[type=checkbox]')])
                   .map((box) => [box.name || box.value, box.checked]);",
                &[],
            );
            let boxes: Vec<Box> = boxes
                .as_array()?
                .iter()
                .map(|each| Box {
                    purpose: each[0].as_str().unwrap_or_default().to_owned(),
                    ticked: each[1] == true,
                })
                .collect();
            (!boxes.is_empty()).then_some(boxes)
        })
    }

    /// Ticks the box of a purpose.
    pub fn tick(&self, purpose: &str) {
        self.click(
            &format!("the box {purpose}"),
            "return everywhere(document)
               .filter((e) => e.localName === 'say-so' && e.shadowRoot)
               .flatMap((e) => [...e.shadowRoot.querySelectorAll('input[type=checkbox]')])
               .find((box) => [box.name, box.value, box.id].includes(arguments[0]));",
            purpose,
        );
        eventually("the box to be ticked", || {
            let ticked = |each: &Box| each.purpose == purpose && each.ticked;
            self.boxes().iter().any(ticked).then_some(())
        });
    }

    /// Types into the field of that `name` or `id`.
    pub fn fill(&self, field: &str, text: &str) {
        let element = self.find(
            &format!("the field {field}"),
            "return everywhere(document).find((e) => shown(e)
               && (e.matches('input, textarea, select') || e.isContentEditable)
               && [e.name, e.id].includes(arguments[0]));",
            field,
        );
        self.runtime
            .block_on(element.send_keys(text))
            .unwrap_or_else(|error| panic!("cannot type into {field}: {error}"));
    }

    /// Types a message and sends it off with Enter, as one does in a chat.
    pub fn say(&self, field: &str, text: &str) {
        // WebDriver's code for the key (W3C WebDriver, section 17.4.2).
        const ENTER: char = '\u{E007}';
        self.fill(field, &format!("{text}{ENTER}"));
    }

    /// Presses the button or link with that label.
    pub fn press(&self, label: &str) {
        self.click(
            &format!("the button {label}"),
            "return everywhere(document).find((e) => shown(e)
               && e.matches('button, a, [role=button], input[type=submit]')
               && [e.innerText, e.value, e.ariaLabel].some((t) => t?.trim() === arguments[0]));",
            label,
        );
    }

    /// Presses what a CSS selector names, wherever it is.
    pub fn press_at(&self, selector: &str) {
        self.click(
            selector,
            "return everywhere(document).find((e) => shown(e) && e.matches(arguments[0]));",
            selector,
        );
    }

    /// Waits until the page shows this text.
    pub fn see(&self, text: &str) {
        let seen = within(PATIENCE, || self.text().contains(text).then_some(()));
        assert!(
            seen.is_some(),
            "waited {} s to see “{text}” at {}; the page shows:\n{}\nthe console says:\n{}",
            PATIENCE.as_secs(),
            self.address(),
            self.text(),
            self.console()
        );
    }

    /// Waits until a CSS selector finds something, wherever it is.
    pub fn see_at(&self, selector: &str) {
        let _ = self.find(
            selector,
            "return everywhere(document).find((e) => shown(e) && e.matches(arguments[0]));",
            selector,
        );
    }

    /// Every text that can be seen now.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.ask(
            "return [document.body, ...everywhere(document).filter((e) => e.shadowRoot)
               .flatMap((e) => [...e.shadowRoot.children])]
               .filter((e) => e && !e.matches('style, script')).map((e) => e.innerText).join('\\n');",
            &[],
        );
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The result of a function's body. `everywhere(root)` and `shown(element)` are at hand.
    pub fn ask(&self, script: &str, arguments: &[Value]) -> Value {
        self.runtime
            .block_on(
                self.client
                    .execute(&format!("{EVERYWHERE}{script}"), arguments.to_vec()),
            )
            // The page may be leaving: ask again.
            .unwrap_or_default()
    }

    /// A PNG of what a CSS selector finds, in a window that is high enough for it.
    #[must_use]
    pub fn picture(&self, selector: &str) -> Vec<u8> {
        let sized = self
            .runtime
            .block_on(self.client.set_window_size(560, 1600));
        sized.unwrap_or_else(|error| panic!("the window cannot be sized: {error}"));
        let script = "return everywhere(document).find((e) => e.matches(arguments[0]));";
        let element = self.find(selector, script, selector);
        self.runtime
            .block_on(element.screenshot())
            .unwrap_or_else(|error| panic!("no picture of {selector}: {error}"))
    }

    /// Presses a key of the keyboard, wherever the page's focus is: WebDriver's codes (W3C WebDriver, section 17.4.2).
    pub fn key(&self, key: char) {
        let press = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key });
        self.runtime
            .block_on(self.client.perform_actions(press))
            .unwrap_or_else(|error| panic!("no keyboard: {error}"));
    }

    /// Cuts the line of this browser, or mends it.
    pub fn cut(&self, offline: bool) {
        let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        let _ = self.devtools("Network.enable", &json!({}));
        let _ = self.devtools("Network.emulateNetworkConditions", &conditions);
    }

    /// A command of Chromium's own (Chrome DevTools Protocol), and its result.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let session = self.runtime.block_on(self.client.session_id());
        let session = session.ok().flatten().expect("a session");
        crate::wire::post(format!("{}/session/{session}/goog/cdp/execute", DRIVER.url))
            .json(&json!({"cmd": command, "params": parameters}))
            .send()
            .expect(200)
            .json()["value"]
            .clone()
    }

    /// What the page wrote to the console, errors of the network among it.
    #[must_use]
    pub fn console(&self) -> String {
        let session = self.runtime.block_on(self.client.session_id());
        let Ok(Some(session)) = session else {
            return String::new();
        };
        crate::wire::post(format!("{}/session/{session}/se/log", DRIVER.url))
            .json(&json!({"type": "browser"}))
            .try_send()
            .map(|answer| answer.text())
            .unwrap_or_default()
    }

    fn find(&self, what: &str, script: &str, argument: &str) -> Element {
        let found = within(PATIENCE, || {
            let answer = self.ask(script, &[json!(argument)]);
            answer[ELEMENT].as_str().map(str::to_owned)
        });
        let id = found.unwrap_or_else(|| {
            panic!(
                "waited {} s for {what} at {}; the page shows:\n{}\nthe console says:\n{}",
                PATIENCE.as_secs(),
                self.address(),
                self.text(),
                self.console()
            )
        });
        Element::from_element_id(self.client.clone(), ElementRef::from(id))
    }

    /// A press that meets a moving page is tried again; what is never there or never free to press is a failure.
    fn click(&self, what: &str, script: &str, argument: &str) {
        let mut last = String::new();
        let pressed = within(PATIENCE, || {
            let element = self.find(what, script, argument);
            self.runtime
                .block_on(element.click())
                .map_err(|error| last = error.to_string())
                .ok()
        });
        assert!(pressed.is_some(), "cannot press {what}: {last}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A browser that is already gone needs no farewell.
        let _ = self.runtime.block_on(self.client.clone().close());
    }
}

struct Driver {
    url: String,
    /// Ends it with us.
    _leash: Leash,
}

/// One for all windows of a test program.
static DRIVER: LazyLock<Driver> = LazyLock::new(|| {
    let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
    let port = ports::free(1);
    let leash = Leash::start(
        program.as_ref(),
        &[&format!("--port={port}")],
        workspace::root(),
        &[],
    );
    let url = format!("http://localhost:{port}");
    let ready = within(Duration::from_secs(20), || {
        let answer = get(format!("{url}/status")).try_send().ok()?;
        (answer.json()["value"]["ready"] == true).then_some(())
    });
    assert!(
        ready.is_some(),
        "{program} does not start; `cargo xtask test` installs it:\n{}",
        leash.printed()
    );
    Driver { url, _leash: leash }
});
