//! Erasing on plain SQLite: what goes, what stays, and what lies on the disk afterwards.

use std::{env, fs, path::PathBuf, process, time::Duration};

use sayso_shared::{
    consent::Status,
    email::EmailAddress,
    event::{ErasureReason, EventType},
    id::uuid_v7,
    jws::verify,
    key::PurposeKey,
    receipt::RECEIPT_TYPE,
    visitor::VisitorClass,
};
use serde::Deserialize;
use serde_bytes::ByteBuf;
use uuid::Uuid;

use super::{
    book::Book,
    fixture::{ORIGIN, at, book, choices, good, submission},
};
use crate::{
    failure::Failure,
    native_store::NativeStore,
    pages::{ConfirmView, PreferencesView},
    settings::Settings,
    store::Store as _,
};

/// Says yes to both purposes; gives the person's id, and the tokens of the mail.
fn says_yes(book: &Book<NativeStore>, nth: u8, email: &str) -> (Uuid, String, String) {
    let now = at(i64::from(nth));
    let document = submission(uuid_v7(now, [nth; 10]), email, &choices(true, true), now);
    let (status, _) = good(book.record(&document, Some(ORIGIN), now));
    assert_eq!(status, 201);
    let mail = good(book.waiting_mails()).pop().expect("a mail");
    let letter = good(book.mail(&mail.id)).expect("a mail").letter;
    let token = |index: usize| {
        let link: &String = &letter.links[index];
        link.rsplit('/').next().expect("a token").to_owned()
    };
    let events = good(book.events(None, "", 1000, &[])).events;
    let id = events.last().expect("STORE is given").data.subject.id;
    (id, token(0), token(1))
}

fn status<T>(outcome: Result<T, Failure>) -> Option<u16> {
    match outcome {
        Err(Failure::Problem(problem)) => Some(problem.status),
        _ => None,
    }
}

#[test]
fn who_is_erased_is_gone_and_what_happened_stays() {
    let book = book(NativeStore::in_memory());
    let (id, confirm, personal) = says_yes(&book, 1, "jan@example.com");
    good(book.confirm(
        &confirm,
        &["NEWS".to_owned()].into(),
        VisitorClass::Browser,
        at(2),
    ));
    let before = good(book.events(None, "", 100, &[])).events;
    let reason = Some(ErasureReason::Objection);
    let erased = good(book.erase(None, id, reason, at(3)));
    assert_eq!((erased.subject.id, erased.erased_at), (id, at(3)));
    assert_eq!(erased.subject.email, None);

    let after = good(book.events(None, "", 100, &[])).events;
    assert_eq!(after.len(), before.len() + 1);
    let last = after.last().expect("the erasure");
    assert_eq!((last.kind, last.data.id), (EventType::Erased, erased.event));
    let told = serde_json::to_value(last).expect("JSON");
    assert_eq!(told["data"]["reason"], "objection");
    assert_eq!(told["data"]["actor"]["kind"], "admin");
    assert_eq!(told["data"].get("receipt"), None);
    let keys = [Settings::for_tests().signing_key().jwk()];
    for (before, after) in before.iter().zip(&after) {
        assert!(before.data.subject.email.is_some() && after.data.subject.email.is_none());
        let (before, after) = (before.data.consent(), after.data.consent());
        assert_eq!(before, after, "all but who it was");
        let receipt = &after.expect("a change").receipt;
        assert!(verify(receipt, Some(RECEIPT_TYPE), &keys).is_ok());
    }

    // Links tell nothing, not even that they were good once.
    let shown = good(book.show_confirm(&confirm, at(4)));
    assert!(matches!(shown, ConfirmView::Unknown));
    let pressed = good(book.confirm(
        &confirm,
        &["NEWS".to_owned()].into(),
        VisitorClass::Browser,
        at(4),
    ));
    assert!(matches!(pressed, ConfirmView::Unknown));
    let personal = [
        good(book.show_preferences(&personal)),
        good(book.withdraw(&personal, None, at(4))),
    ];
    assert!(
        personal
            .iter()
            .all(|view| matches!(view, PreferencesView::Unknown))
    );
    assert_eq!(good(book.waiting_mails()).len(), 0);

    let news = PurposeKey::parse("NEWS").expect("a purpose");
    assert_eq!(status(book.consents(None, id)), Some(410));
    assert_eq!(status(book.evidence(None, id, &news, at(4))), Some(410));
    let late = at(3) + Duration::from_hours(1000);
    good(book.lapse(late));
    good(book.expire(late));
    assert_eq!(
        good(book.events(None, "", 100, &[])).events.len(),
        after.len()
    );
}

#[test]
fn erasing_twice_is_erasing_once() {
    let book = book(NativeStore::in_memory());
    let (id, ..) = says_yes(&book, 1, "jan@example.com");
    let first = good(book.erase(None, id, None, at(3)));
    let reason = Some(ErasureReason::Child);
    assert_eq!(good(book.erase(None, id, reason, at(4))), first);
    let erased = ["subject.erased".to_owned()];
    assert_eq!(good(book.events(None, "", 100, &erased)).events.len(), 1);
    let nobody = uuid_v7(at(5), [5; 10]);
    assert_eq!(status(book.erase(None, nobody, None, at(5))), Some(404));
}

#[test]
fn an_erasure_that_fails_in_the_middle_erases_nothing() {
    for writes in 0.. {
        let book = book(NativeStore::in_memory());
        let (id, ..) = says_yes(&book, 1, "jan@example.com");
        book.store.writes_left.set(Some(writes));
        let erased = book.erase(None, id, None, at(3));
        book.store.writes_left.set(None);
        if erased.is_ok() {
            assert!(writes > 5, "there were writes to fail at");
            return;
        }
        assert_eq!(good(book.consents(None, id)).consents.len(), 2);
        assert_eq!(good(book.waiting_mails()).len(), 1);
        good(book.erase(None, id, None, at(4)));
    }
}

#[test]
fn who_comes_back_is_somebody_new_and_a_late_repeat_is_not() {
    let book = book(NativeStore::in_memory());
    let (id, ..) = says_yes(&book, 1, "jan@example.com");
    good(book.erase(None, id, None, at(3)));
    // The widget never got its answer, and sends it again.
    let same = submission(
        uuid_v7(at(1), [1; 10]),
        "jan@example.com",
        &choices(true, true),
        at(1),
    );
    assert_eq!(good(book.record(&same, Some(ORIGIN), at(4))).0, 200);
    let mut other = same.clone();
    other["choices"]["STORE"] = false.into();
    assert_eq!(status(book.record(&other, Some(ORIGIN), at(4))), Some(409));
    assert_eq!(
        status(book.consents(None, id)),
        Some(410),
        "nobody came back by it"
    );

    let (again, ..) = says_yes(&book, 5, "jan@example.com");
    assert_ne!(again, id);
    let standing = good(book.standing(&again.to_string()));
    assert!(
        standing
            .values()
            .all(|consent| { [Status::Given, Status::Requested].contains(&consent.status) })
    );
    assert_eq!(good(book.erase(None, again, None, at(6))).subject.id, again);
}

/// A file that goes with the test.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[derive(Deserialize)]
struct KeyRow {
    slot: i64,
    wrapped: ByteBuf,
}

#[test]
fn no_key_of_anybody_erased_lies_in_any_page_of_the_file() {
    let file = File(env::temp_dir().join(format!("sayso-erase-{}.sqlite", process::id())));
    let book = book(NativeStore::at(&file.0));
    // More than fit in one page, so that pages split; and one erased among others, so that rows move.
    let people: Vec<Uuid> = (0..200)
        .map(|nth| {
            let email = format!("person{nth}@example.com");
            let document = submission(
                uuid_v7(at(1), [nth; 10]),
                &email,
                &choices(true, true),
                at(1),
            );
            good(book.record(&document, Some(ORIGIN), at(1)));
            let email = EmailAddress::parse(&email).expect("an address");
            good(book.look_up(None, &email)).id
        })
        .collect();
    let keys: Vec<KeyRow> = book
        .store
        .rows(
            "SELECT slot, wrapped FROM subject_key WHERE slot > 2 ORDER BY slot",
            Vec::new(),
        )
        .expect("rows");
    assert_eq!(keys.len(), people.len());
    for (nth, id) in people.iter().enumerate() {
        if nth % 3 != 0 {
            good(book.erase(None, *id, None, at(2)));
        }
    }
    for nth in 200..=255 {
        let email = format!("person{nth}@example.com");
        let document = submission(
            uuid_v7(at(3), [nth; 10]),
            &email,
            &choices(true, false),
            at(3),
        );
        good(book.record(&document, Some(ORIGIN), at(3)));
    }
    let bytes = fs::read(&file.0).expect("the file");
    for (nth, key) in keys.iter().enumerate() {
        let lies_there = bytes
            .windows(key.wrapped.len())
            .any(|at| at == *key.wrapped);
        assert_eq!(lies_there, nth % 3 == 0, "key {} of {nth}", key.slot);
    }
}
