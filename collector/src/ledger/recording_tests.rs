//! Recording lines of a back end, on plain SQLite.

use sayso_shared::{
    answer::LineAnswer,
    api_key::{ApiKey, KeptKey, Scope},
    consent::Status,
    decision::Unchanged,
    definition::PrivacyConfirmation,
    event::{ActorKind, ConsentChange, EventType, Method},
    key::{ApiKeyName, PurposeKey, SiteKey},
    purpose::{LegalBasis, Source},
    time::Timestamp,
    visitor::VisitorClass,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    book::Book,
    fixture::{ORIGIN, at, book, choices, good, personal_snapshot, snapshot, submission},
    personal::{Pressed, Reader},
    recording::Line,
};
use crate::{failure::Failure, native_store::NativeStore, pages::PreferencesView};

const HOUR: i64 = 3_600_000;
const EMAIL: &str = "jan@example.com";

/// A card that was filled in an hour before the tests' beginning.
fn line(nth: u128, choices: &Value) -> Value {
    json!({
        "id": Uuid::from_u128(nth), "subject": {"email": EMAIL}, "form": "form", "lang": "en", "choices": choices,
        "source": "in_person", "decided_at": at(-HOUR), "actor": {"kind": "staff", "id": "m-42"}, "comment": "At the fair."
    })
}

fn import(nth: u128, choices: &Value, decided_at: Timestamp) -> Value {
    let mut line = line(nth, choices);
    line["source"] = json!("import");
    line["imported"] = json!({"from": "Old list"});
    line["decided_at"] = json!(decided_at);
    line
}

fn numbered(documents: &[Value]) -> Vec<Line> {
    let lines = (0..).zip(documents.iter().cloned());
    lines
        .map(|(index, document)| Line { index, document })
        .collect()
}

fn record(book: &Book<NativeStore>, documents: &[Value], now: i64) -> Vec<LineAnswer> {
    good(book.record_lines(None, &numbered(documents), at(now))).answers
}

fn statuses(answers: &[LineAnswer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

fn purpose(key: &str) -> PurposeKey {
    PurposeKey::parse(key).expect("a purpose")
}

/// A change of a consent, with what stands around it.
struct Told {
    kind: EventType,
    timestamp: Timestamp,
    subject: Uuid,
    data: ConsentChange,
}

fn events(book: &Book<NativeStore>) -> Vec<Told> {
    let all: Vec<String> = EventType::ALL.map(|kind| kind.as_str().to_owned()).to_vec();
    let events = good(book.events(None, "", 1000, &all)).events;
    let told = events.into_iter().filter_map(|event| {
        Some(Told {
            kind: event.kind,
            timestamp: event.timestamp,
            subject: event.data.subject.id,
            data: event.data.consent()?.clone(),
        })
    });
    told.collect()
}

#[test]
fn a_card_is_recorded_as_what_it_is_once() {
    let book = book(NativeStore::in_memory());
    let card = line(1, &json!({"STORE": true, "NEWS": true}));
    let answers = record(&book, std::slice::from_ref(&card), 5);
    assert_eq!(statuses(&answers), [201]);
    let again = record(&book, std::slice::from_ref(&card), 6);
    assert_eq!(statuses(&again), [200]);
    assert_eq!(again[0].recorded, answers[0].recorded);

    let events = events(&book);
    assert_eq!(events.len(), 2);
    let (asked, given) = (&events[0].data, &events[1].data);
    assert_eq!(
        (asked.purpose.as_str(), asked.status),
        ("NEWS", Status::Requested)
    );
    assert_eq!(
        (given.purpose.as_str(), given.status),
        ("STORE", Status::Given)
    );
    for event in &events {
        assert_eq!(event.data.source, Source::InPerson);
        assert_eq!(event.data.method, Method::WrittenStatement);
        assert_eq!(event.data.actor.kind, ActorKind::Staff);
        assert_eq!(event.data.actor.id.as_deref(), Some("m-42"));
        assert_eq!(event.data.comment.as_deref(), Some("At the fair."));
        assert_eq!(event.data.decided_at, at(-HOUR));
        assert_eq!(event.timestamp, at(5), "by our clock");
        assert_eq!(event.data.page, None);
    }
    let standing = good(book.standing(&events[0].subject.to_string()));
    assert_eq!(standing[&purpose("STORE")].since, at(-HOUR));
    assert_eq!(
        good(book.waiting_mails()).len(),
        1,
        "the one that asks to confirm"
    );
}

#[test]
fn a_bad_line_does_not_hinder_the_good_ones() {
    let book = book(NativeStore::in_memory());
    let with = |nth: u128, field: &str, value: Value| {
        let mut line = line(nth, &json!({"STORE": true}));
        line[field] = value;
        line
    };
    let lines = [
        line(1, &json!({"STORE": true})),
        with(2, "subject", json!({"email": "nobody"})),
        with(3, "form", json!("nothing")),
        with(4, "lang", json!("fi")),
        with(5, "choices", json!({"TELEPATHY": true})),
        with(
            6,
            "notice_hash",
            json!(format!("sha-256:{}", "0".repeat(64))),
        ),
        line(1, &json!({"STORE": true})),
        line(1, &json!({"STORE": false})),
        line(9, &json!({"STORE": true})),
    ];
    let answers = record(&book, &lines, 5);
    assert_eq!(
        statuses(&answers),
        [201, 422, 422, 422, 422, 422, 200, 409, 201]
    );
    let pointers: Vec<_> = answers
        .iter()
        .filter_map(|answer| Some(answer.problem.as_ref()?.errors.first()?.pointer.clone()))
        .collect();
    let expected = [
        "/consents/1/subject/email",
        "/consents/2/form",
        "/consents/3/lang",
        "/consents/4/choices/TELEPATHY",
        "/consents/5/notice_hash",
    ];
    assert_eq!(pointers, expected);
    assert_eq!(answers[2].id, Some(Uuid::from_u128(3)));
}

#[test]
fn words_of_before_are_named_by_their_hash() {
    let book = book(NativeStore::in_memory());
    let old = snapshot().notices[0].hash.clone();
    let mut newer = snapshot();
    newer.revision = 2;
    newer.notices[0].text.intro = "New words".to_owned();
    newer.notices[0].version = 2;
    newer.notices[0].hash = newer.notices[0].text.hash();
    let new = newer.notices[0].hash.clone();
    good(book.learn(newer, at(1)));
    let mut before = line(1, &json!({"STORE": true}));
    before["notice_hash"] = json!(old);
    let now = line(2, &json!({"STORE": true}));
    assert_eq!(statuses(&record(&book, &[before, now], 5)), [201, 201]);
    let hashes: Vec<_> = events(&book)
        .into_iter()
        .map(|event| event.data.notice.name.hash)
        .collect();
    assert_eq!(hashes, [old, new]);
}

#[test]
fn an_import_keeps_its_date_and_is_never_shown_as_confirmed() {
    let book = book(NativeStore::in_memory());
    let years_ago = at(-20_000 * HOUR);
    let answers = record(&book, &[import(1, &json!({"NEWS": true}), years_ago)], 5);
    assert_eq!(statuses(&answers), [201]);
    let event = &events(&book)[0];
    assert_eq!(
        (event.kind, event.data.method),
        (EventType::Given, Method::Import)
    );
    assert_eq!((event.data.decided_at, event.timestamp), (years_ago, at(5)));
    assert_eq!(event.data.requested_at, None, "nobody was asked");
    let from = event.data.imported.as_ref().map(|from| from.from.as_str());
    assert_eq!(from, Some("Old list"));
    assert_eq!(
        good(book.waiting_mails()).len(),
        0,
        "500 lines are not 500 mails"
    );

    let id = event.subject;
    let consents = good(book.consents(None, id)).consents;
    assert_eq!(
        (consents[0].status, consents[0].since),
        (Status::Given, years_ago)
    );
    let recorded = consents[0].recorded.as_ref().expect("who recorded it");
    assert_eq!(
        (recorded.method, recorded.imported.is_some()),
        (Method::Import, true)
    );
    let pack = good(book.evidence(None, id, &purpose("NEWS"), at(6))).pack;
    let said = serde_json::to_string(&pack).expect("JSON");
    assert!(said.contains("Old list") && !said.contains("double_opt_in\":true,\"confirmed"));
    assert_eq!(pack.submissions[0].comment.as_deref(), Some("At the fair."));
    assert!(
        pack.events
            .iter()
            .filter_map(|event| event.data.consent())
            .all(|change| change.method != Method::DoubleOptIn)
    );
}

#[test]
fn a_newer_withdrawal_wins_over_an_import_and_the_line_says_so() {
    let book = book(NativeStore::in_memory());
    record(
        &book,
        &[import(1, &json!({"NEWS": true}), at(-9 * HOUR))],
        5,
    );
    record(&book, &[line(2, &json!({"NEWS": false}))], 6);
    let answers = record(
        &book,
        &[import(3, &json!({"NEWS": true}), at(-2 * HOUR))],
        7,
    );
    assert_eq!(statuses(&answers), [201]);
    let recorded = answers[0].recorded.as_ref().expect("it was recorded");
    let unchanged = &recorded.unchanged[&purpose("NEWS")];
    assert_eq!(unchanged.reason, Unchanged::NewerOnRecord);
    assert_eq!(
        (unchanged.status, unchanged.since),
        (Status::Withdrawn, Some(at(-HOUR)))
    );
    assert!(
        unchanged.detail.contains("withdrawn since"),
        "{}",
        unchanged.detail
    );
    let statuses: Vec<_> = events(&book)
        .iter()
        .map(|event| event.data.status)
        .collect();
    assert_eq!(statuses, [Status::Given, Status::Withdrawn]);
}

#[test]
fn another_ground_than_consent_asks_nobody_and_is_told_as_that_for_good() {
    let book = book(NativeStore::in_memory());
    let mut contract = line(1, &json!({"NEWS": true}));
    contract["legal_basis"] = json!({"NEWS": "contract"});
    record(&book, &[contract], 5);
    let waiting = good(book.waiting_mails());
    let letter = good(book.mail(&waiting[0].id)).expect("a mail").letter;
    assert!(
        letter.text.contains("needed for our contract with you"),
        "{}",
        letter.text
    );
    let token = letter.links[0]
        .rsplit_once('/')
        .expect("a link")
        .1
        .to_owned();
    good(book.withdraw(&token, None, at(6)));
    let events = events(&book);
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.data.status, event.data.method, event.data.legal_basis))
        .collect();
    assert_eq!(
        told,
        [
            (Status::Given, Method::Notification, LegalBasis::Contract),
            (
                Status::Withdrawn,
                Method::PreferenceCentre,
                LegalBasis::Contract
            ),
        ]
    );
    let later = &events[1].data;
    assert_eq!(later.actor.kind, ActorKind::Subject, "this the person did");
    assert_eq!(later.comment, None);
}

#[test]
fn who_gets_a_mail_is_as_the_site_wishes() {
    use PrivacyConfirmation::{Always, Never, NotImports};
    let import = import(1, &json!({"STORE": true}), at(-HOUR));
    let card = line(1, &json!({"STORE": true}));
    let no = line(1, &json!({"STORE": false}));
    let asks = line(1, &json!({"STORE": true, "NEWS": true}));
    for (setting, line, mails) in [
        (NotImports, &card, 1),
        (NotImports, &import, 0),
        (Always, &card, 1),
        (Always, &import, 1),
        (Never, &card, 0),
        (Never, &asks, 1),
        (Always, &asks, 1),
        (Always, &no, 0),
    ] {
        let book = book(NativeStore::in_memory());
        let mut wish = snapshot();
        wish.revision = 2;
        wish.definition.privacy_confirmation = setting;
        good(book.learn(wish, at(1)));
        record(&book, std::slice::from_ref(line), 5);
        let found = good(book.waiting_mails()).len();
        assert_eq!(found, mails, "{setting:?} {line}");
    }
}

#[test]
fn the_mail_says_who_keeps_what_on_which_ground_and_from_where() {
    let book = book(NativeStore::in_memory());
    let mut card = line(1, &json!({"STORE": true}));
    card["subject"]["phone"] = json!("+31 20 123 4567");
    record(&book, &[card], 5);
    let waiting = good(book.waiting_mails());
    let letter = good(book.mail(&waiting[0].id)).expect("a mail").letter;
    for text in [&letter.text, &letter.html] {
        for said in [
            "Demo has recorded this about you",
            "STORE",
            "yes",
            "Legal basis: your consent",
            "in person",
            "15 January 2027",
            EMAIL,
            "+31 20 123 4567",
            "/preferences/",
        ] {
            let text = text.replace("&#43;", "+");
            assert!(text.contains(said), "no {said:?} in {text}");
        }
        assert!(
            !text.contains("At the fair."),
            "that is a note of the controller's own"
        );
    }
    assert_eq!(letter.links.len(), 1);
}

#[test]
fn the_mail_lists_what_the_recording_brought_of_somebody_known_before() {
    let book = book(NativeStore::in_memory());
    let id = sayso_shared::id::uuid_v7(at(1), [7; 10]);
    let document = submission(id, EMAIL, &choices(false, false), at(1));
    good(book.record(&document, Some(ORIGIN), at(1)));
    let mut call = line(1, &json!({"STORE": true}));
    call["decided_at"] = json!(at(2));
    call["subject"]["phone"] = json!("+31 20 123 4567");
    call["subject"]["external_id"] = json!("C-1001");
    record(&book, &[call], 5);
    let waiting = good(book.waiting_mails());
    let letter = good(book.mail(&waiting[0].id)).expect("a mail").letter;
    for said in [EMAIL, "+31 20 123 4567", "C-1001"] {
        assert!(letter.text.contains(said), "no {said:?} in {}", letter.text);
    }
}

#[test]
fn what_a_call_asks_is_confirmed_by_the_person_alone() {
    let book = book(NativeStore::in_memory());
    let mut call = line(1, &json!({"NEWS": true}));
    call["source"] = json!("phone");
    record(&book, &[call], 5);
    let waiting = good(book.waiting_mails());
    let letter = good(book.mail(&waiting[0].id)).expect("a mail").letter;
    assert!(
        letter.text.contains("According to Demo you said yes"),
        "{}",
        letter.text
    );
    let token = letter.links[0].rsplit_once('/').expect("a link").1;
    good(book.confirm(
        token,
        &std::iter::once("NEWS".to_owned()).collect(),
        VisitorClass::Browser,
        at(9),
    ));
    let last = events(&book).pop().expect("an event").data;
    assert_eq!(
        (last.status, last.method),
        (Status::Given, Method::DoubleOptIn)
    );
    assert_eq!(
        (last.source, last.actor.kind),
        (Source::Phone, ActorKind::Subject)
    );
}

#[test]
fn a_no_by_telephone_stops_what_a_mail_was_about_to_ask() {
    let book = book(NativeStore::in_memory());
    let document = submission(
        sayso_shared::id::uuid_v7(at(1), [7; 10]),
        EMAIL,
        &choices(false, true),
        at(1),
    );
    good(book.record(&document, Some(ORIGIN), at(1)));
    assert_eq!(good(book.waiting_mails()).len(), 1);
    let mut call = line(2, &json!({"NEWS": false}));
    call["decided_at"] = json!(at(4));
    record(&book, &[call], 5);
    assert_eq!(good(book.waiting_mails()).len(), 0);
    let last = events(&book).pop().expect("an event").data;
    assert_eq!(
        (last.status, last.previous),
        (Status::Withdrawn, Status::Requested)
    );
}

#[test]
fn nobody_is_put_on_record_for_a_yes_that_is_over() {
    let book = book(NativeStore::in_memory());
    let mut short = snapshot();
    short.revision = 2;
    short.notices[0].text.purposes[1].valid_for_days = Some(30);
    good(book.learn(short, at(1)));
    let old = import(1, &json!({"NEWS": true}), at(-24 * 40 * HOUR));
    let answers = record(&book, &[old], 5);
    assert_eq!(statuses(&answers), [422]);
    let problem = answers[0].problem.as_ref().expect("a problem");
    assert_eq!(problem.errors[0].pointer, "/consents/0/decided_at");
    let email = sayso_shared::email::EmailAddress::parse(EMAIL).expect("an address");
    assert!(
        book.look_up(None, &email).is_err(),
        "the address is not kept"
    );
    let young = import(2, &json!({"NEWS": true}), at(-24 * 10 * HOUR));
    record(&book, &[young], 6);
    let until = events(&book)[0].data.expires_at;
    assert_eq!(
        until,
        Some(at(24 * 20 * HOUR)),
        "it holds from when it was given"
    );
}

#[test]
fn a_key_needs_the_scope_and_is_named_in_the_record() {
    let book = book(NativeStore::in_memory());
    let site = SiteKey::parse("demo").expect("a site");
    let (writes, reads) = (
        ApiKey::mint(site.clone(), [1; 32]),
        ApiKey::mint(site, [2; 32]),
    );
    let kept = |key: &ApiKey, name: &str, scope| KeptKey {
        name: ApiKeyName::parse(name).expect("a name"),
        scopes: vec![scope],
        digest: key.digest(),
        created_at: None,
    };
    let mut snapshot = snapshot();
    snapshot.revision = 2;
    snapshot.keys = vec![
        kept(&writes, "shop", Scope::SubjectsWrite),
        kept(&reads, "crm", Scope::SubjectsRead),
    ];
    good(book.learn(snapshot, at(1)));
    let lines = numbered(&[line(1, &json!({"STORE": true}))]);
    let refused = book.record_lines(Some(&reads.exposed()), &lines, at(2));
    assert!(matches!(refused, Err(Failure::Problem(problem)) if problem.status == 403));
    let none = book.record_lines(Some(&reads.exposed()), &[], at(2));
    assert!(matches!(none, Err(Failure::Problem(problem)) if problem.status == 403));
    good(book.record_lines(Some(&writes.exposed()), &lines, at(3)));
    let id = events(&book)[0].subject;
    let recorded = good(book.consents(None, id)).consents.remove(0).recorded;
    let key = recorded.and_then(|recorded| recorded.key);
    assert_eq!(key.map(|key| key.to_string()).as_deref(), Some("shop"));
}

#[test]
fn a_line_whose_write_fails_leaves_nothing_behind_and_hinders_no_other() {
    let lines = [
        line(1, &json!({"STORE": true, "NEWS": true})),
        import(2, &json!({"NEWS": true}), at(-HOUR)),
    ];
    for writes in 0.. {
        let book = book(NativeStore::in_memory());
        book.store.writes_left.set(Some(writes));
        let answers = record(&book, &lines, 5);
        book.store.writes_left.set(None);
        let done = answers.iter().filter(|answer| answer.status == 201).count();
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer.status, 201 | 500))
        );
        let again = record(&book, &lines, 6);
        let repeated = again.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(
            repeated, done,
            "after {writes} writes: what was said to be done is done"
        );
        assert_eq!(events(&book).len(), 2, "nothing is there twice");
        if done == 2 {
            assert!(writes > 8, "there were writes to fail at");
            return;
        }
    }
}

#[test]
fn what_somebody_else_said_the_person_makes_their_own_on_their_page() {
    for (basis, may) in [("consent", true), ("contract", false)] {
        let book = book(NativeStore::in_memory());
        good(book.learn(personal_snapshot(), at(0)));
        let mut told = line(1, &json!({"STORE": true}));
        told["legal_basis"] = json!({"STORE": basis});
        record(&book, &[told], 5);
        let waiting = good(book.waiting_mails());
        let letter = good(book.mail(&waiting[0].id)).expect("a mail").letter;
        let token = letter.links[0].rsplit('/').next().expect("a token");
        let can_agree = || {
            let PreferencesView::Standing(page) = good(book.show_preferences(token)) else {
                panic!("no page");
            };
            let mut choices = page.choices.iter();
            choices.any(|choice| choice.key == purpose("STORE") && choice.can.agree)
        };
        assert_eq!(can_agree(), may, "{basis}");
        let store = purpose("STORE");
        let pressed = Pressed {
            purpose: &store,
            on: true,
            notice: &personal_snapshot().notices[1].hash,
        };
        good(book.switch(Reader::from(token), &pressed, at(7)));
        let methods: Vec<Method> = events(&book)
            .iter()
            .map(|event| event.data.method)
            .collect();
        assert_eq!(methods.len(), if may { 2 } else { 1 }, "{basis}");
        assert!(!can_agree(), "{basis}: once is enough");
        if may {
            assert_eq!(methods[1], Method::PreferenceCentre);
        }
    }
}
