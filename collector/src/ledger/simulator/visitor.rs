//! Visitors: they fill in forms and send them, late, twice, or under an id that is taken.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
    time::Duration,
};

use sayso_shared::{
    answer::SubmissionAnswer, consent::Status, evidence::ClientFacts, id::uuid_v7, key::PurposeKey,
};
use serde::Deserialize;

use super::{
    super::{
        fixture::{ORIGIN, at, submission},
        record::Whence,
    },
    invariants::{self as invariant, Check, must},
    model::{CONFIRM_WITHIN, CONFIRMED_BY_MAIL, Kept, Subject},
    outside::Mail,
    world::{Fate, Sent, Share, World},
};
use crate::store::{Store as _, text};

impl World {
    /// Somebody fills in a form; some are sent later, after others.
    pub(super) fn fill_in_and_send(&mut self) -> Check {
        self.fill_in();
        if self.dice.one_in(8) {
            Ok(())
        } else {
            self.send(self.forms.len() - 1)
        }
    }

    /// Somebody fills in a form, perhaps on a page that was loaded long ago.
    pub(super) fn fill_in(&mut self) {
        let email = format!("person{}@example.com", self.dice.below(self.people));
        let look = if self.dice.one_in(12) {
            self.dice.pick(&self.published).expect("a version").look
        } else {
            self.known.as_ref().expect("a site").look
        };
        let choices: BTreeMap<String, bool> = look
            .purposes()
            .iter()
            .map(|key| ((*key).to_owned(), !self.dice.one_in(3)))
            .collect();
        let back = match self.dice.below(8) {
            0 => i64::from(self.dice.below(7_200_000)),
            1 => -i64::from(self.dice.below(60_000)),
            _ => i64::from(self.dice.below(5_000)),
        };
        let decided_at = self.now - back;
        let id = uuid_v7(at(decided_at), self.dice.bytes());
        let keys = choices
            .iter()
            .map(|(key, ticked)| (PurposeKey::parse(key).expect("a purpose"), *ticked))
            .collect();
        let mut document = submission(id, &email, &keys, at(decided_at));
        document["notice_hash"] = self.press.notice_hash(look).into();
        self.forms.push(Sent {
            id,
            email,
            choices,
            decided_at,
            look,
            document,
        });
    }

    /// More people at once than are looked after in one go.
    pub(super) fn rush(&mut self) -> Check {
        for person in 0..130 {
            self.fill_in();
            let sent = self.forms.last_mut().expect("a form");
            sent.email = format!("rush{person}-{}@example.com", self.now);
            sent.document["subject"]["email"] = sent.email.clone().into();
            self.send(self.forms.len() - 1)?;
        }
        Ok(())
    }

    pub(super) fn with_form(&mut self, act: impl FnOnce(&mut Self, usize) -> Check) -> Check {
        if self.forms.is_empty() {
            return Ok(());
        }
        let count = u32::try_from(self.forms.len()).expect("few");
        let mut index = self.dice.below(count);
        if self.dice.one_in(2) {
            index = index.max(count.saturating_sub(4));
        }
        act(self, index as usize)
    }

    /// A form is sent, for the first time or again.
    pub(super) fn send(&mut self, index: usize) -> Check {
        let sent = self.forms[index].clone();
        let look = self.known.as_ref().expect("a site").look;
        let known = self.model.submissions.contains_key(&sent.id);
        let expected = match (known, sent.look == look) {
            (true, _) => "200",
            (false, true) => "201",
            (false, false) => "409",
        };
        let (written, counts, now) = (
            self.book().store.rows_written(),
            self.row_counts()?,
            at(self.now),
        );
        let fate = self
            .attempt(|book| book.record(&sent.document, whence(), now))
            .map_err(|why| format!("9: intake failed: {why}"))?;
        let got = match &fate {
            Fate::Done((status, _)) => status.to_string(),
            Fate::Refused(problem) => problem.status.to_string(),
            Fate::Died => "nothing".to_owned(),
        };
        self.say(|_| {
            format!(
                "{} sends {} {:?} decided {}: {got}",
                sent.email, sent.id, sent.choices, sent.decided_at
            )
        });
        // Within the grace after publishing, words that were truly shown may still be taken.
        let grace = expected == "409" && got == "201";
        if got != "nothing" && !grace {
            invariant::a_dead_crm_or_mail_server_never_fails_intake(expected, &got)?;
        }
        match fate {
            Fate::Done((200, answer)) => {
                must(answer == self.model.submissions[&sent.id].answer, || {
                    "2: a repeat is answered otherwise".to_owned()
                })?;
                invariant::looking_changes_nothing(written, self.book().store.rows_written())?;
                self.nothing_happens()
            }
            Fate::Done((_, answer)) => {
                invariant::stored_is_told_only_when_it_is_durable(self, sent.id)?;
                for (purpose, ticked) in &sent.choices {
                    let told = match (ticked, CONFIRMED_BY_MAIL.contains(&purpose.as_str())) {
                        (true, true) => Status::Requested,
                        (true, false) => Status::Given,
                        (false, _) => Status::Refused,
                    };
                    let key = PurposeKey::parse(purpose).expect("a purpose");
                    must(answer.purposes.get(&key) == Some(&told), || {
                        format!("{purpose} is told otherwise than {told:?}")
                    })?;
                }
                self.keep(&sent, answer)
            }
            Fate::Refused(_) => {
                invariant::looking_changes_nothing(written, self.book().store.rows_written())?;
                self.nothing_happens()
            }
            Fate::Died => match self.look(|book| book.submission(sent.id))? {
                Some(row) if !known => {
                    let answer = self.look(|_| row.answer())?;
                    self.keep(&sent, answer)
                }
                _ => {
                    must(self.row_counts()? == counts, || {
                        "a submission was kept in part".to_owned()
                    })?;
                    self.nothing_happens()
                }
            },
        }
    }

    /// The submission is on record: so are its events and its mail, all of them.
    pub(super) fn keep(&mut self, sent: &Sent, answer: SubmissionAnswer) -> Check {
        let subject = self.model.subject_of(&sent.email).unwrap_or_else(|| {
            self.model.subjects.push(Subject {
                email: sent.email.clone(),
                id: None,
                consents: BTreeMap::new(),
                gone: false,
                erased: None,
            });
            self.model.subjects.len() - 1
        });
        let changes = self
            .model
            .submitted(subject, sent.id, &sent.choices, self.now);
        let asks = changes
            .iter()
            .any(|change| change.status == Status::Requested);
        let expires_at = asks.then(|| self.now + CONFIRM_WITHIN);
        let kept = Kept {
            subject,
            document: sent.document.clone(),
            answer,
            waiting_until: expires_at,
            expires_at,
            after: self.last_seq(),
        };
        self.model.submissions.insert(sent.id, kept);
        self.absorb(&changes, Share::All)?;
        self.standing_is_that_of_the_model(subject)?;

        let said_yes = sent.choices.values().any(|ticked| *ticked);
        let id = self.model.subjects[subject]
            .id
            .map(text)
            .expect("an event has told");
        let rows: Vec<IdRow> = self.look(|book| {
            Ok(book
                .store
                .rows("SELECT id FROM mail WHERE subject = ?", vec![id])?)
        })?;
        let known: BTreeSet<&String> = self
            .outside
            .mails
            .iter()
            .filter(|mail| mail.subject == subject)
            .map(|mail| &mail.id)
            .collect();
        let new: Vec<String> = rows
            .into_iter()
            .map(|row| row.id)
            .filter(|id| !known.contains(id))
            .collect();
        must(new.len() == usize::from(said_yes), || {
            format!("1: {} mails were written", new.len())
        })?;
        self.outside.mails.extend(new.into_iter().map(|id| Mail {
            id,
            subject,
            submission: sent.id,
            until: expires_at,
            useless: false,
            refused: 0,
            settled: false,
            cancelled: false,
        }));
        Ok(())
    }

    /// Somebody sends other content under an id that is taken.
    pub(super) fn reuse_id(&mut self, index: usize) -> Check {
        let sent = self.forms[index].clone();
        let Some(kept) = self.model.submissions.get(&sent.id) else {
            return Ok(());
        };
        let mut document = kept.document.clone();
        document["page"] = "https://www.example.com/another".into();
        let (written, now) = (self.book().store.rows_written(), at(self.now));
        let fate = self.attempt(|book| book.record(&document, Some(ORIGIN), now))?;
        self.say(|_| format!("{} is used for something else", sent.id));
        let reused = matches!(&fate, Fate::Refused(problem) if problem.status == 409);
        must(reused, || "2: an id was taken twice".to_owned())?;
        invariant::looking_changes_nothing(written, self.book().store.rows_written())?;
        self.nothing_happens()
    }
}

/// A page of the site, seen from a network.
fn whence() -> Whence<'static> {
    static CLIENT: LazyLock<ClientFacts> = LazyLock::new(|| ClientFacts {
        network: Some("203.0.113.0/24".to_owned()),
        user_agent: None,
    });
    Whence {
        origin: Some(ORIGIN),
        client: Some(&CLIENT),
        hosted: false,
        waited: Duration::ZERO,
    }
}

#[derive(Deserialize)]
struct IdRow {
    id: String,
}
