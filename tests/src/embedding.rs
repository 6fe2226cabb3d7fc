//! Pages of somebody's own that embed a form of the demo site, and what comes of it on either side: at the collector and at the page's
//! own server.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::deadline::eventually;
use crate::host::{Arrived, Host, allow};
use crate::stack::Stack;

/// The tag as it is pasted into a form that has a field for the address.
pub const TAG: &str = r#"<say-so site="demo" form="newsletter" email-field="email"></say-so>"#;

/// Sayso, a server in front of it that hears every request, and a site that embeds it.
#[derive(Debug)]
pub struct Embedding {
    /// The whole of Sayso.
    pub stack: Stack,
    /// Where pages think that the collector is.
    pub front: Host,
    /// The page's own server.
    pub site: Host,
}

impl Embedding {
    /// Starts all three.
    #[must_use]
    pub fn start() -> Self {
        let stack = Stack::start();
        let front = Host::before(&stack.collector(""));
        let site = Host::start();
        allow(&stack, &[&site]);
        let thanks =
            crate::host::Reply::html("<!doctype html><title>Thanks</title><h1>Thanks</h1>");
        site.on("POST", "/subscribe", crate::host::Conduct::Say(thanks));
        Self { stack, front, site }
    }

    /// What the front heard of a person's submissions, repeats included.
    #[must_use]
    pub fn posted(&self, email: &str) -> Vec<Arrived> {
        posted(&self.front, email)
    }

    /// Waits until the collector has it, and sees that it has it once: one id, one event of each purpose. Returns the submission.
    #[must_use]
    pub fn stored_once(&self, email: &str) -> Value {
        self.stored_once_by(&self.front, email)
    }

    /// The same through a front of the test's own.
    #[must_use]
    pub fn stored_once_by(&self, front: &Host, email: &str) -> Value {
        let about = |event: &Value| event["data"]["subject"]["email"] == email;
        let events = eventually(&format!("the collector to have what {email} chose"), || {
            let events: Vec<Value> = self.stack.events().0.into_iter().filter(about).collect();
            (!events.is_empty()).then_some(events)
        });
        let purposes: Vec<&str> = events
            .iter()
            .filter_map(|event| event["data"]["purpose"].as_str())
            .collect();
        let distinct: BTreeSet<&str> = purposes.iter().copied().collect();
        assert_eq!(purposes.len(), distinct.len(), "twice: {purposes:?}");
        let posted = posted(front, email);
        let ids: BTreeSet<String> = posted
            .iter()
            .map(|each| each.json()["id"].to_string())
            .collect();
        assert_eq!(ids.len(), 1, "one id, however often it was sent: {ids:?}");
        posted[0].json()
    }

    /// The fields of the host form that arrived with this address in it, as soon as it has.
    #[must_use]
    pub fn received(&self, email: &str) -> BTreeMap<String, String> {
        received(&self.site, email)
    }
}

/// What a front heard of a person's submissions.
#[must_use]
pub fn posted(front: &Host, email: &str) -> Vec<Arrived> {
    let posts = front.arrived("POST", "/v1/submissions").into_iter();
    posts
        .filter(|each| each.json()["subject"]["email"] == email)
        .collect()
}

/// The fields of the form that arrived at a host with this address in it, as soon as it has.
#[must_use]
pub fn received(host: &Host, email: &str) -> BTreeMap<String, String> {
    eventually(&format!("the host form of {email}"), || {
        let arrived = host.arrived("POST", "/subscribe").into_iter();
        let mut forms = arrived.map(|each| fields(&each.text()));
        forms.find(|fields| fields.values().any(|value| value == email))
    })
}

/// The fields that this form must have had, if its host form went along with that submission.
pub fn agree(received: &BTreeMap<String, String>, submission: &Value) {
    let field = |name: &str| received.get(name).map(String::as_str);
    assert_eq!(field("sayso-submission"), submission["id"].as_str());
    for (purpose, yes) in submission["choices"].as_object().expect("choices") {
        let expected = if *yes == true { "yes" } else { "no" };
        assert_eq!(
            field(&format!("sayso-{purpose}")),
            Some(expected),
            "{received:?}"
        );
    }
}

/// A page in English with the loader of the collector at this origin.
#[must_use]
pub fn page(collector: &str, body: &str) -> String {
    format!(
        "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>A page</title>
<link rel=\"icon\" href=\"data:,\">
<script type=\"module\" src=\"{collector}/say-so.js\"></script>
<h1>A page</h1>
{body}"
    )
}

/// A form with the tag in it. `more` stands after its button.
#[must_use]
pub fn form(attributes: &str, more: &str) -> String {
    format!(
        "<form id=\"host\" method=\"post\" {attributes}>
  <label>E-mail <input type=\"email\" name=\"email\" required></label>
  {TAG}
  <button id=\"send\">Send</button>
  {more}
</form>"
    )
}

/// The same form, sent by a script: the page stays. `window.heard` lists the element's events with their details.
#[must_use]
pub fn staying_form() -> String {
    form(
        "",
        "<script>
           window.heard = [];
           for (const what of ['ready', 'queued', 'stored', 'error'])
             addEventListener('say-so:' + what, ({ detail }) => heard.push([what, detail]));
           const form = document.getElementById('host');
           form.addEventListener('submit', (event) => {
             event.preventDefault();
             fetch('/subscribe', { method: 'POST', body: new URLSearchParams(new FormData(form)) }).catch(() => {});
           });
         </script>",
    )
}

/// Takes `application/x-www-form-urlencoded` apart.
fn fields(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, byte) {
            (b'+', _) => bytes.push(b' '),
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
