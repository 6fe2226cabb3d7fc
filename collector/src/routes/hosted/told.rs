//! What the page tells of a ledger's answer: never more than is durable.

use sayso_shared::answer::{SubmissionAnswer, SubmissionState};
use serde::Deserialize;

/// What the ledger said, as far as the page tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is durable
    Stored { pending: bool },
    /// The form is there no more
    NoForm,
    /// There are new words
    WordsChanged,
    /// The same page was sent with another choice before
    OtherContent,
    /// Anything else: never more is said than is known to be durable
    NotStored,
}

impl Told {
    pub(super) fn of(status: u16, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            name: String,
        }
        let kind = || serde_json::from_slice(body).map_or(String::new(), |kind: Kind| kind.name);
        match status {
            200 | 201 => match serde_json::from_slice::<SubmissionAnswer>(body) {
                Ok(answer) => Self::Stored {
                    pending: answer.state == SubmissionState::Pending,
                },
                Err(_) => Self::NotStored,
            },
            404 => Self::NoForm,
            409 if kind() == "urn:sayso:problem:id-reused" => Self::OtherContent,
            // The choices are those of the token, so they only fit no more where the words are others.
            409 | 422 => Self::WordsChanged,
            _ => Self::NotStored,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stored_is_said_of_what_is_stored_alone() {
        let stored = |state: &str| {
            json!({"id": "01a2043b-f3b7-7b2b-ac83-547104a2755b", "state": state, "purposes": {}, "receipt": "", "resend_after": null})
                .to_string()
        };
        let problem = |name: &str| json!({"type": format!("urn:sayso:problem:{name}")}).to_string();
        for (status, body, told) in [
            (201, stored("pending"), Told::Stored { pending: true }),
            (200, stored("recorded"), Told::Stored { pending: false }),
            (200, "{}".to_owned(), Told::NotStored),
            (404, problem("unknown-form"), Told::NoForm),
            (409, problem("notice-outdated"), Told::WordsChanged),
            (409, problem("id-reused"), Told::OtherContent),
            (422, problem("invalid"), Told::WordsChanged),
            (500, problem("internal"), Told::NotStored),
            (503, stored("recorded"), Told::NotStored),
            (503, String::new(), Told::NotStored),
        ] {
            assert_eq!(Told::of(status, body.as_bytes()), told, "{status} {body}");
        }
    }
}
