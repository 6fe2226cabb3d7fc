//! Sites of 1, 3 and 16 shards: so many books, asked as the Worker asks them.

use std::collections::{BTreeMap, BTreeSet};

use sayso_shared::{
    email::EmailAddress, event::Event, id::uuid_v7, shard::Sharding, visitor::VisitorClass,
};
use uuid::Uuid;

use super::{
    Ask,
    book::Book,
    fixture::{ORIGIN, at, choices, good, snapshot, state, submission},
    pull::Sought,
    shards::{Misdirected, Whose, ask_of_each},
    split::{Split, address, finish},
};
use crate::{dice::Dice, failure::Failure, failure::Outcome, settings::Settings};

const NUMBERS: [u16; 3] = [1, 3, 16];

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
        let ledgers = Split::over(shards);
        let mut dice = Dice::new(u64::from(shards));
        let (mut seen, mut cursor) = (Vec::<Event>::new(), String::new());
        let mut links: Vec<[String; 2]> = Vec::new();
        let read = |seen: &mut Vec<Event>, cursor: &mut String| {
            let page = ledgers.page(cursor, 7);
            assert!(page.events.len() <= 7 && (!page.more || !page.events.is_empty()));
            seen.extend(page.events);
            *cursor = page.next;
            page.more
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
                    good(ledgers.linked(&confirm).confirm(
                        &confirm,
                        &chosen,
                        VisitorClass::Browser,
                        now,
                    ));
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
        let ledgers = Split::over(shards);
        for person in 0..40 {
            let nth = u8::try_from(person).expect("below 256");
            let [confirm, _] = ledgers.says_yes(person, at(1), [nth; 10]);
            let id = ledgers.look_up(person).expect("on record");
            let by_id = ledgers.whose(Whose::Subject(id));
            assert_eq!(good(by_id.consents(None, id)).subject.id, id);
            let view = good(ledgers.linked(&confirm).show_confirm(&confirm, at(2)));
            assert_eq!(state(&view), "waiting");

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
        let ledgers = Split::over(shards);
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
        let ledgers = Split::of(books.collect(), &sharding);
        let found = |ledgers: &Split| -> Vec<Uuid> {
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
        let ledgers = Split::upon(ledgers.stores(), &sharding, replacing);
        let ledgers = Split::upon(ledgers.stores(), &sharding, || {
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
        let ledgers = Split::over(shards);
        let book = &ledgers.books[0];
        let told = misdirected(book.event_part(None, "", 10, &Sought::default(), 5));
        assert_eq!(told.sharding.map_or(1, |told| told.shards), shards);
        if shards > 1 {
            let told = misdirected(book.events(None, "", 10, &[]));
            assert_eq!(told.sharding.map(|told| told.shards), Some(shards));
        }
    }
}

#[test]
fn a_site_that_is_made_again_with_another_number_is_served_by_that_number() {
    let sites = [(16, 5), (16, 6), (3, 6), (1, 6), (16, 5), (1, 5)];
    let sites = sites.map(|(shards, secret)| Sharding::new(shards, [secret; 32]));
    // The same thread, so what it remembers is of the site before.
    for sharding in &sites {
        let ledgers = Split::by(sharding);
        let page = ledgers.page("", 100);
        assert!(page.events.is_empty() && !page.more);
        for person in 0..20 {
            assert_eq!(ledgers.look_up(person), None);
            let nth = u8::try_from(person).expect("below 256");
            ledgers.says_yes(person, at(1), [nth; 10]);
            assert!(ledgers.look_up(person).is_some());
        }
        assert_eq!(ledgers.page("", 100).events.len(), 20);
    }
    // Whatever is asked first after it was made again.
    for first in 0..3 {
        for sharding in &sites {
            let ledgers = Split::by(sharding);
            match first {
                0 => drop(ledgers.says_yes(1, at(1), [1; 10])),
                1 => assert_eq!(ledgers.look_up(1), None),
                _ => assert_eq!(each(&ledgers, 50), 50),
            }
        }
    }
}

#[test]
fn one_ledger_is_asked_once_and_one_of_many_too_as_soon_as_it_is_known() {
    for shards in NUMBERS {
        let ledgers = Split::over(shards);
        let mut hops = (0..20).map(|person| {
            let before = ledgers.asked.get();
            let nth = u8::try_from(person).expect("below 256");
            ledgers.says_yes(person, at(1), [nth; 10]);
            ledgers.asked.get() - before
        });
        assert!(hops.next().is_some_and(|hops| hops <= 3));
        assert!(hops.all(|hops| hops == 1), "{shards}");
        let before = ledgers.asked.get();
        ledgers.page("", 100);
        assert_eq!(ledgers.asked.get() - before, u32::from(shards));
    }
}

/// Looks many people up at once, and gives how many of them are spoken of in an answer: each by one ledger, its own.
fn each(ledgers: &Split, people: u32) -> usize {
    let people: Vec<EmailAddress> = (0..people).map(address).collect();
    let first_of = |group: &[usize]| Ask::LookUp {
        key: None,
        email: people[group[0]].exposed().to_owned(),
    };
    let answers = good(finish(ask_of_each(ledgers, &people, first_of)));
    let mut spoken = BTreeSet::new();
    for (group, told) in answers {
        assert_eq!(told.status, 404, "nobody is on record");
        let shards = group
            .iter()
            .map(|at| ledgers.sharding.of_address(&people[*at]));
        let shards: BTreeSet<u16> = shards.collect();
        assert_eq!(shards.len(), 1);
        spoken.extend(group);
    }
    spoken.len()
}
