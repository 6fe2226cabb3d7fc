//! Checking: which of many addresses may be mailed for a purpose. Nobody is opened for it: the keyed hash of an address finds the
//! consents. Changes nothing.

use std::fmt::Write as _;

use sayso_shared::{
    api_key::Scope,
    check::{Denied, Held, Stand},
    consent::Status,
    definition::SiteDefinition,
    email::EmailAddress,
    key::PurposeKey,
    problem::{FieldError, Problem},
    time::Timestamp,
};
use serde::Deserialize;

use super::{book::Book, shards::Whose};
use crate::{
    failure::Outcome,
    store::{Store, text},
};

#[derive(Deserialize)]
struct Row {
    at: usize,
    purpose: String,
    status: Status,
    expires_at: Option<i64>,
}

impl<S: Store> Book<S> {
    /// For each address why it may not be mailed, in their order; nothing for those that may.
    ///
    /// 1. The key has `subjects:read`: 401, 403. All people are this ledger's: 421.
    /// 2. The purpose is one of the site's: 422.
    pub(super) fn check(
        &self,
        key: Option<&str>,
        purpose: &PurposeKey,
        emails: &[EmailAddress],
        now: Timestamp,
    ) -> Outcome<Vec<Option<Denied>>> {
        self.admit(key, Scope::SubjectsRead)?; // 1
        let snapshot = self.snapshot()?;
        self.owns_all(emails.iter().map(Whose::Address))?;
        let whole = whole_of(&snapshot.definition, purpose)?; // 2
        let keys = self.keys()?;
        let mut stands = vec![Stand::default(); emails.len()];
        let lookups = emails
            .iter()
            .map(|email| keys.vault.lookup(&snapshot.site, email));
        self.fill(&mut stands, lookups, purpose, whole)?;
        if keys.vault.is_replacing() {
            // Who was not re-wrapped yet is found by the former key; nobody is found by both.
            let lookups = emails
                .iter()
                .filter_map(|email| keys.vault.former_lookup(&snapshot.site, email));
            self.fill(&mut stands, lookups, purpose, whole)?;
        }
        let is_part = whole.is_some();
        let judged = stands.into_iter().map(|stand| stand.judge(is_part, now));
        Ok(judged.collect())
    }

    fn fill(
        &self,
        stands: &mut [Stand],
        lookups: impl Iterator<Item = [u8; 32]>,
        purpose: &PurposeKey,
        whole: Option<&PurposeKey>,
    ) -> Outcome<()> {
        let lookups: Vec<String> = lookups.map(|lookup| hex(&lookup)).collect();
        let values = vec![
            text(serde_json::to_string(&lookups)?),
            text(purpose),
            text(whole.unwrap_or(purpose)),
        ];
        let rows: Vec<Row> = self
            .store
            .rows(include_str!("../../sql/ledger/check.sql"), values)?;
        for row in rows {
            let held = Some(Held {
                status: row.status,
                expires_at: row.expires_at.map(Timestamp::from_unix_millis),
            });
            let Some(stand) = stands.get_mut(row.at) else {
                continue;
            };
            if row.purpose == purpose.as_str() {
                stand.own = held;
            } else {
                stand.whole = held;
            }
        }
        Ok(())
    }
}

/// The purpose that this one is a part of, where it is; 422 if the site has no such purpose.
fn whole_of<'d>(
    definition: &'d SiteDefinition,
    purpose: &PurposeKey,
) -> Outcome<Option<&'d PurposeKey>> {
    let Some(known) = definition.purpose(purpose) else {
        let names = definition.purposes.iter().map(|known| known.key.as_str());
        let names: Vec<&str> = names.collect();
        let must = format!("must be a purpose of the site: {}", names.join(", "));
        return Err(Problem::invalid(vec![FieldError::new("/purpose", must)]).into());
    };
    Ok(known.part_of.as_ref())
}

/// As SQLite's `unhex` reads it.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
