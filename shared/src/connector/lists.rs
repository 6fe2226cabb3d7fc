//! Lists: what a CRM itself has to choose from, read at set-up, so that a mapping names nothing that is not there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many items of a list a refusal names.
const NAMED: usize = 20;

/// The CRM's own lists, by what we call them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lists(pub BTreeMap<String, Vec<Item>>);

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Item {
    /// What the mapping names
    pub key: String,
    /// What people see in the CRM
    pub name: String,
}

impl Item {
    /// One.
    #[must_use]
    pub fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        let (key, name) = (key.into(), name.into());
        Self { key, name }
    }
}

impl Lists {
    /// With one list more.
    #[must_use]
    pub fn with(mut self, list: &str, items: Vec<Item>) -> Self {
        self.0.insert(list.to_owned(), items);
        self
    }

    /// What is wrong with `key`, if the CRM's list does not have it: what it must be, with what there is.
    #[must_use]
    pub fn misses(&self, list: &str, key: &str) -> Option<String> {
        let items = self.0.get(list).map(Vec::as_slice).unwrap_or_default();
        if items.iter().any(|item| item.key == key) {
            return None;
        }
        if items.is_empty() {
            return Some(format!("the CRM has nothing in its list of {list}"));
        }
        let named = items.iter().take(NAMED);
        let named: Vec<_> = named
            .map(|item| format!("{} ({})", item.key, item.name))
            .collect();
        let more = if items.len() > NAMED { ", …" } else { "" };
        Some(format!(
            "must be one that the CRM has: {}{more}",
            named.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_crm_does_not_have_is_refused_with_what_it_has() {
        let lists = Lists::default().with(
            "lists",
            vec![Item::new("1", "News"), Item::new("2", "Offers")],
        );
        assert_eq!(lists.misses("lists", "1"), None);
        let said = lists.misses("lists", "7").expect("a refusal");
        assert_eq!(said, "must be one that the CRM has: 1 (News), 2 (Offers)");
        assert!(lists.misses("sources", "1").is_some());
    }
}
