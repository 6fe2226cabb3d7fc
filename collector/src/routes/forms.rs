//! `GET /v1/sites/{site}/forms/{form}?lang=`: the published form.

use sayso_shared::{key::FormKey, language::Language, problem::Problem};
use worker::Response;

use super::{Wanted, site_key};
use crate::{answer, failure::Outcome, site};

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
    let mut found = site::ask(
        wanted.env,
        &site_key(site)?,
        &site::Ask::Form { form, lang },
    )
    .await?;
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

pub(super) async fn route(wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    let answered = wanted
        .get(async |wanted| show(wanted, site, form).await)
        .await;
    let response = answered.or_else(crate::failure::Failure::into_response)?;
    response.headers().set("access-control-allow-origin", "*")?;
    Ok(response)
}
