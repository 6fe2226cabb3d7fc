//! Changes: what a connector is told of an event.

use std::fmt::Write as _;

use uuid::Uuid;

use super::DryRunRequest;
use crate::{
    canonical::sha256,
    definition::SiteDefinition,
    event::{Event, EventType},
    key::{PurposeKey, SiteKey},
    manner::Method,
    purpose::{Channel, LegalBasis, Source},
    receipt::Gist,
    time::Timestamp,
};

/// How many hexadecimal digits of a receipt's SHA-256 are told: enough to tell receipts apart, and to find one.
const SHORT: usize = 12;

/// What a connector is told. It has no `Debug`: it names a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The event
    pub event: Uuid,
    /// The site
    pub site: SiteKey,
    /// The person's id in Sayso
    pub subject: Uuid,
    /// E-mail address; none when the person was erased since
    pub email: Option<String>,
    /// Telephone number
    pub phone: Option<String>,
    /// What the controller calls this person
    pub external_id: Option<String>,
    /// For what; none of an erasure
    pub purpose: Option<PurposeKey>,
    /// What the box says, in the site's own language; the key where the site has the purpose no more
    pub title: String,
    /// What happened
    pub kind: EventType,
    /// When, by the collector's clock
    pub at: Timestamp,
    /// When the person decided
    pub decided_at: Timestamp,
    /// Until when it holds
    pub expires_at: Option<Timestamp>,
    /// How it came in
    pub source: Option<Source>,
    /// How the person did it
    pub method: Option<Method>,
    /// On which ground
    pub legal_basis: Option<LegalBasis>,
    /// Over which channels the purpose reaches the person
    pub channels: Vec<Channel>,
    /// The signed statement of it
    pub receipt: Option<ReceiptName>,
}

/// By what a receipt is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptName {
    /// Its id, the `jti`
    pub id: Uuid,
    /// The first [`SHORT`] hexadecimal digits of the SHA-256 of the compact JWS
    pub hash: String,
}

/// What a change comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// The person may be written to
    Yes,
    /// The person may not (any more)
    No,
    /// The person ticked it, and has not confirmed it yet
    Pending,
    /// The person is to be forgotten
    Forget,
}

impl Says {
    /// What a kind of event comes to.
    #[must_use]
    pub fn of(kind: EventType) -> Self {
        match kind {
            EventType::Given => Self::Yes,
            EventType::Requested => Self::Pending,
            EventType::Erased => Self::Forget,
            EventType::Refused | EventType::Withdrawn | EventType::Expired | EventType::Lapsed => {
                Self::No
            }
        }
    }
}

impl Change {
    /// What an event tells a connector.
    #[must_use]
    pub fn of(event: &Event, definition: &SiteDefinition) -> Self {
        let (data, consent) = (&event.data, event.data.consent());
        let purpose = consent.map(|change| change.purpose.clone());
        let title = purpose.as_ref().map(|key| title(key, definition));
        Self {
            event: data.id,
            site: data.site.clone(),
            subject: data.subject.id,
            email: data.subject.email.clone(),
            phone: data.subject.phone.clone(),
            external_id: data.subject.external_id.clone(),
            purpose,
            title: title.unwrap_or_default(),
            kind: event.kind,
            at: event.timestamp,
            decided_at: consent.map_or(event.timestamp, |change| change.decided_at),
            expires_at: consent.and_then(|change| change.expires_at),
            source: consent.map(|change| change.source),
            method: consent.map(|change| change.method),
            legal_basis: consent.map(|change| change.legal_basis),
            channels: consent.map_or_else(Vec::new, |change| change.channels.clone()),
            receipt: consent.and_then(|change| ReceiptName::of(&change.receipt)),
        }
    }

    /// A change that never happened, for a dry run; `id` stands for all that such a change has by its own.
    #[must_use]
    pub fn supposed(
        site: &SiteKey,
        definition: &SiteDefinition,
        request: DryRunRequest,
        id: Uuid,
        now: Timestamp,
    ) -> Self {
        let purpose = definition.purpose(&request.purpose);
        Self {
            event: id,
            site: site.clone(),
            subject: id,
            email: (request.kind != EventType::Erased).then_some(request.email),
            phone: None,
            external_id: None,
            title: title(&request.purpose, definition),
            legal_basis: purpose.map(|purpose| purpose.legal_basis),
            channels: purpose.map_or_else(Vec::new, |purpose| purpose.channels.clone()),
            purpose: (request.kind != EventType::Erased).then_some(request.purpose),
            kind: request.kind,
            at: now,
            decided_at: now,
            expires_at: None,
            source: Some(Source::Api),
            method: None,
            receipt: Some(ReceiptName {
                id,
                hash: "0".repeat(SHORT),
            }),
        }
    }

    /// What it comes to.
    #[must_use]
    pub fn says(&self) -> Says {
        Says::of(self.kind)
    }

    /// Whether it is a box of a form that was left empty. Nobody has proven the address then: whoever typed it may be somebody else, and
    /// the person may have said yes elsewhere, which an empty box does not take back.
    #[must_use]
    pub fn is_empty_box(&self) -> bool {
        self.kind == EventType::Refused && self.method == Some(Method::Checkbox)
    }

    /// In a word, as the wire names it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.kind.word()
    }

    /// What a comment field gets: the receipt first, since what is too long is cut off at its end, never within a character. It names
    /// nobody. `limit` counts characters.
    #[must_use]
    pub fn comment(&self, limit: usize) -> String {
        let receipt = self.receipt.as_ref().map_or_else(
            || "Sayso".to_owned(),
            |receipt| format!("Sayso receipt {} sha256:{}", receipt.id, receipt.hash),
        );
        let (word, at) = (self.word(), self.decided_at);
        let whole = format!("{receipt}; {word} {at}; {}", self.title);
        whole.chars().take(limit).collect()
    }
}

impl ReceiptName {
    fn of(compact: &str) -> Option<Self> {
        let digest = sha256(compact.as_bytes());
        let mut hash = String::new();
        for byte in digest.iter().take(SHORT / 2) {
            let _ = write!(hash, "{byte:02x}");
        }
        Some(Self {
            id: Gist::read(compact)?.jti,
            hash,
        })
    }
}

fn title(key: &PurposeKey, definition: &SiteDefinition) -> String {
    let known = definition.purpose(key);
    let title = known.and_then(|purpose| purpose.title.get(definition.language_for(None)));
    title.cloned().unwrap_or_else(|| key.to_string())
}
