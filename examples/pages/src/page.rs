//! Answers with a page and the rules that the browser shall hold it to.

use std::path::Path;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// How strict a page is with its own scripts and styles, and with frames.
#[derive(Clone, Copy)]
pub(crate) enum Rules {
    /// No inline style, no markup made of text (Trusted Types): Sayso needs no exception from either.
    Strict,
    /// deep-chat writes markup and inline styles, so its page cannot be that strict.
    Chat,
    /// As strict as the first, with frames in it, also of the other origin.
    Framing,
    /// As strict as the first, and shown in a frame of the site's own pages.
    Bubble,
    /// What is in that frame: it may be shown by the site alone, and needs nothing of Sayso.
    Framed,
    /// The page of the API: redoc writes its styles itself and searches in a worker; it reads from the collector and runs nothing of it.
    Api,
}

/// The origins of a page and of what is around it.
#[derive(Clone)]
pub(crate) struct Origins {
    pub(crate) collector: String,
    /// The site itself
    pub(crate) pages: String,
    /// The same server under its other name: for a browser another origin, as a chat from elsewhere is
    pub(crate) elsewhere: String,
}

impl Origins {
    /// Of the pages on a port of this machine.
    pub(crate) fn on(port: u16, collector: &str) -> Self {
        Self {
            collector: collector.to_owned(),
            pages: format!("http://localhost:{port}"),
            elsewhere: format!("http://127.0.0.1:{port}"),
        }
    }

    /// Puts them where a file names them.
    pub(crate) fn written_into(&self, text: &str) -> String {
        text.replace("__COLLECTOR__", &self.collector)
            .replace("__PAGES__", &self.pages)
            .replace("__ELSEWHERE__", &self.elsewhere)
    }
}

/// The content of a file, with the type that its name says.
pub(crate) fn answer(file: &Path, text: String, rules: Rules, origins: &Origins) -> Response {
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
        (header::CONTENT_SECURITY_POLICY, policy(rules, origins)),
    ];
    (headers, text).into_response()
}

pub(crate) fn broken(problem: String) -> Response {
    eprintln!("example pages: {problem}");
    (StatusCode::INTERNAL_SERVER_ERROR, problem).into_response()
}

/// What a site that embeds Sayso must allow is in `script-src` and `connect-src`; the rest is this site's own.
fn policy(rules: Rules, origins: &Origins) -> String {
    const STRICT: &str =
        "style-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";
    let Origins {
        collector,
        pages,
        elsewhere,
    } = origins;
    let sayso =
        format!("script-src 'self' {collector} 'wasm-unsafe-eval'; connect-src {collector}");
    let own = match rules {
        Rules::Strict => format!("{sayso}; frame-ancestors 'none'; {STRICT}"),
        Rules::Chat => format!(
            "{sayso}; frame-ancestors 'none'; style-src 'self' 'unsafe-inline'; media-src 'self' data:; font-src 'self'"
        ),
        Rules::Framing => {
            format!("{sayso}; frame-src 'self' {elsewhere}; frame-ancestors 'none'; {STRICT}")
        }
        Rules::Bubble => format!("{sayso}; frame-ancestors {pages}; {STRICT}"),
        Rules::Api => format!(
            "script-src 'self'; connect-src {collector}; style-src 'self' 'unsafe-inline'; worker-src blob:; frame-ancestors 'none'"
        ),
        Rules::Framed => format!("script-src 'self'; frame-ancestors {pages}; {STRICT}"),
    };
    format!("default-src 'none'; img-src 'self' data:; form-action 'self'; base-uri 'none'; {own}")
}
