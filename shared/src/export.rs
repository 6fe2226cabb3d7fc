//! Exports: the receipts of a consent in the forms of others, for those who read these and not ours.
//!
//! An export says nothing that the receipts do not say, and is not signed itself: whoever doubts it verifies the receipts.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{
    consent::Status,
    dpv::json_ld_of,
    kantara::consent_receipt,
    purpose::LegalBasis,
    receipt::{Receipt, ReceiptConsent},
};

/// A form of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportForm {
    /// JSON-LD with terms of the W3C Data Privacy Vocabulary 2.3: every receipt
    Dpv,
    /// Kantara Initiative Consent Receipt 1.1: the consent that stands, and only that
    Kantara,
}

/// Why there is nothing to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ExportError {
    /// It holds consents that were given, and none stands
    #[error("no consent stands, and a Kantara Consent Receipt holds nothing else")]
    NothingGiven,
}

impl ExportForm {
    /// All of them, for tests and tables.
    pub const ALL: [Self; 2] = [Self::Dpv, Self::Kantara];

    /// As routes and commands name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dpv => "dpv",
            Self::Kantara => "kantara",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == name)
    }

    /// The media type of the document.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Dpv => "application/ld+json",
            Self::Kantara => "application/json",
        }
    }

    /// The document of receipts that belong together, oldest first.
    pub fn export(self, receipts: &[Receipt]) -> Result<Value, ExportError> {
        match self {
            Self::Dpv => Ok(json_ld_of(receipts.iter())),
            Self::Kantara => standing(receipts)
                .map(consent_receipt)
                .ok_or(ExportError::NothingGiven),
        }
    }
}

/// The receipt of the yes that stands. What was only asked for again takes nothing back; any other end does.
fn standing(receipts: &[Receipt]) -> Option<&Receipt> {
    receipts.iter().fold(None, |before, receipt| {
        let is_given = |consent: &ReceiptConsent| {
            consent.legal_basis == LegalBasis::Consent && consent.event.event_state == Status::Given
        };
        let is_over = |consent: &ReceiptConsent| consent.status.is_some();
        if receipt.consents.iter().any(is_given) {
            Some(receipt)
        } else if receipt.consents.iter().any(is_over) {
            None
        } else {
            before
        }
    })
}
