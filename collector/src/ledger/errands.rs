//! Errands: everything that a ledger does to the outside, started from what is stored.
//!
//! After each commit and on each alarm: what is due and not under way is begun, each errand by itself, so that a dead CRM holds up
//! neither mails nor other CRMs. The alarm is set for what comes next; while errands are under way it stands a little in the future, so
//! that if this object dies with them, the alarm begins them again.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use sayso_shared::{key::EndpointKey, mailing::Handover, time::Timestamp};
use worker::{Env, Result, State, console_error};

use super::{alarm::Alarm, book::Book};
use crate::{
    chance, clock,
    failure::{Failure, Outcome},
    gathering::Gathering,
    settings::Settings,
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
    alarm: Alarm,
    pub(super) gathering: Gathering,
    /// What is being performed right now, so that it is not begun twice.
    busy: RefCell<BTreeSet<Errand>>,
    /// How far the persons' keys have been re-wrapped since waking; nothing when all are.
    rewrapped: RefCell<Option<String>>,
    /// What went wrong through no fault of the other side, and until when it is left alone.
    paused: RefCell<BTreeMap<Errand, Timestamp>>,
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
            alarm: Alarm::default(),
            gathering: Gathering::default(),
            busy: RefCell::default(),
            paused: RefCell::default(),
            rewrapped: RefCell::new(Some(String::new())),
        }
    }

    /// Begins what is due, and sets the alarm.
    pub(super) async fn run_errands(self: &Rc<Self>, now: Timestamp) -> Result<()> {
        match self.begin_errands(now) {
            Ok(Some(next)) => self.look_again(next, now).await,
            Ok(None) => Ok(()),
            Err(failure) => {
                // Nothing is lost: it stays in the outbox, and is tried again later.
                log(failure);
                self.look_again(now + PAUSE, now).await
            }
        }
    }

    /// The alarm has come: whatever is due is begun, and it is set anew.
    pub(super) async fn ring(self: &Rc<Self>, now: Timestamp) -> Result<()> {
        self.alarm.is_gone();
        self.run_errands(now).await
    }

    async fn look_again(&self, at: Timestamp, now: Timestamp) -> Result<()> {
        if !self.alarm.misses(at, now) {
            return Ok(());
        }
        let wait = (at.unix_millis() - now.unix_millis()).max(0);
        self.alarm.stands(at);
        let set = self.state.storage().set_alarm(wait).await;
        if set.is_err() {
            self.alarm.is_gone();
        }
        set
    }

    /// Begins what is due, and says when to look again.
    fn begin_errands(self: &Rc<Self>, now: Timestamp) -> Outcome<Option<Timestamp>> {
        if !self.book.has_schema()? {
            return Ok(None);
        }
        let mut looks: Vec<Timestamp> = Vec::new();
        self.paused.borrow_mut().retain(|_, until| *until > now);
        let ended = [
            self.book.lapse(now)?,
            self.book.expire(now)?,
            self.book.let_go(now)?,
            self.book.forget_clients(now)?,
        ];
        for ended in ended {
            looks.extend(ended.next);
            for failure in ended.failures {
                log(failure);
                looks.push(now + PAUSE);
            }
        }
        // Its place is kept until the next is known: a call that fails is made again.
        let after = self.rewrapped.borrow().clone();
        if let Some(after) = after {
            let last = self.book.rewrap_some(&after)?;
            looks.extend(last.is_some().then_some(now));
            self.rewrapped.replace(last);
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
                    self.begin(errand, |ledger| async move {
                        ledger.run_lane(&endpoint.key).await
                    });
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
        looks.extend(self.paused.borrow().values());
        Ok(looks.into_iter().min())
    }

    /// Begins an errand, unless it is under way already or left alone for a while. When it is done, what comes next is looked at.
    fn begin<F>(self: &Rc<Self>, errand: Errand, perform: impl FnOnce(Rc<Self>) -> F + 'static)
    where
        F: Future<Output = Outcome<()>> + 'static,
    {
        if self.paused.borrow().contains_key(&errand)
            || !self.busy.borrow_mut().insert(errand.clone())
        {
            return;
        }
        let ledger = Rc::clone(self);
        self.state.wait_until(async move {
            let performed = perform(Rc::clone(&ledger)).await;
            let now = clock::now();
            ledger.busy.borrow_mut().remove(&errand);
            let is_mail = matches!(errand, Errand::Mail(_));
            if let Err(failure) = performed {
                log(failure);
                ledger.paused.borrow_mut().insert(errand, now + PAUSE);
            }
            // The last mail looks, for all: until then the alarm stands.
            if is_mail && ledger.is_posting() {
                return;
            }
            if let Err(error) = ledger.run_errands(now).await {
                console_error!("the alarm could not be set: {error}");
            }
        });
    }

    /// Whether a mail is under way.
    fn is_posting(&self) -> bool {
        let busy = self.busy.borrow();
        busy.iter().any(|errand| matches!(errand, Errand::Mail(_)))
    }

    /// Hands one mail over. A mail that was taken, and whose taking was not noted, is sent again under the same id.
    async fn post(&self, id: &str) -> Outcome<()> {
        let Some(dispatch) = self.book.mail(id)? else {
            return Ok(());
        };
        let keys = self.book.keys()?;
        let handover = keys.settings.mailer.hand_over(&self.env, dispatch).await;
        match &handover {
            Handover::Taken => {}
            Handover::Refused(refusal) => {
                console_error!("mail {id} was refused for good: {}", refusal.code);
            }
            Handover::Declined(refusal) => {
                console_error!("mail {id} was not taken: {}", refusal.code);
            }
            Handover::Failed(why) => console_error!("mail {id} was not taken: {why}"),
        }
        self.gathering.join().await;
        self.book.note_handover(id, &handover, clock::now())
    }

    /// Sends events of a lane, one after the other, until there are none or one is not taken. The endpoint is looked up each
    /// time: it may have moved, or be gone.
    async fn run_lane(&self, endpoint: &EndpointKey) -> Outcome<()> {
        loop {
            let snapshot = self.book.snapshot()?;
            let Some(endpoint) = snapshot
                .endpoints
                .iter()
                .find(|known| known.key == *endpoint)
            else {
                return Ok(());
            };
            let next = self.book.next_delivery(endpoint)?;
            let Some(next) = next.filter(|next| next.lane.next_at <= clock::now()) else {
                return Ok(());
            };
            let attempt = self.deliver(endpoint, &next.event).await?;
            let [jitter] = chance::bytes();
            self.book
                .note_attempt(&endpoint.key, &next, attempt, clock::now(), jitter)?;
        }
    }
}

/// Tells the operator, without what the request held.
pub(super) fn log(failure: Failure) {
    match failure {
        Failure::Problem(problem) => console_error!("errand: {}: {}", problem.kind, problem.detail),
        Failure::Answered(response) => {
            console_error!("errand: answered {}", response.status_code());
        }
        Failure::Fault(error) => console_error!("errand: {error}"),
    }
}
