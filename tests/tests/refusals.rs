//! Everything that the collector refuses, and how: one table, each line a request that is wrong in one respect.

use std::sync::LazyLock;
use std::thread;

use sayso_tests::deadline::eventually;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to, submission, submit};
use sayso_tests::wire::{Answer, Ask, ask, get, post};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// A body cap of 64 KB (design, Security).
const CAP_BYTES: usize = 64 * 1024;

fn right() -> Value {
    let choices = json!({"STORE": false, "EMARKETING": true, "EVENTS": false});
    submission(&STACK, &address("refused"), &choices)
}

fn send(body: impl Into<Vec<u8>>) -> Ask {
    post(STACK.collector("/v1/submissions"))
        .header("origin", STACK.pages(""))
        .body("application/json", body)
}

/// The answer is a problem with this status and stable name, and says what to do.
#[track_caller]
fn is_problem(answer: &Answer, status: u16, name: &str) -> Value {
    let said = answer.text();
    assert_eq!(answer.status, status, "{said}");
    let content_type = answer.header("content-type").unwrap_or_default();
    assert!(
        content_type.starts_with("application/problem+json"),
        "{content_type}: {said}"
    );
    let problem = answer.json();
    assert_eq!(
        problem["type"],
        format!("urn:sayso:problem:{name}"),
        "{said}"
    );
    assert_eq!(problem["status"], status, "{said}");
    for word in ["title", "detail"] {
        assert!(
            problem[word].as_str().is_some_and(|text| !text.is_empty()),
            "no {word}: {said}"
        );
    }
    problem
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().into_iter().flatten();
    errors
        .filter_map(|error| error["pointer"].as_str())
        .collect()
}

#[test]
fn a_submission_that_is_wrong_in_one_respect_is_refused_for_that() {
    let table: &[(&str, Value, u16, &str)] = &[
        ("/site", json!("nobody"), 404, "unknown-site"),
        ("/form", json!("nothing"), 404, "unknown-form"),
        (
            "/notice_hash",
            json!(format!("sha-256:{}", "0".repeat(64))),
            409,
            "notice-outdated",
        ),
        ("/choices", json!({"TELEPATHY": true}), 422, "invalid"),
        ("/choices", json!({"STORE": "yes"}), 422, "invalid"),
        ("/choices", json!([]), 422, "invalid"),
        ("/subject/email", json!("no address"), 422, "invalid"),
        ("/subject/email", json!(7), 422, "invalid"),
        ("/id", json!("1"), 422, "invalid"),
        // A version 4 UUID has no time in it and collides with nothing by order.
        (
            "/id",
            json!("3f0c8f0e-9f57-4c1e-8a53-0d9c64c3c0aa"),
            422,
            "invalid",
        ),
        ("/lang", json!(""), 422, "invalid"),
        ("/source", json!("telepathy"), 422, "invalid"),
        ("/page", json!("javascript:alert(1)"), 422, "invalid"),
        ("/shown_at", json!("yesterday"), 422, "invalid"),
        ("/decided_at", json!(1_700_000_000), 422, "invalid"),
        ("/gpc", json!("false"), 422, "invalid"),
    ];
    for (pointer, wrong, status, name) in table {
        let mut body = right();
        *body.pointer_mut(pointer).expect("a field of a submission") = wrong.clone();
        println!("{pointer} = {wrong}");
        let problem = is_problem(&submit(&STACK, &body), *status, name);
        if *status == 422 {
            let pointers = pointers(&problem);
            assert!(
                pointers.iter().all(|found| found.starts_with(pointer)) && !pointers.is_empty(),
                "{pointers:?}"
            );
        }
    }
}

#[test]
fn every_field_may_be_missing_and_none_may_be_added() {
    for field in right().as_object().expect("an object").keys() {
        let mut body = right();
        body.as_object_mut().expect("an object").remove(field);
        let problem = is_problem(&submit(&STACK, &body), 422, "invalid");
        assert_eq!(pointers(&problem), [format!("/{field}")]);
    }
    for (object, pointer) in [("", "/surprise"), ("/subject", "/subject/surprise")] {
        let mut body = right();
        body.pointer_mut(object).expect("an object")["surprise"] = json!(1);
        let problem = is_problem(&submit(&STACK, &body), 422, "invalid");
        assert_eq!(pointers(&problem), [pointer]);
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let mut body = right();
    body["id"] = json!("1");
    body["gpc"] = json!("no");
    body["subject"]["email"] = json!("nobody");
    body["surprise"] = json!(true);
    let problem = is_problem(&submit(&STACK, &body), 422, "invalid");
    let mut pointers = pointers(&problem);
    pointers.sort_unstable();
    assert_eq!(pointers, ["/gpc", "/id", "/subject/email", "/surprise"]);
    let said = problem.to_string();
    assert!(
        !said.contains("nobody"),
        "a problem repeats no personal data: {said}"
    );
}

#[test]
fn what_is_not_a_json_object_in_utf_8_is_refused() {
    is_problem(&send("").send(), 400, "not-json");
    is_problem(&send("id=1&site=demo").send(), 400, "not-json");
    is_problem(&send("{\"id\":").send(), 400, "not-json");
    is_problem(&send(vec![b'"', 0xff, b'"']).send(), 400, "not-json");
    is_problem(&send("[]").send(), 422, "invalid");
}

#[test]
fn what_is_larger_than_the_cap_is_refused() {
    let mut body = right();
    body["page"] = json!(format!("https://example.nl/{}", "a".repeat(CAP_BYTES)));
    // Who answers before the end of a body may close before the sender has written it all: then it tries again.
    for body in [body.to_string(), " ".repeat(4 * CAP_BYTES)] {
        let answer = eventually("an answer", || send(body.as_str()).try_send().ok());
        is_problem(&answer, 413, "too-large");
    }
}

#[test]
fn only_pages_of_the_sites_own_origins_may_submit() {
    let url = STACK.collector("/v1/submissions");
    let foreign = [
        Some("https://evil.example".to_owned()),
        Some("null".to_owned()),
        // A prefix or suffix of a listed origin is another origin.
        Some(format!("{}.evil.example", STACK.pages(""))),
        Some(format!("{}0", STACK.pages(""))),
        Some(STACK.pages("").replace("http:", "https:")),
        None,
    ];
    for origin in foreign {
        println!("{origin:?}");
        let mut request = post(&url).json(&right());
        if let Some(origin) = &origin {
            request = request.header("origin", origin);
        }
        let answer = request.send();
        is_problem(&answer, 403, "foreign-origin");
        // So the page can tell its marketer; it holds nothing of anybody's.
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, origin.as_deref());
    }
}

#[test]
fn pages_of_the_sites_own_origins_may_read_the_answer() {
    let origin = STACK.pages("");
    let url = STACK.collector("/v1/submissions");
    let allowed = |answer: &Answer| {
        let allowed = answer.header("access-control-allow-origin");
        allowed.map(str::to_owned)
    };

    let answer = submit(&STACK, &right()).expect(201);
    assert_eq!(allowed(&answer), Some(origin.clone()));
    let vary = answer.header("vary").unwrap_or_default().to_lowercase();
    assert!(
        vary.contains("origin"),
        "a cache must keep answers of origins apart: {vary}"
    );

    // The page has to be able to read why it was refused.
    let refused = send("{}").send();
    is_problem(&refused, 422, "invalid");
    let outdated = {
        let mut body = right();
        body["notice_hash"] = json!(format!("sha-256:{}", "0".repeat(64)));
        submit(&STACK, &body)
    };
    assert_eq!(allowed(&outdated), Some(origin.clone()));

    let preflight = ask("OPTIONS", &url)
        .header("origin", &origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .send();
    assert!(matches!(preflight.status, 200 | 204), "{preflight:?}");
    let headers = preflight.header("access-control-allow-headers");
    assert!(headers.is_some_and(|headers| headers.to_lowercase().contains("content-type")));
    let methods = preflight.header("access-control-allow-methods");
    assert!(methods.is_some_and(|methods| methods.contains("POST")));

    let form = get(STACK.collector("/v1/sites/demo/forms/newsletter"))
        .header("origin", &origin)
        .send()
        .expect(200);
    let allowed = allowed(&form).expect("a page may read the form");
    assert!(allowed == "*" || allowed == origin, "{allowed}");
}

#[test]
fn a_submission_may_come_as_plain_text_so_that_no_preflight_is_needed() {
    let body = right();
    let answer = post(STACK.collector("/v1/submissions"))
        .header("origin", STACK.pages(""))
        .body("text/plain;charset=UTF-8", body.to_string())
        .send()
        .expect(201)
        .json();
    assert_eq!(answer["id"], body["id"]);
}

#[test]
fn an_outdated_notice_is_answered_with_the_current_one() {
    let mut body = right();
    let current = body["notice_hash"].clone();
    body["notice_hash"] = json!(format!("sha-256:{}", "a".repeat(64)));
    let problem = is_problem(&submit(&STACK, &body), 409, "notice-outdated");
    assert_eq!(problem["notice"]["hash"], current);
}

#[test]
fn the_same_submission_again_is_the_same_answer() {
    let body = right();
    let first = submit(&STACK, &body).expect(201);
    let again = submit(&STACK, &body).expect(200);
    assert_eq!(first.json(), again.json());
    // The order of the fields is no content.
    let text = body.to_string();
    let reread: Value = serde_json::from_str(&text).expect("what was written can be read");
    let pretty = serde_json::to_string_pretty(&reread).expect("it can be written");
    assert_eq!(send(pretty).send().expect(200).json(), first.json());
}

#[test]
fn the_same_submission_sent_many_times_at_once_is_recorded_once() {
    let body = right();
    let answers: Vec<Answer> = thread::scope(|scope| {
        let senders: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| submit(&STACK, &body)))
            .collect();
        let answers = senders.into_iter().map(thread::ScopedJoinHandle::join);
        answers.map(|answer| answer.expect("an answer")).collect()
    });
    let count = |status| answers.iter().filter(|each| each.status == status).count();
    assert_eq!((count(201), count(200)), (1, 11));
    let first = answers[0].json();
    assert!(answers.iter().all(|answer| answer.json() == first));
    let events = STACK.events().0;
    let about = |event: &&Value| event["data"]["submission"] == body["id"];
    assert_eq!(
        events.iter().filter(about).count(),
        2,
        "no to STORE, no to EVENTS"
    );
}

#[test]
fn the_same_id_with_other_content_is_refused() {
    let body = right();
    let _ = submit(&STACK, &body).expect(201);
    for (pointer, other) in [
        ("/choices/STORE", json!(true)),
        ("/subject/email", json!(address("somebody.else"))),
        ("/gpc", json!(true)),
    ] {
        let mut changed = body.clone();
        *changed.pointer_mut(pointer).expect("a field") = other;
        is_problem(&submit(&STACK, &changed), 409, "id-reused");
    }
}

#[test]
fn another_method_is_refused_with_those_that_are_allowed() {
    for (path, method, allowed) in [
        ("/v1/submissions", "GET", "POST"),
        ("/v1/submissions", "PUT", "POST"),
        ("/v1/submissions", "DELETE", "POST"),
        ("/v1/sites/demo/forms/newsletter", "POST", "GET"),
        ("/v1/events", "POST", "GET"),
        ("/.well-known/jwks.json", "DELETE", "GET"),
        ("/health", "POST", "GET"),
    ] {
        println!("{method} {path}");
        let answer = ask(method, STACK.collector(path)).send();
        is_problem(&answer, 405, "wrong-method");
        let allow = answer.header("allow").unwrap_or_default();
        assert!(allow.contains(allowed), "{path}: {allow}");
    }
}

#[test]
fn a_route_that_does_not_exist_is_a_problem_too() {
    for path in [
        "/v1/nothing",
        "/v2/events",
        "/v1/submissions/1",
        "/.well-known/nothing",
    ] {
        is_problem(&get(STACK.collector(path)).send(), 404, "no-route");
    }
    let form = STACK.collector("/v1/sites/demo/forms/nothing");
    is_problem(&get(form).send(), 404, "unknown-form");
    let site = STACK.collector("/v1/sites/nobody/forms/newsletter");
    is_problem(&get(site).send(), 404, "unknown-site");
}

#[test]
fn without_the_right_key_nothing_is_read_or_changed() {
    let events = STACK.collector("/v1/events");
    is_problem(&get(&events).send(), 401, "unauthorized");
    let mut wrong = STACK.demo_key();
    wrong.pop();
    for key in [wrong.as_str(), "sk_", "", "Bearer", "sk_demo"] {
        is_problem(&get(&events).bearer(key).send(), 401, "unauthorized");
    }
    // The right key in the wrong scheme, and a key in the address, are no keys.
    let key = STACK.demo_key();
    let basic = get(&events).header("authorization", format!("Basic {key}"));
    is_problem(&basic.send(), 401, "unauthorized");
    is_problem(
        &get(format!("{events}?key={key}")).send(),
        401,
        "unauthorized",
    );

    for (method, path) in [
        ("GET", "/v1/sites/demo"),
        ("PUT", "/v1/sites/demo"),
        ("PUT", "/v1/sites/demo/keys/more"),
        ("PUT", "/v1/sites/demo/endpoints/more"),
        ("GET", "/v1/sites/demo/endpoints/demo-crm"),
        ("GET", "/v1/sites/demo/endpoints/demo-crm/deliveries"),
        ("POST", "/v1/sites/demo/endpoints/demo-crm/rotate"),
        ("POST", "/v1/sites/demo/endpoints/demo-crm/replay"),
        ("POST", "/v1/sites/demo/endpoints/demo-crm/disable"),
    ] {
        println!("{method} {path}");
        let url = STACK.collector(path);
        is_problem(
            &ask(method, &url).json(&json!({})).send(),
            401,
            "unauthorized",
        );
        let narrow = ask(method, &url).bearer(&STACK.demo_key()).json(&json!({}));
        is_problem(&narrow.send(), 403, "missing-scope");
    }
}

#[test]
fn a_key_without_the_scope_does_not_read_events() {
    let key = STACK
        .admin("PUT", "/v1/sites/demo/keys/narrow")
        .json(&json!({"scopes": ["subjects:read"]}))
        .send()
        .expect(201)
        .json();
    let secret = key["secret"].as_str().expect("a secret, shown once");
    let events = get(STACK.collector("/v1/events")).bearer(secret).send();
    is_problem(&events, 403, "missing-scope");
}

#[test]
fn a_key_of_another_site_sees_nothing_of_this_one() {
    let _ = says_yes_to(&STACK, &address("here"), &["STORE"]);
    let site = include_str!("../../examples/demo-site.json");
    let site: Value = serde_json::from_str(site).expect("the demo site is JSON");
    let created = STACK.admin("PUT", "/v1/sites/other").json(&site).send();
    assert!(matches!(created.status, 200 | 201), "{}", created.text());
    let key = STACK
        .admin("PUT", "/v1/sites/other/keys/crm")
        .json(&json!({"scopes": ["events:read", "subjects:read", "subjects:write", "site:admin"]}))
        .send()
        .expect(201)
        .json();
    let secret = key["secret"].as_str().expect("a secret, shown once");

    let events = get(STACK.collector("/v1/events"))
        .bearer(secret)
        .send()
        .expect(200)
        .json();
    assert_eq!(events["events"], json!([]), "another site's events");
    // Not even a cursor of ours opens a way in.
    let cursor = STACK.events().1;
    let events = get(STACK.collector(&format!("/v1/events?after={cursor}")))
        .bearer(secret)
        .send();
    assert!(
        events.status >= 400 || events.json()["events"] == json!([]),
        "{}",
        events.text()
    );
    for (method, path) in [
        ("GET", "/v1/sites/demo"),
        ("PUT", "/v1/sites/demo"),
        ("PUT", "/v1/sites/demo/keys/crm"),
        ("PUT", "/v1/sites/demo/endpoints/crm"),
        ("DELETE", "/v1/sites/demo/keys/demo-crm"),
    ] {
        let answer = ask(method, STACK.collector(path))
            .bearer(secret)
            .json(&json!({}))
            .send();
        assert!(
            matches!(answer.status, 401 | 403 | 404),
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
    }
}

#[test]
fn a_key_that_names_another_site_than_its_own_gets_nothing() {
    let ask = |site: &str| {
        let url = STACK.collector(&format!("/v1/events?site={site}"));
        get(url).bearer(&STACK.demo_key()).send()
    };
    let _ = ask("demo").expect(200);
    for site in ["demo-ar", "nobody", "", "not%20a%20name"] {
        is_problem(&ask(site), 404, "unknown-site");
    }
}
