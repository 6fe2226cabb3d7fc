//! The manner of an act: how a person said it, who put it on the record, and from where it was taken over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    key::{ApiKeyName, PurposeKey},
    purpose::{LegalBasis, Source},
    time::Timestamp,
};

/// How the person did it. The three statements are those of Recital 32 GDPR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Ticked a box, or left it empty
    Checkbox,
    /// Ticked a box and confirmed it from a mail
    DoubleOptIn,
    /// Pressed a button of the personal page
    PreferenceCentre,
    /// Pressed the button of a mail program that stops mails (RFC 8058)
    OneClick,
    /// Said it: by telephone, face to face. Recorded by the controller
    OralStatement,
    /// Wrote it on paper: a card, a form, a letter. Recorded by the controller
    WrittenStatement,
    /// Chose it in a conversation or an account of the controller's own. Recorded by the controller
    ElectronicStatement,
    /// Something elsewhere: the controller took it over from there, and nobody confirmed it here
    Import,
    /// Nothing: the controller relies on another ground than consent, and recorded that
    Notification,
    /// Nothing: time went by
    Time,
}

impl Method {
    /// As the wire names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checkbox => "checkbox",
            Self::DoubleOptIn => "double_opt_in",
            Self::PreferenceCentre => "preference_centre",
            Self::OneClick => "one_click",
            Self::OralStatement => "oral_statement",
            Self::WrittenStatement => "written_statement",
            Self::ElectronicStatement => "electronic_statement",
            Self::Import => "import",
            Self::Notification => "notification",
            Self::Time => "time",
        }
    }

    /// Whether a person's statement is told by somebody else with this.
    #[must_use]
    pub fn is_a_statement(self) -> bool {
        matches!(
            self,
            Self::OralStatement | Self::WrittenStatement | Self::ElectronicStatement
        )
    }

    /// How a statement is made that comes in by this source, where nothing else is said.
    #[must_use]
    pub fn usual(source: Source) -> Self {
        match source {
            Source::Phone => Self::OralStatement,
            Source::InPerson | Source::Request => Self::WrittenStatement,
            Source::Import => Self::Import,
            _ => Self::ElectronicStatement,
        }
    }
}

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// What sort of actor
    pub kind: ActorKind,
    /// Which one, where there are several: the name of the key, the id of who recorded it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The kinds of actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// The person
    Subject,
    /// Somebody who works for the controller
    Staff,
    /// The collector; with an id, another program of the controller: a chatbot, a CRM
    System,
    /// The holder of a key of the site; `id` is what the operator calls it
    Key,
    /// Whoever runs the collector
    Admin,
}

impl ActorKind {
    /// Those who may be named as having recorded something.
    pub const RECORDING: [Self; 3] = [Self::Subject, Self::Staff, Self::System];

    /// As the wire names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Staff => "staff",
            Self::System => "system",
            Self::Key => "key",
            Self::Admin => "admin",
        }
    }
}

/// What is signed of a decision that somebody else than the person's own browser put on the record. It names no person but by the
/// controller's own id of who recorded it: receipts are kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recorded {
    /// Who recorded it
    pub actor: Actor,
    /// How the person said it
    pub method: Method,
    /// The API key by which it came; absent: the admin token
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ApiKeyName>,
    /// The grounds, where they are others than the words say
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, LegalBasis>))]
    pub legal_basis: BTreeMap<PurposeKey, LegalBasis>,
    /// From where it was taken over
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
}

/// From where a consent was taken over. What is said here is what the other record says: nobody confirmed it with us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Imported {
    /// The system or list
    pub from: String,
    /// When the person confirmed it there, as the other record says
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_there_at: Option<Timestamp>,
}
