//! What a back end records: calls, cards, imports, other grounds than consent; as the CRM, an auditor and the person see it.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use sayso_tests::mailbox::{mails, wait_for_mail};
use sayso_tests::receiver::{Manner, Receiver, SECRET};
use sayso_tests::script::run;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::{Answer, Ask, ask, get, post};
use sayso_tests::workspace;
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// The key of a back end that records.
static KEY: LazyLock<String> = LazyLock::new(|| key("recorder", &["subjects:write"]));

fn key(name: &str, scopes: &[&str]) -> String {
    let path = format!("/v1/sites/demo/keys/{name}");
    let answer = STACK.admin("PUT", &path).json(&json!({"scopes": scopes}));
    let made = answer.send().expect(201).json();
    made["secret"].as_str().expect("a secret").to_owned()
}

fn call() -> Ask {
    post(STACK.collector("/v1/consents")).bearer(&KEY)
}

fn record(lines: &[Value]) -> Value {
    let answer = call().json(&json!({"consents": lines})).send().expect(200);
    let mut answer = answer.json();
    answer["results"].take()
}

fn statuses(results: &Value) -> Vec<u64> {
    let results = results.as_array().expect("results").iter();
    results
        .map(|result| result["status"].as_u64().expect("a status"))
        .collect()
}

fn ago(time: Duration) -> String {
    (Utc::now() - time).to_rfc3339_opts(SecondsFormat::Millis, true)
}

const HOUR: Duration = Duration::from_hours(1);

fn line(email: &str, lang: &str, source: &str, choices: &Value) -> Value {
    json!({
        "id": uuid::Uuid::now_v7().to_string(),
        "subject": {"email": email},
        "form": "newsletter", "lang": lang, "choices": choices, "source": source,
        "decided_at": ago(HOUR), "actor": {"kind": "staff", "id": "m-42"},
    })
}

fn import(email: &str, choices: &Value, decided_at: &str) -> Value {
    let mut line = line(email, "nl", "import", choices);
    line["decided_at"] = json!(decided_at);
    line["imported"] = json!({"from": "Lijst 2019"});
    line
}

/// The events of a person, all types.
fn events(email: &str) -> Vec<Value> {
    let types = "consent.given,consent.refused,consent.withdrawn,consent.requested";
    let mut after = String::new();
    let mut found = Vec::new();
    loop {
        let path = format!("/v1/events?limit=1000&types={types}&after={after}");
        let page = get(STACK.collector(&path)).bearer(&STACK.demo_key());
        let page = page.send().expect(200).json();
        let about = |event: &&Value| event["data"]["subject"]["email"] == email;
        let events = page["events"].as_array().into_iter().flatten();
        found.extend(events.filter(about).cloned());
        page["next"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut after);
        if page["more"] != true {
            return found;
        }
    }
}

fn evidence(subject: &Value, purpose: &str) -> Value {
    let subject = subject.as_str().expect("an id");
    let path = format!("/v1/subjects/{subject}/evidence?purpose={purpose}");
    let answer = get(STACK.collector(&path)).bearer(&STACK.demo_key());
    answer.send().expect(200).json()
}

/// What `sayso-verify` says of a pack.
fn verified(pack: &Value) -> String {
    let folder = workspace::fresh_folder("recorded");
    let file = |name: &str, text: String| {
        let file = folder.join(name);
        std::fs::write(&file, text).expect("a file under target/");
        file.display().to_string()
    };
    let keys = get(STACK.collector("/.well-known/jwks.json")).send().text();
    let (pack, keys) = (file("pack.json", pack.to_string()), file("keys.json", keys));
    let program = workspace::program("sayso-verify");
    run(&program, &[&pack, "--jwks", &keys], &[]).printed()
}

#[test]
fn what_was_said_by_telephone_waits_for_the_persons_own_confirmation() {
    let email = address("phone");
    let mut by_phone = line(
        &email,
        "nl",
        "phone",
        &json!({"STORE": true, "EMARKETING": true}),
    );
    by_phone["comment"] = json!("Belde over een tandem.");
    let results = record(std::slice::from_ref(&by_phone));
    assert_eq!(statuses(&results), [201]);
    assert_eq!(results[0]["recorded"]["state"], "pending");
    let again = record(std::slice::from_ref(&by_phone));
    assert_eq!(statuses(&again), [200]);
    assert_eq!(again[0]["recorded"], results[0]["recorded"]);

    let mail = wait_for_mail(&STACK, &email);
    let text = mail.json["text"].as_str().expect("a text");
    for said in [
        "Volgens Wielrijk Fietsen hebt u ja gezegd",
        "per telefoon",
        "uw toestemming",
    ] {
        assert!(text.contains(said), "no {said:?} in {text}");
    }
    assert!(!text.contains("tandem"), "the note is the controller's own");
    assert!(!text.contains("aangevinkt"), "nobody ticked anything");
    let _ = confirm(&mail.confirm_link());

    let told: Vec<_> = events(&email)
        .iter()
        .map(|event| {
            let data = &event["data"];
            ["purpose", "status", "source", "method"]
                .map(|name| data[name].as_str().unwrap_or("?").to_owned())
        })
        .collect();
    assert_eq!(
        told,
        [
            ["EMARKETING", "requested", "phone", "oral_statement"],
            ["STORE", "given", "phone", "oral_statement"],
            ["EMARKETING", "given", "phone", "double_opt_in"],
        ]
    );
    let first = &events(&email)[0]["data"];
    assert_eq!(first["actor"], json!({"kind": "staff", "id": "m-42"}));
    assert_eq!(first["comment"], "Belde over een tandem.");
    let pack = evidence(&results[0]["recorded"]["subject"], "EMARKETING");
    assert_eq!(pack["submissions"][0]["comment"], "Belde over een tandem.");
    assert_eq!(pack["submissions"][0]["recorded"]["key"], "recorder");
    let said = verified(&pack);
    assert!(said.contains("recorded by staff m-42"), "{said}");
    assert!(said.contains("Everything holds."), "{said}");

    let page = get(mail.withdraw_link()).send().expect(200).text();
    assert!(page.contains("per telefoon"), "{page}");
    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    assert_eq!(events(&email)[3]["data"]["status"], "withdrawn");
}

#[test]
fn a_card_at_a_fair_is_recorded_at_once_and_the_person_is_told() {
    let email = address("card");
    let mut card = line(&email, "en", "in_person", &json!({"STORE": true}));
    card["subject"]["phone"] = json!("+31 30 123 4567");
    let results = record(&[card]);
    assert_eq!(results[0]["recorded"]["state"], "recorded");
    let mail = wait_for_mail(&STACK, &email);
    assert_eq!(
        mail.json["subject"],
        "What Wielrijk Fietsen has recorded about you"
    );
    let text = mail.json["text"].as_str().expect("a text");
    for said in [
        "in person",
        "your consent",
        "+31 30 123 4567",
        email.as_str(),
    ] {
        assert!(text.contains(said), "no {said:?} in {text}");
    }
    let _ = withdraw(&mail.withdraw_link(), "STORE");
    let told: Vec<_> = events(&email)
        .iter()
        .map(|event| event["data"]["method"].clone())
        .collect();
    assert_eq!(told, ["written_statement", "preference_centre"]);
}

#[test]
fn a_list_is_taken_over_with_its_dates_and_is_never_shown_as_confirmed() {
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = STACK.add_endpoint("imports", receiver.url(), SECRET);
    let emails: Vec<String> = (0..500).map(|nth| address(&format!("list{nth}"))).collect();
    let yes = json!({"EMARKETING": true});
    let mut lines: Vec<Value> = emails
        .iter()
        .map(|email| import(email, &yes, "2024-05-01T00:00:00Z"))
        .collect();
    // Three are bad, two are there twice.
    lines[7]["subject"]["email"] = json!("nobody");
    lines[8]["form"] = json!("nothing");
    lines[9]["decided_at"] = json!("2999-01-01T00:00:00Z");
    lines[498] = lines[0].clone();
    lines[499] = lines[1].clone();
    let started = Instant::now();
    let results = record(&lines);
    println!("500 lines in {:?}", started.elapsed());
    let results_list = results.as_array().expect("results");
    assert_eq!(results_list.len(), 500);
    for (nth, result) in results_list.iter().enumerate() {
        assert_eq!(result["index"], nth, "in the order of the lines");
        let expected = match nth {
            7..=9 => 422,
            498 | 499 => 200,
            _ => 201,
        };
        assert_eq!(result["status"], expected, "{nth}: {result}");
    }
    for (nth, pointer) in [(7, "subject/email"), (8, "form"), (9, "decided_at")] {
        let expected = format!("/consents/{nth}/{pointer}");
        assert_eq!(results[nth]["problem"]["errors"][0]["pointer"], expected);
    }
    let again = record(&lines);
    assert!(
        statuses(&again)
            .iter()
            .all(|status| matches!(status, 200 | 422))
    );

    let email = &emails[3];
    assert!(
        mails(&STACK, email).is_empty(),
        "500 lines are not 500 mails"
    );
    let events = events(email);
    assert_eq!(events.len(), 1);
    let data = &events[0]["data"];
    assert_eq!(
        (&data["status"], &data["method"]),
        (&json!("given"), &json!("import"))
    );
    assert_eq!(data["decided_at"], "2024-05-01T00:00:00.000Z");
    assert_eq!(data["imported"]["from"], "Lijst 2019");
    let pushed = receiver.wait_for("the import", |delivery| {
        String::from_utf8_lossy(&delivery.body).contains(email.as_str())
    });
    let pushed: Value = serde_json::from_slice(&pushed.body).expect("JSON");
    assert_eq!(pushed, events[0], "pushed and pulled are the same");

    let subject = &results[3]["recorded"]["subject"];
    let pack = evidence(subject, "EMARKETING");
    assert_eq!(
        pack["consent"]["recorded"]["imported"]["from"],
        "Lijst 2019"
    );
    let said = verified(&pack);
    assert!(
        said.contains("taken over from Lijst 2019, not confirmed with this collector"),
        "{said}"
    );
    assert!(!said.contains("confirmation mail"), "{said}");
    for format in ["dpv", "kantara"] {
        let subject = subject.as_str().expect("an id");
        let path = format!("/v1/subjects/{subject}/evidence?purpose=EMARKETING&format={format}");
        let export = get(STACK.collector(&path)).bearer(&STACK.demo_key()).send();
        assert!(
            export.text().contains("not confirmed with this collector"),
            "{}",
            export.text()
        );
    }
}

#[test]
fn another_ground_than_consent_asks_nobody_to_confirm() {
    let email = address("contract");
    let mut contract = line(&email, "nl", "api", &json!({"EMARKETING": true}));
    contract["actor"] = json!({"kind": "system", "id": "webshop"});
    contract["legal_basis"] = json!({"EMARKETING": "contract"});
    let results = record(&[contract]);
    assert_eq!(results[0]["recorded"]["state"], "recorded");
    let mail = wait_for_mail(&STACK, &email);
    let text = mail.json["text"].as_str().expect("a text");
    assert!(
        text.contains("nodig voor onze overeenkomst met u"),
        "{text}"
    );
    let data = &events(&email)[0]["data"];
    assert_eq!(
        (&data["legal_basis"], &data["method"]),
        (&json!("contract"), &json!("notification"))
    );
    assert_eq!(data["actor"], json!({"kind": "system", "id": "webshop"}));
    let page = get(mail.withdraw_link()).send().expect(200).text();
    assert!(
        page.contains("nodig voor onze overeenkomst met u"),
        "{page}"
    );
}

#[test]
fn a_newer_withdrawal_wins_and_the_line_says_so() {
    let email = address("withdrew");
    let _ = says_yes_to(&STACK, &email, &["STORE"]);
    let mail = wait_for_mail(&STACK, &email);
    let _ = withdraw(&mail.withdraw_link(), "STORE");
    let results = record(&[import(
        &email,
        &json!({"STORE": true}),
        "2024-05-01T00:00:00Z",
    )]);
    assert_eq!(statuses(&results), [201]);
    let unchanged = &results[0]["recorded"]["unchanged"]["STORE"];
    assert_eq!(
        (&unchanged["reason"], &unchanged["status"]),
        (&json!("newer_on_record"), &json!("withdrawn"))
    );
    let told: Vec<_> = events(&email)
        .iter()
        .map(|event| event["data"]["status"].clone())
        .collect();
    assert_eq!(told, ["refused", "refused", "given", "withdrawn"]);
    // And a withdrawal may be brought in too.
    let other = address("stopped");
    let _ = record(&[import(
        &other,
        &json!({"EMARKETING": true}),
        "2024-05-01T00:00:00Z",
    )]);
    let _ = record(&[import(
        &other,
        &json!({"EMARKETING": false}),
        "2024-06-01T00:00:00Z",
    )]);
    let told: Vec<_> = events(&other)
        .iter()
        .map(|event| event["data"]["status"].clone())
        .collect();
    assert_eq!(told, ["given", "withdrawn"]);
}

#[track_caller]
fn is_problem(answer: &Answer, status: u16, name: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["type"], format!("urn:sayso:problem:{name}"));
    problem
}

#[test]
fn a_call_that_is_wrong_as_a_whole_records_nothing() {
    let good = line(&address("whole"), "nl", "phone", &json!({"STORE": true}));
    let many: Vec<Value> = vec![good.clone(); 501];
    for (body, pointer) in [
        (json!({}), "/consents"),
        (json!({"consents": []}), "/consents"),
        (json!({"consents": many}), "/consents"),
        (json!({"consents": {}}), "/consents"),
        (json!({"consents": [good], "surprise": 1}), "/surprise"),
        (json!([]), ""),
    ] {
        let problem = is_problem(&call().json(&body).send(), 422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    is_problem(
        &call().body("application/json", "{").send(),
        400,
        "not-json",
    );
    let huge = vec![b' '; 1024 * 1024 + 1];
    is_problem(
        &call().body("application/json", huge).send(),
        413,
        "too-large",
    );
    let get = ask("GET", STACK.collector("/v1/consents")).send();
    is_problem(&get, 405, "wrong-method");
}

#[test]
fn a_key_needs_the_scope_even_where_no_line_is_good() {
    let body = json!({"consents": [{"id": 1}]});
    let without = post(STACK.collector("/v1/consents")).json(&body).send();
    is_problem(&without, 401, "unauthorized");
    let reads = key("reader", &["subjects:read", "events:read"]);
    let answer = post(STACK.collector("/v1/consents"))
        .bearer(&reads)
        .json(&body)
        .send();
    is_problem(&answer, 403, "missing-scope");
    let admin = STACK.admin("POST", "/v1/consents").json(&body).send();
    is_problem(&admin, 400, "bad-parameter");
    let admin = STACK
        .admin("POST", "/v1/consents?site=nobody")
        .json(&body)
        .send();
    is_problem(&admin, 404, "unknown-site");
    let admin = STACK
        .admin("POST", "/v1/consents?site=demo")
        .json(&body)
        .send()
        .expect(200);
    assert_eq!(statuses(&admin.json()["results"]), [422]);
}
