//! Settings: what the operator has to set before anything is stored.

use js_sys::Reflect;
use sayso_shared::{
    api_key::same_secret,
    canonical::base64url_32,
    jws::{Jwk, Jwks, SigningKey, retired_keys},
    outgoing::Reach,
    problem::Problem,
    vault::Vault,
};
use worker::{Env, Url};

use crate::mailer::Mailer;

/// All variables and secrets of the Worker, read and found good.
pub(crate) struct Settings {
    /// Origin of the collector, as it stands in links and receipts
    pub(crate) public_url: String,
    /// How mails leave
    pub(crate) mailer: Mailer,
    signing_seed: [u8; 32],
    retired: Vec<Jwk>,
    kek: [u8; 32],
    former_kek: Option<[u8; 32]>,
    admin_token: String,
}

impl Settings {
    /// Reads them, or names the first that is missing or malformed.
    pub(crate) fn read(env: &Env) -> Result<Self, Problem> {
        Ok(Self {
            signing_seed: key(env, "SAYSO_SIGNING_KEY")?,
            retired: retired(env)?,
            kek: key(env, "SAYSO_KEK")?,
            former_kek: former_kek(env)?,
            admin_token: admin_token(env)?,
            public_url: public_url(env)?,
            mailer: Mailer::read(|name| optional(env, name), |name| is_bound(env, name))?,
        })
    }

    /// The same with mails that really leave.
    #[cfg(test)]
    pub(crate) fn with_mailer(self, mailer: Mailer) -> Self {
        Self { mailer, ..self }
    }

    /// The same with the key-encryption key replaced.
    #[cfg(test)]
    pub(crate) fn with_new_kek(self, kek: [u8; 32]) -> Self {
        Self {
            former_kek: Some(self.kek),
            kek,
            ..self
        }
    }

    /// The same after the replacing is done.
    #[cfg(test)]
    pub(crate) fn without_former_kek(self) -> Self {
        Self {
            former_kek: None,
            ..self
        }
    }

    /// Settings that are good, and nobody's.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self {
            public_url: "https://consent.example.com".to_owned(),
            mailer: Mailer::Dev,
            signing_seed: [1; 32],
            retired: Vec::new(),
            kek: [2; 32],
            former_kek: None,
            admin_token: "an admin token for tests, 32 long".to_owned(),
        }
    }

    /// The key that signs receipts.
    pub(crate) fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.signing_seed)
    }

    /// The keys that are published: the one that signs, and those that did.
    pub(crate) fn jwks(&self) -> Jwks {
        Jwks::of(self.signing_key().jwk(), &self.retired)
    }

    /// The vault for personal data and secrets.
    pub(crate) fn vault(&self) -> Vault {
        let vault = Vault::open(&self.kek);
        match &self.former_kek {
            None => vault,
            Some(former) => vault.replacing(Vault::open(former)),
        }
    }

    /// Whether this is the admin token.
    pub(crate) fn is_admin(&self, token: &str) -> bool {
        same_secret(&self.admin_token, token)
    }

    /// Whether mails land in the mailbox that anybody may read.
    pub(crate) fn has_mailbox(&self) -> bool {
        self.mailer == Mailer::Dev
    }

    /// Where endpoints may be: on this machine too, where the collector itself is only there for this machine.
    pub(crate) fn reach(&self) -> Reach {
        if Url::parse(&self.public_url).is_ok_and(|url| is_loopback(&url)) {
            Reach::PublicAndLoopback
        } else {
            Reach::Public
        }
    }
}

/// A variable as text. It is looked at directly: plain workerd gives `null` for one that is not set, over which `Env::var` of
/// worker 0.8.7 stumbles.
fn read(env: &Env, name: &str) -> Result<String, Problem> {
    optional(env, name).ok_or_else(|| Problem::misconfigured(name, "is not set"))
}

fn optional(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env, &name.into()).ok()?.as_string();
    value.filter(|value| !value.is_empty())
}

/// Whether the Worker has a binding of this name.
fn is_bound(env: &Env, name: &str) -> bool {
    Reflect::get(env, &name.into()).is_ok_and(|value| value.is_object())
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn retired(env: &Env) -> Result<Vec<Jwk>, Problem> {
    let name = "SAYSO_RETIRED_KEYS";
    let must =
        "must be public Ed25519 keys, the `x` of each from the JWKS, with blanks between them";
    retired_keys(&optional(env, name).unwrap_or_default())
        .ok_or_else(|| Problem::misconfigured(name, must))
}

fn is_set(env: &Env, name: &str) -> bool {
    read(env, name).is_ok()
}

fn key(env: &Env, name: &str) -> Result<[u8; 32], Problem> {
    let must = "must be 32 random bytes in base64url without padding, such as `openssl rand 32 | basenc --base64url | tr -d =` gives";
    base64url_32(&read(env, name)?).ok_or_else(|| Problem::misconfigured(name, must))
}

/// Only set while `SAYSO_KEK` is being replaced.
fn former_kek(env: &Env) -> Result<Option<[u8; 32]>, Problem> {
    let name = "SAYSO_KEK_FORMER";
    if is_set(env, name) {
        key(env, name).map(Some)
    } else {
        Ok(None)
    }
}

fn admin_token(env: &Env) -> Result<String, Problem> {
    let name = "SAYSO_ADMIN_TOKEN";
    let token = read(env, name)?;
    if token.len() >= 32 && token.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(token)
    } else {
        Err(Problem::misconfigured(
            name,
            "must be at least 32 visible ASCII characters, and random",
        ))
    }
}

fn public_url(env: &Env) -> Result<String, Problem> {
    let name = "SAYSO_PUBLIC_URL";
    let text = read(env, name)?;
    let exact = Url::parse(&text).is_ok_and(|url| url.origin().ascii_serialization() == text);
    if exact {
        Ok(text)
    } else {
        Err(Problem::misconfigured(
            name,
            "must be an origin such as https://consent.example.com",
        ))
    }
}
