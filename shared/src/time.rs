//! Moments. They are always given to this crate, never read from a clock.

use std::{
    borrow::Cow,
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

/// A moment in UTC, to the millisecond; on the wire RFC 3339 with three decimals and `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = DateTime))]
#[serde(try_from = "Cow<'_, str>")]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The earliest moment that has a year of four digits: 0000-01-01T00:00:00Z.
    const EARLIEST: i64 = -62_167_219_200_000;
    /// The last one: 9999-12-31T23:59:59.999Z.
    const LATEST: i64 = 253_402_300_799_999;

    /// From milliseconds since 1970, clamped to the years that RFC 3339 can write.
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::EARLIEST, Self::LATEST))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, as `webhook-timestamp` and JWT's `iat` want them.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whether what lasts until this moment is over: the moment itself no longer belongs to it.
    #[must_use]
    pub fn is_over(self, now: Self) -> bool {
        self <= now
    }

    /// The moment on the calendar and the clock of UTC.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// Reads RFC 3339 with any offset and any number of decimals; what is finer than a millisecond is dropped.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| TimestampError)?;
        let millis = moment.timestamp_millis();
        if (Self::EARLIEST..=Self::LATEST).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(TimestampError)
        }
    }
}

/// So many days of 24 hours.
#[must_use]
pub fn days(days: u32) -> Duration {
    Duration::from_hours(u64::from(days) * 24)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, later: Duration) -> Self {
        let millis = i64::try_from(later.as_millis()).unwrap_or(i64::MAX);
        Self::from_unix_millis(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, earlier: Duration) -> Self {
        let millis = i64::try_from(earlier.as_millis()).unwrap_or(i64::MAX);
        Self::from_unix_millis(self.0.saturating_sub(millis))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TryFrom<Cow<'_, str>> for Timestamp {
    type Error = TimestampError;
    fn try_from(text: Cow<'_, str>) -> Result<Self, TimestampError> {
        Self::parse(&text)
    }
}

/// The text is not a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a moment as RFC 3339 writes it, such as \"2026-11-22T09:30:00.000Z\"")]
pub struct TimestampError;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_moment_is_written_in_utc_with_three_decimals() {
        for (read, written) in [
            ("2026-11-22T09:30:00Z", "2026-11-22T09:30:00.000Z"),
            ("2026-11-22T10:30:00.1239+01:00", "2026-11-22T09:30:00.123Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::parse(read).expect(read).to_string(), written);
        }
        for wrong in [
            "",
            "2026-11-22",
            "2026-11-22T09:30:00",
            "22 nov 2026",
            "2026-13-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(wrong), Err(TimestampError), "{wrong}");
        }
    }

    #[test]
    fn what_lasts_until_a_moment_is_over_at_that_millisecond_and_not_before() {
        let until = Timestamp::from_unix_millis(1000);
        for (now, over) in [(999, false), (1000, true), (1001, true)] {
            assert_eq!(
                until.is_over(Timestamp::from_unix_millis(now)),
                over,
                "{now}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(millis in Timestamp::EARLIEST..=Timestamp::LATEST) {
            let moment = Timestamp::from_unix_millis(millis);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
        }
    }
}
