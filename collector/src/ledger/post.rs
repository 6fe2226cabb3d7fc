//! The post: hands one mail of the outbox over to whatever sends mails.

use sayso_shared::delivery::mail_retry;
use serde::Deserialize;
use serde_bytes::ByteBuf;
use worker::console_error;

use super::{memory::Ledger, record::letter_place};
use crate::{
    clock,
    failure::{Outcome, damaged},
    letter::Letter,
    mailbox,
    settings::Mailer,
    store::{Value, number, text},
};

#[derive(Deserialize)]
struct Row {
    subject: String,
    letter: ByteBuf,
    failures: u32,
}

impl Ledger {
    /// Sends a mail, and notes what came of it. A mail that was taken and whose taking was not noted is sent again under the same
    /// id.
    pub(super) async fn post(&self, id: &str) -> Outcome<()> {
        let keys = self.keys()?;
        let row: Option<Row> = self.store.row(
            include_str!("../../sql/ledger/mail_select.sql"),
            vec![text(id)],
        )?;
        let Some(row) = row else {
            return Ok(());
        };
        // Without the person's key there is nobody to write to: the person was erased, or the request lapsed.
        let Some(subject) = self.subject(&keys, &row.subject)? else {
            return Ok(self.store.run(
                include_str!("../../sql/ledger/mail_drop.sql"),
                vec![text(id)],
            )?);
        };
        let letter = subject
            .key
            .open(&row.letter, &letter_place(id))
            .map_err(|_| damaged("a mail"))?;
        let letter: Letter = serde_json::from_slice(&letter)?;
        let sent = match keys.settings.mailer {
            Mailer::Dev => mailbox::drop_in(&self.env, id, letter).await,
        };
        let now = clock::now();
        match sent {
            Ok(()) => {
                let values = vec![number(now.unix_millis()), text(id)];
                Ok(self
                    .store
                    .run(include_str!("../../sql/ledger/mail_sent.sql"), values)?)
            }
            Err(error) => {
                console_error!("mail {id} did not leave: {error}");
                let failures = row.failures.saturating_add(1);
                let next_at = mail_retry(failures, now);
                let next_at = next_at.map_or(Value::Null, |at| number(at.unix_millis()));
                let values = vec![next_at, number(failures), text(id)];
                Ok(self
                    .store
                    .run(include_str!("../../sql/ledger/mail_failed.sql"), values)?)
            }
        }
    }
}
