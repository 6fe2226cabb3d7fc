//! SuperOffice: consents of a person by purpose (`ConsentPerson`) and subscription types, over its REST API v1.
//!
//! A purpose is one consent purpose, and any subscription types that go with it. SuperOffice keeps one consent for a person and a purpose,
//! so that telling it twice is harmless. Nothing is told of a request: SuperOffice has no state for it. Once somebody is erased,
//! SuperOffice is the only one who knows the address: the person is found by the field that carries Sayso's id, where the mapping names
//! one.

mod consent;
mod credentials;
mod list;
mod person;
mod tenant;

pub use consent::{Consent, Write, consents, write};
pub use credentials::{Credentials, SigningKey, ticket};
pub use list::{
    FIELDS, LEGAL_BASES, PURPOSES, SOURCES, SUBSCRIPTIONS, fields, items, subscription_types,
};
pub use person::{Person, made, patched, persons};
pub use tenant::{Tenant, tenant};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Change, Lists, Mapping, Told, WhenSeveral, WhenUnknown, read};
use crate::{
    key::PurposeKey,
    problem::FieldError,
    purpose::{LegalBasis, Source},
};

/// The legal basis that a withdrawal leaves behind.
const WITHDRAWN: &str = "WITHDRAWN";

/// How SuperOffice is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SuperOfficeSettings))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which of SuperOffice's environments; `online` if it is left out
    #[serde(default)]
    pub environment: Environment,
    /// What stands for the environment's own origin
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The customer, as SuperOffice writes it
    #[cfg_attr(feature = "openapi", schema(example = "Cust12345"))]
    pub tenant: String,
    /// The purposes that it is told of
    pub purposes: BTreeMap<PurposeKey, Purpose>,
    /// Keys of sources of consent, by how a consent came in; SuperOffice's own if they are left out
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub sources: BTreeMap<Source, String>,
    /// What to do when several persons have the address; `error` if it is left out
    #[serde(default)]
    pub when_several: WhenSeveral,
    /// What to do when no person has it; `skip` if it is left out
    #[serde(default = "skip")]
    pub when_unknown: WhenUnknown,
    /// The id of the company (`ContactId`) of the persons that are made
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<u32>,
    /// The prog id of a user-defined field of persons, a text, that gets Sayso's id of the person. Without it, nothing can be done in
    /// SuperOffice when somebody is erased
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "SuperOffice:7"))]
    pub subject_field: Option<String>,
}

/// What a purpose is in SuperOffice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SuperOfficePurpose))]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The key of the consent purpose
    #[cfg_attr(feature = "openapi", schema(example = "EMARKETING"))]
    pub purpose: String,
    /// The key of the legal basis; it follows from that of the purpose if it is left out
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "61A"))]
    pub legal_basis: Option<String>,
    /// The ids of the subscription types that are on while the consent is
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<u32>))]
    pub subscriptions: BTreeSet<u32>,
}

/// SuperOffice's environments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SuperOfficeEnvironment))]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Production
    #[default]
    Online,
    /// `qaonline`
    Stage,
    /// `sod`
    Development,
}

impl Settings {
    /// What stands for the change's purpose.
    #[must_use]
    pub fn purpose(&self, change: &Change) -> Option<&Purpose> {
        self.purposes.get(change.purpose.as_ref()?)
    }

    /// The key of the source of a change.
    fn source(&self, source: Option<Source>) -> &str {
        let own = source.and_then(|source| self.sources.get(&source));
        own.map_or_else(|| source_key(source), String::as_str)
    }

    fn base(&self) -> &str {
        let own = self.origin.as_deref();
        own.unwrap_or(match self.environment {
            Environment::Online => "https://online.superoffice.com",
            Environment::Stage => "https://qaonline.superoffice.com",
            Environment::Development => "https://sod.superoffice.com",
        })
        .trim_end_matches('/')
    }
}

impl Purpose {
    /// The key of the legal basis of a change.
    fn ground(&self, change: &Change) -> &str {
        let own = self.legal_basis.as_deref();
        own.unwrap_or_else(|| ground_key(change.legal_basis.unwrap_or(LegalBasis::Consent)))
    }
}

impl Mapping for Settings {
    fn origin(&self) -> String {
        self.base().to_owned()
    }

    fn purposes(&self) -> Vec<PurposeKey> {
        self.purposes.keys().cloned().collect()
    }

    fn wrong(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_word(&self.tenant) {
            let must = "must be the customer as SuperOffice writes it, such as Cust12345";
            errors.push(FieldError::new("/tenant", must));
        }
        let is_prog_id = |name: &str| name.split(':').all(is_word);
        if self
            .subject_field
            .as_deref()
            .is_some_and(|name| !is_prog_id(name))
        {
            let must =
                "must be the prog id of a user-defined field of persons, such as SuperOffice:7";
            errors.push(FieldError::new("/subject_field", must));
        }
        let (mut purposes, mut subscriptions) = (BTreeSet::new(), BTreeSet::new());
        for (key, of) in &self.purposes {
            let at = format!("/purposes/{key}");
            if !purposes.insert(&of.purpose) {
                let must = "must be another than that of each other purpose: a withdrawal of one would withdraw both";
                errors.push(FieldError::new(format!("{at}/purpose"), must));
            }
            if of.subscriptions.iter().any(|id| !subscriptions.insert(id)) {
                let must = "must be others than those of each other purpose: a withdrawal of one would end both";
                errors.push(FieldError::new(format!("{at}/subscriptions"), must));
            }
            if of.legal_basis.as_deref() == Some(WITHDRAWN) {
                let must = "must be a ground to process on, not WITHDRAWN";
                errors.push(FieldError::new(format!("{at}/legal_basis"), must));
            }
        }
        errors
    }

    fn wrong_credentials(&self, credentials: &Value) -> Vec<FieldError> {
        match read::<Credentials>(credentials) {
            Ok(credentials) => credentials.wrong(),
            Err(error) => vec![error],
        }
    }

    /// What the mapping leaves out is checked as well: SuperOffice's own keys can be gone from its lists.
    fn check(&self, lists: &Lists) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut want = |list: &str, key: &str, at: String| {
            if let Some(detail) = lists.misses(list, key) {
                errors.push(FieldError::new(at, detail));
            }
        };
        for (key, of) in &self.purposes {
            let at = format!("/purposes/{key}");
            want(PURPOSES, &of.purpose, format!("{at}/purpose"));
            let ground = of.legal_basis.as_deref();
            want(
                LEGAL_BASES,
                ground.unwrap_or("61A"),
                format!("{at}/legal_basis"),
            );
            for (index, id) in of.subscriptions.iter().enumerate() {
                let at = format!("{at}/subscriptions/{index}");
                want(SUBSCRIPTIONS, &id.to_string(), at);
            }
        }
        for source in Source::ALL {
            let word = serde_json::to_value(source).unwrap_or_default();
            let at = format!("/sources/{}", word.as_str().unwrap_or_default());
            want(SOURCES, self.source(Some(source)), at);
        }
        if let Some(field) = &self.subject_field {
            want(FIELDS, field, "/subject_field".to_owned());
        }
        errors
    }
}

/// Goes on if SuperOffice did as it was told; else what its answer means.
pub fn succeeded(answer: &Answer) -> Told<()> {
    if answer.is_success() {
        return Ok(());
    }
    let refusal: Value = answer.json().unwrap_or_default();
    let words = ["ErrorType", "ErrorMessage"].map(|name| text(&refusal, name));
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    Err(answer.failure(&words.join(": ")))
}

/// What SuperOffice answers. It is read name by name: a type for each would be a reader for each in the Worker.
fn read_answer(answer: &Answer) -> Told<Value> {
    succeeded(answer)?;
    answer.json()
}

/// The rows of an answer that is a list.
fn rows(answer: &Answer) -> Told<Vec<Value>> {
    match read_answer(answer)? {
        Value::Array(rows) => Ok(rows),
        _ => Err(answer.undocumented()),
    }
}

/// A text of an object; SuperOffice writes null for what it has not.
fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name].as_str().unwrap_or_default()
}

/// The letters are those of article 6(1) of the GDPR.
fn ground_key(basis: LegalBasis) -> &'static str {
    match basis {
        LegalBasis::Consent => "61A",
        LegalBasis::Contract => "61B",
        LegalBasis::LegalObligation => "61C",
        LegalBasis::VitalInterests => "61D",
        LegalBasis::PublicTask => "61E",
        LegalBasis::LegitimateInterests => "61F",
    }
}

/// SuperOffice has no source for a conversation by voice: it is what a user enters.
fn source_key(source: Option<Source>) -> &'static str {
    match source {
        Some(Source::WebForm | Source::HostedForm | Source::PreferenceCentre) => "WEBFORM",
        Some(Source::Chat) => "CHAT",
        Some(Source::EmailLink | Source::OneClick) => "EMAIL",
        Some(Source::Phone | Source::InPerson) => "USER",
        Some(Source::Import) => "IMPORT",
        Some(Source::Api) => "API",
        Some(Source::CustomerPortal) => "CUSTOMERPORTAL",
        Some(Source::Request) => "REQUEST",
        None => "UNKNOWN",
    }
}

fn skip() -> WhenUnknown {
    WhenUnknown::Skip
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connector::Item;

    fn settings(more: &Value) -> Settings {
        let mut settings =
            json!({"tenant": "Cust12345", "purposes": {"NEWS": {"purpose": "EMARKETING"}}});
        if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
            settings.extend(more.clone());
        }
        read(&settings).expect("settings")
    }

    fn lists() -> Lists {
        let of = |keys: &[&str]| keys.iter().map(|key| Item::new(*key, *key)).collect();
        Lists::default()
            .with(PURPOSES, of(&["STORE", "EMARKETING"]))
            .with(LEGAL_BASES, of(&["61A", "61F", "WITHDRAWN"]))
            .with(
                SOURCES,
                of(&[
                    "USER",
                    "EMAIL",
                    "REQUEST",
                    "CHAT",
                    "WEBFORM",
                    "CUSTOMERPORTAL",
                    "IMPORT",
                    "API",
                ]),
            )
            .with(SUBSCRIPTIONS, of(&["1", "2"]))
            .with(FIELDS, of(&["SuperOffice:7"]))
    }

    fn pointers(errors: &[FieldError]) -> Vec<&str> {
        errors.iter().map(|error| error.pointer.as_str()).collect()
    }

    #[test]
    fn what_superoffice_does_not_have_is_named_by_its_place_with_what_it_has() {
        assert_eq!(settings(&json!({})).check(&lists()), []);
        let wrong = settings(&json!({
            "purposes": {"NEWS": {"purpose": "NEWS", "legal_basis": "CONSENT", "subscriptions": [2, 9]}},
            "sources": {"phone": "PHONE"},
            "subject_field": "SuperOffice:8",
        }));
        let errors = wrong.check(&lists());
        assert_eq!(
            pointers(&errors),
            [
                "/purposes/NEWS/purpose",
                "/purposes/NEWS/legal_basis",
                "/purposes/NEWS/subscriptions/1",
                "/sources/phone",
                "/subject_field"
            ]
        );
        assert!(errors[0].detail.contains("STORE (STORE)"), "{errors:?}");
    }

    #[test]
    fn a_key_of_superoffices_own_that_is_gone_has_to_be_replaced_in_the_mapping() {
        let items = [
            "USER",
            "EMAIL",
            "REQUEST",
            "WEBFORM",
            "CUSTOMERPORTAL",
            "IMPORT",
            "API",
            "TALK",
        ];
        let lists = lists().with(SOURCES, items.map(|key| Item::new(key, key)).to_vec());
        assert_eq!(
            pointers(&settings(&json!({})).check(&lists)),
            ["/sources/chat"]
        );
        let mapped = settings(&json!({"sources": {"chat": "TALK"}}));
        assert_eq!(mapped.check(&lists), []);
    }

    #[test]
    fn two_purposes_share_no_consent_and_no_subscription() {
        let both = settings(&json!({
            "tenant": "../x",
            "subject_field": "a/b",
            "purposes": {
                "A": {"purpose": "EMARKETING", "subscriptions": [1]},
                "B": {"purpose": "EMARKETING", "subscriptions": [1], "legal_basis": "WITHDRAWN"},
            },
        }));
        assert_eq!(
            pointers(&both.wrong()),
            [
                "/tenant",
                "/subject_field",
                "/purposes/B/purpose",
                "/purposes/B/subscriptions",
                "/purposes/B/legal_basis"
            ]
        );
    }
}
