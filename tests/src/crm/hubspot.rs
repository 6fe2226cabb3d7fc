//! HubSpot, as its published OpenAPI documents say: communication preferences v4, and contacts of CRM v3.

use std::collections::BTreeMap;

use chrono::{SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Asked, Books, Documented};
use crate::host::Reply;

/// The token that it lets in.
pub const TOKEN: &str = "pat-eu1-0d3b0c6e-5b1c-4c8e-9c7b-2f2a3f1f9a11";

/// The subscription type that is in use.
pub const NEWSLETTER: u64 = 4_711_001;

/// The property that was made for Sayso's id.
pub const PROPERTY: &str = "sayso_id";

/// The legal bases of a status.
const BASES: [&str; 7] = [
    "CONSENT_WITH_NOTICE",
    "LEGITIMATE_INTEREST_CLIENT",
    "LEGITIMATE_INTEREST_OTHER",
    "LEGITIMATE_INTEREST_PQL",
    "NON_GDPR",
    "PERFORMANCE_OF_CONTRACT",
    "PROCESS_AND_STORE",
];

/// What it holds.
#[derive(Default)]
pub struct HubSpot {
    /// The properties of each contact, by address
    pub contacts: BTreeMap<String, Map<String, Value>>,
    /// The status of each address for [`NEWSLETTER`]
    pub statuses: BTreeMap<String, Value>,
    /// When each address unsubscribed from everything
    pub of_everything: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StatusRequest {
    channel: String,
    status_state: String,
    subscription_id: u64,
    legal_basis: Option<String>,
    legal_basis_explanation: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Upsert {
    inputs: Vec<UpsertInput>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UpsertInput {
    id_property: String,
    id: String,
    properties: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Search {
    filter_groups: Vec<Group>,
    properties: Vec<String>,
    limit: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Filter {
    property_name: String,
    operator: String,
    value: String,
}

impl HubSpot {
    /// The status of an address, and its explanation.
    #[must_use]
    pub fn status(&self, email: &str) -> Option<(String, String)> {
        let status = self.statuses.get(email)?;
        let text = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
        Some((text("status"), text("legalBasisExplanation")))
    }

    /// Sets it, as somebody in HubSpot would.
    pub fn set(&mut self, email: &str, state: &str) {
        // Whether HubSpot leaves the explanation that was there is not documented: the worse of both is tried.
        let known = self.statuses.get(email).cloned().unwrap_or_default();
        let words = &known["legalBasisExplanation"];
        let status = status(email, state, &known["legalBasis"], words);
        self.statuses.insert(email.to_owned(), status);
    }

    /// Unsubscribes it from everything, as a person does in a mail of HubSpot's.
    pub fn unsubscribe_from_everything(&mut self, email: &str) {
        self.of_everything.insert(email.to_owned(), now());
    }

    fn statuses(&self, asked: &Asked, email: &str) -> Documented {
        asked.has_query(&[("channel", "EMAIL")])?;
        asked.has_no_body()?;
        let known: Vec<Value> = self.statuses.get(email).cloned().into_iter().collect();
        Ok(results(&known))
    }

    fn wide_statuses(&self, asked: &Asked, email: &str) -> Documented {
        asked.has_query(&[("channel", "EMAIL")])?;
        asked.has_no_body()?;
        let since = self.of_everything.get(email).into_iter();
        let known: Vec<Value> = since
            .map(|since| {
                json!({
                    "channel": "EMAIL", "status": "UNSUBSCRIBED", "subscriberIdString": email, "timestamp": since,
                    "wideStatusType": "PORTAL_WIDE",
                })
            })
            .collect();
        Ok(results(&known))
    }

    fn set_status(&mut self, asked: &Asked, email: &str) -> Documented {
        asked.has_query(&[])?;
        let wish: StatusRequest = asked.json()?;
        let is_state =
            ["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"].contains(&wish.status_state.as_str());
        let basis = wish.legal_basis.as_deref();
        let is_basis = basis.is_none_or(|basis| BASES.contains(&basis));
        if wish.channel != "EMAIL" || !is_state || !is_basis {
            return Err(asked.undocumented("a value of the status"));
        }
        if wish.subscription_id != NEWSLETTER {
            let words = "Subscription does not exist";
            return Ok(refusal(400, "VALIDATION_ERROR", words));
        }
        let (basis, words) = (json!(wish.legal_basis), json!(wish.legal_basis_explanation));
        let status = status(email, &wish.status_state, &basis, &words);
        self.statuses.insert(email.to_owned(), status.clone());
        if wish.status_state == "SUBSCRIBED" {
            self.of_everything.remove(email);
        }
        Ok(results(&[status]))
    }

    fn upsert(&mut self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        let wish: Upsert = asked.json()?;
        let mut made = Vec::new();
        for input in wish.inputs {
            if input.id_property != "email" || input.properties.get("email") != Some(&input.id) {
                return Err(asked.undocumented("an input that its address does not name"));
            }
            let known = |name: &&String| ["email", PROPERTY].contains(&name.as_str());
            if let Some(name) = input.properties.keys().find(|name| !known(name)) {
                let words = format!("Property \"{name}\" does not exist");
                return Ok(refusal(400, "VALIDATION_ERROR", &words));
            }
            let contact = self.contacts.entry(input.id).or_default();
            for (name, value) in input.properties {
                contact.insert(name, value.into());
            }
            made.push(object(&json!(contact)));
        }
        Ok(results(&made))
    }

    fn search(&self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        let wish: Search = asked.json()?;
        let filters = wish.filter_groups.iter().flat_map(|group| &group.filters);
        let [filter] = filters.collect::<Vec<_>>()[..] else {
            return Err(asked.undocumented("filters that are not looked into here"));
        };
        if filter.property_name != PROPERTY
            || filter.operator != "EQ"
            || wish.properties != ["email"]
            || !(1..=200).contains(&wish.limit)
        {
            return Err(asked.undocumented("a search"));
        }
        let wanted = Some(json!(filter.value));
        let found = self.contacts.values();
        let found = found.filter(|contact| contact.get(PROPERTY) == wanted.as_ref());
        let found: Vec<Value> = found
            .map(|contact| object(&json!({"email": contact["email"]})))
            .collect();
        Ok(answer(
            200,
            &json!({"total": found.len(), "results": found}),
        ))
    }

    fn contact(&self, asked: &Asked, email: &str) -> Documented {
        asked.has_query(&[("idProperty", "email")])?;
        asked.has_no_body()?;
        Ok(match self.contacts.get(email) {
            Some(contact) => answer(200, &object(&json!(contact))),
            None => refusal(404, "OBJECT_NOT_FOUND", "resource not found"),
        })
    }
}

impl Books for HubSpot {
    fn answer(&mut self, asked: &Asked) -> Documented {
        if asked.header("authorization") != format!("Bearer {TOKEN}") {
            let words = "Authentication credentials not found";
            return Ok(refusal(401, "INVALID_AUTHENTICATION", words));
        }
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        match (asked.method.as_str(), &path[..]) {
            ("GET", ["communication-preferences", "v4", "definitions"]) => definitions(asked),
            ("GET", ["communication-preferences", "v4", "statuses", email]) => {
                self.statuses(asked, email)
            }
            (
                "GET",
                [
                    "communication-preferences",
                    "v4",
                    "statuses",
                    email,
                    "unsubscribe-all",
                ],
            ) => self.wide_statuses(asked, email),
            ("POST", ["communication-preferences", "v4", "statuses", email]) => {
                self.set_status(asked, email)
            }
            ("POST", ["crm", "v3", "objects", "contacts", "batch", "upsert"]) => self.upsert(asked),
            ("POST", ["crm", "v3", "objects", "contacts", "search"]) => self.search(asked),
            ("GET", ["crm", "v3", "properties", "contacts"]) => properties(asked),
            ("GET", ["crm", "v3", "objects", "contacts", email]) => self.contact(asked, email),
            _ => Err(asked.undocumented("no such method and path")),
        }
    }
}

/// An error in HubSpot's shape.
#[must_use]
pub fn refusal(status: u16, category: &str, message: &str) -> Reply {
    let body = json!({
        "status": "error", "message": message, "category": category,
        "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf",
    });
    answer(status, &body)
}

/// A success within which something failed.
#[must_use]
pub fn failed_within(message: &str) -> Reply {
    let error = json!({
        "status": "error", "category": "VALIDATION_ERROR", "message": message, "context": {}, "errors": [], "links": {},
    });
    let body = json!({
        "status": "COMPLETE", "startedAt": now(), "completedAt": now(), "results": [], "numErrors": 1, "errors": [error],
    });
    answer(207, &body)
}

fn definitions(asked: &Asked) -> Documented {
    asked.has_query(&[])?;
    asked.has_no_body()?;
    let one = |id: u64, name: &str, is_active: bool| {
        json!({
            "id": id.to_string(), "name": name, "description": "", "isActive": is_active, "isDefault": false,
            "isInternal": false, "createdAt": now(), "updatedAt": now(),
        })
    };
    let (used, unused) = (
        one(NEWSLETTER, "Nieuwsbrief", true),
        one(NEWSLETTER + 1, "Oude lijst", false),
    );
    Ok(results(&[used, unused]))
}

/// Without `status`, unlike what the communication preferences answer.
fn properties(asked: &Asked) -> Documented {
    asked.has_query(&[])?;
    asked.has_no_body()?;
    let one = |name: &str, kind: &str, field: &str, is_fixed: bool| {
        json!({
            "name": name, "label": name, "type": kind, "fieldType": field, "groupName": "contactinformation", "description": "",
            "options": [], "hasUniqueValue": false, "hidden": false, "formField": false,
            "modificationMetadata": {"archivable": true, "readOnlyDefinition": is_fixed, "readOnlyValue": is_fixed},
        })
    };
    let all = [
        one(PROPERTY, "string", "text", false),
        one("hs_object_id", "string", "text", true),
        one("createdate", "datetime", "date", false),
    ];
    Ok(answer(200, &json!({"results": all})))
}

fn status(email: &str, state: &str, basis: &Value, words: &Value) -> Value {
    let mut status = json!({
        "channel": "EMAIL", "source": "test", "status": state, "subscriberIdString": email,
        "subscriptionId": NEWSLETTER, "subscriptionName": "Nieuwsbrief", "timestamp": now(),
    });
    if !basis.is_null() {
        status["legalBasis"] = basis.clone();
        status["legalBasisExplanation"] = words.clone();
    }
    status
}

fn object(properties: &Value) -> Value {
    json!({"id": "5", "properties": properties, "createdAt": now(), "updatedAt": now(), "archived": false})
}

fn results(results: &[Value]) -> Reply {
    let body =
        json!({"status": "COMPLETE", "startedAt": now(), "completedAt": now(), "results": results});
    answer(200, &body)
}

fn answer(status: u16, body: &Value) -> Reply {
    Reply::of(status, "application/json", &body.to_string())
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}
