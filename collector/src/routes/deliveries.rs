//! `…/endpoints/{endpoint}/deliveries` and `…/replay`: what was sent to an endpoint, and sending it again.

use sayso_shared::problem::Problem;
use uuid::Uuid;
use worker::Response;

use super::{LARGEST_BODY, Wanted, endpoints::ask, keys, wrong_method};
use crate::{failure::Outcome, site::AtEndpoint};

/// The most attempts of a shard that are shown: as many as are kept.
const MOST: u32 = sayso_shared::attempt::KEPT;

/// What was sent to an endpoint last, newest first, with each attempt; where its delivery stands with each shard of the site; and what was
/// put aside. Of each shard the last 200 attempts are kept.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/endpoints/{endpoint}/deliveries",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "At most so many, 1 to 200; 100 if absent"),
    ),
    responses(
        (status = 200, description = "Where it stands", body = sayso_shared::attempt::Deliveries, example = json!({
            "endpoint": "crm",
            "lanes": [{"shard": 0, "state": "retrying", "seq": 41, "failures": 2, "failing_since": "2027-01-15T08:00:00.000Z", "next_at": "2027-01-15T08:00:36.500Z", "dead_letters": []}],
            "deliveries": [{"event": "01947000-0000-7000-8000-000000000001", "type": "consent.given", "shard": 0, "seq": 42, "taken": false, "attempts": [{"at": "2027-01-15T08:00:05.100Z", "ms": 15000, "reason": "time_out"}, {"at": "2027-01-15T08:00:00.000Z", "ms": 84, "status": 503, "answer": "upstream is being deployed"}]}]
        })),
        (status = 400, description = "`limit` is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site or endpoint", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn show(wanted: &Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    let most = most(wanted)?;
    ask(wanted, site, endpoint, AtEndpoint::Deliveries { most }).await
}

/// Has a dead letter sent once more, soon and once. When it is taken it is a dead letter no more; else it stays one, and its attempts say
/// why. It comes after newer events: of two about the same person and purpose the one with the higher `seq` counts.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/endpoints/{endpoint}/deliveries/{event}/resend",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
        ("event" = String, Path, description = "The event's id"),
    ),
    responses(
        (status = 204, description = "It will be sent"),
        (status = 404, description = "No such site, endpoint or dead letter", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn resend(
    wanted: Wanted<'_>,
    site: &str,
    endpoint: &str,
    event: &str,
) -> Outcome<Response> {
    if wanted.request.method() != worker::Method::Post {
        return wrong_method("POST");
    }
    keys::admin(&wanted, site).await?;
    let event = Uuid::try_parse(event).map_err(|_| Problem::unknown("dead letter"))?;
    ask(&wanted, site, endpoint, AtEndpoint::Resend { event }).await
}

/// Sends again what comes after a cursor, or what happened since a moment: everything, in order, under the same ids, then what is new. What
/// was not taken yet is never left out: a place ahead of the endpoint's changes nothing. Replaying from a moment begins a minute early. It
/// starts no endpoint that has stopped.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/endpoints/{endpoint}/replay",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    request_body(content = sayso_shared::answer::ReplayRequest, example = json!({"since": "2027-01-15T08:00:00.000Z"})),
    responses(
        (status = 204, description = "It is sent again"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site or endpoint", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn replay(
    mut wanted: Wanted<'_>,
    site: &str,
    endpoint: &str,
) -> Outcome<Response> {
    let request = wanted.json(LARGEST_BODY).await?;
    ask(&wanted, site, endpoint, AtEndpoint::Replay { request }).await
}

pub(super) async fn route(wanted: Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    match wanted.request.method() {
        worker::Method::Get | worker::Method::Head => {
            keys::admin(&wanted, site).await?;
            show(&wanted, site, endpoint).await
        }
        _ => wrong_method("GET, HEAD"),
    }
}

/// How many deliveries are wanted.
pub(super) fn most(wanted: &Wanted<'_>) -> Outcome<u32> {
    let wrong = format!("must be 1 to {MOST}");
    match wanted.parameter("limit")? {
        None => Ok(100),
        Some(limit) => {
            let limit = limit.parse().ok();
            let limit = limit.filter(|limit| (1..=MOST).contains(limit));
            Ok(limit.ok_or_else(|| Problem::bad_parameter("limit", &wrong))?)
        }
    }
}
