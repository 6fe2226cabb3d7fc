//! Processing: what a receipt has to say of a controller and its keeping of data, besides the words of a notice.
//!
//! An operator who leaves something out has not stated it, and that is what receipts then say; nothing is made up.

use serde::{Deserialize, Serialize};

use crate::problem::FieldError;

/// What receipts say where the operator said nothing.
pub const NOT_STATED: &str = "not stated here: see the privacy notice";

/// The controller and its keeping of data, as the operator states it. Everything may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Processing {
    /// Postal address of the controller
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its country, ISO 3166-1: `NL`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Its telephone number
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whose law applies, where it is not that of the country: `EU`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
    /// Where the data are kept
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_locations: Option<Vec<String>>,
    /// Who else gets them; an empty list says that nobody does
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Vec<String>>,
}

impl Processing {
    /// Whether nothing is stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All that is wrong.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let lines = [
            ("address", &self.address),
            ("phone", &self.phone),
            ("jurisdiction", &self.jurisdiction),
        ];
        let lines = lines
            .into_iter()
            .filter_map(|(name, line)| Some((name.to_owned(), line.as_deref()?)));
        let lists = [
            ("storage_locations", &self.storage_locations),
            ("recipients", &self.recipients),
        ];
        let lists = lists.into_iter().flat_map(|(name, list)| {
            let items = list.iter().flatten().enumerate();
            items.map(move |(index, line)| (format!("{name}/{index}"), line.as_str()))
        });
        let mut errors: Vec<FieldError> = lines
            .chain(lists)
            .filter(|(_, line)| !is_a_line(line))
            .map(|(name, _)| wrong(&name, "must be one line of 1 to 200 bytes"))
            .collect();
        if self
            .country
            .as_deref()
            .is_some_and(|code| !is_country(code))
        {
            errors.push(wrong("country", "must be a code of ISO 3166-1 such as NL"));
        }
        errors
    }

    /// Whose law applies.
    #[must_use]
    pub fn jurisdiction(&self) -> String {
        let stated = self.jurisdiction.as_ref().or(self.country.as_ref());
        stated.cloned().unwrap_or_else(not_stated)
    }

    /// Where the data are kept.
    #[must_use]
    pub fn storage_locations(&self) -> Vec<String> {
        let stated = self
            .storage_locations
            .clone()
            .filter(|list| !list.is_empty());
        stated.unwrap_or_else(|| vec![not_stated()])
    }

    /// Who else gets them.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        self.recipients
            .clone()
            .unwrap_or_else(|| vec![not_stated()])
    }
}

/// What is said where nothing was stated.
#[must_use]
pub fn not_stated() -> String {
    NOT_STATED.to_owned()
}

fn wrong(name: &str, must: &str) -> FieldError {
    FieldError::new(format!("/processing/{name}"), must)
}

fn is_a_line(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= 200 && !text.chars().any(char::is_control)
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_not_made_up() {
        let nothing = Processing::default();
        assert!(nothing.check().is_empty());
        assert_eq!(nothing.jurisdiction(), NOT_STATED);
        assert_eq!(nothing.recipients(), [NOT_STATED]);
        let nobody = Processing {
            recipients: Some(Vec::new()),
            country: Some("NL".to_owned()),
            ..Processing::default()
        };
        assert!(nobody.recipients().is_empty());
        assert_eq!(nobody.jurisdiction(), "NL");
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let wrong = Processing {
            address: Some("two\nlines".to_owned()),
            country: Some("Nederland".to_owned()),
            recipients: Some(vec!["Post".to_owned(), " ".to_owned()]),
            ..Processing::default()
        };
        let pointers: Vec<String> = wrong.check().into_iter().map(|each| each.pointer).collect();
        let expected = [
            "/processing/address",
            "/processing/recipients/1",
            "/processing/country",
        ];
        assert_eq!(pointers, expected);
    }
}
