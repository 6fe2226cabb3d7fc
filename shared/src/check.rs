//! Checks: who may be mailed for a purpose right now. Whoever is not known to have said yes may not.

use serde::{Deserialize, Serialize};

use crate::{
    consent::{Status, part_holds},
    key::PurposeKey,
    time::Timestamp,
};

/// The most addresses of one check.
pub const MOST_CHECKED: usize = 1000;

/// The body of `POST /v1/check`. Addresses are in the body, never in an address that is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    /// For what they would be mailed: a purpose that the site has
    #[cfg_attr(feature = "openapi", schema(example = "EMARKETING"))]
    pub purpose: PurposeKey,
    /// 1 to 1,000 e-mail addresses, in any spelling
    #[cfg_attr(feature = "openapi", schema(example = json!(["kim@example.nl", "Sam@Example.com"]), min_items = 1, max_items = 1000))]
    pub emails: Vec<String>,
}

/// The answer: one result for each address, in the order asked, also where one stands twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckAnswer {
    /// For what
    pub purpose: PurposeKey,
    /// The moment for which it is said
    pub checked_at: Timestamp,
    /// How many may be mailed
    pub allowed: usize,
    /// One for each address
    pub results: Vec<Checked>,
}

/// Whether one address may be mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Checked {
    /// The address as it was asked for
    pub email: String,
    /// Whether it may be mailed
    pub allowed: bool,
    /// Why not
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Denied>,
}

/// Why an address may not be mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// Nobody of this address was asked for this purpose, or the person was erased
    Unknown,
    /// Asked, and not confirmed yet
    Requested,
    /// The person said no
    Refused,
    /// The person stopped it
    Withdrawn,
    /// It was given too long ago
    Expired,
    /// Nobody confirmed it in time
    Lapsed,
    /// It is no e-mail address
    Malformed,
}

/// How one person stands to the purpose, and to the one that it is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stand {
    /// The purpose itself
    pub own: Option<Held>,
    /// The purpose that it is a part of
    pub whole: Option<Held>,
}

/// A consent, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Where it stands
    pub status: Status,
    /// Until when it holds
    pub expires_at: Option<Timestamp>,
}

impl Checked {
    /// The result for an address.
    #[must_use]
    pub fn of(email: String, denied: Option<Denied>) -> Self {
        Self {
            email,
            allowed: denied.is_none(),
            reason: denied,
        }
    }
}

impl Stand {
    /// Whether the person may be mailed at this moment: nothing, or why not. `is_part`: the purpose is a part of another, and holds while
    /// that one does unless the person switched it off.
    #[must_use]
    pub fn judge(self, is_part: bool, now: Timestamp) -> Option<Denied> {
        let own = Held::status(self.own, now);
        if !is_part {
            return denied(own);
        }
        let whole = Held::status(self.whole, now);
        if part_holds(own, whole) {
            None
        } else {
            denied(whole).or_else(|| denied(own))
        }
    }
}

impl Held {
    /// The status now: what was not noted yet, that its time is over, counts all the same.
    pub(crate) fn status(held: Option<Self>, now: Timestamp) -> Status {
        match held {
            None => Status::Unknown,
            Some(held) if held.status == Status::Given => {
                let is_over = held.expires_at.is_some_and(|until| until.is_over(now));
                if is_over {
                    Status::Expired
                } else {
                    Status::Given
                }
            }
            Some(held) => held.status,
        }
    }
}

fn denied(status: Status) -> Option<Denied> {
    Some(match status {
        Status::Given => return None,
        Status::Unknown => Denied::Unknown,
        Status::Requested => Denied::Requested,
        Status::Refused => Denied::Refused,
        Status::Withdrawn => Denied::Withdrawn,
        Status::Expired => Denied::Expired,
        Status::Lapsed => Denied::Lapsed,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    fn held(status: Status) -> Held {
        Held {
            status,
            expires_at: None,
        }
    }

    #[test]
    fn only_who_said_yes_is_mailed_and_everybody_else_is_told_why_not() {
        for status in Status::ALL {
            let stand = Stand {
                own: Some(held(status)),
                whole: None,
            };
            let denied = stand.judge(false, at(0));
            assert_eq!(denied.is_none(), status == Status::Given);
            if let Some(denied) = denied {
                let name = serde_json::to_value(status).expect("JSON");
                assert_eq!(serde_json::to_value(denied).expect("JSON"), name);
            }
        }
        let nobody = Stand::default();
        assert_eq!(nobody.judge(false, at(0)), Some(Denied::Unknown));
        assert_eq!(nobody.judge(true, at(0)), Some(Denied::Unknown));
    }

    #[test]
    fn a_yes_ends_with_its_time_also_before_anybody_has_noted_it() {
        let own = Some(Held {
            status: Status::Given,
            expires_at: Some(at(1000)),
        });
        let stand = Stand { own, whole: None };
        assert_eq!(stand.judge(false, at(999)), None);
        assert_eq!(stand.judge(false, at(1000)), Some(Denied::Expired));
        let part = Stand {
            own: None,
            whole: own,
        };
        assert_eq!(part.judge(true, at(999)), None);
        assert_eq!(part.judge(true, at(1000)), Some(Denied::Expired));
    }

    proptest! {
        #[test]
        fn a_part_is_never_mailed_without_its_whole(own in 0_usize..8, whole in 0_usize..8) {
            let of = |at: usize| Status::ALL.get(at).map(|status| held(*status));
            let stand = Stand { own: of(own), whole: of(whole) };
            let allowed = stand.judge(true, at(0)).is_none();
            let whole_is_given = Status::ALL.get(whole) == Some(&Status::Given);
            let stopped = [Status::Refused, Status::Withdrawn, Status::Expired];
            let is_stopped = Status::ALL.get(own).is_some_and(|own| stopped.contains(own));
            prop_assert_eq!(allowed, whole_is_given && !is_stopped);
        }
    }
}
