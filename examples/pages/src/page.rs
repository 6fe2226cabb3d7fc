//! Answers with a page and the rules that the browser shall hold it to.

use std::path::Path;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// How strict a page is with its own scripts and styles.
#[derive(Clone, Copy)]
pub(crate) enum Rules {
    /// No inline style, no markup made of text (Trusted Types): Sayso needs no exception from either.
    Strict,
    /// deep-chat writes markup and inline styles, so its page cannot be that strict.
    Chat,
}

/// The content of a file, with the type that its name says.
pub(crate) fn answer(file: &Path, text: String, rules: Rules, collector: &str) -> Response {
    let kind = match file.extension().and_then(|it| it.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(rules, collector)),
    ];
    (headers, text).into_response()
}

pub(crate) fn broken(problem: String) -> Response {
    eprintln!("example pages: {problem}");
    (StatusCode::INTERNAL_SERVER_ERROR, problem).into_response()
}

/// What a site that embeds Sayso must allow is in `script-src` and `connect-src`; the rest is this site's own.
fn policy(rules: Rules, collector: &str) -> String {
    let own = match rules {
        Rules::Strict => {
            "style-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
        }
        Rules::Chat => "style-src 'self' 'unsafe-inline'; media-src 'self' data:; font-src 'self'",
    };
    format!(
        "default-src 'none'; script-src 'self' {collector} 'wasm-unsafe-eval'; connect-src {collector}; \
         img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; {own}"
    )
}
