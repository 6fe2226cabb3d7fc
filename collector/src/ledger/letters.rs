//! Letters into the outbox: who is told of an act, by which mail, and with which links.

use std::collections::BTreeSet;

use sayso_shared::{
    consent::Status,
    decision::Change,
    key::PurposeKey,
    mailing::{MailCap, mail_slot},
    notice::Notice,
    published::PublishedPurpose,
    receipt::SubmissionFacts,
    snapshot::Snapshot,
    submitted::Person,
    time::Timestamp,
    token::Token,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    book::{Book, Keys},
    record::letter_place,
    subject::Subject,
};
use crate::{
    chance,
    failure::{Outcome, damaged},
    letter::{Contents, Letter, Told},
    store::{Store, Value, number, text},
};

/// What a mail is about.
pub(super) struct About<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) notice: &'a Notice,
    pub(super) subject: &'a Subject,
    /// As this act named the person
    pub(super) named: &'a Person,
    pub(super) facts: &'a SubmissionFacts,
    pub(super) changes: &'a [Change],
    /// What was ticked though it had been given before
    pub(super) already: &'a BTreeSet<PurposeKey>,
    /// Until when something waits for the person's confirmation
    pub(super) waiting_until: Option<Timestamp>,
}

/// Who causes a mail.
#[derive(Clone, Copy)]
pub(super) enum Trust {
    /// Anybody, by a form
    Visitor,
    /// Who holds a key
    BackEnd,
}

impl<S: Store> Book<S> {
    /// Puts the mail about an act into the outbox, unless the address has had its share for today. Call within a commit.
    pub(super) fn write_letter(
        &self,
        keys: &Keys,
        about: &About<'_>,
        now: Timestamp,
    ) -> Outcome<()> {
        let About {
            snapshot,
            notice,
            subject,
            facts,
            ..
        } = *about;
        let trust = match facts.recorded {
            None => Trust::Visitor,
            Some(_) => Trust::BackEnd,
        };
        let Some(due) = self.mail_slot(keys, subject, trust, now)? else {
            return Ok(());
        };
        let token = || Token::mint(snapshot.site.clone(), snapshot.shard, chance::bytes());
        let (confirm, preferences) = (about.waiting_until.map(|until| (token(), until)), token());
        let told = facts.recorded.as_ref().map(|recorded| Told {
            facts,
            recorded,
            settled: about.settled(),
            named: about.named,
        });
        let letter = Letter::write(&Contents {
            definition: &snapshot.definition,
            lang: &notice.text.lang,
            person: &subject.person,
            waiting: about.became(Status::Requested),
            recorded: about.became(Status::Given),
            already: about.already(),
            told,
            confirm: confirm.as_ref().map(|(token, _)| token),
            preferences: &preferences,
            public_url: &keys.settings.public_url,
        });
        let letter = serde_json::to_vec(&letter.map_err(|_| damaged("a template"))?)?;
        if let Some((token, until)) = &confirm {
            self.write_token(token, subject.id, Some(facts.id), Some(*until))?;
        }
        self.write_token(&preferences, subject.id, None, None)?;
        let id = chance::uuid(now);
        let place = letter_place(&id.to_string());
        let values = vec![
            text(id),
            text(subject.id),
            Value::Blob(subject.key.seal(&letter, &place, chance::bytes())),
            number(now.unix_millis()),
            number(due.unix_millis()),
            text(facts.id),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/mail_insert.sql"), values)?)
    }

    fn write_token(
        &self,
        token: &Token,
        subject: Uuid,
        submission: Option<Uuid>,
        expires_at: Option<Timestamp>,
    ) -> Outcome<()> {
        let values = vec![
            Value::Blob(token.digest().to_vec()),
            text(subject),
            submission.map_or(Value::Null, text),
            expires_at.map_or(Value::Null, |at| number(at.unix_millis())),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/token_insert.sql"), values)?)
    }

    /// When the next mail to somebody may leave; none when the address has had its share for today. A visitor may be anybody who fills in
    /// somebody else's address; a back end knows whom it writes to.
    pub(super) fn mail_slot(
        &self,
        keys: &Keys,
        subject: &Subject,
        trust: Trust,
        now: Timestamp,
    ) -> Outcome<Option<Timestamp>> {
        #[derive(Deserialize)]
        struct Recent {
            count: u32,
            last: Option<i64>,
        }
        let day_ago = now.unix_millis() - 24 * 3_600_000;
        let values = vec![text(subject.id), number(day_ago)];
        let recent: Option<Recent> = self
            .store
            .row(include_str!("../../sql/ledger/mail_recent.sql"), values)?;
        let recent = recent.unwrap_or(Recent {
            count: 0,
            last: None,
        });
        let cap = match trust {
            Trust::Visitor => keys.settings.mailer.cap(),
            Trust::BackEnd => MailCap::NONE,
        };
        Ok(mail_slot(
            cap,
            recent.count,
            recent.last.map(Timestamp::from_unix_millis),
            now,
        ))
    }
}

impl<'a> About<'a> {
    /// The purposes in the order in which the form asks.
    fn purposes(&self) -> impl Iterator<Item = &'a PublishedPurpose> {
        self.notice.text.purposes.iter()
    }

    fn change(&self, purpose: &PurposeKey) -> Option<&'a Change> {
        self.changes
            .iter()
            .find(|change| change.purpose == *purpose)
    }

    fn became(&self, wanted: Status) -> Vec<&'a PublishedPurpose> {
        let is = |purpose: &PublishedPurpose| {
            self.change(&purpose.key)
                .is_some_and(|change| change.after.status == wanted)
        };
        self.purposes().filter(|purpose| is(purpose)).collect()
    }

    /// What is settled without the person's confirmation, and how.
    fn settled(&self) -> Vec<(&'a PublishedPurpose, Status)> {
        let settled = self.purposes().filter_map(|purpose| {
            let status = self.change(&purpose.key)?.after.status;
            (status != Status::Requested).then_some((purpose, status))
        });
        settled.collect()
    }

    fn already(&self) -> Vec<&'a PublishedPurpose> {
        let already = self.purposes();
        already
            .filter(|purpose| self.already.contains(&purpose.key))
            .collect()
    }
}
