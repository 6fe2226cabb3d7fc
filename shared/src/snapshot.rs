//! Snapshots: all that a ledger has to know of its site, handed over whole whenever the site changes.
//!
//! A ledger decides by its own copy, so that a submission needs one object and no waiting between reading and writing.

use serde::{Deserialize, Serialize};

use crate::{
    api_key::KeptKey,
    definition::SiteDefinition,
    event::EventType,
    key::{EndpointKey, FormKey, SiteKey},
    language::Language,
    notice::Notice,
};

/// A site at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The site
    pub site: SiteKey,
    /// Counts the changes; an older snapshot never replaces a newer one
    pub revision: u64,
    /// What the operator wrote
    pub definition: SiteDefinition,
    /// The current notice of each form and language
    pub notices: Vec<Notice>,
    /// Where events go
    pub endpoints: Vec<Endpoint>,
    /// Who may ask
    pub keys: Vec<KeptKey>,
}

/// A webhook endpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// What the operator calls it
    pub key: EndpointKey,
    /// Where events are posted
    pub url: String,
    /// Which events
    pub types: Vec<EventType>,
    /// The secret, sealed by the vault for the place [`Endpoint::secret_place`]
    pub sealed_secret: Vec<u8>,
}

impl Endpoint {
    /// To what the sealed secret is bound.
    #[must_use]
    pub fn secret_place(site: &SiteKey, endpoint: &EndpointKey) -> Vec<u8> {
        format!("endpoint/{site}/{endpoint}").into_bytes()
    }
}

impl Snapshot {
    /// The notice that is shown now.
    #[must_use]
    pub fn notice(&self, form: &FormKey, lang: &Language) -> Option<&Notice> {
        self.notices
            .iter()
            .find(|notice| notice.text.form == *form && notice.text.lang == *lang)
    }
}
