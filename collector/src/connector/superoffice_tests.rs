//! What SuperOffice is asked and told, request by request.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sayso_shared::{
    connector::{Crm, Verdict},
    event::EventType,
    time::Timestamp,
};
use serde_json::{Value, json};

use super::{
    Desk, Request,
    fixture::{at_once, change},
    memory::Script,
    tell,
    tokens::Tokens,
};

mod person;

const STATE: &str = "read GET /api/state/Cust12345";
const TICKET: &str = "read POST /Login/api/PartnerSystemUser/Authenticate";
const SEARCH: &str = "read GET /Cust12345/api/v1/Person";
const CONSENTS: &str = "read GET /Cust12345/api/v1/Person/7/Consent";
const PERSON: &str = "read GET /Cust12345/api/v1/Person/7";
const PATCH: &str = "write PATCH /Cust12345/api/v1/Person/7";
const SET: &str = "write POST /Cust12345/api/v1/Agents/Person/SetConsent";
const REMOVE: &str = "write POST /Cust12345/api/v1/Agents/Person/RemoveConsent";
const ONE: &str = r#"{"value": [{"PrimaryKey": "7", "EntityName": "person"}]}"#;
const TWO: &str = r#"{"value": [{"PrimaryKey": "7"}, {"PrimaryKey": "9"}]}"#;
const NOBODY: &str = r#"{"value": []}"#;

fn crm(more: &Value) -> Crm {
    let mut settings =
        json!({"tenant": "Cust12345", "purposes": {"NEWS": {"purpose": "EMARKETING"}}});
    if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
        settings.extend(more.clone());
    }
    let read = Crm::parse("superoffice", &settings).expect("known");
    read.expect("settings")
}

fn state_at(host: &str) -> String {
    json!({"ContextIdentifier": "Cust12345", "State": "Running", "IsRunning": true, "ValidUntil": "2027-01-15T09:00:00Z", "Api": format!("https://{host}/Cust12345/api")}).to_string()
}

fn ticket(ticket: &str) -> String {
    let claims = json!({"http://schemes.superoffice.net/identity/ticket": ticket}).to_string();
    let token = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
    json!({"IsSuccessful": true, "Token": token}).to_string()
}

fn stands(legal_basis: &str, updated: &str, comment: &str) -> String {
    json!([{"ConsentPurposeKey": "EMARKETING", "LegalBaseKey": legal_basis, "Comment": comment, "Registered": "2026-01-01T00:00:00Z", "Updated": updated}]).to_string()
}

fn told(crm: &Crm, kind: EventType, script: &[(&str, u16, &str)]) -> (Verdict, Vec<Request>) {
    let (state, first) = (state_at("online2.superoffice.com"), ticket("7T:first"));
    let let_in = [(STATE, 200, state.as_str()), (TICKET, 200, first.as_str())];
    let script = if script.is_empty() {
        Script::of(script)
    } else {
        Script::of(&[&let_in[..], script].concat())
    };
    let tokens = Tokens::default();
    let desk = Desk {
        tokens: &tokens,
        now: Timestamp::parse("2027-01-15T08:00:01Z").expect("a moment"),
    };
    let credentials = json!({"client_secret": "app-secret", "system_user_token": "App-abc", "private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"});
    let verdict = at_once(tell(&script, crm, &credentials, &desk, &change(kind)));
    (verdict, script.end())
}

fn body(request: &Request) -> Value {
    serde_json::from_str(request.body.as_deref().expect("a body")).expect("JSON")
}

#[test]
fn a_yes_is_set_with_ground_source_and_receipt_by_whoever_signed_in() {
    let script = [(SEARCH, 200, ONE), (CONSENTS, 200, "[]"), (SET, 204, "")];
    let (verdict, said) = told(&crm(&json!({})), EventType::Given, &script);
    assert_eq!(
        verdict,
        Verdict::done("Consent EMARKETING: set, persons: 1.")
    );
    let signed = body(&said[1]);
    let token = signed["SignedSystemToken"].as_str().expect("a token");
    assert!(token.starts_with("App-abc.202701150800."), "{token}");
    assert_eq!(signed["ApplicationToken"], "app-secret");
    for request in &said[2..] {
        assert!(
            request
                .url
                .starts_with("https://online2.superoffice.com/Cust12345/api/v1/")
        );
        let has = |name: &str, value: &str| {
            let mut headers = request.headers.iter();
            headers.any(|(header, is)| *header == name && is == value)
        };
        assert!(has("authorization", "SOTicket 7T:first") && has("so-apptoken", "app-secret"));
    }
    let set = body(&said[4]);
    assert_eq!(
        (&set["PersonId"], &set["Purpose"]),
        (&json!(7), &json!("EMARKETING"))
    );
    assert_eq!(
        (&set["LegalBase"], &set["Source"]),
        (&json!("61A"), &json!("WEBFORM"))
    );
    let comment = set["Comment"].as_str().expect("a comment");
    assert!(
        comment.chars().count() <= 255 && comment.contains("sha256:0123456789ab"),
        "{comment}"
    );
    assert!(!comment.contains('@'), "{comment}");
}

#[test]
fn a_no_withdraws_the_consent_once_and_says_when_it_was_decided() {
    let holds = stands("61A", "2026-02-01T00:00:00Z", "");
    let script = [
        (SEARCH, 200, ONE),
        (CONSENTS, 200, holds.as_str()),
        (SET, 204, ""),
    ];
    let (verdict, said) = told(&crm(&json!({})), EventType::Withdrawn, &script);
    assert_eq!(
        verdict,
        Verdict::done("Consent EMARKETING: withdrawn, persons: 1.")
    );
    let set = body(&said[4]);
    assert_eq!(set["LegalBase"], "WITHDRAWN");
    let comment = set["Comment"].as_str().expect("a comment");
    assert!(
        comment.contains("; withdrawn 2027-01-15T08:00:00.000Z; "),
        "{comment}"
    );

    let gone = stands("WITHDRAWN", "2027-02-01T00:00:00Z", comment);
    let script = [(SEARCH, 200, ONE), (CONSENTS, 200, gone.as_str())];
    let (verdict, _) = told(&crm(&json!({})), EventType::Withdrawn, &script);
    assert_eq!(verdict.status(), Some(204));
}

#[test]
fn a_no_that_superoffice_does_not_take_on_a_ground_removes_the_consent() {
    let holds = stands("61A", "2026-02-01T00:00:00Z", "");
    // It may refuse a value by 500.
    for status in [400, 500] {
        let script = [
            (SEARCH, 200, ONE),
            (CONSENTS, 200, holds.as_str()),
            (SET, status, r#"{"Error": true}"#),
            (REMOVE, 204, ""),
        ];
        let (verdict, said) = told(&crm(&json!({})), EventType::Withdrawn, &script);
        assert_eq!(verdict.status(), Some(200), "{status}");
        assert_eq!(
            body(&said[5]),
            json!({"PersonId": 7, "Purpose": "EMARKETING"})
        );
    }

    // What is only busy is asked again, as a whole.
    let down = [(SET, 500, ""), (REMOVE, 500, "")];
    let busy = [(SET, 503, "")];
    for trouble in [&down[..], &busy[..]] {
        let begun = [(SEARCH, 200, ONE), (CONSENTS, 200, holds.as_str())];
        let script = [&begun[..], trouble].concat();
        let (verdict, _) = told(&crm(&json!({})), EventType::Withdrawn, &script);
        assert_eq!(verdict.status(), Some(503));
    }
}

#[test]
fn a_yes_older_than_a_withdrawal_by_hand_is_left_out_and_a_newer_one_is_not() {
    // Whoever changes the ground may well leave the comment of our yes.
    let left = "Sayso receipt 0 sha256:0; given 2027-01-01T00:00:00.000Z; News; person 0";
    for (updated, status, comment) in [
        ("2027-01-15T08:00:01", 204, "by telephone"),
        ("2027-01-15T08:00:01", 204, left),
        ("2027-01-15T07:59:59", 200, "by telephone"),
        ("2027-01-15T07:59:59", 200, left),
        (
            "0001-01-01T00:00:00Z",
            200,
            "never changed since it was made",
        ),
    ] {
        let gone = stands("WITHDRAWN", updated, comment);
        let mut script = vec![(SEARCH, 200, ONE), (CONSENTS, 200, gone.as_str())];
        if status == 200 {
            script.push((SET, 204, ""));
        }
        let (verdict, _) = told(&crm(&json!({})), EventType::Given, &script);
        assert_eq!(verdict.status(), Some(status), "{updated} {comment}");
    }
}

#[test]
fn a_yes_that_followed_a_withdrawal_of_ours_is_told_however_late_that_was_written() {
    let written = "2027-01-15T09:00:00Z";
    for (decided, status) in [
        ("2027-01-15T07:00:00.000Z", 200),
        ("2027-01-15T08:30:00.000Z", 204),
    ] {
        let comment = format!("Sayso receipt 0 sha256:0; withdrawn {decided}; News; person 0");
        let gone = stands("WITHDRAWN", written, &comment);
        let mut script = vec![(SEARCH, 200, ONE), (CONSENTS, 200, gone.as_str())];
        if status == 200 {
            script.push((SET, 204, ""));
        }
        let (verdict, _) = told(&crm(&json!({})), EventType::Given, &script);
        assert_eq!(verdict.status(), Some(status), "{decided}");
    }
}

#[test]
fn whom_nobody_knows_is_left_out_or_made_and_several_are_a_refusal() {
    let (verdict, _) = told(&crm(&json!({})), EventType::Given, &[(SEARCH, 200, NOBODY)]);
    assert_eq!(verdict.status(), Some(204));

    let create = json!({"when_unknown": "create", "company": 5});
    let script = [
        (SEARCH, 200, NOBODY),
        (
            "write POST /Cust12345/api/v1/Person",
            200,
            r#"{"PersonId": 7}"#,
        ),
        (CONSENTS, 200, "[]"),
        (SET, 204, ""),
    ];
    let (verdict, said) = told(&crm(&create), EventType::Given, &script);
    assert_eq!(verdict.status(), Some(200));
    assert_eq!(body(&said[3])["Contact"], json!({"ContactId": 5}));
    let (verdict, _) = told(
        &crm(&create),
        EventType::Withdrawn,
        &[(SEARCH, 200, NOBODY)],
    );
    assert_eq!(verdict.status(), Some(204), "a no makes nobody");

    let (verdict, _) = told(&crm(&json!({})), EventType::Given, &[(SEARCH, 200, TWO)]);
    assert_eq!(verdict.status(), Some(422));
}

#[test]
fn a_no_is_told_to_all_persons_of_the_address() {
    let holds = stands("61A", "2026-02-01T00:00:00Z", "");
    let script = [
        (SEARCH, 200, TWO),
        (
            "read GET /Cust12345/api/v1/Person/9/Consent",
            200,
            holds.as_str(),
        ),
        (SET, 204, ""),
        (CONSENTS, 200, holds.as_str()),
        (SET, 204, ""),
    ];
    let (verdict, _) = told(&crm(&json!({})), EventType::Withdrawn, &script);
    assert_eq!(
        verdict,
        Verdict::done("Consent EMARKETING: withdrawn, persons: 2.")
    );
}

#[test]
fn a_no_that_is_refused_of_one_person_is_told_to_the_other_and_then_refused() {
    let holds = stands("61A", "2026-02-01T00:00:00Z", "");
    let refused = r#"{"Message": "locked"}"#;
    let (verdict, _) = told(
        &crm(&Value::Null),
        EventType::Withdrawn,
        &[
            (SEARCH, 200, TWO),
            ("read GET /Cust12345/api/v1/Person/9/Consent", 200, &holds),
            (SET, 400, refused),
            (REMOVE, 400, refused),
            (CONSENTS, 200, &holds),
            (SET, 204, ""),
        ],
    );
    assert_eq!(verdict.status(), Some(422), "{verdict:?}");
    let (verdict, _) = told(
        &crm(&json!({"subject_field": "SuperOffice:7"})),
        EventType::Erased,
        &[(SEARCH, 200, NOBODY)],
    );
    assert_eq!(verdict.status(), Some(204), "{verdict:?}");
}

#[test]
fn a_ticket_that_ran_out_and_a_customer_that_moved_are_asked_for_once() {
    let (second, moved) = (ticket("7T:second"), state_at("online5.superoffice.com"));
    let script = [
        (SEARCH, 401, ""),
        (TICKET, 200, second.as_str()),
        (SEARCH, 421, ""),
        (STATE, 200, moved.as_str()),
        (SEARCH, 200, NOBODY),
    ];
    let (verdict, said) = told(&crm(&json!({})), EventType::Given, &script);
    assert_eq!(verdict.status(), Some(204));
    assert!(said[6].url.starts_with("https://online5.superoffice.com/"));

    let script = [
        (SEARCH, 401, ""),
        (TICKET, 200, second.as_str()),
        (SEARCH, 401, ""),
    ];
    let (verdict, _) = told(&crm(&json!({})), EventType::Given, &script);
    assert_eq!(verdict.status(), Some(401));
}

#[test]
fn what_superoffice_refuses_is_told_in_its_own_words() {
    let no =
        r#"{"Error": true, "ErrorType": "SoNotFoundException", "ErrorMessage": "No such purpose"}"#;
    let script = [(SEARCH, 200, ONE), (CONSENTS, 200, "[]"), (SET, 400, no)];
    let (verdict, _) = told(&crm(&json!({})), EventType::Given, &script);
    assert_eq!(
        verdict,
        Verdict::refused("The CRM answered 400: SoNotFoundException: No such purpose")
    );
}

#[test]
fn no_secret_goes_to_an_address_that_is_not_superoffices() {
    let elsewhere = state_at("superoffice.com.example.org");
    let script = Script::of(&[(STATE, 200, &elsewhere)]);
    let tokens = Tokens::default();
    let desk = Desk {
        tokens: &tokens,
        now: Timestamp::EPOCH,
    };
    let credentials = json!({"client_secret": "s", "system_user_token": "t", "private_key": "k"});
    let crm = crm(&json!({}));
    let verdict = at_once(tell(
        &script,
        &crm,
        &credentials,
        &desk,
        &change(EventType::Given),
    ));
    assert_eq!(verdict.status(), Some(503));
    script.end();
}

#[test]
fn nothing_is_told_of_a_request() {
    let (verdict, _) = told(&crm(&json!({})), EventType::Requested, &[]);
    assert_eq!(verdict.status(), Some(204));
}
