//! Webhooks: one attempt to hand one event to one endpoint, signed as Standard Webhooks says.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use sayso_shared::{
    delivery::Outcome as Attempt, event::Event, outgoing::outgoing, snapshot::Endpoint,
    webhook::WebhookSecret,
};
use worker::{
    AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect,
    Response, console_warn,
};

use super::errands::Ledger;
use crate::{
    clock,
    failure::{Outcome, damaged},
};

/// How long an endpoint may take (Standard Webhooks: 15 to 30 s).
const TIME_OUT: Duration = Duration::from_secs(15);

impl Ledger {
    /// Posts an event. What comes back is only looked at for its status and `Retry-After`; its body is not read.
    pub(super) async fn deliver(&self, endpoint: &Endpoint, event: &Event) -> Outcome<Attempt> {
        let (keys, snapshot) = (self.book.keys()?, self.book.snapshot()?);
        let site = &snapshot.site;
        let place = Endpoint::secret_place(site, &endpoint.key);
        let secret = keys.vault.open_secret(&endpoint.sealed_secret, &place).ok();
        let secret =
            secret.and_then(|bytes| WebhookSecret::parse(&String::from_utf8(bytes).ok()?).ok());
        let secret = secret.ok_or_else(|| damaged("an endpoint's secret"))?;
        // Checked again at each sending: what was allowed when it was set may no longer be.
        if let Err(error) = outgoing(&endpoint.url, keys.settings.reach()) {
            console_warn!("endpoint {}: its address {error}", endpoint.key);
            return Ok(Attempt::NoAnswer);
        }
        let body = serde_json::to_string(event)?;
        let request = signed(&endpoint.url, &secret, event, &body)?;
        Ok(send(request).await)
    }
}

fn signed(url: &str, secret: &WebhookSecret, event: &Event, body: &str) -> worker::Result<Request> {
    let (id, attempt_at) = (event.data.id.to_string(), clock::now());
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("user-agent", concat!("Sayso/", env!("CARGO_PKG_VERSION")))?;
    headers.set("webhook-id", &id)?;
    headers.set("webhook-timestamp", &attempt_at.unix_seconds().to_string())?;
    headers.set(
        "webhook-signature",
        &secret.sign(&id, attempt_at, body.as_bytes()),
    )?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        .with_body(Some(body.into()));
    Request::new_with_init(url, &init)
}

async fn send(request: Request) -> Attempt {
    let controller = AbortController::default();
    let signal = controller.signal();
    let fetch = Fetch::Request(request);
    let answer = pin!(fetch.send_with_signal(&signal));
    let time_out = pin!(Delay::from(TIME_OUT));
    match select(answer, time_out).await {
        Either::Left((Ok(response), _)) => Attempt::Answered {
            status: response.status_code(),
            retry_after: retry_after(&response),
        },
        Either::Left((Err(_), _)) => Attempt::NoAnswer,
        Either::Right(_) => {
            controller.abort();
            Attempt::NoAnswer
        }
    }
}

/// `Retry-After` in seconds; its other form, a date, is rare and taken for none.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get("retry-after").ok().flatten()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
