//! What a submission may say, and that all that is wrong with it is said at once.
#![cfg(feature = "record")]

use proptest::prelude::*;
use sayso_shared::{
    definition::SiteDefinition,
    key::SiteKey,
    language::Language,
    notice::NoticeText,
    problem::FieldError,
    purpose::Source,
    submission::{SubjectWire, SubmissionWire},
    submitted::{Person, Submission},
    time::Timestamp,
};
use serde_json::{Value, json};

fn good() -> Value {
    json!({
        "id": "01a2043b-f3b7-7b2b-ac83-547104a2755b",
        "site": "demo",
        "form": "newsletter",
        "lang": "nl",
        "notice_hash": format!("sha-256:{}", "0".repeat(64)),
        "subject": {"email": "jan@example.com"},
        "choices": {"STORE": true, "EMARKETING": false},
        "source": "web_form",
        "page": "https://www.example.com/contact?name=jan#form",
        "shown_at": "2026-11-22T09:00:00.000Z",
        "decided_at": "2026-11-22T09:00:05.000Z",
        "gpc": false,
        "widget": "0.1.0"
    })
}

fn errors(document: &Value) -> Vec<FieldError> {
    Submission::parse(document).expect_err("something is wrong")
}

#[test]
fn a_good_submission_is_read_and_its_page_loses_what_may_be_personal() {
    let submission = Submission::parse(&good()).expect("all is well");
    assert_eq!(submission.page, "https://www.example.com/contact");
    assert_eq!(submission.person.email.exposed(), "jan@example.com");
    assert_eq!(
        submission.choices.values().collect::<Vec<_>>(),
        [&false, &true]
    );
}

#[test]
fn each_wrong_field_is_pointed_at() {
    for (field, wrong, pointer) in [
        ("id", json!("7"), "/id"),
        ("id", json!(null), "/id"),
        ("gpc", json!(null), "/gpc"),
        ("id", json!("f81d4fae-7dec-41d0-a765-00a0c91e6bf6"), "/id"),
        ("site", json!("De Mo"), "/site"),
        ("form", json!(7), "/form"),
        ("lang", json!("nederlands!"), "/lang"),
        ("notice_hash", json!("sha-256:00"), "/notice_hash"),
        ("subject", json!({"email": "jan"}), "/subject/email"),
        (
            "subject",
            json!({"email": "jan@example.com", "phone": "mobile"}),
            "/subject/phone",
        ),
        (
            "subject",
            json!({"email": "jan@example.com", "name": "Jan"}),
            "/subject/name",
        ),
        ("subject", json!("jan@example.com"), "/subject"),
        ("choices", json!([]), "/choices"),
        ("choices", json!({"STORE": "yes"}), "/choices/STORE"),
        ("choices", json!({"a/b": true}), "/choices/a~1b"),
        ("source", json!("import"), "/source"),
        ("source", json!("hosted_form"), "/source"),
        ("page", json!("javascript:alert(1)"), "/page"),
        ("conversation", json!(7), "/conversation"),
        ("shown_at", json!("yesterday"), "/shown_at"),
        (
            "decided_at",
            json!("2026-11-22T08:59:59.999Z"),
            "/decided_at",
        ),
        ("gpc", json!("1"), "/gpc"),
        ("widget", json!("x".repeat(41)), "/widget"),
        ("newsletter", json!(true), "/newsletter"),
    ] {
        let mut document = good();
        document[field] = wrong;
        let pointers: Vec<_> = errors(&document)
            .into_iter()
            .map(|error| error.pointer)
            .collect();
        assert_eq!(pointers, [pointer]);
    }
}

#[test]
fn the_collectors_own_page_is_told_by_the_collector_and_pressing_again_is_the_same() {
    let mut document = good();
    let fields = document.as_object_mut().expect("an object");
    fields.remove("source");
    fields.remove("decided_at");
    assert!(Submission::parse(&document).is_err(), "not by itself");
    let at = |millis: i64| Timestamp::from_unix_millis(1_795_338_000_000 + millis);
    let pressed =
        |now| Submission::of_hosted_form(&document, now).expect("all is well but the clock");
    let (first, second) = (pressed(at(1)), pressed(at(2)));
    assert_eq!(first.source, Source::HostedForm);
    assert_eq!((first.decided_at, second.decided_at), (at(1), at(2)));
    assert_eq!(first.digest, second.digest);
    // A clock behind that of the page's machine does not decide before the page was shown.
    let early = pressed(at(-3_600_000));
    assert_eq!(early.decided_at, early.shown_at);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let pointers: Vec<_> = errors(&json!({"extra": 1}))
        .into_iter()
        .map(|error| error.pointer)
        .collect();
    let required = [
        "id",
        "site",
        "form",
        "lang",
        "notice_hash",
        "subject",
        "choices",
        "source",
        "page",
        "shown_at",
        "decided_at",
        "gpc",
        "widget",
        "extra",
    ];
    assert_eq!(pointers, required.map(|field| format!("/{field}")));
    assert_eq!(errors(&json!([])).len(), 1);
}

#[test]
fn what_the_wire_type_writes_is_read() {
    let wire = SubmissionWire {
        id: "01a2043b-f3b7-7b2b-ac83-547104a2755b".to_owned(),
        site: "demo".to_owned(),
        form: "chat".to_owned(),
        lang: "en".to_owned(),
        notice_hash: format!("sha-256:{}", "a".repeat(64)),
        subject: SubjectWire {
            email: "jan@example.com".to_owned(),
            phone: None,
            external_id: Some("C-7".to_owned()),
        },
        choices: [("STORE".to_owned(), true)].into(),
        source: "chat".to_owned(),
        page: "https://www.example.com/".to_owned(),
        conversation: Some("42".to_owned()),
        replaces: vec!["01a2043b-f3b7-7b2b-ac83-547104a2755a".to_owned()],
        shown_at: "2026-11-22T09:00:00.000Z".to_owned(),
        decided_at: "2026-11-22T09:00:00.000Z".to_owned(),
        gpc: true,
        widget: "0.1.0".to_owned(),
    };
    let submission =
        Submission::parse(&serde_json::to_value(wire).expect("JSON")).expect("all is well");
    assert_eq!(submission.conversation.as_deref(), Some("42"));
    assert!(
        submission
            .replaces
            .iter()
            .all(|before| *before < submission.id)
    );
    assert_eq!(submission.replaces.len(), 1);
    assert_eq!(submission.person.external_id.as_deref(), Some("C-7"));
}

#[test]
fn the_same_content_has_the_same_digest_in_any_order_of_fields() {
    let digest = |document: &Value| Submission::parse(document).expect("all is well").digest;
    let reordered: Value = serde_json::from_str(&good().to_string()).expect("JSON");
    let mut other = good();
    other["gpc"] = json!(true);
    assert_eq!(digest(&good()), digest(&reordered));
    assert_ne!(digest(&good()), digest(&other));
}

/// What a submission is told of the purposes of a form: each a name and its ground.
fn told_by_a_form_of(purposes: &[(&str, &str)]) -> Vec<(String, String)> {
    let purpose = |(key, ground): &(&str, &str)| json!({"key": key, "title": {"en": key}, "text": {"en": key}, "legal_basis": ground, "channels": [], "double_opt_in": false});
    let definition: Value = json!({
        "name": "Demo", "controller": {"name": "Demo", "privacy_url": "https://example.com/p", "contact": "a@example.com"},
        "default_language": "en", "languages": ["en"], "origins": ["https://www.example.com"],
        "mail": {"from": "a@example.com", "from_name": "Demo"},
        "purposes": purposes.iter().map(purpose).collect::<Vec<_>>(),
        "forms": [{"key": "newsletter", "source": "web_form", "purposes": purposes.iter().map(|(key, _)| key).collect::<Vec<_>>(), "intro": {"en": "Hello"}}]
    });
    let definition = SiteDefinition::parse(&definition).expect("all is well");
    let (site, lang) = (
        SiteKey::parse("demo").expect("a name"),
        Language::parse("en").expect("a tag"),
    );
    let words = NoticeText::of(&site, &definition, &definition.forms[0], &lang);
    let submission = Submission::parse(&good()).expect("all is well");
    let fits = submission.fits(&words.expect("all texts are there").purposes);
    let told = fits.err().unwrap_or_default().into_iter();
    told.map(|error| (error.pointer, error.detail)).collect()
}

#[test]
fn a_submission_answers_exactly_the_purposes_of_its_form() {
    let told = told_by_a_form_of(&[("STORE", "consent"), ("NEWS", "consent")]);
    let pointers: Vec<_> = told.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/choices/EMARKETING", "/choices/NEWS"]);
}

#[test]
fn a_submission_has_no_choice_for_what_is_said_and_not_asked() {
    let asked = [("STORE", "consent"), ("EMARKETING", "consent")];
    assert_eq!(told_by_a_form_of(&asked), []);
    for ground in [
        "contract",
        "legal_obligation",
        "vital_interests",
        "public_task",
        "legitimate_interests",
    ] {
        let other = [("ORDER", ground), asked[0], asked[1]];
        assert_eq!(told_by_a_form_of(&other), [], "{ground}: left out");
        let chosen = [("STORE", ground), asked[1]];
        let told = told_by_a_form_of(&chosen);
        assert_eq!(told.len(), 1, "{ground}");
        assert_eq!(told[0].0, "/choices/STORE");
        assert!(told[0].1.contains("leave it out"), "{}", told[0].1);
    }
}

proptest! {
    #[test]
    fn a_person_reads_back(local in "[a-z0-9.+-]{1,20}", domain in "[a-z]{1,10}\\.[a-z]{2,5}", phone in proptest::option::of("\\+[0-9]{5,12}")) {
        let mut document = good();
        document["subject"] = json!({"email": format!("{local}@{domain}"), "phone": phone});
        let person = Submission::parse(&document).expect("all is well").person;
        prop_assert_eq!(Person::read(&person.render()), Some(person));
    }

    #[test]
    fn no_text_whatever_makes_reading_fall_over(text: String) {
        for field in ["id", "site", "form", "lang", "notice_hash", "source", "page", "conversation", "shown_at", "widget"] {
            let mut document = good();
            document[field] = json!(text);
            let _ = Submission::parse(&document);
        }
    }
}
