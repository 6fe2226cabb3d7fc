//! Evidence: who is on record, how their consents stand, and everything that proves one of them. Changes nothing.

use std::collections::BTreeMap;

use sayso_shared::{
    answer::SubjectConsents,
    api_key::{ApiKey, Scope},
    consent::Consent,
    email::EmailAddress,
    event::{Actor, ActorKind, Event, EventSubject},
    evidence::{
        ClientFacts, ConsentFacts, EvidenceAct, EvidenceMail, EvidencePack, EvidenceSubmission,
        SealedEvidence,
    },
    key::PurposeKey,
    mailing::Refusal,
    notice::Notice,
    problem::Problem,
    receipt::Gist,
    time::Timestamp,
};
use serde::Deserialize;
use serde_bytes::ByteBuf;
use uuid::Uuid;

use super::{
    acts::worded,
    book::{Book, Keys},
    outbox::refusal_place,
    pull,
    record::{SubmissionRow, client_place, letter_place},
    recording::open_comment,
    shards::Whose,
    subject::Subject,
};
use crate::{
    failure::{Outcome, damaged},
    json,
    letter::Letter,
    store::{Store, text},
};

#[derive(Deserialize)]
struct ActRow {
    id: Uuid,
    submission: Uuid,
    receipt: String,
}

#[derive(Deserialize)]
struct MailRow {
    id: Uuid,
    submission: Option<Uuid>,
    letter: ByteBuf,
    created_at: i64,
    failures: u32,
    sent_at: Option<i64>,
    next_at: Option<i64>,
    refusal: Option<ByteBuf>,
}

impl<S: Store> Book<S> {
    /// The person of this address.
    pub(super) fn look_up(&self, key: Option<&str>, email: &EmailAddress) -> Outcome<EventSubject> {
        self.admit(key, Scope::SubjectsRead)?;
        self.owns(Whose::Address(email))?;
        let keys = self.keys()?;
        let site = self.snapshot()?.site.clone();
        let subject = self.known_subject(&keys, &site, email)?;
        let subject = subject.ok_or_else(Problem::unknown_subject)?;
        Ok(EventSubject::of(subject.id, Some(&subject.person)))
    }

    /// How everything stands for one person.
    pub(super) fn consents(&self, key: Option<&str>, id: Uuid) -> Outcome<SubjectConsents> {
        self.admit(key, Scope::SubjectsRead)?;
        self.owns(Whose::Subject(id))?;
        let keys = self.keys()?;
        let subject = self.subject(&keys, &id.to_string())?;
        let standing = self.standing(&id.to_string())?;
        if subject.is_none() && standing.is_empty() {
            return Err(self.why_nobody(id)?);
        }
        let consents = standing
            .iter()
            .map(|(purpose, consent)| self.consent_facts(purpose, consent));
        Ok(SubjectConsents {
            consents: consents.collect::<Outcome<_>>()?,
            subject: EventSubject::of(id, subject.as_ref().map(|subject| &subject.person)),
        })
    }

    /// Everything that proves one consent, sealed.
    pub(super) fn evidence(
        &self,
        key: Option<&str>,
        id: Uuid,
        purpose: &PurposeKey,
        now: Timestamp,
    ) -> Outcome<SealedEvidence> {
        self.admit(key, Scope::SubjectsRead)?;
        self.owns(Whose::Subject(id))?;
        let keys = self.keys()?;
        let standing = self.standing(&id.to_string())?;
        if standing.is_empty() {
            return Err(self.why_nobody(id)?);
        }
        let consent = standing.get(purpose).ok_or_else(Problem::unknown_consent)?;
        let pack = self.pack(&keys, id, purpose, consent, now)?;
        Ok(pack.seal(&keys.signing))
    }

    /// Who asks, if this key opens that; the admin comes without a key.
    pub(super) fn admit(&self, key: Option<&str>, scope: Scope) -> Outcome<Actor> {
        let snapshot = self.snapshot();
        let Some(key) = key else {
            return snapshot.map(|_| Actor {
                kind: ActorKind::Admin,
                id: None,
            });
        };
        // A stranger is not told which sites there are: an unknown site is just a key that opens nothing.
        let snapshot = snapshot.map_err(|_| Problem::unauthorized())?;
        let key = ApiKey::parse(key).ok_or_else(Problem::unauthorized)?;
        let kept = key
            .among(&snapshot.keys)
            .ok_or_else(Problem::unauthorized)?;
        if kept.scopes.contains(&scope) {
            Ok(Actor {
                kind: ActorKind::Key,
                id: Some(kept.name.to_string()),
            })
        } else {
            Err(Problem::missing_scope(scope.as_str()).into())
        }
    }

    /// Everything that proves one consent.
    pub(super) fn pack(
        &self,
        keys: &Keys,
        id: Uuid,
        purpose: &PurposeKey,
        consent: &Consent,
        now: Timestamp,
    ) -> Outcome<EvidencePack> {
        let subject = self.subject(keys, &id.to_string())?;
        let submissions = self.evidence_submissions(id, subject.as_ref(), purpose)?;
        let mut notices: BTreeMap<&str, Notice> = BTreeMap::new();
        for submission in &submissions {
            let hash = submission.facts.notice.hash.as_str();
            notices.insert(hash, self.notice(hash)?);
        }
        let notices = notices.into_values().collect();
        Ok(EvidencePack {
            schema: EvidencePack::SCHEMA.to_owned(),
            iss: keys.settings.public_url.clone(),
            made_at: now,
            site: self.snapshot()?.site.clone(),
            consent: self.consent_facts(purpose, consent)?,
            notices,
            mails: self.evidence_mails(id, subject.as_ref(), &submissions)?,
            acts: self.evidence_acts(&submissions, purpose)?,
            events: self.events_of(keys, id, purpose)?,
            keys: keys.settings.jwks().keys,
            subject: EventSubject::of(id, subject.as_ref().map(|subject| &subject.person)),
            submissions,
        })
    }

    fn consent_facts(&self, purpose: &PurposeKey, consent: &Consent) -> Outcome<ConsentFacts> {
        let (facts, notice) = self.basis(consent.submission)?;
        let worded = worded(&notice, purpose)?;
        Ok(ConsentFacts {
            purpose: purpose.clone(),
            title: worded.title.clone(),
            legal_basis: facts.legal_basis(worded),
            channels: worded.channels.clone(),
            status: consent.status,
            since: consent.since,
            requested_at: consent.requested_at,
            submission: consent.submission,
            source: facts.source,
            recorded: facts.recorded,
            notice: facts.notice,
        })
    }

    /// The submissions that named the purpose, oldest first.
    fn evidence_submissions(
        &self,
        id: Uuid,
        subject: Option<&Subject>,
        purpose: &PurposeKey,
    ) -> Outcome<Vec<EvidenceSubmission>> {
        let rows: Vec<SubmissionRow> = self.store.rows(
            include_str!("../../sql/ledger/submission_of_subject.sql"),
            vec![text(id)],
        )?;
        let mut submissions = Vec::new();
        for row in rows {
            let Some(asked) = row.answer()?.purposes.get(purpose).copied() else {
                continue;
            };
            submissions.push(EvidenceSubmission {
                facts: row.facts()?,
                asked,
                client: client(&row, subject)?,
                comment: comment(&row, subject)?,
                confirmation: row.confirmation()?,
            });
        }
        submissions.sort_by_key(|submission| (submission.facts.received_at, submission.facts.id));
        Ok(submissions)
    }

    fn evidence_acts(
        &self,
        submissions: &[EvidenceSubmission],
        purpose: &PurposeKey,
    ) -> Outcome<Vec<EvidenceAct>> {
        let ids: Vec<Uuid> = submissions.iter().map(|each| each.facts.id).collect();
        let rows: Vec<ActRow> = self.store.rows(
            include_str!("../../sql/ledger/act_of_submissions.sql"),
            vec![text(serde_json::to_string(&ids)?)],
        )?;
        let mut acts = Vec::new();
        for row in rows {
            let gist = Gist::read(&row.receipt).ok_or_else(|| damaged("a receipt"))?;
            if gist.names(purpose) {
                acts.push(EvidenceAct {
                    id: row.id,
                    kind: gist.act,
                    at: gist.at,
                    submission: row.submission,
                    receipt: row.receipt,
                });
            }
        }
        acts.sort_by_key(|act| (act.at, act.id));
        Ok(acts)
    }

    /// The mails about these submissions. None when the person was erased: there is nothing to open them with.
    fn evidence_mails(
        &self,
        id: Uuid,
        subject: Option<&Subject>,
        submissions: &[EvidenceSubmission],
    ) -> Outcome<Vec<EvidenceMail>> {
        let Some(subject) = subject else {
            return Ok(Vec::new());
        };
        let rows: Vec<MailRow> = self.store.rows(
            include_str!("../../sql/ledger/mail_of_subject.sql"),
            vec![text(id)],
        )?;
        let mut mails = Vec::new();
        for row in rows {
            let written_at = Timestamp::from_unix_millis(row.created_at);
            let about = submissions.iter().find(|each| match row.submission {
                Some(submission) => submission == each.facts.id,
                None => written_at == each.facts.received_at,
            });
            let Some(about) = about else {
                continue;
            };
            let letter = subject
                .key
                .open(&row.letter, &letter_place(&row.id.to_string()))
                .map_err(|_| damaged("a mail"))?;
            // One that has left was blanked then; one that waits still holds what opens its links.
            let letter = json::read::<Letter>(&letter)?.without_secrets();
            mails.push(EvidenceMail {
                id: row.id,
                submission: about.facts.id,
                written_at,
                sent_at: row.sent_at.map(Timestamp::from_unix_millis),
                failures: row.failures,
                next_try_at: row.next_at.map(Timestamp::from_unix_millis),
                refusal: refusal(subject, &row)?,
                text: letter.text,
                html: letter.html,
                from: letter.from,
                to: letter.to,
                subject: letter.subject,
            });
        }
        Ok(mails)
    }

    fn events_of(&self, keys: &Keys, id: Uuid, purpose: &PurposeKey) -> Outcome<Vec<Event>> {
        let rows: Vec<pull::Row> = self.store.rows(
            include_str!("../../sql/ledger/event_of_consent.sql"),
            vec![text(id), text(purpose)],
        )?;
        rows.into_iter()
            .map(|row| self.read_event(keys, row))
            .collect()
    }
}

/// From where a submission came, where that was noted and the person was not erased.
fn client(row: &SubmissionRow, subject: Option<&Subject>) -> Outcome<Option<ClientFacts>> {
    let (Some(sealed), Some(subject)) = (&row.client, subject) else {
        return Ok(None);
    };
    let opened = subject
        .key
        .open(sealed, &client_place(row.id))
        .map_err(|_| damaged("a client"))?;
    Ok(Some(json::read(&opened)?))
}

/// Why a mail was never taken, where whoever refused it said so.
fn refusal(subject: &Subject, row: &MailRow) -> Outcome<Option<Refusal>> {
    let Some(sealed) = &row.refusal else {
        return Ok(None);
    };
    let opened = subject
        .key
        .open(sealed, &refusal_place(&row.id.to_string()))
        .map_err(|_| damaged("a refusal"))?;
    Ok(Some(json::read(&opened)?))
}

/// What whoever recorded it noted, where the person was not erased.
fn comment(row: &SubmissionRow, subject: Option<&Subject>) -> Outcome<Option<String>> {
    let (Some(sealed), Some(subject)) = (&row.comment, subject) else {
        return Ok(None);
    };
    open_comment(subject, row.id, sealed)
        .ok_or_else(|| damaged("a comment"))
        .map(Some)
}
