//! Pulling: pages of events, the same bytes as the webhooks have.

use sayso_shared::{
    answer::EventPage,
    api_key::Scope,
    cursor::{Cursor, SiteCursor},
    event::{Event, EventSubject, EventType, StoredErasure, StoredEvent},
    key::SiteKey,
    merge::{Head, Part, merge},
    problem::Problem,
    submitted::Person,
};
use serde::Deserialize;
use serde_bytes::ByteBuf;
use uuid::Uuid;

use super::{
    book::{Book, Keys, cursor},
    paging::EventPart,
    record::naming_place,
    recording::open_comment,
};
use crate::{
    failure::{Outcome, damaged},
    json,
    store::{Store, number, text},
};

/// An event with what is kept beside it.
#[derive(Deserialize)]
pub(super) struct Row {
    seq: i64,
    kind: String,
    subject: String,
    body: String,
    receipt: Option<String>,
    submission: Option<Uuid>,
    person: Option<ByteBuf>,
    comment: Option<ByteBuf>,
}

pub(super) fn read_cursor(text: &str, site: &SiteKey, shards: u16) -> Outcome<SiteCursor> {
    let read = SiteCursor::parse(text, site, shards);
    Ok(read.map_err(|error| Problem::bad_parameter("after", &error.to_string()))?)
}

impl<S: Store> Book<S> {
    /// A page of events of a site of one shard after a cursor; the admin comes without a key.
    pub(super) fn events(
        &self,
        key: Option<&str>,
        after: &str,
        limit: u32,
        types: &[String],
    ) -> Outcome<EventPage> {
        let part = self.event_part(key, after, limit, types, 1)?;
        let snapshot = self.snapshot()?;
        let after = read_cursor(after, &snapshot.site, 1)?;
        // Nothing is merged: it is a page already.
        let merged = merge(&after, std::slice::from_ref(&part.part), limit);
        Ok(EventPage {
            events: part.events,
            next: merged.next.render(&snapshot.site),
            more: merged.more,
        })
    }

    /// What this shard has for a page after the cursor of a reader that takes the site for split into `shards`: 421 if it is not.
    pub(super) fn event_part(
        &self,
        key: Option<&str>,
        after: &str,
        most: u32,
        types: &[String],
        shards: u16,
    ) -> Outcome<EventPart<Event>> {
        let keys = self.keys()?;
        self.admit(key, Scope::EventsRead)?;
        let snapshot = self.snapshot()?;
        if snapshot.definition.shards != shards {
            let sharding = serde_json::to_value(&snapshot.sharding)?;
            return Err(Problem::misdirected(sharding).into());
        }
        let after = read_cursor(after, &snapshot.site, shards)?.of(snapshot.shard);
        let types = types_of(types)?;
        let mut events = self.events_after(&keys, after, &types, most + 1)?;
        let more = events.len() > most as usize;
        events.truncate(most as usize);
        let heads = events.iter().map(|event| Head {
            at: event.timestamp,
            id: event.data.id,
            seq: event.data.seq,
        });
        let heads = heads.collect();
        Ok(EventPart {
            part: Part { heads, more },
            events,
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
        let id = Uuid::try_parse(&row.subject).map_err(|_| damaged("an event's subject"))?;
        let seq = cursor(row.seq).seq;
        if row.kind == EventType::Erased.as_str() {
            let stored: StoredErasure = json::read(&row.body)?;
            return Ok(stored.render(seq, id));
        }
        let stored: StoredEvent = json::read(&row.body)?;
        let (receipt, submission) = row
            .receipt
            .zip(row.submission)
            .ok_or_else(|| damaged("an event's act"))?;
        let subject = self.subject(keys, &row.subject)?;
        // As the submission named the person that this event rests on; version 1 of the tables did not keep that.
        let comment = match (&subject, &row.comment) {
            (Some(subject), Some(sealed)) if stored.is_a_recording() => {
                open_comment(subject, submission, sealed)
            }
            _ => None,
        };
        let person = subject.map(|subject| match row.person {
            Some(sealed) => subject
                .key
                .open(&sealed, &naming_place(submission))
                .ok()
                .and_then(|bytes| Person::read(&bytes)),
            None => Some(subject.person),
        });
        let subject = EventSubject::of(id, person.flatten().as_ref());
        Ok(stored.render(seq, subject, comment, receipt))
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
