//! Each type of the wire and of storage: what was read is written so that it reads back the same, whatever was read.
//!
//! Documents begin as the golden ones and are changed anywhere, by anything. So a new field is tested from the moment it stands in a
//! golden document.
#![cfg(feature = "record")]

use std::fmt::Debug;

use proptest::{prelude::*, sample::Index};
use sayso_shared::{
    answer::{
        EndpointAnswer, EndpointRequest, EventPage, Health, KeyAnswer, KeyRequest, SitePublished,
        SubmissionAnswer,
    },
    definition::SiteDefinition,
    event::{ErasureReason, Event, EventType, StoredErasure, StoredEvent},
    notice::{Notice, NoticeText},
    published::PublishedForm,
    receipt::{Receipt, SubmissionFacts},
    snapshot::Snapshot,
    submission::SubmissionWire,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

fn golden(document: &str) -> Value {
    serde_json::from_str(document).expect("JSON")
}

/// A change of a document: which of its places, and what stands there instead; nothing takes the member away.
type Edit = (Index, Option<Value>);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let anything = prop_oneof![
        any::<String>().prop_map(Value::from),
        "[a-z]{1,12}".prop_map(Value::from),
        "[A-Z][A-Z_]{0,12}".prop_map(Value::from),
        (0..4_000_000_000_000_i64).prop_map(|millis| {
            let moment = sayso_shared::time::Timestamp::from_unix_millis(millis);
            json!(moment)
        }),
        any::<[u8; 16]>().prop_map(|bytes| json!(uuid::Uuid::from_bytes(bytes))),
        any::<u32>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
    ];
    prop::collection::vec(
        (any::<Index>(), prop::option::weighted(0.8, anything)),
        0..4,
    )
}

/// Pointers to every place of a document.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let within = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.push(within(name));
                places(value, &within(name), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                found.push(within(&index.to_string()));
                places(value, &within(&index.to_string()), found);
            }
        }
        _ => {}
    }
}

fn edited(mut document: Value, edits: &[Edit]) -> Value {
    for (index, instead) in edits {
        let mut found = Vec::new();
        places(&document, "", &mut found);
        if found.is_empty() {
            break;
        }
        let place = index.get(&found);
        if let Some(value) = instead {
            *document.pointer_mut(place).expect("a place") = value.clone();
            continue;
        }
        let (parent, name) = place.rsplit_once('/').expect("a pointer");
        if let Some(Value::Object(fields)) = document.pointer_mut(parent) {
            fields.remove(name);
        }
    }
    document
}

/// Whatever is read is written so that it reads back the same, and is written alike again.
fn holds<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    document: &Value,
) -> Result<bool, TestCaseError> {
    let Ok(read) = serde_json::from_value::<T>(document.clone()) else {
        return Ok(false);
    };
    let written = serde_json::to_string(&read).expect("JSON");
    let again: T = serde_json::from_str(&written).map_err(|error| {
        TestCaseError::fail(format!("{error}: what we wrote is not read: {written}"))
    })?;
    prop_assert_eq!(&again, &read);
    prop_assert_eq!(serde_json::to_string(&again).expect("JSON"), written);
    Ok(true)
}

macro_rules! laws {
    ($($name:ident: $Type:ty = $document:expr;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $name(edits in edits()) {
                    let document: Value = $document;
                    prop_assert!(holds::<$Type>(&document)?, "the document itself is read");
                    holds::<$Type>(&edited(document, &edits))?;
                }
            )*
        }
    };
}

laws! {
    a_definition_reads_back: SiteDefinition = golden(include_str!("golden/definition.json"));
    a_form_reads_back: PublishedForm = golden(include_str!("golden/form.json"));
    a_form_with_three_purposes_reads_back: PublishedForm = golden(include_str!("golden/form_three_purposes.json"));
    a_submission_reads_back: SubmissionWire = golden(include_str!("golden/submission.json"));
    an_answer_reads_back: SubmissionAnswer = golden(include_str!("golden/submission_answer.json"));
    facts_read_back: SubmissionFacts = golden(include_str!("golden/submission_facts.json"));
    an_event_reads_back: Event = golden(include_str!("golden/event.json"));
    an_event_of_somebody_erased_reads_back: Event = golden(include_str!("golden/event_erased.json"));
    an_erasure_reads_back: Event = golden(include_str!("golden/event_subject_erased.json"));
    a_stored_erasure_reads_back: StoredErasure = golden(include_str!("golden/stored_erasure.json"));
    a_stored_event_reads_back: StoredEvent = golden(include_str!("golden/stored_event.json"));
    a_page_of_events_reads_back: EventPage = golden(include_str!("golden/event_page.json"));
    a_notice_reads_back: Notice = golden(include_str!("golden/notice.json"));
    the_words_of_a_notice_read_back: NoticeText = golden(include_str!("golden/notice_text.json"));
    a_receipt_of_a_submission_reads_back: Receipt = golden(include_str!("golden/receipt_submitted.json"));
    a_receipt_of_a_withdrawal_reads_back: Receipt = golden(include_str!("golden/receipt_withdrawn.json"));
    a_snapshot_reads_back: Snapshot = golden(include_str!("golden/snapshot.json"));
    what_was_published_reads_back: SitePublished = golden(include_str!("golden/site_published.json"));
    an_endpoint_request_reads_back: EndpointRequest = json!({"url": "https://crm.example.com", "types": ["consent.given"], "secret": "whsec_"});
    an_endpoint_reads_back: EndpointAnswer = json!({"id": "crm", "url": "https://crm.example.com", "types": ["consent.given"], "purposes": ["STORE"], "addresses": true, "disabled": false, "secret": "whsec_"});
    a_key_request_reads_back: KeyRequest = json!({"scopes": ["events:read"]});
    a_key_reads_back: KeyAnswer = json!({"id": "crm", "scopes": ["events:read"], "secret": "sk_"});
    health_reads_back: Health = json!({"status": "ok", "version": "0.1.0"});
}

#[test]
fn every_type_of_event_is_called_alike_everywhere() {
    for kind in EventType::ALL {
        assert_eq!(json!(kind), kind.as_str());
        assert_eq!(EventType::parse(kind.as_str()), Some(kind));
    }
}

#[test]
fn every_reason_for_an_erasure_is_called_alike_everywhere() {
    for reason in ErasureReason::ALL {
        assert_eq!(json!(reason), reason.as_str());
        assert_eq!(ErasureReason::parse(reason.as_str()), Some(reason));
    }
}

#[test]
fn an_event_is_what_its_type_says() {
    let given = golden(include_str!("golden/event.json"));
    let erased = golden(include_str!("golden/event_subject_erased.json"));
    for (document, is_consent) in [(given, true), (erased, false)] {
        let event: Event = serde_json::from_value(document).expect("an event");
        assert_eq!(event.data.consent().is_some(), is_consent);
        assert_eq!(event.kind != EventType::Erased, is_consent);
    }
}

proptest! {
    #[test]
    fn any_words_are_published_and_kept_as_they_are(title: String, text: String, intro: String) {
        let mut form = golden(include_str!("golden/form.json"));
        form["intro"] = intro.into();
        form["purposes"][0]["title"] = title.into();
        form["purposes"][1]["text"] = text.into();
        let read: PublishedForm = serde_json::from_value(form.clone()).expect("a form");
        prop_assert_eq!(serde_json::to_value(&read).expect("JSON"), form);
    }
}
