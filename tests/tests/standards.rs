//! Receipts and their exports as the collector hands them out, judged by schemas and by libraries that Sayso did not write.

use std::fs;
use std::sync::LazyLock;

use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::script::{Ended, python, run};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::{Answer, get, post};
use sayso_tests::workspace;
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// Every document of the file passes its schema; and with any field that the schema demands taken out, wherever that is, none does.
const VALIDATE: &str = r##"
import copy, json, os
from jsonschema import Draft202012Validator, FormatChecker

schema = json.load(open(os.environ["SCHEMA"]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema, format_checker=FormatChecker())

def resolve(part):
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return part

def demanded(part, value, path=()):
    part = resolve(part)
    for name in part.get("required", []):
        yield (*path, name)
    for name, field in part.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            yield from demanded(field, value[name], (*path, name))
    if "items" in part and value:
        yield from demanded(part["items"], value[0], (*path, 0))

taken = 0
for document in json.load(open(os.environ["DOCUMENTS"])):
    validator.validate(document)
    for path in demanded(schema, document):
        without = copy.deepcopy(document)
        parent = without
        for step in path[:-1]:
            parent = parent[step]
        del parent[path[-1]]
        assert not validator.is_valid(without), f"passes without {path}"
        taken += 1
    for change in json.loads(os.environ["CHANGES"]):
        changed = copy.deepcopy(document)
        parent = changed
        for step in change["path"][:-1]:
            parent = parent[step]
        parent[change["path"][-1]] = change["value"]
        assert not validator.is_valid(changed), f"passes with {change}"
print(taken)
"##;

/// Expands linked data with PyPI `PyLD`, without a network. Whatever has a name expands to a term that the vocabularies have, and
/// nothing is dropped: as many statements come out as went in.
const EXPAND: &str = r#"
import json, os
from pyld import jsonld

def no_network(url, options):
    raise Exception(f"asked for {url}")

jsonld.set_document_loader(no_network)
document = json.load(open(os.environ["DOCUMENT"]))
known = json.load(open(os.environ["TERMS"]))["terms"]
prefixes = document["@context"]
def full(name):
    prefix, _, rest = name.partition(":")
    return prefixes[prefix] + rest if prefix in prefixes else name
known = {full(name) for name in known}
assert prefixes["dpv"] == "https://w3id.org/dpv#" and prefixes["pd"] == "https://w3id.org/dpv/pd#"

def statements(value, names):
    if isinstance(value, list):
        return sum(statements(each, names) for each in value)
    if not isinstance(value, dict):
        return 0
    count = 0
    for name, inner in value.items():
        if name.startswith("@"):
            if name == "@type":
                names.update([inner] if isinstance(inner, str) else inner)
            if name == "@id" and inner.startswith(("https://w3id.org/", "dpv:", "pd:")):
                names.add(inner)
            continue
        names.add(name)
        count += 1 + statements(inner, names)
    return count

expanded = jsonld.expand(document)
went_in, came_out = set(), set()
graph = [{k: v for k, v in node.items()} for node in document["@graph"]]
assert statements(graph, went_in) == statements(expanded, came_out), "something was dropped"
assert {full(name) for name in went_in} == came_out, {full(name) for name in went_in} ^ came_out
assert came_out <= known, came_out - known
quads = jsonld.to_rdf(document)["@default"]
assert all(quad["predicate"]["value"].startswith("http") for quad in quads)
print(len(came_out), len(quads))
"#;

/// Somebody who said yes, confirmed, and stopped one of two again.
struct Life {
    id: String,
    email: String,
}

impl Life {
    fn live() -> Self {
        let email = address("standards");
        let _ = says_yes_to(&STACK, &email, &["STORE", "EMARKETING", "EVENTS"]);
        let mail = wait_for_mail(&STACK, &email);
        let _ = confirm(&mail.confirm_link());
        let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
        let found = post(STACK.collector("/v1/subjects/lookup"))
            .bearer(&STACK.demo_key())
            .json(&json!({"email": email}))
            .send()
            .expect(200)
            .json();
        let id = found["id"].as_str().expect("an id").to_owned();
        Self { id, email }
    }

    fn evidence(&self, query: &str) -> Answer {
        get(STACK.collector(&format!("/v1/subjects/{}/evidence?{query}", self.id)))
            .bearer(&STACK.demo_key())
            .send()
    }
}

static LIFE: LazyLock<Life> = LazyLock::new(Life::live);

fn file(name: &str, content: &str) -> String {
    let file = workspace::fresh_folder("standards").join(name);
    fs::write(&file, content).expect("a file under target/");
    file.display().to_string()
}

fn of_shared(name: &str) -> String {
    workspace::root()
        .join("shared")
        .join(name)
        .display()
        .to_string()
}

#[track_caller]
fn validates(schema: &str, documents: &Value, changes: &Value) -> usize {
    let environment = [
        ("SCHEMA", of_shared(schema)),
        ("DOCUMENTS", file("documents.json", &documents.to_string())),
        ("CHANGES", changes.to_string()),
    ];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    python(VALIDATE, &environment)
        .printed()
        .trim()
        .parse()
        .expect("a number")
}

#[test]
fn real_receipts_pass_their_schema_and_mutilated_ones_do_not() {
    let mut receipts = Vec::new();
    for purpose in ["EMARKETING", "EVENTS"] {
        let pack = LIFE
            .evidence(&format!("purpose={purpose}"))
            .expect(200)
            .json();
        for act in pack["acts"].as_array().expect("acts") {
            let compact = act["receipt"].as_str().expect("a receipt");
            let payload = compact.split('.').nth(1).expect("a payload");
            receipts.push(payload.to_owned());
        }
    }
    // The payloads as they were signed, decoded by Python.
    let script = "import base64, json, os\nprint(json.dumps([json.loads(base64.urlsafe_b64decode(each + '=' * (-len(each) % 4))) for each in json.loads(os.environ['PAYLOADS'])]))";
    let payloads = json!(receipts).to_string();
    let decoded = python(script, &[("PAYLOADS", &payloads)]).printed();
    let decoded: Value = serde_json::from_str(&decoded).expect("JSON");
    let acts: Vec<&str> = decoded
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|each| each["act"].as_str())
        .collect();
    assert_eq!(
        acts,
        [
            "submitted",
            "confirmed",
            "withdrawn",
            "submitted",
            "confirmed"
        ]
    );
    // How long a yes holds is said with its end.
    assert!(
        decoded[4]["consents"]
            .to_string()
            .contains("\"valid_until\":\"20"),
        "{}",
        decoded[4]
    );
    let changes = json!([
        {"path": ["more"], "value": 1},
        {"path": ["schema_version"], "value": "sayso-receipt/1"},
        {"path": ["at"], "value": "2026-11-22"},
        {"path": ["act"], "value": "agreed"},
        {"path": ["consents", 0, "event", "event_state"], "value": "yes"},
        {"path": ["consents"], "value": []},
        {"path": ["submission", "notice", "hash"], "value": "sha-256:0"},
    ]);
    let taken = validates("schemas/receipt.schema.json", &decoded, &changes);
    assert!(taken > 200, "{taken} fields were taken out");
}

#[test]
fn a_kantara_export_passes_its_schema_and_mutilated_ones_do_not() {
    let answer = LIFE.evidence("purpose=EVENTS&format=kantara").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let exported = answer.json();
    assert_eq!(
        exported["services"][0]["purposes"][0]["purposeCategory"],
        json!(["EVENTS"])
    );
    assert_eq!(
        exported["services"][0]["purposes"].as_array().map(Vec::len),
        Some(1)
    );
    assert!(!exported.to_string().contains(&LIFE.email));
    let changes = json!([
        {"path": ["version"], "value": "KI-CR-v1.0"},
        {"path": ["consentTimestamp"], "value": "today"},
        {"path": ["services"], "value": []},
        // To whom, where it is disclosed.
        {"path": ["services", 0, "purposes", 0, "thirdPartyDisclosure"], "value": true},
    ]);
    let taken = validates(
        "schemas/kantara-1.1.schema.json",
        &json!([exported]),
        &changes,
    );
    assert_eq!(taken, 11 + 5 + 2 + 5);

    // What was stopped has no such form: it would tell a consent that does not stand.
    let stopped = LIFE
        .evidence("purpose=EMARKETING&format=kantara")
        .expect(409)
        .json();
    assert_eq!(stopped["type"], "urn:sayso:problem:nothing-to-export");
    assert_eq!(LIFE.evidence("purpose=EVENTS&format=xml").status, 400);
    assert_eq!(
        LIFE.evidence("purpose=EVENTS&format=pack")
            .expect(200)
            .json()["schema"],
        "sayso-evidence/1"
    );
}

#[test]
fn linked_data_expands_to_terms_of_the_vocabularies_and_loses_nothing() {
    for (purpose, receipts) in [("EMARKETING", 3), ("EVENTS", 2), ("STORE", 1)] {
        let answer = LIFE
            .evidence(&format!("purpose={purpose}&format=dpv"))
            .expect(200);
        assert_eq!(answer.header("content-type"), Some("application/ld+json"));
        let document = answer.json();
        assert_eq!(document["@graph"].as_array().map(Vec::len), Some(receipts));
        let said = expand(&document).printed();
        assert!(
            said.split(' ')
                .next()
                .is_some_and(|terms| terms.parse::<u32>().is_ok_and(|terms| terms > 25)),
            "{said}"
        );
    }
    // And the check can fail.
    let mut wrong = LIFE.evidence("purpose=STORE&format=dpv").expect(200).json();
    wrong["@graph"][0]["dpw:hasName"] = json!("x");
    assert!(!expand(&wrong).success);
    let mut dropped = LIFE.evidence("purpose=STORE&format=dpv").expect(200).json();
    dropped["@graph"][0]["name"] = json!("x");
    assert!(!expand(&dropped).success);
}

fn expand(document: &Value) -> Ended {
    let environment = [
        ("DOCUMENT", file("document.json", &document.to_string())),
        ("TERMS", of_shared("tests/proof/dpv_2_3_terms.json")),
    ];
    python(
        EXPAND,
        &environment
            .each_ref()
            .map(|(name, value)| (*name, value.as_str())),
    )
}

#[test]
fn the_verifier_exports_offline_what_the_route_exports() {
    let keys = get(STACK.collector("/.well-known/jwks.json"))
        .send()
        .expect(200)
        .text();
    let keys = file("keys.json", &keys);
    let pack = LIFE.evidence("purpose=EVENTS").expect(200).json();
    let program = workspace::program("sayso-verify");
    let export =
        |file: &str, form: &str| run(&program, &[file, "--jwks", &keys, "--export", form], &[]);
    let packed = file("pack.json", &pack.to_string());
    for form in ["dpv", "kantara"] {
        let said = export(&packed, form);
        assert!(said.stderr.contains("Everything holds."), "{}", said.stderr);
        let exported: Value = serde_json::from_str(&said.printed()).expect("JSON");
        let routed = LIFE
            .evidence(&format!("purpose=EVENTS&format={form}"))
            .expect(200)
            .json();
        assert_eq!(exported, routed);
    }
    // A receipt by itself tells all that it names.
    let receipt = pack["acts"][1]["receipt"].as_str().expect("a receipt");
    let exported: Value =
        serde_json::from_str(&export(&file("receipt", receipt), "kantara").printed())
            .expect("JSON");
    assert_eq!(
        exported["services"][0]["purposes"].as_array().map(Vec::len),
        Some(2)
    );
    // What does not hold is not exported.
    let mut changed = pack.clone();
    changed["consent"]["status"] = json!("refused");
    let said = export(&file("changed.json", &changed.to_string()), "dpv");
    assert!(!said.success && said.stdout.is_empty(), "{}", said.stdout);
    assert!(!export(&packed, "xml").success);
}
