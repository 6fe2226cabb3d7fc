//! Erasing a person, from the CRM's request to the bytes on the disk: nobody names the person any more, and what happened is still
//! proved.

use std::fs;
use std::path::{Path, PathBuf};

use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::{Mail, wait_for_mail};
use sayso_tests::receiver::{Manner, Receiver, SECRET};
use sayso_tests::script::{node, python};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to};
use sayso_tests::wire::{Answer, ask, get, post};
use sayso_tests::workspace::fresh_folder;
use serde_json::{Value, json};

/// Verifies receipts with npm `jose`, against keys that come from elsewhere.
const JOSE: &str = r#"
import { readFileSync } from "node:fs";
import { compactVerify, createLocalJWKSet } from "jose";
const read = (name) => JSON.parse(readFileSync(process.env[name], "utf8"));
const keys = createLocalJWKSet(read("KEYS"));
for (const receipt of read("RECEIPTS")) await compactVerify(receipt, keys, { algorithms: ["EdDSA"] });
console.log(read("RECEIPTS").length);
"#;

/// The same with PyPI `joserfc`.
const JOSERFC: &str = r#"
import json, os
from joserfc import jws
from joserfc.jwk import KeySet
keys = KeySet.import_key_set(json.load(open(os.environ["KEYS"])))
receipts = json.load(open(os.environ["RECEIPTS"]))
for receipt in receipts:
    jws.deserialize_compact(receipt, keys, algorithms=["EdDSA"])
print(len(receipts))
"#;

/// Writes the log of each database back into it, as SQLite does by itself after a thousand pages.
const WRITE_BACK: &str = r#"
import os, pathlib, sqlite3
for file in pathlib.Path(os.environ["COPY"]).rglob("*.sqlite"):
    database = sqlite3.connect(file)
    assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    database.close()
"#;

/// The wrapped key of each person, read from copies of the ledgers.
const KEYS_OF_PEOPLE: &str = r#"
import os, pathlib, sqlite3
for file in pathlib.Path(os.environ["COPY"]).rglob("*.sqlite"):
    with sqlite3.connect(file) as ledger:
        try:
            rows = ledger.execute("SELECT subject.id, hex(wrapped) FROM subject JOIN subject_key USING (slot)")
            for row in rows: print(*row)
        except sqlite3.OperationalError:
            pass  # not a ledger
"#;

#[test]
fn who_is_erased_is_forgotten_everywhere_and_what_happened_stays_proved() {
    let stack = Stack::start();
    let (jan, eva) = (address("jan"), address("eva"));
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("own", receiver.url(), SECRET);
    let mail = confirmed(&stack, &jan);
    let _ = confirmed(&stack, &eva);
    let (id, other) = (look_up(&stack, &jan), look_up(&stack, &eva));
    let keys = keys_of_people(stack.state());
    let key_of = |id: &str| {
        let mut lines = keys.lines().filter_map(|line| line.split_once(' '));
        let (_, key) = lines.find(|(known, _)| *known == id).expect("a key");
        bytes_of(key)
    };
    let (gone, stays) = (key_of(&id), key_of(&other));
    let before = receipts(&stack, &id);
    assert!(before.len() >= 2);

    let key = crm_key(&stack);
    let erased = erase(&stack, &key, &id);
    assert_eq!(erased["subject"], json!({"id": id, "email": null}));

    // Pulled: everything that happened, without the person, and at last that it was erased and by which key.
    let (events, _) = stack.events();
    let about: Vec<&Value> = events
        .iter()
        .filter(|event| event["data"]["subject"]["id"] == *id)
        .collect();
    let last = about.last().expect("events");
    assert_eq!(last["type"], "subject.erased");
    assert_eq!(last["data"]["id"], erased["event"]);
    assert_eq!(
        last["data"]["actor"],
        json!({"kind": "key", "id": "privacy"})
    );
    assert_eq!(last["data"]["reason"], "consent_withdrawn");
    assert!(
        about
            .iter()
            .all(|event| event["data"]["subject"]["email"].is_null())
    );
    assert_eq!(receipts(&stack, &id), before);
    judged_by_others(&stack, &before);

    // Pushed: the demo CRM forgets the person, on its disk too, and keeps the other one.
    let told = receiver.wait_for("the erasure", |delivery| {
        String::from_utf8_lossy(&delivery.body).contains("subject.erased")
    });
    assert_eq!(told.id(), erased["event"].as_str().expect("an id"));
    eventually("the CRM to forget", || {
        let state = get(stack.crm("/state.json")).send().text();
        (!state.contains(&jan) && state.contains("subject.erased")).then_some(())
    });
    stack.crm_knows(&eva, "EMARKETING", "given");
    for (file, bytes) in files(&stack.state().join("demo-crm")) {
        assert!(!holds(&bytes, jan.as_bytes()), "{}", file.display());
    }

    every_link_is_like_one_that_never_was(&mail);
    nothing_is_told_by_key(&stack, &id, &jan, &erased);

    // Who comes back is somebody new.
    let _ = confirmed_again(&stack, &jan);
    let back = look_up(&stack, &jan);
    assert_ne!(back, id);
    let _ = erase(&stack, &key, &back);

    // On the disk: no address anywhere, and no key of anybody erased in any page. What SQLite wrote before lies in its log until it
    // is overwritten, a wrapped key too: see collector/ERASURE.md. The other person's key shows that the look can see.
    let state = stack.state().to_owned();
    assert!(stack.stop().success());
    for (file, bytes) in ledgers(&state) {
        assert!(!holds(&bytes, jan.as_bytes()), "{}", file.display());
    }
    let copy = copied(&state);
    let _ = python(WRITE_BACK, &[("COPY", &copy.display().to_string())]).printed();
    let databases = files(&copy);
    for (file, bytes) in &databases {
        assert!(!holds(bytes, &gone), "the key lies in {}", file.display());
    }
    assert!(databases.iter().any(|(_, bytes)| holds(bytes, &stays)));
}

#[test]
fn only_a_key_that_may_write_erases_and_only_who_is_there() {
    let stack = Stack::start();
    let email = address("kept");
    let _ = says_yes_to(&stack, &email, &["STORE"]);
    let id = look_up(&stack, &email);
    let path = format!("/v1/subjects/{id}");
    let nobody = format!("/v1/subjects/{}", uuid::Uuid::now_v7());
    let key = crm_key(&stack);
    let delete = |path: &str| ask("DELETE", stack.collector(path));
    assert_eq!(delete(&path).send().status, 401);
    assert_eq!(delete(&path).bearer(&stack.demo_key()).send().status, 403);
    assert_eq!(delete(&nobody).bearer(&key).send().status, 404);
    assert_eq!(
        delete("/v1/subjects/nobody").bearer(&key).send().status,
        404
    );
    let unknown = delete(&format!("{path}?reason=boredom"))
        .bearer(&key)
        .send();
    assert_eq!(unknown.status, 400, "{}", unknown.text());
    assert_eq!(
        ask("GET", stack.collector(&path))
            .bearer(&key)
            .send()
            .status,
        405
    );
    assert_eq!(look_up(&stack, &email), id, "still there");
    let erased = stack.admin("DELETE", &format!("{path}?site=demo")).send();
    assert_eq!(erased.status, 200, "{}", erased.text());
}

/// Says yes to two purposes and confirms; gives the mail.
fn confirmed(stack: &Stack, email: &str) -> Mail {
    let _ = says_yes_to(stack, email, &["STORE", "EMARKETING"]);
    let mail = wait_for_mail(stack, email);
    let _ = confirm(&mail.confirm_link());
    stack.crm_knows(email, "EMARKETING", "given");
    mail
}

/// The same of somebody who has older mails; without waiting for the one.
fn confirmed_again(stack: &Stack, email: &str) -> Value {
    let answer = says_yes_to(stack, email, &["STORE"]);
    stack.crm_knows(email, "STORE", "given");
    answer
}

/// A key of the CRM that may record and erase.
fn crm_key(stack: &Stack) -> String {
    let made = stack.admin("PUT", "/v1/sites/demo/keys/privacy");
    let made = made.json(&json!({"scopes": ["subjects:write"]})).send();
    assert!(matches!(made.status, 200 | 201), "{}", made.text());
    made.json()["secret"]
        .as_str()
        .expect("it is new")
        .to_owned()
}

/// Erases, twice, since a repeat is harmless.
fn erase(stack: &Stack, key: &str, id: &str) -> Value {
    let url = stack.collector(&format!("/v1/subjects/{id}?reason=consent_withdrawn"));
    let once = || {
        ask("DELETE", url.as_str())
            .bearer(key)
            .send()
            .expect(200)
            .json()
    };
    let erased = once();
    assert_eq!(once(), erased);
    erased
}

fn look_up(stack: &Stack, email: &str) -> String {
    let found = looked_up(stack, email).expect(200).json();
    found["id"].as_str().expect("an id").to_owned()
}

fn looked_up(stack: &Stack, email: &str) -> Answer {
    post(stack.collector("/v1/subjects/lookup"))
        .bearer(&stack.demo_key())
        .json(&json!({"email": email}))
        .send()
}

/// The receipts of a person's events, as they are pulled.
fn receipts(stack: &Stack, id: &str) -> Vec<Value> {
    let (events, _) = stack.events();
    let data = events.iter().map(|event| &event["data"]);
    let of_this = data.filter(|data| data["subject"]["id"] == *id);
    of_this
        .filter_map(|data| data.get("receipt"))
        .cloned()
        .collect()
}

fn judged_by_others(stack: &Stack, receipts: &[Value]) {
    let folder = fresh_folder("erasure");
    let keys = get(stack.collector("/.well-known/jwks.json"))
        .send()
        .expect(200)
        .json();
    let file = |name: &str, value: &Value| {
        let file = folder.join(name);
        fs::write(&file, value.to_string()).expect("a file under target/");
        file.display().to_string()
    };
    let (keys, filed) = (
        file("keys.json", &keys),
        file("receipts.json", &receipts.into()),
    );
    let environment = [("KEYS", keys.as_str()), ("RECEIPTS", filed.as_str())];
    for printed in [
        node(JOSE, &environment).printed(),
        python(JOSERFC, &environment).printed(),
    ] {
        assert_eq!(printed.trim(), receipts.len().to_string());
    }
}

/// Nothing shows that a link was good once: not its page, not its status.
fn every_link_is_like_one_that_never_was(mail: &Mail) {
    let (confirm, personal) = (mail.confirm_link(), mail.withdraw_link());
    let record = personal.replace("/preferences/", "/receipts/");
    for link in [confirm, personal, record] {
        let secret = link.rsplit('~').next().expect("a token");
        // Another first letter: reversed, it might end on one that no token of 32 bytes ends on.
        let first = if secret.starts_with('A') { "B" } else { "A" };
        let wrong = format!("{first}{}", &secret[1..]);
        let never = get(link.replace(secret, &wrong)).send();
        let shown = get(link.as_str()).send();
        assert_eq!(
            (shown.status, shown.text()),
            (never.status, never.text()),
            "{link}"
        );
    }
}

/// To whoever has a key: that the person was erased and when, and nothing else.
fn nothing_is_told_by_key(stack: &Stack, id: &str, email: &str, erased: &Value) {
    assert_eq!(looked_up(stack, email).status, 404);
    for path in ["consents", "evidence?purpose=EMARKETING"] {
        let url = stack.collector(&format!("/v1/subjects/{id}/{path}"));
        let gone = get(url).bearer(&stack.demo_key()).send();
        assert_eq!(gone.status, 410, "{}", gone.text());
        assert_eq!(gone.json()["erased_at"], erased["erased_at"]);
    }
}

/// `ID KEY` a line, of everybody who is there.
fn keys_of_people(state: &Path) -> String {
    let copy = copied(state);
    python(KEYS_OF_PEOPLE, &[("COPY", &copy.display().to_string())]).printed()
}

/// A copy of the ledgers, to do with as one likes.
fn copied(state: &Path) -> PathBuf {
    let copy = fresh_folder("erasure-copy");
    for (file, bytes) in ledgers(state) {
        let name = file.file_name().expect("a file");
        fs::write(copy.join(name), bytes).expect("a file under target/");
    }
    copy
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// The files of all objects but the mailbox's: that is the world outside, where a mail stays once it has arrived.
fn ledgers(state: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let all = files(&state.join("objects"));
    let ours = |file: &Path| {
        !file
            .display()
            .to_string()
            .to_lowercase()
            .contains("mailbox")
    };
    all.into_iter().filter(|(file, _)| ours(file)).collect()
}

/// Every file below, with its bytes.
fn files(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(path) else {
        let bytes = fs::read(path);
        return bytes
            .map(|bytes| (path.to_owned(), bytes))
            .into_iter()
            .collect();
    };
    entries
        .flatten()
        .flat_map(|entry| files(&entry.path()))
        .collect()
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
