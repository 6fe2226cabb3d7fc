//! `/preferences/{token}`: a person's own page. GET shows, a button's POST stops.

use sayso_shared::{key::PurposeKey, token::Token};
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, wrong_method};
use crate::{
    answer,
    failure::{Outcome, damaged},
    ledger::{self, Ask},
    pages::{self, PreferencesView},
};

/// Shows everything that the site has on record. Changes nothing.
#[utoipa::path(
    get,
    path = "/preferences/{token}",
    tag = "visitor",
    params(("token" = String, Path, description = "From a mail")),
    responses(
        (status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
    )
)]
pub(super) async fn show(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    answer_page(
        wanted,
        token,
        Ask::ShowPreferences {
            token: token.to_owned(),
        },
    )
    .await
}

/// A button: `withdraw` names the purpose to stop, or `*` for everything. It takes effect at once.
#[utoipa::path(
    post,
    path = "/preferences/{token}",
    tag = "visitor",
    params(("token" = String, Path, description = "From a mail")),
    responses(
        (status = 200, description = "The page, as it stands now", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
        (status = 413, description = "More than 64 KiB", body = sayso_shared::problem::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn press(mut wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let pressed = pages::posted(&wanted.body(LARGEST_BODY).await?, "withdraw");
    let token_text = token.to_owned();
    let ask = match pressed.first().map(String::as_str) {
        Some("*") => Ask::Withdraw {
            token: token_text,
            purpose: None,
        },
        // A button that we do not know stops nothing; the page shows how it stands.
        pressed => match pressed.and_then(|key| PurposeKey::parse(key).ok()) {
            Some(purpose) => Ask::Withdraw {
                token: token_text,
                purpose: Some(purpose),
            },
            None => Ask::ShowPreferences { token: token_text },
        },
    };
    answer_page(wanted, token, ask).await
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
        None => PreferencesView::Unknown,
        Some(token) => ledger::ask_for(wanted.env, token.site(), token.shard(), &ask).await?,
    };
    let page = pages::preferences(&view, token).map_err(|_| damaged("a template"))?;
    Ok(answer::page(page.status, page.html)?)
}
