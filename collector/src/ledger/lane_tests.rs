//! Lanes upon the book, with a clock of the test's own: what an endpoint is sent, when, and what the operator is told.

use std::time::Duration;

use sayso_shared::{
    attempt::{KEPT, LaneState},
    delivery::Outcome as Met,
    endpoint::Endpoint,
    event::{Event, EventType},
    id::uuid_v7,
    key::{EndpointKey, PurposeKey},
    mailing::Handover,
    snapshot::Snapshot,
    time::Timestamp,
};

use super::{
    attempts::Standing,
    book::Book,
    fixture::{self, ORIGIN, at, book, choices, endpoint, good, posted, snapshot, submission},
    record::Whence,
    replay::ReplayFrom,
};
use crate::{failure::Failure, native_store::NativeStore, store::Store as _};

const DAY: i64 = 24 * 3_600_000;

const fn answered(status: u16) -> Met {
    Met::Answered {
        status,
        retry_after: None,
    }
}

fn key() -> EndpointKey {
    EndpointKey::parse("crm").expect("a name")
}

/// A book with one endpoint, and what the endpoint is.
struct Desk {
    book: Book<NativeStore>,
    endpoint: Endpoint,
    revision: u64,
    people: u8,
}

impl Desk {
    fn new(endpoint: Endpoint) -> Self {
        let mut desk = Self {
            book: book(NativeStore::in_memory()),
            endpoint: endpoint.clone(),
            revision: 1,
            people: 0,
        };
        desk.set(endpoint, at(0));
        desk
    }

    /// The operator changes the endpoint.
    fn set(&mut self, endpoint: Endpoint, now: Timestamp) {
        self.revision += 1;
        let told = Snapshot {
            revision: self.revision,
            endpoints: vec![endpoint.clone()],
            ..snapshot()
        };
        self.endpoint = endpoint;
        good(self.book.learn(told, now));
    }

    /// Somebody says yes to what needs no confirmation, and no to the other: two events.
    fn says_yes(&mut self, now: Timestamp) -> String {
        self.people += 1;
        let email = format!("visitor{}@example.com", self.people);
        let id = uuid_v7(now, [self.people; 10]);
        let document = submission(id, &email, &choices(true, false), now);
        good(self.book.record(&document, Whence::from(Some(ORIGIN)), now));
        email
    }

    /// Sends what comes next, which meets this.
    fn send(&self, met: Met, now: Timestamp) -> Event {
        let next = good(self.book.next_delivery(&self.endpoint)).expect("an event");
        let noted = self
            .book
            .note_attempt(&self.endpoint.key, &next, &posted(met), now, 0);
        good(noted);
        next.event
    }

    fn sent_until_nothing_is_left(&self, now: Timestamp) -> Vec<u64> {
        let mut seqs = Vec::new();
        while good(self.book.next_delivery(&self.endpoint)).is_some() {
            seqs.push(self.send(answered(204), now).data.seq);
        }
        seqs
    }

    fn due(&self, now: Timestamp) -> Option<Timestamp> {
        good(self.book.delivery_due(&self.endpoint, now)).map(|due| due.at)
    }

    fn standing(&self) -> Standing {
        good(self.book.lane_standing(&self.endpoint.key, KEPT))
    }
}

fn refused<T>(outcome: crate::failure::Outcome<T>) -> u16 {
    match outcome {
        Err(Failure::Problem(problem)) => problem.status,
        _ => panic!("it was to be refused"),
    }
}

#[test]
fn an_endpoint_that_answers_500_for_two_days_then_gets_everything_in_order() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    let (mut now, mut tries) = (at(2), 0);
    while now.unix_millis() < at(2 * DAY).unix_millis() {
        assert_eq!(desk.send(answered(500), now).data.seq, 1, "the same one");
        tries += 1;
        now = desk.due(now).expect("it is sent again");
        if tries == 5 {
            desk.says_yes(now);
        }
    }
    // 4 h 12 min of growing waits, then one every six hours.
    assert_eq!(tries, 14);
    assert_eq!(desk.standing().lane.state, LaneState::Retrying);
    assert_eq!(desk.sent_until_nothing_is_left(now), [1, 2, 3, 4]);
    assert_eq!(desk.due(now), None);
    assert_eq!(desk.standing().lane.state, LaneState::Idle);
}

#[test]
fn five_days_of_failures_stop_the_lane_and_tell_the_operator_once() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    let mut now = at(2);
    while let Some(next) = desk.due(now) {
        assert!(good(desk.book.waiting_alerts()).is_empty());
        now = next;
        desk.send(Met::NoAnswer, now);
    }
    let days = (now.unix_millis() - at(2).unix_millis()) / DAY;
    assert_eq!((days, desk.standing().lane.state), (5, LaneState::Failing));

    let waiting = good(desk.book.waiting_alerts());
    assert_eq!((waiting.len(), waiting[0].at), (1, now));
    let dispatch = good(desk.book.alert(&key())).expect("a mail");
    assert_eq!(dispatch.letter.to, "post@example.com");
    assert!(dispatch.letter.text.contains("five days"));
    // Not taken: it waits, and leaves later under the same id.
    let failed = Handover::Failed("down".to_owned());
    good(desk.book.note_alert(&key(), &failed, now));
    let again = &good(desk.book.waiting_alerts())[0];
    assert_eq!(again.at, now + Duration::from_secs(30));
    let same = good(desk.book.alert(&key())).expect("the mail");
    assert_eq!(same.id, dispatch.id);
    good(desk.book.note_alert(&key(), &Handover::Taken, now));
    assert!(good(desk.book.waiting_alerts()).is_empty());
    assert!(good(desk.book.alert(&key())).is_none());

    // The operator starts it: nothing was lost.
    let started = Endpoint {
        starts: 1,
        ..desk.endpoint.clone()
    };
    desk.set(started, now);
    assert_eq!(desk.sent_until_nothing_is_left(now), [1, 2]);
}

/// The mail that waits, as its subject and when it is due.
fn told(desk: &Desk) -> Option<(String, Timestamp)> {
    let waiting = good(desk.book.waiting_alerts());
    let due = waiting.first()?.at;
    let mail = good(desk.book.alert(&key())).expect("a mail");
    assert_eq!(mail.written_at, due, "its date is of when it is due");
    Some((mail.letter.subject, due))
}

/// Refuses what comes next until it is put aside.
fn refuse_one(desk: &Desk, now: Timestamp) {
    for _ in 0..3 {
        desk.send(answered(422), now);
    }
}

#[test]
fn the_operator_is_told_of_dead_letters_at_once_and_then_once_a_day() {
    let mut desk = Desk::new(endpoint());
    for moment in 1..=3 {
        desk.says_yes(at(moment));
    }
    refuse_one(&desk, at(10));
    let first = Some(("crm of demo refused an event".to_owned(), at(10)));
    assert_eq!(told(&desk), first);
    refuse_one(&desk, at(11));
    let both = Some(("crm of demo refused 2 events".to_owned(), at(10)));
    assert_eq!(told(&desk), both, "one mail for both");
    good(desk.book.note_alert(&key(), &Handover::Taken, at(12)));
    assert_eq!(told(&desk), None);
    refuse_one(&desk, at(13));
    let next = Some(("crm of demo refused 3 events".to_owned(), at(12 + DAY)));
    assert_eq!(told(&desk), next, "the next day");
    refuse_one(&desk, at(3 * DAY));
    let (_, due) = told(&desk).expect("a mail");
    assert_eq!(due, at(12 + DAY), "what waits is not put off");
}

#[test]
fn a_dead_letter_that_was_taken_after_all_is_not_told() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    let refused = desk.standing().lane.seq + 1;
    refuse_one(&desk, at(2));
    let letters = desk.standing().lane.dead_letters;
    assert_eq!(
        (letters[0].seq, desk.standing().lane.failing_since),
        (refused, Some(at(2)))
    );
    good(desk.book.resend(&key(), letters[0].event, at(3)));
    desk.send(answered(204), at(4));
    assert_eq!(told(&desk), None);
    assert_eq!(desk.standing().lane.failing_since, None);
}

#[test]
fn an_endpoint_that_refuses_everything_stops_after_five_days() {
    let mut desk = Desk::new(endpoint());
    for day in 0..=5 {
        assert_ne!(desk.standing().lane.state, LaneState::Failing, "day {day}");
        desk.says_yes(at(1 + day * DAY));
        refuse_one(&desk, at(1 + day * DAY));
    }
    assert_eq!(desk.standing().lane.state, LaneState::Failing);
    let (subject, _) = told(&desk).expect("a mail");
    assert_eq!(subject, "Delivery to crm of demo has stopped");
    let started = Endpoint {
        starts: 1,
        ..desk.endpoint.clone()
    };
    desk.set(started, at(6 * DAY));
    assert_eq!(desk.standing().lane.failing_since, None);
    assert_eq!(desk.sent_until_nothing_is_left(at(6 * DAY)).len(), 6);
}

#[test]
fn neither_an_empty_box_nor_a_request_takes_the_place_of_an_older_answer() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    let event = good(desk.book.next_delivery(&desk.endpoint)).expect("an event");
    let event = event.event;
    let purpose = event.data.consent().expect("a consent").purpose.clone();
    let overtaken = |desk: &Desk| good(desk.book.is_overtaken(&desk.endpoint, &event));
    let follows = |kind: &str, method: &str| {
        let copy = format!(
            "INSERT INTO event (kind, subject, act, body) SELECT '{kind}', subject, act, json_set(body, '$.purpose', '{purpose}', '$.method', '{method}') FROM event WHERE seq = 1"
        );
        desk.book.store.run(&copy, Vec::new()).expect("an event");
    };
    follows("consent.refused", "checkbox");
    follows("consent.requested", "checkbox");
    follows("consent.lapsed", "checkbox");
    assert!(!overtaken(&desk));
    follows("consent.refused", "telephone");
    assert!(overtaken(&desk));
}

#[test]
fn an_operator_who_looks_at_a_lane_that_stands_still_passes_nothing_over() {
    let desk = Desk::new(Endpoint {
        purposes: vec![PurposeKey::parse("NEWS").expect("a purpose")],
        disabled: true,
        ..endpoint()
    });
    let mut desk = desk;
    desk.says_yes(at(1));
    let copies = "INSERT INTO event (kind, subject, act, body) SELECT kind, subject, act, body FROM (WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < 600) SELECT n FROM copy) CROSS JOIN (SELECT * FROM event WHERE seq = 1)";
    desk.book
        .store
        .run(copies, Vec::new())
        .expect("many events");
    let before = desk.standing().lane.seq;
    assert_eq!(desk.standing().lane.seq, before);
    let all = Endpoint {
        purposes: Vec::new(),
        disabled: false,
        ..desk.endpoint.clone()
    };
    desk.set(all, at(2));
    assert_eq!(desk.send(answered(204), at(3)).data.seq, before + 1);
}

#[test]
fn an_operator_who_was_quicker_gets_no_mail() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    desk.send(answered(410), at(2));
    assert_eq!(desk.standing().lane.state, LaneState::Gone);
    assert_eq!(good(desk.book.waiting_alerts()).len(), 1);
    let started = Endpoint {
        starts: 1,
        ..desk.endpoint.clone()
    };
    desk.set(started, at(3));
    assert!(good(desk.book.waiting_alerts()).is_empty());
}

#[test]
fn what_is_refused_three_times_is_put_aside_and_sent_again_when_the_operator_says_so() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    let refused_event = desk.send(answered(422), at(2)).data.id;
    for moment in [3, 4] {
        assert_eq!(desk.send(answered(422), at(moment)).data.id, refused_event);
    }
    let letters = desk.standing().lane.dead_letters;
    assert_eq!((letters.len(), letters[0].event), (1, refused_event));
    assert_eq!(
        desk.sent_until_nothing_is_left(at(5)),
        [2],
        "the lane moved on"
    );

    assert_eq!(
        refused(desk.book.resend(&key(), uuid_v7(at(9), [9; 10]), at(6))),
        404
    );
    good(desk.book.resend(&key(), refused_event, at(6)));
    assert_eq!(desk.due(at(6)), Some(at(6)));
    assert_eq!(desk.send(answered(500), at(6)).data.id, refused_event);
    assert_eq!(desk.due(at(7)), None, "sent once for each asking");
    assert_eq!(desk.standing().lane.dead_letters.len(), 1);

    good(desk.book.resend(&key(), refused_event, at(8)));
    desk.says_yes(at(8));
    assert_eq!(desk.send(answered(204), at(8)).data.id, refused_event);
    assert!(desk.standing().lane.dead_letters.is_empty());
    assert_eq!(desk.sent_until_nothing_is_left(at(9)), [3, 4]);
}

#[test]
fn a_dead_letter_that_a_replay_brought_after_all_is_none_any_more() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    for moment in [2, 3, 4] {
        desk.send(answered(422), at(moment));
    }
    assert_eq!(desk.standing().lane.dead_letters.len(), 1);
    good(desk.book.replay(&key(), ReplayFrom::After(0), at(5)));
    assert_eq!(desk.sent_until_nothing_is_left(at(5)), [1, 2]);
    assert!(desk.standing().lane.dead_letters.is_empty());
}

#[test]
fn an_endpoint_of_some_purposes_gets_those_and_is_not_held_up_by_the_others() {
    let wants_news = Endpoint {
        purposes: vec![PurposeKey::parse("NEWS").expect("a purpose")],
        ..endpoint()
    };
    let mut desk = Desk::new(wants_news);
    for minute in 0..120 {
        desk.says_yes(at(minute * 60_000));
    }
    let now = at(3_600_000 * 3);
    let event = desk.send(answered(204), now);
    let purpose = &event.data.consent().expect("a change").purpose;
    assert_eq!(purpose.as_str(), "NEWS");
    assert_eq!(desk.sent_until_nothing_is_left(now).len(), 119);
}

#[test]
fn many_events_that_an_endpoint_does_not_want_are_passed_over_for_good() {
    #[derive(serde::Deserialize)]
    struct Row {
        cursor: u64,
    }
    let wants_news = Endpoint {
        purposes: vec![PurposeKey::parse("NEWS").expect("a purpose")],
        ..endpoint()
    };
    let mut desk = Desk::new(wants_news);
    desk.says_yes(at(1));
    assert_eq!(desk.sent_until_nothing_is_left(at(2)).len(), 1);
    // Of the purpose that it does not want, a thousand.
    let copy = "INSERT INTO event (kind, subject, act, body) SELECT kind, subject, act, body FROM event WHERE json_extract(body, '$.purpose') = 'STORE'";
    for _ in 0..10 {
        desk.book.store.run(copy, Vec::new()).expect("rows");
    }
    assert_eq!(desk.due(at(3)), Some(at(3)), "there may be more behind");
    assert_eq!(desk.due(at(3)), Some(at(3)));
    assert_eq!(desk.due(at(3)), None);
    let lane: Option<Row> = desk
        .book
        .store
        .row("SELECT cursor FROM lane", Vec::new())
        .expect("a lane");
    assert!(lane.expect("a lane").cursor >= 1000);
    desk.says_yes(at(4));
    assert_eq!(desk.sent_until_nothing_is_left(at(5)).len(), 1);
}

#[test]
fn an_endpoint_without_addresses_is_told_the_id_alone() {
    let mut desk = Desk::new(Endpoint {
        addresses: false,
        ..endpoint()
    });
    let email = desk.says_yes(at(1));
    let event = desk.send(answered(204), at(2));
    let body = serde_json::to_string(&event).expect("JSON");
    assert!(!body.contains(&email), "{body}");
    let subject = serde_json::to_value(&event.data.subject).expect("JSON");
    let expected = serde_json::json!({"id": event.data.subject.id, "email": null});
    assert_eq!(subject, expected);
    assert!(
        event
            .data
            .consent()
            .expect("a change")
            .receipt
            .contains('.')
    );
}

#[test]
fn a_disabled_endpoint_is_sent_nothing_and_later_everything() {
    let mut desk = Desk::new(endpoint());
    let disabled = Endpoint {
        disabled: true,
        ..desk.endpoint.clone()
    };
    desk.set(disabled, at(1));
    desk.says_yes(at(2));
    assert_eq!(desk.due(at(3)), None);
    assert_eq!(desk.standing().lane.state, LaneState::Disabled);
    let enabled = Endpoint {
        starts: 1,
        ..endpoint()
    };
    desk.set(enabled, at(4));
    assert_eq!(desk.sent_until_nothing_is_left(at(5)), [1, 2]);
}

#[test]
fn a_replay_sends_again_from_a_place_or_a_moment_and_leaves_nothing_out() {
    let mut desk = Desk::new(endpoint());
    let hour = 3_600_000;
    for moment in 0..10 {
        desk.says_yes(at(moment * hour));
    }
    let now = at(20 * hour);
    assert_eq!(desk.sent_until_nothing_is_left(now).len(), 20);
    let replayed = |desk: &Desk, from| {
        good(desk.book.replay(&key(), from, now));
        desk.sent_until_nothing_is_left(now)
    };
    assert_eq!(replayed(&desk, ReplayFrom::After(17)), [18, 19, 20]);
    assert_eq!(replayed(&desk, ReplayFrom::After(0)).len(), 20);
    // A moment in the middle, one before all, one after all, and one to the minute.
    assert_eq!(
        replayed(&desk, ReplayFrom::Since(at(8 * hour))),
        [17, 18, 19, 20]
    );
    assert_eq!(
        replayed(&desk, ReplayFrom::Since(at(8 * hour + 61_000))),
        [19, 20]
    );
    assert_eq!(replayed(&desk, ReplayFrom::Since(at(-DAY))).len(), 20);
    assert!(replayed(&desk, ReplayFrom::Since(at(DAY))).is_empty());
    // Ahead of the lane.
    desk.says_yes(now);
    assert_eq!(replayed(&desk, ReplayFrom::After(22)), [21, 22]);
}

#[test]
fn of_a_lane_the_last_attempts_are_kept_and_no_more() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    for nth in 0..i64::from(KEPT) + 50 {
        desk.send(answered(500), at(nth));
    }
    desk.send(answered(204), at(900));
    let deliveries = desk.standing().deliveries;
    assert_eq!(deliveries.len(), 1);
    assert_eq!(
        (deliveries[0].taken, deliveries[0].kind),
        (true, EventType::Refused)
    );
    assert_eq!(deliveries[0].attempts.len(), KEPT as usize);
    assert_eq!(deliveries[0].attempts[0].status, Some(204));
    let other = EndpointKey::parse("other").expect("a name");
    assert_eq!(refused(desk.book.lane_standing(&other, 10)), 404);
}

#[test]
fn what_an_endpoint_answered_goes_with_the_person() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    let event = desk.send(answered(500), at(2));
    let answer = |desk: &Desk| desk.standing().deliveries[0].attempts[0].answer.clone();
    assert!(answer(&desk).is_some_and(|answer| answer.contains("jan@")));
    good(desk.book.erase(None, event.data.subject.id, None, at(3)));
    assert_eq!(answer(&desk), None);
}

#[test]
fn a_removed_endpoint_takes_its_attempts_with_it() {
    let mut desk = Desk::new(endpoint());
    desk.says_yes(at(1));
    desk.send(answered(500), at(2));
    let without = Snapshot {
        revision: 9,
        ..snapshot()
    };
    good(desk.book.learn(without, at(3)));
    desk.revision = 9;
    desk.set(fixture::endpoint(), at(4));
    assert!(desk.standing().deliveries.is_empty());
}
