//! Links of mails: what the confirm page and the personal page show, and what their buttons do.

use std::collections::{BTreeMap, BTreeSet};

use sayso_shared::{
    consent::{Consent, Standing, Status},
    decision::{self, Change},
    event::{ActorKind, Manner, Method},
    key::PurposeKey,
    notice::Notice,
    purpose::Source,
    receipt::{Meant, ReceiptAct, SubmissionFacts},
    retention::was_never_confirmed,
    time::Timestamp,
    token::Token,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    acts::{Done, worded},
    book::{At, Book, Keys},
    record::SubmissionRow,
};
use crate::{
    failure::{Failure, Outcome, damaged},
    look::Look,
    pages::{ConfirmView, Origin, PersonView, PreferencesView, PurposeView},
    store::{Store, Value, number, text},
};

/// How many requests lapse in one go; `submission_late.sql` reads one more, to know whether there are.
const MOST_AT_ONCE: usize = 100;

#[derive(Deserialize)]
struct TokenRow {
    subject: Uuid,
    submission: Option<Uuid>,
    expires_at: Option<i64>,
    used_at: Option<i64>,
}

/// What came of looking for requests that nobody confirmed in time.
pub(super) struct Lapsed {
    /// When the next one ends
    pub(super) next: Option<Timestamp>,
    /// Records that could not be read
    pub(super) failures: Vec<Failure>,
}

/// A confirm link that we know, with what it leads to.
struct ConfirmLink {
    token: TokenRow,
    submission: SubmissionRow,
    facts: SubmissionFacts,
    notice: Notice,
    standing: Standing,
    look: Look,
}

impl<S: Store> Book<S> {
    /// What the confirm page shows. Changes nothing.
    pub(super) fn show_confirm(&self, token: &str, now: Timestamp) -> Outcome<ConfirmView> {
        let Some(link) = self.confirm_link(token)? else {
            return Ok(ConfirmView::Unknown);
        };
        let view = link.view(&link.standing)?;
        Ok(if link.waits(now) {
            ConfirmView::Waiting(link.view(&link.waiting())?)
        } else if link.token.used_at.is_some() {
            ConfirmView::Already(view)
        } else {
            ConfirmView::Gone(view)
        })
    }

    /// The button of the confirm page: what is in `chosen` is given, what is left out is refused. Pressing it again changes
    /// nothing.
    pub(super) fn confirm(
        &self,
        token: &str,
        chosen: &BTreeSet<String>,
        now: Timestamp,
    ) -> Outcome<ConfirmView> {
        let keys = self.keys()?;
        let Some(link) = self.confirm_link(token)?.filter(|link| link.waits(now)) else {
            return self.show_confirm(token, now);
        };
        let chosen = chosen
            .iter()
            .filter_map(|key| PurposeKey::parse(key).ok())
            .collect();
        let changes = decision::confirm(
            &link.standing,
            &link.notice.text.purposes,
            link.submission.id,
            &chosen,
            now,
        );
        let manner = Manner {
            source: link.facts.source,
            method: Method::DoubleOptIn,
            actor: ActorKind::Subject,
            decided_at: now,
            at: now,
        };
        self.store.commit(|| {
            let (subject, submission) = (link.token.subject, link.submission.id);
            self.write_changes(
                &keys,
                subject,
                changes.clone(),
                ReceiptAct::Confirmed,
                manner,
                now,
            )?;
            let values = vec![number(now.unix_millis()), text(submission)];
            self.store
                .run(include_str!("../../sql/ledger/token_use.sql"), values)?;
            self.settle(submission)
        })?;
        let mut standing = link.standing.clone();
        standing.extend(
            changes
                .into_iter()
                .map(|change| (change.purpose, change.after)),
        );
        Ok(ConfirmView::Confirmed(link.view(&standing)?))
    }

    /// What the personal page shows. Changes nothing.
    pub(super) fn show_preferences(&self, token: &str) -> Outcome<PreferencesView> {
        let Some(subject) = self.preferences_link(token)? else {
            return Ok(PreferencesView::Unknown);
        };
        self.person_view(subject).map(PreferencesView::Standing)
    }

    /// A button of the personal page: stops one purpose, or everything, at once.
    pub(super) fn withdraw(
        &self,
        token: &str,
        purpose: Option<&PurposeKey>,
        now: Timestamp,
    ) -> Outcome<PreferencesView> {
        let keys = self.keys()?;
        let Some(subject) = self.preferences_link(token)? else {
            return Ok(PreferencesView::Unknown);
        };
        let mut standing = self.standing(&subject.to_string())?;
        self.store
            .commit(|| self.write_expired(&keys, subject, &mut standing, now))?;
        let changes = decision::withdraw(&standing, purpose, now);
        if changes.is_empty() {
            return self.show_preferences(token);
        }
        let manner = Manner {
            source: Source::PreferenceCentre,
            method: Method::PreferenceCentre,
            actor: ActorKind::Subject,
            decided_at: now,
            at: now,
        };
        self.store.commit(|| {
            let pending: BTreeSet<Uuid> = changes
                .iter()
                .filter(|change| change.previous == Status::Requested)
                .map(|change| change.after.submission)
                .collect();
            self.write_changes(&keys, subject, changes, ReceiptAct::Withdrawn, manner, now)?;
            // What was pending is cancelled with it: nobody is asked to confirm what was just stopped.
            for submission in &pending {
                self.settle(*submission)?;
            }
            if !pending.is_empty() {
                self.cancel_mails(subject)?;
            }
            Ok(())
        })?;
        self.person_view(subject).map(PreferencesView::Withdrawn)
    }

    /// What nobody confirmed in time is over; an address that nothing rests on any more is deleted. Says when the next one
    /// ends, and what could not be read: that holds up nobody else.
    pub(super) fn lapse(&self, now: Timestamp) -> Outcome<Lapsed> {
        let keys = self.keys()?;
        let late = vec![number(now.unix_millis())];
        let rows: Vec<SubmissionRow> = self
            .store
            .rows(include_str!("../../sql/ledger/submission_late.sql"), late)?;
        let more = rows.len() > MOST_AT_ONCE;
        let rows = rows.into_iter().take(MOST_AT_ONCE);
        let lapsed = rows.map(|row| self.lapse_one(&keys, &row, now));
        let failures: Vec<Failure> = lapsed.filter_map(Outcome::err).collect();
        // The others are next, unless nothing could be done about these.
        if more && failures.len() < MOST_AT_ONCE {
            return Ok(Lapsed {
                next: Some(now),
                failures,
            });
        }
        let after = vec![number(now.unix_millis())];
        let next: Option<At> = self
            .store
            .row(include_str!("../../sql/ledger/submission_next.sql"), after)?;
        Ok(Lapsed {
            next: next.and_then(|row| row.at).map(Timestamp::from_unix_millis),
            failures,
        })
    }

    fn lapse_one(&self, keys: &Keys, row: &SubmissionRow, now: Timestamp) -> Outcome<()> {
        let subject = Uuid::try_parse(&row.subject).map_err(|_| damaged("a subject's id"))?;
        let changes = decision::lapse(&self.standing(&row.subject)?, row.id, now);
        let at = row.waiting_until.map_or(now, Timestamp::from_unix_millis);
        let source = row.facts()?.source;
        let manner = Manner {
            source,
            method: Method::Time,
            actor: ActorKind::System,
            decided_at: at,
            at: now,
        };
        self.store.commit(|| {
            self.write_changes(keys, subject, changes, ReceiptAct::Lapsed, manner, now)?;
            self.settle(row.id)?;
            // Nobody gets a mail whose link is dead.
            self.cancel_mails(subject)?;
            let standing = self.standing(&row.subject)?;
            if was_never_confirmed(&standing, &self.told_elsewhere(&standing)?) {
                self.forget(subject)?;
            }
            Ok(())
        })
    }

    /// Which noes of a standing the person told us elsewhere, by what they rest on.
    fn told_elsewhere(&self, standing: &Standing) -> Outcome<BTreeSet<Uuid>> {
        let mut told = BTreeSet::new();
        for consent in standing.values() {
            if consent.status == Status::Refused {
                let submission = self.submission(consent.submission)?;
                let submission = submission.ok_or_else(|| damaged("a consent's submission"))?;
                if submission.facts()?.recorded.is_some() {
                    told.insert(consent.submission);
                }
            }
        }
        Ok(told)
    }

    /// Mails in the outbox that would ask what nothing waits for any more are not sent. Those that only tell something still are.
    pub(super) fn cancel_mails(&self, subject: Uuid) -> Outcome<()> {
        Ok(self.store.run(
            include_str!("../../sql/ledger/mail_cancel.sql"),
            vec![text(subject)],
        )?)
    }

    /// Once nothing of this submission waits any more, it has no end to wait for.
    fn settle(&self, submission: Uuid) -> Outcome<()> {
        Ok(self.store.run(
            include_str!("../../sql/ledger/submission_settle.sql"),
            vec![text(submission)],
        )?)
    }

    /// Writes changes that may rest on several submissions: one act for each. Call within a commit.
    pub(super) fn write_changes(
        &self,
        keys: &Keys,
        subject: Uuid,
        changes: Vec<Change>,
        act: ReceiptAct,
        manner: Manner,
        now: Timestamp,
    ) -> Outcome<()> {
        let mut by_submission: BTreeMap<Uuid, Vec<Change>> = BTreeMap::new();
        for change in changes {
            by_submission
                .entry(change.after.submission)
                .or_default()
                .push(change);
        }
        for (submission, changes) in &by_submission {
            let (facts, notice) = self.basis(*submission)?;
            let done = Done {
                subject,
                facts: &facts,
                notice: &notice,
                act,
                manner,
                changes,
            };
            self.append(
                keys,
                &done,
                changes
                    .iter()
                    .map(|change| (&change.purpose, Meant::Became(change.after.status))),
                now,
            )?;
        }
        Ok(())
    }

    /// What a consent rests on.
    pub(super) fn basis(&self, submission: Uuid) -> Outcome<(SubmissionFacts, Notice)> {
        let row = self
            .submission(submission)?
            .ok_or_else(|| damaged("a consent's submission"))?;
        let facts = row.facts()?;
        let notice = self.notice(&facts.notice.hash)?;
        Ok((facts, notice))
    }

    fn token(&self, token: &str) -> Outcome<Option<TokenRow>> {
        let Some(token) = Token::parse(token).filter(|_| self.has_schema().unwrap_or(false)) else {
            return Ok(None);
        };
        let values = vec![Value::Blob(token.digest().to_vec())];
        Ok(self
            .store
            .row(include_str!("../../sql/ledger/token_select.sql"), values)?)
    }

    fn confirm_link(&self, token: &str) -> Outcome<Option<ConfirmLink>> {
        let Some(token) = self.token(token)? else {
            return Ok(None);
        };
        let Some(submission) = token.submission else {
            return Ok(None);
        };
        let submission = self
            .submission(submission)?
            .ok_or_else(|| damaged("a link's submission"))?;
        let facts = submission.facts()?;
        let notice = self.notice(&facts.notice.hash)?;
        let standing = self.standing(&submission.subject)?;
        let snapshot = self.snapshot()?;
        Ok(Some(ConfirmLink {
            look: Look::of(&snapshot.site, &snapshot.definition.theme),
            token,
            submission,
            facts,
            notice,
            standing,
        }))
    }

    /// Whose personal link this is.
    pub(super) fn preferences_link(&self, token: &str) -> Outcome<Option<Uuid>> {
        let token = self
            .token(token)?
            .filter(|token| token.submission.is_none());
        Ok(token.map(|token| token.subject))
    }

    /// Everything on record of a person, each purpose in the words that were shown.
    pub(super) fn person_view(&self, subject: Uuid) -> Outcome<PersonView> {
        let latest: Option<SubmissionRow> = self.store.row(
            include_str!("../../sql/ledger/submission_latest.sql"),
            vec![text(subject)],
        )?;
        let lang = latest
            .ok_or_else(|| damaged("a person's submission"))?
            .facts()?
            .lang;
        let snapshot = self.snapshot()?;
        let definition = &snapshot.definition;
        let mut standing: Vec<_> = self.standing(&subject.to_string())?.into_iter().collect();
        // In the site's own order; what the site no longer has comes last.
        standing.sort_by_key(|(key, _)| {
            let place = definition
                .purposes
                .iter()
                .position(|purpose| purpose.key == *key);
            place.unwrap_or(usize::MAX)
        });
        let purposes = standing.iter().map(|(purpose, consent)| {
            let (facts, notice) = self.basis(consent.submission)?;
            purpose_view(&facts, &notice, purpose, consent)
        });
        let purposes = purposes.collect::<Outcome<_>>()?;
        Ok(PersonView {
            lang,
            controller: definition.controller.clone(),
            look: Look::of(&snapshot.site, &definition.theme),
            purposes,
        })
    }
}

impl ConfirmLink {
    /// Whether there is something to confirm, and still time for it.
    fn waits(&self, now: Timestamp) -> bool {
        let until = self.token.expires_at.map(Timestamp::from_unix_millis);
        let in_time = until.is_some_and(|until| !until.is_over(now));
        in_time
            && self
                .of_this()
                .any(|(_, consent)| consent.status == Status::Requested)
    }

    /// What the button of this link decides: what waits for this submission, and not for a later one.
    fn waiting(&self) -> Standing {
        let waiting = self
            .of_this()
            .filter(|(_, consent)| consent.status == Status::Requested);
        waiting
            .map(|(purpose, consent)| (purpose.clone(), consent.clone()))
            .collect()
    }

    fn of_this(&self) -> impl Iterator<Item = (&PurposeKey, &Consent)> {
        self.standing
            .iter()
            .filter(|(_, consent)| consent.submission == self.submission.id)
    }

    /// What was asked to be confirmed, as it stands.
    fn view(&self, standing: &Standing) -> Outcome<PersonView> {
        let answer = self.submission.answer()?;
        let asked = |key: &PurposeKey| answer.purposes.get(key) == Some(&Status::Requested);
        // In the order in which the form asked.
        let asked = self
            .notice
            .text
            .purposes
            .iter()
            .filter(|purpose| asked(&purpose.key));
        let standing = asked.filter_map(|purpose| standing.get_key_value(&purpose.key));
        let purposes = standing
            .map(|(purpose, consent)| purpose_view(&self.facts, &self.notice, purpose, consent));
        Ok(PersonView {
            lang: self.facts.lang.clone(),
            controller: self.notice.text.controller.clone(),
            look: self.look.clone(),
            purposes: purposes.collect::<Outcome<_>>()?,
        })
    }
}

fn purpose_view(
    facts: &SubmissionFacts,
    notice: &Notice,
    purpose: &PurposeKey,
    consent: &Consent,
) -> Outcome<PurposeView> {
    let worded = worded(notice, purpose)?;
    // Of another act than the one that the consent rests on there is nothing to say here.
    let recorded = facts.recorded.as_ref();
    let recorded = recorded.filter(|_| consent.submission == facts.id);
    let origin = recorded.map(|recorded| Origin {
        source: facts.source,
        imported: recorded.imported.clone(),
        legal_basis: facts.legal_basis(worded),
    });
    Ok(PurposeView {
        key: purpose.clone(),
        title: worded.title.clone(),
        text: worded.text.clone(),
        status: consent.status,
        since: consent.since,
        origin,
    })
}
