//! `/.well-known/jwks.json`, `/openapi.json`, `/health`: what everybody may know.

use sayso_shared::{answer::Health, jws::Jwks};
use worker::Response;

use super::Wanted;
use crate::{answer, failure::Outcome};

/// Written by a test from the routes and the types of `shared`: building it here would make the Worker a fifth larger.
const DOCUMENT: &str = include_str!("../../openapi.json");

/// The keys that receipts are verified with (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "everybody", responses((status = 200, description = "The keys", body = Jwks)))]
pub(super) async fn jwks(wanted: Wanted<'_>) -> Outcome<Response> {
    let keys = wanted.settings.jwks();
    let if_none_match = wanted.header("if-none-match")?;
    let response = answer::cached(
        "application/json",
        serde_json::to_vec(&keys)?,
        300,
        if_none_match.as_deref(),
    )?;
    response.headers().set("access-control-allow-origin", "*")?;
    Ok(response)
}

/// That the collector runs and is configured.
#[utoipa::path(get, path = "/health", tag = "everybody", responses(
    (status = 200, description = "It runs", body = Health),
    (status = 503, description = "A variable is missing or malformed; the problem names it", body = sayso_shared::problem::Problem, content_type = "application/problem+json"),
))]
pub(super) async fn health(_wanted: Wanted<'_>) -> Outcome<Response> {
    let health = Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(answer::json(200, &health)?)
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "everybody", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
pub(super) async fn openapi(wanted: Wanted<'_>) -> Outcome<Response> {
    let if_none_match = wanted.header("if-none-match")?;
    let response = answer::cached(
        "application/json",
        DOCUMENT.as_bytes().to_vec(),
        300,
        if_none_match.as_deref(),
    )?;
    response.headers().set("access-control-allow-origin", "*")?;
    Ok(response)
}
