//! `/v1/sites/{site}/forms/{form}/links`: a link to the hosted form that fills in an address, for a mail of the site's. The address is sealed in
//! it: no log on the way reads who was written to.

use sayso_shared::{
    api_key::Scope,
    email::EmailAddress,
    hosted::{FormLink, FormLinkRequest, link_expires_at, seal_prefill},
    key::FormKey,
    problem::{FieldError, Problem},
};
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, keys, site_key, wrong_method};
use crate::{
    answer, chance, clock,
    failure::{Failure, Outcome},
    json,
    site::{self, Ask},
};

/// Makes a link to the hosted form that fills in an address, for 30 days. It ticks and stores nothing: the person sends the form. Scope
/// `subjects:write`.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/forms/{form}/links",
    tag = "crm",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("form" = String, Path, description = "Name of the form"),
    ),
    request_body = FormLinkRequest,
    responses(
        (status = 200, description = "The link", body = FormLink),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site or form", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["subjects:write"]))
)]
pub(super) async fn make(mut wanted: Wanted<'_>, site: &str, form: &str) -> Outcome<Response> {
    if wanted.request.method() != Method::Post {
        return wrong_method("POST");
    }
    keys::holder(&wanted, site, Scope::SubjectsWrite).await?;
    let site = site_key(site)?;
    let form = FormKey::parse(form).map_err(|_| Problem::unknown_form())?;
    let request: FormLinkRequest = json::fields(&wanted.json(LARGEST_BODY).await?)?;
    let email = EmailAddress::parse(&request.email)
        .map_err(|error| Problem::invalid(vec![FieldError::new("/email", error.to_string())]))?;
    let ask = Ask::Form {
        form: form.clone(),
        lang: None,
    };
    let known = site::ask(wanted.env, &site, &ask).await?;
    if known.status_code() >= 400 {
        return Err(Failure::Answered(Box::new(known)));
    }
    let expires_at = link_expires_at(clock::now());
    let vault = wanted.settings.vault();
    let sealed = seal_prefill(&vault, &site, &form, &email, expires_at, chance::bytes());
    let lang = request
        .lang
        .map(|lang| format!("lang={lang}&"))
        .unwrap_or_default();
    let collector = &wanted.settings.public_url;
    let link = FormLink {
        url: format!("{collector}/f/{site}/{form}?{lang}email={sealed}"),
        expires_at,
    };
    Ok(answer::json(200, &link)?)
}
