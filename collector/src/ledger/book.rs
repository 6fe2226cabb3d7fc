//! The book: what a ledger decides and writes, upon any store. It performs nothing: no mail, no webhook, no alarm, no waiting.
//!
//! What it has at hand besides its storage (keys, its copy of the site) can be had again at any moment.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use sayso_shared::{
    cursor::Cursor, endpoint::Endpoint, jws::SigningKey, notice::Notice, problem::Problem,
    snapshot::Snapshot, time::Timestamp, vault::Vault,
};
use serde::Deserialize;

use super::links::Opened;
use crate::{
    failure::{Outcome, damaged},
    json,
    schema::Schema,
    settings::Settings,
    store::{Store, number, text},
};

/// The tables of a ledger.
pub(super) const SCHEMA: Schema = Schema {
    versions: &[
        include_str!("../../sql/ledger/schema_1.sql"),
        include_str!("../../sql/ledger/schema_2.sql"),
        include_str!("../../sql/ledger/schema_3.sql"),
        include_str!("../../sql/ledger/schema_4.sql"),
        include_str!("../../sql/ledger/schema_5.sql"),
        include_str!("../../sql/ledger/schema_6.sql"),
        include_str!("../../sql/ledger/schema_7.sql"),
    ],
};

/// A ledger's book that is open.
pub(super) struct Book<S> {
    pub(super) store: S,
    keys: Result<Rc<Keys>, Problem>,
    snapshot: RefCell<Option<Rc<Snapshot>>>,
    has_schema: Cell<bool>,
    pub(super) opened: RefCell<Opened>,
}

/// The keys, derived once.
pub(super) struct Keys {
    pub(super) settings: Settings,
    pub(super) signing: SigningKey,
    pub(super) vault: Vault,
}

#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) body: String,
}

/// A moment, or nothing.
#[derive(Deserialize)]
pub(super) struct At {
    pub(super) at: Option<i64>,
}

impl Keys {
    pub(super) fn of(settings: Settings) -> Self {
        Self {
            signing: settings.signing_key(),
            vault: settings.vault(),
            settings,
        }
    }
}

impl<S: Store> Book<S> {
    /// Opens the book of a store. Without good settings it answers nothing but which one is not.
    pub(super) fn open(store: S, settings: Result<Settings, Problem>) -> Self {
        let keys = settings.map(|settings| Rc::new(Keys::of(settings)));
        Self {
            store,
            keys,
            snapshot: RefCell::default(),
            has_schema: Cell::new(false),
            opened: RefCell::default(),
        }
    }

    pub(super) fn keys(&self) -> Outcome<Rc<Keys>> {
        Ok(self.keys.clone()?)
    }

    /// The site; a problem if this ledger never heard of it. Nothing is written by asking, so that asking for sites that do
    /// not exist leaves nothing behind.
    pub(super) fn snapshot(&self) -> Outcome<Rc<Snapshot>> {
        if let Some(snapshot) = &*self.snapshot.borrow() {
            return Ok(Rc::clone(snapshot));
        }
        if !self.has_schema()? {
            return Err(Problem::unknown_site().into());
        }
        let row: Option<Body> = self.store.row(
            include_str!("../../sql/ledger/snapshot_select.sql"),
            Vec::new(),
        )?;
        let row = row.ok_or_else(Problem::unknown_site)?;
        let snapshot: Rc<Snapshot> = Rc::new(json::read(&row.body)?);
        self.snapshot.replace(Some(Rc::clone(&snapshot)));
        Ok(snapshot)
    }

    /// Whether this ledger belongs to a site at all. If it does, its tables are up to date afterwards.
    pub(super) fn has_schema(&self) -> Outcome<bool> {
        if !self.has_schema.get() {
            let version = Schema::version_of(&self.store)?;
            if (1..SCHEMA.newest()).contains(&version) {
                self.store.commit(|| SCHEMA.bring_up(&self.store))?;
            }
            self.has_schema.set(version > 0);
        }
        Ok(self.has_schema.get())
    }

    /// Takes over the site as it is now. An older state that arrives late is ignored. Endpoints that are new begin with what
    /// happens from now on; those that are gone take their lanes with them; one that has moved, or that the operator started again, is tried at once.
    pub(super) fn learn(&self, snapshot: Snapshot, now: Timestamp) -> Outcome<()> {
        self.keys()?;
        let known = if self.has_schema()? {
            Some(self.snapshot()?)
        } else {
            None
        };
        if known
            .as_ref()
            .is_some_and(|known| known.revision > snapshot.revision)
        {
            return Ok(());
        }
        self.store.commit(|| {
            SCHEMA.bring_up(&self.store)?;
            let body = serde_json::to_string(&snapshot)?;
            let values = vec![
                number(i64::try_from(snapshot.revision).unwrap_or(i64::MAX)),
                text(body),
            ];
            self.store
                .run(include_str!("../../sql/ledger/snapshot_upsert.sql"), values)?;
            for notice in &snapshot.notices {
                let values = vec![text(&notice.hash), text(serde_json::to_string(notice)?)];
                self.store
                    .run(include_str!("../../sql/ledger/notice_insert.sql"), values)?;
            }
            let last: Option<At> = self
                .store
                .row(include_str!("../../sql/ledger/event_last.sql"), Vec::new())?;
            let last = last.and_then(|row| row.at).unwrap_or_default();
            let endpoints: Vec<_> = snapshot
                .endpoints
                .iter()
                .map(|endpoint| &endpoint.key)
                .collect();
            let endpoints = serde_json::to_string(&endpoints)?;
            for statement in [
                include_str!("../../sql/ledger/lane_retain.sql"),
                include_str!("../../sql/ledger/dead_letter_retain.sql"),
                include_str!("../../sql/ledger/attempt_retain.sql"),
            ] {
                self.store.run(statement, vec![text(&endpoints)])?;
            }
            let digests: Vec<_> = snapshot.keys.iter().map(|key| &key.digest).collect();
            self.store.run(
                include_str!("../../sql/ledger/key_use_retain.sql"),
                vec![text(serde_json::to_string(&digests)?)],
            )?;
            for endpoint in &snapshot.endpoints {
                let values = vec![text(&endpoint.key), number(last), number(now.unix_millis())];
                self.store
                    .run(include_str!("../../sql/ledger/lane_insert.sql"), values)?;
                let mut before = known.iter().flat_map(|known| &known.endpoints);
                if before.any(|before| is_moved(before, endpoint)) {
                    let values = vec![number(now.unix_millis()), text(&endpoint.key)];
                    self.store
                        .run(include_str!("../../sql/ledger/lane_restart.sql"), values)?;
                }
            }
            Ok(())
        })?;
        self.has_schema.set(true);
        self.snapshot.replace(Some(Rc::new(snapshot)));
        Ok(())
    }

    /// A notice that some record rests on.
    pub(super) fn notice(&self, hash: &str) -> Outcome<Notice> {
        self.known_notice(hash)?.ok_or_else(|| damaged("a notice"))
    }

    /// A notice, unless this ledger was never told of it.
    pub(super) fn known_notice(&self, hash: &str) -> Outcome<Option<Notice>> {
        let row: Option<Body> = self.store.row(
            include_str!("../../sql/ledger/notice_select.sql"),
            vec![text(hash)],
        )?;
        Ok(row.map(|row| json::read(&row.body)).transpose()?)
    }
}

/// Whether a lane that has stopped or waits has a reason to go on: another address, or the operator's word.
fn is_moved(before: &Endpoint, now: &Endpoint) -> bool {
    before.key == now.key && (before.url != now.url || before.starts != now.starts)
}

/// A number of an event from storage.
pub(super) fn cursor(seq: i64) -> Cursor {
    Cursor {
        seq: u64::try_from(seq).unwrap_or_default(),
    }
}
