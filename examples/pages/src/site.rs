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
const FILES: [(&str, &str, Rules); 23] = [
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
    ("/api/", "api-page/index.html", Rules::Api),
    ("/api/page.css", "api-page/page.css", Rules::Strict),
    ("/api/page.js", "api-page/page.js", Rules::Api),
];

/// What others wrote, as npm installs it in the folder of the project: address, file, and the page that it is for.
const OF_OTHERS: [(&str, &str, Rules); 2] = [
    (
        "/deep-chat.js",
        "node_modules/deep-chat/dist/deepChat.bundle.js",
        Rules::Chat,
    ),
    (
        "/redoc.js",
        "node_modules/redoc/bundles/redoc.standalone.js",
        Rules::Api,
    ),
];

/// The picture beside redoc's line about its makers comes from a server of theirs, which would learn of every reader. The line stays.
const LOGO_OF_REDOC: &str = "https://cdn.redoc.ly/redoc/logo-mini.svg";
const NO_PICTURE: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";

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
        for (_, file, _) in OF_OTHERS {
            let file = project().join(file);
            if !file.exists() {
                return Err(format!(
                    "{} is missing: run `npm ci` in {}, or `cargo xtask dev`, which does it for you",
                    file.display(),
                    project().display()
                ));
            }
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
        for (address, file, rules) in OF_OTHERS {
            let show = move |State(site): State<Self>| async move {
                site.show(&project().join(file), rules)
            };
            router = router.route(address, get(show));
        }
        router
            .route("/api", get(|| async { Redirect::to("/api/") }))
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
            Ok(text) => {
                let text = self.origins.written_into(&text);
                let text = text.replace(LOGO_OF_REDOC, NO_PICTURE);
                page::answer(file, text, rules, &self.origins)
            }
            Err(problem) => page::broken(problem),
        }
    }
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
