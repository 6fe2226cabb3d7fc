//! `/receipts/{token}`: everything on record of the holder of a personal link, to print, and each receipt to download. Only read.

use uuid::Uuid;
use worker::Response;

use super::{Wanted, people};
use crate::{
    answer,
    failure::Outcome,
    ledger::AtLink,
    pages::{self, RecordView},
};

/// The media type of a compact JWS (RFC 7515 section 9.2.1).
const JOSE: &str = "application/jose";

/// Shows everything that proves the person's choices, for reading and printing. Changes nothing.
#[utoipa::path(
    get,
    path = "/receipts/{token}",
    tag = "visitor",
    params(("token" = String, Path, description = "That of the personal page")),
    responses(
        (status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "Not a link of ours", content_type = "text/html"),
    )
)]
pub(super) async fn show(wanted: Wanted<'_>, token: &str) -> Outcome<Response> {
    let view = people::ask(&wanted, token, AtLink::ShowRecord).await?;
    let view = view.unwrap_or(RecordView::Unknown);
    people::page_or_unknown(&wanted, token, pages::record(&view, token)).await
}

/// One receipt as it was signed, a compact JWS, to keep as a file. Changes nothing.
#[utoipa::path(
    get,
    path = "/receipts/{token}/{id}",
    tag = "visitor",
    params(
        ("token" = String, Path, description = "That of the personal page"),
        ("id" = String, Path, description = "The receipt's `jti`"),
    ),
    responses(
        (status = 200, description = "The receipt", content_type = "application/jose"),
        (status = 404, description = "Not a link or a receipt of this person", content_type = "text/html"),
    )
)]
pub(super) async fn download(wanted: Wanted<'_>, token: &str, id: &str) -> Outcome<Response> {
    let Ok(act) = Uuid::try_parse(id) else {
        return people::page_or_unknown(&wanted, token, Ok(None)).await;
    };
    let receipt: Option<Option<String>> =
        people::ask(&wanted, token, AtLink::Receipt { act }).await?;
    let Some(receipt) = receipt.flatten() else {
        return people::page_or_unknown(&wanted, token, Ok(None)).await;
    };
    let response = answer::body(200, JOSE, receipt.into_bytes())?;
    let headers = response.headers();
    let name = format!("attachment; filename=\"consent-receipt-{act}.jws\"");
    headers.set("content-disposition", &name)?;
    headers.set("referrer-policy", "no-referrer")?;
    headers.set("x-robots-tag", "noindex, nofollow")?;
    Ok(response)
}
