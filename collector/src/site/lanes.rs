//! Lanes, as the site asks its ledgers about them: each shard has one of its own to every endpoint.

use futures_util::{StreamExt as _, stream};
use sayso_shared::{
    answer::ReplayRequest,
    cursor::SiteCursor,
    key::EndpointKey,
    problem::{FieldError, Problem},
    snapshot::Snapshot,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use super::memory::Site;
use crate::{
    failure::{Failure, Outcome},
    json,
    ledger::{self, AT_ONCE, AtLane, replay::ReplayFrom},
};

/// What one shard knows of an endpoint; what is passed on is not read.
#[derive(Deserialize)]
struct Part {
    lane: Box<RawValue>,
    deliveries: Vec<Box<RawValue>>,
    /// When each delivery was tried last
    latest: Vec<i64>,
}

/// What all shards know, as [`sayso_shared::attempt::Deliveries`] is written.
#[derive(Serialize)]
pub(super) struct Joined {
    endpoint: EndpointKey,
    lanes: Vec<Box<RawValue>>,
    deliveries: Vec<Box<RawValue>>,
}

impl Site {
    /// Where an endpoint stands with each shard, and what it was sent last.
    pub(super) async fn deliveries(&self, key: &EndpointKey, most: u32) -> Outcome<Joined> {
        let snapshot = self.of_endpoint(key)?;
        let asked = stream::iter(0..snapshot.definition.shards).map(|shard| {
            let ask = AtLane::Standing { most };
            self.ask_lane(&snapshot, shard, key, ask)
        });
        let answers: Vec<Outcome<_>> = asked.buffered(AT_ONCE).collect().await;
        let (mut lanes, mut deliveries) = (Vec::new(), Vec::new());
        for answer in answers {
            let part: Part = json::read(answer?.bytes().await?)?;
            lanes.push(part.lane);
            deliveries.extend(part.latest.into_iter().zip(part.deliveries));
        }
        deliveries.sort_by_key(|(latest, _)| std::cmp::Reverse(*latest));
        let deliveries = deliveries.into_iter().take(most as usize);
        Ok(Joined {
            endpoint: key.clone(),
            lanes,
            deliveries: deliveries.map(|(_, delivery)| delivery).collect(),
        })
    }

    /// Leads all lanes of an endpoint back.
    pub(super) async fn replay(&self, key: &EndpointKey, request: &Value) -> Outcome<()> {
        let request: ReplayRequest = json::fields(request)?;
        let snapshot = self.of_endpoint(key)?;
        let shards = snapshot.definition.shards;
        let from: Box<dyn Fn(u16) -> ReplayFrom> = match (&request.after, request.since) {
            (Some(after), None) => {
                let cursor = SiteCursor::parse(after, &snapshot.site, shards).map_err(|error| {
                    Problem::invalid(vec![FieldError::new("/after", error.to_string())])
                })?;
                Box::new(move |shard| ReplayFrom::After(cursor.of(shard).seq))
            }
            (None, Some(since)) => Box::new(move |_| ReplayFrom::Since(since)),
            _ => {
                let must = "must name either `after`, a cursor, or `since`, a moment";
                return Err(Problem::invalid(vec![FieldError::new("", must)]).into());
            }
        };
        let asked = stream::iter(0..shards).map(|shard| {
            let ask = AtLane::Replay { from: from(shard) };
            self.ask_lane(&snapshot, shard, key, ask)
        });
        let answers: Vec<Outcome<_>> = asked.buffered(AT_ONCE).collect().await;
        answers.into_iter().try_for_each(|answer| answer.map(drop))
    }

    /// Has a dead letter sent once more by the shard that has it.
    pub(super) async fn resend(&self, key: &EndpointKey, event: Uuid) -> Outcome<()> {
        let snapshot = self.of_endpoint(key)?;
        for shard in 0..snapshot.definition.shards {
            let asked = self
                .ask_lane(&snapshot, shard, key, AtLane::Resend { event })
                .await;
            match asked {
                Err(Failure::Answered(answer)) if answer.status_code() == 404 => {}
                asked => return asked.map(drop),
            }
        }
        Err(Problem::unknown("dead letter").into())
    }

    fn of_endpoint(&self, key: &EndpointKey) -> Outcome<Snapshot> {
        let snapshot = self.known()?;
        if snapshot.endpoints.iter().any(|known| known.key == *key) {
            Ok(snapshot)
        } else {
            Err(Problem::unknown("endpoint").into())
        }
    }

    async fn ask_lane(
        &self,
        snapshot: &Snapshot,
        shard: u16,
        key: &EndpointKey,
        ask: AtLane,
    ) -> Outcome<worker::Response> {
        let question = ledger::Ask::Lane {
            endpoint: key.clone(),
            ask,
        };
        let answer = ledger::ask(&self.env, &snapshot.site, shard, &question).await?;
        if answer.status_code() >= 400 {
            return Err(Failure::Answered(Box::new(answer)));
        }
        Ok(answer)
    }
}
