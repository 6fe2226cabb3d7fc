//! Plural forms: one text in the forms that a count needs. Which form a count takes, ICU4X says.

use icu_locale_core::{
    LanguageIdentifier,
    subtags::{self, Region, region},
};
use icu_plurals::{PluralCategory, PluralRules};

/// The form that a count takes, in the words of Unicode's CLDR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize))]
#[allow(missing_docs)] // CLDR gives them no more meaning than their names.
pub enum Plural {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

/// One text in each form that its language has for whole numbers up to [`MOST`]; `{n}` is the count.
pub type Forms = &'static [(Plural, &'static str)];

/// The highest count that a text has to have a form for: a hundred years in days. Some languages have one more form for millions,
/// or for fractions; nobody would ever read it.
#[cfg(test)]
pub(super) const MOST: u32 = 36_500;

impl Plural {
    /// The form that `n` takes in a language.
    #[must_use]
    pub fn of(lang: &str, n: u32) -> Self {
        let rules =
            variety(lang).and_then(|lang| PluralRules::try_new_cardinal((&lang).into()).ok());
        match rules.map(|rules| rules.category_for(n)) {
            Some(PluralCategory::Zero) => Self::Zero,
            Some(PluralCategory::One) => Self::One,
            Some(PluralCategory::Two) => Self::Two,
            Some(PluralCategory::Few) => Self::Few,
            Some(PluralCategory::Many) => Self::Many,
            Some(PluralCategory::Other) | None => Self::Other,
        }
    }
}

/// A language as our catalogue of it is written: where CLDR takes a language for that of another continent, the European one,
/// and Arabic as it is read everywhere.
pub(super) fn variety(lang: &str) -> Option<LanguageIdentifier> {
    let region: Option<Region> = match lang {
        "en" => Some(region!("GB")),
        "pt" => Some(region!("PT")),
        "ar" => Some(region!("001")),
        _ => None,
    };
    let language = subtags::Language::try_from_str(lang).ok()?;
    Some(LanguageIdentifier {
        region,
        ..LanguageIdentifier::from(language)
    })
}

#[cfg(test)]
mod tests {
    use super::Plural::{self, Few, Many, One, Other, Two, Zero};

    #[test]
    fn each_language_counts_in_its_own_forms() {
        for (lang, counts) in [
            ("nl", &[(0, Other), (1, One), (2, Other), (21, Other)][..]),
            ("fr", &[(0, One), (1, One), (2, Other)]),
            ("pt", &[(0, Other), (1, One), (2, Other)]),
            (
                "pl",
                &[(1, One), (2, Few), (5, Many), (12, Many), (22, Few)],
            ),
            ("cs", &[(1, One), (2, Few), (4, Few), (5, Other)]),
            (
                "sl",
                &[(1, One), (2, Two), (3, Few), (5, Other), (101, One)],
            ),
            (
                "lt",
                &[(1, One), (2, Few), (10, Other), (11, Other), (21, One)],
            ),
            (
                "lv",
                &[(0, Zero), (1, One), (2, Other), (10, Zero), (21, One)],
            ),
            (
                "ga",
                &[(1, One), (2, Two), (3, Few), (7, Many), (11, Other)],
            ),
            (
                "mt",
                &[(1, One), (2, Two), (3, Few), (11, Many), (20, Other)],
            ),
            (
                "ar",
                &[
                    (0, Zero),
                    (1, One),
                    (2, Two),
                    (3, Few),
                    (11, Many),
                    (100, Other),
                ],
            ),
            ("ro", &[(1, One), (2, Few), (19, Few), (20, Other)]),
            ("hr", &[(1, One), (2, Few), (5, Other), (21, One)]),
            ("no such language", &[(1, Other)]),
        ] {
            for (n, form) in counts {
                assert_eq!(Plural::of(lang, *n), *form, "{lang} {n}");
            }
        }
    }
}
