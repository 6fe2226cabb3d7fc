//! `POST /v1/consents`: record what was decided elsewhere: by telephone, on a card, in another system.

use std::collections::BTreeMap;

use sayso_shared::{
    answer::RecordingsAnswer,
    email::EmailAddress,
    problem::{FieldError, Problem},
    recording::{MOST_LINES, Recording, RecordingsWire},
};
use serde::Deserialize;
use serde_json::Value;
use worker::{Method, Response};

use super::{Wanted, keys, wrong_method};
use crate::{
    answer, clock,
    failure::{Failure, Outcome},
    ledger::{
        Ask,
        recording::Line,
        shards::{Ledgers as _, SiteLedgers, ask_of_each},
    },
};

/// The largest call, in bytes: 500 lines of 2 KiB. One with everything in it, but for a long comment, has half of that.
const LARGEST_CALL: usize = 1024 * 1024;

/// How many lines a ledger is asked to record at once. Others wait as long as that takes: a line takes some two milliseconds.
const AT_ONCE: usize = 50;

/// Records up to 500 decisions that people made elsewhere: by telephone, on a card, in a chat with a back end, in another system that
/// is taken over. Each line is taken or refused by itself, and answered in its place; sending the whole call again is harmless. Scope
/// `subjects:write`.
#[utoipa::path(
    post,
    path = "/v1/consents",
    tag = "crm",
    params(("site" = Option<String>, Query, description = "With the admin token: the site")),
    request_body(content = RecordingsWire, content_type = "application/json"),
    responses(
        (status = 200, description = "What became of each line, in their order; look at `status` of each", body = RecordingsAnswer),
        (status = 400, description = "Not JSON, or a parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "With the admin token: no such site", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "More than 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a list of 1 to 500 lines; nothing was recorded", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["subjects:write"]))
)]
pub(super) async fn record(mut wanted: Wanted<'_>) -> Outcome<Response> {
    if wanted.request.method() != Method::Post {
        return wrong_method("POST");
    }
    let (site, key) = keys::site_of(&wanted)?;
    let document = wanted.json(LARGEST_CALL).await?;
    let lines = lines(document).map_err(Problem::invalid)?;
    let (good, mut results) = sorted(lines)?;
    let ledgers = SiteLedgers {
        env: wanted.env,
        settings: wanted.settings,
        site: &site,
    };
    results.extend(record_all(&ledgers, key, &good).await?);
    results.sort_by_key(|result| result["index"].as_u64());
    let body = BTreeMap::from([("results", results)]);
    Ok(answer::json(200, &body)?)
}

/// The lines of a body; what is wrong with the body as a whole.
fn lines(mut document: Value) -> Result<Vec<Line>, Vec<FieldError>> {
    let Some(body) = document.as_object_mut() else {
        return Err(vec![FieldError::new("", "must be an object")]);
    };
    let lines = body.remove("consents");
    let unknown = body.keys();
    let mut errors: Vec<_> = unknown
        .map(|name| {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let detail = "is not a known field; check its spelling or leave it out";
            FieldError::new(pointer, detail)
        })
        .collect();
    match lines {
        Some(Value::Array(lines)) if (1..=MOST_LINES).contains(&lines.len()) => {
            if errors.is_empty() {
                let lines = (0..).zip(lines);
                return Ok(lines
                    .map(|(index, document)| Line { index, document })
                    .collect());
            }
        }
        Some(Value::Array(_)) => {
            let must = format!("must have 1 to {MOST_LINES} lines; send more in several calls");
            errors.push(FieldError::new("/consents", must));
        }
        Some(_) => errors.push(FieldError::new("/consents", "must be a list of lines")),
        None => errors.push(FieldError::new("/consents", "is missing")),
    }
    Err(errors)
}

/// A line that can be asked for.
type Good = (Line, Recording);

/// The lines that can be asked for, and what is answered to the others.
fn sorted(lines: Vec<Line>) -> Outcome<(Vec<Good>, Vec<Value>)> {
    let now = clock::now();
    let (mut good, mut refused): (Vec<Good>, _) = (Vec::new(), Vec::new());
    let mut digests = BTreeMap::new();
    for line in lines {
        let problem = match line.parse(now) {
            Err(errors) => Problem::invalid(errors),
            Ok(recording) => {
                // Two lines of one id may belong to different ledgers, which do not know of each other.
                let digest = recording.digest.clone();
                let first = digests
                    .entry(recording.id)
                    .or_insert_with(|| digest.clone());
                if *first == digest {
                    good.push((line, recording));
                    continue;
                }
                Problem::id_reused()
            }
        };
        refused.push(serde_json::to_value(line.refused(problem))?);
    }
    Ok((good, refused))
}

/// Asks each ledger for the lines of its people, some lines at a time, so that others get their turn. Who may not ask gets that as the
/// answer to the call, and so does everybody when no ledger answers.
async fn record_all(
    ledgers: &SiteLedgers<'_>,
    key: Option<String>,
    good: &[Good],
) -> Outcome<Vec<Value>> {
    let question = |lines: Vec<Line>| Ask::RecordLines {
        key: key.clone(),
        lines,
    };
    if good.is_empty() {
        // Whether the key is good has to be said also where no line is.
        let answer = ledgers.ask(0, &question(Vec::new())).await?;
        return results(answer).await;
    }
    let (mut told, mut failed) = (Vec::new(), Vec::new());
    for part in good.chunks(AT_ONCE) {
        let people: Vec<EmailAddress> = part
            .iter()
            .map(|(_, recording)| recording.person.email.clone())
            .collect();
        let asked = ask_of_each(ledgers, &people, |places| {
            let lines = places.iter().filter_map(|place| part.get(*place));
            question(lines.map(|(line, _)| line.clone()).collect())
        });
        let Ok(answers) = asked.await else {
            failed.extend(part);
            continue;
        };
        for (places, answer) in answers {
            match answer.status_code() {
                200 | 400..500 => told.extend(results(answer).await?),
                _ => failed.extend(places.into_iter().filter_map(|place| part.get(place))),
            }
        }
    }
    if told.is_empty() {
        return Err(Problem::unavailable().into());
    }
    for (line, _) in failed {
        told.push(serde_json::to_value(line.refused(Problem::unavailable()))?);
    }
    Ok(told)
}

/// What a ledger made of lines; a problem is the caller's.
async fn results(mut answer: Response) -> Outcome<Vec<Value>> {
    #[derive(Deserialize)]
    struct Results {
        results: Vec<Value>,
    }
    if answer.status_code() >= 400 {
        return Err(Failure::Answered(Box::new(answer)));
    }
    Ok(answer.json::<Results>().await?.results)
}
