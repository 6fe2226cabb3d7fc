//! JSON is read here and nowhere else: serde compiles each type once for every kind of reader, and a Worker has no room for a second.

use serde::de::DeserializeOwned;

/// Reads a document.
pub(crate) fn read<T: DeserializeOwned>(document: impl AsRef<[u8]>) -> serde_json::Result<T> {
    serde_json::from_slice(document.as_ref())
}
