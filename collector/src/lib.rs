//! The collector: what Sayso performs at the edge.
//!
//! This room owns routes, Durable Objects, mail, webhooks, hosted pages and alarms. It refuses decisions: it loads state,
//! asks `shared`, commits in one block, and then performs from the stored outbox, so that the happy path is the recovery
//! path. Modules are in reading order.

mod settings;

mod clock;

#[cfg(test)]
mod dice;

mod chance;

mod failure;

mod answer;

mod json;

mod store;

mod schema;

mod gathering;

mod pour;

mod workbook;

#[cfg(test)]
mod native_store;

#[cfg(test)]
mod sabotage;

mod look;

mod letter;

mod mailer;

mod webhook;

mod connector;

mod pages;

mod mailbox;

mod ledger;

mod site;

mod routes;

use worker::{Context, Env, Request, Response, Result, event};

/// Every request of the Worker.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    routes::serve(request, &env).await
}
