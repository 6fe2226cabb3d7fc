//! The same webhook and receipt, judged by JavaScript libraries that Sayso did not write: npm `standardwebhooks`, npm `jose`.

use std::time::Duration;

use sayso_tests::deadline::{PATIENCE, eventually};
use sayso_tests::leash::Leash;
use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to};
use sayso_tests::wire::{Answer, get, post};
use sayso_tests::{ports, workspace};
use serde_json::Value;
use standardwebhooks::Webhook;

struct NodeReceiver {
    origin: String,
    _leash: Leash,
}

impl NodeReceiver {
    fn start(stack: &Stack) -> Self {
        let port = ports::free(1);
        let leash = Leash::start(
            "node".as_ref(),
            &["examples/webhook-receiver-node/receiver.mjs"],
            workspace::root(),
            &[
                ("PORT", &port.to_string()),
                ("WEBHOOK_SECRET", SECRET),
                ("COLLECTOR", &stack.collector("")),
            ],
        );
        let origin = format!("http://localhost:{port}");
        let line = format!("receiver: {origin}/webhooks");
        leash
            .wait_for_line(&line, PATIENCE)
            .unwrap_or_else(|printed| panic!("{printed}"));
        NodeReceiver {
            origin,
            _leash: leash,
        }
    }

    fn state(&self) -> Value {
        get(format!("{}/state.json", self.origin))
            .send()
            .expect(200)
            .json()
    }

    fn deliver(&self, id: &str, timestamp: i64, signature: &str, body: &[u8]) -> Answer {
        post(format!("{}/webhooks", self.origin))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body("application/json", body)
            .send()
    }

    /// As the collector would: with the right secret, now.
    fn deliver_signed(&self, id: &str, body: &[u8]) -> Answer {
        let now = chrono::Utc::now().timestamp();
        self.deliver(id, now, &signature(id, now, body), body)
    }
}

fn signature(id: &str, timestamp: i64, body: &[u8]) -> String {
    let webhook = Webhook::new(SECRET).expect("a good secret");
    webhook.sign(id, timestamp, body).expect("it is UTF-8")
}

#[test]
fn node_accepts_what_is_genuine_and_refuses_what_is_forged_or_tampered_with() {
    let stack = Stack::start();
    let node = NodeReceiver::start(&stack);
    let copy = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("node", &format!("{}/webhooks", node.origin), SECRET);
    let _ = stack.add_endpoint("copy", copy.url(), SECRET);

    let email = address("node");
    let _ = says_yes_to(&stack, &email, &["STORE"]);
    eventually("Node to know", || {
        (node.state()["people"][&email]["STORE"] == "given").then_some(())
    });
    let about = |each: &Delivery| {
        let body = String::from_utf8_lossy(&each.body);
        body.contains(&email) && body.contains("consent.given")
    };
    let genuine = copy.wait_for("the same delivery elsewhere", about);
    let events = node.state()["events"].clone();
    let count = events.as_array().map_or(0, Vec::len);
    assert!(count > 0);

    // A repeat is acknowledged and changes nothing.
    assert_eq!(node.deliver_signed(genuine.id(), &genuine.body).status, 204);

    // A signature by somebody else, an old one, and one for other bytes.
    let now = chrono::Utc::now().timestamp();
    let forged = signature("other", now, &genuine.body);
    assert_eq!(
        node.deliver(genuine.id(), now, &forged, &genuine.body)
            .status,
        401
    );
    let old = now - i64::try_from(Duration::from_mins(6).as_secs()).expect("it is small");
    let replayed = signature(genuine.id(), old, &genuine.body);
    assert_eq!(
        node.deliver(genuine.id(), old, &replayed, &genuine.body)
            .status,
        401
    );
    let changed = String::from_utf8_lossy(&genuine.body).replace("given", "withdrawn");
    assert_ne!(changed.as_bytes(), genuine.body);
    let right = signature(genuine.id(), now, &genuine.body);
    let answer = node.deliver(genuine.id(), now, &right, changed.as_bytes());
    assert_eq!(answer.status, 401);

    // Even with the secret, which a CRM's every employee may have, nobody makes a receipt.
    for (id, tampered) in tampered(&genuine.body) {
        let answer = node.deliver_signed(&id, tampered.to_string().as_bytes());
        assert_eq!(answer.status, 422, "{id}: {}", answer.text());
    }
    assert_eq!(
        node.state()["events"],
        events,
        "nothing of that was believed"
    );

    // The demo CRM in Rust judges the same way.
    let rust = |id: &str, signature: &str, body: &str| {
        post(stack.crm("/webhooks"))
            .header("webhook-id", id)
            .header("webhook-timestamp", now.to_string())
            .header("webhook-signature", signature)
            .body("application/json", body)
            .send()
    };
    assert_eq!(rust(genuine.id(), &forged, &changed).status, 401);
    let secret = sayso_tests::stack::secret(stack.state(), "DEMO_WEBHOOK_SECRET");
    let webhook = Webhook::new(&secret).expect("a good secret");
    for (id, tampered) in tampered(&genuine.body) {
        let body = tampered.to_string();
        let signature = webhook
            .sign(&id, now, body.as_bytes())
            .expect("it is UTF-8");
        let answer = rust(&id, &signature, &body);
        assert_eq!(answer.status, 422, "{id}: {}", answer.text());
    }

    // Who is erased is forgotten by Node too.
    let id = &events[0]["data"]["subject"]["id"];
    let path = format!("/v1/subjects/{}?site=demo", id.as_str().expect("an id"));
    let _ = stack.admin("DELETE", &path).send().expect(200);
    eventually("Node to forget", || {
        let known = node.state().to_string();
        (known.contains("subject.erased") && !known.contains(&email)).then_some(())
    });
}

/// Events that the secret could sign and no receipt proves, each under an id of its own.
fn tampered(genuine: &[u8]) -> Vec<(String, Value)> {
    let genuine: Value = serde_json::from_slice(genuine).expect("it is JSON");
    let receipt = genuine["data"]["receipt"]
        .as_str()
        .expect("a receipt")
        .to_owned();
    let parts: Vec<&str> = receipt.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("not a compact JWS: {receipt}");
    };
    // One character of each part, in its middle, where every bit counts.
    let bent = |part: &str| {
        let middle = part.len() / 2;
        let other = if &part[middle..=middle] == "A" {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &part[..middle], &part[middle + 1..])
    };
    let receipts = [
        format!("{}.{payload}.{signature}", bent(header)),
        format!("{header}.{}.{signature}", bent(payload)),
        format!("{header}.{payload}.{}", bent(signature)),
        // `{"alg":"none"}`, the oldest trick.
        format!("eyJhbGciOiJub25lIn0.{payload}."),
        String::new(),
    ];
    let with = |name: &str, field: &str, value: Value| {
        let mut event = genuine.clone();
        event["data"][field] = value;
        event["data"]["id"] = format!("tampered-{name}").into();
        (format!("tampered-{name}"), event)
    };
    let mut events: Vec<(String, Value)> = (0..)
        .zip(receipts)
        .map(|(number, receipt)| with(&format!("receipt-{number}"), "receipt", receipt.into()))
        .collect();
    // A genuine receipt under an event that says something else.
    events.push(with("status", "status", "withdrawn".into()));
    events.push(with("purpose", "purpose", "EMARKETING".into()));
    events.push(with(
        "submission",
        "submission",
        "019abcde-0000-7000-8000-000000000000".into(),
    ));
    events.push(with("none", "receipt", Value::Null));
    events
}
