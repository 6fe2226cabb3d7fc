//! The model: what must be on record, told a second time in the simplest way. It refuses to look at how the book does it.

use std::collections::{BTreeMap, BTreeSet};

use sayso_shared::{
    answer::{SubjectErased, SubmissionAnswer},
    consent::Status,
    event::Event,
};
use serde_json::Value;
use uuid::Uuid;

/// How long a request waits for its confirmation; the site does not say otherwise.
pub(super) const CONFIRM_WITHIN: i64 = 72 * 3_600_000;

/// For how many days a yes holds, where it does not for ever.
pub(super) const VALID_FOR_DAYS: [(&str, i64); 2] = [("HELP", 2), ("NEWS", 5)];

/// The purposes that a mail has to confirm.
pub(super) const CONFIRMED_BY_MAIL: [&str; 2] = ["EVENTS", "NEWS"];

/// For how many days the data are kept once a purpose is over, where its words say.
pub(super) const RETENTION_DAYS: [(&str, Option<u32>); 4] = [
    ("EVENTS", Some(2)),
    ("HELP", None),
    ("NEWS", Some(5)),
    ("STORE", Some(3)),
];

/// For how many days networks are kept.
pub(super) const CLIENT_DAYS: u32 = 1;

/// All that was ever acknowledged.
#[derive(Default)]
pub(super) struct Model {
    /// Persons as they were found; one who was forgotten and comes again is another one.
    pub(super) subjects: Vec<Subject>,
    pub(super) submissions: BTreeMap<Uuid, Kept>,
    /// Every event, by its number.
    pub(super) log: BTreeMap<u64, Entry>,
}

pub(super) struct Subject {
    pub(super) email: String,
    /// What the ledger calls this person, once an event has told.
    pub(super) id: Option<Uuid>,
    pub(super) consents: BTreeMap<String, Consent>,
    /// The address and its key are deleted.
    pub(super) gone: bool,
    /// What whoever erased this person was answered.
    pub(super) erased: Option<SubjectErased>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Consent {
    pub(super) status: Status,
    pub(super) since: i64,
    pub(super) submission: Uuid,
    pub(super) expires_at: Option<i64>,
}

/// A submission that was taken.
pub(super) struct Kept {
    pub(super) subject: usize,
    pub(super) document: Value,
    pub(super) answer: SubmissionAnswer,
    pub(super) waiting_until: Option<i64>,
    pub(super) expires_at: Option<i64>,
    /// The last event when the ledger took it.
    pub(super) after: u64,
}

/// One change that has to come, or has come.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) subject: usize,
    pub(super) purpose: String,
    pub(super) previous: Status,
    pub(super) status: Status,
    pub(super) submission: Uuid,
}

/// An event of the log, and the change that it tells.
pub(super) struct Entry {
    pub(super) change: Change,
    pub(super) event: Event,
}

impl Model {
    /// The person of this address, if there is one now.
    pub(super) fn subject_of(&self, email: &str) -> Option<usize> {
        let known = |subject: &Subject| !subject.gone && subject.email == email;
        self.subjects.iter().position(known)
    }

    /// What a new submission changes.
    pub(super) fn submitted(
        &self,
        subject: usize,
        id: Uuid,
        choices: &BTreeMap<String, bool>,
        now: i64,
    ) -> Vec<Change> {
        let mut changes = self.expired(subject, now);
        let known = self.standing_at(subject, now);
        for (purpose, ticked) in choices {
            let before = known.get(purpose);
            let previous = before.map_or(Status::Unknown, |consent| consent.status);
            let by_mail = CONFIRMED_BY_MAIL.contains(&purpose.as_str());
            let old_news =
                previous == Status::Withdrawn && before.is_some_and(|consent| consent.since > now);
            let status = match (ticked, by_mail, previous) {
                // It is confirmed already.
                (true, true, Status::Given) => continue,
                (true, true, _) => Status::Requested,
                // A withdrawal wins over whatever comes before it by the clock, also when the clock went back.
                (true, false, _) if old_news => continue,
                (true, false, _) => Status::Given,
                (false, _, Status::Unknown) => Status::Refused,
                // An empty box takes nothing back.
                (false, _, _) => continue,
            };
            changes.push(Change {
                subject,
                purpose: purpose.clone(),
                previous,
                status,
                submission: id,
            });
        }
        changes
    }

    /// What pressing the button changes.
    pub(super) fn confirmed(&self, id: Uuid, chosen: &BTreeSet<String>, now: i64) -> Vec<Change> {
        let in_time = self.submissions[&id]
            .expires_at
            .is_some_and(|until| now < until);
        if !in_time {
            return Vec::new();
        }
        self.waiting(id, |purpose| {
            if chosen.contains(purpose) {
                Status::Given
            } else {
                Status::Refused
            }
        })
    }

    /// What is still waiting of a submission becomes something else.
    pub(super) fn waiting(&self, id: Uuid, becomes: impl Fn(&str) -> Status) -> Vec<Change> {
        let subject = self.submissions[&id].subject;
        let consents = self.subjects[subject].consents.iter();
        let waiting = consents
            .filter(|(_, consent)| consent.submission == id && consent.status == Status::Requested);
        let changes = waiting.map(|(purpose, consent)| Change {
            subject,
            purpose: purpose.clone(),
            previous: consent.status,
            status: becomes(purpose),
            submission: id,
        });
        changes.collect()
    }

    /// What stopping one purpose, or everything, changes.
    pub(super) fn withdrawn(&self, subject: usize, purpose: Option<&str>, now: i64) -> Vec<Change> {
        let standing = self.standing_at(subject, now);
        let stopped = standing.iter().filter(|(key, consent)| {
            purpose.is_none_or(|purpose| purpose == *key)
                && matches!(consent.status, Status::Requested | Status::Given)
        });
        let changes = stopped.map(|(purpose, consent)| Change {
            subject,
            purpose: purpose.clone(),
            previous: consent.status,
            status: Status::Withdrawn,
            submission: consent.submission,
        });
        changes.collect()
    }

    /// Every yes whose time is over ends.
    pub(super) fn expired(&self, subject: usize, now: i64) -> Vec<Change> {
        let consents = self.subjects[subject].consents.iter();
        let over = consents.filter(|(_, consent)| {
            consent.status == Status::Given && consent.expires_at.is_some_and(|until| until <= now)
        });
        let changes = over.map(|(purpose, consent)| Change {
            subject,
            purpose: purpose.clone(),
            previous: Status::Given,
            status: Status::Expired,
            submission: consent.submission,
        });
        changes.collect()
    }

    /// When the next yes ends.
    pub(super) fn next_to_expire(&self) -> Option<i64> {
        let consents = self
            .subjects
            .iter()
            .flat_map(|subject| subject.consents.values());
        let given = consents.filter(|consent| consent.status == Status::Given);
        given.filter_map(|consent| consent.expires_at).min()
    }

    /// Upon what is decided now: what has expired by then, has.
    fn standing_at(&self, subject: usize, now: i64) -> BTreeMap<String, Consent> {
        let mut standing = self.subjects[subject].consents.clone();
        for change in self.expired(subject, now) {
            if let Some(consent) = standing.get_mut(&change.purpose) {
                consent.status = Status::Expired;
                consent.since = now;
            }
        }
        standing
    }

    /// Until when a change holds, or of what has expired, until when it did.
    pub(super) fn holds_until(&self, change: &Change, now: i64) -> Option<i64> {
        match change.status {
            Status::Given => {
                let mut spans = VALID_FOR_DAYS.iter();
                let (_, days) = spans.find(|(purpose, _)| *purpose == change.purpose)?;
                Some(now + days * 24 * 3_600_000)
            }
            Status::Expired => {
                let consents = &self.subjects[change.subject].consents;
                consents.get(&change.purpose)?.expires_at
            }
            _ => None,
        }
    }

    /// The submissions whose time to be confirmed is over.
    pub(super) fn late(&self, now: i64) -> Vec<Uuid> {
        let late = |kept: &Kept| kept.waiting_until.is_some_and(|until| until <= now);
        let late = self.submissions.iter().filter(|(_, kept)| late(kept));
        late.map(|(id, _)| *id).collect()
    }

    /// Whether anything on record needs the person to be known.
    pub(super) fn holds(&self, subject: usize) -> bool {
        let mut consents = self.subjects[subject].consents.values();
        consents.any(|consent| !matches!(consent.status, Status::Refused | Status::Lapsed))
    }

    /// The change has come.
    pub(super) fn apply(&mut self, change: &Change, now: i64) {
        let consent = Consent {
            status: change.status,
            since: now,
            submission: change.submission,
            expires_at: self.holds_until(change, now),
        };
        let consents = &mut self.subjects[change.subject].consents;
        consents.insert(change.purpose.clone(), consent);
    }
}
