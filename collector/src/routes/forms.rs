//! `/v1/sites/{site}/forms/{form}`: the published form, for everybody, and its definition, for whoever runs the site.

use sayso_shared::{definition::Form, key::FormKey, language::Language, problem::Problem};
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, keys, named, site_key, wrong_method};
use crate::{
    answer,
    failure::{Failure, Outcome},
    site::{self, Ask},
};

/// The form in the language asked for, or the nearest: 200, 304; 404 for a site or form that is not there. Any page may
/// read it: it is what the site publishes, and holds nothing of anybody's.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/forms/{form}",
    tag = "widget",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("form" = String, Path, description = "Name of the form"),
        ("lang" = Option<String>, Query, description = "BCP 47; the nearest language that the site has is answered, else its default"),
    ),
    responses(
        (status = 200, description = "The form", body = sayso_shared::published::PublishedForm),
        (status = 304, description = "As it was"),
        (status = 404, description = "No such site or form", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    let form = FormKey::parse(form).map_err(|_| Problem::unknown_form())?;
    // A page that names its language wrongly gets the site's.
    let lang = wanted
        .parameter("lang")?
        .and_then(|lang| Language::parse(&lang).ok());
    let mut found = site::ask(wanted.env, &site_key(site)?, &Ask::Form { form, lang }).await?;
    let response = if found.status_code() == 200 {
        let if_none_match = wanted.header("if-none-match")?;
        answer::cached(
            "application/json",
            found.bytes().await?,
            60,
            if_none_match.as_deref(),
        )?
    } else {
        answer::body(
            found.status_code(),
            "application/problem+json",
            found.bytes().await?,
        )?
    };
    Ok(response)
}

/// Defines a form, and publishes it if one of its words changed. `key` may be left out of the body: it stands in the address. The
/// same again changes nothing.
#[utoipa::path(
    put,
    path = "/v1/sites/{site}/forms/{form}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("form" = String, Path, description = "Name of the form"),
    ),
    request_body = Form,
    responses(
        (status = 201, description = "Made; what is shown now", body = sayso_shared::answer::SitePublished),
        (status = 200, description = "Changed; what is shown now", body = sayso_shared::answer::SitePublished),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn put(mut wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    let key = FormKey::parse(form).map_err(|error| named("the form's name", error))?;
    let document = wanted.json(LARGEST_BODY).await?;
    let ask = Ask::SetForm { key, document };
    site::ask(wanted.env, &site_key(site)?, &ask).await
}

/// Removes a form. What people sent by it stays on record, with its words.
#[utoipa::path(
    delete,
    path = "/v1/sites/{site}/forms/{form}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("form" = String, Path, description = "Name of the form"),
    ),
    responses(
        (status = 204, description = "It is not there (any more)"),
        (status = 404, description = "No such site, or no name of a form", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn delete(wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    let key = FormKey::parse(form).map_err(|_| Problem::unknown_form())?;
    site::ask(wanted.env, &site_key(site)?, &Ask::RemoveForm { key }).await
}

pub(super) async fn route(wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    match wanted.request.method() {
        Method::Get | Method::Head => {
            let shown = show(wanted, site, form).await;
            let response = shown.or_else(Failure::into_response)?;
            response.headers().set("access-control-allow-origin", "*")?;
            Ok(response)
        }
        Method::Put => {
            keys::admin(&wanted, site).await?;
            put(wanted, site, form).await
        }
        Method::Delete => {
            keys::admin(&wanted, site).await?;
            delete(wanted, site, form).await
        }
        _ => wrong_method("GET, HEAD, PUT, DELETE"),
    }
}
