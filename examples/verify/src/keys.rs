//! Keys: the ones that the caller says to trust, from a file or from the collector.

use std::{fs, time::Duration};

use sayso_shared::jws::{Jwk, Jwks};

/// Reads a JWKS from a file, or from an address that begins with http.
pub(crate) fn read(place: &str) -> Result<Vec<Jwk>, String> {
    let text = if place.starts_with("https://") || place.starts_with("http://") {
        fetch(place).map_err(|error| format!("cannot fetch {place}: {error}"))?
    } else {
        fs::read_to_string(place).map_err(|error| format!("cannot read {place}: {error}"))?
    };
    let keys: Jwks = serde_json::from_str(&text)
        .map_err(|error| format!("{place} is no JWKS of Ed25519 keys: {error}"))?;
    Ok(keys.keys)
}

fn fetch(url: &str) -> Result<String, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    agent.get(url).call()?.body_mut().read_to_string()
}
