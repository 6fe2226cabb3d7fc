//! A visitor without a browser: what the widget would send, and what a person would do with the mail.

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::stack::Stack;
use crate::wire::{Answer, get, post};

/// An address nobody else uses, in a domain that can receive nothing.
#[must_use]
pub fn address(name: &str) -> String {
    let id = uuid::Uuid::now_v7().simple().to_string();
    format!("{name}.{}@example.nl", &id[20..])
}

/// The published form, as the widget gets it.
#[must_use]
pub fn published(stack: &Stack, form: &str, lang: &str) -> Value {
    get(stack.collector(&format!("/v1/sites/demo/forms/{form}?lang={lang}")))
        .send()
        .expect(200)
        .json()
}

/// The words of one of its labels.
#[must_use]
pub fn label(form: &Value, name: &str) -> String {
    let label = form["labels"][name].as_str();
    label
        .unwrap_or_else(|| panic!("no label {name} in {form}"))
        .to_owned()
}

/// A submission of the form `newsletter` that is right in every respect.
#[must_use]
pub fn submission(stack: &Stack, email: &str, choices: &Value) -> Value {
    let form = published(stack, "newsletter", "nl");
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({
        "id": uuid::Uuid::now_v7().to_string(),
        "site": "demo",
        "form": "newsletter",
        "lang": "nl",
        "notice_hash": form["notice"]["hash"],
        "subject": {"email": email},
        "choices": choices,
        "source": "web_form",
        "page": stack.pages("/"),
        "shown_at": now,
        "decided_at": now,
        "gpc": false,
        "widget": "0.1.0",
    })
}

/// Sends it from the example pages' origin.
#[must_use]
pub fn submit(stack: &Stack, submission: &Value) -> Answer {
    post(stack.collector("/v1/submissions"))
        .header("origin", stack.pages(""))
        .json(submission)
        .send()
}

/// Says yes to these purposes and no to the others, and expects that to be accepted.
#[must_use]
pub fn says_yes_to(stack: &Stack, email: &str, purposes: &[&str]) -> Value {
    let choices: Value = ["STORE", "EMARKETING", "EVENTS"]
        .into_iter()
        .map(|purpose| (purpose.to_owned(), json!(purposes.contains(&purpose))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let answer = submit(stack, &submission(stack, email, &choices));
    answer.expect(201).json()
}

/// Opens the page behind a mail's confirm link, leaves the boxes as they are, and presses the button.
pub fn confirm(link: &str) -> Answer {
    let page = get(link).send().expect(200).text();
    let form: Vec<String> = values_of(&page, "purpose")
        .iter()
        .map(|purpose| format!("purpose={purpose}"))
        .collect();
    post(link)
        .body("application/x-www-form-urlencoded", form.join("&"))
        .send()
        .expect(200)
}

/// Presses the button that withdraws `purpose` behind a mail's withdraw link.
pub fn withdraw(link: &str, purpose: &str) -> Answer {
    post(link)
        .body(
            "application/x-www-form-urlencoded",
            format!("withdraw={purpose}"),
        )
        .send()
        .expect(200)
}

/// The values of a page's inputs of that name. Keys of purposes need no unescaping.
fn values_of(page: &str, name: &str) -> Vec<String> {
    let name = format!("name=\"{name}\"");
    page.split("<input")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .filter(|tag| tag.contains(&name))
        .filter_map(|tag| tag.split("value=\"").nth(1)?.split('"').next())
        .map(str::to_owned)
        .collect()
}
