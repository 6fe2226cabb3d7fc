//! Persons of SuperOffice: found by address or by Sayso's id, made, and brought up to date by JSON Patch (RFC 6902).

use serde_json::{Map, Value, json};

use super::{Purpose, Settings, read_answer, succeeded, text};
use crate::connector::{Answer, Change, Told, Verdict};

/// What of a person is looked at, and changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person(Value);

impl Settings {
    /// The filter that finds the persons of an address.
    #[must_use]
    pub fn with_address(email: &str) -> String {
        format!("email/emailAddress is {}", quoted(email))
    }

    /// The filter that finds the persons whom a change is about by Sayso's id, where a field carries it.
    #[must_use]
    pub fn with_subject(&self, change: &Change) -> Option<String> {
        let field = self.subject_field.as_deref()?;
        let subject = quoted(&change.subject.to_string());
        Some(format!("personUdef/{field} is {subject}"))
    }

    /// A new person. SuperOffice wants a name; until somebody writes it, what stands before the @ is it.
    #[must_use]
    pub fn person(&self, email: &str) -> Value {
        let name = email.split('@').next().unwrap_or(email);
        let mut person = Map::new();
        person.insert("Lastname".to_owned(), name.into());
        person.insert(
            "Emails".to_owned(),
            json!([{"Value": email, "Description": ""}]),
        );
        if let Some(company) = self.company {
            person.insert("Contact".to_owned(), json!({"ContactId": company}));
        }
        person.into()
    }

    /// Whether a change can be about more of a person than the consent.
    #[must_use]
    pub fn looks_into(&self, of: &Purpose, is_on: bool) -> bool {
        (is_on && self.subject_field.is_some()) || !of.subscriptions.is_empty()
    }

    /// The JSON Patch that makes a person be as a change says; none where it is so. Subscription types are named by their place, which is
    /// tested, so that one that moved meanwhile is a conflict and not another's change.
    #[must_use]
    pub fn patch(&self, person: &Person, of: &Purpose, change: &Change, is_on: bool) -> Vec<Value> {
        let mut patch = Vec::new();
        let types = person.0["ShipmentTypes"].as_array();
        for (place, known) in types.into_iter().flatten().enumerate() {
            let (id, is_so) = (known["Id"].as_u64(), known["Selected"] == is_on);
            let id = id.and_then(|id| u32::try_from(id).ok());
            if let Some(id) = id.filter(|id| !is_so && of.subscriptions.contains(id)) {
                let at = format!("/ShipmentTypes/{place}");
                patch.push(json!({"op": "test", "path": format!("{at}/Id"), "value": id}));
                patch.push(
                    json!({"op": "replace", "path": format!("{at}/Selected"), "value": is_on}),
                );
            }
        }
        if let Some(field) = self.subject_field.as_ref().filter(|_| is_on) {
            let subject = Value::from(change.subject.to_string());
            if person.0["CustomFields"][field] != subject {
                patch.push(
                    json!({"op": "add", "path": format!("/CustomFields/{field}"), "value": subject}),
                );
            }
        }
        patch
    }
}

impl Person {
    /// As SuperOffice has them.
    pub fn read(answer: &Answer) -> Told<Self> {
        read_answer(answer).map(Self)
    }
}

/// The persons that a search found, those made last first.
pub fn persons(answer: &Answer) -> Told<Vec<u64>> {
    // Nothing found may be nothing said.
    if answer.status == 204 {
        return Ok(Vec::new());
    }
    let page = read_answer(answer)?;
    let Some(found) = page["value"].as_array() else {
        return Err(answer.undocumented());
    };
    let ids = found.iter().map(|found| text(found, "PrimaryKey").parse());
    let mut ids: Vec<u64> = ids.filter_map(Result::ok).collect();
    ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    // Who has an address twice is found twice.
    ids.dedup();
    Ok(ids)
}

/// The person that was made.
pub fn made(answer: &Answer) -> Told<u64> {
    let made = read_answer(answer)?["PersonId"].as_u64();
    made.ok_or_else(|| answer.undocumented())
}

/// Goes on if the patch was applied. Where the person changed meanwhile, there is a new one next time.
pub fn patched(answer: &Answer) -> Told<()> {
    match (answer.status, succeeded(answer)) {
        (409 | 412, Err(Verdict::Refused { words })) => Err(Verdict::TryLater {
            retry_after: answer.retry_after,
            words,
        }),
        (_, told) => told,
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
