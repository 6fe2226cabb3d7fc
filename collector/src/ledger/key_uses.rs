//! Uses of keys: when each was last used, to the hour. The first ledger of a site notes it for all.
//!
//! It is no part of the record: nothing is decided by it, and what a request answers does not wait for whether it was noted.

use sayso_shared::{
    api_key::{ApiKey, used_in},
    key::ApiKeyName,
    time::Timestamp,
};
use serde::Deserialize;

use super::book::Book;
use crate::{
    failure::Outcome,
    store::{Store, number, text},
};

/// When each key was last used, by its name.
pub(crate) type KeyUses = Vec<(ApiKeyName, Timestamp)>;

#[derive(Deserialize)]
struct Row {
    digest: String,
    used_at: i64,
}

impl<S: Store> Book<S> {
    /// Notes that a key was used, unless it is none of the site's.
    pub(super) fn note_key(&self, key: &str, now: Timestamp) -> Outcome<()> {
        let snapshot = self.snapshot()?;
        let key = ApiKey::parse(key);
        let Some(kept) = key.and_then(|key| key.among(&snapshot.keys)) else {
            return Ok(());
        };
        let values = vec![text(&kept.digest), number(used_in(now).unix_millis())];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/key_use_upsert.sql"), values)?)
    }

    /// When each key was used last, as far as it ever was.
    pub(super) fn key_uses(&self) -> Outcome<KeyUses> {
        let snapshot = self.snapshot()?;
        let rows: Vec<Row> = self.store.rows(
            include_str!("../../sql/ledger/key_use_list.sql"),
            Vec::new(),
        )?;
        let named = rows.into_iter().filter_map(|row| {
            let mut keys = snapshot.keys.iter();
            let kept = keys.find(|key| key.digest == row.digest)?;
            Some((kept.name.clone(), Timestamp::from_unix_millis(row.used_at)))
        });
        Ok(named.collect())
    }
}

#[cfg(test)]
mod tests {
    use sayso_shared::api_key::{KeptKey, Scope};

    use super::*;
    use crate::{
        ledger::fixture::{at, good, snapshot},
        native_store::NativeStore,
        settings::Settings,
    };

    fn key(seed: u8) -> ApiKey {
        ApiKey::mint(snapshot().site, [seed; 32])
    }

    #[test]
    fn the_last_use_of_a_key_is_noted_once_an_hour_and_goes_with_the_key() {
        let book = Book::open(NativeStore::in_memory(), Ok(Settings::for_tests()));
        let mut snapshot = snapshot();
        let name = ApiKeyName::parse("crm").expect("a name");
        snapshot.keys = vec![KeptKey {
            name: name.clone(),
            scopes: vec![Scope::EventsRead],
            digest: key(1).digest(),
            created_at: None,
        }];
        good(book.learn(snapshot.clone(), at(0)));
        assert!(good(book.key_uses()).is_empty());
        good(book.note_key(&key(2).exposed(), at(1)));
        assert!(good(book.key_uses()).is_empty(), "a key of nobody");
        good(book.note_key(&key(1).exposed(), at(1)));
        let written = book.store.rows_written();
        good(book.note_key(&key(1).exposed(), at(2)));
        assert_eq!(book.store.rows_written(), written);
        let hour = 3_600_000;
        let last = || {
            good(book.key_uses())
                .pop()
                .filter(|(used, _)| *used == name)
        };
        let last = || last().map(|(_, at)| at);
        assert_eq!(last(), Some(used_in(at(0))));
        good(book.note_key(&key(1).exposed(), at(hour)));
        assert_eq!(last(), Some(used_in(at(hour))));
        good(book.note_key(&key(1).exposed(), at(0)));
        assert_eq!(last(), Some(used_in(at(hour))), "an old one may come late");
        // The name comes back with another secret: that one was never used.
        snapshot.keys[0].digest = key(3).digest();
        snapshot.revision += 1;
        good(book.learn(snapshot, at(hour)));
        assert!(good(book.key_uses()).is_empty());
    }
}
