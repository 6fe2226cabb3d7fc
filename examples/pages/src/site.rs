//! The site: which address shows which file.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Form, Router,
    extract::State,
    response::{Redirect, Response},
    routing::{get, post},
};

use crate::{
    page::{self, Origins, Rules},
    thanks,
};

/// Address, file in the folder `examples`, and how it is shown. A fixed list: no address reaches another file.
const FILES: [(&str, &str, Rules); 20] = [
    ("/", "pages/index.html", Rules::Strict),
    ("/site.css", "pages/site.css", Rules::Strict),
    ("/logo.svg", "pages/logo.svg", Rules::Strict),
    ("/web-form/", "web-form/index.html", Rules::Strict),
    ("/web-form/en.html", "web-form/en.html", Rules::Strict),
    ("/chat-page/", "chat-page/index.html", Rules::Chat),
    ("/chat-page/chat.js", "chat-page/chat.js", Rules::Chat),
    ("/chat-frame/", "chat-frame/index.html", Rules::Framing),
    ("/chat-frame/page.js", "chat-frame/page.js", Rules::Framing),
    (
        "/chat-frame/chat.html",
        "chat-frame/chat.html",
        Rules::Framed,
    ),
    ("/chat-frame/chat.js", "chat-frame/chat.js", Rules::Framed),
    ("/chat-frame/chat.css", "chat-frame/chat.css", Rules::Strict),
    (
        "/chat-recipes/chatwoot.html",
        "chat-recipes/chatwoot.html",
        Rules::Strict,
    ),
    (
        "/chat-recipes/chatwoot.js",
        "chat-recipes/chatwoot.js",
        Rules::Strict,
    ),
    (
        "/chat-recipes/typebot.html",
        "chat-recipes/typebot.html",
        Rules::Bubble,
    ),
    (
        "/chat-recipes/typebot.js",
        "chat-recipes/typebot.js",
        Rules::Bubble,
    ),
    (
        "/chat-recipes/recipes.css",
        "chat-recipes/recipes.css",
        Rules::Strict,
    ),
    ("/looks/", "looks/index.html", Rules::Strict),
    ("/looks/page.css", "looks/page.css", Rules::Strict),
    ("/looks/looks.css", "looks/looks.css", Rules::Strict),
];

/// deep-chat as npm installs it, in the folder of the project.
const DEEP_CHAT: &str = "node_modules/deep-chat/dist/deepChat.bundle.js";

#[derive(Clone)]
pub(crate) struct Site {
    origins: Arc<Origins>,
}

impl Site {
    /// Checks that everything is there, so that what is missing is said at once and not to the first visitor.
    pub(crate) fn load(collector: &str, port: u16) -> Result<Self, String> {
        let collector = collector.trim_end_matches('/');
        if !collector.starts_with("http://") && !collector.starts_with("https://") {
            return Err("COLLECTOR must be an origin such as http://localhost:8787".to_owned());
        }
        for (_, file, _) in FILES {
            read(&examples().join(file))?;
        }
        let deep_chat = project().join(DEEP_CHAT);
        if !deep_chat.exists() {
            return Err(format!(
                "{} is missing: run `npm ci` in {}, or `cargo xtask dev`, which does it for you",
                deep_chat.display(),
                project().display()
            ));
        }
        Ok(Self {
            origins: Origins::on(port, collector).into(),
        })
    }

    pub(crate) fn router(self) -> Router {
        let mut router = Router::new();
        for (address, file, rules) in FILES {
            // Read anew each time: who edits a page sees it on reload.
            let show = move |State(site): State<Self>| async move {
                site.show(&examples().join(file), rules)
            };
            router = router.route(address, get(show));
        }
        router
            .route("/deep-chat.js", get(deep_chat))
            .route("/web-form", get(|| async { Redirect::to("/web-form/") }))
            .route("/chat-page", get(|| async { Redirect::to("/chat-page/") }))
            .route(
                "/chat-frame",
                get(|| async { Redirect::to("/chat-frame/") }),
            )
            .route("/looks", get(|| async { Redirect::to("/looks/") }))
            .route("/subscribe", post(subscribe))
            .with_state(self)
    }

    fn show(&self, file: &Path, rules: Rules) -> Response {
        match read(file) {
            Ok(text) => page::answer(file, self.origins.written_into(&text), rules, &self.origins),
            Err(problem) => page::broken(problem),
        }
    }
}

async fn deep_chat(State(site): State<Site>) -> Response {
    site.show(&project().join(DEEP_CHAT), Rules::Chat)
}

async fn subscribe(
    State(site): State<Site>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let page = Path::new("thanks.html");
    page::answer(page, thanks::page(&fields), Rules::Strict, &site.origins)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

fn examples() -> PathBuf {
    project().join("examples")
}

/// The folder of the project: two above this package.
fn project() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_owned()
}
