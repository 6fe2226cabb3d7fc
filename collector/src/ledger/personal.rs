//! The personal page: everything that is a person's to choose, and its buttons. Whoever holds its link has it from a mail, which proves
//! the address: a yes counts at once, as a no does.

use std::collections::BTreeSet;

use sayso_shared::{
    answer::{SubmissionAnswer, SubmissionState},
    consent::{Consent, Standing, Status, part_holds},
    decision::{self, Change},
    definition::Form,
    event::{ActorKind, Manner, Method},
    key::PurposeKey,
    language::Language,
    notice::Notice,
    published::PublishedPurpose,
    purpose::{Channel, LegalBasis, Source},
    receipt::{Meant, ReceiptAct, SubmissionFacts},
    time::Timestamp,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    acts::{Done, worded},
    book::{At, Book, Keys},
    record::{NewSubmission, SubmissionRow, digest},
    subject::Subject,
};
use crate::{
    chance,
    failure::{Outcome, damaged},
    pages::{Can, ChoiceView, Origin, PersonalView, PreferencesView, RestsOn},
    store::{Store, text},
};

/// A link to a person's own page, and in which language it is read; without one, in that of the person's last answer.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) token: &'a str,
    pub(super) lang: Option<&'a Language>,
}

/// A switch as it was pressed.
pub(super) struct Pressed<'a> {
    pub(super) purpose: &'a PurposeKey,
    pub(super) on: bool,
    /// The words that stood there, by their hash
    pub(super) notice: &'a str,
}

impl<'a> From<&'a str> for Reader<'a> {
    fn from(token: &'a str) -> Self {
        Self { token, lang: None }
    }
}

impl<'a> From<&'a String> for Reader<'a> {
    fn from(token: &'a String) -> Self {
        Self { token, lang: None }
    }
}

impl<S: Store> Book<S> {
    /// What the personal page shows. Changes nothing.
    pub(super) fn show_preferences<'a>(
        &self,
        reader: impl Into<Reader<'a>>,
    ) -> Outcome<PreferencesView> {
        let reader = reader.into();
        let Some(subject) = self.preferences_link(reader.token)? else {
            return Ok(PreferencesView::Unknown);
        };
        self.personal_view(subject, reader.lang)
            .map(PreferencesView::Standing)
    }

    /// A button of the personal page: stops one purpose, or everything, at once.
    pub(super) fn withdraw<'a>(
        &self,
        reader: impl Into<Reader<'a>>,
        purpose: Option<&PurposeKey>,
        now: Timestamp,
    ) -> Outcome<PreferencesView> {
        let reader = reader.into();
        let chosen = |key: &PurposeKey| purpose.is_none_or(|purpose| purpose == key);
        let by = (Source::PreferenceCentre, Method::PreferenceCentre);
        self.stop(reader, chosen, by, now)
    }

    /// The button of a mail program (RFC 8058), or of the page that stands for it: stops everything for which the person agreed to be
    /// mailed.
    pub(super) fn unsubscribe<'a>(
        &self,
        reader: impl Into<Reader<'a>>,
        now: Timestamp,
    ) -> Outcome<PreferencesView> {
        let reader = reader.into();
        let Some(subject) = self.preferences_link(reader.token)? else {
            return Ok(PreferencesView::Unknown);
        };
        let mut mailed = BTreeSet::new();
        for (purpose, consent) in self.standing(&subject.to_string())? {
            let (facts, notice) = self.basis(consent.submission)?;
            let worded = worded(&notice, &purpose)?;
            let agreed = facts.legal_basis(worded) == LegalBasis::Consent;
            if agreed && worded.channels.contains(&Channel::Email) {
                mailed.insert(purpose);
            }
        }
        let by = (Source::OneClick, Method::OneClick);
        self.stop(reader, |key| mailed.contains(key), by, now)
    }

    fn stop(
        &self,
        reader: Reader<'_>,
        chosen: impl Fn(&PurposeKey) -> bool,
        (source, method): (Source, Method),
        now: Timestamp,
    ) -> Outcome<PreferencesView> {
        let keys = self.keys()?;
        let Some(subject) = self.preferences_link(reader.token)? else {
            return Ok(PreferencesView::Unknown);
        };
        let mut standing = self.standing(&subject.to_string())?;
        self.store
            .commit(|| self.write_expired(&keys, subject, &mut standing, now))?;
        let changes = decision::withdraw(&standing, chosen, now);
        if changes.is_empty() {
            return self.show_preferences(reader);
        }
        let manner = own(source, method, now);
        self.store.commit(|| {
            let pending = pending(&changes);
            self.write_changes(&keys, subject, changes, ReceiptAct::Withdrawn, manner, now)?;
            self.let_be(subject, &pending)
        })?;
        self.personal_view(subject, reader.lang)
            .map(PreferencesView::Withdrawn)
    }

    /// A switch of the personal page.
    ///
    /// 1. The link is one of ours, and the words that stood beside the switch are those of now; else the page is shown again.
    /// 2. What is decided rests on an act of choosing of its own, with those words, and is signed and written, all or nothing.
    pub(super) fn switch(
        &self,
        reader: Reader<'_>,
        pressed: &Pressed<'_>,
        now: Timestamp,
    ) -> Outcome<PreferencesView> {
        let keys = self.keys()?;
        let Some(subject) = self.preferences_link(reader.token)? else {
            return Ok(PreferencesView::Unknown);
        };
        let snapshot = self.snapshot()?;
        let form = Form::personal_key();
        let mut notices = snapshot.notices.iter();
        let notice =
            notices.find(|notice| notice.text.form == form && notice.hash == pressed.notice);
        let is_asked = |notice: &&Notice| worded(notice, pressed.purpose).is_ok();
        let person = self.subject(&keys, &subject.to_string())?;
        let (Some(notice), Some(person)) = (notice.filter(is_asked), person) else {
            return self.show_preferences(reader); // 1
        };
        let mut standing = self.standing(&subject.to_string())?;
        self.store
            .commit(|| self.write_expired(&keys, subject, &mut standing, now))?;
        let known = standing.get(pressed.purpose);
        let (waited, unproven) = match known {
            Some(consent) => (
                (consent.status == Status::Requested).then_some(consent.submission),
                self.rests_on(subject, pressed.purpose, consent)?
                    .is_unproven(),
            ),
            None => (None, false),
        };
        let change = decision::switch(
            &standing,
            &notice.text.purposes,
            chance::uuid(now),
            pressed.purpose,
            pressed.on,
            unproven,
            now,
        );
        let Some(change) = change else {
            return self.show_preferences(reader);
        };
        self.store.commit(|| {
            self.write_switch(&keys, &person, notice, change, now)?; // 2
            self.let_be(subject, &waited.into_iter().collect())
        })?;
        let view = self.personal_view(subject, reader.lang)?;
        Ok(if pressed.on {
            PreferencesView::Given(view)
        } else {
            PreferencesView::Withdrawn(view)
        })
    }

    /// Makes all links to somebody's own page stop working, that of this page too.
    pub(super) fn revoke(&self, reader: Reader<'_>) -> Outcome<PreferencesView> {
        self.keys()?;
        let Some(subject) = self.preferences_link(reader.token)? else {
            return Ok(PreferencesView::Unknown);
        };
        let lang = self.language_of(subject, reader.lang)?;
        self.store.commit(|| {
            Ok(self.store.run(
                include_str!("../../sql/ledger/token_revoke.sql"),
                vec![text(subject)],
            )?)
        })?;
        self.site_view(&lang).map(PreferencesView::Revoked)
    }

    fn write_switch(
        &self,
        keys: &Keys,
        subject: &Subject,
        notice: &Notice,
        change: Change,
        now: Timestamp,
    ) -> Outcome<()> {
        let facts = SubmissionFacts {
            id: change.after.submission,
            form: notice.text.form.clone(),
            notice: notice.name(),
            lang: notice.text.lang.clone(),
            source: Source::PreferenceCentre,
            page: None,
            conversation: None,
            shown_at: None,
            decided_at: now,
            received_at: now,
            gpc: None,
            widget: None,
            recorded: None,
        };
        let (purpose, became) = (change.purpose.clone(), change.after.status);
        let changes = [change];
        let done = Done {
            subject: subject.id,
            facts: &facts,
            notice,
            act: ReceiptAct::Submitted,
            manner: own(Source::PreferenceCentre, Method::PreferenceCentre, now),
            changes: &changes,
        };
        let asked = match became {
            Status::Given => Status::Given,
            _ => Status::Refused,
        };
        let meant = std::iter::once((&purpose, Meant::Asked(asked)));
        let receipt = self.append(keys, &done, meant, now)?;
        let answer = SubmissionAnswer {
            id: facts.id,
            state: SubmissionState::Recorded,
            purposes: [(purpose.clone(), asked)].into(),
            receipt,
            resend_after: None,
        };
        self.write_submission(&NewSubmission {
            subject,
            person: &subject.person,
            digest: digest(subject, &facts.id.to_string()),
            facts: &facts,
            answer: serde_json::to_string(&answer)?,
            waiting_until: None,
            client: None,
        })
    }

    /// In which language somebody reads: the wanted one, if the site has it, else that of the last answer.
    pub(super) fn language_of(
        &self,
        subject: Uuid,
        wanted: Option<&Language>,
    ) -> Outcome<Language> {
        let snapshot = self.snapshot()?;
        if let Some(wanted) =
            wanted.and_then(|wanted| wanted.best_of(&snapshot.definition.languages))
        {
            return Ok(wanted.clone());
        }
        let latest: Option<SubmissionRow> = self.store.row(
            include_str!("../../sql/ledger/submission_latest.sql"),
            vec![text(subject)],
        )?;
        let latest = latest.ok_or_else(|| damaged("a person's submission"))?;
        Ok(latest.facts()?.lang)
    }

    /// Everything that is the person's to choose: the site's purposes in its own order, then what it no longer has.
    pub(super) fn personal_view(
        &self,
        subject: Uuid,
        wanted: Option<&Language>,
    ) -> Outcome<PersonalView> {
        let lang = self.language_of(subject, wanted)?;
        let snapshot = self.snapshot()?;
        let definition = &snapshot.definition;
        let notice = snapshot.notice(&Form::personal_key(), definition.language_for(Some(&lang)));
        // Of somebody who is forgotten there is no address left that a yes could be for.
        let known: Option<At> = self.store.row(
            include_str!("../../sql/ledger/subject_known.sql"),
            vec![text(subject)],
        )?;
        let notice = notice.filter(|_| known.is_some());
        let standing = self.standing(&subject.to_string())?;
        let known = definition.purposes.iter().map(|purpose| &purpose.key);
        let is_gone = |key: &&PurposeKey| definition.purpose(key).is_none();
        let keys = known.chain(standing.keys().filter(is_gone));
        let page = Page {
            subject,
            lang: &lang,
            notice,
            standing: &standing,
        };
        let choices = keys.filter_map(|key| self.choice(&page, key).transpose());
        Ok(PersonalView {
            choices: choices.collect::<Outcome<_>>()?,
            notice: notice.map(|notice| notice.hash.clone()),
            site: self.site_view(&lang)?,
        })
    }

    /// One choice; nothing where the person was never asked, and cannot choose.
    fn choice(&self, page: &Page<'_>, key: &PurposeKey) -> Outcome<Option<ChoiceView>> {
        let now = page.notice.and_then(|notice| worded(notice, key).ok());
        let consent = page.standing.get(key);
        let part_of = now.and_then(|worded| worded.part_of.clone());
        let whole = part_of.as_ref().map(|whole| page.status(whole));
        let own = page.status(key);
        let holds = match whole {
            Some(whole) => part_holds(own, whole),
            None => matches!(own, Status::Given | Status::Requested),
        };
        let rests_on = match consent {
            Some(consent) => Some(self.rests_on(page.subject, key, consent)?),
            None => None,
        };
        let Some((title, text)) = page.words(now, rests_on.as_ref(), holds) else {
            return Ok(None);
        };
        let may_start = whole.is_none_or(|whole| whole == Status::Given);
        let unproven = rests_on.as_ref().is_some_and(RestsOn::is_unproven);
        let can = Can {
            stop: holds && (consent.is_some() || now.is_some()),
            start: !holds && now.is_some() && may_start,
            agree: own == Status::Given && unproven && now.is_some(),
        };
        let status = match (own, whole) {
            (Status::Unknown, Some(_)) if holds => Status::Given,
            (Status::Given, Some(whole)) if !holds => whole,
            (own, _) => own,
        };
        Ok(Some(ChoiceView {
            key: key.clone(),
            title,
            text,
            status,
            rests_on,
            part_of,
            can,
        }))
    }

    fn rests_on(&self, subject: Uuid, key: &PurposeKey, consent: &Consent) -> Outcome<RestsOn> {
        #[derive(Deserialize)]
        struct Act {
            act: Uuid,
        }
        let (facts, notice) = self.basis(consent.submission)?;
        let worded = worded(&notice, key)?;
        let act: Option<Act> = self.store.row(
            include_str!("../../sql/ledger/act_of_consent.sql"),
            vec![text(subject), text(key)],
        )?;
        let recorded = facts.recorded.as_ref();
        Ok(RestsOn {
            since: consent.since,
            recorded: recorded.is_some(),
            origin: Origin {
                source: facts.source,
                imported: recorded.and_then(|recorded| recorded.imported.clone()),
                legal_basis: facts.legal_basis(worded),
            },
            title: worded.title.clone(),
            text: worded.text.clone(),
            page: facts.page,
            lang: facts.lang,
            receipt: act.map(|row| row.act),
        })
    }
}

/// What a person's own page is made from.
struct Page<'a> {
    subject: Uuid,
    lang: &'a Language,
    notice: Option<&'a Notice>,
    standing: &'a Standing,
}

impl Page<'_> {
    fn status(&self, key: &PurposeKey) -> Status {
        let consent = self.standing.get(key);
        consent.map_or(Status::Unknown, |consent| consent.status)
    }

    /// The words beside the switch: of a yes those that it rests on, where they are in the reader's language; else those of now, which a
    /// yes would rest on.
    fn words(
        &self,
        now: Option<&PublishedPurpose>,
        before: Option<&RestsOn>,
        holds: bool,
    ) -> Option<(String, String)> {
        let of_now = now.map(|now| (now.title.clone(), now.text.clone()));
        let readable = before.filter(|before| holds && before.lang == *self.lang);
        let of_then = |before: &RestsOn| (before.title.clone(), before.text.clone());
        readable
            .map(of_then)
            .or(of_now)
            .or_else(|| before.map(of_then))
    }
}

/// The person did it, now.
fn own(source: Source, method: Method, now: Timestamp) -> Manner {
    Manner {
        source,
        method,
        actor: ActorKind::Subject,
        decided_at: now,
        at: now,
    }
}

/// The submissions of which these changes settle something that waited.
fn pending(changes: &[Change]) -> BTreeSet<Uuid> {
    let waited = changes.iter();
    let waited = waited.filter(|change| change.previous == Status::Requested);
    waited.map(|change| change.after.submission).collect()
}
