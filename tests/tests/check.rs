//! `POST /v1/check`: what a CRM asks right before a mailing.

use std::sync::LazyLock;

use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, submission, submit, withdraw};
use sayso_tests::wire::{Answer, ask, get, post};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

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
        let site = Self {
            name: name.to_owned(),
            key: String::new(),
        };
        Self {
            key: site.key_with("crm", &["subjects:read"]),
            ..site
        }
    }

    fn key_with(&self, name: &str, scopes: &[&str]) -> String {
        let path = format!("/v1/sites/{}/keys/{name}", self.name);
        let made = STACK
            .admin("PUT", &path)
            .json(&json!({"scopes": scopes}))
            .send();
        made.expect(201).json()["secret"]
            .as_str()
            .expect("a key")
            .to_owned()
    }

    fn says(&self, email: &str, yes: bool) {
        let form = get(STACK.collector(&format!("/v1/sites/{}/forms/contact", self.name)));
        let form = form.send().expect(200).json();
        let mut said = submission(&STACK, email, &json!({"STORE": yes, "EMARKETING": yes}));
        said["site"] = json!(self.name);
        said["form"] = json!("contact");
        said["notice_hash"] = form["notice"]["hash"].clone();
        let _ = submit(&STACK, &said).expect(201);
    }

    fn check(&self, body: &Value) -> Answer {
        post(STACK.collector("/v1/check"))
            .bearer(&self.key)
            .json(body)
            .send()
    }
}

#[test]
fn each_address_is_answered_in_its_place_however_the_site_is_split() {
    for shards in [1, 3] {
        let site = Site::publish(&format!("check-{shards}"), shards);
        let [given, asked, refused, withdrawn] =
            ["given", "asked", "refused", "withdrawn"].map(address);
        site.says(&given, true);
        confirm(&wait_for_mail(&STACK, &given).confirm_link());
        site.says(&asked, true);
        site.says(&refused, false);
        site.says(&withdrawn, true);
        let mail = wait_for_mail(&STACK, &withdrawn);
        confirm(&mail.confirm_link());
        withdraw(&mail.withdraw_link(), "EMARKETING");
        let shouted = given.to_uppercase();
        let emails = json!([
            given,
            "nobody@example.nl",
            asked,
            "no address",
            shouted,
            refused,
            "",
            withdrawn,
            given
        ]);
        let body = json!({"purpose": "EMARKETING", "emails": emails});
        let checked = site.check(&body).expect(200).json();
        let results = checked["results"].as_array().expect("results");
        let seen: Vec<(&str, bool, &Value)> = results
            .iter()
            .map(|result| {
                let email = result["email"].as_str().expect("the address as asked");
                (email, result["allowed"] == true, &result["reason"])
            })
            .collect();
        let why = |reason: &str| json!(reason);
        let (yes, unknown, requested, malformed) = (
            Value::Null,
            why("unknown"),
            why("requested"),
            why("malformed"),
        );
        let (no, stopped) = (why("refused"), why("withdrawn"));
        assert_eq!(
            seen,
            [
                (given.as_str(), true, &yes),
                ("nobody@example.nl", false, &unknown),
                (&asked, false, &requested),
                ("no address", false, &malformed),
                (&shouted, true, &yes),
                (&refused, false, &no),
                ("", false, &malformed),
                (&withdrawn, false, &stopped),
                (&given, true, &yes),
            ]
        );
        assert_eq!(checked["allowed"], 3);
        assert_eq!(checked["purpose"], "EMARKETING");
        // Of another purpose it is another answer, and the other site knows nobody.
        let store = json!({"purpose": "STORE", "emails": [asked]});
        assert_eq!(site.check(&store).expect(200).json()["allowed"], 1);
    }
}

#[test]
fn a_thousand_are_answered_and_one_more_is_refused() {
    let site = Site::publish("check-many", 3);
    let known = address("many");
    site.says(&known, true);
    let mut emails: Vec<String> = (0..999)
        .map(|nth| format!("nobody-{nth}@example.nl"))
        .collect();
    emails.insert(500, known.clone());
    let checked = site
        .check(&json!({"purpose": "STORE", "emails": emails}))
        .expect(200)
        .json();
    let results = checked["results"].as_array().expect("results");
    assert_eq!(results.len(), 1000);
    assert_eq!(results[500], json!({"email": known, "allowed": true}));
    assert_eq!(checked["allowed"], 1);
    emails.push(known);
    let refused = site
        .check(&json!({"purpose": "STORE", "emails": emails}))
        .expect(422)
        .json();
    assert_eq!(refused["errors"][0]["pointer"], "/emails");
}

#[test]
fn what_is_wrong_with_a_check_is_said_where_it_is() {
    let site = Site::publish("check-wrong", 3);
    for (body, pointer) in [
        (json!({"purpose": "STORE", "emails": []}), "/emails"),
        (
            json!({"purpose": "NOWS", "emails": ["kim@example.nl"]}),
            "/purpose",
        ),
        (
            json!({"purpose": "NOWS", "emails": ["no address"]}),
            "/purpose",
        ),
        (
            json!({"purpose": "store", "emails": ["kim@example.nl"]}),
            "/purpose",
        ),
        (
            json!({"purpose": "STORE", "emails": ["kim@example.nl", 7]}),
            "/emails/1",
        ),
        (
            json!({"purpose": "STORE", "emails": ["kim@example.nl"], "channel": "email"}),
            "/channel",
        ),
    ] {
        let problem = site.check(&body).expect(422).json();
        assert_eq!(
            problem["errors"][0]["pointer"], pointer,
            "{body}: {problem}"
        );
    }
    let good = json!({"purpose": "STORE", "emails": ["no address"]});
    let _ = ask("GET", STACK.collector("/v1/check"))
        .bearer(&site.key)
        .send()
        .expect(405);
    let _ = post(STACK.collector("/v1/check"))
        .json(&good)
        .send()
        .expect(401);
    let foreign = format!("sk_{}_{}", site.name, "A".repeat(43));
    let _ = post(STACK.collector("/v1/check"))
        .bearer(&foreign)
        .json(&good)
        .send()
        .expect(401);
    let reader = site.key_with("reader", &["events:read"]);
    let lacks = post(STACK.collector("/v1/check"))
        .bearer(&reader)
        .json(&good)
        .send()
        .expect(403);
    assert!(lacks.text().contains("subjects:read"));
}
