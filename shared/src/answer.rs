//! What callers are answered: the bodies that are not events, forms or problems.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    api_key::Scope,
    consent::{Consent, Status},
    decision::Unchanged,
    event::{Event, EventSubject, EventType},
    evidence::ConsentFacts,
    key::{ApiKeyName, EndpointKey, FormKey, PurposeKey, SiteKey},
    language::Language,
    problem::Problem,
    published::NoticeName,
    time::Timestamp,
};

/// The answer to a submission. It is the same whether the address is known or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmissionAnswer {
    /// The id that the client made
    pub id: Uuid,
    /// Whether something waits for the mail
    pub state: SubmissionState,
    /// What was asked for, for each purpose
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, Status>))]
    pub purposes: BTreeMap<PurposeKey, Status>,
    /// The signed statement of what was shown and chosen, a compact JWS
    pub receipt: String,
    /// After how many seconds another mail may be asked for, where one was sent
    pub resend_after: Option<u32>,
}

impl SubmissionAnswer {
    /// Whether it answers these choices.
    #[must_use]
    pub fn is_to(&self, choices: &BTreeMap<PurposeKey, bool>) -> bool {
        let asked = |(key, ticked): (&PurposeKey, &bool)| {
            let told = self.purposes.get(key);
            told.is_some_and(|told| (*told == Status::Refused) != *ticked)
        };
        self.purposes.len() == choices.len() && choices.iter().all(asked)
    }
}

/// The answer to `POST /v1/consents`: what became of each line, in their order.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingsAnswer {
    /// One for each line
    pub results: Vec<LineAnswer>,
}

/// What became of one line.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LineAnswer {
    /// Which one, counted from 0
    pub index: u32,
    /// Its id, where that could be read
    pub id: Option<Uuid>,
    /// As if the line had come alone: 201 recorded, 200 recorded before, 409 the id has other content, 422 something is wrong with it,
    /// 500 and 503 send it again
    pub status: u16,
    /// What was recorded
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordingAnswer>,
    /// Why nothing was
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What a line recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingAnswer {
    /// The person's id in Sayso
    pub subject: Uuid,
    /// The act
    #[serde(flatten)]
    pub submission: SubmissionAnswer,
    /// What stays as it was, and why
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, UnchangedAnswer>))]
    pub unchanged: BTreeMap<PurposeKey, UnchangedAnswer>,
}

/// A consent that a line left as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnchangedAnswer {
    /// Why, for programs
    pub reason: Unchanged,
    /// Why, in words
    pub detail: String,
    /// How it stands
    pub status: Status,
    /// Since when
    pub since: Option<Timestamp>,
}

impl UnchangedAnswer {
    /// Says why a line of `decided_at` left a consent as it was.
    #[must_use]
    pub fn of(reason: Unchanged, known: Option<&Consent>, decided_at: Timestamp) -> Self {
        let status = known.map_or(Status::Unknown, |known| known.status);
        let since = known.map(|known| known.since);
        let stands = serde_json::to_value(status).unwrap_or_default();
        let stands = stands.as_str().unwrap_or_default();
        let when = since
            .map(|since| format!(" since {since}"))
            .unwrap_or_default();
        let detail = match reason {
            Unchanged::NewerOnRecord => format!(
                "Nothing changed: on record is {stands}{when}, and this line was decided at {decided_at}. What is newer stands; of the same moment, a no stands."
            ),
            Unchanged::AlreadyGiven => format!("Nothing changed: it is {stands}{when} already."),
            Unchanged::AwaitingConfirmation => format!(
                "Nothing changed: since {} a mail asks the person to confirm it, and that answer counts.",
                since.unwrap_or(decided_at)
            ),
            Unchanged::TooLongAgo => format!(
                "Nothing changed: a yes of {decided_at} holds no more by now. Ask the person again."
            ),
        };
        Self {
            reason,
            detail,
            status,
            since,
        }
    }
}

/// How a submission stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SubmissionState {
    /// A mail asks to confirm
    Pending,
    /// Nothing is left to do
    Recorded,
}

/// The body of `POST /v1/subjects/lookup`. The address is in the body, never in an address that is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LookupRequest {
    /// E-mail address, in any spelling
    pub email: String,
}

/// How everything stands for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectConsents {
    /// Who
    pub subject: EventSubject,
    /// For each purpose that the person was ever asked about
    pub consents: Vec<ConsentFacts>,
}

/// The answer to an erasure. It is the same however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectErased {
    /// Who was erased: the id is all that is left
    pub subject: EventSubject,
    /// When
    pub erased_at: Timestamp,
    /// The event that tells of it, `subject.erased`
    pub event: Uuid,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventPage {
    /// In order; those about one person always oldest first
    pub events: Vec<Event>,
    /// Send it as `after` to go on
    pub next: String,
    /// Whether there are more now
    pub more: bool,
}

/// The answer to a site's publishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SitePublished {
    /// The site
    pub site: SiteKey,
    /// What is shown now
    pub notices: Vec<NoticePublished>,
}

/// What one form shows in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticePublished {
    /// The form
    pub form: FormKey,
    /// The language
    pub lang: Language,
    /// The words
    pub notice: NoticeName,
}

/// The body of `PUT …/endpoints/{endpoint}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EndpointRequest {
    /// Where events are posted: https, public, without name or password in it
    #[cfg_attr(
        feature = "openapi",
        schema(example = "https://crm.example.com/hooks/sayso")
    )]
    pub url: String,
    /// Which events; without it given, refused, withdrawn, expired and erased
    #[serde(default)]
    pub types: Option<Vec<EventType>>,
    /// Of which purposes; without it all. Erasures come whatever is named here
    #[serde(default)]
    pub purposes: Option<Vec<PurposeKey>>,
    /// Whether to send e-mail address, telephone number, external id and the note of whoever recorded it. With `false` only the id in
    /// Sayso comes: `email` is null as if the person had been erased since
    #[serde(default)]
    pub addresses: Option<bool>,
    /// Whether to sign by Ed25519 (`v1a`) too; the public key is in the answer
    #[serde(default)]
    pub v1a: Option<bool>,
    /// `whsec_…`; without it one is made, or the one there is stays. Whoever verifies signatures needs it before the test comes, so make
    /// it up: `whsec_` and base64 of 32 random bytes
    #[serde(default)]
    pub secret: Option<String>,
}

/// An endpoint as it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndpointAnswer {
    /// Its name
    pub id: EndpointKey,
    /// Where events are posted
    pub url: String,
    /// Which events
    pub types: Vec<EventType>,
    /// Of which purposes; none for all
    pub purposes: Vec<PurposeKey>,
    /// Whether addresses are sent
    pub addresses: bool,
    /// The public key of `v1a`, `whpk_…`, where that was asked for
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// Whether the operator disabled it
    pub disabled: bool,
    /// Until when a former secret signs too, after a rotation
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_until: Option<Timestamp>,
    /// The secret, only when it is new
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// The body of `POST …/endpoints/{endpoint}/rotate`; none at all is good too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateRequest {
    /// The new secret, `whsec_…`; without it one is made
    #[serde(default)]
    pub secret: Option<String>,
    /// For how many hours the former secret signs too, 0 to 720; 24 if absent
    #[serde(default)]
    pub former_hours: Option<u32>,
}

/// The body of `POST …/endpoints/{endpoint}/replay`: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// What comes after this cursor, the `next` of a page of `GET /v1/events`; empty for everything
    #[serde(default)]
    pub after: Option<String>,
    /// What happened at this moment or later
    #[serde(default)]
    pub since: Option<Timestamp>,
}

/// The body of `PUT …/keys/{key}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// What the key may do
    pub scopes: Vec<Scope>,
}

/// A key as it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyAnswer {
    /// Its name
    pub id: ApiKeyName,
    /// What it may do
    pub scopes: Vec<Scope>,
    /// `sk_…`, only when it is new; it is not shown again
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// The keys of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// By their names
    pub keys: Vec<KeyFacts>,
}

/// A key as it is listed: never its secret, which nobody has but its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyFacts {
    /// Its name
    pub id: ApiKeyName,
    /// What it may do
    pub scopes: Vec<Scope>,
    /// When it was made; null for those that are older than this is noted
    pub created_at: Option<Timestamp>,
    /// In which hour it was last used, by the beginning of that hour; null if it never was
    pub last_used_at: Option<Timestamp>,
}

/// The answer of `/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok`
    pub status: String,
    /// The version of the collector
    pub version: String,
}
