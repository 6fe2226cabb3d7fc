//! Laws of decisions, over random histories of one person.
#![cfg(feature = "record")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::prelude::*;
use sayso_shared::{
    consent::{Consent, Standing, Status},
    decision::{self, Change},
    key::PurposeKey,
    published::PublishedPurpose,
    purpose::LegalBasis,
    time::Timestamp,
};
use uuid::Uuid;

/// How long a yes to NEWS holds, in milliseconds.
const DAY: i64 = 24 * 3_600_000;

/// Something that a person does, or does not do in time.
#[derive(Debug, Clone)]
enum Deed {
    Submit { store: bool, news: bool },
    Confirm { submission: usize, news: bool },
    Withdraw { everything: bool },
    Lapse { submission: usize },
    Wait { millis: i64 },
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        any::<(bool, bool)>().prop_map(|(store, news)| Deed::Submit { store, news }),
        (0..8_usize, any::<bool>())
            .prop_map(|(submission, news)| Deed::Confirm { submission, news }),
        any::<bool>().prop_map(|everything| Deed::Withdraw { everything }),
        (0..8_usize).prop_map(|submission| Deed::Lapse { submission }),
        (0..2 * DAY).prop_map(|millis| Deed::Wait { millis }),
    ]
}

fn key(text: &str) -> PurposeKey {
    PurposeKey::parse(text).expect("a purpose")
}

/// STORE holds for good and needs no mail; NEWS needs one, and holds for a day.
fn shown() -> Vec<PublishedPurpose> {
    let purpose = |name: &str, double_opt_in: bool, valid_for_days: Option<u32>| PublishedPurpose {
        key: key(name),
        title: name.to_owned(),
        text: name.to_owned(),
        legal_basis: LegalBasis::Consent,
        condition: false,
        channels: Vec::new(),
        double_opt_in,
        retention_days: None,
        valid_for_days,
        part_of: None,
        data_categories: Vec::new(),
    };
    vec![
        purpose("STORE", false, None),
        purpose("NEWS", true, Some(1)),
    ]
}

/// A person's whole history, deed by deed.
struct History {
    shown: Vec<PublishedPurpose>,
    standing: Standing,
    submissions: Vec<Uuid>,
    now: Timestamp,
}

impl History {
    fn new() -> Self {
        Self {
            shown: shown(),
            standing: Standing::new(),
            submissions: Vec::new(),
            now: Timestamp::EPOCH,
        }
    }

    fn perform(&mut self, deed: &Deed) -> Vec<Change> {
        self.now = Timestamp::from_unix_millis(self.now.unix_millis() + 1);
        if let Deed::Wait { millis } = deed {
            self.now = Timestamp::from_unix_millis(self.now.unix_millis() + millis);
        }
        let submission = |at: usize| self.submissions.get(at).copied().unwrap_or(Uuid::max());
        let changes = match deed {
            Deed::Submit { store, news } => {
                let id = Uuid::from_u128(self.submissions.len() as u128 + 1);
                self.submissions.push(id);
                let choices = BTreeMap::from([(key("STORE"), *store), (key("NEWS"), *news)]);
                decision::submit(
                    &self.standing,
                    &self.shown,
                    id,
                    &choices,
                    self.now,
                    self.now,
                    true,
                )
                .changes
            }
            Deed::Confirm {
                submission: at,
                news,
            } => {
                let chosen: BTreeSet<_> = news.then(|| key("NEWS")).into_iter().collect();
                decision::confirm(
                    &self.standing,
                    &self.shown,
                    submission(*at),
                    &chosen,
                    self.now,
                )
            }
            Deed::Withdraw { everything } => {
                let news = key("NEWS");
                decision::withdraw(&self.standing, |key| *everything || *key == news, self.now)
            }
            Deed::Lapse { submission: at } => {
                decision::lapse(&self.standing, submission(*at), self.now)
            }
            Deed::Wait { .. } => decision::expire(&self.standing, self.now),
        };
        self.standing.extend(
            changes
                .iter()
                .map(|change| (change.purpose.clone(), change.after.clone())),
        );
        changes
    }

    fn status(&self, purpose: &str) -> Status {
        self.standing
            .get(&key(purpose))
            .map_or(Status::Unknown, |consent| consent.status)
    }
}

proptest! {
    #[test]
    fn only_a_confirmation_makes_a_double_opt_in_given(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut history = History::new();
        for deed in &deeds {
            let before = history.status("NEWS");
            history.perform(deed);
            if before != Status::Given && history.status("NEWS") == Status::Given {
                prop_assert!(matches!(deed, Deed::Confirm { news: true, .. }), "{deed:?}");
                prop_assert_eq!(before, Status::Requested);
            }
        }
    }

    #[test]
    fn a_withdrawal_wins_over_everything_that_was_pending(deeds in prop::collection::vec(deed(), 0..20), late in prop::collection::vec(0..8_usize, 0..8)) {
        let mut history = History::new();
        for deed in &deeds {
            history.perform(deed);
        }
        history.perform(&Deed::Withdraw { everything: true });
        prop_assert!(!matches!(history.status("NEWS"), Status::Given | Status::Requested));
        for submission in late {
            prop_assert_eq!(history.perform(&Deed::Confirm { submission, news: true }), vec![]);
        }
    }

    #[test]
    fn nothing_but_a_new_submission_has_an_effect_twice(deeds in prop::collection::vec(deed(), 0..20), again in deed()) {
        let mut history = History::new();
        for deed in &deeds {
            history.perform(deed);
        }
        history.perform(&again);
        if !matches!(again, Deed::Submit { .. } | Deed::Wait { .. }) {
            prop_assert_eq!(history.perform(&again), vec![]);
        }
    }

    #[test]
    fn only_a_yes_ends_by_itself_and_only_when_its_time_is_over(deeds in prop::collection::vec(deed(), 0..40)) {
        let mut history = History::new();
        for deed in &deeds {
            let before = history.standing.clone();
            for change in history.perform(deed) {
                let (consent, known) = (&change.after, before.get(&change.purpose));
                let holds = (consent.status == Status::Given && change.purpose == key("NEWS")).then(|| history.now + Duration::from_millis(DAY.unsigned_abs()));
                if consent.status == Status::Expired {
                    prop_assert_eq!(change.previous, Status::Given);
                    prop_assert_eq!(consent.expires_at, known.and_then(|known| known.expires_at));
                    prop_assert!(consent.expires_at.is_some_and(|until| until <= history.now));
                } else {
                    prop_assert_eq!(consent.expires_at, holds);
                }
            }
        }
    }

    #[test]
    fn an_empty_box_never_takes_a_yes_away(deeds in prop::collection::vec(deed(), 0..20)) {
        let mut history = History::new();
        for deed in &deeds {
            history.perform(deed);
        }
        let before = (history.status("STORE"), history.status("NEWS"));
        history.perform(&Deed::Submit { store: false, news: false });
        for (before, after) in [(before.0, history.status("STORE")), (before.1, history.status("NEWS"))] {
            prop_assert!(before == after || (before, after) == (Status::Unknown, Status::Refused));
        }
    }

    #[test]
    fn the_visitor_is_told_the_same_whatever_is_on_record(deeds in prop::collection::vec(deed(), 0..20), store: bool, news: bool) {
        let mut history = History::new();
        for deed in &deeds {
            history.perform(deed);
        }
        let choices = BTreeMap::from([(key("STORE"), store), (key("NEWS"), news)]);
        let told = |standing: &Standing| {
            decision::submit(standing, &shown(), Uuid::max(), &choices, history.now, history.now, true).told
        };
        prop_assert_eq!(told(&history.standing), told(&Standing::new()));
    }
}

#[test]
fn a_yes_that_was_decided_before_a_withdrawal_and_arrives_after_it_is_old_news() {
    let (shown, store) = (shown(), key("STORE"));
    let at = Timestamp::from_unix_millis;
    let yes = BTreeMap::from([(store.clone(), true)]);
    let submit = |standing: &Standing, decided_at, now| {
        decision::submit(
            standing,
            &shown,
            Uuid::from_u128(1),
            &yes,
            decided_at,
            now,
            true,
        )
        .changes
    };
    let mut standing = Standing::new();
    for change in submit(&standing, at(1), at(1)) {
        standing.insert(change.purpose, change.after);
    }
    for change in decision::withdraw(&standing, |_| true, at(10)) {
        standing.insert(change.purpose, change.after);
    }
    assert_eq!(submit(&standing, at(9), at(20)), vec![]);
    assert_eq!(submit(&standing, at(11), at(20)).len(), 1);
}

#[test]
fn a_yes_holds_to_the_last_millisecond_and_not_one_longer() {
    let (mut history, news) = (History::new(), key("NEWS"));
    history.perform(&Deed::Submit {
        store: true,
        news: true,
    });
    let confirmed = history.perform(&Deed::Confirm {
        submission: 0,
        news: true,
    });
    let end = confirmed[0].after.since.unix_millis() + DAY;
    let at = Timestamp::from_unix_millis;
    assert_eq!(confirmed[0].after.expires_at, Some(at(end)));
    assert_eq!(decision::expire(&history.standing, at(end - 1)), vec![]);
    let expired = decision::expire(&history.standing, at(end));
    assert_eq!(expired.len(), 1, "{expired:?}");
    assert_eq!(
        (&expired[0].purpose, expired[0].previous),
        (&news, Status::Given)
    );
    assert_eq!(expired[0].after.status, Status::Expired);
    history.standing.insert(news, expired[0].after.clone());
    assert_eq!(
        decision::expire(&history.standing, at(end + 1)),
        vec![],
        "once"
    );
}

#[test]
fn an_address_that_had_its_mails_keeps_the_link_that_it_has() {
    let at = Timestamp::from_unix_millis;
    let (shown, now) = (shown(), at(5));
    let yes = BTreeMap::from([(key("STORE"), true), (key("NEWS"), true)]);
    let first = Uuid::from_u128(1);
    let mut standing = Standing::new();
    for change in decision::submit(&standing, &shown, first, &yes, now, now, true).changes {
        standing.insert(change.purpose, change.after);
    }
    let again = Uuid::from_u128(2);
    let decided = decision::submit(&standing, &shown, again, &yes, at(6), at(6), false);
    let moved = |change: &Change| change.after.status == Status::Requested;
    assert!(
        !decided.changes.iter().any(moved),
        "the first link confirms"
    );
    let told = decision::submit(&standing, &shown, again, &yes, at(6), at(6), true).told;
    assert_eq!(decided.told, told, "nobody is told of it");
}

#[test]
fn a_switch_of_the_personal_page_counts_at_once_and_only_once() {
    let shown = shown();
    let (news, id) = (key("NEWS"), Uuid::from_u128(1));
    let switch = |standing: &Standing, on, unproven| {
        decision::switch(
            standing,
            &shown,
            id,
            &news,
            on,
            unproven,
            Timestamp::from_unix_millis(5),
        )
    };
    let became =
        |change: Option<Change>| change.map(|change| (change.previous, change.after.status));
    for (known, off, on, own) in [
        (
            Status::Unknown,
            Some(Status::Refused),
            Some(Status::Given),
            Some(Status::Given),
        ),
        (
            Status::Requested,
            Some(Status::Withdrawn),
            Some(Status::Given),
            Some(Status::Given),
        ),
        (
            Status::Given,
            Some(Status::Withdrawn),
            None,
            Some(Status::Given),
        ),
        (
            Status::Refused,
            None,
            Some(Status::Given),
            Some(Status::Given),
        ),
        (
            Status::Withdrawn,
            None,
            Some(Status::Given),
            Some(Status::Given),
        ),
        (
            Status::Expired,
            Some(Status::Refused),
            Some(Status::Given),
            Some(Status::Given),
        ),
        (
            Status::Lapsed,
            Some(Status::Refused),
            Some(Status::Given),
            Some(Status::Given),
        ),
    ] {
        let mut standing = Standing::new();
        if known != Status::Unknown {
            let consent = Consent {
                status: known,
                since: Timestamp::from_unix_millis(1),
                submission: Uuid::nil(),
                requested_at: None,
                expires_at: None,
                retention_days: None,
            };
            standing.insert(news.clone(), consent);
        }
        let after = |status: Option<Status>| status.map(|status| (known, status));
        assert_eq!(
            became(switch(&standing, false, false)),
            after(off),
            "{known:?}"
        );
        assert_eq!(
            became(switch(&standing, true, false)),
            after(on),
            "{known:?}"
        );
        assert_eq!(
            became(switch(&standing, true, true)),
            after(own),
            "{known:?}"
        );
    }
}
