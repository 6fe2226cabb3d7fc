//! We speak the 24 official languages of the European Union, Norwegian and Arabic, and `LANGUAGES.md` says how well.
//!
//! When a catalogue is new or reviewed: `SAYSO_ACCEPT=1 cargo test -p sayso-shared --features record --test languages`.
#![cfg(feature = "record")]

use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path};

use sayso_shared::{
    catalogue::{Catalogue, Direction, Review},
    language::Language,
};

/// By their English names.
const LANGUAGES: [(&str, &str); 26] = [
    ("Arabic", "ar"),
    ("Bulgarian", "bg"),
    ("Croatian", "hr"),
    ("Czech", "cs"),
    ("Danish", "da"),
    ("Dutch", "nl"),
    ("English", "en"),
    ("Estonian", "et"),
    ("Finnish", "fi"),
    ("French", "fr"),
    ("German", "de"),
    ("Greek", "el"),
    ("Hungarian", "hu"),
    ("Irish", "ga"),
    ("Italian", "it"),
    ("Latvian", "lv"),
    ("Lithuanian", "lt"),
    ("Maltese", "mt"),
    ("Norwegian (Bokmål)", "nb"),
    ("Polish", "pl"),
    ("Portuguese (Portugal)", "pt"),
    ("Romanian", "ro"),
    ("Slovak", "sk"),
    ("Slovenian", "sl"),
    ("Spanish", "es"),
    ("Swedish", "sv"),
];

const TOP: &str = "\
# Languages

The words of our pages, mails and forms, in `src/catalogue`, one file a language. What a site says is the site's own.

Dates and plural forms come from ICU4X. Whoever reads a language as their own is asked to read its file, mend what sounds
translated, and put their name into `review` with `Review::By`. This table is made from the catalogues by
`tests/languages.rs`, which says how.

| language | in that language | tag | read | reviewed by |
|---|---|---|---|---|
";

#[test]
fn we_have_a_catalogue_of_each_language_and_no_two() {
    let ours: Vec<&str> = Catalogue::ALL.iter().map(|each| each.lang).collect();
    let promised: BTreeSet<&str> = LANGUAGES.iter().map(|(_, tag)| *tag).collect();
    assert_eq!(ours.iter().copied().collect::<BTreeSet<_>>(), promised);
    assert_eq!(ours.len(), promised.len());
    let names: BTreeSet<&str> = Catalogue::ALL.iter().map(|each| each.name).collect();
    assert_eq!(names.len(), ours.len(), "two languages of one name");
}

#[test]
fn only_arabic_is_read_from_the_right() {
    for catalogue in Catalogue::ALL {
        let from_the_right = catalogue.direction == Direction::RightToLeft;
        assert_eq!(from_the_right, catalogue.lang == "ar", "{}", catalogue.lang);
    }
}

#[test]
fn the_table_of_languages_is_that_of_the_catalogues() {
    let mut table = TOP.to_owned();
    for (english, tag) in LANGUAGES {
        let catalogue = exactly(tag);
        let read = match catalogue.direction {
            Direction::LeftToRight => "left to right",
            Direction::RightToLeft => "right to left",
        };
        let reviewed = match catalogue.review {
            Review::MachineDrafted => "machine-drafted, not yet reviewed by a native speaker",
            Review::By(name) => name,
        };
        let name = catalogue.name;
        writeln!(
            table,
            "| {english} | {name} | `{tag}` | {read} | {reviewed} |"
        )
        .expect("a String takes everything");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("LANGUAGES.md");
    if env::var_os("SAYSO_ACCEPT").is_some() {
        fs::write(&file, &table).expect("written");
    }
    let kept = fs::read_to_string(&file).expect("shared/LANGUAGES.md");
    assert!(
        kept == table,
        "not as the catalogues are; see the top of this file"
    );
}

#[test]
fn norwegians_are_understood_however_they_name_their_language() {
    for tag in ["no", "nb", "nn", "nn-NO"] {
        assert_eq!(exactly(tag).lang, "nb", "{tag}");
    }
}

fn exactly(tag: &str) -> &'static Catalogue {
    let language = Language::parse(tag).expect("a tag");
    Catalogue::exactly(&language).unwrap_or_else(|| panic!("no catalogue of {tag}"))
}
