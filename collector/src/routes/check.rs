//! `POST /v1/check`: who may be mailed. Whoever is not known to have said yes may not.

use sayso_shared::{
    check::{CheckAnswer, CheckRequest, Checked, Denied, MOST_CHECKED},
    email::EmailAddress,
    problem::{FieldError, Problem},
};
use worker::{Method, Response};

use super::{Wanted, keys, wrong_method};
use crate::{
    answer, clock,
    failure::{Failure, Outcome},
    json,
    ledger::{
        Ask,
        shards::{Ledgers as _, ask_of_each},
    },
};

/// The largest call, in bytes: 1,000 addresses of 254, which is as long as one can be, and some.
const LARGEST_CALL: usize = 512 * 1024;

/// Which of up to 1,000 addresses may be mailed for one purpose: a CRM asks this right before a mailing. An address that nobody knows is
/// denied, and so is whatever is no address. Results come in the order asked. Scope `subjects:read`.
#[utoipa::path(
    post,
    path = "/v1/check",
    tag = "crm",
    params(("site" = Option<String>, Query, description = "With the admin token: the site")),
    request_body = CheckRequest,
    responses(
        (status = 200, description = "One result for each address, in the order asked", body = CheckAnswer,
            example = json!({"purpose": "EMARKETING", "checked_at": "2027-01-15T08:00:00.000Z", "allowed": 1, "results": [{"email": "kim@example.nl", "allowed": true}, {"email": "Sam@Example.com", "allowed": false, "reason": "withdrawn"}]})),
        (status = 400, description = "Not JSON, or a parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "With the admin token: no such site", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "More than 512 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong: no purpose of the site, or not 1 to 1,000 addresses", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["subjects:read"]))
)]
pub(super) async fn check(mut wanted: Wanted<'_>) -> Outcome<Response> {
    if wanted.request.method() != Method::Post {
        return wrong_method("POST");
    }
    let (site, key) = keys::site_of(&wanted)?;
    let request: CheckRequest = json::fields(&wanted.json(LARGEST_CALL).await?)?;
    if !(1..=MOST_CHECKED).contains(&request.emails.len()) {
        let must = format!("must have 1 to {MOST_CHECKED} addresses; check more in several calls");
        return Err(Problem::invalid(vec![FieldError::new("/emails", must)]).into());
    }
    let (mut places, mut people) = (Vec::new(), Vec::new());
    for (place, email) in request.emails.iter().enumerate() {
        if let Ok(email) = EmailAddress::parse(email) {
            places.push(place);
            people.push(email);
        }
    }
    let ask = |emails: Vec<String>| Ask::Check {
        key: key.clone(),
        purpose: request.purpose.clone(),
        emails,
    };
    let ledgers = wanted.ledgers(&site);
    let answers = if people.is_empty() {
        // Whether the key is good, and the purpose, has to be said also where no address is.
        vec![(Vec::new(), ledgers.ask(0, &ask(Vec::new())).await?)]
    } else {
        let question = |group: &[usize]| {
            let emails = group.iter().filter_map(|at| people.get(*at));
            ask(emails.map(|email| email.exposed().to_owned()).collect())
        };
        ask_of_each(&ledgers, &people, question).await?
    };
    let mut judged = vec![Some(Denied::Malformed); request.emails.len()];
    for (group, mut answer) in answers {
        if answer.status_code() != 200 {
            return Err(Failure::Answered(Box::new(answer)));
        }
        let told: Vec<Option<Denied>> = json::read(answer.bytes().await?)?;
        let group = group.iter().filter_map(|at| places.get(*at));
        for (place, told) in group.zip(told) {
            judged[*place] = told;
        }
    }
    let results = request.emails.into_iter().zip(judged);
    let body = CheckAnswer {
        purpose: request.purpose,
        checked_at: clock::now(),
        allowed: 0,
        results: results
            .map(|(email, denied)| Checked::of(email, denied))
            .collect(),
    };
    let allowed = body.results.iter().filter(|result| result.allowed).count();
    let response = answer::json(200, &CheckAnswer { allowed, ..body })?;
    let accepted = wanted.header("accept-encoding")?.unwrap_or_default();
    Ok(answer::compressed(response, &accepted)?)
}
