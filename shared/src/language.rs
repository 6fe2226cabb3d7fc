//! Languages, and texts that exist in several of them.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A BCP 47 tag, in lower case, such as `nl` or `pt-br`. Only its shape is checked (RFC 5646, subtags of 1 to 8
/// letters and digits), not whether somebody speaks it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "Cow<'_, str>")]
pub struct Language(String);

impl Language {
    /// Reads a tag; upper and lower case mean the same.
    pub fn parse(text: &str) -> Result<Self, LanguageError> {
        let subtag =
            |s: &str| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric());
        let mut subtags = text.split('-');
        let primary = subtags.next().unwrap_or_default();
        let primary_is_letters =
            (2..=8).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
        if text.len() <= 35 && primary_is_letters && subtags.all(subtag) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(LanguageError)
        }
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language without region or script: `pt` of `pt-br`.
    #[must_use]
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// The language as catalogues name it: the primary one, where all ways to say Norwegian (`no`, `nn`, `nb`) are one,
    /// since whoever reads one of them reads the others.
    #[must_use]
    pub fn written(&self) -> &str {
        match self.primary() {
            "no" | "nn" => "nb",
            primary => primary,
        }
    }

    /// The languages that an `Accept-Language` header asks for, the dearest first (RFC 9110, section 12.5.4): by weight,
    /// those of one weight in the order of the header. What is refused (`q=0`), what stands for any other language (`*`)
    /// and what cannot be read is left out, so an empty list means that nothing was asked for.
    ///
    /// The best of a list is then `accepted.iter().find_map(|language| language.best_of(&offered))`.
    #[must_use]
    pub fn accepted(header: &str) -> Vec<Self> {
        let mut ranges: Vec<(u16, Self)> = header
            .split(',')
            .take(MOST_RANGES)
            .filter_map(|range| {
                let (tag, weight) = match range.split_once(';') {
                    None => (range, 1000),
                    Some((tag, weight)) => (tag, thousandths(weight)?),
                };
                Some((weight, Self::parse(tag.trim()).ok()?))
            })
            .filter(|(weight, _)| *weight > 0)
            .collect();
        ranges.sort_by_key(|(weight, _)| Reverse(*weight)); // Stable: the order of the header decides between equals.
        let mut accepted: Vec<Self> = Vec::new();
        for (_, language) in ranges {
            if !accepted.contains(&language) {
                accepted.push(language);
            }
        }
        accepted
    }

    /// The best of `offered` for a person who reads this language: the tag itself, else one of the same primary
    /// language (RFC 4647 look-up, then any sibling).
    #[must_use]
    pub fn best_of<'a>(&self, offered: &'a [Language]) -> Option<&'a Language> {
        offered
            .iter()
            .find(|language| *language == self)
            .or_else(|| {
                offered
                    .iter()
                    .find(|language| language.as_str() == self.primary())
            })
            .or_else(|| {
                offered
                    .iter()
                    .find(|language| language.written() == self.written())
            })
    }
}

/// More languages than anyone reads; a header may be as long as its sender likes.
const MOST_RANGES: usize = 32;

/// The `q=0.7` of a range in thousandths, if it is one (RFC 9110, section 12.4.2).
fn thousandths(weight: &str) -> Option<u16> {
    let (name, value) = weight.trim().split_once('=')?;
    if !name.eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let is_short = decimals.len() <= 3 && decimals.bytes().all(|b| b.is_ascii_digit());
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" if is_short => Some(decimals),
        "1" if is_short && decimals == 0 => Some(1000),
        _ => None,
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<Cow<'_, str>> for Language {
    type Error = LanguageError;
    fn try_from(text: Cow<'_, str>) -> Result<Self, LanguageError> {
        Self::parse(&text)
    }
}

/// One text in each language of a site.
pub type Texts = BTreeMap<Language, String>;

/// The text is not a language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a language tag such as \"nl\" or \"pt-BR\" (BCP 47)")]
pub struct LanguageError;

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn languages(tags: &[&str]) -> Vec<Language> {
        tags.iter()
            .map(|tag| Language::parse(tag).expect("a tag"))
            .collect()
    }

    #[test]
    fn the_shape_of_a_tag_is_checked() {
        for (text, good) in [
            ("nl", true),
            ("pt-BR", true),
            ("zh-Hant-TW", true),
            ("", false),
            ("n", false),
            ("nl_NL", false),
            ("../nl", false),
        ] {
            assert_eq!(Language::parse(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn a_reader_gets_the_nearest_language_on_offer() {
        let offered = languages(&["nl", "en-gb", "pt-br", "nb"]);
        for (wanted, best) in [
            ("nl", Some("nl")),
            ("nl-BE", Some("nl")),
            ("en", Some("en-gb")),
            ("pt-PT", Some("pt-br")),
            ("no", Some("nb")),
            ("nn-NO", Some("nb")),
            ("de", None),
        ] {
            let wanted = Language::parse(wanted).expect("a tag");
            assert_eq!(
                wanted.best_of(&offered).map(Language::as_str),
                best,
                "{wanted}"
            );
        }
    }

    #[test]
    fn a_header_asks_for_languages_by_weight_and_then_in_its_order() {
        for (header, asked) in [
            ("", &[][..]),
            ("da, en-GB;q=0.8, en;q=0.7", &["da", "en-gb", "en"]),
            ("en;q=0.7,nl , fr;q=0.75", &["nl", "fr", "en"]),
            ("de;q=0.5, fr;q=0.5, nl;q=0.500", &["de", "fr", "nl"]),
            ("NL-be ; Q=0.3, pl\t;q=1.000", &["pl", "nl-be"]),
            ("fr;q=0, de;q=0.0, it;q=0.001", &["it"]),
            ("*", &[]),
            ("*, sv;q=0.1", &["sv"]),
            ("sv;q=0.1, fi, sv", &["fi", "sv"]),
            (", ,nl,,", &["nl"]),
            // What is not a weight says nothing of the others.
            ("nl;q=1.1, de;q=2, fr;q=-1, it;q=0.1234, pt", &["pt"]),
            ("nl;q, de;level=1, fr;q=0.5;q=1, it;q=0. 5, pt;q=0.", &[]),
            ("en_GB, <script>, x, 12", &[]),
        ] {
            let accepted = Language::accepted(header);
            let tags: Vec<&str> = accepted.iter().map(Language::as_str).collect();
            assert_eq!(tags, asked, "{header:?}");
        }
    }

    #[test]
    fn a_reader_gets_the_first_language_of_the_header_that_is_on_offer() {
        let offered = languages(&["en", "nl", "nb"]);
        for (header, best) in [
            ("nl-BE,nl;q=0.9,en;q=0.8", Some("nl")),
            ("fr-FR,fr;q=0.9,en;q=0.8", Some("en")),
            ("no;q=0.9,en;q=0.8", Some("nb")),
            ("nn-NO,nn,no", Some("nb")),
            ("fr, *", None),
        ] {
            let accepted = Language::accepted(header);
            let found = accepted.iter().find_map(|asked| asked.best_of(&offered));
            assert_eq!(found.map(Language::as_str), best, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read(header in "[a-zA-Z0-9*;,=. \\-]{0,80}") {
            for (index, language) in Language::accepted(&header).iter().enumerate() {
                prop_assert!(header.to_ascii_lowercase().contains(language.as_str()));
                prop_assert!(index < MOST_RANGES);
            }
        }

        #[test]
        fn a_header_written_from_a_list_reads_back_in_the_order_of_the_weights(
            weights in vec(0..=1000_u16, 1..=20),
        ) {
            let tags = ["bg", "hr", "cs", "da", "nl", "en", "et", "fi", "fr", "de", "el", "hu", "ga", "it", "lv", "lt", "mt",
                "pl", "pt-pt", "ro"];
            let mut ranges: Vec<(u16, &str)> = weights.into_iter().zip(tags).collect();
            let header: Vec<String> = ranges
                .iter()
                .map(|(weight, tag)| format!("{tag};q={}.{:03}", weight / 1000, weight % 1000))
                .collect();
            let accepted = Language::accepted(&header.join(", "));
            ranges.sort_by_key(|(weight, _)| Reverse(*weight));
            ranges.retain(|(weight, _)| *weight > 0);
            let asked: Vec<&str> = ranges.iter().map(|(_, tag)| *tag).collect();
            let read: Vec<&str> = accepted.iter().map(Language::as_str).collect();
            prop_assert_eq!(read, asked);
        }
    }
}
