//! Errands: everything that a ledger does to the outside, started from what is stored.
//!
//! After each commit and on each alarm: what is due and not under way is begun, each errand by itself, so that a dead CRM holds up
//! neither mails nor other CRMs. The alarm is set for what comes next; while errands are under way it stands a little in the future, so
//! that if this object dies with them, the alarm begins them again.

use std::{rc::Rc, time::Duration};

use sayso_shared::{delivery::Lane, key::EndpointKey, snapshot::Endpoint, time::Timestamp};
use serde::Deserialize;
use worker::{Result, console_error};

use super::memory::{At, Errand, Ledger, cursor};
use crate::{
    clock,
    failure::{Failure, Outcome},
    store::{Value, number, text},
};

/// How long an errand may take before the alarm looks after it: the longest time-out of an errand and some.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct MailAt {
    at: i64,
    name: String,
}

#[derive(Deserialize)]
struct LaneRow {
    cursor: i64,
    failures: u32,
    failing_since: Option<i64>,
    next_at: i64,
    stopped: Option<String>,
}

impl Ledger {
    /// Begins what is due, and sets the alarm.
    pub(super) async fn run_errands(self: &Rc<Self>, now: Timestamp) -> Result<()> {
        match self.begin_errands(now) {
            Ok(Some(next)) => {
                let wait = next.unix_millis() - now.unix_millis();
                self.state.storage().set_alarm(wait.max(0)).await
            }
            Ok(None) => Ok(()),
            Err(failure) => {
                // Nothing is lost: it stays in the outbox. A minute later it is tried again.
                log(failure);
                self.state.storage().set_alarm(Duration::from_mins(1)).await
            }
        }
    }

    /// Begins what is due, and says when to look again.
    fn begin_errands(self: &Rc<Self>, now: Timestamp) -> Outcome<Option<Timestamp>> {
        if !self.has_schema()? {
            return Ok(None);
        }
        // A person's record that cannot be read holds up that person only.
        let lapsed = self.lapse(now).map_err(log).is_ok();
        let mut next: Option<Timestamp> = None;
        let mut look_at = |at: Timestamp| next = Some(next.map_or(at, |next| next.min(at)));
        let mails: Vec<MailAt> = self
            .store
            .rows(include_str!("../../sql/ledger/mail_next.sql"), Vec::new())?;
        for mail in mails {
            let due = Timestamp::from_unix_millis(mail.at);
            let errand = Errand::Mail(mail.name.clone());
            if due > now {
                look_at(due);
            } else if self.begin(errand.clone()) {
                self.spawn(errand, move |ledger| async move {
                    ledger.post(&mail.name).await
                });
            }
        }
        for endpoint in self.snapshot()?.endpoints.clone() {
            let Some(lane) = self
                .lane(&endpoint.key)?
                .filter(|lane| lane.stopped.is_none())
            else {
                continue;
            };
            let keys = self.keys()?;
            if self
                .events_after(&keys, lane.cursor, &endpoint.types, 1)?
                .is_empty()
            {
                continue;
            }
            let errand = Errand::Lane(endpoint.key.clone());
            if lane.next_at > now {
                look_at(lane.next_at);
            } else if self.begin(errand.clone()) {
                self.spawn(errand, move |ledger| async move {
                    ledger.run_lane(&endpoint).await
                });
            }
        }
        let waiting: Option<At> = self.store.row(
            include_str!("../../sql/ledger/submission_next.sql"),
            Vec::new(),
        )?;
        if let Some(at) = waiting.and_then(|row| row.at) {
            let at = Timestamp::from_unix_millis(at);
            look_at(if lapsed {
                at
            } else {
                at.max(now + Duration::from_mins(1))
            });
        }
        if !self.busy.borrow().is_empty() {
            look_at(now + PATIENCE);
        }
        Ok(next)
    }

    /// Notes that an errand is under way, unless it is already.
    fn begin(&self, errand: Errand) -> bool {
        self.busy.borrow_mut().insert(errand)
    }

    fn spawn<F>(self: &Rc<Self>, errand: Errand, perform: impl FnOnce(Rc<Self>) -> F + 'static)
    where
        F: Future<Output = Outcome<()>> + 'static,
    {
        let ledger = Rc::clone(self);
        self.state.wait_until(async move {
            let performed = perform(Rc::clone(&ledger)).await;
            ledger.busy.borrow_mut().remove(&errand);
            let set = match performed {
                Ok(()) => ledger.run_errands(clock::now()).await,
                Err(failure) => {
                    log(failure);
                    ledger
                        .state
                        .storage()
                        .set_alarm(Duration::from_mins(1))
                        .await
                }
            };
            if let Err(error) = set {
                console_error!("the alarm could not be set: {error}");
            }
        });
    }

    /// Sends events of a lane, one after the other, until there are none or one is not taken.
    async fn run_lane(&self, endpoint: &Endpoint) -> Outcome<()> {
        let keys = self.keys()?;
        while let Some(lane) = self.lane(&endpoint.key)? {
            let now = clock::now();
            let event = self
                .events_after(&keys, lane.cursor, &endpoint.types, 1)?
                .into_iter()
                .next();
            let Some(event) = event.filter(|_| lane.stopped.is_none() && lane.next_at <= now)
            else {
                break;
            };
            let tried = sayso_shared::cursor::Cursor {
                seq: event.data.seq,
            };
            let outcome = self.deliver(&keys, endpoint, &event).await?;
            let now = clock::now();
            let delivered = lane.after(tried, outcome, now, crate::chance::bytes::<1>()[0]);
            self.store.commit(|| {
                if delivered.dead_letter {
                    let values = vec![
                        text(&endpoint.key),
                        seq(tried.seq),
                        number(now.unix_millis()),
                    ];
                    self.store.run(
                        include_str!("../../sql/ledger/dead_letter_insert.sql"),
                        values,
                    )?;
                }
                self.write_lane(&endpoint.key, &delivered.lane)
            })?;
        }
        Ok(())
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

fn log(failure: Failure) {
    match failure {
        Failure::Problem(problem) => console_error!("errand: {}: {}", problem.kind, problem.detail),
        Failure::Answered(response) => {
            console_error!("errand: answered {}", response.status_code());
        }
        Failure::Fault(error) => console_error!("errand: {error}"),
    }
}
