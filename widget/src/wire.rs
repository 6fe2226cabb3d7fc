//! Writes the body of `POST /v1/submissions`.
//!
//! The shape is `SubmissionWire` of `sayso-shared`; taking it apart by name makes the compiler ask when a field comes or
//! goes. It is written by hand because a JSON library costs every visitor more than the forty lines here.

use sayso_shared::submission::{SubjectWire, SubmissionWire};

/// The submission as JSON.
#[must_use]
pub fn render(submission: &SubmissionWire) -> String {
    let SubmissionWire {
        id,
        site,
        form,
        lang,
        notice_hash,
        subject:
            SubjectWire {
                email,
                phone,
                external_id,
            },
        choices,
        source,
        page,
        conversation,
        shown_at,
        decided_at,
        gpc,
        widget,
    } = submission;

    let mut json = Object::new();
    json.text("id", id);
    json.text("site", site);
    json.text("form", form);
    json.text("lang", lang);
    json.text("notice_hash", notice_hash);
    json.key("subject");
    json.open();
    json.text("email", email);
    json.optional("phone", phone.as_deref());
    json.optional("external_id", external_id.as_deref());
    json.close();
    json.key("choices");
    json.open();
    for (purpose, yes) in choices {
        json.flag(purpose, *yes);
    }
    json.close();
    json.text("source", source);
    json.text("page", page);
    json.optional("conversation", conversation.as_deref());
    json.text("shown_at", shown_at);
    json.text("decided_at", decided_at);
    json.flag("gpc", *gpc);
    json.text("widget", widget);
    json.close();
    json.0
}

struct Object(String);

impl Object {
    fn new() -> Self {
        Self("{".to_owned())
    }

    fn open(&mut self) {
        self.0.push('{');
    }

    fn close(&mut self) {
        self.0.push('}');
    }

    fn key(&mut self, name: &str) {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.string(name);
        self.0.push(':');
    }

    fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        self.string(value);
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn flag(&mut self, name: &str, value: bool) {
        self.key(name);
        self.0.push_str(if value { "true" } else { "false" });
    }

    /// RFC 8259 section 7: the quote, the backslash and what is below the blank must be escaped.
    fn string(&mut self, text: &str) {
        self.0.push('"');
        for letter in text.chars() {
            match letter {
                '"' | '\\' => {
                    self.0.push('\\');
                    self.0.push(letter);
                }
                '\0'..'\x20' => {
                    self.0.push_str("\\u00");
                    let code = letter as u8;
                    for half in [code >> 4, code & 15] {
                        self.0
                            .push(char::from(b"0123456789abcdef"[usize::from(half)]));
                    }
                }
                _ => self.0.push(letter),
            }
        }
        self.0.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(submission: &SubmissionWire) {
        let read: SubmissionWire =
            serde_json::from_str(&render(submission)).expect("what is written can be read");
        assert_eq!(&read, submission);
    }

    #[test]
    fn a_submission_reads_back_as_it_was() {
        let text = str::to_owned;
        let mut submission = SubmissionWire {
            id: text("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
            site: text("demo"),
            form: text("newsletter"),
            lang: text("nl"),
            notice_hash: text("sha-256:00"),
            subject: SubjectWire {
                email: text("jan@example.com"),
                phone: None,
                external_id: None,
            },
            choices: [(text("STORE"), true), (text("EMARKETING"), false)].into(),
            source: text("web_form"),
            page: text("https://wielrijk.example/contact"),
            conversation: None,
            shown_at: text("2026-11-22T09:30:00.000Z"),
            decided_at: text("2026-11-22T09:31:00.000Z"),
            gpc: false,
            widget: text("0.1.0"),
        };
        check(&submission);
        submission.conversation = Some(text("a \"quoted\" \\ line\nand \u{1} a tab\t, ü and 🚲"));
        submission.subject.phone = Some(text("+31 570 000 000"));
        submission.subject.external_id = Some(text("C-12"));
        submission.choices.clear();
        check(&submission);
    }
}
