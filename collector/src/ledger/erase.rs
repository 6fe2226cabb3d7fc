//! Erasing: a person is forgotten, and what happened stays without the person.
//!
//! What goes: the key of the person, with which everything sealed under it cannot be read any more by anybody, and that by which the
//! person is found, links, mails, and how the consents stand. What stays: submissions, acts with their receipts, and events, which
//! name a person by a random id alone. The id is never used again: the same address that comes back is somebody new.

use sayso_shared::{
    answer::SubjectErased,
    api_key::Scope,
    event::{Actor, ErasureReason, EventSubject, EventType, StoredErasure},
    problem::Problem,
    time::Timestamp,
};
use uuid::Uuid;

use super::{
    book::{At, Body, Book},
    shards::Whose,
};
use crate::{
    chance,
    failure::{Failure, Outcome},
    json,
    store::{Store, text},
};

impl<S: Store> Book<S> {
    /// Erases a person.
    ///
    /// 1. The key may: 401, 403. This is the ledger of the person.
    /// 2. Who was erased before is erased: 200 with the same answer, and nothing else happens.
    /// 3. Somebody has this id: 404.
    /// 4. All that is left of the person goes, and an event tells of it, all or nothing: 200.
    pub(super) fn erase(
        &self,
        key: Option<&str>,
        id: Uuid,
        reason: Option<ErasureReason>,
        now: Timestamp,
    ) -> Outcome<SubjectErased> {
        let actor = self.admit(key, Scope::SubjectsWrite)?; // 1
        self.owns(Whose::Subject(id))?;
        self.keys()?;
        if let Some(before) = self.erasure(id)? {
            return Ok(answer(id, &before)); // 2
        }
        let known: Option<At> = self.store.row(
            include_str!("../../sql/ledger/subject_exists.sql"),
            vec![text(id)],
        )?;
        known.ok_or_else(Problem::unknown_subject)?; // 3
        self.store
            .commit(|| self.write_erasure(id, reason, actor, now)) // 4
    }

    /// Writes an erasure, with all that goes. Call within a commit.
    pub(super) fn write_erasure(
        &self,
        id: Uuid,
        reason: Option<ErasureReason>,
        actor: Actor,
        now: Timestamp,
    ) -> Outcome<SubjectErased> {
        self.forget(id)?;
        for statement in [
            include_str!("../../sql/ledger/token_forget.sql"),
            // Else they would expire, or lapse, and make events of somebody who is no more.
            include_str!("../../sql/ledger/consent_forget.sql"),
            include_str!("../../sql/ledger/submission_cancel.sql"),
        ] {
            self.store.run(statement, vec![text(id)])?;
        }
        let site = self.snapshot()?.site.clone();
        let erasure = StoredErasure::of(chance::uuid(now), site, reason, actor, now);
        let values = vec![
            text(EventType::Erased.as_str()),
            text(id),
            // It rests on no act: nothing was chosen, and there is no receipt.
            text(erasure.id()),
            text(serde_json::to_string(&erasure)?),
        ];
        self.store
            .run(include_str!("../../sql/ledger/event_insert.sql"), values)?;
        Ok(answer(id, &erasure))
    }

    /// Forgets who a person is: the key is overwritten where it lies, and with it all that was sealed under it is unreadable, be it in a
    /// row or in what SQLite has not overwritten yet. Call within a commit.
    pub(super) fn forget(&self, id: Uuid) -> Outcome<()> {
        for statement in [
            include_str!("../../sql/ledger/subject_key_zero.sql"),
            include_str!("../../sql/ledger/subject_delete.sql"),
            include_str!("../../sql/ledger/mail_forget.sql"),
            include_str!("../../sql/ledger/submission_forget.sql"),
        ] {
            self.store.run(statement, vec![text(id)])?;
        }
        Ok(())
    }

    /// Why there is nobody of this id: was erased, or never was.
    pub(super) fn why_nobody(&self, id: Uuid) -> Outcome<Failure> {
        let problem = self
            .erasure(id)?
            .map_or_else(Problem::unknown_subject, |erasure| {
                Problem::erased(erasure.erased_at())
            });
        Ok(problem.into())
    }

    fn erasure(&self, id: Uuid) -> Outcome<Option<StoredErasure>> {
        let row: Option<Body> = self.store.row(
            include_str!("../../sql/ledger/event_erased.sql"),
            vec![text(id)],
        )?;
        Ok(row.map(|row| json::read(&row.body)).transpose()?)
    }
}

fn answer(id: Uuid, erasure: &StoredErasure) -> SubjectErased {
    SubjectErased {
        subject: EventSubject::of(id, None),
        erased_at: erasure.erased_at(),
        event: erasure.id(),
    }
}
