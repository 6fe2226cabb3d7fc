//! What PerfectView answers, and what it means.

use super::{
    super::{
        Answer, Change, Item, Lists, Told, Verdict,
        soap::{self, Node},
    },
    FIELDS, MARKS, PERSON_TYPES, Person, SubjectField, TYPES,
};
use crate::time::Timestamp;

/// The result of a call: refused where it says that it did not succeed.
pub fn result(answer: &Answer) -> Told<Node> {
    let response = soap::answered(answer)?;
    let mut results = response.children_whose_name_ends("Result");
    let undocumented = || Verdict::TryLater {
        retry_after: None,
        words: "PerfectView answered with something that is not documented.".to_owned(),
    };
    let result = results.next().ok_or_else(undocumented)?;
    if result.get("Succeeded").eq_ignore_ascii_case("false") {
        let parts = ["Code", "Number", "Description", "ErrorInformation"];
        let words: Vec<&str> = parts.into_iter().map(|part| result.get(part)).collect();
        let words = words.into_iter().filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        return Err(Verdict::refused(format!(
            "PerfectView: {}",
            words.join(", ")
        )));
    }
    if !result.get("Succeeded").eq_ignore_ascii_case("true") {
        return Err(undocumented());
    }
    Ok(result.clone())
}

/// The persons of a search, newest first, without those that are found as employees of something: they are found as themselves too.
#[must_use]
pub fn persons(result: &Node) -> Vec<Person> {
    let mut found: Vec<&Node> = relationships(result).filter(|one| is_person(one)).collect();
    found.sort_by(|one, other| made_at(other).cmp(made_at(one)));
    found.into_iter().map(person).collect()
}

/// What else a search found: the same people as employees of something, and organisations. Each has marks of its own.
#[must_use]
pub fn others(result: &Node) -> Vec<Person> {
    let found = relationships(result).filter(|one| !is_person(one));
    found.map(person).collect()
}

fn relationships(result: &Node) -> impl Iterator<Item = &Node> {
    let found = result.child("Relationships").into_iter();
    found.flat_map(|found| found.all("PvRelationshipData"))
}

fn is_person(relationship: &Node) -> bool {
    relationship.get("IsEmployee") != "true" && relationship.get("IsOrganisation") != "true"
}

/// `2027-01-15T08:00:00`, which sorts as it stands.
fn made_at(relationship: &Node) -> &str {
    let audit = relationship.child("AuditData");
    audit.map_or("", |audit| audit.get("CreatedAt"))
}

/// The ids of those who have Sayso's id of this person indeed.
#[must_use]
pub fn with_subject(result: &Node, by: &SubjectField, change: &Change) -> Vec<String> {
    let wanted = change.subject.to_string();
    let Some(found) = result.child("Relations") else {
        return Vec::new();
    };
    let found = found.all("PvRelationData");
    let found = found.filter(|one| field(one, &by.field).eq_ignore_ascii_case(&wanted));
    found.map(|one| one.get("Id").to_owned()).collect()
}

/// Whether the field that says when the person decided names a later moment than this change.
#[must_use]
pub fn has_newer(result: &Node, decided_at: &str, change: &Change) -> bool {
    let relation = result.child("Relation");
    let known = relation.map_or("", |relation| field(relation, decided_at));
    Timestamp::parse(known).is_ok_and(|known| known > change.decided_at)
}

/// The value of a field of a relation.
fn field<'n>(relation: &'n Node, id: &str) -> &'n str {
    let values = relation.child("FieldValues");
    let values = values.and_then(|values| values.child("Items"));
    let value = values.and_then(|values| {
        let mut values = values.all("PvFieldValueData");
        values.find(|value| value.get("Id").eq_ignore_ascii_case(id))
    });
    value.map_or("", |value| value.get("Value"))
}

/// The person that was made.
#[must_use]
pub fn made(result: &Node) -> Option<Person> {
    result.child("Relationship").map(person)
}

fn person(relationship: &Node) -> Person {
    Person {
        relationship: relationship.get("Id").to_owned(),
        relation: relationship.get("ChildRelationId").to_owned(),
    }
}

/// Whether a person has this mark.
#[must_use]
pub fn has_mark(result: &Node, mark: &str) -> bool {
    let marks = result.child("RelationshipMarks");
    marks.is_some_and(|marks| {
        let mut marks = marks.all("PvRelationshipMarkData");
        marks.any(|known| known.get("MarkId").eq_ignore_ascii_case(mark))
    })
}

/// Whether a person has this note.
#[must_use]
pub fn has_note(result: &Node, text: &str) -> bool {
    let notes = result.child("Notes");
    let text = text.trim();
    notes.is_some_and(|notes| notes.all("PvNoteData").any(|note| note.get("Text") == text))
}

/// What can be chosen: marks, fields, and what a person and its relationship can be.
#[must_use]
pub fn lists(marks: &Node, fields: &Node, types: &Node) -> Lists {
    let marks = items(marks, "Marks", "PvMarkData", |mark| {
        let name = format!("{}: {}", mark.get("Category"), mark.get("Name"));
        (mark.get("IsInactive") != "true").then_some(name)
    });
    let fields = items(fields, "Fields", "PvFieldData", |field| {
        let is_free = field.get("IsReadOnly") != "true";
        is_free.then(|| field.get("Label").to_owned())
    });
    let name = |kind: &Node| kind.get("DescriptionSingular").to_owned();
    let persons = items(types, "EntityTypes", "PvEntityTypeData", |kind| {
        (kind.get("BaseRelationType") == "Person").then(|| name(kind))
    });
    let types = items(types, "EntityTypes", "PvEntityTypeData", |kind| {
        Some(name(kind))
    });
    Lists::default()
        .with(MARKS, marks)
        .with(FIELDS, fields)
        .with(PERSON_TYPES, persons)
        .with(TYPES, types)
}

fn items(
    result: &Node,
    list: &str,
    each: &str,
    name: impl Fn(&Node) -> Option<String>,
) -> Vec<Item> {
    let list = result.child(list).cloned().unwrap_or_default();
    let items = list.all(each);
    let items = items.filter_map(|item| Some(Item::new(item.get("Id"), name(item)?)));
    items.collect()
}
