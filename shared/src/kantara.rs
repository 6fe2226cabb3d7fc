//! Receipts in the form of the Kantara Initiative's Consent Receipt 1.1, for those who read that.
//!
//! That form knows only consents that were given, so only those are in it; everything else stays in our own receipt.

use serde_json::{Value, json};

use crate::{
    processing::{NOT_STATED, not_stated},
    purpose::DataCategory,
    receipt::{Party, Receipt, ReceiptAct, ReceiptConsent},
};

/// The receipt as a Consent Receipt 1.1.
#[must_use]
pub fn consent_receipt(receipt: &Receipt) -> Value {
    let given = receipt.consents.iter().filter(|consent| consent.gives());
    let purposes: Vec<Value> = given.map(|consent| purpose(receipt, consent)).collect();
    let controllers: Vec<Value> = receipt.pii_controllers.iter().map(controller).collect();
    // What Article 9(1) GDPR guards, where a purpose that was agreed to needs it.
    let special: Vec<&str> = receipt
        .consents
        .iter()
        .flat_map(|consent| &consent.pii_information)
        .map(|data| data.pii_type.as_str())
        .filter(|data| *data == DataCategory::Special.as_str())
        .take(1)
        .collect();
    // What was taken over, or told by telephone, was agreed to before it came here.
    let consented_at = match receipt.act {
        ReceiptAct::Recorded => receipt.submission.decided_at,
        _ => receipt.at,
    };
    json!({
        "version": "KI-CR-v1.1.0",
        "jurisdiction": receipt.jurisdiction,
        "consentTimestamp": consented_at.unix_seconds(),
        "collectionMethod": receipt.submission.collection(),
        "consentReceiptID": receipt.jti,
        "language": receipt.language,
        "piiPrincipalId": receipt.pii_principal_id,
        "piiControllers": controllers,
        "policyUrl": receipt.privacy_notice,
        "services": [{"service": receipt.site, "purposes": purposes}],
        "sensitive": !special.is_empty(),
        "spiCat": special,
    })
}

fn purpose(receipt: &Receipt, consent: &ReceiptConsent) -> Value {
    let data: Vec<&str> = consent
        .pii_information
        .iter()
        .map(|data| data.pii_type.as_str())
        .collect();
    let mut purpose = json!({
        "purpose": consent.title,
        "consentType": "EXPLICIT",
        "purposeCategory": [consent.purpose],
        "piiCategory": data,
        "primaryPurpose": false,
        "termination": format!("{}; kept: {}", receipt.withdrawal_method, consent.retention_period),
        // Where nothing is stated, that nobody gets the data is not stated either.
        "thirdPartyDisclosure": !receipt.recipient_third_parties.is_empty(),
    });
    if !receipt.recipient_third_parties.is_empty() {
        purpose["thirdPartyName"] = receipt.recipient_third_parties.join("; ").into();
    }
    purpose
}

fn controller(party: &Party) -> Value {
    let country = party.party_country.as_deref().unwrap_or(NOT_STATED);
    json!({
        "piiController": party.party_name,
        "onBehalf": false,
        "contact": party.party_contact,
        "address": {"streetAddress": party.party_address, "addressCountry": country},
        "email": if party.party_contact.contains('@') { party.party_contact.clone() } else { not_stated() },
        "phone": party.party_phone.clone().unwrap_or_else(not_stated),
        "piiControllerUrl": party.party_url,
    })
}
