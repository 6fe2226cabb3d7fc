//! The persons of a customer and their consents.

use std::collections::BTreeMap;

use chrono::{SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::lists::{
    BASES, FIELD, NEWS, PURPOSES, SOURCES, SUBSCRIPTIONS, custom_fields, items, subscriptions,
};
use super::{answer, refusal};
use crate::{
    crm::{Asked, Documented},
    host::Reply,
};

/// Who is in it, by id.
#[derive(Default)]
pub struct Register {
    /// The persons
    pub persons: BTreeMap<u64, Person>,
}

/// A person.
#[derive(Clone, Default)]
pub struct Person {
    /// The address
    pub email: String,
    /// The company
    pub company: Option<u64>,
    /// The subscription types that are on
    pub subscriptions: Vec<u32>,
    /// What stands in [`FIELD`]
    pub subject: String,
    /// Each consent, by the key of its purpose
    pub consents: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct NewPerson {
    lastname: String,
    emails: Vec<Element>,
    contact: Option<Contact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Element {
    value: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Contact {
    contact_id: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct SetConsent {
    person_id: u64,
    purpose: String,
    source: String,
    legal_base: String,
    comment: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RemoveConsent {
    person_id: u64,
    purpose: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    op: String,
    path: String,
    value: Value,
}

impl Register {
    /// Makes a person, as somebody who works with SuperOffice would.
    pub fn make(&mut self, email: &str) -> u64 {
        let id = 101 + self.persons.len() as u64;
        let person = Person {
            email: email.to_owned(),
            // What everybody has who is new: nothing reserved against, and stored on legitimate interest.
            subscriptions: SUBSCRIPTIONS.iter().skip(1).map(|(id, _)| *id).collect(),
            consents: BTreeMap::from([("STORE".to_owned(), consent("STORE", "USER", "61F", ""))]),
            ..Person::default()
        };
        self.persons.insert(id, person);
        id
    }

    /// The persons of an address.
    #[must_use]
    pub fn of(&self, email: &str) -> Vec<Person> {
        let all = self.persons.values();
        all.filter(|person| person.email == email)
            .cloned()
            .collect()
    }

    pub(super) fn answer(&mut self, asked: &Asked, path: &[&str]) -> Documented {
        match (asked.method.as_str(), path) {
            ("GET", ["List", list, "Items"]) => items(asked, list),
            ("GET", ["MDOList", "mailingsubscriptiontype"]) => {
                asked.has_query(&[])?;
                Ok(answer(200, &subscriptions(None)))
            }
            ("GET", ["Person", "CustomField"]) => custom_fields(asked),
            ("GET", ["Person"]) => self.search(asked),
            ("POST", ["Person"]) => self.create(asked),
            ("GET", ["Person", id, "Consent"]) => {
                asked.has_query(&[])?;
                asked.has_no_body()?;
                Ok(self.on(id, |person| {
                    answer(200, &person.consents.values().cloned().collect())
                }))
            }
            ("GET", ["Person", id]) => {
                asked.has_query(&[("$select", "PersonId,ShipmentTypes,CustomFields")])?;
                asked.has_no_body()?;
                Ok(self.on(id, |person| answer(200, &person.shown(id))))
            }
            ("PATCH", ["Person", id]) => self.patch(asked, id),
            ("POST", ["Agents", "Person", "SetConsent"]) => self.set_consent(asked),
            ("POST", ["Agents", "Person", "RemoveConsent"]) => self.remove_consent(asked),
            _ => Err(asked.undocumented("no such method and path")),
        }
    }

    fn search(&self, asked: &Asked) -> Documented {
        asked.has_no_body()?;
        let filter = asked.query.get("$filter").cloned().unwrap_or_default();
        asked.has_query(&[
            ("$select", "personId"),
            ("$filter", &filter),
            ("$top", "100"),
        ])?;
        let Some((column, value)) = filter.split_once(" is ") else {
            return Err(asked.undocumented("a filter without an operator"));
        };
        let value = value
            .strip_prefix('\'')
            .and_then(|value| value.strip_suffix('\''));
        let Some(value) = value.map(|value| value.replace("''", "'")) else {
            return Err(asked.undocumented("a value that is not in quotes"));
        };
        let found: Vec<Value> = self
            .persons
            .iter()
            .filter(|(_, person)| match column {
                "email/emailAddress" => person.email == value,
                _ => person.subject == value,
            })
            .map(|(id, _)| json!({"PrimaryKey": id.to_string(), "EntityName": "person", "personId": id.to_string()}))
            .collect();
        if column != "email/emailAddress" && column != format!("personUdef/{FIELD}") {
            return Err(asked.undocumented("a column that is not there"));
        }
        Ok(answer(
            200,
            &json!({"odata.metadata": "…", "odata.nextLink": null, "value": found}),
        ))
    }

    fn create(&mut self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        let wish: NewPerson = asked.json()?;
        let [Element { value, description }] = &wish.emails[..] else {
            return Err(asked.undocumented("another number of addresses"));
        };
        if wish.lastname.is_empty() || !description.is_empty() {
            return Err(asked.undocumented("a person without a name"));
        }
        let Some(Contact { contact_id }) = wish.contact else {
            let words = "Contact is mandatory";
            return Ok(refusal(400, "SoValidationException", words));
        };
        let id = self.make(value);
        if let Some(person) = self.persons.get_mut(&id) {
            person.company = Some(contact_id);
        }
        Ok(answer(
            200,
            &json!({"PersonId": id, "Lastname": wish.lastname, "FullName": wish.lastname}),
        ))
    }

    fn set_consent(&mut self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        let wish: SetConsent = asked.json()?;
        for (list, key) in [
            (&PURPOSES[..], &wish.purpose),
            (&BASES[..], &wish.legal_base),
            (&SOURCES[..], &wish.source),
        ] {
            if !list.iter().any(|(known, _)| known == key) {
                return Err(asked.undocumented("a key that the list does not have"));
            }
        }
        if wish.comment.chars().count() > 255 {
            return Err(asked.undocumented("a comment that is too long"));
        }
        Ok(self.on(&wish.person_id.to_string(), |person| {
            let set = consent(&wish.purpose, &wish.source, &wish.legal_base, &wish.comment);
            person.consents.insert(wish.purpose.clone(), set);
            Reply::of(204, "application/json", "")
        }))
    }

    fn remove_consent(&mut self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        let wish: RemoveConsent = asked.json()?;
        Ok(self.on(&wish.person_id.to_string(), |person| {
            if let Some(known) = person.consents.get_mut(&wish.purpose) {
                known["LegalBaseKey"] = json!("WITHDRAWN");
                known["Updated"] = json!(now());
            }
            Reply::of(204, "application/json", "")
        }))
    }

    fn patch(&mut self, asked: &Asked, id: &str) -> Documented {
        asked.has_query(&[])?;
        if asked.header("content-type") != "application/json-patch+json" {
            return Err(asked.undocumented("its content type"));
        }
        let changes: Vec<Change> =
            serde_json::from_slice(&asked.body).map_err(|error| asked.undocumented(&error))?;
        let mut undocumented = None;
        let reply = self.on(id, |person| {
            for change in &changes {
                match person.change(change) {
                    Some(true) => {}
                    Some(false) => {
                        return refusal(409, "SoConflictException", "The test of a value failed");
                    }
                    None => undocumented = Some(asked.undocumented(&change.path)),
                }
            }
            answer(200, &person.shown(id))
        });
        undocumented.map_or(Ok(reply), Err)
    }

    fn on(&mut self, id: &str, act: impl FnOnce(&mut Person) -> Reply) -> Reply {
        let id = id.parse().unwrap_or_default();
        match self.persons.get_mut(&id) {
            Some(person) => act(person),
            None => refusal(404, "SoNotFoundException", "There is no such person"),
        }
    }
}

impl Person {
    /// Sets a consent, as somebody who works with SuperOffice would.
    pub fn set(&mut self, purpose: &str, basis: &str, comment: &str) {
        let set = consent(purpose, "USER", basis, comment);
        self.consents.insert(purpose.to_owned(), set);
    }

    /// Whether news are sent.
    #[must_use]
    pub fn is_sent_news(&self) -> bool {
        self.subscriptions.contains(&NEWS)
    }

    /// The ground and the comment of a consent.
    #[must_use]
    pub fn consent(&self, purpose: &str) -> Option<(String, String)> {
        let consent = self.consents.get(purpose)?;
        let text = |name: &str| consent[name].as_str().unwrap_or_default().to_owned();
        Some((text("LegalBaseKey"), text("Comment")))
    }

    fn shown(&self, id: &str) -> Value {
        let id: u64 = id.parse().unwrap_or_default();
        json!({
            "PersonId": id, "Lastname": null, "Emails": null, "ShipmentTypes": subscriptions(Some(&self.subscriptions)),
            "CustomFields": {FIELD: self.subject, "SuperOffice:8": "[I:0]"},
        })
    }

    /// Whether one change of a patch is done; nothing if it is not documented.
    fn change(&mut self, change: &Change) -> Option<bool> {
        let path: Vec<&str> = change.path.split('/').collect();
        match (change.op.as_str(), &path[..]) {
            ("test", ["", "ShipmentTypes", place, "Id"]) => {
                let (id, _) = SUBSCRIPTIONS.get(1 + place.parse::<usize>().ok()?)?;
                Some(change.value == json!(id))
            }
            ("replace", ["", "ShipmentTypes", place, "Selected"]) => {
                let (id, _) = SUBSCRIPTIONS.get(1 + place.parse::<usize>().ok()?)?;
                self.subscriptions.retain(|known| known != id);
                if change.value.as_bool()? {
                    self.subscriptions.push(*id);
                }
                Some(true)
            }
            ("add", ["", "CustomFields", FIELD]) => {
                change.value.as_str()?.clone_into(&mut self.subject);
                Some(true)
            }
            _ => None,
        }
    }
}

fn consent(purpose: &str, source: &str, basis: &str, comment: &str) -> Value {
    json!({
        "ConsentPersonId": 9, "Comment": comment, "Registered": now(), "RegisteredAssociateId": 3, "Updated": now(),
        "UpdatedAssociateId": 3, "LegalBaseKey": basis, "ConsentPurposeKey": purpose, "ConsentSourceKey": source,
    })
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}
