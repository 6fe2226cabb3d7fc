//! A mail as bytes (RFC 5322, MIME): text and HTML as alternatives, and nothing else in it.

use mail_builder::{
    MessageBuilder,
    headers::{content_type::ContentType, date::Date, raw::Raw},
    mime::{BodyPart, MimePart},
};

use super::Dispatch;

impl Dispatch {
    /// The whole message. The same mail gives the same bytes at every attempt.
    pub(super) fn render(&self) -> Vec<u8> {
        let letter = &self.letter;
        let parts = vec![
            MimePart::new("text/plain", letter.text.as_str()),
            MimePart::new("text/html", letter.html.as_str()),
        ];
        // The crate would make up a boundary from the clock, which a Worker has no use for: one from the id is as good, and stable.
        let alternatives = ContentType::new("multipart/alternative")
            .attribute("boundary", format!("=_{}", self.id));
        let mut builder = MessageBuilder::new()
            .from((one_line(&letter.from_name), letter.from.clone()))
            .to(letter.to.as_str())
            .subject(one_line(&letter.subject))
            .message_id(self.message_id())
            .date(Date::new(self.written_at.unix_seconds()))
            .body(MimePart::new(alternatives, BodyPart::Multipart(parts)));
        for (name, value) in &letter.headers {
            // Structured, and of our own making: as text a long one would be encoded, and no mail program would find the link in it.
            builder = builder.header(name.clone(), Raw::new(one_line(value)));
        }
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = builder.write_to(&mut bytes);
        bytes
    }
}

/// Without what would begin a new header. What the operator publishes was checked before; this is the last door.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sayso_shared::time::Timestamp;

    use super::*;
    use crate::letter::Letter;

    fn dispatch() -> Dispatch {
        Dispatch {
            id: "0197-mail".to_owned(),
            written_at: Timestamp::from_unix_millis(1_750_000_000_000),
            letter: Letter {
                from: "consent@example.com".to_owned(),
                from_name: "Café Crème".to_owned(),
                to: "jan@example.org".to_owned(),
                subject: "Bevestig: één klik nog".to_owned(),
                text: "Klik.\n.\nDag".to_owned(),
                html: "<p>Klik</p>".to_owned(),
                headers: BTreeMap::from([(
                    "Auto-Submitted".to_owned(),
                    "auto-generated".to_owned(),
                )]),
                links: Vec::new(),
            },
        }
    }

    fn rendered(dispatch: &Dispatch) -> String {
        String::from_utf8(dispatch.render()).unwrap_or_default()
    }

    #[test]
    fn a_mail_is_the_same_at_every_attempt() {
        let text = rendered(&dispatch());
        assert_eq!(text, rendered(&dispatch()));
        for part in [
            "Message-ID: <0197-mail@example.com>\r\n",
            "Date: Sun, 15 Jun 2025 15:06:40 +0000\r\n",
            "To: <jan@example.org>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative; boundary=\"=_0197-mail\"\r\n",
            "Content-Type: text/plain; charset=\"utf-8\"\r\n",
            "Content-Type: text/html; charset=\"utf-8\"\r\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(text.is_ascii(), "no server is asked for SMTPUTF8");
    }

    #[test]
    fn the_headers_of_one_click_are_not_encoded() {
        let mut dispatch = dispatch();
        let link = format!(
            "<https://consent.example.com/unsubscribe/demo~0~{}>",
            "x".repeat(43)
        );
        let post = "List-Unsubscribe=One-Click";
        let headers = [
            ("List-Unsubscribe", link.as_str()),
            ("List-Unsubscribe-Post", post),
        ];
        for (name, value) in headers {
            dispatch
                .letter
                .headers
                .insert(name.to_owned(), value.to_owned());
        }
        let text = rendered(&dispatch);
        let unfolded = text.replace("\r\n ", " ").replace(":  ", ": ");
        for (name, value) in headers {
            assert!(
                unfolded.contains(&format!("\r\n{name}: {value}\r\n")),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_can_begin_a_header() {
        let mut bad = dispatch();
        bad.letter.subject = "Hi\r\nBcc: all@example.com\r\n\r\nBody".to_owned();
        bad.letter.from_name = "X\nBcc: all@example.com".to_owned();
        bad.letter
            .headers
            .insert("X-Test".to_owned(), "a\r\nBcc: all@example.com".to_owned());
        let text = rendered(&bad);
        let (headers, _) = text.split_once("\r\n\r\n").unwrap_or_default();
        let begins = |name: &str| {
            let mut lines = headers.split("\r\n");
            lines.any(|line| line.to_ascii_lowercase().starts_with(name))
        };
        assert!(!begins("bcc"), "{headers}");
        assert!(begins("message-id"), "the headers are whole: {headers}");
    }
}
