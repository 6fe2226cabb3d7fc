//! Submissions: one act of choosing, as it travels.
//!
//! This is the shape on the wire, all of it text that nobody has looked at. What it may say is decided by
//! `Submission::parse` of the collector's part of this crate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The body of `POST /v1/submissions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SubmissionWire {
    /// UUIDv7, made by the client; the idempotency key
    pub id: String,
    /// The site
    pub site: String,
    /// The form
    pub form: String,
    /// The language that was shown
    pub lang: String,
    /// The hash of the notice that was shown
    pub notice_hash: String,
    /// Who chooses
    pub subject: SubjectWire,
    /// Yes or no for each purpose of the form that rests on consent, and for no other
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, bool>))]
    pub choices: BTreeMap<String, bool>,
    /// `web_form` or `chat`
    pub source: String,
    /// Address of the page; its query and fragment are not kept
    pub page: String,
    /// The chat conversation
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The ids of the submissions whose boxes were opened again, 16 at most: a yes of one of them, to which this one says no, is taken back
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<String>,
    /// When the boxes were first seen, RFC 3339
    pub shown_at: String,
    /// When the person sent them, RFC 3339
    pub decided_at: String,
    /// Whether the browser sends Global Privacy Control
    pub gpc: bool,
    /// Version of the widget
    pub widget: String,
}

/// Who chooses, as the person wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SubjectWire {
    /// E-mail address
    pub email: String,
    /// Telephone number
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What the controller calls this person
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}
