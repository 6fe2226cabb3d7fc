//! Lapsing: what nobody confirmed in time is over, and an address that nothing rests on any more is deleted.

use std::collections::BTreeSet;

use sayso_shared::{
    consent::{Standing, Status},
    decision,
    event::{ActorKind, Manner, Method},
    receipt::ReceiptAct,
    retention::was_never_confirmed,
    time::Timestamp,
};
use uuid::Uuid;

use super::{
    book::{At, Book, Keys},
    record::SubmissionRow,
};
use crate::{
    failure::{Failure, Outcome, damaged},
    store::{Store, number},
};

/// How many requests lapse in one go; `submission_late.sql` reads one more, to know whether there are.
const MOST_AT_ONCE: usize = 100;

/// What came of looking for requests that nobody confirmed in time.
pub(super) struct Lapsed {
    /// When the next one ends
    pub(super) next: Option<Timestamp>,
    /// Records that could not be read
    pub(super) failures: Vec<Failure>,
}

impl<S: Store> Book<S> {
    /// What nobody confirmed in time is over; an address that nothing rests on any more is deleted. Says when the next one
    /// ends, and what could not be read: that holds up nobody else.
    pub(super) fn lapse(&self, now: Timestamp) -> Outcome<Lapsed> {
        let keys = self.keys()?;
        let late = vec![number(now.unix_millis())];
        let rows: Vec<SubmissionRow> = self
            .store
            .rows(include_str!("../../sql/ledger/submission_late.sql"), late)?;
        let more = rows.len() > MOST_AT_ONCE;
        let rows = rows.into_iter().take(MOST_AT_ONCE);
        let lapsed = rows.map(|row| self.lapse_one(&keys, &row, now));
        let failures: Vec<Failure> = lapsed.filter_map(Outcome::err).collect();
        // The others are next, unless nothing could be done about these.
        if more && failures.len() < MOST_AT_ONCE {
            return Ok(Lapsed {
                next: Some(now),
                failures,
            });
        }
        let after = vec![number(now.unix_millis())];
        let next: Option<At> = self
            .store
            .row(include_str!("../../sql/ledger/submission_next.sql"), after)?;
        Ok(Lapsed {
            next: next.and_then(|row| row.at).map(Timestamp::from_unix_millis),
            failures,
        })
    }

    fn lapse_one(&self, keys: &Keys, row: &SubmissionRow, now: Timestamp) -> Outcome<()> {
        let subject = Uuid::try_parse(&row.subject).map_err(|_| damaged("a subject's id"))?;
        let changes = decision::lapse(&self.standing(&row.subject)?, row.id, now);
        let at = row.waiting_until.map_or(now, Timestamp::from_unix_millis);
        let source = row.facts()?.source;
        let manner = Manner {
            source,
            method: Method::Time,
            actor: ActorKind::System,
            decided_at: at,
            at: now,
        };
        self.store.commit(|| {
            self.write_changes(keys, subject, changes, ReceiptAct::Lapsed, manner, now)?;
            // Nobody gets a mail whose link is dead.
            self.let_be(subject, &[row.id].into())?;
            let standing = self.standing(&row.subject)?;
            if was_never_confirmed(&standing, &self.told_elsewhere(&standing)?) {
                self.forget(subject)?;
            }
            Ok(())
        })
    }

    /// Which noes of a standing the person told us elsewhere, by what they rest on.
    fn told_elsewhere(&self, standing: &Standing) -> Outcome<BTreeSet<Uuid>> {
        let mut told = BTreeSet::new();
        for consent in standing.values() {
            if consent.status == Status::Refused {
                let submission = self.submission(consent.submission)?;
                let submission = submission.ok_or_else(|| damaged("a consent's submission"))?;
                if submission.facts()?.recorded.is_some() {
                    told.insert(consent.submission);
                }
            }
        }
        Ok(told)
    }
}
