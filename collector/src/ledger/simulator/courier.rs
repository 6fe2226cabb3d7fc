//! Deliveries to CRMs, of which two may be under way at once and any may get lost.

use sayso_shared::{delivery::Outcome as Attempt, key::EndpointKey};
use serde::Deserialize;

use super::{
    super::{
        book::Book,
        fixture::{at, posted},
    },
    invariants::{self as invariant, Check, must},
    outside::CrmMood,
    witness::CountRow,
    world::{Fate, InFlight, World},
};
use crate::{
    native_store::NativeStore,
    store::{Store as _, number, text},
};

impl World {
    pub(super) fn under_way(&self, name: &str) -> bool {
        self.in_flight.iter().any(|flight| flight.crm == name)
    }

    /// A delivery begins and is not noted yet; sometimes, as after two alarms, a second one of the same event.
    pub(super) fn begin_delivery(&mut self) -> Check {
        let names: Vec<String> = self.outside.crms.keys().cloned().collect();
        let name = self.dice.pick(&names).expect("a CRM").clone();
        if self.under_way(&name) && self.dice.one_in(2) {
            return Ok(());
        }
        self.begin_delivery_to(&name).map(drop)
    }

    pub(super) fn begin_delivery_to(&mut self, name: &str) -> Result<bool, String> {
        let snapshot = self.look(Book::snapshot)?;
        let Some(endpoint) = snapshot
            .endpoints
            .iter()
            .find(|endpoint| endpoint.key.to_string() == name)
        else {
            return Ok(false);
        };
        let next = self.look(|book| book.next_delivery(endpoint))?;
        let crm = self.outside.crms.get_mut(name).expect("a CRM");
        let usual = self.model.log.range(crm.cursor + 1..);
        let mut usual = usual.filter(|(_, entry)| invariant::wants(crm, entry));
        let asked = crm.asked.iter().min_by_key(|(seq, at)| (**at, **seq));
        let owed = asked
            .map(|(seq, _)| *seq)
            .or_else(|| usual.next().map(|(seq, _)| *seq))
            .filter(|_| !crm.stopped);
        must(
            next.as_ref().map(|next| next.event.data.seq) == owed,
            || format!("3: the CRM {name} is owed {owed:?} next"),
        )?;
        let Some(delivery) = next.filter(|next| next.lane.next_at <= at(self.now)) else {
            return Ok(false);
        };
        let (seq, entry) = (
            delivery.event.data.seq,
            &self.model.log[&delivery.event.data.seq],
        );
        must(invariant::is_that(&delivery.event, entry), || {
            format!("3: push and pull show event {seq} differently")
        })?;
        invariant::who_is_forgotten_is_in_no_event(self, &entry.change, &delivery.event)?;
        let crm = self.outside.crms.get_mut(name).expect("a CRM");
        let (takes, attempt) = if self.calm {
            (true, CrmMood::ok())
        } else {
            crm.mood.meets(&mut self.dice)
        };
        if takes {
            crm.taken.insert(seq);
        }
        self.trace
            .push(format!("event {seq} to {name}: {attempt:?}"));
        self.in_flight.push(InFlight {
            crm: name.to_owned(),
            delivery,
            attempt,
        });
        Ok(true)
    }

    pub(super) fn end_delivery(&mut self) -> Check {
        if self.in_flight.is_empty() {
            return Ok(());
        }
        let place = if self.calm {
            0
        } else {
            self.dice
                .below(u32::try_from(self.in_flight.len()).expect("few")) as usize
        };
        let flight = self.in_flight.remove(place);
        let (name, key) = (
            flight.crm.clone(),
            EndpointKey::parse(&flight.crm).expect("a name"),
        );
        let (now, jitter, seq) = (
            at(self.now),
            self.dice.bytes::<1>()[0],
            flight.delivery.event.data.seq,
        );
        let fate = self.attempt(|book| {
            book.note_attempt(&key, &flight.delivery, &posted(flight.attempt), now, jitter)
        })?;
        if let Fate::Refused(problem) = fate {
            return Err(format!("noting was refused: {}", problem.detail));
        }
        if flight.delivery.is_again {
            let died = matches!(fate, Fate::Died);
            return self.end_again(&name, seq, flight.attempt, died);
        }
        let lane = lane(self.book(), &name)?;
        let crm = self.outside.crms.get_mut(&name).expect("a CRM");
        if !crm.enabled {
            return Ok(());
        }
        let lane = lane.ok_or_else(|| format!("1: the lane to {name} is lost"))?;
        let moved = lane.cursor != crm.cursor;
        let status = match flight.attempt {
            Attempt::Answered { status, .. } => status,
            Attempt::NoAnswer => 0,
        };
        if moved {
            must(lane.cursor == seq, || {
                format!(
                    "3: the lane to {name} jumped from {} to {}",
                    crm.cursor, lane.cursor
                )
            })?;
            let dead: Option<CountRow> = {
                let book = self.book.as_ref().expect("a book");
                let values = vec![text(&name), number(i64::try_from(seq).unwrap_or_default())];
                book.store
                    .row(
                        "SELECT COUNT(*) AS count FROM dead_letter WHERE endpoint = ? AND seq = ?",
                        values,
                    )
                    .map_err(|error| error.to_string())?
            };
            let aside = dead.is_some_and(|row| row.count == 1);
            must(
                aside == (400..500).contains(&status) && (aside || (200..300).contains(&status)),
                || format!("1: the lane to {name} went past {seq} after {status}"),
            )?;
            if aside {
                crm.dead.insert(seq);
            } else {
                crm.dead.remove(&seq);
                crm.asked.remove(&seq);
            }
        }
        must(!moved || lane.cursor > crm.cursor, || {
            format!("3: the lane to {name} went back")
        })?;
        crm.cursor = lane.cursor;
        crm.stopped = lane.stopped.is_some();
        let crm = &self.outside.crms[&name];
        invariant::an_event_is_in_every_enabled_lane(&name, crm, self)
    }
}

#[derive(Deserialize)]
pub(super) struct LaneRow {
    pub(super) cursor: u64,
    pub(super) stopped: Option<String>,
}

pub(super) fn lane(book: &Book<NativeStore>, name: &str) -> Result<Option<LaneRow>, String> {
    let sql = "SELECT cursor, stopped FROM lane WHERE endpoint = ?";
    book.store
        .row(sql, vec![text(name)])
        .map_err(|error| error.to_string())
}
