//! Acts: what changes goes into storage here, and only here: the signed statement, the events, and how consents stand.

use sayso_shared::{
    consent::Status,
    decision::Change,
    event::{Manner, StoredEvent},
    key::PurposeKey,
    notice::Notice,
    published::PublishedPurpose,
    receipt::{Receipt, ReceiptAct, ReceiptConsent, SubmissionFacts},
    time::Timestamp,
};
use uuid::Uuid;

use super::book::{Book, Keys};
use crate::{
    chance,
    failure::{Outcome, damaged},
    store::{Store, Value, number, text},
};

/// What an act means for one purpose.
#[derive(Clone, Copy)]
pub(super) enum Meant {
    /// The person asked for this by the boxes
    Asked(Status),
    /// The consent came to this
    Became(Status),
}

/// One act on one submission.
pub(super) struct Done<'a> {
    pub(super) subject: Uuid,
    pub(super) facts: &'a SubmissionFacts,
    pub(super) notice: &'a Notice,
    pub(super) act: ReceiptAct,
    pub(super) manner: Manner,
    pub(super) changes: &'a [Change],
}

impl<S: Store> Book<S> {
    /// Appends an act with what it means for each purpose, and gives its receipt. Call within a commit.
    pub(super) fn append<'a>(
        &self,
        keys: &Keys,
        done: &Done<'_>,
        meant: impl Iterator<Item = (&'a PurposeKey, Meant)>,
        now: Timestamp,
    ) -> Outcome<String> {
        let act = chance::uuid(now);
        let receipt = Receipt {
            schema: Receipt::SCHEMA.to_owned(),
            iss: keys.settings.public_url.clone(),
            iat: now.unix_seconds(),
            jti: act,
            site: done.notice.text.site.clone(),
            controller: done.notice.text.controller.clone(),
            act: done.act,
            at: now,
            submission: done.facts.clone(),
            consents: meant
                .map(|(purpose, meant)| stated(done.notice, purpose, meant))
                .collect::<Outcome<_>>()?,
        };
        let receipt = receipt.sign(&keys.signing);
        self.store.run(
            include_str!("../../sql/ledger/act_insert.sql"),
            vec![text(act), text(done.facts.id), text(&receipt)],
        )?;
        for change in done.changes {
            let event = StoredEvent::of(
                chance::uuid(now),
                change,
                done.notice,
                done.facts,
                done.manner,
            );
            let event = event.ok_or_else(|| damaged("a notice's purpose"))?;
            let body = serde_json::to_string(&event)?;
            let values = vec![
                text(event.kind().as_str()),
                text(done.subject),
                text(act),
                text(body),
            ];
            self.store
                .run(include_str!("../../sql/ledger/event_insert.sql"), values)?;
            self.project(done.subject, change)?;
        }
        Ok(receipt)
    }

    fn project(&self, subject: Uuid, change: &Change) -> Outcome<()> {
        let consent = &change.after;
        let status = serde_json::to_value(consent.status)?;
        let moment = |at: Option<Timestamp>| at.map_or(Value::Null, |at| number(at.unix_millis()));
        let values = vec![
            text(subject),
            text(&change.purpose),
            text(status.as_str().unwrap_or_default()),
            number(consent.since.unix_millis()),
            text(consent.submission),
            moment(consent.requested_at),
            moment(consent.expires_at),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/consent_upsert.sql"), values)?)
    }
}

/// The purpose as the notice worded it.
pub(super) fn worded<'a>(
    notice: &'a Notice,
    purpose: &PurposeKey,
) -> Outcome<&'a PublishedPurpose> {
    let mut purposes = notice.text.purposes.iter();
    purposes
        .find(|worded| worded.key == *purpose)
        .ok_or_else(|| damaged("a notice's purpose"))
}

fn stated(notice: &Notice, purpose: &PurposeKey, meant: Meant) -> Outcome<ReceiptConsent> {
    let worded = worded(notice, purpose)?;
    let (asked, status) = match meant {
        Meant::Asked(status) => (Some(status), None),
        Meant::Became(status) => (None, Some(status)),
    };
    Ok(ReceiptConsent {
        purpose: purpose.clone(),
        title: worded.title.clone(),
        legal_basis: worded.legal_basis,
        asked,
        status,
        dpv: status.map(|status| status.dpv().to_owned()),
    })
}
