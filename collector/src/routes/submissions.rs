//! `POST /v1/submissions`: record a submission.

use sayso_shared::{
    evidence::ClientFacts, network::network, problem::Problem, submitted::Submission,
};
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, allow_origin, wrong_method};
use crate::{
    failure::{Failure, Outcome},
    ledger::{
        self,
        shards::{self, Whose},
    },
};

/// Records a submission and answers when it is durable. The body is JSON whatever its content type, so that a page can post it as
/// `text/plain` without a preflight; the origin is checked all the same.
#[utoipa::path(
    post,
    path = "/v1/submissions",
    tag = "widget",
    params(
        ("waited" = Option<u64>, Query, description = "For how many milliseconds it has waited in a browser that could not reach the collector; 0 if absent, 72 hours at most count. It was decided so long ago: a withdrawal since then stands, and the words of that moment may be answered"),
    ),
    request_body(content = sayso_shared::submission::SubmissionWire, content_type = "application/json"),
    responses(
        (status = 201, description = "Recorded, durably", body = sayso_shared::answer::SubmissionAnswer),
        (status = 200, description = "Recorded before: the same id and content", body = sayso_shared::answer::SubmissionAnswer),
        (status = 400, description = "Not JSON, or `waited` is no number", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "From a page that is not on an origin of the site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such site or form", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The same id with other content, or an outdated notice", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong; all of them are listed", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn record(mut wanted: Wanted<'_>) -> Outcome<Response> {
    let document = wanted.json(LARGEST_BODY).await?;
    let submission = Submission::parse(&document).map_err(Problem::invalid)?;
    let origin = wanted.header("origin")?;
    let record = ledger::Ask::Record {
        document,
        origin,
        client: client(&wanted)?,
        hosted: false,
        waited: waiting_time(&wanted)?,
    };
    let whose = Whose::Address(&submission.person.email);
    shards::ask_of(&wanted.ledgers(&submission.site), whose, &record).await
}

/// In milliseconds.
fn waiting_time(wanted: &Wanted<'_>) -> Outcome<u64> {
    let Some(millis) = wanted.parameter("waited")? else {
        return Ok(0);
    };
    let must = "must be a whole number of milliseconds";
    Ok(millis
        .parse()
        .map_err(|_| Problem::bad_parameter("waited", must))?)
}

/// What is kept of where a request comes from. Only Cloudflare's own header counts: others can be made up.
pub(super) fn client(wanted: &Wanted<'_>) -> worker::Result<Option<ClientFacts>> {
    let address = wanted.header("cf-connecting-ip")?;
    let user_agent = wanted.header("user-agent")?;
    let client = ClientFacts {
        network: address.and_then(|address| network(&address)),
        user_agent: user_agent.map(|agent| {
            agent
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect()
        }),
    };
    let known = client.network.is_some() || client.user_agent.is_some();
    Ok(known.then_some(client))
}

pub(super) async fn route(wanted: Wanted<'_>) -> Outcome<Response> {
    let origin = wanted.header("origin")?;
    match wanted.request.method() {
        Method::Post => {
            let mut answered = record(wanted).await.or_else(Failure::into_response)?;
            // Only pages of the site get further than a 403, which holds nothing of anybody's: a marketer who forgot an origin should
            // read that, and a visitor not wait for what never comes.
            if let Some(origin) = origin {
                answered = readable(answered);
                allow_origin(answered.headers(), &origin)?;
            }
            Ok(answered)
        }
        // Which site it is for stands in the body that comes later, so a preflight is granted to all; granting it gives nothing
        // away, the POST itself is checked.
        Method::Options => {
            let response = Response::builder().with_status(204).empty();
            if let Some(origin) = origin {
                allow_origin(response.headers(), &origin)?;
                response
                    .headers()
                    .set("access-control-allow-methods", "POST")?;
                response
                    .headers()
                    .set("access-control-allow-headers", "content-type")?;
                response.headers().set("access-control-max-age", "86400")?;
            }
            Ok(response)
        }
        _ => wrong_method("POST, OPTIONS"),
    }
}

/// An answer of an object has headers that cannot be changed; this one's can.
fn readable(response: Response) -> Response {
    let headers = response.headers().clone();
    response.with_headers(headers)
}
