//! `/v1/sites/{site}` and its keys: what an operator sets.

use sayso_shared::{
    answer::KeyRequest,
    definition::SiteDefinition,
    key::ApiKeyName,
    problem::{FieldError, Problem},
};
use worker::{Method, Response};

use super::{LARGEST_BODY, LARGEST_DEFINITION, Wanted, keys, named, site_key, wrong_method};
use crate::{
    failure::Outcome,
    json,
    site::{self, Ask},
};

/// Defines a site and publishes what changed: 201 for a new one, 200 else. The same definition again changes nothing.
#[utoipa::path(
    put,
    path = "/v1/sites/{site}",
    tag = "admin",
    params(("site" = String, Path, description = "Name of the site")),
    request_body = SiteDefinition,
    responses(
        (status = 201, description = "Published, a new site", body = sayso_shared::answer::SitePublished),
        (status = 200, description = "Published", body = sayso_shared::answer::SitePublished),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "More than 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Kept, but not known everywhere yet: repeat it", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn put_site(mut wanted: Wanted<'_>, site: &str) -> Outcome<Response> {
    let site = site_key(site).map_err(|_| {
        let must = "the name of a site must be 1 to 40 characters of a-z, 0-9 and -";
        Problem::invalid(vec![FieldError::new("", must)])
    })?;
    let document = wanted.json(LARGEST_DEFINITION).await?;
    let ask = Ask::Define {
        site: site.clone(),
        document,
    };
    site::ask(wanted.env, &site, &ask).await
}

/// The definition of a site as it is.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}",
    tag = "admin",
    params(("site" = String, Path, description = "Name of the site")),
    responses(
        (status = 200, description = "The definition", body = SiteDefinition),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn get_site(wanted: Wanted<'_>, site: &str) -> Outcome<Response> {
    site::ask(wanted.env, &site_key(site)?, &Ask::Definition).await
}

/// The API keys of a site: what each may do, when it was made, and in which hour it was last used. Their secrets are not kept.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/keys",
    tag = "admin",
    params(("site" = String, Path, description = "Name of the site")),
    responses(
        (status = 200, description = "The keys, by their names", body = sayso_shared::answer::KeyList,
            example = json!({"keys": [{"id": "crm", "scopes": ["events:read"], "created_at": "2027-01-15T08:00:00.000Z", "last_used_at": "2027-02-01T09:00:00.000Z"}]})),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn list_keys(wanted: Wanted<'_>, site: &str) -> Outcome<Response> {
    keys::admin(&wanted, site).await?;
    site::ask(wanted.env, &site_key(site)?, &Ask::Keys).await
}

/// Makes an API key, shown once, or changes what a key may do.
#[utoipa::path(
    put,
    path = "/v1/sites/{site}/keys/{key}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("key" = String, Path, description = "What you call the key"),
    ),
    request_body = KeyRequest,
    responses(
        (status = 201, description = "Made; `secret` is not shown again", body = sayso_shared::answer::KeyAnswer),
        (status = 200, description = "Changed", body = sayso_shared::answer::KeyAnswer),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn put_key(mut wanted: Wanted<'_>, site: &str, key: &str) -> Outcome<Response> {
    let name = ApiKeyName::parse(key).map_err(|error| named("the key's name", error))?;
    let request: KeyRequest = json::fields(&wanted.json(LARGEST_BODY).await?)?;
    site::ask(wanted.env, &site_key(site)?, &Ask::SetKey { name, request }).await
}

/// Removes an API key; it opens nothing from then on.
#[utoipa::path(
    delete,
    path = "/v1/sites/{site}/keys/{key}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("key" = String, Path, description = "What you call the key"),
    ),
    responses(
        (status = 204, description = "It is not there (any more)"),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn delete_key(wanted: Wanted<'_>, site: &str, key: &str) -> Outcome<Response> {
    let name = ApiKeyName::parse(key).map_err(|_| Problem::unknown("key"))?;
    site::ask(wanted.env, &site_key(site)?, &Ask::RemoveKey { name }).await
}

pub(super) async fn site(wanted: Wanted<'_>, site: &str) -> Outcome<Response> {
    let method = wanted.request.method();
    match method {
        Method::Get | Method::Head | Method::Put => keys::admin(&wanted, site).await?,
        _ => return wrong_method("GET, HEAD, PUT"),
    }
    if method == Method::Put {
        put_site(wanted, site).await
    } else {
        get_site(wanted, site).await
    }
}

pub(super) async fn key(wanted: Wanted<'_>, site: &str, key: &str) -> Outcome<Response> {
    match wanted.request.method() {
        Method::Put => {
            keys::admin(&wanted, site).await?;
            put_key(wanted, site, key).await
        }
        Method::Delete => {
            keys::admin(&wanted, site).await?;
            delete_key(wanted, site, key).await
        }
        _ => wrong_method("PUT, DELETE"),
    }
}
