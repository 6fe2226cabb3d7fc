//! Exports: verified receipts in the forms of others. It is asked only for what was found to hold.

use sayso_shared::{export::ExportForm, key::PurposeKey, receipt::Receipt};
use serde_json::Value;

/// The receipts of a document, oldest first.
pub(crate) struct Exportable {
    receipts: Vec<String>,
    /// What the document is about; a receipt by itself is about all that it names
    purpose: Option<PurposeKey>,
}

impl Exportable {
    /// The one receipt.
    pub(crate) fn of_receipt(compact: &str) -> Self {
        Self {
            receipts: vec![compact.to_owned()],
            purpose: None,
        }
    }

    /// Those of an evidence pack.
    pub(crate) fn of_pack(pack: &Value) -> Self {
        let acts = pack["acts"].as_array().into_iter().flatten();
        let purpose = pack["consent"]["purpose"].as_str();
        Self {
            receipts: acts
                .filter_map(|act| Some(act["receipt"].as_str()?.to_owned()))
                .collect(),
            purpose: purpose.and_then(|purpose| PurposeKey::parse(purpose).ok()),
        }
    }

    /// The document of others, as text.
    pub(crate) fn document(&self, form: ExportForm) -> Result<String, String> {
        let receipts: Vec<Receipt> = self
            .receipts
            .iter()
            .map(|receipt| self.read(receipt))
            .collect::<Result<_, _>>()?;
        let document = form.export(&receipts).map_err(|error| error.to_string())?;
        serde_json::to_string_pretty(&document).map_err(|error| error.to_string())
    }

    fn read(&self, compact: &str) -> Result<Receipt, String> {
        let read = Receipt::read(compact)
            .ok_or_else(|| format!("only receipts of {} are exported", Receipt::SCHEMA))?;
        Ok(match &self.purpose {
            Some(purpose) => read.only(purpose),
            None => read,
        })
    }
}
