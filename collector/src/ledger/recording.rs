//! Recording what was decided elsewhere: lines of a back end, each taken or refused by itself.
//!
//! Each line has a commit of its own, so that one that cannot be written hinders no other. There is no waiting between them: what they
//! write is made durable by one flush, and no answer leaves before it.

use std::{collections::BTreeSet, rc::Rc};

use sayso_shared::{
    answer::{LineAnswer, RecordingAnswer, SubmissionAnswer, SubmissionState, UnchangedAnswer},
    api_key::Scope,
    consent::{Standing, Status},
    decision::{self, Change, DecidedElsewhere, Unchanged},
    event::{ActorKind, Manner},
    key::ApiKeyName,
    language::Language,
    mailing::MailCap,
    notice::Notice,
    problem::{FieldError, Problem},
    receipt::{Meant, ReceiptAct, SubmissionFacts},
    recording::Recording,
    snapshot::Snapshot,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{
    acts::Done,
    book::{Book, Keys},
    letters::About,
    record::{NewSubmission, RESEND_AFTER, SubmissionRow, digest},
    shards::Whose,
    subject::Subject,
};
use crate::{
    chance,
    failure::{Failure, Outcome},
    json,
    store::{Store, Value, text},
};

/// One line of a call.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Which one, counted from 0
    pub(crate) index: u32,
    pub(crate) document: Json,
}

/// What came of lines.
pub(super) struct Recorded {
    /// One for each line, in their order
    pub(super) answers: Vec<LineAnswer>,
    /// What went wrong through no fault of the caller's, to be logged; the lines are answered with 500
    pub(super) faults: Vec<Failure>,
}

/// What all lines of a call have in common.
struct Call<'a> {
    keys: Rc<Keys>,
    snapshot: Rc<Snapshot>,
    key: Option<&'a ApiKeyName>,
    now: Timestamp,
}

impl Line {
    /// Reads it, or says all that is wrong, with pointers into the whole body.
    pub(crate) fn parse(&self, now: Timestamp) -> Result<Recording, Vec<FieldError>> {
        Recording::parse(&self.document, now).map_err(|errors| self.within(errors))
    }

    fn within(&self, errors: Vec<FieldError>) -> Vec<FieldError> {
        let place = format!("/consents/{}", self.index);
        let errors = errors.into_iter();
        errors.map(|error| error.within(&place)).collect()
    }

    /// The problem with pointers into the whole body.
    fn placed(&self, mut problem: Problem) -> Problem {
        let is_placed = |error: &FieldError| error.pointer.starts_with("/consents/");
        if !problem.errors.iter().all(is_placed) {
            problem.errors = self.within(problem.errors);
        }
        problem
    }

    /// What is answered to a line that is not recorded.
    pub(crate) fn refused(&self, problem: Problem) -> LineAnswer {
        let id = self.document.get("id").and_then(Json::as_str);
        LineAnswer {
            index: self.index,
            id: id.and_then(|id| Uuid::try_parse(id).ok()),
            status: problem.status,
            recorded: None,
            problem: Some(problem),
        }
    }
}

impl<S: Store> Book<S> {
    /// Records lines.
    ///
    /// 1. The key may do this: 401, 403. This is the ledger for all these persons.
    /// 2. Each line by itself, in their order, is read: 422 with all that is wrong.
    /// 3. The same id again: 200 with the same answer, or 409 if it says something else.
    /// 4. Its words are those of the form in that language, of now or as its hash names them, and speak of what was decided: 422.
    /// 5. It is decided, signed and written, all or nothing: 201.
    pub(super) fn record_lines(
        &self,
        key: Option<&str>,
        lines: &[Line],
        now: Timestamp,
    ) -> Outcome<Recorded> {
        let actor = self.admit(key, Scope::SubjectsWrite)?; // 1
        let name = actor.id.filter(|_| actor.kind == ActorKind::Key);
        let key = name.and_then(|name| ApiKeyName::parse(&name).ok());
        let call = Call {
            keys: self.keys()?,
            snapshot: self.snapshot()?,
            key: key.as_ref(),
            now,
        };
        let read = lines.iter().map(|line| (line, line.parse(now))); // 2
        let read: Vec<_> = read.collect();
        for recording in read.iter().filter_map(|(_, read)| read.as_ref().ok()) {
            self.owns(Whose::Address(&recording.person.email))?;
        }
        let mut faults = Vec::new();
        let answers = read.into_iter().map(|(line, read)| {
            let recorded = read
                .map_err(|errors| Problem::invalid(errors).into())
                .and_then(|recording| {
                    let recorded = self.record_one(&call, &recording)?;
                    Ok((recording.id, recorded))
                });
            match recorded {
                Ok((id, (status, recorded))) => LineAnswer {
                    index: line.index,
                    id: Some(id),
                    status,
                    recorded: Some(recorded),
                    problem: None,
                },
                Err(Failure::Problem(problem)) => line.refused(line.placed(*problem)),
                Err(fault) => {
                    faults.push(fault);
                    line.refused(Problem::internal())
                }
            }
        });
        let answers = answers.collect();
        Ok(Recorded { answers, faults })
    }

    fn record_one(
        &self,
        call: &Call<'_>,
        recording: &Recording,
    ) -> Outcome<(u16, RecordingAnswer)> {
        if let Some(known) = self.submission(recording.id)? {
            return if self.is_the_same_recording(&call.keys, &known, recording)? {
                Ok((200, json::read(&known.answer)?)) // 3
            } else {
                Err(Problem::id_reused().into())
            };
        }
        let notice = self.told_notice(&call.snapshot, recording)?; // 4
        recording
            .fits(&notice.text.purposes)
            .map_err(Problem::invalid)?;
        let answer = self
            .store
            .commit(|| self.write_recording(call, &notice, recording))?; // 5
        Ok((201, answer))
    }

    /// Whether a recording is the one that was taken before. When its person was forgotten since, all but who it was is compared.
    fn is_the_same_recording(
        &self,
        keys: &Keys,
        known: &SubmissionRow,
        again: &Recording,
    ) -> Outcome<bool> {
        match self.subject(keys, &known.subject)? {
            Some(subject) => Ok(known.digest == digest(&subject, &again.digest)),
            None => {
                Ok(known.answer()?.is_to(&again.choices) && known.facts()?.are_of_recording(again))
            }
        }
    }

    /// The words that the person was told.
    fn told_notice(&self, snapshot: &Snapshot, recording: &Recording) -> Outcome<Notice> {
        let wrong = |pointer: &str, must: String| {
            Failure::from(Problem::invalid(vec![FieldError::new(pointer, must)]))
        };
        let (form, lang) = (&recording.form, &recording.lang);
        if let Some(hash) = &recording.notice_hash {
            let notice = self.known_notice(hash)?;
            let notice =
                notice.filter(|notice| notice.text.form == *form && notice.text.lang == *lang);
            let must =
                "must be the hash of words that were published of this form in this language";
            return notice.ok_or_else(|| wrong("/notice_hash", must.to_owned()));
        }
        let definition = &snapshot.definition;
        if definition.form(form).is_none() {
            let must = "is not a form of the site; add it, or name one of its own";
            return Err(wrong("/form", must.to_owned()));
        }
        let notice = snapshot.notice(form, lang).cloned();
        notice.ok_or_else(|| {
            let languages: Vec<&str> = definition.languages.iter().map(Language::as_str).collect();
            wrong(
                "/lang",
                format!("must be a language of the site: {}", languages.join(", ")),
            )
        })
    }

    fn write_recording(
        &self,
        call: &Call<'_>,
        notice: &Notice,
        recording: &Recording,
    ) -> Outcome<RecordingAnswer> {
        let Call {
            keys,
            snapshot,
            key,
            now,
        } = call;
        let now = *now;
        let subject = self.subject_of(keys, &snapshot.site, &recording.person, now)?;
        let mut standing = self.standing(&subject.id.to_string())?;
        self.write_expired(keys, subject.id, &mut standing, now)?;
        let facts = SubmissionFacts::of_recording(recording, notice.name(), key.cloned(), now);
        let words = &notice.text.purposes;
        let decided = decision::record(&standing, words, &facts, &recording.choices, now);
        if standing.is_empty() && decided.changes.is_empty() {
            // Nobody is put on record for a yes that holds no more. The commit undoes what was begun.
            let errors = decided.unchanged.iter().map(|(purpose, reason)| {
                let why = UnchangedAnswer::of(*reason, None, facts.decided_at).detail;
                FieldError::new("/decided_at", format!("{purpose}: {why}"))
            });
            return Err(Problem::invalid(errors.collect()).into());
        }
        let meant = decided.asked.iter().map(|(purpose, asked)| {
            let change = decided
                .changes
                .iter()
                .find(|change| change.purpose == *purpose);
            let asked = *asked;
            let meant = match change {
                Some(change) => Meant::Recorded {
                    asked,
                    stands: change.after.status,
                },
                None => Meant::Unchanged {
                    asked,
                    stands: standing
                        .get(purpose)
                        .map_or(Status::Unknown, |consent| consent.status),
                },
            };
            (purpose, meant)
        });
        let done = Done {
            subject: subject.id,
            facts: &facts,
            notice,
            act: ReceiptAct::Recorded,
            manner: Manner {
                source: recording.source,
                method: recording.method,
                actor: recording.actor.kind,
                decided_at: facts.decided_at,
                at: now,
            },
            changes: &decided.changes,
        };
        let receipt = self.append(keys, &done, meant, now)?;
        let answer = answer(&subject, &standing, &facts, &decided, receipt);
        let waits = answer.submission.state == SubmissionState::Pending;
        let waiting_until = waits.then(|| now + snapshot.definition.confirm_within());
        self.write_submission(&NewSubmission {
            subject: &subject,
            person: &recording.person,
            digest: digest(&subject, &recording.digest),
            facts: &facts,
            answer: serde_json::to_string(&answer)?,
            waiting_until,
            client: None,
        })?;
        self.write_comment(&subject, recording)?;
        let is_settled = |change: &Change| change.previous == Status::Requested;
        if decided.changes.iter().any(is_settled) {
            // Nobody is asked to confirm what was settled otherwise.
            self.cancel_mails(subject.id)?;
        }
        if is_told(snapshot, &facts, &decided) {
            let already = decided.unchanged.iter();
            let already = already.filter(|(_, reason)| **reason == Unchanged::AlreadyGiven);
            let already: BTreeSet<_> = already.map(|(purpose, _)| purpose.clone()).collect();
            let about = About {
                snapshot,
                notice,
                subject: &subject,
                named: &recording.person,
                facts: &facts,
                changes: &decided.changes,
                already: &already,
                waiting_until,
            };
            let due = self.mail_slot(&subject, MailCap::NONE, now)?;
            self.write_letter(keys, &about, due.unwrap_or(now), now)?;
        }
        Ok(answer)
    }

    fn write_comment(&self, subject: &Subject, recording: &Recording) -> Outcome<()> {
        let Some(comment) = &recording.comment else {
            return Ok(());
        };
        let place = comment_place(recording.id);
        let sealed = subject
            .key
            .seal(comment.as_bytes(), &place, chance::bytes());
        let values = vec![Value::Blob(sealed), text(recording.id)];
        Ok(self.store.run(
            include_str!("../../sql/ledger/submission_comment.sql"),
            values,
        )?)
    }
}

fn answer(
    subject: &Subject,
    standing: &Standing,
    facts: &SubmissionFacts,
    decided: &DecidedElsewhere,
    receipt: String,
) -> RecordingAnswer {
    let mut changes = decided.changes.iter();
    let waits = changes.any(|change| change.after.status == Status::Requested);
    let unchanged = decided.unchanged.iter().map(|(purpose, reason)| {
        let known = standing.get(purpose);
        let answer = UnchangedAnswer::of(*reason, known, facts.decided_at);
        (purpose.clone(), answer)
    });
    RecordingAnswer {
        subject: subject.id,
        unchanged: unchanged.collect(),
        submission: SubmissionAnswer {
            id: facts.id,
            state: if waits {
                SubmissionState::Pending
            } else {
                SubmissionState::Recorded
            },
            purposes: decided.asked.clone(),
            receipt,
            resend_after: waits.then_some(RESEND_AFTER),
        },
    }
}

/// Whether the person gets a mail: always where something waits for the answer to it; else, as the site wishes, where a yes was put on
/// record. Nobody is mailed for having said no.
fn is_told(snapshot: &Snapshot, facts: &SubmissionFacts, decided: &DecidedElsewhere) -> bool {
    let became = |wanted: Status| {
        let mut changes = decided.changes.iter();
        changes.any(|change| change.after.status == wanted)
    };
    let wished = snapshot
        .definition
        .privacy_confirmation
        .is_for(facts.source);
    became(Status::Requested) || (wished && became(Status::Given))
}

/// What was noted, unless it cannot be read.
pub(super) fn open_comment(subject: &Subject, submission: Uuid, sealed: &[u8]) -> Option<String> {
    let opened = subject.key.open(sealed, &comment_place(submission)).ok()?;
    String::from_utf8(opened).ok()
}

/// To what a sealed comment is bound.
fn comment_place(submission: Uuid) -> Vec<u8> {
    format!("comment/{submission}").into_bytes()
}
