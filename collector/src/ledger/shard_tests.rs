//! Sites of 1, 3 and 16 shards: so many books, asked as the Worker asks them.

use std::collections::{BTreeMap, BTreeSet};

use sayso_shared::{
    email::EmailAddress,
    event::Event,
    id::uuid_v7,
    merge::share,
    shard::{SealedSharding, Sharding},
    snapshot::Snapshot,
    time::Timestamp,
    token::Token,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    book::Book,
    fixture::{ORIGIN, at, choices, good, snapshot, submission},
    pull::{EventPart, join},
    shards::{Misdirected, Whose},
};
use crate::{
    dice::Dice, failure::Failure, failure::Outcome, native_store::NativeStore, settings::Settings,
};

const NUMBERS: [u16; 3] = [1, 3, 16];

/// All ledgers of a site.
struct Ledgers {
    sharding: Sharding,
    books: Vec<Book<NativeStore>>,
}

fn address(person: u32) -> EmailAddress {
    EmailAddress::parse(&format!("person-{person}@example.com")).expect("an address")
}

fn split(sharding: &Sharding, settings: &Settings, revision: u64) -> Snapshot {
    let mut snapshot = snapshot();
    let vault = settings.vault();
    snapshot.sharding = SealedSharding::of(sharding, &snapshot.site, &vault, [7; 12]);
    snapshot.definition.shards = sharding.shards();
    snapshot.revision = revision;
    snapshot
}

impl Ledgers {
    fn of(shards: u16) -> Self {
        let stores = (0..shards).map(|_| NativeStore::in_memory());
        Self::upon(stores, &Sharding::new(shards, [5; 32]), Settings::for_tests)
    }

    /// Opens them, and tells them of the site as it is sealed now.
    fn upon(
        stores: impl Iterator<Item = NativeStore>,
        sharding: &Sharding,
        settings: impl Fn() -> Settings,
    ) -> Self {
        let books = (0..).zip(stores).map(|(shard, store)| {
            let book = Book::open(store, Ok(settings()));
            let known = book.snapshot().map_or(0, |known| known.revision);
            let snapshot = split(sharding, &settings(), known + 1);
            good(book.learn(Snapshot { shard, ..snapshot }, at(0)));
            book
        });
        Self {
            books: books.collect(),
            sharding: sharding.clone(),
        }
    }

    fn stores(self) -> impl Iterator<Item = NativeStore> {
        self.books.into_iter().map(|book| book.store)
    }

    fn whose(&self, whose: Whose<'_>) -> &Book<NativeStore> {
        &self.books[usize::from(whose.shard(&self.sharding))]
    }

    /// Says yes to both purposes, and gives the tokens of the mail: to confirm, where there is something to, and the personal one.
    fn says_yes(&self, person: u32, now: Timestamp, random: [u8; 10]) -> [String; 2] {
        let email = address(person);
        let book = self.whose(Whose::Address(&email));
        let id = uuid_v7(now, random);
        let document = submission(id, email.exposed(), &choices(true, true), now);
        assert_eq!(good(book.record(&document, Some(ORIGIN), now)).0, 201);
        let mail = good(book.waiting_mails()).pop().expect("a mail");
        let letter = good(book.mail(&mail.id)).expect("a mail");
        good(book.note_sent(&mail.id, now));
        [0, 1].map(|nth| {
            let link = letter.links.get(nth).or(letter.links.last());
            let (_, token) = link.and_then(|link| link.rsplit_once('/')).expect("a link");
            token.to_owned()
        })
    }

    /// The ledger that a link leads to, by what stands in it.
    fn linked(&self, token: &str) -> &Book<NativeStore> {
        &self.books[usize::from(Token::parse(token).expect("a token").shard())]
    }

    fn look_up(&self, person: u32) -> Option<Uuid> {
        let email = address(person);
        let found = self.whose(Whose::Address(&email)).look_up(None, &email);
        match found {
            Ok(subject) => Some(subject.id),
            Err(Failure::Problem(problem)) if problem.status == 404 => None,
            Err(failure) => good(Err(failure)),
        }
    }

    /// A page as the Worker makes it.
    fn page(&self, after: &str, limit: u32) -> (Vec<Event>, String, bool) {
        let shards = self.sharding.shards();
        if shards == 1 {
            let page = good(self.books[0].events(None, after, limit, &[]));
            return (page.events, page.next, page.more);
        }
        let most = share(limit, shards);
        let parts = self.books.iter().map(|book| {
            let part = good(book.event_part(None, after, most, &[], shards));
            let bytes = serde_json::to_vec(&part).expect("JSON");
            serde_json::from_slice::<EventPart<Box<RawValue>>>(&bytes).expect("JSON")
        });
        let parts: Vec<_> = parts.collect();
        let page = good(join(&snapshot().site, after, &parts, limit));
        let events = page.events.iter();
        let events = events.map(|event| serde_json::from_str(event.get()).expect("an event"));
        (events.collect(), page.next, page.more)
    }
}

fn misdirected<T>(outcome: Outcome<T>) -> Misdirected {
    match outcome {
        Err(Failure::Problem(problem)) if problem.status == 421 => {
            serde_json::from_str(&serde_json::to_string(&problem).expect("JSON")).expect("JSON")
        }
        _ => panic!("not misdirected"),
    }
}

#[test]
fn whatever_people_do_a_reader_sees_all_of_it_once_and_each_person_in_order() {
    for shards in NUMBERS {
        let ledgers = Ledgers::of(shards);
        let mut dice = Dice::new(u64::from(shards));
        let (mut seen, mut cursor) = (Vec::<Event>::new(), String::new());
        let mut links: Vec<[String; 2]> = Vec::new();
        let read = |seen: &mut Vec<Event>, cursor: &mut String| {
            let (events, next, more) = ledgers.page(cursor, 7);
            assert!(events.len() <= 7 && (!more || !events.is_empty()));
            seen.extend(events);
            *cursor = next;
            more
        };
        for step in 1..600 {
            // A clock that steps back now and then.
            let now = at(i64::from(step) * 10 - i64::from(dice.below(40)));
            let link = dice.pick(&links).cloned();
            match (dice.below(6), link) {
                (0 | 1, _) | (_, None) => {
                    links.push(ledgers.says_yes(dice.below(60), now, dice.bytes()));
                }
                (2, Some([confirm, _])) => {
                    let chosen = BTreeSet::from(["NEWS".to_owned()]);
                    good(ledgers.linked(&confirm).confirm(&confirm, &chosen, now));
                }
                (3, Some([_, personal])) => {
                    good(ledgers.linked(&personal).withdraw(&personal, None, now));
                }
                _ => drop(read(&mut seen, &mut cursor)),
            }
        }
        while read(&mut seen, &mut cursor) {}

        let mut written = BTreeMap::new();
        for book in &ledgers.books {
            for event in good(book.part_of_all(shards)) {
                written.insert(event.data.id, event);
            }
        }
        let read: BTreeMap<Uuid, Event> = seen
            .iter()
            .map(|event| (event.data.id, event.clone()))
            .collect();
        assert_eq!(seen.len(), read.len(), "nothing twice");
        assert!(read == written, "{shards}: nothing left out");
        let mut last: BTreeMap<Uuid, u64> = BTreeMap::new();
        for event in &seen {
            let before = last.insert(event.data.subject.id, event.data.seq);
            assert!(before < Some(event.data.seq), "a person's events in order");
        }
        let used = ledgers.books.iter().filter(|book| {
            let part = good(book.part_of_all(shards));
            !part.is_empty()
        });
        assert_eq!(used.count(), usize::from(shards), "each shard has somebody");
    }
}

#[test]
fn a_person_is_found_by_address_by_id_and_by_link_and_by_no_other_ledger() {
    for shards in NUMBERS {
        let ledgers = Ledgers::of(shards);
        for person in 0..40 {
            let nth = u8::try_from(person).expect("below 256");
            let [confirm, _] = ledgers.says_yes(person, at(1), [nth; 10]);
            let id = ledgers.look_up(person).expect("on record");
            let by_id = ledgers.whose(Whose::Subject(id));
            assert_eq!(good(by_id.consents(None, id)).subject.id, id);
            let view = good(ledgers.linked(&confirm).show_confirm(&confirm, at(2)));
            assert!(serde_json::to_value(view).expect("JSON")["state"] == "waiting");

            let email = address(person);
            for book in &ledgers.books {
                if std::ptr::eq(book, by_id) {
                    continue;
                }
                let told = [
                    misdirected(book.look_up(None, &email)),
                    misdirected(book.consents(None, id)),
                    misdirected(book.record(
                        &submission(
                            uuid_v7(at(3), [nth; 10]),
                            email.exposed(),
                            &choices(true, true),
                            at(3),
                        ),
                        Some(ORIGIN),
                        at(3),
                    )),
                ];
                for told in told {
                    let vault = Settings::for_tests().vault();
                    let told = told.sharding.expect("several shards");
                    let opened = told.open(&snapshot().site, &vault);
                    assert!(opened.is_ok_and(|opened| opened == ledgers.sharding));
                }
            }
        }
    }
}

#[test]
fn replacing_the_key_encryption_key_leaves_everybody_where_they_are() {
    for shards in NUMBERS {
        let ledgers = Ledgers::of(shards);
        let people = 0..30;
        let known: Vec<Uuid> = people
            .clone()
            .map(|person| {
                let nth = u8::try_from(person).expect("below 256");
                ledgers.says_yes(person, at(1), [nth; 10]);
                ledgers.look_up(person).expect("on record")
            })
            .collect();
        let sharding = ledgers.sharding.clone();
        let replacing = || Settings::for_tests().with_new_kek([9; 32]);

        // The ledgers know the site by what the former key sealed, and the site has not sealed it anew yet.
        let books = ledgers
            .stores()
            .map(|store| Book::open(store, Ok(replacing())));
        let ledgers = Ledgers {
            books: books.collect(),
            sharding: sharding.clone(),
        };
        let found = |ledgers: &Ledgers| -> Vec<Uuid> {
            let people = people.clone();
            people
                .filter_map(|person| ledgers.look_up(person))
                .collect()
        };
        assert_eq!(found(&ledgers), known);
        for book in &ledgers.books {
            let mut after = Some(String::new());
            while let Some(last) = after {
                after = good(book.rewrap_some(&last));
            }
        }
        // Sealed anew, learned, and the former key thrown away.
        let ledgers = Ledgers::upon(ledgers.stores(), &sharding, replacing);
        let ledgers = Ledgers::upon(ledgers.stores(), &sharding, || {
            replacing().without_former_kek()
        });
        assert_eq!(found(&ledgers), known);
        for person in people.clone() {
            let nth = u8::try_from(person).expect("below 256");
            ledgers.says_yes(person, at(5), [100 + nth; 10]);
        }
        assert_eq!(found(&ledgers), known, "who comes back is the same person");
    }
}

#[test]
fn a_reader_that_takes_the_site_for_split_otherwise_is_told_how_it_is() {
    for shards in NUMBERS {
        let ledgers = Ledgers::of(shards);
        let book = &ledgers.books[0];
        let told = misdirected(book.event_part(None, "", 10, &[], 5));
        assert_eq!(told.sharding.map_or(1, |told| told.shards), shards);
        if shards > 1 {
            let told = misdirected(book.events(None, "", 10, &[]));
            assert_eq!(told.sharding.map(|told| told.shards), Some(shards));
        }
    }
}

impl Book<NativeStore> {
    /// Everything that this ledger has.
    fn part_of_all(&self, shards: u16) -> Outcome<Vec<Event>> {
        Ok(self.event_part(None, "", 10_000, &[], shards)?.events)
    }
}
