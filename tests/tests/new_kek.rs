//! The key-encryption key is replaced: people, the secret of a webhook and the credentials of a CRM are where they were, and what was
//! sealed under the former key alone is nowhere any more.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sayso_tests::crm::Cloud;
use sayso_tests::crm::hubspot::{HubSpot, NEWSLETTER, TOKEN};
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::{Mail, wait_for_mail};
use sayso_tests::receiver::{Manner, Receiver, SECRET};
use sayso_tests::stack::{Stack, secret};
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use serde_json::json;

#[test]
fn whoever_was_told_before_the_key_was_replaced_is_told_after() {
    let stack = Stack::start();
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("own", receiver.url(), SECRET);
    let cloud = Cloud::start(HubSpot::default());
    let purposes = json!({"EMARKETING": {"subscription": NEWSLETTER}});
    let wish = json!({
        "crm": "hubspot",
        "settings": {"origin": cloud.origin(), "purposes": purposes},
        "credentials": {"token": TOKEN},
    });
    let put = stack.admin("PUT", "/v1/sites/demo/connectors/hubspot");
    let _ = put.json(&wish).send().expect(201);
    let email = address("kek");
    let mail = confirmed(&stack, &email);
    let stands = |email: &str, wanted: &str| {
        eventually(&format!("{wanted} in HubSpot"), || {
            let (status, _) = cloud.books(|books| books.status(email))?;
            (status == wanted).then_some(())
        });
    };
    stands(&email, "SUBSCRIBED");

    // Both keys, until everything is sealed anew; then the new one alone.
    let former = secret(stack.state(), "SAYSO_KEK");
    let new = URL_SAFE_NO_PAD.encode([9; 32]);
    let stack = restarted(stack, &[("SAYSO_KEK", &new), ("SAYSO_KEK_FORMER", &former)]);
    let second = address("kek-both");
    let _ = confirmed(&stack, &second);
    stands(&second, "SUBSCRIBED");
    let _ = stack.admin("GET", "/v1/sites/demo").send().expect(200);
    let _ = stack.events();

    let stack = restarted(stack, &[("SAYSO_KEK", &new)]);
    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    stands(&email, "UNSUBSCRIBED");
    let third = address("kek-new");
    let _ = confirmed(&stack, &third);
    stands(&third, "SUBSCRIBED");
    let told = receiver.wait_for("the webhook", |delivery| {
        delivery.json()["data"]["subject"]["email"] == *third
    });
    let hook = standardwebhooks::Webhook::new(SECRET).expect("a secret");
    hook.verify(&told.body, &told.headers).expect("a signature");
    cloud.asked_nothing_undocumented();
    let _ = stack.stop();
}

fn confirmed(stack: &Stack, email: &str) -> Mail {
    let _ = says_yes_to(stack, email, &["EMARKETING"]);
    let mail = wait_for_mail(stack, email);
    let _ = confirm(&mail.confirm_link());
    mail
}

/// Ends it, and starts it again on the same files with these keys.
fn restarted(stack: Stack, keys: &[(&str, &str)]) -> Stack {
    let (state, port) = (stack.state().to_owned(), stack.port());
    let _ = stack.stop();
    replace(&state, keys);
    Stack::start_in(&state, port).unwrap_or_else(|printed| panic!("{printed}"))
}

fn replace(state: &Path, keys: &[(&str, &str)]) {
    let file = state.join(".dev.vars");
    let text = fs::read_to_string(&file).expect("the secrets of dev");
    let is_kek = |line: &&str| {
        let name = line.split('=').next().unwrap_or_default().trim();
        ["SAYSO_KEK", "SAYSO_KEK_FORMER"].contains(&name)
    };
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !is_kek(line))
        .map(str::to_owned)
        .collect();
    lines.extend(
        keys.iter()
            .map(|(name, value)| format!("{name}=\"{value}\"")),
    );
    fs::write(&file, lines.join("\n") + "\n").expect("the secrets of dev");
}
