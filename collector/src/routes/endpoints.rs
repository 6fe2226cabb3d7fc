//! `/v1/sites/{site}/endpoints/{endpoint}` and what is done with one: set, test, rotate, disable, enable.

use sayso_shared::{key::EndpointKey, problem::Problem};
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, deliveries, keys, named, site_key, wrong_method};
use crate::{
    failure::Outcome,
    json,
    site::{self, Ask, AtEndpoint},
};

/// A webhook endpoint as it is set, without its secret.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/endpoints/{endpoint}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    responses(
        (status = 200, description = "The endpoint", body = sayso_shared::answer::EndpointAnswer),
        (status = 404, description = "No such site or endpoint", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn show(wanted: Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    ask(&wanted, site, endpoint, AtEndpoint::Show).await
}

/// Sets a webhook endpoint. Before anything is stored, a signed `endpoint.test` (see the schema `EndpointTest`) is posted to a new address
/// or with a new secret: it has to be answered 2xx within 15 seconds. Without `secret` one is made and shown once, or the one there is
/// stays. A new endpoint gets what happens from then on. Whoever changes neither `url` nor `secret` is not asked for proof again.
#[utoipa::path(
    put,
    path = "/v1/sites/{site}/endpoints/{endpoint}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    request_body = sayso_shared::answer::EndpointRequest,
    responses(
        (status = 201, description = "Made", body = sayso_shared::answer::EndpointAnswer),
        (status = 200, description = "Changed", body = sayso_shared::answer::EndpointAnswer),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The endpoint was changed, rotated or disabled while it was tested (`changed-meanwhile`): nothing was kept, look and send it again", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong (`invalid`), or the endpoint did not take its test (`endpoint-unproven`, with what came back in `answered`)", body = Problem, content_type = "application/problem+json",
            example = json!({"type": "urn:sayso:problem:endpoint-unproven", "title": "The endpoint did not take its test", "status": 422, "detail": "The endpoint was sent a signed endpoint.test and answered 404. …", "answered": {"at": "2027-01-15T08:00:00.000Z", "ms": 31, "status": 404, "answer": "not found"}})),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn put(mut wanted: Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    let key = EndpointKey::parse(endpoint).map_err(|error| named("the endpoint's name", error))?;
    let request = wanted.json(LARGEST_BODY).await?;
    let ask = Ask::SetEndpoint { key, request };
    site::ask(wanted.env, &site_key(site)?, &ask).await
}

/// Removes a webhook endpoint, with where its delivery stood.
#[utoipa::path(
    delete,
    path = "/v1/sites/{site}/endpoints/{endpoint}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    responses(
        (status = 204, description = "It is not there (any more)"),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn delete(wanted: Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    let key = key(endpoint)?;
    site::ask(wanted.env, &site_key(site)?, &Ask::RemoveEndpoint { key }).await
}

/// Posts an `endpoint.test` now, and tells what it met. Nothing else follows from it, whatever is answered.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/endpoints/{endpoint}/test",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    responses(
        (status = 200, description = "What it met", body = sayso_shared::attempt::TestAnswer, example = json!({"taken": true, "at": "2027-01-15T08:00:00.000Z", "ms": 42, "status": 204})),
        (status = 404, description = "No such site or endpoint", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn test(wanted: &Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    ask(wanted, site, endpoint, AtEndpoint::Test).await
}

/// Gives an endpoint a new secret, shown once, and a new Ed25519 key where it has one. The former ones sign too, beside the new ones in
/// the same `webhook-signature`, for 24 hours or as long as `former_hours` says, so that no delivery fails while you put the new secret
/// in place. Naming the secret that it has changes nothing.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/endpoints/{endpoint}/rotate",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    request_body(content = Option<sayso_shared::answer::RotateRequest>, description = "None at all is good too"),
    responses(
        (status = 200, description = "Rotated; `secret` is there if it was made here", body = sayso_shared::answer::EndpointAnswer),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site or endpoint", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Three former secrets sign still (`too-many-rotations`): end them, or wait until the first has", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn rotate(
    wanted: &mut Wanted<'_>,
    site: &str,
    endpoint: &str,
) -> Outcome<Response> {
    let body = wanted.body(LARGEST_BODY).await?;
    let request = if body.is_empty() {
        "{}".as_bytes()
    } else {
        &body
    };
    let request: serde_json::Value =
        json::read(request).map_err(|error| Problem::not_json(&error.to_string()))?;
    // Generated clients say `null` where they mean no body.
    let request = if request.is_null() {
        serde_json::json!({})
    } else {
        request
    };
    ask(wanted, site, endpoint, AtEndpoint::Rotate { request }).await
}

/// Ends a rotation early: the former secret signs no more.
#[utoipa::path(
    delete,
    path = "/v1/sites/{site}/endpoints/{endpoint}/rotate",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    responses(
        (status = 204, description = "Only the new secret signs"),
        (status = 404, description = "No such site or endpoint", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn end_rotation(
    wanted: &Wanted<'_>,
    site: &str,
    endpoint: &str,
) -> Outcome<Response> {
    ask(wanted, site, endpoint, AtEndpoint::EndRotation).await
}

/// Has nothing sent to an endpoint until it is enabled. Nothing is lost: events wait.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/endpoints/{endpoint}/disable",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    responses(
        (status = 204, description = "Nothing is sent"),
        (status = 404, description = "No such site or endpoint", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn disable(wanted: &Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    ask(wanted, site, endpoint, AtEndpoint::Disable).await
}

/// Starts an endpoint again, whatever stopped it: you, a 410, or five days of failures. What waited is sent at once, in order.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/endpoints/{endpoint}/enable",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("endpoint" = String, Path, description = "What you call the endpoint"),
    ),
    responses(
        (status = 204, description = "It is sent to"),
        (status = 404, description = "No such site or endpoint", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn enable(wanted: &Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    ask(wanted, site, endpoint, AtEndpoint::Enable).await
}

pub(super) async fn route(wanted: Wanted<'_>, site: &str, endpoint: &str) -> Outcome<Response> {
    let method = wanted.request.method();
    match method {
        Method::Get | Method::Head | Method::Put | Method::Delete => {
            keys::admin(&wanted, site).await?;
        }
        _ => return wrong_method("GET, HEAD, PUT, DELETE"),
    }
    match method {
        Method::Put => put(wanted, site, endpoint).await,
        Method::Delete => delete(wanted, site, endpoint).await,
        _ => show(wanted, site, endpoint).await,
    }
}

/// What is done with an endpoint.
pub(super) async fn act(
    mut wanted: Wanted<'_>,
    site: &str,
    endpoint: &str,
    act: &str,
) -> Outcome<Response> {
    let ends = act == "rotate" && wanted.request.method() == Method::Delete;
    if !matches!(act, "test" | "rotate" | "disable" | "enable" | "replay") {
        return Err(Problem::no_route().into());
    }
    if !ends && wanted.request.method() != Method::Post {
        return wrong_method(if act == "rotate" {
            "POST, DELETE"
        } else {
            "POST"
        });
    }
    keys::admin(&wanted, site).await?;
    match act {
        "test" => test(&wanted, site, endpoint).await,
        "rotate" if ends => end_rotation(&wanted, site, endpoint).await,
        "rotate" => rotate(&mut wanted, site, endpoint).await,
        "disable" => disable(&wanted, site, endpoint).await,
        "enable" => enable(&wanted, site, endpoint).await,
        _ => deliveries::replay(wanted, site, endpoint).await,
    }
}

/// Asks the site about an endpoint.
pub(super) async fn ask(
    wanted: &Wanted<'_>,
    site: &str,
    endpoint: &str,
    ask: AtEndpoint,
) -> Outcome<Response> {
    let ask = Ask::Endpoint {
        key: key(endpoint)?,
        ask,
    };
    site::ask(wanted.env, &site_key(site)?, &ask).await
}

fn key(endpoint: &str) -> Outcome<EndpointKey> {
    EndpointKey::parse(endpoint).map_err(|_| Problem::unknown("endpoint").into())
}
