//! The metadata of the organisation's fields: longer than most answers.

use serde_json::{Value, json};

use super::super::{Asked, Documented};
use super::answer as reply;
use super::books::{BASES, REMARKS, SUBJECT, THROUGHS};

/// The fields of a module.
pub(super) fn answer(asked: &Asked) -> Documented {
    asked.has_no_body()?;
    let module = asked.query.get("module").cloned().unwrap_or_default();
    asked.has_query(&[("module", module.as_str())])?;
    let fields = match module.as_str() {
        "Contacts" => of_a_person(false),
        "Leads" => of_a_person(true),
        "Consents" => vec![
            picks(
                field(
                    "Data_Processing_Basis",
                    "Gegevensverwerkingsbasis",
                    "picklist",
                ),
                &BASES,
            ),
            picks(
                field("Consent_Through", "Toestemming via", "picklist"),
                &THROUGHS,
            ),
        ],
        _ => return Err(asked.undocumented("a module of no persons")),
    };
    Ok(reply(200, &json!({"fields": fields})))
}

fn of_a_person(is_lead: bool) -> Vec<Value> {
    let mut last_name = field("Last_Name", "Achternaam", "text");
    last_name["system_mandatory"] = json!(true);
    last_name["length"] = json!(80);
    let mut company = field("Company", "Bedrijf", "text");
    company["system_mandatory"] = json!(is_lead);
    let mut unsubscribed = field("Unsubscribed_Mode", "Uitgeschreven via", "picklist");
    unsubscribed["read_only"] = json!(true);
    let countries: Vec<_> = (0..600)
        .map(|n| format!("Country of the list, number {n}"))
        .collect();
    let countries: Vec<_> = countries
        .iter()
        .map(|name| (name.as_str(), name.as_str()))
        .collect();
    vec![
        field("Email", "E-mail", "email"),
        field("Secondary_Email", "Tweede e-mail", "email"),
        field("Email_Opt_Out", "Afmelding e-mail", "boolean"),
        field(
            "Data_Processing_Basis_Details",
            "Details gegevensverwerking",
            "consent_lookup",
        ),
        picks(field("Country", "Land", "picklist"), &countries),
        picks(
            field("Events_Consent", "Evenementen", "picklist"),
            &[("Yes", "Ja"), ("No", "Nee")],
        ),
        field(REMARKS, "Evenementen (bewijs)", "text"),
        field(SUBJECT, "Sayso", "text"),
        last_name,
        company,
        unsubscribed,
    ]
}

fn field(name: &str, label: &str, kind: &str) -> Value {
    json!({
        "api_name": name, "field_label": label, "display_label": label, "data_type": kind, "length": 255, "id": "5725767000000002595",
        "read_only": false, "field_read_only": false, "system_mandatory": false, "custom_field": false, "visible": true,
        "json_type": "string", "pick_list_values": [], "view_type": {"view": true, "edit": true, "quick_create": false, "create": true},
    })
}

fn picks(mut field: Value, values: &[(&str, &str)]) -> Value {
    let values = values.iter().enumerate();
    let values: Vec<_> = values
        .map(|(index, (actual, display))| json!({"actual_value": actual, "display_value": display, "sequence_number": index, "id": "5725767000000003001", "type": "used"}))
        .collect();
    field["pick_list_values"] = json!(values);
    field
}
