//! `/confirm/{token}`: the page of double opt-in. GET shows, only the button's POST confirms.

use sayso_shared::visitor::VisitorClass;
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, people, wrong_method};
use crate::{
    failure::Outcome,
    ledger::AtLink,
    pages::{self, ConfirmView, Door},
};

/// Shows what waits to be confirmed. Changes nothing, however often and by whomever it is opened.
#[utoipa::path(
    get,
    path = "/confirm/{token}",
    tag = "visitor",
    params(("token" = String, Path, description = "From the mail")),
    responses(
        (status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
        (status = 410, description = "Too late, stopped, or replaced", content_type = "text/html"),
    )
)]
pub(super) async fn show(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let by = visitor(&wanted)?;
    answer_page(&wanted, token, AtLink::ShowConfirm { by }).await
}

/// The button: what is ticked is given, what was unticked is refused. Pressing it again changes nothing.
#[utoipa::path(
    post,
    path = "/confirm/{token}",
    tag = "visitor",
    params(("token" = String, Path, description = "From the mail")),
    responses(
        (status = 200, description = "Confirmed, now or before", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
        (status = 410, description = "Too late, stopped, or replaced", content_type = "text/html"),
        (status = 413, description = "More than 64 KiB", content_type = "text/html"),
    )
)]
pub(super) async fn press(mut wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let body = wanted.body(LARGEST_BODY).await?;
    let chosen = pages::posted(&body, "purpose");
    let by = visitor(&wanted)?;
    // What no button sent refuses nothing: a program that posts to whatever it finds sends no fields of ours.
    if chosen.is_empty() && pages::posted(&body, "confirm").is_empty() {
        return answer_page(&wanted, token, AtLink::ShowConfirm { by }).await;
    }
    answer_page(&wanted, token, AtLink::Confirm { chosen, by }).await
}

/// Mails once more what waits for its confirmation, within the limits of mails. The answer is the same, and takes the same time,
/// whatever waits or does not.
#[utoipa::path(
    post,
    path = "/confirm/{token}/resend",
    tag = "visitor",
    params(("token" = String, Path, description = "From the mail")),
    responses((status = 200, description = "If something waits, it is on its way", content_type = "text/html"))
)]
pub(super) async fn resend(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    if wanted.request.method() != Method::Post {
        return wrong_method("POST");
    }
    let again = people::ask::<()>(&wanted, token, AtLink::MailAgain);
    people::at_one_pace(again).await?;
    let reader = people::reader_of(&wanted, token).await?;
    people::answer(pages::door(&Door::OnItsWay(reader)))
}

pub(super) async fn route(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    match wanted.request.method() {
        Method::Get | Method::Head => show(wanted, token).await,
        Method::Post => press(wanted, token).await,
        _ => wrong_method("GET, HEAD, POST"),
    }
}

async fn answer_page(wanted: &Wanted<'_>, token: &str, ask: AtLink) -> Outcome<Response> {
    let view = people::ask(wanted, token, ask).await?;
    let view = view.unwrap_or(ConfirmView::Unknown);
    people::page_or_unknown(wanted, token, pages::confirm(&view, token)).await
}

/// With what a link is opened. A HEAD request reads nothing, and a prefetch nobody: both count as programs.
fn visitor(wanted: &Wanted<'_>) -> Outcome<VisitorClass> {
    let class = VisitorClass::of(wanted.header("user-agent")?.as_deref());
    let reads = wanted.request.method() != Method::Head && wanted.header("sec-purpose")?.is_none();
    let is_browser = class == VisitorClass::Browser;
    Ok(if is_browser && !reads {
        VisitorClass::Program
    } else {
        class
    })
}
