//! Schemas: the tables of an object, in versions, brought up to date where they are found.
//!
//! Version 1 makes the tables, each further one changes them. A version that was released is never edited. All versions
//! that are missing are run in one commit, in which nothing else can happen: either they are all there afterwards, or none.

use serde::Deserialize;

use crate::{
    failure::Outcome,
    store::{Store, number},
};

/// The versions, each a file of statements; the first makes a table `schema` that holds the version.
pub(crate) struct Schema {
    pub(crate) versions: &'static [&'static str],
}

impl Schema {
    /// The version of a store; 0 if it was never written to.
    pub(crate) fn version_of(store: &impl Store) -> Outcome<usize> {
        #[derive(Deserialize)]
        struct Found {}
        #[derive(Deserialize)]
        struct Version {
            version: usize,
        }
        let found: Option<Found> =
            store.row(include_str!("../sql/schema_exists.sql"), Vec::new())?;
        if found.is_none() {
            return Ok(0);
        }
        let version: Option<Version> =
            store.row(include_str!("../sql/schema_version.sql"), Vec::new())?;
        Ok(version.map_or(0, |row| row.version))
    }

    /// Brings a store up to date. Call within a commit.
    pub(crate) fn bring_up(&self, store: &impl Store) -> Outcome<()> {
        let version = Self::version_of(store)?;
        for (index, statements) in self.versions.iter().enumerate().skip(version) {
            store.run(statements, Vec::new())?;
            store.run(
                include_str!("../sql/schema_update.sql"),
                vec![number(i64::try_from(index + 1).unwrap_or(i64::MAX))],
            )?;
        }
        Ok(())
    }

    /// The newest version.
    pub(crate) fn newest(&self) -> usize {
        self.versions.len()
    }
}
