//! Snapshots: all that a ledger has to know of its site, handed over whole whenever the site changes.
//!
//! A ledger decides by its own copy, so that a submission needs one object and no waiting between reading and writing.

use serde::{Deserialize, Serialize};

use crate::{
    api_key::KeptKey,
    definition::SiteDefinition,
    endpoint::Endpoint,
    key::{FormKey, SiteKey},
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

/// The words that a submission answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered<'a> {
    /// They are shown now
    Current(&'a Notice),
    /// They were shown a moment ago, and truly read
    Before(&'a Replaced),
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
