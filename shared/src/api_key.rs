//! API keys of a site: `sk_SITE_SECRET`, shown once; only the hash is stored.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::{
    canonical::{base64url, base64url_32, sha256},
    key::{ApiKeyName, SiteKey},
    time::Timestamp,
};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    /// Pull events
    #[serde(rename = "events:read")]
    EventsRead,
    /// Look up people
    #[serde(rename = "subjects:read")]
    SubjectsRead,
    /// Record and erase
    #[serde(rename = "subjects:write")]
    SubjectsWrite,
    /// Define the site
    #[serde(rename = "site:admin")]
    SiteAdmin,
}

impl Scope {
    /// As the wire names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventsRead => "events:read",
            Self::SubjectsRead => "subjects:read",
            Self::SubjectsWrite => "subjects:write",
            Self::SiteAdmin => "site:admin",
        }
    }
}

/// A key as its holder has it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    site: SiteKey,
    secret: [u8; 32],
}

/// A key as the site keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptKey {
    /// What the operator calls it
    pub name: ApiKeyName,
    /// What it may do
    pub scopes: Vec<Scope>,
    /// Base64url of the SHA-256 of its text
    pub digest: String,
    /// When it was made; of the first ones it is not known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

impl ApiKey {
    /// A new one from random bytes.
    #[must_use]
    pub fn mint(site: SiteKey, random: [u8; 32]) -> Self {
        Self {
            site,
            secret: random,
        }
    }

    /// Reads a key; `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (site, secret) = text.strip_prefix("sk_")?.split_once('_')?;
        Some(Self {
            site: SiteKey::parse(site).ok()?,
            secret: base64url_32(secret)?,
        })
    }

    /// The site whose key it says to be.
    #[must_use]
    pub fn site(&self) -> &SiteKey {
        &self.site
    }

    /// As it is shown, once.
    #[must_use]
    pub fn exposed(&self) -> String {
        format!("sk_{}_{}", self.site, base64url(&self.secret))
    }

    /// As it is kept.
    #[must_use]
    pub fn digest(&self) -> String {
        base64url(&sha256(self.exposed().as_bytes()))
    }

    /// The kept key that this is, found in a time that tells nothing of how near a guess was.
    #[must_use]
    pub fn among<'a>(&self, kept: &'a [KeptKey]) -> Option<&'a KeptKey> {
        let digest = self.digest();
        kept.iter()
            .find(|key| bool::from(key.digest.as_bytes().ct_eq(digest.as_bytes())))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sk_{}_…", self.site)
    }
}

/// The moment of use that is noted: the beginning of the hour, so that thousands of requests note it once.
#[must_use]
pub fn used_in(now: Timestamp) -> Timestamp {
    const HOUR: i64 = 3_600_000;
    let millis = now.unix_millis();
    Timestamp::from_unix_millis(millis - millis.rem_euclid(HOUR))
}

/// Whether two secrets are the same, in a time that tells nothing of how near a guess was.
#[must_use]
pub fn same_secret(ours: &str, theirs: &str) -> bool {
    sha256(ours.as_bytes())
        .ct_eq(&sha256(theirs.as_bytes()))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_among_those_kept_by_itself_alone() {
        let site = SiteKey::parse("demo").expect("a site");
        let key = ApiKey::mint(site.clone(), [1; 32]);
        let kept = [KeptKey {
            name: ApiKeyName::parse("crm").expect("a name"),
            scopes: vec![Scope::EventsRead],
            digest: key.digest(),
            created_at: None,
        }];
        let read = ApiKey::parse(&key.exposed()).expect("a key");
        assert_eq!(read.among(&kept), Some(&kept[0]));
        assert_eq!(ApiKey::mint(site, [2; 32]).among(&kept), None);
        let elsewhere = ApiKey::mint(SiteKey::parse("shop").expect("a site"), [1; 32]);
        assert_eq!(elsewhere.among(&kept), None);
    }

    #[test]
    fn scopes_are_written_as_they_are_named() {
        for scope in [
            Scope::EventsRead,
            Scope::SubjectsRead,
            Scope::SubjectsWrite,
            Scope::SiteAdmin,
        ] {
            assert_eq!(serde_json::to_value(scope).expect("JSON"), scope.as_str());
        }
    }
}
