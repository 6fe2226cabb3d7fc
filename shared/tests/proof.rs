//! What proves a consent, pinned: receipts, what they are handed out as, and evidence packs. Whoever changes a byte changes a file, on
//! purpose.
//!
//! `SAYSO_ACCEPT=1 cargo test -p sayso-shared --all-features --test proof` writes them anew.

#![cfg(feature = "record")]

use std::{collections::BTreeSet, env, fs, path::Path};

use sayso_shared::{
    canonical::{canonical_json, hash_name},
    consent::{Consent, Status},
    decision::Change,
    definition::SiteDefinition,
    dpv::json_ld,
    event::{ActorKind, EventSubject, Manner, Method, StoredEvent},
    evidence::{
        ClientFacts, ConsentFacts, EvidenceAct, EvidenceMail, EvidencePack, EvidenceSubmission,
        SealedEvidence,
    },
    export::ExportForm,
    jws::{Jwk, SigningKey, verify},
    kantara::consent_receipt,
    key::{ApiKeyName, FormKey, PurposeKey, SiteKey},
    language::Language,
    manner::{Actor, Imported, Recorded},
    notice::{Notice, NoticeText},
    processing::Processing,
    published::NoticeName,
    purpose::{DataCategory, LegalBasis, Source},
    receipt::{Gist, Meant, RECEIPT_TYPE, Receipt, ReceiptAct, Statement, SubmissionFacts},
    time::Timestamp,
    visitor::{Confirmation, VisitorClass, Visits},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Every IRI that we emit, as the vocabularies spell it.
const TERMS: &str = include_str!("proof/dpv_2_3_terms.json");

const ISS: &str = "https://consent.example.com";

#[test]
fn a_receipt_is_signed_in_these_bytes() {
    let receipt = confirmed();
    golden(
        "receipt.json",
        &serde_json::to_value(&receipt).expect("JSON"),
    );
    let signed = receipt.sign(&key());
    golden(
        "receipt_signed.json",
        &json!({"receipt": signed, "keys": [key().jwk()]}),
    );
    let payload = verify(&signed, Some(RECEIPT_TYPE), &[key().jwk()]).expect("our own");
    assert_eq!(payload, canonical_json(&receipt).into_bytes());
    assert_eq!(
        serde_json::from_slice::<Receipt>(&payload).ok(),
        Some(receipt)
    );
}

#[test]
fn what_was_taken_over_says_so_in_every_form_and_is_confirmed_in_none() {
    let receipt = imported(LegalBasis::Consent);
    let written = serde_json::to_value(&receipt).expect("JSON");
    golden("receipt_recorded.json", &written);
    let read: Receipt = serde_json::from_value(written.clone()).expect("a receipt");
    assert_eq!(read, receipt);
    let exports = [json_ld(&receipt), consent_receipt(&receipt)];
    for (name, export) in ["json_ld", "kantara"].into_iter().zip(&exports) {
        golden(&format!("receipt_recorded_{name}.json"), export);
        let said = export.to_string();
        assert!(
            said.contains("taken over from Old list, not confirmed with this collector"),
            "{said}"
        );
    }
    assert_eq!(
        written["consents"][0]["event"]["event_time"],
        json!(at(0)),
        "its own date"
    );
    assert_eq!(
        written["consents"][0]["event"]["entity_id"],
        written["pii_controllers"][0]["party_id"]
    );
}

#[test]
fn what_rests_on_another_ground_is_no_consent_in_any_form() {
    let receipt = imported(LegalBasis::Contract);
    assert_eq!(receipt.consents[0].legal_basis, LegalBasis::Contract);
    let exported = json_ld(&receipt);
    let process = &exported["dpv:hasRecordOfActivity"]["dpv:hasProcess"][0];
    assert_eq!(process["dpv:hasLegalBasis"]["@id"], "dpv:Contract");
    assert!(process.get("dpv:hasConsentStatus").is_none(), "{process}");
    assert_eq!(
        consent_receipt(&receipt)["services"][0]["purposes"],
        json!([])
    );
    let said = serde_json::to_string(&receipt).expect("JSON");
    assert!(!said.contains("dpv:Consent"), "{said}");
}

#[test]
fn a_recording_that_changed_nothing_states_no_beginning_and_no_end() {
    let meant = Meant::Unchanged {
        asked: Status::Given,
        stands: Status::Given,
    };
    let again = imported_as(LegalBasis::Consent, meant);
    let written = serde_json::to_value(&again).expect("JSON");
    golden("receipt_unchanged.json", &written);
    let consent = &written["consents"][0];
    assert_eq!(
        (&consent["asked"], &consent["status"]),
        (&json!("given"), &json!("given"))
    );
    for absent in ["event", "dpv"] {
        assert!(consent.get(absent).is_none(), "{consent}");
    }
    assert_eq!(
        serde_json::from_value::<Receipt>(written).ok().as_ref(),
        Some(&again)
    );
    let process = &json_ld(&again)["dpv:hasRecordOfActivity"]["dpv:hasProcess"][0];
    assert!(process.get("dpv:hasConsentStatus").is_none(), "{process}");

    let exported = ExportForm::Kantara.export(&[confirmed(), again.clone()]);
    assert_eq!(
        exported,
        Ok(consent_receipt(&confirmed())),
        "the one that stands"
    );
    let withdrawn = receipt(ReceiptAct::Withdrawn, 3, Meant::Became(Status::Withdrawn));
    let exported = ExportForm::Kantara.export(&[confirmed(), withdrawn, again]);
    assert!(exported.is_err(), "{exported:?}");
}

#[test]
fn a_receipt_of_version_1_still_verifies_and_tells_where_it_belongs() {
    let old = r#"{"act":"withdrawn","at":"2026-11-22T09:00:06.000Z","consents":[{"dpv":"dpv:ConsentWithdrawn","legal_basis":"consent","purpose":"NEWS","status":"withdrawn","title":"News"}],"jti":"01a20000-0000-7000-8000-000000000003","schema":"sayso-receipt/1","site":"demo"}"#;
    let signed = key().sign(RECEIPT_TYPE, old.as_bytes());
    assert!(verify(&signed, Some(RECEIPT_TYPE), &[key().jwk()]).is_ok());
    let gist = Gist::read(&signed).expect("an old receipt");
    assert_eq!(gist.act, ReceiptAct::Withdrawn);
    assert!(gist.names(&news()));
}

#[test]
fn a_receipt_names_nobody() {
    let text = canonical_json(&confirmed());
    assert!(!text.contains("jan@example.com"), "{text}");
}

#[test]
fn linked_data_has_only_terms_that_the_vocabularies_have() {
    let file: Value = serde_json::from_str(TERMS).expect("JSON");
    let terms = file["terms"].as_object().expect("terms by name");
    let known: BTreeSet<&str> = terms.keys().map(String::as_str).collect();
    let mut emitted = BTreeSet::new();
    for status in Status::ALL {
        for act in [Meant::Asked(status), Meant::Became(status)] {
            let document = json_ld(&receipt(ReceiptAct::Submitted, 1, act));
            collect_terms(&document, &mut emitted);
        }
    }
    emitted.extend(DataCategory::ALL.map(|category| category.dpv().to_owned()));
    emitted.extend(Status::ALL.map(|status| status.dpv().to_owned()));
    let unknown: Vec<&String> = emitted
        .iter()
        .filter(|term| !known.contains(term.as_str()))
        .collect();
    assert!(unknown.is_empty(), "not in the vocabularies: {unknown:?}");
    assert!(emitted.contains("dpv:ConsentGiven") && emitted.contains("dpv:hasConsentStatus"));
    golden("receipt_json_ld.json", &json_ld(&confirmed()));
}

#[test]
fn a_consent_receipt_of_kantara_holds_what_was_given_and_nothing_else() {
    let exported = consent_receipt(&confirmed());
    golden("receipt_kantara.json", &exported);
    let purposes = &exported["services"][0]["purposes"];
    assert_eq!(purposes.as_array().map(Vec::len), Some(1));
    let asked = receipt(ReceiptAct::Submitted, 1, Meant::Asked(Status::Requested));
    assert_eq!(
        consent_receipt(&asked)["services"][0]["purposes"],
        json!([])
    );
}

#[test]
fn a_pack_is_in_these_bytes_and_its_notice_is_named_by_its_own_words() {
    let sealed = pack().seal(&key());
    golden(
        "evidence.json",
        &serde_json::to_value(&sealed).expect("JSON"),
    );
    // From the document alone, as somebody would who has nothing but it.
    let text = serde_json::to_string(&sealed).expect("JSON");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let notice = &document["notices"][0];
    let hash = hash_name(canonical_json(&notice["text"]).as_bytes());
    assert_eq!(notice["hash"], hash);
    assert_eq!(document["submissions"][0]["notice"]["hash"], hash);
    assert_eq!(
        serde_json::from_str::<SealedEvidence>(&text).ok(),
        Some(sealed)
    );
}

/// Compares with the file of that name.
#[track_caller]
fn golden(name: &str, found: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/proof")
        .join(name);
    let found = format!("{}\n", serde_json::to_string_pretty(found).expect("JSON"));
    if env::var_os("SAYSO_ACCEPT").is_some() {
        fs::write(&file, &found).expect("a file of the tests");
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert!(known == found, "{name} is no longer what it was:\n{found}");
}

/// Everything that is a term: keys, types, and references with a prefix.
fn collect_terms(value: &Value, terms: &mut BTreeSet<String>) {
    let is_term = |text: &str| {
        ["dpv:", "pd:", "dct:", "xsd:"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
    };
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter().filter(|(name, _)| *name != "@context") {
                if is_term(name) {
                    terms.insert(name.clone());
                }
                if let Some(text) = value.as_str().filter(|text| is_term(text)) {
                    terms.insert(text.to_owned());
                }
                if let Some(iri) = value
                    .as_str()
                    .filter(|text| name == "@id" && text.contains("w3id.org"))
                {
                    terms.insert(iri.to_owned());
                }
                collect_terms(value, terms);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_terms(item, terms)),
        _ => {}
    }
}

fn confirmed() -> Receipt {
    receipt(ReceiptAct::Confirmed, 2, Meant::Became(Status::Given))
}

/// An import, on this ground.
fn imported(basis: LegalBasis) -> Receipt {
    let meant = Meant::Recorded {
        asked: Status::Given,
        stands: Status::Given,
    };
    imported_as(basis, meant)
}

fn imported_as(basis: LegalBasis, meant: Meant) -> Receipt {
    let store = PurposeKey::parse("STORE").expect("a purpose");
    let facts = SubmissionFacts {
        source: Source::Import,
        page: None,
        conversation: Some("batch 7".to_owned()),
        shown_at: None,
        decided_at: at(0),
        gpc: None,
        widget: None,
        recorded: Some(Recorded {
            actor: Actor {
                kind: ActorKind::Staff,
                id: Some("m-42".to_owned()),
            },
            method: Method::Import,
            key: Some(ApiKeyName::parse("crm").expect("a name")),
            legal_basis: [(store, LegalBasis::Contract), (news(), basis)].into(),
            imported: Some(Imported {
                from: "Old list".to_owned(),
                confirmed_there_at: Some(at(0)),
            }),
        }),
        ..facts()
    };
    receipt_on(&facts, ReceiptAct::Recorded, 2, meant)
}

fn receipt(act: ReceiptAct, id: u128, meant: Meant) -> Receipt {
    receipt_on(&facts(), act, id, meant)
}

fn receipt_on(facts: &SubmissionFacts, act: ReceiptAct, id: u128, meant: Meant) -> Receipt {
    let (notice, processing) = (notice(), processing());
    let statement = Statement {
        act,
        id: Uuid::from_u128(id),
        at: at(id),
        subject: subject(),
        facts,
        notice: &notice.text,
        processing: &processing,
        iss: ISS,
    };
    let receipt = statement.receipt([(&news(), meant)].into_iter());
    receipt.expect("the purpose is among the words")
}

fn mail() -> EvidenceMail {
    EvidenceMail {
        id: Uuid::from_u128(20),
        submission: facts().id,
        written_at: at(1),
        sent_at: Some(at(1)),
        failures: 0,
        next_try_at: None,
        refusal: None,
        from: "post@example.com".to_owned(),
        to: "jan@example.com".to_owned(),
        subject: "Please confirm".to_owned(),
        text: "https://consent.example.com/confirm/demo~0~…".to_owned(),
        html: "<a href=\"https://consent.example.com/confirm/demo~0~…\">Yes</a>".to_owned(),
    }
}

fn pack() -> EvidencePack {
    let acts = [
        (ReceiptAct::Submitted, 1, Meant::Asked(Status::Requested)),
        (ReceiptAct::Confirmed, 2, Meant::Became(Status::Given)),
    ];
    let receipts = acts.map(|(act, id, meant)| receipt(act, id, meant));
    let [requested, given] = [
        (Status::Unknown, Status::Requested, 1, Method::Checkbox),
        (Status::Requested, Status::Given, 2, Method::DoubleOptIn),
    ]
    .map(|(previous, status, id, method)| {
        let consent: Consent = serde_json::from_value(json!({
            "status": status, "since": at(id), "submission": facts().id, "requested_at": at(1)
        }))
        .expect("a consent");
        let change = Change {
            purpose: news(),
            previous,
            after: consent,
        };
        let manner = Manner {
            source: Source::WebForm,
            method,
            actor: ActorKind::Subject,
            decided_at: at(id),
            at: at(id),
        };
        let event = StoredEvent::of(
            Uuid::from_u128(10 + id),
            &change,
            &notice(),
            &facts(),
            manner,
        );
        event.expect("the purpose is among the words")
    });
    let who = || EventSubject {
        id: subject(),
        email: Some("jan@example.com".to_owned()),
        phone: None,
        external_id: None,
    };
    let [asked, confirmed] = receipts.clone().map(|receipt| receipt.sign(&key()));
    let keys: Vec<Jwk> = vec![key().jwk()];
    let words = notice().text.purposes.remove(0);
    EvidencePack {
        schema: EvidencePack::SCHEMA.to_owned(),
        iss: ISS.to_owned(),
        made_at: at(9),
        site: notice().text.site,
        subject: who(),
        consent: ConsentFacts {
            purpose: news(),
            title: words.title,
            legal_basis: words.legal_basis,
            channels: words.channels,
            status: Status::Given,
            since: at(2),
            requested_at: Some(at(1)),
            submission: facts().id,
            source: Source::WebForm,
            recorded: None,
            notice: name(),
        },
        submissions: vec![EvidenceSubmission {
            facts: facts(),
            asked: Status::Requested,
            client: Some(ClientFacts {
                network: Some("203.0.113.0/24".to_owned()),
                user_agent: Some("A browser".to_owned()),
            }),
            comment: None,
            confirmation: Some(Confirmation {
                at: at(2),
                with: VisitorClass::Browser,
                seconds_after_mail: Some(40),
                before: Visits {
                    opened: 3,
                    scanner_like: 2,
                },
            }),
        }],
        notices: vec![notice()],
        mails: vec![mail()],
        acts: receipts
            .into_iter()
            .zip([asked.clone(), confirmed.clone()])
            .map(|(receipt, signed)| EvidenceAct {
                id: receipt.jti,
                kind: receipt.act,
                at: receipt.at,
                submission: facts().id,
                receipt: signed,
            })
            .collect(),
        events: vec![
            requested.render(1, who(), None, asked),
            given.render(2, who(), None, confirmed),
        ],
        keys,
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn at(seconds: u128) -> Timestamp {
    let millis = i64::try_from(seconds).expect("few") * 1000;
    Timestamp::from_unix_millis(1_800_000_000_000 + millis)
}

fn subject() -> Uuid {
    Uuid::from_u128(0x1234)
}

fn news() -> PurposeKey {
    PurposeKey::parse("NEWS").expect("a purpose")
}

fn processing() -> Processing {
    Processing {
        address: Some("Main Street 1, 1000 AA Amsterdam".to_owned()),
        country: Some("NL".to_owned()),
        phone: Some("+31 20 000 0000".to_owned()),
        storage_locations: Some(vec!["EU".to_owned()]),
        recipients: Some(Vec::new()),
        ..Processing::default()
    }
}

fn notice() -> Notice {
    let definition = SiteDefinition::parse(&json!({
        "name": "Demo",
        "controller": {"name": "Demo Ltd", "privacy_url": "https://example.com/privacy", "contact": "privacy@example.com"},
        "default_language": "en", "languages": ["en"], "origins": ["https://www.example.com"],
        "mail": {"from": "post@example.com", "from_name": "Demo"},
        "purposes": [{
            "key": "NEWS", "title": {"en": "The newsletter"}, "text": {"en": "One mail a month."},
            "legal_basis": "consent", "channels": ["email"], "double_opt_in": true, "retention_days": 730,
            "valid_for_days": 365, "data_categories": ["preferences", "special"]
        }],
        "forms": [{"key": "form", "source": "web_form", "purposes": ["NEWS"], "intro": {"en": "Tick what you like."}}]
    }))
    .expect("a definition");
    let site = SiteKey::parse("demo").expect("a site");
    let form = definition.forms.first().expect("a form");
    let text = NoticeText::of(&site, &definition, form, &definition.default_language);
    let text = text.expect("its words");
    Notice {
        version: 1,
        hash: text.hash(),
        published_at: at(0),
        text,
    }
}

fn name() -> NoticeName {
    notice().name()
}

fn facts() -> SubmissionFacts {
    SubmissionFacts {
        id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001),
        form: FormKey::parse("form").expect("a form"),
        notice: name(),
        lang: Language::parse("en").expect("a language"),
        source: Source::WebForm,
        page: Some("https://www.example.com/subscribe".to_owned()),
        conversation: None,
        shown_at: Some(at(0)),
        decided_at: at(1),
        received_at: at(1),
        gpc: Some(false),
        widget: Some("0.1.0".to_owned()),
        recorded: None,
    }
}
