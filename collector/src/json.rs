//! JSON is read here and nowhere else: serde compiles each type once for every kind of reader, and a Worker has no room for a second.

use sayso_shared::{problem::Problem, strict};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Outcome;

/// Reads a document.
pub(crate) fn read<T: DeserializeOwned>(document: impl AsRef<[u8]>) -> serde_json::Result<T> {
    serde_json::from_slice(document.as_ref())
}

/// Reads a document of a caller's; what is wrong with it is said by its field. Strictly, see [`strict`].
pub(crate) fn fields<T: DeserializeOwned>(document: &Value) -> Outcome<T> {
    strict::read(document).map_err(|error| Problem::invalid(vec![error]).into())
}
