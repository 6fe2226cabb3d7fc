//! Expiry: what was given for a time ends by itself, found by an index when its time is over.

use sayso_shared::{
    consent::Standing,
    decision,
    event::{ActorKind, Manner, Method},
    receipt::ReceiptAct,
    time::Timestamp,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::{
    book::{At, Book, Keys},
    lapse::Lapsed,
};
use crate::{
    failure::Outcome,
    store::{Store, number},
};

/// How many rows `consent_over.sql` gives at most: a long list does not hold up the rest.
const AT_ONCE: usize = 100;

impl<S: Store> Book<S> {
    /// Every yes whose time is over has expired. Says when the next one ends, and what could not be read: that holds up nobody else.
    pub(super) fn expire(&self, now: Timestamp) -> Outcome<Lapsed> {
        #[derive(Deserialize)]
        struct Row {
            subject: Uuid,
        }
        let keys = self.keys()?;
        let over: Vec<Row> = self.store.rows(
            include_str!("../../sql/ledger/consent_over.sql"),
            vec![number(now.unix_millis())],
        )?;
        let is_all = over.len() < AT_ONCE;
        let subjects: BTreeSet<Uuid> = over.into_iter().map(|row| row.subject).collect();
        let expired = subjects.into_iter().map(|subject| {
            let mut standing = self.standing(&subject.to_string())?;
            self.store
                .commit(|| self.write_expired(&keys, subject, &mut standing, now))
        });
        let (expired, failures): (Vec<_>, Vec<_>) = expired.partition(Result::is_ok);
        let failures = failures.into_iter().filter_map(Outcome::err).collect();
        if !is_all && !expired.is_empty() {
            let next = Some(now);
            return Ok(Lapsed { next, failures });
        }
        let after = vec![number(now.unix_millis())];
        let next: Option<At> = self
            .store
            .row(include_str!("../../sql/ledger/consent_next.sql"), after)?;
        Ok(Lapsed {
            next: next.and_then(|row| row.at).map(Timestamp::from_unix_millis),
            failures,
        })
    }

    /// Writes what of a standing has expired by now, so that what is decided next is decided upon the truth, also when the alarm
    /// is late. Call within a commit.
    pub(super) fn write_expired(
        &self,
        keys: &Keys,
        subject: Uuid,
        standing: &mut Standing,
        now: Timestamp,
    ) -> Outcome<()> {
        for change in decision::expire(standing, now) {
            let (facts, _) = self.basis(change.after.submission)?;
            let manner = Manner {
                source: facts.source,
                method: Method::Time,
                actor: ActorKind::System,
                decided_at: change.after.expires_at.unwrap_or(now),
                at: now,
            };
            standing.insert(change.purpose.clone(), change.after.clone());
            let act = ReceiptAct::Expired;
            self.write_changes(keys, subject, vec![change], act, manner, now)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sayso_shared::{
        consent::Status,
        event::{ConsentChange, Event, EventType},
        id::uuid_v7,
        notice::NoticeText,
        snapshot::Snapshot,
    };

    use super::*;
    use crate::{
        ledger::fixture::{ORIGIN, at, book, choices, good, snapshot, submission},
        native_store::NativeStore,
        store::text,
    };

    const DAY: i64 = 24 * 3_600_000;

    /// The site, where a yes to `STORE` holds for two days.
    fn two_days() -> Snapshot {
        let mut snapshot = snapshot();
        snapshot.revision += 1;
        snapshot.definition.purposes[0].valid_for_days = Some(2);
        let (definition, notice) = (&snapshot.definition, &mut snapshot.notices[0]);
        let text = NoticeText::of(
            &snapshot.site,
            definition,
            &definition.forms[0],
            &notice.text.lang,
        );
        notice.text = text.expect("its words");
        notice.hash = notice.text.hash();
        snapshot
    }

    fn says_yes(book: &Book<NativeStore>, number: u8, now: i64) {
        let id = uuid_v7(at(now), [number; 10]);
        let mut document = submission(id, "jan@example.com", &choices(true, false), at(now));
        document["notice_hash"] = two_days().notices[0].hash.clone().into();
        let (status, _) = good(book.record(&document, Some(ORIGIN), at(now)));
        assert_eq!(status, 201);
    }

    fn change(event: &Event) -> &ConsentChange {
        event.data.consent().expect("a change of a consent")
    }

    fn kinds(book: &Book<NativeStore>) -> Vec<EventType> {
        let events = good(book.events(None, "", 100, &[])).events;
        let store = events
            .into_iter()
            .filter(|event| change(event).purpose.as_str() == "STORE");
        store.map(|event| event.kind).collect()
    }

    #[test]
    fn a_yes_expires_at_its_millisecond_once_and_the_alarm_is_told_when() {
        let book = book(NativeStore::in_memory());
        good(book.learn(two_days(), at(0)));
        says_yes(&book, 1, 5);
        assert_eq!(good(book.expire(at(6))).next, Some(at(5 + 2 * DAY)));
        good(book.expire(at(4 + 2 * DAY)));
        assert_eq!(kinds(&book), [EventType::Given]);
        assert_eq!(good(book.expire(at(5 + 2 * DAY))).next, None);
        good(book.expire(at(6 + 2 * DAY)));
        assert_eq!(kinds(&book), [EventType::Given, EventType::Expired]);
        let events = good(book.events(None, "", 100, &[])).events;
        for event in events
            .iter()
            .filter(|event| change(event).purpose.as_str() == "STORE")
        {
            assert_eq!(
                change(event).expires_at,
                Some(at(5 + 2 * DAY)),
                "{:?}",
                event.kind
            );
        }
    }

    #[test]
    fn a_yes_again_holds_from_then_on() {
        let book = book(NativeStore::in_memory());
        good(book.learn(two_days(), at(0)));
        says_yes(&book, 1, 0);
        says_yes(&book, 2, DAY);
        assert_eq!(good(book.expire(at(2 * DAY))).next, Some(at(3 * DAY)));
        assert_eq!(kinds(&book), [EventType::Given, EventType::Given]);
    }

    #[test]
    fn what_comes_before_a_late_alarm_finds_the_truth() {
        let book = book(NativeStore::in_memory());
        good(book.learn(two_days(), at(0)));
        says_yes(&book, 1, 0);
        says_yes(&book, 2, 5 * DAY);
        let events = good(book.events(None, "", 100, &[])).events;
        let last = events.last().expect("events");
        assert_eq!(
            kinds(&book),
            [EventType::Given, EventType::Expired, EventType::Given]
        );
        assert_eq!(change(last).previous, Status::Expired);
    }

    #[test]
    fn what_is_over_is_found_by_an_index() {
        #[derive(Deserialize)]
        struct Step {
            detail: String,
        }
        let book = book(NativeStore::in_memory());
        for (statement, values) in [
            (
                include_str!("../../sql/ledger/consent_over.sql"),
                vec![text("7")],
            ),
            (
                include_str!("../../sql/ledger/consent_next.sql"),
                vec![text("7")],
            ),
        ] {
            let plan: Vec<Step> = book
                .store
                .rows(&format!("EXPLAIN QUERY PLAN {statement}"), values)
                .expect("a plan");
            assert!(
                plan.iter()
                    .all(|step| step.detail.contains("consent_expiring")),
                "{statement}"
            );
        }
    }
}
