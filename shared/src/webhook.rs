//! Standard Webhooks 1.0.0: how a delivery is signed, so that the CRM knows that it is from us and from now.
//!
//! Signed is `ID.TIMESTAMP.BODY`. `v1` is HMAC-SHA256 with a shared secret, `v1a` is Ed25519.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use thiserror::Error;

use crate::time::Timestamp;

/// A shared secret, `whsec_` and base64 of 24 to 64 bytes. It shows nothing of itself; see [`WebhookSecret::exposed`].
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// From random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(random.to_vec())
    }

    /// Reads the text form; the prefix is required, so that nobody pastes another kind of key.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let base64 = text.strip_prefix("whsec_").ok_or(SecretError)?;
        let bytes = STANDARD.decode(base64).map_err(|_| SecretError)?;
        if (24..=64).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(SecretError)
        }
    }

    /// The text form, to be shown once and to be stored sealed.
    #[must_use]
    pub fn exposed(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }

    /// The value of `webhook-signature` for one attempt.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    #[must_use]
    pub fn sign(&self, id: &str, attempt_at: Timestamp, body: &[u8]) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(&signed_content(id, attempt_at, body));
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

/// All that signs for an endpoint: what signs now, and while it is being replaced what did before.
#[derive(Debug, Default)]
pub struct Signers {
    /// Those of `v1`
    pub secrets: Vec<WebhookSecret>,
    /// Those of `v1a`, where that was asked for
    pub seeds: Vec<WebhookSeed>,
}

/// The seed of an Ed25519 key that signs `v1a`. It shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSeed(pub [u8; 32]);

impl Signers {
    /// The value of `webhook-signature` for one attempt: each signature, with a blank between them.
    #[must_use]
    pub fn sign(&self, id: &str, attempt_at: Timestamp, body: &[u8]) -> String {
        let secrets = self.secrets.iter();
        let v1 = secrets.map(|secret| secret.sign(id, attempt_at, body));
        let seeds = self.seeds.iter();
        let v1a = seeds.map(|seed| sign_v1a(&seed.0, id, attempt_at, body));
        v1.chain(v1a).collect::<Vec<_>>().join(" ")
    }
}

impl WebhookSeed {
    /// The public key in its text form, `whpk_` and base64, for whoever verifies.
    #[must_use]
    pub fn public_key(&self) -> String {
        let key = SigningKey::from_bytes(&self.0).verifying_key();
        format!("whpk_{}", STANDARD.encode(key.as_bytes()))
    }
}

impl fmt::Debug for WebhookSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsk_…")
    }
}

/// The `v1a` signature of one attempt by an Ed25519 seed.
#[must_use]
pub fn sign_v1a(seed: &[u8; 32], id: &str, attempt_at: Timestamp, body: &[u8]) -> String {
    let signature = SigningKey::from_bytes(seed).sign(&signed_content(id, attempt_at, body));
    format!("v1a,{}", STANDARD.encode(signature.to_bytes()))
}

fn signed_content(id: &str, attempt_at: Timestamp, body: &[u8]) -> Vec<u8> {
    let mut content = format!("{id}.{}.", attempt_at.unix_seconds()).into_bytes();
    content.extend_from_slice(body);
    content
}

/// The text is not a webhook secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be \"whsec_\" and base64 of 24 to 64 bytes; leave it out to have one made")]
pub struct SecretError;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1000)
    }

    #[test]
    fn the_published_examples_are_signed_alike() {
        for (secret, id, seconds, body, signature) in [
            // standard-webhooks/standard-webhooks: libraries/javascript/src/webhook.test.ts
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            // standard-webhooks/standard-webhooks: libraries/rust/src/lib.rs
            (
                "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
        ] {
            let secret = WebhookSecret::parse(secret).expect("a secret");
            assert_eq!(secret.sign(id, at(seconds), body.as_bytes()), signature);
        }
    }

    #[test]
    fn the_published_asymmetric_examples_are_signed_alike() {
        for (private, signature) in [
            // svix/svix-webhooks: server/svix-server/src/worker.rs, test_asymmetric_key_signing
            (
                "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
                "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
            ),
            // standard-webhooks/standard-webhooks@5fb2ce9: libraries/go/webhook_asymmetric_test.go
            (
                "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=",
                "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==",
            ),
        ] {
            let key = STANDARD.decode(private).expect("base64");
            let seed = key.first_chunk().expect("a seed of 32 bytes");
            let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
            assert_eq!(
                sign_v1a(seed, id, at(1_614_265_330), br#"{"test": 2432232314}"#),
                signature
            );
        }
    }

    #[test]
    fn each_that_signs_stands_in_the_header_and_its_own_words_verify_it() {
        let secrets = [[1; 32], [2; 32]].map(WebhookSecret::new);
        let seeds = [[3; 32], [4; 32]].map(WebhookSeed);
        let signers = Signers {
            secrets: secrets.to_vec(),
            seeds: seeds.to_vec(),
        };
        let header = signers.sign("id", at(1), b"{}");
        let signatures: Vec<&str> = header.split(' ').collect();
        let names: Vec<&str> = signatures
            .iter()
            .filter_map(|signature| Some(signature.split_once(',')?.0))
            .collect();
        assert_eq!(names, ["v1", "v1", "v1a", "v1a"]);
        assert_eq!(signatures[1], secrets[1].sign("id", at(1), b"{}"));
        let key = seeds[0].public_key();
        let key = STANDARD
            .decode(key.strip_prefix("whpk_").expect("a prefix"))
            .expect("base64");
        let key = key.first_chunk().expect("32 bytes");
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).expect("a key");
        let signature = STANDARD
            .decode(&signatures[2]["v1a,".len()..])
            .expect("base64");
        let signature = ed25519_dalek::Signature::from_slice(&signature).expect("64 bytes");
        assert!(key.verify_strict(b"id.1.{}", &signature).is_ok());
        assert_eq!(format!("{:?}", seeds[0]), "whsk_…");
    }

    #[test]
    fn only_a_webhook_secret_is_taken_for_one() {
        let short = format!("whsec_{}", STANDARD.encode([0; 23]));
        let long = format!("whsec_{}", STANDARD.encode([0; 65]));
        for wrong in [
            "",
            "whsec_",
            "whsec_%",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            &short,
            &long,
        ] {
            assert_eq!(WebhookSecret::parse(wrong), Err(SecretError), "{wrong}");
        }
        let secret = WebhookSecret::new([5; 32]);
        assert_eq!(WebhookSecret::parse(&secret.exposed()), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "whsec_…");
    }
}
