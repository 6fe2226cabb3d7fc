//! Decisions: what an act changes in a subject's consents. The one place where acts meet states.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::{
    consent::{Act, Consent, Standing, Status, step},
    key::PurposeKey,
    published::PublishedPurpose,
    time::{self, Timestamp},
};

/// One consent that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// For what
    pub purpose: PurposeKey,
    /// How it stood
    pub previous: Status,
    /// How it stands now
    pub after: Consent,
}

/// What a submission does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What changes
    pub changes: Vec<Change>,
    /// What the visitor is told of each purpose: what was asked for, never how it stood before, since the visitor may be
    /// a stranger who filled in somebody else's address
    pub told: BTreeMap<PurposeKey, Status>,
    /// What was ticked though it had been given and confirmed before
    pub already: BTreeSet<PurposeKey>,
}

/// A submission's choices meet what is known. What a purpose needs and how long it holds is as `shown`: the words that the person
/// chose by, not those that may be published by now.
#[must_use]
pub fn submit(
    standing: &Standing,
    shown: &[PublishedPurpose],
    submission: Uuid,
    choices: &BTreeMap<PurposeKey, bool>,
    decided_at: Timestamp,
    now: Timestamp,
) -> Decided {
    let mut decided = Decided {
        changes: Vec::new(),
        told: BTreeMap::new(),
        already: BTreeSet::new(),
    };
    for (purpose, ticked) in choices {
        let double_opt_in = worded(shown, purpose).is_some_and(|purpose| purpose.double_opt_in);
        let (act, told) = match (ticked, double_opt_in) {
            (true, true) => (Act::Ask, Status::Requested),
            (true, false) => (Act::Give, Status::Given),
            (false, _) => (Act::Decline, Status::Refused),
        };
        decided.told.insert(purpose.clone(), told);
        let known = standing.get(purpose);
        if act == Act::Ask && known.is_some_and(|consent| consent.status == Status::Given) {
            decided.already.insert(purpose.clone());
        }
        // A yes that was decided before the person stopped it, and that arrives after, is old news.
        let stopped_since =
            |consent: &Consent| consent.status == Status::Withdrawn && consent.since > decided_at;
        if act == Act::Give && known.is_some_and(stopped_since) {
            continue;
        }
        decided
            .changes
            .extend(change(known, purpose, act, now, |after| {
                after.submission = submission;
                after.requested_at = (act == Act::Ask).then_some(now);
                after.expires_at = holds_until(shown, purpose, after);
                after.retention_days =
                    worded(shown, purpose).and_then(|purpose| purpose.retention_days);
            }));
    }
    decided
}

/// The button of the confirm page: what of `submission` still waits is given if it is in `chosen`, else refused.
#[must_use]
pub fn confirm(
    standing: &Standing,
    shown: &[PublishedPurpose],
    submission: Uuid,
    chosen: &BTreeSet<PurposeKey>,
    now: Timestamp,
) -> Vec<Change> {
    let of_this = |(_, consent): &(&PurposeKey, &Consent)| consent.submission == submission;
    let changes = standing
        .iter()
        .filter(of_this)
        .filter_map(|(purpose, consent)| {
            let act = if chosen.contains(purpose) {
                Act::Confirm
            } else {
                Act::LeaveOut
            };
            change(Some(consent), purpose, act, now, |after| {
                after.expires_at = holds_until(shown, purpose, after);
            })
        });
    changes.collect()
}

/// The button of the personal page: stops what `chosen` names, or everything.
#[must_use]
pub fn withdraw(standing: &Standing, chosen: Option<&PurposeKey>, now: Timestamp) -> Vec<Change> {
    let named =
        |(purpose, _): &(&PurposeKey, &Consent)| chosen.is_none_or(|chosen| chosen == *purpose);
    let stopped = standing.iter().filter(named);
    stopped
        .filter_map(|(purpose, consent)| change(Some(consent), purpose, Act::Withdraw, now, |_| {}))
        .collect()
}

/// Time went by: what of `submission` still waits will not be confirmed any more.
#[must_use]
pub fn lapse(standing: &Standing, submission: Uuid, now: Timestamp) -> Vec<Change> {
    let of_this = |(_, consent): &(&PurposeKey, &Consent)| consent.submission == submission;
    let late = standing.iter().filter(of_this);
    late.filter_map(|(purpose, consent)| change(Some(consent), purpose, Act::Lapse, now, |_| {}))
        .collect()
}

/// Time went by: every yes whose time is over by `now` has expired.
#[must_use]
pub fn expire(standing: &Standing, now: Timestamp) -> Vec<Change> {
    let over = standing.iter().filter_map(|(purpose, consent)| {
        let until = consent.expires_at.filter(|until| until.is_over(now))?;
        change(Some(consent), purpose, Act::Expire, now, |after| {
            after.expires_at = Some(until);
        })
    });
    over.collect()
}

fn worded<'a>(shown: &'a [PublishedPurpose], purpose: &PurposeKey) -> Option<&'a PublishedPurpose> {
    shown.iter().find(|shown| shown.key == *purpose)
}

/// Until when a yes holds that begins now; nothing else ends by itself.
fn holds_until(
    shown: &[PublishedPurpose],
    purpose: &PurposeKey,
    after: &Consent,
) -> Option<Timestamp> {
    let days = worded(shown, purpose)?.valid_for_days?;
    (after.status == Status::Given).then(|| after.since + time::days(days))
}

fn change(
    known: Option<&Consent>,
    purpose: &PurposeKey,
    act: Act,
    now: Timestamp,
    mend: impl FnOnce(&mut Consent),
) -> Option<Change> {
    let previous = known.map_or(Status::Unknown, |consent| consent.status);
    let status = step(previous, act)?;
    let mut after = known.cloned().unwrap_or(Consent {
        status,
        since: now,
        submission: Uuid::nil(),
        requested_at: None,
        expires_at: None,
        retention_days: None,
    });
    after.status = status;
    after.since = now;
    after.expires_at = None;
    mend(&mut after);
    Some(Change {
        purpose: purpose.clone(),
        previous,
        after,
    })
}
