//! Recording a submission: the one way in.

use sayso_shared::{
    answer::{SubmissionAnswer, SubmissionState},
    canonical::base64url,
    consent::{Consent, Status},
    decision,
    event::{ActorKind, Manner, Method},
    evidence::ClientFacts,
    notice::{LONGEST_WAIT, Notice},
    problem::Problem,
    receipt::{Meant, ReceiptAct, SubmissionFacts},
    snapshot::{Answered, Snapshot},
    submitted::{Person, Submission},
    time::Timestamp,
    visitor::Confirmation,
};
use std::{collections::BTreeSet, time::Duration};

use serde::Deserialize;
use serde_bytes::ByteBuf;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{
    acts::Done,
    book::{Book, Keys},
    letters::About,
    shards::Whose,
    subject::Subject,
};
use crate::{
    chance,
    failure::{Outcome, damaged},
    json,
    store::{Store, Value, number, text},
};

/// After how long another mail may be asked for, in seconds.
pub(super) const RESEND_AFTER: u32 = 60;

/// From where a submission came.
#[derive(Clone, Copy)]
pub(super) struct Whence<'d> {
    /// The origin of the page
    pub(super) origin: Option<&'d str>,
    /// Network and browser, as far as they are kept
    pub(super) client: Option<&'d ClientFacts>,
    /// Whether it is from our own page, which has looked at where it came from
    pub(super) hosted: bool,
    /// For how long it has waited in a browser that could not reach us
    pub(super) waited: Duration,
}

impl<'d> From<Option<&'d str>> for Whence<'d> {
    fn from(origin: Option<&'d str>) -> Self {
        Self {
            origin,
            client: None,
            hosted: false,
            waited: Duration::ZERO,
        }
    }
}

/// An act of choosing that is to be kept.
pub(super) struct NewSubmission<'a> {
    pub(super) subject: &'a Subject,
    /// As this act named the person
    pub(super) person: &'a Person,
    /// See [`digest`]
    pub(super) digest: String,
    pub(super) facts: &'a SubmissionFacts,
    /// What was answered, as JSON
    pub(super) answer: String,
    pub(super) waiting_until: Option<Timestamp>,
    pub(super) client: Option<&'a ClientFacts>,
}

/// A submission as it is stored.
#[derive(Deserialize)]
pub(super) struct SubmissionRow {
    pub(super) id: Uuid,
    pub(super) subject: String,
    pub(super) digest: String,
    facts: String,
    pub(super) answer: String,
    pub(super) waiting_until: Option<i64>,
    /// Sealed; read only for evidence
    #[serde(default)]
    pub(super) client: Option<ByteBuf>,
    /// Sealed; read only for evidence
    #[serde(default)]
    pub(super) comment: Option<ByteBuf>,
    /// Read only for evidence
    #[serde(default)]
    confirmation: Option<String>,
}

impl SubmissionRow {
    pub(super) fn facts(&self) -> Outcome<SubmissionFacts> {
        Ok(json::read(&self.facts)?)
    }

    pub(super) fn answer(&self) -> Outcome<SubmissionAnswer> {
        Ok(json::read(&self.answer)?)
    }

    pub(super) fn confirmation(&self) -> Outcome<Option<Confirmation>> {
        Ok(self.confirmation.as_ref().map(json::read).transpose()?)
    }
}

impl<S: Store> Book<S> {
    /// Records a submission.
    ///
    /// 1. The body is read: 422 with all that is wrong. The site is known, 404, and this is its ledger for the person.
    /// 2. The same id again: 200 with the same answer, or 409 if it says something else. This comes before everything that
    ///    may have changed meanwhile: what was stored stays stored.
    /// 3. It comes from a page of the site, or from our own: 403.
    /// 4. The form is known, 404, and its words are those that are shown now or were a moment ago: 409 with the
    ///    current ones.
    /// 5. The choices are exactly those that the words ask for: 422.
    /// 6. It is decided, signed and written, all or nothing: 201.
    pub(super) fn record<'d>(
        &self,
        document: &Json,
        whence: impl Into<Whence<'d>>,
        now: Timestamp,
    ) -> Outcome<(u16, SubmissionAnswer)> {
        let Whence {
            origin,
            client,
            hosted,
            waited,
        } = whence.into();
        // The visitor's clock may be wrong by hours, but it tells rightly for how long something has waited.
        let decided_at = now - waited.min(LONGEST_WAIT);
        let keys = self.keys()?;
        let read = if hosted {
            Submission::of_hosted_form(document, now)
        } else {
            Submission::parse(document)
        };
        let submission = read.map_err(Problem::invalid)?; // 1
        let snapshot = self.snapshot()?;
        let definition = &snapshot.definition;
        self.owns(Whose::Address(&submission.person.email))?;
        if let Some(known) = self.submission(submission.id)? {
            let mut again = submission;
            if hosted {
                // It was decided when the button was pressed first.
                again.decided_at = known.facts()?.decided_at;
            }
            return if self.is_the_same(&keys, &known, &again)? {
                // 2
                Ok((200, known.answer()?))
            } else {
                Err(Problem::id_reused().into())
            };
        }
        let is_the_sites = |origin| definition.origins.iter().any(|known| known == origin);
        if !hosted && !origin.is_some_and(is_the_sites) {
            return Err(Problem::foreign_origin().into()); // 3
        }
        if definition.form(&submission.form).is_none() {
            return Err(Problem::unknown_form().into()); // 4
        }
        let before;
        let notice = match snapshot.answered(&submission, decided_at) {
            Some(Answered::Current(notice)) => Some(notice),
            Some(Answered::Before(old)) => {
                before = self.known_notice(&old.hash)?;
                before.as_ref()
            }
            None => None,
        };
        let Some(notice) = notice else {
            let lang = definition.language_for(Some(&submission.lang));
            let current = snapshot
                .notice(&submission.form, lang)
                .ok_or_else(|| damaged("a form's notice"))?;
            return Err(Problem::notice_outdated(serde_json::to_value(current.name())?).into());
        };
        submission
            .fits(&notice.text.purposes)
            .map_err(Problem::invalid)?; // 5
        let answer = self.store.commit(|| {
            self.write(
                &keys,
                &snapshot,
                notice,
                &submission,
                client,
                [decided_at, now],
            )
        })?; // 6
        Ok((201, answer))
    }

    /// Where nothing of a submission waits any more, since the person has chosen anew, nobody is asked to confirm it. Call within a commit.
    fn settle_replaced(&self, subject: &Subject, replaced: Uuid) -> Outcome<()> {
        let standing = self.standing(&subject.id.to_string())?;
        let waits = |consent: &Consent| {
            consent.submission == replaced && consent.status == Status::Requested
        };
        let theirs = self
            .submission(replaced)?
            .is_some_and(|row| row.subject == subject.id.to_string());
        if theirs && !standing.values().any(waits) {
            self.let_be(subject.id, &BTreeSet::from([replaced]))?;
        }
        Ok(())
    }

    /// The submission of this id.
    pub(super) fn submission(&self, id: Uuid) -> Outcome<Option<SubmissionRow>> {
        Ok(self.store.row(
            include_str!("../../sql/ledger/submission_select.sql"),
            vec![text(id)],
        )?)
    }

    /// Whether a submission is the one that was taken before. When its person was forgotten since, all but who it was is
    /// compared.
    fn is_the_same(&self, keys: &Keys, known: &SubmissionRow, again: &Submission) -> Outcome<bool> {
        let Some(subject) = self.subject(keys, &known.subject)? else {
            let same_choices = known.answer()?.is_to(&again.choices);
            return Ok(same_choices && known.facts()?.are_of(again));
        };
        // Before version 3 of the tables it was not keyed.
        Ok(known.digest == digest(&subject, &again.digest) || known.digest == again.digest)
    }

    fn write(
        &self,
        keys: &Keys,
        snapshot: &Snapshot,
        notice: &Notice,
        submission: &Submission,
        client: Option<&ClientFacts>,
        [decided_at, now]: [Timestamp; 2],
    ) -> Outcome<SubmissionAnswer> {
        let subject = self.subject_of(keys, &snapshot.site, &submission.person, now)?;
        let mut standing = self.standing(&subject.id.to_string())?;
        self.write_expired(keys, subject.id, &mut standing, now)?;
        let Submission { id, choices, .. } = submission;
        let due = self.mail_slot(&subject, keys.settings.mailer.cap(), now)?;
        let mut decided = decision::submit(
            &standing,
            &notice.text.purposes,
            *id,
            choices,
            decided_at,
            now,
            due.is_some(),
        );
        for replaced in submission.replaces.iter().copied() {
            let taken_back = decision::take_back(&standing, replaced, *id, choices, now);
            let told = taken_back.iter();
            let told = told.map(|change| (change.purpose.clone(), change.after.status));
            decided.told.extend(told);
            decided.changes.extend(taken_back);
        }
        let facts = SubmissionFacts::of(submission, notice.name(), now);
        let manner = Manner {
            source: submission.source,
            method: Method::Checkbox,
            actor: ActorKind::Subject,
            decided_at,
            at: now,
        };
        let (act, changes) = (ReceiptAct::Submitted, decided.changes.as_slice());
        let done = Done {
            subject: subject.id,
            facts: &facts,
            notice,
            act,
            manner,
            changes,
        };
        let meant = decided
            .told
            .iter()
            .map(|(purpose, asked)| (purpose, Meant::Asked(*asked)));
        let receipt = self.append(keys, &done, meant, now)?;
        for replaced in submission.replaces.iter().copied() {
            self.settle_replaced(&subject, replaced)?;
        }
        let pending = decided
            .told
            .values()
            .any(|status| *status == Status::Requested);
        let answer = SubmissionAnswer {
            id: *id,
            state: if pending {
                SubmissionState::Pending
            } else {
                SubmissionState::Recorded
            },
            purposes: decided.told.clone(),
            receipt,
            resend_after: pending.then_some(RESEND_AFTER),
        };
        let waits = decided
            .changes
            .iter()
            .any(|change| change.after.status == Status::Requested);
        let waiting_until = waits.then(|| now + snapshot.definition.confirm_within());
        self.write_submission(&NewSubmission {
            subject: &subject,
            person: &submission.person,
            digest: digest(&subject, &submission.digest),
            facts: &facts,
            answer: serde_json::to_string(&answer)?,
            waiting_until,
            client: client.filter(|_| snapshot.definition.client_days > 0),
        })?;
        if let Some(due) = due.filter(|_| decided.says_yes) {
            let about = About {
                snapshot,
                notice,
                subject: &subject,
                named: &submission.person,
                facts: &facts,
                changes,
                already: &decided.already,
                waiting_until,
            };
            self.write_letter(keys, &about, due, now)?;
        }
        Ok(answer)
    }

    /// Keeps an act of choosing; what names the person is sealed under the person's key. Call within a commit.
    pub(super) fn write_submission(&self, new: &NewSubmission<'_>) -> Outcome<()> {
        let (id, key) = (new.facts.id, &new.subject.key);
        let client = match new.client {
            None => Value::Null,
            Some(client) => {
                let plain = serde_json::to_vec(client)?;
                Value::Blob(key.seal(&plain, &client_place(id), chance::bytes()))
            }
        };
        let person = key.seal(&new.person.render(), &naming_place(id), chance::bytes());
        let values = vec![
            text(id),
            text(new.subject.id),
            text(&new.digest),
            text(serde_json::to_string(new.facts)?),
            text(&new.answer),
            new.waiting_until
                .map_or(Value::Null, |at| number(at.unix_millis())),
            Value::Blob(person),
            client,
            number(new.facts.received_at.unix_millis()),
        ];
        Ok(self.store.run(
            include_str!("../../sql/ledger/submission_insert.sql"),
            values,
        )?)
    }
}

/// By what the same submission is recognised. Keyed, since it is made from the address among the rest, which is known.
pub(super) fn digest(subject: &Subject, content: &str) -> String {
    base64url(&subject.key.fingerprint(content.as_bytes()))
}

/// To what the person is bound as one submission named it.
pub(super) fn naming_place(submission: Uuid) -> Vec<u8> {
    format!("submission/{submission}").into_bytes()
}

/// To what a sealed mail is bound.
pub(super) fn letter_place(id: &str) -> Vec<u8> {
    format!("mail/{id}").into_bytes()
}

/// To what the sealed network and browser of a submission are bound.
pub(super) fn client_place(submission: Uuid) -> Vec<u8> {
    format!("client/{submission}").into_bytes()
}
