//! How a page is looked at: how wide, by day or by night, how much enlarged; and what axe-core, which Sayso did not write, says of it.

use std::fs;
use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::workspace;

/// By day or by night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `prefers-color-scheme: light`
    Light,
    /// `prefers-color-scheme: dark`
    Dark,
}

/// One way to look at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewing {
    /// Of the window, in CSS pixels before enlarging.
    pub width: u32,
    /// 1, or 2 for 200 %.
    pub zoom: u32,
    /// By day or by night.
    pub mode: Mode,
}

/// The narrowest that must do without scrolling sideways (WCAG 2.2, 1.4.10).
pub const NARROWEST: u32 = 320;
/// A phone of today.
pub const PHONE: u32 = 390;
/// A desk.
pub const DESKTOP: u32 = 1280;

/// Every way in which a page must be without a fault.
pub const VIEWINGS: [Viewing; 4] = [
    Viewing::of(NARROWEST, Mode::Light),
    Viewing::of(NARROWEST, Mode::Dark),
    Viewing::of(DESKTOP, Mode::Light),
    Viewing::of(DESKTOP, Mode::Dark),
];

/// What is asked of axe: the levels of WCAG that hold by law, and what else it knows to be good.
const TAGS: [&str; 6] = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
];

static AXE: LazyLock<String> = LazyLock::new(|| {
    let file = workspace::root().join("node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask test` installs it",
            file.display()
        )
    })
});

impl Viewing {
    /// Not enlarged.
    #[must_use]
    pub const fn of(width: u32, mode: Mode) -> Self {
        Self {
            width,
            zoom: 1,
            mode,
        }
    }

    /// At 200 %.
    #[must_use]
    pub const fn enlarged(self) -> Self {
        Self { zoom: 2, ..self }
    }

    /// Enlarging makes the same glass hold fewer, larger CSS pixels.
    fn metrics(self) -> Value {
        json!({
            "width": self.width / self.zoom, "height": 900 / self.zoom,
            "deviceScaleFactor": self.zoom, "mobile": false,
        })
    }

    /// For the name of a picture.
    #[must_use]
    pub fn name(self) -> String {
        let Self { width, zoom, mode } = self;
        let mode = match mode {
            Mode::Light => "light",
            Mode::Dark => "dark",
        };
        if zoom == 1 {
            format!("{width}-{mode}")
        } else {
            format!("{width}-{mode}-{zoom}00%")
        }
    }
}

impl Browser {
    /// Looks at the page in this way from now on.
    pub fn look(&self, viewing: Viewing) {
        let scheme = match viewing.mode {
            Mode::Light => "light",
            Mode::Dark => "dark",
        };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let _ = self.devtools("Emulation.setEmulatedMedia", &json!({"features": features}));
        let metrics = viewing.metrics();
        let _ = self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let seen = self.ask(
            "return [innerWidth, matchMedia(`(prefers-color-scheme: ${arguments[0]})`).matches];",
            &[json!(scheme)],
        );
        assert_eq!(seen, json!([viewing.width / viewing.zoom, true]));
    }

    /// By how many pixels the page is wider than the window.
    #[must_use]
    pub fn overflows_by(&self) -> i64 {
        let pixels = self.ask(
            "const page = document.documentElement; return page.scrollWidth - page.clientWidth;",
            &[],
        );
        pixels.as_i64().expect("a number of pixels")
    }

    /// What axe finds wrong, one line for each; and what it cannot judge of contrast, since nothing of ours is that hard to judge.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        // WebDriver's scripts are not the page's: its policy does not hold for them.
        let script = format!(
            "{}; return axe.run(document, {{ runOnly: {} }}).then((found) => ({{
               passes: found.passes.length,
               faults: [...found.violations, ...found.incomplete.filter((rule) => rule.id === 'color-contrast')]
                 .flatMap((rule) => rule.nodes.map((node) => `${{rule.id}}: ${{node.html}}: ${{node.failureSummary}}`)),
             }}));",
            *AXE,
            json!(TAGS)
        );
        let found = self.ask(&script, &[]);
        let passes = found["passes"].as_u64().unwrap_or_default();
        assert!(
            passes >= 10,
            "axe did not run at {}: {found}",
            self.address()
        );
        let faults = found["faults"].as_array().expect("a list").iter();
        faults
            .map(|fault| fault.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// A PNG of the whole page, seen in this way.
    #[must_use]
    pub fn whole_picture(&self, viewing: Viewing) -> Vec<u8> {
        let _ = self.devtools("Emulation.setScrollbarsHidden", &json!({"hidden": true}));
        self.look(viewing);
        // A window as high as the page: what lies beyond a window is drawn in the wrong place where one reads from right to left.
        let height = self.ask("return document.documentElement.scrollHeight;", &[]);
        let mut metrics = viewing.metrics();
        metrics["height"] = height;
        let _ = self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let taken = self.devtools("Page.captureScreenshot", &json!({"format": "png"}));
        let data = taken["data"].as_str().expect("a picture");
        BASE64.decode(data).expect("base64")
    }
}
