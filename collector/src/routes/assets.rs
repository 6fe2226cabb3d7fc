//! `GET /say-so.js`, `/widget/*`, `/pages.css`, `/pages/{site}/*`: files for pages.
//!
//! The Worker sets their headers itself, so that they are the same on Cloudflare and on plain workerd.

use sayso_shared::problem::Problem;
use worker::{Response, Url};

use super::{Wanted, site_key};
use crate::{
    answer,
    failure::Outcome,
    look,
    site::{self, Ask},
};

/// A file of the widget. 404 if there is none.
pub(super) async fn show(wanted: Wanted<'_>) -> Outcome<Response> {
    let path = wanted.request.path();
    let Some(content_type) = content_type(&path) else {
        return Err(Problem::no_route().into());
    };
    let url = Url::parse("https://assets/")
        .and_then(|base| base.join(&path))
        .map_err(worker::Error::from)?;
    let found = wanted
        .env
        .assets("ASSETS")?
        .fetch(url.as_str(), None)
        .await?;
    let mut found: Response = found;
    if found.status_code() != 200 {
        return Err(Problem::no_route().into());
    }
    let bytes = found.bytes().await?;
    let if_none_match = wanted.header("if-none-match")?;
    // The loader names the other files by their hash, so it alone may go stale.
    let loader = path == "/say-so.js";
    let seconds = if loader { 300 } else { 31_536_000 };
    let response = answer::cached(content_type, bytes, seconds, if_none_match.as_deref())?;
    let headers = response.headers();
    if !loader {
        headers.set("cache-control", "public, max-age=31536000, immutable")?;
    }
    headers.set("access-control-allow-origin", "*")?;
    headers.set("cross-origin-resource-policy", "cross-origin")?;
    Ok(response)
}

/// A stylesheet or a logo of a site's own. 404 if the site has none of that sort.
pub(super) async fn look(wanted: Wanted<'_>, site: &str, name: &str) -> Outcome<Response> {
    let ask = Ask::LookFile {
        name: name.to_owned(),
    };
    site::ask(wanted.env, &site_key(site)?, &ask).await
}

/// Browsers ask for it where a page names none: a site without a logo has none, and that is no fault. Kept for a day.
pub(super) async fn no_icon(_wanted: Wanted<'_>) -> Outcome<Response> {
    let response = answer::no_content()?;
    let headers = response.headers();
    headers.set("cache-control", "public, max-age=86400")?;
    Ok(response)
}

/// The stylesheet of the hosted pages.
pub(super) async fn stylesheet(wanted: Wanted<'_>) -> Outcome<Response> {
    let if_none_match = wanted.header("if-none-match")?;
    Ok(answer::cached(
        "text/css; charset=utf-8",
        look::usual_stylesheet().into_bytes(),
        300,
        if_none_match.as_deref(),
    )?)
}

fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "wasm" => Some("application/wasm"),
        "css" => Some("text/css; charset=utf-8"),
        _ => None,
    }
}
