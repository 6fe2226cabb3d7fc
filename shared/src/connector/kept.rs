//! How the CRM of a connector is kept and shown: its name, and its settings as JSON. The settings themselves are read in one way only,
//! that of a `PUT`; read straight from what is stored, the Worker would carry as many readers of each as there are places it comes from.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::Crm;

/// A CRM, by its name, and its settings.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    crm: String,
    settings: Value,
}

/// Why something that was kept is no CRM. It says nothing of the settings.
#[derive(Debug, Error)]
pub(super) enum KeptError {
    #[error("no CRM has this name")]
    Unknown,
    #[error("the settings of a CRM at {0}: {1}")]
    Settings(String, String),
}

impl TryFrom<Kept> for Crm {
    type Error = KeptError;

    fn try_from(kept: Kept) -> Result<Self, KeptError> {
        let parsed = Self::parse(&kept.crm, &kept.settings).ok_or(KeptError::Unknown)?;
        parsed.map_err(|error| KeptError::Settings(error.pointer, error.detail))
    }
}

impl From<Crm> for Kept {
    fn from(crm: Crm) -> Self {
        let name = crm.name().to_owned();
        let settings = match crm {
            Crm::HubSpot(settings) => serde_json::to_value(settings),
            Crm::PerfectView(settings) => serde_json::to_value(settings),
            Crm::SuperOffice(settings) => serde_json::to_value(settings),
            Crm::Tryton(settings) => serde_json::to_value(settings),
            Crm::Zoho(settings) => serde_json::to_value(settings),
        };
        Self {
            crm: name,
            settings: settings.expect("settings are JSON: they were read from it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Connector;

    #[test]
    fn what_is_kept_is_read_back_and_what_is_no_crm_is_not() {
        let kept = json!({
            "crm": "tryton",
            "settings": {"origin": "https://tryton.example.com", "database": "crm", "purposes": {"NEWS": {"list": 1}}, "when_several": "error", "when_unknown": "create"},
            "sealed_credentials": [1, 2],
        });
        let connector: Connector = serde_json::from_str(&kept.to_string()).expect("a connector");
        assert_eq!(connector.crm.name(), "tryton");
        assert_eq!(serde_json::to_value(&connector).expect("JSON"), kept);
        let mut other = kept.clone();
        other["crm"] = json!("abacus");
        assert!(serde_json::from_value::<Connector>(other).is_err());
        let mut other = kept;
        other["settings"]["database"] = json!(7);
        let error = serde_json::from_value::<Connector>(other).expect_err("no settings");
        assert!(error.to_string().contains("/database"), "{error}");
    }
}
