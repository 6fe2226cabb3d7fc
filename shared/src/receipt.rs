//! Receipts: a signed statement of one act: what was shown, chosen, and when. It verifies offline, and it names nobody, so
//! that it still verifies after the person was erased.
//!
//! The fields are modelled on ISO/IEC TS 27560 and use terms of the W3C Data Privacy Vocabulary; conformance is not claimed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    canonical::canonical_json,
    consent::Status,
    jws::{SigningKey, unverified},
    key::{ApiKeyName, FormKey, PurposeKey, SiteKey},
    language::Language,
    manner::Recorded,
    notice::NoticeText,
    processing::{Processing, not_stated},
    published::{Controller, NoticeName, PublishedPurpose},
    purpose::{DataCategory, LegalBasis, Source},
    recording::Recording,
    submitted::Submission,
    time::Timestamp,
};

/// The `typ` of a receipt.
pub const RECEIPT_TYPE: &str = "consent-receipt+jwt";

/// The statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Form of this statement
    pub schema_version: String,
    /// The collector that says so, by its origin
    pub iss: String,
    /// When it was said, in seconds since 1970
    pub iat: i64,
    /// The act and its receipt, a UUIDv7
    pub jti: Uuid,
    /// The record that it belongs to: the submission
    pub record_id: Uuid,
    /// Whose it is: a random number. Who that is, only the collector knows, and nobody after an erasure
    pub pii_principal_id: Uuid,
    /// The site
    pub site: SiteKey,
    /// Where the privacy statement is
    pub privacy_notice: String,
    /// In which language it was asked
    pub language: Language,
    /// Whose law applies
    pub jurisdiction: String,
    /// Who decides why and how the data are used
    pub pii_controllers: Vec<Party>,
    /// Where the data are kept
    pub storage_locations: Vec<String>,
    /// Who else gets them
    pub recipient_third_parties: Vec<String>,
    /// How to stop it
    pub withdrawal_method: String,
    /// What the person did
    pub act: ReceiptAct,
    /// When, by the collector's clock
    pub at: Timestamp,
    /// On which submission it rests
    pub submission: SubmissionFacts,
    /// What it means for each purpose
    pub consents: Vec<ReceiptConsent>,
}

/// What the person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReceiptAct {
    /// Sent the boxes
    Submitted,
    /// Said so in another way, and the controller recorded it
    Recorded,
    /// Pressed the button of the mail's page
    Confirmed,
    /// Stopped it
    Withdrawn,
    /// Did nothing in time; said by the collector
    Lapsed,
    /// Nothing: the yes was given too long ago; said by the collector
    Expired,
}

impl ReceiptAct {
    /// All of them, for tests and tables.
    pub const ALL: [Self; 6] = [
        Self::Submitted,
        Self::Recorded,
        Self::Confirmed,
        Self::Withdrawn,
        Self::Lapsed,
        Self::Expired,
    ];
}

/// The submission without the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmissionFacts {
    /// Its id
    pub id: Uuid,
    /// The form
    pub form: FormKey,
    /// The words that were shown
    pub notice: NoticeName,
    /// In this language
    pub lang: Language,
    /// How it came in
    pub source: Source,
    /// On this page, where it was one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// In this conversation
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// When the boxes were seen, by the visitor's clock; nothing where there were none
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<Timestamp>,
    /// When they were sent, by the visitor's clock; of what was recorded, when the person decided, as whoever recorded it says
    pub decided_at: Timestamp,
    /// When they arrived, by the collector's clock
    pub received_at: Timestamp,
    /// Whether the browser sent Global Privacy Control, where there was one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpc: Option<bool>,
    /// Version of the widget, where it was that
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget: Option<String>,
    /// Who recorded it and how, where it did not come from the person's own browser
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
}

/// What an act means for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptConsent {
    /// The purpose
    pub purpose: PurposeKey,
    /// What its box said
    pub title: String,
    /// On which ground
    pub legal_basis: LegalBasis,
    /// What the person asked for, where the act is sending the boxes or recording it: `given`, `requested` (to be confirmed by mail) or
    /// `refused`. Not where the consent stands: an empty box takes nothing away, and what is on record is told to nobody who
    /// only filled in an address
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Status>,
    /// What the consent came to by this act, where it is any other than sending the boxes; how it stands, where there is no event
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Which data
    pub pii_information: Vec<PiiInformation>,
    /// How long they are kept: a duration of ISO 8601, or words
    pub retention_period: String,
    /// What happened; nothing where a recording left the consent as it was, which its own receipt tells of
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<ReceiptEvent>,
    /// The state that it came to, in DPV
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpv: Option<String>,
}

/// Somebody with a part in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The site's address in the collector
    pub party_id: String,
    /// The name that people know
    pub party_name: String,
    /// Postal address
    pub party_address: String,
    /// Its country, ISO 3166-1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_country: Option<String>,
    /// Where to write to
    pub party_contact: String,
    /// `organisation`
    pub party_type: String,
    /// `controller`
    pub party_role: String,
    /// The privacy statement
    pub party_url: String,
    /// Telephone number
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_phone: Option<String>,
}

/// A sort of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PiiInformation {
    /// `email`, or a category such as `preferences`
    pub pii_type: String,
    /// Whether the person could leave it out, where that is known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pii_optional: Option<bool>,
}

/// What happened to a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptEvent {
    /// When, by the collector's clock; of what was recorded, when the person decided, as whoever recorded it says
    pub event_time: Timestamp,
    /// How long the state holds: a duration of ISO 8601, or words
    pub validity_duration: String,
    /// When it ends, where that is a duration
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Who caused it: `pii_principal_id`, the controller, or the collector
    pub entity_id: String,
    /// What was done
    pub event_type: ReceiptAct,
    /// What it came to
    pub event_state: Status,
}

/// What the words of an act are said with.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The act
    pub act: ReceiptAct,
    /// Its id
    pub id: Uuid,
    /// When
    pub at: Timestamp,
    /// Whose
    pub subject: Uuid,
    /// On which submission
    pub facts: &'a SubmissionFacts,
    /// In which words
    pub notice: &'a NoticeText,
    /// With what the operator states
    pub processing: &'a Processing,
    /// By which collector
    pub iss: &'a str,
}

/// What an act means for one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// The person asked for this by the boxes
    Asked(Status),
    /// The consent came to this
    Became(Status),
    /// It was recorded that the person asked for this, and the consent came to that by it
    Recorded {
        /// What the person asked for
        asked: Status,
        /// How it stands
        stands: Status,
    },
    /// It was recorded that the person asked for this, and the consent stays as it was: since when, until when and on which ground,
    /// the receipt tells by which it came to be so
    Unchanged {
        /// What the person asked for
        asked: Status,
        /// How it stands
        stands: Status,
    },
}

impl Statement<'_> {
    /// The receipt; `None` when a purpose is not among the words, which a stored consent's is.
    #[must_use]
    pub fn receipt<'a>(
        &self,
        meant: impl Iterator<Item = (&'a PurposeKey, Meant)>,
    ) -> Option<Receipt> {
        let consents = meant.map(|(purpose, meant)| self.consent(purpose, meant));
        let controller = &self.notice.controller;
        Some(Receipt {
            schema_version: Receipt::SCHEMA.to_owned(),
            iss: self.iss.to_owned(),
            iat: self.at.unix_seconds(),
            jti: self.id,
            record_id: self.facts.id,
            pii_principal_id: self.subject,
            site: self.notice.site.clone(),
            act: self.act,
            at: self.at,
            privacy_notice: controller.privacy_url.clone(),
            language: self.facts.lang.clone(),
            jurisdiction: self.processing.jurisdiction(),
            storage_locations: self.processing.storage_locations(),
            recipient_third_parties: self.processing.recipients(),
            withdrawal_method: format!(
                "by the personal link in each mail, at any time, or by writing to {}",
                controller.contact
            ),
            pii_controllers: vec![self.controller()],
            submission: self.facts.clone(),
            consents: consents.collect::<Option<_>>()?,
        })
    }

    fn controller(&self) -> Party {
        let Controller {
            name,
            privacy_url,
            contact,
        } = &self.notice.controller;
        Party {
            party_id: format!("{}/v1/sites/{}", self.iss, self.notice.site),
            party_name: name.clone(),
            party_address: self.processing.address.clone().unwrap_or_else(not_stated),
            party_country: self.processing.country.clone(),
            party_contact: contact.clone(),
            party_type: "organisation".to_owned(),
            party_role: "controller".to_owned(),
            party_url: privacy_url.clone(),
            party_phone: self.processing.phone.clone(),
        }
    }

    fn consent(&self, key: &PurposeKey, meant: Meant) -> Option<ReceiptConsent> {
        let mut purposes = self.notice.purposes.iter();
        let purpose = purposes.find(|purpose| purpose.key == *key)?;
        let (asked, status) = match meant {
            Meant::Asked(status) => (Some(status), None),
            Meant::Became(status) => (None, Some(status)),
            Meant::Recorded { asked, stands } | Meant::Unchanged { asked, stands } => {
                (Some(asked), Some(stands))
            }
        };
        let happened = !matches!(meant, Meant::Unchanged { .. });
        let state = status.or(asked).unwrap_or(Status::Unknown);
        let legal_basis = self.facts.legal_basis(purpose);
        let event_time = match self.act {
            ReceiptAct::Recorded => self.facts.decided_at,
            _ => self.at,
        };
        let entity_id = match (self.act, &self.facts.recorded) {
            (ReceiptAct::Lapsed | ReceiptAct::Expired, _) => self.iss.to_owned(),
            // Nobody asked the person, or nobody saw it here: that is the controller's word.
            (ReceiptAct::Recorded, Some(recorded))
                if recorded.imported.is_some() || legal_basis != LegalBasis::Consent =>
            {
                self.controller().party_id
            }
            _ => self.subject.to_string(),
        };
        Some(ReceiptConsent {
            purpose: key.clone(),
            title: purpose.title.clone(),
            legal_basis,
            asked,
            status,
            // What rests on another ground has no state of a consent.
            dpv: status
                .filter(|_| happened && legal_basis == LegalBasis::Consent)
                .map(|status| status.dpv().to_owned()),
            pii_information: pii_information(&purpose.data_categories),
            retention_period: purpose
                .retention_days
                .map_or_else(not_stated, |days| format!("P{days}D")),
            event: happened.then(|| ReceiptEvent {
                event_time,
                validity_duration: match state {
                    Status::Given => purpose
                        .valid_for_days
                        .map_or_else(|| "until withdrawn".to_owned(), |days| format!("P{days}D")),
                    Status::Requested => "until confirmed, or the request lapses".to_owned(),
                    _ => "until asked again".to_owned(),
                },
                valid_until: purpose
                    .valid_for_days
                    .filter(|_| state == Status::Given)
                    .map(|days| event_time + Duration::from_hours(u64::from(days) * 24)),
                entity_id,
                event_type: self.act,
                event_state: state,
            }),
        })
    }
}

/// The address, by which everybody is known, and what the purpose needs besides.
fn pii_information(categories: &[DataCategory]) -> Vec<PiiInformation> {
    let address = PiiInformation {
        pii_type: "email".to_owned(),
        pii_optional: Some(false),
    };
    let named = categories.iter().map(|category| PiiInformation {
        pii_type: category.as_str().to_owned(),
        pii_optional: None,
    });
    std::iter::once(address).chain(named).collect()
}

impl SubmissionFacts {
    /// What a submission says, without who.
    #[must_use]
    pub fn of(submission: &Submission, notice: NoticeName, received_at: Timestamp) -> Self {
        Self {
            id: submission.id,
            form: submission.form.clone(),
            notice,
            lang: submission.lang.clone(),
            source: submission.source,
            page: Some(submission.page.clone()),
            conversation: submission.conversation.clone(),
            shown_at: Some(submission.shown_at),
            decided_at: submission.decided_at,
            received_at,
            gpc: Some(submission.gpc),
            widget: Some(submission.widget.clone()),
            recorded: None,
        }
    }

    /// What a recording says, without who, told by the holder of this key.
    #[must_use]
    pub fn of_recording(
        recording: &Recording,
        notice: NoticeName,
        key: Option<ApiKeyName>,
        received_at: Timestamp,
    ) -> Self {
        Self {
            id: recording.id,
            form: recording.form.clone(),
            notice,
            lang: recording.lang.clone(),
            source: recording.source,
            page: recording.page.clone(),
            conversation: recording.conversation.clone(),
            shown_at: None,
            // A clock of theirs that is a little ahead of ours does not make the future.
            decided_at: recording.decided_at.min(received_at),
            received_at,
            gpc: None,
            widget: None,
            recorded: Some(Recorded {
                actor: recording.actor.clone(),
                method: recording.method,
                key,
                legal_basis: recording.legal_basis.clone(),
                imported: recording.imported.clone(),
            }),
        }
    }

    /// On which ground the data are used for a purpose: as it was recorded, else as the words say.
    #[must_use]
    pub fn legal_basis(&self, worded: &PublishedPurpose) -> LegalBasis {
        let recorded = self.recorded.as_ref();
        let recorded = recorded.and_then(|recorded| recorded.legal_basis.get(&worded.key));
        recorded.copied().unwrap_or(worded.legal_basis)
    }

    /// How it came in, in one line for whoever reads a receipt.
    #[must_use]
    pub fn collection(&self) -> String {
        // As the wire names it: this is for programs too.
        let source = serde_json::to_value(self.source).unwrap_or_default();
        let source = source.as_str().unwrap_or_default().to_owned();
        let Some(Recorded {
            actor,
            method,
            imported,
            ..
        }) = &self.recorded
        else {
            return source;
        };
        let by = match &actor.id {
            Some(id) => format!("{} {id}", actor.kind.as_str()),
            None => actor.kind.as_str().to_owned(),
        };
        match imported {
            Some(imported) => format!(
                "{source}: taken over from {}, not confirmed with this collector; recorded by {by}",
                imported.from
            ),
            None => format!("{source}: {}, recorded by {by}", method.as_str()),
        }
    }

    /// Whether a submission says this, whoever says it.
    #[must_use]
    pub fn are_of(&self, submission: &Submission) -> bool {
        let same_words = self.notice.hash == submission.notice_hash;
        same_words && *self == Self::of(submission, self.notice.clone(), self.received_at)
    }

    /// Whether a recording says this, of whomever.
    #[must_use]
    pub fn are_of_recording(&self, recording: &Recording) -> bool {
        let hash = recording.notice_hash.as_ref();
        let same_words = hash.is_none_or(|hash| *hash == self.notice.hash);
        let key = self.recorded.as_ref().and_then(|by| by.key.clone());
        let again = Self::of_recording(recording, self.notice.clone(), key, self.received_at);
        same_words && *self == again
    }
}

impl ReceiptConsent {
    /// Whether a yes of the person's was put on record here.
    #[must_use]
    pub fn gives(&self) -> bool {
        let event = self.event.as_ref();
        self.legal_basis == LegalBasis::Consent
            && event.is_some_and(|event| event.event_state == Status::Given)
    }
}

impl Receipt {
    /// The version of the fields above.
    pub const SCHEMA: &str = "sayso-receipt/2";

    /// Reads a receipt of this version; its signature is not looked at. `None` when it is none.
    #[must_use]
    pub fn read(compact: &str) -> Option<Self> {
        serde_json::from_slice(&unverified(compact)?).ok()
    }

    /// What it says of one purpose, and nothing of the others.
    #[must_use]
    pub fn only(mut self, purpose: &PurposeKey) -> Self {
        self.consents.retain(|consent| consent.purpose == *purpose);
        self
    }

    /// Signs it.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign(RECEIPT_TYPE, canonical_json(self).as_bytes())
    }
}

/// What of a receipt of any version tells where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Gist {
    /// The act
    pub jti: Uuid,
    /// What was done
    pub act: ReceiptAct,
    /// When
    pub at: Timestamp,
    consents: Vec<GistConsent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct GistConsent {
    purpose: PurposeKey,
}

impl Gist {
    /// Reads a receipt of our own; its signature is not looked at. `None` when it is none.
    #[must_use]
    pub fn read(compact: &str) -> Option<Self> {
        serde_json::from_slice(&unverified(compact)?).ok()
    }

    /// Whether it says something about a purpose.
    #[must_use]
    pub fn names(&self, purpose: &PurposeKey) -> bool {
        self.consents
            .iter()
            .any(|consent| consent.purpose == *purpose)
    }
}
