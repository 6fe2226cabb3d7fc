//! Answers: the few shapes that responses have, each with its headers.

use sayso_shared::{accept::accepts, canonical::base64url, canonical::sha256, problem::Problem};
use serde::Serialize;
use worker::{Headers, Response, Result};

/// A problem, `application/problem+json` (RFC 9457).
pub(crate) fn problem(problem: &Problem) -> Result<Response> {
    let response = body(
        problem.status,
        "application/problem+json",
        serde_json::to_vec(problem)?,
    )?;
    if problem.status == 401 {
        response.headers().set("www-authenticate", "Bearer")?;
    }
    Ok(response)
}

/// JSON that nobody may keep.
pub(crate) fn json(status: u16, value: &impl Serialize) -> Result<Response> {
    body(status, "application/json", serde_json::to_vec(value)?)
}

/// Nothing, and that is well.
pub(crate) fn no_content() -> Result<Response> {
    Ok(Response::builder()
        .with_status(204)
        .with_header("cache-control", "no-store")?
        .empty())
}

/// A body that nobody may keep.
pub(crate) fn body(status: u16, content_type: &str, bytes: Vec<u8>) -> Result<Response> {
    let headers = Headers::new();
    headers.set("content-type", content_type)?;
    headers.set("cache-control", "no-store")?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(Response::builder()
        .with_status(status)
        .with_headers(headers)
        .fixed(bytes))
}

/// The same, compressed where the caller accepts it. The runtime does it on the way, by the header alone; Cloudflare passes on what is
/// compressed already.
pub(crate) fn compressed(response: Response, accepted: &str) -> Result<Response> {
    // What an object answered has headers that cannot be changed; copies of them can.
    let headers = response.headers().clone();
    headers.append("vary", "Accept-Encoding")?;
    if accepts(accepted, "gzip") && !headers.has("content-encoding")? {
        headers.set("content-encoding", "gzip")?;
        headers.delete("content-length")?;
    }
    Ok(response.with_headers(headers))
}

/// Something that may be kept for `seconds` and asked for again by its tag.
pub(crate) fn cached(
    content_type: &str,
    bytes: Vec<u8>,
    seconds: u32,
    if_none_match: Option<&str>,
) -> Result<Response> {
    let etag = format!("\"{}\"", base64url(&sha256(&bytes)[..16]));
    let known = if_none_match.is_some_and(|tags| {
        tags.split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == etag)
    });
    let response = if known {
        Response::builder().with_status(304).empty()
    } else {
        body(200, content_type, bytes)?
    };
    response
        .headers()
        .set("cache-control", &format!("public, max-age={seconds}"))?;
    response.headers().set("etag", &etag)?;
    Ok(response)
}

/// A hosted page: no scripts, no frames, nothing kept, found by no search engine, and it tells nobody where a visitor
/// came from.
pub(crate) fn page(status: u16, html: String) -> Result<Response> {
    framed_page(status, html, &[], "no-referrer")
}

/// The page of a form, which pages on these origins may show in a frame. It tells itself alone where a visitor came from: under
/// `no-referrer` a browser would post it with the origin `null` (Fetch, section 3.2), as if it came from somebody else.
pub(crate) fn form_page(status: u16, html: String, framers: &[String]) -> Result<Response> {
    framed_page(status, html, framers, "same-origin")
}

fn framed_page(status: u16, html: String, framers: &[String], referrer: &str) -> Result<Response> {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors";
    let response = body(status, "text/html; charset=utf-8", html.into_bytes())?;
    let framers = match framers {
        [] => "'none'".to_owned(),
        framers => framers.join(" "),
    };
    let headers = response.headers();
    headers.set("content-security-policy", &format!("{POLICY} {framers}"))?;
    headers.set("referrer-policy", referrer)?;
    headers.set("x-robots-tag", "noindex, nofollow")?;
    Ok(response)
}
