//! Tables: how every consent stands, in rows and columns as a template says. It refuses to guess what another program wants to import:
//! the template names each column, its words and their order.
//!
//! There are two layouts, and the columns say which: where those about a consent name a purpose each, there is a row for each person;
//! where none does, a row for each consent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    check::{Held, Stand},
    consent::{Standing, Status},
    definition::SiteDefinition,
    event::EventSubject,
    key::PurposeKey,
    problem::FieldError,
    published::NoticeName,
    purpose::{LegalBasis, Source},
    time::Timestamp,
};

/// The most columns of a template.
pub const MOST_COLUMNS: usize = 100;

/// The body of `POST /v1/export`: a template. All of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// In which form; CSV if absent
    pub format: TableFormat,
    /// Which columns, in which order; without any, all that there is about each consent
    pub columns: Vec<Column>,
    /// Consents for these purposes alone; without any, all
    pub purposes: Vec<PurposeKey>,
    /// Consents that stand like this alone; without any, given, refused, withdrawn and expired
    pub statuses: Vec<Status>,
    /// What stands between the columns of CSV; a comma if absent
    pub separator: Separator,
    /// Whether CSV begins with the mark by which Excel knows UTF-8
    pub byte_order_mark: bool,
    /// How moments are written
    pub dates: DateForm,
}

/// The form of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// RFC 4180, UTF-8
    #[default]
    Csv,
    /// An Excel workbook
    Xlsx,
}

/// What stands between two columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Separator {
    /// A comma
    #[default]
    #[serde(rename = ",")]
    Comma,
    /// A semicolon: what Excel expects where the comma is the decimal mark
    #[serde(rename = ";")]
    Semicolon,
    /// A tab
    #[serde(rename = "\t")]
    Tab,
    /// A bar
    #[serde(rename = "|")]
    Bar,
}

/// How a moment is written; always in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DateForm {
    /// `2027-01-15T08:00:00.000Z`
    #[default]
    Rfc3339,
    /// `2027-01-15`
    Date,
    /// `15-01-2027`
    DayFirst,
}

/// A column of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What is in it
    pub field: Field,
    /// What its first row says; the name of the field if absent
    #[serde(default)]
    pub name: Option<String>,
    /// Of what is about a consent: for which purpose. Either all such columns name one, or none does
    #[serde(default)]
    pub purpose: Option<PurposeKey>,
    /// Other words for what would stand there: `{"given": "Ja", "withdrawn": "Nee"}`
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// What stands there in place of what `values` does not name, also of nothing
    #[serde(default)]
    pub otherwise: Option<String>,
    /// For the field `text`: what stands in every row
    #[serde(default)]
    pub text: Option<String>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The person's id in Sayso
    Subject,
    /// E-mail address
    Email,
    /// Telephone number
    Phone,
    /// What the controller calls this person
    ExternalId,
    /// The same text in every row
    Text,
    /// For what: the purpose's key
    Purpose,
    /// How it stands
    Status,
    /// `true` if the person may be mailed for it now, else `false`
    Allowed,
    /// Since when it stands so
    Since,
    /// When the person ticked it, where a mail had to confirm
    RequestedAt,
    /// Until when it holds
    ExpiresAt,
    /// What its box said
    Title,
    /// On which ground
    LegalBasis,
    /// How it came in
    Source,
    /// The words that were shown: `SITE/FORM/LANG vVERSION`
    Notice,
    /// The submission that it rests on
    Submission,
}

/// One person with everything that a table may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who
    pub subject: EventSubject,
    /// How the consents stand
    pub standing: Standing,
    /// What they rest on, where the table asks for it
    pub grounds: Vec<(PurposeKey, Ground)>,
}

/// What a consent rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// What its box said
    pub title: String,
    /// On which ground
    pub legal_basis: LegalBasis,
    /// How it came in
    pub source: Source,
    /// The words
    pub notice: NoticeName,
}

/// A template that fits a site.
#[derive(Debug)]
pub struct Table<'t> {
    columns: Vec<Column>,
    purposes: &'t [PurposeKey],
    statuses: Vec<Status>,
    dates: DateForm,
    definition: &'t SiteDefinition,
    is_wide: bool,
}

impl Separator {
    /// The character.
    #[must_use]
    pub fn as_char(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
            Self::Bar => '|',
        }
    }
}

impl DateForm {
    fn write(self, at: Timestamp) -> String {
        let text = at.to_string();
        let date = text.get(..10).unwrap_or_default();
        match self {
            Self::Rfc3339 => text,
            Self::Date => date.to_owned(),
            Self::DayFirst => {
                let mut parts: Vec<&str> = date.split('-').collect();
                parts.reverse();
                parts.join("-")
            }
        }
    }
}

impl Field {
    /// What a table has where the template names no columns.
    const ALL_OF_A_CONSENT: [Self; 15] = [
        Self::Email,
        Self::Phone,
        Self::ExternalId,
        Self::Purpose,
        Self::Title,
        Self::Status,
        Self::Allowed,
        Self::Since,
        Self::RequestedAt,
        Self::ExpiresAt,
        Self::LegalBasis,
        Self::Source,
        Self::Notice,
        Self::Submission,
        Self::Subject,
    ];

    fn is_of_a_consent(self) -> bool {
        !matches!(
            self,
            Self::Subject | Self::Email | Self::Phone | Self::ExternalId | Self::Text
        )
    }

    fn name(self) -> String {
        word(&self)
    }
}

/// As the wire writes it.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

impl<'t> Table<'t> {
    /// Reads a template, or says all that does not fit.
    pub fn of(
        template: &'t Template,
        definition: &'t SiteDefinition,
    ) -> Result<Self, Vec<FieldError>> {
        let errors = errors(template, definition);
        if !errors.is_empty() {
            return Err(errors);
        }
        let all = Field::ALL_OF_A_CONSENT.map(|field| Column {
            field,
            name: None,
            purpose: None,
            values: BTreeMap::new(),
            otherwise: None,
            text: None,
        });
        let columns = match template.columns.as_slice() {
            [] => all.to_vec(),
            named => named.to_vec(),
        };
        let usual = [
            Status::Given,
            Status::Refused,
            Status::Withdrawn,
            Status::Expired,
        ];
        Ok(Self {
            is_wide: !columns
                .iter()
                .any(|column| column.field.is_of_a_consent() && column.purpose.is_none()),
            columns,
            purposes: &template.purposes,
            statuses: match template.statuses.as_slice() {
                [] => usual.to_vec(),
                named => named.to_vec(),
            },
            dates: template.dates,
            definition,
        })
    }

    /// The first row.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let names = self.columns.iter();
        names
            .map(|column| column.name.clone().unwrap_or_else(|| column.field.name()))
            .collect()
    }

    /// Whether it says what a consent rests on.
    #[must_use]
    pub fn needs_grounds(&self) -> bool {
        use Field::{LegalBasis, Notice, Source, Title};
        let mut columns = self.columns.iter();
        columns.any(|column| matches!(column.field, Title | LegalBasis | Source | Notice))
    }

    /// The rows of one person.
    #[must_use]
    pub fn rows(&self, known: &Known, now: Timestamp) -> Vec<Vec<String>> {
        let wanted = known.standing.keys().filter(|purpose| {
            let is_named = self.purposes.is_empty() || self.purposes.contains(purpose);
            is_named && self.statuses.contains(&status(known, purpose, now))
        });
        let row = |of: Option<&PurposeKey>| {
            let cells = self.columns.iter();
            cells
                .map(|column| self.cell(column, known, of, now))
                .collect()
        };
        let mut wanted = wanted.peekable();
        if self.is_wide {
            wanted.peek().map(|_| row(None)).into_iter().collect()
        } else {
            wanted.map(|purpose| row(Some(purpose))).collect()
        }
    }

    fn cell(
        &self,
        column: &Column,
        known: &Known,
        of: Option<&PurposeKey>,
        now: Timestamp,
    ) -> String {
        let value = match (column.field, column.purpose.as_ref().or(of)) {
            (Field::Text, _) => column.text.clone(),
            (Field::Subject, _) => Some(known.subject.id.to_string()),
            (Field::Email, _) => known.subject.email.clone(),
            (Field::Phone, _) => known.subject.phone.clone(),
            (Field::ExternalId, _) => known.subject.external_id.clone(),
            (_, None) => None,
            (field, Some(purpose)) => self.of_consent(field, known, purpose, now),
        };
        let value = value.unwrap_or_default();
        let other = column.values.get(&value).or(column.otherwise.as_ref());
        other.cloned().unwrap_or(value)
    }

    fn of_consent(
        &self,
        field: Field,
        known: &Known,
        purpose: &PurposeKey,
        now: Timestamp,
    ) -> Option<String> {
        let consent = known.standing.get(purpose);
        let mut grounds = known.grounds.iter();
        let ground = grounds
            .find(|(of, _)| of == purpose)
            .map(|(_, ground)| ground);
        let moment = |at: Timestamp| self.dates.write(at);
        match field {
            Field::Purpose => Some(purpose.to_string()),
            Field::Status => Some(word(&status(known, purpose, now))),
            Field::Allowed => Some(self.may(known, purpose, now).to_string()),
            Field::Since => consent.map(|consent| moment(consent.since)),
            Field::RequestedAt => consent.and_then(|consent| consent.requested_at).map(moment),
            Field::ExpiresAt => consent.and_then(|consent| consent.expires_at).map(moment),
            Field::Submission => consent.map(|consent| consent.submission.to_string()),
            Field::Title => ground.map(|ground| ground.title.clone()),
            Field::LegalBasis => ground.map(|ground| word(&ground.legal_basis)),
            Field::Source => ground.map(|ground| word(&ground.source)),
            Field::Notice => {
                ground.map(|ground| format!("{} v{}", ground.notice.id, ground.notice.version))
            }
            Field::Subject | Field::Email | Field::Phone | Field::ExternalId | Field::Text => None,
        }
    }

    fn may(&self, known: &Known, purpose: &PurposeKey, now: Timestamp) -> bool {
        let whole = self.definition.purpose(purpose);
        let whole = whole.and_then(|purpose| purpose.part_of.as_ref());
        let stand = Stand {
            own: held(known, purpose),
            whole: whole.and_then(|whole| held(known, whole)),
        };
        stand.judge(whole.is_some(), now).is_none()
    }
}

fn held(known: &Known, purpose: &PurposeKey) -> Option<Held> {
    let consent = known.standing.get(purpose)?;
    Some(Held {
        status: consent.status,
        expires_at: consent.expires_at,
    })
}

fn status(known: &Known, purpose: &PurposeKey, now: Timestamp) -> Status {
    Held::status(held(known, purpose), now)
}

/// All that is wrong with a template.
fn errors(template: &Template, definition: &SiteDefinition) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let purposes = definition.purposes.iter();
    let names: Vec<&str> = purposes.map(|known| known.key.as_str()).collect();
    let no_purpose = format!("must be a purpose of the site: {}", names.join(", "));
    for (place, purpose) in template.purposes.iter().enumerate() {
        if definition.purpose(purpose).is_none() {
            errors.push(FieldError::new(format!("/purposes/{place}"), &no_purpose));
        }
    }
    if template.columns.len() > MOST_COLUMNS {
        let must = format!("must have at most {MOST_COLUMNS} columns");
        errors.push(FieldError::new("/columns", must));
    }
    let is_wide = template
        .columns
        .iter()
        .any(|column| column.purpose.is_some());
    for (place, column) in template.columns.iter().enumerate() {
        let pointer = |name: &str| format!("/columns/{place}/{name}");
        let of_consent = column.field.is_of_a_consent();
        match &column.purpose {
            Some(_) if !of_consent => {
                let must =
                    "belongs to what is about a consent, such as the field status; leave it out";
                errors.push(FieldError::new(pointer("purpose"), must));
            }
            Some(purpose) if definition.purpose(purpose).is_none() => {
                errors.push(FieldError::new(pointer("purpose"), &no_purpose));
            }
            None if of_consent && is_wide => {
                let must = "is missing: other columns name a purpose, which makes a row for each person. Name one here too, or none anywhere";
                errors.push(FieldError::new(pointer("purpose"), must));
            }
            _ => {}
        }
        if column.text.is_some() != (column.field == Field::Text) {
            let must = "goes with the field text, and only with it";
            errors.push(FieldError::new(pointer("text"), must));
        }
    }
    errors
}
