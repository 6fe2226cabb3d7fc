//! The operator of the site: publishes, and the ledger hears of it, late, twice or never.

use super::{
    super::fixture::at,
    courier::lane,
    invariants::{Check, must},
    world::{Fate, World},
};

impl World {
    pub(super) fn publish_and_learn(&mut self) -> Check {
        self.publish();
        self.learn()
    }

    pub(super) fn publish(&mut self) {
        let mut next = self.published.last().expect("a version").clone();
        next.revision += 1;
        match self.dice.below(4) {
            0 => next.look.words = self.dice.below(3),
            1 => next.look.wide = !next.look.wide,
            _ => {
                let names: Vec<String> = self.outside.crms.keys().cloned().collect();
                let name = self.dice.pick(&names).expect("a CRM");
                if !next.endpoints.remove(name) {
                    next.endpoints.insert(name.clone());
                }
            }
        }
        self.published.push(next);
    }

    /// The ledger hears of a version of the site, mostly the newest.
    pub(super) fn learn(&mut self) -> Check {
        let newest = self.published.last().expect("a version").clone();
        let told = if self.dice.one_in(3) {
            self.dice.pick(&self.published).expect("a version").clone()
        } else {
            newest
        };
        let snapshot = self.press.snapshot(&told, &self.outside.crms);
        let now = at(self.now);
        let fate = self.attempt(|book| book.learn(snapshot, now))?;
        let known = self.known.as_ref().map_or(0, |known| known.revision);
        let revision = match fate {
            Fate::Done(()) => known.max(told.revision),
            Fate::Refused(problem) => {
                return Err(format!("learning was refused: {}", problem.detail));
            }
            Fate::Died => match self.book().snapshot() {
                Ok(snapshot) => snapshot.revision,
                Err(_) => 0,
            },
        };
        self.say(|_| {
            format!(
                "learns revision {} of {known} {:?} {:?}: {revision}",
                told.revision, told.look, told.endpoints
            )
        });
        must(revision == known || revision == told.revision, || {
            "a revision that nobody told".to_owned()
        })?;
        if revision == told.revision {
            self.known = Some(told);
        }
        let Some(known) = self.known.clone() else {
            return Ok(());
        };
        self.nothing_happens()?;
        let last = self.last_seq();
        for (name, crm) in &mut self.outside.crms {
            let enabled = known.endpoints.contains(name);
            let lane = lane(self.book.as_ref().expect("a book"), name)?;
            if enabled && !crm.enabled {
                let lane = lane.ok_or_else(|| format!("1: no lane to {name}"))?;
                must(lane.cursor == last && lane.stopped.is_none(), || {
                    format!(
                        "1: the new lane to {name} begins at {} of {last}",
                        lane.cursor
                    )
                })?;
                crm.from = lane.cursor;
                crm.cursor = lane.cursor;
                crm.stopped = false;
                crm.taken.clear();
                crm.dead.clear();
                crm.asked.clear();
            } else if enabled {
                must(lane.is_some_and(|lane| lane.cursor == crm.cursor), || {
                    format!("1: the lane to {name} moved by itself")
                })?;
            }
            crm.enabled = enabled;
        }
        Ok(())
    }
}
