//! What PerfectView is called with: each call an element of SOAP, named by its `SOAPAction`, with credentials in the body.

use super::{
    super::{
        Answer, Change,
        soap::{self, Node},
    },
    Credentials, NewPerson, Person, SubjectField,
};

/// The namespace of its calls, and the beginning of each `SOAPAction`.
const NAMESPACE: &str = "https://Api.perfectview.nl";

/// The relation above all others, which is the same in every database.
const ROOT: &str = "10000000-0000-0000-0000-000000000000";

/// How many persons are looked at who have the id of one.
const PAGE: u8 = 20;

/// A call: what `SOAPAction` says, and the body.
pub struct Call {
    /// The value of the header
    pub action: String,
    /// The envelope
    pub body: String,
    /// The same without credentials, to be shown
    pub shown: String,
}

impl Credentials {
    fn node(&self) -> Node {
        let parts = [
            ("ApiKey", Some(&self.api_key)),
            ("DatabaseId", self.database_id.as_ref()),
            ("UserId", self.user_id.as_ref()),
            ("UserName", self.user_name.as_ref()),
            ("Password", self.password.as_ref()),
        ];
        let parts = parts.into_iter();
        let mut nodes: Vec<Node> = parts
            .filter_map(|(name, value)| Some(Node::text(name, value?)))
            .collect();
        let source = [
            ("Name", "Sayso"),
            ("Category", ""),
            ("Subcategory", ""),
            ("Version", env!("CARGO_PKG_VERSION")),
        ];
        let source = source.map(|(name, value)| Node::text(name, value));
        nodes.push(Node::of("SourceApplication", source.to_vec()));
        Node::of("credentials", nodes)
    }

    fn call(&self, operation: &str, parameters: Vec<Node>) -> Call {
        let shown = soap::envelope(&Node::of(operation, parameters.clone()), NAMESPACE);
        let children = [vec![self.node()], parameters].concat();
        Call {
            action: format!("\"{NAMESPACE}/{operation}\""),
            body: soap::envelope(&Node::of(operation, children), NAMESPACE),
            shown,
        }
    }

    /// All marks.
    #[must_use]
    pub fn marks(&self) -> Call {
        self.call("MarkGetAll", Vec::new())
    }

    /// All fields of persons.
    #[must_use]
    pub fn fields(&self) -> Call {
        let kind = Node::text("baseRelationType", "Person");
        self.call("RelationGetFields", vec![kind])
    }

    /// All types of entities.
    #[must_use]
    pub fn types(&self) -> Call {
        self.call("EntityTypeGetAll", Vec::new())
    }

    /// Who has this address.
    #[must_use]
    pub fn search(&self, email: &str) -> Call {
        let address = Node::text("emailAddress", email);
        let fields = Node::text("includeFields", &false);
        self.call("RelationshipSearchByEmail", vec![address, fields])
    }

    /// Makes a person.
    #[must_use]
    pub fn create(&self, new: &NewPerson, email: &str) -> Call {
        let names = new.name_field.iter();
        let values = names.chain([&new.email_field]);
        let values: Vec<(String, String)> = values
            .map(|field| (field.clone(), email.to_owned()))
            .collect();
        let parameters = vec![
            Node::text("parentRelationId", ROOT),
            Node::text("relationEntityTypeId", &new.relation_entity_type),
            field_values("relationFieldValues", &values),
            Node::text("relationshipEntityTypeId", &new.relationship_entity_type),
            field_values("relationshipFieldValues", &[]),
        ];
        self.call("RelationCreate", parameters)
    }

    /// Who may have Sayso's id of this person; what is found must be looked at, since the search is not exact.
    #[must_use]
    pub fn search_subject(&self, by: &SubjectField, change: &Change) -> Call {
        let wanted = [(by.field.clone(), change.subject.to_string())];
        let parameters = vec![
            Node::text("relationEntityTypeId", &by.entity_type),
            field_values("fieldValues", &wanted),
            Node::text("pageNumber", &1),
            Node::text("pageSize", &PAGE),
            Node::text("includeFields", &true),
            Node::text("includeCounters", &false),
        ];
        self.call("RelationSearchByField", parameters)
    }

    /// How a person hangs together with others; marks are there.
    #[must_use]
    pub fn relationships_of(&self, relation: &str) -> Call {
        let parameters = vec![
            Node::text("relationId", relation),
            Node::text("includeFields", &false),
        ];
        self.call("RelationGetParentRelationships", parameters)
    }

    /// The fields of a person.
    #[must_use]
    pub fn fields_of(&self, person: &Person) -> Call {
        let parameters = vec![
            Node::text("relationId", &person.relation),
            Node::text("includeFields", &true),
            Node::text("includeCounters", &false),
        ];
        self.call("RelationGet", parameters)
    }

    /// The marks of a person.
    #[must_use]
    pub fn marks_of(&self, person: &Person) -> Call {
        let relationship = Node::text("relationshipId", &person.relationship);
        self.call("RelationshipGetMarks", vec![relationship])
    }

    /// Gives a person a mark.
    #[must_use]
    pub fn add_mark(&self, person: &Person, mark: &str, change: &Change) -> Call {
        let parameters = vec![
            Node::text("relationshipId", &person.relationship),
            Node::text("markId", mark),
            Node::text("date", &change.decided_at),
        ];
        self.call("RelationshipAddMark", parameters)
    }

    /// Takes a mark from a person.
    #[must_use]
    pub fn remove_mark(&self, person: &Person, mark: &str) -> Call {
        let parameters = vec![
            Node::text("relationshipId", &person.relationship),
            Node::text("markId", mark),
        ];
        self.call("RelationshipRemoveMark", parameters)
    }

    /// Sets fields of a person.
    #[must_use]
    pub fn update(&self, person: &Person, values: &[(String, String)]) -> Call {
        let parameters = vec![
            Node::text("relationId", &person.relation),
            field_values("fieldValues", values),
        ];
        self.call("RelationUpdate", parameters)
    }

    /// The notes at a person.
    #[must_use]
    pub fn notes_of(&self, person: &Person) -> Call {
        let relation = Node::text("relationId", &person.relation);
        self.call("RelationGetNotes", vec![relation])
    }

    /// Leaves a note at a person.
    #[must_use]
    pub fn add_note(&self, person: &Person, text: &str) -> Call {
        let parameters = vec![
            Node::text("relationId", &person.relation),
            Node::text("text", text),
        ];
        self.call("RelationAddNote", parameters)
    }
}

fn field_values(name: &str, values: &[(String, String)]) -> Node {
    let values = values.iter().map(|(id, value)| {
        let parts = vec![Node::text("Id", id), Node::text("Value", value)];
        Node::of("PvFieldValueData", parts)
    });
    Node::of(name, values.collect())
}

/// What a write is answered when all is well, for a dry run to go on with.
#[must_use]
pub fn supposed() -> Answer {
    let result = Node::of("Result", vec![Node::text("Succeeded", &true)]);
    let response = Node::of("Response", vec![result]);
    Answer::new(200, soap::envelope(&response, NAMESPACE))
}
