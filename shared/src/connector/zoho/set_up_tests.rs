//! What of a mapping is refused, by itself and by what the organisation has.

use serde_json::{Value, json};

use super::{tests::settings, *};
use crate::connector::Answer;

fn field(name: &str, kind: &str, more: &Value) -> Value {
    let mut field = json!({"api_name": name, "field_label": name.replace('_', " "), "data_type": kind, "length": 255, "read_only": false, "system_mandatory": false, "pick_list_values": []});
    if let (Some(field), Some(more)) = (field.as_object_mut(), more.as_object()) {
        field.extend(more.clone());
    }
    field
}

fn fields(listed: &[Value]) -> Vec<Field> {
    let answer = Answer::new(200, json!({"fields": listed}).to_string());
    Field::listed(&answer, false).expect("fields")
}

fn organisation(settings: &Settings, with_gdpr: bool) -> Lists {
    let picks = json!({"pick_list_values": [{"actual_value": "Yes", "display_value": "Ja"}, {"actual_value": "No", "display_value": "Nee"}]});
    let mut module = vec![
        field("Email", "email", &Value::Null),
        field("Email_Opt_Out", "boolean", &Value::Null),
        field("News", "picklist", &picks),
        field("News_Remarks", "text", &Value::Null),
        field("Short", "text", &json!({"length": 80})),
        field("Sayso_Id", "text", &Value::Null),
        field(
            "Last_Name",
            "text",
            &json!({"system_mandatory": true, "length": 80}),
        ),
        field("Company", "text", &json!({"system_mandatory": true})),
    ];
    let mut consents = Vec::new();
    if with_gdpr {
        module.push(field(CONSENTS, "consent_lookup", &Value::Null));
        let bases = ["Obtained", "Pending", "Not Responded", "Not Applicable"];
        let bases = bases.map(|basis| json!({"actual_value": basis, "display_value": basis}));
        consents = fields(&[
            field(
                "Data_Processing_Basis",
                "picklist",
                &json!({"pick_list_values": bases}),
            ),
            field(
                "Consent_Through",
                "picklist",
                &json!({"pick_list_values": [{"actual_value": "Email", "display_value": "E-mail"}]}),
            ),
        ]);
    }
    let module = fields(&module);
    let modules = [(Module::Contacts, module.clone()), (Module::Leads, module)];
    lists(settings, &modules, &consents)
}

fn pointers(settings: &Settings, with_gdpr: bool) -> Vec<String> {
    let errors = settings
        .check(&organisation(settings, with_gdpr))
        .into_iter();
    errors.map(|error| error.pointer.clone()).collect()
}

#[test]
fn what_the_organisation_does_not_have_is_refused_with_what_it_has() {
    let complete =
        json!({"subject_field": "Sayso_Id", "create": {"fields": {"Company": "unknown"}}});
    assert_eq!(pointers(&settings(&complete), true), [""; 0]);
    assert_eq!(
        pointers(&settings(&complete), false),
        ["/purposes/NEWS/consent"]
    );
    assert_eq!(
        pointers(&settings(&json!({"subject_field": "Short"})), true),
        ["/subject_field", "/subject_field", "/create/fields"]
    );
    let misspelt = settings(
        &json!({"when_unknown": "skip", "purposes": {"NEWS": {"consent": {"given": "Consent - Obtained", "through": {"chat": "Chat"}}}}}),
    );
    let errors = misspelt.check(&organisation(&misspelt, true));
    assert_eq!(errors[0].pointer, "/purposes/NEWS/consent/given");
    assert!(
        errors[0].detail.contains("Obtained (Obtained)"),
        "{}",
        errors[0].detail
    );
    assert_eq!(errors[1].pointer, "/purposes/NEWS/consent/through/chat");
    let own = settings(
        &json!({"when_unknown": "skip", "modules": ["Leads"], "purposes": {"NEWS": {"field": {"name": "News", "yes": "Ja", "no": "No", "remarks": "Short"}}}}),
    );
    assert_eq!(
        pointers(&own, true),
        ["/purposes/NEWS/field/remarks", "/purposes/NEWS/field/yes"]
    );
}

#[test]
fn without_gdpr_compliance_there_are_no_consents_and_a_wrong_token_is_another_matter() {
    let invalid = r#"{"code": "INVALID_MODULE", "details": {}, "message": "The module name given seems to be invalid", "status": "error"}"#;
    let listed = |status, is_consents| Field::listed(&Answer::new(status, invalid), is_consents);
    assert_eq!(listed(400, true).map(|fields| fields.len()), Ok(0));
    for (status, is_consents, means) in [(400, false, 422), (401, true, 401)] {
        let verdict = listed(status, is_consents).expect_err("a failure");
        assert_eq!(verdict.status(), Some(means));
    }
    let odd = r#"{"fields": [{"api_name": "A", "length": null, "pick_list_values": null}, {}]}"#;
    let odd = Field::listed(&Answer::new(200, odd), false);
    assert_eq!(odd.map(|fields| fields.len()), Ok(2));
}

#[test]
fn settings_that_contradict_themselves_are_refused_by_their_places() {
    let wrong = |more: &Value| -> Vec<String> {
        let errors = settings(more).wrong().into_iter();
        errors.map(|error| error.pointer.clone()).collect()
    };
    assert_eq!(wrong(&Value::Null), [""; 0]);
    let twice = json!({"purposes": {"A": {"consent": {"given": "Obtained"}}, "B": {"consent": {"given": "Obtained"}}}});
    assert_eq!(
        wrong(&twice),
        ["/purposes/B/consent", "/purposes/B/email_opt_out"]
    );
    assert_eq!(
        wrong(&json!({"purposes": {"A": {"email_opt_out": true}}})),
        ["/purposes/A"]
    );
    assert_eq!(wrong(&json!({"modules": ["Contacts"]})), ["/create/module"]);
    assert_eq!(
        wrong(&json!({"purposes": {"A": {"consent": {"given": "Obtained", "lapsed": "No"}}}})),
        ["/purposes/A/consent/lapsed"]
    );
    assert_eq!(
        wrong(&json!({"email_fields": ["Email = '' or Email"]})),
        ["/email_fields/0"]
    );
    assert_eq!(
        wrong(&json!({"purposes": {"A": {"field": {"name": "N", "yes": "Y", "remarks": "R"}}}})),
        ["/purposes/A/field"]
    );
}

#[test]
fn the_api_is_where_the_token_says_if_that_is_zoho() {
    let production = settings(&Value::Null);
    assert_eq!(production.api(None), "https://www.zohoapis.eu");
    assert_eq!(
        production.api(Some("https://www.zohoapis.com")),
        "https://www.zohoapis.com"
    );
    assert_eq!(
        production.api(Some("https://example.org")),
        "https://www.zohoapis.eu"
    );
    let sandbox = settings(&json!({"environment": "sandbox"}));
    assert_eq!(
        sandbox.api(Some("https://www.zohoapis.eu")),
        "https://sandbox.zohoapis.eu"
    );
}
