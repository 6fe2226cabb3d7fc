//! `/.well-known/jwks.json`, `/openapi.json`, `/health`: what everybody may know.

use sayso_shared::{answer::Health, jws::Jwks};
use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, Ref, ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use worker::Response;

use super::Wanted;
use crate::{answer, failure::Outcome};

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
    let mut document = Routes::openapi();
    let key = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key `sk_…`, or the admin token"))
            .build(),
    );
    describe_failures(&mut document);
    document
        .components
        .get_or_insert_default()
        .security_schemes
        .insert("key".to_owned(), key.into());
    let bytes = document.to_json()?.into_bytes();
    let if_none_match = wanted.header("if-none-match")?;
    let response = answer::cached("application/json", bytes, 300, if_none_match.as_deref())?;
    response.headers().set("access-control-allow-origin", "*")?;
    Ok(response)
}

/// What any route may answer: said once here instead of at each.
fn describe_failures(document: &mut utoipa::openapi::OpenApi) {
    let problem = |description: &str| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build()
    };
    for path in document.paths.paths.values_mut() {
        let operations = [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            let faults = [
                ("500", "The collector failed; send the same again"),
                (
                    "503",
                    "Not configured, the problem names the variable; or a part did not answer: repeat it",
                ),
            ];
            for (status, description) in faults {
                responses.insert(status.to_owned(), problem(description).into());
            }
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sayso collector",
        description = "Puts a person's consent on the record and hands it to the CRM. Errors are RFC 9457 problems.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        super::forms::show,
        super::forms::put,
        super::forms::delete,
        super::purposes::show,
        super::purposes::put,
        super::purposes::delete,
        super::submissions::record,
        super::confirm::show,
        super::confirm::press,
        super::preferences::show,
        super::preferences::press,
        super::receipts::show,
        super::receipts::download,
        super::events::show,
        super::subjects::look_up,
        super::subjects::erase,
        super::subjects::consents,
        super::subjects::evidence,
        super::admin::put_site,
        super::admin::get_site,
        super::admin::put_endpoint,
        super::admin::delete_endpoint,
        super::admin::put_key,
        super::admin::delete_key,
        jwks,
        openapi,
        health,
    )
)]
struct Routes;
