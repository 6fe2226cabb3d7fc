//! An organisation in Zoho and the connector to it, both a test's own.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CLIENT, SUBJECT, Zoho};
use crate::crm::{Asked, Cloud};
use crate::deadline::{eventually, within};
use crate::stack::Stack;
use crate::wire::Answer;

/// The second and third try of what is refused come after 5 and 30 seconds.
const PATIENCE: Duration = Duration::from_secs(90);

const CONSENT: &str = "Data_Processing_Basis_Details";

/// A cloud and the connector to it, both a test's own.
pub struct Connected {
    /// The organisation
    pub cloud: Cloud<Zoho>,
    stack: &'static Stack,
    key: &'static str,
}

impl Connected {
    /// Sets a connector of this name to a new organisation, with these settings besides the usual ones.
    #[must_use]
    pub fn start(stack: &'static Stack, key: &'static str, more: &Value) -> Self {
        let connected = Self {
            cloud: Cloud::start(Zoho::default()),
            stack,
            key,
        };
        let _ = connected.put(&connected.wish(more)).expect(201);
        connected
    }

    /// The body of a PUT.
    #[must_use]
    pub fn wish(&self, more: &Value) -> Value {
        let mut settings = json!({
            "data_center": "eu",
            "origin": self.cloud.origin(),
            "purposes": {"EMARKETING": {"consent": {"given": "Obtained", "through": {"web_form": "Email"}}}},
            "email_fields": ["Email", "Secondary_Email"],
            "create": {"module": "Leads", "fields": {"Company": "onbekend"}},
            "subject_field": SUBJECT,
        });
        if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
            settings.extend(more.clone());
        }
        let credentials: Value = CLIENT
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        json!({"crm": "zoho", "settings": settings, "credentials": credentials})
    }

    /// Sets it.
    #[must_use]
    pub fn put(&self, wish: &Value) -> Answer {
        self.ask("PUT", "", wish)
    }

    /// Asks for something below the connector.
    #[must_use]
    pub fn ask(&self, method: &str, act: &str, body: &Value) -> Answer {
        let path = format!("/v1/sites/demo/connectors/{}{act}", self.key);
        self.stack.admin(method, &path).json(body).send()
    }

    /// The only record of an address, once it is as wanted.
    #[must_use]
    pub fn stands(&self, email: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        within(PATIENCE, || {
            let mut found = self.cloud.books(|books| books.of(email));
            assert!(found.len() < 2, "{found:?}");
            found.pop().map(|(_, record)| record).filter(&wanted)
        })
        .unwrap_or_else(|| panic!("never {what} in Zoho"))
    }

    /// The only record of an address, once it may be mailed.
    #[must_use]
    pub fn is_mailed(&self, email: &str) -> Value {
        self.stands(email, "mailed", |record| {
            record["Email_Opt_Out"] == false && record[CONSENT]["Contact_Through_Email"] == true
        })
    }

    /// The same, once it may not.
    #[must_use]
    pub fn is_opted_out(&self, email: &str) -> Value {
        self.stands(email, "opted out", |record| record["Email_Opt_Out"] == true)
    }

    /// The attempts to tell of a kind of event about this person, first things first.
    #[must_use]
    pub fn attempts(&self, email: &str, kind: &str) -> Vec<Value> {
        let (events, _) = self.stack.events();
        let wanted = events.iter().find(|event| {
            event["data"]["subject"]["email"] == *email
                && event["type"] == kind
                && event["data"]["purpose"] != "STORE"
        });
        let Some(id) = wanted.map(|event| event["data"]["id"].clone()) else {
            return Vec::new();
        };
        let all = self.ask("GET", "/deliveries", &Value::Null).expect(200);
        let all = all.json();
        let one = all["deliveries"].as_array().into_iter().flatten();
        let mut one = one.filter(|delivery| delivery["event"] == id);
        let attempts = one
            .next()
            .and_then(|one| one["attempts"].as_array().cloned());
        attempts.unwrap_or_default()
    }

    /// The attempt that is answered with these words, as soon as there is one.
    #[must_use]
    pub fn says(&self, email: &str, kind: &str, words: &str) -> Value {
        eventually(words, || {
            let mut attempts = self.attempts(email, kind).into_iter();
            attempts.find(|attempt| {
                let answer = attempt["answer"].as_str();
                answer.is_some_and(|answer| answer.contains(words))
            })
        })
    }

    /// An attempt that is answered with these words, whomever it is about: people of other tests are told of too.
    #[must_use]
    pub fn says_to_anybody(&self, words: &str) -> Value {
        eventually(words, || {
            let all = self.ask("GET", "/deliveries", &Value::Null).expect(200);
            let all = all.json();
            let all = all["deliveries"].as_array().into_iter().flatten();
            let mut attempts = all.flat_map(|one| one["attempts"].as_array().into_iter().flatten());
            let said = |attempt: &&Value| {
                let answer = attempt["answer"].as_str();
                answer.is_some_and(|answer| answer.contains(words))
            };
            attempts.find(said).cloned()
        })
    }

    /// How often the only record of an address was written: people of other tests are told of too.
    #[must_use]
    pub fn writes(&self, email: &str) -> usize {
        let mut found = self.cloud.books(|books| books.of(email));
        let id = found.pop().map(|(_, record)| record["id"].clone());
        let is_write = |asked: &Asked| {
            let last = asked.path.last();
            let is_change =
                asked.method == "PUT" && last.is_some_and(|last| id == Some(json!(last)));
            let is_made = last.is_some_and(|last| last == "Leads") && asked.text().contains(email);
            is_change || is_made
        };
        self.cloud.asked(is_write).len()
    }

    /// The connector is gone at the end, so that it hears nothing of the other tests any more.
    pub fn ended(self) {
        let _ = self.ask("DELETE", "", &Value::Null).expect(204);
        self.cloud.asked_nothing_undocumented();
    }
}
