//! The page that shows the API: readable, on any screen, and nobody else is asked for anything.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::stack::Stack;
use sayso_tests::workspace;
use serde_json::{Value, json};

#[test]
fn the_api_can_be_read_on_a_desk_and_on_a_phone_and_nobody_else_is_asked() {
    let stack = Stack::start();
    let pictures = workspace::root().join("target/screenshots");
    fs::create_dir_all(&pictures).expect("a folder under target/");
    for (name, width, height) in [("desk", 1280, 900), ("phone", 390, 844)] {
        let browser = Browser::start();
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        let _ = browser.devtools("Emulation.setDeviceMetricsOverride", &screen);
        browser.open(&stack.pages("/api/"));
        browser.see("Sayso collector");
        browser.see("A page of events after a cursor");
        browser.see("Has a dead letter sent once more");
        let over = browser.ask(
            "return document.documentElement.scrollWidth - innerWidth",
            &[],
        );
        assert!(
            over.as_i64().is_some_and(|over| over <= 0),
            "{name}: {over}"
        );
        let asked = browser.ask(
            "return performance.getEntriesByType('resource').map(each => each.name)",
            &[],
        );
        let asked: Vec<&str> = asked
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let ours = [
            stack.pages("/"),
            stack.collector("/openapi.json"),
            "blob:".to_owned(),
            "data:".to_owned(),
        ];
        let others: Vec<_> = asked
            .iter()
            .filter(|url| !ours.iter().any(|our| url.starts_with(our.as_str())))
            .collect();
        assert!(asked.len() > 3 && others.is_empty(), "{name}: {asked:?}");
        // What the policy had to stop would stand here.
        let console = browser.console();
        assert!(
            !console.contains("Content Security Policy"),
            "{name}: {console}"
        );
        let picture = eventually("a picture", || {
            let taken = browser.devtools("Page.captureScreenshot", &json!({"format": "png"}));
            taken["data"].as_str().map(str::to_owned)
        });
        let picture = STANDARD.decode(picture);
        let file = pictures.join(format!("api-{name}.png"));
        fs::write(file, picture.expect("base64")).expect("a file under target/");
    }
}
