//! Consents in PerfectView: told by the connector on workerd to a server that answers as PerfectView's WSDL says, and nothing else.

use std::sync::LazyLock;

use sayso_tests::crm::Asked;
use sayso_tests::crm::Cloud;
use sayso_tests::crm::perfectview::{
    API_KEY, CONTACT, DATABASE, DECIDED_AT, EMAIL, MARK, NAME, PERSON, PerfectView, Person,
    READ_ONLY, Refused, STATUS, SUBJECT, USER, answer,
};
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, confirm, says_yes_to, withdraw};
use sayso_tests::wire::{Answer, ask};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// A server and the connector to it, both a test's own.
struct Connected {
    cloud: Cloud<PerfectView>,
    key: &'static str,
}

impl Connected {
    fn start(key: &'static str) -> Self {
        let cloud = Cloud::start(PerfectView::default());
        let connected = Self { cloud, key };
        let _ = connected.ask("PUT", "", &connected.wish()).expect(201);
        connected
    }

    fn wish(&self) -> Value {
        json!({
            "crm": "perfectview",
            "settings": {
                "origin": self.cloud.origin(),
                "purposes": {"EMARKETING": {"mark": MARK, "fields": {"status": STATUS, "decided_at": DECIDED_AT}}},
                "when_unknown": "create",
                "new_person": {
                    "relation_entity_type": PERSON,
                    "relationship_entity_type": CONTACT,
                    "email_field": EMAIL,
                    "name_field": NAME,
                },
                "subject": {"entity_type": PERSON, "field": SUBJECT},
            },
            "credentials": {"api_key": API_KEY, "database_id": DATABASE, "user_id": USER},
        })
    }

    fn ask(&self, method: &str, act: &str, body: &Value) -> Answer {
        let path = format!("/v1/sites/demo/connectors/{}{act}", self.key);
        STACK.admin(method, &path).json(body).send()
    }

    /// The only person of an address, once the person is as wanted.
    fn stands(&self, email: &str, what: &str, wanted: impl Fn(&Person) -> bool) -> Person {
        eventually(what, || {
            let mut found = self.cloud.books(|books| books.of(email));
            assert!(found.len() < 2, "{found:?}");
            found.pop().filter(&wanted)
        })
    }

    fn stands_at(&self, email: &str, status: &str) -> Person {
        let what = format!("{status} in PerfectView");
        let marked = status == "given";
        let is_so = |person: &Person| {
            let field = person.fields.get(STATUS).map(String::as_str);
            let noted = person
                .notes
                .iter()
                .any(|note| note.contains(&format!("; {status} ")));
            field == Some(status) && person.marks.contains(MARK) == marked && noted
        };
        self.stands(email, &what, is_so)
    }

    /// What was answered to the attempts, once one of them says this.
    fn says(&self, words: &str) -> Value {
        eventually(words, || {
            let all = self
                .ask("GET", "/deliveries", &Value::Null)
                .expect(200)
                .json();
            let all = all["deliveries"].as_array()?.clone();
            let mut attempts = all
                .iter()
                .flat_map(|one| one["attempts"].as_array().into_iter().flatten());
            let said = |attempt: &&Value| {
                attempt["answer"]
                    .as_str()
                    .is_some_and(|said| said.contains(words))
            };
            attempts.find(said).cloned()
        })
    }

    /// The connector is gone at the end, so that it hears nothing of the other tests any more.
    fn ended(self) {
        let _ = self.ask("DELETE", "", &Value::Null).expect(204);
        self.cloud.asked_nothing_undocumented();
    }
}

/// Whether it is this operation, about this text.
fn is(operation: &str, about: &str) -> impl Fn(&Asked) -> bool + Send + 'static {
    let (operation, about) = (format!("/{operation}\""), about.to_owned());
    move |asked| asked.header("soapaction").ends_with(&operation) && asked.text().contains(&about)
}

#[test]
fn a_consent_is_a_person_with_mark_fields_and_note_and_a_withdrawal_takes_the_mark() {
    let perfectview = Connected::start("perfectview-told");
    let email = address("o'neill+told");
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let mail = wait_for_mail(&STACK, &email);
    assert!(perfectview.cloud.books(|books| books.of(&email)).is_empty());
    let _ = confirm(&mail.confirm_link());
    let person = perfectview.stands_at(&email, "given");
    assert_eq!(person.fields[NAME], email);
    assert_eq!(person.notes.len(), 1);
    assert!(
        person.notes[0].starts_with("Sayso receipt ") && person.notes[0].contains("sha256:"),
        "{person:?}"
    );

    let _ = withdraw(&mail.withdraw_link(), "EMARKETING");
    let person = perfectview.stands_at(&email, "withdrawn");
    assert_eq!(person.notes.len(), 2);

    // Told again from the beginning, nothing changes.
    let _ = perfectview
        .ask("POST", "/replay", &json!({"after": ""}))
        .expect(204);
    let _ = perfectview.says("A later change of the same purpose counts.");
    let updates = || {
        perfectview
            .cloud
            .asked(is("RelationUpdate", "withdrawn"))
            .len()
    };
    eventually("the withdrawal to be told again", || {
        (updates() == 2).then_some(())
    });
    let person = perfectview.stands_at(&email, "withdrawn");
    assert_eq!(person.notes.len(), 2);
    perfectview.ended();
}

#[test]
fn a_yes_that_comes_late_is_no_answer_to_a_no_that_was_said_in_perfectview() {
    let perfectview = Connected::start("perfectview-late");
    let email = address("late");
    perfectview.cloud.books(|books| {
        books.add(&email);
        let person = books.persons.last_mut().expect("a person");
        let later = "2099-01-01T00:00:00.000Z".to_owned();
        person.fields.insert(DECIDED_AT.to_owned(), later);
    });
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let _ = confirm(&wait_for_mail(&STACK, &email).confirm_link());
    let _ = perfectview.says("PerfectView has a later decision of the person.");
    let person = perfectview.stands(&email, "the person", |_| true);
    assert!(
        person.marks.is_empty() && person.notes.is_empty(),
        "{person:?}"
    );
    perfectview.ended();
}

#[test]
fn what_perfectview_refuses_or_cannot_do_now_is_said_in_its_own_words() {
    let perfectview = Connected::start("perfectview-refuses");
    let email = address("refused");
    let refuse = |operation: &'static str, about: &str, words| {
        let refused = answer(operation, Err(Refused(words)));
        perfectview
            .cloud
            .answers_once(is(operation, about), refused);
    };
    refuse(
        "RelationshipSearchByEmail",
        &email,
        "E-mailadres is ongeldig",
    );
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let _ = confirm(&wait_for_mail(&STACK, &email).confirm_link());
    let refused = perfectview.says("PerfectView: 4001, E-mailadres is ongeldig");
    assert_eq!(refused["status"], 422);

    // What it refuses to everybody says nothing about the event: the lane waits, and nothing becomes a dead letter.
    refuse("RelationshipSearchByEmail", &email, "Daglimiet bereikt");
    refuse("MarkGetAll", "", "Daglimiet bereikt");
    let used_up = perfectview.says("Daglimiet bereikt");
    assert_eq!(used_up["status"], 503);
    assert!(perfectview.cloud.books(|books| books.of(&email)).is_empty());
    perfectview.ended();
}

#[test]
fn who_is_erased_is_found_by_the_field_and_loses_the_mark() {
    let perfectview = Connected::start("perfectview-erased");
    let email = address("erased");
    let _ = says_yes_to(&STACK, &email, &["EMARKETING"]);
    let _ = confirm(&wait_for_mail(&STACK, &email).confirm_link());
    let subject = perfectview.stands_at(&email, "given").fields[SUBJECT].clone();
    let bystander = address("bystander");
    perfectview.cloud.books(|books| {
        books.add(&bystander);
        let person = books.persons.last_mut().expect("a person");
        person.marks.insert(MARK.to_owned());
        let like = format!("{}-0000-7000-8000-000000000000", &subject[..8]);
        person.fields.insert(SUBJECT.to_owned(), like);
    });
    let made = STACK.admin("PUT", "/v1/sites/demo/keys/eraser");
    let made = made
        .json(&json!({"scopes": ["subjects:write"]}))
        .send()
        .json();
    let key = made["secret"].as_str().expect("a key");
    let path = format!("/v1/subjects/{subject}");
    let _ = ask("DELETE", STACK.collector(&path))
        .bearer(key)
        .send()
        .expect(200);
    let _ = perfectview.stands_at(&email, "erased");
    let untouched = perfectview.stands(&bystander, "the bystander", |_| true);
    assert!(
        untouched.marks.contains(MARK) && untouched.notes.is_empty(),
        "{untouched:?}"
    );
    perfectview.ended();
}

#[test]
fn what_perfectview_does_not_have_or_let_in_is_said_when_it_is_set() {
    let perfectview = Connected::start("perfectview-set");
    let lists = perfectview
        .ask("GET", "/lists", &Value::Null)
        .expect(200)
        .json();
    let lists = lists.to_string();
    for (there, name) in [
        (true, "Mailing: Nieuwsbrief"),
        (false, "Mailing: Oud"),
        (true, "Sayso-id"),
        (false, "Aangemaakt op"),
        (true, "Persoon"),
    ] {
        assert_eq!(lists.contains(name), there, "{name} in {lists}");
    }
    // A dry run shows each write, without what lets in.
    let dry = json!({"email": address("dry"), "purpose": "EMARKETING", "type": "consent.given"});
    let shown = perfectview.ask("POST", "/dry-run", &dry).expect(200).json();
    let writes = shown["writes"].as_array().cloned().unwrap_or_default();
    assert_eq!(writes.len(), 4, "{shown}");
    assert!(
        !shown.to_string().contains(API_KEY)
            && writes[0]["body"]
                .as_str()
                .is_some_and(|body| body.contains("<RelationCreate")),
        "{shown}"
    );
    assert!(perfectview.cloud.books(|books| books.persons.is_empty()));

    for (pointer, wrong, words) in [
        (
            "/settings/purposes/EMARKETING/mark",
            CONTACT,
            "(Mailing: Nieuwsbrief)",
        ),
        (
            "/settings/purposes/EMARKETING/fields/status",
            READ_ONLY,
            "(Toestemming nieuwsbrief)",
        ),
        (
            "/settings/new_person/relation_entity_type",
            CONTACT,
            "(Persoon)",
        ),
        ("/settings/subject/field", MARK, "(Sayso-id)"),
    ] {
        let mut wish = perfectview.wish();
        *wish.pointer_mut(pointer).expect("a place") = json!(wrong);
        let refused = perfectview.ask("PUT", "-wrong", &wish).expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
        assert!(
            refused["errors"][0]["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(words)),
            "{refused}"
        );
    }
    let mut wish = perfectview.wish();
    wish["credentials"]["api_key"] = json!(USER);
    let refused = perfectview.ask("PUT", "-wrong", &wish).expect(422).json();
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("Ongeldige API-sleutel")),
        "{refused}"
    );
    wish["credentials"] = json!({"api_key": API_KEY});
    let refused = perfectview.ask("PUT", "-wrong", &wish).expect(422).json();
    assert!(
        refused["errors"][0]["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("user_name")),
        "{refused}"
    );
    perfectview.ended();
}
