//! `cargo xtask screenshots`: a PNG of each hosted page and of the widget in each state, and of the page of ten looks, into
//! `target/screenshots`, to be looked at. They are those of the real thing; the lists are the ones that axe goes through.

use std::fs;
use std::path::PathBuf;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::pages::{self, RIGHT_TO_LEFT, Visit, full_theme, publish};
use sayso_tests::stack::Stack;
use sayso_tests::viewing::{DESKTOP, Mode, NARROWEST, PHONE, Viewing};
use sayso_tests::{boxes, workspace};
use serde_json::json;

/// Enlarged ones of what is longest and what matters most.
const ENLARGED: [&str; 4] = [
    "confirm-waiting",
    "preferences-standing",
    "record",
    "boxes-unfolded",
];

fn main() {
    let stack = Stack::start();
    publish(&stack, "plain", &json!({}));
    publish(&stack, "themed", &full_theme());
    let mut camera = Camera::new();
    for (site, languages) in [
        ("plain", ["nl", "en", RIGHT_TO_LEFT].as_slice()),
        ("themed", &["de"]),
    ] {
        for lang in languages {
            for state in pages::STATES {
                let name = format!("{}-{site}-{lang}", state.name);
                camera.look(&name, |browser| {
                    (state.reach)(&Visit {
                        stack: &stack,
                        browser,
                        site,
                        lang,
                    });
                });
            }
        }
    }
    for lang in ["nl", "en", RIGHT_TO_LEFT] {
        for state in boxes::STATES {
            camera.look(&format!("boxes-{}-{lang}", state.name), |browser| {
                (state.reach)(&boxes::Scene {
                    stack: &stack,
                    browser,
                    site: "plain",
                    lang,
                });
            });
        }
    }
    camera.look("looks", |browser| {
        browser.open(&stack.pages("/looks/"));
        eventually("all ten", || (browser.boxes().len() >= 20).then_some(()));
    });
    println!("{} pictures in {}", camera.taken, camera.folder.display());
}

/// Takes pictures of what is wanted.
struct Camera {
    browser: Browser,
    folder: PathBuf,
    /// Parts of names; none: everything
    wanted: Vec<String>,
    taken: usize,
}

impl Camera {
    fn new() -> Self {
        let folder = workspace::root().join("target/screenshots");
        fs::create_dir_all(&folder).expect("a folder under target/");
        Self {
            browser: Browser::start(),
            folder,
            wanted: std::env::args().skip(1).collect(),
            taken: 0,
        }
    }

    fn look(&mut self, name: &str, reach: impl FnOnce(&Browser)) {
        if !self.wanted.is_empty() && !self.wanted.iter().any(|part| name.contains(part)) {
            return;
        }
        reach(&self.browser);
        let mut viewings = vec![];
        for mode in [Mode::Light, Mode::Dark] {
            viewings.extend([PHONE, DESKTOP].map(|width| Viewing::of(width, mode)));
        }
        if ENLARGED.iter().any(|state| name.starts_with(state)) {
            viewings.push(Viewing::of(NARROWEST, Mode::Light));
            viewings.push(Viewing::of(PHONE, Mode::Light).enlarged());
        }
        for viewing in viewings {
            let file = self.folder.join(format!("{name}-{}.png", viewing.name()));
            fs::write(file, self.browser.whole_picture(viewing)).expect("a file under target/");
            self.taken += 1;
        }
    }
}
