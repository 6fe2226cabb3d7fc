//! Laws of decisions, over random histories of one person.
#![cfg(feature = "record")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sayso_shared::{
    consent::{Standing, Status},
    decision::{self, Change},
    definition::SiteDefinition,
    key::PurposeKey,
    time::Timestamp,
};
use serde_json::json;
use uuid::Uuid;

/// Something that a person does, or does not do in time.
#[derive(Debug, Clone)]
enum Deed {
    Submit { store: bool, news: bool },
    Confirm { submission: usize, news: bool },
    Withdraw { everything: bool },
    Lapse { submission: usize },
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        any::<(bool, bool)>().prop_map(|(store, news)| Deed::Submit { store, news }),
        (0..8_usize, any::<bool>())
            .prop_map(|(submission, news)| Deed::Confirm { submission, news }),
        any::<bool>().prop_map(|everything| Deed::Withdraw { everything }),
        (0..8_usize).prop_map(|submission| Deed::Lapse { submission }),
    ]
}

fn key(text: &str) -> PurposeKey {
    PurposeKey::parse(text).expect("a purpose")
}

fn definition() -> SiteDefinition {
    let purpose = |key: &str, double_opt_in: bool| json!({"key": key, "title": {"en": key}, "text": {"en": key}, "legal_basis": "consent", "channels": [], "double_opt_in": double_opt_in});
    SiteDefinition::parse(&json!({
        "name": "Demo", "controller": {"name": "Demo", "privacy_url": "https://example.com/p", "contact": "a@example.com"},
        "default_language": "en", "languages": ["en"], "origins": [],
        "mail": {"from": "a@example.com", "from_name": "Demo"},
        "purposes": [purpose("STORE", false), purpose("NEWS", true)],
        "forms": [{"key": "form", "source": "web_form", "purposes": ["STORE", "NEWS"], "intro": {"en": "Hello"}}]
    }))
    .expect("a definition")
}

/// A person's whole history, deed by deed.
struct History {
    definition: SiteDefinition,
    standing: Standing,
    submissions: Vec<Uuid>,
    now: Timestamp,
}

impl History {
    fn new() -> Self {
        Self {
            definition: definition(),
            standing: Standing::new(),
            submissions: Vec::new(),
            now: Timestamp::EPOCH,
        }
    }

    fn perform(&mut self, deed: &Deed) -> Vec<Change> {
        self.now = Timestamp::from_unix_millis(self.now.unix_millis() + 1);
        let submission = |at: usize| self.submissions.get(at).copied().unwrap_or(Uuid::max());
        let changes = match deed {
            Deed::Submit { store, news } => {
                let id = Uuid::from_u128(self.submissions.len() as u128 + 1);
                self.submissions.push(id);
                let choices = BTreeMap::from([(key("STORE"), *store), (key("NEWS"), *news)]);
                decision::submit(
                    &self.standing,
                    &self.definition,
                    id,
                    &choices,
                    self.now,
                    self.now,
                )
                .changes
            }
            Deed::Confirm {
                submission: at,
                news,
            } => {
                let chosen: BTreeSet<_> = news.then(|| key("NEWS")).into_iter().collect();
                decision::confirm(&self.standing, submission(*at), &chosen, self.now)
            }
            Deed::Withdraw { everything } => {
                let news = key("NEWS");
                decision::withdraw(&self.standing, (!everything).then_some(&news), self.now)
            }
            Deed::Lapse { submission: at } => {
                decision::lapse(&self.standing, submission(*at), self.now)
            }
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
        if !matches!(again, Deed::Submit { .. }) {
            prop_assert_eq!(history.perform(&again), vec![]);
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
            decision::submit(standing, &definition(), Uuid::max(), &choices, history.now, history.now).told
        };
        prop_assert_eq!(told(&history.standing), told(&Standing::new()));
    }
}

#[test]
fn a_yes_that_was_decided_before_a_withdrawal_and_arrives_after_it_is_old_news() {
    let (definition, store) = (definition(), key("STORE"));
    let at = Timestamp::from_unix_millis;
    let yes = BTreeMap::from([(store.clone(), true)]);
    let submit = |standing: &Standing, decided_at, now| {
        decision::submit(
            standing,
            &definition,
            Uuid::from_u128(1),
            &yes,
            decided_at,
            now,
        )
        .changes
    };
    let mut standing = Standing::new();
    for change in submit(&standing, at(1), at(1)) {
        standing.insert(change.purpose, change.after);
    }
    for change in decision::withdraw(&standing, None, at(10)) {
        standing.insert(change.purpose, change.after);
    }
    assert_eq!(submit(&standing, at(9), at(20)), vec![]);
    assert_eq!(submit(&standing, at(11), at(20)).len(), 1);
}
