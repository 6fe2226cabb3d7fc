//! What is said in a form and not asked: its words are on record, and nobody's choice is.

use sayso_shared::{
    consent::Status,
    definition::SiteDefinition,
    event::Method,
    id::uuid_v7,
    key::PurposeKey,
    notice::{Notice, NoticeText},
    purpose::LegalBasis,
    snapshot::Snapshot,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    book::Book,
    fixture::{ORIGIN, at, choices, good, snapshot, submission},
    recording::Line,
};
use crate::{failure::Failure, native_store::NativeStore, settings::Settings};

/// The site of the other tests, whose form also says what an order needs.
fn shop() -> Snapshot {
    let known = snapshot();
    let order = json!({"title": {"en": "Order"}, "text": {"en": "To send it."}, "legal_basis": "contract", "channels": ["email"], "double_opt_in": true});
    let (definition, _) = known
        .definition
        .with_purpose(&key("ORDER"), &order)
        .expect("a purpose");
    let mut form = definition.forms[0].clone();
    form.purposes.insert(1, key("ORDER"));
    let definition = SiteDefinition {
        forms: vec![form],
        ..definition
    };
    let (form, lang) = (&definition.forms[0], &definition.default_language);
    let text = NoticeText::of(&known.site, &definition, form, lang).expect("its words");
    let notices = vec![Notice {
        version: 2,
        hash: text.hash(),
        published_at: at(0),
        text,
    }];
    Snapshot {
        definition,
        notices,
        ..known
    }
}

fn key(name: &str) -> PurposeKey {
    PurposeKey::parse(name).expect("a purpose")
}

fn book() -> Book<NativeStore> {
    let book = Book::open(NativeStore::in_memory(), Ok(Settings::for_tests()));
    good(book.learn(shop(), at(0)));
    book
}

fn sent() -> Value {
    let id = uuid_v7(at(1), [1; 10]);
    let mut document = submission(id, "jan@example.com", &choices(true, false), at(1));
    document["notice_hash"] = json!(shop().notices[0].hash);
    document
}

fn purposes_of_events(book: &Book<NativeStore>) -> Vec<(String, Status)> {
    let events = good(book.events(None, "", 10, &[])).events;
    let changes = events.iter().filter_map(|event| event.data.consent());
    changes
        .map(|change| (change.purpose.to_string(), change.status))
        .collect()
}

#[test]
fn a_submission_says_nothing_of_it_and_its_words_are_on_record() {
    let book = book();
    let (status, answer) = good(book.record(&sent(), Some(ORIGIN), at(2)));
    assert_eq!(status, 201);
    assert!(!answer.purposes.contains_key(&key("ORDER")));
    let told = purposes_of_events(&book);
    assert_eq!(
        told,
        [
            ("NEWS".to_owned(), Status::Refused),
            ("STORE".to_owned(), Status::Given)
        ]
    );
    let row = good(book.submission(answer.id)).expect("it is stored");
    let notice = good(book.notice(&good(row.facts()).notice.hash));
    let worded = &notice.text.purposes[1];
    assert_eq!(
        (worded.key.as_str(), worded.text.as_str()),
        ("ORDER", "To send it.")
    );
}

#[test]
fn a_choice_for_it_is_refused_and_nothing_is_stored() {
    for choice in [true, false] {
        let book = book();
        let mut document = sent();
        document["choices"]["ORDER"] = json!(choice);
        let Err(Failure::Problem(problem)) = book.record(&document, Some(ORIGIN), at(2)) else {
            panic!("it was taken")
        };
        let problem = serde_json::to_value(problem).expect("JSON");
        assert_eq!(problem["status"], 422);
        assert_eq!(problem["errors"][0]["pointer"], "/choices/ORDER");
        assert!(purposes_of_events(&book).is_empty());
    }
}

#[test]
fn a_back_end_still_records_it_on_its_own_ground() {
    let book = book();
    let document = json!({
        "id": Uuid::from_u128(1), "subject": {"email": "jan@example.com"}, "form": "form", "lang": "en", "choices": {"ORDER": true},
        "source": "api", "decided_at": at(1), "actor": {"kind": "system", "id": "shop"}
    });
    let line = Line { index: 0, document };
    let answers = good(book.record_lines(None, &[line], at(2))).answers;
    assert_eq!(answers[0].status, 201);
    let events = good(book.events(None, "", 10, &[])).events;
    let change = events[0].data.consent().expect("a consent");
    assert_eq!(
        (change.status, change.legal_basis, change.method),
        (Status::Given, LegalBasis::Contract, Method::Notification)
    );
    let page = good(book.personal_view(events[0].data.subject.id, None));
    let order = page
        .choices
        .iter()
        .find(|choice| choice.key == key("ORDER"));
    let can = order.expect("it is on record").can;
    assert!(
        can.stop && !can.start && !can.agree,
        "to object, and nothing to say yes to"
    );
    assert!(page.choices.len() == 1, "nothing else was ever spoken of");
}
