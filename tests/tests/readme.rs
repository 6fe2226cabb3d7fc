//! The README's snippets, run as they stand there: what a reader copies works.
//!
//! A block counts when a comment `<!-- run: NAME -->` stands on the line above its fence. Every name has a test here, and
//! every test its block.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::script::{Ended, bash, node, python, run};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to};
use sayso_tests::workspace::{fresh_folder, root};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// The blocks by name.
static BLOCKS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md can be read");
    blocks(&text)
});

const NAMES: [&str; 7] = [
    "pull-curl",
    "pull-node",
    "pull-python",
    "pull-rust",
    "verify-node",
    "verify-python",
    "verify-rust",
];

fn blocks(text: &str) -> BTreeMap<String, String> {
    text.split("<!-- run: ")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once(" -->\n```").expect("a fence below it");
            let (_, rest) = rest.split_once('\n').expect("a line of the fence");
            let (block, _) = rest.split_once("\n```").expect("the end of the fence");
            (name.to_owned(), block.to_owned())
        })
        .collect()
}

fn block(name: &str) -> &'static str {
    BLOCKS
        .get(name)
        .unwrap_or_else(|| panic!("README.md has no block `<!-- run: {name} -->`"))
}

#[test]
fn every_marked_block_is_run_by_a_test_here() {
    let names: Vec<&str> = BLOCKS.keys().map(String::as_str).collect();
    assert_eq!(names, NAMES);
}

#[test]
fn the_rust_blocks_are_the_text_that_is_compiled() {
    for (name, source) in [
        ("verify-rust", include_str!("../src/bin/readme_verify.rs")),
        ("pull-rust", include_str!("../src/bin/readme_pull.rs")),
    ] {
        assert!(
            source.contains(block(name)),
            "{name} is not in tests/src/bin"
        );
    }
}

/// A delivery as it came in, and what became of it under way.
struct Deliveries {
    genuine: Value,
    forged: Vec<Value>,
}

static DELIVERIES: LazyLock<Deliveries> = LazyLock::new(|| {
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = STACK.add_endpoint("readme", receiver.url(), SECRET);
    let (email, other) = (address("readme"), address("other"));
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    let _ = says_yes_to(&STACK, &other, &["STORE"]);
    let about = |email: String| {
        move |delivery: &Delivery| {
            let body = String::from_utf8_lossy(&delivery.body);
            body.contains(&email) && body.contains("consent.given")
        }
    };
    let genuine = receiver.wait_for("a delivery", about(email));
    let other = receiver.wait_for("another delivery", about(other));

    let event = |delivery: &Delivery| -> Value {
        serde_json::from_slice(&delivery.body).expect("it is JSON")
    };
    let mut signed_by_nobody = as_json(&genuine);
    signed_by_nobody["body"] = json!(event(&genuine).to_string().replace("given", "refused"));
    // These two know the webhook's secret, as the CRM does. They lack the collector's key.
    let mut bent = event(&genuine);
    let receipt = bent["data"]["receipt"].as_str().expect("a receipt");
    let middle = receipt.len() / 2;
    let letter = if receipt[middle..].starts_with('A') {
        'B'
    } else {
        'A'
    };
    let receipt = format!("{}{letter}{}", &receipt[..middle], &receipt[middle + 1..]);
    bent["data"]["receipt"] = json!(receipt);
    let mut borrowed = event(&genuine);
    borrowed["data"]["receipt"] = event(&other)["data"]["receipt"].clone();
    Deliveries {
        genuine: as_json(&genuine),
        forged: vec![signed_by_nobody, signed(&bent), signed(&borrowed)],
    }
});

fn as_json(delivery: &Delivery) -> Value {
    let headers: BTreeMap<&str, &str> = delivery
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    json!({"headers": headers, "body": String::from_utf8_lossy(&delivery.body)})
}

fn signed(event: &Value) -> Value {
    let (id, now) = ("msg_forged", chrono::Utc::now().timestamp());
    let body = event.to_string();
    let webhook = standardwebhooks::Webhook::new(SECRET).expect("a good secret");
    let signature = webhook.sign(id, now, body.as_bytes()).expect("it is UTF-8");
    let headers = json!({
        "webhook-id": id,
        "webhook-timestamp": now.to_string(),
        "webhook-signature": signature,
    });
    json!({"headers": headers, "body": body})
}

fn verifies_what_is_genuine_and_nothing_else(verify: impl Fn(&[(&str, &str)]) -> Ended) {
    let attempt = |delivery: &Value| {
        let file = fresh_folder("delivery").join("delivery.json");
        fs::write(&file, delivery.to_string()).expect("a file under target/");
        verify(&[
            ("COLLECTOR", &STACK.collector("")),
            ("WEBHOOK_SECRET", SECRET),
            ("DELIVERY", &file.display().to_string()),
        ])
    };
    let said = attempt(&DELIVERIES.genuine).printed().replace('"', "");
    assert_eq!(said.trim(), "STORE given");
    for forged in &DELIVERIES.forged {
        let ended = attempt(forged);
        assert!(!ended.success, "believed {forged}: {}", ended.stdout);
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn verify_in_node() {
    let text = block("verify-node").to_owned()
        + r#"
        const { readFileSync } = await import("node:fs");
        const { headers, body } = JSON.parse(readFileSync(process.env.DELIVERY));
        const { purpose, status } = await verify(body, headers);
        console.log(purpose, status);"#;
    verifies_what_is_genuine_and_nothing_else(|environment| node(&text, environment));
}

#[test]
fn verify_in_python() {
    let text = block("verify-python").to_owned()
        + r#"
delivery = json.load(open(os.environ["DELIVERY"]))
data = verify(delivery["body"], delivery["headers"])
print(data["purpose"], data["status"])"#;
    verifies_what_is_genuine_and_nothing_else(|environment| python(&text, environment));
}

#[test]
fn verify_in_rust() {
    let program = env!("CARGO_BIN_EXE_readme_verify");
    verifies_what_is_genuine_and_nothing_else(|environment| run(program, &[], environment));
}

/// The program prints the id of every event, in order; without a good key it fails.
fn pulls(pull: impl Fn(&[(&str, &str)]) -> Ended) {
    let _ = says_yes_to(&STACK, &address("pull"), &["STORE"]);
    let (events, _) = STACK.events();
    let environment = |key: &str| {
        let collector = STACK.collector("");
        pull(&[("COLLECTOR", &collector), ("API_KEY", key)])
    };
    let printed = environment(&STACK.demo_key()).printed();
    let mut rest = printed.as_str();
    for event in &events {
        let id = event["data"]["id"].as_str().expect("an id");
        let at = rest.find(id).unwrap_or_else(|| panic!("no {id} in {rest}"));
        rest = &rest[at + id.len()..];
    }
    assert!(
        !environment("sk_wrong").success,
        "a wrong key goes unnoticed"
    );
}

#[test]
fn pull_with_curl() {
    pulls(|environment| bash(block("pull-curl"), environment));
}

#[test]
fn pull_in_node() {
    pulls(|environment| node(block("pull-node"), environment));
}

#[test]
fn pull_in_python() {
    pulls(|environment| python(block("pull-python"), environment));
}

#[test]
fn pull_in_rust() {
    pulls(|environment| run(env!("CARGO_BIN_EXE_readme_pull"), &[], environment));
}
