//! Confirming: what the confirm page of a mail shows, and what its button does.

use std::collections::BTreeSet;

use sayso_shared::{
    consent::{Consent, Standing, Status},
    decision,
    event::{ActorKind, Manner, Method},
    key::PurposeKey,
    language::Language,
    notice::Notice,
    receipt::{ReceiptAct, SubmissionFacts},
    time::Timestamp,
    visitor::{Confirmation, VisitorClass},
};

use super::{
    acts::worded,
    book::{At, Book},
    links::TokenRow,
    record::SubmissionRow,
};
use crate::{
    failure::{Outcome, damaged},
    look::Look,
    pages::{ConfirmView, Gone, GoneView, Origin, PersonView, PurposeView, SiteView, WaitingView},
    store::{Store, number, text},
};

/// A confirm link that we know, with what it leads to.
pub(super) struct ConfirmLink {
    token: TokenRow,
    submission: SubmissionRow,
    pub(super) facts: SubmissionFacts,
    notice: Notice,
    standing: Standing,
}

impl<S: Store> Book<S> {
    /// What the confirm page shows. Changes nothing.
    pub(super) fn show_confirm(&self, token: &str, now: Timestamp) -> Outcome<ConfirmView> {
        let Some(link) = self.confirm_link(token)? else {
            return Ok(ConfirmView::Unknown);
        };
        Ok(if let Some(until) = link.waits_until(now) {
            let person = self.asked_view(&link, &link.waiting())?;
            ConfirmView::Waiting(WaitingView { person, until })
        } else if link.token.used_at.is_some() {
            ConfirmView::Already(self.asked_view(&link, &link.standing)?)
        } else {
            let snapshot = self.snapshot()?;
            let form = snapshot.definition.form(&link.facts.form);
            ConfirmView::Gone(GoneView {
                site: self.site_view(&link.facts.lang)?,
                why: link.why_gone(now),
                form: form.map(|form| form.key.clone()),
            })
        })
    }

    /// The button of the confirm page: what is in `chosen` is given, what is left out is refused. Pressing it again changes
    /// nothing.
    pub(super) fn confirm(
        &self,
        token: &str,
        chosen: &BTreeSet<String>,
        with: VisitorClass,
        now: Timestamp,
    ) -> Outcome<ConfirmView> {
        let keys = self.keys()?;
        let link = self.confirm_link(token)?;
        let Some(link) = link.filter(|link| link.waits_until(now).is_some()) else {
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
            let confirmation = Confirmation {
                at: now,
                with,
                seconds_after_mail: self.seconds_after_mail(&link, now)?,
                before: self.visits(token),
            };
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
            let values = vec![
                text(serde_json::to_string(&confirmation)?),
                text(submission),
            ];
            self.store.run(
                include_str!("../../sql/ledger/submission_confirmed.sql"),
                values,
            )?;
            // A mail that was asked for again may still wait to leave.
            self.let_be(subject, &[submission].into())
        })?;
        let mut standing = link.standing.clone();
        standing.extend(
            changes
                .into_iter()
                .map(|change| (change.purpose, change.after)),
        );
        Ok(ConfirmView::Confirmed(self.asked_view(&link, &standing)?))
    }

    /// How long after the latest mail about it had left.
    fn seconds_after_mail(&self, link: &ConfirmLink, now: Timestamp) -> Outcome<Option<u64>> {
        let values = vec![text(link.token.subject), text(link.submission.id)];
        let sent: Option<At> = self
            .store
            .row(include_str!("../../sql/ledger/mail_sent_of.sql"), values)?;
        let sent = sent.and_then(|row| row.at);
        Ok(sent.and_then(|sent| u64::try_from((now.unix_millis() - sent) / 1000).ok()))
    }

    /// What was asked to be confirmed, as it stands, in the order in which the form asked.
    fn asked_view(&self, link: &ConfirmLink, standing: &Standing) -> Outcome<PersonView> {
        let answer = link.submission.answer()?;
        let asked = |key: &PurposeKey| answer.purposes.get(key) == Some(&Status::Requested);
        let purposes = link.notice.text.purposes.iter();
        let asked = purposes.filter(|purpose| asked(&purpose.key));
        let standing = asked.filter_map(|purpose| standing.get_key_value(&purpose.key));
        let purposes = standing
            .map(|(purpose, consent)| purpose_view(&link.facts, &link.notice, purpose, consent));
        let mut site = self.site_view(&link.facts.lang)?;
        // Who asked then.
        site.controller.clone_from(&link.notice.text.controller);
        Ok(PersonView {
            site,
            purposes: purposes.collect::<Outcome<_>>()?,
        })
    }

    /// Whose pages these are, for a reader of this language.
    pub(super) fn site_view(&self, lang: &Language) -> Outcome<SiteView> {
        let snapshot = self.snapshot()?;
        Ok(SiteView {
            key: snapshot.site.clone(),
            lang: lang.clone(),
            languages: snapshot.definition.languages.clone(),
            controller: snapshot.definition.controller.clone(),
            look: Look::of(&snapshot.site, &snapshot.definition.theme),
        })
    }

    pub(super) fn confirm_link(&self, token: &str) -> Outcome<Option<ConfirmLink>> {
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
        Ok(Some(ConfirmLink {
            token,
            submission,
            facts,
            notice,
            standing,
        }))
    }
}

impl ConfirmLink {
    /// Until when there is something to confirm; nothing where there is nothing, or no time any more.
    fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.token.expires_at.map(Timestamp::from_unix_millis);
        let until = until.filter(|until| !until.is_over(now))?;
        let mut of_this = self.of_this();
        of_this
            .any(|(_, consent)| consent.status == Status::Requested)
            .then_some(until)
    }

    /// Why there is nothing to confirm any more.
    fn why_gone(&self, now: Timestamp) -> Gone {
        let asked = self.notice.text.purposes.iter();
        let mut standing = asked.filter_map(|purpose| self.standing.get(&purpose.key));
        let newer = |consent: &Consent| {
            consent.status == Status::Requested && consent.submission != self.submission.id
        };
        let until = self.token.expires_at.map(Timestamp::from_unix_millis);
        if standing.any(newer) {
            Gone::Replaced
        } else if until.is_none_or(|until| until.is_over(now)) {
            Gone::Expired
        } else {
            Gone::Stopped
        }
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
