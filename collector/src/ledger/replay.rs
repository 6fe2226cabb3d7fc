//! Replay: a lane led back, so that its endpoint gets once more what it has had.

use sayso_shared::{cursor::Cursor, key::EndpointKey, problem::Problem, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::{book::Book, lanes::seq};
use crate::{failure::Outcome, store::Store};

/// How far before a moment a replay begins, in milliseconds: clocks of machines differ by as much when an object moves.
const MARGIN: i64 = 60_000;

/// From where.
#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReplayFrom {
    /// What comes after this event of the shard
    After(u64),
    /// What happened then or later
    Since(Timestamp),
}

#[derive(Deserialize)]
struct Moment {
    seq: u64,
    at: Timestamp,
}

#[derive(Deserialize)]
struct Last {
    at: Option<u64>,
}

impl<S: Store> Book<S> {
    /// Leads a lane back. What was not taken yet is never left out: a place ahead of the lane changes nothing.
    pub(super) fn replay(
        &self,
        endpoint: &EndpointKey,
        from: ReplayFrom,
        now: Timestamp,
    ) -> Outcome<()> {
        self.store.commit(|| {
            let lane = self.lane(endpoint)?;
            let lane = lane.ok_or_else(|| Problem::unknown("endpoint"))?;
            let from = match from {
                ReplayFrom::After(seq) => Cursor { seq },
                ReplayFrom::Since(moment) => self.before(moment)?,
            };
            self.write_lane(endpoint, &lane.replaying(from, now))
        })
    }

    /// The last event before a moment, found by halving: events are in the order of their moments, but for a clock that was put back.
    fn before(&self, moment: Timestamp) -> Outcome<Cursor> {
        let moment = Timestamp::from_unix_millis(moment.unix_millis() - MARGIN);
        let last: Option<Last> = self
            .store
            .row(include_str!("../../sql/ledger/event_last.sql"), Vec::new())?;
        let (mut low, mut high) = (0, last.and_then(|last| last.at).unwrap_or_default());
        // All up to `low` are before it, all after `high` are not.
        while low < high {
            let middle = low + (high - low) / 2;
            let found: Option<Moment> = self.store.row(
                include_str!("../../sql/ledger/event_moment.sql"),
                vec![seq(middle + 1)],
            )?;
            match found {
                Some(found) if found.at.unix_millis() < moment.unix_millis() => low = found.seq,
                _ => high = middle,
            }
        }
        Ok(Cursor { seq: low })
    }
}
