//! The tables of a ledger: each older version is brought up with what is in it.

use sayso_shared::{email::EmailAddress, id::uuid_v7, submitted::Submission};
use serde::{Deserialize, de::DeserializeOwned};
use serde_bytes::ByteBuf;
use uuid::Uuid;

use super::{
    book::{Book, SCHEMA},
    fixture::{ORIGIN, at, book, choices, good, snapshot, submission},
};
use crate::{
    failure::Failure,
    native_store::NativeStore,
    schema::Schema,
    settings::Settings,
    store::{Store as _, Value, text},
};

/// What each older version had in it, upon what the one before had.
const FORMER: [&str; 6] = [
    include_str!("../../sql/testdata/ledger_1.sql"),
    include_str!("../../sql/testdata/ledger_2.sql"),
    include_str!("../../sql/testdata/ledger_3.sql"),
    include_str!("../../sql/testdata/ledger_4.sql"),
    include_str!("../../sql/testdata/ledger_5.sql"),
    include_str!("../../sql/testdata/ledger_6.sql"),
];

/// The person of version 1, and the one that each further version added.
const PEOPLE: [&str; 6] = [
    "01a20000-0000-7000-8000-000000000001",
    "01a20000-0000-7000-8000-000000000011",
    "01a20000-0000-7000-8000-000000000021",
    "01a20000-0000-7000-8000-000000000031",
    "01a20000-0000-7000-8000-000000000041",
    "01a20000-0000-7000-8000-000000000051",
];

/// A ledger of an older version with that version's data in it, brought up.
fn brought_up_from(version: usize) -> Book<NativeStore> {
    brought_up(version, |_| ())
}

/// The same, with more in it before.
fn brought_up(version: usize, more: impl FnOnce(&NativeStore)) -> Book<NativeStore> {
    let store = NativeStore::in_memory();
    for (index, data) in FORMER[..version].iter().enumerate() {
        let older = Schema {
            versions: &SCHEMA.versions[..=index],
        };
        good(store.commit(|| older.bring_up(&store)));
        good(store.commit(|| Ok(store.run(data, Vec::new())?)));
    }
    more(&store);
    let book = Book::open(store, Ok(Settings::for_tests()));
    good(book.learn(snapshot(), at(0)));
    assert_eq!(good(Schema::version_of(&book.store)), SCHEMA.newest());
    book
}

fn one<T: DeserializeOwned>(book: &Book<NativeStore>, question: &str) -> T {
    let row = book
        .store
        .row(question, Vec::new())
        .expect("a good question");
    row.expect("a row")
}

#[test]
fn every_older_version_of_the_tables_is_brought_up_with_what_is_in_it() {
    #[derive(Deserialize)]
    struct Receipt {
        receipt: String,
    }
    assert_eq!(
        FORMER.len() + 1,
        SCHEMA.newest(),
        "each older version has data"
    );
    for version in 1..SCHEMA.newest() {
        let book = brought_up_from(version);
        for person in &PEOPLE[..version] {
            let standing = good(book.standing(person));
            assert_eq!(standing.len(), 1, "{person} from version {version}");
        }
        let receipt: Receipt = one(&book, "SELECT receipt FROM act");
        assert_eq!(receipt.receipt, "a.b.c");
    }
}

#[test]
fn a_lane_of_version_4_stands_where_it_stood_with_nothing_to_tell_and_nothing_to_send_again() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Lane {
        cursor: u32,
        failures: u32,
        attempts: u32,
        alert_at: Option<i64>,
        resend_at: Option<i64>,
    }
    let store = NativeStore::in_memory();
    let older = Schema {
        versions: &SCHEMA.versions[..4],
    };
    good(store.commit(|| older.bring_up(&store)));
    store.run(FORMER[3], Vec::new()).expect("data of version 4");
    good(store.commit(|| SCHEMA.bring_up(&store)));
    let question = "SELECT cursor, failures, attempts, alert_at, resend_at FROM lane JOIN dead_letter USING (endpoint)";
    let lane: Option<Lane> = store.row(question, Vec::new()).expect("rows");
    let expected = Lane {
        cursor: 3,
        failures: 2,
        attempts: 0,
        alert_at: None,
        resend_at: None,
    };
    assert_eq!(lane, Some(expected));
}

#[test]
fn what_was_promised_before_version_3_is_known_afterwards() {
    #[derive(Deserialize)]
    struct Row {
        id: Uuid,
        keep_until: Option<i64>,
    }
    #[derive(Deserialize)]
    struct Received {
        received_at: Option<i64>,
    }
    let book = brought_up_from(2);
    let kept: Vec<Row> = book
        .store
        .rows("SELECT id, keep_until FROM subject ORDER BY id", Vec::new())
        .expect("rows");
    let kept: Vec<_> = kept
        .iter()
        .map(|row| (row.id.to_string(), row.keep_until))
        .collect();
    // A yes holds; what was stopped is kept for the thirty days that its words said.
    let thirty_days = 1_800_000_000_000 + 30 * 24 * 3_600_000;
    let expected = [(PEOPLE[0], None), (PEOPLE[1], Some(thirty_days))];
    assert_eq!(kept, expected.map(|(id, until)| (id.to_owned(), until)));
    let received: Received = one(
        &book,
        "SELECT received_at FROM submission WHERE subject LIKE '%11'",
    );
    assert_eq!(received.received_at, Some(1_800_000_000_000));
}

#[test]
fn a_person_of_version_2_is_found_and_opened_and_their_submission_recognised() {
    #[derive(Deserialize)]
    struct Kept {
        id: String,
        lookup: ByteBuf,
        wrapped: ByteBuf,
        person: ByteBuf,
        kek: String,
    }
    #[derive(Deserialize)]
    struct Submitted {
        id: String,
        facts: String,
        answer: String,
        person: ByteBuf,
    }
    let document = |store| {
        let choices = choices(store, false);
        submission(uuid_v7(at(1), [1; 10]), "jan@example.com", &choices, at(1))
    };
    // Sealed as ever; version 2 kept the wrapped key with the person, and the digest without a key.
    let newest = book(NativeStore::in_memory());
    good(newest.record(&document(true), Some(ORIGIN), at(2)));
    let kept: Kept = one(
        &newest,
        "SELECT id, lookup, wrapped, person, kek FROM subject JOIN subject_key USING (slot)",
    );
    let submitted: Submitted = one(&newest, "SELECT id, facts, answer, person FROM submission");
    let digest = Submission::parse(&document(true))
        .expect("it is good")
        .digest;
    let blob = |bytes: &ByteBuf| Value::Blob(bytes.to_vec());
    let brought_up = brought_up(2, |store| {
        let values = vec![
            text(&kept.id),
            blob(&kept.lookup),
            blob(&kept.wrapped),
            blob(&kept.person),
            text(&kept.kek),
        ];
        let subject = "INSERT INTO subject (id, lookup, wrapped_key, person, created_at, kek) VALUES (?, ?, ?, ?, 1800000000000, ?)";
        store.run(subject, values).expect("a subject");
        let values = vec![
            text(&submitted.id),
            text(&kept.id),
            text(&digest),
            text(&submitted.facts),
            text(&submitted.answer),
            blob(&submitted.person),
        ];
        let taken = "INSERT INTO submission (id, subject, digest, facts, answer, person) VALUES (?, ?, ?, ?, ?, ?)";
        store.run(taken, values).expect("a submission");
    });
    let keys = good(brought_up.keys());
    let email = EmailAddress::parse("jan@example.com").expect("an address");
    let found = good(brought_up.known_subject(&keys, &snapshot().site, &email));
    assert_eq!(found.expect("the person").id.to_string(), kept.id);
    let (status, _) = good(brought_up.record(&document(true), Some(ORIGIN), at(3)));
    assert_eq!(status, 200);
    let other = brought_up.record(&document(false), Some(ORIGIN), at(3));
    assert!(matches!(other, Err(Failure::Problem(problem)) if problem.status == 409));
}

#[test]
fn nothing_that_names_a_forgotten_person_is_brought_up() {
    #[derive(Deserialize)]
    struct Row {
        digest: String,
        person: Option<ByteBuf>,
        client: Option<ByteBuf>,
    }
    let book = brought_up(2, |store| {
        let forget = "DELETE FROM subject WHERE id LIKE '%11'";
        store.run(forget, Vec::new()).expect("gone");
    });
    let of = |person: &str| -> Row {
        one(
            &book,
            &format!("SELECT digest, person, client FROM submission WHERE subject = '{person}'"),
        )
    };
    let forgotten = of(PEOPLE[1]);
    assert_eq!(forgotten.digest, "");
    assert!(forgotten.person.is_none() && forgotten.client.is_none());
    assert_eq!(of(PEOPLE[0]).digest, "digest", "the other one is here");
}

#[test]
fn a_reader_of_events_is_served_by_an_index_and_not_through_all() {
    let statements = [
        include_str!("../../sql/ledger/event_page.sql"),
        include_str!("../../sql/ledger/event_news.sql"),
    ];
    statements.into_iter().for_each(is_read_by_type);
}

fn is_read_by_type(statement: &str) {
    #[derive(Deserialize)]
    struct Step {
        detail: String,
    }
    let book = brought_up_from(2);
    let question = format!("EXPLAIN QUERY PLAN {statement}");
    let mut values = vec![
        Value::Integer(0),
        text(r#"["subject.erased","consent.given"]"#),
    ];
    if statement.contains("?3") {
        values.push(Value::Integer(1));
    }
    let steps: Vec<Step> = book.store.rows(&question, values).expect("a plan");
    let plan: Vec<_> = steps.into_iter().map(|step| step.detail).collect();
    let by_kind = "event_kind (kind=? AND rowid>?)";
    let by_kind_too = "event_kind (kind=? AND seq>?)";
    assert!(
        plan.iter()
            .any(|step| step.contains(by_kind) || step.contains(by_kind_too)),
        "{plan:#?}"
    );
    let scans = |step: &String| step.starts_with("SCAN event") || step.starts_with("SCAN known");
    assert!(!plan.iter().any(scans), "{plan:#?}");
}
