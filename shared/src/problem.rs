//! Problems: what a caller is told when something cannot be done (RFC 9457).
//!
//! A problem says whose fault it is by its status, and what to do by its detail. It never repeats personal data.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    key::{FormKey, PurposeKey},
    time::Timestamp,
};

/// An error as it leaves the collector, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(example = json!({
        "type": "urn:sayso:problem:invalid",
        "title": "Some fields are wrong",
        "status": 422,
        "detail": "Mend the fields that `errors` lists and send it again.",
        "errors": [{"pointer": "/email", "detail": "must be an e-mail address"}]
    }))
)]
pub struct Problem {
    /// `urn:sayso:problem:NAME`; stable, for programs
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: String,
    /// The kind in words
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub title: &'static str,
    /// The HTTP status
    pub status: u16,
    /// What is wrong here, and what to do
    pub detail: String,
    /// All fields that are wrong, at once
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What a program needs to go on, such as the current notice
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub extension: Map<String, Value>,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901)
    pub pointer: String,
    /// What it must be
    pub detail: String,
}

impl Problem {
    fn new(status: u16, name: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:sayso:problem:{name}"),
            title,
            status,
            detail: detail.into(),
            errors: Vec::new(),
            extension: Map::new(),
        }
    }

    /// 400: the body is not JSON.
    #[must_use]
    pub fn not_json(why: &str) -> Self {
        Self::new(
            400,
            "not-json",
            "The body is not JSON",
            format!("Send one JSON object in UTF-8. {why}"),
        )
    }

    /// 400: the body is not what this route takes.
    #[must_use]
    pub fn bad_body(must: &str) -> Self {
        Self::new(
            400,
            "bad-body",
            "The body is not what was expected",
            must.to_owned(),
        )
    }

    /// 400: a parameter of the address cannot be read.
    #[must_use]
    pub fn bad_parameter(name: &str, must: &str) -> Self {
        Self::new(
            400,
            "bad-parameter",
            "A query parameter is wrong",
            format!("The parameter {name} {must}."),
        )
    }

    /// 401: no key, or one that opens nothing.
    #[must_use]
    pub fn unauthorized() -> Self {
        let detail = "Send a valid key: Authorization: Bearer sk_… (or the admin token).";
        Self::new(401, "unauthorized", "A valid key is needed", detail)
    }

    /// 403: a good key without the scope.
    #[must_use]
    pub fn missing_scope(scope: &str) -> Self {
        let detail = format!("This key lacks the scope {scope}. Make a key that has it.");
        Self::new(403, "missing-scope", "The key may not do this", detail)
    }

    /// 403: the page is not one of the site's.
    #[must_use]
    pub fn foreign_origin() -> Self {
        let detail = "Submissions are taken from pages on the site's own origins only. \
            Add the page's origin to `origins` of the site; a back end uses POST /v1/consents.";
        Self::new(403, "foreign-origin", "This origin may not submit", detail)
    }

    /// 404: nothing here.
    #[must_use]
    pub fn no_route() -> Self {
        Self::new(
            404,
            "no-route",
            "There is nothing here",
            "The routes are listed at /openapi.json.",
        )
    }

    /// 404: no such site.
    #[must_use]
    pub fn unknown_site() -> Self {
        let detail = "No site of this name is published. Check `site`, or publish it by PUT /v1/sites/{site}.";
        Self::new(404, "unknown-site", "The site is unknown", detail)
    }

    /// 404: no such form.
    #[must_use]
    pub fn unknown_form() -> Self {
        let detail = "The site has no form of this name. Check `form`, or add it to the site.";
        Self::new(404, "unknown-form", "The form is unknown", detail)
    }

    /// 404: nothing of this name in the site.
    #[must_use]
    pub fn unknown(what: &str) -> Self {
        Self::new(
            404,
            "unknown-item",
            "There is no such item",
            format!("The site has no {what} of this name."),
        )
    }

    /// 422: an endpoint did not answer its test 2xx. `answered` says what came back.
    #[must_use]
    pub fn endpoint_unproven(why: &str, answered: Value) -> Self {
        let detail = format!(
            "The endpoint was sent a signed endpoint.test and {why}. It has to answer 2xx within 15 seconds, so that nobody is sent \
             events who did not ask for them. Nothing was stored. If it verifies signatures, give it the secret first and name the same \
             one here as \"secret\"."
        );
        let mut problem = Self::new(
            422,
            "endpoint-unproven",
            "The endpoint did not take its test",
            detail,
        );
        problem.extension.insert("answered".to_owned(), answered);
        problem
    }

    /// 422: a CRM could not be reached, or did not let us in.
    #[must_use]
    pub fn connector_unproven(why: &str) -> Self {
        Self::new(
            422,
            "connector-unproven",
            "The CRM did not let us in",
            format!(
                "{why} The CRM was asked for its lists with these credentials, and has to answer. Nothing was stored. Look at the \
                 address, the credentials and their rights."
            ),
        )
    }

    /// 404: nobody of this address or id.
    #[must_use]
    pub fn unknown_subject() -> Self {
        let detail = "Nobody of this address or id is on record in this site, or the request was never confirmed. \
            POST /v1/subjects/lookup finds the id of an address.";
        Self::new(404, "unknown-subject", "The person is unknown", detail)
    }

    /// 404: this person has nothing to do with this purpose.
    #[must_use]
    pub fn unknown_consent() -> Self {
        let detail = "This person was never asked for this purpose. GET /v1/subjects/{id}/consents lists those that were.";
        Self::new(404, "unknown-consent", "There is no such consent", detail)
    }

    /// 409: the form of others that was asked for has no way to say how this consent stands.
    #[must_use]
    pub fn nothing_to_export(why: &str) -> Self {
        let detail = format!(
            "The form that you asked for cannot tell this: {why}. Ask for format=dpv, or leave it out for the evidence pack."
        );
        Self::new(
            409,
            "nothing-to-export",
            "There is nothing to export",
            detail,
        )
    }

    /// 405: the route exists, the verb does not.
    #[must_use]
    pub fn wrong_method(allowed: &str) -> Self {
        Self::new(
            405,
            "wrong-method",
            "This method is not for this route",
            format!("Allowed: {allowed}."),
        )
    }

    /// 409: the id was used for something else.
    #[must_use]
    pub fn id_reused() -> Self {
        let detail =
            "This id was used before with other content. Make a new one for something new.";
        Self::new(409, "id-reused", "The id has other content", detail)
    }

    /// 409: what was to be changed was changed by somebody else while the other side was asked.
    #[must_use]
    pub fn changed_meanwhile(what: &str) -> Self {
        let detail = format!(
            "The {what} was changed while the other side was asked, so nothing was kept. Look at it as it is now, and send it again."
        );
        Self::new(409, "changed-meanwhile", "It was changed meanwhile", detail)
    }

    /// 409: as many former secrets sign as may.
    #[must_use]
    pub fn too_many_rotations(until: Timestamp) -> Self {
        let detail = format!(
            "Three former secrets sign still, the first of them until {until}. Wait until then, or end them with DELETE …/rotate once your receiver has the newest."
        );
        Self::new(
            409,
            "too-many-rotations",
            "Too many rotations at once",
            detail,
        )
    }

    /// 409: the words have changed since they were shown.
    #[must_use]
    pub fn notice_outdated(current: Value) -> Self {
        let detail = "The text of this form has changed. Show the current form and ask again.";
        let mut problem = Self::new(409, "notice-outdated", "The text has changed", detail);
        problem.extension.insert("notice".to_owned(), current);
        problem
    }

    /// 409: forms still ask for the purpose.
    #[must_use]
    pub fn purpose_in_use(purpose: &PurposeKey, forms: &[FormKey], parts: &[PurposeKey]) -> Self {
        let named: Vec<&str> = forms.iter().map(FormKey::as_str).collect();
        let mut details = Vec::new();
        if !forms.is_empty() {
            let named = named.join(", ");
            details.push(format!(
                "These forms ask for {purpose}: {named}. Take it out of them first."
            ));
        }
        if !parts.is_empty() {
            let parts: Vec<&str> = parts.iter().map(PurposeKey::as_str).collect();
            let parts = parts.join(", ");
            details.push(format!(
                "These purposes are a part of {purpose}: {parts}. Change or remove them first."
            ));
        }
        let detail = details.join(" ");
        let mut problem = Self::new(409, "purpose-in-use", "The purpose is in use", detail);
        problem.extension.insert("forms".to_owned(), named.into());
        problem
    }

    /// 410: the person was erased.
    #[must_use]
    pub fn erased(at: Timestamp) -> Self {
        let at = at.to_string();
        let detail = format!(
            "This person was erased at {at}. What happened before stands in GET /v1/events without the person, \
            and nothing more is known. Delete what you still keep of it."
        );
        let mut problem = Self::new(410, "erased", "The person was erased", detail);
        problem.extension.insert("erased_at".to_owned(), at.into());
        problem
    }

    /// 413: more than the cap.
    #[must_use]
    pub fn too_large(cap_bytes: usize) -> Self {
        Self::new(
            413,
            "too-large",
            "The body is too large",
            format!("At most {cap_bytes} bytes."),
        )
    }

    /// 421: another part of the collector has what is asked for; it never leaves the collector.
    #[must_use]
    pub fn misdirected(sharding: Value) -> Self {
        let detail = "Another shard of the site has this person.";
        let mut problem = Self::new(421, "misdirected", "Asked in the wrong place", detail);
        problem.extension.insert("sharding".to_owned(), sharding);
        problem
    }

    /// 422: fields are wrong.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = "Mend the fields that `errors` lists and send it again.";
        Self {
            errors,
            ..Self::new(422, "invalid", "Some fields are wrong", detail)
        }
    }

    /// 500: our fault, before or after storing.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "Whether it was done is not known. Send the same again, with the same id: it is done once.";
        Self::new(500, "internal", "The collector failed", detail)
    }

    /// 503: the operator has to set something first.
    #[must_use]
    pub fn misconfigured(variable: &str, must: &str) -> Self {
        let detail = format!("The variable {variable} {must}. Nothing is stored until it is set.");
        Self::new(
            503,
            "misconfigured",
            "The collector is not configured",
            detail,
        )
    }

    /// 503: stored, but not spread yet.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail =
            "A part of the collector did not answer. Send the same again; repeating is harmless.";
        Self::new(503, "unavailable", "Try again", detail)
    }
}

impl FieldError {
    /// Says what the field at `pointer` must be.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }

    /// The same error, where what was read is a part of a document.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        Self::new(format!("{place}{}", self.pointer), self.detail)
    }
}
