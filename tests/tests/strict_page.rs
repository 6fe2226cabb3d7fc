//! Pages that trust nobody: the strictest policy that can hold, files that were tampered with, browsers without wasm; and what any page sends
//! and keeps because of `<say-so>`, which is next to nothing.

use std::sync::LazyLock;

use sayso_tests::browser::Browser;
use sayso_tests::deadline::eventually;
use sayso_tests::embedding::{Embedding, agree, form, page, staying_form};
use sayso_tests::host::{Conduct, Host, Reply};
use sayso_tests::script::node;
use sayso_tests::visitor::{address, label, published};
use sayso_tests::wire::get;
use serde_json::{Value, json};

static HERE: LazyLock<Embedding> = LazyLock::new(Embedding::start);

/// Beside the tag, a chat: nothing inline, and no icon, since the policy lets no image through.
fn strict_html(collector: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>A page</title>
         <script src=\"/page.js\"></script>
         <script type=\"module\" src=\"{collector}/say-so.js\"></script>
         <h1>A page</h1>{}<say-so id=\"chat\" site=\"demo\" form=\"chat\" mode=\"chat\"></say-so>",
        form(r#"action="/subscribe""#, "")
    )
}

/// Collects what the policy is broken by.
const PAGE_JS: &str = "window.broken = [];
  addEventListener('securitypolicyviolation', (event) =>
    broken.push([event.violatedDirective, event.blockedURI, event.sourceFile, event.sample]));";

/// Opens a page under this policy, which reports to the page's own server.
fn open_under(site: &Host, path: &str, policy: &str) -> Browser {
    let _ = site.page("/page.js", Reply::of(200, "text/javascript", PAGE_JS));
    let reports = format!("{policy}; report-uri /reports{path}");
    let html = strict_html(&HERE.front.url(""));
    let reply = Reply::html(&html).with("content-security-policy", &reports);
    let browser = Browser::start();
    browser.open(&site.page(path, reply));
    browser
}

fn strict_policy(wasm: &str) -> String {
    let collector = HERE.front.url("");
    format!(
        "default-src 'none'; script-src 'self' {collector}{wasm}; connect-src {collector}; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

#[test]
fn the_strictest_policy_is_never_broken() {
    let policy = strict_policy(" 'wasm-unsafe-eval'");
    let browser = open_under(&HERE.site, "/strict.html", &policy);
    let words = published(&HERE.stack, "newsletter", "en");
    let email = address("strict");
    browser.see(&label(&words, "legend"));
    // Everything that the widget can do: opens, is told what is wrong, is sent in a chat, is changed.
    let _ = browser.ask(
        "for (const details of everywhere(document).filter((e) => e.localName === 'details')) details.open = true;",
        &[],
    );
    browser.press(&label(&words, "submit"));
    browser.see(&label(&words, "email_hint"));
    let _ = browser.ask(
        "const chat = document.getElementById('chat').shadowRoot;
         chat.querySelector('input[type=checkbox]').click();
         const field = chat.querySelector('input[type=email]');
         field.value = arguments[0];
         field.dispatchEvent(new Event('input', { bubbles: true }));",
        &[json!(address("strict-chat"))],
    );
    browser.press(&label(&words, "submit"));
    browser.see(&label(&words, "stored_pending"));
    browser.press(&label(&words, "change"));
    browser.tick("STORE");
    browser.fill("email", &email);
    assert_eq!(browser.ask("return broken;", &[]), json!([]));
    browser.press("Send");
    browser.see("Thanks");
    agree(&HERE.received(&email), &HERE.stored_once(&email));
    let reports = HERE.site.arrived("POST", "/reports/strict.html");
    let reports: Vec<String> = reports
        .iter()
        .map(sayso_tests::host::Arrived::text)
        .collect();
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn where_the_page_forbids_wasm_a_link_leads_to_the_hosted_form() {
    let browser = open_under(&HERE.site, "/no-wasm.html", &strict_policy(""));
    leads_to_the_hosted_form(&browser);
}

#[test]
fn where_the_browser_knows_no_wasm_a_link_leads_to_the_hosted_form() {
    let html = page(
        &HERE.front.url(""),
        &format!(
            "<script>delete globalThis.WebAssembly;</script>{}",
            form(r#"action="/subscribe""#, "")
        ),
    );
    let browser = Browser::start();
    browser.open(&HERE.site.page("/old.html", Reply::html(&html)));
    leads_to_the_hosted_form(&browser);
}

fn leads_to_the_hosted_form(browser: &Browser) {
    browser.see_at("[part=link]");
    let found = browser.ask(
        "const shadow = document.querySelector('say-so[email-field]').shadowRoot;
         return [shadow.querySelector('a').href, shadow.querySelectorAll('input').length];",
        &[],
    );
    let address = HERE.front.url("/f/demo/newsletter?lang=en");
    assert_eq!(found, json!([address, 0]));
    assert!(get(address).send().expect(200).text().contains("<form"));
    let console = browser.console();
    assert!(console.contains("WebAssembly"), "{console}");
    // The form around it works as before.
    let email = sayso_tests::visitor::address("no-wasm");
    browser.fill("email", &email);
    browser.press("Send");
    browser.see("Thanks");
    assert!(!HERE.received(&email).contains_key("sayso-submission"));
}

#[test]
fn a_page_talks_to_its_own_server_and_the_collector_alone_and_keeps_nothing() {
    let front = Host::before(&HERE.stack.collector(""));
    let browser = Browser::start();
    let email = address("traces");
    let html = page(&front.url(""), &staying_form());
    let url = HERE.site.page("/traces.html", Reply::html(&html));
    let _ = browser.devtools("Network.enable", &json!({}));
    browser.open(&format!("{url}?secret=7#secret"));
    browser.tick("STORE");
    browser.fill("email", &email);
    assert_eq!(kept(&browser), json!(["", [], [], [], []]));
    front.on("POST", "/v1/submissions", Conduct::Hold);
    browser.press("Send");
    let _ = front.wait_for("POST", "/v1/submissions");
    let outbox = kept(&browser);
    let keys: Vec<&str> = [1, 2]
        .iter()
        .flat_map(|at| outbox[at].as_array().expect("keys"))
        .filter_map(Value::as_str)
        .collect();
    assert!(
        keys.iter().all(|key| key.starts_with("say-so:")),
        "{outbox}"
    );
    assert_eq!(keys.len(), 1, "{outbox}");
    front.on("POST", "/v1/submissions", Conduct::Pass);
    let words = published(&HERE.stack, "newsletter", "en");
    // What was held is answered now.
    browser.see(&label(&words, "stored_recorded"));
    eventually("nothing to be kept", || {
        (kept(&browser) == json!(["", [], [], [], []])).then_some(())
    });

    let asked = browser.ask(
        "return [...new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin))].sort();",
        &[],
    );
    let mut known = [front.url(""), HERE.site.url("")];
    known.sort();
    assert_eq!(asked, json!(known));
    for each in front.all() {
        let known = [
            "/say-so.js",
            "/widget/",
            "/v1/sites/demo/forms/newsletter?",
            "/v1/submissions",
        ];
        assert!(
            known.iter().any(|path| each.path.starts_with(path)),
            "{}",
            each.path
        );
        assert!(!each.headers.contains_key("cookie"));
        let said = format!("{} {:?} {}", each.path, each.headers, each.text());
        assert!(!said.contains("secret"), "{said}");
    }
    assert!(
        front.all().len() <= 5,
        "loader, form, wasm, submission: {:?}",
        front.all()
    );
}

/// Cookies, and the names of all that a page can keep.
fn kept(browser: &Browser) -> Value {
    browser.ask(
        "return Promise.all([document.cookie, Object.keys(localStorage), Object.keys(sessionStorage),
           indexedDB.databases(), caches.keys()]);",
        &[],
    )
}

#[test]
fn a_wasm_with_one_byte_changed_does_not_run() {
    let front = Host::before(&HERE.stack.collector(""));
    let html = page(
        &front.url(""),
        &format!(
            "<script>
               window.ran = 0;
               for (const name of ['instantiate', 'instantiateStreaming']) {{
                 const before = WebAssembly[name];
                 WebAssembly[name] = async (...given) => {{
                   const made = await before.apply(WebAssembly, given);
                   ran++;
                   return made;
                 }};
               }}
             </script>{}",
            form(r#"action="/subscribe""#, "")
        ),
    );
    let wasm = wasm_path(&HERE.front);
    for (path, change, runs) in [("/whole.html", false, 1), ("/flipped.html", true, 0)] {
        let mut file = Reply::from(get(HERE.stack.collector(&wasm)).send().expect(200));
        if change {
            // Within the last section: the module would still be valid.
            let last = file.body.len() - 1;
            file.body[last] ^= 1;
        }
        front.on("GET", &wasm, Conduct::Say(file));
        let browser = Browser::start();
        browser.open(&HERE.site.page(path, Reply::html(&html)));
        browser.tick("STORE");
        if change {
            eventually("a word in the console", || {
                browser.console().contains("integrity").then_some(())
            });
        } else {
            eventually("the wasm to run", || {
                (browser.ask("return ran;", &[]) == 1).then_some(())
            });
        }
        assert_eq!(browser.ask("return ran;", &[]), json!(runs), "{path}");
        // What was chosen goes out all the same.
        let email = address("tampered");
        browser.fill("email", &email);
        browser.press("Send");
        browser.see("Thanks");
        agree(&HERE.received(&email), &HERE.stored_once_by(&front, &email));
    }
}

#[test]
fn a_loader_that_is_pinned_does_not_run_with_one_byte_changed() {
    let front = Host::before(&HERE.stack.collector(""));
    let whole = get(HERE.stack.collector("/say-so.js")).send().expect(200);
    let integrity = node(
        "import { createHash } from 'node:crypto';
         const bytes = Buffer.from(await (await fetch(process.env.URL)).arrayBuffer());
         console.log('sha384-' + createHash('sha384').update(bytes).digest('base64'));",
        &[("URL", &HERE.stack.collector("/say-so.js"))],
    )
    .printed();
    let pinned = format!("say-so.js\" integrity=\"{}\" crossorigin", integrity.trim());
    let html = page(&front.url(""), &form(r#"action="/subscribe""#, ""));
    let html = html.replace("say-so.js\"", &pinned);
    for (path, change) in [("/pinned.html", false), ("/forged.html", true)] {
        let mut file = Reply::from(get(HERE.stack.collector("/say-so.js")).send().expect(200));
        assert_eq!(file.body, whole.body);
        if change {
            // A blank more at its end means the same to a browser that does not look.
            file.body.push(b' ');
        }
        front.on("GET", "/say-so.js", Conduct::Say(file));
        let browser = Browser::start();
        browser.open(&HERE.site.page(path, Reply::html(&html)));
        if change {
            let _ = front.wait_for("GET", "/say-so.js");
            eventually("a word in the console", || {
                browser.console().contains("integrity").then_some(())
            });
            assert_eq!(
                browser.ask("return !customElements.get('say-so');", &[]),
                true
            );
        } else {
            assert_eq!(browser.boxes().len(), 3);
        }
    }
}

/// Where the loader finds the wasm.
fn wasm_path(front: &Host) -> String {
    let browser = Browser::start();
    let html = page(&front.url(""), &form("", ""));
    browser.open(&HERE.site.page("/look.html", Reply::html(&html)));
    // Nothing else is loaded from there.
    front.wait_for("GET", "/widget/").path
}
