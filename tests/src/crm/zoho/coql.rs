//! COQL, as much of it as its page shows: `select` of named columns, `in`, one pair of brackets around two clauses.

/// A query that was understood.
pub(super) struct Query<'a> {
    pub(super) module: &'a str,
    pub(super) fields: Vec<&'a str>,
    pub(super) values: Vec<&'a str>,
    pub(super) limit: usize,
}

/// Reads a query, or nothing of what its page does not show.
pub(super) fn parse(text: &str) -> Option<Query<'_>> {
    let rest = text.strip_prefix("select id, Created_Time from ")?;
    let (module, rest) = rest.split_once(" where ")?;
    let (clause, limit) = rest.split_once(" order by Created_Time desc limit ")?;
    let limit = limit
        .parse()
        .ok()
        .filter(|limit| (1..=200).contains(limit))?;
    if !["Contacts", "Leads"].contains(&module) {
        return None;
    }
    let clauses = match clause.strip_prefix('(') {
        Some(clause) => {
            let (one, other) = clause.strip_suffix(')')?.split_once(" or ")?;
            vec![one, other]
        }
        None => vec![clause],
    };
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    for clause in clauses {
        let (field, listed) = clause.split_once(" in (")?;
        let is_name = field
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_name {
            return None;
        }
        fields.push(field);
        values = listed
            .strip_suffix(')')?
            .split(", ")
            .map(|value| value.strip_prefix('\'')?.strip_suffix('\''))
            .collect::<Option<_>>()?;
    }
    let is_plain = |value: &&str| !value.contains(['\'', '"', '\\']);
    (values.len() <= 50 && values.iter().all(is_plain)).then_some(Query {
        module,
        fields,
        values,
        limit,
    })
}
