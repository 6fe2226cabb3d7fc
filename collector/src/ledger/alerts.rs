//! Alerts: the mails that tell the operator that a lane has stopped. They wait with the lane, from the commit that stopped it, until they
//! have left or the operator starts the lane again.

use sayso_shared::{
    delivery::Stopped,
    key::EndpointKey,
    mailing::{Fate, Handover, fate},
    time::Timestamp,
};
use serde::Deserialize;

use super::book::Book;
use crate::{
    failure::{Outcome, damaged},
    letter::alert::Alert,
    mailer::Dispatch,
    store::{Store, Value, number, text},
};

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
    stopped: Stopped,
    failing_since: Option<i64>,
    next_at: i64,
}

impl<S: Store> Book<S> {
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

    /// The alert about a lane, unless it has left or the lane goes on.
    pub(super) fn alert(&self, endpoint: &EndpointKey) -> Outcome<Option<Dispatch>> {
        let (keys, snapshot) = (self.keys()?, self.snapshot()?);
        let Some(row) = self.alert_row(endpoint)? else {
            return Ok(None);
        };
        let alert = Alert {
            site: &snapshot.site,
            endpoint,
            stopped: row.stopped,
            since: row.failing_since.map(Timestamp::from_unix_millis),
            public_url: &keys.settings.public_url,
        };
        let letter = alert.letter(&snapshot.definition.mail);
        Ok(Some(Dispatch {
            id: row.id,
            written_at: Timestamp::from_unix_millis(row.next_at),
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
        let values = vec![next, text(endpoint), text(row.id)];
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
