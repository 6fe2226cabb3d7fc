//! The bytes that we send and store, pinned: a change of one of them fails here.
//!
//! Each file of `golden/` holds exactly one document as it leaves us or lies in storage, and a line end. Records that were written
//! with such bytes exist, and programs of others read them: so think twice, and mind that what was stored before must still be read.
//! To accept a deliberate change: `SAYSO_ACCEPT=1 cargo test -p sayso-shared --features record --test golden`, look at the difference,
//! and tell of it in the CHANGELOG. `submission.json` and `definition.json` are what others send: they are edited by hand.
#![cfg(feature = "record")]

use std::{env, fs, path::PathBuf};

use sayso_shared::{
    answer::{EventPage, SitePublished, SubmissionAnswer},
    canonical::canonical_json,
    consent::Standing,
    decision,
    definition::SiteDefinition,
    event::{
        Actor, ActorKind, ErasureReason, Event, EventSubject, Manner, Method, StoredErasure,
        StoredEvent,
    },
    key::SiteKey,
    language::Language,
    notice::{Notice, NoticeText},
    problem::Problem,
    published::PublishedForm,
    receipt::{Receipt, SubmissionFacts},
    snapshot::Snapshot,
    submission::SubmissionWire,
    submitted::Submission,
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::{Uuid, uuid};

const SUBJECT: Uuid = uuid!("01a20000-0000-7000-8000-000000000001");
const EVENT: Uuid = uuid!("01a20000-0000-7000-8000-000000000002");

fn path(name: &str) -> PathBuf {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    golden.join(format!("{name}.json"))
}

fn read(name: &str) -> String {
    let path = path(name);
    let text = fs::read_to_string(&path).unwrap_or_default();
    text.trim_end().to_owned()
}

/// These bytes are the ones in the file.
fn pinned(name: &str, bytes: &str) {
    if env::var_os("SAYSO_ACCEPT").is_some() && bytes != read(name) {
        // Whole or not at all: other tests read the folder at the same time.
        let beside = path(name).with_extension("new");
        fs::write(&beside, format!("{bytes}\n")).expect("the folder is there");
        fs::rename(beside, path(name)).expect("the folder is there");
    }
    assert_eq!(
        bytes,
        read(name),
        "golden/{name}.json: see the top of this file for how to accept a deliberate change"
    );
}

/// What we write of a value is pinned, and reads back as the same value.
fn written<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, value: &T) {
    let bytes = json(value);
    pinned(name, &bytes);
    assert_eq!(&reads::<T>(&bytes), value, "{name}");
}

/// The file is read, and what is read is written as the same bytes.
fn kept<T: Serialize + DeserializeOwned>(name: &str, write: impl Fn(&T) -> String) {
    let golden = read(name);
    let read = reads::<T>(&golden);
    pinned(name, &write(&read));
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("JSON")
}

fn reads<T: DeserializeOwned>(bytes: &str) -> T {
    serde_json::from_str(bytes).unwrap_or_else(|error| panic!("{error}: {bytes}"))
}

fn definition() -> SiteDefinition {
    SiteDefinition::parse(&reads(&read("definition"))).expect("a definition")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

fn notice() -> Notice {
    let (site, lang) = (
        SiteKey::parse("demo").expect("a name"),
        Language::parse("nl").expect("a tag"),
    );
    let definition = definition();
    let text = NoticeText::of(&site, &definition, &definition.forms[0], &lang);
    let text = text.expect("all texts are there");
    Notice {
        version: 3,
        hash: text.hash(),
        published_at: at("2026-11-22T08:00:00.000Z"),
        text,
    }
}

fn submission() -> Submission {
    Submission::parse(&reads(&read("submission"))).expect("a submission")
}

#[test]
fn a_definition_is_read_and_written_alike() {
    written("definition", &definition());
}

#[test]
fn a_notice_is_stored_and_hashed_by_these_bytes() {
    let notice = notice();
    pinned("notice_text", &canonical_json(&notice.text));
    written("notice", &notice);
}

#[test]
fn a_form_is_published_by_these_bytes() {
    let definition = definition();
    let form: PublishedForm = notice().published(&definition, definition.forms[0].source);
    written("form", &form);
}

#[test]
fn a_submission_is_read_and_its_facts_are_stored_by_these_bytes() {
    kept::<SubmissionWire>("submission", json);
    let (submission, received_at) = (submission(), at("2026-11-22T09:00:06.000Z"));
    assert_eq!(
        submission.notice_hash,
        notice().hash,
        "the submission answers this notice"
    );
    let facts = SubmissionFacts::of(&submission, notice().name(), received_at);
    written("submission_facts", &facts);
    let person = String::from_utf8(submission.person.render()).expect("text");
    pinned("person", &person);
}

#[test]
fn an_event_is_stored_and_sent_by_these_bytes() {
    let (submission, notice) = (submission(), notice());
    let now = at("2026-11-22T09:00:06.000Z");
    let facts = SubmissionFacts::of(&submission, notice.name(), now);
    let decided = decision::submit(
        &Standing::new(),
        &notice.text.purposes,
        submission.id,
        &submission.choices,
        submission.decided_at,
        now,
        true,
    );
    let manner = Manner {
        source: submission.source,
        method: Method::Checkbox,
        actor: ActorKind::Subject,
        decided_at: submission.decided_at,
        at: now,
    };
    let change = decided
        .changes
        .iter()
        .find(|change| change.purpose.as_str() == "STORE")
        .expect("STORE is given");
    let stored = StoredEvent::of(EVENT, change, &notice, &facts, manner).expect("an event");
    written("stored_event", &stored);
    let subject = EventSubject::of(SUBJECT, Some(&submission.person));
    let event: Event =
        stored
            .clone()
            .render(7, subject, None, "header.payload.signature".to_owned());
    written("event", &event);
    let erased = stored.render(
        7,
        EventSubject::of(SUBJECT, None),
        None,
        "header.payload.signature".to_owned(),
    );
    written("event_erased", &erased);
    let actor = Actor {
        kind: ActorKind::Key,
        id: Some("crm".to_owned()),
    };
    let reason = Some(ErasureReason::ConsentWithdrawn);
    let erasure = StoredErasure::of(EVENT, notice.text.site.clone(), reason, actor, now);
    written("stored_erasure", &erasure);
    written("event_subject_erased", &erasure.render(8, SUBJECT));
    let page = EventPage {
        events: vec![event],
        next: "AhagGaYBBwnStRI".to_owned(),
        more: false,
    };
    written("event_page", &page);
}

#[test]
fn what_is_answered_signed_and_kept_keeps_its_bytes() {
    kept::<SubmissionAnswer>("submission_answer", json);
    kept::<SitePublished>("site_published", json);
    kept::<Receipt>("receipt_submitted", canonical_json);
    kept::<Receipt>("receipt_withdrawn", canonical_json);
    kept::<Snapshot>("snapshot", json);
}

#[test]
fn a_problem_is_told_by_these_bytes() {
    let name = serde_json::to_value(notice().name()).expect("JSON");
    pinned("problem", &json(&Problem::notice_outdated(name)));
}
