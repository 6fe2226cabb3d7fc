//! Notices: the exact words shown for one form in one language. Immutable, named by their hash.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    canonical::{canonical_json, hash_name},
    catalogue::Catalogue,
    definition::{Form, SiteDefinition},
    key::{FormKey, SiteKey},
    language::Language,
    published::{Controller, NoticeName, PublishedForm, PublishedPurpose},
    purpose::Source,
    time::Timestamp,
};

/// The words themselves. Its canonical JSON is what is hashed, stored and shown to an auditor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeText {
    /// The site
    pub site: SiteKey,
    /// The form
    pub form: FormKey,
    /// The language
    pub lang: Language,
    /// Who asks
    pub controller: Controller,
    /// The words above the boxes
    pub intro: String,
    /// In this order: those that were asked with a box, and those that were said
    pub purposes: Vec<PublishedPurpose>,
    /// Whether boxes were ticked beforehand: never (CJEU C-673/17)
    pub preselected: bool,
}

/// A published version of the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notice {
    /// Counts from 1 for each form and language
    pub version: u32,
    /// `sha-256:…` of the text's canonical JSON
    pub hash: String,
    /// When it was published first
    pub published_at: Timestamp,
    /// The words
    pub text: NoticeText,
}

/// How long the words that were replaced may still be answered: who was reading them when the new ones came need not begin again.
pub const GRACE: Duration = Duration::from_mins(10);

/// The longest that a submission waits in a browser that cannot reach us.
pub const LONGEST_WAIT: Duration = Duration::from_hours(72);

/// The longest that a page is taken to stand open with the same words on it.
pub const LONGEST_READ: Duration = Duration::from_hours(24);

/// Words that others have replaced, by their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// The form
    pub form: FormKey,
    /// `sha-256:…` of the text's canonical JSON
    pub hash: String,
    /// When they were published
    pub published_at: Timestamp,
    /// When the new ones were
    pub replaced_at: Timestamp,
}

impl Replaced {
    /// Whether somebody who answered then may truly have read these words: they were shown while they were current, not longer than a
    /// day before they were replaced, and the grace was not over. Else the person reads the new ones and chooses again.
    #[must_use]
    pub fn may_be_answered(&self, shown_at: Timestamp, decided_at: Timestamp) -> bool {
        let was_current = self.published_at <= shown_at && shown_at < self.replaced_at;
        let in_grace = !(self.replaced_at + GRACE).is_over(decided_at);
        in_grace && was_current && self.replaced_at <= shown_at + LONGEST_READ
    }

    /// Whether no answer to these words may arrive any more, so that they need not be remembered as the ones before.
    #[must_use]
    pub fn is_past(&self, now: Timestamp) -> bool {
        (self.replaced_at + GRACE + LONGEST_WAIT).is_over(now)
    }
}

impl NoticeText {
    /// The words of a form in one language; `None` when a text is missing, which a checked definition has not.
    #[must_use]
    pub fn of(
        site: &SiteKey,
        definition: &SiteDefinition,
        form: &Form,
        lang: &Language,
    ) -> Option<Self> {
        let purposes = form.purposes.iter().map(|key| {
            let purpose = definition.purpose(key)?;
            Some(PublishedPurpose {
                key: key.clone(),
                title: purpose.title.get(lang)?.clone(),
                text: purpose.text.get(lang)?.clone(),
                part_of: purpose.part_of.clone(),
                legal_basis: purpose.legal_basis,
                condition: form.conditions.contains(key),
                channels: purpose.channels.clone(),
                double_opt_in: purpose.double_opt_in,
                retention_days: purpose.retention_days,
                valid_for_days: purpose.valid_for_days,
                data_categories: purpose.data_categories.clone(),
            })
        });
        Some(Self {
            site: site.clone(),
            form: form.key.clone(),
            lang: lang.clone(),
            controller: definition.controller.clone(),
            intro: form.intro.get(lang)?.clone(),
            purposes: purposes.collect::<Option<_>>()?,
            preselected: false,
        })
    }

    /// `sha-256:…` of the canonical JSON.
    #[must_use]
    pub fn hash(&self) -> String {
        hash_name(canonical_json(self).as_bytes())
    }
}

impl Notice {
    /// How records refer to it.
    #[must_use]
    pub fn name(&self) -> NoticeName {
        let NoticeText {
            site, form, lang, ..
        } = &self.text;
        NoticeName {
            id: format!("{site}/{form}/{lang}"),
            version: self.version,
            hash: self.hash.clone(),
        }
    }

    /// What the widget gets.
    #[must_use]
    pub fn published(&self, definition: &SiteDefinition, source: Source) -> PublishedForm {
        let NoticeText {
            site,
            form,
            lang,
            controller,
            intro,
            purposes,
            ..
        } = self.text.clone();
        let labels = Catalogue::of(&lang).labels(&controller, &purposes);
        // The widget is never on the collector's own page.
        let source = match source {
            Source::HostedForm => Source::WebForm,
            source => source,
        };
        PublishedForm {
            site,
            form,
            lang,
            languages: definition.languages.clone(),
            source,
            notice: self.name(),
            controller,
            intro,
            purposes,
            identity: vec!["email".to_owned()],
            labels,
        }
    }
}
