//! Consents in SuperOffice: told by the connector on workerd to hosts that answer as SuperOffice's documents say, and nothing else.

use std::sync::LazyLock;
use std::time::Duration;

use sayso_tests::crm::Asked;
use sayso_tests::crm::superoffice::{
    FIELD, NEWS, Person, SECRET, SYSTEM_USER, SuperOffice, TENANT, refusal,
};
use sayso_tests::deadline::{eventually, within};
use sayso_tests::mailbox::{Mail, wait_for_mail};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::{Answer, ask, post};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// The second and third try of what is refused come after 5 and 30 seconds.
const PATIENCE: Duration = Duration::from_secs(90);

const PURPOSE: &str = "EMARKETING";

/// SuperOffice and the connector to it, both a test's own.
struct Connected {
    superoffice: SuperOffice,
    key: &'static str,
}

impl Connected {
    fn start(key: &'static str, more: &Value) -> Self {
        let connected = Self {
            superoffice: SuperOffice::start(),
            key,
        };
        let _ = connected.put(&connected.wish(more)).expect(201);
        connected
    }

    fn wish(&self, more: &Value) -> Value {
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

    fn put(&self, wish: &Value) -> Answer {
        self.ask("PUT", "", wish)
    }

    fn ask(&self, method: &str, act: &str, body: &Value) -> Answer {
        let path = format!("/v1/sites/demo/connectors/{}{act}", self.key);
        STACK.admin(method, &path).json(body).send()
    }

    fn persons(&self, email: &str) -> Vec<Person> {
        self.superoffice.house(|house| house.register.of(email))
    }

    /// The person of an address as soon as the consent stands so, and its comment.
    fn stands(&self, email: &str, basis: &str) -> (Person, String) {
        within(PATIENCE, || {
            let person = self.persons(email).pop()?;
            let (stands, comment) = person.consent(PURPOSE)?;
            (stands == basis).then_some((person, comment))
        })
        .unwrap_or_else(|| panic!("not {basis} in SuperOffice"))
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
        let mut one = all["deliveries"].as_array().into_iter().flatten();
        let one = one.find(|delivery| delivery["event"] == id);
        let attempts = one.and_then(|one| one["attempts"].as_array().cloned());
        attempts.unwrap_or_default()
    }

    /// The first attempt whose words say this.
    fn says(&self, email: &str, kind: &str, words: &str) -> Value {
        eventually(&format!("an attempt that says {words:?}"), || {
            let says = |attempt: &Value| {
                let answer = attempt["answer"].as_str();
                answer.is_some_and(|answer| answer.contains(words))
            };
            self.attempts(email, kind).into_iter().find(says)
        })
    }

    fn dead_letters(&self) -> Vec<Value> {
        let all = self.ask("GET", "/deliveries", &Value::Null).expect(200);
        let lane = all.json()["lanes"][0].clone();
        lane["dead_letters"].as_array().cloned().unwrap_or_default()
    }

    fn answers_once(
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
    fn ended(self) {
        let _ = self.ask("DELETE", "", &Value::Null).expect(204);
        self.superoffice.asked_nothing_undocumented();
    }
}

/// Whether a request searches for an address.
fn search_of(email: &str) -> impl Fn(&Asked) -> bool + Clone + Send + 'static {
    let email = email.to_owned();
    move |asked| {
        asked
            .query
            .get("$filter")
            .is_some_and(|filter| filter.contains(&email))
    }
}

/// Whether a request is an act upon consents.
fn act(name: &'static str) -> impl Fn(&Asked) -> bool + Clone + Send + 'static {
    move |asked| asked.path.last().is_some_and(|last| last == name)
}

fn requested(email: &str) -> Mail {
    let _ = says_yes_to(&STACK, email, &[PURPOSE]);
    wait_for_mail(&STACK, email)
}

fn confirmed(email: &str) -> Mail {
    let mail = requested(email);
    let _ = confirm(&mail.confirm_link());
    mail
}

#[test]
fn a_consent_is_a_person_a_consent_and_a_subscription_and_a_withdrawal_ends_them() {
    let connected = Connected::start("superoffice-told", &Value::Null);
    let email = address("o'super.office+told");
    let mail = requested(&email);
    assert!(
        connected.persons(&email).is_empty(),
        "nothing before it is confirmed"
    );
    let _ = confirm(&mail.confirm_link());
    let (person, comment) = connected.stands(&email, "61A");
    assert!(
        comment.starts_with("Sayso receipt ")
            && comment.contains("sha256:")
            && !comment.contains(&email),
        "{comment}"
    );
    assert_eq!(person.company, Some(5));
    assert_eq!(person.consents[PURPOSE]["ConsentSourceKey"], "WEBFORM");
    assert_eq!(person.subscriptions, [NEWS]);
    assert_eq!(
        person.consent("STORE").expect("a consent").0,
        "61F",
        "what is not mapped is left alone"
    );
    let lookup = post(STACK.collector("/v1/subjects/lookup")).bearer(&STACK.demo_key());
    let subject = lookup
        .json(&json!({"email": email}))
        .send()
        .expect(200)
        .json();
    assert_eq!(subject["id"], person.subject);

    let _ = withdraw(&mail.withdraw_link(), PURPOSE);
    let (_, comment) = connected.stands(&email, "WITHDRAWN");
    assert!(comment.contains("; withdrawn 2"), "{comment}");
    eventually("the subscription to end", || {
        connected.persons(&email)[0]
            .subscriptions
            .is_empty()
            .then_some(())
    });

    // The comment names nobody but by Sayso's id.
    let them = person.subject;
    let is_about_them = |asked: &Asked| act("SetConsent")(asked) && asked.text().contains(&them);
    // Told again from the beginning, the old yes is left out, and nothing is written twice.
    let writes = connected.superoffice.asked(&is_about_them).len();
    let _ = connected
        .ask("POST", "/replay", &json!({"after": ""}))
        .expect(204);
    let _ = connected.says(
        &email,
        "consent.given",
        "A later change of the same purpose counts.",
    );
    let _ = connected.says(&email, "consent.withdrawn", "was so already");
    assert_eq!(connected.superoffice.asked(&is_about_them).len(), writes);

    // Who says yes again is subscribed again, as the same person.
    let _ = confirmed_again(&email);
    let (person, _) = connected.stands(&email, "61A");
    assert_eq!(
        (connected.persons(&email).len(), person.subscriptions),
        (1, vec![NEWS])
    );
    connected.ended();
}

/// Says yes once more, by the newest mail.
fn confirmed_again(email: &str) -> Answer {
    let before = wait_for_mail(&STACK, email).confirm_link();
    let _ = says_yes_to(&STACK, email, &[PURPOSE]);
    let mail = eventually("another mail", || {
        let mail = wait_for_mail(&STACK, email);
        (mail.confirm_link() != before).then_some(mail)
    });
    confirm(&mail.confirm_link())
}

#[test]
fn a_yes_that_comes_late_is_no_answer_to_a_no_that_was_said_in_superoffice() {
    let connected = Connected::start("superoffice-late", &Value::Null);
    let email = address("late");
    let _ = connected
        .superoffice
        .house(|house| house.register.make(&email));
    connected.answers_once(
        search_of(&email),
        503,
        "SoServiceException",
        "Down for a moment",
    );
    let mail = requested(&email);
    // It is confirmed while SuperOffice is down; meanwhile the person says no there, by telephone.
    let _ = confirm(&mail.confirm_link());
    let _ = connected.says(&email, "consent.given", "Down for a moment");
    connected.superoffice.house(|house| {
        let mut persons = house.register.persons.values_mut();
        let person = persons.find(|person| person.email == email);
        person
            .expect("the person")
            .set(PURPOSE, "WITHDRAWN", "by telephone");
    });
    let _ = connected.says(&email, "consent.given", "SuperOffice has a newer decision");
    let (person, comment) = connected.stands(&email, "WITHDRAWN");
    assert_eq!(
        (comment.as_str(), person.subscriptions),
        ("by telephone", vec![])
    );
    connected.ended();
}

#[test]
fn what_superoffice_refuses_stands_in_its_own_words_and_holds_up_nobody_else() {
    let connected = Connected::start("superoffice-refuses", &Value::Null);
    let (refused, next) = (address("refused"), address("next"));
    for _ in 0..3 {
        connected.answers_once(
            search_of(&refused),
            400,
            "SoArgumentException",
            "The restriction is not valid",
        );
    }
    connected.answers_once(
        search_of(&next),
        429,
        "SoThrottleException",
        "Too many requests",
    );
    for email in [&refused, &next] {
        let _ = confirmed(email);
    }
    let failed = connected.says(
        &refused,
        "consent.given",
        "SoArgumentException: The restriction is not valid",
    );
    assert_eq!(failed["status"], 422, "{failed}");
    // Three tries, then it is a dead letter, and who comes after it is told of.
    let _ = connected.stands(&next, "61A");
    assert_eq!(connected.attempts(&refused, "consent.given").len(), 3);
    let slowed = connected.says(&next, "consent.given", "Too many requests");
    assert_eq!(slowed["status"], 503, "{slowed}");
    let dead = connected.dead_letters();
    assert_eq!(dead.len(), 1, "{dead:?}");

    // Sent again once it is mended, it arrives.
    let id = dead[0]["event"]
        .as_str()
        .or(dead[0].as_str())
        .expect("an id");
    let _ = connected
        .ask("POST", &format!("/deliveries/{id}/resend"), &Value::Null)
        .expect(204);
    let _ = connected.stands(&refused, "61A");
    connected.ended();
}

#[test]
fn a_ticket_that_runs_out_is_renewed_once_and_what_lets_nobody_in_makes_the_lane_wait() {
    let connected = Connected::start("superoffice-ticket", &Value::Null);
    let first = address("first");
    let _ = confirmed(&first);
    let _ = connected.stands(&first, "61A");
    let before = connected.superoffice.asked(act("Authenticate")).len();

    connected
        .superoffice
        .house(sayso_tests::crm::superoffice::House::end_ticket);
    let second = address("second");
    let _ = confirmed(&second);
    let _ = connected.stands(&second, "61A");
    let renewed = connected.superoffice.asked(act("Authenticate")).len();
    assert!(
        (before + 1..=before + 2).contains(&renewed),
        "asked once, or also after an eviction: {before}, {renewed}"
    );
    let attempts = connected.attempts(&second, "consent.given");
    assert_eq!(attempts.len(), 1, "nobody notices: {attempts:?}");

    let third = address("third");
    for _ in 0..2 {
        connected.answers_once(
            search_of(&third),
            401,
            "SoSecurityException",
            "The system user is not allowed",
        );
    }
    let _ = confirmed(&third);
    let failed = connected.says(
        &third,
        "consent.given",
        "SoSecurityException: The system user is not allowed",
    );
    assert_eq!(failed["status"], 401, "{failed}");
    let _ = connected.stands(&third, "61A");
    connected.ended();
}

#[test]
fn a_customer_that_moves_is_told_where_it_lives_now_and_one_that_is_shut_is_waited_for() {
    let connected = Connected::start("superoffice-moves", &Value::Null);
    let first = address("first");
    let _ = confirmed(&first);
    let _ = connected.stands(&first, "61A");

    connected.superoffice.moves();
    let second = address("second");
    let mail = confirmed(&second);
    let _ = connected.stands(&second, "61A");
    let attempts = connected.attempts(&second, "consent.given");
    assert_eq!(attempts.len(), 1, "nobody notices: {attempts:?}");

    // It moves back, and is shut there for a while.
    connected.superoffice.moves();
    connected
        .superoffice
        .house(|house| house.state = ("OfflineMaintenance", false));
    let _ = withdraw(&mail.withdraw_link(), PURPOSE);
    // Whatever is at the head of the lane meets it.
    eventually("the lane to wait", || {
        let told = connected
            .ask("GET", "/deliveries", &Value::Null)
            .expect(200);
        told.text()
            .contains("the customer is OfflineMaintenance")
            .then_some(())
    });
    connected
        .superoffice
        .house(|house| house.state = ("OnlineMaintenance", true));
    let _ = connected.stands(&second, "WITHDRAWN");
    connected.ended();
}

#[test]
fn nobody_is_made_where_the_settings_say_so_and_several_are_told_as_they_say() {
    let more = json!({"when_unknown": "skip", "company": null, "when_several": "all", "sources": {"web_form": "CHAT"}});
    let connected = Connected::start("superoffice-skips", &more);
    let (stranger, known) = (address("stranger"), address("known"));
    connected.superoffice.house(|house| {
        house.register.make(&known);
        house.register.make(&known);
    });
    let _ = confirmed(&stranger);
    let _ = confirmed(&known);
    let _ = connected.says(&known, "consent.given", "set, persons: 2");
    for person in connected.persons(&known) {
        assert_eq!(person.consents[PURPOSE]["ConsentSourceKey"], "CHAT");
    }
    let _ = connected.says(
        &stranger,
        "consent.given",
        "SuperOffice knows no person of this address.",
    );
    assert!(connected.persons(&stranger).is_empty());
    connected.ended();
}

#[test]
fn who_is_erased_is_found_by_the_field_and_has_no_consent_any_more() {
    let connected = Connected::start("superoffice-erased", &Value::Null);
    let email = address("erased");
    let _ = confirmed(&email);
    let (person, _) = connected.stands(&email, "61A");
    let made = STACK.admin("PUT", "/v1/sites/demo/keys/eraser");
    let made = made
        .json(&json!({"scopes": ["subjects:write"]}))
        .send()
        .json();
    let _ = ask(
        "DELETE",
        STACK.collector(&format!("/v1/subjects/{}", person.subject)),
    )
    .bearer(made["secret"].as_str().expect("a key"))
    .send()
    .expect(200);
    let _ = connected.stands(&email, "WITHDRAWN");
    eventually("the subscription to end", || {
        connected.persons(&email)[0]
            .subscriptions
            .is_empty()
            .then_some(())
    });
    assert!(connected.dead_letters().is_empty());
    connected.ended();
}

#[test]
fn what_superoffice_does_not_have_or_let_in_is_said_when_it_is_set() {
    let connected = Connected::start("superoffice-set", &Value::Null);
    let lists = connected
        .ask("GET", "/lists", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(
        lists["purposes"].as_array().map(Vec::len),
        Some(2),
        "what is not in use is not shown: {lists}"
    );
    assert_eq!(
        lists["subscriptions"][1],
        json!({"key": "2", "name": "News"})
    );
    assert_eq!(lists["fields"][0], json!({"key": FIELD, "name": "Sayso"}));

    // A dry run asks, and writes nothing.
    let dry = json!({"email": address("dry"), "purpose": PURPOSE, "type": "consent.given"});
    let shown = connected.ask("POST", "/dry-run", &dry).expect(200).json();
    let writes = shown["writes"].as_array().expect("writes");
    let ends = |index: usize, end: &str| {
        writes[index]["url"]
            .as_str()
            .is_some_and(|url| url.ends_with(end))
    };
    assert!(
        writes.len() == 2 && ends(0, "/v1/Person") && ends(1, "/SetConsent"),
        "{shown}"
    );
    assert!(
        connected
            .superoffice
            .house(|house| house.register.persons.is_empty())
    );

    // PEM of the same key lets in too.
    let mut wish = connected.wish(&Value::Null);
    wish["credentials"]["private_key"] =
        json!(connected.superoffice.house(|house| house.key.pem.clone()));
    let _ = connected.put(&wish).expect(200);
    let answer = connected
        .ask("POST", "/test", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(answer["taken"], true, "{answer}");
    for (method, act) in [("GET", ""), ("GET", "/deliveries"), ("POST", "/test")] {
        let told = connected.ask(method, act, &Value::Null).expect(200).text();
        assert!(
            !told.contains(SECRET) && !told.contains(SYSTEM_USER) && !told.contains("RSAKeyValue"),
            "{told}"
        );
    }

    let with = |pointer: &str, value: Value| {
        let mut wish = connected.wish(&Value::Null);
        *wish.pointer_mut(pointer).expect("a place") = value;
        let path = "/v1/sites/demo/connectors/superoffice-wrong";
        STACK
            .admin("PUT", path)
            .json(&wish)
            .send()
            .expect(422)
            .json()
    };
    let of = |pointer: &str, wrong: Value, says: &str| {
        let refused = with(pointer, wrong);
        let first = &refused["errors"][0];
        let at = first["pointer"].as_str().unwrap_or_default();
        let detail = first["detail"].as_str().unwrap_or_default();
        assert!(
            at.starts_with(pointer) && detail.contains(says),
            "{refused}"
        );
    };
    of(
        "/settings/purposes/EMARKETING",
        json!({"purpose": "NEWS"}),
        "EMARKETING (E-marketing)",
    );
    of(
        "/settings/purposes/EMARKETING",
        json!({"purpose": "EMARKETING", "legal_basis": "CONSENT"}),
        "61A (Consent)",
    );
    of(
        "/settings/purposes/EMARKETING/subscriptions/0",
        json!(9),
        "2 (News)",
    );
    of(
        "/settings/subject_field",
        json!("SuperOffice:9"),
        "SuperOffice:7 (Sayso)",
    );
    of(
        "/settings/tenant",
        json!("Cust12345/x"),
        "as SuperOffice writes it",
    );
    of(
        "/credentials/private_key",
        json!("-----BEGIN RSA PRIVATE KEY-----"),
        "openssl pkcs8",
    );
    of(
        "/credentials/client_secret",
        json!(""),
        "what SuperOffice gave",
    );

    let unproven = |pointer: &str, wrong: Value, says: &str| {
        let refused = with(pointer, wrong);
        let words = refused["detail"].as_str().unwrap_or_default();
        assert!(
            refused["type"] == "urn:sayso:problem:connector-unproven" && words.contains(says),
            "{refused}"
        );
    };
    let other = SuperOffice::start().house(|house| house.key.xml.clone());
    unproven(
        "/credentials/private_key",
        json!(other),
        "The signature is not valid",
    );
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    unproven(
        "/credentials/private_key",
        json!(no_key),
        "none that can be signed with",
    );
    unproven(
        "/credentials/client_secret",
        json!("of-somebody-else"),
        "The application is not known",
    );
    connected.ended();
}
