//! Those who let people go: the CRM that asks for it, and time.

use sayso_shared::{
    consent::Status,
    event::{About, ActorKind, ErasureReason, Event},
    id::uuid_v7,
};
use uuid::Uuid;

use super::{
    super::fixture::at,
    invariants::{self as invariant, Check, must},
    model::{CLIENT_DAYS, Change, Entry, RETENTION_DAYS},
    witness::CountRow,
    world::{DAY, Fate, Share, World},
};
use crate::store::Store as _;

impl Change {
    /// The person is erased: a change of no purpose.
    pub(super) fn erasure(subject: usize) -> Self {
        Self {
            subject,
            purpose: String::new(),
            previous: Status::Unknown,
            status: Status::Unknown,
            submission: Uuid::nil(),
        }
    }
}

impl World {
    /// A CRM erases somebody, perhaps once more, or nobody.
    pub(super) fn erase(&mut self) -> Check {
        let known = self.model.subjects.iter().enumerate();
        let known: Vec<(usize, Uuid)> = known
            .filter_map(|(place, subject)| Some((place, subject.id?)))
            .collect();
        let Some((subject, id)) = self.dice.pick(&known).copied() else {
            return self.erase_nobody();
        };
        let before = self.model.subjects[subject].erased.clone();
        let reason = self.dice.pick(&ErasureReason::ALL).copied();
        let (written, now) = (self.book().store.rows_written(), at(self.now));
        let fate = self.attempt(|book| book.erase(None, id, reason, now))?;
        self.say(|_| format!("{id} is erased"));
        let changes: Vec<Change> = before
            .is_none()
            .then(|| Change::erasure(subject))
            .into_iter()
            .collect();
        let share = match fate {
            Fate::Done(answer) => {
                must(before.is_none_or(|before| before == answer), || {
                    "2: an erasure is answered otherwise the second time".to_owned()
                })?;
                if changes.is_empty() {
                    invariant::looking_changes_nothing(written, self.book().store.rows_written())?;
                }
                Share::All
            }
            Fate::Refused(problem) => {
                return Err(format!("erasing was refused: {}", problem.detail));
            }
            Fate::Died => Share::AllOrNothing,
        };
        self.absorb(&changes, share)?;
        self.everything_is_there_of(subject)
    }

    fn erase_nobody(&mut self) -> Check {
        let (id, now) = (uuid_v7(at(self.now), self.dice.bytes()), at(self.now));
        let fate = self.attempt(|book| book.erase(None, id, None, now))?;
        let nobody = matches!(&fate, Fate::Refused(problem) if problem.status == 404);
        must(nobody, || "somebody was erased who never was".to_owned())?;
        self.nothing_happens()
    }

    /// Whom nothing needs any more, time erases.
    pub(super) fn let_go(&mut self) -> Check {
        loop {
            let over: Vec<usize> = (0..self.model.subjects.len())
                .filter(|subject| self.kept_until(*subject).is_some_and(|at| at <= self.now))
                .collect();
            let now = at(self.now);
            let fate = self.attempt(|book| {
                let gone = book.let_go(now)?;
                let failure = gone.failures.into_iter().next();
                failure.map_or(Ok(gone.next), Err)
            })?;
            let changes: Vec<Change> = over.iter().map(|each| Change::erasure(*each)).collect();
            if !over.is_empty() {
                self.say(|_| format!("lets go of {over:?}"));
            }
            let next = match fate {
                Fate::Done(next) => next,
                Fate::Refused(problem) => {
                    return Err(format!("letting go was refused: {}", problem.detail));
                }
                Fate::Died => {
                    self.absorb(&changes, Share::Any)?;
                    continue;
                }
            };
            let all = over.len() <= 100;
            self.absorb(&changes, if all { Share::All } else { Share::Any })?;
            for subject in over.into_iter().filter(|_| all) {
                self.everything_is_there_of(subject)?;
            }
            let subjects = 0..self.model.subjects.len();
            let first = subjects.filter_map(|each| self.kept_until(each)).min();
            must(next == first.map(|first| at(first.max(self.now))), || {
                format!("the next to let go is due {first:?}, not {next:?}")
            })?;
            if first.is_none_or(|first| first > self.now) {
                return Ok(());
            }
        }
    }

    /// The networks from which submissions came are deleted in time.
    pub(super) fn forget_clients(&mut self) -> Check {
        let now = at(self.now);
        let fate = self.attempt(|book| {
            let mut forgotten = book.forget_clients(now)?;
            while forgotten.next == Some(now) {
                forgotten = book.forget_clients(now)?;
            }
            Ok(forgotten.next)
        })?;
        if matches!(fate, Fate::Died) {
            return Ok(());
        }
        let over = at(self.now - i64::from(CLIENT_DAYS) * DAY).unix_millis();
        let sql = format!(
            "SELECT COUNT(*) AS count FROM submission WHERE client IS NOT NULL AND received_at <= {over}"
        );
        must(self.count(&sql)? == 0, || {
            "a network is kept for too long".to_owned()
        })?;
        self.nothing_happens()
    }

    /// Until when a person is kept by what was promised, told in the simplest way.
    fn kept_until(&self, subject: usize) -> Option<i64> {
        let subject = &self.model.subjects[subject];
        let mut until = None;
        for (purpose, consent) in subject.consents.iter().filter(|_| !subject.gone) {
            let days = RETENTION_DAYS.iter().find(|(key, _)| key == purpose)?.1;
            let over = match consent.status {
                Status::Lapsed => consent.since,
                Status::Refused | Status::Withdrawn | Status::Expired => {
                    consent.since + i64::from(days?) * DAY
                }
                Status::Unknown | Status::Requested | Status::Given => return None,
            };
            until = until.max(Some(over));
        }
        until
    }

    /// An event tells of an erasure that was predicted.
    pub(super) fn match_erasure(&mut self, event: &Event, left: &mut Vec<Change>) -> Check {
        let id = event.data.subject.id;
        let is_this = |change: &Change| {
            *change == Change::erasure(change.subject)
                && self.model.subjects[change.subject].id == Some(id)
        };
        let place = left.iter().position(is_this);
        let place = place.ok_or_else(|| format!("2: {id} was erased, and nobody asked for it"))?;
        let change = left.remove(place);
        let About::Erasure(erasure) = &event.data.about else {
            return Err("a change of a consent is no erasure".to_owned());
        };
        let told = erasure.erased_at == at(self.now)
            && matches!(erasure.actor.kind, ActorKind::Admin | ActorKind::System);
        must(told, || format!("an erasure tells {erasure:?}"))?;
        // The answer is what the book gives to whoever asks again.
        let again = self.look(|book| book.erase(None, id, None, at(self.now)))?;
        must(again.event == event.data.id, || {
            "2: a repeated erasure answers with another event".to_owned()
        })?;
        self.is_forgotten(change.subject);
        let subject = &mut self.model.subjects[change.subject];
        subject.erased = Some(again);
        subject.consents.clear();
        for kept in self.model.submissions.values_mut() {
            if kept.subject == change.subject {
                kept.waiting_until = None;
            }
        }
        let event = event.clone();
        self.model
            .log
            .insert(event.data.seq, Entry { change, event });
        Ok(())
    }

    /// The address and its key are gone, and with them what waits for the person.
    pub(super) fn is_forgotten(&mut self, subject: usize) {
        self.model.subjects[subject].gone = true;
        for mail in &mut self.outside.mails {
            if mail.subject == subject && !mail.settled {
                mail.settled = true;
                mail.cancelled = true;
            }
        }
    }

    fn everything_is_there_of(&self, subject: usize) -> Check {
        invariant::who_is_forgotten_is_in_no_store(self, subject)?;
        self.no_table_holds_anything_of_the_forgotten()?;
        self.standing_is_that_of_the_model(subject)
    }

    /// 6, table by table: of whom is forgotten there is nothing sealed, no link and no mail, and there are as many keys as people.
    pub(super) fn no_table_holds_anything_of_the_forgotten(&self) -> Check {
        let forgotten = "subject NOT IN (SELECT id FROM subject)";
        let erased = "subject IN (SELECT subject FROM event WHERE kind = 'subject.erased')";
        let sealed =
            "(person IS NOT NULL OR client IS NOT NULL OR comment IS NOT NULL OR digest <> '')";
        for (table, place) in [
            ("mail", forgotten.to_owned()),
            ("submission", format!("{forgotten} AND {sealed}")),
            (
                "submission",
                format!("{erased} AND waiting_until IS NOT NULL"),
            ),
            ("token", erased.to_owned()),
            ("consent", erased.to_owned()),
        ] {
            let left = self.count(&format!(
                "SELECT COUNT(*) AS count FROM {table} WHERE {place}"
            ))?;
            must(left == 0, || {
                format!("6: {left} rows of {table} hold something of somebody forgotten")
            })?;
        }
        let keys = self.count(
            "SELECT COUNT(*) AS count FROM subject_key WHERE wrapped <> zeroblob(length(wrapped))",
        )?;
        let people = self.count("SELECT COUNT(*) AS count FROM subject")?;
        must(keys == people, || {
            format!("6: {keys} keys for {people} people")
        })
    }

    fn count(&self, sql: &str) -> Result<u64, String> {
        let row: Option<CountRow> = self.look(|book| Ok(book.store.row(sql, Vec::new())?))?;
        Ok(row.map_or(0, |row| row.count))
    }
}
