//! `cargo xtask screenshots`: a PNG of each hosted page in each state, into `target/screenshots`, to be looked at. The pages are those of
//! the real thing; the list is the one that axe goes through.

use std::fs;

use sayso_tests::browser::Browser;
use sayso_tests::pages::{RIGHT_TO_LEFT, STATES, Visit, full_theme, publish};
use sayso_tests::stack::Stack;
use sayso_tests::viewing::{DESKTOP, Mode, NARROWEST, PHONE, Viewing};
use sayso_tests::workspace;
use serde_json::json;

/// Enlarged ones of what is longest and what matters most.
const ENLARGED: [&str; 3] = ["confirm-waiting", "preferences-standing", "record"];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let folder = workspace::root().join("target/screenshots");
    fs::create_dir_all(&folder).expect("a folder under target/");
    let stack = Stack::start();
    publish(&stack, "plain", &json!({}));
    publish(&stack, "themed", &full_theme());
    let browser = Browser::start();
    let mut count = 0;
    for (site, languages) in [
        ("plain", ["nl", "en", RIGHT_TO_LEFT].as_slice()),
        ("themed", &["de"]),
    ] {
        for lang in languages {
            for state in STATES {
                if !wanted.is_empty() && !wanted.iter().any(|name| state.name.contains(name)) {
                    continue;
                }
                (state.reach)(&Visit {
                    stack: &stack,
                    browser: &browser,
                    site,
                    lang,
                });
                let mut viewings = vec![];
                for mode in [Mode::Light, Mode::Dark] {
                    viewings.extend([PHONE, DESKTOP].map(|width| Viewing::of(width, mode)));
                }
                if ENLARGED.contains(&state.name) {
                    viewings.push(Viewing::of(NARROWEST, Mode::Light));
                    viewings.push(Viewing::of(PHONE, Mode::Light).enlarged());
                }
                for viewing in viewings {
                    let name = format!("{}-{site}-{lang}-{}.png", state.name, viewing.name());
                    fs::write(folder.join(name), browser.whole_picture(viewing))
                        .expect("a file under target/");
                    count += 1;
                }
            }
        }
    }
    println!("{count} pictures in {}", folder.display());
}
