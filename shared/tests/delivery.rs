//! Laws of delivery, for any answers at any moments: nothing is lost by waiting, and nothing waits for ever.

use std::time::Duration;

use proptest::prelude::*;
use sayso_shared::{
    cursor::Cursor,
    delivery::{Lane, Outcome, Stopped},
    time::Timestamp,
};

const HOUR: u64 = 3600;
const WAITS: [u64; 7] = [5, 30, 120, 600, HOUR, 3 * HOUR, 6 * HOUR];
const TRIED: Cursor = Cursor { seq: 5 };

fn lane() -> Lane {
    Lane::starting(Cursor { seq: 4 }, Timestamp::EPOCH)
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let status = prop_oneof![
        4 => 500_u16..600, 2 => 300_u16..400, 3 => 400_u16..500, 1 => 100_u16..200, 1 => 0_u16..1000
    ];
    let wish = prop::option::of((0_u64..1_000_000).prop_map(Duration::from_secs));
    prop_oneof![
        1 => Just(Outcome::NoAnswer),
        5 => (status, wish).prop_map(|(status, retry_after)| Outcome::Answered { status, retry_after }),
    ]
}

fn status(outcome: Outcome) -> u16 {
    match outcome {
        Outcome::Answered { status, .. } => status,
        Outcome::NoAnswer => 0,
    }
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.unix_millis()).expect("after the epoch")
}

proptest! {
    #[test]
    fn the_cursor_moves_only_past_what_was_taken_or_refused_three_times_in_a_row(
        answers in prop::collection::vec(outcomes(), 1..40), jitter: u8,
    ) {
        let (mut lane, mut refused) = (lane(), 0);
        for outcome in answers {
            let status = status(outcome);
            let for_its_sake = (400..500).contains(&status) && ![401, 403, 404, 407, 408, 410, 421, 425, 429].contains(&status);
            refused = if for_its_sake { refused + 1 } else { 0 };
            let after = lane.after(TRIED, outcome, lane.next_at, jitter);
            let taken = (200..300).contains(&status);
            prop_assert_eq!(after.dead_letter, refused == 3);
            prop_assert_eq!(after.lane.cursor == TRIED, taken || refused == 3);
            if taken || refused == 3 || after.lane.stopped.is_some() {
                break;
            }
            lane = after.lane;
        }
    }

    #[test]
    fn the_waits_are_those_that_were_promised_with_a_tenth_of_jitter_and_what_the_endpoint_asks(
        answers in prop::collection::vec(outcomes(), 1..30), jitters in prop::collection::vec(any::<u8>(), 30),
    ) {
        let mut lane = lane();
        for (failures, (outcome, jitter)) in answers.into_iter().zip(jitters).enumerate() {
            let now = lane.next_at;
            let after = lane.after(TRIED, outcome, now, jitter);
            if after.lane.stopped.is_some() || after.lane.cursor == TRIED {
                break;
            }
            let base = 1000 * WAITS.get(failures).copied().unwrap_or(6 * HOUR);
            let asked = match outcome {
                Outcome::Answered { retry_after: Some(asked), .. } => asked.as_secs().min(6 * HOUR) * 1000,
                _ => 0,
            };
            let waited = millis(after.lane.next_at) - millis(now);
            prop_assert!(waited >= base.max(asked), "{waited} ms after {failures} failures");
            prop_assert!(waited <= (base + base / 10).max(asked), "{waited} ms after {failures} failures");
            lane = after.lane;
        }
    }

    #[test]
    fn a_lane_that_meets_nothing_but_failures_stops_after_five_days_and_not_before(jitters in prop::collection::vec(any::<u8>(), 60)) {
        let (mut lane, mut tries) = (lane(), 0);
        for jitter in jitters {
            let now = lane.next_at;
            lane = lane.after(TRIED, Outcome::NoAnswer, now, jitter).lane;
            tries += 1;
            let days = millis(now) / (24 * HOUR * 1000);
            prop_assert_eq!(lane.stopped.is_some(), days >= 5);
            if lane.stopped.is_some() {
                break;
            }
        }
        prop_assert_eq!((lane.stopped, lane.cursor), (Some(Stopped::Failing), Cursor { seq: 4 }));
        // 4 h 12 min of growing waits, then one every six hours.
        prop_assert!((22..=26).contains(&tries), "{tries} tries");
    }

    #[test]
    fn a_replay_leads_back_and_never_forward_and_starts_nothing_that_has_stopped(
        at in 0_u64..1000, from in 0_u64..1000, stopped: bool,
    ) {
        let stopped = stopped.then_some(Stopped::Gone);
        let lane = Lane { failures: 3, failing_since: Some(Timestamp::EPOCH), stopped, ..Lane::starting(Cursor { seq: at }, Timestamp::EPOCH) };
        let now = Timestamp::from_unix_millis(9);
        let led = lane.replaying(Cursor { seq: from }, now);
        prop_assert_eq!(led, Lane { stopped, ..Lane::starting(Cursor { seq: at.min(from) }, now) });
    }
}
