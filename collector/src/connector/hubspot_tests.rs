//! What HubSpot is asked and told, request by request.

use sayso_shared::{
    connector::{Change, Crm, Verdict},
    event::EventType,
    manner::Method,
    time::Timestamp,
};
use serde_json::{Value, json};

use super::{
    Desk, Request,
    fixture::{at_once, change},
    memory::Script,
    stage::Stage,
    tell,
    tokens::Tokens,
};

const STATUSES: &str = "/communication-preferences/v4/statuses/ada%2Bx%40example%2Eorg";
const UPSERT: &str = "write POST /crm/v3/objects/contacts/batch/upsert";
const COMPLETE: &str = r#"{"status": "COMPLETE", "results": []}"#;

fn crm(more: &Value) -> Crm {
    let mut settings = json!({"purposes": {"NEWS": {"subscription": 77}}});
    if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
        settings.extend(more.clone());
    }
    let read = Crm::parse("hubspot", &settings).expect("known");
    read.expect("settings")
}

fn told(crm: &Crm, kind: EventType, script: &[(&str, u16, &str)]) -> (Verdict, Vec<Request>) {
    let script = Script::of(script);
    let tokens = Tokens::default();
    let desk = Desk {
        tokens: &tokens,
        now: Timestamp::EPOCH,
    };
    let credentials = json!({"token": "pat-eu1-secret"});
    let verdict = at_once(tell(&script, crm, &credentials, &desk, &change(kind)));
    (verdict, script.end())
}

#[test]
fn an_empty_box_of_a_form_takes_nothing_back_that_the_crm_has_from_elsewhere() {
    let tokens = Tokens::default();
    let desk = Desk {
        tokens: &tokens,
        now: Timestamp::EPOCH,
    };
    let credentials = json!({"token": "pat-eu1-secret"});
    let empty = Change {
        method: Some(Method::Checkbox),
        ..change(EventType::Refused)
    };
    let silent = Script::of(&[]);
    let verdict = at_once(tell(&silent, &crm(&json!({})), &credentials, &desk, &empty));
    assert_eq!(verdict.status(), Some(204));
    assert!(silent.end().is_empty());
}

fn read_statuses() -> String {
    format!("read GET {STATUSES}")
}

fn read_wide() -> String {
    format!("read GET {STATUSES}/unsubscribe-all")
}

fn write_status() -> String {
    format!("write POST {STATUSES}")
}

fn stands(status: &str, at: &str) -> String {
    json!({"status": "COMPLETE", "results": [{"channel": "EMAIL", "status": status, "subscriptionId": 77, "timestamp": at, "source": "x", "subscriberIdString": "ada+x@example.org"}]}).to_string()
}

#[test]
fn a_yes_makes_the_contact_and_sets_the_status_with_the_receipt() {
    let (read, wide, write) = (read_statuses(), read_wide(), write_status());
    let script = [
        (read.as_str(), 200, COMPLETE),
        (wide.as_str(), 200, COMPLETE),
        (UPSERT, 200, COMPLETE),
        (write.as_str(), 200, COMPLETE),
    ];
    let (verdict, said) = told(
        &crm(&json!({"subject_property": "sayso_id"})),
        EventType::Given,
        &script,
    );
    assert_eq!(verdict, Verdict::done("Subscription 77: subscribed."));
    for request in &said {
        assert!(
            request
                .headers
                .contains(&("authorization", "Bearer pat-eu1-secret".to_owned()))
        );
        assert!(request.url.starts_with("https://api.hubapi.com/"));
    }
    let body = |index: usize| -> Value {
        serde_json::from_str(said[index].body.as_deref().expect("a body")).expect("JSON")
    };
    assert_eq!(
        body(2),
        json!({"inputs": [{"idProperty": "email", "id": "ada+x@example.org", "properties": {"email": "ada+x@example.org", "sayso_id": "00000000-0000-0000-0000-000000000002"}}]})
    );
    assert_eq!(
        body(3),
        json!({
            "channel": "EMAIL", "subscriptionId": 77, "statusState": "SUBSCRIBED", "legalBasis": "CONSENT_WITH_NOTICE",
            "legalBasisExplanation": "Sayso receipt 00000000-0000-0000-0000-000000000003 sha256:0123456789ab; given 2027-01-15T08:00:00.000Z; News",
        })
    );
}

#[test]
fn what_hubspot_has_already_or_newer_is_left_alone() {
    let read = read_statuses();
    for (kind, status, at) in [
        (EventType::Given, "SUBSCRIBED", "2026-01-01T00:00:00Z"),
        (EventType::Given, "UNSUBSCRIBED", "2027-01-15T09:00:00Z"),
        (EventType::Withdrawn, "UNSUBSCRIBED", "2026-01-01T00:00:00Z"),
    ] {
        let (stands, wide) = (stands(status, at), read_wide());
        let mut script = vec![(read.as_str(), 200, stands.as_str())];
        if kind == EventType::Given {
            script.push((&wide, 200, COMPLETE));
        }
        let (verdict, _) = told(&crm(&Value::Null), kind, &script);
        assert_eq!(verdict.status(), Some(204), "{kind:?} over {status}");
    }
}

#[test]
fn a_no_that_was_written_late_from_here_is_no_newer_than_its_decision() {
    let read = read_statuses();
    let (stands, wide, write) = (no_with("withdrawn"), read_wide(), write_status());
    let script = [
        (read.as_str(), 200, stands.as_str()),
        (wide.as_str(), 200, COMPLETE),
        (UPSERT, 200, COMPLETE),
        (write.as_str(), 200, COMPLETE),
    ];
    let (verdict, _) = told(&crm(&Value::Null), EventType::Given, &script);
    assert_eq!(verdict, Verdict::done("Subscription 77: subscribed."));
}

/// A no of nine o'clock, whose explanation names something of seven.
fn no_with(word: &str) -> String {
    let explanation = format!(
        "Sayso receipt 00000000-0000-0000-0000-000000000004 sha256:0123456789ab; {word} 2027-01-15T07:00:00.000Z; News"
    );
    let stands = json!({"status": "COMPLETE", "results": [{
        "channel": "EMAIL", "status": "UNSUBSCRIBED", "subscriptionId": 77, "timestamp": "2027-01-15T09:00:00Z",
        "source": "x", "subscriberIdString": "ada+x@example.org", "legalBasisExplanation": explanation,
    }]});
    stands.to_string()
}

#[test]
fn a_no_over_which_hubspot_left_the_words_of_our_yes_counts_from_when_it_was_set() {
    let (read, wide, stands) = (read_statuses(), read_wide(), no_with("given"));
    let script = [
        (read.as_str(), 200, stands.as_str()),
        (wide.as_str(), 200, COMPLETE),
    ];
    let (verdict, _) = told(&crm(&Value::Null), EventType::Given, &script);
    assert_eq!(verdict.status(), Some(204));
}

#[test]
fn who_unsubscribed_from_everything_is_subscribed_by_a_later_yes_and_by_no_earlier_one() {
    let (read, wide, write) = (read_statuses(), read_wide(), write_status());
    let of_everything = |at: &str| {
        json!({"status": "COMPLETE", "results": [{
            "channel": "EMAIL", "status": "UNSUBSCRIBED", "timestamp": at, "wideStatusType": "PORTAL_WIDE",
            "subscriberIdString": "ada+x@example.org",
        }]})
        .to_string()
    };
    let (later, earlier) = (
        of_everything("2027-01-15T09:00:00Z"),
        of_everything("2027-01-15T07:00:00Z"),
    );
    for stands in [COMPLETE, &stands("SUBSCRIBED", "2026-01-01T00:00:00Z")] {
        let script = [(read.as_str(), 200, stands), (wide.as_str(), 200, &later)];
        let (verdict, _) = told(&crm(&Value::Null), EventType::Given, &script);
        assert_eq!(verdict.status(), Some(204), "{stands}");
        let script = [
            (read.as_str(), 200, stands),
            (wide.as_str(), 200, &earlier),
            (UPSERT, 200, COMPLETE),
            (write.as_str(), 200, COMPLETE),
        ];
        let (verdict, _) = told(&crm(&Value::Null), EventType::Given, &script);
        assert_eq!(verdict.status(), Some(200), "{stands}");
    }
}

#[test]
fn a_withdrawal_is_written_over_a_newer_yes_and_makes_no_contact() {
    let (read, write) = (read_statuses(), write_status());
    let stands = stands("SUBSCRIBED", "2027-02-01T00:00:00Z");
    let script = [
        (read.as_str(), 200, stands.as_str()),
        (write.as_str(), 200, COMPLETE),
    ];
    let (verdict, said) = told(&crm(&Value::Null), EventType::Withdrawn, &script);
    assert_eq!(verdict, Verdict::done("Subscription 77: unsubscribed."));
    assert!(
        said[1]
            .body
            .as_deref()
            .is_some_and(|body| body.contains("UNSUBSCRIBED"))
    );
}

#[test]
fn who_is_subscribed_without_a_contact_is_told_of_a_no() {
    let (read, write) = (read_statuses(), write_status());
    let stands = stands("SUBSCRIBED", "2026-01-01T00:00:00Z");
    let (verdict, _) = told(
        &crm(&json!({"when_unknown": "skip"})),
        EventType::Withdrawn,
        &[(&read, 200, &stands), (&write, 200, COMPLETE)],
    );
    assert_eq!(verdict, Verdict::done("Subscription 77: unsubscribed."));
}

#[test]
fn the_id_is_written_also_where_the_subscription_was_there_before() {
    let (read, stands) = (
        read_statuses(),
        stands("SUBSCRIBED", "2026-01-01T00:00:00Z"),
    );
    let wide = read_wide();
    let contact = "read GET /crm/v3/objects/contacts/ada%2Bx%40example%2Eorg";
    let script = [
        (read.as_str(), 200, stands.as_str()),
        (wide.as_str(), 200, COMPLETE),
        (UPSERT, 200, COMPLETE),
    ];
    let property = json!({"subject_property": "sayso_id"});
    let (verdict, _) = told(&crm(&property), EventType::Given, &script);
    assert_eq!(verdict.status(), Some(204));
    // Who is not to be made is left alone, and who is there gets it.
    let skips = json!({"subject_property": "sayso_id", "when_unknown": "skip"});
    let nobody = [
        (read.as_str(), 200, stands.as_str()),
        (wide.as_str(), 200, COMPLETE),
        (contact, 404, "{}"),
    ];
    let (verdict, _) = told(&crm(&skips), EventType::Given, &nobody);
    assert_eq!(verdict.status(), Some(204));
    let somebody = [
        (read.as_str(), 200, stands.as_str()),
        (wide.as_str(), 200, COMPLETE),
        (contact, 200, "{}"),
        (UPSERT, 200, COMPLETE),
    ];
    let (verdict, _) = told(&crm(&skips), EventType::Given, &somebody);
    assert_eq!(verdict.status(), Some(204));
}

#[test]
fn what_hubspot_has_not_done_yet_is_told_again() {
    let (read, write) = (read_statuses(), write_status());
    let pending = r#"{"status": "PENDING", "results": []}"#;
    let script = [(read.as_str(), 200, COMPLETE), (&write, 200, pending)];
    let (verdict, _) = told(&crm(&Value::Null), EventType::Withdrawn, &script);
    assert_eq!(verdict.status(), Some(503));
}

#[test]
fn what_failed_within_a_success_is_found() {
    let (read, wide) = (read_statuses(), read_wide());
    let failed = r#"{"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{"status": "error", "category": "VALIDATION_ERROR", "message": "Property values were not valid"}]}"#;
    let (verdict, _) = told(
        &crm(&Value::Null),
        EventType::Given,
        &[
            (&read, 200, COMPLETE),
            (&wide, 200, COMPLETE),
            (UPSERT, 207, failed),
        ],
    );
    assert_eq!(verdict.status(), Some(422));
    assert!(
        verdict
            .words()
            .is_some_and(|words| words.contains("Property values were not valid"))
    );
}

#[test]
fn every_documented_error_is_what_it_means_for_the_lane() {
    let read = read_statuses();
    let body = r#"{"status": "error", "message": "of HubSpot", "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf", "category": "SOME", "errors": [{"message": "missing scopes"}]}"#;
    for (status, means) in [
        (400, 422),
        (401, 401),
        (403, 401),
        (423, 503),
        (477, 503),
        (429, 503),
        (500, 503),
        (502, 503),
    ] {
        let (verdict, _) = told(
            &crm(&Value::Null),
            EventType::Given,
            &[(&read, status, body)],
        );
        assert_eq!(verdict.status(), Some(means), "{status}");
        let words = verdict.words().expect("words");
        assert!(
            words.contains("SOME; of HubSpot; missing scopes"),
            "{words}"
        );
    }
}

#[test]
fn an_erased_person_is_found_by_the_property_and_subscribed_to_nothing() {
    let (read, write) = (read_statuses(), write_status());
    let found =
        r#"{"total": 1, "results": [{"id": "5", "properties": {"email": "ada+x@example.org"}}]}"#;
    let stands = stands("SUBSCRIBED", "2026-01-01T00:00:00Z");
    let script = [
        ("read POST /crm/v3/objects/contacts/search", 200, found),
        (read.as_str(), 200, stands.as_str()),
        (write.as_str(), 200, COMPLETE),
    ];
    let (verdict, _) = told(
        &crm(&json!({"subject_property": "sayso_id"})),
        EventType::Erased,
        &script,
    );
    assert!(
        verdict
            .words()
            .is_some_and(|words| words.starts_with("Erased: 1 subscription")),
        "{verdict:?}"
    );
    let (verdict, _) = told(&crm(&Value::Null), EventType::Erased, &[]);
    assert_eq!(verdict.status(), Some(204), "nothing to find it by");
}

#[test]
fn an_erased_person_whom_the_search_does_not_find_yet_is_looked_for_again() {
    let found = r#"{"total": 0, "results": []}"#;
    let search = "read POST /crm/v3/objects/contacts/search";
    let crm = crm(&json!({"subject_property": "sayso_id"}));
    let erased = change(EventType::Erased);
    let (tokens, credentials) = (Tokens::default(), json!({"token": "pat-eu1-secret"}));
    for (seconds, status) in [(1, 503), (61, 204)] {
        let desk = Desk {
            tokens: &tokens,
            now: erased.at + std::time::Duration::from_secs(seconds),
        };
        let script = Script::of(&[(search, 200, found)]);
        let verdict = at_once(tell(&script, &crm, &credentials, &desk, &erased));
        assert_eq!(verdict.status(), Some(status), "{seconds}");
    }
}

#[test]
fn nothing_is_told_of_a_request_or_of_somebody_who_is_not_to_be_made() {
    let (read, wide) = (read_statuses(), read_wide());
    let (verdict, _) = told(&crm(&Value::Null), EventType::Requested, &[]);
    assert_eq!(verdict.status(), Some(204));
    let contact = "read GET /crm/v3/objects/contacts/ada%2Bx%40example%2Eorg";
    let skips = crm(&json!({"when_unknown": "skip"}));
    let (verdict, _) = told(
        &skips,
        EventType::Given,
        &[
            (&read, 200, COMPLETE),
            (&wide, 200, COMPLETE),
            (contact, 404, "{}"),
        ],
    );
    assert_eq!(verdict.status(), Some(204));
}

#[test]
fn a_dry_run_reads_and_writes_nothing() {
    let read = read_statuses();
    let wide = read_wide();
    let script = [(read.as_str(), 200, COMPLETE), (&wide, 200, COMPLETE)];
    let line = Stage::rehearsal(Script::of(&script));
    let tokens = Tokens::default();
    let desk = Desk {
        tokens: &tokens,
        now: Timestamp::EPOCH,
    };
    let credentials = json!({"token": "pat-eu1-secret"});
    let verdict = at_once(tell(
        &line,
        &crm(&Value::Null),
        &credentials,
        &desk,
        &change(EventType::Given),
    ));
    assert!(verdict.is_taken());
    let writes = line.writes();
    assert_eq!(writes.len(), 2);
    assert!(
        !serde_json::to_string(&writes)
            .expect("JSON")
            .contains("pat-eu1-secret")
    );
}
