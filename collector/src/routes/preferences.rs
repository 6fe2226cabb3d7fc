//! `/preferences/{token}`: a person's own page. GET shows; a button's POST stops, switches on, or makes the links stop working.

use sayso_shared::key::PurposeKey;
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, people, wrong_method};
use crate::{
    failure::Outcome,
    ledger::AtLink,
    pages::{self, PreferencesView},
};

/// Shows everything that the site has on record, in the language that `lang` names, or that of the last answer. Changes nothing.
#[utoipa::path(
    get,
    path = "/preferences/{token}",
    tag = "visitor",
    params(
        ("token" = String, Path, description = "From a mail"),
        ("lang" = Option<String>, Query, description = "A language of the site"),
    ),
    responses(
        (status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
    )
)]
pub(super) async fn show(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let lang = people::language(&wanted)?;
    answer_page(&wanted, token, AtLink::ShowPreferences { lang }).await
}

/// A button. `withdraw` names the purpose to stop, or `*` for everything; `give` the one to switch on and `leave` a part to switch off,
/// beside the words that `notice` names; `revoke` makes all links to this page stop working. Each takes effect at once.
#[utoipa::path(
    post,
    path = "/preferences/{token}",
    tag = "visitor",
    params(
        ("token" = String, Path, description = "From a mail"),
        ("lang" = Option<String>, Query, description = "A language of the site"),
    ),
    responses(
        (status = 200, description = "The page, as it stands now", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
        (status = 413, description = "More than 64 KiB", content_type = "text/html"),
    )
)]
pub(super) async fn press(mut wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let body = wanted.body(LARGEST_BODY).await?;
    let lang = people::language(&wanted)?;
    let said = |name: &str| pages::posted(&body, name).pop_first();
    let purpose = |name: &str| said(name).and_then(|key| PurposeKey::parse(&key).ok());
    let switch = |purpose: PurposeKey, on: bool| AtLink::Switch {
        purpose,
        on,
        notice: said("notice").unwrap_or_default(),
        lang: lang.clone(),
    };
    let ask = if let Some(purpose) = purpose("give") {
        switch(purpose, true)
    } else if let Some(purpose) = purpose("leave") {
        switch(purpose, false)
    } else if said("revoke").is_some() {
        AtLink::Revoke { lang }
    } else if said("withdraw").as_deref() == Some("*") || purpose("withdraw").is_some() {
        AtLink::Withdraw {
            purpose: purpose("withdraw"),
            lang,
        }
    } else {
        // A button that we do not know changes nothing; the page shows how it stands.
        AtLink::ShowPreferences { lang }
    };
    answer_page(&wanted, token, ask).await
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
    let view = view.unwrap_or(PreferencesView::Unknown);
    people::page_or_unknown(wanted, token, pages::preferences(&view, token)).await
}
