//! A submission that has been read: nothing in it can be wrong by itself.
//!
//! Whether its site, form, purposes and notice exist is known only where they are stored; see [`Submission::fits`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::{
    canonical::{base64url, canonical_json, sha256},
    email::EmailAddress,
    fields::{Fields, text},
    key::{FormKey, PurposeKey, SiteKey},
    language::Language,
    problem::FieldError,
    published::PublishedPurpose,
    purpose::Source,
    strict,
    time::Timestamp,
};

/// One act of choosing.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Made by the client; the idempotency key
    pub id: Uuid,
    /// The site
    pub site: SiteKey,
    /// The form
    pub form: FormKey,
    /// The language that was shown
    pub lang: Language,
    /// Which words were shown
    pub notice_hash: String,
    /// Who chose
    pub person: Person,
    /// What
    pub choices: BTreeMap<PurposeKey, bool>,
    /// How it came in
    pub source: Source,
    /// On which page, without its query and fragment: people's names and addresses live in those
    pub page: String,
    /// In which conversation
    pub conversation: Option<String>,
    /// Whose boxes were opened again
    pub replaces: Vec<Uuid>,
    /// When the boxes were seen, by the visitor's clock
    pub shown_at: Timestamp,
    /// When they were sent, by the visitor's clock
    pub decided_at: Timestamp,
    /// Whether the browser sent Global Privacy Control
    pub gpc: bool,
    /// Version of the widget
    pub widget: String,
    /// Names the content, so that the same id with other content is noticed
    pub digest: String,
}

/// Who somebody is. This is what is encrypted, and what an erasure makes unreadable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// E-mail address
    pub email: EmailAddress,
    /// Telephone number
    pub phone: Option<String>,
    /// What the controller calls this person
    pub external_id: Option<String>,
}

/// A [`Person`] as it is stored, under the person's own key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPerson {
    email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
}

impl Submission {
    /// Reads a submission, or says all that is wrong with it.
    pub fn parse(document: &Value) -> Result<Self, Vec<FieldError>> {
        Self::read(document, source)
    }

    /// Reads one of the collector's own page, or says all that is wrong with it. Its source and the moment of decision are not for the
    /// document to say: nothing that is posted can pass for it, and pressing the button again is the same content.
    pub fn of_hosted_form(document: &Value, now: Timestamp) -> Result<Self, Vec<FieldError>> {
        let mut whole = document.clone();
        if let Some(fields) = whole.as_object_mut() {
            // The machine that showed the page may have had a clock a little ahead of this one's.
            let shown_at = fields.get("shown_at").and_then(|at| moment(at).ok());
            let decided_at = shown_at.map_or(now, |shown_at| now.max(shown_at));
            fields.insert("source".to_owned(), json!(Source::HostedForm));
            fields.insert("decided_at".to_owned(), json!(decided_at));
        }
        let any = |value: &Value| strict::read(value).map_err(|error| error.detail);
        Ok(Self {
            digest: digest(document),
            ..Self::read(&whole, any)?
        })
    }

    fn read(
        document: &Value,
        source: impl FnOnce(&Value) -> Result<Source, String>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(document)?;
        let id = fields.required("id", uuid_v7);
        let site = fields.required("site", |value| {
            SiteKey::parse(string(value)?).map_err(|error| error.to_string())
        });
        let form = fields.required("form", |value| {
            FormKey::parse(string(value)?).map_err(|error| error.to_string())
        });
        let lang = fields.required("lang", |value| {
            Language::parse(string(value)?).map_err(|error| error.to_string())
        });
        let notice_hash = fields.required("notice_hash", notice_hash);
        let person = fields.nested("subject", person);
        let choices = fields
            .required("choices", Ok::<_, String>)
            .and_then(|value| choices(value, &mut fields));
        let source = fields.required("source", source);
        let page = fields.required("page", page);
        let conversation =
            fields.optional("conversation", |value| text(value, 200).map(str::to_owned));
        let replaces = fields.optional("replaces", replaced).unwrap_or_default();
        let shown_at = fields.required("shown_at", moment);
        let decided_at = fields.required("decided_at", moment);
        let gpc = fields.required("gpc", |value| {
            value.as_bool().ok_or("must be true or false")
        });
        let widget = fields.required("widget", |value| text(value, 40).map(str::to_owned));
        if let (Some(shown_at), Some(decided_at)) = (shown_at, decided_at)
            && decided_at < shown_at
        {
            fields.wrong("decided_at", "must not be before `shown_at`");
        }
        let errors = fields.finish();
        let read = || {
            Some(Self {
                id: id?,
                site: site?,
                form: form?,
                lang: lang?,
                notice_hash: notice_hash?,
                person: person?,
                choices: choices?,
                source: source?,
                page: page?,
                conversation,
                replaces,
                shown_at: shown_at?,
                decided_at: decided_at?,
                gpc: gpc?,
                widget: widget?,
                digest: digest(document),
            })
        };
        if errors.is_empty() {
            read().ok_or(errors)
        } else {
            Err(errors)
        }
    }

    /// Whether it answers exactly the purposes that were asked.
    pub fn fits(&self, shown: &[PublishedPurpose]) -> Result<(), Vec<FieldError>> {
        let wrong = |key: &PurposeKey, detail| FieldError::new(format!("/choices/{key}"), detail);
        let unasked = self.choices.keys().filter_map(|key| {
            let mut known = shown.iter();
            match known.find(|purpose| purpose.key == *key) {
                None => Some(wrong(key, "is not a purpose of this form")),
                Some(purpose) if !purpose.is_asked() => Some(wrong(
                    key,
                    "is said in this form and not asked, since it rests on another ground than consent; leave it out",
                )),
                Some(_) => None,
            }
        });
        let asked = shown.iter().filter(|purpose| purpose.is_asked());
        let missing = asked
            .map(|purpose| &purpose.key)
            .filter(|key| !self.choices.contains_key(key))
            .map(|key| wrong(key, "is missing; say true or false"));
        let errors: Vec<_> = unasked.chain(missing).collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }
}

impl Person {
    /// As it is stored.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let stored = StoredPerson {
            email: self.email.exposed().to_owned(),
            phone: self.phone.clone(),
            external_id: self.external_id.clone(),
        };
        canonical_json(&stored).into_bytes()
    }

    /// From what was stored; `None` when it was not a person.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let StoredPerson {
            email,
            phone,
            external_id,
        } = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            email: EmailAddress::parse(&email).ok()?,
            phone,
            external_id,
        })
    }
}

fn digest(document: &Value) -> String {
    base64url(&sha256(canonical_json(document).as_bytes()))
}

pub(crate) fn string(value: &Value) -> Result<&str, String> {
    text(value, 2000)
}

fn uuid_v7(value: &Value) -> Result<Uuid, String> {
    let id = Uuid::try_parse(string(value)?)
        .ok()
        .filter(|id| id.get_version_num() == 7);
    id.ok_or_else(|| "must be a UUID of version 7 (RFC 9562)".to_owned())
}

pub(crate) fn notice_hash(value: &Value) -> Result<String, String> {
    let hash = string(value)?;
    let hex = hash.strip_prefix("sha-256:").unwrap_or_default();
    if hex.len() == 64
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        Ok(hash.to_owned())
    } else {
        Err("must be the `notice.hash` of the form that was shown".to_owned())
    }
}

pub(crate) fn person(subject: &mut Fields<'_>) -> Option<Person> {
    let email = subject.required("email", |value| {
        EmailAddress::parse(string(value)?).map_err(|error| error.to_string())
    });
    let phone = subject.optional("phone", phone);
    let external_id = subject.optional("external_id", |value| text(value, 128).map(str::to_owned));
    Some(Person {
        email: email?,
        phone,
        external_id,
    })
}

fn phone(value: &Value) -> Result<String, String> {
    let number = text(value, 32)?.trim();
    let allowed = number
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-() ./".contains(&b));
    if allowed && number.bytes().filter(u8::is_ascii_digit).count() >= 5 {
        Ok(number.to_owned())
    } else {
        Err("must be a telephone number such as \"+31 20 123 4567\"".to_owned())
    }
}

/// How many submissions one can take the place of.
const MOST_REPLACED: usize = 16;

fn replaced(value: &Value) -> Result<Vec<Uuid>, String> {
    let must = || format!("must be a list of at most {MOST_REPLACED} ids");
    let ids = value.as_array().filter(|ids| ids.len() <= MOST_REPLACED);
    ids.ok_or_else(must)?
        .iter()
        .map(uuid_v7)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("each {error}"))
}

pub(crate) fn choices(
    value: &Value,
    fields: &mut Fields<'_>,
) -> Option<BTreeMap<PurposeKey, bool>> {
    let Some(object) = value.as_object() else {
        fields.wrong(
            "choices",
            "must be an object of purposes, each true or false",
        );
        return None;
    };
    let mut read = BTreeMap::new();
    for (key, value) in object {
        match (PurposeKey::parse(key), value.as_bool()) {
            (Ok(key), Some(choice)) => {
                read.insert(key, choice);
            }
            (Err(error), _) => fields.wrong_within("choices", key, format!("a purpose {error}")),
            (_, None) => fields.wrong_within("choices", key, "must be true or false"),
        }
    }
    Some(read)
}

fn source(value: &Value) -> Result<Source, String> {
    let source: Option<Source> = strict::read(value).ok();
    let source = source.filter(|source| source.is_a_pages());
    source.ok_or_else(|| "must be web_form or chat".to_owned())
}

pub(crate) fn page(value: &Value) -> Result<String, String> {
    let url = Url::parse(string(value)?)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http"));
    let mut url = url.ok_or_else(|| "must be the web address of the page".to_owned())?;
    url.set_query(None);
    url.set_fragment(None);
    // Both only fail for addresses without a host, which http has.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(url.into())
}

pub(crate) fn moment(value: &Value) -> Result<Timestamp, String> {
    Timestamp::parse(string(value)?).map_err(|error| error.to_string())
}
