//! Connectors: a change of a consent told to a CRM by its own API. One file of HTTP for each CRM.
//!
//! What is told and what the answers mean is decided in [`sayso_shared::connector`]. Here requests go over a [`Line`]: the Worker's one
//! is [`wire::Wire`], set on a [`stage::Stage`] for real or as a dry run, and a native test answers from memory. Nothing here stores
//! anything, and no header and no body goes to any log. To add a CRM: a file here with `tell` and `lists`, and a line in each of [`tell`]
//! and [`lists`] below.

pub(crate) mod signing;
pub(crate) mod stage;
pub(crate) mod tokens;
pub(crate) mod wire;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod hubspot_tests;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod perfectview_tests;
#[cfg(test)]
mod superoffice_tests;
#[cfg(test)]
mod zoho_tests;

mod hubspot;
mod perfectview;
mod superoffice;
mod tryton;
mod zoho;

use sayso_shared::{
    attempt::Attempt,
    connector::{Change, Connector, Crm, Lists, read, superoffice::SigningKey},
    key::{EndpointKey, SiteKey},
    time::Timestamp,
    vault::Vault,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use sayso_shared::connector::{Answer, Told, Verdict};

use crate::{
    failure::{Outcome, damaged},
    json,
    webhook::Posted,
};
use tokens::Tokens;

/// How much of an answer is read, in bytes, where nothing else is said.
const LARGEST: usize = 64 * 1024;

/// How much is read of what lists as much as the CRM has.
const LONGEST: usize = 4 * 1024 * 1024;

/// A request to a CRM. It has no `Debug`: its headers let in whoever has them.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<String>,
    /// The body as a dry run shows it, where credentials are in the body
    pub(crate) shown: Option<String>,
    /// How much of the answer is read, in bytes; what is longer is cut off
    pub(crate) largest: usize,
    /// The answer that a dry run goes on with, where this is a write: what the CRM documents for success
    pub(crate) supposed: Answer,
}

impl Request {
    /// One without a body.
    pub(crate) fn new(method: &'static str, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: None,
            shown: None,
            largest: LARGEST,
            supposed: Answer::new(200, "{}"),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string());
        self.header("content-type", "application/json")
    }

    /// For an answer that is longer than most.
    pub(crate) fn reading(mut self, largest: usize) -> Self {
        self.largest = largest;
        self
    }

    pub(crate) fn supposing(mut self, status: u16, body: &Value) -> Self {
        self.supposed = Answer::new(status, body.to_string());
        self
    }
}

/// How a CRM is reached.
pub(crate) trait Line {
    /// Asks; a dry run asks too. Getting a token is asking: it changes nothing that people see in the CRM.
    async fn read(&self, request: Request) -> Told<Answer>;

    /// Writes; a dry run notes what would be written, and goes on with what the request supposes.
    async fn write(&self, request: Request) -> Told<Answer>;

    /// Signs by RSASSA-PKCS1-v1_5 with SHA-256; nothing where the key is none.
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Option<Vec<u8>>;
}

/// What every performer has at hand.
pub(crate) struct Desk<'a> {
    /// Tokens got with these credentials before
    pub(crate) tokens: &'a Tokens,
    pub(crate) now: Timestamp,
}

/// Tells a CRM of a change.
pub(crate) async fn tell(
    line: &impl Line,
    crm: &Crm,
    credentials: &Value,
    desk: &Desk<'_>,
    change: &Change,
) -> Verdict {
    if change.is_empty_box() {
        return Verdict::not_wanted(
            "A box of a form was left empty: that takes nothing back that the CRM may have from elsewhere.",
        );
    }
    let told = match crm {
        Crm::HubSpot(settings) => match known(credentials) {
            Ok(credentials) => hubspot::tell(line, settings, &credentials, desk, change).await,
            Err(verdict) => Err(verdict),
        },
        Crm::SuperOffice(settings) => match known(credentials) {
            Ok(credentials) => superoffice::tell(line, settings, &credentials, desk, change).await,
            Err(verdict) => Err(verdict),
        },
        Crm::Tryton(settings) => match known(credentials) {
            Ok(credentials) => tryton::tell(line, settings, &credentials, desk, change).await,
            Err(verdict) => Err(verdict),
        },
        Crm::PerfectView(settings) => match known(credentials) {
            Ok(credentials) => perfectview::tell(line, settings, &credentials, change).await,
            Err(verdict) => Err(verdict),
        },
        Crm::Zoho(settings) => match known(credentials) {
            Ok(credentials) => zoho::tell(line, settings, &credentials, desk, change).await,
            Err(verdict) => Err(verdict),
        },
    };
    told.unwrap_or_else(|verdict| verdict)
}

/// What a CRM has to choose from. Whoever is shown it was let in.
pub(crate) async fn lists(
    line: &impl Line,
    crm: &Crm,
    credentials: &Value,
    desk: &Desk<'_>,
) -> Told<Lists> {
    match crm {
        Crm::HubSpot(settings) => hubspot::lists(line, settings, &known(credentials)?, desk).await,
        Crm::SuperOffice(settings) => {
            superoffice::lists(line, settings, &known(credentials)?, desk).await
        }
        Crm::Tryton(settings) => tryton::lists(line, settings, &known(credentials)?, desk).await,
        Crm::PerfectView(settings) => {
            perfectview::lists(line, settings, &known(credentials)?).await
        }
        Crm::Zoho(settings) => zoho::lists(line, settings, &known(credentials)?, desk).await,
    }
}

/// The credentials of a connector, opened.
pub(crate) fn credentials(
    vault: &Vault,
    site: &SiteKey,
    key: &EndpointKey,
    connector: &Connector,
) -> Outcome<Value> {
    let place = Connector::place(site, key);
    let opened = vault.open_secret(&connector.sealed_credentials, &place);
    let opened = opened.map_err(|_| damaged("a connector's credentials"))?;
    json::read(&opened).map_err(|_| damaged("a connector's credentials"))
}

/// A verdict as a lane notes it.
pub(crate) fn posted(verdict: &Verdict, at: Timestamp, ended: Timestamp) -> Posted {
    let ms = u32::try_from(ended.unix_millis() - at.unix_millis()).unwrap_or_default();
    Posted {
        met: verdict.met(),
        attempt: Attempt {
            at,
            ms,
            status: verdict.status(),
            reason: verdict.silence(),
            answer: verdict.words(),
        },
    }
}

/// They were read when they were set: what does not read now is refused, for want of better.
fn known<T: DeserializeOwned>(credentials: &Value) -> Told<T> {
    read(credentials).map_err(|_| Verdict::CredentialsRefused {
        words:
            "The credentials that are stored are not those of this CRM: set the connector again."
                .to_owned(),
    })
}
