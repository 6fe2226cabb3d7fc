//! The evidence of one consent, and changing the key that signs: judged by Node and Python with libraries that Sayso did not write.

use std::fs;
use std::sync::LazyLock;

use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::script::{node, python, run};
use sayso_tests::stack::{Stack, secret};
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::{Answer, get, post};
use sayso_tests::workspace;
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// Verifies each receipt of a pack and its seal with npm `jose`, against keys that come from elsewhere.
const JOSE: &str = r#"
import { readFileSync } from "node:fs";
import { compactVerify, createLocalJWKSet } from "jose";
const read = (name) => JSON.parse(readFileSync(process.env[name], "utf8"));
const pack = read("PACK");
const keys = createLocalJWKSet(read("KEYS"));
const options = { algorithms: ["EdDSA"] };
for (const act of pack.acts) {
  const { payload, protectedHeader } = await compactVerify(act.receipt, keys, options);
  const claims = JSON.parse(new TextDecoder().decode(payload));
  if (protectedHeader.typ !== "consent-receipt+jwt" || claims.jti !== act.id || claims.act !== act.kind)
    throw new Error(`not the receipt of ${act.id}`);
}
const { protectedHeader } = await compactVerify(pack.seal, keys, options);
if (protectedHeader.typ !== "consent-evidence+jwt") throw new Error("not a seal");
console.log(`${pack.acts.length} receipts`);
"#;

/// The same with PyPI `joserfc`; recomputes the hash of each notice, and of the whole pack, with PyPI `rfc8785`.
const JOSERFC: &str = r#"
import hashlib, json, os, rfc8785
from joserfc import jws
from joserfc.jwk import KeySet

def hash_of(value):
    return "sha-256:" + hashlib.sha256(rfc8785.dumps(value)).hexdigest()

pack = json.load(open(os.environ["PACK"]))
keys = KeySet.import_key_set(json.load(open(os.environ["KEYS"])))
for act in pack["acts"]:
    claims = json.loads(jws.deserialize_compact(act["receipt"], keys, algorithms=["EdDSA"]).payload)
    assert claims["jti"] == act["id"] and claims["at"] == act["at"], act
seal = json.loads(jws.deserialize_compact(pack.pop("seal"), keys, algorithms=["EdDSA"]).payload)
assert seal["pack"] == hash_of(pack), "the seal is of another pack"
hashes = {notice["hash"] for notice in pack["notices"]}
assert hashes == {hash_of(notice["text"]) for notice in pack["notices"]}
assert {submission["notice"]["hash"] for submission in pack["submissions"]} == hashes
print(len(hashes), "notices")
"#;

/// A pack and the keys of the collector as files, for programs that know nothing else.
struct Filed {
    pack: String,
    keys: String,
}

impl Filed {
    fn of(stack: &Stack, pack: &Value) -> Self {
        let folder = workspace::fresh_folder("evidence");
        let file = |name: &str, value: &Value| {
            let file = folder.join(name);
            fs::write(&file, value.to_string()).expect("a file under target/");
            file.display().to_string()
        };
        Self {
            pack: file("pack.json", pack),
            keys: file("keys.json", &keys(stack)),
        }
    }

    fn environment(&self) -> [(&str, &str); 2] {
        [("PACK", &self.pack), ("KEYS", &self.keys)]
    }
}

fn keys(stack: &Stack) -> Value {
    get(stack.collector("/.well-known/jwks.json"))
        .send()
        .expect(200)
        .json()
}

/// The id of a person, by the key of the CRM.
fn look_up(stack: &Stack, email: &str) -> String {
    let answer = post(stack.collector("/v1/subjects/lookup"))
        .bearer(&stack.demo_key())
        .json(&json!({"email": email}))
        .send();
    let found = answer.expect(200).json();
    assert_eq!(found["email"], email);
    found["id"].as_str().expect("an id").to_owned()
}

fn evidence(stack: &Stack, id: &str, purpose: &str) -> Answer {
    get(stack.collector(&format!("/v1/subjects/{id}/evidence?purpose={purpose}")))
        .bearer(&stack.demo_key())
        .send()
}

/// Says yes to the newsletter, confirms, and stops it again.
fn a_whole_life(stack: &Stack, email: &str) -> String {
    let _ = says_yes_to(stack, email, &["STORE", "EMARKETING"]);
    let mail = wait_for_mail(stack, email);
    let _ = confirm(&mail.confirm_link());
    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    look_up(stack, email)
}

#[test]
fn a_pack_holds_everything_that_proves_a_consent() {
    let email = address("evidence");
    let id = a_whole_life(&STACK, &email);
    let pack = evidence(&STACK, &id, "EMARKETING").expect(200).json();

    // Each item of the list that lawyers ask for: who, for what, which words, where, when, how, and what became of it.
    for pointer in [
        "/site",
        "/subject/email",
        "/consent/purpose",
        "/consent/status",
        "/consent/legal_basis",
        "/consent/channels/0",
        "/submissions/0/notice/version",
        "/submissions/0/notice/hash",
        "/submissions/0/lang",
        "/submissions/0/page",
        "/submissions/0/form",
        "/submissions/0/source",
        "/submissions/0/widget",
        "/submissions/0/gpc",
        "/submissions/0/shown_at",
        "/submissions/0/decided_at",
        "/submissions/0/received_at",
        "/notices/0/text/intro",
        "/notices/0/text/purposes/0/text",
        "/notices/0/text/controller/name",
        "/notices/0/published_at",
        "/mails/0/sent_at",
        "/mails/0/subject",
        "/mails/0/html",
        "/acts/0/receipt",
        "/events/0/data/method",
        "/keys/0/x",
        "/seal",
    ] {
        let found = pack.pointer(pointer).unwrap_or(&Value::Null);
        assert!(!found.is_null(), "{pointer} is missing in {pack}");
    }
    let all = |pointer: &str, list: &str| -> Vec<Value> {
        let list = pack[list].as_array().into_iter().flatten();
        list.filter_map(|item| item.pointer(pointer).cloned())
            .collect()
    };
    assert_eq!(
        all("/kind", "acts"),
        ["submitted", "confirmed", "withdrawn"]
    );
    assert_eq!(
        all("/data/status", "events"),
        ["requested", "given", "withdrawn"]
    );

    // The mail as it was sent, but for what would let its reader act as the person.
    let sent = wait_for_mail(&STACK, &email);
    assert_eq!(pack["mails"][0]["subject"], sent.json["subject"]);
    for link in sent.links() {
        let token = link.rsplit('/').next().expect("a token");
        assert!(!pack.to_string().contains(token));
    }
    assert!(
        pack["mails"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("/confirm/demo~0~…"))
    );

    verifies_and_notices_each_change(&pack);
    let filed = Filed::of(&STACK, &pack);
    assert_eq!(
        node(JOSE, &filed.environment()).printed().trim(),
        "3 receipts"
    );
    let python = python(JOSERFC, &filed.environment());
    assert_eq!(python.printed().trim(), "1 notices");
}

/// `sayso-verify` believes the pack, and nothing that was changed in it.
#[track_caller]
fn verifies_and_notices_each_change(pack: &Value) {
    let filed = Filed::of(&STACK, pack);
    let program = workspace::program("sayso-verify");
    let verify = |file: &str, keys: &str| run(&program, &[file, "--jwks", keys], &[]);
    let said = verify(&filed.pack, &filed.keys).printed();
    assert!(said.contains("Everything holds."), "{said}");
    assert!(said.contains("stands as: withdrawn"), "{said}");
    let url = STACK.collector("/.well-known/jwks.json");
    assert!(verify(&filed.pack, &url).success);

    // The keys within a pack count only for whoever names them.
    assert!(!run(&program, &[&filed.pack], &[]).success);
    assert!(verify(&filed.pack, &filed.pack).success);
    let other = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": keys(&STACK)["keys"][0]["kid"], "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
    let folder = workspace::fresh_folder("verify");
    let file = |name: &str, value: &str| {
        let file = folder.join(name);
        fs::write(&file, value).expect("a file under target/");
        file.display().to_string()
    };
    assert!(!verify(&filed.pack, &file("other.json", &other.to_string())).success);

    for (pointer, value) in [
        ("/notices/0/text/intro", json!("Other words")),
        ("/mails/0/text", json!("Another mail")),
        ("/events/1/data/status", json!("refused")),
        ("/events/0/data/seq", json!(1_000_000)),
        ("/consent/status", json!("given")),
        ("/acts/0/kind", json!("confirmed")),
        ("/acts/1/receipt", pack["acts"][0]["receipt"].clone()),
        ("/subject/email", json!("somebody@example.nl")),
        ("/acts", json!([])),
        ("/seal", json!("")),
    ] {
        let mut changed = pack.clone();
        *changed.pointer_mut(pointer).expect("it is there") = value;
        let judged = verify(&file("changed.json", &changed.to_string()), &filed.keys);
        assert!(!judged.success, "{pointer}: {}", judged.stdout);
        assert!(judged.stdout.contains("FAILS"), "{}", judged.stdout);
    }

    // A receipt by itself.
    let receipt = pack["acts"][1]["receipt"].as_str().expect("a receipt");
    let said = verify(&file("receipt", receipt), &filed.keys).printed();
    assert!(
        said.contains("pressed the button in the confirmation mail"),
        "{said}"
    );
    assert!(
        said.contains("EMARKETING") && said.contains("given"),
        "{said}"
    );
    assert!(!verify(&file("receipt", &receipt[..receipt.len() - 4]), &filed.keys).success);
}

#[test]
fn evidence_is_for_keys_that_may_read_people_and_only_of_their_own_site() {
    let email = address("scopes");
    let id = a_whole_life(&STACK, &email);
    let path = format!("/v1/subjects/{id}/evidence?purpose=STORE");
    let ask = |key: &str| get(STACK.collector(&path)).bearer(key).send();
    assert_eq!(get(STACK.collector(&path)).send().status, 401);
    let key = |site: &str, scope: &str| {
        let answer = STACK
            .admin("PUT", &format!("/v1/sites/{site}/keys/scopes"))
            .json(&json!({"scopes": [scope]}))
            .send();
        answer.expect(201).json()["secret"]
            .as_str()
            .expect("a key")
            .to_owned()
    };
    assert_eq!(ask(&key("demo", "events:read")).status, 403);
    let mut other = STACK
        .admin("GET", "/v1/sites/demo")
        .send()
        .expect(200)
        .json();
    other["name"] = "Another".into();
    let _ = STACK
        .admin("PUT", "/v1/sites/other")
        .json(&other)
        .send()
        .expect(201);
    assert_eq!(ask(&key("other", "subjects:read")).status, 404);

    // A person or a purpose that is not there, and questions that are none.
    assert_eq!(evidence(&STACK, &id, "NOTHING").status, 404);
    assert_eq!(evidence(&STACK, &id, "").status, 400);
    assert_eq!(evidence(&STACK, "nobody", "STORE").status, 404);
    let nobody = post(STACK.collector("/v1/subjects/lookup"))
        .bearer(&STACK.demo_key())
        .json(&json!({"email": address("nobody")}))
        .send();
    assert_eq!(nobody.status, 404);
    let consents = get(STACK.collector(&format!("/v1/subjects/{id}/consents")))
        .bearer(&STACK.demo_key())
        .send()
        .expect(200)
        .json();
    assert_eq!(consents["consents"].as_array().map(Vec::len), Some(3));
}

#[test]
fn old_receipts_still_verify_after_the_key_was_changed() {
    let stack = Stack::start();
    let email = address("rotation");
    let id = a_whole_life(&stack, &email);
    let before = keys(&stack);
    let old = before["keys"][0]["x"].as_str().expect("a key").to_owned();
    let (state, port) = (stack.state().to_owned(), stack.port());
    assert!(stack.stop().success());

    // As the how-to says: the old public key joins the retired ones, and another key signs.
    let file = state.join(".dev.vars");
    let vars = fs::read_to_string(&file).expect("the secrets");
    let signing = secret(&state, "SAYSO_SIGNING_KEY");
    let other = "A".repeat(42) + "E";
    let vars = vars.replace(&signing, &other) + &format!("SAYSO_RETIRED_KEYS=\"{old}\"\n");
    fs::write(&file, vars).expect("the secrets");
    let stack = Stack::start_in(&state, port).unwrap_or_else(|printed| panic!("{printed}"));
    let after = keys(&stack);
    assert_eq!(after["keys"].as_array().map(Vec::len), Some(2));
    assert_ne!(after["keys"][0], before["keys"][0], "another key signs");
    assert_eq!(after["keys"][1], before["keys"][0]);

    // Old and new statements in one pack: three acts of before, sealed by the key of now.
    let pack = evidence(&stack, &id, "EMARKETING").expect(200).json();
    let filed = Filed::of(&stack, &pack);
    assert_eq!(
        node(JOSE, &filed.environment()).printed().trim(),
        "3 receipts"
    );
    assert!(python(JOSERFC, &filed.environment()).success);
    let _ = says_yes_to(&stack, &address("after"), &["STORE"]);
}
