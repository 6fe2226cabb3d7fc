//! Serves the example pages, as a company's own web server would: from another origin than the collector.
//!
//! It knows nothing of Sayso but the address of the collector, which it writes into the tag, and what the host form's data
//! hold. It keeps nothing: `POST /subscribe` shows what arrived and forgets it. The chat in a frame comes from the same
//! server by its other name, 127.0.0.1, which is another origin to a browser.

mod page;

mod site;

mod thanks;

use std::{env, process::ExitCode};

use site::Site;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("example pages: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), String> {
    let port: u16 = asked("PORT", "8788")?
        .parse()
        .map_err(|_| "PORT must be a number up to 65535".to_owned())?;
    let site = Site::load(&asked("COLLECTOR", "http://localhost:8787")?, port)?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
    println!("example pages: http://localhost:{port}/");
    axum::serve(listener, site.router())
        .await
        .map_err(|error| error.to_string())
}

fn asked(name: &str, example: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("set {name}, for instance {name}={example}"))
}
