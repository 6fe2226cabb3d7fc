//! What the collector's answer to a submission means.
//!
//! It refuses to believe that something is stored before the collector has named the very submission that it stored.

// What `wasm_bindgen` writes for an enum compares the numbers that JavaScript gives it.
#![allow(clippy::float_cmp)]

use wasm_bindgen::prelude::*;

/// What came of one try to send a submission.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored, and a mail asks to confirm
    Pending,
    /// It is stored, nothing to confirm
    Recorded,
    /// It is not stored: the words have changed, and the person must read the new ones
    Outdated,
    /// It is not stored, and would be refused again: a fault of the page or of us, never of the person
    Refused,
    /// Nobody knows: it is kept, and sent again under the same id
    Unreached,
}

/// What an answer says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer {
    /// The HTTP status; 0 where no answer came
    pub status: u16,
    /// Whether the body repeats the id of the submission
    pub names_it: bool,
    /// Whether the body's `state` is `pending`
    pub pending: bool,
    /// Whether it is the problem `notice-outdated`
    pub outdated: bool,
}

impl Outcome {
    /// Judges one answer.
    #[must_use]
    pub fn of(answer: Answer) -> Self {
        match answer.status {
            // A portal in a train answers 200 too, to everything.
            200 | 201 if !answer.names_it => Self::Unreached,
            200 | 201 if answer.pending => Self::Pending,
            200 | 201 => Self::Recorded,
            409 if answer.outdated => Self::Outdated,
            // Request Timeout, Too Early, Too Many Requests: the same later may be taken.
            408 | 425 | 429 => Self::Unreached,
            400..=499 => Self::Refused,
            _ => Self::Unreached,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: Answer, expected: Outcome) {
        assert_eq!(Outcome::of(answer), expected, "{answer:?}");
    }

    fn answered(status: u16) -> Answer {
        Answer {
            status,
            ..Answer::default()
        }
    }

    #[test]
    fn stored_is_believed_only_of_an_answer_that_names_the_submission() {
        for status in [200, 201] {
            let stored = Answer {
                names_it: true,
                ..answered(status)
            };
            check(stored, Outcome::Recorded);
            let pending = Answer {
                pending: true,
                ..stored
            };
            check(pending, Outcome::Pending);
            check(answered(status), Outcome::Unreached);
        }
        let elsewhere = Answer {
            names_it: true,
            ..answered(202)
        };
        check(elsewhere, Outcome::Unreached);
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        for status in [0, 302, 408, 425, 429, 500, 502, 503, 504, 520] {
            check(answered(status), Outcome::Unreached);
        }
    }

    #[test]
    fn what_will_not_pass_is_not_tried_again() {
        for status in [400, 401, 403, 404, 409, 413, 415, 422] {
            check(answered(status), Outcome::Refused);
        }
    }

    #[test]
    fn changed_words_are_shown_anew() {
        let outdated = Answer {
            outdated: true,
            ..answered(409)
        };
        check(outdated, Outcome::Outdated);
    }
}
