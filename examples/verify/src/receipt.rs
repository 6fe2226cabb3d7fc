//! Receipts: whether a key that is trusted signed one, and what it says then.

use sayso_shared::{
    jws::{Jwk, verify},
    receipt::RECEIPT_TYPE,
};
use serde_json::Value;

use crate::judgement::Judgement;

/// The claims of a receipt, if one of the keys signed it.
pub(crate) fn claims(compact: &str, keys: &[Jwk]) -> Result<Value, String> {
    let payload = verify(compact, Some(RECEIPT_TYPE), keys).map_err(|error| error.to_string())?;
    serde_json::from_slice(&payload).map_err(|_| "what was signed is not JSON".to_owned())
}

/// Judges one receipt by itself.
pub(crate) fn judge(compact: &str, keys: &[Jwk], judgement: &mut Judgement) {
    match claims(compact, keys) {
        Ok(claims) => {
            judgement.check(true, "the receipt was signed by a key that you trust");
            for line in words(&claims) {
                judgement.say(line);
            }
        }
        Err(why) => {
            judgement.check(false, format!("the receipt proves nothing: {why}"));
        }
    }
}

/// What a receipt says, in words.
pub(crate) fn words(claims: &Value) -> Vec<String> {
    let text = |pointer: &str| {
        let value = claims.pointer(pointer).unwrap_or(&Value::Null);
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let did = match text("/act").as_str() {
        "submitted" => "sent the boxes of",
        "confirmed" => "pressed the button in the confirmation mail about",
        "withdrawn" => "stopped what had been agreed by",
        "lapsed" => "did not confirm in time",
        "expired" => "had said yes too long ago by",
        _ => "did something about",
    };
    let mut lines = vec![format!(
        "{} says: at {} a person {did} the form {} of the site {}.",
        text("/iss"),
        text("/at"),
        text("/submission/form"),
        text("/site"),
    )];
    lines.push(format!(
        "  Shown on {} at {}, in {}: the words {}, version {}.",
        text("/submission/page"),
        text("/submission/shown_at"),
        text("/submission/lang"),
        text("/submission/notice/hash"),
        text("/submission/notice/version"),
    ));
    let consents = claims["consents"].as_array().into_iter().flatten();
    lines.extend(consents.map(|consent| {
        let text = |name: &str| consent[name].as_str().unwrap_or("?");
        // Sending the boxes asks; any other act is what a consent came to.
        let state = if consent["status"].is_null() {
            format!("asked for {}", text("asked"))
        } else {
            text("status").to_owned()
        };
        format!("  {} ({}): {state}", text("purpose"), text("title"))
    }));
    lines.push("  Who the person is does not stand in a receipt.".to_owned());
    lines
}
