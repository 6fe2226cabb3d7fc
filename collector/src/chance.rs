//! Chance: random bytes from the platform's generator.

use sayso_shared::time::Timestamp;
use uuid::{Builder, Uuid};

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("Workers and browsers always have crypto.getRandomValues");
    bytes
}

/// A new UUIDv7 (RFC 9562 section 5.7) of this moment.
pub(crate) fn uuid(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.unix_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &bytes::<10>()).into_uuid()
}
