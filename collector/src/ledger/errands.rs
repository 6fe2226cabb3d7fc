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

use sayso_shared::{
    connector::{Change, Connector, Verdict},
    endpoint::Endpoint,
    key::EndpointKey,
    mailing::Handover,
    snapshot::Snapshot,
    time::Timestamp,
};
use worker::{Env, Result, State, console_error};

use super::{
    alarm::Alarm,
    bell::Bell,
    book::{Book, Keys},
    lanes::Delivery,
};
use crate::{
    chance, clock,
    connector::{self, Desk, stage::Stage, tokens::AllTokens, wire::Wire},
    failure::{Failure, Outcome},
    gathering::Gathering,
    settings::Settings,
    store::ObjectStore,
    webhook::{Parcel, Posted, signers},
};

/// How long an errand may take before the alarm looks after it: the longest time-out of an errand and some.
const PATIENCE: Duration = Duration::from_secs(20);

/// After how long something that should not have gone wrong is tried again.
const PAUSE: Duration = Duration::from_mins(1);

/// How many endpoints that failed the last time are tried at once.
const FAILING_AT_ONCE: usize = 2;

/// A ledger that is awake.
pub(super) struct Ledger {
    pub(super) book: Book<ObjectStore>,
    state: State,
    env: Env,
    alarm: Alarm,
    pub(super) gathering: Gathering,
    /// Rung when something may have been written
    pub(super) bell: Bell,
    /// What is being performed right now, so that it is not begun twice.
    busy: RefCell<BTreeSet<Errand>>,
    /// The endpoints under way that failed the last time
    retrying: RefCell<BTreeSet<EndpointKey>>,
    /// How far the persons' keys have been re-wrapped since waking; nothing when all are.
    rewrapped: RefCell<Option<String>>,
    /// What went wrong through no fault of the other side, and until when it is left alone.
    paused: RefCell<BTreeMap<Errand, Timestamp>>,
    /// What CRMs gave for credentials
    tokens: AllTokens,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Errand {
    Mail(String),
    Lane(EndpointKey),
    Alert(EndpointKey),
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
            bell: Bell::default(),
            busy: RefCell::default(),
            retrying: RefCell::default(),
            paused: RefCell::default(),
            tokens: AllTokens::default(),
            rewrapped: RefCell::new(Some(String::new())),
        }
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    /// Begins what is due, and sets the alarm.
    pub(super) async fn run_errands(self: &Rc<Self>, now: Timestamp) -> Result<()> {
        let begun = self.begin_errands(now);
        // Every commit leads here, and so do what lapses and expires.
        self.bell.ring();
        match begun {
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
        for alert in self.book.waiting_alerts()? {
            if alert.at > now {
                looks.push(alert.at);
            } else {
                self.begin(Errand::Alert(alert.endpoint.clone()), |ledger| async move {
                    ledger.warn(&alert.endpoint).await
                });
            }
        }
        self.begin_lanes(now, &mut looks)?;
        if !self.busy.borrow().is_empty() {
            looks.push(now + PATIENCE);
        }
        looks.extend(self.paused.borrow().values());
        Ok(looks.into_iter().min())
    }

    /// Begins the lanes that are due. Endpoints that failed the last time are tried a few at once, so that however many are dead, there are
    /// connections left for those that are not: Cloudflare lets an invocation have six open.
    fn begin_lanes(self: &Rc<Self>, now: Timestamp, looks: &mut Vec<Timestamp>) -> Outcome<()> {
        let snapshot = self.book.snapshot()?;
        let mut failing = Vec::new();
        for endpoint in &snapshot.endpoints {
            // What is under way looks for itself when it is done; what is left alone for a while takes no place among those that fail.
            let errand = Errand::Lane(endpoint.key.clone());
            if self.busy.borrow().contains(&errand) || self.paused.borrow().contains_key(&errand) {
                continue;
            }
            match self.book.delivery_due(endpoint, now) {
                Ok(None) => {}
                Ok(Some(due)) if due.at > now => looks.push(due.at),
                Ok(Some(due)) if due.is_failing => failing.push((due.at, &endpoint.key)),
                Ok(Some(_)) => self.begin_lane(&endpoint.key),
                Err(failure) => {
                    log(failure);
                    looks.push(now + PAUSE);
                }
            }
        }
        failing.sort_unstable();
        for (_, endpoint) in failing {
            if self.retrying.borrow().len() < FAILING_AT_ONCE {
                self.retrying.borrow_mut().insert(endpoint.clone());
                self.begin_lane(endpoint);
            }
        }
        Ok(())
    }

    fn begin_lane(self: &Rc<Self>, endpoint: &EndpointKey) {
        let key = endpoint.clone();
        self.begin(Errand::Lane(key.clone()), |ledger| async move {
            let ran = ledger.run_lane(&key).await;
            ledger.retrying.borrow_mut().remove(&key);
            ran
        });
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

    /// Tells the operator that a lane has stopped.
    async fn warn(&self, endpoint: &EndpointKey) -> Outcome<()> {
        let Some(dispatch) = self.book.alert(endpoint)? else {
            return Ok(());
        };
        let keys = self.book.keys()?;
        let handover = keys.settings.mailer.hand_over(&self.env, dispatch).await;
        if handover != Handover::Taken {
            console_error!("the mail about the endpoint {endpoint} was not taken");
        }
        self.book.note_alert(endpoint, &handover, clock::now())
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
            let is_due = |next: &Delivery| next.is_again || next.lane.next_at <= clock::now();
            let Some(next) = next.filter(is_due) else {
                return Ok(());
            };
            let keys = self.book.keys()?;
            let posted = match &endpoint.connector {
                None => {
                    let signers = signers(&keys.vault, &snapshot.site, endpoint, clock::now())?;
                    let parcel = Parcel {
                        url: &endpoint.url,
                        id: next.event.data.id.to_string(),
                        body: serde_json::to_string(&next.event)?,
                    };
                    parcel.post(&signers, &keys.settings).await?
                }
                Some(connector) => {
                    self.tell(&keys, &snapshot, endpoint, connector, &next)
                        .await?
                }
            };
            let [jitter] = chance::bytes();
            self.book
                .note_attempt(&endpoint.key, &next, &posted, clock::now(), jitter)?;
        }
    }

    /// Tells a CRM of an event in its own words. What is older than something that the same CRM gets anyway is left out: sent again after
    /// a replay, it would for a moment be a yes over a later no.
    async fn tell(
        &self,
        keys: &Keys,
        snapshot: &Snapshot,
        endpoint: &Endpoint,
        connector: &Connector,
        next: &Delivery,
    ) -> Outcome<Posted> {
        let at = clock::now();
        if self.book.is_overtaken(endpoint, &next.event)? {
            let verdict = Verdict::not_wanted("A later change of the same purpose counts.");
            return Ok(connector::posted(&verdict, at, at));
        }
        let credentials =
            connector::credentials(&keys.vault, &snapshot.site, &endpoint.key, connector)?;
        let tokens = self
            .tokens
            .of(&endpoint.key, serde_json::to_vec(connector)?);
        let desk = Desk {
            tokens: &tokens,
            now: at,
        };
        let wire = Stage::performance(Wire::within(keys.settings.reach()));
        let change = Change::of(&next.event, &snapshot.definition);
        let verdict = connector::tell(&wire, &connector.crm, &credentials, &desk, &change).await;
        Ok(connector::posted(&verdict, at, clock::now()))
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
