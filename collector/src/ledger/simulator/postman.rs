//! Mails that leave: each once or in the same words, to whom it is for, or not at all.

use std::{collections::BTreeSet, rc::Rc};

use sayso_shared::mailing::Handover;

use super::{
    super::{book::Book, fixture::at},
    invariants::{Check, must},
    outside::{MailMood, Read},
    world::{Fate, World},
};

/// Between two attempts at a mail, in milliseconds.
const LONGEST_WAIT: i64 = 4 * 3_600_000;

impl World {
    pub(super) fn post(&mut self) -> Check {
        let waiting = self.look(Book::waiting_mails)?;
        let ids: BTreeSet<&String> = waiting.iter().map(|mail| &mail.id).collect();
        for mail in &self.outside.mails {
            let waits = ids.contains(&mail.id);
            must(waiting.len() >= 100 || waits != mail.settled, || {
                format!(
                    "1: mail {} waits: {waits}, settled: {}",
                    mail.id, mail.settled
                )
            })?;
        }
        let due: Vec<String> = waiting
            .iter()
            .filter(|mail| mail.due() <= at(self.now))
            .map(|mail| mail.id.clone())
            .collect();
        for id in due {
            let place = self
                .outside
                .mails
                .iter()
                .position(|mail| mail.id == id)
                .ok_or("a mail that nobody wrote")?;
            let letter = match self.attempt(|book| book.mail(&id))? {
                Fate::Done(letter) => letter,
                Fate::Refused(problem) => {
                    return Err(format!("a mail was refused: {}", problem.detail));
                }
                Fate::Died => return Ok(()),
            };
            let mail = &self.outside.mails[place];
            let subject = &self.model.subjects[mail.subject];
            let Some(letter) = letter.map(|dispatch| dispatch.letter) else {
                must(subject.gone, || format!("1: mail {id} is lost"))?;
                self.outside.mails[place].settled = true;
                continue;
            };
            must(!subject.gone && letter.to == subject.email, || {
                format!("6: mail {id} goes to the wrong person")
            })?;
            must(
                letter.links.len() == 1 + usize::from(mail.until.is_some()),
                || format!("mail {id} has {} links", letter.links.len()),
            )?;
            let bytes = serde_json::to_string(&letter).unwrap_or_default();
            if self.outside.mail_mood != MailMood::Dead {
                let token = |route: &str| {
                    letter
                        .links
                        .iter()
                        .find_map(|link| link.split_once(route))
                        .map(|(_, token)| token.to_owned())
                };
                let read = Read {
                    bytes,
                    subject: mail.subject,
                    submission: mail.submission,
                    confirm: token("/confirm/"),
                    preferences: token("/preferences/").ok_or("no way to change it")?,
                };
                let before = self.outside.read.insert(id.clone(), Rc::new(read.clone()));
                must(
                    before.is_none_or(|before| before.bytes == read.bytes),
                    || format!("2: mail {id} came twice, and not the same"),
                )?;
            }
            if !self.calm && self.dice.one_in(12) {
                self.trace
                    .push(format!("† before it is noted what came of mail {id}"));
                self.reopen();
                return Ok(());
            }
            let (now, taken) = (at(self.now), self.outside.mail_mood == MailMood::Takes);
            let handover = if taken {
                Handover::Taken
            } else {
                Handover::Failed("it is dead".to_owned())
            };
            let fate = self.attempt(|book| book.note_handover(&id, &handover, now))?;
            let waits = self.look(|book| book.mail(&id))?.is_some();
            let is_near = |until: i64| until <= self.now + LONGEST_WAIT;
            let mail = &mut self.outside.mails[place];
            mail.refused += u32::from(!taken);
            mail.useless = !waits && mail.until.is_some_and(is_near);
            mail.settled = !waits;
            match fate {
                Fate::Died => return Ok(()),
                _ => must(
                    if taken {
                        !waits
                    } else {
                        waits || mail.refused >= 6 || mail.useless
                    },
                    || format!("mail {id}: noted otherwise than it went"),
                )?,
            }
        }
        Ok(())
    }
}
