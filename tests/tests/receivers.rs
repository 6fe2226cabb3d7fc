//! The receivers in Python and PHP: each takes what the collector sends, once, in order, and believes nobody else.

use std::path::PathBuf;
use std::sync::LazyLock;

use sayso_tests::deadline::eventually;
use sayso_tests::leash::Leash;
use sayso_tests::receiver::SECRET;
use sayso_tests::script::{Ended, python, python_program, run};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to};
use sayso_tests::wire::{Answer, get, post};
use sayso_tests::{ports, workspace};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

#[derive(Clone, Copy, Debug)]
enum Written {
    InPython,
    InPhp,
}

/// One of the examples, running as its README says, with a database of its own.
struct Crm {
    written: Written,
    origin: String,
    database: String,
    leash: Leash,
}

impl Crm {
    fn start(written: Written) -> Self {
        let port = ports::free(1);
        let origin = format!("http://localhost:{port}");
        let file = workspace::fresh_folder("receiver").join("crm.sqlite");
        let file = file.display().to_string();
        let (database, address) = match written {
            Written::InPython => (file, String::new()),
            Written::InPhp => (format!("sqlite:{file}"), format!("localhost:{port}")),
        };
        let (program, mut arguments) = written.program();
        if matches!(written, Written::InPhp) {
            arguments = vec!["-S", &address, arguments[0]];
        }
        let port = port.to_string();
        let leash = Leash::start(
            &program,
            &arguments,
            workspace::root(),
            &[
                ("PORT", &port),
                ("WEBHOOK_SECRET", SECRET),
                ("DATABASE", &database),
            ],
        );
        let crm = Crm {
            written,
            origin,
            database,
            leash,
        };
        eventually("the receiver to listen", || {
            get(format!("{}/", crm.origin)).try_send().ok()
        });
        crm
    }

    fn url(&self) -> String {
        format!("{}/webhooks", self.origin)
    }

    fn shows(&self) -> Value {
        let (program, mut arguments) = self.written.program();
        arguments.push("show");
        let ended = run(program, &arguments, &[("DATABASE", &self.database)]);
        serde_json::from_str(&ended.printed()).expect("it is JSON")
    }

    fn deliver(&self, id: &str, timestamp: i64, signature: &str, body: &[u8]) -> Answer {
        post(self.url())
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body("application/json", body)
            .send()
    }

    /// As the collector would: with the right secret, now.
    fn deliver_signed(&self, event: &Value) -> u16 {
        let (id, now, body) = (
            id_of(event),
            chrono::Utc::now().timestamp(),
            event.to_string(),
        );
        let signature = signature(&id, now, body.as_bytes());
        self.deliver(&id, now, &signature, body.as_bytes()).status
    }
}

impl Written {
    fn program(self) -> (PathBuf, Vec<&'static str>) {
        match self {
            Written::InPython => (
                python_program(),
                vec!["examples/webhook-receiver-python/receiver.py"],
            ),
            Written::InPhp => (
                "php".into(),
                vec!["examples/webhook-receiver-php/receiver.php"],
            ),
        }
    }
}

fn id_of(event: &Value) -> String {
    event["data"]["id"].as_str().expect("an id").to_owned()
}

fn signature(id: &str, timestamp: i64, body: &[u8]) -> String {
    let webhook = Webhook::new(SECRET).expect("a good secret");
    webhook.sign(id, timestamp, body).expect("it is UTF-8")
}

/// An event about a person, as small as a receiver may find it.
fn event(kind: &str, person: &str, seq: u64) -> Value {
    let status = kind.strip_prefix("consent.").unwrap_or("");
    json!({"type": kind, "timestamp": "2027-01-15T08:00:00.000Z", "data": {
        "id": format!("{person}-{seq}"), "seq": seq, "site": "demo", "purpose": "STORE", "status": status,
        "subject": {"id": person, "email": format!("{person}@example.nl")},
    }})
}

fn takes_what_the_collector_sends(written: Written) {
    let crm = Crm::start(written);
    let name = format!("{written:?}").to_lowercase();
    // Its proof of ownership is the first delivery.
    let _ = STACK.add_endpoint(&name, &crm.url(), SECRET);

    let email = address(&name);
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    eventually("the CRM to know", || {
        (crm.shows()["people"][&email]["STORE"] == "given").then_some(())
    });
    let found = STACK.admin("POST", "/v1/subjects/lookup?site=demo");
    let found = found.json(&json!({"email": email})).send().expect(200);
    let id = found.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/subjects/{id}?site=demo");
    let _ = STACK.admin("DELETE", &path).send().expect(200);
    eventually("the CRM to forget", || {
        crm.shows()["people"][&email].is_null().then_some(())
    });
    assert!(!crm.leash.printed().contains(&email), "it logs no address");

    // From the beginning again: everything is taken, nothing is there twice, and nobody comes back.
    let replay = format!("/v1/sites/demo/endpoints/{name}/replay");
    let from_the_beginning = json!({"after": ""});
    let _ = STACK
        .admin("POST", &replay)
        .json(&from_the_beginning)
        .send()
        .expect(204);
    let deliveries = format!("/v1/sites/demo/endpoints/{name}/deliveries");
    eventually("the replay to end", || {
        let seen = STACK.admin("GET", &deliveries).send().expect(200).json();
        let all = seen["deliveries"].as_array().into_iter().flatten();
        let twice = all.filter(|each| {
            let attempts = each["attempts"].as_array().into_iter().flatten();
            attempts.filter(|attempt| attempt["status"] == 204).count() > 1
        });
        (seen["lanes"][0]["state"] == "idle" && twice.count() > 3).then_some(())
    });
    let known = crm.shows();
    assert_eq!(known["people"][&email], Value::Null);
    let ids = |events: &[Value], id: fn(&Value) -> &Value| -> Vec<String> {
        let mut ids: Vec<_> = events.iter().map(|each| id(each).to_string()).collect();
        ids.sort();
        ids
    };
    let pulled = ids(&STACK.events().0, |event| &event["data"]["id"]);
    let known = ids(known["events"].as_array().expect("a list"), |id| id);
    let of_others = |id: &&String| !pulled.contains(id);
    assert_eq!(known.iter().find(of_others), None);
    assert!(known.windows(2).all(|two| two[0] != two[1]));
}

fn believes_nobody_but_the_sender(written: Written) {
    let crm = Crm::start(written);
    let genuine = event("consent.given", "person", 1);
    let (id, now, body) = (
        id_of(&genuine),
        chrono::Utc::now().timestamp(),
        genuine.to_string(),
    );
    let body = body.as_bytes();
    let right = signature(&id, now, body);
    let other = Webhook::new("whsec_b3RoZXIgam91cm5leXMga2VlcCBhbm90aGVyIHNlY3JldA==")
        .and_then(|webhook| webhook.sign(&id, now, body))
        .expect("a good secret");
    let tampered = String::from_utf8_lossy(body).replace("given", "refused");
    for (what, id, timestamp, signature, body) in [
        ("another secret", &*id, now, &*other, body),
        ("another id", "other", now, &*right, body),
        ("another moment", &*id, now + 1, &*right, body),
        ("another body", &*id, now, &*right, tampered.as_bytes()),
        (
            "too old",
            &*id,
            now - 360,
            &*signature(&id, now - 360, body),
            body,
        ),
        (
            "too new",
            &*id,
            now + 360,
            &*signature(&id, now + 360, body),
            body,
        ),
        ("no signature", &*id, now, "", body),
        ("not a signature", &*id, now, "v1", body),
        ("not base64", &*id, now, "v1,é,", body),
        (
            "another kind of signature",
            &*id,
            now,
            &*right.replace("v1,", "v1a,"),
            body,
        ),
        ("not UTF-8", &*id, now, &*right, &[0xff, 0xfe][..]),
    ] {
        let answer = crm.deliver(id, timestamp, signature, body);
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
    }
    let unsigned = post(crm.url()).body("application/json", body).send();
    assert_eq!(unsigned.status, 401, "{}", unsigned.text());
    assert_eq!(crm.shows(), json!({"people": {}, "events": []}));

    // Two secrets sign while one is replaced, and there may be a signature of another kind.
    let both = format!("v1a,AAAA {other} {right}");
    let answer = crm.deliver(&id, now, &both, body);
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(crm.shows()["people"]["person@example.nl"]["STORE"], "given");
}

fn keeps_order_and_forgets_for_good(written: Written) {
    let crm = Crm::start(written);
    let takes = |event: &Value| assert_eq!(crm.deliver_signed(event), 204, "{event}");
    let status =
        |person: &str| crm.shows()["people"][format!("{person}@example.nl")]["STORE"].clone();

    takes(&event("consent.withdrawn", "late", 7));
    takes(&event("consent.given", "late", 3));
    assert_eq!(status("late"), "withdrawn", "the older one came later");
    takes(&event("consent.given", "late", 9));
    assert_eq!(status("late"), "given");
    // A repeat with the same id changes nothing, even were it to say something else.
    let mut repeat = event("consent.refused", "late", 9);
    repeat["data"]["seq"] = 10.into();
    takes(&repeat);
    assert_eq!(status("late"), "given");
    assert_eq!(crm.shows()["events"].as_array().map(Vec::len), Some(3));

    takes(&event("subject.erased", "late", 11));
    assert_eq!(status("late"), Value::Null);
    takes(&event("consent.given", "late", 12));
    assert_eq!(status("late"), Value::Null, "it was on its way");

    takes(&event("something.new", "other", 13));
    takes(
        &json!({"type": "endpoint.test", "timestamp": "2027-01-15T08:00:00.000Z", "data": {"id": "test", "site": "demo", "endpoint": "crm"}}),
    );
    assert_eq!(status("other"), Value::Null);
    assert_eq!(crm.shows()["events"].as_array().map(Vec::len), Some(6));
    let huge = crm.deliver("huge", 0, "v1,AAAA", &vec![b'x'; 300_000]);
    assert_eq!(huge.status, 413);
}

#[test]
fn python_takes_what_the_collector_sends() {
    takes_what_the_collector_sends(Written::InPython);
}

#[test]
fn php_takes_what_the_collector_sends() {
    takes_what_the_collector_sends(Written::InPhp);
}

#[test]
fn python_believes_nobody_but_the_sender() {
    believes_nobody_but_the_sender(Written::InPython);
}

#[test]
fn php_believes_nobody_but_the_sender() {
    believes_nobody_but_the_sender(Written::InPhp);
}

#[test]
fn python_keeps_order_and_forgets_for_good() {
    keeps_order_and_forgets_for_good(Written::InPython);
}

#[test]
fn php_keeps_order_and_forgets_for_good() {
    keeps_order_and_forgets_for_good(Written::InPhp);
}

/// `null` or what is wrong, as `webhook.php` says it; the moment is an argument.
fn php_judges(
    secret: &str,
    id: &str,
    timestamp: &str,
    now: i64,
    signature: &str,
    body: &str,
) -> Ended {
    let input =
        json!([secret, {"id": id, "timestamp": timestamp, "signature": signature}, body, now]);
    let text = "require 'examples/webhook-receiver-php/webhook.php'; echo json_encode(what_is_wrong(...json_decode(getenv('INPUT'), true)));";
    run("php", &["-r", text], &[("INPUT", &input.to_string())])
}

#[test]
fn php_verifies_the_examples_that_the_standard_publishes() {
    for (secret, id, moment, body, signature) in [
        // standard-webhooks/standard-webhooks: libraries/javascript/src/webhook.test.ts
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        // standard-webhooks/standard-webhooks: libraries/rust/src/lib.rs
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ] {
        let stamp = moment.to_string();
        for (off, good) in [
            (0, true),
            (300, true),
            (-300, true),
            (301, false),
            (-301, false),
        ] {
            let said = php_judges(secret, id, &stamp, moment + off, signature, body).printed();
            assert_eq!(said == "null", good, "{off}: {said}");
        }
        for stamp in [
            format!("{stamp}.0"),
            format!(" {stamp}"),
            format!("{stamp}\n"),
            "1e9".to_owned(),
        ] {
            let said = php_judges(secret, id, &stamp, moment, signature, body).printed();
            assert_ne!(said, "null", "{stamp:?}");
        }
        // A secret that cannot be one is the operator's mistake, and verifies nothing.
        for wrong in ["", "whsec_", "whsec_AAAA", &secret["whsec_".len()..]] {
            assert!(
                !php_judges(wrong, id, &stamp, moment, signature, body).success,
                "{wrong}"
            );
        }
    }
}

#[test]
fn php_and_the_python_library_sign_alike() {
    let now = chrono::Utc::now().timestamp();
    for body in ["", "{}", r#"{"name": "Zoë 🙂"}"#, " \r\n\t{ }\n"] {
        let text = "import os, datetime, standardwebhooks as s\nmoment = datetime.datetime.fromtimestamp(int(os.environ['NOW']), datetime.timezone.utc)\n\
            print(s.Webhook(os.environ['SECRET']).sign('msg_1', moment, os.environ['BODY']))";
        let stamp = now.to_string();
        let signature =
            python(text, &[("NOW", &stamp), ("SECRET", SECRET), ("BODY", body)]).printed();
        let said = php_judges(SECRET, "msg_1", &stamp, now, signature.trim(), body).printed();
        assert_eq!(said, "null", "{body:?}");
    }
}
