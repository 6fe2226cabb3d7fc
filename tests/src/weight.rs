//! What a page weighs on its way to a phone: its HTML and its stylesheet after brotli 11, as Cloudflare and browsers speak it. Node
//! compresses, since it is here anyway.

use serde_json::Value;

use crate::pages::{State, Visit};
use crate::script::run;
use crate::wire::get;
use crate::workspace;

/// All that a page may weigh: what fits into the first round trip of a connection (10 packets), and some is left.
pub const MOST: u64 = 14_000;

/// What one page weighs, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Weight {
    /// The HTML as it is
    pub html: u64,
    /// The same after brotli
    pub html_brotli: u64,
    /// The stylesheet after brotli
    pub css_brotli: u64,
}

impl Weight {
    /// Of a page in a state.
    #[must_use]
    pub fn of(state: &State, visit: &Visit<'_>) -> Self {
        (state.reach)(visit);
        let seen = visit.browser.ask(
            "return ['<!doctype html>\\n' + document.documentElement.outerHTML,
               document.querySelector('link[rel=stylesheet]')?.getAttribute('href')];",
            &[],
        );
        let html = seen[0].as_str().expect("a page");
        let css = match &seen[1] {
            Value::String(path) => get(visit.stack.collector(path)).send().expect(200).text(),
            _ => String::new(),
        };
        let [html, html_brotli] = compressed("page.html", html);
        let [_, css_brotli] = compressed("page.css", &css);
        Self {
            html,
            html_brotli,
            css_brotli,
        }
    }

    /// All that travels.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.html_brotli + self.css_brotli
    }
}

/// The bytes before and after.
fn compressed(name: &str, text: &str) -> [u64; 2] {
    let file = workspace::fresh_folder("weight").join(name);
    std::fs::write(&file, text).expect("a file under target/");
    let script = workspace::root().join("xtask/src/size.mjs");
    let arguments = [script.display().to_string(), file.display().to_string()];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = run("node", &arguments, &[]).printed();
    let numbers: Vec<u64> = printed
        .split_whitespace()
        .map(|number| number.parse().expect("a number"))
        .collect();
    [numbers[0], numbers[2]]
}
