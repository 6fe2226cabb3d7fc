//! Consents in SuperOffice: told by the connector on workerd to hosts that answer as SuperOffice's documents say, and nothing else.

mod connected;
mod set_up;

use sayso_tests::crm::Asked;
use sayso_tests::crm::superoffice::House;
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::{Mail, wait_for_mail};
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::{Answer, ask, post};
use serde_json::{Value, json};

use connected::{Connected, PURPOSE, STACK};

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
    assert!(person.is_sent_news());
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
        let person = connected.persons(&email).pop()?;
        (!person.is_sent_news() && person.subscriptions.len() == 3).then_some(())
    });

    // The comment names nobody but by Sayso's id.
    let them = person.subject;
    let is_about_them = &|asked: &Asked| act("SetConsent")(asked) && asked.text().contains(&them);
    // Told again from the beginning, the old yes is left out, and nothing is written twice.
    let writes = connected.superoffice.asked(is_about_them).len();
    let _ = connected
        .ask("POST", "/replay", &json!({"after": ""}))
        .expect(204);
    let _ = connected.says(
        &email,
        "consent.given",
        "A later change of the same purpose counts.",
    );
    let _ = connected.says(&email, "consent.withdrawn", "was so already");
    assert_eq!(connected.superoffice.asked(is_about_them).len(), writes);

    // Who says yes again is subscribed again, as the same person.
    let _ = confirmed_again(&email);
    let (person, _) = connected.stands(&email, "61A");
    assert!(person.is_sent_news());
    assert_eq!(connected.persons(&email).len(), 1);
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
    let person = connected
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
    let (_, comment) = connected.stands(&email, "WITHDRAWN");
    assert_eq!(comment, "by telephone");
    let about_them = format!("\"PersonId\":{person},");
    let is_about_them = |asked: &Asked| asked.text().contains(&about_them);
    assert!(connected.superoffice.asked(is_about_them).is_empty());
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

    connected.superoffice.house(House::end_ticket);
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
        let person = connected.persons(&email).pop()?;
        (!person.is_sent_news() && person.subscriptions.len() == 3).then_some(())
    });
    assert!(connected.dead_letters().is_empty());
    connected.ended();
}
