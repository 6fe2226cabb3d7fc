//! A store on plain SQLite, for tests: the same statements, the same contract, outside of Workers.

use std::{cell::Cell, path::Path};

use rusqlite::{Connection, params_from_iter, types};
use serde::de::DeserializeOwned;
use worker::{Error, Result};

use crate::{
    failure::{Failure, Outcome},
    sabotage::Sabotage,
    store::{Store, Value},
};

/// SQLite in a file or in memory.
pub(crate) struct NativeStore {
    connection: Connection,
    /// How many more writes succeed before the process "dies"; `None` for all of them.
    /// Keeping a commit counts as a write.
    pub(crate) writes_left: Cell<Option<u32>>,
    /// How many more commits are kept before the process "dies" right after one: kept, and reported as failed.
    pub(crate) commits_left: Cell<Option<u32>>,
    /// What it does behind the book's back
    pub(crate) sabotage: Cell<Option<Sabotage>>,
    /// Whether this commit is undone and told as kept
    undoes: Cell<bool>,
}

impl NativeStore {
    pub(crate) fn in_memory() -> Self {
        Self::upon(Connection::open_in_memory().expect("SQLite"))
    }

    /// In a file. What is kept outlives the process, not the machine: tests do not wait for the disk.
    pub(crate) fn at(path: &Path) -> Self {
        let connection = Connection::open(path).expect("SQLite");
        connection
            .pragma_update(None, "synchronous", "OFF")
            .expect("SQLite");
        Self::upon(connection)
    }

    fn upon(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(128);
        Self {
            connection,
            writes_left: Cell::new(None),
            commits_left: Cell::new(None),
            sabotage: Cell::new(None),
            undoes: Cell::new(false),
        }
    }

    /// How many rows were ever written by this connection, undone ones too.
    pub(crate) fn rows_written(&self) -> u64 {
        self.connection.total_changes()
    }

    /// Whether a commit was begun and neither kept nor undone.
    pub(crate) fn is_open(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Dies, if it is to die after a commit.
    fn outlive_commit(&self) -> Result<()> {
        match self.commits_left.get() {
            None => Ok(()),
            Some(left @ (0 | 1)) => {
                self.commits_left.set(Some(left.saturating_sub(1)));
                self.writes_left.set(Some(0));
                Err(Error::RustError(
                    "the process died right after a commit".to_owned(),
                ))
            }
            Some(left) => {
                self.commits_left.set(Some(left - 1));
                Ok(())
            }
        }
    }

    /// Whether deliveries fail, by what is stored.
    fn crm_is_down(&self) -> bool {
        let sql = "SELECT COUNT(*) FROM lane WHERE failures > 0";
        let failing = self
            .connection
            .query_row(sql, [], |row| row.get::<_, i64>(0));
        failing.is_ok_and(|failing| failing > 0)
    }

    fn execute(&self, statement: &str, values: Vec<Value>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(statement).map_err(fault)?;
        statement
            .execute(params_from_iter(values.into_iter().map(native)))
            .map_err(fault)
            .map(drop)
    }

    /// Takes one write from what is left.
    fn spend(&self) -> Result<()> {
        match self.writes_left.get() {
            None => Ok(()),
            Some(0) => Err(Error::RustError(
                "the process died before this write".to_owned(),
            )),
            Some(left) => {
                self.writes_left.set(Some(left - 1));
                Ok(())
            }
        }
    }
}

impl Store for NativeStore {
    fn rows<T: DeserializeOwned>(&self, statement: &str, values: Vec<Value>) -> Result<Vec<T>> {
        let sabotage = self.sabotage.get();
        if let Some(write) = sabotage.and_then(|sabotage| sabotage.before_reading(statement)) {
            self.execute(write, Vec::new())?;
        }
        let statement = sabotage.map_or(statement, |sabotage| sabotage.read(statement));
        let mut statement = self.connection.prepare_cached(statement).map_err(fault)?;
        let rows = statement
            .query(params_from_iter(values.into_iter().map(native)))
            .map_err(fault)?;
        serde_rusqlite::from_rows(rows)
            .collect::<serde_rusqlite::Result<_>>()
            .map_err(fault)
    }

    fn run(&self, statement: &str, values: Vec<Value>) -> Result<()> {
        self.spend()?;
        if values.is_empty() {
            return self.connection.execute_batch(statement).map_err(fault);
        }
        let Some(sabotage) = self.sabotage.get() else {
            return self.execute(statement, values);
        };
        self.undoes
            .set(self.undoes.get() || sabotage.undoes(statement));
        let writes = sabotage.write(statement, values, || self.crm_is_down())?;
        writes
            .into_iter()
            .try_for_each(|(statement, values)| self.execute(&statement, values))
    }

    fn commit<T>(&self, write: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let finish = |statement: &str| {
            self.connection
                .execute_batch(statement)
                .map_err(|error| Failure::Fault(fault(error)))
        };
        finish("BEGIN IMMEDIATE")?;
        let outcome = write().and_then(|value| {
            self.spend()?;
            Ok(value)
        });
        finish(if outcome.is_ok() && !self.undoes.take() {
            "COMMIT"
        } else {
            "ROLLBACK"
        })?;
        if outcome.is_ok() {
            self.outlive_commit()?;
        }
        outcome
    }
}

fn native(value: Value) -> types::Value {
    match value {
        Value::Null => types::Value::Null,
        Value::Boolean(value) => types::Value::Integer(value.into()),
        Value::Integer(value) => types::Value::Integer(value),
        Value::Float(value) => types::Value::Real(value),
        Value::String(value) => types::Value::Text(value),
        Value::Blob(value) => types::Value::Blob(value),
    }
}

fn fault(error: impl std::fmt::Display) -> Error {
    Error::RustError(error.to_string())
}
