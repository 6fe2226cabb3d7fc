//! Acts: what changes goes into storage here, and only here: the signed statement, the events, and how consents stand.

use sayso_shared::{
    decision::Change,
    event::{Manner, StoredEvent},
    key::PurposeKey,
    notice::Notice,
    published::PublishedPurpose,
    receipt::{Meant, ReceiptAct, Statement, SubmissionFacts},
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use super::book::{Book, Keys};
use crate::{
    chance,
    failure::{Outcome, damaged},
    store::{Store, Value, number, text},
};

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
        let snapshot = self.snapshot()?;
        let statement = Statement {
            act: done.act,
            id: act,
            at: now,
            subject: done.subject,
            facts: done.facts,
            notice: &done.notice.text,
            processing: &snapshot.definition.processing,
            iss: &keys.settings.public_url,
        };
        let receipt = statement
            .receipt(meant)
            .ok_or_else(|| damaged("a notice's purpose"))?;
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
        self.note_keeping(done.subject, done.changes, now)?;
        Ok(receipt)
    }

    /// Writes changes that may rest on several submissions: one act for each. Call within a commit.
    pub(super) fn write_changes(
        &self,
        keys: &Keys,
        subject: Uuid,
        changes: Vec<Change>,
        act: ReceiptAct,
        manner: Manner,
        now: Timestamp,
    ) -> Outcome<()> {
        let mut by_submission: BTreeMap<Uuid, Vec<Change>> = BTreeMap::new();
        for change in changes {
            by_submission
                .entry(change.after.submission)
                .or_default()
                .push(change);
        }
        for (submission, changes) in &by_submission {
            let (facts, notice) = self.basis(*submission)?;
            let done = Done {
                subject,
                facts: &facts,
                notice: &notice,
                act,
                manner,
                changes,
            };
            self.append(
                keys,
                &done,
                changes
                    .iter()
                    .map(|change| (&change.purpose, Meant::Became(change.after.status))),
                now,
            )?;
        }
        Ok(())
    }

    /// What a consent rests on.
    pub(super) fn basis(&self, submission: Uuid) -> Outcome<(SubmissionFacts, Notice)> {
        let row = self
            .submission(submission)?
            .ok_or_else(|| damaged("a consent's submission"))?;
        let facts = row.facts()?;
        let notice = self.notice(&facts.notice.hash)?;
        Ok((facts, notice))
    }

    /// Mails in the outbox that would ask what nothing waits for any more are not sent. Those that only tell something still are.
    pub(super) fn cancel_mails(&self, subject: Uuid) -> Outcome<()> {
        Ok(self.store.run(
            include_str!("../../sql/ledger/mail_cancel.sql"),
            vec![text(subject)],
        )?)
    }

    /// Once nothing of this submission waits any more, it has no end to wait for.
    fn settle(&self, submission: Uuid) -> Outcome<()> {
        Ok(self.store.run(
            include_str!("../../sql/ledger/submission_settle.sql"),
            vec![text(submission)],
        )?)
    }

    /// What was pending is cancelled with what settled it: nobody is asked to confirm what was just decided. Call within a commit.
    pub(super) fn let_be(&self, subject: Uuid, pending: &BTreeSet<Uuid>) -> Outcome<()> {
        for submission in pending {
            self.settle(*submission)?;
        }
        if !pending.is_empty() {
            self.cancel_mails(subject)?;
        }
        Ok(())
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
            consent.retention_days.map_or(Value::Null, number),
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
