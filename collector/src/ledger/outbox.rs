//! The outbox: which mails wait, and what came of handing one over.

use sayso_shared::{delivery::mail_retry, time::Timestamp};
use serde::Deserialize;
use serde_bytes::ByteBuf;

use super::{book::Book, record::letter_place, subject::Subject};
use crate::{
    chance,
    failure::{Outcome, damaged},
    letter::Letter,
    store::{Store, Value, number, text},
};

/// A mail that waits.
#[derive(Deserialize)]
pub(super) struct Waiting {
    pub(super) id: String,
    at: i64,
}

impl Waiting {
    pub(super) fn due(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.at)
    }
}

#[derive(Deserialize)]
struct Row {
    subject: String,
    letter: ByteBuf,
}

#[derive(Deserialize)]
struct Failures {
    failures: u32,
}

impl<S: Store> Book<S> {
    /// The mails that wait, those that are due first before the others; a hundred at most, the rest comes after them.
    pub(super) fn waiting_mails(&self) -> Outcome<Vec<Waiting>> {
        Ok(self
            .store
            .rows(include_str!("../../sql/ledger/mail_next.sql"), Vec::new())?)
    }

    /// A mail that waits; none if it has left meanwhile, or if there is nobody to write to any more.
    pub(super) fn mail(&self, id: &str) -> Outcome<Option<Letter>> {
        let keys = self.keys()?;
        let row: Option<Row> = self.store.row(
            include_str!("../../sql/ledger/mail_select.sql"),
            vec![text(id)],
        )?;
        let Some(row) = row else {
            return Ok(None);
        };
        // Without the person's key there is nobody to write to: the person was erased, or the request lapsed.
        let Some(subject) = self.subject(&keys, &row.subject)? else {
            self.store.run(
                include_str!("../../sql/ledger/mail_drop.sql"),
                vec![text(id)],
            )?;
            return Ok(None);
        };
        open(&subject, &row, id).map(Some)
    }

    /// The mail has left. It is kept as it was sent, but for the secrets of its links: those the person alone has from now on.
    pub(super) fn note_sent(&self, id: &str, now: Timestamp) -> Outcome<()> {
        let keys = self.keys()?;
        let row: Option<Row> = self.store.row(
            include_str!("../../sql/ledger/mail_select.sql"),
            vec![text(id)],
        )?;
        let Some(row) = row else {
            return Ok(());
        };
        let Some(subject) = self.subject(&keys, &row.subject)? else {
            return Ok(());
        };
        let letter = open(&subject, &row, id)?.without_secrets();
        let letter = subject.key.seal(
            &serde_json::to_vec(&letter)?,
            &letter_place(id),
            chance::bytes(),
        );
        let values = vec![number(now.unix_millis()), Value::Blob(letter), text(id)];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/mail_sent.sql"), values)?)
    }

    /// The mail was not taken: it waits for another try, or is given up.
    pub(super) fn note_not_sent(&self, id: &str, now: Timestamp) -> Outcome<()> {
        let row: Option<Failures> = self.store.row(
            include_str!("../../sql/ledger/mail_failures.sql"),
            vec![text(id)],
        )?;
        let failures = row.map_or(1, |row| row.failures.saturating_add(1));
        let next_at = mail_retry(failures, now).map_or(Value::Null, |at| number(at.unix_millis()));
        let values = vec![next_at, number(failures), text(id)];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/mail_failed.sql"), values)?)
    }
}

fn open(subject: &Subject, row: &Row, id: &str) -> Outcome<Letter> {
    let letter = subject
        .key
        .open(&row.letter, &letter_place(id))
        .map_err(|_| damaged("a mail"))?;
    Ok(serde_json::from_slice(&letter)?)
}
