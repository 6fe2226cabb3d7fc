//! The outbox: which mails wait, and what came of handing one over.

use sayso_shared::{
    mailing::{Fate, Handover, fate},
    time::Timestamp,
};
use serde::Deserialize;
use serde_bytes::ByteBuf;

use super::{book::Book, record::letter_place, subject::Subject};
use crate::{
    chance,
    failure::{Outcome, damaged},
    json,
    letter::Letter,
    mailer::Dispatch,
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
    created_at: i64,
    failures: u32,
    waiting_until: Option<i64>,
}

impl<S: Store> Book<S> {
    /// The mails that wait, those that are due first before the others; a hundred at most, the rest comes after them.
    pub(super) fn waiting_mails(&self) -> Outcome<Vec<Waiting>> {
        Ok(self
            .store
            .rows(include_str!("../../sql/ledger/mail_next.sql"), Vec::new())?)
    }

    /// A mail that waits; none if it has left meanwhile, or if there is nobody to write to any more.
    pub(super) fn mail(&self, id: &str) -> Outcome<Option<Dispatch>> {
        let keys = self.keys()?;
        let Some(row) = self.waiting_mail(id)? else {
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
        Ok(Some(Dispatch {
            id: id.to_owned(),
            written_at: Timestamp::from_unix_millis(row.created_at),
            letter: open(&subject, &row, id)?,
        }))
    }

    /// Notes what came of handing a mail over.
    pub(super) fn note_handover(
        &self,
        id: &str,
        handover: &Handover,
        now: Timestamp,
    ) -> Outcome<()> {
        let keys = self.keys()?;
        // It was cancelled, or the person is gone, while it was under way: there is nothing left to note.
        let Some(row) = self.waiting_mail(id)? else {
            return Ok(());
        };
        let Some(subject) = self.subject(&keys, &row.subject)? else {
            return Ok(());
        };
        let useless_from = row.waiting_until.map(Timestamp::from_unix_millis);
        let next = match fate(handover, row.failures, useless_from, now) {
            Fate::Left => return self.note_sent(&subject, &row, id, now),
            Fate::TriedAgain(at) => Some(at),
            Fate::GivenUp => None,
        };
        self.store.commit(|| {
            self.note_failed(&subject, id, row.failures, handover, next)?;
            if next.is_some() {
                return Ok(());
            }
            // Nobody got its links, and nobody will.
            let values = vec![Value::Blob(blanked(&subject, &row, id)?), text(id)];
            Ok(self
                .store
                .run(include_str!("../../sql/ledger/mail_blank.sql"), values)?)
        })
    }

    fn waiting_mail(&self, id: &str) -> Outcome<Option<Row>> {
        Ok(self.store.row(
            include_str!("../../sql/ledger/mail_select.sql"),
            vec![text(id)],
        )?)
    }

    /// It is kept as it was sent, but for the secrets of its links: those the person alone has from now on.
    fn note_sent(&self, subject: &Subject, row: &Row, id: &str, now: Timestamp) -> Outcome<()> {
        let letter = blanked(subject, row, id)?;
        let values = vec![number(now.unix_millis()), Value::Blob(letter), text(id)];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/mail_sent.sql"), values)?)
    }

    fn note_failed(
        &self,
        subject: &Subject,
        id: &str,
        failures: u32,
        handover: &Handover,
        next: Option<Timestamp>,
    ) -> Outcome<()> {
        // Of what is tried no more, the evidence says why: be it refused for good, or the last time that it was not taken.
        let refusal = match handover.reason().filter(|_| next.is_none()) {
            Some(reason) => Value::Blob(subject.key.seal(
                &serde_json::to_vec(&reason)?,
                &refusal_place(id),
                chance::bytes(),
            )),
            None => Value::Null,
        };
        let values = vec![
            next.map_or(Value::Null, |at| number(at.unix_millis())),
            number(failures.saturating_add(1)),
            refusal,
            text(id),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/mail_failed.sql"), values)?)
    }
}

/// A mail as it is kept: without what opens its links.
fn blanked(subject: &Subject, row: &Row, id: &str) -> Outcome<Vec<u8>> {
    let letter = open(subject, row, id)?.without_secrets();
    let letter = serde_json::to_vec(&letter)?;
    Ok(subject
        .key
        .seal(&letter, &letter_place(id), chance::bytes()))
}

/// To what the sealed reason of a refusal is bound.
pub(super) fn refusal_place(id: &str) -> Vec<u8> {
    format!("refusal/{id}").into_bytes()
}

fn open(subject: &Subject, row: &Row, id: &str) -> Outcome<Letter> {
    let letter = subject
        .key
        .open(&row.letter, &letter_place(id))
        .map_err(|_| damaged("a mail"))?;
    Ok(json::read(&letter)?)
}
