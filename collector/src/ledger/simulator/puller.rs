//! A CRM that pulls.

use sayso_shared::event::EventType;

use super::{
    invariants::{self as invariant, Check, must},
    model::Entry,
    world::World,
};

impl World {
    /// A CRM pulls the next page.
    pub(super) fn pull(&mut self) -> Check {
        let (written, most) = (self.book().store.rows_written(), 1 + self.dice.below(20));
        let page = self.look(|book| book.events(None, &self.puller.0, most, &[]))?;
        for event in &page.events {
            let last = self.puller.1.last().copied().unwrap_or_default();
            let usual = |entry: &&Entry| EventType::DEFAULT.contains(&entry.event.kind);
            let next = self
                .model
                .log
                .range(last + 1..)
                .find(|(_, entry)| usual(entry));
            let right = next.is_some_and(|(seq, entry)| {
                *seq == event.data.seq && invariant::is_that(event, entry)
            });
            must(right, || {
                format!("3: the pull shows {} after {last}", event.data.seq)
            })?;
            self.puller.1.push(event.data.seq);
        }
        let left = self.usual_events() - self.puller.1.len();
        must(
            page.more == (left > 0) && (left == 0 || page.events.len() == most as usize),
            || format!("1: the pull stops with {left} to go"),
        )?;
        self.puller.0 = page.next;
        invariant::looking_changes_nothing(written, self.book().store.rows_written())
    }

    pub(super) fn usual_events(&self) -> usize {
        let usual = |entry: &&Entry| EventType::DEFAULT.contains(&entry.event.kind);
        self.model.log.values().filter(usual).count()
    }
}
