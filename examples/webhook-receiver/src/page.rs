//! The live page: what the CRM now knows, drawn on the server and pushed to open browsers as it changes.

mod rows;

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};

use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::stream;

use crate::Crm;

const HTML: &str = include_str!("page/page.html");
const CSS: &str = include_str!("page/page.css");
const JS: &str = include_str!("page/page.js");

/// `GET /`
pub(crate) async fn show(State(crm): State<Arc<Crm>>) -> Response {
    let html = HTML.replace("<!-- rows -->", &draw(&crm));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
        ),
    ];
    (headers, html).into_response()
}

/// `GET /live`: the rows as they are, then again after each change.
pub(crate) async fn live(
    State(crm): State<Arc<Crm>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = crm.changes.subscribe();
    // The page may be older than the subscription: send what is known now, first.
    changes.mark_changed();
    let pushes = stream::unfold((crm, changes), async |(crm, mut changes)| {
        changes.changed().await.ok()?;
        let rows = Event::default().data(draw(&crm));
        Some((Ok(rows), (crm, changes)))
    });
    Sse::new(pushes).keep_alive(KeepAlive::default())
}

/// `GET /state.json`: the same for machines.
pub(crate) async fn state(State(crm): State<Arc<Crm>>) -> Response {
    let knowledge = crm.knowledge.lock().unwrap_or_else(PoisonError::into_inner);
    axum::Json(knowledge.snapshot()).into_response()
}

pub(crate) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], CSS)
}

pub(crate) async fn script() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
        JS,
    )
}

fn draw(crm: &Crm) -> String {
    let knowledge = crm.knowledge.lock().unwrap_or_else(PoisonError::into_inner);
    rows::render(knowledge.people(), knowledge.event_count())
}
