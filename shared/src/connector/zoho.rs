//! Zoho CRM v8: the consent of a record (`Data_Processing_Basis_Details`), `Email_Opt_Out`, and fields of the marketer's own, on Leads
//! and Contacts.
//!
//! A record has one consent, so one purpose can be told there; any other gets fields of its own. What is written names the decision in a
//! field for remarks ([`Mark`](super::Mark)), and that is read back before anything is written: a yes that is older than a no is left
//! out, a no is always written. Spellings are Zoho's own, as they differ from tenant to tenant: the mapping names them, and set-up
//! compares them with the metadata of the fields. Zoho has no condition on a write; what changes between the reading and the writing,
//! some milliseconds, is overwritten.

mod data_center;
mod decision;
mod metadata;
mod query;
mod record;
mod refusal;
mod target;

pub use data_center::{DataCenter, Environment};
pub use decision::Write;
pub use metadata::{CONSENTS, Field, lists};
pub use query::{MOST, Match, found, query, surplus};
pub use record::{Record, record};
pub use refusal::{Granted, Written, granted, needs_token, succeeded, written};
pub use target::{Basis, ContactThrough, OwnField, Target};

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Change, Lists, Mapping, WhenSeveral, WhenUnknown, read};
use crate::{key::PurposeKey, problem::FieldError};

/// How Zoho CRM is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoSettings))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where Zoho keeps the organisation's data
    pub data_center: DataCenter,
    /// Which of its environments; `production` if it is left out
    #[serde(default)]
    pub environment: Environment,
    /// Stands for both the accounts server and the API, for tests
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The purposes that it is told of
    pub purposes: BTreeMap<PurposeKey, Target>,
    /// The modules that are searched; both if it is left out
    #[serde(default = "both")]
    pub modules: Vec<Module>,
    /// The fields that are searched for an address, the same in each module; `Email` if it is left out
    #[serde(default = "email")]
    pub email_fields: Vec<String>,
    /// What to do with a yes when several records have the address; `error` if it is left out. A no is told to all of them
    #[serde(default)]
    pub when_several: WhenSeveral,
    /// What to do with a yes when no record has it; `create` if it is left out
    #[serde(default = "create")]
    pub when_unknown: WhenUnknown,
    /// How a record is made
    #[serde(default)]
    pub create: Create,
    /// The API name of a text field, the same in each module, that gets Sayso's id of the person. Without it, nothing can be done in Zoho
    /// when somebody is erased
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_field: Option<String>,
    /// Whether what is written sets off Zoho's workflows
    #[serde(default)]
    pub workflows: bool,
}

/// The modules that have persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoModule))]
#[allow(missing_docs, reason = "they are Zoho's words")]
pub enum Module {
    Contacts,
    Leads,
}

/// How a record is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ZohoCreate))]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// In which module; `Leads` if it is left out
    #[serde(default = "leads")]
    pub module: Module,
    /// What else it gets, by API name: whatever Zoho requires there. `Last_Name` is the address unless it is named here
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub fields: Map<String, Value>,
}

/// What lets us in.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Of the client, from the API console
    pub client_id: String,
    /// Of the client
    pub client_secret: String,
    /// Got once with the client's grant token
    pub refresh_token: String,
}

impl Module {
    /// As the API names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Contacts => "Contacts",
            Self::Leads => "Leads",
        }
    }
}

impl Settings {
    /// What stands for the change's purpose.
    #[must_use]
    pub fn target(&self, change: &Change) -> Option<&Target> {
        self.purposes.get(change.purpose.as_ref()?)
    }

    /// Where tokens are given.
    #[must_use]
    pub fn accounts(&self) -> String {
        match &self.origin {
            Some(origin) => origin.trim_end_matches('/').to_owned(),
            None => self.data_center.accounts(),
        }
    }

    /// Where the API is. `answered` came with the token; it counts if it is a host of Zoho's, in production: for the other environments
    /// the accounts server names that of production all the same.
    #[must_use]
    pub fn api(&self, answered: Option<&str>) -> String {
        if let Some(origin) = &self.origin {
            return origin.trim_end_matches('/').to_owned();
        }
        let answered = answered.filter(|_| self.environment == Environment::Production);
        match answered.filter(|api| DataCenter::is_api(api)) {
            Some(api) => api.trim_end_matches('/').to_owned(),
            None => self.data_center.api(self.environment),
        }
    }
}

impl Mapping for Settings {
    fn origin(&self) -> String {
        self.api(None)
    }

    fn purposes(&self) -> Vec<PurposeKey> {
        self.purposes.keys().cloned().collect()
    }

    fn wants_requested(&self) -> bool {
        let mut bases = self.purposes.values().filter_map(|of| of.consent.as_ref());
        bases.any(|basis| basis.requested.is_some())
    }

    fn wrong(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut modules = self.modules.clone();
        modules.sort_unstable();
        modules.dedup();
        if self.modules.is_empty() || modules.len() < self.modules.len() {
            errors.push(FieldError::new(
                "/modules",
                "must be Contacts, Leads or both",
            ));
        }
        if self.when_unknown == WhenUnknown::Create && !self.modules.contains(&self.create.module) {
            let must = "must be one of the modules that are searched";
            errors.push(FieldError::new("/create/module", must));
        }
        if !(1..=3).contains(&self.email_fields.len()) {
            let must = "must be one, two or three fields";
            errors.push(FieldError::new("/email_fields", must));
        }
        // They stand in queries: an API name has letters, digits and _ only.
        for (index, name) in self.email_fields.iter().enumerate() {
            errors.extend(unlike_a_name(name, format!("/email_fields/{index}")));
        }
        if let Some(name) = &self.subject_field {
            errors.extend(unlike_a_name(name, "/subject_field".to_owned()));
        }
        let mut told = (false, false);
        for (purpose, of) in &self.purposes {
            let wrong = of.wrong().into_iter();
            errors.extend(wrong.map(|error| error.within(&format!("/purposes/{purpose}"))));
            if of.consent.is_some() && std::mem::replace(&mut told.0, true) {
                let must = "must be at one purpose only: a record has one consent. Give this purpose a field of its own";
                errors.push(FieldError::new(
                    format!("/purposes/{purpose}/consent"),
                    must,
                ));
            }
            if of.opts_out() && std::mem::replace(&mut told.1, true) {
                let must = "must be true for one purpose only: it stops all e-mail of the record";
                let pointer = format!("/purposes/{purpose}/email_opt_out");
                errors.push(FieldError::new(pointer, must));
            }
        }
        errors
    }

    fn wrong_credentials(&self, credentials: &Value) -> Vec<FieldError> {
        let credentials = match read::<Credentials>(credentials) {
            Ok(credentials) => credentials,
            Err(error) => return vec![error],
        };
        let all = [
            ("/client_id", &credentials.client_id),
            ("/client_secret", &credentials.client_secret),
            ("/refresh_token", &credentials.refresh_token),
        ];
        let is_wrong = |text: &str| text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic());
        let wrong = all.into_iter().filter(|(_, text)| is_wrong(text));
        wrong
            .map(|(pointer, _)| FieldError::new(pointer, "must be as Zoho's API console gave it"))
            .collect()
    }

    fn check(&self, lists: &Lists) -> Vec<FieldError> {
        metadata::check(self, lists)
    }
}

impl Default for Create {
    fn default() -> Self {
        Self {
            module: leads(),
            fields: Map::new(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

fn unlike_a_name(name: &str, pointer: String) -> Option<FieldError> {
    let is_name = !name.is_empty()
        && name.len() <= 100
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let must = "must be the API name of a field: letters, digits and _";
    (!is_name).then(|| FieldError::new(pointer, must))
}

fn both() -> Vec<Module> {
    vec![Module::Contacts, Module::Leads]
}

fn email() -> Vec<String> {
    vec!["Email".to_owned()]
}

fn leads() -> Module {
    Module::Leads
}

fn create() -> WhenUnknown {
    WhenUnknown::Create
}

#[cfg(test)]
mod set_up_tests;
#[cfg(test)]
mod tests;
