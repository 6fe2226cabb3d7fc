//! A site and its visitors, for tests of the book.

use std::collections::BTreeMap;

use sayso_shared::{
    answer::EventPage,
    attempt::{Attempt, Silence},
    definition::SiteDefinition,
    delivery::Outcome as Met,
    endpoint::Endpoint,
    event::EventType,
    key::{PurposeKey, SiteKey},
    notice::{Notice, NoticeText},
    snapshot::Snapshot,
    time::Timestamp,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{book::Book, pull::Sought};
use crate::{
    failure::{Failure, Outcome},
    native_store::NativeStore,
    settings::Settings,
    store::Store,
    webhook::Posted,
};

/// The origin of the site's pages.
pub(super) const ORIGIN: &str = "https://www.example.com";

/// The value, or a test that fails with why there is none.
pub(super) fn good<T>(outcome: Outcome<T>) -> T {
    match outcome {
        Ok(value) => value,
        Err(Failure::Problem(problem)) => panic!("{problem:?}"),
        Err(Failure::Fault(error)) => panic!("{error}"),
        Err(Failure::Answered(_)) => panic!("an answer of another object"),
    }
}

/// A moment, so many milliseconds after the tests' beginning.
pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000 + millis)
}

/// A site with a purpose that needs no confirmation, `STORE`, and one that does, `NEWS`.
pub(super) fn snapshot() -> Snapshot {
    let purpose = |key: &str, double_opt_in: bool| json!({"key": key, "title": {"en": key}, "text": {"en": key}, "legal_basis": "consent", "channels": ["email"], "double_opt_in": double_opt_in});
    let definition = SiteDefinition::parse(&json!({
        "name": "Demo",
        "controller": {"name": "Demo", "privacy_url": "https://example.com/privacy", "contact": "privacy@example.com"},
        "default_language": "en", "languages": ["en"], "origins": [ORIGIN],
        "mail": {"from": "post@example.com", "from_name": "Demo"},
        "purposes": [purpose("STORE", false), purpose("NEWS", true)],
        "forms": [{"key": "form", "source": "web_form", "purposes": ["STORE", "NEWS"], "intro": {"en": "Hello"}}]
    }))
    .expect("a definition");
    let site = SiteKey::parse("demo").expect("a site");
    let text = NoticeText::of(
        &site,
        &definition,
        &definition.forms[0],
        &definition.default_language,
    )
    .expect("its words");
    let notices = vec![Notice {
        version: 1,
        hash: text.hash(),
        published_at: at(0),
        text,
    }];
    Snapshot {
        site,
        revision: 1,
        definition,
        notices,
        replaced: Vec::new(),
        endpoints: Vec::new(),
        keys: Vec::new(),
        sharding: None,
        shard: 0,
    }
}

/// The same site with `INVITES`, a part of `NEWS`, and with the words of the personal page.
pub(super) fn personal_snapshot() -> Snapshot {
    let mut snapshot = snapshot();
    let part = json!({"key": "INVITES", "part_of": "NEWS", "title": {"en": "INVITES"}, "text": {"en": "INVITES"}, "legal_basis": "consent", "channels": ["email"], "double_opt_in": false});
    let key = PurposeKey::parse("INVITES").expect("a purpose");
    let (definition, _) = snapshot
        .definition
        .with_purpose(&key, &part)
        .expect("a part");
    let page = definition.personal_page();
    let lang = &definition.default_language;
    let text = NoticeText::of(&snapshot.site, &definition, &page, lang).expect("its words");
    snapshot.notices.push(Notice {
        version: 1,
        hash: text.hash(),
        published_at: at(0),
        text,
    });
    snapshot.definition = definition;
    snapshot.revision = 2;
    snapshot
}

/// A book upon this store that knows the site.
pub(super) fn book(store: NativeStore) -> Book<NativeStore> {
    let book = Book::open(store, Ok(Settings::for_tests()));
    good(book.learn(snapshot(), at(0)));
    book
}

/// An endpoint that wants everything, and has no secret.
pub(super) fn endpoint() -> Endpoint {
    let kept = json!({"key": "crm", "url": "https://crm.example.com", "types": EventType::DEFAULT, "sealed_secret": []});
    serde_json::from_value(kept).expect("an endpoint")
}

/// What an attempt met, as it comes from outside. Who refuses says why, and names somebody in it.
pub(super) fn posted(met: Met) -> Posted {
    let (status, reason) = match met {
        Met::Answered { status, .. } => (Some(status), None),
        Met::NoAnswer => (None, Some(Silence::TimeOut)),
    };
    let is_refusal = status.is_some_and(|status| status >= 300);
    Posted {
        met,
        attempt: Attempt {
            at: at(0),
            ms: 7,
            status,
            reason,
            answer: is_refusal.then(|| "I do not know jan@example.com".to_owned()),
        },
    }
}

/// A submission as the widget sends it.
pub(super) fn submission(
    id: Uuid,
    email: &str,
    choices: &BTreeMap<PurposeKey, bool>,
    decided_at: Timestamp,
) -> Value {
    json!({
        "id": id, "site": "demo", "form": "form", "lang": "en", "notice_hash": snapshot().notices[0].hash,
        "subject": {"email": email}, "choices": choices, "source": "web_form", "page": "https://www.example.com/form",
        "shown_at": decided_at, "decided_at": decided_at, "gpc": false, "widget": "0.1.0"
    })
}

/// Yes or no to the two purposes.
pub(super) fn choices(store: bool, news: bool) -> BTreeMap<PurposeKey, bool> {
    let key = |key| PurposeKey::parse(key).expect("a purpose");
    BTreeMap::from([(key("STORE"), store), (key("NEWS"), news)])
}

/// Which of its states a view is in.
pub(super) fn state(view: &impl serde::Serialize) -> String {
    match serde_json::to_value(view).expect("JSON") {
        serde_json::Value::String(name) => name,
        serde_json::Value::Object(named) => named.keys().next().cloned().unwrap_or_default(),
        other => other.to_string(),
    }
}

impl<S: Store> Book<S> {
    /// A page of events of these types; without any, the usual ones.
    pub(super) fn events(
        &self,
        key: Option<&str>,
        after: &str,
        limit: u32,
        types: &[String],
    ) -> Outcome<EventPage> {
        let sought = Sought {
            types: types.to_vec(),
            purposes: Vec::new(),
        };
        self.event_page(key, after, limit, &sought)
    }
}
