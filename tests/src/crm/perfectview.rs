//! PerfectView CRM Online, as its WSDL says: SOAP 1.1, each operation with its parts in the order of the WSDL, since .NET leaves out what
//! comes in another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Asked, Books, Documented};
use crate::host::Reply;

mod wsdl;

use wsdl::Parts;

/// The key of the API that it lets in.
pub const API_KEY: &str = "6a1c1a52-0000-4000-8000-000000000001";

/// The database.
pub const DATABASE: &str = "6a1c1a52-0000-4000-8000-000000000002";

/// The user as whom it is written.
pub const USER: &str = "6a1c1a52-0000-4000-8000-000000000003";

/// The mark "Nieuwsbrief".
pub const MARK: &str = "5b000000-0000-4000-8000-000000000001";

/// The type "Persoon".
pub const PERSON: &str = "7c000000-0000-4000-8000-000000000001";

/// The type of a person's relationship to the root.
pub const CONTACT: &str = "7c000000-0000-4000-8000-000000000002";

/// The person's field "E-mail".
pub const EMAIL: &str = "f1000000-0000-4000-8000-000000000001";

/// That of the last name.
pub const NAME: &str = "f1000000-0000-4000-8000-000000000002";

/// A field of the customer's own: how the consent stands.
pub const STATUS: &str = "f1000000-0000-4000-8000-000000000003";

/// Another: when it was decided.
pub const DECIDED_AT: &str = "f1000000-0000-4000-8000-000000000004";

/// Another: Sayso's id.
pub const SUBJECT: &str = "f1000000-0000-4000-8000-000000000005";

/// A field that nobody can write.
pub const READ_ONLY: &str = "f1000000-0000-4000-8000-000000000009";

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const NAMESPACE: &str = "https://Api.perfectview.nl";
const ROOT: &str = "10000000-0000-0000-0000-000000000000";

/// A person, with the relationship to the root.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Field by field
    pub fields: BTreeMap<String, String>,
    /// The marks
    pub marks: BTreeSet<String>,
    /// The notes, in order
    pub notes: Vec<String>,
}

/// What it holds. The number of a person makes its ids.
#[derive(Default)]
pub struct PerfectView {
    /// The persons, in the order in which they were made
    pub persons: Vec<Person>,
}

impl PerfectView {
    /// Makes a person, as somebody in PerfectView would.
    pub fn add(&mut self, email: &str) {
        let fields = BTreeMap::from([(EMAIL.to_owned(), email.to_owned())]);
        self.persons.push(Person {
            fields,
            ..Person::default()
        });
    }

    /// The persons of an address.
    #[must_use]
    pub fn of(&self, email: &str) -> Vec<Person> {
        let of = |person: &&Person| person.fields.get(EMAIL).is_some_and(|is| is == email);
        self.persons.iter().filter(of).cloned().collect()
    }

    fn perform(&mut self, operation: &str, parts: &Parts) -> Result<String, Refused> {
        match self.find(operation, parts)? {
            Some(found) => Ok(found),
            None => self.write(operation, parts).map(|()| String::new()),
        }
    }

    /// What an operation finds or makes, unless it is one that only writes.
    fn find(&mut self, operation: &str, parts: &Parts) -> Result<Option<String>, Refused> {
        Ok(Some(match operation {
            "MarkGetAll" => format!(
                "<Marks><PvMarkData><Id>{MARK}</Id><Category>Mailing</Category><Name>Nieuwsbrief</Name><IsInactive>false</IsInactive></PvMarkData>\
                 <PvMarkData><Id>{CONTACT}</Id><Category>Mailing</Category><Name>Oud</Name><IsInactive>true</IsInactive></PvMarkData></Marks>"
            ),
            "EntityTypeGetAll" => format!(
                "<EntityTypes>{}{}</EntityTypes>",
                kind(PERSON, "Person", "Persoon"),
                kind(CONTACT, "NotApplicable", "Contactpersoon"),
            ),
            "RelationGetFields" => self::fields(),
            "RelationshipSearchByEmail" => {
                let email = parts.text("emailAddress");
                self.relationships(|person| person.fields.get(EMAIL).is_some_and(|is| *is == email))
            }
            "RelationSearchByField" => {
                // "Fuzzy": whoever has the beginning of the value is found too.
                let (id, value) = parts.values("fieldValues").pop().unwrap_or_default();
                let start: String = value.chars().take(8).collect();
                let found = self.persons.iter().enumerate().filter(|(_, person)| {
                    person
                        .fields
                        .get(&id)
                        .is_some_and(|is| is.starts_with(&start))
                });
                let found: String = found
                    .map(|(number, person)| relation(number, person))
                    .collect();
                format!("<Relations>{found}</Relations>")
            }
            "RelationGetParentRelationships" => {
                let wanted = self.number(parts, "relationId")?;
                let mut all = 0..self.persons.len();
                self.relationships(|_| all.next() == Some(wanted))
            }
            "RelationGet" => {
                let number = self.number(parts, "relationId")?;
                relation(number, &self.persons[number]).replace("PvRelationData", "Relation")
            }
            "RelationCreate" => {
                if parts.text("parentRelationId") != ROOT
                    || parts.text("relationEntityTypeId") != PERSON
                    || parts.text("relationshipEntityTypeId") != CONTACT
                {
                    return Err(Refused("EntityType is onbekend"));
                }
                let fields: BTreeMap<String, String> =
                    parts.values("relationFieldValues").into_iter().collect();
                if !fields.contains_key(NAME) {
                    return Err(Refused("Veld Achternaam is verplicht"));
                }
                self.persons.push(Person {
                    fields,
                    ..Person::default()
                });
                let number = self.persons.len() - 1;
                relationship(number).replace("PvRelationshipData", "Relationship")
            }
            "RelationshipGetMarks" => {
                let number = self.number(parts, "relationshipId")?;
                let marks = self.persons[number].marks.iter();
                let marks = marks.map(|mark| element("PvRelationshipMarkData", "MarkId", mark));
                format!(
                    "<RelationshipMarks>{}</RelationshipMarks>",
                    marks.collect::<String>()
                )
            }
            "RelationGetNotes" => {
                let number = self.number(parts, "relationId")?;
                let notes = self.persons[number].notes.iter();
                let notes = notes.map(|text| element("PvNoteData", "Text", text));
                format!("<Notes>{}</Notes>", notes.collect::<String>())
            }
            _ => return Ok(None),
        }))
    }

    fn write(&mut self, operation: &str, parts: &Parts) -> Result<(), Refused> {
        match operation {
            "RelationshipAddMark" => {
                let number = self.number(parts, "relationshipId")?;
                if !self.persons[number].marks.insert(parts.text("markId")) {
                    return Err(Refused("Kenmerk bestaat al"));
                }
            }
            "RelationshipRemoveMark" => {
                let number = self.number(parts, "relationshipId")?;
                if !self.persons[number].marks.remove(&parts.text("markId")) {
                    return Err(Refused("Kenmerk bestaat niet"));
                }
            }
            "RelationUpdate" => {
                let number = self.number(parts, "relationId")?;
                let values = parts.values("fieldValues");
                if values.iter().any(|(id, _)| id == READ_ONLY) {
                    return Err(Refused("Veld is alleen-lezen"));
                }
                self.persons[number].fields.extend(values);
            }
            _ => {
                let number = self.number(parts, "relationId")?;
                self.persons[number].notes.push(parts.text("text"));
            }
        }
        Ok(())
    }

    fn relationships(&self, mut wanted: impl FnMut(&Person) -> bool) -> String {
        let all = self.persons.iter().enumerate();
        let found = all.filter(|(_, person)| wanted(person));
        let found: String = found.map(|(number, _)| relationship(number)).collect();
        format!("<Relationships>{found}</Relationships>")
    }

    /// The number of the person that an id names.
    fn number(&self, parts: &Parts, name: &str) -> Result<usize, Refused> {
        let id = parts.text(name);
        let number = id.rsplit('-').next().and_then(|end| end.parse().ok());
        let number = number.filter(|number| *number < self.persons.len());
        number.ok_or(Refused("Relatie bestaat niet"))
    }
}

impl Books for PerfectView {
    fn answer(&mut self, asked: &Asked) -> Documented {
        if asked.method != "POST" || asked.path != ["V1", "perfectview.asmx"] {
            return Err(asked.undocumented("no such method and path"));
        }
        asked.has_query(&[])?;
        if asked.header("content-type") != "text/xml; charset=utf-8" {
            return Err(asked.undocumented("its content type"));
        }
        let text = asked.text();
        let parts = Parts::read(&text, asked.header("soapaction"));
        let (operation, parts) = parts.map_err(|what| asked.undocumented(&what))?;
        if !parts.is_let_in {
            return Ok(answer(&operation, Err(Refused("Ongeldige API-sleutel"))));
        }
        let performed = self.perform(&operation, &parts);
        Ok(answer(&operation, performed))
    }
}

/// Why something was not done, in PerfectView's words.
pub struct Refused(pub &'static str);

/// The answer to an operation, whether it succeeded or not: both are 200.
#[must_use]
pub fn answer(operation: &str, performed: Result<String, Refused>) -> Reply {
    let (succeeded, number, words, inside) = match performed {
        Ok(inside) => (true, 0, "", inside),
        Err(Refused(words)) => (false, 4001, words, String::new()),
    };
    let result = format!(
        "<Succeeded>{succeeded}</Succeeded><Number>{number}</Number><Code/><Description>{words}</Description>{inside}"
    );
    envelope(&format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}</{operation}Result></{operation}Response>"
    ))
}

fn envelope(body: &str) -> Reply {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"{SOAP}\"><soap:Body>{body}</soap:Body></soap:Envelope>"
    );
    Reply::of(200, "text/xml; charset=utf-8", &xml)
}

fn fields() -> String {
    let mut fields = String::new();
    for (id, label, read_only) in [
        (EMAIL, "E-mail", false),
        (NAME, "Achternaam", false),
        (STATUS, "Toestemming nieuwsbrief", false),
        (DECIDED_AT, "Toestemming gegeven op", false),
        (SUBJECT, "Sayso-id", false),
        (READ_ONLY, "Aangemaakt op", true),
    ] {
        let _ = write!(
            fields,
            "<PvFieldData><Id>{id}</Id><Label>{label}</Label><IsReadOnly>{read_only}</IsReadOnly></PvFieldData>"
        );
    }
    format!("<Fields>{fields}</Fields>")
}

fn kind(id: &str, base: &str, name: &str) -> String {
    format!(
        "<PvEntityTypeData><Id>{id}</Id><BaseRelationType>{base}</BaseRelationType><DescriptionSingular>{name}</DescriptionSingular></PvEntityTypeData>"
    )
}

fn relation(number: usize, person: &Person) -> String {
    let mut values = String::new();
    for (id, value) in &person.fields {
        let value = escaped(value);
        let _ = write!(
            values,
            "<PvFieldValueData><Id>{id}</Id><Value>{value}</Value></PvFieldValueData>"
        );
    }
    format!(
        "<PvRelationData><Id>{}</Id><FieldValues><Items>{values}</Items></FieldValues></PvRelationData>",
        relation_id(number)
    )
}

/// As it is found: the person under the root.
fn relationship(number: usize) -> String {
    let relation = relation_id(number);
    format!(
        "<PvRelationshipData><Id>a2000000-0000-4000-8000-{number:012}</Id><ChildRelationId>{relation}</ChildRelationId><IsEmployee>false</IsEmployee>\
         <IsOrganisation>false</IsOrganisation><AuditData><CreatedAt>2026-01-01T00:00:{number:02}</CreatedAt></AuditData></PvRelationshipData>"
    )
}

fn element(name: &str, part: &str, text: &str) -> String {
    format!("<{name}><{part}>{}</{part}></{name}>", escaped(text))
}

fn relation_id(number: usize) -> String {
    format!("a1000000-0000-4000-8000-{number:012}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
