//! Chance: random bytes from the platform's generator.

use sayso_shared::{
    id::{uuid_v7, uuid_v7_marked},
    time::Timestamp,
};
use uuid::Uuid;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    #[cfg(test)]
    if let Some(bytes) = repeated::bytes() {
        return bytes;
    }
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("Workers and browsers always have crypto.getRandomValues");
    bytes
}

/// A new UUIDv7 of this moment.
pub(crate) fn uuid(now: Timestamp) -> Uuid {
    uuid_v7(now, bytes())
}

/// The same, for a person in this shard of a site that is split.
pub(crate) fn uuid_in(shard: u16, now: Timestamp) -> Uuid {
    uuid_v7_marked(shard, now, bytes())
}

/// Chance that repeats itself, so that a test can be run again exactly as it was. It does not exist outside of tests.
#[cfg(test)]
pub(crate) mod repeated {
    use std::cell::RefCell;

    use crate::dice::Dice;

    thread_local! {
        static DICE: RefCell<Option<Dice>> = const { RefCell::new(None) };
    }

    /// From here on, on this thread, chance follows from the seed.
    pub(crate) fn from(seed: u64) {
        DICE.set(Some(Dice::new(seed)));
    }

    pub(super) fn bytes<const N: usize>() -> Option<[u8; N]> {
        DICE.with_borrow_mut(|dice| dice.as_mut().map(Dice::bytes))
    }
}
