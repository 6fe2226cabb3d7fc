//! `/v1/sites/{site}/purposes/{purpose}`: one purpose of a site, beside the definition of the whole site.

use sayso_shared::{definition::Purpose, key::PurposeKey, problem::Problem};
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, keys, named, site_key, wrong_method};
use crate::{
    failure::Outcome,
    site::{self, Ask},
};

/// A purpose as it is defined.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/purposes/{purpose}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("purpose" = String, Path, description = "Name of the purpose"),
    ),
    responses(
        (status = 200, description = "The purpose", body = Purpose),
        (status = 404, description = "No such site or purpose", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn show(wanted: Wanted<'_>, site: &str, purpose: &str) -> Outcome<Response> {
    let key = PurposeKey::parse(purpose).map_err(|_| Problem::unknown("purpose"))?;
    site::ask(wanted.env, &site_key(site)?, &Ask::Purpose { key }).await
}

/// Defines a purpose, and publishes the forms whose words change by it. `key` may be left out of the body: it stands in the
/// address. The same again changes nothing.
#[utoipa::path(
    put,
    path = "/v1/sites/{site}/purposes/{purpose}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("purpose" = String, Path, description = "Name of the purpose"),
    ),
    request_body = Purpose,
    responses(
        (status = 201, description = "Made; what is shown now", body = sayso_shared::answer::SitePublished),
        (status = 200, description = "Changed; what is shown now", body = sayso_shared::answer::SitePublished),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn put(mut wanted: Wanted<'_>, site: &str, purpose: &str) -> Outcome<Response> {
    let key = PurposeKey::parse(purpose).map_err(|error| named("the purpose's name", error))?;
    let document = wanted.json(LARGEST_BODY).await?;
    let ask = Ask::SetPurpose { key, document };
    site::ask(wanted.env, &site_key(site)?, &ask).await
}

/// Removes a purpose that no form asks for. What people said about it stays on record.
#[utoipa::path(
    delete,
    path = "/v1/sites/{site}/purposes/{purpose}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("purpose" = String, Path, description = "Name of the purpose"),
    ),
    responses(
        (status = 204, description = "It is not there (any more)"),
        (status = 404, description = "No such site, or no name of a purpose", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Forms ask for it; `forms` names them", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn delete(wanted: Wanted<'_>, site: &str, purpose: &str) -> Outcome<Response> {
    let key = PurposeKey::parse(purpose).map_err(|_| Problem::unknown("purpose"))?;
    site::ask(wanted.env, &site_key(site)?, &Ask::RemovePurpose { key }).await
}

pub(super) async fn route(wanted: Wanted<'_>, site: &str, purpose: &str) -> Outcome<Response> {
    let method = wanted.request.method();
    if !matches!(
        method,
        Method::Get | Method::Head | Method::Put | Method::Delete
    ) {
        return wrong_method("GET, HEAD, PUT, DELETE");
    }
    keys::admin(&wanted, site).await?;
    match method {
        Method::Put => put(wanted, site, purpose).await,
        Method::Delete => delete(wanted, site, purpose).await,
        _ => show(wanted, site, purpose).await,
    }
}
