//! Recordings: what a line may say, and what it means for what is on record.
#![cfg(feature = "record")]

use proptest::prelude::*;
use sayso_shared::{
    consent::{Standing, Status},
    decision::{self, DecidedElsewhere, Unchanged},
    definition::SiteDefinition,
    key::{PurposeKey, SiteKey},
    manner::Method,
    notice::{Notice, NoticeText},
    receipt::SubmissionFacts,
    recording::{LONGEST_COMMENT, Recording},
    time::Timestamp,
};
use serde_json::{Value, json};
use uuid::Uuid;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000 + hours * 3_600_000)
}

/// A line of a telephone call that is right in every respect.
fn line() -> Value {
    json!({
        "id": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "subject": {"email": "jan@example.com", "phone": "+31 20 123 4567", "external_id": "C-7"},
        "form": "form", "lang": "en",
        "choices": {"STORE": true, "NEWS": true},
        "source": "phone", "decided_at": at(-24), "actor": {"kind": "staff", "id": "m-42"},
        "comment": "Called about a tandem.", "legal_basis": {"STORE": "contract"}, "conversation": "call 9"
    })
}

fn imported() -> Value {
    let mut line = line();
    line["source"] = json!("import");
    line["imported"] = json!({"from": "Old list", "confirmed_there_at": at(-48)});
    line
}

fn parse(line: &Value) -> Result<Recording, Vec<(String, String)>> {
    Recording::parse(line, at(0)).map_err(|errors| {
        let errors = errors.into_iter();
        errors.map(|error| (error.pointer, error.detail)).collect()
    })
}

fn pointers(line: &Value) -> Vec<String> {
    let errors = parse(line).err().unwrap_or_default();
    errors.into_iter().map(|(pointer, _)| pointer).collect()
}

#[test]
fn a_line_that_is_right_is_read() {
    let read = parse(&line()).expect("a recording");
    assert_eq!(read.method, Method::OralStatement, "usual by telephone");
    assert_eq!(read.actor.id.as_deref(), Some("m-42"));
    let read = parse(&imported()).expect("a recording");
    assert_eq!(read.method, Method::Import);
    assert_eq!(read.imported.expect("from somewhere").from, "Old list");
}

#[test]
fn a_line_that_is_wrong_in_one_respect_says_where() {
    let table: &[(&str, Value)] = &[
        ("/id", json!("1")),
        ("/id", json!("00000000-0000-0000-0000-000000000000")),
        ("/subject/email", json!("nobody")),
        ("/subject/phone", json!("none")),
        ("/form", json!("A form")),
        ("/lang", json!("")),
        ("/notice_hash", json!("sha-256:1")),
        ("/choices", json!({})),
        ("/choices", json!(["NEWS"])),
        ("/choices/NEWS", json!("yes")),
        ("/source", json!("web_form")),
        ("/source", json!("hosted_form")),
        ("/source", json!("preference_centre")),
        ("/source", json!("email_link")),
        ("/source", json!("one_click")),
        ("/source", json!("telepathy")),
        ("/method", json!("checkbox")),
        ("/method", json!("double_opt_in")),
        ("/decided_at", json!(at(1))),
        ("/decided_at", json!("yesterday")),
        ("/actor", json!("staff")),
        ("/actor/kind", json!("boss")),
        ("/actor/id", json!("m.jansen@example.com")),
        ("/actor/id", json!("")),
        ("/comment", json!("x".repeat(LONGEST_COMMENT + 1))),
        ("/comment", json!("two\nlines")),
        ("/legal_basis", json!("contract")),
        ("/legal_basis/STORE", json!("because")),
        ("/legal_basis", json!({"EVENTS": "contract"})),
        ("/page", json!("javascript:alert(1)")),
        ("/imported", json!({"from": "Old list"})),
        ("/surprise", json!(1)),
    ];
    for (pointer, wrong) in table {
        let mut document = line();
        if *pointer == "/choices" {
            // Else it is wrong too.
            document["legal_basis"] = Value::Null;
        }
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        document.pointer_mut(parent).expect("an object")[name] = wrong.clone();
        let found = pointers(&document);
        assert!(
            !found.is_empty() && found.iter().all(|found| found.starts_with(pointer)),
            "{pointer} = {wrong}: {found:?}"
        );
    }
    for field in [
        "id",
        "subject",
        "form",
        "lang",
        "choices",
        "source",
        "decided_at",
        "actor",
    ] {
        let mut document = line();
        document.as_object_mut().expect("an object").remove(field);
        let found = pointers(&document);
        assert!(found.contains(&format!("/{field}")), "{field}: {found:?}");
    }
}

#[test]
fn a_word_is_a_word_and_no_object_with_its_name() {
    let words = [
        ("/source", json!("phone")),
        ("/method", json!("oral_statement")),
        ("/actor/kind", json!("staff")),
        ("/legal_basis/STORE", json!("contract")),
    ];
    for (pointer, word) in words {
        let name = word.as_str().expect("a word");
        let mut line = line();
        line["method"] = json!("oral_statement");
        *line.pointer_mut(pointer).expect("it is there") = json!({name: null});
        assert_eq!(pointers(&line), [pointer]);
    }
}

#[test]
fn an_import_says_from_where_and_nothing_that_it_cannot_know() {
    for (pointer, wrong) in [
        ("/imported", Value::Null),
        ("/imported/from", json!("")),
        ("/imported/from", json!("the list of jan@example.com")),
        ("/imported/confirmed_there_at", json!(at(2))),
        ("/imported/surprise", json!(1)),
        ("/method", json!("oral_statement")),
    ] {
        let mut document = imported();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        document.pointer_mut(parent).expect("an object")[name] = wrong.clone();
        assert_eq!(pointers(&document), [pointer], "{wrong}");
    }
}

#[test]
fn a_program_and_a_person_are_named_as_they_should() {
    for (actor, wrong) in [
        (json!({"kind": "staff"}), None),
        (json!({"kind": "system", "id": "bot"}), None),
        (json!({"kind": "system"}), Some("/actor/id")),
        (json!({"kind": "subject"}), None),
        (json!({"kind": "subject", "id": "C-7"}), Some("/actor/id")),
    ] {
        let mut document = line();
        document["actor"] = actor.clone();
        let found = pointers(&document);
        assert_eq!(found.first().map(String::as_str), wrong, "{actor}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once_without_what_was_said() {
    let mut document = line();
    document["id"] = json!("1");
    document["subject"]["email"] = json!("nobody-at-all");
    document["decided_at"] = json!(at(9));
    document["actor"]["id"] = json!("Marie Jansen");
    document["surprise"] = json!(1);
    let mut found = pointers(&document);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "/actor/id",
            "/decided_at",
            "/id",
            "/subject/email",
            "/surprise"
        ]
    );
    let said = format!("{:?}", parse(&document).err());
    assert!(!said.contains("nobody-at-all") && !said.contains("Marie"));
}

/// `STORE` needs no mail, `NEWS` does, and a yes to `DAY` holds a day.
fn notice() -> Notice {
    let purpose = |key: &str, double_opt_in: bool| json!({"key": key, "title": {"en": key}, "text": {"en": key}, "legal_basis": "consent", "channels": ["email"], "double_opt_in": double_opt_in});
    let mut day = purpose("DAY", false);
    day["valid_for_days"] = json!(1);
    let definition = SiteDefinition::parse(&json!({
        "name": "Demo",
        "controller": {"name": "Demo", "privacy_url": "https://example.com/privacy", "contact": "privacy@example.com"},
        "default_language": "en", "languages": ["en"], "origins": [],
        "mail": {"from": "post@example.com", "from_name": "Demo"},
        "purposes": [purpose("STORE", false), purpose("NEWS", true), day],
        "forms": [{"key": "form", "source": "web_form", "purposes": ["STORE", "NEWS", "DAY"], "intro": {"en": "Hello"}}]
    }))
    .expect("a definition");
    let site = SiteKey::parse("demo").expect("a site");
    let lang = &definition.default_language;
    let text = NoticeText::of(&site, &definition, &definition.forms[0], lang).expect("its words");
    Notice {
        version: 1,
        hash: text.hash(),
        published_at: at(-1000),
        text,
    }
}

#[derive(Clone, Copy, Debug)]
struct Said {
    source: &'static str,
    purpose: &'static str,
    yes: bool,
    hours: i64,
    basis: Option<&'static str>,
}

const PHONE: Said = Said {
    source: "phone",
    purpose: "STORE",
    yes: true,
    hours: -10,
    basis: None,
};

const IMPORT: Said = Said {
    source: "import",
    ..PHONE
};

fn key(name: &str) -> PurposeKey {
    PurposeKey::parse(name).expect("a purpose")
}

/// What comes of it; the standing is brought up to date.
fn record(standing: &mut Standing, nth: u128, said: Said) -> DecidedElsewhere {
    let notice = notice();
    let mut document = json!({
        "id": Uuid::from_u128(nth + 1), "subject": {"email": "jan@example.com"}, "form": "form", "lang": "en",
        "choices": {said.purpose: said.yes}, "source": said.source, "decided_at": at(said.hours), "actor": {"kind": "staff"}
    });
    if said.source == "import" {
        document["imported"] = json!({"from": "Old list"});
    }
    if let Some(basis) = said.basis {
        document["legal_basis"] = json!({said.purpose: basis});
    }
    let recording = parse(&document).expect("a recording");
    let facts = SubmissionFacts::of_recording(&recording, notice.name(), None, at(0));
    let words = &notice.text.purposes;
    let decided = decision::record(standing, words, &facts, &recording.choices, at(0));
    let changes = decided.changes.iter();
    standing.extend(changes.map(|change| (change.purpose.clone(), change.after.clone())));
    decided
}

fn became(decided: &DecidedElsewhere) -> Result<Status, Unchanged> {
    match decided.changes.first() {
        Some(change) => Ok(change.after.status),
        None => Err(*decided.unchanged.values().next().expect("a reason")),
    }
}

#[test]
fn what_is_said_becomes_what_the_table_says() {
    let news = Said {
        purpose: "NEWS",
        ..PHONE
    };
    let imported_news = Said {
        purpose: "NEWS",
        ..IMPORT
    };
    let no = |said: Said| Said { yes: false, ..said };
    let later = |said: Said| Said { hours: -5, ..said };
    let contract = Some("contract");
    // What was said before, what is said then, what comes of that.
    let table: &[(&[Said], Said, Result<Status, Unchanged>)] = &[
        (&[], PHONE, Ok(Status::Given)),
        (&[], news, Ok(Status::Requested)),
        (
            &[],
            Said {
                basis: contract,
                ..news
            },
            Ok(Status::Given),
        ),
        (&[], imported_news, Ok(Status::Given)),
        (&[], no(PHONE), Ok(Status::Refused)),
        (&[], no(IMPORT), Ok(Status::Refused)),
        (&[PHONE], later(no(PHONE)), Ok(Status::Withdrawn)),
        (&[news], later(no(news)), Ok(Status::Withdrawn)),
        (&[later(no(PHONE))], IMPORT, Err(Unchanged::NewerOnRecord)),
        (&[later(PHONE)], no(IMPORT), Err(Unchanged::NewerOnRecord)),
        (&[no(PHONE)], PHONE, Err(Unchanged::NewerOnRecord)),
        (&[PHONE], no(PHONE), Ok(Status::Withdrawn)),
        (&[PHONE], later(IMPORT), Err(Unchanged::AlreadyGiven)),
        (&[PHONE], later(PHONE), Ok(Status::Given)),
        (&[imported_news], later(news), Err(Unchanged::AlreadyGiven)),
        (
            &[news],
            later(imported_news),
            Err(Unchanged::AwaitingConfirmation),
        ),
        (&[no(PHONE)], later(PHONE), Ok(Status::Given)),
        (
            &[],
            Said {
                purpose: "DAY",
                hours: -25,
                ..IMPORT
            },
            Err(Unchanged::TooLongAgo),
        ),
        (
            &[],
            Said {
                purpose: "DAY",
                hours: -24,
                ..IMPORT
            },
            Err(Unchanged::TooLongAgo),
        ),
        (
            &[],
            Said {
                purpose: "DAY",
                hours: -23,
                ..IMPORT
            },
            Ok(Status::Given),
        ),
    ];
    for (before, said, expected) in table {
        let mut standing = Standing::new();
        for (nth, said) in (0..).zip(*before) {
            record(&mut standing, nth, *said);
        }
        let decided = record(&mut standing, 99, *said);
        assert_eq!(became(&decided), *expected, "{before:?} then {said:?}");
    }
}

#[test]
fn what_is_recorded_stands_since_it_was_decided_and_holds_from_then() {
    let mut standing = Standing::new();
    let day = Said {
        purpose: "DAY",
        ..IMPORT
    };
    record(&mut standing, 0, day);
    let consent = &standing[&key("DAY")];
    assert_eq!(consent.since, at(-10));
    assert_eq!(consent.expires_at, Some(at(-10 + 24)));
}

fn anything_said() -> impl Strategy<Value = Said> {
    let source = prop_oneof![Just("phone"), Just("import"), Just("in_person")];
    let purpose = prop_oneof![Just("STORE"), Just("NEWS")];
    (source, purpose, any::<bool>(), -6..0_i64).prop_map(|(source, purpose, yes, hours)| Said {
        source,
        purpose,
        yes,
        hours,
        basis: None,
    })
}

proptest! {
    /// Whatever comes in whatever order: what stands as a yes was said, and no no is newer, or of the same moment.
    #[test]
    fn a_late_act_never_overwrites_a_newer_one_and_a_no_wins(said in prop::collection::vec(anything_said(), 0..12)) {
        let mut standing = Standing::new();
        for (nth, said) in (0..).zip(&said) {
            record(&mut standing, nth, *said);
        }
        for (purpose, consent) in &standing {
            let nos = said.iter().filter(|said| !said.yes && said.purpose == purpose.as_str());
            let newest_no = nos.map(|said| said.hours).max();
            if matches!(consent.status, Status::Given | Status::Requested) {
                prop_assert!(newest_no.is_none_or(|no| at(no) < consent.since), "{purpose}: {consent:?}");
            }
        }
    }

    /// Where every yes counts alike, the order in which acts arrive changes nothing.
    #[test]
    fn the_order_of_arrival_changes_nothing(
        said in prop::collection::vec((any::<bool>(), -6..0_i64), 1..8),
        seed in any::<prop::sample::Index>(),
    ) {
        let all: Vec<Said> = said.into_iter().map(|(yes, hours)| Said { yes, hours, ..PHONE }).collect();
        let stands = |all: &[Said]| {
            let mut standing = Standing::new();
            for (nth, said) in (0..).zip(all) {
                record(&mut standing, nth, *said);
            }
            let consent = &standing[&key("STORE")];
            (consent.status == Status::Given, consent.since)
        };
        let mut turned = all.clone();
        turned.rotate_left(seed.index(all.len()));
        prop_assert_eq!(stands(&all), stands(&turned));
    }

    /// A purpose that a mail has to confirm is never given by a call or a card alone.
    #[test]
    fn what_needs_a_confirmation_is_only_asked_for(hours in -6..0_i64, source in prop_oneof![Just("phone"), Just("in_person"), Just("chat"), Just("request")]) {
        let mut standing = Standing::new();
        let said = Said { source, purpose: "NEWS", hours, ..PHONE };
        record(&mut standing, 0, said);
        prop_assert_eq!(standing[&key("NEWS")].status, Status::Requested);
    }
}

#[test]
fn choices_may_be_some_of_the_forms_and_none_of_others() {
    let recording = parse(&line()).expect("a recording");
    assert!(recording.fits(&notice().text.purposes).is_ok());
    let only: Vec<_> = notice().text.purposes.into_iter().take(1).collect();
    let errors = recording.fits(&only).expect_err("NEWS is not told");
    assert_eq!(errors[0].pointer, "/choices/NEWS");
}
