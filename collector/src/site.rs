//! The site: its definition, published notices, endpoints and keys. It is the truth about them; each of its ledgers has a copy.
//!
//! Contract: a change is committed here first and then handed to the ledgers. If handing it over fails, the caller is told
//! to repeat (repeating is harmless), and the alarm goes on trying.

mod memory;

mod connectors;

mod endpoints;

mod lanes;

mod learning;

mod publishing;

mod object;

use sayso_shared::{
    answer::KeyRequest,
    api_key::Scope,
    key::{ApiKeyName, EndpointKey, FormKey, PurposeKey, SiteKey},
    language::Language,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use worker::{Env, Method, Request, RequestInit, Response};

use crate::failure::Outcome;

/// What the Worker asks of a site. New code reaches objects gradually: fields may be added, with defaults, and never change their
/// meaning.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Define the site anew, and publish what changed
    Define { site: SiteKey, document: Value },
    /// The definition as it is
    Definition,
    /// A purpose as it is defined
    Purpose { key: PurposeKey },
    /// Define one purpose
    SetPurpose { key: PurposeKey, document: Value },
    /// Remove a purpose
    RemovePurpose { key: PurposeKey },
    /// Define one form
    SetForm { key: FormKey, document: Value },
    /// Remove a form
    RemoveForm { key: FormKey },
    /// A published form
    Form {
        form: FormKey,
        lang: Option<Language>,
    },
    /// A form as a page of its own, in the dearest of these languages that the site has
    HostedForm { form: FormKey, langs: Vec<Language> },
    /// A stylesheet or a logo
    LookFile { name: String },
    /// Set an endpoint
    SetEndpoint { key: EndpointKey, request: Value },
    /// Remove an endpoint
    RemoveEndpoint { key: EndpointKey },
    /// Something about an endpoint that is set
    Endpoint { key: EndpointKey, ask: AtEndpoint },
    /// Set a connector
    SetConnector { key: EndpointKey, request: Value },
    /// Remove a connector
    RemoveConnector { key: EndpointKey },
    /// All connectors
    Connectors,
    /// Something about a connector that is set
    Connector { key: EndpointKey, ask: AtConnector },
    /// Make a key, or change what it may do
    SetKey {
        name: ApiKeyName,
        request: KeyRequest,
    },
    /// All keys, without what is secret
    Keys,
    /// Remove a key
    RemoveKey { name: ApiKeyName },
    /// Whether a key is one of the site's and has this scope
    Authorize { key: String, scope: Scope },
}

/// What is asked about an endpoint that is set.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AtEndpoint {
    /// How it is set
    Show,
    /// Where its lanes stand, and so many of its last deliveries
    Deliveries { most: u32 },
    /// Send it a test
    Test,
    /// Give it another secret
    Rotate { request: Value },
    /// Let the former secret sign no more
    EndRotation,
    /// Send nothing for now
    Disable,
    /// Send again
    Enable,
    /// Send again from there on
    Replay { request: Value },
    /// Send a dead letter once more
    Resend { event: Uuid },
}

/// What is asked about a connector that is set.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AtConnector {
    /// How it is set
    Show,
    /// Ask the CRM whether it lets us in
    Test,
    /// What the CRM has to choose from
    Lists,
    /// What would be written
    DryRun { request: Value },
    /// What is asked about every endpoint's lanes
    Lane(AtEndpoint),
}

impl AtConnector {
    /// As [`AtEndpoint::changes_nothing`].
    fn changes_nothing(&self) -> bool {
        match self {
            Self::Show | Self::Test | Self::Lists | Self::DryRun { .. } => true,
            Self::Lane(ask) => ask.changes_nothing(),
        }
    }
}

impl AtEndpoint {
    /// Whether the site itself stays as it is, so that its ledgers have nothing to learn.
    fn changes_nothing(&self) -> bool {
        matches!(
            self,
            Self::Show
                | Self::Deliveries { .. }
                | Self::Test
                | Self::Replay { .. }
                | Self::Resend { .. }
        )
    }
}

/// Asks, and passes on whatever the site answers.
pub(crate) async fn ask(env: &Env, site: &SiteKey, ask: &Ask) -> Outcome<Response> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_body(Some(serde_json::to_string(ask)?.into()));
    let request = Request::new_with_init("https://site/", &init)?;
    Ok(env
        .durable_object("SITE")?
        .get_by_name(site.as_str())?
        .fetch_with_request(request)
        .await?)
}
