//! Lanes: where delivery to each endpoint stands, and what an attempt makes of it.

use sayso_shared::{
    cursor::Cursor,
    delivery::{Lane, Outcome as Attempt},
    event::Event,
    key::EndpointKey,
    snapshot::Endpoint,
    time::Timestamp,
};
use serde::Deserialize;

use super::book::{Book, cursor};
use crate::{
    failure::Outcome,
    store::{Store, Value, number, text},
};

/// An event that an endpoint should get next.
pub(super) struct Delivery {
    pub(super) lane: Lane,
    pub(super) event: Event,
}

#[derive(Deserialize)]
struct LaneRow {
    cursor: i64,
    failures: u32,
    refusals: u32,
    failing_since: Option<i64>,
    next_at: i64,
    stopped: Option<String>,
}

impl<S: Store> Book<S> {
    /// What an endpoint should get next, be it due or not; nothing if the lane has stopped or all was taken.
    pub(super) fn next_delivery(&self, endpoint: &Endpoint) -> Outcome<Option<Delivery>> {
        let lane = self
            .lane(&endpoint.key)?
            .filter(|lane| lane.stopped.is_none());
        let Some(lane) = lane else {
            return Ok(None);
        };
        let events = self.events_after(&*self.keys()?, lane.cursor, &endpoint.types, 1)?;
        Ok(events
            .into_iter()
            .next()
            .map(|event| Delivery { lane, event }))
    }

    /// Notes what came of an attempt. If the lane has moved since, by an operator or by a second attempt, nothing is noted: the
    /// event will be sent again, which is harmless.
    pub(super) fn note_attempt(
        &self,
        endpoint: &EndpointKey,
        delivery: &Delivery,
        attempt: Attempt,
        now: Timestamp,
        jitter: u8,
    ) -> Outcome<()> {
        let tried = Cursor {
            seq: delivery.event.data.seq,
        };
        let after = delivery.lane.after(tried, attempt, now, jitter);
        self.store.commit(|| {
            if self.lane(endpoint)?.as_ref() != Some(&delivery.lane) {
                return Ok(());
            }
            if after.dead_letter {
                let values = vec![text(endpoint), seq(tried.seq), number(now.unix_millis())];
                self.store.run(
                    include_str!("../../sql/ledger/dead_letter_insert.sql"),
                    values,
                )?;
            }
            self.write_lane(endpoint, &after.lane)
        })
    }

    fn lane(&self, endpoint: &EndpointKey) -> Outcome<Option<Lane>> {
        let values = vec![text(endpoint)];
        let row: Option<LaneRow> = self
            .store
            .row(include_str!("../../sql/ledger/lane_select.sql"), values)?;
        let read = row.map(|row| {
            let stopped = row
                .stopped
                .map(|stopped| serde_json::from_value(stopped.into()))
                .transpose()?;
            Ok(Lane {
                cursor: cursor(row.cursor),
                failures: row.failures,
                refusals: row.refusals,
                failing_since: row.failing_since.map(Timestamp::from_unix_millis),
                next_at: Timestamp::from_unix_millis(row.next_at),
                stopped,
            })
        });
        read.transpose()
    }

    fn write_lane(&self, endpoint: &EndpointKey, lane: &Lane) -> Outcome<()> {
        let stopped = lane.stopped.map(serde_json::to_value).transpose()?;
        let values = vec![
            seq(lane.cursor.seq),
            number(lane.failures),
            number(lane.refusals),
            lane.failing_since
                .map_or(Value::Null, |at| number(at.unix_millis())),
            number(lane.next_at.unix_millis()),
            stopped
                .as_ref()
                .and_then(|stopped| stopped.as_str())
                .map_or(Value::Null, text),
            text(endpoint),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/lane_update.sql"), values)?)
    }
}

fn seq(seq: u64) -> Value {
    number(i64::try_from(seq).unwrap_or(i64::MAX))
}
