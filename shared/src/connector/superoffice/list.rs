//! SuperOffice's own lists, by what we call them: what a mapping may name. What is deleted or not in use may not.

use serde::Deserialize;
use serde_json::Value;

use super::{or_nothing, succeeded};
use crate::connector::{Answer, Item, Told};

/// What the consent purposes are called here.
pub const PURPOSES: &str = "purposes";

/// What the legal bases are called here.
pub const LEGAL_BASES: &str = "legal_bases";

/// What the sources of consent are called here.
pub const SOURCES: &str = "sources";

/// What the subscription types are called here.
pub const SUBSCRIPTIONS: &str = "subscriptions";

/// What the user-defined fields of persons are called here.
pub const FIELDS: &str = "fields";

/// An item of `List/{name}/Items`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default, deserialize_with = "or_nothing")]
    key: String,
    #[serde(default, deserialize_with = "or_nothing")]
    name: String,
    #[serde(default)]
    deleted: bool,
    /// A number, of consent purposes only
    #[serde(default)]
    active: Value,
}

/// An item of an `MDOList`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Choice {
    id: u32,
    #[serde(default, deserialize_with = "or_nothing")]
    name: String,
    #[serde(default)]
    deleted: bool,
}

/// A field of `Person/CustomField`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Field {
    #[serde(rename = "FieldName")]
    prog_id: String,
    #[serde(default, deserialize_with = "or_nothing")]
    display_name: String,
    #[serde(default)]
    is_read_only: bool,
}

/// The items of purposes, legal bases or sources, by key.
pub fn items(answer: &Answer) -> Told<Vec<Item>> {
    succeeded(answer)?;
    let entries: Vec<Entry> = answer.json()?;
    let is_off = |active: &Value| *active == Value::Bool(false) || active.as_i64() == Some(0);
    let used = entries
        .into_iter()
        .filter(|entry| !entry.deleted && !entry.key.is_empty() && !is_off(&entry.active));
    Ok(used.map(|entry| Item::new(entry.key, entry.name)).collect())
}

/// The subscription types, by id. The first of them, 0, stands for none.
pub fn subscription_types(answer: &Answer) -> Told<Vec<Item>> {
    succeeded(answer)?;
    let choices: Vec<Choice> = answer.json()?;
    let used = choices
        .into_iter()
        .filter(|choice| choice.id != 0 && !choice.deleted);
    Ok(used
        .map(|choice| Item::new(choice.id.to_string(), choice.name))
        .collect())
}

/// The user-defined fields, by prog id. Extra fields, `x_…`, are searched in another way and are none.
pub fn fields(answer: &Answer) -> Told<Vec<Item>> {
    succeeded(answer)?;
    let fields: Vec<Field> = answer.json()?;
    let ours = fields
        .into_iter()
        .filter(|field| !field.is_read_only && !field.prog_id.starts_with("x_"));
    Ok(ours
        .map(|field| Item::new(field.prog_id, field.display_name))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_or_not_in_use_is_nothing_to_choose() {
        let listed = r#"[
            {"ConsentPurposeId": 1, "Name": "Sales and service", "Key": "STORE", "Active": 1, "Deleted": false},
            {"ConsentPurposeId": 2, "Name": "E-marketing", "Key": "EMARKETING", "Active": 0, "Deleted": false},
            {"ConsentPurposeId": 3, "Name": "Gone", "Key": "GONE", "Active": 1, "Deleted": true},
            {"ConsentPurposeId": 4, "Name": null, "Key": null}
        ]"#;
        let items = items(&Answer::new(200, listed)).expect("a list");
        assert_eq!(items, [Item::new("STORE", "Sales and service")]);

        let listed = r#"[{"Id": 0, "Name": "(Unspecified)"}, {"Id": 2, "Name": "News", "Deleted": false}, {"Id": 3, "Name": "Old", "Deleted": true}]"#;
        let items = subscription_types(&Answer::new(200, listed)).expect("a list");
        assert_eq!(items, [Item::new("2", "News")]);

        let listed = r#"[{"FieldName": "SuperOffice:7", "DisplayName": "Sayso", "IsReadOnly": false}, {"FieldName": "x_extra", "DisplayName": "Extra"}]"#;
        let items = fields(&Answer::new(200, listed)).expect("a list");
        assert_eq!(items, [Item::new("SuperOffice:7", "Sayso")]);
    }
}
