//! Shards: into how many ledgers the record of a site is split, and which of them a person belongs to.
//!
//! The number is fixed when the site is made, and so is the secret by which people are spread. It is not derived from the
//! key-encryption key, only sealed by it: replacing that key moves nobody. A site of one shard has no secret.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::{
    email::EmailAddress,
    id::shard_mark,
    key::SiteKey,
    vault::{CannotOpen, NONCE, Vault},
};

/// How a site is split, for whoever has to find a person. It shows nothing of its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Sharding(Option<Many>);

#[derive(Clone, PartialEq, Eq)]
struct Many {
    shards: u16,
    secret: [u8; 32],
}

/// How a site of several shards is split, as it is kept and handed around: the secret is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSharding {
    /// How many shards
    pub shards: u16,
    /// The secret, sealed by the vault for the site
    pub sealed_secret: Vec<u8>,
}

impl Sharding {
    /// Not split: everybody belongs to shard 0.
    pub const ONE: Self = Self(None);

    /// Split into so many by this secret of 32 random bytes; into one, there is nothing to spread and the secret is not kept.
    #[must_use]
    pub fn new(shards: u16, secret: [u8; 32]) -> Self {
        Self((shards > 1).then_some(Many { shards, secret }))
    }

    /// How many shards there are; they are numbered from 0.
    #[must_use]
    pub fn shards(&self) -> u16 {
        self.0.as_ref().map_or(1, |many| many.shards)
    }

    /// The shard that everything about this address is in: the same for all its spellings, for ever.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    #[must_use]
    pub fn of_address(&self, email: &EmailAddress) -> u16 {
        let Some(Many { shards, secret }) = &self.0 else {
            return 0;
        };
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
        mac.update(email.normalised().as_bytes());
        let [a, b, c, d, ..]: [u8; 32] = mac.finalize().into_bytes().into();
        // Of 2^32 and at most 64, what the remainder favours is less than one in 60 million.
        let remainder = u32::from_be_bytes([a, b, c, d]) % u32::from(*shards);
        u16::try_from(remainder).unwrap_or_default()
    }

    /// The shard that made this person's id.
    #[must_use]
    pub fn of_subject(&self, id: Uuid) -> u16 {
        shard_mark(id) % self.shards()
    }
}

impl SealedSharding {
    /// Seals how a site is split; nothing for a site of one shard.
    #[must_use]
    pub fn of(
        sharding: &Sharding,
        site: &SiteKey,
        vault: &Vault,
        nonce: [u8; NONCE],
    ) -> Option<Self> {
        let many = sharding.0.as_ref()?;
        Some(Self {
            shards: many.shards,
            sealed_secret: vault.seal_secret(&many.secret, &place(site), nonce),
        })
    }

    /// Opens it, also while the key-encryption key is being replaced.
    pub fn open(&self, site: &SiteKey, vault: &Vault) -> Result<Sharding, CannotOpen> {
        let secret = vault.open_secret(&self.sealed_secret, &place(site))?;
        Ok(Sharding::new(
            self.shards,
            secret.try_into().map_err(|_| CannotOpen)?,
        ))
    }

    /// Seals the same secret anew, if the former key-encryption key sealed it; says whether it did.
    pub fn reseal(&mut self, site: &SiteKey, vault: &Vault, nonce: [u8; NONCE]) -> bool {
        let resealed = vault.reseal_secret(&self.sealed_secret, &place(site), nonce);
        let was_former = resealed.is_some();
        self.sealed_secret = resealed.unwrap_or_else(|| std::mem::take(&mut self.sealed_secret));
        was_former
    }
}

/// To what the sealed secret is bound.
fn place(site: &SiteKey) -> Vec<u8> {
    format!("sharding/{site}").into_bytes()
}

/// How many shards whoever waits for news of a site asks itself, and how many each of those asks in turn: Cloudflare lets an invocation
/// have six connections open.
const WATCHED: [u16; 2] = [6, 5];

/// The shards that whoever waits for news of the whole site asks; they ask those [`below`] them.
#[must_use]
pub fn watched(shards: u16) -> std::ops::Range<u16> {
    0..shards.min(WATCHED[0])
}

/// The shards that this one asks for whoever waits for news of the whole site.
#[must_use]
pub fn below(shard: u16, shards: u16) -> std::ops::Range<u16> {
    let first = WATCHED[0].saturating_add(shard.saturating_mul(WATCHED[1]));
    first.min(shards)..first.saturating_add(WATCHED[1]).min(shards)
}

#[cfg(test)]
mod tests {
    #[test]
    fn whoever_waits_for_a_site_has_each_shard_asked_once_and_by_few() {
        for shards in 1..=crate::id::MOST_SHARDS {
            let mut asked: Vec<u16> = super::watched(shards).collect();
            assert!(asked.len() <= 6);
            for shard in 0..shards {
                let below = super::below(shard, shards);
                assert!(below.len() <= 5);
                asked.extend(below);
            }
            asked.sort_unstable();
            assert_eq!(asked, (0..shards).collect::<Vec<_>>());
        }
    }

    use proptest::prelude::*;

    use super::*;
    use crate::{
        id::{MOST_SHARDS, uuid_v7_marked},
        time::Timestamp,
    };

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).expect("an address")
    }

    fn site() -> SiteKey {
        SiteKey::parse("demo").expect("a site")
    }

    #[test]
    fn people_are_spread_evenly_and_otherwise_by_another_secret() {
        for shards in [2, 3, 16, 64] {
            let (one, other) = (
                Sharding::new(shards, [1; 32]),
                Sharding::new(shards, [2; 32]),
            );
            let each = 400_u32;
            let people = each * u32::from(shards);
            let mut counts = vec![0_u32; usize::from(shards)];
            let mut alike = 0;
            for nth in 0..people {
                let email = address(&format!("person-{nth}@example.com"));
                counts[usize::from(one.of_address(&email))] += 1;
                alike += u32::from(one.of_address(&email) == other.of_address(&email));
            }
            // Five standard deviations of a fair spread: the addresses are fixed, so this is no matter of luck.
            let (least, most) = (counts.iter().min(), counts.iter().max());
            assert!(
                least > Some(&300) && most < Some(&500),
                "{shards}: {counts:?}"
            );
            assert!(alike < people * 2 / u32::from(shards), "{shards}: {alike}");
        }
    }

    #[test]
    fn replacing_the_key_encryption_key_moves_nobody() {
        let (former, new) = (Vault::open(&[1; 32]), Vault::open(&[2; 32]));
        let sharding = Sharding::new(16, [7; 32]);
        let mut sealed =
            SealedSharding::of(&sharding, &site(), &former, [0; NONCE]).expect("several shards");
        assert!(sealed.open(&site(), &new).is_err());
        let replacing = Vault::open(&[2; 32]).replacing(former);
        assert!(sealed.open(&site(), &replacing) == Ok(sharding.clone()));
        assert!(sealed.reseal(&site(), &replacing, [1; NONCE]));
        assert!(
            !sealed.reseal(&site(), &replacing, [2; NONCE]),
            "it is done"
        );
        assert!(sealed.open(&site(), &new) == Ok(sharding));
        let shop = SiteKey::parse("shop").expect("a site");
        assert!(sealed.open(&shop, &new).is_err(), "another site's");
    }

    #[test]
    fn a_site_of_one_shard_keeps_no_secret() {
        let sharding = Sharding::new(1, [7; 32]);
        assert!(sharding == Sharding::ONE);
        assert!(
            SealedSharding::of(&sharding, &site(), &Vault::open(&[1; 32]), [0; NONCE]).is_none()
        );
    }

    proptest! {
        #[test]
        fn a_person_has_one_shard_by_every_spelling_and_by_id(
            local in "[a-zA-Z0-9]{1,12}", shards in 1..=MOST_SHARDS, secret: [u8; 32], random: [u8; 10], millis in 0_i64..1 << 47,
        ) {
            let sharding = Sharding::new(shards, secret);
            let shard = sharding.of_address(&address(&format!("{local}@example.com")));
            prop_assert!(shard < shards);
            let loud = address(&format!(" {}@EXAMPLE.com ", local.to_uppercase()));
            prop_assert_eq!(sharding.of_address(&loud), shard);
            let now = Timestamp::from_unix_millis(millis);
            let id = uuid_v7_marked(shard, now, random);
            prop_assert_eq!(sharding.of_subject(id), shard);
            prop_assert_eq!(id.get_version_num(), 7);
        }
    }
}
