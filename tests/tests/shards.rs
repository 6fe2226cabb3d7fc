//! Sites that are split over 1, 3 and 16 ledgers, on real workerd: nobody outside can tell, whatever happens in between.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use chrono::{SecondsFormat, Utc};
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::receiver::{Manner, Receiver, SECRET};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, submit, withdraw};
use sayso_tests::wire::{Answer, get, post};
use serde_json::{Value, json};

/// One site of some number of shards, and its CRM.
struct Site {
    shards: u16,
    key: String,
    receiver: Receiver,
    /// What the CRM has pulled, in order, and how far it is
    pulled: Vec<Value>,
    cursor: String,
    people: Vec<String>,
}

fn name(shards: u16) -> String {
    format!("split-{shards}")
}

fn definition(stack: &Stack, shards: u16) -> Value {
    json!({
        "name": "Wielrijk",
        "controller": {"name": "Wielrijk", "privacy_url": "https://wielrijk.example/privacy", "contact": "privacy@wielrijk.example"},
        "default_language": "nl", "languages": ["nl"], "origins": [stack.pages("")],
        "mail": {"from": "post@wielrijk.example", "from_name": "Wielrijk"}, "shards": shards,
        "forms": [{"key": "contact", "source": "web_form", "purposes": ["STORE", "EMARKETING"], "intro": {"nl": "Hallo"}}]
    })
}

impl Site {
    fn publish(stack: &Stack, shards: u16) -> Self {
        let path = format!("/v1/sites/{}", name(shards));
        let put = |rest: &str, body: &Value| {
            stack
                .admin("PUT", &format!("{path}{rest}"))
                .json(body)
                .send()
        };
        let _ = put("", &definition(stack, shards)).expect(201);
        let scopes = json!({"scopes": ["events:read", "subjects:read"]});
        let key = put("/keys/crm", &scopes).expect(201).json();
        let receiver = Receiver::start(Manner::Answer(204));
        let endpoint = json!({"url": receiver.url(), "secret": SECRET});
        let _ = put("/endpoints/crm", &endpoint).expect(201);
        Self {
            shards,
            key: key["secret"].as_str().expect("a key").to_owned(),
            receiver,
            pulled: Vec::new(),
            cursor: String::new(),
            people: Vec::new(),
        }
    }

    /// So many new people say yes to everything and confirm it, while the CRM pulls pages of 7.
    fn grow(&mut self, stack: &Stack, people: usize) {
        let new: Vec<String> = (0..people).map(|_| address("split")).collect();
        self.people.extend(new.iter().cloned());
        let shards = self.shards;
        thread::scope(|scope| {
            let visitors: Vec<_> = new
                .chunks(people.div_ceil(4))
                .map(|some| {
                    scope.spawn(move || {
                        for email in some {
                            let _ = submit(stack, &submission(stack, shards, email)).expect(201);
                            let _ = confirm(&wait_for_mail(stack, email).confirm_link());
                        }
                    })
                })
                .collect();
            while !visitors.iter().all(thread::ScopedJoinHandle::is_finished) {
                self.pull(stack);
            }
        });
        while self.pull(stack) {}
    }

    /// One page, after the ones before. Says whether there are more.
    fn pull(&mut self, stack: &Stack) -> bool {
        let page = self.page(stack, &self.cursor).expect(200).json();
        let events = page["events"].as_array().expect("events");
        assert!(events.len() <= 7);
        self.pulled.extend(events.iter().cloned());
        page["next"]
            .as_str()
            .expect("a cursor")
            .clone_into(&mut self.cursor);
        let more = page["more"] == true;
        assert!(!more || !events.is_empty(), "{page}");
        more
    }

    fn page(&self, stack: &Stack, after: &str) -> Answer {
        get(stack.collector(&format!("/v1/events?after={after}&limit=7")))
            .bearer(&self.key)
            .send()
    }

    fn look_up(&self, stack: &Stack, email: &str) -> Answer {
        post(stack.collector("/v1/subjects/lookup"))
            .bearer(&self.key)
            .json(&json!({"email": email}))
            .send()
    }

    /// For each person, what was pulled about them, in order.
    fn by_person(&self) -> BTreeMap<&str, Vec<&Value>> {
        let mut people = BTreeMap::<&str, Vec<&Value>>::new();
        for event in &self.pulled {
            let email = event["data"]["subject"]["email"]
                .as_str()
                .expect("an address");
            people.entry(email).or_default().push(event);
        }
        people
    }

    fn check(&self, stack: &Stack) {
        let ids: BTreeSet<&str> = self.pulled.iter().map(id).collect();
        assert_eq!(ids.len(), self.pulled.len(), "nothing is pulled twice");
        let by_person = self.by_person();
        assert_eq!(by_person.len(), self.people.len());
        let mut shards = BTreeSet::new();
        for email in &self.people {
            let events = &by_person[email.as_str()];
            let purposes: Vec<&Value> = events
                .iter()
                .map(|event| &event["data"]["purpose"])
                .collect();
            assert_eq!(
                purposes,
                ["STORE", "EMARKETING"],
                "in the order in which it happened"
            );
            let seqs = [0, 1].map(|nth: usize| events[nth]["data"]["seq"].as_u64());
            assert!(seqs.is_sorted());

            let found = self.look_up(stack, email).expect(200).json();
            assert_eq!(found, events[0]["data"]["subject"]);
            let id = found["id"].as_str().expect("an id");
            let consents = get(stack.collector(&format!("/v1/subjects/{id}/consents")))
                .bearer(&self.key)
                .send();
            assert_eq!(
                consents.expect(200).json()["subject"]["email"],
                email.as_str()
            );
            let mark = u16::from_str_radix(&id[34..], 16).expect("hexadecimal") & 63;
            shards.insert(mark % self.shards);
        }
        assert!(
            shards.len() >= usize::from(self.shards.min(8)),
            "{shards:?}"
        );
        eventually("the webhook to have all that was pulled", || {
            let deliveries = self.receiver.deliveries();
            let delivered: BTreeSet<&str> = deliveries
                .iter()
                .map(sayso_tests::receiver::Delivery::id)
                .collect();
            (delivered == ids).then_some(())
        });
        for delivery in self.receiver.deliveries() {
            let body: Value = serde_json::from_slice(&delivery.body).expect("JSON");
            assert!(self.pulled.contains(&body), "push and pull show the same");
        }
    }
}

fn id(event: &Value) -> &str {
    event["data"]["id"].as_str().expect("an id")
}

fn submission(stack: &Stack, shards: u16, email: &str) -> Value {
    let form = format!("/v1/sites/{}/forms/contact", name(shards));
    let form = get(stack.collector(&form)).send().expect(200).json();
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({
        "id": uuid::Uuid::now_v7().to_string(), "site": name(shards), "form": "contact", "lang": "nl",
        "notice_hash": form["notice"]["hash"], "subject": {"email": email},
        "choices": {"STORE": true, "EMARKETING": true}, "source": "web_form", "page": stack.pages("/"),
        "shown_at": now, "decided_at": now, "gpc": false, "widget": "0.1.0",
    })
}

#[test]
fn nobody_can_tell_over_how_many_ledgers_a_site_is_split_and_a_crash_changes_nothing() {
    let mut stack = Stack::start();
    let mut sites = [1, 3, 16].map(|shards| Site::publish(&stack, shards));
    for site in &mut sites {
        site.grow(&stack, 20);
    }
    // What the Worker remembered is gone, and the cursors go on.
    stack = stack.crash().start_again();
    for site in &mut sites {
        site.grow(&stack, 20);
        site.check(&stack);
    }
    for site in &sites {
        // The same act again is the same act; another ledger would not know it.
        let email = address("again");
        let again = submission(&stack, site.shards, &email);
        let first = submit(&stack, &again).expect(201).json();
        assert_eq!(submit(&stack, &again).expect(200).json(), first);
        // The personal link leads to the right ledger.
        let mail = wait_for_mail(&stack, &email);
        let _ = withdraw(&mail.withdraw_link(), "STORE");
        let found = site.look_up(&stack, &email).expect(200).json();
        let id = found["id"].as_str().expect("an id");
        let pack = get(stack.collector(&format!("/v1/subjects/{id}/evidence?purpose=STORE")))
            .bearer(&site.key)
            .send();
        assert_eq!(pack.expect(200).json()["consent"]["status"], "withdrawn");
        // So does the id, for whoever erases.
        let path = format!("/v1/subjects/{id}");
        let query = format!("{path}?site={}", name(site.shards));
        let _ = stack.admin("DELETE", &query).send().expect(200);
        let _ = site.look_up(&stack, &email).expect(404);
        let gone = get(stack.collector(&format!("{path}/consents")));
        let _ = gone.bearer(&site.key).send().expect(410);
        let _ = site.look_up(&stack, &address("nobody")).expect(404);
        let stranger = uuid::Uuid::now_v7();
        let path = format!("/v1/subjects/{stranger}/consents");
        let _ = get(stack.collector(&path))
            .bearer(&site.key)
            .send()
            .expect(404);
    }
    // Cursors are told apart.
    for site in &sites {
        for other in &sites {
            // That of one shard is a bare number, as it always was.
            let is_read = site.shards == other.shards;
            let answer = site.page(&stack, &other.cursor);
            assert_eq!(answer.status, if is_read { 200 } else { 400 });
            if !is_read {
                assert!(
                    answer.text().contains("of another site"),
                    "{}",
                    answer.text()
                );
            }
        }
        let cut = &site.cursor[..site.cursor.len() - 1];
        let problem = site.page(&stack, cut).expect(400).text();
        assert!(problem.contains("exactly as it was"), "{problem}");
        let no_key = get(stack.collector("/v1/events?after=")).bearer(&format!("{}x", site.key));
        let _ = no_key.send().expect(401);
    }
}

#[test]
fn the_number_of_shards_is_fixed_when_a_site_is_made() {
    let stack = Stack::start();
    let path = "/v1/sites/fixed";
    let put = |document: &Value| stack.admin("PUT", path).json(document).send();
    let refused = |document: &Value| {
        let problem = put(document).expect(422).json();
        let pointers = problem["errors"].as_array().expect("errors").iter();
        let pointers: Vec<Value> = pointers.map(|error| error["pointer"].clone()).collect();
        assert_eq!(pointers, ["/shards"], "{problem}");
    };
    let mut document = definition(&stack, 65);
    refused(&document);
    document["shards"] = json!(3);
    let _ = put(&document).expect(201);
    let _ = put(&document).expect(200);
    document["shards"] = json!(4);
    refused(&document);
    document
        .as_object_mut()
        .expect("an object")
        .remove("shards");
    let _ = put(&document).expect(200);
    let shown = stack.admin("GET", path).send().expect(200).json();
    assert_eq!(shown["shards"], 3);
}
