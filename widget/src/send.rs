//! Sends a submission. The only file that makes a request.
//!
//! The body is JSON but called `text/plain`: such a request needs no preflight, which a page that is being left would not
//! wait for (Fetch standard, "CORS-safelisted request-header"). `keepalive` lets it outlive the page.

use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::{
    browser::{set, set_text},
    model::Outcome,
    words::Json,
};

/// How long to wait for an answer, in milliseconds. A submission that arrived after all is found again by its id.
const PATIENCE: u32 = 30_000;

/// Posts the JSON. The request has left when this returns.
pub(crate) fn post(collector: &str, json: &str) -> Promise {
    let headers = Object::new();
    set_text(&headers, "content-type", "text/plain");
    let request = Object::new();
    set_text(&request, "method", "POST");
    set(&request, "headers", &headers);
    set_text(&request, "body", json);
    set(&request, "keepalive", &true.into());
    set_text(&request, "credentials", "omit");
    set(&request, "signal", &timeout(PATIENCE));
    let mut address = collector.to_owned();
    address.push_str("/v1/submissions");
    fetch(&address, &request)
}

/// Waits for the answer to the submission `id`, lets `settle` know what came of it, and gives it to the page.
pub(crate) fn told(
    answer: Promise,
    id: String,
    settle: impl Fn(&str, Outcome) + 'static,
) -> Promise {
    future_to_promise(async move {
        let told = read(answer, &id).await;
        settle(
            &id,
            match &told {
                Ok(stored) => Outcome::Stored {
                    pending: stored.text_of("state") == "pending",
                },
                Err(_) => Outcome::Failed,
            },
        );
        told
    })
}

async fn read(answer: Promise, id: &str) -> Result<JsValue, JsValue> {
    let Ok(response) = JsFuture::from(answer).await else {
        return Err(failed("network", 0));
    };
    let response: Response = response.unchecked_into();
    let status = response.status();
    let body = JsFuture::from(response.json()).await.unwrap_or_default();
    // A portal in a train answers 200 too: only who repeats our id has stored anything.
    match status {
        200 | 201 if body.text_of("id") == id => Ok(body),
        409 if body.text_of("type").ends_with(":notice-outdated") => {
            Err(failed("outdated", status))
        }
        _ => Err(failed("refused", status)),
    }
}

fn failed(reason: &str, status: u16) -> JsValue {
    let failure = Object::new();
    set_text(&failure, "reason", reason);
    set(&failure, "status", &status.into());
    failure.into()
}

#[wasm_bindgen]
extern "C" {
    fn fetch(address: &str, request: &Object) -> Promise;

    #[wasm_bindgen(js_namespace = AbortSignal)]
    fn timeout(milliseconds: u32) -> JsValue;

    type Response;
    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;
    #[wasm_bindgen(method)]
    fn json(this: &Response) -> Promise;
}
