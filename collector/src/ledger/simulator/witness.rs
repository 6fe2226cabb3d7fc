//! What the book shows, against what was predicted.

use sayso_shared::event::{Event, EventType};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::fixture::at,
    invariants::{self as invariant, Check, must},
    model::{Change, Entry},
    world::{Share, World},
};
use crate::store::Store as _;

impl World {
    /// The events since the last look must be those that were predicted, and nothing else.
    pub(super) fn absorb(&mut self, predicted: &[Change], share: Share) -> Result<usize, String> {
        let events = self.match_events(predicted, share)?;
        for event in &events {
            let change = &self.model.log[&event.data.seq].change;
            invariant::who_is_forgotten_is_in_no_event(self, change, event)?;
        }
        Ok(events.len())
    }

    pub(super) fn nothing_happens(&mut self) -> Check {
        self.absorb(&[], Share::All).map(drop)
    }

    pub(super) fn match_events(
        &mut self,
        predicted: &[Change],
        share: Share,
    ) -> Result<Vec<Event>, String> {
        let types = EventType::ALL.map(|kind| kind.as_str().to_owned());
        let page = self.look(|book| book.events(None, &self.tail, 1000, &types))?;
        self.tail = page.next;
        let mut left = predicted.to_vec();
        for event in &page.events {
            let (data, last) = (&event.data, self.last_seq());
            must(data.seq > last && event.timestamp == at(self.now), || {
                format!("3: event {} comes after {last}", data.seq)
            })?;
            let Some(told) = data.consent() else {
                self.match_erasure(event, &mut left)?;
                continue;
            };
            let (purpose, id) = (told.purpose.to_string(), data.subject.id);
            invariant::no_retry_of_anything_makes_a_second_event(self, told)?;
            invariant::an_unconfirmed_consent_is_never_forwarded_as_given(self, told)?;
            let is_this = |change: &Change| {
                (
                    change.submission,
                    &change.purpose,
                    change.previous,
                    change.status,
                ) == (told.submission, &purpose, told.previous, told.status)
                    && self.model.subjects[change.subject]
                        .id
                        .is_none_or(|known| known == id)
            };
            let place = left.iter().position(is_this).ok_or_else(|| format!("2: an event that nobody caused: {} {purpose} {:?} -> {:?} of {}, expected {left:?}", data.seq, told.previous, told.status, told.submission))?;
            let change = left.remove(place);
            invariant::every_reader_sees_changes_in_order(self, &change)?;
            let shown = &self.model.submissions[&told.submission].document["notice_hash"];
            must(*shown == *told.notice.name.hash, || {
                format!("event {} names words that were not shown", data.seq)
            })?;
            if data.seq % 8 == 0 {
                invariant::everything_signed_verifies(&told.receipt, &self.jwks)?;
            }
            let until = self.model.holds_until(&change, self.now);
            must(told.expires_at == until.map(at), || {
                format!("event {} holds until another moment", data.seq)
            })?;
            self.model.subjects[change.subject].id = Some(id);
            self.model.apply(&change, self.now);
            self.model.log.insert(
                data.seq,
                Entry {
                    change,
                    event: event.clone(),
                },
            );
        }
        let complete = left.is_empty();
        match share {
            Share::All => must(complete, || {
                format!("1: acknowledged and not on record: {left:?}")
            })?,
            Share::AllOrNothing => must(complete || page.events.is_empty(), || {
                format!("kept in part; missing: {left:?}")
            })?,
            Share::Any => {}
        }
        Ok(page.events)
    }

    /// What the ledger would decide upon is what the events say.
    pub(super) fn standing_is_that_of_the_model(&self, subject: usize) -> Check {
        let subject = &self.model.subjects[subject];
        let Some(id) = subject.id else { return Ok(()) };
        let standing = self.look(|book| book.standing(&id.to_string()))?;
        let same = standing.len() == subject.consents.len()
            && standing.iter().all(|(purpose, consent)| {
                subject.consents.get(purpose.as_str()).is_some_and(|known| {
                    (known.status, at(known.since), known.submission)
                        == (consent.status, consent.since, consent.submission)
                })
            });
        must(same, || {
            format!(
                "3: {id} stands {standing:?}, the events say {:?}",
                subject.consents
            )
        })
    }

    pub(super) fn last_seq(&self) -> u64 {
        self.model.log.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    pub(super) fn all_events(&self) -> Result<Vec<Event>, String> {
        let types = EventType::ALL.map(|kind| kind.as_str().to_owned());
        Ok(self
            .look(|book| book.events(None, "", 100_000, &types))?
            .events)
    }

    pub(super) fn since_start(unix_millis: i64) -> i64 {
        unix_millis - at(0).unix_millis()
    }

    pub(super) fn pressed(&self, submission: Uuid, purpose: &str) -> bool {
        self.presses.contains(&(submission, purpose.to_owned()))
    }

    /// Whether a yes that follows a withdrawal was decided after it.
    pub(super) fn decided_after_the_withdrawal(&self, change: &Change) -> bool {
        let of_this = |(_, entry): &(&u64, &Entry)| {
            entry.change.subject == change.subject && entry.change.purpose == change.purpose
        };
        let stopped = self.model.log.iter().rev().find(of_this);
        let kept = &self.model.submissions[&change.submission];
        stopped.is_some_and(|(seq, _)| *seq <= kept.after)
    }

    /// How many rows there are of all that a submission makes.
    pub(super) fn row_counts(&self) -> Result<u64, String> {
        let sql = "SELECT (SELECT COUNT(*) FROM subject) + (SELECT COUNT(*) FROM submission) + (SELECT COUNT(*) FROM consent) + (SELECT COUNT(*) FROM act) + (SELECT COUNT(*) FROM event) + (SELECT COUNT(*) FROM token) + (SELECT COUNT(*) FROM mail) AS count";
        let row: Option<CountRow> = self.look(|book| Ok(book.store.row(sql, Vec::new())?))?;
        Ok(row.map_or(0, |row| row.count))
    }
}

#[derive(Deserialize)]
pub(super) struct CountRow {
    pub(super) count: u64,
}
