//! A chat in a frame of another origin, as most chat services have it: it asks the page around it, the page shows the question,
//! and the frame hears what came of it, and nothing else.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, label, published};
use sayso_tests::wire::{get, post};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

const FRAME: &str = ".chat iframe";

/// Keeps in the frame what its page tells it.
const LISTEN: &str =
    "window.heard = []; addEventListener('message', ({ data }) => heard.push(data));";

/// What a bot would say, with an id and a form of our own.
const ASK: &str = "parent.postMessage({ type: 'say-so:ask', id: arguments[0], form: arguments[1], conversation: 'K-7' }, '*');";

#[test]
fn a_chat_in_a_frame_asks_and_hears_what_came_of_it() {
    let email = address("frame");
    let form = published(&STACK, "chat", "nl");
    let browser = Browser::start();
    browser.open(&STACK.pages("/chat-frame/"));
    browser.inside(FRAME, || {
        let _ = browser.ask(LISTEN, &[]);
        browser.say("text", "Wat kost een fiets?");
        browser.see("Hieronder staat nog een vraag");
    });

    assert!(
        browser.boxes().iter().all(|each| !each.ticked),
        "never ticked beforehand"
    );
    browser.tick("EVENTS");
    browser.fill("email", &email);
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "stored_pending"));

    let heard = browser.inside(FRAME, || {
        browser.see("Dank u wel, genoteerd.");
        browser.ask("return heard;", &[])
    });
    let outcome = &heard[0];
    assert_eq!(heard.as_array().map(Vec::len), Some(1), "{heard}");
    assert_eq!(outcome["type"], "say-so:outcome");
    assert_eq!(outcome["state"], "stored");
    assert_eq!(
        outcome["choices"],
        json!({"EVENTS": true, "EMARKETING": false})
    );
    assert!(
        !outcome.to_string().contains(&email) && !claims(outcome).contains(&email),
        "the chat is told no address: {outcome}"
    );

    // The receipt line under the question is the number that the chat was told, and all is on record.
    browser.see(outcome["submission"].as_str().expect("an id"));
    let submission = recorded(&email);
    assert_eq!(submission["id"], outcome["submission"]);
    assert_eq!(submission["source"], "chat");
    assert_eq!(submission["page"], STACK.pages("/chat-frame/"));
    assert!(submission["conversation"].is_string(), "{submission}");
    STACK.crm_knows(&email, "EMARKETING", "refused");
    let _ = wait_for_mail(&STACK, &email);
}

#[test]
fn a_chat_in_a_frame_hears_when_a_choice_that_was_on_its_way_is_stored() {
    let email = address("frame-later");
    let form = published(&STACK, "chat", "nl");
    let browser = Browser::start();
    browser.open(&STACK.pages("/chat-frame/"));
    browser.inside(FRAME, || {
        let _ = browser.ask(LISTEN, &[]);
        browser.say("text", "Wat kost een fiets?");
    });
    // A first try without an address shows that the code which judges answers is there.
    let _ = browser.boxes();
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "email_hint"));
    browser.fill("email", &email);
    browser.cut(true);
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "queued"));
    browser.inside(FRAME, || browser.see("Uw keuze is nog onderweg"));
    browser.cut(false);
    let heard = browser.inside(FRAME, || {
        browser.see("Dank u wel, genoteerd.");
        browser.ask("return heard;", &[])
    });
    let states: Vec<&Value> = (0..2).map(|at| &heard[at]["state"]).collect();
    assert_eq!(states, ["queued", "stored"]);
    assert_eq!(heard[0]["submission"], heard[1]["submission"]);
    assert_eq!(heard[0]["id"], heard[1]["id"]);
}

#[test]
fn the_frame_needs_nothing_of_sayso_and_asks_nothing_of_it() {
    let browser = Browser::start();
    browser.open(&STACK.pages("/chat-frame/"));
    let addresses = browser.inside(FRAME, || {
        browser.say("text", "Hoi");
        browser.see("Hieronder staat nog een vraag");
        browser.ask(
            "return performance.getEntriesByType('resource').map((each) => each.name);",
            &[],
        )
    });
    let collector = STACK.collector("");
    let addresses = addresses.as_array().expect("a list");
    assert!(!addresses.is_empty());
    assert!(
        addresses
            .iter()
            .filter_map(Value::as_str)
            .all(|address| !address.starts_with(&collector)),
        "{addresses:?}"
    );
}

#[test]
fn only_a_frame_of_a_named_origin_is_heard() {
    let browser = Browser::start();
    browser.open(&STACK.pages("/chat-frame/"));
    browser.see_at(FRAME);
    // The page itself is of an origin that was not named.
    let _ = browser.ask(
        "postMessage({ type: 'say-so:ask', id: 'mine', form: 'chat' }, '*');",
        &[],
    );
    browser.inside(FRAME, || {
        let _ = browser.ask("parent.postMessage('say-so:ask', '*');", &[]);
        let _ = browser.ask(
            "parent.postMessage({ type: 'say-so:ask', form: 'chat' }, '*');",
            &[],
        );
        let _ = browser.ask(ASK, &[json!("one"), json!("chat")]);
        // Asked again, it is the same question.
        let _ = browser.ask(ASK, &[json!("one"), json!("chat")]);
    });
    // Messages come in the order in which they were sent: when the last is answered, the others have been looked at.
    assert_eq!(browser.boxes().len(), 2, "one question of two boxes");
    let questions = browser.ask(
        "return [...document.querySelectorAll('say-so')].map((each) => each.getAttribute('conversation'));",
        &[],
    );
    assert_eq!(questions, json!(["K-7"]));
}

#[test]
fn a_chat_hears_why_its_question_came_to_nothing() {
    let browser = Browser::start();
    browser.open(&STACK.pages("/chat-frame/"));
    let heard = browser.inside(FRAME, || {
        let _ = browser.ask(LISTEN, &[]);
        let _ = browser.ask(ASK, &[json!("two"), json!("no-such-form")]);
        eventually("the frame to hear of it", || {
            let heard = browser.ask("return heard[0];", &[]);
            (!heard.is_null()).then_some(heard)
        })
    });
    assert_eq!(
        heard,
        json!({"type": "say-so:outcome", "id": "two", "error": "form"})
    );
    let left = browser.ask("return document.querySelectorAll('say-so').length;", &[]);
    assert_eq!(left, 0, "no empty bubble stays");
    // Asked once more it is answered once more, and in all twice.
    let times = browser.inside(FRAME, || {
        let _ = browser.ask(ASK, &[json!("two"), json!("no-such-form")]);
        eventually("the second answer", || {
            let times = browser.ask("return heard.length;", &[]).as_u64();
            times.filter(|times| *times >= 2)
        })
    });
    assert_eq!(times, 2, "each question is answered once");
}

#[test]
fn a_frame_that_is_loaded_anew_is_told_nothing_of_the_conversation_before() {
    let email = address("reloaded");
    let form = published(&STACK, "chat", "nl");
    let browser = Browser::start();
    browser.open(&STACK.pages("/chat-frame/"));
    let ask = "window.heard = []; addEventListener('message', ({ data }) => heard.push(data));
        parent.postMessage({ type: 'say-so:ask', id: 'q1', form: 'chat', conversation: arguments[0] }, '*');";
    browser.inside(FRAME, || {
        let _ = browser.ask(ask, &[json!("K-1")]);
    });
    let _ = browser.boxes();
    browser.fill("email", &email);
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "stored_recorded"));
    browser.inside(FRAME, || {
        let _ = browser.ask("window.marked = true; location.reload();", &[]);
        eventually("the frame to be loaded anew", || {
            (browser.ask("return window.marked !== true;", &[]) == true).then_some(())
        });
        let _ = browser.ask(ask, &[json!("K-2")]);
    });
    eventually("a question of its own", || {
        let asked = "return document.querySelectorAll('say-so:state(ready)').length;";
        (browser.ask(asked, &[]) == 2).then_some(())
    });
    let heard = browser.inside(FRAME, || browser.ask("return heard;", &[]));
    assert_eq!(heard, json!([]));
}

/// What the receipt of an outcome says: the middle of a JWS.
fn claims(outcome: &Value) -> String {
    let claims = outcome["receipt"]
        .as_str()
        .and_then(|it| it.split('.').nth(1));
    let bytes = URL_SAFE_NO_PAD.decode(claims.expect("a JWS"));
    String::from_utf8(bytes.expect("base64url")).expect("JSON")
}

/// The submission behind the no to the newsletter, as the evidence of it has it.
fn recorded(email: &str) -> Value {
    let key = STACK.demo_key();
    let found = post(STACK.collector("/v1/subjects/lookup"))
        .bearer(&key)
        .json(&json!({"email": email}))
        .send();
    let found = found.expect(200).json();
    let id = found["id"].as_str().expect("an id");
    let path = format!("/v1/subjects/{id}/evidence?purpose=EMARKETING");
    let pack = get(STACK.collector(&path)).bearer(&key).send();
    pack.expect(200).json()["submissions"][0].clone()
}
