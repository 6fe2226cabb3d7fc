//! Signatures that last: JWS compact (RFC 7515) with Ed25519 (RFC 8037), keys named by thumbprint (RFC 7638).
//!
//! Nothing in a token says how it is verified: the algorithms are a fixed list and the key comes from the caller. We sign with
//! `EdDSA`, which every JOSE library knows today, and verify its new name `Ed25519` (RFC 9864) too.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey as Ed25519, VerifyingKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{base64url, base64url_32, canonical_json, sha256};

/// A key that signs, and its name.
pub struct SigningKey {
    ed25519: Ed25519,
    kid: String,
}

/// A public key as JWKS publishes it (RFC 7517, RFC 8037 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwk {
    /// `OKP`
    pub kty: String,
    /// `Ed25519`
    pub crv: String,
    /// The public key, base64url
    pub x: String,
    /// RFC 7638 thumbprint
    pub kid: String,
    /// `EdDSA`
    pub alg: String,
    /// `sig`
    #[serde(rename = "use")]
    pub usage: String,
}

/// The published keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwks {
    /// Every key that ever signed
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// Of a public key; `None` when the bytes are no key, or one that anybody can sign for.
    #[must_use]
    pub fn of(public: &[u8; 32]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(public).ok()?;
        (!key.is_weak()).then(|| Self::of_key(&key))
    }

    fn of_key(key: &VerifyingKey) -> Self {
        let x = base64url(key.as_bytes());
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            kid: thumbprint(&x),
            x,
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
        }
    }
}

impl Jwks {
    /// The key that signs, and those that did before it; each once.
    #[must_use]
    pub fn of(active: Jwk, retired: &[Jwk]) -> Self {
        let mut keys = vec![active];
        for key in retired {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        Self { keys }
    }
}

/// Reads the public keys that signed once: each 32 bytes of base64url, with blanks between them. `None` when one is no key.
#[must_use]
pub fn retired_keys(text: &str) -> Option<Vec<Jwk>> {
    text.split_whitespace()
        .map(|key| Jwk::of(&base64url_32(key)?))
        .collect()
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
}

impl SigningKey {
    /// From the 32 bytes of an Ed25519 seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let ed25519 = Ed25519::from_bytes(seed);
        let kid = thumbprint(&base64url(ed25519.verifying_key().as_bytes()));
        Self { ed25519, kid }
    }

    /// The public half.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        Jwk::of_key(&self.ed25519.verifying_key())
    }

    /// Signs a payload as a compact JWS of this type.
    #[must_use]
    pub fn sign(&self, typ: &str, payload: &[u8]) -> String {
        let header = Header {
            alg: "EdDSA".to_owned(),
            typ: Some(typ.to_owned()),
            kid: Some(self.kid.clone()),
        };
        self.compact(&canonical_json(&header), payload)
    }

    fn compact(&self, header: &str, payload: &[u8]) -> String {
        let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(payload));
        let signature = self.ed25519.sign(signed.as_bytes());
        format!("{signed}.{}", base64url(&signature.to_bytes()))
    }
}

/// The payload of a compact JWS, if one of `keys` signed it and it is of type `typ` (`None`: it must have no type).
pub fn verify(compact: &str, typ: Option<&str>, keys: &[Jwk]) -> Result<Vec<u8>, JwsError> {
    let decode = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| JwsError::NotCompact)
    };
    let (signed, signature) = compact.rsplit_once('.').ok_or(JwsError::NotCompact)?;
    let (header, payload) = signed.split_once('.').ok_or(JwsError::NotCompact)?;
    let header: Header =
        serde_json::from_slice(&decode(header)?).map_err(|_| JwsError::NotCompact)?;
    if !matches!(header.alg.as_str(), "EdDSA" | "Ed25519") {
        return Err(JwsError::OtherAlgorithm);
    }
    if header.typ.as_deref() != typ {
        return Err(JwsError::OtherType);
    }
    let signature =
        Signature::from_slice(&decode(signature)?).map_err(|_| JwsError::WrongSignature)?;
    let named = |key: &&Jwk| header.kid.as_ref().is_none_or(|kid| *kid == key.kid);
    let key = keys.iter().find(named).ok_or(JwsError::UnknownKey)?;
    let key = base64url_32(&key.x)
        .and_then(|x| VerifyingKey::from_bytes(&x).ok())
        .ok_or(JwsError::UnknownKey)?;
    key.verify_strict(signed.as_bytes(), &signature)
        .map_err(|_| JwsError::WrongSignature)?;
    decode(payload)
}

/// The payload of a compact JWS, whoever signed it: only for what comes from our own storage.
#[must_use]
pub fn unverified(compact: &str) -> Option<Vec<u8>> {
    let payload = compact.split('.').nth(1)?;
    URL_SAFE_NO_PAD.decode(payload).ok()
}

/// RFC 7638, section 3, for an Ed25519 key: the required members in the order of their names (RFC 8037 appendix A.3).
fn thumbprint(x: &str) -> String {
    base64url(&sha256(
        format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes(),
    ))
}

/// Why a JWS does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JwsError {
    /// It has not three parts of base64url, or no header
    #[error("not a compact JWS")]
    NotCompact,
    /// Its `alg` is not on the list
    #[error("signed with an algorithm that is not on the list")]
    OtherAlgorithm,
    /// Its `typ` is another
    #[error("a statement of another type")]
    OtherType,
    /// Its `kid` names no key that is published
    #[error("signed with a key that is not published")]
    UnknownKey,
    /// The signature is not that of the key over these bytes
    #[error("the signature is wrong")]
    WrongSignature,
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8037 appendix A
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const PAYLOAD: &[u8] = b"Example of Ed25519 signing";

    fn key() -> SigningKey {
        SigningKey::from_seed(&base64url_32(D).expect("32 bytes"))
    }

    #[test]
    fn the_key_of_rfc_8037_has_its_public_half_and_its_name() {
        assert_eq!(key().jwk().x, X);
        assert_eq!(
            key().jwk().kid,
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn the_example_of_rfc_8037_a4_is_signed_and_verified() {
        let compact = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(key().compact(r#"{"alg":"EdDSA"}"#, PAYLOAD), compact);
        assert_eq!(
            verify(compact, None, &[key().jwk()]).as_deref(),
            Ok(PAYLOAD)
        );
    }

    #[test]
    fn the_name_of_rfc_9864_is_verified_too() {
        let compact = "eyJhbGciOiJFZDI1NTE5In0.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.UxhIYLHGg39NVCLpQAVD_UcfOmnGSCzLFZoXYkLiIbFccmOb_qObsgjzLKsfJw-4NlccUgvYrEHrRbNV0HcZAQ";
        assert_eq!(
            verify(compact, None, &[key().jwk()]).as_deref(),
            Ok(PAYLOAD)
        );
    }

    #[test]
    fn retired_keys_are_read_all_or_none() {
        let other = SigningKey::from_seed(&[9; 32]).jwk();
        let text = format!(" {X}\n{} ", other.x);
        assert_eq!(retired_keys(&text), Some(vec![key().jwk(), other.clone()]));
        assert_eq!(retired_keys(""), Some(Vec::new()));
        // Too short, none, and the neutral point, for which anybody can sign.
        let neutral = base64url(&[[1].as_slice(), &[0; 31]].concat());
        for wrong in ["c2hvcnQ", "***", neutral.as_str()] {
            assert_eq!(retired_keys(&format!("{X} {wrong}")), None, "{wrong}");
        }
        let keys = Jwks::of(key().jwk(), &[other.clone(), key().jwk()]).keys;
        assert_eq!(keys, [key().jwk(), other]);
    }

    #[test]
    fn each_way_to_forge_is_refused() {
        let (ours, other) = (key(), SigningKey::from_seed(&[9; 32]));
        let good = ours.sign("consent-receipt+jwt", PAYLOAD);
        let keys = [ours.jwk(), other.jwk()];
        let verified = |compact: &str, typ| verify(compact, Some(typ), &keys);
        assert_eq!(
            verified(&good, "consent-receipt+jwt").as_deref(),
            Ok(PAYLOAD)
        );
        assert_eq!(verified(&good, "JWT"), Err(JwsError::OtherType));
        assert_eq!(verify(&good, None, &keys), Err(JwsError::OtherType));
        assert_eq!(
            verify(&good, Some("consent-receipt+jwt"), &[other.jwk()]),
            Err(JwsError::UnknownKey)
        );
        assert_eq!(verified("", "JWT"), Err(JwsError::NotCompact));
        assert_eq!(verified("a.b", "JWT"), Err(JwsError::NotCompact));

        let (signed, signature) = good.rsplit_once('.').expect("three parts");
        let (header, _) = signed.split_once('.').expect("three parts");
        let other_payload = format!("{header}.{}.{signature}", base64url(b"I never said so"));
        assert_eq!(
            verified(&other_payload, "consent-receipt+jwt"),
            Err(JwsError::WrongSignature)
        );
        let unsigned = format!(
            "{}.{}.",
            base64url(br#"{"alg":"none","typ":"JWT"}"#),
            base64url(PAYLOAD)
        );
        assert_eq!(verified(&unsigned, "JWT"), Err(JwsError::OtherAlgorithm));
    }
}
