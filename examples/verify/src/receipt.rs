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
    if text("/act") == "recorded" {
        return recorded(claims, &text);
    }
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
    let words = format!(
        "in {}: the words {}, version {}.",
        text("/submission/lang"),
        text("/submission/notice/hash"),
        text("/submission/notice/version"),
    );
    lines.push(match claims.pointer("/submission/page") {
        Some(_) if claims["submission"]["shown_at"].is_string() => format!(
            "  Shown on {} at {}, {words}",
            text("/submission/page"),
            text("/submission/shown_at"),
        ),
        _ => format!("  It was recorded by somebody else, {words}"),
    });
    lines.extend(consents(claims));
    lines.push("  Who the person is does not stand in a receipt.".to_owned());
    lines
}

/// What a receipt says of what somebody else recorded, in words.
fn recorded(claims: &Value, text: &dyn Fn(&str) -> String) -> Vec<String> {
    let who = match claims.pointer("/submission/recorded/actor/id") {
        Some(id) => format!(
            "{} {}",
            text("/submission/recorded/actor/kind"),
            id.as_str().unwrap_or("?")
        ),
        None => text("/submission/recorded/actor/kind"),
    };
    let mut lines = vec![format!(
        "{} says: at {} it was recorded by {who} for the form {} of the site {}, as decided at {}.",
        text("/iss"),
        text("/at"),
        text("/submission/form"),
        text("/site"),
        text("/submission/decided_at"),
    )];
    match claims.pointer("/submission/recorded/imported/from") {
        Some(from) => {
            let from = from.as_str().unwrap_or("?");
            lines.push(format!("  Source: import: taken over from {from}, not confirmed with this collector. What the person read there it does not know."));
            if let Some(at) = claims.pointer("/submission/recorded/imported/confirmed_there_at") {
                let at = at.as_str().unwrap_or("?");
                lines.push(format!("  The other record says that it was confirmed there at {at}; nobody saw that here."));
            }
        }
        None => lines.push(format!(
            "  Source: {}; said by {}.",
            text("/submission/source"),
            text("/submission/recorded/method").replace('_', " "),
        )),
    }
    lines.push(format!(
        "  The words, in {}: {}, version {}.",
        text("/submission/lang"),
        text("/submission/notice/hash"),
        text("/submission/notice/version"),
    ));
    lines.extend(consents(claims));
    lines.push("  Who the person is does not stand in a receipt.".to_owned());
    lines
}

/// What it means for each purpose.
fn consents(claims: &Value) -> impl Iterator<Item = String> {
    let consents = claims["consents"].as_array().into_iter().flatten();
    consents.map(|consent| {
        let text = |name: &str| consent[name].as_str().unwrap_or("?");
        let asked = consent["asked"].as_str();
        // Sending the boxes asks; any other act is what a consent came to. What was recorded has both.
        let state = match (asked, consent["status"].as_str()) {
            (Some(asked), None) => format!("asked for {asked}"),
            (Some(asked), Some(status)) if asked != status => {
                format!("{status}; what was recorded asked for {asked}")
            }
            (_, status) => status.unwrap_or("?").to_owned(),
        };
        let basis = match text("legal_basis") {
            "consent" => String::new(),
            basis => format!(
                ", on the ground of {} and not of consent",
                basis.replace('_', " ")
            ),
        };
        format!("  {} ({}): {state}{basis}", text("purpose"), text("title"))
    })
}
