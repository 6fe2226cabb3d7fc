//! The book on plain SQLite: the same code and the same SQL that run in a Durable Object.

use sayso_shared::{answer::SubmissionState, id::uuid_v7};

use super::{
    book::{Book, SCHEMA},
    fixture::{ORIGIN, at, book, choices, snapshot, submission},
};
use crate::{
    failure::{Failure, Outcome},
    native_store::NativeStore,
    schema::Schema,
    settings::Settings,
    store::Store as _,
};

/// The value, or a test that fails with why there is none.
fn good<T>(outcome: Outcome<T>) -> T {
    match outcome {
        Ok(value) => value,
        Err(Failure::Problem(problem)) => panic!("{problem:?}"),
        Err(Failure::Fault(error)) => panic!("{error}"),
        Err(Failure::Answered(_)) => panic!("an answer of another object"),
    }
}

#[test]
fn a_submission_is_recorded_once_however_often_it_comes() {
    let book = book(NativeStore::in_memory());
    let document = submission(
        uuid_v7(at(1), [1; 10]),
        "jan@example.com",
        &choices(true, true),
        at(1),
    );
    let (status, answer) = good(book.record(&document, Some(ORIGIN), at(2)));
    assert_eq!((status, answer.state), (201, SubmissionState::Pending));
    let (again, same) = good(book.record(&document, Some(ORIGIN), at(3)));
    assert_eq!((again, &same), (200, &answer));
    assert_eq!(
        good(book.events(None, "", 10, &[])).events.len(),
        1,
        "STORE is given; NEWS only asked for"
    );
    assert_eq!(good(book.waiting_mails()).len(), 1);
}

#[test]
fn a_write_that_fails_leaves_nothing_behind() {
    let document = submission(
        uuid_v7(at(1), [1; 10]),
        "jan@example.com",
        &choices(true, true),
        at(1),
    );
    let all_types = ["consent.given", "consent.requested", "consent.refused"].map(str::to_owned);
    for writes in 0.. {
        let book = book(NativeStore::in_memory());
        book.store.writes_left.set(Some(writes));
        let recorded = book.record(&document, Some(ORIGIN), at(2));
        book.store.writes_left.set(None);
        let events = good(book.events(None, "", 10, &all_types)).events;
        if recorded.is_ok() {
            assert!(writes > 5, "there were writes to fail at");
            assert_eq!(events.len(), 2);
            return;
        }
        assert_eq!(
            (events.len(), good(book.waiting_mails()).len()),
            (0, 0),
            "after {writes} writes"
        );
        let (status, _) = good(book.record(&document, Some(ORIGIN), at(3)));
        assert_eq!(status, 201, "and the same submission is taken afterwards");
    }
}

#[test]
fn every_older_version_of_the_tables_is_brought_up_with_what_is_in_it() {
    for version in 1..SCHEMA.newest() {
        let store = NativeStore::in_memory();
        let older = Schema {
            versions: &SCHEMA.versions[..version],
        };
        good(store.commit(|| older.bring_up(&store)));
        good(store.commit(|| {
            Ok(store.run(include_str!("../../sql/testdata/ledger_1.sql"), Vec::new())?)
        }));
        let book = Book::open(store, Ok(Settings::for_tests()));
        good(book.learn(snapshot(), at(0)));
        assert_eq!(good(Schema::version_of(&book.store)), SCHEMA.newest());
        let standing = good(book.standing("01a20000-0000-7000-8000-000000000001"));
        assert_eq!(standing.len(), 1, "from version {version}");
    }
}

#[test]
fn asking_for_a_site_that_does_not_exist_leaves_nothing_behind() {
    let book = Book::open(NativeStore::in_memory(), Ok(Settings::for_tests()));
    let document = submission(
        uuid_v7(at(1), [1; 10]),
        "jan@example.com",
        &choices(true, true),
        at(1),
    );
    assert!(
        matches!(book.record(&document, Some(ORIGIN), at(2)), Err(Failure::Problem(problem)) if problem.status == 404)
    );
    assert_eq!(good(Schema::version_of(&book.store)), 0);
}
