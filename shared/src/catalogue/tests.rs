//! The catalogue is complete, and everything in it is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use super::*;

#[test]
fn places_are_filled_once() {
    for (text, filled) in [
        ("", ""),
        ("Hello", "Hello"),
        ("{a} and {b}", "{b} and 2"),
        ("{c} stays", "{c} stays"),
        ("open { brace", "open { brace"),
    ] {
        assert_eq!(fill(text, &[("a", "{b}"), ("b", "2")]), filled);
    }
    let company = [("who", "Example B.V.")];
    for (text, filled) in [
        ("Ask {who}.", "Ask Example B.V."),
        ("Ask {who}. Then", "Ask Example B.V. Then"),
        ("Ask {who}?", "Ask Example B.V.?"),
        ("Ask {who}", "Ask Example B.V."),
    ] {
        assert_eq!(fill(text, &company), filled);
    }
}

#[test]
fn sorts_of_data_are_said_one_after_the_other() {
    let said =
        Catalogue::english().data_categories(&[DataCategory::Preferences, DataCategory::Contact]);
    assert_eq!(said, "contact details, preferences");
    assert_eq!(Catalogue::english().data_categories(&[]), "");
}

#[test]
fn a_retention_is_said_as_people_say_it() {
    let english = &en::CATALOGUE;
    assert_eq!(english.retention(Some(730)), "2 years");
    assert_eq!(english.retention(Some(365)), "1 year");
    assert_eq!(english.retention(Some(90)), "90 days");
    assert_eq!(english.validity(Some(365)), "1 year");
    assert_eq!(english.validity(None), "until you stop it");
}

/// All texts of a language, by their places: `mail.greeting`.
fn texts(catalogue: &Catalogue) -> BTreeMap<String, String> {
    fn collect(place: &str, value: &Value, texts: &mut BTreeMap<String, String>) {
        let within = |name: &str| format!("{place}.{name}").trim_matches('.').to_owned();
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    collect(&within(name), value, texts);
                }
            }
            // A text in plural forms: each by the name of its form.
            Value::Array(items) if items.iter().all(Value::is_array) => {
                for form in items {
                    let plural = form[0].as_str().expect("a form");
                    collect(&within(plural), &form[1], texts);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    collect(&within(&index.to_string()), value, texts);
                }
            }
            value => {
                let text = value.as_str().expect("a text");
                texts.insert(place.to_owned(), text.to_owned());
            }
        }
    }
    let mut found = BTreeMap::new();
    let value = serde_json::to_value(catalogue).expect("JSON");
    collect("", &value, &mut found);
    found
}

fn places(text: &str) -> BTreeSet<&str> {
    let after_open = text.split('{').skip(1);
    after_open
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .collect()
}

#[test]
fn no_text_is_empty_and_each_keeps_the_places_of_the_english_one() {
    let english = texts(Catalogue::english());
    for catalogue in Catalogue::ALL {
        for (place, text) in texts(catalogue) {
            let told = format!("{} {place}: {text:?}", catalogue.lang);
            // Of forms that English has not, its last one says what belongs in.
            let form = place
                .rsplit_once('.')
                .map(|(text, _)| format!("{text}.Other"));
            let likewise = english.get(&place).or_else(|| english.get(&form?));
            let likewise = likewise.unwrap_or_else(|| panic!("not in English: {told}"));
            assert!(!text.is_empty() && text.trim() == text, "{told}");
            let mut expected = places(likewise);
            if expected.contains("n") && says_its_count(catalogue.lang, &place, &text) {
                expected.remove("n");
            }
            assert_eq!(places(&text), expected, "{told}");
        }
    }
}

/// Whether a text says how many it is about in words: it is in a form for one count alone, as Arabic has them for one and for two.
fn says_its_count(lang: &str, place: &str, text: &str) -> bool {
    let form = place.rsplit('.').next().unwrap_or_default();
    let takes_it = |n: &u32| format!("{:?}", Plural::of(lang, *n)) == form;
    !text.contains("{n}") && (0..=forms::MOST).filter(takes_it).count() == 1
}

/// The categories of CLDR that whole numbers have in a language, as far as we count.
fn categories(lang: &str) -> BTreeSet<String> {
    let counts = 0..=forms::MOST;
    let categories = counts.map(|n| Plural::of(lang, n));
    let each: BTreeSet<Plural> = categories.collect();
    each.into_iter().map(|form| format!("{form:?}")).collect()
}

/// All that is said in plural forms, with the forms that it is said in.
fn forms_of(value: &Value) -> Vec<Vec<&str>> {
    match value {
        Value::Object(fields) => fields.values().flat_map(forms_of).collect(),
        Value::Array(items) if items.iter().all(Value::is_array) => {
            let forms = items.iter().filter_map(|form| form[0].as_str());
            vec![forms.collect()]
        }
        _ => Vec::new(),
    }
}

#[test]
fn what_is_counted_is_said_in_each_form_that_the_language_has_and_in_no_other() {
    for catalogue in Catalogue::ALL {
        let value = serde_json::to_value(catalogue).expect("JSON");
        let counted = forms_of(&value);
        assert!(counted.len() >= 4, "{}", catalogue.lang);
        for forms in counted {
            let once: BTreeSet<String> = forms.iter().map(|form| (*form).to_owned()).collect();
            assert_eq!(once, categories(catalogue.lang), "{}", catalogue.lang);
            assert_eq!(once.len(), forms.len(), "{}: twice", catalogue.lang);
        }
    }
}

/// Languages share words, and neighbours share sentences; nobody shares sentences with English.
#[test]
fn no_text_was_left_in_english() {
    let english = texts(Catalogue::english());
    for catalogue in &Catalogue::ALL[1..] {
        for (place, text) in texts(catalogue) {
            let is_copied =
                text.split_whitespace().count() > 2 && english.get(&place) == Some(&text);
            assert!(!is_copied, "{} {place}: {text:?}", catalogue.lang);
        }
    }
}

#[test]
fn no_text_is_written_as_on_a_typewriter() {
    for catalogue in Catalogue::ALL {
        for (place, text) in texts(catalogue) {
            for mark in ["'", "\"", "...", "  ", " - "] {
                assert!(!text.contains(mark), "{} {place}: {text:?}", catalogue.lang);
            }
        }
    }
}

#[test]
fn french_marks_do_not_begin_a_line() {
    for (place, text) in texts(&fr::CATALOGUE) {
        for mark in [" ?", " !", " :", " ;"] {
            assert!(!text.contains(mark), "{place}: {text:?}");
        }
    }
}

/// Words of what is being built.
const COMING: &[&str] = &["errors_title", "stale", "foreign", "sent_title"];

/// What is read nowhere is shown nowhere: it goes. A word counts as read where code or a template takes it from the
/// catalogue by one of the names that it has there.
#[test]
fn every_text_is_read_somewhere() {
    fn read(folder: &Path, sources: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "catalogue") {
                read(&path, sources);
            } else if path.is_file() {
                sources.push_str(&fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    let mut sources = String::new();
    for folder in ["src", "../collector/src", "../collector/templates"] {
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut sources,
        );
    }
    let is_read = |name: &str| {
        [
            "words",
            "ours",
            "widget",
            "page",
            "mail",
            "self",
            "catalogue",
        ]
        .iter()
        .any(|owner| {
            let taken = format!("{owner}.{name}");
            sources.match_indices(&taken).any(|(at, taken)| {
                let next = sources[at + taken.len()..].chars().next();
                !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
            })
        })
    };
    for place in texts(Catalogue::english()).into_keys() {
        // A list is read as a whole.
        let place = place.trim_end_matches(|c: char| c == '.' || c.is_ascii_digit());
        let form = place
            .rsplit_once('.')
            .filter(|(_, last)| matches!(*last, "One" | "Other"));
        let place = form.map_or(place, |(text, _)| text);
        let name = place.rsplit('.').next().unwrap_or(place);
        if COMING.contains(&name) {
            continue;
        }
        assert!(
            is_read(name),
            "{place} is read nowhere: remove it, or call what it is read from `words`"
        );
    }
}

#[test]
fn a_language_without_a_catalogue_reads_english() {
    let language = |tag| Language::parse(tag).expect("a tag");
    assert_eq!(Catalogue::of(&language("nl-BE")).lang, "nl");
    assert_eq!(Catalogue::of(&language("ja")).lang, "en");
}
