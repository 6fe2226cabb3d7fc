//! The README's Rust snippet that verifies a webhook, made a program: `tests/tests/readme.rs` runs it and compares its text.
//!
//! Reads the file that `DELIVERY` names, prints what the delivery says, fails when it is not genuine.

use std::error::Error;
use std::fs;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;
use standardwebhooks::Webhook;
use ureq::http::{HeaderMap, HeaderName};

struct Crm {
    secret: String,
    collector: String,
    keys: JwkSet, // from COLLECTOR/.well-known/jwks.json
}

impl Crm {
    /// `raw` is the body as it came in, before any parsing.
    fn verify(&self, raw: &[u8], headers: &HeaderMap) -> Result<Value, Box<dyn Error>> {
        Webhook::new(&self.secret)?.verify(raw, headers)?;
        let event: Value = serde_json::from_slice(raw)?;
        let data = &event["data"];
        if event["type"] == "subject.erased" {
            return Ok(data.clone()); // forget data.subject.id: there is no receipt
        }

        let receipt = data["receipt"].as_str().ok_or("no receipt")?;
        let header = decode_header(receipt)?;
        let jwk = self.keys.find(header.kid.as_deref().unwrap_or_default());
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_required_spec_claims(&["iss"]);
        rules.set_issuer(&[&self.collector]);
        rules.validate_exp = false; // it says what happened: that does not expire
        let key = DecodingKey::from_jwk(jwk.ok_or("unknown key")?)?;
        let claims = decode::<Value>(receipt, &key, &rules)?.claims;

        let is_receipt = header.typ.as_deref() == Some("consent-receipt+jwt");
        if !is_receipt || claims["submission"]["id"] != data["submission"] {
            return Err("a receipt of something else".into());
        }
        Ok(data.clone())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let collector = std::env::var("COLLECTOR")?;
    let keys = format!("{collector}/.well-known/jwks.json");
    let crm = Crm {
        secret: std::env::var("WEBHOOK_SECRET")?,
        keys: ureq::get(keys).call()?.body_mut().read_json()?,
        collector,
    };
    let delivery: Value = serde_json::from_slice(&fs::read(std::env::var("DELIVERY")?)?)?;
    let mut headers = HeaderMap::new();
    for (name, value) in delivery["headers"].as_object().ok_or("no headers")? {
        let value = value.as_str().ok_or("no text")?;
        headers.insert(HeaderName::from_bytes(name.as_bytes())?, value.parse()?);
    }
    let raw = delivery["body"].as_str().ok_or("no body")?;
    let data = crm.verify(raw.as_bytes(), &headers)?;
    println!("{} {}", data["purpose"], data["status"]);
    Ok(())
}
