//! Attempts: what an operator is shown of the deliveries to an endpoint.
//!
//! Of each lane the last [`KEPT`] attempts are kept, and of what the endpoint answered the first [`ANSWER`] bytes, as text. Nobody
//! acts upon them but the operator.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{delivery::Stopped, event::EventType, key::EndpointKey, time::Timestamp};

/// How many attempts of a lane are kept. At 1.5 KB each, a lane's take 300 KB at most.
pub const KEPT: u32 = 200;

/// How many bytes of an answer's body are kept.
pub const ANSWER: usize = 1024;

/// One attempt to hand something over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// When it began
    pub at: Timestamp,
    /// How long it took, in milliseconds
    #[cfg_attr(feature = "openapi", schema(example = 84))]
    pub ms: u32,
    /// What was answered
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = 503))]
    pub status: Option<u16>,
    /// Why nothing was
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Silence>,
    /// The first 1,024 bytes of what was answered, as text. Not kept where the event is about somebody who was erased since
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "upstream is being deployed"))]
    pub answer: Option<String>,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// None within 15 seconds
    TimeOut,
    /// The connection could not be made, or broke off
    Connection,
    /// None could be made at all: the host's name is not known, or its certificate is not to be trusted (nobody known signed it, it is
    /// of another host, or has expired). The runtime does not tell these apart; Cloudflare itself answers 525, 526 or 530 for them
    NameOrCertificate,
    /// The address is none that may be sent to (any more): see the rules of `url`
    Forbidden,
}

/// The body that was answered, as it is kept: its first bytes as text, whatever they are.
#[must_use]
pub fn kept_answer(body: &[u8]) -> Option<String> {
    let start = body.get(..ANSWER).unwrap_or(body);
    let text: String = String::from_utf8_lossy(start)
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    (!text.is_empty()).then_some(text)
}

/// The answer of `GET …/endpoints/{endpoint}/deliveries`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deliveries {
    /// The endpoint
    pub endpoint: EndpointKey,
    /// Where it stands with each shard of the site, in their order
    pub lanes: Vec<LaneStanding>,
    /// What was sent last, newest first
    pub deliveries: Vec<Delivery>,
}

/// Where one lane stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LaneStanding {
    /// Of which shard; 0 where the site has one
    pub shard: u16,
    /// In a word
    pub state: LaneState,
    /// Up to which event of the shard everything was taken, or put aside
    pub seq: u64,
    /// How often in a row the next event was not taken
    pub failures: u32,
    /// Since when nothing but failures
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// When the next event is sent
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// What was put aside, the latest 100
    pub dead_letters: Vec<DeadLetter>,
}

/// The state of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LaneState {
    /// All was taken
    Idle,
    /// Something is on its way or due
    Sending,
    /// The next event was not taken, and is sent again
    Retrying,
    /// The operator disabled it
    Disabled,
    /// It stopped: the endpoint answered 410
    Gone,
    /// It stopped: five days of failures
    Failing,
}

impl LaneState {
    /// In this order: what the operator wants, why it stopped, whether something is owed.
    #[must_use]
    pub fn of(disabled: bool, stopped: Option<Stopped>, is_owed: bool, failures: u32) -> Self {
        match (disabled, stopped) {
            (true, _) => Self::Disabled,
            (_, Some(Stopped::Gone)) => Self::Gone,
            (_, Some(Stopped::Failing)) => Self::Failing,
            _ if !is_owed => Self::Idle,
            _ if failures > 0 => Self::Retrying,
            _ => Self::Sending,
        }
    }
}

/// An event that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetter {
    /// The event
    pub event: Uuid,
    /// What happened
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Its number
    pub seq: u64,
    /// When it was put aside
    pub at: Timestamp,
}

/// One event with the attempts to hand it over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// The event
    pub event: Uuid,
    /// What happened
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Of which shard
    pub shard: u16,
    /// Its number there
    pub seq: u64,
    /// Whether it was taken
    pub taken: bool,
    /// Newest first
    pub attempts: Vec<Attempt>,
}

impl Delivery {
    /// Puts attempts together by their events. They come newest first, and so do the events by their latest attempt.
    #[must_use]
    pub fn grouped(attempts: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut grouped: Vec<Self> = Vec::new();
        for one in attempts {
            match grouped.iter_mut().find(|known| known.event == one.event) {
                Some(known) => {
                    known.taken |= one.taken;
                    known.attempts.extend(one.attempts);
                }
                None => grouped.push(one),
            }
        }
        grouped
    }

    /// When it was tried last.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.attempts.first().map(|attempt| attempt.at)
    }
}

/// The answer of `POST …/endpoints/{endpoint}/test`: what an `endpoint.test` that was sent just now met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestAnswer {
    /// Whether it was answered 2xx
    pub taken: bool,
    /// What was met
    #[serde(flatten)]
    pub attempt: Attempt,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_answer_the_beginning_is_kept_as_text_whatever_it_is() {
        assert_eq!(kept_answer(b""), None);
        assert_eq!(kept_answer(b"no\r\n\0").as_deref(), Some("no\n"));
        assert_eq!(kept_answer(&[0xff]).as_deref(), Some("\u{fffd}"));
        let long = kept_answer(&vec![b'x'; 5_000_000]).expect("text");
        assert_eq!(long.len(), ANSWER);
    }

    #[test]
    fn attempts_stand_under_their_event_newest_first() {
        let one = |event: u128, at: i64, taken| Delivery {
            event: Uuid::from_u128(event),
            kind: EventType::Given,
            shard: 0,
            seq: 1,
            taken,
            attempts: vec![Attempt {
                at: Timestamp::from_unix_millis(at),
                ms: 1,
                status: Some(if taken { 204 } else { 500 }),
                reason: None,
                answer: None,
            }],
        };
        let grouped = Delivery::grouped([one(2, 4, false), one(1, 3, true), one(1, 2, false)]);
        let seen: Vec<_> = grouped
            .iter()
            .map(|each| (each.event.as_u128(), each.taken, each.attempts.len()))
            .collect();
        assert_eq!(seen, [(2, false, 1), (1, true, 2)]);
        assert_eq!(grouped[0].latest(), Some(Timestamp::from_unix_millis(4)));
    }

    #[test]
    fn what_the_operator_wants_is_said_before_how_it_goes() {
        let state = LaneState::of;
        assert_eq!(
            state(true, Some(Stopped::Gone), true, 3),
            LaneState::Disabled
        );
        assert_eq!(state(false, Some(Stopped::Gone), true, 3), LaneState::Gone);
        assert_eq!(state(false, None, false, 0), LaneState::Idle);
        assert_eq!(state(false, None, true, 0), LaneState::Sending);
        assert_eq!(state(false, None, true, 1), LaneState::Retrying);
    }
}
