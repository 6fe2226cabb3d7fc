//! Languages, and texts that exist in several of them.

use std::{borrow::Cow, collections::BTreeMap, fmt};

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
                    .find(|language| language.primary() == self.primary())
            })
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
        let offered = languages(&["nl", "en-gb", "pt-br"]);
        for (wanted, best) in [
            ("nl", Some("nl")),
            ("nl-BE", Some("nl")),
            ("en", Some("en-gb")),
            ("pt-PT", Some("pt-br")),
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
}
