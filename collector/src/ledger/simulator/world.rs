//! The world: a ledger's book, everybody around it, and the steps that they take.
//!
//! Each step does one thing to the book, at a random moment of a clock that jumps, and perhaps with the power going in the middle of it.
//! Then what the book shows is compared with what the model says.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    rc::Rc,
};

use sayso_shared::{
    consent::Status,
    delivery::Outcome as Attempt,
    event::{Event, EventType},
    id::uuid_v7,
    jws::Jwk,
    key::{EndpointKey, PurposeKey},
    problem::Problem,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{
        book::Book,
        fixture::{ORIGIN, at, submission},
        lanes::Delivery,
    },
    invariants::{self as invariant, Check, must},
    model::{CONFIRM_WITHIN, CONFIRMED_BY_MAIL, Change, Entry, Kept, Model, Subject},
    outside::{CrmMood, Mail, MailMood, Outside, Read},
    site::{Look, Press, Published},
};
use crate::{
    dice::Dice,
    failure::{Failure, Outcome},
    native_store::NativeStore,
    pages::{ConfirmView, PreferencesView},
    settings::Settings,
    store::{Store as _, text},
};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The book, and everybody around it.
pub(super) struct World {
    pub(super) model: Model,
    pub(super) trace: Vec<String>,
    dice: Dice,
    /// Milliseconds since the tests' beginning, by the ledger's clock
    now: i64,
    book: Option<Book<NativeStore>>,
    file: Option<PathBuf>,
    jwks: Vec<Jwk>,
    /// While it is calm nothing crashes.
    calm: bool,
    people: u32,
    press: Press,
    published: Vec<Published>,
    known: Option<Published>,
    forms: Vec<Sent>,
    presses: BTreeSet<(Uuid, String)>,
    outside: Outside,
    in_flight: Vec<InFlight>,
    /// Where the reader of everything stands
    tail: String,
    /// Where a CRM that pulls stands, and what it has
    puller: (String, Vec<u64>),
}

/// A form that somebody filled in, sent or not yet.
#[derive(Clone)]
struct Sent {
    id: Uuid,
    email: String,
    choices: BTreeMap<String, bool>,
    decided_at: i64,
    look: Look,
    document: Value,
}

/// A delivery under way: the CRM has answered, and we have not noted it.
struct InFlight {
    crm: String,
    delivery: Delivery,
    attempt: Attempt,
}

/// What came of asking the book.
enum Fate<T> {
    Done(T),
    Refused(Box<Problem>),
    Died,
}

/// How much of what was predicted must have come.
#[derive(Clone, Copy, PartialEq)]
enum Share {
    All,
    AllOrNothing,
    Any,
}

#[derive(Deserialize)]
struct LaneRow {
    cursor: u64,
    stopped: Option<String>,
}

#[derive(Deserialize)]
struct IdRow {
    id: String,
}

#[derive(Deserialize)]
struct CountRow {
    count: u64,
}

impl World {
    pub(super) fn new(seed: u64, file: Option<PathBuf>) -> Self {
        crate::chance::repeated::from(!seed);
        let mut dice = Dice::new(seed);
        let store = file
            .as_ref()
            .map_or_else(NativeStore::in_memory, |file| NativeStore::at(file));
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
        match self.dice.below(100) {
            0..22 => {
                self.fill_in();
                // Some are sent later, after others.
                if self.dice.one_in(8) {
                    Ok(())
                } else {
                    self.send(self.forms.len() - 1)
                }
            }
            22..34 => self.with_form(Self::send),
            34..36 => self.with_form(Self::reuse_id),
            36..49 => self.press_confirm(),
            49..57 => self.press_withdraw(),
            57..63 => self.look_around(),
            63..68 => self.pull(),
            68..80 => {
                let check = self.run_errands();
                // An alarm may ring twice.
                if self.dice.one_in(5) {
                    check.and_then(|()| self.run_errands())
                } else {
                    check
                }
            }
            80..85 => self.begin_delivery(),
            85..90 => self.end_delivery(),
            90..92 => {
                self.outside.mail_mood = *self.dice.pick(&MailMood::ALL).expect("a mood");
                self.say(|world| format!("the mail server {:?}", world.outside.mail_mood));
                Ok(())
            }
            92..94 => {
                let names: Vec<String> = self.outside.crms.keys().cloned().collect();
                let (name, mood) = (
                    self.dice.pick(&names).expect("a CRM"),
                    *self.dice.pick(&CrmMood::ALL).expect("a mood"),
                );
                self.trace.push(format!("the CRM {name} {mood:?}"));
                self.outside.crms.get_mut(name).expect("a CRM").mood = mood;
                Ok(())
            }
            94..97 => {
                self.publish();
                self.learn()
            }
            97..98 => self.learn(),
            _ => {
                self.trace.push("evicted".to_owned());
                self.reopen();
                // All of it is looked at, in a long history not each time.
                if self.model.log.len() < 20 || self.dice.one_in(4) {
                    self.everything_is_there()
                } else {
                    Ok(())
                }
            }
        }
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
            must(
                mail.settled && (arrived || forgotten || mail.cancelled || mail.refused >= 6),
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
            must(!crm.enabled || crm.stopped || owed.next().is_none(), || {
                format!("1: the CRM {name} still waits")
            })?;
        }
        while self.puller.1.len() < self.usual_events() {
            self.pull()?;
        }
        self.everything_is_there()?;
        for event in self.all_events()? {
            if event.data.seq % 4 == 0 {
                invariant::everything_signed_verifies(&event.data.receipt, &self.jwks)?;
            }
        }
        Ok(())
    }

    /// All that is on record is looked at from the beginning, as after a crash.
    fn everything_is_there(&self) -> Check {
        invariant::an_acknowledged_submission_is_in_the_ledger_and_in_the_pull(self)?;
        for subject in 0..self.model.subjects.len() {
            invariant::who_is_forgotten_is_in_no_store(self, subject)?;
            self.standing_is_that_of_the_model(subject)?;
        }
        Ok(())
    }

    fn tick(&mut self) {
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

    // The operator

    fn publish(&mut self) {
        let mut next = self.published.last().expect("a version").clone();
        next.revision += 1;
        match self.dice.below(4) {
            0 => next.look.words = self.dice.below(3),
            1 => next.look.wide = !next.look.wide,
            _ => {
                let names: Vec<String> = self.outside.crms.keys().cloned().collect();
                let name = self.dice.pick(&names).expect("a CRM");
                if !next.endpoints.remove(name) {
                    next.endpoints.insert(name.clone());
                }
            }
        }
        self.published.push(next);
    }

    /// The ledger hears of a version of the site, mostly the newest.
    fn learn(&mut self) -> Check {
        let newest = self.published.last().expect("a version").clone();
        let told = if self.dice.one_in(3) {
            self.dice.pick(&self.published).expect("a version").clone()
        } else {
            newest
        };
        let snapshot = self.press.snapshot(&told, &self.outside.crms);
        let now = at(self.now);
        let fate = self.attempt(|book| book.learn(snapshot, now))?;
        let known = self.known.as_ref().map_or(0, |known| known.revision);
        let revision = match fate {
            Fate::Done(()) => known.max(told.revision),
            Fate::Refused(problem) => {
                return Err(format!("learning was refused: {}", problem.detail));
            }
            Fate::Died => match self.book().snapshot() {
                Ok(snapshot) => snapshot.revision,
                Err(_) => 0,
            },
        };
        self.say(|_| {
            format!(
                "learns revision {} of {known} {:?} {:?}: {revision}",
                told.revision, told.look, told.endpoints
            )
        });
        must(revision == known || revision == told.revision, || {
            "a revision that nobody told".to_owned()
        })?;
        if revision == told.revision {
            self.known = Some(told);
        }
        let Some(known) = self.known.clone() else {
            return Ok(());
        };
        self.nothing_happens()?;
        let last = self.last_seq();
        for (name, crm) in &mut self.outside.crms {
            let enabled = known.endpoints.contains(name);
            let lane = lane(self.book.as_ref().expect("a book"), name)?;
            if enabled && !crm.enabled {
                let lane = lane.ok_or_else(|| format!("1: no lane to {name}"))?;
                must(lane.cursor == last && lane.stopped.is_none(), || {
                    format!(
                        "1: the new lane to {name} begins at {} of {last}",
                        lane.cursor
                    )
                })?;
                crm.from = lane.cursor;
                crm.cursor = lane.cursor;
                crm.stopped = false;
                crm.taken.clear();
                crm.dead.clear();
            } else if enabled {
                must(lane.is_some_and(|lane| lane.cursor == crm.cursor), || {
                    format!("1: the lane to {name} moved by itself")
                })?;
            }
            crm.enabled = enabled;
        }
        Ok(())
    }

    // Visitors

    /// Somebody fills in a form, perhaps on a page that was loaded long ago.
    fn fill_in(&mut self) {
        let email = format!("person{}@example.com", self.dice.below(self.people));
        let look = if self.dice.one_in(12) {
            self.dice.pick(&self.published).expect("a version").look
        } else {
            self.known.as_ref().expect("a site").look
        };
        let choices: BTreeMap<String, bool> = look
            .purposes()
            .iter()
            .map(|key| ((*key).to_owned(), !self.dice.one_in(3)))
            .collect();
        let back = match self.dice.below(8) {
            0 => i64::from(self.dice.below(7_200_000)),
            1 => -i64::from(self.dice.below(60_000)),
            _ => i64::from(self.dice.below(5_000)),
        };
        let decided_at = self.now - back;
        let id = uuid_v7(at(decided_at), self.dice.bytes());
        let keys = choices
            .iter()
            .map(|(key, ticked)| (PurposeKey::parse(key).expect("a purpose"), *ticked))
            .collect();
        let mut document = submission(id, &email, &keys, at(decided_at));
        document["notice_hash"] = self.press.notice_hash(look).into();
        self.forms.push(Sent {
            id,
            email,
            choices,
            decided_at,
            look,
            document,
        });
    }

    /// More people at once than are looked after in one go.
    fn rush(&mut self) -> Check {
        for person in 0..130 {
            self.fill_in();
            let sent = self.forms.last_mut().expect("a form");
            sent.email = format!("rush{person}-{}@example.com", self.now);
            sent.document["subject"]["email"] = sent.email.clone().into();
            self.send(self.forms.len() - 1)?;
        }
        Ok(())
    }

    fn with_form(&mut self, act: impl FnOnce(&mut Self, usize) -> Check) -> Check {
        if self.forms.is_empty() {
            return Ok(());
        }
        let count = u32::try_from(self.forms.len()).expect("few");
        let mut index = self.dice.below(count);
        if self.dice.one_in(2) {
            index = index.max(count.saturating_sub(4));
        }
        act(self, index as usize)
    }

    /// A form is sent, for the first time or again.
    fn send(&mut self, index: usize) -> Check {
        let sent = self.forms[index].clone();
        let look = self.known.as_ref().expect("a site").look;
        let known = self.model.submissions.contains_key(&sent.id);
        let expected = match (known, sent.look == look) {
            (true, _) => "200",
            (false, true) => "201",
            (false, false) => "409",
        };
        let (written, counts, now) = (
            self.book().store.rows_written(),
            self.row_counts()?,
            at(self.now),
        );
        let fate = self.attempt(|book| book.record(&sent.document, Some(ORIGIN), now))?;
        let got = match &fate {
            Fate::Done((status, _)) => status.to_string(),
            Fate::Refused(problem) => problem.status.to_string(),
            Fate::Died => "nothing".to_owned(),
        };
        self.say(|_| {
            format!(
                "{} sends {} {:?} decided {}: {got}",
                sent.email, sent.id, sent.choices, sent.decided_at
            )
        });
        // Within the grace after publishing, words that were truly shown may still be taken.
        let grace = expected == "409" && got == "201";
        if got != "nothing" && !grace {
            invariant::a_dead_crm_or_mail_server_never_fails_intake(expected, &got)?;
        }
        match fate {
            Fate::Done((200, answer)) => {
                must(answer == self.model.submissions[&sent.id].answer, || {
                    "2: a repeat is answered otherwise".to_owned()
                })?;
                invariant::looking_changes_nothing(written, self.book().store.rows_written())?;
                self.nothing_happens()
            }
            Fate::Done((_, answer)) => {
                invariant::stored_is_told_only_when_it_is_durable(self, sent.id)?;
                for (purpose, ticked) in &sent.choices {
                    let told = match (ticked, CONFIRMED_BY_MAIL.contains(&purpose.as_str())) {
                        (true, true) => Status::Requested,
                        (true, false) => Status::Given,
                        (false, _) => Status::Refused,
                    };
                    let key = PurposeKey::parse(purpose).expect("a purpose");
                    must(answer.purposes.get(&key) == Some(&told), || {
                        format!("{purpose} is told otherwise than {told:?}")
                    })?;
                }
                self.keep(&sent, answer)
            }
            Fate::Refused(_) => {
                invariant::looking_changes_nothing(written, self.book().store.rows_written())?;
                self.nothing_happens()
            }
            Fate::Died => match self.look(|book| book.submission(sent.id))? {
                Some(row) if !known => {
                    let answer = self.look(|_| row.answer())?;
                    self.keep(&sent, answer)
                }
                _ => {
                    must(self.row_counts()? == counts, || {
                        "a submission was kept in part".to_owned()
                    })?;
                    self.nothing_happens()
                }
            },
        }
    }

    /// The submission is on record: so are its events and its mail, all of them.
    fn keep(&mut self, sent: &Sent, answer: sayso_shared::answer::SubmissionAnswer) -> Check {
        let subject = self.model.subject_of(&sent.email).unwrap_or_else(|| {
            self.model.subjects.push(Subject {
                email: sent.email.clone(),
                id: None,
                consents: BTreeMap::new(),
                gone: false,
            });
            self.model.subjects.len() - 1
        });
        let changes = self
            .model
            .submitted(subject, sent.id, &sent.choices, self.now);
        let asks = changes
            .iter()
            .any(|change| change.status == Status::Requested);
        let expires_at = asks.then(|| self.now + CONFIRM_WITHIN);
        let kept = Kept {
            subject,
            document: sent.document.clone(),
            answer,
            waiting_until: expires_at,
            expires_at,
            after: self.last_seq(),
        };
        self.model.submissions.insert(sent.id, kept);
        self.absorb(&changes, Share::All)?;
        self.standing_is_that_of_the_model(subject)?;

        let said_yes = sent.choices.values().any(|ticked| *ticked);
        let id = self.model.subjects[subject]
            .id
            .map(text)
            .expect("an event has told");
        let rows: Vec<IdRow> = self.look(|book| {
            Ok(book
                .store
                .rows("SELECT id FROM mail WHERE subject = ?", vec![id])?)
        })?;
        let known: BTreeSet<&String> = self
            .outside
            .mails
            .iter()
            .filter(|mail| mail.subject == subject)
            .map(|mail| &mail.id)
            .collect();
        let new: Vec<String> = rows
            .into_iter()
            .map(|row| row.id)
            .filter(|id| !known.contains(id))
            .collect();
        must(new.len() == usize::from(said_yes), || {
            format!("1: {} mails were written", new.len())
        })?;
        self.outside.mails.extend(new.into_iter().map(|id| Mail {
            id,
            subject,
            submission: sent.id,
            asks,
            refused: 0,
            settled: false,
            cancelled: false,
        }));
        Ok(())
    }

    /// Somebody sends other content under an id that is taken.
    fn reuse_id(&mut self, index: usize) -> Check {
        let sent = self.forms[index].clone();
        let Some(kept) = self.model.submissions.get(&sent.id) else {
            return Ok(());
        };
        let mut document = kept.document.clone();
        document["page"] = "https://www.example.com/another".into();
        let (written, now) = (self.book().store.rows_written(), at(self.now));
        let fate = self.attempt(|book| book.record(&document, Some(ORIGIN), now))?;
        self.say(|_| format!("{} is used for something else", sent.id));
        let reused = matches!(&fate, Fate::Refused(problem) if problem.status == 409);
        must(reused, || "2: an id was taken twice".to_owned())?;
        invariant::looking_changes_nothing(written, self.book().store.rows_written())?;
        self.nothing_happens()
    }

    /// A mail that somebody has read, an old one as often as a new one.
    fn some_mail(&mut self, wanted: impl Fn(&Read) -> bool) -> Option<Rc<Read>> {
        let read: Vec<&Rc<Read>> = self
            .outside
            .read
            .values()
            .filter(|read| wanted(read))
            .collect();
        self.dice.pick(&read).map(|read| Rc::clone(read))
    }

    /// The button of a mail's page is pressed, of a new mail or an old one.
    fn press_confirm(&mut self) -> Check {
        let Some(read) = self.some_mail(|read| read.confirm.is_some()) else {
            return Ok(());
        };
        let kept = &self.model.submissions[&read.submission];
        let asked: Vec<String> = kept
            .answer
            .purposes
            .keys()
            .map(ToString::to_string)
            .collect();
        let mut chosen: BTreeSet<String> =
            asked.into_iter().filter(|_| !self.dice.one_in(5)).collect();
        if self.dice.one_in(6) {
            chosen.clear();
        }
        chosen.insert("not a purpose".to_owned());
        let changes = self.model.confirmed(read.submission, &chosen, self.now);
        if !changes.is_empty() {
            self.presses.extend(
                chosen
                    .iter()
                    .map(|purpose| (read.submission, purpose.clone())),
            );
        }
        let (token, now) = (read.confirm.clone().expect("a link"), at(self.now));
        let fate = self.attempt(|book| book.confirm(&token, &chosen, now))?;
        self.say(|_| format!("confirms {chosen:?} of {}: {changes:?}", read.submission));
        let share = match fate {
            Fate::Done(ConfirmView::Confirmed(_)) => Share::All,
            Fate::Done(_) => {
                must(changes.is_empty(), || {
                    "a link that is good does nothing".to_owned()
                })?;
                Share::All
            }
            Fate::Refused(problem) => {
                return Err(format!("confirming was refused: {}", problem.detail));
            }
            Fate::Died => Share::AllOrNothing,
        };
        let came = self.absorb(&changes, share)?;
        if came > 0 {
            self.model
                .submissions
                .get_mut(&read.submission)
                .expect("kept")
                .waiting_until = None;
        }
        self.standing_is_that_of_the_model(read.subject)
    }

    /// A button of the personal page is pressed.
    fn press_withdraw(&mut self) -> Check {
        let Some(read) = self.some_mail(|_| true) else {
            return Ok(());
        };
        let named = ["EVENTS", "HELP", "NEWS", "STORE"];
        let purpose = if self.dice.one_in(3) {
            None
        } else {
            self.dice.pick(&named).copied()
        };
        let changes = self.model.withdrawn(read.subject, purpose);
        let key = purpose.map(|purpose| PurposeKey::parse(purpose).expect("a purpose"));
        let now = at(self.now);
        let fate = self.attempt(|book| book.withdraw(&read.preferences, key.as_ref(), now))?;
        self.say(|_| format!("stops {purpose:?} of {}: {changes:?}", read.subject));
        let share = match fate {
            Fate::Done(PreferencesView::Unknown) => {
                return Err("a link of ours is not known".to_owned());
            }
            Fate::Done(_) => Share::All,
            Fate::Refused(problem) => {
                return Err(format!("stopping was refused: {}", problem.detail));
            }
            Fate::Died => Share::AllOrNothing,
        };
        if self.absorb(&changes, share)? > 0 {
            self.cancel(&changes);
        }
        self.standing_is_that_of_the_model(read.subject)
    }

    /// What was pending and stopped is not asked for any more; what else is pending still is.
    fn cancel(&mut self, changes: &[Change]) {
        for change in changes
            .iter()
            .filter(|change| change.previous == Status::Requested)
        {
            if self
                .model
                .waiting(change.submission, |_| Status::Lapsed)
                .is_empty()
            {
                self.model
                    .submissions
                    .get_mut(&change.submission)
                    .expect("kept")
                    .waiting_until = None;
            }
            let consents = &self.model.subjects[change.subject].consents;
            if consents
                .values()
                .any(|consent| consent.status == Status::Requested)
            {
                continue;
            }
            let of_this = |mail: &&mut Mail| mail.subject == change.subject && !mail.settled;
            for mail in self.outside.mails.iter_mut().filter(of_this) {
                mail.settled = true;
                mail.cancelled = true;
            }
        }
    }

    /// Links are looked at, by people and by machines, ours and those of another site.
    fn look_around(&mut self) -> Check {
        let written = self.book().store.rows_written();
        if let Some(read) = self.some_mail(|_| true) {
            let tokens = read.confirm.iter().chain([&read.preferences]);
            for token in tokens {
                self.look(|book| book.show_confirm(token, at(self.now)))?;
                self.look(|book| book.show_preferences(token))?;
                let theirs = token.replacen("demo~", "shop~", 1);
                let confirmed =
                    self.look(|book| book.confirm(&theirs, &BTreeSet::new(), at(self.now)))?;
                let stopped = self.look(|book| book.withdraw(&theirs, None, at(self.now)))?;
                must(
                    matches!(
                        (confirmed, stopped),
                        (ConfirmView::Unknown, PreferencesView::Unknown)
                    ),
                    || "7: a link of another site opens this one".to_owned(),
                )?;
            }
        }
        let key = self.book().events(Some("sk_shop_0000"), "", 10, &[]);
        must(
            matches!(key, Err(Failure::Problem(problem)) if problem.status == 401),
            || "7: a key of another site opens this one".to_owned(),
        )?;
        self.say(|_| "looks around".to_owned());
        invariant::looking_changes_nothing(written, self.book().store.rows_written())?;
        self.nothing_happens()
    }

    /// A CRM pulls the next page.
    fn pull(&mut self) -> Check {
        let (written, most) = (self.book().store.rows_written(), 1 + self.dice.below(20));
        let page = self.look(|book| book.events(None, &self.puller.0, most, &[]))?;
        for event in &page.events {
            let last = self.puller.1.last().copied().unwrap_or_default();
            let usual = |entry: &&Entry| EventType::DEFAULT.contains(&entry.event.kind);
            let next = self
                .model
                .log
                .range(last + 1..)
                .find(|(_, entry)| usual(entry));
            let right = next.is_some_and(|(seq, entry)| {
                *seq == event.data.seq && invariant::is_that(event, entry)
            });
            must(right, || {
                format!("3: the pull shows {} after {last}", event.data.seq)
            })?;
            self.puller.1.push(event.data.seq);
        }
        let left = self.usual_events() - self.puller.1.len();
        must(
            page.more == (left > 0) && (left == 0 || page.events.len() == most as usize),
            || format!("1: the pull stops with {left} to go"),
        )?;
        self.puller.0 = page.next;
        invariant::looking_changes_nothing(written, self.book().store.rows_written())
    }

    fn usual_events(&self) -> usize {
        let usual = |entry: &&Entry| EventType::DEFAULT.contains(&entry.event.kind);
        self.model.log.values().filter(usual).count()
    }

    // Errands, in the order in which the ledger begins them

    fn run_errands(&mut self) -> Check {
        self.say(|_| "the alarm rings".to_owned());
        self.lapse()?;
        self.post()?;
        let names: Vec<String> = self.outside.crms.keys().cloned().collect();
        for name in names {
            // As the ledger does: as long as there is something and it is taken.
            for _ in 0..1000 {
                if self.under_way(&name)
                    || !self.begin_delivery_to(&name)?
                    || (!self.calm && self.dice.one_in(6))
                {
                    break;
                }
                self.end_delivery()?;
            }
        }
        Ok(())
    }

    fn lapse(&mut self) -> Check {
        loop {
            let late = self.model.late(self.now);
            let changes: Vec<Change> = late
                .iter()
                .flat_map(|id| self.model.waiting(*id, |_| Status::Lapsed))
                .collect();
            let now = at(self.now);
            let fate = self.attempt(|book| {
                let lapsed = book.lapse(now)?;
                lapsed
                    .failures
                    .into_iter()
                    .next()
                    .map_or(Ok(lapsed.next), Err)
            })?;
            let (next, share) = match fate {
                Fate::Done(next) if late.len() <= 100 => (next, Share::All),
                Fate::Done(next) => (next, Share::Any),
                Fate::Refused(problem) => {
                    return Err(format!("lapsing was refused: {}", problem.detail));
                }
                Fate::Died => (None, Share::Any),
            };
            if !late.is_empty() {
                self.say(|_| format!("lapses {changes:?}"));
            }
            let events = self.match_events(&changes, share)?;
            for id in late {
                let row = self.look(|book| book.submission(id))?;
                let settled = row.is_some_and(|row| row.waiting_until.is_none());
                must(settled || share == Share::Any, || {
                    format!("{id} did not lapse")
                })?;
                let left = !self.model.waiting(id, |_| Status::Lapsed).is_empty();
                must(
                    settled != left
                        || (!settled
                            && !left
                            && changes.iter().all(|change| change.submission != id)),
                    || format!("{id} lapsed in part"),
                )?;
                if !settled {
                    continue;
                }
                let kept = self.model.submissions.get_mut(&id).expect("kept");
                kept.waiting_until = None;
                let subject = kept.subject;
                if !self.model.holds(subject) {
                    self.model.subjects[subject].gone = true;
                    invariant::who_is_forgotten_is_in_no_store(self, subject)?;
                }
                self.standing_is_that_of_the_model(subject)?;
            }
            for event in events {
                let change = &self.model.log[&event.data.seq].change;
                invariant::who_is_forgotten_is_in_no_event(self, change, &event)?;
            }
            let first = self
                .model
                .submissions
                .values()
                .filter_map(|kept| kept.waiting_until)
                .min();
            if matches!(fate, Fate::Died) {
                continue;
            }
            must(next == first.map(|first| at(first.max(self.now))), || {
                format!("the next to lapse is {first:?}, not {next:?}")
            })?;
            if first.is_none_or(|first| first > self.now) {
                return Ok(());
            }
        }
    }

    fn post(&mut self) -> Check {
        let waiting = self.look(Book::waiting_mails)?;
        let ids: BTreeSet<&String> = waiting.iter().map(|mail| &mail.id).collect();
        for mail in &self.outside.mails {
            let waits = ids.contains(&mail.id);
            must(waiting.len() >= 100 || waits != mail.settled, || {
                format!(
                    "1: mail {} waits: {waits}, settled: {}",
                    mail.id, mail.settled
                )
            })?;
        }
        let due: Vec<String> = waiting
            .iter()
            .filter(|mail| mail.due() <= at(self.now))
            .map(|mail| mail.id.clone())
            .collect();
        for id in due {
            let place = self
                .outside
                .mails
                .iter()
                .position(|mail| mail.id == id)
                .ok_or("a mail that nobody wrote")?;
            let letter = match self.attempt(|book| book.mail(&id))? {
                Fate::Done(letter) => letter,
                Fate::Refused(problem) => {
                    return Err(format!("a mail was refused: {}", problem.detail));
                }
                Fate::Died => return Ok(()),
            };
            let mail = &self.outside.mails[place];
            let subject = &self.model.subjects[mail.subject];
            let Some(letter) = letter else {
                must(subject.gone, || format!("1: mail {id} is lost"))?;
                self.outside.mails[place].settled = true;
                continue;
            };
            must(!subject.gone && letter.to == subject.email, || {
                format!("6: mail {id} goes to the wrong person")
            })?;
            must(letter.links.len() == 1 + usize::from(mail.asks), || {
                format!("mail {id} has {} links", letter.links.len())
            })?;
            let bytes = serde_json::to_string(&letter).unwrap_or_default();
            if self.outside.mail_mood != MailMood::Dead {
                let token = |route: &str| {
                    letter
                        .links
                        .iter()
                        .find_map(|link| link.split_once(route))
                        .map(|(_, token)| token.to_owned())
                };
                let read = Read {
                    bytes,
                    subject: mail.subject,
                    submission: mail.submission,
                    confirm: token("/confirm/"),
                    preferences: token("/preferences/").ok_or("no way to change it")?,
                };
                let before = self.outside.read.insert(id.clone(), Rc::new(read.clone()));
                must(
                    before.is_none_or(|before| before.bytes == read.bytes),
                    || format!("2: mail {id} came twice, and not the same"),
                )?;
            }
            if !self.calm && self.dice.one_in(12) {
                self.trace
                    .push(format!("† before it is noted what came of mail {id}"));
                self.reopen();
                return Ok(());
            }
            let (now, taken) = (at(self.now), self.outside.mail_mood == MailMood::Takes);
            let fate = self.attempt(|book| {
                if taken {
                    book.note_sent(&id, now)
                } else {
                    book.note_not_sent(&id, now)
                }
            })?;
            let waits = self.look(|book| book.mail(&id))?.is_some();
            let mail = &mut self.outside.mails[place];
            mail.refused += u32::from(!taken);
            mail.settled = !waits;
            match fate {
                Fate::Died => return Ok(()),
                _ => must(
                    if taken {
                        !waits
                    } else {
                        waits || mail.refused >= 6
                    },
                    || format!("mail {id}: noted otherwise than it went"),
                )?,
            }
        }
        Ok(())
    }

    fn under_way(&self, name: &str) -> bool {
        self.in_flight.iter().any(|flight| flight.crm == name)
    }

    /// A delivery begins and is not noted yet; sometimes, as after two alarms, a second one of the same event.
    fn begin_delivery(&mut self) -> Check {
        let names: Vec<String> = self.outside.crms.keys().cloned().collect();
        let name = self.dice.pick(&names).expect("a CRM").clone();
        if self.under_way(&name) && self.dice.one_in(2) {
            return Ok(());
        }
        self.begin_delivery_to(&name).map(drop)
    }

    fn begin_delivery_to(&mut self, name: &str) -> Result<bool, String> {
        let snapshot = self.look(Book::snapshot)?;
        let Some(endpoint) = snapshot
            .endpoints
            .iter()
            .find(|endpoint| endpoint.key.to_string() == name)
        else {
            return Ok(false);
        };
        let next = self.look(|book| book.next_delivery(endpoint))?;
        let crm = self.outside.crms.get_mut(name).expect("a CRM");
        let owed = self
            .model
            .log
            .range(crm.cursor + 1..)
            .find(|(_, entry)| invariant::wants(crm, entry))
            .map(|(seq, _)| *seq)
            .filter(|_| !crm.stopped);
        must(
            next.as_ref().map(|next| next.event.data.seq) == owed,
            || format!("3: the CRM {name} is owed {owed:?} next"),
        )?;
        let Some(delivery) = next.filter(|next| next.lane.next_at <= at(self.now)) else {
            return Ok(false);
        };
        let (seq, entry) = (
            delivery.event.data.seq,
            &self.model.log[&delivery.event.data.seq],
        );
        must(invariant::is_that(&delivery.event, entry), || {
            format!("3: push and pull show event {seq} differently")
        })?;
        let (takes, attempt) = if self.calm {
            (true, CrmMood::ok())
        } else {
            crm.mood.meets(&mut self.dice)
        };
        if takes {
            crm.taken.insert(seq);
        }
        self.trace
            .push(format!("event {seq} to {name}: {attempt:?}"));
        self.in_flight.push(InFlight {
            crm: name.to_owned(),
            delivery,
            attempt,
        });
        Ok(true)
    }

    fn end_delivery(&mut self) -> Check {
        if self.in_flight.is_empty() {
            return Ok(());
        }
        let place = if self.calm {
            0
        } else {
            self.dice
                .below(u32::try_from(self.in_flight.len()).expect("few")) as usize
        };
        let flight = self.in_flight.remove(place);
        let (name, key) = (
            flight.crm.clone(),
            EndpointKey::parse(&flight.crm).expect("a name"),
        );
        let (now, jitter, seq) = (
            at(self.now),
            self.dice.bytes::<1>()[0],
            flight.delivery.event.data.seq,
        );
        let fate = self.attempt(|book| {
            book.note_attempt(&key, &flight.delivery, flight.attempt, now, jitter)
        })?;
        if let Fate::Refused(problem) = fate {
            return Err(format!("noting was refused: {}", problem.detail));
        }
        let lane = lane(self.book(), &name)?;
        let crm = self.outside.crms.get_mut(&name).expect("a CRM");
        if !crm.enabled {
            return Ok(());
        }
        let lane = lane.ok_or_else(|| format!("1: the lane to {name} is lost"))?;
        let moved = lane.cursor != crm.cursor;
        let status = match flight.attempt {
            Attempt::Answered { status, .. } => status,
            Attempt::NoAnswer => 0,
        };
        if moved {
            must(lane.cursor == seq, || {
                format!(
                    "3: the lane to {name} jumped from {} to {}",
                    crm.cursor, lane.cursor
                )
            })?;
            let dead: Option<CountRow> = {
                let book = self.book.as_ref().expect("a book");
                let values = vec![
                    text(&name),
                    crate::store::number(i64::try_from(seq).unwrap_or_default()),
                ];
                book.store
                    .row(
                        "SELECT COUNT(*) AS count FROM dead_letter WHERE endpoint = ? AND seq = ?",
                        values,
                    )
                    .map_err(|error| error.to_string())?
            };
            let aside = dead.is_some_and(|row| row.count == 1);
            must(
                aside == (400..500).contains(&status) && (aside || (200..300).contains(&status)),
                || format!("1: the lane to {name} went past {seq} after {status}"),
            )?;
            if aside {
                crm.dead.insert(seq);
            }
        }
        must(!moved || lane.cursor > crm.cursor, || {
            format!("3: the lane to {name} went back")
        })?;
        crm.cursor = lane.cursor;
        crm.stopped = lane.stopped.is_some();
        let crm = &self.outside.crms[&name];
        invariant::an_event_is_in_every_enabled_lane(&name, crm, self)
    }

    // Asking the book

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
    fn attempt<T>(
        &mut self,
        ask: impl FnOnce(&Book<NativeStore>) -> Outcome<T>,
    ) -> Result<Fate<T>, String> {
        let crashes = !self.calm && self.dice.one_in(10);
        let (writes, commits) = (self.dice.below(16), 1 + self.dice.below(2));
        let after_commit = self.dice.one_in(3);
        let book = self.book.as_ref().expect("a book is open");
        book.store
            .writes_left
            .set((crashes && !after_commit).then_some(writes));
        book.store
            .commits_left
            .set((crashes && after_commit).then_some(commits));
        let outcome = ask(book);
        book.store.writes_left.set(None);
        book.store.commits_left.set(None);
        match outcome {
            Ok(value) => Ok(Fate::Done(value)),
            Err(Failure::Problem(problem)) if problem.status < 500 => Ok(Fate::Refused(problem)),
            Err(failure) if crashes && why(&failure).contains("the process died") => {
                self.trace.push(format!(
                    "† {}",
                    if after_commit {
                        "right after a commit".to_owned()
                    } else {
                        format!("after {writes} writes")
                    }
                ));
                self.reopen();
                Ok(Fate::Died)
            }
            Err(failure) => Err(why(&failure)),
        }
    }

    /// Another process opens the same store.
    fn reopen(&mut self) {
        self.in_flight.clear();
        let mut store = self.book.take().expect("a book is open").store;
        if let Some(file) = &self.file {
            drop(store);
            store = NativeStore::at(file);
        }
        self.book = Some(Book::open(store, Ok(Settings::for_tests())));
    }

    /// The events since the last look must be those that were predicted, and nothing else.
    fn absorb(&mut self, predicted: &[Change], share: Share) -> Result<usize, String> {
        let events = self.match_events(predicted, share)?;
        for event in &events {
            let change = &self.model.log[&event.data.seq].change;
            invariant::who_is_forgotten_is_in_no_event(self, change, event)?;
        }
        Ok(events.len())
    }

    fn nothing_happens(&mut self) -> Check {
        self.absorb(&[], Share::All).map(drop)
    }

    fn match_events(&mut self, predicted: &[Change], share: Share) -> Result<Vec<Event>, String> {
        let types = EventType::ALL.map(|kind| kind.as_str().to_owned());
        let page = self.look(|book| book.events(None, &self.tail, 1000, &types))?;
        self.tail = page.next;
        let mut left = predicted.to_vec();
        for event in &page.events {
            let data = &event.data;
            let (purpose, id) = (data.purpose.to_string(), data.subject.id);
            let is_this = |change: &Change| {
                (
                    change.submission,
                    &change.purpose,
                    change.previous,
                    change.status,
                ) == (data.submission, &purpose, data.previous, data.status)
                    && self.model.subjects[change.subject]
                        .id
                        .is_none_or(|known| known == id)
            };
            let place = left.iter().position(is_this).ok_or_else(|| format!("2: an event that nobody caused: {} {purpose} {:?} -> {:?} of {}, expected {left:?}", data.seq, data.previous, data.status, data.submission))?;
            let change = left.remove(place);
            let last = self.last_seq();
            must(data.seq > last && event.timestamp == at(self.now), || {
                format!("3: event {} comes after {last}", data.seq)
            })?;
            invariant::no_retry_of_anything_makes_a_second_event(self, &change)?;
            invariant::every_reader_sees_changes_in_order(self, &change)?;
            invariant::an_unconfirmed_consent_is_never_forwarded_as_given(self, &change)?;
            let shown = &self.model.submissions[&data.submission].document["notice_hash"];
            must(*shown == *data.notice.name.hash, || {
                format!("event {} names words that were not shown", data.seq)
            })?;
            if data.seq % 8 == 0 {
                invariant::everything_signed_verifies(&data.receipt, &self.jwks)?;
            }
            self.model.subjects[change.subject].id = Some(id);
            self.model.apply(&change, self.now);
            self.model.log.insert(
                data.seq,
                Entry {
                    change,
                    event: event.clone(),
                },
            );
        }
        let complete = left.is_empty();
        match share {
            Share::All => must(complete, || {
                format!("1: acknowledged and not on record: {left:?}")
            })?,
            Share::AllOrNothing => must(complete || page.events.is_empty(), || {
                format!("kept in part; missing: {left:?}")
            })?,
            Share::Any => {}
        }
        Ok(page.events)
    }

    /// What the ledger would decide upon is what the events say.
    fn standing_is_that_of_the_model(&self, subject: usize) -> Check {
        let subject = &self.model.subjects[subject];
        let Some(id) = subject.id else { return Ok(()) };
        let standing = self.look(|book| book.standing(&id.to_string()))?;
        let same = standing.len() == subject.consents.len()
            && standing.iter().all(|(purpose, consent)| {
                subject.consents.get(purpose.as_str()).is_some_and(|known| {
                    (known.status, at(known.since), known.submission)
                        == (consent.status, consent.since, consent.submission)
                })
            });
        must(same, || {
            format!(
                "3: {id} stands {standing:?}, the events say {:?}",
                subject.consents
            )
        })
    }

    fn last_seq(&self) -> u64 {
        self.model.log.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    pub(super) fn all_events(&self) -> Result<Vec<Event>, String> {
        let types = EventType::ALL.map(|kind| kind.as_str().to_owned());
        Ok(self
            .look(|book| book.events(None, "", 100_000, &types))?
            .events)
    }

    pub(super) fn since_start(unix_millis: i64) -> i64 {
        unix_millis - at(0).unix_millis()
    }

    pub(super) fn pressed(&self, submission: Uuid, purpose: &str) -> bool {
        self.presses.contains(&(submission, purpose.to_owned()))
    }

    /// Whether a yes that follows a withdrawal was decided after it.
    pub(super) fn decided_after_the_withdrawal(&self, change: &Change) -> bool {
        let of_this = |(_, entry): &(&u64, &Entry)| {
            entry.change.subject == change.subject && entry.change.purpose == change.purpose
        };
        let stopped = self.model.log.iter().rev().find(of_this);
        let kept = &self.model.submissions[&change.submission];
        stopped.is_some_and(|(seq, _)| *seq <= kept.after)
    }

    /// How many rows there are of all that a submission makes.
    fn row_counts(&self) -> Result<u64, String> {
        let sql = "SELECT (SELECT COUNT(*) FROM subject) + (SELECT COUNT(*) FROM submission) + (SELECT COUNT(*) FROM consent) + (SELECT COUNT(*) FROM act) + (SELECT COUNT(*) FROM event) + (SELECT COUNT(*) FROM token) + (SELECT COUNT(*) FROM mail) AS count";
        let row: Option<CountRow> = self.look(|book| Ok(book.store.row(sql, Vec::new())?))?;
        Ok(row.map_or(0, |row| row.count))
    }

    fn say(&mut self, what: impl FnOnce(&Self) -> String) {
        let said = format!("{:>9} s  {}", self.now / SECOND, what(self));
        self.trace.push(said);
    }
}

fn lane(book: &Book<NativeStore>, name: &str) -> Result<Option<LaneRow>, String> {
    let sql = "SELECT cursor, stopped FROM lane WHERE endpoint = ?";
    book.store
        .row(sql, vec![text(name)])
        .map_err(|error| error.to_string())
}

fn why(failure: &Failure) -> String {
    match failure {
        Failure::Problem(problem) => format!("{}: {}", problem.kind, problem.detail),
        Failure::Answered(_) => "an answer of another object".to_owned(),
        Failure::Fault(error) => error.to_string(),
    }
}
