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
    /// Since when nothing but failures
    pub failing_since: Option<Timestamp>,
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
            _ if refusals >= TRIES_OF_A_REFUSED_EVENT => Delivered {
                lane: Self::starting(tried, now),
                dead_letter: true,
            },
            _ => {
                let failing_since = self.failing_since.unwrap_or(now);
                let stopped = (now >= failing_since + PATIENCE).then_some(Stopped::Failing);
                let next_at = now + wait(failures, retry_after, jitter);
                let (cursor, failing_since) = (self.cursor, Some(failing_since));
                let lane = Self {
                    cursor,
                    failures,
                    refusals,
                    failing_since,
                    next_at,
                    stopped,
                };
                Delivered {
                    lane,
                    dead_letter: false,
                }
            }
        }
    }
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
                lane: Lane::starting(Cursor { seq: 5 }, NOW),
                dead_letter: true
            }
        );
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
