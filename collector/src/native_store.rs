//! A store on plain SQLite, for tests: the same statements, the same contract, outside of Workers.

use std::{cell::Cell, path::Path};

use rusqlite::{Connection, params_from_iter, types};
use serde::de::DeserializeOwned;
use worker::{Error, Result};

use crate::{
    failure::{Failure, Outcome},
    store::{Store, Value},
};

/// SQLite in a file or in memory.
pub(crate) struct NativeStore {
    connection: Connection,
    /// How many more writes succeed before the process "dies"; `None` for all of them.
    pub(crate) writes_left: Cell<Option<u32>>,
}

impl NativeStore {
    pub(crate) fn in_memory() -> Self {
        Self {
            connection: Connection::open_in_memory().expect("SQLite"),
            writes_left: Cell::new(None),
        }
    }

    #[allow(dead_code)] // The simulator reopens stores.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            connection: Connection::open(path).expect("SQLite"),
            writes_left: Cell::new(None),
        }
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
        let mut statement = self.connection.prepare_cached(statement).map_err(fault)?;
        statement
            .execute(params_from_iter(values.into_iter().map(native)))
            .map_err(fault)
            .map(drop)
    }

    fn commit<T>(&self, write: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let finish = |statement: &str| {
            self.connection
                .execute_batch(statement)
                .map_err(|error| Failure::Fault(fault(error)))
        };
        finish("BEGIN IMMEDIATE")?;
        let outcome = write();
        finish(if outcome.is_ok() {
            "COMMIT"
        } else {
            "ROLLBACK"
        })?;
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
