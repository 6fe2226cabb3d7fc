//! The book on plain SQLite: the same code and the same SQL that run in a Durable Object.

use std::{collections::BTreeSet, time::Duration};

use sayso_shared::{
    answer::SubmissionState,
    delivery::Outcome as Attempt,
    email::EmailAddress,
    endpoint::Endpoint,
    event::EventType,
    id::uuid_v7,
    key::{EndpointKey, PurposeKey},
    mailing::{Handover, handover_by_reply},
    snapshot::Snapshot,
    time::Timestamp,
    visitor::VisitorClass,
};

use super::{
    book::Book,
    fixture::{ORIGIN, at, book, choices, good, posted, snapshot, state, submission},
};
use crate::{
    failure::Failure, mailer::Mailer, native_store::NativeStore, schema::Schema,
    settings::Settings, store::Store as _,
};

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

/// Says yes to both purposes as `email` and gives the confirm link's token and the personal one.
fn says_yes(book: &Book<NativeStore>, nth: u8, email: &str, now: Timestamp) -> (String, String) {
    let document = submission(uuid_v7(now, [nth; 10]), email, &choices(true, true), now);
    let (status, _) = good(book.record(&document, Some(ORIGIN), now));
    assert_eq!(status, 201);
    let waiting = good(book.waiting_mails());
    let letter = good(book.mail(&waiting.last().expect("a mail").id))
        .expect("a mail")
        .letter;
    let token = |at: usize| {
        letter.links[at]
            .rsplit_once('/')
            .expect("a link")
            .1
            .to_owned()
    };
    (token(0), token(1))
}

fn news() -> BTreeSet<String> {
    BTreeSet::from(["NEWS".to_owned()])
}

fn confirm_state(book: &Book<NativeStore>, token: &str, now: Timestamp) -> String {
    state(&good(book.show_confirm(token, now)))
}

fn kinds(book: &Book<NativeStore>) -> Vec<EventType> {
    let all = EventType::ALL.map(|kind| kind.as_str().to_owned());
    good(book.events(None, "", 100, &all))
        .events
        .into_iter()
        .map(|event| event.kind)
        .collect()
}

fn with_endpoint(url: &str, revision: u64) -> Snapshot {
    let key = EndpointKey::parse("crm").expect("a name");
    let endpoint = Endpoint {
        key,
        url: url.to_owned(),
        types: EventType::DEFAULT.to_vec(),
        ..super::fixture::endpoint()
    };
    Snapshot {
        revision,
        endpoints: vec![endpoint],
        ..snapshot()
    }
}

#[test]
fn what_nobody_confirms_lapses_on_the_millisecond_and_its_address_is_deleted() {
    let book = book(NativeStore::in_memory());
    let document = submission(
        uuid_v7(at(1), [1; 10]),
        "jan@example.com",
        &choices(false, true),
        at(1),
    );
    good(book.record(&document, Some(ORIGIN), at(1)));
    let end = at(1) + Duration::from_hours(72);
    let just_before = Timestamp::from_unix_millis(end.unix_millis() - 1);
    assert_eq!(good(book.lapse(just_before)).next, Some(end));
    assert!(!kinds(&book).contains(&EventType::Lapsed));
    assert_eq!(good(book.lapse(end)).next, None);
    assert!(kinds(&book).contains(&EventType::Lapsed));
    let events = good(book.events(None, "", 10, &["consent.lapsed".to_owned()])).events;
    assert_eq!(
        events[0].data.subject.email, None,
        "nothing rests on the address any more"
    );
    good(book.lapse(end + Duration::from_secs(1)));
    assert_eq!(
        kinds(&book)
            .iter()
            .filter(|kind| **kind == EventType::Lapsed)
            .count(),
        1
    );
}

#[test]
fn a_confirmation_a_millisecond_late_is_too_late() {
    let book = book(NativeStore::in_memory());
    let (confirm, _) = says_yes(&book, 1, "jan@example.com", at(1));
    let end = at(1) + Duration::from_hours(72);
    assert_eq!(confirm_state(&book, &confirm, end), "gone");
    good(book.confirm(&confirm, &news(), VisitorClass::Browser, end));
    assert_eq!(
        kinds(&book)
            .iter()
            .filter(|kind| **kind == EventType::Given)
            .count(),
        1,
        "STORE alone"
    );
    let just_before = Timestamp::from_unix_millis(end.unix_millis() - 1);
    good(book.confirm(&confirm, &news(), VisitorClass::Browser, just_before));
    assert_eq!(
        kinds(&book)
            .iter()
            .filter(|kind| **kind == EventType::Given)
            .count(),
        2
    );
}

#[test]
fn a_withdrawal_cancels_what_is_pending() {
    let book = book(NativeStore::in_memory());
    let (confirm, personal) = says_yes(&book, 1, "jan@example.com", at(1));
    good(book.withdraw(&personal, None, at(2)));
    assert_eq!(
        good(book.waiting_mails()).len(),
        0,
        "nobody is asked to confirm what was just stopped"
    );
    assert_eq!(confirm_state(&book, &confirm, at(3)), "gone");
    good(book.confirm(&confirm, &news(), VisitorClass::Browser, at(3)));
    assert_eq!(kinds(&book).last(), Some(&EventType::Withdrawn));
    assert_eq!(good(book.lapse(at(3))).next, None);
}

#[test]
fn an_older_mail_decides_only_what_no_newer_one_asks() {
    let book = book(NativeStore::in_memory());
    let (older, _) = says_yes(&book, 1, "jan@example.com", at(1));
    let (newer, _) = says_yes(&book, 2, "Jan@Example.com", at(2));
    assert_eq!(confirm_state(&book, &older, at(3)), "gone");
    assert_eq!(confirm_state(&book, &newer, at(3)), "waiting");
    let subjects: BTreeSet<_> = good(book.events(None, "", 10, &[]))
        .events
        .into_iter()
        .map(|event| event.data.subject.id)
        .collect();
    assert_eq!(
        subjects.len(),
        1,
        "two spellings of one address are one person"
    );
}

#[test]
fn a_repeat_is_known_whatever_has_changed_since() {
    let book = book(NativeStore::in_memory());
    let document = submission(
        uuid_v7(at(1), [1; 10]),
        "jan@example.com",
        &choices(true, false),
        at(1),
    );
    good(book.record(&document, Some(ORIGIN), at(1)));
    let mut changed = snapshot();
    changed.revision = 2;
    changed.definition.origins.clear();
    changed.definition.forms.clear();
    good(book.learn(changed, at(2)));
    assert_eq!(good(book.record(&document, Some(ORIGIN), at(3))).0, 200);
}

#[test]
fn a_form_with_another_purpose_is_outdated_before_it_is_wrong() {
    let book = book(NativeStore::in_memory());
    let mut changed = snapshot();
    changed.revision = 2;
    changed.definition.forms[0].purposes.pop();
    changed.notices[0].text.purposes.pop();
    changed.notices[0].hash = changed.notices[0].text.hash();
    good(book.learn(changed, at(2)));
    let document = submission(
        uuid_v7(at(1), [1; 10]),
        "jan@example.com",
        &choices(true, true),
        at(1),
    );
    match book.record(&document, Some(ORIGIN), at(3)) {
        Err(Failure::Problem(problem)) => assert_eq!(
            (problem.status, problem.extension.contains_key("notice")),
            (409, true)
        ),
        _ => panic!("outdated"),
    }
}

#[test]
fn a_lane_goes_with_its_endpoint_and_a_moved_one_is_tried_at_once() {
    let book = book(NativeStore::in_memory());
    good(book.learn(with_endpoint("https://crm.example.com/old", 2), at(1)));
    says_yes(&book, 1, "jan@example.com", at(2));
    let endpoint = &with_endpoint("https://crm.example.com/old", 2).endpoints[0];
    let gone = Attempt::Answered {
        status: 410,
        retry_after: None,
    };
    let next = good(book.next_delivery(endpoint)).expect("an event");
    good(book.note_attempt(&endpoint.key, &next, &posted(gone), at(3), 0));
    assert!(good(book.next_delivery(endpoint)).is_none(), "stopped");

    good(book.learn(with_endpoint("https://crm.example.com/new", 3), at(4)));
    let next = good(book.next_delivery(endpoint)).expect("it has moved");
    assert_eq!((next.lane.next_at, next.event.data.seq), (at(4), 2));

    good(book.learn(
        Snapshot {
            revision: 4,
            ..snapshot()
        },
        at(5),
    ));
    good(book.learn(with_endpoint("https://crm.example.com/old", 5), at(6)));
    assert!(
        good(book.next_delivery(endpoint)).is_none(),
        "a new endpoint begins with what happens from now on"
    );
}

#[test]
fn an_attempt_is_noted_only_on_the_lane_that_it_was_made_from() {
    let book = book(NativeStore::in_memory());
    good(book.learn(with_endpoint("https://crm.example.com", 2), at(1)));
    says_yes(&book, 1, "jan@example.com", at(2));
    let endpoint = &with_endpoint("https://crm.example.com", 2).endpoints[0];
    let next = good(book.next_delivery(endpoint)).expect("an event");
    let taken = Attempt::Answered {
        status: 204,
        retry_after: None,
    };
    good(book.note_attempt(&endpoint.key, &next, &posted(taken), at(3), 0));
    good(book.note_attempt(&endpoint.key, &next, &posted(Attempt::NoAnswer), at(4), 0));
    says_yes(&book, 2, "kim@example.com", at(5));
    let next = good(book.next_delivery(endpoint)).expect("the next event");
    assert_eq!((next.lane.failures, next.lane.next_at), (0, at(3)));
}

#[test]
fn each_event_names_the_person_as_its_own_submission_did() {
    let book = book(NativeStore::in_memory());
    for (nth, id) in [(1, "C-1"), (2, "C-2")] {
        let mut document = submission(
            uuid_v7(at(1), [nth; 10]),
            "jan@example.com",
            &choices(true, false),
            at(1),
        );
        document["subject"]["external_id"] = id.into();
        good(book.record(&document, Some(ORIGIN), at(i64::from(nth))));
    }
    let events = good(book.events(None, "", 10, &["consent.given".to_owned()])).events;
    let ids: Vec<_> = events
        .into_iter()
        .filter_map(|event| event.data.subject.external_id)
        .collect();
    assert_eq!(ids, ["C-1", "C-2"]);
}

#[test]
fn a_mail_that_has_left_is_kept_without_what_opens_its_links() {
    let book = book(NativeStore::in_memory());
    let (confirm, _) = says_yes(&book, 1, "jan@example.com", at(1));
    let id = good(book.waiting_mails())[0].id.clone();
    let secret = confirm.rsplit_once('~').expect("a token").1;
    let letter =
        serde_json::to_string(&good(book.mail(&id)).expect("a mail").letter).expect("JSON");
    assert!(letter.contains(secret));
    let letter = serde_json::to_string(
        &good(book.mail(&id))
            .expect("a mail")
            .letter
            .without_secrets(),
    )
    .expect("JSON");
    assert!(!letter.contains(secret) && letter.contains("/confirm/demo~0~…"));
    good(book.note_handover(&id, &Handover::Taken, at(2)));
    assert_eq!(good(book.waiting_mails()).len(), 0);
    assert_eq!(confirm_state(&book, &confirm, at(3)), "waiting");
}

#[test]
fn a_mail_that_is_not_taken_is_tried_again_and_given_up_at_last() {
    let book = book(NativeStore::in_memory());
    says_yes(&book, 1, "jan@example.com", at(1));
    let id = good(book.waiting_mails())[0].id.clone();
    let mut tries = 0;
    while !good(book.waiting_mails()).is_empty() {
        let handover = Handover::Failed("it is dead".to_owned());
        good(book.note_handover(&id, &handover, at(2)));
        tries += 1;
    }
    assert_eq!(tries, 6);
}

#[test]
fn the_last_reason_of_a_mail_that_is_given_up_is_kept_sealed() {
    #[derive(serde::Deserialize)]
    struct Kept {
        refusal: Option<serde_bytes::ByteBuf>,
    }
    let book = book(NativeStore::in_memory());
    says_yes(&book, 1, "jan@example.com", at(1));
    let id = good(book.waiting_mails())[0].id.clone();
    let kept = || {
        let kept: Option<Kept> = book
            .store
            .row("SELECT refusal FROM mail", Vec::new())
            .expect("a row");
        kept.and_then(|kept| kept.refusal)
    };
    let declined = handover_by_reply(550, "5.7.1 Relaying denied");
    while !good(book.waiting_mails()).is_empty() {
        assert!(kept().is_none(), "it is tried again");
        good(book.note_handover(&id, &declined, at(2)));
    }
    let kept = kept().expect("the reason");
    assert!(!kept.windows(5).any(|bytes| bytes == b"5.7.1"));
}

#[test]
fn a_key_encryption_key_is_replaced_without_losing_anybody() {
    let book = book(NativeStore::in_memory());
    says_yes(&book, 1, "jan@example.com", at(1));
    says_yes(&book, 2, "kim@example.com", at(2));
    let replacing = Book::open(book.store, Ok(Settings::for_tests().with_new_kek([9; 32])));
    // Who was not re-wrapped yet may be mailed all the same.
    let people = ["jan@example.com", "kim@example.com", "nobody@example.com"];
    let people = people.map(|text| EmailAddress::parse(text).expect("an address"));
    let store = PurposeKey::parse("STORE").expect("a purpose");
    let may = |book: &Book<NativeStore>| {
        let judged = good(book.check(None, &store, &people, at(2)));
        judged.iter().map(Option::is_none).collect::<Vec<_>>()
    };
    assert_eq!(may(&replacing), [true, true, false]);
    // Somebody comes back before being re-wrapped, and is known.
    says_yes(&replacing, 3, "jan@example.com", at(3));
    let mut after = Some(String::new());
    while let Some(last) = after {
        after = good(replacing.rewrap_some(&last));
    }
    assert_eq!(may(&replacing), [true, true, false]);
    let settings = Settings::for_tests()
        .with_new_kek([9; 32])
        .without_former_kek();
    let replaced = Book::open(replacing.store, Ok(settings));
    says_yes(&replaced, 4, "kim@example.com", at(4));
    let events = good(replaced.events(None, "", 10, &[])).events;
    let people: BTreeSet<_> = events.iter().map(|event| event.data.subject.id).collect();
    assert_eq!((events.len(), people.len()), (4, 2));
    assert!(
        events
            .iter()
            .all(|event| event.data.subject.email.is_some())
    );
}

#[test]
fn stopping_one_pending_purpose_leaves_what_else_is_pending() {
    let book = book_with_two_confirmed_by_mail();
    let (confirm, preferences) = says_yes(&book, 1, "jan@example.com", at(1));
    let stopped = PurposeKey::parse("STORE").expect("a purpose");
    good(book.withdraw(&preferences, Some(&stopped), at(2)));
    assert_eq!(good(book.waiting_mails()).len(), 1, "the mail still asks");
    assert_eq!(confirm_state(&book, &confirm, at(3)), "waiting");
    let day = Duration::from_hours(24);
    assert_eq!(good(book.lapse(at(3))).next, Some(at(1) + day * 3));
}

#[test]
fn stopping_all_that_is_pending_takes_its_mail_back() {
    let book = book_with_two_confirmed_by_mail();
    let (_, preferences) = says_yes(&book, 1, "jan@example.com", at(1));
    good(book.withdraw(&preferences, None, at(2)));
    assert_eq!(good(book.waiting_mails()).len(), 0);
    assert_eq!(good(book.lapse(at(3))).next, None);
}

#[test]
fn more_requests_than_are_looked_after_at_once_all_lapse() {
    let book = book(NativeStore::in_memory());
    for nth in 0..150 {
        says_yes(&book, nth, &format!("person{nth}@example.com"), at(1));
    }
    let late = at(1) + Duration::from_hours(72);
    assert_eq!(good(book.lapse(late)).next, Some(late), "there are more");
    assert_eq!(good(book.lapse(late)).next, None);
    assert_eq!(
        good(book.events(None, "", 1000, &["consent.lapsed".to_owned()]))
            .events
            .len(),
        150
    );
}

#[test]
fn a_ledger_that_knows_no_site_says_so_to_the_admin_too() {
    let book = Book::open(NativeStore::in_memory(), Ok(Settings::for_tests()));
    let page = book.events(None, "", 10, &[]);
    assert!(matches!(page, Err(Failure::Problem(problem)) if problem.status == 404));
}

fn book_with_two_confirmed_by_mail() -> Book<NativeStore> {
    let mut snapshot = snapshot();
    snapshot.definition.purposes[0].double_opt_in = true;
    let book = Book::open(NativeStore::in_memory(), Ok(Settings::for_tests()));
    good(book.learn(snapshot, at(0)));
    book
}

#[test]
fn whoever_fills_in_an_address_for_the_fourth_time_leaves_the_link_in_its_mail_alive() {
    let settings = Settings::for_tests().with_mailer(Mailer::Cloudflare);
    let book = Book::open(NativeStore::in_memory(), Ok(settings));
    good(book.learn(snapshot(), at(0)));
    let minute = 60_000;
    let mut confirm = String::new();
    for nth in 1..=3 {
        (confirm, _) = says_yes(&book, nth, "jan@example.com", at(i64::from(nth) * minute));
    }
    let id = uuid_v7(at(9 * minute), [9; 10]);
    let again = submission(id, "jan@example.com", &choices(true, true), at(9 * minute));
    let (status, answer) = good(book.record(&again, Some(ORIGIN), at(9 * minute)));
    assert_eq!((status, answer.state), (201, SubmissionState::Pending));
    assert_eq!(good(book.waiting_mails()).len(), 3, "no fourth mail");
    assert_eq!(confirm_state(&book, &confirm, at(10 * minute)), "waiting");
    good(book.confirm(&confirm, &news(), VisitorClass::Browser, at(11 * minute)));
    assert_eq!(confirm_state(&book, &confirm, at(12 * minute)), "already");
}
