//! Canonical JSON (RFC 8785) and the hash that names it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The one way to write this value as JSON.
///
/// # Panics
/// Never for our own types: they have text keys and finite numbers.
pub fn canonical_json(value: &impl Serialize) -> String {
    serde_json_canonicalizer::to_string(value).expect("our types have text keys and finite numbers")
}

/// `sha-256:` and 64 lower-case hex digits: how a notice is named.
#[must_use]
pub fn hash_name(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut name = String::from("sha-256:");
    for byte in sha256(bytes) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Base64 for addresses and JOSE: the URL alphabet, no padding (RFC 4648 section 5).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Exactly 32 bytes from base64url; `None` for anything else.
#[must_use]
pub fn base64url_32(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
