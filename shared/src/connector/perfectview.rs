//! PerfectView CRM Online, over SOAP: marks, fields and notes of a person. It has no consents of its own, so each customer says what a
//! purpose is there: a mark that a person has or has not, fields that say how it stands, a note that says what happened, or all three.
//!
//! A field that is mapped to `decided_at` is read before a yes is written, so that a late one never stands over a newer no; without it, the
//! order of the lane is what keeps it so. A no never makes a person. Once somebody is erased, the person is found by a field that carries
//! Sayso's id, where the settings name one.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Change, Lists, Mapping, Says, WhenSeveral, WhenUnknown, read};
use crate::{key::PurposeKey, problem::FieldError};

mod answers;
mod calls;

pub use answers::{
    has_mark, has_newer, has_note, lists, made, others, persons, result, with_subject,
};
pub use calls::{Call, supposed};

/// Where PerfectView is.
const ORIGIN: &str = "https://api.perfectview.nl";

/// The list of marks.
pub const MARKS: &str = "marks";
/// That of a person's fields.
pub const FIELDS: &str = "fields";
/// That of the types of persons.
pub const PERSON_TYPES: &str = "person_types";
/// That of all types of entities.
pub const TYPES: &str = "types";

/// How long a note may be; PerfectView names no limit.
const NOTE: usize = 400;

/// How PerfectView is set. Ids are those of your database: `GET …/lists` names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PerfectViewSettings))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Another place than PerfectView's own: scheme, host and port
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The purposes that it is told of
    pub purposes: BTreeMap<PurposeKey, Marked>,
    /// Whether a note with the receipt is left at the person; so if it is left out
    #[serde(default = "yes")]
    pub note: bool,
    /// What to do when several persons have the address; `error` if it is left out
    #[serde(default)]
    pub when_several: WhenSeveral,
    /// What to do when nobody has it; `skip` if it is left out, `create` needs `new_person`
    #[serde(default = "skip")]
    pub when_unknown: WhenUnknown,
    /// What a person is made of
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_person: Option<NewPerson>,
    /// The field that gets Sayso's id of the person. Without it, nothing can be done in PerfectView when somebody is erased
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectField>,
}

/// Where Sayso's id of a person is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PerfectViewSubjectField))]
#[serde(deny_unknown_fields)]
pub struct SubjectField {
    /// The entity type of a person
    pub entity_type: String,
    /// A text field of the person
    pub field: String,
}

/// What a purpose is in PerfectView: at least one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PerfectViewMarked))]
#[serde(deny_unknown_fields)]
pub struct Marked {
    /// The mark that a person has for as long as it is given
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The person's fields, each by what it gets
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<Fact, String>,
}

/// What a field can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PerfectViewFact))]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// `given`, `refused`, `withdrawn`, `expired` or `erased`
    Status,
    /// `true` or `false`
    Given,
    /// When the person decided, `2027-01-15T08:00:00.000Z`
    DecidedAt,
    /// `consent`, `contract`, …
    LegalBasis,
    /// `web_form`, `chat`, …
    Source,
    /// The receipt's id and short hash
    Receipt,
}

/// What a person is made of, where nobody has the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PerfectViewNewPerson))]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// The entity type of a person
    pub relation_entity_type: String,
    /// The entity type of its relationship to the root
    pub relationship_entity_type: String,
    /// The field of the e-mail address
    pub email_field: String,
    /// The field of the last name, which gets the address too, where one is required
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_field: Option<String>,
}

/// What lets us in: `user_id`, or `user_name` with `password`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The key of the API
    pub api_key: String,
    /// The database
    #[serde(default)]
    pub database_id: Option<String>,
    /// The user as whom it is written
    #[serde(default)]
    pub user_id: Option<String>,
    /// The same by name
    #[serde(default)]
    pub user_name: Option<String>,
    /// Of that name
    #[serde(default)]
    pub password: Option<String>,
}

/// A person, by the relationship that the address was found at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The relationship: marks are there
    pub relationship: String,
    /// The person: fields and notes are there
    pub relation: String,
}

impl Person {
    /// Whether it is one that a dry run would have made, whom PerfectView cannot be asked about.
    #[must_use]
    pub fn is_supposed(&self) -> bool {
        self.relation.is_empty()
    }
}

impl Settings {
    /// Where calls go.
    #[must_use]
    pub fn url(&self) -> String {
        let origin = Mapping::origin(self);
        format!("{}/V1/perfectview.asmx", origin.trim_end_matches('/'))
    }

    /// What the fields of a person get of this change.
    #[must_use]
    pub fn values(&self, marked: &Marked, change: &Change) -> Vec<(String, String)> {
        let values = marked.fields.iter();
        let values = values.map(|(fact, field)| (field.clone(), fact.of(change)));
        let by = self.subject.iter();
        let subject = by.map(|by| (by.field.clone(), change.subject.to_string()));
        values.chain(subject).collect()
    }
}

impl Fact {
    fn of(self, change: &Change) -> String {
        let word = |value: Option<Value>| {
            let word = value.as_ref().and_then(Value::as_str);
            word.unwrap_or_default().to_owned()
        };
        match self {
            Self::Status => change.word().to_owned(),
            Self::Given => (change.says() == Says::Yes).to_string(),
            Self::DecidedAt => change.decided_at.to_string(),
            Self::LegalBasis => word(serde_json::to_value(change.legal_basis).ok()),
            Self::Source => word(serde_json::to_value(change.source).ok()),
            Self::Receipt => change.receipt.as_ref().map_or_else(String::new, |receipt| {
                format!("{} sha256:{}", receipt.id, receipt.hash)
            }),
        }
    }
}

impl Mapping for Settings {
    fn origin(&self) -> String {
        self.origin.clone().unwrap_or_else(|| ORIGIN.to_owned())
    }

    fn purposes(&self) -> Vec<PurposeKey> {
        self.purposes.keys().cloned().collect()
    }

    fn wrong(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (purpose, marked) in &self.purposes {
            if marked.mark.is_none() && marked.fields.is_empty() {
                let must = "must have a mark, or fields, or both";
                errors.push(FieldError::new(format!("/purposes/{purpose}"), must));
            }
        }
        if self.when_unknown == WhenUnknown::Create && self.new_person.is_none() {
            let must = "is needed to make a person who is not known";
            errors.push(FieldError::new("/new_person", must));
        }
        errors
    }

    fn wrong_credentials(&self, credentials: &Value) -> Vec<FieldError> {
        let credentials = match read::<Credentials>(credentials) {
            Ok(credentials) => credentials,
            Err(error) => return vec![error],
        };
        let named = credentials.user_name.is_some() && credentials.password.is_some();
        if credentials.user_id.is_some() || named {
            return Vec::new();
        }
        let must = "must have a user: `user_id`, or `user_name` with `password`";
        vec![FieldError::new("", must)]
    }

    fn check(&self, lists: &Lists) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut miss = |list: &str, id: &str, pointer: String| {
            let missed = lists.misses(list, id);
            errors.extend(missed.map(|detail| FieldError::new(pointer, detail)));
        };
        for (purpose, marked) in &self.purposes {
            if let Some(mark) = &marked.mark {
                miss(MARKS, mark, format!("/purposes/{purpose}/mark"));
            }
            for (fact, field) in &marked.fields {
                let fact = serde_json::to_value(fact).unwrap_or_default();
                let fact = fact.as_str().unwrap_or_default();
                miss(FIELDS, field, format!("/purposes/{purpose}/fields/{fact}"));
            }
        }
        if let Some(new) = &self.new_person {
            let mut miss =
                |list: &str, id: &str, name: &str| miss(list, id, format!("/new_person/{name}"));
            miss(
                PERSON_TYPES,
                &new.relation_entity_type,
                "relation_entity_type",
            );
            miss(
                TYPES,
                &new.relationship_entity_type,
                "relationship_entity_type",
            );
            miss(FIELDS, &new.email_field, "email_field");
            if let Some(name) = &new.name_field {
                miss(FIELDS, name, "name_field");
            }
        }
        if let Some(by) = &self.subject {
            miss(
                PERSON_TYPES,
                &by.entity_type,
                "/subject/entity_type".to_owned(),
            );
            miss(FIELDS, &by.field, "/subject/field".to_owned());
        }
        errors
    }
}

/// What the note of a change says: the same each time, so that it is found again.
#[must_use]
pub fn note(change: &Change) -> String {
    change.comment(NOTE)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

fn yes() -> bool {
    true
}

fn skip() -> WhenUnknown {
    WhenUnknown::Skip
}
