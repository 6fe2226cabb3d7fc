//! Letters into the outbox: who is told of an act, by which mail, and with which links.

use std::collections::BTreeSet;

use sayso_shared::{
    consent::Status,
    decision::Change,
    key::PurposeKey,
    language::Language,
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

impl<S: Store> Book<S> {
    /// Puts the mail about an act into the outbox, to leave when it is `due`; see [`Self::mail_slot`]. Call within a commit.
    pub(super) fn write_letter(
        &self,
        keys: &Keys,
        about: &About<'_>,
        due: Timestamp,
        now: Timestamp,
    ) -> Outcome<()> {
        let About {
            snapshot,
            notice,
            subject,
            facts,
            ..
        } = *about;
        let (confirm, preferences) = (
            about.waiting_until.map(|until| (mint(snapshot), until)),
            mint(snapshot),
        );
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
            hours: about
                .waiting_until
                .map_or(0, |until| hours_until(until, due)),
            is_link: false,
            public_url: &keys.settings.public_url,
        });
        let letter = letter.map_err(|_| damaged("a template"))?;
        if let Some((token, until)) = &confirm {
            self.write_token(token, subject.id, Some(facts.id), Some(*until))?;
        }
        self.write_token(&preferences, subject.id, None, None)?;
        self.post(subject, &letter, Some(facts.id), due, now)
    }

    /// Puts the mail with a new link to somebody's own page into the outbox. Call within a commit.
    pub(super) fn write_link(
        &self,
        keys: &Keys,
        snapshot: &Snapshot,
        subject: &Subject,
        lang: &Language,
        due: Timestamp,
        now: Timestamp,
    ) -> Outcome<()> {
        let preferences = mint(snapshot);
        let letter = Letter::write(&Contents {
            definition: &snapshot.definition,
            lang,
            person: &subject.person,
            waiting: Vec::new(),
            recorded: Vec::new(),
            already: Vec::new(),
            told: None,
            confirm: None,
            preferences: &preferences,
            hours: 0,
            is_link: true,
            public_url: &keys.settings.public_url,
        });
        let letter = letter.map_err(|_| damaged("a template"))?;
        self.write_token(&preferences, subject.id, None, None)?;
        self.post(subject, &letter, None, due, now)
    }

    fn post(
        &self,
        subject: &Subject,
        letter: &Letter,
        about: Option<Uuid>,
        due: Timestamp,
        now: Timestamp,
    ) -> Outcome<()> {
        let letter = serde_json::to_vec(letter)?;
        let id = chance::uuid(now);
        let place = letter_place(&id.to_string());
        let values = vec![
            text(id),
            text(subject.id),
            Value::Blob(subject.key.seal(&letter, &place, chance::bytes())),
            number(now.unix_millis()),
            number(due.unix_millis()),
            about.map_or(Value::Null, text),
        ];
        Ok(self
            .store
            .run(include_str!("../../sql/ledger/mail_insert.sql"), values)?)
    }

    /// When the next mail to somebody may leave; none when the address has had its share for today, which `cap` says. A visitor may be
    /// anybody who fills in somebody else's address; a back end knows whom it writes to.
    pub(super) fn mail_slot(
        &self,
        subject: &Subject,
        cap: MailCap,
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
        Ok(mail_slot(
            cap,
            recent.count,
            recent.last.map(Timestamp::from_unix_millis),
            now,
        ))
    }
}

/// How long something still works, in hours, rounded to the nearest: a mail that waits a minute does not make three days of it 71 hours.
fn hours_until(until: Timestamp, from: Timestamp) -> u32 {
    let minutes = (until.unix_millis() - from.unix_millis()) / 60_000;
    u32::try_from((minutes + 30) / 60).unwrap_or(1).max(1)
}

fn mint(snapshot: &Snapshot) -> Token {
    Token::mint(snapshot.site.clone(), snapshot.shard, chance::bytes())
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
