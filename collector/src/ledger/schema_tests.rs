//! The tables of a ledger: each older version is brought up with what is in it.

use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    book::{Book, SCHEMA},
    fixture::{at, good, snapshot},
};
use crate::{native_store::NativeStore, schema::Schema, settings::Settings, store::Store as _};

/// What each older version had in it, upon what the one before had.
const FORMER: [&str; 2] = [
    include_str!("../../sql/testdata/ledger_1.sql"),
    include_str!("../../sql/testdata/ledger_2.sql"),
];

/// The person of version 1, and the one that version 2 added.
const PEOPLE: [&str; 2] = [
    "01a20000-0000-7000-8000-000000000001",
    "01a20000-0000-7000-8000-000000000011",
];

/// A ledger of an older version with that version's data in it, brought up.
fn brought_up_from(version: usize) -> Book<NativeStore> {
    let store = NativeStore::in_memory();
    let older = Schema {
        versions: &SCHEMA.versions[..version],
    };
    good(store.commit(|| older.bring_up(&store)));
    for data in &FORMER[..version] {
        good(store.commit(|| Ok(store.run(data, Vec::new())?)));
    }
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
