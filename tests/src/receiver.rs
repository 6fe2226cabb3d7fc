//! A CRM at the mercy of the test: it answers, refuses, or says nothing, and remembers each delivery.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;

use crate::deadline::eventually;
use crate::serving::serve;

/// A secret for endpoints of tests: `whsec_` and 32 bytes in base64.
pub const SECRET: &str = "whsec_c2F5c28gam91cm5leXMga2VlcCB0aGlzIHNlY3JldCE=";

/// What the receiver does with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Answer with this status.
    Answer(u16),
    /// Take it and never answer.
    Stall,
    /// Take it, and answer 204 after so long.
    Late(Duration),
    /// Take it, and break the connection off without an answer.
    Break,
    /// Answer with this status and so many bytes.
    Large(u16, usize),
    /// Send whoever asks elsewhere.
    Redirect(&'static str),
    /// Answer with this status and these words.
    Say(u16, &'static str),
    /// Answer with this status, and ask to wait so many seconds.
    Wait(u16, u32),
}

/// One delivery as it came in.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The headers.
    pub headers: HeaderMap,
    /// The body as bytes.
    pub body: Vec<u8>,
}

impl Delivery {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("events are JSON")
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The header `webhook-id`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }
}

/// It listens for as long as the process lives.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    manner: Mutex<Manner>,
    manner_with_tests: Mutex<Manner>,
    deliveries: Mutex<Vec<Delivery>>,
    tests: Mutex<Vec<Delivery>>,
}

impl Receiver {
    /// Starts on a free port.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            manner_with_tests: Mutex::new(Manner::Answer(204)),
            deliveries: Mutex::default(),
            tests: Mutex::default(),
        });
        let app = Router::new()
            .route("/webhooks", post(receive))
            .fallback(post(receive))
            .with_state(Arc::clone(&shared));
        let port = serve(app);
        Receiver {
            url: format!("http://localhost:{port}/webhooks"),
            shared,
        }
    }

    /// Where to deliver.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it does this.
    pub fn now(&self, manner: Manner) {
        *lock(&self.shared.manner) = manner;
    }

    /// From now on it does this with an `endpoint.test`, which it takes otherwise.
    pub fn with_tests(&self, manner: Manner) {
        *lock(&self.shared.manner_with_tests) = manner;
    }

    /// The tests that came in, which are no deliveries.
    #[must_use]
    pub fn tests(&self) -> Vec<Delivery> {
        lock(&self.shared.tests).clone()
    }

    /// All that came in, in order.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.shared.deliveries).clone()
    }

    /// Waits until a delivery is there that fits.
    #[must_use]
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Delivery) -> bool) -> Delivery {
        eventually(what, || self.deliveries().into_iter().find(&fits))
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let delivery = Delivery {
        headers,
        body: body.to_vec(),
    };
    let is_test = String::from_utf8_lossy(&body).contains("\"endpoint.test\"");
    let (kept, manner) = if is_test {
        (&shared.tests, &shared.manner_with_tests)
    } else {
        (&shared.deliveries, &shared.manner)
    };
    lock(kept).push(delivery);
    let manner = *lock(manner);
    let status = |status| StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match manner {
        Manner::Answer(code) => status(code).into_response(),
        Manner::Say(code, words) => (status(code), words).into_response(),
        Manner::Wait(code, seconds) => {
            (status(code), [("retry-after", seconds.to_string())]).into_response()
        }
        Manner::Stall => std::future::pending().await,
        Manner::Late(wait) => {
            tokio::time::sleep(wait).await;
            StatusCode::NO_CONTENT.into_response()
        }
        // Whoever serves this connection goes down with it, and says nothing about it.
        Manner::Break => std::panic::resume_unwind(Box::new("the connection breaks off")),
        Manner::Large(code, bytes) => (status(code), vec![b'x'; bytes]).into_response(),
        Manner::Redirect(to) => (StatusCode::FOUND, [("location", to)]).into_response(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
