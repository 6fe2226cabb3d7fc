//! The outside: a mail server and CRMs as bad as they come. They write down what they got, and do not know the ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use sayso_shared::{delivery::Outcome as Attempt, event::EventType};
use uuid::Uuid;

use crate::dice::Dice;

/// How the mail server is today.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum MailMood {
    Takes,
    /// It takes the mail, and the connection breaks before it says so.
    TakesInSilence,
    Dead,
}

impl MailMood {
    pub(super) const ALL: [Self; 4] = [Self::Takes, Self::Takes, Self::TakesInSilence, Self::Dead];
}

/// A mail that was written; what became of it.
pub(super) struct Mail {
    pub(super) id: String,
    pub(super) subject: usize,
    pub(super) submission: Uuid,
    /// Until when its link confirms, if it asks: later it is not worth sending.
    pub(super) until: Option<i64>,
    pub(super) refused: u32,
    /// It was given up since its link would have been dead at the next attempt.
    pub(super) useless: bool,
    pub(super) settled: bool,
    pub(super) cancelled: bool,
}

/// A mail as the person reads it.
#[derive(Clone)]
pub(super) struct Read {
    pub(super) bytes: String,
    pub(super) subject: usize,
    pub(super) submission: Uuid,
    /// The token of the link that confirms
    pub(super) confirm: Option<String>,
    /// The token of the link to the personal page
    pub(super) preferences: String,
}

/// How a CRM is today.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum CrmMood {
    Takes,
    /// It takes the event, and the answer gets lost.
    TakesInSilence,
    Dead,
    Status(u16),
}

impl CrmMood {
    pub(super) const ALL: [Self; 10] = [
        Self::Takes,
        Self::Takes,
        Self::Takes,
        Self::TakesInSilence,
        Self::TakesInSilence,
        Self::Dead,
        Self::Status(500),
        Self::Status(422),
        Self::Status(429),
        Self::Status(410),
    ];

    /// The answer that it should give.
    pub(super) fn ok() -> Attempt {
        Attempt::Answered {
            status: 204,
            retry_after: None,
        }
    }

    /// Whether it keeps what it gets, and what it answers.
    pub(super) fn meets(self, dice: &mut Dice) -> (bool, Attempt) {
        let answered = |status| Attempt::Answered {
            status,
            retry_after: (status == 429).then(|| std::time::Duration::from_secs(90)),
        };
        // The best have a bad moment, and the worst a good one.
        let mood = if dice.one_in(6) {
            [
                Self::Takes,
                Self::TakesInSilence,
                Self::Dead,
                Self::Status(503),
            ][dice.below(4) as usize]
        } else {
            self
        };
        match mood {
            Self::Takes => (true, answered(if dice.one_in(2) { 200 } else { 204 })),
            Self::TakesInSilence => (true, Attempt::NoAnswer),
            Self::Dead => (false, Attempt::NoAnswer),
            Self::Status(status) => (false, answered(status)),
        }
    }
}

/// A CRM, and the lane that leads to it.
pub(super) struct Crm {
    pub(super) types: Vec<EventType>,
    pub(super) mood: CrmMood,
    /// Whether the ledger knows of it now.
    pub(super) enabled: bool,
    /// It gets what comes after this event.
    pub(super) from: u64,
    /// What it got since.
    pub(super) taken: BTreeSet<u64>,
    /// What was put aside.
    pub(super) dead: BTreeSet<u64>,
    /// What of that the operator wants sent once more, and since when.
    pub(super) asked: BTreeMap<u64, i64>,
    /// The ledger's cursor.
    pub(super) cursor: u64,
    pub(super) stopped: bool,
}

/// All of it.
pub(super) struct Outside {
    pub(super) mail_mood: MailMood,
    pub(super) mails: Vec<Mail>,
    /// What arrived, by the mail's id.
    pub(super) read: BTreeMap<String, Rc<Read>>,
    pub(super) crms: BTreeMap<String, Crm>,
}

impl Outside {
    pub(super) fn new() -> Self {
        let crm = |types: &[EventType]| Crm {
            types: types.to_vec(),
            mood: CrmMood::Takes,
            enabled: false,
            from: 0,
            taken: BTreeSet::new(),
            dead: BTreeSet::new(),
            asked: BTreeMap::new(),
            cursor: 0,
            stopped: false,
        };
        Self {
            mail_mood: MailMood::Takes,
            mails: Vec::new(),
            read: BTreeMap::new(),
            crms: BTreeMap::from([
                ("all".to_owned(), crm(&EventType::ALL)),
                ("usual".to_owned(), crm(&EventType::DEFAULT)),
                ("stops".to_owned(), crm(&[EventType::Withdrawn])),
            ]),
        }
    }
}
