//! `/unsubscribe/{token}`: what a mail program's own button presses (RFC 8058). GET shows a page with the same button.

use js_sys::Uint8Array;
use sayso_shared::problem::Problem;
use worker::{FormEntry, Headers, Method, Request, RequestInit, Response};

use super::{LARGEST_BODY, Wanted, people, wrong_method};
use crate::{
    failure::Outcome,
    ledger::AtLink,
    pages::{self, PreferencesView},
};

/// What the body of the request says, by RFC 8058 section 3.2.
const FIELD: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// Shows a page with a button that stops all mails. Changes nothing.
#[utoipa::path(
    get,
    path = "/unsubscribe/{token}",
    tag = "visitor",
    params(("token" = String, Path, description = "From a mail")),
    responses(
        (status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
    )
)]
pub(super) async fn show(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let lang = people::language(&wanted)?;
    answer_page(&wanted, token, AtLink::ShowPreferences { lang }, false).await
}

/// Stops everything for which the person agreed to be mailed, at once. The body is `List-Unsubscribe=One-Click`, as a form in either
/// encoding; pressing it again changes nothing.
#[utoipa::path(
    post,
    path = "/unsubscribe/{token}",
    tag = "visitor",
    params(("token" = String, Path, description = "From a mail")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`List-Unsubscribe=One-Click`"),
    responses(
        (status = 200, description = "Stopped", content_type = "text/html"),
        (status = 400, description = "Not what RFC 8058 says", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
        (status = 413, description = "More than 64 KiB", content_type = "text/html"),
    )
)]
pub(super) async fn press(mut wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let body = wanted.body(LARGEST_BODY).await?;
    let content_type = wanted.header("content-type")?.unwrap_or_default();
    if !says_one_click(&content_type, &body).await {
        let must =
            "The body must be List-Unsubscribe=One-Click (RFC 8058), as a form in either encoding.";
        return Err(Problem::bad_body(must).into());
    }
    answer_page(&wanted, token, AtLink::Unsubscribe, true).await
}

pub(super) async fn route(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    match wanted.request.method() {
        Method::Get | Method::Head => show(wanted, token).await,
        Method::Post => press(wanted, token).await,
        _ => wrong_method("GET, HEAD, POST"),
    }
}

/// Whether the body says so.
async fn says_one_click(content_type: &str, body: &[u8]) -> bool {
    let said = field(content_type, body).await;
    matches!(said, Ok(Some(FormEntry::Field(value))) if value == FIELD.1)
}

/// The field of a form; the platform reads both encodings.
async fn field(content_type: &str, body: &[u8]) -> worker::Result<Option<FormEntry>> {
    let headers = Headers::new();
    headers.set("content-type", content_type)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_body(Some(Uint8Array::from(body).into()));
    let mut form = Request::new_with_init("https://form/", &init)?;
    Ok(form.form_data().await?.get(FIELD.0))
}

async fn answer_page(
    wanted: &Wanted<'_>,
    token: &str,
    ask: AtLink,
    done: bool,
) -> Outcome<Response> {
    let view = people::ask(wanted, token, ask).await?;
    let view = view.unwrap_or(PreferencesView::Unknown);
    people::page_or_unknown(wanted, token, pages::unsubscribe(&view, token, done)).await
}
