//! Takes the README's picture: `cargo run -p sayso-tests --bin screenshot` after `cargo xtask build`.

use sayso_tests::{browser::Browser, stack::Stack, workspace};

fn main() {
    let stack = Stack::start();
    let browser = Browser::start();
    browser.open(&stack.pages("/web-form/en.html"));
    browser.fill("name", "Kim de Boer");
    browser.fill("email", "kim@example.nl");
    browser.fill("question", "Do you have a tandem for a weekend?");
    browser.tick("EMARKETING");
    let picture = workspace::root().join("examples/screenshot.png");
    std::fs::write(&picture, browser.picture("form")).expect("the examples folder can be written");
    println!("{}", picture.display());
}
