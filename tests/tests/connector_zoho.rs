//! Consents in Zoho CRM: told by the connector on workerd to a cloud that answers as Zoho's documents say, and nothing else.

use std::sync::LazyLock;
use std::time::Duration;

use sayso_tests::crm::Asked;
use sayso_tests::crm::zoho::{
    CLIENT, Connected, REMARKS, SUBJECT, Zoho, failed_within, refusal, too_many_tokens,
};
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::ask;
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

const CONSENT: &str = "Data_Processing_Basis_Details";

/// Whether a request asks for the records of an address.
fn query_about(email: &str) -> impl Fn(&Asked) -> bool + Send + 'static {
    let email = email.to_owned();
    move |asked| {
        asked.path.last().is_some_and(|last| last == "coql") && asked.text().contains(&email)
    }
}

/// Whether a request makes a record of an address.
fn making(email: &str) -> impl Fn(&Asked) -> bool + Send + 'static {
    let email = email.to_owned();
    move |asked| {
        asked.path.last().is_some_and(|last| last == "Leads") && asked.text().contains(&email)
    }
}

fn gives(email: &str) -> String {
    let _ = says_yes_to(&STACK, email, &["EMARKETING"]);
    wait_for_mail(&STACK, email).confirm_link()
}

#[test]
fn a_consent_is_a_lead_with_its_basis_and_a_withdrawal_ends_it_though_search_knows_neither() {
    let zoho = Connected::start(&STACK, "zoho-told", &Value::Null);
    let email = address("Zo.Ho+told");
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let mail = wait_for_mail(&STACK, &email);
    assert!(
        zoho.cloud.books(|books| books.of(&email)).is_empty(),
        "nothing before it is confirmed"
    );
    let _ = confirm(&mail.confirm_link());
    let lead = zoho.is_mailed(&email);
    assert_eq!(
        (&lead["Last_Name"], &lead["Company"]),
        (&json!(email), &json!("onbekend"))
    );
    let consent = &lead[CONSENT];
    assert_eq!(consent["Data_Processing_Basis"], "Consent - Obtained");
    let remarks = consent["Consent_Remarks"].as_str().expect("remarks");
    assert!(
        remarks.starts_with("Sayso receipt ")
            && remarks.contains("sha256:")
            && remarks.contains("; given ")
            && !remarks.contains(&email),
        "{remarks}"
    );

    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    let lead = zoho.is_opted_out(&email);
    assert_eq!(lead[CONSENT]["Contact_Through_Email"], false);
    assert!(
        lead[CONSENT]["Consent_Remarks"]
            .as_str()
            .is_some_and(|remarks| remarks.contains("; withdrawn "))
    );
    let is_search = |asked: &Asked| asked.path.last().is_some_and(|last| last == "search");
    assert!(zoho.cloud.asked(is_search).is_empty());
    assert_eq!(
        zoho.cloud.books(|books| books.granted),
        2,
        "one token to set it, one to tell it all"
    );

    // Told again from the beginning, the old yes is left out, and nothing is written twice.
    let writes = zoho.writes(&email);
    assert_eq!(writes, 2, "made once, changed once");
    let _ = zoho
        .ask("POST", "/replay", &json!({"after": ""}))
        .expect(204);
    let _ = zoho.says(
        &email,
        "consent.given",
        "A later change of the same purpose counts.",
    );
    let _ = zoho.says(&email, "consent.withdrawn", "was so already");
    assert_eq!(zoho.writes(&email), writes);
    zoho.ended();
}

#[test]
fn a_yes_that_comes_late_is_no_answer_to_a_no_that_was_said_in_zoho() {
    let zoho = Connected::start(&STACK, "zoho-late", &Value::Null);
    let email = address("late");
    zoho.cloud
        .books(|books| books.has("Contacts", &json!({"Email": email, "Last_Name": "Late"})));
    let link = gives(&email);
    // The mail is confirmed while Zoho is down; meanwhile the person says no there.
    zoho.cloud.answers_once(
        query_about(&email),
        refusal(500, "INTERNAL_ERROR", "Internal server error occurred."),
    );
    let _ = confirm(&link);
    let failed = zoho.says(
        &email,
        "consent.given",
        "INTERNAL_ERROR; Internal server error occurred.",
    );
    assert_eq!(failed["status"], 503);
    // Zoho's moments have no decimals: the no is of the next second.
    std::thread::sleep(Duration::from_millis(1100));
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let no = json!({"Email_Opt_Out": true, "Unsubscribed_Mode": "Unsubscribe Link", "Unsubscribed_Time": now});
    zoho.cloud.books(|books| books.set(&email, &no));
    let _ = zoho.says(&email, "consent.given", "has a newer no");
    let contact = zoho.is_opted_out(&email);
    assert_eq!(contact[CONSENT], Value::Null);
    zoho.ended();
}

#[test]
fn what_zoho_refuses_stands_in_its_own_words_and_holds_up_nobody_else() {
    let zoho = Connected::start(&STACK, "zoho-refuses", &Value::Null);
    let (refused, next) = (address("refused"), address("next"));
    let links = [gives(&refused), gives(&next)];
    for status in [200, 202, 207] {
        let failed = failed_within(status, "MANDATORY_NOT_FOUND", "required field not found");
        zoho.cloud.answers_once(making(&refused), failed);
    }
    // Without a Retry-After, as Zoho has none.
    zoho.cloud.answers_once(
        query_about(&next),
        refusal(
            429,
            "TOO_MANY_REQUESTS",
            "Too many requests fired in concurrent from the same app/service",
        ),
    );
    for link in &links {
        let _ = confirm(link);
    }
    let words = "MANDATORY_NOT_FOUND; required field not found; api_name Company";
    let failed = zoho.says(&refused, "consent.given", words);
    assert_eq!(failed["status"], 422, "{failed}");
    // Three tries, then it is a dead letter, and who comes after it is told of.
    let _ = zoho.is_mailed(&next);
    assert_eq!(zoho.attempts(&refused, "consent.given").len(), 3);
    let slowed = zoho.attempts(&next, "consent.given");
    assert!(
        slowed.len() == 2 && slowed.iter().any(|attempt| attempt["status"] == 503),
        "{slowed:?}"
    );
    let lanes = zoho
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
    let _ = zoho
        .ask("POST", &format!("/deliveries/{id}/resend"), &Value::Null)
        .expect(204);
    let _ = zoho.is_mailed(&refused);
    zoho.ended();
}

#[test]
fn a_token_that_is_over_is_got_anew_and_one_that_is_taken_back_stops_the_lane() {
    let zoho = Connected::start(&STACK, "zoho-token", &Value::Null);
    let (first, second, third) = (address("first"), address("second"), address("third"));
    let links = [gives(&first), gives(&second), gives(&third)];
    let _ = confirm(&links[0]);
    let _ = zoho.is_mailed(&first);
    zoho.cloud.books(Zoho::expire);
    let _ = confirm(&links[1]);
    let _ = zoho.is_mailed(&second);
    let attempts = eventually("the attempt", || {
        let attempts = zoho.attempts(&second, "consent.given");
        (!attempts.is_empty()).then_some(attempts)
    });
    assert_eq!(attempts.len(), 1, "nobody noticed: {attempts:?}");

    // First it asks too often, then the client's grant is gone.
    let is_grant = |asked: &Asked| asked.path.last().is_some_and(|last| last == "token");
    zoho.cloud.books(Zoho::expire);
    zoho.cloud.answers_once(is_grant, too_many_tokens());
    let gone =
        sayso_tests::host::Reply::of(200, "application/json", r#"{"error": "invalid_code"}"#);
    zoho.cloud.answers_once(is_grant, gone);
    let _ = confirm(&links[2]);
    let slowed = zoho.says_to_anybody("You have made too many requests continuously");
    assert_eq!(slowed["status"], 503);
    let stopped = zoho.says_to_anybody("invalid_code");
    assert_eq!(stopped["status"], 401);
    let told = zoho.ask("GET", "", &Value::Null).expect(200).text();
    for (_, secret) in CLIENT {
        assert!(!told.contains(secret));
    }
    let _ = zoho.put(&zoho.wish(&Value::Null)).expect(200);
    let _ = zoho.is_mailed(&third);
    zoho.ended();
}

#[test]
fn of_one_address_every_record_is_told_and_a_purpose_has_fields_of_its_own() {
    let more = json!({
        "purposes": {
            "EMARKETING": {"consent": {"given": "Obtained"}},
            "EVENTS": {"field": {"name": "Events_Consent", "yes": "Yes", "no": "No", "remarks": REMARKS}},
        },
        "when_several": "all",
        "when_unknown": "skip",
    });
    let zoho = Connected::start(&STACK, "zoho-several", &more);
    let (email, stranger) = (address("several"), address("stranger"));
    zoho.cloud.books(|books| {
        let _ = books.has("Contacts", &json!({"Email": email, "Last_Name": "Several"}));
        let _ = books.has(
            "Leads",
            &json!({"Email": email, "Last_Name": "Several", "Company": "x"}),
        );
        let old = json!({"Email": email, "Last_Name": "Old", "Company": "x", "$converted": true});
        let _ = books.has("Leads", &old);
    });
    for email in [&stranger, &email] {
        let _ = says_yes_to(&STACK, email, &["EMARKETING", "EVENTS"]);
        let _ = confirm(&wait_for_mail(&STACK, email).confirm_link());
    }
    let told = |wanted: &dyn Fn(&Value) -> bool| {
        let records = zoho.cloud.books(|books| books.of(&email));
        let mut live = records
            .iter()
            .filter(|(_, record)| record["Last_Name"] != "Old");
        live.all(|(_, record)| wanted(record)).then_some(())
    };
    eventually("a yes on both", || {
        told(&|record| {
            record["Events_Consent"] == "Yes" && record[CONSENT]["Contact_Through_Email"] == true
        })
    });
    let mail = wait_for_mail(&STACK, &email);
    let _ = withdraw(&mail.withdraw_link(), "EVENTS");
    eventually("a no on both, to one purpose", || {
        told(&|record| {
            let remarks = record[REMARKS].as_str().unwrap_or_default();
            record["Events_Consent"] == "No"
                && remarks.contains("; withdrawn ")
                && record["Email_Opt_Out"] == false
                && record[CONSENT]["Contact_Through_Email"] == true
        })
    });
    let _ = zoho.says(
        &stranger,
        "consent.given",
        "Zoho knows no record of this address.",
    );
    let records = zoho.cloud.books(|books| books.records.len());
    assert_eq!(records, 3, "nobody was made");
    let old = zoho.cloud.books(|books| books.of(&email));
    let old = old.iter().find(|(_, record)| record["Last_Name"] == "Old");
    assert!(old.is_some_and(|(_, record)| record.get("Events_Consent").is_none()));
    zoho.ended();
}

#[test]
fn a_request_is_a_pending_consent_where_the_mapping_asks_for_it() {
    let more = json!({"purposes": {"EMARKETING": {"consent": {"given": "Obtained", "requested": "Pending"}}}});
    let zoho = Connected::start(&STACK, "zoho-pending", &more);
    let email = address("pending");
    zoho.cloud
        .books(|books| books.has("Contacts", &json!({"Email": email, "Last_Name": "Pending"})));
    let link = gives(&email);
    let waits = zoho.stands(&email, "pending", |record| {
        record[CONSENT]["Data_Processing_Basis"] == "Consent - Pending"
    });
    assert_eq!(waits[CONSENT].get("Contact_Through_Email"), None);
    let _ = confirm(&link);
    let given = zoho.is_mailed(&email);
    assert_eq!(
        given[CONSENT]["Data_Processing_Basis"],
        "Consent - Obtained"
    );
    zoho.ended();
}

#[test]
fn who_is_erased_is_found_by_the_field_and_opted_out() {
    let zoho = Connected::start(&STACK, "zoho-erased", &Value::Null);
    let email = address("o'erased");
    let _ = confirm(&gives(&email));
    let subject = zoho.is_mailed(&email)[SUBJECT].clone();
    let made = STACK.admin("PUT", "/v1/sites/demo/keys/eraser-of-zoho");
    let made = made
        .json(&json!({"scopes": ["subjects:write"]}))
        .send()
        .json();
    let path = format!("/v1/subjects/{}", subject.as_str().expect("an id"));
    let _ = ask("DELETE", STACK.collector(&path))
        .bearer(made["secret"].as_str().expect("a key"))
        .send()
        .expect(200);
    let lead = zoho.is_opted_out(&email);
    assert_eq!(lead[CONSENT]["Contact_Through_Email"], false);
    let remarks = lead[CONSENT]["Consent_Remarks"].as_str().expect("remarks");
    assert!(
        remarks.contains("erased ") && !remarks.contains(&email),
        "{remarks}"
    );
    zoho.ended();
}

#[test]
fn what_zoho_does_not_have_or_let_in_is_said_when_it_is_set() {
    let zoho = Connected::start(&STACK, "zoho-set", &Value::Null);
    let lists = zoho.ask("GET", "/lists", &Value::Null).expect(200).json();
    assert_eq!(
        lists["bases"][4]["name"], "Toestemming - Verkregen",
        "{lists}"
    );
    assert!(
        lists["Leads.booleans"]
            .to_string()
            .contains("Email_Opt_Out")
    );
    let email = address("dry");
    let dry = json!({"email": email, "purpose": "EMARKETING", "type": "consent.given"});
    let shown = zoho.ask("POST", "/dry-run", &dry).expect(200).json();
    assert_eq!(shown["writes"].as_array().map(Vec::len), Some(1), "{shown}");
    assert!(!shown.to_string().contains("1000."), "{shown}");
    assert!(zoho.cloud.books(|books| books.of(&email)).is_empty());

    let wrong = |pointer: &str, value: Value| {
        let mut wish = zoho.wish(&Value::Null);
        *wish.pointer_mut(pointer).expect("a place") = value;
        STACK
            .admin("PUT", "/v1/sites/demo/connectors/zoho-wrong")
            .json(&wish)
            .send()
            .expect(422)
            .json()
    };
    let given = "/settings/purposes/EMARKETING/consent/given";
    let said = wrong(given, json!("Consent - Obtained"));
    assert_eq!(said["errors"][0]["pointer"], given);
    assert!(
        said["errors"][0]["detail"]
            .as_str()
            .is_some_and(|words| words.contains("Obtained (Toestemming - Verkregen)")),
        "{said}"
    );
    let said = wrong("/settings/create/fields", json!({}));
    assert!(
        said["errors"][0]["detail"]
            .as_str()
            .is_some_and(|words| words.contains("Company")),
        "{said}"
    );
    let said = wrong("/settings/subject_field", json!("Email_Opt_Out"));
    assert_eq!(said["errors"][0]["pointer"], "/settings/subject_field");
    let said = wrong("/credentials/refresh_token", json!("1000.of.somebody.else"));
    assert!(
        said["detail"]
            .as_str()
            .is_some_and(|words| words.contains("invalid_code")),
        "{said}"
    );
    zoho.ended();
}
