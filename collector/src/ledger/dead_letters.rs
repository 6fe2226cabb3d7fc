//! Dead letters: events that an endpoint refused for their own sake. They are kept until one is taken after all.

use sayso_shared::{
    attempt::DeadLetter, cursor::Cursor, event::EventType, key::EndpointKey, problem::Problem,
    time::Timestamp,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    book::{Book, cursor},
    lanes::{SeqRow, seq},
};
use crate::{
    failure::{Outcome, damaged},
    store::{Store, number, text},
};

#[derive(Deserialize)]
struct Row {
    seq: i64,
    at: i64,
    kind: String,
    event: Uuid,
}

impl<S: Store> Book<S> {
    /// Notes that the operator wants one sent once more. Asking twice sends it once.
    pub(super) fn resend(
        &self,
        endpoint: &EndpointKey,
        event: Uuid,
        now: Timestamp,
    ) -> Outcome<()> {
        self.store.commit(|| {
            let values = vec![number(now.unix_millis()), text(endpoint), text(event)];
            let found: Option<SeqRow> = self.store.row(
                include_str!("../../sql/ledger/dead_letter_resend.sql"),
                values,
            )?;
            Ok(found
                .map(drop)
                .ok_or_else(|| Problem::unknown("dead letter"))?)
        })
    }

    /// The one that is to be sent once more before anything else.
    pub(super) fn asked_again(&self, endpoint: &EndpointKey) -> Outcome<Option<Cursor>> {
        let row: Option<SeqRow> = self.store.row(
            include_str!("../../sql/ledger/dead_letter_next.sql"),
            vec![text(endpoint)],
        )?;
        Ok(row.map(|row| cursor(row.seq)))
    }

    /// Notes what came of sending one once more: it is gone, or it stays and is sent no more until it is asked for. Call within a commit.
    pub(super) fn note_again(
        &self,
        endpoint: &EndpointKey,
        tried: Cursor,
        is_taken: bool,
    ) -> Outcome<()> {
        if !is_taken {
            let values = vec![text(endpoint), seq(tried.seq)];
            return Ok(self.store.run(
                include_str!("../../sql/ledger/dead_letter_rest.sql"),
                values,
            )?);
        }
        self.drop_dead_letter(endpoint, tried)?;
        // Whoever takes what was put aside does not refuse everything.
        Ok(self.store.run(
            include_str!("../../sql/ledger/lane_taken.sql"),
            vec![text(endpoint)],
        )?)
    }

    /// One was taken after all. Call within a commit.
    pub(super) fn drop_dead_letter(&self, endpoint: &EndpointKey, taken: Cursor) -> Outcome<()> {
        self.store.run(
            include_str!("../../sql/ledger/dead_letter_delete.sql"),
            vec![text(endpoint), seq(taken.seq)],
        )?;
        self.drop_idle_alert(endpoint)
    }

    /// The latest of them.
    pub(super) fn dead_letters(&self, endpoint: &EndpointKey) -> Outcome<Vec<DeadLetter>> {
        let rows: Vec<Row> = self.store.rows(
            include_str!("../../sql/ledger/dead_letter_list.sql"),
            vec![text(endpoint)],
        )?;
        let letters = rows.into_iter().map(|row| {
            Ok(DeadLetter {
                event: row.event,
                kind: EventType::parse(&row.kind).ok_or_else(|| damaged("an event's type"))?,
                seq: cursor(row.seq).seq,
                at: Timestamp::from_unix_millis(row.at),
            })
        });
        letters.collect()
    }
}
