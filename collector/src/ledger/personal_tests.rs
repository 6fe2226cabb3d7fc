//! The links of mails on plain SQLite: switches, stopping, asking again, revoking, and what looking leaves behind.

use sayso_shared::{
    consent::Status,
    email::EmailAddress,
    event::{Event, EventType, Method},
    id::uuid_v7,
    key::PurposeKey,
    language::Language,
    mailing::Handover,
    purpose::Source,
    visitor::{VisitorClass, Visits},
};

use super::{
    book::Book,
    fixture::{ORIGIN, at, choices, good, personal_snapshot, state, submission},
    personal::{Pressed, Reader},
};
use crate::{
    failure::Outcome,
    letter::Letter,
    mailer::Mailer,
    native_store::NativeStore,
    pages::{Can, ChoiceView, ConfirmView, Gone, PersonalView, PreferencesView},
    settings::Settings,
};

const MINUTE: i64 = 60_000;

/// A book with the words of the personal page in it, whose mails really leave: an address gets three a day.
fn personal_book() -> Book<NativeStore> {
    let mut settings = Settings::for_tests();
    settings.mailer = Mailer::Cloudflare;
    let book = Book::open(NativeStore::in_memory(), Ok(settings));
    good(book.learn(personal_snapshot(), at(0)));
    book
}

fn key(name: &str) -> PurposeKey {
    PurposeKey::parse(name).expect("a purpose")
}

/// Answers the form, and takes the mail that comes of it out of the outbox.
fn answers(book: &Book<NativeStore>, nth: u8, store: bool, news: bool, millis: i64) -> Letter {
    let id = uuid_v7(at(millis), [nth; 10]);
    let document = submission(id, "jan@example.com", &choices(store, news), at(millis));
    let (status, _) = good(book.record(&document, Some(ORIGIN), at(millis)));
    assert_eq!(status, 201);
    newest(book, millis)
}

/// The newest mail, which leaves.
fn newest(book: &Book<NativeStore>, millis: i64) -> Letter {
    let waiting = good(book.waiting_mails());
    let id = &waiting.last().expect("a mail").id;
    let letter = good(book.mail(id)).expect("a mail").letter;
    good(book.note_handover(id, &Handover::Taken, at(millis)));
    letter
}

fn token(letter: &Letter, route: &str) -> String {
    let mut links = letter.links.iter();
    let link = links.find(|link| link.contains(route));
    let link = link.unwrap_or_else(|| panic!("no link to {route} in {:?}", letter.links));
    link.rsplit('/').next().expect("a token").to_owned()
}

fn press(
    book: &Book<NativeStore>,
    token: &str,
    purpose: &str,
    on: bool,
    millis: i64,
) -> PreferencesView {
    let notice = &personal_snapshot().notices[1].hash;
    let purpose = key(purpose);
    let pressed = Pressed {
        purpose: &purpose,
        on,
        notice,
    };
    good(book.switch(Reader::from(token), &pressed, at(millis)))
}

fn page(view: Outcome<PreferencesView>) -> PersonalView {
    match good(view) {
        PreferencesView::Standing(page)
        | PreferencesView::Withdrawn(page)
        | PreferencesView::Given(page) => page,
        PreferencesView::Revoked(_) | PreferencesView::Unknown => panic!("no page"),
    }
}

fn choice(book: &Book<NativeStore>, token: &str, purpose: &str) -> ChoiceView {
    let page = page(book.show_preferences(token));
    let mut choices = page.choices.into_iter();
    choices
        .find(|choice| choice.key == key(purpose))
        .unwrap_or_else(|| panic!("no {purpose}"))
}

fn events(book: &Book<NativeStore>) -> Vec<Event> {
    let all = EventType::ALL.map(|kind| kind.as_str().to_owned());
    good(book.events(None, "", 100, &all)).events
}

fn last(book: &Book<NativeStore>) -> (String, EventType, Source, Method) {
    let event = serde_json::to_value(events(book).pop().expect("an event")).expect("JSON");
    let read = |name: &str| event["data"][name].clone();
    (
        read("purpose").as_str().expect("a purpose").to_owned(),
        serde_json::from_value(event["type"].clone()).expect("a type"),
        serde_json::from_value(read("source")).expect("a source"),
        serde_json::from_value(read("method")).expect("a method"),
    )
}

#[test]
fn what_is_off_is_switched_on_at_once_and_only_once() {
    let book = personal_book();
    let letter = answers(&book, 1, true, false, 1);
    let token = token(&letter, "/preferences/");
    let before = choice(&book, &token, "NEWS");
    assert_eq!(before.status, Status::Refused);
    assert!(before.can.start && !before.can.stop);
    let given = press(&book, &token, "NEWS", true, 2);
    assert_eq!(state(&given), "given");
    let (purpose, kind, source, method) = last(&book);
    assert_eq!((purpose.as_str(), kind), ("NEWS", EventType::Given));
    assert_eq!(
        (source, method),
        (Source::PreferenceCentre, Method::PreferenceCentre)
    );
    let after = choice(&book, &token, "NEWS");
    assert_eq!(after.status, Status::Given);
    let rests_on = after.rests_on.expect("it is on record");
    assert_eq!(rests_on.origin.source, Source::PreferenceCentre);
    assert!(rests_on.receipt.is_some());
    let count = events(&book).len();
    assert_eq!(state(&press(&book, &token, "NEWS", true, 3)), "standing");
    assert_eq!(events(&book).len(), count, "pressing twice is once");
}

#[test]
fn what_waits_for_a_mail_is_settled_by_the_switch_and_its_mail_is_not_sent() {
    let book = personal_book();
    let first = answers(&book, 1, true, false, 1);
    let id = uuid_v7(at(2), [2; 10]);
    let document = submission(id, "jan@example.com", &choices(true, true), at(2));
    good(book.record(&document, Some(ORIGIN), at(2)));
    assert_eq!(good(book.waiting_mails()).len(), 1);
    press(&book, &token(&first, "/preferences/"), "NEWS", true, 3);
    assert_eq!(good(book.waiting_mails()).len(), 0);
    assert!(
        good(book.lapse(at(1_000 * MINUTE * 60)))
            .failures
            .is_empty()
    );
    let (_, kind, ..) = last(&book);
    assert_eq!(kind, EventType::Given, "nothing lapses afterwards");
}

#[test]
fn a_part_holds_with_the_whole_until_it_is_switched_off() {
    let book = personal_book();
    let letter = answers(&book, 1, true, false, 1);
    let token = token(&letter, "/preferences/");
    let part = choice(&book, &token, "INVITES");
    assert_eq!((part.status, part.can), (Status::Unknown, Can::default()));
    press(&book, &token, "NEWS", true, 2);
    let part = choice(&book, &token, "INVITES");
    assert_eq!(part.status, Status::Given, "the whole says yes for it");
    assert!(part.can.stop && !part.can.start);
    assert_eq!(
        state(&press(&book, &token, "INVITES", false, 3)),
        "withdrawn"
    );
    let (purpose, kind, ..) = last(&book);
    assert_eq!((purpose.as_str(), kind), ("INVITES", EventType::Refused));
    assert!(choice(&book, &token, "INVITES").can.start);
    assert_eq!(choice(&book, &token, "NEWS").status, Status::Given);
    press(&book, &token, "INVITES", true, 4);
    let (purpose, kind, ..) = last(&book);
    assert_eq!((purpose.as_str(), kind), ("INVITES", EventType::Given));
    good(book.withdraw(&token, Some(&key("NEWS")), at(5)));
    let part = choice(&book, &token, "INVITES");
    assert_eq!(part.can, Can::default(), "without the whole it is nothing");
}

#[test]
fn a_switch_beside_other_words_than_those_of_now_changes_nothing() {
    let book = personal_book();
    let letter = answers(&book, 1, true, false, 1);
    let token = token(&letter, "/preferences/");
    let count = events(&book).len();
    let form = &personal_snapshot().notices[0].hash;
    for notice in ["", "sha-256:0", form.as_str()] {
        let purpose = key("NEWS");
        let pressed = Pressed {
            purpose: &purpose,
            on: true,
            notice,
        };
        let view = good(book.switch(Reader::from(&token), &pressed, at(2)));
        assert_eq!(state(&view), "standing", "{notice}");
    }
    assert_eq!(events(&book).len(), count);
}

#[test]
fn a_crash_within_a_switch_leaves_nothing_or_all() {
    for writes in 0.. {
        let book = personal_book();
        let letter = answers(&book, 1, true, false, 1);
        let token = token(&letter, "/preferences/");
        let count = events(&book).len();
        book.store.writes_left.set(Some(writes));
        let notice = &personal_snapshot().notices[1].hash;
        let purpose = key("NEWS");
        let pressed = Pressed {
            purpose: &purpose,
            on: true,
            notice,
        };
        let done = book.switch(Reader::from(&token), &pressed, at(2)).is_ok();
        book.store.writes_left.set(None);
        let came = events(&book).len() - count;
        assert_eq!(came, usize::from(done), "after {writes} writes");
        if done {
            assert!(writes > 3, "there were writes to fail at");
            return;
        }
    }
}

#[test]
fn one_click_stops_what_is_mailed_and_pressing_again_changes_nothing() {
    let book = personal_book();
    let letter = answers(&book, 1, true, false, 1);
    let header = &letter.headers["List-Unsubscribe"];
    assert_eq!(
        letter.headers["List-Unsubscribe-Post"],
        "List-Unsubscribe=One-Click"
    );
    let link = header.trim_start_matches('<').trim_end_matches('>');
    let token = link.rsplit('/').next().expect("a token").to_owned();
    press(&book, &token, "NEWS", true, 2);
    assert_eq!(state(&good(book.unsubscribe(&token, at(3)))), "withdrawn");
    let (_, kind, source, method) = last(&book);
    assert_eq!(kind, EventType::Withdrawn);
    assert_eq!((source, method), (Source::OneClick, Method::OneClick));
    let count = events(&book).len();
    good(book.unsubscribe(&token, at(4)));
    assert_eq!(events(&book).len(), count);
    assert_eq!(
        state(&good(book.unsubscribe("demo~0~nothing", at(4)))),
        "unknown"
    );
}

#[test]
fn no_part_of_a_kept_mail_opens_its_links() {
    let book = personal_book();
    let letter = answers(&book, 1, true, false, 1);
    let token = token(&letter, "/preferences/");
    let secret = token.rsplit('~').next().expect("a secret").to_owned();
    let whole = |letter: &Letter| serde_json::to_string(letter).expect("JSON");
    assert!(
        whole(&letter).matches(&secret).count() >= 4,
        "text, HTML, header, list"
    );
    assert!(!whole(&letter.without_secrets()).contains(&secret));
}

#[test]
fn a_mail_that_only_asks_has_no_button_to_stop_it() {
    let book = personal_book();
    let letter = answers(&book, 1, true, true, 1);
    assert!(!letter.headers.contains_key("List-Unsubscribe"));
    assert_eq!(letter.headers["Auto-Submitted"], "auto-generated");
}

#[test]
fn a_revoked_link_opens_nothing_and_a_fresh_one_is_mailed() {
    let book = personal_book();
    let first = token(&answers(&book, 1, true, false, 1), "/preferences/");
    let second = token(&answers(&book, 2, true, false, 2 * MINUTE), "/preferences/");
    let revoked = good(book.revoke(Reader::from(&first)));
    assert_eq!(state(&revoked), "revoked");
    for dead in [&first, &second] {
        assert_eq!(state(&good(book.show_preferences(dead))), "unknown");
        assert_eq!(
            state(&good(book.withdraw(dead, None, at(4 * MINUTE)))),
            "unknown"
        );
    }
    let email = EmailAddress::parse("JAN@example.com").expect("an address");
    good(book.mail_link(&email, None, at(4 * MINUTE)));
    let letter = newest(&book, 4 * MINUTE);
    assert!(letter.subject.contains("Your link"), "{}", letter.subject);
    let fresh = token(&letter, "/preferences/");
    assert_eq!(state(&good(book.show_preferences(&fresh))), "standing");
}

#[test]
fn a_link_is_mailed_to_nobody_who_is_not_on_record_and_three_times_a_day_at_most() {
    let book = personal_book();
    let mut nobody = EmailAddress::parse("nobody@example.com").expect("an address");
    good(book.mail_link(&nobody, None, at(1)));
    assert_eq!(good(book.waiting_mails()).len(), 0);
    answers(&book, 1, true, false, 1);
    nobody = EmailAddress::parse("jan@example.com").expect("an address");
    for minute in 2..9 {
        good(book.mail_link(&nobody, None, at(minute * MINUTE)));
    }
    assert_eq!(good(book.waiting_mails()).len(), 2, "with the first, three");
}

#[test]
fn a_request_is_mailed_again_by_any_link_that_was_about_it() {
    let book = personal_book();
    let first = token(&answers(&book, 1, false, true, 1), "/confirm/");
    good(book.mail_again(&first, at(2 * MINUTE)));
    let again = token(&newest(&book, 2 * MINUTE), "/confirm/");
    assert_ne!(first, again);
    assert_eq!(
        state(&good(book.show_confirm(&first, at(3 * MINUTE)))),
        "waiting"
    );
    let second = token(&answers(&book, 2, false, true, 4 * MINUTE), "/confirm/");
    let ConfirmView::Gone(gone) = good(book.show_confirm(&first, at(5 * MINUTE))) else {
        panic!("a newer mail asks now");
    };
    assert_eq!(gone.why, Gone::Replaced);
    good(book.mail_again(&first, at(6 * MINUTE)));
    assert_eq!(good(book.waiting_mails()).len(), 0, "three today already");
    let chosen = ["NEWS".to_owned()].into();
    good(book.confirm(&second, &chosen, VisitorClass::Browser, at(7 * MINUTE)));
    good(book.mail_again(&second, at(3_000 * MINUTE)));
    assert_eq!(good(book.waiting_mails()).len(), 0, "nothing waits");
}

#[test]
fn a_dead_link_says_why() {
    let book = personal_book();
    let letter = answers(&book, 1, true, true, 1);
    let (confirm, personal) = (token(&letter, "/confirm/"), token(&letter, "/preferences/"));
    let why = |millis| match good(book.show_confirm(&confirm, at(millis))) {
        ConfirmView::Gone(gone) => gone.why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(100 * 60 * MINUTE), Gone::Expired);
    good(book.withdraw(&personal, None, at(2)));
    assert_eq!(why(3), Gone::Stopped);
}

#[test]
fn how_it_was_confirmed_is_in_the_evidence() {
    let book = personal_book();
    let letter = answers(&book, 1, false, true, 1_000);
    let confirm = token(&letter, "/confirm/");
    let classes = [VisitorClass::LinkScanner, VisitorClass::Browser];
    for class in classes {
        good(book.note_visit(&confirm, class));
    }
    good(book.note_visit("demo~0~unknown", VisitorClass::Browser));
    let chosen = ["NEWS".to_owned()].into();
    good(book.confirm(&confirm, &chosen, VisitorClass::Browser, at(91_500)));
    let email = EmailAddress::parse("jan@example.com").expect("an address");
    let id = good(book.look_up(None, &email)).id;
    let evidence = good(book.evidence(None, id, &key("NEWS"), at(92_000)));
    let confirmation = evidence.pack.submissions[0].confirmation.expect("it was");
    assert_eq!(confirmation.at, at(91_500));
    assert_eq!(confirmation.with, VisitorClass::Browser);
    assert_eq!(confirmation.seconds_after_mail, Some(90));
    let before = Visits {
        opened: 2,
        scanner_like: 1,
    };
    assert_eq!(confirmation.before, before);
}

#[test]
fn the_page_is_in_a_language_of_the_site() {
    let book = personal_book();
    let letter = answers(&book, 1, true, false, 1);
    let token = token(&letter, "/preferences/");
    for (wanted, shown) in [("en-GB", "en"), ("fi", "en")] {
        let lang = Language::parse(wanted).expect("a tag");
        let reader = Reader {
            token: &token,
            lang: Some(&lang),
        };
        let page = page(book.show_preferences(reader));
        assert_eq!(page.site.lang.as_str(), shown, "{wanted}");
    }
}

#[test]
fn who_confirms_gets_no_further_mail_that_asks_for_it() {
    let book = personal_book();
    let confirm = token(&answers(&book, 1, false, true, 1), "/confirm/");
    good(book.mail_again(&confirm, at(10_000)));
    let waiting = good(book.waiting_mails());
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].due() >= at(MINUTE), "a minute after the first");
    let chosen = ["NEWS".to_owned()].into();
    good(book.confirm(&confirm, &chosen, VisitorClass::Browser, at(20_000)));
    assert_eq!(good(book.waiting_mails()).len(), 0);
}

#[test]
fn mails_keep_a_minute_from_each_other_those_that_wait_too() {
    let book = personal_book();
    let confirm = token(&answers(&book, 1, false, true, 1), "/confirm/");
    for seconds in [10, 20] {
        good(book.mail_again(&confirm, at(seconds * 1000)));
    }
    let waiting = good(book.waiting_mails());
    let due: Vec<i64> = waiting
        .iter()
        .map(|mail| mail.due().unix_millis())
        .collect();
    assert_eq!(due.len(), 2);
    assert_eq!(due[1] - due[0], MINUTE);
}

#[test]
fn a_mail_sent_again_says_how_long_its_link_still_works() {
    let book = personal_book();
    let first = answers(&book, 1, false, true, 1);
    assert!(first.text.contains("works for 3 days"), "{}", first.text);
    let confirm = token(&first, "/confirm/");
    good(book.mail_again(&confirm, at(70 * 60 * MINUTE)));
    let again = newest(&book, 70 * 60 * MINUTE);
    assert!(again.text.contains("works for 2 hours"), "{}", again.text);
}

#[test]
fn a_part_is_not_switched_on_without_its_whole() {
    let book = personal_book();
    let letter = answers(&book, 1, true, false, 1);
    let token = token(&letter, "/preferences/");
    assert_eq!(state(&press(&book, &token, "INVITES", true, 2)), "standing");
    press(&book, &token, "NEWS", true, 3);
    press(&book, &token, "INVITES", false, 4);
    press(&book, &token, "INVITES", true, 5);
    good(book.withdraw(&token, Some(&key("NEWS")), at(6)));
    let part = choice(&book, &token, "INVITES");
    assert_eq!(part.status, Status::Withdrawn, "it reads as its whole");
}
