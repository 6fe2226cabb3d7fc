//! Retention: until when a person has to be known, and what the words promised that the person chose by.
//!
//! A purpose's retention begins when the purpose is over: when the person stopped it or said no, or when it expired. While a yes holds
//! or waits for its confirmation, the person is needed. An address is one for all purposes: it is kept until the last of them lets go.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{
    consent::{Consent, Standing, Status},
    decision::Change,
    time::{Timestamp, days},
};

/// For how long a person has to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Something holds, or waits
    Needed,
    /// All is over; the words did not say for how long the data are kept after that, so the person stays until somebody erases it
    Open,
    /// All is over, and past this moment the person is to be forgotten
    Until(Timestamp),
}

/// For how long the person has to be known after these changes, which we learned of `now`. An end of long ago that is told today counts from
/// today: the CRM gets it with the address, and a list of people not to be mailed is not forgotten on arrival. `before` is until when the
/// person was kept up to now.
#[must_use]
pub fn keeping_after(
    standing: &Standing,
    changes: &[Change],
    before: Option<Timestamp>,
    now: Timestamp,
) -> Keeping {
    let mut learned = standing.clone();
    for change in changes {
        if let Some(consent) = learned.get_mut(&change.purpose) {
            consent.since = consent.since.max(now);
        }
    }
    match (keeping(&learned), before) {
        (Keeping::Until(at), Some(before)) => Keeping::Until(at.max(before)),
        (keeping, _) => keeping,
    }
}

/// For how long the person of this standing has to be known.
#[must_use]
pub fn keeping(standing: &Standing) -> Keeping {
    let each = standing.values().map(of_one);
    each.reduce(longer).unwrap_or(Keeping::Open)
}

/// Whether a request lapsed and nothing else was ever said: such an address was filled in by whoever, so it is forgotten at once. A no that
/// the person `told` us elsewhere is something said; a box left empty on a form is not.
#[must_use]
pub fn was_never_confirmed(standing: &Standing, told: &BTreeSet<Uuid>) -> bool {
    let nothing = |consent: &Consent| match consent.status {
        Status::Lapsed => true,
        Status::Refused => !told.contains(&consent.submission),
        _ => false,
    };
    standing.values().all(nothing)
}

fn of_one(consent: &Consent) -> Keeping {
    let retention = consent.retention_days.map(days);
    match consent.status {
        Status::Unknown | Status::Requested | Status::Given => Keeping::Needed,
        Status::Lapsed => Keeping::Until(consent.since),
        Status::Refused | Status::Withdrawn | Status::Expired => {
            retention.map_or(Keeping::Open, |span| Keeping::Until(consent.since + span))
        }
    }
}

fn longer(one: Keeping, other: Keeping) -> Keeping {
    match (one, other) {
        (Keeping::Needed, _) | (_, Keeping::Needed) => Keeping::Needed,
        (Keeping::Open, _) | (_, Keeping::Open) => Keeping::Open,
        (Keeping::Until(one), Keeping::Until(other)) => Keeping::Until(one.max(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::PurposeKey;

    fn standing(consents: &[(Status, i64, Option<u32>)]) -> Standing {
        let consents = consents.iter().enumerate();
        let consents = consents.map(|(index, (status, since, retention_days))| {
            let purpose = PurposeKey::parse(&format!("P{index}")).expect("a purpose");
            let consent = Consent {
                status: *status,
                since: Timestamp::from_unix_millis(*since),
                submission: Uuid::nil(),
                requested_at: None,
                expires_at: None,
                retention_days: *retention_days,
            };
            (purpose, consent)
        });
        consents.collect()
    }

    fn until(days: i64, millis: i64) -> Keeping {
        Keeping::Until(Timestamp::from_unix_millis(days * 24 * 3_600_000 + millis))
    }

    #[test]
    fn a_person_is_kept_until_the_last_purpose_lets_go() {
        use Status::{Expired, Given, Lapsed, Refused, Requested, Withdrawn};
        for (consents, expected) in [
            (&[(Given, 0, Some(1))][..], Keeping::Needed),
            (&[(Requested, 0, Some(1))], Keeping::Needed),
            (&[(Withdrawn, 5, Some(1))], until(1, 5)),
            (&[(Expired, 5, Some(1))], until(1, 5)),
            (&[(Refused, 5, Some(1))], until(1, 5)),
            (&[(Lapsed, 5, Some(1))], until(0, 5)),
            (&[(Withdrawn, 5, None)], Keeping::Open),
            (
                &[(Withdrawn, 5, Some(30)), (Expired, 9, Some(2))],
                until(30, 5),
            ),
            (
                &[(Withdrawn, 5, Some(30)), (Given, 9, Some(2))],
                Keeping::Needed,
            ),
            (
                &[(Withdrawn, 5, Some(30)), (Refused, 9, None)],
                Keeping::Open,
            ),
            (
                &[(Withdrawn, 5, None), (Requested, 9, None)],
                Keeping::Needed,
            ),
            (&[], Keeping::Open),
        ] {
            assert_eq!(keeping(&standing(consents)), expected, "{consents:?}");
        }
    }

    #[test]
    fn an_address_that_nobody_confirmed_is_held_by_nothing() {
        use Status::{Expired, Given, Lapsed, Refused, Withdrawn};
        let never = |other: Status, told: &[Uuid]| {
            let standing = standing(&[(Lapsed, 0, None), (other, 0, None)]);
            was_never_confirmed(&standing, &told.iter().copied().collect())
        };
        assert!(never(Refused, &[]));
        assert!(!never(Refused, &[Uuid::nil()]), "a no in so many words");
        for other in [Given, Withdrawn, Expired] {
            assert!(!never(other, &[]));
        }
    }

    #[test]
    fn an_end_of_long_ago_that_is_told_today_counts_from_today() {
        let standing = standing(&[(Status::Withdrawn, 0, Some(1))]);
        let day = 24 * 3_600_000;
        let now = Timestamp::from_unix_millis(90 * day);
        let (purpose, consent) = standing.first_key_value().expect("one");
        let change = Change {
            purpose: purpose.clone(),
            previous: Status::Given,
            after: consent.clone(),
        };
        let told = [change];
        assert_eq!(keeping(&standing), until(1, 0));
        assert_eq!(keeping_after(&standing, &told, None, now), until(91, 0));
        // Another act later does not count it from long ago again.
        let before = Some(Timestamp::from_unix_millis(91 * day));
        assert_eq!(keeping_after(&standing, &[], before, now), until(91, 0));
    }
}
