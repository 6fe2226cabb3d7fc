//! How the system user is let in.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{NaiveDateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify};
use serde::Deserialize;
use serde_json::json;

use super::{House, TENANT, answer};
use crate::{
    crm::{Asked, Documented},
    script::python,
};

/// The application's client secret.
pub const SECRET: &str = "7d3b0c6e5b1c4c8e9c7b2f2a3f1f9a11";

/// The system user's token.
pub const SYSTEM_USER: &str = "Sayso-kQ7dTzW4xE";

/// An RSA key, as it is handed out.
#[derive(Deserialize)]
pub struct Key {
    /// PEM of PKCS #8
    pub pem: String,
    /// The XML of SuperOffice
    pub xml: String,
    /// The modulus and the exponent of the public half, base64url
    public: (String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Request {
    signed_system_token: String,
    application_token: String,
    context_identifier: String,
    return_token_type: String,
}

impl Key {
    /// A new one.
    #[must_use]
    pub fn make() -> Self {
        let printed = python(include_str!("../../make-rsa-key.py"), &[]).printed();
        serde_json::from_str(&printed).expect("a key")
    }

    fn has_signed(&self, statement: &str, signature: &str) -> bool {
        let key =
            DecodingKey::from_rsa_components(&self.public.0, &self.public.1).expect("a public key");
        let signature = STANDARD.decode(signature).unwrap_or_default();
        let signature = URL_SAFE_NO_PAD.encode(signature);
        verify(&signature, statement.as_bytes(), &key, Algorithm::RS256).unwrap_or_default()
    }
}

impl House {
    pub(super) fn authenticate(&mut self, asked: &Asked) -> Documented {
        asked.has_query(&[])?;
        let wish: Request = asked.json()?;
        if wish.return_token_type != "JWT" {
            return Err(asked.undocumented("a type of token"));
        }
        let mut parts = wish.signed_system_token.rsplitn(2, '.');
        let (signature, statement) = (parts.next(), parts.next());
        let (Some(signature), Some(statement)) = (signature, statement) else {
            return Err(asked.undocumented("a signed token without a signature"));
        };
        let Some((token, minute)) = statement.rsplit_once('.') else {
            return Err(asked.undocumented("a statement without a time"));
        };
        let Ok(at) = NaiveDateTime::parse_from_str(minute, "%Y%m%d%H%M") else {
            return Err(asked.undocumented("a time that is no minute"));
        };
        let age = (Utc::now().naive_utc() - at).num_minutes();
        let why = if !self.key.has_signed(statement, signature) {
            "The signature is not valid"
        } else if !(0..15).contains(&age) {
            "The token has expired"
        } else if token != SYSTEM_USER || wish.application_token != SECRET {
            "The application is not known"
        } else if wish.context_identifier != TENANT {
            "The customer is not known"
        } else {
            self.tickets += 1;
            let claims = json!({
                "iss": "SuperOffice AS",
                "http://schemes.superoffice.net/identity/ctx": TENANT,
                "http://schemes.superoffice.net/identity/ticket": self.ticket(),
            });
            let token = format!(
                "eyJhbGciOiJSUzI1NiJ9.{}.x",
                URL_SAFE_NO_PAD.encode(claims.to_string())
            );
            return Ok(answer(
                200,
                &json!({"IsSuccessful": true, "Token": token, "ErrorMessage": null}),
            ));
        };
        Ok(answer(
            200,
            &json!({"IsSuccessful": false, "Token": null, "ErrorMessage": why}),
        ))
    }

    /// The ticket runs out, as it does after some hours.
    pub fn end_ticket(&mut self) {
        self.tickets += 1;
    }

    pub(super) fn lets_in(&self, asked: &Asked) -> bool {
        asked.header("authorization") == format!("SOTicket {}", self.ticket())
            && asked.header("so-apptoken") == SECRET
    }

    fn ticket(&self) -> String {
        format!("7T:{}==", self.tickets)
    }
}
