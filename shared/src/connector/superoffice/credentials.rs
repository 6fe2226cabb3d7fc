//! Credentials of SuperOffice: the system user of a customer, who is let in without anybody signing in. A statement that names the system
//! user's token and the minute is signed with the application's RSA key, and changed for a ticket.

use std::fmt;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Settings, read_answer, text};
use crate::{
    connector::{Answer, Told, Verdict, soap::Node},
    problem::FieldError,
    time::Timestamp,
};

/// The claim of the token that lets us in.
const TICKET: &str = "http://schemes.superoffice.net/identity/ticket";

/// What SuperOffice's XML calls the numbers of a key (RFC 4050 and .NET), and what JWK does (RFC 7518, 6.3).
const NUMBERS: [(&str, &str); 8] = [
    ("Modulus", "n"),
    ("Exponent", "e"),
    ("D", "d"),
    ("P", "p"),
    ("Q", "q"),
    ("DP", "dp"),
    ("DQ", "dq"),
    ("InverseQ", "qi"),
];

/// What lets us in.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The application's client secret
    pub client_secret: String,
    /// The system user token of the customer
    pub system_user_token: String,
    /// The application's RSA key: the XML that SuperOffice gives, or PEM of PKCS #8
    pub private_key: String,
}

/// An RSA key as WebCrypto imports it.
#[derive(Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// DER of PKCS #8
    Pkcs8(Vec<u8>),
    /// A JSON Web Key
    Jwk(Value),
}

impl Credentials {
    /// What is wrong with them by themselves.
    pub(super) fn wrong(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (at, token) in [
            ("/client_secret", &self.client_secret),
            ("/system_user_token", &self.system_user_token),
        ] {
            if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
                errors.push(FieldError::new(at, "must be what SuperOffice gave"));
            }
        }
        if self.key().is_none() {
            let must = "must be the application's RSA key: the XML that SuperOffice gave (<RSAKeyValue>, with the private parts), or PEM that begins with -----BEGIN PRIVATE KEY----- (`openssl pkcs8 -topk8 -nocrypt` makes that of other PEM)";
            errors.push(FieldError::new("/private_key", must));
        }
        errors
    }

    /// The key; none if it is neither of the two.
    #[must_use]
    pub fn key(&self) -> Option<SigningKey> {
        let text = self.private_key.trim();
        if text.starts_with('<') {
            return jwk(text).map(SigningKey::Jwk);
        }
        let inner = text
            .strip_prefix("-----BEGIN PRIVATE KEY-----")?
            .strip_suffix("-----END PRIVATE KEY-----")?;
        let letters: String = inner.split_whitespace().collect();
        let der = STANDARD.decode(letters).ok()?;
        (!der.is_empty()).then_some(SigningKey::Pkcs8(der))
    }

    /// What is signed: it holds for the minute, UTC, as year, month, day, hour and minute without anything between.
    #[must_use]
    pub fn statement(&self, now: Timestamp) -> String {
        let now = now.to_string();
        let minute: String = now.chars().filter(char::is_ascii_digit).take(12).collect();
        format!("{}.{minute}", self.system_user_token)
    }

    /// The body of authentication.
    #[must_use]
    pub fn application(&self, settings: &Settings, statement: &str, signature: &[u8]) -> Value {
        json!({
            "SignedSystemToken": format!("{statement}.{}", STANDARD.encode(signature)),
            "ApplicationToken": self.client_secret,
            "ContextIdentifier": settings.tenant,
            "ReturnTokenType": "JWT",
        })
    }
}

impl Settings {
    /// Where a signed statement is changed for a ticket.
    #[must_use]
    pub fn authentication(&self) -> String {
        format!("{}/Login/api/PartnerSystemUser/Authenticate", self.base())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey { .. }")
    }
}

/// The ticket of an authentication. The token is read, not verified: it comes straight from SuperOffice, and nobody else relies on it.
pub fn ticket(answer: &Answer) -> Told<String> {
    let answered = read_answer(answer).map_err(Verdict::of_us)?;
    if answered["IsSuccessful"] != true {
        let why = text(&answered, "ErrorMessage");
        return Err(Verdict::CredentialsRefused {
            words: format!("SuperOffice does not let us in: {why}"),
        });
    }
    claim(text(&answered, "Token")).ok_or_else(|| Verdict::TryLater {
        retry_after: None,
        words: "SuperOffice gave a token without a ticket.".to_owned(),
    })
}

fn claim(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let ticket = claims.get(TICKET)?.as_str()?;
    let is_header = !ticket.is_empty() && ticket.bytes().all(|b| b.is_ascii_graphic());
    is_header.then(|| ticket.to_owned())
}

/// The key of an `<RSAKeyValue>`: the same eight numbers, in base64 there and in base64url here.
fn jwk(xml: &str) -> Option<Value> {
    let node = Node::read(xml.as_bytes()).filter(|node| node.is("RSAKeyValue"))?;
    let mut key = Map::new();
    key.insert("kty".to_owned(), "RSA".into());
    for (theirs, ours) in NUMBERS {
        key.insert(ours.to_owned(), number(node.get(theirs))?.into());
    }
    Some(key.into())
}

/// A number as JWK writes it: without zeros before it, which .NET fills up with.
fn number(base64: &str) -> Option<String> {
    let letters: String = base64.split_whitespace().collect();
    let bytes = STANDARD.decode(letters).ok()?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some(URL_SAFE_NO_PAD.encode(&bytes[first..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<SigningKey> {
        let credentials = Credentials {
            client_secret: "secret".to_owned(),
            system_user_token: "App-abc".to_owned(),
            private_key: text.to_owned(),
        };
        assert_eq!(credentials.wrong().is_empty(), credentials.key().is_some());
        credentials.key()
    }

    const XML: &str = "<RSAKeyValue>\n  <Modulus>AP//</Modulus><Exponent>AQAB</Exponent><P>Aw==</P><Q>Ag==</Q><DP>AQ==</DP><DQ>AQ==</DQ><InverseQ>AQ==</InverseQ>\n  <D>AAAF\n  </D></RSAKeyValue>";

    #[test]
    fn the_xml_that_superoffice_gives_is_a_key_of_the_same_numbers() {
        let Some(SigningKey::Jwk(jwk)) = key(XML) else {
            panic!("it is a key");
        };
        assert_eq!(
            jwk,
            json!({"kty": "RSA", "n": "__8", "e": "AQAB", "d": "BQ", "p": "Aw", "q": "Ag", "dp": "AQ", "dq": "AQ", "qi": "AQ"})
        );
    }

    #[test]
    fn a_pem_of_pkcs_8_is_a_key_and_what_is_neither_is_refused_with_what_to_do() {
        let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(matches!(key(pem), Some(SigningKey::Pkcs8(der)) if der == [0; 6]));
        let public = XML.split("<P>").next().expect("a beginning").to_owned() + "</RSAKeyValue>";
        let doctype = format!(
            "<!DOCTYPE x [<!ENTITY a \"AQ==\">]>{}",
            XML.replace(">AQ==<", ">&a;<")
        );
        for wrong in [
            "",
            "key",
            "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----",
            "<RSAKeyValue/>",
            "<RSAKeyValue>",
            &public,
            &doctype,
            &XML.replace("AQAB", "?"),
        ] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
    }
}
