//! Decisions: what an act changes in a subject's consents. The one place where acts meet states.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    consent::{Act, Consent, Standing, Status, step},
    key::PurposeKey,
    published::PublishedPurpose,
    purpose::{LegalBasis, Source},
    receipt::SubmissionFacts,
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
    /// Whether there is a yes that does not come late, after a later no: then there is something to write to the person
    pub says_yes: bool,
}

/// A submission's choices meet what is known. What a purpose needs and how long it holds is as `shown`: the words that the person
/// chose by, not those that may be published by now.
///
/// Unless `may_ask`, the address has had its mails for today: nobody can be asked to confirm, so what would need that stays as it is, and
/// the link in a mail that went out before still confirms.
#[must_use]
pub fn submit(
    standing: &Standing,
    shown: &[PublishedPurpose],
    submission: Uuid,
    choices: &BTreeMap<PurposeKey, bool>,
    decided_at: Timestamp,
    now: Timestamp,
    may_ask: bool,
) -> Decided {
    let mut decided = Decided {
        changes: Vec::new(),
        told: BTreeMap::new(),
        already: BTreeSet::new(),
        says_yes: false,
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
        // A yes that was decided before the person stopped it, or said no, and that arrives after, is old news: it gives nothing. Nor does it
        // ask, if it is late: our own clock may go back a little, and then the person is asked once more.
        let is_late = decided_at < now;
        let no_since = |consent: &Consent| {
            let is_no =
                consent.status == Status::Withdrawn || is_late && consent.status == Status::Refused;
            is_no && consent.since > decided_at
        };
        let may_be_old = act == Act::Give || act == Act::Ask && is_late;
        let is_old_news = may_be_old && known.is_some_and(no_since);
        decided.says_yes |= *ticked && !(is_old_news && is_late);
        if is_old_news || act == Act::Ask && !may_ask {
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

/// The boxes of `replaced` were opened again, and `submission` says no where that one had said yes: those yeses are taken back. Nothing else
/// is, since an empty box of another form is no withdrawal; and who does not know the id of what was sent takes nothing back.
#[must_use]
pub fn take_back(
    standing: &Standing,
    replaced: Uuid,
    submission: Uuid,
    choices: &BTreeMap<PurposeKey, bool>,
    now: Timestamp,
) -> Vec<Change> {
    let unticked = choices.iter().filter(|(_, ticked)| !**ticked);
    let changes = unticked.filter_map(|(purpose, _)| {
        let known = standing.get(purpose)?;
        let is_of_it = known.submission == replaced;
        let mend = |after: &mut Consent| after.submission = submission;
        is_of_it.then(|| change(Some(known), purpose, Act::Withdraw, now, mend))?
    });
    changes.collect()
}

/// What a recording does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedElsewhere {
    /// What changes
    pub changes: Vec<Change>,
    /// What was asked for, for each purpose
    pub asked: BTreeMap<PurposeKey, Status>,
    /// What stays as it was, and why
    pub unchanged: BTreeMap<PurposeKey, Unchanged>,
}

/// Why a recording leaves a consent as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unchanged {
    /// What is on record was decided later, or is a no of the same moment
    NewerOnRecord,
    /// A yes is on record already
    AlreadyGiven,
    /// A mail of ours asks the person; the answer to that counts
    AwaitingConfirmation,
    /// It was decided so long ago that such a yes holds no more
    TooLongAgo,
}

/// What was decided elsewhere, at `decided_at`, meets what is known. Whatever is newer stands; of the same moment, a no stands.
///
/// A yes that needs a confirmation asks for it, unless it is taken over from elsewhere or rests on another ground than consent. What
/// is taken over never takes the place of what the person told us directly.
#[must_use]
pub fn record(
    standing: &Standing,
    told: &[PublishedPurpose],
    facts: &SubmissionFacts,
    choices: &BTreeMap<PurposeKey, bool>,
    now: Timestamp,
) -> DecidedElsewhere {
    let decided_at = facts.decided_at;
    let is_import = facts.source == Source::Import;
    let mut decided = DecidedElsewhere {
        changes: Vec::new(),
        asked: BTreeMap::new(),
        unchanged: BTreeMap::new(),
    };
    for (purpose, yes) in choices {
        let asks = worded(told, purpose).is_some_and(|worded| {
            worded.double_opt_in && facts.legal_basis(worded) == LegalBasis::Consent && !is_import
        });
        let (act, asked) = match (yes, asks) {
            (true, true) => (Act::Ask, Status::Requested),
            (true, false) => (Act::Give, Status::Given),
            (false, _) => (Act::Refuse, Status::Refused),
        };
        decided.asked.insert(purpose.clone(), asked);
        let known = standing.get(purpose);
        let changed = change(known, purpose, act, now, |after| {
            after.since = decided_at;
            after.submission = facts.id;
            after.requested_at = (act == Act::Ask).then_some(decided_at);
            after.expires_at = holds_until(told, purpose, after);
            after.retention_days = worded(told, purpose).and_then(|purpose| purpose.retention_days);
        });
        let is_over = |change: &Change| {
            let until = change.after.expires_at;
            until.is_some_and(|until| until.is_over(now))
        };
        let reason = match (known, &changed) {
            (Some(known), _) if is_newer(known, decided_at, *yes) => Some(Unchanged::NewerOnRecord),
            (Some(known), _) if act != Act::Refuse && known.status == Status::Given => {
                let renews = act == Act::Give && !is_import;
                (!renews).then_some(Unchanged::AlreadyGiven)
            }
            (Some(known), _) if *yes && is_import && known.status == Status::Requested => {
                Some(Unchanged::AwaitingConfirmation)
            }
            (_, None) => Some(Unchanged::AlreadyGiven),
            (_, Some(_)) => None,
        };
        let reason = reason.or_else(|| {
            let over = changed.as_ref().is_some_and(is_over);
            over.then_some(Unchanged::TooLongAgo)
        });
        match (reason, changed) {
            (Some(reason), _) => drop(decided.unchanged.insert(purpose.clone(), reason)),
            (None, changed) => decided.changes.extend(changed),
        }
    }
    decided
}

/// Whether what is known was decided later than a recorded act; of the same moment, a no is.
fn is_newer(known: &Consent, decided_at: Timestamp, yes: bool) -> bool {
    let is_no = matches!(known.status, Status::Withdrawn | Status::Refused);
    known.since > decided_at || (known.since == decided_at && yes && is_no)
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

/// A switch of the personal page, as `shown` there: `on`, by somebody whose address is proven, is a yes at once; off is a no. One that
/// stands so already changes nothing, nor does a yes to a part of what is not given, unless the yes was taken over from elsewhere, `unproven`, and is now the person's own.
#[must_use]
pub fn switch(
    standing: &Standing,
    shown: &[PublishedPurpose],
    submission: Uuid,
    purpose: &PurposeKey,
    on: bool,
    unproven: bool,
    now: Timestamp,
) -> Option<Change> {
    let known = standing.get(purpose);
    let is_given = known.is_some_and(|consent| consent.status == Status::Given);
    let whole = worded(shown, purpose).and_then(|part| part.part_of.as_ref());
    let holds = |whole| {
        let whole = standing.get(whole);
        whole.is_some_and(|consent| consent.status == Status::Given)
    };
    if on && !whole.is_none_or(holds) {
        return None;
    }
    let act = match on {
        true if is_given && !unproven => return None,
        true => Act::Give,
        false => Act::Refuse,
    };
    let changed = change(known, purpose, act, now, |after| {
        after.submission = submission;
        after.requested_at = None;
        after.expires_at = holds_until(shown, purpose, after);
        after.retention_days = worded(shown, purpose).and_then(|purpose| purpose.retention_days);
    });
    changed.filter(|change| on || change.previous != change.after.status)
}

/// The button of the personal page: stops what `chosen` says, or everything.
#[must_use]
pub fn withdraw(
    standing: &Standing,
    chosen: impl Fn(&PurposeKey) -> bool,
    now: Timestamp,
) -> Vec<Change> {
    let named = |(purpose, _): &(&PurposeKey, &Consent)| chosen(purpose);
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
