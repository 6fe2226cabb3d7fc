//! Erasures: that a person was erased, told without the person.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{About, Actor, Event, EventData, EventSubject, EventType};
use crate::{key::SiteKey, time::Timestamp};

/// All about one erasure. It has no receipt: nobody can prove by it what was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Erasure {
    /// When
    pub erased_at: Timestamp,
    /// On which ground, where it was said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ErasureReason>,
    /// Who caused it
    pub actor: Actor,
}

/// The grounds of Article 17(1) GDPR, in the order of its letters a to f. No free text: that would be a place for personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErasureReason {
    /// 17(1)(a); also when the time is over for which the data were to be kept
    NoLongerNeeded,
    /// 17(1)(b)
    ConsentWithdrawn,
    /// 17(1)(c)
    Objection,
    /// 17(1)(d)
    UnlawfulProcessing,
    /// 17(1)(e)
    LegalObligation,
    /// 17(1)(f)
    Child,
}

impl ErasureReason {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NoLongerNeeded,
        Self::ConsentWithdrawn,
        Self::Objection,
        Self::UnlawfulProcessing,
        Self::LegalObligation,
        Self::Child,
    ];

    /// As the wire names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoLongerNeeded => "no_longer_needed",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::Objection => "objection",
            Self::UnlawfulProcessing => "unlawful_processing",
            Self::LegalObligation => "legal_obligation",
            Self::Child => "child",
        }
    }

    /// From the wire's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// An erasure as it is stored: everything but who it is about and its number, which are kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredErasure {
    kind: EventType,
    timestamp: Timestamp,
    id: Uuid,
    site: SiteKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<ErasureReason>,
    actor: Actor,
}

impl StoredErasure {
    /// The event of an erasure.
    #[must_use]
    pub fn of(
        id: Uuid,
        site: SiteKey,
        reason: Option<ErasureReason>,
        actor: Actor,
        now: Timestamp,
    ) -> Self {
        Self {
            kind: EventType::Erased,
            timestamp: now,
            id,
            site,
            reason,
            actor,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// When.
    #[must_use]
    pub fn erased_at(&self) -> Timestamp {
        self.timestamp
    }

    /// The event as the CRM gets it.
    #[must_use]
    pub fn render(self, seq: u64, subject: Uuid) -> Event {
        Event {
            kind: self.kind,
            timestamp: self.timestamp,
            data: EventData {
                id: self.id,
                seq,
                site: self.site,
                subject: EventSubject::of(subject, None),
                about: About::Erasure(Erasure {
                    erased_at: self.timestamp,
                    reason: self.reason,
                    actor: self.actor,
                }),
            },
        }
    }
}
