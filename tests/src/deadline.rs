//! Waiting without guessing: ask again until it is so, fail when it takes too long.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take. Far above what it takes, since a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(40);

/// What `look` finds, as soon as it finds it.
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, look)
        .unwrap_or_else(|| panic!("waited {} s for {what}, in vain", PATIENCE.as_secs()))
}

/// The same with a time of its own, and nothing when it has passed.
pub fn within<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(PAUSE);
    }
}
