//! The site of the simulation, in its versions: words change, the form grows and shrinks, endpoints come and go.

use std::collections::{BTreeMap, BTreeSet};

use sayso_shared::{
    definition::SiteDefinition,
    endpoint::Endpoint,
    key::EndpointKey,
    notice::{Notice, NoticeText},
    snapshot::Snapshot,
};
use serde_json::json;

use super::{
    super::fixture::{self, ORIGIN, at},
    model::{CLIENT_DAYS, CONFIRMED_BY_MAIL, RETENTION_DAYS, VALID_FOR_DAYS},
    outside::Crm,
};

/// What the operator has published.
#[derive(Clone, Debug)]
pub(super) struct Published {
    pub(super) revision: u64,
    pub(super) look: Look,
    pub(super) endpoints: BTreeSet<String>,
}

/// What a visitor sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Look {
    pub(super) words: u32,
    pub(super) wide: bool,
}

/// The definitions, made once each.
#[derive(Default)]
pub(super) struct Press {
    printed: BTreeMap<Look, (SiteDefinition, Notice)>,
}

impl Look {
    /// The purposes that the form asks.
    pub(super) fn purposes(self) -> &'static [&'static str] {
        if self.wide {
            &["EVENTS", "HELP", "NEWS", "STORE"]
        } else {
            &["NEWS", "STORE"]
        }
    }
}

impl Press {
    pub(super) fn notice_hash(&mut self, look: Look) -> String {
        self.print(look).1.hash.clone()
    }

    pub(super) fn snapshot(
        &mut self,
        published: &Published,
        crms: &BTreeMap<String, Crm>,
    ) -> Snapshot {
        let (definition, notice) = self.print(published.look).clone();
        let endpoints = published.endpoints.iter().map(|name| Endpoint {
            key: EndpointKey::parse(name).expect("a name"),
            url: "https://crm.example.com/".to_owned(),
            types: crms[name].types.clone(),
            ..fixture::endpoint()
        });
        Snapshot {
            revision: published.revision,
            definition,
            notices: vec![notice],
            endpoints: endpoints.collect(),
            ..fixture::snapshot()
        }
    }

    fn print(&mut self, look: Look) -> &(SiteDefinition, Notice) {
        self.printed.entry(look).or_insert_with(|| {
            let purposes: Vec<_> = RETENTION_DAYS.iter().map(|(key, days)| json!({
                "key": key, "retention_days": days, "title": {"en": key}, "text": {"en": format!("Version {}", look.words)}, "legal_basis": "consent",
                "channels": ["email"], "double_opt_in": CONFIRMED_BY_MAIL.contains(key),
                "valid_for_days": VALID_FOR_DAYS.iter().find(|(purpose, _)| purpose == key).map(|(_, days)| days)
            })).collect();
            let definition = SiteDefinition::parse(&json!({
                "name": "Demo",
                "controller": {"name": "Demo", "privacy_url": "https://example.com/privacy", "contact": "privacy@example.com"},
                "default_language": "en", "languages": ["en"], "origins": [ORIGIN],
                "mail": {"from": "post@example.com", "from_name": "Demo"},
                "purposes": purposes, "client_days": CLIENT_DAYS,
                "forms": [{"key": "form", "source": "web_form", "purposes": look.purposes(), "intro": {"en": "Hello"}}]
            }))
            .expect("a definition");
            let text = NoticeText::of(&fixture::snapshot().site, &definition, &definition.forms[0], &definition.default_language)
                .expect("its words");
            let version = look.words * 2 + u32::from(look.wide) + 1;
            let notice = Notice { version, hash: text.hash(), published_at: at(0), text };
            (definition, notice)
        })
    }
}
