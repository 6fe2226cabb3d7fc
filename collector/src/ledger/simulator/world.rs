//! The world: a ledger's book, everybody around it, and the steps that they take.
//!
//! Each step does one thing to the book, at a random moment of a clock that jumps, and perhaps with the power going in the middle of it.
//! Then what the book shows is compared with what the model says.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use sayso_shared::{delivery::Outcome as Attempt, jws::Jwk, problem::Problem};
use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{book::Book, lanes::Delivery},
    invariants::{self as invariant, Check, must},
    keeper::Kek,
    model::Model,
    outside::{CrmMood, MailMood, Outside},
    power::{Cut, Plan},
    site::{Look, Press, Published},
};
use crate::{
    dice::Dice,
    failure::{Failure, Outcome},
    native_store::NativeStore,
    sabotage::Sabotage,
    settings::Settings,
};

pub(super) const SECOND: i64 = 1000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// One thing that happens to the book, and the check of what came of it.
type Act = fn(&mut World) -> Check;

/// What may happen in a step, and how often it does, of the sum of all.
const ACTS: &[(u32, Act)] = &[
    (22, World::fill_in_and_send),
    (12, |world| world.with_form(World::send)),
    (2, |world| world.with_form(World::reuse_id)),
    (13, World::press_confirm),
    (8, World::press_withdraw),
    (6, World::look_around),
    (5, World::pull),
    (12, World::ring),
    (2, World::erase),
    (5, World::begin_delivery),
    (5, World::end_delivery),
    (1, World::replay),
    (1, World::resend),
    (2, |world| {
        world.change_mail_mood();
        Ok(())
    }),
    (2, |world| {
        world.change_crm_mood();
        Ok(())
    }),
    (3, World::publish_and_learn),
    (1, World::learn),
    (2, World::evict),
    (1, |world| {
        world.replace_kek();
        Ok(())
    }),
];

/// The book, and everybody around it.
pub(super) struct World {
    pub(super) model: Model,
    pub(super) trace: Vec<String>,
    pub(super) dice: Dice,
    /// Milliseconds since the tests' beginning, by the ledger's clock
    pub(super) now: i64,
    pub(super) book: Option<Book<NativeStore>>,
    pub(super) file: Option<PathBuf>,
    pub(super) jwks: Vec<Jwk>,
    /// While it is calm nothing crashes.
    pub(super) calm: bool,
    pub(super) people: u32,
    pub(super) press: Press,
    pub(super) published: Vec<Published>,
    pub(super) known: Option<Published>,
    pub(super) forms: Vec<Sent>,
    pub(super) presses: BTreeSet<(Uuid, String)>,
    pub(super) outside: Outside,
    pub(super) in_flight: Vec<InFlight>,
    /// Where the reader of everything stands
    pub(super) tail: String,
    /// Where a CRM that pulls stands, and what it has
    pub(super) puller: (String, Vec<u64>),
    pub(super) kek: Kek,
    /// When the power goes, where that is planned
    pub(super) plan: Option<Plan>,
    /// How often the book was asked for something that it may die of
    pub(super) askings: u32,
    /// Whether it ever did
    pub(super) died: bool,
    sabotage: Option<Sabotage>,
}

/// A form that somebody filled in, sent or not yet.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) id: Uuid,
    pub(super) email: String,
    pub(super) choices: BTreeMap<String, bool>,
    pub(super) decided_at: i64,
    pub(super) look: Look,
    pub(super) document: Value,
}

/// A delivery under way: the CRM has answered, and we have not noted it.
pub(super) struct InFlight {
    pub(super) crm: String,
    pub(super) delivery: Delivery,
    pub(super) attempt: Attempt,
}

/// What came of asking the book.
pub(super) enum Fate<T> {
    Done(T),
    Refused(Box<Problem>),
    Died,
}

/// How much of what was predicted must have come.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Share {
    All,
    AllOrNothing,
    Any,
}

impl World {
    pub(super) fn new(seed: u64, file: Option<PathBuf>, sabotage: Option<Sabotage>) -> Self {
        crate::chance::repeated::from(!seed);
        let mut dice = Dice::new(seed);
        let store = file
            .as_ref()
            .map_or_else(NativeStore::in_memory, |file| NativeStore::at(file));
        store.sabotage.set(sabotage);
        let people = [1, 2, 5, 12][dice.below(4) as usize];
        let first = Published {
            revision: 1,
            look: Look {
                words: 0,
                wide: dice.one_in(2),
            },
            endpoints: BTreeSet::from(["all".to_owned()]),
        };
        let book = Book::open(store, Ok(Settings::for_tests()));
        Self {
            model: Model::default(),
            trace: Vec::new(),
            dice,
            now: HOUR,
            book: Some(book),
            file,
            jwks: vec![Settings::for_tests().signing_key().jwk()],
            calm: false,
            people,
            press: Press::default(),
            published: vec![first],
            known: None,
            forms: Vec::new(),
            presses: BTreeSet::new(),
            outside: Outside::new(),
            in_flight: Vec::new(),
            tail: String::new(),
            puller: (String::new(), Vec::new()),
            kek: Kek::default(),
            plan: None,
            askings: 0,
            died: false,
            sabotage,
        }
    }

    /// One thing happens.
    pub(super) fn step(&mut self) -> Check {
        self.tick();
        if self.known.is_none() {
            return self.learn();
        }
        if self.dice.one_in(1500) {
            return self.rush();
        }
        let all = ACTS.iter().map(|(weight, _)| weight).sum();
        let mut left = self.dice.below(all);
        let chosen = ACTS.iter().find(|(weight, _)| {
            let found = left < *weight;
            left = left.wrapping_sub(*weight);
            found
        });
        chosen.expect("less than all").1(self)
    }

    /// Another process takes over, as the platform does whenever it likes.
    fn evict(&mut self) -> Check {
        self.trace.push("evicted".to_owned());
        self.reopen();
        // All of it is looked at, in a long history not each time.
        if self.model.log.len() < 20 || self.dice.one_in(4) {
            self.everything_is_there()
        } else {
            Ok(())
        }
    }

    fn change_mail_mood(&mut self) {
        self.outside.mail_mood = *self.dice.pick(&MailMood::ALL).expect("a mood");
        self.say(|world| format!("the mail server {:?}", world.outside.mail_mood));
    }

    fn change_crm_mood(&mut self) {
        let names: Vec<String> = self.outside.crms.keys().cloned().collect();
        let (name, mood) = (
            self.dice.pick(&names).expect("a CRM"),
            *self.dice.pick(&CrmMood::ALL).expect("a mood"),
        );
        self.trace.push(format!("the CRM {name} {mood:?}"));
        self.outside.crms.get_mut(name).expect("a CRM").mood = mood;
    }

    /// After the last step the outside mends, and all that is owed has to arrive.
    pub(super) fn settle(&mut self) -> Check {
        self.calm = true;
        self.trace.push("everything mends".to_owned());
        self.reopen();
        self.outside.mail_mood = MailMood::Takes;
        for crm in self.outside.crms.values_mut() {
            crm.mood = CrmMood::Takes;
        }
        for _ in 0..8 {
            self.run_errands()?;
            self.now += 12 * HOUR;
        }
        self.run_errands()?;
        for mail in &self.outside.mails {
            let forgotten = self.model.subjects[mail.subject].gone;
            let arrived = self.outside.read.contains_key(&mail.id);
            let given_up = mail.refused >= 6 || mail.useless;
            must(
                mail.settled && (arrived || forgotten || mail.cancelled || given_up),
                || format!("1: mail {} never left", mail.id),
            )?;
        }
        for (name, crm) in &self.outside.crms {
            invariant::an_event_is_in_every_enabled_lane(name, crm, self)?;
            let mut owed = self
                .model
                .log
                .range(crm.cursor + 1..)
                .filter(|(_, entry)| invariant::wants(crm, entry));
            let waits = owed.next().is_some() || !crm.asked.is_empty();
            must(!crm.enabled || crm.stopped || !waits, || {
                format!("1: the CRM {name} still waits")
            })?;
        }
        while self.puller.1.len() < self.usual_events() {
            self.pull()?;
        }
        self.everything_is_there()?;
        for event in self.all_events()? {
            let change = event.data.consent();
            if let Some(change) = change.filter(|_| event.data.seq % 4 == 0) {
                invariant::everything_signed_verifies(&change.receipt, &self.jwks)?;
            }
        }
        Ok(())
    }

    /// All that is on record is looked at from the beginning, as after a crash.
    pub(super) fn everything_is_there(&self) -> Check {
        invariant::an_acknowledged_submission_is_in_the_ledger_and_in_the_pull(self)?;
        self.no_table_holds_anything_of_the_forgotten()?;
        for subject in 0..self.model.subjects.len() {
            invariant::who_is_forgotten_is_in_no_store(self, subject)?;
            self.standing_is_that_of_the_model(subject)?;
        }
        Ok(())
    }

    pub(super) fn tick(&mut self) {
        let (before, dice) = (self.now, &mut self.dice);
        let some = |dice: &mut Dice, most: i64| {
            i64::from(dice.below(u32::try_from(most).expect("less than 50 days")))
        };
        self.now += match dice.below(40) {
            0..6 => 0,
            6..28 => some(dice, 3 * SECOND),
            28..34 => some(dice, 5 * MINUTE),
            34..37 => some(dice, 5 * HOUR),
            37 => some(dice, 4 * DAY),
            // To the millisecond at which something lapses.
            38 => self
                .model
                .submissions
                .values()
                .filter_map(|kept| kept.waiting_until)
                .find(|until| *until > before)
                .map_or(0, |until| until - before - some(dice, 2)),
            _ => -some(dice, 2 * HOUR),
        };
        self.now = self.now.max(0);
        if (self.now - before).abs() > MINUTE {
            self.say(|world| format!("the clock goes {} s", (world.now - before) / SECOND));
        }
    }

    pub(super) fn book(&self) -> &Book<NativeStore> {
        self.book.as_ref().expect("a book is open")
    }

    /// Asks for something that cannot fail.
    pub(super) fn look<T>(
        &self,
        ask: impl FnOnce(&Book<NativeStore>) -> Outcome<T>,
    ) -> Result<T, String> {
        ask(self.book()).map_err(|failure| why(&failure))
    }

    /// Asks for something in the middle of which the power may go.
    pub(super) fn attempt<T>(
        &mut self,
        ask: impl FnOnce(&Book<NativeStore>) -> Outcome<T>,
    ) -> Result<Fate<T>, String> {
        let cut = self.next_cut();
        let book = self.book.as_ref().expect("a book is open");
        let (writes, commits) = match cut {
            None => (None, None),
            Some(Cut::BeforeWrite(write)) => (Some(write), None),
            Some(Cut::AfterCommit(commit)) => (None, Some(commit)),
        };
        book.store.writes_left.set(writes);
        book.store.commits_left.set(commits);
        let outcome = ask(book);
        book.store.writes_left.set(None);
        book.store.commits_left.set(None);
        match outcome {
            Ok(value) => Ok(Fate::Done(value)),
            Err(Failure::Problem(problem)) if problem.status < 500 => Ok(Fate::Refused(problem)),
            Err(failure) if cut.is_some() && why(&failure).contains("the process died") => {
                self.trace.push(format!("† {cut:?}"));
                self.died = true;
                self.reopen();
                Ok(Fate::Died)
            }
            Err(failure) => Err(why(&failure)),
        }
    }

    /// Whether the power goes in this asking, and when.
    fn next_cut(&mut self) -> Option<Cut> {
        let asking = self.askings;
        self.askings += 1;
        if let Some(plan) = self.plan {
            return (plan.asking == asking).then_some(plan.cut);
        }
        if self.calm || !self.dice.one_in(10) {
            return None;
        }
        Some(if self.dice.one_in(3) {
            Cut::AfterCommit(1 + self.dice.below(2))
        } else {
            Cut::BeforeWrite(self.dice.below(16))
        })
    }

    /// Another process opens the same store.
    pub(super) fn reopen(&mut self) {
        self.in_flight.clear();
        let mut store = self.book.take().expect("a book is open").store;
        if let Some(file) = &self.file {
            drop(store);
            store = NativeStore::at(file);
            store.sabotage.set(self.sabotage);
        }
        self.book = Some(Book::open(store, Ok(self.kek.settings())));
    }

    pub(super) fn say(&mut self, what: impl FnOnce(&Self) -> String) {
        let said = format!("{:>9} s  {}", self.now / SECOND, what(self));
        self.trace.push(said);
    }
}

pub(super) fn why(failure: &Failure) -> String {
    match failure {
        Failure::Problem(problem) => format!("{}: {}", problem.kind, problem.detail),
        Failure::Answered(_) => "an answer of another object".to_owned(),
        Failure::Fault(error) => error.to_string(),
    }
}
