//! `GET /v1/events`: pull events.

use std::time::Duration;

use sayso_shared::{accept::accepts, problem::Problem};
use worker::Response;

use super::{Wanted, keys};
use crate::{
    answer,
    failure::Outcome,
    json,
    ledger::{
        paging::{Page, PageText, Wish},
        pull::Sought,
    },
};

/// The most events of a page.
const LARGEST_PAGE: u32 = 1000;

/// The longest that a request waits for something to happen, in seconds.
const LONGEST_WAIT: u32 = 25;

/// An event on each line.
const LINES: &str = "application/x-ndjson";

/// All parameters that there are.
const PARAMETERS: [&str; 6] = ["after", "limit", "wait", "types", "purposes", "site"];

/// A page of events after a cursor: the same bytes as webhooks have. Scope `events:read`. What happened to one person is in order,
/// always; of different people the older comes first, as far as it is known when the page is made. A page may be shorter than `limit`,
/// and with `purposes` even empty, though there are more: `more` tells. With `Accept: application/x-ndjson` each line of the body is an
/// event, and `next` and `more` are in the headers `Sayso-Next` and `Sayso-More`. With `Accept-Encoding: gzip` it is compressed.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "crm",
    params(
        ("after" = Option<String>, Query, description = "The `next` of the page before; empty or absent: from the beginning. A cursor never expires"),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1000; 100 if absent", minimum = 1, maximum = 1000),
        ("wait" = Option<u32>, Query, description = "If there is nothing now, wait so many seconds for something to happen, 0 to 25; 0 if absent. It is answered as soon as something does, else with an empty page", minimum = 0, maximum = 25),
        ("types" = Option<String>, Query, description = "Types of events, separated by commas; without it given, refused, withdrawn, expired and erased", example = "consent.given,consent.withdrawn"),
        ("purposes" = Option<String>, Query, description = "Keys of purposes, separated by commas; without it all. Erasures come whatever is named here", example = "EMARKETING"),
        ("site" = Option<String>, Query, description = "With the admin token: the site"),
    ),
    responses(
        (status = 200, description = "A page", headers(
            ("Sayso-Next" = Option<String>, description = "With NDJSON: send it as `after` to go on"),
            ("Sayso-More" = Option<bool>, description = "With NDJSON: whether there are more now"),
        ), content(
            (sayso_shared::answer::EventPage = "application/json"),
            (String = "application/x-ndjson"),
        )),
        (status = 400, description = "A parameter is wrong; `detail` says which, and what it must be", body = Problem, content_type = "application/problem+json",
            example = json!({"type": "urn:sayso:problem:bad-parameter", "title": "A query parameter is wrong", "status": 400, "detail": "The parameter limit must be 1 to 1000."})),
        (status = 404, description = "With the admin token: no such site", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["events:read"]))
)]
pub(super) async fn show(wanted: Wanted<'_>) -> Outcome<Response> {
    let (site, key) = keys::site_of(&wanted)?;
    wanted.knows(&PARAMETERS)?;
    let limit = wanted.number("limit", 1, LARGEST_PAGE)?.unwrap_or(100);
    let wait = wanted.number("wait", 0, LONGEST_WAIT)?.unwrap_or_default();
    let wish = Wish {
        key,
        after: wanted.parameter("after")?.unwrap_or_default(),
        limit,
        sought: Sought {
            types: wanted.list("types")?,
            purposes: wanted.list("purposes")?,
        },
    };
    let ledgers = wanted.ledgers(&site);
    let wait = Duration::from_secs(wait.into());
    let page = wish.pull_within(&ledgers, wait).await?;
    let accepted = wanted.header("accept")?.unwrap_or_default();
    let response = if accepts(&accepted, LINES) {
        match page.bytes().await? {
            Ok(page) => lines(json::read(&page)?)?,
            Err(answer) => answer,
        }
    } else {
        match page {
            Page::Answered(response) => response,
            Page::Joined(page) => answer::body(200, "application/json", page)?,
        }
    };
    let accepted = wanted.header("accept-encoding")?.unwrap_or_default();
    Ok(answer::compressed(response, &accepted)?)
}

/// A page with an event on each line. They have no line breaks in themselves: JSON of ours is written without white space.
fn lines(page: PageText) -> Outcome<Response> {
    let PageText { events, next, more } = page;
    let mut body = Vec::new();
    for event in events {
        body.extend_from_slice(event.get().as_bytes());
        body.push(b'\n');
    }
    let response = answer::body(200, LINES, body)?;
    let headers = response.headers();
    headers.set("sayso-next", &next)?;
    headers.set("sayso-more", if more { "true" } else { "false" })?;
    Ok(response)
}
