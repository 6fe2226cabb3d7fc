//! `/v1/subjects`: who is on record, how it stands, and what proves it. By key, and the address is never in the URL.

use sayso_shared::{
    answer::LookupRequest, email::EmailAddress, event::ErasureReason, export::ExportForm,
    key::PurposeKey, problem::FieldError, problem::Problem,
};
use uuid::Uuid;
use worker::{Method, Response};

use super::{LARGEST_BODY, Wanted, keys, wrong_method};
use crate::{
    failure::Outcome,
    json,
    ledger::{
        Ask,
        shards::{self, Whose},
    },
};

/// The person of an e-mail address. Scope `subjects:read`.
#[utoipa::path(
    post,
    path = "/v1/subjects/lookup",
    tag = "crm",
    params(("site" = Option<String>, Query, description = "With the admin token: the site")),
    request_body = LookupRequest,
    responses(
        (status = 200, description = "The person", body = sayso_shared::event::EventSubject),
        (status = 400, description = "Not JSON, or a parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nobody of this address is on record", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["subjects:read"]))
)]
pub(super) async fn look_up(mut wanted: Wanted<'_>) -> Outcome<Response> {
    if wanted.request.method() != Method::Post {
        return wrong_method("POST");
    }
    let (site, key) = keys::site_of(&wanted)?;
    let request: LookupRequest = json::fields(&wanted.json(LARGEST_BODY).await?)?;
    let email = EmailAddress::parse(&request.email)
        .map_err(|error| Problem::invalid(vec![FieldError::new("/email", error.to_string())]))?;
    let ask = Ask::LookUp {
        key,
        email: email.exposed().to_owned(),
    };
    let whose = Whose::Address(&email);
    shards::ask_of(&wanted.ledgers(&site), whose, &ask).await
}

/// How everything stands for one person. Scope `subjects:read`.
#[utoipa::path(
    get,
    path = "/v1/subjects/{id}/consents",
    tag = "crm",
    params(
        ("id" = String, Path, description = "The person's id, from an event or a look-up"),
        ("site" = Option<String>, Query, description = "With the admin token: the site"),
    ),
    responses(
        (status = 200, description = "The consents", body = sayso_shared::answer::SubjectConsents),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nobody of this id is on record", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The person was erased; `erased_at` says when", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["subjects:read"]))
)]
pub(super) async fn consents(wanted: Wanted<'_>, id: &str) -> Outcome<Response> {
    let (site, key) = keys::site_of(&wanted)?;
    let id = subject_id(id)?;
    let (whose, ask) = (Whose::Subject(id), Ask::Consents { key, id });
    shards::ask_of(&wanted.ledgers(&site), whose, &ask).await
}

/// Erases a person: whatever names or reaches it is deleted, events and receipts stay without the person, and `subject.erased` tells of
/// it. Asking again is harmless. Scope `subjects:write`.
#[utoipa::path(
    delete,
    path = "/v1/subjects/{id}",
    tag = "crm",
    params(
        ("id" = String, Path, description = "The person's id, from an event or a look-up"),
        ("reason" = Option<ErasureReason>, Query, description = "On which ground of Article 17(1) GDPR"),
        ("site" = Option<String>, Query, description = "With the admin token: the site"),
    ),
    responses(
        (status = 200, description = "The person is erased, now or before", body = sayso_shared::answer::SubjectErased),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nobody of this id was ever on record", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["subjects:write"]))
)]
pub(super) async fn erase(wanted: Wanted<'_>, id: &str) -> Outcome<Response> {
    if wanted.request.method() != Method::Delete {
        return wrong_method("DELETE");
    }
    let (site, key) = keys::site_of(&wanted)?;
    let id = subject_id(id)?;
    let reason = match wanted.parameter("reason")? {
        None => None,
        Some(reason) => Some(ErasureReason::parse(&reason).ok_or_else(|| {
            let known = ErasureReason::ALL.map(ErasureReason::as_str).join(", ");
            Problem::bad_parameter("reason", &format!("must be one of {known}, or left out"))
        })?),
    };
    let (whose, ask) = (Whose::Subject(id), Ask::Erase { key, id, reason });
    shards::ask_of(&wanted.ledgers(&site), whose, &ask).await
}

/// Everything that proves one consent: the words, the acts with their receipts, the mails, the events. Or its receipts alone in
/// a form of others. Scope `subjects:read`.
#[utoipa::path(
    get,
    path = "/v1/subjects/{id}/evidence",
    tag = "crm",
    params(
        ("id" = String, Path, description = "The person's id, from an event or a look-up"),
        ("purpose" = String, Query, description = "For what the consent is"),
        ("format" = Option<String>, Query, pattern = "^(pack|dpv|kantara)$", description = "`dpv`: every receipt as JSON-LD with terms of the W3C Data Privacy Vocabulary; `kantara`: the consent that stands as a Kantara Consent Receipt 1.1. Without it, the evidence pack"),
        ("site" = Option<String>, Query, description = "With the admin token: the site"),
    ),
    responses(
        (status = 200, description = "The evidence pack, or what `format` names", content(
            (sayso_shared::evidence::SealedEvidence = "application/json"),
            (serde_json::Value = "application/ld+json"),
        )),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nobody of this id is on record, or was never asked for this", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No consent stands, and the form that `format` names holds nothing else", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The person was erased; `erased_at` says when", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["subjects:read"]))
)]
pub(super) async fn evidence(wanted: Wanted<'_>, id: &str) -> Outcome<Response> {
    let (site, key) = keys::site_of(&wanted)?;
    let id = subject_id(id)?;
    let purpose = wanted
        .parameter("purpose")?
        .and_then(|purpose| PurposeKey::parse(&purpose).ok());
    let must = "must be the key of the purpose that the evidence is for, such as EMARKETING";
    let purpose = purpose.ok_or_else(|| Problem::bad_parameter("purpose", must))?;
    let form = match wanted.parameter("format")?.as_deref() {
        None | Some("pack") => None,
        Some(name) => {
            let must = "must be pack, dpv or kantara";
            let form = ExportForm::parse(name);
            Some(form.ok_or_else(|| Problem::bad_parameter("format", must))?)
        }
    };
    let ask = Ask::Evidence {
        key,
        id,
        purpose,
        form,
    };
    let whose = Whose::Subject(id);
    shards::ask_of(&wanted.ledgers(&site), whose, &ask).await
}

/// An id from a path; what cannot be one is nobody's.
fn subject_id(text: &str) -> Outcome<Uuid> {
    Uuid::try_parse(text).map_err(|_| Problem::unknown_subject().into())
}
