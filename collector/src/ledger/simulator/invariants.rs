//! The invariants, each a function that is named by its sentence and says what breaks it.

use sayso_shared::{
    consent::Status,
    event::{ConsentChange, Event, EventData, EventSubject},
    jws::{Jwk, verify},
    receipt::RECEIPT_TYPE,
};

use super::{
    super::book::Book,
    model::{CONFIRMED_BY_MAIL, Change, Entry},
    outside::Crm,
    world::World,
};

/// Nothing, or what is wrong.
pub(super) type Check = Result<(), String>;

/// Wrong unless.
pub(super) fn must(holds: bool, what: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(what()) }
}

/// 1, of the ledger and the pull: looked at in full, from the beginning.
pub(super) fn an_acknowledged_submission_is_in_the_ledger_and_in_the_pull(world: &World) -> Check {
    for (id, kept) in &world.model.submissions {
        let row = world
            .look(|book| book.submission(*id))?
            .ok_or_else(|| format!("1: submission {id} was acknowledged and is lost"))?;
        let answer = world.look(|_| row.answer())?;
        must(answer == kept.answer, || {
            format!("1: submission {id} is answered otherwise than it was")
        })?;
        must(
            row.waiting_until.map(World::since_start) == kept.waiting_until,
            || format!("1: submission {id} waits until another moment"),
        )?;
    }
    let mut entries = world.model.log.iter();
    for event in world.all_events()? {
        let (seq, entry) = entries
            .next()
            .ok_or_else(|| format!("2: event {} was not there before", event.data.seq))?;
        must(*seq == event.data.seq && is_that(&event, entry), || {
            format!("1: event {seq} is not what it was")
        })?;
        who_is_forgotten_is_in_no_event(world, &entry.change, &event)?;
    }
    must(entries.next().is_none(), || {
        "1: an event is lost".to_owned()
    })
}

/// 1, of a lane: up to its cursor all was taken or put aside; what comes after it is still to come.
pub(super) fn an_event_is_in_every_enabled_lane(name: &str, crm: &Crm, world: &World) -> Check {
    let passed = world.model.log.range(crm.from + 1..);
    let passed = passed.take_while(|(seq, _)| **seq <= crm.cursor);
    let mut due = passed.filter(|(_, entry)| wants(crm, entry));
    let missing = due.find(|(seq, _)| !crm.taken.contains(seq) && !crm.dead.contains(seq));
    must(missing.is_none(), || {
        format!(
            "1: the lane to {name} went past event {:?} without delivering it",
            missing.map(|(seq, _)| seq)
        )
    })
}

/// 2: a submission brings a purpose to a status once, however often anything is repeated.
pub(super) fn no_retry_of_anything_makes_a_second_event(
    world: &World,
    data: &ConsentChange,
) -> Check {
    let log = world.model.log.values();
    let twice = log
        .filter_map(|entry| entry.event.data.consent())
        .any(|known| {
            (known.submission, &known.purpose, known.status)
                == (data.submission, &data.purpose, data.status)
        });
    must(!twice, || {
        format!(
            "2: a second event of {}: {} {:?}",
            data.submission, data.purpose, data.status
        )
    })
}

/// 3: each change begins where the one before it ended, and no yes that was decided before a withdrawal follows it.
pub(super) fn every_reader_sees_changes_in_order(world: &World, change: &Change) -> Check {
    let of_this = |entry: &&Entry| {
        entry.change.subject == change.subject && entry.change.purpose == change.purpose
    };
    let last = world.model.log.values().rev().find(of_this);
    let before = last.map_or(Status::Unknown, |entry| entry.change.status);
    must(before == change.previous, || {
        format!("3: {change:?} follows {before:?}")
    })?;
    let stopped = before == Status::Withdrawn && change.status == Status::Given;
    must(
        !stopped || world.decided_after_the_withdrawal(change),
        || format!("3: a late yes hides a newer withdrawal: {change:?}"),
    )
}

/// 4: what a mail has to confirm is given only by the button of that mail.
pub(super) fn an_unconfirmed_consent_is_never_forwarded_as_given(
    world: &World,
    data: &ConsentChange,
) -> Check {
    let purpose = data.purpose.as_str();
    let needs_button = data.status == Status::Given && CONFIRMED_BY_MAIL.contains(&purpose);
    let pressed = world.pressed(data.submission, purpose);
    must(!needs_button || pressed, || {
        format!(
            "4: given, and nobody confirmed it: {purpose} of {}",
            data.submission
        )
    })
}

/// 5, by what SQLite counted.
pub(super) fn looking_changes_nothing(before: u64, after: u64) -> Check {
    must(before == after, || {
        format!("5: looking wrote {} rows", after - before)
    })
}

/// 6, of what readers see.
pub(super) fn who_is_forgotten_is_in_no_event(
    world: &World,
    change: &Change,
    event: &Event,
) -> Check {
    let subject = &world.model.subjects[change.subject];
    let expected = (!subject.gone).then_some(&subject.email);
    must(event.data.subject.email.as_ref() == expected, || {
        format!(
            "6: event {} shows {:?}, expected {expected:?}",
            event.data.seq, event.data.subject.email
        )
    })
}

/// 6, of the store.
pub(super) fn who_is_forgotten_is_in_no_store(world: &World, subject: usize) -> Check {
    let subject = &world.model.subjects[subject];
    let Some(id) = subject.id.filter(|_| subject.gone) else {
        return Ok(());
    };
    let keys = world.look(Book::keys)?;
    let known = world.look(|book| book.subject(&keys, &id.to_string()))?;
    must(known.is_none(), || {
        format!("6: subject {id} was forgotten and is still there")
    })
}

/// 8, and the second half of 6: a receipt verifies with the published key alone, of whomever it is.
pub(super) fn everything_signed_verifies(receipt: &str, keys: &[Jwk]) -> Check {
    must(verify(receipt, Some(RECEIPT_TYPE), keys).is_ok(), || {
        format!("8: does not verify: {receipt}")
    })
}

/// 9: what intake answers follows from the submission and the site alone; `expected` was told without looking outside.
pub(super) fn a_dead_crm_or_mail_server_never_fails_intake(expected: &str, got: &str) -> Check {
    must(expected == got, || {
        format!("9: intake answered {got}, expected {expected}")
    })
}

/// 10: when the answer leaves, what it says is kept: no commit is open, and another reader of the store would find it.
pub(super) fn stored_is_told_only_when_it_is_durable(world: &World, id: uuid::Uuid) -> Check {
    must(!world.book().store.is_open(), || {
        "10: answered before the commit".to_owned()
    })?;
    let found = world.look(|book| book.submission(id))?.is_some();
    must(found, || format!("10: {id} was told stored and is not"))
}

/// Whether this CRM gets this event.
pub(super) fn wants(crm: &Crm, entry: &Entry) -> bool {
    crm.types.contains(&entry.event.kind)
}

/// Whether it is the event of the log; who it is about may be forgotten since.
pub(super) fn is_that(event: &Event, entry: &Entry) -> bool {
    let (known, now) = (&entry.event, event);
    let forgets = EventSubject {
        email: known.data.subject.email.clone(),
        ..now.data.subject.clone()
    };
    let now = Event {
        kind: now.kind,
        timestamp: now.timestamp,
        data: EventData {
            subject: forgets,
            ..now.data.clone()
        },
    };
    now == *known
}
