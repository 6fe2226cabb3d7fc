//! Consents: the state of one subject for one purpose, and the one table by which it changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{key::PurposeKey, time::Timestamp};

/// Where a consent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Never asked
    Unknown,
    /// Ticked, and not confirmed by mail yet
    Requested,
    /// Yes
    Given,
    /// No
    Refused,
    /// Yes once, no longer
    Withdrawn,
    /// Yes once, too long ago
    Expired,
    /// Never confirmed
    Lapsed,
}

impl Status {
    /// All of them, for tests and tables.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Requested,
        Self::Given,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
        Self::Lapsed,
    ];

    /// The term of the W3C Data Privacy Vocabulary 2.3.
    #[must_use]
    pub fn dpv(self) -> &'static str {
        match self {
            Self::Unknown => "dpv:ConsentUnknown",
            Self::Requested => "dpv:ConsentRequested",
            Self::Given => "dpv:ConsentGiven",
            Self::Refused => "dpv:ConsentRefused",
            Self::Withdrawn => "dpv:ConsentWithdrawn",
            Self::Expired | Self::Lapsed => "dpv:ConsentExpired",
        }
    }
}

/// What happens to a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// The person ticked a purpose that a mail has to confirm.
    Ask,
    /// The person ticked a purpose that needs no confirmation.
    Give,
    /// The person left the box empty.
    Decline,
    /// The person pressed the button on the confirm page.
    Confirm,
    /// The person unticked it on the confirm page.
    LeaveOut,
    /// The person stopped it.
    Withdraw,
    /// The person said no in so many words, and it was recorded. The newest no is on record, so that nothing older passes for newer.
    Refuse,
    /// Nobody confirmed it in time.
    Lapse,
    /// It was given too long ago.
    Expire,
}

impl Act {
    /// All of them, for tests and tables.
    pub const ALL: [Self; 9] = [
        Self::Ask,
        Self::Give,
        Self::Decline,
        Self::Confirm,
        Self::LeaveOut,
        Self::Withdraw,
        Self::Refuse,
        Self::Lapse,
        Self::Expire,
    ];
}

/// The table: the status after an act, or `None` when the act changes nothing and makes no event.
///
/// An empty box on a later form is not a withdrawal, only a person's own act confirms, and nothing but asking again
/// leads out of an end.
#[must_use]
pub fn step(status: Status, act: Act) -> Option<Status> {
    use Status::{Expired, Given, Lapsed, Refused, Requested, Unknown, Withdrawn};
    match (act, status) {
        (Act::Ask, Unknown | Requested | Refused | Withdrawn | Expired | Lapsed) => Some(Requested),
        (Act::Give, _) | (Act::Confirm, Requested) => Some(Given),
        (Act::Decline, Unknown)
        | (Act::LeaveOut, Requested)
        | (Act::Refuse, Unknown | Refused | Expired | Lapsed) => Some(Refused),
        (Act::Withdraw, Requested | Given) | (Act::Refuse, Requested | Given | Withdrawn) => {
            Some(Withdrawn)
        }
        (Act::Lapse, Requested) => Some(Lapsed),
        (Act::Expire, Given) => Some(Expired),
        _ => None,
    }
}

/// Whether a part of a purpose holds: while the whole does, unless the person switched the part off. Who says yes to the whole has said
/// yes to its parts: they stand in its words.
#[must_use]
pub fn part_holds(part: Status, whole: Status) -> bool {
    whole == Status::Given && !matches!(part, Status::Refused | Status::Withdrawn | Status::Expired)
}

/// The state of one subject for one purpose, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Where it stands
    pub status: Status,
    /// Since when
    pub since: Timestamp,
    /// The submission that it rests on
    pub submission: Uuid,
    /// When the person ticked it, where a mail asks to confirm
    pub requested_at: Option<Timestamp>,
    /// Until when a yes holds, where it does not hold for good; of what expired, until when it did
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// For how long the data are kept once it is over, as the words said that it rests on
    #[serde(default)]
    pub retention_days: Option<u32>,
}

/// All consents of one subject.
pub type Standing = BTreeMap<PurposeKey, Consent>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_in_every_state_does_what_the_table_says() {
        use Status::{Expired, Given, Lapsed, Refused, Requested, Unknown, Withdrawn};
        // Columns: what becomes of each state of `Status::ALL`; None where nothing happens.
        let table = [
            (
                Act::Ask,
                [
                    Some(Requested),
                    Some(Requested),
                    None,
                    Some(Requested),
                    Some(Requested),
                    Some(Requested),
                    Some(Requested),
                ],
            ),
            (
                Act::Give,
                [
                    Some(Given),
                    Some(Given),
                    Some(Given),
                    Some(Given),
                    Some(Given),
                    Some(Given),
                    Some(Given),
                ],
            ),
            (
                Act::Decline,
                [Some(Refused), None, None, None, None, None, None],
            ),
            (
                Act::Confirm,
                [None, Some(Given), None, None, None, None, None],
            ),
            (
                Act::LeaveOut,
                [None, Some(Refused), None, None, None, None, None],
            ),
            (
                Act::Withdraw,
                [
                    None,
                    Some(Withdrawn),
                    Some(Withdrawn),
                    None,
                    None,
                    None,
                    None,
                ],
            ),
            (
                Act::Refuse,
                [
                    Some(Refused),
                    Some(Withdrawn),
                    Some(Withdrawn),
                    Some(Refused),
                    Some(Withdrawn),
                    Some(Refused),
                    Some(Refused),
                ],
            ),
            (
                Act::Lapse,
                [None, Some(Lapsed), None, None, None, None, None],
            ),
            (
                Act::Expire,
                [None, None, Some(Expired), None, None, None, None],
            ),
        ];
        assert_eq!(
            Status::ALL,
            [
                Unknown, Requested, Given, Refused, Withdrawn, Expired, Lapsed
            ]
        );
        assert_eq!(table.map(|(act, _)| act), Act::ALL);
        for (act, row) in table {
            for (status, after) in Status::ALL.into_iter().zip(row) {
                assert_eq!(step(status, act), after, "{act:?} in {status:?}");
            }
        }
    }
}
