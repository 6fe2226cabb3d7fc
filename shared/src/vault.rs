//! The vault: how personal data and secrets are stored, and how a person is found without storing who it is.
//!
//! Every subject has a key of its own, wrapped by the key that only the Worker secret `SAYSO_KEK` yields. Erasing a
//! person is deleting that key. AES-256-GCM with a random 96-bit nonce, written before the ciphertext; the additional data
//! bind each ciphertext to its place, so that it cannot be moved to another row.

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use thiserror::Error;
use uuid::Uuid;

use crate::{canonical::base64url, email::EmailAddress, key::SiteKey};

/// Bytes of a nonce.
pub const NONCE: usize = 12;

/// What the key-encryption key opens.
pub struct Vault {
    name: String,
    former: Option<Box<Vault>>,
    lookup: [u8; 32],
    wrapping: SealingKey,
    secrets: SealingKey,
    tokens: [u8; 32],
}

/// A key that seals and opens. It shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey([u8; 32]);

impl Vault {
    /// Derives the keys of the vault from the key-encryption key (HKDF-SHA256, RFC 5869).
    ///
    /// # Panics
    /// Never: 32 bytes is a length that HKDF-SHA256 can give.
    #[must_use]
    pub fn open(kek: &[u8; 32]) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(b"sayso/vault/1"), kek);
        let derive = |purpose: &[u8]| {
            let mut key = [0; 32];
            hkdf.expand(purpose, &mut key)
                .expect("32 bytes is a length that HKDF-SHA256 can give");
            key
        };
        Self {
            name: base64url(&derive(b"name")[..8]),
            former: None,
            lookup: derive(b"lookup"),
            wrapping: SealingKey(derive(b"wrapping")),
            secrets: SealingKey(derive(b"secrets")),
            tokens: derive(b"tokens"),
        }
    }

    /// While a key-encryption key is being replaced: what the former one sealed opens too, and only the new one seals.
    #[must_use]
    pub fn replacing(mut self, former: Vault) -> Self {
        self.former = Some(Box::new(former));
        self
    }

    /// Whether a former key still opens.
    #[must_use]
    pub fn is_replacing(&self) -> bool {
        self.former.is_some()
    }

    /// Names the key-encryption key without telling anything of it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lookup by the former key, while there is one.
    #[must_use]
    pub fn former_lookup(&self, site: &SiteKey, email: &EmailAddress) -> Option<[u8; 32]> {
        self.former
            .as_ref()
            .map(|former| former.lookup(site, email))
    }

    /// By what a person is found: a keyed hash of site and address, worth nothing without the key.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    #[must_use]
    pub fn lookup(&self, site: &SiteKey, email: &EmailAddress) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.lookup).expect("HMAC takes a key of any length");
        mac.update(site.as_str().as_bytes());
        mac.update(b"\0");
        mac.update(email.normalised().as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Wraps a subject's key, bound to the subject.
    #[must_use]
    pub fn wrap(&self, key: &SealingKey, subject: Uuid, nonce: [u8; NONCE]) -> Vec<u8> {
        self.wrapping.seal(&key.0, subject.as_bytes(), nonce)
    }

    /// Unwraps a subject's key, also one that the former key wrapped.
    pub fn unwrap(&self, wrapped: &[u8], subject: Uuid) -> Result<SealingKey, CannotOpen> {
        let Ok(key) = self.wrapping.open(wrapped, subject.as_bytes()) else {
            return self
                .former
                .as_ref()
                .ok_or(CannotOpen)?
                .unwrap(wrapped, subject);
        };
        key.try_into().map(SealingKey).map_err(|_| CannotOpen)
    }

    /// Seals a secret of the operator's, such as a webhook secret, bound to its place.
    #[must_use]
    pub fn seal_secret(&self, secret: &[u8], place: &[u8], nonce: [u8; NONCE]) -> Vec<u8> {
        self.secrets.seal(secret, place, nonce)
    }

    /// Opens a secret of the operator's, also one that the former key sealed.
    pub fn open_secret(&self, sealed: &[u8], place: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let opened = self.secrets.open(sealed, place);
        opened.or_else(|error| {
            self.former
                .as_ref()
                .ok_or(error)?
                .open_secret(sealed, place)
        })
    }

    /// A secret of the operator's sealed anew, if it is the former key that sealed it.
    #[must_use]
    pub fn reseal_secret(
        &self,
        sealed: &[u8],
        place: &[u8],
        nonce: [u8; NONCE],
    ) -> Option<Vec<u8>> {
        let secret = self.former.as_ref()?.open_secret(sealed, place).ok()?;
        Some(self.seal_secret(&secret, place, nonce))
    }

    /// Signs a token that a page carries and brings back.
    #[must_use]
    pub fn sign_token(&self, content: &[u8]) -> [u8; 32] {
        self.token_mac(content).finalize().into_bytes().into()
    }

    /// Whether this vault signed the token, or the former one did. It takes the same time for every wrong signature.
    #[must_use]
    pub fn has_signed_token(&self, content: &[u8], signature: &[u8]) -> bool {
        let is_ours = self.token_mac(content).verify_slice(signature).is_ok();
        let former = self.former.as_ref();
        is_ours || former.is_some_and(|former| former.has_signed_token(content, signature))
    }

    fn token_mac(&self, content: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.tokens).expect("HMAC takes a key of any length");
        mac.update(content);
        mac
    }
}

impl SealingKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// Seals `plain`, bound to `place`; the nonce must never be used twice with this key, so let it be random.
    ///
    /// # Panics
    /// Never: AES-GCM refuses only what is longer than 64 GiB.
    #[must_use]
    pub fn seal(&self, plain: &[u8], place: &[u8], nonce: [u8; NONCE]) -> Vec<u8> {
        let payload = Payload {
            msg: plain,
            aad: place,
        };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("far below the limit of AES-GCM");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, sealed: &[u8], place: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE>().ok_or(CannotOpen)?;
        let payload = Payload {
            msg: ciphertext,
            aad: place,
        };
        self.cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| CannotOpen)
    }

    /// By what something is recognised as the same again while this key is there: a keyed hash, so that once the key is deleted nobody
    /// can try out what it was made from.
    ///
    /// # Panics
    /// Never: 32 bytes is a length that HKDF-SHA256 can give, and HMAC takes a key of any length.
    #[must_use]
    pub fn fingerprint(&self, of: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"sayso/fingerprint/1"), &self.0)
            .expand(b"fingerprint", &mut key)
            .expect("32 bytes is a length that HKDF-SHA256 can give");
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key)
            .expect("HMAC takes a key of any length");
        mac.update(of);
        mac.finalize().into_bytes().into()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.0.into())
    }
}

/// The key, the place or the bytes are not those of the sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("sealed under another key, for another place, or damaged")]
pub struct CannotOpen;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).expect("an address")
    }

    #[test]
    fn a_person_is_found_by_any_spelling_and_only_in_the_same_site() {
        let (vault, other) = (Vault::open(&[1; 32]), Vault::open(&[2; 32]));
        let demo = SiteKey::parse("demo").expect("a site");
        let shop = SiteKey::parse("shop").expect("a site");
        let found = vault.lookup(&demo, &address("Jan@example.com"));
        assert_eq!(found, vault.lookup(&demo, &address("jan@EXAMPLE.com")));
        assert_ne!(found, vault.lookup(&shop, &address("jan@example.com")));
        assert_ne!(found, vault.lookup(&demo, &address("jam@example.com")));
        assert_ne!(found, other.lookup(&demo, &address("jan@example.com")));
    }

    #[test]
    fn a_key_unwraps_only_for_its_own_subject() {
        let vault = Vault::open(&[1; 32]);
        let key = SealingKey::new([7; 32]);
        let wrapped = vault.wrap(&key, Uuid::from_u128(1), [0; NONCE]);
        assert!(
            vault
                .unwrap(&wrapped, Uuid::from_u128(1))
                .is_ok_and(|unwrapped| unwrapped == key)
        );
        assert!(vault.unwrap(&wrapped, Uuid::from_u128(2)).is_err());
        assert!(
            Vault::open(&[2; 32])
                .unwrap(&wrapped, Uuid::from_u128(1))
                .is_err()
        );
    }

    #[test]
    fn while_a_key_is_replaced_both_open_and_the_new_one_seals() {
        let (former, new) = (Vault::open(&[1; 32]), Vault::open(&[2; 32]));
        let subject = Uuid::from_u128(1);
        let wrapped = former.wrap(&SealingKey::new([7; 32]), subject, [0; NONCE]);
        let sealed = former.seal_secret(b"whsec", b"place", [0; NONCE]);
        assert!(new.unwrap(&wrapped, subject).is_err());

        let replacing = Vault::open(&[2; 32]).replacing(former);
        let key = replacing
            .unwrap(&wrapped, subject)
            .expect("the former key opens");
        let wrapped = replacing.wrap(&key, subject, [1; NONCE]);
        assert!(
            new.unwrap(&wrapped, subject).is_ok(),
            "wrapped by the new key"
        );
        let sealed = replacing
            .reseal_secret(&sealed, b"place", [1; NONCE])
            .expect("it was the former's");
        assert_eq!(
            new.open_secret(&sealed, b"place").as_deref(),
            Ok(b"whsec".as_slice())
        );
        assert_eq!(
            replacing.reseal_secret(&sealed, b"place", [2; NONCE]),
            None,
            "it is the new one's already"
        );
        assert_ne!(new.name(), Vault::open(&[1; 32]).name());
    }

    #[test]
    fn a_fingerprint_is_the_same_under_the_same_key_alone() {
        let (key, other) = (SealingKey::new([7; 32]), SealingKey::new([8; 32]));
        assert_eq!(key.fingerprint(b"jan"), key.fingerprint(b"jan"));
        assert_ne!(key.fingerprint(b"jan"), key.fingerprint(b"eva"));
        assert_ne!(key.fingerprint(b"jan"), other.fingerprint(b"jan"));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_what_is_touched_does_not(
            plain: Vec<u8>, place: Vec<u8>, key: [u8; 32], nonce: [u8; NONCE], at: prop::sample::Index, bit in 0_u8..8,
        ) {
            let key = SealingKey::new(key);
            let mut sealed = key.seal(&plain, &place, nonce);
            prop_assert_eq!(key.open(&sealed, &place), Ok(plain));
            let at = at.index(sealed.len());
            sealed[at] ^= 1_u8 << bit;
            prop_assert_eq!(key.open(&sealed, &place), Err(CannotOpen));
        }
    }
}
