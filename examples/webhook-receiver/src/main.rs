//! The demo CRM: receives Sayso's webhooks, checks them, and shows live what it now knows.
//!
//! It believes nothing that it has not verified: the Standard Webhooks signature over the raw bytes, then the receipt's
//! own signature against the collector's published keys. It calls no route of the collector but the published keys, so
//! what its page shows came in by webhook alone.

mod knowledge;
mod page;
mod receipt;
mod webhook;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::knowledge::Knowledge;
use crate::receipt::PublishedKeys;

/// An event is a few kilobytes; what is much larger is not one.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// What every handler shares.
struct Crm {
    webhook: Webhook,
    keys: PublishedKeys,
    knowledge: Mutex<Knowledge>,
    /// Counts the changes, so that open pages know when to draw again.
    changes: watch::Sender<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("webhook-receiver: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), String> {
    let port: u16 = setting("PORT", "the port to listen on, such as 8789")?
        .parse()
        .map_err(|_| "PORT must be a number between 1 and 65535".to_owned())?;
    let secret = setting("WEBHOOK_SECRET", "the endpoint's whsec_… secret")?;
    let collector = setting(
        "COLLECTOR",
        "the collector's origin, such as https://consent.example.nl",
    )?;
    let state = PathBuf::from(setting("STATE", "the file that keeps what was received")?);

    let crm = Arc::new(Crm {
        webhook: Webhook::new(&secret)
            .map_err(|_| "WEBHOOK_SECRET must be whsec_ followed by base64".to_owned())?,
        keys: PublishedKeys::of(collector.trim_end_matches('/')),
        knowledge: Mutex::new(Knowledge::open(&state)?),
        changes: watch::Sender::new(0),
    });

    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("webhook-receiver: http://localhost:{port}/");
    axum::serve(listener, routes(crm))
        .await
        .map_err(|error| format!("stopped serving: {error}"))
}

fn routes(crm: Arc<Crm>) -> Router {
    Router::new()
        .route("/webhooks", post(webhook::receive))
        .route("/", get(page::show))
        .route("/live", get(page::live))
        .route("/state.json", get(page::state))
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(crm)
}

fn setting(name: &str, what: &str) -> Result<String, String> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(format!("set {name}: {what}")),
    }
}
