//! The lists of a customer.

use serde_json::{Value, json};

use super::answer;
use crate::crm::{Asked, Documented};

/// The prog id of the field that was made for Sayso's id.
pub const FIELD: &str = "SuperOffice:7";

/// The subscription type of news.
pub const NEWS: u32 = 2;

/// Ids, keys and names of the lists.
pub(super) const PURPOSES: [(&str, &str); 2] = [
    ("STORE", "Sales and service"),
    ("EMARKETING", "E-marketing"),
];
pub(super) const BASES: [(&str, &str); 7] = [
    ("61A", "Consent"),
    ("61B", "Contract"),
    ("61C", "Required by law"),
    ("61D", "Protect vital interests"),
    ("61E", "Public interest"),
    ("61F", "Legitimate interest"),
    ("WITHDRAWN", "Withdrawn"),
];
pub(super) const SOURCES: [(&str, &str); 9] = [
    ("USER", "Created by user"),
    ("EMAIL", "E-mail"),
    ("REQUEST", "Incoming request"),
    ("CHAT", "Chat"),
    ("WEBFORM", "Web form"),
    ("CUSTOMERPORTAL", "Customer portal"),
    ("IMPORT", "Import"),
    ("API", "Other integration"),
    ("UNKNOWN", "Unknown"),
];
pub(super) const SUBSCRIPTIONS: [(u32, &str); 5] = [
    (0, "(Unspecified)"),
    (1, "Invitations"),
    (NEWS, "News"),
    (3, "Promotions"),
    (4, "Urgent messages"),
];

pub(super) fn items(asked: &Asked, list: &str) -> Documented {
    asked.has_query(&[])?;
    asked.has_no_body()?;
    let items: &[(&str, &str)] = match list {
        "ConsentPurpose" => &PURPOSES,
        "LegalBase" => &BASES,
        "ConsentSource" => &SOURCES,
        _ => return Err(asked.undocumented("a list that is not there")),
    };
    let mut all: Vec<Value> = Vec::new();
    for (id, (key, name)) in (1..).zip(items) {
        let mut item =
            json!({"Name": name, "Tooltip": "", "Key": key, "Rank": id, "Deleted": false});
        item[format!("{list}Id")] = json!(id);
        if list == "ConsentPurpose" {
            item["Active"] = json!(1);
        }
        all.push(item);
    }
    if list == "ConsentPurpose" {
        let mut unused = all[0].clone();
        (unused["Key"], unused["Name"], unused["Active"]) = (json!("OLD"), json!("Old"), json!(0));
        all.push(unused);
    }
    Ok(answer(200, &all.into()))
}

/// The list, or that of a person, which has not the first.
pub(super) fn subscriptions(of: Option<&[u32]>) -> Value {
    let all = SUBSCRIPTIONS.iter().skip(usize::from(of.is_some()));
    let item = |(id, name): &(u32, &str)| {
        let mut item = json!({"Id": id, "Name": name, "ToolTip": "", "Deleted": false, "Rank": id, "ChildItems": null});
        if let Some(selected) = of {
            item["Selected"] = json!(selected.contains(id));
        }
        item
    };
    all.map(item).collect()
}

pub(super) fn custom_fields(asked: &Asked) -> Documented {
    asked.has_query(&[])?;
    asked.has_no_body()?;
    let field = |name: &str, label: &str| json!({"FieldType": "ShortText", "FieldName": name, "DisplayName": label, "IsReadOnly": false, "IsIndexed": true});
    let fields = [
        field(FIELD, "Sayso"),
        field("SuperOffice:8", "Number"),
        field("x_extra", "Extra"),
    ];
    Ok(answer(200, &json!(fields)))
}
