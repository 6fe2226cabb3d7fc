//! Delivery: when an event is sent to an endpoint, and what its answer means.
//!
//! A lane is a cursor into the events, which we keep for the endpoint. It sends the next event in order and moves on when
//! the endpoint has taken it; pushing is pulling with a cursor of ours, so nothing is lost by waiting.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{cursor::Cursor, time::Timestamp};

const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Waits after the first, second, … failure in a row; the last one repeats.
const WAITS: [u64; 7] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
];

/// How often an event is tried that the endpoint refuses for its own sake.
const TRIES_OF_A_REFUSED_EVENT: u32 = 3;

/// After so long of nothing but failures the lane stops; the cursor stays, so nothing is lost.
const PATIENCE: Duration = Duration::from_secs(5 * 24 * HOUR);

/// Where delivery to one endpoint stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The last event that the endpoint has taken, or that was put aside
    pub cursor: Cursor,
    /// Failures in a row of the next event
    pub failures: u32,
    /// Refusals in a row of the next event, for its own sake
    pub refusals: u32,
    /// Since when the next event is not taken
    pub failing_since: Option<Timestamp>,
    /// Since when events were put aside and none was taken
    pub refusing_since: Option<Timestamp>,
    /// Not before
    pub next_at: Timestamp,
    /// Why it has stopped
    pub stopped: Option<Stopped>,
}

/// Why a lane has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// The endpoint answered 410
    Gone,
    /// Five days of failures
    Failing,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP answer, and how long it asks to wait
    Answered {
        /// The status
        status: u16,
        /// `Retry-After`
        retry_after: Option<Duration>,
    },
    /// No answer: refused, cut off, too late
    NoAnswer,
}

/// What to do after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where the lane stands then
    pub lane: Lane,
    /// Whether the event goes to the dead letters
    pub dead_letter: bool,
}

impl Lane {
    /// A lane that begins after `cursor`.
    #[must_use]
    pub fn starting(cursor: Cursor, now: Timestamp) -> Self {
        Self {
            cursor,
            failures: 0,
            refusals: 0,
            failing_since: None,
            refusing_since: None,
            next_at: now,
            stopped: None,
        }
    }

    /// The lane led back to `from`, so that what comes after it is sent again, at once. It is never led forward: that would leave out
    /// what was not taken yet. One that has stopped stays so.
    #[must_use]
    pub fn replaying(&self, from: Cursor, now: Timestamp) -> Self {
        Self {
            stopped: self.stopped,
            ..Self::starting(self.cursor.min(from), now)
        }
    }

    /// Since when nothing was taken, whatever the reason; nothing if all is well.
    #[must_use]
    pub fn failing_since(&self) -> Option<Timestamp> {
        self.refusing_since.or(self.failing_since)
    }

    /// What an attempt with the event at `tried` leads to. `jitter` of 0 to 255 spreads the waits over a further tenth.
    #[must_use]
    pub fn after(&self, tried: Cursor, outcome: Outcome, now: Timestamp, jitter: u8) -> Delivered {
        let (status, retry_after) = match outcome {
            Outcome::Answered {
                status,
                retry_after,
            } => (status, retry_after),
            Outcome::NoAnswer => (0, None),
        };
        let failures = self.failures.saturating_add(1);
        let refusals = if is_for_the_events_sake(status) {
            self.refusals.saturating_add(1)
        } else {
            0
        };
        match status {
            200..=299 => Delivered {
                lane: Self::starting(tried, now),
                dead_letter: false,
            },
            410 => Delivered {
                lane: Self {
                    stopped: Some(Stopped::Gone),
                    ..self.clone()
                },
                dead_letter: false,
            },
            _ if refusals >= TRIES_OF_A_REFUSED_EVENT => self.putting_aside(tried, now),
            _ => {
                // Of this event alone: one that was put aside months ago says nothing of an outage that begins now.
                let since = self.failing_since.unwrap_or(now);
                let lane = Self {
                    failures,
                    refusals,
                    failing_since: Some(since),
                    next_at: now + wait(failures, retry_after, jitter),
                    stopped: stopped(since, now),
                    ..self.clone()
                };
                Delivered {
                    lane,
                    dead_letter: false,
                }
            }
        }
    }

    /// The event at `tried` goes to the dead letters. An endpoint that refuses everything would go on for ever, each event for its own
    /// sake: so what was refused counts together until one is taken.
    fn putting_aside(&self, tried: Cursor, now: Timestamp) -> Delivered {
        let since = self.failing_since().unwrap_or(now);
        Delivered {
            lane: Self {
                refusing_since: Some(since),
                stopped: stopped(since, now),
                ..Self::starting(tried, now)
            },
            dead_letter: true,
        }
    }
}

/// Whether a lane has failed for too long.
fn stopped(since: Timestamp, now: Timestamp) -> Option<Stopped> {
    (now >= since + PATIENCE).then_some(Stopped::Failing)
}

/// Whether a status says that this one event cannot be taken. What says that nothing can be taken now (a wrong key, a path that is
/// not there while the CRM is redeployed, too much at once) waits with the event instead.
fn is_for_the_events_sake(status: u16) -> bool {
    (400..=499).contains(&status)
        && !matches!(status, 401 | 403 | 404 | 407 | 408 | 421 | 425 | 429)
}

/// The wait after so many failures in a row. A `Retry-After` may make it longer, up to the longest of ours.
fn wait(failures: u32, retry_after: Option<Duration>, jitter: u8) -> Duration {
    let [.., longest] = WAITS;
    let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let base = Duration::from_secs(WAITS.get(place).copied().unwrap_or(longest));
    let asked = retry_after
        .unwrap_or_default()
        .min(Duration::from_secs(longest));
    let spread = base.mul_f64(0.1 * f64::from(jitter) / 255.0);
    (base + spread).max(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered {
            status,
            retry_after: None,
        }
    }

    fn lane() -> Lane {
        Lane::starting(Cursor { seq: 4 }, NOW)
    }

    #[test]
    fn a_taken_event_moves_the_cursor() {
        let after = lane().after(Cursor { seq: 5 }, answered(204), NOW, 0);
        assert_eq!(
            after,
            Delivered {
                lane: Lane::starting(Cursor { seq: 5 }, NOW),
                dead_letter: false
            }
        );
    }

    #[test]
    fn failures_wait_longer_and_longer_and_lose_nothing() {
        let mut lane = lane();
        for seconds in [5, 30, 120, 600, 3600, 10_800, 21_600, 21_600] {
            let after = lane.after(Cursor { seq: 5 }, answered(500), NOW, 0);
            assert_eq!(after.lane.next_at, NOW + Duration::from_secs(seconds));
            assert_eq!(
                (after.lane.cursor, after.dead_letter),
                (Cursor { seq: 4 }, false)
            );
            lane = after.lane;
        }
    }

    #[test]
    fn a_redirect_or_silence_is_a_failure() {
        for outcome in [answered(302), Outcome::NoAnswer] {
            assert_eq!(
                lane()
                    .after(Cursor { seq: 5 }, outcome, NOW, 0)
                    .lane
                    .failures,
                1
            );
        }
    }

    #[test]
    fn retry_after_is_honoured_and_clamped() {
        for (asked, seconds) in [(1, 5), (60, 60), (1_000_000, 21_600)] {
            let outcome = Outcome::Answered {
                status: 429,
                retry_after: Some(Duration::from_secs(asked)),
            };
            let after = lane().after(Cursor { seq: 5 }, outcome, NOW, 0);
            assert_eq!(
                after.lane.next_at,
                NOW + Duration::from_secs(seconds),
                "{asked}"
            );
        }
    }

    #[test]
    fn jitter_adds_a_tenth_at_most() {
        let after = lane().after(Cursor { seq: 5 }, answered(500), NOW, 255);
        assert_eq!(after.lane.next_at, NOW + Duration::from_millis(5500));
    }

    #[test]
    fn an_event_that_is_refused_thrice_is_put_aside_and_the_next_one_goes() {
        let mut lane = lane();
        for _ in 0..2 {
            let after = lane.after(Cursor { seq: 5 }, answered(422), NOW, 0);
            assert!(!after.dead_letter);
            lane = after.lane;
        }
        let after = lane.after(Cursor { seq: 5 }, answered(422), NOW, 0);
        assert_eq!(
            after,
            Delivered {
                lane: Lane {
                    refusing_since: Some(NOW),
                    ..Lane::starting(Cursor { seq: 5 }, NOW)
                },
                dead_letter: true
            }
        );
    }

    /// Three tries of each event, a day apart; the days on which the lane was still running.
    fn days_of(status: impl Fn(u64) -> u16) -> u64 {
        let mut lane = lane();
        for day in 0..30 {
            let now = NOW + Duration::from_hours(24 * day);
            let tried = Cursor { seq: 5 + day };
            for _ in 0..3 {
                lane = lane.after(tried, answered(status(day)), now, 0).lane;
            }
            if lane.stopped.is_some() {
                return day;
            }
        }
        30
    }

    #[test]
    fn an_endpoint_that_refuses_everything_stops_after_five_days_and_one_that_takes_something_does_not()
     {
        assert_eq!(days_of(|_| 422), 5);
        assert_eq!(days_of(|day| if day % 4 == 3 { 204 } else { 422 }), 30);
    }

    #[test]
    fn an_outage_counts_from_its_own_beginning_whatever_was_put_aside_before() {
        let refusing = Lane {
            refusing_since: Some(NOW),
            ..lane()
        };
        let days = |days: u64| NOW + Duration::from_hours(24 * days);
        let after = refusing.after(Cursor { seq: 5 }, answered(503), days(9), 0);
        assert_eq!(after.lane.stopped, None);
        assert_eq!(after.lane.failing_since(), Some(NOW));
        let after = after
            .lane
            .after(Cursor { seq: 5 }, answered(503), days(14), 0);
        assert_eq!(after.lane.stopped, Some(Stopped::Failing));
    }

    #[test]
    fn an_outage_or_a_wrong_key_puts_no_event_aside() {
        let mut lane = lane();
        for status in [503, 503, 422, 404, 401, 422, 0, 422, 403, 404, 404, 404] {
            let after = lane.after(Cursor { seq: 5 }, answered(status), NOW, 0);
            assert!(!after.dead_letter, "{status}");
            lane = after.lane;
        }
        assert_eq!(lane.cursor, Cursor { seq: 4 });
    }

    #[test]
    fn gone_stops_the_lane_at_its_cursor() {
        let after = lane().after(Cursor { seq: 5 }, answered(410), NOW, 0).lane;
        assert_eq!(
            (after.stopped, after.cursor),
            (Some(Stopped::Gone), Cursor { seq: 4 })
        );
    }

    #[test]
    fn five_days_of_failures_stop_the_lane_to_the_millisecond() {
        let failing = Lane {
            failures: 9,
            failing_since: Some(NOW),
            ..lane()
        };
        let just_before = Timestamp::from_unix_millis(5 * 24 * 3_600_000 - 1);
        let after = |at| {
            failing
                .after(Cursor { seq: 5 }, answered(503), at, 0)
                .lane
                .stopped
        };
        assert_eq!(after(just_before), None);
        assert_eq!(
            after(just_before + Duration::from_millis(1)),
            Some(Stopped::Failing)
        );
    }
}
