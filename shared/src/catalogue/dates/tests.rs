//! Our dates are those of ICU4X, on every day.
//!
//! When ICU4X has learnt something new: `SAYSO_ACCEPT=1 cargo test -p sayso-shared --features record dates`, and look at the
//! difference.

use std::{env, fmt::Write as _, fs, path::Path};

use chrono::NaiveDate;
use icu_datetime::{DateTimeFormatter, fieldsets::YMD, input::Date};

use super::*;
use crate::catalogue::forms::variety;

/// The official languages of the European Union, Norwegian and Arabic.
const LANGUAGES: [&str; 26] = [
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "it", "lt",
    "lv", "mt", "nb", "nl", "pl", "pt", "ro", "sk", "sl", "sv",
];

/// Languages for which ICU4X 2.4 joins the parts differently than CLDR's own long date, which people there write (ICU4C has it
/// right). The months are ICU4X's all the same.
const PATTERNS_OF_CLDR: [(&str, &str); 4] = [
    ("et", "{d}. {month} {y}"),
    ("ga", "{d} {month} {y}"),
    ("mt", "{d} ta’ {month} {y}"),
    ("sl", "{d}. {month} {y}"),
];

struct Icu(DateTimeFormatter<YMD>);

impl Icu {
    fn of(lang: &str) -> Self {
        let lang = variety(lang).expect("a language");
        let western = format!("{lang}-u-ca-gregory-nu-latn");
        let locale: icu_locale_core::Locale = western.parse().expect("a locale");
        Self(DateTimeFormatter::try_new((&locale).into(), YMD::long()).expect("a formatter"))
    }

    fn long(&self, day: NaiveDate) -> String {
        let month = u8::try_from(day.month()).expect("a month");
        let of_month = u8::try_from(day.day()).expect("a day");
        let day = Date::try_new_iso(day.year(), month, of_month).expect("a date");
        self.0.format(&day).to_string()
    }
}

fn every_day(year: i32) -> impl Iterator<Item = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).expect("a day");
    first.iter_days().take_while(move |day| day.year() == year)
}

fn at(day: NaiveDate) -> Timestamp {
    let noon = day.and_hms_opt(12, 0, 0).expect("noon");
    Timestamp::from_unix_millis(noon.and_utc().timestamp_millis())
}

#[test]
fn every_day_reads_as_icu_writes_it() {
    for lang in LANGUAGES {
        let icu = Icu::of(lang);
        for day in [1999, 2000, 2024, 2026, 2027, 2100]
            .into_iter()
            .flat_map(every_day)
        {
            let (ours, mut expected) = (long(lang, at(day)), icu.long(day));
            if lang == "fr" && day.day() == 1 {
                expected = expected.replacen('1', "1er", 1);
            }
            if PATTERNS_OF_CLDR.iter().any(|(other, _)| *other == lang) {
                let words = |text: &str| {
                    let words = text.split(' ').filter(|word| *word != "ta’");
                    let mut words: Vec<String> = words
                        .map(|word| {
                            word.replace(['.', ','], "")
                                .trim_start_matches('0')
                                .to_owned()
                        })
                        .collect();
                    words.sort();
                    words
                };
                assert_eq!(words(&ours), words(&expected), "{lang} {day}");
            } else {
                assert_eq!(ours, expected, "{lang} {day}");
            }
        }
    }
}

#[test]
fn a_date_reads_as_in_a_letter() {
    for (lang, written) in [
        ("nl", "22 november 2026, 09:05 UTC"),
        ("en", "22 November 2026, 09:05 UTC"),
        ("de", "22. November 2026, 09:05 UTC"),
        ("fr", "22 novembre 2026, 09:05 UTC"),
        ("hu", "2026. november 22., 09:05 UTC"),
        ("lv", "2026. gada 22. novembris, 09:05 UTC"),
        ("pt", "22 de novembro de 2026, 09:05 UTC"),
        ("et", "22. november 2026, 09:05 UTC"),
        ("sl", "22. november 2026, 09:05 UTC"),
        ("ga", "22 Samhain 2026, 09:05 UTC"),
        ("mt", "22 ta’ Novembru 2026, 09:05 UTC"),
        ("ar", "22 نوفمبر 2026، 09:05 UTC"),
        ("no such language", "2026-11-22, 09:05 UTC"),
    ] {
        let at = Timestamp::parse("2026-11-22T10:05:59.999+01:00").expect("a moment");
        assert_eq!(with_time(lang, at), written);
    }
    let first = Timestamp::parse("2026-08-01T00:00:00Z").expect("a moment");
    assert_eq!(long("fr", first), "1er août 2026");
    assert_eq!(long("nl", first), "1 augustus 2026");
}

#[test]
fn the_table_is_the_one_that_icu_makes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalogue/dates/table.rs");
    let made = table_of_icu();
    if env::var_os("SAYSO_ACCEPT").is_some() {
        fs::write(&file, &made).expect("written");
    }
    let kept = fs::read_to_string(&file).expect("read");
    assert!(
        kept == made,
        "not what ICU4X says today; see the top of this file"
    );
}

fn table_of_icu() -> String {
    let mut table = String::from(
        "//! Made from ICU4X by a test (`../dates/tests.rs`); not edited by hand.\n\n\
         use super::Long;\n\n\
         #[rustfmt::skip]\n\
         pub(super) static LONG: &[Long] = &[\n",
    );
    for lang in LANGUAGES {
        let (pattern, months) = pattern_and_months(lang);
        writeln!(
            table,
            "    Long {{ lang: {lang:?}, pattern: {pattern:?}, months: {months:?} }},"
        )
        .expect("a String takes everything");
    }
    table + "];\n"
}

/// One day of each month tells which words are the month: those that are not in all of them.
fn pattern_and_months(lang: &str) -> (String, Vec<String>) {
    let icu = Icu::of(lang);
    let days = (1..=12).filter_map(|month| NaiveDate::from_ymd_opt(2026, month, 22));
    let written: Vec<Vec<String>> = days
        .map(|day| icu.long(day).replace("2026", "{y}").replace("22", "{d}"))
        .map(|text| text.split(' ').map(str::to_owned).collect())
        .collect();
    let in_all = |of: &dyn Fn(&[String], usize) -> Option<String>| {
        let is_same = |place: &usize| {
            let first = of(&written[0], *place);
            first.is_some() && written.iter().all(|words| of(words, *place) == first)
        };
        (0..written[0].len()).take_while(is_same).count()
    };
    let before = in_all(&|words, place| words.get(place).cloned());
    let after = in_all(&|words, place| words.iter().rev().nth(place).cloned());
    let months = written
        .iter()
        .map(|words| words[before..words.len() - after].join(" "))
        .map(|month| month.trim_end_matches(',').to_owned())
        .collect();
    let of_cldr = PATTERNS_OF_CLDR.iter().find(|(other, _)| *other == lang);
    if let Some((_, pattern)) = of_cldr {
        return ((*pattern).to_owned(), months);
    }
    let first = &written[0];
    let mut pattern = first[..before].to_vec();
    pattern.push("{month}".to_owned());
    pattern.extend_from_slice(&first[first.len() - after..]);
    (pattern.join(" "), months)
}
