//! The Durable Object around a site.

use std::cell::Cell;

use sayso_shared::{key::EndpointKey, time::Timestamp};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{Ask, AtConnector, AtEndpoint, memory::Site};
use crate::{
    answer, clock,
    failure::{Failure, Outcome},
    json, look,
};

/// One site.
#[durable_object]
pub(crate) struct SiteObject {
    site: Site,
    awake: Cell<bool>,
}

impl DurableObject for SiteObject {
    fn new(state: State, env: Env) -> Self {
        Self {
            site: Site::new(state, env),
            awake: Cell::new(false),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let ask: Ask = json::read(request.bytes().await?)?;
        self.answer(ask).await.or_else(Failure::into_response)
    }

    async fn alarm(&self) -> Result<Response> {
        // A failure escapes, so that the platform tries the alarm again.
        self.site.teach().await.or_else(|failure| {
            failure
                .into_response()
                .and(Err("not handed over yet".into()))
        })?;
        answer::no_content()
    }
}

impl SiteObject {
    async fn answer(&self, ask: Ask) -> Outcome<Response> {
        let (site, now) = (&self.site, clock::now());
        if !self.awake.replace(true) {
            site.reseal()?;
            site.teach().await?;
        }
        let shows_a_secret = matches!(
            ask,
            Ask::SetKey { .. }
                | Ask::SetEndpoint { .. }
                | Ask::Endpoint {
                    ask: AtEndpoint::Rotate { .. },
                    ..
                }
        );
        let response = match ask {
            Ask::Definition => return Ok(answer::json(200, &site.known()?.definition)?),
            Ask::Purpose { key } => return Ok(answer::json(200, &site.purpose(&key)?)?),
            Ask::Form { form, lang } => {
                return Ok(answer::json(200, &site.form(&form, lang.as_ref())?)?);
            }
            Ask::HostedForm { form, langs } => {
                return Ok(answer::json(200, &site.hosted_form(&form, &langs)?)?);
            }
            Ask::LookFile { name } => {
                return look::file(&site.known()?.definition.theme, &name);
            }
            Ask::Keys => return Ok(answer::json(200, &site.keys().await?)?),
            Ask::Authorize { key, scope } => {
                site.authorize(&key, scope)?;
                return Ok(answer::no_content()?);
            }
            Ask::Define {
                site: key,
                document,
            } => {
                let (status, body) = site.define(key, &document, now)?;
                answer::json(status, &body)?
            }
            Ask::SetPurpose { key, document } => {
                let (status, body) = site.set_purpose(&key, &document, now)?;
                answer::json(status, &body)?
            }
            Ask::RemovePurpose { key } => {
                site.remove_purpose(&key, now)?;
                answer::no_content()?
            }
            Ask::SetForm { key, document } => {
                let (status, body) = site.set_form(&key, &document, now)?;
                answer::json(status, &body)?
            }
            Ask::RemoveForm { key } => {
                site.remove_form(&key, now)?;
                answer::no_content()?
            }
            Ask::SetEndpoint { key, request } => {
                let (status, body) = site.set_endpoint(key, &request).await?;
                answer::json(status, &body)?
            }
            Ask::RemoveEndpoint { key } => {
                site.remove_endpoint(&key)?;
                answer::no_content()?
            }
            Ask::Endpoint { key, ask } if ask.changes_nothing() => {
                return at_webhook(site, &key, ask, now).await;
            }
            Ask::Endpoint { key, ask } => at_webhook(site, &key, ask, now).await?,
            Ask::Connectors => return Ok(answer::json(200, &site.connectors()?)?),
            Ask::SetConnector { key, request } => {
                let (status, body) = site.set_connector(key, &request).await?;
                answer::json(status, &body)?
            }
            Ask::RemoveConnector { key } => {
                site.remove_connector(&key)?;
                answer::no_content()?
            }
            Ask::Connector { key, ask } if ask.changes_nothing() => {
                return at_connector(site, &key, ask, now).await;
            }
            Ask::Connector { key, ask } => at_connector(site, &key, ask, now).await?,
            Ask::SetKey { name, request } => {
                let (status, body) = site.set_key(name, request, now)?;
                answer::json(status, &body)?
            }
            Ask::RemoveKey { name } => {
                site.remove_key(&name)?;
                answer::no_content()?
            }
        };
        match site.teach().await {
            // A secret that was made is shown now or never; the ledger is told again by the alarm.
            Err(_) if shows_a_secret => Ok(response),
            taught => taught.map(|()| response),
        }
    }
}

/// What is asked about a connector that is set.
async fn at_connector(
    site: &Site,
    key: &EndpointKey,
    ask: AtConnector,
    now: Timestamp,
) -> Outcome<Response> {
    site.is_connector(key, true)?;
    let response = match ask {
        AtConnector::Show => answer::json(200, &site.connector(key)?),
        AtConnector::Test => answer::json(200, &site.test_connector(key).await?),
        AtConnector::Lists => answer::json(200, &site.connector_lists(key).await?),
        AtConnector::DryRun { request } => answer::json(200, &site.dry_run(key, &request).await?),
        AtConnector::Lane(ask) => return at_endpoint(site, key, ask, now).await,
    };
    Ok(response?)
}

/// What is asked about a webhook that is set.
async fn at_webhook(
    site: &Site,
    key: &EndpointKey,
    ask: AtEndpoint,
    now: Timestamp,
) -> Outcome<Response> {
    site.is_connector(key, false)?;
    at_endpoint(site, key, ask, now).await
}

/// What is asked about an endpoint that is set, whoever is told there.
async fn at_endpoint(
    site: &Site,
    key: &EndpointKey,
    ask: AtEndpoint,
    now: Timestamp,
) -> Outcome<Response> {
    match ask {
        AtEndpoint::Show => return Ok(answer::json(200, &site.endpoint(key)?)?),
        AtEndpoint::Deliveries { most } => {
            return Ok(answer::json(200, &site.deliveries(key, most).await?)?);
        }
        AtEndpoint::Test => return Ok(answer::json(200, &site.test_endpoint(key).await?)?),
        AtEndpoint::Rotate { request } => {
            return Ok(answer::json(200, &site.rotate(key, &request, now)?)?);
        }
        AtEndpoint::Replay { request } => site.replay(key, &request).await?,
        AtEndpoint::Resend { event } => site.resend(key, event).await?,
        AtEndpoint::EndRotation => site.end_rotation(key)?,
        AtEndpoint::Disable => site.disable(key)?,
        AtEndpoint::Enable => site.enable(key)?,
    }
    Ok(answer::no_content()?)
}
