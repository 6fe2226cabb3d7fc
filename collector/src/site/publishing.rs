//! Publishing: what an operator writes becomes what visitors read. A form gets a new notice only if one of its words changed.

use sayso_shared::{
    answer::{NoticePublished, SitePublished},
    definition::{Form, Purpose, SiteDefinition},
    key::{FormKey, PurposeKey, SiteKey},
    notice::{Notice, NoticeText, Replaced},
    problem::Problem,
    shard::{SealedSharding, Sharding},
    snapshot::Snapshot,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;

use super::memory::{SCHEMA, Site};
use crate::{
    chance,
    failure::{Outcome, damaged},
    json,
    settings::Settings,
    store::{Store, number, text},
};

/// The most notices that are remembered as replaced a moment ago. Whoever publishes more than this in ten minutes sends some
/// visitors back to read again.
const MOST_REPLACED: usize = 1000;

impl Site {
    /// Defines the site: 201 for a new one, else 200.
    pub(super) fn define(
        &self,
        site: SiteKey,
        document: &Value,
        now: Timestamp,
    ) -> Outcome<(u16, SitePublished)> {
        let known = self.snapshot()?;
        let before = known.as_ref().map(|known| &known.definition);
        let definition = SiteDefinition::parse_over(document, before).map_err(Problem::invalid)?;
        let status = if known.is_some() { 200 } else { 201 };
        let snapshot = match known {
            Some(known) => known,
            None => self.begin(site, definition.clone())?,
        };
        Ok((status, self.publish(snapshot, definition, now)?))
    }

    /// A site that nothing is known of yet. How it is split is settled here, for ever.
    fn begin(&self, site: SiteKey, definition: SiteDefinition) -> Outcome<Snapshot> {
        let sharding = Sharding::new(definition.shards, chance::bytes());
        let vault = Settings::read(&self.env)?.vault();
        Ok(Snapshot {
            sharding: SealedSharding::of(&sharding, &site, &vault, chance::bytes()),
            site,
            revision: 0,
            definition,
            notices: Vec::new(),
            replaced: Vec::new(),
            endpoints: Vec::new(),
            keys: Vec::new(),
            shard: 0,
        })
    }

    /// A purpose as it is defined.
    pub(super) fn purpose(&self, key: &PurposeKey) -> Outcome<Purpose> {
        let known = self.known()?;
        let purpose = known.definition.purpose(key).cloned();
        Ok(purpose.ok_or_else(|| Problem::unknown("purpose"))?)
    }

    /// Sets a purpose: 201 for a new one, else 200.
    pub(super) fn set_purpose(
        &self,
        key: &PurposeKey,
        document: &Value,
        now: Timestamp,
    ) -> Outcome<(u16, SitePublished)> {
        let known = self.known()?;
        let amended = known.definition.clone().with_purpose(key, document);
        let (definition, is_new) = amended.map_err(Problem::invalid)?;
        let status = if is_new { 201 } else { 200 };
        Ok((status, self.publish(known, definition, now)?))
    }

    /// Removes a purpose that no form asks for, else 409; removing it again changes nothing.
    pub(super) fn remove_purpose(&self, key: &PurposeKey, now: Timestamp) -> Outcome<()> {
        let known = self.known()?;
        let amended = known.definition.clone().without_purpose(key);
        let definition =
            amended.map_err(|in_use| Problem::purpose_in_use(key, &in_use.forms, &in_use.parts))?;
        self.publish(known, definition, now).map(drop)
    }

    /// Sets a form: 201 for a new one, else 200.
    pub(super) fn set_form(
        &self,
        key: &FormKey,
        document: &Value,
        now: Timestamp,
    ) -> Outcome<(u16, SitePublished)> {
        let known = self.known()?;
        let amended = known.definition.clone().with_form(key, document);
        let (definition, is_new) = amended.map_err(Problem::invalid)?;
        let status = if is_new { 201 } else { 200 };
        Ok((status, self.publish(known, definition, now)?))
    }

    /// Removes a form; removing it again changes nothing.
    pub(super) fn remove_form(&self, key: &FormKey, now: Timestamp) -> Outcome<()> {
        let known = self.known()?;
        let definition = known.definition.clone().without_form(key);
        self.publish(known, definition, now).map(drop)
    }

    fn publish(
        &self,
        mut snapshot: Snapshot,
        definition: SiteDefinition,
        now: Timestamp,
    ) -> Outcome<SitePublished> {
        self.store.commit(|| {
            SCHEMA.bring_up(&self.store)?;
            publish(&self.store, &mut snapshot, definition, now)?;
            self.keep(&mut snapshot)
        })?;
        let notices = snapshot.notices.iter();
        let of_forms = notices.filter(|notice| notice.text.form != Form::personal_key());
        let published = of_forms.map(|notice| NoticePublished {
            form: notice.text.form.clone(),
            lang: notice.text.lang.clone(),
            notice: notice.name(),
        });
        Ok(SitePublished {
            site: snapshot.site.clone(),
            notices: published.collect(),
        })
    }
}

/// Makes this definition the site's, with the notice of each form and language. Words that are shown no longer are remembered
/// while they may still be answered. Call within a commit.
fn publish(
    store: &impl Store,
    snapshot: &mut Snapshot,
    definition: SiteDefinition,
    now: Timestamp,
) -> Outcome<()> {
    let mut notices = Vec::new();
    let personal = definition.personal_page();
    let asks = !personal.purposes.is_empty();
    let forms = definition.forms.iter().chain(asks.then_some(&personal));
    for form in forms {
        for lang in &definition.languages {
            let words = NoticeText::of(&snapshot.site, &definition, form, lang)
                .ok_or_else(|| damaged("a text"))?;
            notices.push(notice_of(store, words, now)?);
        }
    }
    let before = std::mem::replace(&mut snapshot.notices, notices);
    let is_shown = |old: &Notice| snapshot.notices.iter().any(|now| now.hash == old.hash);
    let replaced = before.into_iter().filter(|old| !is_shown(old));
    let replaced: Vec<Replaced> = replaced
        .map(|old| Replaced {
            form: old.text.form,
            hash: old.hash,
            published_at: old.published_at,
            replaced_at: now,
        })
        .collect();
    snapshot.replaced.splice(0..0, replaced);
    snapshot.replaced.retain(|old| !old.is_past(now));
    snapshot.replaced.truncate(MOST_REPLACED);
    snapshot.definition = definition;
    Ok(())
}

/// The notice of these words: the version that they were, if they come back, else the next one.
fn notice_of(store: &impl Store, words: NoticeText, now: Timestamp) -> Outcome<Notice> {
    #[derive(Deserialize)]
    struct Same {
        body: String,
    }
    #[derive(Deserialize)]
    struct Latest {
        version: Option<u32>,
    }
    let hash = words.hash();
    let values = vec![text(&words.form), text(&words.lang), text(&hash)];
    let same: Option<Same> =
        store.row(include_str!("../../sql/site/notice_by_hash.sql"), values)?;
    if let Some(same) = same {
        return Ok(json::read(&same.body)?);
    }
    let values = vec![text(&words.form), text(&words.lang)];
    let latest: Option<Latest> =
        store.row(include_str!("../../sql/site/notice_latest.sql"), values)?;
    let notice = Notice {
        version: latest.and_then(|row| row.version).unwrap_or_default() + 1,
        hash,
        published_at: now,
        text: words,
    };
    let values = vec![
        text(&notice.text.form),
        text(&notice.text.lang),
        number(notice.version),
        text(&notice.hash),
        text(serde_json::to_string(&notice)?),
    ];
    store.run(include_str!("../../sql/site/notice_insert.sql"), values)?;
    Ok(notice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{failure::Failure, native_store::NativeStore};

    fn definition(intro: &str) -> Value {
        json!({
            "name": "Demo",
            "controller": {"name": "Demo", "privacy_url": "https://example.com/privacy", "contact": "privacy@example.com"},
            "default_language": "en", "languages": ["en", "nl"], "origins": ["https://www.example.com"],
            "mail": {"from": "post@example.com", "from_name": "Demo"},
            "forms": [
                {"key": "one", "source": "web_form", "purposes": ["STORE", "EMARKETING"], "intro": {"en": intro, "nl": "Hallo"}},
                {"key": "two", "source": "chat", "purposes": ["STORE"], "intro": {"en": "Hello", "nl": "Hallo"}}
            ]
        })
    }

    /// A site that is published anew, at moments that are minutes.
    struct Press {
        store: NativeStore,
        snapshot: Snapshot,
    }

    impl Press {
        fn new() -> Self {
            let store = NativeStore::in_memory();
            let document = definition("Hello");
            let snapshot = Snapshot {
                site: SiteKey::parse("demo").expect("a name"),
                revision: 0,
                definition: SiteDefinition::parse(&document).expect("a definition"),
                notices: Vec::new(),
                replaced: Vec::new(),
                endpoints: Vec::new(),
                keys: Vec::new(),
                sharding: None,
                shard: 0,
            };
            assert!(SCHEMA.bring_up(&store).is_ok());
            let mut press = Self { store, snapshot };
            press.publish(&document, 0);
            press
        }

        /// Publishes, and gives the versions of each form and language.
        fn publish(&mut self, document: &Value, minute: i64) -> Vec<(String, u32)> {
            let definition = SiteDefinition::parse(document).expect("a definition");
            let now = Timestamp::from_unix_millis(minute * 60_000);
            let published = publish(&self.store, &mut self.snapshot, definition, now);
            assert!(!matches!(published, Err(Failure::Fault(_))));
            let notices = self.snapshot.notices.iter();
            let of_forms = notices.filter(|notice| notice.text.form != Form::personal_key());
            let names = of_forms.map(Notice::name);
            names.map(|name| (name.id, name.version)).collect()
        }

        fn replaced(&self) -> Vec<&str> {
            let replaced = self.snapshot.replaced.iter();
            let replaced = replaced.filter(|old| old.form != Form::personal_key());
            replaced.map(|old| old.form.as_str()).collect()
        }
    }

    fn versions(one: u32, rest: u32) -> Vec<(String, u32)> {
        [
            ("demo/one/en", one),
            ("demo/one/nl", rest),
            ("demo/two/en", rest),
            ("demo/two/nl", rest),
        ]
        .map(|(id, version)| (id.to_owned(), version))
        .to_vec()
    }

    #[test]
    fn only_a_changed_word_makes_a_new_version_and_only_where_it_stands() {
        let mut press = Press::new();
        assert_eq!(press.publish(&definition("Hello"), 1), versions(1, 1));
        let mut no_word = definition("Hello");
        no_word["origins"] = json!(["https://other.example.com"]);
        no_word["mail"]["from_name"] = json!("Somebody else");
        no_word["confirm_within_hours"] = json!(24);
        assert_eq!(press.publish(&no_word, 2), versions(1, 1));
        assert_eq!(press.publish(&definition("Hello!"), 3), versions(2, 1));
        let mut everywhere = definition("Hello!");
        everywhere["controller"]["name"] = json!("Demo & Co");
        let ids = press.publish(&everywhere, 4);
        let numbers: Vec<u32> = ids.into_iter().map(|(_, version)| version).collect();
        assert_eq!(numbers, [3, 2, 2, 2]);
    }

    #[test]
    fn words_that_come_back_are_the_version_that_they_were() {
        let mut press = Press::new();
        press.publish(&definition("Hello!"), 1);
        assert_eq!(press.publish(&definition("Hello"), 2), versions(1, 1));
        assert_eq!(press.publish(&definition("Hello?"), 3), versions(3, 1));
    }

    #[test]
    fn what_was_replaced_is_remembered_for_as_long_as_an_answer_may_arrive() {
        let mut press = Press::new();
        press.publish(&definition("Hello!"), 1);
        press.publish(&definition("Hello?"), 5);
        assert_eq!(press.replaced(), ["one", "one"]);
        let moments: Vec<_> = press.snapshot.replaced.iter().collect();
        let minutes = |at: Timestamp| at.unix_millis() / 60_000;
        assert_eq!(
            (
                minutes(moments[0].published_at),
                minutes(moments[0].replaced_at)
            ),
            (1, 5)
        );
        // Ten minutes of grace, and three days in a browser that cannot reach us.
        let three_days = 3 * 24 * 60;
        press.publish(&definition("Hello?"), three_days + 11);
        assert_eq!(press.replaced(), ["one"]);
        press.publish(&definition("Hello?"), three_days + 15);
        assert_eq!(press.replaced(), [""; 0]);
    }
}
