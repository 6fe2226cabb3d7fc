//! Alerts: the mails that tell the operator that a lane has stopped, or that it has put events aside. They wait with the lane, from the
//! commit that stopped it or put something aside, until they have left or there is nothing to tell any more.
//!
//! A lane that has stopped is told at once, dead letters at most once a day: an endpoint that refuses everything has one for each event.

use std::time::Duration;

use sayso_shared::{
    delivery::Stopped,
    key::EndpointKey,
    mailing::{Fate, Handover, fate},
    time::Timestamp,
};
use serde::Deserialize;
use uuid::Uuid;

use super::book::Book;
use crate::{
    chance,
    failure::{Outcome, damaged},
    letter::alert::{Alert, News},
    mailer::Dispatch,
    store::{Store, Value, number, text},
};

/// For how long nothing is told of further dead letters.
const QUIET: Duration = Duration::from_hours(24);

/// An alert that waits.
pub(super) struct Waiting {
    pub(super) endpoint: EndpointKey,
    pub(super) at: Timestamp,
}

#[derive(Deserialize)]
struct WaitingRow {
    endpoint: String,
    at: i64,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    failures: u32,
    stopped: Option<Stopped>,
    failing_since: Option<i64>,
    dead_letters: u32,
}

#[derive(Deserialize)]
struct Told {
    alert_at: Option<i64>,
    told_at: Option<i64>,
}

impl<S: Store> Book<S> {
    /// Tells at once that a lane has stopped, and with it whatever else waited to be told. Call within a commit.
    pub(super) fn plan_alert(&self, endpoint: &EndpointKey, due: Timestamp) -> Outcome<()> {
        // Its id is of the moment at which it is due, and so is its date.
        let values = vec![
            text(chance::uuid(due)),
            number(due.unix_millis()),
            text(endpoint),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/alert_insert.sql"), values)?)
    }

    /// Tells of dead letters: those of a day in one mail. Call within a commit.
    pub(super) fn plan_alert_of_dead_letters(
        &self,
        endpoint: &EndpointKey,
        now: Timestamp,
    ) -> Outcome<()> {
        let told: Option<Told> = self.store.row(
            include_str!("../../sql/ledger/alert_told.sql"),
            vec![text(endpoint)],
        )?;
        let told = told.ok_or_else(|| damaged("a lane"))?;
        if told.alert_at.is_some() {
            return Ok(());
        }
        let told_at = told.told_at.map(Timestamp::from_unix_millis);
        self.plan_alert(endpoint, told_at.map_or(now, |at| now.max(at + QUIET)))
    }

    /// Takes back what waited to be told of dead letters, once there are none. Call within a commit.
    pub(super) fn drop_idle_alert(&self, endpoint: &EndpointKey) -> Outcome<()> {
        Ok(self.store.run(
            include_str!("../../sql/ledger/alert_drop.sql"),
            vec![text(endpoint)],
        )?)
    }

    /// Those that wait.
    pub(super) fn waiting_alerts(&self) -> Outcome<Vec<Waiting>> {
        let rows: Vec<WaitingRow> = self
            .store
            .rows(include_str!("../../sql/ledger/alert_next.sql"), Vec::new())?;
        let waiting = rows.into_iter().map(|row| {
            Ok(Waiting {
                endpoint: EndpointKey::parse(&row.endpoint)
                    .map_err(|_| damaged("an endpoint's name"))?,
                at: Timestamp::from_unix_millis(row.at),
            })
        });
        waiting.collect()
    }

    /// The alert about a lane, unless it has left or there is nothing to tell any more.
    pub(super) fn alert(&self, endpoint: &EndpointKey) -> Outcome<Option<Dispatch>> {
        let (keys, snapshot) = (self.keys()?, self.snapshot()?);
        let Some(row) = self.alert_row(endpoint)? else {
            return Ok(None);
        };
        let news = match row.stopped {
            Some(stopped) => News::Stopped(stopped),
            None if row.dead_letters > 0 => News::PutAside(row.dead_letters),
            None => return Ok(None),
        };
        let mut endpoints = snapshot.endpoints.iter();
        let alert = Alert {
            site: &snapshot.site,
            endpoint,
            is_connector: endpoints.any(|one| one.key == *endpoint && one.connector.is_some()),
            news,
            since: row.failing_since.map(Timestamp::from_unix_millis),
            public_url: &keys.settings.public_url,
        };
        let letter = alert.letter(&snapshot.definition.mail);
        Ok(Some(Dispatch {
            written_at: moment_of(&row.id).ok_or_else(|| damaged("an alert's id"))?,
            id: row.id,
            letter: letter.map_err(|_| damaged("a template"))?,
        }))
    }

    /// Notes what came of handing it over.
    pub(super) fn note_alert(
        &self,
        endpoint: &EndpointKey,
        handover: &Handover,
        now: Timestamp,
    ) -> Outcome<()> {
        let Some(row) = self.alert_row(endpoint)? else {
            return Ok(());
        };
        let next = match fate(handover, row.failures, None, now) {
            Fate::TriedAgain(at) => number(at.unix_millis()),
            Fate::Left | Fate::GivenUp => Value::Null,
        };
        let values = vec![
            next,
            number(now.unix_millis()),
            text(endpoint),
            text(row.id),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/alert_update.sql"), values)?)
    }

    fn alert_row(&self, endpoint: &EndpointKey) -> Outcome<Option<Row>> {
        Ok(self.store.row(
            include_str!("../../sql/ledger/alert_select.sql"),
            vec![text(endpoint)],
        )?)
    }
}

/// When an id was made.
fn moment_of(id: &str) -> Option<Timestamp> {
    let id = Uuid::parse_str(id).ok()?;
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let millis = i64::try_from(seconds).ok()? * 1000 + i64::from(nanos / 1_000_000);
    Some(Timestamp::from_unix_millis(millis))
}
