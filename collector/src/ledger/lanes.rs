//! Lanes: where delivery to each endpoint stands, and what an attempt makes of it.

use sayso_shared::{
    cursor::Cursor,
    delivery::{Lane, Outcome as Met},
    endpoint::Endpoint,
    event::Event,
    key::{EndpointKey, PurposeKey},
    time::Timestamp,
};
use serde::Deserialize;

use super::{
    book::{Book, cursor},
    pull,
};
use crate::{
    failure::{Outcome, damaged},
    store::{Store, Value, number, text},
    webhook::Posted,
};

/// How many events a lane of some purposes looks ahead at once, to find one that its endpoint wants.
const AHEAD: u32 = 500;

/// An event that an endpoint should get next.
pub(super) struct Delivery {
    pub(super) lane: Lane,
    pub(super) event: Event,
    /// Whether it is a dead letter that the operator wants sent once more, aside from the lane
    pub(super) is_again: bool,
}

/// When a lane wants something sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) at: Timestamp,
    /// Whether its endpoint failed the last time
    pub(super) is_failing: bool,
}

/// What comes next in a lane.
enum Ahead {
    Event(Cursor),
    /// Nothing that it wants up to here, and more behind
    NotYet(Cursor),
    Nothing,
}

#[derive(Deserialize)]
struct LaneRow {
    cursor: i64,
    failures: u32,
    refusals: u32,
    failing_since: Option<i64>,
    refusing_since: Option<i64>,
    next_at: i64,
    stopped: Option<String>,
}

#[derive(Deserialize)]
struct AheadRow {
    seq: i64,
    purpose: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SeqRow {
    pub(super) seq: i64,
}

impl<S: Store> Book<S> {
    /// When an endpoint should get something next: without reading what.
    pub(super) fn delivery_due(&self, endpoint: &Endpoint, now: Timestamp) -> Outcome<Option<Due>> {
        let Some(lane) = self.running_lane(endpoint)? else {
            return Ok(None);
        };
        let due = |at| Due {
            at,
            is_failing: lane.failures > 0,
        };
        if self.asked_again(&endpoint.key)?.is_some() {
            return Ok(Some(due(now)));
        }
        Ok(match self.ahead(endpoint, &lane)? {
            Ahead::Nothing => None,
            Ahead::NotYet(_) => Some(due(now)),
            Ahead::Event(_) => Some(due(lane.next_at)),
        })
    }

    /// What an endpoint should get next, be it due or not; nothing if the lane has stopped or all was taken.
    pub(super) fn next_delivery(&self, endpoint: &Endpoint) -> Outcome<Option<Delivery>> {
        let Some(lane) = self.running_lane(endpoint)? else {
            return Ok(None);
        };
        let again = self.asked_again(&endpoint.key)?;
        let (at, is_again) = match again {
            Some(at) => (at, true),
            None => match self.ahead(endpoint, &lane)? {
                Ahead::Event(at) => (at, false),
                Ahead::NotYet(_) | Ahead::Nothing => return Ok(None),
            },
        };
        let row: Option<pull::Row> = self.store.row(
            include_str!("../../sql/ledger/event_at.sql"),
            vec![seq(at.seq)],
        )?;
        let row = row.ok_or_else(|| damaged("an event"))?;
        let event = self.read_event(&*self.keys()?, row)?;
        Ok(Some(Delivery {
            lane,
            event: endpoint.shown(event),
            is_again,
        }))
    }

    /// Notes what came of an attempt. If the lane has moved since, by an operator or by a second attempt, that it was made is all that is
    /// noted: the event will be sent again, which is harmless.
    pub(super) fn note_attempt(
        &self,
        endpoint: &EndpointKey,
        delivery: &Delivery,
        posted: &Posted,
        now: Timestamp,
        jitter: u8,
    ) -> Outcome<()> {
        let tried = Cursor {
            seq: delivery.event.data.seq,
        };
        self.store.commit(|| {
            let Some(lane) = self.lane(endpoint)? else {
                return Ok(());
            };
            self.log_attempt(endpoint, &delivery.event, posted)?;
            if delivery.is_again {
                return self.note_again(endpoint, tried, posted.is_taken());
            }
            if lane != delivery.lane {
                return Ok(());
            }
            self.move_lane(endpoint, &lane, tried, posted.met, now, jitter)
        })
    }

    fn move_lane(
        &self,
        endpoint: &EndpointKey,
        lane: &Lane,
        tried: Cursor,
        met: Met,
        now: Timestamp,
        jitter: u8,
    ) -> Outcome<()> {
        let after = lane.after(tried, met, now, jitter);
        if after.lane.cursor == tried && !after.dead_letter {
            // It was put aside before, and a replay brought it again.
            self.drop_dead_letter(endpoint, tried)?;
        }
        if after.dead_letter {
            let values = vec![text(endpoint), seq(tried.seq), number(now.unix_millis())];
            self.store.run(
                include_str!("../../sql/ledger/dead_letter_insert.sql"),
                values,
            )?;
        }
        self.write_lane(endpoint, &after.lane)?;
        if after.lane.stopped.is_some() {
            self.plan_alert(endpoint, now)
        } else if after.dead_letter {
            self.plan_alert_of_dead_letters(endpoint, now)
        } else {
            Ok(())
        }
    }

    /// The lane to an endpoint, unless it has stopped or the operator wants nothing sent.
    fn running_lane(&self, endpoint: &Endpoint) -> Outcome<Option<Lane>> {
        if endpoint.disabled {
            return Ok(None);
        }
        let lane = self.lane(&endpoint.key)?;
        Ok(lane.filter(|lane| lane.stopped.is_none()))
    }

    /// Whether the next event that an endpoint wants is there. What is passed over on the way is passed over for good.
    fn ahead(&self, endpoint: &Endpoint, lane: &Lane) -> Outcome<Ahead> {
        let ahead = self.look_ahead(endpoint, lane)?;
        if let Ahead::NotYet(last) = ahead {
            let values = vec![seq(last.seq), text(&endpoint.key), seq(lane.cursor.seq)];
            self.store
                .run(include_str!("../../sql/ledger/lane_pass.sql"), values)?;
        }
        Ok(ahead)
    }

    /// The same, and nothing is passed over: an operator who looks changes nothing, and what a lane that stands still would not want today
    /// it may want when it goes on.
    fn look_ahead(&self, endpoint: &Endpoint, lane: &Lane) -> Outcome<Ahead> {
        let most = if endpoint.purposes.is_empty() {
            1
        } else {
            AHEAD
        };
        let values = vec![
            seq(lane.cursor.seq),
            text(serde_json::to_string(&endpoint.types)?),
            number(most),
        ];
        let rows: Vec<AheadRow> = self
            .store
            .rows(include_str!("../../sql/ledger/lane_ahead.sql"), values)?;
        let is_wanted = |row: &&AheadRow| {
            let purpose = row.purpose.as_deref().map(PurposeKey::parse);
            // A name that cannot be read is no reason to withhold anything.
            purpose.is_none_or(|purpose| purpose.is_err() || endpoint.wants(purpose.ok().as_ref()))
        };
        if let Some(found) = rows.iter().find(is_wanted) {
            return Ok(Ahead::Event(cursor(found.seq)));
        }
        Ok(match rows.last() {
            Some(last) if rows.len() >= AHEAD as usize => Ahead::NotYet(cursor(last.seq)),
            _ => Ahead::Nothing,
        })
    }

    /// Whether an endpoint gets, or got, something newer about the same person and purpose that counts: neither a request that waits nor
    /// a box that was left empty takes the place of an older answer, and a no that gave way to one would never be told.
    pub(super) fn is_overtaken(&self, endpoint: &Endpoint, event: &Event) -> Outcome<bool> {
        let Some(consent) = event.data.consent() else {
            return Ok(false);
        };
        let values = vec![
            text(event.data.subject.id),
            seq(event.data.seq),
            text(&consent.purpose),
            text(serde_json::to_string(&endpoint.types)?),
        ];
        let newer: Option<SeqRow> = self
            .store
            .row(include_str!("../../sql/ledger/event_overtaken.sql"), values)?;
        Ok(newer.is_some())
    }

    /// Whether anything is owed to an endpoint, or may be, whatever keeps it from being sent.
    pub(super) fn is_owed(&self, endpoint: &Endpoint, lane: &Lane) -> Outcome<bool> {
        let ahead = self.look_ahead(endpoint, lane)?;
        Ok(!matches!(ahead, Ahead::Nothing))
    }

    pub(super) fn lane(&self, endpoint: &EndpointKey) -> Outcome<Option<Lane>> {
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
                refusing_since: row.refusing_since.map(Timestamp::from_unix_millis),
                next_at: Timestamp::from_unix_millis(row.next_at),
                stopped,
            })
        });
        read.transpose()
    }

    pub(super) fn write_lane(&self, endpoint: &EndpointKey, lane: &Lane) -> Outcome<()> {
        let stopped = lane.stopped.map(serde_json::to_value).transpose()?;
        let values = vec![
            seq(lane.cursor.seq),
            number(lane.failures),
            number(lane.refusals),
            moment(lane.failing_since),
            moment(lane.refusing_since),
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

fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| number(at.unix_millis()))
}

pub(super) fn seq(seq: u64) -> Value {
    number(i64::try_from(seq).unwrap_or(i64::MAX))
}
