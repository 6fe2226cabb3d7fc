//! What waited in a browser that could not reach us: it was decided when it was decided. And what takes the place of a choice before.

use std::time::Duration;

use sayso_shared::{
    consent::Status, id::uuid_v7, key::PurposeKey, notice::Replaced, time::Timestamp,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    book::Book,
    fixture::{ORIGIN, at, book, choices, good, snapshot, submission},
    record::Whence,
};
use crate::{failure::Outcome, native_store::NativeStore, settings::Settings};

const HOUR: i64 = 3_600_000;
const JAN: &str = "jan@example.com";

/// A page of the site that could not send for so many hours.
fn after(hours: i64) -> Whence<'static> {
    Whence {
        waited: Duration::from_hours(hours.unsigned_abs()),
        ..Whence::from(Some(ORIGIN))
    }
}

fn decided(nth: u8, moment: Timestamp) -> Value {
    submission(
        uuid_v7(moment, [nth; 10]),
        JAN,
        &choices(true, true),
        moment,
    )
}

/// The personal link of the newest mail.
fn personal_link(book: &Book<NativeStore>) -> String {
    let mail = good(book.waiting_mails()).pop().expect("a mail");
    let letter = good(book.mail(&mail.id)).expect("a mail").letter;
    let link = letter.links.last().expect("a link").clone();
    link.rsplit_once('/').expect("a token").1.to_owned()
}

fn status(book: &Book<NativeStore>, purpose: &str) -> Status {
    let subject: String = good(book.events(None, "", 100, &[]))
        .events
        .last()
        .map(|event| event.data.subject.id.to_string())
        .expect("an event");
    let standing = good(book.standing(&subject));
    let key = PurposeKey::parse(purpose).expect("a purpose");
    standing[&key].status
}

#[test]
fn a_yes_of_before_a_withdrawal_that_arrives_after_it_is_old_news() {
    let book = book(NativeStore::in_memory());
    good(book.record(&decided(1, at(0)), Some(ORIGIN), at(0)));
    let link = personal_link(&book);
    good(book.withdraw(&link, None, at(30 * HOUR)));
    assert_eq!(status(&book, "STORE"), Status::Withdrawn);
    let mails = good(book.waiting_mails()).len();

    let (code, _) = good(book.record(&decided(2, at(20 * HOUR)), after(20), at(40 * HOUR)));
    assert_eq!(code, 201);
    assert_eq!(status(&book, "STORE"), Status::Withdrawn);
    assert_eq!(status(&book, "NEWS"), Status::Withdrawn);
    assert_eq!(
        good(book.waiting_mails()).len(),
        mails,
        "nobody is asked again"
    );

    // Whoever chooses after the withdrawal is heard.
    let (code, _) = good(book.record(&decided(3, at(35 * HOUR)), after(5), at(40 * HOUR)));
    assert_eq!(code, 201);
    assert_eq!(status(&book, "STORE"), Status::Given);
    assert_eq!(status(&book, "NEWS"), Status::Requested);
}

#[test]
fn a_yes_of_before_a_no_that_arrives_after_it_is_old_news() {
    let book = book(NativeStore::in_memory());
    let (id, moment) = (uuid_v7(at(HOUR), [1; 10]), at(HOUR));
    let no = submission(id, JAN, &choices(false, false), moment);
    good(book.record(&no, Some(ORIGIN), moment));
    let (code, _) = good(book.record(&decided(2, at(0)), after(2), at(2 * HOUR)));
    assert_eq!(code, 201);
    assert_eq!(status(&book, "STORE"), Status::Refused);
    assert_eq!(status(&book, "NEWS"), Status::Refused);
    assert!(good(book.waiting_mails()).is_empty(), "nobody is asked");
}

/// The choice of `nth`, in place of the one before.
fn instead(nth: u8, news: bool, before: Uuid, moment: Timestamp) -> Value {
    let id = uuid_v7(moment, [nth; 10]);
    let mut document = submission(id, JAN, &choices(false, news), moment);
    document["replaces"] = json!([before]);
    document
}

#[test]
fn boxes_that_are_opened_again_and_emptied_take_back_what_they_gave() {
    let book = book(NativeStore::in_memory());
    let first = uuid_v7(at(0), [1; 10]);
    good(book.record(&decided(1, at(0)), Some(ORIGIN), at(0)));
    assert_eq!(status(&book, "STORE"), Status::Given);
    good(book.record(&instead(2, false, first, at(1)), Some(ORIGIN), at(1)));
    assert_eq!(status(&book, "STORE"), Status::Withdrawn);
    assert_eq!(status(&book, "NEWS"), Status::Withdrawn);
    assert!(
        good(book.waiting_mails()).is_empty(),
        "nobody is asked to confirm it"
    );
}

#[test]
fn boxes_that_are_opened_again_keep_what_is_still_ticked() {
    let book = book(NativeStore::in_memory());
    let first = uuid_v7(at(0), [1; 10]);
    good(book.record(&decided(1, at(0)), Some(ORIGIN), at(0)));
    good(book.record(&instead(2, true, first, at(1)), Some(ORIGIN), at(1)));
    assert_eq!(status(&book, "STORE"), Status::Withdrawn);
    assert_eq!(status(&book, "NEWS"), Status::Requested);
    assert_eq!(good(book.waiting_mails()).len(), 1, "of the newer choice");
}

#[test]
fn an_empty_box_takes_back_nothing_that_another_submission_gave() {
    let book = book(NativeStore::in_memory());
    good(book.record(&decided(1, at(0)), Some(ORIGIN), at(0)));
    let unknown = uuid_v7(at(0), [9; 10]);
    good(book.record(&instead(2, false, unknown, at(1)), Some(ORIGIN), at(1)));
    assert_eq!(status(&book, "STORE"), Status::Given);
    assert_eq!(status(&book, "NEWS"), Status::Requested);
}

#[test]
fn the_event_says_when_it_was_decided() {
    let book = book(NativeStore::in_memory());
    good(book.record(&decided(1, at(0)), after(20), at(20 * HOUR)));
    let events = good(book.events(None, "", 100, &[])).events;
    let consent = events[0].data.consent().expect("a consent");
    assert_eq!(consent.decided_at, at(0));
}

#[test]
fn no_wait_counts_for_longer_than_three_days() {
    let book = book(NativeStore::in_memory());
    good(book.record(&decided(1, at(0)), after(1000), at(1000 * HOUR)));
    let events = good(book.events(None, "", 100, &[])).events;
    let consent = events[0].data.consent().expect("a consent");
    assert_eq!(consent.decided_at, at((1000 - 72) * HOUR));
}

#[test]
fn words_that_were_replaced_while_it_waited_are_answered_all_the_same() {
    let known = snapshot();
    let old = known.notices[0].clone();
    let mut renewed = known.clone();
    renewed.revision = 2;
    renewed.notices[0].hash = "sha-256:new".to_owned();
    renewed.notices[0].version = 2;
    renewed.replaced = vec![Replaced {
        form: old.text.form.clone(),
        hash: old.hash.clone(),
        published_at: old.published_at,
        replaced_at: at(2 * HOUR),
    }];
    let sent = |hours: i64| -> Outcome<u16> {
        let book = Book::open(NativeStore::in_memory(), Ok(Settings::for_tests()));
        good(book.learn(known.clone(), at(0)));
        good(book.learn(renewed.clone(), at(2 * HOUR)));
        let (code, _) = book.record(&decided(1, at(HOUR)), after(hours), at(21 * HOUR))?;
        Ok(code)
    };
    assert_eq!(good(sent(20)), 201);
    assert!(sent(0).is_err(), "decided now, by words of yesterday");
}

#[test]
fn a_choice_that_was_changed_twice_before_it_arrived_takes_back_the_first() {
    let book = book(NativeStore::in_memory());
    let (given, lost) = (uuid_v7(at(0), [1; 10]), uuid_v7(at(1), [2; 10]));
    good(book.record(&decided(1, at(0)), Some(ORIGIN), at(0)));
    assert_eq!(status(&book, "STORE"), Status::Given);
    let mut third = instead(3, false, given, at(2));
    third["replaces"] = json!([given, lost]);
    good(book.record(&third, Some(ORIGIN), at(2)));
    assert_eq!(status(&book, "STORE"), Status::Withdrawn);
}
