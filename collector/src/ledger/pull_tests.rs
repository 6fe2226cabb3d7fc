//! Pulling on plain SQLite: what a reader chooses, and readers who were away.

use std::{fs, path::Path};

use sayso_shared::{
    answer::EventPage, cursor::SiteCursor, event::EventType, id::uuid_v7, key::PurposeKey,
};

use super::{
    book::Book,
    fixture::{ORIGIN, at, book, choices, good, snapshot, submission},
    pull::{AHEAD, Sought},
    shards::Whose,
    split::{Split, address},
};
use crate::{
    failure::Failure,
    native_store::NativeStore,
    settings::Settings,
    store::{Store as _, number},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn sought(types: &[EventType], purposes: &[&str]) -> Sought {
    Sought {
        types: types.iter().map(|kind| kind.as_str().to_owned()).collect(),
        purposes: purposes.iter().map(|key| (*key).to_owned()).collect(),
    }
}

/// Says yes to STORE, which counts at once, and maybe to NEWS, which has to be confirmed.
fn says_yes(book: &Book<NativeStore>, nth: u8, news: bool, now: i64) {
    let id = uuid_v7(at(now), [nth; 10]);
    let email = format!("person-{nth}@example.com");
    let document = submission(id, &email, &choices(true, news), at(now));
    let (status, _) = good(book.record(&document, Some(ORIGIN), at(now)));
    assert_eq!(status, 201);
}

/// Types and purposes of a page.
fn gist(page: &EventPage) -> Vec<(EventType, String)> {
    let events = page.events.iter().map(|event| {
        let purpose = event.data.consent().map(|change| &change.purpose);
        let purpose = purpose.map(PurposeKey::to_string).unwrap_or_default();
        (event.kind, purpose)
    });
    events.collect()
}

fn named(kind: EventType, purpose: &str) -> (EventType, String) {
    (kind, purpose.to_owned())
}

#[test]
fn a_reader_of_some_purposes_gets_those_and_erasures_and_passes_over_the_rest() {
    let book = book(NativeStore::in_memory());
    says_yes(&book, 1, true, 1);
    says_yes(&book, 2, true, 2);
    let person = good(book.events(None, "", 1, &[])).events[0]
        .data
        .subject
        .id;
    good(book.erase(None, person, None, at(3)));
    let news = sought(&EventType::ALL, &["NEWS"]);
    let page = good(book.event_page(None, "", 10, &news));
    let erased = named(EventType::Erased, "");
    let asked = named(EventType::Requested, "NEWS");
    assert_eq!(gist(&page), [asked.clone(), asked.clone(), erased.clone()]);
    assert!(!page.more);
    let usual = good(book.event_page(None, "", 10, &sought(&[], &["NEWS"])));
    assert_eq!(gist(&usual), [erased]);
    // A page that is full ends at its last event, and the next goes on behind it.
    let first = good(book.event_page(None, "", 1, &news));
    assert!(first.more);
    let second = good(book.event_page(None, &first.next, 1, &news));
    assert_eq!(gist(&second), [asked]);
    // What is not wanted is behind the reader too.
    says_yes(&book, 3, false, 4);
    let given = sought(&[EventType::Given], &["NEWS"]);
    let page = good(book.event_page(None, &page.next, 10, &given));
    assert!(page.events.is_empty() && !page.more);
    let last = good(book.events(None, "", 100, &[])).next;
    let seq = |cursor: &str| {
        let read = SiteCursor::parse(cursor, &snapshot().site, 1);
        read.expect("a cursor of ours").of(0)
    };
    assert!(seq(&page.next) >= seq(&last));
}

#[test]
fn a_purpose_that_is_rare_is_found_a_stretch_at_a_time() {
    let book = book(NativeStore::in_memory());
    says_yes(&book, 1, false, 1);
    let copies = "INSERT INTO event (kind, subject, act, body) SELECT kind, subject, act, body FROM (WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < ?) SELECT n FROM copy) CROSS JOIN (SELECT * FROM event WHERE seq = 1)";
    book.store
        .run(copies, vec![number(AHEAD)])
        .expect("many events");
    says_yes(&book, 2, true, 2);
    let news = sought(&[EventType::Requested], &["NEWS"]);
    let page = good(book.event_page(None, "", 10, &news));
    assert!(page.events.is_empty() && page.more);
    let page = good(book.event_page(None, &page.next, 10, &news));
    assert_eq!(gist(&page), [named(EventType::Requested, "NEWS")]);
    assert!(!page.more);
}

#[test]
fn a_cursor_of_before_is_read_and_one_that_is_ahead_of_all_is_refused() {
    let book = book(NativeStore::in_memory());
    let admit = |after: &str| book.admit_reader(None, after, 1);
    let refused = |after: &str| match admit(after) {
        Err(Failure::Problem(problem)) => (problem.status, problem.detail),
        _ => panic!("{after} was to be refused"),
    };
    assert_eq!(good(admit("")).seq, 0);
    assert_eq!(refused("AQAAAAAAAAAB").0, 400);
    says_yes(&book, 1, false, 1);
    let last = good(book.last_event()).seq;
    let former = |seq: u64| {
        let mut bytes = vec![1];
        bytes.extend(seq.to_be_bytes());
        sayso_shared::canonical::base64url(&bytes)
    };
    assert_eq!(good(admit(&former(last))).seq, last);
    let (status, detail) = refused(&former(last + 1));
    assert_eq!(status, 400);
    assert!(detail.contains("ahead of the last event"), "{detail}");
}

#[test]
fn whoever_waits_is_woken_by_what_is_wanted_alone() {
    let book = book(NativeStore::in_memory());
    let start = good(book.admit_reader(None, "", 1));
    let news = |types: &[EventType], purposes: &[&str]| {
        let wanted = good(sought(types, purposes).read());
        good(book.has_news(start, &wanted))
    };
    assert!(!news(&[], &[]));
    says_yes(&book, 1, true, 1);
    assert!(news(&[], &[]) && news(&[], &["STORE"]));
    assert!(!news(&[], &["NEWS"]), "it was only asked");
    assert!(news(&[EventType::Requested], &["NEWS"]));
    assert!(!news(&[EventType::Withdrawn], &[]));
    let person = good(book.events(None, "", 1, &[])).events[0]
        .data
        .subject
        .id;
    good(book.erase(None, person, None, at(3)));
    assert!(news(&[], &["NEWS"]), "an erasure is for everybody");
    let behind = good(book.last_event());
    assert!(!good(
        book.has_news(behind, &good(sought(&EventType::ALL, &[]).read()))
    ));
}

#[test]
fn a_wrong_name_says_what_is_right() {
    let book = book(NativeStore::in_memory());
    for (types, purposes, says) in [
        (
            vec!["given".to_owned()],
            Vec::new(),
            "consent.given, consent.refused",
        ),
        (Vec::new(), vec!["news".to_owned()], "such as EMARKETING"),
    ] {
        let refused = book.event_page(None, "", 10, &Sought { types, purposes });
        assert!(
            matches!(refused, Err(Failure::Problem(problem)) if problem.status == 400 && problem.detail.contains(says))
        );
    }
}

/// The CRM reads up to here, is stopped for a month, and goes on: meanwhile the collector was started again several times, people said
/// yes and no, one was erased and what ran out has expired.
#[test]
fn a_crm_that_stops_for_a_month_goes_on_where_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp");
    fs::create_dir_all(&folder).expect("a folder under target/");
    let file = folder.join(format!("month-{}.sqlite", std::process::id()));
    let open = || {
        let book = Book::open(NativeStore::at(&file), Ok(Settings::for_tests()));
        good(book.learn(snapshot(), at(0)));
        book
    };
    let first = open();
    for nth in 1..=4 {
        says_yes(&first, nth, false, i64::from(nth));
    }
    let stopped = good(first.events(None, "", 2, &[]));
    assert_eq!(stopped.events.len(), 2);
    let rest: Vec<_> = good(first.events(None, &stopped.next, 100, &[])).events;
    let erased = rest[0].data.subject.id;
    drop(first);
    for day in 1..=31_u8 {
        let book = open();
        let now = i64::from(day) * DAY;
        good(book.lapse(at(now)));
        good(book.expire(at(now)));
        good(book.let_go(at(now)));
        if day % 10 == 0 {
            says_yes(&book, 100 + day, false, now);
        }
        if day == 20 {
            good(book.erase(None, erased, None, at(now)));
        }
    }
    let book = open();
    let (mut cursor, mut seen) = (stopped.next, Vec::new());
    loop {
        let page = good(book.events(None, &cursor, 2, &[]));
        seen.extend(page.events);
        cursor = page.next;
        if !page.more {
            break;
        }
    }
    let all = good(book.events(None, "", 1000, &[])).events;
    assert_eq!(seen, all[2..], "nothing twice, nothing left out");
    let ids = |events: &[sayso_shared::event::Event]| -> Vec<_> {
        events.iter().map(|event| event.data.id).collect()
    };
    assert!(
        ids(&seen).starts_with(&ids(&rest)),
        "what waited comes first"
    );
    assert!(seen.iter().any(|event| event.kind == EventType::Erased));
    assert!(
        seen.last()
            .is_some_and(|last| last.timestamp >= at(30 * DAY))
    );
    drop(book);
    fs::remove_file(&file).expect("the file");
}

#[test]
fn the_cursor_of_a_split_site_goes_on_after_a_month_too() {
    let ledgers = Split::over(3);
    for person in 0..9 {
        ledgers.says_yes(person, at(person.into()), [1; 10]);
    }
    let stopped = ledgers.page("", 5);
    for person in 9..20 {
        ledgers.says_yes(person, at(31 * DAY + i64::from(person)), [2; 10]);
    }
    let rest = ledgers.page(&stopped.next, 1000);
    let mut seen: Vec<_> = stopped.events.iter().chain(&rest.events).collect();
    seen.sort_by_key(|event| event.data.id);
    seen.dedup();
    assert_eq!(seen.len(), stopped.events.len() + rest.events.len());
    for person in 0..20 {
        let email = address(person);
        let _ = ledgers.whose(Whose::Address(&email));
        let theirs = seen.iter();
        let theirs =
            theirs.filter(|event| event.data.subject.email.as_deref() == Some(email.exposed()));
        assert_eq!(theirs.count(), 1, "{person}");
    }
}
