//! Retention on plain SQLite: what was promised for a time only goes when that is over, and not before.

use std::time::Duration;

use sayso_shared::{
    email::EmailAddress, event::EventType, evidence::ClientFacts, id::uuid_v7, key::PurposeKey,
    mailing::Handover, notice::NoticeText, snapshot::Snapshot, time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    book::Book,
    fixture::{ORIGIN, at, book, choices, good, snapshot, submission},
    record::Whence,
    recording::Line,
};
use crate::{
    native_store::NativeStore,
    store::{Store as _, text},
};

const DAY: i64 = 24 * 3_600_000;

/// The site, where `STORE` is kept for two days after its end and networks for one.
fn promises() -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.revision += 1;
    snapshot.definition.client_days = 1;
    let purposes = &mut snapshot.definition.purposes;
    purposes[0].retention_days = Some(2);
    purposes[1].retention_days = Some(2);
    let (definition, notice) = (&snapshot.definition, &mut snapshot.notices[0]);
    let (form, lang) = (&definition.forms[0], &notice.text.lang);
    let text = NoticeText::of(&snapshot.site, definition, form, lang);
    notice.text = text.expect("its words");
    notice.hash = notice.text.hash();
    snapshot
}

fn with_promises() -> Book<NativeStore> {
    let book = book(NativeStore::in_memory());
    good(book.learn(promises(), at(0)));
    book
}

/// Says yes to `STORE`, and gives the token of the personal page.
fn says_yes(book: &Book<NativeStore>, nth: u8, email: &str, now: Timestamp) -> String {
    let mut document = submission(uuid_v7(now, [nth; 10]), email, &choices(true, false), now);
    document["notice_hash"] = promises().notices[0].hash.clone().into();
    let client = ClientFacts {
        network: Some("203.0.113.0/24".to_owned()),
        user_agent: None,
    };
    let whence = Whence {
        origin: Some(ORIGIN),
        client: Some(&client),
        hosted: false,
        waited: Duration::ZERO,
    };
    assert_eq!(good(book.record(&document, whence, now)).0, 201);
    let mail = good(book.waiting_mails()).pop().expect("a mail");
    let letter = good(book.mail(&mail.id)).expect("a mail").letter;
    good(book.note_handover(&mail.id, &Handover::Taken, now));
    let link = letter.links.last().expect("a link");
    link.rsplit('/').next().expect("a token").to_owned()
}

fn erasures(book: &Book<NativeStore>) -> usize {
    let kinds = [EventType::Erased.as_str().to_owned()];
    good(book.events(None, "", 1000, &kinds)).events.len()
}

#[test]
fn a_person_goes_on_the_millisecond_at_which_the_last_promise_is_over() {
    let book = with_promises();
    let personal = says_yes(&book, 1, "jan@example.com", at(1));
    assert_eq!(good(book.let_go(at(1000 * DAY))).next, None, "a yes holds");
    good(book.withdraw(&personal, None, at(5)));
    let over = at(5 + 2 * DAY);
    assert_eq!(good(book.let_go(at(6))).next, Some(over));
    let just_before = Timestamp::from_unix_millis(over.unix_millis() - 1);
    good(book.let_go(just_before));
    assert_eq!(erasures(&book), 0);
    assert_eq!(good(book.let_go(over)).next, None);
    good(book.let_go(over));
    assert_eq!(erasures(&book), 1);
    let events = good(book.events(None, "", 1000, &[])).events;
    let last = serde_json::to_value(events.last()).expect("JSON");
    assert_eq!(last["data"]["actor"]["kind"], "system");
    assert_eq!(last["data"]["reason"], "no_longer_needed");
    assert!(
        events
            .iter()
            .all(|event| event.data.subject.email.is_none())
    );
}

#[test]
fn a_yes_again_keeps_the_person() {
    let book = with_promises();
    let personal = says_yes(&book, 1, "jan@example.com", at(1));
    good(book.withdraw(&personal, None, at(5)));
    says_yes(&book, 2, "jan@example.com", at(6));
    assert_eq!(good(book.let_go(at(1000 * DAY))).next, None);
    assert_eq!(erasures(&book), 0);
}

#[test]
fn words_that_promise_no_time_keep_the_person_until_somebody_erases_it() {
    let book = book(NativeStore::in_memory());
    let id = uuid_v7(at(1), [1; 10]);
    let document = submission(id, "jan@example.com", &choices(true, false), at(1));
    good(book.record(&document, Some(ORIGIN), at(1)));
    let mail = good(book.waiting_mails()).pop().expect("a mail");
    let letter = good(book.mail(&mail.id)).expect("a mail").letter;
    let personal = letter.links[0].rsplit('/').next().expect("a token");
    good(book.withdraw(personal, None, at(2)));
    assert_eq!(good(book.let_go(at(1000 * DAY))).next, None);
    assert_eq!(erasures(&book), 0);
}

#[test]
fn more_people_than_are_looked_after_at_once_all_go() {
    let book = with_promises();
    for nth in 0..150 {
        let email = format!("person{nth}@example.com");
        let personal = says_yes(&book, nth, &email, at(i64::from(nth)));
        good(book.withdraw(&personal, None, at(200)));
    }
    let over = at(200 + 2 * DAY);
    assert_eq!(good(book.let_go(over)).next, Some(over), "there are more");
    assert_eq!(good(book.let_go(over)).next, None);
    assert_eq!(erasures(&book), 150);
}

#[derive(Deserialize)]
struct Counts {
    known: u32,
    named: u32,
}

#[test]
fn networks_are_deleted_in_time_and_the_rest_of_the_evidence_stays() {
    let book = with_promises();
    for nth in 0..150 {
        says_yes(&book, nth, "jan@example.com", at(i64::from(nth)));
    }
    let networks = || {
        let sql = "SELECT COUNT(client) AS known, COUNT(person) AS named FROM submission";
        let counts: Option<Counts> = book.store.row(sql, Vec::new()).expect("a row");
        let Counts { known, named } = counts.expect("a row");
        assert_eq!(named, 150, "who it was stays");
        known
    };
    assert_eq!(good(book.forget_clients(at(DAY - 1))).next, Some(at(DAY)));
    assert_eq!(networks(), 150);
    assert_eq!(good(book.forget_clients(at(DAY))).next, Some(at(DAY + 1)));
    assert_eq!(networks(), 149);
    let late = at(2 * DAY);
    assert_eq!(good(book.forget_clients(late)).next, Some(late), "more");
    assert_eq!(good(book.forget_clients(late)).next, None);
    assert_eq!(networks(), 0);
}

#[test]
fn a_site_that_keeps_no_networks_stores_none() {
    let book = with_promises();
    let mut none = promises();
    none.revision += 1;
    none.definition.client_days = 0;
    good(book.learn(none, at(1)));
    says_yes(&book, 1, "jan@example.com", at(2));
    assert_eq!(good(book.forget_clients(at(2))).next, None);
    let id = good(book.events(None, "", 1, &[])).events[0]
        .data
        .subject
        .id;
    let store = PurposeKey::parse("STORE").expect("a purpose");
    let pack = good(book.evidence(None, id, &store, at(2))).pack;
    assert_eq!(pack.submissions[0].client, None);
}

#[test]
fn what_is_over_is_found_by_an_index() {
    #[derive(Deserialize)]
    struct Step {
        detail: String,
    }
    let book = with_promises();
    for (statement, index) in [
        (
            include_str!("../../sql/ledger/subject_over.sql"),
            "subject_kept",
        ),
        (
            include_str!("../../sql/ledger/subject_next.sql"),
            "subject_kept",
        ),
        (
            include_str!("../../sql/ledger/client_over.sql"),
            "submission_client",
        ),
        (
            include_str!("../../sql/ledger/client_next.sql"),
            "submission_client",
        ),
        (
            include_str!("../../sql/ledger/token_forget.sql"),
            "token_subject",
        ),
        (
            include_str!("../../sql/ledger/mail_forget.sql"),
            "mail_subject",
        ),
        (
            include_str!("../../sql/ledger/event_erased.sql"),
            "event_subject",
        ),
    ] {
        let plan: Vec<Step> = book
            .store
            .rows(&format!("EXPLAIN QUERY PLAN {statement}"), vec![text("7")])
            .expect("a plan");
        let found = plan.iter().all(|step| step.detail.contains(index));
        assert!(found, "{statement}");
    }
}

/// One choice that somebody told us of, on the telephone.
fn told(book: &Book<NativeStore>, nth: u128, choices: &Value, decided_at: Timestamp, now: i64) {
    let document = json!({
        "id": Uuid::from_u128(nth), "subject": {"email": "jan@example.com"}, "form": "form", "lang": "en", "choices": choices,
        "source": "phone", "decided_at": decided_at, "actor": {"kind": "staff"}
    });
    let lines = [Line { index: 0, document }];
    let answers = good(book.record_lines(None, &lines, at(now))).answers;
    assert_eq!(answers[0].status, 201);
}

fn is_known(book: &Book<NativeStore>) -> bool {
    let email = EmailAddress::parse("jan@example.com").expect("an address");
    book.look_up(None, &email).is_ok()
}

#[test]
fn what_was_recorded_is_kept_for_as_long_as_its_words_say_too() {
    let book = with_promises();
    told(&book, 1, &json!({"STORE": true}), at(1), 2);
    assert_eq!(good(book.let_go(at(1000 * DAY))).next, None, "a yes holds");
    told(&book, 2, &json!({"STORE": false}), at(5), 5);
    good(book.let_go(at(4 + 2 * DAY)));
    assert!(is_known(&book));
    good(book.let_go(at(5 + 2 * DAY)));
    assert_eq!((is_known(&book), erasures(&book)), (false, 1));
}

#[test]
fn a_no_of_long_ago_is_kept_from_when_we_learned_of_it() {
    let book = with_promises();
    told(&book, 1, &json!({"STORE": false}), at(-90 * DAY), 5);
    good(book.let_go(at(6)));
    assert!(is_known(&book), "or the next import would mail to them");
    good(book.let_go(at(5 + 2 * DAY)));
    assert!(!is_known(&book));
}

#[test]
fn a_no_that_was_told_outlives_a_request_of_a_stranger() {
    let book = with_promises();
    told(&book, 1, &json!({"STORE": false}), at(1), 2);
    let id = uuid_v7(at(3), [3; 10]);
    let mut document = submission(id, "jan@example.com", &choices(false, true), at(3));
    document["notice_hash"] = promises().notices[0].hash.clone().into();
    good(book.record(&document, Some(ORIGIN), at(3)));
    good(book.lapse(at(3 * DAY + 4)));
    assert!(is_known(&book), "the no is still a no");
    assert_eq!(good(book.waiting_mails()).len(), 0, "its link is dead");
}
