//! Connectors: endpoints that are told in a CRM's own words, by its own API, instead of by a webhook.
//!
//! Here is what each CRM is told and what its answers mean, without a network: the settings of each ([`Crm`]), what it is told of
//! ([`Change`]) and what came of it ([`Verdict`]). The collector has one file of HTTP for each. To add a CRM: a file here, a variant of
//! [`Crm`], a file there.

mod answered;
mod change;
mod kept;
mod lists;
mod mark;
mod refusals;
mod rules;
mod spelling;
mod wire;

pub mod hubspot;
pub mod perfectview;
pub mod soap;
pub mod superoffice;
pub mod tryton;
pub mod zoho;

pub use answered::{Answer, Told, Verdict};
pub use change::{Change, ReceiptName, Says};
pub use lists::{Item, Lists};
pub use mark::Mark;
pub use refusals::Refusals;
pub use rules::{WhenSeveral, WhenUnknown};
pub use spelling::spellings;
pub use wire::{
    ConnectorAnswer, ConnectorRequest, Connectors, DryRunAnswer, DryRunRequest, WouldWrite,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    event::EventType,
    key::{EndpointKey, PurposeKey, SiteKey},
    problem::FieldError,
    strict,
};

/// What makes an endpoint a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connector {
    /// Which CRM, and how it is set
    #[serde(flatten)]
    pub crm: Crm,
    /// The credentials, JSON, sealed by the vault for the place [`Connector::place`]
    pub sealed_credentials: Vec<u8>,
}

impl Connector {
    /// To what its sealed credentials are bound.
    #[must_use]
    pub fn place(site: &SiteKey, key: &EndpointKey) -> Vec<u8> {
        format!("connector/{site}/{key}").into_bytes()
    }
}

/// The CRMs, each with its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "crm", content = "settings", rename_all = "lowercase")]
#[serde(try_from = "kept::Kept", into = "kept::Kept")]
pub enum Crm {
    /// Tryton
    Tryton(tryton::Settings),
    /// PerfectView CRM Online
    PerfectView(perfectview::Settings),
    /// SuperOffice
    SuperOffice(superoffice::Settings),
    /// Zoho CRM
    Zoho(zoho::Settings),
    /// HubSpot
    HubSpot(hubspot::Settings),
}

impl Crm {
    /// The names that `crm` may have.
    pub const NAMES: [&str; 5] = ["hubspot", "perfectview", "superoffice", "tryton", "zoho"];

    /// Reads the settings of a CRM; pointers begin at the settings.
    pub fn parse(name: &str, settings: &Value) -> Option<Result<Self, FieldError>> {
        Some(match name {
            "hubspot" => read(settings).map(Self::HubSpot),
            "superoffice" => read(settings).map(Self::SuperOffice),
            "tryton" => read(settings).map(Self::Tryton),
            "perfectview" => read(settings).map(Self::PerfectView),
            "zoho" => read(settings).map(Self::Zoho),
            _ => return None,
        })
    }

    /// As the wire names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::HubSpot(_) => "hubspot",
            Self::SuperOffice(_) => "superoffice",
            Self::Tryton(_) => "tryton",
            Self::PerfectView(_) => "perfectview",
            Self::Zoho(_) => "zoho",
        }
    }

    /// What can be asked of the settings of each.
    #[must_use]
    pub fn mapping(&self) -> &dyn Mapping {
        match self {
            Self::HubSpot(settings) => settings,
            Self::SuperOffice(settings) => settings,
            Self::Tryton(settings) => settings,
            Self::PerfectView(settings) => settings,
            Self::Zoho(settings) => settings,
        }
    }

    /// The types of events that it is told of.
    #[must_use]
    pub fn types(&self) -> Vec<EventType> {
        let mut types = EventType::DEFAULT.to_vec();
        if self.mapping().wants_requested() {
            types.extend([EventType::Requested, EventType::Lapsed]);
        }
        types
    }
}

/// What the settings of every CRM can be asked.
pub trait Mapping {
    /// Where it is, as an operator is shown it: scheme and host.
    fn origin(&self) -> String;

    /// The purposes that it is told of.
    fn purposes(&self) -> Vec<PurposeKey>;

    /// Whether it has a state for what waits to be confirmed, and wants it written.
    fn wants_requested(&self) -> bool {
        false
    }

    /// What is wrong with the settings by themselves; pointers begin at the settings.
    fn wrong(&self) -> Vec<FieldError>;

    /// What is wrong with the credentials; pointers begin at the credentials.
    fn wrong_credentials(&self, credentials: &Value) -> Vec<FieldError>;

    /// What of the settings the CRM does not have in its own lists; pointers begin at the settings.
    fn check(&self, lists: &Lists) -> Vec<FieldError>;
}

/// Reads settings or credentials; says where it stopped, and nothing of what it read.
pub fn read<T: DeserializeOwned>(document: &Value) -> Result<T, FieldError> {
    strict::read(document)
}
