//! Checking on plain SQLite: nobody is mailed who did not say yes, however the site is split.

use sayso_shared::{
    check::Denied, email::EmailAddress, id::uuid_v7, key::PurposeKey, visitor::VisitorClass,
};

use super::{
    book::Book,
    fixture::{ORIGIN, at, book, choices, good, personal_snapshot, submission},
    shards::Whose,
    split::{Split, address, key},
};
use crate::{failure::Failure, native_store::NativeStore};

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

fn purpose(text: &str) -> PurposeKey {
    PurposeKey::parse(text).expect("a purpose")
}

/// Says yes to NEWS or no; gives the tokens of the mail, if there is one.
fn says(book: &Book<NativeStore>, nth: u8, person: &str, news: bool) -> Vec<String> {
    let now = at(nth.into());
    let id = uuid_v7(now, [nth; 10]);
    let document = submission(id, person, &choices(news, news), now);
    let (status, _) = good(book.record(&document, Some(ORIGIN), now));
    assert_eq!(status, 201);
    let Some(mail) = good(book.waiting_mails()).pop() else {
        return Vec::new();
    };
    let letter = good(book.mail(&mail.id)).expect("a mail").letter;
    let links = letter.links.iter();
    let tokens = links.filter_map(|link: &String| link.rsplit('/').next());
    tokens.map(str::to_owned).collect()
}

fn confirm(book: &Book<NativeStore>, token: &str) {
    let news = ["NEWS".to_owned()].into();
    good(book.confirm(token, &news, VisitorClass::Browser, at(50)));
}

#[test]
fn each_address_is_answered_in_its_place() {
    let book = book(NativeStore::in_memory());
    let confirmed = says(&book, 1, "given@example.com", true);
    confirm(&book, &confirmed[0]);
    says(&book, 2, "asked@example.com", true);
    says(&book, 3, "refused@example.com", false);
    let withdrawn = says(&book, 4, "withdrawn@example.com", true);
    let news = purpose("NEWS");
    good(book.withdraw(&withdrawn[1], Some(&news), at(60)));
    let erased = says(&book, 5, "erased@example.com", true);
    confirm(&book, &erased[0]);
    let person = good(book.look_up(None, &email("erased@example.com"))).id;
    good(book.erase(None, person, None, at(70)));
    let expected = [
        ("given@example.com", None),
        ("nobody@example.com", Some(Denied::Unknown)),
        ("asked@example.com", Some(Denied::Requested)),
        ("GIVEN@Example.COM", None),
        ("refused@example.com", Some(Denied::Refused)),
        ("withdrawn@example.com", Some(Denied::Withdrawn)),
        ("erased@example.com", Some(Denied::Unknown)),
        ("given@example.com", None),
    ];
    let emails = expected.map(|(text, _)| email(text));
    let judged = good(book.check(None, &news, &emails, at(80)));
    assert_eq!(judged, expected.map(|(_, denied)| denied));
    let written = book.store.rows_written();
    good(book.check(None, &news, &emails, at(80)));
    assert_eq!(
        book.store.rows_written(),
        written,
        "looking changes nothing"
    );
}

#[test]
fn a_part_holds_while_its_whole_does() {
    let book = book(NativeStore::in_memory());
    good(book.learn(personal_snapshot(), at(0)));
    let tokens = says(&book, 1, "jan@example.com", true);
    let judge = |purpose_key: &str| {
        let emails = [email("jan@example.com")];
        good(book.check(None, &purpose(purpose_key), &emails, at(80)))[0]
    };
    assert_eq!(judge("INVITES"), Some(Denied::Requested));
    confirm(&book, &tokens[0]);
    assert_eq!((judge("NEWS"), judge("INVITES")), (None, None));
    good(book.withdraw(&tokens[1], Some(&purpose("NEWS")), at(60)));
    let stopped = Some(Denied::Withdrawn);
    assert_eq!((judge("NEWS"), judge("INVITES")), (stopped, stopped));
}

#[test]
fn a_purpose_that_the_site_has_not_is_refused_with_those_that_it_has() {
    let book = book(NativeStore::in_memory());
    let refused = book.check(None, &purpose("NOWS"), &[email("jan@example.com")], at(1));
    let Err(Failure::Problem(problem)) = refused else {
        panic!("not refused");
    };
    assert_eq!((problem.status, problem.errors.len()), (422, 1));
    assert_eq!(problem.errors[0].pointer, "/purpose");
    assert!(problem.errors[0].detail.contains("STORE, NEWS"));
}

#[test]
fn in_a_split_site_each_ledger_answers_for_its_people_and_for_nobody_else() {
    let (ledgers, key) = (Split::over(3), key().exposed());
    let store = purpose("STORE");
    for person in 0..12 {
        ledgers.says_yes(person, at(person.into()), [3; 10]);
    }
    for person in 0..24 {
        let email = address(person);
        let book = ledgers.whose(Whose::Address(&email));
        let judged = good(book.check(Some(&key), &store, std::slice::from_ref(&email), at(100)));
        let expected = (person >= 12).then_some(Denied::Unknown);
        assert_eq!(judged, [expected]);
        for other in &ledgers.books {
            if !std::ptr::eq(other, book) {
                let asked = other.check(Some(&key), &store, std::slice::from_ref(&email), at(100));
                assert!(matches!(asked, Err(Failure::Problem(problem)) if problem.status == 421));
            }
        }
    }
}
