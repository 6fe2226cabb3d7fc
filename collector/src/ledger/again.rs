//! Mail again: a request's mail once more, and a new link to somebody's own page. Whoever asks learns nothing of who is on record.

use sayso_shared::{
    consent::{Consent, Status},
    decision::Change,
    email::EmailAddress,
    language::Language,
    time::Timestamp,
};
use std::collections::BTreeSet;

use super::{book::Book, letters::About, record::SubmissionRow, shards::Whose};
use crate::{
    failure::Outcome,
    pages::SiteView,
    store::{Store, text},
};

impl<S: Store> Book<S> {
    /// Mails once more what waits for the answer to a mail, by the link of one that was about it or about something before it. Nothing
    /// happens where nothing waits, or where the address has had its mails for today.
    pub(super) fn mail_again(&self, token: &str, now: Timestamp) -> Outcome<()> {
        let keys = self.keys()?;
        let Some(link) = self.token(token)?.filter(|link| link.submission.is_some()) else {
            return Ok(());
        };
        let Some(subject) = self.subject(&keys, &link.subject.to_string())? else {
            return Ok(());
        };
        let rows: Vec<SubmissionRow> = self.store.rows(
            include_str!("../../sql/ledger/submission_waiting.sql"),
            vec![text(subject.id)],
        )?;
        let standing = self.standing(&subject.id.to_string())?;
        // A later submission may have taken over what an earlier one asked.
        let waits = |row: &&SubmissionRow| {
            let until = row.waiting_until.map(Timestamp::from_unix_millis);
            let mut consents = standing.values();
            until.is_some_and(|until| !until.is_over(now))
                && consents.any(|consent| is_pending(consent, row))
        };
        let Some(row) = rows.iter().find(waits) else {
            return Ok(());
        };
        let Some(due) = self.mail_slot(&subject, keys.settings.mailer.cap(), now)? else {
            return Ok(());
        };
        let (facts, notice) = self.basis(row.id)?;
        let pending = standing.iter();
        let pending = pending.filter(|(_, consent)| is_pending(consent, row));
        let changes: Vec<Change> = pending
            .map(|(purpose, consent)| Change {
                purpose: purpose.clone(),
                previous: Status::Requested,
                after: consent.clone(),
            })
            .collect();
        let about = About {
            snapshot: &*self.snapshot()?,
            notice: &notice,
            subject: &subject,
            named: &subject.person,
            facts: &facts,
            changes: &changes,
            already: &BTreeSet::new(),
            waiting_until: row.waiting_until.map(Timestamp::from_unix_millis),
        };
        self.store
            .commit(|| self.write_letter(&keys, &about, due, now))
    }

    /// Mails a new link to the page of whoever has this address. Nothing happens where nobody has, or where the address has had its
    /// mails for today.
    pub(super) fn mail_link(
        &self,
        email: &EmailAddress,
        lang: Option<&Language>,
        now: Timestamp,
    ) -> Outcome<()> {
        self.owns(Whose::Address(email))?;
        let (keys, snapshot) = (self.keys()?, self.snapshot()?);
        let Some(subject) = self.known_subject(&keys, &snapshot.site, email)? else {
            return Ok(());
        };
        let Some(due) = self.mail_slot(&subject, keys.settings.mailer.cap(), now)? else {
            return Ok(());
        };
        let lang = self.language_of(subject.id, lang)?;
        self.store
            .commit(|| self.write_link(&keys, &snapshot, &subject, &lang, due, now))
    }

    /// Whose pages these are, for readers who would like one of these languages; nothing for a site that is not known.
    pub(super) fn who(&self, wanted: &[Language]) -> Outcome<Option<SiteView>> {
        let Ok(snapshot) = self.snapshot() else {
            return Ok(None);
        };
        let lang = snapshot.definition.language_among(wanted);
        self.site_view(lang).map(Some)
    }
}

/// Whether this is what a submission's mail asks to confirm.
fn is_pending(consent: &Consent, row: &SubmissionRow) -> bool {
    consent.status == Status::Requested && consent.submission == row.id
}
