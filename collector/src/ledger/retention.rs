//! Retention: what was promised to be kept for a time only goes when that is over, found by an index.

use sayso_shared::{
    decision::Change,
    event::{Actor, ActorKind, ErasureReason},
    retention::{Keeping, keeping_after},
    time::Timestamp,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    book::{At, Book},
    lapse::Lapsed,
};
use crate::{
    failure::{Failure, Outcome},
    store::{Store, Value, number, text},
};

/// How many rows the statements give at most: a long list does not hold up the rest.
const AT_ONCE: usize = 100;

#[derive(Deserialize)]
struct Row {
    id: Uuid,
}

impl<S: Store> Book<S> {
    /// Notes until when a person has to be known, now that something has changed. Call within a commit.
    pub(super) fn note_keeping(
        &self,
        subject: Uuid,
        changes: &[Change],
        now: Timestamp,
    ) -> Outcome<()> {
        let before: Option<At> = self.store.row(
            include_str!("../../sql/ledger/subject_kept.sql"),
            vec![text(subject)],
        )?;
        let before = before.and_then(|row| row.at);
        let before = before.map(Timestamp::from_unix_millis);
        let standing = self.standing(&subject.to_string())?;
        let until = match keeping_after(&standing, changes, before, now) {
            Keeping::Needed | Keeping::Open => Value::Null,
            Keeping::Until(at) => number(at.unix_millis()),
        };
        let values = vec![until, text(subject)];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/subject_keep.sql"), values)?)
    }

    /// Erases whoever nothing needs any more. Says when the next one is over, and what could not be done: that holds up nobody else.
    pub(super) fn let_go(&self, now: Timestamp) -> Outcome<Lapsed> {
        self.keys()?;
        let over: Vec<Row> = self.store.rows(
            include_str!("../../sql/ledger/subject_over.sql"),
            vec![number(now.unix_millis())],
        )?;
        let is_all = over.len() < AT_ONCE;
        let erased = over.into_iter().map(|row| {
            let actor = Actor {
                kind: ActorKind::System,
                id: None,
            };
            let reason = Some(ErasureReason::NoLongerNeeded);
            self.store
                .commit(|| self.write_erasure(row.id, reason, actor, now))
        });
        let (erased, failures): (Vec<_>, Vec<_>) = erased.partition(Result::is_ok);
        let failures: Vec<Failure> = failures.into_iter().filter_map(Outcome::err).collect();
        if !is_all && !erased.is_empty() {
            let next = Some(now);
            return Ok(Lapsed { next, failures });
        }
        let next: Option<At> = self.store.row(
            include_str!("../../sql/ledger/subject_next.sql"),
            vec![number(now.unix_millis())],
        )?;
        Ok(Lapsed {
            next: next.and_then(|row| row.at).map(Timestamp::from_unix_millis),
            failures,
        })
    }

    /// Deletes from which network and browser submissions came, once they were kept for as long as the site says. Says when the next
    /// one is over.
    pub(super) fn forget_clients(&self, now: Timestamp) -> Outcome<Lapsed> {
        let kept = self.snapshot()?.definition.client_kept();
        let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        let received = now.unix_millis().saturating_sub(kept);
        let over: Vec<Row> = self.store.rows(
            include_str!("../../sql/ledger/client_over.sql"),
            vec![number(received)],
        )?;
        if !over.is_empty() {
            let ids: Vec<Uuid> = over.iter().map(|row| row.id).collect();
            let ids = serde_json::to_string(&ids)?;
            self.store.commit(|| {
                // Overwritten where they lie, and then given up: what is only given up stays on the disk for a while.
                for statement in [
                    include_str!("../../sql/ledger/client_zero.sql"),
                    include_str!("../../sql/ledger/client_forget.sql"),
                ] {
                    self.store.run(statement, vec![text(&ids)])?;
                }
                Ok(())
            })?;
        }
        let next = if over.len() < AT_ONCE {
            let next: Option<At> = self.store.row(
                include_str!("../../sql/ledger/client_next.sql"),
                vec![number(received)],
            )?;
            let next = next.and_then(|row| row.at);
            next.map(|at| Timestamp::from_unix_millis(at.saturating_add(kept)))
        } else {
            Some(now)
        };
        Ok(Lapsed {
            next,
            failures: Vec::new(),
        })
    }
}
