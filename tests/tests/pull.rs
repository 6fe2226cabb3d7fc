//! Pulling events as a CRM does: waiting for them, choosing among them, and in the form that suits the reader.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use sayso_tests::deadline::eventually;
use sayso_tests::receiver::{Manner, Receiver, SECRET};
use sayso_tests::script::python;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, says_yes_to, submission, submit};
use sayso_tests::wire::{Answer, get};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// How many ledgers the split site has: more than a ledger may ask at once.
const SHARDS: u16 = 16;

/// A site of its own for each test, so that none hears of another's events.
struct Site {
    name: String,
    key: String,
}

impl Site {
    fn publish(name: &str, shards: u16) -> Self {
        let definition = json!({
            "name": "Wielrijk",
            "controller": {"name": "Wielrijk", "privacy_url": "https://wielrijk.example/privacy", "contact": "privacy@wielrijk.example"},
            "default_language": "nl", "languages": ["nl"], "origins": [STACK.pages("")], "shards": shards,
            "mail": {"from": "post@wielrijk.example", "from_name": "Wielrijk"},
            "forms": [{"key": "contact", "source": "web_form", "purposes": ["STORE", "EMARKETING"], "intro": {"nl": "Hallo"}}]
        });
        let path = format!("/v1/sites/{name}");
        let _ = STACK
            .admin("PUT", &path)
            .json(&definition)
            .send()
            .expect(201);
        let scopes = json!({"scopes": ["events:read"]});
        let key = format!("{path}/keys/crm");
        let made = STACK
            .admin("PUT", &key)
            .json(&scopes)
            .send()
            .expect(201)
            .json();
        Self {
            name: name.to_owned(),
            key: made["secret"].as_str().expect("a key").to_owned(),
        }
    }

    fn pull(&self, query: &str) -> Answer {
        get(STACK.collector(&format!("/v1/events?{query}")))
            .bearer(&self.key)
            .send()
    }

    fn end(&self) -> String {
        let page = self.pull("limit=1000").expect(200).json();
        assert_eq!(page["more"], false);
        page["next"].as_str().expect("a cursor").to_owned()
    }

    /// Somebody new says yes; STORE counts at once.
    fn somebody_says_yes(&self) -> String {
        let email = address("pull");
        let form = get(STACK.collector(&format!("/v1/sites/{}/forms/contact", self.name)));
        let form = form.send().expect(200).json();
        let mut said = submission(&STACK, &email, &json!({"STORE": true, "EMARKETING": true}));
        said["site"] = json!(self.name);
        said["form"] = json!("contact");
        said["notice_hash"] = form["notice"]["hash"].clone();
        let _ = submit(&STACK, &said).expect(201);
        email
    }
}

fn events(page: &Value) -> &[Value] {
    page["events"].as_array().expect("events")
}

/// What somebody who asked to wait got, and when.
fn waits(site: &Site, after: &str, seconds: u32) -> (Value, Instant) {
    let page = site
        .pull(&format!("after={after}&wait={seconds}"))
        .expect(200)
        .json();
    (page, Instant::now())
}

fn is_answered_as_soon_as_somebody_says_yes(site: &Site, times: u32) {
    for _ in 0..times {
        let after = site.end();
        thread::scope(|scope| {
            let reader = scope.spawn(|| waits(site, &after, 20));
            // The reader is waiting by then; if not, it is answered at once, which is right too.
            thread::sleep(Duration::from_millis(700));
            assert!(!reader.is_finished(), "there was nothing to answer");
            let email = site.somebody_says_yes();
            let said = Instant::now();
            let (page, answered) = reader.join().expect("a page");
            assert_eq!(events(&page)[0]["data"]["subject"]["email"], json!(email));
            let late = answered.saturating_duration_since(said);
            assert!(
                late < Duration::from_secs(3),
                "answered {late:?} after it happened"
            );
        });
    }
}

#[test]
fn whoever_waits_is_answered_as_soon_as_something_happens() {
    is_answered_as_soon_as_somebody_says_yes(&Site::publish("waits-1", 1), 2);
}

#[test]
fn in_a_site_of_many_shards_too_whichever_it_happens_in() {
    is_answered_as_soon_as_somebody_says_yes(&Site::publish("waits-16", SHARDS), 6);
}

#[test]
fn where_nothing_happens_the_page_is_empty_when_the_time_is_over() {
    for (name, shards) in [("quiet-1", 1), ("quiet-16", SHARDS)] {
        let site = Site::publish(name, shards);
        let after = site.end();
        let begun = Instant::now();
        let (page, answered) = waits(&site, &after, 2);
        let took = answered - begun;
        assert_eq!((events(&page).len(), &page["more"]), (0, &json!(false)));
        assert!(took >= Duration::from_millis(1900), "only {took:?}");
        assert!(took < Duration::from_secs(12), "{took:?}");
        // And what happens after it is not lost.
        let email = site.somebody_says_yes();
        let next = page["next"].as_str().expect("a cursor");
        let page = site.pull(&format!("after={next}")).expect(200).json();
        assert_eq!(events(&page)[0]["data"]["subject"]["email"], json!(email));
    }
}

#[test]
fn those_who_wait_hold_up_nobody() {
    let site = Site::publish("crowded", 3);
    let other = Site::publish("crowded-beside", 1);
    let after = site.end();
    thread::scope(|scope| {
        // They want what will not come.
        let readers: Vec<_> = (0..30)
            .map(|_| {
                scope.spawn(|| site.pull(&format!("after={after}&wait=8&types=consent.withdrawn")))
            })
            .collect();
        thread::sleep(Duration::from_secs(1));
        let begun = Instant::now();
        for _ in 0..10 {
            site.somebody_says_yes();
            other.somebody_says_yes();
        }
        let took = begun.elapsed();
        assert!(!readers.iter().any(thread::ScopedJoinHandle::is_finished));
        assert!(
            took < Duration::from_secs(6),
            "20 submissions took {took:?}"
        );
        for reader in readers {
            let page = reader.join().expect("a page").expect(200).json();
            assert!(events(&page).is_empty());
        }
    });
}

#[test]
fn a_reader_of_one_purpose_gets_that_alone() {
    let site = Site::publish("choosy", 3);
    for _ in 0..4 {
        site.somebody_says_yes();
    }
    let of = |query: &str| {
        let page = site.pull(query).expect(200).json();
        let purposes = events(&page)
            .iter()
            .map(|event| event["data"]["purpose"].clone());
        purposes.collect::<Vec<_>>()
    };
    assert_eq!(of("purposes=STORE"), vec![json!("STORE"); 4]);
    assert_eq!(of("purposes=EMARKETING").len(), 0, "nobody has confirmed");
    let asked = "purposes=EMARKETING&types=consent.requested";
    assert_eq!(of(asked), vec![json!("EMARKETING"); 4]);
    assert_eq!(of(&format!("{asked}&limit=3")).len(), 3);
    assert_eq!(
        of("purposes=STORE,EMARKETING&types=consent.given,consent.requested").len(),
        8
    );
}

#[test]
fn lines_of_json_are_the_bytes_of_the_webhooks_and_name_the_cursor_in_a_header() {
    let receiver = Receiver::start(Manner::Answer(204));
    let site = Site::publish("lines", 3);
    let endpoint = json!({"url": receiver.url(), "secret": SECRET});
    let path = "/v1/sites/lines/endpoints/crm";
    let _ = STACK.admin("PUT", path).json(&endpoint).send().expect(201);
    for _ in 0..5 {
        site.somebody_says_yes();
    }
    let lines = |query: &str| {
        get(STACK.collector(&format!("/v1/events?{query}")))
            .bearer(&site.key)
            .header("accept", "application/x-ndjson")
            .send()
            .expect(200)
    };
    let mut after = String::new();
    let mut pulled = Vec::new();
    loop {
        let page = lines(&format!("limit=2&after={after}"));
        assert_eq!(page.header("content-type"), Some("application/x-ndjson"));
        let text = page.text();
        assert!(text.is_empty() || text.ends_with('\n'));
        pulled.extend(text.lines().map(str::to_owned));
        page.header("sayso-next")
            .expect("a cursor")
            .clone_into(&mut after);
        if page.header("sayso-more") == Some("false") {
            break;
        }
    }
    assert_eq!(pulled.len(), 5);
    eventually("every event to be delivered", || {
        (receiver.deliveries().len() >= 5).then_some(())
    });
    let delivered: Vec<String> = receiver
        .deliveries()
        .iter()
        .map(|delivery| String::from_utf8_lossy(&delivery.body).into_owned())
        .collect();
    for line in &pulled {
        assert!(delivered.contains(line), "{line}");
    }
    // The cursor of one form is that of the other.
    let page = site.pull(&format!("after={after}")).expect(200).json();
    assert!(events(&page).is_empty());
    let refused = get(STACK.collector("/v1/events?limit=0"))
        .bearer(&site.key)
        .header("accept", "application/x-ndjson")
        .send()
        .expect(400);
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json")
    );
}

/// Asks with `Accept-Encoding: gzip` and without, and unpacks by a library that is not ours.
const UNPACK: &str = r#"
import gzip, json, os, urllib.request
def ask(accept, **headers):
    request = urllib.request.Request(os.environ["URL"], headers={"Authorization": "Bearer " + os.environ["KEY"], "Accept": accept, **headers})
    with urllib.request.urlopen(request) as answer:
        return answer.headers.get("Content-Encoding"), answer.read()
for accept in ["application/json", "application/x-ndjson"]:
    plain_encoding, plain = ask(accept, **{"Accept-Encoding": "identity"})
    encoding, packed = ask(accept, **{"Accept-Encoding": "br;q=0, gzip"})
    assert plain_encoding is None, plain_encoding
    assert encoding == "gzip", encoding
    assert packed[:2] == b"\x1f\x8b"
    assert gzip.decompress(packed) == plain, "packed twice, or something else"
    assert len(packed) * 2 < len(plain), (len(packed), len(plain))
    assert ask(accept, **{"Accept-Encoding": "gzip;q=0"})[0] is None
print("ok")
"#;

#[test]
fn a_page_is_compressed_once_for_whoever_accepts_it() {
    for (name, shards) in [("packed-1", 1), ("packed-3", 3)] {
        let site = Site::publish(name, shards);
        for _ in 0..5 {
            site.somebody_says_yes();
        }
        let environment = [
            ("URL", STACK.collector("/v1/events")),
            ("KEY", site.key.clone()),
        ];
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(python(UNPACK, &environment).printed().trim(), "ok");
    }
}

#[test]
fn a_bad_parameter_is_said_with_what_it_must_be() {
    let site = Site::publish("strict", 3);
    for (query, says) in [
        ("limit=0", "limit must be 1 to 1000"),
        ("limit=1001", "limit must be 1 to 1000"),
        ("limit=many", "limit must be 1 to 1000"),
        ("wait=26", "wait must be 0 to 25"),
        ("wait=-1", "wait must be 0 to 25"),
        ("wait=1.5", "wait must be 0 to 25"),
        ("types=given", "consent.given, consent.refused"),
        ("purposes=news", "such as EMARKETING"),
        ("after=%20", "`next` of an earlier page"),
        ("after=AQAAAAAAAAAB", "another site"),
        (
            "type=consent.given",
            "the parameters are after, limit, wait, types, purposes, site",
        ),
        ("limit=1&limit=2", "limit stands twice"),
    ] {
        let problem = site.pull(query).expect(400).json();
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(says), "{query}: {detail}");
        assert_eq!(problem["type"], "urn:sayso:problem:bad-parameter");
    }
}

#[test]
fn keys_are_listed_with_their_last_use_and_never_with_their_secrets() {
    let site = Site::publish("keys", 3);
    let path = "/v1/sites/keys/keys";
    let list = || STACK.admin("GET", path).send().expect(200);
    let known = |name: &str| {
        let listed = list().json();
        let keys = listed["keys"].as_array().expect("keys").clone();
        let known = keys.into_iter().find(|key| key["id"] == name);
        known.unwrap_or_else(|| panic!("no {name} in {listed}"))
    };
    let scopes = json!({"scopes": ["subjects:read", "events:read"]});
    let other = format!("{path}/other");
    let made = STACK
        .admin("PUT", &other)
        .json(&scopes)
        .send()
        .expect(201)
        .json();
    let crm = known("crm");
    assert_eq!(crm["scopes"], json!(["events:read"]));
    assert!(crm["created_at"].is_string());
    assert_eq!(crm["last_used_at"], Value::Null);
    let _ = site.pull("").expect(200);
    let _ = site.pull("").expect(200);
    let used = known("crm")["last_used_at"]
        .as_str()
        .expect("it was used")
        .to_owned();
    assert!(used.ends_with(":00:00.000Z"), "to the hour: {used}");
    assert_eq!(known("other")["last_used_at"], Value::Null);
    let text = list().text();
    let secret = made["secret"].as_str().expect("shown once");
    let (_, secret) = secret.rsplit_once('_').expect("sk_SITE_SECRET");
    assert!(!text.contains("secret") && !text.contains("digest") && !text.contains(secret));
    // Taken back, it is not listed, and the others are.
    let _ = STACK.admin("DELETE", &other).send().expect(204);
    assert!(!list().text().contains("other"));
    let _ = get(STACK.collector(path))
        .bearer(&site.key)
        .send()
        .expect(403);
    let _ = get(STACK.collector(path)).send().expect(401);
    let _ = STACK.admin("POST", path).send().expect(405);
}

#[test]
fn the_demo_crm_s_key_pulls_while_others_wait() {
    let (_, end) = STACK.events();
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            get(STACK.collector(&format!("/v1/events?after={end}&wait=15")))
                .bearer(&STACK.demo_key())
                .send()
        });
        thread::sleep(Duration::from_millis(500));
        let email = address("demo");
        let _ = says_yes_to(&STACK, &email, &["STORE"]);
        let page = reader.join().expect("a page").expect(200).json();
        assert_eq!(events(&page)[0]["data"]["subject"]["email"], json!(email));
    });
}
