//! The Worker's line to a CRM: 15 seconds, no redirects, as much of an answer as the request says, an address that is checked at each request.

use std::{pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use sayso_shared::{
    attempt::Silence,
    outgoing::{Reach, outgoing},
};
use worker::{
    AbortController, Delay, Fetch, Headers, Method, RequestInit, RequestRedirect, Response,
};

use super::{Answer, Line, Request, SigningKey, Told, Verdict, signing};
use crate::webhook::retry_after;

/// How long a CRM may take over one request, to the last byte.
const TIME_OUT: Duration = Duration::from_secs(15);

/// The line.
pub(crate) struct Wire {
    reach: Reach,
}

impl Wire {
    pub(crate) fn within(reach: Reach) -> Self {
        Self { reach }
    }

    async fn send(&self, request: Request) -> Told<Answer> {
        if outgoing(&request.url, self.reach).is_err() {
            return Err(Verdict::Silent(Silence::Forbidden));
        }
        let lost = |_| Verdict::Silent(Silence::Connection);
        let largest = request.largest;
        let request = written(&request).map_err(lost)?;
        let controller = AbortController::default();
        let signal = controller.signal();
        let answer = pin!(async {
            let mut response = Fetch::Request(request).send_with_signal(&signal).await?;
            let body = beginning(&mut response, largest).await?;
            worker::Result::Ok(Answer {
                status: response.status_code(),
                retry_after: retry_after(&response),
                body,
            })
        });
        let time_out = pin!(Delay::from(TIME_OUT));
        match select(answer, time_out).await {
            Either::Left((answer, _)) => {
                let answer = answer.map_err(lost);
                if answer
                    .as_ref()
                    .is_ok_and(|answer| answer.body.len() >= largest)
                {
                    controller.abort();
                }
                answer
            }
            Either::Right(_) => {
                controller.abort();
                Err(Verdict::Silent(Silence::TimeOut))
            }
        }
    }
}

impl Line for Wire {
    async fn read(&self, request: Request) -> Told<Answer> {
        self.send(request).await
    }

    async fn write(&self, request: Request) -> Told<Answer> {
        self.send(request).await
    }

    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Option<Vec<u8>> {
        signing::rsa_sha256(key, message).await.ok()
    }
}

fn written(request: &Request) -> worker::Result<worker::Request> {
    let headers = Headers::new();
    headers.set("user-agent", concat!("Sayso/", env!("CARGO_PKG_VERSION")))?;
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method.to_owned()))
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        .with_body(request.body.as_deref().map(Into::into));
    worker::Request::new_with_init(&request.url, &init)
}

/// As much of a body as is read.
async fn beginning(response: &mut Response, largest: usize) -> worker::Result<Vec<u8>> {
    let mut body = Vec::new();
    let Ok(mut chunks) = response.stream() else {
        return Ok(body);
    };
    while body.len() < largest {
        match chunks.next().await {
            Some(chunk) => body.extend_from_slice(&chunk?),
            None => break,
        }
    }
    body.truncate(largest);
    Ok(body)
}
