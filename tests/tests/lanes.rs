//! What an operator does with endpoints, and what a CRM gets of it.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use sayso_tests::deadline::eventually;
use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::script;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to, submission, submit};
use sayso_tests::wire::Answer;
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

const OTHER_SECRET: &str = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhlIGpvdXJuZXlzLi4=";

fn endpoint(method: &str, name: &str, body: &Value) -> Answer {
    let path = format!("/v1/sites/demo/endpoints/{name}");
    STACK.admin(method, &path).json(body).send()
}

fn done(method: &str, name: &str) {
    let path = format!("/v1/sites/demo/endpoints/{name}");
    let _ = STACK.admin(method, &path).send().expect(204);
}

fn deliveries(name: &str) -> Value {
    let path = format!("/v1/sites/demo/endpoints/{name}/deliveries");
    STACK.admin("GET", &path).send().expect(200).json()
}

fn about(email: &str) -> impl Fn(&Delivery) -> bool {
    move |delivery| String::from_utf8_lossy(&delivery.body).contains(email)
}

fn given(email: &str) -> impl Fn(&Delivery) -> bool {
    let is_about = about(email);
    move |delivery| is_about(delivery) && delivery.json()["type"] == "consent.given"
}

/// Which secrets and keys verify a delivery, as libraries say that we did not write.
fn verified(delivery: &Delivery, secrets: &[&str], keys: &[&str]) -> (usize, usize) {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), delivery.header(name).into()))
        .collect();
    let body = String::from_utf8_lossy(&delivery.body);
    let asked = json!({"headers": headers, "body": body, "secrets": secrets, "keys": keys});
    let arguments = ["tests/src/verify-webhook.mjs", &asked.to_string()];
    let printed = script::run("node", &arguments, &[]).printed();
    let good: Value = serde_json::from_str(&printed).expect("JSON");
    let count = |name: &str| good[name].as_array().map_or(0, Vec::len);
    (count("secrets"), count("keys"))
}

#[test]
fn an_endpoint_is_stored_only_when_it_takes_its_signed_test() {
    let receiver = Receiver::start(Manner::Answer(204));
    let wanted = json!({"url": receiver.url(), "secret": SECRET});
    receiver.with_tests(Manner::Say(404, "nothing here"));
    let refused = endpoint("PUT", "proof", &wanted).expect(422).json();
    assert_eq!(refused["type"], "urn:sayso:problem:endpoint-unproven");
    assert_eq!(refused["answered"]["status"], 404);
    assert_eq!(refused["answered"]["answer"], "nothing here");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("answered 404")),
        "{refused}"
    );
    for (manner, what) in [
        (Manner::Break, "connection"),
        (
            Manner::Redirect("http://169.254.169.254/latest/meta-data"),
            "302",
        ),
    ] {
        receiver.with_tests(manner);
        let refused = endpoint("PUT", "proof", &wanted).expect(422).json();
        assert!(refused["detail"].to_string().contains(what), "{refused}");
    }
    let _ = endpoint("GET", "proof", &Value::Null).expect(404);

    receiver.with_tests(Manner::Answer(200));
    let made = endpoint("PUT", "proof", &wanted).expect(201).json();
    assert_eq!(made["secret"], Value::Null, "it was given");
    let tests = receiver.tests();
    let test = tests.last().expect("a test");
    let body = test.json();
    assert_eq!(body["type"], "endpoint.test");
    assert_eq!(body["data"]["endpoint"], "proof");
    assert_eq!(body["data"]["id"], test.id());
    assert_eq!(verified(test, &[SECRET], &[]), (1, 0));

    // What changes neither address nor secret needs no proof, another address does, and nothing is lost meanwhile.
    let count = tests.len();
    receiver.with_tests(Manner::Answer(500));
    let _ = endpoint("PUT", "proof", &wanted).expect(200);
    assert_eq!(receiver.tests().len(), count);
    let moved = json!({"url": format!("{}/elsewhere", receiver.url()), "secret": SECRET});
    let _ = endpoint("PUT", "proof", &moved).expect(422);
    let shown = endpoint("GET", "proof", &Value::Null).expect(200).json();
    assert_eq!(shown["url"], receiver.url());

    // Asked for, a test tells what it met and changes nothing.
    let told = endpoint("POST", "proof/test", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(
        (&told["taken"], &told["status"]),
        (&json!(false), &json!(500))
    );
    receiver.with_tests(Manner::Answer(204));
    let told = endpoint("POST", "proof/test", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(told["taken"], true);
    done("DELETE", "proof");
}

#[test]
fn an_endpoint_gets_the_purposes_and_as_much_of_the_person_as_it_chose() {
    let receiver = Receiver::start(Manner::Answer(204));
    let wish = json!({
        "url": receiver.url(), "secret": SECRET, "purposes": ["STORE"], "types": ["consent.given", "consent.refused"], "addresses": false, "v1a": true
    });
    let made = endpoint("PUT", "choosy", &wish).expect(201).json();
    let key = made["public_key"].as_str().expect("a public key");
    let unknown = json!({"url": receiver.url(), "purposes": ["STORE", "NONE"]});
    let refused = endpoint("PUT", "choosy", &unknown).expect(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/purposes/1");

    let email = address("choosy");
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    let event = eventually("the event in the pull", || {
        STACK.events().0.into_iter().find(|event| {
            event["data"]["subject"]["email"] == email && event["data"]["purpose"] == "STORE"
        })
    });
    let id = event["data"]["id"].as_str().expect("an id");
    let delivery = receiver.wait_for("the delivery", |each| each.id() == id);
    let body = delivery.json();
    let subject = json!({"id": event["data"]["subject"]["id"], "email": null});
    assert_eq!(body["data"]["subject"], subject);
    assert_eq!(body["data"]["receipt"], event["data"]["receipt"]);
    assert_eq!(verified(&delivery, &[SECRET, OTHER_SECRET], &[key]), (1, 1));
    for delivery in receiver.deliveries() {
        assert!(!about(&email)(&delivery), "the address went out");
        assert_eq!(delivery.json()["data"]["purpose"], "STORE");
    }
    done("DELETE", "choosy");
}

#[test]
fn while_a_secret_is_being_replaced_both_sign() {
    let receiver = Receiver::start(Manner::Answer(204));
    let wish = json!({"url": receiver.url(), "secret": SECRET, "v1a": true});
    let made = endpoint("PUT", "rotating", &wish).expect(201).json();
    let former_key = made["public_key"].as_str().expect("a key");
    let long = json!({"former_hours": 1000});
    let refused = endpoint("POST", "rotating/rotate", &long)
        .expect(422)
        .json();
    assert_eq!(refused["errors"][0]["pointer"], "/former_hours");

    let path = "/v1/sites/demo/endpoints/rotating/rotate";
    let rotated = STACK.admin("POST", path).send().expect(200).json();
    let secret = rotated["secret"].as_str().expect("shown once").to_owned();
    let key = rotated["public_key"].as_str().expect("a key").to_owned();
    assert!(rotated["former_until"].is_string() && key != former_key);

    let both = address("both");
    let _ = says_yes_to(&STACK, &both, &["STORE"]);
    let delivery = receiver.wait_for("a delivery", about(&both));
    assert_eq!(
        verified(&delivery, &[SECRET, &secret], &[former_key, &key]),
        (2, 2)
    );

    done("DELETE", "rotating/rotate");
    let one = address("one");
    let _ = says_yes_to(&STACK, &one, &["STORE"]);
    let delivery = receiver.wait_for("a delivery", about(&one));
    assert_eq!(verified(&delivery, &[&secret], &[&key]), (1, 1));
    assert_eq!(verified(&delivery, &[SECRET], &[former_key]), (0, 0));

    // With a secret of one's own, and none of before: at once. The same again changes nothing.
    let own = json!({"secret": OTHER_SECRET, "former_hours": 0});
    let rotated = endpoint("POST", "rotating/rotate", &own).expect(200).json();
    assert_eq!(rotated["former_until"], Value::Null);
    let again = endpoint("POST", "rotating/rotate", &own).expect(200).json();
    assert_eq!(again["public_key"], rotated["public_key"]);
    let last = address("last");
    let _ = says_yes_to(&STACK, &last, &["STORE"]);
    let delivery = receiver.wait_for("a delivery", about(&last));
    assert_eq!(verified(&delivery, &[OTHER_SECRET, &secret], &[]), (1, 0));
    done("DELETE", "rotating");
}

#[test]
fn a_receiver_that_missed_a_rotation_is_not_shut_out_by_the_next() {
    let receiver = Receiver::start(Manner::Answer(204));
    let wish = json!({"url": receiver.url(), "secret": SECRET});
    let _ = endpoint("PUT", "twice", &wish).expect(201);
    let rotate = || endpoint("POST", "twice/rotate", &json!({}));
    let mut secrets = vec![SECRET.to_owned()];
    for _ in 0..3 {
        let rotated = rotate().expect(200).json();
        secrets.push(rotated["secret"].as_str().expect("shown once").to_owned());
    }
    let who = address("rotated");
    let _ = says_yes_to(&STACK, &who, &["STORE"]);
    let delivery = receiver.wait_for("a delivery", about(&who));
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    assert_eq!(verified(&delivery, &secrets, &[]), (4, 0));

    let refused = rotate().expect(409).json();
    assert_eq!(refused["type"], "urn:sayso:problem:too-many-rotations");
    done("DELETE", "twice/rotate");
    let _ = rotate().expect(200);
    done("DELETE", "twice");
}

#[test]
fn what_was_changed_while_an_endpoint_was_proven_is_not_undone() {
    let receiver = Receiver::start(Manner::Answer(204));
    let wish = json!({"url": receiver.url(), "secret": SECRET});
    let _ = endpoint("PUT", "raced", &wish).expect(201);
    receiver.with_tests(Manner::Late(Duration::from_secs(3)));
    let moved = json!({"url": format!("{}/moved", receiver.url()), "secret": SECRET});
    let refused = thread::scope(|scope| {
        let tests = receiver.tests().len();
        let put = scope.spawn(|| endpoint("PUT", "raced", &moved).expect(409).json());
        eventually("the test that proves it", || {
            (receiver.tests().len() > tests).then_some(())
        });
        done("POST", "raced/disable");
        put.join().expect("an answer")
    });
    assert_eq!(refused["type"], "urn:sayso:problem:changed-meanwhile");
    let shown = endpoint("GET", "raced", &Value::Null).expect(200).json();
    assert_eq!(
        (&shown["disabled"], &shown["url"]),
        (&json!(true), &json!(receiver.url()))
    );
    done("DELETE", "raced");
}

#[test]
fn an_operator_sees_what_went_wrong_and_repairs_it() {
    let receiver = Receiver::start(Manner::Say(410, "not any more"));
    let wish = json!({"url": receiver.url(), "secret": SECRET});
    let _ = endpoint("PUT", "ailing", &wish).expect(201);
    let first = address("first");
    let _ = says_yes_to(&STACK, &first, &["STORE"]);
    let gone = eventually("the lane to stop", || {
        let seen = deliveries("ailing");
        (seen["lanes"][0]["state"] == "gone").then_some(seen)
    });
    let delivery = &gone["deliveries"][0];
    assert_eq!(delivery["taken"], false);
    assert_eq!(delivery["attempts"][0]["status"], 410);
    assert_eq!(delivery["attempts"][0]["answer"], "not any more");

    // The operator is told by mail, without a word about anybody.
    let mail = eventually("the mail to the operator", || {
        let mails = sayso_tests::wire::get(STACK.collector("/dev/mailbox.json"))
            .send()
            .expect(200)
            .json();
        let mails = mails["mails"].as_array().cloned().unwrap_or_default();
        mails.into_iter().find(|mail| {
            mail["subject"]
                .as_str()
                .is_some_and(|subject| subject.contains("ailing"))
        })
    });
    assert!(
        mail.to_string().contains("/endpoints/ailing/enable"),
        "{mail}"
    );
    assert!(!mail.to_string().contains(&first));

    // Mended: what waited comes.
    receiver.now(Manner::Answer(204));
    done("POST", "ailing/enable");
    let _ = receiver.wait_for("what waited", given(&first));
    eventually("all to be taken", || {
        (deliveries("ailing")["lanes"][0]["state"] == "idle").then_some(())
    });

    // Disabled, nothing comes; enabled, everything.
    done("POST", "ailing/disable");
    let second = address("second");
    let _ = says_yes_to(&STACK, &second, &["STORE"]);
    STACK.crm_knows(&second, "STORE", "given");
    assert!(!receiver.deliveries().iter().any(about(&second)));
    assert_eq!(deliveries("ailing")["lanes"][0]["state"], "disabled");
    done("POST", "ailing/enable");
    let taken = receiver.wait_for("what waited", given(&second));

    // From a moment on, and from a cursor on, it comes again under the same id.
    let came = || {
        let deliveries = receiver.deliveries();
        deliveries
            .iter()
            .filter(|each| each.id() == taken.id())
            .count()
    };
    let since = json!({"since": taken.json()["timestamp"]});
    let _ = endpoint("POST", "ailing/replay", &since).expect(204);
    eventually("it to come again", || (came() == 2).then_some(()));
    let from_the_beginning = json!({"after": ""});
    let _ = endpoint("POST", "ailing/replay", &from_the_beginning).expect(204);
    eventually("it to come a third time", || (came() == 3).then_some(()));
    for wrong in [
        json!({}),
        json!({"after": "", "since": "2027-01-15T08:00:00Z"}),
    ] {
        let _ = endpoint("POST", "ailing/replay", &wrong).expect(422);
    }
    done("DELETE", "ailing");
    let path = "/v1/sites/demo/endpoints/ailing/deliveries";
    let _ = STACK.admin("GET", path).send().expect(404);
}

#[test]
fn an_event_that_is_refused_for_its_own_sake_is_put_aside_and_sent_again_on_demand() {
    let receiver = Receiver::start(Manner::Say(422, "I do not like it"));
    let wish = json!({"url": receiver.url(), "secret": SECRET, "types": ["consent.given"]});
    let _ = endpoint("PUT", "picky", &wish).expect(201);
    let email = address("picky");
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    let refused = receiver.wait_for("the first try", given(&email));
    // Twice more, after 5 and after 30 seconds.
    let seen = sayso_tests::deadline::within(Duration::from_mins(1), || {
        let seen = deliveries("picky");
        let letters = seen["lanes"][0]["dead_letters"].as_array()?.clone();
        let is_there = |letter: &Value| letter["event"] == refused.id();
        letters.iter().any(is_there).then_some(seen)
    });
    let seen = seen.expect("a dead letter within a minute");
    let tried = seen["deliveries"].as_array().and_then(|all| {
        let attempts = |each: &&Value| each["event"] == refused.id();
        all.iter()
            .find(attempts)
            .map(|each| each["attempts"].clone())
    });
    assert_eq!(
        tried.and_then(|tried| tried.as_array().map(Vec::len)),
        Some(3)
    );

    let nobodys = uuid::Uuid::now_v7();
    let _ = endpoint(
        "POST",
        &format!("picky/deliveries/{nobodys}/resend"),
        &Value::Null,
    )
    .expect(404);
    receiver.now(Manner::Answer(204));
    done("POST", &format!("picky/deliveries/{}/resend", refused.id()));
    eventually("no dead letter of it", || {
        let letters = deliveries("picky")["lanes"][0]["dead_letters"].clone();
        let letters = letters.as_array().cloned().unwrap_or_default();
        let is_gone = letters.iter().all(|letter| letter["event"] != refused.id());
        is_gone.then_some(())
    });
    done("DELETE", "picky");
}

#[test]
fn nine_dead_endpoints_slow_neither_the_tenth_nor_intake() {
    let stack = Stack::start();
    let dead: Vec<Receiver> = (0..9)
        .map(|nth| {
            let receiver = Receiver::start(Manner::Stall);
            let _ = stack.add_endpoint(&format!("dead-{nth}"), receiver.url(), SECRET);
            receiver
        })
        .collect();
    let alive = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("alive", alive.url(), SECRET);
    // The first one that they do not answer.
    let _ = says_yes_to(&stack, &address("first"), &["STORE"]);
    for receiver in &dead {
        let _ = receiver.wait_for("a try", |_| true);
    }

    let choices = json!({"STORE": true, "EMARKETING": false, "EVENTS": false});
    let template = submission(&stack, "nobody@example.nl", &choices);
    let (mut intake, mut arrival) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        let mut body = template.clone();
        let email = address("tenth");
        body["id"] = uuid::Uuid::now_v7().to_string().into();
        body["subject"]["email"] = email.clone().into();
        let began = Instant::now();
        let _ = submit(&stack, &body).expect(201);
        intake.push(began.elapsed());
        let _ = alive.wait_for("the delivery to the living one", about(&email));
        arrival.push(began.elapsed());
        // Over 18 seconds, so that the dead ones' time-outs and second tries are in it.
        std::thread::sleep(Duration::from_millis(250));
    }
    intake.sort_unstable();
    arrival.sort_unstable();
    println!("intake: median {:?}, worst {:?}", intake[30], intake[59]);
    println!("arrival: median {:?}, worst {:?}", arrival[30], arrival[59]);
    // Far below the 15 seconds of one dead endpoint; a busy machine is no failure.
    assert!(intake[59] < Duration::from_secs(3), "{:?}", intake[59]);
    assert!(arrival[59] < Duration::from_secs(5), "{:?}", arrival[59]);
}
