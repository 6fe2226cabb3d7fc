//! Receipts: a signed statement of one act: what was shown, chosen, and when. It verifies offline, and it names nobody, so
//! that it still verifies after the person was erased.
//!
//! The fields are modelled on ISO/IEC TS 27560 and use terms of the W3C Data Privacy Vocabulary; conformance is not claimed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    canonical::canonical_json,
    consent::Status,
    jws::{SigningKey, unverified},
    key::{FormKey, PurposeKey, SiteKey},
    language::Language,
    published::{Controller, NoticeName},
    purpose::{LegalBasis, Source},
    submitted::Submission,
    time::Timestamp,
};

/// The `typ` of a receipt.
pub const RECEIPT_TYPE: &str = "consent-receipt+jwt";

/// The statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Form of this statement
    pub schema: String,
    /// The collector that says so, by its origin
    pub iss: String,
    /// When it was said, in seconds since 1970
    pub iat: i64,
    /// The act, a UUIDv7
    pub jti: Uuid,
    /// The site
    pub site: SiteKey,
    /// Who decides why and how the data are used
    pub controller: Controller,
    /// What the person did
    pub act: ReceiptAct,
    /// When, by the collector's clock
    pub at: Timestamp,
    /// On which submission it rests
    pub submission: SubmissionFacts,
    /// What it means for each purpose
    pub consents: Vec<ReceiptConsent>,
}

/// What the person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReceiptAct {
    /// Sent the boxes
    Submitted,
    /// Pressed the button of the mail's page
    Confirmed,
    /// Stopped it
    Withdrawn,
    /// Did nothing in time; said by the collector
    Lapsed,
    /// Nothing: the yes was given too long ago; said by the collector
    Expired,
}

/// The submission without the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmissionFacts {
    /// Its id
    pub id: Uuid,
    /// The form
    pub form: FormKey,
    /// The words that were shown
    pub notice: NoticeName,
    /// In this language
    pub lang: Language,
    /// How it came in
    pub source: Source,
    /// On this page
    pub page: String,
    /// In this conversation
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// When the boxes were seen, by the visitor's clock
    pub shown_at: Timestamp,
    /// When they were sent, by the visitor's clock
    pub decided_at: Timestamp,
    /// When they arrived, by the collector's clock
    pub received_at: Timestamp,
    /// Whether the browser sent Global Privacy Control
    pub gpc: bool,
    /// Version of the widget
    pub widget: String,
}

/// What an act means for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptConsent {
    /// The purpose
    pub purpose: PurposeKey,
    /// What its box said
    pub title: String,
    /// On which ground
    pub legal_basis: LegalBasis,
    /// What the person asked for, where the act is sending the boxes: `given`, `requested` (to be confirmed by mail) or
    /// `refused`. Not where the consent stands: an empty box takes nothing away, and what is on record is told to nobody who
    /// only filled in an address
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Status>,
    /// What the consent came to by this act, where it is any other
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The same in DPV
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpv: Option<String>,
}

impl SubmissionFacts {
    /// What a submission says, without who.
    #[must_use]
    pub fn of(submission: &Submission, notice: NoticeName, received_at: Timestamp) -> Self {
        Self {
            id: submission.id,
            form: submission.form.clone(),
            notice,
            lang: submission.lang.clone(),
            source: submission.source,
            page: submission.page.clone(),
            conversation: submission.conversation.clone(),
            shown_at: submission.shown_at,
            decided_at: submission.decided_at,
            received_at,
            gpc: submission.gpc,
            widget: submission.widget.clone(),
        }
    }
}

impl Receipt {
    /// The version of the fields above.
    pub const SCHEMA: &str = "sayso-receipt/1";

    /// Signs it.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign(RECEIPT_TYPE, canonical_json(self).as_bytes())
    }
}

/// What of a receipt of any version tells where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Gist {
    /// The act
    pub jti: Uuid,
    /// What was done
    pub act: ReceiptAct,
    /// When
    pub at: Timestamp,
    consents: Vec<GistConsent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct GistConsent {
    purpose: PurposeKey,
}

impl Gist {
    /// Reads a receipt of our own; its signature is not looked at. `None` when it is none.
    #[must_use]
    pub fn read(compact: &str) -> Option<Self> {
        serde_json::from_slice(&unverified(compact)?).ok()
    }

    /// Whether it says something about a purpose.
    #[must_use]
    pub fn names(&self, purpose: &PurposeKey) -> bool {
        self.consents
            .iter()
            .any(|consent| consent.purpose == *purpose)
    }
}
