//! The README's Rust snippet that pulls events, made a program: `tests/tests/readme.rs` runs it and compares its text.

use std::error::Error;

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let url = format!("{}/v1/events", std::env::var("COLLECTOR")?);
    let key = format!("Bearer {}", std::env::var("API_KEY")?);
    let mut cursor = String::new(); // or where you were
    loop {
        let page: Value = ureq::get(&url)
            .query("after", &cursor)
            .header("authorization", &key)
            .call()?
            .body_mut()
            .read_json()?;
        for event in page["events"].as_array().into_iter().flatten() {
            println!("{} {}", event["type"], event["data"]["id"]);
        }
        cursor = page["next"].as_str().ok_or("no cursor")?.into(); // keep it
        if page["more"] != true {
            return Ok(());
        }
    }
}
