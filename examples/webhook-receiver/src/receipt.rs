//! Verifies a receipt: a compact JWS by the collector, checked with a library that Sayso did not write.
//!
//! Only Ed25519 (`alg` EdDSA) and only the type `consent-receipt+jwt` are accepted. A key is never taken from the token
//! itself (`jwk`, `jku`, `x5u`): only what the collector publishes counts.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

const RECEIPT_TYPE: &str = "consent-receipt+jwt";

/// The collector's public keys, fetched when they are first needed and again when a receipt names an unknown one.
pub(crate) struct PublishedKeys {
    collector: String,
    fetched: Mutex<Option<JwkSet>>,
    http: ureq::Agent,
}

impl PublishedKeys {
    pub(crate) fn of(collector: &str) -> Self {
        let http = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .into();
        PublishedKeys {
            collector: collector.to_owned(),
            fetched: Mutex::new(None),
            http,
        }
    }

    /// Checks `data.receipt`, and that it speaks of the same change as the rest of `data`. Blocks when it has to fetch keys.
    pub(crate) fn verify(&self, data: &Value) -> Result<(), ReceiptError> {
        let receipt = data["receipt"].as_str().ok_or(ReceiptError::Missing)?;
        let header = decode_header(receipt).map_err(|_| ReceiptError::Malformed)?;
        if header.typ.as_deref() != Some(RECEIPT_TYPE) {
            return Err(ReceiptError::WrongType);
        }
        let kid = header.kid.ok_or(ReceiptError::Malformed)?;

        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["iss"]);
        validation.set_issuer(&[&self.collector]);
        // A receipt says what happened; it does not expire.
        validation.validate_exp = false;
        let key = self.key(&kid)?;
        let claims = decode::<Value>(receipt, &key, &validation)
            .map_err(|error| ReceiptError::Untrue(error.to_string()))?
            .claims;
        same_change(&claims, data)
    }

    fn key(&self, kid: &str) -> Result<DecodingKey, ReceiptError> {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let known = fetched.as_ref().and_then(|keys| keys.find(kid)).cloned();
        let jwk = match known {
            Some(jwk) => jwk,
            None => fetched
                .insert(self.fetch()?)
                .find(kid)
                .cloned()
                .ok_or_else(|| ReceiptError::UnknownKey(kid.to_owned()))?,
        };
        DecodingKey::from_jwk(&jwk).map_err(|_| ReceiptError::UnknownKey(kid.to_owned()))
    }

    fn fetch(&self) -> Result<JwkSet, ReceiptError> {
        self.http
            .get(format!("{}/.well-known/jwks.json", self.collector))
            .call()
            .and_then(|mut answer| answer.body_mut().read_json())
            .map_err(|error| ReceiptError::KeysUnreachable(error.to_string()))
    }
}

/// A genuine receipt of something else proves nothing here: it must be of this site, this submission and this change.
fn same_change(claims: &Value, data: &Value) -> Result<(), ReceiptError> {
    if claims["site"] != data["site"] {
        return Err(ReceiptError::OtherChange("site"));
    }
    if claims["submission"]["id"] != data["submission"] {
        return Err(ReceiptError::OtherChange("submission"));
    }
    let mut consents = claims["consents"].as_array().into_iter().flatten();
    // Sending the boxes states what was asked for; every other act, what the consent came to.
    let states = |consent: &Value| {
        consent["purpose"] == data["purpose"]
            && (consent["status"] == data["status"] || consent["asked"] == data["status"])
    };
    if consents.any(states) {
        Ok(())
    } else {
        Err(ReceiptError::OtherChange("consent"))
    }
}

/// Why a receipt does not prove the event that carries it.
#[derive(Debug)]
pub(crate) enum ReceiptError {
    Missing,
    Malformed,
    WrongType,
    UnknownKey(String),
    KeysUnreachable(String),
    Untrue(String),
    OtherChange(&'static str),
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "the event has no receipt"),
            Self::Malformed => write!(f, "the receipt is not a compact JWS with a kid"),
            Self::WrongType => write!(f, "the receipt's typ is not {RECEIPT_TYPE}"),
            Self::UnknownKey(kid) => write!(f, "the collector publishes no Ed25519 key {kid}"),
            Self::KeysUnreachable(why) => write!(f, "the collector's keys cannot be read: {why}"),
            Self::Untrue(why) => write!(f, "the receipt does not verify: {why}"),
            Self::OtherChange(claim) => {
                write!(
                    f,
                    "the receipt is of another change: its {claim} is not the event's"
                )
            }
        }
    }
}
