//! A CRM at the mercy of the test: it answers, refuses, or says nothing, and remembers each delivery.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use crate::deadline::eventually;

/// A secret for endpoints of tests: `whsec_` and 32 bytes in base64.
pub const SECRET: &str = "whsec_c2F5c28gam91cm5leXMga2VlcCB0aGlzIHNlY3JldCE=";

/// What the receiver does with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Answer with this status.
    Answer(u16),
    /// Take it and never answer.
    Stall,
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
    /// The header `webhook-id`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.headers
            .get("webhook-id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default()
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
    deliveries: Mutex<Vec<Delivery>>,
}

impl Receiver {
    /// Starts on a free port.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            deliveries: Mutex::default(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket can");
        let port = listener.local_addr().expect("it is bound").port();
        let app = Router::new()
            .route("/webhooks", post(receive))
            .fallback(post(receive))
            .with_state(Arc::clone(&shared));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                axum::serve(listener, app)
                    .await
                    .expect("it serves for ever");
            });
        });
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

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    lock(&shared.deliveries).push(Delivery {
        headers,
        body: body.to_vec(),
    });
    let manner = *lock(&shared.manner);
    match manner {
        Manner::Answer(status) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Manner::Stall => std::future::pending().await,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
