//! `GET /v1/events`: pull events.

use futures_util::{StreamExt as _, stream};
use sayso_shared::{key::SiteKey, merge::share, problem::Problem, shard::Sharding};
use serde_json::value::RawValue;
use worker::Response;

use super::{Wanted, keys};
use crate::{
    answer,
    failure::Outcome,
    ledger::{
        self, AT_ONCE, Ask,
        pull::{EventPart, join},
        shards::{self, Mended},
    },
};

/// The most events of a page.
const LARGEST_PAGE: u32 = 1000;

/// A page of events after a cursor: the same bytes as webhooks have. Scope `events:read`. What happened to one person is in order,
/// always; of different people the older comes first, as far as it is known when the page is made. A page may be shorter than `limit`
/// though there are more: `more` tells.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "crm",
    params(
        ("after" = Option<String>, Query, description = "The `next` of the page before; empty or absent: from the beginning. A cursor never expires"),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1000; 100 if absent"),
        ("types" = Option<String>, Query, description = "Types of events, separated by commas; without it given, refused, withdrawn, expired and erased"),
        ("site" = Option<String>, Query, description = "With the admin token: the site"),
    ),
    responses(
        (status = 200, description = "A page", body = sayso_shared::answer::EventPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks events:read", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub(super) async fn show(wanted: Wanted<'_>) -> Outcome<Response> {
    let (site, key) = keys::site_of(&wanted)?;
    let after = wanted.parameter("after")?.unwrap_or_default();
    let types = wanted.parameter("types")?.unwrap_or_default();
    let types = types
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let limit = match wanted.parameter("limit")? {
        None => 100,
        Some(limit) => limit
            .parse()
            .ok()
            .filter(|limit| (1..=LARGEST_PAGE).contains(limit))
            .ok_or_else(|| Problem::bad_parameter("limit", "must be 1 to 1000"))?,
    };
    let page = Page {
        site: &site,
        key,
        after,
        limit,
        types,
    };
    let mut sharding = shards::believed(&site);
    // Once by what is believed, and once by what is learned then.
    for _ in 0..2 {
        let asked = match sharding.shards() {
            1 => page.of_one(&wanted, &sharding).await?,
            _ => page.of_many(&wanted, &sharding).await?,
        };
        match asked {
            Mended::Stands(response) => return Ok(response),
            Mended::AskAgain(better) => sharding = better,
        }
    }
    Err(Problem::unavailable().into())
}

/// What is asked for.
struct Page<'a> {
    site: &'a SiteKey,
    key: Option<String>,
    after: String,
    limit: u32,
    types: Vec<String>,
}

impl Page<'_> {
    /// The one ledger makes the page.
    async fn of_one(&self, wanted: &Wanted<'_>, believed: &Sharding) -> Outcome<Mended> {
        let ask = Ask::Events {
            key: self.key.clone(),
            after: self.after.clone(),
            limit: self.limit,
            types: self.types.clone(),
        };
        let response = ledger::ask(wanted.env, self.site, 0, &ask).await?;
        self.learn(wanted, believed, response).await
    }

    /// Each ledger is asked for its share. If one does not answer there is no page: what it has might come first.
    async fn of_many(&self, wanted: &Wanted<'_>, believed: &Sharding) -> Outcome<Mended> {
        let shards = believed.shards();
        let ask = Ask::EventPart {
            key: self.key.clone(),
            after: self.after.clone(),
            most: share(self.limit, shards),
            types: self.types.clone(),
            shards,
        };
        let answers = stream::iter(0..shards).map(|shard| self.part(wanted, shard, &ask));
        let answers: Vec<Outcome<Part>> = answers.buffered(AT_ONCE).collect().await;
        let mut parts = Vec::with_capacity(answers.len());
        for answer in answers {
            match answer? {
                Part::Given(part) => parts.push(part),
                Part::Not(response) => return self.learn(wanted, believed, response).await,
            }
        }
        let page = join(self.site, &self.after, &parts, self.limit)?;
        Ok(Mended::Stands(answer::json(200, &page)?))
    }

    async fn part(&self, wanted: &Wanted<'_>, shard: u16, ask: &Ask) -> Outcome<Part> {
        let mut response = ledger::ask(wanted.env, self.site, shard, ask).await?;
        if response.status_code() != 200 {
            return Ok(Part::Not(response));
        }
        let part = serde_json::from_slice(&response.bytes().await?)?;
        Ok(Part::Given(part))
    }

    async fn learn(
        &self,
        wanted: &Wanted<'_>,
        believed: &Sharding,
        response: Response,
    ) -> Outcome<Mended> {
        shards::mended(wanted.env, wanted.settings, self.site, believed, response).await
    }
}

/// What one ledger answers.
enum Part {
    Given(EventPart<Box<RawValue>>),
    Not(Response),
}
