//! Chance: random bytes from the platform's generator.

use sayso_shared::{id::uuid_v7, time::Timestamp};
use uuid::Uuid;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("Workers and browsers always have crypto.getRandomValues");
    bytes
}

/// A new UUIDv7 of this moment.
pub(crate) fn uuid(now: Timestamp) -> Uuid {
    uuid_v7(now, bytes())
}
