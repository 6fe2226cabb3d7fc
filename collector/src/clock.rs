//! The clock, read once for each request and then passed on: on Workers it stands still between I/O anyway.

use sayso_shared::time::Timestamp;
use worker::Date;

/// Now.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
}
