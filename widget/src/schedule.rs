//! When what could not be sent is tried again.

const SECOND: f64 = 1000.0;
const MINUTE: f64 = 60.0 * SECOND;

/// Milliseconds to wait after the first, second, … try of this page; the last one repeats.
const WAITS: [f64; 6] = [
    2.0 * SECOND,
    5.0 * SECOND,
    15.0 * SECOND,
    MINUTE,
    5.0 * MINUTE,
    15.0 * MINUTE,
];

/// How many milliseconds to wait until the next try of a submission that has been tried `tries` times by this page. `chance`, from 0
/// to 1, spreads the tries of many visitors over a quarter of the wait more: they all lost the same collector at the same moment.
#[must_use]
pub fn next_try(tries: u32, chance: f64) -> f64 {
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
        check(next_try(0, 1.0), 0.0);
    }

    #[test]
    fn waits_grow_and_then_stay() {
        let waits: Vec<f64> = (0..20).map(|tries| next_try(tries, NO_CHANCE)).collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        check(waits[1], 2.0 * SECOND);
        check(waits[19], 15.0 * MINUTE);
    }

    #[test]
    fn chance_spreads_a_wait_by_a_quarter_at_most() {
        for tries in 1..10 {
            let (least, most) = (next_try(tries, 0.0), next_try(tries, 1.0));
            assert!(least < most && most <= least * 1.25, "{tries}");
        }
    }
}
