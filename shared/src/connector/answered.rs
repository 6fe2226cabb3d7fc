//! What a CRM answered, and what it means for the lane.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::{
    attempt::{Silence, kept_answer},
    delivery::Outcome,
};

/// An HTTP answer, as much of it as is looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status
    pub status: u16,
    /// `Retry-After`
    pub retry_after: Option<Duration>,
    /// The body, as much of it as was read
    pub body: Vec<u8>,
}

impl Answer {
    /// One of a status and a body.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            retry_after: None,
            body: body.into(),
        }
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    /// The body as the JSON that is documented; what is something else is trouble of the CRM's.
    pub fn json<T: DeserializeOwned>(&self) -> Told<T> {
        serde_json::from_slice(&self.body).map_err(|_| self.undocumented())
    }

    /// What an answer means that the CRM does not document.
    #[must_use]
    pub fn undocumented(&self) -> Verdict {
        Verdict::TryLater {
            retry_after: None,
            words: format!(
                "The CRM answered {} with something that is not documented.",
                self.status
            ),
        }
    }

    /// What a failure means that the CRM's own documentation says nothing else about. `words` are the CRM's own.
    #[must_use]
    pub fn failure(&self, words: &str) -> Verdict {
        let words = if words.is_empty() {
            format!("The CRM answered {}.", self.status)
        } else {
            format!("The CRM answered {}: {words}", self.status)
        };
        match self.status {
            401 | 403 => Verdict::CredentialsRefused { words },
            408 | 421 | 423 | 425 | 429 | 500..=599 | 300..=399 => Verdict::TryLater {
                retry_after: self.retry_after,
                words,
            },
            _ => Verdict::Refused { words },
        }
    }
}

/// What came of telling a CRM something. Words are shown to the operator, with the attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is written
    Done {
        /// What was written
        words: String,
    },
    /// There was nothing to write
    NotWanted {
        /// Why
        words: String,
    },
    /// The CRM will not take this one event
    Refused {
        /// Why, in the CRM's words where it has some
        words: String,
    },
    /// The CRM can take nothing now
    TryLater {
        /// How long it asks to wait
        retry_after: Option<Duration>,
        /// Why
        words: String,
    },
    /// The CRM does not let us in, or not this far
    CredentialsRefused {
        /// Why
        words: String,
    },
    /// No answer
    Silent(Silence),
}

/// What a step gives, or the verdict that ends the attempt.
pub type Told<T> = Result<T, Verdict>;

impl Verdict {
    /// What is done.
    #[must_use]
    pub fn done(words: impl Into<String>) -> Self {
        Self::Done {
            words: words.into(),
        }
    }

    /// What there was no reason to write.
    #[must_use]
    pub fn not_wanted(words: impl Into<String>) -> Self {
        Self::NotWanted {
            words: words.into(),
        }
    }

    /// What cannot be written.
    #[must_use]
    pub fn refused(words: impl Into<String>) -> Self {
        Self::Refused {
            words: words.into(),
        }
    }

    /// The same of a question that no event asks, such as for a token: a refusal is about us, and other events would meet it too.
    #[must_use]
    pub fn of_us(self) -> Self {
        match self {
            Self::Refused { words } => Self::CredentialsRefused { words },
            other => other,
        }
    }

    /// Whether nothing more is to be done about the event.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::NotWanted { .. })
    }

    /// The status that stands for it in a lane: what a webhook's receiver would have answered in its place.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Done { .. } => Some(200),
            Self::NotWanted { .. } => Some(204),
            Self::Refused { .. } => Some(422),
            Self::TryLater { .. } => Some(503),
            Self::CredentialsRefused { .. } => Some(401),
            Self::Silent(_) => None,
        }
    }

    /// What it means for the lane.
    #[must_use]
    pub fn met(&self) -> Outcome {
        let retry_after = match self {
            Self::TryLater { retry_after, .. } => *retry_after,
            _ => None,
        };
        self.status()
            .map_or(Outcome::NoAnswer, |status| Outcome::Answered {
                status,
                retry_after,
            })
    }

    /// What the operator is shown, as much as is kept of an answer.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Done { words }
            | Self::NotWanted { words }
            | Self::Refused { words }
            | Self::TryLater { words, .. }
            | Self::CredentialsRefused { words } => kept_answer(words.as_bytes()),
            Self::Silent(_) => None,
        }
    }

    /// Why there was no answer.
    #[must_use]
    pub fn silence(&self) -> Option<Silence> {
        match self {
            Self::Silent(why) => Some(*why),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_sees_a_refusal_an_outage_and_a_wrong_key_as_what_they_are() {
        for (status, stands_for) in [
            (400, 422),
            (404, 422),
            (409, 422),
            (401, 401),
            (403, 401),
            (423, 503),
            (429, 503),
            (500, 503),
            (302, 503),
        ] {
            let verdict = Answer::new(status, "").failure("no");
            assert_eq!(verdict.status(), Some(stands_for), "{status}");
        }
    }

    #[test]
    fn what_is_refused_before_any_event_is_told_is_refused_to_us() {
        let verdict = Answer::new(404, "").failure("no such customer").of_us();
        assert_eq!(verdict.status(), Some(401));
        let verdict = Answer::new(500, "").failure("down").of_us();
        assert_eq!(verdict.status(), Some(503));
    }

    #[test]
    fn how_long_a_crm_asks_to_wait_is_passed_on() {
        let answer = Answer {
            retry_after: Some(Duration::from_secs(9)),
            ..Answer::new(429, "")
        };
        let Outcome::Answered { retry_after, .. } = answer.failure("").met() else {
            panic!("it answered");
        };
        assert_eq!(retry_after, Some(Duration::from_secs(9)));
    }

    #[test]
    fn an_answer_that_nobody_documented_is_the_crms_trouble() {
        let read: Told<u32> = Answer::new(200, "<html>").json();
        assert_eq!(read.expect_err("no number").status(), Some(503));
    }
}
