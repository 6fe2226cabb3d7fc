//! Learning: a change of a site is handed to each of its ledgers, and which of them have it is remembered, so that one that did not
//! answer is told again and the others are not.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt as _, stream};
use sayso_shared::{problem::Problem, snapshot::Snapshot};
use serde::Deserialize;

use super::memory::Site;
use crate::{
    failure::Outcome,
    json,
    ledger::{self, AT_ONCE},
    store::{Store, number},
};

/// How long the ledgers may take to learn of a change before the alarm tells them again.
const PATIENCE: Duration = Duration::from_secs(10);

impl Site {
    /// Hands the site to those of its ledgers that have not learned it yet. The alarm stands meanwhile, so that a crash only delays.
    pub(super) async fn teach(&self) -> Outcome<()> {
        let Some(row) = self.row()?.filter(|row| row.learned < row.revision) else {
            return Ok(());
        };
        self.state.storage().set_alarm(PATIENCE).await?;
        let snapshot: Snapshot = json::read(&row.body)?;
        let shards = behind(&self.store, snapshot.definition.shards, row.revision)?;
        let taught = stream::iter(&shards).map(async |shard| {
            let is_taught = self.teach_one(&snapshot, *shard).await;
            is_taught.then_some(*shard)
        });
        let taught: Vec<Option<u16>> = taught.buffer_unordered(AT_ONCE).collect().await;
        let taught: Vec<u16> = taught.into_iter().flatten().collect();
        if taught.len() < shards.len() {
            note(&self.store, &taught, row.revision)?;
            return Err(Problem::unavailable().into());
        }
        self.store.run(
            include_str!("../../sql/site/site_learned.sql"),
            vec![number(row.revision), number(row.revision)],
        )?;
        // Unless the site changed again meanwhile: then the alarm is for that.
        if self.row()?.is_none_or(|row| row.learned >= row.revision) {
            self.state.storage().delete_alarm().await?;
        }
        Ok(())
    }

    async fn teach_one(&self, snapshot: &Snapshot, shard: u16) -> bool {
        let copy = Snapshot {
            shard,
            ..snapshot.clone()
        };
        let learn = ledger::Ask::Learn {
            snapshot: Box::new(copy),
        };
        let answered = ledger::ask(&self.env, &snapshot.site, shard, &learn).await;
        answered.is_ok_and(|answer| answer.status_code() < 300)
    }
}

/// The shards that have not learned this revision.
fn behind(store: &impl Store, shards: u16, revision: i64) -> Outcome<Vec<u16>> {
    #[derive(Deserialize)]
    struct Row {
        shard: u16,
    }
    let learned: Vec<Row> = store.rows(
        include_str!("../../sql/site/learned_select.sql"),
        vec![number(revision)],
    )?;
    let learned: BTreeSet<u16> = learned.into_iter().map(|row| row.shard).collect();
    Ok((0..shards)
        .filter(|shard| !learned.contains(shard))
        .collect())
}

/// Remembers that these have learned it, while others have not.
fn note(store: &impl Store, shards: &[u16], revision: i64) -> Outcome<()> {
    store.commit(|| {
        for shard in shards {
            store.run(
                include_str!("../../sql/site/learned_upsert.sql"),
                vec![number(*shard), number(revision)],
            )?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        failure::Failure, native_store::NativeStore, schema::Schema, site::memory::SCHEMA,
        store::text,
    };

    fn good<T>(outcome: Outcome<T>) -> T {
        match outcome {
            Ok(value) => value,
            Err(Failure::Fault(error)) => panic!("{error}"),
            Err(Failure::Problem(problem)) => panic!("{problem:?}"),
            Err(Failure::Answered(_)) => panic!("an answer of another object"),
        }
    }

    #[test]
    fn a_site_of_version_1_is_brought_up_with_what_is_in_it() {
        #[derive(Deserialize)]
        struct Row {
            revision: i64,
            learned: i64,
        }
        let store = NativeStore::in_memory();
        let older = Schema {
            versions: &SCHEMA.versions[..1],
        };
        good(older.bring_up(&store));
        let values = vec![number(3), number(2), text("{}")];
        let upsert = include_str!("../../sql/site/site_upsert.sql");
        assert!(store.run(upsert, values).is_ok());
        good(SCHEMA.bring_up(&store));
        assert_eq!(good(Schema::version_of(&store)), SCHEMA.newest());
        let select = include_str!("../../sql/site/site_select.sql");
        let row: Option<Row> = store.row(select, Vec::new()).expect("SQL");
        let row = row.map(|row| (row.revision, row.learned));
        assert_eq!(row, Some((3, 2)));
        assert_eq!(good(behind(&store, 1, 3)), [0]);
    }

    #[test]
    fn only_those_that_did_not_answer_are_told_again() {
        let store = NativeStore::in_memory();
        good(SCHEMA.bring_up(&store));
        assert_eq!(good(behind(&store, 3, 1)), [0, 1, 2]);
        good(note(&store, &[0, 2], 1));
        assert_eq!(good(behind(&store, 3, 1)), [1]);
        assert_eq!(
            good(behind(&store, 3, 2)),
            [0, 1, 2],
            "a newer one is new to all"
        );
        good(note(&store, &[2], 2));
        good(note(&store, &[2], 1));
        assert_eq!(
            good(behind(&store, 3, 2)),
            [0, 1],
            "an answer may come late"
        );
    }
}
