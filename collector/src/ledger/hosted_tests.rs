//! What our own page sends.

use std::time::Duration;

use sayso_shared::{answer::SubmissionState, id::uuid_v7, purpose::Source};
use serde_json::{Value, json};

use super::{
    book::Book,
    fixture::{ORIGIN, at, book, choices, good, submission},
    record::Whence,
};
use crate::{failure::Failure, native_store::NativeStore};

const OUR_PAGE: Whence<'static> = Whence {
    origin: None,
    client: None,
    hosted: true,
    waited: Duration::ZERO,
};

/// As the Worker puts it together from what was posted.
fn posted(email: &str, both: bool) -> Value {
    let id = uuid_v7(at(1), [1; 10]);
    let mut document = submission(id, email, &choices(both, both), at(1));
    let fields = document.as_object_mut().expect("an object");
    fields.remove("source");
    fields.remove("decided_at");
    document
}

fn status<T>(book: &Book<NativeStore>, document: &Value, whence: T, now: i64) -> u16
where
    T: Into<Whence<'static>>,
{
    match book.record(document, whence, at(now)) {
        Ok((status, _)) => status,
        Err(Failure::Problem(problem)) => problem.status,
        Err(Failure::Fault(_) | Failure::Answered(_)) => panic!("a fault"),
    }
}

#[test]
fn our_own_page_needs_no_origin_of_the_site_and_is_on_record_as_that() {
    let book = book(NativeStore::in_memory());
    let (status, answer) = good(book.record(&posted("jan@example.com", true), OUR_PAGE, at(9)));
    assert_eq!((status, answer.state), (201, SubmissionState::Pending));
    let events = good(book.events(None, "", 10, &[])).events;
    assert!(!events.is_empty());
    let known = good(book.submission(answer.id)).expect("it is stored");
    let facts = good(known.facts());
    assert_eq!(
        (facts.source, facts.decided_at),
        (Source::HostedForm, at(9))
    );
}

#[test]
fn pressing_twice_is_one_submission_also_when_the_person_is_forgotten_meanwhile() {
    let book = book(NativeStore::in_memory());
    let document = posted("jan@example.com", true);
    assert_eq!(status(&book, &document, OUR_PAGE, 2), 201);
    assert_eq!(status(&book, &document, OUR_PAGE, 3), 200);
    assert_eq!(good(book.events(None, "", 10, &[])).events.len(), 1);
    assert_eq!(good(book.waiting_mails()).len(), 1);
    assert_eq!(
        status(&book, &posted("jan@example.com", false), OUR_PAGE, 4),
        409
    );
    assert_eq!(
        status(&book, &posted("eva@example.com", true), OUR_PAGE, 4),
        409
    );

    let person = good(book.events(None, "", 10, &[])).events[0]
        .data
        .subject
        .id;
    good(book.erase(None, person, None, at(5)));
    assert_eq!(status(&book, &document, OUR_PAGE, 6), 200);
}

#[test]
fn what_is_posted_as_json_cannot_pass_for_our_page() {
    let book = book(NativeStore::in_memory());
    let mut document = posted("jan@example.com", true);
    assert_eq!(status(&book, &document, Some(ORIGIN), 2), 422);
    document["source"] = json!("hosted_form");
    document["decided_at"] = json!(at(2));
    assert_eq!(status(&book, &document, Some(ORIGIN), 2), 422);
    document["source"] = json!("web_form");
    let ours = Some("https://consent.example.com");
    assert_eq!(status(&book, &document, ours, 2), 403);
}
