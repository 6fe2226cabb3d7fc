//! Attempts: what is kept of the deliveries to an endpoint, to be shown to the operator.
//!
//! Of each lane so many as [`KEPT`] says, written in turn over each other. What was answered is sealed under the key of the person whom
//! the event is about: whoever is erased is gone from here too.

use sayso_shared::{
    attempt::{Attempt, Delivery, KEPT, LaneStanding, LaneState},
    endpoint::Endpoint,
    event::{Event, EventType},
    key::EndpointKey,
    problem::Problem,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use uuid::Uuid;

use super::{
    book::{Book, Keys, cursor},
    lanes::seq,
};
use crate::{
    chance,
    failure::{Outcome, damaged},
    store::{Store, Value, number, text},
    webhook::Posted,
};

/// What one shard knows of an endpoint.
#[derive(Serialize)]
pub(super) struct Standing {
    pub(super) lane: LaneStanding,
    pub(super) deliveries: Vec<Delivery>,
    /// When each was tried last, by which they are put among those of other shards
    latest: Vec<i64>,
}

#[derive(Deserialize)]
struct CountRow {
    attempts: i64,
}

#[derive(Deserialize)]
struct Row {
    number: i64,
    seq: i64,
    at: i64,
    ms: u32,
    status: Option<u16>,
    reason: Option<String>,
    answer: Option<ByteBuf>,
    kind: String,
    subject: String,
    event: Uuid,
}

impl<S: Store> Book<S> {
    /// Writes one down, over the one that is too old to be kept. Call within a commit.
    pub(super) fn log_attempt(
        &self,
        endpoint: &EndpointKey,
        event: &Event,
        posted: &Posted,
    ) -> Outcome<()> {
        let attempt = &posted.attempt;
        let counted: Option<CountRow> = self.store.row(
            include_str!("../../sql/ledger/attempt_count.sql"),
            vec![text(endpoint)],
        )?;
        let count = counted.ok_or_else(|| damaged("a lane"))?.attempts;
        let answer = match &attempt.answer {
            None => None,
            Some(answer) => {
                let subject = self.subject(&*self.keys()?, &event.data.subject.id.to_string())?;
                subject.map(|subject| {
                    let place = answer_place(endpoint, count);
                    subject.key.seal(answer.as_bytes(), &place, chance::bytes())
                })
            }
        };
        let reason = attempt.reason.map(serde_json::to_value).transpose()?;
        let reason = reason.as_ref().and_then(|reason| reason.as_str());
        let values = vec![
            text(endpoint),
            number(count % i64::from(KEPT)),
            number(count),
            seq(event.data.seq),
            number(attempt.at.unix_millis()),
            number(attempt.ms),
            attempt.status.map_or(Value::Null, number),
            reason.map_or(Value::Null, text),
            answer.map_or(Value::Null, Value::Blob),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/attempt_insert.sql"), values)?)
    }

    /// Where the lane to an endpoint stands, and its last attempts, so many at most.
    pub(super) fn lane_standing(&self, endpoint: &EndpointKey, most: u32) -> Outcome<Standing> {
        let (keys, snapshot) = (self.keys()?, self.snapshot()?);
        let known = snapshot.endpoints.iter().find(|one| one.key == *endpoint);
        let known: &Endpoint = known.ok_or_else(|| Problem::unknown("endpoint"))?;
        let lane = self.lane(endpoint)?.ok_or_else(|| damaged("a lane"))?;
        let is_owed = self.is_owed(known, &lane)?;
        let state = LaneState::of(known.disabled, lane.stopped, is_owed, lane.failures);
        let is_running = matches!(state, LaneState::Sending | LaneState::Retrying);
        let rows: Vec<Row> = self.store.rows(
            include_str!("../../sql/ledger/attempt_list.sql"),
            vec![text(endpoint), number(most)],
        )?;
        let attempts: Outcome<Vec<Delivery>> = rows
            .into_iter()
            .map(|row| self.read_attempt(&keys, endpoint, snapshot.shard, row))
            .collect();
        let deliveries = Delivery::grouped(attempts?);
        let latest = deliveries.iter().filter_map(Delivery::latest);
        Ok(Standing {
            latest: latest.map(Timestamp::unix_millis).collect(),
            lane: LaneStanding {
                shard: snapshot.shard,
                state,
                seq: lane.cursor.seq,
                failures: lane.failures,
                failing_since: lane.failing_since(),
                next_at: is_running.then_some(lane.next_at),
                dead_letters: self.dead_letters(endpoint)?,
            },
            deliveries,
        })
    }

    fn read_attempt(
        &self,
        keys: &Keys,
        endpoint: &EndpointKey,
        shard: u16,
        row: Row,
    ) -> Outcome<Delivery> {
        let answer = match row.answer {
            None => None,
            Some(sealed) => self.subject(keys, &row.subject)?.and_then(|subject| {
                let place = answer_place(endpoint, row.number);
                String::from_utf8(subject.key.open(&sealed, &place).ok()?).ok()
            }),
        };
        let reason = row
            .reason
            .map(|reason| serde_json::from_value(reason.into()));
        Ok(Delivery {
            event: row.event,
            kind: EventType::parse(&row.kind).ok_or_else(|| damaged("an event's type"))?,
            shard,
            seq: cursor(row.seq).seq,
            taken: row
                .status
                .is_some_and(|status| (200..300).contains(&status)),
            attempts: vec![Attempt {
                at: Timestamp::from_unix_millis(row.at),
                ms: row.ms,
                status: row.status,
                reason: reason.transpose()?,
                answer,
            }],
        })
    }
}

/// To what a sealed answer is bound.
fn answer_place(endpoint: &EndpointKey, number: i64) -> Vec<u8> {
    format!("attempt/{endpoint}/{number}").into_bytes()
}
