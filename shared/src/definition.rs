//! The definition of a site: what its operator writes and `PUT /v1/sites/{site}` takes.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    catalogue::{Catalogue, StandardWords, fill},
    email::EmailAddress,
    id::MOST_SHARDS,
    key::{FormKey, PurposeKey},
    language::{Language, Texts},
    problem::FieldError,
    processing::Processing,
    published::Controller,
    purpose::{Channel, DataCategory, LegalBasis, Source},
    strict,
    theme::Theme,
    time::days,
};

/// The most purposes that a site may have; a person cannot weigh more.
pub const MOST_PURPOSES: usize = 64;

/// The longest time that data may be kept or a yes may hold: 100 years.
pub const LONGEST_SPAN_DAYS: u32 = 36_500;

/// For how long network and browser of a submission are kept where the operator says nothing, in days: long enough to look into an
/// abuse of the form, and far shorter than the record.
pub const CLIENT_DAYS: u32 = 90;

/// The longest time that they may be kept, in days: a year.
pub const LONGEST_CLIENT_DAYS: u32 = 365;

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
    /// What receipts say of the controller and of keeping the data
    #[serde(default, skip_serializing_if = "Processing::is_empty")]
    pub processing: Processing,
    /// How pages and mails look
    #[serde(default, skip_serializing_if = "Theme::is_empty")]
    pub theme: Theme,
    /// Who the mails are from
    pub mail: MailSender,
    /// How long a request waits for its confirmation: 1 to 336 hours
    #[serde(default = "three_days")]
    pub confirm_within_hours: u32,
    /// Into how many ledgers the record is split: 1 to 64, fixed when the site is made. Left out: as many as there are; a new site
    /// has one. One takes some hundred submissions a second
    #[serde(default = "one_shard")]
    pub shards: u16,
    /// For how many days network and browser of a submission are kept: 0 to 365; 0: they are not
    #[serde(default = "client_days", skip_serializing_if = "is_usual_client_days")]
    pub client_days: u32,
    /// Whether a person gets a mail about what others recorded: `not_imports` if it is left out
    #[serde(default, skip_serializing_if = "PrivacyConfirmation::is_usual")]
    pub privacy_confirmation: PrivacyConfirmation,
    /// What data are used for. Left out: those there are stay; a new site begins with `STORE` and `EMARKETING`
    #[serde(default)]
    pub purposes: Vec<Purpose>,
    /// Where people are asked. Left out: those there are stay
    #[serde(default)]
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
    /// The subject of the mail that asks to confirm, in each language; ours if it is left out
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, String>))]
    pub confirm_subject: Texts,
    /// Who is told by mail when delivery to an endpoint has stopped; `from` if it is left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

/// Who is told by mail what was recorded by somebody else (`POST /v1/consents`), where no mail asks to confirm anyway. Whoever did not
/// fill in a form should learn what is kept, from where, and how to stop it (Article 14 GDPR).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PrivacyConfirmation {
    /// Nobody
    Never,
    /// Everybody but those on a list that is taken over: 500 lines are not 500 mails
    #[default]
    NotImports,
    /// Everybody
    Always,
}

impl PrivacyConfirmation {
    /// Whether it is what goes without saying.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether what came in by this source is told.
    #[must_use]
    pub fn is_for(self, source: Source) -> bool {
        match self {
            Self::Never => false,
            Self::NotImports => source != Source::Import,
            Self::Always => true,
        }
    }
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
    /// The purpose that this is a part of: a type of what people get with it, such as news or invitations, that each person switches
    /// off and on by itself on the personal page. It counts only while a yes to that purpose does
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<PurposeKey>,
    /// On which ground
    pub legal_basis: LegalBasis,
    /// Over which channels
    pub channels: Vec<Channel>,
    /// Whether a mail asks to confirm it
    pub double_opt_in: bool,
    /// How long the data are kept once it is over (stopped, expired or refused), in days; then nothing of the person is kept for it.
    /// Without it, until somebody erases the person
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// How long a yes holds, in days; without it, until the person stops it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for_days: Option<u32>,
    /// What sort of data it needs
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_categories: Vec<DataCategory>,
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
    /// Which purposes it speaks of, in this order. It asks for those that rest on consent, at least one; the others are said without a box
    pub purposes: Vec<PurposeKey>,
    /// Which of them the service needs a yes to: their boxes are marked so, and the widget holds the form up until they are ticked. A no
    /// that arrives all the same is recorded. A consent that is made a condition of something which does not need it is not freely
    /// given (Article 7(4) GDPR) and holds nowhere: ask a lawyer before you use this
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<PurposeKey>,
    /// The words above the boxes
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, String>))]
    pub intro: Texts,
    /// Whether pages on the site's `origins` may show the hosted form in a frame
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub framed: bool,
}

fn three_days() -> u32 {
    72
}

fn one_shard() -> u16 {
    1
}

fn client_days() -> u32 {
    CLIENT_DAYS
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference.
fn is_usual_client_days(days: &u32) -> bool {
    *days == CLIENT_DAYS
}

impl SiteDefinition {
    /// Reads the definition of a new site, or says all that is wrong with it (a wrong shape is said one at a time).
    pub fn parse(document: &serde_json::Value) -> Result<Self, Vec<FieldError>> {
        Self::parse_over(document, None)
    }

    /// Reads a definition that takes the place of `known`: purposes and forms that the document does not speak of stay.
    pub fn parse_over(
        document: &serde_json::Value,
        known: Option<&Self>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut definition: Self = read(document)?;
        if document.get("purposes").is_none() {
            definition.purposes = known.map_or_else(
                || Purpose::standard(&definition.languages),
                |known| known.purposes.clone(),
            );
        }
        if let Some(known) = known.filter(|_| document.get("forms").is_none()) {
            definition.forms.clone_from(&known.forms);
        }
        if let Some(known) = known.filter(|_| document.get("shards").is_none()) {
            definition.shards = known.shards;
        }
        let mut errors = definition.check();
        if let Some(known) = known.filter(|known| known.shards != definition.shards) {
            let must = format!(
                "cannot be changed: this site was made with {}. Leave it out; for another number make another site",
                known.shards
            );
            errors.retain(|error| error.pointer != "/shards");
            errors.push(FieldError::new("/shards", must));
        }
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

    /// For how long network and browser of a submission are kept.
    #[must_use]
    pub fn client_kept(&self) -> Duration {
        days(self.client_days)
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

    /// The personal page as a form: it asks for everything that is a person's to choose.
    #[must_use]
    pub fn personal_page(&self) -> Form {
        let chosen = self.purposes.iter();
        let chosen = chosen.filter(|purpose| purpose.legal_basis == LegalBasis::Consent);
        let intro = |language: &Language| {
            let controller = [("controller", self.controller.name.as_str())];
            fill(Catalogue::of(language).page.preferences_lead, &controller)
        };
        let languages = self.languages.iter();
        Form {
            key: Form::personal_key(),
            source: Source::PreferenceCentre,
            purposes: chosen.map(|purpose| purpose.key.clone()).collect(),
            intro: languages
                .map(|language| (language.clone(), intro(language)))
                .collect(),
            conditions: Vec::new(),
            framed: false,
        }
    }

    /// The language to answer in when a person reads `wanted`.
    #[must_use]
    pub fn language_for(&self, wanted: Option<&Language>) -> &Language {
        wanted
            .and_then(|wanted| wanted.best_of(&self.languages))
            .unwrap_or(&self.default_language)
    }

    /// The language to answer in when a person reads these, the dearest first.
    #[must_use]
    pub fn language_among(&self, wanted: &[Language]) -> &Language {
        let mut offered = wanted
            .iter()
            .filter_map(|wanted| wanted.best_of(&self.languages));
        offered.next().unwrap_or(&self.default_language)
    }

    /// All that is wrong.
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let mut checked = Checked {
            languages: &self.languages,
            errors: Vec::new(),
        };
        checked.line("/name", &self.name);
        checked.line("/controller/name", &self.controller.name);
        checked.line("/controller/contact", &self.controller.contact);
        checked.web_address("/controller/privacy_url", &self.controller.privacy_url);
        checked.errors.extend(self.processing.check());
        checked.errors.extend(self.theme.check());
        if let Err(error) = EmailAddress::parse(&self.mail.from) {
            checked.wrong("/mail/from", error.to_string());
        }
        if let Some(Err(error)) = self.mail.operator.as_deref().map(EmailAddress::parse) {
            checked.wrong("/mail/operator", error.to_string());
        }
        checked.line("/mail/from_name", &self.mail.from_name);
        if !self.mail.confirm_subject.is_empty() {
            checked.texts("/mail/confirm_subject", &self.mail.confirm_subject);
            for (language, subject) in &self.mail.confirm_subject {
                checked.line(&format!("/mail/confirm_subject/{language}"), subject);
            }
        }
        if !(1..=336).contains(&self.confirm_within_hours) {
            checked.wrong("/confirm_within_hours", "must be 1 to 336 (14 days)");
        }
        if !(1..=MOST_SHARDS).contains(&self.shards) {
            checked.wrong("/shards", format!("must be 1 to {MOST_SHARDS}"));
        }
        if self.client_days > LONGEST_CLIENT_DAYS {
            let must = format!("must be 0 to {LONGEST_CLIENT_DAYS}");
            checked.wrong("/client_days", must);
        }
        if !self.languages.contains(&self.default_language) {
            checked.wrong("/default_language", "must be one of `languages`");
        }
        checked.no_repeats("/languages", &self.languages);
        for (index, origin) in self.origins.iter().enumerate() {
            checked.origin(&format!("/origins/{index}"), origin);
        }
        if self.purposes.len() > MOST_PURPOSES {
            checked.wrong("/purposes", format!("must be at most {MOST_PURPOSES}"));
        }
        let purposes: Vec<&PurposeKey> = self.purposes.iter().map(|purpose| &purpose.key).collect();
        checked.no_repeats("/purposes", &purposes);
        for (index, purpose) in self.purposes.iter().enumerate() {
            checked.texts(&format!("/purposes/{index}/title"), &purpose.title);
            checked.texts(&format!("/purposes/{index}/text"), &purpose.text);
            if let Some(whole) = &purpose.part_of {
                checked.part(&format!("/purposes/{index}"), purpose, self.purpose(whole));
            }
            let spans = [
                ("retention_days", purpose.retention_days),
                ("valid_for_days", purpose.valid_for_days),
            ];
            for (field, span) in spans {
                if span.is_some_and(|days| !(1..=LONGEST_SPAN_DAYS).contains(&days)) {
                    let must = format!("must be 1 to {LONGEST_SPAN_DAYS} (100 years)");
                    checked.wrong(&format!("/purposes/{index}/{field}"), must);
                }
            }
            let pointer = format!("/purposes/{index}/data_categories");
            checked.no_repeats(&pointer, &purpose.data_categories);
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
            if form.key == Form::personal_key() {
                checked.wrong(
                    &format!("/forms/{index}/key"),
                    "is the name of the personal page; call the form something else",
                );
            }
            if form.purposes.is_empty() {
                checked.wrong(
                    &format!("/forms/{index}/purposes"),
                    "must name at least one purpose",
                );
            }
            self.check_purposes_of(&format!("/forms/{index}"), form, &mut checked);
        }
        checked.errors
    }

    fn check_purposes_of(&self, place: &str, form: &Form, checked: &mut Checked<'_>) {
        let is_asked = |key| {
            let purpose = self.purpose(key);
            purpose.is_none_or(|purpose| purpose.legal_basis == LegalBasis::Consent)
        };
        for (at, key) in form.purposes.iter().enumerate() {
            if self.purpose(key).is_none() {
                let must = "is not one of the site's purposes";
                checked.wrong(&format!("{place}/purposes/{at}"), must);
            }
        }
        if !form.purposes.is_empty() && !form.purposes.iter().any(is_asked) {
            checked.wrong(
                &format!("{place}/purposes"),
                "must name at least one purpose that rests on consent; the others are said and not asked, so nobody would have anything to choose",
            );
        }
        checked.no_repeats(&format!("{place}/conditions"), &form.conditions);
        for (at, key) in form.conditions.iter().enumerate() {
            let wrong = if !form.purposes.contains(key) {
                "is not one of the form's purposes"
            } else if !is_asked(key) {
                "rests on another ground than consent, so it is said and not asked; only what is asked can be a condition"
            } else {
                continue;
            };
            checked.wrong(&format!("{place}/conditions/{at}"), wrong);
        }
    }
}

impl Form {
    /// What the personal page is called among the forms.
    ///
    /// # Panics
    /// Never: the name is a name.
    #[must_use]
    pub fn personal_key() -> FormKey {
        FormKey::parse("preferences").expect("a name of lower-case letters")
    }
}

impl Purpose {
    /// The two purposes that every site begins with, in those of its languages that we have. They are the site's to change.
    ///
    /// # Panics
    /// Never: the names are names.
    #[must_use]
    pub fn standard(languages: &[Language]) -> Vec<Self> {
        let texts = |word: fn(&StandardWords) -> &'static str| -> Texts {
            let ours = languages
                .iter()
                .filter_map(|language| Some((language, Catalogue::exactly(language)?)));
            ours.map(|(language, ours)| (language.clone(), word(&ours.standard).to_owned()))
                .collect()
        };
        let key = |name| PurposeKey::parse(name).expect("a name of upper-case letters");
        let (contact, identity, preferences) = (
            DataCategory::Contact,
            DataCategory::Identity,
            DataCategory::Preferences,
        );
        vec![
            Self {
                key: key("STORE"),
                title: texts(|words| words.store_title),
                text: texts(|words| words.store_text),
                part_of: None,
                legal_basis: LegalBasis::Consent,
                channels: vec![Channel::Email, Channel::Phone],
                double_opt_in: false,
                retention_days: None,
                valid_for_days: None,
                data_categories: vec![contact, identity],
            },
            Self {
                key: key("EMARKETING"),
                title: texts(|words| words.emarketing_title),
                text: texts(|words| words.emarketing_text),
                part_of: None,
                legal_basis: LegalBasis::Consent,
                channels: vec![Channel::Email],
                double_opt_in: true,
                retention_days: None,
                valid_for_days: None,
                data_categories: vec![contact, preferences],
            },
        ]
    }
}

/// Reads a type's shape; what is wrong is said with its place.
pub(crate) fn read<T: serde::de::DeserializeOwned>(
    document: &serde_json::Value,
) -> Result<T, Vec<FieldError>> {
    strict::read(document).map_err(|error| vec![error])
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

    fn part(&mut self, place: &str, part: &Purpose, whole: Option<&Purpose>) {
        let part_of = format!("{place}/part_of");
        let Some(whole) = whole else {
            self.wrong(&part_of, "is not one of the site's purposes");
            return;
        };
        if whole.part_of.is_some() {
            self.wrong(
                &part_of,
                "must be a purpose that is not itself a part of another",
            );
        }
        // Else who stops the whole by one click of a mail program might still be mailed for the part.
        if !part
            .channels
            .iter()
            .all(|each| whole.channels.contains(each))
        {
            self.wrong(
                &format!("{place}/channels"),
                "must be among those of the purpose that it is a part of",
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
                "must be a web address such as \"https://www.example.com/privacy\", with `xn--` for letters of the host outside a to z",
            );
        }
    }

    fn origin(&mut self, pointer: &str, text: &str) {
        let exact = Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == text
        });
        if !exact {
            self.wrong(pointer, "must be an origin exactly as browsers send it, such as \"https://www.example.com\", with `xn--` for letters outside a to z");
        }
    }
}
