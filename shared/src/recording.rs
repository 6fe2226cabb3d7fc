//! Recordings: what somebody decided elsewhere than in a browser before us, told by a back end that holds a key of the site.
//!
//! What is read here cannot be wrong by itself; whether its form and its words exist is known only where they are stored, see
//! [`Recording::fits`]. Refused is whatever only a person's own browser or mailbox can say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    canonical::{base64url, canonical_json, sha256},
    fields::{Fields, text},
    key::{FormKey, PurposeKey},
    language::Language,
    manner::{Actor, ActorKind, Imported, Method},
    problem::FieldError,
    published::PublishedPurpose,
    purpose::{LegalBasis, Source},
    strict,
    submission::SubjectWire,
    submitted::{Person, choices, moment, notice_hash, page, person, string},
    time::Timestamp,
};

/// The most lines of a call.
pub const MOST_LINES: usize = 500;

/// The longest comment, in bytes.
pub const LONGEST_COMMENT: usize = 1000;

/// By how much the clock of a back end may be ahead, in milliseconds.
const SKEW: i64 = 60_000;

const FUTURE: &str = "must not lie in the future";

/// The body of `POST /v1/consents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordingsWire {
    /// 1 to 500 of them; each is taken or refused by itself
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 500))]
    pub consents: Vec<RecordingWire>,
}

/// One person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordingWire {
    /// A UUID of any version, made by the client; the idempotency key. One made of your own record's name (version 5) stays the same
    /// however often an import is run
    pub id: String,
    /// Who decided
    pub subject: SubjectWire,
    /// The form whose words were told, or for which a list is taken over
    pub form: String,
    /// The language in which they were told, one of the site's
    pub lang: String,
    /// The hash of an older version of these words; without it, those of now
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_hash: Option<String>,
    /// Yes or no for each purpose that was spoken of. No is said in so many words here, and stops what was given
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, bool>))]
    pub choices: BTreeMap<String, bool>,
    /// `phone`, `in_person`, `import`, `api`, `chat`, `customer_portal` or `request`
    pub source: String,
    /// `oral_statement`, `written_statement` or `electronic_statement`; without it, what is usual for the source. Not for imports
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// When the person decided, RFC 3339; may lie in the past, not in the future
    pub decided_at: String,
    /// Who records it
    pub actor: ActorWire,
    /// A note, at most 1,000 bytes; kept under the person's own key, and gone with it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The ground of a purpose, where it is another than the words say
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::HashMap<String, LegalBasis>>))]
    pub legal_basis: Option<BTreeMap<String, LegalBasis>>,
    /// The conversation or call
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Address of the page, where it was one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// From where it is taken over; only and always for imports
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedWire>,
}

/// Who records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ActorWire {
    /// `staff`; `system` for a program, which then has an id; `subject` for the person's own act in an account of yours
    pub kind: String,
    /// Your own id of who it was: letters, digits, `.`, `_`, `:` and `-`. It is signed and kept for good, so no name and no address
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// From where it is taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportedWire {
    /// The system or list, such as `Mailchimp, list Newsletter 2019`; signed and kept for good, so no address
    pub from: String,
    /// When the person confirmed it there, as the other record says. It does not count as confirmed with us
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_there_at: Option<String>,
}

/// One person's decision, read.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Made by the client; the idempotency key
    pub id: Uuid,
    /// Who decided
    pub person: Person,
    /// The form whose words were told
    pub form: FormKey,
    /// In which language
    pub lang: Language,
    /// Which version of the words, where it is not that of now
    pub notice_hash: Option<String>,
    /// What
    pub choices: BTreeMap<PurposeKey, bool>,
    /// How it came in
    pub source: Source,
    /// How the person said it
    pub method: Method,
    /// When, as whoever recorded it says
    pub decided_at: Timestamp,
    /// Who recorded it
    pub actor: Actor,
    /// What that one noted
    pub comment: Option<String>,
    /// The grounds, where they are others than the words say
    pub legal_basis: BTreeMap<PurposeKey, LegalBasis>,
    /// The conversation or call
    pub conversation: Option<String>,
    /// The page, where it was one, without its query and fragment
    pub page: Option<String>,
    /// From where it is taken over
    pub imported: Option<Imported>,
    /// Names the content, so that the same id with other content is noticed
    pub digest: String,
}

impl Recording {
    /// Reads one line, or says all that is wrong with it; pointers begin at the line.
    pub fn parse(line: &Value, now: Timestamp) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(line)?;
        let id = fields.required("id", uuid);
        let person = fields.nested("subject", person);
        let form = fields.required("form", |value| {
            FormKey::parse(string(value)?).map_err(|error| error.to_string())
        });
        let lang = fields.required("lang", |value| {
            Language::parse(string(value)?).map_err(|error| error.to_string())
        });
        let notice_hash = fields.optional("notice_hash", notice_hash);
        let choices = fields
            .required("choices", Ok::<_, String>)
            .and_then(|value| choices(value, &mut fields));
        if choices.as_ref().is_some_and(BTreeMap::is_empty) {
            fields.wrong("choices", "must name at least one purpose");
        }
        let source = fields.required("source", source);
        let method = fields.optional("method", method);
        let decided_at = fields.required("decided_at", moment);
        let is_future = |at: Timestamp| at.unix_millis() > now.unix_millis() + SKEW;
        if decided_at.is_some_and(is_future) {
            fields.wrong("decided_at", FUTURE);
        }
        let actor = fields.nested("actor", actor);
        let comment = fields.optional("comment", |value| {
            text(value, LONGEST_COMMENT).map(str::to_owned)
        });
        let legal_basis = fields
            .optional("legal_basis", Ok::<_, String>)
            .map(|value| legal_basis(value, choices.as_ref(), &mut fields));
        let conversation =
            fields.optional("conversation", |value| text(value, 200).map(str::to_owned));
        let page = fields.optional("page", page);
        let imported = fields.optional_nested("imported", |fields| {
            let imported = imported(fields);
            let confirmed = imported.as_ref().and_then(|from| from.confirmed_there_at);
            if confirmed.is_some_and(is_future) {
                fields.wrong("confirmed_there_at", FUTURE);
            }
            imported
        });
        if let Some(source) = source {
            agree(source, method, imported.is_some(), &mut fields);
        }
        let errors = fields.finish();
        if !errors.is_empty() {
            return Err(errors);
        }
        let read = || {
            let source = source?;
            Some(Self {
                id: id?,
                person: person?,
                form: form?,
                lang: lang?,
                notice_hash,
                choices: choices?,
                source,
                method: method.unwrap_or(Method::usual(source)),
                decided_at: decided_at?,
                actor: actor?,
                comment,
                legal_basis: legal_basis.unwrap_or_default(),
                conversation,
                page,
                imported,
                digest: base64url(&sha256(canonical_json(line).as_bytes())),
            })
        };
        read().ok_or(errors)
    }

    /// Whether the words speak of everything that was decided.
    pub fn fits(&self, told: &[PublishedPurpose]) -> Result<(), Vec<FieldError>> {
        let is_told = |key: &PurposeKey| told.iter().any(|purpose| purpose.key == *key);
        let unknown = self.choices.keys().filter(|key| !is_told(key));
        let errors: Vec<_> = unknown
            .map(|key| FieldError::new(format!("/choices/{key}"), "is not a purpose of this form"))
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }
}

/// What goes together: an import says from where, and how it was said is not known here.
fn agree(source: Source, method: Option<Method>, imported: bool, fields: &mut Fields<'_>) {
    if source == Source::Import {
        if method.is_some() {
            fields.wrong("method", "is not for imports; leave it out");
        }
        if !imported && !fields.is_wrong_about("imported") {
            fields.wrong("imported", "is missing; say from where it is taken over");
        }
    } else if imported {
        fields.wrong("imported", "is only for the source import; leave it out");
    }
}

fn uuid(value: &Value) -> Result<Uuid, String> {
    let id = Uuid::try_parse(string(value)?).ok();
    let id = id.filter(|id| !id.is_nil() && !id.is_max());
    id.ok_or_else(|| "must be a UUID (RFC 9562)".to_owned())
}

fn source(value: &Value) -> Result<Source, String> {
    const MUST: &str = "must be phone, in_person, import, api, chat, customer_portal or request";
    let Ok(source) = strict::read::<Source>(value) else {
        return Err(MUST.to_owned());
    };
    if source.is_a_back_ends() {
        return Ok(source);
    }
    let why = if source.is_a_visitors() {
        "comes from the person's own browser by POST /v1/submissions, with what was shown there"
    } else {
        "is an act of the person's own with us"
    };
    Err(format!("{MUST}: this one {why}"))
}

fn method(value: &Value) -> Result<Method, String> {
    let method: Option<Method> = strict::read(value).ok();
    let method = method.filter(|method| method.is_a_statement());
    method.ok_or_else(|| {
        "must be oral_statement, written_statement or electronic_statement".to_owned()
    })
}

fn actor(fields: &mut Fields<'_>) -> Option<Actor> {
    let kind: Option<ActorKind> = fields.required("kind", |value| {
        let kind = strict::read::<ActorKind>(value).ok();
        let kind = kind.filter(|kind| ActorKind::RECORDING.contains(kind));
        kind.ok_or("must be staff, system or subject")
    });
    let id = fields.optional("id", |value| {
        let must = "must be an id of 1 to 64 letters, digits, '.', '_', ':' or '-'; it is kept for good, so no name and no address";
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
        match value.as_str() {
            Some(id) if (1..=64).contains(&id.len()) && id.chars().all(is_plain) => {
                Ok(id.to_owned())
            }
            _ => Err(must),
        }
    });
    match kind? {
        ActorKind::System if id.is_none() && !fields.is_wrong_about("id") => {
            fields.wrong("id", "is missing; say which program it is");
        }
        ActorKind::Subject if id.is_some() => {
            fields.wrong(
                "id",
                "is not for the person, who is named by `subject`; leave it out",
            );
        }
        _ => {}
    }
    Some(Actor { kind: kind?, id })
}

fn legal_basis(
    value: &Value,
    choices: Option<&BTreeMap<PurposeKey, bool>>,
    fields: &mut Fields<'_>,
) -> BTreeMap<PurposeKey, LegalBasis> {
    let mut read = BTreeMap::new();
    let Some(object) = value.as_object() else {
        fields.wrong(
            "legal_basis",
            "must be an object of purposes, each with its ground",
        );
        return read;
    };
    for (name, value) in object {
        let chosen = choices.and_then(|choices| choices.keys().find(|key| key.as_str() == name));
        match (chosen, strict::read::<LegalBasis>(value)) {
            (Some(key), Ok(basis)) => {
                read.insert(key.clone(), basis);
            }
            (_, Err(_)) => fields.wrong_within(
                "legal_basis",
                name,
                "must be consent, contract, legal_obligation, vital_interests, public_task or legitimate_interests",
            ),
            (None, _) => fields.wrong_within("legal_basis", name, "is not one of `choices`"),
        }
    }
    read
}

fn imported(fields: &mut Fields<'_>) -> Option<Imported> {
    let from = fields.required("from", |value| match text(value, 100)?.trim() {
        "" => Err("must say from which system or list".to_owned()),
        from if from.contains('@') => {
            Err("must name a system or list, not an address: it is kept for good".to_owned())
        }
        from => Ok(from.to_owned()),
    });
    let confirmed_there_at = fields.optional("confirmed_there_at", moment);
    Some(Imported {
        from: from?,
        confirmed_there_at,
    })
}
