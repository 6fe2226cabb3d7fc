//! Mail that really leaves: over SMTP, to a server that Sayso did not write, in all its moods.

use std::fs;
use std::time::Duration;

use sayso_tests::deadline::{eventually, within};
use sayso_tests::receiver::{Manner as Shape, Receiver};
use sayso_tests::smtp::{Manner, SmtpServer, Taken};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to};
use sayso_tests::wire::{get, post};
use sayso_tests::{ports, workspace};
use serde_json::{Value, json};

fn stack_with(variables: &str) -> Stack {
    let state = workspace::fresh_folder("stack");
    fs::write(state.join(".dev.vars"), variables).expect("a file under target/");
    Stack::start_in(&state, ports::free(3))
        .unwrap_or_else(|printed| panic!("dev did not get ready:\n{printed}"))
}

fn content<'a>(parsed: &'a Value, kind: &str) -> &'a str {
    let parts = parsed["parts"].as_array().expect("parts");
    let part = parts.iter().find(|part| part["kind"] == kind);
    part.and_then(|part| part["content"].as_str())
        .unwrap_or_else(|| panic!("no {kind} in {parsed}"))
}

fn confirm_link(stack: &Stack, text: &str) -> String {
    let start = stack.collector("/confirm/");
    let mut words = text.split_whitespace();
    let link = words.find(|word| word.starts_with(&start));
    link.unwrap_or_else(|| panic!("no link in {text}"))
        .to_owned()
}

/// What the evidence says of the one mail to an address.
fn mail_on_record(stack: &Stack, email: &str) -> Value {
    let subject = post(stack.collector("/v1/subjects/lookup"))
        .bearer(&stack.demo_key())
        .json(&json!({"email": email}))
        .send()
        .expect(200)
        .json();
    let id = subject["id"].as_str().expect("an id").to_owned();
    let pack = get(stack.collector(&format!("/v1/subjects/{id}/evidence?purpose=EMARKETING")))
        .bearer(&stack.demo_key())
        .send()
        .expect(200)
        .json();
    pack["mails"][0].clone()
}

#[test]
fn a_mail_arrives_by_smtp_and_its_link_confirms() {
    let server = SmtpServer::start(Manner::Plain);
    let stack = stack_with(&server.variables("smtp://", ""));
    let email = address("ann");
    let _ = says_yes_to(&stack, &email, &["EMARKETING"]);
    let taken = server.mail_to(&email);
    let parsed = taken.parsed();
    assert_eq!(parsed["defects"], json!([]), "{parsed}");
    assert_eq!(parsed["kind"], "multipart/alternative");
    let headers = &parsed["headers"];
    assert_eq!(headers["to"], json!(email));
    assert_eq!(headers["auto-submitted"], "auto-generated");
    let from = headers["from"].as_str().unwrap_or_default();
    assert!(from.contains(taken.facts["from"].as_str().expect("an envelope")));
    let html = content(&parsed, "text/html");
    for banned in ["<img", "<script", "<link", "url(", "http-equiv"] {
        assert!(!html.contains(banned), "{banned} in {html}");
    }
    let text = content(&parsed, "text/plain");
    confirm(&confirm_link(&stack, text));
    eventually("the consent", || {
        let (events, _) = stack.events();
        let mut events = events.iter();
        events
            .any(|event| event["type"] == "consent.given")
            .then_some(())
    });
    let mail = mail_on_record(&stack, &email);
    assert!(mail["sent_at"].is_string(), "{mail}");
    // Nobody may read mails where they really leave.
    let _ = get(stack.collector("/dev/mailbox")).send().expect(404);
}

#[test]
fn a_mail_leaves_over_tls_with_a_login() {
    for (manner, scheme, rest, method) in [
        (Manner::Tls, "smtps://us%3Aer:p%40ss%2Fword@", "", "PLAIN"),
        (
            Manner::StartTls,
            "smtp://us%3Aer:p%40ss%2Fword@",
            "?tls=required",
            "PLAIN",
        ),
        (
            Manner::OldLogin,
            "smtp://us%3Aer:p%40ss%2Fword@",
            "?tls=required",
            "LOGIN",
        ),
    ] {
        let server = SmtpServer::start(manner);
        let stack = stack_with(&server.variables(scheme, rest));
        let email = address("tim");
        let _ = says_yes_to(&stack, &email, &["EMARKETING"]);
        let Taken { facts, .. } = server.mail_to(&email);
        assert_eq!(facts["secure"], true, "{manner:?}");
        assert_eq!(facts["user"], "us:er", "{manner:?}");
        assert_eq!(facts["method"], method, "{manner:?}");
    }
}

#[test]
fn a_server_without_encryption_gets_neither_password_nor_mail() {
    let server = SmtpServer::start(Manner::NeverTls);
    let stack = stack_with(&server.variables("smtp://us%3Aer:p%40ss%2Fword@", "?tls=required"));
    let email = address("eve");
    let _ = says_yes_to(&stack, &email, &["EMARKETING"]);
    eventually("the mail to have failed", || {
        (mail_on_record(&stack, &email)["failures"] == 1).then_some(())
    });
    assert!(server.mails_to(&email).is_empty());
}

#[test]
fn a_wrong_password_is_our_fault_and_the_mail_waits() {
    let server = SmtpServer::start(Manner::Tls);
    let stack = stack_with(&server.variables("smtps://us%3Aer:wrong@", ""));
    let email = address("pim");
    let _ = says_yes_to(&stack, &email, &["EMARKETING"]);
    let mail = eventually("the mail to have failed", || {
        let mail = mail_on_record(&stack, &email);
        (mail["failures"] == 1).then_some(mail)
    });
    assert!(mail["next_try_at"].is_string(), "{mail}");
    assert!(mail["refusal"].is_null(), "{mail}");
}

#[test]
fn each_mood_of_a_server_ends_well() {
    let server = SmtpServer::start(Manner::Plain);
    let stack = stack_with(&server.variables("smtp://", ""));
    let [refuse, later, stall, drop, good] =
        ["refuse", "later", "stall", "drop", "good"].map(address);
    for email in [&refuse, &later, &stall, &drop, &good] {
        let _ = says_yes_to(&stack, email, &["EMARKETING"]);
    }
    // One that stalls holds up nobody.
    let _ = server.mail_to(&good);
    let refused = eventually("the refusal to be on record", || {
        let mail = mail_on_record(&stack, &refuse);
        mail["refusal"].is_object().then_some(mail)
    });
    assert_eq!(refused["refusal"]["code"], "550");
    let words = refused["refusal"]["words"].as_str().unwrap_or_default();
    assert!(words.contains("no such mailbox"), "{refused}");
    assert!(refused["next_try_at"].is_null() && refused["sent_at"].is_null());
    // What failed is tried again half a minute later; what stalls is left after a quarter of one.
    let patience = Duration::from_mins(2);
    for email in [&later, &stall] {
        let mails = within(patience, || {
            let mails = server.mails_to(email);
            (!mails.is_empty()).then_some(mails)
        });
        assert_eq!(mails.map(|mails| mails.len()), Some(1), "{email}");
    }
    // It had taken the first, and we could not know: the second is the same mail.
    let twice = within(patience, || {
        let mails = server.mails_to(&drop);
        (mails.len() == 2).then_some(mails)
    })
    .expect("the second mail");
    assert_eq!(twice[0].raw, twice[1].raw, "the same Message-ID, and all");
    let on_record = eventually("it to be noted", || {
        let mail = mail_on_record(&stack, &drop);
        mail["sent_at"].is_string().then_some(mail)
    });
    assert_eq!(on_record["failures"], 1);
}

#[test]
fn a_mail_service_gets_the_mail_once_it_is_there_again() {
    let service = Receiver::start(Shape::Answer(503));
    let origin = service.url().trim_end_matches("/webhooks").to_owned();
    let stack = stack_with(&format!(
        "SAYSO_MAILER=http\nSAYSO_MAIL_SERVICE=postmark\nSAYSO_MAIL_KEY=a-key\nSAYSO_MAIL_URL={origin}\n"
    ));
    let email = address("sam");
    let _ = says_yes_to(&stack, &email, &["EMARKETING"]);
    eventually("a first attempt to be on record", || {
        (mail_on_record(&stack, &email)["failures"] == 1).then_some(())
    });
    service.now(Shape::Answer(200));
    let deliveries = within(Duration::from_mins(2), || {
        let deliveries = service.deliveries();
        (deliveries.len() == 2).then_some(deliveries)
    })
    .expect("a second attempt");
    assert_eq!(deliveries[0].body, deliveries[1].body, "the same mail");
    let request = &deliveries[1];
    assert_eq!(request.headers["x-postmark-server-token"], "a-key");
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(body["To"], json!(email));
    assert_eq!(body["TrackOpens"], false);
    let text = body["TextBody"].as_str().unwrap_or_default();
    confirm(&confirm_link(&stack, text));
    eventually("it to be noted", || {
        mail_on_record(&stack, &email)["sent_at"]
            .is_string()
            .then_some(())
    });
}
