//! Queries: the records of an address or of a person, asked in COQL.
//!
//! Zoho's search finds what was written some time ago; a no that follows a yes at once would find nobody and be lost. COQL reads what is
//! there now, and its address stands in a body instead of a URL. Zoho does not document how a quotation mark is written in COQL, so an
//! address with one is searched instead.

use serde_json::{Value, json};

use super::{Module, succeeded};
use crate::{
    connector::{Answer, Told, Verdict},
    time::Timestamp,
};

/// How many records of one address are told at most, in each module.
pub const MOST: usize = 20;

/// A record that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Where
    pub module: Module,
    /// Its id: digits
    pub id: String,
    /// When Zoho made it
    pub created_at: Option<Timestamp>,
}

/// The body of a query for the records whose `fields` have one of `values`; nothing where a value cannot be written in COQL.
#[must_use]
pub fn query(module: Module, fields: &[String], values: &[&str]) -> Option<Value> {
    let is_writable =
        |value: &&str| !value.contains(['\'', '"', '\\']) && !value.contains(char::is_control);
    if !values.iter().all(is_writable) {
        return None;
    }
    let values: Vec<_> = values.iter().map(|value| format!("'{value}'")).collect();
    let values = values.join(", ");
    let mut clauses = fields.iter().map(|field| format!("{field} in ({values})"));
    let first = clauses.next()?;
    // COQL wants two things in each pair of brackets.
    let clause = clauses.fold(first, |one, other| format!("({one} or {other})"));
    let module = module.name();
    Some(json!({
        "select_query": format!("select id, Created_Time from {module} where {clause} order by Created_Time desc limit {MOST}"),
    }))
}

/// The refusal that is due because there are more records than were found: a yes is told to none of them, a no to those that were.
#[must_use]
pub fn surplus(module: Module, answer: &Answer) -> Option<Verdict> {
    let body: Value = answer.json().ok()?;
    let has_more = body.pointer("/info/more_records") == Some(&Value::Bool(true));
    has_more.then(|| {
        let module = module.name();
        Verdict::refused(format!(
            "More than {MOST} records of {module} have this address: merge them in Zoho."
        ))
    })
}

/// What a query or a search found: 204 is nothing.
pub fn found(module: Module, answer: &Answer) -> Told<Vec<Match>> {
    succeeded(answer)?;
    if answer.status == 204 {
        return Ok(Vec::new());
    }
    let body: Value = answer.json()?;
    let matches = rows(&body).iter().map(|row| {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        let id = text("id")?;
        let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        is_id.then(|| Match {
            module,
            id: id.to_owned(),
            created_at: text("Created_Time").and_then(|at| Timestamp::parse(at).ok()),
        })
    });
    let matches: Option<Vec<_>> = matches.collect();
    matches.ok_or_else(|| Verdict::TryLater {
        retry_after: None,
        words: "Zoho named a record by something that is no id.".to_owned(),
    })
}

/// What an answer has in `data`; nothing where it has none.
pub(super) fn rows(body: &Value) -> &[Value] {
    let rows = body.get("data").and_then(Value::as_array);
    rows.map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_each_field_and_nothing_that_it_cannot_write() {
        let fields = ["Email".to_owned(), "Secondary_Email".to_owned()];
        let asked = query(Module::Leads, &fields, &["Ada@x.org", "ada@x.org"]).expect("a query");
        assert_eq!(
            asked["select_query"],
            "select id, Created_Time from Leads where (Email in ('Ada@x.org', 'ada@x.org') or Secondary_Email in ('Ada@x.org', 'ada@x.org')) order by Created_Time desc limit 20"
        );
        assert_eq!(query(Module::Leads, &fields, &["o'brien@x.org"]), None);
    }

    #[test]
    fn nothing_found_is_204_and_too_many_are_said() {
        assert_eq!(found(Module::Leads, &Answer::new(204, "")), Ok(Vec::new()));
        let many = r#"{"data": [{"id": "7"}], "info": {"count": 1, "more_records": true}}"#;
        let many = Answer::new(200, many);
        assert_eq!(found(Module::Leads, &many).map(|found| found.len()), Ok(1));
        let verdict = surplus(Module::Leads, &many).expect("too many");
        assert_eq!(verdict.status(), Some(422));
        assert_eq!(surplus(Module::Leads, &Answer::new(204, "")), None);
        let odd = r#"{"data": [{"id": "../7"}]}"#;
        let verdict = found(Module::Leads, &Answer::new(200, odd)).expect_err("no id");
        assert_eq!(verdict.status(), Some(503));
    }
}
