//! What an operator may write, and how long words that were replaced may still be answered.
#![cfg(feature = "record")]

use std::time::Duration;

use proptest::prelude::*;
use sayso_shared::{
    amendment::InUse,
    catalogue::Catalogue,
    definition::SiteDefinition,
    key::{FormKey, PurposeKey, SiteKey},
    notice::{GRACE, LONGEST_READ, Notice, NoticeText, Replaced},
    problem::FieldError,
    purpose::{LegalBasis, Source},
    time::Timestamp,
};
use serde_json::{Value, json};

fn site(languages: &[&str]) -> Value {
    json!({
        "name": "Demo",
        "controller": {"name": "Demo", "privacy_url": "https://example.com/privacy", "contact": "privacy@example.com"},
        "default_language": languages[0], "languages": languages, "origins": ["https://www.example.com"],
        "mail": {"from": "post@example.com", "from_name": "Demo"}
    })
}

fn purpose(title: &str) -> Value {
    json!({"title": {"en": title}, "text": {"en": "Text"}, "legal_basis": "consent", "channels": ["email"], "double_opt_in": true})
}

fn form(purposes: &[&str]) -> Value {
    json!({"source": "web_form", "purposes": purposes, "intro": {"en": "Hello"}})
}

fn parse(document: &Value) -> SiteDefinition {
    SiteDefinition::parse(document).expect("a definition")
}

fn purpose_key(name: &str) -> PurposeKey {
    PurposeKey::parse(name).expect("a name")
}

fn form_key(name: &str) -> FormKey {
    FormKey::parse(name).expect("a name")
}

fn pointers(errors: Vec<FieldError>) -> Vec<String> {
    errors.into_iter().map(|error| error.pointer).collect()
}

fn names(definition: &SiteDefinition) -> Vec<&str> {
    let purposes = definition.purposes.iter();
    purposes.map(|purpose| purpose.key.as_str()).collect()
}

#[test]
fn a_new_site_begins_with_two_purposes_in_every_language_that_we_have() {
    let languages = Catalogue::ALL.map(|catalogue| catalogue.lang);
    let definition = parse(&site(&languages));
    assert_eq!(names(&definition), ["STORE", "EMARKETING"]);
    assert_eq!(
        definition
            .purposes
            .iter()
            .map(|purpose| purpose.double_opt_in)
            .collect::<Vec<_>>(),
        [false, true]
    );
    for purpose in &definition.purposes {
        assert_eq!(purpose.legal_basis, LegalBasis::Consent);
        assert_eq!(purpose.title.len(), languages.len());
    }
}

#[test]
fn a_language_that_we_do_not_have_is_asked_for_and_not_made_up() {
    let errors = SiteDefinition::parse(&site(&["en", "is"])).expect_err("no Icelandic");
    let missing = ["0/title", "0/text", "1/title", "1/text"];
    assert_eq!(
        pointers(errors),
        missing.map(|place| format!("/purposes/{place}/is"))
    );
}

#[test]
fn purposes_and_forms_that_a_document_does_not_speak_of_stay() {
    let (definition, is_new) = parse(&site(&["en"]))
        .with_purpose(&purpose_key("NEWS"), &purpose("News"))
        .expect("a purpose");
    assert!(is_new);
    let (definition, _) = definition
        .with_form(&form_key("form"), &form(&["NEWS"]))
        .expect("a form");
    let again = SiteDefinition::parse_over(&site(&["en"]), Some(&definition));
    assert_eq!(again.as_ref(), Ok(&definition));
    let mut none = site(&["en"]);
    none["purposes"] = json!([]);
    none["forms"] = json!([]);
    let none = SiteDefinition::parse_over(&none, Some(&definition)).expect("an empty site");
    assert_eq!((none.purposes.len(), none.forms.len()), (0, 0));
}

#[test]
fn a_purpose_is_changed_in_its_place_and_the_same_again_changes_nothing() {
    let definition = parse(&site(&["en"]));
    let store = purpose_key("STORE");
    let (changed, is_new) = definition
        .clone()
        .with_purpose(&store, &purpose("Keep it"))
        .expect("a purpose");
    assert!(!is_new);
    assert_eq!(names(&changed), names(&definition));
    assert_ne!(changed, definition);
    let again = changed.clone().with_purpose(&store, &purpose("Keep it"));
    assert_eq!(again, Ok((changed.clone(), false)));
    // What was read may be sent back as it is.
    let read = serde_json::to_value(&changed.purposes[0]).expect("JSON");
    assert_eq!(
        changed.clone().with_purpose(&store, &read),
        Ok((changed, false))
    );
}

#[test]
fn what_is_wrong_with_an_item_is_pointed_at_within_it() {
    let definition = parse(&site(&["en"]));
    let mut wrong = purpose("");
    wrong["text"] = json!({"nl": "Tekst"});
    wrong["valid_for_days"] = json!(0);
    wrong["retention_days"] = json!(36_501);
    wrong["data_categories"] = json!(["contact", "contact"]);
    let errors = definition
        .clone()
        .with_purpose(&purpose_key("NEWS"), &wrong)
        .expect_err("wrong");
    assert_eq!(
        pointers(errors),
        [
            "/title/en",
            "/text/en",
            "/text/nl",
            "/retention_days",
            "/valid_for_days",
            "/data_categories/1"
        ]
    );
    for (document, pointer) in [
        (json!({"key": "OTHER"}), "/key"),
        (json!({"key": 7}), "/key"),
        (json!([]), ""),
        (json!({"title": 7}), "/title"),
    ] {
        let errors = definition
            .clone()
            .with_purpose(&purpose_key("NEWS"), &document);
        assert_eq!(pointers(errors.expect_err("wrong")), [pointer]);
    }
    let errors = definition
        .with_form(&form_key("form"), &form(&["STORE", "NEWS"]))
        .expect_err("no NEWS");
    assert_eq!(pointers(errors), ["/purposes/1"]);
}

#[test]
fn a_purpose_leaves_only_when_no_form_asks_for_it() {
    let (definition, _) = parse(&site(&["en"]))
        .with_form(&form_key("one"), &form(&["STORE"]))
        .expect("a form");
    let (definition, _) = definition
        .with_form(&form_key("two"), &form(&["EMARKETING", "STORE"]))
        .expect("a form");
    let store = purpose_key("STORE");
    assert_eq!(
        definition.clone().without_purpose(&store),
        Err(InUse {
            forms: vec![form_key("one"), form_key("two")],
            parts: vec![],
        })
    );
    let free = definition
        .without_form(&form_key("one"))
        .without_form(&form_key("two"));
    let gone = free.without_purpose(&store).expect("nobody asks");
    assert_eq!(names(&gone), ["EMARKETING"]);
    assert_eq!(gone.clone().without_purpose(&store), Ok(gone));
}

#[test]
fn a_part_of_a_purpose_names_one_that_is_whole_and_holds_it_in_place() {
    let part = |key: &str, whole: &str| json!({"key": key, "part_of": whole, "title": {"en": key}, "text": {"en": key}, "legal_basis": "consent", "channels": ["email"], "double_opt_in": false});
    let with = |document: Value| {
        let key = document["key"].as_str().expect("a key").to_owned();
        parse(&site(&["en"])).with_purpose(&purpose_key(&key), &document)
    };
    let (definition, _) = with(part("NEWS", "EMARKETING")).expect("a part");
    let whole = purpose_key("EMARKETING");
    let in_use = definition
        .clone()
        .without_purpose(&whole)
        .expect_err("held");
    assert_eq!(in_use.parts, [purpose_key("NEWS")]);
    let personal = definition.personal_page();
    assert_eq!(personal.purposes.len(), 3, "the personal page asks for all");
    let of_part = definition.with_purpose(&purpose_key("MORE"), &part("MORE", "NEWS"));
    for wrong in [
        with(part("NEWS", "NONE")),
        with(part("NEWS", "NEWS")),
        of_part,
    ] {
        let errors = wrong.expect_err("wrong");
        assert_eq!(errors[0].pointer, "/part_of");
    }
}

/// Words that were current for a week, replaced at minute 0.
fn replaced() -> Replaced {
    Replaced {
        form: form_key("form"),
        hash: "sha-256:0".to_owned(),
        published_at: at(-7 * DAY),
        replaced_at: at(0),
    }
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000 + millis)
}

#[test]
fn words_of_a_moment_ago_may_be_answered_by_who_truly_read_them() {
    assert_eq!(
        (GRACE, LONGEST_READ),
        (Duration::from_mins(10), Duration::from_hours(24))
    );
    for (shown_at, now, may) in [
        (-1, 0, true),
        (-1, 10 * MINUTE - 1, true),
        (-1, 10 * MINUTE, false),
        (0, 1, false),
        (1, 2, false),
        (-DAY, 1, true),
        (-DAY - 1, 1, false),
        (-8 * DAY, 1, false),
        // The ledger's clock may be a little behind the site's.
        (-1, -5, true),
    ] {
        assert_eq!(
            replaced().may_be_answered(at(shown_at), at(now)),
            may,
            "shown at {shown_at}, decided at {now}"
        );
    }
    let young = Replaced {
        published_at: at(-MINUTE),
        ..replaced()
    };
    assert!(young.may_be_answered(at(-MINUTE), at(1)));
    assert!(
        !young.may_be_answered(at(-MINUTE - 1), at(1)),
        "not published yet"
    );
}

proptest! {
    #[test]
    fn what_is_past_is_never_answered(shown_at in -2 * DAY..2 * DAY, now in -DAY..4 * DAY, waited in 0..3 * DAY) {
        let (shown_at, decided_at) = (at(shown_at), at(now - waited));
        if replaced().may_be_answered(shown_at, decided_at) {
            prop_assert!(!replaced().is_past(at(now)));
            prop_assert!(shown_at < replaced().replaced_at);
        }
    }
}

#[test]
fn the_number_of_shards_is_chosen_once() {
    let mut document = site(&["en"]);
    let parsed = |document: &Value, known: Option<&SiteDefinition>| {
        SiteDefinition::parse_over(document, known).map_err(pointers)
    };
    let one = parsed(&document, None).expect("a definition");
    assert_eq!(one.shards, 1);
    for (shards, good) in [(0, false), (1, true), (16, true), (64, true), (65, false)] {
        document["shards"] = shards.into();
        let made = parsed(&document, None);
        let refused = Err(vec!["/shards".to_owned()]);
        assert_eq!(
            made.map(|made| made.shards),
            if good { Ok(shards) } else { refused }
        );
    }
    document["shards"] = 16.into();
    let sixteen = parsed(&document, None).expect("a definition");
    assert_eq!(parsed(&document, Some(&sixteen)).as_ref(), Ok(&sixteen));
    assert_eq!(
        parsed(&document, Some(&one)),
        Err(vec!["/shards".to_owned()]),
        "not one any more"
    );
    assert_eq!(
        parsed(&site(&["en"]), Some(&sixteen)).as_ref(),
        Ok(&sixteen),
        "left out, it stays"
    );
    // What else is wrong is said with it, and it is said once.
    document["shards"] = 65.into();
    document["name"] = "".into();
    assert_eq!(
        parsed(&document, Some(&sixteen)),
        Err(vec!["/name".to_owned(), "/shards".to_owned()])
    );
}

/// A site that asks for news, and says what it needs for the contract.
fn shop() -> SiteDefinition {
    let mut order = purpose("Order");
    order["legal_basis"] = json!("contract");
    let mut document = site(&["en"]);
    document["purposes"] = json!([]);
    let (definition, _) = parse(&document)
        .with_purpose(&purpose_key("NEWS"), &purpose("News"))
        .expect("a purpose");
    let (definition, _) = definition
        .with_purpose(&purpose_key("ORDER"), &order)
        .expect("a purpose");
    definition
}

fn published(definition: &SiteDefinition) -> Value {
    let lang = &definition.default_language;
    let site = SiteKey::parse("demo").expect("a name");
    let form = definition.forms.last().expect("a form");
    let text = NoticeText::of(&site, definition, form, lang).expect("its words");
    let notice = Notice {
        version: 1,
        hash: text.hash(),
        published_at: Timestamp::from_unix_millis(0),
        text,
    };
    serde_json::to_value(notice.published(definition, Source::WebForm)).expect("JSON")
}

#[test]
fn what_rests_on_another_ground_is_published_in_its_place_and_a_form_asks_for_something() {
    let both = form(&["ORDER", "NEWS"]);
    let (definition, _) = shop()
        .with_form(&form_key("order"), &both)
        .expect("one to ask");
    let published = published(&definition);
    assert_eq!(published["purposes"][0]["key"], "ORDER");
    assert_eq!(published["purposes"][0]["legal_basis"], "contract");
    assert_eq!(published["purposes"][0]["text"], "Text");
    assert_eq!(
        published["labels"]["legal_bases"][0],
        "needed for our contract with you"
    );
    assert_eq!(published["labels"]["validities"][0], "", "there is no yes");
    assert_eq!(published["labels"]["validities"][1], "until you stop it");
    let nothing = shop().with_form(&form_key("order"), &form(&["ORDER"]));
    let errors = nothing.expect_err("nothing to choose");
    assert_eq!(pointers(errors), ["/purposes"]);
}

#[test]
fn a_condition_is_published_as_one_and_words_without_one_stay_as_they_were() {
    let mut order = form(&["ORDER", "NEWS"]);
    let key = form_key("order");
    let (before, _) = shop().with_form(&key, &order).expect("a form");
    order["conditions"] = json!(["NEWS"]);
    let (after, _) = shop().with_form(&key, &order).expect("a form");
    let (before, after) = (published(&before), published(&after));
    assert_eq!(after["purposes"][1]["condition"], true);
    let fields = |purpose: &Value| purpose.as_object().expect("an object").len();
    assert!(before["purposes"][1].get("condition").is_none());
    assert_eq!(
        fields(&after["purposes"][0]),
        fields(&before["purposes"][0])
    );
    assert_ne!(
        before["notice"]["hash"], after["notice"]["hash"],
        "a word more is shown"
    );

    for (conditions, wrong) in [
        (json!(["STORE"]), "/conditions/0"),
        (json!(["NEWS", "ORDER"]), "/conditions/1"),
        (json!(["NEWS", "NEWS"]), "/conditions/1"),
        (json!(true), "/conditions"),
    ] {
        order["conditions"] = conditions;
        let errors = shop().with_form(&key, &order).expect_err("a wrong one");
        assert_eq!(pointers(errors), [wrong]);
    }
}
