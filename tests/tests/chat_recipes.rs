//! The recipes for chat products that people host themselves. The products are not here: what they do at the border is done by hand, as
//! their documentation has it (widget/CHAT.md names the pages).

use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, label, published};
use serde_json::{Value, json};

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

#[test]
fn a_message_in_chatwoot_asks_on_the_page_and_the_agent_sees_that_there_is_an_answer() {
    let email = address("chatwoot");
    let form = published(&STACK, "chat", "nl");
    let browser = Browser::start();
    browser.open(&STACK.pages("/chat-recipes/chatwoot.html"));
    let _ = browser.ask(
        "window.told = []; window.$chatwoot = { setConversationCustomAttributes: (it) => told.push(it) };",
        &[],
    );
    says_in_chatwoot(&browser, "Dinsdag is de werkplaats open.");
    says_in_chatwoot(
        &browser,
        &format!("Blijven we in contact? {}", STACK.collector("/f/demo/chat")),
    );
    says_in_chatwoot(
        &browser,
        &format!("Nog eens: {}", STACK.collector("/f/demo/chat")),
    );
    assert_eq!(browser.boxes().len(), 2, "one question, of two boxes");

    browser.tick("EVENTS");
    browser.fill("email", &email);
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "stored_pending"));
    let _ = wait_for_mail(&STACK, &email);

    let told = browser.ask("return told;", &[]);
    assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told[0]["sayso"], "stored");
    browser.see(told[0]["sayso_submission"].as_str().expect("an id"));
    assert!(!told.to_string().contains("EVENTS"), "{told}");
}

#[test]
fn a_bubble_in_typebot_lets_the_bot_go_on() {
    let email = address("typebot");
    let form = published(&STACK, "chat", "nl");
    let browser = Browser::start();
    in_typebot(&browser);
    browser.inside("#embed-bubble-content", || {
        assert!(browser.boxes().iter().all(|each| !each.ticked));
        browser.tick("EMARKETING");
        browser.fill("email", &email);
        browser.press(&label(&form, "submit"));
        browser.see(&label(&form, "stored_pending"));
    });
    let _ = wait_for_mail(&STACK, &email);
    assert_eq!(
        browser.ask("return heard;", &[]),
        json!([{"name": "sayso", "data": "stored"}])
    );
}

/// Chatwoot's event on the page, with the message as its widget tells it.
fn says_in_chatwoot(browser: &Browser, content: &str) {
    let message = json!({
        "id": 80, "content": content, "conversation_id": 2, "message_type": 1, "private": false,
        "content_type": "text", "content_attributes": {}, "sender_type": "AgentBot",
    });
    let _: Value = browser.ask(
        "dispatchEvent(new CustomEvent('chatwoot:on-message', { detail: arguments[0] }));",
        &[message],
    );
}

/// Typebot's block "Embed" with "Wait for event": a frame, and an ear for messages by name.
fn in_typebot(browser: &Browser) {
    browser.open(&STACK.pages("/chat-frame/"));
    let _ = browser.ask(
        "window.heard = [];
         addEventListener('message', ({ data }) => data.name === 'sayso' && heard.push(data));
         const frame = document.createElement('iframe');
         frame.id = 'embed-bubble-content';
         frame.src = '/chat-recipes/typebot.html?conversation=clx1';
         document.querySelector('main').prepend(frame);",
        &[],
    );
}
