//! Events: each change of a consent and each erasure of a person, appended and never edited, as the CRM gets it, pushed or pulled.

mod erasure;

pub use erasure::{Erasure, ErasureReason, StoredErasure};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    consent::Status,
    decision::Change,
    key::{PurposeKey, SiteKey},
    language::Language,
    manner::Imported,
    notice::Notice,
    published::NoticeName,
    purpose::{Channel, LegalBasis, Source},
    receipt::SubmissionFacts,
    submitted::Person,
    time::Timestamp,
};

pub use crate::manner::{Actor, ActorKind, Method};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventType {
    /// The person said yes, and confirmed it where that is needed
    #[serde(rename = "consent.given")]
    Given,
    /// The person said no
    #[serde(rename = "consent.refused")]
    Refused,
    /// The person stopped it
    #[serde(rename = "consent.withdrawn")]
    Withdrawn,
    /// It was given too long ago
    #[serde(rename = "consent.expired")]
    Expired,
    /// The person was erased: whoever knows it forgets it too
    #[serde(rename = "subject.erased")]
    Erased,
    /// The person ticked it; not confirmed yet. Only for those who ask for it
    #[serde(rename = "consent.requested")]
    Requested,
    /// Nobody confirmed it in time. Only for those who ask for it
    #[serde(rename = "consent.lapsed")]
    Lapsed,
}

impl EventType {
    /// What everybody gets who does not choose.
    pub const DEFAULT: [Self; 5] = [
        Self::Given,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
        Self::Erased,
    ];

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Given,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
        Self::Erased,
        Self::Requested,
        Self::Lapsed,
    ];

    /// The types that an endpoint wants, of the list that is kept for it. Until there were erasures, the usual ones were written out
    /// for whoever did not choose. Nothing tells such a list from a choice, and not hearing of an erasure is what does harm: so exactly
    /// that list, in its order, means the usual ones.
    #[must_use]
    pub fn as_meant(kept: Vec<Self>) -> Vec<Self> {
        if kept == [Self::Given, Self::Refused, Self::Withdrawn, Self::Expired] {
            Self::DEFAULT.to_vec()
        } else {
            kept
        }
    }

    /// In a word: what comes after the dot.
    #[must_use]
    pub fn word(self) -> &'static str {
        let name = self.as_str();
        name.split_once('.').map_or(name, |(_, word)| word)
    }

    /// As the wire names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "consent.given",
            Self::Refused => "consent.refused",
            Self::Withdrawn => "consent.withdrawn",
            Self::Expired => "consent.expired",
            Self::Erased => "subject.erased",
            Self::Requested => "consent.requested",
            Self::Lapsed => "consent.lapsed",
        }
    }

    /// From the wire's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The event of a consent's coming to this status; nothing comes to be unknown.
    #[must_use]
    pub fn of(status: Status) -> Option<Self> {
        match status {
            Status::Unknown => None,
            Status::Requested => Some(Self::Requested),
            Status::Given => Some(Self::Given),
            Status::Refused => Some(Self::Refused),
            Status::Withdrawn => Some(Self::Withdrawn),
            Status::Expired => Some(Self::Expired),
            Status::Lapsed => Some(Self::Lapsed),
        }
    }
}

/// The body of a webhook and an item of the pull API: the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// What happened
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When, by the collector's clock
    pub timestamp: Timestamp,
    /// The rest
    pub data: EventData,
}

/// All about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventData {
    /// UUIDv7; the same in every delivery of this event
    pub id: Uuid,
    /// Of two events about the same person the one with the higher number is newer. It counts within the shard of the site that
    /// the person is in: with several shards, two people's events may have the same
    pub seq: u64,
    /// The site
    pub site: SiteKey,
    /// Who
    pub subject: EventSubject,
    /// What `type` says
    #[serde(flatten)]
    pub about: About,
}

/// What an event tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum About {
    /// `consent.…`
    Consent(Box<ConsentChange>),
    /// `subject.erased`
    Erasure(Erasure),
}

/// All about one change of a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentChange {
    /// For what
    pub purpose: PurposeKey,
    /// How it stands now
    pub status: Status,
    /// How it stood before
    pub previous: Status,
    /// On which ground
    pub legal_basis: LegalBasis,
    /// How the act that caused this came in
    pub source: Source,
    /// How the person did it
    pub method: Method,
    /// Over which channels the purpose reaches the person
    pub channels: Vec<Channel>,
    /// The exact words
    pub notice: EventNotice,
    /// On which page, where it was one
    pub page: Option<String>,
    /// The submission that it rests on
    pub submission: Uuid,
    /// When the person ticked it, where a mail had to confirm
    pub requested_at: Option<Timestamp>,
    /// When the person decided
    pub decided_at: Timestamp,
    /// Until when it holds, or of what expired, until when it did
    pub expires_at: Option<Timestamp>,
    /// Who caused it
    pub actor: Actor,
    /// From where it was taken over: it was not confirmed with us
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// What whoever recorded it noted. Gone when the person was erased since
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The signed statement of the act, a compact JWS
    pub receipt: String,
}

/// Who an event is about. Without an address when the person was erased since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventSubject {
    /// The person's id in Sayso
    pub id: Uuid,
    /// E-mail address
    pub email: Option<String>,
    /// Telephone number
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What the controller calls this person
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// The words and their language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventNotice {
    /// Which version
    #[serde(flatten)]
    pub name: NoticeName,
    /// In which language
    pub lang: Language,
}

impl Event {
    /// The same for a reader who is not to know who it is: the id alone, as if the person had been erased since, and without the note
    /// of whoever recorded it, since such words name people.
    #[must_use]
    pub fn without_addresses(mut self) -> Self {
        self.data.subject = EventSubject::of(self.data.subject.id, None);
        if let About::Consent(change) = &mut self.data.about {
            change.comment = None;
        }
        self
    }
}

impl EventData {
    /// The change of a consent, where it is that.
    #[must_use]
    pub fn consent(&self) -> Option<&ConsentChange> {
        match &self.about {
            About::Consent(change) => Some(change),
            About::Erasure(_) => None,
        }
    }
}

impl EventSubject {
    /// A subject as it is known now.
    #[must_use]
    pub fn of(id: Uuid, person: Option<&Person>) -> Self {
        Self {
            id,
            email: person.map(|person| person.email.exposed().to_owned()),
            phone: person.and_then(|person| person.phone.clone()),
            external_id: person.and_then(|person| person.external_id.clone()),
        }
    }
}

/// An event as it is stored: everything but who it is about, its number, and the receipt, which are kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    kind: EventType,
    timestamp: Timestamp,
    id: Uuid,
    site: SiteKey,
    purpose: PurposeKey,
    status: Status,
    previous: Status,
    legal_basis: LegalBasis,
    source: Source,
    method: Method,
    channels: Vec<Channel>,
    notice: EventNotice,
    #[serde(default)]
    page: Option<String>,
    submission: Uuid,
    requested_at: Option<Timestamp>,
    decided_at: Timestamp,
    expires_at: Option<Timestamp>,
    actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    imported: Option<Imported>,
}

/// How an act came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// How it came in
    pub source: Source,
    /// How the person did it
    pub method: Method,
    /// Who did it
    pub actor: ActorKind,
    /// When the person decided
    pub decided_at: Timestamp,
    /// When it came to the collector, by its clock
    pub at: Timestamp,
}

impl StoredEvent {
    /// The event of a change; `None` when the notice does not name the purpose, which a stored consent's does.
    #[must_use]
    pub fn of(
        id: Uuid,
        change: &Change,
        notice: &Notice,
        facts: &SubmissionFacts,
        manner: Manner,
    ) -> Option<Self> {
        let purpose = notice
            .text
            .purposes
            .iter()
            .find(|purpose| purpose.key == change.purpose)?;
        let legal_basis = facts.legal_basis(purpose);
        // Only the act of recording itself is somebody else's; what the person does later about it is the person's own.
        let is_recording = manner.method.is_a_statement() || manner.method == Method::Import;
        let recorded = facts.recorded.as_ref().filter(|_| is_recording);
        Some(Self {
            kind: EventType::of(change.after.status)?,
            timestamp: manner.at,
            id,
            site: notice.text.site.clone(),
            purpose: change.purpose.clone(),
            status: change.after.status,
            previous: change.previous,
            legal_basis,
            source: manner.source,
            // Where the ground is not consent, whatever was said is not what it rests on.
            method: if manner.method.is_a_statement() && legal_basis != LegalBasis::Consent {
                Method::Notification
            } else {
                manner.method
            },
            channels: purpose.channels.clone(),
            notice: EventNotice {
                name: facts.notice.clone(),
                lang: facts.lang.clone(),
            },
            page: facts.page.clone(),
            submission: facts.id,
            requested_at: change.after.requested_at,
            decided_at: manner.decided_at,
            expires_at: change.after.expires_at,
            actor: recorded.map_or(
                Actor {
                    kind: manner.actor,
                    id: None,
                },
                |recorded| recorded.actor.clone(),
            ),
            imported: recorded.and_then(|recorded| recorded.imported.clone()),
        })
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> EventType {
        self.kind
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Whether it is told by whoever recorded it, and so with what that one noted.
    #[must_use]
    pub fn is_a_recording(&self) -> bool {
        self.method.is_a_statement() || matches!(self.method, Method::Import | Method::Notification)
    }

    /// The event as the CRM gets it.
    #[must_use]
    pub fn render(
        self,
        seq: u64,
        subject: EventSubject,
        comment: Option<String>,
        receipt: String,
    ) -> Event {
        Event {
            kind: self.kind,
            timestamp: self.timestamp,
            data: EventData {
                id: self.id,
                seq,
                site: self.site,
                subject,
                about: About::Consent(Box::new(ConsentChange {
                    purpose: self.purpose,
                    status: self.status,
                    previous: self.previous,
                    legal_basis: self.legal_basis,
                    source: self.source,
                    method: self.method,
                    channels: self.channels,
                    notice: self.notice,
                    page: self.page,
                    submission: self.submission,
                    requested_at: self.requested_at,
                    decided_at: self.decided_at,
                    expires_at: self.expires_at,
                    actor: self.actor,
                    imported: self.imported,
                    comment,
                    receipt,
                })),
            },
        }
    }
}
