//! Routes: from a request's method and path to the file that answers it. One noun a file.

mod admin;
mod assets;
mod check;
mod confirm;
mod connectors;
mod consents;
mod deliveries;
mod docs;
#[cfg(test)]
mod document;
mod endpoints;
mod events;
mod export;
mod form_links;
mod forms;
mod hosted;
mod keys;
mod link;
mod mailbox;
mod people;
mod preferences;
mod purposes;
mod receipts;
mod subjects;
mod submissions;
mod unsubscribe;

use futures_util::StreamExt as _;
use sayso_shared::{
    key::{NameError, SiteKey},
    language::Language,
    problem::{FieldError, Problem},
};
use worker::{Env, Headers, Method, Request, RequestInit, Response, Result};

use crate::{
    answer,
    failure::{Failure, Outcome},
    json,
    ledger::shards::SiteLedgers,
    settings::Settings,
};

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

/// The largest definition of a site: 64 purposes with long texts in many languages.
const LARGEST_DEFINITION: usize = 1024 * 1024;

/// How much more than too much is read, in bytes, so that the answer arrives.
const PATIENCE_WITH_BODIES: usize = 4 * 1024 * 1024;

/// Answers every request there is.
pub(crate) async fn serve(request: Request, env: &Env) -> Result<Response> {
    // Whatever is asked: nothing is done, and nothing stored, before the operator has set what must be set.
    let settings = match Settings::read(env) {
        Ok(settings) => settings,
        Err(problem) => return answer::problem(&problem),
    };
    let request = with_a_method_we_know(request)?;
    let path = request.path();
    let accepted = request.headers().get("accept-language")?;
    let key = keys::presented(&request)?;
    let mut response = route(request, env, &settings)
        .await
        .or_else(Failure::into_response)?;
    if let Some(key) = key.filter(|_| response.status_code() != 401) {
        keys::note(env, &key).await;
    }
    if people::are_for_people(&path) {
        let languages = Language::accepted(&accepted.unwrap_or_default());
        response =
            people::for_people(response, &path, languages).or_else(Failure::into_response)?;
    }
    // What an object answered has headers that cannot be changed; copies of them can.
    let headers = response.headers().clone();
    headers.set("x-content-type-options", "nosniff")?;
    Ok(response.with_headers(headers))
}

/// The platform's [`Method`] takes every word that it does not know for GET. What comes with such a word is read as PATCH, which it knows
/// and no route here has: so it is answered 405 as any other method that a route lacks, and does nothing.
fn with_a_method_we_know(request: Request) -> Result<Request> {
    let known = request.method();
    if request.inner().method() == known.as_ref() {
        return Ok(request);
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Patch)
        .with_headers(request.headers().clone());
    Request::new_with_init(request.url()?.as_str(), &init)
}

async fn route(request: Request, env: &Env, settings: &Settings) -> Outcome<Response> {
    let path = request.path();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let wanted = Wanted {
        request,
        env,
        settings,
    };
    match segments.as_slice() {
        ["say-so.js"] | ["widget", _] => wanted.get(assets::show).await,
        ["pages.css"] => wanted.get(assets::stylesheet).await,
        ["favicon.ico"] => wanted.get(assets::no_icon).await,
        ["pages", site, name] => {
            wanted
                .get(async |wanted| assets::look(wanted, site, name).await)
                .await
        }
        ["v1", "submissions"] => submissions::route(wanted).await,
        ["v1", "consents"] => consents::record(wanted).await,
        ["v1", "sites", site, "forms", form] => forms::route(wanted, site, form).await,
        ["v1", "sites", site, "forms", form, "links"] => form_links::make(wanted, site, form).await,
        ["f", site, form] => hosted::route(wanted, site, form).await,
        ["v1", "sites", site, "purposes", purpose] => purposes::route(wanted, site, purpose).await,
        ["v1", "events"] => wanted.get(events::show).await,
        ["v1", "export"] => export::export(wanted).await,
        ["v1", "check"] => check::check(wanted).await,
        ["v1", "subjects", "lookup"] => subjects::look_up(wanted).await,
        ["v1", "subjects", id] => subjects::erase(wanted, id).await,
        ["v1", "subjects", id, "consents"] => {
            wanted
                .get(async |wanted| subjects::consents(wanted, id).await)
                .await
        }
        ["v1", "subjects", id, "evidence"] => {
            wanted
                .get(async |wanted| subjects::evidence(wanted, id).await)
                .await
        }
        ["v1", "sites", site] => admin::site(wanted, site).await,
        ["v1", "sites", site, "endpoints", endpoint] => {
            endpoints::route(wanted, site, endpoint).await
        }
        ["v1", "sites", site, "endpoints", endpoint, "deliveries"] => {
            deliveries::route(wanted, site, endpoint).await
        }
        [
            "v1",
            "sites",
            site,
            "endpoints",
            endpoint,
            "deliveries",
            event,
            "resend",
        ] => deliveries::resend(wanted, site, endpoint, event).await,
        ["v1", "sites", site, "endpoints", endpoint, act] => {
            endpoints::act(wanted, site, endpoint, act).await
        }
        ["v1", "sites", site, "keys"] => {
            wanted
                .get(async |wanted| admin::list_keys(wanted, site).await)
                .await
        }
        ["v1", "sites", site, "connectors", rest @ ..] => {
            connectors::below(wanted, site, rest).await
        }
        ["v1", "sites", site, "keys", key] => admin::key(wanted, site, key).await,
        ["confirm", token] => confirm::route(wanted, token).await,
        ["confirm", token, "resend"] => confirm::resend(wanted, token).await,
        ["preferences", token] => preferences::route(wanted, token).await,
        ["unsubscribe", token] => unsubscribe::route(wanted, token).await,
        ["link", site] => link::route(wanted, site).await,
        ["receipts", token] => {
            wanted
                .get(async |wanted| receipts::show(wanted, token).await)
                .await
        }
        ["receipts", token, id] => {
            wanted
                .get(async |wanted| receipts::download(wanted, token, id).await)
                .await
        }
        [".well-known", "jwks.json"] => wanted.get(docs::jwks).await,
        ["openapi.json"] => wanted.get(docs::openapi).await,
        ["health"] => wanted.get(docs::health).await,
        ["dev", "mailbox"] if settings.has_mailbox() => wanted.get(mailbox::page).await,
        ["dev", "mailbox.json"] if settings.has_mailbox() => wanted.get(mailbox::json).await,
        _ => Err(Problem::no_route().into()),
    }
}

/// A request on its way to its handler, with what every handler needs.
pub(crate) struct Wanted<'a> {
    request: Request,
    env: &'a Env,
    settings: &'a Settings,
}

impl<'a> Wanted<'a> {
    /// The ledgers of a site.
    fn ledgers<'s>(&self, site: &'s SiteKey) -> SiteLedgers<'s>
    where
        'a: 's,
    {
        SiteLedgers {
            env: self.env,
            settings: self.settings,
            site,
        }
    }

    /// For routes that are only read.
    async fn get(self, show: impl AsyncFnOnce(Self) -> Outcome<Response>) -> Outcome<Response> {
        match self.request.method() {
            Method::Get | Method::Head => show(self).await,
            _ => wrong_method("GET, HEAD"),
        }
    }

    /// The body, up to a size. Counted while it arrives, since what announces no length may have no end. A little too much is
    /// read to its end all the same: whoever still sends when the answer comes may lose the answer.
    async fn body(&mut self, largest: usize) -> Outcome<Vec<u8>> {
        let mut body = Vec::new();
        let mut arrived = 0;
        let Ok(mut chunks) = self.request.stream() else {
            return Ok(body);
        };
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            arrived += chunk.len();
            if arrived <= largest {
                body.extend_from_slice(&chunk);
            } else if arrived > largest + PATIENCE_WITH_BODIES {
                break;
            }
        }
        if arrived > largest {
            Err(Problem::too_large(largest).into())
        } else {
            Ok(body)
        }
    }

    /// The body as JSON.
    async fn json(&mut self, largest: usize) -> Outcome<serde_json::Value> {
        let body = self.body(largest).await?;
        json::read(&body).map_err(|error| {
            let why = format!(
                "It goes wrong at line {}, column {}.",
                error.line(),
                error.column()
            );
            Problem::not_json(&why).into()
        })
    }

    fn header(&self, name: &str) -> Result<Option<String>> {
        self.request.headers().get(name)
    }

    /// 400 where a query parameter is none of these, or stands twice: misspelled, it would do nothing, and nobody would know.
    fn knows(&self, names: &[&str]) -> Outcome<()> {
        let url = self.request.url()?;
        let mut seen = Vec::new();
        for (name, _) in url.query_pairs() {
            if !names.contains(&name.as_ref()) {
                let must = format!("is not known here; the parameters are {}", names.join(", "));
                // A name that somebody put an address into is not said again.
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
                let is_name = name.len() <= 40 && name.chars().all(is_plain);
                let name = if is_name { &name } else { "of this name" };
                return Err(Problem::bad_parameter(name, &must).into());
            }
            if seen.contains(&name) {
                return Err(Problem::bad_parameter(&name, "stands twice; name it once").into());
            }
            seen.push(name);
        }
        Ok(())
    }

    /// A whole number of a query parameter; 400 if it is none or out of bounds.
    fn number(&self, name: &str, least: u32, most: u32) -> Outcome<Option<u32>> {
        let Some(text) = self.parameter(name)? else {
            return Ok(None);
        };
        let number = text.parse().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        let wrong = || Problem::bad_parameter(name, &format!("must be {least} to {most}"));
        Ok(Some(number.ok_or_else(wrong)?))
    }

    /// What a query parameter names, separated by commas.
    fn list(&self, name: &str) -> Result<Vec<String>> {
        let text = self.parameter(name)?.unwrap_or_default();
        let names = text.split(',').map(str::trim);
        Ok(names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// A query parameter.
    fn parameter(&self, name: &str) -> Result<Option<String>> {
        let url = self.request.url()?;
        Ok(url
            .query_pairs()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned()))
    }
}

fn wrong_method(allowed: &str) -> Outcome<Response> {
    let response = answer::problem(&Problem::wrong_method(allowed))?;
    response.headers().set("allow", allowed)?;
    Ok(response)
}

/// A site's name from a path; a name that cannot be one is that of no site.
fn site_key(text: &str) -> Outcome<SiteKey> {
    SiteKey::parse(text).map_err(|_| Problem::unknown_site().into())
}

/// Lets a page on another origin read the answer.
fn allow_origin(headers: &Headers, origin: &str) -> Result<()> {
    headers.set("access-control-allow-origin", origin)?;
    headers.append("vary", "Origin")
}

/// 422: what stands in the path cannot be the name of something new.
fn named(what: &str, error: NameError) -> Problem {
    Problem::invalid(vec![FieldError::new("", format!("{what} {error}"))])
}
