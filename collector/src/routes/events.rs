//! `GET /v1/events`: pull events.

use sayso_shared::problem::Problem;
use worker::Response;

use super::{Wanted, keys};
use crate::{
    answer,
    failure::Outcome,
    ledger::paging::{Page, Wish},
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
    let wish = Wish {
        key,
        after,
        limit,
        types,
    };
    match wish.pull(&wanted.ledgers(&site)).await? {
        Page::Answered(response) => Ok(response),
        Page::Joined(page) => Ok(answer::body(200, "application/json", page)?),
    }
}
