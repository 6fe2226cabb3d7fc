//! Connectors on the wire: what an operator sets, and is shown. Credentials go one way only.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Crm;
use crate::{event::EventType, key::EndpointKey, key::PurposeKey};

/// The body of `PUT …/connectors/{connector}`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConnectorRequest {
    /// Which CRM
    #[cfg_attr(feature = "openapi", schema(example = "tryton"))]
    pub crm: String,
    /// How it is set: the page of the CRM says what there is
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub settings: Value,
    /// What lets us in; never shown again. Left out: those there are stay
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub credentials: Option<Value>,
}

/// A connector as it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectorAnswer {
    /// Its name
    pub id: EndpointKey,
    /// Which CRM, and how it is set
    #[serde(flatten)]
    pub crm: Crm,
    /// Where it is
    pub origin: String,
    /// The events that it is told of
    pub types: Vec<EventType>,
    /// The purposes that it is told of
    pub purposes: Vec<PurposeKey>,
    /// Whether it is told nothing for now
    pub disabled: bool,
}

/// The answer of `GET …/connectors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connectors {
    /// All of the site
    pub connectors: Vec<ConnectorAnswer>,
}

/// The body of `POST …/connectors/{connector}/dry-run`: a change that never happened.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DryRunRequest {
    /// Whom the change would be about
    #[cfg_attr(feature = "openapi", schema(example = "ada@example.org"))]
    pub email: String,
    /// For what
    pub purpose: PurposeKey,
    /// What would have happened
    #[serde(rename = "type")]
    pub kind: EventType,
}

/// The answer of a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DryRunAnswer {
    /// Whether the CRM would have been told, as far as it can be seen without writing
    pub taken: bool,
    /// What came of it, in the CRM's words where it refused
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What would have been written, in order
    pub writes: Vec<WouldWrite>,
}

/// A request that a dry run did not send. Its headers are not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WouldWrite {
    /// The method
    #[cfg_attr(feature = "openapi", schema(example = "POST"))]
    pub method: String,
    /// Where to
    pub url: String,
    /// What
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl fmt::Debug for ConnectorRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectorRequest {{ crm: {:?}, .. }}", self.crm)
    }
}
