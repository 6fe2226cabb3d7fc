//! The operations of PerfectView's WSDL that are answered here, and whether a call is one of them, part by part.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::{API_KEY, DATABASE, NAMESPACE, SOAP, USER};

/// What a part of an operation must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Guid,
    Text,
    Bool,
    Int,
    DateTime,
    Base,
    Fields,
}

/// The operations, each with what follows its credentials.
const OPERATIONS: [(&str, &[(&str, Kind)]); 14] = [
    ("MarkGetAll", &[]),
    ("EntityTypeGetAll", &[]),
    ("RelationGetFields", &[("baseRelationType", Kind::Base)]),
    (
        "RelationshipSearchByEmail",
        &[("emailAddress", Kind::Text), ("includeFields", Kind::Bool)],
    ),
    (
        "RelationSearchByField",
        &[
            ("relationEntityTypeId", Kind::Guid),
            ("fieldValues", Kind::Fields),
            ("pageNumber", Kind::Int),
            ("pageSize", Kind::Int),
            ("includeFields", Kind::Bool),
            ("includeCounters", Kind::Bool),
        ],
    ),
    (
        "RelationGetParentRelationships",
        &[("relationId", Kind::Guid), ("includeFields", Kind::Bool)],
    ),
    (
        "RelationGet",
        &[
            ("relationId", Kind::Guid),
            ("includeFields", Kind::Bool),
            ("includeCounters", Kind::Bool),
        ],
    ),
    (
        "RelationCreate",
        &[
            ("parentRelationId", Kind::Guid),
            ("relationEntityTypeId", Kind::Guid),
            ("relationFieldValues", Kind::Fields),
            ("relationshipEntityTypeId", Kind::Guid),
            ("relationshipFieldValues", Kind::Fields),
        ],
    ),
    ("RelationshipGetMarks", &[("relationshipId", Kind::Guid)]),
    (
        "RelationshipAddMark",
        &[
            ("relationshipId", Kind::Guid),
            ("markId", Kind::Guid),
            ("date", Kind::DateTime),
        ],
    ),
    (
        "RelationshipRemoveMark",
        &[("relationshipId", Kind::Guid), ("markId", Kind::Guid)],
    ),
    (
        "RelationUpdate",
        &[("relationId", Kind::Guid), ("fieldValues", Kind::Fields)],
    ),
    ("RelationGetNotes", &[("relationId", Kind::Guid)]),
    (
        "RelationAddNote",
        &[("relationId", Kind::Guid), ("text", Kind::Text)],
    ),
];

/// The parts of an operation, checked against the WSDL.
pub(super) struct Parts {
    pub(super) is_let_in: bool,
    texts: BTreeMap<String, String>,
    values: BTreeMap<String, Vec<(String, String)>>,
}

impl Parts {
    pub(super) fn read(text: &str, action: &str) -> Result<(String, Self), String> {
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        let envelope = named(document.root_element(), "Envelope", SOAP)?;
        let body = named(only(envelope)?, "Body", SOAP)?;
        let call = only(body)?;
        let operation = call.tag_name().name();
        let shape = OPERATIONS.iter().find(|(name, _)| *name == operation);
        let (_, shape) = shape.ok_or_else(|| format!("no such operation: {operation}"))?;
        if action != format!("\"{NAMESPACE}/{operation}\"") {
            return Err(format!("the SOAPAction {action}"));
        }
        let children: Vec<Node> = call.children().filter(Node::is_element).collect();
        let names: Vec<&str> = children
            .iter()
            .map(|child| child.tag_name().name())
            .collect();
        let documented: Vec<&str> = ["credentials"]
            .into_iter()
            .chain(shape.iter().map(|(name, _)| *name))
            .collect();
        if names != documented {
            return Err(format!("the parts of {operation}: {names:?}"));
        }
        if let Some(strange) = call
            .descendants()
            .find(|node| node.is_element() && node.tag_name().namespace() != Some(NAMESPACE))
        {
            return Err(format!("the namespace of {:?}", strange.tag_name()));
        }
        let mut parts = Self {
            is_let_in: is_let_in(children[0])?,
            texts: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        for (child, (name, kind)) in children[1..].iter().zip(*shape) {
            let name = (*name).to_owned();
            if *kind == Kind::Fields {
                parts.values.insert(name, field_values(*child)?);
            } else {
                let text = child.text().unwrap_or_default().to_owned();
                if !kind.takes(&text) {
                    return Err(format!("{name} of {operation} is no {kind:?}: {text}"));
                }
                parts.texts.insert(name, text);
            }
        }
        Ok((operation.to_owned(), parts))
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.texts.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn values(&self, name: &str) -> Vec<(String, String)> {
        self.values.get(name).cloned().unwrap_or_default()
    }
}

impl Kind {
    fn takes(self, text: &str) -> bool {
        match self {
            Self::Guid => uuid::Uuid::try_parse(text).is_ok(),
            Self::Text => true,
            Self::Bool => ["true", "false"].contains(&text),
            Self::Int => text.parse::<i32>().is_ok(),
            Self::DateTime => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            Self::Base => ["NotApplicable", "Person", "Organisation"].contains(&text),
            Self::Fields => false,
        }
    }
}

fn is_let_in(credentials: Node) -> Result<bool, String> {
    let known = [
        "ApiKey",
        "DatabaseId",
        "UserId",
        "UserName",
        "Password",
        "SourceApplication",
    ];
    let mut order = known.iter();
    let mut said = BTreeMap::new();
    for part in credentials.children().filter(Node::is_element) {
        let name = part.tag_name().name();
        if !order.any(|known| *known == name) {
            return Err(format!("the credential {name}"));
        }
        said.insert(name, part.text().unwrap_or_default());
    }
    let is_source = said.contains_key("SourceApplication");
    if !is_source {
        return Err("no SourceApplication".to_owned());
    }
    let is = |name: &str, wanted: &str| said.get(name).is_some_and(|is| *is == wanted);
    Ok(is("ApiKey", API_KEY) && is("DatabaseId", DATABASE) && is("UserId", USER))
}

fn field_values(list: Node) -> Result<Vec<(String, String)>, String> {
    let mut values = Vec::new();
    for value in list.children().filter(Node::is_element) {
        let parts: Vec<(&str, &str)> = value
            .children()
            .filter(Node::is_element)
            .map(|part| (part.tag_name().name(), part.text().unwrap_or_default()))
            .collect();
        match parts[..] {
            [("Id", id), ("Value", text)]
                if value.tag_name().name() == "PvFieldValueData" && Kind::Guid.takes(id) =>
            {
                values.push((id.to_owned(), text.to_owned()));
            }
            _ => return Err(format!("a field value: {parts:?}")),
        }
    }
    Ok(values)
}

fn named<'a, 'i>(node: Node<'a, 'i>, name: &str, namespace: &str) -> Result<Node<'a, 'i>, String> {
    if node.has_tag_name((namespace, name)) {
        return Ok(node);
    }
    Err(format!("{:?} instead of {name}", node.tag_name()))
}

fn only<'a, 'i>(node: Node<'a, 'i>) -> Result<Node<'a, 'i>, String> {
    let mut children = node.children().filter(Node::is_element);
    match (children.next(), children.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(format!("the children of {:?}", node.tag_name())),
    }
}
