//! Webhooks: one attempt to hand one thing to one endpoint, signed as Standard Webhooks says.
//!
//! Of what comes back the status and `Retry-After` count. The first of the body is kept to be shown; nothing in it is followed, and no
//! more of it is read. It stores nothing.

use std::{pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use js_sys::Date;
use sayso_shared::{
    attempt::{ANSWER, Attempt, Silence, kept_answer},
    delivery::Outcome as Met,
    endpoint::Endpoint,
    key::SiteKey,
    outgoing::outgoing,
    time::Timestamp,
    vault::Vault,
    webhook::{Signers, WebhookSecret, WebhookSeed},
};
use worker::{
    AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response,
};

use crate::{
    clock,
    failure::{Outcome, damaged},
    settings::Settings,
};

/// How long an endpoint may take (Standard Webhooks: 15 to 30 s).
const TIME_OUT: Duration = Duration::from_secs(15);

/// How long it may take over the rest of its answer, which is only kept to be shown.
const TIME_FOR_THE_BODY: Duration = Duration::from_secs(2);

/// Something on its way to an endpoint.
pub(crate) struct Parcel<'a> {
    pub(crate) url: &'a str,
    /// The same at every attempt
    pub(crate) id: String,
    pub(crate) body: String,
}

/// What came of an attempt.
pub(crate) struct Posted {
    /// What it means for the lane
    pub(crate) met: Met,
    /// What the operator is shown of it
    pub(crate) attempt: Attempt,
}

/// Opens all that signs for an endpoint at this moment.
pub(crate) fn signers(
    vault: &Vault,
    site: &SiteKey,
    endpoint: &Endpoint,
    now: Timestamp,
) -> Outcome<Signers> {
    let place = Endpoint::secret_place(site, &endpoint.key);
    let open = |sealed: &[u8]| vault.open_secret(sealed, &place).ok();
    let secret = |sealed: &[u8]| {
        let text = String::from_utf8(open(sealed)?).ok()?;
        WebhookSecret::parse(&text).ok()
    };
    let seed = |sealed: &Vec<u8>| Some(WebhookSeed(open(sealed)?.try_into().ok()?));
    let former = || endpoint.former.iter().filter(|former| former.until > now);
    let mut signers = Signers::default();
    let newest = secret(&endpoint.sealed_secret).ok_or_else(|| damaged("an endpoint's secret"))?;
    signers.secrets.push(newest);
    signers
        .secrets
        .extend(former().filter_map(|former| secret(&former.sealed_secret)));
    signers
        .seeds
        .extend(endpoint.sealed_seed.as_ref().and_then(seed));
    // A former key signs only for whoever still wants such signatures at all.
    if endpoint.sealed_seed.is_some() {
        let former = former().filter_map(|former| former.sealed_seed.as_ref());
        signers.seeds.extend(former.filter_map(seed));
    }
    Ok(signers)
}

impl Parcel<'_> {
    /// Posts it. The address is checked each time: what was allowed when it was set may no longer be.
    pub(crate) async fn post(&self, signers: &Signers, settings: &Settings) -> Outcome<Posted> {
        let at = clock::now();
        let silent = |reason| Posted {
            met: Met::NoAnswer,
            attempt: Attempt {
                at,
                ms: millis_since(at),
                status: None,
                reason: Some(reason),
                answer: None,
            },
        };
        if outgoing(self.url, settings.reach()).is_err() {
            return Ok(silent(Silence::Forbidden));
        }
        let request = self.signed(signers, at)?;
        let controller = AbortController::default();
        let signal = controller.signal();
        let fetch = Fetch::Request(request);
        let answer = pin!(fetch.send_with_signal(&signal));
        let time_out = pin!(Delay::from(TIME_OUT));
        let mut response = match select(answer, time_out).await {
            Either::Left((Ok(response), _)) => response,
            Either::Left((Err(error), _)) => return Ok(silent(why_silent(&error))),
            Either::Right(_) => {
                controller.abort();
                return Ok(silent(Silence::TimeOut));
            }
        };
        let ms = millis_since(at);
        let (status, retry_after) = (response.status_code(), retry_after(&response));
        let (body, is_all) = beginning(&mut response).await;
        if !is_all {
            controller.abort();
        }
        Ok(Posted {
            met: Met::Answered {
                status,
                retry_after,
            },
            attempt: Attempt {
                at,
                ms,
                status: Some(status),
                reason: None,
                answer: kept_answer(&body),
            },
        })
    }

    fn signed(&self, signers: &Signers, at: Timestamp) -> worker::Result<Request> {
        let headers = Headers::new();
        headers.set("content-type", "application/json")?;
        headers.set("user-agent", concat!("Sayso/", env!("CARGO_PKG_VERSION")))?;
        headers.set("webhook-id", &self.id)?;
        headers.set("webhook-timestamp", &at.unix_seconds().to_string())?;
        headers.set(
            "webhook-signature",
            &signers.sign(&self.id, at, self.body.as_bytes()),
        )?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post)
            .with_headers(headers)
            .with_redirect(RequestRedirect::Manual)
            .with_body(Some(self.body.as_str().into()));
        Request::new_with_init(self.url, &init)
    }
}

impl Posted {
    /// Whether the endpoint took it.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(
            self.met,
            Met::Answered {
                status: 200..=299,
                ..
            }
        )
    }
}

/// Why a fetch failed. The runtime has no codes, so its words must do: of a connection that was refused or lost it says so, and of a name
/// or a certificate that is no good nothing, for fear of telling too much.
fn why_silent(error: &worker::Error) -> Silence {
    if error.to_string().contains("internal error") {
        Silence::NameOrCertificate
    } else {
        Silence::Connection
    }
}

/// The first bytes of a body, and whether they are all of it.
async fn beginning(response: &mut Response) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    let Ok(mut chunks) = response.stream() else {
        return (body, true);
    };
    let mut time_out = Delay::from(TIME_FOR_THE_BODY);
    while body.len() <= ANSWER {
        match select(chunks.next(), &mut time_out).await {
            Either::Left((Some(Ok(chunk)), _)) => body.extend_from_slice(&chunk),
            Either::Left((None | Some(Err(_)), _)) => return (body, true),
            Either::Right(_) => return (body, false),
        }
    }
    (body, false)
}

fn millis_since(at: Timestamp) -> u32 {
    u32::try_from(clock::now().unix_millis() - at.unix_millis()).unwrap_or_default()
}

/// `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get("retry-after").ok().flatten()?;
    let value = value.trim();
    value.parse().ok().map(Duration::from_secs).or_else(|| {
        let wait = Date::parse(value) - Date::now();
        (wait > 0.0).then(|| Duration::try_from_secs_f64(wait / 1000.0).ok())?
    })
}
