//! The ledger: people, submissions, consents, events, mails and delivery of one shard of a site.
//!
//! Contract: an answer leaves only when what it says is durable. Everything asked of a ledger may be asked twice. What it
//! asks of others (mail, webhooks) starts from what is stored, so that a crash at any point only repeats.

mod book;

mod subject;

mod acts;

mod letters;

mod record;

pub(crate) mod recording;

mod links;

mod confirming;

mod personal;

mod again;

mod lapse;

mod erase;

mod expiry;

mod retention;

pub(crate) mod pull;

mod bell;

pub(crate) mod watch;

mod evidence;

mod receipts;

mod checking;

pub(crate) mod key_uses;

pub(crate) mod rows;

mod lanes;

mod dead_letters;

mod attempts;

pub(crate) mod replay;

mod outbox;

mod alerts;

mod alarm;

mod errands;

mod object;

pub(crate) mod shards;

pub(crate) mod paging;

#[cfg(test)]
mod fixture;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod lane_tests;

#[cfg(test)]
mod pull_tests;

#[cfg(test)]
mod checking_tests;

#[cfg(test)]
mod schema_tests;

#[cfg(test)]
mod split;

#[cfg(test)]
mod shard_tests;

#[cfg(test)]
mod evidence_tests;

#[cfg(test)]
mod hosted_tests;

#[cfg(test)]
mod late_tests;
#[cfg(test)]
mod said_tests;

#[cfg(test)]
mod erase_tests;

#[cfg(test)]
mod retention_tests;

#[cfg(test)]
mod recording_tests;

#[cfg(test)]
mod personal_tests;

#[cfg(test)]
mod simulator;

use sayso_shared::{
    event::ErasureReason, evidence::ClientFacts, export::ExportForm, key::EndpointKey,
    key::PurposeKey, key::SiteKey, language::Language, snapshot::Snapshot, table::Template,
    visitor::VisitorClass,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;
use worker::{Env, Method, Request, RequestInit, Response};

use crate::{
    failure::{Failure, Outcome},
    json,
};

/// How many ledgers are asked at the same time: as many connections as Cloudflare lets an invocation have open.
pub(crate) const AT_ONCE: usize = 6;

/// What the Worker and the site ask of a ledger. New code reaches objects gradually: fields may be added, with defaults, and
/// never change their meaning.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Take over the site as it is now
    Learn { snapshot: Box<Snapshot> },
    /// Record a submission that came from this origin
    Record {
        document: Value,
        origin: Option<String>,
        /// From which network and browser, as far as it is kept
        #[serde(default)]
        client: Option<ClientFacts>,
        /// It is from our own page: whatever is posted to us as JSON is not
        #[serde(default)]
        hosted: bool,
        /// For how long it has waited in the browser, in milliseconds
        #[serde(default)]
        waited: u64,
    },
    /// Record lines of a back end; without a key, the admin asks
    RecordLines {
        key: Option<String>,
        lines: Vec<recording::Line>,
    },
    /// Something at a link of a mail
    Link { token: String, ask: AtLink },
    /// Mail a new link to the page of whoever has this address
    MailLink {
        email: String,
        lang: Option<Language>,
    },
    /// Whose pages these are, in one of these languages
    Who { wanted: Vec<Language> },
    /// A page of events for this key; without one, the admin asks
    Events {
        key: Option<String>,
        after: String,
        limit: u32,
        types: Vec<String>,
        #[serde(default)]
        purposes: Vec<String>,
    },
    /// What this shard has for a page of events of a site that is taken for split into so many
    EventPart {
        key: Option<String>,
        after: String,
        most: u32,
        types: Vec<String>,
        #[serde(default)]
        purposes: Vec<String>,
        shards: u16,
    },
    /// Wait until there is something new for a reader of events
    Watch(watch::Watch),
    /// How the site is split
    Sharding,
    /// The person of an address
    LookUp { key: Option<String>, email: String },
    /// Which of these addresses may be mailed for a purpose
    Check {
        key: Option<String>,
        purpose: PurposeKey,
        emails: Vec<String>,
    },
    /// Some rows of a table of how everything stands, of the people after this one
    Rows {
        key: Option<String>,
        template: Box<Template>,
        after: String,
        most: u32,
    },
    /// Note that a key was used
    KeyUsed { key: String },
    /// When each key was used last
    KeyUses,
    /// How everything stands for one person
    Consents { key: Option<String>, id: Uuid },
    /// Erase a person
    Erase {
        key: Option<String>,
        id: Uuid,
        reason: Option<ErasureReason>,
    },
    /// Everything that proves one consent
    Evidence {
        key: Option<String>,
        id: Uuid,
        purpose: PurposeKey,
        /// In a form of others instead
        #[serde(default)]
        form: Option<ExportForm>,
    },
    /// Something about the lane to an endpoint
    Lane { endpoint: EndpointKey, ask: AtLane },
}

/// What is asked about a lane.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AtLane {
    /// Where it stands, with so many attempts at most
    Standing { most: u32 },
    /// Send again from there on
    Replay { from: replay::ReplayFrom },
    /// Send a dead letter once more
    Resend { event: Uuid },
}

/// What is asked at a link of a mail.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AtLink {
    /// Show what a confirm link leads to, opened with this
    ShowConfirm { by: VisitorClass },
    /// The button of the confirm page, pressed with this
    Confirm {
        chosen: BTreeSet<String>,
        by: VisitorClass,
    },
    /// Mail once more what waits
    MailAgain,
    /// Show what a personal link leads to
    ShowPreferences { lang: Option<Language> },
    /// A button of the personal page; without a purpose, everything
    Withdraw {
        purpose: Option<PurposeKey>,
        lang: Option<Language>,
    },
    /// A switch of the personal page, beside the words of this hash
    Switch {
        purpose: PurposeKey,
        on: bool,
        notice: String,
        lang: Option<Language>,
    },
    /// The button of a mail program
    Unsubscribe,
    /// Make a person's links stop working
    Revoke { lang: Option<Language> },
    /// Show everything on record of a personal link's holder
    ShowRecord,
    /// One receipt of a personal link's holder
    Receipt { act: Uuid },
}

impl AtLink {
    /// Whether it only looks.
    pub(crate) fn is_a_look(&self) -> bool {
        matches!(
            self,
            Self::ShowConfirm { .. }
                | Self::ShowPreferences { .. }
                | Self::ShowRecord
                | Self::Receipt { .. }
        )
    }
}

/// Asks, and passes on whatever the ledger answers.
pub(crate) async fn ask(env: &Env, site: &SiteKey, shard: u16, ask: &Ask) -> Outcome<Response> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_body(Some(serde_json::to_string(ask)?.into()));
    let request = Request::new_with_init("https://ledger/", &init)?;
    let stub = env
        .durable_object("LEDGER")?
        .get_by_name(&format!("{site}/{shard}"))?;
    Ok(stub.fetch_with_request(request).await?)
}

/// Asks, and reads the answer; a problem is passed on.
pub(crate) async fn ask_for<T: DeserializeOwned>(
    env: &Env,
    site: &SiteKey,
    shard: u16,
    question: &Ask,
) -> Outcome<T> {
    let mut response = ask(env, site, shard, question).await?;
    if response.status_code() >= 400 {
        return Err(Failure::Answered(Box::new(response)));
    }
    Ok(json::read(response.bytes().await?)?)
}
