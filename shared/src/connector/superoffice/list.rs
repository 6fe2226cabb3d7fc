//! SuperOffice's own lists, by what we call them: what a mapping may name. What is deleted or not in use may not.

use serde_json::Value;

use super::{rows, text};
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

/// The items of `List/{name}/Items`: purposes, legal bases or sources, by key.
pub fn items(answer: &Answer) -> Told<Vec<Item>> {
    let rows = rows(answer)?.into_iter();
    // A number, of consent purposes only.
    let is_off = |row: &Value| row["Active"] == false || row["Active"] == 0;
    let used = rows.filter(|row| !is_deleted(row) && !is_off(row) && !text(row, "Key").is_empty());
    Ok(used
        .map(|row| Item::new(text(&row, "Key"), text(&row, "Name")))
        .collect())
}

/// The subscription types, an `MDOList`, by id. The first of them, 0, stands for none.
pub fn subscription_types(answer: &Answer) -> Told<Vec<Item>> {
    let rows = rows(answer)?.into_iter();
    let used = rows.filter(|row| !is_deleted(row) && row["Id"] != 0);
    Ok(used
        .map(|row| Item::new(row["Id"].to_string(), text(&row, "Name")))
        .collect())
}

/// The user-defined fields of `Person/CustomField`, by prog id. Extra fields, `x_…`, are searched in another way and are none.
pub fn fields(answer: &Answer) -> Told<Vec<Item>> {
    let rows = rows(answer)?.into_iter();
    let ours =
        rows.filter(|row| row["IsReadOnly"] != true && !text(row, "FieldName").starts_with("x_"));
    Ok(ours
        .map(|row| Item::new(text(&row, "FieldName"), text(&row, "DisplayName")))
        .collect())
}

fn is_deleted(row: &Value) -> bool {
    row["Deleted"] == true
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
