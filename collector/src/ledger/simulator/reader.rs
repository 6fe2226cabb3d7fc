//! Those who have a mail of ours: they press its buttons, and look at its pages without pressing.

use std::{collections::BTreeSet, rc::Rc};

use sayso_shared::{consent::Status, key::PurposeKey, visitor::VisitorClass};

use super::{
    super::fixture::at,
    invariants::{self as invariant, Check, must},
    model::Change,
    outside::{Mail, Read},
    world::{Fate, Share, World},
};
use crate::{
    failure::Failure,
    pages::{ConfirmView, PreferencesView},
};

impl World {
    /// A mail that somebody has read, an old one as often as a new one.
    pub(super) fn some_mail(&mut self, wanted: impl Fn(&Read) -> bool) -> Option<Rc<Read>> {
        let read: Vec<&Rc<Read>> = self
            .outside
            .read
            .values()
            .filter(|read| wanted(read))
            .collect();
        self.dice.pick(&read).map(|read| Rc::clone(read))
    }

    /// The button of a mail's page is pressed, of a new mail or an old one.
    pub(super) fn press_confirm(&mut self) -> Check {
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
        let fate =
            self.attempt(|book| book.confirm(&token, &chosen, VisitorClass::Browser, now))?;
        self.say(|_| format!("confirms {chosen:?} of {}: {changes:?}", read.submission));
        let share = match fate {
            Fate::Done(ConfirmView::Confirmed(_)) => Share::All,
            Fate::Done(view) => {
                let erased = self.model.subjects[read.subject].erased.is_some();
                must(matches!(view, ConfirmView::Unknown) == erased, || {
                    "6: a link of somebody erased tells something".to_owned()
                })?;
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
            self.cancel_mails(read.subject);
        }
        self.standing_is_that_of_the_model(read.subject)
    }

    /// A button of the personal page is pressed.
    pub(super) fn press_withdraw(&mut self) -> Check {
        let Some(read) = self.some_mail(|_| true) else {
            return Ok(());
        };
        let named = ["EVENTS", "HELP", "NEWS", "STORE"];
        let purpose = if self.dice.one_in(3) {
            None
        } else {
            self.dice.pick(&named).copied()
        };
        let expired = self.model.expired(read.subject, self.now);
        let stopped = self.model.withdrawn(read.subject, purpose, self.now);
        let changes = [expired.clone(), stopped.clone()].concat();
        let key = purpose.map(|purpose| PurposeKey::parse(purpose).expect("a purpose"));
        let now = at(self.now);
        let fate = self.attempt(|book| book.withdraw(&read.preferences, key.as_ref(), now))?;
        self.say(|_| format!("stops {purpose:?} of {}: {changes:?}", read.subject));
        let share = match fate {
            Fate::Done(view)
                if matches!(view, PreferencesView::Unknown)
                    != self.model.subjects[read.subject].erased.is_some() =>
            {
                return Err("a link of ours is not known, or of somebody erased is".to_owned());
            }
            Fate::Done(_) => Share::All,
            Fate::Refused(problem) => {
                return Err(format!("stopping was refused: {}", problem.detail));
            }
            // What has expired is a commit of its own.
            Fate::Died => Share::Any,
        };
        let came = self.absorb(&changes, share)?;
        must(
            came == 0 || came == expired.len() || came == changes.len(),
            || format!("kept in part: {came} of {changes:?}"),
        )?;
        if came == changes.len() {
            self.cancel(&stopped);
        }
        self.standing_is_that_of_the_model(read.subject)
    }

    /// What was pending and stopped is not asked for any more; what else is pending still is.
    pub(super) fn cancel(&mut self, changes: &[Change]) {
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
            self.cancel_mails(change.subject);
        }
    }

    /// Mails that would ask what nothing waits for any more are not sent.
    pub(super) fn cancel_mails(&mut self, subject: usize) {
        let consents = &self.model.subjects[subject].consents;
        let waits = |submission: uuid::Uuid| {
            let mut consents = consents.values();
            consents.any(|consent| {
                consent.submission == submission && consent.status == Status::Requested
            })
        };
        let is_dead = |mail: &&mut Mail| {
            let asks = mail.until.is_some();
            mail.subject == subject && !mail.settled && asks && !waits(mail.submission)
        };
        for mail in self.outside.mails.iter_mut().filter(is_dead) {
            mail.settled = true;
            mail.cancelled = true;
        }
    }

    /// Links are looked at, by people and by machines, ours and those of another site.
    pub(super) fn look_around(&mut self) -> Check {
        let written = self.book().store.rows_written();
        if let Some(read) = self.some_mail(|_| true) {
            let tokens = read.confirm.iter().chain([&read.preferences]);
            for token in tokens {
                self.look(|book| book.show_confirm(token, at(self.now)))?;
                self.look(|book| book.show_preferences(token))?;
                self.look(|book| book.show_record(token, at(self.now)))?;
                let theirs = token.replacen("demo~", "shop~", 1);
                let confirmed = self.look(|book| {
                    book.confirm(
                        &theirs,
                        &BTreeSet::new(),
                        VisitorClass::Browser,
                        at(self.now),
                    )
                })?;
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
}
