//! Reading a JSON object so that all that is wrong with it is said at once.
//!
//! A derived `Deserialize` stops at the first mistake. A person who mends a form wants to see them all.

use std::fmt::Display;

use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use crate::problem::FieldError;

/// One object that is being read: what was asked of it, and what was wrong.
pub struct Fields<'v> {
    object: &'v Map<String, Value>,
    pointer: String,
    asked: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl<'v> Fields<'v> {
    /// Begins with the whole document.
    pub fn of(document: &'v Value) -> Result<Self, Vec<FieldError>> {
        Self::at(document, String::new()).map_err(|error| vec![error])
    }

    fn at(value: &'v Value, pointer: String) -> Result<Self, FieldError> {
        match value {
            Value::Object(object) => Ok(Self {
                object,
                pointer,
                asked: Vec::new(),
                errors: Vec::new(),
            }),
            _ => Err(FieldError::new(pointer, "must be an object")),
        }
    }

    /// A field that must be there.
    pub fn required<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'v Value) -> Result<T, E>,
    ) -> Option<T> {
        if self.object.get(name).is_none_or(Value::is_null) {
            self.wrong(name, "is missing");
        }
        self.optional(name, parse)
    }

    /// A field that may be left out; `null` is the same as left out.
    pub fn optional<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'v Value) -> Result<T, E>,
    ) -> Option<T> {
        self.asked.push(name);
        let value = self.object.get(name)?;
        if value.is_null() {
            return None;
        }
        parse(value).map_err(|error| self.wrong(name, error)).ok()
    }

    /// An object within the object.
    pub fn nested<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'v>) -> Option<T>,
    ) -> Option<T> {
        self.asked.push(name);
        let Some(value) = self.object.get(name) else {
            self.wrong(name, "is missing");
            return None;
        };
        match Self::at(value, format!("{}/{name}", self.pointer)) {
            Ok(mut inner) => {
                let read = read(&mut inner);
                self.errors.append(&mut inner.finish());
                read
            }
            Err(error) => {
                self.errors.push(error);
                None
            }
        }
    }

    /// An object within the object that may be left out; `null` is the same as left out.
    pub fn optional_nested<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'v>) -> Option<T>,
    ) -> Option<T> {
        if self.object.get(name).is_none_or(Value::is_null) {
            self.asked.push(name);
            return None;
        }
        self.nested(name, read)
    }

    /// Whether something was found wrong with a field by now.
    #[must_use]
    pub fn is_wrong_about(&self, name: &str) -> bool {
        let field = format!("{}/{}", self.pointer, escaped(name));
        let within = |pointer: &str| {
            pointer
                .strip_prefix(&field)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.errors.iter().any(|error| within(&error.pointer))
    }

    /// Notes that a field is wrong.
    pub fn wrong(&mut self, name: &str, detail: impl Display) {
        self.errors.push(FieldError::new(
            format!("{}/{}", self.pointer, escaped(name)),
            detail.to_string(),
        ));
    }

    /// Notes that an item of a field is wrong.
    pub fn wrong_within(&mut self, name: &str, item: &str, detail: impl Display) {
        let pointer = format!("{}/{}/{}", self.pointer, escaped(name), escaped(item));
        self.errors
            .push(FieldError::new(pointer, detail.to_string()));
    }

    /// Everything that was wrong, fields that nobody asked for among it.
    #[must_use]
    pub fn finish(mut self) -> Vec<FieldError> {
        let unknown: Vec<&String> = self
            .object
            .keys()
            .filter(|name| !self.asked.contains(&name.as_str()))
            .collect();
        for name in unknown {
            self.wrong(
                name,
                "is not a known field; check its spelling or leave it out",
            );
        }
        self.errors
    }
}

/// A name as a JSON pointer writes it (RFC 6901 section 3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Where a derived `Deserialize` stopped, and why.
#[must_use]
pub fn stopped_at(error: serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let pointer = error
        .path()
        .iter()
        .fold(String::new(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } => format!("{pointer}/{}", escaped(key)),
            Segment::Enum { variant } => format!("{pointer}/{}", escaped(variant)),
            Segment::Unknown => pointer,
        });
    FieldError::new(pointer, error.into_inner().to_string())
}

/// The value as text of at most `longest` bytes, without control characters.
pub fn text(value: &Value, longest: usize) -> Result<&str, String> {
    match value.as_str() {
        None => Err("must be a text".to_owned()),
        Some(text) if text.len() > longest => Err(format!("must be at most {longest} bytes")),
        Some(text) if text.chars().any(char::is_control) => {
            Err("must not have control characters".to_owned())
        }
        Some(text) => Ok(text),
    }
}
