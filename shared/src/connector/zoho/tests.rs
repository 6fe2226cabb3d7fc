//! What Zoho is told and what is left alone, without a network.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    connector::ReceiptName,
    event::EventType,
    key::SiteKey,
    manner::Method,
    purpose::{Channel, LegalBasis, Source},
    time::Timestamp,
};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

fn change(kind: EventType, decided_at: &str) -> Change {
    Change {
        event: Uuid::from_u128(1),
        site: SiteKey::parse("demo").expect("a site"),
        subject: Uuid::from_u128(2),
        email: Some("ada@example.org".to_owned()),
        phone: None,
        external_id: None,
        purpose: PurposeKey::parse("NEWS").ok(),
        title: "News".to_owned(),
        kind,
        at: at(decided_at),
        decided_at: at(decided_at),
        expires_at: None,
        source: Some(Source::WebForm),
        method: Some(Method::DoubleOptIn),
        legal_basis: Some(LegalBasis::Consent),
        channels: vec![Channel::Email, Channel::Sms, Channel::Post],
        receipt: Some(ReceiptName {
            id: Uuid::from_u128(3),
            hash: "0123456789ab".to_owned(),
        }),
    }
}

pub(super) fn settings(more: &Value) -> Settings {
    let mut settings = json!({
        "data_center": "eu",
        "purposes": {"NEWS": {"consent": {"given": "Obtained", "withdrawn": "Not Applicable", "requested": "Pending", "lapsed": "Not Responded", "through": {"web_form": "Email"}}}},
    });
    if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
        settings.extend(more.clone());
    }
    read(&settings).expect("settings")
}

/// One purpose in fields of its own.
fn own() -> Settings {
    settings(
        &json!({"purposes": {"NEWS": {"field": {"name": "News", "yes": "Yes", "no": "No", "remarks": "News_Remarks"}}}}),
    )
}

fn known(fields: &Value) -> Record {
    let answer = super::super::Answer::new(200, json!({"data": [fields]}).to_string());
    record(&answer).expect("read").expect("a record")
}

fn writes(settings: &Settings, change: &Change, record: &Value) -> Write {
    let of = settings.target(change).expect("a target");
    settings.write(of, change, &known(record))
}

fn set(written: Write) -> Value {
    match written {
        Write::Set(fields) => fields.into(),
        Write::Leave(why) => panic!("left: {why}"),
    }
}

#[test]
fn a_yes_is_the_consent_of_the_record_its_channels_and_no_opt_out() {
    let settings = settings(&json!({"subject_field": "Sayso_Id"}));
    let fields = set(writes(
        &settings,
        &change(EventType::Given, "2027-01-15T08:00:00Z"),
        &json!({"id": "7"}),
    ));
    let remarks = "Sayso receipt 00000000-0000-0000-0000-000000000003 sha256:0123456789ab; given 2027-01-15T08:00:00.000Z; News";
    assert_eq!(
        fields,
        json!({
            "Data_Processing_Basis_Details": {
                "Data_Processing_Basis": "Obtained", "Consent_Date": "2027-01-15", "Consent_Through": "Email", "Consent_Remarks": remarks,
                "Contact_Through_Email": true, "Contact_Through_Phone": true,
            },
            "Email_Opt_Out": false, "Sayso_Id": "00000000-0000-0000-0000-000000000002",
        })
    );
    // Told again, with what Zoho adds of its own, it is so already; the spelling of a record is another than that of its consent.
    let mut there = fields;
    there["Data_Processing_Basis_Details"]["Data_Processing_Basis"] = json!("Consent - Obtained");
    there["Data_Processing_Basis_Details"]["id"] = json!("8");
    let again = writes(
        &settings,
        &change(EventType::Given, "2027-01-15T08:00:00Z"),
        &there,
    );
    assert_eq!(again, Write::Leave("was so already"));
}

#[test]
fn a_no_that_is_older_than_the_one_that_is_there_leaves_what_is_said_of_that() {
    let older = change(EventType::Withdrawn, "2027-01-14T08:00:00Z");
    let remarks = "Sayso receipt 00000000-0000-0000-0000-000000000009 sha256:0; withdrawn 2027-01-15T08:00:00.000Z; News";
    let consent = json!({"Data_Processing_Basis": "Not Applicable", "Consent_Remarks": remarks, "Contact_Through_Email": true});
    let record =
        json!({"id": "7", "Email_Opt_Out": true, "Data_Processing_Basis_Details": consent});
    let fields = set(writes(&settings(&Value::Null), &older, &record));
    let off = json!({"Contact_Through_Email": false, "Contact_Through_Phone": false});
    assert_eq!(
        fields,
        json!({"Data_Processing_Basis_Details": off, "Email_Opt_Out": true})
    );
    let record = json!({"id": "7", "News": "Yes", "News_Remarks": remarks});
    assert_eq!(set(writes(&own(), &older, &record)), json!({"News": "No"}));
}

#[test]
fn a_no_takes_the_channels_back_and_keeps_a_basis_that_has_no_opposite() {
    let mut settings = settings(&Value::Null);
    let withdrawn = change(EventType::Withdrawn, "2027-01-16T08:00:00Z");
    let record = json!({"id": "7", "Email_Opt_Out": false, "Data_Processing_Basis_Details": {"Data_Processing_Basis": "Consent - Obtained", "Contact_Through_Email": true}});
    let fields = set(writes(&settings, &withdrawn, &record));
    assert_eq!(fields["Email_Opt_Out"], true);
    let consent = &fields["Data_Processing_Basis_Details"];
    assert_eq!(consent["Data_Processing_Basis"], "Not Applicable");
    assert_eq!(
        (
            &consent["Contact_Through_Email"],
            &consent["Contact_Through_Phone"]
        ),
        (&json!(false), &json!(false))
    );
    for of in settings.purposes.values_mut() {
        of.consent.as_mut().expect("a basis").withdrawn = None;
    }
    let fields = set(writes(&settings, &withdrawn, &record));
    let consent = &fields["Data_Processing_Basis_Details"];
    assert!(consent.get("Data_Processing_Basis").is_none(), "it stays");
    let fields = set(writes(&settings, &withdrawn, &json!({"id": "7"})));
    assert_eq!(
        fields,
        json!({"Email_Opt_Out": true}),
        "a record without a consent is opted out"
    );
}

#[test]
fn a_yes_that_is_older_than_any_no_of_the_record_is_left_out() {
    let settings = settings(&Value::Null);
    let late = change(EventType::Given, "2027-01-15T08:00:00Z");
    let ours = "Sayso receipt 00000000-0000-0000-0000-000000000004 sha256:0123456789ab; withdrawn 2027-01-15T09:00:00.000Z; News";
    let given = ours.replace("withdrawn 2027-01-15T09", "given 2027-01-01T09");
    for record in [
        json!({"Data_Processing_Basis_Details": {"Consent_Remarks": ours}}),
        // By hand, after a yes of ours.
        json!({"Data_Processing_Basis_Details": {"Consent_Remarks": given, "Contact_Through_Email": false, "Modified_Time": "2027-01-15T11:00:00+01:00"}}),
        json!({"Modified_Time": "2027-01-15T11:00:00+01:00", "Data_Processing_Basis_Details": {"Data_Processing_Basis": "Not Applicable"}}),
        json!({"Email_Opt_Out": true, "Unsubscribed_Time": "2027-01-15T11:00:00+01:00"}),
        json!({"Email_Opt_Out": true, "Modified_Time": "2027-01-15T11:00:00+01:00"}),
        // By a link of Zoho's, after a no of ours.
        json!({"Email_Opt_Out": true, "Unsubscribed_Mode": "Unsubscribe Link", "Unsubscribed_Time": "2027-01-15T11:00:00+01:00", "Data_Processing_Basis_Details": {"Consent_Remarks": ours.replace("15T09", "14T09")}}),
    ] {
        assert_eq!(
            writes(&settings, &late, &record),
            Write::Leave("has a newer no"),
            "{record}"
        );
    }
    for record in [
        json!({"Data_Processing_Basis_Details": {"Consent_Remarks": ours.replace("15T09", "14T09")}}),
        json!({"Email_Opt_Out": true, "Unsubscribed_Time": "2027-01-15T11:00:00+01:00", "Data_Processing_Basis_Details": {"Consent_Remarks": ours.replace("15T09", "14T09")}}),
        json!({"Email_Opt_Out": true, "Unsubscribed_Time": "2027-01-14T11:00:00+01:00", "Modified_Time": "2027-02-01T00:00:00Z"}),
        json!({"Modified_Time": "2027-02-01T00:00:00Z", "Data_Processing_Basis_Details": {"Data_Processing_Basis": "Consent - Pending", "Contact_Through_Email": false}}),
    ] {
        assert!(
            matches!(writes(&settings, &late, &record), Write::Set(_)),
            "{record}"
        );
    }
}

#[test]
fn fields_of_ones_own_have_a_yes_a_no_and_their_own_remarks() {
    let settings = own();
    let late = change(EventType::Given, "2027-01-15T08:00:00Z");
    let fields = set(writes(&settings, &late, &json!({"News": null})));
    assert_eq!(fields["News"], "Yes");
    assert!(
        fields["News_Remarks"]
            .as_str()
            .is_some_and(|words| words.contains("given 2027-01-15"))
    );
    assert!(fields.get("Email_Opt_Out").is_none());
    let ours = "Sayso receipt 00000000-0000-0000-0000-000000000004 sha256:0123456789ab; refused 2027-01-15T09:00:00.000Z; News";
    for record in [
        json!({"News": "No", "News_Remarks": ours}),
        json!({"News": "No", "Modified_Time": "2027-01-15T09:00:00Z"}),
        json!({"News": "No", "News_Remarks": ours.replace("refused 2027-01-15", "given 2027-01-01"), "Modified_Time": "2027-01-15T09:00:00Z"}),
    ] {
        assert_eq!(
            writes(&settings, &late, &record),
            Write::Leave("has a newer no"),
            "{record}"
        );
    }
    let fields = set(writes(
        &settings,
        &change(EventType::Expired, "2027-01-15T08:00:00Z"),
        &json!({"News": "Yes"}),
    ));
    assert_eq!(fields["News"], "No");
}

#[test]
fn a_check_box_that_nobody_touched_is_no_no() {
    let settings = settings(
        &json!({"purposes": {"NEWS": {"field": {"name": "News", "remarks": "News_Remarks"}}}}),
    );
    let record = json!({"News": false, "Modified_Time": "2027-02-01T00:00:00Z"});
    let fields = set(writes(
        &settings,
        &change(EventType::Given, "2027-01-15T08:00:00Z"),
        &record,
    ));
    assert_eq!(fields["News"], true);
}

#[test]
fn a_request_touches_the_basis_alone_and_only_where_the_mapping_asks_for_it() {
    let settings = settings(&Value::Null);
    assert!(settings.wants_requested());
    let requested = change(EventType::Requested, "2027-01-15T08:00:00Z");
    let fields = set(writes(
        &settings,
        &requested,
        &json!({"Email_Opt_Out": true}),
    ));
    assert_eq!(
        fields["Data_Processing_Basis_Details"]["Data_Processing_Basis"],
        "Pending"
    );
    assert!(
        fields.get("Email_Opt_Out").is_none()
            && fields["Data_Processing_Basis_Details"]
                .get("Contact_Through_Email")
                .is_none()
    );
    let has =
        json!({"Data_Processing_Basis_Details": {"Data_Processing_Basis": "Consent - Obtained"}});
    assert_eq!(
        writes(&settings, &requested, &has),
        Write::Leave("has a consent already")
    );
    // Nobody confirmed it: somebody who never answered is not opted out of anything.
    let lapsed = change(EventType::Lapsed, "2027-01-18T08:00:00Z");
    let waits =
        json!({"Data_Processing_Basis_Details": {"Data_Processing_Basis": "Consent - Pending"}});
    let fields = set(writes(&settings, &lapsed, &waits));
    assert_eq!(
        fields["Data_Processing_Basis_Details"]["Data_Processing_Basis"],
        "Not Responded"
    );
    assert!(fields.get("Email_Opt_Out").is_none());
    assert_eq!(
        writes(&settings, &lapsed, &has),
        Write::Leave("waits for nothing")
    );
    let own = own();
    let of = own.target(&requested).expect("a target");
    assert!(!own.wants_requested() && own.is_told(of, &requested).is_err());
}

#[test]
fn an_erasure_is_a_no_to_everything_that_names_nobody() {
    let settings = settings(&json!({"subject_field": "Sayso_Id"}));
    let mut erased = change(EventType::Erased, "2027-01-20T08:00:00Z");
    (erased.email, erased.purpose, erased.receipt) = (None, None, None);
    erased.channels = Vec::new();
    let record = known(
        &json!({"Data_Processing_Basis_Details": {"Contact_Through_Email": true, "Contact_Through_Survey": false}}),
    );
    let fields = set(settings.forget(&erased, &record));
    assert_eq!(fields["Email_Opt_Out"], true);
    assert_eq!(
        fields["Data_Processing_Basis_Details"]["Contact_Through_Email"],
        false
    );
    assert!(
        fields["Data_Processing_Basis_Details"]
            .get("Contact_Through_Survey")
            .is_none()
    );
}

#[test]
fn a_new_record_has_what_zoho_requires() {
    let settings =
        settings(&json!({"create": {"module": "Leads", "fields": {"Company": "unknown"}}}));
    let given = change(EventType::Given, "2027-01-15T08:00:00Z");
    let of = settings.target(&given).expect("a target");
    let long = format!("{}@example.org", "a".repeat(90));
    let fields = Value::from(settings.new_record(of, &given, &long));
    assert_eq!(
        (&fields["Email"], &fields["Company"]),
        (&json!(long), &json!("unknown"))
    );
    assert_eq!(fields["Last_Name"].as_str().map(str::len), Some(80));
    assert_eq!(
        fields["Data_Processing_Basis_Details"]["Contact_Through_Email"],
        true
    );
}
