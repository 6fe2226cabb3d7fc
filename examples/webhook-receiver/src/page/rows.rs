//! The part of the page that changes. Every value in it came from outside and is escaped.

use std::fmt::Write;

use crate::knowledge::{People, Standing};

pub(super) fn render(people: &People, events: usize) -> String {
    if people.is_empty() {
        return concat!(
            "<p class=\"empty\">Nothing yet. Tick a box on the example page and press the button in the mail;",
            " it appears here by itself.</p>"
        )
        .to_owned();
    }
    let mut html = String::new();
    for (email, purposes) in people {
        let _ = write!(
            html,
            "<section class=\"person\"><h2>{}</h2><ul>",
            escape(email)
        );
        for (purpose, standing) in purposes {
            row(&mut html, email, purpose, standing);
        }
        html.push_str("</ul></section>");
    }
    let plural = if events == 1 { "" } else { "s" };
    let _ = write!(
        html,
        "<p class=\"count\">{events} event{plural} received, each signature verified</p>"
    );
    html
}

/// Every event on file passed the check of its receipt, or it would not be on file: hence the fixed tick.
fn row(html: &mut String, email: &str, purpose: &str, standing: &Standing) {
    let (email, purpose, status) = (escape(email), escape(purpose), escape(&standing.status));
    let since = escape(&standing.since);
    let _ = write!(
        html,
        "<li data-email=\"{email}\" data-purpose=\"{purpose}\" data-status=\"{status}\">\
         <span class=\"purpose\">{purpose}</span> <span class=\"status\">{status}</span>\
         <dl><div><dt>since</dt><dd><time datetime=\"{since}\">{}</time></dd></div>\
         <div><dt>notice</dt><dd>version {}</dd></div><div><dt>source</dt><dd>{}</dd></div>\
         <div><dt>receipt</dt><dd class=\"verified\">verified ✓</dd></div></dl></li>",
        minute(&since),
        escape(&standing.notice_version),
        escape(&standing.source),
    );
}

/// `2026-11-22T16:31:09.123Z` as people read it: `2026-11-22 16:31 UTC`.
fn minute(since: &str) -> String {
    match (since.get(..10), since.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => since.to_owned(),
    }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
