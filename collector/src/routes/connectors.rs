//! `/v1/sites/{site}/connectors/…`: CRMs that are told in their own words. What is asked about lanes is that of every endpoint.

use sayso_shared::{key::EndpointKey, problem::Problem};
use uuid::Uuid;
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, deliveries, keys, named, site_key, wrong_method};
use crate::{
    failure::Outcome,
    site::{self, Ask, AtConnector, AtEndpoint},
};

/// The connectors of a site, as they are set, without their credentials.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/connectors",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
    ),
    responses(
        (status = 200, description = "All of them", body = sayso_shared::connector::Connectors, example = json!({"connectors": [{"id": "crm", "crm": "tryton", "settings": {"origin": "https://tryton.example.com", "database": "crm", "purposes": {"EMARKETING": {"list": 1}}, "when_several": "error", "when_unknown": "create"}, "origin": "https://tryton.example.com", "types": ["consent.given", "consent.refused", "consent.withdrawn", "consent.expired", "subject.erased"], "purposes": ["EMARKETING"], "disabled": false}]})),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn list(wanted: &Wanted<'_>, site: &str) -> Outcome<Response> {
    site::ask(wanted.env, &site_key(site)?, &Ask::Connectors).await
}

/// A connector as it is set, without its credentials.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/connectors/{connector}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    responses(
        (status = 200, description = "The connector", body = sayso_shared::connector::ConnectorAnswer, example = json!({"id": "crm", "crm": "tryton", "settings": {"origin": "https://tryton.example.com", "database": "crm", "purposes": {"EMARKETING": {"list": 1}}, "when_several": "error", "when_unknown": "create"}, "origin": "https://tryton.example.com", "types": ["consent.given", "consent.refused", "consent.withdrawn", "consent.expired", "subject.erased"], "purposes": ["EMARKETING"], "disabled": false})),
        (status = 404, description = "No such site or connector", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn show(wanted: &Wanted<'_>, site: &str, connector: &str) -> Outcome<Response> {
    ask(wanted, site, connector, AtConnector::Show).await
}

/// Sets a connector. The CRM is asked for its lists with these credentials first, and everything that the mapping names has to be there:
/// nothing is stored before. The same again changes nothing. Credentials are stored sealed and never shown again; left out, those there are
/// stay, as long as CRM and origin do.
#[utoipa::path(
    put,
    path = "/v1/sites/{site}/connectors/{connector}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    request_body(content = sayso_shared::connector::ConnectorRequest, example = json!({"crm": "tryton", "settings": {"origin": "https://tryton.example.com", "database": "crm", "purposes": {"EMARKETING": {"list": 1}}}, "credentials": {"key": "…"}})),
    responses(
        (status = 201, description = "Set, a new one", body = sayso_shared::connector::ConnectorAnswer, example = json!({"id": "crm", "crm": "tryton", "settings": {"origin": "https://tryton.example.com", "database": "crm", "purposes": {"EMARKETING": {"list": 1}}, "when_several": "error", "when_unknown": "create"}, "origin": "https://tryton.example.com", "types": ["consent.given", "consent.refused", "consent.withdrawn", "consent.expired", "subject.erased"], "purposes": ["EMARKETING"], "disabled": false})),
        (status = 200, description = "Changed", body = sayso_shared::connector::ConnectorAnswer, example = json!({"id": "crm", "crm": "tryton", "settings": {"origin": "https://tryton.example.com", "database": "crm", "purposes": {"EMARKETING": {"list": 1}}, "when_several": "error", "when_unknown": "create"}, "origin": "https://tryton.example.com", "types": ["consent.given", "consent.refused", "consent.withdrawn", "consent.expired", "subject.erased"], "purposes": ["EMARKETING"], "disabled": false})),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The connector was changed or disabled while the CRM was asked (`changed-meanwhile`): nothing was kept, look and send it again", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong (`invalid`; the CRM's own lists are part of that), or the CRM could not be reached or did not let us in (`connector-unproven`)", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn put(mut wanted: Wanted<'_>, site: &str, connector: &str) -> Outcome<Response> {
    let key =
        EndpointKey::parse(connector).map_err(|error| named("the connector's name", error))?;
    let request = wanted.json(LARGEST_BODY).await?;
    let ask = Ask::SetConnector { key, request };
    site::ask(wanted.env, &site_key(site)?, &ask).await
}

/// Removes a connector, with its credentials and where its delivery stood.
#[utoipa::path(
    delete,
    path = "/v1/sites/{site}/connectors/{connector}",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    responses(
        (status = 204, description = "It is not there (any more)"),
        (status = 404, description = "No such site", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn delete(wanted: &Wanted<'_>, site: &str, connector: &str) -> Outcome<Response> {
    let key = key(connector)?;
    site::ask(wanted.env, &site_key(site)?, &Ask::RemoveConnector { key }).await
}

/// Asks the CRM for its lists, and tells what it met. Nothing is written.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/connectors/{connector}/test",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    responses(
        (status = 200, description = "What it met", body = sayso_shared::attempt::TestAnswer, example = json!({"taken": true, "at": "2027-01-15T08:00:00.000Z", "ms": 42, "status": 200, "answer": "The CRM let us in."})),
        (status = 404, description = "No such site or connector", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn test(wanted: &Wanted<'_>, site: &str, connector: &str) -> Outcome<Response> {
    ask(wanted, site, connector, AtConnector::Test).await
}

/// What the CRM has to choose from in a mapping, read from it now.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/connectors/{connector}/lists",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    responses(
        (status = 200, description = "Its lists", body = sayso_shared::connector::Lists, example = json!({"lists": [{"key": "1", "name": "Newsletter"}]})),
        (status = 404, description = "No such site or connector", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The CRM could not be reached or did not let us in (`connector-unproven`)", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn lists(wanted: &Wanted<'_>, site: &str, connector: &str) -> Outcome<Response> {
    ask(wanted, site, connector, AtConnector::Lists).await
}

/// What would be written of a change that never happened: the CRM is asked, and nothing is written. What follows from an answer to a
/// write is shown as if the CRM had answered as it documents.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/connectors/{connector}/dry-run",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    request_body(content = sayso_shared::connector::DryRunRequest, example = json!({"email": "ada@example.org", "purpose": "EMARKETING", "type": "consent.given"})),
    responses(
        (status = 200, description = "What would be written", body = sayso_shared::connector::DryRunAnswer, example = json!({"taken": true, "answer": "Subscription to list 1: active (made).", "writes": [{"method": "POST", "url": "https://tryton.example.com/crm/rest/model/marketing.email?f=id", "body": "{\"email\":\"ada@example.org\",\"list_\":1}"}]})),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site or connector", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn dry_run(
    mut wanted: Wanted<'_>,
    site: &str,
    connector: &str,
) -> Outcome<Response> {
    let request = wanted.json(LARGEST_BODY).await?;
    ask(&wanted, site, connector, AtConnector::DryRun { request }).await
}

/// What a CRM was told last, newest first, with each attempt; where its delivery stands; and what was put aside. `status` stands for what
/// the CRM's answer means (200 told, 204 nothing to tell, 401 it does not let us in, 422 it refuses this event, 503 it can take nothing
/// now), and `answer` has the CRM's own words.
#[utoipa::path(
    get,
    path = "/v1/sites/{site}/connectors/{connector}/deliveries",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "At most so many, 1 to 200; 100 if absent"),
    ),
    responses(
        (status = 200, description = "Where it stands", body = sayso_shared::attempt::Deliveries),
        (status = 400, description = "`limit` is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site or connector", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn deliveries(
    wanted: &Wanted<'_>,
    site: &str,
    connector: &str,
) -> Outcome<Response> {
    let most = deliveries::most(wanted)?;
    lane(wanted, site, connector, AtEndpoint::Deliveries { most }).await
}

/// Tells a CRM of a dead letter once more, soon and once.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/connectors/{connector}/deliveries/{event}/resend",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
        ("event" = String, Path, description = "The event's id"),
    ),
    responses(
        (status = 204, description = "It will be told"),
        (status = 404, description = "No such site, connector or dead letter", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn resend(
    wanted: Wanted<'_>,
    site: &str,
    connector: &str,
    event: &str,
) -> Outcome<Response> {
    if wanted.request.method() != Method::Post {
        return wrong_method("POST");
    }
    keys::admin(&wanted, site).await?;
    let event = Uuid::try_parse(event).map_err(|_| Problem::unknown("dead letter"))?;
    lane(&wanted, site, connector, AtEndpoint::Resend { event }).await
}

/// Tells again what comes after a cursor, or what happened since a moment, as for every endpoint. Of each person and purpose only the
/// latest change is written.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/connectors/{connector}/replay",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    request_body(content = sayso_shared::answer::ReplayRequest, example = json!({"since": "2027-01-15T08:00:00.000Z"})),
    responses(
        (status = 204, description = "It is told again"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site or connector", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn replay(
    mut wanted: Wanted<'_>,
    site: &str,
    connector: &str,
) -> Outcome<Response> {
    let request = wanted.json(LARGEST_BODY).await?;
    lane(&wanted, site, connector, AtEndpoint::Replay { request }).await
}

/// Tells a CRM nothing until it is enabled again. Nothing is lost meanwhile.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/connectors/{connector}/disable",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "No such site or connector", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn disable(wanted: &Wanted<'_>, site: &str, connector: &str) -> Outcome<Response> {
    lane(wanted, site, connector, AtEndpoint::Disable).await
}

/// Tells a CRM again, whatever stopped it, from where it stood.
#[utoipa::path(
    post,
    path = "/v1/sites/{site}/connectors/{connector}/enable",
    tag = "admin",
    params(
        ("site" = String, Path, description = "Name of the site"),
        ("connector" = String, Path, description = "What you call the connector"),
    ),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "No such site or connector", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["site:admin"]))
)]
pub(super) async fn enable(wanted: &Wanted<'_>, site: &str, connector: &str) -> Outcome<Response> {
    lane(wanted, site, connector, AtEndpoint::Enable).await
}

/// Everything from `/connectors` on.
pub(super) async fn below(wanted: Wanted<'_>, site: &str, rest: &[&str]) -> Outcome<Response> {
    match *rest {
        [] => all(wanted, site).await,
        [connector] => route(wanted, site, connector).await,
        [connector, "deliveries", event, "resend"] => resend(wanted, site, connector, event).await,
        [connector, what] => act(wanted, site, connector, what).await,
        _ => Err(Problem::no_route().into()),
    }
}

async fn all(wanted: Wanted<'_>, site: &str) -> Outcome<Response> {
    match wanted.request.method() {
        Method::Get | Method::Head => {
            keys::admin(&wanted, site).await?;
            list(&wanted, site).await
        }
        _ => wrong_method("GET, HEAD"),
    }
}

async fn route(wanted: Wanted<'_>, site: &str, connector: &str) -> Outcome<Response> {
    let method = wanted.request.method();
    match method {
        Method::Get | Method::Head | Method::Put | Method::Delete => {
            keys::admin(&wanted, site).await?;
        }
        _ => return wrong_method("GET, HEAD, PUT, DELETE"),
    }
    match method {
        Method::Put => put(wanted, site, connector).await,
        Method::Delete => delete(&wanted, site, connector).await,
        _ => show(&wanted, site, connector).await,
    }
}

/// What is done with a connector.
async fn act(wanted: Wanted<'_>, site: &str, connector: &str, act: &str) -> Outcome<Response> {
    let method = wanted.request.method();
    let is_read = matches!(act, "lists" | "deliveries");
    if !is_read && !matches!(act, "test" | "dry-run" | "disable" | "enable" | "replay") {
        return Err(Problem::no_route().into());
    }
    match method {
        Method::Get | Method::Head if is_read => {}
        Method::Post if !is_read => {}
        _ => return wrong_method(if is_read { "GET, HEAD" } else { "POST" }),
    }
    keys::admin(&wanted, site).await?;
    match act {
        "lists" => lists(&wanted, site, connector).await,
        "deliveries" => deliveries(&wanted, site, connector).await,
        "test" => test(&wanted, site, connector).await,
        "dry-run" => dry_run(wanted, site, connector).await,
        "disable" => disable(&wanted, site, connector).await,
        "enable" => enable(&wanted, site, connector).await,
        _ => replay(wanted, site, connector).await,
    }
}

async fn lane(
    wanted: &Wanted<'_>,
    site: &str,
    connector: &str,
    what: AtEndpoint,
) -> Outcome<Response> {
    ask(wanted, site, connector, AtConnector::Lane(what)).await
}

/// Asks the site about a connector.
async fn ask(
    wanted: &Wanted<'_>,
    site: &str,
    connector: &str,
    ask: AtConnector,
) -> Outcome<Response> {
    let ask = Ask::Connector {
        key: key(connector)?,
        ask,
    };
    site::ask(wanted.env, &site_key(site)?, &ask).await
}

fn key(connector: &str) -> Outcome<EndpointKey> {
    EndpointKey::parse(connector).map_err(|_| Problem::unknown("connector").into())
}
