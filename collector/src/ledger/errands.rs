//! Errands: everything that a ledger does to the outside, started from what is stored.
//!
//! After each commit and on each alarm: what is due and not under way is begun, each errand by itself, so that a dead CRM holds up
//! neither mails nor other CRMs. The alarm is set for what comes next; while errands are under way it stands a little in the future, so
//! that if this object dies with them, the alarm begins them again.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

use sayso_shared::{key::EndpointKey, snapshot::Endpoint, time::Timestamp};
use worker::{Env, Result, State, console_error};

use super::book::Book;
use crate::{
    chance, clock,
    failure::{Failure, Outcome},
    mailbox,
    settings::{Mailer, Settings},
    store::ObjectStore,
};

/// How long an errand may take before the alarm looks after it: the longest time-out of an errand and some.
const PATIENCE: Duration = Duration::from_secs(20);

/// After how long something that should not have gone wrong is tried again.
const PAUSE: Duration = Duration::from_mins(1);

/// A ledger that is awake.
pub(super) struct Ledger {
    pub(super) book: Book<ObjectStore>,
    state: State,
    env: Env,
    /// What is being performed right now, so that it is not begun twice.
    busy: RefCell<BTreeSet<Errand>>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Errand {
    Mail(String),
    Lane(EndpointKey),
}

impl Ledger {
    pub(super) fn wake(state: State, env: Env) -> Self {
        let book = Book::open(ObjectStore::of(&state), Settings::read(&env));
        Self {
            book,
            state,
            env,
            busy: RefCell::default(),
        }
    }

    /// Begins what is due, and sets the alarm.
    pub(super) async fn run_errands(self: &Rc<Self>, now: Timestamp) -> Result<()> {
        match self.begin_errands(now) {
            Ok(Some(next)) => {
                let wait = next.unix_millis() - now.unix_millis();
                self.state.storage().set_alarm(wait.max(0)).await
            }
            Ok(None) => Ok(()),
            Err(failure) => self.pause(failure).await,
        }
    }

    /// Nothing is lost: it stays in the outbox, and is tried again later.
    async fn pause(&self, failure: Failure) -> Result<()> {
        log(failure);
        self.state.storage().set_alarm(PAUSE).await
    }

    /// Begins what is due, and says when to look again.
    fn begin_errands(self: &Rc<Self>, now: Timestamp) -> Outcome<Option<Timestamp>> {
        if !self.book.has_schema()? {
            return Ok(None);
        }
        let mut looks: Vec<Timestamp> = Vec::new();
        // A person's record that cannot be read holds up that person only.
        match self.book.lapse(now) {
            Ok(next) => looks.extend(next),
            Err(failure) => {
                log(failure);
                looks.push(now + PAUSE);
            }
        }
        for mail in self.book.waiting_mails()? {
            if mail.due() > now {
                looks.push(mail.due());
            } else {
                self.begin(Errand::Mail(mail.id.clone()), |ledger| async move {
                    ledger.post(&mail.id).await
                });
            }
        }
        for endpoint in self.book.snapshot()?.endpoints.clone() {
            match self.book.next_delivery(&endpoint) {
                Ok(Some(next)) if next.lane.next_at > now => looks.push(next.lane.next_at),
                Ok(Some(_)) => {
                    let errand = Errand::Lane(endpoint.key.clone());
                    self.begin(
                        errand,
                        |ledger| async move { ledger.run_lane(&endpoint).await },
                    );
                }
                Ok(None) => {}
                Err(failure) => {
                    log(failure);
                    looks.push(now + PAUSE);
                }
            }
        }
        if !self.busy.borrow().is_empty() {
            looks.push(now + PATIENCE);
        }
        Ok(looks.into_iter().min())
    }

    /// Begins an errand, unless it is under way already. When it is done, what comes next is looked at.
    fn begin<F>(self: &Rc<Self>, errand: Errand, perform: impl FnOnce(Rc<Self>) -> F + 'static)
    where
        F: Future<Output = Outcome<()>> + 'static,
    {
        if !self.busy.borrow_mut().insert(errand.clone()) {
            return;
        }
        let ledger = Rc::clone(self);
        self.state.wait_until(async move {
            let performed = perform(Rc::clone(&ledger)).await;
            ledger.busy.borrow_mut().remove(&errand);
            let set = match performed {
                Ok(()) => ledger.run_errands(clock::now()).await,
                Err(failure) => ledger.pause(failure).await,
            };
            if let Err(error) = set {
                console_error!("the alarm could not be set: {error}");
            }
        });
    }

    /// Hands one mail over. A mail that was taken, and whose taking was not noted, is sent again under the same id.
    async fn post(&self, id: &str) -> Outcome<()> {
        let Some(letter) = self.book.mail(id)? else {
            return Ok(());
        };
        let sent = match self.book.keys()?.settings.mailer {
            Mailer::Dev => mailbox::drop_in(&self.env, id, letter).await,
        };
        match sent {
            Ok(()) => self.book.note_sent(id, clock::now()),
            Err(error) => {
                console_error!("mail {id} did not leave: {error}");
                self.book.note_not_sent(id, clock::now())
            }
        }
    }

    /// Sends events of a lane, one after the other, until there are none or one is not taken.
    async fn run_lane(&self, endpoint: &Endpoint) -> Outcome<()> {
        while let Some(next) = self
            .book
            .next_delivery(endpoint)?
            .filter(|next| next.lane.next_at <= clock::now())
        {
            let attempt = self.deliver(endpoint, &next.event).await?;
            let [jitter] = chance::bytes();
            self.book
                .note_attempt(&endpoint.key, &next, attempt, clock::now(), jitter)?;
        }
        Ok(())
    }
}

fn log(failure: Failure) {
    match failure {
        Failure::Problem(problem) => console_error!("errand: {}: {}", problem.kind, problem.detail),
        Failure::Answered(response) => {
            console_error!("errand: answered {}", response.status_code());
        }
        Failure::Fault(error) => console_error!("errand: {error}"),
    }
}
