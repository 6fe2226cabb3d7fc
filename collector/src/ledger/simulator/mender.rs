//! Whoever repairs a lane: has it replayed from an event or a moment, and has dead letters sent once more.

use std::collections::BTreeMap;

use sayso_shared::{delivery::Outcome as Attempt, key::EndpointKey};
use serde::Deserialize;

use super::{
    super::{fixture::at, replay::ReplayFrom},
    courier::lane,
    invariants::{Check, must},
    world::{Fate, World},
};
use crate::store::{Store as _, text};

/// Replays reach so far back, in milliseconds.
const BACK: u32 = 4 * 24 * 3_600_000;

impl World {
    /// A lane is led back: what the CRM has had comes again, and what it has not had is not left out.
    pub(super) fn replay(&mut self) -> Check {
        let Some((name, key)) = self.some_crm() else {
            return Ok(());
        };
        let last = u32::try_from(self.last_seq()).expect("few events");
        let from = if self.dice.one_in(2) {
            ReplayFrom::After(u64::from(self.dice.below(last + 3)))
        } else {
            ReplayFrom::Since(at(self.now - i64::from(self.dice.below(BACK))))
        };
        let now = at(self.now);
        let fate = self.attempt(|book| book.replay(&key, from, now))?;
        if let Fate::Refused(problem) = fate {
            return Err(format!("a replay was refused: {}", problem.detail));
        }
        let found = lane(self.book(), &name)?.ok_or_else(|| format!("1: no lane to {name}"))?;
        self.say(|_| format!("replays {name}: {}", found.cursor));
        let in_time = {
            let moments: Vec<_> = self
                .model
                .log
                .values()
                .map(|it| it.event.timestamp)
                .collect();
            moments.windows(2).all(|two| two[0] <= two[1])
        };
        let crm = self.outside.crms.get_mut(&name).expect("a CRM");
        let died = matches!(fate, Fate::Died) && found.cursor == crm.cursor;
        let wanted = match from {
            ReplayFrom::After(seq) => found.cursor == seq.min(crm.cursor),
            // While the clock goes on nothing of that moment or later is left out.
            ReplayFrom::Since(moment) => self.model.log.range(..=found.cursor).all(|(_, entry)| {
                !in_time || entry.event.timestamp < moment || found.cursor == crm.cursor
            }),
        };
        must(died || (wanted && found.cursor <= crm.cursor), || {
            format!(
                "3: the lane to {name} was led from {} to {}",
                crm.cursor, found.cursor
            )
        })?;
        must(found.stopped.is_some() == crm.stopped, || {
            format!("a replay started or stopped the lane to {name}")
        })?;
        // It has to be taken once more, all of it; what is under way now was not taken yet.
        let again = found.cursor + 1..=crm.cursor;
        crm.taken.retain(|seq| !again.contains(seq));
        crm.dead.retain(|seq| !again.contains(seq));
        crm.from = crm.from.min(found.cursor);
        crm.cursor = found.cursor;
        Ok(())
    }

    /// A dead letter is to be sent once more.
    pub(super) fn resend(&mut self) -> Check {
        let Some((name, key)) = self.some_crm() else {
            return Ok(());
        };
        let letters: Vec<u64> = self.outside.crms[&name].dead.iter().copied().collect();
        let Some(seq) = self.dice.pick(&letters).copied() else {
            return Ok(());
        };
        let (event, now) = (self.model.log[&seq].event.data.id, at(self.now));
        let fate = self.attempt(|book| book.resend(&key, event, now))?;
        if let Fate::Refused(problem) = fate {
            return Err(format!(
                "1: dead letter {seq} of {name} is lost: {}",
                problem.detail
            ));
        }
        self.say(|_| format!("resends {seq} to {name}"));
        let before = self.outside.crms[&name].asked.clone();
        let mut after = before.clone();
        after.insert(seq, now.unix_millis());
        self.asked_is(&name, &before, &after, matches!(fate, Fate::Died))
    }

    /// What came of sending one once more is noted: it is none any more, or it rests until it is asked for again.
    pub(super) fn end_again(
        &mut self,
        name: &str,
        seq: u64,
        attempt: Attempt,
        died: bool,
    ) -> Check {
        let crm = self.outside.crms.get_mut(name).expect("a CRM");
        if !crm.enabled {
            return Ok(());
        }
        let before = crm.asked.clone();
        let mut after = before.clone();
        after.remove(&seq);
        let taken = matches!(
            attempt,
            Attempt::Answered {
                status: 200..=299,
                ..
            }
        );
        let noted = !died || self.asked_in_store(name)? == after;
        if taken && noted {
            let crm = self.outside.crms.get_mut(name).expect("a CRM");
            crm.dead.remove(&seq);
        }
        self.asked_is(name, &before, &after, died)
    }

    fn asked_is(
        &mut self,
        name: &str,
        before: &BTreeMap<u64, i64>,
        after: &BTreeMap<u64, i64>,
        died: bool,
    ) -> Check {
        let found = self.asked_in_store(name)?;
        must(found == *after || (died && found == *before), || {
            format!("1: of {name} is asked for {found:?}, expected {after:?}")
        })?;
        self.outside.crms.get_mut(name).expect("a CRM").asked = found;
        Ok(())
    }

    fn asked_in_store(&self, name: &str) -> Result<BTreeMap<u64, i64>, String> {
        let sql =
            "SELECT seq, resend_at FROM dead_letter WHERE endpoint = ? AND resend_at IS NOT NULL";
        let rows: Vec<Asked> = self.look(|book| Ok(book.store.rows(sql, vec![text(name)])?))?;
        Ok(rows
            .into_iter()
            .map(|row| (row.seq, row.resend_at))
            .collect())
    }

    fn some_crm(&mut self) -> Option<(String, EndpointKey)> {
        let known = self.outside.crms.iter().filter(|(_, crm)| crm.enabled);
        let names: Vec<String> = known.map(|(name, _)| name.clone()).collect();
        let name = self.dice.pick(&names)?.clone();
        let key = EndpointKey::parse(&name).expect("a name");
        Some((name, key))
    }
}

#[derive(Deserialize)]
struct Asked {
    seq: u64,
    resend_at: i64,
}
