//! Receipts as linked data: JSON-LD with terms of the W3C Data Privacy Vocabulary 2.3.
//!
//! Modelled on the vocabulary's guide to ISO/IEC TS 27560; conformance is not claimed.

use serde_json::{Value, json};

use crate::{
    purpose::{DataCategory, LegalBasis},
    receipt::{Party, Receipt, ReceiptAct, ReceiptConsent},
};

/// The receipt as JSON-LD.
#[must_use]
pub fn json_ld(receipt: &Receipt) -> Value {
    let mut document = node(receipt);
    document["@context"] = context();
    document
}

/// Several receipts as one document of JSON-LD.
#[must_use]
pub fn json_ld_of<'a>(receipts: impl Iterator<Item = &'a Receipt>) -> Value {
    json!({"@context": context(), "@graph": receipts.map(node).collect::<Vec<_>>()})
}

fn context() -> Value {
    json!({
        "dpv": "https://w3id.org/dpv#",
        "pd": "https://w3id.org/dpv/pd#",
        "dct": "http://purl.org/dc/terms/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    })
}

fn node(receipt: &Receipt) -> Value {
    let processes: Vec<Value> = receipt
        .consents
        .iter()
        .map(|consent| process(receipt, consent))
        .collect();
    let controllers: Vec<Value> = receipt.pii_controllers.iter().map(party).collect();
    json!({
        "@id": format!("urn:uuid:{}", receipt.jti),
        "dct:conformsTo": {"@id": "https://w3id.org/dpv/schema/dpv-27560#receipt"},
        "dct:identifier": receipt.jti,
        "dct:created": moment(&receipt.at.to_string()),
        "dpv:hasRecordOfActivity": {
            "@id": format!("urn:uuid:{}", receipt.record_id),
            "dct:conformsTo": {"@id": "https://w3id.org/dpv/schema/dpv-27560#record"},
            "dct:identifier": receipt.record_id,
            "dpv:hasDataSubject": {"@id": format!("urn:uuid:{}", receipt.pii_principal_id)},
            "dpv:hasDataController": controllers,
            "dpv:hasNotice": {"@id": receipt.privacy_notice, "dct:language": receipt.language},
            "dpv:hasJurisdiction": receipt.jurisdiction,
            "dpv:hasProcess": processes,
        },
    })
}

fn process(receipt: &Receipt, consent: &ReceiptConsent) -> Value {
    let data: Vec<Value> = consent
        .pii_information
        .iter()
        .map(|data| personal_data(&data.pii_type))
        .collect();
    let mut process = json!({
        "@type": "dpv:PersonalDataProcess",
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "dct:identifier": consent.purpose,
            "dct:title": consent.title,
        },
        "dpv:hasLegalBasis": {"@id": legal_basis(consent.legal_basis)},
        "dpv:hasPersonalData": data,
        "dpv:hasStorageCondition": {
            "dpv:hasDuration": consent.retention_period,
            "dpv:hasLocation": receipt.storage_locations,
        },
        "dpv:hasRecipient": receipt.recipient_third_parties,
    });
    // What rests on another ground has no consent that could be given or withdrawn.
    let events = consent.event.iter();
    for event in events.filter(|_| consent.legal_basis == LegalBasis::Consent) {
        let method = match receipt.act {
            ReceiptAct::Recorded => receipt.submission.collection().into(),
            _ => json!(event.event_type),
        };
        process["dpv:hasConsentStatus"] = json!({
            "@type": event.event_state.dpv(),
            "dpv:isIndicatedAtTime": moment(&event.event_time.to_string()),
            "dpv:isIndicatedBy": event.entity_id,
            "dpv:hasIndicationMethod": method,
            "dpv:hasDuration": event.validity_duration,
        });
        process["dpv:hasConsentControl"] = json!({
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": receipt.withdrawal_method,
        });
    }
    process
}

fn party(party: &Party) -> Value {
    json!({
        "@id": party.party_id,
        "@type": "dpv:DataController",
        "dpv:hasName": party.party_name,
        "dpv:hasAddress": party.party_address,
        "dpv:hasContact": party.party_contact,
    })
}

fn moment(at: &str) -> Value {
    json!({"@type": "xsd:dateTime", "@value": at})
}

/// A sort of data by its term; one that has none keeps its name.
fn personal_data(pii_type: &str) -> Value {
    let category = DataCategory::ALL
        .into_iter()
        .find(|category| category.as_str() == pii_type);
    let term = match category {
        Some(category) => category.dpv(),
        None if pii_type == "email" => "pd:EmailAddress",
        None => return pii_type.into(),
    };
    json!({"@id": term})
}

fn legal_basis(basis: LegalBasis) -> &'static str {
    match basis {
        LegalBasis::Consent => "dpv:Consent",
        LegalBasis::Contract => "dpv:Contract",
        LegalBasis::LegalObligation => "dpv:LegalObligation",
        LegalBasis::VitalInterests => "dpv:VitalInterest",
        LegalBasis::PublicTask => "dpv:PublicInterest",
        LegalBasis::LegitimateInterests => "dpv:LegitimateInterest",
    }
}
