//! Consents in HubSpot: told by the connector on workerd to a cloud that answers as HubSpot's documents say, and nothing else.

use std::sync::LazyLock;
use std::time::Duration;

use sayso_tests::crm::hubspot::{HubSpot, NEWSLETTER, PROPERTY, TOKEN, failed_within, refusal};
use sayso_tests::crm::{Asked, Cloud};
use sayso_tests::deadline::{eventually, within};
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::{Answer, ask, post};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// The second and third try of what is refused come after 5 and 30 seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// A cloud and the connector to it, both a test's own.
struct Connected {
    cloud: Cloud<HubSpot>,
    key: &'static str,
}

impl Connected {
    fn start(key: &'static str, more: &Value) -> Self {
        let connected = Self {
            cloud: Cloud::start(HubSpot::default()),
            key,
        };
        let _ = connected.put(&connected.wish(more)).expect(201);
        connected
    }

    fn wish(&self, more: &Value) -> Value {
        let mut settings = json!({
            "origin": self.cloud.origin(),
            "purposes": {"EMARKETING": {"subscription": NEWSLETTER}},
            "subject_property": PROPERTY,
        });
        if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
            settings.extend(more.clone());
        }
        json!({"crm": "hubspot", "settings": settings, "credentials": {"token": TOKEN}})
    }

    fn put(&self, wish: &Value) -> Answer {
        self.ask("PUT", "", wish)
    }

    fn ask(&self, method: &str, act: &str, body: &Value) -> Answer {
        let path = format!("/v1/sites/demo/connectors/{}{act}", self.key);
        STACK.admin(method, &path).json(body).send()
    }

    fn stands(&self, email: &str, wanted: &str) -> String {
        within(PATIENCE, || {
            let (status, words) = self.cloud.books(|books| books.status(email))?;
            (status == wanted).then_some(words)
        })
        .unwrap_or_else(|| panic!("not {wanted} in HubSpot"))
    }

    /// The attempts to tell of a kind of event about this person, first things first.
    fn attempts(&self, email: &str, kind: &str) -> Vec<Value> {
        let (events, _) = STACK.events();
        let wanted = events
            .iter()
            .find(|event| event["data"]["subject"]["email"] == *email && event["type"] == kind);
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

    fn attempt(&self, email: &str, kind: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || self.attempts(email, kind).into_iter().find(&fits))
    }

    /// The connector is gone at the end, so that it hears nothing of the other tests any more.
    fn ended(self) {
        let _ = self.ask("DELETE", "", &Value::Null).expect(204);
        self.cloud.asked_nothing_undocumented();
    }
}

/// Whether a request is about the status of an address.
fn status_of(method: &'static str, email: &str) -> impl Fn(&Asked) -> bool + Send + 'static {
    let email = email.to_owned();
    move |asked| asked.method == method && asked.path.last() == Some(&email)
}

#[test]
fn a_consent_is_a_contact_and_a_subscription_and_a_withdrawal_ends_it() {
    let hubspot = Connected::start("hubspot-told", &Value::Null);
    let email = address("hub.spot+told");
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let mail = wait_for_mail(&STACK, &email);
    assert_eq!(
        hubspot.cloud.books(|books| books.status(&email)),
        None,
        "nothing before it is confirmed"
    );
    let _ = confirm(&mail.confirm_link());
    let words = hubspot.stands(&email, "SUBSCRIBED");
    assert!(
        words.starts_with("Sayso receipt ") && words.contains("sha256:") && !words.contains(&email),
        "{words}"
    );
    let contact = hubspot
        .cloud
        .books(|books| books.contacts.get(&email).cloned());
    let contact = contact.expect("a contact");
    let lookup = post(STACK.collector("/v1/subjects/lookup")).bearer(&STACK.demo_key());
    let subject = lookup
        .json(&json!({"email": email}))
        .send()
        .expect(200)
        .json();
    assert_eq!(contact[PROPERTY], subject["id"]);

    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    let _ = hubspot.stands(&email, "UNSUBSCRIBED");

    // Told again from the beginning, the old yes is left out, and nothing is written twice.
    let writes = hubspot.cloud.asked(status_of("POST", &email)).len();
    let _ = hubspot
        .ask("POST", "/replay", &json!({"after": ""}))
        .expect(204);
    let _ = hubspot.attempt(
        &email,
        "consent.given",
        "the yes to be left out",
        |attempt| attempt["answer"] == "A later change of the same purpose counts.",
    );
    let _ = hubspot.attempt(
        &email,
        "consent.withdrawn",
        "the no to be told again",
        |attempt| {
            attempt["answer"]
                .as_str()
                .is_some_and(|words| words.contains("was so already"))
        },
    );
    assert_eq!(hubspot.cloud.asked(status_of("POST", &email)).len(), writes);
    hubspot.ended();
}

#[test]
fn a_yes_that_comes_late_is_no_answer_to_a_no_that_was_said_in_hubspot() {
    let hubspot = Connected::start("hubspot-late", &Value::Null);
    let email = address("late");
    comes_late(&hubspot, &email, |books| books.set(&email, "UNSUBSCRIBED"));
    assert_eq!(hubspot.stands(&email, "UNSUBSCRIBED"), "");
    let email = address("everything");
    comes_late(&hubspot, &email, |books| {
        books.unsubscribe_from_everything(&email);
    });
    assert_eq!(hubspot.cloud.books(|books| books.status(&email)), None);
    hubspot.ended();
}

/// Confirms while HubSpot is down, does something in HubSpot meanwhile, and sees the yes left out.
fn comes_late(hubspot: &Connected, email: &str, meanwhile: impl FnOnce(&mut HubSpot)) {
    let mail = {
        let _ = says_yes_to(&STACK, email, &["EMARKETING"]);
        wait_for_mail(&STACK, email)
    };
    hubspot.cloud.answers_once(
        status_of("GET", email),
        refusal(503, "UNAVAILABLE", "The service is down"),
    );
    let _ = confirm(&mail.confirm_link());
    let _ = hubspot.attempt(email, "consent.given", "a failure", |attempt| {
        attempt["answer"]
            .as_str()
            .is_some_and(|words| words.contains("The service is down"))
    });
    hubspot.cloud.books(meanwhile);
    let _ = hubspot.attempt(
        email,
        "consent.given",
        "the yes to be left out",
        |attempt| {
            attempt["answer"]
                .as_str()
                .is_some_and(|words| words.contains("HubSpot has a newer no"))
        },
    );
}

#[test]
fn what_hubspot_refuses_stands_in_its_own_words_and_holds_up_nobody_else() {
    let hubspot = Connected::start("hubspot-refuses", &Value::Null);
    let (refused, next) = (address("refused"), address("next"));
    for email in [&refused, &next] {
        let _ = says_yes_to(&STACK, email, &["EMARKETING"]);
    }
    let is_upsert_of = |email: &str| {
        let email = email.to_owned();
        move |asked: &Asked| {
            asked.path.last().is_some_and(|last| last == "upsert") && asked.text().contains(&email)
        }
    };
    for _ in 0..3 {
        hubspot.cloud.answers_once(
            is_upsert_of(&refused),
            failed_within("Property values were not valid"),
        );
    }
    hubspot.cloud.answers_once(
        is_upsert_of(&next),
        refusal(
            429,
            "RATE_LIMITS",
            "You have reached your ten secondly limit",
        )
        .with("retry-after", "1"),
    );
    for email in [&refused, &next] {
        let _ = confirm(&wait_for_mail(&STACK, email).confirm_link());
    }
    let failed = hubspot.attempt(&refused, "consent.given", "a refusal", |_| true);
    assert_eq!(failed["status"], 422, "{failed}");
    assert!(
        failed["answer"].as_str().is_some_and(|words| words.contains("VALIDATION_ERROR; Property values were not valid")),
        "{failed}"
    );
    // Three tries, then it is a dead letter, and who comes after it is told of.
    let _ = hubspot.stands(&next, "SUBSCRIBED");
    assert_eq!(hubspot.attempts(&refused, "consent.given").len(), 3);
    let slowed = hubspot.attempts(&next, "consent.given");
    assert!(
        slowed.len() == 2 && slowed.iter().any(|attempt| attempt["status"] == 503),
        "{slowed:?}"
    );
    let lanes = hubspot
        .ask("GET", "/deliveries", &Value::Null)
        .expect(200)
        .json();
    let dead = lanes["lanes"][0]["dead_letters"].as_array().cloned();
    let dead = dead
        .filter(|dead| dead.len() == 1)
        .expect("one dead letter");

    // Sent again once it is mended, it arrives.
    let id = dead[0]["event"]
        .as_str()
        .or(dead[0].as_str())
        .expect("an id")
        .to_owned();
    let _ = hubspot
        .ask("POST", &format!("/deliveries/{id}/resend"), &Value::Null)
        .expect(204);
    let _ = hubspot.stands(&refused, "SUBSCRIBED");
    hubspot.ended();
}

#[test]
fn a_token_that_is_taken_back_stops_the_lane_until_there_is_another() {
    let hubspot = Connected::start("hubspot-token", &Value::Null);
    let email = address("token");
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    hubspot.cloud.answers_once(
        status_of("GET", &email),
        refusal(401, "EXPIRED_AUTHENTICATION", "The token is expired"),
    );
    let _ = confirm(&wait_for_mail(&STACK, &email).confirm_link());
    let failed = hubspot.attempt(&email, "consent.given", "a refusal", |_| true);
    assert!(
        failed["status"] == 401
            && failed["answer"]
                .as_str()
                .is_some_and(|words| words.contains("The token is expired")),
        "{failed}"
    );
    let told = hubspot.ask("GET", "", &Value::Null).expect(200).text();
    assert!(!told.contains(TOKEN));
    let _ = hubspot.put(&hubspot.wish(&Value::Null)).expect(200);
    let _ = hubspot.stands(&email, "SUBSCRIBED");
    hubspot.ended();
}

#[test]
fn nobody_is_made_where_the_settings_say_so() {
    let hubspot = Connected::start("hubspot-skips", &json!({"when_unknown": "skip"}));
    let (stranger, known) = (address("stranger"), address("known"));
    hubspot.cloud.books(|books| {
        books.contacts.insert(
            known.clone(),
            json!({"email": known})
                .as_object()
                .cloned()
                .unwrap_or_default(),
        )
    });
    for email in [&stranger, &known] {
        let _ = says_yes_to(&STACK, email, &["EMARKETING"]);
        let _ = confirm(&wait_for_mail(&STACK, email).confirm_link());
    }
    let _ = hubspot.stands(&known, "SUBSCRIBED");
    let left = hubspot.attempt(&stranger, "consent.given", "the stranger", |_| true);
    assert_eq!(left["answer"], "HubSpot knows no contact of this address.");
    assert_eq!(hubspot.cloud.books(|books| books.contacts.len()), 1);
    hubspot.ended();
}

#[test]
fn who_is_erased_is_found_by_the_property_and_subscribed_to_nothing() {
    let hubspot = Connected::start("hubspot-erased", &Value::Null);
    let email = address("erased");
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let _ = confirm(&wait_for_mail(&STACK, &email).confirm_link());
    let _ = hubspot.stands(&email, "SUBSCRIBED");
    let subject = hubspot
        .cloud
        .books(|books| books.contacts[&email][PROPERTY].clone());
    let made = STACK.admin("PUT", "/v1/sites/demo/keys/eraser");
    let made = made
        .json(&json!({"scopes": ["subjects:write"]}))
        .send()
        .json();
    let path = format!("/v1/subjects/{}", subject.as_str().expect("an id"));
    let _ = ask("DELETE", STACK.collector(&path))
        .bearer(made["secret"].as_str().expect("a key"))
        .send()
        .expect(200);
    let words = hubspot.stands(&email, "UNSUBSCRIBED");
    assert!(!words.contains(&email), "{words}");
    hubspot.ended();
}

#[test]
fn what_hubspot_does_not_have_or_let_in_is_said_when_it_is_set() {
    let hubspot = Connected::start("hubspot-set", &Value::Null);
    let lists = hubspot
        .ask("GET", "/lists", &Value::Null)
        .expect(200)
        .json();
    assert!(
        lists.to_string().contains("Nieuwsbrief") && !lists.to_string().contains("Oude lijst"),
        "{lists}"
    );
    let email = address("dry");
    let dry = json!({"email": email, "purpose": "EMARKETING", "type": "consent.given"});
    let shown = hubspot.ask("POST", "/dry-run", &dry).expect(200).json();
    assert_eq!(shown["writes"].as_array().map(Vec::len), Some(2), "{shown}");
    assert!(
        hubspot
            .cloud
            .books(|books| !books.contacts.contains_key(&email) && books.status(&email).is_none())
    );

    let with = |pointer: &str, value: Value| {
        let mut wish = hubspot.wish(&Value::Null);
        *wish.pointer_mut(pointer).expect("a place") = value;
        STACK
            .admin("PUT", "/v1/sites/demo/connectors/hubspot-wrong")
            .json(&wish)
            .send()
            .expect(422)
            .json()
    };
    let wrong = with(
        "/settings/purposes/EMARKETING/subscription",
        json!(NEWSLETTER + 1),
    );
    assert_eq!(
        wrong["errors"][0]["pointer"],
        "/settings/purposes/EMARKETING/subscription"
    );
    assert!(
        wrong["errors"][0]["detail"]
            .as_str()
            .is_some_and(|words| words.contains("(Nieuwsbrief)")),
        "{wrong}"
    );
    let wrong = with("/credentials/token", json!("pat-eu1-of-somebody-else"));
    assert!(
        wrong["detail"]
            .as_str()
            .is_some_and(|words| words.contains("Authentication credentials not found")),
        "{wrong}"
    );
    for fixed in ["sayso_idd", "hs_object_id", "createdate"] {
        let wrong = with("/settings/subject_property", json!(fixed));
        assert_eq!(wrong["errors"][0]["pointer"], "/settings/subject_property");
        let detail = wrong["errors"][0]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(PROPERTY), "{detail}");
    }
    let wrong = with("/settings/subject_property", json!("email"));
    assert_eq!(wrong["errors"][0]["pointer"], "/settings/subject_property");
    hubspot.ended();
}
