//! Tokens: what a link in a mail carries. 32 random bytes, bound to a site and a shard; only its hash is stored.

use std::fmt;

use crate::{
    canonical::{base64url, base64url_32, sha256},
    key::SiteKey,
};

/// A link's secret and where it is known, `SITE~SHARD~SECRET`: `~` needs no escape in an address and is in no name.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    site: SiteKey,
    shard: u16,
    secret: [u8; 32],
}

impl Token {
    /// A new one from random bytes.
    #[must_use]
    pub fn mint(site: SiteKey, shard: u16, random: [u8; 32]) -> Self {
        Self {
            site,
            shard,
            secret: random,
        }
    }

    /// Reads a token; `None` when it was cut off, mistyped or never one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('~');
        let (site, shard, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let token = Self {
            site: SiteKey::parse(site).ok()?,
            shard: shard.parse().ok()?,
            secret: base64url_32(secret)?,
        };
        // One spelling only: `+1`, `01` and a fourth part do not name the same token.
        (token.exposed() == text).then_some(token)
    }

    /// The site that it belongs to.
    #[must_use]
    pub fn site(&self) -> &SiteKey {
        &self.site
    }

    /// The shard that knows it.
    #[must_use]
    pub fn shard(&self) -> u16 {
        self.shard
    }

    /// As it stands in the link.
    #[must_use]
    pub fn exposed(&self) -> String {
        format!("{}~{}~{}", self.site, self.shard, base64url(&self.secret))
    }

    /// As it is stored.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.exposed().as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}~…", self.site, self.shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_a_mistyped_one_does_not() {
        let token = Token::mint(SiteKey::parse("demo").expect("a site"), 3, [200; 32]);
        let text = token.exposed();
        assert_eq!(Token::parse(&text), Some(token));
        for wrong in [
            String::new(),
            text[..text.len() - 1].to_owned(),
            format!("{text}x"),
            format!("{text}~"),
            text.replace("~3~", "~03~"),
            text.replace("~3~", "~+3~"),
            text.replace("demo", "DEMO"),
            text.replace('~', "/"),
        ] {
            assert_eq!(Token::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_stored_is_not_the_token() {
        let token = |random| Token::mint(SiteKey::parse("demo").expect("a site"), 0, random);
        assert_ne!(token([1; 32]).digest(), token([2; 32]).digest());
        assert!(!format!("{:?}", token([1; 32])).contains(&base64url(&[1; 32])));
    }
}
