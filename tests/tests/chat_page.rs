//! The same within a chat: `<say-so mode="chat">` is a message of a bot, with its own field and its own button.

use sayso_tests::browser::Browser;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, label, published};
use serde_json::Value;

#[test]
fn somebody_in_a_chat_says_yes_and_the_crm_knows() {
    let stack = Stack::start();
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("copy", receiver.url(), SECRET);
    let form = published(&stack, "chat", "nl");
    let email = address("chat");

    let browser = Browser::start();
    browser.open(&stack.pages("/chat-page/"));
    browser.say("text-input", "Kan ik een proefrit maken?");
    let boxes = browser.boxes();
    assert_eq!(boxes.len(), form["purposes"].as_array().map_or(0, Vec::len));
    assert!(
        boxes.iter().all(|each| !each.ticked),
        "never ticked beforehand"
    );

    // Without an address nothing is sent, and what to do is said.
    browser.tick("EVENTS");
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "email_hint"));
    browser.fill("email", &email);
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "stored_pending"));
    // The bot hears of it.
    browser.see("Dank u wel, genoteerd.");

    browser.open(&wait_for_mail(&stack, &email).confirm_link());
    browser.see_at("input[name=purpose][value=EVENTS]");
    browser.press_at("button[type=submit]");
    stack.crm_knows(&email, "EVENTS", "given");
    stack.crm_knows(&email, "EMARKETING", "refused");
    browser.open(&stack.crm("/"));
    browser.see_at(&format!(
        "[data-email='{email}'][data-purpose=EVENTS][data-status=given]"
    ));

    let about = |delivery: &Delivery| {
        let body = String::from_utf8_lossy(&delivery.body);
        body.contains(&email) && body.contains("consent.given")
    };
    let event: Value =
        serde_json::from_slice(&receiver.wait_for("the event", about).body).expect("it is JSON");
    // The page without its query; the act came by the mail, the boxes by the chat.
    assert_eq!(event["data"]["page"], stack.pages("/chat-page/"));

    browser.open(&wait_for_mail(&stack, &email).withdraw_link());
    browser.press_at("button[name=withdraw][value='*']");
    stack.crm_knows(&email, "EVENTS", "withdrawn");
}
