//! SuperOffice and the connector to it, both a test's own.

use std::sync::LazyLock;
use std::time::Duration;

use sayso_tests::crm::Asked;
use sayso_tests::crm::superoffice::{
    FIELD, NEWS, Person, SECRET, SYSTEM_USER, SuperOffice, TENANT, refusal,
};
use sayso_tests::deadline::{eventually, within};
use sayso_tests::stack::Stack;
use sayso_tests::wire::Answer;
use serde_json::{Value, json};

pub(crate) static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// The second and third try of what is refused come after 5 and 30 seconds.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const PURPOSE: &str = "EMARKETING";

/// SuperOffice and the connector to it, both a test's own.
pub(crate) struct Connected {
    pub(crate) superoffice: SuperOffice,
    key: &'static str,
}

impl Connected {
    pub(crate) fn start(key: &'static str, more: &Value) -> Self {
        let connected = Self {
            superoffice: SuperOffice::start(),
            key,
        };
        let _ = connected.put(&connected.wish(more)).expect(201);
        connected
    }

    pub(crate) fn wish(&self, more: &Value) -> Value {
        let mut settings = json!({
            "origin": self.superoffice.origin(),
            "tenant": TENANT,
            "purposes": {PURPOSE: {"purpose": "EMARKETING", "subscriptions": [NEWS]}},
            "when_unknown": "create",
            "company": 5,
            "subject_field": FIELD,
        });
        if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
            settings.extend(more.clone());
        }
        let key = self.superoffice.house(|house| house.key.xml.clone());
        json!({"crm": "superoffice", "settings": settings, "credentials": {
            "client_secret": SECRET, "system_user_token": SYSTEM_USER, "private_key": key,
        }})
    }

    pub(crate) fn put(&self, wish: &Value) -> Answer {
        self.ask("PUT", "", wish)
    }

    pub(crate) fn ask(&self, method: &str, act: &str, body: &Value) -> Answer {
        let path = format!("/v1/sites/demo/connectors/{}{act}", self.key);
        STACK.admin(method, &path).json(body).send()
    }

    pub(crate) fn persons(&self, email: &str) -> Vec<Person> {
        self.superoffice.house(|house| house.register.of(email))
    }

    /// The person of an address as soon as the consent stands so, and its comment.
    pub(crate) fn stands(&self, email: &str, basis: &str) -> (Person, String) {
        within(PATIENCE, || {
            let person = self.persons(email).pop()?;
            let (stands, comment) = person.consent(PURPOSE)?;
            (stands == basis).then_some((person, comment))
        })
        .unwrap_or_else(|| panic!("not {basis} in SuperOffice"))
    }

    /// The attempts to tell of a kind of event about this person, first things first.
    pub(crate) fn attempts(&self, email: &str, kind: &str) -> Vec<Value> {
        let (events, _) = STACK.events();
        let wanted = events
            .iter()
            .find(|event| event["data"]["subject"]["email"] == *email && event["type"] == kind);
        let Some(id) = wanted.map(|event| event["data"]["id"].clone()) else {
            return Vec::new();
        };
        let all = self.ask("GET", "/deliveries", &Value::Null).expect(200);
        let all = all.json();
        let mut one = all["deliveries"].as_array().into_iter().flatten();
        let one = one.find(|delivery| delivery["event"] == id);
        let attempts = one.and_then(|one| one["attempts"].as_array().cloned());
        attempts.unwrap_or_default()
    }

    /// The first attempt whose words say this.
    pub(crate) fn says(&self, email: &str, kind: &str, words: &str) -> Value {
        eventually(&format!("an attempt that says {words:?}"), || {
            let says = |attempt: &Value| {
                let answer = attempt["answer"].as_str();
                answer.is_some_and(|answer| answer.contains(words))
            };
            self.attempts(email, kind).into_iter().find(says)
        })
    }

    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        let all = self.ask("GET", "/deliveries", &Value::Null).expect(200);
        let lane = all.json()["lanes"][0].clone();
        lane["dead_letters"].as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn answers_once(
        &self,
        with: impl Fn(&Asked) -> bool + Clone + Send + 'static,
        status: u16,
        kind: &str,
        words: &str,
    ) {
        let reply = refusal(status, kind, words).with("retry-after", "1");
        self.superoffice.answers_once(with, reply);
    }

    /// The connector is gone at the end, so that it hears nothing of the other tests any more.
    pub(crate) fn ended(self) {
        let _ = self.ask("DELETE", "", &Value::Null).expect(204);
        self.superoffice.asked_nothing_undocumented();
    }
}
