//! The same within a chat: `<say-so mode="chat">` is a message of a bot, with its own field and its own button.

use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::mailbox::wait_for_mail;
use sayso_tests::receiver::{Delivery, Manner, Receiver, SECRET};
use sayso_tests::stack::Stack;
use sayso_tests::visitor::{address, label, published};
use serde_json::Value;

static STACK: LazyLock<Stack> = LazyLock::new(Stack::start);

/// WebDriver's code for the key (W3C WebDriver, section 17.4.2).
const TAB: char = '\u{E004}';

#[test]
fn somebody_in_a_chat_says_yes_and_the_crm_knows() {
    let stack = &*STACK;
    let receiver = Receiver::start(Manner::Answer(204));
    let _ = stack.add_endpoint("copy", receiver.url(), SECRET);
    let form = published(stack, "chat", "nl");
    let email = address("chat");

    let browser = Browser::start();
    asked_in_the_chat(&browser);
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
    // The bot hears of it, and the person has a number to name.
    browser.see("Dank u wel, genoteerd.");
    browser.see(&label(&form, "receipt"));

    browser.open(&wait_for_mail(stack, &email).confirm_link());
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

    browser.open(&wait_for_mail(stack, &email).withdraw_link());
    browser.press_at("button[name=withdraw][value='*']");
    stack.crm_knows(&email, "EVENTS", "withdrawn");
}

#[test]
fn the_question_is_answered_with_the_keyboard_alone() {
    let form = published(&STACK, "chat", "nl");
    let email = address("keys");
    let browser = Browser::start();
    asked_in_the_chat(&browser);

    let in_a_log = browser.ask(
        "const question = everywhere(document).find((e) => e.localName === 'say-so');
         return question.closest('[role=log]') !== null;",
        &[],
    );
    assert_eq!(in_a_log, true, "a screen reader says what is added");

    // From the top of the page: the question comes in the order in which it is read, then the line to type in. The chat takes the focus to that
    // line once it has answered, which may be a moment later.
    eventually("the first box to have the focus", || {
        let _ = browser.ask("document.querySelector('.brand').focus();", &[]);
        browser.key(TAB);
        (focused(&browser) == "EMARKETING").then_some(())
    });
    let stops = ["more0", "EVENTS", "more1", "email", "link", "button"];
    for (at, stop) in stops.into_iter().enumerate() {
        browser.key(TAB);
        assert_eq!(focused(&browser), stop, "stop {at}");
        match stop {
            "EVENTS" => browser.key(' '),
            "email" => email.chars().for_each(|letter| browser.key(letter)),
            _ => {}
        }
    }
    browser.key(' ');
    browser.see(&label(&form, "stored_pending"));
    assert_eq!(focused(&browser), "change", "the focus stays on the button");
    browser.key(TAB);
    assert_eq!(focused(&browser), "text-input");
    STACK.crm_knows(&email, "EMARKETING", "refused");
    let _ = wait_for_mail(&STACK, &email);
}

#[test]
fn a_bot_does_not_say_stored_before_it_is() {
    let form = published(&STACK, "chat", "nl");
    let email = address("tunnel");
    let browser = Browser::start();
    asked_in_the_chat(&browser);
    // A first try without an address shows that the code which judges answers is there.
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "email_hint"));
    browser.tick("EVENTS");
    browser.fill("email", &email);

    browser.cut(true);
    browser.press(&label(&form, "submit"));
    browser.see(&label(&form, "queued"));
    browser.see("Uw keuze is nog onderweg.");
    assert!(!browser.text().contains("genoteerd"), "{}", browser.text());

    browser.cut(false);
    browser.see(&label(&form, "stored_pending"));
    browser.see("Dank u wel, genoteerd.");
    let _ = wait_for_mail(&STACK, &email);
}

/// Opens the chat and says something, so that the bot asks.
fn asked_in_the_chat(browser: &Browser) {
    browser.open(&STACK.pages("/chat-page/"));
    // As on a slow device, where deep-chat draws its list of messages twice.
    eventually("the chat to be drawn", || {
        let drawn = "return document.querySelector('deep-chat')?.shadowRoot.querySelector('#messages') != null";
        (browser.ask(drawn, &[]) == true).then_some(())
    });
    let _ = browser.ask("document.querySelector('deep-chat').onRender();", &[]);
    browser.say("text-input", "Kan ik een proefrit maken?");
    let _ = browser.boxes();
}

/// Where the focus is, by name, id or part.
fn focused(browser: &Browser) -> String {
    eventually("something to have the focus", || {
        let name = browser.ask(
            "let at = document.activeElement;
             while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
             return at?.name || at?.id || at?.getAttribute('part');",
            &[],
        );
        name.as_str().map(str::to_owned)
    })
}
