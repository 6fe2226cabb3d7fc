//! Wherever a page puts `<say-so>`, it works there, and when the page takes it away nothing stays behind.

use std::fs;
use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::embedding::{Embedding, TAG, agree, form, page};
use sayso_tests::host::{Conduct, Host, Reply};
use sayso_tests::script::run;
use sayso_tests::visitor::address;
use sayso_tests::workspace;
use serde_json::{Value, json};

static HERE: LazyLock<Embedding> = LazyLock::new(Embedding::start);

const PLAIN: &str = r#"action="/subscribe""#;

/// Opens a page with this on it.
fn open(name: &str, html: &str) -> Browser {
    let browser = Browser::start();
    let html = page(&HERE.front.url(""), html);
    browser.open(&HERE.site.page(&format!("/{name}.html"), Reply::html(&html)));
    browser
}

/// Fills in, ticks, sends; both sides agree.
fn works(browser: &Browser, name: &str) {
    let email = address(name);
    browser.tick("STORE");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see("Thanks");
    let submission = HERE.stored_once(&email);
    assert_eq!(submission["choices"]["STORE"], true);
    agree(&HERE.received(&email), &submission);
}

/// How many boxes there are that can be ticked, and how many are ticked, as soon as it is so.
fn has_boxes(browser: &Browser, count: usize, ticked: usize) {
    let mut found = json!(null);
    let so = sayso_tests::deadline::within(sayso_tests::deadline::PATIENCE, || {
        found = browser.ask(
            "const boxes = everywhere(document).filter((e) => e.matches('[part=box]') && shown(e));
             return [boxes.length, boxes.filter((box) => box.checked).length];",
            &[],
        );
        (found == json!([count, ticked])).then_some(())
    });
    assert!(
        so.is_some(),
        "{count} boxes, {ticked} ticked were expected: {found}"
    );
}

#[test]
fn several_on_one_page_are_each_their_own() {
    let one = form(PLAIN, "");
    let other = one
        .replace(">Send<", ">Send the other<")
        .replace("\"host\"", "\"other\"")
        .replace("\"email\"", "\"mail\"");
    let browser = open("several", &format!("{one}{other}"));
    has_boxes(&browser, 6, 0);
    // The second: only its own box and its own field count.
    let email = address("several");
    let _ = browser.ask(
        "document.querySelector('#other say-so').shadowRoot.querySelector('[name=EVENTS]').click();
         document.querySelector('#other [name=mail]').value = arguments[0];",
        &[json!(email)],
    );
    has_boxes(&browser, 6, 1);
    browser.press("Send the other");
    browser.see("Thanks");
    let submission = HERE.stored_once(&email);
    assert_eq!(
        submission["choices"],
        json!({"STORE": false, "EMARKETING": false, "EVENTS": true})
    );
    agree(&HERE.received(&email), &submission);
    assert_eq!(HERE.posted(&email).len(), 1);
}

#[test]
fn words_that_came_with_the_script_are_not_asked_for_and_others_are() {
    let front = Host::before(&HERE.stack.collector(""));
    let tag = front.url("/say-so.js?site=demo&form=newsletter&lang=en");
    let html = page(&front.url(""), &form(r#"action="/subscribe""#, ""));
    let html = html.replace(&front.url("/say-so.js"), &tag);
    let browser = Browser::start();
    browser.open(&HERE.site.page("/brought.html", Reply::html(&html)));
    let email = address("brought");
    browser.tick("STORE");
    assert_eq!(front.arrived("GET", "/v1/sites/").len(), 0);
    // Another form, and the same one in another language, are others.
    let _ = browser.ask(
        "for (const [form, lang] of [['chat', 'en'], ['newsletter', 'nl']]) {
           const other = document.createElement('say-so');
           for (const [name, value] of Object.entries({ site: 'demo', form, lang })) other.setAttribute(name, value);
           document.body.append(other);
         }",
        &[],
    );
    for form in ["newsletter", "chat"] {
        let _ = front.wait_for("GET", &format!("/v1/sites/demo/forms/{form}"));
    }
    // The same words by another name of their language are not.
    let _ = browser.ask(
        "const other = document.createElement('say-so');
         for (const [name, value] of Object.entries({ site: 'demo', form: 'newsletter', lang: 'en-GB' })) other.setAttribute(name, value);
         document.body.append(other);",
        &[],
    );
    browser.see_at("say-so[lang='en-GB']:state(ready)");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see("Thanks");
    let submission = HERE.stored_once_by(&front, &email);
    assert_eq!(submission["lang"], "en");
    assert_eq!(front.arrived("GET", "/v1/sites/").len(), 2);
}

#[test]
fn a_script_may_add_remove_and_move_it() {
    let browser = open(
        "moved",
        &form(PLAIN, "<p id=\"elsewhere\"></p>").replace(TAG, ""),
    );
    let _ = browser.ask(
        "const element = document.createElement('say-so');
         for (const [name, value] of [['site', 'demo'], ['form', 'newsletter'], ['email-field', 'email']])
           element.setAttribute(name, value);
         document.getElementById('host').append(element);",
        &[],
    );
    has_boxes(&browser, 3, 0);
    browser.tick("EVENTS");
    // Moved: what was ticked stays ticked.
    let _ = browser.ask(
        "document.getElementById('elsewhere').append(document.querySelector('say-so'));",
        &[],
    );
    has_boxes(&browser, 3, 1);
    // Taken away and brought back later: as new.
    let _ = browser.ask(
        "window.element = document.querySelector('say-so'); element.remove();",
        &[],
    );
    has_boxes(&browser, 0, 0);
    let _ = browser.ask("document.getElementById('host').prepend(element);", &[]);
    has_boxes(&browser, 3, 0);
    works(&browser, "moved");
}

#[test]
fn a_removed_one_is_no_part_of_the_form_any_more() {
    let browser = open("gone", &form(PLAIN, ""));
    browser.tick("STORE");
    let _ = browser.ask("document.querySelector('say-so').remove();", &[]);
    let email = address("gone");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see("Thanks");
    let fields = HERE.received(&email);
    assert!(
        !fields.keys().any(|name| name.starts_with("sayso-")),
        "{fields:?}"
    );
    assert_eq!(HERE.posted(&email).len(), 0);
}

#[test]
fn it_may_stand_there_long_before_its_script() {
    let browser = Browser::start();
    let html = page("", &form(PLAIN, ""))
        .replace("<script type=\"module\" src=\"/say-so.js\"></script>", "");
    browser.open(&HERE.site.page("/late.html", Reply::html(&html)));
    browser.see("A page");
    let _ = browser.ask(
        "const script = document.createElement('script');
         script.type = 'module';
         script.src = arguments[0];
         document.head.append(script);",
        &[json!(HERE.front.url("/say-so.js"))],
    );
    works(&browser, "late");
}

#[test]
fn it_works_within_the_shadow_of_somebody_elses_element() {
    let component = format!(
        "<my-form></my-form><script>
           customElements.define('my-form', class extends HTMLElement {{
             connectedCallback() {{ this.attachShadow({{ mode: 'open' }}).innerHTML = `{}`; }}
           }});
         </script>",
        form(PLAIN, "")
    );
    works(&open("shadow", &component), "shadow");
}

#[test]
fn it_works_within_a_frame() {
    let inner = page(&HERE.front.url(""), &form(PLAIN, ""));
    let _ = HERE.site.page("/inner.html", Reply::html(&inner));
    let browser = open(
        "frame",
        "<iframe src=\"/inner.html\" width=\"400\" height=\"800\"></iframe>",
    );
    let email = address("frame");
    eventually("the boxes in the frame", || {
        let ticked = browser.ask(
            "const page = document.querySelector('iframe').contentDocument;
             const box = page.querySelector('say-so')?.shadowRoot?.querySelector('[name=STORE]');
             if (!box) return false;
             box.click();
             page.querySelector('[name=email]').value = arguments[0];
             page.getElementById('send').click();
             return true;",
            &[json!(email)],
        );
        (ticked == true).then_some(())
    });
    agree(&HERE.received(&email), &HERE.stored_once(&email));
}

#[test]
fn it_works_within_a_frame_that_its_page_wrote() {
    let inner = page(&HERE.front.url(""), &form(r#"action="/subscribe""#, ""));
    let inner = inner.replace('&', "&amp;").replace('"', "&quot;");
    let browser = open("srcdoc", &format!("<iframe srcdoc=\"{inner}\"></iframe>"));
    let email = address("srcdoc");
    browser.inside("iframe", || {
        browser.tick("STORE");
        browser.fill("email", &email);
        browser.press("Send");
        browser.see("Thanks");
    });
    let submission = HERE.stored_once(&email);
    assert_eq!(submission["page"], HERE.site.url("/srcdoc.html"));
}

#[test]
fn it_works_in_a_dialog_that_is_closed_and_opened_again() {
    let dialog = format!(
        "<button id=\"open\" onclick=\"document.getElementById('ask').showModal()\">Open</button>
         <dialog id=\"ask\">{}</dialog>",
        form(
            PLAIN,
            "<button type=\"button\" onclick=\"document.getElementById('ask').close()\">Close</button>"
        )
    );
    let browser = open("dialog", &dialog);
    browser.press("Open");
    has_boxes(&browser, 3, 0);
    browser.tick("EVENTS");
    browser.press("Close");
    browser.press("Open");
    has_boxes(&browser, 3, 1);
    works(&browser, "dialog");
}

#[test]
fn it_works_in_react_and_leaves_with_it() {
    let script = bundle(
        r#"
        import { StrictMode, createElement as h, useState } from "react";
        import { createRoot } from "react-dom/client";

        function Form() {
          const [email, setEmail] = useState("");
          const [chosen, setChosen] = useState("nothing");
          const [shown, setShown] = useState(true);
          return h("form", { id: "host", action: "/subscribe", method: "post" },
            h("input", { name: "email", type: "email", value: email, onChange: (event) => setEmail(event.target.value) }),
            shown && h("say-so", {
              site: "demo", form: "newsletter", "email-field": "email", class: "ours",
              "onsay-so:change": ({ detail }) => setChosen(Object.keys(detail.choices).filter((key) => detail.choices[key]).join()),
            }),
            h("p", null, `Chosen: ${chosen}`),
            h("button", { type: "button", onClick: () => setShown(!shown) }, "Toggle"),
            h("button", null, "Send"));
        }
        createRoot(document.getElementById("root")).render(h(StrictMode, null, h(Form)));
        "#,
    );
    let script = Reply::of(200, "text/javascript", &script);
    HERE.site.on("GET", "/react.js", Conduct::Say(script));
    let browser = open(
        "react",
        "<div id=\"root\"></div><script type=\"module\" src=\"/react.js\"></script>",
    );
    has_boxes(&browser, 3, 0);
    browser.tick("EVENTS");
    // React hears its event and draws anew; the element stays as it is.
    browser.see("Chosen: EVENTS");
    has_boxes(&browser, 3, 1);
    browser.press("Toggle");
    has_boxes(&browser, 0, 0);
    browser.press("Toggle");
    has_boxes(&browser, 3, 0);
    works(&browser, "react");
}

/// JavaScript of a module with its packages in it.
fn bundle(module: &str) -> String {
    let file = workspace::fresh_folder("bundle").join("module.js");
    fs::write(&file, module).expect("a file under target/");
    run(
        workspace::root().join("node_modules/.bin/esbuild"),
        &[
            &file.display().to_string(),
            "--bundle",
            "--format=esm",
            "--minify",
            "--define:process.env.NODE_ENV=\"production\"",
        ],
        &[],
    )
    .printed()
}

#[test]
fn a_thousand_that_came_and_went_leave_nothing_behind() {
    let watch = "<script>
        window.memories = [];
        const before = WebAssembly.instantiateStreaming;
        WebAssembly.instantiateStreaming = async (...given) => {
          const made = await before.apply(WebAssembly, given);
          memories.push(made.instance.exports.memory);
          return made;
        };
      </script>";
    // Also within a form: that is where most listeners are.
    let html = format!("{watch}{}", form(PLAIN, ""));
    let browser = open("thousand", &html);
    has_boxes(&browser, 3, 0);
    let _ = browser.devtools("Performance.enable", &json!({}));
    come_and_go(&browser, 200);
    let before = memory(&browser);
    come_and_go(&browser, 1000);
    let after = memory(&browser);
    println!("before {before}\nafter  {after}");
    for (name, most) in [
        ("Nodes", 300.0),
        ("JSEventListeners", 60.0),
        ("JSHeapUsedSize", 300_000.0),
        ("wasm", 0.0),
    ] {
        let grown =
            after[name].as_f64().expect("a number") - before[name].as_f64().expect("a number");
        assert!(
            grown <= most,
            "{name} grew by {grown} in 1,000 rounds: {before} {after}"
        );
    }
}

/// So many elements come, show their boxes, are ticked, and go.
fn come_and_go(browser: &Browser, rounds: u32) {
    const AT_ONCE: u32 = 50;
    for _ in 0..rounds / AT_ONCE {
        let gone = browser.ask(
            "const host = document.getElementById('host');
             const one = () => new Promise((done) => {
               const element = document.createElement('say-so');
               element.setAttribute('site', 'demo');
               element.setAttribute('form', 'newsletter');
               element.setAttribute('email-field', 'email');
               element.addEventListener('say-so:ready', () => {
                 element.shadowRoot.querySelector('input').click();
                 // The wasm takes over a moment later.
                 setTimeout(() => { element.remove(); setTimeout(done); }, 5);
               });
               host.append(element);
             });
             return (async () => {
               for (let round = 0; round < arguments[0]; round++) await one();
               return document.querySelectorAll('say-so').length;
             })();",
            &[json!(AT_ONCE)],
        );
        assert_eq!(gone, 1, "only the one that was there from the beginning");
    }
}

/// What the page holds after its waste has been collected.
fn memory(browser: &Browser) -> Value {
    // What waits for a moment of peace has it now.
    std::thread::sleep(std::time::Duration::from_millis(500));
    for _ in 0..3 {
        let _ = browser.devtools("HeapProfiler.collectGarbage", &json!({}));
    }
    let metrics = browser.devtools("Performance.getMetrics", &json!({}));
    let metrics = metrics["metrics"].as_array().expect("metrics");
    let mut found: serde_json::Map<String, Value> = metrics
        .iter()
        .map(|each| {
            (
                each["name"].as_str().unwrap_or_default().to_owned(),
                each["value"].clone(),
            )
        })
        .filter(|(name, _)| {
            ["Nodes", "JSEventListeners", "JSHeapUsedSize"].contains(&name.as_str())
        })
        .collect();
    let wasm = browser.ask("return memories[0].buffer.byteLength;", &[]);
    let _ = found.insert("wasm".to_owned(), wasm);
    Value::Object(found)
}
