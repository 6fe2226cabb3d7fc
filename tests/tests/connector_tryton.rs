//! Consents in Tryton, a CRM that Sayso did not write: told by the connector, read back from Tryton itself.

use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::{Mail, wait_for_mail};
use sayso_tests::stack::Stack;
use sayso_tests::tryton::Tryton;
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::{Answer, ask, post};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// One for all: whoever stops it holds it meanwhile.
static TRYTON: LazyLock<Mutex<Tryton>> = LazyLock::new(|| {
    let tryton = Tryton::start();
    let _ = connector("PUT", "", &tryton.connector()).expect(201);
    Mutex::new(tryton)
});

fn connector(method: &str, act: &str, body: &Value) -> Answer {
    let path = format!("/v1/sites/demo/connectors/tryton{act}");
    STACK.admin(method, &path).json(body).send()
}

fn deliveries() -> Value {
    let path = "/v1/sites/demo/connectors/tryton/deliveries";
    STACK.admin("GET", path).send().expect(200).json()
}

fn confirmed(email: &str) -> Mail {
    let _ = says_yes_to(&STACK, email, &["EMARKETING"]);
    let mail = wait_for_mail(&STACK, email);
    let _ = confirm(&mail.confirm_link());
    mail
}

fn subscribed(tryton: &Tryton, email: &str, active: bool) {
    let what = format!("the subscription in Tryton to be active: {active}");
    eventually(&what, || {
        (tryton.subscriptions(email) == [active]).then_some(())
    });
}

#[test]
fn a_consent_given_in_the_browser_is_an_active_subscription_and_a_withdrawal_an_inactive_one() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let email = address("tryton");
    let browser = Browser::start();
    browser.open(&STACK.pages("/web-form/"));
    browser.tick("EMARKETING");
    browser.fill("name", "Kim");
    browser.fill("email", &email);
    browser.fill("question", "Hebben jullie ook een tandem?");
    browser.press("Verstuur mijn vraag");
    let mail = wait_for_mail(&STACK, &email);
    assert!(
        tryton.subscriptions(&email).is_empty(),
        "nothing before it is confirmed"
    );
    browser.open(&mail.confirm_link());
    browser.see_at("h1");
    browser.press_at("button[type=submit]");
    subscribed(&tryton, &email, true);

    // The party is new, and its note leads to the receipt.
    let parties = tryton.parties(&email);
    assert_eq!(parties.len(), 1);
    let note = eventually("the note", || tryton.notes(parties[0]).into_iter().next());
    let (events, _) = STACK.events();
    let given = events.iter().find(|event| {
        event["data"]["subject"]["email"] == *email && event["type"] == "consent.given"
    });
    let given = given.expect("the event");
    let subject = given["data"]["subject"]["id"].as_str().expect("an id");
    assert!(
        note.contains(subject) && note.contains("sha256:") && !note.contains(&email),
        "{note}"
    );

    browser.open(&mail.withdraw_link());
    browser.press_at("button[name=withdraw][value=EMARKETING]");
    subscribed(&tryton, &email, false);
    assert_eq!(tryton.parties(&email), parties, "no second party");
    eventually("the note of the withdrawal", || {
        (tryton.notes(parties[0]).len() == 2).then_some(())
    });

    // Told again from the beginning, the old yes is left out, and nothing is written twice.
    let told = deliveries()["deliveries"].as_array().map_or(0, Vec::len);
    let _ = connector("POST", "/replay", &json!({"after": ""})).expect(204);
    eventually("the replay", || {
        let again = deliveries();
        let attempts = again["deliveries"].as_array()?.iter();
        let attempts: usize = attempts
            .map(|one| one["attempts"].as_array().map_or(0, Vec::len))
            .sum();
        (attempts >= told * 2 && again["lanes"][0]["state"] == "idle").then_some(())
    });
    assert_eq!(tryton.subscriptions(&email), [false]);
    assert_eq!(tryton.notes(parties[0]).len(), 2);
}

#[test]
fn who_is_known_is_not_made_twice_and_a_second_withdrawal_is_harmless() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let email = address("known");
    let mechanism = json!({"type": "email", "value": email});
    tryton.make(
        "party.party",
        &json!({"name": "Known", "contact_mechanisms": [["create", [mechanism]]]}),
    );
    let parties = tryton.parties(&email);
    let mail = confirmed(&email);
    subscribed(&tryton, &email, true);
    assert_eq!(tryton.parties(&email), parties);
    for _ in 0..2 {
        let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
        subscribed(&tryton, &email, false);
    }
    assert_eq!(deliveries()["lanes"][0]["dead_letters"], json!([]));
}

#[test]
fn who_was_put_aside_or_is_spelled_otherwise_is_known_too() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let email = address("spelled_so");
    let other = email.replace('_', "x");
    for (name, value) in [("Known", email.to_uppercase()), ("Other", other.clone())] {
        let mechanism = json!({"type": "email", "value": value});
        tryton.make(
            "party.party",
            &json!({"name": name, "contact_mechanisms": [["create", [mechanism]]]}),
        );
    }
    let known = tryton.parties(&email.to_uppercase());
    tryton.set("party.party", known[0], &json!({"active": false}));
    let _ = confirmed(&email);
    subscribed(&tryton, &email, true);
    eventually("the note", || {
        (tryton.notes(known[0]).len() == 1).then_some(())
    });
    assert!(tryton.parties(&email).is_empty(), "nobody was made");
    let other = tryton.parties(&other);
    assert!(tryton.notes(other[0]).is_empty(), "`_` stands for itself");
}

#[test]
fn who_is_kept_with_the_letters_that_a_domain_stands_for_is_told_of_a_no() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let name = address("umlaut").replace("@example.nl", "");
    let (sent, kept) = (
        format!("{name}@xn--bcher-kva.example"),
        format!("{name}@bücher.example"),
    );
    tryton.make(
        "marketing.email",
        &json!({"email": kept, "list_": tryton.list}),
    );
    let mechanism = json!({"type": "email", "value": kept});
    tryton.make(
        "party.party",
        &json!({"name": "Known", "contact_mechanisms": [["create", [mechanism]]]}),
    );
    let mail = confirmed(&sent);
    eventually("the note", || {
        (tryton.notes(tryton.parties(&kept)[0]).len() == 1).then_some(())
    });
    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    subscribed(&tryton, &kept, false);
    assert!(tryton.parties(&sent).is_empty() && tryton.subscriptions(&sent).is_empty());
}

#[test]
fn a_no_that_somebody_set_in_tryton_outlasts_a_yes_of_before_and_gives_way_to_one_of_after() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let email = address("by-hand");
    let domain = json!([["email", "=", email], ["list_", "=", tryton.list]]);
    tryton.make(
        "marketing.email",
        &json!({"email": email, "list_": tryton.list}),
    );
    let row = tryton.rows("marketing.email", "active", &domain)[0]["id"].as_u64();
    let row = row.expect("a row");
    let _ = connector("POST", "/disable", &Value::Null).expect(204);
    let mail = confirmed(&email);
    // Tryton counts whole seconds on SQLite.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    tryton.set("marketing.email", row, &json!({"active": false}));
    let _ = connector("POST", "/enable", &Value::Null).expect(204);
    eventually("the yes to be left out", || {
        deliveries()
            .to_string()
            .contains("Tryton has a newer no")
            .then_some(())
    });
    assert_eq!(tryton.subscriptions(&email), [false]);
    assert!(tryton.parties(&email).is_empty(), "nobody was made for it");

    // A withdrawal has nobody to be noted on but the subscription, and a yes that follows counts.
    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let _ = confirmed(&email);
    subscribed(&tryton, &email, true);
}

#[test]
fn a_yes_to_two_parties_of_one_address_is_a_dead_letter_that_says_so_and_a_no_is_told_to_both() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    // A dry run shows the same before anything has happened.
    let email = address("several");
    for name in ["One", "Two"] {
        let mechanism = json!({"type": "email", "value": email});
        tryton.make(
            "party.party",
            &json!({"name": name, "contact_mechanisms": [["create", [mechanism]]]}),
        );
    }
    let wish = json!({"email": email, "purpose": "EMARKETING", "type": "consent.given"});
    let shown = connector("POST", "/dry-run", &wish).expect(200).json();
    assert_eq!(
        (&shown["taken"], &shown["writes"]),
        (&json!(false), &json!([])),
        "{shown}"
    );
    assert!(
        shown["answer"]
            .as_str()
            .is_some_and(|words| words.contains("2 parties")),
        "{shown}"
    );
    let wish = json!({"email": email, "purpose": "EMARKETING", "type": "consent.withdrawn"});
    let shown = connector("POST", "/dry-run", &wish).expect(200).json();
    assert_eq!(shown["taken"], true, "{shown}");
    assert!(tryton.subscriptions(&email).is_empty());
}

#[test]
fn an_empty_box_of_a_form_ends_nothing_that_tryton_has_from_elsewhere() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let email = address("elsewhere");
    let list = &tryton.connector()["settings"]["purposes"]["EMARKETING"]["list"];
    tryton.make("marketing.email", &json!({"email": email, "list_": list}));
    // Whoever typed this address need not be the person.
    let _ = says_yes_to(&STACK, &email, &[]);
    let (events, _) = STACK.events();
    let refused = events.iter().find(|event| {
        event["data"]["subject"]["email"] == *email && event["data"]["purpose"] == "EMARKETING"
    });
    let refused = refused.expect("the event");
    assert_eq!(refused["type"], "consent.refused");
    let attempt = eventually("the delivery", || {
        let told = deliveries();
        let mut told = told["deliveries"].as_array()?.iter();
        let one = told.find(|one| one["event"] == refused["data"]["id"])?;
        one["attempts"].as_array()?.first().cloned()
    });
    assert_eq!(attempt["status"], 204, "{attempt}");
    assert_eq!(tryton.subscriptions(&email), [true]);
}

#[test]
fn a_dry_run_shows_what_would_be_written_and_writes_nothing() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let email = address("rehearsal");
    let wish = json!({"email": email, "purpose": "EMARKETING", "type": "consent.given"});
    let shown = connector("POST", "/dry-run", &wish).expect(200).json();
    assert_eq!(shown["taken"], true, "{shown}");
    let written: Vec<&str> = shown["writes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|write| write["url"].as_str())
        .collect();
    let note = "ir.note?f=id";
    let ends = ["party.party?f=id", "marketing.email?f=id", note, note];
    assert!(
        written.len() == 4
            && written
                .iter()
                .zip(ends)
                .all(|(url, end)| url.ends_with(end)),
        "{shown}"
    );
    assert!(!shown.to_string().contains(&tryton.key));
    assert!(tryton.parties(&email).is_empty() && tryton.subscriptions(&email).is_empty());
}

#[test]
fn what_tryton_does_not_have_or_let_in_is_said_at_once_and_nothing_is_stored() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let put = |wish: &Value| {
        STACK
            .admin("PUT", "/v1/sites/demo/connectors/wrong")
            .json(wish)
            .send()
    };
    let with = |pointer: &str, value: Value| {
        let mut wish = tryton.connector();
        *wish.pointer_mut(pointer).expect("a place") = value;
        wish
    };
    let refused = put(&with("/credentials/key", json!("wrong")))
        .expect(422)
        .json();
    assert_eq!(refused["type"], "urn:sayso:problem:connector-unproven");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|words| words.contains("401")),
        "{refused}"
    );
    let refused = put(&with("/settings/purposes/EMARKETING/list", json!(4711)))
        .expect(422)
        .json();
    assert_eq!(
        refused["errors"][0]["pointer"],
        "/settings/purposes/EMARKETING/list"
    );
    assert!(
        refused["errors"][0]["detail"]
            .as_str()
            .is_some_and(|words| words.contains("(Newsletter)")),
        "{refused}"
    );
    let refused = put(&with("/settings/origin", json!("http://127.0.0.1:9")))
        .expect(422)
        .json();
    assert_eq!(refused["type"], "urn:sayso:problem:connector-unproven");
    for (pointer, wrong) in [
        ("/settings/origin", json!("http://169.254.169.254")),
        ("/settings/database", json!("../x")),
        ("/credentials/key", json!("")),
        ("/crm", json!("unheard-of")),
        ("/settings/purposes", json!({"NONE": {"list": 1}})),
    ] {
        let refused = put(&with(pointer, wrong)).expect(422).json();
        let first = refused["errors"][0]["pointer"].as_str().unwrap_or_default();
        assert!(first.starts_with(pointer), "{refused}");
    }
    let path = "/v1/sites/demo/connectors/wrong";
    let _ = STACK.admin("GET", path).send().expect(404);

    // A connector is no endpoint, and its name is taken.
    let _ = STACK
        .admin("GET", "/v1/sites/demo/endpoints/tryton")
        .send()
        .expect(404);
    let hook = json!({"url": "https://crm.example.com/hook"});
    let _ = STACK
        .admin("PUT", "/v1/sites/demo/endpoints/tryton")
        .json(&hook)
        .send()
        .expect(422);

    // The same again needs no credentials, unless it is to go elsewhere.
    let mut known = tryton.connector();
    let _ = known
        .as_object_mut()
        .map(|known| known.remove("credentials"));
    let _ = connector("PUT", "", &known).expect(200);
    known["settings"]["origin"] = json!("http://localhost:9");
    let refused = connector("PUT", "", &known).expect(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/credentials");

    // The key is in no answer and in no file.
    for (method, act) in [
        ("GET", ""),
        ("GET", "/deliveries"),
        ("GET", "/lists"),
        ("POST", "/test"),
    ] {
        let answer = connector(method, act, &Value::Null).expect(200).text();
        assert!(!answer.contains(&tryton.key), "{act}");
    }
    let list = STACK
        .admin("GET", "/v1/sites/demo/connectors")
        .send()
        .expect(200)
        .text();
    assert!(list.contains("\"tryton\"") && !list.contains(&tryton.key));
    let held = files_with(STACK.state(), tryton.key.as_bytes());
    assert_eq!(held, Vec::<String>::new());
}

#[test]
fn while_tryton_is_dead_the_lane_waits_and_goes_on_when_it_is_back() {
    let mut tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    tryton.stop();
    let email = address("patient");
    let _ = confirmed(&email);
    // Intake and the other CRM do not mind.
    STACK.crm_knows(&email, "EMARKETING", "given");
    let waiting = eventually("the lane to wait", || {
        let lane = deliveries()["lanes"][0].clone();
        (lane["state"] == "retrying").then_some(lane)
    });
    assert_eq!(waiting["dead_letters"], json!([]));
    tryton.start_again();
    subscribed(&tryton, &email, true);
}

#[test]
fn an_erased_person_is_subscribed_to_nothing_any_more() {
    let tryton = TRYTON.lock().unwrap_or_else(PoisonError::into_inner);
    let email = address("erased");
    let _ = confirmed(&email);
    subscribed(&tryton, &email, true);
    let party = tryton.parties(&email)[0];
    let _ = eventually("the note", || tryton.notes(party).into_iter().next());
    // Somebody gives the party another address: the subscription is found all the same.
    let domain = json!([["value", "=", email]]);
    let mechanism = &tryton.rows("party.contact_mechanism", "id", &domain)[0];
    let mechanism = mechanism["id"].as_u64().expect("an id");
    tryton.set(
        "party.contact_mechanism",
        mechanism,
        &json!({"value": address("other")}),
    );
    let made = STACK.admin("PUT", "/v1/sites/demo/keys/eraser");
    let made = made
        .json(&json!({"scopes": ["subjects:write"]}))
        .send()
        .json();
    let key = made["secret"].as_str().expect("a key");
    let lookup = post(STACK.collector("/v1/subjects/lookup")).bearer(&STACK.demo_key());
    let found = lookup
        .json(&json!({"email": email}))
        .send()
        .expect(200)
        .json();
    let id = found["id"].as_str().expect("an id");
    let _ = ask("DELETE", STACK.collector(&format!("/v1/subjects/{id}")))
        .bearer(key)
        .send()
        .expect(200);
    subscribed(&tryton, &email, false);
    eventually("the note of the erasure", || {
        let notes = tryton.notes(party);
        notes
            .iter()
            .any(|note| note.starts_with("Sayso; erased "))
            .then_some(())
    });
}

/// The files below a folder that hold these bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if let Ok(held) = fs::read(&path)
            && held.windows(bytes.len()).any(|window| window == bytes)
        {
            found.push(path.display().to_string());
        }
    }
    found
}
