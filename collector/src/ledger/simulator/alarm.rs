//! The alarm, as the ledger answers it: what is late lapses, mails leave, lanes move.

use sayso_shared::consent::Status;

use super::{
    super::fixture::at,
    invariants::{self as invariant, Check, must},
    model::Change,
    world::{Fate, Share, World},
};

impl World {
    /// The alarm rings, and perhaps twice.
    pub(super) fn ring(&mut self) -> Check {
        let check = self.run_errands();
        if self.dice.one_in(5) {
            check.and_then(|()| self.run_errands())
        } else {
            check
        }
    }

    /// Errands, in the order in which the ledger begins them.
    pub(super) fn run_errands(&mut self) -> Check {
        self.say(|_| "the alarm rings".to_owned());
        self.lapse()?;
        self.expire()?;
        self.let_go()?;
        self.forget_clients()?;
        self.rewrap()?;
        self.post()?;
        let names: Vec<String> = self.outside.crms.keys().cloned().collect();
        for name in names {
            // As the ledger does: as long as there is something and it is taken.
            for _ in 0..1000 {
                if self.under_way(&name)
                    || !self.begin_delivery_to(&name)?
                    || (!self.calm && self.dice.one_in(6))
                {
                    break;
                }
                self.end_delivery()?;
            }
        }
        Ok(())
    }

    /// Every yes whose time is over has expired, each with its event.
    fn expire(&mut self) -> Check {
        loop {
            let subjects = 0..self.model.subjects.len();
            let changes: Vec<Change> = subjects
                .flat_map(|subject| self.model.expired(subject, self.now))
                .collect();
            let now = at(self.now);
            let fate = self.attempt(|book| {
                let expired = book.expire(now)?;
                let failure = expired.failures.into_iter().next();
                failure.map_or(Ok(expired.next), Err)
            })?;
            if !changes.is_empty() {
                self.say(|_| format!("expires {changes:?}"));
            }
            let (next, share) = match fate {
                Fate::Done(next) if changes.len() < 100 => (Some(next), Share::All),
                Fate::Done(next) => (Some(next), Share::Any),
                Fate::Refused(problem) => {
                    return Err(format!("expiring was refused: {}", problem.detail));
                }
                Fate::Died => (None, Share::Any),
            };
            self.absorb(&changes, share)?;
            let first = self.model.next_to_expire();
            let Some(next) = next else { continue };
            must(next == first.map(|first| at(first.max(self.now))), || {
                format!("the next to expire is {first:?}, not {next:?}")
            })?;
            if first.is_none_or(|first| first > self.now) {
                return Ok(());
            }
        }
    }

    pub(super) fn lapse(&mut self) -> Check {
        loop {
            let late = self.model.late(self.now);
            let changes: Vec<Change> = late
                .iter()
                .flat_map(|id| self.model.waiting(*id, |_| Status::Lapsed))
                .collect();
            let now = at(self.now);
            let fate = self.attempt(|book| {
                let lapsed = book.lapse(now)?;
                lapsed
                    .failures
                    .into_iter()
                    .next()
                    .map_or(Ok(lapsed.next), Err)
            })?;
            let (next, share) = match fate {
                Fate::Done(next) if late.len() <= 100 => (next, Share::All),
                Fate::Done(next) => (next, Share::Any),
                Fate::Refused(problem) => {
                    return Err(format!("lapsing was refused: {}", problem.detail));
                }
                Fate::Died => (None, Share::Any),
            };
            if !late.is_empty() {
                self.say(|_| format!("lapses {changes:?}"));
            }
            let events = self.match_events(&changes, share)?;
            for id in late {
                let row = self.look(|book| book.submission(id))?;
                let settled = row.is_some_and(|row| row.waiting_until.is_none());
                must(settled || share == Share::Any, || {
                    format!("{id} did not lapse")
                })?;
                let left = !self.model.waiting(id, |_| Status::Lapsed).is_empty();
                must(
                    settled != left
                        || (!settled
                            && !left
                            && changes.iter().all(|change| change.submission != id)),
                    || format!("{id} lapsed in part"),
                )?;
                if !settled {
                    continue;
                }
                let kept = self.model.submissions.get_mut(&id).expect("kept");
                kept.waiting_until = None;
                let subject = kept.subject;
                self.cancel_mails(subject);
                if !self.model.holds(subject) {
                    self.is_forgotten(subject);
                    invariant::who_is_forgotten_is_in_no_store(self, subject)?;
                }
                self.standing_is_that_of_the_model(subject)?;
            }
            for event in events {
                let change = &self.model.log[&event.data.seq].change;
                invariant::who_is_forgotten_is_in_no_event(self, change, &event)?;
            }
            let first = self
                .model
                .submissions
                .values()
                .filter_map(|kept| kept.waiting_until)
                .min();
            if matches!(fate, Fate::Died) {
                continue;
            }
            must(next == first.map(|first| at(first.max(self.now))), || {
                format!("the next to lapse is {first:?}, not {next:?}")
            })?;
            if first.is_none_or(|first| first > self.now) {
                return Ok(());
            }
        }
    }
}
