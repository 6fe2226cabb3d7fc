//! Exports: the receipts of a consent in the forms of others, for those who read these and not ours.
//!
//! An export says nothing that the receipts do not say, and is not signed itself: whoever doubts it verifies the receipts.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{
    dpv::json_ld_of,
    kantara::consent_receipt,
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
        // Where nothing happened, nothing begins and nothing ends.
        let is_over =
            |consent: &ReceiptConsent| consent.event.is_some() && consent.status.is_some();
        if receipt.consents.iter().any(ReceiptConsent::gives) {
            Some(receipt)
        } else if receipt.consents.iter().any(is_over) {
            None
        } else {
            before
        }
    })
}
