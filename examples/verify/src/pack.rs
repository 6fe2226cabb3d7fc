//! Evidence packs: whether the parts are genuine, belong together, and tell one story.

use std::collections::BTreeMap;

use sayso_shared::{
    canonical::{canonical_json, hash_name},
    evidence::EVIDENCE_TYPE,
    jws::{Jwk, verify},
};
use serde_json::Value;

use crate::{judgement::Judgement, receipt};

/// Judges a pack.
///
/// 1. The collector sealed exactly this document.
/// 2. Each receipt is genuine, and of the act, the site and the submission beside which it stands.
/// 3. Each notice has the hash that names it, and each submission and receipt refers to a notice that is here.
/// 4. Each event rests on a receipt that is here and says the same.
/// 5. The events are in order, each goes on where the one before ended, and the last is how the consent stands.
pub(crate) fn judge(pack: &Value, keys: &[Jwk], judgement: &mut Judgement) {
    let schema = text(pack, "/schema");
    if !judgement.check(
        schema == "sayso-evidence/1",
        format!("the document is an evidence pack ({schema})"),
    ) {
        return;
    }
    judgement.say(format!(
        "{} made this pack at {} about {} in the site {}, for the person {}.",
        text(pack, "/iss"),
        text(pack, "/made_at"),
        text(pack, "/consent/purpose"),
        text(pack, "/site"),
        text(pack, "/subject/id"),
    ));
    sealed(pack, keys, judgement); // 1
    let receipts = receipts(pack, keys, judgement); // 2
    notices(pack, &receipts, judgement); // 3
    events(pack, &receipts, judgement); // 4, 5
    for mail in list(pack, "mails") {
        let sent = mail["sent_at"].as_str().unwrap_or("never");
        judgement.say(format!(
            "A mail “{}” about the submission {} was sent: {sent}.",
            text(mail, "/subject"),
            text(mail, "/submission"),
        ));
    }
    judgement.say(format!(
        "The consent for {} stands as: {}, since {}.",
        text(pack, "/consent/purpose"),
        text(pack, "/consent/status"),
        text(pack, "/consent/since"),
    ));
}

fn sealed(pack: &Value, keys: &[Jwk], judgement: &mut Judgement) {
    let mut unsealed = pack.clone();
    if let Some(object) = unsealed.as_object_mut() {
        object.remove("seal");
    }
    let hash = hash_name(canonical_json(&unsealed).as_bytes());
    let seal = verify(&text(pack, "/seal"), Some(EVIDENCE_TYPE), keys);
    let why = match &seal {
        Ok(seal) => {
            let seal: Value = serde_json::from_slice(seal).unwrap_or_default();
            if seal["pack"] == *hash {
                None
            } else {
                Some("it seals other content; something here was changed".to_owned())
            }
        }
        Err(error) => Some(error.to_string()),
    };
    let detail = why
        .as_deref()
        .map(|why| format!(": {why}"))
        .unwrap_or_default();
    judgement.check(
        why.is_none(),
        format!("the collector sealed exactly this document{detail}"),
    );
}

/// The claims of each receipt that is genuine, by the receipt.
fn receipts(pack: &Value, keys: &[Jwk], judgement: &mut Judgement) -> BTreeMap<String, Value> {
    let mut genuine = BTreeMap::new();
    let acts = list(pack, "acts");
    judgement.check(!acts.is_empty(), "there are acts");
    for act in acts {
        let compact = text(act, "/receipt");
        let name = format!(
            "the receipt of {} at {}",
            text(act, "/kind"),
            text(act, "/at")
        );
        match receipt::claims(&compact, keys) {
            Err(why) => {
                judgement.check(false, format!("{name}: {why}"));
            }
            Ok(claims) => {
                let same = claims["jti"] == act["id"]
                    && claims["act"] == act["kind"]
                    && claims["at"] == act["at"]
                    && claims["site"] == pack["site"]
                    && claims["submission"]["id"] == act["submission"];
                judgement.check(same, format!("{name} is genuine, and of this act"));
                for line in receipt::words(&claims) {
                    judgement.say(line);
                }
                genuine.insert(compact, claims);
            }
        }
    }
    genuine
}

fn notices(pack: &Value, receipts: &BTreeMap<String, Value>, judgement: &mut Judgement) {
    let mut known = Vec::new();
    for notice in list(pack, "notices") {
        let hash = hash_name(canonical_json(&notice["text"]).as_bytes());
        let version = &notice["version"];
        if judgement.check(
            notice["hash"] == *hash,
            format!("the words of version {version} are those that their hash names"),
        ) {
            known.push(hash);
        }
    }
    let is_here = |hash: &Value| known.iter().any(|known| *hash == **known);
    let referred = list(pack, "submissions").iter();
    let referred = referred.map(|submission| &submission["notice"]["hash"]);
    let signed = receipts
        .values()
        .map(|claims| &claims["submission"]["notice"]["hash"]);
    judgement.check(
        referred.chain(signed).all(is_here),
        "every submission and every receipt refers to words that are here",
    );
}

fn events(pack: &Value, receipts: &BTreeMap<String, Value>, judgement: &mut Judgement) {
    let events = list(pack, "events");
    let purpose = &pack["consent"]["purpose"];
    let proven = |event: &Value| {
        let data = &event["data"];
        let Some(claims) = receipts.get(&text(data, "/receipt")) else {
            return false;
        };
        let mut consents = claims["consents"].as_array().into_iter().flatten();
        data["purpose"] == *purpose
            && data["subject"]["id"] == pack["subject"]["id"]
            && claims["submission"]["id"] == data["submission"]
            && consents.any(|each| {
                let state = if each["status"].is_null() {
                    &each["asked"]
                } else {
                    &each["status"]
                };
                each["purpose"] == *purpose && *state == data["status"]
            })
    };
    judgement.check(
        events.iter().all(proven),
        "every event rests on a receipt that is here and says the same",
    );
    let mut status = Value::from("unknown");
    let mut in_order = true;
    let mut seq = 0;
    for event in events {
        let data = &event["data"];
        let next = data["seq"].as_u64().unwrap_or_default();
        in_order &= next > seq && data["previous"] == status;
        (seq, status) = (next, data["status"].clone());
    }
    judgement.check(
        in_order && !events.is_empty(),
        "the events are in order, and each goes on where the one before ended",
    );
    judgement.check(
        status == pack["consent"]["status"],
        "the last event is how the consent stands",
    );
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).unwrap_or(&Value::Null);
    found
        .as_str()
        .map_or_else(|| found.to_string(), str::to_owned)
}
