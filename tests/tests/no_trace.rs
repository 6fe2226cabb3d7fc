//! What must leave no trace: looking, repeating, and being refused. Nobody else uses this stack, so that the events before
//! and after can be compared as they are.

use sayso_tests::mailbox::{mails, wait_for_mail};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, submission, submit, withdraw};
use sayso_tests::wire::ask;
use serde_json::json;

/// What a crawler, a mail scanner or a curious person asks for.
const PAGES: [&str; 9] = [
    "/v1/sites/demo/forms/newsletter",
    "/v1/sites/demo",
    "/v1/events",
    "/.well-known/jwks.json",
    "/openapi.json",
    "/health",
    "/say-so.js",
    "/dev/mailbox",
    "/dev/mailbox.json",
];

#[test]
fn looking_repeating_and_being_refused_leave_no_trace() {
    let stack = Stack::start();
    let email = address("trace");
    let choices = json!({"STORE": true, "EMARKETING": true, "EVENTS": false});
    let body = submission(&stack, &email, &choices);
    let _ = submit(&stack, &body).expect(201);
    let mail = wait_for_mail(&stack, &email);
    stack.crm_knows(&email, "STORE", "given");
    let before = stack.events();
    assert!(!before.0.is_empty());
    let unchanged = |what: &str| {
        assert_eq!(stack.events(), before, "{what} left a trace");
        assert_eq!(mails(&stack, &email).len(), 1, "{what} sent a mail");
    };

    let urls = PAGES.map(|path| stack.collector(path));
    for method in ["GET", "HEAD"] {
        for url in urls.iter().chain(&mail.links()) {
            for _ in 0..2 {
                let request = ask(method, url.as_str()).bearer(&stack.admin_token());
                let answer = request.send();
                let is_events = url.ends_with("/v1/events");
                // The admin token is of no site, so it has no events of its own.
                assert!(
                    answer.status == 200 || is_events,
                    "{method} {url}: {} {}",
                    answer.status,
                    answer.text()
                );
            }
            unchanged(&format!("{method} {url}"));
        }
    }

    for _ in 0..3 {
        let _ = submit(&stack, &body).expect(200);
    }
    unchanged("the same submission again");

    let stranger = address("stranger");
    let right = submission(&stack, &stranger, &choices);
    for (pointer, wrong) in [
        ("/site", json!("nobody")),
        ("/form", json!("nothing")),
        ("/notice_hash", json!(format!("sha-256:{}", "0".repeat(64)))),
        ("/choices", json!({"STORE": true, "TELEPATHY": true})),
        ("/gpc", json!("no")),
        ("/id", body["id"].clone()),
    ] {
        let mut wrong_in_one = right.clone();
        *wrong_in_one.pointer_mut(pointer).expect("a field") = wrong;
        let answer = submit(&stack, &wrong_in_one);
        assert!(answer.status >= 400, "{pointer}: {}", answer.text());
        unchanged(pointer);
    }
    assert_eq!(mails(&stack, &stranger).len(), 0);

    // A wrong token opens nothing, whatever is pressed.
    let (confirm_link, withdraw_link) = (mail.confirm_link(), mail.withdraw_link());
    for link in [&confirm_link, &withdraw_link] {
        let (path, token) = link.rsplit_once('/').expect("a path");
        let wrong: String = token.chars().rev().collect();
        for body in ["purpose=EMARKETING", "withdraw=*"] {
            let answer = ask("POST", format!("{path}/{wrong}"))
                .body("application/x-www-form-urlencoded", body)
                .send();
            assert!(answer.status >= 400, "{}", answer.text());
        }
    }
    unchanged("a wrong token");

    // Pressing does change something, once.
    let _ = confirm(&confirm_link);
    stack.crm_knows(&email, "EMARKETING", "given");
    let confirmed = stack.events();
    assert_ne!(confirmed, before);
    let _ = confirm(&confirm_link);
    assert_eq!(
        stack.events(),
        confirmed,
        "confirming twice is confirming once"
    );

    let _ = withdraw(&withdraw_link, "EMARKETING");
    stack.crm_knows(&email, "EMARKETING", "withdrawn");
    let withdrawn = stack.events();
    let _ = withdraw(&withdraw_link, "EMARKETING");
    assert_eq!(
        stack.events(),
        withdrawn,
        "withdrawing twice is withdrawing once"
    );
    // The link of the mail, pressed once more, does not give back what was taken.
    let again = ask("POST", confirm_link.as_str())
        .body("application/x-www-form-urlencoded", "purpose=EMARKETING")
        .send();
    assert!(again.status < 500, "{}", again.text());
    assert_eq!(
        stack.events(),
        withdrawn,
        "an old link gave back what was withdrawn"
    );
}
