//! Snapshots: all that a ledger has to know of its site, handed over whole whenever the site changes.
//!
//! A ledger decides by its own copy, so that a submission needs one object and no waiting between reading and writing.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    api_key::KeptKey,
    definition::SiteDefinition,
    event::EventType,
    key::{EndpointKey, FormKey, SiteKey},
    language::Language,
    notice::{Notice, Replaced},
    shard::SealedSharding,
    submitted::Submission,
    time::Timestamp,
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
    /// The ones that were replaced a moment ago
    #[serde(default)]
    pub replaced: Vec<Replaced>,
    /// Where events go
    pub endpoints: Vec<Endpoint>,
    /// Who may ask
    pub keys: Vec<KeptKey>,
    /// How the site is split, where it is
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharding: Option<SealedSharding>,
    /// For which shard this copy is; the site's own is for none
    #[serde(default)]
    pub shard: u16,
}

/// A webhook endpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// What the operator calls it
    pub key: EndpointKey,
    /// Where events are posted
    pub url: String,
    /// Which events
    #[serde(deserialize_with = "types_as_meant")]
    pub types: Vec<EventType>,
    /// The secret, sealed by the vault for the place [`Endpoint::secret_place`]
    pub sealed_secret: Vec<u8>,
}

/// The words that a submission answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered<'a> {
    /// They are shown now
    Current(&'a Notice),
    /// They were shown a moment ago, and truly read
    Before(&'a Replaced),
}

impl Endpoint {
    /// To what the sealed secret is bound.
    #[must_use]
    pub fn secret_place(site: &SiteKey, endpoint: &EndpointKey) -> Vec<u8> {
        format!("endpoint/{site}/{endpoint}").into_bytes()
    }
}

fn types_as_meant<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<EventType>, D::Error> {
    Vec::deserialize(reader).map(EventType::as_meant)
}

impl Snapshot {
    /// The notice that is shown now.
    #[must_use]
    pub fn notice(&self, form: &FormKey, lang: &Language) -> Option<&Notice> {
        self.notices
            .iter()
            .find(|notice| notice.text.form == *form && notice.text.lang == *lang)
    }

    /// The words that a submission of that moment answers: current ones of its form, or those before them while the grace lasted. The
    /// hash names the language too. `None` when the person has to read the current ones first.
    #[must_use]
    pub fn answered(&self, submission: &Submission, decided_at: Timestamp) -> Option<Answered<'_>> {
        let Submission {
            form,
            notice_hash,
            shown_at,
            ..
        } = submission;
        let mut notices = self.notices.iter();
        let current =
            notices.find(|notice| notice.text.form == *form && notice.hash == *notice_hash);
        if let Some(current) = current {
            return Some(Answered::Current(current));
        }
        let mut replaced = self.replaced.iter();
        let before = replaced.find(|old| {
            old.form == *form
                && old.hash == *notice_hash
                && old.may_be_answered(*shown_at, decided_at)
        });
        before.map(Answered::Before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types_of(stored: &str) -> Vec<EventType> {
        let endpoint = format!(
            r#"{{"key":"crm","url":"https://example.com","types":{stored},"sealed_secret":[]}}"#
        );
        let endpoint: Endpoint = serde_json::from_str(&endpoint).expect("an endpoint");
        endpoint.types
    }

    #[test]
    fn an_endpoint_that_was_stored_with_the_former_usual_types_is_told_of_erasures() {
        let former = r#"["consent.given","consent.refused","consent.withdrawn","consent.expired"]"#;
        assert_eq!(types_of(former), EventType::DEFAULT);
    }

    #[test]
    fn an_endpoint_that_chose_gets_what_it_chose() {
        let chosen = r#"["consent.given","consent.refused"]"#;
        assert_eq!(types_of(chosen), [EventType::Given, EventType::Refused]);
    }
}
