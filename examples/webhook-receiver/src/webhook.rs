//! `POST /webhooks`: the one way in. Nothing is stored before both signatures hold, nothing is acknowledged before it
//! is on disk.

use std::sync::{Arc, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use standardwebhooks::HEADER_WEBHOOK_ID;

use crate::Crm;
use crate::knowledge::ERASED;
use crate::receipt::ReceiptError;

/// 1. 401 when the webhook's signature does not hold.
/// 2. 204 at once for an id that was seen before: a delivery may come twice.
/// 3. 422 when the receipt does not hold, 503 when the collector's keys cannot be fetched now (so that it is sent again). That a
///    person was erased has no receipt: there is nothing to prove.
/// 4. Store, then 204.
pub(crate) async fn receive(
    State(crm): State<Arc<Crm>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Fetching keys and syncing the file both block.
    tokio::task::spawn_blocking(move || accept(&crm, &headers, &body))
        .await
        .unwrap_or_else(|_| Err(Refusal::Broken("the receiver failed; send it again".into())))
        .map_or_else(IntoResponse::into_response, |()| {
            StatusCode::NO_CONTENT.into_response()
        })
}

fn accept(crm: &Crm, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    // 1. The signature is over the bytes as they came: verify before parsing.
    crm.webhook
        .verify(body, headers)
        .map_err(|error| Refusal::Unsigned(error.to_string()))?;
    let id = headers
        .get(HEADER_WEBHOOK_ID)
        .and_then(|id| id.to_str().ok())
        .ok_or_else(|| Refusal::Unsigned("missing header id".into()))?;
    let body = std::str::from_utf8(body)
        .map_err(|_| Refusal::Unreadable("the body is not UTF-8".into()))?;
    let event: Value = serde_json::from_str(body)
        .map_err(|error| Refusal::Unreadable(format!("the body is not JSON: {error}")))?;

    // A test asks whether we want to be sent to at all. Nothing follows from it.
    if event["type"] == "endpoint.test" {
        return Ok(());
    }

    // 2. A repeat.
    if knowledge(crm).has_seen(id) {
        return Ok(());
    }

    // 3. The receipt proves the consent by itself, long after this delivery.
    if event["type"] != ERASED {
        crm.keys.verify(&event["data"]).map_err(|error| {
            let reason = error.to_string();
            match error {
                ReceiptError::KeysUnreachable(_) => Refusal::Broken(reason),
                _ => Refusal::Unreadable(reason),
            }
        })?;
    }

    // 4. `learn` looks again whether the id is new: two deliveries may have come this far together.
    knowledge(crm).learn(id, body).map_err(Refusal::Broken)?;
    crm.changes.send_modify(|count| *count += 1);
    Ok(())
}

/// A panic while the lock was held cannot leave half a change: `learn` writes the file first.
fn knowledge(crm: &Crm) -> std::sync::MutexGuard<'_, crate::knowledge::Knowledge> {
    crm.knowledge.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Refusal {
    Unsigned(String),
    Unreadable(String),
    Broken(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Refusal::Unsigned(reason) => (StatusCode::UNAUTHORIZED, reason),
            Refusal::Unreadable(reason) => (StatusCode::UNPROCESSABLE_ENTITY, reason),
            Refusal::Broken(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
        };
        (status, format!("{reason}\n")).into_response()
    }
}
