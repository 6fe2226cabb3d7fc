//! Records: a Lead or a Contact as Zoho has it, of which little is looked at.

use serde_json::{Map, Value};

use super::{CONSENTS, query::rows, succeeded};
use crate::{
    connector::{Answer, Told},
    time::Timestamp,
};

/// The fields of a record, or of its consent. It has no `Debug`: it names a person.
#[derive(Clone, Default, PartialEq)]
pub struct Record(Map<String, Value>);

impl Record {
    /// Whether a lead was converted: it can be changed no more, and a contact stands for it.
    #[must_use]
    pub fn is_converted(&self) -> bool {
        self.flag("$converted") == Some(true)
    }

    /// The text of a field; none where it is empty.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str()
    }

    /// Whether a check box is ticked; none where it is not there.
    pub(super) fn flag(&self, field: &str) -> Option<bool> {
        self.0.get(field)?.as_bool()
    }

    /// The moment that a field has.
    pub(super) fn at(&self, field: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(field)?).ok()
    }

    /// The consent of the record; without GDPR compliance there is none.
    pub(super) fn consent(&self) -> Option<Self> {
        self.0.get(CONSENTS)?.as_object().cloned().map(Self)
    }

    /// Whether a field has a value.
    pub(super) fn has(&self, field: &str, value: &Value) -> bool {
        self.0.get(field) == Some(value)
    }
}

/// The record that was read; nothing if it is gone.
pub fn record(answer: &Answer) -> Told<Option<Record>> {
    if matches!(answer.status, 204 | 404) {
        return Ok(None);
    }
    succeeded(answer)?;
    let body: Value = answer.json()?;
    let row = rows(&body).first().and_then(Value::as_object);
    Ok(row.cloned().map(Record))
}
