//! The records of the organisation: which fields they have, of which types, and how a consent is kept.

use serde_json::{Map, Value, json};

use super::super::{Asked, Undocumented};
use super::now;

/// The field for Sayso's id of the person.
pub const SUBJECT: &str = "Sayso_Id";

/// The field for the remarks of a purpose that has a field of its own.
pub const REMARKS: &str = "Events_Consent_Remarks";

/// The bases: as they are written, and as people see them.
pub(super) const BASES: [(&str, &str); 6] = [
    ("Not Applicable", "Niet van toepassing"),
    ("Legitimate Interests", "Gerechtvaardigd belang"),
    ("Pending", "Toestemming - In behandeling"),
    ("Awaiting", "Toestemming - Wachtend"),
    ("Obtained", "Toestemming - Verkregen"),
    ("Not Responded", "Toestemming - Geen antwoord"),
];

/// What can be written as that through which a consent came.
pub(super) const THROUGHS: [(&str, &str); 2] = [("Email", "E-mail"), ("Call", "Gesprek")];

/// Fails if a field is none of the organisation's, or no such type.
pub(super) fn known(asked: &Asked, fields: &Map<String, Value>) -> Result<(), Undocumented> {
    for (name, value) in fields {
        let is_so = match name.as_str() {
            "Email" | "Last_Name" | "Company" | "Events_Consent" | SUBJECT | REMARKS => {
                value.is_string()
            }
            "Email_Opt_Out" => value.is_boolean(),
            "Data_Processing_Basis_Details" => {
                let consent = value
                    .as_object()
                    .ok_or_else(|| asked.undocumented("a consent that is no object"))?;
                consent
                    .iter()
                    .all(|(name, value)| is_of_a_consent(name, value))
            }
            _ => false,
        };
        if !is_so {
            return Err(asked.undocumented(&format_args!("the field {name}: {value}")));
        }
    }
    Ok(())
}

fn is_of_a_consent(name: &str, value: &Value) -> bool {
    match name {
        "Contact_Through_Email"
        | "Contact_Through_Phone"
        | "Contact_Through_Social"
        | "Contact_Through_Survey" => value.is_boolean(),
        "Consent_Date" => value
            .as_str()
            .is_some_and(|day| chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok()),
        "Consent_Remarks" | "Consent_Through" | "Data_Processing_Basis" => value.is_string(),
        _ => false,
    }
}

/// What Zoho refuses of a record.
pub(super) fn refused(module: &str, fields: &Map<String, Value>, is_new: bool) -> Option<Value> {
    let refusal = |code: &str, name: &str, message: &str| {
        let details = json!({"api_name": name, "json_path": format!("$.data[0].{name}")});
        Some(json!({"code": code, "details": details, "message": message, "status": "error"}))
    };
    let required: &[&str] = match (is_new, module) {
        (true, "Leads") => &["Last_Name", "Company"],
        (true, _) => &["Last_Name"],
        _ => &[],
    };
    if let Some(name) = required.iter().find(|name| !fields.contains_key(**name)) {
        return refusal("MANDATORY_NOT_FOUND", name, "required field not found");
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let too_long = fields.iter().find(|(name, value)| {
        let limit = if *name == "Last_Name" { 80 } else { 255 };
        text(value).chars().count() > limit
    });
    if let Some((name, _)) = too_long {
        return refusal("INVALID_DATA", name, "invalid data");
    }
    let consent = fields
        .get("Data_Processing_Basis_Details")
        .and_then(Value::as_object)?;
    let is_in = |name: &str, known: &[(&str, &str)]| {
        let value = consent.get(name).map(text);
        value.is_none_or(|value| known.iter().any(|(known, _)| value == *known))
    };
    if !is_in("Data_Processing_Basis", &BASES) || !is_in("Consent_Through", &THROUGHS) {
        return refusal(
            "INVALID_DATA",
            "Data_Processing_Basis_Details",
            "invalid data",
        );
    }
    None
}

/// Keeps a consent: what is not named stays as it was.
pub(super) fn consent(record: &mut Map<String, Value>, wish: Map<String, Value>) {
    let there = record.entry("Data_Processing_Basis_Details");
    let there =
        there.or_insert_with(|| json!({"id": "5725767000005083039", "Created_Time": now()}));
    let there = there.as_object_mut().expect("a consent");
    there.extend(wish);
    there.insert("Modified_Time".to_owned(), json!(now()));
    let states = ["Pending", "Awaiting", "Obtained", "Not Responded"];
    let basis = there.get("Data_Processing_Basis").and_then(Value::as_str);
    let basis = basis.unwrap_or_default().to_owned();
    if states.contains(&basis.as_str()) {
        there.insert(
            "Data_Processing_Basis".to_owned(),
            json!(format!("Consent - {basis}")),
        );
    }
}
