//! When what could not be sent is tried again, and when it is given up.

const SECOND: f64 = 1000.0;
const MINUTE: f64 = 60.0 * SECOND;
const HOUR: f64 = 60.0 * MINUTE;

/// Milliseconds to wait after the first, second, … try of this page; the last one repeats.
const WAITS: [f64; 6] = [
    2.0 * SECOND,
    5.0 * SECOND,
    15.0 * SECOND,
    MINUTE,
    5.0 * MINUTE,
    15.0 * MINUTE,
];

/// No longer does an address stay in a browser, in milliseconds.
const KEPT: f64 = 72.0 * HOUR;

/// How many milliseconds to wait until the next try of a submission that is `age` milliseconds old and has been tried `tries`
/// times by this page; infinite when it is too old to be kept. `chance`, from 0 to 1, spreads the tries of many visitors over a quarter
/// of the wait more: they all lost the same collector at the same moment.
#[must_use]
pub fn next_try(tries: u32, age: f64, chance: f64) -> f64 {
    // A clock that was set back makes no submission younger than new, and one that was set far forth makes it old: either way the
    // address does not stay.
    if !(-KEPT..KEPT).contains(&age) {
        return f64::INFINITY;
    }
    let last = WAITS[WAITS.len() - 1];
    match tries {
        0 => 0.0,
        _ => WAITS.get(tries as usize - 1).unwrap_or(&last) * (1.0 + chance / 4.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_CHANCE: f64 = 0.0;

    fn check(wait: f64, expected: f64) {
        assert!((wait - expected).abs() < 1.0, "{wait} ms");
    }

    #[test]
    fn what_a_page_before_left_is_tried_at_once() {
        check(next_try(0, HOUR, 1.0), 0.0);
    }

    #[test]
    fn waits_grow_and_then_stay() {
        let waits: Vec<f64> = (0..20)
            .map(|tries| next_try(tries, 0.0, NO_CHANCE))
            .collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        check(waits[1], 2.0 * SECOND);
        check(waits[19], 15.0 * MINUTE);
    }

    #[test]
    fn chance_spreads_a_wait_by_a_quarter_at_most() {
        for tries in 1..10 {
            let (least, most) = (next_try(tries, 0.0, 0.0), next_try(tries, 0.0, 1.0));
            assert!(least < most && most <= least * 1.25, "{tries}");
        }
    }

    #[test]
    fn nothing_is_kept_for_longer_than_three_days() {
        assert!(next_try(3, 72.0 * HOUR - 1.0, NO_CHANCE).is_finite());
        assert!(next_try(3, 72.0 * HOUR, NO_CHANCE).is_infinite());
        assert!(next_try(0, 72.0 * HOUR, NO_CHANCE).is_infinite());
    }

    #[test]
    fn a_clock_that_was_set_keeps_no_address_for_ever() {
        assert!(next_try(1, -HOUR, NO_CHANCE).is_finite());
        assert!(next_try(1, -1000.0 * HOUR, NO_CHANCE).is_infinite());
        assert!(next_try(1, f64::NAN, NO_CHANCE).is_infinite());
    }
}
