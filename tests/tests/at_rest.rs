//! What lies on the disk: no address, no token of a mail and no secret in clear.
//!
//! Looked at are the bytes of the objects' databases, checkpointed or not. The mailbox of dev is left out: it is there to
//! show mails and does not exist where `SAYSO_MAILER` is not `dev`.

use std::fs;
use std::path::{Path, PathBuf};

use sayso_tests::crm::Cloud;
use sayso_tests::crm::hubspot::{HubSpot, NEWSLETTER, TOKEN, refusal};
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::receiver::{Manner, Receiver, SECRET};
use sayso_tests::stack::{Stack, secret};
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::post;
use serde_json::json;

#[test]
fn nothing_personal_and_nothing_secret_lies_on_the_disk_in_clear() {
    let stack = Stack::start();
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("own", receiver.url(), SECRET);
    // One goes the whole way, one stays unconfirmed.
    let (whole, half) = (address("whole"), address("half"));
    let crm = connected(&stack, &whole);
    let _ = says_yes_to(&stack, &whole, &["STORE", "EMARKETING"]);
    let _ = says_yes_to(&stack, &half, &["EVENTS"]);
    let (mail, other) = (wait_for_mail(&stack, &whole), wait_for_mail(&stack, &half));
    let _ = confirm(&mail.confirm_link());
    stack.crm_knows(&whole, "EMARKETING", "given");
    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    stack.crm_knows(&whole, "EMARKETING", "withdrawn");
    eventually("HubSpot to be told", || {
        let (status, _) = crm.books(|books| books.status(&whole))?;
        (status == "UNSUBSCRIBED").then_some(())
    });

    let called = address("called");
    tell(&stack, &called);

    let mut secrets = vec![
        ("an address", called.clone()),
        ("a local part", local(&called)),
        ("a telephone number", PHONE.to_owned()),
        ("a customer's number", CUSTOMER.to_owned()),
        ("a comment", COMMENT.to_owned()),
        ("an address", whole.clone()),
        ("an address", half.clone()),
        // Half an address identifies as well.
        ("a local part", local(&whole)),
        ("a local part", local(&half)),
        ("a webhook secret", SECRET.to_owned()),
        (
            "a webhook secret",
            SECRET.trim_start_matches("whsec_").to_owned(),
        ),
        ("an API key", stack.demo_key()),
        ("what lets into a CRM", TOKEN.to_owned()),
    ];
    for name in [
        "SAYSO_SIGNING_KEY",
        "SAYSO_KEK",
        "SAYSO_ADMIN_TOKEN",
        "DEMO_WEBHOOK_SECRET",
    ] {
        secrets.push((name, secret(stack.state(), name)));
    }
    for link in mail.links().iter().chain(&other.links()) {
        let token = link.rsplit('/').next().unwrap_or_default().to_owned();
        assert!(token.len() > 20, "no token in {link}");
        secrets.push(("a token", token));
    }

    look("running", stack.state(), &secrets);
    erase(&stack, &whole);
    erase(&stack, &called);
    look("after an erasure", stack.state(), &secrets);
    let state = stack.state().to_owned();
    assert!(stack.stop().success());
    look("stopped", &state, &secrets);
}

const PHONE: &str = "+31 30 765 4321";
const CUSTOMER: &str = "customer-90210-x";
const COMMENT: &str = "Prefers a call in the evening.";

/// A CRM that names the person in its first answer, which is an error.
fn connected(stack: &Stack, email: &str) -> Cloud<HubSpot> {
    let cloud = Cloud::start(HubSpot::default());
    let about = email.to_owned();
    cloud.answers_once(
        move |asked| asked.path.last() == Some(&about),
        refusal(503, "UNAVAILABLE", &format!("Try {email} again")),
    );
    let purposes = json!({"EMARKETING": {"subscription": NEWSLETTER}});
    let wish = json!({
        "crm": "hubspot",
        "settings": {"origin": cloud.origin(), "purposes": purposes},
        "credentials": {"token": TOKEN},
    });
    let put = stack.admin("PUT", "/v1/sites/demo/connectors/hubspot");
    let _ = put.json(&wish).send().expect(201);
    cloud
}

/// What somebody said on the telephone.
fn tell(stack: &Stack, email: &str) {
    let line = json!({
        "id": uuid::Uuid::now_v7(), "subject": {"email": email, "phone": PHONE, "external_id": CUSTOMER},
        "form": "newsletter", "lang": "nl", "choices": {"STORE": true}, "source": "phone",
        "decided_at": "2026-05-01T10:00:00Z", "actor": {"kind": "staff", "id": "m-42"}, "comment": COMMENT
    });
    let answer = stack.admin("POST", "/v1/consents?site=demo");
    let answer = answer.json(&json!({"consents": [line]})).send().expect(200);
    assert_eq!(answer.json()["results"][0]["status"], 201);
    let _ = wait_for_mail(stack, email);
}

fn erase(stack: &Stack, email: &str) {
    let found = post(stack.collector("/v1/subjects/lookup"))
        .bearer(&stack.demo_key())
        .json(&json!({"email": email}))
        .send();
    let id = found.expect(200).json()["id"].as_str().map(str::to_owned);
    let path = format!("/v1/subjects/{}?site=demo", id.expect("an id"));
    let _ = stack.admin("DELETE", &path).send().expect(200);
}

fn look(when: &str, state: &Path, secrets: &[(&str, String)]) {
    let files = objects(state);
    for (file, bytes) in &files {
        for (what, secret) in secrets {
            assert!(
                !contains(bytes, secret.as_bytes()),
                "{when}: {what} in clear in {}",
                file.display()
            );
        }
        for prefix in ["whsec_", "sk_"] {
            assert!(
                !holds_a_secret_after(bytes, prefix),
                "{when}: something like {prefix}… in {}",
                file.display()
            );
        }
    }
    // The look itself can see: what may lie there in clear is found.
    let sighted = files
        .iter()
        .any(|(_, bytes)| contains(bytes, b"EMARKETING"));
    assert!(sighted, "{when}: looked at the wrong files");
}

/// The part of an address before the @.
fn local(email: &str) -> String {
    email.split('@').next().unwrap_or_default().to_owned()
}

/// Every file of every object but the mailbox's, with its bytes.
fn objects(state: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut mailboxes = 0;
    for entry in fs::read_dir(state.join("objects")).expect("the state is there") {
        let folder = entry.expect("it can be read").path();
        let name = folder.display().to_string();
        if name.contains("Mailbox") || name.contains("MAILBOX") {
            mailboxes += 1;
        } else {
            collect(&folder, &mut files);
        }
    }
    assert_eq!(mailboxes, 1, "the one thing that is left out");
    files
}

fn collect(path: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("it can be read").flatten() {
            collect(&entry.path(), files);
        }
    } else if let Ok(bytes) = fs::read(path) {
        // A file of SQLite's may go while we look.
        files.push((path.to_owned(), bytes));
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// A prefix alone may stand in a column's name; followed by 20 characters of base64 it is a secret.
fn holds_a_secret_after(bytes: &[u8], prefix: &str) -> bool {
    bytes.windows(prefix.len() + 20).any(|window| {
        let (start, rest) = window.split_at(prefix.len());
        let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
        start == prefix.as_bytes() && rest.iter().all(base64)
    })
}
