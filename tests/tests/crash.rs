//! The power goes at the worst moment: what was acknowledged is there afterwards, and nothing is there twice.
//!
//! Each test has a stack of its own, since it breaks it.

use std::collections::BTreeMap;

use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::{mails, wait_for_mail};
use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to, submission, submit};
use serde_json::{Value, json};

/// How often each event id occurs in the pull.
fn pulled(stack: &Stack) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in stack.events().0 {
        let id = event["data"]["id"].as_str().expect("an id").to_owned();
        *counts.entry(id).or_default() += 1;
    }
    counts
}

fn about(email: &str) -> impl Fn(&Delivery) -> bool {
    move |delivery| String::from_utf8_lossy(&delivery.body).contains(email)
}

#[test]
fn killed_between_commit_and_delivery_nothing_is_lost_and_nothing_doubled() {
    let stack = Stack::start();
    let receiver = Receiver::start(Manner::Stall);
    let _ = stack.add_endpoint("stalling", receiver.url(), SECRET);

    // Committed, and handed to a CRM that takes it and never answers: was it delivered? Nobody can know.
    let email = address("crash");
    let _ = says_yes_to(&stack, &email, &["STORE"]);
    let stalled = receiver.wait_for("the delivery that is never answered", about(&email));
    let before = pulled(&stack);
    assert!(before.contains_key(stalled.id()));

    let wreck = stack.crash();
    receiver.now(Manner::Answer(204));
    let stack = wreck.start_again();

    // It comes again under the same id, with the same bytes.
    let again = eventually("the delivery to come again", || {
        let same = receiver.deliveries();
        let mut same = same.into_iter().filter(|each| each.id() == stalled.id());
        same.nth(1)
    });
    assert_eq!(again.body, stalled.body);

    let after = pulled(&stack);
    assert_eq!(after, before, "the ledger is what it was");
    assert!(after.values().all(|count| *count == 1));
    // The demo CRM had it delivered before or after, and knows it once.
    stack.crm_knows(&email, "STORE", "given");
}

#[test]
fn killed_right_after_the_201_the_mail_still_leaves() {
    let stack = Stack::start();
    let email = address("mail");
    let body = submission(
        &stack,
        &email,
        &json!({"STORE": false, "EMARKETING": true, "EVENTS": false}),
    );
    let answer = submit(&stack, &body).expect(201).json();
    let stack = stack.crash().start_again();

    // The client saw the connection break and repeats: no second submission, no second mail.
    let again = submit(&stack, &body).expect(200).json();
    assert_eq!(again, answer);
    let mail = wait_for_mail(&stack, &email);
    let _ = confirm(&mail.confirm_link());
    stack.crm_knows(&email, "EMARKETING", "given");
    let distinct: std::collections::BTreeSet<String> = mails(&stack, &email)
        .iter()
        .map(sayso_tests::mailbox::Mail::confirm_link)
        .collect();
    assert_eq!(
        distinct.len(),
        1,
        "a mail may leave twice, but it is the same mail"
    );
}

#[test]
fn what_a_refusing_crm_missed_comes_in_order_once_it_answers() {
    let stack = Stack::start();
    let receiver = Receiver::start(Manner::Answer(503));
    let _ = stack.add_endpoint("ailing", receiver.url(), SECRET);

    let first = address("first");
    let _ = says_yes_to(&stack, &first, &["STORE"]);
    let refused = receiver.wait_for("the delivery that is refused", about(&first));
    // A dead CRM does not hold the visitors up.
    let second = address("second");
    let _ = says_yes_to(&stack, &second, &["STORE"]);

    receiver.now(Manner::Answer(204));
    let stack = stack.crash().start_again();
    let _ = receiver.wait_for("the second person's event", about(&second));

    let delivered = || -> Vec<String> {
        let deliveries = receiver.deliveries();
        deliveries.iter().map(|each| each.id().to_owned()).collect()
    };
    let pulled: Vec<Value> = stack.events().0;
    let pulled: Vec<&str> = pulled
        .iter()
        .filter_map(|event| event["data"]["id"].as_str())
        .collect();
    eventually("push to show the events of pull, in their order", || {
        let mut distinct = delivered();
        distinct.dedup();
        (distinct == pulled).then_some(())
    });
    let attempts = delivered().iter().filter(|id| *id == refused.id()).count();
    assert!(attempts > 1, "the refused one came again");
}
