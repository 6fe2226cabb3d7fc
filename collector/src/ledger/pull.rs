//! Pulling: pages of events, the same bytes as the webhooks have.

use sayso_shared::{
    answer::EventPage,
    api_key::Scope,
    cursor::{Cursor, CursorError, SiteCursor},
    event::{Event, EventSubject, EventType, StoredErasure, StoredEvent},
    key::{PurposeKey, SiteKey},
    merge::{Head, Part, merge},
    problem::Problem,
    submitted::Person,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use uuid::Uuid;

use super::{
    book::{At, Book, Keys, cursor},
    lanes::SeqRow,
    paging::EventPart,
    record::naming_place,
    recording::open_comment,
};
use crate::{
    failure::{Outcome, damaged},
    json,
    store::{Store, Value, number, text},
};

/// How many events are looked at for one page, where only those of some purposes are wanted.
pub(super) const AHEAD: u32 = 10_000;

/// Which events a reader wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sought {
    /// Their types, by name; without any, those that everybody gets
    pub(crate) types: Vec<String>,
    /// Their purposes; without any, all. Erasures come whatever is named here
    #[serde(default)]
    pub(crate) purposes: Vec<String>,
}

/// The same, read.
pub(super) struct Wanted {
    types: String,
    purposes: Option<String>,
}

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

/// Some events in a row.
#[derive(Deserialize)]
struct Window {
    last: Option<i64>,
    events: u32,
}

pub(super) fn read_cursor(text: &str, site: &SiteKey, shards: u16) -> Outcome<SiteCursor> {
    let read = SiteCursor::parse(text, site, shards);
    Ok(read.map_err(|error| Problem::bad_parameter("after", &error.to_string()))?)
}

impl<S: Store> Book<S> {
    /// A page of events of a site of one shard after a cursor; the admin comes without a key.
    pub(super) fn event_page(
        &self,
        key: Option<&str>,
        after: &str,
        limit: u32,
        sought: &Sought,
    ) -> Outcome<EventPage> {
        let part = self.event_part(key, after, limit, sought, 1)?;
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
        sought: &Sought,
        shards: u16,
    ) -> Outcome<EventPart<Event>> {
        let keys = self.keys()?;
        let after = self.admit_reader(key, after, shards)?;
        let wanted = sought.read()?;
        let mut events = self.events_after(&keys, after, &wanted, most + 1)?;
        let mut more = events.len() > most as usize;
        events.truncate(most as usize);
        let mut looked = None;
        if wanted.purposes.is_some() && !more {
            let window = self.window(after)?;
            more = window.events == AHEAD;
            looked = window.last.map(|last| cursor(last).seq);
        }
        let heads = events.iter().map(|event| Head {
            at: event.timestamp,
            id: event.data.id,
            seq: event.data.seq,
        });
        let heads = heads.collect();
        Ok(EventPart {
            part: Part {
                heads,
                more,
                looked,
            },
            events,
        })
    }

    /// How far this shard was read by whoever has this key and takes the site for split into `shards`: 401, 403, 421, 400.
    pub(super) fn admit_reader(
        &self,
        key: Option<&str>,
        after: &str,
        shards: u16,
    ) -> Outcome<Cursor> {
        self.admit(key, Scope::EventsRead)?;
        let snapshot = self.snapshot()?;
        if snapshot.definition.shards != shards {
            let sharding = serde_json::to_value(&snapshot.sharding)?;
            return Err(Problem::misdirected(sharding).into());
        }
        let after = read_cursor(after, &snapshot.site, shards)?.of(snapshot.shard);
        // Such a reader would be answered that there is nothing, for as long as it takes until there are as many events again.
        if after.seq > 0 && after > self.last_event()? {
            let error = CursorError::Ahead.to_string();
            return Err(Problem::bad_parameter("after", &error).into());
        }
        Ok(after)
    }

    /// Events after a cursor, in order.
    fn events_after(
        &self,
        keys: &Keys,
        after: Cursor,
        wanted: &Wanted,
        most: u32,
    ) -> Outcome<Vec<Event>> {
        let mut values = vec![seq(after), text(&wanted.types), number(most)];
        let statement = match &wanted.purposes {
            None => include_str!("../../sql/ledger/event_page.sql"),
            Some(purposes) => {
                values.extend([text(purposes), number(AHEAD)]);
                include_str!("../../sql/ledger/event_page_of.sql")
            }
        };
        let rows: Vec<Row> = self.store.rows(statement, values)?;
        rows.into_iter()
            .map(|row| self.read_event(keys, row))
            .collect()
    }

    /// Whether there is an event after a cursor that is wanted.
    pub(super) fn has_news(&self, after: Cursor, wanted: &Wanted) -> Outcome<bool> {
        let mut values = vec![seq(after), text(&wanted.types)];
        let statement = match &wanted.purposes {
            None => include_str!("../../sql/ledger/event_news.sql"),
            Some(purposes) => {
                values.push(text(purposes));
                include_str!("../../sql/ledger/event_news_of.sql")
            }
        };
        let found: Option<SeqRow> = self.store.row(statement, values)?;
        Ok(found.is_some())
    }

    /// The last event that there is.
    pub(super) fn last_event(&self) -> Outcome<Cursor> {
        let statement = include_str!("../../sql/ledger/event_last.sql");
        let last: Option<At> = self.store.row(statement, Vec::new())?;
        Ok(cursor(last.and_then(|row| row.at).unwrap_or_default()))
    }

    /// The next events after a cursor, whatever they are.
    fn window(&self, after: Cursor) -> Outcome<Window> {
        let values = vec![seq(after), number(AHEAD)];
        let statement = include_str!("../../sql/ledger/event_window.sql");
        let window: Option<Window> = self.store.row(statement, values)?;
        window.ok_or_else(|| damaged("the number of events"))
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

impl Sought {
    /// Reads the names, or says which parameter is wrong.
    pub(super) fn read(&self) -> Outcome<Wanted> {
        let types = types_of(&self.types)?;
        for purpose in &self.purposes {
            let must = format!(
                "must be keys of purposes such as EMARKETING, separated by commas; \"{purpose}\" cannot be one"
            );
            PurposeKey::parse(purpose).map_err(|_| Problem::bad_parameter("purposes", &must))?;
        }
        let purposes = (!self.purposes.is_empty()).then_some(&self.purposes);
        Ok(Wanted {
            types: serde_json::to_string(&types)?,
            purposes: purposes.map(serde_json::to_string).transpose()?,
        })
    }
}

/// Reads the names of types; without any, those that everybody gets.
fn types_of(names: &[String]) -> Outcome<Vec<EventType>> {
    if names.is_empty() {
        return Ok(EventType::DEFAULT.to_vec());
    }
    let types = names.iter().map(|name| {
        let known = EventType::ALL.map(EventType::as_str).join(", ");
        let must = format!("must name types of events, separated by commas: {known}");
        EventType::parse(name).ok_or_else(|| Problem::bad_parameter("types", &must).into())
    });
    types.collect()
}

fn seq(cursor: Cursor) -> Value {
    number(i64::try_from(cursor.seq).unwrap_or(i64::MAX))
}
