//! Endpoints: where a CRM wants its events posted, which of them, and what signs them.
//!
//! It says nothing of how delivery stands: that is the lane's ([`crate::delivery`]).

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::{
    connector::Connector,
    event::{Event, EventType},
    key::{EndpointKey, PurposeKey, SiteKey},
    time::Timestamp,
};

/// A webhook endpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// What the operator calls it
    pub key: EndpointKey,
    /// Where events are posted
    pub url: String,
    /// Which events
    #[serde(deserialize_with = "types_as_meant")]
    pub types: Vec<EventType>,
    /// Of which purposes; none for all
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<PurposeKey>,
    /// Whether it is told who it is about, beyond the id
    #[serde(default = "yes")]
    pub addresses: bool,
    /// The secret, sealed by the vault for the place [`Endpoint::secret_place`]
    pub sealed_secret: Vec<u8>,
    /// The seed that signs `v1a` where that was asked for, sealed for the same place
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_seed: Option<Vec<u8>>,
    /// What signed before, and still does beside it; the latest first. More than one where a secret was changed before the one before
    /// had ended: which of them the receiver has, nobody but the receiver knows
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "one_or_more"
    )]
    pub former: Vec<Former>,
    /// Whether the operator wants nothing sent for now
    #[serde(default)]
    pub disabled: bool,
    /// How often the operator started it again: lanes that stopped under an earlier number go on
    #[serde(default)]
    pub starts: u32,
    /// The CRM that is told in its own words instead; nothing is posted then, and nothing signs
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<Connector>,
}

/// What signed before a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// As [`Endpoint::sealed_secret`]
    pub sealed_secret: Vec<u8>,
    /// As [`Endpoint::sealed_seed`]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_seed: Option<Vec<u8>>,
    /// Until when it signs too
    pub until: Timestamp,
}

impl Endpoint {
    /// To what its sealed secrets are bound.
    #[must_use]
    pub fn secret_place(site: &SiteKey, endpoint: &EndpointKey) -> Vec<u8> {
        format!("endpoint/{site}/{endpoint}").into_bytes()
    }

    /// Whether it wants what is about this purpose. What is about none, an erasure, concerns everybody.
    #[must_use]
    pub fn wants(&self, purpose: Option<&PurposeKey>) -> bool {
        purpose.is_none_or(|purpose| self.purposes.is_empty() || self.purposes.contains(purpose))
    }

    /// An event as this endpoint gets it.
    #[must_use]
    pub fn shown(&self, event: Event) -> Event {
        if self.addresses {
            event
        } else {
            event.without_addresses()
        }
    }

    /// Everything of it that is sealed, to be sealed anew.
    pub fn sealed(&mut self) -> impl Iterator<Item = &mut Vec<u8>> {
        let former = self
            .former
            .iter_mut()
            .flat_map(|former| [Some(&mut former.sealed_secret), former.sealed_seed.as_mut()]);
        [Some(&mut self.sealed_secret), self.sealed_seed.as_mut()]
            .into_iter()
            .chain(former)
            .flatten()
    }
}

/// `endpoint.test`: what an endpoint is sent to see that it is there and wants to be sent to. It is no event: it has no number, is
/// in no page, and nothing follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndpointTest {
    /// `endpoint.test`
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was made
    pub timestamp: Timestamp,
    /// The rest
    pub data: EndpointTestData,
}

/// What a test tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndpointTestData {
    /// The `webhook-id`
    pub id: Uuid,
    /// The site
    pub site: SiteKey,
    /// What the operator calls the endpoint
    pub endpoint: EndpointKey,
}

impl EndpointTest {
    /// A test.
    #[must_use]
    pub fn new(id: Uuid, site: SiteKey, endpoint: EndpointKey, now: Timestamp) -> Self {
        Self {
            kind: "endpoint.test".to_owned(),
            timestamp: now,
            data: EndpointTestData { id, site, endpoint },
        }
    }
}

fn yes() -> bool {
    true
}

/// Before there could be several, the one former secret was kept by itself.
fn one_or_more<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<Former>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        Several(Vec<Former>),
        One(Former),
    }
    Ok(match Kept::deserialize(reader)? {
        Kept::Several(several) => several,
        Kept::One(one) => vec![one],
    })
}

fn types_as_meant<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<EventType>, D::Error> {
    Vec::deserialize(reader).map(EventType::as_meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One as it was kept before there were options.
    fn kept(types: &str) -> Endpoint {
        let endpoint = format!(
            r#"{{"key":"crm","url":"https://example.com","types":{types},"sealed_secret":[]}}"#
        );
        serde_json::from_str(&endpoint).expect("an endpoint")
    }

    #[test]
    fn an_endpoint_that_was_stored_with_the_former_usual_types_is_told_of_erasures() {
        let former = r#"["consent.given","consent.refused","consent.withdrawn","consent.expired"]"#;
        assert_eq!(kept(former).types, EventType::DEFAULT);
    }

    #[test]
    fn an_endpoint_that_chose_gets_what_it_chose() {
        let chosen = r#"["consent.given","consent.refused"]"#;
        assert_eq!(kept(chosen).types, [EventType::Given, EventType::Refused]);
    }

    #[test]
    fn an_endpoint_of_before_gets_everything_as_it_did() {
        let endpoint = kept(r#"["consent.given"]"#);
        let key = PurposeKey::parse("NEWS").expect("a purpose");
        assert!(endpoint.addresses && !endpoint.disabled && endpoint.wants(Some(&key)));
    }

    #[test]
    fn an_endpoint_of_some_purposes_is_told_of_erasures_too() {
        let key = |key| PurposeKey::parse(key).expect("a purpose");
        let endpoint = Endpoint {
            purposes: vec![key("NEWS")],
            ..kept(r#"["consent.given"]"#)
        };
        assert!(endpoint.wants(Some(&key("NEWS"))) && endpoint.wants(None));
        assert!(!endpoint.wants(Some(&key("STORE"))));
    }

    fn former() -> Former {
        Former {
            sealed_secret: vec![3],
            sealed_seed: Some(vec![4]),
            until: Timestamp::EPOCH,
        }
    }

    #[test]
    fn an_endpoint_that_was_kept_with_one_former_secret_has_it_still() {
        let former = former();
        let several = Endpoint {
            former: vec![former.clone(), former.clone()],
            ..kept(r#"["consent.given"]"#)
        };
        let mut kept = serde_json::to_value(&several).expect("JSON");
        let read = |kept: &serde_json::Value| -> Endpoint {
            serde_json::from_value(kept.clone()).expect("an endpoint")
        };
        assert_eq!(read(&kept), several);
        kept["former"] = serde_json::to_value(&former).expect("JSON");
        assert_eq!(read(&kept).former, [former]);
    }

    #[test]
    fn everything_that_is_sealed_is_found() {
        let mut endpoint = Endpoint {
            sealed_secret: vec![1],
            sealed_seed: Some(vec![2]),
            former: vec![former()],
            ..kept(r#"["consent.given"]"#)
        };
        let sealed: Vec<u8> = endpoint
            .sealed()
            .flat_map(|sealed| sealed.clone())
            .collect();
        assert_eq!(sealed, [1, 2, 3, 4]);
    }
}
