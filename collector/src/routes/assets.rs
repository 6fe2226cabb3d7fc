//! `GET /say-so.js`, `/widget/*`, `/pages.css`, `/pages/{site}/*`: files for pages.
//!
//! The Worker sets their headers itself, so that they are the same on Cloudflare and on plain workerd. The loader brings the words of a
//! form where its address names one: `/say-so.js?site=demo&form=newsletter&lang=en`.

use sayso_shared::{
    key::{FormKey, SiteKey},
    language::Language,
    problem::Problem,
};
use serde::Serialize;
use serde_json::value::RawValue;
use worker::{EncodeBody, Headers, Response, Url};

use super::{Wanted, site_key};
use crate::{
    answer,
    failure::Outcome,
    json, look,
    site::{self, Ask},
};

const LOADER: &str = "/say-so.js";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of the widget. 404 if there is none.
pub(super) async fn show(wanted: Wanted<'_>) -> Outcome<Response> {
    let path = wanted.request.path();
    let Some(content_type) = content_type(&path) else {
        return Err(Problem::no_route().into());
    };
    let accepted = wanted.header("accept-encoding")?.unwrap_or_default();
    let coding = coding(&accepted);
    if let Some(words) = words(&wanted, &path).await? {
        return with_words(&wanted, &words, coding).await;
    }
    // The build leaves each file compressed in a folder that is named after the coding.
    let compressed = match coding {
        Some(coding) => read(&wanted, &format!("/{coding}{path}")).await?,
        None => None,
    };
    let coding = coding.filter(|_| compressed.is_some());
    let bytes = match compressed {
        Some(bytes) => bytes,
        None => read(&wanted, &path).await?.ok_or_else(Problem::no_route)?,
    };
    let if_none_match = wanted.header("if-none-match")?;
    // The loader names the other files by their hash, so it alone may go stale.
    let loader = path == LOADER;
    let seconds = if loader { 300 } else { 31_536_000 };
    let response = answer::cached(content_type, bytes, seconds, if_none_match.as_deref())?;
    let headers = response.headers();
    if !loader {
        headers.set("cache-control", "public, max-age=31536000, immutable")?;
    }
    for_all_pages(headers)?;
    let Some(coding) = coding else {
        return Ok(response);
    };
    headers.set("content-encoding", coding)?;
    // Without this the runtime would compress once more.
    Ok(response.with_encode_body(EncodeBody::Manual))
}

/// The words that the loader shall bring, as a statement of JavaScript. None for the other files, and for a form that is not there: the
/// element says so where it stands.
async fn words(wanted: &Wanted<'_>, path: &str) -> Outcome<Option<String>> {
    let (site, form) = (wanted.parameter("site")?, wanted.parameter("form")?);
    let (Some(site), Some(form)) = (site, form) else {
        return Ok(None);
    };
    let (Ok(site), Ok(form)) = (SiteKey::parse(&site), FormKey::parse(&form)) else {
        return Ok(None);
    };
    if path != LOADER {
        return Ok(None);
    }
    let asked = wanted.parameter("lang")?;
    let lang = asked.as_deref().and_then(|lang| Language::parse(lang).ok());
    let mut found = site::ask(wanted.env, &site, &Ask::Form { form, lang }).await?;
    if found.status_code() != 200 {
        return Ok(None);
    }
    let form: Box<RawValue> = json::read(found.bytes().await?)?;
    let brought = serde_json::to_string(&Brought { lang: asked, form })?;
    // Any JSON is an expression of JavaScript (ECMAScript 2019).
    Ok(Some(format!("const SAYSO_BROUGHT={brought};\n")))
}

/// What the loader brings.
#[derive(Serialize)]
struct Brought {
    /// The language that its address names
    lang: Option<String>,
    /// As it is published
    form: Box<RawValue>,
}

/// The loader behind a statement that it looks for. It is compressed on the way out.
async fn with_words(
    wanted: &Wanted<'_>,
    words: &str,
    coding: Option<&'static str>,
) -> Outcome<Response> {
    let loader = read(wanted, LOADER).await?.ok_or_else(Problem::no_route)?;
    let bytes = [words.as_bytes(), &loader].concat();
    let if_none_match = wanted.header("if-none-match")?;
    let response = answer::cached(SCRIPT, bytes, 60, if_none_match.as_deref())?;
    let headers = response.headers();
    for_all_pages(headers)?;
    // One tag for all codings of it, which are not the same bytes.
    if let Some(tag) = headers.get("etag")? {
        headers.set("etag", &format!("W/{tag}"))?;
    }
    if let Some(coding) = coding {
        headers.set("content-encoding", coding)?;
    }
    Ok(response)
}

/// Any page may load it, and a cache keeps its codings apart.
fn for_all_pages(headers: &Headers) -> worker::Result<()> {
    headers.set("access-control-allow-origin", "*")?;
    headers.set("cross-origin-resource-policy", "cross-origin")?;
    headers.set("vary", "Accept-Encoding")
}

/// A file of the build, if it is there.
async fn read(wanted: &Wanted<'_>, path: &str) -> worker::Result<Option<Vec<u8>>> {
    let url = Url::parse("https://assets/")?.join(path)?;
    let assets = wanted.env.assets("ASSETS")?;
    let mut found: Response = assets.fetch(url.as_str(), None).await?;
    match found.status_code() {
        200 => Ok(Some(found.bytes().await?)),
        _ => Ok(None),
    }
}

/// The best coding that we have and that the client takes (RFC 9110, section 12.5.3). Weights but 0 are not compared: who takes brotli
/// gets it.
fn coding(accepted: &str) -> Option<&'static str> {
    ["br", "gzip"].into_iter().find(|coding| {
        accepted.split(',').any(|each| {
            let (name, weight) = each.split_once(';').unwrap_or((each, ""));
            let refused = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|weight| weight.parse::<f32>().ok())
                .is_some_and(|weight| weight <= 0.0);
            name.trim().eq_ignore_ascii_case(coding) && !refused
        })
    })
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
        "js" => Some(SCRIPT),
        "wasm" => Some("application/wasm"),
        "css" => Some("text/css; charset=utf-8"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::coding;

    #[test]
    fn brotli_comes_first_and_what_is_refused_never() {
        for (accepted, expected) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip;q=1.0, BR;q=0.1", Some("br")),
            ("br;q=0, gzip", Some("gzip")),
            ("br; q=0.000", None),
            ("gzip", Some("gzip")),
            ("identity", None),
            ("brotli", None),
            ("", None),
        ] {
            assert_eq!(coding(accepted), expected, "{accepted}");
        }
    }
}
