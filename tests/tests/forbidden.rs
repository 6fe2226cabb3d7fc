//! An address that was allowed when it was set, and is not any more: it is looked at before each send.

use std::fs;
use std::path::Path;

use sayso_tests::crm::Cloud;
use sayso_tests::crm::hubspot::{HubSpot, NEWSLETTER, TOKEN};
use sayso_tests::deadline::eventually;
use sayso_tests::leash::Leash;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::receiver::{Manner, Receiver, SECRET};
use sayso_tests::stack::{Stack, secret};
use sayso_tests::visitor::{address, confirm, says_yes_to};
use sayso_tests::wire::{Ask, ask, get};
use sayso_tests::workspace::{root, workerd};
use serde_json::{Value, json};

const PLACES: [&str; 2] = ["endpoints/nearby", "connectors/nearby-crm"];

/// The collector of a stack that was stopped, on its state, as it would be for everybody: then nothing on this machine is sent to.
fn for_everybody(state: &Path, port: u16) -> Leash {
    let file = state.join("workerd.capnp");
    let text = fs::read_to_string(&file).expect("dev wrote it");
    let local = format!("text = \"http://localhost:{port}\"");
    assert!(text.contains(&local), "{text}");
    let public = text.replace(&local, "text = \"https://consent.example.com\"");
    fs::write(&file, public).expect("a file of the test's own");
    let file = file.display().to_string();
    let names = ["SAYSO_SIGNING_KEY", "SAYSO_KEK", "SAYSO_ADMIN_TOKEN"];
    let secrets = names.map(|name| (name, secret(state, name)));
    let environment = secrets
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let arguments = ["serve", "--experimental", "--import-path=/", &file];
    let leash = Leash::start(&workerd(), &arguments, root(), &environment);
    eventually("the collector", || {
        let health = get(format!("http://localhost:{port}/health")).try_send();
        health.ok().filter(|answer| answer.status == 200)
    });
    leash
}

#[test]
fn an_address_that_is_not_allowed_any_more_is_not_sent_to_and_nothing_is_lost() {
    let stack = Stack::start();
    let receiver = Receiver::start(Manner::Answer(204));
    let cloud = Cloud::start(HubSpot::default());
    let _ = stack.add_endpoint("nearby", receiver.url(), SECRET);
    let wish = json!({
        "crm": "hubspot", "credentials": {"token": TOKEN},
        "settings": {"origin": cloud.origin(), "purposes": {"EMARKETING": {"subscription": NEWSLETTER}}},
    });
    let path = "/v1/sites/demo/connectors/nearby-crm";
    let _ = stack.admin("PUT", path).json(&wish).send().expect(201);
    let ends = |ask: Ask| drop(ask.send().expect(204));
    for place in PLACES {
        ends(stack.admin("POST", &format!("/v1/sites/demo/{place}/disable")));
    }
    let email = address("nearby");
    let _ = says_yes_to(&stack, &email, &["EMARKETING"]);
    let _ = confirm(&wait_for_mail(&stack, &email).confirm_link());
    let (state, port, token) = (stack.state().to_owned(), stack.port(), stack.admin_token());
    let _ = stack.stop();

    let collector = for_everybody(&state, port);
    let at = |method: &str, path: &str| {
        ask(
            method,
            format!("http://localhost:{port}/v1/sites/demo/{path}"),
        )
        .bearer(&token)
    };
    for place in PLACES {
        ends(at("POST", &format!("{place}/enable")));
        let attempt = eventually("the attempt", || {
            let seen = at("GET", &format!("{place}/deliveries")).send().expect(200);
            let attempt = seen.json()["deliveries"][0]["attempts"][0].clone();
            attempt.is_object().then_some(attempt)
        });
        assert_eq!(attempt["reason"], "forbidden", "{place}: {attempt}");
        assert_eq!(attempt["status"], Value::Null, "{place}: {attempt}");
    }
    let is_about = |body: &[u8]| String::from_utf8_lossy(body).contains(&email);
    assert!(
        !receiver
            .deliveries()
            .iter()
            .any(|delivery| is_about(&delivery.body))
    );
    assert_eq!(cloud.books(|books| books.status(&email)), None);
    drop(collector);

    // Allowed again, it comes. Dev waits until the port is free.
    let stack = eventually("dev to come back", || Stack::start_in(&state, port).ok());
    for place in PLACES {
        ends(stack.admin("POST", &format!("/v1/sites/demo/{place}/enable")));
    }
    let _ = receiver.wait_for("the delivery", |delivery| is_about(&delivery.body));
    eventually("HubSpot to know it", || {
        let (status, _) = cloud.books(|books| books.status(&email))?;
        (status == "SUBSCRIBED").then_some(())
    });
}
