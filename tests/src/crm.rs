//! A vendor's cloud, which cannot run here, as strict as its documentation: whatever that does not name is answered 500 and remembered,
//! and [`Cloud::asked_nothing_undocumented`] fails the test. One file of [`Books`] for each CRM.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::host::Reply;
use crate::serving::serve;

pub mod hubspot;
pub mod perfectview;
pub mod superoffice;
pub mod zoho;

/// What a CRM holds, and how it answers as documented.
pub trait Books: Send + 'static {
    /// The documented answer, or what of the request the documentation does not name.
    fn answer(&mut self, asked: &Asked) -> Documented;
}

/// An answer, or why there can be none.
pub type Documented = Result<Reply, Undocumented>;

/// What of a request the documentation does not name.
#[derive(Debug)]
pub struct Undocumented(pub String);

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// GET, POST, …
    pub method: String,
    /// The parts of its path, decoded
    pub path: Vec<String>,
    /// Its query, decoded
    pub query: BTreeMap<String, String>,
    /// The headers
    pub headers: HeaderMap,
    /// The body as bytes
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as the documented JSON. `T` denies unknown fields.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Undocumented> {
        if self.header("content-type") != "application/json" {
            return Err(self.undocumented("its content type"));
        }
        serde_json::from_slice(&self.body).map_err(|error| self.undocumented(&error))
    }

    /// Fails unless the query has these parameters and no others.
    pub fn has_query(&self, documented: &[(&str, &str)]) -> Result<(), Undocumented> {
        let is_so = self.query.len() == documented.len()
            && documented
                .iter()
                .all(|(name, value)| self.query.get(*name).is_some_and(|is| is == value));
        if is_so {
            return Ok(());
        }
        Err(self.undocumented(&format_args!("its query {:?}", self.query)))
    }

    /// Fails if there is a body.
    pub fn has_no_body(&self) -> Result<(), Undocumented> {
        if self.body.is_empty() {
            return Ok(());
        }
        Err(self.undocumented(&"a body"))
    }

    /// Says what of it the documentation does not name.
    pub fn undocumented(&self, what: &(impl fmt::Display + ?Sized)) -> Undocumented {
        let path = self.path.join("/");
        Undocumented(format!("{} /{path}: {what}", self.method))
    }
}

/// It listens for as long as the process lives.
pub struct Cloud<B> {
    port: u16,
    shared: Arc<Shared<B>>,
}

struct Shared<B> {
    books: Mutex<B>,
    trouble: Mutex<Vec<Trouble>>,
    asked: Mutex<Vec<Asked>>,
    undocumented: Mutex<Vec<String>>,
}

/// What the next request of some kind is answered.
struct Trouble {
    with: Box<dyn Fn(&Asked) -> bool + Send>,
    reply: Reply,
}

impl<B: Books> Cloud<B> {
    /// Starts on a free port.
    #[must_use]
    pub fn start(books: B) -> Self {
        let shared = Arc::new(Shared {
            books: Mutex::new(books),
            trouble: Mutex::default(),
            asked: Mutex::default(),
            undocumented: Mutex::default(),
        });
        let app = Router::new()
            .fallback(answer::<B>)
            .with_state(Arc::clone(&shared));
        let port = serve(app);
        Self { port, shared }
    }

    /// Where it is.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Looks into the books, or changes them as somebody who works with the CRM would.
    pub fn books<R>(&self, act: impl FnOnce(&mut B) -> R) -> R {
        act(&mut lock(&self.shared.books))
    }

    /// The next request like this is answered so, once, and changes nothing. What was said first counts.
    pub fn answers_once(&self, with: impl Fn(&Asked) -> bool + Send + 'static, reply: Reply) {
        lock(&self.shared.trouble).push(Trouble {
            with: Box::new(with),
            reply,
        });
    }

    /// Every request that fits.
    #[must_use]
    pub fn asked(&self, fits: impl Fn(&Asked) -> bool) -> Vec<Asked> {
        let asked = lock(&self.shared.asked);
        asked.iter().filter(|asked| fits(asked)).cloned().collect()
    }

    /// Fails if the documentation does not name something that was asked.
    pub fn asked_nothing_undocumented(&self) {
        let undocumented = lock(&self.shared.undocumented);
        assert!(undocumented.is_empty(), "{}", undocumented.join("\n"));
    }
}

async fn answer<B: Books>(
    State(shared): State<Arc<Shared<B>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let query = Query::try_from_uri(&uri).map(|Query(query)| query);
    let asked = Asked {
        method: method.to_string(),
        path: uri.path().split('/').skip(1).map(decoded).collect(),
        query: query.unwrap_or_default(),
        headers,
        body: body.to_vec(),
    };
    lock(&shared.asked).push(asked.clone());
    let trouble = {
        let mut trouble = lock(&shared.trouble);
        let first = trouble.iter().position(|trouble| (trouble.with)(&asked));
        first.map(|index| trouble.remove(index).reply)
    };
    let documented = match trouble {
        Some(reply) => Ok(reply),
        None => lock(&shared.books).answer(&asked),
    };
    let reply = documented.unwrap_or_else(|Undocumented(what)| {
        let reply = Reply::of(500, "text/plain", &what);
        lock(&shared.undocumented).push(what);
        reply
    });
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = Body::from(reply.body);
    response.body(body).expect("an answer that HTTP allows")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
