//! What a person has besides consents: subscription types, and the field with Sayso's id.

use sayso_shared::event::EventType;
use serde_json::json;

use super::{CONSENTS, ONE, PATCH, PERSON, REMOVE, SEARCH, SET, body, crm, stands, told};

#[test]
fn subscription_types_are_on_before_the_consent_is_and_off_after_it_is_not() {
    let news = json!({"purposes": {"NEWS": {"purpose": "EMARKETING", "subscriptions": [2]}}});
    let off = r#"{"PersonId": 7, "ShipmentTypes": [{"Id": 1, "Selected": true}, {"Id": 2, "Selected": false}], "CustomFields": null}"#;
    let script = [
        (SEARCH, 200, ONE),
        (CONSENTS, 200, "[]"),
        (PERSON, 200, off),
        (PATCH, 200, "{}"),
        (SET, 204, ""),
    ];
    let (verdict, said) = told(&crm(&news), EventType::Given, &script);
    assert_eq!(verdict.status(), Some(200));
    let patch = json!([
        {"op": "test", "path": "/ShipmentTypes/1/Id", "value": 2},
        {"op": "replace", "path": "/ShipmentTypes/1/Selected", "value": true},
    ]);
    assert_eq!(body(&said[5]), patch);
    let kinds = said[5].headers.iter();
    let kinds: Vec<_> = kinds.filter(|(name, _)| *name == "content-type").collect();
    assert_eq!(
        kinds,
        [&("content-type", "application/json-patch+json".to_owned())]
    );

    // Somebody else changed the person meanwhile: nothing is set, and all of it is tried again.
    let script = [
        (SEARCH, 200, ONE),
        (CONSENTS, 200, "[]"),
        (PERSON, 200, off),
        (PATCH, 409, r#"{"Error": true}"#),
    ];
    let (verdict, _) = told(&crm(&news), EventType::Given, &script);
    assert_eq!(verdict.status(), Some(503));

    // A no that was told once before, and was cut off, still ends what is on.
    let gone = stands("WITHDRAWN", "2027-02-01T00:00:00Z", "");
    let on = off.replace(
        r#""Id": 2, "Selected": false"#,
        r#""Id": 2, "Selected": true"#,
    );
    let script = [
        (SEARCH, 200, ONE),
        (CONSENTS, 200, gone.as_str()),
        (PERSON, 200, on.as_str()),
        (PATCH, 200, "{}"),
    ];
    let (verdict, said) = told(&crm(&news), EventType::Withdrawn, &script);
    assert_eq!(verdict.status(), Some(200));
    assert_eq!(body(&said[5])[1]["value"], false);

    // What ended there by hand, a yes that is there already does not begin again.
    let receipt = "Sayso receipt 00000000-0000-0000-0000-000000000003 sha256:0; given 2027-01-15T08:00:00.000Z; News";
    let held = stands("61A", "2027-01-15T09:00:00Z", receipt);
    let script = [(SEARCH, 200, ONE), (CONSENTS, 200, held.as_str())];
    let (verdict, _) = told(&crm(&news), EventType::Given, &script);
    assert_eq!(verdict.status(), Some(204));
}

#[test]
fn an_erased_person_is_found_by_the_field_that_the_yes_left_there() {
    let (verdict, _) = told(&crm(&json!({})), EventType::Erased, &[]);
    assert_eq!(
        verdict.status(),
        Some(204),
        "without a field there is nothing to find by"
    );

    let field = json!({
        "subject_field": "SuperOffice:7",
        "purposes": {
            "NEWS": {"purpose": "EMARKETING", "subscriptions": [2]},
            "STORE": {"purpose": "STORE"},
        },
    });
    let crm = crm(&field);
    let person = r#"{"ShipmentTypes": [{"Id": 2, "Selected": true}], "CustomFields": {"SuperOffice:7": "", "SuperOffice:8": "x"}}"#;
    let script = [
        (SEARCH, 200, ONE),
        (CONSENTS, 200, "[]"),
        (PERSON, 200, person),
        (PATCH, 200, "{}"),
        (SET, 204, ""),
    ];
    let (_, said) = told(&crm, EventType::Given, &script);
    let subject = "00000000-0000-0000-0000-000000000002";
    let patch = json!([{"op": "add", "path": "/CustomFields/SuperOffice:7", "value": subject}]);
    assert_eq!(body(&said[5]), patch);

    let holds = stands("61A", "2026-02-01T00:00:00Z", "");
    let script = [
        (SEARCH, 200, ONE),
        (CONSENTS, 200, holds.as_str()),
        (REMOVE, 204, ""),
        (PERSON, 200, person),
        (PATCH, 200, "{}"),
    ];
    let (verdict, said) = told(&crm, EventType::Erased, &script);
    assert!(
        verdict
            .words()
            .is_some_and(|words| words.starts_with("Erased: 1 consents")),
        "{verdict:?}"
    );
    let url = url::Url::parse(&said[2].url).expect("an address");
    let filter = url.query_pairs().find(|(name, _)| name == "$filter");
    assert_eq!(
        filter.expect("a filter").1,
        format!("personUdef/SuperOffice:7 is '{subject}'")
    );
}
