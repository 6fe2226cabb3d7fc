//! The power goes at the worst moment: what was acknowledged is there afterwards, and nothing is there twice.
//!
//! Each test has a stack of its own, since it breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::{mails, wait_for_mail};
use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::stack::{Stack, signal};
use sayso_tests::visitor::{address, confirm, says_yes_to, submission, submit};
use sayso_tests::wire::post;
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
    let distinct: BTreeSet<String> = mails(&stack, &email)
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

#[test]
fn what_was_acknowledged_in_the_middle_of_a_rush_is_there_after_the_crash() {
    let stack = Stack::start();
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("rush", receiver.url(), SECRET);
    let pid = stack.workerd_pid();
    let (acknowledged, unanswered) = <(Mutex<Vec<Value>>, Mutex<Vec<Value>>)>::default();

    let template = rushing(&stack);
    thread::scope(|scope| {
        for _ in 0..VISITORS {
            scope.spawn(|| rush(&stack, &template, &acknowledged, &unanswered));
        }
        eventually("a rush", || (lock(&acknowledged).len() > 40).then_some(()));
        signal("KILL", pid);
    });
    let stack = stack.gone().start_again();

    let acknowledged = acknowledged.into_inner().expect("nobody panicked");
    let events = stack.events().0;
    for body in &acknowledged {
        // A client that never saw the answer would repeat: it is known.
        let _ = submit(&stack, body).expect(200);
        let email = body["subject"]["email"].as_str().expect("an address");
        let given = events.iter().filter(|event| {
            event["data"]["subject"]["email"] == email && event["type"] == "consent.given"
        });
        assert_eq!(given.count(), 1, "one event of each");
        let _ = wait_for_mail(&stack, email);
    }
    assert_eq!(stack.events().0.len(), events.len(), "repeats add nothing");
    in_order(&events);
    pushed_as_pulled(&receiver, &events);
}

#[test]
fn twenty_times_killed_under_load_no_acknowledged_submission_is_missing_and_none_is_double() {
    let mut stack = Stack::start();
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("rush", receiver.url(), SECRET);
    let (acknowledged, unanswered) = <(Mutex<Vec<Value>>, Mutex<Vec<Value>>)>::default();

    for kill in 0..20 {
        let (pid, before) = (stack.workerd_pid(), lock(&acknowledged).len());
        let template = rushing(&stack);
        thread::scope(|scope| {
            for _ in 0..VISITORS {
                scope.spawn(|| rush(&stack, &template, &acknowledged, &unanswered));
            }
            // At another moment each time.
            let enough = before + 3 + kill * 2;
            eventually("a rush", || {
                (lock(&acknowledged).len() > enough).then_some(())
            });
            signal("KILL", pid);
        });
        stack = stack.gone().start_again();
    }
    // Whoever saw the connection break repeats once more, and now it is answered.
    for body in lock(&unanswered).drain(..) {
        let answer = submit(&stack, &body);
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        lock(&acknowledged).push(body);
    }

    let acknowledged = acknowledged.into_inner().expect("nobody panicked");
    let events = stack.events().0;
    let mut given: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &events {
        if event["type"] == "consent.given" {
            let email = event["data"]["subject"]["email"].as_str();
            *given.entry(email.expect("an address")).or_default() += 1;
        }
    }
    for body in &acknowledged {
        let email = body["subject"]["email"].as_str().expect("an address");
        assert_eq!(given.get(email), Some(&1), "one event of each");
        let _ = submit(&stack, body).expect(200);
    }
    assert_eq!(given.len(), acknowledged.len(), "and of nobody else");
    assert_eq!(stack.events().0.len(), events.len(), "repeats add nothing");
    in_order(&events);
    pushed_as_pulled(&receiver, &events);
}

/// How many visitors send at a time.
const VISITORS: usize = 4;

/// What they send, but for who they are.
fn rushing(stack: &Stack) -> Value {
    let choices = json!({"STORE": true, "EMARKETING": true, "EVENTS": false});
    submission(stack, "nobody@example.nl", &choices)
}

/// A visitor who sends one submission after the other until nobody answers; first what somebody else got no answer to.
fn rush(
    stack: &Stack,
    template: &Value,
    acknowledged: &Mutex<Vec<Value>>,
    unanswered: &Mutex<Vec<Value>>,
) {
    loop {
        let repeat = lock(unanswered).pop();
        let body = repeat.unwrap_or_else(|| {
            let mut body = template.clone();
            body["id"] = uuid::Uuid::now_v7().to_string().into();
            body["subject"]["email"] = address("rush").into();
            body
        });
        let answer = post(stack.collector("/v1/submissions"))
            .header("origin", stack.pages(""))
            .json(&body)
            .try_send();
        match answer {
            Ok(answer) if matches!(answer.status, 200 | 201) => lock(acknowledged).push(body),
            Ok(answer) => panic!("{}: {}", answer.status, answer.text()),
            Err(_) => {
                lock(unanswered).push(body);
                return;
            }
        }
    }
}

fn in_order(events: &[Value]) {
    let seqs: Vec<u64> = events
        .iter()
        .filter_map(|event| event["data"]["seq"].as_u64())
        .collect();
    assert!(
        seqs.is_sorted_by(|one, next| one < next),
        "in order: {seqs:?}"
    );
}

fn pushed_as_pulled(receiver: &Receiver, events: &[Value]) {
    let pulled: Vec<&str> = events
        .iter()
        .filter_map(|event| event["data"]["id"].as_str())
        .collect();
    eventually("every event to be pushed, in order", || {
        let (mut known, mut pushed) = (BTreeSet::new(), Vec::new());
        for delivery in receiver.deliveries() {
            // What was under way when the power went may come twice.
            if known.insert(delivery.id().to_owned()) {
                pushed.push(delivery.id().to_owned());
            }
        }
        (pushed == pulled).then_some(())
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
