//! The store: SQL with statements from files, rows as types, and writes that are all or nothing.
//!
//! It is a contract, so that what is decided and written upon it also runs, and is tested, outside of Workers. Contract: `commit` keeps
//! all writes of its closure or none; nothing else touches the store meanwhile; what it kept survives the process.

use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};
use worker::{Error, Result, SqlStorage, State};

use crate::failure::{Failure, Outcome};

/// What can be bound to a `?`.
pub(crate) type Value = worker::SqlStorageValue;

/// SQL of one object.
pub(crate) trait Store {
    /// Runs a statement that answers rows.
    fn rows<T: DeserializeOwned>(&self, statement: &str, values: Vec<Value>) -> Result<Vec<T>>;

    /// Runs a statement, or several without values, that answer nothing.
    fn run(&self, statement: &str, values: Vec<Value>) -> Result<()>;

    /// Runs `write` so that either all its writes are kept or, when it fails, none. There is no waiting within, so
    /// nothing else happens between what it reads and what it writes: this is the commit point.
    fn commit<T>(&self, write: impl FnOnce() -> Outcome<T>) -> Outcome<T>;

    /// The first row, if there is one.
    fn row<T: DeserializeOwned>(&self, statement: &str, values: Vec<Value>) -> Result<Option<T>> {
        Ok(self.rows(statement, values)?.into_iter().next())
    }
}

/// The storage of a Durable Object.
pub(crate) struct ObjectStore {
    sql: SqlStorage,
    transactions: Transactions,
}

#[wasm_bindgen]
extern "C" {
    /// The part of `DurableObjectStorage` that the `worker` crate does not have (0.8.7).
    #[derive(Clone)]
    type Transactions;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &Transactions,
        closure: &mut dyn FnMut() -> std::result::Result<JsValue, JsValue>,
    ) -> std::result::Result<JsValue, JsValue>;
}

impl ObjectStore {
    /// The storage of this object.
    pub(crate) fn of(state: &State) -> Self {
        let storage = state.storage();
        let transactions = storage.as_raw().unchecked_ref::<Transactions>().clone();
        Self {
            sql: storage.sql(),
            transactions,
        }
    }
}

impl Store for ObjectStore {
    fn rows<T: DeserializeOwned>(&self, statement: &str, values: Vec<Value>) -> Result<Vec<T>> {
        self.sql.exec(statement, values)?.to_array()
    }

    fn run(&self, statement: &str, values: Vec<Value>) -> Result<()> {
        self.sql.exec(statement, values).map(drop)
    }

    fn commit<T>(&self, write: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let mut write = Some(write);
        let mut outcome = None;
        let ran = self.transactions.transaction_sync(&mut || {
            let result = write
                .take()
                .ok_or(JsValue::from_str("a transaction runs once"))?();
            let failed = result.is_err();
            outcome = Some(result);
            // Throwing is how a transaction is told to undo; the reason waits in `outcome`.
            if failed {
                Err(JsValue::from_str("undo"))
            } else {
                Ok(JsValue::UNDEFINED)
            }
        });
        match (ran, outcome) {
            (Ok(_), Some(outcome)) | (Err(_), Some(outcome @ Err(_))) => outcome,
            (Err(error), _) => Err(Failure::Fault(Error::from(error))),
            (Ok(_), None) => Err(Failure::Fault(Error::RustError(
                "the transaction did not run".to_owned(),
            ))),
        }
    }
}

/// A whole number for a `?`. Everything that we count and every moment fits the 53 bits that JavaScript has.
pub(crate) fn number(value: impl TryInto<i64>) -> Value {
    Value::Integer(value.try_into().unwrap_or(i64::MAX))
}

/// A text for a `?`.
// By value, so that what is made for the call need not be named.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}
