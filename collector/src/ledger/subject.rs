//! Subjects: finding a person without storing who it is, and reading who it is while the person's key is there.

use sayso_shared::{
    consent::{Consent, Standing, Status},
    email::EmailAddress,
    key::{PurposeKey, SiteKey},
    submitted::Person,
    time::Timestamp,
    vault::SealingKey,
};
use serde::Deserialize;
use serde_bytes::ByteBuf;
use uuid::Uuid;

use super::book::{Book, Keys};
use crate::{
    chance,
    failure::{Outcome, damaged},
    store::{Store, Value, number, text},
};

/// A person whose key is there.
pub(super) struct Subject {
    pub(super) id: Uuid,
    pub(super) key: SealingKey,
    pub(super) person: Person,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    wrapped_key: ByteBuf,
    person: ByteBuf,
}

#[derive(Deserialize)]
struct ConsentRow {
    purpose: String,
    status: Status,
    since: i64,
    submission: Uuid,
    requested_at: Option<i64>,
    expires_at: Option<i64>,
    retention_days: Option<u32>,
}

/// The same, with whose it is.
#[derive(Deserialize)]
struct OfSubject {
    subject: String,
    purpose: String,
    status: Status,
    since: i64,
    submission: Uuid,
    requested_at: Option<i64>,
    expires_at: Option<i64>,
    retention_days: Option<u32>,
}

impl OfSubject {
    fn consent(self) -> ConsentRow {
        ConsentRow {
            purpose: self.purpose,
            status: self.status,
            since: self.since,
            submission: self.submission,
            requested_at: self.requested_at,
            expires_at: self.expires_at,
            retention_days: self.retention_days,
        }
    }
}

impl<S: Store> Book<S> {
    /// The subject of this address, made if it is new. Call within a commit.
    pub(super) fn subject_of(
        &self,
        keys: &Keys,
        site: &SiteKey,
        person: &Person,
        now: Timestamp,
    ) -> Outcome<Subject> {
        let lookup = keys.vault.lookup(site, &person.email);
        if let Some(row) = self.found_by(lookup)? {
            return open(keys, &row);
        }
        // While a key is replaced, this person may not have been re-wrapped yet.
        let former = keys.vault.former_lookup(site, &person.email);
        if let Some(row) = former
            .map(|lookup| self.found_by(lookup))
            .transpose()?
            .flatten()
        {
            let subject = open(keys, &row)?;
            self.rewrap(keys, site, &subject)?;
            return Ok(subject);
        }
        let snapshot = self.snapshot()?;
        let id = match &snapshot.sharding {
            None => chance::uuid(now),
            Some(_) => chance::uuid_in(snapshot.shard, now),
        };
        let key = SealingKey::new(chance::bytes());
        let wrapped = keys.vault.wrap(&key, id, chance::bytes());
        self.store.run(
            include_str!("../../sql/ledger/subject_key_insert.sql"),
            vec![Value::Blob(wrapped)],
        )?;
        let values = vec![
            text(id),
            Value::Blob(lookup.to_vec()),
            Value::Blob(key.seal(&person.render(), &person_place(id), chance::bytes())),
            number(now.unix_millis()),
            text(keys.vault.name()),
        ];
        self.store
            .run(include_str!("../../sql/ledger/subject_insert.sql"), values)?;
        Ok(Subject {
            id,
            key,
            person: person.clone(),
        })
    }

    fn found_by(&self, lookup: [u8; 32]) -> Outcome<Option<Row>> {
        let values = vec![Value::Blob(lookup.to_vec())];
        Ok(self.store.row(
            include_str!("../../sql/ledger/subject_by_lookup.sql"),
            values,
        )?)
    }

    /// Wraps a subject's key, and makes its lookup, by the key-encryption key of now.
    fn rewrap(&self, keys: &Keys, site: &SiteKey, subject: &Subject) -> Outcome<()> {
        let wrapped = keys.vault.wrap(&subject.key, subject.id, chance::bytes());
        self.store.run(
            include_str!("../../sql/ledger/subject_key_update.sql"),
            vec![Value::Blob(wrapped), text(subject.id)],
        )?;
        let values = vec![
            Value::Blob(keys.vault.lookup(site, &subject.person.email).to_vec()),
            text(keys.vault.name()),
            text(subject.id),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/subject_rewrap.sql"), values)?)
    }

    /// Re-wraps the next hundred subjects after `after` that another key-encryption key wrapped. Gives the last of them, to go on
    /// with; nothing when none are left. One that cannot be opened is left as it is.
    pub(super) fn rewrap_some(&self, after: &str) -> Outcome<Option<String>> {
        let keys = self.keys()?;
        if !keys.vault.is_replacing() {
            return Ok(None);
        }
        let site = self.snapshot()?.site.clone();
        let values = vec![text(keys.vault.name()), text(after)];
        let rows: Vec<Row> = self.store.rows(
            include_str!("../../sql/ledger/subject_rewrap_next.sql"),
            values,
        )?;
        let last = rows.last().map(|row| row.id.clone());
        self.store.commit(|| {
            for subject in rows.iter().filter_map(|row| open(&keys, row).ok()) {
                self.rewrap(&keys, &site, &subject)?;
            }
            Ok(())
        })?;
        Ok(last)
    }

    /// The subject of this address, if it is on record. Changes nothing.
    pub(super) fn known_subject(
        &self,
        keys: &Keys,
        site: &SiteKey,
        email: &EmailAddress,
    ) -> Outcome<Option<Subject>> {
        let lookups = [
            Some(keys.vault.lookup(site, email)),
            keys.vault.former_lookup(site, email),
        ];
        for lookup in lookups.into_iter().flatten() {
            if let Some(row) = self.found_by(lookup)? {
                return open(keys, &row).map(Some);
            }
        }
        Ok(None)
    }

    /// The subject of this id, unless it was erased.
    pub(super) fn subject(&self, keys: &Keys, id: &str) -> Outcome<Option<Subject>> {
        let row: Option<Row> = self.store.row(
            include_str!("../../sql/ledger/subject_by_id.sql"),
            vec![text(id)],
        )?;
        row.map(|row| open(keys, &row)).transpose()
    }

    /// How all consents of a subject stand.
    pub(super) fn standing(&self, subject: &str) -> Outcome<Standing> {
        let rows: Vec<ConsentRow> = self.store.rows(
            include_str!("../../sql/ledger/consent_select.sql"),
            vec![text(subject)],
        )?;
        rows.into_iter().map(ConsentRow::read).collect()
    }

    /// The next people after one, with how all their consents stand, in the order of their ids.
    pub(super) fn people_after(
        &self,
        keys: &Keys,
        after: &str,
        most: u32,
    ) -> Outcome<Vec<(Subject, Standing)>> {
        let rows: Vec<Row> = self.store.rows(
            include_str!("../../sql/ledger/subject_page.sql"),
            vec![text(after), number(most)],
        )?;
        let Some(last) = rows.last() else {
            return Ok(Vec::new());
        };
        let consents: Vec<OfSubject> = self.store.rows(
            include_str!("../../sql/ledger/consent_page.sql"),
            vec![text(after), text(&last.id)],
        )?;
        // Both are in the order of the people.
        let mut consents = consents.into_iter().peekable();
        let people = rows.iter().map(|row| {
            let mut standing = Standing::new();
            while let Some(of) = consents.next_if(|of| of.subject <= row.id) {
                if of.subject == row.id {
                    let (purpose, consent) = of.consent().read()?;
                    standing.insert(purpose, consent);
                }
            }
            Ok((open(keys, row)?, standing))
        });
        people.collect()
    }
}

impl ConsentRow {
    fn read(self) -> Outcome<(PurposeKey, Consent)> {
        let purpose = PurposeKey::parse(&self.purpose).map_err(|_| damaged("a purpose"))?;
        let consent = Consent {
            status: self.status,
            since: Timestamp::from_unix_millis(self.since),
            submission: self.submission,
            requested_at: self.requested_at.map(Timestamp::from_unix_millis),
            expires_at: self.expires_at.map(Timestamp::from_unix_millis),
            retention_days: self.retention_days,
        };
        Ok((purpose, consent))
    }
}

fn open(keys: &Keys, row: &Row) -> Outcome<Subject> {
    let id = Uuid::try_parse(&row.id).map_err(|_| damaged("a subject's id"))?;
    let key = keys
        .vault
        .unwrap(&row.wrapped_key, id)
        .map_err(|_| damaged("a subject's key"))?;
    let person = key
        .open(&row.person, &person_place(id))
        .ok()
        .and_then(|bytes| Person::read(&bytes));
    Ok(Subject {
        id,
        key,
        person: person.ok_or_else(|| damaged("a person"))?,
    })
}

/// To what the person's sealed data are bound.
fn person_place(subject: Uuid) -> Vec<u8> {
    format!("person/{subject}").into_bytes()
}
