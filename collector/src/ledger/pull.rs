//! Pulling: pages of events, the same bytes as the webhooks have.

use sayso_shared::{
    answer::EventPage,
    api_key::Scope,
    cursor::Cursor,
    event::{Event, EventSubject, EventType, StoredEvent},
    problem::Problem,
    submitted::Person,
};
use serde::Deserialize;
use serde_bytes::ByteBuf;
use uuid::Uuid;

use super::{
    book::{Book, Keys, cursor},
    record::naming_place,
};
use crate::{
    failure::{Outcome, damaged},
    store::{Store, number, text},
};

/// An event with what is kept beside it.
#[derive(Deserialize)]
pub(super) struct Row {
    seq: i64,
    subject: String,
    body: String,
    receipt: String,
    submission: Uuid,
    person: Option<ByteBuf>,
}

impl<S: Store> Book<S> {
    /// A page of events after a cursor; the admin comes without a key.
    pub(super) fn events(
        &self,
        key: Option<&str>,
        after: &str,
        limit: u32,
        types: &[String],
    ) -> Outcome<EventPage> {
        let keys = self.keys()?;
        self.admit(key, Scope::EventsRead)?;
        let after = Cursor::parse(after)
            .map_err(|error| Problem::bad_parameter("after", &error.to_string()))?;
        let types = types_of(types)?;
        let mut events = self.events_after(&keys, after, &types, limit + 1)?;
        let more = events.len() > limit as usize;
        events.truncate(limit as usize);
        let last = events.last().map_or(after, |event| Cursor {
            seq: event.data.seq,
        });
        Ok(EventPage {
            events,
            next: last.render(),
            more,
        })
    }

    /// Events after a cursor, in order.
    pub(super) fn events_after(
        &self,
        keys: &Keys,
        after: Cursor,
        types: &[EventType],
        most: u32,
    ) -> Outcome<Vec<Event>> {
        let values = vec![
            number(i64::try_from(after.seq).unwrap_or(i64::MAX)),
            text(serde_json::to_string(types)?),
            number(most),
        ];
        let rows: Vec<Row> = self
            .store
            .rows(include_str!("../../sql/ledger/event_page.sql"), values)?;
        rows.into_iter()
            .map(|row| self.read_event(keys, row))
            .collect()
    }

    pub(super) fn read_event(&self, keys: &Keys, row: Row) -> Outcome<Event> {
        let stored: StoredEvent = serde_json::from_str(&row.body)?;
        let id = Uuid::try_parse(&row.subject).map_err(|_| damaged("an event's subject"))?;
        let subject = self.subject(keys, &row.subject)?;
        // As the submission named the person that this event rests on; version 1 of the tables did not keep that.
        let person = subject.map(|subject| match row.person {
            Some(sealed) => subject
                .key
                .open(&sealed, &naming_place(row.submission))
                .ok()
                .and_then(|bytes| Person::read(&bytes)),
            None => Some(subject.person),
        });
        let subject = EventSubject::of(id, person.flatten().as_ref());
        Ok(stored.render(cursor(row.seq).seq, subject, row.receipt))
    }
}

/// Reads the names of types; without any, those that everybody gets.
fn types_of(names: &[String]) -> Outcome<Vec<EventType>> {
    if names.is_empty() {
        return Ok(EventType::DEFAULT.to_vec());
    }
    let types = names.iter().map(|name| {
        let must = "must be types of events such as consent.given, separated by commas";
        EventType::parse(name).ok_or_else(|| Problem::bad_parameter("types", must).into())
    });
    types.collect()
}
