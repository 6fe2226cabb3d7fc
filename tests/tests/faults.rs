//! CRMs that go wrong: no event is lost, none comes out of order, and what comes twice has the same id.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sayso_tests::deadline::{eventually, within};
use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::stack::{Stack, signal};
use sayso_tests::visitor::{address, says_yes_to, submission, submit};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// One at a time: each endpoint is told of everybody's consents, and a slow one would be late for those of its own test.
static ALONE: Mutex<()> = Mutex::new(());

/// Longer than a time-out of 15 seconds and the wait after the first failure.
const A_TRY_LATER: Duration = Duration::from_secs(40);

fn about(email: &str) -> impl Fn(&Delivery) -> bool {
    move |delivery| String::from_utf8_lossy(&delivery.body).contains(email)
}

/// The attempts to hand the first event about somebody over, oldest first.
fn attempts(endpoint: &str, delivery: &Delivery) -> Vec<Value> {
    let path = format!("/v1/sites/demo/endpoints/{endpoint}/deliveries");
    let seen = STACK.admin("GET", &path).send().expect(200).json();
    let all = seen["deliveries"].as_array().cloned().unwrap_or_default();
    let one = all.iter().find(|each| each["event"] == delivery.id());
    let mut attempts = one
        .and_then(|one| one["attempts"].as_array().cloned())
        .unwrap_or_default();
    attempts.reverse();
    attempts
}

/// A CRM that meets an event in this manner, and after that takes everything. Gives how it was told of it, and the second delivery.
fn meets(name: &str, manner: Manner) -> (Receiver, Delivery, Delivery) {
    let receiver = Receiver::start(manner);
    let _ = STACK.add_endpoint(name, receiver.url(), SECRET);
    let email = address(name);
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    let first = receiver.wait_for("the first delivery", about(&email));
    receiver.now(Manner::Answer(204));
    let second = within(A_TRY_LATER, || {
        let same = receiver.deliveries();
        same.into_iter()
            .filter(|each| each.id() == first.id())
            .nth(1)
    });
    let second = second.expect("it comes again");
    eventually("it to be noted as taken", || {
        let last = attempts(name, &first).pop()?;
        (last["status"] == 204).then_some(())
    });
    (receiver, first, second)
}

fn remove(name: &str) {
    let path = format!("/v1/sites/demo/endpoints/{name}");
    let _ = STACK.admin("DELETE", &path).send().expect(204);
}

#[test]
fn what_was_taken_though_the_answer_was_lost_comes_again_as_the_same() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_receiver, first, second) = meets("breaks", Manner::Break);
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    // Another attempt, another signature, over another moment.
    assert_ne!(
        first.header("webhook-signature"),
        second.header("webhook-signature")
    );
    assert_eq!(attempts("breaks", &first)[0]["reason"], "connection");
    remove("breaks");
}

#[test]
fn an_answer_after_the_time_out_is_none() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_receiver, first, second) = meets("late", Manner::Late(Duration::from_secs(17)));
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    let attempt = &attempts("late", &first)[0];
    assert_eq!(attempt["reason"], "time_out");
    let ms = attempt["ms"].as_u64().unwrap_or_default();
    assert!((15_000..17_000).contains(&ms), "{attempt}");
    remove("late");
}

#[test]
fn a_redirect_is_not_followed_wherever_it_leads() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let to = "http://169.254.169.254/latest/meta-data";
    let (_receiver, first, _) = meets("redirects", Manner::Redirect(to));
    let attempt = &attempts("redirects", &first)[0];
    assert_eq!(attempt["status"], 302);
    assert!(!attempt.to_string().contains("meta-data"), "{attempt}");
    remove("redirects");
}

#[test]
fn whoever_asks_to_wait_is_waited_for() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_receiver, first, _) = meets("waits", Manner::Wait(429, 9));
    let moments: Vec<_> = attempts("waits", &first)
        .iter()
        .filter_map(|attempt| attempt["at"].as_str()?.parse::<DateTime<Utc>>().ok())
        .collect();
    let [asked, came] = moments[..] else {
        panic!("two attempts: {moments:?}");
    };
    // By itself it would have come after 5.5 seconds at most.
    let waited = (came - asked).num_milliseconds();
    assert!((9_000..25_000).contains(&waited), "{waited} ms");
    remove("waits");
}

#[test]
fn of_five_megabytes_one_kilobyte_is_kept() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_receiver, first, _) = meets("large", Manner::Large(500, 5_000_000));
    let attempt = &attempts("large", &first)[0];
    let kept = attempt["answer"].as_str().map_or(0, str::len);
    assert_eq!((&attempt["status"], kept), (&json!(500), 1024));
    remove("large");
}

#[test]
fn five_megabytes_of_thanks_are_thanks() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let receiver = Receiver::start(Manner::Large(200, 5_000_000));
    let _ = STACK.add_endpoint("thankful", receiver.url(), SECRET);
    let emails = [address("thanks"), address("thanks")];
    for email in &emails {
        let _ = says_yes_to(&STACK, email, &["STORE"]);
        let _ = receiver.wait_for("the delivery", about(email));
    }
    remove("thankful");
}

#[test]
fn killed_in_the_middle_of_a_lane_it_goes_on_in_order_and_repeats_only_what_was_under_way() {
    let stack = Stack::start();
    let receiver = Receiver::start(Manner::Answer(503));
    let _ = stack.add_endpoint("crm", receiver.url(), SECRET);
    let choices = json!({"STORE": true, "EMARKETING": false, "EVENTS": false});
    let template = submission(&stack, "nobody@example.nl", &choices);
    for _ in 0..40 {
        let mut body = template.clone();
        body["id"] = uuid::Uuid::now_v7().to_string().into();
        body["subject"]["email"] = address("lane").into();
        let _ = submit(&stack, &body).expect(201);
    }
    // It takes them one by one, slowly enough to be killed in the middle.
    receiver.now(Manner::Late(Duration::from_millis(60)));
    let before = receiver.deliveries().len();
    let _ = stack
        .admin("POST", "/v1/sites/demo/endpoints/crm/enable")
        .send()
        .expect(204);
    eventually("some of them", || {
        (receiver.deliveries().len() > before + 20).then_some(())
    });
    signal("KILL", stack.workerd_pid());
    let stack = stack.gone().start_again();

    let pulled: Vec<String> = stack
        .events()
        .0
        .iter()
        .filter_map(|event| Some(event["data"]["id"].as_str()?.to_owned()))
        .collect();
    let distinct = || {
        let mut ids = Vec::new();
        for delivery in receiver.deliveries().into_iter().skip(before) {
            if !ids.contains(&delivery.id().to_owned()) {
                ids.push(delivery.id().to_owned());
            }
        }
        ids
    };
    let arrived = within(A_TRY_LATER, || (distinct() == pulled).then_some(()));
    assert!(arrived.is_some(), "all of them, in order");
    let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut repeats = 0;
    for delivery in receiver.deliveries().into_iter().skip(before) {
        let known = bodies.insert(delivery.id().to_owned(), delivery.body.clone());
        if let Some(known) = known {
            assert_eq!(known, delivery.body, "the same bytes");
            repeats += 1;
        }
    }
    assert!(repeats <= 1, "{repeats} came twice");
}
