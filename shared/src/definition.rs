//! The definition of a site: what its operator writes and `PUT /v1/sites/{site}` takes.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    email::EmailAddress,
    fields::stopped_at,
    key::{FormKey, PurposeKey},
    language::{Language, Texts},
    problem::FieldError,
    published::Controller,
    purpose::{Channel, LegalBasis, Source},
};

/// The most purposes that a site may have; a person cannot weigh more.
pub const MOST_PURPOSES: usize = 64;

/// A site as its operator defines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SiteDefinition {
    /// The name that visitors know
    pub name: String,
    /// Who decides why and how the data are used
    pub controller: Controller,
    /// The language of those whose own is not among `languages`
    pub default_language: Language,
    /// All languages of the site; every text must be there in each
    pub languages: Vec<Language>,
    /// Origins of the pages that may submit, exactly as browsers send them: `https://www.example.com`
    pub origins: Vec<String>,
    /// Who the mails are from
    pub mail: MailSender,
    /// How long a request waits for its confirmation: 1 to 336 hours
    #[serde(default = "three_days")]
    pub confirm_within_hours: u32,
    /// What data are used for
    pub purposes: Vec<Purpose>,
    /// Where people are asked
    pub forms: Vec<Form>,
}

/// The sender of a site's mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MailSender {
    /// The address
    pub from: String,
    /// The name beside it
    pub from_name: String,
}

/// A purpose in all languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Its name in the wire and the CRM
    pub key: PurposeKey,
    /// What the box says
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, String>))]
    pub title: Texts,
    /// What it means
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, String>))]
    pub text: Texts,
    /// On which ground
    pub legal_basis: LegalBasis,
    /// Over which channels
    pub channels: Vec<Channel>,
    /// Whether a mail asks to confirm it
    pub double_opt_in: bool,
    /// How long the data are kept, in days
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
}

/// A collection point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Its name in the tag
    pub key: FormKey,
    /// `web_form`, `chat` or `hosted_form`
    pub source: Source,
    /// Which purposes it asks, in this order
    pub purposes: Vec<PurposeKey>,
    /// The words above the boxes
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, String>))]
    pub intro: Texts,
}

fn three_days() -> u32 {
    72
}

impl SiteDefinition {
    /// Reads a definition, or says all that is wrong with it (a wrong shape is said one at a time).
    pub fn parse(document: &serde_json::Value) -> Result<Self, Vec<FieldError>> {
        let definition: Self =
            serde_path_to_error::deserialize(document).map_err(|error| vec![stopped_at(error)])?;
        let errors = definition.check();
        if errors.is_empty() {
            Ok(definition)
        } else {
            Err(errors)
        }
    }

    /// How long a request waits for its confirmation.
    #[must_use]
    pub fn confirm_within(&self) -> Duration {
        Duration::from_secs(u64::from(self.confirm_within_hours) * 3600)
    }

    /// The form of this name.
    #[must_use]
    pub fn form(&self, key: &FormKey) -> Option<&Form> {
        self.forms.iter().find(|form| form.key == *key)
    }

    /// The purpose of this name.
    #[must_use]
    pub fn purpose(&self, key: &PurposeKey) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.key == *key)
    }

    /// The language to answer in when a person reads `wanted`.
    #[must_use]
    pub fn language_for(&self, wanted: Option<&Language>) -> &Language {
        wanted
            .and_then(|wanted| wanted.best_of(&self.languages))
            .unwrap_or(&self.default_language)
    }

    fn check(&self) -> Vec<FieldError> {
        let mut checked = Checked {
            languages: &self.languages,
            errors: Vec::new(),
        };
        checked.line("/name", &self.name);
        checked.line("/controller/name", &self.controller.name);
        checked.line("/controller/contact", &self.controller.contact);
        checked.web_address("/controller/privacy_url", &self.controller.privacy_url);
        if let Err(error) = EmailAddress::parse(&self.mail.from) {
            checked.wrong("/mail/from", error.to_string());
        }
        checked.line("/mail/from_name", &self.mail.from_name);
        if !(1..=336).contains(&self.confirm_within_hours) {
            checked.wrong("/confirm_within_hours", "must be 1 to 336 (14 days)");
        }
        if !self.languages.contains(&self.default_language) {
            checked.wrong("/default_language", "must be one of `languages`");
        }
        checked.no_repeats("/languages", &self.languages);
        for (index, origin) in self.origins.iter().enumerate() {
            checked.origin(&format!("/origins/{index}"), origin);
        }
        if !(1..=MOST_PURPOSES).contains(&self.purposes.len()) {
            checked.wrong("/purposes", format!("must be 1 to {MOST_PURPOSES}"));
        }
        let purposes: Vec<&PurposeKey> = self.purposes.iter().map(|purpose| &purpose.key).collect();
        checked.no_repeats("/purposes", &purposes);
        for (index, purpose) in self.purposes.iter().enumerate() {
            checked.texts(&format!("/purposes/{index}/title"), &purpose.title);
            checked.texts(&format!("/purposes/{index}/text"), &purpose.text);
        }
        let forms: Vec<&FormKey> = self.forms.iter().map(|form| &form.key).collect();
        checked.no_repeats("/forms", &forms);
        for (index, form) in self.forms.iter().enumerate() {
            checked.texts(&format!("/forms/{index}/intro"), &form.intro);
            checked.no_repeats(&format!("/forms/{index}/purposes"), &form.purposes);
            if !form.source.is_a_visitors() {
                checked.wrong(
                    &format!("/forms/{index}/source"),
                    "must be web_form, chat or hosted_form",
                );
            }
            if form.purposes.is_empty() {
                checked.wrong(
                    &format!("/forms/{index}/purposes"),
                    "must name at least one purpose",
                );
            }
            for (place, key) in form.purposes.iter().enumerate() {
                if !purposes.contains(&key) {
                    checked.wrong(
                        &format!("/forms/{index}/purposes/{place}"),
                        "is not one of the site's purposes",
                    );
                }
            }
        }
        checked.errors
    }
}

struct Checked<'a> {
    languages: &'a [Language],
    errors: Vec<FieldError>,
}

impl Checked<'_> {
    fn wrong(&mut self, pointer: &str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(pointer, detail));
    }

    fn line(&mut self, pointer: &str, text: &str) {
        if text.trim().is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
            self.wrong(pointer, "must be one line of 1 to 200 bytes");
        }
    }

    fn texts(&mut self, pointer: &str, texts: &Texts) {
        let languages = self.languages;
        for language in languages {
            match texts.get(language) {
                None => self.wrong(
                    &format!("{pointer}/{language}"),
                    "is missing; every text is needed in each language",
                ),
                Some(text) if text.trim().is_empty() || text.len() > 4000 => {
                    self.wrong(&format!("{pointer}/{language}"), "must be 1 to 4000 bytes");
                }
                Some(_) => {}
            }
        }
        for language in texts
            .keys()
            .filter(|language| !languages.contains(language))
        {
            self.wrong(
                &format!("{pointer}/{language}"),
                "is a language that the site does not have",
            );
        }
    }

    fn no_repeats<T: Ord>(&mut self, pointer: &str, items: &[T]) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            if !seen.insert(item) {
                self.wrong(&format!("{pointer}/{index}"), "stands here a second time");
            }
        }
    }

    fn web_address(&mut self, pointer: &str, text: &str) {
        if !Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http")) {
            self.wrong(
                pointer,
                "must be a web address such as \"https://www.example.com/privacy\"",
            );
        }
    }

    fn origin(&mut self, pointer: &str, text: &str) {
        let exact = Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == text
        });
        if !exact {
            self.wrong(pointer, "must be an origin exactly as browsers send it, such as \"https://www.example.com\"");
        }
    }
}
