//! Evidence packs: everything that proves one consent, in one document that can be judged without the collector.
//!
//! A pack holds the words that were shown, each act with its receipt, the mails as they were sent, and the events in their order. It
//! refuses secrets: the tokens in the links of mails are blanked, since whoever holds one can act as the person.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    canonical::{canonical_json, hash_name},
    consent::Status,
    event::{Event, EventSubject},
    jws::{Jwk, SigningKey},
    key::{PurposeKey, SiteKey},
    mailing::Refusal,
    manner::Recorded,
    notice::Notice,
    published::NoticeName,
    purpose::{Channel, LegalBasis, Source},
    receipt::{ReceiptAct, SubmissionFacts},
    time::Timestamp,
    visitor::Confirmation,
};

/// The `typ` of the statement that seals a pack.
pub const EVIDENCE_TYPE: &str = "consent-evidence+jwt";

/// A pack with the statement of who made it and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealedEvidence {
    /// The pack
    #[serde(flatten)]
    pub pack: EvidencePack,
    /// A compact JWS: `pack` in it is the `sha-256` of the canonical JSON (RFC 8785) of this document without `seal`
    pub seal: String,
}

/// Everything that proves one consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidencePack {
    /// Form of this document
    pub schema: String,
    /// The collector that made it, by its origin
    pub iss: String,
    /// When it was made
    pub made_at: Timestamp,
    /// The site
    pub site: SiteKey,
    /// Who; without an address when the person was erased since
    pub subject: EventSubject,
    /// How the consent stands
    pub consent: ConsentFacts,
    /// Each act of choosing that named the purpose, oldest first
    pub submissions: Vec<EvidenceSubmission>,
    /// The words that those were shown; `hash` is the `sha-256` of the canonical JSON (RFC 8785) of `text`
    pub notices: Vec<Notice>,
    /// The mails about them as they were sent, with the tokens of their links blanked
    pub mails: Vec<EvidenceMail>,
    /// Everything that was done, each with the receipt that was signed then
    pub acts: Vec<EvidenceAct>,
    /// Each change of the consent, as the CRM gets it
    pub events: Vec<Event>,
    /// The keys that the collector publishes. Whoever doubts the pack takes them from the collector instead
    pub keys: Vec<Jwk>,
}

/// How a consent stands, and in which words it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentFacts {
    /// For what
    pub purpose: PurposeKey,
    /// What its box said
    pub title: String,
    /// On which ground
    pub legal_basis: LegalBasis,
    /// Over which channels
    pub channels: Vec<Channel>,
    /// Where it stands
    pub status: Status,
    /// Since when
    pub since: Timestamp,
    /// When the person ticked it, where a mail had to confirm
    pub requested_at: Option<Timestamp>,
    /// The submission that it rests on
    pub submission: Uuid,
    /// How that came in
    pub source: Source,
    /// Who recorded it and how, where it did not come from the person's own browser. One with `imported` was not confirmed with us
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// The words that were shown
    pub notice: NoticeName,
}

/// An act of choosing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceSubmission {
    /// What was shown, where, when and how
    #[serde(flatten)]
    pub facts: SubmissionFacts,
    /// What it asked for the purpose
    pub asked: Status,
    /// From which network, where it is known and still kept
    pub client: Option<ClientFacts>,
    /// What whoever recorded it noted, unless the person was erased
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// How it was confirmed from its mail, where it was
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}

/// What a request says of where it came from, minimised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientFacts {
    /// The network: of an IPv4 address the first 24 bits, of an IPv6 address the first 48
    pub network: Option<String>,
    /// The browser as it names itself
    pub user_agent: Option<String>,
}

/// A mail as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceMail {
    /// Its id
    pub id: Uuid,
    /// About which submission
    pub submission: Uuid,
    /// When it was written
    pub written_at: Timestamp,
    /// When it left; null: it waits or was given up
    pub sent_at: Option<Timestamp>,
    /// How often it was not taken
    pub failures: u32,
    /// When it is tried again; null: it has left, or will not be tried any more
    pub next_try_at: Option<Timestamp>,
    /// Why it never will be taken, where a server or service said so
    pub refusal: Option<Refusal>,
    /// From whom
    pub from: String,
    /// To whom
    pub to: String,
    /// Its subject line
    pub subject: String,
    /// Its plain text
    pub text: String,
    /// Its HTML
    pub html: String,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceAct {
    /// Its id, the `jti` of the receipt
    pub id: Uuid,
    /// What
    pub kind: ReceiptAct,
    /// When, by the collector's clock
    pub at: Timestamp,
    /// On which submission
    pub submission: Uuid,
    /// The signed statement, a compact JWS
    pub receipt: String,
}

/// The statement that seals a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The collector, by its origin
    pub iss: String,
    /// When it said so, in seconds since 1970
    pub iat: i64,
    /// `sha-256:…` of the pack
    pub pack: String,
}

impl EvidencePack {
    /// The version of the fields above.
    pub const SCHEMA: &str = "sayso-evidence/1";

    /// `sha-256:…` of the canonical JSON.
    #[must_use]
    pub fn hash(&self) -> String {
        hash_name(canonical_json(self).as_bytes())
    }

    /// Seals it.
    #[must_use]
    pub fn seal(self, key: &SigningKey) -> SealedEvidence {
        let seal = Seal {
            iss: self.iss.clone(),
            iat: self.made_at.unix_seconds(),
            pack: self.hash(),
        };
        let seal = key.sign(EVIDENCE_TYPE, canonical_json(&seal).as_bytes());
        SealedEvidence { pack: self, seal }
    }
}
