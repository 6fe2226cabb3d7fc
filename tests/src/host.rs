//! A web server at the mercy of the test: it serves any page under any headers, stands in front of a collector if told to, answers late,
//! wrongly or not at all, and remembers every request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use crate::deadline::eventually;
use crate::serving::serve;
use crate::stack::Stack;
use crate::wire::{Answer, ask};

/// How often a held request looks whether it may go on.
const PAUSE: Duration = Duration::from_millis(20);

/// What is done with a request.
#[derive(Clone, Debug)]
pub enum Conduct {
    /// Answer with this.
    Say(Reply),
    /// Hand it on to the server behind, and its answer back.
    Pass,
    /// Hand it on, and break off instead of giving the answer back.
    PassAndLose,
    /// Wait until the test says something else about requests like this one.
    Hold,
    /// Take it and close the connection.
    BreakOff,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A page.
    #[must_use]
    pub fn html(html: &str) -> Self {
        Self::of(200, "text/html; charset=utf-8", html)
    }

    /// Any answer that any page may read.
    #[must_use]
    pub fn of(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
        .with("content-type", content_type)
        .with("access-control-allow-origin", "*")
    }

    /// With one header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// GET, POST, …
    pub method: String,
    /// With its query
    pub path: String,
    /// The headers
    pub headers: HeaderMap,
    /// The body as bytes
    pub body: Vec<u8>,
    /// The status that was given back; nothing while there is none, or when it broke off
    pub answered: Option<u16>,
    /// When it came in
    pub at: Instant,
}

impl Arrived {
    /// The body as JSON, null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// It listens for as long as the process lives.
#[derive(Debug)]
pub struct Host {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    behind: Option<String>,
    rules: Mutex<Vec<Rule>>,
    arrived: Mutex<Vec<Arrived>>,
}

#[derive(Debug)]
struct Rule {
    method: String,
    path: String,
    conduct: Conduct,
}

impl Host {
    /// An empty one on a free port: it answers 404 until it is told what to say.
    #[must_use]
    pub fn start() -> Self {
        Self::serve(None)
    }

    /// One that hands on everything to the server at that origin until it is told otherwise.
    #[must_use]
    pub fn before(origin: &str) -> Self {
        Self::serve(Some(origin.to_owned()))
    }

    fn serve(behind: Option<String>) -> Self {
        let shared = Arc::new(Shared {
            behind,
            rules: Mutex::default(),
            arrived: Mutex::default(),
        });
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let port = serve(app);
        Self { port, shared }
    }

    /// Its address for `path`, which begins with a slash; its origin for the empty path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// What is done from now on with requests of a method whose path begins so. What was said last counts.
    pub fn on(&self, method: &str, path: &str, conduct: Conduct) {
        lock(&self.shared.rules).push(Rule {
            method: method.to_owned(),
            path: path.to_owned(),
            conduct,
        });
    }

    /// Serves a page, and returns its address.
    pub fn page(&self, path: &str, reply: Reply) -> String {
        self.on("GET", path, Conduct::Say(reply));
        self.url(path)
    }

    /// All requests of a method whose path begins so.
    #[must_use]
    pub fn arrived(&self, method: &str, path: &str) -> Vec<Arrived> {
        let arrived = lock(&self.shared.arrived);
        let fits = |each: &&Arrived| each.method == method && each.path.starts_with(path);
        arrived.iter().filter(fits).cloned().collect()
    }

    /// Every request there was.
    #[must_use]
    pub fn all(&self) -> Vec<Arrived> {
        lock(&self.shared.arrived).clone()
    }

    /// The first such request, as soon as it is there.
    #[must_use]
    pub fn wait_for(&self, method: &str, path: &str) -> Arrived {
        eventually(&format!("{method} {path}"), || {
            self.arrived(method, path).into_iter().next()
        })
    }
}

/// Lets pages of these hosts embed the demo site's forms, beside the example pages.
pub fn allow(stack: &Stack, hosts: &[&Host]) {
    let site = stack.admin("GET", "/v1/sites/demo").send();
    let mut definition = site.expect(200).json();
    let mut origins = vec![stack.pages("")];
    origins.extend(hosts.iter().map(|host| host.url("")));
    definition["origins"] = json!(origins);
    let _ = stack
        .admin("PUT", "/v1/sites/demo")
        .json(&definition)
        .send()
        .expect(200);
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri
        .path_and_query()
        .map_or_else(|| "/".to_owned(), ToString::to_string);
    let at = {
        let mut arrived = lock(&shared.arrived);
        arrived.push(Arrived {
            method: method.to_string(),
            path: path.clone(),
            headers: headers.clone(),
            body: body.to_vec(),
            answered: None,
            at: Instant::now(),
        });
        arrived.len() - 1
    };
    let reply = loop {
        match shared.conduct(method.as_str(), &path) {
            Conduct::Say(reply) => break Some(reply),
            Conduct::Pass => break shared.pass(&method, &path, &headers, &body).await,
            Conduct::PassAndLose => {
                let _ = shared.pass(&method, &path, &headers, &body).await;
                break None;
            }
            Conduct::Hold => tokio::time::sleep(PAUSE).await,
            Conduct::BreakOff => break None,
        }
    };
    let Some(reply) = reply else {
        // The connection ends with its task. This is no panic that anybody shall read of.
        std::panic::resume_unwind(Box::new("the connection breaks off"));
    };
    lock(&shared.arrived)[at].answered = Some(reply.status);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(reply.body))
        .expect("headers that can be sent")
}

impl Shared {
    fn conduct(&self, method: &str, path: &str) -> Conduct {
        let rules = lock(&self.rules);
        let told = rules
            .iter()
            .rev()
            .find(|rule| rule.method == method && path.starts_with(&rule.path));
        match told {
            Some(rule) => rule.conduct.clone(),
            None if self.behind.is_some() => Conduct::Pass,
            None => Conduct::Say(Reply::of(404, "text/plain", "there is nothing here")),
        }
    }

    /// What the server behind answers; nothing if it does not.
    async fn pass(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Reply> {
        let origin = self.behind.as_deref().unwrap_or_default();
        let mut asking = ask(method.as_str(), format!("{origin}{path}"));
        for (name, value) in headers {
            // These are about this connection alone, or come with the body.
            let own = ["host", "connection", "content-length", "content-type"];
            if !own.contains(&name.as_str()) {
                asking = asking.header(name.as_str(), value.to_str().unwrap_or_default());
            }
        }
        if let Some(kind) = headers.get("content-type") {
            asking = asking.body(kind.to_str().unwrap_or_default(), body.to_vec());
        }
        let asked = tokio::task::spawn_blocking(move || asking.try_send());
        asked.await.ok()?.ok().map(Reply::from)
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let headers = answer.headers.iter().filter(|(name, _)| {
            !["connection", "transfer-encoding", "content-length"].contains(&name.as_str())
        });
        Self {
            status: answer.status,
            headers: headers
                .map(|(name, value)| {
                    let value = value.to_str().unwrap_or_default();
                    (name.to_string(), value.to_owned())
                })
                .collect(),
            body: answer.body,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
