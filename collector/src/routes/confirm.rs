//! `/confirm/{token}`: the page behind a mail's first link. GET shows, only the button's POST confirms.

use sayso_shared::token::Token;
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, wrong_method};
use crate::{
    answer,
    failure::{Outcome, damaged},
    ledger::{self, Ask},
    pages::{self, ConfirmView},
};

/// Shows what waits for confirmation. Changes nothing, however often a scanner looks.
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
    answer_page(
        wanted,
        token,
        Ask::ShowConfirm {
            token: token.to_owned(),
        },
    )
    .await
}

/// The button: the purposes posted as `purpose` are given, those left out refused. Pressing it again changes nothing.
#[utoipa::path(
    post,
    path = "/confirm/{token}",
    tag = "visitor",
    params(("token" = String, Path, description = "From the mail")),
    responses(
        (status = 200, description = "Confirmed, now or before", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
        (status = 410, description = "Too late, stopped, or replaced", content_type = "text/html"),
        (status = 413, description = "More than 64 KiB", body = sayso_shared::problem::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn press(mut wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let chosen = pages::posted(&wanted.body(LARGEST_BODY).await?, "purpose");
    answer_page(
        wanted,
        token,
        Ask::Confirm {
            token: token.to_owned(),
            chosen,
        },
    )
    .await
}

pub(super) async fn route(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    match wanted.request.method() {
        Method::Get | Method::Head => show(wanted, token).await,
        Method::Post => press(wanted, token).await,
        _ => wrong_method("GET, HEAD, POST"),
    }
}

async fn answer_page(wanted: Wanted<'_>, token: &str, ask: Ask) -> Outcome<Response> {
    let view = match Token::parse(token) {
        None => ConfirmView::Unknown,
        Some(token) => ledger::ask_for(wanted.env, token.site(), token.shard(), &ask).await?,
    };
    let page = pages::confirm(&view).map_err(|_| damaged("a template"))?;
    Ok(answer::page(page.status, page.html)?)
}
