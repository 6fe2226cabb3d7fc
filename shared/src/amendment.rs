//! Amendments: one purpose or form of a site put in or taken away, the rest left as it is.
//!
//! The amended definition is checked as a whole, so that no amendment leads to a definition that could not be published at once.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    definition::{Form, Purpose, SiteDefinition, read},
    key::{FormKey, PurposeKey},
    problem::FieldError,
};

/// What still needs a purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// Forms that ask for it
    pub forms: Vec<FormKey>,
    /// Purposes that are a part of it
    pub parts: Vec<PurposeKey>,
}

impl SiteDefinition {
    /// The definition with this purpose in the place of the one of the same name, or as its last; and whether it is new.
    pub fn with_purpose(
        mut self,
        key: &PurposeKey,
        document: &Value,
    ) -> Result<(Self, bool), Vec<FieldError>> {
        let purpose: Purpose = read_item(key.as_str(), document)?;
        let known = self.purposes.iter().position(|known| known.key == *key);
        let index = put(&mut self.purposes, known, purpose);
        self.checked_at(&format!("/purposes/{index}"))?;
        Ok((self, known.is_none()))
    }

    /// The definition without this purpose; `Err` names what has to let go of it first.
    pub fn without_purpose(mut self, key: &PurposeKey) -> Result<Self, InUse> {
        let asking = self.forms.iter().filter(|form| form.purposes.contains(key));
        let parts = self.purposes.iter();
        let parts = parts.filter(|purpose| purpose.part_of.as_ref() == Some(key));
        let in_use = InUse {
            forms: asking.map(|form| form.key.clone()).collect(),
            parts: parts.map(|purpose| purpose.key.clone()).collect(),
        };
        if in_use.forms.is_empty() && in_use.parts.is_empty() {
            self.purposes.retain(|purpose| purpose.key != *key);
            Ok(self)
        } else {
            Err(in_use)
        }
    }

    /// The definition with this form in the place of the one of the same name, or as its last; and whether it is new.
    pub fn with_form(
        mut self,
        key: &FormKey,
        document: &Value,
    ) -> Result<(Self, bool), Vec<FieldError>> {
        let form: Form = read_item(key.as_str(), document)?;
        let known = self.forms.iter().position(|known| known.key == *key);
        let index = put(&mut self.forms, known, form);
        self.checked_at(&format!("/forms/{index}"))?;
        Ok((self, known.is_none()))
    }

    /// The definition without this form. Records that rest on its notices keep them.
    #[must_use]
    pub fn without_form(mut self, key: &FormKey) -> Self {
        self.forms.retain(|form| form.key != *key);
        self
    }

    /// What is wrong, pointed at from the item that was sent.
    fn checked_at(&self, item: &str) -> Result<(), Vec<FieldError>> {
        let errors = self.check();
        if errors.is_empty() {
            return Ok(());
        }
        let within = |error: FieldError| match error.pointer.strip_prefix(item) {
            Some(pointer) if pointer.is_empty() || pointer.starts_with('/') => {
                FieldError::new(pointer, error.detail)
            }
            _ => error,
        };
        Err(errors.into_iter().map(within).collect())
    }
}

/// Reads an item whose name stands in its address; in the document it may be left out, and must be the same.
fn read_item<T: DeserializeOwned>(key: &str, document: &Value) -> Result<T, Vec<FieldError>> {
    let mut document = document.clone();
    if let Some(fields) = document.as_object_mut() {
        let named = fields.entry("key").or_insert_with(|| json!(key));
        if *named != key {
            let must = format!("must be \"{key}\", as in the address; or leave it out");
            return Err(vec![FieldError::new("/key", must)]);
        }
    }
    read(&document)
}

fn put<T>(items: &mut Vec<T>, known: Option<usize>, item: T) -> usize {
    if let Some(index) = known {
        items[index] = item;
        index
    } else {
        items.push(item);
        items.len() - 1
    }
}
