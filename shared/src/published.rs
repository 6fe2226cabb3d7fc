//! The published form: what `GET /v1/sites/{site}/forms/{form}` answers and the widget shows.

use serde::{Deserialize, Serialize};

use crate::{
    key::{FormKey, PurposeKey, SiteKey},
    language::Language,
    purpose::{Channel, DataCategory, LegalBasis, Source},
};

/// A form in one language, with every word that the visitor will read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedForm {
    /// The site
    pub site: SiteKey,
    /// The form
    pub form: FormKey,
    /// The language of all texts here: the one asked for, or the nearest that the site has
    pub lang: Language,
    /// All languages of the site
    pub languages: Vec<Language>,
    /// The source that a submission of this form names
    pub source: Source,
    /// Which version of the words this is
    pub notice: NoticeName,
    /// Who asks
    pub controller: Controller,
    /// The words above the boxes
    pub intro: String,
    /// In this order: a box each for those that rest on consent, never ticked beforehand; what rests on another ground is said without one
    pub purposes: Vec<PublishedPurpose>,
    /// By what the person is known; so far always `email`
    pub identity: Vec<String>,
    /// The widget's own words
    pub labels: Labels,
}

/// Which exact words: a notice never changes, another word is another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeName {
    /// `SITE/FORM/LANG`
    pub id: String,
    /// Counts from 1
    pub version: u32,
    /// `sha-256:` and the hash of the notice's canonical JSON (RFC 8785) in lower-case hex
    pub hash: String,
}

/// Who decides why and how the data are used (Article 4(7) GDPR).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// The name that people know
    pub name: String,
    /// The privacy statement
    pub privacy_url: String,
    /// Where to write to: an address or a page
    pub contact: String,
}

/// One purpose as the visitor reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedPurpose {
    /// The purpose
    pub key: PurposeKey,
    /// What the box says
    pub title: String,
    /// What it means
    pub text: String,
    /// The purpose that it is a part of: it counts only while a yes to that one does
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<PurposeKey>,
    /// On which ground. Only consent is asked for, by a box; what rests on another ground is said, and has no choice in a submission
    pub legal_basis: LegalBasis,
    /// Whether the form is marked to need a yes to this: its box is `required`
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub condition: bool,
    /// Over which channels
    pub channels: Vec<Channel>,
    /// Whether a mail asks to confirm it
    pub double_opt_in: bool,
    /// How long the data are kept once it is over, in days; without it, as the privacy statement says
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// How long a yes holds, in days; without it, until the person stops it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for_days: Option<u32>,
    /// What sort of data it needs
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_categories: Vec<DataCategory>,
}

impl PublishedPurpose {
    /// Whether the person is asked. What rests on another ground than consent is said: a box that changes nothing would be a lie.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.legal_basis == LegalBasis::Consent
    }
}

/// The widget's own words, in the language of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Above all boxes, for screen readers too
    pub legend: String,
    /// Label of the widget's own e-mail field
    pub email: String,
    /// What to do when the address is no address
    pub email_hint: String,
    /// Opens the details of one purpose
    pub more: String,
    /// The button in a chat
    pub submit: String,
    /// While the submission is on its way
    pub sending: String,
    /// Stored, and a mail asks to confirm
    pub stored_pending: String,
    /// Stored, nothing to confirm
    pub stored_recorded: String,
    /// Not stored yet
    pub queued: String,
    /// Not stored
    pub error: String,
    /// The words have changed meanwhile
    pub outdated: String,
    /// Before the legal basis
    pub legal_basis: String,
    /// The legal basis of each purpose, in words, in the order of the purposes
    pub legal_bases: Vec<String>,
    /// Before the retention, which begins when a yes ends
    pub retention: String,
    /// The retention of each purpose, in words, in the order of the purposes
    pub retentions: Vec<String>,
    /// Before the validity
    pub validity: String,
    /// How long a yes to each purpose holds, in words, in the order of the purposes; empty where none is asked for
    pub validities: Vec<String>,
    /// Before the sorts of data
    pub data: String,
    /// The sorts of data that each purpose needs, in words, in the order of the purposes; empty where the site does not say
    pub data_categories: Vec<String>,
    /// Offers the way back after sending
    pub change: String,
    /// The browser asks not to be followed
    pub gpc: String,
    /// Marks a purpose with double opt-in
    pub confirm_by_mail: String,
    /// Link to the privacy statement
    pub privacy: String,
    /// Marks a purpose that is a condition of the service
    pub needed: String,
    /// Stands with a purpose that is said and not asked
    pub said: String,
    /// Link to the hosted form, where the widget cannot run
    pub open_form: String,
    /// Before the number of the receipt in a chat
    pub receipt: String,
}
